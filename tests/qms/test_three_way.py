"""Bringing two values together that went apart: nothing is invented, doubled or dropped unasked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms.exchange.three_way import three_way

values = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "sq", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from("abc"), values, max_size=3)
lists = st.lists(st.sampled_from("wxyz"), max_size=4)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "together"),
    [
        ("x", "xy", "y", None),
        ("x", "xx", "", "x"),
        ("xy", "xyz", "y", "yz"),
        ("xy", "xyz", "yx", None),
        ("x", "xy", "z", None),
        ("x", "xy", "xz", None),
        ("x", "xyz", "xy", None),
        ("", "x", "y", None),
        ("xy", "y", "x", None),
        ("xyz", "y", "y", "y"),
        ("xy", "x", "x", "x"),
        ("xyz", "xy", "xz", None),
        ("xy", "xyz", "", "z"),
    ],
)
def test_lists(base: str, ours: str, theirs: str, together: str | None) -> None:
    for one, other in ((ours, theirs), (theirs, ours)):
        value, clashes = three_way({"n": list(base)}, {"n": list(one)}, {"n": list(other)})
        assert [each.at for each in clashes] == ([] if together is not None else ["/n"])
        assert value == {"n": list(one if together is None else together)}


def test_a_list_that_only_grows_is_united_by_time() -> None:
    first, early, late, alike = ({"at": f"2026-03-0{day}"} for day in (1, 2, 3, 2))
    for one, other in (([first, late], [first, early, alike]), ([first, early, alike], [first, late])):
        value, clashes = three_way({"n": [first]}, {"n": one}, {"n": other}, grow=frozenset({"n"}))
        assert (value, clashes) == ({"n": [first, early, early, late]}, [])
    assert three_way({"n": [first]}, {"n": [late]}, {"n": [first, early]}, grow=frozenset({"n"}))[1]
    assert three_way({"n": ["a"]}, {"n": ["a", "b"]}, {"n": ["a", "c"]}, grow=frozenset({"n"})) == (
        {"n": ["a", "b", "c"]},
        [],
    )


@given(base=lists, ours=lists, theirs=lists, take=st.sampled_from([None, "ours", "theirs"]))
@settings(max_examples=300)
def test_no_item_of_a_list_is_invented_or_doubled(base: Any, ours: Any, theirs: Any, take: Any) -> None:
    value, _ = three_way({"n": base}, {"n": ours}, {"n": theirs}, take=take)
    assert Counter(value["n"]) <= Counter(ours) | Counter(theirs)
    kept = Counter(ours) & Counter(theirs) & Counter(base)
    assert kept <= Counter(value["n"])


@given(base=fields, ours=fields, theirs=fields)
@settings(max_examples=150)
def test_three_ways_agree_whoever_merges(base: Any, ours: Any, theirs: Any) -> None:
    one, clashes = three_way(base, ours, theirs)
    other, mirrored = three_way(base, theirs, ours)
    assert [each.at for each in clashes] == [each.at for each in mirrored]
    if not clashes:
        assert one == other
    taken, _ = three_way(base, ours, theirs, take="theirs")
    assert taken == other
    assert three_way(base, ours, base) == (ours, [])
    assert three_way(base, base, theirs) == (theirs, [])
    assert three_way(base, ours, ours) == (ours, [])
