"""Remove the form that a mark lies on: plane, polynomial, sphere or cylinder (F-operator of ISO 25178-3).

Every model is fitted as a height over (x, y), with residuals along z as the instrument measures them, in
coordinates from the middle of the grid and divided by half its size, so that the equations are well conditioned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from imaging.errors import ParameterError, SurfaceError
from imaging.robust import Array, fit_curve, fit_linear
from imaging.surface import FloatArray, Surface
from imaging.threads import one_blas_thread

Model = Literal["plane", "polynomial", "sphere", "cylinder"]

HIGHEST_DEGREE = 6

SAMPLE = 10_000
"""Most points that a fit uses, spread evenly over the measured ones."""

FLATTEST = 1e-9
"""Smallest rise of a sphere or cylinder over half the grid, as a share of that half."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """A fitted form.

    Parameters
    ----------
    model : {"plane", "polynomial", "sphere", "cylinder"}
        Which form.
    parameters : mapping of str to float
        In metres and radians; x and y are counted from `origin`, heights as in the surface.

        ========== ==================================================================================
        plane      ``offset`` (height at the origin), ``slope_x``, ``slope_y`` (metre per metre)
        polynomial ``c<i><j>``: the factor of ``x**i y**j``
        sphere     ``centre_x``, ``centre_y``, ``centre_z``, ``radius``
        cylinder   ``axis_angle`` (from +x towards +y, above -pi/2 to pi/2), ``axis_tilt`` (rise of the
                   axis along that direction), ``axis_offset`` (of the axis from the origin, along
                   ``(-sin, cos)`` of its angle), ``axis_height`` (where it passes the origin), ``radius``
        ========== ==================================================================================

        A radius is positive for a bulge towards +z and negative for a hollow.
    origin : tuple of float
        Position ``(x, y)`` of the origin in metres from the first point of the grid.
    """

    model: Model
    parameters: Mapping[str, float]
    origin: tuple[float, float]

    @one_blas_thread()
    def heights(self, surface: Surface) -> FloatArray:
        """Heights of the form on a surface's grid.

        Parameters
        ----------
        surface : Surface
            Only its shape, spacing and type count. Its first point is taken to lie where that of the fitted
            surface lay.

        Returns
        -------
        ndarray, shape (ny, nx)
            Metres, of the surface's type; NaN where a sphere or cylinder does not reach.
        """
        x = np.arange(surface.shape[1]) * surface.spacing[0] - self.origin[0]
        y = np.arange(surface.shape[0]) * surface.spacing[1] - self.origin[1]
        dtype = surface.heights.dtype
        if self.model in ("plane", "polynomial"):
            reach = max(np.abs(x).max(), np.abs(y).max()) or 1.0
            factors = self._factors()
            powers = np.arange(len(factors))
            factors = factors * reach ** np.add.outer(powers, powers)
            along_x = ((x / reach)[:, None] ** powers @ factors).astype(dtype)
            return ((y / reach)[:, None] ** powers).astype(dtype) @ along_x.T
        return self._round(x, y[:, None]).astype(dtype)

    def _factors(self) -> Array:
        given = self.parameters
        if self.model == "plane":
            return np.array([[given["offset"], given["slope_y"]], [given["slope_x"], 0]])
        size = 1 + max(int(power) for name in given for power in name[1:])
        factors = np.zeros((size, size))
        for name, value in given.items():
            factors[int(name[1]), int(name[2])] = value
        return factors

    def _round(self, x: FloatArray, y: FloatArray) -> FloatArray:
        given = self.parameters
        radius = given["radius"]
        if self.model == "sphere":
            across = np.square(x - given["centre_x"]) + np.square(y - given["centre_y"])
            base, lift = np.array(given["centre_z"]), 1.0
        else:
            cos, sin = np.cos(given["axis_angle"]), np.sin(given["axis_angle"])
            across = np.square(cos * y - sin * x - given["axis_offset"])
            base = given["axis_height"] + np.tan(given["axis_tilt"]) * (cos * x + sin * y)
            lift = 1 / np.cos(given["axis_tilt"])
        inside = radius**2 - across
        heights: FloatArray = base + np.copysign(lift, radius) * np.sqrt(np.where(inside < 0, np.nan, inside))
        return heights


@one_blas_thread()
def fit_form(surface: Surface, model: Model, *, degree: int = 2, robust: bool = True) -> Form:
    """Fit a plane, polynomial, sphere or cylinder to the measured points.

    Parameters
    ----------
    surface : Surface
        Heights in metres.
    model : {"plane", "polynomial", "sphere", "cylinder"}
        The form. A cylinder may lie in any direction and rise along its axis.
    degree : int, default 2
        Highest total power of x and y in a polynomial, 0 to 6; other models ignore it.
    robust : bool, default True
        Let up to about 40 % of the points be outliers, such as a firing-pin crater or debris. With False,
        plain least squares.

    Returns
    -------
    Form
        The form with its parameters.

    Raises
    ------
    ParameterError
        If the model or degree does not exist.
    SurfaceError
        If the measured points are too few or lie so that they do not determine the form, or if a sphere or
        cylinder is asked of a flat surface.

    Notes
    -----
    At most 10 000 points are used, spread evenly over the measured ones; the fit is in float64 and the same
    data always give the same form. See `imaging.robust` for the estimator. On a grid of one row or column,
    polynomials leave out the terms of the other axis.

    For a polynomial of degree 3 or more the robust start is a quadratic: outliers are told from the form only
    if they exceed what the quadratic leaves of it.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:60, :80] * 1e-6
    >>> form = fit_form(Surface(heights=0.02 * x - 0.01 * y, spacing=(1e-6, 1e-6)), "plane")
    >>> round(form.parameters["slope_x"], 6), round(form.parameters["slope_y"], 6)
    (0.02, -0.01)
    """
    if model not in get_args(Model):
        raise ParameterError(f"A form {model!r} found; {', '.join(get_args(Model))} exist.")
    if model == "polynomial" and degree not in range(HIGHEST_DEGREE + 1):
        raise ParameterError(f"A degree of {degree!r} found; whole numbers 0 to {HIGHEST_DEGREE} are possible.")
    index = _sample(surface)
    rows, columns = np.divmod(index, surface.shape[1])
    span = [(n - 1) * d for n, d in zip(surface.shape[::-1], surface.spacing, strict=True)]
    reach = max(max(span) / 2, min(surface.spacing))
    x = (columns * surface.spacing[0] - span[0] / 2) / reach
    y = (rows * surface.spacing[1] - span[1] / 2) / reach
    heights = surface.heights.ravel()[index].astype(np.float64)
    level = float(np.median(heights))
    z = (heights - level) / reach
    if model == "sphere":
        parameters = _sphere(x, y, z, reach, level, robust)
    elif model == "cylinder":
        parameters = _cylinder(x, y, z, reach, level, robust)
    else:
        powers = _powers(1 if model == "plane" else degree, surface.shape)
        found = fit_linear(_monomials(x, y, powers), z, robust=robust)
        factors = {(i, j): float(c) * reach ** (1 - i - j) for (i, j), c in zip(powers, found, strict=True)}
        factors[0, 0] += level
        if model == "plane":
            parameters = {
                "offset": factors[0, 0],
                "slope_x": factors.get((1, 0), 0.0),
                "slope_y": factors.get((0, 1), 0.0),
            }
        else:
            parameters = {f"c{i}{j}": factor for (i, j), factor in factors.items()}
    return Form(model=model, parameters=parameters, origin=(span[0] / 2, span[1] / 2))


def remove_form(surface: Surface, model: Model = "plane", *, degree: int = 2, robust: bool = True) -> Surface:
    """Subtract the fitted form from a surface.

    Parameters, errors and notes are those of `fit_form`. Points that a sphere or cylinder does not reach
    become missing.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:60, :80] * 1e-6
    >>> level = remove_form(Surface(heights=0.02 * x - 0.01 * y, spacing=(1e-6, 1e-6)))
    >>> bool(abs(level.heights).max() < 1e-15)
    True
    """
    form = fit_form(surface, model, degree=degree, robust=robust).heights(surface)
    name = f"{model} of degree {degree}" if model == "polynomial" else model
    how = "robust" if robust else "least squares"
    return surface.derive(np.subtract(surface.heights, form, out=form), step=f"remove {name}, {how}")


def _sample(surface: Surface) -> NDArray[np.intp]:
    """Flat positions of up to `SAMPLE` measured points, evenly spread but on no regular lattice."""
    measured = np.flatnonzero(surface.valid)
    if measured.size == 0:
        raise SurfaceError("No measured point found; a form needs points to be fitted to.")
    if measured.size <= SAMPLE:
        return measured
    steps = np.arange(SAMPLE)
    jitter = np.modf(steps * np.sqrt(2))[0]
    sample: NDArray[np.intp] = measured[((steps + jitter) * (measured.size / SAMPLE)).astype(np.intp)]
    return sample


def _powers(degree: int, shape: tuple[int, int]) -> list[tuple[int, int]]:
    ny, nx = shape
    return [
        (total - j, j)
        for total in range(degree + 1)
        for j in range(total + 1)
        if (ny > 1 or j == 0) and (nx > 1 or j == total)
    ]


def _monomials(x: Array, y: Array, powers: list[tuple[int, int]]) -> Array:
    of_x, of_y = (np.vander(axis, 1 + max(map(max, powers)), increasing=True) for axis in (x, y))
    return np.stack([of_x[:, i] * of_y[:, j] for i, j in powers], axis=1)


def _sphere(x: Array, y: Array, z: Array, reach: float, level: float, robust: bool) -> dict[str, float]:
    """Fit ``a (x² + y² + z²) + b x + c y + z + e = 0``, which bends smoothly into a plane at ``a = 0``."""
    square = x**2 + y**2
    ones = np.ones_like(x)

    def predict(parameters: Array) -> tuple[Array, Array]:
        a, b, c, e = parameters
        found, root = _solve_for_height(a, a * square + b * x + c * y + e)
        return found, np.stack([square + found**2, x, y, ones], axis=1) / -root[:, None]

    start = fit_linear(np.stack([square + z**2, x, y, ones], axis=1), -z, robust=robust)
    a, b, c, e = fit_curve(predict, start, z, robust=robust)
    radius = _radius(a, b**2 + c**2 + 1, e, "sphere")
    return {
        "centre_x": float(-b / (2 * a) * reach),
        "centre_y": float(-c / (2 * a) * reach),
        "centre_z": float(level - reach / (2 * a)),
        "radius": radius * reach,
    }


def _cylinder(x: Array, y: Array, z: Array, reach: float, level: float, robust: bool) -> dict[str, float]:
    """Fit ``a (v² + h²) + b v + h + e = 0``, where v runs across the axis and h at right angles to both.

    With the axis rising by k along s, ``z = sqrt(1 + k²) h + k s``. A quadratic gives the start.
    """
    powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    offset, slope_x, slope_y, xx, xy, yy = fit_linear(_monomials(x, y, powers), z, robust=robust)
    bends, directions = np.linalg.eigh([[2 * xx, xy], [xy, 2 * yy]])
    straight = int(np.argmin(np.abs(bends)))
    bend = -bends[1 - straight] / 2
    _refuse_flat(bend, "cylinder")
    cos, sin = directions[:, straight]

    def predict(parameters: Array) -> tuple[Array, Array]:
        angle, k, a, b, e = parameters
        s = x * np.cos(angle) + y * np.sin(angle)
        v = y * np.cos(angle) - x * np.sin(angle)
        h, root = _solve_for_height(a, a * v**2 + b * v + e)
        lift = np.sqrt(1 + k**2)
        turn = s * (2 * a * v + b) / root * lift + k * v
        rise = s + h * k / lift
        bent = np.stack([v**2 + h**2, v, np.ones_like(v)], axis=1) * (-lift / root)[:, None]
        return lift * h + k * s, np.column_stack([turn, rise, bent])

    along, across = slope_x * cos + slope_y * sin, slope_y * cos - slope_x * sin
    start = np.array([np.arctan2(sin, cos), along, bend, -across, -offset])
    angle, k, a, b, e = fit_curve(predict, start, z, robust=robust)
    radius = _radius(a, b**2 + 1, e, "cylinder")
    half_turns = np.ceil(angle / np.pi - 0.5)
    flip = -1.0 if half_turns % 2 else 1.0
    return {
        "axis_angle": float(angle - half_turns * np.pi),
        "axis_tilt": float(np.arctan(flip * k)),
        "axis_offset": float(-flip * b / (2 * a) * reach),
        "axis_height": float(level - np.sqrt(1 + k**2) / (2 * a) * reach),
        "radius": radius * reach,
    }


def _solve_for_height(a: float, g: Array) -> tuple[Array, Array]:
    """Root h of ``a h² + h + g = 0`` near the surface, and ``1 + 2 a h``; clipped beyond the equator."""
    root = np.sqrt(np.clip(1 - 4 * a * g, 1e-4, None))
    return -2 * g / (1 + root), root


def _refuse_flat(bend: float, model: str) -> None:
    if abs(bend) < FLATTEST:
        raise SurfaceError(f"A flat surface found; a {model} has no radius there. Remove a plane instead.")


def _radius(bend: float, slopes: float, e: float, model: str) -> float:
    _refuse_flat(bend, model)
    square = slopes / (4 * bend**2) - e / bend
    if not square > 0:
        raise SurfaceError(f"Heights found that no {model} passes through; remove another form.")
    return float(np.copysign(np.sqrt(square), bend))
