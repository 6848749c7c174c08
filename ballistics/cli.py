"""The command ``ballistics``: a thin shell over the library; exit codes stand in `ballistics.command.exits`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ballistics.command.batch_choice import AnyMark, choose_batch
from ballistics.command.exits import ExitCode, GuardedGroup
from ballistics.command.options import (
    Accept,
    AsJson,
    Axis,
    Exhaustive,
    Force,
    LengthUnit,
    Mark,
    MarkKind,
    Picture,
    QuestionedMask,
    ReferenceMask,
    Scan,
    SetName,
    Units,
    choose_set,
    find_set,
)
from ballistics.command.striated_commands import add_commands

if TYPE_CHECKING:
    from ballistics.compare import Comparison

app = typer.Typer(
    cls=GuardedGroup,
    help="Compare firearm marks from 3D scans: a picture to look at and numbers to work with.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_commands(app)
params_app = typer.Typer(help="The named parameter sets.", no_args_is_help=True)
app.add_typer(params_app, name="params")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("forensic-ballistics"))
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    release: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options that stand before every command."""


@app.command()
def compare(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="Scan of the known mark.")],
    questioned: Annotated[Path, typer.Argument(metavar="QUESTIONED", help="Scan of the mark in question.")],
    report: Annotated[Path | None, typer.Option(metavar="PAGE.html", help="Write a page with pictures.")] = None,
    as_json: AsJson = False,
    params: SetName = None,
    mark: Mark = None,
    exhaustive: Exhaustive = False,
    mask_a: ReferenceMask = None,
    mask_b: QuestionedMask = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    force: Force = False,
) -> None:
    """Compare the marks on two scans."""
    from ballistics.command.terminal import put_json, say, working
    from ballistics.compare import Comparison, NotComparable
    from ballistics.compare import compare as compare_scans
    from ballistics.contract import record
    from ballistics.output import check_output
    from ballistics.report import write_report
    from ballistics.segment import read_mask
    from imaging.files import open_surface

    parameters = choose_set(params, mark, exhaustive)
    inputs = tuple(path for path in (reference, questioned, mask_a, mask_b) if path)
    if report:
        check_output(report, overwrite=force, inputs=inputs)
    with working(f"Reading {reference.name}") as now:
        first, second = (open_surface(path, units=units.value) for path in (reference, questioned))
        now("Comparing")
        result = compare_scans(
            first,
            second,
            parameters,
            mask_reference=read_mask(mask_a, first) if mask_a else None,
            mask_questioned=read_mask(mask_b, second) if mask_b else None,
            accept=accept or (),
        )
    try:
        if report:
            with working("Drawing the report"):
                write_report(result, report, made=datetime.now(UTC), overwrite=force)
            say(f"Report: {report}")
    finally:
        if as_json:
            put_json(json.dumps(record(result).model_dump(), indent=1, allow_nan=False))
        elif isinstance(result, Comparison):
            _put_comparison(result)
    if isinstance(result, NotComparable):
        say(f"Not comparable: {result.reason}", error=True)
        if any(scan.provenance.doubts for scan in result.scans):
            say("A doubt that you have checked is accepted with --accept CODE.")
        raise typer.Exit(ExitCode.OUR_ERROR)


@app.command()
def show(
    file: Scan,
    out: Picture = None,
    as_json: AsJson = False,
    units: Units = LengthUnit.AUTO,
    force: Force = False,
) -> None:
    """Show what a scan holds and what the reader noticed; exit code 3 if the file is in doubt."""
    from ballistics.command.scan_facts import scan_facts
    from ballistics.command.terminal import put_json, put_table, say, working
    from ballistics.output import check_output, write_output
    from ballistics.page.figures import scan_picture
    from ballistics.summary import grid_text
    from imaging.files import open_surface
    from imaging.render import encode_png

    if out:
        check_output(out, overwrite=force, inputs=(file,))
    with working(f"Reading {file.name}"):
        scan = open_surface(file, units=units.value)
        facts = scan_facts(scan)
        if out:
            write_output(out, encode_png(scan_picture(scan)), overwrite=force)
    if as_json:
        put_json(facts.model_dump_json(indent=1))
    else:
        rows = [
            ("File", facts.path),
            ("SHA-256", facts.sha256),
            ("Format", f"{facts.format}, read by {facts.reader}"),
            ("Grid", grid_text(scan)),
            ("Measured", f"{facts.coverage:.1%} of the points"),
            ("Heights", f"over {facts.height_range_um:.4g} µm"),
            *((f"Finding ({each.severity})", f"{each.code}: {each.message}") for each in facts.findings),
            *facts.metadata.items(),
            *(("Step", step) for step in facts.steps),
            *(("Attachment", name) for name in facts.attachments),
        ]
        put_table((), rows)
    if out:
        say(f"Picture: {out}")
    if scan.provenance.doubts:
        say("The file is in doubt: " + ", ".join(finding.code for finding in scan.provenance.doubts))
        raise typer.Exit(ExitCode.PROBLEMS)


