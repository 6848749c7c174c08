"""The command ``compare``: two scans by their cells or as lands, two photographs by keypoints."""

from __future__ import annotations

import json
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
    Exhaustive,
    Force,
    Language,
    LengthUnit,
    Mark,
    QuestionedMask,
    ReferenceMask,
    SetName,
    Units,
    choose_set,
)
from ballistics.command.photo_options import (
    HowToCompare,
    LampA,
    LampB,
    LightOption,
    Method,
    PixelUm,
    PixelUmA,
    PixelUmB,
    choose_picture_set,
    names_picture_set,
    refuse_for_scans,
    tell,
)
from ballistics.command.striated_commands import compare_lands
from ballistics.command.striated_options import Report, Template

if TYPE_CHECKING:
    from ballistics.assessment import Assessment
    from ballistics.command.report import Compared
    from ballistics.compare import Comparison
    from ballistics.contract import ComparisonRecord
    from ballistics.photographs.pair import PictureComparison
    from imaging.photo import Photo
    from imaging.surface import Surface

KNOWN, IN_QUESTION = "Scan or photograph of the known mark.", "Scan or photograph of the mark in question."


def compare(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help=KNOWN)],
    questioned: Annotated[Path, typer.Argument(metavar="QUESTIONED", help=IN_QUESTION)],
    report: Report = None,
    template: Template = None,
    as_json: AsJson = False,
    method: HowToCompare = None,
    params: SetName = None,
    mark: Mark = None,
    exhaustive: Exhaustive = False,
    mask_a: ReferenceMask = None,
    mask_b: QuestionedMask = None,
    pixel_um: PixelUm = None,
    pixel_um_a: PixelUmA = None,
    pixel_um_b: PixelUmB = None,
    light: LightOption = None,
    lamp_a: LampA = None,
    lamp_b: LampB = None,
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
    """Compare the marks on two scans or two photographs."""
    from ballistics.command.report import check_report
    from ballistics.command.source_file import is_photograph, read_source
    from ballistics.command.terminal import say, working
    from ballistics.compare import compare as compare_scans
    from ballistics.segment import read_mask
    from ballistics.striated.landset import shows_land
    from imaging.surface import Surface

    refuse_populations(reference, questioned)
    question = ask(population, scanner=scanner, firearms=firearm, scale=scale, case=case)
    told = tell(pixel_um, (pixel_um_a, pixel_um_b), light, (lamp_a, lamp_b))
    photographs = (is_photograph(reference), is_photograph(questioned))
    refuse_for_scans(told, photographs)
    by_keypoints = any(photographs) or method is Method.KEYPOINTS or (method is None and names_picture_set(params))
    if by_keypoints and exhaustive:
        raise typer.BadParameter("keypoints are not searched cell by cell", param_hint="--exhaustive")
    if all(photographs) and method is Method.CELLS:
        raise typer.BadParameter("photographs have no heights to cut into cells", param_hint="--method")
    pictures = choose_picture_set(params, mark) if by_keypoints else None
    cells = None if by_keypoints else choose_set(params, mark, exhaustive)
    check_report(report, template, force=force, inputs=(reference, questioned, mask_a, mask_b, case))
    result: Compared | None = None
    with working(f"Reading {reference.name}") as now:
        first, second = (
            read_source(path, each, units) for path, each in zip((reference, questioned), told, strict=True)
        )
        now("Comparing")
        if pictures:
            from ballistics.command.picture_pair import compare_sources

            _refuse_mixed((reference, questioned), photographs, method)
            result = compare_sources(first, second, pictures, masks=(mask_a, mask_b), accept=accept or ())
        else:
            assert isinstance(first, Surface)
            assert isinstance(second, Surface)
            assert cells is not None
            free = method is None and params is None and mark is None and not exhaustive
            if not (free and shows_land(first) and shows_land(second)):
                result = compare_scans(
                    first,
                    second,
                    cells,
                    mask_reference=read_mask(mask_a, first) if mask_a else None,
                    mask_questioned=read_mask(mask_b, second) if mask_b else None,
                    accept=accept or (),
                )
    if result is None:
        say("Both scans show lands; they are compared as by compare-lands. --method cells says otherwise.")
        compare_lands(
            reference,
            questioned,
            report=report,
            template=template,
            as_json=as_json,
            mask_a=mask_a,
            mask_b=mask_b,
            units=units,
            accept=accept,
            population=population,
            scanner=scanner,
            firearm=firearm,
            scale=scale,
            case=case,
            language=language,
            force=force,
        )
        return
    _tell(
        result,
        answer(question, result),
        report,
        template=template,
        masks=(mask_a, mask_b),
        case=case,
        as_json=as_json,
        language=language,
        force=force,
    )


