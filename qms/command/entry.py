"""What a person types or writes in a TOML file, turned into the fields of a record.

References and handles become ids or links, words become texts in the language that is spoken, ``"ISO/IEC
17020:2012 6.1.5"`` becomes a requirement and the name of a file an attached file. All that follows from the types
of the fields; no kind of record is known here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from qms.change import Change
from qms.command.desk import Desk
from qms.errors import ExchangeError, RecordError
from qms.lifecycle import Signed
from qms.record import Attachment, Id, Link, Requirement, Text, is_id

BRACKETS = ("[]", "{}")
"""What a typed value begins and ends with if it is TOML and not plain words."""
TODAY = "today"
"""Stands for the day on which it is typed."""


@dataclass(frozen=True, slots=True)
class More:
    """Values that are added to those that a list holds."""

    values: list[Any]


class Entry:
    """Turns what a person says about one record into values of its fields.

    A table that is given for a list of parts is one part more; whoever signs and when is filled in. An empty text
    empties a field that may be empty.

    Parameters
    ----------
    desk : Desk
    change : Change
        The change that links and attached files are made in.
    language : str
        Of words that name no language.
    """

    def __init__(self, desk: Desk, change: Change, language: str) -> None:
        self.desk = desk
        self.change = change
        self.language = language

    def fields(
        self, model: type[BaseModel], said: Mapping[str, Any], before: BaseModel | None = None
    ) -> dict[str, Any]:
        """Return the values of fields.

        Parameters
        ----------
        model : type
            Of the record or of a part of it.
        said : mapping
            Field to what was said of it; fields that there are not are passed on, for the model to refuse.
        before : BaseModel, optional
            What is there already: texts keep their other languages and parts their other fields.
        """
        hints = hints_of(model)
        return {
            name: self._value(hints[name], value, getattr(before, name, None)) if name in hints else value
            for name, value in said.items()
        }

    def _value(self, hint: Any, value: Any, before: Any = None) -> Any:
        if value == "" and NoneType in get_args(hint):
            return None
        hint = bare(hint, value)
        origin = get_origin(hint)
        if isinstance(value, More) and origin is not tuple:
            raise RecordError("Only to a list can something be added with +=. Write --set FIELD=VALUE.")
        if isinstance(value, BaseModel):
            return value
        if hint is Id:
            return value if is_id(value) or not isinstance(value, str) else self.desk.record(value).id
        if origin is tuple:
            return self._listed(get_args(hint)[0], value, before or ())
        if origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
            inner_hint = get_args(hint)[1]
            return {k: self._value(inner_hint, v) for k, v in value.items()} if _is_table(value) else value
        if hint is date and value == TODAY:
            return self.change.at.date()
        return self._model(hint, value, before) if isinstance(hint, type) else value

    def _listed(self, hint: Any, value: Any, before: tuple[Any, ...]) -> tuple[Any, ...]:
        kind = bare(hint, value)
        one_more = _is_table(value) and isinstance(kind, type) and issubclass(kind, BaseModel)
        if isinstance(value, More):
            return (*before, *(self._value(hint, each) for each in value.values))
        if one_more and not issubclass(kind, Text):
            return (*before, self._value(hint, value))
        values = value if isinstance(value, list | tuple) else [value] if value != "" else []
        return tuple(self._value(hint, each) for each in values)

    def _model(self, hint: type, value: Any, before: Any) -> Any:
        if issubclass(hint, Text):
            said = {self.language: value} if isinstance(value, str) else value
            return {**(before.root if isinstance(before, Text) else {}), **said} if _is_table(said) else said
        if issubclass(hint, Requirement) and isinstance(value, str):
            return requirement(value)
        if issubclass(hint, Link):
            table = {"target": value} if isinstance(value, str) else value
            if _is_table(table) and "seen" not in table and isinstance(table.get("target"), str):
                return self.change.link(self.desk.record(table["target"]), note=str(table.get("note", "")))
            return table
        if issubclass(hint, Attachment) and isinstance(value, str):
            return self.change.attach(value)
        if issubclass(hint, BaseModel) and _is_table(value):
            if issubclass(hint, Signed):
                value = {"by": self.change.by, "at": self.change.at, **value}
            kept = {}
            if type(before) is hint:
                kept = {name: getattr(before, name) for name in before.model_fields_set}
            return {**kept, **self.fields(hint, value, before if kept else None)}
        return value


def requirement(words: str) -> Requirement:
    """Return a requirement from its source and clause as one text.

    Raises
    ------
    RecordError
        If there is no clause after the source.

    Examples
    --------
    >>> requirement("ISO/IEC 17020:2012 6.1.5").clause
    '6.1.5'
    """
    source, _, clause = words.strip().rpartition(" ")
    if not source:
        raise RecordError(
            f"{words!r} is not a requirement. Give source and clause, such as 'ISO/IEC 17020:2012 6.1.5'."
        )
    return Requirement(source=source.strip(), clause=clause)


def gathered(settings: Iterable[str] | None, source: Path | None = None, **given: Any) -> dict[str, Any]:
    """Return all that was said of a record: in a file, by ``--set`` and by options, the latter before the former.

    Parameters
    ----------
    settings : iterable of str, optional
        ``"field=value"`` or ``"part.field=value"``; a field that comes more than once is a list, and
        ``"field+=value"`` adds to the list that there is.
    source : Path, optional
        A TOML file.
    **given
        Values of options; None and empty lists were not given.

    Raises
    ------
    RecordError
        If a setting has no ``=``, or the file is not there.
    ExchangeError
        If the file or a value is not TOML.

    Examples
    --------
    >>> gathered(["owner=a.hoxha", "statement.gap=No seal", "labels=x", "labels=y"], title="Swabs", due=None)
    {'owner': 'a.hoxha', 'statement': {'gap': 'No seal'}, 'labels': ['x', 'y'], 'title': 'Swabs'}
    """
    said = read_toml(source) if source else {}
    typed: dict[str, Any] = {}
    for setting in settings or ():
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise RecordError(f"{setting!r} sets nothing. Write --set FIELD=VALUE, such as --set owner=a.hoxha.")
        _put(typed, name.strip(), _read(value))
    _merge(said, typed)
    _merge(said, {name: value for name, value in given.items() if value is not None and value != []})
    return said


def read_toml(source: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises
    ------
    RecordError
        If it is not there or may not be read.
    ExchangeError
        If it is not TOML.
    """
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{source} cannot be read ({error.strerror or error}). Check its name.") from error
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"{source} is not TOML: {error}. Correct it and do it again.") from error


