"""Excel workbooks that may be hostile, read within limits; and the rows of a catalogue in one."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from accreditation.errors import AccreditationError, CatalogueError, Problem, ProblemsError

LARGEST = 20 * 1024 * 1024
"""Most bytes of a file."""
MOST_EXPANDED = 60 * 1024 * 1024
"""Most bytes of all its parts together when unpacked."""
MOST_ROWS = 20_000
MOST_COLUMNS = 60
_MOST_PARTS = 500
_HEADER_WITHIN = 20
_ROW = re.compile(rb"<(?:\w{1,20}:)?row[\s/>]")
_MERGED = re.compile(rb"<(?:\w{1,20}:)?mergeCell\s[^>]{0,200}?ref=[\"']([A-Z0-9:]{1,30})")
_CUT = "Delete the rows below the last clause, empty ones too, and save"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"

COLUMNS: Mapping[str, frozenset[str]] = {
    "clause": frozenset(
        {"clause", "clause no", "number", "no", "id", "klauzola", "pika", "klauzula", "tačka", "точка"}
    ),
    "parent": frozenset({"parent", "heading", "under"}),
    "title": frozenset({"title", "subject", "titulli", "naslov", "наслов"}),
    "question": frozenset({"question", "requirement", "pyetja", "pitanje", "прашање", "питање"}),
    "asks": frozenset({"asks", "explanation", "guidance", "what it asks"}),
    "evidence": frozenset({"evidence", "objective evidence", "typical evidence"}),
    "terms": frozenset({"terms", "keywords"}),
    "gate": frozenset({"gate"}),
    "comes_round": frozenset({"comes round", "comes_round"}),
    "weight": frozenset({"weight"}),
    "verb": frozenset({"verb"}),
    "certainty": frozenset({"certainty"}),
    "note": frozenset({"note", "source"}),
}
"""Header words by field, in lower case."""


def sheet_rows(content: bytes, refused: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Return the rows under the header row, with their numbers and the cells by field; blank rows are left out.

    Parameters
    ----------
    content : bytes
    refused : str
        First line of the error, such as ``"list.xlsx cannot be used as a catalogue"``.

    Raises
    ------
    CatalogueError
        If it is no workbook, looks like an attack, has macros, outside links, merged cells or formulas, more than
        `MOST_ROWS` rows, or no header row.
    """
    with opened_book(content, refused) as book:
        grid = _grid(book.worksheets[0], refused)
    return iter(_under_header(grid, refused))


@contextmanager
def opened_book(content: bytes, refused: str, *, error: type[ProblemsError] = CatalogueError) -> Iterator[Any]:
    """Open a workbook, read-only, whose parts were checked first; what fails while it is read is its damage.

    Parameters
    ----------
    content : bytes
    refused : str
        First line of the error.
    error : type, optional
        Which error says what is wrong with it.

    Raises
    ------
    ProblemsError
        If it is no workbook, is damaged, looks like an attack, or has macros, outside links, merged cells or a
        sheet of more than `MOST_ROWS` rows.
    """
    problems = list(_package_problems(content))
    if problems:
        raise error(refused, problems)
    import openpyxl

    try:
        with warnings.catch_warnings(action="ignore"), io.BytesIO(content) as stream:
            book = openpyxl.load_workbook(stream, read_only=True, keep_links=False)
            yield book
            book.close()
    except AccreditationError:
        raise
    except Exception as damage:
        problem = Problem(
            "workbook", f"it is damaged ({type(damage).__name__}: {damage})", "Save it anew from Excel"
        )
        raise error(refused, [problem]) from damage


