"""Who said what, and when, on the two sides of a merge, in words a person reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from qms import schema
from qms.exchange.copy_index import CopyIndex
from qms.exchange.merge_report import Conflict, Said
from qms.exchange.three_way import Clash
from qms.ledger import Event
from qms.record import LANGUAGES, Text, is_id

LONGEST = 120


class Voices:
    """Names of people and records on both sides."""

    def __init__(self, connection: Connection, index: CopyIndex) -> None:
        self.connection = connection
        self.index = index

    def conflict(
        self, ref: str, clash: Clash, ours: Sequence[Event], theirs: Sequence[Event], *, edited: bool
    ) -> Conflict:
        """Return a clash with who said what on either side.

        Parameters
        ----------
        ref : str
            Of the record.
        clash : Clash
        ours, theirs : sequence of Event
            All events of the record on either side.
        edited : bool
            Whether the other side was edited by hand at this place.
        """
        here = self._said(clash.ours, _last_at(clash.at, ours))
        there = self._said(clash.theirs, None if edited else _last_at(clash.at, theirs))
        words = f"{ref}: {place_words(clash.at)} is {here.sentence('here')} and {there.sentence('there')}"
        return Conflict(at=clash.at, ours=here, theirs=there, words=words)

    def name(self, record: str) -> str:
        """Return the name of a person, or the reference of another record."""
        body = self.connection.execute(select(schema.record.c.body).where(schema.record.c.id == record)).scalar()
        if body is not None:
            value = json.loads(body)
        elif record in self.index.marks:
            value = self.index.value(record)
        else:
            return record
        name = value.get("name")
        return name if isinstance(name, str) else str(value.get("ref") or record)

    def _said(self, value: Any, event: Event | None) -> Said:
        if event is None:
            return Said(value=value, words=self._words(value))
        return Said(value=value, words=self._words(value), by=self.name(event.by), at=event.moment)

    def _words(self, value: Any) -> str:
        if value in (None, "", [], {}):
            return "empty"
        if is_id(value):
            return self.name(value)
        if isinstance(value, dict) and value.keys() <= LANGUAGES.keys():
            value = Text.model_validate(value).best()
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return ", ".join(self._words(each) for each in value)
        if isinstance(value, str):
            return value if len(value) <= LONGEST else f"{value[:LONGEST]}..."
        said = json.dumps(value, ensure_ascii=False)
        return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."


def place_words(at: str) -> str:
    """Return the place that a JSON pointer names, in words.

    Examples
    --------
    >>> place_words("/owner"), place_words("/title/sq"), place_words("/statement/gap/en")
    ('the owner', 'the title (shqip)', 'the statement, gap (English)')
    """
    names = at.split("/")[1:]
    language = f" ({LANGUAGES[names.pop()]})" if names[-1] in LANGUAGES and len(names) > 1 else ""
    return "the " + ", ".join(name.replace("_", " ") for name in names) + language


def _last_at(at: str, events: Sequence[Event]) -> Event | None:
    """Return the event that last changed a place, something in it or something around it."""
    for event in reversed(events):
        for step in event.patch:
            if f"{at}/".startswith(f"{step['at']}/") or step["at"].startswith(f"{at}/"):
                return event
    return events[-1] if events else None
