"""The pictures of a statement on photographs: the files, the points that match, the two laid on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ballistics.document.blocks import Picture
from ballistics.language import gettext as _
from ballistics.page.picture_drawings import (
    DrawnPair,
    DrawnPicture,
    DrawnPoint,
    drawn_points,
    region_circles,
    region_outline,
)
from ballistics.page.plot_style import BLACK, sheet
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import PictureComparison
from ballistics.statement.drawing import (
    BRIGHT,
    Panel,
    Pixels,
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
from ballistics.statement.sources import have_scales, source_panel, steps_of, title_of

POINT = 3.0
TURN = np.linspace(0.0, 2.0 * np.pi, 121)


def exhibits_picture(comparison: PictureComparison, inputs: Sequence[Input]) -> Picture:
    """Return both files with the outline of what was compared and the circles that were found."""
    exhibits = comparison.reference, comparison.questioned
    panels = [source_panel(each.source, title_of(each)) for each in inputs]
    together = have_scales(panels)
    with sheet(sheet_height(panels, columns=2, together=together)) as figure:
        for exhibit, axes in zip(
            exhibits, place_panels(figure, panels, columns=2, together=together), strict=True
        ):
            _outline(axes, exhibit)
        first, second = (f"{each.region.mask.mean():.0%}" for each in exhibits)
        caption = _(
            "Both files as they were stored. The solid line encloses what was compared: {first} of the reference "
            "and {second} of the questioned picture. Dashed: circles that were found with it, if any.",
            first=first,
            second=second,
        )
        return finished(
            figure, caption=caption, alt=_("Two pictures side by side, each with an outline about the mark.")
        )


def points_picture(comparison: PictureComparison, inputs: Sequence[Input]) -> Picture:
    """Return both files with the matched points that the pose explains."""
    panels = [source_panel(each.source, title_of(each)) for each in inputs]
    together = have_scales(panels)
    both = drawn_points(comparison)
    how = (
        _("Points of one number belong together.")
        if all(point.label for point in both[0])
        else _("They are too many for numbers; the appendix lists pairs of them.")
    )
    with sheet(sheet_height(panels, columns=2, together=together)) as figure:
        placed = place_panels(figure, panels, columns=2, together=together)
        for axes, each, points in zip(placed, inputs, both, strict=True):
            _points(axes, points, steps_of(each.source))
        return finished(
            figure,
            caption=_(
                "{inliers} of {matches} matched points agree with the pose; they cover {support} separate "
                "places, and matches made by chance reach {chance}. {how}",
                how=how,
                inliers=comparison.inliers,
                matches=len(comparison.matches),
                support=comparison.support,
                chance=comparison.chance_support - 1,
            ),
            alt=_("Two pictures with {count} marked points each.", count=comparison.inliers),
        )


def aligned_picture(comparison: PictureComparison, drawn: DrawnPair) -> Picture:
    """Return the reference and, turned, sized and shifted onto it, the questioned picture."""
    titles = (_("Reference"), _("Questioned, laid on the reference"))
    panels = [_panel(each, title) for each, title in zip(drawn.views["detail"], titles, strict=True)]
    with sheet(sheet_height(panels, columns=2)) as figure:
        place_panels(figure, panels, columns=2)
        return finished(
            figure,
            caption=_(
                "The two pictures in one position and at one size: the same place of the mark is at the same "
                "place in both. The correlation at this pose is {score}.",
                score=f"{comparison.score:.3f}",
            ),
            alt=_("The aligned pictures side by side."),
        )


def split_picture(drawn: DrawnPair) -> Picture:
    """Return the left part of the reference beside the right part of the questioned picture, aligned."""
    first, second = (_grey(pixels_of(each.uri)) for each in drawn.views["detail"])
    both = split(first, second, float(drawn.halves[0]) / 100)
    return split_view(_panel(drawn.views["detail"][0], "", both))


def _outline(axes: Axes, exhibit: PictureExhibit) -> None:
    steps = steps_of(exhibit.source)
    for points, closed in lines_of(region_outline(exhibit.region)):
        trace(axes, points * steps, closed=closed)
    for circle in region_circles(exhibit.region):
        ring = np.column_stack(
            [circle.x + circle.radius_x * np.cos(TURN), circle.y + circle.radius_y * np.sin(TURN)]
        )
        trace(axes, ring * steps, counts=False, width=1.1)


def _points(axes: Axes, points: Sequence[DrawnPoint], steps: tuple[float, float]) -> None:
    places = np.array([(point.x, point.y) for point in points]).reshape(-1, 2) * steps
    if all(point.label for point in points):
        for point, (x, y) in zip(points, places.tolist(), strict=True):
            number(axes, x, y, point.label)
    else:
        look: dict[str, Any] = {"markerfacecolor": BRIGHT, "markeredgecolor": BLACK, "markeredgewidth": 0.5}
        axes.plot(*places.T, linestyle="none", marker="o", markersize=POINT, **look)


def _panel(drawn: DrawnPicture, title: str, pixels: Pixels | None = None) -> Panel:
    shown = pixels_of(drawn.uri) if pixels is None else pixels
    return Panel(
        pixels=shown,
        left=-0.5,
        top=-0.5,
        width=drawn.columns,
        height=drawn.rows,
        title=title,
        unit_um=drawn.pixel_um,
    )


def _grey(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(pixels[..., :3].mean(axis=-1), np.uint8)
