"""The search over all rotations: planted rotations and shifts, marks that do not agree, what is refused."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from imaging.errors import ParameterError
from imaging.turning import GRID, Centred, Turns, centred, longest_side

SIDE = 300


def texture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE)).astype(np.float32)
    return np.clip(128 + 300 * cv2.GaussianBlur(noise, (0, 0), 4), 0, 255).astype(np.uint8)


def disc(radius: float = 130.0) -> np.ndarray:
    y, x = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    return np.asarray(x**2 + y**2 < radius**2)


def moved(angle_deg: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    """From pixels of the reference to pixels of the questioned picture, about the middle."""
    middle = (SIDE - 1) / 2
    c, s = scale * math.cos(math.radians(angle_deg)), scale * math.sin(math.radians(angle_deg))
    linear = np.array([[c, -s], [s, c]])
    return np.column_stack([linear, middle + np.array(shift) - linear @ (middle, middle)])


def laid(array: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.warpAffine(array, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR))


@pytest.mark.parametrize("angle_deg", [0.0, 37.0, 90.0, 122.5, 180.0, -100.0, -2.0])
@pytest.mark.parametrize("scale", [1.0, 0.8])
def test_a_planted_motion_is_found(angle_deg: float, scale: float) -> None:
    matrix = moved(angle_deg, scale, (9.0, -14.0))
    picture, mask = texture(1), disc(110.0)
    other = laid(mask.astype(np.uint8), matrix) > 0
    first = centred(picture, mask, factor=3.0)
    second = centred(laid(picture, matrix), other, factor=3.0 * scale)
    found = Turns(second, step_deg=5.0).best(first)
    points = np.array([[150.0, 150.0], [220.0, 150.0], [120.0, 90.0]])
    apart = points @ (found.matrix - matrix)[:, :2].T + (found.matrix - matrix)[:, 2]
    assert np.abs(apart).max() < 7.0
    assert found.strength > 15.0


def test_other_texture_does_not_stand_out() -> None:
    strengths = [
        Turns(centred(texture(seed), disc(), factor=3.0), step_deg=5.0)
        .best(centred(texture(99), disc(), factor=3.0))
        .strength
        for seed in range(6)
    ]
    assert max(strengths) < 12.0


def test_the_grid_holds_the_mark_in_its_middle() -> None:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[40:140, 100:160] = True
    made = centred(texture(3), mask, factor=2.0)
    rows, columns = (np.flatnonzero(made.values.any(axis=axis)) for axis in (1, 0))
    assert abs(rows.mean() - GRID // 2) <= 0.5
    assert abs(columns.mean() - GRID // 2) <= 0.5
    assert rows.size == pytest.approx(50, abs=2)
    np.testing.assert_allclose(made.to_picture[:, 2], (129.5, 89.5))
    assert made.factor == 2.0


def test_longest_side_of_nothing_is_none() -> None:
    assert longest_side(np.zeros((5, 9), np.bool_)) == 0


@pytest.mark.parametrize("factor", [0.0, -1.0, 1.0, math.nan])
def test_a_mark_that_does_not_fit_is_refused(factor: float) -> None:
    with pytest.raises(ParameterError, match="factor"):
        centred(texture(1), disc(), factor=factor)


def test_an_empty_or_a_vanishing_mark_is_refused() -> None:
    with pytest.raises(ParameterError, match="0 pixels"):
        centred(texture(1), np.zeros((SIDE, SIDE), np.bool_), factor=3.0)
    dots = np.zeros((SIDE, SIDE), np.bool_)
    dots[::60, ::60] = True
    with pytest.raises(ParameterError, match="vanishes"):
        centred(texture(1), dots, factor=4.0)


@pytest.mark.parametrize("step_deg", [0.0, 7.0, -5.0, 0.1])
def test_steps_that_do_not_divide_a_half_turn_are_refused(step_deg: float) -> None:
    made: Centred = centred(texture(1), disc(), factor=3.0)
    with pytest.raises(ParameterError, match="step"):
        Turns(made, step_deg=step_deg)


def test_a_mirrored_mark_is_found_by_its_mirror_image() -> None:
    picture, mask = texture(4), disc()
    first = centred(picture, mask, factor=3.0)
    turns = Turns(centred(picture[:, ::-1].copy(), mask, factor=3.0), step_deg=5.0)
    assert turns.best(first).strength < 12.0
    found = turns.best(first.mirrored())
    assert found.strength > 15.0
    np.testing.assert_allclose(found.matrix, [[-1.0, 0.0, SIDE - 1.0], [0.0, 1.0, 0.0]], atol=1e-6)
