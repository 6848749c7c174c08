"""How a unit stood on an earlier day, rebuilt from the ledger: its assessment, scores and actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.profile import Checklist
from accreditation.assessments.scoring import Scores, scores
from accreditation.readiness import situation_on
from accreditation.report.charts import OpenActions
from qms.actions.action import DONE, Action
from qms.ledger import applied
from qms.store import Store

MOST_POINTS = 60
"""Most days of a burn-down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How a unit stood at the end of a day.

    Attributes
    ----------
    on : date
    assessment : Assessment
    checklist : Checklist
    scores : Scores
    actions : tuple of Action
    """

    on: date
    assessment: Assessment
    checklist: Checklist
    scores: Scores
    actions: tuple[Action, ...]


def standing_at(store: Store, assessment: Assessment, day: date) -> Past:
    """Return how a unit stood at the end of a day by an assessment, or by the one that it follows.

    Raises
    ------
    UnknownError
        If there was no assessment under way or finished on that day.
    """
    situation = situation_on(store, assessment, day)
    return Past(
        on=day,
        assessment=situation.assessment,
        checklist=situation.checklist,
        scores=scores(situation.assessment, situation.checklist, situation.related.values(), on=day),
        actions=tuple(situation.of(Action)),
    )


def open_actions(store: Store, unit: str, *, since: date, until: date) -> list[OpenActions]:
    """Return how many actions of a unit were open and overdue at the end of days from one to another."""
    step = max(1, -(-(until - since).days // MOST_POINTS))
    days = [since + timedelta(days=n) for n in range(0, (until - since).days, step)]
    lives = [list(_life(store, each)) for each in store.find(Action, unit=unit)]
    return [_counted(lives, day) for day in (*days, until)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    since: date
    status: str
    due: date | None


def _life(store: Store, action: Action) -> Iterator[_State]:
    value: Any = {}
    for event in store.history(action.id):
        value = applied(value, event.patch)
        due = date.fromisoformat(value["due"]) if value.get("due") else None
        yield _State(since=event.moment.date(), status=value["status"], due=due)


def _counted(lives: Sequence[Sequence[_State]], day: date) -> OpenActions:
    states = [[each for each in life if each.since <= day] for life in lives]
    still = [each[-1] for each in states if each and each[-1].status not in DONE]
    return OpenActions(
        on=day, open=len(still), overdue=sum(each.due is not None and each.due < day for each in still)
    )
