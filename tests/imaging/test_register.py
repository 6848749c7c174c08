from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import match_template
from threadpoolctl import threadpool_limits

from imaging.errors import ParameterError, SurfaceError
from imaging.register import (
    NoAlignment,
    Pose,
    Relief,
    correlate,
    lay,
    masked_ncc,
    mirrored,
    reduce,
    refine,
    relief,
    search_rotations,
)
from imaging.resample import flip, rotate
from imaging.surface import Surface
from imaging.synthetic import pair

UM = 1e-6
EVERY_3 = np.arange(-177, 181, 3.0)
UNMOVED = Pose(angle=0.0, dx=0.0, dy=0.0)

angles = st.floats(-20, 20)
shifts = st.floats(-5e-3, 5e-3)
poses = st.builds(Pose, angle=angles, dx=shifts, dy=shifts)
seeds = st.integers(0, 10_000)


def surface(heights, pixel_um=10.0):
    return Surface(heights=np.asarray(heights), spacing=(pixel_um * UM, pixel_um * UM))


def smooth(rng, shape, wave_px=6.0):
    """A random relief without waves much shorter than the given length."""
    noise = rng.standard_normal(shape)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), wave_px / 4)) * UM


def holed(heights, rng, share):
    return np.where(rng.random(heights.shape) < share, np.nan, heights)


def turn_apart(a_deg, b_deg):
    return abs(math.remainder(a_deg - b_deg, 360.0))


def moved_um(pose):
    return np.array([pose.dx_um, pose.dy_um])


# Poses


@given(pose=poses)
def test_property_a_motion_and_its_inverse_cancel(pose):
    for both in (pose.inverse().after(pose), pose.after(pose.inverse())):
        assert abs(both.angle) < 1e-12
        assert np.abs(moved_um(both)).max() < 1e-6


@given(first=poses, second=poses, third=poses)
def test_property_after_is_one_motion_after_the_other(first, second, third):
    points = np.array([[0.0, 0.0], [1e-3, 0.0], [-2e-3, 3e-3]])
    once = second.after(first).apply(points)
    assert np.allclose(once, second.apply(first.apply(points)), atol=1e-15)
    left, right = third.after(second).after(first), third.after(second.after(first))
    assert np.allclose(left.apply(points), right.apply(points), atol=1e-15)
    before, after = points[1] - points[2], once[1] - once[2]
    assert math.isclose(np.linalg.norm(before), np.linalg.norm(after), rel_tol=1e-9)


def test_truth_a_positive_angle_turns_x_towards_y():
    quarter = Pose(angle=math.pi / 2, dx=5e-6, dy=0.0)
    assert np.allclose(quarter.apply(np.array([[1e-6, 0.0], [0.0, 1e-6]])), [[5e-6, 1e-6], [4e-6, 0.0]])


@pytest.mark.parametrize(
    ("turn_deg", "expected"),
    [(0, 0), (37, 37), (-37, -37), (180, 180), (-180, 180), (540, 180), (-540, 180), (181, -179), (-181, 179)],
)
def test_truth_degrees_lie_above_minus_180_up_to_180(turn_deg, expected):
    assert Pose(angle=math.radians(turn_deg), dx=0.0, dy=0.0).angle_deg == pytest.approx(expected, abs=1e-9)


@given(
    angle=angles | st.sampled_from([math.pi, -math.pi, math.nextafter(math.pi, 4), math.nextafter(-math.pi, -4)])
)
def test_property_degrees_never_leave_their_range(angle):
    found = Pose(angle=angle, dx=0.0, dy=0.0).angle_deg
    assert -180.0 < found <= 180.0
    assert turn_apart(found, math.degrees(angle)) < 1e-9


# Masked correlation


def slow_ncc(template, image):
    """Pearson's correlation over the points measured in both (not NaN), one place after the other, in float64."""
    h, w = template.shape
    correlation, overlap = np.zeros((2, image.shape[0] - h + 1, image.shape[1] - w + 1))
    for y, x in np.ndindex(correlation.shape):
        part = image[y : y + h, x : x + w].astype(np.float64)
        common = np.isfinite(template) & np.isfinite(part)
        overlap[y, x] = common.sum()
        if overlap[y, x] > 1 and np.ptp(template[common]) > 0 and np.ptp(part[common]) > 0:
            correlation[y, x] = np.corrcoef(template[common], part[common])[0, 1]
    return correlation, overlap


