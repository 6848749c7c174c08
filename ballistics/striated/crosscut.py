"""Cut a striated mark across: which way the striae run, how they are tilted, where they are most stable."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics import parameters
from ballistics.language import Message
from ballistics.striated.rows import BETWEEN_WALLS, inner_part, middle_of, rows_along, trend
from imaging.surface import Surface

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

SPARSE = 16
LEAST_WEIGHT = 0.5
STRIAE_CLIP = 3.0
GAPS = (4, 12, 24, 36)
SETTLED_SHIFT = 1.0
LEAST_STABLE = 0.3
NOT_STABLE = Message(
    "no striae: neighbouring crosscuts correlate by {stability:.2f} at best; {least:g} is the least"
)
NOT_STABLE_THERE = Message(
    "no striae: neighbouring crosscuts correlate by {stability:.2f} there; {least:g} is the least"
)
MIDDLE = (0.2, 0.8)
FEWEST_ROWS, FEWEST_COLUMNS = 8, 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """A crosscut: heights across the striae.

    Parameters
    ----------
    heights : ndarray, shape (n,)
        Median height along the striae over the band of rows, in metres; NaN where most of it is missing.
    spacing : float
        Distance of neighbouring heights in metres.
    rows : tuple of float
        First and last edge of the band, in metres along the striae from the first row of the oriented scan.
    tilt : float
        Angle in radians by which the striae lean: positive if they move to higher x with growing y.
    stability : float
        Correlation of rows three apart inside the band, -1 to 1.
    transposed : bool
        Whether rows and columns of the scan were exchanged so that striae run along its columns.
    damaged : ndarray of bool, shape (n,), optional
        Where the rows disagree by more than striae are high, see `ballistics.striated.rows.middle_of`; None for a
        crosscut that came without its rows.
    """

    heights: Array
    spacing: float
    rows: tuple[float, float]
    tilt: float
    stability: float
    transposed: bool
    damaged: BoolArray | None = None

    @property
    def tilt_deg(self) -> float:
        """Tilt of the striae in degrees."""
        return math.degrees(self.tilt)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCut:
    """No crosscut could be made; falsy, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        """Report that there is no crosscut."""
        return False


def cut_across(scan: Surface, chosen: parameters.Crosscut, *, row_um: float | None = None) -> Cut | NoCut:
    """Make a crosscut where the striae are most stable.

    Parameters
    ----------
    scan : Surface
        A striated mark; striae may run along either axis of the grid, tilted by up to ``steepest_deg``.
    chosen : parameters.Crosscut
        From a parameter set.
    row_um : float, optional
        Middle of the band in micrometres along the striae, set by hand.

    Returns
    -------
    Cut or NoCut
        Falsy with a reason where there are no striae, or too little of them was measured.

    Notes
    -----
    The scan is averaged to ``coarse_um``, a long-wave trend is taken off every row and the rest clipped, so that
    neither grooves nor damage decide. Striae run along the axis on which this changes least. Their tilt is the
    shift between rows that correlates best, summed over all rows: first between neighbours 4 rows apart, then,
    with that tilt taken out, between rows 12, 24 and 36 apart. The band is the one whose rows share most relief
    in the middle of the mark: a smooth patch correlates with itself but shares little.
    """
    coarse, weight = _averaged(scan, chosen.coarse_um)
    transposed = _runs_along_rows(coarse, weight)
    heights = scan.heights.T if transposed else scan.heights
    dx, dy = scan.spacing[::-1] if transposed else scan.spacing
    if transposed:
        coarse, weight = coarse.T, weight.T
    step_x, step_y = dx * heights.shape[1] / coarse.shape[1], dy * heights.shape[0] / coarse.shape[0]
    group = max(1, round(chosen.row_um * 1e-6 / step_y))
    row_step = group * step_y
    part = _measured_part(weight)
    start = part[0].start * step_y
    coarse, weight = _grouped(coarse[part], group), _grouped(weight[part], group)
    if coarse.shape[0] < FEWEST_ROWS or coarse.shape[1] < FEWEST_COLUMNS:
        return NoCut(
            reason=Message(
                "{across:.2f} mm across and {along:.2f} mm along the striae measured; at least "
                "{least_across:g} mm across and {least_along:g} mm along are needed",
                across=coarse.shape[1] * step_x * 1e3,
                along=coarse.shape[0] * row_step * 1e3,
                least_across=FEWEST_COLUMNS * chosen.coarse_um / 1e3,
                least_along=FEWEST_ROWS * chosen.row_um / 1e3,
            )
        )
    striae, measured = _striae(coarse, weight, chosen.detrend_um * 1e-6 / step_x)
    if not measured.any() or not striae.any():
        return NoCut(reason=Message("no striae: the heights follow a smooth curve"))
    slope, straight, seen = _upright(
        striae, measured, row_step / step_x, math.tan(math.radians(chosen.steepest_deg))
    )
    band = min(max(4, round(chosen.band_um * 1e-6 / row_step)), len(straight))
    first, stability = _best_band(
        straight, seen, band, None if row_um is None else (row_um * 1e-6 - start) / row_step
    )
    if stability < LEAST_STABLE:
        return NoCut(
            reason=(NOT_STABLE if row_um is None else NOT_STABLE_THERE).filled(
                stability=stability, least=LEAST_STABLE
            )
        )
    tilt = math.atan(slope * step_x / row_step)
    if abs(tilt) > math.radians(chosen.steepest_deg):
        return NoCut(
            reason=Message(
                "striae tilted by {tilt:.0f} degrees found; up to {most:g} can be cut across. Turn the scan first "
                "(ballistics convert --rotate)",
                tilt=math.degrees(tilt),
                most=chosen.steepest_deg,
            )
        )
    edges = (start + first * row_step, start + (first + band) * row_step)
    rows = rows_along(heights, (dx, dy), edges=edges, slope=math.tan(tilt), row=chosen.row_um * 1e-6)
    middle = middle_of(rows, dx, cutoff=chosen.detrend_um * 1e-6, damage=chosen.damage)
    return Cut(
        heights=middle.heights,
        damaged=middle.damaged,
        spacing=dx,
        rows=edges,
        tilt=tilt,
        stability=stability,
        transposed=transposed,
    )


