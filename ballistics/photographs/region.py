"""Find the mark in a photograph: the circle of the primer, that of the firing pin, and what lies between."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.errors import MarkError, OptionError
from ballistics.language import Message
from ballistics.mark_names import NAMES
from imaging.photo import Photo

BoolArray = NDArray[np.bool_]
Float32Array = NDArray[np.float32]

LOOKED_AT_PX = 2600
WORKING_PX = 320
EDGE_PX = 4.0
STEEPEST = 0.2
CELL_PX = 3
SMALLEST_RADIUS, LARGEST_RADIUS = 0.1, 0.52
LEAST_SUPPORT = {1: 0.65, -1: 0.65, 0: 0.6}
CONCENTRIC, GROOVE = 0.05, 0.75
RAYS = 120
SEARCH = 0.15
WELL_INSIDE = 0.85
PIN_MARGIN, PRIMER_MARGIN, POCKET_MARGIN = 1.3, 0.9, 1.5
DEAD_PX = 9
LEAST_SHARE = 0.01
CUT_OUT = 0.05
NEARLY = 0.1
JPEG_BLOCK = 8
CANDIDATES = 6
FEWEST_RAYS = 20

NO_CIRCLE = {
    "primer": Message("no circle of the primer found; the whole picture was taken for the mark"),
    "firing pin": Message("no circle of the firing pin found; the whole picture was taken for the mark"),
}
MARKS = ("breech face", "firing pin", "headstamp", "bullet")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelCircle:
    """A circle in a photograph: middle ``(x, y)`` and radius in pixels, and the share of it that was seen."""

    x: float
    y: float
    radius: float
    support: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhotoRegion:
    """Where the mark is in a photograph.

    Parameters
    ----------
    photo : Photo
        The photograph as read.
    mask : ndarray of bool, shape (ny, nx)
        True on the mark.
    how : str
        ``"given"``, ``"whole picture"``, ``"cut out"`` for a mark on a ground of one grey value, or ``"found"``.
    circles : mapping of str to PixelCircle
        ``primer`` and ``firing pin`` where they were found.
    notes : tuple of str
        What a person should look at.
    """

    photo: Photo
    mask: BoolArray
    how: str
    circles: Mapping[str, PixelCircle]
    notes: tuple[str, ...] = ()


def find_region(photo: Photo, mark: str = "breech face", *, mask: BoolArray | None = None) -> PhotoRegion:
    """Find a mark in a photograph, or take the mask that is given.

    Parameters
    ----------
    photo : Photo
        A photograph of a case head, or one that was cropped to the mark.
    mark : {"breech face", "firing pin", "headstamp", "bullet"}
        What to look for. A bullet is taken as the whole picture.
    mask : ndarray of bool, shape (ny, nx), optional
        The mark as a person marked it; nothing is searched then.

    Returns
    -------
    PhotoRegion

    Raises
    ------
    MarkError
        If nothing of the picture is left.
    OptionError
        If the mask does not fit the photograph or is empty, or the mark is unknown.

    Notes
    -----
    On the smoothed picture every steep edge votes for the middles of the circles it may belong to, as in the
    gradient Hough transform (Ballard 1981, doi:10.1016/0031-3203(81)90009-1). The largest circle that is brighter
    inside outlines the primer. Where no circle gets brighter or darker all round, as under a side light, it is the
    largest one with an edge of whatever kind. A groove that shines has two edges round one middle: the primer ends
    at the inner one. The firing pin is the largest circle well inside. Where there is no circle, the whole picture
    is the mark, with a note.

    The breech face begins well outside the firing pin and ends well inside the edge of the primer: their rims are
    round on every case, and rims laid on each other correlate whatever fired the cases.

    Areas of one grey value, as programs leave them round a mark and bright lamps on it, are left out. Where
    those that reach the edge cover more than a twentieth of the picture, the rest is the mark and no circle is
    looked for. Pictures of more than 2600 pixels a side are looked at reduced.
    """
    if mark not in MARKS:
        raise OptionError(f"The mark {mark!r} found; choose one of {', '.join(MARKS)}.")
    factor = math.ceil(max(photo.shape) / LOOKED_AT_PX)
    small = photo.reduce(max(1, min(factor, *photo.shape)))
    dead, is_cut_out = _dead(small.pixels, rings=photo.provenance.format == "JPEG")
    if mask is not None:
        return _given(photo, mask, _as_large(dead, photo))
    keep = ~dead
    circles: dict[str, PixelCircle] = {}
    how = "cut out" if is_cut_out else "whole picture"
    notes: tuple[str, ...] = ()
    if mark != "bullet" and not is_cut_out:
        circles = _circles(small.grey)
        wanted = "firing pin" if mark == "firing pin" else "primer"
        if wanted in circles:
            how, keep = "found", keep & _area(small.shape, mark, circles)
        else:
            notes = (NO_CIRCLE[wanted],)
    if keep.mean() < LEAST_SHARE:
        raise MarkError(
            Message(
                "No {mark} found: {share:.1%} of the picture is left, {least:.0%} is needed. Is it blank? "
                "Otherwise mark it by hand with a mask.",
                mark=NAMES[mark],
                share=keep.mean(),
                least=LEAST_SHARE,
            )
        )
    circles = {name: _enlarged(each, photo.shape[0] / small.shape[0]) for name, each in circles.items()}
    return PhotoRegion(photo=photo, mask=_as_large(keep, photo), how=how, circles=circles, notes=notes)


def _as_large(area: BoolArray, photo: Photo) -> BoolArray:
    """An area found on the reduced picture, in pixels of the photograph."""
    if area.shape == photo.shape:
        return area
    large = cv2.resize(area.view(np.uint8), photo.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8).view(np.bool_)


def _enlarged(circle: PixelCircle, factor: float) -> PixelCircle:
    x, y = ((place + 0.5) * factor - 0.5 for place in (circle.x, circle.y))
    return PixelCircle(x=x, y=y, radius=circle.radius * factor, support=circle.support)


def _given(photo: Photo, mask: BoolArray, dead: BoolArray) -> PhotoRegion:
    if mask.shape != photo.shape:
        raise OptionError(f"A mask of shape {mask.shape} found for a photograph of shape {photo.shape}.")
    keep: BoolArray = mask & ~dead
    if not keep.any():
        raise OptionError(Message("The mask keeps nothing of the photograph; white must cover the mark."))
    left_out = 1.0 - float(keep.sum()) / float(mask.sum())
    note = Message("{share:.0%} of the mask lies on ground of one grey value and was left out", share=left_out)
    return PhotoRegion(photo=photo, mask=keep, how="given", circles={}, notes=(note,)[: left_out > CUT_OUT])


def _area(shape: tuple[int, int], mark: str, circles: Mapping[str, PixelCircle]) -> BoolArray:
    primer, pin = (_disc(shape, circles.get(name), margin) for name, margin in MARGINS[mark])
    if mark == "headstamp":
        return ~primer
    return pin if mark == "firing pin" else primer & ~pin


MARGINS = {
    "breech face": (("primer", PRIMER_MARGIN), ("firing pin", PIN_MARGIN)),
    "firing pin": (("primer", 1.0), ("firing pin", 1.0)),
    "headstamp": (("primer", POCKET_MARGIN), ("firing pin", 1.0)),
}


def _disc(shape: tuple[int, int], circle: PixelCircle | None, margin: float) -> BoolArray:
    if circle is None:
        return np.zeros(shape, np.bool_)
    y, x = np.ogrid[: shape[0], : shape[1]]
    inside: BoolArray = (x - circle.x) ** 2 + (y - circle.y) ** 2 <= (margin * circle.radius) ** 2
    return inside


def _dead(pixels: NDArray[np.uint8 | np.uint16], *, rings: bool) -> tuple[BoolArray, bool]:
    """Where the picture has one value over a patch, and whether that is the ground of a mark that was cut out.

    Such ground reaches the edge of the picture. In a JPEG, where the border of the mark rings, what lies within a
    block of the ground and is nearly as grey belongs to it too.
    """
    grey = pixels if pixels.ndim == 2 else pixels.max(axis=2)
    patch = np.ones((DEAD_PX, DEAD_PX), np.uint8)
    same = cv2.dilate(grey, patch) == cv2.erode(grey, patch)
    dead: BoolArray = cv2.dilate(same.astype(np.uint8), patch) > 0
    ground = _reaching_edge(dead)
    is_cut_out = bool(ground.mean() > CUT_OUT)
    if not (is_cut_out and rings):
        return dead, is_cut_out
    level, span = float(np.median(grey[ground])), float(np.ptp(grey))
    block = np.ones((2 * JPEG_BLOCK + 1, 2 * JPEG_BLOCK + 1), np.uint8)
    beside = cv2.dilate(ground.astype(np.uint8), block) > 0
    near = ((np.abs(grey - np.float32(level)) <= NEARLY * span) & beside).astype(np.uint8)
    near = cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    near = cv2.morphologyEx(near, cv2.MORPH_OPEN, patch)
    return dead | (cv2.dilate(near, patch) > 0), True


def _reaching_edge(area: BoolArray) -> BoolArray:
    """The parts of an area that touch the edge of the picture."""
    numbers = cv2.connectedComponents(area.astype(np.uint8), connectivity=4)[1]
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    outside = np.zeros(int(numbers.max()) + 1, np.bool_)
    outside[border] = True
    outside[0] = False
    reaching: BoolArray = outside[numbers]
    return reaching


def _circles(grey: Float32Array) -> dict[str, PixelCircle]:
    """The primer and the firing pin, in pixels of the picture."""
    scale = min(1.0, WORKING_PX / max(grey.shape))
    size = tuple(max(1, round(n * scale)) for n in grey.shape[::-1])
    small = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), EDGE_PX)
    slope_x, slope_y = (
        np.asarray(cv2.Sobel(small, cv2.CV_32F, *order, ksize=3), np.float32) for order in ((1, 0), (0, 1))
    )
    brighter, darker = (_seen(slope_x, slope_y, inwards) for inwards in (1, -1))
    either = [] if brighter or darker else _seen(slope_x, slope_y, 0)
    outline = max((*brighter, *either), key=lambda each: each.radius, default=None)
    if outline is None:
        return {}
    found = (*brighter, *darker, *either)
    edges = [
        each
        for each in found
        if _apart(each, outline) < CONCENTRIC * outline.radius
        and GROOVE * outline.radius <= each.radius <= outline.radius
    ]
    primer = min(edges, key=lambda each: each.radius)
    circles = {"primer": primer}
    inside = [each for each in found if _apart(each, primer) + each.radius < WELL_INSIDE * primer.radius]
    if inside:
        circles["firing pin"] = max(inside, key=lambda each: each.radius)
    return {name: _enlarged(each, 1.0 / scale) for name, each in circles.items()}


def _apart(first: PixelCircle, second: PixelCircle) -> float:
    return float(np.hypot(first.x - second.x, first.y - second.y))


def _alike(first: PixelCircle, second: PixelCircle) -> bool:
    near = SEARCH / 2 * second.radius
    return _apart(first, second) < near and abs(first.radius - second.radius) < near


def _seen(slope_x: Float32Array, slope_y: Float32Array, inwards: int) -> list[PixelCircle]:
    """Circles across which the picture gets brighter inwards (1), darker (-1) or either (0), on most rays."""
    height, width = slope_x.shape
    steep = np.hypot(slope_x, slope_y)
    least = max(float(np.quantile(steep, 1.0 - STEEPEST)), 1e-6)
    y, x = np.nonzero(steep > least)
    unit_x, unit_y = slope_x[y, x] / steep[y, x], slope_y[y, x] / steep[y, x]
    if inwards == 0:
        x, y = np.tile(x, 2), np.tile(y, 2)
        unit_x, unit_y = np.r_[unit_x, -unit_x], np.r_[unit_y, -unit_y]
    radii = np.arange(SMALLEST_RADIUS * width, LARGEST_RADIUS * max(height, width), CELL_PX)
    rows, columns = height // CELL_PX + 1, width // CELL_PX + 1
    votes = np.zeros((radii.size, rows, columns), np.float32)
    for layer, radius in zip(votes, radii, strict=True):
        to_x, to_y = x + (inwards or 1) * radius * unit_x, y + (inwards or 1) * radius * unit_y
        within = (to_x >= 0) & (to_y >= 0) & (to_x < width) & (to_y < height)
        cell = (to_y[within] // CELL_PX).astype(np.int64) * columns + (to_x[within] // CELL_PX).astype(np.int64)
        count = np.bincount(cell, minlength=rows * columns).reshape(rows, columns)
        layer[:] = cv2.GaussianBlur(count.astype(np.float32) / radius, (0, 0), 1.2)
    found = []
    for _ in range(CANDIDATES):
        layer_at, row, column = np.unravel_index(int(votes.argmax()), votes.shape)
        near = tuple(slice(max(0, at - 4), at + 5) for at in (layer_at, row, column))
        votes[near] = 0.0
        start = ((column + 0.5) * CELL_PX, (row + 0.5) * CELL_PX, float(radii[layer_at]))
        circle = _measured(slope_x, slope_y, inwards, least, *start)
        if circle is not None and circle.support >= LEAST_SUPPORT[inwards]:
            found.append(circle)
    found.sort(key=lambda each: -each.support)
    return [each for k, each in enumerate(found) if not any(_alike(each, better) for better in found[:k])]


def _measured(
    slope_x: Float32Array, slope_y: Float32Array, inwards: int, least: float, x: float, y: float, radius: float
) -> PixelCircle | None:
    """Fit a circle to the steepest place on every ray near the one given; None if too few rays have an edge."""
    angle = np.linspace(0.0, 2.0 * np.pi, RAYS, endpoint=False)[:, None]
    across, down = np.cos(angle), np.sin(angle)
    for _ in range(2):
        along = np.linspace((1.0 - SEARCH) * radius, (1.0 + SEARCH) * radius, 2 * round(SEARCH * radius) + 3)
        at = (x + across * along).astype(np.float32), (y + down * along).astype(np.float32)
        towards = [cv2.remap(each, *at, cv2.INTER_LINEAR, borderValue=0) for each in (slope_x, slope_y)]
        outwards = towards[0] * across + towards[1] * down
        rise = -inwards * outwards if inwards else np.abs(outwards)
        best = rise.argmax(axis=1)
        edge = rise[np.arange(RAYS), best] > least
        if edge.sum() < FEWEST_RAYS:
            return None
        places = along[best]
        edge &= np.abs(places - np.median(places[edge])) < 0.5 * SEARCH * radius
        if edge.sum() < FEWEST_RAYS:
            return None
        points_x, points_y = x + across[edge, 0] * places[edge], y + down[edge, 0] * places[edge]
        terms = np.stack([points_x, points_y, np.ones_like(points_x)], axis=1)
        middle = np.linalg.lstsq(terms, points_x**2 + points_y**2, rcond=None)[0]
        x, y = float(middle[0] / 2), float(middle[1] / 2)
        radius = float(np.sqrt(max(middle[2] + x * x + y * y, 1.0)))
    return PixelCircle(x=x, y=y, radius=radius, support=float(edge.mean()))
