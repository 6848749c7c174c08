"""Objective evidence: what was asked for, what came, for which period it speaks and whether it still counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.errors import RecordError
from qms.lifecycle import Circumstances, LifeCycle, Reason, Signed, Transition
from qms.record import Attachment, Day, Deadline, Id, Link, Moment, Part, Record, Text

if TYPE_CHECKING:
    from qms.change import Change

EvidenceType = Literal["record", "document", "photo", "interview", "observation", "data", "link"]
Confidentiality = Literal["public", "internal", "confidential", "restricted"]

SOON = timedelta(days=90)
"""How long before its expiry evidence is called expiring."""


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
    never kept: see `counts_for`.
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


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether evidence counts on a day; false, with every reason, if it does not.

    Attributes
    ----------
    state : str
        That of its life cycle, or ``"expiring"`` or ``"expired"`` on that day.
    reasons : tuple of Reason
    """

    state: str
    reasons: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return not self.reasons

    def __str__(self) -> str:
        return "; ".join(map(str, self.reasons)) or f"it counts ({self.state})"


def counts_for(evidence: Evidence, day: date, *, since: date | None = None) -> Standing:
    """Say whether evidence counts when it is relied on, on a day.

    Parameters
    ----------
    evidence : Evidence
    day : date
        The day on which it is relied on: it has to be accepted, not expired, and to speak of no later time.
    since : date, optional
        With it, the evidence also has to speak for some day from then to `day`.

    Examples
    --------
    >>> log = Evidence(
    ...     unit="AL-TIR", type="record", title=Text.of("Swab log", "en"), status="accepted",
    ...     effective_from=date(2026, 1, 1), effective_to=date(2026, 3, 31), expires=date(2027, 3, 31),
    ... )
    >>> bool(counts_for(log, date(2026, 11, 1))), counts_for(log, date(2027, 3, 1)).state
    (True, 'expiring')
    >>> print(counts_for(log, date(2027, 4, 1)))
    it expired on 2027-03-31
    >>> print(counts_for(log, date(2026, 11, 1), since=date(2026, 7, 1)))
    it speaks for 2026-01-01 to 2026-03-31, not for 2026-07-01 to 2026-11-01
    """
    return Standing(state_on(evidence, day), tuple(_against(evidence, day, since)))


def state_on(evidence: Evidence, day: date) -> str:
    """Return the state that evidence is in on a day: that of its life cycle, ``"expiring"`` or ``"expired"``."""
    if evidence.status not in ("received", "accepted") or evidence.expires is None:
        return evidence.status
    if evidence.expires < day:
        return "expired"
    return "expiring" if evidence.status == "accepted" and evidence.expires - day <= SOON else evidence.status


def _against(evidence: Evidence, day: date, since: date | None) -> Iterator[Reason]:
    if evidence.status != "accepted":
        yield Reason("not-accepted", "it is {state}, not accepted", {"state": evidence.status or "new"})
    if evidence.expires and evidence.expires < day:
        yield Reason("expired", "it expired on {day}", {"day": str(evidence.expires)})
    begin, end = evidence.effective_from, evidence.effective_to
    if begin is None:
        yield Reason("without-period", "nothing says for which period it speaks", {})
    elif begin > day or (since and end and end < since):
        asked = f"{since} to {day}" if since else f"{day}"
        period = f"{begin} to {end}" if end else f"{begin} and after"
        yield Reason("other-period", "it speaks for {period}, not for {asked}", {"period": period, "asked": asked})


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


