"""Suspect links: what a record relies on has changed since somebody last looked, and why one should look again.

A link keeps the hash of what its target said (`qms.record.Link`). It is suspect when the target now says something
else, or when it has reached a state in which it says nothing any more, such as superseded or rejected. Changes of
how a record is kept (its owner, its dates of review) leave links to it alone. The ledger says who changed what,
when and why.

Notes
-----
Suspicion does not spread by itself: which version of its target a link has seen is not part of what a record says,
so that confirming a link casts no suspicion on links to the record that holds it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, select

from qms import schema
from qms.database import reading
from qms.errors import RecordError, UnknownError
from qms.ledger import Event, difference, rebuilt
from qms.lifecycle import Reason
from qms.organisation import Person
from qms.record import Link, Record, canonical, plain, sha256, unseen

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store

R = TypeVar("R", bound=Record)

SILENT = frozenset({"superseded", "obsolete", "withdrawn", "rejected", "cancelled", "discontinued"})
"""States in which a record no longer speaks for anything."""
IDS_AT_ONCE = 5000
SHORT = 60
LINK = re.compile(r'"seen":"([0-9a-f]{64})","target":"([0-9A-Z]{26})","version":(\d+)')
"""A link in canonical JSON. It cannot stand inside a text: there every quotation mark follows a backslash."""
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectLink:
    """A link that somebody should look at again.

    Attributes
    ----------
    source : Record
        The record that holds it.
    link : Link
    target : Record
        What it leads to, as it is now.
    reasons : tuple of Reason
        Every change since it was made or confirmed: what, by whom, when and why.
    """

    source: Record
    link: Link
    target: Record
    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        return f"{self.target.ref} changed since: " + "; ".join(map(str, self.reasons))


class _Memory:
    """What the ledger says of records and who people are, asked for once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.histories: dict[str, list[Event]] = {}
        self.names: dict[str, str] = {}

    def history(self, record: str) -> list[Event]:
        if record not in self.histories:
            self.histories[record] = self.store.history(record)
        return self.histories[record]

    def said(self, record: Record, version: int) -> dict[str, Any]:
        try:
            return rebuilt(each for each in self.history(record.id) if each.version <= version) or {}
        except ValueError as error:
            raise RecordError(
                f"{record.ref} cannot be rebuilt as it was: {error}. Run 'qms ledger verify'."
            ) from error

    def name(self, person: str) -> str:
        if person not in self.names:
            self.names[person] = self.store.get(Person, person).name
        return self.names[person]


