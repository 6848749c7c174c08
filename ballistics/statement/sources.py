"""Whole scans and photographs side by side, as a statement shows what it was given."""

from __future__ import annotations

from collections.abc import Sequence

from ballistics.document.blocks import Picture
from ballistics.language import gettext as _
from ballistics.page.picture_drawings import source_drawing
from ballistics.page.plot_style import plain, sheet
from ballistics.photographs.summary import spacing_um
from ballistics.statement.drawing import Panel, finished, pixels_of, place_panels, sheet_height
from ballistics.statement.parts import Input
from imaging.photo import Photo
from imaging.surface import Surface

LONGEST_TITLE = 42
SMALLEST = 0.5


def sources_picture(inputs: Sequence[Input]) -> Picture:
    """Return the files of a comparison as read, at one scale if every scale is known and none would be tiny."""
    panels = [source_panel(each.source, title_of(each)) for each in inputs]
    together = have_scales(panels) and SMALLEST * max(one.width for one in panels) <= min(
        one.width for one in panels
    )
    with sheet(sheet_height(panels, columns=2, together=together)) as figure:
        place_panels(figure, panels, columns=2, together=together)
        return finished(
            figure,
            caption=_(
                "What was given, as read. Scans are lit from the upper right; in them even grey was not measured."
            ),
            alt=_("Pictures of {count} files.", count=len(panels)),
        )


def title_of(given: Input) -> str:
    """Return the role and the file of an input, short enough to stand above a picture."""
    return _("{role}: {file}", role=given.role, file=plain(given.name, longest=LONGEST_TITLE))


def source_panel(source: Photo | Surface, title: str) -> Panel:
    """Return a whole source as a panel in micrometres, or in pixels where nobody knows its scale."""
    step_x, step_y = steps_of(source)
    rows, columns = source.shape
    return Panel(
        pixels=pixels_of(source_drawing(source).uri),
        left=-step_x / 2,
        top=-step_y / 2,
        width=columns * step_x,
        height=rows * step_y,
        title=title,
        unit_um=None if spacing_um(source) is None else 1.0,
    )


def steps_of(source: Photo | Surface) -> tuple[float, float]:
    """Return what a column and a row are in the coordinates of `source_panel`."""
    return spacing_um(source) or (1.0, 1.0)


def have_scales(panels: Sequence[Panel]) -> bool:
    """Whether every panel has a scale, so that all can be shown at one."""
    return all(panel.unit_um is not None for panel in panels)
