"""The command ``ballistics``: a thin shell over the library; exit codes stand in `ballistics.command.exits`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from ballistics.command import (
    case_commands,
    file_commands,
    population_commands,
    striated_commands,
    validation_commands,
)
from ballistics.command.batch_choice import AnyMark, choose_batch
from ballistics.command.compare_command import compare, put_comparison
from ballistics.command.exits import ExitCode, GuardedGroup
from ballistics.command.options import Accept, AsJson, Exhaustive, Force, LengthUnit, SetName, Units, find_set
from ballistics.command.photo_options import PixelUm
from ballistics.command.scale_command import scale
from ballistics.command.view_command import view

app = typer.Typer(
    cls=GuardedGroup,
    help="Compare firearm marks from 3D scans or photographs: a picture to look at and numbers to work with.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(compare)
app.command()(view)
app.command()(scale)
file_commands.add_commands(app)
striated_commands.add_commands(app)
params_app = typer.Typer(help="The named parameter sets.", no_args_is_help=True)
app.add_typer(params_app, name="params")
app.add_typer(population_commands.app, name="population")
case_commands.add_commands(app)
validation_commands.add_commands(app)


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


@app.command("compare-all")
def compare_all(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER|LIST", help="Scans, photographs or bullets, or a list.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="SCORES.csv", help="A row a pair; an unfinished file is gone on with.")
    ],
    jobs: Annotated[int | None, typer.Option(min=1, help="Pairs at a time; as many as processors.")] = None,
    params: SetName = None,
    mark: AnyMark = None,
    exhaustive: Exhaustive = False,
    pixel_um: PixelUm = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    force: Annotated[bool, typer.Option("--force", help="Start anew even if the file exists.")] = False,
) -> None:
    """Compare every pair of a folder or a list; stop and start again as you like."""
    from ballistics.batch import compare_all as compare_pairs
    from ballistics.command.terminal import counting, say
    from ballistics.output import check_output
    from ballistics.pair_list import list_pairs

    chosen = choose_batch(source, params, mark, exhaustive=exhaustive, units=units.value)
    if pixel_um is not None and not chosen.photographs:
        raise typer.BadParameter("scans have their own scale", param_hint="--pixel-um")
    check_output(out, overwrite=True, inputs=(source,))
    pairs = list_pairs(source, kind=chosen.kind)
    try:
        with counting("Pairs") as show_progress:
            done = compare_pairs(
                pairs,
                out,
                chosen.parameters,
                bullets=chosen.bullets,
                jobs=jobs,
                accept=accept or (),
                units=units.value,
                pixel_um=pixel_um,
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
            put_comparison(result)
        say(f"Report: {page}")
        put("")
    for other, page in zip(other_bullets, (same_barrel, other_barrel), strict=True):
        striated_commands.compare_bullets(bullet, other, report=page, force=force)
        put("")
    say(f"The heights are invented. Try it yourself: ballistics compare {first} {others[0]} --report page.html")


@params_app.command("list")
def list_params(as_json: AsJson = False) -> None:
    """List the parameter sets; the first of each mark is its default."""
    from ballistics.command.terminal import put_json, put_table
    from ballistics.parameters import parameter_sets, picture_sets, striated_sets

    impressed, striated, pictures = parameter_sets().values(), striated_sets().values(), picture_sets().values()
    sets = (*impressed, *striated, *pictures)
    if as_json:
        facts = [{"name": each.name, "mark": each.mark, "hash": each.hash, "source": each.source} for each in sets]
        put_json(json.dumps(facts, indent=1))
        return
    how: list[tuple[str, str]] = [(each.search.method, each.score) for each in impressed]
    how += [("all lags", "ccf")] * len(striated) + [("keypoints", "correlation")] * len(pictures)
    rows = [(each.name, each.mark, *one, each.hash[:8], each.source) for each, one in zip(sets, how, strict=True)]
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


if __name__ == "__main__":
    main()
