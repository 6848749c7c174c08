"""What of an audit an edit may not take back: declarations, samples, and what its independence is measured by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qms.lifecycle import Circumstances, Reason
from qms.organisation import name_of

if TYPE_CHECKING:
    from qms.audits.audit import Audit

UNDER_WAY = ("prepared", "running", "reporting")


def stays_reported(before: Audit, after: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse an edit of a reported audit, but for its labels."""
    if before.status == "reported" and after != before.revised(labels=after.labels):
        yield Reason("reported", "it is reported; amend the report to change what it says")


def keeps_dates(before: Audit, after: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse an edit of the planned days, which a step moves."""
    for name in ("planned_from", "planned_to"):
        if getattr(after, name) != getattr(before, name):
            yield Reason("step-field", "{field} is recorded by a step, not by an edit", {"field": name})


def keeps_samples(before: Audit, after: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to take a sample back: nobody draws until one pleases."""
    for each in before.samples:
        if each not in after.samples:
            values = {"name": each.name}
            yield Reason("sample-dropped", "the sample {name} stays; draw another one under another name", values)


def keeps_independence(before: Audit, after: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse, once it is prepared, to take away what the independence of the team is measured by."""
    if before.status not in UNDER_WAY:
        return
    areas = {area.key: area for area in after.areas}
    for area in before.areas:
        for name in ("auditees", "records"):
            held = getattr(areas.get(area.key), name, ())
            if not set(getattr(area, name)) <= set(held):
                values = {"area": area.key, "field": name}
                yield Reason("area-dropped", "{field} of {area} only grow once it is prepared; plan anew", values)
    if after.apart_months < before.apart_months:
        yield Reason("apart-shortened", "apart_months only grows once it is prepared; plan anew")


def declared_by_oneself(before: Audit, after: Audit, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a declaration that somebody else changes, or that tells less than it did."""
    was = {each.person: each for each in before.declarations}
    now = {each.person: each for each in after.declarations}
    for person in was.keys() | now.keys():
        old, new = was.get(person), now.get(person)
        who = {"person": name_of(person, circumstances.related)}
        if old != new and old is not None and circumstances.actor != person:
            yield Reason("declared-by-another", "{person} changes their own declaration, nobody else", who)
        if old is not None and not set(old.worked_in) <= set(new.worked_in if new else ()):
            yield Reason("declaration-dropped", "what {person} declared stays; add to it", who)
