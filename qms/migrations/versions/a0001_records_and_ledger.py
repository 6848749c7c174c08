"""Records, ledger, mentions, deadlines and checkpoints; events can be added and nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BYTEWISE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SQLITE_GUARDS = """
CREATE TRIGGER event_is_never_{what}d BEFORE {WHAT} ON event
BEGIN SELECT RAISE(ABORT, 'events of the ledger are only ever added'); END
"""
POSTGRES_GUARDS = (
    """
CREATE FUNCTION refuse_change_of_event() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'events of the ledger are only ever added'; END $$
""",
    """
CREATE TRIGGER event_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_event()
""",
)


def upgrade() -> None:
    """Make the tables."""
    _records()
    _derived()
    _ledger()


def _records() -> None:
    names = ("kind", "ref", "unit", "jurisdiction", "status", "owner")
    op.create_table(
        "record",
        sa.Column("id", BYTEWISE, primary_key=True),
        *(sa.Column(name, BYTEWISE, nullable=False) for name in names),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated", BYTEWISE, nullable=False),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("state", BYTEWISE, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("unit", "kind", "ref", name="one_ref_a_unit"),
    )
    op.create_index("record_by_kind", "record", ["kind", "unit", "status"])
    op.create_index("record_by_ref", "record", ["kind", "ref"])
    op.create_index("record_by_owner", "record", ["owner", "kind"])


def _derived() -> None:
    op.create_table(
        "mention",
        sa.Column("source", BYTEWISE, sa.ForeignKey("record.id"), primary_key=True),
        sa.Column("target", BYTEWISE, sa.ForeignKey("record.id"), primary_key=True),
    )
    op.create_index("mention_by_target", "mention", ["target"])
    op.create_table(
        "deadline",
        sa.Column("record", BYTEWISE, sa.ForeignKey("record.id"), primary_key=True),
        sa.Column("what", BYTEWISE, primary_key=True),
        sa.Column("on", BYTEWISE, nullable=False),
        sa.Column("owner", BYTEWISE, nullable=False),
    )
    op.create_index("deadline_by_day", "deadline", ["on"])


def _ledger() -> None:
    op.create_table(
        "event",
        sa.Column("seq", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("record", BYTEWISE, nullable=False),
        sa.Column("at", BYTEWISE, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", BYTEWISE, nullable=False),
    )
    op.create_index("event_by_record", "event", ["record", "seq"])
    op.create_index("event_by_time", "event", ["at"])
    op.create_table(
        "checkpoint",
        sa.Column("seq", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("key", BYTEWISE, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for what in ("update", "delete"):
            op.execute(SQLITE_GUARDS.format(what=what, WHAT=what.upper()))
    else:
        for statement in POSTGRES_GUARDS:
            op.execute(statement)


def downgrade() -> None:
    """Refuse: a ledger is not taken apart."""
    raise NotImplementedError("a store is never taken back to an older form; restore a backup instead")
