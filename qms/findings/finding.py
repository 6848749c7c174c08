"""Findings: what an audit, a complaint or a colleague found, and all that follows until it is closed.

A nonconformity is contained, its extent and cause are looked for, a plan is agreed and carried out by actions
(`qms.actions.action`), somebody else verifies that, and a review against a criterion that was set beforehand shows
whether it had effect. If not, the cause is looked for anew and the round so far is kept. Observations,
opportunities and good practice have a short path. The table of all steps is `qms.findings.cycle`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from qms.actions.due_days import PreviousDue
from qms.actions.ownership import Verification, Verified
from qms.documents.citation import CitedSection
from qms.errors import RefusedError
from qms.findings.grades import Grade
from qms.lifecycle import Reason, Signed
from qms.record import Day, Deadline, Id, Link, Part, Requirement, Text, Words

if TYPE_CHECKING:
    from qms.change import Change

OriginKind = Literal[
    "audit", "assessment", "complaint", "incident", "proficiency_test", "review", "staff", "other"
]
SERIES = {
    Grade.MAJOR: "NC",
    Grade.MINOR: "NC",
    Grade.OBSERVATION: "OBS",
    Grade.OPPORTUNITY: "OFI",
    Grade.GOOD_PRACTICE: "GP",
}
ENDS = ("closed", "declined", "withdrawn", "cancelled")
ANSWERED = ("plan_agreed", "implementing", "implemented", "effectiveness_pending")


class Statement(Part):
    """What was found: what is required, what was seen, and what lies between."""

    gap: Text
    requirement: Text | None = None
    evidence: Text | None = None


class Origin(Part):
    """Where a finding comes from, and the record of that, such as an audit and the line of its checklist."""

    kind: OriginKind = "other"
    record: Id | None = None
    line: Annotated[str, Field(max_length=60)] = ""


class Containment(Signed):
    """What was done at once, so that it got no worse."""

    what: Text


class Extent(Part):
    """Where else somebody looked for the same thing, and what was found there."""

    looked: Text
    found: Text


class Why(Part):
    """One question of a chain and its answer; the answer is what the next one asks about."""

    why: Text
    answer: Text


class Branch(Part):
    """The causes of one category in a fishbone diagram, such as people, method, equipment or environment."""

    category: Words
    causes: Annotated[tuple[Text, ...], Field(min_length=1)]


class RootCauseAnalysis(Part):
    """How the cause was looked for and what it is.

    Attributes
    ----------
    method : str
        ``"5 whys"``, ``"fishbone"`` or ``"other"``.
    whys : tuple of Why
        In order; with 5 whys only, which need not be five.
    branches : tuple of Branch
        With a fishbone only.
    note : Text, optional
    root_causes : tuple of Text
    """

    method: Literal["5 whys", "fishbone", "other"]
    whys: tuple[Why, ...] = ()
    branches: tuple[Branch, ...] = ()
    note: Text | None = None
    root_causes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _fits_method(self) -> Self:
        given = {"5 whys": self.whys, "fishbone": self.branches, "other": ()}
        for method, steps in given.items():
            if steps and method != self.method:
                raise ValueError(f"the method is {self.method!r}, yet steps of {method!r} are given")
        if self.root_causes and self.method != "other" and not given[self.method]:
            raise ValueError(f"root causes are given without the steps of {self.method!r} that lead to them")
        return self


class Criterion(Part):
    """What will show that the cause is gone, and when that can be seen; set before anything is done.

    Attributes
    ----------
    measure : Text
        Such as "no unsealed exhibit among the next 20 cases".
    not_before : date, optional
    after_days : int, optional
        Days after it was verified that the plan was carried out.
    after_cases : int, optional
        Cases that the review has to look at.
    """

    measure: Text
    not_before: Day | None = None
    after_days: Annotated[int, Field(ge=1, le=1500)] | None = None
    after_cases: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.not_before is None and self.after_days is None and self.after_cases is None:
            raise ValueError("say when the effect can be seen: not_before, after_days or after_cases")
        return self

    def earliest(self, verified: date) -> date:
        """Return the first day on which the effect may be reviewed.

        Examples
        --------
        >>> criterion = Criterion(measure=Text.of("No unsealed exhibit", "en"), after_days=90)
        >>> criterion.earliest(date(2026, 3, 1))
        datetime.date(2026, 5, 30)
        """
        waited = verified + timedelta(days=self.after_days or 0)
        return max(waited, self.not_before or waited)


class Review(Signed):
    """What somebody who owns nothing in it found out about the effect."""

    method: Words
    result: Literal["effective", "partly", "not_effective"]
    cases: Annotated[int, Field(ge=0)] = 0
    evidence: tuple[Link, ...] = ()


class Round(Part):
    """One pass from the cause to the review that found no effect."""

    analysis: RootCauseAnalysis | None = None
    criterion: Criterion | None = None
    agreed: Signed | None = None
    verifications: tuple[Verification, ...] = ()
    reviews: tuple[Review, ...] = ()


class Regrade(Signed):
    """That a finding was given another grade after it was issued, and why."""

    old: Grade
    new: Grade
    why: Words


class PreviousDeadline(PreviousDue):
    """A day by which a response or the closing was due before somebody moved it, and why."""

    of: Literal["due_response", "due_close"]


class Finding(Verified):
    """What was found, and what became of it.

    Attributes
    ----------
    grade : Grade
    grade_word : str
        The accreditation body's own word for the grade, if it has one.
    regrades : tuple of Regrade
    requirements : tuple of Requirement
    statement : Statement
    evidence : tuple of Link
        Records that show it, such as evidence or documents.
    sections : tuple of CitedSection
        Sections of the unit's own documents that it touches.
    origin : Origin
    raised_by : str, optional
        Id of the person.
    raised_on : date, optional
    owner, previous_owners
        Who answers for it; see `qms.actions.ownership.Owned`.
    due_response, due_close : date, optional
        By when a plan must be agreed, and by when it must be closed.
    previous_dues : tuple of PreviousDeadline
        Every such day that there was before, the oldest first; `move_due` keeps them.
    containment : Containment, optional
    extent : Extent, optional
    analysis : RootCauseAnalysis, optional
        Of this round.
    criterion : Criterion, optional
        Of this round; fixed when the plan is agreed.
    issued, agreed, closure : Signed, optional
        Who issued it, agreed to the plan and closed it, and when.
    finished : Signed, optional
        Who said last that all actions are done, and when.
    verifications : tuple of Verification
        That the plan was carried out, in this round.
    reviews : tuple of Review
        Of the effect, in this round.
    earlier : tuple of Round
        Rounds that had no effect.
    """

    kind: ClassVar[str] = "finding"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset(
        {"previous_owners", "previous_dues", "due_response", "due_close", "finished"}
    )
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {
            "previous_owners",
            "previous_dues",
            "finished",
            "regrades",
            "issued",
            "agreed",
            "closure",
            "verifications",
            "reviews",
            "earlier",
        }
    )

    grade: Grade
    grade_word: Annotated[str, Field(max_length=80)] = ""
    regrades: tuple[Regrade, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    statement: Statement
    evidence: tuple[Link, ...] = ()
    sections: tuple[CitedSection, ...] = ()
    origin: Origin = Origin()
    raised_by: Id | None = None
    raised_on: Day | None = None
    due_response: Day | None = None
    due_close: Day | None = None
    previous_dues: tuple[PreviousDeadline, ...] = ()
    containment: Containment | None = None
    extent: Extent | None = None
    analysis: RootCauseAnalysis | None = None
    criterion: Criterion | None = None
    issued: Signed | None = None
    agreed: Signed | None = None
    closure: Signed | None = None
    reviews: tuple[Review, ...] = ()
    earlier: tuple[Round, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.due_response and self.due_close and self.due_close < self.due_response:
            raise ValueError(f"it is to be closed by {self.due_close}, before a response by {self.due_response}")
        if self.regrades and self.regrades[-1].new != self.grade:
            raise ValueError(f"its grade is {self.grade}, yet it was last regraded {self.regrades[-1].new}")
        return self

    @property
    def round(self) -> int:
        """Which pass from the cause to the effect this is, from 1."""
        return len(self.earlier) + 1

    @property
    def review(self) -> Review | None:
        """The last review of this round, if there is one."""
        return self.reviews[-1] if self.reviews else None

    @property
    def review_from(self) -> date | None:
        """First day on which the effect may be reviewed, once the plan is verified."""
        if self.criterion is None or self.verification is None:
            return None
        return self.criterion.earliest(self.verification.at.date())

    def next_round(self) -> dict[str, Any]:
        """Return the fields with which the step ``reopen`` keeps this round and begins the next.

        Examples
        --------
        ::

            change.advance(finding, "reopen", **finding.next_round())
        """
        names = tuple(Round.model_fields)
        ended = Round(**{name: getattr(self, name) for name in names})
        fresh = {name: Round.model_fields[name].default for name in names}
        return {**fresh, "earlier": (*self.earlier, ended)}

    def series(self, year: int) -> str:
        """Return such as ``NC-2026-``: NC, OBS, OFI or GP by the grade."""
        return f"{SERIES[self.grade]}-{year}-"

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return by when a plan must be agreed, the effect may be reviewed and it must be closed, while open."""
        if self.status in ("", "draft", *ENDS):
            return ()
        days = {
            "response": self.due_response if self.status not in ANSWERED else None,
            "effectiveness review": self.review_from if self.status == "effectiveness_pending" else None,
            "close": self.due_close,
        }
        return tuple(Deadline(what, day, self.owner or "") for what, day in days.items() if day)

    def headline(self) -> Text:
        """Return the gap that it states."""
        return self.statement.gap


