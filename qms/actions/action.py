"""Actions: what somebody does by a day, to correct, to remove a cause, to improve, to treat a risk.

A correction puts this one case right; a corrective action removes the cause. An action is verified by somebody who
does not own it, keeps every date that it was due before, and is never marked overdue: that follows from the day.
The table of its steps is `qms.actions.cycle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.actions.due_days import PreviousDue
from qms.actions.ownership import Verified
from qms.errors import RefusedError
from qms.lifecycle import Lookup, Reason, Signed
from qms.record import Currency, Day, Deadline, Id, Link, Part, Text

if TYPE_CHECKING:
    from qms.change import Change

Purpose = Literal["correction", "corrective", "improvement", "risk_treatment", "milestone"]


class Cost(Part):
    """An amount of money in an ISO 4217 currency."""

    amount: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
    currency: Currency


class Action(Verified):
    """What one person does by a day.

    Attributes
    ----------
    purpose : str
        correction, corrective, improvement, risk_treatment or milestone.
    title : Text
    detail : Text, optional
    finding : str, optional
        Id of the finding that it answers; never changes.
    owner, previous_owners
        See `Owned`.
    start, due : date, optional
    previous_dues : tuple of PreviousDue
        Every date that it was due before, the oldest first; `move_due` keeps them.
    depends_on : tuple of str
        Ids of actions that must be done before this one is.
    effort_hours : Decimal, optional
    cost : Cost, optional
    progress : int
        Percent of the work that is done, while it is under way.
    evidence : tuple of Link
    finished : Signed, optional
        Who said last that it is done, and when.
    verifications : tuple of Verification
        By somebody who neither owns it nor said that it is done; the last one counts.
    cancellation : Signed, optional
        Who approved that it is not done after all; why stands in the ledger.

    Examples
    --------
    >>> seals = Text.of("Buy seals", "en")
    >>> action = Action(unit="AL-TIR", purpose="corrective", title=seals, due=date(2026, 5, 1))
    >>> action.overdue(date(2026, 5, 1)), action.overdue(date(2026, 5, 2))
    (False, True)
    """

    kind: ClassVar[str] = "action"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset({"progress", "previous_owners", "previous_dues", "finished"})
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"previous_owners", "previous_dues", "finished", "verifications", "cancellation"}
    )

    purpose: Purpose
    title: Text
    detail: Text | None = None
    finding: Id | None = None
    start: Day | None = None
    due: Day | None = None
    previous_dues: tuple[PreviousDue, ...] = ()
    depends_on: tuple[Id, ...] = ()
    effort_hours: Annotated[Decimal, Field(ge=0, max_digits=8, decimal_places=2)] | None = None
    cost: Cost | None = None
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    evidence: tuple[Link, ...] = ()
    cancellation: Signed | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.due and self.due < self.start:
            raise ValueError(f"it is due on {self.due}, before its start on {self.start}; move one of the two")
        if self.id in self.depends_on:
            raise ValueError("it depends on itself; take it out of depends_on")
        return self

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done: verified, effective or cancelled."""
        return self.status in SETTLED

    def overdue(self, today: date) -> bool:
        """Return whether it should be done and is not."""
        return self.due is not None and self.due < today and self.status not in DONE

    def series(self, year: int) -> str:
        """Return ``ACT-<year>-``."""
        return f"ACT-{year}-"

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return the day by which it must be done, until it is."""
        if self.due is None or self.status in DONE:
            return ()
        return (Deadline("action", self.due, self.owner or ""),)

    def headline(self) -> Text:
        """Return the title."""
        return self.title


SETTLED = ("verified", "effective", "cancelled")
DONE = ("done", *SETTLED)


def depends_in_circle(action: Action, lookup: Lookup) -> Iterator[Reason]:
    """Refuse an action that waits, by whatever others, for itself.

    Parameters
    ----------
    action : Action
        As it is to be kept.
    lookup : callable
        Returns the record with an id as it is kept, or None.
    """
    known = {action.id: action}
    waiting = list(action.depends_on)
    while waiting:
        each = waiting.pop()
        found = None if each in known else lookup(each)
        if isinstance(found, Action):
            known[each] = found
            waiting += found.depends_on
    circle = circular(known)
    if circle:
        names = " -> ".join(known[each].ref for each in circle)
        yield Reason("circular", "its dependencies run in a circle: {circle}; take one out", {"circle": names})


def circular(actions: Mapping[str, Action]) -> tuple[str, ...]:
    """Return the ids along a circle of dependencies, the first one again at the end, or nothing.

    Parameters
    ----------
    actions : mapping of str to Action
        By id; dependencies on others are left out.

    Examples
    --------
    >>> from qms.record import new_id
    >>> egg, hen = new_id(), new_id()
    >>> def action(own, other):
    ...     title = Text.of("Hatch", "en")
    ...     return Action(id=own, unit="AL-TIR", purpose="milestone", title=title, depends_on=(other,))
    >>> circular({egg: action(egg, hen), hen: action(hen, egg)}) == (egg, hen, egg)
    True
    """
    cleared: set[str] = set()
    for first in actions:
        path: dict[str, Iterator[str]] = {}
        current: str | None = None if first in cleared else first
        while current is not None:
            path.setdefault(current, iter(actions[current].depends_on))
            following = next((each for each in path[current] if each in actions and each not in cleared), None)
            if following in path:
                trail = list(path)
                return (*trail[trail.index(str(following)) :], str(following))
            if following is None:
                path.pop(current)
                cleared.add(current)
                following = next(reversed(path), None)
            current = following
    return ()


def move_due(change: Change, action: Action, due: date) -> Action:
    """Move the day on which an action is due and keep the old one with who moved it, when and why.

    Parameters
    ----------
    change : Change
        Its ``why`` is the reason; it may not be empty.
    action : Action
    due : date

    Raises
    ------
    RefusedError
        If the action was not due on any day before, is done, no reason is given, or the new day is before the one
        on which the action was planned.
    """
    if action.due is None:
        why = Reason("never-due", "it has no due date yet; set one by an edit", {})
        raise RefusedError(f"{action.ref}: cannot move", [why])
    old = {"due": action.due, "by": change.by, "at": change.at, "why": change.why or "-"}
    kept = (*action.previous_dues, PreviousDue.model_validate(old))
    return change.advance(action, "move", due=due, previous_dues=kept)
