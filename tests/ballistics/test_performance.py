"""Metrics of likelihood ratios against closed forms and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.performance import NotDefined, cllr, cllr_cal, cllr_min, devpav, misleading, pav
from ballistics.evidence.performance_curves import cross_entropy, error_tradeoff, tippett

Array = NDArray[np.float64]
SHIFT = 2.0


def normal_model(matches: int, others: int, seed: int = 1) -> tuple[Array, Array]:
    """True log10 LRs of scores from N(2, 1) and N(0, 1)."""
    rng = np.random.default_rng(seed)
    same = np.arange(matches + others) < matches
    score = rng.normal(np.where(same, SHIFT, 0.0), 1.0)
    return (SHIFT * score - SHIFT**2 / 2) / math.log(10), same


def true_cllr() -> float:
    """Expectation of log2(1 + LR) over N(0, 1), by quadrature; both halves are equal by symmetry."""
    return float(quad(lambda x: norm.pdf(x) * np.logaddexp(0, SHIFT * x - SHIFT**2 / 2) / math.log(2), -12, 12)[0])


def test_neutral_and_perfect() -> None:
    assert cllr(np.zeros(7), np.arange(7) < 2) == 1.0
    assert cllr([math.inf, -math.inf], [1, 0]) == 0.0
    assert cllr([-math.inf, -math.inf], [1, 0]) == math.inf
    assert cllr([300.0, 4.0], [1, 0]) == pytest.approx(0.5 * math.log2(1e4 + 1))


def test_cllr_of_a_normal_model() -> None:
    assert cllr(*normal_model(200_000, 200_000)) == pytest.approx(true_cllr(), abs=0.004)


def test_cllr_min_of_true_ratios_is_cllr() -> None:
    values, same = normal_model(60_000, 60_000)
    assert 0 <= cllr_cal(values, same) < 0.003
    assert cllr_cal(3 * values, same) > 0.1


def test_cllr_does_not_depend_on_the_numbers_of_pairs() -> None:
    values, same = normal_model(50, 80)
    again = np.concatenate([values, *([values[~same]] * 9)])
    assert cllr(again, np.arange(len(again)) < 50) == pytest.approx(cllr(values, same), rel=1e-12)


def test_cllr_min_counts_pairs_that_pool() -> None:
    assert cllr_min([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1]) == 0.0
    assert cllr_min([4.0, 3.0, 2.0, 1.0], [0, 0, 1, 1]) == 1.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(1, 40), st.booleans())
def test_relations_that_always_hold(seed: int, matches: int, others: int, tied: bool) -> None:
    values, same = normal_model(matches, others, seed)
    values = np.round(values, 1) if tied else values
    least = cllr_min(values, same)
    assert 0 <= least <= 1 + 1e-12
    assert cllr_cal(values, same) >= -1e-12
    assert cllr_min(np.arctan(values) + 9, same) == pytest.approx(least, abs=1e-12)
    assert cllr(-values, ~same) == pytest.approx(cllr(values, same), rel=1e-12)
    assert cllr(pav(values, same), same) == pytest.approx(least, abs=1e-12)
    curves = cross_entropy(values, same, prior_log10_odds=[-1.0, 0.0, 1.0])
    assert curves.system[1] == pytest.approx(cllr(values, same), rel=1e-12)
    assert curves.calibrated[1] == pytest.approx(least, abs=1e-12)
    assert (curves.calibrated <= curves.neutral + 1e-12).all()
    assert (curves.calibrated <= curves.system + 1e-12).all()


def test_pav_of_its_own_result_is_itself() -> None:
    values, same = normal_model(80, 120)
    once = pav(values, same)
    np.testing.assert_allclose(pav(once, same), once, atol=1e-12)
    assert devpav(once, same) == pytest.approx(0.0, abs=1e-9)


def test_devpav_of_a_shifted_system_is_the_shift() -> None:
    once = pav(*normal_model(200, 300))
    same = np.arange(500) < 200
    finite = np.where(np.isposinf(once), 9.0, np.where(np.isneginf(once), -9.0, once))
    found = devpav(finite + 0.25, same)
    assert isinstance(found, float)
    assert found == pytest.approx(0.25, abs=1e-9)


def test_devpav_of_a_crossing_line_by_hand() -> None:
    values = [-2.0, -1.0, -1.0, 0.0, 1.0, 1.0, 2.0]
    same = [False, False, True, False, True, True, True]
    found = devpav(values, same)
    curve = pav(values, same)
    points = sorted({(x, y) for x, y in zip(values, curve.tolist(), strict=True) if math.isfinite(y)})
    at = np.linspace(points[0][0], points[-1][0], 200_001)
    by_hand = np.abs(np.interp(at, *zip(*points, strict=True)) - at).mean()
    assert isinstance(found, float)
    assert found == pytest.approx(by_hand, abs=1e-4)


def test_devpav_where_it_has_no_value() -> None:
    found = devpav([-1.0, -2.0, 1.0, 3.0], [0, 0, 1, 1])
    assert not found
    assert isinstance(found, NotDefined)
    assert "separated" in found.reason
    assert devpav([-math.inf, -1.0, 1.0, 0.0], [1, 0, 1, 0]) == math.inf
    assert devpav([-math.inf, 0.5, 0.2, math.inf], [0, 0, 1, 1]) == pytest.approx(0.35)


def test_cross_entropy_by_hand() -> None:
    curves = cross_entropy([1.0, -1.0], [1, 0], prior_log10_odds=[1.0])
    share = 10 / 11
    assert curves.system[0] == pytest.approx(share * math.log2(1 + 1 / 100) + (1 - share) * math.log2(2))
    assert curves.neutral[0] == pytest.approx(-share * math.log2(share) - (1 - share) * math.log2(1 - share))
    assert len(cross_entropy([1.0, -1.0], [1, 0]).system) == 601


def test_tippett_counts_ties_as_at_least() -> None:
    curves = tippett([1.0, 1.0, 2.0, -1.0, 1.0], [1, 1, 1, 0, 0])
    assert curves.log10_lr.tolist() == [-1.0, 1.0, 2.0]
    assert curves.same.tolist() == pytest.approx([1.0, 1.0, 1 / 3])
    assert curves.different.tolist() == pytest.approx([1.0, 0.5, 0.0])


def test_tippett_agrees_with_the_rates() -> None:
    values, same = normal_model(70, 130)
    curves, found = tippett(values, same, at=[0.0]), misleading(values, same)
    assert curves.different.item() == pytest.approx(found.different_rate)
    assert 1 - curves.same.item() == pytest.approx(found.same_rate)


def test_error_tradeoff_of_a_normal_model() -> None:
    curve = error_tradeoff(*normal_model(60_000, 60_000))
    assert curve.equal_error_rate == pytest.approx(norm.cdf(-SHIFT / 2), abs=0.004)
    false_positive, false_negative = curve.deviates
    inner = np.abs(false_positive) < 1
    slope, offset = np.polyfit(false_positive[inner], false_negative[inner], 1)
    assert (slope, offset) == pytest.approx((-1, -SHIFT), abs=0.05)


def test_error_tradeoff_at_its_ends() -> None:
    curve = error_tradeoff([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1])
    assert (curve.false_positive[0], curve.false_negative[0]) == (1.0, 0.0)
    assert (curve.false_positive[-1], curve.false_negative[-1]) == (0.0, 1.0)
    assert curve.equal_error_rate == 0.0
    assert error_tradeoff([1.0, 1.0], [0, 1]).equal_error_rate == pytest.approx(0.5)
    assert error_tradeoff([4.0, 3.0, 2.0, 1.0], [0, 0, 1, 1]).equal_error_rate == 1.0
    assert error_tradeoff([math.inf, -math.inf], [1, 0]).false_negative[-1] == 1.0


def test_misleading_evidence_by_strength() -> None:
    values, same = [2.0, -0.5, 0.0, 1.5, 0.0, -3.0], [1, 1, 1, 0, 0, 0]
    found = misleading(values, same)
    assert (found.same, found.same_pairs, found.different, found.different_pairs) == (1, 3, 1, 3)
    strong = misleading(values, same, strength=1.0)
    assert (strong.same, strong.different) == (0, 1)


@pytest.mark.parametrize("strength", [0.5, 1.0, 1.5])
def test_true_ratios_rarely_mislead(strength: float) -> None:
    found = misleading(*normal_model(50_000, 50_000), strength=strength)
    assert found.same_rate <= 10**-strength
    expected = norm.sf(strength * math.log(10) / SHIFT + SHIFT / 2)
    assert found.different_rate == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize(
    "metric", [cllr, pav, cllr_min, cllr_cal, devpav, cross_entropy, tippett, error_tradeoff, misleading]
)
@pytest.mark.parametrize(
    ("values", "same", "message"),
    [
        ([1.0, 2.0], [1, 1], "0 known non-matches"),
        ([1.0, math.nan], [1, 0], "missing"),
        ([1.0, 2.0, 3.0], [1, 0], "one for each"),
        ([1.0, 2.0], [1, 7], "truth"),
    ],
)
def test_bad_values_are_refused(metric: object, values: list[float], same: list[int], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        metric(values, same)  # type: ignore[operator]


def test_options_out_of_range() -> None:
    with pytest.raises(OptionError, match="strength"):
        misleading([1.0, -1.0], [1, 0], strength=-1.0)
    with pytest.raises(OptionError, match="prior"):
        cross_entropy([1.0, -1.0], [1, 0], prior_log10_odds=[math.inf])
    with pytest.raises(OptionError, match="threshold"):
        tippett([1.0, -1.0], [1, 0], at=[math.nan])
