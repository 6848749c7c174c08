from __future__ import annotations

import numpy as np
import pytest

from imaging import moments


def stacked(engine, grid, degree):
    prepared = engine.prepare(grid)
    parts = [engine.of(prepared, block, degree) for block in range(len(engine.blocks))]
    return {power: np.vstack([part[power] for part in parts]) for power in parts[0]}


def exact(grid, sigma, i, j):
    ny, nx = grid.shape
    x = (np.arange(nx) - np.arange(nx)[:, None]) / sigma[0]
    y = (np.arange(ny) - np.arange(ny)[:, None]) / sigma[1]
    of_x = np.exp(-(x**2) / 2) * x**i / (np.sqrt(2 * np.pi) * sigma[0])
    of_y = np.exp(-(y**2) / 2) * y**j / (np.sqrt(2 * np.pi) * sigma[1])
    return of_y @ grid @ of_x.T


@pytest.mark.parametrize("sigma", [(3.0, 3.0), (7.3, 4.1), (60.0, 25.0)])
@pytest.mark.parametrize("order", [1, 2])
def test_truth_reduced_moments_are_the_exact_sums(order, sigma):
    rng = np.random.default_rng(3)
    grid = (rng.random((150, 301)) < 0.6) * rng.random((150, 301))
    engine = moments._Reduced(grid.shape, sigma, order, grid.dtype)
    for (i, j), found in stacked(engine, grid, 2 * order).items():
        expected = exact(grid, sigma, i, j)
        assert np.abs(found - expected).max() < 1e-11 * np.abs(exact(grid, sigma, 0, 0)).max()


def test_truth_each_reduced_weight_of_order_0_is_within_its_bound():
    grid = np.zeros((1, 200))
    grid[0, 90] = 1
    engine = moments._Reduced(grid.shape, (9.0, 1.0), 0, grid.dtype)
    found = stacked(engine, grid, 0)[0, 0][0] / engine.of_ones(0, 0)[0, 0][0, 90]
    x = np.arange(200) - 90
    near = np.abs(x) < 4 * 9
    gaussian = np.exp(-((x / 9.0) ** 2) / 2)
    ratio = found[near] / gaussian[near]
    assert np.ptp(ratio) / ratio.mean() < 4e-8
    assert (found >= 0).all()


@pytest.mark.parametrize("sigma", [(0.4, 0.7), (3.0, 2.0)])
def test_truth_direct_moments_are_the_exact_sums_cut_at_the_reach(sigma):
    grid = np.random.default_rng(4).random((300, 40))
    engine = moments._Direct(grid.shape, sigma, 2, grid.dtype)
    found = stacked(engine, grid, 4)
    scale = found[0, 0].max() / exact(grid, sigma, 0, 0).max()
    for (i, j), of_power in found.items():
        assert np.abs(of_power / scale - exact(grid, sigma, i, j)).max() < 1e-3 * grid.max()


@pytest.mark.parametrize("kind", [moments._Direct, moments._Reduced])
def test_property_ones_need_no_grid(kind):
    engine = kind((140, 60), (3.5, 4.5), 2, np.dtype(np.float64))
    from_grid = stacked(engine, np.ones((140, 60)), 4)
    for power, found in from_grid.items():
        ones = np.vstack([engine.of_ones(block, 4)[power] for block in range(len(engine.blocks))])
        assert np.allclose(ones, found, rtol=0, atol=1e-13)


def test_truth_wide_gaussians_take_the_reduced_way_and_narrow_ones_do_not():
    dtype = np.dtype(np.float32)
    assert isinstance(moments.gaussian_moments((50, 50), (8, 8), order=0, dtype=dtype), moments._Reduced)
    assert isinstance(moments.gaussian_moments((50, 50), (1, 8), order=0, dtype=dtype), moments._Direct)
    assert isinstance(moments.gaussian_moments((1, 50), (8, 80), order=0, dtype=dtype), moments._Reduced)
