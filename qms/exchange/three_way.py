"""Bringing together two values that went apart from a third, field by field, and what that third one is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, Literal, NamedTuple

from qms.exchange.merged import merged_from
from qms.ledger import ABSENT, Event, difference, rebuilt
from qms.record import LANGUAGES

Side = Literal["ours", "theirs"]
HashAt = Callable[[int], str | None]
"""Gives the hash of the event with a number in one of the two ledgers."""


class Clash(NamedTuple):
    """One place that both sides changed, each differently.

    Attributes
    ----------
    at : str
        JSON pointer.
    ours, theirs : object
        What stands there; None if nothing does.
    """

    at: str
    ours: Any
    theirs: Any


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
    all that the other side said up to some event is what it keeps (`qms.exchange.merged`).
    """
    places = [*_alike(ours, theirs)]
    places += [(i, j, theirs[: j + 1]) for i, j in _merged(ours, theirs, their_hash)]
    places += [(i, j, ours[: i + 1]) for j, i in _merged(theirs, ours, our_hash)]
    if not places:
        return None
    return rebuilt(max(places, key=lambda place: place[0] + place[1])[2])


def three_way(
    base: Any,
    ours: Any,
    theirs: Any,
    *,
    take: Side | None = None,
    grow: Set[str] = frozenset(),
    at: str = "",
) -> tuple[Any, list[Clash]]:
    """Return a JSON value with the changes of both sides, and every place where they clash.

    Parameters
    ----------
    base : object
        What both come from; empty if nothing is known of it, so that whatever differs clashes.
    ours, theirs : object
    take : str, optional
        Whose value stands where they clash; ours if left out.
    grow : set of str
        Fields whose lists only grow; what either side added is kept, in the order of time if it says ``at``.
    at : str
        JSON pointer to the values; an empty one is that of a whole record.

    Notes
    -----
    A record is brought together by its fields, a text by its languages, an object that is made of texts alone by
    its own fields, and a table of objects, such as judgements by requirement, by its keys. Any other object, such
    as a signature or an amount of money, is one thing. A list is one thing too, unless one side only added to its
    end and the other only took away from it: no item is ever there more often than on one of the sides.

    Examples
    --------
    >>> three_way({"a": 1, "b": 2, "c": 3}, {"a": 5, "b": 2, "c": 4}, {"a": 1, "b": 6, "c": 5})
    ({'a': 5, 'b': 6, 'c': 4}, [Clash(at='/c', ours=4, theirs=5)])
    >>> three_way({"n": [0, 1]}, {"n": [0, 1, 2]}, {"n": [1]})
    ({'n': [1, 2]}, [])
    >>> ours, theirs = {"4.1": {"level": 3}}, {"4.2": {"level": 1}}
    >>> three_way({"judged": {}}, {"judged": ours}, {"judged": theirs})
    ({'judged': {'4.1': {'level': 3}, '4.2': {'level': 1}}}, [])
    """
    if _same(ours, theirs) or _same(base, theirs):
        return ours, []
    if _same(base, ours):
        return theirs, []
    if not at or any(all(made(each) for each in (ours, theirs)) for made in (_made_of_texts, _made_of_objects)):
        return _by_fields(base if isinstance(base, dict) else {}, ours, theirs, take, grow, at)
    if all(isinstance(each, list) for each in (base, ours, theirs)):
        if at.removeprefix("/") in grow and only_grew(base, ours) and only_grew(base, theirs):
            return _united(len(base), ours, theirs), []
        for one, other in ((ours, theirs), (theirs, ours)):
            if only_grew(base, one) and _only_shrank(base, other):
                return [*other, *one[len(base) :]], []
    clash = Clash(at, *(None if each is ABSENT else each for each in (ours, theirs)))
    return (theirs if take == "theirs" else ours), [clash]


def only_grew(base: Any, now: Any) -> bool:
    """Return whether a list holds what it held, and perhaps more after it.

    Examples
    --------
    >>> only_grew([1], [1, 2]), only_grew([1], [2])
    (True, False)
    """
    return isinstance(base, list) and isinstance(now, list) and _same(base, now[: len(base)])


def _only_shrank(base: list[Any], now: list[Any]) -> bool:
    left = iter(base)
    return all(any(_same(each, held) for held in left) for each in now)


def _united(shared: int, ours: list[Any], theirs: list[Any]) -> list[Any]:
    added = list(ours[shared:])
    added += [each for each in theirs[shared:] if not any(_same(each, held) for held in ours[shared:])]
    return [*ours[:shared], *sorted(added, key=lambda each: each.get("at", "") if isinstance(each, dict) else "")]


def _by_fields(
    base: Mapping[str, Any],
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    take: Side | None,
    grow: Set[str],
    at: str,
) -> tuple[dict[str, Any], list[Clash]]:
    value: dict[str, Any] = {}
    clashes: list[Clash] = []
    for name in sorted(base.keys() | ours.keys() | theirs.keys()):
        sides = (each.get(name, ABSENT) for each in (base, ours, theirs))
        value[name], found = three_way(*sides, take=take, grow=grow, at=f"{at}/{name}")
        clashes += found
    return {name: each for name, each in value.items() if each is not ABSENT}, clashes


def _same(one: Any, other: Any) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    return not difference(one, other)


def _made_of_texts(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return value.keys() <= LANGUAGES.keys() or all(each is None or _made_of_texts(each) for each in value.values())


def _made_of_objects(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _alike(ours: Sequence[Event], theirs: Sequence[Event]) -> Iterator[tuple[int, int, Sequence[Event]]]:
    known = {event.state: j for j, event in enumerate(theirs)}
    for i, event in enumerate(ours):
        if event.state in known:
            yield i, known[event.state], ours[: i + 1]


def _merged(into: Sequence[Event], source: Sequence[Event], source_hash: HashAt) -> Iterator[tuple[int, int]]:
    """Yield places of merges on one side, each with the place up to which the other side is in it."""
    for place, event in enumerate(into):
        merged = merged_from(event)
        if merged is not None and source_hash(merged.head.seq) == merged.head.hash:
            before = sum(each.seq <= merged.head.seq for each in source)
            if before:
                yield place, before - 1
