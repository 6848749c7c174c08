"""Scores, gaps and readiness: what is counted, what blocks, and what is never told alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.judging import begin, checklist_of, judge, plan_action, raise_finding
from accreditation.assessments.profile import Checklist, Exclusion, Profile
from accreditation.assessments.scoring import WORTH, scores
from accreditation.errors import UnknownError
from accreditation.gaps import Situation, issues
from accreditation.issue import issue_kinds
from accreditation.readiness import latest, readiness, situation_on
from qms.actions.action import Action, Cost
from qms.audits.audit import Audit
from qms.documents.document import Document
from qms.evidence.evidence import Evidence, collect
from qms.findings.finding import Finding
from qms.organisation import Person, Unit
from qms.record import Link, Record, Requirement, Text
from qms.store import Store

TODAY = date(2026, 11, 23)
PROFILE = Profile(name="Baseline", standards=("iso17020-2012",))
KEYS = tuple(item.key for item in Checklist.of(PROFILE).items)
Somebody = Callable[[str], str]


def assessed(judgements: dict[str, Judgement]) -> Assessment:
    return Assessment(unit="AL-TIR", title=Text.of("Baseline", "en"), profile=PROFILE, judgements=judgements)


def test_nothing_judged_has_no_score() -> None:
    whole = scores(assessed({}), Checklist.of(PROFILE), (), on=TODAY).whole
    assert (whole.value, whole.coverage, whole.evidence_share, whole.documented) == (None, 0.0, None, None)
    assert whole.warning is not None
    assert "score - · coverage 0%" in str(whole)


def test_everything_not_applicable_has_no_coverage() -> None:
    said = Judgement(result="not_applicable", justification=Text.of("not done here", "en"))
    whole = scores(assessed(dict.fromkeys(KEYS, said)), Checklist.of(PROFILE), (), on=TODAY).whole
    assert (whole.value, whole.coverage, whole.warning) == (None, None, None)


RESULTS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["conforms", "minor", "major", "not_assessed"]))


@given(RESULTS)
def test_score_is_the_weighted_mean_of_what_was_assessed(results: dict[str, str]) -> None:
    checklist = Checklist.of(PROFILE)
    judgements = {key: Judgement.model_validate({"result": result}) for key, result in results.items()}
    told = scores(assessed(judgements), checklist, (), on=TODAY)
    weights = {item.key: item.weight for item in checklist.items}
    counting = {key: WORTH[result] for key, result in results.items() if result in WORTH}
    if counting:
        expected = sum(weights[key] * worth for key, worth in counting.items()) / sum(map(weights.get, counting))  # type: ignore[arg-type]
        assert told.whole.value == pytest.approx(expected)
        assert min(WORTH.values()) <= told.whole.value <= max(WORTH.values())
    assert told.whole.coverage == pytest.approx(len(counting) / len(KEYS))
    assert sum(each.score.assessed for each in told.sections) == told.whole.assessed == len(counting)


@given(RESULTS, st.sampled_from(KEYS))
def test_a_better_result_never_lowers_a_score(results: dict[str, str], key: str) -> None:
    checklist = Checklist.of(PROFILE)

    def value(result: str) -> float:
        told = {
            name: Judgement.model_validate({"result": each}) for name, each in {**results, key: result}.items()
        }
        whole = scores(assessed(told), checklist, (), on=TODAY).whole
        assert whole.value is not None
        return whole.value

    assert value("conforms") >= value("minor") >= value("major")


def collected(store: Store, by: str, **fields: object) -> Evidence:
    said = {"unit": "AL-TIR", "type": "record", "title": Text.of("Log", "en"), **fields}
    with store.change(by=by, why="collected") as change:
        return collect(change, Evidence.model_validate(said), url="https://unit.example/log")


def accepted(store: Store, evidence: Evidence, by: str) -> Evidence:
    with store.change(by=by, why="seen") as change:
        return change.advance(evidence, "accept")


def link(record: Record) -> Link:
    return Link(target=record.id, seen=record.content_sha256(), version=record.version)


def told(store: Store, assessment: Assessment, on: date = TODAY) -> set[tuple[str, str]]:
    return {(each.code, each.clause.rpartition(" ")[2]) for each in issues(Situation(store, assessment, on=on))}


def say(store: Store, assessment: Assessment, by: str, **said: object) -> Assessment:
    with store.change(by=by, why="judge") as change:
        return judge(change, assessment, said, checklist=checklist_of(store, assessment))  # type: ignore[arg-type]


def test_evidence_counts_only_when_it_is_accepted_and_speaks_of_the_time(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    fresh = collected(store, besa, effective_from=date(2026, 1, 1), expires=date(2027, 12, 31))
    kept = say(store, assessment, arta, **{"7.2.4": {"result": "conforms", "evidence": (link(fresh),)}})
    assert {("conforms-without-evidence", "7.2.4"), ("evidence-not-counting", "7.2.4")} <= told(store, kept)
    fresh = accepted(store, fresh, arta)
    assert not [each for each in told(store, kept) if each[1] == "7.2.4" and each[0].startswith("conforms")]
    whole = readiness(Situation(store, kept, on=TODAY)).scores.whole
    assert (whole.backed, whole.oldest) == (1, date(2026, 1, 1))
    assert ("evidence-expiring", "7.2.4") in told(store, kept, on=date(2027, 12, 1))
    assert ("evidence-not-counting", "7.2.4") in told(store, kept, on=date(2028, 1, 1))


def test_evidence_of_another_unit_is_named(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    with store.change(by=arta, why="the laboratory") as change:
        change.add(Unit(unit="XK-1", ref="XK-1", jurisdiction="AL", name=Text.of("Laboratory", "en")))
    theirs = accepted(store, collected(store, besa, unit="XK-1", effective_from=date(2026, 1, 1)), arta)
    kept = say(store, assessment, arta, **{"7.2.4": {"result": "conforms", "evidence": (link(theirs),)}})
    assert ("evidence-of-another-unit", "7.2.4") in told(store, kept)
    ours = accepted(store, collected(store, besa, effective_from=date(2026, 1, 1)), arta)
    kept = say(store, kept, arta, **{"7.2.4": {"evidence": (link(ours),)}})
    assert ("evidence-of-another-unit", "7.2.4") not in told(store, kept)


def test_expired_calibration_blocks(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    besa = somebody("b.krasniqi")
    meter = collected(
        store, besa, effective_from=date(2025, 1, 1), expires=date(2026, 6, 30), labels=("calibration",)
    )
    accepted(store, meter, somebody("a.hoxha"))
    kept = say(store, assessment, besa, **{"6.2.6": {"result": "conforms", "evidence": (link(meter),)}})
    standing = readiness(Situation(store, kept, on=TODAY))
    assert "calibration-expired" in {each.code for each in standing.blockers}
    assert not standing


def test_gate_blocks_whatever_the_score(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    everything = {item.key: {"result": "conforms"} for item in checklist_of(store, assessment).items}
    kept = say(store, assessment, arta, **everything)
    before = {each.code for each in readiness(Situation(store, kept, on=TODAY)).blockers}
    assert before == {"audit-missing", "review-missing"}
    kept = say(store, kept, arta, **{"7.2.1": {"result": "minor", "justification": Text.of("no numbers", "en")}})
    standing = readiness(Situation(store, kept, on=TODAY))
    assert standing.scores.whole.value is not None
    assert standing.scores.whole.value > 0.98
    assert "gate-not-met" in {each.code for each in standing.blockers}
    assert not standing
    assert next(each for each in standing.clauses if each.key.endswith(":7.2.1")).level == "blocker"


def test_unit_becomes_ready_when_nothing_blocks(
    store: Store, assessment: Assessment, somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    minutes = accepted(
        store, collected(store, besa, effective_from=date(2026, 9, 1), effective_to=date(2026, 9, 1)), arta
    )
    everything = {item.key: {"result": "conforms"} for item in checklist_of(store, assessment).items}
    everything["8.5.2"] = {"result": "conforms", "evidence": (link(minutes),)}  # type: ignore[dict-item]
    kept = say(store, assessment, arta, **everything)
    audit = Audit(
        unit="AL-TIR",
        title=Text.of("Everything", "en"),
        criteria=(Requirement(source="ISO/IEC 17020:2012", clause="7"),),
        status="reported",
        reported_on=date(2026, 10, 1),
    )
    here = Situation(store, kept, on=TODAY)
    kinds = {Audit: [audit]}
    original = Situation.of
    monkeypatch.setattr(Situation, "of", lambda self, kind: kinds.get(kind) or original(self, kind))
    assert readiness(here)
    later = Situation(store, kept, on=date(2027, 10, 2))
    assert {each.code for each in readiness(later).blockers} == {"audit-missing", "review-missing"}


def test_nonconformities_lead_to_findings_and_actions(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    kept = say(store, assessment, arta, **{"7.2.3": {"result": "minor", "justification": Text.of("x", "en")}})
    assert {("gap-without-finding", "7.2.3"), ("gap-without-action", "7.2.3")} <= told(store, kept)
    checklist = checklist_of(store, kept)
    with store.change(by=arta, why="follow up") as change:
        kept, finding = raise_finding(
            change, kept, "7.2.3", checklist=checklist, evidence=Text.of("3 bags", "en"), owner=besa
        )
        kept, action = plan_action(
            change,
            kept,
            "7.2.3",
            checklist=checklist,
            title=Text.of("Number", "en"),
            owner=besa,
            due=date(2029, 4, 1),
            cost=Cost(amount=Decimal(100), currency="EUR"),
        )
    found = told(store, kept)
    assert ("gap-without-finding", "7.2.3") not in found
    assert ("gap-without-action", "7.2.3") not in found
    assert ("action-after-transition", "7.2.3") in found
    assert ("action-overdue", "7.2.3") in told(store, kept, on=date(2029, 4, 2))
    with store.change(by=arta, why="issued") as change:
        finding = change.advance(finding, "issue")
    with store.change(by=besa, why="yes") as change:
        change.advance(finding, "accept")
    kept = say(store, kept, arta, **{"7.2.3": {"result": "conforms"}})
    found = told(store, kept)
    assert {("conforms-with-finding", "7.2.3"), ("finding-without-cause", "7.2.3")} <= found
    assert action.ref


def test_paper_without_practice_is_named(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    kept = say(
        store,
        assessment,
        somebody("a.hoxha"),
        **{
            "7.1.1": {"result": "conforms", "documented": 4, "implemented": 2},
            "7.1.2": {"result": "conforms", "documented": 4, "implemented": 3},
        },
    )
    paper = {each for each in told(store, kept) if each[0] == "paper-without-practice"}
    assert paper == {("paper-without-practice", "7.1.1")}


def test_changed_words_of_a_requirement_are_noticed(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    kept = say(store, assessment, somebody("a.hoxha"), **{"7.1.1": {"result": "conforms"}})
    assert ("words-changed", "7.1.1") not in told(store, kept)
    key = "iso17020-2012:7.1.1"
    old = kept.with_judgement(key, kept.judgement(key).model_copy(update={"seen": "0" * 64}))
    assert ("words-changed", "7.1.1") in told(store, old)


def test_edition_that_is_no_longer_recognised_is_warned_of(store: Store, assessment: Assessment) -> None:
    assert "warning-of-edition" not in {code for code, _ in told(store, assessment, on=date(2029, 3, 27))}
    assert "warning-of-edition" in {code for code, _ in told(store, assessment, on=date(2029, 3, 28))}


def test_every_kind_of_issue_can_be_said() -> None:
    source = (Path(__file__).parents[2] / "accreditation" / "gaps.py").read_text(encoding="utf-8")
    for code in issue_kinds():
        assert f'"{code}"' in source, f"no check yields {code}"


def test_issues_come_blockers_first_and_in_order(store: Store, assessment: Assessment) -> None:
    found = issues(Situation(store, assessment, on=TODAY))
    levels = [each.level for each in found]
    assert levels == sorted(levels, key=["blocker", "warning", "note"].index)
    assert all(str(each.why) and str(each.what_to_do) and "{" not in str(each) for each in found)


def test_nobody_is_ready_with_nothing_judged(store: Store, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    with store.change(by=arta, why="a list of our own") as change:
        kept = begin(change, "AL-TIR", PROFILE, title=Text.of("None", "en"), lead=arta)
    said = {"result": "not_applicable", "justification": Text.of("we do nothing", "en")}
    kept = say(store, kept, arta, **dict.fromkeys(KEYS, said))
    found = told(store, kept)
    gates = {item.clause.id for item in Checklist.of(PROFILE).items if item.clause.gate}
    assert ("nothing-judged", "") in found
    assert {clause for code, clause in found if code == "gate-not-applicable"} == gates
    assert not readiness(Situation(store, kept, on=TODAY))


def test_gates_that_are_left_out_are_named_and_audits_are_asked_for(store: Store, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    left = [Exclusion(standard="iso17020-2012", clause=each, why="x") for each in ("4", "5", "6", "7", "8")]
    narrow = Profile(name="Annexes", standards=("iso17020-2012",), excluded=tuple(left))
    with store.change(by=arta, why="narrow") as change:
        kept = begin(change, "AL-TIR", narrow, title=Text.of("Narrow", "en"), lead=arta)
    codes = {code for code, _ in told(store, kept)}
    assert {"gate-excluded", "audit-missing", "review-missing"} <= codes


@pytest.mark.parametrize("clause", ["7.1.9", "7.1", "6.2"])
def test_an_open_major_nonconformity_blocks_wherever_it_is_raised(
    store: Store, assessment: Assessment, somebody: Somebody, clause: str
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    drafted = Finding.model_validate(
        {
            "unit": "AL-TIR",
            "grade": "major",
            "requirements": (Requirement(source="ISO/IEC 17020:2012", clause=clause),),
            "statement": {"gap": Text.of("gap", "en"), "requirement": Text.of("must", "en"), "evidence": None},
            "raised_by": arta,
            "raised_on": store.now().date(),
            "owner": besa,
        }
    )
    with store.change(by=arta, why="seen") as change:
        finding = change.add(drafted)
    assert "major-finding-open" not in {code for code, _ in told(store, assessment)}
    with store.change(by=arta, why="issued") as change:
        fields = {"statement": finding.statement.model_copy(update={"evidence": Text.of("seen", "en")})}
        change.advance(change.save(finding.revised(**fields)), "issue")
    assert "major-finding-open" in {code for code, _ in told(store, assessment)}


def test_an_old_procedure_is_no_management_review_and_a_cancelled_audit_none_at_all(
    store: Store, assessment: Assessment, somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    procedure = accepted(store, collected(store, besa, effective_from=date(2015, 1, 1)), arta)
    kept = say(store, assessment, arta, **{"8.5.2": {"result": "conforms", "evidence": (link(procedure),)}})
    said = {"unit": "AL-TIR", "title": Text.of("All", "en"), "reported_on": date(2026, 10, 1)}
    other = (Requirement(source="ISO 9001:2015", clause="9"),)
    original = Situation.of
    for audit in (Audit(**said, status="cancelled"), Audit(**said, status="reported", criteria=other)):
        kinds = {Audit: [audit]}
        monkeypatch.setattr(
            Situation, "of", lambda self, kind, kinds=kinds: kinds.get(kind) or original(self, kind)
        )
        assert {"audit-missing", "review-missing"} <= {code for code, _ in told(store, kept)}


def test_actions_of_a_finding_are_those_of_its_requirement(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    kept = say(store, assessment, arta, **{"7.1.1": {"result": "minor", "justification": Text.of("gap", "en")}})
    with store.change(by=arta, why="found") as change:
        kept, finding = raise_finding(change, kept, "7.1.1", checklist=checklist_of(store, kept), owner=besa)
        drafted = Action(
            unit="AL-TIR",
            purpose="correction",
            title=Text.of("Do", "en"),
            owner=besa,
            finding=finding.id,
            due=date(2029, 5, 1),
        )
        action = change.add(drafted)
    found = told(store, kept)
    assert ("gap-without-action", "7.1.1") not in found
    assert ("action-after-transition", "7.1.1") in found
    assert ("action-overdue", "7.1.1") in told(store, kept, on=date(2029, 5, 2))
    with store.change(by=arta, why="not needed") as change:
        change.advance(action, "cancel")
    assert ("gap-without-action", "7.1.1") in told(store, kept)


def test_what_is_no_record_of_anything_done_is_no_evidence(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    with store.change(by=arta, why="planned") as change:
        planned = change.add(Action(unit="AL-TIR", purpose="milestone", title=Text.of("Plan", "en"), owner=besa))
        document = change.add(
            Document(unit="AL-TIR", type="SOP", title=Text.of("Empty", "en"), owner=besa, language="en")
        )
    for record in (planned, document, store.get(Person, besa)):
        kept = say(store, assessment, arta, **{"7.2.4": {"result": "conforms", "evidence": (link(record),)}})
        assert ("conforms-without-evidence", "7.2.4") in told(store, kept)
        assessment = kept


def test_a_past_day_is_told_as_it_was(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    kept = say(store, assessment, somebody("a.hoxha"), **{"7.1.1": {"result": "conforms"}})
    today = store.now().date()
    assert situation_on(store, kept, today).as_of is None
    with pytest.raises(UnknownError, match="was begun on"):
        situation_on(store, kept, kept.created.date() - timedelta(days=1))  # type: ignore[union-attr]


def test_a_past_day_counts_what_was_cited_then(
    store: Store, assessment: Assessment, somebody: Somebody, clock: Any
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    log = accepted(store, collected(store, besa, effective_from=date(2026, 1, 1)), arta)
    kept = say(store, assessment, arta, **{"7.2.4": {"result": "conforms", "evidence": (link(log),)}})
    day = clock.now.date()
    clock.skip(7)
    kept = say(store, kept, arta, **{"7.2.4": {"result": "conforms", "evidence": ()}})
    now, then = (readiness(situation_on(store, kept, each)) for each in (clock.now.date(), day))
    assert (now.scores.whole.backed, then.scores.whole.backed) == (0, 1)
    assert "7.2.4" not in {each.key.partition(":")[2] for each in then.issues if "evidence" in each.code}


def test_latest_assessment_is_the_one_that_began_last(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta = somebody("a.hoxha")
    assert latest(store, "AL-TIR") == assessment
    with store.change(by=arta, why="again") as change:
        newer = begin(
            change,
            "AL-TIR",
            PROFILE,
            title=Text.of("Second", "en"),
            lead=arta,
            begins=date(2027, 1, 11),
        )
    assert latest(store, "AL-TIR") == newer
    assert latest(store, "XK-PRI") is None
