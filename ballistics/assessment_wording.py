"""The words of an assessment, the same in the terminal and on the page, number first.

Functions speak the active language. The examiner's conclusion stands apart and says that no figure led to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ballistics.assessment import Assessment
from ballistics.evidence.conclusions import ExaminersConclusion, vocabulary
from ballistics.evidence.likelihood_ratio import BOUND_NAMES, LikelihoodRatio, NoLikelihoodRatio
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scales import VerbalScale, figure
from ballistics.language import Message, translated
from ballistics.language import gettext as _

SHORT_HASH = 12
NAMES = {
    "accf": Message("correlation (ACCF)"),
    "ccf": Message("correlation of the signatures (CCF)"),
    "sequence_average": Message("sequence average"),
    "correlation": Message("correlation of the pictures"),
    "count": Message("congruent cells"),
    "cells": Message("cells"),
}
CHARACTERISTICS = {
    "class": Message("class characteristics"),
    "individual": Message("individual characteristics"),
    "class and individual": Message("class and individual characteristics"),
}
CAUTIONS = {
    "certain": Message("Words of the scale {title}"),
    "secondary source": Message(
        "Words of the scale {title} (bands from a secondary source, not checked against the document)"
    ),
    "general knowledge": Message("Words of the scale {title} (bands not checked against the document)"),
    "uncertain": Message("Words of the scale {title} (bands uncertain, not checked against the document)"),
}
BITES = {
    None: Message("{bounds}: LR {lower} to {upper}; the likelihood ratio lies between them"),
    "lower": Message("{bounds}: LR {lower} to {upper}; the lower bound stands in place of log₁₀ {value}"),
    "upper": Message("{bounds}: LR {lower} to {upper}; the upper bound stands in place of log₁₀ {value}"),
}

CLOSING = Message(
    "A weight of evidence, not a verdict: the likelihood ratio compares how probable the score is if each of the "
    "two propositions holds, for the population that is named. It does not say how probable the propositions are. "
    "No error rate is implied."
)
UNWEIGHED = "No probability follows yet"
LIMITS = (
    (
        Message("What the likelihood ratio says"),
        Message(
            "How many times more probable the score is if one proposition holds than if the other does. It does "
            "not say how probable either proposition is: that takes everything else known of the case, and "
            "is for the court."
        ),
    ),
    (
        Message("What the likelihood ratio rests on"),
        Message(
            "The pairs of the population alone. The interval shows how far other firearms of the same kind would "
            "move it. It does not cover what the population lacks: other makes and ammunition, wear between two "
            "shots, subclass characteristics. Whether the population is relevant to the case is for the examiner "
            "to justify."
        ),
    ),
    (
        Message("Bounds"),
        Message(
            "However far a score lies out, the likelihood ratio stays within what that many known pairs can show. "
            "A bound only ever weakens."
        ),
    ),
)
EXAMINERS_OWN = Message("The examiner's own: it does not follow from the score or from the likelihood ratio.")


def closing(assessment: Assessment | None, usual: str) -> str:
    """Return the sentence at the end: the usual one, or the one that goes with a likelihood ratio."""
    return CLOSING if assessment and assessment.weight else usual


def limits(assessment: Assessment | None, usual: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return titles and texts of limits; a likelihood ratio brings its own in place of "none is implied"."""
    if not assessment or not assessment.weight:
        return tuple(usual)
    return tuple(each for one in usual for each in (LIMITS if one[0] == UNWEIGHED else (one,)))


def headline(assessment: Assessment) -> str:
    """Return the result in a line, or nothing where nothing was weighed.

    A likelihood ratio stands there as a number with its interval; a refusal says that there is none.
    """
    weight = assessment.weight
    if isinstance(weight, LikelihoodRatio):
        return _(
            "Likelihood ratio {number}, {interval}", number=figure(weight.log10_lr), interval=interval(weight)
        )
    return _("No likelihood ratio is given") if isinstance(weight, NoLikelihoodRatio) else ""


def interval(weight: LikelihoodRatio) -> str:
    """Return the interval of a likelihood ratio."""
    return _(
        "{level:.0%} interval {lower} to {upper}",
        level=weight.level,
        lower=figure(weight.lower),
        upper=figure(weight.upper),
    )


def said(assessment: Assessment) -> str:
    """Return the likelihood ratio in a sentence with both propositions; empty without one."""
    return translated(assessment.weight.sentence) if isinstance(assessment.weight, LikelihoodRatio) else ""


