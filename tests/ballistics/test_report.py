"""The page: self-contained, complete, safe, and right where it draws."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from ballistics.command.demonstration import make_cases
from ballistics.compare import Comparison, NotComparable, compare
from ballistics.errors import OutputError
from ballistics.page import figures
from ballistics.page.cell_drawings import draw_cells, draw_histogram
from ballistics.parameters import default_set
from ballistics.report import render_report, write_report
from ballistics.summary import measures
from ballistics.wording import CLOSING, LIMITS, RULES
from imaging.files import open_surface
from imaging.register import Pose
from imaging.surface import Finding, Provenance, Surface
from imaging.synthetic import pair

VOID = {"meta", "img", "input", "br", "path", "rect", "polygon", "circle"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href", "formaction"}


class Page(HTMLParser):
    """Collects what a page would load and checks that its elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.alt_missing = 0
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.alt_missing += tag == "img" and "alt" not in values
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    marks = pair(np.random.default_rng(3), correlation=0.7, angle_deg=30.0, shift_um=(80.0, 40.0))
    scans = [
        replace(
            scan,
            provenance=Provenance(path=f"/cases/{name}.x3p", sha256=letter * 64, format="X3P", reader="test"),
        )
        for scan, name, letter in ((marks.reference, "one", "a"), (marks.questioned, "two", "b"))
    ]
    found = compare(*scans)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture(scope="module")
def page(comparison: Comparison) -> str:
    return render_report(comparison)


def _decoded(image: figures.Image) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(image.uri.partition(",")[2]), np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture)


def test_page_loads_nothing_from_outside(page: str) -> None:
    parsed = Page(page)
    assert parsed.loads
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in parsed.loads)
    assert not parsed.handlers
    assert not parsed.alt_missing
    assert len(parsed.ids) == len(set(parsed.ids))
    assert not re.search(r"https?:|url\(|@import", page)


def test_policy_allows_just_the_styles_and_the_script_of_the_page(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src &#39;none&#39;" in policy[1] or "default-src 'none'" in policy[1]
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"sha256-{digest}" in policy[1].replace("&#43;", "+")
    assert "unsafe" not in policy[1]


def test_page_tells_everything(page: str, comparison: Comparison) -> None:
    for text in ("one.x3p", "two.x3p", "a" * 64, "b" * 64, comparison.parameters.hash, "numpy", CLOSING):
        assert text in page
    for name, text in LIMITS:
        assert name in page
        assert text in page
    for rule in comparison.counts:
        assert rule in page
    assert f'<span class="big">{comparison.score}</span>' in page
    assert measures(comparison)["Pose of the questioned"].startswith("30.0° clockwise, shift +8")
    for name, text in measures(comparison).items():
        assert f"<dt>{name}</dt><dd>{text}</dd>" in page
    cells = len(comparison.forward) + len(comparison.backward)
    assert page.count('<tr><th scope="row">') >= cells
    away = comparison.forward.compared.sum() + comparison.backward.compared.sum()
    assert page.count('data-cell="') == cells + away


def test_same_comparison_gives_the_same_page(page: str, comparison: Comparison) -> None:
    assert render_report(comparison) == page
    assert "made 2026-03-04 05:06 UTC" in render_report(comparison, made=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))


def test_page_is_small(page: str) -> None:
    assert len(page) < 4e6


def test_every_rule_is_explained() -> None:
    assert set(RULES) == {rule.kind for rule in default_set("breech face").rules.values()}


def test_texts_from_files_cannot_become_markup(comparison: Comparison) -> None:
    evil = "<script>alert(1)</script>\x1b\udcff"
    scan = replace(
        comparison.reference.scan,
        provenance=Provenance(
            path=f"/{evil}.x3p",
            sha256=evil,
            format=evil,
            reader=evil,
            findings=(Finding(code=evil, severity="note", message=evil),),
            metadata={evil: evil},
            steps=(evil,),
        ),
    )
    refused = NotComparable(reason=evil, parameters=comparison.parameters, scans=(scan, scan), warnings=(evil,))
    segmentation = replace(comparison.reference.segmentation, scan=scan)
    changed = replace(
        comparison, reference=replace(comparison.reference, segmentation=segmentation), warnings=(evil,)
    )
    for result in (refused, changed):
        text = render_report(result)
        assert text.count("<script>") == 1
        assert "\x1b" not in text
        Page(text)


def test_refusal_shows_the_reason_and_the_scans(comparison: Comparison) -> None:
    scans = comparison.reference.scan, comparison.questioned.scan
    refused = NotComparable(reason="no such mark", parameters=comparison.parameters, scans=scans)
    text = render_report(refused)
    parsed = Page(text)
    assert "No comparison was made" in text
    assert "no such mark" in text
    assert len([each for each in parsed.loads if each.startswith("data:")]) == 2
    assert "No comparison was made" in render_report(replace(refused, scans=()))


