"""What stands in the way of an import: cells that are not understood, in words that say what to do."""

from __future__ import annotations

from dataclasses import dataclass

from accreditation.language import Words
from accreditation.workbook.cells import Cell
from qms.lifecycle import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProblem:
    """Something in a workbook that is not understood or may not be so; while there is one, nothing is taken over.

    Attributes
    ----------
    at : str
        Such as ``"Checklist!K12"``, or the name of the file.
    what, to_do : Reason
        What was found and expected, and what to do about it.
    """

    at: str
    what: Reason
    to_do: Reason

    def said(self, say: Words) -> str:
        """Return it in a language."""
        return f"{self.at}: {say.reason(self.what)}. {say.reason(self.to_do)}."

    def __str__(self) -> str:
        return f"{self.at}: {self.what}. {self.to_do}."


class CellError(Exception):
    """A cell that is not understood; `compare` makes a `CellProblem` of it."""

    def __init__(self, cell: Cell, what: Reason, to_do: Reason) -> None:
        super().__init__(str(what))
        self.problem = CellProblem(at=cell.at, what=what, to_do=to_do)


def plain(cell: Cell) -> Cell:
    """Return a cell that holds a plain value.

    Raises
    ------
    CellError
        If it holds a formula or shows an error: neither it nor the value that was worked out last is taken.
    """
    if cell.odd:
        what = Reason("not-plain", "it holds {found}, which is not read", {"found": cell.odd})
        raise CellError(cell, what, Reason("enter-value", "Replace it by its value (copy, paste values)", {}))
    return cell


def not_understood(cell: Cell, expected: Reason) -> CellError:
    """Return the error for a cell that holds something else than what is expected, or nothing."""
    if not cell.text:
        what = Reason("not-understood", "it is empty; expected is {expected}", {"expected": expected})
        return CellError(cell, what, Reason("fill-in-cell", "Fill in the cell", {}))
    values = {"found": cell.text[:80], "expected": expected}
    what = Reason("not-understood", "it holds {found}; expected is {expected}", values)
    return CellError(cell, what, Reason("correct-cell", "Correct the cell, or empty it", {}))
