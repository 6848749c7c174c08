"""Correlate the signatures of striated marks, every one with every other at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from ballistics.parameters import Lags
from ballistics.striated.signature import Signature

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]

VARIANCE_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correlations:
    """Best correlation of every signature of one group with every one of another.

    Parameters
    ----------
    ccf : ndarray, shape (n, m)
        Largest masked correlation over all lags with enough overlap; NaN where there is none.
    lag_um : ndarray, shape (n, m)
        Shift at which it is reached: a place of the reference matches the place this much further in the
        questioned signature. With a stretch this holds once each is `stretched` halfway.
    overlap : ndarray, shape (n, m)
        Common points there as a share of the shorter signature.
    stretch : ndarray, shape (n, m)
        How many times as long the questioned signature is there, among the factors that were tried.
    """

    ccf: Array
    lag_um: Array
    overlap: Array
    stretch: Array


def correlate_signatures(
    reference: Sequence[Signature | None], questioned: Sequence[Signature | None], lags: Lags
) -> Correlations:
    """Correlate every reference signature with every questioned one at all lags, at once.

    A signature that is missing (None), constant or without a measured point gives NaN. Mean and variance are taken
    over the common points of each lag alone (masked normalised cross-correlation), so missing points count for
    nothing. Where a stretch is tried, either signature takes half of it, so that swapping the two turns lag and
    stretch round and changes nothing else.
    """
    factors = _factors(lags)
    first, second = _stacked(reference, np.sqrt(factors)), _stacked(questioned, 1.0 / np.sqrt(factors))
    lengths = first.shape[-1], second.shape[-1]
    counts = [part[1].sum(axis=-1, dtype=np.float64) for part in (first, second)]
    shorter = np.minimum(counts[0][..., :, None], counts[1][..., None, :])
    need = np.maximum(lags.min_overlap * shorter, 2.0)
    # Lags wrap round, but none with enough overlap shares its place with another one.
    size = scipy.fft.next_fast_len(sum(lengths) + 1 - int(need[shorter >= 2].min(initial=min(lengths))), real=True)
    a, am, aa = np.conj(scipy.fft.rfft(first, size))[..., :, None, :]
    b, bm, bb = scipy.fft.rfft(second, size)[..., None, :, :]

    def sums(product: NDArray[np.complex64]) -> Float32Array:
        return scipy.fft.irfft(product, size)  # type: ignore[no-any-return]

    common = np.maximum(sums(am * bm), 1.0)
    sum_a, sum_b = sums(a * bm), sums(am * b)
    spread_a = sums(aa * bm) - sum_a * sum_a / common
    spread_b = sums(am * bb) - sum_b * sum_b / common
    covariance = sums(a * b) - sum_a * sum_b / common
    floor = VARIANCE_FLOOR * common
    usable = (spread_a > floor) & (spread_b > floor) & (np.rint(common) >= need[..., None])
    curve = np.where(usable, covariance / np.sqrt(np.where(usable, spread_a * spread_b, 1.0)), -1.0)
    shape = curve.shape[:-1]
    curve, common, shorter = curve.reshape(-1, size), common.reshape(-1, size), shorter.ravel()
    pair, best = np.arange(len(curve)), curve.argmax(axis=1)
    left, peak, right = (curve[pair, (best + step) % size].astype(np.float64) for step in (-1, 0, 1))
    bend = left - 2 * peak + right
    inside = (left > -1) & (right > -1) & (bend < 0)
    offset = np.where(inside, 0.5 * (left - right) / np.where(inside, bend, -1.0), 0.0)
    lag = np.where(best < lengths[1], best, best - size) + offset
    spacing = next((each.spacing_um for each in (*reference, *questioned) if each is not None), 1.0)
    overlap = common[pair, best] / np.maximum(shorter, 1.0)
    stretch = np.repeat(factors, shape[1] * shape[2])
    none = (peak <= -1.0) | (shorter < 2)
    parts = np.where(none, np.nan, [np.minimum(peak, 1.0), lag * spacing, overlap, stretch]).reshape(4, *shape)
    chosen = np.where(none, -1.0, peak).reshape(shape).argmax(axis=0)
    ccf, lag_um, share, factor = np.take_along_axis(parts, chosen[None, None], axis=1)[:, 0]
    return Correlations(ccf=ccf, lag_um=lag_um, overlap=share, stretch=factor)


def stretched(heights: Array, factor: ArrayLike) -> Array:
    """Return a signature that is stretched about its middle, on the same points.

    Parameters
    ----------
    heights : ndarray, shape (n,)
        Equally sampled, one of them measured at least; NaN where missing.
    factor : array_like, shape (...)
        How many times as long it becomes, above 0.

    Returns
    -------
    ndarray, shape (..., n)
        One signature for each factor, by cubic splines; NaN outside and beside missing points.

    Notes
    -----
    Two signatures that correlate best at a stretch are aligned at their lag once the reference is stretched by
    its root and the questioned one by one over its root.

    Examples
    --------
    >>> stretched(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 0.5).round(6)
    array([nan,  0.,  2.,  4., nan])
    """
    index = np.arange(heights.size)
    middle = 0.5 * (heights.size - 1)
    place = middle + (index - middle) / np.asarray(factor)[..., None]
    linear = np.interp(place, index, heights, left=np.nan, right=np.nan)
    known = np.isfinite(heights)
    filled = np.interp(index, index[known], heights[known])
    smooth: Array = map_coordinates(filled, [place], order=3, mode="mirror")
    smooth[np.isnan(linear)] = np.nan
    return smooth


def _factors(lags: Lags) -> Array:
    """The stretches to try, evenly on a logarithmic scale, so that one over each is among them."""
    if lags.stretch_percent is None or lags.stretch_steps is None:
        return np.ones(1)
    steps: Array = np.arange(-lags.stretch_steps, lags.stretch_steps + 1) / lags.stretch_steps
    return (1.0 + 0.01 * lags.stretch_percent) ** steps


def _stacked(signatures: Sequence[Signature | None], factors: Array) -> Float32Array:
    """Heights, mask and squares at each stretch on rows of one length, shape (3, k, n, length), float32.

    Heights have mean 0 and variance 1 over the measured points before the stretch.
    """
    length = max((each.heights_um.size for each in signatures if each is not None), default=1)
    stack = np.zeros((3, factors.size, len(signatures), length), np.float32)
    for index, each in enumerate(signatures):
        if each is None or not np.isfinite(each.heights_um).any():
            continue
        known = each.heights_um[np.isfinite(each.heights_um)]
        mean = known.mean()
        known = known - mean
        heights = (each.heights_um - mean) / (math.sqrt(float(known @ known) / known.size) or 1.0)
        rows = heights[None] if factors.size == 1 else stretched(heights, factors)
        measured = np.isfinite(rows)
        stack[0, :, index, : heights.size] = np.where(measured, rows, 0.0)
        stack[1, :, index, : heights.size] = measured
    stack[2] = np.square(stack[0])
    return stack
