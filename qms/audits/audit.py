"""Internal audits: what is audited against what, by whom, line by line, and what came of it.

An audit is the unit's own; an accreditation body *assesses*. The lines of the checklist hold the answers with
their audit evidence; whatever does not conform becomes a finding out of its line (`raise_finding`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.audits.checklist import AuditedArea, AuditSample, ChecklistLine, PlannedDates
from qms.audits.fixed import (
    declared_by_oneself,
    keeps_dates,
    keeps_independence,
    keeps_samples,
    stays_reported,
)
from qms.audits.independence import Declaration, IndependenceException, without_exception
from qms.errors import UnknownError
from qms.findings.finding import Finding
from qms.lifecycle import Circumstances, Guard, LifeCycle, Reason, Transition, staying
from qms.organisation import name_of
from qms.record import Day, Deadline, Id, Record, Requirement, Text

REPORT_DAYS = 30
"""Days after the end of the work on site in which the report is due, unless the audit says otherwise."""
Method = Literal["on_site", "remote", "witness", "document"]


class Audit(Record):
    """One internal audit.

    Attributes
    ----------
    title : Text
    programme : str, optional
        Id of the audit programme.
    criteria : tuple of Requirement
    criteria_documents : tuple of str
        Ids of documents that are audited against as well.
    scope : Text or None
        Activities, sites and time that the audit covers.
    method : str
        ``on_site``, ``remote``, ``witness`` or ``document``.
    lead, team : str, optional, and tuple of str
        Ids of the lead auditor and of all auditors, the lead among them.
    areas : tuple of AuditedArea
    apart_months : int
        Nobody audits an area that they worked in within so many months.
    declarations : tuple of Declaration
        What the auditors said about their own work in the areas.
    exceptions : tuple of IndependenceException
        Set by the act ``allow_exception`` only.
    planned_from, planned_to : date or None
        Moved by the act ``replan`` only (`replan`).
    former_dates : tuple of PlannedDates
    began, ended, reported_on : date or None
        Recorded by the acts ``start``, ``finish`` and ``report``.
    samples : tuple of AuditSample
    lines : tuple of ChecklistLine
    conclusion : Text or None
    report_due : date or None
        30 days after the end if left out.
    """

    kind: ClassVar[str] = "audit"
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"exceptions", "former_dates", "began", "ended", "reported_on"}
    )

    title: Text
    programme: Id | None = None
    criteria: tuple[Requirement, ...] = ()
    criteria_documents: tuple[Id, ...] = ()
    scope: Text | None = None
    method: Method = "on_site"
    lead: Id | None = None
    team: tuple[Id, ...] = ()
    areas: tuple[AuditedArea, ...] = ()
    apart_months: Annotated[int, Field(ge=0, le=120)] = 12
    declarations: tuple[Declaration, ...] = ()
    exceptions: tuple[IndependenceException, ...] = ()
    planned_from: Day | None = None
    planned_to: Day | None = None
    former_dates: tuple[PlannedDates, ...] = ()
    began: Day | None = None
    ended: Day | None = None
    reported_on: Day | None = None
    samples: tuple[AuditSample, ...] = ()
    lines: tuple[ChecklistLine, ...] = ()
    conclusion: Text | None = None
    report_due: Day | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for what, names in (
            ("area", [area.key for area in self.areas]),
            ("sample", [sample.name for sample in self.samples]),
            ("line", [line.n for line in self.lines]),
            ("auditor", list(self.team)),
            ("declaration of", [each.person for each in self.declarations]),
        ):
            twice = [str(name) for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"{what} {', '.join(twice)}: more than once; each may be there once")
        areas, samples = {area.key for area in self.areas}, {sample.name for sample in self.samples}
        for line in self.lines:
            if line.area and line.area not in areas:
                raise ValueError(f"line {line.n}: there is no area {line.area!r} in this audit")
            if line.sample and line.sample not in samples:
                raise ValueError(f"line {line.n}: there is no sample {line.sample!r} in this audit")
        if self.id in {record for area in self.areas for record in area.records}:
            raise ValueError("it is a record of its own areas; name what it audits")
        if self.planned_to and (not self.planned_from or self.planned_to < self.planned_from):
            raise ValueError(f"planned_to ({self.planned_to}) is before planned_from ({self.planned_from})")
        return self

    def series(self, year: int) -> str:
        """Return ``AUD-<year>-``."""
        return f"AUD-{year}-"

    def headline(self) -> Text:
        """Return the title."""
        return self.title

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return when the audit begins, ends or has to be reported, whichever comes next."""
        due = {
            "planned": ("audit", self.planned_from),
            "prepared": ("audit", self.planned_from),
            "running": ("end of audit", self.planned_to),
            "reporting": ("audit report", self.report_due_on),
            "postponed": ("new dates", self.planned_from),
        }
        what, on = due.get(self.status, ("", None))
        return (Deadline(what, on, self.lead or ""),) if on else ()

    @property
    def report_due_on(self) -> date | None:
        """The day by which the report is due."""
        if self.report_due:
            return self.report_due
        return self.ended + timedelta(days=REPORT_DAYS) if self.ended else None

    def line(self, n: int) -> ChecklistLine:
        """Return the line with a number.

        Raises
        ------
        UnknownError
            If there is none.
        """
        for line in self.lines:
            if line.n == n:
                return line
        known = ", ".join(str(line.n) for line in self.lines) or "none"
        raise UnknownError(f"{self.ref or 'The audit'} has no line {n}; it has {known}.")

    def with_line(self, line: ChecklistLine) -> Self:
        """Return the audit with one line put in, in the place of the one with its number if there is one."""
        lines = {each.n: each for each in self.lines} | {line.n: line}
        return self.revised(lines=tuple(lines[n] for n in sorted(lines)))


