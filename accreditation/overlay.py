"""The licensed text of a standard, from a user's own file, to be shown beside our words.

It stays in the user's file. An `Overlay` prints and stores as hashes only, and nothing here writes the texts
unless that is asked for by name.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from accreditation.clauses import Clause
from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.standards import Standard
from qms.record import sha256

LARGEST = 5 * 1024 * 1024
"""Most bytes of an overlay file."""
_COLUMNS = ("clause", "text")
_PACKAGE = Path(__file__).parent


class Beside(NamedTuple):
    """A clause in our words and, where the user has it, the licensed text."""

    clause: Clause
    licensed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Licensed text of a standard by clause.

    Attributes
    ----------
    standard : str
        Key of the standard.
    texts : mapping of str to str
        Never part of ``repr``.
    sha256 : str
        Hash of the file that it was read from.
    missing, extra : tuple of str
        Requirements of the standard that the file has no text for, and clauses of the file that it does not have.
    """

    standard: str
    texts: Mapping[str, str] = field(repr=False)
    sha256: str
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def text(self, clause: str) -> str | None:
        """Return the licensed text of a clause, or None if the file has none."""
        return self.texts.get(clause)

    def beside(self, standard: Standard) -> Iterator[Beside]:
        """Yield each clause of the standard with its licensed text, for a screen.

        Raises
        ------
        CatalogueError
            If the overlay belongs to another standard.
        """
        if standard.key != self.standard:
            what = f"the licensed text is that of {self.standard}, not of {standard.key}"
            raise CatalogueError(
                "The texts do not fit", [Problem("overlay", what, "Take the file of the edition")]
            )
        return (Beside(each, self.text(each.id)) for each in standard.requirements)

    def exported(self, *, with_licensed_text: bool = False) -> dict[str, Any]:
        """Return the overlay as JSON values: hashes only, and the texts only when that is asked for."""
        hashes = {clause: sha256(text.encode()) for clause, text in self.texts.items()}
        texts = {"texts": dict(self.texts)} if with_licensed_text else {}
        return {"standard": self.standard, "sha256": self.sha256, "clauses": hashes, **texts}


def read_overlay(place: str | Path, standard: Standard) -> Overlay:
    """Read licensed text from a TOML or CSV file.

    Parameters
    ----------
    place : str or Path
        TOML with ``standard = "iso17020-2012"`` and a table ``[text]`` with quoted clause numbers, or CSV (UTF-8,
        comma or semicolon) with the columns ``clause`` and ``text``. It has to lie outside this package.
    standard : Standard

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        If it is inside the package, too large, for another standard, or has a clause twice, unquoted or empty.

    Notes
    -----
    Clauses that are missing or not known are no error; `Overlay.missing` and `Overlay.extra` name them.
    """
    place = Path(place)
    refused = f"The licensed text in {place.name} cannot be used"
    if place.resolve().is_relative_to(_PACKAGE):
        what = "it lies inside the package, from where it would be handed on"
        raise CatalogueError(refused, [Problem(place.name, what, "Keep it in a private folder")])
    try:
        with place.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UnknownError(f"The licensed text {place} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        what = f"it is larger than {LARGEST // 1024 // 1024} MB"
        raise CatalogueError(refused, [Problem(place.name, what, "Keep one text a clause and nothing else")])
    try:
        words = content.decode("utf-8-sig")
        rows = _csv_rows(words) if place.suffix.lower() == ".csv" else _toml_rows(words, standard)
    except (ValueError, csv.Error, RecursionError) as error:
        raise CatalogueError(refused, [Problem(place.name, str(error), "Correct the file")]) from error
    problems = list(_row_problems(rows))
    if problems:
        raise CatalogueError(refused, problems)
    texts = {number: text for _, number, text in rows}
    known = {each.id for each in standard.requirements}
    return Overlay(
        standard=standard.key,
        texts=MappingProxyType(texts),
        sha256=sha256(content),
        missing=tuple(each.id for each in standard.leaves() if each.id not in texts),
        extra=tuple(number for number in texts if number not in known),
    )


_Row = tuple[str, str, str]


def _toml_rows(words: str, standard: Standard) -> list[_Row]:
    content = tomllib.loads(words)
    if content.get("standard") != standard.key:
        raise ValueError(f"it says that it is for {content.get('standard')!r}, not for {standard.key!r}")
    table = content.get("text")
    if not isinstance(table, dict):
        raise ValueError('it has no table [text] with lines such as "4.1.1" = "words"')
    rows = []
    for number, text in table.items():
        if not isinstance(text, str):
            raise ValueError(
                f'clause {number} has no text of its own; quote numbers, as in "{number}.1" = "words"'
            )
        rows.append((f"clause {number}", number, text.strip()))
    return rows


def _csv_rows(words: str) -> list[_Row]:
    first = words.partition("\n")[0]
    table = csv.DictReader(
        io.StringIO(words, newline=""),
        delimiter=";" if first.count(";") > first.count(",") else ",",
        strict=True,
    )
    names = {(each or "").strip().casefold(): each for each in table.fieldnames or ()}
    if not set(_COLUMNS) <= set(names):
        raise ValueError(f"its first line has to name the columns clause and text; it is {first.strip()[:80]!r}")
    number, text = names["clause"], names["text"]
    return [
        (f"line {table.line_num}", (row[number] or "").strip(), (row[text] or "").strip())
        for row in table
        if any(row.values())
    ]


def _row_problems(rows: list[_Row]) -> Iterator[Problem]:
    seen: set[str] = set()
    for where, number, text in rows:
        if not number or not text:
            yield Problem(where, "the clause or its text is empty", "Fill it in or remove the line")
        if number in seen:
            fix = "Give each clause once; if a spreadsheet made 7.10 into 7.1, format the column as text"
            yield Problem(where, f"the clause {number} is there twice", fix)
        seen.add(number)
