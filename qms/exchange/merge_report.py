"""What came of bringing two stores together, as data and in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, select

from qms import schema
from qms.counting import counted
from qms.exchange.loading import CopyIndex
from qms.exchange.three_way import Clash
from qms.ledger import Event
from qms.record import LANGUAGES, Id, Moment, Part, Text, is_id

Result = Literal["added", "taken", "merged", "decided", "conflict", "refused"]
MEANINGS: dict[Result, str] = {
    "added": "new here",
    "taken": "taken over, changed there only",
    "merged": "brought together, changed on both sides",
    "decided": "brought together, with conflicts decided as asked",
    "conflict": "not written, because both sides changed the same thing",
    "refused": "not written, because it may not be",
}

LONGEST = 120
"""Signs of a value that a sentence shows."""


class Said(Part):
    """What one side says, and who said so when.

    Attributes
    ----------
    value : object
        JSON value, or None if nothing stands there.
    words : str
    by : str
        Name of the person, or empty if it was edited by hand in the folder.
    at : datetime, optional
    """

    value: Any = None
    words: str
    by: str = ""
    at: Moment | None = None

    def sentence(self, where: str) -> str:
        """Return the words with where, when and by whom."""
        if self.at is None:
            return f"{self.words} {where} (edited by hand in the folder)"
        return f"{self.words} {where} (changed {self.at.day} {self.at:%B %Y} by {self.by})"


class Conflict(Part):
    """One place that was changed here and there, each differently.

    Attributes
    ----------
    at : str
        JSON pointer into the record.
    words : str
        The whole of it in a sentence.
    """

    at: str
    ours: Said
    theirs: Said
    words: str


class Outcome(Part):
    """What became of one record.

    Attributes
    ----------
    id, kind, ref : str
        The reference is the one that it has here.
    result : str
        A key of `MEANINGS`.
    words : tuple of str
        Sentences about it.
    conflicts : tuple of Conflict
    """

    id: Id
    kind: str
    ref: str
    result: Result
    words: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class MergeReport(Part):
    """What came of an import; false if a record was not written because of a conflict or a refusal.

    Attributes
    ----------
    head : str
        Of the ledger that came.
    loaded : bool
        Whether the store was empty and now is the same as the one that was exported.
    written : bool
        False for a trial, and where nothing was left to write.
    same, kept : int
        Records that both sides have alike, and those that changed only here.
    outcomes : tuple of Outcome
        All other records, in the order in which they were last changed there.
    history : str
        SHA-256 of the attached file that keeps the part of the other ledger that is not in this one, or empty.
    """

    head: str
    loaded: bool
    written: bool
    same: int
    kept: int
    outcomes: tuple[Outcome, ...] = ()
    history: str = ""

    def __bool__(self) -> bool:
        return not any(each.result in ("conflict", "refused") for each in self.outcomes)

    def lines(self) -> Iterator[str]:
        """Yield the report in plain words, what was not written last."""
        if self.loaded:
            yield f"The store was empty; it now holds what was exported at {self.head}."
        alike = f"{counted(self.same, 'record')} {'is' if self.same == 1 else 'are'} alike on both sides"
        yield f"{alike}, {self.kept} changed only here."
        for result, meaning in MEANINGS.items():
            found = [each for each in self.outcomes if each.result == result]
            if found:
                yield f"{len(found)} {meaning}:"
            for each in found:
                said = [*(conflict.words for conflict in each.conflicts), *each.words]
                yield from (f"  {line}" for line in said or [f"{each.kind} {each.ref}"])
        if not self.written:
            yield "Nothing was written."


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
