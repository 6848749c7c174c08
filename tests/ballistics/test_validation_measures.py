"""Measures with their intervals, and the table of firearms, against answers that are known another way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.performance import NotDefined, cllr
from ballistics.evidence.performance_curves import error_tradeoff
from ballistics.validation.firearms import by_firearm
from ballistics.validation.measures import area_under_curve, cllr_interval, exact_rate, measure
from ballistics.validation.splits import Judged


def made(firearms: int = 8, items: int = 2) -> KnownPairs:
    marks = [(f"gun {gun}", f"gun {gun} {item}") for gun in range(firearms) for item in range(items)]
    both = list(itertools.combinations(marks, 2))
    return KnownPairs.from_columns(
        {"ccf": np.zeros(len(both))},
        firearms=([one[0] for one, _ in both], [other[0] for _, other in both]),
        items=([one[1] for one, _ in both], [other[1] for _, other in both]),
    )


def judged(values: np.ndarray, bound: float = 1.5) -> Judged:
    inside = np.clip(values, -bound, bound)
    limit = np.full(len(values), bound)
    return Judged(
        log10_lr=inside,
        unbounded=values,
        lower=-limit,
        upper=limit,
        repeated=inside[None],
        derivation="nested",
        groups=8,
        fits=36,
    )


@settings(max_examples=20)
@given(pairs=st.integers(1, 400), share=st.floats(0, 1), level=st.sampled_from([0.9, 0.95, 0.99]))
def test_exact_intervals_are_those_of_scipy(pairs: int, share: float, level: float) -> None:
    count = round(share * pairs)
    found = exact_rate(count, pairs, level=level)
    expected = binomtest(count, pairs).proportion_ci(level, method="exact")
    assert found.lower == pytest.approx(expected.low, abs=1e-12)
    assert found.upper == pytest.approx(expected.high, abs=1e-12)
    assert found.lower <= found.share <= found.upper


@pytest.mark.parametrize(("count", "pairs"), [(0, 0), (3, 2), (-1, 2)])
def test_shares_of_nothing_are_refused(count: int, pairs: int) -> None:
    with pytest.raises(EvidenceError, match="one pair or more"):
        exact_rate(count, pairs)


def test_area_under_curve_counts_pairs_of_pairs() -> None:
    rng = np.random.default_rng(2)
    same = np.arange(60) < 20
    values = rng.integers(0, 8, 60) + 2.0 * same
    wins = [(match > other) + 0.5 * (match == other) for match in values[same] for other in values[~same]]
    assert area_under_curve(values, same) == pytest.approx(np.mean(wins))


def test_the_interval_of_cllr_is_that_of_firearms_drawn_by_hand() -> None:
    pairs = made()
    rng = np.random.default_rng(3)
    values = rng.normal(np.where(pairs.same, 1.0, -1.0), 1.0)
    found = cllr_interval(pairs, values, rng=np.random.default_rng(7), draws=50, level=0.8)
    again = np.random.default_rng(7)
    first, second = pairs.firearms
    by_hand = []
    for drawn in again.integers(8, size=(50, 8)):
        times = {f"gun {gun}": int((drawn == gun).sum()) for gun in range(8)}
        often = [times[a] * (1 if a == b else times[b]) for a, b in zip(first, second, strict=True)]
        by_hand.append(cllr(np.repeat(values, often), np.repeat(pairs.same, often)))
    np.testing.assert_allclose(found, np.quantile(by_hand, [0.1, 0.9]), rtol=1e-12)


def test_one_bad_firearm_widens_the_interval() -> None:
    pairs = made()
    values = np.where(pairs.same, 1.0, -1.0)
    first, second = pairs.firearms
    even = cllr_interval(pairs, values, rng=np.random.default_rng(1))
    uneven = np.where((first == "gun 3") & (second == "gun 3"), -1.0, values)
    odd = cllr_interval(pairs, uneven, rng=np.random.default_rng(1))
    assert not isinstance(even, NotDefined)
    assert not isinstance(odd, NotDefined)
    assert even[1] - even[0] < 1e-9
    assert odd[0] < cllr(uneven, pairs.same) < odd[1]


@pytest.mark.parametrize("options", [{"draws": 19}, {"level": 0.0}, {"level": 1.0}])
def test_intervals_that_make_no_sense(options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="draws and level"):
        cllr_interval(made(), np.zeros(120), rng=np.random.default_rng(1), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_interval_needs_finite_likelihood_ratios(value: float) -> None:
    values = np.zeros(120)
    values[5] = value
    with pytest.raises(EvidenceError, match="missing or infinite"):
        cllr_interval(made(), values, rng=np.random.default_rng(1))


def test_counts_of_misleading_evidence_and_of_bounds() -> None:
    pairs = made()
    values = np.where(pairs.same, 2.0, -2.0)
    matches, others = np.flatnonzero(pairs.same), np.flatnonzero(~pairs.same)
    values[matches[:3]] = [-0.5, -1.2, 0.0]
    values[others[:2]] = [0.2, 3.0]
    found = measure(pairs, judged(values), rng=np.random.default_rng(1))
    assert (found.known_matches, found.known_non_matches, found.firearms) == (8, 112, 8)
    assert [(one.lr, one.same.count, one.different.count) for one in found.misleading] == [
        (1, 2, 2),
        (10, 1, 1),
        (100, 0, 0),
    ]
    assert (found.at_lower, found.at_upper) == (110, 6)
    assert not found.separated
    assert found.cllr == cllr(np.clip(values, -1.5, 1.5), pairs.same)
    assert found.cllr_unbounded == cllr(values, pairs.same)
    assert found.cllr_cal == pytest.approx(found.cllr - found.cllr_min)
    assert found.eer == error_tradeoff(values, pairs.same).equal_error_rate
    assert found.why == {}


def test_perfectly_separated_pairs_have_no_devpav() -> None:
    pairs = made()
    found = measure(pairs, judged(np.where(pairs.same, 1.0, -1.0)), rng=np.random.default_rng(1))
    assert found.devpav is None
    assert "perfectly separated" in found.why["devpav"]
    assert found.separated
    assert (found.auc, found.eer, found.cllr_min) == (1.0, 0.0, 0.0)


def test_infinite_likelihood_ratios_before_the_bound_are_told() -> None:
    pairs = made()
    values = np.where(pairs.same, np.inf, -np.inf)
    values[0] = -np.inf
    assert pairs.same[0]
    found = measure(pairs, judged(values), rng=np.random.default_rng(1))
    assert found.cllr_unbounded is None
    assert "infinitely" in found.why["cllr_unbounded"]
    assert np.isfinite(found.cllr)


def test_few_firearms_have_no_interval() -> None:
    pairs = made(firearms=2)
    found = measure(pairs, judged(np.where(pairs.same, 1.0, -1.0)), rng=np.random.default_rng(1))
    assert found.cllr_lower is None
    assert "too few firearms" in found.why["cllr_upper"]


def test_table_of_firearms() -> None:
    pairs = made(firearms=3, items=3)
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, len(pairs))
    rows = {row.firearm: row for row in by_firearm(pairs, values, not_compared={"gun 1": 2, "gun 9": 1})}
    assert list(rows) == ["gun 0", "gun 1", "gun 2", "gun 9"]
    first, second = pairs.firearms
    its = (first == "gun 1") | (second == "gun 1")
    row = rows["gun 1"]
    assert (row.known_matches, row.known_non_matches, row.not_compared) == (3, 18, 2)
    assert row.lowest == values[its & pairs.same].min()
    assert row.median == np.median(values[its & pairs.same])
    assert row.highest == values[its & ~pairs.same].max()
    assert row.misleading_same == (values[its & pairs.same] < 0).sum()
    assert row.misleading_different == (values[its & ~pairs.same] > 0).sum()
    assert (rows["gun 9"].known_matches, rows["gun 9"].lowest, rows["gun 9"].highest) == (0, None, None)
    assert sum(one.known_matches for one in rows.values()) == 9
