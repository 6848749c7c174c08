"""ISO 16610 Gaussian, regression and robust filters of areal surfaces with missing points.

Every filter here is a local fit: around each point a polynomial of order 0, 1 or 2 is fitted to the measured
points, weighted by a Gaussian of their distance, and its value at the point is the filtered height. Order 0 is
the Gaussian filter with its weights normalised over the measured points. A higher order follows the slope
(1) or the curvature (2) of the form up to edges and holes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from imaging.errors import ParameterError, SurfaceError
from imaging.moments import ByPower, Moments, gaussian_moments
from imaging.surface import FloatArray, Surface
from imaging.threads import one_blas_thread

_LINEAR = float(np.sqrt(np.log(2) / np.pi))
_QUADRATIC = float(np.sqrt((-1 - lambertw(-1 / (2 * np.e), k=-1).real) / np.pi))
ALPHA = {0: _LINEAR, 1: _LINEAR, 2: _QUADRATIC}
"""ISO 16610 constant per order: a wave as long as the cut-off keeps half of its height."""

SHORTEST_PX = 2.0
"""Shortest cut-off in pixels: the shortest wave that the grid can hold."""

BIWEIGHT = 4.4478
"""Residuals beyond this many median absolute residuals get no weight (three standard deviations)."""

SETTLED = 0.01
"""The robust filter ends when heights change by less than this share of the median absolute residual."""

MOST_ROUNDS = 20

COLLINEAR = 1e-10
"""A term whose part independent of the earlier ones is a smaller share than this is left out."""

ROUNDING = 1e-13

CHUNK = 8192
"""Points solved at a time, so that their equations stay in the processor's cache."""

_BASIS = {
    0: ((0, 0),),
    1: ((1, 0), (0, 1), (0, 0)),
    2: ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (0, 0)),
}


def low_pass(surface: Surface, cutoff_um: float, *, order: int = 0, robust: bool = False) -> Surface:
    """Keep what is longer than the cut-off.

    Parameters
    ----------
    surface : Surface
        Heights in metres; float32 stays float32. Rows and columns may be spaced differently. A surface of one
        row is filtered as a profile along x.
    cutoff_um : float
        Cut-off wavelength in micrometres, at least two pixels. A wave of this length keeps half its height.
    order : {0, 1, 2}, default 0
        Degree of the local polynomial.
    robust : bool, default False
        Give outliers, such as craters, scratches and spikes, little or no weight.

    Returns
    -------
    Surface
        The same grid; points that were missing stay missing.

    Raises
    ------
    ParameterError
        If the order is not 0, 1 or 2, or the cut-off is not a positive number of at least two pixels.
    SurfaceError
        If no point is measured.

    Notes
    -----
    Weights and constants follow ISO 16610-61:2015 (Gaussian areal filter; ISO 16610-21 for a profile) and
    ISO 16610-71:2014 (robust Gaussian regression areal filter). The weighting function is
    ``exp(-pi (d / (alpha cutoff))**2)`` with ``alpha = sqrt(ln 2 / pi)``, and for order 2
    ``alpha = sqrt((-1 - W(-1 / 2e)) / pi) = 0.7309`` on the branch -1 of the Lambert function, which brings the
    transmission ``(1 + u) exp(-u)``, ``u = pi (alpha cutoff / wavelength)**2``, to one half at the cut-off.

    A polynomial of the filter's order passes unchanged, whatever is missing. Where the measured points in
    reach do not determine a term, as on a single line of points, that term is left out.

    The robust filter repeats the fit with weights ``(1 - (r / c)**2)**2``, ``c = 4.4478 median(abs(r))``, until
    heights change by less than 1 % of that median on average, or 20 times. The constant is the one in common
    use (three standard deviations of normal noise); it was not checked against the text of part 71.
    Outliers that fill more than about half of the cut-off's width are followed, the more so the higher the
    order.

    Below about four pixels the grid itself changes the transmission at the cut-off: 0.50 at four pixels, 0.56
    at three, 0.89 at two. Sums are cut where weights are below 4e-6 of the largest (see `imaging.moments`).

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.cos(2 * np.pi * np.arange(400) / 50) * np.ones((200, 1))
    >>> surface = Surface(heights=1e-6 * wave, spacing=(2e-6, 2e-6))
    >>> kept = low_pass(surface, 100)
    >>> round(float(kept.heights[100, 200] / surface.heights[100, 200]), 3)
    0.5
    """
    _check(surface, cutoff_um, order)
    heights = _smooth(surface, cutoff_um, order, robust)
    return surface.derive(heights, step=f"low-pass {_named(cutoff_um, order, robust)}")


