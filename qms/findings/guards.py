"""What stands in the way of a step of a finding; the table of the steps is `qms.findings.cycle`.

Each guard looks at the finding as it would be and at the actions that answer it, and yields every reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qms.actions.action import DONE, Action
from qms.actions.ownership import Verification, is_verified, not_the_owner, signed_now, still_holds
from qms.evidence import Evidence, counts_for
from qms.findings.finding import Finding, Review
from qms.findings.grades import Grade
from qms.lifecycle import Circumstances, Guard, Reason

LOST = "{field} may only grow; nothing in it is dropped or changed"


def _actions(record: Finding, circumstances: Circumstances) -> list[Action]:
    return [each for each in circumstances.of(Action) if each.finding == record.id]


def _involved(record: Finding, circumstances: Circumstances) -> frozenset[str]:
    return record.owners.union(*(each.owners for each in _actions(record, circumstances)))


def _of_this_round(record: Finding, action: Action) -> bool:
    """Whether an action counts for this round: not cancelled, and not verified before the round began."""
    if action.status in ("cancelled", "not_effective"):
        return False
    ended = max((each.at for past in record.earlier for each in past.reviews), default=None)
    done = action.verification if action.is_settled else None
    return ended is None or done is None or done.at > ended


def only(*grades: Grade) -> Guard:
    """Return a guard that refuses findings of any other grade."""

    def guard(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
        if record.grade not in grades:
            values = {"grade": record.grade, "grades": ", ".join(grades)}
            yield Reason("other-path", "this step is for {grades}; it is graded {grade}", values)

    return guard


NONCONFORMITIES = only(Grade.MAJOR, Grade.MINOR)
TO_ANSWER = only(Grade.MAJOR, Grade.MINOR, Grade.OBSERVATION, Grade.OPPORTUNITY)
SUGGESTIONS = only(Grade.OBSERVATION, Grade.OPPORTUNITY)


def has_grounds(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without the requirement that is not met, or without evidence."""
    if not record.grade.is_nonconformity:
        return
    if not record.requirements:
        yield Reason("without-requirement", "a nonconformity needs the requirement it does not meet", {})
    if record.statement.evidence is None and all(each.target == record.id for each in record.evidence):
        yield Reason("without-evidence", "a nonconformity needs objective evidence; say or link it", {})


