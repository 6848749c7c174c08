"""Errors of the accreditation package.

::

    AccreditationError (QmsError)
    ├── ProblemsError      (ValueError)    a file that is not what it should be, with all that is wrong
    │   ├── CatalogueError                 a standard, overlay or crosswalk
    │   └── WorkbookError                  an Excel workbook that cannot be written, read or taken over
    └── UnknownError       (LookupError)   no such standard, clause or file

What the records of a unit refuse comes from `qms.errors`, under whose tree this one hangs: one ``except QmsError``
catches both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from qms.errors import QmsError


class Problem(NamedTuple):
    """One thing that is wrong with a file or a text.

    Attributes
    ----------
    where : str
        Such as ``"clause 7.10"`` or ``"row 12"``.
    what : str
        What was found and what was expected.
    fix : str
        What to do.
    """

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.fix}."


class AccreditationError(QmsError):
    """Base of every error that the accreditation package raises on purpose."""


class ProblemsError(AccreditationError, ValueError):
    """A file that is not what it should be; nothing of it was taken over.

    Parameters
    ----------
    what : str
        What was refused, such as ``"catalogue.xlsx cannot be used"``.
    problems : iterable of Problem
        Everything that was found; each is printed by ``str``.

    Attributes
    ----------
    problems : tuple of Problem
    """

    def __init__(self, what: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{what}:", *(f"  - {each}" for each in self.problems)]))


class CatalogueError(ProblemsError):
    """A standard, overlay or crosswalk that is not what it should be."""


class WorkbookError(ProblemsError):
    """A workbook of an assessment that cannot be written, read or taken over."""


class UnknownError(AccreditationError, LookupError):
    """There is no such standard, clause or file."""
