"""The page of the comparison microscope, without a browser: what it carries, where it lays it, what it refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballistics.compare import Comparison, compare
from ballistics.errors import OptionError
from ballistics.microscope import (
    Cells,
    HeightSide,
    MatchPoints,
    PictureSide,
    Side,
    Similarity,
    comparison_view,
    microscope_page,
    scan_side,
)
from imaging.pose import Pose
from imaging.surface import Finding, Provenance, Surface
from imaging.synthetic import pair

VOID = {"meta", "input", "rect", "br"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "formaction"}


class Page(HTMLParser):
    """Collects what matters of a page and checks that its elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.fields: set[str] = set()
        self.labelled: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag == "input" and "label" not in self.open:
            self.fields.add(values.get("id") or "")
        if tag == "label" and values.get("for"):
            self.labelled.add(values["for"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def carried(page: str) -> dict[str, Any]:
    """The data block of a page."""
    found = re.search(r'<script type="application/json" id="exhibits">(.*?)</script>', page, re.S)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def heights_of(side: dict[str, Any]) -> np.ndarray:
    """Unpack heights in micrometres above the lowest code."""
    low, high = np.frombuffer(zlib.decompress(base64.b64decode(side["data"])), np.uint8).reshape(2, -1)
    differences = (low + 256 * high.astype(np.int64)).reshape(side["rows"], side["columns"])
    codes = differences.cumsum(axis=1) % 65536
    return np.where(codes == 0, np.nan, (codes - 1) * side["step_um"])


def rough(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4.0, shape).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 2.0)


def flat(title: str, shape: tuple[int, int] = (80, 120), pixel_um: float = 2.0) -> HeightSide:
    return HeightSide(heights_um=rough(shape), spacing_um=(pixel_um, pixel_um), title=title)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    marks = pair(np.random.default_rng(3), correlation=0.7, angle_deg=30.0, shift_um=(80.0, 40.0))
    found = compare(marks.reference, marks.questioned)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture(scope="module")
def page(comparison: Comparison) -> str:
    return comparison_view(comparison)


def test_page_loads_nothing_and_can_be_named_by_a_screen_reader(page: str) -> None:
    parsed = Page(page)
    assert not parsed.loads
    assert not parsed.handlers
    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.fields
    assert parsed.fields <= parsed.labelled
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|WebSocket|import\(", page)


def test_policy_allows_just_the_styles_and_the_script_of_the_page(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    allowed = policy[1].replace("&#39;", "'").replace("&#43;", "+")
    assert allowed.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in allowed
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed


def test_texts_from_files_cannot_become_markup() -> None:
    evil = "</script><script>alert(1)</script><!--\x1b\udcff"
    side = HeightSide(
        heights_um=rough((80, 80)), spacing_um=(1.0, 1.0), title=evil, sha256=evil, provenance=(evil,)
    )
    square = np.zeros((1, 4, 2))
    cells = Cells(left=square, right=square, colours=("#00ff00",), labels=(evil,), legend={"#00ff00": evil})
    text = microscope_page(side, side, marks=[cells])
    assert text.count("<script") == 3
    assert "<!--" not in text
    assert "\x1b" not in text
    text.encode()
    Page(text)
    assert carried(text)["sides"][0]["title"].startswith("</script><script>alert(1)")


def test_heights_arrive_within_half_a_step() -> None:
    heights = rough((90, 130))
    heights[20:40, 30:60] = np.nan
    heights[0, 0] = np.nan
    side = HeightSide(heights_um=heights + 1000, spacing_um=(2.0, 2.0), title="one")
    packed = carried(microscope_page(side, side))["sides"][0]
    found = heights_of(packed)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(heights))
    away = found - heights
    assert np.nanmax(away) - np.nanmin(away) <= 1.01 * packed["step_um"] + 2e-4
    assert not packed["clipped"]
    steep = np.nanpercentile(np.abs(np.diff(heights, axis=1)), 90)
    assert packed["step_um"] < steep / 50


def test_spikes_cost_no_resolution_and_are_counted() -> None:
    heights = rough((90, 130))
    heights[5, 5], heights[50, 60] = 5000.0, -5000.0
    plain = carried(microscope_page(flat("one", (90, 130)), flat("two")))["sides"][0]
    side = HeightSide(heights_um=heights, spacing_um=(2.0, 2.0), title="one")
    packed = carried(microscope_page(side, side))["sides"][0]
    assert packed["clipped"] == 2
    assert any(line == "outliers cut off on this page: 2 points" for line in packed["provenance"])
    assert packed["step_um"] == pytest.approx(plain["step_um"], rel=0.1)


def test_large_sides_are_reduced_over_measured_points_only() -> None:
    fine = np.kron(rough((700, 500)), np.ones((4, 4), np.float32))
    holes = np.zeros(fine.shape, bool)
    holes[1::4, ::4] = True
    holes[:400, :400] = True
    side = HeightSide(heights_um=np.where(holes, np.float32(np.nan), fine), spacing_um=(1.0, 1.0), title="one")
    page = microscope_page(side, side, largest=700)
    assert len(page) < 3e6
    packed = carried(page)["sides"][0]
    assert (packed["rows"], packed["columns"]) == (700, 500)
    assert (packed["width"], packed["height"]) == (2000.0, 2800.0)
    assert "reduced for this page from 2000 x 2800 to 500 x 700 points" in packed["provenance"]
    found = heights_of(packed)
    assert np.isnan(found[:100, :100]).all()
    assert np.isfinite(found).sum() == 700 * 500 - 100 * 100
    away = found - rough((700, 500))
    assert np.nanmax(away) - np.nanmin(away) < 1.1 * packed["step_um"]
    assert packed["extent"] == [0.0, 0.0, 1.0, 1.0]


def test_page_opens_on_the_mark_and_chooses_the_relief_for_it() -> None:
    heights = rough((100, 200))
    heights[:, 100:] *= 50
    area = np.zeros(heights.shape, bool)
    area[20:80, 10:90] = True
    marked = HeightSide(heights_um=heights, spacing_um=(1.0, 1.0), title="one", area=area)
    whole = HeightSide(heights_um=heights, spacing_um=(1.0, 1.0), title="one")
    content, other = (carried(microscope_page(side, side)) for side in (marked, whole))
    assert content["sides"][0]["extent"] == [0.05, 0.2, 0.45, 0.8]
    assert content["relief"] > 10 * other["relief"]
    slopes = np.hypot(*np.gradient(heights[20:80, 10:90]))
    assert 0.5 < content["relief"] * np.percentile(slopes, 90) < 1.2


def test_photographs_travel_unchanged() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (60, 90), dtype=np.uint8)
    colour = rng.integers(0, 256, (50, 40, 3), dtype=np.uint8)
    content = carried(
        microscope_page(PictureSide(picture=grey, title="a"), PictureSide(picture=colour, title="b"))
    )
    for side, picture in zip(content["sides"], (grey, colour), strict=True):
        raw = np.frombuffer(base64.b64decode(side["uri"].partition(",")[2]), np.uint8)
        shown = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
        assert shown is not None
        np.testing.assert_array_equal(shown if shown.ndim == 2 else shown[:, :, ::-1], picture)
        assert side["unit_um"] is None
    assert content["relief"] == 1.0
    text = microscope_page(PictureSide(picture=grey, title="a"), PictureSide(picture=colour, title="b"))
    assert "<legend>Lamp</legend>" not in text
    assert 'id="size"' in text


def placed(content: dict[str, Any], points: np.ndarray) -> np.ndarray:
    """Move points of the right side to the left one as the page does."""
    where = content["placement"]
    angle = math.radians(where["angle"])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return where["size"] * points @ turn + (where["x"], where["y"])


@settings(max_examples=15, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3))
def test_pose_lays_the_questioned_point_on_its_partner(angle: float, dx: float, dy: float) -> None:
    pose = Pose(angle=angle, dx=dx, dy=dy)
    left, right = flat("one", pixel_um=2.0), flat("two", (70, 90), pixel_um=3.5)
    content = carried(microscope_page(left, right, pose=pose))
    points_um = np.array([(0.0, 0.0), (100.0, 0.0), (-40.0, 70.0)])
    np.testing.assert_allclose(placed(content, pose.apply(points_um * 1e-6) * 1e6), points_um, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    st.floats(-3.1, 3.1),
    st.floats(0.3, 3.0),
    st.floats(-50, 50),
    st.sampled_from([None, 2.5]),
    st.sampled_from([None, 7.0]),
)
def test_match_points_of_a_similarity_fall_together(
    angle: float, scale: float, dx: float, left_um: float | None, right_um: float | None
) -> None:
    grey = np.zeros((60, 80), np.uint8)
    left = PictureSide(picture=grey, title="one", pixel_um=left_um)
    right = PictureSide(picture=grey[:, :70], title="two", pixel_um=right_um)
    points = np.array([(3.0, 4.0), (70.0, 10.0), (20.0, 55.0), (np.nan, 1.0)])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    partners = scale * (points - (39.5, 29.5)) @ turn + (dx, 5.0) + (34.5, 29.5)
    similarity = Similarity(angle=angle, scale=scale, dx=dx, dy=5.0)
    marks = [MatchPoints(left=points, right=partners)]
    content = carried(microscope_page(left, right, pose=similarity, marks=marks))
    first, second = content["points"][0]["outlines"]
    assert first[3] is None
    assert second[3] is None
    np.testing.assert_allclose(placed(content, np.array(second[:3])), first[:3], atol=2e-3)
    known = [side["unit_um"] for side in content["sides"]]
    assert known == [left_um and pytest.approx(1.0), right_um and pytest.approx(1.0 if left_um else right_um)]