def rows(assessment: Assessment) -> list[tuple[str, str]]:
    """Return names and texts of everything that a reader needs beside the number."""
    weight = assessment.weight
    found: list[tuple[str, str]] = []
    if isinstance(weight, LikelihoodRatio):
        found += [
            (_("Likelihood ratio (LR)"), f"{figure(weight.log10_lr)} (log₁₀ {weight.log10_lr:.2f})"),
            (
                _("{level:.0%} interval", level=weight.level),
                _interval_row(weight),
            ),
            (_("Bounds"), _bounds(weight)),
            (_("First proposition"), translated(weight.propositions.same)),
            (_("Second proposition"), translated(weight.propositions.different)),
        ]
    if assessment.score:
        found.append((_("Score"), _score(assessment)))
    if (population := assessment.question.population) is not None and weight is not None:
        found.append((_("Population"), population_text(population)))
        found.append((_("Population's source"), population.description.origin.credit))
        found.append((_("Scanner"), assessment.question.scanner))
        if assessment.question.firearms:
            found.append((_("Firearms of the case"), ", ".join(assessment.question.firearms)))
    return found


def reasons(assessment: Assessment) -> list[str]:
    """Return every reason why there is no likelihood ratio; empty where there is one."""
    weight = assessment.weight
    refused = weight.reasons.values() if isinstance(weight, NoLikelihoodRatio) else ()
    return [translated(reason) for reason in refused]


def notes(assessment: Assessment) -> list[str]:
    """Return what a reader must know before using the likelihood ratio, or why there is none to use."""
    weight, population = assessment.weight, assessment.question.population
    if isinstance(weight, LikelihoodRatio):
        return [translated(note) for note in weight.notes]
    return (
        [] if population is None or weight is None else [translated(note) for note in population.description.notes]
    )


def words_said(assessment: Assessment) -> tuple[str, str] | None:
    """Return the name of the verbal scale and its sentence, number first, if words were asked for."""
    wording, scale = assessment.wording, assessment.question.scale
    if wording is None or scale is None:
        return None
    return scale_text(scale), translated(wording.sentence)


def scale_text(scale: VerbalScale) -> str:
    """Return a verbal scale by its title, with a word of caution where its bands were not seen in a source."""
    return _(CAUTIONS[scale.certainty], title=_(scale.title))


def conclusion_rows(conclusion: ExaminersConclusion) -> list[tuple[str, str]]:
    """Return names and texts of what an examiner concluded."""
    found = [
        (_("Conclusion"), f"{_(conclusion.label)} ({conclusion.code})"),
        (_("Range of conclusions"), _(vocabulary(conclusion.vocabulary).title)),
        (_("Examiner"), conclusion.examiner),
        (_("Reasons"), conclusion.reasons),
    ]
    if conclusion.basis:
        found.insert(1, (_("Rests on"), translated(CHARACTERISTICS[conclusion.basis])))
    return found


def case_rows(assessment: Assessment) -> list[tuple[str, str]]:
    """Return what the case file says of the case, without what is empty."""
    case = assessment.question.case
    if case is None:
        return []
    found = [
        (_("Status"), _("draft") if case.status == "draft" else _("final")),
        (_("Laboratory"), case.laboratory),
        (_("Case"), case.case),
        (_("Request"), case.request),
        (_("Examiner"), case.examiner),
        (_("Reviewer"), case.reviewer),
        (_("Reference exhibit"), case.reference),
        (_("Questioned exhibit"), case.questioned),
        (_("Remarks"), case.remarks),
    ]
    return [(name, text) for name, text in found if text]


def population_text(population: ReferencePopulation) -> str:
    """Return a population in a line: name, size, beginning of its hash."""
    pairs = population.pairs
    return _(
        "{name}: {firearms:,} firearms, {matches:,} known matches, {others:,} known non-matches, SHA-256 {hash}",
        name=population.description.name,
        firearms=len(pairs.firearm_names),
        matches=pairs.known_matches,
        others=pairs.known_non_matches,
        hash=population.sha256[:SHORT_HASH],
    )


def _interval_row(weight: LikelihoodRatio) -> str:
    values = {
        "lower": figure(weight.lower),
        "upper": figure(weight.upper),
        "low": f"{weight.lower:.2f}",
        "high": f"{weight.upper:.2f}",
    }
    if weight.lower == weight.upper:
        return _("{lower} to {upper} (log₁₀ {low} to {high}); a bound holds both ends", **values)
    return _("{lower} to {upper} (log₁₀ {low} to {high})", **values)


def _bounds(weight: LikelihoodRatio) -> str:
    return _(
        BITES[weight.bound],
        bounds=translated(BOUND_NAMES.get(weight.bounds.method, weight.bounds.method)),
        lower=figure(weight.bounds.lower),
        upper=figure(weight.bounds.upper),
        value=f"{weight.unbounded:.2f}",
    )


def _score(assessment: Assessment) -> str:
    score = assessment.score
    if set(score) == {"count", "cells"}:
        return _("{count:g} of {cells:g} cells congruent", count=score["count"], cells=score["cells"])
    return ", ".join(f"{translated(NAMES.get(name, name))} {value:.4g}" for name, value in score.items())
