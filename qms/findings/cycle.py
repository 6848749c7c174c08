"""The steps of a finding, from a draft to closed.

What a closed nonconformity needs is a demand of the state itself, so that no step, edit or merge can close one
that was not verified and reviewed.
"""

from __future__ import annotations

from types import MappingProxyType

from qms.actions.due_days import keeps_due, moves_due
from qms.actions.ownership import (
    adds_verification,
    hand_over_rows,
    keeps,
    keeps_owners,
    needs_owner,
    not_in_future,
    not_the_owner,
    not_who_did_it,
    owner_is_active,
)
from qms.findings import closing, guards
from qms.findings.finding import ENDS
from qms.findings.grades import Grade
from qms.lifecycle import LifeCycle, Transition, staying

DAYS = ("due_response", "due_close")
_OPEN = (
    "issued",
    "disputed",
    "accepted",
    "containment",
    "cause_analysis",
    "action_plan",
    "plan_agreed",
    "implementing",
    "implemented",
    "effectiveness_pending",
)
_KEPT = (
    keeps_owners("draft"),
    owner_is_active,
    keeps("previous_dues"),
    keeps_due(*DAYS, initial="draft"),
    keeps("regrades"),
    keeps("earlier"),
    guards.keeps_issue,
    guards.keeps_grade,
    guards.keeps_round,
)
_ISSUED = (*_KEPT, guards.has_grounds, guards.raised_by_now, guards.is_due_after_it_was_raised)
_PLANNED = (*_ISSUED, guards.has_cause)
_AGREED = (*_PLANNED, guards.is_agreed)
_VERIFIED = (*_AGREED, closing.verified_by_other, not_in_future("verifications", "reviews"))
_CLOSED = (
    *_VERIFIED,
    guards.ACTIONS_SETTLED,
    closing.has_corrected,
    closing.verified_after_actions,
    closing.is_effective,
    closing.rests_on_evidence,
    closing.closed_by_other,
)

