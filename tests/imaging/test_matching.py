from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError
from imaging.features import Features
from imaging.matching import Matches, consistent, match, match_many


def features(descriptors, *, metric="hamming", size=None, angle_deg=None, extractor="made"):
    n = len(descriptors)
    return Features(
        points=np.zeros((n, 2), np.float32),
        size=np.full(n, 31, np.float32) if size is None else np.asarray(size, np.float32),
        angle_deg=np.zeros(n, np.float32) if angle_deg is None else np.asarray(angle_deg, np.float32),
        response=np.ones(n, np.float32),
        descriptors=descriptors,
        metric=metric,
        extractor=extractor,
    )


def bits(rng, n, width=32):
    return rng.integers(0, 256, (n, width), np.uint8)


def slow_matches(first, second, ratio):
    """Mutual nearest neighbours with a ratio on either side, one pair after the other."""
    distances = np.array([[np.count_nonzero(np.unpackbits(a ^ b)) for b in second] for a in first])
    found = []
    for i, row in enumerate(distances):
        j = int(row.argmin())
        others = np.r_[np.delete(row, j), np.delete(distances[:, j], i)]
        if row[j] < ratio * others.min():
            found.append((i, j, int(row[j])))
    return found


def listed(found):
    return list(zip(found.reference.tolist(), found.questioned.tolist(), found.distance.tolist(), strict=True))


