"""Options that several commands share, and the parameter set that they choose."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ballistics.parameters import ParameterSet, PictureSet, StriatedSet


class MarkKind(StrEnum):
    """Marks that can be compared; headstamps and bullets on photographs only."""

    BREECH_FACE = "breech face"
    FIRING_PIN = "firing pin"
    HEADSTAMP = "headstamp"
    BULLET = "bullet"


class LengthUnit(StrEnum):
    """Units that a file may be written in."""

    AUTO = "auto"
    M = "m"
    MM = "mm"
    UM = "um"


class Axis(StrEnum):
    """Axes along which a scan can be mirrored."""

    X = "x"
    Y = "y"


def check_language(tag: str) -> str:
    """Return the tag of a language, or refuse it before any work is done.

    Raises
    ------
    typer.BadParameter
        If there is no such translation, or its file is broken.
    """
    from ballistics.errors import OptionError
    from ballistics.language import in_language

    try:
        with in_language(tag):
            return tag
    except OptionError as error:
        raise typer.BadParameter(str(error), param_hint="--language") from None


Scan = Annotated[Path, typer.Argument(metavar="FILE", help="A scan: X3P, SDF, AL3D or a vendor format.")]
ScanOrPhotograph = Annotated[
    Path, typer.Argument(metavar="FILE", help="A scan, or a photograph: PNG, TIFF, JPEG or BMP.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
SetName = Annotated[str | None, typer.Option("--params", metavar="NAME", help="Parameter set; see 'params list'.")]
Mark = Annotated[
    MarkKind | None,
    typer.Option(
        "--mark",
        help="Mark to compare; the breech face unless --params says otherwise. Headstamp, bullet: photographs.",
    ),
]
Exhaustive = Annotated[
    bool, typer.Option("--exhaustive", help="Search every cell by itself from -30 to 30 degrees.")
]
Units = Annotated[LengthUnit, typer.Option("--units", help="Unit that the file is written in.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="CODE", help="Accept a doubtful finding you have checked; may be repeated."),
]
Language = Annotated[
    str,
    typer.Option(
        "--language",
        metavar="TAG",
        callback=check_language,
        help="Language of the page, such as sq; tables, messages and JSON stay English.",
    ),
]
Picture = Annotated[Path | None, typer.Option(metavar="PICTURE.png", help="Write a picture to look at.")]
ReferenceMask = Annotated[
    Path | None, typer.Option(metavar="MASK.png", help="Mask of the reference, white on the mark.")
]
QuestionedMask = Annotated[
    Path | None, typer.Option(metavar="MASK.png", help="Mask of the questioned, white on the mark.")
]


def choose_set(
    name: str | None, mark: MarkKind | None, exhaustive: bool, *, hint: str = "--params"
) -> ParameterSet:
    """Return the set of this name, or the mark's default.

    Raises
    ------
    typer.BadParameter
        If there is no such set, or it is for another mark.
    """
    from ballistics.parameters import ParameterSet, default_set

    if mark in (MarkKind.HEADSTAMP, MarkKind.BULLET):
        raise typer.BadParameter(
            f"the {mark} is compared on photographs only; scans of bullets by compare-lands and compare-bullets",
            param_hint="--mark",
        )
    chosen = find_set(name, hint=hint) if name else default_set(mark or MarkKind.BREECH_FACE)
    if not isinstance(chosen, ParameterSet):
        raise typer.BadParameter(f"{name} is a set for the {chosen.mark} and knows no cells", param_hint=hint)
    if mark and chosen.mark != mark.value:
        raise typer.BadParameter(
            f"{chosen.name} is a set for the {chosen.mark}, not for the {mark}", param_hint="--mark"
        )
    return chosen.exhaustive() if exhaustive else chosen


def find_set(name: str, *, hint: str) -> ParameterSet | StriatedSet | PictureSet:
    """Return the set of this name, for whatever mark.

    Raises
    ------
    typer.BadParameter
        If there is no such set; the message lists those that exist.
    """
    from ballistics.parameters import parameter_sets, picture_sets, striated_sets

    sets: dict[str, ParameterSet | StriatedSet | PictureSet] = {
        **parameter_sets(),
        **striated_sets(),
        **picture_sets(),
    }
    if name not in sets:
        raise typer.BadParameter(
            f"No parameter set is called {name!r}. There are: {', '.join(sets)}.", param_hint=hint
        )
    return sets[name]
