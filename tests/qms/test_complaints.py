from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from qms.audits.audit import Audit
from qms.complaints import COMPLAINT, Complaint, raise_finding
from qms.errors import RefusedError
from qms.findings.finding import Finding
from qms.lifecycle import Circumstances, Refused
from qms.organisation import Person
from qms.record import Text
from qms.store import Store

TODAY = date(2026, 6, 15)
ARTA, BESA, CLIRIM = (
    Person(unit="AL-TIR", ref=ref, name=name)
    for ref, name in {"a.h": "Arta Hoxha", "b.k": "Besa Krasniqi", "c.m": "Çlirim Marku"}.items()
)
DECISION: dict[str, Any] = {
    "investigation": Text.of("The exhibit was not sealed.", "en"),
    "decision": Text.of("The complaint is right.", "en"),
    "outcome": "upheld",
    "decided_on": date(2026, 6, 12),
}


def complaint(**fields: Any) -> Complaint:
    told = {
        "unit": "AL-TIR",
        "subject": Text.of("An exhibit came back unsealed", "en"),
        "received_from": "Court of Tirana",
        "received_on": date(2026, 6, 1),
        "concerns": (CLIRIM.id,),
    }
    return Complaint(**{**told, **fields})


def step(
    record: Complaint, act: str, *related: Any, why: str = "", by: Person = ARTA, **recorded: Any
) -> Complaint | Refused:
    now = Circumstances(
        actor=by.id,
        at=datetime(2026, 6, 15, 9, tzinfo=UTC),
        why=why,
        related=(ARTA, BESA, CLIRIM, *related),
        before=record,
    )
    return COMPLAINT.step(record.revised(**recorded), act, now)


def codes(result: Complaint | Refused) -> set[str]:
    assert isinstance(result, Refused)
    return {reason.code for reason in result.reasons}


def kept(**fields: Any) -> Complaint:
    return complaint(**{"version": 1, "validity": Text.of("It is about our work", "en"), **fields})


def test_every_state_is_reached_and_left() -> None:
    reached = {COMPLAINT.initial} | {row.target for row in COMPLAINT.transitions}
    assert set(COMPLAINT.states) == reached
    assert {state for state in reached if not COMPLAINT.rows_from(state)} == set(COMPLAINT.final)


def test_nobody_concerned_investigates() -> None:
    result = step(kept(status="validated"), "investigate", investigators=(CLIRIM.id, BESA.id))
    assert codes(result) == {"involved"}
    assert isinstance(result, Refused)
    said = "Çlirim Marku investigates it but is involved in the matter: the matter is about them"
    assert [str(reason) for reason in result.reasons] == [said]
    assert codes(step(kept(status="validated"), "investigate")) == {"nobody"}
    assert step(kept(status="validated"), "investigate", investigators=(BESA.id,))


def test_owners_and_auditors_of_what_it_concerns_are_involved() -> None:
    finding = Finding.model_validate(
        {"unit": "AL-TIR", "ref": "NC-1", "grade": "minor", "owner": BESA.id, "previous_owners": [ARTA.id]}
        | {"statement": {"gap": {"en": "Seals"}}}
    )
    audit = Audit(unit="AL-TIR", ref="AUD-1", title=Text.of("Seals", "en"), team=(ARTA.id,))
    about_finding = kept(status="validated", concerns=(finding.id,))
    assert codes(step(about_finding, "investigate", finding, investigators=(BESA.id,))) == {
        "actor-involved",
        "involved",
    }
    both = step(about_finding, "investigate", finding, investigators=(ARTA.id,))
    assert codes(both) == {"actor-involved", "involved"}
    assert step(about_finding, "investigate", finding, investigators=(CLIRIM.id,), by=CLIRIM)
    about_audit = kept(status="validated", concerns=(audit.id,))
    assert codes(step(about_audit, "investigate", audit, investigators=(ARTA.id,), by=BESA)) == {"involved"}
    assert step(about_audit, "investigate", audit, investigators=(BESA.id,), by=BESA)


