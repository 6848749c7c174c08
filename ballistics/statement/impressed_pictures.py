"""The pictures of a statement on impressed marks: scans, aligned marks, congruent cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from ballistics.compare import Comparison, Exhibit
from ballistics.document.blocks import Picture
from ballistics.language import gettext as _
from ballistics.page import figures
from ballistics.page.cell_drawings import DrawnCell, draw_cells
from ballistics.page.plot_style import sheet
from ballistics.statement.drawing import (
    Panel,
    Pixels,
    corners_of,
    finished,
    lines_of,
    number,
    pixels_of,
    place_panels,
    sheet_height,
    split,
    split_view,
    trace,
)
from ballistics.statement.parts import Input
from ballistics.statement.sources import title_of
from ballistics.summary import turn

Aligned = tuple[figures.Image, figures.Image]

INSIDE = 0.28


def marks_picture(comparison: Comparison, inputs: Sequence[Input]) -> Picture:
    """Return both whole scans with the outline of what was compared."""
    exhibits = comparison.reference, comparison.questioned
    panels = [
        _panel(figures.scan_image(each.scan), title_of(one)) for each, one in zip(exhibits, inputs, strict=True)
    ]
    with sheet(sheet_height(panels, columns=2)) as figure:
        for exhibit, axes in zip(exhibits, place_panels(figure, panels, columns=2), strict=True):
            _outline(axes, exhibit)
        first, second = (f"{each.segmentation.area_mm2:.2f}" for each in exhibits)
        return finished(
            figure,
            caption=_(
                "Both scans at one scale, lit from the upper right. The solid line encloses what was compared: "
                "{first} mm² of the reference and {second} mm² of the questioned scan. Even grey was not "
                "measured.",
                first=first,
                second=second,
            ),
            alt=_("Two scans side by side, each with an outline about the mark."),
        )


def aligned(comparison: Comparison) -> Aligned:
    """Return both marks with the detail of their scans, in one position."""
    return figures.aligned_images(comparison)["detail"]


def aligned_picture(comparison: Comparison, both: Aligned) -> Picture:
    """Return the reference and, turned and shifted onto it, the questioned mark."""
    titles = (_("Reference"), _("Questioned, laid on the reference"))
    panels = [_panel(image, title) for image, title in zip(both, titles, strict=True)]
    with sheet(sheet_height(panels, columns=2)) as figure:
        place_panels(figure, panels, columns=2)
        pose = comparison.alignment.pose
        return finished(
            figure,
            caption=_(
                "The two marks in one position and at one scale, lit alike: the same place of the mark is at the "
                "same place in both pictures. Pose of the questioned mark: {turn}, shift {dx}, {dy} µm. The "
                "correlation over the common area (ACCF) is {accf}.",
                turn=turn(pose.angle_deg),
                dx=f"{round(pose.dx_um):+d}",
                dy=f"{round(pose.dy_um):+d}",
                accf=f"{comparison.accf:.3f}",
            ),
            alt=_("The aligned marks side by side."),
        )


def split_picture(comparison: Comparison, both: Aligned) -> Picture:
    """Return the left part of the reference beside the right part of the questioned mark, aligned."""
    first, second = both
    share = figures.halves(comparison)[0] / 100
    return split_view(_panel(first, "", split(pixels_of(first.uri), pixels_of(second.uri), share)))


def cells_picture(comparison: Comparison, direction: Literal["forward", "backward"]) -> Picture:
    """Return both marks with the cells of one of them, and where they were found in the other."""
    marks = comparison.reference.mark, comparison.questioned.mark
    rule, forward = comparison.parameters.score, direction == "forward"
    cells = comparison.forward if forward else comparison.backward
    drawn = draw_cells(cells, {rule: comparison.verdicts[rule][0 if forward else 1]})
    titles = (_("Reference"), _("Questioned"))
    panels = [_panel(figures.mark_image(mark), title) for mark, title in zip(marks, titles, strict=True)]
    with sheet(sheet_height(panels, columns=2)) as figure:
        first, second = place_panels(figure, panels, columns=2)
        home, away = (first, second) if forward else (second, first)
        for cell in sorted(drawn, key=lambda each: each.congruent[rule]):
            _draw(home, cell, cell.square, (cell.x, cell.y), counts=cell.congruent[rule])
            if cell.congruent[rule]:
                _draw(away, cell, cell.found, (cell.found_x, cell.found_y), counts=True)
        count = sum(each.congruent[rule] for each in drawn)
        compared = sum(each.compared for each in drawn)
        caption = (
            _(
                "Cells of the reference, searched in the questioned mark: {count} of {compared} compared cells "
                "are congruent under the rule {rule} (solid, numbered by row and column, in both marks). The "
                "others are dashed, in the reference only.",
                count=count,
                compared=compared,
                rule=rule,
            )
            if forward
            else _(
                "Cells of the questioned mark, searched in the reference: {count} of {compared} compared cells "
                "are congruent under the rule {rule} (solid, numbered by row and column, in both marks). The "
                "others are dashed, in the questioned mark only.",
                count=count,
                compared=compared,
                rule=rule,
            )
        )
        alt = _("Both marks with {count} numbered squares at the places that agree.", count=count)
        return finished(figure, caption=caption, alt=alt)


def _draw(axes: Axes, cell: DrawnCell, square: str, middle: tuple[float, float], *, counts: bool) -> None:
    trace(axes, corners_of(square), closed=True, counts=counts)
    if counts:
        corner = corners_of(square)[0]
        x, y = corner + INSIDE * (np.array(middle) - corner)
        number(axes, x, y, cell.label)


def _outline(axes: Axes, exhibit: Exhibit) -> None:
    for points, closed in lines_of(figures.mask_outline(exhibit.segmentation)):
        trace(axes, points, closed=closed)


def _panel(image: figures.Image, title: str, pixels: Pixels | None = None) -> Panel:
    shown = pixels_of(image.uri) if pixels is None else pixels
    return Panel(
        pixels=shown,
        left=-image.width_um / 2,
        top=-image.height_um / 2,
        width=image.width_um,
        height=image.height_um,
        title=title,
    )
