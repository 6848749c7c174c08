from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError, SurfaceError
from imaging.files import open_surface
from imaging.filters import ALPHA, band_pass, high_pass, low_pass
from imaging.surface import Surface

UM = 1e-6
ORDERS = (0, 1, 2)


def surface(heights, spacing_um=(5.0, 5.0), dtype=np.float64):
    return Surface(heights=np.asarray(heights, dtype=dtype), spacing=(spacing_um[0] * UM, spacing_um[1] * UM))


def polynomial(order, shape, seed=0):
    """Heights of some micrometres, a polynomial of the order over the grid."""
    a, b, c, d, e, f = np.random.default_rng(seed).normal(0, 3 * UM, 6)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    heights = np.full(shape, a)
    if order > 0:
        heights = heights + b * x + c * y
    if order > 1:
        heights = heights + d * x * x + e * x * y + f * y * y
    return heights


def annulus(shape, inner=0.3, outer=0.9):
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    radius = np.hypot(x, y)
    return (radius > inner) & (radius < outer)


def by_definition(heights, spacing_um, cutoff_um, order):
    """Weighted least squares at every point, one by one, straight from the definition."""
    rows, columns = np.nonzero(np.isfinite(heights))
    z = heights[rows, columns]
    found = np.full_like(heights, np.nan)
    powers = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]
    for row, column in zip(rows, columns, strict=True):
        x = (columns - column) * spacing_um[0] / cutoff_um
        y = (rows - row) * spacing_um[1] / cutoff_um
        root = np.exp(-np.pi / 2 * (x**2 + y**2) / ALPHA[order] ** 2)
        design = np.stack([x**i * y**j for i, j in powers], axis=1)
        found[row, column] = np.linalg.lstsq(design * root[:, None], z * root, rcond=None)[0][0]
    return found


def kept(order, wavelength_um, cutoff_um, axis=1, pixel_um=2.0):
    """Share of a wave's height that a low-pass keeps, in the middle of a long surface."""
    phase = 2 * np.pi * np.arange(801) * pixel_um / wavelength_um
    wave = np.cos(phase - phase[400]) * np.ones((101, 1))
    wave = wave if axis == 1 else wave.T
    filtered = low_pass(surface(wave * UM, (pixel_um, pixel_um)), cutoff_um, order=order).heights
    middle = (50, 400) if axis == 1 else (400, 50)
    return filtered[middle] / UM


def test_truth_constants():
    assert ALPHA[0] == ALPHA[1] == pytest.approx(0.4697186393, abs=1e-10)
    assert ALPHA[2] == pytest.approx(0.7309134280, abs=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("cutoff_um", [20.0, 60.0, 150.0])
def test_truth_half_of_a_wave_passes_at_the_cutoff(order, axis, cutoff_um):
    assert kept(order, cutoff_um, cutoff_um, axis) == pytest.approx(0.5, abs=2e-4)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("ratio", [0.3, 0.7, 1.5, 3.0])
def test_truth_transmission_curve(order, ratio):
    u = np.pi * (ALPHA[order] / ratio) ** 2
    expected = np.exp(-u) * (1 + u if order == 2 else 1)
    assert kept(order, 80 * ratio, 80) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(("pixels", "share"), [(4, 0.50), (3, 0.56), (2, 0.89)])
def test_truth_transmission_of_short_cutoffs_is_as_documented(pixels, share):
    assert kept(0, 2.0 * pixels, 2.0 * pixels) == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("cutoff_um", "spacing_um"), [(30, (5, 5)), (60, (5, 3)), (150, (4, 6)), (600, (5, 5))])
@pytest.mark.parametrize("complete", [True, False])
def test_oracle_least_squares_point_by_point(order, cutoff_um, spacing_um, complete):
    rng = np.random.default_rng(7)
    heights = polynomial(2, (26, 31)) + rng.normal(0, UM, (26, 31))
    if not complete:
        heights[rng.random(heights.shape) < 0.3] = np.nan
        heights[5:15, 8:17] = np.nan
    found = low_pass(surface(heights, spacing_um), cutoff_um, order=order).heights
    expected = by_definition(heights, spacing_um, cutoff_um, order)
    assert np.array_equal(np.isnan(found), np.isnan(heights))
    # a direct kernel ends at five sigma; the share of the weight beyond is below 1e-6, more in a hole
    assert np.nanmax(np.abs(found - expected)) < 2e-4 * UM


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=12, deadline=None)
@given(
    missing=st.sampled_from([0.0, 0.2, 0.7, 0.97]),
    cutoff_um=st.sampled_from([10.0, 26.0, 70.0, 300.0, 1e4, 1e8]),
    spacing_um=st.sampled_from([(5.0, 5.0), (3.0, 5.0), (5.0, 2.0)]),
    shape=st.sampled_from([(40, 50), (1, 70), (2, 60), (33, 1), (130, 140)]),
    seed=st.integers(0, 1000),
)
def test_property_polynomial_of_the_order_passes_unchanged(
    order, dtype, missing, cutoff_um, spacing_um, shape, seed
):
    rng = np.random.default_rng(seed)
    measured = rng.random(shape) >= missing
    measured.flat[rng.integers(measured.size)] = True
    heights = np.where(measured, polynomial(order, shape, seed), np.nan)
    given_surface = surface(heights, spacing_um, dtype)
    found = low_pass(given_surface, cutoff_um, order=order)
    size = np.nanmax(np.abs(heights)) + UM
    assert found.heights.dtype == dtype
    assert np.array_equal(found.valid, given_surface.valid)
    error = np.nanmax(np.abs(found.heights - given_surface.heights)) / size
    # order 2 keeps terms that the points hardly determine (pivots down to 1e-10), which magnifies rounding
    assert error < (5e-7 if dtype is np.float32 else 2e-7 if order == 2 else 1e-10)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("cutoff_um", [15, 100])
