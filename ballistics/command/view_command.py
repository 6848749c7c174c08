"""The command ``view``: two scans or photographs on the page of the comparison microscope."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ballistics.command.compare_command import IN_QUESTION, KNOWN
from ballistics.command.options import (
    Accept,
    Force,
    Language,
    LengthUnit,
    Mark,
    QuestionedMask,
    ReferenceMask,
    SetName,
    Units,
    choose_set,
)
from ballistics.command.photo_options import (
    HowToCompare,
    LampA,
    LampB,
    LightOption,
    Method,
    PixelUm,
    PixelUmA,
    PixelUmB,
    choose_picture_set,
    names_picture_set,
    refuse_for_scans,
    tell,
)
from ballistics.language import Message, in_language

if TYPE_CHECKING:
    from collections.abc import Collection

    from ballistics.parameters import ParameterSet
    from imaging.photo import Photo
    from imaging.surface import Surface

    Sources = tuple[Photo | Surface, Photo | Surface]

MIXED = Message(
    "not aligned: a scan and a photograph are aligned only with --method keypoints, which is experimental"
)
LANDS = Message("not aligned: both scans show lands, which compare-lands aligns; move the questioned one by hand")


def view(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help=KNOWN)],
    questioned: Annotated[Path, typer.Argument(metavar="QUESTIONED", help=IN_QUESTION)],
    out: Annotated[Path, typer.Option(metavar="PAGE.html", help="The page.")] = Path("view.html"),
    no_align: Annotated[bool, typer.Option("--no-align", help="Lay middle on middle; compare nothing.")] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    method: HowToCompare = None,
    params: SetName = None,
    mark: Mark = None,
    mask_a: ReferenceMask = None,
    mask_b: QuestionedMask = None,
    pixel_um: PixelUm = None,
    pixel_um_a: PixelUmA = None,
    pixel_um_b: PixelUmB = None,
    light: LightOption = None,
    lamp_a: LampA = None,
    lamp_b: LampB = None,
    units: Units = LengthUnit.AUTO,
    accept: Accept = None,
    language: Language = "en",
    force: Force = False,
) -> None:
    """Show two scans or photographs as a comparison microscope does, in one page."""
    import webbrowser

    from ballistics.command.picture_pair import compare_sources
    from ballistics.command.source_file import is_photograph, read_source
    from ballistics.command.terminal import put, say, working
    from ballistics.output import check_output, write_output
    from ballistics.photographs.pair import PictureComparison
    from ballistics.photographs.view import picture_view

    files, masks = (reference, questioned), (mask_a, mask_b)
    told = tell(pixel_um, (pixel_um_a, pixel_um_b), light, (lamp_a, lamp_b))
    photographs = (is_photograph(reference), is_photograph(questioned))
    refuse_for_scans(told, photographs)
    if all(photographs) and method is Method.CELLS:
        raise typer.BadParameter("photographs have no heights to cut into cells", param_hint="--method")
    by_keypoints = (
        all(photographs)
        or method is Method.KEYPOINTS
        or (not any(photographs) and method is None and names_picture_set(params))
    )
    check_output(out, overwrite=force, inputs=tuple(path for path in (*files, *masks) if path))
    pictures = choose_picture_set(params, mark) if by_keypoints else None
    cells = None if by_keypoints or any(photographs) else choose_set(params, mark, exhaustive=False)
    with working(f"Reading {reference.name}") as now, in_language(language):
        first, second = (read_source(path, each, units) for path, each in zip(files, told, strict=True))
        reason = ""
        if no_align:
            page = _side_by_side((first, second), masks)
        elif pictures:
            now("Comparing")
            result = compare_sources(first, second, pictures, masks=masks, accept=accept or ())
            if isinstance(result, PictureComparison):
                reason = "" if result.agreement else Message("not aligned: no pose was found")
                page = picture_view(result, shown=(first, second))
            else:
                reason = Message("not aligned: {reason}", reason=result.reason)
                page = _side_by_side((first, second), masks, reason)
        elif cells:
            now("Comparing")
            page, reason = _scans(
                (first, second), masks, cells, accept or (), free=params is None and mark is None
            )
        else:
            reason = MIXED
            page = _side_by_side((first, second), masks, reason)
        write_output(out, page.encode("utf-8", "replace"), overwrite=force)
    if reason:
        say(f"Note: {reason}")
    put(str(out))
    if open_page:
        webbrowser.open(out.resolve().as_uri())


def _scans(
    sources: Sources,
    masks: tuple[Path | None, Path | None],
    parameters: ParameterSet,
    accept: Collection[str],
    *,
    free: bool,
) -> tuple[str, str]:
    """The page for two scans, aligned by their cells, and why it is not aligned if it is not."""
    from ballistics.compare import Comparison, compare
    from ballistics.microscope import comparison_view
    from ballistics.segment import read_mask
    from ballistics.striated.landset import shows_land
    from imaging.surface import Surface

    first, second = sources
    assert isinstance(first, Surface)
    assert isinstance(second, Surface)
    if free and shows_land(first) and shows_land(second):
        return _side_by_side(sources, masks, LANDS), LANDS
    keep = [read_mask(mask, scan) if mask else None for mask, scan in zip(masks, (first, second), strict=True)]
    result = compare(first, second, parameters, mask_reference=keep[0], mask_questioned=keep[1], accept=accept)
    if isinstance(result, Comparison):
        return comparison_view(result), ""
    reason = Message("not aligned: {reason}", reason=result.reason)
    return _side_by_side(sources, masks, reason), reason


def _side_by_side(sources: Sources, masks: tuple[Path | None, Path | None], *notes: str) -> str:
    """The page without a pose; it opens on the masks of scans where they are given."""
    from ballistics.microscope import microscope_page
    from ballistics.photographs.view import source_side
    from ballistics.segment import read_mask

    left, right = (
        source_side(source, area=read_mask(mask, source) if mask else None)
        for source, mask in zip(sources, masks, strict=True)
    )
    return microscope_page(left, right, notes=notes)
