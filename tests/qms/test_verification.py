"""Checking a whole store: what is said of a good one, and that nothing stops at the first thing that is wrong."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms import Person, Record, Store
from qms.kinds import KINDS
from qms.ledger import BEGINNING, Head
from qms.lifecycle import Kind
from qms.record import Attachment, canonical, mentioned, sha256
from qms.store import open_store
from qms.verification import NAMED

IDS = ["01JQ0000000000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01jq0000000000000000000000"]
PIECES = st.sampled_from([*IDS, '"', "\\", ":", ",", "[", "{", "x", ""])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.lists(PIECES, max_size=4).map("".join),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.sampled_from([*IDS, "a", "b"]), each, max_size=3),
    max_leaves=12,
)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Photo(Record):
    """Something with a file."""

    kind: ClassVar[str] = "photo"
    file: Attachment


KEPT = (*KINDS, Kind(Photo))


@pytest.fixture
def photos(make_store: Callable[..., Store]) -> Store:
    """A store with three photos, each with a file of its own."""
    store = make_store(kinds=KEPT)
    for number in range(3):
        with store.change(by=store.person("a.hoxha").id) as change:
            file = store.files.keep_stream(io.BytesIO(b"photo %d" % number), f"{number}.png")
            change.add(Photo(unit="AL-TIR", file=file, labels=("first",)))
    return store


def behind_its_back(store: Store, *statements: str) -> None:
    with closing(sqlite3.connect(store.engine.url.database)) as connection:
        for what in ("updated", "deleted", "replaced"):
            connection.execute(f"DROP TRIGGER IF EXISTS event_is_never_{what}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_good_store(photos: Store) -> None:
    told: list[tuple[int, int]] = []
    found = photos.verify(progress=lambda done, total: told.append((done, total)))
    assert found
    assert (found.head, found.records, found.files) == (photos.head(), 7, 3)
    assert (found.problems, found.notes) == ((), ())
    assert told[-1] == (7, 7)


def test_an_empty_store(new_place: Callable) -> None:
    place = new_place()
    with open_store(place.database, files=place.files, create=True) as store:
        found = store.verify()
    assert found
    assert (found.head, found.records, found.files) == (Head(0, BEGINNING), 0, 0)


@only_sqlite
def test_records_and_files_are_checked_though_the_ledger_is_broken(photos: Store) -> None:
    first, second, third = photos.find(Photo)
    photos.files.path(third.file).write_bytes(b"other")
    behind_its_back(
        photos,
        "UPDATE event SET body = replace(body, 'set up', 'made up') WHERE seq = 3",
        f"UPDATE record SET body = replace(body, 'first', 'worst') WHERE id = '{second.id}'",
        f"UPDATE record SET unit = 'XK-PRN' WHERE id = '{first.id}'",
    )
    found = photos.verify()
    assert [str(each).split(":")[0] for each in found.problems] == [
        "event 3",
        f"photo {first.ref}",
        f"photo {second.ref}",
        f"file {third.file.sha256[:16]}",
    ]
    assert "its unit in the table are not those in its text" in str(found.problems[1])
    assert (found.head.seq, found.records, found.files) == (2, 7, 3)


@only_sqlite
def test_what_one_table_has_and_the_other_does_not(photos: Store) -> None:
    first, second, third = photos.find(Photo)
    behind_its_back(
        photos,
        f"DELETE FROM record WHERE id = '{first.id}'",
        f"INSERT INTO record SELECT '{'0' * 26}', kind, 'PH-9', unit, jurisdiction, status, owner, version,"
        f" updated, headline, state, body FROM record WHERE id = '{second.id}'",
        f"INSERT INTO mention VALUES ('{'1' * 26}', '{third.id}')",
        f"INSERT INTO deadline VALUES ('{third.id}', 'review', '2026-03-01', '')",
    )
    assert sorted(map(str, photos.verify().problems)) == sorted(
        [
            "photo PH-9: the ledger knows nothing of it",
            f"photo {first.id}: the ledger has it and the store does not",
            f"photo {third.ref}: the table of deadlines does not fit what it says",
            f"record {'1' * 26}: it stands in the table of mentions or deadlines and is not there",
        ]
    )


@only_sqlite
def test_an_older_state_put_back_is_noticed(photos: Store) -> None:
    arta = photos.person("a.hoxha")
    with closing(sqlite3.connect(photos.engine.url.database)) as connection:
        columns = "version, updated, headline, state, body"
        old = connection.execute(f"SELECT {columns} FROM record WHERE id = ?", (arta.id,)).fetchone()
    with photos.change(by=arta.id) as change:
        change.save(arta.revised(duty="examiner"))
    with closing(sqlite3.connect(photos.engine.url.database)) as connection:
        values = "version = ?, updated = ?, headline = ?, state = ?, body = ?"
        connection.execute(f"UPDATE record SET {values} WHERE id = ?", (*old, arta.id))
        connection.commit()
    assert [str(each) for each in photos.verify().problems] == [
        "person a.hoxha: what it says is not what the ledger says it says"
    ]


@only_sqlite
def test_an_index_that_hides_a_record_is_noticed(photos: Store) -> None:
    behind_its_back(
        photos,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = sql || ' WHERE unit = ''none''' WHERE name = 'record_by_ref'",
    )
    found = photos.verify()
    assert [each.where for each in found.problems] == ["database"]
    assert "the file is damaged: wrong # of entries in index record_by_ref" in found.problems[0].what


def test_a_clock_that_went_back_is_a_note(photos: Store) -> None:
    arta = photos.person("a.hoxha")
    photos.clock = lambda: datetime.now(UTC) - timedelta(days=2)
    with photos.change(by=arta.id) as change:
        change.add(Person(unit="AL-TIR", ref="d", name="D"))
    found = photos.verify()
    assert found
    assert found.notes == ("event 8: the clock was behind that of an earlier event",)


@given(VALUES)
def test_ids_are_found_in_the_text_as_in_the_value(value: object) -> None:
    value = {"value": value}
    assert sorted(NAMED.findall(canonical(value).decode())) == sorted(mentioned(value))


@only_sqlite
def test_what_is_no_record_is_said_to_be_none(photos: Store) -> None:
    first, *_ = photos.find(Photo)
    for body in ("[]", "no words", '{"version":"1"}'):
        behind_its_back(
            photos,
            "UPDATE event SET body = 'x' WHERE seq = 1",
            f"UPDATE record SET body = '{body}', state = '{sha256(body.encode())}' WHERE id = '{first.id}'",
        )
        said = [str(each) for each in photos.verify().problems]
        assert said[0].startswith("event 1: its text does not have the hash")
        assert f"photo {first.ref}: its text is not that of a record" in said