@app.command()
def convert(
    file: Scan,
    out: Annotated[Path, typer.Argument(metavar="OUT.x3p", help="The new file.")],
    flip: Annotated[Axis | None, typer.Option(help="Mirror: x swaps left and right, y top and bottom.")] = None,
    rotate: Annotated[float, typer.Option(metavar="DEGREES", help="Turn clockwise, after a flip.")] = 0.0,
    units: Units = LengthUnit.AUTO,
    force: Force = False,
) -> None:
    """Write a scan as an X3P file that follows the standard."""
    from ballistics.command.terminal import say, working
    from ballistics.errors import OutputError
    from ballistics.output import check_output
    from imaging.errors import FileError
    from imaging.files import open_surface, write_x3p
    from imaging.resample import flip as flip_surface
    from imaging.resample import rotate as rotate_surface

    if out.suffix.lower() != ".x3p":
        raise typer.BadParameter("the new file is written as X3P; let its name end in .x3p", param_hint="OUT.x3p")
    check_output(out, overwrite=force, inputs=(file,))
    with working(f"Converting {file.name}"):
        scan = open_surface(file, units=units.value)
        if flip:
            scan = flip_surface(scan, flip.value)
        if rotate % 360:
            scan = rotate_surface(scan, rotate, expand=True)
        try:
            write_x3p(scan, out, overwrite=force)
        except FileError as error:
            raise OutputError(str(error)) from error
    for doubt in scan.provenance.doubts:
        say(f"Doubt kept in the new file: {doubt.code}: {doubt.message}")
    say(f"Written: {out}")


@app.command()
def segment(
    file: Scan,
    out: Annotated[Path, typer.Option(metavar="MASK.png", help="The mask, to correct and give back.")],
    mark: Annotated[MarkKind, typer.Option(help="Which mark to find.")] = MarkKind.BREECH_FACE,
    picture: Picture = None,
    as_json: AsJson = False,
    units: Units = LengthUnit.AUTO,
    force: Force = False,
) -> None:
    """Find the mark in a raw scan and write its mask."""
    from ballistics.command.terminal import put_json, put_table, say, working
    from ballistics.output import check_output, write_output
    from ballistics.page.figures import scan_picture
    from ballistics.segment import mask_png
    from ballistics.segment import segment as find_mark
    from imaging.files import open_surface
    from imaging.render import encode_png

    if picture and picture.resolve() == out.resolve():
        raise typer.BadParameter("the picture needs another name than the mask", param_hint="--picture")
    for path in (out, picture):
        if path:
            check_output(path, overwrite=force, inputs=(file,))
    with working(f"Looking for the {mark.value}"):
        found = find_mark(open_surface(file, units=units.value), mark.value)
        write_output(out, mask_png(found), overwrite=force)
        if picture:
            write_output(picture, encode_png(scan_picture(found.scan, found)), overwrite=force)
    circles = {
        name: {"x_um": circle.x * 1e6, "y_um": circle.y * 1e6, "radius_um": circle.radius * 1e6}
        for name, circle in found.circles.items()
    }
    if as_json:
        facts = {"mark": mark.value, "how": found.how, "area_mm2": found.area_mm2, "circles": circles}
        put_json(json.dumps({**facts, "notes": found.notes}, indent=1))
    else:
        rows = [("Mark", mark.value), ("How", found.how), ("Area", f"{found.area_mm2:.2f} mm²")]
        rows += [
            (name.capitalize(), "radius {radius_um:.0f} µm about x {x_um:.0f}, y {y_um:.0f} µm".format(**circle))
            for name, circle in circles.items()
        ]
        put_table((), rows)
    for note in found.notes:
        say(f"Note: {note}")
    say(f"Mask: {out}")


