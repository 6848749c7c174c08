"""Audit programmes, and a proposal of what to audit when: by importance and by what earlier audits found.

The rule is short enough to explain to an assessor, and every line of a proposal says how it came about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from qms.audits.audit import Audit
from qms.audits.checklist import Key
from qms.findings.finding import Finding
from qms.findings.grades import Grade
from qms.lifecycle import LifeCycle, Reason, Transition
from qms.months import months_after
from qms.record import Day, Deadline, Id, Part, Record, Requirement, Text

HELD = ("reporting", "reported", "closed")
"""States of an audit whose work in the areas is done."""
AHEAD = ("planned", "prepared", "running")


class EarlierAudit(Part):
    """An audit of an area that is not in this store, and how many nonconformities it found."""

    on: Day
    major: Annotated[int, Field(ge=0)] = 0
    minor: Annotated[int, Field(ge=0)] = 0


class ProgrammeArea(Part):
    """Something that the programme has to cover: clauses or a process, at a site.

    Attributes
    ----------
    key : str
        Short name, such as ``7.1@AL-TIR``; audits name the area by it.
    title : Text
    site : str
    requirements : tuple of Requirement
        Clauses that belong to the area, their subclauses included.
    importance : int
        1 to 5, 5 where a failure would hurt most.
    responsible : tuple of str
        Ids of people.
    earlier : tuple of EarlierAudit
        From before the store.
    """

    key: Key
    title: Text
    site: Annotated[str, Field(max_length=60)] = ""
    requirements: tuple[Requirement, ...] = ()
    importance: Annotated[int, Field(ge=1, le=5)] = 3
    responsible: tuple[Id, ...] = ()
    earlier: tuple[EarlierAudit, ...] = ()


class Programme(Record):
    """An audit programme: the audits of a period, what they are for and what they have to cover.

    Attributes
    ----------
    title : Text
    owner : str, optional
        Id of the person who manages it.
    period_from, period_to : date
    cycle_months : int
        Within which every area is audited once at least.
    objectives, risks : tuple of Text
        What the programme is for, and what could keep it from that.
    areas : tuple of ProgrammeArea
    """

    kind: ClassVar[str] = "programme"

    title: Text
    owner: Id | None = None
    period_from: Day
    period_to: Day
    cycle_months: Annotated[int, Field(ge=1, le=60)] = 12
    objectives: tuple[Text, ...] = ()
    risks: tuple[Text, ...] = ()
    areas: tuple[ProgrammeArea, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.period_to < self.period_from:
            raise ValueError(f"the period ends on {self.period_to}, before it begins on {self.period_from}")
        twice = [key for key, count in Counter(area.key for area in self.areas).items() if count > 1]
        if twice:
            raise ValueError(f"area {', '.join(twice)}: more than once; each may be there once")
        return self

    def series(self, year: int) -> str:
        """Return ``PROG-<year>-``."""
        return f"PROG-{year}-"

    def headline(self) -> Text:
        """Return the title."""
        return self.title

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return the end of the period, by which the next programme is needed, until it is closed."""
        if self.status == "closed":
            return ()
        return (Deadline("next audit programme", self.period_to, self.owner or ""),)


