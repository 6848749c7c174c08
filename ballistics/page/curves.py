"""Curves on a page: from heights to the paths of a drawing, with gaps where nothing was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A straight way from values to points of a drawing.

    Parameters
    ----------
    low, high : float
        Values at the ends.
    start, end : float
        Points there; the end may lie before the start.
    """

    low: float
    high: float
    start: float
    end: float

    @property
    def factor(self) -> float:
        """Points for each unit of the value."""
        return (self.end - self.start) / (self.high - self.low)

    def at(self, value: float) -> float:
        """The point of a value."""
        return self.start + (value - self.low) * self.factor

    def ticks(self, about: int) -> list[tuple[str, float]]:
        """Round values within the scale, as text, with their points; roughly as many as asked for."""
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in STEPS if power * each >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(f"{n * step:g}", round(self.at(n * step), 1)) for n in range(first, last + 1)]


def path(x: Array, y: Array, across: Scale, up: Scale) -> str:
    """Draw a curve as an SVG path that is lifted where a value is missing.

    Examples
    --------
    >>> line = Scale(low=0, high=1, start=0, end=100)
    >>> path(np.array([0, 0.5, 0.8, 1]), np.array([1, 1, np.nan, 0]), line, line)
    'M0,100L50,100'
    """
    known = np.isfinite(y)
    points_x = np.round(across.start + (x - across.low) * across.factor, 1)
    points_y = np.round(up.start + (np.where(known, y, up.low) - up.low) * up.factor, 1)
    parts = []
    for run in _runs(known):
        if run.stop - run.start > 1:
            points = zip(points_x[run].tolist(), points_y[run].tolist(), strict=True)
            parts.append("M" + "L".join(f"{a:g},{b:g}" for a, b in points))
    return "".join(parts)


def height_scale(curves: list[Array], *, start: float, end: float) -> Scale:
    """Return the common scale of some curves, with a little room at both ends."""
    known = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    room = 0.04 * (high - low) or 1.0
    return Scale(low=low - room, high=high + room, start=start, end=end)


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
