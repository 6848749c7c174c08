"""Least squares that outliers do not move: a high-breakdown start, then Tukey's biweight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from imaging.errors import SurfaceError

Array = NDArray[np.float64]
Predict = Callable[[Array], tuple[Array, Array]]
"""From parameters, shape (k,), to predictions, shape (n,), and their derivatives, shape (n, k)."""

TUKEY = 4.685
"""Residuals beyond this many standard deviations get no weight; 95 % efficient on normal noise."""

POINTS_PER_PARAMETER = 5
"""With fewer points than this for each parameter outliers cannot be told, and the fit is plain."""

TRIALS = 150
JUDGES = 300
START_COLUMNS = 6
MOST_ROUNDS = 50
SETTLED = 1e-3
"""A robust fit ends when it moves by less than this share of the residuals' scale; a plain one by far less."""

PLAIN_SETTLED = 1e-9
SINGULAR = 1e-11


def fit_linear(columns: Array, target: Array, *, robust: bool) -> Array:
    """Coefficients that combine columns into a target.

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        Design matrix with entries of the order of one. If k is above 6, the first six columns alone must give
        a fair first fit.
    target : ndarray, shape (n,)
        Values to reproduce.
    robust : bool
        Whether up to half of the target may be grossly wrong.

    Returns
    -------
    ndarray, shape (k,)
        Coefficients.

    Raises
    ------
    SurfaceError
        If there are fewer points than columns or if the columns depend on one another.

    Notes
    -----
    The start is the least median of squares over elemental subsets (Rousseeuw 1984,
    doi:10.1080/01621459.1984.10477105). Subsets follow a Weyl sequence instead of a random generator, so that
    the same data always give the same fit. A clean subset of six is met with 30 % outliers in all but 1 of
    10**8 data sets, with 40 % in all but 1 of 1000.
    """
    start = np.zeros(columns.shape[1])
    if robust and _enough(columns.shape):
        some = min(START_COLUMNS, columns.shape[1])
        start[:some] = _least_median(columns[:, :some], target)
    return fit_curve(lambda parameters: (columns @ parameters, columns), start, target, robust=robust)


def fit_curve(predict: Predict, start: Array, target: Array, *, robust: bool) -> Array:
    """Parameters that bring the predictions of a smooth model near to a target.

    Parameters
    ----------
    predict : callable
        Predictions and derivatives of the model.
    start : ndarray, shape (k,)
        Parameters to start from; for a robust fit they must fit the majority fairly.
    target : ndarray, shape (n,)
        Values to reproduce.
    robust : bool
        Reweight with Tukey's biweight, scale by the median absolute residual.

    Raises
    ------
    SurfaceError
        If there are fewer points than parameters or if the points do not determine them.
    """
    robust = robust and _enough((target.size, start.size))
    rounding = 1e-14 * float(np.abs(target).max(initial=0))
    parameters = start
    predicted, derivatives = predict(parameters)
    if target.size < start.size or not _is_regular(derivatives):
        raise SurfaceError(
            f"{target.size} measured points found that do not determine {start.size} parameters; more points, "
            "not all on one line, are needed. Use a simpler model."
        )
    for _ in range(MOST_ROUNDS):
        residuals = target - predicted
        scale = max(1.4826 * float(np.median(np.abs(residuals))), rounding)
        weights = _biweight(residuals, TUKEY * scale) if robust else np.ones_like(target)
        step = _solve(derivatives, weights, residuals)
        if step is None:
            break
        before, cost = predicted, float(weights @ residuals**2)
        for shrink in 0.5 ** np.arange(8):
            moved = parameters + shrink * step
            predicted, derivatives = predict(moved)
            if float(weights @ (target - predicted) ** 2) <= cost * (1 + 1e-12):
                break
        parameters = moved
        change = np.sqrt(np.mean((predicted - before) ** 2))
        if change <= (SETTLED if robust else PLAIN_SETTLED) * scale + rounding:
            break
    return parameters


def _enough(shape: tuple[int, ...]) -> bool:
    return shape[0] >= POINTS_PER_PARAMETER * shape[1]


def _biweight(residuals: Array, limit: float) -> Array:
    if limit == 0:
        return np.where(residuals == 0, 1.0, 0.0)
    weights: Array = np.square(np.clip(1 - np.square(residuals / limit), 0, None))
    return weights


def _normal(derivatives: Array, weights: Array) -> tuple[Array, Array]:
    weighted = derivatives * weights[:, None]
    normal = weighted.T @ derivatives
    size = np.sqrt(np.diag(normal))
    size[size == 0] = 1
    return normal / np.outer(size, size), size


def _is_regular(derivatives: Array) -> bool:
    normal, _ = _normal(derivatives, np.ones(len(derivatives)))
    found = np.linalg.eigvalsh(normal)
    return bool(found[0] > SINGULAR * found[-1])


def _solve(derivatives: Array, weights: Array, residuals: Array) -> Array | None:
    """One weighted Gauss-Newton step; None if the points that keep weight do not determine it."""
    normal, size = _normal(derivatives, weights)
    found, directions = np.linalg.eigh(normal)
    if found[0] <= SINGULAR * found[-1]:
        return None
    right = (derivatives.T @ (weights * residuals)) / size
    solved: Array = directions @ ((directions.T @ right) / found) / size
    return solved


def _weyl(count: int, seed: int) -> Array:
    """Evenly spread numbers in [0, 1), another sequence for each seed."""
    numbers: Array = np.modf(np.arange(1, count + 1) * np.sqrt(seed))[0]
    return numbers


def _least_median(columns: Array, target: Array) -> Array:
    n, k = columns.shape
    primes = (2, 3, 5, 7, 11, 13)
    subsets = np.stack([(_weyl(TRIALS, prime) * n).astype(int) for prime in primes[:k]], axis=1)
    sound = np.abs(np.linalg.det(columns[subsets])) > 1e-12
    if not sound.any():
        return np.zeros(k)
    trials = np.linalg.solve(columns[subsets[sound]], target[subsets[sound], None])[..., 0]
    judges = (_weyl(JUDGES, 17) * n).astype(int)
    residuals = np.abs(target[judges] - trials @ columns[judges].T)
    best: Array = trials[np.argmin(np.median(residuals, axis=1))]
    return best
