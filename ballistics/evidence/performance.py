"""How good likelihood ratios are, measured on pairs whose truth is known.

Every function takes log10 LRs, shape (n,), and ``same``, shape (n,), which is true for known matches. Infinite
values are allowed, missing ones are not. All figures give both hypotheses the same weight, whatever the numbers
of pairs. They describe the pairs at hand: figures on pairs that a calibrator was fitted to are too good, and pairs
that share a firearm are not independent. Curves are in `ballistics.evidence.performance_curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ballistics.errors import OptionError
from ballistics.evidence.bounds import split
from ballistics.evidence.isotonic import fit_isotonic
from ballistics.evidence.labelled import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDefined:
    """A figure that has no value for these pairs; falsy, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        """Report that there is no value."""
        return False


def cllr(log10_lr: ArrayLike, same: ArrayLike) -> float:
    """Return the log likelihood ratio cost in bits: 0 for a perfect system, 1 for one that always says LR = 1.

    Infinite if one LR is infinitely misleading.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    ``mean(log2(1 + 1 / LR))`` of known matches and ``mean(log2(1 + LR))`` of known non-matches, averaged. Brümmer
    & du Preez, Comput. Speech Lang. 20 (2006), doi:10.1016/j.csl.2005.08.001.

    Examples
    --------
    >>> cllr([0.0, 0.0], [True, False]), round(cllr([1.0, -1.0], [True, False]), 4)
    (1.0, 0.1375)
    """
    matches, others = split(log10_lr, same)
    costs = (np.logaddexp(0.0, values * math.log(10)).mean() for values in (-matches, others))
    return float(sum(costs) / math.log(4))


def pav(log10_lr: ArrayLike, same: ArrayLike) -> FloatArray:
    """Return the log10 LRs, shape (n,), that the best rising curve would give these pairs; ends are infinite.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    Pool adjacent violators with both hypotheses weighted alike; only the order of the values matters.

    Examples
    --------
    >>> pav([-1.0, 0.5, 0.2, 3.0], [False, False, True, True]).tolist()
    [-inf, 0.0, 0.0, inf]
    """
    split(log10_lr, same)
    ranks = np.unique(np.asarray(log10_lr, dtype=np.float64), return_inverse=True)[1]
    return fit_isotonic(ranks, same).log10_lr(ranks)


def cllr_min(log10_lr: ArrayLike, same: ArrayLike) -> float:
    """Return the Cllr that is left after the best rising curve: what the scores cannot tell apart.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    The curve is `pav`. Any rising function of the scores has the same value. Reference as for `cllr`.

    Examples
    --------
    >>> cllr_min([-1.0, 0.5, 0.2, 3.0], [False, False, True, True])
    0.5
    """
    return cllr(pav(log10_lr, same), same)


def cllr_cal(log10_lr: ArrayLike, same: ArrayLike) -> float:
    """Return Cllr less Cllr_min, the cost of calibration: 0 or more, and 0 if no rising curve would help.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Examples
    --------
    >>> round(cllr_cal([1.0, -1.0], [True, False]), 4)
    0.1375
    """
    return cllr(log10_lr, same) - cllr_min(log10_lr, same)


def devpav(log10_lr: ArrayLike, same: ArrayLike) -> float | NotDefined:
    """Return how far the log10 LRs are, on average, from what `pav` makes of them; 0 is perfectly calibrated.

    Returns
    -------
    float or NotDefined
        In units of log10 LR. Infinite if an LR of 0 or infinity is not what `pav` gives that pair. Not defined,
        falsy with the reason, where the curve has no finite part: on perfectly separated pairs.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    The area between the curve through the points (log10 LR, PAV) and the diagonal, over the range in which the
    curve is finite, divided by the length of that range. Vergeer, van Schaik & Sjerps, Forensic Sci. Int. 321
    (2021), doi:10.1016/j.forsciint.2021.110722.

    Examples
    --------
    >>> devpav([-1.0, 0.5, 0.2, 3.0], [False, False, True, True]).__round__(3)
    0.35
    >>> devpav([-1.0, 1.0], [False, True])
    NotDefined(reason='the pairs are perfectly separated: any calibration fits them')
    """
    values, curve = np.asarray(log10_lr, dtype=np.float64), pav(log10_lr, same)
    if (np.isinf(values) & (values != curve)).any():
        return math.inf
    finite = np.isfinite(curve)
    if not finite.any():
        return NotDefined(reason="the pairs are perfectly separated: any calibration fits them")
    x, place = np.unique(values[finite], return_index=True)
    above = curve[finite][place] - x
    if len(x) == 1:
        return float(abs(above[0]))
    left, right = above[:-1], above[1:]
    size = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    area = np.where(crossing, (left**2 + right**2) / np.where(crossing, size, 1.0), size)
    return float(0.5 * (area * np.diff(x)).sum() / (x[-1] - x[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Misleading:
    """Pairs whose LR points the wrong way, by at least a given strength.

    Parameters
    ----------
    strength : float, 0 or more
        Size of the log10 LR from which on a pair is counted; at 0, an LR of exactly 1 is not counted.
    same, same_pairs : int
        Known matches with an LR that supports different sources, of how many.
    different, different_pairs : int
        Known non-matches with an LR that supports the same source, of how many.
    """

    strength: float
    same: int
    same_pairs: int
    different: int
    different_pairs: int

    @property
    def same_rate(self) -> float:
        """Share of known matches that are misleading, 0 to 1."""
        return self.same / self.same_pairs

    @property
    def different_rate(self) -> float:
        """Share of known non-matches that are misleading, 0 to 1."""
        return self.different / self.different_pairs


def misleading(log10_lr: ArrayLike, same: ArrayLike, *, strength: float = 0.0) -> Misleading:
    """Count the pairs with misleading evidence.

    Parameters
    ----------
    log10_lr, same : array_like, shape (n,)
        Likelihood ratios and truth.
    strength : float, 0 or more
        Count only log10 LRs of this size or more on the wrong side.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.
    OptionError
        If ``strength`` is negative.

    Notes
    -----
    Royall, J. Am. Stat. Assoc. 95 (2000), doi:10.1080/01621459.2000.10474264: for true likelihood ratios
    the probability of misleading evidence of size k or more is at most 1 / k.

    Examples
    --------
    >>> found = misleading([2.0, -0.5, 1.5, -3.0], [True, True, False, False])
    >>> found.same_rate, found.different_rate
    (0.5, 0.5)
    """
    if not strength >= 0:
        raise OptionError(f"strength is {strength}; expected 0 or more")
    matches, others = split(log10_lr, same)
    counts = [int(((one >= strength) & (one > 0)).sum()) for one in (-matches, others)]
    pairs = {"same_pairs": len(matches), "different_pairs": len(others)}
    return Misleading(strength=strength, same=counts[0], different=counts[1], **pairs)
