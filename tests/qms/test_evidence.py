"""Evidence: asked for, supplied, judged by another, counting only while and for what it speaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qms.errors import AttachmentError, RecordError, RefusedError, described
from qms.evidence.cycle import EVIDENCE
from qms.evidence.evidence import Evidence, EvidenceRevision, amend, collect, supply
from qms.evidence.standing import counts_for, state_on
from qms.lifecycle import Circumstances, Signed
from qms.organisation import Person
from qms.record import Text
from qms.store import Store

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
NOW = datetime(2026, 4, 1, 8, tzinfo=UTC)
QUARTER = {"effective_from": date(2026, 1, 1), "effective_to": date(2026, 3, 31)}


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store(clock=lambda: NOW)


@pytest.fixture
def people(store: Store) -> tuple[str, str]:
    return store.get(Person, "a.hoxha").id, store.get(Person, "b.krasniqi").id


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "swab-log.pdf"
    path.write_bytes(b"%PDF-1.7 swabs")
    return path


def swabs(**fields: object) -> Evidence:
    return Evidence.model_validate(
        {"unit": "AL-TIR", "type": "record", "title": Text.of("Swab log", "en"), **fields}
    )


def request(store: Store, people: tuple[str, str], **fields: object) -> Evidence:
    with store.change(by=people[1], why="for the audit") as change:
        return change.add(swabs(**{"owner": people[0], "due": date(2026, 4, 15), **fields}))


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {each.code for each in error.value.reasons}


def test_from_request_to_acceptance(store: Store, people: tuple[str, str], log: Path) -> None:
    evidence = request(store, people)
    assert (evidence.ref, evidence.status) == ("EV-2026-001", "requested")
    assert [(each.what, each.owner) for each in store.due(date(2026, 4, 15))] == [("evidence", people[0])]
    with store.change(by=people[0]) as change:
        evidence = supply(change, evidence, source=log, note="January to March")
        evidence = amend(change, evidence.revised(**QUARTER, expires=date(2027, 3, 31)))
    assert evidence.status == "received"
    assert evidence.revisions[0].attachment is not None
    assert (evidence.revisions[0].added_by, evidence.revisions[0].added_at) == (people[0], NOW)
    with store.change(by=people[1]) as change:
        evidence = change.advance(evidence, "accept")
    assert evidence.judged is not None
    assert evidence.judged.by == people[1]
    assert counts_for(evidence, NOW.date())
    assert [(each.what, each.on) for each in store.due(date(2028, 1, 1))] == [("expiry", date(2027, 3, 31))]
    assert store.verify()


def test_acceptance_lacks_all_it_lacks_at_once(store: Store, people: tuple[str, str], log: Path) -> None:
    with store.change(by=people[0]) as change:
        evidence = collect(change, swabs(), source=log)
        assert (evidence.owner, evidence.due) == (people[0], NOW.date())
        with pytest.raises(RefusedError) as error:
            change.advance(evidence, "accept")
    assert codes(error) == {"without-period", "judges-own"}
    with store.change(by=people[1]) as change:
        with pytest.raises(RefusedError) as error:
            change.advance(evidence, "reject")
        assert codes(error) == {"without-why"}
        with pytest.raises(RefusedError) as error:
            change.advance(evidence, "accept", **QUARTER)
        assert "not-recorded" in codes(error)


def test_request_names_somebody_and_a_day(store: Store, people: tuple[str, str]) -> None:
    for fields, code in (
        ({"owner": None}, "nobody-asked"),
        ({"due": None}, "without-due"),
        ({"due": date(2026, 3, 31)}, "due-in-past"),
        (
            {"revisions": [{"n": 1, "url": "https://x.example", "added_at": NOW, "added_by": people[1]}]},
            "supplied-unreceived",
        ),
    ):
        with pytest.raises(RefusedError) as error:
            request(store, people, **fields)
        assert codes(error) == {code}
    with pytest.raises(RefusedError) as error, store.change(by=people[0]) as change:
        change.advance(request_again(store, change, people), "receive")
    assert codes(error) == {"nothing-supplied"}


def request_again(store: Store, change: object, people: tuple[str, str]) -> Evidence:
    return change.add(swabs(owner=people[0], due=NOW.date()))  # type: ignore[attr-defined]


def test_revisions_are_only_added_to(store: Store, people: tuple[str, str], log: Path) -> None:
    with store.change(by=people[0]) as change:
        evidence = supply(change, collect(change, swabs(), source=log), url="https://files.example/log")
    first, second = evidence.revisions
    other = second.model_copy(update={"note": "another"})
    for revisions in ((first,), (), (first, other)):
        with pytest.raises(RefusedError) as error, store.change(by=people[0]) as change:
            change.save(evidence.revised(revisions=revisions))
        assert codes(error) & {"revision-changed"}
        with pytest.raises(RefusedError, match="stay as they are"), store.change(by=people[0]) as change:
            change.merge(evidence.revised(revisions=revisions))
    foreign = EvidenceRevision(n=3, url="https://files.example/new", added_at=NOW, added_by=people[1])
    with pytest.raises(RefusedError) as error, store.change(by=people[0]) as change:
        change.save(evidence.revised(revisions=(first, second, foreign)))
    assert codes(error) == {"supplied-by-another"}


def test_a_new_revision_has_to_be_judged_again(store: Store, people: tuple[str, str], log: Path) -> None:
    with store.change(by=people[0]) as change:
        evidence = collect(change, swabs(**QUARTER), source=log)
    with store.change(by=people[1]) as change:
        evidence = change.advance(evidence, "accept")
    with pytest.raises(RefusedError) as error, store.change(by=people[0]) as change:
        change.save(evidence.revised(effective_to=date(2026, 2, 1)))
    assert codes(error) == {"judged"}
    with store.change(by=people[0], why="the second half") as change:
        evidence = change.save(evidence.revised(owner=people[1], retention_until=date(2036, 1, 1)))
        evidence = supply(change, evidence, url="https://files.example/log2")
    assert (evidence.status, len(evidence.revisions)) == ("received", 2)
    assert not counts_for(evidence, NOW.date())
    with store.change(by=people[1], why="another quarter") as change:
        evidence = change.advance(evidence, "reject")
    assert str(counts_for(evidence, NOW.date())) == "it is rejected, not accepted"


def test_nobody_accepts_what_is_their_own(store: Store, people: tuple[str, str], log: Path) -> None:
    supplier, other = people
    for own in ({"owner": other}, {"collected_by": other}):
        with store.change(by=supplier) as change:
            evidence = collect(change, swabs(**QUARTER, **own), source=log)
        with pytest.raises(RefusedError, match="does not accept it"), store.change(by=other) as change:
            change.advance(evidence, "accept")
    with store.change(by=supplier) as change:
        evidence = collect(change, swabs(**QUARTER), source=log)
    with store.change(by=other) as change:
        evidence = change.advance(evidence, "accept")
    with store.change(by=other, why="a longer period") as change:
        evidence = change.advance(evidence, "revise", effective_to=date(2198, 1, 1))
    with pytest.raises(RefusedError, match="revised it"), store.change(by=other) as change:
        change.advance(evidence, "accept")


@pytest.mark.parametrize("fields", [{"expires": date(2199, 1, 1)}, {"owner": None}, {"collected_by": None}])
def test_nobody_accepts_what_they_changed(
    store: Store, people: tuple[str, str], log: Path, fields: dict[str, object]
) -> None:
    supplier, other = people
    with store.change(by=supplier) as change:
        evidence = collect(change, swabs(**QUARTER, collected_by=supplier), source=log)
    with pytest.raises(RefusedError, match="is kept among its amenders"), store.change(by=other) as change:
        change.save(evidence.revised(**fields))
    with pytest.raises(RefusedError, match="is kept among its amenders"), store.change(by=other) as change:
        change.save(evidence.revised(**fields, amenders=(supplier,)))
    with store.change(by=other) as change:
        evidence = amend(change, evidence.revised(**fields))
    with pytest.raises(RefusedError, match="amenders may only grow"), store.change(by=supplier) as change:
        change.save(evidence.revised(amenders=()))
    with pytest.raises(RefusedError, match="whoever changed what it says"), store.change(by=other) as change:
        change.advance(evidence, "accept")
    with store.change(by=supplier, why="wrong period") as change:
        evidence = change.advance(evidence, "reject")
    with (
        pytest.raises(RefusedError, match="revise does not change amenders"),
        store.change(by=supplier, why="another period") as change,
    ):
        change.advance(evidence, "revise", amenders=())


def test_what_is_to_come_is_not_accepted(store: Store, people: tuple[str, str], log: Path) -> None:
    with store.change(by=people[0]) as change:
        evidence = collect(change, swabs(effective_from=date(2030, 1, 1)), source=log)
    with pytest.raises(RefusedError, match="which is to come"), store.change(by=people[1]) as change:
        change.advance(evidence, "accept")


def test_cancelled_request_takes_nothing(store: Store, people: tuple[str, str], log: Path) -> None:
    evidence = request(store, people)
    with store.change(by=people[1], why="not needed") as change:
        evidence = change.advance(evidence, "cancel")
    with pytest.raises(RefusedError, match="do nothing more"), store.change(by=people[0]) as change:
        supply(change, evidence, source=log)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({**QUARTER, "expires": date(2025, 12, 31)}, "it expires on 2025-12-31, before the end of the period"),
        ({"effective_from": date(2026, 2, 1), "effective_to": date(2026, 1, 1)}, "before it begins on 2026-02-01"),
        ({"effective_to": date(2026, 1, 1)}, "has no beginning"),
        ({"collected_at": datetime(2026, 1, 1)}, "a time needs its time zone"),
        ({"title": {"xx": "Log"}}, "there is no language 'xx'"),
        ({"revisions": [{"n": 1, "added_at": NOW, "added_by": "01" * 13}]}, "neither a file nor an address"),
        (
            {"revisions": [{"n": 2, "url": "https://x.example", "added_at": NOW, "added_by": "01" * 13}]},
            "numbered",
        ),
        ({"revisions": [{"n": 1, "url": "javascript:x", "added_at": NOW, "added_by": "01" * 13}]}, "url"),
        ({"type": "rumour"}, "type"),
    ],
)
def test_bad_input_is_told_in_plain_words(database: str, fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        swabs(**fields)
    assert words in described(error.value)


def test_nothing_is_supplied_without_file_or_address(
    store: Store, people: tuple[str, str], tmp_path: Path
) -> None:
    evidence = request(store, people)
    with store.change(by=people[0]) as change:
        with pytest.raises(RecordError, match="Give a file or an address"):
            supply(change, evidence)
        with pytest.raises(AttachmentError, match="cannot be read"):
            supply(change, evidence, source=tmp_path / "gone.pdf")


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(
    begin=DAYS,
    length=st.none() | st.integers(0, 90),
    grace=st.none() | st.integers(0, 200),
    day=DAYS,
    back=st.integers(0, 200),
)
def test_what_counts_is_what_is_accepted_current_and_of_the_period(
    database: str, begin: date, length: int | None, grace: int | None, day: date, back: int
) -> None:
    end = None if length is None else begin + timedelta(length)
    expires = None if grace is None else (end or begin) + timedelta(grace)
    since = day - timedelta(back)
    evidence = swabs(status="accepted", effective_from=begin, effective_to=end, expires=expires)
    spoken_for = {begin + timedelta(i) for i in range((end - begin).days + 1)} if end else None
    asked = {since + timedelta(i) for i in range(back + 1)}
    overlaps = bool(asked & spoken_for) if spoken_for else begin <= day
    current = expires is None or day <= expires
    assert bool(counts_for(evidence, day, since=since)) == (overlaps and current)
    assert bool(counts_for(evidence, day)) == (begin <= day and current)
    assert (state_on(evidence, day) == "expired") == (not current)
    for state in set(EVIDENCE.states) - {"accepted"}:
        assert not counts_for(evidence.revised(status=state), day)


def test_accepted_evidence_was_judged_by_somebody_who_supplied_none_of_it(
    store: Store, people: tuple[str, str], log: Path
) -> None:
    with store.change(by=people[0]) as change:
        evidence = collect(change, swabs(**QUARTER), source=log)
    now = Circumstances(actor=people[1], at=NOW)
    accepted = evidence.revised(status="accepted")
    assert [each.code for each in EVIDENCE.unmet(accepted, now)] == ["not-judged"]
    own = accepted.revised(judged=Signed(by=people[0], at=NOW))
    assert [each.code for each in EVIDENCE.unmet(own, now)] == ["judges-own"]
    assert EVIDENCE.unmet(accepted.revised(judged=Signed(by=people[1], at=NOW)), now) == ()


def test_receiving_and_revising_name_what_they_change(database: str) -> None:
    for act in ("receive", "revise"):
        (row,) = (each for each in EVIDENCE.transitions if each.act == act)
        assert row.records is not None
        assert "revisions" in row.records
        assert not Evidence.STEP_FIELDS & set(row.records)
