"""One change: records and the events that remember it, written in one transaction.

`Store.change` gives one. Every way to write a record ends in `_write`, so that there is no record without an event
and no event without a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, select

from qms import schema
from qms.errors import ConflictError, RecordError, RefusedError, StoreError, UnknownError, described
from qms.keeping import (
    check_files,
    check_free,
    jurisdiction_of,
    next_ref,
    put_event,
    put_mentions,
    put_row,
    read_head,
)
from qms.ledger import Event, Head, difference, read_event, stamp
from qms.lifecycle import Circumstances, Kind, LifeCycle, Reason, Refused, Unmet, left_behind
from qms.record import Attachment, Link, Record, canonical, mentioned, new_id, plain, sha256

if TYPE_CHECKING:
    from qms.store import Store

R = TypeVar("R", bound=Record)

IDENTITY = ("ref", "unit", "jurisdiction", "created")
"""Fields that a record is known by; the first time it is kept they are given for good."""


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
        if cycle:
            self._refuse(record, cycle.against_new(record), "cannot be kept")
        ref = record.ref or next_ref(self.connection, record, self.at.year)
        record = self._checked(record, status=state, ref=ref)
        self._refuse(record, self._unmet(record, None), "cannot be kept")
        return self._write(record, act="add")

    def save(self, record: R) -> R:
        """Keep a record that was edited otherwise than by a step of its life cycle; return its new version.

        Raises
        ------
        ConflictError
            If somebody else changed it meanwhile.
        RefusedError
            If the life cycle does not allow the edit, with every reason.
        """
        body = self._kept_body(record)
        before = self.store.read(type(record), body)
        if record == before:
            return record
        cycle = self._cycle(record)
        self._refuse(before, identity_changed(before, record), "cannot be changed like this")
        if cycle:
            against = cycle.against_edit(before, record, self._circumstances(record, before))
            self._refuse(before, against, "cannot be changed like this")
        self._refuse(before, self._against(record), "cannot be changed like this")
        return self._write(record, before, body, act="edit")

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
        body = self._kept_body(record)
        before = self.store.read(type(record), body)
        cycle = self._cycle(record)
        if cycle is None:
            raise RecordError(f"A {record.kind} has no life cycle; there is nothing to advance.")
        after = self._checked(record, **recorded)
        self._refuse(before, identity_changed(before, after), f"cannot {act}")
        moved = cycle.step(after, act, self._circumstances(after, before))
        if isinstance(moved, Refused):
            raise RefusedError(f"{record.ref}: cannot {act}", moved.reasons)
        self._refuse(before, self._against(moved), f"cannot {act}")
        return self._write(moved, before, body, act=act)

    def merge(self, record: R) -> R:
        """Keep a record as it came from another copy of the store; see `merge_all`."""
        return self.merge_all((record,))[0]

    def merge_all(
        self, records: Sequence[R], *, alike: Set[str] = frozenset(), decided: Set[str] = frozenset()
    ) -> tuple[R, ...]:
        """Keep records, which may name each other, as they came from another copy of the store.

        The version of each follows the one that is here. What its state demands must hold, in its turn or once all
        are kept, and so must what the states of records demand that are linked with it and stay as they are; the
        steps that led to the state are not asked for.

        Parameters
        ----------
        records : sequence of Record
        alike : set of str
            Ids of records that both copies have alike; what does not fit those does not fit them there either.
        decided : set of str
            Ids of records of which a person decided which copy counts; others never leave a final state.

        Raises
        ------
        RefusedError
            If a state is final, or demands what a record lacks; its reasons are `Unmet`, which name the records.

        Notes
        -----
        Who took a step is believed as the records say it: a program that makes them up can forge a signature. The
        ledger says who took them over, and `Store.verify` names events whose reason names no copy. What
        `qms.exchange.merge` brings in is checked against the ledger of its copy before.
        """
        kept: list[R] = []
        unmet: list[Unmet] = []
        doubted: list[tuple[R, Record | None]] = []
        beside: list[tuple[R, Record, tuple[Reason, ...]]] = []
        awaited = {each.id for each in records}
        known = awaited | alike
        for record in records:
            query = select(schema.record.c.body).where(schema.record.c.id == record.id)
            found = self.connection.execute(query).scalar()
            before = self.store.read(type(record), found) if found else None
            if before is not None and record.id not in decided:
                unmet += [Unmet(record, each) for each in self._leaves_end(before, record)]
            neighbours = self._neighbours(record, known)
            awaited -= {record.id}
            written = self._write(record, before, found or "{}", act="merge", awaited=awaited)
            if self._unmet(written, before, merging=True):
                doubted.append((written, before))
            beside += [(written, *each) for each in neighbours if self._newly_unmet(*each)]
            kept.append(written)
        for record in kept:
            put_mentions(self.connection, record)
        for made, was in doubted:
            unmet += [Unmet(made, each) for each in self._unmet(made, was, merging=True)]
        for made, neighbour, reasons in beside:
            unmet += [Unmet(made, left_behind(neighbour, each)) for each in self._newly_unmet(neighbour, reasons)]
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
        person = select(schema.record.c.body).where(
            schema.record.c.id == self.by, schema.record.c.kind == "person"
        )
        found = self.connection.execute(person).scalar()
        if found is None:
            raise UnknownError(f"There is no person {self.by!r} who could have done this. Add the person first.")
        if not json.loads(found).get("active", True):
            raise RecordError(
                f"{json.loads(found)['name']} is no longer active here and changes nothing. "
                "Say with --by who does it, or have somebody else make the person active again."
            )

    def end(self) -> None:
        """Refuse whatever is asked of the change from now on."""
        self._connection = None

    def _kind(self, record: Record) -> Kind:
        kind = self.store.kinds.get(record.kind)
        if kind is None:
            known = ", ".join(sorted(self.store.kinds))
            raise RecordError(f"This store keeps no records of kind {record.kind!r}; it keeps {known}.")
        return kind

    def _cycle(self, record: Record) -> LifeCycle | None:
        return self._kind(record).cycle

    def _against(self, record: Record) -> tuple[Reason, ...]:
        return tuple(self._kind(record).against(record, self._kept_one))

    def _kept_one(self, key: str) -> Record | None:
        query = select(schema.record.c.kind, schema.record.c.body).where(schema.record.c.id == key)
        row = self.connection.execute(query).first()
        kind = self.store.kinds.get(row.kind) if row else None
        return self.store.read(kind.model, row.body) if row and kind else None

    def _checked(self, record: R, **changes: Any) -> R:
        try:
            return record.revised(**changes)
        except ValidationError as error:
            raise RecordError(f"{record.ref or 'The new ' + record.kind}: {described(error)}") from error

    def _kept_body(self, record: Record) -> str:
        query = select(schema.record.c.version, schema.record.c.body).where(schema.record.c.id == record.id)
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownError(f"{record.kind} {record.ref or record.id} was never kept here; add it first.")
        if row.version != record.version:
            raise ConflictError(self._who_was_first(record, row.version))
        return str(row.body)

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

    def _circumstances(self, record: Record, before: Record | None, *, merging: bool = False) -> Circumstances:
        related = self.store.read_related(self.connection, record.id, set())
        kept = {each.id for each in related}
        named = [each for each in mentioned(plain(record)) if each not in kept and each != record.id]
        if named:
            held = schema.record
            query = select(held.c.kind, held.c.body).where(held.c.id.in_(named), held.c.kind.in_(self.store.kinds))
            rows = self.connection.execute(query).all()
            related += tuple(self.store.read(self.store.kinds[kind].model, body) for kind, body in rows)
        return Circumstances(
            actor=self.by, at=self.at, why=self.why, related=related, before=before, merging=merging
        )

    def _unmet(self, record: Record, before: Record | None, *, merging: bool = False) -> tuple[Reason, ...]:
        cycle = self._cycle(record)
        demanded = cycle.unmet(record, self._circumstances(record, before, merging=merging)) if cycle else ()
        return (*demanded, *self._against(record))

    def _leaves_end(self, before: Record, record: Record) -> Iterator[Reason]:
        cycle = self._cycle(record)
        if cycle and before.status in cycle.final and record.status != before.status:
            yield Reason("final", "it is {state}, which is final", {"state": before.status})

    def _neighbours(self, record: Record, known: Set[str]) -> list[tuple[Record, tuple[Reason, ...]]]:
        """Return the records with a life cycle that are linked with one, and what each of them lacks now."""
        if self._cycle(record) is None:
            return []
        linked = self._circumstances(record, None).related
        return [(each, self._unmet(each, each)) for each in linked if each.id not in known and self._cycle(each)]

    def _newly_unmet(self, neighbour: Record, reasons: tuple[Reason, ...]) -> list[Reason]:
        return [each for each in self._unmet(neighbour, neighbour) if each not in reasons]

    def _refuse(self, record: Record, reasons: Iterable[Reason], what: str) -> None:
        if reasons:
            raise RefusedError(f"{record.ref or 'The new ' + record.kind} {what}", reasons)

    def _write(
        self, record: R, before: R | None = None, body: str = "{}", *, act: str, awaited: Set[str] = frozenset()
    ) -> R:
        kept = self._checked(
            record,
            version=(before.version if before else 0) + 1,
            created=before.created if before else (act == "merge" and record.created) or self.at,
            updated=self.at,
            jurisdiction=jurisdiction_of(self.connection, record, told=before is not None or act == "merge"),
        )
        try:
            value = plain(kept)
            written = canonical(value)
        except ValueError as error:
            raise RecordError(
                f"{kept.ref or 'The new ' + kept.kind} holds a sign or a number that cannot be kept: {error}."
            ) from error
        old = json.loads(body)
        check_files(self.store.files, kept, old, value)
        if before is None:
            check_free(self.connection, kept)
        put_row(self.connection, kept, value, written.decode(), new=before is None)
        put_mentions(self.connection, kept, awaited)
        event = Event(
            seq=self._head.seq + 1,
            change=self.id,
            at=stamp(self.at),
            by=self.by,
            act=act,
            kind=kept.kind,
            record=kept.id,
            version=kept.version,
            patch=tuple(difference(old, value)),
            state=sha256(written),
            why=self.why,
            previous=self._head.hash,
        )
        self._head = put_event(self.connection, event)
        return kept


def identity_changed(before: Record, after: Record) -> tuple[Reason, ...]:
    """Return a reason for every field that a record is known by and that is no longer what it was."""
    return tuple(
        Reason(
            "identity", "{field} is given once; it stays {old}", {"field": name, "old": str(getattr(before, name))}
        )
        for name in IDENTITY
        if getattr(after, name) != getattr(before, name)
    )


def _check_text(words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"The reason holds a sign that is no text ({error}). Type it anew.") from error
