"""Find how one picture is turned against another when nothing else tells: every rotation with every shift.

Keypoints fail where light is even and relief is faint. The texture as a whole still agrees at one rotation and
shift, which stands far above all others in the correlation of the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.features import Float32Array, Picture, marked
from imaging.surface import BoolArray

GRID = 128
LARGEST = 112
CLIP = 2.5
REACH = GRID // 4
MIDDLE_LEVEL = 128.0
TO_GRID = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Centred:
    """A mark in the middle of a small square grid.

    Parameters
    ----------
    values : ndarray, shape (128, 128), float32
        Grey levels of mean 0 and variance 1, clipped, zero outside the mark.
    to_picture : ndarray, shape (2, 3)
        From offsets ``(x, y)`` to the grid's middle pixel to pixels of the picture.
    """

    values: Float32Array
    to_picture: NDArray[np.float64]

    @property
    def factor(self) -> float:
        """Picture pixels for one of the grid."""
        return math.hypot(float(self.to_picture[0, 0]), float(self.to_picture[1, 0]))

    def mirrored(self) -> Centred:
        """Return the mark mirrored left to right about the grid's middle pixel."""
        flip = np.array([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return Centred(values=np.roll(self.values[:, ::-1], 1, axis=1), to_picture=self.to_picture @ flip)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """The rotation and shift at which two pictures agree best.

    Parameters
    ----------
    matrix : ndarray, shape (2, 3)
        From pixels of the reference picture to those of the questioned one.
    strength : float
        Height of the correlation there over its root mean square at all rotations and shifts.
    """

    matrix: NDArray[np.float64]
    strength: float


def longest_side(mask: BoolArray) -> int:
    """Return the longer side of the rectangle round a mask, in pixels; 0 for an empty one.

    Examples
    --------
    >>> longest_side(np.ones((224, 100), np.bool_))
    224
    """
    sides = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    return max((int(side[-1] - side[0]) + 1 for side in sides if len(side)), default=0)


def centred(picture: Picture, mask: BoolArray, *, factor: float) -> Centred:
    """Put a mark into the middle of the grid.

    Parameters
    ----------
    picture : ndarray, shape (ny, nx), uint8
        Of even contrast.
    mask : ndarray of bool, shape (ny, nx)
        The mark; not empty.
    factor : float
        Picture pixels for one of the grid, so many that the mark is at most 112 pixels across there.

    Raises
    ------
    ParameterError
        If the mask is empty, or the mark does not fit the grid.
    """
    inside = marked(picture, mask)
    across = longest_side(inside)
    if not across or not factor > 0 or across / factor > LARGEST * (1 + 1e-6):
        raise ParameterError(
            f"A mark of {across} pixels and a factor of {factor:g} found; one of 1 to {LARGEST} pixels is needed "
            "once reduced."
        )
    columns, rows = (np.flatnonzero(inside.any(axis=axis)) for axis in (0, 1))
    middle = (columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2
    corner = [each - factor * (GRID // 2) for each in middle]
    onto = np.array([[factor, 0.0, corner[0]], [0.0, factor, corner[1]]])
    weight = inside.astype(np.float32)
    grey = (picture.astype(np.float32) - MIDDLE_LEVEL) * weight
    parts = np.dstack([grey, weight])
    if factor > 1.0:
        parts = np.asarray(cv2.GaussianBlur(parts, (0, 0), 0.5 * factor))
    parts = np.asarray(cv2.warpAffine(parts, onto, (GRID, GRID), flags=TO_GRID))
    kept = parts[..., 1] > 0.5
    if not kept.any():
        raise ParameterError(f"A mark of {across} pixels across vanishes when it is reduced by {factor:g}.")
    values = np.where(kept, parts[..., 0] / np.maximum(parts[..., 1], 0.5), 0.0)
    values = np.where(kept, values - values[kept].mean(), 0.0)
    spread = float(values[kept].std()) or 1.0
    return Centred(
        values=np.clip(values / spread, -CLIP, CLIP).astype(np.float32),
        to_picture=np.array([[factor, 0.0, middle[0]], [0.0, factor, middle[1]]]),
    )


class Turns:
    """A questioned mark at every rotation, ready to be laid on many references.

    Parameters
    ----------
    questioned : Centred
    step_deg : float
        Step of the rotation, a whole fraction of 180 degrees.

    Notes
    -----
    The plain correlation sum is ranked: where marks agree, common area and correlation are both large. Half of the
    rotations are transformed; a turn by 180 degrees is the complex conjugate.

    Examples
    --------
    >>> picture = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (100, 100), np.uint8), (0, 0), 2)
    >>> whole = np.ones((100, 100), np.bool_)
    >>> first, second = (centred(np.rot90(picture, k).copy(), whole, factor=1.0) for k in (0, 1))
    >>> found = Turns(second, step_deg=3.0).best(first)
    >>> (found.matrix @ (0.0, 0.0, 1.0)).round(3).tolist(), found.strength > 20
    ([0.0, 99.0], True)
    """

    def __init__(self, questioned: Centred, *, step_deg: float) -> None:
        self.count = round(180.0 / step_deg) if step_deg > 0 else 0
        if not 1 <= self.count <= 720 or abs(self.count * step_deg - 180.0) > 1e-9:
            raise ParameterError(f"A step of {step_deg:g} degrees found; a whole fraction of 180 is needed.")
        self.questioned, self.step = questioned, math.radians(step_deg)

    @cached_property
    def spectra(self) -> NDArray[np.complex64]:
        """Spectra of the mark turned back by every angle below 180 degrees."""
        turned = np.empty((self.count, GRID, GRID), np.float32)
        for each, angle in zip(turned, np.arange(self.count) * self.step, strict=True):
            c, s, middle = math.cos(angle), math.sin(angle), GRID // 2
            matrix = np.array(
                [[c, -s, middle - c * middle + s * middle], [s, c, middle - s * middle - c * middle]]
            )
            cv2.warpAffine(self.questioned.values, matrix, (GRID, GRID), dst=each, flags=TO_GRID)
        spectra: NDArray[np.complex64] = scipy.fft.rfft2(turned)
        return spectra

    def best(self, reference: Centred) -> Turn:
        """Return the rotation and shift at which the reference agrees best with the questioned mark.

        The two must have one scale once reduced: their factors tell the magnification. The middles of the marks
        may lie up to a quarter of the grid apart each way.
        """
        sought = np.conj(scipy.fft.rfft2(reference.values))
        sums = np.empty((2 * self.count, 2 * REACH, GRID), np.float32)
        for half, spectra in enumerate((self.spectra, np.conj(self.spectra))):
            lines = scipy.fft.ifft(spectra * sought, axis=1, overwrite_x=True)
            near = np.concatenate([lines[:, :REACH], lines[:, -REACH:]], axis=1)
            sums[half * self.count : (half + 1) * self.count] = scipy.fft.irfft(near, GRID, axis=2)
        sums[..., REACH:-REACH] = 0.0
        turn, row, column = np.unravel_index(int(sums.argmax()), sums.shape)
        shift = [
            float(place - size if place >= REACH else place) for place, size in ((column, GRID), (row, 2 * REACH))
        ]
        angle = float(turn) * self.step
        c, s = math.cos(angle), math.sin(angle)
        rotation = np.array([[c, -s], [s, c]])
        own, other = self.questioned.to_picture, reference.to_picture
        linear = own[:, :2] @ rotation @ np.linalg.inv(other[:, :2])
        start = own[:, 2] + own[:, :2] @ rotation @ shift
        matrix = np.column_stack([linear, start - linear @ other[:, 2]])
        return Turn(matrix=matrix, strength=float(sums[turn, row, column]) / max(_deviation(sums), 1e-9))


def _deviation(sums: Float32Array) -> float:
    """Root mean square over the shifts that were looked at."""
    flat = sums.ravel()
    return math.sqrt(float(flat @ flat) / (flat.size * 2 * REACH / GRID))
