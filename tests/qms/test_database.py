"""Opening stores: new ones, old ones, newer ones, things that are none, and what may never be printed."""

from __future__ import annotations

import ast
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

import qms
from qms import Person, Store, open_store, schema
from qms import database as opening
from qms.errors import ConflictError, StoreError

PACKAGE = Path(qms.__file__).parent
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
NEXT_STEP = '''"""A step that a later release may bring."""
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("record", sa.Column("colour", sa.String, nullable=False, server_default="red"))
    {more}
'''
OPEN = """
import sys, time
from qms import open_store
time.sleep(max(0, float(sys.argv[3]) - time.time()))
open_store(sys.argv[1], files=sys.argv[2], create=True).close()
"""


def test_the_migrations_make_the_tables_that_the_code_reads(store: Store) -> None:
    found = inspect(store.engine)
    for table in schema.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert columns.keys() == {column.name for column in table.columns}
        assert all(not columns[column.name]["nullable"] for column in table.columns)
        assert {index["name"] for index in found.get_indexes(table.name)} >= {
            index.name for index in table.indexes
        }
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [
            each.name for each in table.primary_key
        ]


@only_sqlite
def test_opening_prints_nothing(new_place: Callable, capfd: pytest.CaptureFixture[str], caplog) -> None:
    place = new_place()
    open_store(place.database, create=True).close()
    open_store(place.database).close()
    assert capfd.readouterr() == ("", "")
    assert not [each for each in caplog.records if each.levelname != "INFO"]


def test_many_make_one_store_at_once(new_place: Callable, database: str, request) -> None:
    place = new_place()
    where = place.database
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        where = server.url(server.create())
    start = str(time.time() + 1.5)
    command = [sys.executable, "-c", OPEN, where, str(place.files), start]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [each.communicate()[1] for each in running]
    assert [each.returncode for each in running] == [0] * 3, said
    with open_store(where, files=place.files) as store:
        assert store.head().seq == 0
        assert store.verify()


