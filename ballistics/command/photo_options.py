"""Options of the commands that take photographs: scale, light, method, and the parameter set that they choose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ballistics.command.options import MarkKind, find_set

if TYPE_CHECKING:
    from ballistics.parameters import PictureSet
    from imaging.photo import Light


class Method(StrEnum):
    """How impressed marks can be compared."""

    CELLS = "cells"
    KEYPOINTS = "keypoints"


class LightKind(StrEnum):
    """How a photograph was lit."""

    RING = "ring"
    SIDE = "side"
    UNKNOWN = "unknown"


HowToCompare = Annotated[
    Method | None,
    typer.Option(
        "--method",
        help="By cells (scans) or keypoints (photographs, scans, one of each); as the files ask when left out.",
    ),
]
PixelUm = Annotated[
    float | None, typer.Option("--pixel-um", metavar="UM", help="Side of a pixel in µm, for every photograph.")
]
PixelUmA = Annotated[
    float | None, typer.Option("--pixel-um-a", metavar="UM", help="Side of a pixel of the reference in µm.")
]
PixelUmB = Annotated[
    float | None, typer.Option("--pixel-um-b", metavar="UM", help="Side of a pixel of the questioned in µm.")
]
LightOption = Annotated[LightKind | None, typer.Option("--light", help="How the photographs were lit.")]
LampA = Annotated[
    float | None,
    typer.Option("--lamp-a", metavar="DEG", help="Side light of the reference: degrees clockwise from the top."),
]
LampB = Annotated[
    float | None,
    typer.Option("--lamp-b", metavar="DEG", help="Side light of the questioned: degrees clockwise from the top."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person said about one photograph; ``own`` holds the options that mean this one alone."""

    pixel_um: float | None = None
    kind: LightKind | None = None
    azimuth_deg: float | None = None
    own: tuple[str, ...] = ()

    @property
    def light(self) -> Light:
        """How the photograph was lit."""
        from imaging.photo import Light

        return Light(kind=(self.kind or LightKind.UNKNOWN).value, azimuth_deg=self.azimuth_deg)


def tell(
    pixel_um: float | None,
    both_um: tuple[float | None, float | None],
    light: LightKind | None,
    lamps: tuple[float | None, float | None],
) -> tuple[Told, Told]:
    """Sort out what was said about the reference and about the questioned photograph.

    Raises
    ------
    typer.BadParameter
        If a lamp is given for a light that comes from no side.
    """
    sides = []
    for letter, own_um, lamp in zip("ab", both_um, lamps, strict=True):
        if lamp is not None and light not in (None, LightKind.SIDE):
            raise typer.BadParameter(
                f"only a side light comes from somewhere, and --light says {light}", param_hint=f"--lamp-{letter}"
            )
        options = (("--pixel-um-", own_um), ("--lamp-", lamp))
        sides.append(
            Told(
                pixel_um=pixel_um if own_um is None else own_um,
                kind=light if lamp is None else LightKind.SIDE,
                azimuth_deg=lamp,
                own=tuple(f"{name}{letter}" for name, value in options if value is not None),
            )
        )
    return sides[0], sides[1]


def refuse_for_scans(told: tuple[Told, Told], photographs: tuple[bool, bool]) -> None:
    """Refuse what was said about a photograph where there is a scan.

    Raises
    ------
    typer.BadParameter
        If there is such an option.
    """
    for each, is_photograph in zip(told, photographs, strict=True):
        if each.own and not is_photograph:
            raise typer.BadParameter(
                "this file is a scan, which has its own scale and no lamp", param_hint=each.own[0]
            )
    for option, value in (("--pixel-um", told[0].pixel_um), ("--light", told[0].kind)):
        if value is not None and not any(photographs):
            raise typer.BadParameter(
                "both files are scans, which have their own scale and no lamp", param_hint=option
            )


def choose_picture_set(name: str | None, mark: MarkKind | None) -> PictureSet:
    """Return the set for photographs of this name, or the mark's default.

    Raises
    ------
    typer.BadParameter
        If there is no such set, or it is for something else.
    """
    from ballistics.parameters import PictureSet, default_picture_set, picture_sets

    if name is None:
        return default_picture_set((mark or MarkKind.BREECH_FACE).value)
    chosen = find_set(name, hint="--params")
    if not isinstance(chosen, PictureSet):
        raise typer.BadParameter(
            f"{name} is no set for keypoints; choose one of {', '.join(picture_sets())}", param_hint="--params"
        )
    if mark and chosen.mark != mark:
        raise typer.BadParameter(
            f"{chosen.name} is a set for the {chosen.mark}, not for the {mark.value}", param_hint="--mark"
        )
    return chosen


def names_picture_set(name: str | None) -> bool:
    """Whether a parameter set is one for photographs."""
    from ballistics.parameters import picture_sets

    return name in picture_sets()
