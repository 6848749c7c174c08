from __future__ import annotations

import math
from importlib.metadata import EntryPoint

import cv2
import numpy as np
import pytest

from imaging import extractors
from imaging.errors import ParameterError
from imaging.extractors import Orb, Sift, extractor, spread
from imaging.features import Extractor

EVERY = [Orb(points=400), Sift(points=400, root=False), Sift(points=400)]


def names(extractor):
    return extractor.name


def texture(seed=1, side=280):
    """Grains of several sizes."""
    rng = np.random.default_rng(seed)
    total = sum(cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), s) * s for s in (1.2, 2.5, 5.0))
    return np.clip(128 + 40 * total / total.std(), 0, 255).astype(np.uint8)


def disc(side=280, radius=120, centre=None):
    y, x = np.mgrid[:side, :side]
    cx, cy = centre or ((side - 1) / 2, (side - 1) / 2)
    return np.hypot(x - cx, y - cy) <= radius


def turned(picture, angle_deg):
    """Turn the content about the middle, +x towards +y."""
    middle = (picture.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), -angle_deg, 1.0)
    return cv2.warpAffine(
        picture, matrix, picture.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def moved(points, angle_deg, middle):
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return (points - middle) @ np.array([[c, s], [-s, c]]) + middle


@pytest.mark.parametrize("each", EVERY, ids=names)
def test_truth_directions_turn_with_the_picture(each):
    """Each keypoint that is found again has turned by as much as the picture, with that sign."""
    mask, middle, angle = disc(), 139.5, 40.0
    before, after = each.extract(texture(), mask), each.extract(turned(texture(), angle), mask)
    places = moved(before.points, angle, middle)
    gap = np.hypot(*(places[:, None] - after.points).transpose(2, 0, 1)) + 10 * np.abs(
        np.log(before.size[:, None] / after.size)
    )
    nearest = gap.argmin(axis=1)
    again = gap[np.arange(len(gap)), nearest] < 1.5
    turn = (after.angle_deg[nearest[again]] - before.angle_deg[again] - angle + 180) % 360 - 180
    assert again.sum() > 100
    assert abs(np.median(turn)) < 3
    assert np.mean(np.abs(turn) < 15) > 0.7


@pytest.mark.parametrize("each", EVERY, ids=names)
@pytest.mark.parametrize("angle", [17.0, 90.0, 201.0])
def test_truth_most_places_are_found_again_under_a_turn(each, angle):
    mask = disc()
    before, after = each.extract(texture(), mask), each.extract(turned(texture(), angle), mask)
    places = moved(before.points, angle, 139.5)
    nearest = np.hypot(*(places[:, None] - after.points).transpose(2, 0, 1)).min(axis=1)
    assert np.mean(nearest < 2.0) > 0.5


@pytest.mark.parametrize("each", EVERY, ids=names)
def test_property_nothing_outside_the_mask_counts(each):
    """Neither where points lie nor what their surroundings look like depends on what is outside."""
    mask = disc(radius=90, centre=(120, 150))
    inside = texture()
    other = np.where(mask, inside, texture(seed=9))
    first, second = each.extract(inside, mask), each.extract(other, mask)
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.descriptors, second.descriptors)
    column, row = np.rint(first.points).astype(int).T
    assert mask[row, column].all()


@pytest.mark.parametrize("each", EVERY, ids=names)
def test_property_a_full_mask_is_no_mask(each):
    first, second = each.extract(texture()), each.extract(texture(), np.ones((280, 280), bool))
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.descriptors, second.descriptors)


@pytest.mark.parametrize("each", EVERY, ids=names)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_truth_a_blank_picture_has_no_keypoints(each, level):
    found = each.extract(np.full((200, 200), level, np.uint8), disc(200, 80))
    assert len(found) == 0
    assert found.descriptors.ndim == 2
    assert found.descriptors.shape[1] == each.extract(texture()).descriptors.shape[1]


