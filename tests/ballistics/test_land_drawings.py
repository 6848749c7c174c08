"""Pictures and curves of lands: the same stria stands at the same place everywhere."""

from __future__ import annotations

import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ballistics.page.curves import Scale, height_scale, path
from ballistics.page.land_drawings import Panel, draw_mark, draw_pair
from ballistics.page.land_pictures import Window, picture_of, relief_of
from ballistics.parameters import default_striated_set
from ballistics.striated.land_pair import LandComparison, compare_lands
from ballistics.striated.reading import signature_of
from ballistics.striated.signature import Signature
from imaging.synthetic import CLEAN_LAND, land

LAND = default_striated_set("bullet land")


def signed(own: int, **options: object) -> Signature:
    rng = np.random.default_rng
    scan, _ = land(rng(own), barrel=rng(9), style=CLEAN_LAND, pixel_um=3.125, correlation=0.95, **options)  # type: ignore[arg-type]
    made = signature_of(scan, LAND)
    assert isinstance(made, Signature)
    return made


def decoded(panel: Panel) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(panel.uri.partition(",")[2]), np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return np.asarray(picture, dtype=np.float64)


def compared(first: Signature, second: Signature, **options: bool) -> LandComparison:
    result = compare_lands(first, second, LAND, **options)
    assert isinstance(result, LandComparison)
    return result


@pytest.mark.parametrize("tilt_deg", [-8.0, 8.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_striae_stand_upright_and_at_the_same_place_in_both_pictures(tilt_deg: float, mirrored: bool) -> None:
    first = signed(1, tilt_deg=tilt_deg)
    second = signed(2, tilt_deg=3.0, mirrored=mirrored, transposed=True)
    result = compared(first, second, mirror=mirrored)
    assert result.ccf > 0.8
    drawing = draw_pair(result, (relief_of(first), relief_of(second)))
    left, right = (round(each) for each in (drawing.plot.left + 230, drawing.plot.right - 230))
    columns = []
    for panel in drawing.panels:
        part = decoded(panel)[:, left - round(panel.x) : right - round(panel.x)]
        top, bottom = part[: len(part) // 3].mean(axis=0), part[-len(part) // 3 :].mean(axis=0)
        assert np.corrcoef(top, bottom)[0, 1] > 0.9
        columns.append(part.mean(axis=0))
    laid = np.corrcoef(*columns)[0, 1]
    apart = [
        np.corrcoef(columns[0][2:-2], columns[1][2 + k : len(columns[1]) - 2 + k])[0, 1] for k in (-2, -1, 1, 2)
    ]
    assert laid > 0.85
    assert laid > max(apart)


def test_shoulders_are_drawn_where_they_were_found() -> None:
    signature = signed(1, tilt_deg=6.0)
    drawing = draw_mark(signature, relief_of(signature))
    assert signature.shoulders is not None
    assert len(drawing.panel.shoulders) == 2
    (x_top, _), (x_bottom, _) = (
        tuple(float(value) for value in point.split(","))
        for point in drawing.panel.shoulders[0].removeprefix("M").split("L")
    )
    scale = drawing.panel.width / signature.scan.size_um[0]
    middle = drawing.panel.x + (signature.shoulders.left_um + 1.5625) * scale
    assert (x_top + x_bottom) / 2 == pytest.approx(middle, abs=0.2)
    lean = np.tan(signature.cut.tilt) * signature.scan.size_um[1] * scale
    assert x_bottom - x_top == pytest.approx(lean, abs=0.3)
    used = drawing.plot.outside[0][1]
    assert used == pytest.approx((signature.start_um + 1.5625) * scale, abs=0.1)


def test_segments_that_were_not_measured_have_no_correlation() -> None:
    first, second = signed(1), signed(2)
    torn = first.heights_um.copy()
    torn[100:260] = np.nan
    drawing = draw_pair(compared(replace(first, heights_um=torn), second), (relief_of(first), relief_of(second)))
    assert drawing.segments is not None
    titles = [each.title for each in drawing.segments.segments]
    assert not any("nan" in title for title in titles)
    assert any("correlation 0." in title for title in titles)
    assert any("correlation" not in title for title in titles)


def test_a_window_beyond_the_scan_is_grey() -> None:
    relief = relief_of(signed(1))
    width, height = relief.size_um
    beyond = picture_of(relief, Window(left=width + 100, right=width + 500, top=0, bottom=height), 80)
    assert (beyond == 128).all()
    turned = picture_of(relief, Window(left=0, right=width, top=0, bottom=height), 200, mirrored=True)
    assert turned.shape == picture_of(relief, Window(left=0, right=width, top=0, bottom=height), 200).shape


def test_paths_are_lifted_over_gaps_and_scales_have_round_ticks() -> None:
    across = Scale(low=0.0, high=10.0, start=0.0, end=100.0)
    up = height_scale([np.array([0.0, 1.0])], start=50.0, end=0.0)
    drawn = path(np.arange(6.0), np.array([0, 1, np.nan, 1, 0, np.nan]), across, up)
    assert drawn.count("M") == 2
    assert drawn.startswith("M0,")
    assert across.ticks(5) == [(f"{n}", n * 10.0) for n in range(0, 11, 2)]
    assert height_scale([np.full(3, np.nan)], start=0.0, end=1.0).high > 0
