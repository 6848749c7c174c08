"""Scores whose truth is known, checked once for every calibrator, bound and metric.

A score belongs to a pair of marks. ``same`` says whether the pair is a known match (same source) or a known
non-match (different sources).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from ballistics.errors import EvidenceError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LARGEST_SCORE = 1e100
KINDS = {True: "known match", False: "known non-match"}


class Fitted(BaseModel):
    """What every fitted calibrator is: plain numbers that cannot be changed, finite, nothing extra."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Scores with their truth and weights, both kinds present.

    Parameters
    ----------
    scores : ndarray, shape (n, k)
        One row a pair, one column a score; finite.
    same : ndarray of bool, shape (n,)
        True for known matches.
    weights : ndarray, shape (n,)
        How often each pair counts, above 0.
    """

    scores: FloatArray
    same: BoolArray
    weights: FloatArray

    def of(self, same: bool) -> tuple[FloatArray, FloatArray]:
        """Return the scores, shape (m, k), and weights of the known matches or of the known non-matches."""
        chosen = self.same == same
        return self.scores[chosen], self.weights[chosen]

    @property
    def balanced(self) -> FloatArray:
        """Weights scaled so that either hypothesis has half of the total: the prior odds become 1."""
        total = self.weights.sum()
        matches = self.weights[self.same].sum()
        factor = np.where(self.same, 0.5 * total / matches, 0.5 * total / (total - matches))
        return np.asarray(factor * self.weights)


def labelled(
    scores: ArrayLike, same: ArrayLike, *, weights: ArrayLike | None = None, columns: int | None = 1
) -> Labelled:
    """Check scores with their truth and leave out pairs of weight zero.

    Parameters
    ----------
    scores : array_like, shape (n,) or (n, k)
        Finite, up to 1e100 in size.
    same : array_like of bool or of 0 and 1, shape (n,)
        True for known matches.
    weights : array_like, shape (n,), optional
        How often each pair counts, 0 or more; 1 each if not given.
    columns : int, optional
        How many columns the scores must have; ``None`` for any number.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, infinite or too large, a truth is neither 0 nor 1, or no known
        match or no known non-match is left.

    Examples
    --------
    >>> pairs = labelled([0.9, 0.2, 0.1], [True, False, False])
    >>> pairs.balanced.tolist()
    [1.5, 0.75, 0.75]
    """
    truth = as_truth(same)
    values = np.asarray(scores, dtype=np.float64)
    table = values[:, None] if values.ndim == 1 else values
    wanted = "(n,)" if columns == 1 else f"(n, {columns or 'k'})"
    if table.ndim != 2 or (columns is not None and table.shape[1] != columns) or table.shape[1] < 1:
        raise EvidenceError(f"scores have the shape {values.shape}; expected {wanted}")
    if len(table) != len(truth):
        raise EvidenceError(f"{len(table)} scores but {len(truth)} truths; expected one truth for each score")
    check_scores(table)
    counted = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=np.float64)
    if counted.shape != truth.shape or not (np.isfinite(counted) & (counted >= 0)).all():
        raise EvidenceError(f"expected {len(truth)} finite weights of 0 or more")
    used = counted > 0
    check_both_kinds(truth[used])
    return Labelled(scores=table[used], same=truth[used], weights=counted[used])


def as_truth(same: ArrayLike) -> BoolArray:
    """Return truths, shape (n,), as booleans.

    Raises
    ------
    EvidenceError
        If one is neither true nor false nor 1 nor 0, or the array has not one dimension.
    """
    values = np.asarray(same)
    if values.ndim != 1 or not np.isin(values, (0, 1)).all():
        raise EvidenceError("the truth of pairs must be a list of true and false (or 1 and 0), without gaps")
    return values.astype(np.bool_)


def check_both_kinds(same: BoolArray) -> None:
    """Refuse truths of one kind only.

    Raises
    ------
    EvidenceError
        If no known match or no known non-match is there; the message says how many there are of the other.
    """
    matches = int(same.sum())
    if matches in (0, len(same)):
        raise EvidenceError(
            f"found {matches} known matches and {len(same) - matches} known non-matches; "
            "a weight of evidence needs both: add pairs of the missing kind"
        )


def check_scores(scores: FloatArray) -> None:
    """Refuse scores that are missing, infinite or above 1e100 in size.

    Raises
    ------
    EvidenceError
        With the first offending place.
    """
    bad = ~(np.abs(scores) <= LARGEST_SCORE)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        where = f" at {place[0]}" if place else ""
        raise EvidenceError(
            f"score{where} is {scores[place]}; expected finite numbers up to {LARGEST_SCORE:g}: "
            "leave out pairs that could not be compared, and say so"
        )


def as_columns(scores: ArrayLike, columns: int) -> FloatArray:
    """Return new scores as an array of shape (..., columns).

    Parameters
    ----------
    scores : array_like
        Shape (...) for one column, (..., columns) otherwise.
    columns : int
        Scores that belong to one pair.

    Raises
    ------
    EvidenceError
        If the last axis does not fit, or a score is missing or infinite.
    """
    values = np.asarray(scores, dtype=np.float64)
    if columns == 1:
        values = values[..., None]
    if values.ndim == 0 or values.shape[-1] != columns:
        raise EvidenceError(f"scores have the shape {values.shape}; expected {columns} of them for each pair")
    check_scores(values)
    return values
