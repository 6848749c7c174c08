"""Complaints and appeals: received, judged valid or not, investigated and decided by people outside the matter.

A complaint is about what the unit did; an appeal asks to look again at a decision that it took.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.audits.audit import Audit
from qms.audits.independence import owners
from qms.findings.finding import Finding, Origin, Statement
from qms.findings.grades import Grade, core_grades
from qms.lifecycle import Circumstances, Guard, LifeCycle, Reason, Signed, Transition
from qms.organisation import Person, name_of
from qms.record import Day, Deadline, Id, Record, Requirement, Text

if TYPE_CHECKING:
    from qms.change import Change

ACKNOWLEDGE_DAYS = 5
"""Days after receipt in which a complaint is acknowledged, unless it says otherwise."""
DECIDE_DAYS = 60
"""Days after receipt in which it is decided, unless it says otherwise."""
COMMUNICATE_DAYS = 10
"""Days after the decision in which the outcome is communicated."""


class Complaint(Record):
    """A complaint or an appeal.

    Attributes
    ----------
    type : str
        ``complaint`` or ``appeal``.
    subject : Text
        What it is about, in the words of whoever brought it.
    received_from : str
        Who brought it; empty when it is anonymous.
    received_on : date
    owner : str, optional
        Id of the person who sees it through.
    concerns : tuple of str
        Ids of the people, audits, findings, documents and other records that it is about.
    cases : tuple of str
        Case numbers that it is about.
    against : str, optional
        For an appeal, the id of the record that holds the decision.
    decided_before : tuple of str
        For an appeal, ids of the people who took the decision that it is against.
    acknowledge_by, decide_by : date or None
        5 and 60 days after receipt if left out.
    acknowledged_on : date or None
    validity : Text or None
        Why it is, or is not, for the unit to look into; recorded by ``validate`` and ``reject``.
    judged : Signed or None
        Who said so last; kept by the step.
    investigators : tuple of str
        Ids; nobody whom it concerns.
    investigation : Text or None
        What was found out.
    decided_by, decided_on, outcome, decision
        Recorded by ``decide``.
    communicated_on : date or None
        When whoever brought it was told, or, when nobody can be told, when the outcome was put on file.
    findings : tuple of str
        Ids of the findings that came out of it.
    """

    kind: ClassVar[str] = "complaint"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset({"acknowledged_on"})
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"validity", "judged", "decided_by", "decided_on", "outcome", "decision", "communicated_on"}
    )

    type: Literal["complaint", "appeal"] = "complaint"
    subject: Text
    received_from: Annotated[str, Field(max_length=300)] = ""
    received_on: Day
    owner: Id | None = None
    concerns: tuple[Id, ...] = ()
    cases: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = ()
    against: Id | None = None
    decided_before: tuple[Id, ...] = ()
    acknowledge_by: Day | None = None
    decide_by: Day | None = None
    acknowledged_on: Day | None = None
    validity: Text | None = None
    judged: Signed | None = None
    investigators: tuple[Id, ...] = ()
    investigation: Text | None = None
    decided_by: tuple[Id, ...] = ()
    decided_on: Day | None = None
    outcome: Literal["upheld", "partly_upheld", "not_upheld", "withdrawn", ""] = ""
    decision: Text | None = None
    communicated_on: Day | None = None
    findings: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.type == "complaint" and (self.against or self.decided_before):
            raise ValueError("only an appeal is against a decision; make it an appeal, or leave the decision out")
        for name in ("acknowledge_by", "decide_by", "acknowledged_on", "decided_on", "communicated_on"):
            day = getattr(self, name)
            if day and day < self.received_on:
                raise ValueError(f"{name} ({day}) is before it was received on {self.received_on}")
        return self

    @property
    def anonymous(self) -> bool:
        """Whether nobody is known to have brought it."""
        return not self.received_from

    def series(self, year: int) -> str:
        """Return ``COM-<year>-``, or ``APP-<year>-`` for an appeal."""
        return f"{'APP' if self.type == 'appeal' else 'COM'}-{year}-"

    def headline(self) -> Text:
        """Return the subject."""
        return self.subject

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return by when it is to be acknowledged, decided and communicated, as far as it is not."""
        due = []
        if not self.acknowledged_on and not self.anonymous and self.status not in ("communicated", "closed"):
            day = self.acknowledge_by or self.received_on + timedelta(days=ACKNOWLEDGE_DAYS)
            due.append(Deadline("acknowledgement", day, self.owner or ""))
        if self.status in ("received", "validated", "investigating"):
            day = self.decide_by or self.received_on + timedelta(days=DECIDE_DAYS)
            due.append(Deadline("decision", day, self.owner or ""))
        if self.status == "decided" and self.decided_on:
            due.append(Deadline("outcome", self.decided_on + timedelta(days=COMMUNICATE_DAYS), self.owner or ""))
        return tuple(due)


