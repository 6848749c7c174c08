"""A workbook compared with the records: three ways, cell by cell, without changing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.cycle import AT_WORK
from accreditation.assessments.judging import checklist_of
from accreditation.errors import Problem, WorkbookError
from accreditation.language import Words
from accreditation.wording import results
from accreditation.workbook.cells import BETWEEN, Cell, judged_cells, reworded
from accreditation.workbook.columns import JUDGED, NEW, READ
from accreditation.workbook.differences import CellDifference, WorkbookDiff
from accreditation.workbook.plans import NewAction, new_action
from accreditation.workbook.problems import CellError, CellProblem, not_understood, plain
from accreditation.workbook.reading import Row, WorkbookEdits
from accreditation.workbook.tongues import meant
from qms.actions.action import Action
from qms.errors import UnknownError
from qms.evidence.evidence import Evidence
from qms.lifecycle import Reason
from qms.organisation import Person
from qms.record import Record
from qms.store import Store

_LONGEST = 20_000


def compare(store: Store, edits: WorkbookEdits, *, expected: Assessment | None = None) -> WorkbookDiff:
    """Return what taking a workbook over would change; nothing is changed.

    Parameters
    ----------
    store : Store
    edits : WorkbookEdits
    expected : Assessment, optional
        The one that the workbook is believed to be of.

    Raises
    ------
    WorkbookError
        If it is a workbook of another assessment or of other records.

    Notes
    -----
    A cell is an edit where it differs from what was exported and from the records; where the records changed too
    it is a conflict. Whatever is as it was exported leaves the records as they are. A new action that is there
    already, with the same words, owner and day, is not planned again.
    """
    assessment = _assessment(store, edits, expected)
    comparison = _Comparison(store, edits, assessment)
    cells = [each for row in comparison.rows() for each in comparison.judged(row)]
    actions = list(comparison.planned())
    if (cells or actions) and assessment.status not in AT_WORK:
        values = {"ref": assessment.ref, "state": assessment.status}
        what = Reason(
            "not-at-work", "{ref} is {state}; judgements change only while it is running or in review", values
        )
        to_do = Reason("open-another", "Give it back to be worked on, or open a new assessment", {})
        comparison.problems.append(CellProblem(at=edits.name, what=what, to_do=to_do))
    return WorkbookDiff(
        name=edits.name,
        assessment=assessment,
        language=edits.snapshot.tags[0],
        cells=tuple(cells),
        actions=tuple(actions),
        problems=tuple(comparison.problems),
        people={each.id: each.name for each in comparison.people},
    )


def _assessment(store: Store, edits: WorkbookEdits, expected: Assessment | None) -> Assessment:
    snapshot, refused = edits.snapshot, f"{edits.name} cannot be imported"
    try:
        found = store.get(Assessment, snapshot.assessment)
    except UnknownError as error:
        what = f"it is of the assessment {snapshot.ref} of other records; these have none with its id"
        raise WorkbookError(
            refused, [Problem(edits.name, what, "Open the records that it was written from")]
        ) from error
    if expected is not None and expected.id != found.id:
        what = f"it is of the assessment {found.ref}, not of {expected.ref}"
        raise WorkbookError(refused, [Problem(edits.name, what, f"Import it into {found.ref}")])
    return found


class _Comparison:
    def __init__(self, store: Store, edits: WorkbookEdits, assessment: Assessment) -> None:
        self.assessment = assessment
        self.sheets, self.snapshot = edits.sheets, edits.snapshot
        self.checklist = checklist_of(store, assessment)
        self.related: Mapping[str, Record] = {each.id: each for each in store.related(assessment)}
        self.people = store.find(Person, unit=assessment.unit)
        self.say = Words(self.snapshot.tags[:1])
        self.problems: list[CellProblem] = []
        cited = (link.target for each in assessment.judgements.values() for link in each.evidence)
        linked = [self.related[each] for each in cited if each in self.related]
        known = [*store.find(Evidence, unit=assessment.unit), *linked]
        self.evidence = {each.ref.casefold(): each for each in known}

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the checklist that are of one requirement, and note all that are not."""
        names = [row["key"].text for row in self.sheets["checklist"]]
        often = Counter(names)
        for row, name in zip(self.sheets["checklist"], names, strict=True):
            if ("checklist", name) not in self.snapshot.rows or name not in self.checklist.by_key:
                what = Reason(
                    "id-changed", "the id {found} is none of those that were exported", {"found": name or "-"}
                )
                self._note(row["key"], what, Reason("restore-id", "Put the id back, or remove the row", {}))
            elif often[name] > 1:
                what = Reason("id-twice", "the id {found} is there {n} times", {"found": name, "n": often[name]})
                self._note(row["key"], what, Reason("keep-one", "Keep one of these rows", {}))
            elif self._is_locked_as_exported("checklist", name, row, JUDGED):
                yield row
        self._note_missing("checklist", set(names))

    def judged(self, row: Row) -> Iterator[CellDifference]:
        """Yield the cells of a row that a person edited."""
        key = row["key"].text
        judgement = self.assessment.judgement(key)
        exported = self.snapshot.cells("checklist", key)
        stored = judged_cells(judgement, self.related, self.say)
        differences = []
        for column in JUDGED:
            try:
                found = self._value(column, row[column])
            except CellError as error:
                self.problems.append(error.problem)
                continue
            if found in (exported[column], stored[column]):
                continue
            differences.append(
                CellDifference(
                    kind="edit" if stored[column] == exported[column] else "conflict",
                    at=row[column].at,
                    key=key,
                    column=column,
                    exported=exported[column],
                    stored=stored[column],
                    found=found,
                    evidence=self._cited(found) if column == "evidence" else (),
                    changed=judgement.judged,
                )
            )
        self._note_without_reason(row, judgement, differences)
        yield from differences

    def planned(self) -> Iterator[NewAction]:
        """Yield the actions that the workbook plans and the records do not have."""
        owners = {each.ref.casefold(): each for each in self.people if each.active}
        names = set()
        for row in self.sheets["actions"]:
            if row["ref"].text or row["ref"].odd:
                name = f"{row['ref'].text} {row['requirement'].text}"
                names.add(name)
                if ("actions", name) in self.snapshot.rows:
                    self._is_locked_as_exported("actions", name, row, ())
                    continue
                what = Reason("no-such-action", "{found} is no action that was exported", {"found": name})
                self._note(row["ref"], what, Reason("empty-ref", "Leave the reference of a new action empty", {}))
            elif any(row[each].text or row[each].odd for each in NEW):
                made = new_action(row, checklist=self.checklist, people=owners, tags=self.snapshot.tags)
                if isinstance(made, list):
                    self.problems += made
                elif not self._is_planned(made):
                    yield made
        self._note_missing("actions", names)

    def _value(self, column: str, cell: Cell) -> str:
        text = plain(cell).text
        match column:
            case "result":
                found = meant(text, results, self.snapshot.tags) if text else "not_assessed"
                if found is None:
                    known = ", ".join(results(self.say).values())
                    raise not_understood(cell, Reason("expects-result", "one of: {known}", {"known": known}))
                return found
            case "documented" | "implemented":
                if isinstance(cell.value, bool) or text not in ("", "0", "1", "2", "3", "4", "5"):
                    raise not_understood(cell, Reason("expects-level", "a level from 0 to 5, or nothing", {}))
            case "justification":
                if len(text) > _LONGEST:
                    raise not_understood(cell, Reason("expects-short", "at most {n} letters", {"n": _LONGEST}))
            case "evidence":
                return BETWEEN.join(self._refs(cell))
        return text

    def _refs(self, cell: Cell) -> list[str]:
        names = [
            each.strip() for each in cell.text.replace(",", ";").replace("\n", ";").split(";") if each.strip()
        ]
        unknown = [each for each in names if each.casefold() not in self.evidence]
        if unknown:
            what = Reason(
                "no-such-evidence", "there is no evidence {refs} of this unit", {"refs": ", ".join(unknown)}
            )
            to_do = Reason(
                "cite-evidence", "Cite references as on the sheet of evidence, parted by semicolons", {}
            )
            raise CellError(cell, what, to_do)
        return list(dict.fromkeys(self.evidence[each.casefold()].ref for each in names))

    def _cited(self, refs: str) -> tuple[str, ...]:
        return tuple(self.evidence[each.casefold()].id for each in refs.split(BETWEEN) if each)

    def _note_without_reason(self, row: Row, judgement: Judgement, differences: list[CellDifference]) -> None:
        said = {each.column: each.found for each in differences}
        before = judgement.justification
        words = reworded(before, said["justification"], self.say) if "justification" in said else before
        try:
            Judgement(result=said.get("result", judgement.result), justification=words)
        except ValidationError:
            what = Reason("without-reason", "a requirement that does not apply needs a justification", {})
            to_do = Reason("justify", "Say in it why the requirement does not apply to the unit", {})
            self._note(row["justification"], what, to_do)

    def _is_planned(self, made: NewAction) -> bool:
        tied = [self.related.get(each) for each in self.assessment.judgement(made.key).actions]
        same = (made.title, made.owner, made.due)
        actions = [each for each in tied if isinstance(each, Action)]
        return any((self.say.text(each.title), each.owner, each.due) == same for each in actions)

    def _is_locked_as_exported(self, sheet: str, name: str, row: Row, edited: tuple[str, ...]) -> bool:
        exported = self.snapshot.cells(sheet, name)
        before = len(self.problems)
        for column in READ[sheet]:
            cell = row[column.id]
            if column.id in edited or (cell.text == exported[column.id] and not cell.odd):
                continue
            values = {"found": cell.odd or cell.text[:80] or "-", "expected": exported[column.id][:80] or "-"}
            what = Reason("locked", "it holds {found}; it is locked and held {expected}", values)
            self._note(cell, what, Reason("put-back", "Put back what it held; change it in the records", {}))
        return len(self.problems) == before

    def _note_missing(self, sheet: str, found: set[str]) -> None:
        for name in self.snapshot.keys(sheet):
            if name not in found:
                what = Reason("row-missing", "the row of {name} is missing", {"name": name})
                to_do = Reason("export-anew", "Export the assessment anew and enter your edits there", {})
                problem = CellProblem(at=sheet, what=what, to_do=to_do)
                self.problems.append(problem)

    def _note(self, cell: Cell, what: Reason, to_do: Reason) -> None:
        self.problems.append(CellProblem(at=cell.at, what=what, to_do=to_do))
