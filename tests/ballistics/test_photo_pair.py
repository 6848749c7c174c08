"""Pairs of photographs: made ones turned, magnified, mirrored and exposed otherwise, and the NBIDE pair."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ballistics.parameters import default_picture_set
from ballistics.photographs.exhibit import NoPicture, PictureExhibit, prepare_photograph, prepare_scan
from ballistics.photographs.pair import (
    NoPictureComparison,
    PictureComparison,
    compare_pictures,
    compare_with_many,
)
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.photo_files import open_photo
from imaging.surface import Finding, Provenance
from imaging.synthetic import Pair, pair

CHOSEN = default_picture_set("breech face")
RING = Light(kind="ring")
PLANTED_DEG = 40.0


def between(angle_deg: float | None, other_deg: float) -> float:
    assert angle_deg is not None
    return abs((angle_deg - other_deg + 180.0) % 360.0 - 180.0)


def exhibit(photo: Photo, **options: Any) -> PictureExhibit:
    made = prepare_photograph(photo, CHOSEN, **options)
    assert isinstance(made, PictureExhibit), made
    return made


def compared(reference: PictureExhibit | NoPicture, questioned: PictureExhibit | NoPicture) -> PictureComparison:
    result = compare_pictures(reference, questioned)
    assert isinstance(result, PictureComparison), result
    return result


def warned(result: PictureComparison, words: str) -> bool:
    return any(words in warning for warning in result.warnings)


def moved(photo: Photo, angle_deg: float = 0.0, magnification: float = 1.0) -> Photo:
    """The photograph turned about its middle and magnified, on black, with room for all of it."""
    side = math.ceil(math.hypot(*photo.shape) * magnification)
    middle = [(n - 1) / 2 for n in photo.shape[::-1]]
    motion = cv2.getRotationMatrix2D(middle, -angle_deg, magnification)
    motion[:, 2] += np.subtract((side - 1) / 2, middle)
    pixels = np.asarray(photo.pixels, np.uint8)
    if magnification < 1.0:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.5 / magnification), np.uint8)
    pixel_um = None if photo.pixel_um is None else photo.pixel_um / magnification
    turned = cv2.warpAffine(pixels, motion, (side, side), flags=cv2.INTER_CUBIC)
    return replace(photo, pixels=turned.astype(np.uint8), pixel_um=pixel_um)


def without_scale(photo: Photo) -> Photo:
    return replace(photo, pixel_um=None)


@pytest.fixture(scope="module")
def marks() -> Pair:
    return pair(np.random.default_rng(5), correlation=0.8, angle_deg=PLANTED_DEG, shift_um=(90.0, -40.0))


@pytest.fixture(scope="module")
def photos(marks: Pair) -> tuple[Photo, Photo]:
    return photograph(marks.reference, RING), photograph(marks.questioned, RING)


@pytest.fixture(scope="module")
def mates(photos: tuple[Photo, Photo]) -> tuple[PictureExhibit, PictureExhibit]:
    return exhibit(photos[0]), exhibit(photos[1])


@pytest.fixture(scope="module")
def usual(mates: tuple[PictureExhibit, PictureExhibit]) -> PictureComparison:
    return compared(*mates)


def test_mates_agree_at_the_planted_pose(usual: PictureComparison, marks: Pair) -> None:
    assert usual.score > 0.45
    assert usual.support >= usual.chance_support
    assert usual.warnings == ()
    assert between(usual.angle_deg, PLANTED_DEG) < 0.3
    assert usual.magnification == pytest.approx(1.0, abs=1e-6)
    matrix, middle = usual.matrix, (np.array(marks.reference.shape[::-1]) - 1) / 2
    assert matrix is not None
    landed = matrix @ (*middle, 1.0) - (np.array(marks.questioned.shape[::-1]) - 1) / 2
    np.testing.assert_allclose(landed * marks.questioned.pixel_um, (90.0, -40.0), atol=12.5)


def test_matched_points_lie_on_each_other_by_the_pose(usual: PictureComparison) -> None:
    first, second = usual.points()
    assert len(first) == len(second) == usual.inliers >= usual.support
    assert usual.matrix is not None
    apart = np.hypot(*(first @ usual.matrix[:, :2].T + usual.matrix[:, 2] - second).T)
    factor = usual.questioned.to_source[0, 0]
    assert apart.max() < 1.5 * CHOSEN.fit.tolerance_px * factor
    assert np.median(apart) < 0.5 * CHOSEN.fit.tolerance_px * factor


@pytest.mark.parametrize("angle_deg", [*range(-165, 180, 30), 180])
def test_any_rotation_is_found(
    photos: tuple[Photo, Photo], mates: tuple[PictureExhibit, PictureExhibit], angle_deg: float
) -> None:
    turned = exhibit(moved(photos[1], angle_deg))
    result = compared(mates[0], turned)
    assert between(result.angle_deg, angle_deg + PLANTED_DEG) < 1.0
    assert result.score > 0.4
    itself = compared(mates[1], turned)
    assert between(itself.angle_deg, angle_deg) < 0.3
    assert itself.score > 0.8


@pytest.mark.parametrize("magnification", [0.5, 0.63, 0.8, 1.0, 1.3, 1.6, 2.0])
def test_an_unknown_scale_is_found(photos: tuple[Photo, Photo], magnification: float) -> None:
    reference = exhibit(without_scale(photos[0]))
    for photo, planted_deg in ((photos[0], 33.0), (photos[1], 33.0 + PLANTED_DEG)):
        result = compared(reference, exhibit(without_scale(moved(photo, 33.0, magnification))))
        assert not result.scale_known
        assert result.magnification == pytest.approx(magnification, rel=0.02)
        assert between(result.angle_deg, planted_deg) < 1.0
        assert result.score > 0.4


@pytest.mark.parametrize("magnification", [0.5, 0.8, 2.0])
def test_a_known_scale_is_kept(photos: tuple[Photo, Photo], magnification: float) -> None:
    result = compared(exhibit(photos[0]), exhibit(moved(photos[1], -20.0, magnification)))
    assert result.scale_known
    assert result.magnification == pytest.approx(magnification, rel=1e-6)
    assert between(result.angle_deg, PLANTED_DEG - 20.0) < 1.0


def test_a_scale_known_for_one_alone_is_no_scale(photos: tuple[Photo, Photo]) -> None:
    result = compared(exhibit(photos[0]), exhibit(without_scale(moved(photos[1], 10.0, 1.4))))
    assert not result.scale_known
    assert result.magnification == pytest.approx(1.4, rel=0.02)


def test_a_crop_finds_its_place_without_a_scale(photos: tuple[Photo, Photo]) -> None:
    """The two prepared pictures are of unlike size, since the longer side sets the working pixel."""
    crop = without_scale(photos[1]).crop((40, 420), (70, 500))
    result = compared(exhibit(without_scale(photos[0])), exhibit(crop))
    assert result.magnification == pytest.approx(1.0, rel=0.02)
    assert between(result.angle_deg, PLANTED_DEG) < 1.0
    whole = compared(exhibit(photos[0]), exhibit(photos[1]))
    assert result.matrix is not None
    assert whole.matrix is not None
    middle = np.array([280.0, 280.0, 1.0])
    np.testing.assert_allclose(result.matrix @ middle + (70, 40), whole.matrix @ middle, atol=4.0)


@pytest.mark.parametrize("gain", [0.5, 0.75, 1.3, 1.8])
def test_exposure_changes_the_score_little(
    photos: tuple[Photo, Photo],
    mates: tuple[PictureExhibit, PictureExhibit],
    usual: PictureComparison,
    gain: float,
) -> None:
    pixels = np.clip(np.rint(photos[1].pixels * gain), 0, 255).astype(np.uint8)
    result = compared(mates[0], exhibit(replace(photos[1], pixels=pixels)))
    assert result.score == pytest.approx(usual.score, abs=0.03)
    assert between(result.angle_deg, PLANTED_DEG) < 0.5


@pytest.mark.parametrize("gamma", [0.6, 0.8, 1.25, 1.6])
def test_gamma_changes_the_score_little(
    photos: tuple[Photo, Photo],
    mates: tuple[PictureExhibit, PictureExhibit],
    usual: PictureComparison,
    gamma: float,
) -> None:
    pixels = np.rint(255 * (photos[1].pixels / 255) ** gamma).astype(np.uint8)
    result = compared(mates[0], exhibit(replace(photos[1], pixels=pixels)))
    assert result.score == pytest.approx(usual.score, abs=0.03)
    assert between(result.angle_deg, PLANTED_DEG) < 0.5


@pytest.mark.parametrize("steps", [257, 16])
@pytest.mark.parametrize("colours", [1, 3])
def test_depth_and_colour_change_next_to_nothing(
    photos: tuple[Photo, Photo],
    mates: tuple[PictureExhibit, PictureExhibit],
    usual: PictureComparison,
    steps: int,
    colours: int,
) -> None:
    """The same picture with 16 bits, or with the 12 bits of a camera in them, grey or in colour."""
    pixels = photos[1].pixels.astype(np.uint16) * np.uint16(steps)
    if colours == 3:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    other = exhibit(replace(photos[1], pixels=pixels))
    assert np.abs(other.picture.astype(int) - mates[1].picture).max() <= 2
    result = compared(mates[0], other)
    assert result.score == pytest.approx(usual.score, abs=0.02)
    assert between(result.angle_deg, PLANTED_DEG) < 0.5


def test_colour_and_grey_of_the_same_depth_are_one_picture(
    photos: tuple[Photo, Photo], mates: tuple[PictureExhibit, PictureExhibit]
) -> None:
    repeated = np.repeat(photos[1].pixels[..., None], 3, axis=2)
    colour = exhibit(replace(photos[1], pixels=repeated))
    assert np.abs(colour.picture.astype(int) - mates[1].picture).max() <= 1


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_mirrored_picture_does_not_match_and_is_named(
    photos: tuple[Photo, Photo], mates: tuple[PictureExhibit, PictureExhibit], axis: Any
) -> None:
    for photo in photos:
        flipped = exhibit(photo.flip(axis))
        for result in (compared(mates[0], flipped), compared(flipped, mates[0])):
            assert result.score < 0.15
            assert warned(result, "mirror")
    unnoticed = next(compare_with_many(flipped, [mates[0]], look_for_mirror=False))
    assert not any("mirror" in warning for warning in unnoticed.warnings)


@pytest.mark.parametrize("seed", range(6))
def test_different_marks_score_low(seed: int) -> None:
    drawn = pair(np.random.default_rng(seed), same_source=False, angle_deg=70.0 * seed, pixel_um=12.5)
    result = compared(*(exhibit(photograph(each, RING)) for each in (drawn.reference, drawn.questioned)))
    assert result.score < 0.2
    assert result.support < result.chance_support
    assert not warned(result, "mirror")


def test_swapping_changes_the_point_of_view_alone(
    mates: tuple[PictureExhibit, PictureExhibit], photos: tuple[Photo, Photo]
) -> None:
    other = exhibit(photograph(pair(np.random.default_rng(1), pixel_um=12.5).reference, RING))
    third = exhibit(without_scale(moved(photos[1], 100.0, 0.7)))
    for first, second in (mates, (mates[0], other), (mates[0], third), (third, other)):
        one, two = compared(first, second), compared(second, first)
        assert one.score == two.score
        assert (one.inliers, one.support, one.chance_support) == (two.inliers, two.support, two.chance_support)
        for a, b in zip(one.points(), two.points()[::-1], strict=True):
            np.testing.assert_array_equal(a, b)
        assert (one.agreement is None) == (two.agreement is None)
        if one.agreement is None or two.agreement is None:
            continue
        assert one.agreement.overlap == two.agreement.overlap
        assert one.agreement.agreeing == two.agreement.agreeing
        matrices = [np.vstack([each.matrix, (0.0, 0.0, 1.0)]) for each in (one, two) if each.matrix is not None]
        np.testing.assert_allclose(matrices[0] @ matrices[1], np.eye(3), atol=1e-9)
        assert one.angle_deg == pytest.approx(-(two.angle_deg or 0.0), abs=1e-9)
        assert two.agreement.local.shape == two.reference.small.mask.shape


def test_pictures_of_the_same_pixels_and_other_scales_swap_too(photos: tuple[Photo, Photo]) -> None:
    """Coarser than the working pixel, they are prepared to the same bits."""
    first, second = (exhibit(replace(photos[0], pixel_um=pixel_um)) for pixel_um in (20.0, 30.0))
    assert first.digest == second.digest
    one, two = compared(first, second), compared(second, first)
    assert (one.score, one.support) == (two.score, two.support)


@pytest.mark.parametrize("pixel_um", [100.0, 400.0, 10_000.0])
def test_marks_of_quite_unlike_size_do_not_match(
    mates: tuple[PictureExhibit, PictureExhibit], photos: tuple[Photo, Photo], pixel_um: float
) -> None:
    """As where one scale was given in another unit; the mask of two far spots would vanish at a common scale."""
    spots = np.zeros(photos[1].shape, np.bool_)
    spots[:220, :220] = spots[-220:, -220:] = True
    for mask in (None, spots):
        result = compared(mates[0], exhibit(replace(photos[1], pixel_um=pixel_um), mask=mask))
        assert result.score == 0.0
        assert result.support < result.chance_support


def test_a_picture_with_itself_is_reported(mates: tuple[PictureExhibit, PictureExhibit]) -> None:
    result = compared(mates[0], mates[0])
    assert result.score == pytest.approx(1.0, abs=1e-3)
    assert result.angle_deg == pytest.approx(0.0, abs=1e-3)
    assert warned(result, "with itself")


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_and_saturated_pictures_give_a_reason_and_no_number(
    mates: tuple[PictureExhibit, PictureExhibit], level: int
) -> None:
    blank = prepare_photograph(Photo(pixels=np.full((500, 500), level, np.uint8)), CHOSEN)
    assert isinstance(blank, NoPicture)
    for pictures in ((blank, mates[0]), (mates[0], blank)):
        result = compare_pictures(*pictures)
        assert isinstance(result, NoPictureComparison)
        assert not result
        assert blank.reason in result.reason
        assert ("the reference" in result.reason) == (pictures[0] is blank)
        assert result.sources == tuple(each.source for each in pictures)


def test_noise_agrees_with_nothing(mates: tuple[PictureExhibit, PictureExhibit]) -> None:
    rng = np.random.default_rng(3)
    noise = [exhibit(Photo(pixels=rng.integers(1, 255, (400, 400), dtype=np.uint8))) for _ in range(2)]
    for first, second in (noise, (mates[0], noise[0])):
        result = compared(first, second)
        assert result.score < 0.15
        assert result.support < result.chance_support


def test_a_scan_compares_as_a_picture(marks: Pair) -> None:
    scans = [prepare_scan(each, CHOSEN) for each in (marks.reference, marks.questioned)]
    result = compared(*scans)
    assert result.score > 0.6
    assert between(result.angle_deg, PLANTED_DEG) < 0.5
    assert not warned(result, "experimental")


def test_a_scan_that_meets_a_photograph_is_experimental(
    marks: Pair, mates: tuple[PictureExhibit, PictureExhibit]
) -> None:
    scan = prepare_scan(marks.reference, CHOSEN)
    for result in (compared(scan, mates[0]), compared(mates[0], scan)):
        assert warned(result, "experimental")


@pytest.mark.parametrize("turned_deg", [0.0, 10.0, 40.0, -60.0])
def test_a_lamp_that_moved_in_the_frame_of_the_mark_is_reported(marks: Pair, turned_deg: float) -> None:
    lights = [Light(kind="side", azimuth_deg=azimuth) for azimuth in (30.0, 30.0 + PLANTED_DEG + turned_deg)]
    scans = marks.reference, marks.questioned
    result = compared(*(exhibit(photograph(*each)) for each in zip(scans, lights, strict=True)))
    assert between(result.angle_deg, PLANTED_DEG) < 1.0
    assert warned(result, f"the lamp stood {abs(turned_deg):.0f} degrees apart") == (abs(turned_deg) > 20.0)
    assert warned(result, "lamp") == (abs(turned_deg) > 20.0)


def test_pictures_prepared_under_different_sets_are_not_compared(
    photos: tuple[Photo, Photo], mates: tuple[PictureExhibit, PictureExhibit]
) -> None:
    bullet = prepare_photograph(photos[1], default_picture_set("bullet"))
    result = compare_pictures(mates[0], bullet)
    assert isinstance(result, NoPictureComparison)
    assert "photo-bullet-2026" in result.reason
    assert "Prepare both alike" in result.reason


def test_accepted_doubts_and_notes_of_the_region_are_passed_on(
    photos: tuple[Photo, Photo], mates: tuple[PictureExhibit, PictureExhibit]
) -> None:
    finding = Finding(code="lossy", severity="doubt", message="JPEG of quality 20")
    doubtful = replace(photos[1], provenance=Provenance(path="cases/two.jpg", findings=(finding,)))
    result = compared(mates[0], exhibit(doubtful, accept=["lossy"]))
    assert warned(result, "two.jpg: accepted in spite of lossy")
    plain = np.random.default_rng(1).integers(1, 255, (400, 400), dtype=np.uint8)
    assert warned(
        compared(mates[0], exhibit(Photo(pixels=plain))), "the questioned: no circle of the primer found"
    )


def test_one_against_many_gives_what_each_pair_gives(mates: tuple[PictureExhibit, PictureExhibit]) -> None:
    blank = prepare_photograph(Photo(pixels=np.zeros((400, 400), np.uint8)), CHOSEN)
    references = [mates[0], blank, mates[1]]
    results = list(compare_with_many(mates[1], references))
    assert [bool(each) for each in results] == [True, False, True]
    for result, reference in zip(results, references, strict=True):
        alone = compare_pictures(reference, mates[1])
        assert result.warnings == alone.warnings
        if isinstance(result, PictureComparison) and isinstance(alone, PictureComparison):
            assert (result.score, result.angle_deg) == (alone.score, alone.angle_deg)


def test_the_nbide_pair_is_turned_by_fifteen_degrees(data: Path) -> None:
    opened = [open_photo(data / f"images_2d/NBIDE_R_BF_{number}.png") for number in (118, 129)]
    first, second = (exhibit(photo) for photo in opened)
    result = compared(first, second)
    assert between(result.angle_deg, 15.0) < 3.0
    assert result.magnification == pytest.approx(1.0, rel=0.02)
    assert result.score > 0.3
    assert compared(second, first).score == result.score
    flipped = exhibit(opened[1].flip("x"))
    for mirrored in (compared(first, flipped), compared(flipped, first)):
        assert mirrored.score < 0.8 * result.score
        assert warned(mirrored, "mirror")
