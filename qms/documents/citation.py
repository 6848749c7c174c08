"""Sections of the unit's own documents that a record touches, and which revision of them was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from qms.errors import RecordError
from qms.record import Id, Link, Part

if TYPE_CHECKING:
    from qms.change import Change
    from qms.documents.revision import Revision


class CitedSection(Part):
    """A section of a document of the unit, such as 4.2 of a procedure; `cite` makes one.

    Attributes
    ----------
    document : str
        Id of the document.
    number : str
        Of the section; the whole document if empty.
    revision : Link or None
        The revision that was read, and what it said; suspect once that is superseded (`qms.suspicion`), also where
        the section itself stayed the same, which `qms.documents.redline` shows.
    """

    document: Id
    number: Annotated[str, Field(max_length=60)] = ""
    revision: Link | None = None


def cite(change: Change, revision: Revision, number: str = "") -> CitedSection:
    """Cite a section of a revision as it reads now.

    Parameters
    ----------
    change : Change
    revision : Revision
        As it is kept.
    number : str
        Of the section, such as ``"4.2"``; the whole document if left out.

    Raises
    ------
    RecordError
        If the revision has no section of that number, or was never kept.
    """
    numbers = [each.number for each in revision.sections if each.number]
    if number and number not in numbers:
        known = f"it has {', '.join(numbers)}" if numbers else "its sections have no numbers"
        raise RecordError(f"{revision.ref} has no section {number}; {known}. Cite one of those or the whole.")
    return CitedSection(document=revision.document, number=number, revision=change.link(revision))
