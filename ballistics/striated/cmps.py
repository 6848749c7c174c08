"""Congruent matching profile segments: how many pieces of one signature lie at one shift in the other.

The reference is cut into pieces of equal length. Each is looked for in the questioned signature, by itself and
enlarged about its own middle; its place counts if the correlation has a high peak there at every size. The
pieces that share a shift are congruent. The measure is directed: the reference is cut, the other is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ballistics.errors import OptionError
from ballistics.language import Message
from ballistics.striated.segment_curves import cut, segment_curves
from ballistics.striated.striae import SIGNATURES, NotMeasured, check_positive, sealed, signature_values, unusable
from imaging.threads import one_blas_thread

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CONGRUENT = Message("congruent")
TOO_LITTLE = Message("too little was measured")
CONSTANT = Message("nothing to correlate")
INCONSISTENT = Message("no place agrees at every size")
WRONG_PLACE = Message("place differs")

FEWEST_POINTS = 8
MEASURED_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CongruentSegments:
    """Where the segments of the reference were found, and which of them agree. A measurement, not a verdict.

    Parameters
    ----------
    start : ndarray of int, shape (n,)
        First point of each segment on the reference.
    length : int
        Points in a segment.
    place : ndarray, shape (n,)
        Where that first point comes to lie on the questioned signature; for a segment without a consistent
        place, where it correlates best. NaN if nowhere.
    correlation : ndarray, shape (n,)
        Correlation of the segment there, -1 to 1; NaN if nowhere.
    registration : ndarray, shape (n,)
        Shift from the reference to the questioned signature at which the largest enlargement of the segment
        correlates best: the shift that is counted. NaN where sizes disagree.
    lag_samples : float
        The registration that most segments share within the tolerance; point ``i`` of the reference lies on
        point ``i + lag_samples`` of the questioned signature. NaN if no segment has one.
    congruent : ndarray of bool, shape (n,)
        The segments that share it.
    reason : tuple of str, length n
        Why each segment counts or does not.
    spacing_um, tolerance_um : float
        Distance of neighbouring points and tolerance of a place in micrometres.
    """

    start: IntArray
    length: int
    place: FloatArray
    correlation: FloatArray
    registration: FloatArray
    lag_samples: float
    congruent: BoolArray
    reason: tuple[str, ...]
    spacing_um: float
    tolerance_um: float

    def __len__(self) -> int:
        return self.start.size

    @property
    def count(self) -> int:
        """Number of congruent segments, the CMPS number."""
        return int(self.congruent.sum())

    @property
    def share(self) -> float:
        """Congruent segments as a share of all, 0 to 1."""
        return self.count / len(self)


@one_blas_thread()
def congruent_segments(
    reference_um: ArrayLike,
    questioned_um: ArrayLike,
    *,
    spacing_um: float,
    segment_um: float = 78.125,
    tolerance_um: float = 39.0625,
    peaks: Sequence[int] = (5, 3, 1),
) -> CongruentSegments | NotMeasured:
    """Count the congruent matching profile segments (CMPS) of a reference in a questioned signature.

    Parameters
    ----------
    reference_um, questioned_um : array_like, shape (n,) and (m,)
        Signatures in micrometres, equally sampled; NaN where missing.
    spacing_um : float
        Distance of neighbouring points in micrometres, above 0.
    segment_um : float
        Length of a segment in micrometres, rounded to an even number of points; 8 points at least.
    tolerance_um : float
        Places that differ by no more than this agree ("Tx").
    peaks : sequence of int
        How many of the highest peaks are looked at, at the segment's own length and at each doubling of it.
        The last must be 1. The defaults are 50 points, 25 points and 5, 3, 1 at 1.5625 um.

    Returns
    -------
    CongruentSegments or NotMeasured
        Falsy with the reason where a signature is empty, missing, constant or shorter than a segment. It is
        directed: swapping the signatures cuts the other one and may give another number.

    Raises
    ------
    OptionError
        If an array is not one-dimensional, holds infinities or heights above 1 m, or an option is out of range.

    Notes
    -----
    The method is that of Chen et al., Forensic Sci. Int. 305 (2019), doi:10.1016/j.forsciint.2019.109964. What
    the paper leaves open follows the published behaviour of the R package cmpsR 0.1, R J. 14 (2022),
    doi:10.32614/RJ-2022-035, and gives its documented numbers: an enlargement ends where the reference ends; a
    correlation needs 90 % of the piece or 10 % of the questioned signature, whichever is less; the shift of the
    largest size counts, if each smaller size has one of its highest peaks within the tolerance of it.

    Beyond that: correlations are taken over the points that both signatures have, and over half a segment at
    least; missing ends are left out; a segment of which less than half was measured is not looked for.

    One segment can always be found somewhere: 1 to 3 of some 22 segments is what marks of different origin
    give. Single precision: correlations are within 1e-4 unless a piece is much flatter than its signature.

    Examples
    --------
    >>> heights = np.random.default_rng(3).standard_normal(1100).cumsum() % 7.0
    >>> found = congruent_segments(heights, heights[30:], spacing_um=1.5625)
    >>> found.count, len(found), found.lag_samples
    (21, 22, -30.0)
    """
    marks = _marks(reference_um, questioned_um, spacing_um, segment_um, tolerance_um, peaks)
    if isinstance(marks, NotMeasured):
        return marks
    return _found(*marks, spacing_um, tolerance_um, peaks)


@one_blas_thread()
def congruent_both_ways(
    reference_um: ArrayLike,
    questioned_um: ArrayLike,
    *,
    spacing_um: float,
    segment_um: float = 78.125,
    tolerance_um: float = 39.0625,
    peaks: Sequence[int] = (5, 3, 1),
) -> tuple[CongruentSegments, CongruentSegments] | NotMeasured:
    """Count the congruent segments of the reference in the questioned signature, and the other way round.

    Parameters, errors and method are those of `congruent_segments`, of which this gives both directions.
    """
    marks = _marks(reference_um, questioned_um, spacing_um, segment_um, tolerance_um, peaks)
    if isinstance(marks, NotMeasured):
        return marks
    first, second, half = marks
    return (
        _found(first, second, half, spacing_um, tolerance_um, peaks),
        _found(second, first, half, spacing_um, tolerance_um, peaks),
    )


class _Mark(NamedTuple):
    """First measured point; heights from there to the last one, centred, scaled, 0 where missing; their mask."""

    first: int
    heights: FloatArray
    measured: BoolArray


def _marks(
    reference_um: ArrayLike,
    questioned_um: ArrayLike,
    spacing_um: float,
    segment_um: float,
    tolerance_um: float,
    peaks: Sequence[int],
) -> tuple[_Mark, _Mark, int] | NotMeasured:
    """Both signatures standardised, and the number of points in half a segment."""
    check_positive(spacing_um=spacing_um, segment_um=segment_um, tolerance_um=tolerance_um)
    half = round(0.5 * segment_um / spacing_um)
    if 2 * half < FEWEST_POINTS:
        raise OptionError(
            f"A segment_um of {segment_um:g} is {2 * half} points at a spacing of {spacing_um:g} um; "
            f"{FEWEST_POINTS} points are needed."
        )
    if not peaks or min(peaks) < 1 or peaks[-1] != 1:
        raise OptionError(f"Peaks {tuple(peaks)} found; give whole numbers above 0 of which the last is 1.")
    marks = []
    for heights_um, role in ((reference_um, "reference"), (questioned_um, "questioned")):
        heights = signature_values(heights_um, role)
        if refused := unusable(heights, role):
            return NotMeasured(reason=refused)
        marks.append(_standardised(heights))
        if (size := marks[-1].heights.size) < 2 * half:
            return NotMeasured(
                reason=Message(
                    "{signature} has {points} points; a segment has {needed}",
                    signature=SIGNATURES[role],
                    points=size,
                    needed=2 * half,
                )
            )
    return marks[0], marks[1], half


def _standardised(heights: FloatArray) -> _Mark:
    measured = np.isfinite(heights)
    first, last = int(measured.argmax()), heights.size - int(measured[::-1].argmax())
    heights, measured = heights[first:last], measured[first:last]
    mean = heights[measured].mean()
    centred = np.where(measured, heights, mean) - mean
    scale = math.sqrt(float(centred @ centred) / np.count_nonzero(measured))
    return _Mark(first, centred / scale, measured)


def _found(
    reference: _Mark,
    questioned: _Mark,
    half: int,
    spacing_um: float,
    tolerance_um: float,
    peaks: Sequence[int],
) -> CongruentSegments:
    cut_from, a, in_a = reference
    found_from, b, in_b = questioned
    usable = in_a[: a.size - a.size % (2 * half)].reshape(-1, 2 * half).mean(axis=1) >= MEASURED_SHARE
    pieces = cut(in_a, in_b, half, usable, len(peaks))
    curves = segment_curves(a, in_a, b, in_b, pieces)
    column, correlation, agreed, widest = _consistent(curves, tolerance_um / spacing_um, peaks)
    start = pieces.start + cut_from
    origin = found_from + pieces.first
    registration = np.where(agreed, widest + origin - start, np.nan)
    lag, congruent = _shared(registration, tolerance_um / spacing_um)
    somewhere = np.isfinite(correlation)
    states = zip(congruent.tolist(), usable.tolist(), somewhere.tolist(), agreed.tolist(), strict=True)
    return CongruentSegments(
        start=sealed(start),
        length=2 * half,
        place=sealed(np.where(somewhere, column + origin, np.nan)),
        correlation=sealed(np.where(somewhere, correlation, np.nan)),
        registration=sealed(registration),
        lag_samples=lag,
        congruent=sealed(congruent),
        reason=tuple(_reason(*each) for each in states),
        spacing_um=spacing_um,
        tolerance_um=tolerance_um,
    )


def _consistent(
    curves: list[Float32Array], tolerance: float, peaks: Sequence[int]
) -> tuple[IntArray, FloatArray, BoolArray, IntArray]:
    """Column and height of each segment's own peak, whether all sizes agree on it, and the widest size's column.

    The own peak is the highest one near the widest size's peak if all sizes agree, else the highest of all.
    """
    rows = np.arange(curves[0].shape[0])
    widest = curves[-1].argmax(axis=1)
    agreed = curves[-1][rows, widest] > -np.inf
    column = widest if len(curves) == 1 else curves[0].argmax(axis=1)
    near = math.floor(tolerance)
    for curve, most in zip(curves[:-1], peaks[:-1], strict=True):
        width = curve.shape[1] + 2 * near + 2
        padded = np.full((rows.size, width), -np.inf, np.float32)
        padded[:, near + 1 : -near - 1] = curve
        flat = padded.ravel()
        around = np.take(flat, (rows * width + widest)[:, None] + np.arange(2 * near + 3))
        middle = around[:, 1:-1]
        heights = np.where((middle > around[:, :-2]) & (middle >= around[:, 2:]), middle, -np.inf)
        best = heights.argmax(axis=1)
        height = heights[rows, best]
        higher = np.flatnonzero(padded > height[:, None])
        higher = higher[(flat[higher] > flat[higher - 1]) & (flat[higher] >= flat[higher + 1])]
        agreed &= (height > -np.inf) & (np.bincount(higher // width, minlength=rows.size) < most)
        if curve is curves[0]:
            own = widest - near + best
    if len(curves) > 1:
        column = np.where(agreed, own, column)
    correlation = np.minimum(curves[0][rows, column], 1.0).astype(np.float64)
    return column, correlation, agreed, widest


def _shared(registration: FloatArray, tolerance: float) -> tuple[float, BoolArray]:
    """The registration that most segments are close to, the most central one of several, and those segments."""
    apart = np.abs(registration[:, None] - registration)
    close = apart <= tolerance
    leader = np.lexsort((np.where(close, apart, 0.0).sum(axis=1), -close.sum(axis=1)))[0]
    return float(registration[leader]), close[leader]


def _reason(congruent: bool, usable: bool, somewhere: bool, agreed: bool) -> str:
    if congruent:
        return CONGRUENT
    if not usable:
        return TOO_LITTLE
    if not somewhere:
        return CONSTANT
    return WRONG_PLACE if agreed else INCONSISTENT
