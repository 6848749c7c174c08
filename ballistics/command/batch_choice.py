"""What `ballistics compare-all` compares, and with which parameter set: as asked, or as the scans show."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ballistics.parameters import ParameterSet, StriatedSet


class BatchMark(StrEnum):
    """What a batch can compare."""

    BREECH_FACE = "breech face"
    FIRING_PIN = "firing pin"
    BULLET_LAND = "bullet land"
    APERTURE_SHEAR = "aperture shear"
    FIRING_PIN_DRAG = "firing pin drag"
    EJECTOR_MARK = "ejector mark"
    EXTRACTOR_MARK = "extractor mark"
    TOOLMARK = "toolmark"
    BULLET = "bullet"


AnyMark = Annotated[
    BatchMark | None,
    typer.Option(
        "--mark", help="What to compare; as the scans show when left out: lands, bullets or breech faces."
    ),
]


def choose_batch(
    source: Path,
    name: str | None,
    mark: BatchMark | None,
    *,
    exhaustive: bool,
    units: Literal["auto", "m", "mm", "um"],
) -> tuple[ParameterSet | StriatedSet, bool]:
    """Return the parameter set, and whether whole bullets are compared.

    Raises
    ------
    typer.BadParameter
        If there is no such set, it is for another mark, or the exhaustive search was asked for striated marks.
    """
    from ballistics.command.options import find_set
    from ballistics.command.terminal import say
    from ballistics.parameters import ParameterSet, default_set, default_striated_set

    chosen = find_set(name, hint="--params") if name else None
    if mark is None and (chosen is None or chosen.mark == "bullet land"):
        found = _shown(source, units)
        if chosen is None or found is BatchMark.BULLET:
            mark = found
        if found is not BatchMark.BREECH_FACE:
            say(f"Comparing every {'bullet' if mark is BatchMark.BULLET else 'land'}; --mark says otherwise.")
    bullets = mark is BatchMark.BULLET
    wanted = BatchMark.BULLET_LAND if bullets else mark
    if chosen is None:
        assert wanted is not None
        impressed = wanted in (BatchMark.BREECH_FACE, BatchMark.FIRING_PIN)
        chosen = default_set(wanted) if impressed else default_striated_set(wanted)
    if wanted and chosen.mark != wanted:
        raise typer.BadParameter(
            f"{chosen.name} is a set for the {chosen.mark}, not for the {wanted.value}", param_hint="--mark"
        )
    if not exhaustive:
        return chosen, bullets
    if not isinstance(chosen, ParameterSet):
        raise typer.BadParameter("striated marks have no cells to search", param_hint="--exhaustive")
    return chosen.exhaustive(), bullets


def _shown(source: Path, units: Literal["auto", "m", "mm", "um"]) -> BatchMark:
    """What the first and the last scan of a folder or list show: lands, bullets of lands, or something else."""
    from ballistics.errors import BallisticsError
    from ballistics.folders import LIST_SUFFIX, bullets_in, scans_in
    from ballistics.landset import files_of, shows_land
    from ballistics.pair_list import list_pairs
    from imaging.errors import ImagingError
    from imaging.files import open_surface

    try:
        if source.is_dir():
            places = scans_in(source) or bullets_in(source) or scans_in(source, below=True)
        else:
            pairs = list_pairs(source)
            places = [Path(pairs[0][0]), Path(pairs[-1][1])]
        if len(places) < 2:
            return BatchMark.BREECH_FACE
        ends = [places[0], places[-1]]
        bullets = all(each.is_dir() or each.suffix.lower() == LIST_SUFFIX for each in ends)
        scans = [files_of(each)[-1] for each in ends] if bullets else ends
        if not all(shows_land(open_surface(scan, units=units)) for scan in scans):
            return BatchMark.BREECH_FACE
    except (BallisticsError, ImagingError, OSError):
        return BatchMark.BREECH_FACE
    return BatchMark.BULLET if bullets else BatchMark.BULLET_LAND
