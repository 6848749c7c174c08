from __future__ import annotations

import contextlib
import io
import time
import zipfile
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accreditation.catalogue_files import read_catalogue
from accreditation.errors import AccreditationError, CatalogueError, UnknownError
from accreditation.standards import standard, standards

HEAD = ["Clause", "Question", "Title"]
ROWS = [["7", None, "Work"], ["7.1", "Is it done?", "Doing"], ["7.10", "Is it kept?", "Keeping"]]


def book(rows: list[list[Any]], *, header: list[str] | None = None) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    for row in [header or HEAD, *rows]:
        made.active.append(row)
    return made


def saved(made: openpyxl.Workbook, folder: Path, name: str = "National law.xlsx") -> Path:
    made.save(folder / name)
    return folder / name


def with_part(place: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(place, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return place


def replaced_sheet(place: Path, sheet: bytes) -> Path:
    parts = {}
    with zipfile.ZipFile(place) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, content)
    return place


def test_a_workbook_becomes_a_standard(tmp_path: Path) -> None:
    header = ["Weight", "QUESTION", "No.", "Objective evidence", "Gate", "Title", "unknown"]
    rows = [
        [None, None, 7, None, None, "Work", None],
        [None] * 7,
        [5, "Is it kept?", " 7.10 ", "log\nseal ", "yes", None, "ignored"],
    ]
    made = book(rows, header=header)
    made.active.insert_rows(1, 2)
    made.active["A1"] = "Our checklist of 2026"
    law = read_catalogue(saved(made, tmp_path))
    assert (law.key, law.source) == ("national-law", "National law")
    kept = law.clause("7.10")
    assert (kept.parent, kept.question, kept.evidence) == ("7", "Is it kept?", ("log", "seal"))
    assert (kept.gate, kept.weight, kept.certainty) == (True, 5, "U")
    assert [each.id for each in law.leaves()] == ["7.10"]


def test_the_key_and_the_name_can_be_given(tmp_path: Path) -> None:
    law = read_catalogue(saved(book(ROWS), tmp_path), key="law-2026", source="Law 12/2026")
    assert (law.key, law.cite("7.10").source) == ("law-2026", "Law 12/2026")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            [7.1, "Is it?", "Doing"],
            r"row 5: the clause 7\.1 is stored as a number and may have been 7\.10\. Format",
        ),
        ([datetime(2026, 7, 1), "Is it?", "Doing"], "row 5: the clause was turned into 2026-07-01"),
        (["7.1", "Is it?", "Again"], r"row 5: the clause 7\.1 is there twice"),
        (["8.1", "Is it?", "Alone"], "stands under 8, which is missing. Add 8"),
        ([None, "Is it?", "Nameless"], "row 5: the row has words but no clause"),
        (["7.2", "=1+1", "Formula"], "cell B5: it holds a formula"),
        (["7.2", None, None], "row 5: title"),
        (["7 2", "Is it?", "Blank inside"], "row 5: id"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_loaded(tmp_path: Path, row: list[Any], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(saved(book([*ROWS, row]), tmp_path))


def test_all_bad_rows_are_reported_at_once(tmp_path: Path) -> None:
    rows = [[7.1, "Is it?", "a"], [7.2, "Is it?", "b"], ["3.1", "Is it?", "c"]]
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(saved(book(rows), tmp_path))
    assert [each.where for each in caught.value.problems] == ["row 2", "row 3", "row 4"]


@pytest.mark.parametrize(
    ("header", "cells", "said"),
    [
        (["Clause", "Question", "Gate"], ["7", "Is it?", "maybe"], "yes or no"),
        (["Clause", "Question", "Weight"], ["7", "Is it?", 0], "weight"),
        (["Clause", "Question", "Verb"], ["7", "Is it?", "must"], "verb"),
        (["Clause", "Question", "Question"], ["7", "Is it?", "Or?"], "two columns for question"),
        (["One", "Two", "Three"], ["7", "Is it?", "x"], "headers clause and question"),
    ],
)
def test_headers_and_marks_are_checked(tmp_path: Path, header: list[str], cells: list[Any], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(saved(book([cells], header=header), tmp_path))


def test_merged_cells_are_refused(tmp_path: Path) -> None:
    made = book(ROWS)
    made.active.merge_cells("A2:B2")
    with pytest.raises(CatalogueError, match=r"merged \(A2:B2\)"):
        read_catalogue(saved(made, tmp_path))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("xl/vbaProject.bin", "macros"),
        ("xl/externalLinks/externalLink1.xml", "links to other workbooks"),
        ("xl/more.xml", "defines entities"),
    ],
)
def test_dangerous_parts_are_refused(tmp_path: Path, part: str, said: str) -> None:
    content = b'<!DOCTYPE a [<!ENTITY b "c">]><a/>' if part == "xl/more.xml" else b"<a/>"
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(with_part(saved(book(ROWS), tmp_path), part, content))


@pytest.mark.parametrize(
    "rows", [b"<row/>" * 10_000_001, b'<row r="10000000"><c r="A10000000"><v>1</v></c></row>']
)
def test_ten_million_blank_rows_are_refused_in_time(tmp_path: Path, rows: bytes) -> None:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = b'<worksheet xmlns="' + space + b'"><sheetData>' + rows + b"</sheetData></worksheet>"
    place = replaced_sheet(saved(book(ROWS), tmp_path), sheet)
    start = time.perf_counter()
    with pytest.raises(CatalogueError, match="below the last clause"):
        read_catalogue(place)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600])
