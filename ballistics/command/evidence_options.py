"""Options that ask for a weight of evidence, and what the terminal says of it.

A likelihood ratio that is refused is a result: the comparison stands, the reasons are told, the exit code is 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballistics.assessment import Assessment, Compared, NotCompared, Question
    from ballistics.contract import ComparisonRecord
    from ballistics.evidence.population import Description
    from ballistics.evidence.scales import VerbalScale

Record = TypeVar("Record", bound="ComparisonRecord")

EXHAUSTIVE = "+exhaustive"

PopulationName = Annotated[
    str | None,
    typer.Option(
        "--reference", metavar="POP", help="Weigh the score under this population: a shipped name, or a file."
    ),
]
Scanner = Annotated[
    str | None,
    typer.Option("--scanner", metavar="CLASS", help="Class of the instrument that scanned both; see --reference."),
]
Firearms = Annotated[
    list[str] | None,
    typer.Option("--firearm", metavar="NAME", help="Firearm of the case; may be repeated; see --reference."),
]
Scale = Annotated[
    str | None,
    typer.Option("--scale", metavar="NAME", help="Words beside the likelihood ratio; see 'ballistics scales'."),
]
CaseFile = Annotated[
    Path | None,
    typer.Option("--case", metavar="CASE.toml", help="The case and the examiner's conclusion; see 'case new'."),
]


def ask(
    population: str | None,
    *,
    scanner: str | None = None,
    firearms: Sequence[str] | None = None,
    scale: str | None = None,
    case: Path | None = None,
) -> Question | None:
    """Return what is asked beside a comparison, before anything is compared; None if nothing is.

    Options go before what the case file says.

    Raises
    ------
    typer.BadParameter
        If an option goes with a population and there is none, no scanner is known, or no scale has that name.
    EvidenceError, CaseError
        If the population or the case is not one.
    FileError
        If it cannot be read.
    """
    if population is None:
        for option, value in (("--scanner", scanner), ("--firearm", firearms), ("--scale", scale)):
            if value:
                raise typer.BadParameter("it goes with --reference POP; see 'population list'", param_hint=option)
        if case is None:
            return None
    from ballistics.assessment import Question
    from ballistics.case import read_case
    from ballistics.evidence.shipped import open_population

    told = None if case is None else read_case(case)
    if population is None:
        return Question(case=told)
    words = None if scale is None else _scale(scale)
    opened = open_population(population)
    if firearms and not all(name.strip() for name in firearms):
        raise typer.BadParameter(
            "the name is empty; leave the option out, or write a name", param_hint="--firearm"
        )
    named = (scanner or (told.scanner if told else "")).strip()
    if not named:
        raise typer.BadParameter(
            f"say with what class of instrument both marks were scanned, here or in the case file; that of "
            f"{opened.description.name} is {opened.description.scanning.scanner!r}",
            param_hint="--scanner",
        )
    return Question(
        population=opened,
        scanner=named,
        firearms=tuple(firearms or (told.firearms if told else ())),
        scale=words,
        case=told,
    )


def refuse_populations(*scans: Path) -> None:
    """Refuse a JSON file where a scan is expected, which may be a population in the wrong place.

    Raises
    ------
    typer.BadParameter
        If one is.
    """
    for scan in scans:
        if scan.suffix.lower() == ".json":
            raise typer.BadParameter(f"{scan} is a JSON file and no scan; a population goes with --reference")


def _scale(name: str) -> VerbalScale:
    from ballistics.errors import SetError
    from ballistics.evidence.scales import verbal_scale

    try:
        return verbal_scale(name)
    except SetError as error:
        raise typer.BadParameter(str(error), param_hint="--scale") from error


def answer(question: Question | None, result: Compared | NotCompared) -> Assessment | None:
    """Weigh a comparison, and say on stderr what to mend in the case, and why there is no likelihood ratio.

    Raises
    ------
    EvidenceError
        If the population has another kind of score.
    """
    if question is None:
        return None
    from ballistics.assessment import assess, was_made
    from ballistics.command.terminal import say
    from ballistics.evidence.likelihood_ratio import NoLikelihoodRatio

    for sentence in question.case.doubtful if question.case else ():
        say(f"Warning: {sentence}")
    found = assess(result, question)
    if was_made(result) and isinstance(found.weight, NoLikelihoodRatio):
        say(f"No likelihood ratio: {found.weight.reason}")
        if question.population is not None and {"parameters", "mark"} & set(found.weight.reasons) == {
            "parameters"
        }:
            say(_as_the_population(question.population.description, result.parameters.name))
    return found


def _as_the_population(of: Description, used: str) -> str:
    """Say how to compare under the parameter set of a population."""
    from ballistics.command.population_facts import hashes_of_sets

    if hashes_of_sets().get(of.parameters) != of.parameter_hash:
        return "This version has no such parameter set; build the population anew from its scans."
    base = of.parameters.removesuffix(EXHAUSTIVE)
    named = "" if base == used.removesuffix(EXHAUSTIVE) else f"'--params {base}'"
    if base != of.parameters:
        return f"{named or 'The same'} with --exhaustive compares as the population was made."
    if used.endswith(EXHAUSTIVE):
        return f"{named or 'The same'} without --exhaustive compares as the population was made."
    return f"{named} compares as the population was made."


def recorded(record: Record, assessment: Assessment | None) -> Record:
    """Return the record of a comparison with its evidence, if there is any."""
    if assessment is None:
        return record
    from ballistics.assessment import with_evidence

    return with_evidence(record, assessment)


def put_assessment(assessment: Assessment | None) -> None:
    """Put the likelihood ratio or the reasons for none, and the examiner's conclusion, on stdout."""
    if assessment is None:
        return
    from ballistics import assessment_wording as wording
    from ballistics.command.terminal import put, put_table

    if headline := wording.headline(assessment):
        put(headline)
        for reason in wording.reasons(assessment):
            put(f"Because: {reason}")
        put("")
        put_table((), wording.rows(assessment))
        put("")
        if assessment.weight:
            put(wording.said(assessment))
        if said := wording.words_said(assessment):
            put(f"{said[0]}: {said[1]}")
        for note in wording.notes(assessment):
            put(f"Note: {note}")
        put("")
    if conclusion := assessment.question.conclusion:
        put(f"Conclusion of the examiner. {wording.EXAMINERS_OWN}")
        put_table((), wording.conclusion_rows(conclusion))
        put("")


def closing_of(assessment: Assessment | None, usual: str) -> str:
    """Return the sentence at the end of the figures, the one of a likelihood ratio if there is one."""
    if assessment is None:
        return usual
    from ballistics.assessment_wording import closing

    return closing(assessment, usual)