def test_cells_of_a_comparison_lie_where_they_were_found(comparison: Comparison, page: str) -> None:
    content = carried(page)
    cells = content["cells"][0]
    left, right = cells["outlines"]
    assert len(left) == len(right) == len(cells["labels"]) == len(comparison.forward)
    compared = comparison.forward.compared
    assert [each is not None for each in right] == compared.tolist()
    verdict = comparison.verdicts[comparison.parameters.score][0]
    assert len(set(cells["colours"])) == 2
    away = np.array(
        [np.abs(placed(content, np.array(right[i])) - left[i]).max() for i in np.flatnonzero(verdict.congruent)]
    )
    assert len(away) == verdict.count
    assert np.median(away) < 30.0
    assert np.hypot(*np.subtract(left[0][1], left[0][0])) == pytest.approx(comparison.forward.side * 1e6, abs=0.01)
    assert len(page) < 3e6


def test_same_sides_give_the_same_page(comparison: Comparison, page: str) -> None:
    assert comparison_view(comparison) == page


def test_scan_side_is_level_and_tells_its_origin() -> None:
    y, x = np.mgrid[:60, :80] * 1e-6
    finding = Finding(code="odd", severity="note", message="something odd")
    origin = Provenance(path="/cases/one.x3p", sha256="ab" * 32, format="X3P", reader="test", findings=(finding,))
    tilted = Surface(heights=0.2 * x - 0.1 * y + 1e-7 * np.sin(x * 3e6), spacing=(1e-6, 2e-6), provenance=origin)
    side = scan_side(tilted)
    assert np.ptp(side.heights_um) < 12.0
    assert side.spacing_um == pytest.approx((1.0, 2.0))
    assert side.title == "one.x3p"
    assert "note odd: something odd" in side.provenance
    packed = carried(microscope_page(side, side))["sides"][0]
    assert packed["height"] / packed["width"] == pytest.approx(60 * 2 / 80)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HeightSide(heights_um=np.full((5, 5), np.nan), spacing_um=(1.0, 1.0), title=""), "measured"),
        (lambda: HeightSide(heights_um=np.zeros((5, 5)), spacing_um=(0.0, 1.0), title=""), "positive"),
        (
            lambda: HeightSide(
                heights_um=np.zeros((5, 5)), spacing_um=(1.0, 1.0), title="", area=np.ones((4, 5), bool)
            ),
            "agree",
        ),
        (lambda: PictureSide(picture=np.zeros((5, 5, 4), np.uint8), title=""), "grey or RGB"),
        (lambda: PictureSide(picture=np.zeros((5, 5), np.uint8), title="", pixel_um=math.inf), "finite"),
        (lambda: Similarity(angle=0.0, scale=-1.0, dx=0.0, dy=0.0), "positive"),
        (lambda: MatchPoints(left=np.zeros((3, 2)), right=np.zeros((2, 2))), "n, 2"),
        (
            lambda: Cells(left=np.zeros((1, 4, 2)), right=np.zeros((1, 4, 2)), colours=("red",), labels=("a",)),
            "rrggbb",
        ),
        (
            lambda: Cells(left=np.zeros((1, 4, 2)), right=np.zeros((2, 4, 2)), colours=(), labels=()),
            "corners",
        ),
        (lambda: microscope_page(flat("a"), flat("b"), largest=5000), "2400"),
    ],
)
def test_what_cannot_be_shown_is_refused(make: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make()


def test_a_page_too_large_to_send_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2300, 2300, 3), dtype=np.uint8)
    side = PictureSide(picture=noise, title="noise")
    with pytest.raises(OptionError, match="25 MB is possible"):
        microscope_page(side, side, largest=2400)
    assert len(microscope_page(side, side)) < 25e6


def test_notes_are_shown(comparison: Comparison) -> None:
    text = comparison_view(replace(comparison, warnings=("mind <this>",)))
    assert "<li>mind &lt;this&gt;</li>" in text
    assert carried(text)["notes"] == ["mind <this>"]
    assert 'class="warnings"' not in comparison_view(replace(comparison, warnings=()))


def test_a_pose_in_metres_needs_two_scales() -> None:
    photo: Side = PictureSide(picture=np.zeros((60, 80), np.uint8), title="one")
    with pytest.raises(OptionError, match="Similarity"):
        microscope_page(photo, flat("two"), pose=Pose(angle=0.0, dx=0.0, dy=0.0))
