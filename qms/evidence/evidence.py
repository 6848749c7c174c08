"""Objective evidence: what was asked for, what came, and for which period it speaks.

Which steps lead where stands in `qms.evidence.cycle`; whether it counts on a day in `qms.evidence.standing`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.errors import RecordError
from qms.lifecycle import Signed
from qms.record import Attachment, Day, Deadline, Id, Link, Moment, Part, Record, Text

if TYPE_CHECKING:
    from qms.change import Change

EvidenceType = Literal["record", "document", "photo", "interview", "observation", "data", "link"]
Confidentiality = Literal["public", "internal", "confidential", "restricted"]


class EvidenceRevision(Part):
    """One state of the evidence itself: a file or an address, and who added it when.

    Attributes
    ----------
    n : int
        1 for the first.
    attachment : Attachment or None
    url : str
        Address, or empty.
    note : str
    added_at : datetime
    added_by : str
        Id of the person who supplied it.
    """

    n: Annotated[int, Field(ge=1)]
    attachment: Attachment | None = None
    url: Annotated[str, Field(max_length=2000, pattern=r"^(https?://\S+)?$")] = ""
    note: Annotated[str, Field(max_length=2000)] = ""
    added_at: Moment
    added_by: Id

    @model_validator(mode="after")
    def _something_to_see(self) -> Self:
        if self.attachment is None and not self.url:
            raise ValueError(f"revision {self.n} has neither a file nor an address; give one of them")
        return self


class Evidence(Record):
    """Objective evidence, from the request for it to its acceptance.

    Attributes
    ----------
    type : str
        ``"record"``, ``"document"``, ``"photo"``, ``"interview"``, ``"observation"``, ``"data"`` or ``"link"``.
    title : Text
    owner : str
        Id of the person who is asked for it and keeps it current afterwards.
    due : date
        By when it is asked for.
    effective_from, effective_to : date or None
        Period that it speaks for, never when it was uploaded; without an end it speaks for every day since.
    collected_at : datetime or None
    collected_by : str or None
        Id of the person who took the photograph, held the interview or drew the data.
    expires : date or None
        The last day on which it counts.
    confidentiality : str
    retention_until : date or None
        Until when it has to be kept.
    revisions : tuple of EvidenceRevision
        Only ever added to.
    amenders : tuple of str
        Ids of whoever changed what it says after it came (`amend`); none of them accepts it.
    links : tuple of Link
        Records that it bears on.
    judged : Signed or None
        Who accepted or rejected it last; kept by the step.
    renewed : Signed or None
        Who took the step ``revise`` last; kept by the step.

    Notes
    -----
    ISO 19011:2018, 3.8 and 3.9; ISO 9000:2015, 3.8.3. That it is expiring or expired follows from the day and is
    never kept: see `qms.evidence.standing.counts_for`.
    """

    kind: ClassVar[str] = "evidence"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset(
        {"owner", "due", "confidentiality", "retention_until", "links", "amenders", "judged", "renewed"}
    )
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset({"judged", "renewed"})
    UNITED: ClassVar[frozenset[str]] = frozenset({"amenders"})

    type: EvidenceType
    title: Text
    owner: Id | None = None
    due: Day | None = None
    effective_from: Day | None = None
    effective_to: Day | None = None
    collected_at: Moment | None = None
    collected_by: Id | None = None
    expires: Day | None = None
    confidentiality: Confidentiality = "internal"
    retention_until: Day | None = None
    revisions: tuple[EvidenceRevision, ...] = ()
    amenders: tuple[Id, ...] = ()
    links: tuple[Link, ...] = ()
    judged: Signed | None = None
    renewed: Signed | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        begin, end = self.effective_from, self.effective_to
        if end and not begin:
            raise ValueError(f"the period ends on {end} and has no beginning; give effective_from too")
        if begin and end and end < begin:
            raise ValueError(f"the period ends on {end}, before it begins on {begin}")
        last = end or begin
        if self.expires and last and self.expires < last:
            raise ValueError(
                f"it expires on {self.expires}, before the end of the period that it speaks for ({last}); "
                "correct the expiry or the period"
            )
        if [each.n for each in self.revisions] != list(range(1, len(self.revisions) + 1)):
            raise ValueError("its revisions are not numbered 1, 2, 3 and so on")
        return self

    def series(self, year: int) -> str:
        """Return what stands before the number in a new reference."""
        return f"EV-{year}-"

    def headline(self) -> Text:
        """Return the title."""
        return self.title

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return when it is due while it is only asked for, and when it expires once it came."""
        owner = self.owner or ""
        if self.status == "requested" and self.due:
            return (Deadline("evidence", self.due, owner),)
        if self.status in ("received", "accepted") and self.expires:
            return (Deadline("expiry", self.expires, owner),)
        return ()


def supply(
    change: Change, evidence: Evidence, *, source: str | Path | None = None, url: str = "", note: str = ""
) -> Evidence:
    """Add a revision to evidence: a file, an address, or both; what was judged before has to be judged again.

    Raises
    ------
    RecordError
        If neither is given.
    AttachmentError
        If the file is not there or may not be kept.
    RefusedError
        If it was cancelled.
    """
    if source is None and not url:
        raise RecordError(f"Nothing is supplied for {evidence.ref}. Give a file or an address.")
    revision = EvidenceRevision(
        n=len(evidence.revisions) + 1,
        attachment=change.attach(source) if source is not None else None,
        url=url,
        note=note,
        added_at=change.at,
        added_by=change.by,
    )
    revisions = (*evidence.revisions, revision)
    if evidence.status == "received":
        return change.save(evidence.revised(revisions=revisions))
    act = "receive" if evidence.status == "requested" else "revise"
    return change.advance(evidence, act, revisions=revisions)


def amend(change: Change, evidence: Evidence) -> Evidence:
    """Keep evidence with another period, owner or title; whoever changes it once it came is kept as an amender."""
    if evidence.status == "received":
        evidence = evidence.revised(amenders=tuple(dict.fromkeys((*evidence.amenders, change.by))))
    return change.save(evidence)


def collect(
    change: Change, evidence: Evidence, *, source: str | Path | None = None, url: str = "", note: str = ""
) -> Evidence:
    """Keep evidence that nobody had to ask for, with its first file or address; see `supply`."""
    asked = evidence.revised(owner=evidence.owner or change.by, due=evidence.due or change.at.date())
    return supply(change, change.add(asked), source=source, url=url, note=note)
