"""Isotonic calibration: the likelihood ratio that rises with the score and fits best, by pooling neighbours."""

from __future__ import annotations

import operator
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator
from scipy.optimize import isotonic_regression

from ballistics.errors import OptionError
from ballistics.evidence.labelled import Fitted, FloatArray, as_columns, labelled

Share = Annotated[float, Field(ge=0, le=1)]


class Isotonic(Fitted):
    """A rising step curve with straight pieces between the steps, held constant beyond its ends.

    Parameters
    ----------
    knots : tuple of float, rising
        Scores between which the curve is a straight line.
    share : tuple of float, 0 to 1, not falling
        Share of known matches at each knot when both hypotheses count alike; the LR is ``share / (1 - share)``.
        A share of 0 or 1 is an infinite log10 LR: put a bound on it.
    """

    kind: Literal["isotonic"] = "isotonic"
    knots: Annotated[tuple[float, ...], Field(min_length=1)]
    share: tuple[Share, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.knots) != len(self.share):
            raise ValueError("knots and share must have the same length")
        if not (np.all(np.diff(self.knots) > 0) and np.all(np.diff(self.share) >= 0)):
            raise ValueError("knots must rise and share must not fall")
        return self

    def log10_lr(self, scores: ArrayLike) -> FloatArray:
        """Return log10 LR of scores of any shape; minus or plus infinity where one kind alone was seen.

        Raises
        ------
        EvidenceError
            If a score is missing or infinite.
        """
        share = np.interp(as_columns(scores, 1)[..., 0], self.knots, self.share)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log10(share) - np.log10(1 - share))


def fit_isotonic(
    scores: ArrayLike, same: ArrayLike, *, weights: ArrayLike | None = None, misleading: int = 0
) -> Isotonic:
    """Fit an isotonic calibrator by pooling adjacent violators (PAV).

    Parameters
    ----------
    scores : array_like, shape (n,)
        Higher for closer agreement; ties count as one score.
    same : array_like of bool, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts. Both hypotheses are then given the same total weight.
    misleading : int
        Known non-matches to add one unit above the highest score, and known matches below the lowest. With 1 or
        more, every log10 LR is finite, also for perfectly separated scores.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing or a score is not finite.
    OptionError
        If ``misleading`` is negative.

    Notes
    -----
    Brümmer & du Preez, Comput. Speech Lang. 20 (2006), doi:10.1016/j.csl.2005.08.001. The curve has as many
    parameters as steps, and its infinite ends come from a handful of pairs: it measures discrimination
    (`performance.cllr_min`) better than it serves casework.

    Examples
    --------
    >>> fitted = fit_isotonic([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 1, 1])
    >>> fitted.log10_lr([1, 3, 4, 6]).tolist()
    [-inf, 0.0, 0.0, inf]
    """
    if (extra := operator.index(misleading)) < 0:
        raise OptionError(f"misleading is {misleading}; expected 0 or more")
    pairs = labelled(scores, same, weights=weights)
    values = pairs.scores[:, 0]
    if extra:
        ends = np.repeat([values.max() + 1, values.min() - 1], extra)
        pairs = labelled(
            np.concatenate([values, ends]),
            np.concatenate([pairs.same, np.repeat([False, True], extra)]),
            weights=np.concatenate([pairs.weights, np.ones(2 * extra)]),
        )
    knots, place = np.unique(pairs.scores[:, 0], return_inverse=True)
    total = np.bincount(place, pairs.balanced)
    matches = np.bincount(place, pairs.balanced * pairs.same)
    share = np.clip(isotonic_regression(matches / total, weights=total).x, 0.0, 1.0)
    corner = np.ones(len(knots), dtype=bool)
    corner[1:-1] = (share[1:-1] != share[:-2]) | (share[1:-1] != share[2:])
    return Isotonic(knots=tuple(knots[corner].tolist()), share=tuple(share[corner].tolist()))
