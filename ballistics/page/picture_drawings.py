"""Pictures and drawings of two compared photographs: regions, matched points, the two laid on each other.

Drawings count in pixels of the photograph that they lie on, the middle of the first pixel at ``(0, 0)``, so that
they fit at any size on screen or paper.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.mark_names import PARTS
from ballistics.page.figures import BAR_SHARE, MARKED, SMALLEST_OUTLINE, colour_table, scan_image
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import PictureComparison
from ballistics.photographs.region import PhotoRegion
from ballistics.segment import Segmentation
from imaging.errors import SurfaceError
from imaging.form import remove_form
from imaging.photo import Photo
from imaging.render import WHITE, Picture, encode_png, outline, overlay, scale_bar, shaded
from imaging.surface import BoolArray, Surface

Matrix = NDArray[np.float64]

SOURCE_WIDTH = 800
PICTURE_WIDTH = 1600
ALIGNED_WIDTH = 800
MARGIN = 0.05
GROUND = 128
MOST_NUMBERED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPicture:
    """A picture as a data URI, its size in points, and the pixels of the source that drawings on it count in."""

    uri: str
    width: int
    height: int
    columns: float
    rows: float
    pixel_um: float | None = None

    @property
    def box(self) -> str:
        """View box for drawings on the picture."""
        return f"-0.5 -0.5 {self.columns:.3f} {self.rows:.3f}"

    @property
    def bar(self) -> tuple[float, str] | None:
        """Length in pixels and label of a scale bar of 1, 2 or 5 times a power of ten; None without a scale."""
        if self.pixel_um is None:
            return None
        longest = BAR_SHARE * self.columns * self.pixel_um
        power = 10.0 ** math.floor(math.log10(longest))
        length_um = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest)
        label = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
        return length_um / self.pixel_um, label


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCircle:
    """A circle on a source, in its pixels."""

    name: str
    x: float
    y: float
    radius_x: float
    radius_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPoint:
    """A keypoint that found its partner: its number where there are few, and its place in the source."""

    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPair:
    """Both marks laid on the reference: as they are and as compared, the local agreement, where to divide them."""

    views: Mapping[str, tuple[DrawnPicture, DrawnPicture]]
    agreement: DrawnPicture
    halves: tuple[str, str]


def shown_pixels(photo: Photo) -> Picture:
    """Return the pixels of a photograph in 8 bits, as bright as they are stored.

    16 bits are cut down from the end of the bits in use, so a camera of 12 bits is not shown black.

    Examples
    --------
    >>> shown_pixels(Photo(pixels=np.array([[0, 4095]], np.uint16))).tolist()
    [[0, 255]]
    """
    if photo.pixels.dtype == np.uint8:
        return np.asarray(photo.pixels, dtype=np.uint8)
    surplus = np.uint16(max(int(photo.pixels.max()).bit_length() - 8, 0))
    return np.right_shift(photo.pixels, surplus, out=np.empty(photo.pixels.shape, np.uint8), casting="unsafe")


def source_drawing(source: Photo | Surface) -> DrawnPicture:
    """A whole photograph, or a whole scan under one lamp, reduced to the width of half a page."""
    rows, columns = source.shape
    if isinstance(source, Photo):
        return _drawn(
            shown_pixels(_reduced(source, max(source.shape) / SOURCE_WIDTH)), columns, rows, source.pixel_um
        )
    lit = scan_image(source)
    return DrawnPicture(
        uri=lit.uri,
        width=lit.width,
        height=lit.height,
        columns=columns,
        rows=rows,
        pixel_um=source.spacing[0] * 1e6,
    )


def photo_picture(photo: Photo, found: PhotoRegion | None = None) -> Picture:
    """A photograph with a scale bar where its scale is known, and on it the mark and circles that were found."""
    small = _reduced(photo, max(photo.shape) / PICTURE_WIDTH)
    picture = shown_pixels(small)
    if found is not None:
        ny, nx = small.shape
        mask = cv2.resize(found.mask.astype(np.uint8), (nx, ny), interpolation=cv2.INTER_AREA) > 0
        picture = overlay(picture, mask, MARKED)
        step = photo.shape[1] / nx
        turns = np.linspace(0, 2 * np.pi, 181)[:-1]
        round_points = np.stack([np.cos(turns), np.sin(turns)], axis=1)
        rings = [
            (each.radius * round_points + (each.x + 0.5, each.y + 0.5)) / step - 0.5
            for each in found.circles.values()
        ]
        picture = outline(picture, rings, WHITE, width=2)
    return picture if small.pixel_um is None else scale_bar(picture, small.pixel_um)


def region_outline(region: PhotoRegion | Segmentation) -> str:
    """Outline of the mark on its source as an SVG path."""
    ny, nx = region.mask.shape
    factor = max(1.0, max(ny, nx) / SOURCE_WIDTH)
    size = (max(1, round(nx / factor)), max(1, round(ny / factor)))
    small = cv2.resize(region.mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(np.pad(closed, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    step = np.array([nx / size[0], ny / size[1]])
    paths = []
    for contour in contours:
        if len(contour) < SMALLEST_OUTLINE:
            continue
        corners = cv2.approxPolyDP(contour, 0.7, True)[:, 0] - 1
        paths.append("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in (corners + 0.5) * step - 0.5) + "Z")
    return "".join(paths)


def region_circles(region: PhotoRegion | Segmentation) -> tuple[DrawnCircle, ...]:
    """The circles that were found with a mark, in pixels of the source."""
    step_x, step_y = (1.0, 1.0) if isinstance(region, PhotoRegion) else region.scan.spacing
    return tuple(
        DrawnCircle(
            name=PARTS[name],
            x=circle.x / step_x,
            y=circle.y / step_y,
            radius_x=circle.radius / step_x,
            radius_y=circle.radius / step_y,
        )
        for name, circle in region.circles.items()
    )


def drawn_points(result: PictureComparison) -> tuple[tuple[DrawnPoint, ...], tuple[DrawnPoint, ...]]:
    """The matched points that the pose explains, on both sources, from top to bottom of the reference."""
    first, second = result.points()
    order = np.argsort(first[:, 1], kind="stable")
    numbered = len(order) <= MOST_NUMBERED
    sides = (
        tuple(
            DrawnPoint(label=str(number) if numbered else "", x=float(x), y=float(y))
            for number, (x, y) in enumerate(points[order], start=1)
        )
        for points in (first, second)
    )
    reference, questioned = sides
    return reference, questioned


def draw_pair(result: PictureComparison) -> DrawnPair | None:
    """Lay both marks on the reference's working picture, enlarged and with a margin; None without a pose."""
    agreement, matrix = result.agreement, result.matrix
    if agreement is None or matrix is None:
        return None
    reference, questioned = result.reference, result.questioned
    ny, nx = reference.picture.shape
    margin = MARGIN * max(ny, nx)
    finer = ALIGNED_WIDTH / (max(ny, nx) + 2 * margin)
    size = (round((nx + 2 * margin) * finer), round((ny + 2 * margin) * finer))
    frame = np.array([[1 / finer, 0.0, 0.5 / finer - 0.5 - margin], [0.0, 1 / finer, 0.5 / finer - 0.5 - margin]])
    to_picture = np.vstack([frame, (0.0, 0.0, 1.0)])
    to_first = np.vstack([reference.to_source @ to_picture, (0.0, 0.0, 1.0)])
    to_questioned = agreement.matrix @ to_picture

    def drawn(picture: Picture) -> DrawnPicture:
        return _drawn(picture, *size, reference.pixel_um and reference.pixel_um / finer)

    first, seen_first = _working(reference, frame, size)
    second, seen_second = _working(questioned, to_questioned, size)
    local = cv2.warpAffine(
        agreement.local,
        (np.linalg.inv(reference.small.to_picture) @ to_picture)[:2],
        size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderValue=math.nan,
    )
    known = np.isfinite(local)
    levels = np.rint(255 * np.where(known, local, 0.0).clip(0, 1)).astype(np.uint8)
    return DrawnPair(
        views={
            "detail": (
                drawn(_laid(reference, to_first[:2], size)),
                drawn(_laid(questioned, matrix @ to_first, size)),
            ),
            "compared": (drawn(first), drawn(second)),
        },
        agreement=drawn(np.dstack([colour_table()[levels], 255 * known.astype(np.uint8)])),
        halves=_halves(seen_first & seen_second),
    )


