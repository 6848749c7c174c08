"""Checking a whole store: the chain of events, every record against its last event, every attached file.

What follows from a record (its headline, its deadlines, whom it names) is kept beside it for lists; that is worked
out anew and compared. A thorough check also repeats the changes of every record from its first event on: it takes
about three times as long, and finds an event whose list of changes is not what led to its state.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import Connection, func, select, text
from typing_extensions import TypedDict

from qms import schema
from qms.counting import counted
from qms.database import BY_PARTS, reading
from qms.errors import RecordError
from qms.exchange.merged import ACT, Merged, merges, merges_in, told_in
from qms.keeping import headline_text
from qms.ledger import Chain, Problem, StoreCheck, kept_bytes, read_event, repeated
from qms.record import ID_PATTERN, Attachment, attachments_in, canonical, sha256

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
_quickly = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""Writes what `canonical` does, but for some numbers and names of fields."""


def verify_store(
    store: Store, progress: Callable[[int, int], None] | None = None, *, thorough: bool = False
) -> StoreCheck:
    """Check a store; see `Store.verify`.

    What needs no Python, the pages of the database and the bytes of the files, is looked at beside the rest.
    """
    with _beside() as beside:
        pages = beside.submit(_pages, store)
        files = {digest: beside.submit(store.files.wrong, digest) for digest in store.files.digests()}
        with reading(store.engine) as connection:
            chain, told = _follow(connection, progress)
            records = _Records(store, connection, chain)
            problems = [chain.problem] if chain.problem else []
            if thorough:
                problems += misled(connection, chain.head.seq)
            problems += [*records.check(), *_unguarded(connection)]
            merged = list(merges(connection) if chain.problem else merges_in(told))
        for digest, where in _histories(store, merged):
            records.cited[digest].add((where, None))
        problems += pages.result()
        for digest in sorted(files.keys() | records.cited.keys()):
            found = files[digest].result() if digest in files else store.files.wrong(digest)
            problems += _wrong_file(store, digest, found, records.cited.get(digest, set()))
    notes = [f"event {seq}: the clock was behind that of an earlier event" for seq in chain.clock_back]
    notes += [
        f"no kind {kind!r} is known here; its headlines and deadlines are not checked" for kind in records.odd
    ]
    notes += [
        f"event {seq}: records were taken over as if from another copy, and which one is not said"
        for seq, copy in merged
        if copy is None
    ]
    spare = len(files.keys() - records.cited.keys())
    if spare and not problems:
        notes.append(f"{counted(spare, 'attached file')} that no record cites")
    return StoreCheck(
        chain.head, records.count, len(files.keys() | records.cited.keys()), tuple(problems), tuple(notes)
    )


def _histories(store: Store, merged: Iterable[tuple[int, Merged | None]]) -> Iterator[tuple[str, str]]:
    """Yield every file that keeps a history and which merge cites it, itself or through such a file."""
    waiting = [(copy.file, f"the merge of event {seq}") for seq, copy in merged if copy and copy.file]
    yield from waiting
    seen: set[str] = set()
    while waiting:
        digest, where = waiting.pop()
        if digest not in seen and store.files.has(digest):
            seen.add(digest)
            yield digest, where
            waiting += [(each.file, where) for each in told_in(store.files.place(digest)) if each.file]


def _follow(connection: Connection, progress: Callable[[int, int], None] | None) -> tuple[Chain, list[str]]:
    """Return the chain as far as it holds, and the events in it that may tell of a merge."""
    event = schema.event
    total = connection.execute(select(func.count()).select_from(event)).scalar_one()
    chain = Chain()
    told: list[str] = []
    query = select(event.c.seq, event.c.record, event.c.at, event.c.body, event.c.hash).order_by(event.c.seq)
    rows = connection.execute(query, execution_options=BY_PARTS)
    for part in rows.partitions():
        for seq, record, at, body, digest in part:
            if not chain.follow(seq, record, at, body, digest):
                rows.close()
                return chain, told
            if ACT in body:
                told.append(body)
        if progress:
            progress(chain.head.seq, total)
    return chain, told