def high_pass(surface: Surface, cutoff_um: float, *, order: int = 0, robust: bool = False) -> Surface:
    """Keep what is shorter than the cut-off: the surface less its `low_pass`.

    Parameters, errors and notes are those of `low_pass`.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = Surface(heights=np.linspace(0, 1e-4, 50) * np.ones((40, 1)), spacing=(1e-6, 1e-6))
    >>> bool(abs(high_pass(ramp, 20, order=1).heights).max() < 1e-12)
    True
    """
    _check(surface, cutoff_um, order)
    heights = surface.heights - _smooth(surface, cutoff_um, order, robust)
    return surface.derive(heights, step=f"high-pass {_named(cutoff_um, order, robust)}")


def band_pass(
    surface: Surface,
    *,
    short_um: float | None = None,
    long_um: float | None = None,
    order: int = 0,
    robust: bool = False,
) -> Surface:
    """Keep what lies between two cut-offs: first the S-filter, then the L-filter of ISO 25178-3.

    Parameters
    ----------
    surface : Surface
        Heights in metres.
    short_um : float, optional
        Waves shorter than this many micrometres are removed; None leaves them in.
    long_um : float, optional
        Waves longer than this many micrometres are removed; None leaves them in.
    order, robust
        As in `low_pass`, for both filters.

    Returns
    -------
    Surface
        The same grid; points that were missing stay missing.

    Raises
    ------
    ParameterError
        If ``short_um`` is not below ``long_um``, or for the reasons given in `low_pass`.
    SurfaceError
        If no point is measured.

    Examples
    --------
    >>> import numpy as np
    >>> surface = Surface(heights=np.full((60, 60), 3e-6), spacing=(5e-6, 5e-6))
    >>> band_pass(surface, short_um=25, long_um=150).provenance.steps
    ('low-pass 25 um, order 0', 'high-pass 150 um, order 0')
    """
    if short_um is not None and long_um is not None and not short_um < long_um:
        raise ParameterError(
            f"A band from {short_um:g} to {long_um:g} um found; short_um must be below long_um. "
            "Swap them, or pass None to switch one side off."
        )
    for cutoff_um in (short_um, long_um):
        if cutoff_um is not None:
            _check(surface, cutoff_um, order)
    if short_um is not None:
        surface = low_pass(surface, short_um, order=order, robust=robust)
    if long_um is not None:
        surface = high_pass(surface, long_um, order=order, robust=robust)
    return surface


def _check(surface: Surface, cutoff_um: float, order: int) -> None:
    if order not in _BASIS:
        raise ParameterError(f"A filter of order {order!r} found; orders 0, 1 and 2 exist.")
    if not (np.isfinite(cutoff_um) and cutoff_um > 0):
        raise ParameterError(
            f"A cut-off of {cutoff_um:g} um found; a positive length in micrometres is needed. "
            "To switch a side of a band off, pass None."
        )
    widths_um = [1e6 * d for d, n in zip(surface.spacing, surface.shape[::-1], strict=True) if n > 1]
    smallest = SHORTEST_PX * max(widths_um, default=0.0)
    if cutoff_um < smallest * (1 - 1e-9):
        raise ParameterError(
            f"A cut-off of {cutoff_um:g} um found on pixels of {max(widths_um):g} um; it cannot be below "
            f"{SHORTEST_PX:g} pixels ({smallest:g} um). Raise it, or leave this side of the band off (None)."
        )


def _named(cutoff_um: float, order: int, robust: bool) -> str:
    return f"{cutoff_um:g} um, order {order}" + (", robust" if robust else "")


