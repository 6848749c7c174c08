"""The JSON of compared photographs and the poses that the microscope gets, against pairs of known truth."""

from __future__ import annotations

import json
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ballistics.contract import ComparisonRecord
from ballistics.microscope import Similarity
from ballistics.parameters import default_picture_set
from ballistics.photographs.contract import PictureRecord, picture_record
from ballistics.photographs.exhibit import prepare_photograph, prepare_scan
from ballistics.photographs.pair import NoPictureComparison, PictureComparison, compare_pictures
from ballistics.photographs.summary import headline, middle_shift, picture_measures, source_kind
from ballistics.photographs.view import picture_view, view_pose
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.pose import Pose
from imaging.synthetic import Pair, pair

ANGLE_DEG, SHIFT_UM, PIXEL_UM = 25.0, (40.0, -60.0), 10.0
CHOSEN = default_picture_set("breech face")


@pytest.fixture(scope="module")
def marks() -> Pair:
    return pair(
        np.random.default_rng(5), correlation=0.95, angle_deg=ANGLE_DEG, shift_um=SHIFT_UM, pixel_um=PIXEL_UM
    )


def ring(marks: Pair) -> tuple[Photo, Photo]:
    first, second = (photograph(each, Light(kind="ring")) for each in (marks.reference, marks.questioned))
    return first, second


def compared(first: Photo, second: Photo) -> PictureComparison:
    result = compare_pictures(*(prepare_photograph(each, CHOSEN) for each in (first, second)))
    assert isinstance(result, PictureComparison)
    return result


def unscaled(photo: Photo) -> Photo:
    return Photo(pixels=photo.pixels, light=photo.light)


