"""The interval over firearms: coverage, seeds, and what it refuses."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.calibration import (
    Logistic,
    fit_beta_binomial,
    fit_isotonic,
    fit_kernel_density,
    fit_logistic,
)
from ballistics.evidence.interval import bootstrap_interval

Array = NDArray[np.float64]
Names = NDArray[np.str_]
AT = np.array([-0.5, 0.5, 1.0, 1.5, 2.5])


def pairs(seed: int, firearms: int = 30, effect: float = 0.5) -> tuple[Array, Names, Names]:
    """Scores around 2 (a known match of every firearm) and 0 (every two firearms), with effects of firearms."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(firearms)
    own = rng.normal(0.0, effect, firearms)
    shared = np.where(first == second, 2 + math.sqrt(2) * own[first], own[first] + own[second])
    names = np.array([f"gun {i}" for i in range(firearms)])
    return shared + rng.normal(0.0, 1.0, len(first)), names[first], names[second]


def test_coverage_of_a_known_likelihood_ratio() -> None:
    """90 % intervals hold the truth in 85 to 95 %; 60 repetitions leave a margin of about 4 % either side."""
    truth = (2 * AT - 2) / (2 * 0.5**2 + 1) / math.log(10)
    held = np.zeros(len(AT))
    for seed in range(60):
        scores, first, second = pairs(seed)
        rng = np.random.default_rng(seed)
        found = bootstrap_interval(fit_logistic, scores, first, second, AT, rng=rng, draws=60)
        held += (found.lower <= truth) & (truth <= found.upper)
    assert 0.83 <= held.mean() / 60 <= 0.97


def test_drawing_rows_would_be_too_narrow() -> None:
    """With strong effects of firearms, the interval is wider than one that takes every pair for a firearm."""
    scores, first, second = pairs(3, effect=1.0)
    rows = np.array([f"row {i}" for i in range(len(scores))])
    other = np.where(first == second, rows, np.char.add(rows, " b"))
    found, naive = (
        bootstrap_interval(fit_logistic, scores, one, two, AT, rng=np.random.default_rng(1), draws=100)
        for one, two in ((first, second), (rows, other))
    )
    middle = 2
    assert (found.upper - found.lower)[middle] > 1.2 * (naive.upper - naive.lower)[middle]


@pytest.mark.parametrize(
    "fit", [fit_logistic, fit_kernel_density, partial(fit_isotonic, misleading=1), fit_isotonic]
)
def test_the_interval_holds_the_fit_and_the_seed_decides(fit: object) -> None:
    scores, first, second = pairs(1, 12)
    one, again, swapped = (
        bootstrap_interval(fit, scores, a, b, AT, rng=np.random.default_rng(7), draws=40)  # type: ignore[arg-type]
        for a, b in ((first, second), (first, second), (second, first))
    )
    assert (one.lower <= one.log10_lr).all()
    assert (one.log10_lr <= one.upper).all()
    assert not np.isnan(one.lower).any()
    assert not np.isnan(one.upper).any()
    for other in (again, swapped):
        np.testing.assert_array_equal(one.lower, other.lower)
        np.testing.assert_array_equal(one.upper, other.upper)
    assert (one.firearms, one.draws, one.level) == (12, 40, 0.90)


def test_an_interval_that_bias_moves_off_the_fit_is_widened_to_hold_it() -> None:
    def biased(scores: object, same: object, *, weights: Array | None = None) -> Logistic:
        return Logistic(intercept=0.0 if weights is None else 5.0 + 1e-3 * weights[0], slopes=(0.0,))

    scores, first, second = pairs(1, 12)
    found = bootstrap_interval(biased, scores, first, second, [1.0], rng=np.random.default_rng(7), draws=40)
    assert found.lower.item() == pytest.approx(-5.0, abs=0.01)
    assert found.log10_lr.item() == found.upper.item() == 0.0


def test_a_higher_level_is_wider_and_more_firearms_are_narrower() -> None:
    def width(firearms: int, level: float) -> float:
        scores, first, second = pairs(2, firearms)
        rng = np.random.default_rng(1)
        found = bootstrap_interval(fit_logistic, scores, first, second, AT, rng=rng, draws=80, level=level)
        return float((found.upper - found.lower).mean())

    assert width(20, 0.5) < width(20, 0.9) < width(20, 0.98)
    assert width(60, 0.9) < 0.8 * width(15, 0.9)


def test_counts_have_intervals_too() -> None:
    scores, first, second = pairs(5, 15)
    counts = np.column_stack([np.clip(np.round(4 * scores + 4), 0, 20), np.full(len(scores), 20)])
    at = [[2, 20], [12, 20]]
    found = bootstrap_interval(
        fit_beta_binomial, counts, first, second, at, rng=np.random.default_rng(1), draws=20
    )
    assert found.lower.shape == (2,)
    assert found.upper[0] < found.lower[1]


def test_a_firearm_without_known_match_is_fine() -> None:
    scores, first, second = pairs(6, 14)
    keep = ~((first == second) & (first == "gun 3"))
    found = bootstrap_interval(
        fit_logistic, scores[keep], first[keep], second[keep], AT, rng=np.random.default_rng(1), draws=40
    )
    assert found.firearms == 14


def test_draws_that_cannot_be_fitted_are_counted_or_refused() -> None:
    firearms = [f"gun {i}" for i in range(10)]
    known = [(a, b) for i, a in enumerate(firearms) for b in firearms[i:]]
    first, second = map(np.array, zip(*known, strict=True))
    same = first == second
    scores = np.where(same, 5.0, 0.0) + np.linspace(0, 1, len(same))
    rng = np.random.default_rng(1)
    scores[np.flatnonzero(same)[0]] = 0.4
    with pytest.raises(EvidenceError, match=r"of 60 draws of 10 firearms gave no calibrator.*overlap"):
        bootstrap_interval(fit_logistic, scores, first, second, [1.0], rng=rng, draws=60)
    few = bootstrap_interval(partial(fit_logistic, penalty=1.0), scores, first, second, [1.0], rng=rng, draws=60)
    assert few.failed == 0


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (["a", "a"], ["a"], "one of each for every pair"),
        (["a", ""], ["a", "b"], "without a name"),
        (["a", None], ["a", "b"], "without a name"),
        (["a", "a"], ["a", "a"], "found 1 firearm"),
        (["a", "b"], ["a", "b"], "0 known non-matches"),
        (["a", "c"], ["b", "b"], "0 known matches"),
    ],
)
def test_bad_firearms_are_refused(first: list[str], second: list[str], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        bootstrap_interval(fit_isotonic, [1.0, 0.0], first, second, [0.5], rng=np.random.default_rng(1))


@pytest.mark.parametrize("options", [{"draws": 3}, {"level": 0.0}, {"level": 1.0}, {"level": math.nan}])
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        bootstrap_interval(
            fit_isotonic, [1.0, 0.0], ["a", "a"], ["a", "b"], [0.5], rng=np.random.default_rng(1), **options
        )
