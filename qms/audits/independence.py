"""Whether the auditors of an audit are independent of what they audit, with every reason against it.

In a unit of five people somebody sometimes has to audit close to their own work. That is an exception with a
safeguard: allowed by name by somebody outside the team, and printed in the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from qms.lifecycle import Reason
from qms.months import months_after
from qms.organisation import name_of
from qms.record import Day, Id, Part, Record, Text

if TYPE_CHECKING:
    from qms.audits.audit import Audit
    from qms.audits.checklist import AuditedArea


class WorkedIn(Part):
    """That somebody worked in an area, and until when; today or later while they still do."""

    area: Annotated[str, Field(min_length=1, max_length=60)]
    until: Day


class Declaration(Part):
    """What one auditor declares about their own work in the areas of an audit; nothing, if they worked in none."""

    person: Id
    on: Day
    worked_in: tuple[WorkedIn, ...] = ()


class IndependenceException(Part):
    """That somebody may audit an area although they are not independent of it.

    Attributes
    ----------
    person : str
        Id of the auditor.
    area : str
        Key of the area.
    reason : Text
        Why nobody else can do it.
    safeguard : Text
        What keeps the result sound all the same, such as a second auditor who looks at every answer.
    allowed_by : str
        Id of who allows it, such as the quality manager; not one of the team.
    on : date
    """

    person: Id
    area: Annotated[str, Field(min_length=1, max_length=60)]
    reason: Text
    safeguard: Text
    allowed_by: Id
    on: Day


@dataclass(frozen=True, slots=True)
class ConflictOfInterest:
    """That somebody of the team audits their own work in an area, and why it is that."""

    person: str
    area: str
    reason: Reason


def conflicts(audit: Audit, related: Iterable[Record]) -> tuple[ConflictOfInterest, ...]:
    """Return everything that stands against the independence of a team, exceptions or not.

    Parameters
    ----------
    audit : Audit
    related : iterable of Record
        What the audit names (`Store.related`): people for their names, the records of the areas for their owners.

    Notes
    -----
    Somebody is not independent of an area who is responsible for it, who owns a document, an action or another
    record of it, or who worked in it within `Audit.apart_months` before the audit begins. What nobody declared or
    recorded cannot be found here.
    """
    kept = {each.id: each for each in related}
    return tuple(
        each for person in audit.team for area in audit.areas for each in _conflicts_of(audit, person, area, kept)
    )


def without_exception(audit: Audit, related: Iterable[Record]) -> tuple[Reason, ...]:
    """Return every reason why the team may not audit: undeclared, or not independent and not allowed by name."""
    kept = tuple(related)
    declared = {each.person for each in audit.declarations}
    allowed = {(each.person, each.area) for each in audit.exceptions if each.allowed_by not in audit.team}
    silent = tuple(
        Reason(
            "without-declaration",
            "{person} did not declare whether they worked in what is audited",
            {"person": name_of(person, kept)},
        )
        for person in audit.team
        if person not in declared
    )
    found = conflicts(audit, kept)
    return silent + tuple(each.reason for each in found if (each.person, each.area) not in allowed)


def owners(record: Record) -> frozenset[str]:
    """Return the ids of everybody who owns a record or, as far as it says so, did before."""
    before = getattr(record, "previous_owners", ())
    return frozenset(filter(None, (getattr(record, "owner", None), *before)))


def _conflicts_of(
    audit: Audit, person: str, area: AuditedArea, kept: Mapping[str, Record]
) -> Iterator[ConflictOfInterest]:
    who = {"person": name_of(person, kept.values()), "area": area.title.best() if area.title else area.key}
    if person in area.auditees:
        yield ConflictOfInterest(
            person, area.key, Reason("responsible", "{person} audits {area} and is responsible for it", who)
        )
    for record in area.records:
        found = kept.get(record)
        if found is not None and person in owners(found):
            own = {**who, "record": f"{found.kind} {found.ref}"}
            template = "{person} audits {area} and owns or owned {record}, which is looked at there"
            yield ConflictOfInterest(person, area.key, Reason("own-record", template, own))
    begins = audit.began or audit.planned_from
    since = months_after(begins, -audit.apart_months) if begins else date.min
    for worked in (each for said in audit.declarations if said.person == person for each in said.worked_in):
        if worked.area == area.key and worked.until > since:
            values = {**who, "until": worked.until, "months": audit.apart_months}
            template = "{person} audits {area} and worked there until {until}, less than {months} months before"
            yield ConflictOfInterest(person, area.key, Reason("worked-there", template, values))
