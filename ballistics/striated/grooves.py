"""Find the shoulders of a land: where the land engraved area ends and the grooves begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ballistics.language import Message
from ballistics.striated.crosscut import Cut

Array = NDArray[np.float64]

STEP_UM = 6.25
INNER, OUTER = 0.7, 0.85
SEARCH_FROM = 0.4
ROUNDS = 12
TUKEY = 4.685
RIDGE = 1e-9
AGREEMENT_UM = 60.0
EDGE_UM = 50.0
FOOT_UM = 4.0
FOOT_POINTS = 3
NO_GROOVE = {
    -1: Message("no groove on the left; the crosscut is used to its end"),
    1: Message("no groove on the right; the crosscut is used to its end"),
}
UNCERTAIN = {
    -1: Message("the left shoulder is uncertain: two methods disagree"),
    1: Message("the right shoulder is uncertain: two methods disagree"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoulders:
    """Where a land begins and ends on its crosscut.

    Parameters
    ----------
    left_um, right_um : float
        Places along the crosscut in micrometres from its first point.
    confidence : float
        0 to 1: one half for each shoulder on which both methods agree to 60 um, a quarter where only one saw it.
    notes : tuple of str
        What a person should look at.
    """

    left_um: float
    right_um: float
    confidence: float
    notes: tuple[str, ...] = ()


def find_shoulders(cut: Cut, *, step_um: float) -> Shoulders:
    """Find the two shoulders of a crosscut.

    Two methods look at the crosscut less a robust polynomial of degree 4 fitted to its middle. One goes
    outwards until the curve is left by more than ``step_um``; the other takes the sharpest rise over 50 um in
    the outer parts. Where they disagree the inner place is taken, since groove in a signature does more harm
    than land lost. A shoulder that neither sees is put at the end of the crosscut, with a note.
    """
    stride = max(1, round(STEP_UM * 1e-6 / cut.spacing))
    heights = cut.heights[::stride] * 1e6
    spacing_um = cut.spacing * stride * 1e6
    residual = _residual(heights)
    known = np.flatnonzero(np.isfinite(heights)) if np.isfinite(heights).any() else np.arange(heights.size)
    x = np.linspace(-1.0, 1.0, heights.size)
    found, confidence, notes = [], 0.0, []
    for side in (-1, 1):
        outwards = np.flatnonzero(x * side > SEARCH_FROM)
        outwards = outwards if side > 0 else outwards[::-1]
        left_curve = _first_departure(residual[outwards], step_um)
        jump = _sharpest_rise(residual[outwards], max(2, round(EDGE_UM / spacing_um)), step_um)
        seen = [place for place in (left_curve, jump) if place is not None]
        if not seen:
            notes.append(NO_GROOVE[side])
            place = int(known[-1 if side > 0 else 0])
        else:
            place = int(outwards[_foot(residual[outwards], min(seen))])
            agree = len(seen) == 2 and abs(seen[0] - seen[1]) * spacing_um <= AGREEMENT_UM
            confidence += 0.5 if agree else 0.25
            if not agree:
                notes.append(UNCERTAIN[side])
        found.append(place * spacing_um)
    return Shoulders(left_um=found[0], right_um=found[1], confidence=confidence, notes=tuple(notes))


def _residual(heights: Array) -> Array:
    """Heights less a robust polynomial of degree 4, fitted from the middle outwards."""
    x = np.linspace(-1.0, 1.0, heights.size)
    known = np.isfinite(heights)
    powers = np.vander(x, 5, increasing=True)
    values = np.where(known, heights, 0.0)
    inner, outer = (known & (np.abs(x) < reach) for reach in (INNER, OUTER))
    middle = np.flatnonzero(inner)
    weight = inner.astype(np.float64)
    residual = values
    for turn in range(ROUNDS):
        terms = powers[:, : 4 if turn < ROUNDS // 3 else 5]
        weighted = (terms * weight[:, None]).T
        normal = weighted @ terms + RIDGE * np.eye(terms.shape[1])
        residual = values - terms @ np.linalg.solve(normal, weighted @ values)
        spread = float(np.median(np.abs(residual[middle]))) if middle.size else 0.0
        limit = TUKEY * max(1.0, 1.4826 * spread)
        weight = np.square(1.0 - np.square(np.minimum(np.abs(residual) / limit, 1.0)))
        weight *= outer if turn > 4 else inner
    return np.where(known, residual, np.nan)


def _first_departure(residual: Array, step_um: float) -> int | None:
    """Index of the first point, going outwards, from which the curve is left for good."""
    with np.errstate(invalid="ignore"):
        away = (residual > step_um) | (residual < -3.0 * step_um)
    places = np.flatnonzero(away)
    return int(places[0]) if places.size else None


def _foot(residual: Array, place: int) -> int:
    """The last point of the land near a wall: below ``FOOT_UM`` and measured; missing points are wall.

    It is looked for at most three points inwards, so that a wave of the land is not taken for the wall.
    """
    land = np.isfinite(residual) & (residual < FOOT_UM)
    for _ in range(FOOT_POINTS):
        if place > 0 and not land[place]:
            place -= 1
    while place + 1 < residual.size and land[place + 1]:
        place += 1
    return place


def _sharpest_rise(residual: Array, width: int, step_um: float) -> int | None:
    """Index where the residual rises most over ``width`` points, if by more than the step."""
    if residual.size <= width:
        return None
    filled = np.where(np.isfinite(residual), residual, 0.0)
    rise = filled[width:] - filled[:-width]
    best = int(rise.argmax())
    return best if rise[best] > step_um else None
