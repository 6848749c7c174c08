"""Properties of every life cycle: its table, its guards, what a step may change, and what is final."""

from __future__ import annotations

import itertools
import random
import types
import typing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, RootModel

from qms.kinds import KINDS
from qms.lifecycle import Circumstances, Kind, Reason, Refused
from qms.record import ID_PATTERN, LANGUAGES, Record

KIND = {kind.name: kind for kind in KINDS if kind.cycle}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = [f"01J0000000000000000000000{n}" for n in "0123456789AB"]


@pytest.mark.parametrize("name", KIND)
def test_every_state_has_a_way_in_and_a_way_out(name: str) -> None:
    kind = KIND[name]
    cycle = kind.cycle
    assert cycle
    ways = {state: {row.target for row in cycle.rows_from(state)} - {state} for state in cycle.states}
    assert {state for state, onward in ways.items() if not onward} == set(cycle.final)
    assert all(not cycle.rows_from(state) for state in cycle.final)
    reached, waiting = {cycle.initial}, [cycle.initial]
    while waiting:
        fresh = ways[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh
    assert reached == set(cycle.states)


@pytest.mark.parametrize("name", ["finding", "action"])
def test_from_every_state_an_end_can_be_reached(name: str) -> None:
    cycle = KIND[name].cycle
    assert cycle
    ends = set(cycle.final)
    while fresh := {each for row in cycle.transitions if row.target in ends for each in row.sources} - ends:
        ends |= fresh
    assert ends == set(cycle.states)


@pytest.mark.parametrize("name", KIND)
def test_every_row_says_what_it_is(name: str) -> None:
    kind = KIND[name]
    cycle, fields = kind.cycle, kind.model.model_fields
    assert cycle
    pairs = [(row.act, state) for row in cycle.transitions for state in row.sources]
    assert len(pairs) == len(set(pairs)), "a row that no step can reach"
    assert set(cycle.demands) <= set(cycle.states)
    assert fields.keys() >= kind.model.STEP_FIELDS | kind.model.BOOKKEEPING
    recorded = {name for row in cycle.transitions for name in (*(row.records or ()), row.signs) if name}
    assert recorded <= fields.keys()
    for row in cycle.transitions:
        assert row.meaning
        assert not row.signs or row.signs in kind.model.STEP_FIELDS


class Maker:
    """Makes valid records of any model at random, from the annotations of their fields."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def model(self, model: type[BaseModel], **fixed: Any) -> Any:
        """A valid model: the fields that are needed, and of the others those that go with them."""
        fields = {name: each for name, each in model.model_fields.items() if name not in fixed}
        for share in (0.6,) * 5 + (0.3,) * 20 + (0.1,) * 40:
            chosen = [name for name, each in fields.items() if each.is_required() or self.rng.random() < share]
            try:
                made = {name: self.value(fields[name].annotation, tuple(fields[name].metadata)) for name in chosen}
                return model.model_validate({**fixed, **made})
            except ValueError:
                continue
        raise ValueError(f"could not make a valid {model.__name__}")

    def value(self, annotation: Any, metadata: tuple[Any, ...] = ()) -> Any:
        origin, inner = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.value(inner[0], (*metadata, *inner[1:]))
        if origin in (typing.Union, types.UnionType):
            return self.value(self.rng.choice(inner), metadata)
        if origin is Literal:
            return self.rng.choice(inner)
        if origin is dict:
            return {self.value(inner[0]): self.value(inner[1]) for _ in range(self.rng.randrange(3))}
        if origin is not None:
            return [self.value(inner[0]) for _ in range(self.rng.randrange(1, 3))]
        if annotation in PLAIN:
            return self.rng.choice(PLAIN[annotation])
        if annotation is str:
            return self._words(repr(metadata))
        if issubclass(annotation, Enum):
            return self.rng.choice(list(annotation))
        if issubclass(annotation, RootModel):
            return self.rng.choice([{"en": "Bags"}, {"sq": "Thasë", "mk": "Кеси"}])
        return self.model(annotation)

    def _words(self, metadata: str) -> str:
        if ID_PATTERN in metadata:
            return self.rng.choice(PEOPLE)
        if "_known_language" in metadata:
            return self.rng.choice(list(LANGUAGES))
        return self.rng.choice(["a" * 64, "a" * 64, "EUR", "AL-TIR", "2026-03", "1", "x", ""])

    def situation(self, kind: Kind) -> tuple[Record, Circumstances]:
        """A record of a kind and circumstances, with related records that it names and that name it."""
        assert kind.cycle
        states = kind.cycle.states
        record, before = (
            self.model(kind.model, id=PEOPLE[0], unit="AL-TIR", status=self.rng.choice(states)) for _ in range(2)
        )
        others = [self.rng.choice(KINDS) for _ in range(self.rng.randrange(4))]
        related = tuple(
            self.model(other.model, id=PEOPLE[n], unit="AL-TIR", status=self._state(other))
            for n, other in enumerate(others, start=1)
        )
        same = record.revised(status=before.status)
        return record, Circumstances(
            actor=self.rng.choice(PEOPLE),
            at=NOW,
            why=self.rng.choice(["", "because"]),
            related=related,
            before=self.rng.choice([None, before, record, same]),
        )

    def _state(self, kind: Kind) -> str:
        return self.rng.choice(kind.cycle.states) if kind.cycle else ""


DAYS = (-400, -1, 0, 1, 400)
PLAIN: dict[Any, list[Any]] = {
    type(None): [None],
    bool: [True, False],
    int: [0, 1, 2, 5],
    float: [0.0, 0.5, 1.0],
    Decimal: [Decimal("0"), Decimal("12.50")],
    date: [NOW.date() + timedelta(days=n) for n in DAYS],
    AwareDatetime: [NOW + timedelta(days=n) for n in DAYS],
}


@pytest.mark.parametrize("name", KIND)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_guards_are_total(name: str, seed: int) -> None:
    record, circumstances = Maker(seed).situation(KIND[name])
    cycle = KIND[name].cycle
    assert cycle
    guards = [guard for row in cycle.transitions for guard in row.guards]
    guards += [guard for each in cycle.demands.values() for guard in each]
    reasons = [reason for guard in dict.fromkeys(guards) for reason in guard(record, circumstances)]
    reasons += cycle.unmet(record, circumstances)
    reasons += cycle.against_edit(circumstances.before or record, record, circumstances)
    for act in dict.fromkeys(row.act for row in cycle.transitions):
        outcome = cycle.step(record, act, circumstances)
        assert outcome or outcome.reasons
        reasons += outcome.reasons if isinstance(outcome, Refused) else ()
    assert all(isinstance(reason, Reason) and str(reason) and reason.code for reason in reasons)


STRICT = [name for name, kind in KIND.items() if any(row.records is not None for row in kind.cycle.transitions)]


@pytest.mark.parametrize("name", STRICT)
@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_a_step_changes_only_what_it_records(name: str, seed: int) -> None:
    maker = Maker(seed)
    record, circumstances = maker.situation(KIND[name])
    cycle = KIND[name].cycle
    assert cycle
    row = maker.rng.choice([row for row in cycle.transitions if row.records is not None])
    before = record.revised(status=maker.rng.choice(row.sources))
    other = maker.model(type(record), id=record.id, unit=record.unit, status=before.status)
    changed = {name for name in type(record).model_fields if getattr(before, name) != getattr(other, name)}
    outcome = cycle.step(other, row.act, replace(circumstances, before=before))
    beside = changed - set(row.records or ())
    if beside:
        assert isinstance(outcome, Refused)
        told = {reason.values["field"] for reason in outcome.reasons if reason.code == "not-recorded"}
        assert told == beside


@pytest.mark.parametrize("name", KIND)
def test_no_step_begins_from_a_status_that_only_the_caller_claims(name: str) -> None:
    kind = KIND[name]
    cycle = kind.cycle
    assert cycle
    for row, claimed, held in itertools.product(cycle.transitions, cycle.states, cycle.states):
        if claimed == held:
            continue
        before = kind.model.model_construct(id=PEOPLE[0], unit="AL-TIR", status=held)
        after = kind.model.model_construct(id=PEOPLE[0], unit="AL-TIR", status=claimed)
        outcome = cycle.step(after, row.act, Circumstances(actor=PEOPLE[1], at=NOW, why="x", before=before))
        assert isinstance(outcome, Refused)


STATES = [(name, state) for name, kind in KIND.items() for state in kind.cycle.states]


@pytest.mark.parametrize(("name", "state"), STATES)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_what_is_final_and_nothing_else_can_only_be_labelled(name: str, state: str, seed: int) -> None:
    maker, cycle = Maker(seed), KIND[name].cycle
    assert cycle
    before, other = (
        maker.model(KIND[name].model, id=PEOPLE[0], unit="AL-TIR", status=state, labels=()) for _ in range(2)
    )
    told = Circumstances(actor=PEOPLE[1], at=NOW, why="x", before=before)
    reopened = other.model_copy(update={"status": cycle.initial})
    differs = other != before
    for after, changes in ((before.revised(labels=("kept",)), False), (other, differs), (reopened, differs)):
        codes = [each.code for each in cycle.against_edit(before, after, told)]
        assert codes.count("final") == (changes and state in cycle.final)
