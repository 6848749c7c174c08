"""The assessments of the demonstration: the same seed tells the same, in all five languages, and gaps are seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.scoring import Score, scores
from accreditation.demonstration import assessment_steps
from accreditation.gaps import Situation, issues
from accreditation.kinds import KINDS
from accreditation.readiness import latest
from qms.actions.action import Action
from qms.audits.audit import Audit
from qms.demonstration import UNIT, StoryClock, make_demonstration
from qms.documents.document import Document
from qms.evidence.evidence import Evidence
from qms.findings.finding import Finding
from qms.organisation import Person
from qms.record import Text
from qms.store import Store, open_store

TODAY = date(2026, 11, 20)
WRITTEN = {"en", "sq", "sr-Latn", "bs", "mk"}
CODES = {
    "gate-not-met",
    "gate-not-assessed",
    "major-open",
    "review-missing",
    "conforms-without-evidence",
    "evidence-not-counting",
    "evidence-expiring",
    "evidence-changed",
    "gap-without-finding",
    "gap-without-action",
    "finding-without-cause",
    "conforms-with-finding",
    "action-overdue",
    "action-after-transition",
    "document-unread",
    "paper-without-practice",
    "not-assessed",
}


def told(folder: Path) -> Store:
    store = open_store(folder / "records.qms", create=True, kinds=KINDS, clock=StoryClock())
    make_demonstration(store, today=TODAY, also=assessment_steps)
    return store


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with told(tmp_path_factory.mktemp("demo")) as store:
        yield store


@pytest.fixture(scope="module")
def situation(demo: Store) -> Situation:
    assessment = latest(demo, UNIT)
    assert assessment is not None
    return Situation(demo, assessment, on=TODAY)


@pytest.fixture(scope="module")
def baseline(demo: Store, situation: Situation) -> Assessment:
    assert situation.assessment.follows is not None
    return demo.get(Assessment, situation.assessment.follows)


def whole(situation: Situation) -> Score:
    related = situation.related.values()
    return scores(situation.assessment, situation.checklist, related, on=TODAY).whole


def facts(store: Store) -> list[Any]:
    """Return what the assessments say, with references in the place of ids."""
    names = {each.id: each.ref for kind in KINDS for each in store.find(kind.model)}

    def of(judgement: Judgement) -> tuple[Any, ...]:
        signed = [(names[each.by], each.at.isoformat()) for each in (judgement.judged, judgement.reviewed) if each]
        cited = [(names[each.target], each.version) for each in judgement.evidence]
        tied = [names[each] for each in (*judgement.findings, *judgement.actions)]
        axes = (judgement.documented, judgement.implemented)
        return judgement.result, axes, judgement.justification, cited, tied, signed

    found = store.find(Assessment)
    return [(each.ref, each.status, {key: of(said) for key, said in each.judgements.items()}) for each in found]


def test_the_same_seed_gives_the_same_judgements_and_references(demo: Store, tmp_path: Path) -> None:
    with told(tmp_path) as again:
        assert facts(again) == facts(demo)


def test_the_store_verifies(demo: Store) -> None:
    assert demo.verify()


def test_the_baseline_is_frozen_and_its_hash_holds(demo: Store, baseline: Assessment) -> None:
    assert baseline.status == "frozen"
    assert baseline.baseline is not None
    assert baseline.baseline.sha256 == baseline.judged_sha256()
    assert baseline.baseline.by not in baseline.assessors()
    assert all(each.reviewed for each in baseline.judgements.values())
    doctored = {**baseline.judgements, "iso17020-2012:6.2.6": Judgement(result="major")}
    assert baseline.revised(judgements=doctored).judged_sha256() != baseline.baseline.sha256


def test_the_baseline_is_as_units_are_at_the_beginning(situation: Situation, baseline: Assessment) -> None:
    n = len(situation.checklist.items)
    shares = {
        result: sum(baseline.judgement(item.key).result == result for item in situation.checklist.items) / n
        for result in ("conforms", "minor", "major", "not_applicable", "not_assessed")
    }
    expected = {"conforms": 0.45, "minor": 0.3, "major": 0.12, "not_applicable": 0.05, "not_assessed": 0.07}
    assert shares == pytest.approx(expected, abs=0.02)


def test_the_steps_reach_every_judgement_of_the_files(situation: Situation) -> None:
    left = [item for item, judgement in situation.judged() if not judgement.is_assessed]
    assert len(left) == 30
    assert all(judgement.judged for _, judgement in situation.judged() if judgement.is_assessed)


def test_the_second_assessment_is_better_and_covers_enough(situation: Situation, baseline: Assessment) -> None:
    now, before = whole(situation), whole(Situation(situation.store, baseline, on=TODAY))
    assert situation.assessment.status == "running"
    assert now.coverage is not None
    assert now.coverage > 0.6
    assert now.warning is None
    assert now.value is not None
    assert before.value is not None
    assert now.value > before.value + 0.1
    assert (now.evidence_share or 0) > (before.evidence_share or 0)


def test_what_people_wrote_is_there_in_all_languages(demo: Store, situation: Situation) -> None:
    texts: list[Text] = []
    for each in demo.find(Assessment):
        said = [judgement for judgement in each.judgements.values() if judgement.is_assessed]
        texts += [each.title, *(judgement.justification for judgement in said if judgement.justification)]
        assert all(j.justification for j in said if j.is_gap or j.result == "not_applicable")
        assert sum(1 for j in said if j.result == "conforms" and j.justification) >= 15
    for action in planned(situation):
        texts.append(action.title)
    assert len(texts) > 130
    for text in texts:
        assert set(text.root) == WRITTEN, text.root
        assert text.root["mk"] not in (text.root["en"], text.root["bs"])


def planned(situation: Situation) -> list[Action]:
    ids = {each for judgement in situation.assessment.judgements.values() for each in judgement.actions}
    return [situation.store.get(Action, each) for each in sorted(ids)]


def test_there_are_gaps_of_many_kinds(situation: Situation) -> None:
    found = {each.code for each in issues(situation)}
    assert found >= CODES


def test_one_gate_is_not_met(situation: Situation) -> None:
    gates = [each.key for each in issues(situation) if each.code == "gate-not-met"]
    assert gates == ["iso17020-2012:6.2.6"]


def test_actions_are_planned_with_costs_and_order(situation: Situation) -> None:
    actions = planned(situation)
    assert 8 <= len(actions) <= 12
    assert sum(1 for each in actions if each.cost) >= 3
    assert sum(1 for each in actions if each.overdue(TODAY)) == 2
    assert sum(1 for each in actions if each.depends_on) == 2
    assert sum(1 for each in actions if each.due and each.due > date(2029, 3, 27)) == 1


def test_findings_are_raised_and_owned(demo: Store, situation: Situation) -> None:
    raised = [each for judgement in situation.assessment.judgements.values() for each in judgement.findings]
    findings = [demo.get(Finding, each) for each in raised]
    people = {each.id for each in demo.find(Person)}
    assert len(findings) == 5
    assert all(each.owner in people and each.origin.kind == "assessment" for each in findings)


def test_what_reports_call_records_is_written_in_every_language(demo: Store) -> None:
    headlines = [
        each.headline()
        for kind in (Action, Audit, Document, Evidence, Finding)
        for each in demo.find(kind, unit=UNIT)
    ]
    assert len(headlines) > 80
    assert not [each.best("en") for each in headlines if not each.root.keys() >= WRITTEN]
