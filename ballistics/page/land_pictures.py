"""Pictures of striated marks under one lamp, with the striae upright and the crosscut running to the right."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.striated.crosscut import Cut
from ballistics.striated.signature import Signature
from imaging.render import STEEP_SLOPE, encode_png, shaded
from imaging.surface import Surface

Float32Array = NDArray[np.float32]

FORM_UM = 400.0
SIGMA_OF_CUTOFF = 0.1873906
POINTS_PER_SIGMA = 6
PIXEL_UM = 2.1
LEAST_WEIGHT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a mark in um: places of its crosscut from left to right, distances from its top edge downwards."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relief:
    """A mark without its form, reduced for pictures.

    Parameters
    ----------
    heights, weight : ndarray, shape (ny, nx), float32
        Heights in micrometres, zero where missing, and the share of measured points; striae run downwards.
    size_um : tuple of float
        Length across and along the striae.
    column_um : float
        Width of a column of the scan, across the striae.
    slope : float
        Shift across the striae for each unit along them.
    exaggeration : float
        Factor on the heights that lets the striae between the shoulders stand out.
    """

    heights: Float32Array
    weight: Float32Array
    size_um: tuple[float, float]
    column_um: float
    slope: float
    exaggeration: float

    @property
    def ends_um(self) -> tuple[float, float]:
        """Places of the crosscut at the edges of the scan; its first point, at 0, is the middle of a column."""
        return -self.column_um / 2, self.size_um[0] - self.column_um / 2

    def straight(self, place_um: float, along_um: float) -> float:
        """Where on the scan a place of the crosscut lies, at a distance from the first row."""
        return place_um + self.slope * (along_um - self.size_um[1] / 2)


def relief_of(signature: Signature, *, pixel_um: float = PIXEL_UM) -> Relief:
    """Reduce the scan of a signature to a picture's pixels and take off all waves above 400 um."""
    scan, cut = signature.scan, signature.cut
    heights = scan.heights.T if cut.transposed else scan.heights
    size_um = scan.size_um[::-1] if cut.transposed else scan.size_um
    shape = tuple(
        min(n, max(2, round(length / pixel_um))) for n, length in zip(heights.shape[::-1], size_um, strict=True)
    )
    valid = np.isfinite(heights)
    middle = float(heights[valid].mean())
    values, weight = (
        np.asarray(cv2.resize(part.astype(np.float32), shape, interpolation=cv2.INTER_AREA), np.float32)
        for part in (np.where(valid, (heights - middle) * 1e6, 0.0), valid)
    )
    flat = values - weight * _form(values, weight, size_um)
    return Relief(
        heights=flat,
        weight=weight,
        size_um=size_um,
        column_um=size_um[0] / heights.shape[1],
        slope=math.tan(cut.tilt),
        exaggeration=_exaggeration(flat, weight, _ends(signature, cut), size_um),
    )


def picture_of(
    relief: Relief, window: Window, width: int, *, straight: bool = True, mirrored: bool = False
) -> NDArray[np.uint8]:
    """Return a part of a mark under one lamp.

    Parameters
    ----------
    relief : Relief
        From `relief_of`.
    window : Window
        What to show; it may reach beyond the scan.
    width : int
        Columns of the picture; its points are square.
    straight : bool
        Take the tilt out, so that the striae stand upright and each column is a place of the crosscut.
    mirrored : bool
        Show the right end of the window on the left.

    Returns
    -------
    ndarray, shape (height, width), uint8
        Grey; missing points are mid-grey.
    """
    ny, nx = relief.heights.shape
    pixel = (window.right - window.left) / width
    height = max(1, round((window.bottom - window.top) / pixel))
    step_x, step_y = relief.size_um[0] / nx, relief.size_um[1] / ny
    slope = relief.slope if straight else 0.0
    first, way = (window.right - pixel / 2, -pixel) if mirrored else (window.left + pixel / 2, pixel)
    top = window.top + pixel / 2
    start = first + relief.column_um / 2 + slope * (top - relief.size_um[1] / 2)
    matrix = np.array(
        [
            [way / step_x, slope * pixel / step_x, start / step_x - 0.5],
            [0.0, pixel / step_y, top / step_y - 0.5],
        ]
    )
    values, weight = (
        cv2.warpAffine(part, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        for part in _reduced(relief, pixel / step_x, matrix)
    )
    seen = weight > LEAST_WEIGHT
    heights = np.where(seen, values / np.maximum(weight, LEAST_WEIGHT), np.nan).astype(np.float32)
    surface = Surface(heights=heights * np.float32(1e-6), spacing=(pixel * 1e-6, pixel * 1e-6))
    return shaded(surface, exaggeration=relief.exaggeration, missing="grey")


def uri(picture: NDArray[np.uint8]) -> str:
    """Pack a picture for a page."""
    return "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")


def _form(values: Float32Array, weight: Float32Array, size_um: tuple[float, float]) -> Float32Array:
    """Weighted Gaussian mean, computed on few points because it changes slowly."""
    sigma_um = SIGMA_OF_CUTOFF * FORM_UM
    few = tuple(max(2, round(length / sigma_um * POINTS_PER_SIGMA)) for length in size_um)
    sigma = [sigma_um * n / length for n, length in zip(few, size_um, strict=True)]
    smooth, share = (
        cv2.GaussianBlur(cv2.resize(part, few, interpolation=cv2.INTER_AREA), (0, 0), sigma[0], sigmaY=sigma[1])
        for part in (values, weight)
    )
    form = np.asarray(smooth / np.maximum(share, 1e-3), np.float32)
    return np.asarray(cv2.resize(form, values.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _reduced(relief: Relief, factor: float, matrix: NDArray[np.float64]) -> tuple[Float32Array, Float32Array]:
    """Heights and weight, smoothed before they are shown on coarser points."""
    if factor <= 1.2:
        return relief.heights, relief.weight
    sigma = 0.5 * factor
    first, second = (cv2.GaussianBlur(part, (0, 0), sigma) for part in (relief.heights, relief.weight))
    return np.asarray(first, np.float32), np.asarray(second, np.float32)


def _ends(signature: Signature, cut: Cut) -> tuple[float, float]:
    if signature.shoulders is None:
        return 0.0, cut.heights.size * cut.spacing * 1e6
    return signature.shoulders.left_um, signature.shoulders.right_um


def _exaggeration(
    flat: Float32Array, weight: Float32Array, ends: tuple[float, float], size_um: tuple[float, float]
) -> float:
    nx = flat.shape[1]
    first, last = (round(end / size_um[0] * nx) for end in ends)
    inner = slice(max(first, 0), max(last, first + 2))
    steps = np.diff(flat[:, inner], axis=1) / (size_um[0] / nx)
    known = (weight[:, inner] > 0.99)[:, 1:]
    steep = float(np.percentile(np.abs(steps[known]), 90)) if known.any() else 0.0
    return STEEP_SLOPE / steep if steep > 0 else 1.0
