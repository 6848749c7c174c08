"""Readiness: whether a unit could ask for accreditation, for each clause, as a whole and over time.

A unit is ready when nothing blocks it, whatever its score; the score never stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.scoring import Score, Scores, scores
from accreditation.gaps import Situation, issues
from accreditation.issue import LEVELS, Issue
from qms.store import Store

OPEN = ("running", "in_review", "frozen")
"""States of an assessment that say something of the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseReadiness:
    """How one requirement stands.

    Attributes
    ----------
    key : str
    level : str
        The gravest level of its issues, or ``"ready"``, or ``"open"`` where it is not assessed.
    issues : tuple of Issue
    """

    key: str
    level: str
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How a unit stands on a day; false while anything blocks it or the assessment says too little.

    Attributes
    ----------
    on : date
    assessment : Assessment
    scores : Scores
    issues : tuple of Issue
    clauses : tuple of ClauseReadiness
    """

    on: date
    assessment: Assessment
    scores: Scores
    issues: tuple[Issue, ...]
    clauses: tuple[ClauseReadiness, ...]

    def __bool__(self) -> bool:
        return not self.blockers and self.scores.whole.warning is None

    @property
    def blockers(self) -> tuple[Issue, ...]:
        """What makes it not ready, whatever the score."""
        return tuple(each for each in self.issues if each.level == "blocker")

    def __str__(self) -> str:
        verdict = "ready to be looked at" if self else f"not ready ({len(self.blockers)} blockers)"
        return f"{verdict}: {self.scores.whole}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The score of a unit at a time."""

    on: date
    ref: str
    score: Score


def readiness(situation: Situation) -> Readiness:
    """Return how a unit stands.

    Examples
    --------
    ::

        standing = readiness(Situation(store, assessment, on=date.today()))
        print(standing)
        for issue in standing.issues:
            print(issue)
    """
    found = issues(situation)
    assessment = situation.assessment
    clauses = []
    for item, judgement in situation.judged():
        mine = tuple(each for each in found if each.key == item.key)
        level = mine[0].level if mine else "ready" if judgement.is_assessed else "open"
        clauses.append(ClauseReadiness(key=item.key, level=level, issues=mine))
    return Readiness(
        on=situation.on,
        assessment=assessment,
        scores=scores(assessment, situation.checklist, situation.related.values(), on=situation.on),
        issues=tuple(found),
        clauses=tuple(clauses),
    )


def counted(found: Sequence[Issue]) -> dict[str, int]:
    """Return how many issues there are of each level.

    Examples
    --------
    >>> counted(())
    {'blocker': 0, 'warning': 0, 'note': 0}
    """
    return {level: sum(each.level == level for each in found) for level in LEVELS}


def latest(store: Store, unit: str) -> Assessment | None:
    """Return the assessment of a unit that began last and was not cancelled, if there is one."""
    found = [each for each in store.find(Assessment, unit=unit) if each.status in OPEN]
    return max(found, key=lambda each: (each.begins or date.min, each.id), default=None)
