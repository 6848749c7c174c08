from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError
from imaging.extractors import Orb
from imaging.files import open_surface
from imaging.matching import match
from imaging.similarity import NoSimilarity, Similarity, find_similarity, fit_similarity, least_support

SIDE = 300


def texture(seed=1, side=SIDE):
    rng = np.random.default_rng(seed)
    total = sum(cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), s) * s for s in (1.5, 3.0, 6.0))
    return np.clip(128 + 40 * total / total.std(), 0, 255).astype(np.uint8)


def disc(side=SIDE, radius=135):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.hypot(x, y) <= radius


def taken(picture, *, angle_deg=0.0, scale=1.0, shift=(0.0, 0.0), seed=8, noise=4.0):
    """Another photograph of a mark: turned, magnified, moved, noisy; its mask; and the motion (2, 3)."""
    side = round(SIDE * scale)
    c, s = scale * math.cos(math.radians(angle_deg)), scale * math.sin(math.radians(angle_deg))
    turn, old, new = np.array([[c, -s], [s, c]]), (SIDE - 1) / 2, (side - 1) / 2
    matrix = np.column_stack([turn, new - turn @ (old, old) + shift])
    fine = cv2.GaussianBlur(picture, (0, 0), 0.5 / scale) if scale < 1 else picture
    warped = cv2.warpAffine(fine, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    grainy = warped + np.random.default_rng(seed).normal(0, noise, warped.shape)
    return np.clip(grainy, 0, 255).astype(np.uint8), disc(side, 135 * scale), matrix


def found_pose(first, second, *, fixed_scale=1.0, tolerance_px=4.0):
    ends = [Orb().extract(picture, mask) for picture, mask in (first, second)]
    return find_similarity(match(*ends), *ends, tolerance_px=tolerance_px, fixed_scale=fixed_scale)


def apart_px(pose, matrix):
    """Largest gap between two motions over the mark."""
    corners = np.array([[40.0, 150], [260, 150], [150, 40], [150, 260]])
    return float(np.hypot(*(pose.apply(corners) - (corners @ matrix[:, :2].T + matrix[:, 2])).T).max())


def noisy_matches(rng, *, true, chance, angle=0.7, scale=1.0, noise=0.5, shift=(40.0, -25.0)):
    p = rng.uniform(0, 500, (true + chance, 2))
    matrix = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    q = p @ matrix.T + shift + rng.normal(0, noise, p.shape)
    q[true:] = rng.uniform(0, 500 * scale, (chance, 2))
    order = rng.permutation(len(p))
    return p[order], q[order], order < true


# The fit


@given(
    seed=st.integers(0, 500),
    angle=st.floats(-math.pi, math.pi),
    scale=st.floats(0.3, 3.0),
    known=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_property_a_motion_comes_back_through_many_wrong_matches(seed, angle, scale, known):
    p, q, true = noisy_matches(np.random.default_rng(seed), true=25, chance=40, angle=angle, scale=scale)
    found = fit_similarity(p, q, tolerance_px=4.0, fixed_scale=scale if known else None)
    assert abs(math.remainder(found.angle - angle, 2 * math.pi)) < 0.01
    assert found.scale == pytest.approx(scale, rel=0.01)
    assert np.count_nonzero(found.inliers[true]) >= 24
    assert np.count_nonzero(found.inliers[~true]) <= 3


@given(seed=st.integers(0, 500), true=st.integers(0, 20), known=st.booleans())
@settings(max_examples=40, deadline=None)
def test_property_swapping_the_sides_inverts_the_motion_and_two_runs_agree(seed, true, known):
    p, q, _ = noisy_matches(np.random.default_rng(seed), true=true + 8, chance=30, scale=1.6)
    there, again = (fit_similarity(p, q, tolerance_px=3.0, fixed_scale=1.6 if known else None) for _ in range(2))
    back = fit_similarity(q, p, tolerance_px=3.0, fixed_scale=1 / 1.6 if known else None)
    assert np.array_equal(there.matrix, again.matrix)
    assert np.array_equal(there.inliers, back.inliers)
    assert np.abs(back.apply(there.apply(p)) - p).max() < 0.05
    assert there.support == back.support


def test_truth_a_known_scale_is_kept_to_the_last_bit():
    p, q, _ = noisy_matches(np.random.default_rng(1), true=30, chance=10, scale=1.03)
    assert fit_similarity(p, q, tolerance_px=8.0, fixed_scale=1.0).scale == 1.0
    assert fit_similarity(p, q, tolerance_px=8.0).scale == pytest.approx(1.03, abs=0.005)


def test_truth_a_mirror_image_is_not_explained():
    p, q, _ = noisy_matches(np.random.default_rng(1), true=60, chance=0)
    q[:, 0] = -q[:, 0]
    found = fit_similarity(p, q, tolerance_px=3.0)
    assert not found or found.support < least_support(60, tolerance_px=3.0, area_px=250_000.0, scale_known=False)


def test_truth_keypoints_on_one_spot_count_once():
    p, q, _ = noisy_matches(np.random.default_rng(3), true=10, chance=0, noise=0.0)
    again = np.repeat(p, 6, axis=0), np.repeat(q, 6, axis=0)
    found = fit_similarity(*again, tolerance_px=2.0, fixed_scale=1.0)
    assert np.count_nonzero(found.inliers) == 60
    assert found.support == 10


@pytest.mark.parametrize("fixed_scale", [None, 1.0])
def test_truth_too_few_or_unsuited_matches_give_a_reason(fixed_scale):
    two = np.array([[0.0, 0.0], [100.0, 0.0]])
    one_place = np.zeros((20, 2))
    unlike = (
        np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]]),
        np.array([[0.0, 0.0], [900.0, 0.0], [0.0, 4000.0]]),
    )
    for p, q in ((two[:0], two[:0]), (two, two), (one_place, one_place), unlike):
        found = fit_similarity(p, q, tolerance_px=3.0, fixed_scale=fixed_scale)
        assert isinstance(found, NoSimilarity)
        assert not found
        assert found.reason


