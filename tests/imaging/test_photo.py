"""Photographs in memory: what they accept, how they turn with their light, how they shrink."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError
from imaging.photo import Light, Photo, Pixels

RNG = np.random.default_rng(7)
GREY = RNG.integers(0, 256, (12, 17), dtype=np.uint8)
COLOUR = RNG.integers(0, 2**16, (12, 17, 3), dtype=np.uint16)
LAMP = Light(kind="side", azimuth_deg=30)


def test_grey_is_the_stated_sum_of_the_colours() -> None:
    red, green, blue = np.moveaxis(COLOUR.astype(np.float64), 2, 0)
    photo = Photo(pixels=COLOUR)
    np.testing.assert_allclose(photo.grey, (0.299 * red + 0.587 * green + 0.114 * blue) / 65535, atol=1e-6)
    assert photo.grey.dtype == np.float32
    assert photo.is_colour


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_black_is_0_and_white_is_1(dtype: type) -> None:
    top = np.iinfo(dtype).max
    np.testing.assert_array_equal(Photo(pixels=np.array([[0, top]], dtype)).grey, [[0, 1]])
    np.testing.assert_allclose(Photo(pixels=np.full((1, 1, 3), top, dtype)).grey, 1, atol=1e-6)


def test_a_grey_picture_saved_in_colour_has_the_same_grey() -> None:
    repeated = Photo(pixels=np.repeat(GREY[:, :, None], 3, axis=2))
    np.testing.assert_allclose(repeated.grey, Photo(pixels=GREY).grey, atol=1e-6)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((2, 2)), np.zeros((2, 2), np.int16), np.zeros((0, 2), np.uint8), np.zeros((2, 2, 4), np.uint8)],
)
def test_what_is_no_picture_is_refused(pixels: Pixels) -> None:
    with pytest.raises(ParameterError, match="a photograph is uint8 or uint16"):
        Photo(pixels=pixels)


@pytest.mark.parametrize("pixel_um", [0.0, -1.0, float("nan"), 1e5])
def test_an_impossible_scale_is_refused(pixel_um: float) -> None:
    with pytest.raises(ParameterError, match="um found"):
        Photo(pixels=GREY, pixel_um=pixel_um)


@pytest.mark.parametrize(("kind", "azimuth"), [("ring", 3.0), ("lamp", None), ("side", float("inf"))])
def test_an_impossible_light_is_refused(kind: str, azimuth: float | None) -> None:
    with pytest.raises(ParameterError):
        Light(kind=kind, azimuth_deg=azimuth)  # type: ignore[arg-type]


def test_pixels_are_read_only_and_the_array_given_is_not() -> None:
    mine = GREY.copy()
    photo = Photo(pixels=mine)
    with pytest.raises(ValueError, match="read-only"):
        photo.pixels[0, 0] = 1
    mine[0, 0] = 1


@settings(max_examples=25, deadline=None)
@given(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from("xy"))
def test_turns_add_up_and_mirrors_undo_themselves(first: int, second: int, axis: str) -> None:
    photo = Photo(pixels=COLOUR, light=LAMP)
    once, twice = photo.turn(first + second), photo.turn(first).turn(second)
    np.testing.assert_array_equal(once.pixels, twice.pixels)
    assert once.light == twice.light
    again = photo.flip(axis).flip(axis)  # type: ignore[arg-type]
    np.testing.assert_array_equal(again.pixels, COLOUR)
    assert again.light == LAMP


@pytest.mark.parametrize("change", [lambda p: p.turn(1), lambda p: p.flip("x"), lambda p: p.flip("y")])
def test_the_light_moves_with_the_picture(change) -> None:  # type: ignore[no-untyped-def]
    """A bright spot towards the lamp stays towards the lamp."""
    spot = np.zeros((201, 201), np.uint8)
    angle = np.radians(30)
    spot[round(100 - 80 * np.cos(angle)), round(100 + 80 * np.sin(angle))] = 255
    changed = change(Photo(pixels=spot, light=LAMP))
    y, x = np.argwhere(changed.pixels)[0]
    seen = np.degrees(np.arctan2(x - 100, 100 - y)) % 360
    assert seen == pytest.approx(changed.light.azimuth_deg, abs=1)


def test_two_mirrors_are_half_a_turn() -> None:
    photo = Photo(pixels=GREY, light=LAMP)
    assert photo.flip("x").flip("y").digest() == photo.turn(2).digest()
    assert photo.flip("x").flip("y").light == photo.turn(2).light


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_reducing_by_a_whole_number_takes_means(pixels: Pixels) -> None:
    small = Photo(pixels=pixels[:, :16], pixel_um=2.5).reduce(4)
    means = pixels[:, :16].reshape(3, 4, 4, 4, -1).mean(axis=(1, 3)).squeeze()
    np.testing.assert_allclose(small.pixels, means, atol=0.51)
    assert small.pixel_um == 10


@settings(max_examples=20, deadline=None)
@given(st.floats(1.05, 9.0))
def test_a_feature_stays_where_it_was_when_reduced(factor: float) -> None:
    y, x = np.mgrid[:180, :240]
    blob = 250 * np.exp(-((x - 150.3) ** 2 + (y - 71.8) ** 2) / (2 * 15.0**2))
    small = Photo(pixels=blob.astype(np.uint16) * 256, pixel_um=1.0).reduce(factor)
    weights = small.grey.astype(np.float64)
    rows, columns = np.indices(small.shape)
    found_x, found_y = (float((axis * weights).sum() / weights.sum()) for axis in (columns, rows))
    assert ((found_x + 0.5) * factor - 0.5, (found_y + 0.5) * factor - 0.5) == pytest.approx(
        (150.3, 71.8), abs=0.1
    )
    assert small.pixel_um == pytest.approx(factor)
    assert small.shape == (round(180 / factor), round(240 / factor))


@pytest.mark.parametrize("factor", [0.5, 13, float("nan")])
def test_a_factor_out_of_range_is_refused(factor: float) -> None:
    with pytest.raises(ParameterError, match="is possible here"):
        Photo(pixels=GREY).reduce(factor)


def test_crops_keep_scale_and_history() -> None:
    photo = Photo(pixels=GREY, pixel_um=2.0, light=LAMP).crop((2, 7), (1, 11)).scaled(2.5, step="ruler")
    np.testing.assert_array_equal(photo.pixels, GREY[2:7, 1:11])
    assert photo.size_um == (25.0, 12.5)
    assert photo.provenance.steps == ("crop rows 2:7, columns 1:11", "scale 2.5 um a pixel, ruler")
    for rows, columns in (((0, 13), (0, 1)), ((3, 3), (0, 1)), ((0, 1), (-1, 4))):
        with pytest.raises(ParameterError, match="a crop needs"):
            photo.crop(rows, columns)


def test_the_digest_depends_on_pixels_and_scale_only() -> None:
    photo = Photo(pixels=GREY)
    assert photo.digest() == Photo(pixels=GREY.copy(), light=LAMP).digest()
    assert photo.digest() == photo.turn(1).turn(-1).digest()
    others = [photo.scaled(2.0), photo.flip("x"), Photo(pixels=GREY.astype(np.uint16))]
    assert len({photo.digest(), *(other.digest() for other in others)}) == 4
