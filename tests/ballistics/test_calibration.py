"""Calibrators: known truth, properties, and what happens with scores that cannot be calibrated."""

from __future__ import annotations

import json
import math
import time
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import betabinom, binom, norm

from ballistics.errors import BallisticsError, EvidenceError, OptionError
from ballistics.evidence.bounds import elub
from ballistics.evidence.calibration import (
    BetaBinomial,
    Calibrator,
    Fit,
    KernelDensity,
    Logistic,
    fit_beta_binomial,
    fit_binomial,
    fit_combination,
    fit_isotonic,
    fit_kernel_density,
    fit_logistic,
    from_record,
    to_record,
)
from ballistics.evidence.density import Kernels

Array = NDArray[np.float64]

ONE_SCORE: dict[str, Fit] = {
    "logistic": fit_logistic,
    "logistic with penalty": partial(fit_logistic, penalty=1.0),
    "kernel density": fit_kernel_density,
    "isotonic": fit_isotonic,
    "isotonic with misleading": partial(fit_isotonic, misleading=1),
}
COUNTS: dict[str, Fit] = {"binomial": fit_binomial, "beta-binomial": fit_beta_binomial}
MONOTONE = [name for name in ONE_SCORE if name != "kernel density"]


def normal_scores(matches: int = 80, others: int = 400, shift: float = 2.0, seed: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    same = np.arange(matches + others) < matches
    return rng.normal(np.where(same, shift, 0.0), 1.0), same


def cell_counts(matches: int = 60, others: int = 300, seed: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    same = np.arange(matches + others) < matches
    cells = rng.integers(15, 30, len(same))
    share = np.where(same, rng.beta(7, 3, len(same)), rng.beta(1.5, 15, len(same)))
    return np.column_stack([rng.binomial(cells, share), cells]).astype(np.float64), same


def test_logistic_finds_the_true_line() -> None:
    scores, same = normal_scores(40_000, 60_000)
    fitted = fit_logistic(scores, same)
    assert fitted.slopes[0] == pytest.approx(2 / math.log(10), rel=0.02)
    assert fitted.intercept == pytest.approx(-2 / math.log(10), rel=0.02)


def test_kernel_density_comes_near_the_truth() -> None:
    scores, same = normal_scores(40_000, 40_000)
    at = np.linspace(0, 2, 9)
    np.testing.assert_allclose(
        fit_kernel_density(scores, same).log10_lr(at), (2 * at - 2) / math.log(10), atol=0.05
    )


def test_isotonic_has_the_shares_of_pooled_scores() -> None:
    fitted = fit_isotonic([1, 1, 2, 2, 2, 3, 3, 3, 3], [0, 0, 1, 0, 0, 1, 1, 1, 0])
    assert fitted.log10_lr([2, 3]).tolist() == pytest.approx(
        [math.log10((1 / 4) / (2 / 5)), math.log10((3 / 4) / (1 / 5))]
    )
    assert fitted.log10_lr([0.0, 1.0]).tolist() == [-math.inf, -math.inf]
    assert fitted.log10_lr(99.0) == fitted.log10_lr(3)


def test_binomial_is_a_ratio_of_binomials() -> None:
    fitted = fit_binomial(*cell_counts())
    counts = np.arange(25)
    expected = binom.logpmf(counts, 24, fitted.same) - binom.logpmf(counts, 24, fitted.different)
    found = fitted.log10_lr(np.column_stack([counts, np.full(25, 24)]))
    np.testing.assert_allclose(found, expected / math.log(10), rtol=1e-10)
    scores, same = cell_counts()
    matches = scores[same].sum(axis=0)
    assert fitted.same == pytest.approx(matches[0] / matches[1], abs=1e-3)


def test_beta_binomial_is_a_ratio_of_beta_binomials() -> None:
    fitted = fit_beta_binomial(*cell_counts())
    counts = np.arange(25)
    same = betabinom(24, fitted.same.alpha, fitted.same.beta).logpmf(counts)
    different = betabinom(24, fitted.different.alpha, fitted.different.beta).logpmf(counts)
    found = fitted.log10_lr(np.column_stack([counts, np.full(25, 24)]))
    np.testing.assert_allclose(found, (same - different) / math.log(10), rtol=1e-8, atol=1e-10)


def test_beta_binomial_finds_the_true_parameters() -> None:
    fitted = fit_beta_binomial(*cell_counts(20_000, 20_000))
    assert (fitted.same.alpha, fitted.same.beta) == pytest.approx((7, 3), rel=0.05)
    assert (fitted.different.alpha, fitted.different.beta) == pytest.approx((1.5, 15), rel=0.05)


def test_beta_binomial_of_binomial_counts_is_binomial() -> None:
    rng = np.random.default_rng(1)
    same = np.arange(4000) < 2000
    counts = np.column_stack([rng.binomial(20, np.where(same, 0.7, 0.1)), np.full(4000, 20)])
    at = np.column_stack([np.arange(21), np.full(21, 20)])
    plain, wider = fit_binomial(counts, same).log10_lr(at), fit_beta_binomial(counts, same).log10_lr(at)
    np.testing.assert_allclose(wider[4:16], plain[4:16], rtol=0.1, atol=0.1)


def test_beta_binomial_is_the_most_likely() -> None:
    counts, same = cell_counts()
    values = counts[~same]
    fitted = fit_beta_binomial(counts, same).different

    def cost(at: Array) -> float:
        mean = at[0] / at.sum()
        likelihood = betabinom.logpmf(values[:, 0], values[:, 1], *at).sum()
        return -float(likelihood + 0.5 * (math.log(mean) + math.log1p(-mean)))

    found = minimize(cost, [1.0, 10.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10})
    np.testing.assert_allclose([fitted.alpha, fitted.beta], found.x, rtol=1e-4)


@pytest.mark.parametrize("fit", COUNTS.values(), ids=COUNTS)
def test_counts_at_both_ends_stay_finite(fit: Fit) -> None:
    scores = [[24, 24]] * 5 + [[0, 24]] * 50
    fitted = fit(scores, [1] * 5 + [0] * 50)
    found = fitted.log10_lr([[0, 24], [1, 24], [23, 24], [24, 24], [1, 1], [0, 1]])
    assert np.isfinite(found).all()
    assert found[0] < 0 < found[3]
    assert found[5] < 0 < found[4]


def test_a_combination_beats_its_parts_and_ignores_units() -> None:
    rng = np.random.default_rng(8)
    same = np.arange(3000) < 1000
    scores = rng.normal(np.where(same, 1.0, 0.0)[:, None], [1.0, 1.5], (3000, 2))
    both = fit_combination(scores, same, penalty=1e-9)
    np.testing.assert_allclose(np.array(both.slopes) * math.log(10), [1.0, 1 / 2.25], atol=0.1)
    scaled = fit_combination(scores * [1000.0, 1e-3] + [5.0, -7.0], same)
    np.testing.assert_allclose(
        scaled.log10_lr(scores * [1000.0, 1e-3] + [5.0, -7.0]),
        fit_combination(scores, same).log10_lr(scores),
        atol=1e-9,
    )


def test_a_combination_of_one_score_is_the_logistic() -> None:
    scores, same = normal_scores()
    one, other = fit_combination(scores, same, penalty=0.0), fit_logistic(scores, same)
    np.testing.assert_allclose(one.log10_lr(scores), other.log10_lr(scores), atol=1e-9)


def test_penalty_holds_the_slope_back() -> None:
    scores, same = normal_scores()
    slopes = [fit_logistic(scores, same, penalty=one).slopes[0] for one in (0.0, 1.0, 100.0, 1e6)]
    assert slopes[0] > slopes[1] > slopes[2] > slopes[3] > 0
    assert slopes[3] < 0.01


def test_two_bandwidths_are_those_of_their_hypotheses() -> None:
    scores, same = normal_scores()
    fitted = fit_kernel_density(scores, same, bandwidth=(0.5, 0.1))
    assert (fitted.same.bandwidth, fitted.different.bandwidth) == (0.5, 0.1)
    assert fit_kernel_density(scores, same, bandwidth=0.3).same.bandwidth == 0.3


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([1, 2, 5, 40, 700]),
    st.sampled_from([1e-4, 0.02, 1.0, 30.0]),
    st.sampled_from(["normal", "cauchy", "grid", "far"]),
)
def test_kernel_sums_are_exact(seed: int, size: int, bandwidth: float, kind: str) -> None:
    rng = np.random.default_rng(seed)
    made = {
        "normal": rng.normal(size=size),
        "cauchy": rng.standard_cauchy(size),
        "grid": rng.integers(0, 30, size).astype(float),
        "far": rng.normal(size=size) + rng.choice([0.0, 1e4], size),
    }[kind]
    points, counts = np.unique(made, return_counts=True)
    kernels = Kernels(scores=tuple(points), weights=tuple(counts.astype(float)), bandwidth=bandwidth)
    beyond = made.max() + bandwidth * np.linspace(3.0, 9.0, 90)
    within = [rng.choice(made, 100), rng.normal(scale=3, size=100), rng.normal(scale=1e4, size=30)]
    at = np.concatenate([beyond, *within])
    square = 0.5 * ((at[:, None] - points) / bandwidth) ** 2
    expected = logsumexp(-square, b=counts, axis=1) - math.log(size * bandwidth * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(kernels.log_density(at), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(kernels.log_density(at[:3]), expected[:3], rtol=1e-9, atol=1e-9)


def test_a_density_integrates_to_one() -> None:
    scores, same = normal_scores()
    at = np.linspace(-12, 14, 4001)
    density = np.exp(fit_kernel_density(scores, same).different.log_density(at))
    assert np.trapezoid(density, at) == pytest.approx(1.0, abs=1e-6)
    assert norm.pdf(0.0) == pytest.approx(density[np.argmin(np.abs(at))], rel=0.15)


@pytest.mark.parametrize("name", MONOTONE)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), tied=st.booleans())
def test_monotone_calibrators_rise_with_the_score(name: str, seed: int, tied: bool) -> None:
    scores, same = normal_scores(30, 60, 2.5, seed)
    scores = np.round(scores, 0 if tied else 3)
    scores[0], scores[-1] = scores.min() - 1, scores.max() + 1
    found = ONE_SCORE[name](scores, same).log10_lr(np.linspace(-5, 8, 200))
    assert not np.isnan(found).any()
    assert (found[1:] >= found[:-1]).all()


@pytest.mark.parametrize("name", ["logistic", "logistic with penalty", "kernel density"])
def test_exchanging_the_hypotheses_turns_the_sign(name: str) -> None:
    scores, same = normal_scores()
    at = np.linspace(-3, 5, 50)
    one, other = ONE_SCORE[name](scores, same), ONE_SCORE[name](scores, ~same)
    np.testing.assert_allclose(one.log10_lr(at), -other.log10_lr(at), atol=1e-9)


def test_exchanging_the_hypotheses_turns_the_sign_of_counts() -> None:
    counts, same = cell_counts()
    for fit in COUNTS.values():
        np.testing.assert_allclose(
            fit(counts, same).log10_lr(counts), -fit(counts, ~same).log10_lr(counts), rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize("name", [*ONE_SCORE, *COUNTS])
def test_a_weight_of_two_is_the_pair_twice(name: str) -> None:
    fit = (ONE_SCORE | COUNTS)[name]
    scores, same = cell_counts() if name in COUNTS else normal_scores()
    weights = np.random.default_rng(5).integers(0, 4, len(same))
    again = fit(np.repeat(scores, weights, axis=0), np.repeat(same, weights))
    np.testing.assert_allclose(
        fit(scores, same, weights=weights).log10_lr(scores), again.log10_lr(scores), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("name", ["logistic", "isotonic", "kernel density", *COUNTS])
def test_numbers_of_pairs_are_no_prior(name: str) -> None:
    """Every known non-match ten times over leaves the LR as it was (the bandwidth is given)."""
    fit = {**ONE_SCORE, **COUNTS, "kernel density": partial(fit_kernel_density, bandwidth=0.4)}[name]
    scores, same = cell_counts() if name in COUNTS else normal_scores()
    more = fit(scores, same, weights=np.where(same, 1, 10))
    np.testing.assert_allclose(
        more.log10_lr(scores), fit(scores, same).log10_lr(scores), rtol=0.02, atol=0.02 if name in COUNTS else 1e-9
    )


@pytest.mark.parametrize("name", [*ONE_SCORE, *COUNTS])
def test_order_of_pairs_does_not_matter(name: str) -> None:
    fit = (ONE_SCORE | COUNTS)[name]
    scores, same = cell_counts() if name in COUNTS else normal_scores()
    order = np.random.default_rng(6).permutation(len(same))
    np.testing.assert_allclose(
        fit(scores[order], same[order]).log10_lr(scores), fit(scores, same).log10_lr(scores), rtol=1e-6, atol=1e-8
    )


def every_kind() -> list[Calibrator]:
    scores, same = normal_scores()
    two = np.column_stack([scores, scores**2])
    return [
        *(fit(scores, same) for fit in ONE_SCORE.values()),
        *(fit(*cell_counts()) for fit in COUNTS.values()),
        fit_combination(two, same),
    ]


@pytest.mark.parametrize("calibrator", every_kind(), ids=lambda one: one.kind)
def test_records_come_back_to_the_same_bits(calibrator: Calibrator) -> None:
    text = json.dumps(to_record(calibrator), allow_nan=False)
    assert from_record(json.loads(text)) == calibrator


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ({}, "kind"),
        ({"kind": "oracle"}, "kind"),
        ({"kind": "binomial", "same": 0.5}, "different"),
        ({"kind": "binomial", "same": 1.5, "different": 0.1}, "same"),
        ({"kind": "binomial", "same": 0.5, "different": 0.1, "more": 1}, "more"),
        ({"kind": "logistic", "intercept": math.nan, "slopes": [1.0]}, "intercept"),
        ({"kind": "logistic", "intercept": 0.0, "slopes": []}, "slopes"),
        ({"kind": "isotonic", "knots": [1.0, 1.0], "share": [0.1, 0.2]}, "rise"),
        ({"kind": "isotonic", "knots": [1.0, 2.0], "share": [0.3, 0.2]}, "fall"),
        ({"kind": "isotonic", "knots": [1.0, 2.0], "share": [0.3]}, "length"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(record: dict[str, object], where: str) -> None:
    with pytest.raises(EvidenceError, match=where):
        from_record(record)


def test_edited_kernels_are_refused() -> None:
    record = to_record(fit_kernel_density(*normal_scores()))
    record["same"]["scores"][0] = 99.0
    with pytest.raises(EvidenceError, match="rise"):
        from_record(record)


def test_a_calibrator_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        fit_logistic(*normal_scores()).intercept = 3.0  # type: ignore[misc]


@pytest.mark.parametrize("name", ONE_SCORE)
@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([1.0, 2.0], [True, True], "2 known matches and 0 known non-matches"),
        ([1.0, 2.0], [0, 0], "0 known matches and 2 known non-matches"),
        ([], [], "0 known matches and 0"),
        ([1.0, math.nan], [1, 0], "score at 1 is nan"),
        ([math.inf, 1.0], [1, 0], "score at 0 is inf"),
        ([1.0, 2.0, 3.0], [1, 0], "3 scores but 2 truths"),
        ([1.0, 2.0], [1, 2], "truth"),
        ([1.0, 2.0], [1.0, math.nan], "truth"),
        ([[1.0, 2.0], [2.0, 3.0]], [1, 0], "shape"),
    ],
)
def test_bad_scores_are_refused(name: str, scores: list[float], same: list[float], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        ONE_SCORE[name](scores, same)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, math.nan], [0.0, 1.0]])
def test_bad_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(EvidenceError, match=r"weights|known matches"):
        fit_isotonic([1.0, 0.0], [1, 0], weights=weights)


