"""A fresh store for a test, in an SQLite file and in PostgreSQL: the same tests, the same answers.

PostgreSQL is a cluster of the test run's own: in a temporary folder, over a socket there, never over the network.
Where it is not installed its tests are skipped, or fail if QMS_NEEDS_POSTGRES is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from qms.cli import app
from qms.kinds import KINDS
from qms.organisation import Person, Unit
from qms.record import Text
from qms.store import Store, open_store

SERVER_OPTIONS = (
    "listen_addresses=''",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=40",
)


class Place(NamedTuple):
    """Where a store is or can be made: file or URL, and the folder of attached files."""

    database: str
    files: Path


class Server:
    """A PostgreSQL cluster in a folder of its own."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="qms-pg-"))
        self.user = "postgres" if os.name == "posix" and os.geteuid() == 0 else None
        self.count = 0
        if self.user:
            shutil.chown(self.folder, self.user)
        self.run("initdb", "--auth=trust", "--username=qms", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()
        self.template = self.create()
        open_store(self.url(self.template), files=self.folder, create=True).close()

    def run(self, program: str, *options: str) -> None:
        log = self.folder / "log"
        command = [str(self.binaries / program), "--pgdata", str(self.folder / "data"), *options]
        with log.open("ab") as out:
            done = subprocess.run(command, user=self.user, cwd="/", stdout=out, stderr=out, check=False)
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        options = " ".join(f"-c {each}" for each in (*SERVER_OPTIONS, f"unix_socket_directories={self.folder}"))
        self.run("pg_ctl", "--wait", "--options", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "--mode", "immediate", "stop")

    def url(self, name: str) -> str:
        return f"postgresql://qms@/{name}?host={quote(str(self.folder), safe='')}"

    def create(self, template: str = "template0") -> str:
        import psycopg

        self.count += 1
        name = f"store_{self.count}"
        with psycopg.connect(f"host={self.folder} user=qms dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


def postgres_binaries() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in folders if (each / "initdb").exists() and (each / "pg_ctl").exists()), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    binaries = postgres_binaries()
    if binaries is None:
        assert not os.environ.get("QMS_NEEDS_POSTGRES"), (
            "PostgreSQL is not installed and QMS_NEEDS_POSTGRES is set"
        )
        pytest.skip("PostgreSQL is not installed (no initdb on the PATH or in /usr/lib/postgresql)")
    pytest.importorskip("psycopg", reason="PostgreSQL needs psycopg: pip install 'forensic-ballistics[postgres]'")
    server = Server(binaries)
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Name of the database that the test runs on; parametrise it to have one only."""
    return str(request.param)


@pytest.fixture
def new_place(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Place]:
    """Give a place for a store; on PostgreSQL its empty tables are there."""
    count = 0

    def place() -> Place:
        nonlocal count
        count += 1
        folder = tmp_path / f"store-{count}"
        folder.mkdir()
        if database == "sqlite":
            return Place(str(folder / "records.qms"), folder / "records.qms.files")
        server: Server = request.getfixturevalue("postgres")
        return Place(server.url(server.create(server.template)), folder / "files")

    return place


@pytest.fixture
def make_store(new_place: Callable[[], Place]) -> Iterator[Callable[..., Store]]:
    """Open fresh stores with the unit AL-TIR and the people a.hoxha, b.krasniqi and c.marku; or one at a place."""
    stores: list[Store] = []

    def make(place: Place | None = None, **options: object) -> Store:
        fresh = place or new_place()
        store = open_store(fresh.database, files=fresh.files, create=True, **{"kinds": KINDS, **options})
        stores.append(store)
        if store.head().seq == 0:
            settle(store)
        return store

    yield make
    for store in stores:
        store.close()


def settle(store: Store) -> None:
    """Add the first unit and its people."""
    unit = Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Crime scene unit", "en"))
    people = {"a.hoxha": "Arta Hoxha", "b.krasniqi": "Besa Krasniqi", "c.marku": "Çlirim Marku"}
    first, *others = (Person(unit="AL-TIR", ref=ref, name=name) for ref, name in people.items())
    with store.change(by=first.id, why="set up") as change:
        for record in (unit, first, *others):
            change.add(record)


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """A fresh store as `make_store` gives it."""
    return make_store()


@pytest.fixture(scope="session", autouse=True)
def one_tree() -> Iterator[None]:
    """Build the tree of commands once and not for every line that is typed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command), raising=False)
        yield


@pytest.fixture(scope="session")
def invoke() -> Callable[..., Result]:
    """Give the command: words that are parted by spaces, and more that are taken as they are."""

    def run(words: str, *more: str, by: str = "a.hoxha", code: int = 0) -> Result:
        result = CliRunner().invoke(app, [*words.split(), *more], env={"QMS_PERSON": by, "COLUMNS": "200"})
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run
