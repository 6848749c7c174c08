"""The command that tries a method on pairs of known origin: ``ballistics validate``."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ballistics.command.batch_choice import AnyMark
from ballistics.command.batch_scores import HowCompared, compare_pairs, expected_pairs, holds_scores
from ballistics.command.evidence_options import CaseFile
from ballistics.command.exits import ExitCode
from ballistics.command.options import Accept, AsJson, Exhaustive, Force, Language, LengthUnit, SetName, Units
from ballistics.command.photo_options import PixelUm
from ballistics.command.population_commands import BoundChoice, MethodChoice
from ballistics.command.report import check_template
from ballistics.command.validation_report import (
    Final,
    Reports,
    Template,
    check_reports,
    put_record,
    write_reports,
)

if TYPE_CHECKING:
    from ballistics.evidence.labelled_scores import LabelledScores
    from ballistics.evidence.method import Method
    from ballistics.evidence.population import ReferencePopulation
    from ballistics.evidence.truth import Truth
    from ballistics.validation.criteria import Criteria
    from ballistics.validation.splits import Split

LEAST_ROOM = 50_000_000
NAME = "validation.json"
FOLDS = REPEATS = 5


class SplitChoice(StrEnum):
    """Which calibrator may judge which pair."""

    LEAVE_ONE_OUT = "leave-one-out"
    FOLDS = "folds"
    UNTOUCHED = "untouched"


def validate(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER|LIST|SCORES.csv", help="What is compared first, or scores of it.")
    ],
    truth: Annotated[
        Path,
        typer.Option(metavar="TRUTH.csv", help="Columns file and firearm, and item and study if you like."),
    ],
    criteria: Annotated[
        Path | None, typer.Option(metavar="CRITERIA.toml", help="What is asked beforehand; see 'criteria new'.")
    ] = None,
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER|NAME.json", help="A folder for all that is written, or the record's name."),
    ] = Path("validation"),
    report: Reports = None,
    score: Annotated[
        str | None, typer.Option(help="count, accf, count+accf, or the score of the file; the count if left out.")
    ] = None,
    method: Annotated[
        MethodChoice | None, typer.Option(help="Calibrator; what suits the score if left out.")
    ] = None,
    bound: Annotated[
        BoundChoice | None, typer.Option(help="How far the known pairs carry; elub if left out.")
    ] = None,
    split: Annotated[
        SplitChoice, typer.Option(help="Which calibrator may judge which pair.")
    ] = SplitChoice.LEAVE_ONE_OUT,
    folds: Annotated[
        int | None, typer.Option(min=2, max=1000, help="Folds of firearms with '--split folds'; 5 if left out.")
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How often folds are dealt; 5 times if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Where random draws start from.")] = 1,
    reference: Annotated[
        str | None,
        typer.Option(metavar="POP", help="Population: judges all with '--split untouched', is tried beside else."),
    ] = None,
    case: CaseFile = None,
    final: Final = False,
    template: Template = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Pairs at a time; as many as processors.")] = None,
    params: SetName = None,
    mark: AnyMark = None,
    exhaustive: Exhaustive = False,
    pixel_um: PixelUm = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    language: Language = "en",
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Try a method on pairs of known origin and write the validation report; goes on where it was stopped.

    Exit code 3 where a criterion was given that was not met or could not be judged.
    """
    from ballistics.case import Case, read_case
    from ballistics.command.terminal import say, working
    from ballistics.evidence.shipped import open_population
    from ballistics.evidence.truth import read_truth
    from ballistics.output import check_output
    from ballistics.validation.contract import write_validation
    from ballistics.validation.recording import check_day, record
    from ballistics.validation.trial import validate as try_out

    _check_options(split, reference, method, bound=bound, folds=folds, repeats=repeats)
    check_template(report, template)
    how = HowCompared(
        jobs=jobs,
        params=params,
        mark=mark,
        exhaustive=exhaustive,
        pixel_um=pixel_um,
        units=units,
        accept=accept,
    )
    asked = _criteria(criteria)
    check_day(asked, datetime.now().astimezone())
    known = read_truth(truth)
    told = read_case(case) if case else Case()
    population = open_population(reference) if reference else None
    given = holds_scores(source)
    if given:
        how.refuse_all()
    place = out if out.suffix.lower() == ".json" else out / NAME
    inputs = tuple(each for each in (source, truth, criteria, case) if each)
    purpose = asked.purpose if asked else ""
    with _folder(place.parent):
        reports = check_reports(report, place, case=told, purpose=purpose, final=final, force=force, inputs=inputs)
        check_output(place, overwrite=force, inputs=inputs)
        scores = source if given else _compare(source, place, known, population, how, force=force)
        labelled = _labelled(scores, known, score, population)
    started = time.perf_counter()
    with working("Judging pairs"):
        found = try_out(
            labelled,
            method=_method(labelled, method),
            split=_split(split, folds=folds or FOLDS, repeats=repeats or REPEATS, seed=seed),
            bound=(bound or BoundChoice.ELUB).value,
            population=population,
            criteria=asked,
            seed=seed,
        )
        seconds = round(time.perf_counter() - started, 3)
        made = record(found, seconds=seconds, by=told.examiner, laboratory=told.laboratory)
    write_validation(made, place, overwrite=force)
    say(f"Record: {place}")
    write_reports(made, reports, case=told, final=final, template=template, language=language, force=force)
    put_record(made, as_json=as_json)
    if any(each.met != "met" for each in made.outcomes):
        raise typer.Exit(ExitCode.PROBLEMS)