@cache
def hints_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the types of the fields of a model, with all that is annotated."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def bare(hint: Any, value: Any) -> Any:
    """Return the part of a type that a value is meant for: `Id`, a class, a tuple or a mapping."""
    if get_args(Id)[1] in getattr(hint, "__metadata__", ()):
        return Id
    if hasattr(hint, "__metadata__"):
        return bare(hint.__origin__, value)
    if get_origin(hint) in (Union, UnionType):
        choices = [bare(each, value) for each in get_args(hint)]
        literal = [one for each in choices if get_origin(each) is Literal for one in get_args(each)]
        if value in literal:
            return str
        return next((each for each in choices if each is not NoneType and get_origin(each) is not Literal), str)
    return hint


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _read(value: str) -> Any:
    if value[:1] + value[-1:] not in BRACKETS:
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ExchangeError(
            f"{value!r} is in brackets like TOML and is none ({error}). Correct it, or begin with another sign."
        ) from error


def _put(said: dict[str, Any], name: str, value: Any) -> None:
    added = name.endswith("+")
    *parts, last = name.removesuffix("+").split(".")
    for part in parts:
        said = said.setdefault(part, {})
        if not isinstance(said, dict):
            raise RecordError(f"{part} is set as a whole and in part; say one of the two.")
    values = value if isinstance(value, list) else [value]
    earlier = said.get(last)
    if added:
        said[last] = More([*(earlier.values if isinstance(earlier, More) else ()), *values])
    elif last in said:
        said[last] = [*(earlier if isinstance(earlier, list) else [earlier]), *values]
    else:
        said[last] = value


def _merge(said: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(said.get(name), dict):
            _merge(said[name], value)
        else:
            said[name] = value
