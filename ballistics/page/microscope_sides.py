"""The two sides of a comparison microscope: heights or a picture, and how the page carries them.

Heights travel as 16-bit codes in a step that the page states; photographs as PNG.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.errors import OptionError
from ballistics.language import Message, translated
from ballistics.language import gettext as _
from ballistics.output import printable
from ballistics.summary import grid_text
from imaging.errors import SurfaceError
from imaging.form import fit_form
from imaging.render import Picture, encode_png
from imaging.surface import BoolArray, FloatArray, Provenance, Surface

STEEP_PERCENTILE = 90.0
STEPS_TO_STEEP = 128
FINEST_STEP_UM = 1e-5
CODES = 65534
WHOLE = [0.0, 0.0, 1.0, 1.0]

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeightSide:
    """Heights to be lit in the page.

    Parameters
    ----------
    heights_um : ndarray, shape (ny, nx), floating
        Micrometres, missing points NaN. Level them first: a tilted scan is bright or dark as a whole.
    spacing_um : tuple of float
        Distance ``(dx, dy)`` of columns and rows in micrometres.
    title : str
        What the page calls the side, for example the file's name.
    sha256 : str
        Hash of the file, hexadecimal; empty where there is none.
    provenance : tuple of str
        Lines about origin and treatment.
    area : ndarray of bool, shape (ny, nx), optional
        Where the mark is: the page opens on it and chooses the relief for it. Left out, everywhere.
    """

    heights_um: FloatArray
    spacing_um: tuple[float, float]
    title: str
    sha256: str = ""
    provenance: tuple[str, ...] = ()
    area: BoolArray | None = None

    def __post_init__(self) -> None:
        if self.heights_um.ndim != 2 or not np.isfinite(self.heights_um).any():
            raise OptionError(
                f"Heights of shape {self.heights_um.shape} found; (ny, nx) with measured points is needed."
            )
        if self.area is not None and self.area.shape != self.heights_um.shape:
            raise OptionError(
                f"An area of {self.area.shape} found for heights of {self.heights_um.shape}; they must agree."
            )
        check_scale(*self.spacing_um)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        ny, nx = self.heights_um.shape
        return ny, nx

    @property
    def pixel_um(self) -> float:
        """Distance of columns in micrometres."""
        return self.spacing_um[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureSide:
    """A photograph, shown as it is.

    Parameters
    ----------
    picture : ndarray, shape (ny, nx) or (ny, nx, 3), uint8
        Grey, or red, green and blue.
    title : str
        What the page calls the side, for example the file's name.
    pixel_um : float, optional
        Width of a pixel in micrometres where it is known; the page says so where it is not.
    sha256 : str
        Hash of the file, hexadecimal; empty where there is none.
    provenance : tuple of str
        Lines about origin and treatment.
    """

    picture: Picture
    title: str
    pixel_um: float | None = None
    sha256: str = ""
    provenance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.picture.shape
        if (
            self.picture.dtype != np.uint8
            or not self.picture.size
            or len(shape) not in (2, 3)
            or shape[2:] not in ((), (3,))
        ):
            raise OptionError(
                f"A picture of {self.picture.dtype} and shape {shape} found; uint8 grey or RGB is needed."
            )
        if self.pixel_um is not None:
            check_scale(self.pixel_um)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.picture.shape[0], self.picture.shape[1]


Side = HeightSide | PictureSide


def scan_side(scan: Surface, *, area: BoolArray | None = None) -> HeightSide:
    """Return a scan as a side of the page: levelled by a plane, with its file, reader, findings and steps.

    Parameters
    ----------
    scan : Surface
        As read.
    area : ndarray of bool, shape of the scan, optional
        Where the mark is: the plane is fitted there, the page opens on it. Left out, the whole scan.

    Raises
    ------
    OptionError
        If the scan has no measured point.
    """
    heights, steps = scan.heights, scan.provenance.steps
    try:
        heights = heights - fit_form(scan if area is None else scan.masked(area), "plane").heights(scan)
        steps += (Message("remove plane for this page"),)
    except SurfaceError:
        steps += (Message("no plane could be fitted"),)
    origin = scan.provenance
    lines = [
        *origin_lines(origin, Message("none, heights in memory")),
        Message("grid: {grid}, {share} measured", grid=grid_text(scan), share=f"{scan.coverage:.1%}"),
        *finding_lines(origin, steps),
    ]
    return HeightSide(
        heights_um=heights * heights.dtype.type(1e6),
        spacing_um=(scan.spacing[0] * 1e6, scan.spacing[1] * 1e6),
        title=Path(origin.path).name if origin.path else Message("scan in memory"),
        sha256=origin.sha256 or "",
        provenance=tuple(lines),
        area=area,
    )


def origin_lines(origin: Provenance, nowhere: str) -> tuple[Message, Message]:
    """Lines about the file and its reader, for pages."""
    return (
        Message("file: {path}", path=origin.path or nowhere),
        Message(
            "format and reader: {format}, {reader}",
            format=origin.format,
            reader=origin.reader or Message("none"),
        ),
    )


def finding_lines(origin: Provenance, steps: Sequence[str]) -> Iterator[Message]:
    """Lines about what the reader found and what was done since, for pages."""
    for finding in origin.findings:
        if finding.severity == "doubt":
            yield Message("doubt {code}: {message}", code=finding.code, message=finding.message)
        else:
            yield Message("note {code}: {message}", code=finding.code, message=finding.message)
    for step in steps:
        yield Message("step: {step}", step=step)


def packed_side(side: Side, unit: float, largest: int) -> dict[str, Any]:
    """Return what the page gets of one side.

    Parameters
    ----------
    side : HeightSide or PictureSide
    unit : float
        Width of its pixel in the page's units of length.
    largest : int
        Most columns or rows; what is larger is reduced by averaging areas.
    """
    ny, nx = side.shape
    step_x, step_y = steps_of(side, unit)
    factor = min(1.0, largest / max(ny, nx))
    size = (max(1, round(nx * factor)), max(1, round(ny * factor)))
    lines = list(side.provenance)
    if factor < 1:
        lines.append(
            _(
                "reduced for this page from {columns} x {rows} to {kept_columns} x {kept_rows} points",
                columns=nx,
                rows=ny,
                kept_columns=size[0],
                kept_rows=size[1],
            )
        )
    content = _packed_picture(side, size) if isinstance(side, PictureSide) else _packed_heights(side, size)
    if "step_um" in content:
        lines.append(_("heights on this page in steps of {step} nm", step=f"{content['step_um'] * 1e3:.2g}"))
    if content.get("clipped"):
        lines.append(_("outliers cut off on this page: {count} points", count=content["clipped"]))
    return {
        "title": printable(translated(side.title)),
        "sha256": printable(side.sha256),
        "provenance": [printable(translated(line)) for line in lines],
        "columns": size[0],
        "rows": size[1],
        "width": nx * step_x,
        "height": ny * step_y,
        "unit_um": side.pixel_um / unit if side.pixel_um else None,
        **content,
    }


def steps_of(side: Side, unit: float) -> tuple[float, float]:
    """Distance of columns and rows in the page's units."""
    return (unit, unit * side.spacing_um[1] / side.spacing_um[0]) if isinstance(side, HeightSide) else (unit, unit)


