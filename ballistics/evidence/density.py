"""Kernel density calibration: a Gaussian on every known score, with a bandwidth of its own for each hypothesis.

Sums over thousands of Gaussians at thousands of places are made fast by expanding the Gaussians of half a
bandwidth together (a fast Gauss transform). Places far from every score, where the density is the tail of one or
two Gaussians, are summed one by one.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.labelled import KINDS, Fitted, FloatArray, as_columns, labelled

Positive = Annotated[float, Field(gt=0)]

CHUNK = 256
FEW = 64
NEAR = 6.0
REACH = 10.0
BOX = 0.5
ORDERS = 18
NEGLIGIBLE = 72.0
LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


class Kernels(Fitted):
    """The density of the scores under one hypothesis.

    Parameters
    ----------
    scores : tuple of float, rising
        Distinct known scores.
    weights : tuple of float, above 0
        How often each was seen.
    bandwidth : float
        Standard deviation of each Gaussian, in the unit of the score.
    """

    scores: Annotated[tuple[float, ...], Field(min_length=1)]
    weights: tuple[Positive, ...]
    bandwidth: Positive

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.scores) != len(self.weights):
            raise ValueError("scores and weights must have the same length")
        if not np.all(np.diff(self.scores) > 0):
            raise ValueError("scores must rise")
        return self

    def log_density(self, at: FloatArray) -> FloatArray:
        """Return the natural logarithm of the density, per unit of the score, at places of any shape.

        The relative error is below 1e-9 wherever the place lies, also far from every known score.
        """
        weights = np.array(self.weights)
        places, back = np.unique(at, return_inverse=True)
        sums = _log_sum(places, np.array(self.scores), weights, self.bandwidth)
        scale = LOG_ROOT_2PI + math.log(self.bandwidth) + math.log(weights.sum())
        return np.asarray(sums[back].reshape(at.shape) - scale)


class KernelDensity(Fitted):
    """The likelihood ratio as the density of the score among known matches over that among known non-matches.

    It need not rise with the score: where known scores are few, it bends towards the nearest of them, and beyond
    them it is the ratio of two tails. Put a bound on it.
    """

    kind: Literal["kernel-density"] = "kernel-density"
    same: Kernels
    different: Kernels

    def log10_lr(self, scores: ArrayLike) -> FloatArray:
        """Return log10 LR of scores of any shape.

        Raises
        ------
        EvidenceError
            If a score is missing or infinite.
        """
        at = as_columns(scores, 1)[..., 0]
        return (self.same.log_density(at) - self.different.log_density(at)) / math.log(10)


def fit_kernel_density(
    scores: ArrayLike,
    same: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    bandwidth: float | tuple[float, float] | None = None,
) -> KernelDensity:
    """Fit a kernel density to the scores of each hypothesis.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Any unit.
    same : array_like of bool, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts. Each density integrates to 1, so the numbers of pairs are no prior.
    bandwidth : float or (float, float), optional
        In the unit of the score: one for both, or that of known matches and that of known non-matches. Without it
        Silverman's rule for each: ``(4 / (3 n)) ** (1 / 5)`` standard deviations.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing, a score is not finite, or all scores of one kind are equal, so that
        no bandwidth follows from them.
    OptionError
        If a bandwidth is not above 0.

    Notes
    -----
    Silverman, Density Estimation (1986), doi:10.1007/978-1-4899-3324-9, equation 3.28, with the standard deviation
    of the scores as they are (divided by n). The sums follow Greengard & Strain (1991), doi:10.1137/0912004.

    Examples
    --------
    >>> fitted = fit_kernel_density([0.1, 0.2, 0.3, 0.6, 0.7, 0.8], [0, 0, 0, 1, 1, 1])
    >>> fitted.log10_lr([0.3, 0.45, 0.6]).round(2).tolist()
    [-4.19, 0.0, 4.19]
    """
    pairs = labelled(scores, same, weights=weights)
    given = bandwidth if isinstance(bandwidth, tuple) else (bandwidth, bandwidth)
    if len(given) != 2 or not all(one is None or (math.isfinite(one) and one > 0) for one in given):
        raise OptionError(f"bandwidth is {bandwidth}; expected one or two numbers above 0")
    kernels = []
    for kind, one in zip((True, False), given, strict=True):
        values, counted = pairs.of(kind)
        distinct, place = np.unique(values[:, 0], return_inverse=True)
        summed = np.bincount(place, counted).astype(np.float64)
        width = one if one is not None else _silverman(distinct, summed, KINDS[kind])
        kernels.append(Kernels(scores=tuple(distinct.tolist()), weights=tuple(summed.tolist()), bandwidth=width))
    return KernelDensity(same=kernels[0], different=kernels[1])


def _silverman(values: FloatArray, weights: FloatArray, kind: str) -> float:
    total = weights.sum()
    deviation = values - weights @ values / total
    spread = math.sqrt(weights @ deviation**2 / total)
    if len(values) == 1 or not spread > 0:
        raise EvidenceError(
            f"every {kind} has the score {values[0]:g}; a kernel density needs scores that differ: "
            "give a bandwidth, or use a count model"
        )
    return float(spread * (4 / (3 * total)) ** 0.2)


def _log_sum(places: FloatArray, points: FloatArray, weights: FloatArray, bandwidth: float) -> FloatArray:
    """Return log(sum of weights * exp(-t**2 / 2)), t = (place - points) / bandwidth; places and points rise.

    Differences are taken before they are scaled, so that no digit is lost far from 0.
    """
    after = np.searchsorted(points, places)
    below = np.abs(places - points[np.maximum(after - 1, 0)])
    above = np.abs(points[np.minimum(after, len(points) - 1)] - places)
    gap = np.minimum(below, above) / bandwidth
    near = (gap <= NEAR) & (len(places) > FEW)
    found = np.empty(len(places))
    found[near] = _expanded(places[near], points, weights, bandwidth)
    found[~near] = _one_by_one(places[~near], gap[~near], points, weights, bandwidth)
    return found


def _one_by_one(
    places: FloatArray, gap: FloatArray, points: FloatArray, weights: FloatArray, bandwidth: float
) -> FloatArray:
    found = np.empty(len(places))
    reach = bandwidth * np.sqrt(gap**2 + NEGLIGIBLE)
    for start in range(0, len(places), CHUNK):
        chunk = slice(start, start + CHUNK)
        low, high = (places[chunk] - reach[chunk]).min(), (places[chunk] + reach[chunk]).max()
        first, last = max(np.searchsorted(points, low) - 1, 0), np.searchsorted(points, high) + 1
        nearest = 0.5 * gap[chunk] ** 2
        square = 0.5 * ((places[chunk, None] - points[first:last]) / bandwidth) ** 2
        found[chunk] = np.log(np.exp(nearest[:, None] - square) @ weights[first:last]) - nearest
    return found


def _expanded(places: FloatArray, points: FloatArray, weights: FloatArray, bandwidth: float) -> FloatArray:
    """Sum by boxes: exp(-(t - d)**2 / 2) = exp(-t**2 / 2) * sum over k of t**k * (d**k / k!) * exp(-d**2 / 2)."""
    box = np.floor((points - points[0]) / (BOX * bandwidth))
    first = np.flatnonzero(np.diff(box, prepend=-1.0))
    last = np.append(first[1:], len(points)) - 1
    centre = 0.5 * (points[first] + points[last])
    offset = (points - np.repeat(centre, last - first + 1)) / bandwidth
    term = weights * np.exp(-0.5 * offset**2)
    moments = np.empty((ORDERS, len(first)))
    for order in range(ORDERS):
        moments[order] = np.add.reduceat(term, first)
        term = term * offset / (order + 1)
    found = np.empty(len(places))
    for start in range(0, len(places), CHUNK):
        chunk = places[start : start + CHUNK]
        reach = REACH * bandwidth
        low, high = np.searchsorted(centre, [chunk[0] - reach, chunk[-1] + reach])
        away = (chunk[:, None] - centre[low:high]) / bandwidth
        series = np.empty_like(away)
        series[:] = moments[-1, low:high]
        for order in range(ORDERS - 2, -1, -1):
            series *= away
            series += moments[order, low:high]
        found[start : start + CHUNK] = np.log((np.exp(-0.5 * away**2) * series).sum(axis=1))
    return found
