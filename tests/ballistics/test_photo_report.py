"""The page of two compared photographs: self-contained, with what was drawn in its place."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ballistics.errors import OutputError
from ballistics.page.picture_drawings import (
    DrawnPicture,
    draw_pair,
    drawn_points,
    photo_picture,
    region_outline,
    shown_pixels,
    source_drawing,
)
from ballistics.parameters import default_picture_set
from ballistics.photographs.exhibit import prepare_photograph, prepare_scan
from ballistics.photographs.pair import PictureComparison, compare_pictures
from ballistics.photographs.region import find_region
from ballistics.photographs.report import render_picture_report, write_picture_report
from ballistics.photographs.wording import CLOSING
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.photo_files import open_photo
from imaging.surface import Finding
from imaging.synthetic import Pair, pair

CHOSEN = default_picture_set("breech face")


@pytest.fixture(scope="module")
def marks() -> Pair:
    return pair(np.random.default_rng(5), correlation=0.95, angle_deg=25.0, shift_um=(40.0, -60.0), pixel_um=10.0)


@pytest.fixture(scope="module")
def photos(marks: Pair) -> tuple[Photo, Photo]:
    first, second = (photograph(each, Light(kind="ring")) for each in (marks.reference, marks.questioned))
    return first, second


@pytest.fixture(scope="module")
def result(photos: tuple[Photo, Photo]) -> PictureComparison:
    found = compare_pictures(*(prepare_photograph(each, CHOSEN) for each in photos))
    assert isinstance(found, PictureComparison)
    return found


def decoded(picture: DrawnPicture) -> np.ndarray:
    content = base64.b64decode(picture.uri.removeprefix("data:image/png;base64,"))
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found


def test_page_holds_number_figures_limits_and_loads_nothing(result: PictureComparison) -> None:
    page = render_picture_report(result)
    assert f'class="big">{result.score:.2f}<' in page
    for text in (CLOSING, "The light decides", "Separate places", "Where the pictures agree", CHOSEN.hash):
        assert text in page
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest", page)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert page == render_picture_report(result)


def test_policy_fits_the_styles_and_the_script(result: PictureComparison) -> None:
    page = render_picture_report(result)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    allowed = policy[1].replace("&#39;", "'").replace("&#43;", "+")
    assert "unsafe" not in allowed
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed
    assert ".match circle" in page


def test_refused_pair_gets_a_page_without_a_score(photos: tuple[Photo, Photo]) -> None:
    blank = Photo(pixels=np.full((300, 300), 90, np.uint8))
    refused = compare_pictures(*(prepare_photograph(each, CHOSEN) for each in (photos[0], blank)))
    page = render_picture_report(refused)
    assert "No comparison was made" in page
    assert 'class="big"' not in page
    assert page.count('class="stack"') == 2


def test_pair_without_a_pose_is_not_laid_on_each_other(result: PictureComparison) -> None:
    page = render_picture_report(replace(result, pose=None, agreement=None))
    assert "No pose was found" in page
    assert 'class="stage"' not in page


def test_texts_from_files_cannot_become_markup(photos: tuple[Photo, Photo]) -> None:
    evil = "<script>alert(1)</script>"
    origin = photos[0].provenance.model_copy(
        update={
            "path": f"/tmp/{evil}.png",
            "findings": (Finding(code="lossy", severity="doubt", message=evil),),
            "metadata": {evil: evil},
        }
    )
    marked = replace(photos[0], provenance=origin)
    accepted = compare_pictures(
        prepare_photograph(marked, CHOSEN, accept=["lossy"]), prepare_photograph(photos[1], CHOSEN)
    )
    for each in (
        accepted,
        compare_pictures(prepare_photograph(marked, CHOSEN), prepare_photograph(marked, CHOSEN)),
    ):
        assert evil not in render_picture_report(each)


def test_questioned_picture_lies_on_the_reference(result: PictureComparison) -> None:
    laid = draw_pair(result)
    assert laid is not None
    for first, second in laid.views.values():
        a, b = (decoded(each).astype(float) for each in (first, second))
        assert a.shape == b.shape
        common = (a > 1) & (b > 1) & (a != 128) & (b != 128)
        near = np.corrcoef(cv2.blur(a, (5, 5))[common], cv2.blur(b, (5, 5))[common])[0, 1]
        beside = np.corrcoef(cv2.blur(a, (5, 5))[common], np.roll(cv2.blur(b, (5, 5)), 25, axis=1)[common])[0, 1]
        assert near > 0.75 > 0.4 > beside
    assert result.agreement is not None
    shown = decoded(laid.agreement)[..., 3] > 0
    known = np.isfinite(result.agreement.local).mean() * result.agreement.local.size
    factor = result.reference.small.factor
    frame = laid.agreement.columns * laid.agreement.rows / (1.1 * max(result.reference.picture.shape)) ** 2
    assert shown.sum() == pytest.approx(known * factor**2 * frame, rel=0.03)


def test_outline_encloses_the_mark(photos: tuple[Photo, Photo]) -> None:
    region = find_region(photos[0], "breech face")
    drawn = np.zeros(region.mask.shape, np.uint8)
    rings = [
        np.array([point.split(",") for point in part.strip("MZ").split("L")], float).round().astype(np.int32)
        for part in re.findall(r"M[^Z]*Z", region_outline(region))
    ]
    cv2.fillPoly(drawn, rings, 1)
    assert (drawn & region.mask).sum() / (drawn | region.mask).sum() > 0.95


def test_points_keep_their_numbers_while_they_are_few(result: PictureComparison) -> None:
    first, second = drawn_points(result)
    assert len(first) == len(second) == result.inliers
    assert {each.label for each in first} == {""}
    assert result.pose is not None
    few = np.zeros_like(result.pose.inliers)
    few[np.flatnonzero(result.pose.inliers)[:7]] = True
    first, second = drawn_points(replace(result, pose=replace(result.pose, inliers=few)))
    assert [each.label for each in first] == [each.label for each in second] == list("1234567")
    assert [each.y for each in first] == sorted(each.y for each in first)


def test_scans_as_pictures_have_a_page_too(marks: Pair) -> None:
    found = compare_pictures(*(prepare_scan(each, CHOSEN) for each in (marks.reference, marks.questioned)))
    page = render_picture_report(found)
    assert "brightness is height" in page
    assert isinstance(found, PictureComparison)
    laid = draw_pair(found)
    assert laid is not None
    assert decoded(laid.views["detail"][1]).std() > 10


@pytest.mark.parametrize(("top", "kind"), [(255, np.uint8), (4095, np.uint16), (65535, np.uint16)])
def test_deep_and_coloured_photographs_are_shown_bright(top: int, kind: type[np.unsignedinteger[Any]]) -> None:
    ramp = np.tile(np.linspace(0, top, 400), (300, 1))
    photo = Photo(pixels=np.dstack([ramp] * 3).astype(kind), pixel_um=5.0)
    assert shown_pixels(photo).max() >= 254
    drawn = source_drawing(photo)
    assert (drawn.columns, drawn.rows) == (400, 300)
    assert drawn.bar == (100.0, "500 µm")
    assert photo_picture(photo).shape == (300, 400, 3)


def test_large_photographs_are_reduced_but_drawings_keep_their_pixels() -> None:
    drawn = source_drawing(Photo(pixels=np.zeros((1944, 2592), np.uint8)))
    assert max(drawn.width, drawn.height) == 800
    assert drawn.box == "-0.5 -0.5 2592.000 1944.000"
    assert drawn.bar is None


def test_page_is_never_written_over(result: PictureComparison, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_picture_report(result, page)
    with pytest.raises(OutputError, match="exists"):
        write_picture_report(result, page)
    write_picture_report(result, page, overwrite=True)


def test_real_photographs_fill_a_page_of_moderate_size(data: Path) -> None:
    files = sorted((data / "images_2d").glob("NBIDE*.png"))
    found = compare_pictures(*(prepare_photograph(open_photo(each, pixel_um=2.53), CHOSEN) for each in files))
    assert isinstance(found, PictureComparison)
    assert found.angle_deg == pytest.approx(15.0, abs=3.0)
    page = render_picture_report(found)
    assert "clockwise" in page
    assert len(page) < 8_000_000
