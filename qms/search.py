"""Which records of a kind fit what is asked for: by columns, by whom they name, by deadlines and by words."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from qms import schema
from qms.database import BY_PARTS
from qms.errors import RecordError
from qms.record import texts_in


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
        yield from islice(filter(self._fits, rows), self.limit)
        rows.close()

    def _query(self) -> Select[Any]:
        held = schema.record
        query = select(held.c.body).where(held.c.kind == self.kind)
        columns = {"unit": self.unit, "jurisdiction": self.jurisdiction, "owner": self.owner}
        for name, value in columns.items():
            if value is not None:
                query = query.where(held.c[name] == value)
        if self.status is not None:
            query = query.where(
                held.c.status.in_([self.status] if isinstance(self.status, str) else list(self.status))
            )
        if self.linked_to is not None:
            sources = select(schema.mention.c.source).where(schema.mention.c.target == self.linked_to)
            query = query.where(held.c.id.in_(sources))
        if self.overdue_on is not None:
            day = schema.deadline.c
            query = query.where(exists().where(day.record == held.c.id, day.on < self.overdue_on.isoformat()))
        return query.order_by(held.c.unit, held.c.ref)

    def _fits(self, body: str) -> bool:
        if self.label is not None and not _has_label(body, self.label):
            return False
        return self.word is None or _says(body, _folded(self.word))


def check_limit(limit: int | None) -> None:
    """Refuse a limit below 0.

    Raises
    ------
    RecordError
        If it is.
    """
    if limit is not None and limit < 0:
        raise RecordError(f"A limit is 0 or more; found {limit}.")


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
