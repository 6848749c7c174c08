"""The Chumbley score: whether short windows agree better at the best shift than at others.

The shift comes from one long window. Short windows outside it are then correlated at that shift and, paired the
other way round, at other shifts; a rank test tells whether the first correlations are higher.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ballistics.errors import OptionError
from ballistics.language import Message
from ballistics.striated.segment_curves import windows
from ballistics.striated.striae import (
    SIGNATURES,
    SMALLEST_RELIEF_UM,
    NotMeasured,
    check_positive,
    sealed,
    signature_values,
    unusable,
)
from imaging.threads import one_blas_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FEWEST_POINTS = 8
FEWEST_WINDOWS = 4
MEASURED_SHARE = 0.5
SEARCH_STEPS = 5
REFINED_LAGS = 2
TREND_NODES = 21
ROBUST_PASSES = 1
BISQUARE = 6.0
SMALLEST_POWER = 1e-9
CHUNK_POINTS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChumbleyScore:
    """How windows at one shift rank against windows at other shifts. A measurement, not a verdict.

    Parameters
    ----------
    same_shift, different_shift : ndarray, shape (n,) and (m,)
        Correlations of the short windows at the best shift and at others, -1 to 1.
    reference_windows, questioned_windows : ndarray of int, shape (n,)
        First points of the short windows, paired at the best shift in this order; at other shifts the first
        reference window is paired with the last questioned one, and so on inwards.
    window : int
        Points in a short window.
    reference_search, questioned_search : int
        First points of the long windows that gave the shift.
    search : int
        Points in a long window.
    search_correlation : float
        Correlation of the long windows, -1 to 1.
    spacing_um : float
        Distance of neighbouring points in micrometres.
    """

    same_shift: FloatArray
    different_shift: FloatArray
    reference_windows: IntArray
    questioned_windows: IntArray
    window: int
    reference_search: int
    questioned_search: int
    search: int
    search_correlation: float
    spacing_um: float

    @property
    def lag_samples(self) -> int:
        """Point ``i`` of the reference lies on point ``i + lag_samples`` of the questioned signature."""
        return self.questioned_search - self.reference_search

    @property
    def u(self) -> float:
        """Mann-Whitney statistic: pairs of correlations of which that at the best shift is higher."""
        same, different = self.same_shift[:, None], self.different_shift
        return float((same > different).sum() + 0.5 * (same == different).sum())

    @property
    def z(self) -> float:
        """The statistic less its mean over its standard deviation if shift made no difference."""
        n, m = self.same_shift.size, self.different_shift.size
        return (self.u - 0.5 * n * m) / math.sqrt(n * m * (n + m + 1) / 12.0)

    @property
    def p_value(self) -> float:
        """One-sided p-value of the rank test by its normal approximation, 0 to 1."""
        return 0.5 * math.erfc(self.z / math.sqrt(2.0))


@one_blas_thread()
def chumbley_score(
    reference_um: ArrayLike,
    questioned_um: ArrayLike,
    *,
    spacing_um: float,
    search_um: float = 187.5,
    window_um: float = 46.875,
    coarse: float = 0.25,
    trim: float = 0.01,
) -> ChumbleyScore | NotMeasured:
    """Test whether two striated marks agree better at their best shift than at others.

    Parameters
    ----------
    reference_um, questioned_um : array_like, shape (n,) and (m,)
        Signatures or profiles in micrometres, equally sampled; NaN where missing.
    spacing_um : float
        Distance of neighbouring points in micrometres, above 0.
    search_um, window_um : float
        Length of the long window that finds the shift and of the short ones that test it, in micrometres. The
        defaults are those for bullet lands, 120 and 30 points at 1.5625 um; for screwdriver marks of 7 mm the
        literature takes 500 and 50 points.
    coarse : float
        Share of the points in the local fit (lowess) whose trend is taken off first, 0 to 1.
    trim : float
        Share of the points left out at either end, 0 to 0.25.

    Returns
    -------
    ChumbleyScore or NotMeasured
        Falsy with the reason where a signature is empty, missing, constant or shorter than the long window, or
        fewer than four short windows fit. Swapping the signatures changes no number but the sign of the shift.

    Raises
    ------
    OptionError
        If an array is not one-dimensional, holds infinities or heights above 1 m, or an option is out of range.

    Notes
    -----
    Chumbley et al., J. Forensic Sci. 55 (2010), doi:10.1111/j.1556-4029.2010.01424.x, in the form without
    randomness of Hadler and Morris (2018), doi:10.1111/1556-4029.13640. Windows at other shifts are paired as
    Krishnan and Hofmann (2019), doi:10.1111/1556-4029.13950, propose, which leaves fewer marks untested and
    separates better. The long window is looked for in steps of a fifth of its length on either mark and point by
    point on the other, then point by point about the best; an exhaustive search may end a little higher. The
    lowess trend is computed at 21 places, with one robust pass, and interpolated.

    The p-value is that of a test on windows of one pair; it is neither the probability of a common source nor
    an error rate. Periodic marks and marks with a trend left in them reach low values by chance.

    Examples
    --------
    >>> heights = np.random.default_rng(5).standard_normal(1100)
    >>> found = chumbley_score(heights, heights[40:], spacing_um=1.5625)
    >>> found.lag_samples, found.p_value < 1e-4
    (-40, True)
    """
    check_positive(spacing_um=spacing_um, search_um=search_um, window_um=window_um, coarse=coarse)
    if coarse > 1.0 or not 0.0 <= trim <= 0.25:
        raise OptionError(f"coarse={coarse:g} and trim={trim:g} found; up to 1 and 0 to 0.25 are possible.")
    search, window = round(search_um / spacing_um), round(window_um / spacing_um)
    if window < FEWEST_POINTS or search < window:
        raise OptionError(
            f"Windows of {search} and {window} points found at a spacing of {spacing_um:g} um; the short one must "
            f"have {FEWEST_POINTS} points or more, the long one no fewer than the short one."
        )
    marks = []
    for heights_um, role in ((reference_um, "reference"), (questioned_um, "questioned")):
        heights = signature_values(heights_um, role)
        if refused := unusable(heights, role):
            return NotMeasured(reason=refused)
        known = np.flatnonzero(np.isfinite(heights))
        cut = round(trim * (known[-1] + 1 - known[0]))
        first, last = int(known[0]) + cut, int(known[-1]) + 1 - cut
        if last - first < search:
            return NotMeasured(
                reason=Message(
                    "{signature} has {points} points less its ends, the long window {needed}",
                    signature=SIGNATURES[role],
                    points=last - first,
                    needed=search,
                )
            )
        if refused := unusable(heights[first:last], f"trimmed {role}"):
            return NotMeasured(reason=refused)
        marks.append((first, *_residual(heights[first:last], coarse)))
    return _score(*marks[0], *marks[1], search, window, spacing_um)


def _score(
    first_a: int,
    a: FloatArray,
    in_a: BoolArray,
    first_b: int,
    b: FloatArray,
    in_b: BoolArray,
    search: int,
    window: int,
    spacing_um: float,
) -> ChumbleyScore | NotMeasured:
    at = _best_windows(a, in_a, b, in_b, search)
    if at is None:
        return NotMeasured(reason=Message("no long window is half measured and has relief on both signatures"))
    correlation, at_a, at_b = at
    before = min(at_a, at_b) // window
    after = (min(a.size - at_a, b.size - at_b) - search) // window
    steps = np.concatenate([np.arange(-before, 0) * window, search + np.arange(after) * window])
    index = steps[:, None] + np.arange(window)
    known_a, known_b = in_a[at_a + index], in_b[at_b + index]
    keep = (known_a.mean(axis=1) >= MEASURED_SHARE) & (known_b.mean(axis=1) >= MEASURED_SHARE)
    steps, index, known_a, known_b = steps[keep], index[keep], known_a[keep], known_b[keep]
    if steps.size < FEWEST_WINDOWS:
        return NotMeasured(
            reason=Message(
                "{windows} short windows fit beside the long ones; {least} are needed",
                windows=steps.size,
                least=FEWEST_WINDOWS,
            )
        )
    short_a, short_b = a[at_a + index], b[at_b + index]
    number = steps.size
    pairs = np.concatenate([np.arange(number), np.arange(number)[::-1]])
    found = _correlations(np.tile(short_a, (2, 1)), np.tile(known_a, (2, 1)), short_b[pairs], known_b[pairs])
    crossed = pairs[:number] != pairs[number:]
    return ChumbleyScore(
        same_shift=sealed(found[:number]),
        different_shift=sealed(found[number:][crossed]),
        reference_windows=sealed(first_a + at_a + steps),
        questioned_windows=sealed(first_b + at_b + steps),
        window=window,
        reference_search=first_a + at_a,
        questioned_search=first_b + at_b,
        search=search,
        search_correlation=correlation,
        spacing_um=spacing_um,
    )


def _best_windows(
    a: FloatArray, in_a: BoolArray, b: FloatArray, in_b: BoolArray, search: int
) -> tuple[float, int, int] | None:
    """Highest correlation of a long window of each, and where the two begin; missing points count as no relief."""
    step = max(1, search // SEARCH_STEPS)
    root_a, root_b = _roots(a, in_a, search), _roots(b, in_b, search)
    if not root_a[::step].any() or not root_b[::step].any():
        return None
    there = _stepped_search(a, root_a, b, root_b, step)
    height, in_other, in_own = _stepped_search(b, root_b, a, root_a, step)
    back = (height, in_own, in_other)
    _, at_a, at_b = max(there, back, key=lambda found: (found[0], -found[1] - found[2]))

    lag = np.arange(-REFINED_LAGS, REFINED_LAGS + 1)[:, None]
    first_a, first_b = at_a - step - lag // 2, at_b - step + lag - lag // 2
    along = np.arange(2 * step + search)
    line_a, line_b = np.take(a, first_a + along, mode="clip"), np.take(b, first_b + along, mode="clip")
    common = _moving_sums(line_a * line_b, search)
    common -= _moving_sums(line_a, search) * _moving_sums(line_b, search) / search
    place_a, place_b = first_a + along[: common.shape[1]], first_b + along[: common.shape[1]]
    common *= np.take(root_a, place_a, mode="clip") * np.take(root_b, place_b, mode="clip")
    common[(np.minimum(place_a, place_b) < 0) | (place_a >= root_a.size) | (place_b >= root_b.size)] = -math.inf
    best = np.unravel_index(common.argmax(), common.shape)
    return min(1.0, float(common[best])), int(place_a[best]), int(place_b[best])


def _stepped_search(
    a: FloatArray, root_a: FloatArray, b: FloatArray, root_b: FloatArray, step: int
) -> tuple[float, int, int]:
    """Highest correlation of every ``step``-th window of one with any of the other, and where the two begin."""
    search = a.size - root_a.size + 1
    starts = np.flatnonzero(root_a[::step]) * step
    own = windows(a, search)[starts]
    scaled = ((own - own.mean(axis=1, keepdims=True)) * root_a[starts, None]).astype(np.float32)
    places = windows(b.astype(np.float32), root_b.size)
    height, shut = root_b.astype(np.float32), root_b == 0.0
    highest, at_a, at_b = -math.inf, 0, 0
    width = CHUNK_POINTS // search + 1
    for left in range(0, root_b.size, width):
        curve = scaled @ places[:, left : left + width]
        curve *= height[left : left + width]
        curve[:, shut[left : left + width]] = -np.inf
        row, column = divmod(int(curve.argmax()), curve.shape[1])
        if curve[row, column] > highest:
            highest, at_a, at_b = float(curve[row, column]), int(starts[row]), left + column
    return highest, at_a, at_b


def _roots(series: FloatArray, measured: BoolArray, width: int) -> FloatArray:
    """One over the root of the power about the mean of every window; 0 if half is missing or it is constant."""
    sums = _moving_sums(np.stack([series, series * series, measured]), width)
    power = sums[1] - sums[0] * sums[0] / width
    usable = (power > SMALLEST_POWER * width * float(series @ series) / series.size) & (
        sums[2] >= MEASURED_SHARE * width
    )
    return np.where(usable, 1.0 / np.sqrt(np.where(usable, power, 1.0)), 0.0)


def _moving_sums(series: FloatArray, width: int) -> FloatArray:
    summed = np.zeros((*series.shape[:-1], series.shape[-1] + 1))
    np.cumsum(series, axis=-1, out=summed[..., 1:])
    return summed[..., width:] - summed[..., :-width]


def _correlations(a: FloatArray, in_a: BoolArray, b: FloatArray, in_b: BoolArray) -> FloatArray:
    """Correlation of each row of one with that of the other over common points; 0 where one is constant."""
    both = in_a & in_b
    number = np.maximum(both.sum(axis=1, keepdims=True), 1)
    a, b = (np.where(both, each - (each * both).sum(axis=1, keepdims=True) / number, 0.0) for each in (a, b))
    power = (a * a).sum(axis=1) * (b * b).sum(axis=1)
    found: FloatArray = (a * b).sum(axis=1) / np.sqrt(np.where(power > 0.0, power, 1.0))
    return np.clip(found, -1.0, 1.0)


def _residual(heights: FloatArray, share: float) -> tuple[FloatArray, BoolArray]:
    """Heights without their trend, 0 where missing, and what was measured."""
    measured = np.isfinite(heights)
    residual = values = np.where(measured, heights - heights[measured].mean(), 0.0)
    weight = measured.astype(np.float64)
    kernel, nodes, scaled = _local(heights.size, share)
    index = np.arange(heights.size)
    terms = np.stack([np.ones_like(scaled), scaled, scaled * scaled, values, scaled * values])
    for last in (False,) * ROBUST_PASSES + (True,):
        s0, s1, s2, t0, t1 = (terms * weight) @ kernel
        spread = s0 * s2 - s1 * s1
        solid = spread > 1e-9 * s0 * s0
        if not solid.any():
            break
        level = t0 * s2 - t1 * s1 + scaled[nodes] * (t1 * s0 - t0 * s1)
        trend = np.interp(index, nodes[solid], level[solid] / spread[solid])
        residual = np.where(measured, values - trend, 0.0)
        if not last:
            limit = BISQUARE * max(_median(np.abs(residual[measured])), SMALLEST_RELIEF_UM)
            weight = measured * np.square(np.maximum(1.0 - np.square(residual / limit), 0.0))
    return residual, measured


def _median(values: FloatArray) -> float:
    return float(np.partition(values, values.size // 2)[values.size // 2])


@lru_cache(maxsize=32)
def _local(size: int, share: float) -> tuple[FloatArray, IntArray, FloatArray]:
    """Tricube weights of all points for each node, the nodes, and the points scaled to -1 to 1."""
    count = max(3, math.ceil(share * size))
    index = np.arange(size)
    nodes = np.unique(np.linspace(0, size - 1, TREND_NODES).round().astype(np.int64))
    first = np.clip(nodes - count // 2, 0, size - count)
    reach = np.maximum(nodes - first, first + count - 1 - nodes)[:, None]
    apart = np.minimum(np.abs(index - nodes[:, None]) / reach, 1.0)
    return sealed(((1.0 - apart**3) ** 3).T.copy()), sealed(nodes), sealed(2.0 * index / (size - 1) - 1.0)
