"""Deadlines as an iCalendar feed (RFC 5545) that any calendar program can take in.

A deadline is one all-day event; on the last day that there is it ends without saying so, as RFC 5545 allows. Its
name in the feed follows from the record and from what is due, so that a feed that is read again moves an event
instead of doubling it. No person is named: feeds are passed on easily.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar, Event

if TYPE_CHECKING:
    from qms.store import Due

PRODUCT = "-//forensic-ballistics//qms//EN"
DOMAIN = "qms.forensic-ballistics"


def calendar(
    deadlines: Iterable[Due], updated: Mapping[str, datetime], *, tongues: Mapping[str, str] | None = None
) -> bytes:
    """Return deadlines as the content of an ``.ics`` file.

    Parameters
    ----------
    deadlines : iterable of Due
        As `qms.store.Store.due` returns them.
    updated : mapping
        Id of a record to when it was last changed; with it, the same records give the same bytes.
    tongues : mapping, optional
        Code of a unit to the language that its titles are wanted in; English if left out.

    Returns
    -------
    bytes
        UTF-8 with CRLF, long lines folded.
    """
    feed = Calendar()
    feed.add("version", "2.0")
    feed.add("prodid", PRODUCT)
    feed.add("method", "PUBLISH")
    for each in deadlines:
        feed.add_component(_event(each, updated[each.id], (tongues or {}).get(each.unit, "en")))
    content: bytes = feed.to_ical()
    return content


def _event(due: Due, updated: datetime, language: str) -> Event:
    event = Event()
    event.add("uid", f"{due.id}.{due.what.replace(' ', '-')}@{DOMAIN}")
    event.add("dtstamp", updated.replace(microsecond=0))
    event.add("dtstart", due.on)
    if due.on < date.max:
        event.add("dtend", due.on + timedelta(days=1))
    event.add("summary", f"{due.ref} {due.what}: {_one_line(due.headline.best(language))}")
    event.add("description", f"{due.kind} of {due.unit}{', ' if due.status else ''}{due.status}")
    event.add("categories", [due.kind, due.unit])
    event.add("transp", "TRANSPARENT")
    return event


def _one_line(words: str) -> str:
    return "".join(each if each.isprintable() else " " for each in words)
