from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging import render
from imaging.errors import ParameterError
from imaging.surface import Surface


def surface(heights, spacing=(1e-6, 1e-6)):
    return Surface(heights=np.asarray(heights, dtype=np.float64), spacing=spacing)


def rough(seed=0, shape=(40, 50)):
    return np.random.default_rng(seed).normal(0, 1e-6, shape)


def plane(slope_x, slope_y, shape=(9, 11), spacing=(2e-6, 1e-6)):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return surface(slope_x * columns * spacing[0] + slope_y * rows * spacing[1], spacing)


def ambient_to_full(share):
    return round(255 * (0.12 + 0.88 * share))


@pytest.mark.parametrize(
    ("slope_x", "slope_y", "azimuth", "lit"),
    [
        (0, 0, 45, np.sin(np.pi / 4)),
        (-1, 0, 90, 1.0),
        (1, 0, 90, 0.0),
        (0, 1, 0, 1.0),
        (0, -1, 0, 0.0),
        (0, -1, 180, 1.0),
        (-1, 0, 0, 0.5),
    ],
)
def test_planes_are_lit_by_the_cosine_law(slope_x, slope_y, azimuth, lit):
    picture = render.shaded(plane(slope_x, slope_y), azimuth_deg=azimuth, elevation_deg=45, exaggeration=1)
    assert np.abs(picture.astype(int) - ambient_to_full(lit)).max() <= 1


def test_exaggeration_multiplies_the_heights():
    low, high = plane(0.1, -0.2), plane(0.3, -0.6)
    np.testing.assert_array_equal(render.shaded(low, exaggeration=3.0), render.shaded(high, exaggeration=1.0))


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3))
def test_automatic_exaggeration_shows_smooth_and_rough_alike(power):
    heights = rough()
    first = render.shaded(surface(heights)).astype(int)
    second = render.shaded(surface(heights * 10**power)).astype(int)
    assert np.abs(first - second).max() <= 1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_surface_and_the_lamp_turns_the_picture(turns):
    heights = rough()
    heights[10:15, 20:30] = np.nan
    picture = render.shaded(surface(heights), azimuth_deg=30)
    turned = render.shaded(surface(np.rot90(heights, -turns)), azimuth_deg=30 + 90 * turns)
    assert np.abs(np.rot90(picture, -turns).astype(int) - turned).max() <= 1


def test_a_hole_in_a_plane_leaves_the_slopes_beside_it():
    heights = plane(0.5, 0.3, shape=(20, 20), spacing=(1e-6, 1e-6)).heights.copy()
    heights[5:9, 5:12] = np.nan
    heights[15, 3] = np.nan
    holed = surface(heights)
    picture = render.shaded(holed, exaggeration=1)
    assert np.ptp(picture[holed.valid]) <= 1
    assert (picture[~holed.valid] == 128).all()


def test_missing_points_are_transparent_on_request():
    heights = rough()
    heights[3, 4] = np.nan
    for draw in (render.shaded, render.coloured):
        picture = draw(surface(heights), missing="transparent")
        assert picture.shape == (40, 50, 4)
        assert picture[3, 4, 3] == 0
        assert (np.delete(picture[..., 3].ravel(), 3 * 50 + 4) == 255).all()
        grey = draw(surface(heights))
        assert set(grey[3, 4].ravel().tolist()) == {128}


@pytest.mark.parametrize("heights", [np.full((3, 4), np.nan), np.zeros((3, 4)), np.ones((1, 1))])
def test_surfaces_without_structure_are_drawn(heights):
    for draw in (render.shaded, render.coloured):
        assert np.unique(draw(surface(heights)).reshape(heights.size, -1), axis=0).shape[0] == 1


@pytest.mark.parametrize("colours", ["viridis", "cividis"])
def test_higher_is_brighter(colours):
    picture = render.coloured(surface(np.arange(256.0)[None, :]), percentiles=(0, 100), colours=colours)
    lightness = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)[0, :, 0].astype(int)
    assert (np.diff(lightness) >= 0).all()
    assert np.ptp(lightness) > 150


def test_spikes_leave_the_colours_of_the_rest():
    heights = np.random.default_rng(0).random((100, 100))
    spiked = heights.copy()
    spiked[::20, ::20] = 1e3
    change = render.coloured(surface(heights)).astype(int) - render.coloured(surface(spiked))
    change[::20, ::20] = 0
    assert np.abs(change).max() < 12


