from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError, SurfaceError
from imaging.files import open_surface
from imaging.resample import crop, flip, isotropic, rotate, trim
from imaging.surface import Surface

UM = 1e-6


def surface(heights, spacing_um=(5.0, 5.0), dtype=np.float64):
    return Surface(heights=np.asarray(heights, dtype=dtype), spacing=(spacing_um[0] * UM, spacing_um[1] * UM))


def coordinates(shape, spacing_um):
    """Micrometres from the middle of the grid."""
    ny, nx = shape
    x = (np.arange(nx) - (nx - 1) / 2) * spacing_um[0]
    y = (np.arange(ny) - (ny - 1) / 2) * spacing_um[1]
    return np.meshgrid(x, y)


def bump(shape, spacing_um, at_um, width_um=40.0):
    x, y = coordinates(shape, spacing_um)
    return UM * np.exp(-((x - at_um[0]) ** 2 + (y - at_um[1]) ** 2) / (2 * width_um**2))


def centroid(found):
    x, y = coordinates(found.shape, (found.spacing[0] / UM, found.spacing[1] / UM))
    weights = np.where(found.valid, found.heights, 0)
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


def holed(heights, seed=0, share=0.1):
    rng = np.random.default_rng(seed)
    heights = np.array(heights, dtype=np.float64)
    heights[rng.random(heights.shape) < share] = np.nan
    heights[20:35, 40:70] = np.nan
    return heights


@pytest.mark.parametrize("pixel_um", [2.0, 3.5, 5.0, 6.25, 7.37, 10.0, 12.5, 17.3, 25.0])
@pytest.mark.parametrize("spacing_um", [(5.0, 5.0), (4.0, 7.0)])
def test_truth_a_feature_keeps_its_place_and_size(pixel_um, spacing_um):
    at_um = np.array([83.0, -57.0])
    given_surface = surface(bump((121, 160), spacing_um, at_um), spacing_um)
    found = isotropic(given_surface, pixel_um=pixel_um)
    assert found.spacing == (pixel_um * UM, pixel_um * UM)
    assert np.abs(centroid(found) - at_um).max() < 0.01 * pixel_um
    expected = bump(found.shape, (pixel_um, pixel_um), at_um)
    assert np.abs(found.heights - expected).max() < (0.01 if pixel_um < 15 else 0.03) * UM
    for size, old in zip(found.size_um, given_surface.size_um, strict=True):
        assert abs(size - old) <= pixel_um / 2 + 1e-6


@pytest.mark.parametrize("pixel_um", [3.0, 8.0, 20.0])
def test_truth_a_feature_beside_missing_points_keeps_its_place(pixel_um):
    at_um = np.array([83.0, -57.0])
    heights = bump((121, 160), (5, 5), at_um)
    x, y = coordinates(heights.shape, (5, 5))
    heights[np.hypot(x - at_um[0], y - at_um[1]) > 140] = np.nan
    assert np.abs(centroid(isotropic(surface(heights), pixel_um=pixel_um)) - at_um).max() < 0.1 * pixel_um


def test_truth_the_coarser_spacing_is_the_default_and_nothing_happens_to_square_pixels():
    given_surface = surface(np.zeros((40, 60)), (2.0, 3.0))
    assert isotropic(given_surface).shape == (40, 40)
    assert isotropic(given_surface).pixel_um == pytest.approx(3)
    square = surface(np.zeros((4, 6)))
    assert isotropic(square) is square
    assert isotropic(square, pixel_um=5) is square


@pytest.mark.parametrize("pixel_um", [10.0, 14.0, 30.0])
def test_truth_waves_too_short_for_the_new_grid_do_not_fold_back(pixel_um):
    x, _ = coordinates((100, 400), (5, 5))
    wave = surface(UM * np.sin(2 * np.pi * x / 11))
    assert np.abs(isotropic(wave, pixel_um=pixel_um).heights[:, 5:-5]).max() < 0.12 * UM
    assert np.abs(wave.heights[::2, :: int(pixel_um / 5)]).max() > 0.9 * UM