def _refuse_mixed(files: tuple[Path, Path], photographs: tuple[bool, bool], method: Method | None) -> None:
    """Refuse a scan and a photograph, unless keypoints were asked for.

    Raises
    ------
    OptionError
        If they were not.
    """
    from ballistics.errors import OptionError

    if method is Method.KEYPOINTS or all(photographs) or not any(photographs):
        return
    photograph, scan = files if photographs[0] else files[::-1]
    raise OptionError(
        f"{photograph} is a photograph and {scan} a scan; give two of one kind. With --method keypoints the scan "
        "is lit and compared as a photograph, which is experimental."
    )


def _tell(
    result: Compared,
    evidence: Assessment | None,
    report: Path | None,
    *,
    template: Path | None,
    masks: tuple[Path | None, Path | None],
    case: Path | None,
    as_json: bool,
    language: str,
    force: bool,
) -> None:
    """Write the page if one was asked for, put the result out, and end with its code."""
    from ballistics.command.report import write_result
    from ballistics.command.terminal import put_json, say, working
    from ballistics.language import in_language

    try:
        if report:
            with working("Drawing the report"), in_language(language):
                write_result(
                    result,
                    report,
                    made=datetime.now(UTC),
                    overwrite=force,
                    evidence=evidence,
                    template=template,
                    masks=masks,
                    case=case,
                )
            say(f"Report: {report}")
    finally:
        if as_json:
            put_json(json.dumps(_record(result, evidence).model_dump(), indent=1, allow_nan=False))
        refused = _put(result, evidence, quiet=as_json)
    if refused is None:
        return
    reason, sources = refused
    say(f"Not comparable: {reason}", error=True)
    if any(each.provenance.doubts for each in sources):
        say("A doubt that you have checked is accepted with --accept CODE.")
    raise typer.Exit(ExitCode.OUR_ERROR)


def _put(
    result: Compared, evidence: Assessment | None, *, quiet: bool
) -> tuple[str, tuple[Photo | Surface, ...]] | None:
    """Put the figures on stdout, or return why there are none, and of which sources.

    The photograph half is imported only where it is needed, since a second is long for a command.
    """
    from ballistics.compare import Comparison, NotComparable

    if isinstance(result, NotComparable):
        return result.reason, result.scans
    if isinstance(result, Comparison):
        if not quiet:
            put_comparison(result, evidence)
        return None
    from ballistics.photographs.pair import PictureComparison

    if not isinstance(result, PictureComparison):
        return result.reason, result.sources
    if not quiet:
        put_pictures(result, evidence)
    return None


def _record(result: Compared, evidence: Assessment | None) -> ComparisonRecord:
    from ballistics.compare import Comparison, NotComparable
    from ballistics.contract import record

    if isinstance(result, Comparison | NotComparable):
        made = record(result)
    else:
        from ballistics.photographs.contract import picture_record

        made = picture_record(result)
    return recorded(made, evidence)


def put_comparison(result: Comparison, evidence: Assessment | None = None) -> None:
    """Put the counts of cells and the other figures on stdout."""
    from ballistics.command.terminal import put, put_table
    from ballistics.summary import measures, rule_counts, scan_name
    from ballistics.wording import CLOSING

    put(f"{result.parameters.mark.capitalize()}: {result.score} of {result.cells} cells congruent")
    put(f"Reference:  {scan_name(result.reference.scan)}")
    put(f"Questioned: {scan_name(result.questioned.scan)}")
    put("")
    put_table(
        ("Rule", "Count", "Forward", "Backward"),
        [
            (f"{each.name} (score)" if each.scored else each.name, each.count, each.forward, each.backward)
            for each in rule_counts(result)
        ],
        right=(1, 2, 3),
    )
    put("")
    put_table((), list(measures(result).items()))
    put("")
    put_assessment(evidence)
    for warning in result.warnings:
        put(f"Warning: {warning}")
    put(closing_of(evidence, CLOSING))


def put_pictures(result: PictureComparison, evidence: Assessment | None = None) -> None:
    """Put the correlation of two pictures and the other figures on stdout."""
    from ballistics.command.terminal import put, put_table
    from ballistics.photographs.summary import headline, mark_text, picture_measures, size_text, source_path
    from ballistics.photographs.wording import CLOSING

    put(headline(result))
    for role, exhibit in (("Reference: ", result.reference), ("Questioned:", result.questioned)):
        put(f"{role} {source_path(exhibit.source)}")
        put(f"            {size_text(exhibit.source)}; {mark_text(exhibit)}")
    put("")
    put_table((), list(picture_measures(result).items()))
    put("")
    put_assessment(evidence)
    for warning in result.warnings:
        put(f"Warning: {warning}")
    put(closing_of(evidence, CLOSING))
