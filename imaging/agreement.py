"""Check a pose on the pictures themselves: how well the texture agrees, all over and from place to place.

Keypoints that agree on a pose say nothing about the rest of the mark. Here the questioned picture is laid on
the reference and everything in common is correlated, at about 200 pixels across, with the local mean and
contrast taken out so that light and exposure do not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.features import Float32Array, Picture, marked
from imaging.pose import Pose
from imaging.register import Relief, lay, refine
from imaging.similarity import Similarity
from imaging.surface import BoolArray

EVENED = 0.05
LEAST_CONTRAST = 0.5
FEWEST_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thumbnail:
    """A picture made small and even for the dense check; keep it beside the features.

    Parameters
    ----------
    values : ndarray, shape (ny, nx), float32
        Grey levels less their local mean, over their local spread; zero outside the mask.
    mask : ndarray, shape (ny, nx), bool
    factor : float
        Picture pixels for one pixel of the thumbnail.
    corner : tuple of float
        Where the middle of the thumbnail's first pixel lies on the picture, ``(x, y)`` in pixels.
    """

    values: Float32Array
    mask: BoolArray
    factor: float
    corner: tuple[float, float]

    def __post_init__(self) -> None:
        for name in ("values", "mask"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def to_picture(self) -> NDArray[np.float64]:
        """Matrix (3, 3) from the thumbnail's pixels to the picture's."""
        return np.array([[self.factor, 0.0, self.corner[0]], [0.0, self.factor, self.corner[1]], [0.0, 0.0, 1.0]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """How well two pictures agree at a pose.

    Parameters
    ----------
    correlation : float
        Masked normalised correlation over everything in common, -1 to 1.
    overlap : float
        Common area over the area of the smaller mark, 0 to 1.
    agreeing : float
        Share of the common area where the correlation of the surroundings reaches the threshold, 0 to 1.
    local : ndarray, shape (ny, nx), float32
        Correlation within the window round each point of the reference's thumbnail, NaN where less than half
        of the window is common.
    matrix : ndarray, shape (2, 3), float64
        The refined motion from reference pixels to questioned pixels.
    """

    correlation: float
    overlap: float
    agreeing: float
    local: Float32Array
    matrix: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAgreement:
    """Nothing could be checked; falsy, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        """Report that nothing could be checked."""
        return False


def thumbnail(picture: Picture, mask: BoolArray | None = None, *, across: int = 200) -> Thumbnail:
    """Cut a picture to its mask, make it small and even out its light and contrast.

    Parameters
    ----------
    picture : ndarray, shape (ny, nx), uint8
    mask : ndarray, shape (ny, nx), bool, optional
        Where the mark is; everywhere when left out.
    across : int
        Longer side of the result in pixels, 16 or more. A picture is never enlarged.

    Returns
    -------
    Thumbnail
        With an empty mask where the mask of the picture is empty.

    Raises
    ------
    ParameterError
        If the picture is not grey uint8, the mask has another shape or the size is out of range.

    Notes
    -----
    Mean and spread are Gaussian averages over the mask with a standard deviation of 5 % of the longer side.
    The spread is held at half a grey level or more, so that a blank picture stays blank.

    Examples
    --------
    >>> picture = np.random.default_rng(1).integers(0, 255, (300, 400), np.uint8)
    >>> small = thumbnail(picture)
    >>> small.values.shape, small.factor
    ((150, 200), 2.0)
    """
    inside = marked(picture, mask)
    if across < 16:
        raise ParameterError(f"A thumbnail of {across} pixels found; 16 or more are needed.")
    columns, rows = (np.flatnonzero(inside.any(axis=axis)) for axis in (0, 1))
    if not len(columns):
        return Thumbnail(
            values=np.zeros((1, 1), np.float32), mask=np.zeros((1, 1), np.bool_), factor=1.0, corner=(0.0, 0.0)
        )
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    weight = inside[window].astype(np.float32)
    grey = picture[window].astype(np.float32) * weight
    factor = max(1.0, max(weight.shape) / across)
    if factor > 1.0:
        size = max(1, round(weight.shape[1] / factor)), max(1, round(weight.shape[0] / factor))
        matrix = np.array([[factor, 0.0, (factor - 1) / 2], [0.0, factor, (factor - 1) / 2]])
        grey, weight = (_smaller(part, matrix, size, factor) for part in (grey, weight))
    kept = weight > 0.5
    grey = np.where(kept, grey / np.maximum(weight, 0.5), 0.0).astype(np.float32)
    offset = (factor - 1) / 2
    return Thumbnail(
        values=_evened(grey, kept, EVENED * max(kept.shape)),
        mask=kept,
        factor=factor,
        corner=(float(columns[0] + offset), float(rows[0] + offset)),
    )


