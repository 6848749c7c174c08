"""Correlate the signatures of striated marks, every one with every other at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ballistics.parameters import Lags
from ballistics.striated import Signature

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
        questioned signature.
    overlap : ndarray, shape (n, m)
        Common points there as a share of the shorter signature.
    """

    ccf: Array
    lag_um: Array
    overlap: Array


def correlate_signatures(
    reference: Sequence[Signature | None], questioned: Sequence[Signature | None], lags: Lags
) -> Correlations:
    """Correlate every reference signature with every questioned one at all lags, at once.

    A missing signature (None) gives NaN. Mean and variance are taken over the common points of each lag alone
    (masked normalised cross-correlation), so missing points count for nothing.
    """
    first, second = _stacked(reference), _stacked(questioned)
    shape = (len(reference), len(questioned))
    longest = max(first.shape[-1], second.shape[-1])
    size = scipy.fft.next_fast_len(first.shape[-1] + second.shape[-1], real=True)
    a, am, aa = (np.conj(scipy.fft.rfft(part, size))[:, None] for part in first)
    b, bm, bb = (scipy.fft.rfft(part, size)[None] for part in second)

    def sums(product: NDArray[np.complex64]) -> Float32Array:
        return scipy.fft.irfft(product, size)  # type: ignore[no-any-return]

    common = np.maximum(sums(am * bm), 1.0)
    mean_a, mean_b = sums(a * bm), sums(am * b)
    spread_a = sums(aa * bm) - mean_a * mean_a / common
    spread_b = sums(am * bb) - mean_b * mean_b / common
    covariance = sums(a * b) - mean_a * mean_b / common
    floor = VARIANCE_FLOOR * common
    usable = (spread_a > floor) & (spread_b > floor)
    curve = np.where(usable, covariance / np.sqrt(np.where(usable, spread_a * spread_b, 1.0)), -1.0)
    counts = [part[1].sum(axis=1) for part in (first, second)]
    shorter = np.minimum(counts[0][:, None], counts[1][None])
    curve[np.rint(common) < np.maximum(lags.min_overlap * shorter, 2.0)[..., None]] = -1.0
    best = curve.argmax(axis=-1)
    peak = np.take_along_axis(curve, best[..., None], -1)[..., 0].astype(np.float64)
    left, right = (
        np.take_along_axis(curve, ((best + step) % size)[..., None], -1)[..., 0].astype(np.float64)
        for step in (-1, 1)
    )
    bend = left - 2 * peak + right
    inside = (left > -1) & (right > -1) & (bend < 0)
    offset = np.where(inside, 0.5 * (left - right) / np.where(inside, bend, -1.0), 0.0)
    lag = (best + size - longest) % size - (size - longest) + offset
    none = (peak <= -1.0) | (shorter < 2)
    overlap = np.take_along_axis(common, best[..., None], -1)[..., 0] / np.maximum(shorter, 1.0)
    spacing = next((each.spacing_um for each in (*reference, *questioned) if each is not None), 1.0)
    parts = (np.clip(peak, -1.0, 1.0), lag * spacing, overlap)
    ccf, lag_um, share = (np.where(none, np.nan, part).reshape(shape) for part in parts)
    return Correlations(ccf=ccf, lag_um=lag_um, overlap=share)


def _stacked(signatures: Sequence[Signature | None]) -> Float32Array:
    """Heights, mask and squares on rows of one length, shape (3, n, length), float32; unit variance."""
    length = max((each.heights_um.size for each in signatures if each is not None), default=1)
    stack = np.zeros((3, len(signatures), length), np.float32)
    for index, each in enumerate(signatures):
        if each is None:
            continue
        known = np.isfinite(each.heights_um)
        heights = each.heights_um[known]
        scale = float(heights.std()) or 1.0
        columns = np.flatnonzero(known)
        stack[0, index, columns] = (heights - heights.mean()) / scale
        stack[1, index, columns] = 1.0
    stack[2] = np.square(stack[0])
    return stack