def _halves(common: BoolArray) -> tuple[str, str]:
    """Where a divider cuts the common area in two: per cent from the left and from the top."""
    if not common.any():
        return "50.0", "50.0"
    left, top = (
        float(np.searchsorted(np.cumsum(points), points.sum() / 2) + 0.5) / len(points) * 100
        for points in (common.sum(axis=0), common.sum(axis=1))
    )
    return f"{left:.1f}", f"{top:.1f}"


def _working(exhibit: PictureExhibit, matrix: Matrix, size: tuple[int, int]) -> tuple[Picture, BoolArray]:
    """The picture that was compared, on a frame, grey outside the mark."""
    inside = _warped(exhibit.mask.astype(np.uint8), matrix, size, 0, cv2.INTER_NEAREST) > 0
    picture = _warped(exhibit.picture, matrix, size, GROUND, cv2.INTER_CUBIC)
    return np.where(inside, picture, np.uint8(GROUND)), inside


def _laid(exhibit: PictureExhibit, matrix: Matrix, size: tuple[int, int]) -> Picture:
    """A photograph as it is on a frame, or a scan turned first and then lit."""
    source = exhibit.source
    coarser = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    if isinstance(source, Photo):
        small = _reduced(source, coarser)
        step = np.array(source.shape[::-1]) / small.shape[::-1]
        shrunk = np.column_stack([matrix[:, :2] / step[:, None], (matrix[:, 2] + 0.5) / step - 0.5])
        return _warped(shown_pixels(small), shrunk, size, GROUND, cv2.INTER_CUBIC)
    heights, weight = _levelled(source, exhibit.region.mask)
    if coarser > 1.0:
        heights, weight = (
            np.asarray(cv2.GaussianBlur(part, (0, 0), 0.5 * coarser), np.float32) for part in (heights, weight)
        )
        heights = np.asarray(heights / np.maximum(weight, 1e-3), np.float32)
    laid = _warped(heights, matrix, size, 0, cv2.INTER_CUBIC)
    seen = _warped(weight, matrix, size, 0, cv2.INTER_LINEAR) > 0.5
    pixel = source.spacing[0] * coarser
    return shaded(Surface(heights=np.where(seen, laid, np.float32(np.nan)), spacing=(pixel, pixel)))


def _levelled(scan: Surface, mask: BoolArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heights of the mark about its plane, zero outside, and where they were measured."""
    area = scan.masked(mask)
    with suppress(SurfaceError):
        area = remove_form(area, "plane")
    weight = area.valid.astype(np.float32)
    return np.where(area.valid, area.heights, 0.0).astype(np.float32), weight


def _warped(values: NDArray, matrix: Matrix, size: tuple[int, int], outside: int, how: int) -> NDArray:  # type: ignore[type-arg]
    border = (outside,) * (values.shape[2] if values.ndim == 3 else 1)
    return np.asarray(
        cv2.warpAffine(values, matrix[:2], size, flags=how | cv2.WARP_INVERSE_MAP, borderValue=border),
        dtype=values.dtype,
    )


def _reduced(photo: Photo, factor: float) -> Photo:
    return photo.reduce(min(max(1.0, factor), float(min(photo.shape))))


def _drawn(picture: Picture, columns: float, rows: float, pixel_um: float | None) -> DrawnPicture:
    uri = "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")
    ny, nx = picture.shape[:2]
    return DrawnPicture(uri=uri, width=nx, height=ny, columns=columns, rows=rows, pixel_um=pixel_um)
