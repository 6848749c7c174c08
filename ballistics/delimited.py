"""Tables as people keep them: CSV or TSV, from a program or exported from a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ballistics.errors import EvidenceError
from imaging.errors import FileError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATORS = ",;\t"
SPREADSHEET_HINT = "sep="


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """A table of texts.

    Parameters
    ----------
    place : Path
        The file.
    content : bytes
        As it was read.
    head : tuple of str
        Names of columns in small letters.
    rows : tuple of (int, tuple of str)
        Line number in the file and cells, as many as the head has; empty lines are left out.
    separator : str
        Between cells.
    """

    place: Path
    content: bytes
    head: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str

    def column(self, name: str) -> int:
        """Return the place of a column.

        Raises
        ------
        EvidenceError
            If there is none of this name; the message says which there are.
        """
        if name not in self.head:
            raise EvidenceError(
                f"{self.place} has no column {name!r}; found {', '.join(filter(None, self.head)) or 'none'}"
            )
        return self.head.index(name)


def read_delimited(path: Path) -> Delimited:
    """Read a table in UTF-8 or UTF-16, columns separated by commas, semicolons or tabs.

    Raises
    ------
    EvidenceError
        If it is no such text, has no head, two columns share a name, or a line has more cells than the head.
    FileError
        If it cannot be read.

    Notes
    -----
    The separator is the one that the head has most of. A first line such as ``sep=;`` is understood. Lines may be
    shorter than the head: spreadsheets leave out empty cells at the end.
    """
    content = _content(path)
    try:
        text = decoded(content)
        separator, skipped = _separator(text)
        lines = [(number, cells) for number, cells in _cells(text, separator, skipped) if any(cells)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvidenceError(
            f"{path} is not a table of text ({error}); save it as CSV in UTF-8 (in a spreadsheet: CSV UTF-8)"
        ) from error
    if not lines:
        raise EvidenceError(f"{path} is empty; expected a line with the names of the columns, then the rows")
    head = tuple(name.casefold() for name in lines[0][1])
    if twice := sorted({name for name in head if name and head.count(name) > 1}):
        raise EvidenceError(f"{path} has two columns {twice[0]!r}; every name may be there once")
    rows = []
    for number, cells in lines[1:]:
        if any(cells[len(head) :]) or any(cell for cell, name in zip(cells, head, strict=False) if not name):
            raise EvidenceError(
                f"line {number} of {path} has more cells than the head has names ({len(head)}): {cells}; a cell "
                "with a separator in it goes in quotes"
            )
        rows.append((number, (*cells, *[""] * len(head))[: len(head)]))
    return Delimited(place=path, content=content, head=head, rows=tuple(rows), separator=separator)


def read_head(path: Path) -> tuple[str, ...]:
    """Return the names of the columns in small letters, as `read_delimited` finds them; none in what is no table.

    Raises
    ------
    FileError
        If it cannot be read.
    """
    content = _content(path)
    try:
        text = decoded(content)
        lines = (cells for _, cells in _cells(text, *_separator(text)) if any(cells))
        return tuple(name.casefold() for name in next(lines, ()))
    except (UnicodeDecodeError, csv.Error):
        return ()


def decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, with or without its mark, or in UTF-16.

    Raises
    ------
    UnicodeDecodeError
        If it is neither.
    """
    return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from error


def _separator(text: str) -> tuple[str, int]:
    """What stands between cells, and how many lines say so only."""
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    if first.strip().casefold().startswith(SPREADSHEET_HINT):
        return first.strip("\r\n")[len(SPREADSHEET_HINT) :][:1] or separator, 1
    return separator, 0


def _cells(text: str, separator: str, skipped: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    table = text.partition("\n")[2] if skipped else text
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=separator, strict=True)
    before = skipped
    for cells in reader:
        yield before + 1, tuple(cell.strip() for cell in cells)
        before = skipped + reader.line_num
