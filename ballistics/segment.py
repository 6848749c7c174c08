"""Find the mark in a scan of a cartridge case head: primer, firing-pin impression, breech face.

The result is a mask that a person can look at, correct as a PNG and feed back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from ballistics.errors import MarkError, OptionError
from ballistics.language import Message
from ballistics.mark_names import NAMES
from imaging.errors import SurfaceError
from imaging.form import remove_form
from imaging.photo import Photo
from imaging.resample import isotropic
from imaging.surface import Surface

BoolArray = NDArray[np.bool_]
Heights = NDArray[np.float64]

NO_GROOVE = Message("no groove round the primer found; the whole scan was searched for the mark")
WORKING_UM = 15.0
FLAT_RANGE_UM = 15.0
STEEP = 0.3
PRIMER_RADII_UM = (1200.0, 3800.0)
GROOVE_DEPTH_UM = 25.0
BLOCK_UM = 180.0
NEAR_PLANE_UM = 10.0
BLOCK_ROUGHNESS_UM = 4.0
MARGIN_UM = 45.0
SPECK_UM = 45.0
SMALLEST_MM2 = {"breech face": 0.35, "firing pin": 0.1}
PIN_DEPTH_UM = 30.0
PIN_RADII_UM = (200.0, 1500.0)
PIN_FLOOR = 0.5
CROPPED_PIN_UM = 2500.0
PIN_SLOPE = 1.0
LONGEST_SHAPE = 2.0
WIDEST_BULLET_UM = 12_000.0
FEWEST_CROSSCUT_POINTS = 10
MOST_GREY = 0.05
MOST_SAMPLES = 20_000
MOST_PLANES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A circle in the scan: middle ``(x, y)`` from the first pixel, and radius, in metres."""

    x: float
    y: float
    radius: float

    def scaled(self, factor: float) -> Circle:
        """Return the circle in another unit of length."""
        return Circle(x=self.x * factor, y=self.y * factor, radius=self.radius * factor)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """Where the mark is in a scan.

    Parameters
    ----------
    scan : Surface
        The scan as read.
    mask : ndarray of bool, shape of the scan
        True on the mark.
    how : str
        ``"given"``, ``"whole scan"`` for one already cropped to the mark, or ``"found"``.
    circles : mapping of str to Circle
        What was found on the way: ``primer`` and ``firing pin``.
    notes : tuple of str
        What a person should look at.
    """

    scan: Surface
    mask: BoolArray
    how: str
    circles: Mapping[str, Circle]
    notes: tuple[str, ...] = ()

    @property
    def area_mm2(self) -> float:
        """Measured area of the mark in square millimetres."""
        dx, dy = self.scan.spacing
        return float((self.mask & self.scan.valid).sum()) * dx * dy * 1e6


def segment(scan: Surface, mark: str = "breech face", *, mask: BoolArray | None = None) -> Segmentation:
    """Find a mark in a raw scan, or take the mask that is given.

    Parameters
    ----------
    scan : Surface
        A raw scan of a case head, or one that was cropped to the mark before.
    mark : {"breech face", "firing pin"}
        What to look for.
    mask : ndarray of bool, shape of the scan, optional
        The mark as a person marked it; nothing is searched then.

    Returns
    -------
    Segmentation

    Raises
    ------
    MarkError
        If no such mark is found.
    OptionError
        If the mask does not fit the scan or is empty there.

    Notes
    -----
    A scan whose heights stay within 15 um of a plane is taken as cropped to the breech face, and one below
    2.5 mm that holds no hole as cropped to the firing-pin impression. In any other, steep walls
    are concentric with the primer, so the lines along their slopes meet in its middle; the groove round the
    primer is the lowest ring about that point. The breech face is the largest part of the primer that lies
    in one plane, and the firing-pin impression the deep hole in it. It fails on primers that are domed so
    much that no part of the breech face is flat to 10 um, and says so.
    """
    if mask is not None:
        return _given(scan, mask)
    if mark not in ("breech face", "firing pin"):
        raise OptionError(f"The mark {mark!r} cannot be looked for; choose 'breech face' or 'firing pin'.")
    width, height = scan.size_um
    whole = Message("the scan of {width:.4g} x {height:.4g} um", width=width, height=height)
    _refuse_small(width * height / 1e6, mark, whole, Message("Is its unit right?"))
    try:
        small = isotropic(scan, pixel_um=max(WORKING_UM, *(step * 1e6 for step in scan.spacing)))
        level = remove_form(small, "plane")
    except SurfaceError as error:
        raise MarkError(Message("No {mark} found: {reason}", mark=NAMES[mark], reason=error)) from error
    _refuse_bullet(level)
    heights = level.heights.astype(np.float64) * 1e6
    pixel_um = small.pixel_um
    low, high = np.nanpercentile(heights, [0.5, 99.5])
    if mark == "breech face" and max(-low, high) < FLAT_RANGE_UM:
        return _whole(scan, mark)
    filled = _filled(heights)
    primer = _primer(filled, pixel_um)
    inside = np.isfinite(heights)
    if primer is not None:
        inside &= _disc(heights.shape, primer)
    face, plane = _largest_plane(heights, inside, pixel_um)
    pin, pin_circle = _pin(plane - filled, inside, pixel_um)
    if mark == "firing pin" and primer is None and pin_circle is None and max(scan.size_um) < CROPPED_PIN_UM:
        return _whole(scan, mark)
    chosen = face if mark == "breech face" else pin
    advice = Message(
        "If there is one, mark it by hand: a picture of {columns} x {rows} pixels, white on the mark and black "
        "elsewhere, given as the mask.",
        columns=scan.shape[1],
        rows=scan.shape[0],
    )
    _refuse_small(float(chosen.sum()) * (pixel_um / 1e3) ** 2, mark, Message("the best candidate"), advice)
    return Segmentation(
        scan=scan,
        mask=_enlarged(chosen, scan, pixel_um) & scan.valid,
        how="found",
        circles={
            name: circle.scaled(pixel_um * 1e-6)
            for name, circle in (("primer", primer), ("firing pin", pin_circle))
            if circle is not None
        },
        notes=() if primer else (NO_GROOVE,),
    )