def _check_options(
    split: SplitChoice,
    reference: str | None,
    method: MethodChoice | None,
    *,
    bound: BoundChoice | None,
    folds: int | None,
    repeats: int | None,
) -> None:
    if split is SplitChoice.UNTOUCHED and reference is None:
        raise typer.BadParameter("the untouched split judges by a population: name one", param_hint="--reference")
    if split is SplitChoice.UNTOUCHED and method is not None:
        raise typer.BadParameter("the untouched split has the method of the population", param_hint="--method")
    if split is SplitChoice.UNTOUCHED and bound is not None:
        raise typer.BadParameter("the untouched split has the bound of the population", param_hint="--bound")
    for option, value in {"--folds": folds, "--repeats": repeats}.items():
        if split is not SplitChoice.FOLDS and value is not None:
            raise typer.BadParameter(f"the {split.value} split has none: give --split folds", param_hint=option)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make a folder with room for what is written; after an error, what was made and is empty goes again."""
    from ballistics.errors import OutputError

    made: list[Path] = []
    try:
        try:
            made += (each for each in (folder, *folder.parents) if not each.exists())
            folder.mkdir(parents=True, exist_ok=True)
            room = shutil.disk_usage(folder).free
        except OSError as error:
            raise OutputError(f"The folder {folder} cannot be made ({error.strerror or error}).") from error
        if room < LEAST_ROOM:
            raise OutputError(f"{folder} has room for {room:,} bytes; free {LEAST_ROOM:,}, or choose another.")
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):
                each.rmdir()
        raise


def _compare(
    source: Path,
    place: Path,
    known: Truth,
    population: ReferencePopulation | None,
    how: HowCompared,
    *,
    force: bool,
) -> Path:
    """Compare all pairs into a file beside the record, after everything that can be found out before it was."""
    from ballistics.evidence.about import kept_beside
    from ballistics.pair_list import list_pairs
    from ballistics.validation.splits import check_firearms

    if population is not None and how.params is None:
        how = replace(how, params=population.description.parameters)
    chosen = how.choose(source)
    pairs = list_pairs(source, kind=chosen.kind)
    expected = expected_pairs(pairs, known)
    if population is not None:
        of = population.description
        if chosen.parameters.hash != of.parameter_hash:
            raise typer.BadParameter(
                f"the population {of.name} was made with {of.parameters} ({of.parameter_hash[:12]}), not with "
                f"{chosen.parameters.name} ({chosen.parameters.hash[:12]})",
                param_hint="--params",
            )
        check_firearms(expected.pairs, population)
    return compare_pairs(pairs, kept_beside(place), chosen, how, force=force)


def _labelled(
    scores: Path, known: Truth, score: str | None, population: ReferencePopulation | None
) -> LabelledScores:
    from ballistics.evidence.named_scores import CELLS, named_scores

    if score is None and population is not None:
        score = "+".join(name for name in population.pairs.scores if name != CELLS)
    return named_scores(scores, known, score=score)


def _method(labelled: LabelledScores, method: MethodChoice | None) -> Method | None:
    from ballistics.evidence.named_scores import method_named

    return method_named(labelled.kind, method.value if method else None)


def _criteria(path: Path | None) -> Criteria | None:
    from ballistics.validation.criteria import read_criteria

    return read_criteria(path) if path else None


def _split(split: SplitChoice, *, folds: int, repeats: int, seed: int) -> Split:
    from ballistics.validation.splits import Split

    if split is SplitChoice.FOLDS:
        return Split.repeated_folds(folds=folds, repeats=repeats, seed=seed)
    return Split.untouched() if split is SplitChoice.UNTOUCHED else Split.leave_one_out()