def links_in(value: Any) -> Iterator[Link]:
    """Yield every link that stands anywhere in a record."""
    if isinstance(value, Link):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from links_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from links_in(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from links_in(each)


def suspect_links(store: Store, record: Record) -> list[SuspectLink]:
    """Return the links of one record that are suspect, in the order in which they stand in it.

    Raises
    ------
    UnknownError
        If a link leads to nothing that is in the store.
    """
    return _suspect_links(_Memory(store), record)


def _suspect_links(memory: _Memory, record: Record) -> list[SuspectLink]:
    links = tuple(links_in(record))
    if not links:
        return []
    store = memory.store
    with reading(store.engine) as connection:
        targets = _records(store, connection, {each.target for each in links})
    found = []
    for link in dict.fromkeys(links):
        target = _there(targets, link)
        reasons = tuple(_reasons(memory, link, target))
        if reasons:
            found.append(SuspectLink(source=record, link=link, target=target, reasons=reasons))
    return found


def suspects(store: Store, *, unit: str | None = None) -> list[SuspectLink]:
    """Return all suspect links of a store, by unit and reference of the records that hold them.

    Parameters
    ----------
    store : Store
    unit : str, optional
        Only records of that unit.

    Notes
    -----
    Records in a final state, and those that no longer speak themselves, are history and are left out; ask
    `suspect_links` about one of them. Hashes are compared on the kept texts and only what seems to have changed is
    read in full, so that a store without changes is gone through quickly.
    """
    with reading(store.engine) as connection:
        linking = [(row, LINK.findall(row.body)) for row in _linking(connection, unit) if _speaks(store, row)]
        now = _now(store, connection, {target for _, links in linking for _, target, _ in links})
    memory = _Memory(store)
    found: list[SuspectLink] = []
    for row, links in linking:
        if any(_seems_changed(now.get(target), seen, int(version)) for seen, target, version in links):
            found += _suspect_links(memory, store.read(store.kinds[row.kind].model, row.body))
    return found


def reconfirm(change: Change, record: R, link: Link, why: str) -> R:
    """Say that a suspect link still holds: it then remembers what its target says now.

    Parameters
    ----------
    change : Change
    record : Record
        As it is kept.
    link : Link
        One of its links.
    why : str
        Why it still holds; the ledger keeps it with the change of the link.

    Raises
    ------
    RecordError
        If no reason is given or the record does not hold the link.
    RefusedError
        If the life cycle of the record does not allow the edit.
    """
    if not why.strip():
        raise RecordError(f"A link of {record.ref} is confirmed without a reason. Say why it still holds.")
    if link not in links_in(record):
        raise RecordError(f"{record.ref} does not hold that link. Read it again.")
    target = _there(_records(change.store, change.connection, {link.target}), link)
    fresh = plain(link.model_copy(update={"seen": target.content_sha256(), "version": target.version}))
    value = _exchanged(plain(record), plain(link), fresh)
    said, change.why = change.why, why.strip()
    try:
        return change.save(type(record).model_validate_json(canonical(value)))
    finally:
        change.why = said


def _reasons(memory: _Memory, link: Link, target: Record) -> Iterator[Reason]:
    changed = target.content_sha256() != link.seen
    if not changed and (target.status not in SILENT or target.version == link.version):
        return
    events = memory.history(target.id)
    later = [each for each in events if each.version > link.version]
    seen, now = memory.said(target, link.version), memory.said(target, target.version)
    if target.status in SILENT and seen.get("status") not in SILENT:
        words = {"before": seen.get("status"), "state": target.status}
        yield _reason(memory, "no-longer-speaks", "{before} -> {state}", words, _last(later, "status"))
    bookkeeping = _bookkeeping(type(target))
    if not changed or _said_sha256(now, bookkeeping) == link.seen:
        return
    if _said_sha256(seen, bookkeeping) != link.seen:
        yield Reason(
            "seen-elsewhere",
            "the link comes from another copy of the store, where version {version} said something else",
            {"version": link.version},
        )
    for name in sorted((seen.keys() | now.keys()) - bookkeeping):
        places = difference({name: seen.get(name)}, {name: now.get(name)})
        if places:
            yield _reason(memory, "says-else", "{what}", {"what": _what(name, places)}, _last(later, name))


def _what(name: str, places: list[dict[str, Any]]) -> str:
    """Say in a few words what changed in one field."""
    if all("old" not in each for each in places):
        return f"{name}: {len(places)} added"
    if all("new" not in each for each in places):
        return f"{name}: {len(places)} taken away"
    if len(places) == 1:
        old, new = places[0].get("old"), places[0].get("new")
        if not isinstance(old, dict | list) and not isinstance(new, dict | list):
            return f"{name}: {_shown(old)} -> {_shown(new)}"
    return f"{name} changed"


def _shown(value: object) -> str:
    words = "nothing" if value in (None, "") else str(value)
    return words if len(words) <= SHORT else words[: SHORT - 3] + "..."


def _reason(memory: _Memory, code: str, template: str, words: Mapping[str, object], event: Event | None) -> Reason:
    if event is None:
        return Reason(code, template, words)
    signed = {"who": memory.name(event.by), "day": event.at[:10], "why": event.why}
    ending = " by {who} on {day} ({why})" if event.why else " by {who} on {day}"
    return Reason(code, template + ending, {**words, **signed})


def _last(events: Iterable[Event], name: str) -> Event | None:
    """Return the last event that changed a field."""
    last = None
    for event in events:
        if any(each["at"].split("/", 2)[1] == name for each in event.patch):
            last = event
    return last


def _bookkeeping(model: type[Record]) -> frozenset[str]:
    return frozenset(Record.model_fields) - {"id"} | model.BOOKKEEPING


def _content_sha256(body: str, bookkeeping: frozenset[str]) -> str:
    """Return what `Record.content_sha256` does, from the canonical JSON of a record.

    Only numbers with a fraction could be written otherwise than there; such a record is then looked at in full.
    """
    return _said_sha256(json.loads(body), bookkeeping)


def _said_sha256(value: Mapping[str, Any], bookkeeping: frozenset[str]) -> str:
    said = {name: unseen(value[name]) for name in sorted(value) if name not in bookkeeping}
    return sha256(_written(said).encode())


def _linking(connection: Connection, unit: str | None) -> list[Any]:
    held = schema.record
    query = select(held.c.kind, held.c.status, held.c.body).where(held.c.body.like('%"seen":"%","target":"%'))
    if unit is not None:
        query = query.where(held.c.unit == unit)
    return list(connection.execute(query.order_by(held.c.unit, held.c.ref)))


def _speaks(store: Store, row: Any) -> bool:
    kind = store.kinds.get(row.kind)
    return kind is not None and row.status not in SILENT and not (kind.cycle and row.status in kind.cycle.final)


def _now(store: Store, connection: Connection, wanted: set[str]) -> dict[str, tuple[str, int, str]]:
    """Return status, version and hash of what they say, of records by their ids."""
    bookkeeping = {name: _bookkeeping(kind.model) for name, kind in store.kinds.items()}
    return {
        row.id: (row.status, row.version, _content_sha256(row.body, bookkeeping[row.kind]))
        for row in _rows(connection, wanted)
        if row.kind in bookkeeping
    }


def _seems_changed(now: tuple[str, int, str] | None, seen: str, version: int) -> bool:
    if now is None:
        return True
    status, newest, digest = now
    return digest != seen or (status in SILENT and newest != version)


def _rows(connection: Connection, ids: set[str]) -> Iterator[Any]:
    held, ordered = schema.record, sorted(ids)
    for start in range(0, len(ordered), IDS_AT_ONCE):
        part = ordered[start : start + IDS_AT_ONCE]
        yield from connection.execute(
            select(held.c.id, held.c.kind, held.c.status, held.c.version, held.c.body).where(held.c.id.in_(part))
        )


def _records(store: Store, connection: Connection, ids: set[str]) -> dict[str, Record]:
    return {
        row.id: store.read(store.kinds[row.kind].model, row.body)
        for row in _rows(connection, ids)
        if row.kind in store.kinds
    }


def _there(targets: Mapping[str, Record], link: Link) -> Record:
    if link.target not in targets:
        raise UnknownError(f"A link leads to {link.target}, which is not in this store. Run 'qms ledger verify'.")
    return targets[link.target]


def _exchanged(value: Any, old: Any, new: Any) -> Any:
    """Return a JSON value with one part put in the place of another wherever that stands."""
    if value == old:
        return new
    if isinstance(value, dict):
        return {name: _exchanged(each, old, new) for name, each in value.items()}
    return [_exchanged(each, old, new) for each in value] if isinstance(value, list) else value
