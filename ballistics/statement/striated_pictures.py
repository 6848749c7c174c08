"""The pictures of a statement on striated marks: marks, crosscuts, aligned signatures, land matrix, phases.

The drawings are those of the pages; the reference is a bold dark line, the questioned mark a thin lighter one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle

from ballistics.document.blocks import Picture
from ballistics.language import gettext as _
from ballistics.page import figures
from ballistics.page.land_drawings import MarkDrawing, PairDrawing, Plot, draw_mark, draw_pair
from ballistics.page.land_drawings import Panel as DrawnPanel
from ballistics.page.land_pictures import relief_of
from ballistics.page.matrix_drawings import HeatMap, draw_matrix, draw_phases
from ballistics.page.plot_style import BLACK, GREY, PALE, WIDTH_CM, sheet
from ballistics.statement.drawing import (
    BRIGHT,
    Panel,
    corners_of,
    finished,
    lines_of,
    path_of,
    pixels_of,
    place_panels,
    sheet_height,
    trace,
)
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison
from ballistics.striated.signature import NoSignature, Signature

FIRST: Mapping[str, Any] = {"edgecolor": "#004488", "linewidth": 1.5}
SECOND: Mapping[str, Any] = {"edgecolor": "#C94F00", "linewidth": 0.9}
PLAIN: Mapping[str, Any] = {"edgecolor": BLACK, "linewidth": 0.9}
FINE = 7.0
MATRIX_SHARE = 0.68
BAR_HEIGHT = 12.0
BESIDE, BELOW = 44.0, 14.0

Made = Signature | NoSignature


def marks_picture(made: Sequence[tuple[str, Made]], *, mirrored: bool = False) -> Picture:
    """Return striated marks as scanned, with the band that was cut across and the shoulders.

    Parameters
    ----------
    made : sequence of (str, Signature or NoSignature)
        Marks with their titles, two to a row; one without a signature is shown as scanned.
    mirrored : bool
        Show them reversed, as they were compared.
    """
    drawn = [(title, each, _drawing(each, mirrored=mirrored)) for title, each in made]
    panels = [_panel(title, each, drawing) for title, each, drawing in drawn]
    with sheet(sheet_height(panels, columns=2, together=False)) as figure:
        placed = place_panels(figure, panels, columns=2, together=False)
        for axes, (_title, _each, drawing) in zip(placed, drawn, strict=True):
            if drawing is not None:
                _band(axes, drawing.panel)
        said = _(
            "The marks as scanned, striae running down, lit from the upper right. Bright solid lines: the band "
            "of rows whose median is the crosscut. White dashed lines: the shoulders of the land, where there "
            "are any."
        )
        if mirrored:
            said += " " + _("They are shown mirrored, as they were compared.")
        return finished(figure, caption=said, alt=_("{count} scans of striated marks.", count=len(panels)))


def pair_picture(comparison: LandComparison, *, named: str = "") -> Picture:
    """Return two marks as under a comparison microscope, and below them both signatures on one axis.

    ``named`` says which lands they are, where there are several pairs.
    """
    reliefs = relief_of(comparison.reference), relief_of(comparison.questioned)
    drawing = draw_pair(comparison, reliefs)
    width, height = drawing.width + BESIDE, drawing.height + BELOW
    with sheet(WIDTH_CM * height / width) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(-BESIDE, drawing.width), ylim=(height, 0))
        titles = (_("Reference"), _("Questioned, mirrored") if comparison.mirrored else _("Questioned"))
        for panel, title in zip(drawing.panels, titles, strict=True):
            _image(axes, panel)
            _band(axes, panel)
            _corner(axes, panel, title)
        _strips(axes, drawing)
        _plot(axes, drawing.plot, (FIRST, SECOND), _("height, µm"))
        said = _("place along the crosscut of the reference, µm")
        axes.text(drawing.width / 2, height - 2, said, fontsize=FINE, ha="center", va="bottom")
        return finished(
            figure,
            caption=" ".join(filter(None, (named, _pair_caption(comparison, drawing)))),
            alt=_(
                "Two aligned striated marks above their two signatures, correlation {ccf}.",
                ccf=f"{comparison.ccf:.2f}",
            ),
        )


def matrix_picture(comparison: BulletComparison) -> Picture:
    """Return the correlations of every land with every land."""
    drawn = draw_matrix(comparison)
    with sheet(WIDTH_CM * (drawn.size / (drawn.size + drawn.head))) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(-drawn.head, drawn.size), ylim=(drawn.size, 0))
        _heat(axes, drawn)
        return finished(
            figure,
            caption=_(
                "Correlation of every reference land (rows) with every questioned land (columns) at their best "
                "lag. Framed: the {pairs} land pairs of the best phase; their mean is the sequence average, "
                "{average}. Brighter is higher; a pair without a number was not compared.",
                pairs=int(
                    np.isfinite(comparison.correlations.ccf[tuple(zip(*comparison.pairs, strict=True))]).sum()
                ),
                average=f"{comparison.sequence_average:.3f}",
            ),
            alt=_("Table of correlations as colours, {lands} by {lands}.", lands=comparison.reference.lands),
            share=MATRIX_SHARE,
        )


def phases_picture(comparison: BulletComparison) -> Picture:
    """Return the mean correlation of every phase."""
    drawn = draw_phases(comparison)
    with sheet(5.4) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, drawn.width), ylim=(drawn.base + 40, 0))
        step = drawn.bars[1].x - drawn.bars[0].x
        for label, y in drawn.ticks:
            axes.text(38, y, label, fontsize=8, ha="right", va="center")
            axes.plot([44, drawn.width], [y, y], color=GREY, linewidth=0.3)
        for bar in drawn.bars:
            look: dict[str, Any] = {"facecolor": BLACK} if bar.best else {"facecolor": PALE, "hatch": "////"}
            axes.add_patch(
                Rectangle((bar.x, bar.y), step * 0.8, bar.height, edgecolor=GREY, linewidth=0.5, **look)
            )
            middle = bar.x + step * 0.4
            axes.text(middle, bar.y - 3, bar.text, fontsize=7.5, ha="center", va="bottom")
            axes.text(middle, drawn.base + 4, bar.label, fontsize=8, ha="center", va="top")
        for (x, _text), name in zip(
            drawn.groups, (_("lands in the same order"), _("lands in the reversed order")), strict=True
        ):
            axes.text(x, drawn.base + 20, name, fontsize=8, ha="center", va="top")
        axes.plot([44, drawn.width], [drawn.base, drawn.base], color=BLACK, linewidth=0.7)
        return finished(
            figure,
            caption=_(
                "Mean correlation of each phase. The number below a bar is the questioned land that faces "
                "reference land 1. Black: the best phase, {average}. The highest other phase of the same "
                "direction reaches {other}.",
                average=f"{comparison.sequence_average:.3f}",
                other=f"{comparison.other_phases:.3f}" if np.isfinite(comparison.other_phases) else "-",
            ),
            alt=_("Bars of the mean correlation of {phases} phases.", phases=len(drawn.bars)),
        )


def _drawing(made: Made, *, mirrored: bool) -> MarkDrawing | None:
    return None if isinstance(made, NoSignature) else draw_mark(made, relief_of(made), mirrored=mirrored)


def _panel(title: str, made: Made, drawing: MarkDrawing | None) -> Panel:
    if drawing is None:
        image = figures.scan_image(made.scan)
        return Panel(
            pixels=pixels_of(image.uri),
            left=0.0,
            top=0.0,
            width=image.width_um,
            height=image.height_um,
            title=_("{name}: no signature", name=title),
        )
    shown, scan = drawing.panel, made.scan
    cut_across_rows = isinstance(made, Signature) and made.cut.transposed
    width_um = scan.size_um[1] if cut_across_rows else scan.size_um[0]
    return Panel(
        pixels=pixels_of(shown.uri),
        left=shown.x,
        top=shown.y,
        width=shown.width,
        height=shown.height,
        title=title,
        unit_um=width_um / shown.width,
    )


def _image(axes: Axes, panel: DrawnPanel) -> None:
    extent = (panel.x, panel.x + panel.width, panel.y + panel.height, panel.y)
    axes.imshow(
        pixels_of(panel.uri), extent=extent, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto"
    )


def _band(axes: Axes, panel: DrawnPanel) -> None:
    """The band of the crosscut, a polygon or two level lines, and the shoulders."""
    if panel.band.startswith("M"):
        for points, _closed in lines_of(panel.band):
            trace(axes, points)
    else:
        trace(axes, corners_of(panel.band), closed=True)
    for shoulder in panel.shoulders:
        for points, _closed in lines_of(shoulder):
            trace(axes, points, counts=False, width=1.1)


def _corner(axes: Axes, panel: DrawnPanel, title: str) -> None:
    axes.text(
        panel.x + 8,
        panel.y + 8,
        title,
        fontsize=FINE,
        va="top",
        bbox={"boxstyle": "square,pad=0.25", "facecolor": "white", "edgecolor": BLACK, "linewidth": 0.4},
    )


def _strips(axes: Axes, drawing: PairDrawing) -> None:
    """Segments and striae of the reference: what agrees is dark, what does not is pale or short."""
    if drawing.segments:
        strip = drawing.segments
        for segment in strip.segments:
            fill = GREY if segment.congruent else "white"
            axes.add_patch(
                Rectangle(
                    (segment.x + 1, strip.top),
                    segment.width - 2,
                    BAR_HEIGHT,
                    edgecolor=GREY,
                    linewidth=0.5,
                    facecolor=fill,
                )
            )
        axes.text(drawing.plot.left - 5, strip.top + 6, strip.text, fontsize=FINE, ha="right", va="center")
    if drawing.striae:
        lines = drawing.striae
        if lines.longest:
            first, last = lines.longest
            axes.add_patch(
                Rectangle(
                    (first - 3, lines.top - 2),
                    last - first + 6,
                    drawing.plot.bottom - lines.top + 2,
                    facecolor=BRIGHT,
                    alpha=0.35,
                    edgecolor="none",
                    zorder=0,
                )
            )
        for drawn, look in ((lines.matching, {"edgecolor": BLACK}), (lines.other, {"edgecolor": GREY})):
            if drawn:
                axes.add_patch(PathPatch(path_of(drawn), fill=False, linewidth=0.7, **look))
        axes.text(drawing.plot.left - 5, lines.top + 9, lines.text, fontsize=FINE, ha="right", va="center")


def _plot(axes: Axes, plot: Plot, looks: Sequence[Mapping[str, Any]], unit: str) -> None:
    for label, x in plot.x_ticks:
        axes.plot([x, x], [plot.top, plot.bottom], color=GREY, linewidth=0.25)
        axes.text(x, plot.bottom + 4, label, fontsize=FINE, ha="center", va="top")
    for label, y in plot.y_ticks:
        axes.plot([plot.left, plot.right], [y, y], color=GREY, linewidth=0.25)
        axes.text(plot.left - 5, y, label, fontsize=FINE, ha="right", va="center")
    axes.plot([plot.left, plot.left, plot.right], [plot.top, plot.bottom, plot.bottom], color=BLACK, linewidth=0.6)
    axes.text(
        plot.left - 60, (plot.top + plot.bottom) / 2, unit, fontsize=FINE, rotation=90, ha="center", va="center"
    )
    for curve, look in zip(plot.curves, looks, strict=True):
        if curve:
            axes.add_patch(PathPatch(path_of(curve), fill=False, joinstyle="round", **look))


def _pair_caption(comparison: LandComparison, drawing: PairDrawing) -> str:
    return " ".join(_pair_sentences(comparison, drawing))


def _pair_sentences(comparison: LandComparison, drawing: PairDrawing) -> Iterator[str]:
    yield _(
        "Correlation {ccf} at a lag of {lag} µm, over {overlap} of the shorter signature. Above: both marks as "
        "under a comparison microscope, striae upright, so that a stria stands at one place in both pictures and "
        "on both curves. Below: the signatures, the reference dark blue and bold, the questioned one orange and "
        "thin.",
        ccf=f"{comparison.ccf:.3f}",
        lag=f"{comparison.lag_um:+.1f}",
        overlap=f"{comparison.overlap:.0%}",
    )
    if drawing.segments:
        yield _("Boxes: segments of the reference, filled where they are congruent (CMPS).")
    if drawing.striae:
        yield _("Ticks: striae, long where they match; shaded: the longest run of matching ones (CMS).")


def _heat(axes: Axes, drawn: HeatMap) -> None:
    for cell in drawn.cells:
        axes.add_patch(
            Rectangle(
                (cell.x, cell.y),
                drawn.cell,
                drawn.cell,
                facecolor=cell.colour or "white",
                edgecolor="white",
                linewidth=0.8,
            )
        )
        ink = "white" if cell.dark and cell.colour else BLACK
        axes.text(
            cell.x + drawn.cell / 2,
            cell.y + drawn.cell / 2,
            cell.text,
            fontsize=12,
            color=ink,
            ha="center",
            va="center",
            weight="bold" if cell.at_best_phase else "normal",
        )
    for cell in drawn.cells:
        if cell.at_best_phase:
            frame = Rectangle((cell.x + 2, cell.y + 2), drawn.cell - 4, drawn.cell - 4, fill=False)
            frame.set(edgecolor=BRIGHT if cell.dark else BLACK, linewidth=2.4)
            axes.add_patch(frame)
    for place, label in drawn.heads:
        axes.text(place, drawn.head - 8, label, fontsize=12, ha="center", va="bottom")
        axes.text(drawn.head - 8, place, label, fontsize=12, ha="right", va="center")
    middle = (drawn.head + drawn.size) / 2
    axes.text(middle, 4, _("questioned land"), fontsize=12, ha="center", va="top")
    axes.text(8, middle, _("reference land"), fontsize=12, rotation=90, ha="center", va="center")
