"""Where a record is kept: its row, whom it names, its days, its reference and its event.

Each function does one part of writing a record and belongs in the transaction of a change (`qms.change`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from qms import schema
from qms.attachments import AttachedFiles, checked_name
from qms.errors import AttachmentError, RecordError, UnknownError
from qms.ledger import BEGINNING, Event, Head
from qms.record import Record, attachments_in, mentioned, plain, sha256

COPIED = ("ref", "unit", "jurisdiction", "status", "version", "updated")
"""Fields that stand in columns of their own beside the text of the record."""
_headline = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def read_head(connection: Connection) -> Head:
    """Return the last event of the ledger."""
    event = schema.event
    row = connection.execute(select(event.c.seq, event.c.hash).order_by(event.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.hash) if row else Head(0, BEGINNING)


def put_event(connection: Connection, event: Event) -> Head:
    """Add an event to the ledger and return the new head."""
    body = event.body()
    head = Head(event.seq, sha256(body))
    row = {
        "seq": event.seq,
        "record": event.record,
        "at": event.at,
        "body": body.decode(),
        "hash": head.hash,
    }
    connection.execute(insert(schema.event), row)
    return head


def check_files(files: AttachedFiles, record: Record, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Refuse a file that a record newly cites and that is not kept, or whose name or size cannot be."""
    cited = list(attachments_in(before))
    for each in attachments_in(after):
        if each in cited:
            continue
        checked_name(each["name"])
        if not files.has(each["sha256"]):
            raise UnknownError(
                f"{record.ref} cites the file {each['name']}, which is not in the store. Attach it first."
            )
        odd = files.wrong_size(each["sha256"], each["size"])
        if odd:
            raise AttachmentError(f"{record.ref} cites the file {each['name']}; {odd}. Attach it anew.")


def jurisdiction_of(connection: Connection, record: Record, *, told: bool) -> str:
    """Return the jurisdiction of a record: that of its unit, unless it may say its own and does."""
    if record.kind == "unit":
        return record.jurisdiction
    held = schema.record
    query = select(held.c.jurisdiction).where(held.c.kind == "unit", held.c.ref == record.unit)
    found = connection.execute(query).scalar()
    if found is None:
        raise UnknownError(f"There is no unit {record.unit!r}. Add it with 'qms unit add', or check its code.")
    return (told and record.jurisdiction) or str(found)


def check_free(connection: Connection, record: Record) -> None:
    """Refuse a new record whose reference another one of its kind and unit has."""
    held = schema.record
    query = select(held.c.id).where(
        held.c.kind == record.kind, held.c.unit == record.unit, held.c.ref == record.ref
    )
    if connection.execute(query).scalar() is not None:
        raise RecordError(
            f"There is a {record.kind} {record.ref} in unit {record.unit} already. Choose another reference."
        )


def put_row(connection: Connection, record: Record, value: dict[str, Any], body: str, *, new: bool) -> None:
    """Write the row of a record and those of its deadlines."""
    row, days = rows_of(record, value, body)
    held, deadline = schema.record, schema.deadline
    if new:
        connection.execute(insert(held), row)
    else:
        connection.execute(update(held).where(held.c.id == record.id), row)
        connection.execute(delete(deadline).where(deadline.c.record == record.id))
    if days:
        connection.execute(insert(deadline), days)


def put_mentions(connection: Connection, record: Record, awaited: Set[str] = frozenset()) -> None:
    """Write whom a record names; each must be there, but for those that are still awaited."""
    mention = schema.mention
    connection.execute(delete(mention).where(mention.c.source == record.id))
    targets = sorted(set(mentioned(plain(record))) - {record.id} - awaited)
    _check_there(connection, record, targets)
    if targets:
        connection.execute(insert(mention), [{"source": record.id, "target": each} for each in targets])


def _check_there(connection: Connection, record: Record, targets: list[str]) -> None:
    if not targets:
        return
    found = connection.execute(select(schema.record.c.id).where(schema.record.c.id.in_(targets))).scalars()
    unknown = sorted(set(targets) - set(found))
    if unknown:
        names = ", ".join(unknown)
        raise UnknownError(f"{record.ref} names records that are not in this store: {names}. Add those first.")


def next_ref(connection: Connection, record: Record, year: int) -> str:
    """Return the next free reference of a record's series in its unit.

    The database gives the largest number: of all references between the series and the sign after the figures,
    the one with most figures, leading zeros left out, and of those the last.
    """
    series = record.series(year)
    if not series.endswith("-"):
        return series
    ref = schema.record.c.ref
    number = func.substr(ref, len(series) + 1)
    figures = func.ltrim(number, "0")
    query = (
        select(ref)
        .where(schema.record.c.kind == record.kind, schema.record.c.unit == record.unit)
        .where(ref > series, ref < f"{series}:", func.ltrim(number, "0123456789") == "")
        .order_by(func.length(figures).desc(), figures.desc())
        .limit(1)
    )
    return next_in(series, connection.execute(query).scalars())


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
    return _headline(plain(record.headline()))
