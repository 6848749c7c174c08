from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from imaging.agreement import NoAgreement, dense_agreement, thumbnail
from imaging.contrast import even_contrast
from imaging.errors import ParameterError
from imaging.extractors import Orb
from imaging.matching import match
from imaging.similarity import Similarity, find_similarity

SIDE = 420


def texture(seed=1, side=SIDE):
    rng = np.random.default_rng(seed)
    total = sum(cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), s) * s for s in (3.0, 6.0, 10.0))
    return np.clip(128 + 40 * total / total.std(), 0, 255).astype(np.uint8)


def disc(side=SIDE, radius=190.0, centre=None):
    y, x = np.mgrid[:side, :side]
    cx, cy = centre or ((side - 1) / 2, (side - 1) / 2)
    return np.hypot(x - cx, y - cy) <= radius


def similarity(matrix):
    scale = math.sqrt(np.linalg.det(matrix[:, :2]))
    return Similarity(
        angle=math.atan2(matrix[1, 0], matrix[0, 0]),
        scale=scale,
        dx=matrix[0, 2],
        dy=matrix[1, 2],
        inliers=np.zeros(0, bool),
        support=0,
    )


def motion(angle_deg=0.0, scale=1.0, shift=(0.0, 0.0)):
    """A turn about the middle of one picture that ends at the middle of another of ``scale`` its side."""
    c, s = scale * math.cos(math.radians(angle_deg)), scale * math.sin(math.radians(angle_deg))
    turn = np.array([[c, -s], [s, c]])
    old, new = (SIDE - 1) / 2, (round(SIDE * scale) - 1) / 2
    return np.column_stack([turn, new - turn @ (old, old) + shift])


def taken(picture, matrix, scale=1.0):
    side = round(SIDE * scale)
    fine = cv2.GaussianBlur(picture, (0, 0), 0.5 / scale) if scale < 1 else picture
    warped = cv2.warpAffine(fine, matrix, (side, side), borderMode=cv2.BORDER_REFLECT)
    return np.clip(warped + np.random.default_rng(2).normal(0, 3, warped.shape), 0, 255).astype(np.uint8)


def gap_px(found, matrix):
    corners = np.array([[60.0, 210], [360, 210], [210, 60], [210, 360]])
    return np.abs(corners @ (found - matrix)[:, :2].T + (found - matrix)[:, 2]).max()


UNMOVED = similarity(motion())


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 90.0, 180.0, -120.0])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_truth_one_mark_agrees_everywhere_at_its_pose(angle_deg, scale):
    matrix = motion(angle_deg, scale)
    first = thumbnail(texture(), disc())
    second = thumbnail(taken(texture(), matrix, scale), disc(round(SIDE * scale), 190 * scale))
    found = dense_agreement(first, second, similarity(matrix))
    assert found.correlation > 0.9
    assert found.agreeing > 0.97
    assert found.overlap > 0.97
    assert gap_px(found.matrix, matrix) < 0.5 * max(scale, 1.0)


def test_truth_a_pose_a_little_off_is_put_right():
    matrix = motion(25.0)
    off = motion(26.0, 1.0, (4.0, -3.0))
    first, second = thumbnail(texture(), disc()), thumbnail(taken(texture(), matrix), disc())
    found = dense_agreement(first, second, similarity(off))
    assert gap_px(similarity(off).matrix, matrix) > 4.0
    assert gap_px(found.matrix, matrix) < 0.5
    assert found.correlation > 0.9


@pytest.mark.parametrize("other", ["another mark", "mirrored", "wrong pose"])
def test_truth_what_does_not_agree_has_a_low_correlation(other):
    picture, pose = {
        "another mark": (texture(seed=5), UNMOVED),
        "mirrored": (texture()[:, ::-1].copy(), UNMOVED),
        "wrong pose": (texture(), similarity(motion(60.0))),
    }[other]
    found = dense_agreement(thumbnail(texture(), disc()), thumbnail(picture, disc()), pose)
    assert found.correlation < 0.2
    assert found.agreeing < 0.25


def test_truth_common_light_is_no_agreement():
    """A gradient and a dark rim that both photographs share say nothing."""
    y, x = np.mgrid[:SIDE, :SIDE]
    light = np.clip(1.2 - np.hypot(x - 150, y - 180) / 350, 0.1, 1.0)
    first, second = ((texture(seed) * light).astype(np.uint8) for seed in (1, 5))
    assert np.corrcoef(first[disc()], second[disc()])[0, 1] > 0.25
    found = dense_agreement(thumbnail(first, disc()), thumbnail(second, disc()), UNMOVED)
    assert found.correlation < 0.15


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("exposure", [0.3, 1.0])
def test_truth_gamma_and_exposure_hardly_matter(gamma, exposure):
    other = np.rint(255 * exposure * (texture() / 255.0) ** gamma).astype(np.uint8)
    found = dense_agreement(thumbnail(texture(), disc()), thumbnail(other, disc()), UNMOVED)
    assert found.correlation > 0.93