def _averaged(scan: Surface, pixel_um: float) -> tuple[Float32Array, Float32Array]:
    """Heights times weight, and weight, on pixels of about this size; heights in um.

    Of fine scans only some rows and columns are used, so that each pixel is a mean of about four points.
    """
    (ny, nx), (dx, dy) = scan.shape, scan.spacing
    size = tuple(max(1, round(n * step * 1e6 / pixel_um)) for n, step in ((nx, dx), (ny, dy)))
    every_x, every_y = (max(1, int(pixel_um / 2 / (step * 1e6))) for step in (dx, dy))
    part = scan.heights[::every_y, ::every_x]
    some = part[::SPARSE, ::SPARSE]
    some = some[np.isfinite(some)]
    filled = np.ascontiguousarray(part - (some.mean() if some.size else 0), np.float32)
    valid = np.isfinite(filled).astype(np.float32)
    cv2.patchNaNs(filled, 0.0)
    coarse, weight = cv2.split(cv2.resize(cv2.merge([filled, valid]), size, interpolation=cv2.INTER_AREA))
    total = float(weight.sum())
    coarse -= weight * np.float32(coarse.sum() / total if total else 0.0)
    return coarse * np.float32(1e6), np.asarray(weight)


def _measured_part(weight: Float32Array) -> tuple[slice, slice]:
    """Rows and columns from the first to the last that were measured at all."""
    seen = weight > LEAST_WEIGHT
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _runs_along_rows(coarse: Float32Array, weight: Float32Array) -> bool:
    """Whether relief changes less along the rows (x) than along the columns; every second point will do."""
    coarse, weight = (np.ascontiguousarray(part[::2, ::2]) for part in (coarse, weight))
    sigma = 2.0
    smooth = cv2.GaussianBlur(coarse, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
    good = weight > 0.9
    relief = np.where(good, coarse / np.maximum(weight, 0.5) - smooth, 0.0)
    limit = STRIAE_CLIP * 1.4826 * float(np.median(np.abs(relief[good]))) if good.any() else 0.0
    relief = np.clip(relief, -limit, limit)
    along_x = np.square(np.diff(relief, axis=1)).mean() if relief.shape[1] > 1 else 0.0
    along_y = np.square(np.diff(relief, axis=0)).mean() if relief.shape[0] > 1 else 0.0
    return bool(along_x < along_y)


def _grouped(values: Float32Array, group: int) -> Float32Array:
    """Means of so many rows each; rows that are left over at the end count for nothing."""
    rows, columns = values.shape[0] // group, values.shape[1]
    if rows == 0 or columns == 0:
        return np.zeros((rows, columns), np.float32)
    whole = np.ascontiguousarray(values[: rows * group])
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA))