@pytest.mark.parametrize("count", [[3, 2], [-1, 2], [1.5, 2], [0, 0], [1, 2.5]])
@pytest.mark.parametrize("fit", COUNTS.values(), ids=COUNTS)
def test_impossible_counts_are_refused(fit: Fit, count: list[float]) -> None:
    with pytest.raises(EvidenceError, match="whole numbers"):
        fit([count, [1, 2]], [0, 1])
    with pytest.raises(EvidenceError, match="whole numbers"):
        fit([[2, 2], [1, 2]], [1, 0]).log10_lr(count)


@pytest.mark.parametrize("calibrator", every_kind(), ids=lambda one: one.kind)
def test_a_missing_or_infinite_score_has_no_likelihood_ratio(calibrator: Calibrator) -> None:
    columns = 2 if calibrator.kind in COUNTS or len(getattr(calibrator, "slopes", "x")) > 1 else 1
    for bad in (math.nan, math.inf):
        with pytest.raises(EvidenceError, match="finite"):
            calibrator.log10_lr([[bad] * columns] if columns > 1 else [bad])


def test_separated_scores() -> None:
    scores, same = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0]), np.arange(6) > 2
    with pytest.raises(EvidenceError, match="do not overlap"):
        fit_logistic(scores, same)
    with pytest.raises(EvidenceError, match="do not overlap"):
        fit_logistic([0.0, 1.0, 1.0, 2.0], [0, 0, 1, 1])
    with pytest.raises(EvidenceError, match="penalty"):
        fit_combination(np.column_stack([scores, scores % 3]), same, penalty=0.0)
    for fit in (
        partial(fit_logistic, penalty=1.0),
        fit_combination,
        fit_kernel_density,
        partial(fit_isotonic, misleading=1),
    ):
        found = fit(scores, same).log10_lr(scores)
        assert np.isfinite(found).all()
        assert (found[same] > 0).all()
        assert (found[~same] < 0).all()
    assert fit_isotonic(scores, same).log10_lr(scores).tolist() == [-math.inf] * 3 + [math.inf] * 3