@pytest.mark.parametrize("lacking", ["investigation", "decision", "outcome", "decided_on"])
def test_a_decision_is_complete(lacking: str) -> None:
    record = kept(status="investigating", investigators=(BESA.id,))
    whole = {**DECISION, "decided_by": (ARTA.id,)}
    assert step(record, "decide", **whole)
    del whole[lacking]
    assert codes(step(record, "decide", **whole)) == {"not-decided"}


def test_nobody_concerned_decides_and_not_in_the_future() -> None:
    record = kept(status="investigating", investigators=(BESA.id,))
    assert codes(step(record, "decide", **DECISION, decided_by=(CLIRIM.id, ARTA.id))) == {"involved"}
    assert codes(step(record, "decide", **DECISION)) == {"nobody"}
    later = {**DECISION, "decided_on": date(2026, 6, 30), "decided_by": (ARTA.id,)}
    assert codes(step(record, "decide", **later)) == {"future-day"}


@pytest.mark.parametrize("act", ["validate", "reject"])
def test_what_is_not_received_yet_is_not_judged(act: str) -> None:
    record = complaint(status="received", received_on=date(2026, 6, 17), validity=Text.of("ours", "en"))
    assert codes(step(record, act)) == {"future-day"}


def test_an_appeal_is_decided_by_others_than_the_decision() -> None:
    first = complaint(status="closed", decided_by=(ARTA.id,), investigators=(BESA.id,), ref="COM-1", concerns=())
    appeal = kept(type="appeal", status="investigating", concerns=(), against=first.id, investigators=(CLIRIM.id,))
    for person in (ARTA, BESA):
        both = step(appeal, "decide", first, **DECISION, decided_by=(CLIRIM.id, person.id), by=CLIRIM)
        assert codes(both) == {"involved"}
    assert step(appeal, "decide", first, **DECISION, decided_by=(CLIRIM.id,), by=CLIRIM)
    on_paper = appeal.revised(against=None, decided_before=(BESA.id,))
    assert codes(step(on_paper, "decide", **DECISION, decided_by=(BESA.id,))) == {"involved", "not-the-decider"}
    assert codes(step(on_paper, "decide", **DECISION, decided_by=(BESA.id, ARTA.id))) == {"involved"}
    assert step(on_paper, "decide", **DECISION, decided_by=(ARTA.id,))
    nothing = kept(type="appeal", status="received", concerns=())
    assert codes(step(nothing, "validate")) == {"no-decision"}


@pytest.mark.parametrize(
    ("status", "act", "recorded"),
    [
        ("received", "validate", {}),
        ("received", "reject", {}),
        ("validated", "investigate", {"investigators": (BESA.id,)}),
        ("investigating", "decide", {**DECISION, "decided_by": (BESA.id, CLIRIM.id)}),
        ("decided", "communicate", {"communicated_on": date(2026, 6, 14)}),
        ("decided", "reopen", {}),
        ("communicated", "close", {}),
    ],
)
def test_nobody_concerned_takes_a_step(status: str, act: str, recorded: dict[str, Any]) -> None:
    whole = {**DECISION, "decided_by": (BESA.id,)} if status in ("decided", "communicated") else {}
    told = {"communicated_on": date(2026, 6, 14)} if status == "communicated" else {}
    investigators = () if status in ("received", "validated") else (BESA.id,)
    record = kept(status=status, investigators=investigators, **whole, **told)
    found = step(record, act, why="because", by=CLIRIM, **recorded)
    assert "actor-involved" in codes(found)
    if act != "decide":
        assert step(record, act, why="because", by=ARTA, **recorded)


def test_one_of_the_deciders_records_the_decision_and_validity_is_signed() -> None:
    record = kept(status="investigating", investigators=(BESA.id,))
    assert codes(step(record, "decide", **DECISION, decided_by=(BESA.id,))) == {"not-the-decider"}
    for act in ("validate", "reject"):
        judged = step(kept(status="received"), act)
        assert isinstance(judged, Complaint)
        assert judged.judged is not None
        assert judged.judged.by == ARTA.id