def misled(connection: Connection, until: int) -> list[Problem]:
    """Return the first event of every record whose changes do not lead to the state whose hash it keeps.

    Parameters
    ----------
    connection : Connection
    until : int
        The last event that is looked at; the chain has to hold up to there.
    """
    event = schema.event
    query = select(event.c.record, event.c.seq, event.c.body).where(event.c.seq <= until)
    rows = connection.execute(query.order_by(event.c.record, event.c.seq), execution_options=BY_PARTS)
    odd = [seq for _, steps in groupby(rows, attrgetter("record")) for seq in _first_odd(steps)]
    return [
        Problem(f"event {seq}", "its changes do not lead to the state whose hash it keeps") for seq in sorted(odd)
    ]


def _first_odd(steps: Iterator[Any]) -> Iterator[int]:
    value: Any = {}
    for _, seq, body in steps:
        try:
            event = read_event(body)
            value = repeated(value, event.patch)
            if event.state != sha256(_quickly(value).encode()) and event.state != sha256(canonical(value)):
                raise ValueError
        except ValueError:
            yield seq
            return


@contextmanager
def _beside() -> Iterator[ThreadPoolExecutor]:
    """Give somebody who works beside this thread; when this one is stopped, what was not begun is let be."""
    with ThreadPoolExecutor(1) as beside:
        try:
            yield beside
        except BaseException:
            beside.shutdown(wait=False, cancel_futures=True)
            raise


def _wrong_file(store: Store, digest: str, found: str, cited: set[tuple[str, int | None]]) -> Iterator[Problem]:
    if found:
        names = ", ".join(sorted({where for where, _ in cited})) or "nothing"
        yield Problem(f"file {digest[:16]}", f"{found}; it is cited by {names}")
        return
    for where, size in sorted(cited):
        odd = store.files.wrong_size(digest, size) if size is not None else ""
        if odd:
            yield Problem(where, f"of the file {digest[:16]}: {odd}")


def _unguarded(connection: Connection) -> Iterator[Problem]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'event'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'event'::regclass AND tgenabled IN ('O', 'A')"
    found = set(connection.execute(text(query)).scalars())
    for name in sorted(schema.GUARDS[connection.dialect.name] - found):
        yield Problem("database", f"its guard {name} was taken away or switched off: it lets events be changed")


def _pages(store: Store) -> list[Problem]:
    if store.engine.dialect.name != "sqlite":
        return []
    with reading(store.engine) as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars()
        return [Problem("database", f"the file is damaged: {each}") for each in found if each != "ok"]


class _Records:
    """The check of every record; what it cites and which kinds are not known is gathered on the way."""

    def __init__(self, store: Store, connection: Connection, chain: Chain) -> None:
        self.store = store
        self.connection = connection
        self.left = dict(chain.states)
        self.broken = chain.problem is not None
        self.cited: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
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
            named, days = self.mentions.pop(row.id, set()), self.days.pop(row.id, set())
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
                    with suppress(ValidationError):
                        file = Attachment.model_validate(each)
                        self.cited[file.sha256].add((where, file.size))
            for wrong in self._wrong(row, kind, state, told, named, days):
                yield Problem(where, wrong)
        for record, (kind, _, _) in self.left.items():
            yield Problem(f"{kind} {record}", "the ledger has it and the store does not")
        for record in sorted((self.mentions.keys() | self.days.keys()) - self.left.keys(), key=str):
            yield Problem(f"record {record}", "it stands in the table of mentions or deadlines and is not there")

    def _wrong(
        self, row: Any, kind: str, state: str, told: Repeated, named: set[str], days: set[tuple[str, str, str]]
    ) -> Iterator[str]:
        expected = (*(told.get(name) for name in REPEATED), told.get("owner") or "", kind, state)
        odd: list[str] = []
        if _columns(row) != expected:
            odd += [name for name, value in zip(COLUMNS, expected, strict=True) if getattr(row, name) != value]
        if named != set(NAMED.findall(row.body)) - {row.id}:
            yield "the table of who names whom does not fit what it says"
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
