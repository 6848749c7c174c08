"""Document control: drafting revisions, putting them in force, and what translations lag behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qms.documents.approval import WAS_IN_FORCE
from qms.documents.document import Document
from qms.documents.revision import ChangeClass, Revision, SectionMark
from qms.record import Text

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store


def draft(
    change: Change,
    document: Document,
    source: str | Path,
    *,
    change_summary: Text,
    reviewer: str,
    approver: str,
    author: str | None = None,
    language: str | None = None,
    master: str | None = None,
    change_class: ChangeClass = "major",
    effective: date | None = None,
    sections: tuple[SectionMark, ...] | None = None,
) -> Revision:
    """Keep the next revision of a document in a language, as a draft, with its file and sections.

    Parameters
    ----------
    change : Change
    document : Document
    source : str or Path
        The file.
    change_summary : Text
    reviewer, approver, author : str
        Ids of people; the author is whoever makes the change if left out.
    language : str, optional
        That of the document's master if left out.
    master : str, optional
        Id of the revision that it translates.
    change_class : str
    effective : date, optional
        From when it shall hold.
    sections : tuple of SectionMark, optional
        Those of the file; read from it if left out. Others wait while a change is under way, so that those of a
        long file are better read before (`section_marks`). A scan has none: give ``()``.

    Raises
    ------
    DocumentError
        If the sections cannot be read.
    AttachmentError
        If the file is not there or may not be kept.
    RefusedError
        If it translates a revision of another document, or its author would approve it.
    """
    language = language or document.language
    earlier = tuple(
        each.id
        for each in _revisions(change.store.read_related(change.connection, document.id, {Revision.kind}))
        if each.document == document.id and each.language == language
    )
    marks = section_marks(source) if sections is None else sections
    revision = Revision(
        unit=document.unit,
        ref=f"{document.ref}.{language}.r{len(earlier) + 1}",
        document=document.id,
        owner=document.owner,
        review_every_months=document.review_every_months,
        language=language,
        n=len(earlier) + 1,
        earlier=earlier,
        master=master,
        change_summary=change_summary,
        change_class=change_class,
        author=author or change.by,
        writers=(change.by,),
        reviewer=reviewer,
        approver=approver,
        effective=effective,
        attachment=change.attach(source),
        sections=marks,
    )
    return change.add(revision)


def redraft(
    change: Change, revision: Revision, source: str | Path, *, sections: tuple[SectionMark, ...] | None = None
) -> Revision:
    """Put another file in the place of that of a draft; see `draft`."""
    marks = section_marks(source) if sections is None else sections
    writers = tuple(dict.fromkeys((*revision.writers, change.by)))
    return change.save(revision.revised(attachment=change.attach(source), sections=marks, writers=writers))


def release(change: Change, revision: Revision, *, on: date | None = None) -> Revision:
    """Put an approved revision in force; the one before it in the same language is superseded with it.

    Parameters
    ----------
    change : Change
    revision : Revision
    on : date, optional
        Since when; the day that was planned, or else today, if left out.

    Raises
    ------
    RefusedError
        If it is not approved, the day is before its approval or still to come, or what it translates was never in
        force. Leave the change then: the earlier revision may be superseded in it already.
    """
    if revision.status == "approved":
        related = change.store.read_related(change.connection, revision.document, {Revision.kind})
        for each in _revisions(related):
            if each.language == revision.language and each.status == "effective":
                change.advance(each, "supersede")
    return change.advance(revision, "release", effective=on or revision.effective or change.at.date())


def save_document(change: Change, document: Document) -> Document:
    """Keep an edited document, and pass its owner and interval of review on to its revisions that still matter."""
    kept = change.save(document)
    for each in _revisions(change.store.read_related(change.connection, document.id, {Revision.kind})):
        if each.status not in ("superseded", "obsolete", "withdrawn"):
            change.save(each.revised(owner=kept.owner, review_every_months=kept.review_every_months))
    return kept


def section_marks(source: str | Path) -> tuple[SectionMark, ...]:
    """Return number, heading and hash of every section of a file; see `qms.sections.read_sections`."""
    from qms.sections import read_sections

    return tuple(
        SectionMark(number=each.number, heading=each.heading, level=each.level, sha256=each.sha256)
        for each in read_sections(source)
    )


def effective_revisions(store: Store, document: Document) -> dict[str, Revision]:
    """Return the revisions of a document that are in force, by language."""
    return {each.language: each for each in revisions_of(store, document) if each.status == "effective"}


def revisions_of(store: Store, document: Document) -> list[Revision]:
    """Return all revisions of a document, by language and number, those that are history included."""
    found = store.find(Revision, linked_to=document.id)
    return sorted(
        (each for each in found if each.document == document.id), key=lambda each: (each.language, each.n)
    )


@dataclass(frozen=True, slots=True)
class TranslationLag:
    """How far the translation into one language is behind the master that is in force; false if it is not.

    Attributes
    ----------
    language : str
    behind : int
        How many master revisions came into force since the one that it translates; all, if none is in force.
    revision : Revision or None
        The translation that is in force.
    master : Revision
        The master that is.
    """

    language: str
    behind: int
    revision: Revision | None
    master: Revision

    def __bool__(self) -> bool:
        return self.behind > 0

    def __str__(self) -> str:
        if not self.behind:
            return f"{self.language}: translation of {self.master.ref}, up to date"
        held = self.revision.ref if self.revision else "none"
        many = f"{self.behind} revision" + "s" * (self.behind != 1)
        return f"{self.language}: translation behind by {many} (in force: {held}; master: {self.master.ref})"


def translation_lag(store: Store, document: Document) -> tuple[TranslationLag, ...]:
    """Return how far each translation of a document is behind, by language; see `lag_among`."""
    return lag_among(document, revisions_of(store, document))


def lag_among(document: Document, revisions: Sequence[Revision]) -> tuple[TranslationLag, ...]:
    """Return how far each translation of a document is behind, by language, given all revisions of it.

    Notes
    -----
    Only master revisions that came into force are counted. Languages in which there is nothing but withdrawn
    revisions are left out; without a master in force there is nothing to be behind of.
    """
    masters = [each for each in revisions if each.language == document.language and each.status in WAS_IN_FORCE]
    current = next((each for each in masters if each.status == "effective"), None)
    if current is None:
        return ()
    numbers = {each.id: each.n for each in revisions}
    alive = [each for each in revisions if each.master and each.status != "withdrawn"]
    found = []
    for language in sorted({each.language for each in alive}):
        held = next((each for each in alive if each.language == language and each.status == "effective"), None)
        translated = numbers.get(held.master or "", 0) if held else 0
        behind = sum(translated < each.n <= current.n for each in masters)
        found.append(TranslationLag(language, behind, held, current))
    return tuple(found)


def _revisions(related: Iterable[object]) -> list[Revision]:
    return sorted((each for each in related if isinstance(each, Revision)), key=lambda each: each.n)
