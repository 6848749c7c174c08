"""The command that measures the size of a pixel on a photograph, from a scale bar or a ruler in it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ballistics.command.exits import ExitCode
from ballistics.command.options import AsJson

if TYPE_CHECKING:
    from imaging.photo import Photo
    from imaging.photo_scale import NoScale
    from imaging.photo_scale import Scale as Measured

Ends = tuple[tuple[float, float], tuple[float, float]]


def scale(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A photograph: PNG, TIFF, JPEG or BMP.")],
    bar_um: Annotated[
        float | None, typer.Option(metavar="UM", help="Length of the scale bar, in µm as it says beside it.")
    ] = None,
    tick_um: Annotated[
        float | None, typer.Option(metavar="UM", help="Distance of neighbouring ticks of a ruler, in µm.")
    ] = None,
    line: Annotated[
        str | None,
        typer.Option(
            metavar="X1,Y1,X2,Y2",
            help="In pixels: ends of the bar, found when left out; or a line across the ticks of a ruler.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the size of a pixel on a photograph, for --pixel-um."""
    from ballistics.command.terminal import put_json, put_table, say, working
    from imaging.photo_files import open_photo
    from imaging.photo_scale import NoScale

    if (bar_um is None) == (tick_um is None):
        raise typer.BadParameter(
            "give the length of a bar or the distance of ticks, one of them", param_hint="--bar-um"
        )
    ends = _ends(line)
    if tick_um is not None and ends is None:
        raise typer.BadParameter("a ruler needs a line across its ticks", param_hint="--line")
    with working(f"Reading {photo.name}"):
        found = _measured(open_photo(photo), bar_um, tick_um, ends)
    if isinstance(found, NoScale):
        if as_json:
            put_json(json.dumps({"pixel_um": None, "reason": found.reason}, indent=1))
        say(f"No scale: {found.reason}", error=True)
        raise typer.Exit(ExitCode.OUR_ERROR)
    if as_json:
        facts = {"pixel_um": found.pixel_um, "uncertainty_um": found.uncertainty_um, "source": found.source}
        put_json(json.dumps(facts, indent=1))
        return
    size = f"{found.pixel_um:.5g} µm, standard uncertainty {found.uncertainty_um:.2g} µm"
    put_table((), [("File", str(photo)), ("Side of a pixel", size), ("From", found.source)])
    say(f"Use it with --pixel-um {found.pixel_um:.5g}")


def _measured(photo: Photo, bar_um: float | None, tick_um: float | None, ends: Ends | None) -> Measured | NoScale:
    from imaging.photo_scale import NoScale, find_scale_bar, ruler_spacing, scale_from_bar

    if tick_um is not None and ends is not None:
        return ruler_spacing(photo, along=ends, tick_um=tick_um)
    assert bar_um is not None
    if ends is None:
        bar = find_scale_bar(photo)
        if isinstance(bar, NoScale):
            return NoScale(f"{bar.reason}. Give its ends with --line")
        ends = bar.ends
    return scale_from_bar(ends, bar_um)


def _ends(text: str | None) -> Ends | None:
    """Read the four numbers of ``--line``.

    Raises
    ------
    typer.BadParameter
        If they are not four numbers with commas between them.
    """
    if text is None:
        return None
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError:
        x1 = y1 = x2 = y2 = math.nan
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        raise typer.BadParameter(
            f"{text!r} found; give two points in pixels such as 40,900,640,900", param_hint="--line"
        )
    return (x1, y1), (x2, y2)
