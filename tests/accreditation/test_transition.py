"""Transition to another edition: what is carried, what is to be confirmed, what is to be assessed anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from pydantic import ValidationError

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import begin, checklist_of, judge
from accreditation.assessments.profile import Profile
from accreditation.clauses import Clause
from accreditation.crosswalk import Crosswalk, CrosswalkLink
from accreditation.errors import CatalogueError, UnknownError
from accreditation.gaps import Situation, issues
from accreditation.readiness import latest
from accreditation.standards import Standard, standard
from accreditation.transition import Transition, carry_over, transition
from qms.record import Text
from qms.store import Store

TODAY = date(2026, 11, 23)
NEW = Standard(
    key="own-2026",
    source="ISO/IEC 17020:2026 (own catalogue)",
    title="Own catalogue",
    requirements=tuple(
        Clause(id=f"N{n}", order=n, title=f"Requirement {n}", question="Is it so?") for n in range(1, 8)
    ),
)
OLD = standard("iso17020-2012")
Somebody = Callable[[str], str]


def tie(a: str, b: str, **fields: object) -> CrosswalkLink:
    said = {
        "relation": "equal",
        "coverage": 1.0,
        "change": "none",
        "author": "Arta",
        "reviewer": "Besa",
        "status": "reviewed",
    }
    return CrosswalkLink.model_validate({**said, "a": a, "b": b, **fields})


LINKS = (
    tie("4.1.1", "N1"),
    tie("4.1.2", "N2", change="minor"),
    tie("4.1.3", "N3", change="major"),
    tie("", "N4", change="new", relation="none", coverage=0),
    tie("4.1.4", "N5", coverage=0.5, relation="subset"),
    tie("4.1.5", "N5", coverage=0.5, relation="subset"),
    tie("7.2.1", "N6", status="proposed", reviewer=""),
    tie("8.8.1", "", change="withdrawn", relation="none", coverage=0),
)
WALK = Crosswalk(a=OLD.key, b=NEW.key, links=LINKS)


@pytest.fixture
def judged(store: Store, assessment: Assessment, somebody: Somebody) -> Assessment:
    said = {f"4.1.{n}": {"result": "conforms", "documented": n} for n in range(1, 6)}
    said["4.1.5"] = {"result": "minor", "justification": Text.of("no minutes", "en")}  # type: ignore[dict-item]
    said["7.2.1"] = {"result": "conforms"}
    with store.change(by=somebody("a.hoxha"), why="judge") as change:
        return judge(change, assessment, said, checklist=checklist_of(store, assessment))


@pytest.fixture
def moved(judged: Assessment) -> Transition:
    return transition(judged, WALK, OLD, NEW, on=TODAY)


def test_fates_follow_the_reviewed_links(moved: Transition) -> None:
    fates = {row.clause.id: row.fate for row in moved.rows}
    assert fates == {
        "N1": "carried",
        "N2": "to confirm",
        "N3": "to assess",
        "N4": "to assess",
        "N5": "carried",
        "N6": "to assess",
        "N7": "to assess",
        "8.8.1": "withdrawn",
    }
    assert [each.clause.id for each in moved.of("withdrawn")] == ["8.8.1"]
    assert "7.2.1" in moved.to_fill.a
    assert "4.1.1" not in moved.to_fill.a


def test_worst_result_stands_where_clauses_became_one(moved: Transition) -> None:
    (row,) = [each for each in moved.rows if each.clause.id == "N5"]
    assert row.judgement is not None
    assert row.judgement.result == "minor"
    assert row.judgement.seen == row.clause.sha256
    assert row.judgement.documented == 4, "the lower of the two"


def test_what_was_stale_or_judged_by_other_words_stays_to_be_confirmed(judged: Assessment) -> None:
    key = "iso17020-2012:4.1.1"
    for odd in ({"stale": True}, {"seen": "0" * 64}):
        doubtful = judged.with_judgement(key, judged.judgement(key).model_copy(update=odd))
        (row, *_) = transition(doubtful, WALK, OLD, NEW, on=TODAY).rows
        assert (row.fate, row.judgement and row.judgement.stale) == ("to confirm", True)


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ([{"relation": "none", "coverage": 0.0}], "contradict each other"),
        ([{"relation": "none"}], "go together"),
        ([{"reviewer": " ARTA"}], "who is not its author"),
        ([{}, {}], "there twice"),
        ([{}, {"b": "", "change": "withdrawn", "relation": "none", "coverage": 0}], "withdrawn by one link"),
    ],
)
def test_links_that_contradict_are_refused(links: list[dict[str, object]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Crosswalk(a=OLD.key, b=NEW.key, links=tuple(tie("4.1.1", str(e.pop("b", "N1")), **e) for e in links))


def test_what_was_not_assessed_is_not_carried(judged: Assessment) -> None:
    walk = Crosswalk(a=OLD.key, b=NEW.key, links=(tie("4.2.1", "N1"),))
    (row, *_) = transition(judged, walk, OLD, NEW, on=TODAY).rows
    assert (row.fate, row.why.code) == ("to assess", "source-not-assessed")


def test_carrying_over_opens_an_assessment_that_follows(
    store: Store, judged: Assessment, moved: Transition, somebody: Somebody
) -> None:
    besa = somebody("b.krasniqi")
    with store.change(by=besa, why="transition") as change:
        opened = carry_over(change, judged, moved, title=Text.of("2026", "en"), lead=besa, own={NEW.key: NEW})
    assert (opened.purpose, opened.follows, opened.status) == ("transition", judged.id, "running")
    assert {key.split(":")[1] for key in opened.judgements} == {"N1", "N2", "N5"}
    first = opened.judgement("own-2026:N1")
    assert first.carried_from == f"{judged.id}/iso17020-2012:4.1.1"
    assert first.judged == judged.judgement("iso17020-2012:4.1.1").judged, "who judged it is not forgotten"
    stale = {
        each.clause.rpartition(" ")[2]
        for each in issues(Situation(store, opened, on=TODAY))
        if each.code == "stale"
    }
    assert stale == {"N2"}
    with store.change(by=besa, why="confirmed") as change:
        opened = judge(change, opened, {"N2": {"result": "conforms"}}, checklist=checklist_of(store, opened))
    confirmed = opened.judgement("own-2026:N2")
    assert not confirmed.stale
    assert confirmed.judged is not None
    assert confirmed.judged.by == besa
    assert store.verify()


def test_what_is_beside_the_old_edition_goes_along(store: Store, somebody: Somebody) -> None:
    besa = somebody("b.krasniqi")
    night = Clause(id="Q1", order=1, title="Night duty", question="Is it staffed?")
    profile = Profile(
        name="Both", standards=(OLD.key, "sop-elements"), added=(night,), weights={"sop-elements:SOP-01": 5}
    )
    with store.change(by=besa, why="begin") as change:
        both = begin(change, "AL-TIR", profile, title=Text.of("Both", "en"), lead=besa)
        said = {key: {"result": "conforms"} for key in ("4.1.1", "SOP-01", "Q1")}
        both = judge(change, both, said, checklist=checklist_of(store, both))
        to = transition(both, WALK, OLD, NEW, on=TODAY)
        opened = carry_over(change, both, to, title=Text.of("2026", "en"), lead=besa, own={NEW.key: NEW})
    assert opened.judgements.keys() == {"own-2026:N1", "sop-elements:SOP-01", "added:Q1"}
    assert opened.profile.standards == (NEW.key, "sop-elements")
    assert opened.profile.weights == {"sop-elements:SOP-01": 5}
    assert latest(store, "AL-TIR") == opened
    with store.change(by=besa, why="cancelled") as change:
        change.advance(opened, "cancel")
        with pytest.raises(UnknownError, match="was cancelled"):
            carry_over(change, opened.revised(status="cancelled"), to, title=Text.of("x", "en"), lead=besa)


def test_without_clauses_there_are_themes_and_days_only(
    store: Store, judged: Assessment, somebody: Somebody
) -> None:
    new = standard("iso17020-2026")
    moved = transition(judged, Crosswalk(a=OLD.key, b=new.key), OLD, new, on=TODAY)
    assert (moved.rows, moved.days_left, len(moved.themes)) == ((), 855, 7)
    with (
        pytest.raises(CatalogueError, match="are not loaded"),
        store.change(by=somebody("a.hoxha"), why="") as change,
    ):
        carry_over(change, judged, moved, title=Text.of("2026", "en"), lead=somebody("a.hoxha"))


def test_what_does_not_fit_is_refused(judged: Assessment) -> None:
    with pytest.raises(CatalogueError, match="leads from"):
        transition(judged, Crosswalk(a="x", b="y"), OLD, NEW, on=TODAY)
    other = judged.revised(
        profile=judged.profile.model_copy(update={"standards": ("sop-elements",)}), judgements={}
    )
    with pytest.raises(CatalogueError, match="no assessment of ISO/IEC 17020:2012"):
        transition(other, WALK, OLD, NEW, on=TODAY)
