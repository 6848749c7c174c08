"""Bounds of likelihood ratios: known truth and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.bounds import Bounds, elub, invariance_bounds

Array = NDArray[np.float64]
METHODS = {"elub": elub, "invariance": invariance_bounds}


def pairs(matches: int, others: int, seed: int, scale: float = 1.0) -> tuple[Array, Array]:
    """Log10 LRs of a normal model with known LR, times a factor."""
    rng = np.random.default_rng(seed)
    same = np.arange(matches + others) < matches
    score = rng.normal(np.where(same, 2.0, 0.0), 1.0)
    return scale * (2 * score - 2) / math.log(10), same


def test_bounds_of_separated_pairs_follow_from_their_numbers() -> None:
    values = np.where(np.arange(1098) < 99, 7.0, -7.0)
    limits = elub(values, values > 0)
    assert limits.lower == pytest.approx(-math.log10(100), abs=0.011)
    assert limits.upper == pytest.approx(math.log10(1000), abs=0.011)
    limits = invariance_bounds(values, values > 0)
    assert limits.lower == pytest.approx(-math.log10((999.5 / 1000) / (0.5 / 100)), abs=0.002)
    assert limits.upper == pytest.approx(math.log10((99.5 / 100) / (0.5 / 1000)), abs=0.002)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_overstated_evidence_is_held_back(method: object) -> None:
    """True LRs are bounded near their extremes, LRs blown up fivefold far below theirs."""
    honest, same = pairs(300, 300, 1)
    loud, _ = pairs(300, 300, 1, 5.0)
    limits = method(honest, same)  # type: ignore[operator]
    assert limits.upper > 0.8
    assert limits.lower < -0.8
    wild = method(loud, same)  # type: ignore[operator]
    assert wild.upper <= limits.upper + 0.5
    assert wild.lower >= limits.lower - 0.5
    assert wild.apply(loud).bit.sum() > 2 * limits.apply(honest).bit.sum()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    matches=st.integers(1, 30),
    others=st.integers(1, 60),
    scale=st.sampled_from([-2.0, 0.0, 0.3, 1.0, 4.0, 1e3]),
    moved=st.sampled_from([-3.0, 0.0, 3.0]),
)
def test_bounds_never_widen_a_conclusion(
    method: object, seed: int, matches: int, others: int, scale: float, moved: float
) -> None:
    values, same = pairs(matches, others, seed, scale)
    values = values + moved
    limits = method(values, same)  # type: ignore[operator]
    assert limits.lower <= 0 <= limits.upper
    probes = np.concatenate([values, [-math.inf, math.inf, 0.0]])
    found = limits.apply(probes)
    assert np.isfinite(found.log10_lr).all()
    assert (np.abs(found.log10_lr) <= np.abs(probes)).all()
    assert (found.log10_lr * np.sign(probes) >= 0).all()
    np.testing.assert_array_equal(found.bit, found.log10_lr != probes)
    np.testing.assert_array_equal(limits.apply(found.log10_lr).log10_lr, found.log10_lr)
    assert not (found.at_lower & found.at_upper).any()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_useless_evidence_is_bounded_to_nothing(method: object) -> None:
    values, same = pairs(50, 50, 2, 4.0)
    limits = method(-values, same)  # type: ignore[operator]
    assert (limits.lower, limits.upper) == (0.0, 0.0)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_values_are_left_alone(method: object) -> None:
    values, same = pairs(50, 50, 3, 1e3)
    before = values.copy()
    method(values, same)  # type: ignore[operator]
    np.testing.assert_array_equal(values, before)


def test_more_pairs_allow_more() -> None:
    few, many = (elub(np.where(same, 9.0, -9.0), same) for same in (np.arange(30) < 10, np.arange(3000) < 1000))
    assert many.upper > few.upper + 1.5
    assert many.lower < few.lower - 1.5


def test_misleading_pairs_hold_back() -> None:
    values, same = pairs(100, 100, 4)
    upper = [elub(values, same, misleading=one).upper for one in (0, 1, 5)]
    assert upper[0] >= upper[1] > upper[2]
    with pytest.raises(OptionError, match="misleading"):
        elub(values, same, misleading=-1)


def test_infinite_values_are_bounded() -> None:
    values = np.array([math.inf] * 20 + [1.0] + [-math.inf] * 40 + [-1.0])
    same = np.arange(62) < 21
    for method in METHODS.values():
        limits = method(values, same)
        assert math.isfinite(limits.lower)
        assert math.isfinite(limits.upper)
        assert np.isfinite(limits.apply(values).log10_lr).all()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize(
    ("values", "same", "message"),
    [
        ([1.0, 2.0], [1, 1], "0 known non-matches"),
        ([1.0, math.nan], [1, 0], "missing"),
        ([1.0], [1, 0], "one for each"),
    ],
)
def test_bad_values_are_refused(method: object, values: list[float], same: list[int], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        method(values, same)  # type: ignore[operator]


def test_a_missing_value_is_not_bounded_in_silence() -> None:
    with pytest.raises(EvidenceError, match="NaN"):
        Bounds(method="given", lower=-1.0, upper=1.0).apply([math.nan])


@pytest.mark.parametrize(("lower", "upper"), [(0.5, 1.0), (-1.0, -0.5), (-math.inf, 1.0)])
def test_bounds_hold_zero_and_are_finite(lower: float, upper: float) -> None:
    with pytest.raises(ValidationError):
        Bounds(method="given", lower=lower, upper=upper)


def test_bounds_survive_json() -> None:
    limits = elub(*pairs(40, 90, 5))
    assert Bounds.model_validate_json(limits.model_dump_json()) == limits
