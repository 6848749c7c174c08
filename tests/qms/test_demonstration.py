"""The demonstration: everything is there, nothing is faked, and the same seed tells the same story."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qms.actions.action import Action
from qms.audits.audit import Audit
from qms.audits.sampling import check
from qms.cli import app
from qms.complaints import Complaint
from qms.demonstration import StoryClock, make_demonstration
from qms.demonstration.papers import words_of
from qms.documents.control import translation_lag
from qms.documents.document import Document
from qms.documents.receipts import unread
from qms.documents.revision import Revision
from qms.errors import RecordError, UnknownError
from qms.evidence.evidence import Evidence
from qms.evidence.standing import state_on
from qms.findings.cycle import FINDING
from qms.findings.finding import Finding
from qms.findings.grades import Grade
from qms.kinds import KINDS
from qms.organisation import Person
from qms.record import ID_PATTERN, LANGUAGES, plain, texts_in
from qms.store import Store, open_store
from qms.suspicion import suspects

TODAY = date(2026, 11, 20)
SECONDS = 6.0


def told(folder: Path, **options: Any) -> Store:
    store = open_store(folder / "records.qms", create=True, clock=StoryClock())
    make_demonstration(store, **options)
    return store


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    begun = time.process_time()
    with told(tmp_path_factory.mktemp("demo")) as store:
        assert time.process_time() - begun < SECONDS
        yield store


def facts(store: Store) -> list[Any]:
    """All that the ledger says, with references in the place of ids and without what follows from ids."""
    names = {each.id: f"{kind.name} {each.ref}" for kind in KINDS for each in store.find(kind.model)}

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: named(each) for name, each in value.items() if name != "seen"}
        if isinstance(value, list):
            return [named(each) for each in value]
        return names.get(value, value) if isinstance(value, str) else value

    return [
        (each.at, names[each.by], each.act, names[each.record], each.why, *map(named, each.patch))
        for each in store.log()
    ]


def test_everything_is_there(demo: Store) -> None:
    for kind in KINDS:
        assert demo.find(kind.model), kind.name
    assert len(demo.find(Person)) == 9
    assert {each.grade for each in demo.find(Finding)} == set(Grade)
    assert {each.status for each in demo.find(Finding)} == set(FINDING.states)
    for kind in KINDS:
        if kind.cycle and len(kind.cycle.states) > 1:
            found = {each.status for each in demo.find(kind.model)}
            assert len(found) >= len(kind.cycle.states) / 3, (kind.name, found)
    assert Counter(each.type for each in demo.find(Complaint)) == {"complaint": 2, "appeal": 1}
    assert {each.status for each in demo.find(Audit)} == {"closed", "reporting", "planned"}
    assert Counter(each.type for each in demo.find(Document)) == {
        "policy": 1, "manual": 1, "SOP": 8, "form": 3, "external": 1,
    }  # fmt: skip
    assert len(demo.find(Action)) == 25


def test_nothing_is_faked(demo: Store) -> None:
    assert demo.verify()
    for kind in KINDS:
        for record in demo.find(kind.model):
            events = demo.history(record.id)
            assert [each.version for each in events] == list(range(1, record.version + 1))
            assert not {"merge"} & {each.act for each in events}
    moments = [each.moment for each in demo.log()]
    assert moments == sorted(moments)
    assert all(each.weekday() < 5 and 6 <= each.hour < 16 for each in moments)
    assert moments[0].date() >= TODAY - timedelta(days=367)
    assert moments[-1].date() <= TODAY == demo.now().date()


def test_what_the_findings_went_through(demo: Store) -> None:
    findings = demo.find(Finding)
    major = next(each for each in findings if each.grade is Grade.MAJOR and each.status == "closed")
    assert major.review is not None
    assert major.review.result == "effective"
    assert major.closure is not None
    assert major.closure.by not in major.owners
    again = [each for each in findings if each.earlier]
    assert [(each.round, each.status) for each in again] == [(2, "implementing")]
    acts = {each.ref: [event.act for event in demo.history(each.id)] for each in findings}
    assert any(each[-2:] == ["dispute", "withdraw"] for each in acts.values())
    assert next(each.grade for each in findings if each.status == "declined") is Grade.OBSERVATION


def test_what_the_actions_went_through(demo: Store) -> None:
    actions = demo.find(Action)
    assert sum(each.overdue(TODAY) for each in actions) >= 3
    assert max(len(each.previous_dues) for each in actions) == 2
    blocked = demo.find(Action, status="blocked")
    assert [demo.get(Action, each).status for each in blocked[0].depends_on] == ["in_progress"]
    costs = [each.cost for each in actions if each.cost]
    assert len(costs) > 10
    assert {each.currency for each in costs} == {"EUR"}


def test_documents_translations_and_receipts(demo: Store) -> None:
    documents = demo.find(Document)
    lags = [lag for each in documents for lag in translation_lag(demo, each)]
    assert [(lag.language, lag.behind) for lag in lags] == [("sq", 1)]
    assert [person.name for each in documents for person in unread(demo, each)] == ["Darko Velkov", "Teuta Lumaj"]
    for revision in demo.find(Revision):
        text = demo.files.path(revision.attachment).read_text(encoding="utf-8")
        assert len(revision.sections) >= 3, revision.ref
        assert "{" not in text


def test_evidence_and_suspect_links(demo: Store) -> None:
    evidence = demo.find(Evidence)
    states = Counter(state_on(each, TODAY) for each in evidence)
    assert (states["expired"], states["expiring"], states["requested"]) == (1, 1, 2)
    assert [each.expires - TODAY for each in evidence if state_on(each, TODAY) == "expiring" and each.expires] == [
        timedelta(days=40)
    ]
    found = suspects(demo)
    assert len(found) == 2
    assert {(type(each.target), each.reasons[0].code) for each in found} == {
        (Revision, "no-longer-speaks"),
        (Evidence, "says-else"),
    }


def test_samples_come_out_again_and_the_words_name_their_items(demo: Store) -> None:
    audit = demo.find(Audit, status="closed")[0]
    exhibits, cases = audit.samples
    year = int(audit.ref[6:8])
    population = [f"{year}-{number:03d}" for number in range(1, 25)]
    assert check(cases.sample, population)
    assert len(exhibits.sample.strata) == 2
    people = demo.find(Audit, status="reporting")[0].samples[0].sample
    assert check(people, [each.ref for each in demo.find(Person)])
    assert people.must_include == ("t.lumaj",)
    seal = next(each for each in demo.find(Finding) if each.origin.line == "3" and each.origin.record == audit.id)
    assert seal.statement.evidence
    assert exhibits.sample.items[0] in seal.statement.evidence.best("en")


def test_texts_speak_the_languages_of_the_region(demo: Store) -> None:
    spoken = Counter(
        language for kind in KINDS for record in demo.find(kind.model) for language in record.headline().root
    )
    for language in ("sq", "sr-Latn", "sr-Cyrl", "bs", "mk"):
        assert spoken[language] >= 5, language
    for kind in KINDS:
        for record in demo.find(kind.model):
            for language, words in record.headline().root.items():
                cyrillic = bool(re.search(r"[\u0400-\u04ff]", words))
                assert cyrillic == (language in ("sr-Cyrl", "mk")), (record.ref, language)
                assert language in LANGUAGES


def test_the_year_can_be_looked_at_as_of_any_day(demo: Store) -> None:
    def known(moment: datetime) -> int:
        count = 0
        for kind in KINDS:
            for record in demo.find(kind.model):
                try:
                    demo.as_of(kind.model, record.id, moment)
                except UnknownError:
                    continue
                count += 1
        return count

    whole = sum(len(demo.find(kind.model)) for kind in KINDS)
    middle = known(datetime(2026, 5, 20, tzinfo=UTC))
    assert 0 < known(datetime(2025, 12, 20, tzinfo=UTC)) < middle < whole == known(demo.now())


def test_something_is_due(demo: Store) -> None:
    due = demo.due(TODAY + timedelta(days=30))
    assert {"action", "response", "close", "expiry", "evidence", "audit", "audit report", "release"} <= {
        each.what for each in due
    }
    assert min(each.on for each in due) < TODAY < max(each.on for each in due)


def test_the_same_seed_tells_the_same_story(demo: Store, tmp_path: Path) -> None:
    with told(tmp_path) as other:
        assert facts(other) == facts(demo)
        assert not any(re.search(ID_PATTERN, text) for text in _own_texts(other))


def _own_texts(store: Store) -> Iterator[str]:
    for finding in store.find(Finding):
        yield from texts_in(plain(finding.statement))


def test_another_seed_and_a_last_day_at_a_weekend(demo: Store, tmp_path: Path) -> None:
    sunday = date(2027, 1, 3)
    steps: list[tuple[int, int]] = []
    with told(tmp_path, seed=7, today=sunday, progress=lambda done, all_: steps.append((done, all_))) as other:
        assert other.verify()
        assert other.now().date() == sunday
        assert len(suspects(other)) == 2
        kinds = [
            Counter(each.status for each in store.find(kind.model)) for store in (demo, other) for kind in KINDS
        ]
        assert kinds[: len(KINDS)] == kinds[len(KINDS) :]
        assert [each.at[11:] for each in other.log()] != [each.at[11:] for each in demo.log()]
    assert steps == [(n, len(steps)) for n in range(1, len(steps) + 1)]


def test_it_wants_an_empty_store_with_its_clock(demo: Store, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="records already"):
        make_demonstration(demo)
    with (
        open_store(tmp_path / "records.qms", create=True) as store,
        pytest.raises(RecordError, match="another clock"),
    ):
        make_demonstration(store)


def test_the_clock_never_goes_back() -> None:
    clock = StoryClock(datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(RecordError, match="cannot go back"):
        clock.move(datetime(2026, 2, 28, tzinfo=UTC))
    assert clock() == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_replacement_that_finds_nothing_is_noticed() -> None:
    entry = {"key": "SOP-009", "body": "old words", "revisions": [{}, {"replace": [["old", "new"]]}]}
    assert (words_of(entry, 1), words_of(entry, 2)) == ("old words", "new words")
    with pytest.raises(ValueError, match="does not say"):
        words_of({**entry, "revisions": [{"replace": [["absent", "x"]]}]}, 1)


def test_the_command_tells_what_to_try_and_it_works(tmp_path: Path) -> None:
    run, folder = CliRunner(), tmp_path / "a demo"
    made = run.invoke(app, ["demo", str(folder)])
    assert made.exit_code == 0, made.output
    tries = made.stdout.splitlines()
    assert len(tries) == 5
    for line in tries:
        words = [each.strip("'") for each in re.findall(r"'[^']*'|\S+", line)]
        tried = run.invoke(app, words[1:])
        assert tried.exit_code in (0, 3), (line, tried.output)
        assert tried.stdout
    again = run.invoke(app, ["demo", str(folder)])
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert run.invoke(app, ["demo", str(folder), "--today", "2026-06-30", "--force"]).exit_code == 0
    with open_store(folder / "records.qms") as store:
        assert store.log()[-1].at < "2026-07"
        assert store.verify()


def test_the_command_never_replaces_what_is_no_demonstration(tmp_path: Path) -> None:
    run, place = CliRunner(), tmp_path / "records.qms"
    begun = ["--unit", "AL-TIR", "--name", "Unit", "--jurisdiction", "AL", "--person", "a.hoxha"]
    assert run.invoke(app, ["init", *begun, "--person-name", "Arta Hoxha", "--store", str(place)]).exit_code == 0
    before = place.read_bytes()
    refused = run.invoke(app, ["demo", str(tmp_path), "--force"])
    assert refused.exit_code == 1
    assert "no demonstration" in refused.stderr
    assert place.read_bytes() == before
