"""Assessments: who may judge, review and freeze, and what comes out of a judgement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from pydantic import ValidationError

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.cycle import ASSESSMENT
from accreditation.assessments.judging import (
    begin,
    checklist_of,
    judge,
    plan_action,
    raise_finding,
    request_evidence,
    review,
)
from accreditation.assessments.profile import Profile
from accreditation.clauses import Clause
from accreditation.errors import UnknownError
from accreditation.language import words
from accreditation.standards import Standard
from qms.errors import ConflictError, RecordError, RefusedError
from qms.evidence.evidence import Evidence, collect, supply
from qms.lifecycle import Signed
from qms.organisation import Unit
from qms.record import Text
from qms.store import Store
from qms.suspicion import reconfirm, suspect_links

Somebody = Callable[[str], str]


def codes(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {each.code for each in refused.value.reasons}


def judged(store: Store, assessment: Assessment, by: str, **results: object) -> Assessment:
    checklist = checklist_of(store, assessment)
    with store.change(by=by, why="judge") as change:
        return judge(change, assessment, results, checklist=checklist)  # type: ignore[arg-type]


def test_judging_signs_and_remembers_the_words(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    kept = judged(store, assessment, arta, **{"6.1.5": {"result": "conforms", "documented": 4}})
    judgement = kept.judgement("iso17020-2012:6.1.5")
    assert judgement.judged is not None
    assert judgement.judged.by == arta
    assert judgement.seen == checklist_of(store, kept).item("6.1.5").clause.sha256
    again = judged(store, kept, somebody("b.krasniqi"), **{"6.1.5": {"result": "conforms"}})
    assert again.version == kept.version, "the same judgement once more changes nothing"


def test_ledger_names_the_requirement(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    kept = judged(store, assessment, somebody("a.hoxha"), **{"6.1.5": {"result": "conforms"}})
    kept = judged(
        store,
        kept,
        somebody("a.hoxha"),
        **{"6.1.5": {"result": "minor", "justification": Text.of("no authorisation of 2 of 9", "en")}},
    )
    places = {each["at"] for each in store.history(kept.id)[-1].patch}
    assert "/judgements/iso17020-2012:6.1.5/result" in places
    assert all("6.1.5" in place or place in ("/version", "/updated") for place in places)


def test_not_applicable_needs_a_reason(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    with pytest.raises(RecordError, match="say why the requirement does not apply"):
        judged(store, assessment, somebody("a.hoxha"), **{"6.3.1": {"result": "not_applicable"}})
    with pytest.raises(ValidationError):
        Judgement(result="not_applicable")


def test_another_result_does_not_keep_the_old_words(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, why = somebody("a.hoxha"), Text.of("Nothing is subcontracted", "en")
    kept = judged(store, assessment, arta, **{"6.3.1": {"result": "not_applicable", "justification": why}})
    for result in ("minor", "major"):
        with pytest.raises(RecordError, match=f"do not say why it is {result}.*--because"):
            judged(store, kept, arta, **{"6.3.1": {"result": result}})
    kept = judged(store, kept, arta, **{"6.3.1": {"documented": 2}})
    assert kept.judgement("iso17020-2012:6.3.1").justification == why
    kept = judged(store, kept, arta, **{"6.3.1": {"result": "conforms"}})
    assert kept.judgement("iso17020-2012:6.3.1").justification is None
    kept = judged(store, kept, arta, **{"6.3.1": {"result": "minor", "justification": why}})
    with pytest.raises(RecordError, match="--because"):
        judged(store, kept, arta, **{"6.3.1": {"result": "not_applicable"}})


def test_judgement_has_only_what_a_person_says(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    with pytest.raises(RecordError, match="a judgement has no judged, stale"):
        judged(store, assessment, somebody("a.hoxha"), **{"4.1.1": {"judged": None, "stale": True}})


def test_whoever_judges_is_in_the_team(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    kept = assessment
    for level, handle in enumerate(("a.hoxha", "c.marku", "b.krasniqi", "c.marku")):
        kept = judged(store, kept, somebody(handle), **{"4.1.1": {"result": "conforms", "documented": level}})
    assert kept.team == (somebody("c.marku"), somebody("b.krasniqi"))


def test_period_and_order_make_sense(assessment: Assessment) -> None:
    with pytest.raises(ValidationError, match="before it begins on 2026-03-02"):
        assessment.revised(begins=date(2026, 3, 2), ends=date(2026, 3, 1))
    assert assessment.revised(begins=date(2026, 3, 2), ends=date(2026, 3, 2))
    with pytest.raises(ValidationError, match="it follows itself"):
        assessment.revised(follows=assessment.id)


def test_unknown_requirement_changes_nothing(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    with pytest.raises(UnknownError, match=r"no requirement '9\.9'"):
        judged(store, assessment, somebody("a.hoxha"), **{"4.1.1": {"result": "conforms"}, "9.9": {}})
    assert store.get(Assessment, assessment.ref).judgements == {}


def test_nobody_judges_for_another(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    kept = judged(store, assessment, somebody("a.hoxha"), **{"4.1.1": {"result": "conforms"}})
    key = "iso17020-2012:4.1.1"
    forged = kept.judgement(key).model_copy(update={"result": "major"})
    with (
        pytest.raises(RefusedError) as refused,
        store.change(by=somebody("b.krasniqi"), why="forge") as change,
    ):
        change.save(kept.with_judgement(key, forged))
    assert codes(refused) == {"judged-by-another"}


def test_nobody_reviews_their_own(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    kept = judged(store, assessment, somebody("a.hoxha"), **{"4.1.1": {"result": "conforms"}})
    checklist = checklist_of(store, kept)
    with (
        pytest.raises(RefusedError) as refused,
        store.change(by=somebody("a.hoxha"), why="") as change,
    ):
        review(change, kept, ["4.1.1"], checklist=checklist)
    assert codes(refused) == {"reviews-own"}
    with store.change(by=somebody("b.krasniqi"), why="") as change:
        kept = review(change, kept, ["4.1.1"], checklist=checklist)
    reviewed = kept.judgement("iso17020-2012:4.1.1").reviewed
    assert reviewed is not None
    assert reviewed.by == somebody("b.krasniqi")
    kept = judged(store, kept, somebody("a.hoxha"), **{"4.1.1": {"result": "conforms", "documented": 1}})
    assert kept.judgement("iso17020-2012:4.1.1").reviewed is None, "what changes has to be reviewed anew"


def freeze(store: Store, assessment: Assessment, by: str) -> Assessment:
    with store.change(by=by, why="baseline") as change:
        fields = assessment.frozen_fields(by=change.by, at=change.at)
        return change.advance(assessment, "freeze", **fields)


def test_baseline_is_frozen_by_another_and_stays(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    kept = judged(store, assessment, arta, **{"4.1.1": {"result": "conforms"}})
    with store.change(by=arta, why="") as change:
        kept = change.advance(kept, "submit")
    with pytest.raises(RefusedError) as refused:
        freeze(store, kept, arta)
    assert codes(refused) == {"freezes-own"}
    kept = freeze(store, kept, besa)
    assert kept.baseline is not None
    assert kept.baseline.sha256 == kept.judged_sha256()
    for changes in ({"4.1.1": {"result": "not_assessed"}}, {"4.2.1": {"result": "conforms"}}):
        with pytest.raises(RefusedError, match=f"init --follows {kept.ref}' begins the next") as refused:
            judged(store, kept, besa, **changes)
        assert codes(refused) == {"not-at-work"}
    with (
        pytest.raises(RefusedError) as refused,
        store.change(by=besa, why="") as change,
    ):
        change.save(kept.revised(summary=Text.of("All is well", "en")))
    assert codes(refused) == {"not-as-frozen"}
    assert store.verify()


def test_submitting_asks_what_is_missing(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    with (
        pytest.raises(RefusedError) as refused,
        store.change(by=somebody("a.hoxha"), why="") as change,
    ):
        change.advance(assessment, "submit")
    assert codes(refused) == {"nothing-judged"}
    kept = judged(store, assessment, somebody("a.hoxha"), **{"4.1.1": {"result": "minor"}})
    with (
        pytest.raises(RefusedError) as refused,
        store.change(by=somebody("a.hoxha"), why="") as change,
    ):
        change.advance(kept, "submit")
    assert codes(refused) == {"gap-without-words"}


def test_plan_brings_no_judgements(store: Store, profile: Profile, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    signed = Signed(by=arta, at=store.now())
    with (
        pytest.raises(RefusedError) as refused,
        store.change(by=arta, why="") as change,
    ):
        change.add(
            Assessment(
                unit="AL-TIR",
                title=Text.of("Ready made", "en"),
                profile=profile,
                judgements={"iso17020-2012:4.1.1": Judgement(result="conforms", judged=signed)},
            )
        )
    assert codes(refused) == {"judged-when-planned"}


def test_finding_action_and_request_come_out_of_a_judgement(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    gap = Text.of("Bags without numbers", "en").also("Qese pa numra", "sq")
    kept = judged(store, assessment, arta, **{"7.2.1": {"result": "major", "justification": gap}})
    checklist = checklist_of(store, kept)
    with store.change(by=arta, why="follow up") as change:
        kept, finding = raise_finding(change, kept, "7.2.1", checklist=checklist)
        kept, action = plan_action(
            change,
            kept,
            "7.2.1",
            checklist=checklist,
            title=Text.of("Number the bags", "en"),
            owner=besa,
            due=date(2027, 3, 1),
        )
        kept, evidence = request_evidence(
            change, kept, "7.2.1", checklist=checklist, owner=besa, due=date(2027, 1, 1)
        )
    judgement = kept.judgement("iso17020-2012:7.2.1")
    assert (judgement.findings, judgement.actions, judgement.requests) == (
        (finding.id,),
        (action.id,),
        (evidence.id,),
    )
    assert finding.grade == "major"
    assert finding.statement.gap == gap
    assert (finding.origin.kind, finding.origin.record, finding.origin.line) == ("assessment", kept.id, "7.2.1")
    assert str(finding.requirements[0]) == "ISO/IEC 17020:2012 7.2.1"
    assert evidence.title.best("en") == "exhibit numbering scheme; labels with barcode; seal numbers"
    assert {each.id for each in store.related(kept)} >= {finding.id, action.id, evidence.id}


def test_finding_needs_words(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta, checklist = somebody("a.hoxha"), checklist_of(store, assessment)
    good = {"result": "conforms", "justification": Text.of("All is numbered", "en")}
    kept = judged(store, assessment, arta, **{"7.2.4": good})
    for clause in ("7.2.1", "7.2.4"):
        with (
            pytest.raises(RecordError, match="Nothing says what is missing"),
            store.change(by=arta, why="") as change,
        ):
            raise_finding(change, kept, clause, checklist=checklist)
    with store.change(by=arta, why="") as change:
        _, finding = raise_finding(change, kept, "7.2.4", checklist=checklist, gap=Text.of("Pale ink", "en"))
    assert finding.grade == "observation"


def test_open_finding_is_not_raised_again(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta, checklist = somebody("a.hoxha"), checklist_of(store, assessment)
    gap = Text.of("No numbers", "en")
    kept = judged(store, assessment, arta, **{"7.2.1": {"result": "minor", "justification": gap}})
    with store.change(by=arta, why="") as change:
        kept, first = raise_finding(change, kept, "7.2.1", checklist=checklist)
    with (
        pytest.raises(RecordError, match=rf"{first.ref} of .* is open \(draft\).*--another"),
        store.change(by=arta, why="") as change,
    ):
        raise_finding(change, kept, "7.2.1", checklist=checklist)
    with store.change(by=arta, why="") as change:
        kept, second = raise_finding(change, kept, "7.2.1", checklist=checklist, another=True)
    with store.change(by=arta, why="a mistake") as change:
        for each in (first, second):
            change.advance(each, "cancel")
        kept, third = raise_finding(change, kept, "7.2.1", checklist=checklist)
    assert kept.judgement("iso17020-2012:7.2.1").findings == (first.id, second.id, third.id)


def test_what_comes_out_is_in_the_language_of_the_unit(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, checklist = somebody("a.hoxha"), checklist_of(store, assessment)
    with store.change(by=arta, why="") as change:
        change.save(change.get(Unit, "AL-TIR").revised(language="sq"))
        kept, finding = raise_finding(change, assessment, "7.2.1", checklist=checklist, gap=Text.of("Keq", "sq"))
        _, asked = request_evidence(change, kept, "7.2.1", checklist=checklist, owner=arta, due=date(2027, 1, 1))
    clause, say = checklist.item("7.2.1").clause, words("sq")
    assert finding.statement.requirement == Text.of(clause.asks, "en").also(say(clause.asks), "sq")
    assert asked.title.best("sq") == "; ".join(map(say, clause.evidence))


def test_nothing_comes_out_of_what_is_frozen(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta, besa, checklist = somebody("a.hoxha"), somebody("b.krasniqi"), checklist_of(store, assessment)
    kept = judged(store, assessment, arta, **{"4.1.1": {"result": "conforms"}})
    with store.change(by=arta, why="") as change:
        kept = change.advance(kept, "submit")
    kept = freeze(store, kept, besa)
    with pytest.raises(RefusedError) as refused, store.change(by=besa, why="") as change:
        raise_finding(change, kept, "4.1.1", checklist=checklist, gap=Text.of("x", "en"))
    assert codes(refused) == {"not-at-work"}
    with pytest.raises(RefusedError) as refused, store.change(by=besa, why="") as change:
        review(change, kept, ["4.1.1"], checklist=checklist)
    assert codes(refused) == {"not-at-work"}


def test_changed_evidence_turns_its_link_suspect(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    with store.change(by=besa, why="log") as change:
        log = collect(
            change,
            Evidence(unit="AL-TIR", type="record", title=Text.of("Log", "en"), effective_from=date(2026, 1, 1)),
            url="https://unit.example/log",
        )
        link = change.link(log)
    kept = judged(store, assessment, arta, **{"7.2.1": {"result": "conforms", "evidence": (link,)}})
    assert suspect_links(store, kept) == []
    with store.change(by=besa, why="another page") as change:
        supply(change, log, url="https://unit.example/log-2")
    assert [each.target.ref for each in suspect_links(store, kept)] == [log.ref]
    with store.change(by=arta, why="") as change:
        same = reconfirm(change, kept, link, "it is the same log")
    assert suspect_links(store, same) == []
    assert same.judgement("iso17020-2012:7.2.1").judged == kept.judgement("iso17020-2012:7.2.1").judged
    with store.change(by=besa, why="yet another page") as change:
        log = supply(change, change.get(Evidence, log.id), url="https://unit.example/log-3")
        fresh = change.link(log)
    cited = (*same.judgement("iso17020-2012:7.2.1").evidence, fresh, fresh)
    anew = judged(store, same, arta, **{"7.2.1": {"evidence": cited}})
    assert anew.judgement("iso17020-2012:7.2.1").evidence == (fresh,), "the same record is linked once"
    assert suspect_links(store, anew) == []


def test_confirming_a_link_leaves_a_baseline_whole(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    asked = Evidence(unit="AL-TIR", type="record", title=Text.of("Log", "en"), effective_from=date(2026, 1, 1))
    with store.change(by=besa, why="log") as change:
        log = collect(change, asked, url="https://unit.example/log")
        link = change.link(log)
    kept = judged(store, assessment, arta, **{"7.2.1": {"result": "conforms", "evidence": (link,)}})
    with store.change(by=arta, why="") as change:
        kept = change.advance(kept, "submit")
    kept = freeze(store, kept, besa)
    with store.change(by=besa, why="another page") as change:
        supply(change, log, url="https://unit.example/log-2")
        kept = reconfirm(change, kept, link, "it is the same log")
    assert kept.baseline is not None
    assert kept.baseline.sha256 == kept.judged_sha256()
    other = kept.profile.model_copy(update={"name": "Another"})
    assert kept.revised(profile=other).judged_sha256() != kept.baseline.sha256


def test_catalogue_of_the_user_is_kept_with_the_records(store: Store, somebody: Somebody) -> None:
    law = Standard(
        key="law-2025",
        source="Law on forensic examination",
        title="Law",
        requirements=(Clause(id="12", order=1, title="Register", question="Is there a register?"),),
    )
    arta = somebody("a.hoxha")
    profile = Profile(name="With the law", standards=("iso17020-2012", "law-2025"))
    with store.change(by=arta, why="") as change:
        kept = begin(change, "AL-TIR", profile, title=Text.of("With law", "en"), lead=arta, own={"law-2025": law})
    checklist = checklist_of(store, store.get(Assessment, kept.ref))
    assert checklist.item("12").clause == law.requirements[0]
    assert store.verify()


def test_who_comes_second_is_told(store: Store, assessment: Assessment, somebody: Somebody) -> None:
    judged(store, assessment, somebody("a.hoxha"), **{"4.1.1": {"result": "conforms"}})
    with pytest.raises(ConflictError):
        judged(store, assessment, somebody("b.krasniqi"), **{"4.1.2": {"result": "conforms"}})


def test_every_state_is_reached_and_left() -> None:
    reached = {ASSESSMENT.initial} | {row.target for row in ASSESSMENT.transitions}
    assert reached == set(ASSESSMENT.states)
    for state in set(ASSESSMENT.states) - set(ASSESSMENT.final):
        assert ASSESSMENT.rows_from(state), state