def is_due_after_it_was_raised(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a response or a closing that is due before the day on which it was raised."""
    for what, day in (("a response", record.due_response), ("its closing", record.due_close)):
        if day and record.raised_on and day < record.raised_on:
            values = {"what": what, "day": day, "raised": record.raised_on}
            yield Reason("due-before-raised", "{what} is due by {day}, before it was raised on {raised}", values)


def is_unissued(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse that a finding which was issued becomes a draft again."""
    if record.issued is not None:
        yield Reason("issued-before", "it was issued and is no draft any more", {})


def keeps_issue(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to forget who issued it."""
    before = circumstances.before
    if isinstance(before, Finding) and before.issued not in (None, record.issued):
        yield Reason("history-lost", LOST, {"field": "issued"})


def keeps_grade(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a grade that was changed otherwise than by regrading, or lowered to reach the short path."""
    before = circumstances.before
    if isinstance(before, Finding) and before.status != "draft" and before.grade != record.grade:
        added = record.regrades[len(before.regrades) :]
        if not added or added[0].old != before.grade:
            yield Reason("grade-not-kept", "regrade it by the step, which keeps the grade before and why", {})
    if not record.grade.is_nonconformity and any(each.old.is_nonconformity for each in record.regrades):
        values = {"grade": record.grade}
        yield Reason("lowered", "a nonconformity cannot become {grade}; withdraw it and raise that anew", values)


def keeps_round(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to drop a verification or a review, be it of this round or of one before."""
    before = circumstances.before
    if not isinstance(before, Finding):
        return
    same = len(record.earlier) <= len(before.earlier)
    holder = record if same else record.earlier[len(before.earlier)]
    for field in ("verifications", "reviews"):
        held = getattr(before, field)
        if not still_holds(getattr(holder, field), held, circumstances):
            yield Reason("history-lost", LOST, {"field": field})


def regraded(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a regrade that does not keep the grade before."""
    before = circumstances.before
    if isinstance(before, Finding) and before.grade == record.grade:
        yield Reason("same-grade", "it is graded {grade} already", {"grade": record.grade})
    last = record.regrades[-1] if record.regrades else None
    kept = (circumstances.actor, circumstances.at, circumstances.why)
    if last is None or (last.by, last.at, last.why) != kept:
        yield Reason("grade-not-kept", "the old grade is kept with who changed it, when and why; use regrade", {})


def is_contained(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a finding of which nobody says what was done at once."""
    if record.containment is None:
        yield Reason("without-containment", "say what was done at once, when and by whom", {})
    elif record.containment.at > circumstances.at:
        yield Reason("in-future", "the containment is dated in the future, {at}", {"at": record.containment.at})


def has_cause(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without a root cause, and a major without its extent."""
    if not record.grade.is_nonconformity:
        return
    if record.analysis is None or not record.analysis.root_causes:
        yield Reason("without-cause", "no root cause is recorded; analyse it first", {})
    if record.grade is Grade.MAJOR and record.extent is None:
        yield Reason("without-extent", "a major needs its extent: where else somebody looked, what was found", {})


def has_correction(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a major that no action corrects."""
    if record.grade is Grade.MAJOR and not any(
        each.purpose == "correction" and each.status != "cancelled" for each in _actions(record, circumstances)
    ):
        yield Reason("without-correction", "a major needs a correction; add an action for it", {})


def has_plan(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a plan without a corrective action, or with one that lacks its owner or due date."""
    planned = [each for each in _actions(record, circumstances) if _of_this_round(record, each)]
    if not any(each.purpose == "corrective" for each in planned):
        values = {"round": record.round}
        yield Reason("without-corrective-action", "round {round} plans no corrective action; add one", values)
    for each in planned:
        if each.owner is None or each.due is None:
            yield Reason("action-incomplete", "{ref} needs an owner and a due date", {"ref": each.ref})


def is_agreed(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without criterion, or whose plan nobody but its owner agreed to."""
    if not record.grade.is_nonconformity:
        return
    if record.criterion is None:
        yield Reason("without-criterion", "say beforehand what will show that the cause is gone, and when", {})
    if record.agreed is None:
        yield Reason("not-agreed", "nobody has agreed to the plan", {})
    elif record.agreed.by in record.owners:
        yield Reason("agreed-by-owner", "the plan was agreed by somebody who owns the finding or did", {})


def _actions_in(states: tuple[str, ...]) -> Guard:
    def guard(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
        for each in _actions(record, circumstances):
            if each.status not in states:
                values = {"ref": each.ref or each.id, "state": each.status, "states": ", ".join(states)}
                yield Reason("action-open", "action {ref} is {state}; it has to be one of {states}", values)

    return guard


ACTIONS_DONE = _actions_in(DONE)
ACTIONS_SETTLED = _actions_in(("verified", "effective", "cancelled"))


def verified_by_other(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity that was not verified, or by somebody who owns part of it."""
    if not record.grade.is_nonconformity:
        return
    yield from is_verified(record, circumstances)
    last = record.verification
    if last is not None and last.by in _involved(record, circumstances) - record.owners:
        yield Reason("verified-by-owner", "it was verified by somebody who owns one of its actions or did", {})
    if last is not None and record.agreed is not None and last.at < record.agreed.at:
        yield Reason("verified-early", "it was verified before the plan was agreed", {})


def verified_after_actions(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a finding that was verified before the last of its actions was."""
    last = record.verification
    if last is None:
        return
    for each in _actions(record, circumstances):
        if each.is_settled and each.verification is not None and each.verification.at > last.at:
            values = {"ref": each.ref or each.id}
            yield Reason("verified-early", "it was verified before its action {ref} was; verify it again", values)


def uninvolved(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a step that the owner of one of its actions takes."""
    if circumstances.actor in _involved(record, circumstances) - record.owners:
        yield Reason("own-action", "whoever owns one of its actions, or did, may not do this", {})


def adds_review(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a step without one more review by whoever takes it; only bad news may come early."""
    earlier = getattr(circumstances.before, "reviews", record.reviews[:-1])
    if len(record.reviews) != len(earlier) + 1:
        yield Reason("not-reviewed", "add one review: how the effect was looked at, and with what result", {})
        return
    if earlier and earlier[-1].result != "effective":
        values = {"found": earlier[-1].result}
        yield Reason("refuted", "the last review found it {found}; reopen it and look for the cause anew", values)
    yield from signed_now(record.reviews[-1], "review", circumstances)
    if record.reviews[-1].result != "not_effective":
        yield from _reviewed_in_time(record)


def _reviewed_in_time(record: Finding) -> Iterator[Reason]:
    review, criterion, earliest = record.review, record.criterion, record.review_from
    if review is None or criterion is None or earliest is None:
        return
    if review.at.date() < earliest:
        yield Reason("too-early", "the effect may not be reviewed before {day}", {"day": earliest})
    if review.cases < (criterion.after_cases or 0):
        values = {"wanted": criterion.after_cases, "found": review.cases}
        yield Reason("too-few-cases", "the review needs {wanted} cases; it has {found}", values)


def is_effective(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without a review, in time and by an outsider, or with one that found no effect."""
    if not record.grade.is_nonconformity:
        return
    review, verification = record.review, record.verification
    against = next((each.result for each in record.reviews if each.result != "effective"), None)
    if review is None or against:
        values = {"found": against or "not reviewed"}
        yield Reason("not-effective", "every review has to find it effective; it is {found}", values)
        return
    if review.by in _involved(record, circumstances):
        yield Reason("reviewed-by-owner", "whoever reviewed the effect owns it or one of its actions", {})
    if verification is not None and review.at < verification.at:
        yield Reason("too-early", "the effect may not be reviewed before {day}", {"day": verification.at.date()})
    yield from _reviewed_in_time(record)


def rests_on_evidence(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to close a nonconformity on evidence that did not count when it was relied on.

    What shows the nonconformity itself may be expired or speak for another time: that may be what was found.
    """
    before = circumstances.before
    if not record.grade.is_nonconformity or (isinstance(before, Finding) and before.status == "closed"):
        return
    held = {each.id: each for each in circumstances.of(Evidence)}
    against = [
        (held[link.target], reason)
        for link in record.evidence
        if link.target in held
        if held[link.target].status in ("rejected", "cancelled")
        for reason in counts_for(held[link.target], circumstances.today).reasons
        if reason.code == "not-accepted"
    ]
    for signed, since in _relied_on(record):
        for link in signed.evidence:
            if link.target in held:
                standing = counts_for(held[link.target], signed.at.date(), since=since)
                against += [(held[link.target], reason) for reason in standing.reasons]
    for evidence, reason in against:
        values = {"ref": evidence.ref or evidence.id, "reason": str(reason)}
        yield Reason("evidence-does-not-count", "evidence {ref} does not count: {reason}", values)


def _relied_on(record: Finding) -> Iterator[tuple[Verification | Review, date | None]]:
    """Yield what the closing rests on, with the day since when its evidence has to speak."""
    began = [each.at for past in record.earlier for each in past.reviews]
    began += [record.issued.at] if record.issued else []
    if record.verification:
        yield record.verification, max(began).date() if began else None
    if record.review:
        yield record.review, record.verification.at.date() if record.verification else None


def has_corrected(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without a verified corrective action of this round."""
    if not record.grade.is_nonconformity:
        return
    if not any(
        each.purpose == "corrective" and each.is_settled and _of_this_round(record, each)
        for each in _actions(record, circumstances)
    ):
        values = {"round": record.round}
        yield Reason("without-corrective-action", "no corrective action of round {round} is verified", values)
    yield from has_correction(record, circumstances)


def closed_by_other(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a finding that nobody closed, or somebody who owns it or did."""
    if record.closure is None:
        yield Reason("not-signed", "nobody is named who closed it", {})
    elif record.closure.by in record.owners:
        yield Reason("closed-by-owner", "whoever owns it, or did, may not close it; somebody else has to", {})


def had_no_effect(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a new round unless a review wants one and the round so far is kept."""
    before = circumstances.before
    if not isinstance(before, Finding):
        return
    if before.review is None or before.review.result == "effective":
        yield Reason("not-refuted", "no review found that it is not effective", {})
    if any(getattr(record, name) != value for name, value in before.next_round().items()):
        yield Reason("round-not-kept", "the round so far is kept as it is; take the fields from next_round", {})


def found_stays(before: Finding, after: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to change what was found, once issued, without a reason or by the owner."""
    found = (
        "requirements",
        "statement",
        "evidence",
        "origin",
        "raised_by",
        "raised_on",
        "grade_word",
        "due_response",
        "due_close",
    )
    changed = [name for name in found if getattr(before, name) != getattr(after, name)]
    if before.status == "draft" or not changed:
        return
    if not circumstances.why.strip():
        values = {"fields": ", ".join(changed)}
        yield Reason("without-why", "it is issued; say why {fields} should change", values)
    yield from not_the_owner(after, circumstances)


def plan_stays(before: Finding, after: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to change cause and criterion once the plan is agreed."""
    if before.status in ("plan_agreed", "implementing", "implemented", "effectiveness_pending") and (
        before.analysis != after.analysis or before.criterion != after.criterion
    ):
        yield Reason("plan-agreed", "cause and criterion are fixed since the plan was agreed", {})
