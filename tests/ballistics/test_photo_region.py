"""The mark in a photograph: drawn case heads with known circles, lit synthetic ones, the two NBIDE photographs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.errors import MarkError, OptionError
from ballistics.photographs.region import PhotoRegion, PixelCircle, find_region
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.photo_files import open_photo
from imaging.surface import Provenance
from imaging.synthetic import cartridge_case


@dataclass(frozen=True, kw_only=True)
class Head:
    """A drawn case head: grey levels from 0 to 1, lengths as shares of the height of the picture."""

    shape: tuple[int, int] = (480, 640)
    at: tuple[float, float] = (0.03, -0.02)
    radius: float = 0.32
    groove: float = 0.08
    pin_at: tuple[float, float] = (0.04, 0.03)
    pin_radius: float = 0.14
    levels: tuple[float, float, float, float] = (0.45, 0.08, 0.5, 0.15)

    def circle(self, name: str) -> tuple[float, float, float]:
        ny, nx = self.shape
        x, y = nx / 2 + ny * self.at[0], ny / 2 + ny * self.at[1]
        if name == "primer":
            return x, y, ny * self.radius
        return x + ny * self.pin_at[0], y + ny * self.pin_at[1], ny * self.pin_radius

    def draw(self, rng: np.random.Generator, *, texture: float = 0.25, noise: float = 0.02) -> Photo:
        """Head, groove, primer and firing pin, with grains and the camera's noise."""
        around, groove, face, pin = self.levels
        (x, y, radius), hole = self.circle("primer"), self.circle("firing pin")
        level = np.full(self.shape, around, np.float32)
        for shade, circle in ((groove, (x, y, radius + self.groove * self.shape[0])), (face, (x, y, radius))):
            level += (shade - level) * inside(self.shape, circle)
        level += (pin - level) * inside(self.shape, hole)
        grains = cv2.GaussianBlur(
            rng.standard_normal(self.shape, dtype=np.float32), (0, 0), max(1.5, self.shape[0] / 190)
        )
        level *= 1.0 + texture * grains / grains.std()
        level += noise * rng.standard_normal(self.shape, dtype=np.float32)
        return Photo(pixels=(255 * np.clip(level, 0.005, 0.995)).astype(np.uint8))


def inside(shape: tuple[int, int], circle: tuple[float, float, float]) -> NDArray[np.float64]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.clip(circle[2] - np.hypot(x - circle[0], y - circle[1]) + 0.5, 0.0, 1.0)


def assert_near(found: PixelCircle, expected: tuple[float, float, float], share: float) -> None:
    x, y, radius = expected
    assert found.radius == pytest.approx(radius, rel=share)
    assert np.hypot(found.x - x, found.y - y) < share * radius