def _is_request(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if evidence.revisions:
        yield Reason("supplied-unreceived", "it has come already; take the step 'receive' with it", {})
    if evidence.owner is None:
        yield Reason("nobody-asked", "say who is asked for it (owner)", {})
    if evidence.due is None:
        yield Reason("without-due", "say by when it is asked for (due)", {})
    elif evidence.due < (evidence.created.date() if evidence.created else circumstances.today):
        yield Reason("due-in-past", "it is due on {day}, before it is asked for", {"day": str(evidence.due)})


def _has_something(evidence: Evidence, _: Circumstances) -> Iterator[Reason]:
    if not evidence.revisions:
        yield Reason("nothing-supplied", "it has neither a file nor an address; supply one", {})


def _has_period(evidence: Evidence, _: Circumstances) -> Iterator[Reason]:
    if evidence.effective_from is None:
        yield Reason("without-period", "say for which period it speaks (effective_from, effective_to)", {})


def _judged_by_another(evidence: Evidence, _: Circumstances) -> Iterator[Reason]:
    if evidence.judged is None:
        yield Reason("not-judged", "nobody is recorded to have accepted it; take the step 'accept'", {})
    elif evidence.judged.by in {each.added_by for each in evidence.revisions}:
        yield Reason("judges-own", "whoever supplied it does not accept it; ask somebody else", {})


def _by_nobody_of_its_own(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if circumstances.actor == evidence.owner:
        yield Reason("judges-own", "whoever keeps it does not accept it; ask somebody else", {})
    if circumstances.actor == evidence.collected_by:
        yield Reason("judges-own", "whoever collected it does not accept it; ask somebody else", {})
    if circumstances.actor in evidence.amenders:
        yield Reason("judges-own", "whoever changed what it says does not accept it; ask somebody else", {})
    if evidence.renewed and circumstances.actor == evidence.renewed.by:
        yield Reason("judges-own", "whoever revised it does not accept it; ask somebody else", {})


def _speaks_by_now(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if evidence.effective_from and evidence.effective_from > circumstances.today + timedelta(days=1):
        day = {"day": str(evidence.effective_from)}
        yield Reason("not-yet", "it speaks for a time from {day} on, which is to come", day)


def _grows(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if isinstance(before, Evidence) and evidence.revisions[: len(before.revisions)] != before.revisions:
        yield Reason("revision-changed", "revisions that are kept stay as they are; add a new one", {})


def _supplied_by_actor(evidence: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    kept = len(before.revisions) if isinstance(before, Evidence) else 0
    if any(each.added_by != circumstances.actor for each in evidence.revisions[kept:]):
        yield Reason("supplied-by-another", "a new revision is added by whoever makes the change", {})


def _edit_adds_as_actor(before: Evidence, after: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    yield from _supplied_by_actor(after, circumstances)
    if before.status in ("accepted", "rejected") and after.content() != before.content():
        yield Reason(
            "judged", "it was {state} as it is; take the step 'revise' to change it", {"state": before.status}
        )


def _amended_as_actor(before: Evidence, after: Evidence, circumstances: Circumstances) -> Iterator[Reason]:
    if not set(before.amenders) <= set(after.amenders):
        yield Reason("amender-dropped", "who changed what it says is only added to", {})
    if before.status != "received" or circumstances.actor in after.amenders:
        return
    changed = [name for name in _SAID if getattr(before, name) != getattr(after, name)]
    if changed:
        template = "whoever changes {fields} once it came is kept among its amenders; use 'amend'"
        yield Reason("unnamed-amender", template, {"fields": ", ".join(changed)})


_SUPPLIED = tuple(
    name for name in Evidence.model_fields if name not in Record.model_fields and name not in Evidence.STEP_FIELDS
)
_SAID = ("owner", *(name for name in _SUPPLIED if name not in {"revisions", *Evidence.BOOKKEEPING}))
"""What evidence is judged by, beside what was supplied."""

EVIDENCE = LifeCycle(
    name="evidence",
    initial="requested",
    final=("cancelled",),
    transitions=(
        Transition(
            act="receive",
            sources=("requested",),
            target="received",
            guards=(_supplied_by_actor,),
            records=_SUPPLIED,
            meaning="take what was supplied",
        ),
        Transition(
            act="accept",
            sources=("received",),
            target="accepted",
            guards=(_by_nobody_of_its_own, _speaks_by_now),
            records=(),
            signs="judged",
            meaning="say that it shows what it is to show",
        ),
        Transition(
            act="reject",
            sources=("received",),
            target="rejected",
            records=(),
            signs="judged",
            needs_why=True,
            meaning="say why it does not",
        ),
        Transition(
            act="revise",
            sources=("accepted", "rejected"),
            target="received",
            guards=(_supplied_by_actor,),
            records=_SUPPLIED,
            signs="renewed",
            needs_why=True,
            meaning="put right or renew it, to be judged again",
        ),
        Transition(
            act="cancel",
            sources=("requested",),
            target="cancelled",
            records=(),
            needs_why=True,
            meaning="no longer ask for it",
        ),
    ),
    demands={
        "requested": (_is_request,),
        "received": (_grows, _has_something),
        "accepted": (_grows, _has_something, _has_period, _judged_by_another),
        "rejected": (_grows, _has_something),
    },
    edits=(_edit_adds_as_actor, _amended_as_actor),
)
