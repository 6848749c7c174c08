from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from imaging.errors import ParameterError, SurfaceError
from imaging.files import open_surface
from imaging.form import remove_form
from imaging.surface import Surface
from imaging.texture import measure_spatial, measure_texture

UM = 1e-6


def surface(heights, spacing_um=(1.0, 1.0), dtype=np.float64):
    return Surface(heights=np.asarray(heights, dtype=dtype), spacing=(spacing_um[0] * UM, spacing_um[1] * UM))


def grain(seed, shape=(500, 500), sigma=(5, 5)):
    """Smoothed white noise: its autocorrelation is a Gaussian of sqrt(2) times the sigma."""
    return ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, UM, shape), sigma, mode="wrap")


def ring(shape):
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    radius = np.hypot(x, y)
    return (radius > 0.3) & (radius < 0.95)


def test_truth_sine_wave():
    wave = 3 * UM * np.sin(2 * np.pi * np.arange(1000) / 100) * np.ones((20, 1)) + 50 * UM
    found = measure_texture(surface(wave, (2, 5)))
    assert found.Sa == pytest.approx(3 * UM * 2 / np.pi, rel=1e-3)
    assert found.Sq == pytest.approx(3 * UM / np.sqrt(2), rel=1e-6)
    assert found.Ssk == pytest.approx(0, abs=1e-9)
    assert found.Sku == pytest.approx(1.5, rel=1e-6)
    assert (found.Sp, found.Sv, found.Sz) == pytest.approx((3 * UM, 3 * UM, 6 * UM), rel=1e-6)
    slope = 3 / np.sqrt(2) * 2 * np.pi / 200
    assert found.Sdq == pytest.approx(slope, rel=1e-3)
    assert found.Sdr == pytest.approx(slope**2 / 2, rel=0.01)


def test_truth_slope_of_short_waves_is_lowered_as_documented():
    for pixels, share in ((10, 1 - 0.016), (5, 1 - 0.065)):
        wave = 1e-3 * UM * np.sin(2 * np.pi * np.arange(1000) / pixels) * np.ones((20, 1))
        found = measure_texture(surface(wave)).Sdq / (1e-3 / np.sqrt(2) * 2 * np.pi / pixels)
        assert found == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("slopes", [(0.3, 0.0), (0.0, -2.0), (1.0, 0.5)])
def test_truth_plane_has_the_slope_and_area_of_the_plane(slopes):
    y, x = np.mgrid[:30, :40]
    found = measure_texture(surface((slopes[0] * 2 * x + slopes[1] * 3 * y) * UM, (2, 3)))
    assert found.Sdq == pytest.approx(np.hypot(*slopes), rel=1e-9)
    assert found.Sdr == pytest.approx(np.sqrt(1 + np.hypot(*slopes) ** 2) - 1, rel=1e-9)


def test_truth_five_heights_by_hand():
    heights = np.array([[1.0, 2.0, np.nan], [4.0, np.nan, 5.0]])
    found = measure_texture(surface(heights * UM))
    z = np.array([-2.0, -1.0, 1.0, 2.0])
    assert found.Sa == pytest.approx(1.5 * UM)
    assert found.Sq == pytest.approx(np.sqrt(2.5) * UM)
    assert found.Sku == pytest.approx((z**4).mean() / 2.5**2)
    assert np.isnan(found.Sdq)
    assert np.isnan(found.Sdr)


