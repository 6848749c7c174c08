"""Options of the commands for striated marks, and the parameter set that they choose."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ballistics.parameters import StriatedSet
    from ballistics.striated.reading import ByHand
    from imaging.surface import Surface


class StriatedKind(StrEnum):
    """Striated marks that can be compared."""

    BULLET_LAND = "bullet land"
    APERTURE_SHEAR = "aperture shear"
    FIRING_PIN_DRAG = "firing pin drag"
    EJECTOR_MARK = "ejector mark"
    EXTRACTOR_MARK = "extractor mark"
    TOOLMARK = "toolmark"


Page = Annotated[Path | None, typer.Option(metavar="PAGE.html", help="Write a page with pictures.")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page (.html), or a statement for court as .pdf or .docx."),
]
Template = Annotated[
    Path | None, typer.Option(metavar="LAB.docx", help="Word template of the laboratory, for a report in .docx.")
]
StriatedMark = Annotated[
    StriatedKind | None,
    typer.Option("--mark", help="Kind of mark; a bullet land unless --params says otherwise."),
]
Mirror = Annotated[
    bool, typer.Option("--mirror", help="Mirror the questioned scans first; see the warnings of a comparison.")
]
Lands = Annotated[
    int | None, typer.Option("--lands", metavar="N", help="Lands of each bullet, missing ones included.")
]
Row = Annotated[
    float | None, typer.Option("--row", metavar="UM", help="Where to cut across, in µm along the striae.")
]
Shoulders = Annotated[
    str | None, typer.Option("--shoulders", metavar="L,R", help="Ends of the land on the crosscut, in µm.")
]
Mask = Annotated[Path | None, typer.Option(metavar="MASK.png", help="Mask of the scan, white on what to use.")]
RowA = Annotated[
    float | None, typer.Option(metavar="UM", help="Where to cut the reference across, in µm along its striae.")
]
RowB = Annotated[
    float | None, typer.Option(metavar="UM", help="Where to cut the questioned across, in µm along its striae.")
]
ShouldersA = Annotated[
    str | None, typer.Option(metavar="L,R", help="Ends of the land on the reference's crosscut, in µm.")
]
ShouldersB = Annotated[
    str | None, typer.Option(metavar="L,R", help="Ends of the land on the questioned's crosscut, in µm.")
]


def choose_striated_set(
    name: str | None, mark: StriatedKind | None, *, only: StriatedKind | None = None
) -> StriatedSet:
    """Return the set of this name, or the mark's default.

    Raises
    ------
    typer.BadParameter
        If there is no such set, or it is for another mark than the one asked for, or the ``only`` one possible.
    """
    from ballistics.errors import SetError
    from ballistics.parameters import default_striated_set, striated_set

    wanted = only or mark
    try:
        chosen = striated_set(name) if name else default_striated_set(wanted or StriatedKind.BULLET_LAND)
    except SetError as error:
        raise typer.BadParameter(str(error), param_hint="--params") from error
    if wanted and chosen.mark != wanted:
        raise typer.BadParameter(
            f"{chosen.name} is a set for the {chosen.mark}, not for the {wanted.value}", param_hint="--params"
        )
    return chosen


def set_by_hand(
    scan: Surface, *, row: float | None, shoulders: str | None, mask: Path | None, side: str = ""
) -> ByHand:
    """Read what a person set for one scan; ``side`` is the end of the options' names, such as ``-a``.

    Raises
    ------
    typer.BadParameter
        If the shoulders are not two rising numbers with a comma between them.
    OptionError
        If the mask cannot be read or has another size than the scan.
    """
    from ballistics.segment import read_mask
    from ballistics.striated.reading import ByHand

    return ByHand(
        row_um=row,
        shoulders_um=_two_places(shoulders, f"--shoulders{side}"),
        mask=read_mask(mask, scan) if mask else None,
    )


def _two_places(text: str | None, option: str) -> tuple[float, float] | None:
    """Read the two numbers of an option such as ``--shoulders``.

    Raises
    ------
    typer.BadParameter
        If they are not two rising numbers with a comma between them.
    """
    if text is None:
        return None
    try:
        left, right = (float(part) for part in text.split(","))
    except ValueError:
        left, right = 0.0, 0.0
    if not 0 <= left < right < float("inf"):
        raise typer.BadParameter(
            f"{text!r} found; give two rising places in µm such as 210,2250", param_hint=option
        )
    return left, right
