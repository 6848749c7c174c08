"""Which records fit what is asked for: one by its key, or all by columns, whom they name, deadlines and words."""

from __future__ import annotations

import difflib
import gc
import heapq
import json
import unicodedata
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice, takewhile
from operator import attrgetter, eq
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from qms import schema
from qms.database import BY_PARTS
from qms.errors import RecordError, UnknownError
from qms.kinds import LISTED_BY
from qms.ledger import read_event, rebuilt
from qms.record import Record, is_id, mentioned, texts_in

NEAREST = 50
LARGEST_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is asked for; see `Store.find`.

    Raises
    ------
    RecordError
        If the limit is below 0.
    """

    kind: str
    unit: str | None = None
    jurisdiction: str | None = None
    status: str | Iterable[str] | None = None
    owner: str | None = None
    linked_to: str | None = None
    label: str | None = None
    word: str | None = None
    overdue_on: date | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def bodies(self, connection: Connection) -> Iterator[str]:
        """Yield the kept texts of the records that fit, by unit and reference."""
        rows = connection.execute(self._query(), execution_options=BY_PARTS).scalars()
        yield from islice(filter(self.fits, rows), self.limit)
        rows.close()

    def past_bodies(self, connection: Connection, moment: datetime) -> Generator[str, None, None]:
        """Yield the texts of the records as they were at a time, by unit and reference, but for the limit.

        What was overdue then follows from the record itself (`was_late`).

        Raises
        ------
        RecordError
            If the ledger does not give a record.
        """
        held, event = schema.record, schema.event
        query = select(event.c.record, event.c.body).join_from(held, event, event.c.record == held.c.id)
        query = self._of_whom(query).order_by(held.c.unit, held.c.ref, event.c.seq)
        states = None if self.status is None else self._states()
        with connection.execute(query, execution_options=BY_PARTS) as rows:
            for record, steps in groupby(rows, attrgetter("record")):
                try:
                    value = rebuilt((read_event(step.body) for step in steps), moment)
                except ValueError as error:
                    raise RecordError(
                        f"{self.kind} {record} cannot be rebuilt: {error}. Run 'qms ledger verify'."
                    ) from error
                if value is None or not self._fitted(value, states):
                    continue
                body = json.dumps(value, ensure_ascii=False)
                if self.fits(body):
                    yield body

    def was_late(self, record: Record) -> bool:
        """Return whether a record has a deadline before the day that is asked for, if one is."""
        return self.overdue_on is None or any(each.on < self.overdue_on for each in record.deadlines())

    def _fitted(self, value: dict[str, Any], states: list[str] | None) -> bool:
        return (
            (states is None or value["status"] in states)
            and (self.owner is None or (value.get("owner") or "") == self.owner)
            and (self.linked_to is None or self.linked_to in {*mentioned(value)} - {value["id"]})
        )

    def _states(self) -> list[str]:
        return [self.status] if isinstance(self.status, str) else list(self.status or ())

    def _of_whom(self, query: Select[Any]) -> Select[Any]:
        held = schema.record
        query = query.where(held.c.kind == self.kind)
        for name, value in {"unit": self.unit, "jurisdiction": self.jurisdiction}.items():
            if value is not None:
                query = query.where(held.c[name] == value)
        return query

    def _query(self) -> Select[Any]:
        held = schema.record
        query = self._of_whom(select(held.c.body))
        if self.owner is not None:
            query = query.where(held.c.owner == self.owner)
        if self.status is not None:
            query = query.where(held.c.status.in_(self._states()))
        if self.linked_to is not None:
            sources = select(schema.mention.c.source).where(schema.mention.c.target == self.linked_to)
            query = query.where(held.c.id.in_(sources))
        if self.overdue_on is not None:
            day = schema.deadline.c
            query = query.where(exists().where(day.record == held.c.id, day.on < self.overdue_on.isoformat()))
        return query.order_by(held.c.unit, held.c.ref)

    def fits(self, body: str) -> bool:
        """Return whether the text of a record has the label and the word that are asked for."""
        if self.label is not None and not _has_label(body, self.label):
            return False
        return self.word is None or _says(body, _folded(self.word))


@contextmanager
def many_at_once() -> Iterator[None]:
    """Let Python's search for circles of objects rest while many records are read.

    Records hold no circles, and to go through those that are read already again and again, as Python does while
    they grow many, takes twice as long as reading them.
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


def the_row(connection: Connection, kind: str, key: str, *, unit: str | None = None) -> Any:
    """Return the row of a record by id or reference; see `Store.get`."""
    query: Select[Any] = select(schema.record).where(schema.record.c.kind == kind)
    wanted = key.strip()
    if not wanted.isprintable():
        raise UnknownError(f"There is no {kind} {wanted!r}: a reference has no signs that are not seen.")
    query = query.where((schema.record.c.id if is_id(wanted) else schema.record.c.ref) == wanted)
    if unit is not None:
        query = query.where(schema.record.c.unit == unit)
    rows = connection.execute(query).all()
    if len(rows) == 1:
        return rows[0]
    if rows:
        units = ", ".join(sorted(row.unit for row in rows))
        raise RecordError(f"Several units have a {kind} {wanted}: {units}. Say which with --unit.")
    refs = connection.execute(select(schema.record.c.ref).where(schema.record.c.kind == kind)).scalars()
    alike = most_alike(wanted, refs)
    listed = f" '{LISTED_BY[kind]}' shows what there is." if kind in LISTED_BY else ""
    hint = f" Did you mean {' or '.join(alike)}?" if alike else listed
    where = f" in unit {unit}" if unit else ""
    raise UnknownError(f"There is no {kind} {wanted!r}{where}.{hint}")


def most_alike(wanted: str, refs: Iterable[str]) -> list[str]:
    """Return the references, three at most, that somebody may have meant by one that is not there.

    Only the `NEAREST` by how they begin and end are compared in full.

    Examples
    --------
    >>> most_alike("NC-2026-14", ["NC-2026-014", "NC-2026-140", "a.hoxha"])
    ['NC-2026-140', 'NC-2026-014']
    """
    near = heapq.nlargest(
        NEAREST, sorted(set(refs)), key=lambda ref: _shared_ends(wanted.casefold(), ref.casefold())
    )
    return difflib.get_close_matches(wanted, near, n=3, cutoff=0.6)


def _shared_ends(one: str, other: str) -> int:
    begins, ends = map(eq, one, other), map(eq, reversed(one), reversed(other))
    return sum(1 for same in (begins, ends) for _ in takewhile(bool, same))


def check_limit(limit: int | None) -> None:
    """Refuse a limit below 0, or larger than any database takes.

    Raises
    ------
    RecordError
        If it is.
    """
    if limit is not None and not 0 <= limit <= LARGEST_LIMIT:
        raise RecordError(f"A limit is 0 to {LARGEST_LIMIT:,}; found {limit}.")


def _folded(words: str) -> str:
    return unicodedata.normalize("NFC", words.casefold())


def _escaped(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)[1:-1]


def _says(body: str, word: str) -> bool:
    if _escaped(word) not in _folded(body):
        return False
    try:
        return any(word in _folded(each) for each in texts_in(json.loads(body)))
    except ValueError:
        return True


def _has_label(body: str, label: str) -> bool:
    if f'"{_escaped(label)}"' not in body:
        return False
    try:
        return label in json.loads(body)["labels"]
    except (ValueError, LookupError):
        return True
