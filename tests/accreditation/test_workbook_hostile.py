"""Workbooks that came back damaged, altered or hostile: a clear report, and nothing is changed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import begin
from accreditation.assessments.profile import Profile
from accreditation.errors import AccreditationError, UnknownError, WorkbookError
from accreditation.kinds import KINDS
from accreditation.language import words
from accreditation.workbook.columns import ACTIONS, CHECKLIST
from accreditation.workbook.comparing import compare
from accreditation.workbook.export import export_workbook
from accreditation.workbook.reading import read_workbook
from accreditation.workbook.taking_over import apply
from qms.organisation import Person, Unit
from qms.record import Text
from qms.store import Store, open_store

ON = date(2026, 11, 23)
PLAN = {each.id: place for place, each in enumerate(ACTIONS, 1)}
KEY = "iso17020-2012:4.1.1"
Edit = Callable[[Any], object]


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Assessment, bytes]]:
    """A store, an assessment in it, and its workbook; no test changes any of them."""
    folder = tmp_path_factory.mktemp("unit")
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
    profile = Profile(name="Baseline", standards=("iso17020-2012",))
    with open_store(folder / "records.qms", create=True, kinds=KINDS) as opened:
        with opened.change(by=arta.id) as change:
            change.add(Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Unit", "en")))
            change.add(arta)
            kept = begin(change, "AL-TIR", profile, title=Text.of("Baseline", "en"), lead=arta.id)
        place = export_workbook(opened, kept, folder / "a.xlsx", say=words("en"), on=ON)
        head = opened.head()
        yield opened, kept, place.read_bytes()
        assert opened.head() == head, "nothing was changed"


def book_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def saved(book: Any, folder: Path) -> Path:
    book.save(folder / "b.xlsx")
    return folder / "b.xlsx"


def with_parts(content: bytes, place: Path, **parts: bytes) -> Path:
    """Add or replace parts of the file; their names have ``/`` and ``.`` written as ``__`` and ``_dot_``."""
    named = {name.replace("_dot_", ".").replace("__", "/"): part for name, part in parts.items()}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        kept = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**kept, **named}.items():
            archive.writestr(name, part)
    return place


def put(at: str, value: object, sheet: str = "Checklist") -> Edit:
    def edit(book: Any) -> None:
        book[sheet][at] = value

    return edit


def plan(**cells: object) -> Edit:
    def edit(book: Any) -> None:
        good = {"requirement": KEY, "title": "Buy seals", "owner": "a.hoxha", "due": date(2027, 3, 1)}
        for column, value in {**good, **cells}.items():
            book["Actions"].cell(3, PLAN[column], value)

    return edit


def copied_row(book: Any) -> None:
    for place in range(1, len(CHECKLIST) + 1):
        book["Checklist"].cell(200, place, book["Checklist"].cell(3, place).value)


@pytest.mark.parametrize(
    ("edit", "at", "code", "said"),
    [
        (put("J3", "=1+1"), "Checklist!J3", "not-plain", "it holds a formula, which is not read"),
        (put("C4", '=HYPERLINK("http://x")'), "Checklist!C4", "locked", "it holds a formula; it is locked"),
        (put("M3", "#REF!"), "Checklist!M3", "not-plain", "the error #REF!"),
        (
            put("J3", "perhaps"),
            "Checklist!J3",
            "not-understood",
            "it holds perhaps; expected is one of: Conforms, Minor",
        ),
        (put("J3", True), "Checklist!J3", "not-understood", "it holds True"),
        (put("J3", "Not applicable"), "Checklist!M3", "without-reason", "does not apply needs a justification"),
        (put("K3", 6), "Checklist!K3", "not-understood", "a level from 0 to 5"),
        (put("K3", 2.5), "Checklist!K3", "not-understood", "it holds 2.5"),
        (put("K3", True), "Checklist!K3", "not-understood", "it holds True"),
        (put("K3", date(2026, 3, 1)), "Checklist!K3", "not-understood", "it holds 2026-03-01"),
        (put("M3", "a" * 20_001), "Checklist!M3", "not-understood", "at most 20000 letters"),
        (put("N3", "EV-2026-999"), "Checklist!N3", "no-such-evidence", "there is no evidence EV-2026-999"),
        (put("A3", "iso17020-2012:9.9"), "Checklist!A3", "id-changed", "the id iso17020-2012:9.9 is none"),
        (put("A3", None), "Checklist!A3", "id-changed", "the id - is none"),
        (put("C3", 7.1), "Checklist!C3", "locked", "it holds 7.1; it is locked and held 4.1.1"),
        (put("E3", "Is it?"), "Checklist!E3", "locked", "it holds Is it?; it is locked and held Does the unit"),
        (
            lambda book: book["Checklist"].delete_rows(3),
            "checklist",
            "row-missing",
            f"the row of {KEY} is missing",
        ),
        (copied_row, "Checklist!A3", "id-twice", "is there 2 times"),
        (
            plan(requirement=7.1),
            "Actions!B3",
            "clause-number",
            "the clause 7.1 is a number and may have been 7.10",
        ),
        (plan(requirement="9.9"), "Actions!B3", "not-understood", "the id of a requirement"),
        (plan(owner="nobody"), "Actions!D3", "not-understood", "the handle of somebody"),
        (plan(title="=cmd|x"), "Actions!C3", "not-plain", "a formula"),
        (plan(title=None), "Actions!C3", "not-understood", "what is to be done"),
        (plan(due=None), "Actions!F3", "not-understood", "the day by which it is done"),
        (plan(due="soon"), "Actions!F3", "not-understood", "a day such as 2027-03-01"),
        (plan(due=1e300), "Actions!F3", "not-plain", "it holds the error"),
        (plan(due="31.2.2027"), "Actions!F3", "not-understood", "a day such as 2027-03-01"),
        (plan(start=date(2027, 4, 1)), "Actions!F3", "due-before-start", "before its start on 2027-04-01"),
        (plan(cost="1.200", currency="EUR"), "Actions!G3", "not-understood", "an amount such as 1200.50"),
        (plan(cost=-1, currency="EUR"), "Actions!G3", "not-understood", "an amount such as 1200.50"),
        (plan(cost=5), "Actions!H3", "not-understood", "three letters"),
        (plan(purpose="fun"), "Actions!I3", "not-understood", "a purpose from the list"),
        (plan(ref="ACT-2026-009"), "Actions!A3", "no-such-action", "is no action that was exported"),
    ],
)
def test_a_cell_that_is_not_understood_is_named(
    unit: tuple[Store, Assessment, bytes], tmp_path: Path, edit: Edit, at: str, code: str, said: str
) -> None:
    store, _, content = unit
    book = book_of(content)
    edit(book)
    diff = compare(store, read_workbook(saved(book, tmp_path)))
    found = [each for each in diff.problems if each.at == at]
    assert [each.what.code for each in found] == [code]
    assert said in str(found[0])
    assert not diff
    arta = store.get(Person, "a.hoxha").id
    with pytest.raises(WorkbookError, match="nothing was changed"), store.change(by=arta) as change:
        apply(change, diff)


def test_all_problems_are_told_at_once(unit: tuple[Store, Assessment, bytes], tmp_path: Path) -> None:
    store, _, content = unit
    book = book_of(content)
    for edit in (put("J3", "perhaps"), put("K3", 9), put("J4", "=1"), plan(owner="x", due="y")):
        edit(book)
    diff = compare(store, read_workbook(saved(book, tmp_path)))
    assert [each.at for each in diff.problems] == [
        *("Checklist!J3", "Checklist!K3", "Checklist!J4", "Actions!D3", "Actions!F3")
    ]


def rename_column(book: Any) -> None:
    book["Checklist"]["J1"] = book["Checklist"]["J2"] = "Outcome"


def double_column(book: Any) -> None:
    book["Checklist"]["R1"] = book["Checklist"]["J1"].value


def copy_sheet(book: Any) -> None:
    book.copy_worksheet(book["Checklist"])


def swap_columns(book: Any) -> None:
    for row in book["Checklist"].iter_rows():
        row[9].value, row[12].value = row[12].value, row[9].value


def drop_ids(book: Any) -> None:
    book["Checklist"].delete_rows(1)


def rename_sheets(book: Any) -> None:
    book["Checklist"].title, book["Actions"].title = "Our list", "To do"


def own_column(book: Any) -> None:
    book["Checklist"]["S2"], book["Checklist"]["S3"] = "Remark", "=LEN(A3)"
    book.create_sheet("Mine")["A1"] = "=1+1"


def blank_rows(book: Any) -> None:
    book["Checklist"].insert_rows(5, 3)


@pytest.mark.parametrize("edit", [swap_columns, drop_ids, rename_sheets, own_column, blank_rows])
def test_what_is_still_identified_is_understood(
    unit: tuple[Store, Assessment, bytes], tmp_path: Path, edit: Edit
) -> None:
    store, _, content = unit
    book = book_of(content)
    put("J3", "Conforms")(book)
    edit(book)
    diff = compare(store, read_workbook(saved(book, tmp_path)))
    assert not diff.problems
    assert [(each.key, each.column, each.found) for each in diff.cells] == [(KEY, "result", "conforms")]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (rename_column, "the columns result are missing or renamed"),
        (double_column, "the columns result are there twice"),
        (copy_sheet, "there are two of them, Checklist and Checklist Copy"),
        (lambda book: book.remove(book["Actions"]), "sheet of the actions: neither the hidden row"),
        (lambda book: book.remove(book["_exported"]), "it has no hidden sheet"),
        (put("C4", "minor", "_exported"), "the hidden sheet was altered"),
        (put("A1", "x", "_exported"), "does not begin as it was written"),
        (put("B1", "2", "_exported"), "it has the form 2; this program reads the form 1"),
        (put("D9", "=1", "_exported"), "the hidden sheet was altered"),
        (lambda book: book["Checklist"].merge_cells("J3:J4"), r"merged \(J3:J4\)"),
        (put("A1048576", "x"), "below row 20000"),
    ],
)
def test_an_altered_workbook_is_refused(
    unit: tuple[Store, Assessment, bytes], tmp_path: Path, edit: Edit, said: str
) -> None:
    book = book_of(unit[2])
    edit(book)
    with pytest.raises(WorkbookError, match=said):
        read_workbook(saved(book, tmp_path))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"xl__vbaProject_dot_bin": b"x"}, "macros"),
        ({"xl__externalLinks__externalLink1_dot_xml": b"<a/>"}, "links to other workbooks"),
        ({"xl__more_dot_xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, "defines entities"),
        ({"xl__more_dot_xml": b"<row/>" * 10_000_001}, "unpacks to more|more than 20000 rows"),
        ({"xl__more_dot_xml": b" " * (61 * 1024 * 1024)}, "unpacks to more than 60 MB"),
        ({"xl__workbook_dot_bin": b"x"}, "binary workbook"),
        ({"xl__worksheets__sheet2_dot_xml": b"<worksheet><sheetData><row"}, "it is damaged"),
    ],
)
def test_dangerous_files_are_refused(
    unit: tuple[Store, Assessment, bytes], tmp_path: Path, parts: dict[str, bytes], said: str
) -> None:
    with pytest.raises(WorkbookError, match=said):
        read_workbook(with_parts(unit[2], tmp_path / "b.xlsx", **parts))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsm", b"PK", r"of the kind \.xlsm"),
        ("a.csv", b"a,b", r"of the kind \.csv"),
        ("a.ods", b"x", r"of the kind \.ods"),
        (
            "a.xlsx",
            b"PK\3\4" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "OpenDocument",
        ),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls file or has a password"),
        ("a.xlsx", b"clause,result", "no Excel workbook"),
        ("a.xlsx", b"", "no Excel workbook"),
    ],
)
def test_other_kinds_of_file_are_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WorkbookError, match=said):
        read_workbook(tmp_path / name)
    with pytest.raises(UnknownError, match="cannot be read"):
        read_workbook(tmp_path / "none.xlsx")


def test_a_workbook_of_something_else_is_refused(
    unit: tuple[Store, Assessment, bytes], store: Store, assessment: Assessment, tmp_path: Path
) -> None:
    (tmp_path / "b.xlsx").write_bytes(unit[2])
    edits = read_workbook(tmp_path / "b.xlsx")
    with pytest.raises(WorkbookError, match="of other records"):
        compare(store, edits)
    own = export_workbook(store, assessment, tmp_path / "c.xlsx", say=words("en"), on=ON)
    with store.change(by=assessment.lead or "") as change:
        other = begin(
            change, "AL-TIR", assessment.profile, title=Text.of("Next", "en"), lead=assessment.lead or ""
        )
    with pytest.raises(WorkbookError, match=f"it is of the assessment {assessment.ref}, not of {other.ref}"):
        compare(store, read_workbook(own), expected=other)
    plain = openpyxl.Workbook()
    with pytest.raises(WorkbookError, match="it is not a workbook of an assessment"):
        read_workbook(saved(plain, tmp_path))


@given(at=st.integers(0, 10**6), bytes_=st.binary(min_size=1, max_size=8))
def test_damage_is_refused_or_harmless(
    unit: tuple[Store, Assessment, bytes], tmp_path_factory: pytest.TempPathFactory, at: int, bytes_: bytes
) -> None:
    store, _, content = unit
    at %= len(content)
    place = tmp_path_factory.getbasetemp() / "damaged.xlsx"
    place.write_bytes(content[:at] + bytes_ + content[at + len(bytes_) :])
    try:
        diff = compare(store, read_workbook(place))
    except AccreditationError:
        return
    assert not diff.cells
