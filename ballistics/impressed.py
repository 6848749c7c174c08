"""Congruent matching cells: search every cell of one mark in the other.

The reference is cut into square cells. Each one is correlated with the questioned mark over a window of
shifts and a set of rotations, and its best place, angle and correlation are kept. What makes cells
congruent is decided in `ballistics.congruence`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ballistics.parameters import Cells, Exhaustive, GlobalFirst
from imaging.register import Float32Array, Pose, Relief, lay, masked_ncc

FloatArray = NDArray[np.float64]
WORST = -1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellMatches:
    """Where each cell of one mark was found in the other, at each rotation and at its best one.

    All lengths are metres from the middle of the prepared grids, all angles radians. A cell that had no
    place with enough common area has correlation -1 there.

    Parameters
    ----------
    row, column : ndarray of int, shape (n,)
        Place of the cell in the grid of cells.
    centre : ndarray, shape (n, 2)
        Middle of the cell in the reference.
    side : float
        Length of a cell's side.
    fill : ndarray, shape (n,)
        Share of the cell that was measured.
    angles : ndarray, shape (k,)
        Rotations tried.
    shifts : ndarray, shape (n, k, 2)
        Best shift of each cell at each rotation, away from the place where the searched pose puts it.
    correlations : ndarray, shape (n, k)
        Correlation there.
    places : ndarray, shape (n, k, 2)
        The same places as points of the questioned mark.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    centre: FloatArray
    side: float
    fill: FloatArray
    angles: FloatArray
    shifts: FloatArray
    correlations: FloatArray
    places: FloatArray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def best(self) -> NDArray[np.int64]:
        """Index of each cell's best rotation, shape (n,)."""
        index: NDArray[np.int64] = self.correlations.argmax(axis=1)
        return index

    @property
    def correlation(self) -> FloatArray:
        """Best correlation of each cell, shape (n,)."""
        return self._at_best(self.correlations)

    @property
    def shift(self) -> FloatArray:
        """Shift of each cell at its best rotation, shape (n, 2)."""
        return self._at_best(self.shifts)

    @property
    def place(self) -> FloatArray:
        """Where each cell was found in the questioned mark, shape (n, 2)."""
        return self._at_best(self.places)

    @property
    def angle(self) -> FloatArray:
        """Best rotation of each cell, between the tried steps, shape (n,)."""
        best, count = self.best, len(self.angles)
        angle: FloatArray = self.angles[best]
        if count < 3:
            return angle
        rows, middle = np.arange(len(self)), np.clip(best, 1, count - 2)
        left, peak, right = (self.correlations[rows, middle + k] for k in (-1, 0, 1))
        inside = (best == middle) & (left > WORST) & (right > WORST)
        offset: FloatArray = np.where(inside, _vertex(left, peak, right), 0.0)
        refined: FloatArray = angle + offset * (self.angles[1] - self.angles[0])
        return refined

    @property
    def angle_deg(self) -> FloatArray:
        """The same in degrees, in (-180, 180], shape (n,)."""
        degrees: FloatArray = 180.0 - (180.0 - np.degrees(self.angle)) % 360.0
        return degrees

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Which cells had enough common area to be compared, shape (n,)."""
        return self.correlation > WORST

    def _at_best(self, values: FloatArray) -> FloatArray:
        chosen: FloatArray = values[np.arange(len(self)), self.best]
        return chosen


def match_cells(
    reference: Relief, questioned: Relief, pose: Pose, *, cells: Cells, search: GlobalFirst | Exhaustive
) -> CellMatches:
    """Find every cell of the reference in the questioned mark.

    Parameters
    ----------
    reference, questioned : Relief
        Prepared marks at the working pixel.
    pose : Pose
        Around which to search. Under the global-first search a cell is expected where this pose puts it
        and turns about its own middle; under the exhaustive search the marks turn as a whole about the
        middle of the reference, and the pose gives the rotation and shift to start from (usually none).
    cells, search : Cells, GlobalFirst or Exhaustive
        From a parameter set.

    Returns
    -------
    CellMatches
        One row a cell that is filled enough; none if no cell is.

    References
    ----------
    Song, Proposed "congruent matching cells (CMC)" method for ballistic identification and error rate
    estimation, AFTE Journal 47(3) (2015).
    """
    pixel = reference.pixel
    side = max(4, round(cells.side_um * 1e-6 / pixel))
    row, column, corner = _grid(reference, side, cells.min_fill)
    middle = np.array([(reference.shape[1] - 1) / 2, (reference.shape[0] - 1) / 2])
    centre = corner + (side - 1) / 2 - middle
    by_region = isinstance(search, Exhaustive)
    if isinstance(search, Exhaustive):
        reach = round(side * (search.region - 1) / 2)
    else:
        reach = math.ceil(search.window_um * 1e-6 / pixel)
    count = math.floor(search.range_deg / search.step_deg + 1e-9)
    turns = np.deg2rad(np.arange(-count, count + 1) * search.step_deg)

    template, template_mask = _cut(reference.values, corner, side), _cut(reference.mask, corner, side)
    template = _zero_mean(template, template_mask)
    window = side + 2 * reach
    images = np.zeros((2, len(turns), len(row), window, window), np.float32)
    starts = np.zeros((len(turns), len(row), 2), np.int64)
    for k, turn in enumerate(turns):
        laid = lay(questioned, _turned(pose, turn), reference.shape)
        expected = centre if by_region else _turn(centre, -turn)
        starts[k] = np.rint(expected + middle - (side - 1) / 2).astype(np.int64) - reach
        for part, whole in zip(images, laid, strict=True):
            part[k] = _cut(whole, starts[k], window)
    correlation, overlap = masked_ncc(template, template_mask, *images)
    needed = cells.min_overlap * template_mask.sum(axis=(1, 2))[:, None, None]
    correlation[overlap < needed] = WORST

    shape = (len(row), len(turns))
    shifts, places, correlations = np.zeros((*shape, 2)), np.zeros((*shape, 2)), np.full(shape, WORST)
    for k, turn in enumerate(turns):
        correlations[:, k], offset = _peaks(correlation[k])
        found = starts[k] + offset + (side - 1) / 2 - middle
        shifts[:, k] = ((found if by_region else _turn(found, turn)) - centre) * pixel
        places[:, k] = _turned(pose, turn).apply(found * pixel)
    return CellMatches(
        row=row,
        column=column,
        centre=centre * pixel,
        side=side * pixel,
        fill=template_mask.mean(axis=(1, 2), dtype=np.float64),
        angles=pose.angle + turns,
        shifts=shifts,
        correlations=correlations,
        places=places,
    )


def _grid(
    reference: Relief, side: int, min_fill: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Cells centred on the mark that are filled enough: row, column and top-left corner (x, y)."""
    rows, columns = (math.ceil(n / side) for n in reference.shape)
    top, left = (reference.shape[0] - rows * side) // 2, (reference.shape[1] - columns * side) // 2
    row, column = (index.ravel() for index in np.indices((rows, columns)))
    corner = np.stack([left + column * side, top + row * side], axis=1)
    filled = _cut(reference.mask, corner, side).mean(axis=(1, 2)) >= min_fill
    return row[filled], column[filled], corner[filled]


