"""The search of cells, on marks with a known pose."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ballistics.impressed import match_cells
from ballistics.parameters import Cells, Exhaustive, GlobalFirst
from imaging.register import Pose, Relief, reduce, relief
from imaging.synthetic import pair

CELLS = Cells(side_um=400.0, min_fill=0.35, min_overlap=0.5)
NEAR = GlobalFirst(method="global-first", window_um=125.0, range_deg=6.0, step_deg=3.0)
ALL = Exhaustive(method="exhaustive", region=3.0, range_deg=30.0, step_deg=3.0)
NOWHERE = Pose(angle=0.0, dx=0.0, dy=0.0)


@pytest.fixture(scope="module")
def marks() -> tuple[Relief, Relief]:
    made = pair(np.random.default_rng(2), correlation=0.95, angle_deg=12.0, shift_um=(60.0, -40.0))
    return reduce(relief(made.reference), 2.0), reduce(relief(made.questioned), 2.0)


def test_cells_are_found_where_the_pose_puts_them(marks: tuple[Relief, Relief]) -> None:
    pose = Pose(angle=math.radians(12.0), dx=60e-6, dy=-40e-6)
    found = match_cells(*marks, pose, cells=CELLS, search=NEAR)
    assert len(found) >= 20
    assert np.median(found.correlation) > 0.85
    error = np.linalg.norm(found.place - pose.apply(found.centre), axis=1)
    assert np.quantile(error, 0.9) < 5e-6
    assert np.degrees(np.abs(found.angle - pose.angle)).max() < 1.5
    assert np.quantile(np.abs(found.shift), 0.9) < 5e-6


def test_a_pose_that_is_off_is_made_good_within_the_window(marks: tuple[Relief, Relief]) -> None:
    rough = Pose(angle=math.radians(9.0), dx=120e-6, dy=-90e-6)
    found = match_cells(*marks, rough, cells=CELLS, search=NEAR)
    true = Pose(angle=math.radians(12.0), dx=60e-6, dy=-40e-6)
    error = np.linalg.norm(found.place - true.apply(found.centre), axis=1)
    assert np.mean(error < 8e-6) > 0.7


def test_the_exhaustive_search_needs_no_pose(marks: tuple[Relief, Relief]) -> None:
    found = match_cells(*marks, NOWHERE, cells=CELLS, search=ALL)
    true = Pose(angle=math.radians(12.0), dx=60e-6, dy=-40e-6)
    error = np.linalg.norm(found.place - true.apply(found.centre), axis=1)
    assert np.mean(error < 8e-6) > 0.9
    assert np.degrees(found.angle) == pytest.approx(np.full(len(found), 12.0), abs=2.0)
    assert found.correlations.shape == (len(found), 21)


def test_a_cell_needs_enough_measured_points(marks: tuple[Relief, Relief]) -> None:
    counts = [
        len(match_cells(*marks, NOWHERE, cells=CELLS.model_copy(update={"min_fill": fill}), search=NEAR))
        for fill in (0.1, 0.5, 0.9)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2]


def test_far_from_the_other_mark_nothing_is_compared(marks: tuple[Relief, Relief]) -> None:
    away = Pose(angle=0.0, dx=20e-3, dy=0.0)
    found = match_cells(*marks, away, cells=CELLS, search=NEAR)
    assert len(found) > 0
    assert not found.compared.any()
    assert (found.correlation == -1.0).all()


def test_a_mark_smaller_than_a_cell_gives_no_cells() -> None:
    tiny = Relief(values=np.ones((5, 5), np.float32), mask=np.ones((5, 5), np.float32), pixel=12.5e-6)
    found = match_cells(tiny, tiny, NOWHERE, cells=CELLS, search=NEAR)
    assert len(found) == 0
    assert found.compared.shape == (0,)