def limited_rows(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the rows of an opened sheet with their numbers, up to one more than `MOST_ROWS`."""
    sheet.reset_dimensions()
    yield from enumerate(islice(sheet.iter_rows(max_col=MOST_COLUMNS), MOST_ROWS + 1), 1)


def _package_problems(content: bytes) -> Iterator[Problem]:
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        yield Problem(
            "workbook", "it is an old .xls file or has a password", "Save it as .xlsx without a password"
        )
        return
    if _OPEN_DOCUMENT in content[:120]:
        yield Problem("workbook", "it is an OpenDocument file", "Save it as an Excel workbook (.xlsx)")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS or sum(each.file_size for each in parts) > MOST_EXPANDED:
                what = f"it unpacks to more than {MOST_EXPANDED // 1024 // 1024} MB or {_MOST_PARTS} parts"
                yield Problem("workbook", what, "Delete the empty rows below the last clause, and pictures")
                return
            yield from _part_problems(archive, parts)
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ):
        yield Problem("workbook", "it is no Excel workbook or is damaged", "Save it anew from Excel as .xlsx")


def _part_problems(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    names = [each.filename.casefold() for each in parts]
    if "xl/workbook.bin" in names:
        yield Problem("workbook", "it is a binary workbook (.xlsb)", "Save it as .xlsx")
    elif not any(each.startswith("xl/worksheets/") for each in names):
        yield Problem("workbook", "it has no sheet", "Save it anew from Excel as .xlsx")
    if any("vbaproject" in each or "macrosheets" in each for each in names):
        yield Problem("workbook", "it holds macros", "Save it as .xlsx, without macros")
    if any("externallinks" in each for each in names):
        yield Problem("workbook", "it has links to other workbooks", "Break the links (Data, Edit Links) and save")
    for each in parts:
        if each.filename.endswith((".xml", ".rels")):
            text = archive.read(each)
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"D\x00O\x00C\x00T\x00Y" in text:
                yield Problem(each.filename, "it defines entities, as attacks do", "Save it anew from Excel")
            if next(islice(_ROW.finditer(text), MOST_ROWS, None), None):
                what = f"the sheet has more than {MOST_ROWS} rows"
                yield Problem(each.filename, what, _CUT)
            merged = [found[1] for found in islice(_MERGED.finditer(text), 5)]
            if merged:
                shown = ", ".join(ref.decode() for ref in merged)
                yield Problem(each.filename, f"cells are merged ({shown})", "Unmerge them and fill in each cell")


def _grid(sheet: Any, refused: str) -> list[tuple[int, list[Any]]]:
    problems: list[Problem] = []
    grid = []
    for row_number, row in limited_rows(sheet):
        if row_number > MOST_ROWS:
            what = f"the sheet has more than {MOST_ROWS} rows"
            problems.append(Problem("sheet", what, _CUT))
            break
        for cell in row:
            if cell.data_type in ("f", "e") and len(problems) < 50:
                kind = "a formula" if cell.data_type == "f" else f"the error {cell.value}"
                fix = "Replace it by its value (copy, paste values)"
                problems.append(Problem(f"cell {cell.coordinate}", f"it holds {kind}", fix))
        values = [cell.value.strip() if isinstance(cell.value, str) else cell.value for cell in row]
        if any(each not in (None, "") for each in values):
            grid.append((row_number, values))
    if problems:
        raise CatalogueError(refused, problems)
    return grid


def _under_header(grid: list[tuple[int, list[Any]]], refused: str) -> list[tuple[int, dict[str, Any]]]:
    for position, (number, values) in enumerate(grid[:_HEADER_WITHIN]):
        words = [" ".join(str(each or "").casefold().replace(".", " ").split()) for each in values]
        places = {field: [n for n, word in enumerate(words) if word in names] for field, names in COLUMNS.items()}
        if not places["clause"] or not (places["question"] or places["title"]):
            continue
        twice = [field for field, found in places.items() if len(found) > 1]
        if twice:
            what = f"there are two columns for {', '.join(twice)}"
            raise CatalogueError(refused, [Problem(f"row {number}", what, "Rename or remove one of them")])
        columns = {field: found[0] for field, found in places.items() if found}
        rows = (
            (n, {field: each[column] if column < len(each) else None for field, column in columns.items()})
            for n, each in grid[position + 1 :]
        )
        return [(n, cells) for n, cells in rows if any(each not in (None, "") for each in cells.values())]
    what = f"none of the first {_HEADER_WITHIN} filled rows has the headers clause and question or title"
    raise CatalogueError(refused, [Problem("sheet", what, "Name the columns in the first row of the first sheet")])