def dense_agreement(
    reference: Thumbnail,
    questioned: Thumbnail,
    pose: Similarity,
    *,
    window: float = 0.1,
    threshold: float = 0.35,
    min_overlap: float = 0.3,
) -> Agreement | NoAgreement:
    """Correlate two pictures at a pose, which is first refined by a small rotation and shift.

    Parameters
    ----------
    reference, questioned : Thumbnail
    pose : Similarity
        From reference pixels to questioned pixels, as `imaging.similarity.fit_similarity` finds it.
    window : float
        Side of the local window over the longer side of the reference, above 0 to 1.
    threshold : float
        Local correlation from which a place agrees, -1 to 1.
    min_overlap : float
        Least common area over that of the smaller mark, 0 to 1.

    Returns
    -------
    Agreement, or NoAgreement
        Falsy with a reason where too little is common or a picture is blank.

    Raises
    ------
    ParameterError
        If an option is out of its range.

    Notes
    -----
    The refinement climbs to the nearest maximum, at most a few thumbnail pixels away. The correlation of two
    pictures of different marks is therefore a little above zero: compare it with such pairs, not with zero.

    Examples
    --------
    >>> picture = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (200, 200), np.uint8), (0, 0), 2)
    >>> small = thumbnail(picture)
    >>> unmoved = Similarity(angle=0.0, scale=1.0, dx=0.0, dy=0.0, inliers=np.zeros(0, bool), support=0)
    >>> found = dense_agreement(small, small, unmoved)
    >>> round(found.correlation, 3), found.overlap, found.agreeing
    (1.0, 1.0, 1.0)
    """
    if not 0.0 < window <= 1.0 or not -1.0 <= threshold <= 1.0 or not 0.0 <= min_overlap <= 1.0:
        raise ParameterError(
            f"A window of {window:g}, a threshold of {threshold:g} and an overlap of {min_overlap:g} found; "
            "above 0 to 1, -1 to 1 and 0 to 1 are possible."
        )
    motion = np.vstack([pose.matrix, (0.0, 0.0, 1.0)])
    warp = np.linalg.inv(questioned.to_picture) @ motion @ reference.to_picture
    values, mask = _laid(questioned, warp, reference.mask.shape)
    smaller = min(float(reference.mask.sum()), float(questioned.mask.sum()) / float(np.linalg.det(warp)))
    common = reference.mask & mask
    if common.sum() < max(FEWEST_POINTS, min_overlap * smaller):
        return NoAgreement(reason=f"the pose leaves {common.sum()} points of the thumbnails in common")
    if not reference.values[common].any() or not values[common].any():
        return NoAgreement(reason="a picture is blank where the two overlap")
    still, moving = _relief(reference.values, reference.mask), _relief(values, mask)
    refined = refine(still, moving, Pose(angle=0.0, dx=0.0, dy=0.0))
    laid, weight = lay(moving, refined.pose, still.shape)
    common = reference.mask & (weight > 0)
    if not common.any():
        return NoAgreement(reason="the pose leaves nothing in common")
    local = _local(still.values, laid, common, max(5, round(window * max(still.shape)) | 1))
    known = local[common & np.isfinite(local)]
    ny, nx = still.shape
    middle = np.array([[1.0, 0.0, (nx - 1) / 2], [0.0, 1.0, (ny - 1) / 2], [0.0, 0.0, 1.0]])
    c, s = math.cos(refined.pose.angle), math.sin(refined.pose.angle)
    step = np.array([[c, -s, refined.pose.dx], [s, c, refined.pose.dy], [0.0, 0.0, 1.0]])
    moved = (
        questioned.to_picture @ warp @ middle @ step @ np.linalg.inv(middle) @ np.linalg.inv(reference.to_picture)
    )
    return Agreement(
        correlation=refined.correlation,
        overlap=min(1.0, float(common.sum() / smaller)),
        agreeing=float((known >= threshold).mean()) if len(known) else 0.0,
        local=local,
        matrix=moved[:2],
    )


