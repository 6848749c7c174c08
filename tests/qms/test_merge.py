"""Two copies of a store that went apart, and stores of two units, brought together by id."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qms import Person, Store, Text, Unit, open_store
from qms.actions.action import Action, move_due
from qms.actions.ownership import hand_over
from qms.change import Change
from qms.documents.control import draft
from qms.documents.document import Document
from qms.documents.receipts import Receipt, sign
from qms.documents.revision import Revision
from qms.errors import ExchangeError, RefusedError, UnknownError
from qms.exchange.merge import import_folder
from qms.exchange.merge_report import MergeReport
from qms.exchange.merged import merged_from, told_in
from qms.exchange.text_folder import write_folder
from qms.findings.finding import Finding, Origin, Statement
from qms.findings.finding import move_due as move_deadline
from qms.lifecycle import nothing_against
from qms.record import Requirement


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


def titled(store: Store, by: str, words: str, file: Path) -> tuple[Document, Revision]:
    """A procedure with the draft of its first revision."""
    file.write_text(words, encoding="utf-8")
    with store.change(by=by) as change:
        held = change.add(Document(unit="AL-TIR", type="SOP", title=Text.of(words, "en"), owner=by))
        return held, next_draft(store, change, held, file)


def next_draft(store: Store, change: Change, document: Document, file: Path) -> Revision:
    people = (store.person("a.hoxha").id, store.person("b.krasniqi").id)
    approver = next(each for each in people if each != change.by)
    summary = Text.of("New", "en")
    return draft(change, document, file, change_summary=summary, reviewer=approver, approver=approver, sections=())


def approve(store: Store, revision: Revision) -> Revision:
    with store.change(by=revision.author) as change:
        revision = change.advance(change.get(Revision, revision.id), "submit")
    with store.change(by=revision.approver) as change:
        return change.advance(change.advance(revision, "review"), "approve")


def test_what_is_called_after_a_document_follows_its_new_reference(pair: Pair, tmp_path: Path) -> None:
    titled(pair.ours, pair.arta, "Seals", tmp_path / "seals.md")
    theirs, first = titled(pair.theirs, pair.arta, "Swabs", tmp_path / "swabs.md")
    approve(pair.theirs, first)
    with pair.theirs.change(by=pair.besa) as change:
        receipt = sign(change, change.get(Revision, first.id), sha256=first.attachment.sha256)
    with pair.theirs.change(by=pair.arta) as change:
        change.save(theirs.revised(title=Text.of("Swabs of glass", "en")))
    assert pair.bring(), list(pair.bring(dry_run=True).lines())
    refs = [
        pair.ours.get(*each).ref for each in ((Document, theirs.id), (Revision, first.id), (Receipt, receipt.id))
    ]
    assert refs == ["SOP-002", "SOP-002.en.r1", "SOP-002.en.r1.b.krasniqi"]
    with pair.theirs.change(by=pair.arta) as change:
        second = next_draft(pair.theirs, change, theirs, tmp_path / "seals.md")
    assert (second.ref, bool(pair.bring())) == ("SOP-001.en.r2", True)
    assert pair.ours.get(Revision, second.id).ref == "SOP-002.en.r2"


def test_a_revision_that_both_sides_drafted_is_refused_with_what_to_do(pair: Pair, tmp_path: Path) -> None:
    held, _ = titled(pair.ours, pair.arta, "Seals", tmp_path / "seals.md")
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    for store, words in ((pair.ours, "ours"), (pair.theirs, "theirs")):
        (tmp_path / f"{words}.md").write_text(words)
        with store.change(by=pair.arta) as change:
            next_draft(store, change, held, tmp_path / f"{words}.md")
    report = pair.bring()
    assert [(each.kind, each.result, each.ref) for each in report.outcomes] == [
        ("revision", "refused", "SOP-001.en.r2")
    ]
    (words,) = report.outcomes[0].words
    assert "both copies" in words
    assert "qms document revise SOP-001" in words
    assert "REVISION" not in words


def test_references_that_moved_aside_come_to_rest(pair: Pair, tmp_path: Path) -> None:
    for store in (pair.ours, pair.theirs):
        with store.change(by=pair.arta) as change:
            change.add(action())
    for _ in range(2):
        assert pair.bring()
        write_folder(pair.ours, tmp_path / "back")
        assert import_folder(pair.theirs, tmp_path / "back", by=pair.besa)
    assert pair.bring().written is False
    sides = [{each.id: each.ref for each in store.find(Action)} for store in (pair.ours, pair.theirs)]
    assert sides[0] == sides[1]
    assert sorted(sides[0].values()) == [f"ACT-2026-00{n}" for n in (1, 2, 3, 4)]


def test_dates_that_both_sides_moved_are_all_kept_and_the_last_word_is_chosen(pair: Pair, tmp_path: Path) -> None:
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.besa, due=date(2026, 5, 1))
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    days = {"theirs": date(2026, 7, 1), "ours": date(2026, 6, 1)}
    for name, store in (("theirs", pair.theirs), ("ours", pair.ours)):
        with store.change(by=pair.arta, why=f"{name} had to wait") as change:
            move_due(change, change.get(Action, "ACT-2026-001"), days[name])
    asked = pair.bring()
    assert [each.at for each in asked.outcomes[0].conflicts] == ["/due"]
    assert [each.result for each in pair.bring(take="theirs").outcomes] == ["decided"]
    held = pair.ours.get(Action, "ACT-2026-001")
    assert held.due == days["theirs"]
    assert {each.due for each in held.previous_dues} == {date(2026, 5, 1), days["ours"]}
    assert sorted(each.why for each in held.previous_dues)[1:] == ["ours had to wait", "theirs had to wait"]
    assert [each.at for each in held.previous_dues] == sorted(each.at for each in held.previous_dues)
    write_folder(pair.ours, tmp_path / "back")
    assert import_folder(pair.theirs, tmp_path / "back", by=pair.arta)
    assert pair.theirs.get(Action, "ACT-2026-001").content() == held.content()


@pytest.mark.parametrize("take", ["ours", "theirs"])
def test_days_of_a_finding_that_both_sides_moved_are_all_kept(pair: Pair, tmp_path: Path, take: Any) -> None:
    with pair.ours.change(by=pair.arta) as change:
        words, clause = Text.of("No seal", "en"), Requirement(source="ISO/IEC 17020:2012", clause="7.2.1")
        fields = {"due_close": date(2026, 9, 1), "owner": pair.besa, "requirements": (clause,)}
        made = Finding(unit="AL-TIR", grade="minor", statement=Statement(gap=words, evidence=words), **fields)
        finding = change.advance(change.add(made), "issue")
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    days = {"theirs": date(2026, 11, 1), "ours": date(2026, 10, 1)}
    for name, store in (("theirs", pair.theirs), ("ours", pair.ours)):
        with store.change(by=pair.arta, why=f"{name} had to wait") as change:
            move_deadline(change, change.get(Finding, finding.id), due_close=days[name])
    assert [each.at for each in pair.bring().outcomes[0].conflicts] == ["/due_close"]
    assert [each.result for each in pair.bring(take=take).outcomes] == ["decided"]
    held = pair.ours.get(Finding, finding.id)
    assert held.due_close == days[take]
    assert {each.due for each in held.previous_dues} == {date(2026, 9, 1), *days.values()} - {days[take]}


@pytest.mark.parametrize("take", ["ours", "theirs"])
def test_owners_that_both_sides_chose_stay_barred(pair: Pair, tmp_path: Path, take: Any) -> None:
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.besa, due=date(2026, 5, 1))
    with pair.ours.change(by=pair.arta) as change:
        change.advance(change.get(Action, "ACT-2026-001"), "approve")
        others = [
            change.add(Person(unit="AL-TIR", ref=ref, name=ref.upper()).revised()).id
            for ref in ("c.leka", "d.marku")
        ]
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    for store, to in ((pair.ours, others[0]), (pair.theirs, others[1])):
        with store.change(by=pair.arta, why="leave") as change:
            hand_over(change, change.get(Action, "ACT-2026-001"), to)
    assert pair.bring(take=take)
    held = pair.ours.get(Action, "ACT-2026-001")
    assert held.owner == others[take == "theirs"]
    assert held.owners == {pair.besa, *others}


def withdrawn(store: Store, by: str, finding: str) -> None:
    with store.change(by=by, why="it was not so") as change:
        change.advance(change.get(Finding, finding), "withdraw")


def issued(store: Store, by: str) -> Finding:
    words = Text.of("Not sealed", "en")
    fields = {"requirements": (Requirement(source="ISO/IEC 17020:2012", clause="7.2.1"),)}
    with store.change(by=by) as change:
        made = Finding(unit="AL-TIR", grade="minor", statement=Statement(gap=words, evidence=words), **fields)
        return change.advance(change.add(made), "issue")


def test_a_finding_that_ended_there_does_not_leave_an_action_behind_that_only_we_have(
    pair: Pair, tmp_path: Path
) -> None:
    finding = issued(pair.ours, pair.arta)
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    with pair.ours.change(by=pair.arta) as change:
        change.add(action(finding=finding.id))
    withdrawn(pair.theirs, pair.arta, finding.id)
    report = pair.bring(take="theirs")
    assert [each.result for each in report.outcomes] == ["refused"]
    (words,) = report.outcomes[0].words
    assert words.startswith(f"finding {finding.ref}: with it action ACT-2026-003 could not stay as it is here: ")
    assert "cancel the action" in words
    assert pair.ours.get(Finding, finding.id).status == "issued"


def test_what_contradicts_itself_there_already_is_taken_as_it_is(pair: Pair, tmp_path: Path) -> None:
    finding = issued(pair.ours, pair.arta)
    with pair.ours.change(by=pair.arta) as change:
        change.add(action(finding=finding.id))
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    withdrawn(pair.theirs, pair.arta, finding.id)
    assert pair.bring()
    assert pair.ours.get(Finding, finding.id).status == "withdrawn"


def test_a_document_that_was_discontinued_there_keeps_what_we_drafted(pair: Pair, tmp_path: Path) -> None:
    with pair.ours.change(by=pair.arta) as change:
        held = change.add(Document(unit="AL-TIR", type="SOP", title=Text.of("Seals", "en"), owner=pair.arta))
    write_folder(pair.ours, tmp_path / "forth")
    assert import_folder(pair.theirs, tmp_path / "forth", by=pair.arta)
    (tmp_path / "seals.md").write_text("Seals")
    with pair.ours.change(by=pair.arta) as change:
        next_draft(pair.ours, change, held, tmp_path / "seals.md")
    with pair.theirs.change(by=pair.arta, why="not used") as change:
        change.advance(change.get(Document, held.id), "discontinue")
    report = pair.bring()
    assert "SOP-001.en.r1 could not stay as it is here" in report.outcomes[0].words[0]
    assert pair.ours.get(Document, held.id).status == "current"


def test_only_a_decision_between_copies_leaves_a_final_state(pair: Pair) -> None:
    pair.edit(pair.ours, "ACT-2026-002", owner=pair.besa, due=date(2026, 5, 1))
    with pair.ours.change(by=pair.arta, why="not needed") as change:
        ended = change.advance(change.get(Action, "ACT-2026-002"), "cancel")
    for merge in ("merge", "merge_all"):
        again = ended.revised(status="approved", cancellation=None)
        with (
            pytest.raises(RefusedError, match="cancelled, which is final"),
            pair.ours.change(by=pair.arta) as change,
        ):
            getattr(change, merge)(again if merge == "merge" else (again,))
    with pair.ours.change(by=pair.arta) as change:
        assert change.merge(ended.revised(labels=("seen",))).status == "cancelled"


def test_the_kept_history_is_cited_by_the_merge(pair: Pair) -> None:
    pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 5, 1))
    report = pair.bring()
    found = pair.ours.verify()
    assert (bool(found), found.notes, found.files) == (True, (), 1)
    place = pair.ours.files.folder / report.history[:2] / report.history
    kept = place.read_bytes()
    place.unlink()
    lost = pair.ours.verify()
    assert not lost
    assert f"cited by the merge of event {pair.ours.head().seq}" in str(lost.problems[0])
    place.write_bytes(kept)


def test_the_history_that_a_copy_kept_of_a_third_is_cited_too(
    pair: Pair, new_place: Callable[[], Any], tmp_path: Path
) -> None:
    place = new_place()
    with open_store(place.database, files=place.files, create=True, clock=Clock()) as third:
        write_folder(pair.theirs, tmp_path / "first")
        import_folder(third, tmp_path / "first")
        pair.edit(third, "ACT-2026-002", start=date(2026, 5, 1))
        write_folder(third, tmp_path / "third")
    inner = import_folder(pair.theirs, tmp_path / "third", by=pair.arta).history
    outer = pair.bring().history
    assert set(pair.ours.files.digests()) == {inner, outer}
    assert pair.ours.verify().notes == ()
    pair.ours.files.keep_stream(io.BytesIO(b"of nobody"), "spare")
    assert pair.ours.verify().notes == ("1 attached file that no record cites",)


def test_what_is_no_history_tells_of_no_copy(tmp_path: Path) -> None:
    line = b'{"event":{"act":"merge"},"hash":"' + b"0" * 64 + b'"}\n'
    for n, content in enumerate((b"", b"a photo", gzip.compress(line)[:-9], gzip.compress(line + b"\xff\n"))):
        (tmp_path / str(n)).write_bytes(content)
        assert list(told_in(tmp_path / str(n))) == []


def test_records_taken_over_from_no_copy_are_named(pair: Pair) -> None:
    held = pair.ours.get(Action, "ACT-2026-001")
    with pair.ours.change(by=pair.arta, why="by a program") as change:
        change.merge(held.revised(labels=("seen",)))
    found = pair.ours.verify()
    said = "records were taken over as if from another copy, and which one is not said"
    assert (found.problems, found.notes) == ((), (f"event {pair.ours.head().seq}: {said}",))


def test_one_record_is_counted_as_one() -> None:
    lines = {
        same: next(MergeReport(head="1:a", loaded=False, written=True, same=same, kept=0).lines())
        for same in (1, 2)
    }
    assert lines == {
        1: "1 record is alike on both sides, 0 changed only here.",
        2: "2 records are alike on both sides, 0 changed only here.",
    }


def test_a_reason_that_reads_like_a_merge_is_not_one(pair: Pair) -> None:
    pair.edit(pair.ours, "ACT-2026-001", owner=pair.arta)
    pair.edit(pair.theirs, "ACT-2026-001", owner=pair.besa)
    head = pair.theirs.head()
    other = pair.edit(pair.theirs, "ACT-2026-002", progress=5)
    forged = f"as said: merged a copy with the head {head}, in our reading"
    assert not pair.bring(why=forged)
    merged = pair.ours.history(other.id)[-1]
    assert merged_from(merged).head == pair.theirs.head()
    with pair.ours.change(by=pair.arta, why=f"merged a copy with the head {head}") as change:
        change.save(change.get(Action, "ACT-2026-001").revised(progress=1))
    assert merged_from(pair.ours.log(limit=1)[0]) is None
    assert [each.result for each in pair.bring().outcomes] == ["conflict"]


def test_a_history_of_another_copy_is_kept_whole_though_the_numbers_are_alike(
    pair: Pair, new_place: Callable[[], Any], tmp_path: Path
) -> None:
    """A merge of a third copy, with a head as long as that of theirs, says nothing of theirs."""
    place = new_place()
    with open_store(place.database, files=place.files, create=True, clock=Clock()) as third:
        write_folder(pair.theirs, tmp_path / "first")
        import_folder(third, tmp_path / "first")
        shared = pair.ours.head().seq
        pair.edit(third, "ACT-2026-002", start=date(2026, 5, 1))
        pair.edit(pair.theirs, "ACT-2026-001", start=date(2026, 6, 1))
        assert third.head().seq == pair.theirs.head().seq == shared + 1
        write_folder(third, tmp_path / "third")
        assert import_folder(pair.ours, tmp_path / "third", by=pair.arta).history
    report = pair.bring()
    packed = pair.ours.files.folder / report.history[:2] / report.history
    events = [json.loads(line)["event"] for line in gzip.decompress(packed.read_bytes()).splitlines()]
    assert [each["seq"] for each in events] == [shared + 1]
    assert pair.bring().written is False


def test_a_circle_in_a_whole_history_is_refused(
    pair: Pair, new_place: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.edit(pair.theirs, "ACT-2026-001", depends_on=(pair.ours.get(Action, "ACT-2026-002").id,))
    lenient = [dataclasses.replace(each, against=nothing_against) for each in pair.theirs.kinds.values()]
    pair.theirs.kinds = {each.name: each for each in lenient}
    pair.edit(pair.theirs, "ACT-2026-002", depends_on=(pair.ours.get(Action, "ACT-2026-001").id,))
    write_folder(pair.theirs, pair.folder)
    place = new_place()
    with open_store(place.database, files=place.files, create=True) as fresh:
        with pytest.raises(ExchangeError, match=r"records/action/\w+.json: its dependencies run in a circle"):
            import_folder(fresh, pair.folder)
        assert fresh.head().seq == 0
