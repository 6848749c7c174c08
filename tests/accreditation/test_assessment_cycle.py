"""What the life cycle of an assessment refuses whoever writes the record: forged, wiped, relabelled, made up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.independence import claim
from accreditation.assessments.judging import begin, begin_after, checklist_of, judge, raise_finding, review
from accreditation.assessments.profile import Exclusion, IndependenceClaim, Profile
from accreditation.errors import CatalogueError
from accreditation.kinds import KINDS
from qms.errors import RefusedError
from qms.exchange.merge import import_folder
from qms.exchange.text_folder import write_folder
from qms.lifecycle import Circumstances, Signed
from qms.organisation import Unit
from qms.record import Link, Text, new_id
from qms.store import Store, open_store

Somebody = Callable[[str], str]
Try = Callable[..., set[str]]
KEY = "iso17020-2012:4.1.1"
WORDS = Text.of("Nobody has looked", "en")


def judged(store: Store, assessment: Assessment, by: str, **said: Any) -> Assessment:
    with store.change(by=by, why="judge") as change:
        return judge(change, assessment, {"4.1.1": said}, checklist=checklist_of(store, assessment))


def advanced(store: Store, assessment: Assessment, by: str, act: str, **fields: Any) -> Assessment:
    with store.change(by=by, why="a step") as change:
        if act == "freeze":
            fields = {**assessment.frozen_fields(by=change.by, at=change.at), **fields}
        return change.advance(assessment, act, **fields)


@pytest.fixture
def kept(store: Store, assessment: Assessment, somebody: Somebody) -> Assessment:
    """A running assessment in which a.hoxha judged 4.1.1 major."""
    return judged(store, assessment, somebody("a.hoxha"), result="major", justification=WORDS, documented=1)


@pytest.fixture
def frozen(store: Store, kept: Assessment, somebody: Somebody) -> Assessment:
    return advanced(store, advanced(store, kept, somebody("a.hoxha"), "submit"), somebody("b.krasniqi"), "freeze")


@pytest.fixture
def refusal(store: Store, somebody: Somebody) -> Try:
    """Give the codes of the reasons for which an edit by somebody is refused; none if it is kept."""

    def attempt(record: Assessment, by: str, *, why: str = "try", **fields: Any) -> set[str]:
        try:
            with store.change(by=somebody(by), why=why) as change:
                made = {name: each(change) if callable(each) else each for name, each in fields.items()}
                change.save(record.revised(**made))
        except RefusedError as refused:
            return {each.code for each in refused.reasons}
        return set()

    return attempt


def with_changes(record: Assessment, **changes: Any) -> Callable[[Any], dict[str, Judgement]]:
    """Return judgements with fields of 4.1.1 changed; a name stands for the signature of that person, now."""

    def made(change: Any) -> dict[str, Judgement]:
        signed = {
            name: Signed(by=each, at=change.at) if name in ("judged", "reviewed") and each else each
            for name, each in changes.items()
        }
        return {**record.judgements, KEY: record.judgement(KEY).model_copy(update=signed)}

    return made


def test_signature_of_a_judgement_is_of_whoever_writes_it(
    kept: Assessment, somebody: Somebody, refusal: Try
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    assert refusal(kept, "a.hoxha", judgements=with_changes(kept, judged=besa)) == {"judged-by-another"}
    nothing = with_changes(kept, result="not_assessed", judged=besa)
    assert refusal(kept, "a.hoxha", judgements=nothing) == {"judged-by-another"}
    for name, value in (("stale", True), ("seen", "0" * 64), ("carried_from", "x"), ("documented", 5)):
        assert refusal(kept, "a.hoxha", judgements=with_changes(kept, **{name: value})) == {"judged-by-another"}
    assert refusal(kept, "a.hoxha", judgements=with_changes(kept, judged=arta, documented=5)) == set()


def test_judgements_are_not_wiped(store: Store, kept: Assessment, somebody: Somebody, refusal: Try) -> None:
    for by in ("a.hoxha", "c.marku"):
        assert refusal(kept, by, judgements={}) == {"judged-by-another"}
    again = judged(store, kept, somebody("a.hoxha"), result="not_assessed")
    judgement = again.judgement(KEY)
    assert (judgement.result, judgement.justification) == ("not_assessed", None)
    assert judgement.judged is not None
    assert again.assessors() == {somebody("a.hoxha")}, "who judged once does not freeze it"


def test_review_is_of_whoever_looks_at_what_another_judged(
    store: Store, kept: Assessment, assessment: Assessment, somebody: Somebody, refusal: Try
) -> None:
    forged = with_changes(kept, reviewed=somebody("c.marku"))
    assert refusal(kept, "b.krasniqi", judgements=forged) == {"reviewed-by-another"}
    own = with_changes(kept, reviewed=somebody("a.hoxha"))
    assert refusal(kept, "a.hoxha", judgements=own) == {"reviews-own"}
    with pytest.raises(RefusedError, match="nobody has judged it yet") as refused:
        looked(store, kept, somebody("b.krasniqi"), "4.1.2")
    assert {each.code for each in refused.value.reasons} == {"reviews-nothing"}


def test_review_ends_where_something_else_is_said(
    store: Store, kept: Assessment, somebody: Somebody, refusal: Try
) -> None:
    besa = somebody("b.krasniqi")
    kept = looked(store, kept, besa, "4.1.1")
    anew = with_changes(kept, result="conforms", judged=besa)
    assert refusal(kept, "b.krasniqi", judgements=anew, team=(besa,)) == {"reviewed-before"}
    with store.change(by=besa, why="") as change:
        tied, _ = raise_finding(change, kept, "4.1.1", checklist=checklist_of(store, kept))
    assert tied.judgement(KEY).reviewed == kept.judgement(KEY).reviewed, "a finding says nothing else"


def looked(store: Store, assessment: Assessment, by: str, *clauses: str) -> Assessment:
    with store.change(by=by, why="") as change:
        return review(change, assessment, clauses, checklist=checklist_of(store, assessment))


def test_nobody_judges_from_outside(kept: Assessment, somebody: Somebody, refusal: Try) -> None:
    outside = with_changes(kept, result="conforms", judged=somebody("c.marku"))
    assert refusal(kept, "c.marku", judgements=outside) == {"not-in-team"}


def test_start_changes_nothing_else(store: Store, profile: Profile, kept: Assessment, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    with store.change(by=arta, why="") as change:
        made = change.add(Assessment(unit="AL-TIR", title=WORDS, profile=profile, lead=arta))
    with pytest.raises(RefusedError) as refused, store.change(by=arta, why="") as change:
        change.advance(made, "start", judgements=kept.judgements)
    assert {each.code for each in refused.value.reasons} == {"not-recorded"}


def test_carried_judgements_are_those_of_the_assessment_before(
    store: Store, kept: Assessment, somebody: Somebody
) -> None:
    arta, besa = somebody("a.hoxha"), somebody("b.krasniqi")
    was = kept.judgement(KEY)
    source = f"{kept.id}/{KEY}"

    def added(follows: str | None = kept.id, **changes: Any) -> set[str]:
        carried = was.model_copy(update={"carried_from": source, **changes})
        made = {"title": WORDS, "profile": kept.profile, "lead": arta, "judgements": {KEY: carried}}
        try:
            with store.change(by=arta, why="") as change:
                change.add(Assessment(unit="AL-TIR", follows=follows, **made))
        except RefusedError as refused:
            return {each.code for each in refused.reasons}
        return set()

    assert added() == set()
    assert added(None, carried_from=f"None/{KEY}") == {"judged-when-planned"}
    assert added(carried_from=f"{new_id()}/{KEY}") == {"judged-when-planned"}
    assert added(carried_from=f"{kept.id}/iso17020-2012:4.1.2") == {"carried-otherwise"}
    assert added(besa, carried_from=f"{besa}/{KEY}") == {"follows-nothing", "carried-otherwise"}
    unseen = Link(target=besa, seen="0" * 64, version=1)
    for changes in (
        {"evidence": (unseen,)},
        {"result": "conforms"},
        {"documented": 5},
        {"documented": None},
        {"judged": Signed(by=besa, at=store.now())},
        {"reviewed": Signed(by=besa, at=store.now())},
    ):
        assert added(**changes) == {"carried-otherwise"}, changes


def test_what_follows_carries_on(store: Store, kept: Assessment, somebody: Somebody) -> None:
    besa = somebody("b.krasniqi")
    kept = looked(store, kept, besa, "4.1.1")
    with store.change(by=besa, why="") as change:
        after = begin_after(change, kept, title=WORDS, lead=besa, carry=True)
    assert (after.status, after.judgement(KEY).judged) == ("running", kept.judgement(KEY).judged)
    assert after.judgement(KEY).reviewed is None
    cancelled = advanced(store, kept, besa, "cancel")
    with pytest.raises(RefusedError, match="is cancelled") as refused, store.change(by=besa, why="") as change:
        begin_after(change, cancelled, title=WORDS, lead=besa)
    assert {each.code for each in refused.value.reasons} == {"follows-cancelled"}


def test_a_baseline_is_not_relabelled(frozen: Assessment, somebody: Somebody, refusal: Try) -> None:
    labels: dict[str, Any] = {
        "purpose": "accreditation_body",
        "title": WORDS,
        "begins": date(2020, 1, 1),
        "ends": date(2020, 2, 1),
        "lead": somebody("c.marku"),
        "team": (somebody("b.krasniqi"),),
    }
    for name, value in labels.items():
        assert refusal(frozen, "c.marku", **{name: value}) == {"frozen"}, name
    assert "frozen" in refusal(frozen, "c.marku", follows=somebody("c.marku"))
    assert refusal(frozen, "c.marku", labels=("kept",)) == set()


def test_profile_is_fixed_once_it_began(store: Store, kept: Assessment, somebody: Somebody, refusal: Try) -> None:
    left_out = Exclusion(standard="iso17020-2012", clause="4.1.1", why="hides a gap")
    for changes in (
        {"excluded": (left_out,)},
        {"standards": ("nope",)},
        {"weights": {KEY: 1}},
        {"name": "Another", "independence": (IndependenceClaim(activity="Scenes", type="C"),)},
    ):
        assert refusal(kept, "a.hoxha", profile=kept.profile.model_copy(update=changes)) == {"profile-fixed"}
    claimed = kept.profile.model_copy(update={"independence": (IndependenceClaim(activity="Scenes", type="C"),)})
    assert refusal(kept, "a.hoxha", why="", profile=claimed) == {"without-why"}
    in_review = advanced(store, kept, somebody("a.hoxha"), "submit")
    assert refusal(in_review, "a.hoxha", profile=claimed) == {"independence-fixed"}


def test_independence_is_claimed_while_it_runs(store: Store, kept: Assessment, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    for types, expected in (
        ({"Scenes": "C", "Training": "A"}, [("Scenes", "C"), ("Training", "A")]),
        ({"scenes": "A", "Training": ""}, [("scenes", "A")]),
        ({"Night  duty": "A"}, [("scenes", "A"), ("Night  duty", "A")]),
        ({"night duty": "C"}, [("scenes", "A"), ("night duty", "C")]),
    ):
        with store.change(by=arta, why="decided by the head") as change:
            kept = claim(change, kept, types)
        assert [(each.activity, each.type) for each in kept.profile.independence] == expected
    with pytest.raises(CatalogueError, match="claims type Z"), store.change(by=arta, why="x") as change:
        claim(change, kept, {"Scenes": "Z"})


def test_plan_names_standards_that_there_are(store: Store, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    wanted = Profile(name="x", standards=("nope",))
    with pytest.raises(RefusedError, match="there is no standard nope"), store.change(by=arta, why="") as change:
        change.add(Assessment(unit="AL-TIR", title=WORDS, profile=wanted, lead=arta))


@pytest.mark.parametrize("key", ["iso17020-2012:99.9", "iso17020-2012:4.1", "nope:7.2"])
def test_only_what_is_asked_is_judged(kept: Assessment, somebody: Somebody, refusal: Try, key: str) -> None:
    def made(change: Any) -> dict[str, Judgement]:
        signed = Signed(by=change.by, at=change.at)
        return {**kept.judgements, key: Judgement(result="conforms", judged=signed)}

    assert refusal(kept, "a.hoxha", judgements=made) == {"not-asked"}


def test_somebody_leads_what_runs(kept: Assessment, refusal: Try) -> None:
    assert "without-lead" in refusal(kept, "a.hoxha", lead=None)


def test_whoever_judged_stays_in_the_team(
    store: Store, assessment: Assessment, somebody: Somebody, refusal: Try
) -> None:
    arta, besa, ciri = somebody("a.hoxha"), somebody("b.krasniqi"), somebody("c.marku")
    kept = judged(store, assessment, besa, result="conforms", justification=WORDS)
    assert (kept.lead, kept.team) == (arta, (besa,))
    assert refusal(kept, "a.hoxha", team=(ciri,)) == {"assessor-dropped"}
    assert refusal(kept, "a.hoxha", lead=besa, team=()) == set()


def test_an_assessment_that_asks_nothing_does_not_begin(store: Store, somebody: Somebody) -> None:
    empty = Profile(name="Themes", standards=("iso17020-2026",))
    with (
        pytest.raises(CatalogueError, match=r"it asks nothing\. Name a standard whose clauses are loaded"),
        store.change(by=somebody("a.hoxha")) as change,
    ):
        begin(change, "AL-TIR", empty, title=WORDS, lead=change.by)


def test_freezing_is_signed_by_whoever_does_it(store: Store, kept: Assessment, somebody: Somebody) -> None:
    besa, ciri = somebody("b.krasniqi"), somebody("c.marku")
    kept = advanced(store, kept, somebody("a.hoxha"), "submit")
    forged = kept.frozen_fields(by=ciri, at=store.now())
    with pytest.raises(RefusedError) as refused:
        advanced(store, kept, besa, "freeze", **forged)
    assert {each.code for each in refused.value.reasons} == {"frozen-by-another"}


def test_what_was_superseded_still_says_what_was_frozen(
    store: Store, frozen: Assessment, somebody: Somebody
) -> None:
    old = advanced(store, frozen, somebody("c.marku"), "supersede")
    doctored = old.revised(summary=WORDS)
    now = Circumstances(actor=somebody("c.marku"), at=store.now(), before=old)
    (cycle,) = [each.cycle for each in KINDS if each.model is Assessment]
    assert cycle is not None
    assert {each.code for each in cycle.unmet(doctored, now)} == {"not-as-frozen"}


def test_two_people_judge_on_two_copies(
    store: Store, assessment: Assessment, somebody: Somebody, tmp_path: Path
) -> None:
    write_folder(store, tmp_path / "first")
    with open_store(tmp_path / "copy.qms", create=True, kinds=KINDS, clock=store.now) as copy:
        import_folder(copy, tmp_path / "first")
        judged(store, assessment, somebody("b.krasniqi"), result="conforms")
        there = copy.get(Assessment, assessment.id)
        with copy.change(by=somebody("c.marku"), why="") as change:
            judge(change, there, {"4.1.2": {"result": "conforms"}}, checklist=checklist_of(copy, there))
            plan = Assessment(unit="AL-TIR", title=WORDS, profile=there.profile, follows=there.id)
            change.add(plan)
        write_folder(copy, tmp_path / "second")
        report = import_folder(store, tmp_path / "second", by=somebody("a.hoxha"))
    assert report.written
    kept = store.get(Assessment, assessment.id)
    assert set(kept.judgements) == {KEY, "iso17020-2012:4.1.2"}
    assert set(kept.team) == {somebody("b.krasniqi"), somebody("c.marku")}
    assert store.get(Assessment, plan.id).follows == kept.id
    assert store.verify()


def test_assessment_of_another_unit_is_not_followed(store: Store, kept: Assessment, somebody: Somebody) -> None:
    arta = somebody("a.hoxha")
    with store.change(by=arta, why="") as change:
        change.add(Unit(unit="XK-PRI", ref="XK-PRI", jurisdiction="XK", name=WORDS))
    with pytest.raises(RefusedError) as refused, store.change(by=arta, why="") as change:
        begin(change, "XK-PRI", kept.profile, title=WORDS, lead=arta, follows=kept.id)
    assert {each.code for each in refused.value.reasons} == {"follows-nothing"}


def test_what_comes_from_another_copy_was_checked_there(
    store: Store, kept: Assessment, somebody: Somebody
) -> None:
    arta = somebody("a.hoxha")
    cancelled = advanced(store, kept, arta, "cancel")
    carried = kept.judgement(KEY).model_copy(update={"carried_from": f"{kept.id}/{KEY}", "documented": 5})
    newer = Assessment(
        unit="AL-TIR",
        title=WORDS,
        status="planned",
        profile=kept.profile,
        follows=kept.id,
        judgements={"iso17020-2012:99.9": carried},
    )
    (cycle,) = [each.cycle for each in KINDS if each.model is Assessment]
    assert cycle is not None
    here, merged = (
        Circumstances(actor=arta, at=store.now(), related=(cancelled,), merging=merging)
        for merging in (False, True)
    )
    found = {each.code for each in cycle.unmet(newer, here)}
    assert found == {"follows-cancelled", "carried-otherwise", "not-asked"}
    assert cycle.unmet(newer, merged) == ()