def read_mask(path: str | Path, scan: Surface | Photo) -> BoolArray:
    """Read a mask picture made for a scan or a photograph: white (above 127) is the mark.

    Raises
    ------
    OptionError
        If it is no picture, not as many pixels wide and high as that, or a picture in shades of grey.
    """
    place, what = Path(path), "scan" if isinstance(scan, Surface) else "photograph"
    try:
        if place.exists() and not place.is_file():
            raise OptionError(f"The mask {path} is not a plain file; a PNG of the {what}'s size is needed.")
        raw = np.frombuffer(place.read_bytes(), np.uint8)
    except OSError as error:
        raise OptionError(f"The mask {path} cannot be read: {error.strerror or error}.") from error
    picture = None
    with suppress(cv2.error):
        picture = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise OptionError(f"The mask {path} is not a picture; a PNG of the {what}'s size is needed.")
    if picture.shape != scan.shape:
        raise OptionError(
            f"The mask {path} has {picture.shape[1]} x {picture.shape[0]} pixels, the {what} "
            f"{scan.shape[1]} x {scan.shape[0]}; they must agree. ballistics segment "
            "writes one of the right size for a case head."
        )
    grey = float(((picture > 63) & (picture < 192)).mean())
    if grey > MOST_GREY:
        raise OptionError(
            f"The mask {path} is grey in {grey:.0%} of its pixels; a mask is white on the mark and black "
            f"elsewhere. Was a picture of the {what} given instead?"
        )
    keep: BoolArray = picture > 127
    return keep


def mask_png(found: Segmentation) -> bytes:
    """Encode the mask as a PNG, white on the mark, one pixel a point of the scan."""
    return cv2.imencode(".png", found.mask.astype(np.uint8) * 255)[1].tobytes()


def _given(scan: Surface, mask: BoolArray) -> Segmentation:
    if mask.shape != scan.shape:
        raise OptionError(f"A mask of shape {mask.shape} found for a scan of shape {scan.shape}; they must agree.")
    keep = np.asarray(mask, dtype=np.bool_) & scan.valid
    if not keep.any():
        raise OptionError(Message("The mask keeps no measured point of the scan; white must cover the mark."))
    return Segmentation(scan=scan, mask=keep, how="given", circles={})


def _whole(scan: Surface, mark: str) -> Segmentation:
    whole = Segmentation(scan=scan, mask=scan.valid, how="whole scan", circles={})
    advice = Message("If all of it is the mark, give a mask that is white everywhere.")
    _refuse_small(whole.area_mm2, mark, Message("what was measured of the scan"), advice)
    return whole


def _refuse_small(area_mm2: float, mark: str, part: Message, advice: Message) -> None:
    needed = SMALLEST_MM2[mark]
    if area_mm2 < needed:
        raise MarkError(
            Message(
                "No {mark} found: {part} covers {area:.2g} mm2 and {needed:g} mm2 are needed. {advice}",
                mark=NAMES[mark],
                part=part,
                area=area_mm2,
                needed=needed,
                advice=advice,
            )
        )


