"""What auditors do: move an audit to other days, and make a finding out of a line of its checklist."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qms.audits.audit import Audit
from qms.audits.checklist import Answer, PlannedDates
from qms.errors import RefusedError
from qms.findings.finding import Finding, Origin, Statement
from qms.findings.grades import Grade, core_grades
from qms.lifecycle import Reason
from qms.record import Text

if TYPE_CHECKING:
    from qms.change import Change

AT_WORK = ("running", "reporting")
"""States of an audit in which findings are raised."""


def replan(change: Change, audit: Audit, *, planned_from: date, planned_to: date) -> Audit:
    """Move an audit to other days and keep those that it was planned for.

    Parameters
    ----------
    change : Change
        Its ``why`` says why the audit moves; it may not be empty.
    audit : Audit
    planned_from, planned_to : date

    Raises
    ------
    RefusedError
        If it began already and was not postponed, the days are the same, or no reason is given.
    """
    first = audit.planned_from
    old = (PlannedDates(planned_from=first, planned_to=audit.planned_to or first),) if first else ()
    return change.advance(
        audit,
        "replan",
        planned_from=planned_from,
        planned_to=planned_to,
        former_dates=audit.former_dates + old,
    )


def raise_finding(
    change: Change,
    audit: Audit,
    line_n: int,
    *,
    grade: Grade | str,
    gap: Text,
    evidence: Text | None = None,
    owner: str | None = None,
) -> tuple[Audit, Finding]:
    """Make a finding out of a line of an audit, and tie the two in one change.

    Parameters
    ----------
    change : Change
    audit : Audit
        While it is running or being reported.
    line_n : int
    grade : Grade or str
        The answer of the line follows it: a nonconformity makes it ``nonconforms``; an observation or an
        opportunity makes it ``observation`` and good practice ``conforms``, unless it was answered already.
    gap : Text
        What is not as it should be, or could be better.
    evidence : Text, optional
        What was seen; the audit evidence of the line if left out, and kept there if it has none.
    owner : str, optional
        Id of the person who has to answer.

    Returns
    -------
    audit, finding
        As they are kept now; the finding is a draft.

    Raises
    ------
    UnknownError
        If the audit has no such line, or there is no such grade.
    RefusedError
        If the audit is not at work, or nobody said what was seen.
    """
    line = audit.line(line_n)
    grade = core_grades().grade(grade)
    seen = evidence or line.evidence
    reasons = []
    if audit.status not in AT_WORK:
        values = {"status": audit.status, "states": " or ".join(AT_WORK)}
        reasons.append(Reason("not-at-work", "the audit is {status}; it has to be {states}", values))
    if seen is None:
        reasons.append(
            Reason("without-evidence", "line {n} has no audit evidence; say what was seen", {"n": line_n})
        )
    if reasons:
        raise RefusedError(f"{audit.ref}: no finding can be raised from line {line_n}", reasons)
    finding = change.add(
        Finding(
            unit=audit.unit,
            grade=grade,
            requirements=(line.requirement,),
            statement=Statement(gap=gap, evidence=seen),
            origin=Origin(kind="audit", record=audit.id, line=str(line_n)),
            raised_by=change.by,
            raised_on=change.at.date(),
            owner=owner,
        )
    )
    tied = line.model_copy(
        update={
            "answer": _answer(grade, line.answer),
            "evidence": line.evidence or seen,
            "findings": (*line.findings, finding.id),
        }
    )
    return change.save(audit.with_line(tied)), finding


def _answer(grade: Grade, given: Answer) -> Answer:
    if grade.is_nonconformity:
        return "nonconforms"
    if given in ("not_looked_at", "not_applicable"):
        return "conforms" if grade is Grade.GOOD_PRACTICE else "observation"
    return given
