"""The steps of an action: what leads from proposed to effective, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from qms.actions.action import DONE, Action
from qms.actions.ownership import (
    adds_verification,
    hand_over_rows,
    is_verified,
    keeps,
    keeps_owners,
    needs_owner,
    not_in_future,
    not_the_owner,
)
from qms.findings.finding import ENDS
from qms.lifecycle import Circumstances, LifeCycle, Reason, Transition, staying


def _needs_due(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    if record.due is None:
        yield Reason("without-due", "it is not due on any day; set its due date", {})


def _keeps_due(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if not isinstance(before, Action) or before.due in (None, record.due):
        return
    kept = [each.due for each in record.previous_dues if each not in before.previous_dues]
    if before.due not in (kept if circumstances.merging else kept[:1]):
        values = {"due": before.due}
        yield Reason("due-not-kept", "move the date by the step, which keeps that it was due on {due}", values)


def _moves_due(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if record.due is None or (isinstance(before, Action) and record.due == before.due):
        yield Reason("not-moved", "say to which other day it moves", {})
    elif record.created and record.due < record.created.date():
        values = {"due": record.due, "created": record.created.date()}
        yield Reason("due-before-plan", "it cannot be due on {due}; it was planned on {created} only", values)
    last = record.previous_dues[-1] if record.previous_dues else None
    kept = (circumstances.actor, circumstances.at, circumstances.why)
    if last is None or (last.by, last.at, last.why) != kept:
        yield Reason("due-not-kept", "the old date is kept with who moved it, when and why; use move_due", {})


def _dependencies_done(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    for each in circumstances.of(Action):
        if each.id in record.depends_on and each.status not in DONE:
            values = {"ref": each.ref, "state": each.status}
            yield Reason("dependency-open", "it depends on {ref}, which is {state}", values)


def _stays_with_finding(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if isinstance(before, Action) and before.finding != record.finding and before.finding is not None:
        yield Reason("other-finding", "it stays with its finding; cancel it and add another to that one", {})


def _fits_finding(record: Action, circumstances: Circumstances) -> Iterator[Reason]:
    finding = next((each for each in circumstances.related if each.id == record.finding), None)
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


def _settled_stays(before: Action, after: Action, circumstances: Circumstances) -> Iterator[Reason]:
    if before.is_settled and before.revised(labels=after.labels) != after:
        yield Reason("settled", "it is {state}; only its labels may change", {"state": before.status})


_OPEN = ("proposed", "approved", "in_progress", "blocked", "not_effective", "reopened")
_ALWAYS = (
    _stays_with_finding,
    _fits_finding,
    _keeps_due,
    keeps("previous_dues"),
    keeps("verifications"),
    keeps_owners("proposed"),
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
            meaning="the owner says that it is done",
        ),
        Transition(
            act="verify",
            sources=("done",),
            target="verified",
            guards=(not_the_owner, adds_verification("passed")),
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
            guards=(not_the_owner,),
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
            guards=(not_the_owner,),
            needs_why=True,
            records=(),
            signs="cancellation",
            meaning="it is not done after all",
        ),
        *staying(
            _OPEN,
            act="move",
            guards=(_moves_due,),
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
    edits=(_settled_stays,),
)
