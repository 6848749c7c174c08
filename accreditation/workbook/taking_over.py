"""A workbook taken over into the records in one change, and that change undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.cycle import says
from accreditation.assessments.judging import checklist_of, judge, plan_action
from accreditation.errors import Problem, WorkbookError
from accreditation.language import Words
from accreditation.workbook.cells import reworded
from accreditation.workbook.differences import CellDifference, WorkbookDiff
from qms.actions.action import Action
from qms.errors import ConflictError, UnknownError
from qms.evidence.evidence import Evidence
from qms.ledger import Event, rebuilt
from qms.lifecycle import Signed
from qms.record import Record, Text

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store

Take = Literal["workbook", "store"]


def apply(change: Change, diff: WorkbookDiff, *, take: Take | None = None) -> Assessment:
    """Take over what a workbook changes: judgements and new actions, all of it or nothing.

    Parameters
    ----------
    change : Change
        Its id is what `undo` needs.
    diff : WorkbookDiff
    take : str, optional
        Whose words hold where there is a conflict: ``"workbook"`` or ``"store"``.

    Raises
    ------
    WorkbookError
        If there are problems, or conflicts that nobody decided.
    ConflictError
        If the assessment changed since it was compared.
    RefusedError, RecordError
        If the records do not allow what the workbook says.

    Examples
    --------
    ::

        with store.change(by=person, why="workbook of the unit") as change:
            apply(change, compare(store, read_workbook("baseline.xlsx")))
    """
    _check(diff, take)
    assessment = change.get(Assessment, diff.assessment.id)
    if assessment.version != diff.assessment.version:
        raise ConflictError(
            f"{assessment.ref} was changed since {diff.name} was compared with it; compare it again."
        )
    wanted = diff.cells if take == "workbook" else diff.edits
    checklist = checklist_of(change.store, assessment)
    cited = {each.id: each for each in change.store.related(assessment)}
    said = {}
    for key, cells in _by_key(wanted).items():
        said[key] = _said(change, assessment.judgement(key), cells, cited, Words((diff.language,)))
    if said:
        assessment = judge(change, assessment, said, checklist=checklist)
    for each in diff.actions:
        assessment, _ = plan_action(
            change,
            assessment,
            each.key,
            checklist=checklist,
            title=Text.of(each.title, diff.language),
            owner=each.owner,
            start=each.start,
            due=each.due,
            cost=each.cost,
            purpose=each.purpose,
        )
    return assessment


def undo(change: Change, store: Store, change_id: str) -> Assessment:
    """Undo what `apply` did in an earlier change: judgements say again what they said, its actions are cancelled.

    Parameters
    ----------
    change : Change
        Its ``why`` may not be empty if actions are cancelled.
    store : Store
    change_id : str
        Id of the earlier change.

    Raises
    ------
    UnknownError
        If there was no such change of an assessment.
    WorkbookError
        If it did something else too, or what it changed was changed again since.
    RefusedError
        If a step is not allowed, such as cancelling an action of one's own.

    Notes
    -----
    Nothing is taken out of the ledger. Who undoes is kept as the assessor of what is judged again, and a review
    that was lost has to be made anew.
    """
    events = [each for each in store.log() if each.change == change_id]
    touched = {each.record for each in events if each.kind == Assessment.kind}
    if len(touched) != 1:
        raise UnknownError(
            f"There is no change {change_id!r} of one assessment. 'qms ledger log --json' has them."
        )
    added = [each for each in events if (each.kind, each.act) == (Action.kind, "add")]
    others = [each for each in events if each not in added and (each.kind, each.act) != (Assessment.kind, "edit")]
    (record,) = touched
    before, after = _around(store.history(record), change_id)
    assessment = change.get(Assessment, record)
    keys = [
        key
        for key in before.judgements.keys() | after.judgements.keys()
        if before.judgement(key) != after.judgement(key)
    ]
    refused = f"The change {change_id} cannot be undone"
    problems = [
        *(Problem(each.kind, f"it also did '{each.act}'", "Undo that by hand") for each in others),
        *_changed_since(assessment, after, keys),
        *_acted_since(change, added),
        *_owned(change, added),
    ]
    if problems:
        raise WorkbookError(refused, problems)
    judgements = dict(assessment.judgements)
    for key in keys:
        judgements[key] = _restored(change, before.judgement(key), judgements[key])
    assessment = change.save(assessment.revised(judgements=judgements, team=assessment.team_with(change.by)))
    for each in added:
        change.advance(change.get(Action, each.record), "cancel")
    return assessment


def _check(diff: WorkbookDiff, take: Take | None) -> None:
    refused = f"{diff.name} is not taken over; nothing was changed"
    if diff.problems:
        raise WorkbookError(refused, [Problem(each.at, str(each.what), str(each.to_do)) for each in diff.problems])
    if diff.conflicts and take is None:
        fix = "Say whose words hold, those of the workbook or those of the records"
        told = [
            f"it was {each.exported or '-'}, is {each.stored or '-'} in the records and {each.found or '-'} here"
            for each in diff.conflicts
        ]
        found = [Problem(each.at, what, fix) for each, what in zip(diff.conflicts, told, strict=True)]
        raise WorkbookError(refused, found)


def _by_key(cells: Iterable[CellDifference]) -> dict[str, list[CellDifference]]:
    found: dict[str, list[CellDifference]] = {}
    for each in cells:
        found.setdefault(each.key, []).append(each)
    return found


def _said(
    change: Change, before: Judgement, cells: Iterable[CellDifference], cited: Mapping[str, Record], say: Words
) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for each in cells:
        match each.column:
            case "documented" | "implemented":
                said[each.column] = int(each.found) if each.found else None
            case "justification":
                said[each.column] = reworded(before.justification, each.found, say)
            case "evidence":
                kept = {link.target: link for link in before.evidence}
                said[each.column] = tuple(
                    kept.get(target) or change.link(cited.get(target) or change.get(Evidence, target))
                    for target in each.evidence
                )
            case _:
                said[each.column] = each.found
    if "result" in said:
        said.setdefault("justification", before.justification)
    return said


def _around(events: Sequence[Event], change_id: str) -> tuple[Assessment, Assessment]:
    places = [n for n, each in enumerate(events) if each.change == change_id]
    before, after = rebuilt(events[: places[0]]), rebuilt(events[: places[-1] + 1])
    if before is None or after is None:
        raise UnknownError(f"The assessment was begun in the change {change_id!r}; there is nothing before it.")
    return Assessment.model_validate(before), Assessment.model_validate(after)


def _changed_since(assessment: Assessment, after: Assessment, keys: Iterable[str]) -> list[Problem]:
    what, fix = "it was judged, reviewed or tied to something since", "Judge it by hand"
    return [Problem(key, what, fix) for key in sorted(keys) if assessment.judgement(key) != after.judgement(key)]


def _acted_since(change: Change, added: Iterable[Event]) -> list[Problem]:
    found = [(each, change.get(Action, each.record)) for each in added]
    return [
        Problem(action.ref, "the action was changed since it was planned", "Cancel it by hand")
        for each, action in found
        if action.version != each.version
    ]


def _owned(change: Change, added: Iterable[Event]) -> list[Problem]:
    """Return the actions that whoever undoes owns, and nobody cancels their own."""
    mine = [action for each in added if change.by in (action := change.get(Action, each.record)).owners]
    fix = "Let somebody else undo it (--by PERSON)"
    return [Problem(each.ref, "you own it, and nobody cancels an action of their own", fix) for each in mine]


def _restored(change: Change, before: Judgement, now: Judgement) -> Judgement:
    kept = before.model_copy(update={"judged": now.judged, "reviewed": now.reviewed})
    if says(kept) == says(now):
        return kept
    return before.model_copy(update={"judged": Signed(by=change.by, at=change.at), "reviewed": None})