def _new_dates(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if not isinstance(before, Audit):
        return
    if not audit.planned_from or not audit.planned_to:
        yield Reason("without-dates", "it needs the days from and to which it is planned")
    old = (before.planned_from, before.planned_to or before.planned_from)
    if (audit.planned_from, audit.planned_to) == old:
        yield Reason("same-dates", "it is planned for {day} already", {"day": audit.planned_from})
    kept = [(each.planned_from, each.planned_to) for each in audit.former_dates]
    expected = [(each.planned_from, each.planned_to) for each in before.former_dates] + [old] * bool(old[0])
    if kept != expected:
        yield Reason("dates-lost", "the days that it was planned for before have to be kept in former_dates")


def _allowed(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before.exceptions if isinstance(circumstances.before, Audit) else ()
    new = audit.exceptions[len(before) :]
    if not new or audit.exceptions[: len(before)] != before:
        yield Reason("no-new-exception", "it adds one exception or more to those that there are; none was given")
    for each in new:
        who = {"person": name_of(each.allowed_by, circumstances.related), "area": each.area}
        if each.allowed_by != circumstances.actor:
            yield Reason("allowed-by-another", "{person} has to record that they allow it themselves", who)
        if each.allowed_by in audit.team:
            yield Reason("allowed-by-team", "{person} is in the team; somebody outside it has to allow it", who)
        if abs(each.on - circumstances.today) > timedelta(days=1):
            values = {"day": each.on, "today": circumstances.today}
            yield Reason("allowed-on-another-day", "it is dated {day}; one allows it on the day, {today}", values)
        if each.person not in audit.team or each.area not in {area.key for area in audit.areas}:
            yield Reason("exception-of-nothing", "nobody of that name in the team audits {area}", who)


def _prepared(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    lacking = {
        "criteria (requirements or documents)": audit.criteria or audit.criteria_documents,
        "a scope": audit.scope,
        "a team": audit.team,
        "areas": audit.areas,
        "lines on the checklist": audit.lines,
        "planned days": audit.planned_from and audit.planned_to,
    }
    for what in (name for name, there in lacking.items() if not there):
        yield Reason("not-prepared", "it lacks {what}", {"what": what})
    if audit.lead not in audit.team:
        yield Reason("lead-outside-team", "the lead auditor is not in the team")


def _independent(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    yield from without_exception(audit, circumstances.related)


def _tied(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    standing = {
        each.id: each for each in circumstances.of(Finding) if each.status not in ("withdrawn", "cancelled")
    }
    for line in audit.lines:
        named = [standing[each] for each in line.findings if each in standing]
        if (
            line.answer == "nonconforms"
            and line.findings
            and not any(each.grade.is_nonconformity for each in named)
        ):
            template = "line {n} does not conform, yet no finding of it stands as a nonconformity"
            yield Reason("no-nonconformity", template, {"n": line.n})
    tied = {each for line in audit.lines for each in line.findings}
    for finding in standing.values():
        if finding.origin.record == audit.id and finding.id not in tied:
            template = "{ref} says that it comes from this audit, and no line is tied to it"
            yield Reason("stray-finding", template, {"ref": finding.ref})


def _issued(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    for each in circumstances.of(Finding):
        if each.origin.record == audit.id and each.status == "draft" and each.grade.is_nonconformity:
            yield Reason("draft-finding", "{ref} is a draft still; issue or cancel it", {"ref": each.ref})


def _on_a_day(field: str, what: str) -> Guard:
    def told(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
        day = getattr(audit, field)
        if day is None:
            yield Reason("without-day", "say on what day {what}", {"what": what})
        elif day > circumstances.today + timedelta(days=1):
            yield Reason("future-day", "the day on which {what}, {day}, is to come", {"what": what, "day": day})

    return told


def _answered(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    for line in audit.lines:
        if line.answer == "not_looked_at" and not line.note:
            yield Reason("unanswered", "line {n} has no answer and no note on why not", {"n": line.n})
        if line.answer == "not_applicable" and not line.note:
            yield Reason("unjustified", "line {n} is not applicable, and no note says why", {"n": line.n})
        if line.answer in ("conforms", "nonconforms", "observation") and line.evidence is None:
            yield Reason("without-evidence", "line {n} is answered without audit evidence", {"n": line.n})
        if line.answer == "nonconforms" and not line.findings:
            yield Reason("untied", "line {n} does not conform and is tied to no finding", {"n": line.n})
    if audit.conclusion is None:
        yield Reason("without-conclusion", "it has no conclusion")


def _in_order(audit: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    days = {"began": audit.began, "ended": audit.ended}
    if audit.status != "reporting":
        days["reported_on"] = audit.reported_on
    known = {name: day for name, day in days.items() if day}
    for (earlier, first), (later, last) in pairwise(known.items()):
        if last < first:
            values = {"later": later, "last": last, "earlier": earlier, "first": first}
            yield Reason("out-of-order", "{later} ({last}) is before {earlier} ({first})", values)


_DONE = (_prepared, _on_a_day("began", "it began"), _on_a_day("ended", "it ended"), _in_order)
_REPORTED = (*_DONE, _on_a_day("reported_on", "it was reported"), _answered)


AUDIT = LifeCycle(
    name="audit",
    initial="planned",
    final=("closed", "cancelled"),
    transitions=(
        Transition(
            act="prepare",
            sources=("planned",),
            target="prepared",
            records=(),
            meaning="criteria, scope, team and checklist are ready",
        ),
        Transition(
            act="start",
            sources=("prepared",),
            target="running",
            records=("began",),
            meaning="begin, with a team that is independent",
        ),
        Transition(
            act="finish",
            sources=("running",),
            target="reporting",
            records=("ended",),
            meaning="end the work in the areas",
        ),
        Transition(
            act="resume",
            sources=("reporting",),
            target="running",
            needs_why=True,
            records=(),
            meaning="go back to look again",
        ),
        Transition(
            act="report",
            sources=("reporting",),
            target="reported",
            guards=(_independent, _tied),
            records=("reported_on", "conclusion"),
            meaning="issue the report",
        ),
        Transition(
            act="amend",
            sources=("reported",),
            target="reporting",
            needs_why=True,
            records=(),
            meaning="take the report back to change it",
        ),
        Transition(
            act="close",
            sources=("reported",),
            target="closed",
            guards=(_issued,),
            records=(),
            meaning="end the audit; its findings go their own way",
        ),
        *staying(
            ("planned", "prepared", "running", "reporting"),
            act="allow_exception",
            guards=(_allowed,),
            records=("exceptions",),
            meaning="allow somebody by name who is not independent, with a safeguard",
        ),
        Transition(
            act="postpone",
            sources=("planned", "prepared", "running"),
            target="postponed",
            needs_why=True,
            records=(),
            meaning="put it off",
        ),
        Transition(
            act="replan",
            sources=("planned", "prepared", "postponed"),
            target="planned",
            guards=(_new_dates,),
            needs_why=True,
            records=("planned_from", "planned_to", "former_dates"),
            meaning="move it to other days; the old ones are kept",
        ),
        Transition(
            act="cancel",
            sources=("planned", "prepared", "running", "postponed", "reporting"),
            target="cancelled",
            needs_why=True,
            records=(),
            meaning="give it up",
        ),
    ),
    demands=MappingProxyType(
        {
            "prepared": (_prepared,),
            "running": (_prepared, _on_a_day("began", "it began"), _independent),
            "reporting": (*_DONE, _independent),
            "reported": _REPORTED,
            "closed": _REPORTED,
        }
    ),
    edits=(stays_reported, keeps_dates, keeps_samples, keeps_independence, declared_by_oneself),
)
"""Life cycle of an audit."""
