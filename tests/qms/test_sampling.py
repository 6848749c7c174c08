from __future__ import annotations

import hashlib
import json
from collections import Counter
from math import comb
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms.audits.sampling import Sample, check, draw, suggest_size
from qms.errors import RecordError
from qms.record import plain

CASES = [f"24-{n:03d}" for n in range(1, 41)]
NAMES = st.lists(
    st.text(min_size=1, max_size=12).map(lambda name: normalize("NFC", name.strip())).filter(bool),
    min_size=2,
    max_size=30,
    unique=True,
)

FROZEN_DRAWN = ("24-005", "24-012", "24-036", "24-033", "24-002")
FROZEN_POPULATION = "33e489dab8063821a101f0ea0be0dfee5c7c20eff881193ff267e6d93ffae2be"


@st.composite
def drawings(draw_from: st.DrawFn) -> tuple[list[str], int, str]:
    items = draw_from(NAMES)
    return items, draw_from(st.integers(1, len(items))), draw_from(st.text("abc123", min_size=1, max_size=8))


def test_frozen_values_hold_on_every_platform() -> None:
    sample = draw(CASES, 5, seed="AUD-2026-003")
    assert sample.drawn == FROZEN_DRAWN
    assert sample.population_sha256 == FROZEN_POPULATION


def test_ranks_are_those_of_an_independent_reckoning() -> None:
    def rank(item: str) -> str:
        return hashlib.sha256(f'["s1","{item}",0]'.encode()).hexdigest()

    assert list(draw(CASES, 7, seed="s1").drawn) == sorted(CASES, key=rank)[:7]
    whole = json.dumps([[each, "", 1] for each in sorted(CASES)], separators=(",", ":"))
    assert draw(CASES, 7, seed="s1").population_sha256 == hashlib.sha256(whole.encode()).hexdigest()