FINDING = LifeCycle(
    name="finding",
    initial="draft",
    final=ENDS,
    transitions=(
        Transition(
            act="issue",
            sources=("draft",),
            target="issued",
            records=(),
            signs="issued",
            meaning="it is stated",
        ),
        Transition(
            act="cancel",
            sources=("draft",),
            target="cancelled",
            guards=(guards.free_of_its_owner,),
            needs_why=True,
            records=(),
            meaning="dropped",
        ),
        Transition(
            act="note",
            sources=("issued",),
            target="closed",
            guards=(guards.only(Grade.GOOD_PRACTICE),),
            records=(),
            signs="closure",
            meaning="a good practice is noted",
        ),
        Transition(
            act="accept",
            sources=("issued",),
            target="accepted",
            guards=(guards.TO_ANSWER, needs_owner),
            records=(),
            meaning="the unit agrees that it is so",
        ),
        Transition(
            act="dispute",
            sources=("issued",),
            target="disputed",
            needs_why=True,
            records=(),
            meaning="the unit does not agree",
        ),
        Transition(
            act="uphold",
            sources=("disputed",),
            target="issued",
            guards=(not_the_owner,),
            needs_why=True,
            records=(),
            meaning="it stands",
        ),
        Transition(
            act="withdraw",
            sources=("issued", "disputed"),
            target="withdrawn",
            guards=(not_the_owner,),
            needs_why=True,
            records=(),
            meaning="it was not so",
        ),
        Transition(
            act="decline",
            sources=("accepted",),
            target="declined",
            guards=(not_the_owner, guards.SUGGESTIONS),
            needs_why=True,
            records=(),
            meaning="an observation or opportunity is not followed",
        ),
        Transition(
            act="contain",
            sources=("accepted",),
            target="containment",
            guards=(guards.NONCONFORMITIES, guards.is_contained),
            records=("containment",),
            meaning="what was done at once",
        ),
        Transition(
            act="analyse",
            sources=("accepted", "containment"),
            target="cause_analysis",
            guards=(guards.NONCONFORMITIES,),
            records=("extent",),
            meaning="the cause is looked for",
        ),
        Transition(
            act="plan",
            sources=("cause_analysis",),
            target="action_plan",
            guards=(guards.has_correction,),
            records=("analysis", "extent"),
            meaning="the cause is known",
        ),
        Transition(
            act="agree",
            sources=("action_plan",),
            target="plan_agreed",
            guards=(not_the_owner, guards.has_correction, guards.has_plan, guards.is_worth_waiting),
            records=("criterion",),
            signs="agreed",
            meaning="somebody else agrees to the plan",
        ),
        Transition(
            act="replan",
            sources=("plan_agreed",),
            target="action_plan",
            needs_why=True,
            records=(),
            meaning="the plan has to change",
        ),
        Transition(
            act="start",
            sources=("plan_agreed",),
            target="implementing",
            guards=(guards.has_correction, guards.has_plan),
            records=(),
            meaning="the plan is carried out",
        ),
        Transition(
            act="start",
            sources=("accepted",),
            target="implementing",
            guards=(guards.SUGGESTIONS,),
            records=(),
            meaning="an observation or opportunity is followed",
        ),
        Transition(
            act="complete",
            sources=("implementing",),
            target="implemented",
            guards=(guards.NONCONFORMITIES, guards.ACTIONS_DONE),
            records=(),
            signs="finished",
            meaning="all actions are done",
        ),
        Transition(
            act="send_back",
            sources=("implemented",),
            target="implementing",
            guards=(not_the_owner, adds_verification("failed")),
            records=("verifications",),
            meaning="somebody else saw that the plan is not carried out",
        ),
        Transition(
            act="verify",
            sources=("implemented", "effectiveness_pending"),
            target="effectiveness_pending",
            guards=(not_who_did_it, closing.uninvolved, adds_verification("passed"), guards.ACTIONS_SETTLED),
            records=("verifications",),
            meaning="somebody else saw that the plan is carried out",
        ),
        Transition(
            act="review",
            sources=("effectiveness_pending",),
            target="effectiveness_pending",
            guards=(not_the_owner, closing.uninvolved, closing.adds_review),
            records=("reviews",),
            meaning="an outsider looked at the effect",
        ),
        Transition(
            act="reopen",
            sources=("effectiveness_pending",),
            target="cause_analysis",
            guards=(guards.had_no_effect,),
            records=("analysis", "criterion", "agreed", "verifications", "reviews", "earlier"),
            meaning="it had no effect; the cause is looked for anew",
        ),
        Transition(
            act="close",
            sources=("effectiveness_pending",),
            target="closed",
            records=(),
            signs="closure",
            meaning="it is dealt with",
        ),
        Transition(
            act="close",
            sources=("implementing",),
            target="closed",
            guards=(guards.SUGGESTIONS,),
            records=(),
            signs="closure",
            meaning="an observation or opportunity is dealt with",
        ),
        Transition(
            act="cancel",
            sources=_OPEN,
            target="cancelled",
            guards=(not_the_owner,),
            needs_why=True,
            records=(),
            meaning="it is given up",
        ),
        *staying(
            (each for each in _OPEN if each != "implementing"),
            act="regrade",
            guards=(not_the_owner, guards.regraded),
            needs_why=True,
            records=("grade", "regrades"),
            meaning="it is graded otherwise",
        ),
        Transition(
            act="regrade",
            sources=("implementing",),
            target="accepted",
            guards=(not_the_owner, guards.regraded),
            needs_why=True,
            records=("grade", "regrades"),
            meaning="it is graded otherwise, and planned anew",
        ),
        *staying(
            _OPEN,
            act="move",
            guards=(not_the_owner, moves_due(*DAYS)),
            needs_why=True,
            records=(*DAYS, "previous_dues"),
            meaning="it is due on another day",
        ),
        *hand_over_rows(_OPEN),
    ),
    demands=MappingProxyType(
        {
            "draft": (*_KEPT, guards.is_unissued),
            **dict.fromkeys(("issued", "disputed", "accepted", "containment", "cause_analysis"), _ISSUED),
            "action_plan": _PLANNED,
            **dict.fromkeys(("plan_agreed", "implementing", "implemented"), _AGREED),
            "effectiveness_pending": _VERIFIED,
            "closed": _CLOSED,
            **dict.fromkeys(("declined", "withdrawn", "cancelled"), _KEPT),
        }
    ),
    edits=(guards.found_stays, guards.plan_stays),
)