def involved(complaint: Complaint, related: tuple[Record, ...]) -> dict[str, Reason]:
    """Return who is involved in the matter, by id, with the way in which they are.

    Parameters
    ----------
    complaint : Complaint
    related : tuple of Record
        What it names (`Store.related`).

    Notes
    -----
    Involved are the people whom it names, whoever owns or owned a record that it concerns, the auditors of an
    audit that it concerns, and for an appeal everybody who took the decision that it is against.
    """
    kept = {each.id: each for each in related}
    found: dict[str, Reason] = {}
    for record in (kept[each] for each in complaint.concerns if each in kept):
        if isinstance(record, Person):
            found.setdefault(record.id, Reason("concerned", "the matter is about them"))
            continue
        for person in record.team if isinstance(record, Audit) else sorted(owners(record)):
            values = {"record": f"{record.kind} {record.ref}"}
            found.setdefault(person, Reason("owner", "{record}, which it is about, is theirs", values))
    decision = kept.get(complaint.against or "")
    earlier = decision.decided_by + decision.investigators if isinstance(decision, Complaint) else ()
    for person in (*complaint.decided_before, *earlier):
        found.setdefault(person, Reason("decided-before", "they took part in the decision that it is against"))
    return found


def raise_finding(
    change: Change,
    complaint: Complaint,
    *,
    grade: Grade | str,
    gap: Text,
    requirements: tuple[Requirement, ...] = (),
    evidence: Text | None = None,
    owner: str | None = None,
) -> tuple[Complaint, Finding]:
    """Make a finding out of a complaint, and tie the two in one change.

    Parameters
    ----------
    change : Change
    complaint : Complaint
        Not closed.
    grade : Grade or str
    gap : Text
        What is not as it should be.
    requirements : tuple of Requirement
    evidence : Text, optional
        What was seen; what the investigation found if left out.
    owner : str, optional
        Id of the person who has to answer.

    Returns
    -------
    complaint, finding
        As they are kept now; the finding is a draft.
    """
    finding = change.add(
        Finding(
            unit=complaint.unit,
            grade=core_grades().grade(grade),
            requirements=requirements,
            statement=Statement(gap=gap, evidence=evidence or complaint.investigation),
            origin=Origin(kind="complaint", record=complaint.id),
            raised_by=change.by,
            raised_on=change.at.date(),
            owner=owner,
        )
    )
    return change.save(complaint.revised(findings=(*complaint.findings, finding.id))), finding


