"""Bounds: how far a log10 LR may go before it says more than the known pairs can carry.

A calibrator goes on rising where there are no more known scores. Both methods here ask of the likelihood ratios of
pairs of known truth where that stops to be supported. A bound only ever moves a log10 LR towards 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.labelled import BoolArray, Fitted, FloatArray, as_truth, check_both_kinds

ELUB_STEP = 0.01
ELUB_EXTREME = 9.0
INVARIANCE_STEP = 0.001
INVARIANCE_EXTREME = 20 / math.log(10)
JEFFREYS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounded:
    """log10 LRs after a bound, and where the bound bit.

    Parameters
    ----------
    log10_lr : ndarray
        Values within the bounds.
    at_lower, at_upper : ndarray of bool, same shape
        True where the value before was below the lower or above the upper bound.
    """

    log10_lr: FloatArray
    at_lower: BoolArray
    at_upper: BoolArray

    @property
    def bit(self) -> BoolArray:
        """Where a bound changed the value."""
        return self.at_lower | self.at_upper


class Bounds(Fitted):
    """The lowest and the highest log10 LR that the known pairs support.

    Parameters
    ----------
    method : str
        How they were found.
    lower : float, 0 or less
        Lowest log10 LR.
    upper : float, 0 or more
        Highest log10 LR.

    Examples
    --------
    >>> limits = Bounds(method="given", lower=-2.0, upper=3.0)
    >>> found = limits.apply([-5.0, 1.0, 9.0])
    >>> found.log10_lr.tolist(), found.bit.tolist()
    ([-2.0, 1.0, 3.0], [True, False, True])
    """

    method: Literal["elub", "invariance", "given"]
    lower: Annotated[float, Field(le=0)]
    upper: Annotated[float, Field(ge=0)]

    def apply(self, log10_lr: ArrayLike) -> Bounded:
        """Bring log10 LRs of any shape within the bounds; infinite ones too.

        Raises
        ------
        EvidenceError
            If one is missing.
        """
        values = np.asarray(log10_lr, dtype=np.float64)
        if np.isnan(values).any():
            raise EvidenceError("a log10 LR is missing (NaN) and cannot be bounded")
        return Bounded(
            log10_lr=np.clip(values, self.lower, self.upper),
            at_lower=values < self.lower,
            at_upper=values > self.upper,
        )


def elub(log10_lr: ArrayLike, same: ArrayLike, *, misleading: int = 1) -> Bounds:
    """Return the empirical lower and upper bounds (ELUB).

    Parameters
    ----------
    log10_lr : array_like, shape (n,)
        Likelihood ratios of known pairs; infinite ones count as 9 in size.
    same : array_like of bool, shape (n,)
        True for known matches.
    misleading : int
        Strongly misleading pairs that are added on either side: what might have been seen with one pair more.

    Returns
    -------
    Bounds
        Within ``-log10(matches + 1)`` and ``log10(non-matches + 1)``, in steps of 0.01.

    Raises
    ------
    EvidenceError
        If a value is missing or one kind of pairs is.
    OptionError
        If ``misleading`` is negative.

    Notes
    -----
    At every threshold t the expected cost of deciding by LR > t (a miss costs 1, a false acceptance t) is
    compared with that of a decision without evidence. The bounds are the last thresholds, on the way out from 0,
    at which the evidence is still worth having. Vergeer et al., Sci. Justice 56 (2016),
    doi:10.1016/j.scijus.2016.06.003. The values are those of lir 1.3.1, which rounds to its grid of 0.01.

    It holds only for LRs of pairs like those of casework. LRs of the pairs that the calibrator was fitted to are
    customary, and somewhat too good.

    Examples
    --------
    >>> values = np.concatenate([np.full(99, 5.0), np.full(999, -5.0)])
    >>> limits = elub(values, np.arange(1098) < 99)
    >>> round(limits.lower, 2), round(limits.upper, 2)
    (-1.99, 2.99)
    """
    matches, others = split(log10_lr, same)
    if misleading < 0:
        raise OptionError(f"misleading is {misleading}; expected 0 or more")
    matches, others = (np.sort(np.clip(one, -ELUB_EXTREME, ELUB_EXTREME)) for one in (matches, others))
    least = max(min(matches[0], others[0]), -math.log10(len(matches) + 1))
    most = min(max(matches[-1], others[-1]), math.log10(len(others) + 1))
    first, last = min(0, int(least // ELUB_STEP)), max(0, int(most // ELUB_STEP) + 1)
    at = np.linspace(first * ELUB_STEP, last * ELUB_STEP, last - first + 1)
    threshold = 10**at
    accepted = len(matches) - np.searchsorted(10**matches, threshold, side="right")
    wrong = len(others) - np.searchsorted(10**others, threshold, side="right") + misleading
    cost = 1 - accepted / (len(matches) + misleading) + threshold * wrong / (len(others) + misleading)
    useless = np.minimum(1.0, threshold) < cost
    lower = np.max(at[(at <= 0) & useless] + ELUB_STEP, initial=at[0])
    upper = np.min(at[(at >= 0) & useless] - ELUB_STEP, initial=at[-1])
    return Bounds(method="elub", lower=min(float(lower), 0.0), upper=max(float(upper), 0.0))


def invariance_bounds(log10_lr: ArrayLike, same: ArrayLike) -> Bounds:
    """Return the invariance verification bounds.

    Parameters
    ----------
    log10_lr : array_like, shape (n,)
        Likelihood ratios of known pairs; infinite ones count as 8.69 (20 in natural logarithm) in size.
    same : array_like of bool, shape (n,)
        True for known matches.

    Returns
    -------
    Bounds
        In steps of 0.001 from the lowest value.

    Raises
    ------
    EvidenceError
        If a value is missing or one kind of pairs is.

    Notes
    -----
    The likelihood ratio of the statement "the LR is x or more" must be at least x. It is estimated from the shares
    of known matches and non-matches at x or more, with half a pair added to either side of x (Jeffreys). The upper
    bound is the last x below the first at which it fails; the lower bound is the same seen from the other side.
    Method of Alberink, Leegwater, Malmborg, Nordgaard, Sjerps and van der Ham, "A transparent method to determine
    limit values for likelihood ratio systems" (submitted 2025), as in lir 1.3.1. The lowest value is not tested,
    as no pair lies below it. If no log10 LR is negative, lir 1.3.1 may return the highest of them as upper bound,
    and if none is positive an error; here the bound is then 0 or what the test gives.

    Examples
    --------
    >>> values = np.concatenate([np.full(99, 5.0), np.full(999, -5.0)])
    >>> limits = invariance_bounds(values, np.arange(1098) < 99)
    >>> round(limits.lower, 2), round(limits.upper, 2)
    (-2.3, 3.3)
    """
    matches, others = split(log10_lr, same)
    matches, others = (np.sort(np.clip(one, -INVARIANCE_EXTREME, INVARIANCE_EXTREME)) for one in (matches, others))
    least, most = min(matches[0], others[0], 0.0), max(matches[-1], others[-1], 0.0)
    at = np.arange(least, most + INVARIANCE_STEP, INVARIANCE_STEP)
    above_same, above_different = (
        (len(one) - np.searchsorted(one, at) + JEFFREYS) / (len(one) + 2 * JEFFREYS) for one in (matches, others)
    )
    too_high = 1 + np.flatnonzero((np.log10(above_same) - np.log10(above_different) < at)[1:])
    too_low = 1 + np.flatnonzero((np.log10(1 - above_same) - np.log10(1 - above_different) > at)[1:])
    upper = at[too_high[0] - 1] if too_high.size else matches[-1]
    lower = others[0] if not too_low.size else at[too_low[-1] + 1] if too_low[-1] + 1 < len(at) else 0.0
    return Bounds(method="invariance", lower=min(float(lower), 0.0), upper=max(float(upper), 0.0))


def split(log10_lr: ArrayLike, same: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the log10 LRs of known matches and of known non-matches; both may hold infinities.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing (NaN), or one kind of pairs is.
    """
    values, truth = np.asarray(log10_lr, dtype=np.float64), as_truth(same)
    if values.shape != truth.shape:
        raise EvidenceError(f"log10 LRs of shape {values.shape} but {len(truth)} truths; expected one for each")
    if np.isnan(values).any():
        raise EvidenceError(f"log10 LR at {int(np.flatnonzero(np.isnan(values))[0])} is missing (NaN)")
    check_both_kinds(truth)
    return values[truth], values[~truth]
