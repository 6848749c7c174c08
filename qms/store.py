"""A store of records: one file (or one PostgreSQL database) and a folder of attached files beside it.

Reading is here; every change goes through `Store.change` (`qms.change`), which writes record and ledger in one
transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, select

from qms import schema
from qms.attachments import AttachedFiles
from qms.change import Change
from qms.database import database_url, open_database, reading, writing
from qms.errors import RecordError, StoreError, UnknownError, described
from qms.keeping import read_head
from qms.kinds import KINDS
from qms.ledger import Event, Head, StoreCheck, read_event, rebuilt, stamp
from qms.lifecycle import Kind
from qms.record import Record, Text
from qms.search import Search, check_limit, many_at_once, the_row

R = TypeVar("R", bound=Record)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline of one record.

    Attributes
    ----------
    on : date
    what : str
        Such as ``"response"``.
    kind, id, ref, unit, status : str
        Of the record.
    headline : Text
    owner : str
        Id of the person, or empty.
    """

    on: date
    what: str
    kind: str
    id: str
    ref: str
    unit: str
    status: str
    headline: Text
    owner: str


class Store:
    """An open store; `open_store` makes one. Use it in a ``with`` statement, or close it."""

    def __init__(self, engine: Engine, files: AttachedFiles, kinds: Iterable[Kind], clock: Clock) -> None:
        self.engine = engine
        self.files = files
        self.kinds = {kind.name: kind for kind in kinds}
        self.clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def change(self, *, by: str, why: str = "") -> Iterator[Change]:
        """Change records: all that is done inside happens together or not at all.

        Parameters
        ----------
        by : str
            Id of the person who does it.
        why : str
            Kept with every event of the change.

        Examples
        --------
        >>> from qms import Person, Text, Unit, open_store
        >>> import tempfile, pathlib
        >>> place = pathlib.Path(tempfile.mkdtemp()) / "records.qms"
        >>> arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
        >>> tirana = Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Crime scene unit", "en"))
        >>> with open_store(place, create=True) as store:
        ...     with store.change(by=arta.id, why="set up") as change:
        ...         kept = change.add(tirana), change.add(arta)
        ...     store.get(Person, "a.hoxha").version, store.head().seq
        (1, 2)
        """
        with writing(self.engine) as connection:
            change = Change(self, connection, by=by, why=why)
            try:
                yield change
                change.finish()
            finally:
                change.end()

    def get(self, model: type[R], key: str, *, unit: str | None = None) -> R:
        """Return one record by its id or its reference.

        Raises
        ------
        UnknownError
            If there is none, with references that look alike.
        RecordError
            If several units have the reference, or the record is not understood.
        """
        with reading(self.engine) as connection:
            return self.read(model, self.row(connection, model.kind, key, unit=unit).body)

    def find(
        self,
        model: type[R],
        *,
        unit: str | None = None,
        jurisdiction: str | None = None,
        status: str | Iterable[str] | None = None,
        owner: str | None = None,
        linked_to: str | None = None,
        label: str | None = None,
        word: str | None = None,
        overdue_on: date | None = None,
        limit: int | None = None,
        as_of: datetime | None = None,
    ) -> list[R]:
        """Return the records of a kind, by unit and reference, that fit all that is given.

        Parameters
        ----------
        model : type
        unit, jurisdiction, owner, label : str, optional
        status : str or iterable of str, optional
            One state, or any of several.
        linked_to : str, optional
            Id of a record that they name.
        word : str, optional
            Found anywhere in what they say; capitals do not matter.
        overdue_on : date, optional
            Only records with a deadline before that day.
        limit : int, optional
            At most so many.
        as_of : datetime, optional
            Each as it was at that time, rebuilt from the ledger; left out that was not there yet.

        Raises
        ------
        RecordError
            If the limit is below 0, the time has no zone, or a kept record is not understood.
        """
        search = Search(
            kind=model.kind,
            unit=unit,
            jurisdiction=jurisdiction,
            status=status,
            owner=owner,
            linked_to=linked_to,
            label=label,
            word=word,
            overdue_on=overdue_on,
            limit=limit,
        )
        with reading(self.engine) as connection, many_at_once():
            if as_of is None:
                return [self.read(model, body) for body in search.bodies(connection)]
            with closing(search.past_bodies(connection, _aware(as_of))) as bodies:
                past = (self.read(model, body) for body in bodies)
                return list(islice(filter(search.was_late, past), limit))

    def due(self, until: date, *, unit: str | None = None, owner: str | None = None) -> list[Due]:
        """Return every deadline up to a day, those that are past included, the earliest first."""
        day, held = schema.deadline, schema.record
        names = (held.c.kind, held.c.id, held.c.ref, held.c.unit, held.c.status, held.c.headline)
        query = select(day.c.on, day.c.what, *names, day.c.owner).join_from(day, held, day.c.record == held.c.id)
        query = query.where(day.c.on <= until.isoformat())
        if unit is not None:
            query = query.where(held.c.unit == unit)
        if owner is not None:
            query = query.where(day.c.owner == owner)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(day.c.on, held.c.unit, held.c.ref, day.c.what)).all()
        return [
            Due(
                date.fromisoformat(row.on),
                row.what,
                row.kind,
                row.id,
                row.ref,
                row.unit,
                row.status,
                Text.model_validate_json(row.headline),
                row.owner,
            )
            for row in rows
        ]

    def history(self, record: str) -> list[Event]:
        """Return all events of one record, by its id, oldest first."""
        query = select(schema.event.c.body).where(schema.event.c.record == record).order_by(schema.event.c.seq)
        with reading(self.engine) as connection:
            return [_event(body) for body in connection.execute(query).scalars()]

    def log(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> list[Event]:
        """Return events of all records, oldest first; with a limit, the last so many.

        Raises
        ------
        RecordError
            If a time has no zone or the limit is below 0.
        """
        check_limit(limit)
        query = select(schema.event.c.body)
        if since is not None:
            query = query.where(schema.event.c.at >= stamp(_aware(since)))
        if until is not None:
            query = query.where(schema.event.c.at <= stamp(_aware(until)))
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(schema.event.c.seq.desc()).limit(limit)).scalars().all()
        return [_event(body) for body in reversed(rows)]

    def as_of(self, model: type[R], key: str, moment: datetime, *, unit: str | None = None) -> R:
        """Return a record as it was at a time, rebuilt from the ledger.

        Raises
        ------
        UnknownError
            If there was no such record yet.
        RecordError
            If the ledger does not give the state that it says it does; verify the store then.
        """
        _aware(moment)
        with reading(self.engine) as connection:
            record = self.row(connection, model.kind, key, unit=unit).id
        events = self.history(record)
        try:
            value = rebuilt(events, moment)
        except ValueError as error:
            raise RecordError(
                f"{model.kind} {key} cannot be rebuilt: {error}. Run 'qms ledger verify'."
            ) from error
        if value is None:
            begun = events[0].at if events else "never"
            raise UnknownError(f"There was no {model.kind} {key} at {moment.isoformat()}; it begins at {begun}.")
        return self.read(model, json.dumps(value))

    def related(self, record: Record, *models: type[Record]) -> tuple[Record, ...]:
        """Return the records that one names and those that name it; of some kinds only, if given."""
        with reading(self.engine) as connection:
            return self.read_related(connection, record.id, {model.kind for model in models})

    def head(self) -> Head:
        """Return the last event of the ledger; a report prints it."""
        with reading(self.engine) as connection:
            return read_head(connection)

    def verify(self, *, progress: Callable[[int, int], None] | None = None, thorough: bool = False) -> StoreCheck:
        """Check the whole ledger, every record against it, and every attached file.

        Parameters
        ----------
        progress : callable, optional
            Is told how many of all events are checked.
        thorough : bool
            Whether to repeat every change that the ledger tells of too, and compare what comes of each with the
            hash that its event keeps. Do that with a store that came from elsewhere.
        """
        from qms.verification import verify_store

        return verify_store(self, progress, thorough=thorough)

    def person(self, key: str) -> Record:
        """Return a person by id, handle or full name.

        Raises
        ------
        UnknownError
            If there is none.
        """
        from qms.organisation import Person

        try:
            return self.get(Person, key)
        except UnknownError:
            named = [each for each in self.find(Person) if each.name.casefold() == key.casefold()]
            if len(named) == 1:
                return named[0]
            raise

    def now(self) -> datetime:
        """Return the time that the store goes by, in UTC to the millisecond."""
        now = _aware(self.clock()).astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def read(self, model: type[R], body: str) -> R:
        """Return a record from the JSON text that is kept.

        Raises
        ------
        RecordError
            If it is not a record of that kind.
        """
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            raise RecordError(
                f"A kept {model.kind} is not understood. {described(error)}. Run 'qms ledger verify'."
            ) from error

    def row(self, connection: Connection, kind: str, key: str, *, unit: str | None = None) -> Any:
        """Return the row of a record by id or reference; see `get`."""
        return the_row(connection, kind, key, unit=unit)

    def read_related(self, connection: Connection, record: str, kinds: set[str]) -> tuple[Record, ...]:
        """Return what `related` returns, inside a transaction."""
        mention, held = schema.mention, schema.record
        out = select(mention.c.target).where(mention.c.source == record)
        back = select(mention.c.source).where(mention.c.target == record)
        query = select(held.c.kind, held.c.body).where(held.c.id.in_(out.union(back)))
        wanted = kinds or set(self.kinds)
        query = query.where(held.c.kind.in_(wanted & set(self.kinds))).order_by(held.c.id)
        with many_at_once():
            rows = connection.execute(query).all()
            return tuple(self.read(self.kinds[kind].model, body) for kind, body in rows)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise RecordError(f"The time {moment} has no time zone. Give one, such as 2026-03-01T09:00+01:00.")
    return moment


