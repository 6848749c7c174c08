"""Actions: dates that are kept, dependencies without circles, and nobody who settles what is theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qms.actions.action import Action, Cost, circular, move_due
from qms.actions.ownership import Verification, hand_over
from qms.change import Change
from qms.errors import RefusedError
from qms.findings.finding import Finding, Statement
from qms.findings.grades import Grade
from qms.record import Deadline, Text, new_id
from qms.store import Store

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = date(2026, 6, 1)


@pytest.fixture
def database() -> str:
    return "sqlite"


@pytest.fixture
def office(make_store: Callable[..., Store]) -> Store:
    return make_store(clock=lambda: NOW)


def person(store: Store, name: str) -> str:
    return store.person(name).id


def action(**fields: object) -> Action:
    said = {"purpose": "corrective", "title": Text.of("Buy seals", "en"), **fields}
    return Action(unit="AL-TIR", **said)


def kept(store: Store, **fields: object) -> Action:
    with store.change(by=person(store, "c.marku")) as change:
        return change.add(action(owner=person(store, "a.hoxha"), due=DUE, **fields))


def step(
    store: Store, record: Action, act: str, who: str = "c.marku", why: str = "", **recorded: object
) -> Action:
    with store.change(by=person(store, who), why=why) as change:
        return change.advance(change.get(Action, record.id), act, **recorded)


def seen(store: Store, who: str = "c.marku", result: str = "passed") -> Verification:
    return Verification(by=person(store, who), at=NOW, how="seen", result=result)


def done(store: Store, **fields: object) -> Action:
    made = kept(store, **fields)
    for act in ("approve", "start", "finish"):
        made = step(store, made, act, "a.hoxha")
    return made


def test_from_proposed_to_effective_and_back(office: Store) -> None:
    made = done(office, cost=Cost(amount=Decimal("120.50"), currency="EUR"), effort_hours=Decimal("1.5"))
    with pytest.raises(RefusedError, match="for a verification that passed; this one failed"):
        step(office, made, "verify", verifications=(seen(office, result="failed"),))
    back = step(office, made, "send_back", verifications=(seen(office, result="failed"),))
    assert back.status == "in_progress"
    step(office, made, "finish", "a.hoxha")
    with pytest.raises(RefusedError, match="add one verification"):
        step(office, made, "verify")
    verified = step(office, made, "verify", verifications=(*back.verifications, seen(office)))
    assert [each.result for each in verified.verifications] == ["failed", "passed"]
    with pytest.raises(RefusedError, match="say why"):
        step(office, made, "confirm")
    step(office, made, "refute", why="bags were open again")
    step(office, made, "reopen")
    step(office, made, "start")
    step(office, made, "finish", "a.hoxha")
    step(office, made, "verify", verifications=(*verified.verifications, seen(office)))
    ended = step(office, made, "confirm", why="20 bags sealed")
    assert (ended.status, ended.cost and ended.cost.amount) == ("effective", Decimal("120.50"))
    assert office.verify()


def test_nobody_verifies_or_cancels_their_own(office: Store) -> None:
    made = done(office)
    with pytest.raises(RefusedError, match="may not do this"):
        step(office, made, "verify", "a.hoxha", verifications=(seen(office, "a.hoxha"),))
    with pytest.raises(RefusedError, match="recorded by whoever did it"):
        step(office, made, "verify", "b.krasniqi", verifications=(seen(office),))
    other = kept(office)
    with pytest.raises(RefusedError, match="may not do this"):
        step(office, other, "cancel", "a.hoxha", why="too dear")
    cancelled = step(office, other, "cancel", why="too dear")
    assert cancelled.cancellation is not None
    assert cancelled.cancellation.by == person(office, "c.marku")


@pytest.mark.parametrize("days", [-1, 1])
def test_a_verification_is_dated_when_it_is_recorded(office: Store, days: int) -> None:
    made = done(office)
    other = seen(office).model_copy(update={"at": NOW + timedelta(days=days)})
    with pytest.raises(RefusedError, match="counts from when it is recorded"):
        step(office, made, "verify", verifications=(other,))
    held = step(office, made, "verify", verifications=(seen(office),))
    if days > 0:
        forged = held.revised(verifications=(*held.verifications, other))
        with (
            pytest.raises(RefusedError, match="dated in the future"),
            office.change(by=person(office, "c.marku")) as change,
        ):
            change.merge(forged)


def test_handing_over_does_not_free_the_old_owner(office: Store) -> None:
    made = kept(office)
    step(office, made, "approve")
    with office.change(by=person(office, "c.marku"), why="on leave") as change:
        held = hand_over(change, change.get(Action, made.id), person(office, "b.krasniqi"))
    assert held.previous_owners == (person(office, "a.hoxha"),)
    for act in ("start", "finish"):
        step(office, made, act)
    for who in ("a.hoxha", "b.krasniqi"):
        with pytest.raises(RefusedError, match="may not do this"):
            step(office, made, "verify", who, verifications=(seen(office, who),))


def test_every_old_due_date_is_kept(office: Store) -> None:
    made = kept(office)
    with office.change(by=person(office, "c.marku")) as change:
        with pytest.raises(RefusedError, match="which keeps that it was due on 2026-06-01"):
            change.save(made.revised(due=date(2026, 7, 1)))
        with pytest.raises(RefusedError, match="keeps that it was due"):
            change.save(made.revised(due=None))
        with pytest.raises(RefusedError, match="say why"):
            move_due(change, made, date(2026, 7, 1))
    for day in (date(2026, 7, 1), date(2026, 8, 1)):
        with office.change(by=person(office, "c.marku"), why="seals are late") as change:
            moved = move_due(change, change.get(Action, made.id), day)
    assert moved.due == date(2026, 8, 1)
    assert [(each.due, each.why) for each in moved.previous_dues] == [
        (DUE, "seals are late"),
        (date(2026, 7, 1), "seals are late"),
    ]
    with office.change(by=person(office, "c.marku"), why="hide it") as change:
        for forged in (moved.revised(previous_dues=()), moved.revised(due=DUE, previous_dues=())):
            with pytest.raises(RefusedError, match=r"may only grow|keeps that it was due"):
                change.merge(forged)


def test_moving_to_the_same_day_is_no_move(office: Store) -> None:
    made = kept(office)
    with office.change(by=person(office, "c.marku"), why="late") as change:
        with pytest.raises(RefusedError, match="to which other day"):
            move_due(change, made, DUE)
        undated = change.add(action())
        with pytest.raises(RefusedError, match="set one by an edit"):
            move_due(change, undated, DUE)
        assert change.save(undated.revised(due=DUE)).previous_dues == ()


def test_overdue_follows_from_the_day_and_the_state(office: Store) -> None:
    made = kept(office)
    late = date(2026, 6, 2)
    assert made.overdue(late)
    assert made.deadlines() == (Deadline("action", DUE, made.owner or ""),)
    assert "overdue" not in Action.model_fields
    for act in ("approve", "start", "finish"):
        made = step(office, made, act)
    assert not made.overdue(late)
    assert made.deadlines() == ()


def test_done_waits_for_what_it_depends_on(office: Store) -> None:
    first = kept(office)
    second = kept(office, depends_on=(first.id,))
    for act in ("approve", "start"):
        step(office, second, act)
    with pytest.raises(RefusedError, match=f"{first.ref}, which is proposed"):
        step(office, second, "finish")
    for act in ("approve", "start", "finish"):
        step(office, first, act)
    assert step(office, second, "finish").status == "done"


def test_a_circle_of_any_length_is_named_and_refused(office: Store) -> None:
    first = kept(office)
    chain = [first]
    for _ in range(3):
        chain.append(kept(office, depends_on=(chain[-1].id,)))
    closing = first.revised(depends_on=(chain[-1].id,))
    who = person(office, "c.marku")
    for keep in (Change.save, Change.merge):
        with pytest.raises(RefusedError, match="run in a circle") as error, office.change(by=who) as change:
            keep(change, closing)
        assert all(each.ref in str(error.value) for each in chain)
    short = f"{first.ref} -> {chain[1].ref} -> {first.ref}"
    with pytest.raises(RefusedError, match=short), office.change(by=who) as change:
        change.save(first.revised(depends_on=(chain[1].id,)))
    with office.change(by=who) as change:
        fine = change.add(action(depends_on=(first.id, chain[1].id)))
        assert change.save(fine.revised(depends_on=(chain[-1].id,))).version == 2
    assert office.get(Action, first.id) == first


def test_a_circle_that_only_a_merge_could_bring_is_refused_and_one_that_it_undoes_is_not(office: Store) -> None:
    egg, hen, farm = new_id(), new_id(), kept(office)
    pair = [
        action(id=egg, ref="ACT-8", status="proposed", depends_on=(hen,)),
        action(id=hen, ref="ACT-9", status="proposed", depends_on=(egg,)),
    ]
    with pytest.raises(RefusedError, match="run in a circle"), office.change(by=farm.owner or "") as change:
        change.merge_all(pair)
    with office.change(by=farm.owner or "") as change:
        first, second = change.merge_all([pair[0], pair[1].revised(depends_on=())])
        turned = [second.revised(depends_on=(egg,)), first.revised(depends_on=())]
        assert [each.version for each in change.merge_all(turned)] == [2, 2]
    assert office.verify()


def test_an_action_stays_with_its_finding_and_as_it_was_verified(office: Store) -> None:
    with office.change(by=person(office, "c.marku")) as change:
        gap = Statement(gap=Text.of("Bags are not sealed", "en"))
        finding = change.add(Finding(unit="AL-TIR", grade=Grade.OBSERVATION, statement=gap))
    made = done(office, finding=finding.id)
    with pytest.raises(RefusedError, match="stays with"), office.change(by=person(office, "c.marku")) as change:
        change.save(made.revised(finding=None))
    made = step(office, made, "verify", verifications=(seen(office),))
    with office.change(by=person(office, "c.marku")) as change:
        with pytest.raises(RefusedError, match="only its labels"):
            change.save(made.revised(purpose="correction"))
        assert change.save(made.revised(labels=("2026",))).labels == ("2026",)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"start": date(2026, 6, 2), "due": DUE}, "before its start"),
        ({"progress": 101}, "progress"),
        ({"cost": {"amount": "-1", "currency": "EUR"}}, "cost.amount"),
        ({"cost": {"amount": "1", "currency": "euro"}}, "cost.currency"),
        ({"purpose": "punishment"}, "purpose"),
    ],
)
def test_impossible_actions_are_refused(fields: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        action(**fields)


def test_it_cannot_depend_on_itself() -> None:
    own = new_id()
    for name in ("start", "due"):
        with pytest.raises(ValidationError, match="2199-12-31"):
            action(**{name: date(9999, 12, 31)})
    with pytest.raises(ValidationError, match="depends on itself"):
        action(id=own, depends_on=(own,))


@given(st.integers(1, 7), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14))
def test_a_circle_is_found_exactly_where_there_is_one(size: int, edges: set[tuple[int, int]]) -> None:
    ids = [new_id() for _ in range(size)]
    follows = {i: {b for a, b in edges if a == i != b and b < size} for i in range(size)}
    known = {ids[i]: action(id=ids[i], depends_on=tuple(ids[b] for b in follows[i])) for i in range(size)}
    found = circular(known)
    ends = set(range(size))
    while free := {i for i in ends if not follows[i] & ends}:
        ends -= free
    assert bool(found) == bool(ends)
    if found:
        assert found[0] == found[-1]
        assert len(set(found)) == len(found) - 1
        assert all(b in known[a].depends_on for a, b in pairwise(found))
