"""The rows of a band along the striae: moved onto each other, levelled, their median, and where they disagree."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics import parameters

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

CLIP = 3.0
TO_SIGMA = 1.4826
TO_CUTOFF = 0.1873906
FINE_SIGMA = 4.0
QUARTILES = (0.25, 0.75)
BETWEEN_WALLS = (0.12, 0.88)


class Middle(NamedTuple):
    """Median of the rows at each column, and whether the rows disagree there; both of shape (columns,)."""

    heights: Array
    damaged: BoolArray


def rows_along(
    heights: NDArray[np.floating[Any]],
    spacing: tuple[float, float],
    *,
    edges: tuple[float, float],
    slope: float,
    row: float,
) -> Array:
    """Average a band of a scan to rows and move each along the striae; the middle row of the scan stays.

    Parameters
    ----------
    heights : ndarray, shape (ny, nx)
        Heights with the striae along the columns, NaN where missing.
    spacing : tuple of float
        Spacing of columns and rows in metres.
    edges : tuple of float
        First and last edge of the band in metres from the first row.
    slope : float
        Tangent of the angle by which the striae lean.
    row : float
        Height of an averaged row in metres.

    Returns
    -------
    ndarray, shape (rows, nx)
        NaN where less than half of a row was measured, or where it was moved in from outside.
    """
    dx, dy = spacing
    first, last = (round(edge / dy) for edge in edges)
    first, last = max(first, 0), min(max(last, first + 1), heights.shape[0])
    group = max(1, round(row / dy))
    starts = np.arange(first, last, group)
    sizes = np.minimum(starts + group, last) - starts
    band = np.full((starts.size * group, heights.shape[1]), np.nan, heights.dtype)
    band[: last - first] = heights[first:last]
    valid = np.isfinite(band)
    count, sums = (
        part.reshape(starts.size, group, -1).sum(axis=1, dtype=np.float64)
        for part in (valid, np.where(valid, band, 0))
    )
    mean = np.where(2 * count >= sizes[:, None], sums / np.maximum(count, 1), np.nan)
    moved = np.full_like(mean, np.nan)
    columns = heights.shape[1]
    for index, y in enumerate(starts + (sizes - 1) / 2 - (heights.shape[0] - 1) / 2):
        shift = slope * y * dy / dx
        whole = math.floor(shift)
        share = shift - whole
        left, right = max(0, -whole), min(columns, columns - 1 - whole)
        if left < right:
            near = mean[index, left + whole : right + whole + 1]
            moved[index, left:right] = near[:-1] * (1 - share) + near[1:] * share
    return moved


def middle_of(rows: Array, spacing: float, *, cutoff: float, damage: parameters.Damage) -> Middle:
    """Return the median of levelled rows and where they disagree.

    Parameters
    ----------
    rows : ndarray, shape (rows, columns)
        From `rows_along`.
    spacing : float
        Distance of neighbouring columns in metres.
    cutoff : float
        Cut-off in metres: the departure of a row from the median in longer waves is taken off it.
    damage : parameters.Damage
        When rows disagree too much.

    Notes
    -----
    A band leans and is wavy, so that rows differ in slow waves by as much as striae are high; levelled, their
    median does not jump where a row is missing or damaged. Damage is a run of columns over which half the
    distance between the quartiles of the rows exceeds a share of the relief of the median itself. A scratch that
    runs along all rows of the band looks like a stria and is not found.
    """
    ordered = np.sort(rows, axis=0)
    middle = _quantile(ordered, 0.5)
    limit = CLIP * TO_SIGMA * _typical(_half_spread(ordered))
    away = rows - middle
    known = np.isfinite(away)
    away = np.where(known, np.clip(away, -limit, limit), 0.0) * 1e6
    slow = 1e-6 * trend(away.astype(np.float32), known.astype(np.float32), cutoff / spacing)
    ordered = np.sort(rows - slow, axis=0)
    middle = _quantile(ordered, 0.5)
    middle[2 * np.isfinite(ordered).sum(axis=0) < len(rows)] = np.nan
    return Middle(middle, _disagreeing(ordered, middle, spacing, cutoff, damage))


def trend(values: Float32Array, weight: Float32Array, cutoff: float) -> Float32Array:
    """Gaussian mean along every row; ``values`` are zero where ``weight`` is, ``cutoff`` counts in columns.

    Rows are reduced first where the Gaussian is wide; that moves the mean by less than a hundredth.
    """
    sigma = TO_CUTOFF * cutoff
    rows, columns = values.shape
    narrow = max(1, round(columns / max(1, int(sigma / FINE_SIGMA))))
    sigma *= narrow / columns
    kernel = cv2.getGaussianKernel(2 * math.ceil(3.2 * sigma) + 1, sigma, cv2.CV_32F)
    one = np.ones(1, np.float32)
    top, bottom = (
        cv2.sepFilter2D(
            cv2.resize(part, (narrow, rows), interpolation=cv2.INTER_AREA) if narrow < columns else part,
            -1,
            kernel,
            one,
            borderType=cv2.BORDER_CONSTANT,
        )
        for part in (values, weight)
    )
    smooth = top / np.maximum(bottom, 1e-3)
    return np.asarray(cv2.resize(smooth, (columns, rows)) if narrow < columns else smooth)


def _disagreeing(
    ordered: Array, middle: Array, spacing: float, cutoff: float, damage: parameters.Damage
) -> BoolArray:
    """Runs of at least ``width_um`` above ``edge`` times the relief that somewhere exceed ``spread`` times it."""
    width = max(1, round(damage.width_um * 1e-6 / spacing))
    box = max(1, width // 2)
    known = np.isfinite(middle)
    filled = np.where(known, middle * 1e6, 0.0).astype(np.float32)[None]
    relief = np.abs(filled - trend(filled, known.astype(np.float32)[None], cutoff / spacing))[0]
    typical = TO_SIGMA * 1e-6 * _typical(np.where(known, relief, np.nan))
    spread = np.convolve(np.nan_to_num(_half_spread(ordered)), np.ones(box) / box, "same")
    flagged = np.zeros(middle.size, np.bool_)
    if typical > 0:
        above = np.concatenate([[False], spread > damage.edge * typical, [False]])
        for start, end in np.flatnonzero(above[1:] != above[:-1]).reshape(-1, 2):
            if end - start >= width and spread[start:end].max() > damage.spread * typical:
                flagged[start:end] = True
    return flagged


def _half_spread(ordered: Array) -> Array:
    low, high = (_quantile(ordered, share) for share in QUARTILES)
    return 0.5 * (high - low)


def _typical(values: Array) -> float:
    """Median between the walls of grooves; 0 where nothing was measured."""
    inner = values[inner_part(values.size, BETWEEN_WALLS)]
    inner = inner[np.isfinite(inner)]
    return float(np.median(inner)) if inner.size else 0.0


def inner_part(size: int, shares: tuple[float, float]) -> slice:
    """Columns between two shares of the width."""
    return slice(int(shares[0] * size), int(shares[1] * size))


def _quantile(ordered: Array, share: float) -> Array:
    """Quantile of each column of sorted rows with NaN at their ends; NaN where all are."""
    last = np.maximum(np.isfinite(ordered).sum(axis=0) - 1, 0)
    place = share * last
    low = place.astype(np.int64)
    part, column = place - low, np.arange(last.size)
    found: Array = ordered[low, column] * (1 - part) + ordered[np.minimum(low + 1, last), column] * part
    return found
