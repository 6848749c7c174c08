"""Checking a whole store: the chain of events, every record against its last event, every attached file.

What follows from a record (its headline, its deadlines, whom it names) is kept beside it for lists; that is worked
out anew and compared.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter
from sqlalchemy import Connection, func, select
from typing_extensions import TypedDict

from qms import schema
from qms.database import BY_PARTS, reading
from qms.errors import RecordError
from qms.keeping import headline_text
from qms.ledger import Chain, Problem, Verification, kept_bytes
from qms.record import ID_PATTERN, attachments_in, sha256

if TYPE_CHECKING:
    from qms.store import Store

NAMED = re.compile(rf'[:\[,]"({ID_PATTERN})"(?!:)')
"""An id that stands alone in canonical JSON as a value; what `qms.record.mentioned` yields of it."""


class Repeated(TypedDict, total=False):
    """Fields of a record's text that columns repeat."""

    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]

    id: str
    ref: str
    unit: str
    jurisdiction: str
    status: str
    version: int
    updated: str
    owner: str | None


REPEATED = ("id", "ref", "unit", "jurisdiction", "status", "version", "updated")
COLUMNS = (*REPEATED, "owner", "kind", "state")
_REPEATED = TypeAdapter(Repeated)
_columns = attrgetter(*COLUMNS)


def verify_store(store: Store, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Check a store; see `Store.verify`."""
    with reading(store.engine) as connection:
        chain = _follow(connection, progress)
        records = _Records(store, connection, chain)
        problems = [chain.problem] if chain.problem else []
        problems += [*records.check(), *_pages(connection)]
    files = set(store.files.digests())
    for digest in sorted(files | records.cited.keys()):
        found = store.files.wrong(digest)
        if found:
            names = ", ".join(sorted(records.cited.get(digest, ()))) or "nothing"
            problems.append(Problem(f"file {digest[:16]}", f"{found}; it is cited by {names}"))
    notes = [f"event {seq}: the clock was behind that of an earlier event" for seq in chain.clock_back]
    notes += [
        f"no kind {kind!r} is known here; its headlines and deadlines are not checked" for kind in records.odd
    ]
    spare = len(files - records.cited.keys())
    if spare:
        notes.append(f"{spare} attached files that no record cites")
    return Verification(
        chain.head, records.count, len(files | records.cited.keys()), tuple(problems), tuple(notes)
    )


def _follow(connection: Connection, progress: Callable[[int, int], None] | None) -> Chain:
    event = schema.event
    total = connection.execute(select(func.count()).select_from(event)).scalar_one()
    chain = Chain()
    query = select(event.c.seq, event.c.record, event.c.at, event.c.body, event.c.hash).order_by(event.c.seq)
    rows = connection.execute(query, execution_options=BY_PARTS)
    for part in rows.partitions():
        for seq, record, at, body, digest in part:
            if not chain.follow(seq, record, at, body, digest):
                rows.close()
                return chain
        if progress:
            progress(chain.head.seq, total)
    return chain


def _pages(connection: Connection) -> Iterator[Problem]:
    if connection.dialect.name == "sqlite":
        for found in connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars():
            if found != "ok":
                yield Problem("database", f"the file is damaged: {found}")


class _Records:
    """The check of every record; what it cites and which kinds are not known is gathered on the way."""

    def __init__(self, store: Store, connection: Connection, chain: Chain) -> None:
        self.store = store
        self.connection = connection
        self.left = dict(chain.states)
        self.broken = chain.problem is not None
        self.cited: dict[str, set[str]] = defaultdict(set)
        self.odd: dict[str, None] = {}
        self.count = 0
        mention, deadline = schema.mention, schema.deadline
        self.mentions: dict[str, set[str]] = defaultdict(set)
        for source, target in connection.execute(select(mention.c.source, mention.c.target)):
            self.mentions[source].add(target)
        self.days: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
        for record, *day in connection.execute(
            select(deadline.c.record, deadline.c.what, deadline.c.on, deadline.c.owner)
        ):
            self.days[record].add((day[0], day[1], day[2]))

    def check(self) -> Iterator[Problem]:
        query = select(schema.record).order_by(schema.record.c.id)
        for row in self.connection.execute(query, execution_options=BY_PARTS):
            self.count += 1
            known = self.left.pop(row.id, None)
            if self.broken and (known is None or known[1] != row.version):
                known = (row.kind, row.version, row.state)
            if known is None:
                yield Problem(f"{row.kind} {row.ref}", "the ledger knows nothing of it")
                continue
            kind, _, state = known
            if sha256(kept_bytes(row.body)) != state:
                yield Problem(f"{kind} {row.ref}", "what it says is not what the ledger says it says")
                continue
            try:
                told = _REPEATED.validate_json(row.body)
            except ValueError:
                yield Problem(f"{kind} {row.ref}", "its text is not that of a record")
                continue
            where = f"{kind} {told.get('ref')}"
            if '"sha256"' in row.body:
                for each in attachments_in(json.loads(row.body)):
                    self.cited[str(each["sha256"])].add(where)
            for wrong in self._wrong(row, kind, state, told):
                yield Problem(where, wrong)
        for record, (kind, _, _) in self.left.items():
            yield Problem(f"{kind} {record}", "the ledger has it and the store does not")
        for record in sorted(self.mentions.keys() | self.days.keys(), key=str):
            yield Problem(f"record {record}", "it stands in the table of mentions or deadlines and is not there")

    def _wrong(self, row: Any, kind: str, state: str, told: Repeated) -> Iterator[str]:
        expected = (*(told.get(name) for name in REPEATED), told.get("owner") or "", kind, state)
        odd: list[str] = []
        if _columns(row) != expected:
            odd += [name for name, value in zip(COLUMNS, expected, strict=True) if getattr(row, name) != value]
        if self.mentions.pop(row.id, set()) != set(NAMED.findall(row.body)) - {row.id}:
            yield "the table of who names whom does not fit what it says"
        days = self.days.pop(row.id, set())
        if kind not in self.store.kinds:
            self.odd[kind] = None
        else:
            try:
                record = self.store.read(self.store.kinds[kind].model, row.body)
            except RecordError as error:
                yield str(error)
            else:
                if days != {(each.what, each.on.isoformat(), each.owner) for each in record.deadlines()}:
                    yield "the table of deadlines does not fit what it says"
                if row.headline != headline_text(record):
                    odd.append("headline")
        if odd:
            yield f"its {', '.join(sorted(odd))} in the table are not those in its text"
