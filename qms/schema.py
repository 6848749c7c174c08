"""The tables of a store.

`record` holds the newest state of every record as canonical JSON, with the columns that lists are filtered by;
`event` is the ledger. `mention` (who names whom) and `deadline` follow from the records and are written anew with
them. Times and days are text, so that SQLite and PostgreSQL sort and return them alike.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

GUARDS = {
    "sqlite": {"event_is_never_deleted", "event_is_never_replaced", "event_is_never_updated"},
    "postgresql": {"event_is_never_changed"},
}
"""Triggers that let the database itself refuse every change of an event."""

_Bytewise = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts by its code points on every database."""
_Counter = BigInteger().with_variant(Integer, "sqlite")

record = Table(
    "record",
    metadata,
    Column("id", _Bytewise, primary_key=True),
    Column("kind", _Bytewise, nullable=False),
    Column("ref", _Bytewise, nullable=False),
    Column("unit", _Bytewise, nullable=False),
    Column("jurisdiction", _Bytewise, nullable=False),
    Column("status", _Bytewise, nullable=False),
    Column("owner", _Bytewise, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated", _Bytewise, nullable=False),
    Column("headline", Text, nullable=False),
    Column("state", _Bytewise, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("kind", "unit", "ref", name="one_ref_a_unit"),
    Index("record_by_status", "kind", "status", "unit"),
    Index("record_by_ref", "kind", "ref"),
    Index("record_by_owner", "owner", "kind"),
)

event = Table(
    "event",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=False),
    Column("record", _Bytewise, nullable=False),
    Column("at", _Bytewise, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", _Bytewise, nullable=False),
    Index("event_by_record", "record", "seq"),
    Index("event_by_time", "at"),
)

mention = Table(
    "mention",
    metadata,
    Column("source", _Bytewise, ForeignKey("record.id"), primary_key=True),
    Column("target", _Bytewise, ForeignKey("record.id"), primary_key=True),
    Index("mention_by_target", "target"),
)

deadline = Table(
    "deadline",
    metadata,
    Column("record", _Bytewise, ForeignKey("record.id"), primary_key=True),
    Column("what", _Bytewise, primary_key=True),
    Column("on", _Bytewise, nullable=False),
    Column("owner", _Bytewise, nullable=False),
    Index("deadline_by_day", "on"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=False),
    Column("key", _Bytewise, primary_key=True),
    Column("body", Text, nullable=False),
)
