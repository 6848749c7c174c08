"""Readiness: whether a unit could ask for accreditation, for each clause, as a whole and over time.

A unit is ready when nothing blocks it, whatever its score; the score never stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.scoring import Scores, scores
from accreditation.errors import UnknownError
from accreditation.gaps import Situation, as_it_was, issues
from accreditation.issue import LEVELS, Issue
from qms.months import months_after
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
        whole = self.scores.whole
        return whole.assessed > 0 and not self.blockers and whole.warning is None

    @property
    def blockers(self) -> tuple[Issue, ...]:
        """What makes it not ready, whatever the score."""
        return tuple(each for each in self.issues if each.level == "blocker")

    def __str__(self) -> str:
        verdict = "ready to be looked at" if self else f"not ready ({len(self.blockers)} blockers)"
        return f"{verdict}: {self.scores.whole}"


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


def readiness_over_time(
    store: Store, assessment: Assessment, *, on: date, every_months: int = 1
) -> Iterator[Readiness]:
    """Yield how a unit stood at intervals up to a day, the earliest first.

    Parameters
    ----------
    store : Store
    assessment : Assessment
        The ones that it follows speak for the days before it began.
    on : date
        The last day; the others are as many months before it as there was an assessment.
    every_months : int

    Examples
    --------
    ::

        for standing in readiness_over_time(store, assessment, on=date.today()):
            print(standing.on, standing.scores.whole.value, len(standing.blockers))
    """
    situations = [situation_on(store, assessment, on)]
    while True:
        before = months_after(on, -every_months * len(situations))
        try:
            situations.append(situation_on(store, assessment, before))
        except UnknownError:
            break
    while situations:
        yield readiness(situations.pop())


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
    return max(found, key=_beginning, default=None)


def situation_on(store: Store, assessment: Assessment, on: date) -> Situation:
    """Return how a unit stands on a day: as everything was at its end, if it is past.

    Parameters
    ----------
    store : Store
    assessment : Assessment
        As it is kept; the one that it follows speaks for a day before it began.
    on : date
        For a day to come, as everything is now, with what expires until then.

    Raises
    ------
    UnknownError
        If no assessment was under way or finished on that day.
    """
    if on >= store.now().date():
        return Situation(store, assessment, on=on)
    moment = datetime.combine(on, time.max, UTC)
    return Situation(store, assessment_at(store, assessment, moment), on=on, as_of=moment)


def assessment_at(store: Store, assessment: Assessment, moment: datetime) -> Assessment:
    """Return an assessment as it was at a time or, where it had not begun, the one that it follows.

    Raises
    ------
    UnknownError
        If neither was under way or finished then.
    """
    wanted: str | None = assessment.id
    while wanted is not None:
        then = as_it_was(store, Assessment, wanted, moment)
        if then is not None and then.status in (*OPEN, "superseded"):
            return then
        wanted = store.get(Assessment, wanted).follows
    begun = store.history(assessment.id)[0].moment.date()
    raise UnknownError(
        f"There was no assessment of {assessment.unit} on {moment.date()}; {assessment.ref} was begun on {begun}. "
        "Choose a later day, or an assessment that follows an earlier one."
    )


def _beginning(assessment: Assessment) -> tuple[date, str]:
    created = assessment.created.date() if assessment.created else date.min
    return assessment.begins or created, assessment.id
