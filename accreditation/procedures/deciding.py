"""What people do with the coverage of procedures: open it, decide, confirm, and draft actions for the gaps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from accreditation.issue import Issue
from accreditation.language import Words, words
from accreditation.procedures.coverage import Cell, Coverage, Verdict
from accreditation.procedures.matrix import Placed
from accreditation.standards import standard
from qms.actions.action import Action
from qms.documents.revision import Revision, SectionMark
from qms.errors import RecordError, described
from qms.lifecycle import Signed
from qms.record import Text

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store


class Decision(NamedTuple):
    """What a person says of one requirement and one section.

    Attributes
    ----------
    element : str
        Number of the requirement.
    revision : Revision
    section : SectionMark
        Of that revision; `accreditation.procedures.procedure.mark_of` gives it for a candidate's section.
    verdict : str
        ``"full"``, ``"partial"``, ``"none"``, ``"not_applicable"`` or ``"conflict"``.
    comment : Text, optional
    suggested : float, optional
        Score of the candidate that it comes from.
    """

    element: str
    revision: Revision
    section: SectionMark
    verdict: Verdict
    comment: Text | None = None
    suggested: float | None = None


def open_coverage(change: Change, unit: str, *, key: str = "sop-elements") -> Coverage:
    """Begin to decide what the procedures of a unit cover of a standard.

    Raises
    ------
    UnknownError
        If there is no such standard.
    """
    return change.add(Coverage(unit=unit, standard=standard(key).key))


def coverage_of(store: Store, unit: str, *, key: str = "sop-elements") -> Coverage | None:
    """Return the open coverage of a unit against a standard, the last one begun; None if there is none."""
    found = [each for each in store.find(Coverage, unit=unit, status="open") if each.standard == key]
    return max(found, key=lambda each: each.id, default=None)


def decide(change: Change, coverage: Coverage, decisions: Iterable[Decision]) -> Coverage:
    """Keep what a person decides; what is decided otherwise than before takes its place.

    Raises
    ------
    UnknownError
        If there is no such requirement.
    RecordError
        If a comment is missing.
    RefusedError
        If the section is not one of the revision, or the coverage is closed.
    """
    edition = standard(coverage.standard)
    cells = dict(coverage.cells)
    signed = Signed(by=change.by, at=change.at)
    for each in decisions:
        try:
            cell = Cell(
                element=each.element,
                document=each.revision.document,
                revision=each.revision.id,
                section=each.section,
                verdict=each.verdict,
                comment=each.comment,
                suggested=each.suggested,
                seen=edition.clause(each.element).sha256,
                decided=signed,
            )
        except ValidationError as error:
            raise RecordError(f"{coverage.ref}: {described(error)}") from error
        known = cells.get(cell.key)
        if known is None or known.model_copy(update={"decided": signed}) != cell:
            cells[cell.key] = cell
    return change.save(coverage.revised(cells=cells))


def confirm(change: Change, coverage: Coverage, suspect: Iterable[Placed]) -> Coverage:
    """Say that decisions hold of the words as they are now; those of removed sections are left alone."""
    return decide(
        change,
        coverage,
        [
            Decision(each.cell.element, each.revision, each.section, each.cell.verdict, each.cell.comment)
            for each in suspect
            if each.revision and each.section
        ],
    )


def draft_action(
    change: Change, coverage: Coverage, gap: Issue, *, say: Words, owner: str, due: date, title: Text | None = None
) -> tuple[Coverage, Action]:
    """Propose an action for a gap, and tie the two in one change.

    Parameters
    ----------
    change : Change
    coverage : Coverage
    gap : Issue
        One of `accreditation.procedures.matrix.gaps`.
    say : Words
        In whose language, or languages, the action is worded.
    owner : str
        Id of the person who is to carry it out.
    due : date
    title : Text, optional
        The requirement and what to do if left out.
    """
    element = gap.key.partition(":")[2]
    clause = standard(coverage.standard).clause(element)
    worded = {tag: words(tag) for tag in say.tags}
    asked = {tag: f"{one(clause.title)}: {one.reason(gap.what_to_do)}" for tag, one in worded.items()}
    why = {tag: f"{gap.clause}: {one.reason(gap.why)}" for tag, one in worded.items()}
    action = change.add(
        Action(
            unit=coverage.unit,
            purpose="improvement",
            title=title or Text.model_validate(asked),
            detail=Text.model_validate(why),
            owner=owner,
            due=due,
        )
    )
    tied = {**coverage.actions, element: (*coverage.actions.get(element, ()), action.id)}
    return change.save(coverage.revised(actions=tied)), action
