"""Reading a copy of a store in full: into an empty one, or as what a merge needs to know of it.

An empty store gets the same events, the same records, the same hashes.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection, Table, insert, select

from qms import schema
from qms.attachments import AttachedFiles
from qms.database import writing
from qms.errors import QmsError, StoreError, described
from qms.exchange.merged import merges
from qms.exchange.store_copy import State, StoreCopy
from qms.exchange.text_folder import file_name
from qms.keeping import read_head, rows_of
from qms.ledger import BEGINNING, Chain, Event, read_event, rebuilt
from qms.lifecycle import Kind, nothing_against
from qms.record import Record, attachments_in, canonical, mentioned, sha256
from qms.verification import misled

if TYPE_CHECKING:
    from qms.store import Store

ROWS_AT_ONCE = 2000


def load(store: Store, connection: Connection, copy: StoreCopy) -> Chain:
    """Write all events, records and checkpoints of a copy into a store that has none.

    Parameters
    ----------
    store : Store
    connection : Connection
        Of a transaction that is rolled back after any error.
    copy : StoreCopy
        Its attached files are for the caller to keep.

    Returns
    -------
    Chain
        Of the events.

    Raises
    ------
    ExchangeError
        If the copy is not sound, or holds a record that this store cannot keep.

    Notes
    -----
    A record whose file was edited by hand is written as the ledger says it is.
    """
    chain = Chain()
    events = (entry._asdict() for entry in copy.entries(chain))
    _insert(connection, schema.event, ({n: v for n, v in each.items() if n != "fields"} for each in events))
    for problem in misled(connection, chain.head.seq):
        raise copy.error("the ledger", str(problem))
    mentions: list[dict[str, str]] = []
    days: list[dict[str, Any]] = []
    rows = _rows(store, connection, copy, chain, mentions, days)
    _insert(connection, schema.record, rows)
    _insert(connection, schema.mention, mentions)
    _insert(connection, schema.deadline, days)
    _check_together(store, connection, copy)
    signed = ({"seq": each.seq, "key": each.key, "body": body} for each, body in copy.checkpoints())
    _insert(connection, schema.checkpoint, signed)
    return chain


def fill(store: Store, copy: StoreCopy) -> None:
    """Load a copy with its attached files into an empty store, in one transaction; see `load`."""
    with writing(store.engine) as connection:
        if read_head(connection).seq:
            raise StoreError("The store holds records already; a copy is only loaded into an empty one.")
        load(store, connection, copy)
        keep_files(store.files, copy)


def keep_files(files: AttachedFiles, copy: StoreCopy) -> None:
    """Keep all attached files of a copy that are not there."""
    for digest in sorted(copy.files):
        if files.wrong(digest):
            with copy.opened(file_name(digest)) as stream:
                kept = files.keep_stream(stream, digest)
            if kept.sha256 != digest:
                raise copy.error(file_name(digest), "it changed while it was read")


def understood(kinds: Mapping[str, Kind], copy: StoreCopy, state: State) -> Record:
    """Return the record that a file of a copy holds.

    Raises
    ------
    ExchangeError
        If it is of no kind that the store keeps, or no record of its kind.
    """
    kind = kinds.get(state.kind)
    if kind is None:
        known = ", ".join(sorted(kinds))
        raise copy.error(state.name, f"this store keeps no records of kind {state.kind!r}; it keeps {known}")
    try:
        record = kind.model.model_validate_json(state.body)
    except ValidationError as error:
        raise copy.error(state.name, described(error)) from error
    lacking = sorted(Record.model_fields.keys() - state.value.keys())
    if lacking or record.created is None or record.updated is None or record.version != state.version:
        odd = lacking or ["version", "created", "updated"]
        raise copy.error(state.name, f"its {', '.join(odd)} are not those that the ledger gives it")
    for each in attachments_in(state.value):
        if each["sha256"] not in copy.files:
            raise copy.error(state.name, f"the attached file {each['name']} is not in the copy")
    for target in mentioned(state.value):
        if target not in copy.records:
            raise copy.error(state.name, f"it names the record {target}, which is not in the copy")
    return record


def _rows(
    store: Store,
    connection: Connection,
    copy: StoreCopy,
    chain: Chain,
    mentions: list[dict[str, str]],
    days: list[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    refs: dict[tuple[str, str, str], str] = {}
    for state in copy.states(chain):
        if state.edited:
            state = as_remembered(connection, copy, state)
        record = understood(store.kinds, copy, state)
        row, own_days = rows_of(record, state.value, state.body)
        ref = (record.unit, record.kind, record.ref)
        if refs.setdefault(ref, state.name) != state.name:
            raise copy.error(state.name, f"its reference {record.ref} is that of {refs[ref]} too")
        targets = sorted(set(mentioned(state.value)) - {record.id})
        mentions += [{"source": record.id, "target": each} for each in targets]
        days += own_days
        yield row


def _check_together(store: Store, connection: Connection, copy: StoreCopy) -> None:
    """Refuse what shows only once all records are there, such as actions that wait for each other."""
    held = schema.record

    @cache
    def one(key: str) -> Record | None:
        row = connection.execute(select(held.c.kind, held.c.body).where(held.c.id == key)).first()
        return store.read(store.kinds[row.kind].model, row.body) if row else None

    watched = [name for name, kind in store.kinds.items() if kind.against is not nothing_against]
    keys = select(held.c.id, held.c.kind).where(held.c.kind.in_(watched)).order_by(held.c.id)
    for key, kind in connection.execute(keys).all():
        for reason in store.kinds[kind].against(one(key), one):
            raise copy.error(copy.records[key], str(reason))


def as_remembered(connection: Connection, copy: StoreCopy, state: State) -> State:
    """Return a record as the ledger, which is loaded, says it is."""
    query = select(schema.event.c.body).where(schema.event.c.record == state.id).order_by(schema.event.c.seq)
    try:
        value = rebuilt(read_event(each) for each in connection.execute(query).scalars())
        body = canonical(value)
    except (QmsError, ValueError) as error:
        raise copy.error(state.name, f"the ledger does not give it ({error})") from error
    return state._replace(value=value or {}, body=body.decode(), edited=False)


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    waiting = iter(rows)
    while part := list(islice(waiting, ROWS_AT_ONCE)):
        connection.execute(insert(table), part)


class Mark(NamedTuple):
    """One record of a copy in short.

    Attributes
    ----------
    kind, ref : str
    state : str
        Hash of what its file says.
    edited : bool
        Whether that is not what the ledger of the copy says.
    last : int
        Number of its last event there.
    """

    kind: str
    ref: str
    state: str
    edited: bool
    last: int


class CopyIndex:
    """A copy that was read and checked in full.

    Parameters
    ----------
    kinds : mapping of str to Kind
        That the store keeps.
    copy : StoreCopy

    Attributes
    ----------
    marks : dict of str to Mark
        By id.

    Raises
    ------
    ExchangeError
        If the copy is not sound.
    """

    def __init__(self, kinds: Mapping[str, Kind], copy: StoreCopy) -> None:
        self.copy = copy
        self.kinds = kinds
        self.hashes = [BEGINNING]
        self.marks: dict[str, Mark] = {}
        chain = Chain()
        last: dict[str, int] = {}
        for entry in copy.entries(chain):
            self.hashes.append(entry.hash)
            last[entry.record] = entry.seq
        for state in copy.states(chain):
            record = understood(kinds, copy, state)
            digest = sha256(state.body.encode())
            self.marks[state.id] = Mark(state.kind, record.ref, digest, state.edited, last[state.id])
        copy.check_files()

    def hash_at(self, seq: int) -> str | None:
        """Return the hash of the event with a number, or None if the ledger of the copy is shorter."""
        return self.hashes[seq] if seq < len(self.hashes) else None

    def value(self, record: str) -> dict[str, Any]:
        """Return what the file of a record says."""
        return self.copy.value(self.copy.records[record])

    def events_of(self, records: set[str]) -> dict[str, list[Event]]:
        """Return all events of some records, oldest first."""
        found: dict[str, list[Event]] = {record: [] for record in records}
        if records:
            for entry in self.copy.entries(Chain()):
                if entry.record in found:
                    found[entry.record].append(read_event(entry.body))
        return found

    def shared_with(self, connection: Connection) -> int:
        """Return the number of the last event that the ledgers of the copy and of a store have in common."""
        event = schema.event
        query = select(event.c.seq, event.c.hash).where(event.c.seq < len(self.hashes)).order_by(event.c.seq)
        shared = 0
        for seq, digest in connection.execute(query):
            if self.hashes[seq] != digest:
                break
            shared = seq
        return shared

    def history(self, connection: Connection) -> bytes:
        """Return the part of the ledger of the copy that neither a store nor what it kept before holds, gzipped.

        It is the lines of a ledger file, and the checkpoints; empty if there is nothing in it.
        """
        known = [self.shared_with(connection)]
        heads = [each.head for _, each in merges(connection) if each is not None]
        known += [head.seq for head in heads if self.hash_at(head.seq) == head.hash]
        if max(known) >= self.copy.head.seq:
            return b""
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as out:
            for entry in self.copy.entries(Chain()):
                if entry.seq > max(known):
                    out.write(b'{"event":%b,"hash":"%b"}\n' % (entry.body.encode(), entry.hash.encode()))
            out.writelines(f"{signed}\n".encode() for _, signed in self.copy.checkpoints())
        return packed.getvalue()
