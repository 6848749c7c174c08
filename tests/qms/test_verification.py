"""Checking a whole store: what is said of a good one, and that nothing stops at the first thing that is wrong."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms import Person, Record, Store, schema
from qms.attachments import AttachedFiles
from qms.database import writing
from qms.errors import AttachmentError, ExchangeError
from qms.exchange.merge import import_folder
from qms.exchange.text_folder import write_folder
from qms.kinds import KINDS
from qms.ledger import BEGINNING, Head
from qms.lifecycle import Kind
from qms.record import Attachment, Deadline, Id, canonical, mentioned, sha256
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
    """Something with a file, which may name a record and have a day."""

    kind: ClassVar[str] = "photo"
    file: Attachment
    about: Id | None = None
    due: date | None = None

    def deadlines(self) -> tuple[Deadline, ...]:
        return (Deadline("review", self.due),) if self.due else ()


class Measured(Record):
    """Something with a number that JSON may write in several ways."""

    kind: ClassVar[str] = "measured"
    value: float


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
    """Change a store as somebody would who takes the guards of the ledger away and puts them back."""
    with closing(sqlite3.connect(store.engine.url.database)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in (*statements, *(sql for _, sql in guards)):
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
def test_after_a_break_records_are_checked_by_what_the_ledger_says_before_it(photos: Store) -> None:
    first, second, third = photos.find(Photo)
    with photos.change(by=photos.person("a.hoxha").id) as change:
        change.save(second.revised(labels=("later",)))
    for each in (first, second, third):
        body = canonical(photos.get(Photo, each.id).model_dump(mode="json") | {"labels": ["false"]}).decode()
        values = f"body = '{body}', state = '{sha256(body.encode())}'"
        behind_its_back(photos, f"UPDATE record SET {values} WHERE id = '{each.id}'")
    behind_its_back(photos, "DELETE FROM event WHERE seq = 7")
    found = photos.verify()
    assert [str(each) for each in found.problems] == [
        "event 7: it is missing; the ledger goes on with event 8",
        f"photo {first.ref}: what it says is not what the ledger says it says",
    ], "the two whose last event lies behind the break can only be compared with themselves"
    behind_its_back(photos, f"DELETE FROM record WHERE id = '{first.id}'")
    assert str(photos.verify().problems[1]) == f"photo {first.id}: the ledger has it and the store does not"


@only_sqlite
def test_one_cause_is_reported_once(photos: Store) -> None:
    arta, first = photos.person("a.hoxha"), photos.find(Photo)[0]
    with photos.change(by=arta.id) as change:
        change.save(first.revised(about=arta.id, due=date(2026, 5, 1)))
    assert photos.verify()
    behind_its_back(photos, f"UPDATE record SET body = replace(body, 'first', 'worst') WHERE id = '{first.id}'")
    found = photos.verify()
    said = [f"photo {first.ref}: what it says is not what the ledger says it says"]
    assert ([str(each) for each in found.problems], found.notes) == (said, ())
    behind_its_back(photos, f"DELETE FROM record WHERE id = '{first.id}'")
    found = photos.verify()
    assert [str(each) for each in found.problems] == [
        f"photo {first.id}: the ledger has it and the store does not"
    ]


def test_a_guard_that_was_taken_away_is_noticed(photos: Store) -> None:
    assert photos.verify()
    with writing(photos.engine) as connection:
        names = sorted(schema.GUARDS[connection.dialect.name])
        table = "" if connection.dialect.name == "sqlite" else " ON event"
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}{table}")
    assert [str(each) for each in photos.verify().problems] == [
        f"database: its guard {name} was taken away or switched off: it lets events be changed" for name in names
    ]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_guard_that_was_switched_off_is_noticed(photos: Store) -> None:
    with writing(photos.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER event_is_never_changed")
    (problem,) = photos.verify().problems
    assert problem.where == "database"
    with writing(photos.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE event ENABLE ALWAYS TRIGGER event_is_never_changed")
    assert photos.verify()


@only_sqlite
@pytest.mark.parametrize("wrong", [(5,), (8,), (9,), (7, 9)])
@pytest.mark.parametrize(
    "patch", [[], [{"at": "/words", "new": "never said"}], [{"at": "/unit", "old": "XK-PRN"}]]
)
def test_an_event_that_tells_another_change_is_found_by_a_thorough_check(
    photos: Store, tmp_path: Path, wrong: tuple[int, ...], patch: list
) -> None:
    for turn in ("second", "third"):
        with photos.change(by=photos.person("a.hoxha").id) as change:
            change.save(change.get(Photo, photos.find(Photo)[0].id).revised(labels=(turn,)))
    assert photos.verify(thorough=True)
    statements, previous = [], photos.log()[wrong[0] - 2]
    for event in photos.log()[wrong[0] - 1 :]:
        changed = patch if event.seq in wrong else event.patch
        event = replace(event, patch=tuple(changed), previous=sha256(previous.body()))
        body = event.body().decode().replace("'", "''")
        values = f"body = '{body}', hash = '{sha256(event.body())}'"
        statements.append(f"UPDATE event SET {values} WHERE seq = {event.seq}")
        previous = event
    behind_its_back(photos, *statements)
    assert photos.verify()
    assert [str(each) for each in photos.verify(thorough=True).problems] == [
        f"event {seq}: its changes do not lead to the state whose hash it keeps" for seq in wrong
    ]
    write_folder(photos, tmp_path / "copy")
    with (
        open_store(tmp_path / "other.qms", create=True, kinds=KEPT) as other,
        pytest.raises(ExchangeError, match=f"event {wrong[0]}: its changes do not lead to the state"),
    ):
        import_folder(other, tmp_path / "copy")


def test_numbers_that_are_written_otherwise_pass_a_thorough_check(make_store: Callable[..., Store]) -> None:
    store = make_store(kinds=(*KINDS, Kind(Measured)))
    with store.change(by=store.person("a.hoxha").id) as change:
        kept = change.add(Measured(unit="AL-TIR", value=1e21))
        change.save(kept.revised(value=1e-7))
    assert store.verify(thorough=True)


@only_sqlite
def test_the_size_that_a_record_gives_of_a_file_is_checked(photos: Store) -> None:
    first = photos.find(Photo)[0]
    wrong = Photo(unit="AL-TIR", file=first.file.model_copy(update={"size": 999}))
    arta = photos.person("a.hoxha")
    said = r"cites the file 0.png; it has 7 bytes, not 999 as the record says. Attach it anew"
    with pytest.raises(AttachmentError, match=said), photos.change(by=arta.id) as change:
        change.add(wrong)
    with pytest.raises(AttachmentError, match=r"0.png is damaged: it has 7 bytes, not 999"):
        photos.files.path(wrong.file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AttachedFiles, "wrong_size", lambda *_: "")
        with photos.change(by=arta.id) as change:
            kept = change.add(wrong)
    assert [str(each) for each in photos.verify().problems] == [
        f"photo {kept.ref}: of the file {first.file.sha256[:16]}: it has 7 bytes, not 999 as the record says"
    ]


def test_a_file_that_nothing_cites_is_counted_and_checked(photos: Store) -> None:
    spare = photos.files.keep_stream(io.BytesIO(b"spare"), "spare.png")
    found = photos.verify()
    assert (found.problems, found.files, found.notes) == ((), 4, ("1 attached file that no record cites",))
    photos.files.path(spare).write_bytes(b"share")
    (problem,) = photos.verify().problems
    assert str(problem).startswith(f"file {spare.sha256[:16]}: its bytes have the hash")
    assert str(problem).endswith("it is cited by nothing")
    lost = photos.find(Photo)[0]
    photos.files.path(lost.file).unlink()
    said = f"file {lost.file.sha256[:16]}: it is not there; it is cited by photo {lost.ref}"
    assert said in map(str, photos.verify().problems)


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
    for body in ("[]", "no words", '{"version":"1"}', "null", "7"):
        for event in ("x", "[]", "7"):
            behind_its_back(
                photos,
                f"UPDATE event SET body = '{event}' WHERE seq = 1",
                f"UPDATE record SET body = '{body}', state = '{sha256(body.encode())}' WHERE id = '{first.id}'",
            )
            said = [str(each) for each in photos.verify(thorough=True).problems]
            assert said[0].startswith("event 1: its text does not have the hash")
            assert said[1:] == [f"photo {first.ref}: its text is not that of a record"]