def _cut(image: Float32Array, corner: NDArray[np.int64], side: int) -> Float32Array:
    """Squares of an image, shape (n, side, side), with zero where they reach beyond it."""
    ny, nx = image.shape
    squares = np.zeros((len(corner), side, side), np.float32)
    for square, (x, y) in zip(squares, corner, strict=True):
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, nx), min(y + side, ny)
        if x0 < x1 and y0 < y1:
            square[y0 - y : y1 - y, x0 - x : x1 - x] = image[y0:y1, x0:x1]
    return squares


def _zero_mean(squares: Float32Array, masks: Float32Array) -> Float32Array:
    mean = squares.sum(axis=(1, 2)) / np.maximum(masks.sum(axis=(1, 2)), 1.0)
    centred: Float32Array = (squares - mean[:, None, None]) * masks
    return centred


def _turned(pose: Pose, turn: float) -> Pose:
    return replace(pose, angle=pose.angle + turn)


def _turn(points: FloatArray, angle: float) -> FloatArray:
    c, s = math.cos(angle), math.sin(angle)
    turned: FloatArray = points @ np.array([[c, s], [-s, c]])
    return turned


def _peaks(correlation: Float32Array) -> tuple[FloatArray, FloatArray]:
    """Highest value of each map and its place ``(x, y)``, to a fraction of a step by parabolas."""
    n, ny, nx = correlation.shape
    index = correlation.reshape(n, ny * nx).argmax(axis=1)
    y, x = np.divmod(index, nx)
    cell = np.arange(n)
    peak = correlation[cell, y, x].astype(np.float64)

    def between(low: Any, high: Any, inside: NDArray[np.bool_]) -> FloatArray:
        usable = inside & (low > WORST) & (high > WORST)
        return np.where(usable, _vertex(low, peak, high), 0.0)

    offset_x = between(
        correlation[cell, y, np.maximum(x - 1, 0)],
        correlation[cell, y, np.minimum(x + 1, nx - 1)],
        (x > 0) & (x < nx - 1),
    )
    offset_y = between(
        correlation[cell, np.maximum(y - 1, 0), x],
        correlation[cell, np.minimum(y + 1, ny - 1), x],
        (y > 0) & (y < ny - 1),
    )
    return peak, np.stack([x + offset_x, y + offset_y], axis=1)


def _vertex(left: Any, middle: Any, right: Any) -> FloatArray:
    """Place of the top of the parabola through three values one step apart, from the middle one."""
    bend = np.asarray(left, np.float64) - 2.0 * middle + right
    return np.clip(np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-12), 0.0), -0.5, 0.5)