PROGRAMME = LifeCycle(
    name="programme",
    initial="current",
    final=("closed",),
    transitions=(
        Transition(
            act="close",
            sources=("current",),
            target="closed",
            records=(),
            meaning="its period is over, or another programme takes its place",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """When one area should be audited, and why.

    Attributes
    ----------
    area : ProgrammeArea
    interval_months : int
        From one audit to the next.
    last : date or None
        When it was audited last.
    due : tuple of date
        Days in the period by which an audit should begin.
    overdue_since : date or None
    planned : tuple of str
        References of audits that are planned and cover it.
    reasons : tuple of Reason
        How all this came about, step by step.
    """

    area: ProgrammeArea
    interval_months: int
    last: date | None
    due: tuple[date, ...]
    overdue_since: date | None
    planned: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which areas of a programme a cycle covers so far.

    Attributes
    ----------
    begins, ends : date
        First and last day of the cycle.
    audited : mapping of str to date
        Key of the area, and when it was last audited in the cycle.
    planned : mapping of str to tuple of str
        Areas that are not audited but planned, and the references of the audits.
    missing : tuple of str
        Keys of areas that are neither.
    """

    begins: date
    ends: date
    audited: Mapping[str, date]
    planned: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the areas that is audited, 0 to 1; 1 if there are no areas."""
        whole = len(self.audited) + len(self.planned) + len(self.missing)
        return len(self.audited) / whole if whole else 1.0


def propose_plan(
    programme: Programme, audits: Iterable[Audit], findings: Iterable[Finding], *, today: date
) -> tuple[PlanLine, ...]:
    """Propose how often and when each area of a programme should be audited, the most urgent first.

    Parameters
    ----------
    programme : Programme
    audits : iterable of Audit
        Earlier and planned ones of the unit; those that name none of the areas play no part.
    findings : iterable of Finding
        Of the unit, from audits or not.
    today : date

    Notes
    -----
    The interval is the whole cycle at importance 1 and an eighth of it less with each step up, so half of it at 5.
    A major nonconformity in the area within the last two cycles halves it; if there are only minor ones, three
    quarters of it remain. It is rounded down to whole months and is one month at least. The next audit is due an
    interval after the last, or after the beginning of the period if there was none; what is overdue, at once.
    """
    kept = tuple(sorted(audits, key=lambda each: each.id))
    found = tuple(sorted(findings, key=lambda each: each.id))
    lines = [_line(programme, area, kept, found, today) for area in programme.areas]
    return tuple(sorted(lines, key=_urgency))


def coverage(programme: Programme, audits: Iterable[Audit], *, today: date) -> Coverage:
    """Return which areas are audited, planned and missing in the cycle of a programme that a day falls into."""
    passed = (today.year - programme.period_from.year) * 12 + today.month - programme.period_from.month
    passed -= months_after(programme.period_from, passed) > today
    cycle = max(0, passed // programme.cycle_months)
    begins = months_after(programme.period_from, cycle * programme.cycle_months)
    ends = months_after(programme.period_from, (cycle + 1) * programme.cycle_months) - timedelta(days=1)
    kept = tuple(audits)
    audited, planned, missing = {}, {}, []
    for area in programme.areas:
        days = [day for day in _audited_on(area, kept) if begins <= day <= ends]
        ahead = [each.ref for each in _planned(area, kept) if begins <= (each.planned_from or ends) <= ends]
        if days:
            audited[area.key] = max(days)
        elif ahead:
            planned[area.key] = tuple(sorted(ahead))
        else:
            missing.append(area.key)
    return Coverage(begins=begins, ends=ends, audited=audited, planned=planned, missing=tuple(missing))


def _line(
    programme: Programme,
    area: ProgrammeArea,
    audits: tuple[Audit, ...],
    findings: tuple[Finding, ...],
    today: date,
) -> PlanLine:
    values = {"importance": area.importance, "cycle": programme.cycle_months}
    reasons = [Reason("importance", "importance {importance} of 5 in a cycle of {cycle} months", values)]
    since = months_after(today, -2 * programme.cycle_months)
    major, minor = _nonconformities(area, audits, findings, since)
    factor = Fraction(1, 2) if major else Fraction(3, 4) if minor else Fraction(1)
    if major or minor:
        counts = {"major": major, "minor": minor, "since": since}
        template = "{major} major and {minor} minor nonconformities since {since}: sooner"
        reasons.append(Reason("nonconformities", template, counts))
    months = max(1, int(Fraction(programme.cycle_months * (9 - area.importance), 8) * factor))
    last = max(_audited_on(area, audits), default=None)
    reasons.append(
        Reason("last-audit", "last audited on {last}", {"last": last})
        if last
        else Reason("never-audited", "never audited; counted from {start}", {"start": programme.period_from})
    )
    next_on = months_after(last or programme.period_from, months)
    start = max(today, programme.period_from)
    if next_on < start:
        reasons.append(Reason("overdue", "overdue since {day}", {"day": next_on}))
    elif next_on > programme.period_to:
        reasons.append(Reason("after-period", "next due on {day}, after the period", {"day": next_on}))
    planned = _planned(area, audits)
    reasons += [
        Reason("planned", "{ref} covers it, planned for {day}", {"ref": each.ref, "day": each.planned_from or "?"})
        for each in planned
    ]
    return PlanLine(
        area=area,
        interval_months=months,
        last=last,
        due=tuple(_days(max(next_on, start), programme.period_to, months)),
        overdue_since=next_on if next_on < start else None,
        planned=tuple(each.ref for each in planned),
        reasons=tuple(reasons),
    )


def _urgency(line: PlanLine) -> tuple[date, date, int, str]:
    return (
        line.due[0] if line.due else date.max,
        line.overdue_since or date.max,
        -line.area.importance,
        line.area.key,
    )


def _days(first: date, end: date, months: int) -> Iterator[date]:
    for step in count():
        day = months_after(first, step * months)
        if day > end:
            return
        yield day


def _audited_on(area: ProgrammeArea, audits: Iterable[Audit]) -> list[date]:
    done = [
        each.ended
        for each in audits
        if each.status in HELD and each.ended and area.key in {audited.key for audited in each.areas}
    ]
    return done + [each.on for each in area.earlier]


def _planned(area: ProgrammeArea, audits: Iterable[Audit]) -> list[Audit]:
    return [
        each for each in audits if each.status in AHEAD and area.key in {audited.key for audited in each.areas}
    ]


def _nonconformities(
    area: ProgrammeArea, audits: tuple[Audit, ...], findings: tuple[Finding, ...], since: date
) -> tuple[int, int]:
    lines = {(audit.id, str(line.n)): line.area for audit in audits for line in audit.lines if line.area}
    grades = Counter(
        finding.grade
        for finding in findings
        if _is_about(finding, area, lines)
        and finding.status not in ("withdrawn", "cancelled")
        and (finding.raised_on or (finding.created.date() if finding.created else date.max)) >= since
    )
    earlier = [each for each in area.earlier if each.on >= since]
    return (
        grades[Grade.MAJOR] + sum(each.major for each in earlier),
        grades[Grade.MINOR] + sum(each.minor for each in earlier),
    )


def _is_about(finding: Finding, area: ProgrammeArea, lines: Mapping[tuple[str, str], str]) -> bool:
    found_in = lines.get((finding.origin.record or "", finding.origin.line))
    if found_in:
        return found_in == area.key
    return any(
        cited.source == own.source and f"{cited.clause}.".startswith(f"{own.clause}.")
        for cited in finding.requirements
        for own in area.requirements
    )
