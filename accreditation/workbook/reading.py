"""A workbook read back: the cells that a person may have edited, of a file that nothing is taken from on trust.

Notes
-----
Tolerated: columns in another order (they are found by the hidden row of ids, or by their headers in any language
that is offered), renamed sheets, blank rows between, sorted rows, columns of a person's own, whole numbers as
decimals, days as serial numbers, shared or inline texts. Refused as a whole: macros, links to other workbooks,
merged cells, entities, more rows or bytes than `accreditation.sheets` allows, other kinds of file, a sheet or a
column that is missing or there twice, and a hidden sheet that was altered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from accreditation.errors import Problem, UnknownError, WorkbookError
from accreditation.sheets import LARGEST, MOST_ROWS, limited_rows, opened_book
from accreditation.workbook.cells import Cell, plain_text
from accreditation.workbook.columns import READ, Column, headers
from accreditation.workbook.snapshot import SHEET, Snapshot, read_snapshot
from accreditation.workbook.tongues import tongues

_HEADERS_WITHIN = 20
_FORMULA, _ERROR = "f", "e"
_AS_XLSX = "Open it in Excel or LibreOffice and save it as an Excel workbook (.xlsx), without a password"
_EXPORT_ANEW = "Export the assessment anew and enter your edits there"


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a sheet that hold anything, with their numbers.

    Attributes
    ----------
    title : str
    rows : list of (int, list of Cell)
        The cells of each row from column A on.
    """

    title: str
    rows: list[tuple[int, list[Cell]]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet that is read back: its number, and its cells by column."""

    number: int
    cells: Mapping[str, Cell]

    def __getitem__(self, column: str) -> Cell:
        return self.cells[column]


@dataclass(frozen=True, slots=True)
class WorkbookEdits:
    """What a workbook holds now, and what it held when it was written.

    Attributes
    ----------
    name : str
        Of the file.
    snapshot : Snapshot
    sheets : mapping of str to tuple of Row
        ``"checklist"`` and ``"actions"``.
    """

    name: str
    snapshot: Snapshot
    sheets: Mapping[str, tuple[Row, ...]]


def read_workbook(place: str | Path) -> WorkbookEdits:
    """Read a workbook that was exported before; what its cells say is for `compare` to judge.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    WorkbookError
        If it is no such workbook, or not safe to read, with all that is wrong with it.
    """
    place = Path(place)
    refused = f"{place.name} cannot be imported"
    try:
        with place.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UnknownError(f"The workbook {place} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        what = f"it is larger than {LARGEST // 1024 // 1024} MB"
        raise WorkbookError(refused, [Problem(place.name, what, "Remove pictures and empty rows, and save")])
    if place.suffix.lower() not in (".xlsx", ""):
        what = f"it is a file of the kind {place.suffix}; workbooks come back as .xlsx, which has no macros"
        raise WorkbookError(refused, [Problem(place.name, what, _AS_XLSX)])
    with opened_book(content, refused, error=WorkbookError) as book:
        if SHEET not in book.sheetnames:
            what = "it has no hidden sheet of what was exported, so it is not a workbook of an assessment"
            raise WorkbookError(refused, [Problem(place.name, what, _EXPORT_ANEW)])
        hidden = [(number, [each.value for each in row]) for number, row in _grid(book[SHEET], refused).rows]
        grids = [_grid(each, refused) for each in book.worksheets if not each.title.startswith("_")]
        epoch = book.epoch
    snapshot = read_snapshot(hidden, refused)
    found = {name: _table(name, grids, snapshot) for name in READ}
    problems = [each for each in found.values() if isinstance(each, Problem)]
    if problems:
        raise WorkbookError(refused, problems)
    sheets = {
        name: tuple(_rows(name, each, epoch)) for name, each in found.items() if not isinstance(each, Problem)
    }
    return WorkbookEdits(place.name, snapshot, sheets)


@dataclass(frozen=True, slots=True)
class _Table:
    grid: Grid
    columns: Mapping[str, int]
    below: int


def _grid(sheet: Any, refused: str) -> Grid:
    rows = []
    for number, row in limited_rows(sheet):
        if number > MOST_ROWS:
            what = f"the sheet has something below row {MOST_ROWS}"
            fix = "Delete the rows below the last entry, empty ones too, and save"
            raise WorkbookError(refused, [Problem(sheet.title, what, fix)])
        cells = [_cell(sheet.title, number, place, each) for place, each in enumerate(row, 1)]
        if any(each.text or each.odd for each in cells):
            rows.append((number, cells))
    return Grid(sheet.title, rows)


def _cell(title: str, row: int, column: int, cell: Any) -> Cell:
    if cell.value is None:
        return Cell("", None)
    at = f"{title}!{get_column_letter(column)}{row}"
    if cell.data_type == _FORMULA:
        return Cell(at, None, "a formula")
    return Cell(at, None, f"the error {cell.value}") if cell.data_type == _ERROR else Cell(at, cell.value)


def _table(name: str, grids: Sequence[Grid], snapshot: Snapshot) -> _Table | Problem:
    wanted = READ[name]
    ids = {each.id: {f"{name}.{each.id}"} for each in wanted}
    tables = [each for grid in grids for each in _tables(grid, ids, wanted, 1)]
    if not tables:
        told = [headers(name, say) for say in tongues(snapshot.tags)]
        words = {each.id: {_folded(said[each.id]) for said in told} for each in wanted}
        tables = [each for grid in grids for each in _tables(grid, words, wanted, 0)]
    where = f"sheet of the {name}"
    whole = [each for each in tables if isinstance(each, _Table)]
    if len(whole) > 1:
        both = " and ".join(each.grid.title for each in whole)
        return Problem(where, f"there are two of them, {both}", "Remove the copy")
    if whole:
        return whole[0]
    what = "neither the hidden row of its columns nor all of their headers are found"
    return next((each for each in tables if isinstance(each, Problem)), Problem(where, what, _EXPORT_ANEW))


def _tables(
    grid: Grid, names: Mapping[str, set[str]], wanted: Sequence[Column], more: int
) -> Iterator[_Table | Problem]:
    for place, (number, cells) in enumerate(grid.rows[:_HEADERS_WITHIN]):
        words = [_folded(each.text) for each in cells]
        found = {column: [n for n, word in enumerate(words) if word in known] for column, known in names.items()}
        if sum(map(bool, found.values())) < len(wanted) // 2:
            continue
        missing = [column for column, places in found.items() if not places]
        twice = [column for column, places in found.items() if len(places) > 1]
        where = f"sheet {grid.title}, row {number}"
        if missing or twice:
            if missing:
                yield Problem(where, f"the columns {', '.join(missing)} are missing or renamed", _EXPORT_ANEW)
            if twice:
                yield Problem(where, f"the columns {', '.join(twice)} are there twice", "Remove the copies")
            return
        yield _Table(grid, {column: places[0] for column, places in found.items()}, place + 1 + more)
        return


def _rows(name: str, table: _Table, epoch: datetime) -> Iterator[Row]:
    for number, cells in table.grid.rows[table.below :]:
        row = {}
        for column in READ[name]:
            place = table.columns[column.id]
            cell = cells[place] if place < len(cells) else Cell("", None)
            address = f"{table.grid.title}!{get_column_letter(place + 1)}{number}"
            row[column.id] = _dated(cell._replace(at=address), column, epoch)
        if any(each.text or each.odd for each in row.values()):
            yield Row(number, row)


def _dated(cell: Cell, column: Column, epoch: datetime) -> Cell:
    if column.holds != "day" or isinstance(cell.value, bool) or not isinstance(cell.value, int | float):
        return cell
    try:
        return cell._replace(value=from_excel(cell.value, epoch))
    except (ValueError, OverflowError):
        return cell


def _folded(words: str) -> str:
    return " ".join(plain_text(words).casefold().split())
