"""The congruence rules on made-up cells whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballistics.congruence import (
    CONGRUENT,
    LOW_CORRELATION,
    NOT_COMPARED,
    TOO_FEW,
    WRONG_ANGLE,
    WRONG_PLACE,
    Congruence,
    judge,
)
from ballistics.impressed import CellMatches
from ballistics.parameters import Rule
from imaging.register import Pose

KINDS = ("original", "high", "convergence", "consensus")


def rule(kind: str, **changes: float) -> Rule:
    values = {"shift_um": 30.0, "angle_deg": 3.0, "correlation": 0.5, "min_cells": 3, **changes}
    return Rule.model_validate({"kind": kind, **values, **({"tau": 1} if kind == "high" else {})})


def cells(pose: Pose, correlation: float | list[float] = 0.9, side: int = 4) -> CellMatches:
    """A grid of cells that were all found where one pose puts them."""
    row, column = (index.ravel() for index in np.indices((side, side)))
    centre = np.stack([column, row], axis=1) * 4e-4 - (side - 1) * 2e-4
    n = len(row)
    best = np.broadcast_to(np.asarray(correlation, np.float64), n)
    return CellMatches(
        row=row,
        column=column,
        centre=centre,
        side=4e-4,
        fill=np.ones(n),
        angles=np.array([pose.angle - 0.02, pose.angle, pose.angle + 0.02]),
        shifts=np.zeros((n, 3, 2)),
        correlations=np.stack([best - 0.2, best, best - 0.2], axis=1),
        places=np.repeat(pose.apply(centre)[:, None], 3, axis=1),
    )


def moved(matches: CellMatches, index: int, dx: float) -> CellMatches:
    matches.shifts[index] += (dx, 0.0)
    matches.places[index] += (dx, 0.0)
    return matches


@pytest.mark.parametrize("kind", KINDS)
@given(angle=st.floats(-math.pi, math.pi), dx=st.floats(-1e-3, 1e-3), dy=st.floats(-1e-3, 1e-3))
def test_cells_that_follow_one_motion_are_all_congruent(kind: str, angle: float, dx: float, dy: float) -> None:
    verdict = judge(cells(Pose(angle=angle, dx=dx, dy=dy)), rule(kind))
    assert verdict.count == 16
    assert set(verdict.reason) == {CONGRUENT}


@pytest.mark.parametrize("kind", KINDS)
def test_the_correlation_threshold_is_used(kind: str) -> None:
    low = judge(cells(Pose(angle=0.1, dx=0.0, dy=0.0), correlation=-0.9), rule(kind))
    assert low.count == 0
    assert set(low.reason) == {LOW_CORRELATION}
    mixed = judge(cells(Pose(angle=0.1, dx=0.0, dy=0.0), correlation=[0.9, 0.3] * 8), rule(kind))
    assert mixed.count == 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_in_the_wrong_place_does_not_count(kind: str) -> None:
    verdict = judge(moved(cells(Pose(angle=0.5, dx=0.0, dy=0.0)), 5, 1e-4), rule(kind))
    assert verdict.count == 15
    assert verdict.reason[5] == WRONG_PLACE


@pytest.mark.parametrize("kind", ["original", "convergence", "consensus"])
def test_a_cell_at_the_wrong_angle_does_not_count(kind: str) -> None:
    matches = cells(Pose(angle=0.0, dx=0.0, dy=0.0))
    matches.angles[2] = 0.4
    matches.correlations[7] = (0.6, 0.7, 0.95)
    verdict = judge(matches, rule(kind))
    assert verdict.count == 15
    assert verdict.reason[7] == WRONG_ANGLE


@pytest.mark.parametrize("kind", ["original", "convergence", "consensus"])
def test_angles_wrap_at_half_a_turn(kind: str) -> None:
    matches = cells(Pose(angle=math.pi, dx=0.0, dy=0.0))
    matches.angles[:] = (math.pi - 0.02, math.pi, -math.pi + 0.02)
    matches.correlations[::2] = (0.9, 0.7, 0.6)
    matches.correlations[1::2] = (0.6, 0.7, 0.9)
    assert judge(matches, rule(kind)).count == 16


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_below_the_least_number_counts_as_none(kind: str) -> None:
    pair_of_cells = judge(cells(Pose(angle=0.1, dx=0.0, dy=0.0), correlation=[0.9] * 2 + [0.1] * 14), rule(kind))
    assert pair_of_cells.count == 0
    assert pair_of_cells.reason[:2] == (TOO_FEW, TOO_FEW)
    lone = cells(Pose(angle=0.0, dx=0.0, dy=0.0), side=1)
    assert judge(lone, rule(kind)).count == 0
    assert judge(lone, rule(kind, min_cells=2)).count == 0


@pytest.mark.parametrize("kind", KINDS)
def test_cells_without_common_area_are_told_apart(kind: str) -> None:
    matches = cells(Pose(angle=0.1, dx=0.0, dy=0.0))
    matches.correlations[3] = -1.0
    verdict = judge(matches, rule(kind))
    assert verdict.reason[3] == NOT_COMPARED
    assert verdict.count == 15
    matches.correlations[:] = -1.0
    assert judge(matches, rule(kind)) is not None
    assert judge(matches, rule(kind)).count == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_cells_at_all(kind: str) -> None:
    none = cells(Pose(angle=0.0, dx=0.0, dy=0.0), side=0)
    assert judge(none, rule(kind)).reason == ()


def test_high_cmc_needs_its_rotations_close_together() -> None:
    matches = cells(Pose(angle=0.0, dx=0.0, dy=0.0))
    matches.angles[:] = (-0.3, 0.0, 0.3)
    matches.correlations[:8] = (0.9, 0.8, 0.2)
    matches.correlations[8:] = (0.2, 0.8, 0.9)
    assert judge(matches, rule("high")).count == 16
    matches.correlations[:, 1] = 0.1
    scattered = judge(matches, rule("high"))
    assert scattered.reason == judge(matches, rule("original")).reason


def test_consensus_follows_a_rotation_that_shifts_alone_cannot() -> None:
    matches = cells(Pose(angle=0.0, dx=0.0, dy=0.0))
    turned = Pose(angle=math.radians(2.5), dx=1e-5, dy=0.0)
    matches.angles[:] = np.radians([-0.5, 2.5, 5.5])
    matches.places[:] = turned.apply(matches.centre)[:, None]
    matches.shifts[:] = matches.places - matches.centre[:, None]
    verdict = judge(matches, rule("consensus", shift_um=5.0))
    assert verdict.count == 16
    assert judge(matches, rule("original", shift_um=5.0)).count < 8


def test_random_places_share_no_consensus() -> None:
    rng = np.random.default_rng(3)
    counts = []
    for _ in range(50):
        matches = cells(Pose(angle=0.0, dx=0.0, dy=0.0))
        matches.shifts[:] = rng.uniform(-1.2e-4, 1.2e-4, (16, 1, 2))
        matches.places[:] = matches.centre[:, None] + matches.shifts
        counts.append(judge(matches, rule("consensus")).count)
    assert np.mean(counts) < 4


def test_the_count_is_the_number_of_congruent_cells() -> None:
    assert Congruence(congruent=np.array([True, False, True]), reason=("a", "b", "c")).count == 2
