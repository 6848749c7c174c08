"""The report of an audit as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms.command.terminal import put, put_table
from qms.command.wording import joined

if TYPE_CHECKING:
    from qms.audits.report_data import AuditReport


def put_report(report: AuditReport, language: str) -> None:
    """Put the report of an audit on stdout."""
    put(f"{report.ref}: {report.title.best(language)}{'' if report.final else ' (DRAFT)'}")
    put(f"{report.unit_name.best(language)}; {report.method}, {report.status}")
    facts = [
        ("Scope", report.scope.best(language) if report.scope else ""),
        ("Criteria", ", ".join([*map(str, report.criteria), *(each.ref for each in report.criteria_documents)])),
        ("Lead auditor", report.lead.name.best(language) if report.lead else ""),
        ("Team", ", ".join(each.name.best(language) for each in report.team)),
        ("Areas", ", ".join(each.title.best(language) for each in report.areas)),
        ("Planned", f"{report.planned.planned_from} to {report.planned.planned_to}" if report.planned else ""),
        ("Began, ended", " to ".join(str(day) for day in (report.began, report.ended) if day)),
        ("Reported", str(report.reported_on or "")),
        ("Answers", ", ".join(f"{count} {answer}" for answer, count in report.answers.items())),
    ]
    put_table((), [fact for fact in facts if fact[1]])
    for sentence in (*report.independence, *report.sampling):
        put(sentence.words)
    for allowed in report.exceptions:
        clauses = (
            f"Exception: {allowed.person.name.best(language)} in {allowed.area}: {allowed.reason.best(language)}",
            f"safeguard: {allowed.safeguard.best(language)}",
            f"by {allowed.allowed_by.name.best(language)}",
        )
        put(joined(clauses))
    _put_lines(report, language)
    if report.conclusion:
        put()
        put(f"Conclusion: {report.conclusion.best(language)}")
    put()
    for sentence in report.limits:
        put(f"Limit: {sentence.words}")
    put(f"Ledger {report.ledger_seq}:{report.ledger_head}")


def _put_lines(report: AuditReport, language: str) -> None:
    if report.lines:
        put()
        rows = [
            (
                line.n,
                line.requirement,
                line.question.best(language),
                line.answer,
                line.evidence.best(language) if line.evidence else line.note,
                ", ".join(line.findings),
            )
            for line in report.lines
        ]
        put_table(("Line", "Requirement", "Question", "Answer", "Evidence", "Findings"), rows, right=(0,))
    found = [each for of_grade in report.findings.values() for each in of_grade]
    if found:
        put()
        put_table(
            ("Finding", "Grade", "Status", "Gap"),
            [(each.ref, each.grade.value, each.status, each.gap.best(language)) for each in found],
        )