@app.command("compare-all")
def compare_all(
    source: Annotated[Path, typer.Argument(metavar="FOLDER|LIST", help="Scans or bullets, or a list of them.")],
    out: Annotated[
        Path, typer.Option(metavar="SCORES.csv", help="A row a pair; an unfinished file is gone on with.")
    ],
    jobs: Annotated[int | None, typer.Option(min=1, help="Pairs at a time; as many as processors.")] = None,
    params: SetName = None,
    mark: AnyMark = None,
    exhaustive: Exhaustive = False,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    force: Annotated[bool, typer.Option("--force", help="Start anew even if the file exists.")] = False,
) -> None:
    """Compare every pair of a folder or a list; stop and start again as you like."""
    from ballistics.batch import compare_all as compare_pairs
    from ballistics.command.terminal import counting, say
    from ballistics.output import check_output
    from ballistics.pair_list import list_pairs

    parameters, bullets = choose_batch(source, params, mark, exhaustive=exhaustive, units=units.value)
    check_output(out, overwrite=True, inputs=(source,))
    pairs = list_pairs(source, bullets=bullets)
    try:
        with counting("Pairs") as show_progress:
            done = compare_pairs(
                pairs,
                out,
                parameters,
                bullets=bullets,
                jobs=jobs,
                accept=accept or (),
                units=units.value,
                overwrite=force,
                progress=show_progress,
            )
    except KeyboardInterrupt:
        say(f"Stopped. The pairs that were finished stand in {out}; the same command goes on from there.")
        raise typer.Exit(ExitCode.STOPPED) from None
    say(
        f"{done.pairs} pairs: {done.computed} compared now, {done.kept} were in the file; "
        f"{done.not_comparable} of those compared now are not comparable. Scores: {out}"
    )


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the scans and pages.")] = Path("demo"),
    force: Force = False,
) -> None:
    """Make cartridge cases of two invented guns and bullets of two barrels, compare them and write the pages."""
    from ballistics.command.demonstration import make_bullets, make_cases
    from ballistics.command.striated_commands import compare_bullets
    from ballistics.command.terminal import put, say, working
    from ballistics.compare import Comparison
    from ballistics.compare import compare as compare_scans
    from ballistics.errors import OutputError
    from ballistics.output import check_output
    from ballistics.report import write_report
    from imaging.files import open_surface

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made ({error.strerror or error}).") from error
    names = ("same_gun.html", "other_gun.html", "same_barrel.html", "other_barrel.html")
    *pages, same_barrel, other_barrel = (check_output(folder / name, overwrite=force) for name in names)
    with working("Making scans") as now:
        bullet, *other_bullets = make_bullets(folder, overwrite=force)
        first, *others = make_cases(folder, overwrite=force)
        results = []
        for other, page in zip(others, pages, strict=True):
            now(f"Comparing {first.name} and {other.name}")
            results.append(compare_scans(open_surface(first), open_surface(other)))
            write_report(results[-1], page, made=datetime.now(UTC), overwrite=force)
    for result, page in zip(results, pages, strict=True):
        if isinstance(result, Comparison):
            _put_comparison(result)
        say(f"Report: {page}")
        put("")
    for other, page in zip(other_bullets, (same_barrel, other_barrel), strict=True):
        compare_bullets(bullet, other, report=page, force=force)
        put("")
    say(f"The heights are invented. Try it yourself: ballistics compare {first} {others[0]} --report page.html")


@params_app.command("list")
def list_params(as_json: AsJson = False) -> None:
    """List the parameter sets; the first of each mark is its default."""
    from ballistics.command.terminal import put_json, put_table
    from ballistics.parameters import ParameterSet, parameter_sets, striated_sets

    sets = (*parameter_sets().values(), *striated_sets().values())
    if as_json:
        facts = [{"name": each.name, "mark": each.mark, "hash": each.hash, "source": each.source} for each in sets]
        put_json(json.dumps(facts, indent=1))
        return
    rows = []
    for each in sets:
        how = (each.search.method, each.score) if isinstance(each, ParameterSet) else ("all lags", "ccf")
        rows.append((each.name, each.mark, *how, each.hash[:8], each.source))
    put_table(("Name", "Mark", "Search", "Score", "Hash", "Source"), rows)


@params_app.command("show")
def show_params(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AsJson = False) -> None:
    """Show every value of a parameter set."""
    from ballistics.command.terminal import put, put_json, put_table
    from ballistics.summary import parameter_rows

    chosen = find_set(name, hint="NAME")
    if as_json:
        content = {"name": chosen.name, "hash": chosen.hash, "source": chosen.source, "values": chosen.values}
        put_json(json.dumps(content, indent=1))
        return
    put(f"{chosen.name}: {chosen.source}")
    put(f"hash {chosen.hash}")
    put_table(("Part", "Name", "Value"), parameter_rows(chosen))


def main() -> None:
    """Run the command; what a stream cannot show is replaced instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="ballistics")


def _put_comparison(result: Comparison) -> None:
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
    for warning in result.warnings:
        put(f"Warning: {warning}")
    put(CLOSING)


if __name__ == "__main__":
    main()
