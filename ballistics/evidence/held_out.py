"""Likelihood ratios of known pairs from fits that know neither of their firearms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.calibration import Fit
from ballistics.evidence.labelled import FloatArray, check_both_kinds
from imaging.threads import one_blas_thread


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """log10 LRs of known pairs, each from a fit without its firearms.

    Parameters
    ----------
    log10_lr : ndarray, shape (n,)
        In the order of the pairs.
    groups : int
        Groups of firearms that were left out together; as many as firearms if each stood alone.
    fits : int
        Calibrators that were fitted.
    """

    log10_lr: FloatArray
    groups: int
    fits: int


def held_out(
    fit: Fit,
    scores: ArrayLike,
    first: Sequence[str] | NDArray[np.str_],
    second: Sequence[str] | NDArray[np.str_],
    *,
    groups: int = 20,
) -> HeldOut:
    """Judge every known pair by a calibrator fitted to pairs that share no firearm with it.

    Parameters
    ----------
    fit : callable
        Fits a calibrator, such as `calibration.fit_logistic`.
    scores : array_like, shape (n,) or (n, k)
        Scores of known pairs.
    first, second : sequence of str, length n
        Firearms of the two marks; equal names make a known match.
    groups : int, 2 or more
        With more firearms than this, they are dealt in the order of their names into so many groups, and the
        groups of both firearms of a pair are left out.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing without two firearms, which the message names; else as ``fit`` says.
    OptionError
        If ``groups`` is below 2.

    Notes
    -----
    Leaving out one firearm is not enough for a known non-match: the other one's pairs would stay in the fit. With
    groups, fits know a little less than they could, which errs on the side of caution.

    Examples
    --------
    >>> from ballistics.evidence.calibration import fit_kernel_density
    >>> guns = ["a", "b", "c", "d", "e"]
    >>> pairs = [(one, two) for i, one in enumerate(guns) for two in guns[i:]]
    >>> rng = np.random.default_rng(3)
    >>> scores = [rng.normal(5.0 if one == two else 0.0) for one, two in pairs]
    >>> found = held_out(fit_kernel_density, scores, *zip(*pairs))
    >>> found.groups, found.fits, len(found.log10_lr)
    (5, 15, 15)
    """
    if groups < 2:
        raise OptionError(f"groups is {groups}; expected 2 or more")
    values = np.asarray(scores, dtype=np.float64)
    names, places = np.unique(np.array([first, second], dtype=np.str_), return_inverse=True)
    one, other = places.reshape(2, -1)
    same = one == other
    count = min(groups, len(names))
    low, high = np.sort([one % count, other % count], axis=0)
    found = np.empty(len(values))
    folds = np.unique(np.column_stack([low, high]), axis=0)
    with one_blas_thread():
        for left, right in folds:
            judged = (low == left) & (high == right)
            kept = ~(np.isin(low, (left, right)) | np.isin(high, (left, right)))
            try:
                check_both_kinds(same[kept])
            except EvidenceError as error:
                out = ", ".join(names[np.isin(np.arange(len(names)) % count, (left, right))][:4])
                raise EvidenceError(
                    f"without the pairs of {out} nothing can be fitted ({error}); add known pairs of more firearms"
                ) from error
            found[judged] = fit(values[kept], same[kept]).log10_lr(values[judged])
    return HeldOut(log10_lr=found, groups=count, fits=len(folds))
