"""Opening the database of a store: SQLite in a file or PostgreSQL by URL, its form brought up to date.

Writers come one after the other: ``BEGIN IMMEDIATE`` on SQLite, an advisory lock on PostgreSQL. Readers see one
moment of the store and wait for nobody. Where nothing can be written, such as on a read-only disk, an SQLite file
is read without the files that SQLite otherwise puts beside it.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from qms.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0001"
"""The step of `qms.migrations` that this release works with."""
MIGRATIONS = "qms:migrations"
TEXT = methodcaller("decode", "utf-8", "surrogateescape")
"""Makes a text of bytes as they are kept, damaged ones too; no function of Python, for the sake of speed."""
WAIT_SECONDS = 30.0
"""How long a writer waits for another."""
CONNECT_SECONDS = 10
TABLES = {"record", "event"}
"""What a database must hold to be a store."""
BY_PARTS = {"yield_per": 500}
"""For long answers: few rows at once stay in the processor's cache; thousands take half as long again."""
POSTGRES_LOCK = 0x716D73
NO_PLACE_BESIDE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
"""What SQLite says of a file that it may only read where it cannot make its own files beside it."""
APPLICATION_ID = 0x716D7331
"""Marks an SQLite file as a store of ours."""
HINTS = {
    "is full": "There is no room left on the disk; nothing was changed. Make room and do it again.",
    "No space left": "There is no room left on the disk; nothing was changed. Make room and do it again.",
    "disk I/O error": "The disk cannot be read or written; nothing was changed. Check the disk and its room.",
    "readonly": "The store can only be read here; nothing was changed. Check the rights of file and folder.",
    "read-only": "The store can only be read here; nothing was changed. Ask for the right to write.",
    "permission denied": "The right to do this is missing; nothing was changed. Ask whoever keeps the server.",
    "unable to open": "The file cannot be opened. Check its name and the rights of file and folder; if there is "
    "a file beside it whose name ends in -wal, copy both to where you can write and open the copy.",
    "is locked": "Another program has been writing for long; nothing was changed. Try again.",
    "lock timeout": "Another program has been writing for long; nothing was changed. Try again.",
    "malformed": "The file is damaged. Restore the last backup with 'qms restore'.",
    "not a database": "The file is damaged or no store. Restore the last backup with 'qms restore'.",
    "only ever added": "Events of the ledger are only ever added; nothing was changed.",
    "onnection": "The server does not answer as expected. Check that it runs, the URL and the rights; then look "
    "whether the last change is there.",
}
"""What to do about what a database complains of, by a few of its words."""


SECRETS = (re.compile(r"(?<=:)(?!//)[^@]*(?=@)"), re.compile(r"(?<=password=)[^&\s]*"))
"""Where a password can stand in what names a database."""
_writers: set[tuple[int, URL]] = set()
"""Threads that are in the midst of a change, with its database."""


