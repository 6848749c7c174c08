"""The steps of an action: what leads from proposed to effective, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from qms.actions.action import DONE, Action
from qms.actions.due_days import keeps_due, moves_due
from qms.actions.ownership import (
    adds_verification,
    changes_by_other,
    hand_over_rows,
    is_verified,
    keeps,
    keeps_owners,
    needs_owner,
    not_in_future,
    not_the_owner,
    not_who_did_it,
    owner_is_active,
)
from qms.findings.finding import ANSWERED, ENDS, Finding
from qms.lifecycle import Circumstances, LifeCycle, Reason, Transition, staying


def _needs_due(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    if record.due is None:
        yield Reason("without-due", "it is not due on any day; set its due date", {})


def _due_after_plan(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if circumstances.merging or not isinstance(before, Action) or record.due in (None, before.due):
        return
    planned = record.created.date() if record.created else circumstances.today
    if record.due < planned:
        values = {"due": record.due, "planned": planned}
        yield Reason("due-before-plan", "it cannot be due on {due}; it was planned on {planned} only", values)


def _dependencies_done(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    for each in circumstances.of(Action):
        if each.id in record.depends_on and each.status not in DONE:
            values = {"ref": each.ref, "state": each.status}
            yield Reason("dependency-open", "it depends on {ref}, which is {state}", values)


def _stays_with_finding(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if isinstance(before, Action) and before.finding != record.finding and before.finding is not None:
        yield Reason("other-finding", "it stays with its finding; cancel it and add another to that one", {})


def _finding_of(record: Action, circumstances: Circumstances) -> Finding | None:
    return next((each for each in circumstances.of(Finding) if each.id == record.finding), None)


def _plan_agreed(record: Action, circumstances: Circumstances) -> Finding | None:
    """Return its finding if its plan is agreed, and this action with it."""
    finding = _finding_of(record, circumstances)
    return finding if finding and finding.agreed and finding.status in ANSWERED else None


def _fits_finding(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    finding = _finding_of(record, circumstances)
    if finding is None or finding.status not in ENDS:
        return
    before = circumstances.before
    was = before.status if isinstance(before, Action) and before.is_settled else record.status
    if not record.is_settled or (was != record.status and (was, record.status) != ("verified", "effective")):
        values = {"ref": finding.ref, "state": finding.status}
        yield Reason(
            "finding-closed", "its finding {ref} is {state}; raise a new one, or cancel the action", values
        )


def _cancelled_by_other(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    if record.cancellation is None or record.cancellation.by in record.owners:
        yield Reason("not-approved", "somebody who does not own it has to approve that it is cancelled", {})


def _not_owned_by_finding(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    finding = _plan_agreed(record, circumstances)
    if finding and circumstances.actor in finding.owners:
        template = "it belongs to the agreed plan of {ref}; whoever owns that, or did, may not do this"
        yield Reason("own-finding", template, {"ref": finding.ref})


def _plan_stays(before: Action, after: Action, circumstances: Circumstances) -> Iterator[Reason]:
    if before.status == "done":
        changed = [name for name in PLANNED if getattr(before, name) != getattr(after, name)]
        if changed:
            values = {"fields": ", ".join(changed)}
            yield Reason("done", "it is done; {fields} stay as they were, unless it is sent back", values)
    elif not before.is_settled and (before.status != "proposed" or _plan_agreed(before, circumstances)):
        yield from changes_by_other(PLANNED, before, after, circumstances)


def _settled_stays(before: Action, after: Action, circumstances: Circumstances) -> Iterator[Reason]:
    if before.is_settled and before.revised(labels=after.labels) != after:
        yield Reason("settled", "it is {state}; only its labels may change", {"state": before.status})


PLANNED = ("purpose", "title", "detail", "depends_on")
"""What is to be done; nobody changes it alone once it is approved."""
_OPEN = ("proposed", "approved", "in_progress", "blocked", "not_effective", "reopened")
_ALWAYS = (
    _stays_with_finding,
    _fits_finding,
    keeps_due("due"),
    _due_after_plan,
    keeps("previous_dues"),
    keeps("verifications"),
    keeps_owners("proposed"),
    owner_is_active,
)
_VERIFIED = (*_ALWAYS, is_verified, not_in_future("verifications"))

ACTION = LifeCycle(
    name="action",
    initial="proposed",
    final=("effective", "cancelled"),
    transitions=(
        Transition(
            act="approve",
            sources=("proposed",),
            target="approved",
            guards=(needs_owner, _needs_due),
            records=(),
            meaning="it is to be done",
        ),
        Transition(
            act="start",
            sources=("approved", "reopened"),
            target="in_progress",
            records=("progress",),
            meaning="the owner begins",
        ),
        Transition(
            act="block",
            sources=("approved", "in_progress"),
            target="blocked",
            needs_why=True,
            records=(),
            meaning="it cannot go on",
        ),
        Transition(
            act="resume", sources=("blocked",), target="in_progress", records=("progress",), meaning="it goes on"
        ),
        Transition(
            act="finish",
            sources=("in_progress",),
            target="done",
            guards=(_dependencies_done,),
            records=("progress", "evidence"),
            signs="finished",
            meaning="the owner says that it is done",
        ),
        Transition(
            act="verify",
            sources=("done",),
            target="verified",
            guards=(not_who_did_it, adds_verification("passed")),
            records=("verifications",),
            meaning="somebody else saw that it is done",
        ),
        Transition(
            act="send_back",
            sources=("done",),
            target="in_progress",
            guards=(not_the_owner, adds_verification("failed")),
            records=("verifications",),
            meaning="somebody else saw that it is not done",
        ),
        Transition(
            act="confirm",
            sources=("verified",),
            target="effective",
            guards=(not_who_did_it,),
            needs_why=True,
            records=(),
            meaning="it had the effect that it was for",
        ),
        Transition(
            act="refute",
            sources=("verified",),
            target="not_effective",
            guards=(not_the_owner,),
            needs_why=True,
            records=(),
            meaning="it did not have the effect that it was for",
        ),
        Transition(
            act="reopen", sources=("not_effective",), target="reopened", records=(), meaning="it is done anew"
        ),
        Transition(
            act="cancel",
            sources=_OPEN,
            target="cancelled",
            guards=(not_the_owner, _not_owned_by_finding),
            needs_why=True,
            records=(),
            signs="cancellation",
            meaning="it is not done after all",
        ),
        *staying(
            _OPEN,
            act="move",
            guards=(moves_due("due"),),
            needs_why=True,
            records=("due", "previous_dues"),
            meaning="it is due on another day",
        ),
        *hand_over_rows(_OPEN),
    ),
    demands=MappingProxyType(
        {
            **dict.fromkeys((*_OPEN, "done"), _ALWAYS),
            **dict.fromkeys(("verified", "effective"), _VERIFIED),
            "cancelled": (*_ALWAYS, _cancelled_by_other),
        }
    ),
    edits=(_plan_stays, _settled_stays),
)
