"""What a page shows of a weight of evidence: the number, what it rests on, and the score among the known pairs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballistics.output import printable

if TYPE_CHECKING:
    from ballistics.assessment import Assessment

Rows = list[tuple[str, str]]
NOT_ALIKE = {"parameters", "mark", "scanner"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing as a data address, with what it shows in words."""

    uri: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBlock:
    """The block of a page; texts are in the language of the page and safe to print.

    ``number`` is the likelihood ratio and ``interval`` its line, both empty without one; ``reasons`` says why.
    ``doubtful`` are sentences of the examiner that say how probable a proposition is.
    """

    headline: str
    number: str
    interval: str
    sentence: str
    rows: Rows
    reasons: list[str]
    notes: list[str]
    words: tuple[str, str] | None
    plot: Plot | None
    case: Rows
    doubtful: list[str]
    conclusion: Rows
    examiners_own: str


def evidence_facts(
    assessment: Assessment | None, *, closing: str, limits: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return what a page asks for of its evidence, with the closing sentence and the limits that go with it.

    Parameters
    ----------
    assessment : Assessment, optional
        From `ballistics.assessment.assess`; without one the page says nothing of evidence.
    closing : str
        The sentence at the foot of a page without a likelihood ratio.
    limits : sequence of (str, str)
        Titles and texts of its limits.
    """
    if assessment is None:
        return {"evidence": None, "closing": closing, "limits": limits, "draft": False}
    from ballistics import assessment_wording as wording

    case = assessment.question.case
    return {
        "evidence": _block(assessment),
        "draft": case is not None and case.status == "draft",
        "closing": wording.closing(assessment, closing),
        "limits": wording.limits(assessment, limits),
    }


def _block(assessment: Assessment) -> EvidenceBlock:
    from ballistics import assessment_wording as wording
    from ballistics.evidence.likelihood_ratio import LikelihoodRatio
    from ballistics.evidence.scales import figure
    from ballistics.language import translated

    weight = assessment.weight
    given = weight if isinstance(weight, LikelihoodRatio) else None
    said = wording.words_said(assessment)
    conclusion, case = assessment.question.conclusion, assessment.question.case
    return EvidenceBlock(
        headline=wording.headline(assessment),
        number=figure(given.log10_lr) if given else "",
        interval=wording.interval(given) if given else "",
        sentence=wording.said(assessment),
        rows=_safe(wording.rows(assessment)),
        reasons=[printable(each) for each in wording.reasons(assessment)],
        notes=[printable(each) for each in wording.notes(assessment)],
        words=(printable(said[0]), printable(said[1])) if said else None,
        plot=_plot(assessment),
        case=_safe(wording.case_rows(assessment)),
        doubtful=[printable(translated(each)) for each in case.doubtful] if case else [],
        conclusion=_safe(wording.conclusion_rows(conclusion)) if conclusion else [],
        examiners_own=translated(wording.EXAMINERS_OWN),
    )


def _plot(assessment: Assessment) -> Plot | None:
    """Draw the score among the known pairs, unless they were made so differently that it does not belong there."""
    from ballistics.evidence.likelihood_ratio import LikelihoodRatio
    from ballistics.page.score_plots import score_plot

    population, weight = assessment.question.population, assessment.weight
    if population is None or weight is None:
        return None
    if isinstance(weight, LikelihoodRatio):
        drawn = score_plot(population, weight)
    elif NOT_ALIKE & set(weight.reasons):
        return None
    else:
        drawn = score_plot(population, list(assessment.score.values()))
    encoded = base64.b64encode(drawn.svg.encode()).decode("ascii")
    return Plot(uri=f"data:image/svg+xml;base64,{encoded}", caption=drawn.caption, alt=drawn.alt)


def _safe(rows: Rows) -> Rows:
    return [(name, "\n".join(map(printable, text.splitlines()))) for name, text in rows]