def _refuse_bullet(level: Surface) -> None:
    """A long strip that is bent like a bullet is a land engraved area, not a cartridge case."""
    width, height = level.size_um
    if max(width, height) < LONGEST_SHAPE * min(width, height):
        return
    profile = np.ma.median(  # type: ignore[no-untyped-call]
        np.ma.masked_invalid(level.heights * 1e6), axis=0 if width > height else 1
    )
    known = ~np.ma.getmaskarray(profile)
    if known.sum() < FEWEST_CROSSCUT_POINTS:
        return
    along = np.arange(known.size)[known] * level.pixel_um
    bend = -2.0 * np.polynomial.Polynomial.fit(along, profile.compressed(), 2).convert().coef[2]
    if bend > 1.0 / WIDEST_BULLET_UM:
        raise MarkError(
            Message(
                "A strip of {width:.1f} x {height:.1f} mm bent to a radius of {radius:.1f} mm found: this looks "
                "like a land of a bullet, not like a cartridge case.",
                width=width / 1e3,
                height=height / 1e3,
                radius=1 / bend / 1e3,
            )
        )


def _filled(heights: Heights) -> Heights:
    """Missing points take the height of the nearest measured one."""
    missing = ~np.isfinite(heights)
    if not missing.any():
        return heights
    index = scipy.ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
    return heights[tuple(index)]  # type: ignore[no-any-return]


