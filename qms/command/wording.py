"""Records in words: names in place of ids, the language asked for, days that a person can read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from qms.command.desk import Desk
from qms.findings.finding import Branch
from qms.record import Attachment, Link, Part, Record, Requirement, Text, is_id, mentioned, plain

KEPT = ("id", "ref", "unit", "jurisdiction", "version", "created", "updated")
"""What every record has and a heading says."""
SHA256 = re.compile(r"[0-9a-f]{64}")


class Wording:
    """Turns the values of records into words.

    Parameters
    ----------
    desk : Desk
    records : sequence of Record
        What will be put in words; all that they name is read at once.
    """

    def __init__(self, desk: Desk, *records: Record) -> None:
        self.tongues = desk.tongues()
        self.named = desk.records(each for record in records for each in mentioned(plain(record)))

    def title(self, record: Record) -> str:
        """Return what a record is called, in the language of its unit or the one asked for."""
        return record.headline().best(self.tongues.get(record.unit, "en"))

    def name(self, record: str) -> str:
        """Return the reference that stands for an id."""
        found = self.named.get(record)
        return found.ref if found else record

    def word(self, value: Any, unit: str = "") -> str:
        """Return one value on one line; nothing for a value that says nothing."""
        if value is None or value == "" or value == ():
            return ""
        match value:
            case bool():
                return "yes" if value else "no"
            case Enum():
                return str(value.value)
            case datetime():
                return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            case date():
                return value.isoformat()
            case Text():
                return value.best(self.tongues.get(unit, "en"))
            case Attachment():
                return f"{value.name} ({value.size:,} bytes, sha256 {value.sha256[:12]})"
            case Link():
                return self._link(value)
            case Requirement():
                return str(value)
            case str() if is_id(value):
                return self._named(value, unit)
            case str() if SHA256.fullmatch(value):
                return f"{value[:12]}..."
            case dict():
                return ", ".join(f"{name} {self.word(each, unit)}" for name, each in value.items())
            case tuple() | list() | frozenset():
                return ", ".join(self.word(each, unit) for each in value)
            case Branch():
                return f"{value.category}: {self.word(value.causes, unit)}"
            case BaseModel():
                parts = [f"{label} {said}" for label, said in self._parts(value, unit) if said]
                return joined(parts) if parts else ""
        return str(value)

    def lines(self, record: Record) -> Iterator[tuple[str, str]]:
        """Yield label and words of everything that a record says, in the order of its fields."""
        for name in type(record).model_fields:
            value = getattr(record, name)
            if name == "status" or (name in KEPT and (record.kind, name) != ("unit", "jurisdiction")):
                continue
            if isinstance(value, tuple) and any(isinstance(each, BaseModel) for each in value):
                for number, each in enumerate(value, 1):
                    yield f"{spaced(name)} {number}", self.word(each, record.unit)
            elif isinstance(value, BaseModel) and not isinstance(value, Text | Link | Requirement | Attachment):
                yield from self._inner(spaced(name), value, record.unit)
            else:
                yield spaced(name), self.word(value, record.unit)

    def _inner(self, label: str, part: BaseModel, unit: str) -> Iterator[tuple[str, str]]:
        """Yield label and words of what a part says; each of several parts in it has a line of its own."""
        for name in type(part).model_fields:
            value, inner = getattr(part, name), f"{label}: {spaced(name)}"
            if isinstance(value, tuple) and any(isinstance(each, Part) for each in value):
                yield from ((f"{inner} {number}", self.word(each, unit)) for number, each in enumerate(value, 1))
            else:
                yield inner, self.word(value, unit)

    def _parts(self, value: BaseModel, unit: str) -> Iterator[tuple[str, str]]:
        for name in type(value).model_fields:
            yield spaced(name), self.word(getattr(value, name), unit)

    def _named(self, record: str, unit: str) -> str:
        found = self.named.get(record)
        if found is None:
            return record
        return f"{found.headline().best(self.tongues.get(unit, 'en'))} ({found.ref})"

    def _link(self, link: Link) -> str:
        found = self.named.get(link.target)
        name = found.ref if found else link.target
        note = f" ({link.note})" if link.note else ""
        changed = found is not None and found.content_sha256() != link.seen
        return f"{name}{note}{'; suspect: it says something else since' if changed else ''}"


def joined(clauses: Iterable[str]) -> str:
    """Return clauses as one sentence; a full stop at the end of one does not stand before a semicolon.

    Examples
    --------
    >>> joined(["by Arta Hoxha", "reason Nobody else is there.", "safeguard Jelena looks on."])
    'by Arta Hoxha; reason Nobody else is there; safeguard Jelena looks on.'
    """
    *before, last = clauses
    return "; ".join([*(each.removesuffix(".") for each in before), last])


def with_article(noun: str) -> str:
    """Return a noun with its article.

    Examples
    --------
    >>> with_article("action"), with_article("finding"), with_article("unit")
    ('an action', 'a finding', 'a unit')
    """
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def spaced(name: str) -> str:
    """Return the name of a field as words.

    Examples
    --------
    >>> spaced("effective_from")
    'effective from'
    """
    return name.replace("_", " ")


def facts(record: Record, tongues: Mapping[str, str], today: date) -> dict[str, Any]:
    """Return a record as JSON values for other programs, with its kind, headline and deadlines."""
    return {
        "kind": record.kind,
        "headline": record.headline().best(tongues.get(record.unit, "en")),
        "deadlines": [
            {"what": each.what, "on": each.on.isoformat(), "overdue": each.on < today, "owner": each.owner}
            for each in record.deadlines()
        ],
        **plain(record),
    }
