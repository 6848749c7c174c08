"""What stands in the way of a step of a finding, up to where its plan is carried out; see `qms.findings.closing`.

Each guard looks at the finding as it would be and at the actions that answer it, and yields every reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from qms.actions.action import DONE, Action
from qms.actions.ownership import changes_by_other, not_the_owner, still_holds
from qms.findings.finding import ANSWERED, Finding
from qms.findings.grades import Grade
from qms.lifecycle import Circumstances, Guard, Reason

LOST = "{field} may only grow; nothing in it is dropped or changed"
FOUND = (
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
"""What was found and by when it is to be answered; nobody changes it alone once it is issued."""


def answers(record: Finding, circumstances: Circumstances) -> list[Action]:
    """Return the actions that answer it."""
    return [each for each in circumstances.of(Action) if each.finding == record.id]


def of_this_round(record: Finding, action: Action) -> bool:
    """Whether an action counts for this round: not cancelled, and not verified before the round began.

    The first round begins when the finding is issued, every other one with the review that found no effect.
    """
    if action.status in ("cancelled", "not_effective"):
        return False
    done = action.verification if action.is_settled else None
    if done is None:
        return True
    issued = record.issued is None or done.at >= record.issued.at
    return issued and all(done.at > each.at for past in record.earlier for each in past.reviews)


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


def raised_by_now(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a finding that was raised in the future."""
    if record.raised_on and record.raised_on > circumstances.today:
        yield Reason(
            "in-future", "it cannot be raised on {day}, which is still to come", {"day": record.raised_on}
        )


def free_of_its_owner(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse that an owner acts alone on a draft that somebody else raised, or that comes from a record."""
    before = circumstances.before if isinstance(circumstances.before, Finding) else record
    if before.origin.record is not None or before.raised_by != circumstances.actor:
        yield from not_the_owner(record, circumstances)


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
    if record.grade is Grade.GOOD_PRACTICE and isinstance(before, Finding) and before.status != "issued":
        template = "it is {state}; only while it is issued can it become a good practice"
        yield Reason("other-path", template, {"state": before.status})
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
        each.purpose == "correction" and each.status != "cancelled" for each in answers(record, circumstances)
    ):
        yield Reason("without-correction", "a major needs a correction; add an action for it", {})


def has_plan(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a plan without a corrective action, or with one that lacks its owner or due date."""
    planned = [each for each in answers(record, circumstances) if of_this_round(record, each)]
    if not any(each.purpose == "corrective" for each in planned):
        values = {"round": record.round}
        yield Reason("without-corrective-action", "round {round} plans no corrective action; add one", values)
    for each in planned:
        if each.owner is None or each.due is None:
            yield Reason("action-incomplete", "{ref} needs an owner and a due date", {"ref": each.ref})


def is_worth_waiting(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a criterion that asks for no more time than there was when it was agreed to."""
    day = record.criterion.not_before if record.criterion else None
    if day and day <= circumstances.today:
        template = (
            "the effect of the plan cannot be seen on {day} already; set criterion.not_before to a later day"
        )
        yield Reason("too-early", template, {"day": day})


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
        for each in answers(record, circumstances):
            if each.status not in states:
                values = {"ref": each.ref or each.id, "state": each.status, "states": ", ".join(states)}
                yield Reason("action-open", "action {ref} is {state}; it has to be one of {states}", values)

    return guard


ACTIONS_DONE = _actions_in(DONE)
ACTIONS_SETTLED = _actions_in(("verified", "effective", "cancelled"))


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
    """Refuse to change what was found without a reason or by the owner, and to make it undated, once issued.

    Of a draft the owner may change it only if they raised it themselves.
    """
    if before.status == "draft":
        names = (*FOUND, "grade", "owner")
        if any(getattr(before, name) != getattr(after, name) for name in names):
            yield from free_of_its_owner(after, circumstances)
        return
    if before.raised_on and after.raised_on is None:
        yield Reason("undated", "it was raised on {day}; give another day, not none", {"day": before.raised_on})
    yield from changes_by_other(FOUND, before, after, circumstances)


def plan_stays(before: Finding, after: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to change cause and criterion once the plan is agreed."""
    if before.status in ANSWERED and (before.analysis != after.analysis or before.criterion != after.criterion):
        yield Reason("plan-agreed", "cause and criterion are fixed since the plan was agreed", {})