def as_reliefs(*heights):
    return [relief(surface(each)) for each in heights]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.8])
@pytest.mark.parametrize(("inner", "outer"), [((12, 12), (25, 25)), ((9, 16), (30, 17)), ((20, 21), (20, 21))])
def test_oracle_correlation_is_pearsons_over_the_common_points(inner, outer, share):
    rng = np.random.default_rng(round(100 * share) + inner[0])
    template, image = (holed(rng.standard_normal(shape), rng, share) for shape in (inner, outer))
    a, b = as_reliefs(template, image)
    found, overlap = masked_ncc(a.values, a.mask, b.values, b.mask)
    expected, common = slow_ncc(template, image)
    assert found.dtype == overlap.dtype == np.float32
    assert np.array_equal(overlap, common)
    many = common >= 10
    assert np.count_nonzero(many) > 0.5 * many.size or share == 0.8
    assert np.abs(found - expected)[many].max(initial=0.0) < 1e-5
    assert np.abs(found).max() <= 1.0


def test_oracle_without_missing_points_it_is_what_scikit_image_finds():
    rng = np.random.default_rng(3)
    template, image = rng.standard_normal((11, 14)), rng.standard_normal((40, 33))
    a, b = as_reliefs(template, image)
    found, overlap = masked_ncc(a.values, a.mask, b.values, b.mask)
    assert np.abs(found - match_template(image, template)).max() < 1e-5
    assert (overlap == template.size).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, share=st.floats(0, 1), size=st.integers(1, 9))
def test_property_values_stay_within_one_for_any_masks(seed, share, size):
    rng = np.random.default_rng(seed)
    masks = [(rng.random(shape) < share).astype(np.float32) for shape in ((size, size), (12, 12))]
    values = [rng.standard_normal(mask.shape).astype(np.float32) * mask for mask in masks]
    found, overlap = masked_ncc(values[0], masks[0], values[1], masks[1])
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1.0
    assert not found[overlap < 2].any()


def test_truth_nothing_in_common_or_nothing_that_varies_gives_zero():
    rng = np.random.default_rng(0)
    image = rng.standard_normal((20, 20)).astype(np.float32)
    left, right = np.zeros((2, 20, 20), np.float32)
    left[:, :8], right[:, 12:] = 1, 1
    found, overlap = masked_ncc(image * left, left, image * right, right)
    assert found[0, 0] == overlap[0, 0] == 0
    flat = left * np.float32(0.7)
    for first, second in ((flat, image * left), (image * left, flat), (flat, flat)):
        found, overlap = masked_ncc(first, left, second, left)
        assert found[0, 0] == 0
        assert overlap[0, 0] == 160


def test_truth_a_quiet_part_of_the_image_is_found_too():
    rng = np.random.default_rng(20)
    image = rng.standard_normal((40, 40))
    image[5:25, 10:30] *= 0.05
    whole = relief(surface(image))
    quiet = np.s_[8:20, 13:27]
    found, _ = masked_ncc(whole.values[quiet], whole.mask[quiet], whole.values, whole.mask)
    assert np.unravel_index(found.argmax(), found.shape) == (8, 13)
    assert found.max() == pytest.approx(1.0, abs=1e-3)


def test_property_stacks_give_what_single_pairs_give():
    rng = np.random.default_rng(5)
    template, image = rng.standard_normal((3, 8, 9)), rng.standard_normal((2, 3, 20, 21))
    template_mask, image_mask = (rng.random(part.shape) < 0.8 for part in (template, image))
    parts = [np.float32(x) for x in (template * template_mask, template_mask, image * image_mask, image_mask)]
    found, overlap = masked_ncc(*parts)
    assert found.shape == overlap.shape == (2, 3, 13, 13)
    for k, n in np.ndindex(2, 3):
        one, points = masked_ncc(parts[0][n], parts[1][n], parts[2][k, n], parts[3][k, n])
        assert np.abs(found[k, n] - one).max() < 1e-6
        assert np.array_equal(overlap[k, n], points)


