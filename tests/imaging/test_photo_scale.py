"""Scale from bars and rulers with a planted truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.errors import ParameterError
from imaging.photo import Photo
from imaging.photo_files import open_photo
from imaging.photo_scale import NoScale, Scale, find_scale_bar, ruler_spacing, scale_from_bar

RNG = np.random.default_rng(5)


def metal(ny: int = 600, nx: int = 800, seed: int = 1) -> np.ndarray:
    grains = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(ny, nx)), (0, 0), 2)
    return np.clip(110 + 120 * grains, 5, 200).astype(np.uint8)


def ruler(spacing: float, *, angle_deg: float = 0.0, noise: float = 12.0, drift: float = 0.0) -> Photo:
    """Dark ticks on bright, across the whole picture; every fifth reaches twice as far down."""
    ny, nx, fine = 300, 1200, 3
    rows, columns = np.mgrid[: ny * fine, : nx * fine].astype(np.float32) / fine
    angle = np.radians(angle_deg)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    down = rows * np.cos(angle) - columns * np.sin(angle)
    phase = (along + drift * along**2 / nx) / spacing
    reach = np.where(np.floor(phase) % 5 == 0, 280, 180)
    sharp = np.where((phase % 1 < 0.2) & (down < reach), 50.0, 200.0)
    pixels = sharp.reshape(ny, fine, nx, fine).mean(axis=(1, 3)) * np.linspace(0.7, 1.2, nx)
    return Photo(pixels=np.clip(pixels + RNG.normal(0, noise, (ny, nx)), 0, 255).astype(np.uint8))


def test_two_clicks_and_a_length_give_the_scale() -> None:
    scale = scale_from_bar(((10, 20), (310, 420)), 1250)
    assert scale.pixel_um == 2.5
    assert scale.uncertainty_um == pytest.approx(2.5 * 2**0.5 / 500)


@pytest.mark.parametrize(
    ("ends", "length"),
    [([(0, 0)], 10), ([(0, 0), (1, 0)], 10), ([(0, 0), (np.nan, 9)], 10), ([(0, 0), (9, 0)], 0)],
)
def test_impossible_bars_are_refused(ends: list[tuple[float, float]], length: float) -> None:
    with pytest.raises(ParameterError):
        scale_from_bar(ends, length)


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("thick", [2, 5, 12])
@pytest.mark.parametrize("upright", [False, True])
def test_a_drawn_bar_is_found_with_its_ends(level: int, thick: int, upright: bool) -> None:
    pixels = metal()
    pixels[560 : 560 + thick, 600:743] = level
    bar = find_scale_bar(Photo(pixels=pixels.T.copy() if upright else pixels))
    assert bar
    ends = [point[::-1] if upright else point for point in bar.ends]
    np.testing.assert_allclose(ends, [(599.5, 560 + (thick - 1) / 2), (742.5, 560 + (thick - 1) / 2)], atol=0.5)
    assert bar.length_px == pytest.approx(143, rel=0.005)
    assert bar.thickness_px == thick


@pytest.mark.parametrize("factor", [1.0, 1.7, 2.0, 3.3])
def test_a_bar_in_a_reduced_jpeg_keeps_its_length(factor: float, tmp_path: Path) -> None:
    pixels = metal(1200, 1600)
    pixels[1100:1118, 1000:1437] = 255
    path = tmp_path / "bar.jpg"
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    bar = find_scale_bar(open_photo(path).reduce(factor))
    assert bar
    assert bar.length_px * factor == pytest.approx(437, rel=0.005)


def test_a_bar_in_a_box_with_a_label_is_found_instead_of_the_box() -> None:
    pixels = metal(900, 1200)
    pixels[800:880, 850:1150] = 0
    pixels[860:868, 880:1120] = 255
    cv2.putText(pixels, "500 um", (900, 845), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3)  # type: ignore[call-overload]
    bar = find_scale_bar(Photo(pixels=pixels))
    assert bar
    assert bar.length_px == pytest.approx(240, rel=0.005)


def test_a_bar_with_ticks_is_measured_to_the_outside() -> None:
    pixels = metal()
    pixels[540:544, 300:500] = 255
    pixels[530:554, 300:303] = pixels[530:554, 497:500] = 255
    bar = find_scale_bar(Photo(pixels=pixels))
    assert bar
    assert bar.length_px == pytest.approx(200, rel=0.005)


def test_a_coloured_photograph_with_a_white_bar() -> None:
    pixels = np.dstack([metal(seed=1), metal(seed=2), metal(seed=3)])
    pixels[560:565, 600:743] = 255
    bar = find_scale_bar(Photo(pixels=pixels))
    assert bar
    assert bar.length_px == pytest.approx(143, rel=0.005)


def test_without_a_bar_there_is_a_reason(data: Path) -> None:
    frame = metal()
    frame[580:] = 0
    blob = metal()
    blob[200:300, 200:400] = 255
    pictures = [metal(), frame, blob, np.full((50, 60), 99, np.uint8)]
    photos = [Photo(pixels=pixels) for pixels in pictures]
    photos += [open_photo(path) for path in (data / "images_2d").glob("*.png")]
    for photo in photos:
        bar = find_scale_bar(photo)
        assert not bar
        assert isinstance(bar, NoScale)
        assert bar.reason


@pytest.mark.parametrize("spacing", [5.3, 11.78, 39.37, 80.6])
@pytest.mark.parametrize("angle_deg", [0.0, 7.0])
def test_a_drawn_ruler_gives_its_spacing(spacing: float, angle_deg: float) -> None:
    photo = ruler(spacing, angle_deg=angle_deg)
    step = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    start = np.array([30.0, 40.0])
    scale = ruler_spacing(photo, along=[start, start + 1100 * step], tick_um=500)
    assert isinstance(scale, Scale)
    assert scale.pixel_um == pytest.approx(500 / spacing, rel=0.005)
    assert abs(scale.pixel_um - 500 / spacing) < 4 * scale.uncertainty_um + 1e-5 * scale.pixel_um


def test_the_direction_of_the_line_does_not_matter() -> None:
    photo = ruler(21.3)
    scales = [
        ruler_spacing(photo, along=line, tick_um=1000) for line in ([(9, 50), (900, 50)], [(900, 50), (9, 50)])
    ]
    assert scales[0]
    assert scales[1]
    assert scales[0].pixel_um == pytest.approx(scales[1].pixel_um, rel=1e-3)  # type: ignore[union-attr]


def test_long_ticks_alone_are_measured_as_such() -> None:
    scale = ruler_spacing(ruler(15.0), along=[(20, 240), (1150, 240)], tick_um=5000)
    assert isinstance(scale, Scale)
    assert scale.pixel_um == pytest.approx(5000 / 75, rel=0.005)


def test_the_uncertainty_is_fair() -> None:
    errors = []
    for _ in range(12):
        spacing = RNG.uniform(8, 60)
        scale = ruler_spacing(ruler(spacing, noise=25), along=[(20, 60), (1150, 60)], tick_um=1000)
        assert isinstance(scale, Scale)
        errors.append((scale.pixel_um - 1000 / spacing) / scale.uncertainty_um)
    assert 0.2 < np.median(np.abs(errors)) < 1.5
    assert np.mean(np.abs(errors) < 3) >= 0.9


def test_a_tilted_ruler_has_a_larger_uncertainty() -> None:
    line = [(20, 60), (1150, 60)]
    level, tilted = (ruler_spacing(ruler(20, drift=drift), along=line, tick_um=1000) for drift in (0.0, 0.02))
    assert isinstance(level, Scale)
    assert isinstance(tilted, Scale)
    assert tilted.uncertainty_um > 5 * level.uncertainty_um


def test_a_line_without_ticks_has_no_scale(data: Path) -> None:
    blank = Photo(pixels=np.full((90, 900), 80, np.uint8))
    assert "Nothing varies" in ruler_spacing(blank, along=[(0, 9), (800, 9)], tick_um=1).reason  # type: ignore[union-attr]
    photo = open_photo(data / "images_2d" / "NBIDE_R_BF_118.png")
    found = 0
    for _ in range(100):
        start, end = RNG.uniform(0, (2591, 1943), (2, 2))
        found += bool(ruler_spacing(photo, along=[start, end], tick_um=500))
    assert found <= 1
    few = ruler_spacing(ruler(80), along=[(20, 60), (300, 60)], tick_um=1000)
    assert not few


@pytest.mark.parametrize("line", [[(0, 0)], [(0, 0), (5000, 0)], [(3, 3), (3, 3)], [(-1, 0), (9, 9)]])
def test_impossible_lines_are_refused(line: list[tuple[float, float]]) -> None:
    with pytest.raises(ParameterError, match="A line"):
        ruler_spacing(Photo(pixels=metal()), along=line, tick_um=1000)
    with pytest.raises(ParameterError, match="Ticks of"):
        ruler_spacing(Photo(pixels=metal()), along=[(0, 0), (99, 0)], tick_um=0)
