"""Pictures and outlines of a comparison: marks under one lamp, laid on each other, their masks and cells.

Drawings count in micrometres from the middle of the picture that they lie on, x along columns and y along
rows, so that they fit at any size on screen or paper.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.compare import Comparison, Exhibit
from ballistics.preparation import Mark
from ballistics.segment import Segmentation
from imaging.errors import SurfaceError
from imaging.form import remove_form
from imaging.register import Pose
from imaging.render import WHITE, Colour, Picture, encode_png, outline, overlay, scale_bar, shaded
from imaging.surface import BoolArray, FloatArray, Surface

STILL = Pose(angle=0.0, dx=0.0, dy=0.0)
LARGEST = 1000
SCAN_WIDTH = 800
PICTURE_WIDTH = 1600
MARKED: Colour = (0, 114, 200)
ENLARGED = 2.0
MARGIN = 120e-6
WINDOW = 0.25
FEWEST_NEAR = 0.3
SMALLEST_OUTLINE = 16
BAR_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A grid of square picture points over a scan.

    Parameters
    ----------
    middle : tuple of float
        Middle of the grid, ``(x, y)`` in metres from the middle of the scan.
    pixel : float
        Width of a picture point in metres.
    shape : tuple of int
        Rows and columns.
    """

    middle: tuple[float, float]
    pixel: float
    shape: tuple[int, int]

    @property
    def size_um(self) -> tuple[float, float]:
        """Width and height in micrometres."""
        ny, nx = self.shape
        return nx * self.pixel * 1e6, ny * self.pixel * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture as a data URI, with its size in points and in micrometres."""

    uri: str
    width: int
    height: int
    width_um: float
    height_um: float

    @property
    def box(self) -> str:
        """View box for drawings on the picture: micrometres from its middle."""
        w, h = self.width_um, self.height_um
        return f"{-w / 2:.1f} {-h / 2:.1f} {w:.1f} {h:.1f}"

    @property
    def bar_um(self) -> float:
        """Length of a scale bar that suits the picture: 1, 2 or 5 times a power of ten."""
        longest = BAR_SHARE * self.width_um
        power = 10.0 ** math.floor(math.log10(longest))
        return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest)


def frame_of(mark: Mark, pixel: float, *, margin: float = 0.0) -> Frame:
    """Return the frame that shows a prepared mark with a margin in metres on each side."""
    ny, nx = (round((n * mark.surface.pixel + 2 * margin) / pixel) for n in mark.surface.shape)
    return Frame(middle=mark.centre, pixel=pixel, shape=(max(8, ny), max(8, nx)))


def frame_of_scan(scan: Surface, width: int = SCAN_WIDTH) -> Frame:
    """Return the frame that shows a whole scan with at most ``width`` columns and rows."""
    ny, nx = scan.shape
    dx, dy = scan.spacing
    pixel = max(min(dx, dy), nx * dx / width, ny * dy / width)
    return Frame(
        middle=(0.0, 0.0), pixel=pixel, shape=(max(1, round(ny * dy / pixel)), max(1, round(nx * dx / pixel)))
    )


def sample(
    surface: Surface, frame: Frame, *, middle: tuple[float, float] = (0.0, 0.0), pose: Pose = STILL
) -> Surface:
    """Show a surface on a frame, turned and shifted by a pose.

    Parameters
    ----------
    surface : Surface
        What to show.
    frame : Frame
        The picture's grid, in the coordinates that the pose starts from.
    middle : tuple of float
        Where the middle of the surface lies, in the coordinates that the pose leads to.
    pose : Pose
        From the frame's coordinates to the surface's.

    Returns
    -------
    Surface
        Heights about their median on the frame, missing where the surface has none.

    Notes
    -----
    Cubic interpolation; a surface with finer pixels than the frame is smoothed first so that its texture
    does not fold back. Missing points take no part.
    """
    valid = surface.valid
    level = float(np.median(surface.heights[valid])) if valid.any() else 0.0
    values = np.where(valid, surface.heights - level, 0.0).astype(np.float32)
    weight = valid.astype(np.float32)
    coarser = tuple(frame.pixel / step for step in surface.spacing)
    if max(coarser) > 1.0:
        sigma = [0.5 * max(factor, 0.5) for factor in coarser]
        values = cv2.GaussianBlur(values, (0, 0), sigma[0], sigmaY=sigma[1]).astype(np.float32)
        weight = cv2.GaussianBlur(weight, (0, 0), sigma[0], sigmaY=sigma[1]).astype(np.float32)
        values /= np.maximum(weight, 1e-3)
    ny, nx = frame.shape
    columns, rows = (np.arange(n) - (n - 1) / 2 for n in (nx, ny))
    corners = np.array([(columns[0], rows[0]), (columns[-1], rows[0]), (columns[0], rows[-1])]) * frame.pixel
    found = pose.apply(corners + frame.middle) - middle
    source = found / surface.spacing + (np.array(surface.shape[::-1]) - 1) / 2
    across, down = (source[1] - source[0]) / max(nx - 1, 1), (source[2] - source[0]) / max(ny - 1, 1)
    matrix = np.column_stack([across, down, source[0]])
    size = (nx, ny)
    heights = cv2.warpAffine(values, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    inside = cv2.warpAffine(weight, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP) > 0.5
    return Surface(
        heights=np.where(inside, heights, np.float32(np.nan)).astype(np.float32),
        spacing=(frame.pixel, frame.pixel),
        provenance=surface.provenance,
    )


def image(picture: Picture, frame: Frame) -> Image:
    """Pack a picture on a frame for a page."""
    width_um, height_um = frame.size_um
    uri = "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")
    ny, nx = picture.shape[:2]
    return Image(uri=uri, width=nx, height=ny, width_um=width_um, height_um=height_um)


def scan_image(scan: Surface) -> Image:
    """The whole scan under one lamp, levelled and reduced to the width of half a page."""
    frame = frame_of_scan(scan)
    return image(shaded(_levelled(sample(scan, frame))), frame)


def scan_picture(scan: Surface, found: Segmentation | None = None) -> Picture:
    """The whole scan under one lamp with a scale bar, and on it the mark and the circles that were found."""
    frame = frame_of_scan(scan, PICTURE_WIDTH)
    picture = shaded(_levelled(sample(scan, frame)))
    if found is not None:
        picture = overlay(picture, _mask_on(found, frame), MARKED)
        turns = np.linspace(0, 2 * np.pi, 181)[:-1]
        round_points = np.stack([np.cos(turns), np.sin(turns)], axis=1)
        dx, dy = scan.spacing
        ny, nx = scan.shape
        for circle in found.circles.values():
            points = circle.radius * round_points + (circle.x - (nx - 1) / 2 * dx, circle.y - (ny - 1) / 2 * dy)
            polygon = points / frame.pixel + (np.array(frame.shape[::-1]) - 1) / 2
            picture = outline(picture, [polygon], WHITE, width=2)
    return scale_bar(picture, frame.pixel * 1e6)


def mark_image(mark: Mark) -> Image:
    """The prepared mark in its own frame, enlarged, with room for cells that reach beyond it."""
    frame = frame_of(mark, mark.surface.pixel / ENLARGED, margin=_room(mark))
    return image(shaded(sample(mark.surface, frame, middle=mark.centre)), frame)


def aligned_images(comparison: Comparison) -> dict[str, tuple[Image, Image]]:
    """Both marks on the reference's frame, lit alike: as compared, and with the detail of the scans.

    The surfaces are turned before they are lit, so that both lie under the same lamp.
    """
    reference, questioned = comparison.reference, comparison.questioned
    pose = comparison.alignment.pose
    plain = frame_of(reference.mark, reference.mark.surface.pixel / ENLARGED, margin=MARGIN)
    first, second = _laid(comparison, plain)
    extent = max(plain.size_um) * 1e-6
    finest = max(*reference.scan.spacing, *questioned.scan.spacing, extent / LARGEST)
    fine = frame_of(reference.mark, finest, margin=MARGIN)

    def detailed(exhibit: Exhibit, motion: Pose) -> Image:
        area = exhibit.scan.masked(exhibit.segmentation.mask)
        laid = _levelled(sample(area, fine, pose=motion), exhibit.mark)
        return image(shaded(laid), fine)

    return {
        "detail": (detailed(reference, STILL), detailed(questioned, pose)),
        "compared": (image(shaded(first), plain), image(shaded(second), plain)),
    }


def halves(comparison: Comparison) -> tuple[float, float]:
    """Where a divider cuts the common area of the aligned marks in two: per cent from the left and the top."""
    frame = frame_of(comparison.reference.mark, comparison.reference.mark.surface.pixel, margin=MARGIN)
    first, second = _laid(comparison, frame)
    common = first.valid & second.valid
    if not common.any():
        return 50.0, 50.0
    left, top = (
        float(np.searchsorted(np.cumsum(points), points.sum() / 2) + 0.5) / len(points) * 100
        for points in (common.sum(axis=0), common.sum(axis=1))
    )
    return left, top


def agreement(comparison: Comparison, frame: Frame) -> FloatArray:
    """Local correlation of the two aligned marks on a frame over the reference, NaN outside.

    Means and variances are taken under a Gaussian with a standard deviation of a quarter of a cell.
    """
    first, second = _laid(comparison, frame)
    common = first.valid & second.valid
    sigma = WINDOW * comparison.parameters.cells.side_um * 1e-6 / frame.pixel

    def near(values: NDArray[np.floating]) -> NDArray[np.float64]:
        kept = np.where(common, values, 0.0).astype(np.float64)
        blurred = cv2.GaussianBlur(kept, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(blurred, dtype=np.float64)

    share = near(np.ones(common.shape))
    weight = np.maximum(share, 1e-6)
    a, b = first.heights * 1e6, second.heights * 1e6
    mean_a, mean_b = near(a) / weight, near(b) / weight
    both = near(a * b) / weight - mean_a * mean_b
    power = (near(a**2) / weight - mean_a**2) * (near(b**2) / weight - mean_b**2)
    usable = common & (share > FEWEST_NEAR) & (power > 1e-12)
    return np.where(usable, both / np.sqrt(np.where(usable, power, 1.0)), np.nan)


def agreement_image(comparison: Comparison) -> Image:
    """The local correlation as colours from 0 (dark blue) to 1 (yellow), to be laid on `mark_image`."""
    mark = comparison.reference.mark
    frame = frame_of(mark, mark.surface.pixel, margin=_room(mark))
    local = agreement(comparison, frame)
    known = np.isfinite(local)
    levels = np.rint(255 * np.where(known, local, 0.0).clip(0, 1)).astype(np.uint8)
    return image(np.dstack([colour_table()[levels], 255 * known.astype(np.uint8)]), frame)


def colour_table() -> NDArray[np.uint8]:
    """The 256 colours of a correlation from 0 to 1, readable without colour vision."""
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_CIVIDIS)
    return np.asarray(table[:, 0, ::-1], dtype=np.uint8)


def mask_outline(found: Segmentation) -> str:
    """Outline of the mark on its scan as an SVG path."""
    frame = frame_of_scan(found.scan)
    closed = cv2.morphologyEx(_mask_on(found, frame).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(np.pad(closed, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    middle = (np.array(frame.shape[::-1]) + 1) / 2
    paths = []
    for contour in contours:
        if len(contour) < SMALLEST_OUTLINE:
            continue
        corners = cv2.approxPolyDP(contour, 0.7, True)[:, 0]
        points = (corners - middle) * frame.pixel * 1e6
        paths.append("M" + "L".join(f"{x:.0f},{y:.0f}" for x, y in points) + "Z")
    return "".join(paths)


def _laid(comparison: Comparison, frame: Frame) -> tuple[Surface, Surface]:
    """Both prepared marks on a frame over the reference."""
    reference, questioned = comparison.reference.mark, comparison.questioned.mark
    return (
        sample(reference.surface, frame, middle=reference.centre),
        sample(questioned.surface, frame, middle=questioned.centre, pose=comparison.alignment.pose),
    )


def _mask_on(found: Segmentation, frame: Frame) -> BoolArray:
    marked = np.where(found.mask, np.float32(1.0), np.float32(np.nan))
    return sample(Surface(heights=marked, spacing=found.scan.spacing), frame).valid


def _room(mark: Mark) -> float:
    """How far cells, turned ones too, may reach beyond the prepared grid."""
    return mark.parameters.cells.side_um * 0.7e-6


def _levelled(surface: Surface, mark: Mark | None = None) -> Surface:
    """Without its form where that can be fitted, so that the lamp shows texture and not tilt."""
    try:
        if mark is None:
            return remove_form(surface, "plane")
        chosen = mark.parameters.preparation
        return remove_form(surface, chosen.form, degree=chosen.degree if chosen.degree is not None else 2)
    except SurfaceError:
        return surface