@pytest.mark.parametrize(
    ("p", "q", "options"),
    [
        (np.zeros((4, 2)), np.zeros((5, 2)), {}),
        (np.zeros((4, 3)), np.zeros((4, 3)), {}),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), {}),
        (np.zeros((4, 2)), np.zeros((4, 2)), {"tolerance_px": 0.0}),
        (np.zeros((4, 2)), np.zeros((4, 2)), {"fixed_scale": -1.0}),
    ],
)
def test_truth_bad_input_is_refused(p, q, options):
    with pytest.raises(ParameterError, match="found"):
        fit_similarity(p, q, **{"tolerance_px": 3.0, **options})


@given(angle=st.floats(-10, 10), scale=st.floats(0.1, 10), dx=st.floats(-500, 500), dy=st.floats(-500, 500))
def test_property_a_motion_and_its_inverse_cancel(angle, scale, dx, dy):
    pose = Similarity(angle=angle, scale=scale, dx=dx, dy=dy, inliers=np.zeros(0, bool), support=0)
    points = np.array([[0.0, 0.0], [300.0, -20.0]])
    assert np.allclose(pose.inverse().apply(pose.apply(points)), points, atol=1e-6)
    assert -180.0 < pose.angle_deg <= 180.0
    assert np.linalg.det(pose.matrix[:, :2]) > 0


# Chance


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("n", [20, 60])
def test_truth_chance_stays_below_the_least_support(n, known):
    rng = np.random.default_rng(7)
    least = least_support(n, tolerance_px=4.0, area_px=250.0**2, scale_known=known)
    supports = []
    for _ in range(120):
        p, q = rng.uniform(0, 250, (2, n, 2))
        found = fit_similarity(p, q, tolerance_px=4.0, fixed_scale=1.0 if known else None)
        supports.append(found.support if found else 0)
    assert max(supports) < least
    assert least <= max(supports) + 4


def test_property_more_matches_need_more_support_and_a_known_scale_less():
    def least(n, known):
        return least_support(n, tolerance_px=4.0, area_px=50_000.0, scale_known=known)

    counts = [least(n, True) for n in (10, 30, 100, 300, 1000)]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0] >= 4
    assert all(least(n, True) <= least(n, False) for n in (10, 100, 1000))
    assert least(3, True) == 4
    assert least_support(8, tolerance_px=50.0, area_px=100.0, scale_known=True) == 9
    with pytest.raises(ParameterError, match="negative"):
        least_support(5, tolerance_px=0.0, area_px=1.0, scale_known=True)


