"""The coverage matrix: requirements by documents in force, what still holds of the decisions, and the gaps.

A decision holds while the section and the requirement have the words that were decided on. Where either changed it
is suspect until somebody confirms it; where the section is gone it is listed as removed. Only decisions that hold
count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from accreditation.clauses import Clause
from accreditation.issue import Issue, Level
from accreditation.procedures.coverage import Cell, Coverage, Verdict
from accreditation.procedures.procedure import in_force
from accreditation.standards import Standard, standard
from qms.documents.document import Document
from qms.documents.redline import section_changes
from qms.documents.revision import Revision, SectionMark
from qms.lifecycle import Reason
from qms.record import Text

if TYPE_CHECKING:
    from qms.store import Store

BEST: tuple[Verdict, ...] = ("full", "partial", "none", "not_applicable")
"""Verdicts of several sections on one requirement, the one that counts first; a conflict goes before them all."""
Standing = Literal["conflict", "full", "partial", "none", "not_applicable", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A decision and where it stands now.

    Attributes
    ----------
    cell : Cell
    document : str
        Reference of the document.
    revision : Revision or None
        The one in force; None if there is none in that language.
    section : SectionMark or None
        The section as it is now; None if it is gone.
    reasons : tuple of Reason
        Why it does not simply hold.
    """

    cell: Cell
    document: str
    revision: Revision | None
    section: SectionMark | None
    reasons: tuple[Reason, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether section and requirement say what was decided on."""
        return not self.reasons

    @property
    def is_suspect(self) -> bool:
        """Whether somebody has to confirm it or decide anew."""
        return bool(self.reasons) and self.section is not None

    @property
    def is_removed(self) -> bool:
        """Whether the section is gone."""
        return self.section is None

    @property
    def where(self) -> str:
        """Document and section, as they are cited."""
        mark = self.section or self.cell.section
        return " ".join(filter(None, (self.document, mark.number, mark.heading)))


@dataclass(frozen=True, slots=True)
class Figures:
    """How far a unit's procedures cover a standard.

    Attributes
    ----------
    full, partial, conflict, none, undecided, not_applicable : int
        Requirements by what holds of them.
    suspect, removed : int
        Decisions to be confirmed, and those whose section is gone.
    """

    full: int
    partial: int
    conflict: int
    none: int
    undecided: int
    not_applicable: int
    suspect: int
    removed: int

    @property
    def share(self) -> float | None:
        """Share of the requirements that apply which are fully covered; None if none applies."""
        applicable = self.full + self.partial + self.conflict + self.none + self.undecided
        return self.full / applicable if applicable else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Requirements by documents in force.

    Attributes
    ----------
    standard : Standard
    documents : tuple of Document
        Columns: what is in force, by reference.
    placed : tuple of Placed
        Every decision, but for those that a later one on the same requirement and section took the place of.
    """

    standard: Standard
    documents: tuple[Document, ...]
    placed: tuple[Placed, ...]

    @property
    def elements(self) -> tuple[Clause, ...]:
        """The rows."""
        return self.standard.leaves()

    @property
    def suspect(self) -> tuple[Placed, ...]:
        """Decisions that have to be confirmed."""
        return tuple(each for each in self.placed if each.is_suspect)

    @property
    def removed(self) -> tuple[Placed, ...]:
        """Decisions whose section is gone."""
        return tuple(each for each in self.placed if each.is_removed)

    def cells(self) -> Mapping[tuple[str, str], Standing]:
        """Return the best coverage that holds, by number of the requirement and id of the document."""
        held: dict[tuple[str, str], set[Verdict]] = defaultdict(set)
        for each in self.placed:
            if each.holds:
                held[each.cell.element, each.cell.document].add(each.cell.verdict)
        return {place: _together(verdicts) for place, verdicts in held.items()}

    def standing(self, element: str) -> Standing:
        """Return the best coverage of a requirement over all documents."""
        return _together({each.cell.verdict for each in self.of(element) if each.holds})

    def of(self, element: str) -> tuple[Placed, ...]:
        """Return the decisions on a requirement."""
        return tuple(each for each in self.placed if each.cell.element == element)

    def figures(self) -> Figures:
        """Count requirements and decisions."""
        counts = dict.fromkeys(("full", "partial", "conflict", "none", "undecided", "not_applicable"), 0)
        for clause in self.elements:
            counts[self.standing(clause.id)] += 1
        return Figures(**counts, suspect=len(self.suspect), removed=len(self.removed))


def matrix(store: Store, coverage: Coverage) -> Matrix:
    """Return the coverage matrix of a unit as its procedures are now.

    Parameters
    ----------
    store : Store
    coverage : Coverage

    Notes
    -----
    Sections are paired as `qms.documents.redline.section_changes` does: by their words, then by number and
    heading. A section that only moved or was renumbered keeps its decisions.
    """
    edition = standard(coverage.standard)
    forced = list(in_force(store, coverage.unit))
    now = {(document.id, revision.language): revision for document, revision in forced}
    cells: dict[str, list[Cell]] = defaultdict(list)
    for cell in coverage.cells.values():
        cells[cell.revision].append(cell)
    placed = [
        each
        for revision, decided in cells.items()
        for each in _placed(store, store.get(Revision, revision), decided, now, edition)
    ]
    latest = {_about(each): each for each in sorted(placed, key=lambda each: (each.holds, each.cell.decided.at))}
    return Matrix(
        standard=edition,
        documents=tuple({document.id: document for document, _ in forced}.values()),
        placed=tuple(sorted(latest.values(), key=lambda each: (each.cell.element, each.where))),
    )


def gaps(matrix: Matrix) -> list[Issue]:
    """Return every requirement that the procedures do not fully cover, with the reason and what to do.

    Returns
    -------
    list of Issue
        In the order of the standard, those that have to be confirmed included. Their codes are
        ``"coverage-conflict"``, ``"coverage-partial"``, ``"coverage-suspect"`` and ``"coverage-none"``; `key` and
        `clause` are those of the requirement.
    """
    return [issue for clause in matrix.elements for issue in _gap(matrix, clause)]


def _gap(matrix: Matrix, clause: Clause) -> Iterator[Issue]:
    standing, decided = matrix.standing(clause.id), matrix.of(clause.id)
    if standing == "conflict":
        yield _issue(matrix, clause, "warning", _said(decided, "conflict"), *_CONFLICT)
    suspect = tuple(each for each in decided if each.is_suspect)
    if suspect and standing != "full":
        yield _issue(matrix, clause, "warning", suspect, *_SUSPECT)
    elif suspect:
        yield _issue(matrix, clause, "note", suspect, *_SUSPECT)
    elif standing == "partial":
        yield _issue(matrix, clause, "warning", _said(decided, "partial"), *_PARTIAL)
    elif standing in ("none", "undecided"):
        yield _issue(matrix, clause, "warning", (), *_NONE)


def _said(decided: tuple[Placed, ...], verdict: Verdict) -> tuple[Placed, ...]:
    return tuple(each for each in decided if each.holds and each.cell.verdict == verdict)


_CONFLICT = (
    Reason("coverage-conflict", "what is written contradicts it: {where}", {}),
    Reason("coverage-conflict.to-do", "Correct the procedure: {comment}", {}),
)
_PARTIAL = (
    Reason("coverage-partial", "it is covered in part only: {where}", {}),
    Reason("coverage-partial.to-do", "Write what is missing: {comment}", {}),
)
_SUSPECT = (
    Reason("coverage-suspect", "the words changed since somebody decided: {where}", {}),
    Reason("coverage-suspect.to-do", "Read the section again and confirm the decision, or decide anew", {}),
)
_NONE = (
    Reason("coverage-none", "no section is decided to cover it", {}),
    Reason("coverage-none.to-do", "Look at the sections that come nearest, or write one", {}),
)


def _issue(
    matrix: Matrix, clause: Clause, level: Level, decided: tuple[Placed, ...], why: Reason, to_do: Reason
) -> Issue:
    comments = [each.cell.comment for each in decided if each.cell.comment]
    values = {"where": "; ".join(each.where for each in decided), "comment": Text.joined(comments) or ""}
    return Issue(
        level=level,
        why=Reason(why.code, why.template, values),
        what_to_do=Reason(to_do.code, to_do.template, values),
        key=f"{matrix.standard.key}:{clause.id}",
        clause=f"{matrix.standard.source} {clause.id}",
        ref=decided[0].document if decided else "",
    )


def _placed(
    store: Store,
    before: Revision,
    decided: list[Cell],
    now: Mapping[tuple[str, str], Revision],
    edition: Standard,
) -> Iterator[Placed]:
    document = store.get(Document, before.document)
    revision = now.get((before.document, before.language))
    became = (
        {each.old: each for each in section_changes(before.sections, revision.sections) if each.old}
        if revision
        else {}
    )
    words = {each.id: each.sha256 for each in edition.leaves()}
    for cell in decided:
        change = became.get(cell.section)
        reasons = []
        if revision is None:
            reasons.append(Reason("not-in-force", "no revision in its language is in force", {}))
        elif change is None or change.new is None:
            reasons.append(Reason("section-removed", "{revision} has no such section", {"revision": revision.ref}))
        elif change.outcome == "changed":
            reasons.append(
                Reason("section-changed", "the section changed in {revision}", {"revision": revision.ref})
            )
        if words.get(cell.element) != cell.seen:
            reasons.append(Reason("element-changed", "the words of the requirement changed", {}))
        yield Placed(
            cell=cell,
            document=document.ref,
            revision=revision,
            section=change.new if change else None,
            reasons=tuple(reasons),
        )


def _about(placed: Placed) -> tuple[str, ...]:
    """Return what a decision is about; of several on the same, one that holds counts, or else the last."""
    mark = placed.section or placed.cell.section
    return (
        placed.cell.element,
        placed.cell.document,
        mark.number,
        mark.heading,
        placed.section.sha256 if placed.section else "",
    )


def _together(verdicts: set[Verdict]) -> Standing:
    if "conflict" in verdicts:
        return "conflict"
    return next((each for each in BEST if each in verdicts), "undecided")