def enlarged(photo: Photo, factor: float, *, left: int, top: int) -> Photo:
    """A larger picture of unknown scale with a black margin on two sides, so that the mark is off the middle."""
    pixels = cv2.resize(photo.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    return Photo(pixels=np.pad(pixels, ((top, 0), (left, 0))))


@pytest.fixture(scope="module")
def known(marks: Pair) -> PictureComparison:
    return compared(*ring(marks))


@pytest.fixture(scope="module")
def unknown(marks: Pair) -> PictureComparison:
    first, second = ring(marks)
    return compared(unscaled(first), enlarged(second, 1.5, left=60, top=25))


def test_pose_in_micrometres_is_the_one_the_pair_was_made_with(known: PictureComparison) -> None:
    record = picture_record(known)
    assert record.pose is not None
    assert record.pose.angle_deg == pytest.approx(ANGLE_DEG, abs=0.1)
    assert (record.pose.dx_um, record.pose.dy_um) == pytest.approx(SHIFT_UM, abs=0.2 * PIXEL_UM)
    assert record.similarity is not None
    assert (record.similarity.dx_px, record.similarity.dy_px) == pytest.approx(
        (record.pose.dx_um / PIXEL_UM, record.pose.dy_um / PIXEL_UM), abs=1e-3
    )
    assert record.similarity.magnification == pytest.approx(1.0, abs=1e-6)


def test_without_a_scale_the_magnification_is_measured_and_no_micrometre_is_told(
    unknown: PictureComparison,
) -> None:
    record = picture_record(unknown)
    assert record.pose is None
    assert [each.pixel_um for each in record.inputs] == [None, None]
    assert record.similarity is not None
    assert record.similarity.magnification == pytest.approx(1.5, rel=0.01)
    assert record.similarity.angle_deg == pytest.approx(ANGLE_DEG, abs=0.5)
    assert "scale not known for both" in picture_measures(unknown)["Pose of the questioned"]


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_matrix_takes_matched_points_to_their_partners(name: str, request: pytest.FixtureRequest) -> None:
    result: PictureComparison = request.getfixturevalue(name)
    record = picture_record(result)
    assert record.similarity is not None
    matrix = np.array(record.similarity.matrix)
    first, second = result.points()
    assert len(first) == record.counts["inliers"] > 50
    apart = np.hypot(*(first @ matrix[:, :2].T + matrix[:, 2] - second).T)
    assert np.median(apart) < 2.0 * record.similarity.magnification


def test_record_keeps_the_contract_and_adds_to_it(known: PictureComparison) -> None:
    record = picture_record(known)
    content = json.loads(record.model_dump_json())
    assert set(ComparisonRecord.model_fields) < set(content)
    assert PictureRecord.model_validate_json(record.model_dump_json()) == record
    assert content["contract"] == 1
    assert content["method"] == "keypoints"
    assert content["score"] == {"name": "correlation", "value": round(known.score, 6)}
    assert set(content["counts"]) == {"matches", "inliers", "support", "chance_support"}
    assert content["inputs"][0]["light"] == {"kind": "ring", "azimuth_deg": None}
    assert [each["role"] for each in content["regions"]] == ["reference", "questioned"]
    assert 0 < content["agreeing"] <= 1
    assert 0 < content["overlap"] <= 1
    assert content["experimental"] is False


def test_swapping_turns_the_pose_round_and_changes_no_figure(marks: Pair, known: PictureComparison) -> None:
    there, back = picture_record(known), picture_record(compared(*ring(marks)[::-1]))
    assert back.score == there.score
    assert back.counts == there.counts
    assert there.similarity is not None
    assert back.similarity is not None
    product = np.vstack([there.similarity.matrix, (0, 0, 1)]) @ np.vstack([back.similarity.matrix, (0, 0, 1)])
    np.testing.assert_allclose(product, np.eye(3), atol=1e-4)


def test_pictures_without_a_pose_score_nothing(marks: Pair) -> None:
    other = photograph(
        pair(np.random.default_rng(6), same_source=False, pixel_um=PIXEL_UM).reference, Light(kind="ring")
    )
    result = compared(ring(marks)[0], other)
    assert result.agreement is None
    record = picture_record(result)
    assert record.comparable
    assert record.score is not None
    assert record.score.value == 0
    assert (record.pose, record.similarity, record.agreeing, record.overlap) == (None, None, None, None)
    assert "no pose" in headline(result)
    assert view_pose(result) is None
    assert "no pose was found" in picture_view(result)


def test_refused_pair_has_its_reason_and_both_inputs(marks: Pair) -> None:
    blank = Photo(pixels=np.full((300, 300), 90, np.uint8))
    result = compare_pictures(*(prepare_photograph(each, CHOSEN) for each in (ring(marks)[0], blank)))
    assert isinstance(result, NoPictureComparison)
    record = picture_record(result)
    assert not record.comparable
    assert record.score is None
    assert record.reason == result.reason
    assert [each.pixel_um for each in record.inputs] == [(PIXEL_UM, PIXEL_UM), None]


def test_only_a_scan_that_meets_a_photograph_is_experimental(marks: Pair) -> None:
    scans = [prepare_scan(each, CHOSEN) for each in (marks.reference, marks.questioned)]
    lit, plain = ring(marks)[0], unscaled(ring(marks)[1])
    assert [source_kind(each) for each in (marks.reference, lit, plain)] == [
        "scan",
        "photographed scan",
        "photograph",
    ]
    both = compare_pictures(*scans)
    assert isinstance(both, PictureComparison)
    record = picture_record(both)
    assert not record.experimental
    assert record.inputs[0].light is None
    assert record.pose is not None
    assert record.pose.dx_um == pytest.approx(SHIFT_UM[0], abs=0.2 * PIXEL_UM)
    assert picture_record(compared(lit, plain)).experimental


def place_in_similarity(result: PictureComparison, found: Similarity) -> Callable[[np.ndarray], np.ndarray]:
    """Where the microscope puts a pixel of the reference, by its documented meaning of a similarity."""
    first, second = ((np.array(each.source.shape[::-1]) - 1) / 2 for each in (result.reference, result.questioned))
    c, s = found.scale * np.cos(found.angle), found.scale * np.sin(found.angle)
    turned = np.array([[c, -s], [s, c]])
    return lambda points: (points - first) @ turned.T + (found.dx, found.dy) + second


def test_similarity_of_the_microscope_is_the_matrix(unknown: PictureComparison) -> None:
    found = view_pose(unknown)
    assert isinstance(found, Similarity)
    matrix = unknown.matrix
    assert matrix is not None
    ny, nx = unknown.reference.source.shape
    corners = np.array([(0.0, 0.0), (nx - 1.0, 0.0), (0.0, ny - 1.0), (nx - 1.0, ny - 1.0)])
    expected = corners @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(place_in_similarity(unknown, found)(corners), expected, atol=0.02)
    middle = np.array([[(nx - 1) / 2, (ny - 1) / 2]])
    shift = middle_shift(unknown)
    assert shift is not None
    np.testing.assert_allclose((found.dx, found.dy), shift, atol=0.02)
    expected = middle @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(place_in_similarity(unknown, found)(middle), expected, atol=0.02)


def test_pose_of_the_microscope_is_in_metres_where_both_scales_are_known(known: PictureComparison) -> None:
    found = view_pose(known)
    assert isinstance(found, Pose)
    assert found.angle_deg == pytest.approx(ANGLE_DEG, abs=0.1)
    assert (found.dx_um, found.dy_um) == pytest.approx(SHIFT_UM, abs=0.2 * PIXEL_UM)
    first, second = known.points()
    middles = [(np.array(each.source.shape[::-1]) - 1) / 2 for each in (known.reference, known.questioned)]
    moved = found.apply((first - middles[0]) * PIXEL_UM * 1e-6)
    apart = np.hypot(*(moved - (second - middles[1]) * PIXEL_UM * 1e-6).T)
    assert np.median(apart) < 2.0 * PIXEL_UM * 1e-6


def test_view_draws_the_matched_points(known: PictureComparison) -> None:
    page = picture_view(known)
    content = json.loads(page.split('id="exhibits">')[1].split("</script>")[0])
    outlines = content["points"][0]["outlines"]
    assert len(outlines[0]) == known.inliers
    assert content["placement"]["angle"] == pytest.approx(-ANGLE_DEG, abs=0.1)
    assert [side["kind"] for side in content["sides"]] == ["picture", "picture"]


def test_view_can_show_the_scan_that_was_photographed(marks: Pair, known: PictureComparison) -> None:
    page = picture_view(known, shown=(marks.reference, known.questioned.source))
    content = json.loads(page.split('id="exhibits">')[1].split("</script>")[0])
    assert [side["kind"] for side in content["sides"]] == ["heights", "picture"]
