"""What happens to a store when things go wrong: killed, full, not writable, flipped bits, no server."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from qms import Person, Store, Text, Unit, open_store, schema
from qms import database as opening
from qms.database import writing
from qms.errors import QmsError, StoreError
from qms.kinds import KINDS
from qms.lifecycle import Kind
from qms.record import Attachment, Deadline, Id, Record

WRITERS = Path(__file__).with_name("killed_writers.py")
only_posix = pytest.mark.skipif(os.name != "posix", reason="needs fork, SIGKILL and limits of POSIX")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


class Parcel(Record):
    """Something with a file, a day and a name of another record."""

    kind = "parcel"
    file: Attachment | None = None
    owner: Id
    words: str = ""

    def deadlines(self) -> tuple[Deadline, ...]:
        return (Deadline("review", self.created.date(), self.owner),) if self.created else ()

    def headline(self) -> Text:
        return Text.of(self.words or "empty", "en")


KEPT = (*KINDS, Kind(Parcel))


def fill(store: Store) -> Store:
    """Add three records with files, each changed a few times."""
    arta = store.person("a.hoxha")
    for number in range(3):
        with store.change(by=arta.id, why=f"number {number}") as change:
            file = store.files.keep_stream(io.BytesIO(f"file {number}".encode() * 5), f"{number}.txt")
            kept = change.add(Parcel(unit="AL-TIR", owner=arta.id, file=file, words="më së miri"))
            for turn in range(4):
                kept = change.save(kept.revised(words=f"turn {turn} zapečaćeni"))
    return store


def add_people(store: Store, by: str, count: int, *, then: Callable[[], object] = lambda: None) -> None:
    """Add people and do something else in one change."""
    with store.change(by=by) as change:
        for number in range(count):
            change.add(Person(unit="AL-TIR", ref=f"p{number}", name="x" * 200))
        then()


@only_posix
def test_killed_writers_lose_nothing_that_was_acknowledged() -> None:
    done = subprocess.run([sys.executable, WRITERS, "200"], capture_output=True, text=True, check=False)
    *runs, summary = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, summary["wrong"], len(runs)) == (0, 0, 200), done.stdout + done.stderr
    assert all(each["killed"] and each["whole"] and not each["lost"] and not each["problems"] for each in runs)
    assert summary["acknowledged"] > 100
    assert any(each["acknowledged"] == 0 for each in runs), "nobody was killed before the first change"


@only_posix
def test_killed_clients_of_postgresql_lose_nothing_that_was_acknowledged(postgres) -> None:
    url = postgres.url(postgres.create(postgres.template))
    done = subprocess.run([sys.executable, WRITERS, "20", url], capture_output=True, text=True, check=False)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, summary["wrong"], summary["runs"]) == (0, 0, 20), done.stdout + done.stderr
    assert summary["acknowledged"] > 0


class Table:
    """Rows of a database behind the back of the store."""

    def __init__(self, store: Store) -> None:
        url = store.engine.url
        self.sqlite = url.get_backend_name() == "sqlite"
        if self.sqlite:
            self.connection = sqlite3.connect(url.database, isolation_level=None)
        else:
            import psycopg

            plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
            self.connection = psycopg.connect(plain, autocommit=True)
            self.connection.execute("SET session_replication_role = replica")

    def change(self, statement: str, values: tuple[object, ...] = ()) -> None:
        """Take the guards of the ledger away, change something and put them back, as somebody with skill would."""
        triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        guards = self.connection.execute(triggers).fetchall() if self.sqlite else []
        for name, _ in guards:
            self.connection.execute(f"DROP TRIGGER {name}")
        self.connection.execute(statement, values)
        for _, sql in guards:
            self.connection.execute(sql)

    def rows(self, table: str) -> list[dict[str, object]]:
        cursor = self.connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def put(self, table: str, key: str, at: object, column: str, value: object) -> None:
        if self.sqlite:
            told = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
            self.change(f'UPDATE {table} SET "{column}" = {told} WHERE {key} = ?', (value, at))
        else:
            self.change(f'UPDATE {table} SET "{column}" = %s WHERE {key} = %s', (value, at))

    def flipped(self, value: object, rng: random.Random) -> object:
        """Flip one bit; PostgreSQL refuses bytes that are no text, so there it is a bit that leaves a letter."""
        if isinstance(value, int):
            return value ^ (1 << rng.randrange(8, 24))
        content = bytearray(str(value).encode())
        places = [n for n, byte in enumerate(content) if self.sqlite or 64 <= byte < 127]
        content[rng.choice(places)] ^= 1 << rng.randrange(8 if self.sqlite else 1)
        return bytes(content) if self.sqlite else content.decode()


def test_every_flipped_bit_of_the_ledger_the_records_and_the_files_is_named(
    make_store: Callable[..., Store], database: str
) -> None:
    store = fill(make_store(kinds=KEPT))
    assert store.verify()
    table, rng = Table(store), random.Random(1)
    keys = {"event": "seq", "record": "id"}
    cells = [
        (name, row[keys[name]], column, row)
        for name in keys
        for row in table.rows(name)
        for column in row
        if (row[column] != "" if table.sqlite else str(row[column]).strip("0123456789-:.TZ "))
    ]
    for _ in range(700 if database == "sqlite" else 150):
        name, key, column, row = rng.choice(cells)
        wrong = table.flipped(row[column], rng)
        table.put(name, keys[name], key, column, wrong)
        found = store.verify()
        where = [problem.where for problem in found.problems]
        assert not found, (name, key, column, wrong)
        if name == "event":
            assert where[0] == f"event {key}", (column, wrong, found.problems)
        else:
            assert any(row["id"] in each or row["ref"] in each for each in where), (column, wrong, found.problems)
        key = wrong if column == keys[name] else key
        key = key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else key
        restored = row[column].encode() if table.sqlite and isinstance(row[column], str) else row[column]
        if column == keys[name] and isinstance(wrong, bytes):
            table.connection.execute("UPDATE record SET id = ? WHERE CAST(id AS BLOB) = ?", (row["id"], wrong))
        else:
            table.put(name, keys[name], key, column, restored)
    for _ in range(300 if database == "sqlite" else 50):
        digest = rng.choice(list(store.files.digests()))
        place = store.files.folder / digest[:2] / digest
        content = bytearray(place.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        good, _ = place.read_bytes(), place.write_bytes(content)
        assert [problem.where for problem in store.verify().problems] == [f"file {digest[:16]}"]
        place.write_bytes(good)
    assert store.verify(), store.verify().problems
    table.connection.close()


def test_what_follows_from_records_is_checked(make_store: Callable[..., Store]) -> None:
    store = fill(make_store(kinds=KEPT))
    table = Table(store)
    parcel = store.find(Parcel)[0]
    undo = {"deadline": table.rows("deadline")[0], "mention": table.rows("mention")[0]}
    for name in undo:
        for statement in (f"UPDATE {name} SET {{}} = {{}}", f"DELETE FROM {name}"):
            column, value = ("owner", "'x'") if name == "deadline" else ("target", f"'{parcel.id}'")
            if name == "mention" and "UPDATE" in statement:
                statement += f" WHERE source = '{parcel.id}'"
            table.connection.execute("BEGIN")
            kept = table.rows(name)
            table.connection.execute(statement.format(column, value))
            table.connection.execute("COMMIT")
            found = store.verify()
            assert any(name in problem.what or "names whom" in problem.what for problem in found.problems)
            table.connection.execute(f"DELETE FROM {name}")
            mark = "?" if table.sqlite else "%s"
            for row in kept:
                columns = ", ".join(f'"{each}"' for each in row)
                marks = ", ".join([mark] * len(row))
                table.connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", tuple(row.values()))
            assert store.verify()
    table.connection.close()


def told(store: Store) -> object:
    """All that a person can read in a store."""
    ids = [each.id for kind in KEPT for each in store.find(kind.model)]
    by_id = [store.get(kind.model, each.id) for kind in KEPT for each in store.find(kind.model)]
    return by_id, store.log(), [store.history(each) for each in ids], store.head()


@only_sqlite
def test_a_flipped_bit_of_the_file_is_found_or_harms_nothing(
    make_store: Callable[..., Store], tmp_path: Path
) -> None:
    store = fill(make_store(kinds=KEPT))
    expected, place = told(store), Path(store.engine.url.database)
    store.close()
    good, rng, found = place.read_bytes(), random.Random(2), 0
    assert not place.with_name("records.qms-wal").exists()
    other = tmp_path / "flipped.qms"
    for _ in range(300):
        content = bytearray(good)
        at = rng.choice([rng.randrange(len(good)), rng.randrange(100)])
        content[at] ^= 1 << rng.randrange(8)
        other.write_bytes(content)
        try:
            with open_store(other, files=store.files.folder, kinds=KEPT) as opened:
                if opened.verify():
                    assert told(opened) == expected, f"byte {at}"
                else:
                    found += 1
        except QmsError:
            found += 1
        for rest in tmp_path.glob("flipped.qms*"):
            rest.unlink()
    assert found > 50


def test_the_end_of_the_ledger_cut_off_shows_only_by_its_head(make_store: Callable[..., Store]) -> None:
    store = make_store(kinds=KEPT)
    printed = store.head()
    table = Table(store)
    last = max(table.rows("event"), key=lambda row: row["seq"])
    table.change(f"DELETE FROM event WHERE seq = {last['seq']}")
    assert "knows nothing of it" in str(store.verify().problems)
    table.connection.execute(f"DELETE FROM record WHERE id = '{last['record']}'")
    table.connection.close()
    assert store.verify()
    assert store.head() != printed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = ''",
        "DELETE FROM event",
        "DELETE FROM event WHERE seq = 3",
        "INSERT OR REPLACE INTO event SELECT seq, record, at, '', hash FROM event WHERE seq = 2",
    ],
)
def test_events_cannot_be_changed(store: Store, database: str, statement: str) -> None:
    if "REPLACE" in statement and database == "postgresql":
        statement = "TRUNCATE event"
    before = store.log()
    with (
        pytest.raises(StoreError, match="Events of the ledger are only ever added"),
        writing(store.engine) as connection,
    ):
        connection.exec_driver_sql(statement)
    assert store.log() == before


def test_an_error_in_a_change_leaves_nothing(store: Store) -> None:
    arta, head = store.person("a.hoxha"), store.head()
    for error in (ValueError("a mistake"), KeyboardInterrupt(), SystemExit(1)):

        def fail(error: BaseException = error) -> None:
            store.files.keep_stream(io.BytesIO(b"kept for nothing"), "kept.txt")
            raise error

        with pytest.raises(type(error)):
            add_people(store, arta.id, 3, then=fail)
    assert (store.head(), len(store.find(Person))) == (head, 3)
    assert store.verify().notes == ("1 attached file that no record cites",)
    add_people(store, arta.id, 1)
    assert store.verify()


@contextmanager
def limit_of_file_size(size: int) -> Iterator[None]:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@only_sqlite
def test_a_full_disk_changes_nothing(store: Store) -> None:
    arta, head = store.person("a.hoxha"), store.head()
    store.engine.dispose()

    def full(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(store.engine, "connect", full)
    with pytest.raises(StoreError, match="no room left on the disk; nothing was changed"):
        add_people(store, arta.id, 100)
    event.remove(store.engine, "connect", full)
    store.engine.dispose()
    assert (store.head(), len(store.find(Person))) == (head, 3)
    assert store.verify()


@only_posix
@only_sqlite
def test_a_file_that_cannot_grow_changes_nothing(store: Store) -> None:
    arta, head = store.person("a.hoxha"), store.head()
    with limit_of_file_size(60_000):
        with pytest.raises(StoreError, match="nothing was changed"):
            add_people(store, arta.id, 500)
        with pytest.raises(StoreError, match="no room left"):
            store.files.keep_stream(io.BytesIO(bytes(100_000)), "large.bin")
    assert (store.head(), len(store.find(Person))) == (head, 3)
    assert not [each for each in store.files.folder.rglob("*") if each.is_file()]
    assert store.verify()
    add_people(store, arta.id, 1)
    assert store.verify()


@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of 600 kB, where one may be made."""
    folder = Path(tempfile.mkdtemp(prefix="qms-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        folder.rmdir()
        pytest.skip("a disk can only be made by root on Linux")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


@pytest.mark.skipif(not shutil.which("mount"), reason="needs mount")
def test_a_disk_that_is_full_and_then_read_only() -> None:
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
    with small_disk() as disk:
        with open_store(disk / "records.qms", create=True) as store:
            with store.change(by=arta.id) as change:
                change.add(Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Unit", "en")))
                change.add(arta)
            head = store.head()
            with pytest.raises(StoreError, match=r"no room left at .*; nothing was kept"):
                store.files.keep_stream(io.BytesIO(bytes(2_000_000)), "large.bin")
            with pytest.raises(StoreError, match="no room left on the disk; nothing was changed"):
                add_people(store, arta.id, 900)
            assert store.head() == head
            assert store.verify()
            assert not [each for each in store.files.folder.rglob("*") if each.is_file()]
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with open_store(disk / "records.qms") as store:
            assert store.head() == head
            assert store.verify()
            with pytest.raises(StoreError, match="can only be read here; nothing was changed"):
                add_people(store, arta.id, 1)
            with pytest.raises(StoreError, match=r"cannot be written .*; nothing was kept"):
                store.files.keep_stream(io.BytesIO(b"words"), "words.txt")


@contextmanager
def nobody() -> Iterator[None]:
    """Be somebody whom the rights of files bind; root is not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@only_posix
@only_sqlite
@pytest.mark.parametrize(("folder", "file"), [(0o555, 0o444), (0o555, 0o666), (0o777, 0o444)])
def test_a_store_that_can_only_be_read(make_store: Callable[..., Store], folder: int, file: int) -> None:
    store = fill(make_store(kinds=KEPT))
    place, expected = Path(tempfile.mkdtemp(prefix="qms-read-only-")), told(store)
    store.close()
    shutil.copy(store.engine.url.database, place / "records.qms")
    shutil.copytree(store.files.folder, place / "records.qms.files")
    (place / "records.qms").chmod(file)
    (place / "records.qms.files").chmod(0o555)
    place.chmod(folder)
    before = (place / "records.qms").read_bytes()
    try:
        with nobody(), open_store(place / "records.qms", kinds=KEPT) as opened:
            assert told(opened) == expected
            assert opened.verify()
            arta = opened.person("a.hoxha")
            with pytest.raises(StoreError, match="can only be read here; nothing was changed"):
                add_people(opened, arta.id, 1)
            with pytest.raises(StoreError, match="nothing was kept"):
                opened.files.keep_stream(io.BytesIO(b"words"), "words.txt")
            assert opened.verify()
        assert (place / "records.qms").read_bytes() == before
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)


@only_posix
@only_sqlite
def test_a_store_on_a_read_only_disk_that_was_not_closed_says_what_to_do(make_store: Callable[..., Store]) -> None:
    store = make_store()
    place = Path(tempfile.mkdtemp(prefix="qms-read-only-"))
    with store.engine.connect():
        for name in ("records.qms", "records.qms-wal"):
            shutil.copy(Path(store.engine.url.database).with_name(name), place / name)
    assert (place / "records.qms-wal").stat().st_size
    place.chmod(0o555)
    try:
        with nobody(), pytest.raises(StoreError, match="copy both to where you can write"):
            open_store(place / "records.qms").close()
        place.chmod(0o777)
        with open_store(place / "records.qms") as opened:
            assert opened.head() == store.head()
    finally:
        shutil.rmtree(place)


@only_posix
@only_sqlite
def test_whoever_may_only_read_sees_what_others_write(make_store: Callable[..., Store]) -> None:
    store = make_store()
    place = Path(tempfile.mkdtemp(prefix="qms-read-only-")) / "records.qms"
    store.close()
    shutil.copy(store.engine.url.database, place)
    place.parent.chmod(0o755)
    count = select(func.count()).select_from(schema.event)
    try:
        with open_store(place) as writer, writer.engine.connect() as held:
            arta = writer.person("a.hoxha")
            held.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            assert place.with_name("records.qms-wal").stat().st_size == 0
            with nobody(), open_store(place) as opened:
                reader = opened.engine.connect()
            with reader:
                before = reader.execute(count).scalar_one()
                reader.rollback()
                add_people(writer, arta.id, 2)
                assert reader.execute(count).scalar_one() == before + 2
    finally:
        shutil.rmtree(place.parent)


@only_posix
@only_sqlite
def test_a_store_that_is_locked_is_not_taken_for_one_that_nobody_changes(
    make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.2)
    store = make_store()
    place = Path(tempfile.mkdtemp(prefix="qms-read-only-")) / "records.qms"
    store.close()
    shutil.copy(store.engine.url.database, place)
    place.parent.chmod(0o755)
    try:
        with closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            assert place.with_name("records.qms-wal").stat().st_size == 0
            with nobody(), pytest.raises(StoreError, match="Another program has been writing for long"):
                open_store(place).close()
    finally:
        shutil.rmtree(place.parent)


@only_postgres
def test_a_connection_that_breaks_in_a_change(store: Store, postgres) -> None:
    import psycopg

    arta, head = store.person("a.hoxha"), store.head()
    name = store.engine.url.database

    def kill() -> None:
        with psycopg.connect(f"host={postgres.folder} user=qms dbname=postgres", autocommit=True) as boss:
            boss.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    with pytest.raises(StoreError, match="server does not answer"):
        add_people(store, arta.id, 2, then=kill)
    assert (store.head(), len(store.find(Person))) == (head, 3)
    assert store.verify()


@only_postgres
def test_a_server_that_dies_and_comes_back(store: Store, postgres) -> None:
    arta, head = store.person("a.hoxha"), store.head()
    with pytest.raises(StoreError, match="server does not answer"):
        add_people(store, arta.id, 2, then=postgres.stop)
    with pytest.raises(StoreError, match="server does not answer"):
        store.find(Person)
    postgres.start()
    assert store.head() == head
    add_people(store, arta.id, 1)
    assert store.verify()


@only_postgres
def test_a_reader_of_postgresql_cannot_write(store: Store) -> None:
    arta, url = store.person("a.hoxha"), store.engine.url.render_as_string(hide_password=False)
    with open_store(f"{url}&options=-c%20default_transaction_read_only%3Don", files=store.files.folder) as reader:
        assert reader.get(Unit, "AL-TIR").jurisdiction == "AL"
        assert reader.verify()
        with pytest.raises(StoreError, match="can only be read here"), reader.change(by=arta.id) as change:
            change.save(arta.revised(duty="examiner"))
    assert store.person("a.hoxha") == arta


def test_events_that_are_lost_or_swapped_are_named(make_store: Callable[..., Store]) -> None:
    store = fill(make_store(kinds=KEPT))
    table = Table(store)
    table.change("DELETE FROM event WHERE seq = 9")
    assert str(store.verify().problems[0]).startswith("event 9: it is missing; the ledger goes on with event 10")
    table.change("UPDATE event SET seq = 9 WHERE seq = 10")
    assert str(store.verify().problems[0]).startswith("event 9: it does not follow from event 8")
    table.change("UPDATE event SET body = 'x' WHERE seq = 9")
    with pytest.raises(QmsError, match="ledger verify"):
        store.log()
    table.connection.close()