@given(
    seed=st.integers(0, 1000), n=st.integers(2, 70), m=st.integers(2, 40), width=st.sampled_from([8, 12, 32, 61])
)
@settings(max_examples=15, deadline=None)
def test_oracle_bits_are_matched_as_by_counting_one_by_one(seed, n, m, width):
    rng = np.random.default_rng(seed)
    first = bits(rng, n, width)
    second = np.concatenate([first[: m // 2] ^ (bits(rng, min(n, m // 2), width) & 17), bits(rng, m, width)])
    for ratio in (1.0, 0.8):
        assert listed(match(features(first), features(second), ratio=ratio)) == slow_matches(first, second, ratio)


@given(seed=st.integers(0, 1000), kind=st.sampled_from([np.uint8, np.float32]))
@settings(max_examples=15, deadline=None)
def test_oracle_numbers_are_matched_as_by_their_distances(seed, kind):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 200, (40, 128)).astype(kind)
    second = np.concatenate([first[:20] + rng.integers(0, 40, (20, 128)).astype(kind), first[::-1][:10] // 2])
    found = match(features(first, metric="euclidean"), features(second.astype(kind), metric="euclidean"))
    distances = np.linalg.norm(first[:, None].astype(float) - second.astype(kind).astype(float), axis=2)
    nearest = distances.argmin(axis=1)
    rows = [i for i in range(40) if distances[:, nearest[i]].argmin() == i]
    assert found.reference.tolist() == rows
    assert found.questioned.tolist() == nearest[rows].tolist()
    assert np.allclose(found.distance, distances[rows, nearest[rows]], rtol=1e-3, atol=0.5)


@given(seed=st.integers(0, 1000), ratio=st.sampled_from([1.0, 0.9, 0.7]))
@settings(max_examples=15, deadline=None)
def test_property_swapping_the_pictures_pairs_the_same_keypoints(seed, ratio):
    rng = np.random.default_rng(seed)
    first = bits(rng, 60)
    second = np.concatenate([first[::-2] ^ (bits(rng, 30) & bits(rng, 30) & bits(rng, 30)), bits(rng, 40)])
    there = {(i, j) for i, j, _ in listed(match(features(first), features(second), ratio=ratio))}
    back = {(i, j) for j, i, _ in listed(match(features(second), features(first), ratio=ratio))}
    assert there == back
    assert len(there) > 15


def test_truth_opposite_bits_are_as_far_as_can_be():
    """256 differing bits do not wrap round to none."""
    zero, one = np.zeros((1, 32), np.uint8), np.full((1, 32), 255, np.uint8)
    assert listed(match(features(zero), features(one))) == [(0, 0, 256.0)]
    near = np.concatenate([one, zero ^ 1])
    assert listed(match(features(zero), features(near))) == [(0, 1, 32.0)]


def test_truth_a_keypoint_with_two_equal_partners_has_no_match():
    rng = np.random.default_rng(6)
    one, other = bits(rng, 1), bits(rng, 1)
    twice = features(np.concatenate([one, one, other]))
    single = features(np.concatenate([one, other]))
    assert listed(match(twice, single)) == [(2, 1, 0.0)]
    assert listed(match(single, twice)) == [(1, 2, 0.0)]


def test_truth_a_ratio_leaves_out_what_has_a_rival_on_either_side():
    base = np.zeros((1, 32), np.uint8)
    rival = base.copy()
    rival[0, 0] = 1
    pair = np.concatenate([base, rival])
    far = np.full((1, 32), 255, np.uint8)
    close = base.copy()
    close[0, 1] = 1
    assert len(match(features(np.concatenate([close, far])), features(pair), ratio=0.8)) == 1
    assert (
        len(match(features(np.concatenate([close, far])), features(np.concatenate([base, far])), ratio=0.8)) == 2
    )
    assert len(match(features(pair), features(np.concatenate([close, far])), ratio=0.8)) == 1
    assert len(match(features(close), features(pair))) == 1


def test_property_many_are_matched_as_one_by_one():
    rng = np.random.default_rng(2)
    questioned = features(bits(rng, 70))
    references = [features(bits(rng, n)) for n in (50, 1, 0, 90)]
    together = [listed(each) for each in match_many(questioned, references)]
    assert together == [listed(match(each, questioned)) for each in references]
    assert together[2] == []
    assert len(together[0]) > 5
    assert listed(match(questioned, features(bits(rng, 0)))) == []


def test_truth_features_that_do_not_compare_are_refused():
    rng = np.random.default_rng(2)
    good = features(bits(rng, 3))
    for other in (
        features(bits(rng, 3), extractor="other"),
        features(bits(rng, 3), metric="euclidean"),
        features(bits(rng, 3, 16)),
    ):
        with pytest.raises(ParameterError, match="extract both alike"):
            match(good, other)
    for ratio in (0.0, 1.1, float("nan")):
        with pytest.raises(ParameterError, match="ratio"):
            match(good, good, ratio=ratio)


# One rotation and one scale


def voters(rng, *, true, chance, turn_deg, scale):
    """Matches of which the first ``true`` ones turn and grow alike."""
    n = true + chance
    angle, size = rng.uniform(0, 360, n), rng.uniform(25, 80, n)
    other_angle, other_size = rng.uniform(0, 360, n), rng.uniform(25, 80, n)
    other_angle[:true] = (angle[:true] + turn_deg + rng.normal(0, 6, true)) % 360
    other_size[:true] = size[:true] * scale * np.exp(rng.normal(0, 0.07, true))
    descriptors = bits(rng, n)
    ends = (
        features(descriptors, angle_deg=angle, size=size),
        features(descriptors, angle_deg=other_angle, size=other_size),
    )
    order = np.arange(n)
    return Matches(reference=order, questioned=order, distance=np.zeros(n, np.float32)), *ends


@pytest.mark.parametrize("turn_deg", [0.0, 93.0, 179.0, -178.0, 355.0])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("known", [True, False])
def test_truth_true_matches_are_the_densest_and_chance_is_mostly_gone(turn_deg, scale, known):
    matches, *ends = voters(np.random.default_rng(4), true=40, chance=160, turn_deg=turn_deg, scale=scale)
    groups = consistent(matches, *ends, fixed_scale=scale if known else None)
    kept = groups[0].reference
    assert np.count_nonzero(kept < 40) >= 37
    assert np.count_nonzero(kept >= 40) < 40


def test_truth_groups_are_densest_first_and_of_different_rotations():
    rng = np.random.default_rng(5)
    matches, first, second = voters(rng, true=60, chance=0, turn_deg=20.0, scale=1.0)
    angle = second.angle_deg.copy()
    angle[40:] = (angle[40:] + 150) % 360
    fields = {name: getattr(second, name) for name in second.__dataclass_fields__}
    second = Features(**{**fields, "angle_deg": angle})
    groups = consistent(matches, first, second, candidates=2)
    assert [len(group) for group in groups] == [40, 20]
    assert len(consistent(matches, first, second, candidates=1)) == 1


def test_truth_another_scale_than_the_known_one_has_no_vote():
    matches, *ends = voters(np.random.default_rng(4), true=40, chance=0, turn_deg=20.0, scale=2.0)
    assert sum(map(len, consistent(matches, *ends, fixed_scale=1.0))) <= 2
    assert len(consistent(matches, *ends, fixed_scale=2.0)[0]) >= 38


def test_truth_no_matches_make_no_groups_and_bad_options_are_refused():
    matches, *ends = voters(np.random.default_rng(4), true=3, chance=0, turn_deg=20.0, scale=1.0)
    assert consistent(matches[:0], *ends) == ()
    for options in ({"fixed_scale": 0.0}, {"fixed_scale": float("inf")}, {"candidates": 0}):
        with pytest.raises(ParameterError, match="found"):
            consistent(matches, *ends, **options)