@given(drawings(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_order_of_the_population_does_not_matter(drawing: tuple[list[str], int, str], mix: object) -> None:
    items, size, seed = drawing
    first = draw(items, size, seed=seed)
    mixed = sorted(items, key=lambda item: hashlib.md5(repr((mix, item)).encode()).digest())
    assert draw(mixed, size, seed=seed) == draw(items[::-1], size, seed=seed) == first
    assert len(set(first.items)) == size
    assert set(first.items) <= set(items)
    assert check(first, mixed)
    assert Sample.model_validate(plain(first)) == first


@given(drawings())
@settings(max_examples=60)
def test_one_more_item_moves_one_other_at_most(drawing: tuple[list[str], int, str]) -> None:
    items, size, seed = drawing
    before = set(draw(items, size, seed=seed).drawn)
    after = set(draw([*items, "one more item"], size, seed=seed).drawn)
    assert after == before or (len(before - after) == 1 and after - before == {"one more item"})


@given(drawings())
@settings(max_examples=40)
def test_a_larger_sample_holds_the_smaller(drawing: tuple[list[str], int, str]) -> None:
    items, size, seed = drawing
    whole = draw(items, len(items), seed=seed).drawn
    assert draw(items, size, seed=seed).drawn == whole[:size]


def test_every_item_has_the_same_chance() -> None:
    counts = Counter(item for n in range(4000) for item in draw(CASES[:10], 3, seed=str(n)).drawn)
    assert set(counts) == set(CASES[:10])
    expected, spread = 4000 * 0.3, (4000 * 0.3 * 0.7) ** 0.5
    assert all(abs(count - expected) < 4 * spread for count in counts.values())


def test_weights_give_chances_in_their_ratio() -> None:
    firsts = Counter(draw("abc", 1, seed=str(n), weights={"a": 6, "b": 3}).drawn[0] for n in range(5000))
    for item, share in {"a": 0.6, "b": 0.3, "c": 0.1}.items():
        assert abs(firsts[item] - 5000 * share) < 4 * (5000 * share * (1 - share)) ** 0.5
    assert draw("abc", 1, seed="1", weights={"a": 6}).weighted
    assert not draw("abc", 1, seed="1", weights={"a": 1}).weighted


@given(st.dictionaries(st.sampled_from(CASES), st.sampled_from("ABC"), min_size=6), st.data())
@settings(max_examples=60)
def test_strata_get_their_shares(strata: dict[str, str], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(strata)))
    sample = draw(strata, size, seed="7", strata=strata)
    assert sum(each.n for each in sample.strata) == size == len(sample.drawn)
    assert {each.name: each.size for each in sample.strata} == Counter(strata.values())
    assert {each.name: each.n for each in sample.strata if each.n} == Counter(
        strata[item] for item in sample.drawn
    )
    assert all(each.n <= each.size for each in sample.strata)
    if size >= len(sample.strata):
        assert all(each.n >= 1 for each in sample.strata)


def test_shares_are_proportional_where_they_can_be() -> None:
    strata = {case: "A" if n < 20 else "B" if n < 32 else "C" for n, case in enumerate(CASES)}
    sample = draw(CASES, 10, seed="x", strata=strata)
    assert [(each.name, each.size, each.n) for each in sample.strata] == [("A", 20, 5), ("B", 12, 3), ("C", 8, 2)]


def test_what_must_be_in_it_is_in_it_and_told_apart() -> None:
    sample = draw(CASES, 6, seed="s", must_include=["24-009", "24-002"])
    assert sample.must_include == ("24-002", "24-009")
    assert len(sample.drawn) == 4
    assert not set(sample.drawn) & set(sample.must_include)
    assert "2 chosen by a person" in sample.how
    assert "'s'" in sample.how
    assert check(sample, CASES)
    assert draw(CASES, 2, seed="s", must_include=["24-009", "24-002"]).drawn == ()


def test_names_are_the_same_however_they_are_typed() -> None:
    assert draw([" Çeliku ", "b"], 1, seed="s ") == draw(["C\u0327eliku", "b"], 1, seed="s")
    with pytest.raises(RecordError, match="more than once"):
        draw(["a", "a "], 1, seed="s")
    with pytest.raises(RecordError, match="no text"):
        draw(["a", "\ud800"], 1, seed="s")


def test_check_says_what_differs() -> None:
    strata = dict.fromkeys(CASES, "scene")
    sample = draw(CASES, 5, seed="s", strata=strata, weights={"24-001": 4})
    assert check(sample, CASES[::-1], strata=strata, weights={"24-001": 4})
    codes = {
        "population-size": check(sample, CASES[1:], strata=strata),
        "population-differs": check(sample, [*CASES[1:], "25-001"], strata={**strata, "25-001": "scene"}),
        "not-drawn-so": check(
            sample.model_copy(update={"drawn": tuple(sorted({*CASES} - {*sample.drawn}))[:5]}),
            CASES,
            strata=strata,
            weights={"24-001": 4},
        ),
    }
    for code, result in codes.items():
        assert not result
        assert [reason.code for reason in result.reasons] == [code]
    assert not check(sample, CASES, strata=strata)
    assert not check(sample.model_copy(update={"seed": "t"}), CASES, strata=strata, weights={"24-001": 4})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": 0}, "does not fit"),
        ({"size": 41}, "from 1 to 40"),
        ({"size": 1, "must_include": CASES[:2]}, "from 2 to 40"),
        ({"size": 2, "must_include": ["25-001"]}, "25-001"),
        ({"size": 2, "seed": "  "}, "seed"),
        ({"size": 2, "strata": {"24-001": "A"}}, "in no stratum"),
        ({"size": 2, "weights": {"25-001": 2}}, "not in the population"),
        ({"size": 2, "weights": {"24-001": 0}}, "whole number"),
        ({"population": ["a", "b", "a"], "size": 2}, "a: more than once"),
        ({"population": [], "size": 1}, "needs items"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(RecordError, match=said):
        draw(**{"population": CASES, "seed": "s", **arguments})  # type: ignore[arg-type]


@given(st.integers(1, 400), st.integers(1, 100), st.integers(1, 99))
@settings(max_examples=60)
def test_suggested_size_is_the_smallest_that_sees_a_faulty_item(many: int, share: int, confidence: int) -> None:
    size = suggest_size(many, faulty_percent=share, confidence_percent=confidence).size
    faulty = max(1, -(-many * share // 100))

    def missed(n: int) -> float:
        chance = 1.0
        for k in range(n):
            chance *= max(0, many - faulty - k) / (many - k)
        return chance

    assert missed(size) <= (1 - confidence / 100) + 1e-12
    assert size == 1 or missed(size - 1) > (1 - confidence / 100) - 1e-12
    assert size <= many


def test_suggested_size_names_its_rule() -> None:
    size, rule = suggest_size(100)
    assert size == 25
    assert comb(90, 25) / comb(100, 25) <= 0.05 < comb(90, 24) / comb(100, 24)
    assert str(rule).startswith("25 of 100: if 10 % (10) were faulty")
    with pytest.raises(RecordError, match="makes no sense"):
        suggest_size(0)