@pytest.mark.parametrize("pixel_um", [2.0, 3.5, 9.0, 12.5])
def test_truth_a_slope_is_kept_inside(pixel_um):
    x, y = coordinates((80, 90), (5, 5))
    found = isotropic(surface((0.02 * x - 0.05 * y) * UM), pixel_um=pixel_um)
    x, y = coordinates(found.shape, (pixel_um, pixel_um))
    inner = (np.abs(x) < 180) & (np.abs(y) < 150)
    assert np.abs(found.heights - (0.02 * x - 0.05 * y) * UM)[inner].max() < 0.05 * 0.02 * pixel_um * UM


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=25, deadline=None)
@given(
    pixel_um=st.floats(1.5, 40),
    level_um=st.floats(-100, 100),
    share=st.sampled_from([0.0, 0.1, 0.5]),
    seed=st.integers(0, 50),
)
def test_property_missing_points_never_bleed_into_heights(dtype, pixel_um, level_um, share, seed):
    heights = holed(np.full((60, 80), level_um * UM), seed, share)
    given_surface = surface(heights, (5, 4), dtype)
    for found in (isotropic(given_surface, pixel_um=pixel_um), rotate(isotropic(given_surface), 3 * pixel_um)):
        assert found.heights.dtype == dtype
        kept = found.heights[found.valid]
        level = np.float64(dtype(level_um * UM))
        assert np.abs(kept - level).max(initial=0) <= 4 * np.finfo(dtype).eps * abs(level)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), pixel_um=st.floats(2, 30), angle_deg=st.floats(-180, 180))
def test_property_values_under_missing_points_do_not_matter(seed, pixel_um, angle_deg):
    heights = holed(np.random.default_rng(seed).normal(0, UM, (60, 80)), seed)
    found = isotropic(surface(heights), pixel_um=pixel_um)
    turned = rotate(surface(heights), angle_deg)
    reach = np.nanmax(np.abs(heights - np.nanmean(heights)))
    assert np.nanmax(np.abs(found.heights - np.nanmean(heights))) < 2.2 * reach
    assert np.nanmax(np.abs(turned.heights - np.nanmean(heights))) < (1 + 1e-5) * reach


@pytest.mark.parametrize("pixel_um", [2.5, 10.0])
def test_truth_holes_stay_where_and_as_large_as_they_were(pixel_um):
    x, y = coordinates((200, 200), (5, 5))
    hole = np.hypot(x - 60, y + 80) < 150
    found = isotropic(surface(np.where(hole, np.nan, 0.0)), pixel_um=pixel_um)
    x, y = coordinates(found.shape, (pixel_um, pixel_um))
    from_edge = np.hypot(x - 60, y + 80) - 150
    assert not found.valid[from_edge < -pixel_um].any()
    assert found.valid[from_edge > pixel_um].all()
    assert (~found.valid).sum() * pixel_um**2 == pytest.approx(np.pi * 150**2, rel=0.03)


@pytest.mark.parametrize("pixel_um", [3.0, 20.0])
def test_property_full_coverage_stays_full(pixel_um):
    assert isotropic(surface(np.zeros((50, 61))), pixel_um=pixel_um).coverage == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_truth_whole_turns_are_the_identity(dtype):
    given_surface = surface(holed(np.random.default_rng(0).normal(0, UM, (60, 80))), dtype=dtype)
    for angle_deg in (0, 360, -720):
        found = rotate(given_surface, angle_deg)
        assert np.array_equal(found.heights, given_surface.heights, equal_nan=True)


def test_truth_quarter_turns():
    heights = holed(np.random.default_rng(0).normal(0, UM, (61, 81)))
    given_surface = surface(heights)
    clockwise = rotate(given_surface, 90, expand=True).heights
    assert np.allclose(clockwise, np.rot90(heights, -1), rtol=0, atol=1e-6 * UM, equal_nan=True)
    half = rotate(given_surface, 180).heights
    assert np.allclose(half, heights[::-1, ::-1], rtol=0, atol=1e-6 * UM, equal_nan=True)


@pytest.mark.parametrize("angle_deg", [7.0, 45.0, 90.0, -120.0, 200.0])
@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("shape", [(121, 160), (120, 161)])
def test_truth_positive_angles_turn_x_towards_y(angle_deg, expand, shape):
    at_um = np.array([110.0, -37.0])
    found = rotate(surface(bump(shape, (5, 5), at_um)), angle_deg, expand=expand)
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    assert np.abs(centroid(found) - [[cos, -sin], [sin, cos]] @ at_um).max() < 0.05 * 5
    assert found.shape == shape or expand


