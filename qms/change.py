"""One change: records and the events that remember it, written in one transaction.

`Store.change` gives one. Every way to write a record ends in `_write`, so that there is no record without an event
and no event without a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select, update

from qms import schema
from qms.attachments import checked_name
from qms.errors import ConflictError, RecordError, RefusedError, StoreError, UnknownError, described
from qms.ledger import BEGINNING, Event, Head, difference, read_event, stamp
from qms.lifecycle import Circumstances, LifeCycle, Reason, Refused
from qms.record import Attachment, Link, Record, attachments_in, canonical, mentioned, new_id, plain, sha256

if TYPE_CHECKING:
    from qms.store import Store

R = TypeVar("R", bound=Record)

COPIED = ("ref", "unit", "jurisdiction", "status", "version", "updated")
"""Fields that stand in columns of their own beside the text of the record."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """What the state of a record from another copy demands and the record lacks."""

    record: Record
    reason: Reason

    @property
    def code(self) -> str:
        """Code of the reason."""
        return self.reason.code

    def __str__(self) -> str:
        return f"{self.record.kind} {self.record.ref}: {self.reason}"


class Change:
    """A change that is under way; see `Store.change`.

    Attributes
    ----------
    id : str
        Shared by the events of the change.
    at : datetime
    by : str
        Id of the person.
    why : str
    """

    def __init__(self, store: Store, connection: Connection, *, by: str, why: str) -> None:
        self.store = store
        self._connection: Connection | None = connection
        self.by = by
        self.why = why.strip()
        _check_text(self.why)
        self.id = new_id()
        self.at: datetime = store.now()
        self._head: Head = read_head(connection)

    @property
    def connection(self) -> Connection:
        """The transaction of the change.

        Raises
        ------
        StoreError
            If the change has ended.
        """
        if self._connection is None:
            raise StoreError("This change has ended; nothing was changed. Begin another with Store.change.")
        return self._connection

    def add(self, record: R) -> R:
        """Keep a new record and return it with its reference and version 1.

        Raises
        ------
        RecordError
            If it was kept before, its reference is taken or its kind is not known.
        UnknownError
            If it names a record or a unit that is not there.
        RefusedError
            If it does not begin where its life cycle begins, or lacks what that state demands.
        """
        if record.version:
            raise RecordError(f"{record.kind} {record.ref} was kept before; save it instead of adding it.")
        cycle = self._cycle(record)
        state = cycle.initial if cycle else record.status
        if record.status not in ("", state):
            what = f"A new {record.kind} cannot be kept"
            why = Reason(
                "not-initial", "it begins as {state}, not as {found}", {"state": state, "found": record.status}
            )
            raise RefusedError(what, [why])
        record = self._checked(record, status=state, ref=record.ref or self._next_ref(record))
        self._refuse(record, self._unmet(record, None), "cannot be kept")
        return self._write(record, None, act="add")

    def save(self, record: R) -> R:
        """Keep a record that was edited otherwise than by a step of its life cycle; return its new version.

        Raises
        ------
        ConflictError
            If somebody else changed it meanwhile.
        RefusedError
            If the life cycle does not allow the edit, with every reason.
        """
        before = self._before(record)
        if record == before:
            return record
        cycle = self._cycle(record)
        if cycle:
            against = cycle.against_edit(before, record, self._circumstances(record, before))
            self._refuse(before, against, "cannot be changed like this")
        return self._write(record, before, act="edit")

    def advance(self, record: R, act: str, **recorded: Any) -> R:
        """Take a step of the record's life cycle and return the record in its new state.

        Parameters
        ----------
        record : Record
            As it is kept.
        act : str
            The step, such as ``"issue"``.
        **recorded
            Fields that the step records, such as a verification.

        Raises
        ------
        RefusedError
            If the step is not allowed now, with every reason.
        ConflictError
            If somebody else changed the record meanwhile.
        """
        before = self._before(record)
        cycle = self._cycle(record)
        if cycle is None:
            raise RecordError(f"A {record.kind} has no life cycle; there is nothing to advance.")
        after = self._checked(record, **recorded)
        moved = cycle.step(after, act, self._circumstances(after, before))
        if isinstance(moved, Refused):
            raise RefusedError(f"{record.ref}: cannot {act}", moved.reasons)
        return self._write(moved, before, act=act)

    def merge(self, record: R) -> R:
        """Keep a record as it came from another copy of the store; see `merge_all`."""
        return self.merge_all((record,))[0]

    def merge_all(self, records: Sequence[R]) -> tuple[R, ...]:
        """Keep records, which may name each other, as they came from another copy of the store.

        The version of each follows the one that is here. What its state demands must hold, in its turn or once all
        are kept; the steps that led to the state are not asked for.

        Raises
        ------
        RefusedError
            If a state demands what a record lacks; its reasons are `Unmet`, which name the records.
        """
        kept, doubted = [], []
        awaited = {each.id for each in records}
        for record in records:
            query = select(schema.record.c.body).where(schema.record.c.id == record.id)
            found = self.connection.execute(query).scalar()
            before = self.store.read(type(record), found) if found else None
            awaited -= {record.id}
            written = self._write(record, before, act="merge", awaited=awaited)
            if self._unmet(written, before):
                doubted.append((written, before))
            kept.append(written)
        for record in kept:
            self._put_mentions(record, set())
        unmet = [Unmet(record, each) for record, before in doubted for each in self._unmet(record, before)]
        if unmet:
            raise RefusedError("What came from another copy cannot be taken over", unmet)
        return tuple(kept)

    def attach(self, source: str | Path, *, name: str = "") -> Attachment:
        """Keep a file and return what a record cites; see `AttachedFiles.keep`."""
        return self.store.files.keep(source, name=name)

    def link(self, target: Record, *, note: str = "") -> Link:
        """Return a link to a record that remembers what it says now.

        Raises
        ------
        RecordError
            If the record was never kept.
        """
        if not target.version:
            raise RecordError(f"The {target.kind} was never kept; add it before something links to it.")
        return Link(target=target.id, seen=target.content_sha256(), version=target.version, note=note)

    def get(self, model: type[R], key: str, *, unit: str | None = None) -> R:
        """Return a record as it is now within the change; see `Store.get`."""
        return self.store.read(model, self.store.row(self.connection, model.kind, key, unit=unit).body)

    def finish(self) -> None:
        """Check that the person who did it all is known; the transaction ends after that."""
        known = select(schema.record.c.id).where(schema.record.c.id == self.by, schema.record.c.kind == "person")
        if self.connection.execute(known).scalar() is None:
            raise UnknownError(f"There is no person {self.by!r} who could have done this. Add the person first.")

    def end(self) -> None:
        """Refuse whatever is asked of the change from now on."""
        self._connection = None

    def _cycle(self, record: Record) -> LifeCycle | None:
        kind = self.store.kinds.get(record.kind)
        if kind is None:
            known = ", ".join(sorted(self.store.kinds))
            raise RecordError(f"This store keeps no records of kind {record.kind!r}; it keeps {known}.")
        return kind.cycle

    def _checked(self, record: R, **changes: Any) -> R:
        try:
            return record.revised(**changes)
        except ValidationError as error:
            raise RecordError(f"{record.ref or 'The new ' + record.kind}: {described(error)}") from error

    def _before(self, record: R) -> R:
        query = select(schema.record.c.version, schema.record.c.body).where(schema.record.c.id == record.id)
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownError(f"{record.kind} {record.ref or record.id} was never kept here; add it first.")
        if row.version != record.version:
            raise ConflictError(self._who_was_first(record, row.version))
        return self.store.read(type(record), row.body)

    def _who_was_first(self, record: Record, version: int) -> str:
        query = select(schema.event.c.body).where(schema.event.c.record == record.id)
        last = read_event(self.connection.execute(query.order_by(schema.event.c.seq.desc()).limit(1)).scalar_one())
        names = select(schema.record.c.ref).where(schema.record.c.id == last.by)
        who = self.connection.execute(names).scalar() or last.by
        places = ", ".join(sorted({each["at"].split("/")[1] for each in last.patch} - {"updated", "version"}))
        return (
            f"{record.ref} was changed meanwhile: {who} at {last.at} wrote version {version} "
            f"({last.act}: {places}); you had version {record.version}. Nothing was overwritten. "
            "Read it again and make your change there."
        )

    def _circumstances(self, record: Record, before: Record | None) -> Circumstances:
        related = self.store.read_related(self.connection, record.id, set())
        kept = {each.id for each in related}
        named = [each for each in mentioned(plain(record)) if each not in kept and each != record.id]
        if named:
            held = schema.record
            query = select(held.c.kind, held.c.body).where(held.c.id.in_(named), held.c.kind.in_(self.store.kinds))
            rows = self.connection.execute(query).all()
            related += tuple(self.store.read(self.store.kinds[kind].model, body) for kind, body in rows)
        return Circumstances(actor=self.by, at=self.at, why=self.why, related=related, before=before)

    def _unmet(self, record: Record, before: Record | None) -> tuple[Reason, ...]:
        cycle = self._cycle(record)
        return cycle.unmet(record, self._circumstances(record, before)) if cycle else ()

    def _refuse(self, record: Record, reasons: Iterable[Reason], what: str) -> None:
        if reasons:
            raise RefusedError(f"{record.ref or 'The new ' + record.kind} {what}", reasons)

    def _next_ref(self, record: Record) -> str:
        series = record.series(self.at.year)
        if not series.endswith("-"):
            return series
        held = schema.record
        query = select(held.c.ref).where(held.c.unit == record.unit, held.c.kind == record.kind)
        taken = self.connection.execute(query.where(held.c.ref.startswith(series, autoescape=True))).scalars()
        return next_in(series, taken)

    def _write(self, record: R, before: R | None, *, act: str, awaited: Set[str] = frozenset()) -> R:
        kept = self._checked(
            record,
            version=(before.version if before else 0) + 1,
            created=before.created if before else (record.created or self.at),
            updated=self.at,
            jurisdiction=self._jurisdiction(record),
        )
        try:
            value = plain(kept)
            body = canonical(value)
        except ValueError as error:
            raise RecordError(
                f"{kept.ref or 'The new ' + kept.kind} holds a sign or a number that cannot be kept: {error}."
            ) from error
        old = plain(before) if before else {}
        self._check_files(kept, old, value)
        if before is None:
            self._check_free(kept)
        self._put_row(kept, value, body.decode(), new=before is None)
        self._put_mentions(kept, awaited)
        self._remember(kept, difference(old, value), sha256(body), act)
        return kept

    def _check_files(self, record: Record, before: dict[str, Any], after: dict[str, Any]) -> None:
        cited = list(attachments_in(before))
        for each in attachments_in(after):
            if each in cited:
                continue
            checked_name(each["name"])
            if not self.store.files.has(each["sha256"]):
                raise UnknownError(
                    f"{record.ref} cites the file {each['name']}, which is not in the store. Attach it first."
                )

    def _jurisdiction(self, record: Record) -> str:
        if record.kind == "unit":
            return record.jurisdiction
        held = schema.record
        query = select(held.c.jurisdiction).where(held.c.kind == "unit", held.c.ref == record.unit)
        found = self.connection.execute(query).scalar()
        if found is None:
            raise UnknownError(f"There is no unit {record.unit!r}. Add it with 'qms unit add', or check its code.")
        return record.jurisdiction or str(found)

    def _check_free(self, record: Record) -> None:
        held = schema.record
        query = select(held.c.id).where(
            held.c.kind == record.kind, held.c.unit == record.unit, held.c.ref == record.ref
        )
        if self.connection.execute(query).scalar() is not None:
            raise RecordError(
                f"There is a {record.kind} {record.ref} in unit {record.unit} already. Choose another reference."
            )

    def _put_row(self, record: Record, value: dict[str, Any], body: str, *, new: bool) -> None:
        row, days = rows_of(record, value, body)
        held, deadline = schema.record, schema.deadline
        if new:
            self.connection.execute(insert(held), row)
        else:
            self.connection.execute(update(held).where(held.c.id == record.id), row)
            self.connection.execute(delete(deadline).where(deadline.c.record == record.id))
        if days:
            self.connection.execute(insert(deadline), days)

    def _put_mentions(self, record: Record, awaited: Set[str]) -> None:
        mention = schema.mention
        self.connection.execute(delete(mention).where(mention.c.source == record.id))
        targets = sorted(set(mentioned(plain(record))) - {record.id} - awaited)
        self._check_there(record, targets)
        if targets:
            self.connection.execute(insert(mention), [{"source": record.id, "target": each} for each in targets])

    def _check_there(self, record: Record, targets: list[str]) -> None:
        if not targets:
            return
        found = self.connection.execute(
            select(schema.record.c.id).where(schema.record.c.id.in_(targets))
        ).scalars()
        unknown = sorted(set(targets) - set(found))
        if unknown:
            names = ", ".join(unknown)
            raise UnknownError(f"{record.ref} names records that are not in this store: {names}. Add those first.")

    def _remember(self, record: Record, patch: list[dict[str, Any]], state: str, act: str) -> None:
        event = Event(
            seq=self._head.seq + 1,
            change=self.id,
            at=stamp(self.at),
            by=self.by,
            act=act,
            kind=record.kind,
            record=record.id,
            version=record.version,
            patch=tuple(patch),
            state=state,
            why=self.why,
            previous=self._head.hash,
        )
        body = event.body()
        self._head = Head(event.seq, sha256(body))
        row = {
            "seq": event.seq,
            "record": event.record,
            "at": event.at,
            "body": body.decode(),
            "hash": self._head.hash,
        }
        self.connection.execute(insert(schema.event), row)


def next_in(series: str, taken: Iterable[str]) -> str:
    """Return the reference that follows those of a series that are taken.

    Examples
    --------
    >>> next_in("NC-2026-", ["NC-2026-001", "NC-2026-014", "NC-2025-101"])
    'NC-2026-015'
    """
    rests = (ref.removeprefix(series) for ref in taken if ref.startswith(series))
    numbers = [int(rest) for rest in rests if rest.isdecimal()]
    return f"{series}{max(numbers, default=0) + 1:03d}"


def rows_of(record: Record, value: dict[str, Any], body: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a record's row and the rows of its deadlines.

    Parameters
    ----------
    record : Record
    value : dict
        The record as JSON values.
    body : str
        Their canonical JSON.
    """
    row = {name: value[name] for name in COPIED}
    row |= {
        "id": record.id,
        "kind": record.kind,
        "owner": value.get("owner") or "",
        "state": sha256(body.encode()),
        "body": body,
        "headline": headline_text(record),
    }
    days = [
        {"record": record.id, "what": each.what, "on": each.on.isoformat(), "owner": each.owner}
        for each in record.deadlines()
    ]
    return row, days


def headline_text(record: Record) -> str:
    """Return a record's headline as its row keeps it."""
    return json.dumps(plain(record.headline()), ensure_ascii=False, sort_keys=True)


def _check_text(words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"The reason holds a sign that is no text ({error}). Type it anew.") from error


def read_head(connection: Connection) -> Head:
    """Return the last event of the ledger."""
    event = schema.event
    row = connection.execute(select(event.c.seq, event.c.hash).order_by(event.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.hash) if row else Head(0, BEGINNING)
