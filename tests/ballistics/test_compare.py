"""Truth and property tests of the whole comparison, on synthetic marks and on real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ballistics.compare import Comparison, Exhibit, NotComparable, compare, compare_exhibits, prepare_exhibit
from ballistics.contract import record
from ballistics.parameters import ParameterSet, default_set, parameter_set
from imaging.files import open_surface
from imaging.resample import flip, isotropic, rotate
from imaging.surface import Finding, Provenance, Surface
from imaging.synthetic import Pair, pair

BREECH_FACE = default_set("breech face")


def turn(angle_deg: float, other_deg: float) -> float:
    return abs((angle_deg - other_deg + 180.0) % 360.0 - 180.0)


def compared(result: Comparison | NotComparable) -> Comparison:
    assert isinstance(result, Comparison), result
    return result


@pytest.fixture(scope="module")
def mates() -> Pair:
    return pair(np.random.default_rng(5), correlation=0.6, angle_deg=40.0, shift_um=(70.0, -30.0))


@pytest.mark.parametrize("seed", range(200))
def test_planted_pose_is_recovered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = 180.0 if seed % 10 == 0 else rng.uniform(-180.0, 180.0)
    shift = tuple(rng.uniform(-200.0, 200.0, 2))
    marks = pair(rng, correlation=rng.uniform(0.3, 0.6), angle_deg=angle, shift_um=shift)
    result = compared(compare(marks.reference, marks.questioned))
    pose = result.alignment.pose
    assert turn(pose.angle_deg, angle) < 0.5
    assert np.hypot(pose.dx_um - shift[0], pose.dy_um - shift[1]) < marks.reference.pixel_um
    assert result.score >= 5
    assert result.accf == pytest.approx(marks.correlation, abs=0.08)


@pytest.mark.parametrize("seed", range(10))
def test_different_sources_share_no_cells(seed: int) -> None:
    marks = pair(np.random.default_rng(seed), same_source=False, angle_deg=20.0)
    assert compared(compare(marks.reference, marks.questioned)).score == 0


@pytest.mark.parametrize("seed", range(10))
def test_noise_shares_no_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (
        Surface(heights=1e-6 * rng.standard_normal((545, 545)), spacing=(6.25e-6, 6.25e-6)) for _ in range(2)
    )
    assert set(compared(compare(first, second)).counts.values()) == {0}


def test_constant_heights_give_a_reason_and_no_number() -> None:
    flat = Surface(heights=np.zeros((300, 300)), spacing=(6e-6, 6e-6))
    result = compare(flat, flat)
    assert not result
    assert "All heights are equal" in result.reason  # type: ignore[union-attr]
    written = record(result)
    assert written.score is None
    assert written.accf is None
    assert written.pose is None


def test_parts_of_a_mark_that_do_not_meet_share_no_cells(mates: Pair) -> None:
    heights = mates.reference.heights
    middle = heights.shape[1] // 2
    left, right = heights.copy(), heights.copy()
    left[:, middle:] = right[:, :middle] = np.nan
    result = compare(*(replace(mates.reference, heights=half) for half in (left, right)))
    assert not result or result.score == 0  # type: ignore[union-attr]


def mirrored_cells(result: Comparison) -> list[tuple[Any, ...]]:
    rows = [cell.model_dump() for cell in record(result).cells]
    for row in rows:
        row["direction"] = {"forward": "backward", "backward": "forward"}[row["direction"]]
    return sorted(tuple(sorted((key, str(value)) for key, value in row.items())) for row in rows)


@pytest.mark.parametrize("name", ["breech-face-2026", "song2018", "tong2015", "chen2017"])
def test_swapping_the_marks_changes_nothing(mates: Pair, name: str) -> None:
    chosen = parameter_set(name)
    one = compared(compare(mates.reference, mates.questioned, chosen))
    two = compared(compare(mates.questioned, mates.reference, chosen))
    assert one.counts == two.counts
    assert one.accf == two.accf
    back = two.alignment.pose.inverse()
    pose = one.alignment.pose
    assert (back.angle, back.dx, back.dy) == pytest.approx((pose.angle, pose.dx, pose.dy), abs=1e-12)
    rows = sorted(tuple(sorted((k, str(v)) for k, v in cell.model_dump().items())) for cell in record(one).cells)
    assert rows == mirrored_cells(two)


@pytest.mark.parametrize("pixel_um", [1.5, 3.0, 9.0, 12.5])
def test_another_pixel_size_keeps_the_count(mates: Pair, pixel_um: float) -> None:
    side = round(3500 / pixel_um)
    options: dict[str, Any] = {"correlation": 0.6, "angle_deg": 40.0, "shift_um": (70.0, -30.0)}
    other = pair(np.random.default_rng(5), shape=(side, side), pixel_um=pixel_um, **options)
    usual = compared(compare(mates.reference, mates.questioned))
    result = compared(compare(other.reference, other.questioned))
    assert result.score == pytest.approx(usual.score, rel=0.1)
    mixed = compared(compare(mates.reference, other.questioned))
    assert mixed.score == pytest.approx(usual.score, rel=0.1)


def test_a_mirror_image_does_not_match_and_is_reported(mates: Pair) -> None:
    result = compared(compare(mates.reference, flip(mates.questioned, "y")))
    assert result.score == 0
    assert any("mirror image" in warning for warning in result.warnings)
    other = pair(np.random.default_rng(8), same_source=False)
    assert not any("mirror" in each for each in compared(compare(other.reference, other.questioned)).warnings)


def test_float32_agrees_with_float64(mates: Pair) -> None:
    double = (
        replace(mark, heights=mark.heights.astype(np.float64)) for mark in (mates.reference, mates.questioned)
    )
    one, two = compared(compare(mates.reference, mates.questioned)), compared(compare(*double))
    assert one.counts == two.counts
    assert one.accf == pytest.approx(two.accf, abs=1e-5)
    assert one.forward.correlation == pytest.approx(two.forward.correlation, abs=1e-4)


def test_an_offset_and_a_tilt_change_next_to_nothing(mates: Pair) -> None:
    y, x = np.indices(mates.questioned.shape)
    tilted = (mates.questioned.heights + 1e-3 + 2e-8 * x - 1e-8 * y).astype(np.float64)
    one = compared(compare(mates.reference, mates.questioned))
    two = compared(compare(mates.reference, replace(mates.questioned, heights=tilted)))
    assert one.counts == pytest.approx(two.counts, abs=1)
    assert one.accf == pytest.approx(two.accf, abs=2e-3)


def test_one_and_two_threads_give_the_same_bits(mates: Pair) -> None:
    results = []
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        with threadpool_limits(threads):
            results.append(compared(compare(mates.reference, mates.questioned)))
    cv2.setNumThreads(0)
    one, two = results
    assert record(one).model_dump() == record(two).model_dump()
    np.testing.assert_array_equal(one.forward.correlations, two.forward.correlations)


def outcome(result: Comparison | NotComparable) -> object:
    return record(result).model_dump(exclude={"parameters", "warnings", "versions"})


CHANGES: dict[str, Any] = {
    "preparation.form": "sphere",
    "preparation.order": 1,
    "preparation.short_um": 40.0,
    "preparation.long_um": 300.0,
    "preparation.pixel_um": 10.0,
    "preparation.clip": 1.0,
    "pose.coarse_um": 30.0,
    "pose.fine_um": 30.0,
    "pose.range_deg": 20.0,
    "pose.step_deg": 50.0,
    "pose.candidates": 1,
    "pose.min_overlap": 0.97,
    "cells.side_um": 300.0,
    "cells.min_fill": 0.9,
    "cells.min_overlap": 0.99,
    "search.window_um": 25.0,
    "search.range_deg": 9.0,
    "search.step_deg": 1.0,
    **{
        f"rules.{rule}.{field}": value
        for rule in ("consensus", "original", "high", "convergence")
        for field, value in {"shift_um": 4.0, "angle_deg": 0.1, "correlation": 0.9, "min_cells": 60}.items()
    },
    "rules.high.tau": 10,
    "rules.high.angle_deg": 20.0,
    "score": "original",
}


def changed(chosen: ParameterSet, name: str, value: object) -> ParameterSet:
    values = chosen.model_dump()
    part, *way = values, *name.split(".")
    for step in way[:-1]:
        part = part[step]
    part[way[-1]] = value
    return ParameterSet.model_validate(values)


def leaves(values: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in values.items():
        found |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}"}
    return found


def test_every_parameter_is_tried() -> None:
    fixed = {"mark", "search.method"} | {f"rules.{rule}.kind" for rule in BREECH_FACE.rules}
    assert leaves(BREECH_FACE.values) - fixed == set(CHANGES)


@pytest.fixture(scope="module")
def sensitive() -> tuple[list[Pair], list[object]]:
    """A faint pair, a clear one and one of different sources, with what the default set finds."""
    faint = pair(np.random.default_rng(19), correlation=0.35, angle_deg=35.0, shift_um=(70.0, -30.0))
    clear = pair(np.random.default_rng(2), correlation=0.7, angle_deg=-61.5)
    pairs = [faint, clear, pair(np.random.default_rng(1), same_source=False)]
    return pairs, [outcome(compare(each.reference, each.questioned, BREECH_FACE)) for each in pairs]


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_every_parameter_changes_the_outcome(sensitive: tuple[list[Pair], list[object]], name: str) -> None:
    pairs, usual = sensitive
    other = changed(BREECH_FACE, name, CHANGES[name])
    assert other.hash != BREECH_FACE.hash
    assert [outcome(compare(each.reference, each.questioned, other)) for each in pairs] != usual


def test_record_keeps_angles_in_one_turn_and_is_plain_text() -> None:
    marks = pair(np.random.default_rng(2), correlation=0.6, angle_deg=179.5)
    named = replace(marks.questioned, provenance=Provenance(path="a\udcff.x3p"))
    result = compared(compare(marks.reference, named))
    assert np.abs(np.degrees(result.forward.angle)).max() > 180.0
    content = record(result)
    assert all(-180.0 < cell.angle_deg <= 180.0 for cell in content.cells)
    again = type(content).model_validate_json(content.model_dump_json())
    assert again == content
    assert again.inputs[1].path == r"a\udcff.x3p"


def test_doubts_stop_a_comparison_until_accepted(mates: Pair) -> None:
    finding = Finding(code="units-in-doubt", severity="doubt", message="pixels of 7 m found")
    doubtful = replace(mates.questioned, provenance=Provenance(path="case.x3p", findings=(finding,)))
    result = compare(mates.reference, doubtful)
    assert not result
    assert "units-in-doubt" in result.reason  # type: ignore[union-attr]
    accepted = compared(compare(mates.reference, doubtful, accept=["units-in-doubt"]))
    assert any("units-in-doubt" in warning for warning in accepted.warnings)
    assert record(accepted).inputs[1].findings == (finding,)


def test_marks_prepared_differently_are_not_compared(mates: Pair) -> None:
    breech = prepare_exhibit(mates.reference, BREECH_FACE)
    pin = prepare_exhibit(mates.questioned, default_set("firing pin"), mask=mates.questioned.valid)
    assert isinstance(breech, Exhibit)
    assert isinstance(pin, Exhibit)
    result = compare_exhibits(breech, pin)
    assert not result
    assert "firing pin" in result.reason  # type: ignore[union-attr]


def test_a_scan_too_coarse_for_the_set_is_refused(mates: Pair) -> None:
    coarse = isotropic(mates.questioned, pixel_um=25.0)
    result = compare(mates.reference, coarse)
    assert not result
    assert "25" in result.reason  # type: ignore[union-attr]


def test_a_scan_with_itself_is_reported(mates: Pair) -> None:
    result = compared(compare(mates.reference, mates.reference))
    assert result.score == result.cells
    assert result.accf == pytest.approx(1.0, abs=1e-5)
    assert any("with itself" in warning for warning in result.warnings)


def test_firing_pin_impressions_compare_by_their_own_set() -> None:
    chosen = default_set("firing pin")
    scores = []
    for same in (True, False):
        marks = pair(
            np.random.default_rng(4), kind="firing pin", same_source=same, correlation=0.6, angle_deg=75.0
        )
        areas = {"mask_reference": marks.reference.valid, "mask_questioned": marks.questioned.valid}
        result = compared(compare(marks.reference, marks.questioned, chosen, **areas))
        scores.append(result.score)
        if same:
            assert turn(result.alignment.pose.angle_deg, 75.0) < 1.0
    assert scores[0] >= 10
    assert scores[1] == 0


def test_real_mates_match_at_any_rotation_and_pixel_size(data: Path) -> None:
    first, second = (open_surface(data / f"breech_face/fadul/Fadul_1-{k}.x3p") for k in (1, 2))
    usual = compared(compare(first, second))
    assert usual.score >= 15
    for angle in (90.0, 180.0):
        turned = compared(compare(first, rotate(second, angle)))
        assert turn(turned.alignment.pose.angle_deg, usual.alignment.pose.angle_deg + angle) < 0.2
        assert turned.score == pytest.approx(usual.score, rel=0.15)
    for pixel_um in (1.5625, 12.5):
        assert compared(compare(isotropic(first, pixel_um=pixel_um), second)).score == pytest.approx(
            usual.score, rel=0.1
        )


def test_real_raw_scans_are_compared_with_nothing_but_their_files(data: Path) -> None:
    first, second = (open_surface(data / f"breech_face/baldwin_cadre/K013sA{k}_raw.x3p") for k in (1, 2))
    result = compared(compare(first, second))
    assert result.reference.segmentation.how == "found"
    assert result.score >= 10
    assert turn(result.alignment.pose.angle_deg, -6.5) < 1.0


def test_the_exhaustive_mode_agrees_on_real_mates_and_non_mates(data: Path) -> None:
    names = ("Fadul_4-1", "Fadul_4-2", "Fadul_2-1")
    first, mate, other = (open_surface(data / f"breech_face/fadul/{name}.x3p") for name in names)
    chosen = BREECH_FACE.exhaustive()
    assert chosen.hash != BREECH_FACE.hash
    assert compared(compare(first, mate, chosen)).score >= 12
    assert compared(compare(first, other, chosen)).score <= 3
