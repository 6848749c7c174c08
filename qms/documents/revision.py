"""Revisions of documents: who wrote, reviewed and approved which words in which language, since when.

Which steps lead where stands in `qms.documents.approval`; drafting, releasing and comparing in
`qms.documents.control`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.lifecycle import Signed
from qms.months import months_after
from qms.record import Attachment, Day, Deadline, Id, Language, Part, Record, Sha256, Text

ChangeClass = Literal["editorial", "minor", "major"]


class SectionMark(Part):
    """One section of a revision by number and heading; its words stay in the attached file.

    Attributes
    ----------
    number : str
        Such as ``"5.3"``, or empty.
    heading : str
    level : int
    sha256 : str
        Hash of heading and words (`qms.sections.Section`).
    """

    number: Annotated[str, Field(max_length=60)] = ""
    heading: Annotated[str, Field(max_length=2000)] = ""
    level: Annotated[int, Field(ge=1, le=9)] = 1
    sha256: Sha256


class Revision(Record):
    """One revision of a document in one language; its reference is such as ``SOP-012.sq.r3``.

    Attributes
    ----------
    document : str
        Id of the document.
    owner : str
        Id of the document's owner; `qms.documents.control.save_document` keeps the two in step.
    language : str
    n : int
        1 for the first revision in that language.
    earlier : tuple of str
        Ids of all earlier revisions in that language, the first one first.
    master : str or None
        Id of the revision that this one translates; None in the language of the document's master.
    change_summary : Text
        What is new and why.
    change_class : str
        ``"editorial"``, ``"minor"`` or ``"major"``.
    author, reviewer, approver : str
        Ids of people; whoever reviews or approves is not the author. The author never changes, the others not
        once it is submitted.
    writers : tuple of str
        Ids of whoever put a file in; none of them reviews or approves it.
    effective : date or None
        Since when it holds, or from when it shall.
    reviewed, approved, confirmed : Signed or None
        Who reviewed it, who approved it, and who found later that nothing has to change; kept by the steps.
    review_every_months : int
        That of the document.
    attachment : Attachment
        The file that is approved.
    sections : tuple of SectionMark

    Notes
    -----
    ISO/IEC 17020:2012, 8.3.2. Every revision names all earlier ones in its language, so that whoever judges a step
    of one sees the others: that is how at most one of them can be effective.
    """

    kind: ClassVar[str] = "revision"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset(
        {
            "owner",
            "author",
            "writers",
            "reviewer",
            "approver",
            "effective",
            "reviewed",
            "approved",
            "confirmed",
            "review_every_months",
        }
    )
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset({"reviewed", "approved", "confirmed"})

    document: Id
    owner: Id
    language: Language
    n: Annotated[int, Field(ge=1)]
    earlier: tuple[Id, ...] = ()
    master: Id | None = None
    change_summary: Text
    change_class: ChangeClass = "major"
    author: Id
    writers: tuple[Id, ...] = ()
    reviewer: Id
    approver: Id
    effective: Day | None = None
    reviewed: Signed | None = None
    approved: Signed | None = None
    confirmed: Signed | None = None
    review_every_months: Annotated[int, Field(ge=1, le=120)] = 24
    attachment: Attachment
    sections: tuple[SectionMark, ...] = ()

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if self.n != len(self.earlier) + 1:
            raise ValueError(f"revision {self.n} names {len(self.earlier)} earlier ones; expected {self.n - 1}")
        return self

    def headline(self) -> Text:
        """Return what is new in it."""
        return self.change_summary

    @property
    def wrote(self) -> frozenset[str]:
        """Everybody who wrote some of it."""
        return frozenset((self.author, *self.writers))

    @property
    def mark(self) -> str:
        """What stands on every copy of it, such as ``"OBSOLETE"``; nothing while it is in force."""
        return "" if self.status == "effective" else self.status.replace("_", " ").upper()

    def review_due(self) -> date | None:
        """Return when it has to be reviewed; None unless it is effective and no translation."""
        if self.status != "effective" or self.master or not self.effective:
            return None
        last = max(self.effective, self.confirmed.at.date()) if self.confirmed else self.effective
        return months_after(last, self.review_every_months)

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return when it is to take effect once approved, and when to be reviewed while effective."""
        if self.status == "approved" and self.effective:
            return (Deadline("release", self.effective, self.owner),)
        review = self.review_due()
        return (Deadline("review", review, self.owner),) if review else ()
