"""Random relief with a chosen spectrum that can be sampled at any place and pixel size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from imaging.errors import ParameterError
from imaging.surface import BoolArray

Float32Array = NDArray[np.float32]
Placement = tuple[float, float, float]

POINTS = 1024
POINTS_PER_WAVE = 4
PATCHES = 24
PATCHINESS = 0.35


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """Heights on a square that repeats without a seam; its middle is the origin.

    Parameters
    ----------
    heights : ndarray, shape (n, n), float32
        Heights; the unit is the caller's.
    pitch : float
        Distance between neighbouring points in metres, at most a quarter of the shortest wave.
    """

    heights: Float32Array
    pitch: float

    def points(self) -> tuple[Float32Array, Float32Array]:
        """Coordinates ``(x, y)`` of the columns, shape (1, n), and rows, shape (n, 1), in metres."""
        n = len(self.heights)
        along = ((np.arange(n) - (n - 1) / 2) * self.pitch).astype(np.float32)
        return along[None, :], along[:, None]

    def at(self, x: Float32Array, y: Float32Array) -> Float32Array:
        """Heights at points given in metres, by eight-point Lanczos interpolation.

        The places are rounded to a thirty-second of the pitch, which costs a correlation less than 1e-4.
        """
        middle, per_metre = (len(self.heights) - 1) / 2, 1 / self.pitch
        columns = (x * per_metre + middle).astype(np.float32)
        rows = (y * per_metre + middle).astype(np.float32)
        sampled = cv2.remap(self.heights, columns, rows, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_WRAP)
        return np.asarray(sampled, dtype=np.float32)


def grid(shape: tuple[int, int], pixel: float, pose: Placement) -> tuple[Float32Array, Float32Array]:
    """Return where the points of a scan lie on the object.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the scan.
    pixel : float
        Spacing of the scan in metres.
    pose : tuple of float
        ``(angle_deg, dx_um, dy_um)``: the object's point ``p`` appears at ``R(angle) p + c + (dx, dy)`` with
        ``c`` the middle of the grid, ``((nx - 1) / 2 * pixel, (ny - 1) / 2 * pixel)``; y grows downwards and
        a positive angle turns +x towards +y.

    Returns
    -------
    x, y : ndarray, shape (ny, nx), float32
        Coordinates on the object in metres.

    Examples
    --------
    >>> x, y = grid((3, 3), 1e-6, (90.0, 0.0, 0.0))
    >>> [round(float(v) * 1e6, 3) for v in (x[2, 1], y[2, 1])]
    [1.0, 0.0]
    """
    angle_deg, dx_um, dy_um = pose
    ny, nx = shape
    across = (np.arange(nx)[None, :] - (nx - 1) / 2) * pixel - dx_um * 1e-6
    down = (np.arange(ny)[:, None] - (ny - 1) / 2) * pixel - dy_um * 1e-6
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    x = cosine * across + sine * down
    y = cosine * down - sine * across
    return x.astype(np.float32), y.astype(np.float32)


def granular(
    rng: np.random.Generator,
    *,
    grain_um: float,
    shortest_um: float = 20.0,
    striae: float = 0.0,
    direction_deg: float = 0.0,
    points: int = POINTS,
) -> Canvas:
    """Return grains, parallel striae or a mix of both, with unit variance.

    Parameters
    ----------
    rng : Generator
    grain_um : float
        The wavelength that carries the most power; from ``shortest_um`` to the width of the canvas.
    shortest_um : float
        No power lies below this wavelength; it sets the pitch and the size of the relief.
    striae : float
        Share of the variance in striae, 0 to 1.
    direction_deg : float
        Direction along the striae, from +x towards +y.
    points : int
        Rows and columns.

    Returns
    -------
    Canvas

    Raises
    ------
    ParameterError
        If the share of striae or the grain is out of its range.

    Notes
    -----
    A Gaussian field whose power for each octave rises with the third power of the frequency up to the
    grain and falls with its square, as the spectra of breech-face impressions do, times a factor that
    varies from patch to patch. The patches give the heavy tails (kurtosis near 5) of real marks, whose
    surface touched in some places and not in others.

    Examples
    --------
    >>> canvas = granular(np.random.default_rng(1), grain_um=140.0, points=128)
    >>> round(float(canvas.heights.std()), 3), round(canvas.pitch * 1e6, 3)
    (1.0, 5.0)
    """
    require("striae", striae, 0.0, 1.0)
    require("grain_um", grain_um, shortest_um, points * shortest_um / POINTS_PER_WAVE)
    pitch = shortest_um * 1e-6 / POINTS_PER_WAVE
    grain = grain_um * 1e-6
    fx = fft.rfftfreq(points, pitch).astype(np.float32)[None, :]
    fy = fft.fftfreq(points, pitch).astype(np.float32)[:, None]
    squared = fx**2 + fy**2
    squared[0, 0] = np.inf
    power = (1 - striae) * _shares(_octaves(np.sqrt(squared), grain) / squared)
    if striae > 0:
        cosine, sine = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))
        across = np.abs(cosine * fy - sine * fx)
        across[0, 0] = np.inf
        np.maximum(across, 1e-3 / grain, out=across)
        along = cosine * fx + sine * fy
        power += striae * _shares(_octaves(across, grain) / across * np.exp(-((4 * grain * along) ** 2)))
    power[squared > (shortest_um * 1e-6) ** -2] = 0
    heights = fft.irfft2(fft.rfft2(rng.standard_normal((points, points), dtype=np.float32)) * np.sqrt(power))
    patches = rng.standard_normal((PATCHES, PATCHES), dtype=np.float32)
    heights *= np.exp(PATCHINESS * cv2.resize(patches, (points, points), interpolation=cv2.INTER_CUBIC))
    return Canvas(heights=_standard(heights), pitch=pitch)


def concentric(rng: np.random.Generator, *, grain_um: float, shortest_um: float, points: int = POINTS) -> Canvas:
    """Return rings around the origin as a lathe leaves them, with unit variance."""
    pitch = shortest_um * 1e-6 / POINTS_PER_WAVE
    frequencies = fft.rfftfreq(points, pitch)
    frequencies[0] = np.inf
    power = _octaves(frequencies, grain_um * 1e-6) / frequencies
    power[frequencies > 1e6 / shortest_um] = 0
    profile = fft.irfft(fft.rfft(rng.standard_normal(points)) * np.sqrt(power)).astype(np.float32)
    x, y = Canvas(heights=np.empty((points, points), np.float32), pitch=pitch).points()
    radii = np.sqrt(x**2 + y**2) / pitch
    rings = np.interp(radii, np.arange(points), profile)
    return Canvas(heights=_standard(rings), pitch=pitch)


def independent(canvases: list[Canvas], covers: Callable[[Float32Array, Float32Array], BoolArray]) -> list[Canvas]:
    """Return the reliefs with zero mean, unit variance and no correlation over the area of a mark.

    The first keeps its shape; every later one loses what it shares with those before it. Without this,
    two random reliefs of a mark's size correlate by chance up to a few hundredths.
    """
    x, y = canvases[0].points()
    where = covers(*np.broadcast_arrays(x[:, ::2], y[::2]))
    centred = [canvas.heights - canvas.heights[::2, ::2][where].mean() for canvas in canvases]
    samples = np.stack([heights[::2, ::2][where] for heights in centred])
    covariance = (samples @ samples.T).astype(np.float64) / samples.shape[1]
    weights = np.linalg.inv(np.linalg.cholesky(covariance)).astype(np.float32)
    return [
        Canvas(heights=weighted_sum(row[: k + 1], centred[: k + 1]), pitch=canvases[k].pitch)
        for k, row in enumerate(weights)
    ]


def weighted_sum(weights: Iterable[float], arrays: Iterable[Float32Array]) -> Float32Array:
    """Return the sum of the arrays, each times its weight, as float32."""
    return np.asarray(sum(np.float32(w) * a for w, a in zip(weights, arrays, strict=True)), dtype=np.float32)


def require(name: str, value: float, lowest: float, highest: float) -> None:
    """Raise ParameterError if a value lies outside its range or is NaN."""
    if not lowest <= value <= highest:
        raise ParameterError(f"{name} of {value:g} found; {lowest:g} to {highest:g} is possible.")


def _octaves(frequency: NDArray[Any], grain: float) -> NDArray[Any]:
    """Power for each octave of frequency, largest near ``1 / grain``."""
    ratio = frequency * grain
    return np.asarray(1 / (ratio**-3 + ratio**2))


def _shares(power: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(power / power.sum())


def _standard(heights: NDArray[Any]) -> Float32Array:
    return np.asarray((heights - heights.mean()) / heights.std(), dtype=np.float32)
