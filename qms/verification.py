"""Checking a whole store: the chain of events, every record against its last event, every attached file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from qms import schema
from qms.database import reading
from qms.ledger import Chain, Problem, Verification
from qms.record import attachments_in, mentioned, sha256

if TYPE_CHECKING:
    from qms.store import Store

ROWS_AT_ONCE = 5000


def verify_store(store: Store, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Check a store; see `Store.verify`."""
    with reading(store.engine) as connection:
        chain = _follow(connection, progress)
        problems = [chain.problem] if chain.problem else []
        records, cited, wrong = _records(connection, chain)
        problems += wrong
        problems += _derived(connection)
    files = set(store.files.digests())
    for digest in sorted(files | cited.keys()):
        found = store.files.wrong(digest)
        if found:
            names = ", ".join(sorted(cited.get(digest, ()))) or "nothing"
            problems.append(Problem(f"file {digest[:16]}", f"{found}; it is cited by {names}"))
    notes = [f"event {seq}: the clock was behind that of an earlier event" for seq in chain.clock_back]
    spare = len(files - cited.keys())
    if spare:
        notes.append(f"{spare} attached files that no record cites")
    return Verification(chain.head, records, len(files | cited.keys()), tuple(problems), tuple(notes))


def _follow(connection: Connection, progress: Callable[[int, int], None] | None) -> Chain:
    event = schema.event
    total = connection.execute(select(func.count()).select_from(event)).scalar_one()
    chain = Chain()
    query = select(event.c.seq, event.c.record, event.c.at, event.c.body, event.c.hash).order_by(event.c.seq)
    rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
    for part in rows.partitions():
        for seq, record, at, body, digest in part:
            if not chain.follow(seq, record, at, body, digest):
                return chain
        if progress:
            progress(chain.head.seq, total)
    return chain


def _records(connection: Connection, chain: Chain) -> tuple[int, dict[str, set[str]], list[Problem]]:
    cited: dict[str, set[str]] = {}
    problems: list[Problem] = []
    left = dict(chain.states)
    count = 0
    for row in connection.execute(select(schema.record).order_by(schema.record.c.id)):
        count += 1
        where = f"{row.kind} {row.ref}"
        expected = left.pop(row.id, None)
        if expected is None and chain.problem:
            continue
        wrong = _wrong(row, expected)
        if wrong and not (chain.problem and expected and expected[1] < row.version):
            problems.append(Problem(where, wrong))
        for each in _cited(row.body):
            cited.setdefault(each, set()).add(where)
    problems += [
        Problem(f"{kind} {record}", "the ledger has it and the store does not")
        for record, (kind, _, _) in left.items()
    ]
    return count, cited, problems


def _wrong(row: Any, expected: tuple[str, int, str] | None) -> str:
    if expected is None:
        return "the ledger knows nothing of it"
    found = sha256(row.body.encode("utf-8", "surrogatepass"))
    if found != expected[2]:
        return "what it says is not what the ledger says it says"
    fields = json.loads(row.body)
    columns = ("id", "ref", "unit", "jurisdiction", "status", "version", "updated")
    kept = {name: getattr(row, name) for name in columns} | {
        "kind": row.kind,
        "owner": row.owner,
        "state": row.state,
    }
    told = {name: fields.get(name) for name in columns} | {
        "kind": expected[0],
        "owner": fields.get("owner") or "",
        "state": found,
    }
    odd = sorted(name for name in kept if kept[name] != told[name])
    return f"its {', '.join(odd)} in the table are not those in its text" if odd else ""


def _cited(body: str) -> set[str]:
    if '"sha256"' not in body:
        return set()
    try:
        return {str(each["sha256"]) for each in attachments_in(json.loads(body))}
    except ValueError:
        return set()


def _derived(connection: Connection) -> list[Problem]:
    mention = schema.mention
    kept: dict[str, set[str]] = {}
    for source, target in connection.execute(select(mention.c.source, mention.c.target)):
        kept.setdefault(source, set()).add(target)
    problems = []
    for record, kind, ref, body in connection.execute(
        select(schema.record.c.id, schema.record.c.kind, schema.record.c.ref, schema.record.c.body)
    ):
        try:
            named = set(mentioned(json.loads(body))) - {record}
        except ValueError:
            continue
        if named != kept.get(record, set()):
            problems.append(Problem(f"{kind} {ref}", "the table of who names whom does not fit what it says"))
    return problems
