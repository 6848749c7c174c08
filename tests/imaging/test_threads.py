from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from imaging.filters import low_pass
from imaging.form import remove_form
from imaging.resample import isotropic
from imaging.surface import Surface
from imaging.threads import one_blas_thread


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        yield


def test_truth_one_thread_inside_and_the_old_number_after():
    before = blas_threads()
    with one_blas_thread():
        assert blas_threads() <= {1}
        with one_blas_thread():
            assert blas_threads() <= {1}
        assert blas_threads() <= {1}
    assert blas_threads() == before


def test_truth_the_old_number_returns_after_an_error():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == before


def test_property_results_have_the_same_bits_for_any_number_of_threads():
    heights = np.random.default_rng(0).normal(0, 1e-6, (400, 500))
    heights[100:150, 200:260] = np.nan
    surface = Surface(heights=heights, spacing=(5e-6, 5e-6))
    for act in (
        lambda: low_pass(surface, 200, order=2),
        lambda: remove_form(surface, "polynomial", degree=4),
        lambda: isotropic(surface, pixel_um=12),
    ):
        found = []
        for threads in (1, 2):
            with threadpool_limits(limits=threads, user_api="blas"):
                found.append(act().heights)
        assert np.array_equal(*found, equal_nan=True)
