"""Pictures of surfaces: shaded relief, height colours, the split view of a comparison microscope.

A picture is a uint8 array: grey ``(ny, nx)``, colour ``(ny, nx, 3)`` in the order red, green, blue, or
``(ny, nx, 4)`` with an opacity. What draws on a picture returns a new one in three colours. Points on a
picture are ``(x, y)`` in pixels, the first pixel's centre at ``(0, 0)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.errors import ParameterError
from imaging.surface import BoolArray, FloatArray, Surface

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
Missing = Literal["grey", "transparent"]

GREY = 128
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
AMBIENT = 0.12
STEEP_SLOPE = 0.9
COLOUR_MAPS = {"viridis": cv2.COLORMAP_VIRIDIS, "cividis": cv2.COLORMAP_CIVIDIS}


def shaded(
    surface: Surface,
    *,
    azimuth_deg: float = 45.0,
    elevation_deg: float = 45.0,
    exaggeration: float | None = None,
    missing: Missing = "grey",
) -> Picture:
    """Return the relief as it looks under one lamp.

    Parameters
    ----------
    surface : Surface
    azimuth_deg : float
        Where the light comes from, clockwise from the top of the picture: 45 is the upper right.
    elevation_deg : float
        Height of the lamp above the surface, above 0 to 90.
    exaggeration : float, optional
        Factor on all heights, above 0. Left out, it is chosen so that the slope exceeded by one point in
        ten becomes 0.9; a smooth and a rough mark then show the same contrast, so two pictures that are to
        be compared by their roughness need a common factor.
    missing : {"grey", "transparent"}
        How missing points look; ``"transparent"`` returns a picture with opacity.

    Returns
    -------
    ndarray, shape (ny, nx) or (ny, nx, 4), uint8

    Raises
    ------
    ParameterError
        If the elevation or the exaggeration is out of range.

    Notes
    -----
    Lambert's cosine law with an ambient share of 12 %, no cast shadows. A slope is taken from the
    neighbours on both sides, or from one side next to missing points.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.arange(5.0) * np.ones((3, 1)) * 1e-6
    >>> surface = Surface(heights=ramp, spacing=(1e-6, 1e-6))
    >>> facing, averted = (shaded(surface, azimuth_deg=a)[1, 2] for a in (270, 90))
    >>> bool(facing > averted)
    True
    """
    if not 0 < elevation_deg <= 90:
        raise ParameterError(f"An elevation of {elevation_deg:g} degrees found; above 0 to 90 is possible.")
    if exaggeration is not None and not 0 < exaggeration < math.inf:
        raise ParameterError(f"An exaggeration of {exaggeration:g} found; it must be positive and finite.")
    valid = surface.valid
    along_x, along_y = slopes(surface)
    if exaggeration is None:
        steep = np.percentile(np.hypot(along_x, along_y)[valid], 90) if valid.any() else 0.0
        exaggeration = STEEP_SLOPE / float(steep) if steep > 0 else 1.0
    along_x *= exaggeration
    along_y *= exaggeration
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    to_lamp_x = math.sin(azimuth) * math.cos(elevation)
    to_lamp_y = -math.cos(azimuth) * math.cos(elevation)
    light = math.sin(elevation) - to_lamp_x * along_x - to_lamp_y * along_y
    light /= np.sqrt(1.0 + along_x**2 + along_y**2)
    grey = np.rint(255 * (AMBIENT + (1 - AMBIENT) * light.clip(0, 1))).astype(np.uint8)
    return _show_missing(grey, valid, missing)


def coloured(
    surface: Surface,
    *,
    percentiles: tuple[float, float] = (1.0, 99.0),
    colours: Literal["viridis", "cividis"] = "viridis",
    missing: Missing = "grey",
) -> Picture:
    """Return the heights as colours, low dark and high bright.

    Parameters
    ----------
    surface : Surface
    percentiles : tuple of float
        The heights, as percentiles of the measured points, that get the first and the last colour; what
        lies outside takes the end colours, so a few spikes do not flatten the picture.
    colours : {"viridis", "cividis"}
        Perceptually even maps; ``"cividis"`` looks the same to most colour-blind readers.
    missing : {"grey", "transparent"}
        As for ``shaded``.

    Returns
    -------
    ndarray, shape (ny, nx, 3) or (ny, nx, 4), uint8

    Raises
    ------
    ParameterError
        If the percentiles do not rise within 0 to 100.

    Examples
    --------
    >>> import numpy as np
    >>> surface = Surface(heights=np.array([[0.0, 1e-6, np.nan]]), spacing=(1e-6, 1e-6))
    >>> coloured(surface, percentiles=(0, 100))[0].tolist()
    [[68, 1, 84], [253, 231, 37], [128, 128, 128]]
    """
    low, high = percentiles
    if not 0 <= low < high <= 100:
        raise ParameterError(f"Percentiles {low:g} to {high:g} found; they must rise within 0 to 100.")
    valid = surface.valid
    bottom, top = np.percentile(surface.heights[valid], (low, high)) if valid.any() else (0.0, 0.0)
    share = (np.where(valid, surface.heights, bottom) - bottom) / ((top - bottom) or 1.0)
    levels = np.rint(255 * share.clip(0, 1)).astype(np.uint8)
    return _show_missing(_colour_table(colours)[levels], valid, missing)


def split_view(left: Picture, right: Picture, *, position: float = 0.5, line: Colour | None = BLACK) -> Picture:
    """Return the left part of one picture beside the right part of another, as a comparison microscope does.

    Parameters
    ----------
    left, right : ndarray, equal height and width, uint8
        Aligned pictures: the same point of the mark lies on the same pixel.
    position : float
        Share of the width shown of ``left``, 0 to 1.
    line : tuple of int, optional
        Colour of the dividing line; None draws no line.

    Returns
    -------
    ndarray, shape (ny, nx, 3), uint8

    Raises
    ------
    ParameterError
        If the pictures differ in size or the position is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> dark, bright = np.zeros((1, 4), np.uint8), np.full((1, 4), 255, np.uint8)
    >>> split_view(dark, bright, position=0.25, line=None)[0, :, 0].tolist()
    [0, 255, 255, 255]
    """
    if left.shape[:2] != right.shape[:2]:
        raise ParameterError(
            f"Pictures of {left.shape[:2]} and {right.shape[:2]} rows and columns found; align them to one "
            "size first."
        )
    if not 0 <= position <= 1:
        raise ParameterError(f"A position of {position:g} found; 0 to 1 is possible.")
    width = left.shape[1]
    border = round(position * width)
    view = np.hstack([_colour(left)[:, :border], _colour(right)[:, border:]])
    if line is not None and 0 < border < width:
        half = max(1, width // 500)
        view[:, max(0, border - half) : border + half] = line
    return view


def overlay(picture: Picture, mask: BoolArray, colour: Colour, opacity: float = 0.35) -> Picture:
    """Return the picture with a colour laid over the points of a mask.

    Parameters
    ----------
    picture : ndarray, uint8
    mask : ndarray, shape (ny, nx), bool
    colour : tuple of int
    opacity : float
        Share of the colour, 0 to 1.

    Raises
    ------
    ParameterError
        If the mask has another size than the picture or the opacity is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.full((1, 2), 100, np.uint8)
    >>> overlay(picture, np.array([[False, True]]), (200, 0, 100), 0.5)[0].tolist()
    [[100, 100, 100], [150, 50, 100]]
    """
    if mask.shape != picture.shape[:2]:
        raise ParameterError(
            f"A mask of shape {mask.shape} found for a picture of {picture.shape[:2]}; they must agree."
        )
    if not 0 <= opacity <= 1:
        raise ParameterError(f"An opacity of {opacity:g} found; 0 to 1 is possible.")
    result = _colour(picture)
    result[mask] = np.rint((1 - opacity) * result[mask] + opacity * np.array(colour)).astype(np.uint8)
    return result


def outline(
    picture: Picture,
    polygons: Iterable[ArrayLike],
    colours: Colour | Sequence[Colour],
    *,
    width: int = 1,
) -> Picture:
    """Return the picture with closed polygons drawn on it, such as correlation cells.

    Parameters
    ----------
    picture : ndarray, uint8
    polygons : iterable of array_like, shape (corners, 2)
        Corner points ``(x, y)``; they may be fractions and lie outside the picture.
    colours : tuple of int or sequence of such tuples
        One colour for all, or one for each polygon.
    width : int
        Width of the line in pixels, 1 or more.

    Raises
    ------
    ParameterError
        If the colours are not as many as the polygons, or the corners are not finite points.

    Examples
    --------
    >>> import numpy as np
    >>> square = [(2, 2), (12, 2), (12, 12), (2, 12)]
    >>> drawn = outline(np.zeros((15, 15), np.uint8), [square], (255, 0, 0))
    >>> bool(drawn[7, 2, 0] > 200), drawn[7, 7].tolist()
    (True, [0, 0, 0])
    """
    shapes = [np.asarray(polygon, dtype=np.float64) for polygon in polygons]
    palette = [colours] * len(shapes) if colours and isinstance(colours[0], int) else list(colours)
    if len(palette) != len(shapes):
        raise ParameterError(f"{len(palette)} colours found for {len(shapes)} polygons; give one or as many.")
    result = _colour(picture)
    for corners, colour in zip(shapes, palette, strict=True):
        if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
            raise ParameterError(f"A polygon of shape {corners.shape} found; finite (corners, 2) is needed.")
        sixteenths = np.rint(corners * 16).astype(np.int32)
        cv2.polylines(result, [sixteenths], True, colour, width, cv2.LINE_AA, 4)  # type: ignore[call-overload]
    return result


def scale_bar(picture: Picture, pixel_um: float) -> Picture:
    """Return the picture with a labelled bar of a round length in its lower left corner.

    The result is in colour, shape (ny, nx, 3). ``pixel_um`` is the width of a pixel in micrometres.

    Raises
    ------
    ParameterError
        If the width of a pixel is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> scale_bar(np.zeros((200, 400), np.uint8), 5.0).shape
    (200, 400, 3)
    """
    if not 0 < pixel_um < math.inf:
        raise ParameterError(f"A pixel of {pixel_um:g} um found; it must be positive and finite.")
    result = _colour(picture)
    ny, nx = picture.shape[:2]
    length_um = _round_length(nx * pixel_um / 4)
    label = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} um"
    margin, thick = max(2, nx // 40), max(2, ny // 120)
    left, bottom = margin, ny - margin
    right = left + round(length_um / pixel_um)
    cv2.rectangle(result, (left - 1, bottom - thick - 1), (right + 1, bottom + 1), BLACK, -1)
    cv2.rectangle(result, (left, bottom - thick), (right, bottom), WHITE, -1)
    size, above = max(0.35, nx / 1000), (left, bottom - thick - max(4, ny // 90))
    for step_x, step_y, colour in ((-1, 0, BLACK), (1, 0, BLACK), (0, -1, BLACK), (0, 1, BLACK), (0, 0, WHITE)):
        start = (above[0] + step_x, above[1] + step_y)
        cv2.putText(result, label, start, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
    return result


def _round_length(longest: float) -> float:
    """Return the longest length of the series 1, 2, 5, 10, 20, ... that is not above ``longest``.

    >>> _round_length(874.0), _round_length(0.3)
    (500.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest)


