"""An assessment written as an Excel workbook that a person fills in and gives back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from openpyxl import Workbook

from accreditation import wording
from accreditation.assessments.assessment import Assessment
from accreditation.errors import Problem, WorkbookError
from accreditation.gaps import Situation
from accreditation.language import Words
from accreditation.readiness import readiness
from accreditation.workbook import columns, layout
from accreditation.workbook.cells import plain_text
from accreditation.workbook.columns import ACTIONS, CHECKLIST, Column
from accreditation.workbook.overview import put_overview
from accreditation.workbook.snapshot import SHEET, Snapshot
from accreditation.workbook.tables import (
    Glossary,
    Row,
    action_rows,
    checklist_rows,
    put_actions,
    put_checklist,
    put_evidence,
    put_gaps,
    put_glossary,
)
from qms.organisation import Person
from qms.store import Store


def export_workbook(
    store: Store,
    assessment: Assessment,
    place: str | Path,
    *,
    say: Words,
    on: date,
    glossary: Glossary | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an assessment as a workbook: overview, checklist, gaps, actions, evidence and glossary.

    Parameters
    ----------
    store : Store
    assessment : Assessment
    place : str or Path
        File that ends in ``.xlsx``.
    say : Words
        Languages of the workbook; what people wrote is shown and edited in the first one.
    on : date
        Day for which scores, gaps and evidence are asked.
    glossary : mapping of str to mapping, optional
        Words for each term by language; without it there is no such sheet.
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    Path

    Raises
    ------
    WorkbookError
        If the file is there, has another ending or cannot be written.

    Notes
    -----
    Every requirement of the checklist is in it. A text that begins like a formula is written as a text. Sheets are
    protected against slips, without a password. A hidden sheet keeps what every cell held.

    Examples
    --------
    ::

        export_workbook(store, assessment, "baseline.xlsx", say=words("en"), on=date.today())
        edits = read_workbook("baseline.xlsx")
        print(compare(store, edits))
    """
    place = Path(place)
    _check_place(place, overwrite=overwrite)
    book = Workbook()
    book.remove(book.active)
    layout.add_styles(book)
    situation = Situation(store, assessment, on=on)
    standing = readiness(situation)
    people = store.find(Person, unit=assessment.unit)
    checklist = list(checklist_rows(situation, say))
    actions = list(action_rows(situation, say))
    names = columns.titles(say)
    sheets = {
        name: book.create_sheet(_sheet_title(names[name])) for name in names if name != "glossary" or glossary
    }
    lists = {
        "results": list(wording.results(say).values()),
        "purposes": list(wording.action_purposes(say).values()),
        "owners": [each.ref for each in people if each.active],
        "keys": [item.key for item in situation.checklist.items],
    }
    offered = layout.put_lists(book, lists)
    put_overview(sheets["overview"], situation, standing, say)
    put_checklist(sheets["checklist"], checklist, offered, say, mark=assessment.ref)
    put_gaps(sheets["gaps"], situation, standing.issues, say)
    put_actions(sheets["actions"], actions, offered, say, mark=assessment.ref)
    put_evidence(sheets["evidence"], situation, say)
    if glossary:
        put_glossary(sheets["glossary"], glossary, say, mark=assessment.ref)
    _put_snapshot(book, situation, checklist, actions, say)
    book.properties.title, book.properties.creator = plain_text(say.text(assessment.title)), "forensic-ballistics"
    _save(book, place)
    return place


def _put_snapshot(
    book: Workbook, situation: Situation, checklist: Sequence[Row], actions: Sequence[Row], say: Words
) -> None:
    kept = situation.assessment
    rows = {("checklist", row["key"]): _plain(row, CHECKLIST) for row in checklist}
    rows |= {("actions", f"{row['ref']} {row['requirement']}"): _plain(row, ACTIONS) for row in actions}
    snapshot = Snapshot(
        assessment=kept.id,
        ref=kept.ref,
        version=kept.version,
        head=str(situation.store.head()),
        tags=say.tags,
        rows=rows,
    )
    sheet = book.create_sheet(SHEET)
    sheet.sheet_state = "veryHidden"
    for number, line in enumerate(snapshot.lines(), 1):
        for place, value in enumerate(line, 1):
            layout.put(sheet, number, place, value, "Normal")


def _plain(row: Row, wanted: Sequence[Column]) -> tuple[str, ...]:
    return tuple(plain_text(row.get(each.id)) for each in wanted)


def _sheet_title(words: str) -> str:
    return "".join(each for each in words if each not in "[]:*?/\\")[:31].strip()


def _check_place(place: Path, *, overwrite: bool) -> None:
    refused = f"{place.name} cannot be written"
    if place.suffix.lower() != ".xlsx":
        raise WorkbookError(
            refused, [Problem(place.name, "its name does not end in .xlsx", "Give it that ending")]
        )
    if place.exists() and not overwrite:
        what = "there is a file of that name already, which may hold edits"
        raise WorkbookError(refused, [Problem(place.name, what, "Give another name, or say that it is replaced")])


def _save(book: Workbook, place: Path) -> None:
    unfinished = place.with_name(f".{place.name}.part")
    try:
        book.save(unfinished)
        unfinished.replace(place)
    except OSError as error:
        problem = Problem(
            place.name, f"it cannot be written ({error.strerror})", "Give another folder, or close it"
        )
        raise WorkbookError(f"{place.name} cannot be written", [problem]) from error
    finally:
        unfinished.unlink(missing_ok=True)
