"""How far a log10 LR depends on which firearms the known pairs happened to come from.

Pairs that share a firearm are not independent: a firearm that marks faintly lowers all its pairs at once. So
firearms are drawn with replacement, never pairs, and the calibrator is fitted anew to each draw.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.calibration import Fit
from ballistics.evidence.labelled import FloatArray
from imaging.threads import one_blas_thread

FEWEST_FIREARMS = 2
MOST_FAILED = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interval:
    """log10 LRs at given scores with the interval that other firearms might have given.

    Parameters
    ----------
    log10_lr : ndarray, shape (m,)
        From the calibrator fitted to all pairs.
    lower, upper : ndarray, shape (m,)
        Ends of the interval.
    level : float
        How often it is meant to hold the true value, 0 to 1.
    draws, failed : int
        Draws made, and those among them to which no calibrator could be fitted; they are left out.
    firearms : int
        Distinct firearms among the pairs.
    """

    log10_lr: FloatArray
    lower: FloatArray
    upper: FloatArray
    level: float
    draws: int
    failed: int
    firearms: int


@one_blas_thread()
def bootstrap_interval(
    fit: Fit,
    scores: ArrayLike,
    first: Sequence[str] | NDArray[np.str_],
    second: Sequence[str] | NDArray[np.str_],
    at: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 400,
    level: float = 0.90,
) -> Interval:
    """Return an interval of the log10 LR from fits to firearms drawn with replacement.

    Parameters
    ----------
    fit : callable
        Fits a calibrator, such as `calibration.fit_logistic`, or `functools.partial` of one with its options.
    scores : array_like, shape (n,) or (n, k)
        Scores of known pairs, as ``fit`` takes them.
    first, second : sequence of str, length n
        Firearms of the two marks of each pair. Equal names make a known match.
    at : array_like, shape (m,) or (m, k)
        Scores at which the LR is wanted.
    rng : numpy.random.Generator
        Where draws come from; the same state gives the same interval.
    draws : int
        At least 20.
    level : float
        How often the interval is meant to hold the true value, above 0 and below 1.

    Raises
    ------
    EvidenceError
        If there are fewer than two firearms, one kind of pairs is missing, a name is empty, shapes do not fit, or
        more than a tenth of the draws cannot be fitted.
    OptionError
        If ``draws`` or ``level`` is out of range.

    Notes
    -----
    A firearm drawn m times counts m times in its known matches; a known non-match counts as often as the product
    of the draws of both its firearms, so it is left out unless both are drawn (the pigeonhole bootstrap: Owen,
    Ann. Appl. Stat. 1 (2007), doi:10.1214/07-AOAS122). Calibrators fitted to few firearms overstate strong
    evidence, and those fitted to draws do so once more, so plain percentiles hold the truth too seldom. They are
    therefore shifted by twice the distance from the median of the draws to the fit, and widened to hold the fit
    where they then do not. The ends are draws, not values between draws: infinite log10 LRs do no harm.

    The interval speaks of the choice of firearms, not of whether the population is the right one, nor of the shape
    of the model. A kernel density smooths, so in its tails the interval holds the truth less often than it says;
    `benchmarks/likelihood_coverage.py` has the figures.

    Examples
    --------
    >>> from ballistics.evidence.calibration import fit_logistic
    >>> rng = np.random.default_rng(4)
    >>> guns = [f"gun {i}" for i in range(30)]
    >>> pairs = [(a, b) for i, a in enumerate(guns) for b in guns[i:]]
    >>> scores = [rng.normal(2.0 if a == b else 0.0) for a, b in pairs]
    >>> found = bootstrap_interval(fit_logistic, scores, *zip(*pairs), at=[1.5], rng=rng, draws=100)
    >>> bool(found.lower < found.log10_lr < found.upper)
    True
    """
    if (count := operator.index(draws)) < 20:
        raise OptionError(f"draws is {draws}; expected at least 20")
    if not 0 < level < 1:
        raise OptionError(f"level is {level}; expected a share above 0 and below 1")
    values = np.asarray(scores, dtype=np.float64)
    if not len(first) == len(second) == len(values):
        raise EvidenceError(
            f"{len(values)} scores, {len(first)} first and {len(second)} second firearms; "
            "expected one of each for every pair"
        )
    if not all(isinstance(name, str) and name for name in (*first, *second)):
        raise EvidenceError("a pair has a firearm without a name; drawing firearms needs the name of each as text")
    names, places = np.unique(np.array([first, second], dtype=np.str_), return_inverse=True)
    one, other = places.reshape(2, -1)
    if len(names) < FEWEST_FIREARMS:
        raise EvidenceError(f"found {len(names)} firearm; an interval over firearms needs two or more")
    same = one == other
    best = np.asarray(fit(values, same).log10_lr(at))
    found = []
    for _ in range(count):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weights = drawn[one] * np.where(same, 1, drawn[other])
        try:
            found.append(fit(values, same, weights=weights).log10_lr(at))
        except EvidenceError as error:
            reason = error
    if len(found) < (1 - MOST_FAILED) * count:
        raise EvidenceError(
            f"{count - len(found)} of {count} draws of {len(names)} firearms gave no calibrator; "
            f"the last because {reason}"
        ) from reason
    ends = (1 - level) / 2
    ordered = np.sort(np.array(found), axis=0)
    last = len(ordered) - 1
    lower, middle, upper = ordered[[math.floor(ends * last), round(0.5 * last), math.ceil((1 - ends) * last)]]
    finite = np.isfinite(best) & np.isfinite(middle)
    shift = 2 * (np.where(finite, best, 0.0) - np.where(finite, middle, 0.0))
    return Interval(
        log10_lr=best,
        lower=np.minimum(lower + shift, best),
        upper=np.maximum(upper + shift, best),
        level=level,
        draws=count,
        failed=count - len(found),
        firearms=len(names),
    )