@pytest.mark.parametrize("each", EVERY, ids=names)
@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (40, 5)])
def test_truth_a_tiny_picture_or_an_empty_mask_has_no_keypoints(each, shape):
    assert len(each.extract(texture()[: shape[0], : shape[1]].copy())) == 0
    assert len(each.extract(texture(), np.zeros((280, 280), bool))) == 0


def test_truth_no_more_points_than_asked_and_the_pixel_size_is_kept():
    found = Orb(points=37).extract(texture(), pixel_um=12.5)
    assert len(found) == 37
    assert found.pixel_um == 12.5
    with pytest.raises(ParameterError, match="1 or more"):
        Orb(points=0).extract(texture())


def test_truth_rootsift_takes_the_root_of_the_share():
    """RootSIFT of the same keypoints, from the SIFT descriptors, to their quantisation."""
    plain, root = (Sift(points=200, root=r).extract(texture()) for r in (False, True))
    assert np.array_equal(plain.points, root.points)
    values = plain.descriptors.astype(float)
    expected = 512 * np.sqrt(values / values.sum(axis=1, keepdims=True))
    fine = values > 8
    assert np.abs(np.minimum(expected, 255) - root.descriptors)[fine].max() < 12
    assert np.corrcoef(expected[fine], root.descriptors[fine])[0, 1] > 0.999


def test_truth_points_cover_a_mark_whose_strongest_corners_are_in_one_place():
    faint = cv2.addWeighted(texture(), 0.25, np.full((280, 280), 128, np.uint8), 0.75, 0)
    picture = faint.copy()
    picture[:, :90] = texture()[:, :90]
    found = Orb(points=300).extract(picture, disc())
    thirds = np.histogram(found.points[:, 0], bins=[20, 100, 180, 260])[0]
    assert thirds.min() > 40


def test_truth_the_strongest_of_a_cell_comes_first_and_cells_take_turns():
    rng = np.random.default_rng(3)
    corners = np.array([[20.0, 20], [80, 20], [20, 80], [80, 80]])
    points = np.repeat(corners, 5, axis=0)
    response = rng.permutation(20).astype(float)
    chosen = spread(points, response, np.ones((101, 101), bool), 20)
    by_rank = response[chosen].reshape(5, 4)
    assert sorted(chosen) == list(range(20))
    for rank in range(5):
        assert {int(index) // 5 for index in chosen[4 * rank : 4 * rank + 4]} == {0, 1, 2, 3}
        assert (np.diff(by_rank[rank]) < 0).all()


def test_property_a_turn_of_a_quarter_chooses_the_same_points():
    rng = np.random.default_rng(5)
    points, response = rng.uniform(5, 195, (2000, 2)), rng.random(2000)
    quarter = np.stack([199 - points[:, 1], points[:, 0]], axis=1)
    mask = disc(200, 95)
    first, second = (spread(each, response, mask, 500) for each in (points, quarter))
    assert len(np.intersect1d(first, second)) > 495


def test_truth_known_names_and_an_unknown_one():
    assert [extractor(name).name for name in ("orb", "sift", "rootsift")] == ["orb", "sift", "rootsift"]
    with pytest.raises(ParameterError, match=r"'surf' found; orb, sift, rootsift are known.*entry point group"):
        extractor("surf")


def test_journey_a_laboratory_plugs_in_its_own(monkeypatch):
    offered = [
        EntryPoint("few", f"{__name__}:Few", extractors.GROUP),
        EntryPoint("broken", "builtins:dict", extractors.GROUP),
    ]
    monkeypatch.setattr(EntryPoint, "load", lambda self: {"few": Few, "broken": dict}[self.name])
    monkeypatch.setattr(extractors, "entry_points", lambda group: offered if group == extractors.GROUP else [])
    mine = extractor("few")
    assert isinstance(mine, Extractor)
    assert len(mine.extract(texture(), disc())) == 9
    with pytest.raises(ParameterError, match=r"builtins:dict found under the extractor 'broken'"):
        extractor("broken")
    with pytest.raises(ParameterError, match="broken, few are known"):
        extractor("surf")


class Few:
    name = "few"

    def extract(self, picture, mask=None, *, pixel_um=None):
        return Orb(points=9).extract(picture, mask, pixel_um=pixel_um)