@one_blas_thread()
def _smooth(surface: Surface, cutoff_um: float, order: int, robust: bool) -> FloatArray:
    """Fit, and for the robust filter fit again until the scale of the residuals settles.

    The mean is subtracted first: single precision then serves the roughness and not the distance of the
    surface from an arbitrary zero.
    """
    valid = surface.valid
    measured = int(np.count_nonzero(valid))
    if measured == 0:
        raise SurfaceError("No measured point found; at least one is needed to filter a surface.")
    dtype = surface.heights.dtype if order == 0 else np.dtype(np.float64)
    complete = measured == valid.size
    heights = surface.heights if complete else np.where(valid, surface.heights, 0)
    mean = float(heights.sum(dtype=np.float64)) / measured
    centred = (heights - mean).astype(dtype, copy=False)
    dx, dy = surface.spacing
    sigma = ALPHA[order] * cutoff_um * 1e-6 / np.sqrt(2 * np.pi)
    moments = gaussian_moments(surface.shape, (sigma / dx, sigma / dy), order=order, dtype=dtype)
    weights = None if complete else valid.astype(dtype)
    fitted = _regress(moments, centred, weights, valid, order)
    if robust:
        fitted = _reweight(moments, centred, fitted, valid, order)
    return (fitted + mean).astype(surface.heights.dtype, copy=False)


def _reweight(
    moments: Moments, centred: FloatArray, fitted: FloatArray, valid: NDArray[np.bool_], order: int
) -> FloatArray:
    rounding = 8 * np.finfo(centred.dtype).eps * float(np.abs(centred[valid]).max())
    for _ in range(MOST_ROUNDS):
        residuals = np.where(valid, centred - fitted, 0)
        median = float(np.median(np.abs(residuals[valid])))
        if median <= rounding:
            break
        weights = np.square(np.clip(1 - np.square(residuals / (BIWEIGHT * median)), 0, None)) * valid
        again = _regress(moments, centred, weights.astype(centred.dtype, copy=False), valid, order)
        again = np.where(np.isnan(again), fitted, again)
        change = float(np.abs(again - fitted)[valid].mean())
        fitted = again
        if change <= SETTLED * median:
            break
    return fitted


def _regress(
    moments: Moments, centred: FloatArray, weights: FloatArray | None, valid: NDArray[np.bool_], order: int
) -> FloatArray:
    """Fitted heights, NaN where a point is missing or where no weight is in its reach."""
    weighted = moments.prepare(centred if weights is None else centred * weights)
    prepared = None if weights is None else moments.prepare(weights)
    fitted = np.full(centred.shape, np.nan, centred.dtype)
    for block, rows in enumerate(moments.blocks):
        degree = 2 * order
        normal = moments.of_ones(block, degree) if prepared is None else moments.of(prepared, block, degree)
        right = moments.of(weighted, block, order)
        if order == 0:
            with np.errstate(divide="ignore", invalid="ignore"):
                fitted[rows] = right[0, 0] / normal[0, 0]
        else:
            inside = np.flatnonzero(valid[rows])
            for first in range(0, inside.size, CHUNK):
                points = inside[first : first + CHUNK]
                np.put(fitted[rows], points, _constant_term(_at(normal, points), _at(right, points), order))
    fitted[~valid] = np.nan
    return fitted


def _at(moments: ByPower, points: NDArray[np.intp]) -> ByPower:
    return {power: np.take(grid, points) for power, grid in moments.items()}


def _constant_term(normal: ByPower, right: ByPower, order: int) -> FloatArray:
    """Eliminate all terms but the constant, which is then the height of the polynomial at the point."""
    basis = _BASIS[order]
    last = len(basis) - 1
    rows = range(last + 1)
    left = {
        (r, c): normal[basis[r][0] + basis[c][0], basis[r][1] + basis[c][1]] for r in rows for c in rows if r <= c
    }
    side = [right[power] for power in basis]
    total = normal[0, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        for k in range(last):
            least = COLLINEAR * normal[2 * basis[k][0], 2 * basis[k][1]] + ROUNDING * total
            inverse = np.where(left[k, k] > least, 1 / left[k, k], 0)
            for r in range(k + 1, last + 1):
                factor = left[k, r] * inverse
                side[r] = side[r] - factor * side[k]
                for c in range(r, last + 1):
                    left[r, c] = left[r, c] - factor * left[k, c]
        return np.where(left[last, last] > COLLINEAR * total, side[last] / left[last, last], np.nan)