def test_property_full_mask_equals_no_mask(order, cutoff_um):
    heights = np.random.default_rng(0).normal(0, UM, (300, 90))
    whole = low_pass(surface(heights), cutoff_um, order=order).heights
    heights[0, 0] = np.nan
    masked = low_pass(surface(heights), cutoff_um, order=order).heights
    assert np.abs(whole - masked)[150:].max() < 1e-9 * UM


@pytest.mark.parametrize("order", ORDERS)
def test_property_single_precision_is_enough(order):
    heights = np.random.default_rng(0).normal(0, UM, (200, 200)) + 50 * UM
    heights[~annulus(heights.shape)] = np.nan
    single = high_pass(surface(heights, dtype=np.float32), 90, order=order)
    double = high_pass(surface(heights), 90, order=order)
    assert single.heights.dtype == np.float32
    assert np.nanmax(np.abs(single.heights - double.heights)) < 1e-5 * UM + 3e-7 * 50 * UM


@pytest.mark.parametrize("order", ORDERS)
def test_property_turning_and_scaling_commute_with_the_filter(order):
    heights = np.random.default_rng(2).normal(0, UM, (70, 90))
    heights[~annulus(heights.shape)] = np.nan
    plain = low_pass(surface(heights, (4, 6)), 80, order=order).heights
    turned = low_pass(surface(heights.T, (6, 4)), 80, order=order).heights
    mirrored = low_pass(surface(heights[:, ::-1], (4, 6)), 80, order=order).heights
    scaled = low_pass(surface(3 * heights, (8, 12)), 160, order=order).heights
    for other in (turned.T, mirrored[:, ::-1], scaled / 3):
        assert np.nanmax(np.abs(other - plain)) < 1e-7 * UM


@pytest.mark.parametrize("order", ORDERS)
def test_property_profile_is_a_row_of_a_ruled_surface(order):
    profile = np.cumsum(np.random.default_rng(5).normal(0, 0.1 * UM, 400))
    alone = low_pass(surface(profile[None]), 90, order=order).heights[0]
    ruled = low_pass(surface(np.tile(profile, (61, 1))), 90, order=order).heights[30]
    assert np.abs(alone - ruled).max() < 1e-7 * UM


def test_truth_high_pass_is_the_rest():
    heights = np.random.default_rng(0).normal(0, UM, (50, 60))
    given_surface = surface(heights)
    both = low_pass(given_surface, 60).heights + high_pass(given_surface, 60).heights
    assert np.allclose(both, heights, rtol=0, atol=1e-12 * UM)


def test_truth_band_pass_is_one_filter_after_the_other_and_none_switches_a_side_off():
    given_surface = surface(np.random.default_rng(0).normal(0, UM, (50, 60)))
    both = band_pass(given_surface, short_um=20, long_um=100, order=1)
    after = high_pass(low_pass(given_surface, 20, order=1), 100, order=1)
    assert np.array_equal(both.heights, after.heights)
    assert np.array_equal(band_pass(given_surface, short_um=20).heights, low_pass(given_surface, 20).heights)
    assert np.array_equal(band_pass(given_surface, long_um=99).heights, high_pass(given_surface, 99).heights)
    assert band_pass(given_surface) is given_surface


