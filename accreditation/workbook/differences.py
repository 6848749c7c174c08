"""What differs, cell by cell, between a workbook that came back, what it held once, and the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from accreditation.assessments.assessment import Assessment
from accreditation.language import Words
from accreditation.wording import results
from accreditation.workbook.columns import headers
from accreditation.workbook.plans import NewAction
from accreditation.workbook.problems import CellProblem
from qms.lifecycle import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDifference:
    """A cell that a person edited.

    Attributes
    ----------
    kind : str
        ``"edit"``, or ``"conflict"`` where the records changed meanwhile too, to something else.
    at : str
    key : str
        Of the requirement.
    column : str
        ``"result"``, ``"documented"``, ``"implemented"``, ``"justification"`` or ``"evidence"``.
    exported, stored, found : str
        What the cell held once, what the records say now, and what it holds; a result by its code.
    evidence : tuple of str
        Ids of what is cited, in the column of evidence.
    changed : Signed or None
        Who judged the requirement last, and when.
    """

    kind: Literal["edit", "conflict"]
    at: str
    key: str
    column: str
    exported: str
    stored: str
    found: str
    evidence: tuple[str, ...] = ()
    changed: Signed | None = None

    def said(self, say: Words) -> str:
        """Return it in a language."""
        names = results(say) if self.column == "result" else {}
        before, now, found = (names.get(each, each) or "-" for each in (self.exported, self.stored, self.found))
        where = f"{self.at} ({self.key}, {headers('checklist', say)[self.column]})"
        if self.kind == "edit":
            return say("{where}: {before} becomes {found}", where=where, before=before, found=found)
        told = {"where": where, "before": before, "now": now, "found": found}
        return say("{where}: it was {before}, is {now} in the records and {found} in the workbook", **told)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookDiff:
    """What an import would change; true if there is anything, and nothing stands in its way.

    Attributes
    ----------
    name : str
        Of the file.
    assessment : Assessment
        As it is now.
    language : str
        In which people's words are edited.
    cells : tuple of CellDifference
    actions : tuple of NewAction
    problems : tuple of CellProblem
    people : mapping of str to str
        Names by id.

    Examples
    --------
    ::

        diff = compare(store, read_workbook("baseline.xlsx"))
        for line in diff.lines(words("en")):
            print(line)
    """

    name: str
    assessment: Assessment
    language: str
    cells: tuple[CellDifference, ...]
    actions: tuple[NewAction, ...]
    problems: tuple[CellProblem, ...]
    people: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.cells or self.actions) and not self.problems and not self.conflicts

    @property
    def edits(self) -> tuple[CellDifference, ...]:
        """Cells that changed in the workbook only."""
        return tuple(each for each in self.cells if each.kind == "edit")

    @property
    def conflicts(self) -> tuple[CellDifference, ...]:
        """Cells that changed in the workbook and in the records."""
        return tuple(each for each in self.cells if each.kind == "conflict")

    def lines(self, say: Words) -> Iterator[str]:
        """Yield everything in a language: problems, conflicts with who judged meanwhile, edits, new actions."""
        yield from (each.said(say) for each in self.problems)
        for each in self.conflicts:
            told = each.said(say)
            if each.changed:
                who, when = self.people.get(each.changed.by, each.changed.by), each.changed.at.date()
                by = say("judged by {name} on {day}", name=who, day=when)
                told = f"{told}; {by}"
            yield told
        yield from (each.said(say) for each in self.edits)
        yield from (each.said(say) for each in self.actions)

    def __str__(self) -> str:
        return "\n".join(self.lines(Words(("en",))))