@only_sqlite
@pytest.mark.parametrize("fails", [False, True])
def test_before_an_older_file_is_brought_up_to_date_it_is_copied(
    make_store: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    store = make_store()
    place, head = Path(store.engine.url.database), store.head()
    store.close()
    steps = tmp_path / "steps"
    shutil.copytree(PACKAGE / "migrations", steps)
    more = "raise OSError('no room')" if fails else ""
    (steps / "versions" / "a0002_colour.py").write_text(NEXT_STEP.format(more=more))
    with monkeypatch.context() as patch:
        patch.setattr(opening, "NEWEST", "0002")
        patch.setattr(opening, "MIGRATIONS", str(steps))
        if fails:
            with pytest.raises(OSError, match="no room"):
                open_store(place)
        else:
            with open_store(place) as newer:
                assert newer.head() == head
                assert "colour" in {each["name"] for each in inspect(newer.engine).get_columns("record")}
                assert newer.verify()
            open_store(place).close()
    if fails:
        with open_store(place) as same:
            assert same.verify()
    else:
        with pytest.raises(StoreError, match=r"newer release .form 0002; this one knows 0001.. Update"):
            open_store(place)
    with open_store(place.with_name("records.qms.before-0002"), files=place.with_name("none")) as before:
        assert before.head() == head
        assert before.verify()
    assert not list(place.parent.glob("*.part"))


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.qms").write_text("words and more words, longer than sixteen bytes")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("CREATE TABLE customers (name TEXT)")
        other.commit()
    (tmp_path / "empty.qms").touch()
    before = (tmp_path / "other.db").read_bytes()
    cases = {
        "words.qms": "is no store: it does not begin like",
        "other.db": "is a database of something else; it holds alembic_version, customers",
        "empty.qms": "holds no store. Make one with 'init'",
        "missing.qms": "There is no store at .*missing.qms. Make one",
        ".": "is a folder. Expected the file",
        "no/where.qms": "There is no store at",
    }
    for name, message in cases.items():
        with pytest.raises(StoreError, match=message):
            open_store(tmp_path / name)
    with pytest.raises(StoreError, match="something else"):
        open_store(tmp_path / "other.db", create=True)
    with pytest.raises(StoreError, match="There is no folder"):
        open_store(tmp_path / "no" / "where.qms", create=True)
    assert (tmp_path / "other.db").read_bytes() == before
    open_store(tmp_path / "empty.qms", create=True).close()
    odd = tmp_path / "a b?c#d%41.qms"
    open_store(odd, create=True).close()
    assert odd.exists()


@only_sqlite
def test_a_store_is_the_same_file_wherever_one_goes(make_store: Callable, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("here.qms", create=True) as store:
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        store.engine.dispose()
        assert store.head().seq == 0
        assert store.files.folder == tmp_path / "here.qms.files"
    assert not list((tmp_path / "sub").iterdir())


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://arta:s3cret@127.0.0.1:1/none",
        "postgresql://arta:s3cret@localhost:port/none",
        "postgresql://arta:s3:cr/et@127.0.0.1:1/none",
        "postgresql://arta:pw@s3cret@127.0.0.1/none",
        "postgresql://arta@127.0.0.1:1/none?password=s3cret",
        "postgresql//arta:s3cret@host/none",
        "mysql://arta:s3cret@host/none",
        "postgresql://arta:s3cret@/none?host=%2Fno%2Fwhere",
        "://arta:s3cret@host",
    ],
)
def test_no_password_is_printed(place: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        open_store(place, files=tmp_path)
    shown: BaseException | None = caught.value
    assert "s3" not in str(shown)
    assert "et@" not in str(shown)
    while shown is not None:
        assert "s3cret" not in str(shown)
        shown = shown.__cause__


def test_postgresql_says_what_is_wrong(postgres, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match='database "no_such" does not exist'):
        open_store(postgres.url("no_such"), files=tmp_path)
    with pytest.raises(StoreError, match="say where attached files are kept"):
        open_store(postgres.url("no_such"))
    with pytest.raises(StoreError, match="holds no store"):
        open_store(postgres.url(postgres.create()), files=tmp_path)


def test_a_change_within_a_change_is_refused_at_once(store: Store) -> None:
    arta, start = store.person("a.hoxha"), time.monotonic()
    with store.change(by=arta.id) as change:
        kept = change.save(arta.revised(duty="examiner"))
        with pytest.raises(StoreError, match="A change of this store is under way"), store.change(by=arta.id):
            raise AssertionError
        change.save(kept.revised(duty="lead examiner"))
        assert store.person("a.hoxha").duty == ""
    assert time.monotonic() - start < 5
    assert store.person("a.hoxha").duty == "lead examiner"
    with store.change(by=arta.id) as change:
        change.save(change.get(Person, "b.krasniqi").revised(duty="driver"))
    assert store.verify()


@only_sqlite
@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_change_within_a_change_is_refused_under_any_spelling_of_the_path(store: Store, tmp_path: Path) -> None:
    place, start = Path(store.engine.url.database), time.monotonic()
    (tmp_path / "link.qms").symlink_to(place)
    spellings = [place.parent / ".." / place.parent.name / place.name, tmp_path / "link.qms"]
    arta = store.person("a.hoxha")
    for spelling in spellings:
        with open_store(spelling) as same, store.change(by=arta.id):
            assert same.files.folder == store.files.folder
            with pytest.raises(StoreError, match="A change of this store is under way"), same.change(by=arta.id):
                raise AssertionError
    assert time.monotonic() - start < 5


def test_what_is_no_path_is_refused(tmp_path: Path) -> None:
    for place in ("a\x00b", str(tmp_path / ("x" * 300))):
        with pytest.raises(StoreError, match=r"cannot be (the name of a store|opened)"):
            open_store(place, create=True)


def test_writers_wait_for_each_other_and_the_second_is_told(store: Store) -> None:
    arta, told, inside = store.person("a.hoxha"), [], threading.Event()

    def second() -> None:
        inside.wait(10)
        try:
            with store.change(by=arta.id, why="second") as change:
                change.save(arta.revised(duty="second"))
        except ConflictError as error:
            told.append(str(error))

    thread = threading.Thread(target=second)
    thread.start()
    with store.change(by=arta.id, why="first") as change:
        change.save(arta.revised(duty="first"))
        inside.set()
        time.sleep(0.2)
    thread.join(20)
    assert store.person("a.hoxha").duty == "first"
    assert len(told) == 1
    assert "a.hoxha was changed meanwhile: a.hoxha at" in told[0]
    assert "(edit: duty); you had version 1. Nothing was overwritten." in told[0]
    assert [each.why for each in store.history(arta.id)] == ["set up", "first"]


def test_a_writer_does_not_wait_for_ever(make_store: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.3)
    store = make_store()
    arta, said = store.person("a.hoxha"), []

    def other() -> None:
        try:
            with store.change(by=arta.id) as change:
                change.save(arta.revised(duty="other"))
        except StoreError as error:
            said.append(str(error))

    with store.change(by=arta.id):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert len(said) == 1
    assert "Another program has been writing for long; nothing was changed" in said[0]


def test_readers_see_one_moment_and_do_not_wait(store: Store) -> None:
    arta = store.person("a.hoxha")
    with opening.reading(store.engine) as connection:
        before = connection.execute(schema.event.select()).all()
        with store.change(by=arta.id) as change:
            change.save(arta.revised(duty="examiner"))
        assert connection.execute(schema.event.select()).all() == before
    assert store.head().seq == len(before) + 1


def sql_made_of_pieces(source: str) -> list[int]:
    """Return the lines on which SQL is not a plain text."""
    calls = {"text", "exec_driver_sql", "execute", "executescript", "executemany", "DDL", "literal_column"}
    made = (ast.JoinedStr, ast.BinOp)
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        formatted = isinstance(first, ast.Call) and getattr(first.func, "attr", "") in (
            "format",
            "join",
            "replace",
        )
        if name in calls and (isinstance(first, made) or formatted):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "bad", ['text(f"SELECT {x}")', 'c.execute("a" + b)', 'text("a".format(b))', 'c.execute("%s" % b)']
)
def test_sql_made_of_pieces_is_noticed(bad: str) -> None:
    assert sql_made_of_pieces(bad) == [1]


def test_all_sql_is_parameterised() -> None:
    constant = {"PRAGMA {pragma}", "PRAGMA application_id = {APPLICATION_ID}", "SQLITE_GUARDS.format"}
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number in sql_made_of_pieces("\n".join(lines)):
            assert any(each in lines[number - 1] for each in constant), (
                f"{path.name}:{number}: {lines[number - 1]}"
            )


@only_sqlite
@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_file_without_the_right_to_read(make_store: Callable) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    store = make_store()
    store.close()
    Path(store.engine.url.database).chmod(0)
    with pytest.raises(StoreError, match="Check the rights"):
        open_store(store.engine.url.database)
