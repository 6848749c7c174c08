"""Lists of records for a spreadsheet: CSV that Excel and LibreOffice open with all letters and run nothing of.

A cell that begins like a formula gets an apostrophe in front, so that it is shown instead of computed.

Which sign parts the columns, a file does not say: Excel takes the list separator of the computer. A file with
``,`` that is opened where ``;`` is expected falls apart at every ``;`` inside the words, quotes or not, and at
every line break. So what follows such a sign inside a cell gets an apostrophe too if it begins like a formula:
``x;=1`` is written ``x;'=1``. What follows the separator of the file itself stays as it is: every cell stands in
quotes, which a program minds that parts columns there, or at both signs, as LibreOffice does unless told
otherwise. A line ``sep=,`` at the top would settle it for Excel, but Excel reads no UTF-8 then.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel

from qms.errors import RecordError
from qms.record import LANGUAGES, Attachment, Record, Requirement, Text, is_id

FORMULA_SIGNS = frozenset("=+-@")
"""What a spreadsheet takes for the beginning of a formula."""
BREAKS = frozenset("\t\r\n")
"""What may end a cell, whatever parts the columns."""
Separator = Literal[",", ";"]
OTHERS = {",": re.compile("([;\t\r\n])"), ";": re.compile("([,\t\r\n])")}
"""Separator of a file to where a program that expects another one parts its lines."""
Cell = str | int | float | Decimal


def records_csv(
    records: Iterable[Record],
    *,
    language: str | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    separator: Separator = ",",
) -> bytes:
    """Return records as the content of a CSV file.

    Parameters
    ----------
    records : iterable of Record
        Of one kind or several; every field of each has a column.
    language : str, optional
        Texts in this language, or in what stands in for it (`Text.best`), in one column each. Left out, every
        language that a text has gets a column of its own.
    names : mapping of str to str, optional
        What to write in place of the id of a record, such as its reference.
    separator : str
        Excel set to a language that writes 1,5 for 1.5 expects ``";"``.

    Returns
    -------
    bytes
        UTF-8 with a byte order mark, which tells Excel that it is UTF-8.

    Raises
    ------
    RecordError
        If there is no record.

    Examples
    --------
    >>> from qms.organisation import Unit
    >>> unit = Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("=Njësia", "sq"))
    >>> header, line = records_csv([unit]).decode("utf-8-sig").splitlines()
    >>> print(header[:22], line[-21:])
    "Kind","Id","Reference "'=Njësia","en","yes"
    """
    rows: list[dict[str, Cell]] = []
    columns: dict[str, None] = {}
    for record in records:
        row: dict[str, Cell] = {"Kind": record.kind}
        for field in type(record).model_fields:
            row |= _cells(_called(field), getattr(record, field), language, {} if field == "id" else names)
        rows.append(row)
        columns = _joined(columns, row)
    if not rows:
        raise RecordError("There is no record to export. Ask for less to be left out.")
    columns = {name: None for name in columns if not _only_parts(name, columns, rows)}
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for cells in (columns, *([row.get(name, "") for name in columns] for row in rows)):
        writer.writerow(neutral(each, separator) if isinstance(each, str) else each for each in cells)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def neutral(words: str, separator: Separator = ",") -> str:
    r"""Return the words of a cell with an apostrophe wherever a spreadsheet could find the beginning of a formula.

    Parameters
    ----------
    words : str
    separator : str
        Of the file that the cell is for.

    Examples
    --------
    >>> neutral("=1+1"), neutral(' "@SUM(A1)'), neutral("5 > 3")
    ("'=1+1", '\' "@SUM(A1)', '5 > 3')
    >>> neutral("4, -5; -6"), neutral("4, -5; -6", ";")
    ("4, -5;' -6", "4,' -5; -6")
    """
    parts = OTHERS[separator].split(words)
    parts[::2] = [f"'{part}" if _first(part) in FORMULA_SIGNS else part for part in parts[::2]]
    whole = "".join(parts)
    return f"'{whole}" if words[:1] in BREAKS else whole


def _first(words: str) -> str:
    """Return the first sign that a spreadsheet does not pass over, in its plain form."""
    return unicodedata.normalize("NFKC", next((sign for sign in words if not _passed_over(sign)), ""))


def _passed_over(sign: str) -> bool:
    return sign.isspace() or sign in "'\"`" or unicodedata.category(sign) in ("Cc", "Cf", "Pi", "Pf")


def _joined(columns: dict[str, None], row: Mapping[str, Cell]) -> dict[str, None]:
    """Return all columns, those that are new put after the one that they follow in their row."""
    if columns.keys() >= row.keys():
        return columns
    order = list(columns)
    place = 0
    for name in row:
        if name in columns:
            place = order.index(name) + 1
        else:
            order.insert(place, name)
            place += 1
    return dict.fromkeys(order)


def _only_parts(name: str, columns: Iterable[str], rows: Iterable[Mapping[str, Cell]]) -> bool:
    """Return whether a column is empty because what it would hold stands in columns for its parts."""
    parted = any(each.startswith((f"{name}: ", f"{name} (")) for each in columns)
    return parted and not any(row.get(name) for row in rows)


def _cells(name: str, value: Any, language: str | None, names: Mapping[str, str]) -> dict[str, Cell]:
    if isinstance(value, Text):
        if language is not None:
            return {name: value.best(language)}
        return {f"{name} ({LANGUAGES[tag]})": value.root[tag] for tag in LANGUAGES if tag in value.root}
    if isinstance(value, BaseModel) and not isinstance(value, Requirement | Attachment):
        found: dict[str, Cell] = {}
        for field in type(value).model_fields:
            found |= _cells(f"{name}: {_called(field).lower()}", getattr(value, field), language, names)
        return found
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool | Enum):
        return {name: value}
    return {name: _worded(value, language, names)}


def _worded(value: Any, language: str | None, names: Mapping[str, str]) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case Text():
            if language is not None:
                return value.best(language)
            return " / ".join(value.root.values())
        case Requirement():
            return str(value)
        case Attachment():
            return f"{value.name} (sha256 {value.sha256})"
        case BaseModel():
            parts = {field: _worded(getattr(value, field), language, names) for field in type(value).model_fields}
            return "; ".join(f"{_called(field).lower()}: {said}" for field, said in parts.items() if said)
        case Mapping():
            return "; ".join(f"{key}: {_worded(each, language, names)}" for key, each in value.items())
        case tuple() | list() | frozenset():
            return "\n".join(_worded(each, language, names) for each in value)
        case str() if is_id(value):
            return names.get(value, value)
    return str(value)


def _called(field: str) -> str:
    known = {"ref": "Reference", "created": "Created (UTC)", "updated": "Updated (UTC)"}
    return known.get(field, field.replace("_", " ").capitalize())
