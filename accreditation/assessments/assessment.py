"""Assessments: the judgement of every requirement of a profile, from the plan to a frozen baseline.

The table of its steps is `accreditation.assessments.cycle`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from accreditation.assessments.profile import ItemKey, Profile
from qms.lifecycle import Signed
from qms.record import Day, Deadline, Id, Link, Part, Record, Sha256, Text, canonical, plain, sha256, unseen

Result = Literal["conforms", "minor", "major", "not_applicable", "not_assessed"]
Level = Annotated[int, Field(ge=0, le=5)]
"""Maturity: 0 none, 1 informal, 2 written or begun, 3 in use, 4 evidenced and monitored, 5 improved from data."""
Purpose = Literal["self", "gap", "internal_audit", "accreditation_body", "mock", "transition"]


class Judgement(Part):
    """How one requirement is met.

    Attributes
    ----------
    result : str
        ``"conforms"``, ``"minor"``, ``"major"``, ``"not_applicable"`` or ``"not_assessed"``.
    documented, implemented : int or None
        Maturity of what is written and of what is done, 0 to 5.
    justification : Text or None
        What the judgement rests on; always with ``"not_applicable"``.
    evidence : tuple of Link
        Objective evidence as it was seen.
    findings, actions, requests : tuple of str
        Ids of what came out of it: findings, actions, evidence that was asked for.
    judged, reviewed : Signed or None
        Who judged it, and who else looked at that.
    seen : str
        Hash of the requirement's words when it was judged.
    carried_from : str
        ``<id of the assessment>/<key>`` that it was carried over from, or empty.
    stale : bool
        Carried over from words that changed a little; to be confirmed.
    """

    result: Result = "not_assessed"
    documented: Level | None = None
    implemented: Level | None = None
    justification: Text | None = None
    evidence: tuple[Link, ...] = ()
    findings: tuple[Id, ...] = ()
    actions: tuple[Id, ...] = ()
    requests: tuple[Id, ...] = ()
    judged: Signed | None = None
    reviewed: Signed | None = None
    seen: Sha256 | Literal[""] = ""
    carried_from: Annotated[str, Field(max_length=140)] = ""
    stale: bool = False

    @model_validator(mode="after")
    def _has_reason(self) -> Self:
        if self.result == "not_applicable" and self.justification is None:
            raise ValueError("not applicable needs a reason; say why the requirement does not apply to the unit")
        return self

    @property
    def is_assessed(self) -> bool:
        """Whether somebody judged it, be it that it does not apply."""
        return self.result != "not_assessed"

    @property
    def counts(self) -> bool:
        """Whether it takes part in scores: assessed and applicable."""
        return self.result in ("conforms", "minor", "major")

    @property
    def is_gap(self) -> bool:
        """Whether it is a nonconformity."""
        return self.result in ("minor", "major")


class Baseline(Signed):
    """Who froze an assessment and when, and the hash of what it said then."""

    sha256: Sha256


class Assessment(Record):
    """The assessment of a unit against a profile.

    Attributes
    ----------
    purpose : str
        ``"self"``, ``"gap"``, ``"internal_audit"``, ``"accreditation_body"``, ``"mock"`` or ``"transition"``.
    title : Text
    profile : Profile
    lead : str or None
        Id of the person who answers for it.
    team : tuple of str
        Ids of everybody else who judges; `accreditation.assessments.judging.judge` adds whoever does.
    begins, ends : date or None
        Period in which it is carried out.
    follows : str or None
        Id of the assessment before, with which it is compared.
    summary : Text or None
        What the assessor says of the whole; the report prints it.
    judgements : mapping of str to Judgement
        By key of the requirement, such as ``"iso17020-2012:6.1.5"``; what is not there is not assessed.
    baseline : Baseline or None
        Kept by the step that freezes it.
    """

    kind: ClassVar[str] = "assessment"
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset({"lead", "team", "begins", "ends", "baseline"})
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset({"baseline"})
    UNITED: ClassVar[frozenset[str]] = frozenset({"team"})

    purpose: Purpose = "self"
    title: Text
    profile: Profile
    lead: Id | None = None
    team: tuple[Id, ...] = ()
    begins: Day | None = None
    ends: Day | None = None
    follows: Id | None = None
    summary: Text | None = None
    judgements: dict[ItemKey, Judgement] = Field(default_factory=dict)
    baseline: Baseline | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begins and self.ends and self.ends < self.begins:
            raise ValueError(f"it ends on {self.ends}, before it begins on {self.begins}; correct one of the two")
        if self.follows == self.id:
            raise ValueError("it follows itself; name the assessment before, or none")
        return self

    def judgement(self, key: str) -> Judgement:
        """Return the judgement of a requirement; one that is not assessed if nobody judged it."""
        return self.judgements.get(key, NOT_ASSESSED)

    def with_judgement(self, key: str, judgement: Judgement) -> Self:
        """Return the assessment with one judgement in the place of what was there."""
        return self.revised(judgements={**self.judgements, key: judgement})

    def judged_sha256(self) -> str:
        """Return the hash over profile, summary and judgements, which freezing keeps.

        Of evidence it covers what was cited, not the version: confirming a link leaves a baseline whole.
        """
        said = plain(self)
        return sha256(canonical({name: unseen(said[name]) for name in ("profile", "summary", "judgements")}))

    def team_with(self, person: str) -> tuple[str, ...]:
        """Return the team with a person in it who does not lead the assessment."""
        return self.team if person in (self.lead, *self.team) else (*self.team, person)

    def assessors(self) -> set[str]:
        """Return the ids of everybody who judged something."""
        return {each.judged.by for each in self.judgements.values() if each.judged}

    def series(self, year: int) -> str:
        """Return what stands before the number in a new reference."""
        return f"AS-{year}-"

    def headline(self) -> Text:
        """Return the title."""
        return self.title

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return by when it ends, while it is under way."""
        if self.ends is None or self.status not in ("planned", "running", "in_review"):
            return ()
        return (Deadline("assessment", self.ends, self.lead or ""),)

    def frozen_fields(self, *, by: str, at: Any) -> dict[str, Any]:
        """Return what the step ``freeze`` records.

        Examples
        --------
        ::

            change.advance(assessment, "freeze", **assessment.frozen_fields(by=change.by, at=change.at))
        """
        return {"baseline": Baseline(by=by, at=at, sha256=self.judged_sha256())}


NOT_ASSESSED = Judgement()