def test_truth_expanding_keeps_every_point():
    heights = np.full((30, 50), 2 * UM)
    for angle_deg in (10, 45, 83, 90):
        found = rotate(surface(heights), angle_deg, expand=True)
        assert found.valid.sum() == pytest.approx(heights.size, rel=0.03)
    assert rotate(surface(heights), 90).valid.sum() == pytest.approx(30 * 30, rel=0.05)


@settings(max_examples=10, deadline=None)
@given(angle_deg=st.floats(-180, 180), seed=st.integers(0, 99))
def test_property_turning_there_and_back(angle_deg, seed):
    x, y = coordinates((90, 90), (5, 5))
    heights = UM * np.sin(x / 40 + seed) * np.cos(y / 50)
    back = rotate(rotate(surface(heights), angle_deg, expand=True), -angle_deg).heights
    middle = (np.array(back.shape) - 60) // 2
    ny, nx = back.shape
    if (ny - 90) % 2 == 0 and (nx - 90) % 2 == 0:
        found = back[middle[0] : middle[0] + 60, middle[1] : middle[1] + 60]
        assert np.abs(found - heights[15:75, 15:75]).max() < 0.02 * UM


@pytest.mark.parametrize("axis", ["x", "y"])
def test_property_flipping_twice_is_the_identity(axis):
    given_surface = surface(holed(np.random.default_rng(0).normal(0, UM, (60, 80))))
    once = flip(given_surface, axis)
    assert not np.array_equal(once.heights, given_surface.heights, equal_nan=True)
    assert np.array_equal(flip(once, axis).heights, given_surface.heights, equal_nan=True)
    both = flip(flip(given_surface, "x"), "y").heights
    assert np.allclose(both, rotate(given_surface, 180).heights, rtol=0, atol=1e-6 * UM, equal_nan=True)


def test_truth_flip_along_x_swaps_left_and_right():
    assert flip(surface([[1.0, 2.0], [3.0, 4.0]]), "x").heights.tolist() == [[2, 1], [4, 3]]
    assert flip(surface([[1.0, 2.0], [3.0, 4.0]]), "y").heights.tolist() == [[3, 4], [1, 2]]


def test_truth_crop_and_trim():
    heights = np.full((20, 30), np.nan)
    heights[5:11, 7:20] = np.random.default_rng(0).normal(0, UM, (6, 13))
    heights[7, 9] = np.nan
    cut, corner = trim(surface(heights, (2, 3)))
    assert corner == (7, 5)
    assert np.array_equal(cut.heights, heights[5:11, 7:20], equal_nan=True)
    assert cut.spacing == (2 * UM, 3 * UM)
    again, origin = trim(cut)
    assert origin == (0, 0)
    assert again.shape == cut.shape
    assert cut.provenance.steps == ("crop rows 5:11, columns 7:20",)


def test_truth_impossible_requests_are_refused():
    flat = surface(np.zeros((9, 12)))
    for rows, columns in (((3, 3), (0, 4)), ((-1, 4), (0, 4)), ((0, 4), (5, 13))):
        with pytest.raises(ParameterError, match=r"0 <= first < stop <= (9|12)"):
            crop(flat, rows, columns)
    for pixel_um in (0, -1, float("nan"), 2e4):
        with pytest.raises(ParameterError, match="are possible"):
            isotropic(flat, pixel_um=pixel_um)
    with pytest.raises(ParameterError, match="60 um long"):
        isotropic(flat, pixel_um=61)
    with pytest.raises(ParameterError, match="finite"):
        rotate(flat, float("nan"))
    with pytest.raises(ParameterError, match="'z'"):
        flip(flat, "z")
    with pytest.raises(SurfaceError, match="resample to square pixels"):
        rotate(surface(np.zeros((9, 9)), (2, 3)), 10)
    empty = surface(np.full((5, 5), np.nan))
    for act in (trim, lambda s: rotate(s, 5), lambda s: isotropic(s, pixel_um=10)):
        with pytest.raises(SurfaceError, match="No measured point"):
            act(empty)


def test_journey_two_scans_on_one_grid(data):
    folder = data / "breech_face"
    scans = [
        open_surface(folder / "fadul" / "Fadul_1-1.x3p"),
        open_surface(folder / "baldwin_cadre" / "K013sA1_raw.x3p"),
    ]
    for scan in scans:
        found = isotropic(trim(scan)[0], pixel_um=12.5)
        assert found.pixel_um == pytest.approx(12.5)
        area = [np.prod(s.spacing) * s.valid.sum() for s in (scan, found)]
        assert area[1] == pytest.approx(area[0], rel=0.03)
