"""What a merge needs to know of a copy: every record in short, and where its ledger can be entered again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from qms import schema
from qms.exchange.loading import understood
from qms.exchange.store_copy import StoreCopy
from qms.ledger import BEGINNING, Chain, Event, read_event
from qms.lifecycle import Kind
from qms.record import sha256


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

    def lines_after(self, seq: int) -> Iterator[bytes]:
        """Yield the events after one, as the lines of a ledger file, and the checkpoints."""
        for entry in self.copy.entries(Chain()):
            if entry.seq > seq:
                yield b'{"event":%b,"hash":"%b"}\n' % (entry.body.encode(), entry.hash.encode())
        for _, body in self.copy.checkpoints():
            yield f"{body}\n".encode()