def open_database(place: str | Path, *, create: bool) -> Engine:
    """Open the database of a store and bring its form up to date.

    Parameters
    ----------
    place : str or Path
        A file, or a URL such as ``postgresql://host/name``.
    create : bool
        Whether to make it if it is not there.

    Raises
    ------
    StoreError
        If it is not there, is no store, comes from a newer release or cannot be opened.
    """
    url = database_url(place)
    if url.get_backend_name() == "sqlite":
        _check_file(Path(url.database or ""), create=create)
    engine = _engine(url)
    try:
        with explained(url):
            _bring_up_to_date(engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def database_url(place: str | Path) -> URL:
    """Return the URL of a store: that of an SQLite file unless it names a server.

    Raises
    ------
    StoreError
        If it is not a URL, or not that of SQLite or PostgreSQL.
    """
    if "://" not in str(place):
        return URL.create("sqlite", database=str(_resolved(place)))
    try:
        url = make_url(str(place))
    except (ArgumentError, ValueError):
        raise StoreError(
            f"This is not the URL of a database: {without_secrets(str(place))}. "
            "Expected postgresql://user@host/name."
        ) from None
    if "@" in (url.host or ""):
        raise StoreError("A password with @ in it cannot be told from the server's name; write %40 instead.")
    name = url.get_backend_name()
    if name == "sqlite" and url.database:
        return database_url(url.database)
    if name != "postgresql":
        raise StoreError(f"Stores are kept in SQLite files or in PostgreSQL, not in {name}.")
    return url.set(drivername="postgresql+psycopg")


def without_secrets(words: str) -> str:
    """Return what names a database with its password struck out.

    Examples
    --------
    >>> without_secrets("postgresql://arta:secret@host/name?password=secret")
    'postgresql://arta:***@host/name?password=***'
    """
    for secret in SECRETS:
        words = secret.sub("***", words)
    return words


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from one moment of the store."""
    with explained(engine.url), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write, alone; everything or, after any error, nothing.

    Raises
    ------
    StoreError
        If this thread is writing to the same store already, or another writer does not finish.
    """
    writer = (threading.get_ident(), engine.url)
    if writer in _writers:
        raise StoreError("A change of this store is under way here; finish it, or do all in that one.")
    _writers.add(writer)
    try:
        with (
            explained(engine.url),
            engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            if connection.dialect.name == "postgresql":
                wait = {"wait": f"{round(WAIT_SECONDS * 1000)}ms"}
                connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), wait)
                connection.execute(text("SET LOCAL synchronous_commit = on"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
            yield connection
    finally:
        _writers.discard(writer)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn what a database complains of into a `StoreError` that says what to do."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreError(_explanation(url, error)) from error


def _resolved(place: str | Path) -> Path:
    """Return the one spelling of a path, so that a change knows the store that it is a change of."""
    try:
        return Path(place).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise StoreError(f"{str(place)!r} cannot be the name of a store ({error}). Give that of a file.") from None


def _check_file(path: Path, *, create: bool) -> None:
    name = without_secrets(str(path))
    try:
        if path.is_dir():
            raise StoreError(f"{name} is a folder. Expected the file of a store, such as {name}/records.qms.")
        if not path.exists() and not create:
            raise StoreError(f"There is no store at {name}. Make one with 'init', or check the name.")
        if not path.parent.is_dir():
            folder = without_secrets(str(path.parent))
            raise StoreError(f"There is no folder {folder}. Make it, or choose another place for the store.")
        if path.exists() and path.stat().st_size:
            with path.open("rb") as stream:
                if stream.read(16) != b"SQLite format 3\x00":
                    raise StoreError(f"{name} is no store: it does not begin like an SQLite file.")
    except StoreError:
        raise
    except OSError as error:
        why = error.strerror or error
        raise StoreError(f"{name} cannot be opened ({why}). Check the rights of file and folder.") from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            wait = {"connect_timeout": CONNECT_SECONDS}
            return create_engine(url, pool_pre_ping=True, connect_args=wait)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise StoreError(
                'PostgreSQL needs one library more: pip install "forensic-ballistics[postgres]".'
            ) from error
    path = Path(url.database or "")
    pool = {} if _writable(path) else {"poolclass": NullPool}
    engine = create_engine(url, creator=lambda: _connect(path), **pool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        alone = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")

    return engine


def _connect(path: Path) -> sqlite3.Connection:
    connection = _opened(str(path)) if _writable(path) else _opened_to_read(path)
    connection.text_factory = TEXT
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "trusted_schema = OFF", "cell_size_check = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _opened(place: str) -> sqlite3.Connection:
    return sqlite3.connect(
        place,
        uri=place.startswith("file:"),
        timeout=WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """Open a file that cannot be written here.

    ``mode=ro`` heeds whoever else writes, but SQLite needs its ``-shm`` file for that, or the right to make one.
    Only where that fails and no changes wait in a file beside it is the store taken for one that nobody changes
    (``immutable=1``), as on a read-only disk: whoever reads like that would not notice a writer.
    """
    connection = _opened(f"{path.as_uri()}?mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in NO_PLACE_BESIDE or any(map(_holds_something, _beside(path))):
            raise
        connection = _opened(f"{path.as_uri()}?immutable=1")
    return connection


def _beside(path: Path) -> tuple[Path, ...]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _writable(path: Path) -> bool:
    ours = os.access in os.supports_effective_ids
    places = [path, path.parent] if path.exists() else [path.parent]
    return all(os.access(place, os.W_OK, effective_ids=ours) for place in places)


def _bring_up_to_date(engine: Engine, *, create: bool) -> None:
    with engine.connect() as connection:
        found = _form(connection)
        if found == NEWEST:
            return
    if found is None and not create:
        raise StoreError(f"{_name(engine.url)} holds no store. Make one with 'init'.")
    if found is not None and found > NEWEST:
        raise StoreError(
            f"{_name(engine.url)} was written by a newer release (form {found}; this one knows {NEWEST}). "
            "Update forensic-ballistics."
        )
    if engine.dialect.name == "sqlite":
        _mark(engine)
    with writing(engine) as connection:
        found = _form(connection)
        if found != NEWEST:
            if found is not None and engine.dialect.name == "sqlite":
                _keep_copy(Path(engine.url.database or ""), NEWEST)
            _migrate(connection)


def _mark(engine: Engine) -> None:
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                raw.execute("PRAGMA journal_mode = WAL")
                raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.02)


def _keep_copy(path: Path, form: str) -> None:
    part = path.with_name(f"{path.name}.before-{form}.part")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    part.replace(path.with_name(f"{path.name}.before-{form}"))


def _form(connection: Connection) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not tables >= TABLES | {"alembic_version"}:
        held = ", ".join(sorted(tables)[:3])
        raise StoreError(f"{_name(connection.engine.url)} is a database of something else; it holds {held}.")
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_alembic(connection), NEWEST)


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _name(url: URL) -> str:
    return without_secrets(str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string())


def _explanation(url: URL, error: Exception) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
    hint = next((hint for sign, hint in HINTS.items() if sign in said), "Nothing was changed.")
    return f"{_name(url)}: {hint} (The database says: {without_secrets(said)})"