def test_truth_an_offset_of_a_hundred_deviations_costs_nothing():
    rng = np.random.default_rng(8)
    template, image = (holed(rng.standard_normal(shape), rng, 0.2) + 100.0 for shape in ((16, 16), (40, 40)))
    a, b = as_reliefs(template, image)
    found, _ = masked_ncc(a.values, a.mask, b.values, b.mask)
    assert np.abs(found - slow_ncc(template, image)[0]).max() < 1e-5


def test_truth_a_template_larger_than_the_image_is_refused():
    small, large = np.ones((5, 5), np.float32), np.ones((5, 6), np.float32)
    with pytest.raises(ParameterError, match="template of 5 x 6"):
        masked_ncc(large, large, small, small)


# Reliefs


@settings(max_examples=25, deadline=None)
@given(seed=seeds, factor=st.sampled_from([1e-6, 1e-3, 0.0254, 1e3, 1e6]), offset=st.floats(-100, 100))
def test_property_units_and_offset_of_the_heights_do_not_count(seed, factor, offset):
    rng = np.random.default_rng(seed)
    heights = holed(rng.standard_normal((12, 15)), rng, 0.2)
    plain, changed = as_reliefs(heights, factor * (heights + offset))
    assert np.abs(plain.values - changed.values).max() < 1e-6
    assert np.array_equal(plain.mask, changed.mask)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_truth_a_relief_is_centred_scaled_and_zero_where_missing(dtype):
    rng = np.random.default_rng(2)
    heights = holed(rng.standard_normal((30, 40)), rng, 0.3)
    made = relief(surface((3e-6 * heights + 1e-4).astype(dtype)))
    inside = np.isfinite(heights)
    assert np.array_equal(made.mask == 1, inside)
    assert not made.values[~inside].any()
    assert abs(made.values[inside].mean()) < 1e-6
    assert made.values[inside].std() == pytest.approx(1.0, abs=1e-5)
    assert made.area == inside.sum()
    assert made.shape == (30, 40)


@pytest.mark.parametrize("heights", [np.full((4, 4), np.nan), np.full((4, 4), 0.1), np.array([[1e-6]])])
def test_truth_heights_without_relief_are_refused(heights):
    with pytest.raises(SurfaceError):
        relief(surface(heights))


def test_truth_pixels_that_are_not_square_are_refused():
    with pytest.raises(SurfaceError, match="square"):
        relief(Surface(heights=np.eye(4), spacing=(1e-6, 2e-6)))


def test_property_mirrored_twice_is_the_same_and_once_is_flip():
    rng = np.random.default_rng(4)
    given_surface = surface(holed(rng.standard_normal((9, 12)), rng, 0.2))
    original = relief(given_surface)
    once = mirrored(original)
    assert np.array_equal(mirrored(once).values, original.values)
    assert np.allclose(once.values, relief(flip(given_surface, "x")).values, atol=1e-6)
    assert np.array_equal(once.mask, original.mask[:, ::-1])


# Coarser reliefs


@pytest.mark.parametrize("shape", [(120, 120), (121, 120), (119, 137)])
@pytest.mark.parametrize("factor", [1.0, 2.0, 3.0, 3.7, 6.0])
def test_truth_a_bump_keeps_its_place_when_reduced(shape, factor):
    ny, nx = shape
    x, y = np.meshgrid(np.arange(nx) - (nx - 1) / 2, np.arange(ny) - (ny - 1) / 2)
    at = np.array([17.3, -21.8])
    coarse = reduce(relief(surface(np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 8.0**2)))), factor)
    assert coarse.pixel == pytest.approx(10e-6 * factor)
    assert all(abs(m * factor - n) <= factor / 2 for m, n in zip(coarse.shape, shape, strict=True))
    weights = np.clip(coarse.values - 0.3 * coarse.values.max(), 0, None)
    along = [np.arange(n) - (n - 1) / 2 for n in coarse.shape]
    found = np.array([(weights.sum(axis=0) * along[1]).sum(), (weights.sum(axis=1) * along[0]).sum()])
    assert np.abs(found / weights.sum() * factor - at).max() < 0.03 * factor + 0.02


