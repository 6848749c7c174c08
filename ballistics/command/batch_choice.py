"""What `ballistics compare-all` compares, and with which parameter set: as asked, or as the scans show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ballistics.pair_list import Kind
    from ballistics.parameters import ParameterSet, PictureSet, StriatedSet


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
    HEADSTAMP = "headstamp"


AnyMark = Annotated[
    BatchMark | None,
    typer.Option(
        "--mark", help="What to compare; as the files show when left out: lands, bullets or breech faces."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchChoice:
    """The parameter set of a batch, and whether its exhibits are whole bullets or photographs."""

    parameters: ParameterSet | StriatedSet | PictureSet
    bullets: bool = False
    photographs: bool = False

    @property
    def kind(self) -> Kind:
        """What stands for an exhibit in a folder."""
        return "photographs" if self.photographs else "bullets" if self.bullets else "scans"


def choose_batch(
    source: Path,
    name: str | None,
    mark: BatchMark | None,
    *,
    exhaustive: bool,
    units: Literal["auto", "m", "mm", "um"],
) -> BatchChoice:
    """Return what a folder or list of files is compared with.

    Raises
    ------
    typer.BadParameter
        If there is no such set, it is for another mark or kind of file, or the exhaustive search was asked for
        where there are no cells.
    """
    from ballistics.command.options import find_set
    from ballistics.command.terminal import say
    from ballistics.parameters import ParameterSet, PictureSet, default_set, default_striated_set

    chosen = find_set(name, hint="--params") if name else None
    photographs = _shows_photographs(source)
    if photographs or isinstance(chosen, PictureSet):
        if exhaustive:
            raise typer.BadParameter("keypoints are not searched cell by cell", param_hint="--exhaustive")
        return _pictures(chosen, mark, photographs=photographs)
    if mark is None and (chosen is None or chosen.mark == "bullet land"):
        found = _shown(source, units)
        if chosen is None or found is BatchMark.BULLET:
            mark = found
        if found is not BatchMark.BREECH_FACE:
            say(f"Comparing every {'bullet' if mark is BatchMark.BULLET else 'land'}; --mark says otherwise.")
    if mark is BatchMark.HEADSTAMP:
        raise typer.BadParameter("the headstamp is compared on photographs only", param_hint="--mark")
    bullets = mark is BatchMark.BULLET
    wanted = BatchMark.BULLET_LAND if bullets else mark
    if chosen is None:
        assert wanted is not None
        impressed = wanted in (BatchMark.BREECH_FACE, BatchMark.FIRING_PIN)
        chosen = default_set(wanted) if impressed else default_striated_set(wanted)
    _refuse_other(chosen, wanted)
    if not exhaustive:
        return BatchChoice(parameters=chosen, bullets=bullets)
    if not isinstance(chosen, ParameterSet):
        raise typer.BadParameter("striated marks have no cells to search", param_hint="--exhaustive")
    return BatchChoice(parameters=chosen.exhaustive(), bullets=bullets)


def _pictures(
    chosen: ParameterSet | StriatedSet | PictureSet | None, mark: BatchMark | None, *, photographs: bool
) -> BatchChoice:
    """What photographs are compared with, or scans under a set for photographs."""
    from ballistics.command.terminal import say
    from ballistics.errors import SetError
    from ballistics.parameters import PictureSet, default_picture_set, picture_sets

    if chosen is None:
        try:
            chosen = default_picture_set((mark or BatchMark.BREECH_FACE).value)
        except SetError as error:
            raise typer.BadParameter(f"these are photographs. {error}", param_hint="--mark") from error
    if not isinstance(chosen, PictureSet):
        raise typer.BadParameter(
            f"these are photographs, and {chosen.name} is a set for scans; choose one of "
            f"{', '.join(picture_sets())}",
            param_hint="--params",
        )
    _refuse_other(chosen, mark)
    if photographs:
        say(f"Comparing photographs of the {chosen.mark} by keypoints.")
    return BatchChoice(parameters=chosen, photographs=photographs)


def _refuse_other(chosen: ParameterSet | StriatedSet | PictureSet, wanted: BatchMark | None) -> None:
    if wanted and chosen.mark != wanted:
        raise typer.BadParameter(
            f"{chosen.name} is a set for the {chosen.mark}, not for the {wanted.value}", param_hint="--mark"
        )


def _shows_photographs(source: Path) -> bool:
    """Whether a folder holds photographs and neither scans nor bullets, or a list begins and ends with one."""
    from ballistics.command.source_file import is_photograph
    from ballistics.errors import BallisticsError
    from ballistics.folders import bullets_in, photographs_in, scans_in
    from ballistics.pair_list import list_pairs
    from imaging.errors import ImagingError

    try:
        if source.is_dir():
            return not scans_in(source, below=True) and not bullets_in(source) and bool(photographs_in(source))
        pairs = list_pairs(source)
        return is_photograph(Path(pairs[0][0])) and is_photograph(Path(pairs[-1][1]))
    except (BallisticsError, ImagingError, OSError, ValueError):
        return False


def _shown(source: Path, units: Literal["auto", "m", "mm", "um"]) -> BatchMark:
    """What the first and the last scan of a folder or list show: lands, bullets of lands, or something else."""
    from ballistics.errors import BallisticsError
    from ballistics.folders import LIST_SUFFIX, bullets_in, scans_in
    from ballistics.pair_list import list_pairs
    from ballistics.striated.landset import files_of, shows_land
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