def test_constant_scores() -> None:
    with pytest.raises(EvidenceError, match="same for all pairs"):
        fit_logistic([2.0] * 6, [0, 0, 0, 1, 1, 1])
    with pytest.raises(EvidenceError, match="known non-match has the score 0"):
        fit_kernel_density([0.0, 0.0, 0.0, 5.0, 6.0], [0, 0, 0, 1, 1])
    assert fit_isotonic([2.0] * 6, [0, 0, 0, 1, 1, 1]).log10_lr([0.0, 2.0]).tolist() == [0.0, 0.0]


def test_scores_that_follow_from_each_other_need_a_penalty() -> None:
    scores, same = normal_scores()
    twice = np.column_stack([scores, 2 * scores])
    with pytest.raises(EvidenceError, match="penalty"):
        fit_combination(twice, same, penalty=0.0)
    assert np.isfinite(fit_combination(twice, same).log10_lr(twice)).all()


@pytest.mark.parametrize("name", ONE_SCORE)
def test_five_known_matches(name: str) -> None:
    scores, same = normal_scores(5, 200, 1.0)
    found = ONE_SCORE[name](scores, same).log10_lr(scores)
    assert not np.isnan(found).any()
    assert elub(found, same).lower >= -math.log10(6) - 0.01


@pytest.mark.parametrize(
    "call",
    [
        lambda: fit_logistic([1.0, 2.0], [0, 1], penalty=-1.0),
        lambda: fit_logistic([1.0, 2.0], [0, 1], penalty=math.nan),
        lambda: fit_kernel_density([1.0, 2.0], [0, 1], bandwidth=0.0),
        lambda: fit_kernel_density([1.0, 2.0], [0, 1], bandwidth=(1.0, math.inf)),
        lambda: fit_isotonic([1.0, 2.0], [0, 1], misleading=-1),
    ],
)
def test_options_out_of_range(call: object) -> None:
    with pytest.raises(OptionError):
        call()  # type: ignore[operator]


def test_errors_are_of_the_tree() -> None:
    assert issubclass(EvidenceError, BallisticsError)
    assert issubclass(EvidenceError, ValueError)


def test_shapes_of_answers() -> None:
    one: Logistic | KernelDensity = fit_kernel_density(*normal_scores())
    assert one.log10_lr(1.0).shape == ()
    assert one.log10_lr([[1.0, 2.0, 3.0]]).shape == (1, 3)
    counts: BetaBinomial = fit_beta_binomial(*cell_counts())
    assert counts.log10_lr([3, 20]).shape == ()
    assert counts.log10_lr(np.full((4, 5, 2), 7.0)).shape == (4, 5)
    with pytest.raises(EvidenceError, match="2 of them"):
        counts.log10_lr([3.0])


def test_nine_thousand_scores_are_fast() -> None:
    scores, same = normal_scores(200, 8800)
    taken = []
    for _ in range(3):
        began = time.process_time()
        found = fit_kernel_density(scores, same).log10_lr(scores)
        elub(found, same).apply(found)
        taken.append(time.process_time() - began)
    assert min(taken) < 0.2