def test_a_day_beyond_all_calendars_is_refused() -> None:
    with pytest.raises(ValidationError, match="received_on"):
        complaint(received_on=date(9999, 12, 31))


def test_the_day_of_communication_is_needed() -> None:
    decided = kept(status="decided", investigators=(BESA.id,), decided_by=(ARTA.id,), **DECISION)
    assert codes(step(decided, "communicate")) == {"not-communicated"}
    assert codes(step(decided, "communicate", communicated_on=date(2026, 6, 11))) == {"out-of-order"}
    assert codes(step(decided, "communicate", communicated_on=date(2026, 6, 20))) == {"future-day"}
    told = step(decided, "communicate", communicated_on=date(2026, 6, 13))
    assert isinstance(told, Complaint)
    assert step(told, "close").status == "closed"  # type: ignore[union-attr]
    rejected = step(kept(status="not_valid"), "communicate", communicated_on=TODAY)
    assert isinstance(rejected, Complaint)
    assert codes(step(rejected, "reopen", why="new facts")) >= {"not-looked-into"}


def test_what_came_from_elsewhere_is_decided_in_full() -> None:
    told = {"status": "closed", "decided_by": (ARTA.id,), "communicated_on": TODAY, "investigators": (BESA.id,)}
    now = Circumstances(actor=ARTA.id, at=datetime(2026, 6, 15, 9, tzinfo=UTC))
    assert not COMPLAINT.unmet(kept(**told, **DECISION), now)
    halved = {**DECISION, "outcome": ""}
    assert [each.code for each in COMPLAINT.unmet(kept(**told, **halved), now)] == ["not-decided"]


def test_a_step_records_its_own_fields_only() -> None:
    result = step(kept(status="validated"), "investigate", investigators=(BESA.id,), concerns=())
    assert codes(result) == {"not-recorded"}


def test_deadlines_follow_the_state() -> None:
    fresh = complaint(status="received", owner=BESA.id)
    assert [(due.what, due.on, due.owner) for due in fresh.deadlines()] == [
        ("acknowledgement", date(2026, 6, 6), BESA.id),
        ("decision", date(2026, 7, 31), BESA.id),
    ]
    set_by_hand = fresh.revised(acknowledge_by=date(2026, 6, 3), decide_by=date(2026, 6, 20))
    assert [due.on for due in set_by_hand.deadlines()] == [date(2026, 6, 3), date(2026, 6, 20)]
    assert [due.what for due in fresh.revised(acknowledged_on=TODAY).deadlines()] == ["decision"]
    assert [due.what for due in fresh.revised(received_from="").deadlines()] == ["decision"]
    decided = kept(status="decided", acknowledged_on=TODAY, **DECISION)
    assert [(due.what, due.on) for due in decided.deadlines()] == [("outcome", date(2026, 6, 22))]
    assert complaint(status="closed").deadlines() == ()


def test_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValidationError, match="only an appeal"):
        complaint(decided_before=(ARTA.id,))
    with pytest.raises(ValidationError, match="before it was received"):
        complaint(acknowledged_on=date(2026, 5, 31))
    assert complaint(received_from="").anonymous
    assert complaint(type="appeal").series(2026) == "APP-2026-"


