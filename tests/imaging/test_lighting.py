"""Photographs made from heights: what lamps do to slopes, turned surfaces and missing points."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError
from imaging.lighting import photograph
from imaging.photo import Light
from imaging.resample import flip, rotate
from imaging.surface import FloatArray, Surface
from imaging.synthetic import breech_face

RING = Light(kind="ring")
MARK = breech_face(np.random.default_rng(3), pixel_um=12.5)
SPACING = (2e-6, 2e-6)
Y, X = np.mgrid[:40, :60] * SPACING[0]


def side(azimuth_deg: float) -> Light:
    return Light(kind="side", azimuth_deg=azimuth_deg)


def surface(heights: FloatArray) -> Surface:
    return Surface(heights=heights, spacing=SPACING)


@pytest.mark.parametrize("light", [RING, side(70.0)])
@pytest.mark.parametrize("height", [0.0, 3e-3])
def test_a_flat_surface_is_evenly_grey(light: Light, height: float) -> None:
    pixels = photograph(surface(np.full((20, 30), height)), light).pixels
    assert np.unique(pixels).tolist() == [round(255 * 0.55)]


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 360.0), st.floats(10.0, 80.0))
def test_the_slope_that_faces_the_lamp_is_the_brighter_one(azimuth_deg: float, elevation_deg: float) -> None:
    """A roof with its ridge across the light: one half falls towards the lamp, the other away from it."""
    towards = math.sin(math.radians(azimuth_deg)), -math.cos(math.radians(azimuth_deg))
    along = towards[0] * (X - X.mean()) + towards[1] * (Y - Y.mean())
    lit = photograph(surface(-0.2 * np.abs(along)), side(azimuth_deg), elevation_deg=elevation_deg, relief=1.0)
    facing, averted = lit.pixels[along > 6e-6], lit.pixels[along < -6e-6]
    assert facing.min() > averted.max()


def test_brightness_follows_the_angle_between_lamp_and_slope() -> None:
    """Lambert and Blinn for a plane, computed by hand: the lamp to the right, 30 degrees high."""
    slopes = np.array([0.1, 0.2, 0.3])
    heights = np.concatenate([-slope * (X[:, :20] - X[0, 0]) for slope in slopes], axis=1)
    lit = photograph(surface(heights), side(90.0), elevation_deg=30.0, relief=1.0).pixels[20, [10, 30, 50]]
    lean = np.arctan(slopes)
    lamp, halfway = math.radians(60.0), math.radians(30.0)
    expected = 0.2 * np.cos(lamp - lean) + 0.8 * np.cos(halfway - lean) ** 30
    np.testing.assert_allclose(lit / lit[2], expected / expected[2], atol=0.01)


def test_a_lamp_on_the_other_side_of_a_turned_over_surface_sees_the_same() -> None:
    """Heights turned upside down and lit from the opposite side: pits look like bumps."""
    lit = photograph(MARK, side(40.0)).pixels
    under = photograph(MARK.derive(-MARK.heights, step="turned over"), side(220.0)).pixels
    np.testing.assert_array_equal(lit, under)


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("light", [RING, side(25.0)])
def test_a_quarter_turn_of_the_surface_turns_the_picture(light: Light, quarters: int) -> None:
    """Under a side light the lamp turns with the surface."""
    expected = photograph(MARK, light).turn(quarters)
    lit = photograph(MARK.derive(np.rot90(MARK.heights, -quarters), step="turn"), expected.light)
    np.testing.assert_allclose(lit.pixels.astype(int), expected.pixels, atol=1)


def test_a_mirrored_surface_with_its_lamp_gives_the_mirrored_picture() -> None:
    expected = photograph(MARK, side(25.0)).flip("x")
    lit = photograph(flip(MARK, "x"), expected.light)
    np.testing.assert_allclose(lit.pixels.astype(int), expected.pixels, atol=1)


@pytest.mark.parametrize("angle_deg", [30.0, -77.0])
def test_under_a_ring_a_turned_surface_looks_like_the_turned_picture(angle_deg: float) -> None:
    fine = breech_face(np.random.default_rng(3), pixel_um=6.25)
    lit, turned = (photograph(each, RING, relief=15.0) for each in (fine, rotate(fine, angle_deg)))
    middle = (fine.shape[1] - 1) / 2, (fine.shape[0] - 1) / 2
    around = cv2.getRotationMatrix2D(middle, -angle_deg, 1.0)
    expected = cv2.warpAffine(lit.pixels, around, fine.shape[::-1])
    known = cv2.erode(((expected > 0) & (turned.pixels > 0)).astype(np.uint8), np.ones((9, 9))) > 0
    found, wanted = (cv2.GaussianBlur(each.astype(np.float32), (0, 0), 1.5) for each in (turned.pixels, expected))
    assert known.sum() > 50_000
    assert np.abs(found - wanted)[known].mean() < 4.0
    from_side = photograph(rotate(fine, angle_deg), side(0.0), relief=15.0).pixels.astype(np.float32)
    still = cv2.warpAffine(photograph(fine, side(0.0), relief=15.0).pixels, around, fine.shape[::-1])
    assert np.abs(from_side - still)[known].mean() > 20.0


def test_missing_points_are_black_and_no_others_are() -> None:
    lit = photograph(MARK, RING)
    np.testing.assert_array_equal(lit.pixels == 0, ~MARK.valid)
    nothing = photograph(surface(np.full((5, 6), np.nan)), side(0.0))
    assert not nothing.pixels.any()


def test_a_hole_in_a_high_flat_surface_has_no_bright_rim() -> None:
    heights = np.full((30, 30), 5e-3)
    heights[10:20, 10:20] = np.nan
    pixels = photograph(surface(heights), side(10.0)).pixels
    assert len(np.unique(pixels[np.isfinite(heights)])) == 1


def test_the_picture_has_square_pixels_of_the_larger_side_and_says_how_it_was_lit() -> None:
    fine = Surface(heights=np.repeat(MARK.heights, 2, axis=0), spacing=(12.5e-6, 6.25e-6))
    lit = photograph(fine, side(45.0))
    assert lit.pixel_um == pytest.approx(12.5)
    assert lit.shape == MARK.shape
    assert lit.light == side(45.0)
    assert lit.provenance.steps[-1] == "photographed under a side light from 45 deg"
    usual = photograph(MARK, side(45.0)).pixels
    known = cv2.erode(MARK.valid.astype(np.uint8), np.ones((5, 5))) > 0
    assert np.corrcoef(lit.pixels[known], usual[known])[0, 1] > 0.95


def test_nine_points_in_ten_keep_clear_of_white() -> None:
    pixels = photograph(MARK, RING).pixels[MARK.valid]
    assert (pixels <= round(255 * 0.55)).mean() == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2)])
def test_the_smallest_surfaces_are_lit(shape: tuple[int, int]) -> None:
    heights = 1e-6 * np.random.default_rng(1).normal(size=shape)
    assert photograph(surface(heights), RING).shape == shape


@pytest.mark.parametrize("light", [Light(), Light(kind="side")])
def test_a_light_that_is_not_known_is_refused(light: Light) -> None:
    with pytest.raises(ParameterError, match="side light with its azimuth is needed"):
        photograph(MARK, light)


@pytest.mark.parametrize("elevation_deg", [0.0, 90.0, -10.0, math.nan])
def test_a_lamp_in_the_plane_or_straight_above_is_refused(elevation_deg: float) -> None:
    with pytest.raises(ParameterError, match="elevation"):
        photograph(MARK, RING, elevation_deg=elevation_deg)


@pytest.mark.parametrize("relief", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_relief_is_refused(relief: float) -> None:
    with pytest.raises(ParameterError, match="relief"):
        photograph(MARK, RING, relief=relief)
