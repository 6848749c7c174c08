"""Two copies of a store that went apart, and stores of two units, brought together by id."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms import Person, Store, Text, Unit, open_store
from qms.actions.action import Action
from qms.errors import ExchangeError, UnknownError
from qms.exchange.merge import import_folder
from qms.exchange.text_folder import write_folder
from qms.exchange.three_way import three_way
from qms.findings.finding import Finding, Origin, Statement


class Clock:
    """A clock that goes on by a minute whenever somebody looks."""

    def __init__(self) -> None:
        self.minutes = 0

    def __call__(self) -> datetime:
        self.minutes += 1
        return datetime(2026, 3, 3, 8 + self.minutes // 60, self.minutes % 60, tzinfo=UTC)


class Pair:
    """A store and a copy of it that goes its own way."""

    def __init__(self, ours: Store, theirs: Store, folder: Path) -> None:
        self.ours, self.theirs, self.folder = ours, theirs, folder
        self.arta = ours.person("a.hoxha").id
        self.besa = ours.person("b.krasniqi").id

    def edit(self, store: Store, ref: str, by: str = "", **fields: Any) -> Action:
        with store.change(by=by or self.arta) as change:
            return change.save(change.get(Action, ref).revised(**fields))

    def bring(self, **options: Any) -> Any:
        write_folder(self.theirs, self.folder)
        return import_folder(self.ours, self.folder, **{"by": self.arta, **options})


@pytest.fixture
def pair(make_store: Callable[..., Store], new_place: Callable[[], Any], tmp_path: Path) -> Iterator[Pair]:
    ours = make_store(clock=Clock())
    besa = ours.person("b.krasniqi").id
    with ours.change(by=besa) as change:
        change.add(action("ACT-2026-001"))
        change.add(action("ACT-2026-002"))
    write_folder(ours, tmp_path / "first")
    place = new_place()
    with open_store(place.database, files=place.files, create=True, clock=Clock()) as theirs:
        assert import_folder(theirs, tmp_path / "first").loaded
        assert theirs.head() == ours.head()
        yield Pair(ours, theirs, tmp_path / "folder")
        for store in (ours, theirs):
            assert store.verify(), store.verify().problems


def action(ref: str = "", **fields: Any) -> Action:
    title = Text.of("Buy seals", "en").also("Bli vula", "sq")
    return Action(unit="AL-TIR", ref=ref, purpose="improvement", title=title, **fields)


def test_what_changed_only_there_is_taken_over(pair: Pair) -> None:
    pair.edit(pair.theirs, "ACT-2026-001", owner=pair.besa)
    before = pair.ours.head()
    report = pair.bring()
    assert report
    assert [each.result for each in report.outcomes] == ["taken"]
    assert pair.ours.get(Action, "ACT-2026-001").owner == pair.besa
    last = pair.ours.log(limit=1)[0]
    assert (last.act, last.by) == ("merge", pair.arta)
    assert str(pair.theirs.head()) in last.why
    assert pair.ours.head().seq == before.seq + 1


def test_what_changed_only_here_is_kept(pair: Pair) -> None:
    write_folder(pair.theirs, pair.folder)
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.besa)
    before = pair.ours.head()
    report = import_folder(pair.ours, pair.folder, by=pair.arta)
    assert (report.kept, report.outcomes, report.written) == (1, (), False)
    assert pair.ours.head() == before


def test_different_fields_and_languages_are_brought_together(pair: Pair) -> None:
    title = pair.ours.get(Action, "ACT-2026-001").title
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.besa, title=title.also("Buy many seals", "en"))
    pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 5, 1), title=title.also("Bli shumë vula", "sq"))
    report = pair.bring()
    assert [each.result for each in report.outcomes] == ["merged"]
    merged = pair.ours.get(Action, "ACT-2026-001")
    assert (merged.owner, merged.start) == (pair.besa, date(2026, 5, 1))
    assert merged.title.root == {"en": "Buy many seals", "sq": "Bli shumë vula"}


def test_a_conflict_is_said_in_plain_words_and_nothing_of_the_record_is_written(pair: Pair) -> None:
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.arta, by=pair.besa)
    pair.edit(pair.theirs, "ACT-2026-001", owner=pair.besa, start=date(2026, 5, 1))
    pair.edit(pair.theirs, "ACT-2026-002", start=date(2026, 6, 1))
    report = pair.bring()
    assert not report
    assert report.outcomes[0].conflicts[0].words == (
        "ACT-2026-001: the owner is Arta Hoxha here (changed 3 March 2026 by Besa Krasniqi) and "
        "Besa Krasniqi there (changed 3 March 2026 by Arta Hoxha)"
    )
    assert any("the owner is Arta Hoxha here" in line for line in report.lines())
    held = pair.ours.get(Action, "ACT-2026-001")
    assert (held.owner, held.start) == (pair.arta, None)
    assert pair.ours.get(Action, "ACT-2026-002").start == date(2026, 6, 1)


@pytest.mark.parametrize("take", ["ours", "theirs"])
def test_a_conflict_is_decided_once(pair: Pair, take: Any) -> None:
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.arta)
    pair.edit(pair.theirs, "ACT-2026-001", owner=pair.besa, start=date(2026, 5, 1))
    assert [each.result for each in pair.bring(take=take).outcomes] == ["decided"]
    held = pair.ours.get(Action, "ACT-2026-001")
    assert held.owner == {"ours": pair.arta, "theirs": pair.besa}[take]
    assert held.start == date(2026, 5, 1)
    again = pair.bring()
    assert (bool(again), again.written) == (True, False)


def test_the_same_folder_twice_changes_nothing(pair: Pair) -> None:
    pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 5, 1))
    with pair.theirs.change(by=pair.arta) as change:
        change.add(action())
    assert pair.bring().written
    pair.edit(pair.ours, "ACT-2026-001", progress=10, start=date(2026, 5, 2))
    before = pair.ours.head()
    report = pair.bring()
    assert (bool(report), report.written, report.kept) == (True, False, 2)
    assert pair.ours.head() == before


def test_to_and_fro_until_both_say_the_same(pair: Pair, tmp_path: Path) -> None:
    pair.edit(pair.ours, "ACT-2026-001", progress=10)
    pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 5, 1))
    assert pair.bring()
    pair.edit(pair.ours, "ACT-2026-001", start=date(2026, 5, 2))
    pair.edit(pair.theirs, "ACT-2026-001", labels=("seals",))
    write_folder(pair.ours, tmp_path / "back")
    assert import_folder(pair.theirs, tmp_path / "back", by=pair.besa)
    assert pair.bring()
    sides = [store.get(Action, "ACT-2026-001") for store in (pair.ours, pair.theirs)]
    assert sides[0].content() == sides[1].content()
    assert [(each.progress, each.start, each.labels) for each in sides] == [(10, date(2026, 5, 2), ("seals",))] * 2


def test_a_reference_that_is_taken_here_becomes_the_next_free_one(pair: Pair) -> None:
    for store, words in ((pair.ours, "Ours"), (pair.theirs, "Theirs")):
        with store.change(by=pair.arta) as change:
            held = change.add(action().revised(title=Text.of(words, "en")))
            assert held.ref == "ACT-2026-003"
    report = pair.bring()
    assert report
    came = pair.ours.get(Action, "ACT-2026-004")
    assert came.title.best("en") == "Theirs"
    assert came.id == pair.theirs.get(Action, "ACT-2026-003").id
    assert came.labels == ("was ACT-2026-003",)
    assert "now ACT-2026-004" in " ".join(report.lines())
    assert pair.bring().written is False


def test_a_trial_reports_the_same_and_writes_nothing(pair: Pair) -> None:
    pair.edit(pair.ours, "ACT-2026-002", owner=pair.arta)
    pair.edit(pair.theirs, "ACT-2026-002", owner=pair.besa)
    with pair.theirs.change(by=pair.arta) as change:
        change.attach(Path(__file__))
        change.add(action())
    before, files = pair.ours.head(), list(pair.ours.files.digests())
    trial = pair.bring(dry_run=True)
    assert (trial.written, pair.ours.head(), list(pair.ours.files.digests())) == (False, before, files)
    assert trial.outcomes == pair.bring().outcomes
    assert len(trial.outcomes) == 2


def test_the_other_history_is_kept(pair: Pair) -> None:
    import gzip

    pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 5, 1))
    shared = pair.ours.head().seq
    report = pair.bring()
    packed = pair.ours.files.folder / report.history[:2] / report.history
    events = [json.loads(line)["event"] for line in gzip.decompress(packed.read_bytes()).splitlines()]
    assert [each["seq"] for each in events] == [shared + 1]
    assert events[0]["why"] == pair.theirs.log(limit=1)[0].why
    assert report.history in pair.ours.log(limit=1)[0].why


def test_records_that_name_each_other_come_together(pair: Pair) -> None:
    with pair.theirs.change(by=pair.arta) as change:
        step = change.add(action())
        finding = change.add(
            Finding(
                unit="AL-TIR",
                grade="minor",
                statement=Statement(gap=Text.of("Not sealed", "en")),
                origin=Origin(kind="staff", record=step.id),
            )
        )
        change.save(step.revised(finding=finding.id))
    report = pair.bring()
    assert [(each.kind, each.result) for each in report.outcomes] == [("finding", "added"), ("action", "added")]
    assert pair.ours.get(Action, step.id).finding == finding.id
    assert {each.id for each in pair.ours.related(finding)} == {step.id}


def test_ours_is_remembered_as_the_decision(pair: Pair) -> None:
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.arta)
    pair.edit(pair.theirs, "ACT-2026-001", owner=pair.besa)
    assert [each.result for each in pair.bring(take="ours").outcomes] == ["decided"]
    assert pair.ours.get(Action, "ACT-2026-001").owner == pair.arta
    again = pair.bring()
    assert (bool(again), again.written, again.kept) == (True, False, 1)


def test_a_step_taken_on_both_sides_is_decided_whole(pair: Pair) -> None:
    for store, act, by in ((pair.ours, "cancel", pair.arta), (pair.theirs, "approve", pair.besa)):
        pair.edit(store, "ACT-2026-002", owner=pair.besa, due=date(2026, 5, 1))
        with store.change(by=by, why="decided") as change:
            change.advance(change.get(Action, "ACT-2026-002"), act)
    report = pair.bring()
    assert {each.at for each in report.outcomes[0].conflicts} == {"/status"}
    assert pair.bring(take="theirs")
    taken = pair.ours.get(Action, "ACT-2026-002")
    assert (taken.status, taken.cancellation) == ("approved", None)


def edit_by_hand(place: Path, **fields: Any) -> None:
    value = json.loads(place.read_text(encoding="utf-8"))
    place.write_text(json.dumps(value | fields), encoding="utf-8")


def test_an_edit_by_hand_is_a_change_like_any_other(pair: Pair) -> None:
    write_folder(pair.theirs, pair.folder)
    place = pair.folder / "records" / "action" / f"{pair.ours.get(Action, 'ACT-2026-001').id}.json"
    edit_by_hand(place, start="2026-05-01")
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.besa)
    report = import_folder(pair.ours, pair.folder, by=pair.arta)
    assert [each.result for each in report.outcomes] == ["merged"]
    held = pair.ours.get(Action, "ACT-2026-001")
    assert (held.start, held.owner) == (date(2026, 5, 1), pair.besa)
    assert import_folder(pair.ours, pair.folder, by=pair.arta).written is False
    pair.edit(pair.ours, "ACT-2026-001", start=date(2026, 7, 1))
    assert "edited by hand" in import_folder(pair.ours, pair.folder, by=pair.arta).outcomes[0].conflicts[0].words


@pytest.mark.parametrize("field", [{"status": "verified"}, {"previous_owners": []}, {"verifications": None}])
def test_what_needs_a_step_is_not_edited_by_hand(pair: Pair, field: dict[str, Any]) -> None:
    write_folder(pair.theirs, pair.folder)
    place = pair.folder / "records" / "action" / f"{pair.ours.get(Action, 'ACT-2026-001').id}.json"
    if None in field.values() or [] in field.values():
        field = {"previous_owners": [pair.besa]}
    edit_by_hand(place, **field)
    report = import_folder(pair.ours, pair.folder, by=pair.arta)
    assert [each.result for each in report.outcomes] == ["refused"]
    assert "only a step" in report.outcomes[0].words[0]
    assert report.written is False


def test_an_edited_record_comes_into_an_empty_store(pair: Pair, new_place: Callable[[], Any]) -> None:
    write_folder(pair.theirs, pair.folder)
    place = pair.folder / "records" / "action" / f"{pair.ours.get(Action, 'ACT-2026-001').id}.json"
    edit_by_hand(place, start="2026-05-01")
    fresh = new_place()
    with open_store(fresh.database, files=fresh.files, create=True) as store:
        with pytest.raises(UnknownError, match="no person"):
            import_folder(store, pair.folder)
        assert store.head().seq == 0
        report = import_folder(store, pair.folder, by=pair.arta)
        assert (report.loaded, [each.result for each in report.outcomes]) == (True, ["taken"])
        assert store.get(Action, "ACT-2026-001").start == date(2026, 5, 1)
        assert store.verify()


def test_what_the_state_of_a_record_demands_is_asked_for(pair: Pair) -> None:
    """Theirs took the owner away of what ours took on; together that cannot stand."""
    pair.edit(pair.theirs, "ACT-2026-001", depends_on=(pair.ours.get(Action, "ACT-2026-002").id,))
    pair.edit(pair.ours, "ACT-2026-002", depends_on=(pair.ours.get(Action, "ACT-2026-001").id,))
    report = pair.bring()
    assert [each.result for each in report.outcomes] == ["refused"]
    assert "run in a circle" in report.outcomes[0].words[0]
    assert pair.ours.get(Action, "ACT-2026-001").depends_on == ()


def test_another_units_store_is_merged_beside(
    make_store: Callable[..., Store], new_place: Callable[[], Any], tmp_path: Path
) -> None:
    ours, place = make_store(clock=Clock()), new_place()
    unit = Unit(unit="MK-SK", ref="MK-SK", jurisdiction="MK", name=Text.of("Скопје", "mk"))
    person = Person(unit="MK-SK", ref="a.hoxha", name="Ана")
    with open_store(place.database, files=place.files, create=True, clock=Clock()) as theirs:
        with theirs.change(by=person.id) as change:
            change.add(unit)
            change.add(person)
            change.add(action("ACT-2026-001", owner=person.id).revised(unit="MK-SK"))
            renamed = change.save(change.get(Unit, unit.id).revised(name=Text.of("Скопје 1", "mk")))
        write_folder(theirs, tmp_path / "folder")
    report = import_folder(ours, tmp_path / "folder", by=ours.person("b.krasniqi").id)
    assert [each.result for each in report.outcomes] == ["added"] * 3
    assert ours.get(Unit, unit.id).name == renamed.name
    assert ours.get(Action, "ACT-2026-001", unit="MK-SK").jurisdiction == "MK"
    assert ours.verify()


def test_a_unit_set_up_twice_is_said(make_store: Callable[..., Store], tmp_path: Path) -> None:
    ours, theirs = make_store(), make_store()
    write_folder(theirs, tmp_path / "folder")
    report = import_folder(ours, tmp_path / "folder", by=ours.person("a.hoxha").id)
    results = {each.kind: each.result for each in report.outcomes}
    assert results == {"unit": "refused", "person": "added"}
    assert "another unit AL-TIR here" in " ".join(report.lines())


def test_nothing_is_written_from_a_folder_that_is_not_sound(pair: Pair) -> None:
    pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 5, 1))
    write_folder(pair.theirs, pair.folder)
    before = pair.ours.head()
    ledger = pair.folder / "ledger" / "000001.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"2026-05-01", b"2026-05-02"))
    with pytest.raises(ExchangeError, match=r"ledger/000001.jsonl, line \d+: event \d+"):
        import_folder(pair.ours, pair.folder, by=pair.arta)
    assert pair.ours.head() == before


values = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "sq", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(base=fields, ours=fields, theirs=fields)
@settings(max_examples=150)
def test_three_ways_agree_whoever_merges(base: Any, ours: Any, theirs: Any) -> None:
    one, clashes = three_way(base, ours, theirs)
    other, mirrored = three_way(base, theirs, ours)
    assert [each.at for each in clashes] == [each.at for each in mirrored]
    if not clashes:
        assert one == other
    taken, _ = three_way(base, ours, theirs, take="theirs")
    assert taken == other
    assert three_way(base, ours, base)[0] == ours
    assert three_way(base, base, theirs)[0] == theirs
    assert three_way(base, ours, ours) == (ours, [])