def _striae(coarse: Float32Array, weight: Float32Array, cutoff: float) -> tuple[Float32Array, Float32Array]:
    """Relief of every row against its own trend, clipped; zero and unmeasured where the weight is low."""
    measured = (weight > LEAST_WEIGHT).astype(np.float32)
    relief = (coarse / np.maximum(weight, LEAST_WEIGHT) - trend(coarse, weight, cutoff)) * measured
    limit = STRIAE_CLIP * 1.4826 * float(np.median(np.abs(relief[measured > 0]))) if measured.any() else 0.0
    return np.clip(relief, -limit, limit).astype(np.float32), measured


def _upright(
    striae: Float32Array, measured: Float32Array, aspect: float, steepest: float
) -> tuple[float, Float32Array, Float32Array]:
    """Shift in columns from one row to the next, and the rows moved by it."""
    part = np.s_[:, inner_part(striae.shape[1], BETWEEN_WALLS)]
    slope, straight, seen = 0.0, striae, measured
    reach = steepest * aspect * GAPS[0]
    for gap in (min(gap, striae.shape[0] * 2 // 3) for gap in GAPS):
        slope += _shift(straight[part], seen[part], gap, reach) / gap
        straight, seen = _sheared(striae, measured, slope)
        reach = SETTLED_SHIFT
    return slope, straight, seen


def _shift(striae: Float32Array, measured: Float32Array, gap: int, reach: float) -> float:
    """Shift in columns that correlates rows ``gap`` apart best, over all rows at once."""
    most = min(math.ceil(reach) + 1, striae.shape[1] - 1)
    lags = range(-most, most + 1)

    def lagged(values: Float32Array) -> Array:
        first, second, size = values[:-gap], values[gap:], values.shape[1]
        return np.array(
            [
                np.vdot(first[:, max(0, -lag) : size - max(0, lag)], second[:, max(0, lag) : size + min(0, lag)])
                for lag in lags
            ]
        )

    curve = lagged(striae) / np.maximum(lagged(measured), 1.0)
    best = 1 + int(curve[1:-1].argmax())
    left, middle, right = (float(value) for value in curve[best - 1 : best + 2])
    bend = left - 2 * middle + right
    offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(best - most + min(max(offset, -1.0), 1.0))


def _sheared(striae: Float32Array, measured: Float32Array, slope: float) -> tuple[Float32Array, Float32Array]:
    """Rows moved so that the striae stand upright; the middle row stays."""
    rows, columns = striae.shape
    y = np.arange(rows, dtype=np.float32)[:, None]
    x = np.arange(columns, dtype=np.float32)[None, :]
    map_x = np.asarray(x + slope * (y - (rows - 1) / 2), np.float32)
    map_y = np.broadcast_to(y, map_x.shape).astype(np.float32)
    values, weight = (
        np.asarray(cv2.remap(part, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
        for part in (striae, measured)
    )
    seen = (weight > 0.5).astype(np.float32)
    return values * seen, seen


def _best_band(striae: Float32Array, seen: Float32Array, band: int, middle: float | None) -> tuple[int, float]:
    """First row of the band that shares most relief, and the correlation of its rows."""
    part = inner_part(striae.shape[1], MIDDLE)
    kept = seen[:, part]
    inner = striae[:, part] - (striae[:, part].sum(axis=1) / np.maximum(kept.sum(axis=1), 1.0))[:, None]
    inner = inner * kept
    gap = min(3, band - 1)
    common = kept[:-gap] * kept[gap:]
    count = np.maximum(common.sum(axis=1), 1.0)
    shared = (inner[:-gap] * inner[gap:]).sum(axis=1) / count
    first = (np.square(inner[:-gap]) * common).sum(axis=1) / count
    second = (np.square(inner[gap:]) * common).sum(axis=1) / count
    correlation = shared / np.sqrt(np.maximum(first * second, 1e-12))
    window = np.ones(band - gap) / (band - gap)
    mean_correlation = np.convolve(correlation, window, "valid")
    mean_shared = np.convolve(np.maximum(shared, 0.0), window, "valid")
    coverage = np.convolve(kept.mean(axis=1), np.ones(band) / band, "valid")
    score = mean_correlation * np.sqrt(mean_shared) * coverage
    start = int(score.argmax())
    if middle is not None:
        start = min(max(round(middle - band / 2), 0), score.size - 1)
    return start, float(mean_correlation[start])
