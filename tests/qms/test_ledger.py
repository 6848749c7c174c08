"""The ledger: what a patch does, what a chain holds together, what its head says."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms.ledger import (
    BEGINNING,
    Chain,
    Event,
    applied,
    difference,
    kept_bytes,
    read_event,
    rebuilt,
    repeated,
    stamp,
)
from qms.record import canonical, sha256

names = st.text(max_size=5) | st.sampled_from(["~", "/", "~1", "~0/", "0", "", "-"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def chain_of(states: list[dict], record: str = "0" * 26) -> list[Event]:
    events, before, previous = [], {}, BEGINNING
    for seq, state in enumerate(states, 1):
        event = Event(
            seq=seq,
            change="c",
            at=stamp(START + timedelta(minutes=seq)),
            by="b",
            act="edit",
            kind="note",
            record=record,
            version=seq,
            patch=tuple(difference(before, state)),
            state=sha256(canonical(state)),
            why="",
            previous=previous,
        )
        previous, before = sha256(event.body()), state
        events.append(event)
    return events


def followed(events: list[Event]) -> Chain:
    chain = Chain()
    for event in events:
        body = event.body().decode()
        if not chain.follow(event.seq, event.record, event.at, body, sha256(body.encode())):
            break
    return chain


@settings(max_examples=200)
@given(before=values, after=values)
def test_a_patch_leads_from_one_value_to_the_other(before: object, after: object) -> None:
    patch = json.loads(json.dumps(difference(before, after)))
    assert applied(before, patch) == after
    assert canonical(applied(before, patch)) == canonical(after)
    assert bool(patch) == (canonical(before) != canonical(after))


@settings(max_examples=60)
@given(before=values, after=values, other=values)
def test_a_patch_for_another_value_is_refused_as_a_wrong_value_and_not_otherwise(
    before: object, after: object, other: object
) -> None:
    patch = difference(before, after)
    with suppress(ValueError):
        applied(other, patch)


def test_true_is_not_one() -> None:
    assert difference({"a": 1}, {"a": True}) == [{"at": "/a", "old": 1, "new": True}]
    assert difference({"a": True}, {"a": True}) == []


@pytest.mark.parametrize(
    "patch",
    [
        [{"at": "/a/0"}],
        [{"new": 1}],
        [{"at": None}],
        [{"at": "/a", "old": 2, "new": 3}],
        [{"at": "/b", "old": 2}],
        [{"at": "/a/x/y", "new": 1}],
        ["word"],
        [{"at": "/a", "new": 3}],
        [{"at": "/b", "old": 2, "new": 3}],
        [{"at": "/l/0", "new": 2}],
        [{"at": "/l/0", "old": 1, "new": 2}],
        [{"at": "/l/1", "old": 1, "new": 2}],
        [{"at": "/l/2", "new": 2}],
        [{"at": "/l/-1", "old": 5, "new": 2}],
        [{"at": "/l/x", "new": 2}],
    ],
)
def test_a_patch_that_is_none_is_refused(patch: list) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        applied({"a": 1, "l": [5]}, patch)


def test_a_patch_is_repeated_in_the_value_and_applied_to_a_copy() -> None:
    value, patch = {"l": [5]}, [{"at": "/l/0", "old": 5, "new": 6}, {"at": "/l/1", "new": 7}]
    assert applied(value, patch) == {"l": [6, 7]}
    assert value == {"l": [5]}
    assert repeated(value, patch) is value
    assert value == {"l": [6, 7]}


@settings(max_examples=40)
@given(states=st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=6))
def test_a_record_is_rebuilt_at_every_moment(states: list[dict]) -> None:
    events = chain_of(states)
    assert rebuilt(events) == states[-1]
    assert rebuilt(events, START) is None
    for number, state in enumerate(states, 1):
        assert rebuilt(events, START + timedelta(minutes=number)) == state
    assert all(read_event(event.body()) == event for event in events)


def test_a_false_state_is_noticed() -> None:
    events = chain_of([{"a": 1}, {"a": 2}])
    with pytest.raises(ValueError, match="do not give the state whose hash they keep"):
        rebuilt([events[0], replace(events[1], state="0" * 64)])


def test_the_first_broken_event_is_named() -> None:
    good = chain_of([{"n": n} for n in range(6)])
    chain = followed(good)
    assert (chain.problem, chain.head.seq, chain.head.hash) == (None, 6, sha256(good[-1].body()))
    assert chain.states == {"0" * 26: ("note", 6, good[-1].state)}
    cases = {
        "event 3: it is missing; the ledger goes on with event 4": [*good[:2], *good[3:]],
        "event 3: it is missing; the ledger goes on with event 2": [good[0], good[1], good[1]],
        "event 4: it does not follow from event 3": [*good[:2], replace(good[2], why="other"), *good[3:]],
        "event 2: it makes version 5 of a record that was at 1": [good[0], replace(good[1], version=5)],
        "event 1: it is missing; the ledger goes on with event 2": good[1:],
        "event 1: it does not follow from event 0": [replace(good[0], previous="f" * 64)],
    }
    for said, events in cases.items():
        assert str(followed(events).problem).startswith(said)


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '"x"', "{", '{"seq": 1}', "\udc80", None, 7, b"\x00"])
def test_what_is_no_event_is_said_to_be_none(body: object) -> None:
    chain = Chain()
    assert not chain.follow(1, "r", "a", body, sha256(kept_bytes(body)))
    assert str(chain.problem) == "event 1: its text is not that of an event"
    with pytest.raises((ValueError, TypeError)):
        read_event(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [("seq", "1"), ("version", 1.5), ("kind", None), ("record", 7), ("at", []), ("state", {}), ("previous", True)],
)
def test_what_the_next_event_follows_from_must_be_there_and_of_its_kind(field: str, value: object) -> None:
    event = chain_of([{}])[0]
    fields = json.loads(event.body())
    for wrong in ({**fields, field: value}, {name: each for name, each in fields.items() if name != field}):
        chain, body = Chain(), canonical(wrong)
        assert not chain.follow(event.seq, event.record, event.at, body.decode(), sha256(body))
        assert str(chain.problem) == "event 1: its text is not that of an event"


def test_columns_that_do_not_fit_the_text() -> None:
    event = chain_of([{}])[0]
    body = event.body().decode()
    for row in ((1, "x", event.at), (1, event.record, "2026")):
        chain = Chain()
        assert not chain.follow(*row, body, sha256(body.encode()))
        assert "in the table are not those in its text" in str(chain.problem)


def test_a_clock_that_went_back_is_odd_and_breaks_nothing() -> None:
    first, second = chain_of([{"n": 1}, {"n": 2}])
    second = replace(second, at=stamp(START - timedelta(days=1)), previous=sha256(first.body()))
    chain = followed([first, second])
    assert (chain.problem, chain.clock_back) == (None, [2])


def test_times_are_written_in_one_way() -> None:
    moment = datetime(2026, 3, 1, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert stamp(moment) == "2026-03-01T12:00:00.999Z"
    assert replace(chain_of([{}])[0], at=stamp(START)).moment == START


def test_the_canonical_form_is_that_of_the_standard() -> None:
    """Examples of RFC 8785, section 3.2."""
    numbers = [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001]
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\\/"
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"\\\\/"}'
    )
    assert canonical({"numbers": numbers, "string": text, "literals": [None, True, False]}).decode() == expected
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(canonical(keys))) == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