@pytest.mark.parametrize("factor", [2.5, 3.0, 4.0])
def test_truth_waves_too_short_for_the_new_pixel_do_not_fold_back(factor):
    x = np.arange(240.0)
    long = np.sin(2 * np.pi * x / (15 * factor)) * np.ones((60, 1))
    short = np.sin(2 * np.pi * x / (1.07 * factor)) * np.ones((60, 1))
    plain, mixed = (reduce(each, factor) for each in as_reliefs(long, long + short))
    inner = np.s_[2:-2, 2:-2]
    assert np.corrcoef(plain.values[inner].ravel(), mixed.values[inner].ravel())[0, 1] > 0.999


def test_truth_missing_points_take_no_part_in_a_reduction():
    rng = np.random.default_rng(6)
    heights = smooth(rng, (120, 120), wave_px=24.0)
    whole, holes = (reduce(each, 3.0) for each in as_reliefs(heights, holed(heights, rng, 0.3)))
    both = whole.mask * holes.mask > 0
    assert both.mean() > 0.8
    assert np.corrcoef(whole.values[both], holes.values[both])[0, 1] > 0.995
    assert not holes.values[holes.mask == 0].any()


def test_truth_a_reduction_says_what_it_cannot_do():
    rng = np.random.default_rng(7)
    fine = relief(surface(rng.standard_normal((30, 30))))
    for factor in (0.5, -2.0, math.nan, math.inf):
        with pytest.raises(ParameterError, match="reduction"):
            reduce(fine, factor)
    sparse = np.full((30, 30), np.nan)
    sparse[::10, ::10] = rng.standard_normal((3, 3))
    with pytest.raises(SurfaceError, match="Nothing measured"):
        reduce(relief(surface(sparse)), 4.0)


# Laying one relief on another


def test_truth_an_unmoved_relief_is_itself_and_a_whole_shift_moves_its_points():
    rng = np.random.default_rng(9)
    original = relief(surface(holed(rng.standard_normal((14, 17)), rng, 0.2)))
    values, mask = lay(original, UNMOVED, original.shape)
    assert np.array_equal(values, original.values)
    assert np.array_equal(mask, original.mask)
    values, mask = lay(original, Pose(angle=0.0, dx=20e-6, dy=-30e-6), original.shape)
    assert np.allclose(values[3:, :-2], original.values[:-3, 2:], atol=1e-6)
    assert np.array_equal(mask[3:, :-2], original.mask[:-3, 2:])
    assert not mask[:3].any()
    assert not mask[:, -2:].any()


