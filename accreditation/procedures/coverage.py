"""What the procedures of a unit cover, as people decided it: requirement by section, kept as one record.

A decision names the words of section and requirement by their hashes. It holds in every later revision that has
the same words; `accreditation.procedures.matrix` says which decisions do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from accreditation.clauses import ClauseId, Key
from qms.documents.revision import Revision, SectionMark
from qms.lifecycle import Circumstances, LifeCycle, Reason, Signed, Transition
from qms.record import ID_PATTERN, Id, Part, Record, Sha256, Text

Verdict = Literal["full", "partial", "none", "not_applicable", "conflict"]
NEEDS_COMMENT = ("partial", "not_applicable", "conflict")
"""Verdicts that say nothing without a comment: what is missing, why it does not apply, what contradicts what."""
CellKey = Annotated[str, Field(pattern=rf"^[A-Za-z0-9][\w.-]{{0,39}}@{ID_PATTERN}\.[0-9a-f]{{16}}$", strict=True)]
"""Requirement, document and the beginning of the section's hash."""


class Cell(Part):
    """What a person decided of one requirement and one section.

    Attributes
    ----------
    element : str
        Number of the requirement.
    document, revision : str
        Ids of the document, and of the revision in which the section was read.
    section : SectionMark
    verdict : str
        ``"full"``, ``"partial"``, ``"none"``, ``"not_applicable"`` or ``"conflict"``.
    comment : Text or None
        Always with ``"partial"``, ``"not_applicable"`` and ``"conflict"``.
    suggested : float or None
        Score of the candidate that it was decided from; None if the person found the section.
    seen : str
        Hash of the requirement's words when it was decided.
    decided : Signed
    """

    element: ClauseId
    document: Id
    revision: Id
    section: SectionMark
    verdict: Verdict
    comment: Text | None = None
    suggested: Annotated[float, Field(ge=0, le=1)] | None = None
    seen: Sha256
    decided: Signed

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.verdict in NEEDS_COMMENT and self.comment is None:
            raise ValueError(
                f"{self.element} by section {self.section.number or self.section.heading}: "
                f"{self.verdict.replace('_', ' ')} needs a comment; say what is missing, why it does not apply or "
                "what contradicts it"
            )
        return self

    @property
    def key(self) -> str:
        """Under which the record keeps it; another wording of the section is another cell."""
        return f"{self.element}@{self.document}.{self.section.sha256[:16]}"


class Coverage(Record):
    """What the procedures of a unit cover of one standard.

    Attributes
    ----------
    standard : str
        Key of a standard of this package.
    cells : mapping of str to Cell
        By their keys; nothing is decided of what is not there.
    actions : mapping of str to tuple of str
        Ids of the actions that were drafted for gaps, by number of the requirement.
    """

    kind: ClassVar[str] = "coverage"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset({"actions"})

    standard: Key = "sop-elements"
    cells: dict[CellKey, Cell] = Field(default_factory=dict)
    actions: dict[ClauseId, tuple[Id, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        for key, cell in self.cells.items():
            if key != cell.key:
                raise ValueError(f"the decision under {key} is one of {cell.key}; keep it under its own key")
        return self

    def series(self, year: int) -> str:
        """Return what stands before the number in a new reference."""
        return f"COV-{year}-"


def _decided_by_actor(before: Coverage | None, after: Coverage, circumstances: Circumstances) -> Iterator[Reason]:
    known = before.cells if before else {}
    revisions = {each.id: each for each in circumstances.of(Revision)}
    for key in sorted(known.keys() - after.cells.keys()):
        yield Reason("decision-taken-away", "{key}: a decision is changed, not taken away", {"key": key})
    for key, cell in sorted(after.cells.items()):
        if cell == known.get(key):
            continue
        values = {"key": key}
        if (cell.decided.by, cell.decided.at) != (circumstances.actor, circumstances.at):
            yield Reason("decided-by-another", "{key}: whoever decides is kept with the decision", values)
        revision = revisions.get(cell.revision)
        if revision is None or revision.document != cell.document or cell.section not in revision.sections:
            yield Reason("no-such-section", "{key}: the revision that it names has no such section", values)


def _new_ones_decided_by_actor(coverage: Coverage, circumstances: Circumstances) -> Iterator[Reason]:
    if circumstances.before is None and not coverage.version:
        yield from _decided_by_actor(None, coverage, circumstances)


def _standard_stays(before: Coverage, after: Coverage, _: Circumstances) -> Iterator[Reason]:
    if after.standard != before.standard:
        yield Reason("standard-changed", "what it is decided against stays; open a new one for another", {})


COVERAGE = LifeCycle(
    name="coverage",
    initial="open",
    final=("closed",),
    transitions=(
        Transition(
            act="close",
            sources=("open",),
            target="closed",
            needs_why=True,
            records=(),
            meaning="its procedures are no longer compared; what was decided stays readable",
        ),
    ),
    demands={"open": (_new_ones_decided_by_actor,)},
    edits=(_standard_stays, _decided_by_actor),
)
