"""Bringing together two values that went apart from a third, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from qms.ledger import ABSENT, difference
from qms.record import LANGUAGES

Side = Literal["ours", "theirs"]


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


def three_way(
    base: Any, ours: Any, theirs: Any, *, take: Side | None = None, at: str = ""
) -> tuple[Any, list[Clash]]:
    """Return a JSON value with the changes of both sides, and every place where they clash.

    Parameters
    ----------
    base : object
        What both come from; empty if nothing is known of it, so that whatever differs clashes.
    ours, theirs : object
    take : str, optional
        Whose value stands where they clash; ours if left out.
    at : str
        JSON pointer to the values; an empty one is that of a whole record.

    Notes
    -----
    A record is brought together by its fields, a text by its languages, and an object that is made of texts alone
    by its own fields. Any other object, such as a signature or an amount of money, is one thing. A list is one
    thing too, unless one side only added to its end and the other did not.

    Examples
    --------
    >>> three_way({"a": 1, "b": 2, "c": 3}, {"a": 5, "b": 2, "c": 4}, {"a": 1, "b": 6, "c": 5})
    ({'a': 5, 'b': 6, 'c': 4}, [Clash(at='/c', ours=4, theirs=5)])
    >>> three_way({"n": [1]}, {"n": [1, 2]}, {"n": [0]})[0]
    {'n': [0, 2]}
    """
    if _same(ours, theirs) or _same(base, theirs):
        return ours, []
    if _same(base, ours):
        return theirs, []
    if not at or all(_made_of_texts(each) for each in (ours, theirs)):
        return _by_fields(base if isinstance(base, dict) else {}, ours, theirs, take, at)
    if all(isinstance(each, list) for each in (base, ours, theirs)):
        for one, other in ((ours, theirs), (theirs, ours)):
            if len(one) > len(base) >= len(other) and _same(one[: len(base)], base):
                return [*other, *one[len(base) :]], []
    clash = Clash(at, *(None if each is ABSENT else each for each in (ours, theirs)))
    return (theirs if take == "theirs" else ours), [clash]


def _by_fields(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], take: Side | None, at: str
) -> tuple[dict[str, Any], list[Clash]]:
    value: dict[str, Any] = {}
    clashes: list[Clash] = []
    for name in sorted(base.keys() | ours.keys() | theirs.keys()):
        sides = (each.get(name, ABSENT) for each in (base, ours, theirs))
        value[name], found = three_way(*sides, take=take, at=f"{at}/{name}")
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