@pytest.mark.parametrize("shape", [(31, 41), (60, 20), (7, 9)])
def test_truth_the_middles_of_two_grids_lie_on_each_other(shape):
    rng = np.random.default_rng(1)
    original = relief(surface(smooth(rng, (31, 41))))
    values, mask = lay(original, Pose(angle=math.pi / 2, dx=0.0, dy=0.0), shape)
    middle = values[(shape[0] - 1) // 2, (shape[1] - 1) // 2]
    assert shape[0] % 2 == 0 or middle == pytest.approx(original.values[15, 20], abs=1e-5)
    assert values.shape == mask.shape == shape
    assert set(np.unique(mask)) <= {0.0, 1.0}


@pytest.mark.parametrize("angle_deg", [25.0, -110.0, 180.0])
def test_truth_the_angle_is_the_one_that_rotate_turns_by(angle_deg):
    given_surface = surface(smooth(np.random.default_rng(11), (80, 90), wave_px=12.0))
    original, turned = relief(given_surface), relief(rotate(given_surface, angle_deg, expand=True))
    found = correlate(original, turned, Pose(angle=math.radians(angle_deg), dx=0.0, dy=0.0))
    assert found.correlation > 0.98
    assert found.overlap > 0.95 * original.area


@settings(max_examples=20, deadline=None)
@given(seed=seeds, angle=st.floats(-4, 4), dx_um=st.floats(-60, 60), dy_um=st.floats(-60, 60))
def test_oracle_a_correlation_at_one_pose_is_pearsons(seed, angle, dx_um, dy_um):
    rng = np.random.default_rng(seed)
    a, b = as_reliefs(*(holed(smooth(rng, (24, 30)), rng, 0.05) for _ in range(2)))
    pose = Pose(angle=angle, dx=dx_um * UM, dy=dy_um * UM)
    found = correlate(a, b, pose)
    values, mask = lay(b, pose, a.shape)
    common = (a.mask > 0) & (mask > 0)
    assert found.overlap == common.sum()
    if found.overlap > 20:
        expected = np.corrcoef(a.values[common], values[common])[0, 1]
        assert found.correlation == pytest.approx(expected, abs=1e-5)
        assert found.strength == pytest.approx(expected * math.sqrt(found.overlap), abs=1e-3)


def test_truth_reliefs_without_common_points_correlate_by_zero():
    one = relief(surface(np.random.default_rng(0).standard_normal((10, 10))))
    found = correlate(one, one, Pose(angle=0.3, dx=1.0, dy=0.0))
    assert found.correlation == found.overlap == found.strength == 0


# Search and refinement


PLANTED = [
    (0.0, (0.0, 0.0)),
    (0.4, (12.0, -8.0)),
    (3.0, (90.0, 40.0)),
    (-31.7, (-120.0, 75.0)),
    (62.2, (33.0, 150.0)),
    (90.0, (-61.0, -140.0)),
    (-118.4, (140.0, -20.0)),
    (149.1, (-75.0, 60.0)),
    (-176.6, (25.0, 110.0)),
    (178.9, (-150.0, -30.0)),
    (180.0, (44.0, -91.0)),
    (-179.5, (80.0, 80.0)),
]


@pytest.mark.parametrize(("angle_deg", "shift_um"), PLANTED)
def test_truth_a_planted_pose_is_recovered(angle_deg, shift_um):
    rng = np.random.default_rng(round(1000 * abs(angle_deg)))
    marks = pair(rng, correlation=0.5, angle_deg=angle_deg, shift_um=shift_um, pixel_um=12.5)
    a, b = (relief(mark) for mark in (marks.reference, marks.questioned))
    for reference, questioned, swapped in ((a, b, False), (b, a, True)):
        found = search_rotations(reduce(reference, 3), reduce(questioned, 3), angles_deg=EVERY_3)
        assert found
        best = refine(reduce(reference, 2), reduce(questioned, 2), found[0].pose)
        pose = best.pose.inverse() if swapped else best.pose
        assert turn_apart(pose.angle_deg, angle_deg) < 0.5
        assert np.abs(moved_um(pose) - shift_um).max() < 12.5
        assert best.correlation == pytest.approx(0.5, abs=0.05)


def strength_at(reference, questioned, pose):
    values, mask = lay(questioned, pose, reference.shape)
    overlap = float((reference.mask * mask).sum())
    return float((reference.values * values).sum()) / math.sqrt(max(overlap, 1.0)), overlap


@pytest.mark.parametrize(
    "shapes", [((15, 15), (15, 15)), ((9, 14), (16, 11)), ((20, 7), (6, 20)), ((30, 31), (8, 8))]
)
@pytest.mark.parametrize("angle_deg", [0.0, 90.0, 180.0, -90.0, 37.0, -143.0])
def test_oracle_a_search_finds_the_best_of_all_shifts(shapes, angle_deg):
    """Every whole shift up to a third of the longest side, one after the other, on marks without far corners."""
    rng = np.random.default_rng(sum(map(sum, shapes)))
    side = max(map(max, shapes))
    marks = []
    for ny, nx in shapes:
        radius = np.hypot(*np.ogrid[(1 - ny) / 2 : ny / 2, (1 - nx) / 2 : nx / 2])
        marks.append(np.where(radius < side / 2, holed(rng.standard_normal((ny, nx)), rng, 0.1), np.nan))
    reference, questioned = as_reliefs(*marks)
    turned = Pose(angle=math.radians(angle_deg), dx=0.0, dy=0.0)
    needed = 0.3 * min(reference.area, questioned.area)
    tried = []
    for x, y in np.ndindex(2 * (side // 3) + 1, 2 * (side // 3) + 1):
        shift = Pose(angle=0.0, dx=(x - side // 3) * 10e-6, dy=(y - side // 3) * 10e-6)
        strength, overlap = strength_at(reference, questioned, turned.after(shift))
        tried.append(strength if overlap >= needed else -math.inf)
    found = search_rotations(
        reference, questioned, angles_deg=np.array([angle_deg]), min_overlap=0.3, candidates=1
    )
    assert found
    assert found[0].pose.angle_deg == pytest.approx(turned.angle_deg)
    assert found[0].overlap >= needed
    assert strength_at(reference, questioned, found[0].pose)[0] >= max(tried) - 1e-4


def test_property_angles_searched_together_give_what_they_give_alone():
    rng = np.random.default_rng(12)
    reference, questioned = as_reliefs(smooth(rng, (40, 41)), smooth(rng, (44, 38)))
    turns = np.array([-150.0, -60.0, 30.0, 120.0])
    options = {"candidates": 4, "separation_deg": 1.0}
    together = search_rotations(reference, questioned, angles_deg=turns, **options)
    alone = [search_rotations(reference, questioned, angles_deg=turns[k : k + 1], **options)[0] for k in range(4)]
    assert [each.pose for each in together] == [
        each.pose for each in sorted(alone, key=lambda each: -each.strength)
    ]


@pytest.mark.parametrize("angle_deg", [0.0, 41.0, 172.0])
@pytest.mark.parametrize("quarter", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_truth_a_fragment_is_found_in_a_whole_mark_and_the_other_way_round(angle_deg, quarter):
    marks = pair(np.random.default_rng(21), correlation=0.8, angle_deg=angle_deg, pixel_um=12.5)
    ny, nx = (n // 2 for n in marks.reference.shape)
    rows, columns = slice(quarter[0] * ny, (quarter[0] + 1) * ny), slice(quarter[1] * nx, (quarter[1] + 1) * nx)
    fragment = Surface(heights=marks.reference.heights[rows, columns], spacing=marks.reference.spacing)
    a, b = (reduce(relief(each), 3) for each in (fragment, marks.questioned))
    ahead = search_rotations(a, b, angles_deg=EVERY_3, candidates=1)
    back = search_rotations(b, a, angles_deg=EVERY_3, candidates=1)
    assert turn_apart(ahead[0].pose.angle_deg, angle_deg) <= 3
    assert turn_apart(back[0].pose.angle_deg, -angle_deg) <= 3
    middle = (np.array(quarter)[::-1] - 0.5) * np.array([nx, ny]) * 12.5
    assert np.abs(moved_um(ahead[0].pose.after(Pose(angle=0, dx=-middle[0] * UM, dy=-middle[1] * UM)))).max() < 100


@pytest.mark.parametrize("seed", range(3))
def test_property_no_shift_beyond_a_third_of_the_grid_is_chosen(seed):
    rng = np.random.default_rng(seed)
    reference, questioned = as_reliefs(*rng.standard_normal((2, 30, 30)))
    found = search_rotations(reference, questioned, angles_deg=EVERY_3, candidates=8)
    for each in found:
        shift = Pose(angle=-each.pose.angle, dx=0.0, dy=0.0).after(each.pose)
        assert np.abs(moved_um(shift)).max() <= 100 + 1e-6


def test_property_candidates_are_strongest_first_and_well_apart():
    rng = np.random.default_rng(14)
    reference, questioned = as_reliefs(smooth(rng, (50, 50)), smooth(rng, (50, 50)))
    found = search_rotations(reference, questioned, angles_deg=EVERY_3, candidates=4, separation_deg=15.0)
    assert 2 <= len(found) <= 4
    assert [each.strength for each in found] == sorted((each.strength for each in found), reverse=True)
    turns = [each.pose.angle_deg for each in found]
    assert all(turn_apart(a, b) >= 15 for k, a in enumerate(turns) for b in turns[:k])


@settings(max_examples=30, deadline=None)
@given(seed=seeds, same=st.booleans(), angle=st.floats(-0.15, 0.15), dx=st.floats(-40, 40), dy=st.floats(-40, 40))
def test_property_refinement_never_lowers_the_correlation(seed, same, angle, dx, dy):
    rng = np.random.default_rng(seed)
    heights = smooth(rng, (30, 34))
    other = heights if same else smooth(rng, (34, 30))
    a, b = as_reliefs(holed(heights, rng, 0.03), holed(other, rng, 0.03))
    start = Pose(angle=angle, dx=dx * UM, dy=dy * UM)
    before, after = correlate(a, b, start), refine(a, b, start)
    assert after.correlation >= before.correlation
    assert after == correlate(a, b, after.pose)
    assert refine(a, b, after.pose).correlation >= after.correlation


def test_truth_refinement_climbs_to_the_planted_pose():
    rng = np.random.default_rng(15)
    a = relief(surface(smooth(rng, (120, 120), wave_px=12.0)))
    found = refine(a, a, Pose(angle=0.02, dx=15e-6, dy=-12e-6))
    assert abs(found.pose.angle_deg) < 0.02
    assert np.abs(moved_um(found.pose)).max() < 0.3
    assert found.correlation > 0.999


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (2, 2), (1, 40), (40, 1), (2, 30), (5, 3)])
def test_truth_the_smallest_reliefs_pass_through(shape):
    heights = np.random.default_rng(16).standard_normal(shape)
    one = relief(surface(heights))
    found = search_rotations(one, one, angles_deg=np.array([0.0, 180.0]), min_overlap=0.9)
    assert found
    assert found[0].correlation == pytest.approx(1.0, abs=1e-5)
    assert refine(one, one, found[0].pose).correlation == pytest.approx(1.0, abs=1e-5)
    assert reduce(one, 1.0).shape == shape


def test_truth_too_little_in_common_is_no_alignment():
    rng = np.random.default_rng(17)
    lying, standing = np.full((2, 40, 40), np.nan)
    lying[18:22], standing[:, 18:22] = rng.standard_normal((4, 40)), rng.standard_normal((40, 4))
    a, b = as_reliefs(lying, standing)
    found = search_rotations(a, b, angles_deg=np.array([0.0]))
    assert isinstance(found, NoAlignment)
    assert not found
    assert "25%" in found.reason
    assert search_rotations(a, b, angles_deg=np.array([0.0, 90.0]))
    corners, opposite = np.full((2, 40, 40), np.nan)
    corners[0, 0], corners[0, 1] = 0.0, 1.0
    opposite[-1, -1], opposite[-1, -2] = 0.0, 1.0
    assert not search_rotations(*as_reliefs(corners, opposite), angles_deg=np.array([0.0]))
    assert not search_rotations(a, b, angles_deg=np.array([]))


def test_truth_options_out_of_range_are_refused():
    rng = np.random.default_rng(18)
    heights = rng.standard_normal((20, 20))
    a, b = relief(surface(heights)), relief(surface(heights, pixel_um=10.1))
    turns = np.array([0.0])
    for act in (
        lambda: search_rotations(a, b, angles_deg=turns),
        lambda: refine(a, b, UNMOVED),
        lambda: correlate(a, b, UNMOVED),
    ):
        with pytest.raises(ParameterError, match=r"10 and 10\.1 um"):
            act()
    for options in ({"candidates": 0}, {"min_overlap": 1.5}, {"min_overlap": -0.1}, {"min_overlap": math.nan}):
        with pytest.raises(ParameterError, match="candidates of an overlap"):
            search_rotations(a, a, angles_deg=turns, **options)


def test_property_results_have_the_same_bits_for_any_number_of_threads():
    marks = pair(np.random.default_rng(19), correlation=0.5, angle_deg=72.0, shift_um=(30.0, 40.0), pixel_um=12.5)
    given_threads = cv2.getNumThreads()
    results = []
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            with threadpool_limits(limits=threads):
                a, b = relief(marks.reference), relief(marks.questioned)
                coarse = [reduce(each, 3) for each in (a, b)]
                found = search_rotations(*coarse, angles_deg=EVERY_3)
                best = refine(a, b, found[0].pose)
                small = Relief(values=a.values[40:90, 40:90], mask=a.mask[40:90, 40:90], pixel=a.pixel)
                cells = masked_ncc(small.values, small.mask, *lay(b, best.pose, a.shape))
                results.append((found, best, [part.tobytes() for part in (*cells, coarse[0].values)]))
    finally:
        cv2.setNumThreads(given_threads)
    assert results[0] == results[1]
