"""Curves that show how good likelihood ratios are: empirical cross-entropy, Tippett and DET, as numbers to plot.

Every function takes log10 LRs, shape (n,), and ``same``, shape (n,), which is true for known matches. Infinite
values are allowed, missing ones are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from ballistics.errors import OptionError
from ballistics.evidence.bounds import split
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.performance import pav

LN10 = math.log(10)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossEntropy:
    """Empirical cross-entropy over prior odds, in bits.

    Parameters
    ----------
    prior_log10_odds : ndarray, shape (m,)
        Prior odds of same source.
    system, calibrated, neutral : ndarray, shape (m,)
        Of the LRs, of the LRs after `pav`, and of LR = 1 for every pair.
    """

    prior_log10_odds: FloatArray
    system: FloatArray
    calibrated: FloatArray
    neutral: FloatArray


def cross_entropy(
    log10_lr: ArrayLike, same: ArrayLike, *, prior_log10_odds: ArrayLike | None = None
) -> CrossEntropy:
    """Return the empirical cross-entropy (ECE): the cost of the LRs for a user with given prior odds.

    Parameters
    ----------
    log10_lr, same : array_like, shape (n,)
        Likelihood ratios and truth.
    prior_log10_odds : array_like, shape (m,), optional
        Finite; -3 to 3 in steps of 0.01 if not given.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.
    OptionError
        If prior odds are not finite.

    Notes
    -----
    At prior odds of 1 it is the Cllr. Where the system lies above the neutral curve its LRs do harm. Ramos &
    Gonzalez-Rodriguez, Forensic Sci. Int. 230 (2013), doi:10.1016/j.forsciint.2013.04.014.

    Examples
    --------
    >>> found = cross_entropy([1.0, -1.0], [True, False], prior_log10_odds=[0.0])
    >>> found.system.round(4).tolist(), found.neutral.tolist()
    ([0.1375], [1.0])
    """
    prior = np.arange(-300, 301) / 100 if prior_log10_odds is None else np.array(prior_log10_odds, np.float64)
    if prior.ndim != 1 or not np.isfinite(prior).all():
        raise OptionError("prior_log10_odds must be a list of finite numbers")
    nothing = np.zeros(1)
    return CrossEntropy(
        prior_log10_odds=prior,
        system=_cross_entropy(*split(log10_lr, same), prior),
        calibrated=_cross_entropy(*split(pav(log10_lr, same), same), prior),
        neutral=_cross_entropy(nothing, nothing, prior),
    )


def _cross_entropy(matches: FloatArray, others: FloatArray, prior: FloatArray) -> FloatArray:
    same_source = 1 / (1 + 10**-prior)
    cost_of_matches = np.array([np.logaddexp(0.0, -(matches + odds) * LN10).mean() for odds in prior])
    cost_of_others = np.array([np.logaddexp(0.0, (others + odds) * LN10).mean() for odds in prior])
    bits = (same_source * cost_of_matches + (1 - same_source) * cost_of_others) / math.log(2)
    return np.asarray(bits)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tippett:
    """Shares of pairs with at least a given LR.

    Parameters
    ----------
    log10_lr : ndarray, shape (m,)
        Rising thresholds.
    same, different : ndarray, shape (m,), 0 to 1
        Share of known matches, and of known non-matches, at that threshold or above.
    """

    log10_lr: FloatArray
    same: FloatArray
    different: FloatArray


def tippett(log10_lr: ArrayLike, same: ArrayLike, *, at: ArrayLike | None = None) -> Tippett:
    """Return the two curves of a Tippett plot.

    Parameters
    ----------
    log10_lr, same : array_like, shape (n,)
        Likelihood ratios and truth.
    at : array_like, shape (m,), optional
        Thresholds; every value that occurs if not given.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.
    OptionError
        If a threshold is missing (NaN).

    Notes
    -----
    Tippett et al., J. Forensic Sci. Soc. 8 (1968), doi:10.1016/S0015-7368(68)70442-4.

    Examples
    --------
    >>> curves = tippett([2.0, -1.0, 0.5, -3.0], [True, True, False, False], at=[0.0])
    >>> curves.same.item(), curves.different.item()
    (0.5, 0.5)
    """
    matches, others = split(log10_lr, same)
    places = np.unique(np.concatenate([matches, others]) if at is None else np.asarray(at, dtype=np.float64))
    if np.isnan(places).any():
        raise OptionError("a threshold in `at` is missing (NaN)")
    return Tippett(log10_lr=places, same=_share_from(matches, places), different=_share_from(others, places))


def _share_from(values: FloatArray, places: FloatArray) -> FloatArray:
    return np.asarray(1 - np.searchsorted(np.sort(values), places) / len(values))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorTradeoff:
    """Detection error trade-off: both error rates as the threshold rises.

    Parameters
    ----------
    threshold : ndarray, shape (m,)
        Pairs at it or above are called same source; the last is infinite.
    false_positive, false_negative : ndarray, shape (m,), 0 to 1
        Share of known non-matches called same source, and of known matches called different.
    """

    threshold: FloatArray
    false_positive: FloatArray
    false_negative: FloatArray

    @property
    def deviates(self) -> tuple[FloatArray, FloatArray]:
        """Both rates as normal deviates, the axes of a DET plot; infinite where a rate is 0 or 1."""
        return np.asarray(ndtri(self.false_positive)), np.asarray(ndtri(self.false_negative))

    @property
    def equal_error_rate(self) -> float:
        """Where the two rates are equal, on the straight line between neighbouring thresholds."""
        gap = self.false_negative - self.false_positive
        after = int(np.argmax(gap >= 0))
        before = max(after - 1, 0)
        rise = gap[after] - gap[before]
        part = -gap[before] / rise if rise > 0 else 0.0
        step = self.false_positive[after] - self.false_positive[before]
        return float(self.false_positive[before] + part * step)


def error_tradeoff(values: ArrayLike, same: ArrayLike) -> ErrorTradeoff:
    """Return the detection error trade-off (DET) of log10 LRs or of scores.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    Martin et al., Eurospeech (1997), doi:10.21437/Eurospeech.1997-504. It describes decisions by a threshold,
    which a likelihood ratio does not make; it is here because laboratories are asked for it.

    Examples
    --------
    >>> curve = error_tradeoff([0.9, 0.8, 0.3, 0.7, 0.2, 0.1], [1, 1, 1, 0, 0, 0])
    >>> round(curve.equal_error_rate, 3)
    0.333
    """
    matches, others = split(values, same)
    places = np.append(np.unique(np.concatenate([matches, others])), np.inf)
    at_or_above = [_share_from(one, places) for one in (others, matches)]
    at_or_above[0][-1] = at_or_above[1][-1] = 0.0
    return ErrorTradeoff(threshold=places, false_positive=at_or_above[0], false_negative=1 - at_or_above[1])