def test_report_is_written_once(comparison: Comparison, tmp_path: Path) -> None:
    path = write_report(comparison, tmp_path / "page.html")
    with pytest.raises(OutputError, match="exists"):
        write_report(comparison, path)
    write_report(comparison, path, overwrite=True)
    with pytest.raises(OutputError, match="folder"):
        write_report(comparison, tmp_path, overwrite=True)
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_aligned_pictures_show_the_same_place_on_the_same_point(comparison: Comparison) -> None:
    first, second = figures.aligned_images(comparison)["compared"]
    a, b = _decoded(first).astype(float), _decoded(second).astype(float)
    assert a.shape == b.shape
    measured = (a != 128) & (b != 128)
    laid = np.corrcoef(a[measured], b[measured])[0, 1]
    shifted = np.corrcoef(a[:, :-20][measured[:, 20:]], b[:, 20:][measured[:, 20:]])[0, 1]
    assert laid > 0.4
    assert laid > 3 * abs(shifted)


def test_agreement_is_high_for_one_gun_and_low_after_a_shift(comparison: Comparison) -> None:
    mark = comparison.reference.mark
    frame = figures.frame_of(mark, mark.surface.pixel)
    agreed = np.nanmedian(figures.agreement(comparison, frame))
    assert agreed == pytest.approx(comparison.accf, abs=0.1)
    away = replace(comparison.alignment.pose, dx=comparison.alignment.pose.dx + 150e-6)
    moved = replace(comparison, alignment=replace(comparison.alignment, pose=away))
    assert abs(np.nanmedian(figures.agreement(moved, frame))) < 0.2


def test_sample_puts_a_feature_where_the_pose_says() -> None:
    heights = np.zeros((101, 121))
    heights[30:33, 80:83] = 1e-6
    scan = Surface(heights=heights, spacing=(2e-6, 2e-6))
    pose = Pose(angle=math.radians(20.0), dx=10e-6, dy=-6e-6)
    frame = figures.Frame(middle=(4e-6, -2e-6), pixel=1e-6, shape=(300, 300))
    shown = figures.sample(scan, frame, middle=(5e-6, 3e-6), pose=pose)
    row, column = np.unravel_index(np.nanargmax(shown.heights), shown.shape)
    point = np.array([[column - 149.5, row - 149.5]]) * 1e-6 + frame.middle
    truth = np.array([(81 - 60) * 2e-6 + 5e-6, (31 - 50) * 2e-6 + 3e-6])
    np.testing.assert_allclose(pose.apply(point)[0], truth, atol=2e-6)


def test_drawn_cells_lie_on_their_places(comparison: Comparison) -> None:
    cells = comparison.forward
    verdicts = {name: ahead for name, (ahead, _) in comparison.verdicts.items()}
    drawn = draw_cells(cells, verdicts)
    assert len(drawn) == len(cells)
    for i, cell in enumerate(drawn):
        corners = np.array([point.split(",") for point in cell.square.split()], float)
        np.testing.assert_allclose(corners.mean(axis=0), cells.centre[i] * 1e6, atol=0.2)
        assert (cell.found != "") == cells.compared[i]
        if cell.found:
            found = np.array([point.split(",") for point in cell.found.split()], float)
            np.testing.assert_allclose(found.mean(axis=0), cells.place[i] * 1e6, atol=0.2)
            along = found[1] - found[0]
            assert math.degrees(math.atan2(along[1], along[0])) == pytest.approx(cell.angle_deg, abs=0.1)
            assert np.hypot(*along) == pytest.approx(cells.side * 1e6, abs=0.3)
        assert ("consensus" in cell.rules.split()) == verdicts["consensus"].congruent[i]


def test_histogram_counts_every_cell() -> None:
    correlation = np.array([-0.3, 0.0, 0.51, 0.52, 1.0])
    histogram = draw_histogram(correlation, np.array([False, False, True, False, True]), threshold=0.4)
    assert sum(bar.congruent for bar in histogram.bars) == 2
    assert sum(bar.other for bar in histogram.bars) == 3
    assert histogram.bars[0].other == 2
    assert histogram.bars[-1].congruent == 1
    assert histogram.highest == 2


def test_raw_scan_shows_mask_and_circles(tmp_path: Path) -> None:
    first, second, _ = make_cases(tmp_path)
    result = compare(open_surface(first), open_surface(second))
    assert isinstance(result, Comparison)
    text = render_report(result)
    assert text.count('class="mask"') == 2
    assert text.count('class="ring"') == 4
    found = result.reference.segmentation
    path = figures.mask_outline(found)
    outer = np.array([point.split(",") for point in path[1:].partition("Z")[0].split("L")], float)
    half = np.array(found.scan.shape[::-1]) * found.scan.spacing * 1e6 / 2
    rows, columns = np.nonzero(found.mask)
    low = (np.array([columns.min(), rows.min()]) + 0.5) * np.array(found.scan.spacing) * 1e6 - half
    np.testing.assert_allclose(outer.min(axis=0), low, atol=30)


def test_large_scan_is_reduced(comparison: Comparison) -> None:
    rng = np.random.default_rng(0)
    scan = Surface(heights=rng.normal(0, 1e-6, (1500, 1800)).astype(np.float32), spacing=(2e-6, 3e-6))
    image = figures.scan_image(scan)
    assert max(image.width, image.height) <= figures.SCAN_WIDTH
    assert image.width_um == pytest.approx(3600, rel=0.01)
    assert image.height_um == pytest.approx(4500, rel=0.01)
