from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import SurfaceError
from imaging.robust import fit_curve, fit_linear

TRUE = np.array([0.3, -1.2, 0.8])


def line_of(n, seed=0):
    rng = np.random.default_rng(seed)
    columns = np.column_stack([np.ones(n), rng.uniform(-1, 1, (n, 2))])
    return rng, columns, columns @ TRUE


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 0.4), size=st.floats(0.5, 1e4))
def test_property_outliers_on_one_side_do_not_move_a_robust_fit(seed, share, size):
    rng, columns, target = line_of(600, seed)
    target = target + rng.normal(0, 0.01, 600)
    bad = np.argsort(columns[:, 1])[: int(share * 600)]
    target[bad] += size * rng.uniform(0.9, 1.1, bad.size)
    assert np.abs(fit_linear(columns, target, robust=True) - TRUE).max() < 0.02


def test_oracle_plain_fit_is_least_squares():
    rng, columns, target = line_of(200)
    target = target + rng.normal(0, 1, 200)
    expected = np.linalg.lstsq(columns, target, rcond=None)[0]
    assert np.allclose(fit_linear(columns, target, robust=False), expected, rtol=0, atol=1e-12)


def test_truth_robust_fit_is_nearly_as_sharp_as_least_squares_on_normal_noise():
    errors = {True: [], False: []}
    for seed in range(60):
        rng, columns, target = line_of(100, seed)
        target = target + rng.normal(0, 1, 100)
        for robust, found in errors.items():
            found.append(fit_linear(columns, target, robust=robust) - TRUE)
    spread = {robust: np.square(found).mean() for robust, found in errors.items()}
    assert spread[False] / spread[True] > 0.85


def test_property_same_data_same_bits():
    rng, columns, target = line_of(500)
    target = target + rng.standard_cauchy(500)
    assert np.array_equal(fit_linear(columns, target, robust=True), fit_linear(columns, target, robust=True))


@pytest.mark.parametrize("robust", [True, False])
def test_truth_exact_data_come_back_exactly(robust):
    _, columns, target = line_of(100)
    assert np.allclose(fit_linear(columns, target, robust=robust), TRUE, rtol=0, atol=1e-12)
    assert np.array_equal(fit_linear(columns, np.zeros(100), robust=robust), np.zeros(3))


def test_truth_curve_is_found_among_outliers():
    x = np.linspace(0, 1, 400)
    target = 2 * np.exp(-1.5 * x)
    target[:100] = 9

    def predict(parameters):
        decay = np.exp(-parameters[1] * x)
        return parameters[0] * decay, np.column_stack([decay, -parameters[0] * x * decay])

    assert np.allclose(fit_curve(predict, np.array([1.8, 1.2]), target, robust=True), [2, 1.5], atol=1e-3)


@pytest.mark.parametrize("robust", [True, False])
def test_truth_undetermined_fits_are_refused(robust):
    columns = np.column_stack([np.ones(50), np.arange(50.0), 2 * np.arange(50.0)])
    with pytest.raises(SurfaceError, match="do not determine"):
        fit_linear(columns, np.arange(50.0), robust=robust)
    with pytest.raises(SurfaceError, match="2 measured points"):
        fit_linear(columns[:2], np.arange(2.0), robust=robust)
