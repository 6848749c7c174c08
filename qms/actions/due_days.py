"""Days by which something is due: nobody moves one without keeping what it was, who moved it, when and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qms.lifecycle import Circumstances, Guard, Reason, Signed
from qms.record import Day, Words


class PreviousDue(Signed):
    """A day on which a record was due before somebody moved it, and why."""

    due: Day
    why: Words


def keeps_due(*names: str, initial: str = "") -> Guard:
    """Return a guard that refuses a day that was moved or emptied, and is not among ``previous_dues``.

    Parameters
    ----------
    *names : str
        Fields of the days; where there are several, each previous day says in ``of`` which one it was.
    initial : str
        State in which the days are free yet.
    """

    def guard(record: Any, circumstances: Circumstances) -> Iterator[Reason]:
        before: Any = circumstances.before
        if not isinstance(before, type(record)) or before.status == initial:
            return
        added = [each for each in record.previous_dues if each not in before.previous_dues]
        for name in names:
            due = getattr(before, name)
            kept = [each.due for each in added if getattr(each, "of", name) == name]
            if due in (None, getattr(record, name)) or due in (kept if circumstances.merging else kept[:1]):
                continue
            template = "move it by the step 'move', which keeps that it was due on {due}"
            yield Reason("due-not-kept", template, {"due": due})

    return guard


def moves_due(*names: str) -> Guard:
    """Return a guard that refuses a step that moves no day, or does not keep who moved it, when and why."""

    def guard(record: Any, circumstances: Circumstances) -> Iterator[Reason]:
        before = circumstances.before
        moved = [name for name in names if getattr(record, name) != getattr(before, name, None)]
        if not moved or any(getattr(record, name) is None for name in moved):
            yield Reason("not-moved", "say to which other day it moves", {})
        last = record.previous_dues[-1] if record.previous_dues else None
        kept = (circumstances.actor, circumstances.at, circumstances.why)
        if last is None or (last.by, last.at, last.why) != kept:
            yield Reason("due-not-kept", "the old date is kept with who moved it, when and why; use move_due", {})

    return guard
