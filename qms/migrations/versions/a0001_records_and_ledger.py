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
SQLITE_PLACE_GUARD = """
CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'events of the ledger are only ever added'); END
"""
SQLITE_PLAN = {
    ("record", "sqlite_autoindex_record_1"): "20000 1",
    ("record", "sqlite_autoindex_record_2"): "20000 4000 200 1",
    ("record", "record_by_status"): "20000 4000 600 30",
    ("record", "record_by_ref"): "20000 4000 20",
    ("record", "record_by_owner"): "20000 100 50",
    ("event", "event_by_record"): "200000 10 1",
    ("event", "event_by_time"): "200000 10",
    ("mention", "sqlite_autoindex_mention_1"): "60000 3 1",
    ("mention", "mention_by_target"): "60000 5",
    ("deadline", "sqlite_autoindex_deadline_1"): "20000 2 1",
    ("deadline", "deadline_by_day"): "20000 20",
}
"""How many rows there are and how many share the first columns of an index in the store of a region, for SQLite to
choose an index by; without it takes a kind of record for rarer than an owner."""
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
        sa.UniqueConstraint("kind", "unit", "ref", name="one_ref_a_unit"),
    )
    op.create_index("record_by_status", "record", ["kind", "status", "unit"])
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
        op.execute(SQLITE_PLACE_GUARD)
        op.execute("ANALYZE")
        plan = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
        rows = [{"tbl": table, "idx": index, "stat": stat} for (table, index), stat in SQLITE_PLAN.items()]
        op.bulk_insert(plan, rows)
    else:
        for statement in POSTGRES_GUARDS:
            op.execute(statement)


def downgrade() -> None:
    """Refuse: a ledger is not taken apart."""
    raise NotImplementedError("a store is never taken back to an older form; restore a backup instead")
