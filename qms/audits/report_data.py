"""Everything that the report of an audit prints, as data: `report_data` gathers it from a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from qms.audits.audit import Audit
from qms.audits.checklist import Answer, AuditSample, PlannedDates
from qms.audits.independence import conflicts, without_exception
from qms.findings.finding import Finding
from qms.findings.grades import Grade
from qms.lifecycle import Reason
from qms.organisation import Unit
from qms.record import Id, Moment, Part, Record, Requirement, Sha256, Text

if TYPE_CHECKING:
    from qms.store import Store


class Sentence(Part):
    """A sentence of the report: a code and values for a translation, and the words in English."""

    code: str
    words: str
    values: dict[str, str]


class Named(Part):
    """A person or a record by its id, reference and name."""

    id: Id
    ref: str
    name: Text


class ReportedArea(Part):
    """An area with the people who are responsible for it and the records that were looked at."""

    key: str
    title: Text
    site: str
    auditees: tuple[Named, ...]
    records: tuple[Named, ...]


class ReportedException(Part):
    """Who audited an area without being independent of it, why, under what safeguard and allowed by whom."""

    person: Named
    area: str
    conflicts: tuple[Sentence, ...]
    reason: Text
    safeguard: Text
    allowed_by: Named
    on: date


class ReportedLine(Part):
    """A line of the checklist with the references of its findings."""

    n: int
    requirement: Requirement
    question: Text
    area: str
    answer: Answer
    evidence: Text | None
    sample: str
    findings: tuple[str, ...]
    note: str


class ReportedFinding(Part):
    """A finding in short."""

    id: Id
    ref: str
    grade: Grade
    requirements: tuple[Requirement, ...]
    gap: Text
    evidence: Text | None
    line: str
    status: str


class AuditReport(Part):
    """What the report of one audit says.

    Attributes
    ----------
    final : bool
        Whether the report is issued; a draft is marked as one.
    independence : tuple of Sentence
        The statement on the team, conflicts and missing declarations included.
    sampling : tuple of Sentence
        How every sample was drawn, seed included.
    answers : mapping of str to int
        Lines by answer.
    findings : mapping of Grade to tuple of ReportedFinding
        The gravest first.
    limits : tuple of Sentence
        What the report does not say.
    ledger_seq, ledger_head
        Last event of the ledger when the data were gathered, and its hash.
    """

    id: Id
    ref: str
    version: int
    status: str
    final: bool
    unit: str
    unit_name: Text
    title: Text
    programme: Named | None
    method: str
    scope: Text | None
    criteria: tuple[Requirement, ...]
    criteria_documents: tuple[Named, ...]
    lead: Named | None
    team: tuple[Named, ...]
    areas: tuple[ReportedArea, ...]
    independence: tuple[Sentence, ...]
    exceptions: tuple[ReportedException, ...]
    planned: PlannedDates | None
    former_dates: tuple[PlannedDates, ...]
    began: date | None
    ended: date | None
    reported_on: date | None
    samples: tuple[AuditSample, ...]
    sampling: tuple[Sentence, ...]
    lines: tuple[ReportedLine, ...]
    answers: dict[Answer, int]
    findings: dict[Grade, tuple[ReportedFinding, ...]]
    conclusion: Text | None
    limits: tuple[Sentence, ...]
    made: Moment
    ledger_seq: int
    ledger_head: Sha256


def report_data(store: Store, audit: Audit) -> AuditReport:
    """Gather what the report of an audit prints.

    Parameters
    ----------
    store : Store
    audit : Audit
        In any state; until it is reported the data are those of a draft.
    """
    related = store.related(audit)
    kept: dict[str, Record] = {each.id: each for each in related}
    found = sorted((each for each in related if _is_of(each, audit)), key=lambda each: each.ref)
    findings = [each for each in found if isinstance(each, Finding)]
    head = store.head()
    first = audit.planned_from
    return AuditReport(
        id=audit.id,
        ref=audit.ref,
        version=audit.version,
        status=audit.status,
        final=audit.status in ("reported", "closed"),
        unit=audit.unit,
        unit_name=store.get(Unit, audit.unit).name,
        title=audit.title,
        programme=_named(audit.programme, kept) if audit.programme else None,
        method=audit.method,
        scope=audit.scope,
        criteria=audit.criteria,
        criteria_documents=_all_named(audit.criteria_documents, kept),
        lead=_named(audit.lead, kept) if audit.lead else None,
        team=_all_named(audit.team, kept),
        areas=tuple(
            ReportedArea(
                key=area.key,
                title=area.title or Text.of(area.key, "en"),
                site=area.site,
                auditees=_all_named(area.auditees, kept),
                records=_all_named(area.records, kept),
            )
            for area in audit.areas
        ),
        independence=tuple(map(_sentence, _independence(audit, related))),
        exceptions=_exceptions(audit, kept),
        planned=PlannedDates(planned_from=first, planned_to=audit.planned_to or first) if first else None,
        former_dates=audit.former_dates,
        began=audit.began,
        ended=audit.ended,
        reported_on=audit.reported_on,
        samples=audit.samples,
        sampling=tuple(map(_sentence, _sampling(audit))),
        lines=_lines(audit, kept),
        answers=dict(sorted(Counter(line.answer for line in audit.lines).items())),
        findings={
            grade: tuple(_in_short(each) for each in findings if each.grade is grade)
            for grade in Grade
            if any(each.grade is grade for each in findings)
        },
        conclusion=audit.conclusion,
        limits=tuple(map(_sentence, _limits(audit))),
        made=store.now(),
        ledger_seq=head.seq,
        ledger_head=head.hash,
    )


def _is_of(record: Record, audit: Audit) -> bool:
    tied = {each for line in audit.lines for each in line.findings}
    return isinstance(record, Finding) and (record.origin.record == audit.id or record.id in tied)


def _sentence(reason: Reason) -> Sentence:
    values = {name: str(value) for name, value in reason.values.items()}
    return Sentence(code=reason.code, words=str(reason), values=values)


def _named(key: str, kept: Mapping[str, Record]) -> Named:
    record = kept[key]
    return Named(id=key, ref=record.ref, name=record.headline())


def _all_named(keys: Iterable[str], kept: Mapping[str, Record]) -> tuple[Named, ...]:
    return tuple(_named(key, kept) for key in keys)


def _in_short(finding: Finding) -> ReportedFinding:
    return ReportedFinding(
        id=finding.id,
        ref=finding.ref,
        grade=finding.grade,
        requirements=finding.requirements,
        gap=finding.statement.gap,
        evidence=finding.statement.evidence,
        line=finding.origin.line,
        status=finding.status,
    )


def _lines(audit: Audit, kept: Mapping[str, Record]) -> tuple[ReportedLine, ...]:
    return tuple(
        ReportedLine(
            n=line.n,
            requirement=line.requirement,
            question=line.question,
            area=line.area,
            answer=line.answer,
            evidence=line.evidence,
            sample=line.sample,
            findings=tuple(kept[each].ref for each in line.findings),
            note=line.note,
        )
        for line in audit.lines
    )


def _exceptions(audit: Audit, kept: Mapping[str, Record]) -> tuple[ReportedException, ...]:
    found = conflicts(audit, kept.values())
    return tuple(
        ReportedException(
            person=_named(each.person, kept),
            area=each.area,
            conflicts=tuple(
                _sentence(one.reason) for one in found if (one.person, one.area) == (each.person, each.area)
            ),
            reason=each.reason,
            safeguard=each.safeguard,
            allowed_by=_named(each.allowed_by, kept),
            on=each.on,
        )
        for each in audit.exceptions
    )


def _independence(audit: Audit, related: tuple[Record, ...]) -> Iterator[Reason]:
    open_reasons = without_exception(audit, related)
    values = {"months": audit.apart_months}
    if not audit.team:
        yield Reason("no-team", "there is no team yet")
    elif not open_reasons and not audit.exceptions:
        template = (
            "nobody of the team is responsible for what they audited, owned a record of it that was looked at, or "
            "worked in it in the {months} months before, as far as they declared and the records say"
        )
        yield Reason("independent", template, values)
    elif not open_reasons:
        template = "{count} exceptions were allowed by name; apart from them the team is independent"
        if len(audit.exceptions) == 1:
            template = "one exception was allowed by name; apart from it the team is independent"
        yield Reason("independent-but-for", template, {"count": len(audit.exceptions)})
    yield from open_reasons


def _sampling(audit: Audit) -> Iterator[Reason]:
    for each in audit.samples:
        values = {"name": each.name, "how": each.sample.how, "population": each.sample.population_sha256}
        yield Reason("sample", "{name}: {how}; SHA-256 of the population {population}", values)


def _limits(audit: Audit) -> Iterator[Reason]:
    if audit.status not in ("reported", "closed"):
        yield Reason("draft", "this is a draft; the audit is {status}", {"status": audit.status})
    skipped = [str(line.n) for line in audit.lines if line.answer == "not_looked_at"]
    if skipped:
        yield Reason("not-looked-at", "lines {lines} were not looked at", {"lines": ", ".join(skipped)})
    if audit.samples:
        yield Reason("samples", "where samples were drawn, what was not drawn may differ from what was")
    if any(each.sample.must_include for each in audit.samples):
        yield Reason("chosen", "items that a person chose do not speak for the rest of the population")
    yield Reason("own-audit", "this is an audit by the unit itself, not an assessment by an accreditation body")
    yield Reason("ledger", "the hash of the ledger shows later changes of the records; not that they are true")