# From pictures


@pytest.mark.parametrize("angle_deg", [0.0, 15.0, 45.0, 90.0, 133.0, 180.0, -160.0, -77.0])
def test_truth_any_rotation_is_found_to_a_pixel(angle_deg):
    first = texture(), disc()
    picture, mask, matrix = taken(texture(), angle_deg=angle_deg, shift=(6.0, -3.0))
    found = found_pose(first, (picture, mask))
    assert apart_px(found, matrix) < 1.0
    assert abs(math.remainder(found.angle_deg - angle_deg, 360)) < 0.4


@pytest.mark.parametrize("scale", [0.5, 0.7, 1.0, 1.4, 2.0])
def test_truth_an_unknown_scale_is_found(scale):
    picture, mask, matrix = taken(texture(), angle_deg=33.0, scale=scale)
    found = found_pose((texture(), disc()), (picture, mask), fixed_scale=None)
    assert found.scale == pytest.approx(scale, rel=0.015)
    assert apart_px(found, matrix) < 2.0 * max(1.0, scale)


@pytest.mark.parametrize("change", ["darker", "brighter", "gamma 0.5", "gamma 2", "gradient"])
def test_truth_exposure_and_gamma_do_not_matter(change):
    picture, mask, matrix = taken(texture(), angle_deg=-50.0, noise=1.0)
    light = picture / 255.0
    other = {
        "darker": light * 0.35,
        "brighter": np.minimum(light * 1.4, 1.0),
        "gamma 0.5": light**0.5,
        "gamma 2": light**2.0,
        "gradient": light * np.linspace(0.35, 1.0, light.shape[1]),
    }[change]
    found = found_pose((texture(), disc()), (np.rint(255 * other).astype(np.uint8), mask))
    assert apart_px(found, matrix) < 1.5


@pytest.mark.parametrize("angle_deg", [0.0, 70.0])
def test_truth_a_mirrored_picture_and_another_mark_do_not_match(angle_deg):
    first = texture(), disc()
    picture, mask, _ = taken(texture(), angle_deg=angle_deg)
    other, _, _ = taken(texture(seed=2), angle_deg=angle_deg)
    least = least_support(80, tolerance_px=4.0, area_px=float(mask.sum()), scale_known=True)
    same = found_pose(first, (picture, mask))
    assert same.support > 3 * least
    for wrong in (picture[:, ::-1].copy(), other):
        found = found_pose(first, (wrong, mask))
        assert not found or found.support < least


def test_truth_blank_pictures_give_a_reason():
    blank = np.full((SIDE, SIDE), 90, np.uint8), disc()
    for pair in ((blank, blank), (blank, (texture(), disc()))):
        found = found_pose(*pair)
        assert not found
        assert "0 matches" in found.reason


def test_property_inliers_are_among_all_matches_given():
    first = texture(), disc()
    second = taken(texture(), angle_deg=20.0)
    ends = [Orb().extract(picture, mask) for picture, mask in (first, second[:2])]
    matches = match(*ends)
    found = find_similarity(matches, *ends, tolerance_px=4.0, fixed_scale=1.0)
    assert len(found.inliers) == len(matches)
    p, q = ends[0].points[matches.reference], ends[1].points[matches.questioned]
    assert np.hypot(*(found.apply(p) - q).T)[found.inliers].max() <= 4.0


def height_picture(path):
    surface = open_surface(path)
    heights = surface.heights.astype(np.float64) * 1e6
    valid = surface.valid
    low, high = np.percentile(heights[valid], [1, 99])
    grey = np.clip((np.where(valid, heights, low) - low) / (high - low) * 255, 0, 255)
    share = cv2.resize(valid.astype(np.float32), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = cv2.resize((grey * valid).astype(np.float32), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    mask = share > 0.5
    return np.where(mask, small / np.maximum(share, 0.5), 0).astype(np.uint8), mask


def test_journey_height_maps_of_one_slide_match_and_of_another_do_not(data):
    folder = data / "breech_face" / "fadul"
    first, mate, other = (height_picture(folder / f"Fadul_{name}.x3p") for name in ("1-1", "1-2", "2-1"))
    same, different = found_pose(first, mate), found_pose(first, other)
    assert same.support >= 20
    assert not different or different.support <= 8