def test_truth_skewness_is_positive_for_peaks_and_negative_for_pits():
    heights = np.zeros((30, 30))
    heights[::5, ::5] = UM
    peaks, pits = measure_texture(surface(heights)), measure_texture(surface(-heights))
    assert peaks.Ssk == pytest.approx(-pits.Ssk)
    assert peaks.Ssk > 3
    assert peaks.Sp == pytest.approx(pits.Sv)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_truth_constant_surface_has_no_shape_but_all_else_is_zero(dtype):
    found = measure_texture(surface(np.full((7, 9), 1.3e-5), dtype=dtype))
    assert (found.Sa, found.Sq, found.Sp, found.Sv, found.Sz, found.Sdq, found.Sdr) == (0,) * 7
    assert np.isnan((found.Ssk, found.Sku)).all()
    spatial = measure_spatial(surface(np.full((7, 9), 1.3e-5), dtype=dtype))
    assert np.isnan((spatial.Sal, spatial.slowest, spatial.Str)).all()


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100), offset_um=st.floats(-1e3, 1e3), seed=st.integers(0, 99))
def test_property_height_parameters_follow_scale_and_ignore_offset(factor, offset_um, seed):
    heights = np.random.default_rng(seed).gamma(2, UM, (30, 40))
    heights[~ring(heights.shape)] = np.nan
    one, other = measure_texture(surface(heights)), measure_texture(surface(factor * heights + offset_um * UM))
    for name in ("Sa", "Sq", "Sp", "Sv", "Sz", "Sdq"):
        assert getattr(other, name) == pytest.approx(factor * getattr(one, name), rel=1e-5)
    for name in ("Ssk", "Sku"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-5)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("sigma", "spacing_um"), [((5, 5), (1, 1)), ((4, 10), (1, 1)), ((6, 6), (1.5, 3))])
def test_truth_autocorrelation_of_smoothed_noise(sigma, spacing_um, masked):
    lengths = np.array([sigma[1] * spacing_um[0], sigma[0] * spacing_um[1]]) * 2 * np.sqrt(np.log(5)) * UM
    found = []
    for seed in range(3):
        heights = grain(seed, sigma=sigma)
        if masked:
            heights[~ring(heights.shape)] = np.nan
        spatial = measure_spatial(surface(heights, spacing_um))
        found.append((spatial.Sal, spatial.slowest, spatial.Str))
    sal, slowest, aspect = np.mean(found, axis=0)
    assert sal == pytest.approx(lengths.min(), rel=0.08)
    assert slowest == pytest.approx(lengths.max(), rel=0.08)
    assert aspect == pytest.approx(lengths.min() / lengths.max(), rel=0.12)


def test_property_missing_points_do_not_shorten_the_correlation():
    heights = grain(0)
    whole = measure_spatial(surface(heights))
    heights[np.random.default_rng(1).random(heights.shape) < 0.5] = np.nan
    assert measure_spatial(surface(heights)).Sal == pytest.approx(whole.Sal, rel=0.02)


@pytest.mark.parametrize("angle_deg", [0, 30, 90, 135])
def test_truth_striae_have_one_direction(angle_deg):
    y, x = np.mgrid[:301, :301]
    across = x * np.cos(np.radians(angle_deg)) + y * np.sin(np.radians(angle_deg))
    found = measure_spatial(surface(UM * np.sin(2 * np.pi * across / 30)))
    assert found.Sal == pytest.approx(30 * UM * np.arccos(0.2) / (2 * np.pi), rel=0.03)
    assert found.Str < 0.06


def test_property_turning_the_grid_changes_nothing_and_a_higher_level_is_reached_sooner():
    heights = grain(3, (200, 300), (3, 6))
    one = measure_spatial(surface(heights, (1, 2)))
    other = measure_spatial(surface(heights.T, (2, 1)))
    assert (other.Sal, other.slowest) == pytest.approx((one.Sal, one.slowest), rel=1e-6)
    assert measure_spatial(surface(heights, (1, 2)), level=0.5).Sal < one.Sal


def test_truth_a_slope_longer_than_the_lags_has_no_length_along_it():
    found = measure_spatial(surface(np.arange(60) * np.ones((60, 1)) * UM))
    assert np.isfinite(found.Sal)
    assert found.slowest == np.inf
    assert found.Str == 0


def test_truth_impossible_requests_are_refused():
    for level in (0, 1, -0.2):
        with pytest.raises(ParameterError, match="between 0 and 1"):
            measure_spatial(surface(grain(0, (20, 20))), level=level)
    for measure in (measure_texture, measure_spatial):
        with pytest.raises(SurfaceError, match="No measured point"):
            measure(surface(np.full((4, 4), np.nan)))


def test_journey_texture_of_a_breech_face(data):
    level = remove_form(open_surface(data / "breech_face" / "fadul" / "Fadul_1-1.x3p"))
    texture, spatial = measure_texture(level), measure_spatial(level)
    assert 0.3 * UM < texture.Sa < texture.Sq < 3 * UM < texture.Sz
    assert 10 * UM < spatial.Sal < 1000 * UM
    assert 0 <= spatial.Str <= 1
