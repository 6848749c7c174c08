"""What every command stands on: an open store, who works with it, and in which language.

`reads` and `writes` give a command the options for that, so that each is described in one place.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

if TYPE_CHECKING:
    from qms.change import Change
    from qms.lifecycle import LifeCycle
    from qms.organisation import Unit
    from qms.record import Record
    from qms.store import Store

P = ParamSpec("P")
PANEL = "Store, person and language"
TYPED = {"programme": "audit programme", "revision": "document", "receipt": "document"}
"""What is typed after ``qms`` for a kind, where that is not the kind's name."""
CALLED = {"evidence": "piece of evidence", "programme": "audit programme"}
"""What people call one record of a kind, where that is not the kind's name."""


def _option(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **facts)


Place = Annotated[
    str, _option("--store", envvar="QMS_STORE", metavar="PATH|URL", help="The store: a file, or postgresql://...")
]
Files = Annotated[
    Path | None, _option("--files", envvar="QMS_FILES", metavar="FOLDER", help="Attached files; beside the store.")
]
UnitCode = Annotated[str | None, _option("--unit", metavar="CODE", help="The unit, where there are several.")]
LanguageTag = Annotated[
    str | None, _option("--language", metavar="TAG", help="Language of texts; the unit's own if left out.")
]
By = Annotated[str, _option("--by", envvar="QMS_PERSON", metavar="PERSON", help="Who does it: handle or name.")]
Why = Annotated[str, _option("--why", metavar="TEXT", help="Kept in the ledger with the change.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

COMMON: dict[str, tuple[Any, Any]] = {
    "store": (Place, "records.qms"),
    "files": (Files, None),
    "unit": (UnitCode, None),
    "language": (LanguageTag, None),
    "by": (By, ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An open store and how a person works with it.

    Attributes
    ----------
    store : Store
    unit, language : str or None
        As they were asked for.
    by : str
        Handle, name or id of the person, or empty.
    why : str
    as_json : bool
    """

    store: Store
    unit: str | None = None
    language: str | None = None
    by: str = ""
    why: str = ""
    as_json: bool = False

    def model(self, kind: str) -> type[Record]:
        """Return the model of a kind of record.

        Raises
        ------
        RecordError
            If the store keeps no such kind.
        """
        from qms.errors import RecordError

        if kind not in self.store.kinds:
            known = ", ".join(sorted(self.store.kinds))
            raise RecordError(f"This store keeps no records of kind {kind!r}; it keeps {known}.")
        return self.store.kinds[kind].model

    def cycle(self, kind: str) -> LifeCycle | None:
        """Return the life cycle of a kind of record, if it has one."""
        return self.store.kinds[kind].cycle

    def person(self) -> str:
        """Return the id of the person who acts.

        Raises
        ------
        RecordError
            If nobody was named.
        """
        from qms.errors import RecordError

        if not self.by:
            raise RecordError("Nobody was named who does this. Say --by HANDLE, or set QMS_PERSON once.")
        return self.somebody(self.by).id

    def somebody(self, key: str) -> Record:
        """Return a person by id, handle or full name, one of the unit that was asked for before any other.

        Raises
        ------
        UnknownError
            If there is none.
        RecordError
            If several units have that handle and none was asked for.
        """
        from qms.errors import UnknownError
        from qms.organisation import Person

        if self.unit is not None:
            try:
                return self.store.get(Person, key, unit=self.unit)
            except UnknownError:
                pass
        return self.store.person(key)

    def home(self) -> Unit:
        """Return the unit that is worked for: the one asked for, the only one, or that of the person who acts.

        Raises
        ------
        RecordError
            If there are several and none was asked for.
        """
        from qms.errors import RecordError
        from qms.organisation import Unit

        if self.unit is not None:
            return self.store.get(Unit, self.unit)
        units = self.store.find(Unit)
        if len(units) > 1 and self.by:
            code = self.somebody(self.by).unit
            units = [each for each in units if each.ref == code]
        if len(units) != 1:
            raise RecordError(
                "The store holds several units: "
                f"{', '.join(each.ref for each in self.store.find(Unit))}. Say which with --unit."
            )
        return units[0]

    def tongue(self, unit: str = "") -> str:
        """Return the language of texts: the one asked for, else that of a unit, else that of the home unit."""
        from qms.organisation import Unit

        if self.language is not None:
            return self.language
        return self.store.get(Unit, unit).language if unit else self.home().language

    def tongues(self) -> dict[str, str]:
        """Return the language of texts for every unit by its code."""
        from qms.organisation import Unit

        return {each.ref: self.language or each.language for each in self.store.find(Unit)}

    def record(self, key: str, kind: str | None = None) -> Record:
        """Return a record by id or reference, of one kind or, if it is left out, of any.

        Raises
        ------
        UnknownError
            If there is none.
        RecordError
            If several fit.
        """
        from qms.errors import UnknownError

        if kind is None:
            kind = next(iter(self._kinds_with(key.strip())), "person")
        if kind == "person":
            try:
                return self.somebody(key)
            except UnknownError as error:
                raise UnknownError(
                    f"There is no record or person {key!r} here. Such as 'qms finding list' or 'qms person list' "
                    "show what there is."
                ) from error
        return self.store.get(self.model(kind), key, unit=None if kind == "unit" else self.unit)

    def records(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return those of some records that are in the store, by id."""
        from sqlalchemy import select

        from qms import schema
        from qms.database import reading

        held = schema.record
        wanted = sorted(set(ids))
        query = select(held.c.id, held.c.kind, held.c.body).where(held.c.id.in_(wanted))
        with reading(self.store.engine) as connection:
            rows = connection.execute(query.where(held.c.kind.in_(self.store.kinds))).all()
        return {row.id: self.store.read(self.model(row.kind), row.body) for row in rows}

    @contextmanager
    def change(self) -> Iterator[Change]:
        """Change records in the name of the person who acts."""
        with self.store.change(by=self.person(), why=self.why) as change:
            yield change

    def _kinds_with(self, key: str) -> list[str]:
        from sqlalchemy import select

        from qms import schema
        from qms.database import reading
        from qms.record import is_id

        if not key.isprintable():
            return []
        held = schema.record
        column = held.c.id if is_id(key) else held.c.ref
        query = select(held.c.kind).where(column == key, held.c.kind.in_(self.store.kinds)).distinct()
        with reading(self.store.engine) as connection:
            return sorted(connection.execute(query).scalars(), key=("person", "unit").__contains__)


def reads(command: Callable[Concatenate[Desk, P], None]) -> Callable[..., None]:
    """Give a command that reads the options of a desk and ``--json``."""
    return _at_desk(command, {**COMMON, "as_json": (AsJson, False)})


def writes(command: Callable[Concatenate[Desk, P], None]) -> Callable[..., None]:
    """Give a command that writes the options of a desk and ``--why``."""
    return _at_desk(command, {**COMMON, "why": (Why, "")})


@contextmanager
def open_desk(
    *,
    store: str,
    files: Path | None = None,
    unit: str | None = None,
    language: str | None = None,
    by: str = "",
    why: str = "",
    as_json: bool = False,
    create: bool = False,
) -> Iterator[Desk]:
    """Open the store, or make it if that is asked for, and check the unit and the language that were asked for.

    Raises
    ------
    StoreError
        If there is no store.
    UnknownError
        If there is no such unit or person.
    RecordError
        If there is no such language.
    """
    from qms.kinds import known_kinds
    from qms.organisation import Unit
    from qms.store import open_store

    check_language(language)
    with open_store(store, files=files, create=create, kinds=known_kinds()) as opened:
        if unit is not None:
            opened.get(Unit, unit)
        yield Desk(store=opened, unit=unit, language=language, by=by, why=why, as_json=as_json)


def check_language(tag: str | None) -> None:
    """Refuse a language that texts cannot be in.

    Raises
    ------
    RecordError
        With the languages that there are.
    """
    from qms.errors import RecordError
    from qms.record import LANGUAGES

    if tag is not None and tag not in LANGUAGES:
        known = ", ".join(f"{each} ({name})" for each, name in LANGUAGES.items())
        raise RecordError(f"There is no language {tag!r} here. Known are {known}.")


def _at_desk(
    command: Callable[Concatenate[Desk, P], None], common: dict[str, tuple[Any, Any]]
) -> Callable[..., None]:
    hints = get_type_hints(command, include_extras=True)
    own = list(inspect.signature(command).parameters.values())[1:]
    shown = [each.replace(annotation=hints[each.name]) for each in own]
    shown += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (hint, default) in common.items()
    ]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        with open_desk(**{name: given.pop(name) for name in common}) as desk:
            command(desk, **given)  # type: ignore[call-arg]

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in shown}
    return run