HEADS = {
    "dark groove and pin": Head(),
    "small picture": Head(shape=(240, 320)),
    "large picture": Head(shape=(1300, 1733)),
    "tall picture": Head(shape=(700, 640), radius=0.26, pin_radius=0.11),
    "off-centre pin": Head(pin_at=(-0.1, 0.06)),
    "bright pin": Head(levels=(0.45, 0.08, 0.45, 0.9)),
    "bright groove": Head(levels=(0.4, 0.9, 0.5, 0.15)),
    "wide bright groove": Head(levels=(0.4, 0.9, 0.5, 0.12), radius=0.3, groove=0.09),
    "narrow dark groove": Head(groove=0.03),
    "small primer": Head(radius=0.22, pin_radius=0.14, pin_at=(0.01, 0.01)),
    "large primer": Head(radius=0.42, groove=0.05, at=(0.0, 0.0)),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drawn_circles_are_found(name: str, seed: int) -> None:
    head = HEADS[name]
    found = find_region(head.draw(np.random.default_rng(seed)))
    assert found.how == "found"
    assert not found.notes
    assert_near(found.circles["primer"], head.circle("primer"), 0.04)
    assert_near(found.circles["firing pin"], head.circle("firing pin"), 0.09)
    assert 0.65 <= found.circles["primer"].support <= 1.0


@pytest.mark.parametrize(("texture", "noise"), [(0.0, 0.02), (0.1, 0.1), (0.4, 0.02)])
def test_texture_and_noise_do_not_move_the_primer(texture: float, noise: float) -> None:
    head = Head()
    found = find_region(head.draw(np.random.default_rng(4), texture=texture, noise=noise))
    assert_near(found.circles["primer"], head.circle("primer"), 0.03)


@pytest.mark.parametrize("mark", ["breech face", "firing pin", "headstamp"])
def test_each_mark_has_its_own_area(mark: str) -> None:
    head = Head()
    found = find_region(head.draw(np.random.default_rng(5)), mark)
    primer, pin = (inside(head.shape, head.circle(name)) > 0.5 for name in ("primer", "firing pin"))
    x, y, radius = head.circle("primer")
    around = inside(head.shape, (x, y, 1.5 * radius)) < 0.5
    expected = {"breech face": primer & ~pin, "firing pin": pin, "headstamp": around}[mark]
    common = (found.mask & expected).sum() / (found.mask | expected).sum()
    assert common > (0.6 if mark == "breech face" else 0.8)
    if mark == "breech face":
        assert not (found.mask & ~expected).any()


def test_a_bullet_is_the_whole_picture() -> None:
    found = find_region(Head().draw(np.random.default_rng(5)), "bullet")
    assert (found.how, found.notes, found.circles) == ("whole picture", (), {})
    assert found.mask.all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colours", [1, 3])
def test_depth_and_colour_change_nothing(dtype: type, colours: int) -> None:
    usual = Head().draw(np.random.default_rng(6))
    pixels: Any = usual.pixels.astype(dtype) * (np.iinfo(dtype).max // 255)
    other = find_region(Photo(pixels=pixels if colours == 1 else np.repeat(pixels[..., None], 3, axis=2)))
    assert (find_region(usual).mask != other.mask).mean() < 0.001


def test_saturated_spots_are_left_out_and_do_not_hide_the_circles() -> None:
    head = Head()
    pixels = head.draw(np.random.default_rng(7)).pixels.copy()
    x, y, radius = head.circle("primer")
    cv2.circle(pixels, (round(x), round(y - 0.75 * radius)), round(0.2 * radius), 255, -1)
    cv2.circle(pixels, (60, 240), 60, 255, -1)
    pixels[180:300, 590:620] = 255
    found = find_region(Photo(pixels=pixels))
    assert found.how == "found"
    assert_near(found.circles["primer"], head.circle("primer"), 0.03)
    assert not found.mask[round(y - 0.75 * radius), round(x)]


def test_a_mark_on_a_ground_of_one_level_is_taken_as_it_was_cut_out() -> None:
    rng = np.random.default_rng(8)
    mark = (inside((400, 500), (250.0, 190.0, 160.0)) > 0.5) & (inside((400, 500), (270.0, 200.0, 60.0)) < 0.5)
    grains = rng.integers(60, 200, mark.shape, dtype=np.uint8)
    for ground in (0, 255, 128):
        found = find_region(Photo(pixels=np.where(mark, grains, np.uint8(ground))))
        assert (found.how, found.circles, found.notes) == ("cut out", {}, ())
        assert (found.mask & ~mark).sum() < 0.005 * mark.sum()
        assert (found.mask & mark).sum() > 0.85 * mark.sum()


@pytest.mark.parametrize("quality", [80, 90, 95])
def test_ringing_round_a_mark_that_was_cut_out_belongs_to_the_ground(quality: int) -> None:
    mark = inside((400, 500), (250.0, 190.0, 160.0)) > 0.5
    grains = cv2.GaussianBlur(np.random.default_rng(8).normal(size=mark.shape).astype(np.float32), (0, 0), 2.0)
    pixels = np.where(mark, np.clip(128 + 300 * grains, 30, 255), 0).astype(np.uint8)
    coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    found = find_region(Photo(pixels=decoded, provenance=Provenance(format="JPEG")))
    assert found.how == "cut out"
    assert (found.mask & ~mark).sum() < 0.01 * mark.sum()
    assert (found.mask & mark).sum() > 0.85 * mark.sum()


def test_ground_inside_a_mask_is_left_out_with_a_note() -> None:
    mark = inside((300, 300), (150.0, 150.0, 100.0)) > 0.5
    grains = np.random.default_rng(8).integers(60, 200, mark.shape, dtype=np.uint8)
    found = find_region(Photo(pixels=np.where(mark, grains, np.uint8(0))), mask=np.ones(mark.shape, np.bool_))
    assert found.how == "given"
    assert (found.mask & ~mark).sum() < 0.01 * mark.sum()
    assert "one grey value" in found.notes[0]


@pytest.mark.parametrize("grain", [1.0, 4.0, 12.0])
@pytest.mark.parametrize("shape", [(300, 300), (480, 640), (900, 500)])
def test_texture_without_a_circle_is_taken_whole_with_a_note(grain: float, shape: tuple[int, int]) -> None:
    grains = cv2.GaussianBlur(np.random.default_rng(9).standard_normal(shape, dtype=np.float32), (0, 0), grain)
    pixels = np.clip(128 + 50 * grains / grains.std(), 1, 254).astype(np.uint8)
    for mark, wanted in (("breech face", "primer"), ("firing pin", "firing pin")):
        found = find_region(Photo(pixels=pixels), mark)
        assert found.how == "whole picture"
        assert found.mask.mean() > 0.97
        assert f"no circle of the {wanted} found" in found.notes[0]


def test_a_given_mask_is_taken_as_it_is() -> None:
    photo = Head().draw(np.random.default_rng(10))
    mask = np.zeros(photo.shape, np.bool_)
    mask[100:200, 50:300] = True
    found = find_region(photo, mask=mask)
    assert (found.how, found.circles, found.notes) == ("given", {}, ())
    np.testing.assert_array_equal(found.mask, mask)


def test_masks_that_do_not_fit_are_refused() -> None:
    photo = Head().draw(np.random.default_rng(10))
    for shape in (photo.shape[::-1], (*photo.shape, 3)):
        with pytest.raises(OptionError, match=r"A mask of shape .* found for a photograph of shape \(480, 640\)"):
            find_region(photo, mask=np.ones(shape, np.bool_))
    with pytest.raises(OptionError, match="keeps nothing"):
        find_region(photo, mask=np.zeros(photo.shape, np.bool_))
    with pytest.raises(OptionError, match="choose one of"):
        find_region(photo, "ejector")


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("shape", [(400, 500), (5, 7), (1, 1)])
def test_a_blank_picture_is_refused(level: int, shape: tuple[int, int]) -> None:
    for mark in ("breech face", "firing pin", "headstamp", "bullet"):
        with pytest.raises(MarkError, match="Is it blank"):
            find_region(Photo(pixels=np.full(shape, level, np.uint8)), mark)


@pytest.mark.parametrize("seed", range(4))
def test_the_primer_of_a_lit_case_head_is_found(seed: int) -> None:
    """Its edge lies within the groove, which has no sharp one. The breech face stays in the mask."""
    rng = np.random.default_rng(seed)
    scan, truth = cartridge_case(rng, shape=(510, 520), pixel_um=11.0)
    face = truth.breech_face(scan)
    side = Light(kind="side", azimuth_deg=rng.uniform(0, 360))
    for light in (Light(kind="ring"), side):
        found = find_region(photograph(scan, light))
        primer = found.circles["primer"]
        assert found.how == "found"
        assert primer.radius * 11e-6 == pytest.approx(truth.primer.radius, rel=0.06)
        assert np.hypot(primer.x * 11e-6 - truth.primer.x, primer.y * 11e-6 - truth.primer.y) < 0.1e-3
        assert (found.mask & face).sum() > 0.8 * face.sum()


NBIDE = {118: (1283.0, 963.0, 736.0), 129: (1292.0, 982.0, 726.0)}


@pytest.fixture(scope="module")
def nbide(data: Path) -> dict[int, PhotoRegion]:
    return {number: find_region(open_photo(data / f"images_2d/NBIDE_R_BF_{number}.png")) for number in NBIDE}


@pytest.mark.parametrize("number", NBIDE)
def test_the_primers_of_real_photographs_are_found(nbide: dict[int, PhotoRegion], number: int) -> None:
    found = nbide[number]
    primer, pin = found.circles["primer"], found.circles["firing pin"]
    assert found.how == "found"
    assert primer.support > 0.9
    assert (primer.x, primer.y, primer.radius) == pytest.approx(NBIDE[number], abs=8.0)
    assert np.hypot(pin.x - primer.x, pin.y - primer.y) + pin.radius < primer.radius
    assert pin.radius == pytest.approx(412, abs=20)
    assert 0.08 < found.mask.mean() < 0.2
