"""The commands for one file, a scan or a photograph: what it holds, its mark, and the same as X3P."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballistics.command.exits import ExitCode
from ballistics.command.options import (
    AsJson,
    Axis,
    Force,
    LengthUnit,
    MarkKind,
    Picture,
    Scan,
    ScanOrPhotograph,
    Units,
)

if TYPE_CHECKING:
    from ballistics.photographs.region import PhotoRegion
    from ballistics.segment import Segmentation
    from imaging.photo import Photo
    from imaging.surface import Surface


def show(
    file: ScanOrPhotograph,
    out: Picture = None,
    as_json: AsJson = False,
    units: Units = LengthUnit.AUTO,
    force: Force = False,
) -> None:
    """Show what a file holds and what the reader noticed; exit code 3 if the file is in doubt."""
    from ballistics.command.photo_facts import photo_facts
    from ballistics.command.photo_options import Told
    from ballistics.command.scan_facts import scan_facts
    from ballistics.command.source_file import read_source
    from ballistics.command.terminal import put_json, put_table, say, working
    from ballistics.output import check_output, write_output
    from ballistics.page.figures import scan_picture
    from ballistics.page.picture_drawings import photo_picture
    from imaging.photo import Photo
    from imaging.render import encode_png

    if out:
        check_output(out, overwrite=force, inputs=(file,))
    with working(f"Reading {file.name}"):
        source = read_source(file, Told(), units)
        facts = photo_facts(source) if isinstance(source, Photo) else scan_facts(source)
        if out:
            picture = photo_picture(source) if isinstance(source, Photo) else scan_picture(source)
            write_output(out, encode_png(picture), overwrite=force)
    if as_json:
        put_json(facts.model_dump_json(indent=1))
    else:
        rows = [
            ("File", facts.path),
            ("SHA-256", facts.sha256),
            ("Format", f"{facts.format}, read by {facts.reader}"),
            *_content_rows(source),
            *((f"Finding ({each.severity})", f"{each.code}: {each.message}") for each in facts.findings),
            *facts.metadata.items(),
            *(("Step", step) for step in facts.steps),
        ]
        if not isinstance(source, Photo):
            rows += [("Attachment", name) for name in sorted(source.attachments)]
        put_table((), rows)
    if out:
        say(f"Picture: {out}")
    if source.provenance.doubts:
        say("The file is in doubt: " + ", ".join(finding.code for finding in source.provenance.doubts))
        raise typer.Exit(ExitCode.PROBLEMS)


def _content_rows(source: Photo | Surface) -> list[tuple[str, str]]:
    import numpy as np

    from ballistics.photographs.summary import size_text
    from ballistics.summary import grid_text
    from imaging.photo import Photo

    if isinstance(source, Photo):
        kind = "colour" if source.is_colour else "grey"
        return [("Size", size_text(source)), ("Pixels", f"{kind}, {8 * source.pixels.itemsize} bits")]
    height_um = float(np.nanmax(source.heights) - np.nanmin(source.heights)) * 1e6
    return [
        ("Grid", grid_text(source)),
        ("Measured", f"{source.coverage:.1%} of the points"),
        ("Heights", f"over {height_um:.4g} µm"),
    ]


def convert(
    file: Scan,
    out: Annotated[Path, typer.Argument(metavar="OUT.x3p", help="The new file.")],
    flip: Annotated[Axis | None, typer.Option(help="Mirror: x swaps left and right, y top and bottom.")] = None,
    rotate: Annotated[float, typer.Option(metavar="DEGREES", help="Turn clockwise, after a flip.")] = 0.0,
    units: Units = LengthUnit.AUTO,
    force: Force = False,
) -> None:
    """Write a scan as an X3P file that follows the standard."""
    from ballistics.command.terminal import say, working
    from ballistics.errors import OutputError
    from ballistics.output import check_output
    from imaging.errors import FileError
    from imaging.files import open_surface, write_x3p
    from imaging.resample import flip as flip_surface
    from imaging.resample import rotate as rotate_surface

    if out.suffix.lower() != ".x3p":
        raise typer.BadParameter("the new file is written as X3P; let its name end in .x3p", param_hint="OUT.x3p")
    check_output(out, overwrite=force, inputs=(file,))
    with working(f"Converting {file.name}"):
        scan = open_surface(file, units=units.value)
        if flip:
            scan = flip_surface(scan, flip.value)
        if rotate % 360:
            scan = rotate_surface(scan, rotate, expand=True)
        try:
            write_x3p(scan, out, overwrite=force)
        except FileError as error:
            raise OutputError(str(error)) from error
    for doubt in scan.provenance.doubts:
        say(f"Doubt kept in the new file: {doubt.code}: {doubt.message}")
    say(f"Written: {out}")


def segment(
    file: ScanOrPhotograph,
    out: Annotated[Path, typer.Option(metavar="MASK.png", help="The mask, to correct and give back.")],
    mark: Annotated[
        MarkKind, typer.Option(help="Which mark to find; headstamp and bullet on photographs.")
    ] = MarkKind.BREECH_FACE,
    picture: Picture = None,
    as_json: AsJson = False,
    units: Units = LengthUnit.AUTO,
    force: Force = False,
) -> None:
    """Find the mark in a raw scan or a photograph and write its mask."""
    import numpy as np

    from ballistics.command.photo_options import Told
    from ballistics.command.source_file import read_source
    from ballistics.command.terminal import put_json, put_table, say, working
    from ballistics.output import check_output, write_output
    from ballistics.page.figures import scan_picture
    from ballistics.page.picture_drawings import photo_picture
    from ballistics.photographs.region import PhotoRegion, find_region
    from ballistics.segment import segment as find_mark
    from imaging.photo import Photo
    from imaging.render import encode_png

    if picture and picture.resolve() == out.resolve():
        raise typer.BadParameter("the picture needs another name than the mask", param_hint="--picture")
    for path in (out, picture):
        if path:
            check_output(path, overwrite=force, inputs=(file,))
    with working(f"Looking for the {mark.value}"):
        source = read_source(file, Told(), units)
        found = find_region(source, mark.value) if isinstance(source, Photo) else find_mark(source, mark.value)
        write_output(out, encode_png(np.where(found.mask, np.uint8(255), np.uint8(0))), overwrite=force)
        if picture:
            drawn = (
                photo_picture(found.photo, found)
                if isinstance(found, PhotoRegion)
                else scan_picture(found.scan, found)
            )
            write_output(picture, encode_png(drawn), overwrite=force)
    facts, rows = _found_in_photograph(found) if isinstance(found, PhotoRegion) else _found_in_scan(found)
    if as_json:
        put_json(json.dumps({"mark": mark.value, "how": found.how, **facts, "notes": found.notes}, indent=1))
    else:
        put_table((), [("Mark", mark.value), ("How", found.how), *rows])
    for note in found.notes:
        say(f"Note: {note}")
    say(f"Mask: {out}")


def _found_in_scan(found: Segmentation) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    circles = {
        name: {"x_um": circle.x * 1e6, "y_um": circle.y * 1e6, "radius_um": circle.radius * 1e6}
        for name, circle in found.circles.items()
    }
    rows = [
        (name.capitalize(), "radius {radius_um:.0f} µm about x {x_um:.0f}, y {y_um:.0f} µm".format(**circle))
        for name, circle in circles.items()
    ]
    return {"area_mm2": found.area_mm2, "circles": circles}, [("Area", f"{found.area_mm2:.2f} mm²"), *rows]


def _found_in_photograph(found: PhotoRegion) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    circles = {
        name: {"x_px": circle.x, "y_px": circle.y, "radius_px": circle.radius}
        for name, circle in found.circles.items()
    }
    rows = [
        (name.capitalize(), "radius {radius_px:.0f} pixels about x {x_px:.0f}, y {y_px:.0f}".format(**circle))
        for name, circle in circles.items()
    ]
    share = float(found.mask.mean())
    return {"share": share, "circles": circles}, [("Area", f"{share:.0%} of the picture"), *rows]


def add_commands(app: typer.Typer) -> None:
    """Add the commands for one file to the command line."""
    for command in (show, convert, segment):
        app.command()(command)
