"""The commands for reference populations: build, describe, list, show, check."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ballistics.command.batch_choice import AnyMark
from ballistics.command.batch_scores import HowCompared, compare_pairs, expected_pairs, holds_scores
from ballistics.command.exits import ExitCode
from ballistics.command.options import Accept, AsJson, Exhaustive, Force, LengthUnit, SetName, Units
from ballistics.command.photo_options import PixelUm

app = typer.Typer(
    help="Reference populations: scores of known pairs that give a score its weight.", no_args_is_help=True
)

Population = Annotated[str, typer.Argument(metavar="POP", help="A shipped population by its name, or a file.")]


class MethodChoice(StrEnum):
    """How a calibrator can be fitted."""

    BETA_BINOMIAL = "beta-binomial"
    BINOMIAL = "binomial"
    LOGISTIC = "logistic"
    KERNEL_DENSITY = "kernel density"
    ISOTONIC = "isotonic"


class BoundChoice(StrEnum):
    """How far the known pairs carry."""

    ELUB = "elub"
    INVARIANCE = "invariance"


@app.command()
def build(
    source: Annotated[
        Path,
        typer.Argument(metavar="SCORES.csv|FOLDER|LIST", help="Scores of compare-all, or what is compared first."),
    ],
    truth: Annotated[
        Path,
        typer.Option(metavar="TRUTH.csv", help="Columns file and firearm, and item if you like: a line a mark."),
    ],
    about: Annotated[
        Path, typer.Option(metavar="ABOUT.toml", help="What the marks are of; see 'population about'.")
    ],
    out: Annotated[Path, typer.Option(metavar="POP.json", help="The population.")],
    score: Annotated[
        str | None,
        typer.Option(help="count, accf, count+accf, or the score of the file; the count or that if left out."),
    ] = None,
    method: Annotated[
        MethodChoice | None, typer.Option(help="Calibrator; what suits the score if left out.")
    ] = None,
    bound: Annotated[BoundChoice, typer.Option(help="How far the known pairs carry.")] = BoundChoice.ELUB,
    jobs: Annotated[int | None, typer.Option(min=1, help="Pairs at a time; as many as processors.")] = None,
    params: SetName = None,
    mark: AnyMark = None,
    exhaustive: Exhaustive = False,
    pixel_um: PixelUm = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    force: Force = False,
) -> None:
    """Build a population from pairs of known origin; scans are compared first, and gone on with if stopped."""
    from ballistics.command.population_facts import population_rows
    from ballistics.command.terminal import put_table, say, working
    from ballistics.evidence.about import kept_beside, population_of, read_about
    from ballistics.evidence.population import write_population
    from ballistics.evidence.truth import read_truth
    from ballistics.output import check_output
    from ballistics.pair_list import list_pairs

    check_output(out, overwrite=force, inputs=(source, truth, about))
    described, known = read_about(about), read_truth(truth)
    how = HowCompared(
        jobs=jobs,
        params=params,
        mark=mark,
        exhaustive=exhaustive,
        pixel_um=pixel_um,
        units=units,
        accept=accept,
    )
    scores = source
    if holds_scores(source):
        how.refuse_all()
    else:
        chosen = how.choose(source)
        pairs = list_pairs(source, kind=chosen.kind)
        expected_pairs(pairs, known)
        scores = compare_pairs(pairs, kept_beside(out), chosen, how, force=force)
    with working("Fitting"):
        built = population_of(
            scores, known, described, score=score, method=method.value if method else None, bound=bound.value
        )
        write_population(built, out, overwrite=force)
    put_table((), population_rows(built))
    for note in built.description.notes:
        say(f"Note: {note}")
    say(f"Population: {out}. Weigh a comparison with it: ballistics compare A B --reference {out}")


@app.command()
def about(
    out: Annotated[Path, typer.Argument(metavar="ABOUT.toml", help="The file to fill in.")], force: Force = False
) -> None:
    """Write an empty description of a population, with explanations."""
    from ballistics.command.terminal import say
    from ballistics.evidence.about import TEMPLATE
    from ballistics.output import write_output

    write_output(out, TEMPLATE.encode(), overwrite=force)
    say(
        f"Fill in {out}, then: ballistics population build SCORES.csv --truth TRUTH.csv --about {out} "
        "--out POP.json"
    )


@app.command("list")
def list_populations(as_json: AsJson = False) -> None:
    """List the populations that come with the library."""
    from ballistics.command.terminal import put_json, put_table
    from ballistics.evidence.about import facts_of
    from ballistics.evidence.shipped import open_population, shipped_populations

    opened = {name: open_population(name) for name in shipped_populations()}
    if as_json:
        put_json(json.dumps([facts_of(each) for each in opened.values()], indent=1))
        return
    rows = [
        (
            name,
            each.description.mark,
            each.description.scanning.scanner,
            each.diagnostics.firearms,
            each.diagnostics.known_matches,
            each.diagnostics.known_non_matches,
            each.description.parameters,
            each.description.origin.licence,
            each.sha256[:12],
        )
        for name, each in opened.items()
    ]
    head = ("Name", "Mark", "Scanner", "Firearms", "Matches", "Non-matches", "Parameters", "Licence", "SHA-256")
    put_table(head, rows, right=(3, 4, 5))


@app.command()
def show(
    population: Population,
    as_json: AsJson = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="OUT.png|svg", help="Draw the scores of the known pairs.")
    ] = None,
    force: Force = False,
) -> None:
    """Show what a population is of, how well it does, and its limits."""
    from ballistics.command.population_facts import population_rows
    from ballistics.command.terminal import put, put_json, put_table, say
    from ballistics.evidence.about import facts_of
    from ballistics.evidence.shipped import open_population
    from ballistics.output import check_output, write_output

    if picture:
        if picture.suffix.lower() not in (".png", ".svg"):
            raise typer.BadParameter("let the picture's name end in .png or .svg", param_hint="--picture")
        check_output(picture, overwrite=force, inputs=(Path(population),))
    opened = open_population(population)
    if picture:
        from ballistics.page.score_plots import score_plot

        drawn = score_plot(opened)
        content = drawn.png if picture.suffix.lower() == ".png" else drawn.svg.encode()
        write_output(picture, content, overwrite=force)
        say(f"Picture: {picture}")
    if as_json:
        put_json(json.dumps(facts_of(opened), indent=1))
        return
    put_table((), population_rows(opened))
    for note in opened.description.notes:
        put(f"Note: {note}")


@app.command()
def check(population: Population, as_json: AsJson = False) -> None:
    """Check that a population is what was built and can still be used; exit code 3 if there are problems."""
    from ballistics.command.population_facts import problems_of
    from ballistics.command.terminal import put, put_json
    from ballistics.errors import EvidenceError
    from ballistics.evidence.shipped import open_population

    try:
        problems = problems_of(open_population(population))
    except EvidenceError as error:
        problems = [str(error)]
    if as_json:
        put_json(json.dumps({"population": population, "problems": problems}, indent=1))
    else:
        for problem in problems:
            put(f"Problem: {problem}")
        if not problems:
            put(
                f"{population}: the hash fits, the parameter set exists, and the pairs give the same calibrator, "
                "bounds and figures."
            )
    if problems:
        raise typer.Exit(ExitCode.PROBLEMS)
