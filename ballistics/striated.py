"""Signatures of striated marks, and how they correlate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ballistics.crosscut import Cut, NoCut, cut_across
from ballistics.grooves import Shoulders, find_shoulders
from ballistics.parameters import Lags, StriatedSet
from imaging.filters import high_pass, low_pass
from imaging.surface import Surface

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]

SHORTEST_UM = 300.0
LEAST_MEASURED = 0.5
LEAST_ROUGHNESS_UM = 1e-3
VARIANCE_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signature:
    """What the striae of a mark look like across: heights without form and noise.

    Parameters
    ----------
    heights_um : ndarray, shape (n,)
        Heights in micrometres; NaN where missing or damaged.
    spacing_um : float
        Distance of neighbouring heights in micrometres.
    start_um : float
        Place of the first height along the crosscut in micrometres.
    scan : Surface
        The scan as read.
    cut : Cut
        The crosscut.
    shoulders : Shoulders or None
        Ends of the land; None for a mark without grooves.
    parameters : StriatedSet
        What it was computed with.
    """

    heights_um: Array
    spacing_um: float
    start_um: float
    scan: Surface
    cut: Cut
    shoulders: Shoulders | None
    parameters: StriatedSet

    @property
    def roughness_um(self) -> float:
        """Root mean square height in micrometres."""
        return float(np.sqrt(np.nanmean(np.square(self.heights_um))))

    @property
    def length_um(self) -> float:
        """Length in micrometres."""
        return self.heights_um.size * self.spacing_um


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSignature:
    """No signature could be made; falsy, with the reason."""

    reason: str
    scan: Surface

    def __bool__(self) -> bool:
        """Report that there is no signature."""
        return False


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


def make_signature(
    scan: Surface,
    parameters: StriatedSet,
    *,
    row_um: float | None = None,
    shoulders_um: tuple[float, float] | None = None,
) -> Signature | NoSignature:
    """Turn the scan of a striated mark into its signature.

    Parameters
    ----------
    scan : Surface
        A land engraved area or another striated mark.
    parameters : StriatedSet
        Its ``grooves`` decide whether shoulders are looked for.
    row_um : float, optional
        Where to cut across, in micrometres along the striae, set by hand.
    shoulders_um : tuple of float, optional
        Ends of the land along the crosscut, set by hand.

    Returns
    -------
    Signature or NoSignature
        Falsy with a reason where there are no striae or too little of them was measured.
    """
    cut = cut_across(scan, parameters.crosscut, row_um=row_um)
    if isinstance(cut, NoCut):
        return NoSignature(reason=cut.reason, scan=scan)
    return sign(cut, scan, parameters, shoulders_um=shoulders_um)


def sign(
    cut: Cut, scan: Surface, parameters: StriatedSet, *, shoulders_um: tuple[float, float] | None = None
) -> Signature | NoSignature:
    """Turn a crosscut into a signature: find its shoulders, take off form and noise.

    This is the second half of `make_signature`, for crosscuts that come from elsewhere.
    """
    shoulders, margin_um = None, 0.0
    if shoulders_um is not None:
        shoulders = Shoulders(left_um=shoulders_um[0], right_um=shoulders_um[1], confidence=1.0)
    elif parameters.grooves is not None:
        shoulders = find_shoulders(cut, step_um=parameters.grooves.step_um)
        margin_um = parameters.grooves.margin_um
    spacing_um = cut.spacing * 1e6
    first, last = 0, cut.heights.size
    if shoulders is not None:
        first = max(0, math.ceil((shoulders.left_um + margin_um) / spacing_um))
        last = min(last, math.floor((shoulders.right_um - margin_um) / spacing_um) + 1)
    if (last - first) * spacing_um < SHORTEST_UM:
        return NoSignature(
            reason=f"only {max(0, last - first) * spacing_um:.0f} um of land between its shoulders; at least "
            f"{SHORTEST_UM:g} um are needed",
            scan=scan,
        )
    profile = cut.heights[first:last]
    if np.isfinite(profile).mean() < LEAST_MEASURED:
        return NoSignature(reason="more than half of the crosscut is missing", scan=scan)
    heights_um = _filtered(profile, cut.spacing, parameters)
    if not np.nanstd(heights_um) > LEAST_ROUGHNESS_UM:
        return NoSignature(reason="the crosscut holds no relief", scan=scan)
    return Signature(
        heights_um=heights_um,
        spacing_um=parameters.band.step_um,
        start_um=first * spacing_um,
        scan=scan,
        cut=cut,
        shoulders=shoulders,
        parameters=parameters,
    )


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


def mirrored_signature(original: Signature) -> Signature:
    """Return the signature of the mirrored mark: the same heights from the other end."""
    return replace(original, heights_um=original.heights_um[::-1].copy())


def _filtered(profile: Array, spacing: float, parameters: StriatedSet) -> Array:
    band = parameters.band
    line = Surface(heights=profile[None], spacing=(spacing, spacing))
    smooth = low_pass(line, band.short_um).heights[0]
    step = band.step_um * 1e-6
    place = np.arange(0.0, (profile.size - 1) * spacing, step) / spacing
    left = np.minimum(place.astype(np.int64), profile.size - 2)
    share = place - left
    sampled = smooth[left] * (1 - share) + smooth[left + 1] * share
    texture = high_pass(Surface(heights=sampled[None], spacing=(step, step)), band.long_um, order=band.order)
    heights_um = texture.heights[0].astype(np.float64) * 1e6
    limit = band.clip * 1.4826 * float(np.nanmedian(np.abs(heights_um)))
    clipped: Array = np.clip(heights_um, -limit, limit)
    return clipped


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
