"""What all pictures of a statement share: panels of marks on a sheet, lines that show on any ground, scale bars.

Lines on marks are bright with a dark edge, and what counts differs from what does not by its dashes too, so that a
grey print shows the same.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.path import Path as Line
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ballistics.document.blocks import Picture
from ballistics.language import gettext as _
from ballistics.page.plot_style import BLACK, INCH_CM, WIDTH_CM, sheet
from imaging.render import fit

DPI = 300
GAP_CM = 0.4
HEAD_CM = 0.55
BRIGHT = "#FFD21F"
WHITE = "#FFFFFF"
BAR_SHARE = 0.3
BAR_CM = 0.2
FOOT_CM = 0.45
SMALL = 5.0
EDGE = 1.0
LETTERS = 8.5
SPLIT_SHARE = 0.62
DASHES = (0, (3.0, 2.0))
PIECE = re.compile(r"([MLHVZ])([^MLHVZ]*)")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A picture on a sheet: its pixels, and the coordinates of its edges that drawings on it count in.

    Parameters
    ----------
    pixels : ndarray, shape (ny, nx) or (ny, nx, 3 or 4), uint8
        Grey or colour.
    left, top, width, height : float
        Of the picture, y downwards.
    title : str
        Stands above it.
    unit_um : float or None
        Micrometres for each unit of the coordinates; None where nobody knows.
    """

    pixels: Pixels
    left: float
    top: float
    width: float
    height: float
    title: str
    unit_um: float | None = 1.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge."""
        return self.left, self.left + self.width, self.top + self.height, self.top


def pixels_of(uri: str) -> Pixels:
    """Return the pixels of a picture that is packed as a data URI; colours in the order red, green, blue."""
    raw = base64.b64decode(uri.partition(",")[2])
    with Image.open(io.BytesIO(raw)) as image:
        found: Pixels = np.asarray(image, dtype=np.uint8)
    return found


def _room(panels: Sequence[Panel], *, together: bool) -> tuple[float, float]:
    """Width and height that every panel of one scale needs; of their own scale, the width counts as 1."""
    if together:
        return max(each.width for each in panels), max(each.height for each in panels)
    return 1.0, max(each.height / each.width for each in panels)


def sheet_height(
    panels: Sequence[Panel], *, columns: int, together: bool = True, letters: float = LETTERS
) -> float:
    """Return the height in cm of a sheet on which panels stand in columns, with room for letters of a size."""
    wide, high = _room(panels, together=together)
    rows = math.ceil(len(panels) / columns)
    return rows * (_panel_width(columns) * high / wide + HEAD_CM + _foot(letters))


def place_panels(
    figure: Figure, panels: Sequence[Panel], *, columns: int, together: bool = True, letters: float = LETTERS
) -> list[Axes]:
    """Set panels on a sheet of `sheet_height`, row by row, all at one scale if ``together``."""
    figure.set_layout_engine("none")
    height_cm = figure.get_figheight() * INCH_CM
    wide, high = _room(panels, together=together)
    across = _panel_width(columns)
    down, foot = across * high / wide, _foot(letters)
    placed = []
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        low = height_cm - (row + 1) * (down + HEAD_CM + foot) + foot
        axes = figure.add_axes(
            (column * (across + GAP_CM) / WIDTH_CM, low / height_cm, across / WIDTH_CM, down / height_cm)
        )
        room = (wide, high) if together else (panel.width, panel.width * high)
        show(axes, panel, room=room, across_cm=across, letters=letters)
        placed.append(axes)
    return placed


def show(axes: Axes, panel: Panel, *, room: tuple[float, float], across_cm: float, letters: float) -> None:
    """Show a picture in the middle of the room that its axes have, without ticks, with its title and scale bar."""
    left, right, bottom, top = panel.box
    small = fit(panel.pixels, max(1, round(across_cm / INCH_CM * DPI * panel.width / room[0])))
    options: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} if small.ndim == 2 else {}
    axes.imshow(small, extent=(left, right, bottom, top), interpolation="none", aspect="auto", **options)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    axes.set_xlim(middle_x - room[0] / 2, middle_x + room[0] / 2)
    axes.set_ylim(middle_y + room[1] / 2, middle_y - room[1] / 2)
    axes.set_axis_off()
    axes.set_title(panel.title, fontsize=letters, pad=3)
    if panel.unit_um is not None:
        scale_bar(axes, panel, panel.unit_um, unit_cm=across_cm / room[0], letters=letters)


def scale_bar(axes: Axes, panel: Panel, unit_um: float, *, unit_cm: float, letters: float) -> None:
    """Draw a bar of 1, 2 or 5 times a power of ten below the left corner of a picture, with its length.

    ``unit_um`` and ``unit_cm`` are what a unit of the coordinates is on the mark and on the sheet.
    """
    length_um = bar_length(panel.width * unit_um)
    length = length_um / unit_um
    y = panel.top + panel.height + BAR_CM * letters / LETTERS / unit_cm
    axes.plot(
        [panel.left, panel.left + length], [y, y], color=BLACK, linewidth=2.2, solid_capstyle="butt", clip_on=False
    )
    said = _("{length:g} mm", length=length_um / 1e3) if length_um >= 1e3 else _("{length:g} µm", length=length_um)
    axes.annotate(
        said,
        (panel.left + length, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=letters,
        annotation_clip=False,
    )


def bar_length(width_um: float) -> float:
    """Return the longest length of the series 1, 2, 5, 10, ... that is not above 30 % of a width.

    Examples
    --------
    >>> bar_length(4000.0), bar_length(900.0)
    (1000.0, 200.0)
    """
    longest = BAR_SHARE * width_um
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest)


def number(axes: Axes, x: float, y: float, text: str, *, size: float = SMALL) -> None:
    """Write black letters on a bright ground about a point of a picture."""
    axes.annotate(
        text,
        (x, y),
        ha="center",
        va="center",
        fontsize=size,
        color=BLACK,
        annotation_clip=False,
        bbox={"boxstyle": "square,pad=0.12", "facecolor": BRIGHT, "edgecolor": BLACK, "linewidth": 0.3},
    )


def trace(axes: Axes, points: ArrayLike, *, closed: bool = False, counts: bool = True, width: float = 0.6) -> None:
    """Draw a line over a picture: bright and solid for what counts, thin, white and dashed for what does not."""
    corners = np.asarray(points, dtype=np.float64)
    if closed:
        corners = np.concatenate([corners, corners[:1]])
    line, look = (1.3, {"color": BRIGHT}) if counts else (width, {"color": WHITE, "linestyle": DASHES})
    axes.plot(*corners.T, color=BLACK, linewidth=line + EDGE, solid_joinstyle="miter")
    axes.plot(*corners.T, linewidth=line, solid_joinstyle="miter", **look)


def lines_of(drawing: str) -> list[tuple[NDArray[np.float64], bool]]:
    """Return the lines of an SVG path of absolute straight pieces, each with whether it is closed.

    Examples
    --------
    >>> [(points.tolist(), closed) for points, closed in lines_of("M0,1L2,3ZM4,5H6")]
    [([[0.0, 1.0], [2.0, 3.0]], True), ([[4.0, 5.0], [6.0, 5.0]], False)]
    """
    found: list[tuple[list[tuple[float, float]], bool]] = []
    for kind, text in PIECE.findall(drawing):
        if kind == "Z":
            found[-1] = (found[-1][0], True)
            continue
        numbers = [float(each) for each in re.split(r"[,\s]+", text.strip())]
        if kind == "M":
            found.append(([], False))
        points = found[-1][0]
        x, y = points[-1] if points else (0.0, 0.0)
        points.append(
            (numbers[0], y) if kind == "H" else (x, numbers[0]) if kind == "V" else (numbers[0], numbers[1])
        )
    return [(np.array(points), closed) for points, closed in found]


def corners_of(polygon: str) -> NDArray[np.float64]:
    """Return the corners of an SVG polygon, shape (n, 2).

    Examples
    --------
    >>> corners_of("0,1 2,3").tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    return np.array([[float(each) for each in point.split(",")] for point in polygon.split()])