@pytest.mark.parametrize("database", ["sqlite"])
def test_from_receipt_to_close(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: datetime(2026, 6, 15, 9, tzinfo=UTC))
    arta, besa, clirim = (store.get(Person, ref) for ref in ("a.hoxha", "b.krasniqi", "c.marku"))
    with store.change(by=arta.id) as change:
        record = change.add(complaint(concerns=(clirim.id,), owner=arta.id))
        assert record.ref == "COM-2026-001"
        record = change.save(record.revised(acknowledged_on=date(2026, 6, 2)))
        record = change.advance(record, "validate", validity=Text.of("It is about our work", "en"))
        record = change.advance(record, "investigate", investigators=(besa.id,))
    with pytest.raises(RefusedError, match="Çlirim Marku decides it"), store.change(by=arta.id) as change:
        change.advance(record, "decide", **DECISION, decided_by=(clirim.id,))
    with pytest.raises(RefusedError, match="concerns only grow"), store.change(by=arta.id) as change:
        change.save(record.revised(concerns=()))
    with pytest.raises(RefusedError, match="recorded by a step"), store.change(by=arta.id) as change:
        change.save(record.revised(outcome="not_upheld"))
    with store.change(by=arta.id) as change:
        record, finding = raise_finding(change, record, grade="minor", gap=Text.of("Not sealed", "en"))
        record = change.advance(record, "decide", **DECISION, decided_by=(arta.id,))
    assert (finding.origin.kind, finding.origin.record) == ("complaint", record.id)
    assert record.findings == (finding.id,)
    with pytest.raises(RefusedError, match="unless it is reopened"), store.change(by=arta.id) as change:
        change.save(record.revised(investigators=(arta.id,)))
    with store.change(by=arta.id) as change:
        record = change.advance(record, "communicate", communicated_on=date(2026, 6, 14))
    with store.change(by=arta.id, why="the court sent a photograph") as change:
        record = change.advance(record, "reopen")
        again = {**DECISION, "decided_on": date(2026, 6, 15), "outcome": "partly_upheld"}
        record = change.advance(record, "decide", **again, decided_by=(arta.id,))
        record = change.advance(record, "communicate", communicated_on=date(2026, 6, 15))
        record = change.advance(record, "close")
    assert (record.status, record.outcome) == ("closed", "partly_upheld")
    assert not [due for due in store.due(date(2027, 1, 1)) if due.kind == "complaint"]
    assert store.verify().problems == ()


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_new_complaint_is_not_decided_beforehand(store: Store) -> None:
    arta = store.get(Person, "a.hoxha")
    with pytest.raises(RefusedError, match="decision is recorded by a step"), store.change(by=arta.id) as change:
        change.add(complaint(concerns=(), **DECISION))


@pytest.mark.parametrize("database", ["sqlite"])
def test_nobody_edits_away_what_bars_them(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: datetime(2026, 6, 15, 9, tzinfo=UTC))
    arta, besa, clirim = (store.get(Person, ref).id for ref in ("a.hoxha", "b.krasniqi", "c.marku"))

    def edited(record: Complaint, by: str, why: str = "", **said: Any) -> Complaint:
        with store.change(by=by, why=why) as change:
            return change.save(record.revised(**said))

    with store.change(by=arta) as change:
        record = change.add(complaint(concerns=(clirim,), owner=arta))
    for said in ({"concerns": ()}, {"subject": Text.of("Thanks", "en")}, {"owner": clirim}):
        with pytest.raises(RefusedError, match="Marku cannot do this and is involved"):
            edited(record, clirim, "a slip", **said)
    with pytest.raises(RefusedError, match="say why one goes"):
        edited(record, arta, concerns=())
    record = edited(edited(record, arta, "not about him", concerns=()), arta, concerns=(clirim,))
    with pytest.raises(RefusedError, match="is to come"):
        edited(record, arta, acknowledged_on=date(2030, 1, 1))
    with store.change(by=arta) as change:
        record = change.advance(record, "validate", validity=Text.of("It is about our work", "en"))
    for said in ({"subject": Text.of("Praise", "en")}, {"received_from": ""}, {"received_on": date(2026, 1, 1)}):
        with pytest.raises(RefusedError, match="stays as it is"):
            edited(record, arta, "a slip", **said)
    with store.change(by=arta) as change:
        record = change.advance(record, "investigate", investigators=(besa,))
        record = change.advance(record, "decide", **DECISION, decided_by=(arta,))
        appeal = change.add(complaint(type="appeal", against=record.id, concerns=()))
    with pytest.raises(RefusedError, match="took part in the decision"):
        edited(appeal, besa, type="complaint", against=None)