def check_scale(*values: float) -> None:
    """Refuse a length or factor that is not positive and finite."""
    for value in values:
        if not 0 < value < math.inf:
            raise OptionError(f"A scale of {value:g} found; it must be positive and finite.")


def _packed_picture(side: PictureSide, size: tuple[int, int]) -> dict[str, Any]:
    picture = side.picture
    if size != picture.shape[1::-1]:
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    uri = "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")
    return {"kind": "picture", "uri": uri, "extent": WHOLE}


def _packed_heights(side: HeightSide, size: tuple[int, int]) -> dict[str, Any]:
    """Heights as codes, 0 for missing: differences along rows, low bytes then high bytes, deflated."""
    heights = _reduced(side.heights_um, size)
    ny, nx = side.shape
    spacing_um = (nx * side.spacing_um[0] / size[0], ny * side.spacing_um[1] / size[1])
    mark = heights if side.area is None else np.where(_reduced_area(side.area, size), heights, np.float32(np.nan))
    valid = np.isfinite(heights)
    known = heights[valid] if valid.any() else np.zeros(1, np.float32)
    low, high = np.percentile(known, (0.1, 99.9))
    bottom, top = max(2 * low - high, known.min()), min(2 * high - low, known.max())
    steep = _steep_slope(mark, spacing_um)
    step = float(max((top - bottom) / CODES, steep * min(spacing_um) / STEPS_TO_STEEP, FINEST_STEP_UM))
    levels = np.where(valid, np.rint((np.nan_to_num(heights) - bottom) / step), -1.0)
    last = round((top - bottom) / step)
    codes = np.where(valid, levels.clip(0, last) + 1, 0).astype(np.uint16)
    differences = np.diff(codes, axis=1, prepend=np.uint16(0)).ravel()
    planes = differences.astype("<u2").view(np.uint8).reshape(-1, 2).T
    return {
        "kind": "heights",
        "spacing_um": spacing_um,
        "extent": _extent(mark),
        "steep_slope": steep,
        "step_um": step,
        "clipped": int((valid & ((levels < 0) | (levels > last))).sum()),
        "data": base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode("ascii"),
    }


def _reduced(heights: FloatArray, size: tuple[int, int]) -> Float32Array:
    """Heights about their median on a grid of ``(nx, ny)`` points, averaged over the measured share of each."""
    valid = np.isfinite(heights)
    values = np.where(valid, heights - np.median(heights[valid]), 0.0).astype(np.float32)
    if size != heights.shape[::-1]:
        weight = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6))
        valid = weight >= 0.5
    return np.where(valid, values, np.float32(np.nan)).astype(np.float32)


def _reduced_area(area: BoolArray, size: tuple[int, int]) -> BoolArray:
    share = cv2.resize(area.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(share >= 0.5)


def _extent(heights: Float32Array) -> list[float]:
    """Box round the measured points as shares of width and height: left, top, right, bottom."""
    rows, columns = (np.flatnonzero(np.isfinite(heights).any(axis=axis)) for axis in (1, 0))
    ny, nx = heights.shape
    if not len(rows):
        return WHOLE
    return [columns[0] / nx, rows[0] / ny, (columns[-1] + 1) / nx, (rows[-1] + 1) / ny]


def _steep_slope(heights: Float32Array, spacing_um: tuple[float, float]) -> float:
    """The slope that one point in ten exceeds, 0 without neighbours."""
    along_x = np.diff(heights, axis=1)[:-1] / spacing_um[0]
    along_y = np.diff(heights, axis=0)[:, :-1] / spacing_um[1]
    slopes = np.hypot(along_x, along_y)
    slopes = slopes[np.isfinite(slopes)]
    return float(np.percentile(slopes, STEEP_PERCENTILE)) if slopes.size else 0.0
