"""A long random walk of findings and actions, honest and not, that keeps every invariant."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest

from qms.actions.action import Action, move_due
from qms.actions.cycle import ACTION
from qms.actions.ownership import Verification, hand_over
from qms.errors import RefusedError
from qms.findings import finding as findings
from qms.findings.cycle import FINDING
from qms.findings.finding import Finding, Review, regrade
from qms.findings.grades import Grade
from qms.organisation import Person
from qms.record import Record
from qms.store import Store
from tests.qms.closing import (
    CAUSE,
    CLAUSE,
    CRITERION,
    CYCLE,
    EXTENT,
    NOW,
    PEOPLE,
    STATED,
    Memory,
    text,
    wrongly_closed,
)


def forgets(before: Record, after: Record) -> str:
    """What a record kept before and no longer keeps."""
    if isinstance(before, Action) and isinstance(after, Action):
        lists = ("previous_dues", "previous_owners", "verifications")
        moved = before.due not in (None, after.due, *(each.due for each in after.previous_dues))
        lost = ["due"] if moved else []
    elif isinstance(before, Finding) and isinstance(after, Finding):
        same = len(before.earlier) == len(after.earlier)
        lists = ("previous_owners", "previous_dues", "regrades", "earlier")
        lists += ("verifications", "reviews") if same else ()
        lost = [] if same or after.earlier[-1].reviews == before.reviews else ["reviews"]
        lost += (
            [] if before.due_close in (after.due_close, *(each.due for each in after.previous_dues)) else ["due"]
        )
    lost += [name for name in lists if getattr(after, name)[: len(getattr(before, name))] != getattr(before, name)]
    return ", ".join(lost)


class Walker:
    """Takes random steps, honest and not, through whatever keeps findings and actions."""

    def __init__(self, place: Any, held: dict[str, Any], people: list[str], clock: list[datetime]) -> None:
        self.place, self.held, self.people, self.clock = place, held, people, clock
        self.rng = random.Random(20260302)
        self.taken: dict[tuple[str, str], int] = {}
        self.ended: dict[tuple[str, str], int] = {}
        self.refused = 0

    def walk(self, steps: int) -> None:
        while sum(self.taken.values()) < steps:
            self.clock[0] += timedelta(hours=self.rng.choice([1] * 30 + [300]))
            if len(self.held) < 15:
                self._begin()
            record = self.rng.choice(list(self.held.values()))
            if CYCLE[type(record)].rows_from(record.status):
                self._one(record)

    def _drop(self, finding: Finding) -> None:
        for each in [finding, *self._actions(finding)]:
            del self.held[each.id]

    def _actions(self, finding: Finding) -> list[Action]:
        return [each for each in self.held.values() if isinstance(each, Action) and each.finding == finding.id]

    def _begin(self) -> None:
        grade = self.rng.choice([*Grade, Grade.MAJOR, Grade.MINOR, Grade.MINOR])
        said = {"requirements": (CLAUSE,), "owner": self.rng.choice(self.people), "extent": EXTENT}
        said["due_close"] = self.clock[0].date() + timedelta(days=90)
        finding = Finding(unit="AL-TIR", grade=grade, statement=STATED, **said)
        with self.place.change(by=self.rng.choice(self.people), why="found") as change:
            self._note(change.add(finding))
            for purpose in ("correction", "corrective"):
                self._note(change.add(self._action(finding, purpose)))

    def _action(self, finding: Finding, purpose: Any) -> Action:
        due = self.clock[0].date() + timedelta(days=30)
        owner = self.rng.choice(self.people)
        title = text("Buy seals")
        return Action(unit="AL-TIR", purpose=purpose, title=title, owner=owner, due=due, finding=finding.id)

    def _one(self, record: Any) -> None:
        rows = [row for row in CYCLE[type(record)].rows_from(record.status) for _ in range(_weight(row.act))]
        act = self.rng.choice(rows).act
        why = self.rng.choice(["because", "because", "because", ""])
        try:
            with self.place.change(by=self.rng.choice(self.people), why=why) as change:
                kept = self._take(change, record, act)
        except RefusedError:
            self.refused += 1
            return
        self.taken[record.kind, act] = self.taken.get((record.kind, act), 0) + 1
        assert not forgets(record, kept), (record, kept)
        self._note(kept)
        if act in ("verify", "send_back", "review"):
            signed = kept.reviews if act == "review" else kept.verifications
            assert (signed[-1].by, signed[-1].at) == (change.by, change.at)
        if isinstance(kept, Finding):
            lacks = wrongly_closed(kept, self._actions(kept))
            assert not lacks, (lacks, kept)
            if act == "reopen":
                with self.place.change(by=change.by, why="anew") as change:
                    self._note(change.add(self._action(kept, "corrective")))
            if kept.status in FINDING.final:
                self.ended[kept.status, kept.grade] = self.ended.get((kept.status, kept.grade), 0) + 1
                self._drop(kept)

    def _note(self, record: Any) -> None:
        self.held[record.id] = record

    def _take(self, change: Any, record: Any, act: str) -> Any:
        if act == "hand_over":
            return hand_over(change, record, self.rng.choice(self.people))
        if act == "move":
            day = self.clock[0].date() + timedelta(days=self.rng.randrange(60))
            if isinstance(record, Finding):
                return findings.move_due(change, record, due_close=day)
            return move_due(change, record, day)
        if act == "regrade":
            return regrade(change, record, self.rng.choice(list(Grade)))
        return change.advance(record, act, **self._recorded(change, record, act))

    def _recorded(self, change: Any, record: Any, act: str) -> dict[str, Any]:
        signer = self.rng.choice([change.by] * 9 + self.people)
        at = change.at - timedelta(days=self.rng.choice([0] * 9 + [20, -1]))
        if act in ("verify", "send_back"):
            result = self.rng.choice(["passed", "failed"]) if self.rng.random() < 0.1 else _result(act)
            verification = Verification(by=signer, at=at, how="seen", result=result)
            return {"verifications": (*record.verifications, verification)}
        if act == "review":
            result = self.rng.choice(["effective", "effective", "partly", "not_effective"])
            return {"reviews": (*record.reviews, Review(by=signer, at=at, method="cases", result=result))}
        if act == "contain":
            return {"containment": {"by": signer, "at": at, "what": text("sealed")}}
        if act == "plan":
            return {"analysis": self.rng.choice([CAUSE, CAUSE, None])}
        if act == "agree":
            return {"criterion": self.rng.choice([CRITERION, CRITERION, None])}
        return record.next_round() if act == "reopen" and isinstance(record, Finding) else {}


def _weight(act: str) -> int:
    """How often the walker tries an act: those that go on often, those that turn back or end a record rarely."""
    return {"cancel": 1, "move": 1, "hand_over": 1, "regrade": 2}.get(act, 3 if act in TURNS else 30)


TURNS = ("withdraw", "dispute", "replan", "refute", "send_back", "block", "decline", "review")


def _result(act: str) -> Literal["passed", "failed"]:
    return "passed" if act == "verify" else "failed"


def test_ten_thousand_random_steps_keep_every_invariant() -> None:
    clock = [NOW]
    memory = Memory(clock)
    walker = Walker(memory, memory.records, PEOPLE, clock)
    walker.walk(10_000)
    acts = {
        (name, row.act) for name, cycle in (("finding", FINDING), ("action", ACTION)) for row in cycle.transitions
    }
    assert acts - walker.taken.keys() == set()
    assert walker.refused > 1000
    assert walker.ended["closed", Grade.MAJOR] > 10
    assert walker.ended["closed", Grade.MINOR] > 10


@pytest.mark.parametrize("database", ["sqlite"])
def test_random_steps_through_a_store_leave_a_ledger_that_verifies(
    make_store: Callable[..., Store], database: str
) -> None:
    clock = [NOW]
    store = make_store(clock=lambda: clock[0])
    people = [Person(unit="AL-TIR", ref=f"p.{n}", name=f"Person {n}") for n in range(8)]
    with store.change(by=people[0].id) as change:
        for person in people:
            change.add(person)
    walker = Walker(store, {}, [person.id for person in people], clock)
    walker.walk(150)
    assert store.verify()
    for record in walker.held.values():
        assert store.get(type(record), record.id) == record