def _outside(field: str, what: str) -> Guard:
    def outside(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
        inside = involved(complaint, circumstances.related)
        people: tuple[str, ...] = getattr(complaint, field)
        if not people:
            yield Reason("nobody", "say who {what}", {"what": what})
        for person in (each for each in people if each in inside):
            values = {"person": name_of(person, circumstances.related), "what": what, "how": inside[person]}
            yield Reason("involved", "{person} {what} but is involved in the matter: {how}", values)

    return outside


def _by_outsider(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    how = involved(complaint, circumstances.related).get(circumstances.actor)
    if how:
        values = {"person": name_of(circumstances.actor, circumstances.related), "how": how}
        yield Reason("actor-involved", "{person} cannot do this and is involved in the matter: {how}", values)


def _by_decider(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if complaint.decided_by and circumstances.actor not in complaint.decided_by:
        yield Reason("not-the-decider", "whoever records the decision is one of those who took it (decided_by)")


def _against_what(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if complaint.type == "appeal" and not complaint.against and not complaint.decided_before:
        yield Reason("no-decision", "an appeal has to name the decision that it is against, or who took it")


def _judged(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if complaint.validity is None:
        yield Reason("not-judged", "say why it is, or is not, for the unit to look into")
    if complaint.received_on > circumstances.today + timedelta(days=1):
        yield Reason(
            "future-day", "the day on which it was received, {day}, is to come", {"day": complaint.received_on}
        )


def _decided(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    lacking = {
        "what the investigation found": complaint.investigation,
        "the decision with its grounds": complaint.decision,
        "the outcome (upheld, partly_upheld, not_upheld, withdrawn)": complaint.outcome,
        "the day of the decision": complaint.decided_on,
    }
    for what in (name for name, there in lacking.items() if not there):
        yield Reason("not-decided", "it lacks {what}", {"what": what})
    if complaint.decided_on and complaint.decided_on > circumstances.today + timedelta(days=1):
        yield Reason("future-day", "the decision of {day} is to come", {"day": complaint.decided_on})


def _decided_if_valid(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if complaint.decision:
        yield from _decided(complaint, circumstances)


def _communicated(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if complaint.communicated_on is None:
        yield Reason("not-communicated", "it lacks the day on which the outcome was communicated")
        return
    day = {"day": complaint.communicated_on, "decided": complaint.decided_on}
    if complaint.communicated_on > circumstances.today + timedelta(days=1):
        yield Reason("future-day", "the day of its communication, {day}, is to come", day)
    if complaint.decided_on and complaint.communicated_on < complaint.decided_on:
        yield Reason("out-of-order", "the day of its communication, {day}, is before that of the decision", day)


def _looked_into(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if not complaint.decision:
        yield Reason("not-looked-into", "it was not valid and nobody looked into it; there is nothing to reopen")


def _acknowledged(complaint: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if complaint.acknowledged_on and complaint.acknowledged_on > circumstances.today + timedelta(days=1):
        day = {"day": complaint.acknowledged_on}
        yield Reason("future-day", "the day on which it was acknowledged, {day}, is to come", day)


def _edited_by_outsider(before: Complaint, after: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    if after != before:
        yield from list(_by_outsider(before, circumstances)) or _by_outsider(after, circumstances)


def _settled(before: Complaint, after: Complaint, circumstances: Circumstances) -> Iterator[Reason]:
    fixed = _BROUGHT if before.status in ("validated", "investigating", "not_valid") else _MATTER
    if before.status != "received":
        for name in (each for each in fixed if getattr(before, each) != getattr(after, each)):
            values = {"field": name.replace("_", " "), "state": before.status}
            yield Reason("settled", "it is {state}; {field} stays as it is, unless it is reopened", values)
    for name in ("concerns", "decided_before", "findings"):
        dropped = not set(getattr(before, name)) <= set(getattr(after, name))
        if dropped and (before.status != "received" or not circumstances.why):
            values = {"field": name.replace("_", " ")}
            yield Reason("concern-dropped", "{field} only grow; while it is received, say why one goes", values)


_BROUGHT = ("type", "against", "subject", "received_from", "received_on")
"""What somebody brought; fixed once it was judged whether it is for the unit to look into."""
_MATTER = (*_BROUGHT, "concerns", "cases", "decided_before", "decide_by", "investigators", "investigation")
"""What is fixed once it is decided."""
_INVESTIGATORS = _outside("investigators", "investigates it")
_DECIDERS = _outside("decided_by", "decides it")
_DECISION = ("decided_by", "decided_on", "outcome", "decision")
_TOLD = (_acknowledged, _judged, _decided_if_valid, _communicated)

COMPLAINT = LifeCycle(
    name="complaint",
    initial="received",
    final=("closed",),
    transitions=(
        Transition(
            act="validate",
            sources=("received", "not_valid"),
            target="validated",
            guards=(_by_outsider, _judged, _against_what),
            records=("validity",),
            signs="judged",
            meaning="it is for the unit to look into",
        ),
        Transition(
            act="reject",
            sources=("received", "validated"),
            target="not_valid",
            guards=(_by_outsider, _judged),
            records=("validity",),
            signs="judged",
            meaning="it is not for the unit to look into",
        ),
        Transition(
            act="investigate",
            sources=("validated",),
            target="investigating",
            guards=(_by_outsider,),
            records=("investigators",),
            meaning="somebody outside the matter looks into it",
        ),
        Transition(
            act="decide",
            sources=("investigating",),
            target="decided",
            guards=(_by_outsider, _by_decider),
            records=("investigation", *_DECISION),
            meaning="somebody outside the matter decides",
        ),
        Transition(
            act="communicate",
            sources=("decided", "not_valid"),
            target="communicated",
            guards=(_by_outsider,),
            records=("communicated_on",),
            meaning="whoever brought it is told",
        ),
        Transition(
            act="reopen",
            sources=("decided", "communicated"),
            target="investigating",
            guards=(_by_outsider, _looked_into),
            needs_why=True,
            records=(),
            meaning="look into it again",
        ),
        Transition(
            act="close",
            sources=("communicated",),
            target="closed",
            guards=(_by_outsider,),
            records=(),
            meaning="nothing is left",
        ),
    ),
    demands=MappingProxyType(
        {
            **dict.fromkeys(("received", "validated", "not_valid"), (_acknowledged,)),
            "investigating": (_acknowledged, _against_what, _INVESTIGATORS),
            "decided": (_acknowledged, _against_what, _INVESTIGATORS, _DECIDERS, _decided),
            "communicated": _TOLD,
            "closed": _TOLD,
        }
    ),
    edits=(_edited_by_outsider, _settled),
)
"""Life cycle of a complaint or an appeal."""
