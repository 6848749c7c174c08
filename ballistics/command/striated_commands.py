"""The commands for striated marks: a signature, two lands, two bullets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ballistics.command.evidence_options import (
    CaseFile,
    Firearms,
    PopulationName,
    Scale,
    Scanner,
    answer,
    ask,
    closing_of,
    put_assessment,
    recorded,
    refuse_populations,
)
from ballistics.command.exits import ExitCode
from ballistics.command.options import (
    Accept,
    AsJson,
    Force,
    Language,
    LengthUnit,
    QuestionedMask,
    ReferenceMask,
    Scan,
    SetName,
    Units,
)
from ballistics.command.striated_options import (
    Lands,
    Mask,
    Mirror,
    Page,
    Report,
    Row,
    RowA,
    RowB,
    Shoulders,
    ShouldersA,
    ShouldersB,
    StriatedKind,
    StriatedMark,
    Template,
    choose_striated_set,
    set_by_hand,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballistics.assessment import Assessment
    from ballistics.striated.bullet_pair import BulletPair
    from ballistics.striated.bullets import BulletComparison
    from ballistics.striated.land_pair import LandComparison


def signature(
    file: Scan,
    out: Annotated[Path | None, typer.Option(metavar="SIGNATURE.csv", help="Write the heights.")] = None,
    report: Page = None,
    as_json: AsJson = False,
    params: SetName = None,
    mark: StriatedMark = None,
    row: Row = None,
    shoulders: Shoulders = None,
    mask: Mask = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    language: Language = "en",
    force: Force = False,
) -> None:
    """Cut a striated mark across and make its signature."""
    from ballistics.command.terminal import put_json, put_table, say, working
    from ballistics.language import in_language
    from ballistics.output import write_output
    from ballistics.page.rendering import write_page
    from ballistics.striated.contract import signature_record
    from ballistics.striated.reading import signature_of
    from ballistics.striated.report import render_signature_report
    from ballistics.striated.signature import NoSignature
    from ballistics.striated.summary import signature_csv, signature_rows
    from imaging.files import open_surface

    parameters = choose_striated_set(params, mark)
    if out and report and out.resolve() == report.resolve():
        raise typer.BadParameter("the page needs another name than the signature", param_hint="--report")
    _check_outputs([out, report], force=force, inputs=[file, mask])
    if report and report.suffix.lower() != ".html":
        raise typer.BadParameter(f"{report.name} is no page: end it in .html", param_hint="--report")
    with working(f"Reading {file.name}") as now:
        scan = open_surface(file, units=units.value)
        by_hand = set_by_hand(scan, row=row, shoulders=shoulders, mask=mask)
        made = signature_of(scan, parameters, by_hand=by_hand, accept=accept or ())
        if report:
            now("Drawing the report")
            with in_language(language):
                page = render_signature_report(made, parameters, made=datetime.now(UTC))
            write_page(page, report, overwrite=force)
        if out and not isinstance(made, NoSignature):
            write_output(out, signature_csv(made).encode(), overwrite=force)
    if as_json:
        put_json(signature_record(made, parameters).model_dump_json(indent=1))
    elif not isinstance(made, NoSignature):
        put_table((), [("File", str(file)), ("Mark", parameters.mark), *signature_rows(made)])
    _tell_outputs(report)
    if isinstance(made, NoSignature):
        _end_without(f"No signature: {made.reason}", doubts=bool(made.scan.provenance.doubts))
        return
    for note in made.notes:
        say(f"Note: {note}")
    if out:
        say(f"Signature: {out}")


def compare_lands(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="Scan of the known mark.")],
    questioned: Annotated[Path, typer.Argument(metavar="QUESTIONED", help="Scan of the mark in question.")],
    report: Report = None,
    template: Template = None,
    as_json: AsJson = False,
    params: SetName = None,
    mark: StriatedMark = None,
    mirror: Mirror = False,
    row_a: RowA = None,
    row_b: RowB = None,
    shoulders_a: ShouldersA = None,
    shoulders_b: ShouldersB = None,
    mask_a: ReferenceMask = None,
    mask_b: QuestionedMask = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    population: PopulationName = None,
    scanner: Scanner = None,
    firearm: Firearms = None,
    scale: Scale = None,
    case: CaseFile = None,
    language: Language = "en",
    force: Force = False,
) -> None:
    """Compare two lands of bullets, or two other striated marks."""
    from ballistics.command.report import check_report, write_result
    from ballistics.command.terminal import put_json, working
    from ballistics.language import in_language
    from ballistics.striated.contract import land_pair_record
    from ballistics.striated.land_pair import NoLandComparison
    from ballistics.striated.land_pair import compare_lands as compare_signatures
    from ballistics.striated.reading import signature_of
    from imaging.files import open_surface

    refuse_populations(reference, questioned)
    question = ask(population, scanner=scanner, firearms=firearm, scale=scale, case=case)
    parameters = choose_striated_set(params, mark)
    check_report(report, template, force=force, inputs=[reference, questioned, mask_a, mask_b, case])
    with working(f"Reading {reference.name}") as now:
        scans = [open_surface(path, units=units.value) for path in (reference, questioned)]
        by_hand = (
            set_by_hand(scans[0], row=row_a, shoulders=shoulders_a, mask=mask_a, side="-a"),
            set_by_hand(scans[1], row=row_b, shoulders=shoulders_b, mask=mask_b, side="-b"),
        )
        first, second = (
            signature_of(scan, parameters, by_hand=each, accept=accept or ())
            for scan, each in zip(scans, by_hand, strict=True)
        )
        now("Comparing")
        result = compare_signatures(first, second, parameters, mirror=mirror)
        evidence = answer(question, result)
        if report:
            now("Drawing the report")
            with in_language(language):
                write_result(
                    result,
                    report,
                    made=datetime.now(UTC),
                    overwrite=force,
                    evidence=evidence,
                    signatures=(first, second),
                    template=template,
                    masks=(mask_a, mask_b),
                    case=case,
                )
    if as_json:
        put_json(recorded(land_pair_record(result, (first, second)), evidence).model_dump_json(indent=1))
    elif not isinstance(result, NoLandComparison):
        _put_lands(result, evidence)
    _tell_outputs(report)
    if isinstance(result, NoLandComparison):
        doubts = any(each.scan.provenance.doubts for each in (first, second))
        _end_without(f"Not comparable: {result.reason}", doubts=doubts)


def compare_bullets(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="Folder or TOML list of the lands.")],
    questioned: Annotated[Path, typer.Argument(metavar="QUESTIONED", help="The bullet in question, likewise.")],
    report: Report = None,
    template: Template = None,
    as_json: AsJson = False,
    params: SetName = None,
    lands: Lands = None,
    mirror: Mirror = False,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    population: PopulationName = None,
    scanner: Scanner = None,
    firearm: Firearms = None,
    scale: Scale = None,
    case: CaseFile = None,
    language: Language = "en",
    force: Force = False,
) -> None:
    """Compare two bullets, each given by the scans of its lands."""
    from ballistics.command.report import check_report, write_result
    from ballistics.command.terminal import put_json, working
    from ballistics.language import in_language
    from ballistics.striated.bullet_pair import compare_land_sets
    from ballistics.striated.bullets import BulletComparison
    from ballistics.striated.contract import bullet_record
    from ballistics.striated.landset import NoLandSet, files_of, open_bullet

    refuse_populations(reference, questioned)
    question = ask(population, scanner=scanner, firearms=firearm, scale=scale, case=case)
    parameters = choose_striated_set(params, None, only=StriatedKind.BULLET_LAND)
    check_report(report, template, force=force, inputs=[*files_of(reference), *files_of(questioned), case])
    with working(f"Reading {reference.name}") as now:
        first, second = (
            open_bullet(path, parameters, units=units.value, accept=accept or (), lands=lands)
            for path in (reference, questioned)
        )
        now("Comparing")
        pair = compare_land_sets(first, second, parameters, mirror=mirror)
        evidence = answer(question, pair.result)
        if report:
            now("Drawing the report")
            with in_language(language):
                write_result(
                    pair,
                    report,
                    made=datetime.now(UTC),
                    overwrite=force,
                    evidence=evidence,
                    template=template,
                    case=case,
                )
    if as_json:
        put_json(recorded(bullet_record(pair), evidence).model_dump_json(indent=1))
    elif isinstance(pair.result, BulletComparison):
        _put_bullets(pair, pair.result, evidence)
    _tell_outputs(report)
    if not isinstance(pair.result, BulletComparison):
        doubts = any(isinstance(each, NoLandSet) for each in (first, second))
        _end_without(f"Not comparable: {pair.result.reason}", doubts=doubts)


def add_commands(app: typer.Typer) -> None:
    """Add the commands for striated marks to the command line."""
    app.command()(signature)
    app.command("compare-lands")(compare_lands)
    app.command("compare-bullets")(compare_bullets)


def _put_lands(result: LandComparison, evidence: Assessment | None) -> None:
    from ballistics.command.terminal import put, put_table
    from ballistics.striated.summary import land_measures
    from ballistics.striated.wording import CLOSING
    from ballistics.summary import scan_name

    put(f"{result.parameters.mark.capitalize()}: correlation {result.ccf:.2f}")
    put(f"Reference:  {scan_name(result.reference.scan)}")
    put(f"Questioned: {scan_name(result.questioned.scan)}")
    put("")
    put_table((), list(land_measures(result).items()))
    put("")
    _put_end(result.warnings, evidence, CLOSING)


def _put_bullets(pair: BulletPair, result: BulletComparison, evidence: Assessment | None) -> None:
    from ballistics.command.terminal import put, put_table
    from ballistics.striated.landset import LandSet
    from ballistics.striated.summary import bullet_measures, matrix_rows, pair_rows
    from ballistics.striated.wording import CLOSING

    rows = pair_rows(result)
    put(f"Bullets: sequence average {result.sequence_average:.2f} of {len(rows[1])} land pairs")
    for role, side in (("Reference: ", pair.reference), ("Questioned:", pair.questioned)):
        assert isinstance(side, LandSet)
        put(f"{role} {side.name}, {len(side.lands)} scans in {side.source}")
    put("")
    put_table((), list(bullet_measures(pair, result).items()))
    put("")
    head, matrix = matrix_rows(result)
    put_table(head, matrix, right=range(1, len(head)))
    put("In brackets: the land pairs of the best phase.")
    put("")
    put_table(*rows, right=range(len(rows[0])))
    put("")
    _put_end(result.warnings, evidence, CLOSING)


def _put_end(warnings: Sequence[str], evidence: Assessment | None, closing: str) -> None:
    from ballistics.command.terminal import put

    put_assessment(evidence)
    for warning in warnings:
        put(f"Warning: {warning}")
    put(closing_of(evidence, closing))


def _check_outputs(outputs: Sequence[Path | None], *, force: bool, inputs: Sequence[Path | None]) -> None:
    from ballistics.output import check_output

    for path in outputs:
        if path:
            check_output(path, overwrite=force, inputs=tuple(each for each in inputs if each))


def _tell_outputs(report: Path | None) -> None:
    from ballistics.command.terminal import say

    if report:
        say(f"Report: {report}")


def _end_without(message: str, *, doubts: bool) -> None:
    from ballistics.command.terminal import say

    say(message, error=True)
    if doubts:
        say("A doubt that you have checked is accepted with --accept CODE.")
    raise typer.Exit(ExitCode.OUR_ERROR)
