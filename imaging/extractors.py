"""Keypoints by ORB, SIFT and RootSIFT, chosen so that they cover the mark; and others by their name.

A mark should be some 250 to 350 pixels across, for a breech face about 12.5 um a pixel: finer pixels show what
differs from shot to shot, and fewer keypoints repeat. Even out the contrast of a photograph first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.features import Extractor, Features, Float32Array, Metric, Picture, marked
from imaging.surface import BoolArray

GROUP = "forensic_ballistics.extractors"

RINGS = 8
FIRST_SECTORS = 4
FILL_WINDOW = 33
MARGIN = 0.15
SPARE = 6
SMALLEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Orb:
    """Oriented FAST corners described by 256 bits: fast and small.

    Parameters
    ----------
    points : int
        How many to keep at most, 1 or more.
    levels : int
        Pyramid levels, each coarser by 1.2; eight span a factor of 3.6.
    threshold : int
        Least grey-level step of a corner, 1 to 255; low, because faint relief counts too.

    References
    ----------
    Rublee et al., ORB: an efficient alternative to SIFT or SURF, ICCV 2011, doi:10.1109/ICCV.2011.6126544.

    Examples
    --------
    >>> picture = np.random.default_rng(1).integers(0, 255, (120, 120), np.uint8)
    >>> found = Orb(points=50).extract(picture)
    >>> len(found), found.descriptors.shape, found.metric
    (50, (50, 32), 'hamming')
    """

    points: int = 1000
    levels: int = 8
    threshold: int = 8

    @property
    def name(self) -> str:
        """The name in `extractor`."""
        return "orb"

    def extract(
        self, picture: Picture, mask: BoolArray | None = None, *, pixel_um: float | None = None
    ) -> Features:
        """Describe the keypoints of a uint8 picture that lie inside the mask, both of shape (ny, nx).

        Raises
        ------
        ParameterError
            If the picture is not grey uint8 or the mask has another shape.
        """
        engine = cv2.ORB_create(  # type: ignore[attr-defined]
            nfeatures=SPARE * self.points, nlevels=self.levels, fastThreshold=self.threshold, edgeThreshold=16
        )
        keypoints, descriptors, chosen = _found(engine, picture, mask, self.points)
        described = np.zeros((0, 32), np.uint8) if descriptors is None else descriptors
        return _features(keypoints, described, chosen, "hamming", self.name, pixel_um)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sift:
    """Blobs of the difference of Gaussians described by 128 gradient sums.

    Parameters
    ----------
    points : int
        How many to keep at most, 1 or more.
    root : bool
        Take the root of the sums over their total, so that Euclidean distance becomes Hellinger's (RootSIFT).
    contrast : float
        Least contrast of a blob, above 0; OpenCV's own default of 0.04 leaves faint relief out.

    References
    ----------
    Lowe, Distinctive image features from scale-invariant keypoints, IJCV 60 (2004),
    doi:10.1023/B:VISI.0000029664.99615.94; Arandjelovic and Zisserman, CVPR 2012,
    doi:10.1109/CVPR.2012.6248018.

    Examples
    --------
    >>> picture = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (120, 120), np.uint8), (0, 0), 2)
    >>> found = Sift(points=50).extract(picture)
    >>> len(found), found.descriptors.shape, found.metric
    (50, (50, 128), 'euclidean')
    """

    points: int = 1000
    root: bool = True
    contrast: float = 0.02

    @property
    def name(self) -> str:
        """The name in `extractor`."""
        return "rootsift" if self.root else "sift"

    def extract(
        self, picture: Picture, mask: BoolArray | None = None, *, pixel_um: float | None = None
    ) -> Features:
        """Describe the keypoints of a uint8 picture that lie inside the mask, both of shape (ny, nx).

        Raises
        ------
        ParameterError
            If the picture is not grey uint8 or the mask has another shape.
        """
        engine = cv2.SIFT_create(contrastThreshold=self.contrast, enable_precise_upscale=True)  # type: ignore[attr-defined]
        keypoints, descriptors, chosen = _found(engine, picture, mask, self.points)
        described = np.zeros((0, 128), np.float32) if descriptors is None else descriptors
        if self.root:
            described = np.sqrt(described / np.maximum(described.sum(axis=1, keepdims=True), 1.0))
        length = np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-9)
        levels = np.rint(np.minimum(512.0 * described / length, 255.0)).astype(np.uint8)
        return _features(keypoints, levels, chosen, "euclidean", self.name, pixel_um)


def extractor(name: str) -> Extractor:
    """Return an extractor by its name.

    ``"orb"``, ``"sift"`` and ``"rootsift"`` are always there. Any other name is looked for among the entry
    points of the group ``forensic_ballistics.extractors``, each of which names something that returns an
    `Extractor` when called without arguments.

    Raises
    ------
    ParameterError
        If no extractor has that name, or what was found under it is none.

    Examples
    --------
    >>> extractor("orb").name
    'orb'
    """
    own: dict[str, Extractor] = {"orb": Orb(), "sift": Sift(root=False), "rootsift": Sift()}
    if name in own:
        return own[name]
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join([*own, *sorted(offered)])
        raise ParameterError(
            f"The extractor {name!r} found; {known} are known. Others come with a distribution that names them "
            f"under the entry point group {GROUP}."
        )
    made = offered[name].load()()
    if not isinstance(made, Extractor):
        raise ParameterError(
            f"{offered[name].value} found under the extractor {name!r}; it must return an Extractor."
        )
    return made


def spread(
    points: NDArray[np.floating[Any]], response: NDArray[np.floating[Any]], mask: BoolArray, count: int
) -> NDArray[np.intp]:
    """Choose strong points so that they cover the mask.

    The circle round the middle of the mask is cut into rings, and each ring into sectors, all of one area. The
    strongest point of every cell is taken, then the second of every cell, and so on. Rings stay where they are
    when the mark is turned, so that two pictures of it choose alike.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        ``(x, y)`` in pixels.
    response : ndarray, shape (n,)
        Strength of each.
    mask : ndarray, shape (ny, nx), bool
    count : int
        How many to choose at most.

    Returns
    -------
    ndarray, shape (min(n, count),), intp
        Indices of the chosen points, best first.

    Examples
    --------
    >>> points = np.array([[1.0, 1.0], [1.1, 1.0], [8.0, 8.0]])
    >>> spread(points, np.array([3.0, 2.0, 1.0]), np.ones((10, 10), bool), 2).tolist()
    [0, 2]
    """
    columns, rows = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    if not len(points) or not len(columns):
        return np.zeros(0, np.intp)
    middle = np.array([columns[0] + columns[-1], rows[0] + rows[-1]]) / 2
    radius = math.hypot(np.ptp(columns) + 1, np.ptp(rows) + 1) / math.sqrt(8)
    x, y = (points - middle).T
    ring = np.minimum((np.hypot(x, y) / radius * RINGS).astype(np.intp), RINGS - 1)
    sectors = FIRST_SECTORS * (2 * ring + 1)
    sector = ((np.arctan2(y, x) / (2 * math.pi) + 0.5) * sectors).astype(np.intp) % sectors
    cell = ring * (FIRST_SECTORS * 2 * RINGS) + sector
    order = np.lexsort((-response, cell))
    first = np.r_[True, np.diff(cell[order]) != 0]
    places = np.arange(len(order))
    rank = np.empty_like(places)
    rank[order] = places - np.maximum.accumulate(np.where(first, places, 0))
    return np.lexsort((-response, rank))[:count]


def _found(
    engine: Any, picture: Picture, mask: BoolArray | None, count: int
) -> tuple[Sequence[Any], NDArray[Any] | None, NDArray[np.intp]]:
    """Keypoints, their descriptors and the indices of those to keep."""
    if count < 1:
        raise ParameterError(f"{count} points found; 1 or more can be kept.")
    inside = marked(picture, mask)
    if min(picture.shape) < SMALLEST:
        return (), None, np.zeros(0, np.intp)
    keypoints, descriptors = engine.detectAndCompute(_evened_outside(picture, inside), None)
    points = _places(keypoints)
    column, row = (np.rint(points).astype(np.intp) + 1).T
    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)
    kept = np.flatnonzero(depth[row, column] > MARGIN * _column(keypoints, "size"))
    response = _column(keypoints, "response")
    return keypoints, descriptors, kept[spread(points[kept], response[kept], inside, count)]


def _evened_outside(picture: Picture, mask: BoolArray) -> Picture:
    """Picture with the local mean of the mark beyond its edge, so that the edge itself is no feature."""
    if mask.all() or not mask.any():
        return picture
    weight = mask.astype(np.float32)
    window = (FILL_WINDOW, FILL_WINDOW)
    level = float(picture[mask].mean())
    near = cv2.blur((picture - np.float32(level)) * weight, window, borderType=cv2.BORDER_CONSTANT)
    share = cv2.blur(weight, window, borderType=cv2.BORDER_CONSTANT)
    mean = level + near / np.maximum(share, 0.05)
    return np.where(mask, picture, np.clip(np.rint(mean), 0, 255).astype(np.uint8))


def _features(
    keypoints: Sequence[Any],
    descriptors: NDArray[Any],
    chosen: NDArray[np.intp],
    metric: Metric,
    name: str,
    pixel_um: float | None,
) -> Features:
    return Features(
        points=_places(keypoints)[chosen],
        size=_column(keypoints, "size")[chosen],
        angle_deg=_column(keypoints, "angle")[chosen],
        response=_column(keypoints, "response")[chosen],
        descriptors=descriptors[chosen],
        metric=metric,
        extractor=name,
        pixel_um=pixel_um,
    )


def _places(keypoints: Sequence[Any]) -> Float32Array:
    return np.asarray(cv2.KeyPoint.convert(keypoints), np.float32).reshape(-1, 2)


def _column(keypoints: Sequence[Any], name: str) -> Float32Array:
    return np.array([getattr(each, name) for each in keypoints], np.float32)
