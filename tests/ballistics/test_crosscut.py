"""Crosscuts, shoulders and signatures on made lands whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ballistics.parameters import default_striated_set
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.crosscut import Cut, NoCut, cut_across
from ballistics.striated.grooves import find_shoulders
from ballistics.striated.signature import (
    NoSignature,
    Signature,
    make_signature,
    sign,
)
from imaging.files import open_surface
from imaging.surface import Surface
from imaging.synthetic import CLEAN_LAND, land, toolmark

LAND = default_striated_set("bullet land")
TOOLMARK = default_striated_set("toolmark")


def signed(scan: Surface) -> Signature:
    made = make_signature(scan, LAND)
    assert isinstance(made, Signature), made.reason
    return made


@pytest.mark.parametrize("tilt_deg", [-10.0, -5.0, 0.0, 3.0, 10.0])
@pytest.mark.parametrize("transposed", [False, True])
def test_the_tilt_of_the_striae_comes_back_with_its_sign(tilt_deg: float, transposed: bool) -> None:
    scan, truth = land(np.random.default_rng(3), style=CLEAN_LAND, tilt_deg=tilt_deg, transposed=transposed)
    cut = cut_across(scan, LAND.crosscut)
    assert isinstance(cut, Cut)
    assert cut.transposed == transposed
    assert cut.tilt_deg == pytest.approx(truth.tilt_deg, abs=0.2)


@pytest.mark.parametrize("seed", range(200))
def test_planted_shoulders_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scan, truth = land(rng, tilt_deg=rng.uniform(-11, 11), mirrored=seed % 2 == 1, transposed=seed % 3 == 0)
    cut = cut_across(scan, LAND.crosscut)
    assert isinstance(cut, Cut)
    assert cut.tilt_deg == pytest.approx(truth.tilt_deg, abs=0.4)
    assert LAND.grooves is not None
    shoulders = find_shoulders(cut, step_um=LAND.grooves.step_um)
    assert shoulders.left_um == pytest.approx(truth.left_um, abs=30.0)
    assert shoulders.right_um == pytest.approx(truth.right_um, abs=30.0)
    assert shoulders.confidence >= 0.5


def test_a_signature_is_the_planted_one() -> None:
    scan, truth = land(np.random.default_rng(3), style=CLEAN_LAND, tilt_deg=6.0)
    made = signed(scan)
    place = made.start_um + np.arange(made.heights_um.size) * made.spacing_um
    planted = np.interp(place, np.arange(truth.signature_um.size) * truth.spacing_um, truth.signature_um)
    planted_line = sign(
        Cut(
            heights=planted * 1e-6,
            spacing=made.spacing_um * 1e-6,
            rows=(0.0, 1e-4),
            tilt=0.0,
            stability=1.0,
            transposed=False,
        ),
        scan,
        TOOLMARK,
    )
    assert isinstance(planted_line, Signature)
    n = planted_line.heights_um.size
    assert np.corrcoef(planted_line.heights_um, made.heights_um[:n])[0, 1] > 0.9


def test_a_toolmark_needs_no_grooves() -> None:
    scan, truth = toolmark(np.random.default_rng(2))
    made = make_signature(scan, TOOLMARK)
    assert isinstance(made, Signature)
    assert made.shoulders is None
    assert made.cut.tilt_deg == pytest.approx(truth.tilt_deg, abs=0.4)


@pytest.mark.parametrize("kind", ["aperture shear", "firing pin drag", "ejector mark"])
def test_small_marks_give_signatures_that_tell_tools_apart(kind: str) -> None:
    chosen, rng = default_striated_set(kind), np.random.default_rng
    shape, tools = (100, 320), 6
    made = [
        [
            make_signature(
                toolmark(rng(10 * turn + k), tool=rng(90 + k), correlation=0.95, tilt_deg=k - 3.0, shape=shape)[0],
                chosen,
            )
            for k in range(tools)
        ]
        for turn in (1, 2)
    ]
    for each in (*made[0], *made[1]):
        assert isinstance(each, Signature), each.reason
        assert each.length_um > 450
    ccf = correlate_signatures(*made, chosen.lags).ccf
    same = np.eye(tools, dtype=bool)
    assert ccf[same].mean() > ccf[~same].max()
    refused = make_signature(toolmark(rng(1), shape=shape)[0], TOOLMARK)
    assert refused or "0.1 mm along are needed" in refused.reason


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_order_in_memory_changes_nothing(dtype: type[np.floating]) -> None:
    scan, _ = land(np.random.default_rng(3), pixel_um=3.125)
    first, second = (
        make_signature(replace(scan, heights=np.array(scan.heights, dtype=dtype, order=order)), LAND)  # type: ignore[call-overload]
        for order in "CF"
    )
    assert isinstance(first, Signature)
    assert isinstance(second, Signature)
    np.testing.assert_array_equal(first.heights_um, second.heights_um)


def test_errors_tell_the_smallest_sizes() -> None:
    shear = default_striated_set("aperture shear")
    for shape, chosen, needed in (
        ((40, 120), shear, "at least 0.1875 mm across and 0.05 mm along are needed"),
        ((320, 200), TOOLMARK, "at least 0.375 mm across and 0.1 mm along are needed"),
    ):
        refused = make_signature(toolmark(np.random.default_rng(1), shape=shape, pixel_um=1.0)[0], chosen)
        assert isinstance(refused, NoSignature)
        assert needed in refused.reason
    scan, truth = land(np.random.default_rng(5))
    ends = truth.left_um + 100, truth.left_um + 390
    refused = make_signature(scan, LAND, shoulders_um=ends)
    assert isinstance(refused, NoSignature)
    assert "of bullet land between its shoulders; at least 300 um are needed" in refused.reason


@pytest.mark.parametrize(("kind", "pixel_um"), [("bullet land", 10.0), ("toolmark", 7.0)])
def test_pixels_that_cannot_show_the_shortest_waves_are_refused(kind: str, pixel_um: float) -> None:
    make = land if kind == "bullet land" else toolmark
    options = {} if kind == "bullet land" else {"shape": (90, 200)}
    scan, _ = make(np.random.default_rng(3), pixel_um=pixel_um, **options)  # type: ignore[arg-type]
    refused = make_signature(scan, default_striated_set(kind))
    assert isinstance(refused, NoSignature)
    assert f"pixels of {pixel_um:g} um across the striae found; at most 6.25 um" in refused.reason


@pytest.mark.parametrize("kind", ["bullet land", "toolmark"])
@pytest.mark.parametrize("heights", [np.full(500, np.nan), np.zeros(0)], ids=["missing", "empty"])
def test_a_crosscut_without_a_point_gives_a_reason(kind: str, heights: np.ndarray) -> None:
    cut = Cut(heights=heights, spacing=2e-6, rows=(0.0, 1e-4), tilt=0.0, stability=1.0, transposed=False)
    refused = sign(cut, flat(np.zeros((5, 5))), default_striated_set(kind))
    assert isinstance(refused, NoSignature)
    assert refused.reason == "the crosscut has no measured point"


def test_a_crosscut_of_few_points_gives_a_reason() -> None:
    heights = np.full(1500, np.nan)
    heights[1] = 0.0
    cut = Cut(heights=heights, spacing=1.5625e-6, rows=(0.0, 1e-4), tilt=0.0, stability=1.0, transposed=False)
    refused = sign(cut, flat(np.zeros((5, 5))), LAND)
    assert isinstance(refused, NoSignature)
    assert "of the crosscut is missing" in refused.reason


def test_a_band_longer_than_the_scan_is_the_whole_scan() -> None:
    scan, _ = land(np.random.default_rng(3))
    short = replace(scan, heights=np.ascontiguousarray(scan.heights[200:328]))
    length = 128 * scan.pixel
    cuts = [
        cut_across(short, LAND.crosscut.model_copy(update={"band_um": band_um}))
        for band_um in (200.0, 225.0, 800.0)
    ]
    for cut in cuts:
        assert isinstance(cut, Cut)
        assert cut.rows == pytest.approx((0.0, length))
        assert cut.stability == cuts[0].stability  # type: ignore[union-attr]


def flat(heights: np.ndarray) -> Surface:
    return Surface(heights=heights, spacing=(1.5625e-6, 1.5625e-6))


def test_without_striae_there_is_a_reason_and_no_signature() -> None:
    rng = np.random.default_rng(0)
    y, x = np.indices((400, 1500))
    curve = -((x - 750.0) ** 2) * 3e-10
    noise = make_signature(flat(curve + 1e-6 * rng.standard_normal(curve.shape)), TOOLMARK)
    constant = make_signature(flat(np.zeros((400, 1500))), TOOLMARK)
    empty = make_signature(flat(np.full((400, 1500), np.nan)), TOOLMARK)
    tiny = make_signature(flat(np.zeros((5, 5))), TOOLMARK)
    for result in (noise, constant, empty, tiny):
        assert isinstance(result, NoSignature)
        assert not result
        assert result.reason
    assert isinstance(cut_across(flat(np.zeros((400, 1500))), LAND.crosscut), NoCut)
    assert y.shape == x.shape


def test_shoulders_and_crosscut_can_be_set_by_hand() -> None:
    scan, truth = land(np.random.default_rng(5))
    made = make_signature(scan, LAND, row_um=450.0, shoulders_um=(truth.left_um + 100, truth.right_um - 100))
    assert isinstance(made, Signature)
    assert made.cut.rows[0] < 450e-6 < made.cut.rows[1]
    assert made.start_um == pytest.approx(truth.left_um + 100, abs=2.0)
    crossed = make_signature(scan, LAND, shoulders_um=(1200.0, 1100.0))
    assert isinstance(crossed, NoSignature)


def test_real_lands_are_cut_where_they_are_striated(data: Path) -> None:
    for name in ("hamby252/H252_Barrel1_Bullet1_Land4", "hamby44/H44_Barrel1_Bullet1_Land1"):
        made = signed(open_surface(data / f"land/{name}.x3p"))
        assert made.cut.stability > 0.85
        assert made.shoulders is not None
        assert made.shoulders.confidence == 1.0
        assert 1900 < made.shoulders.right_um - made.shoulders.left_um < 2150