def path_of(drawing: str) -> Line:
    """Return an SVG path of absolute straight pieces as one line of many parts, for curves with gaps."""
    vertices, codes = [np.zeros((0, 2))], []
    for points, _closed in lines_of(drawing):
        vertices.append(points)
        codes += [Line.MOVETO, *[Line.LINETO] * (len(points) - 1)]
    return Line(np.concatenate(vertices), codes)


def split(left: Pixels, right: Pixels, share: float) -> Pixels:
    """Return the left part of one picture beside the right part of another of its size, with a line between."""
    border = round(share * left.shape[1])
    both = np.hstack([left[:, :border], right[:, border:]])
    half = max(1, left.shape[1] // 400)
    cv2.rectangle(both, (border - half, 0), (border + half - 1, both.shape[0]), 0, -1)
    return both


def split_view(panel: Panel) -> Picture:
    """Return a panel that `split` made as the picture of a comparison microscope, smaller than the others."""
    titled, letters = (
        replace(panel, title=_("Left of the line: reference. Right of it: questioned")),
        LETTERS / SPLIT_SHARE,
    )
    with sheet(sheet_height([titled], columns=1, letters=letters)) as figure:
        place_panels(figure, [titled], columns=1, letters=letters)
        return finished(
            figure,
            caption=_(
                "Split view, as under a comparison microscope: the same position as in the figure before. Where "
                "the marks agree, furrows and ridges run on across the line, which halves the common area."
            ),
            alt=_("One picture of two aligned marks with a dividing line."),
            share=SPLIT_SHARE,
        )


def finished(figure: Figure, *, caption: str, alt: str, share: float = 1.0) -> Picture:
    """Return a drawn sheet as SVG, and as PNG of 300 points an inch; the same bytes whenever the same is drawn."""
    figure.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    png, svg = io.BytesIO(), io.StringIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).save(png, format="PNG", dpi=(DPI, DPI))
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    text = svg.getvalue()
    return Picture(png=png.getvalue(), svg=text[text.index("<svg") :], caption=caption, alt=alt, share=share)


def _foot(letters: float) -> float:
    """Height in cm that a scale bar needs below its picture."""
    return FOOT_CM * letters / LETTERS


def _panel_width(columns: int) -> float:
    return (WIDTH_CM - (columns - 1) * GAP_CM) / columns