def fit(picture: Picture, width: int) -> Picture:
    """Return the picture reduced to a width in pixels, or as it is if it is no wider.

    Raises ParameterError if the width is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> fit(np.zeros((50, 100), np.uint8), 40).shape
    (20, 40)
    """
    if width < 1:
        raise ParameterError(f"A width of {width} pixels found; 1 or more is needed.")
    ny, nx = picture.shape[:2]
    if nx <= width:
        return picture
    reduced = cv2.resize(picture, (width, max(1, round(ny * width / nx))), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, dtype=np.uint8)


def encode_png(picture: Picture) -> bytes:
    r"""Return the picture as the bytes of a PNG file.

    Raises
    ------
    ParameterError
        If the array is not a picture.

    Examples
    --------
    >>> import numpy as np
    >>> encode_png(np.zeros((2, 2), np.uint8))[:4]
    b'\x89PNG'
    """
    _check(picture)
    channels = picture.shape[2] if picture.ndim == 3 else 1
    order = {1: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[channels]
    _, data = cv2.imencode(".png", picture if order is None else cv2.cvtColor(picture, order))
    return bytes(data)


def slopes(surface: Surface) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the slopes along x and y, from one side beside missing points; 0 where no neighbour was measured."""
    dx, dy = surface.spacing
    return _slopes(surface.heights, dx, axis=1), _slopes(surface.heights, dy, axis=0)


def _slopes(heights: FloatArray, step: float, axis: int) -> NDArray[np.float32]:
    """Slopes from the neighbours on both sides, from one side beside missing points, 0 without any."""
    rise = np.diff(heights / step, axis=axis).astype(np.float32)
    known = np.isfinite(rise)
    rise[~known] = 0
    before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
    before[axis], after[axis] = (1, 0), (0, 1)
    total = np.pad(rise, before) + np.pad(rise, after)
    sides = np.pad(known, before).astype(np.float32) + np.pad(known, after)
    return np.asarray(total / np.maximum(sides, 1), dtype=np.float32)


def _show_missing(picture: Picture, valid: BoolArray, missing: Missing) -> Picture:
    picture[~valid] = GREY
    if missing == "grey":
        return picture
    return np.dstack([_colour(picture), 255 * valid.astype(np.uint8)])


def _colour_table(colours: str) -> Picture:
    levels = np.arange(256, dtype=np.uint8)[:, None]
    table = cv2.cvtColor(cv2.applyColorMap(levels, COLOUR_MAPS[colours]), cv2.COLOR_BGR2RGB)
    return np.asarray(table[:, 0], dtype=np.uint8)


def _colour(picture: Picture) -> Picture:
    """Return a copy in three colours, without opacity."""
    _check(picture)
    if picture.ndim == 2:
        return np.repeat(picture[:, :, None], 3, axis=2)
    return picture[:, :, :3].copy()


def _check(picture: NDArray[Any]) -> None:
    layers = picture.shape[2:] if picture.ndim == 3 else ()
    if (
        picture.dtype != np.uint8
        or picture.ndim not in (2, 3)
        or layers not in ((), (3,), (4,))
        or not picture.size
    ):
        raise ParameterError(
            f"An array of {picture.dtype} and shape {picture.shape} found; a picture is uint8, not "
            "empty and of shape (ny, nx), (ny, nx, 3) or (ny, nx, 4)."
        )