def test_split_view_takes_each_side_from_its_picture():
    left = np.random.default_rng(0).integers(0, 255, (30, 40), np.uint8)
    right = np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)
    view = render.split_view(left, right, position=0.3, line=(255, 0, 0))
    np.testing.assert_array_equal(view[:, :11, 0], left[:, :11])
    np.testing.assert_array_equal(view[:, 13:], right[:, 13:])
    assert (view[:, 11:13] == (255, 0, 0)).all()
    np.testing.assert_array_equal(render.split_view(left, right, position=0), right)


def test_outline_draws_between_the_given_corners_to_a_fraction_of_a_pixel():
    blank = np.zeros((40, 40), np.uint8)
    box = np.array([[10.0, 8.0], [30.0, 8.0], [30.0, 20.0], [10.0, 20.0]])
    drawn = render.outline(blank, [box, box + 10.25], [(255, 0, 0), (0, 255, 0)])
    red = drawn[..., 0].astype(float)
    assert red[8:21, 25].argmax() == 0
    assert red[14, 10] > 200
    assert red[14, 30] > 200
    assert red[14, 15] == 0
    green = drawn[27, 15:27, 1].astype(float)
    assert np.average(np.arange(15, 27), weights=green) == pytest.approx(20.25, abs=0.15)
    assert not blank.any()
    assert not render.outline(blank, [], []).any()


def test_overlay_touches_the_mask_only():
    picture = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    mask = np.zeros((20, 30), bool)
    mask[4:9, 3:20] = True
    laid = render.overlay(picture, mask, (10, 200, 30), 0.5)
    np.testing.assert_array_equal(laid[~mask], picture[~mask])
    halfway = (picture[mask].astype(float) + np.array([10, 200, 30])) / 2
    assert np.abs(laid[mask] - halfway).max() <= 0.5


@pytest.mark.parametrize(("pixel_um", "length"), [(6.25, 500 / 6.25), (7.37, 1000 / 7.37), (0.5, 50 / 0.5)])
def test_scale_bar_has_its_length(pixel_um, length):
    blank = np.full((300, 560), 90, np.uint8)
    barred = render.scale_bar(blank, pixel_um)
    white = (barred == 255).all(axis=2)
    assert white.sum(axis=1).max() == pytest.approx(length + 1, abs=1)
    assert (barred[:, 300:] == 90).all()


@pytest.mark.parametrize("layers", [(), (3,), (4,)])
def test_png_gives_the_picture_back(layers):
    picture = np.random.default_rng(0).integers(0, 256, (17, 23, *layers)).astype(np.uint8)
    back = cv2.imdecode(np.frombuffer(render.encode_png(picture), np.uint8), cv2.IMREAD_UNCHANGED)
    if layers:
        back = back[..., [2, 1, 0, 3][: layers[0]]]
    np.testing.assert_array_equal(back, picture)


def test_fit_reduces_and_never_enlarges():
    picture = np.full((60, 90, 3), 77, np.uint8)
    assert render.fit(picture, 100) is picture
    reduced = render.fit(picture, 30)
    assert reduced.shape == (20, 30, 3)
    assert (reduced == 77).all()


PICTURE = np.zeros((4, 5), np.uint8)
WRONG = [
    (lambda: render.shaded(surface(rough()), elevation_deg=0), "elevation"),
    (lambda: render.shaded(surface(rough()), exaggeration=-1), "exaggeration"),
    (lambda: render.coloured(surface(rough()), percentiles=(60, 40)), "Percentiles"),
    (lambda: render.split_view(PICTURE, np.zeros((5, 4), np.uint8)), "align"),
    (lambda: render.split_view(PICTURE, PICTURE, position=1.5), "position"),
    (lambda: render.overlay(PICTURE, np.ones((2, 2), bool), (0, 0, 0)), "mask"),
    (lambda: render.overlay(PICTURE, PICTURE > 0, (0, 0, 0), 2.0), "opacity"),
    (lambda: render.outline(PICTURE, [[(0, 0), (1, 1)]], []), "colours"),
    (lambda: render.outline(PICTURE, [[(0, np.nan), (1, 1)]], (1, 2, 3)), "polygon"),
    (lambda: render.scale_bar(PICTURE, 0.0), "pixel"),
    (lambda: render.fit(PICTURE, 0), "width"),
    (lambda: render.encode_png(np.zeros((4, 5))), "float64"),
    (lambda: render.encode_png(np.zeros((0, 5), np.uint8)), "empty"),
]


@pytest.mark.parametrize(("call", "named"), WRONG)
def test_wrong_options_are_refused_by_name(call, named):
    with pytest.raises(ParameterError, match=named):
        call()
