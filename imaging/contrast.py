"""Even contrast over a photograph that is lit unevenly."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.surface import BoolArray

Grey = NDArray[np.float32]

CELLS_PER_SIGMA = 2.0
NOISE_FACTOR = 3.0
LEAST_CONTRAST = 0.05
ROUNDING = 1e-4
CLIP = 4.0
MISSING_LEVEL = 128

_BLOCK = 8
_QUIET = 10.0


def even_contrast(grey: Grey, *, window_px: float, mask: BoolArray | None = None) -> Grey:
    """Return a picture with the same brightness and contrast everywhere.

    Parameters
    ----------
    grey : ndarray, shape (ny, nx), float32
        Brightness above 0 in any unit, for example `imaging.photo.Photo.grey`; less counts as 0. A missing point
        is NaN.
    window_px : float
        Standard deviation in pixels of the Gaussian window in which mean and contrast are taken, 2 or more.
        Shading much wider than it vanishes, texture much finer stays. About ten times the width of the striae
        or grains of interest is a fair choice.
    mask : ndarray, shape (ny, nx), bool, optional
        Points to use. The others count for no mean and no contrast, so a dark hole beside a mark casts no halo
        on it.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Mean about 0 and variance about 1 in every textured region, within -4 to 4; less in regions of noise
        only. NaN where missing or masked out. All 0 where nothing varies.

    Raises
    ------
    ParameterError
        If the picture is not two-dimensional float32, the mask has another shape, or the window is below 2.

    Notes
    -----
    ``(r - m) / sqrt(s^2 + (3 n)^2 + (0.05 S)^2)``, with the square root r of the brightness, its local mean m, its
    local standard deviation s about m, the noise n of the picture and the root mean square S of s over the
    picture; a trace of the brightness guards against rounding. All of them scale with the exposure, which
    cancels. The mean is the Gaussian one plus the mean of what that leaves, so that light which bends within the
    window, as beside the bright ring of a ring light, is followed. The root gives photon noise one strength at all
    levels (Anscombe 1948, doi:10.1093/biomet/35.3-4.246) and keeps specular highlights from ruling a window.
    A gamma curve is nearly straight within the contrast of one window, so it cancels nearly, as does the black
    level. Under a ring light, rim and middle get the same contrast as long as neither is at the top, where no
    contrast is left.

    The noise is the 10th percentile, over blocks of 16 x 16 pixels that vary at all, of the spread of the
    diagonal differences ``(a - b - c + d) / 2``; on metal its lowest values are sensor noise, the rest is
    texture. The window is taken on a grid of two cells a standard deviation and interpolated.

    Examples
    --------
    >>> import numpy as np
    >>> texture = np.random.default_rng(1).normal(size=(200, 200))
    >>> lamp = np.linspace(0.1, 1, 200)
    >>> even = even_contrast((lamp * (1 + 2 * cv2.GaussianBlur(texture, (0, 0), 3))).astype("f4"), window_px=20)
    >>> bool(abs(even[:, :100].std() - even[:, 100:].std()) < 0.05)
    True
    """
    if grey.ndim != 2 or grey.dtype != np.float32 or grey.size == 0:
        raise ParameterError(
            f"An array of {grey.dtype} and shape {grey.shape} found; a picture of float32 and shape (ny, nx) is "
            "needed."
        )
    if mask is not None and mask.shape != grey.shape:
        raise ParameterError(f"A mask of shape {mask.shape} found for a picture of {grey.shape}; they must agree.")
    if not 2 <= window_px < math.inf:
        raise ParameterError(f"A window of {window_px:g} pixels found; 2 or more is needed.")
    known = np.isfinite(grey) if mask is None else np.isfinite(grey) & mask
    if not known.any():
        return np.full_like(grey, np.nan)
    is_whole = bool(known.all())
    root = np.sqrt(np.where(known, grey, np.float32(0)).clip(0))
    brightness = float(np.square(root).sum(dtype=np.float64)) / np.count_nonzero(known)
    window = _Window(grey.shape, window_px, None if is_whole else known)
    even: Grey = root - window.enlarge(window.background(root))
    if not is_whole:
        even *= known
        root[~known] = np.nan
    variance = window.mean(np.square(even))
    floor = (NOISE_FACTOR * _noise(root)) ** 2 + LEAST_CONTRAST**2 * window.average(variance)
    floor += ROUNDING**2 * brightness
    strength = np.sqrt(variance + np.float32(floor))
    even *= window.enlarge(np.divide(1, strength, out=np.zeros_like(strength), where=strength > 0))
    np.clip(even, -CLIP, CLIP, out=even)
    if not is_whole:
        even[~known] = np.nan
    return even


def to_levels(even: Grey) -> NDArray[np.uint8]:
    """Return an even picture in 256 levels, for detectors of keypoints and for looking at.

    Parameters
    ----------
    even : ndarray, shape (ny, nx), float32
        From `even_contrast`; -4 becomes 0, 4 becomes 255, NaN the middle.

    Examples
    --------
    >>> import numpy as np
    >>> to_levels(np.array([[-9, 0, 4, np.nan]], np.float32)).tolist()
    [[0, 128, 255, 128]]
    """
    scaled = even * np.float32(127.5 / CLIP) + np.float32(128)
    np.clip(scaled, 0, 255, out=scaled)
    scaled[np.isnan(scaled)] = MISSING_LEVEL
    levels: NDArray[np.uint8] = scaled.astype(np.uint8)
    return levels


class _Window:
    """Gaussian means on a coarse grid."""

    def __init__(self, shape: tuple[int, ...], sigma: float, known: BoolArray | None) -> None:
        ny, nx = shape
        cell = max(1, min(int(sigma / CELLS_PER_SIGMA), min(shape) // 2))
        self._size = nx, ny
        self._coarse = -(-nx // cell), -(-ny // cell)
        self._cell = cell
        self._sigma = sigma / cell
        self._share = None if known is None else self._reduce(known.astype(np.float32))
        self._weight = None if self._share is None else self._blur(self._share)

    def mean(self, values: Grey) -> Grey:
        """Mean about each cell of values that are 0 where unknown."""
        return self._divide(self._blur(self._reduce(values)))

    def background(self, values: Grey) -> Grey:
        """Mean plus the mean of what it leaves, which follows values that bend within the window."""
        mean = self.mean(values)
        again = self._blur(mean if self._share is None else mean * self._share)
        return 2 * mean - self._divide(again)

    def average(self, coarse: Grey) -> float:
        """Mean of a coarse grid over what is known."""
        return float(np.average(coarse, weights=self._share))

    def _divide(self, total: Grey) -> Grey:
        if self._weight is None:
            return total
        mean: Grey = np.divide(total, np.maximum(self._weight, np.float32(1e-12)), dtype=np.float32)
        return mean

    def enlarge(self, coarse: Grey) -> Grey:
        if self._cell == 1:
            return coarse
        nx, ny = self._size
        wide, high = self._coarse[0] * self._cell, self._coarse[1] * self._cell
        return np.asarray(cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_LINEAR)[:ny, :nx], np.float32)

    def _reduce(self, values: Grey) -> Grey:
        nx, ny = self._size
        right, below = self._coarse[0] * self._cell - nx, self._coarse[1] * self._cell - ny
        if right or below:
            values = np.asarray(cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_REFLECT), np.float32)
        return np.asarray(cv2.resize(values, self._coarse, interpolation=cv2.INTER_AREA), np.float32)

    def _blur(self, coarse: Grey) -> Grey:
        return np.asarray(cv2.GaussianBlur(coarse, (0, 0), self._sigma, borderType=cv2.BORDER_REFLECT), np.float32)


def _noise(root: Grey) -> float:
    """Standard deviation of the noise, from the quietest blocks that hold no NaN."""
    side = 2 * _BLOCK
    ny, nx = (n // side * side for n in root.shape)
    if ny == 0 or nx == 0:
        return 0.0
    even, odd = root[0:ny:2, :nx], root[1:ny:2, :nx]
    down = even - odd
    diagonal = (down[:, ::2] - down[:, 1::2]) / 2
    squares = cv2.resize(diagonal * diagonal, (nx // side, ny // side), interpolation=cv2.INTER_AREA)
    alive = squares[squares > 0]
    return math.sqrt(float(np.percentile(alive, _QUIET))) if alive.size else 0.0