def _smaller(
    part: Float32Array, matrix: NDArray[np.float64], size: tuple[int, int], factor: float
) -> Float32Array:
    smooth = cv2.GaussianBlur(part, (0, 0), 0.5 * factor, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(
        cv2.warpAffine(smooth, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.float32
    )


def _evened(grey: Float32Array, mask: BoolArray, sigma: float) -> Float32Array:
    weight = mask.astype(np.float32)

    def average(part: Any) -> Float32Array:
        near = cv2.GaussianBlur(part * weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        share = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(near / np.maximum(share, 1e-3), np.float32)

    centred = (grey - average(grey)) * weight
    spread = np.sqrt(np.maximum(average(centred * centred), LEAST_CONTRAST**2))
    even = np.asarray(np.clip(centred / spread, -3.0, 3.0), np.float32)
    return even if np.abs(centred).max() > LEAST_CONTRAST else np.zeros_like(even)


def _laid(source: Thumbnail, warp: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[Float32Array, BoolArray]:
    """The questioned thumbnail on the grid of the reference."""
    shrink = math.sqrt(abs(np.linalg.det(warp)))
    values, weight = source.values, source.mask.astype(np.float32)
    if shrink > 1.3:
        values, weight = (
            np.asarray(cv2.GaussianBlur(part, (0, 0), 0.5 * shrink, borderType=cv2.BORDER_CONSTANT), np.float32)
            for part in (values, weight)
        )
    laid, share = (
        np.asarray(
            cv2.warpAffine(part, warp[:2], (shape[1], shape[0]), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP),
            np.float32,
        )
        for part in (values, weight)
    )
    mask = share > 0.5
    return laid * mask, mask


def _relief(values: Float32Array, mask: BoolArray) -> Relief:
    weight = mask.astype(np.float32)
    inside = values[mask]
    spread = float(inside.std())
    even = (values - inside.mean()) * weight / np.float32(spread if spread > 0 else 1.0)
    return Relief(values=even.astype(np.float32), mask=weight, pixel=1.0)


def _local(first: Float32Array, second: Float32Array, common: BoolArray, side: int) -> Float32Array:
    weight = common.astype(np.float32)
    a, b = first * weight, second * weight

    def mean(part: Any) -> Float32Array:
        return np.asarray(cv2.blur(part, (side, side), borderType=cv2.BORDER_CONSTANT), np.float32)

    share = mean(weight)
    n = np.maximum(share, 1e-3)
    mean_a, mean_b = mean(a) / n, mean(b) / n
    spread_a, spread_b = mean(a * a) / n - mean_a**2, mean(b * b) / n - mean_b**2
    product = mean(a * b) / n - mean_a * mean_b
    known = common & (share >= 0.5)
    flat = (spread_a < 1e-3) | (spread_b < 1e-3)
    scale = np.sqrt(np.where(flat, 1.0, spread_a * spread_b))
    found = np.where(flat, 0.0, np.clip(product / scale, -1.0, 1.0))
    return np.where(known, found, np.nan).astype(np.float32)