def test_truth_the_map_shows_where_the_marks_agree():
    mixed = texture()
    mixed[:, 210:] = texture(seed=5)[:, 210:]
    found = dense_agreement(thumbnail(texture(), disc()), thumbnail(mixed, disc()), UNMOVED)
    columns = found.local.shape[1]
    left, right = found.local[:, : columns // 2 - 15], found.local[:, columns // 2 + 15 :]
    assert np.nanmin(left) > 0.8
    assert np.nanmean(right) < 0.2
    assert 0.45 < found.agreeing < 0.65
    assert 0.3 < found.correlation < 0.7
    assert np.isnan(found.local[0, 0])


def test_property_swapping_the_sides_changes_little():
    matrix = motion(40.0, 1.0, (3.0, 5.0))
    first, second = thumbnail(texture(), disc()), thumbnail(taken(texture(), matrix), disc(radius=170))
    there = dense_agreement(first, second, similarity(matrix))
    back = dense_agreement(second, first, similarity(matrix).inverse())
    assert there.correlation == pytest.approx(back.correlation, abs=0.02)
    assert there.overlap == pytest.approx(back.overlap, abs=0.02)
    assert there.agreeing == pytest.approx(back.agreeing, abs=0.02)


def test_truth_the_overlap_is_that_of_the_smaller_mark():
    small = disc(radius=100, centre=(260.0, 210.0))
    cut = disc(radius=150, centre=(160.0, 210.0))
    found = dense_agreement(thumbnail(texture(), cut), thumbnail(texture(), small), UNMOVED)
    assert found.overlap == pytest.approx((small & cut).sum() / small.sum(), abs=0.03)


def test_truth_blank_pictures_and_marks_apart_give_a_reason():
    whole, blank = thumbnail(texture(), disc()), thumbnail(np.full((SIDE, SIDE), 77, np.uint8), disc())
    nothing = thumbnail(texture(), np.zeros((SIDE, SIDE), bool))
    away = similarity(motion(0.0, 1.0, (350.0, 0.0)))
    for first, second, pose, reason in (
        (whole, blank, UNMOVED, "blank"),
        (blank, whole, UNMOVED, "blank"),
        (whole, nothing, UNMOVED, "in common"),
        (nothing, whole, UNMOVED, "in common"),
        (whole, whole, away, "in common"),
    ):
        found = dense_agreement(first, second, pose)
        assert isinstance(found, NoAgreement)
        assert not found
        assert reason in found.reason


def test_truth_every_option_changes_the_outcome():
    first, second = thumbnail(texture(), disc()), thumbnail(taken(texture(), motion(), 1.0), disc())
    plain = dense_agreement(first, second, UNMOVED)
    assert dense_agreement(first, second, UNMOVED, threshold=0.999).agreeing < plain.agreeing
    assert not np.array_equal(
        dense_agreement(first, second, UNMOVED, window=0.3).local, plain.local, equal_nan=True
    )
    shifted = similarity(motion(0.0, 1.0, (150.0, 0.0)))
    assert dense_agreement(first, second, shifted, min_overlap=0.1)
    assert not dense_agreement(first, second, shifted, min_overlap=0.9)
    assert thumbnail(texture(), disc(), across=100).values.shape == (100, 100)


@pytest.mark.parametrize("options", [{"window": 0.0}, {"threshold": 1.5}, {"min_overlap": -0.1}])
def test_truth_options_out_of_range_are_refused(options):
    small = thumbnail(texture(), disc())
    with pytest.raises(ParameterError, match="found"):
        dense_agreement(small, small, UNMOVED, **options)


def test_truth_a_thumbnail_maps_back_onto_its_picture():
    """A bright spot lies where the thumbnail says it does."""
    picture = np.full((SIDE, SIDE), 60, np.uint8)
    cv2.circle(picture, (251, 163), 6, 220, -1)
    small = thumbnail(picture, disc(radius=150))
    row, column = np.unravel_index(small.values.argmax(), small.values.shape)
    place = small.to_picture @ (column, row, 1.0)
    assert np.hypot(*(place[:2] - (251, 163))) < 6 + small.factor
    with pytest.raises(ParameterError, match="16 or more"):
        thumbnail(picture, across=8)


def photograph(path, outer, inner):
    """The breech-face ring of a photograph, some 300 pixels across, with even contrast; circles in pixels."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    inside = np.hypot(x - outer[0], y - outer[1]) < outer[2]
    inside &= np.hypot(x - inner[0], y - inner[1]) > inner[2]
    small = cv2.resize(picture, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.resize(inside.astype(np.float32), None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA) > 0.5
    even = even_contrast(small, window_px=20.0, mask=mask)
    return np.clip(128 + 40 * np.nan_to_num(even), 0, 255).astype(np.uint8), mask


def test_journey_two_photographs_of_one_gun_agree_and_a_mirrored_one_does_not(data):
    folder = data / "images_2d"
    first = photograph(folder / "NBIDE_R_BF_118.png", (1287, 967, 683), (1217, 1100, 487))
    second = photograph(folder / "NBIDE_R_BF_129.png", (1293, 980, 673), (1177, 1103, 487))
    mirrored = tuple(part[:, ::-1].copy() for part in second)
    for other, same in ((second, True), (mirrored, False)):
        ends = [Orb().extract(*each) for each in (first, other)]
        pose = find_similarity(match(*ends), *ends, tolerance_px=4.0)
        found = pose and dense_agreement(thumbnail(*first), thumbnail(*other), pose)
        if same:
            assert abs(pose.angle_deg - 15.0) < 3.0
            assert pose.scale == pytest.approx(1.0, abs=0.02)
            assert found.correlation > 0.3
            assert found.agreeing > 0.45
        else:
            assert not found or found.correlation < 0.2
