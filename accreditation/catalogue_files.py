"""A catalogue of a user's own: a standard, national law or scheme from a TOML file or an Excel workbook.

Nothing is half-loaded: a file is taken over as a whole or refused with everything that is wrong with it.

Notes
-----
Tolerated in Excel: columns in any order and by several names, a title above the header row, blank rows between
clauses, whole clause numbers such as 4 as numbers. Refused: 7.1 as a number (it may have been 7.10), dates,
formulas, merged cells, macros, links to other workbooks, more rows than `accreditation.sheets.MOST_ROWS`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from accreditation.clauses import Clause, Place, structure_problems
from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.procedures.spelling import spellings
from accreditation.sheets import COLUMNS, LARGEST, sheet_rows
from accreditation.standards import Standard, parsed_standard
from qms.errors import described

ENDINGS = (".toml", ".xlsx")
"""Endings of the files that a catalogue is read from."""
MOST_CLAUSES = 5000
_YES = frozenset({"yes", "true", "x", "1", "po", "da", "да"})
_NO = frozenset({"", "no", "false", "0", "jo", "ne", "не"})
_TEXT_FORMAT = "Format the column as text, type the number again, such as 7.10, and save"


class _Row(NamedTuple):
    where: str
    cells: Mapping[str, Any]


def read_catalogue(place: str | Path, *, key: str = "", source: str = "") -> Standard:
    """Read a catalogue of a user's own.

    Parameters
    ----------
    place : str or Path
        TOML of the form of ``accreditation/data/standards``, or an Excel workbook (``.xlsx``) whose first sheet
        has a row with the headers ``clause`` and ``question`` or ``title``; the others are ``parent``, ``asks``,
        ``evidence`` (one a line), ``terms``, ``gate``, ``comes round`` (``audit`` or ``management review``),
        ``weight``, ``verb``, ``certainty`` and ``note``.
    key, source : str, optional
        For Excel: key and printed name of the standard; taken from the file name if not given.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        With every problem of the file; nothing was taken over.
    """
    place = Path(place)
    try:
        with place.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UnknownError(f"The catalogue {place} cannot be read: {error.strerror}.") from error
    refused = f"{place.name} cannot be used as a catalogue"
    if len(content) > LARGEST:
        what = f"it is larger than {LARGEST // 1024 // 1024} MB"
        raise CatalogueError(refused, [Problem(place.name, what, "Remove pictures and empty rows, or split it")])
    match place.suffix.lower():
        case ".toml":
            return _from_toml(content, place.name, refused)
        case ".xlsx":
            rows = [_Row(f"row {number}", cells) for number, cells in sheet_rows(content, refused)]
            name = source or place.stem.strip()
            slug = key or re.sub(r"[^a-z0-9]+", "-", spellings(name)[-1]).strip("-")
            return _from_rows(rows, refused, {"key": slug, "source": name, "title": name})
        case other:
            what = f"its kind {other or 'without an ending'} is not known; .xlsx and .toml are"
            raise CatalogueError(refused, [Problem(place.name, what, "Save it as an Excel workbook (.xlsx)")])


def _from_toml(content: bytes, name: str, refused: str) -> Standard:
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return parsed_standard(content, name)
    clauses = table.get("clause", [])
    if isinstance(clauses, list) and all(isinstance(each, dict) for each in clauses):
        problems = [*_number_problems(clauses)]
        if not problems:
            places = [
                Place(f"clause {n}", str(each.get("id")), str(each.get("parent", "")))
                for n, each in enumerate(clauses, 1)
            ]
            problems = [*structure_problems(places)]
        if problems:
            raise CatalogueError(refused, problems)
    return parsed_standard(content, name)


def _number_problems(clauses: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    if len(clauses) > MOST_CLAUSES:
        yield Problem("catalogue", f"it has {len(clauses)} clauses, more than {MOST_CLAUSES}", "Split it")
    for n, each in enumerate(clauses, 1):
        for field in ("id", "parent"):
            if isinstance(each.get(field, ""), int | float):
                what = f"its {field} {each[field]} is a number, so 7.1 and 7.10 look the same"
                yield Problem(f"clause {n}", what, f'Write it in quotes, as in {field} = "{each[field]}"')


def _from_rows(rows: Sequence[_Row], refused: str, head: Mapping[str, str]) -> Standard:
    problems: list[Problem] = []
    numbers = [_number(each.where, each.cells.get("clause"), problems) for each in rows]
    known = set(numbers)
    clauses, places = [], []
    for order, (row, number) in enumerate(zip(rows, numbers, strict=True), 1):
        above = number.rpartition(".")[0]
        parent = _number(row.where, row.cells["parent"], problems) if row.cells.get("parent") else above
        places.append(Place(row.where, number, parent))
        clauses.append(_clause(row, number, parent if parent in known else "", order, problems))
    if not rows:
        problems.append(Problem("sheet", "there is no clause below the header row", "Fill in one row a clause"))
    if len(rows) > MOST_CLAUSES:
        problems.append(Problem("sheet", f"it has {len(rows)} clauses, more than {MOST_CLAUSES}", "Split it"))
    problems += structure_problems([each for each in places if each.id])
    if problems:
        raise CatalogueError(refused, problems)
    try:
        return Standard.model_validate({**head, "clause": clauses})
    except ValidationError as error:
        fix = "Put headings before their clauses, and give a key of small letters, digits and hyphens"
        raise CatalogueError(refused, [Problem("catalogue", described(error), fix)]) from error


def _number(where: str, found: object, problems: list[Problem]) -> str:
    match found:
        case str() if found.strip():
            return found.strip()
        case int() | float() if not isinstance(found, bool) and math.isfinite(found) and found == int(found):
            return str(int(found))
        case int() | float():
            what = f"the clause {found} is stored as a number and may have been {found}0"
            problems.append(Problem(where, what, _TEXT_FORMAT))
        case None | str():
            problems.append(
                Problem(where, "the row has words but no clause", "Fill in the clause or clear the row")
            )
        case other:
            what = f"the clause was turned into {other}, a date or another value"
            problems.append(Problem(where, what, _TEXT_FORMAT))
    return ""


def _clause(row: _Row, number: str, parent: str, order: int, problems: list[Problem]) -> Clause | None:
    texts = {name: "" if row.cells.get(name) is None else str(row.cells[name]).strip() for name in COLUMNS}
    gate = texts["gate"].casefold()
    if gate not in _YES | _NO:
        problems.append(Problem(row.where, f"the gate says {texts['gate']!r}", "Write yes or no"))
    fields = {
        "id": number or "unknown",
        "parent": parent,
        "order": order,
        "title": texts["title"] or texts["question"][:300],
        "question": texts["question"],
        "asks": texts["asks"],
        "evidence": [each.strip() for each in texts["evidence"].splitlines() if each.strip()],
        "terms": [each.strip() for each in re.split(r"[;\n]", texts["terms"]) if each.strip()],
        "gate": gate in _YES,
        "comes_round": texts["comes_round"].casefold(),
        "weight": texts["weight"].removesuffix(".0") or 3,
        "verb": texts["verb"].casefold(),
        "certainty": texts["certainty"].upper() or "U",
        "source": texts["note"],
    }
    try:
        return Clause.model_validate(fields)
    except ValidationError as error:
        fix = "Correct the row; the weight is 1 to 5, the verb shall, should or may, the certainty C, G or U"
        problems.append(Problem(row.where, described(error).removeprefix("Clause: "), fix))
        return None
