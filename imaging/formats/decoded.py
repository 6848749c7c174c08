"""What a reader decoded, and the step from there to a surface in metres that can be trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Literal

import numpy as np

from imaging.errors import FormatError, ParameterError, SurfaceError
from imaging.surface import LARGEST_SPACING, SMALLEST_SPACING, Finding, FloatArray, Provenance, Surface

Unit = Literal["m", "mm", "um"]

PER_METRE = {"m": 1.0, "mm": 1e3, "um": 1e6}
LARGEST_GRID = 2**28
PLAUSIBLE_SPACING = (5e-8, 1e-4)
PLAUSIBLE_SPAN = (1e-9, 1e-2)
SWAP_EVIDENCE = 1.25

_SPAN_SAMPLE = 200_000
_SWAP_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """Content of a scan file, in the file's own unit.

    Parameters
    ----------
    heights : ndarray, shape (ny, nx), float32 or float64
        Heights as the file gives them; a missing point is NaN or infinite.
    spacing : tuple of float
        Distance ``(dx, dy)`` of columns and rows as the file gives it.
    format, reader : str
        Name of the format, and of the reader with its version.
    findings : tuple of Finding
        What the reader noticed.
    metadata : mapping of str to str
        What the file says about the measurement.
    attachments : mapping of str to bytes
        Other files of the container.
    steps : tuple of str
        What was done to the heights before they were written.
    """

    heights: FloatArray
    spacing: tuple[float, float]
    format: str
    reader: str
    findings: tuple[Finding, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    steps: tuple[str, ...] = ()


@cache
def reader_name(distribution: str) -> str:
    """Return the name of an installed distribution with its version."""
    return f"{distribution} {version(distribution)}"


def note(code: str, message: str) -> Finding:
    """Return a finding that is worth knowing."""
    return Finding(code=code, severity="note", message=message)


def doubt(code: str, message: str) -> Finding:
    """Return a finding that puts the heights or their scale in question."""
    return Finding(code=code, severity="doubt", message=message)


def check_grid(nx: int, ny: int) -> None:
    """Refuse a grid that is no surface, or too large to hold, before anything is allocated.

    Raises
    ------
    FormatError
        If a side is shorter than two points or the grid has more than 2**28 points.
    """
    if nx < 1 or ny < 1:
        raise FormatError(f"A grid of {nx} x {ny} points found; the file holds no heights.")
    if min(nx, ny) < 2:
        raise FormatError(f"A single line of {max(nx, ny)} points found: a profile, not a surface.")
    if nx * ny > LARGEST_GRID:
        raise FormatError(f"A grid of {nx} x {ny} points found; at most {LARGEST_GRID} points are read.")


def typical_span(heights: FloatArray) -> float:
    """Return the range that holds the middle 98 % of the heights; NaN where all are missing.

    Large surfaces are sampled, and single wild points do not count.

    Examples
    --------
    >>> import numpy as np
    >>> typical_span(np.append(np.linspace(0.0, 1e-6, 999), 5.0)) < 1e-6
    True
    """
    finite = heights[np.isfinite(heights)]
    if finite.size == 0:
        return float("nan")
    sample = finite[:: max(1, finite.size // _SPAN_SAMPLE)].astype(np.float64)
    low, high = np.percentile(sample, [1.0, 99.0])
    return float(high - low)


def is_plausible(spacing: tuple[float, float], span: float) -> bool:
    """Whether a scan of a firearm mark can have this spacing and height span, both in metres.

    Examples
    --------
    >>> is_plausible((1.5e-6, 1.5e-6), 2e-4), is_plausible((7.37, 7.37), 6.8)
    (True, False)
    """
    fine, coarse = PLAUSIBLE_SPACING
    low, high = PLAUSIBLE_SPAN
    return all(fine <= step <= coarse for step in spacing) and (span == 0 or low <= span <= high)


def to_surface(
    decoded: Decoded, *, data: bytes, units: Unit | Literal["auto"], height_units: Unit | None
) -> Surface:
    """Turn a decoded file into a surface in metres, with findings on all that was assumed.

    Parameters
    ----------
    decoded : Decoded
        What the reader made of the file.
    data : bytes
        The file itself, for its hash.
    units, height_units : str
        As in `imaging.files.read_bytes`.

    Raises
    ------
    FormatError
        If every point is missing, or spacing and heights make sense in no unit.
    ParameterError
        If a unit is unknown.
    """
    heights, spacing = decoded.heights, decoded.spacing
    ny, nx = heights.shape
    check_grid(nx, ny)
    findings = list(decoded.findings)
    infinite = np.isinf(heights)
    if infinite.any():
        heights = np.where(infinite, heights.dtype.type(np.nan), heights)
        findings.append(
            note("non-finite", f"{int(infinite.sum())} points hold infinity; they are taken as missing.")
        )
    if not all(np.isfinite(step) and step > 0 for step in spacing):
        raise FormatError(
            f"Steps of {spacing[0]:g} along x and {spacing[1]:g} along y found; both must be positive "
            "(a negative step would mirror the mark)."
        )
    with np.errstate(all="ignore"):
        span = typical_span(heights)
        if np.isnan(span):
            raise FormatError("Every point of the scan is missing; nothing was measured.")
        lateral, vertical, assumed = _units(spacing, span, units, height_units)
        spacing = (spacing[0] / lateral, spacing[1] / lateral)
        if vertical != 1.0:
            heights = (heights.astype(np.float64) / vertical).astype(heights.dtype)
        findings += assumed + _shape_findings(heights)
    provenance = Provenance(
        sha256=hashlib.sha256(data).hexdigest(),
        format=decoded.format,
        reader=decoded.reader,
        findings=tuple(findings),
        metadata=dict(decoded.metadata),
        steps=decoded.steps,
    )
    try:
        return Surface(
            heights=heights, spacing=spacing, provenance=provenance, attachments=dict(decoded.attachments)
        )
    except SurfaceError as error:
        raise FormatError(f"{error} The file may be in another unit; state it with units=.") from error


def _units(
    spacing: tuple[float, float], span: float, units: str, height_units: str | None
) -> tuple[float, float, list[Finding]]:
    """Choose the units per metre of spacing and heights, and say what was assumed."""
    for name, unit in (("units", units), ("height_units", height_units)):
        if unit not in (*PER_METRE, "auto" if name == "units" else None):
            raise ParameterError(f"{name}={unit!r} found; 'm', 'mm' or 'um' is possible.")

    def factors(unit: str) -> tuple[float, float]:
        return PER_METRE[unit], PER_METRE[height_units or unit]

    def fits(unit: str) -> bool:
        lateral, vertical = factors(unit)
        return is_plausible((spacing[0] / lateral, spacing[1] / lateral), span / vertical)

    stated = f"pixels of {spacing[0]:g} x {spacing[1]:g} and heights over {span:g}"
    if units != "auto":
        if units == "m" and height_units in (None, "m") and fits("m"):
            return 1.0, 1.0, []
        return *factors(units), [
            note("units-stated", f"Read {stated} as {units}, heights as {height_units or units}, as told.")
        ]
    if fits("m"):
        told = height_units not in (None, "m")
        return *factors("m"), [note("units-stated", f"Read heights as {height_units}, as told.")] if told else []
    possible = all(SMALLEST_SPACING <= step <= LARGEST_SPACING for step in spacing)
    if possible and span / PER_METRE[height_units or "m"] <= PLAUSIBLE_SPAN[1]:
        return *factors("m"), [
            doubt("scale-in-doubt", f"Found {stated}: possible in metres, but unusual. Nothing was scaled.")
        ]
    other = [unit for unit in ("mm", "um") if fits(unit)]
    if len(other) == 1:
        return *factors(other[0]), [
            doubt(
                "units-in-doubt",
                f"Found {stated}: impossible in metres, which the format asks for. Read as {other[0]}, the "
                f"only unit that makes sense; state units={other[0]!r} to confirm.",
            )
        ]
    if is_plausible(spacing, 0.0):
        raise FormatError(
            f"Found {stated}: the pixels make sense in metres, the heights do not. They may be in another unit "
            "(state it with height_units=) or be grey values of a picture."
        )
    raise FormatError(
        f"Found {stated}. In metres this is no scan of a mark, and no other single unit is certain. State the "
        "unit with units= ('m', 'mm' or 'um'), and with height_units= if the heights are in another one."
    )


def _shape_findings(heights: FloatArray) -> list[Finding]:
    """Judge heights in metres by their range and by the order of their rows."""
    findings = []
    finite = heights[np.isfinite(heights)]
    extent = float(finite.max()) - float(finite.min())
    if extent == 0:
        findings.append(note("constant", "All heights are equal; there is no mark to compare."))
    if extent > PLAUSIBLE_SPAN[1]:
        findings.append(
            doubt(
                "height-range",
                f"The heights span {extent:g} m although most lie within {typical_span(heights):g} m; "
                "single points are wild or mark missing data by a number.",
            )
        )
    if looks_swapped(heights):
        ny, nx = heights.shape
        findings.append(
            doubt(
                "sizes-swapped",
                f"The heights join better as {nx} rows of {ny} points than as {ny} rows of {nx}; the file "
                "may state its two sizes in the wrong order. Nothing was changed.",
            )
        )
    return findings


def looks_swapped(heights: FloatArray) -> bool:
    """Whether the stored numbers join better with rows and columns exchanged in number.

    Two signs must agree: neighbouring rows differ less, and the seam between the end of a row and the start
    of the next is where the other layout puts it, unless missing points hide it. The second keeps striations
    along x from misleading the first. Constant, square and very small surfaces show nothing.

    Parameters
    ----------
    heights : ndarray, shape (ny, nx)
        Heights in any unit; a missing point is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.meshgrid(np.arange(60.0), np.arange(40.0))
    >>> hill = -((x - 30) ** 2) - (y - 20) ** 2
    >>> looks_swapped(hill), looks_swapped(hill.reshape(60, 40))
    (False, True)
    """
    ny, nx = heights.shape
    if min(ny, nx) < 16 or ny == nx:
        return False
    other = heights.reshape(nx, ny)
    if not _row_step(heights) > SWAP_EVIDENCE * _row_step(other):
        return False
    return not _seam_step(heights) > _seam_step(other)


def _row_step(heights: FloatArray) -> float:
    """Return the mean step between neighbouring rows, NaN where few are measured."""
    rows = np.unique(np.linspace(0, heights.shape[0] - 2, _SWAP_ROWS).astype(int))
    step = np.abs(heights[rows + 1] - heights[rows])
    step = step[np.isfinite(step)]
    return float(step.mean()) if step.size >= 500 else float("nan")


def _seam_step(heights: FloatArray) -> float:
    """Return the mean step from the end of a row to the start of the next, NaN where few are measured."""
    step = np.abs(heights[1:, 0] - heights[:-1, -1])
    step = step[np.isfinite(step)]
    return float(step.mean()) if step.size >= 8 else float("nan")
