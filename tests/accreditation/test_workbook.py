"""The workbook of an assessment: what is in it, and that it comes back as the same but for the edits."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import begin, checklist_of, judge, plan_action, request_evidence, review
from accreditation.assessments.profile import Profile
from accreditation.clauses import Clause
from accreditation.errors import WorkbookError
from accreditation.kinds import KINDS
from accreditation.language import Words, state, words
from accreditation.wording import results
from accreditation.workbook.cells import Cell, plain_text
from accreditation.workbook.columns import ACTIONS, CHECKLIST
from accreditation.workbook.comparing import compare
from accreditation.workbook.differences import WorkbookDiff
from accreditation.workbook.export import export_workbook
from accreditation.workbook.problems import not_understood
from accreditation.workbook.reading import read_workbook
from accreditation.workbook.taking_over import apply, undo
from qms.actions.action import Action, Cost
from qms.errors import ConflictError, UnknownError
from qms.lifecycle import Reason
from qms.organisation import Person, Unit
from qms.record import Text
from qms.store import Store, open_store

Somebody = Callable[[str], str]
ON = date(2026, 11, 23)
COLUMN = {each.id: place for place, each in enumerate(CHECKLIST, 1)}
PLAN = {each.id: place for place, each in enumerate(ACTIONS, 1)}
KEY = "iso17020-2012:4.1.1"


def exported(store: Store, assessment: Assessment, place: Path, say: Words | None = None) -> Path:
    return export_workbook(store, assessment, place, say=say or words("en"), on=ON, overwrite=True)


def edited(place: Path, edits: dict[tuple[str, str], Any], sheet: str = "Checklist") -> Path:
    """Write values into cells, by the id of the requirement and the column."""
    book = openpyxl.load_workbook(place)
    rows = {cell.value: cell.row for cell in book[sheet]["A"]}
    for (key, column), value in edits.items():
        cell = book[sheet].cell(rows[key], COLUMN[column], value)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
    book.save(place)
    return place


def planned(place: Path, row: int, **cells: Any) -> Path:
    book = openpyxl.load_workbook(place)
    for column, value in cells.items():
        book["Actions"].cell(row, PLAN[column], value)
    book.save(place)
    return place


def differences(store: Store, place: Path) -> WorkbookDiff:
    return compare(store, read_workbook(place))


def checklist_cells(place: Path) -> dict[str, dict[str, str]]:
    rows = read_workbook(place).sheets["checklist"]
    return {row["key"].text: {name: cell.text for name, cell in row.cells.items()} for row in rows}


@pytest.fixture
def at_work(store: Store, assessment: Assessment, somebody: Somebody) -> Assessment:
    """The assessment with a judgement, an action and evidence that was asked for."""
    checklist = checklist_of(store, assessment)
    gap = Text.of("=no numbers", "en").also("pa numra", "sq")
    besa = somebody("b.krasniqi")
    with store.change(by=somebody("a.hoxha"), why="judge") as change:
        kept = judge(change, assessment, {"7.2.1": {"result": "major", "justification": gap}}, checklist=checklist)
        kept, _ = plan_action(
            change,
            kept,
            "7.2.1",
            checklist=checklist,
            title=Text.of("+Number", "en"),
            owner=besa,
            due=date(2027, 1, 1),
            cost=Cost.model_validate({"amount": "1200.50", "currency": "EUR"}),
        )
        kept, _ = request_evidence(change, kept, "7.2.1", checklist=checklist, owner=besa, due=date(2027, 1, 1))
    return kept


def test_workbook_is_complete_and_guarded(store: Store, at_work: Assessment, tmp_path: Path) -> None:
    glossary = {"cordon": {"en": ["cordon", "perimeter"], "sq": ["kordon"]}}
    place = export_workbook(store, at_work, tmp_path / "a.xlsx", say=words("en"), on=ON, glossary=glossary)
    book = openpyxl.load_workbook(place)
    assert book.sheetnames == [
        *("Overview", "Checklist", "Gaps", "Actions", "Evidence", "Glossary"),
        *("_lists", "_exported"),
    ]
    assert {book[each].sheet_state for each in ("_lists", "_exported")} == {"veryHidden"}
    sheet = book["Checklist"]
    keys = [item.key for item in checklist_of(store, at_work).items]
    assert [cell.value for cell in sheet["A"][2:]] == keys
    assert all(
        sheet.cell(row, COLUMN[name]).value for row in range(3, 100) for name in ("title", "question", "asks")
    )
    assert all(sheet.cell(row, COLUMN["result"]).value == "Not assessed" for row in range(3, 40))
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.row_dimensions[1].hidden) == ("E3", "$2:$2", True)
    assert sheet.auto_filter.ref == f"A2:Q{len(keys) + 2}"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.oddFooter.center.text == "&P / &N"
    assert sheet.protection.sheet
    assert not sheet.protection.autoFilter
    locked = {each.id: sheet.cell(3, COLUMN[each.id]).protection.locked for each in CHECKLIST}
    open_cells = {"result", "documented", "implemented", "justification", "evidence"}
    assert {name for name, is_locked in locked.items() if not is_locked} == open_cells
    offered = {str(each.sqref): each.formula1 for each in sheet.data_validations.dataValidation}
    last = len(keys) + 2
    assert offered[f"J3:J{last}"] == "_lists!$A$1:$A$5"
    assert offered[f"K3:K{last}"] == offered[f"L3:L{last}"] == '"0,1,2,3,4,5"'
    assert [cell.value for cell in book["_lists"]["A"][:5]] == list(results(words("en")).values())
    rules = [rule for each in sheet.conditional_formatting for rule in each.rules]
    assert sorted(rule.type for rule in rules) == ["colorScale", "colorScale", *["expression"] * 4]
    assert '$J3="Conforms"' in {rule.formula[0] for rule in rules if rule.formula}
    assert [cell.value for cell in book["Glossary"][3]] == ["cordon", "cordon, perimeter", "kordon"]


def test_nothing_exported_is_empty(store: Store, assessment: Assessment, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(exported(store, assessment, tmp_path / "a.xlsx"))
    told = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)] for sheet in book}
    assert any(told["Gaps"][0])
    assert told["Evidence"][0][1] == "There is no evidence yet."
    assert all(value for row in told["Overview"] if row[0] for value in row[1:] if row[1] is not None)
    assert "Glossary" not in told
    overview = {row[0]: row[1] for row in told["Overview"]}
    assert overview["Unit"] == "Crime scene unit (AL-TIR)"
    assert overview["Last entry of the ledger"] == str(store.head())
    assert "0% assessed" in overview["Score"]
    assert overview["Gates"].startswith("0 of ")


def test_texts_are_never_formulas(store: Store, at_work: Assessment, tmp_path: Path) -> None:
    place = exported(store, at_work, tmp_path / "a.xlsx")
    with zipfile.ZipFile(place) as archive:
        sheets = [archive.read(each) for each in archive.namelist() if "worksheets/sheet" in each]
    assert not any(b"<f>" in each or b"<f " in each for each in sheets if b"<sheetData" in each)
    row = next(row for row in openpyxl.load_workbook(place)["Checklist"].rows if row[0].value.endswith(":7.2.1"))
    cell = row[COLUMN["justification"] - 1]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=no numbers", "s", True)
    assert not differences(store, place).cells


def test_dangerous_texts_come_back_unchanged(
    store: Store, assessment: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    texts = ["=1+1", "+1", "-1", "@sum(a)", "#N/A", "_x0041_", "a\nb", "007", "TRUE", "7.10", '<&"', "č ç џ"]
    checklist = checklist_of(store, assessment)
    wanted = {item.key: text for item, text in zip(checklist.items, texts, strict=False)}
    said = {key: {"result": "minor", "justification": Text.of(text, "en")} for key, text in wanted.items()}
    with store.change(by=somebody("a.hoxha")) as change:
        kept = judge(change, assessment, said, checklist=checklist)
    place = exported(store, kept, tmp_path / "a.xlsx")
    for made in (place, resaved(place), shared(place)):
        cells = checklist_cells(made)
        assert {key: cells[key]["justification"] for key in wanted} == wanted
        diff = differences(store, made)
        assert (diff.cells, diff.problems) == ((), ())


def test_an_edit_is_shown_taken_over_and_undone(
    store: Store, at_work: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    place = exported(store, at_work, tmp_path / "a.xlsx")
    gap = "iso17020-2012:7.2.1"
    edits = {
        (KEY, "result"): " not  APPLICABLE ",
        (KEY, "justification"): "No such work",
        (gap, "documented"): 3.0,
        (gap, "justification"): "two bags",
        (gap, "evidence"): "ev-2026-001; EV-2026-001",
    }
    due = date(2027, 3, 1)
    row = {
        "requirement": KEY,
        "title": "Buy seals",
        "owner": "B.Krasniqi",
        "due": due,
        "cost": 12.5,
        "currency": "eur",
    }
    planned(edited(place, edits), 4, **row)
    head = store.head()
    diff = differences(store, place)
    assert store.head() == head, "comparing changes nothing"
    assert {(each.key, each.column, each.exported, each.found) for each in diff.edits} == {
        (KEY, "result", "not_assessed", "not_applicable"),
        (KEY, "justification", "", "No such work"),
        (gap, "documented", "", "3"),
        (gap, "justification", "=no numbers", "two bags"),
        (gap, "evidence", "", "EV-2026-001"),
    }
    told = str(diff)
    assert f"Checklist!J3 ({KEY}, Result): Not assessed becomes Not applicable" in told
    assert f"Actions!C4: new action for {KEY}, due 1 Mar 2027: Buy seals" in told
    with store.change(by=somebody("c.marku"), why="workbook") as change:
        kept = apply(change, diff)
    judged = kept.judgement(gap)
    assert judged.justification is not None
    assert judged.justification.root == {"en": "two bags", "sq": "pa numra"}
    assert (judged.documented, len(judged.evidence), judged.judged and judged.judged.by) == (
        3,
        1,
        somebody("c.marku"),
    )
    action = store.get(Action, kept.judgement(KEY).actions[0])
    assert (action.status, action.due, action.owner) == ("proposed", due, somebody("b.krasniqi"))
    assert action.cost == Cost.model_validate({"amount": "12.5", "currency": "EUR"})
    assert len({each.change for each in store.log()[head.seq :]}) == 1, "one change set"
    again = differences(store, place)
    assert (again.cells, again.actions, again.problems) == ((), (), ()), "taken over, it changes nothing again"
    with store.change(by=somebody("a.hoxha"), why="wrong file") as later:
        back = undo(later, store, change.id)
    assert (back.judgement(KEY).result, back.judgement(KEY).actions) == ("not_assessed", ())
    restored, before = back.judgement(gap), at_work.judgement(gap)
    assert restored.model_copy(update={"judged": before.judged}) == before
    assert store.get(Action, action.id).status == "cancelled"
    assert not store.verify().problems


def test_a_conflict_is_decided_by_a_person(
    store: Store, at_work: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    place = edited(
        exported(store, at_work, tmp_path / "a.xlsx"), {(KEY, "result"): "Conforms", (KEY, "documented"): 2}
    )
    with store.change(by=somebody("b.krasniqi")) as change:
        kept = judge(change, at_work, {KEY: {"result": "minor"}}, checklist=checklist_of(store, at_work))
    diff = differences(store, place)
    assert [(each.stored, each.found) for each in diff.conflicts] == [("minor", "conforms")]
    assert [each.column for each in diff.edits] == ["documented"]
    assert not diff
    said = (
        "it was Not assessed, is Minor nonconformity in the records and Conforms in the workbook; judged by Besa"
    )
    assert said in str(diff)
    with (
        pytest.raises(WorkbookError, match="Say whose words hold"),
        store.change(by=somebody("a.hoxha")) as change,
    ):
        apply(change, diff)
    assert store.get(Assessment, kept.id).version == kept.version
    with store.change(by=somebody("a.hoxha")) as change:
        kept = apply(change, diff, take="store")
    assert (kept.judgement(KEY).result, kept.judgement(KEY).documented) == ("minor", 2)
    with pytest.raises(ConflictError, match="compare it again"), store.change(by=somebody("a.hoxha")) as change:
        apply(change, diff, take="workbook")
    with store.change(by=somebody("a.hoxha")) as change:
        kept = apply(change, differences(store, place), take="workbook")
    assert kept.judgement(KEY).result == "conforms"


def test_what_only_the_records_changed_stays(
    store: Store, at_work: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    place = exported(store, at_work, tmp_path / "a.xlsx")
    with store.change(by=somebody("b.krasniqi")) as change:
        judge(change, at_work, {KEY: {"result": "minor"}}, checklist=checklist_of(store, at_work))
    diff = differences(store, place)
    assert (diff.cells, diff.problems) == ((), ())


def test_undoing_is_refused_once_something_followed(
    store: Store, at_work: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    place = edited(exported(store, at_work, tmp_path / "a.xlsx"), {(KEY, "result"): "Conforms"})
    planned(place, 4, requirement=KEY, title="Buy seals", owner="b.krasniqi", due=date(2027, 3, 1))
    with store.change(by=somebody("a.hoxha")) as change:
        kept = apply(change, differences(store, place))
    owner = store.change(by=somebody("b.krasniqi"), why="mine")
    with pytest.raises(WorkbookError, match="Let somebody else undo it"), owner as later:
        undo(later, store, change.id)
    with store.change(by=somebody("b.krasniqi")) as later:
        review(later, kept, [KEY], checklist=checklist_of(store, kept))
        later.advance(later.get(Action, kept.judgement(KEY).actions[0]), "approve")
    with pytest.raises(WorkbookError) as refused, store.change(by=somebody("c.marku"), why="undo") as later:
        undo(later, store, change.id)
    assert [each.fix for each in refused.value.problems] == ["Judge it by hand", "Cancel it by hand"]
    with pytest.raises(UnknownError, match="no change"), store.change(by=somebody("a.hoxha")) as later:
        undo(later, store, "none")


def test_a_frozen_assessment_takes_nothing_over(
    store: Store, at_work: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    place = edited(exported(store, at_work, tmp_path / "a.xlsx"), {(KEY, "result"): "Conforms"})
    with store.change(by=somebody("b.krasniqi")) as change:
        kept = change.advance(at_work, "submit")
        change.advance(kept, "freeze", **kept.frozen_fields(by=change.by, at=change.at))
    diff = differences(store, place)
    assert [each.what.code for each in diff.problems] == ["not-at-work"]
    assert not differences(store, exported(store, at_work, tmp_path / "b.xlsx")).problems


def test_an_existing_file_is_kept(store: Store, assessment: Assessment, tmp_path: Path) -> None:
    place = exported(store, assessment, tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError, match="which may hold edits"):
        export_workbook(store, assessment, place, say=words("en"), on=ON)
    with pytest.raises(WorkbookError, match=r"does not end in \.xlsx"):
        export_workbook(store, assessment, tmp_path / "a.xls", say=words("en"), on=ON)
    with pytest.raises(WorkbookError, match="cannot be written"):
        export_workbook(store, assessment, tmp_path / "none" / "a.xlsx", say=words("en"), on=ON)
    assert [each.name for each in tmp_path.glob("*.part")] == []


@pytest.mark.parametrize("tags", [("sq",), ("mk",), ("sr-Cyrl",), ("en", "sq")])
def test_other_languages_are_edited_in_their_own_words(
    store: Store, at_work: Assessment, somebody: Somebody, tmp_path: Path, tags: tuple[str, ...]
) -> None:
    if len(tags) > 1 and not state(tags[1]).is_offered:
        pytest.skip(f"two languages beside each other need both of them, and {tags[1]} is not complete")
    say = Words(tags)
    place = exported(store, at_work, tmp_path / "a.xlsx", say)
    assert not differences(store, place).problems
    book = openpyxl.load_workbook(place)
    sheet = book.worksheets[1]
    assert sheet.cell(2, COLUMN["result"]).value == say("Result")
    sheet.cell(3, COLUMN["result"], results(say)["minor"])
    sheet.cell(3, COLUMN["justification"], "Tekst në gjuhën tonë")
    sheet.cell(4, COLUMN["result"], "Major nonconformity")
    book.save(place)
    diff = differences(store, place)
    assert [each.found for each in diff.edits] == ["minor", "Tekst në gjuhën tonë", "major"]
    with store.change(by=somebody("a.hoxha")) as change:
        kept = apply(change, diff)
    judged = kept.judgement(KEY).justification
    assert judged is not None
    assert judged.root == {tags[0]: "Tekst në gjuhën tonë"}


def resaved(place: Path) -> Path:
    """Save the workbook as another program might: floats, days as serial numbers, no hidden row height."""
    book = openpyxl.load_workbook(place)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int) and not isinstance(cell.value, bool):
                    cell.value = float(cell.value)
                if cell.is_date and cell.value is not None:
                    cell.value = (cell.value.date() - date(1899, 12, 30)).days
                    cell.number_format = "General"
                if isinstance(cell.value, str):
                    cell.data_type = "s"
    made = place.with_name(f"resaved {place.name}")
    book.save(made)
    return made


def shared(place: Path) -> Path:
    """Save the workbook with its texts in one table, as Excel and LibreOffice do."""
    texts: list[str] = []

    def taken(found: re.Match[bytes]) -> bytes:
        said = re.search(rb"<t[^>]*>(.*?)</t>", found[3], re.DOTALL)
        texts.append(said[1].decode() if said else "")
        return b'<c %s t="s"%s><v>%d</v></c>' % (found[1].strip(), found[2], len(texts) - 1)

    made = place.with_name(f"shared {place.name}")
    with zipfile.ZipFile(place) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as other:
        parts = {each: archive.read(each) for each in archive.namelist()}
        for name, content in parts.items():
            if name.startswith("xl/worksheets/sheet"):
                pattern = rb'<c ([^>]*?) t="inlineStr"([^>]*)>(.*?)</c>'
                parts[name] = re.sub(pattern, taken, content, flags=re.DOTALL)
        items = "".join(f'<si><t xml:space="preserve">{each}</t></si>' for each in texts)
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", override.encode())
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{space}" count="{len(texts)}">{items}</sst>'.encode()
        for name, content in parts.items():
            other.writestr(name, content)
    assert texts
    return made


@pytest.mark.parametrize("saved_by", [resaved, shared])
def test_another_program_may_save_it(
    store: Store, at_work: Assessment, tmp_path: Path, saved_by: Callable[[Path], Path]
) -> None:
    place = edited(
        exported(store, at_work, tmp_path / "a.xlsx"), {(KEY, "result"): "Conforms", (KEY, "documented"): 4}
    )
    planned(place, 4, requirement=KEY, title="Buy seals", owner="b.krasniqi", due=date(2027, 3, 1))
    diff = differences(store, saved_by(place))
    assert not diff.problems
    assert [each.found for each in diff.cells] == ["conforms", "4"]
    assert [each.due for each in diff.actions] == [date(2027, 3, 1)]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_may_save_it(store: Store, at_work: Assessment, tmp_path: Path) -> None:
    place = edited(
        exported(store, at_work, tmp_path / "a.xlsx"), {(KEY, "result"): "Conforms", (KEY, "documented"): 4}
    )
    out = tmp_path / "out"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(place)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    diff = differences(store, out / place.name)
    assert not diff.problems
    assert [each.found for each in diff.cells] == ["conforms", "4"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str, Path]]:
    """A store with an assessment of four questions, that every example goes on with."""
    folder = tmp_path_factory.mktemp("small")
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
    added = tuple(Clause(id=f"Q{n}", order=n, title=f"Question {n}", question="Is it?") for n in range(1, 4))
    excluded = [{"standard": "iso17020-2012", "clause": each, "why": "short"} for each in "5678"]
    profile = Profile.model_validate(
        {"name": "Small", "standards": ("iso17020-2012",), "added": added, "excluded": excluded}
    )
    with open_store(folder / "records.qms", create=True, kinds=KINDS) as opened:
        with opened.change(by=arta.id) as change:
            change.add(Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Unit", "en")))
            change.add(arta)
            kept = begin(change, "AL-TIR", profile, title=Text.of("Small", "en"), lead=arta.id)
        yield opened, kept.id, folder


LEVEL = st.none() | st.integers(0, 5)
EDIT = st.fixed_dictionaries(
    {"result": st.sampled_from([*results(words("en"))]), "documented": LEVEL, "implemented": LEVEL},
    optional={"justification": st.text(st.characters(codec="utf-8"), max_size=40)},
)


@settings(max_examples=12)
@given(st.dictionaries(st.integers(0, 3), EDIT, max_size=4))
def test_export_edit_import_export_is_identity_but_for_the_edits(
    small: tuple[Store, str, Path], chosen: dict[int, dict[str, Any]]
) -> None:
    store, key, folder = small
    kept = store.get(Assessment, key)
    place = exported(store, kept, folder / "a.xlsx")
    before = checklist_cells(place)
    names = results(words("en"))
    edits: dict[tuple[str, str], Any] = {}
    for n, said in chosen.items():
        row = list(before)[n]
        told = plain_text(said.get("justification", before[row]["justification"]))
        if said["result"] == "not_applicable" and not told:
            said = {**said, "justification": "it does not apply"}
        for column, value in said.items():
            word = names[value] if column == "result" else value
            edits[row, column] = plain_text(word) or None if isinstance(word, str) else word
    edited(place, edits)
    wanted = {row: dict(cells) for row, cells in before.items()}
    for (row, column), value in edits.items():
        wanted[row][column] = plain_text(value)
    diff = differences(store, place)
    assert not diff.problems
    assert not diff.conflicts
    assert {(each.key, each.column) for each in diff.edits} == {
        (row, column) for row in before for column in before[row] if wanted[row][column] != before[row][column]
    }
    with store.change(by=store.get(Person, "a.hoxha").id) as change:
        kept = apply(change, diff)
    after = checklist_cells(exported(store, kept, folder / "b.xlsx"))
    signed = ("assessor", "reviewer")
    assert {row: {c: v for c, v in cells.items() if c not in signed} for row, cells in after.items()} == {
        row: {c: v for c, v in cells.items() if c not in signed} for row, cells in wanted.items()
    }


def test_three_hundred_requirements_are_quick(store: Store, somebody: Somebody, tmp_path: Path) -> None:
    texts = {"question": "Is every item of evidence sealed and numbered at the scene?", "asks": "Seals. " * 20}
    added = tuple(
        Clause(id=f"Q{n}", order=n, title=f"Question {n}", evidence=("log",), **texts) for n in range(1, 150)
    )
    profile = Profile(name="Large", standards=("iso17020-2012", "sop-elements"), added=added)
    lead = somebody("a.hoxha")
    with store.change(by=lead) as change:
        kept = begin(change, "AL-TIR", profile, title=Text.of("Large", "en"), lead=lead)
    checklist = checklist_of(store, kept)
    assert len(checklist.items) == 300
    start = time.process_time()
    place = exported(store, kept, tmp_path / "a.xlsx")
    export_took = time.process_time() - start
    edited(place, {(item.key, "result"): "Conforms" for item in checklist.items})
    start = time.process_time()
    diff = differences(store, place)
    with store.change(by=lead) as change:
        apply(change, diff)
    import_took = time.process_time() - start
    assert len(diff.edits) == 300
    assert export_took <= 2
    assert import_took <= 3


@given(st.text(max_size=60))
def test_plain_text_is_its_own_plain_text(text: str) -> None:
    once = plain_text(text)
    assert plain_text(once) == once


def test_a_glossary_has_no_column_that_repeats_its_terms(
    store: Store, at_work: Assessment, tmp_path: Path
) -> None:
    glossary = {"cordon": {"en": ["cordon"], "sq": ["kordon"]}, "swab": {"en": ["swab"]}}
    place = export_workbook(store, at_work, tmp_path / "a.xlsx", say=words("en"), on=ON, glossary=glossary)
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(place)["Glossary"]]
    assert rows[1:] == [["Term", "shqip"], ["cordon", "kordon"], ["swab", None]]


def test_an_empty_cell_is_said_to_be_empty() -> None:
    expected = Reason("day", "a day", {})
    assert str(not_understood(Cell("Actions!F3", None), expected).problem) == (
        "Actions!F3: it is empty; expected is a day. Fill in the cell."
    )
