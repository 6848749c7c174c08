"""Logistic calibration of one score, and of several scores combined into one likelihood ratio.

The log likelihood ratio is a straight line in every score. Both hypotheses are given the same total weight, so
the numbers of known matches and non-matches have no influence as a prior.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.labelled import Fitted, FloatArray, Labelled, as_columns, labelled

MOST_STEPS = 50
STEP_TOLERANCE = 1e-9


class Logistic(Fitted):
    """The log10 likelihood ratio as ``intercept + slopes . scores``.

    Parameters
    ----------
    intercept : float
        log10 LR where all scores are 0.
    slopes : tuple of float, length k
        Change of the log10 LR with one unit of each score. The LR is monotone in every score.
    """

    kind: Literal["logistic"] = "logistic"
    intercept: float
    slopes: Annotated[tuple[float, ...], Field(min_length=1)]

    def log10_lr(self, scores: ArrayLike) -> FloatArray:
        """Return log10 LR, shape (...), of scores of shape (...), or (..., k) if there are several slopes.

        Raises
        ------
        EvidenceError
            If a score is missing or infinite, or the number of scores does not fit.
        """
        columns = as_columns(scores, len(self.slopes))
        return np.asarray(self.intercept + columns @ np.array(self.slopes))


def fit_logistic(
    scores: ArrayLike, same: ArrayLike, *, weights: ArrayLike | None = None, penalty: float = 0.0
) -> Logistic:
    """Fit a logistic calibrator to one score.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Any unit.
    same : array_like of bool, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts.
    penalty : float
        Half of it times the squared slope (natural logarithm, per unit of the score) is added to the cost, which
        is the sum of the logistic losses with weights that add up to n. The maximum likelihood fit has 0.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing, the score is constant, or the scores of the two kinds do not overlap and
        no penalty is given: the slope that fits best is then infinite.
    OptionError
        If the penalty is negative.

    Notes
    -----
    Platt scaling with equal class weights: Morrison, Aust. J. Forensic Sci. 45 (2013),
    doi:10.1080/00450618.2012.733025. A penalty of 1 is what lir 1.3.1 has by default; it depends on the unit of
    the score (a correlation of 0 to 1 is held back much more than a count of cells).
    Where known matches score lower than known non-matches, the slope is negative and the LR falls with the score.

    Examples
    --------
    >>> fitted = fit_logistic([0.0, 1.0, 2.0, 1.0, 2.0, 3.0], [0, 0, 0, 1, 1, 1])
    >>> fitted.log10_lr([1.5, 2.5]).round(3).tolist()
    [0.0, 0.602]
    """
    return _fit(labelled(scores, same, weights=weights), penalty=penalty, standardised=False)


def fit_combination(
    scores: ArrayLike, same: ArrayLike, *, weights: ArrayLike | None = None, penalty: float = 1.0
) -> Logistic:
    """Combine several scores of the same pair into one log10 LR.

    Parameters
    ----------
    scores : array_like, shape (n, k)
        Columns are scores of any unit, such as count, correlation, keypoints.
    same : array_like of bool, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts.
    penalty : float
        As in `fit_logistic`, but on the scores in units of their standard deviation (both hypotheses weighted
        alike), so that changing the unit of a score changes nothing. Above 0 the fit always exists.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing, a score is constant, or no penalty is given and the scores separate the
        kinds or depend on each other.
    OptionError
        If the penalty is negative.

    Notes
    -----
    Fusion by logistic regression: Brümmer et al., IEEE Trans. Audio Speech Lang. Process. 15 (2007),
    doi:10.1109/TASL.2007.902870. Scores of one pair may depend on each other; that is the point of a joint fit.
    Multiplying likelihood ratios of two scores of one mark instead would count the same agreement twice.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> same = np.arange(400) < 200
    >>> count = rng.normal(np.where(same, 12, 4), 3)
    >>> accf = rng.normal(np.where(same, 0.6, 0.3), 0.1)
    >>> both = fit_combination(np.column_stack([count, accf]), same)
    >>> np.sign(both.log10_lr([[15, 0.8], [2, 0.2]])).tolist()
    [1.0, -1.0]
    """
    return _fit(labelled(scores, same, weights=weights, columns=None), penalty=penalty, standardised=True)


def _fit(pairs: Labelled, *, penalty: float, standardised: bool) -> Logistic:
    if not (math.isfinite(penalty) and penalty >= 0):
        raise OptionError(f"penalty is {penalty}; expected a number of 0 or more")
    weights = pairs.balanced
    centre = weights @ pairs.scores / weights.sum()
    centred = pairs.scores - centre
    spread = np.sqrt(weights @ centred**2 / weights.sum())
    flat = np.flatnonzero(~(spread > 1e-12 * np.abs(pairs.scores).max(axis=0)))
    if flat.size:
        raise EvidenceError(f"score {flat[0]} is the same for all pairs; it carries no evidence: leave it out")
    design = np.column_stack([np.ones(len(centred)), centred / spread])
    ridge = np.concatenate([[0.0], np.full(len(spread), penalty) if standardised else penalty / spread**2])
    found = _newton(design, np.where(pairs.same, 1.0, -1.0), weights, ridge) / math.log(10)
    slopes = found[1:] / spread
    return Logistic(intercept=float(found[0] - slopes @ centre), slopes=tuple(slopes.tolist()))


def _newton(design: FloatArray, sign: FloatArray, weights: FloatArray, ridge: FloatArray) -> FloatArray:
    """Minimise ``weights . log(1 + exp(-sign * (design @ b))) + ridge . b**2 / 2`` over b."""

    def cost(b: FloatArray) -> float:
        return float(weights @ np.logaddexp(0.0, -sign * (design @ b)) + 0.5 * ridge @ b**2)

    at = np.zeros(design.shape[1])
    now = cost(at)
    for _ in range(MOST_STEPS):
        missing = 0.5 * (1 - np.tanh(0.5 * sign * (design @ at)))
        gradient = design.T @ (weights * sign * missing) - ridge * at
        curvature = (design.T * (weights * missing * (1 - missing))) @ design + np.diag(ridge)
        if np.linalg.cond(curvature) > 1e14:
            break
        step = np.linalg.solve(curvature, gradient)
        if np.abs(step).max() <= STEP_TOLERANCE * (1 + np.abs(at).max()):
            return np.asarray(at + step)
        while (then := cost(at + step)) > now + 1e-12 * abs(now):
            step = 0.5 * step
        at, now = at + step, then
    raise EvidenceError(
        "the logistic fit has no finite answer: the scores of known matches and known non-matches do not overlap, "
        "or one score follows from the others; give a penalty above 0, or use the kernel density or a count model"
    )