def _primer(heights: Heights, pixel_um: float) -> Circle | None:
    """The primer, from the groove round it; in pixels."""
    smooth = cv2.GaussianBlur(heights, (0, 0), 1.5)
    slope_y, slope_x = np.gradient(smooth / pixel_um)
    steepness = np.hypot(slope_x, slope_y)
    row, column = np.nonzero(steepness > STEEP)
    if row.size < 100:
        return None
    normal = np.stack([-slope_y[row, column], slope_x[row, column]], axis=1) / steepness[row, column, None]
    point = np.stack([column, row], axis=1).astype(np.float64)
    middle = np.array([(heights.shape[1] - 1) / 2, (heights.shape[0] - 1) / 2])
    weight = np.ones(row.size)
    for _ in range(30):
        a = (normal * weight[:, None]).T @ normal
        if np.linalg.cond(a) > 1e6:
            return None
        middle = np.linalg.solve(a, (normal * (weight * (normal * point).sum(axis=1))[:, None]).sum(axis=0))
        miss = (normal * (point - middle)).sum(axis=1)
        scale = max(float(np.median(np.abs(miss))), 1.0)
        weight = 1.0 / (1.0 + (miss / scale) ** 2)
    angles = np.linspace(0.0, 2 * np.pi, 180, endpoint=False)
    radii = np.arange(0.0, PRIMER_RADII_UM[1] / pixel_um + 400.0 / pixel_um)
    ring = scipy.ndimage.map_coordinates(
        smooth,
        [middle[1] + np.outer(radii, np.sin(angles)), middle[0] + np.outer(radii, np.cos(angles))],
        order=1,
        cval=np.nan,
    )
    seen = np.isfinite(ring).mean(axis=1)
    usable = np.flatnonzero(seen > 0.4)
    if usable.size == 0:
        return None
    profile = np.nanmedian(ring[: usable.max() + 1], axis=1)
    first = round(PRIMER_RADII_UM[0] / pixel_um)
    if profile.size <= first + 2:
        return None
    groove = first + int(np.nanargmin(profile[first:]))
    top = float(np.nanmax(profile[first // 2 : groove + 1]))
    if top - profile[groove] < GROOVE_DEPTH_UM:
        return None
    half = (top + profile[groove]) / 2
    rim = groove - int(np.argmax(profile[groove::-1] > half))
    return Circle(x=float(middle[0]), y=float(middle[1]), radius=float(rim))


def _disc(shape: tuple[int, ...], circle: Circle) -> BoolArray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    disc: BoolArray = (x - circle.x) ** 2 + (y - circle.y) ** 2 <= circle.radius**2
    return disc


def _largest_plane(heights: Heights, inside: BoolArray, pixel_um: float) -> tuple[BoolArray, Heights]:
    """The largest part that lies in one plane, and that plane, both on the whole grid."""
    y, x = (axis.astype(np.float64) for axis in np.indices(heights.shape))
    columns = np.stack([x, y, np.ones_like(x)], axis=-1)
    block = max(4, round(BLOCK_UM / pixel_um))
    planes = []
    for top in range(0, heights.shape[0] - block + 1, block // 2):
        for left in range(0, heights.shape[1] - block + 1, block // 2):
            part = np.s_[top : top + block, left : left + block]
            if inside[part].mean() > 0.8:
                where = inside[part]
                fit, rest, *_ = np.linalg.lstsq(columns[part][where], heights[part][where], rcond=None)
                if rest.size and math.sqrt(rest[0] / where.sum()) < BLOCK_ROUGHNESS_UM:
                    planes.append(fit)
    nothing = np.zeros(heights.shape, np.bool_)
    if not planes:
        return nothing, np.full(heights.shape, np.nanmedian(heights))
    step = max(5, np.count_nonzero(inside) // MOST_SAMPLES)
    points, values = columns[inside][::step], heights[inside][::step]
    tried = planes[:: max(1, len(planes) // MOST_PLANES)]
    fit = max(tried, key=lambda each: np.count_nonzero(np.abs(points @ each - values) < NEAR_PLANE_UM))
    for _ in range(5):
        near = inside & (np.abs(heights - columns @ fit) < NEAR_PLANE_UM)
        fit = np.linalg.lstsq(columns[near], heights[near], rcond=None)[0]
    plane: Heights = columns @ fit
    rest = cv2.GaussianBlur(np.where(inside, heights - plane, 2 * NEAR_PLANE_UM), (0, 0), 20.0 / pixel_um)
    near = inside & (np.abs(rest) < NEAR_PLANE_UM)
    return _tidied(near, pixel_um) & inside, plane


def _tidied(area: BoolArray, pixel_um: float) -> BoolArray:
    """Without specks and narrow bridges, small holes closed, a margin off the edge, large parts only."""
    speck, margin = _round(SPECK_UM / pixel_um), _round(MARGIN_UM / pixel_um)
    tidy = cv2.morphologyEx(area.astype(np.uint8), cv2.MORPH_CLOSE, speck)
    tidy = cv2.morphologyEx(tidy, cv2.MORPH_OPEN, speck)
    tidy = cv2.erode(tidy, margin, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(tidy)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    if count < 2:
        return np.zeros(area.shape, np.bool_)
    return np.isin(labels, 1 + np.flatnonzero(sizes >= 0.1 * sizes.max()))


def _pin(depth: Heights, inside: BoolArray, pixel_um: float) -> tuple[BoolArray, Circle | None]:
    """The firing-pin impression: the deep hole with the largest volume; in pixels."""
    deep = (depth > PIN_DEPTH_UM) & inside
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(deep.astype(np.uint8), cv2.MORPH_OPEN, _round(SPECK_UM / pixel_um))
    )
    nothing = np.zeros(depth.shape, np.bool_)
    best, volume, circle = nothing, 0.0, None
    low, high = (limit / pixel_um for limit in PIN_RADII_UM)
    for label in range(1, count):
        radius = math.sqrt(stats[label, cv2.CC_STAT_AREA] / math.pi)
        if not low <= radius <= high:
            continue
        hole = labels == label
        row, column = np.nonzero(hole)
        reach = max(np.ptp(row), np.ptp(column)) / 2
        if reach < 1.5 * radius and depth[hole].sum() > volume:
            best, volume = hole, float(depth[hole].sum())
            circle = Circle(x=float(column.mean()), y=float(row.mean()), radius=radius)
    if circle is None:
        return nothing, None
    slope = np.hypot(*np.gradient(cv2.GaussianBlur(depth, (0, 0), 1.5) / pixel_um))
    floor = best & (depth > PIN_FLOOR * np.percentile(depth[best], 98)) & (slope < PIN_SLOPE)
    return _tidied(floor, pixel_um) & best, circle


def _round(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius_px)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.uint8)


def _enlarged(area: BoolArray, scan: Surface, pixel_um: float) -> BoolArray:
    """Bring a mask from the working grid to the scan's; both grids share their middle."""
    (ny, nx), (my, mx) = scan.shape, area.shape
    fx, fy = (step * 1e6 / pixel_um for step in scan.spacing)
    matrix = np.array([[fx, 0, (mx - 1) / 2 - fx * (nx - 1) / 2], [0, fy, (my - 1) / 2 - fy * (ny - 1) / 2]])
    large = cv2.warpAffine(
        area.astype(np.float32), matrix, (nx, ny), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return large > 0.5
