"""Count models: how many of the cells of a comparison agree, given each hypothesis.

Scores here have two columns, the count of congruent cells and the number of cells in play, since 12 of 14 and
12 of 30 are not the same evidence.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field
from scipy.optimize import minimize
from scipy.special import betaln, digamma, expit, logit

from ballistics.errors import EvidenceError
from ballistics.evidence.labelled import Fitted, FloatArray, as_columns, labelled

Open = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]

HALF_CELL = 0.5
LEAST_SIZE = 1e-2
LARGEST_SIZE = 1e5


class Binomial(Fitted):
    """Cells agree independently, with one probability for known matches and one for known non-matches.

    Parameters
    ----------
    same, different : float, above 0 and below 1
        Probability that a cell is congruent.
    """

    kind: Literal["binomial"] = "binomial"
    same: Open
    different: Open

    def log10_lr(self, scores: ArrayLike) -> FloatArray:
        """Return log10 LR, shape (...), of counts and cells, shape (..., 2); finite from 0 to all cells.

        For one number of cells it rises with the count if ``same`` is above ``different``.

        Raises
        ------
        EvidenceError
            If a count is not a whole number from 0 to its number of cells, or there are no cells.
        """
        counts, cells = _counts(as_columns(scores, 2))
        agree = math.log10(self.same / self.different)
        disagree = math.log10((1 - self.same) / (1 - self.different))
        return np.asarray(counts * agree + (cells - counts) * disagree)


class BetaCounts(Fitted):
    """Beta-binomial counts: the probability of a cell varies from pair to pair as Beta(alpha, beta)."""

    alpha: Positive
    beta: Positive


class BetaBinomial(Fitted):
    """Cells of one pair agree or fail together: a beta-binomial for each hypothesis.

    The ratio usually rises with the count, but need not: the model with the longer tail wins at its end.
    """

    kind: Literal["beta-binomial"] = "beta-binomial"
    same: BetaCounts
    different: BetaCounts

    def log10_lr(self, scores: ArrayLike) -> FloatArray:
        """Return log10 LR, shape (...), of counts and cells, shape (..., 2); finite from 0 to all cells.

        Raises
        ------
        EvidenceError
            If a count is not a whole number from 0 to its number of cells, or there are no cells.
        """
        counts, cells = _counts(as_columns(scores, 2))
        same, different = (
            betaln(counts + one.alpha, cells - counts + one.beta) - betaln(one.alpha, one.beta)
            for one in (self.same, self.different)
        )
        return np.asarray((same - different) / math.log(10))


def fit_binomial(scores: ArrayLike, same: ArrayLike, *, weights: ArrayLike | None = None) -> Binomial:
    """Fit a binomial to the counts of each hypothesis.

    Parameters
    ----------
    scores : array_like, shape (n, 2)
        Congruent cells and cells in play.
    same : array_like of bool, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing, or a count is not a whole number from 0 to its number of cells.

    Notes
    -----
    Maximum likelihood after adding half a congruent and half a non-congruent cell (Jeffreys), without which
    the LR would be infinite where no cell of a known non-match ever agreed. The model is that of Song et al.,
    Forensic Sci. Int. 284 (2018), doi:10.1016/j.forsciint.2017.12.013. Cells of a pair are not independent, so
    it overstates the evidence where counts vary more than a binomial does; compare with the beta-binomial.

    Examples
    --------
    >>> fitted = fit_binomial([[18, 24], [20, 24], [1, 24], [0, 24]], [1, 1, 0, 0])
    >>> fitted.log10_lr([[0, 24], [12, 24], [24, 24]]).round(1).tolist()
    [-15.7, 9.0, 33.8]
    """
    pairs = labelled(scores, same, weights=weights, columns=2)
    share = {}
    for kind in (True, False):
        values, counted = pairs.of(kind)
        counts, cells = _counts(values)
        share[kind] = float((counted @ counts + HALF_CELL) / (counted @ cells + 2 * HALF_CELL))
    return Binomial(same=share[True], different=share[False])


def fit_beta_binomial(scores: ArrayLike, same: ArrayLike, *, weights: ArrayLike | None = None) -> BetaBinomial:
    """Fit a beta-binomial to the counts of each hypothesis.

    Parameters
    ----------
    scores : array_like, shape (n, 2)
        Congruent cells and cells in play.
    same : array_like of bool, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing, or a count is not a whole number from 0 to its number of cells.

    Notes
    -----
    Maximum likelihood of the mean and of ``alpha + beta``, with half a congruent and half a non-congruent cell
    added and ``alpha + beta`` kept between 0.01 and 1e5, so that counts that are all 0, all equal to the cells, or
    less spread than a binomial still give a finite answer. Reference: Song et al., Forensic Sci. Int. 284 (2018),
    doi:10.1016/j.forsciint.2017.12.013.

    Examples
    --------
    >>> counts = [[18, 24], [20, 24], [9, 24], [1, 24], [0, 24], [0, 24]]
    >>> fitted = fit_beta_binomial(counts, [1, 1, 1, 0, 0, 0])
    >>> bool(fitted.log10_lr([15, 24]) > 3)
    True
    """
    pairs = labelled(scores, same, weights=weights, columns=2)
    fitted = {}
    for kind in (True, False):
        values, counted = pairs.of(kind)
        distinct, place = np.unique(values, axis=0, return_inverse=True)
        counts, cells = _counts(distinct)
        fitted[kind] = _most_likely(counts, cells, np.bincount(place, counted).astype(np.float64))
    return BetaBinomial(same=fitted[True], different=fitted[False])


def _most_likely(counts: FloatArray, cells: FloatArray, weights: FloatArray) -> BetaCounts:
    def cost(at: FloatArray) -> tuple[float, FloatArray]:
        mean, size = expit(at[0]), math.exp(at[1])
        alpha, beta = mean * size, (1 - mean) * size
        likelihood = weights @ (betaln(counts + alpha, cells - counts + beta) - betaln(alpha, beta))
        prior = HALF_CELL * (math.log(mean) + math.log1p(-mean))
        common = digamma(size) - digamma(cells + size)
        by_alpha = weights @ (digamma(counts + alpha) - digamma(alpha) + common)
        by_beta = weights @ (digamma(cells - counts + beta) - digamma(beta) + common)
        by_mean = size * (by_alpha - by_beta) * mean * (1 - mean) + HALF_CELL * (1 - 2 * mean)
        by_size = alpha * by_alpha + beta * by_beta
        total = weights.sum()
        return -(likelihood + prior) / total, -np.array([by_mean, by_size]) / total

    start = (weights @ counts + HALF_CELL) / (weights @ cells + 2 * HALF_CELL)
    limits = [(-30.0, 30.0), (math.log(LEAST_SIZE), math.log(LARGEST_SIZE))]
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 500}
    begin = np.array([logit(start), math.log(10.0)])
    found = minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=limits, options=options)
    mean, size = float(expit(found.x[0])), math.exp(found.x[1])
    return BetaCounts(alpha=mean * size, beta=(1 - mean) * size)


def _counts(columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    counts, cells = columns[..., 0], columns[..., 1]
    bad = (counts < 0) | (counts > cells) | (cells < 1) | (counts % 1 != 0) | (cells % 1 != 0)
    if bad.any():
        place = tuple(np.argwhere(bad)[0])
        raise EvidenceError(
            f"a count of {counts[place]:g} of {cells[place]:g} cells; expected whole numbers, at least one cell, "
            "and no more congruent cells than cells"
        )
    return counts, cells
