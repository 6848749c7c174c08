"""What two copies of a record had last in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from qms.ledger import Event, Head, rebuilt

MERGED_HEAD = re.compile(r"with the head ([0-9]{1,15}):([0-9a-f]{64})")
HashAt = Callable[[int], str | None]
"""Gives the hash of the event with a number in one of the two ledgers."""


def naming(head: Head) -> str:
    """Return how a change says which ledger it merged; `merged_head` finds it again."""
    return f"merged a copy with the head {head}"


def merged_head(event: Event) -> Head | None:
    """Return the head of the ledger that an event merged a record from, if it did."""
    found = MERGED_HEAD.search(event.why) if event.act == "merge" else None
    return Head(int(found[1]), found[2]) if found else None


def common_base(
    ours: Sequence[Event], theirs: Sequence[Event], *, our_hash: HashAt, their_hash: HashAt
) -> dict[str, Any] | None:
    """Return the newest state of a record that both sides come from, as JSON values, or None if none is known.

    Parameters
    ----------
    ours, theirs : sequence of Event
        All events of the record in each ledger, oldest first.
    our_hash, their_hash : callable

    Raises
    ------
    ValueError
        If the events do not give the state.

    Notes
    -----
    Two states with one hash are the same state. A merge makes another state, with another version; that it holds
    all that the other side said up to some event is what its reason names.
    """
    places = [*_alike(ours, theirs)]
    places += [(i, j, theirs[: j + 1]) for i, j in _merged(ours, theirs, their_hash)]
    places += [(i, j, ours[: i + 1]) for j, i in _merged(theirs, ours, our_hash)]
    if not places:
        return None
    return rebuilt(max(places, key=lambda place: place[0] + place[1])[2])


def _alike(ours: Sequence[Event], theirs: Sequence[Event]) -> Iterator[tuple[int, int, Sequence[Event]]]:
    known = {event.state: j for j, event in enumerate(theirs)}
    for i, event in enumerate(ours):
        if event.state in known:
            yield i, known[event.state], ours[: i + 1]


def _merged(into: Sequence[Event], source: Sequence[Event], source_hash: HashAt) -> Iterator[tuple[int, int]]:
    """Yield places of merges on one side, each with the place up to which the other side is in it."""
    for place, event in enumerate(into):
        head = merged_head(event)
        if head is not None and source_hash(head.seq) == head.hash:
            before = sum(each.seq <= head.seq for each in source)
            if before:
                yield place, before - 1