def regrade(change: Change, finding: Finding, grade: Grade) -> Finding:
    """Give an issued finding another grade and keep the one before with who changed it, when and why.

    Parameters
    ----------
    change : Change
        Its ``why`` is the reason; it may not be empty.
    finding : Finding
    grade : Grade

    Raises
    ------
    RefusedError
        If a nonconformity would become less than one, the owner does it, or no reason is given.
    """
    step = Regrade(by=change.by, at=change.at, old=finding.grade, new=grade, why=change.why or "-")
    return change.advance(finding, "regrade", grade=grade, regrades=(*finding.regrades, step))


def move_due(change: Change, finding: Finding, **days: date) -> Finding:
    """Move the days of an issued finding and keep the old ones with who moved them, when and why.

    Parameters
    ----------
    change : Change
        Its ``why`` is the reason; it may not be empty.
    finding : Finding
    **days
        ``due_response``, ``due_close`` or both.

    Raises
    ------
    RefusedError
        If there was no such day before, the owner does it, no reason is given, or the new day is before the one on
        which it was raised.
    """
    kept = finding.previous_dues
    for name, day in days.items():
        due = getattr(finding, name)
        if due is None:
            why = Reason("never-due", "it has no {field} yet; set it by an edit", {"field": name})
            raise RefusedError(f"{finding.ref}: cannot move", [why])
        if due != day:
            old = {"due": due, "of": name, "by": change.by, "at": change.at, "why": change.why or "-"}
            kept = (*kept, PreviousDeadline.model_validate(old))
    return change.advance(finding, "move", previous_dues=kept, **days)
