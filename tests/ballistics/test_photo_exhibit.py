"""Exhibits of photographs and scans: where their pixels lie on the source, what they refuse and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.parameters import default_picture_set, picture_set
from ballistics.photographs.exhibit import (
    FEWEST_POINTS,
    NoPicture,
    PictureExhibit,
    mirrored_exhibit,
    prepare_photograph,
    prepare_scan,
    source_name,
)
from imaging.photo import Photo
from imaging.surface import BoolArray, Finding, Provenance, Surface
from imaging.synthetic import breech_face

CHOSEN = default_picture_set("breech face")
SCAN = breech_face(np.random.default_rng(2), pixel_um=5.0)


def grains(shape: tuple[int, int], seed: int = 1) -> Photo:
    """Texture some three working pixels fine, whatever the size of the picture."""
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), max(2.0, max(shape) / 110))
    return Photo(pixels=np.clip(128 + 40 * smooth / max(smooth.std(), 1e-6), 1, 254).astype(np.uint8))


def rectangle(shape: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> BoolArray:
    mask = np.zeros(shape, np.bool_)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def made(result: PictureExhibit | NoPicture) -> PictureExhibit:
    assert isinstance(result, PictureExhibit), result
    return result


def offsets(exhibit: PictureExhibit, level: Any, smooth: tuple[float, float]) -> NDArray[np.float64]:
    """How many working pixels the picture lies beside the source at its corners, as ``to_source`` has it."""
    y, x = np.indices(exhibit.picture.shape, dtype=np.float32)
    scale, corner = np.diag(exhibit.to_source[:, :2]), exhibit.to_source[:, 2]
    source = cv2.GaussianBlur(np.asarray(level, np.float32), (0, 0), sigmaX=smooth[0], sigmaY=smooth[1])
    source = cv2.remap(
        source, (scale[0] * x + corner[0]).astype("f4"), (scale[1] * y + corner[1]).astype("f4"), cv2.INTER_LINEAR
    )
    seen, wanted = (
        part - cv2.GaussianBlur(part, (0, 0), 6.0)
        for part in (cv2.GaussianBlur(exhibit.picture.astype(np.float32), (0, 0), 1.0), source)
    )
    ny, nx = exhibit.picture.shape
    inside = cv2.erode(np.pad(exhibit.mask, 1).astype(np.uint8), np.ones((15, 15)))[1:-1, 1:-1] > 0
    found = []
    for rows in (slice(0, ny // 3), slice(ny - ny // 3, ny)):
        for columns in (slice(0, nx // 3), slice(nx - nx // 3, nx)):
            part = inside[rows, columns]
            if part.sum() < 500:
                continue
            first, second = ((each[rows, columns] / each[rows, columns][part].std()) for each in (seen, wanted))
            assert np.corrcoef(first[part], second[part])[0, 1] > 0.8
            slopes = np.stack([each[part] for each in np.gradient(second)[::-1]], axis=1)
            found.append(np.linalg.lstsq(slopes, (first - second)[part], rcond=None)[0])
    assert len(found) >= 2
    return np.array(found)


@pytest.mark.parametrize("pixel_um", [None, 3.3, 5.1, 20.0])
@pytest.mark.parametrize("shape", [(700, 1133), (611, 457), (1203, 1204)])
@pytest.mark.parametrize("is_masked", [False, True])
def test_pixels_of_the_picture_lie_where_they_say(
    shape: tuple[int, int], pixel_um: float | None, is_masked: bool
) -> None:
    photo = replace(grains(shape), pixel_um=pixel_um)
    ny, nx = shape
    mask = rectangle(shape, (ny // 7, ny - 31), (53, nx - nx // 9)) if is_masked else None
    exhibit = made(prepare_photograph(photo, CHOSEN, mask=mask))
    factor = exhibit.to_source[0, 0]
    shifts = offsets(exhibit, photo.pixels, (0.4 * factor, 0.4 * factor))
    np.testing.assert_allclose(shifts, 0.0, atol=0.2)
    if pixel_um is None:
        assert exhibit.pixel_um is None
        assert max(exhibit.picture.shape) == 300
    else:
        assert exhibit.pixel_um == pytest.approx(factor * pixel_um)
        assert exhibit.pixel_um == pytest.approx(max(12.5, pixel_um))


def test_the_mask_covers_the_same_place_as_the_picture() -> None:
    photo, rows, columns = grains((900, 1203)), (211, 809), (97, 1003)
    mask = rectangle(photo.shape, rows, columns)
    mask[rows[0] : 400, columns[0] : 500] = False
    exhibit = made(prepare_photograph(photo, CHOSEN, mask=mask))
    y, x = np.nonzero(exhibit.mask)
    at = np.stack([x, y], axis=1) @ exhibit.to_source[:, :2].T + exhibit.to_source[:, 2]
    factor = exhibit.to_source[0, 0]
    assert at.min(axis=0) == pytest.approx((columns[0], rows[0]), abs=factor)
    assert at.max(axis=0) == pytest.approx((columns[1], rows[1]), abs=factor)
    hole = (at[:, 0] < 500 - factor) & (at[:, 1] < 400 - factor)
    assert not hole.any()
    assert exhibit.mask.sum() * factor**2 == pytest.approx(mask.sum(), rel=0.01)


@pytest.mark.parametrize(
    ("spacing", "heights"),
    [
        ((5e-6, 5e-6), SCAN.heights),
        ((5e-6, 10e-6), SCAN.heights[::2]),
        ((10e-6, 5e-6), SCAN.heights[:, ::2]),
        ((5e-6, 5e-6), SCAN.heights[:, 120:]),
    ],
)
def test_pixels_of_a_relief_lie_where_they_say(spacing: tuple[float, float], heights: Any) -> None:
    scan = Surface(heights=np.ascontiguousarray(heights), spacing=spacing)
    exhibit = made(prepare_scan(scan, CHOSEN))
    smooth = 8e-6 / spacing[0], 8e-6 / spacing[1]
    shifts = offsets(exhibit, np.nan_to_num(1e6 * scan.heights), smooth)
    np.testing.assert_allclose(shifts, 0.0, atol=0.2)
    assert exhibit.pixel_um == pytest.approx(12.5)
    assert np.diag(exhibit.to_source[:, :2]) * spacing == pytest.approx(12.5e-6)


def test_a_relief_is_bright_where_it_is_high() -> None:
    exhibit = made(prepare_scan(SCAN, CHOSEN))
    turned_over = made(prepare_scan(SCAN.derive(-SCAN.heights, step="turned over"), CHOSEN))
    inside = exhibit.mask & turned_over.mask
    assert inside.mean() > 0.3
    total = exhibit.picture[inside].astype(int) + turned_over.picture[inside]
    assert np.abs(total - 255).max() <= 2


def test_the_mirrored_exhibit_is_the_exhibit_of_the_mirrored_photograph() -> None:
    photo = grains((600, 700))
    exhibit = made(prepare_photograph(photo, CHOSEN))
    mirrored = made(mirrored_exhibit(exhibit))
    direct = made(prepare_photograph(photo.flip("x"), CHOSEN))
    difference = np.abs(mirrored.picture.astype(int) - direct.picture)
    assert np.percentile(difference, 99) <= 3
    np.testing.assert_allclose(mirrored.to_source @ (0.0, 10.0, 1.0), exhibit.to_source @ (299.0, 10.0, 1.0))
    again = made(mirrored_exhibit(mirrored))
    assert again.digest == exhibit.digest
    np.testing.assert_allclose(again.to_source, exhibit.to_source)


DOUBTS = (
    Finding(code="saturated", severity="doubt", message="40 % at the top"),
    Finding(code="lossy", severity="doubt", message="JPEG of quality 20"),
    Finding(code="dark", severity="note", message="expose longer"),
)


@pytest.mark.parametrize("kind", ["photograph", "scan"])
def test_doubts_refuse_until_each_is_accepted_by_its_code(kind: str) -> None:
    def prepare(accept: tuple[str, ...]) -> PictureExhibit | NoPicture:
        provenance = Provenance(findings=DOUBTS)
        if kind == "scan":
            return prepare_scan(replace(SCAN, provenance=provenance), CHOSEN, accept=accept)
        return prepare_photograph(replace(grains((400, 400)), provenance=provenance), CHOSEN, accept=accept)

    for accept in ((), ("saturated",), ("lossy", "dark")):
        refused = prepare(accept)
        assert isinstance(refused, NoPicture)
        assert not refused
        assert "Accept it by its code" in refused.reason
        assert "expose longer" not in refused.reason
        assert ("saturated" in refused.reason) == ("saturated" not in accept)
    assert made(prepare(("saturated", "lossy"))).provenance.findings == DOUBTS


def test_a_picture_with_next_to_nothing_on_it_is_refused() -> None:
    pixels = np.full((400, 400), 128, np.uint8)
    pixels[::2] = 129
    for photo in (Photo(pixels=pixels), Photo(pixels=np.tile(np.arange(256, dtype=np.uint8), (256, 1)))):
        refused = prepare_photograph(photo, CHOSEN)
        assert isinstance(refused, NoPicture)
        assert f"{FEWEST_POINTS} are needed" in refused.reason
        assert refused.source is photo


@pytest.mark.parametrize("level", [0, 100, 255])
def test_blank_and_saturated_pictures_are_refused(level: int) -> None:
    pixels = np.full((400, 500), level, np.uint8)
    pixels[200, 200] = 255 - level
    refused = prepare_photograph(Photo(pixels=pixels), CHOSEN)
    assert isinstance(refused, NoPicture)
    assert "Is it blank" in refused.reason
    marked = prepare_photograph(Photo(pixels=pixels), CHOSEN, mask=np.ones(pixels.shape, np.bool_))
    assert isinstance(marked, NoPicture)


THIN = {
    "one point": rectangle((600, 800), (300, 301), (400, 401)),
    "a column": rectangle((600, 800), (0, 600), (400, 401)),
    "a row": rectangle((600, 800), (300, 301), (0, 800)),
    "two far dots": rectangle((600, 800), (0, 2), (0, 2)) | rectangle((600, 800), (598, 600), (798, 800)),
}


@pytest.mark.parametrize("name", THIN)
@pytest.mark.parametrize("pixel_um", [None, 2.0, 50.0])
def test_masks_with_no_room_for_keypoints_are_refused(name: str, pixel_um: float | None) -> None:
    photo = replace(grains((600, 800)), pixel_um=pixel_um)
    refused = prepare_photograph(photo, CHOSEN, mask=THIN[name])
    assert isinstance(refused, NoPicture)
    assert "the mask leaves too little" in refused.reason


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (2, 3), (33, 33), (30, 6000), (6000, 30)])
@pytest.mark.parametrize("mark", ["breech face", "firing pin", "headstamp", "bullet"])
def test_the_smallest_and_the_longest_pictures_are_refused_with_a_reason(
    shape: tuple[int, int], mark: str
) -> None:
    refused = prepare_photograph(grains(shape), default_picture_set(mark))
    assert isinstance(refused, NoPicture)
    assert mark in refused.reason


def test_masks_that_do_not_fit_are_refused() -> None:
    photo = grains((300, 400))
    for mask in (np.ones((400, 300), np.bool_), np.zeros((300, 400), np.bool_)):
        refused = prepare_photograph(photo, CHOSEN, mask=mask)
        assert isinstance(refused, NoPicture)
        assert "mask" in refused.reason


def test_an_impossible_scale_is_pointed_out() -> None:
    photo = grains((600, 800))
    small = prepare_photograph(replace(photo, pixel_um=0.1), CHOSEN)
    assert isinstance(small, NoPicture)
    assert "prepared as 6 x 5 pixels" in small.reason
    large = made(prepare_photograph(replace(photo, pixel_um=1000.0), CHOSEN))
    assert any("800 mm across" in note for note in large.region.notes)
    for possible in (None, 2.0, 12.5):
        usual = made(prepare_photograph(replace(photo, pixel_um=possible), CHOSEN))
        assert not any("scale" in note for note in usual.region.notes)


def test_scans_of_other_marks_are_refused() -> None:
    refused = prepare_scan(SCAN, picture_set("photo-headstamp-2026"))
    assert isinstance(refused, NoPicture)
    assert "compare photographs of it" in refused.reason
    coarse = prepare_scan(replace(SCAN, spacing=(40e-6, 40e-6)), CHOSEN)
    assert isinstance(coarse, NoPicture)


def test_the_digest_is_that_of_what_is_compared() -> None:
    photo = grains((400, 500))
    usual = made(prepare_photograph(photo, CHOSEN))
    named = replace(photo, provenance=Provenance(path="cases/one.png"))
    assert made(prepare_photograph(named, CHOSEN)).digest == usual.digest
    others = (photo.turn(1), photo.flip("x"), grains((400, 500), seed=2), photo.crop((0, 390), (0, 500)))
    digests = {made(prepare_photograph(each, CHOSEN)).digest for each in others}
    assert len(digests | {usual.digest}) == 5


def test_a_source_goes_by_the_name_of_its_file() -> None:
    photo = grains((30, 30))
    assert source_name(photo, "the reference") == "the reference"
    named = replace(photo, provenance=Provenance(path="cases/one.png"))
    assert source_name(named, "the reference") == "one.png"
