"""Findings through a real store: the long path, the short ones, and every shortcut that must not work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from qms.actions.action import Action
from qms.actions.ownership import Verification, hand_over
from qms.change import Change
from qms.errors import RefusedError
from qms.evidence.evidence import Evidence, collect, supply
from qms.findings.finding import (
    Containment,
    Criterion,
    Extent,
    Finding,
    Regrade,
    Review,
    RootCauseAnalysis,
    Round,
    Statement,
    Why,
    move_due,
    regrade,
)
from qms.findings.grades import Grade
from qms.record import Deadline, Link, Requirement, Text
from qms.store import Store

OWNER, WORKER, OUTSIDER = "a.hoxha", "b.krasniqi", "c.marku"
CLAUSE = Requirement(source="ISO/IEC 17020:2012", clause="7.2.1")


@pytest.fixture
def database() -> str:
    return "sqlite"


def text(words: str) -> Text:
    return Text.of(words, "en")


class Office:
    """A store with a clock and three people, and the honest way to do each step."""

    def __init__(self, store: Store, clock: list[datetime]) -> None:
        self.store = store
        self.clock = clock
        self.ids = {name: store.person(name).id for name in (OWNER, WORKER, OUTSIDER)}

    @contextmanager
    def as_(self, who: str, why: str = "as found") -> Iterator[Change]:
        with self.store.change(by=self.ids[who], why=why) as change:
            yield change

    def wait(self, days: int) -> None:
        self.clock[0] += timedelta(days=days)

    def step(self, record, act, who=OUTSIDER, why="as found", **recorded):
        with self.as_(who, why) as change:
            return change.advance(change.get(type(record), record.id), act, **recorded)

    def edit(self, record, who=OUTSIDER, why="as found", **changes):
        with self.as_(who, why) as change:
            return change.save(change.get(type(record), record.id).revised(**changes))

    def now(self, record):
        return self.store.get(type(record), record.id)

    def verification(self, who=OUTSIDER, result="passed", **said) -> Verification:
        signed = {"by": self.ids[who], "at": self.clock[0], **said}
        return Verification(how="seen on the shelf", result=result, **signed)

    def review(self, who=OUTSIDER, result="effective", cases=0, **said) -> Review:
        signed = {"by": self.ids[who], "at": self.clock[0], **said}
        return Review(method="ten cases", result=result, cases=cases, **signed)

    def log(self, **period) -> Evidence:
        """Evidence that one person supplies and another accepts."""
        said = {"type": "record", "title": text("Log of the bags"), **period}
        with self.as_(WORKER) as change:
            held = collect(change, Evidence(unit="AL-TIR", **said), url="https://example.org/log")
        return self.step(held, "accept")

    def linked(self, record) -> Link:
        with self.as_(OUTSIDER) as change:
            return change.link(self.now(record))

    def verifiable(self, finding, **criterion) -> Finding:
        """Bring a finding to where only its verification is missing."""
        self.planned(finding)
        self.action(finding)
        self.step(finding, "agree", criterion=Criterion(measure=text("no open bag"), **criterion))
        self.step(finding, "start")
        self.do(self.store.find(Action, linked_to=finding.id)[0])
        return self.step(finding, "complete", OWNER)

    def finding(self, grade=Grade.MINOR, **fields) -> Finding:
        said = {
            "grade": grade,
            "statement": Statement(gap=text("Bags are not sealed"), evidence=text("three bags open")),
            "requirements": (CLAUSE,),
            "owner": self.ids[OWNER],
            **fields,
        }
        with self.as_(OUTSIDER) as change:
            return change.add(Finding(unit="AL-TIR", **said))

    def action(self, finding, purpose="corrective", who=WORKER) -> Action:
        said = {"purpose": purpose, "title": text("Buy seals"), "due": date(2026, 6, 1), "finding": finding.id}
        with self.as_(OUTSIDER) as change:
            return change.add(Action(unit="AL-TIR", owner=self.ids[who], **said))

    def do(self, action) -> Action:
        for act in ("approve", "start", "finish"):
            self.step(action, act, WORKER)
        return self.step(action, "verify", verifications=(*action.verifications, self.verification()))

    def planned(self, finding, **fields) -> Finding:
        """Bring a finding to the state in which its plan is written."""
        for act in ("issue", "accept", "analyse"):
            self.step(finding, act)
        self.edit(finding, analysis=cause(), **fields)
        return self.step(finding, "plan")

    def pending(self, finding, **criterion) -> Finding:
        """Bring a planned finding to where only its effect is open."""
        self.step(finding, "agree", criterion=Criterion(measure=text("no open bag"), **criterion))
        self.step(finding, "start")
        for action in self.store.find(Action, linked_to=finding.id):
            if not action.is_settled:
                self.do(action)
        self.step(finding, "complete", OWNER)
        return self.step(finding, "verify", verifications=(self.verification(),))


def cause() -> RootCauseAnalysis:
    asked = {"Why open?": "No seals", "Why none?": "No order"}
    chain = tuple(Why(why=text(why), answer=text(answer)) for why, answer in asked.items())
    return RootCauseAnalysis(method="5 whys", whys=chain, root_causes=(text("Nobody orders seals"),))


@pytest.fixture
def office(make_store: Callable[..., Store]) -> Office:
    clock = [datetime(2026, 3, 2, 9, tzinfo=UTC)]
    return Office(make_store(clock=lambda: clock[0]), clock)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def test_a_major_goes_all_the_way(office: Office) -> None:
    finding = office.finding(Grade.MAJOR, due_response=date(2026, 3, 20), due_close=date(2026, 9, 1))
    assert finding.ref == "NC-2026-001"
    assert finding.deadlines() == ()
    office.step(finding, "issue")
    held = office.step(finding, "accept", OWNER)
    owner = office.ids[OWNER]
    assert held.deadlines() == (
        Deadline("response", date(2026, 3, 20), owner),
        Deadline("close", date(2026, 9, 1), owner),
    )
    done = Containment(by=owner, at=office.clock[0], what=text("Bags sealed and counted"))
    office.step(finding, "contain", OWNER, containment=done)
    office.step(finding, "analyse", OWNER, extent=Extent(looked=text("both vans"), found=text("two more")))
    office.action(finding, "correction")
    office.step(finding, "plan", OWNER, analysis=cause())
    office.action(finding)
    pending = office.pending(finding, after_days=30)
    assert pending.review_from == date(2026, 4, 1)
    assert [each.what for each in pending.deadlines()] == ["effectiveness review", "close"]
    office.wait(30)
    office.step(finding, "review", reviews=(office.review(),))
    closed = office.step(finding, "close")
    assert closed.status == "closed"
    assert closed.closure is not None
    assert closed.closure.by == office.ids[OUTSIDER]
    assert closed.deadlines() == ()
    office.edit(closed, labels=("annual report",))
    assert office.store.verify()


def test_every_reason_is_told_at_once(office: Office) -> None:
    finding = office.finding(requirements=(), statement=Statement(gap=text("Bags are not sealed")))
    with pytest.raises(RefusedError) as error:
        office.step(finding, "issue")
    assert codes(error) == {"without-requirement", "without-evidence"}
    evidence = {"requirements": (CLAUSE,), "statement": Statement(gap=text("x"), evidence=text("y"))}
    office.edit(finding, **evidence)
    for act in ("issue", "accept", "analyse"):
        office.step(finding, act)
    with pytest.raises(RefusedError) as error:
        office.step(finding, "plan")
    assert codes(error) == {"without-cause"}
    office.step(finding, "plan", analysis=cause())
    with pytest.raises(RefusedError) as error:
        office.step(finding, "agree", OWNER)
    assert codes(error) == {"own-record", "without-corrective-action", "without-criterion", "agreed-by-owner"}


def test_nothing_is_due_before_it_was_raised(office: Office) -> None:
    raised = date(2026, 3, 1)
    finding = office.finding(raised_on=raised, due_response=date(2026, 2, 1), due_close=date(2026, 2, 28))
    with pytest.raises(RefusedError, match="its closing is due by 2026-02-28") as error:
        office.step(finding, "issue")
    assert codes(error) == {"due-before-raised"}
    finding = office.edit(finding, due_response=raised, due_close=raised)
    assert office.step(finding, "issue").status == "issued"


def test_a_linked_record_is_evidence_and_the_finding_itself_is_not(office: Office) -> None:
    bare = Statement(gap=text("Bags are not sealed"))
    finding = office.finding(statement=bare)
    with office.as_(OUTSIDER) as change:
        own, other = change.link(finding), change.link(office.store.person(WORKER))
    office.edit(finding, evidence=(own,))
    with pytest.raises(RefusedError, match="evidence"):
        office.step(finding, "issue")
    office.edit(finding, evidence=(other,))
    assert office.step(finding, "issue").status == "issued"


def test_a_major_needs_correction_and_extent_before_its_plan(office: Office) -> None:
    finding = office.finding(Grade.MAJOR)
    for act in ("issue", "accept", "analyse"):
        office.step(finding, act)
    with pytest.raises(RefusedError) as error:
        office.step(finding, "plan", analysis=cause())
    assert codes(error) == {"without-extent", "without-correction"}


def test_no_effect_looks_for_the_cause_anew_and_keeps_the_round(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    first = office.action(finding)
    office.pending(finding, after_cases=5)
    with pytest.raises(RefusedError) as error:
        office.step(finding, "review", reviews=(office.review(cases=4),))
    assert codes(error) == {"too-few-cases"}
    seen = office.step(finding, "review", reviews=(office.review(result="not_effective"),))
    with pytest.raises(RefusedError) as error:
        office.step(finding, "close")
    assert codes(error) == {"not-effective"}
    with pytest.raises(RefusedError) as error:
        office.step(finding, "reopen", **{**seen.next_round(), "earlier": ()})
    assert "round-not-kept" in codes(error)
    again = office.step(finding, "reopen", **seen.next_round())
    assert (again.round, again.status, again.analysis, again.verifications) == (2, "cause_analysis", None, ())
    assert again.earlier[0].analysis == cause()
    assert again.earlier[0].reviews == seen.reviews
    office.wait(1)
    office.step(finding, "plan", analysis=cause())
    with pytest.raises(RefusedError) as error:
        office.step(finding, "agree", criterion=Criterion(measure=text("none"), after_days=1))
    assert codes(error) == {"without-corrective-action"}
    assert office.now(first).status == "verified"
    office.action(finding)
    office.pending(finding, after_days=1)
    office.wait(1)
    office.step(finding, "review", reviews=(office.review(),))
    assert office.step(finding, "close").round == 2


def test_bad_news_may_come_early_and_good_news_may_not(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    office.pending(finding, not_before=date(2026, 5, 1), after_days=10)
    with pytest.raises(RefusedError, match="2026-05-01"):
        office.step(finding, "review", reviews=(office.review(),))
    assert office.step(finding, "review", reviews=(office.review(result="not_effective"),)).review


@pytest.mark.parametrize("result", ["partly", "not_effective"])
def test_bad_news_is_not_outvoted(office: Office, result: str) -> None:
    finding = office.finding()
    office.planned(finding)
    action = office.action(finding)
    office.pending(finding, after_days=1)
    office.wait(1)
    bad = office.step(finding, "review", reviews=(office.review(result=result),))
    office.wait(1)
    both = (*bad.reviews, office.review())
    with pytest.raises(RefusedError) as error:
        office.step(finding, "review", reviews=both)
    assert codes(error) == {"refuted"}
    signed = {"by": office.ids[OUTSIDER], "at": office.clock[0]}
    forged = bad.revised(status="closed", reviews=both, closure=signed)
    with pytest.raises(RefusedError) as error, office.as_(OUTSIDER) as change:
        change.merge(forged)
    assert codes(error) == {"not-effective"}
    assert office.now(action).status == "verified"
    assert office.step(finding, "reopen", **bad.next_round()).round == 2


@pytest.mark.parametrize("days", [-40, -1, 1])
def test_a_verification_and_a_review_are_dated_when_they_are_recorded(office: Office, days: int) -> None:
    finding = office.finding()
    office.verifiable(finding, after_days=30)
    other = office.clock[0] + timedelta(days=days)
    for act, result in (("verify", "passed"), ("send_back", "failed")):
        with pytest.raises(RefusedError) as error:
            office.step(finding, act, verifications=(office.verification(result=result, at=other),))
        assert "not-now" in codes(error)
    office.step(finding, "verify", verifications=(office.verification(),))
    office.wait(60)
    with pytest.raises(RefusedError) as error:
        office.step(finding, "review", reviews=(office.review(at=office.clock[0] + timedelta(days=days / 2)),))
    assert "not-now" in codes(error)


def test_merging_takes_no_signature_from_the_future(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    held = office.pending(finding, after_days=30)
    soon = office.clock[0] + timedelta(days=31)
    for forged in (
        held.revised(reviews=(office.review(at=soon),)),
        held.revised(verifications=(*held.verifications, office.verification(at=soon))),
    ):
        with pytest.raises(RefusedError) as error, office.as_(OUTSIDER) as change:
            change.merge(forged)
        assert codes(error) == {"in-future"}


def test_an_action_that_comes_late_is_verified_before_the_finding_is_again(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    first = office.pending(finding, after_days=1)
    late = office.action(finding)
    office.wait(1)
    seen = office.log(effective_from=office.clock[0].date(), effective_to=office.clock[0].date())
    office.step(finding, "review", reviews=(office.review(evidence=(office.linked(seen),)),))
    office.wait(1)
    office.do(late)
    with pytest.raises(RefusedError, match=late.ref) as error:
        office.step(finding, "close")
    assert codes(error) == {"verified-early"}
    again = office.step(finding, "verify", verifications=(*first.verifications, office.verification()))
    assert again.review_from == office.clock[0].date() + timedelta(days=1)
    with pytest.raises(RefusedError, match="not be reviewed before"):
        office.step(finding, "close")
    office.wait(1)
    office.step(finding, "review", reviews=(*again.reviews, office.review()))
    assert office.step(finding, "close").status == "closed"


def test_closing_rests_on_evidence_that_counts(office: Office) -> None:
    day, since = office.clock[0].date(), {"effective_from": office.clock[0].date()}
    shown, sound = office.log(**since), office.log(**since)
    stale = office.log(effective_from=day - timedelta(days=9), effective_to=day - timedelta(days=5))
    expired = office.log(**since, expires=day + timedelta(days=1))
    finding = office.finding(evidence=(office.linked(shown),))
    office.verifiable(finding, after_days=2)
    used = (office.linked(sound), office.linked(stale))
    office.step(finding, "verify", verifications=(office.verification(evidence=used),))
    office.wait(2)
    used = (office.linked(sound), office.linked(expired))
    held = office.step(finding, "review", reviews=(office.review(evidence=used),))
    for each in (sound, shown):
        with office.as_(WORKER) as change:
            supply(change, change.get(Evidence, each.id), url="https://example.org/other")
        office.step(each, "reject")
    with pytest.raises(RefusedError) as error:
        office.step(finding, "close")
    assert codes(error) == {"evidence-does-not-count"}
    told = str(error.value)
    assert f"{stale.ref} does not count: it speaks for" in told
    assert f"{expired.ref} does not count: it expired on {day + timedelta(days=1)}" in told
    for each in (sound, shown):
        assert f"{each.ref} does not count: it is rejected" in told
        office.step(each, "revise", WORKER)
        office.step(each, "accept")
    renewed = [
        office.step(each, "revise", WORKER, **since, effective_to=None, expires=None) for each in (stale, expired)
    ]
    for each in renewed:
        office.step(each, "accept")
    assert office.step(held, "close").status == "closed"
    office.step(sound, "revise")
    assert office.edit(finding, labels=("annual report",)).labels


def test_the_owner_of_a_draft_that_others_raised_leaves_it_alone(office: Office) -> None:
    finding = office.finding(Grade.MAJOR, raised_by=office.ids[OUTSIDER])
    with pytest.raises(RefusedError, match="whoever owns it"):
        office.step(finding, "cancel", OWNER)
    with pytest.raises(RefusedError, match="whoever owns it"):
        office.edit(finding, OWNER, grade=Grade.OPPORTUNITY)
    observed = office.finding(Grade.OBSERVATION)
    for act in ("issue", "accept"):
        office.step(observed, act)
    with pytest.raises(RefusedError, match="whoever owns it"):
        office.step(observed, "decline", OWNER)


def test_who_says_that_it_is_done_does_not_verify_it(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    action = office.action(finding)
    for act in ("approve", "start", "finish"):
        office.step(action, act, OUTSIDER)
    with pytest.raises(RefusedError, match="whoever said that it is done"):
        office.step(action, "verify", OUTSIDER, verifications=(office.verification(),))


def test_an_agreed_plan_does_not_change_in_its_owners_hands(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    action = office.action(finding)
    office.step(finding, "agree", criterion=Criterion(measure=text("none"), after_days=1))
    for who, why in ((WORKER, "shorter"), (OUTSIDER, "")):
        with pytest.raises(RefusedError):
            office.edit(action, who, why, title=text("Order one seal"))
    with pytest.raises(RefusedError, match="belongs to the agreed plan"):
        office.step(action, "cancel", OWNER)
    assert office.edit(action, OUTSIDER, "a slip", title=text("Buy 200 seals"))
    for act in ("approve", "start", "finish"):
        office.step(action, act, WORKER)
    with pytest.raises(RefusedError, match="it is done; title stay"):
        office.edit(action, OUTSIDER, "later", title=text("Buy one seal"))


def test_what_was_done_before_the_finding_does_not_answer_it(office: Office) -> None:
    finding = office.finding()
    early = office.do(office.action(finding))
    assert early.status == "verified"
    office.wait(1)
    office.planned(finding)
    past = Criterion(measure=text("none"), not_before=date(2020, 1, 1))
    with pytest.raises(RefusedError):
        office.step(finding, "agree", criterion=past)
    with pytest.raises(RefusedError):
        office.step(finding, "agree", criterion=Criterion(measure=text("none"), after_days=1))


def test_days_of_an_issued_finding_move_by_a_step_that_keeps_them(office: Office) -> None:
    day = office.clock[0].date()
    finding = office.finding(due_close=day + timedelta(days=60), raised_on=day)
    office.step(finding, "issue")
    for wrong in (
        {"due_close": day + timedelta(days=90)},
        {"due_close": None},
        {"due_response": day - timedelta(days=1)},
        {"raised_on": day + timedelta(days=9)},
    ):
        with pytest.raises(RefusedError):
            office.edit(finding, **wrong)
    with office.as_(OUTSIDER, "the supplier is late") as change:
        moved = move_due(change, office.now(finding), due_close=day + timedelta(days=90))
    assert [(each.due, each.of) for each in moved.previous_dues] == [(day + timedelta(days=60), "due_close")]


def test_a_graver_grade_leads_to_where_a_cause_is_looked_for(office: Office) -> None:
    finding = office.finding(Grade.OBSERVATION)
    for act in ("issue", "accept", "start"):
        office.step(finding, act)
    with office.as_(OUTSIDER) as change, pytest.raises(RefusedError, match="only while it is issued"):
        regrade(change, office.now(finding), Grade.GOOD_PRACTICE)
    with office.as_(OUTSIDER) as change:
        assert regrade(change, office.now(finding), Grade.MINOR).status == "accepted"


@pytest.mark.parametrize("who", [OWNER, WORKER])
def test_who_owns_the_finding_or_an_action_does_not_judge_it(office: Office, who: str) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    office.step(finding, "agree", criterion=Criterion(measure=text("none"), after_days=1))
    office.step(finding, "start")
    office.do(office.store.find(Action)[0])
    office.step(finding, "complete", OWNER)
    with pytest.raises(RefusedError, match="own"):
        office.step(finding, "verify", who, verifications=(office.verification(who),))
    with pytest.raises(RefusedError, match="own"):
        office.step(finding, "verify", verifications=(office.verification(who),))
    office.step(finding, "verify", verifications=(office.verification(),))
    office.wait(2)
    with pytest.raises(RefusedError, match="own"):
        office.step(finding, "review", who, reviews=(office.review(who),))
    with pytest.raises(RefusedError, match="whoever did it"):
        office.step(finding, "review", reviews=(office.review(who),))


def test_handing_over_does_not_free_the_old_owner(office: Office) -> None:
    finding = office.finding(Grade.OBSERVATION)
    for act in ("issue", "accept", "start"):
        office.step(finding, act)
    with pytest.raises(RefusedError, match="hand it over"):
        office.edit(finding, OWNER, owner=office.ids[WORKER])
    with office.as_(OWNER, why="on leave") as change:
        held = hand_over(change, change.get(Finding, finding.id), office.ids[WORKER])
    assert held.previous_owners == (office.ids[OWNER],)
    for who in (OWNER, WORKER):
        with pytest.raises(RefusedError, match="may not close it"):
            office.step(finding, "close", who)
    assert office.step(finding, "close").status == "closed"


def test_short_paths(office: Office) -> None:
    noted, followed, declined = (
        office.finding(grade, requirements=())
        for grade in (Grade.GOOD_PRACTICE, Grade.OBSERVATION, Grade.OPPORTUNITY)
    )
    assert [each.ref[:3] for each in (noted, followed, declined)] == ["GP-", "OBS", "OFI"]
    office.step(noted, "issue")
    assert office.step(noted, "note").status == "closed"
    for each in (followed, declined):
        office.step(each, "issue")
        office.step(each, "accept")
    office.step(followed, "start")
    action = office.action(followed, "improvement")
    with pytest.raises(RefusedError, match=action.ref):
        office.step(followed, "close")
    office.step(action, "cancel", why="no money")
    assert office.step(followed, "close").status == "closed"
    with pytest.raises(RefusedError, match="say why"):
        office.step(declined, "decline", why="")
    assert office.step(declined, "decline", why="costs more than it brings").status == "declined"


def test_a_nonconformity_cannot_be_lowered_to_the_short_path(office: Office) -> None:
    finding = office.finding(Grade.MAJOR)
    office.step(finding, "issue")
    with pytest.raises(RefusedError, match="regrade"):
        office.edit(finding, grade=Grade.OBSERVATION)
    with office.as_(OUTSIDER, why="one van only") as change:
        held = regrade(change, change.get(Finding, finding.id), Grade.MINOR)
    assert [(each.old, each.new, each.why) for each in held.regrades] == [("major", "minor", "one van only")]
    with pytest.raises(RefusedError, match="withdraw it"), office.as_(OUTSIDER) as change:
        regrade(change, held, Grade.OBSERVATION)
    with pytest.raises(RefusedError, match="may not do this"), office.as_(OWNER) as change:
        regrade(change, held, Grade.MAJOR)
    for act in ("note", "decline", "start", "close"):
        with pytest.raises(RefusedError):
            office.step(finding, act)


def test_what_was_found_stays(office: Office) -> None:
    finding = office.finding()
    office.step(finding, "issue")
    milder = Statement(gap=text("Nothing much"), evidence=text("three bags open"))
    with pytest.raises(RefusedError, match="say why"):
        office.edit(finding, why="", statement=milder)
    with pytest.raises(RefusedError, match="may not do this"):
        office.edit(finding, OWNER, due_close=date(2030, 1, 1))
    with pytest.raises(RefusedError, match="requirement"):
        office.edit(finding, requirements=())


def test_the_criterion_is_fixed_with_the_plan(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    office.step(finding, "agree", criterion=Criterion(measure=text("no open bag"), after_days=90))
    with pytest.raises(RefusedError, match="fixed"):
        office.edit(finding, criterion=Criterion(measure=text("few open bags"), after_days=1))
    office.step(finding, "replan")
    assert office.edit(finding, criterion=Criterion(measure=text("few open bags"), after_days=1)).criterion


def test_no_new_work_on_a_finding_that_has_ended(office: Office) -> None:
    finding = office.finding(Grade.OBSERVATION)
    for act in ("issue", "accept", "start", "close"):
        office.step(finding, act)
    with pytest.raises(RefusedError, match="is closed; raise a new one"):
        office.action(finding)


def test_merging_does_not_close_what_was_not_verified(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    held = office.now(finding)
    drafts = (held.revised(status="draft"), held.revised(status="draft", issued=None))
    for forged in (held.revised(status="closed"), *drafts):
        with pytest.raises(RefusedError), office.as_(OUTSIDER) as change:
            change.merge(forged)
    with pytest.raises(RefusedError) as error, office.as_(OUTSIDER) as change:
        change.merge(held.revised(grade=Grade.OBSERVATION, status="closed"))
    assert "grade-not-kept" in codes(error)


def test_merging_does_not_forget_a_verification(office: Office) -> None:
    finding = office.finding()
    office.planned(finding)
    office.action(finding)
    held = office.pending(finding, after_days=1)
    with pytest.raises(RefusedError, match="verifications may only grow"), office.as_(OUTSIDER) as change:
        change.merge(held.revised(status="implemented", verifications=()))
    with pytest.raises(RefusedError, match="verifications may only grow"), office.as_(OUTSIDER) as change:
        change.merge(held.revised(status="cause_analysis", verifications=(), earlier=(Round(),)))


def test_a_regrade_says_truly_who_did_it_and_from_what(office: Office) -> None:
    finding = office.finding()
    held = office.step(finding, "issue")
    said = {"by": office.ids[WORKER], "at": office.clock[0], "why": "as found", "old": "minor", "new": "major"}
    with pytest.raises(RefusedError, match="kept with who changed it"):
        office.step(held, "regrade", grade=Grade.MAJOR, regrades=(Regrade.model_validate(said),))
    with pytest.raises(RefusedError, match="graded minor already"), office.as_(OUTSIDER) as change:
        regrade(change, held, Grade.MINOR)


def test_a_closed_finding_comes_over_with_its_actions_in_any_order(
    office: Office, make_store: Callable[..., Store]
) -> None:
    finding = office.finding()
    office.planned(finding)
    action = office.action(finding)
    other = make_store(clock=lambda: office.clock[0])
    people = [office.store.person(name) for name in office.ids]
    begun = [office.now(finding), office.now(action)]
    with other.change(by=other.person(OUTSIDER).id) as change:
        change.merge_all([each.revised(ref=f"{each.ref}.2") for each in people])
        change.merge_all(begun)
    office.pending(finding, after_days=1)
    office.wait(1)
    office.step(finding, "review", reviews=(office.review(),))
    closed = [office.step(finding, "close"), office.now(action)]
    with pytest.raises(RefusedError, match=action.ref), other.change(by=other.person(OUTSIDER).id) as change:
        change.merge(closed[0])
    for order in (closed, closed[::-1]):
        with other.change(by=other.person(OUTSIDER).id) as change:
            change.merge_all(order)
    assert other.get(Finding, finding.id).status == "closed"
    with (
        pytest.raises(RefusedError, match="raise a new one"),
        other.change(by=other.person(OUTSIDER).id) as change,
    ):
        change.merge(begun[1])
    assert other.verify()


def test_causes_fit_their_method() -> None:
    with pytest.raises(ValidationError, match="without the steps"):
        RootCauseAnalysis(method="fishbone", root_causes=(text("people"),))
    with pytest.raises(ValidationError, match="steps of '5 whys'"):
        RootCauseAnalysis(method="other", whys=cause().whys)
    with pytest.raises(ValidationError, match="say when"):
        Criterion(measure=text("none"))


def test_closing_before_the_response_is_refused() -> None:
    days = {"due_response": date(2026, 5, 2), "due_close": date(2026, 5, 1)}
    with pytest.raises(ValidationError, match="before a response"):
        Finding(unit="AL-TIR", grade=Grade.MINOR, statement=Statement(gap=text("x")), **days)
