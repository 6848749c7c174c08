"""Opening the database of a store: SQLite in a file or PostgreSQL by URL, its form brought up to date.

Writers come one after the other: ``BEGIN IMMEDIATE`` on SQLite, an advisory lock on PostgreSQL. Readers see one
moment of the store and wait for nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from qms.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0001"
"""The step of `qms.migrations` that this release works with."""
WAIT_SECONDS = 30.0
"""How long a writer waits for another."""
POSTGRES_LOCK = 0x716D73
APPLICATION_ID = 0x716D7331
"""Marks an SQLite file as a store of ours."""
HINTS = {
    "is full": "There is no room left on the disk; nothing was changed. Make room and do it again.",
    "No space left": "There is no room left on the disk; nothing was changed. Make room and do it again.",
    "disk I/O error": "The disk cannot be read or written; nothing was changed. Check the disk and its room.",
    "readonly": "The store can only be read here; nothing was changed. Check the rights of file and folder.",
    "unable to open": "The file cannot be opened. Check its name and the rights of file and folder.",
    "is locked": "Another program has been writing for long; nothing was changed. Try again.",
    "malformed": "The file is damaged. Restore the last backup with 'qms restore'.",
    "not a database": "The file is damaged or no store. Restore the last backup with 'qms restore'.",
    "only ever added": "Events of the ledger are only ever added; nothing was changed.",
    "onnection": "The server does not answer as expected. Check that it runs, the URL and the rights.",
}
"""What to do about what a database complains of, by a few of its words."""


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
    """Return the URL of a store: that of an SQLite file unless it names a server."""
    if "://" not in str(place):
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(str(place))
    except ArgumentError as error:
        raise StoreError(
            f"This is not the URL of a database: {place}. Expected postgresql://user@host/name."
        ) from error
    name = url.get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise StoreError(f"Stores are kept in SQLite files or in PostgreSQL, not in {name}.")
    return url.set(drivername="postgresql+psycopg") if name == "postgresql" else url


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from one moment of the store."""
    with explained(engine.url), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write, alone; everything or, after any error, nothing."""
    with (
        explained(engine.url),
        engine.connect().execution_options(writing=True) as connection,
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
        yield connection


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn what a database complains of into a `StoreError` that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(_explanation(url, error)) from error


def _check_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder. Expected the file of a store, such as {path / 'records.qms'}.")
    if not path.exists() and not create:
        raise StoreError(f"There is no store at {path}. Make one with 'qms init', or check the name.")
    if not path.parent.is_dir():
        raise StoreError(
            f"The folder {path.parent} does not exist. Make it, or choose another place for the store."
        )
    if path.exists() and path.stat().st_size:
        with path.open("rb") as stream:
            if stream.read(16) != b"SQLite format 3\x00":
                raise StoreError(f"{path} is no store: it does not begin like an SQLite file.")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise StoreError(
                'PostgreSQL needs one library more: pip install "forensic-ballistics[postgres]".'
            ) from error
    engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        alone = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")

    return engine


def _bring_up_to_date(engine: Engine, *, create: bool) -> None:
    with engine.connect() as connection:
        found = _form(connection)
        if found == NEWEST:
            return
    if found is None and not create:
        raise StoreError(f"{_name(engine.url)} holds no store. Make one with 'qms init'.")
    if found is not None and found > NEWEST:
        raise StoreError(
            f"{_name(engine.url)} was written by a newer release (form {found}; this one knows {NEWEST}). "
            "Update forensic-ballistics."
        )
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    with writing(engine) as connection:
        if _form(connection) != NEWEST:
            _migrate(connection)


def _form(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise StoreError(
                f"{_name(connection.engine.url)} is a database of something else; it holds {tables[0]!r}."
            )
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_alembic(connection), NEWEST)


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "qms:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _name(url: URL) -> str:
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _explanation(url: URL, error: SQLAlchemyError) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
    hint = next((hint for sign, hint in HINTS.items() if sign in said), "Nothing was changed.")
    return f"{_name(url)}: {hint} (The database says: {said})"
