"""The life cycle of evidence: asked for, received, accepted or rejected, revised and judged again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from qms.actions.ownership import keeps
from qms.evidence.evidence import Evidence
from qms.lifecycle import Circumstances, LifeCycle, Reason, Transition
from qms.record import Record


def _is_request(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if evidence.revisions:
        yield Reason("supplied-unreceived", "it has come already; take the step 'receive' with it", {})
    if evidence.owner is None:
        yield Reason("nobody-asked", "say who is asked for it (owner)", {})
    if evidence.due is None:
        yield Reason("without-due", "say by when it is asked for (due)", {})
    elif evidence.due < (evidence.created.date() if evidence.created else circumstances.today):
        yield Reason("due-in-past", "it is due on {day}, before it is asked for", {"day": str(evidence.due)})


def _has_something(evidence: Evidence, _: Circumstances) -> Iterator[Reason]:
    if not evidence.revisions:
        yield Reason("nothing-supplied", "it has neither a file nor an address; supply one", {})


def _has_period(evidence: Evidence, _: Circumstances) -> Iterator[Reason]:
    if evidence.effective_from is None:
        yield Reason("without-period", "say for which period it speaks (effective_from, effective_to)", {})


def _judged_by_another(evidence: Evidence, _: Circumstances) -> Iterator[Reason]:
    if evidence.judged is None:
        yield Reason("not-judged", "nobody is recorded to have accepted it; take the step 'accept'", {})
    elif evidence.judged.by in {each.added_by for each in evidence.revisions}:
        yield Reason("judges-own", "whoever supplied it does not accept it; ask somebody else", {})


def _by_nobody_of_its_own(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if circumstances.actor == evidence.owner:
        yield Reason("judges-own", "whoever keeps it does not accept it; ask somebody else", {})
    if circumstances.actor == evidence.collected_by:
        yield Reason("judges-own", "whoever collected it does not accept it; ask somebody else", {})
    if circumstances.actor in evidence.amenders:
        yield Reason("judges-own", "whoever changed what it says does not accept it; ask somebody else", {})
    if evidence.renewed and circumstances.actor == evidence.renewed.by:
        yield Reason("judges-own", "whoever revised it does not accept it; ask somebody else", {})


def _speaks_by_now(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if evidence.effective_from and evidence.effective_from > circumstances.today + timedelta(days=1):
        day = {"day": str(evidence.effective_from)}
        yield Reason("not-yet", "it speaks for a time from {day} on, which is to come", day)


def _grows(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if isinstance(before, Evidence) and evidence.revisions[: len(before.revisions)] != before.revisions:
        yield Reason("revision-changed", "revisions that are kept stay as they are; add a new one", {})


def _supplied_by_actor(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    kept = len(before.revisions) if isinstance(before, Evidence) else 0
    if any(each.added_by != circumstances.actor for each in evidence.revisions[kept:]):
        yield Reason("supplied-by-another", "a new revision is added by whoever makes the change", {})


def _edit_adds_as_actor(before: Evidence, after: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    yield from _supplied_by_actor(after, circumstances)
    if before.status in ("accepted", "rejected") and after.content() != before.content():
        yield Reason(
            "judged", "it was {state} as it is; take the step 'revise' to change it", {"state": before.status}
        )


def _amended_as_actor(before: Evidence, after: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if before.status != "received" or circumstances.actor in after.amenders:
        return
    changed = [name for name in _SAID if getattr(before, name) != getattr(after, name)]
    if changed:
        template = "whoever changes {fields} once it came is kept among its amenders; use 'amend'"
        yield Reason("unnamed-amender", template, {"fields": ", ".join(changed)})


_SUPPLIED = tuple(
    name
    for name in Evidence.model_fields
    if name not in {*Record.model_fields, *Evidence.STEP_FIELDS, *Evidence.UNITED}
)
_SAID = ("owner", *(name for name in _SUPPLIED if name not in {"revisions", *Evidence.BOOKKEEPING}))
"""What evidence is judged by, beside what was supplied."""

_CAME = (_grows, keeps("amenders"), _has_something)

EVIDENCE = LifeCycle(
    name="evidence",
    initial="requested",
    final=("cancelled",),
    transitions=(
        Transition(
            act="receive",
            sources=("requested",),
            target="received",
            guards=(_supplied_by_actor,),
            records=_SUPPLIED,
            meaning="take what was supplied",
        ),
        Transition(
            act="accept",
            sources=("received",),
            target="accepted",
            guards=(_by_nobody_of_its_own, _speaks_by_now),
            records=(),
            signs="judged",
            meaning="say that it shows what it is to show",
        ),
        Transition(
            act="reject",
            sources=("received",),
            target="rejected",
            records=(),
            signs="judged",
            needs_why=True,
            meaning="say why it does not",
        ),
        Transition(
            act="revise",
            sources=("accepted", "rejected"),
            target="received",
            guards=(_supplied_by_actor,),
            records=_SUPPLIED,
            signs="renewed",
            needs_why=True,
            meaning="put right or renew it, to be judged again",
        ),
        Transition(
            act="cancel",
            sources=("requested",),
            target="cancelled",
            records=(),
            needs_why=True,
            meaning="no longer ask for it",
        ),
    ),
    demands={
        "requested": (_is_request,),
        "received": _CAME,
        "accepted": (*_CAME, _has_period, _judged_by_another),
        "rejected": _CAME,
    },
    edits=(_edit_adds_as_actor, _amended_as_actor),
)