def test_files_that_are_no_workbook_are_refused(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "a.xlsx"
    place.write_bytes(content)
    with pytest.raises(CatalogueError, match=r"as \.xlsx"):
        read_catalogue(place)


GOOD = io.BytesIO()
book(ROWS).save(GOOD)


@given(st.integers(0, len(GOOD.getvalue()) - 1), st.binary(min_size=1, max_size=8))
def test_damage_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes) -> None:
    place = tmp_path_factory.mktemp("damaged") / "a.xlsx"
    content = GOOD.getvalue()
    place.write_bytes(content[:at] + put + content[at + len(put) :])
    with contextlib.suppress(AccreditationError):
        assert len(read_catalogue(place).requirements) == 3


def test_the_shipped_form_is_read_back(tmp_path: Path) -> None:
    for key in standards():
        place = tmp_path / f"{key}.toml"
        place.write_bytes((files("accreditation") / "data" / "standards" / f"{key}.toml").read_bytes())
        assert read_catalogue(place) == standard(key)


@pytest.mark.parametrize(
    ("clauses", "said"),
    [
        ('[[clause]]\nid = 7.10\norder = 1\ntitle = "a"\n', "clause 1: its id 7.1 is a number"),
        ('[[clause]]\nid = "7.1"\norder = 1\ntitle = "a"\nparent = "7"\n', "which is missing"),
        ('[[clause]]\nid = "7"\norder = 1\ntitle = "a"\n' * 2, "clause 2: the clause 7 is there twice"),
        ('[[clause]]\nid = "7"\norder = 1\n', "title: is needed"),
        ('[[clause]]\nid = "7"\norder = 1\ntitle = "a"\nquestoin = "b"\n', "no such field"),
        ("clause = 1\n", "clause"),
        ("clause = \n", "not TOML"),
    ],
)
def test_bad_toml_is_refused(tmp_path: Path, clauses: str, said: str) -> None:
    place = tmp_path / "own.toml"
    place.write_text(f'key = "own"\nsource = "Own"\ntitle = "Own"\n{clauses}', encoding="utf-8")
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(place)


def test_other_kinds_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ods").write_bytes(b"x")
    with pytest.raises(CatalogueError, match=r"\.xlsx and \.toml"):
        read_catalogue(tmp_path / "a.ods")
    with pytest.raises(UnknownError, match="cannot be read"):
        read_catalogue(tmp_path / "none.xlsx")
