"""Procedures as they are compared: from a file, or those that a unit has in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accreditation.errors import UnknownError
from accreditation.procedures.tongue import Undecided, tongue_of
from qms.documents.control import effective_revisions
from qms.documents.document import Document
from qms.documents.revision import Revision, SectionMark
from qms.errors import QmsError
from qms.sections import LIMITS, Limits, Section, read_sections

if TYPE_CHECKING:
    from qms.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A document with the words of its sections.

    Attributes
    ----------
    title : str
    language : str
    sections : tuple of Section
    revision : Revision or None
        As which it is kept; None for a file that is not.
    """

    title: str
    language: str
    sections: tuple[Section, ...]
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document in force whose sections could not be read, and why; false where a truth value is asked for."""

    document: Document
    why: str

    def __bool__(self) -> bool:
        return False


def read_procedure(path: str | Path, *, language: str = "", title: str = "", limits: Limits = LIMITS) -> Procedure:
    """Read a procedure from a DOCX, PDF, Markdown or plain text file.

    Parameters
    ----------
    path : str or Path
    language : str, optional
        Told from the text if left out.
    title : str, optional
        The name of the file if left out.
    limits : Limits

    Raises
    ------
    DocumentError
        If it cannot be read; see `qms.sections.read_sections`.
    UnknownError
        If its language cannot be told.
    """
    sections = read_sections(path, limits=limits)
    if not language:
        told = tongue_of("\n".join(f"{each.heading}\n{each.text}" for each in sections))
        if isinstance(told, Undecided):
            reasons = "; ".join(map(str, told.reasons))
            raise UnknownError(
                f"The language of {Path(path).name} cannot be told: {reasons}. Say which it is (in the "
                "command with --speaks)."
            )
        language = told.language
    return Procedure(title=title or Path(path).stem, language=language, sections=sections)


def procedures_of(store: Store, unit: str) -> Iterator[Procedure | Unreadable]:
    """Yield what a unit has in force, each document in each of its languages, by reference.

    Notes
    -----
    One that cannot be read, such as a scan without text, is yielded as `Unreadable` and the others follow.
    """
    for document, revision in in_force(store, unit):
        try:
            sections = read_sections(store.files.path(revision.attachment))
        except QmsError as error:
            yield Unreadable(document, str(error))
        else:
            title = document.title.best(revision.language)
            yield Procedure(title=title, language=revision.language, sections=sections, revision=revision)


def in_force(store: Store, unit: str) -> Iterator[tuple[Document, Revision]]:
    """Yield the revisions that a unit has in force with their documents, by reference and language."""
    current = (each for each in store.find(Document, unit=unit) if each.status == "current")
    for document in sorted(current, key=lambda each: each.ref):
        for _, revision in sorted(effective_revisions(store, document).items()):
            yield document, revision


def mark_of(section: Section) -> SectionMark:
    """Return number, heading and hash of a section, as revisions and decisions keep it."""
    return SectionMark(number=section.number, heading=section.heading, level=section.level, sha256=section.sha256)
