"""Controlled documents: policies, manuals, procedures, forms and what comes from outside.

A `Document` is the title on the master list; what it says stands in its revisions (`qms.documents.revision`),
and who has read them in receipts (`qms.documents.receipts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from qms.documents.revision import Revision
from qms.lifecycle import Circumstances, LifeCycle, Reason, Transition
from qms.record import Id, Language, Record, Text

DocumentType = Literal["policy", "manual", "SOP", "work instruction", "form", "external"]

SERIES: dict[DocumentType, str] = {
    "policy": "POL-",
    "manual": "MAN-",
    "SOP": "SOP-",
    "work instruction": "WI-",
    "form": "FRM-",
    "external": "EXT-",
}
"""What stands before the number in the reference of a document, by its type."""


class Document(Record):
    """A document that a unit controls.

    Attributes
    ----------
    type : str
        ``"policy"``, ``"manual"``, ``"SOP"``, ``"work instruction"``, ``"form"`` or ``"external"``.
    title : Text
    owner : str
        Id of the person who keeps it current.
    language : str
        Language of the master; revisions in any other language are translations of one in this.
    review_every_months : int
        How long after it took effect, or was last confirmed, a revision is due for review.
    distribution : tuple of str
        Ids of the people who have to read it.

    Notes
    -----
    ISO/IEC 17020:2012, 8.3. A link to a document relies on its title and type; a link to a revision relies on its
    words.
    """

    kind: ClassVar[str] = "document"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset({"owner", "review_every_months", "distribution"})

    type: DocumentType
    title: Text
    owner: Id
    language: Language = "en"
    review_every_months: Annotated[int, Field(ge=1, le=120)] = 24
    distribution: tuple[Id, ...] = ()

    def series(self, year: int) -> str:
        """Return what stands before the number in a new reference; the year is not part of it."""
        return SERIES[self.type]

    def headline(self) -> Text:
        """Return the title."""
        return self.title


def _keeps_series(before: Document, after: Document, circumstances: Circumstances) -> Iterator[Reason]:
    if not any(each.document == before.id for each in circumstances.of(Revision)):
        return
    for name in ("type", "language"):
        if getattr(after, name) != getattr(before, name):
            yield Reason("series-changed", "its {field} is fixed since it has revisions", {"field": name})


def _nothing_current(document: Document, circumstances: Circumstances) -> Iterator[Reason]:
    for each in circumstances.of(Revision):
        if each.document == document.id and each.status not in ("superseded", "obsolete", "withdrawn"):
            yield Reason(
                "revision-current",
                "{revision} is {state}; withdraw it first",
                {"revision": each.ref, "state": each.status},
            )


DOCUMENT = LifeCycle(
    name="document",
    initial="current",
    final=("discontinued",),
    transitions=(
        Transition(
            act="discontinue",
            sources=("current",),
            target="discontinued",
            guards=(_nothing_current,),
            needs_why=True,
            records=(),
            meaning="take it off the list; what it said stays readable",
        ),
    ),
    edits=(_keeps_series,),
)
