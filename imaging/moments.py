"""Gaussian-weighted moments of a masked grid: the arithmetic beneath the filters.

For a grid ``u`` (weights, or weights times heights) and a Gaussian ``g`` of standard deviation ``sigma``, the
moment ``(i, j)`` at a point ``p`` is the sum over all points ``q`` of ``u(q) g(q - p) X**i Y**j``, where
``(X, Y) = (q - p) / sigma``. It is found in one of two ways that give the same sums.

*Direct*: separable correlation with kernels cut at `REACH` sigma.

*Reduced*: a Gaussian of variance ``sigma**2`` is two Gaussians of half that variance, one after the other.
Between the two the grid is smooth and is kept at every ``step`` pixels only. Summing at intervals instead of
integrating multiplies each weight by ``1 + 2 exp(-(pi sigma / step)**2 / 2) cos(...)`` (Poisson summation).
That error is relative, so weights stay positive; it is below 1e-8 for ``step = sigma / 2`` and below rounding
for ``sigma / 3``. Higher moments come from the same reduced grid: ``X**i g`` is a sum of derivatives of ``g``,
and these may all be taken of the second Gaussian.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.polynomial import hermite_e
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
ByPower = dict[tuple[int, int], FloatArray]

REACH = 5.0
"""Where direct kernels end, in sigma: weight 4e-6 of the peak, 6e-7 of the sum left out along each axis."""

REDUCED_FROM_PX = {0: 4.0, 1: 3.0, 2: 3.0}
"""Sigma in pixels, per order of regression, from which reducing is the faster way."""

WIDEST = 10.0
"""Largest sigma in widths of the grid; beyond it the weights of all points agree to 0.5 % anyway."""

BLOCK = 128


class Moments(Protocol):
    """Moments of grids of one shape, block of rows by block of rows.

    Attributes
    ----------
    blocks : sequence of slice
        The rows of each block.
    """

    blocks: list[slice]

    def prepare(self, grid: FloatArray) -> FloatArray:
        """Bring a grid of shape (ny, nx) into the form that `of` reads."""
        ...

    def of(self, prepared: FloatArray, block: int, degree: int) -> ByPower:
        """Moments ``(i, j)`` with ``i + j <= degree`` at the points of a block."""
        ...

    def of_ones(self, block: int, degree: int) -> ByPower:
        """The same for a grid of ones, where each moment is a product of a row and a column."""
        ...


def gaussian_moments(
    shape: tuple[int, int], sigma: tuple[float, float], *, order: int, dtype: np.dtype[Any]
) -> Moments:
    """Choose the faster way to the moments up to ``2 * order``.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns ``(ny, nx)``.
    sigma : tuple of float
        Standard deviation ``(x, y)`` in pixels, above 0.
    order : {0, 1, 2}
        Order of the regression that the moments are for.
    dtype : dtype
        Floating type of the grids.
    """
    ny, nx = shape
    capped = min(sigma[0], WIDEST * nx), min(sigma[1], WIDEST * ny)
    if min(capped) >= REDUCED_FROM_PX[order]:
        return _Reduced(shape, capped, order, dtype)
    return _Direct(shape, capped, order, dtype)


class _Direct:
    def __init__(
        self, shape: tuple[int, int], sigma: tuple[float, float], order: int, dtype: np.dtype[Any]
    ) -> None:
        ny, nx = shape
        self._x = _direct_kernels(nx, sigma[0], order, dtype)
        self._y = _direct_kernels(ny, sigma[1], order, dtype)
        self._halo = self._y[0].size // 2
        one = np.ones(1, dtype)
        self._ones_x = [_correlate(np.ones((1, nx), dtype), kernel, one) for kernel in self._x]
        self._ones_y = [_correlate(np.ones((ny, 1), dtype), one, kernel) for kernel in self._y]
        self.blocks = _blocks(ny, ny if order == 0 else 2 * BLOCK)

    def prepare(self, grid: FloatArray) -> FloatArray:
        return grid

    def of(self, prepared: FloatArray, block: int, degree: int) -> ByPower:
        rows = self.blocks[block]
        first = max(0, rows.start - self._halo)
        near = prepared[first : rows.stop + self._halo]
        inner = slice(rows.start - first, rows.stop - first)
        return {(i, j): _correlate(near, self._x[i], self._y[j])[inner] for i, j in _powers(degree)}

    def of_ones(self, block: int, degree: int) -> ByPower:
        rows = self.blocks[block]
        return {(i, j): self._ones_y[j][rows] * self._ones_x[i] for i, j in _powers(degree)}


class _Reduced:
    def __init__(
        self, shape: tuple[int, int], sigma: tuple[float, float], order: int, dtype: np.dtype[Any]
    ) -> None:
        self._shape = shape
        self._x = _reduced_kernels(shape[1], sigma[0], order, dtype)
        self._y = _reduced_kernels(shape[0], sigma[1], order, dtype)
        self._ones_x = self._down(np.ones((1, shape[1]), dtype), self._x)
        self._ones_y = self._down(np.ones((1, shape[0]), dtype), self._y)
        self.blocks = [band.fine for band in self._y]

    def prepare(self, grid: FloatArray) -> FloatArray:
        return self._down(self._down(grid, self._x).T, self._y).T

    def of(self, prepared: FloatArray, block: int, degree: int) -> ByPower:
        band = self._y[block]
        found: ByPower = {}
        for j in range(degree + 1):
            partial = band.up[j] @ prepared[band.coarse]
            for i in range(degree + 1 - j):
                found[i, j] = self._up(partial, i)
        return found

    def of_ones(self, block: int, degree: int) -> ByPower:
        band = self._y[block]
        along_y = [up @ self._ones_y[0, band.coarse] for up in band.up]
        along_x = [self._up(self._ones_x, i) for i in range(degree + 1)]
        return {(i, j): along_y[j][:, None] * along_x[i] for i, j in _powers(degree)}

    def _up(self, partial: FloatArray, i: int) -> FloatArray:
        found = np.empty((len(partial), self._shape[1]), partial.dtype)
        for band in self._x:
            np.matmul(partial[:, band.coarse], band.up[i].T, out=found[:, band.fine])
        return found

    @staticmethod
    def _down(grid: FloatArray, bands: tuple[_Band, ...]) -> FloatArray:
        reduced = np.zeros((len(grid), bands[-1].coarse.stop), grid.dtype)
        for band in bands:
            reduced[:, band.coarse] += grid[:, band.fine] @ band.down.T
        return reduced


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """The points ``fine`` of one axis, the reduced points ``coarse`` in their reach, and the weights between."""

    fine: slice
    coarse: slice
    down: FloatArray
    up: tuple[FloatArray, ...]


def _powers(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]


def _blocks(n: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, n)) for first in range(0, n, size)]


def _correlate(grid: FloatArray, kernel_x: FloatArray, kernel_y: FloatArray) -> FloatArray:
    found: Any = cv2.sepFilter2D(grid, -1, kernel_x, kernel_y, borderType=cv2.BORDER_CONSTANT)
    correlated: FloatArray = found
    return correlated


def _direct_kernels(n: int, sigma: float, order: int, dtype: np.dtype[Any]) -> list[FloatArray]:
    radius = min(int(np.ceil(REACH * sigma)), n - 1)
    x = np.arange(-radius, radius + 1) / sigma
    weight = np.exp(-(x**2) / 2)
    weight /= weight.sum()
    return [(x**i * weight).astype(dtype) for i in range(2 * order + 1)]


@lru_cache(maxsize=16)
def _reduced_kernels(n: int, sigma: float, order: int, dtype: np.dtype[Any]) -> tuple[_Band, ...]:
    half = sigma / np.sqrt(2)
    step, reach = (sigma / 2, 7.0 * half) if order == 0 else (sigma / 3, 9.0 * half)
    series = []
    for i in range(2 * order + 1):
        exact = hermite_e.poly2herme([0] * i + [1])
        series.append(exact * np.sqrt(2) ** np.arange(exact.size))
    bands = []
    for fine in _blocks(n, BLOCK):
        coarse = slice(int(fine.start / step), int((fine.stop - 1 + 2 * reach) / step) + 1)
        distance = np.arange(coarse.start, coarse.stop) * step - reach - np.arange(fine.start, fine.stop)[:, None]
        u = distance / half
        weight = np.exp(-(u**2) / 2) * (np.abs(distance) <= reach)
        up = tuple((hermite_e.hermeval(u, exact) * weight).astype(dtype) for exact in series)
        down = np.ascontiguousarray((weight * (step / (2 * np.pi * half**2))).T, dtype=dtype)
        bands.append(_Band(fine, coarse, down, up))
    return tuple(bands)