def _event(body: str) -> Event:
    try:
        return read_event(body)
    except ValueError as error:
        raise RecordError(f"A kept event is not understood ({error}). Run 'qms ledger verify'.") from error


def open_store(
    place: str | Path,
    *,
    create: bool = False,
    files: str | Path | None = None,
    kinds: Iterable[Kind] = KINDS,
    clock: Clock = lambda: datetime.now(UTC),
) -> Store:
    """Open a store of records.

    Parameters
    ----------
    place : str or Path
        An SQLite file such as ``records.qms``, or a URL such as ``postgresql://user@host/name``.
    create : bool
        Make the store if there is none.
    files : str or Path, optional
        Folder of attached files; beside an SQLite file if left out (``records.qms.files``).
    kinds : iterable of Kind
        Kinds of records that the store keeps; a package on top adds its own.
    clock : callable
        Gives the time of events; for tests and for records that are brought in from elsewhere.

    Raises
    ------
    StoreError
        If it cannot be opened, or is no store.
    """
    url = database_url(place)
    if files is None:
        if url.get_backend_name() != "sqlite":
            raise StoreError("With PostgreSQL, say where attached files are kept: --files FOLDER.")
        files = f"{url.database}.files"
    return Store(open_database(place, create=create), AttachedFiles(Path(files)), kinds, clock)