@pytest.mark.parametrize("order", ORDERS)
def test_truth_robust_filter_ignores_craters_and_dirt(order):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:110, :110]
    form = 2 * UM * np.sin(x / 60)
    bad = np.zeros(form.shape, dtype=bool)
    for row, column, radius in rng.uniform((0, 0, 2), (110, 110, 8), (8, 3)):
        bad |= np.hypot(y - row, x - column) < radius
    heights = form + rng.normal(0, 0.05 * UM, form.shape) + np.where(bad, -40 * UM, 0)
    heights[rng.random(form.shape) < 0.3] = np.nan
    given_surface = surface(heights)
    robust = low_pass(given_surface, 200, order=order, robust=True)
    plain = low_pass(given_surface, 200, order=order)
    off = [np.nanmax(np.abs(s.heights - form)[20:-20, 20:-20]) for s in (robust, plain)]
    assert off[0] < (0.5 if order == 0 else 0.1) * UM
    assert off[1] > 5 * UM
    assert np.array_equal(robust.valid, given_surface.valid)
    assert robust.provenance.steps[-1] == f"low-pass 200 um, order {order}, robust"


@pytest.mark.parametrize("order", ORDERS)
def test_property_robust_filter_agrees_on_clean_noise_and_passes_its_polynomial(order):
    heights = polynomial(order, (60, 70))
    assert np.allclose(
        low_pass(surface(heights), 90, order=order, robust=True).heights, heights, rtol=0, atol=1e-9 * UM
    )
    noisy = heights + np.random.default_rng(0).normal(0, 0.1 * UM, heights.shape)
    robust = low_pass(surface(noisy), 150, order=order, robust=True).heights
    plain = low_pass(surface(noisy), 150, order=order).heights
    assert np.sqrt(np.mean((robust - plain) ** 2)) < 0.02 * UM


def test_truth_robust_filter_where_outliers_fill_a_window():
    heights = np.random.default_rng(0).normal(0, 0.1 * UM, (90, 90))
    heights[30:60, 30:60] += 30 * UM
    for order in ORDERS:
        found = low_pass(surface(heights), 20, order=order, robust=True).heights
        assert np.isfinite(found).all()
        assert found.max() < 40 * UM


def test_truth_a_lone_point_is_its_own_average():
    heights = np.full((90, 90), np.nan)
    heights[10:40, 10:40] = np.random.default_rng(0).normal(0, UM, (30, 30))
    heights[80, 80] = 7 * UM
    for order in ORDERS:
        assert low_pass(surface(heights), 30, order=order).heights[80, 80] == pytest.approx(7 * UM, rel=1e-9)


@pytest.mark.parametrize("order", ORDERS)
def test_truth_cutoff_far_above_the_size_gives_one_polynomial(order):
    rng = np.random.default_rng(0)
    heights = polynomial(2, (40, 50)) + rng.normal(0, UM, (40, 50))
    y, x = np.mgrid[-1:1:40j, -1:1:50j]
    powers = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]
    design = np.stack([(x**i * y**j).ravel() for i, j in powers], axis=1)
    whole = (design @ np.linalg.lstsq(design, heights.ravel(), rcond=None)[0]).reshape(heights.shape)
    found = low_pass(surface(heights), 1e7, order=order).heights
    assert np.abs(found - whole).max() < 0.01 * np.ptp(heights)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"short_um": 0}, "positive"),
        ({"short_um": -3.0}, "positive"),
        ({"long_um": float("nan")}, "positive"),
        ({"long_um": float("inf")}, "positive"),
        ({"short_um": 9.0}, "2 pixels"),
        ({"short_um": 50, "long_um": 50}, "below long_um"),
        ({"short_um": 60, "long_um": 50}, "below long_um"),
        ({"short_um": 50, "order": 3}, "orders 0, 1 and 2"),
    ],
)
def test_truth_impossible_options_are_refused_with_advice(options, words):
    with pytest.raises(ParameterError, match=words):
        band_pass(surface(np.zeros((9, 9))), **options)


def test_truth_cutoff_of_two_pixels_is_taken_and_anisotropic_pixels_count_by_the_larger():
    low_pass(surface(np.zeros((9, 9))), 10)
    with pytest.raises(ParameterError, match="pixels of 8 um"):
        low_pass(surface(np.zeros((9, 9)), (5, 8)), 12)
    low_pass(surface(np.zeros((1, 9)), (5, 8)), 12)


def test_truth_nothing_measured_is_refused():
    with pytest.raises(SurfaceError, match="No measured point"):
        low_pass(surface(np.full((9, 9), np.nan)), 30)


@pytest.mark.parametrize("order", [0, 2])
def test_journey_band_pass_of_a_breech_face(data, order):
    scan = open_surface(data / "breech_face" / "fadul" / "Fadul_1-1.x3p")
    found = band_pass(scan, short_um=25, long_um=250, order=order)
    assert np.array_equal(found.valid, scan.valid)
    assert found.heights.dtype == scan.heights.dtype
    rms = [np.sqrt(np.nanmean(s.heights.astype(np.float64) ** 2)) for s in (found, scan)]
    assert 0.1 * UM < rms[0] < rms[1]
    assert abs(np.nanmean(found.heights)) < 0.1 * rms[0]
