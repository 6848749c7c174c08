"""Named parameter sets: every number that a comparison depends on, with a hash.

The sets are data (`parameters.toml` for impressed marks, `striated.toml` for striated ones, `photographs.toml` for
photographs). Lengths are
micrometres and angles degrees, so that a set means the same on every microscope. A set is never changed once
released; a better one gets a new name.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ballistics.errors import SetError

Micrometres = Annotated[float, Field(gt=0, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Degrees = Annotated[float, Field(gt=0, le=180)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preparation(_Part):
    """From a scan to a relief: steep walls left out, form removed, band-pass, working pixel, clipped heights.

    ``steepest_deg`` is the steepest slope, to the plane of the mark, that is still part of it.
    """

    form: Literal["plane", "polynomial", "sphere"]
    degree: Annotated[int, Field(ge=0, le=6)] | None = None
    steepest_deg: Annotated[float, Field(gt=0, lt=90)] | None = None
    order: Literal[0, 1, 2]
    short_um: Micrometres
    long_um: Micrometres
    pixel_um: Micrometres
    clip: Annotated[float, Field(gt=0, le=100)]

    @model_validator(mode="after")
    def _fits_together(self) -> Preparation:
        if (self.degree is None) == (self.form == "polynomial"):
            raise ValueError("degree goes with the polynomial form, and only with it")
        if self.short_um >= self.long_um:
            raise ValueError("short_um must be below long_um")
        if self.short_um < 2 * self.pixel_um:
            raise ValueError("short_um must be at least two working pixels")
        return self


class Pose(_Part):
    """The search for the pose of the whole mark: all rotations, coarse to fine."""

    coarse_um: Micrometres
    fine_um: Micrometres
    range_deg: Degrees
    step_deg: Degrees
    candidates: Annotated[int, Field(ge=1, le=20)]
    min_overlap: Share


class Cells(_Part):
    """The grid of cells."""

    side_um: Micrometres
    min_fill: Share
    min_overlap: Share


class GlobalFirst(_Part):
    """Each cell looks for its best match near the place where the whole mark's pose puts it."""

    method: Literal["global-first"]
    window_um: Micrometres
    range_deg: Degrees
    step_deg: Degrees


class Exhaustive(_Part):
    """Each cell looks through its own region at every rotation, knowing of no pose."""

    method: Literal["exhaustive"]
    region: Annotated[float, Field(gt=1, le=10)]
    range_deg: Degrees
    step_deg: Degrees


class Rule(_Part):
    """One congruence rule with its thresholds.

    ``tau`` belongs to the High CMC rule alone.
    """

    kind: Literal["original", "high", "convergence", "consensus"]
    shift_um: Micrometres
    angle_deg: Degrees
    correlation: Share
    min_cells: Annotated[int, Field(ge=2, le=100)]
    tau: Annotated[int, Field(ge=0, le=10)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Rule:
        if (self.tau is None) == (self.kind == "high"):
            raise ValueError("tau goes with the high rule, and only with it")
        return self


class Damage(_Part):
    """Where the rows of a crosscut's band disagree so much that their median is no height of the mark.

    Half the distance between the quartiles of the rows is compared with the relief of the crosscut. A run of at
    least ``width_um`` where it exceeds ``edge`` times the relief is damaged if it exceeds ``spread`` times
    somewhere.
    """

    spread: Annotated[float, Field(gt=0, le=100)]
    edge: Annotated[float, Field(gt=0, le=100)]
    width_um: Micrometres

    @model_validator(mode="after")
    def _fits_together(self) -> Damage:
        if self.edge > self.spread:
            raise ValueError("edge must not exceed spread")
        return self


class Crosscut(_Part):
    """Where a striated mark is cut across: rows are averaged, turned along the striae, and the best band taken.

    ``coarse_um`` is the pixel at which tilt and band are looked for, ``row_um`` the height of an averaged row,
    ``band_um`` of the band of rows whose median is the crosscut, ``detrend_um`` the cut-off that leaves the
    striae for judging rows, ``steepest_deg`` the largest tilt.
    """

    coarse_um: Micrometres
    row_um: Micrometres
    band_um: Micrometres
    detrend_um: Micrometres
    steepest_deg: Annotated[float, Field(gt=0, le=30)]
    damage: Damage

    @model_validator(mode="after")
    def _fits_together(self) -> Crosscut:
        if self.row_um < self.coarse_um:
            raise ValueError("row_um must be at least coarse_um")
        return self


class Grooves(_Part):
    """The shoulders of a land: where the crosscut leaves a smooth curve by more than ``step_um``.

    Within ``margin_um`` of a shoulder nothing is used.
    """

    step_um: Micrometres
    margin_um: Micrometres


class Band(_Part):
    """From a crosscut to a signature: band-pass by regression of this order, sampling step, clipped heights.

    A signature shorter than ``shortest_um`` is none.
    """

    order: Literal[0, 1, 2]
    short_um: Micrometres
    long_um: Micrometres
    step_um: Micrometres
    clip: Annotated[float, Field(gt=0, le=100)]
    shortest_um: Micrometres


class Lags(_Part):
    """How two signatures are laid on each other.

    ``min_overlap`` is the least overlap as a share of the shorter one. ``stretch_percent`` is the largest stretch
    that is tried, either way, and ``stretch_steps`` the number of steps up to it; without them none is tried.
    """

    min_overlap: Share
    stretch_percent: Annotated[float, Field(gt=0, le=5)] | None = None
    stretch_steps: Annotated[int, Field(ge=1, le=20)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Lags:
        if (self.stretch_percent is None) != (self.stretch_steps is None):
            raise ValueError("stretch_percent and stretch_steps go together")
        return self


class _NamedSet(_Part):
    name: str
    mark: str
    source: str

    @property
    def values(self) -> dict[str, Any]:
        """The values alone, without name and source."""
        return self.model_dump(mode="json", exclude={"name", "source"}, exclude_none=True)

    @property
    def hash(self) -> str:
        """SHA-256 of the values; two sets that compute the same have the same hash."""
        text = json.dumps(self.values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class StriatedSet(_NamedSet):
    """Everything a comparison of striated marks depends on.

    Examples
    --------
    >>> striated_set("bullet-land-2026").band.long_um
    250.0
    """

    mark: Literal["bullet land", "aperture shear", "firing pin drag", "ejector mark", "extractor mark", "toolmark"]
    crosscut: Crosscut
    grooves: Grooves | None = None
    band: Band
    lags: Lags


class ParameterSet(_NamedSet):
    """Everything a comparison of impressed marks depends on.

    Examples
    --------
    >>> chosen = parameter_set("breech-face-2026")
    >>> chosen.mark, chosen.cells.side_um
    ('breech face', 400.0)
    >>> chosen.hash == chosen.model_copy(update={"name": "other"}).hash
    True
    """

    mark: Literal["breech face", "firing pin"]
    preparation: Preparation
    pose: Pose
    cells: Cells
    search: Annotated[GlobalFirst | Exhaustive, Field(discriminator="method")]
    rules: Mapping[str, Rule]
    score: str

    @model_validator(mode="after")
    def _scores_by_a_rule(self) -> ParameterSet:
        if self.score not in self.rules:
            raise ValueError(f"score names {self.score!r}, which is not among the rules {sorted(self.rules)}")
        return self

    def exhaustive(self) -> ParameterSet:
        """Return this set with the exhaustive search over -30 to 30 degrees, as the literature does it."""
        search = Exhaustive(method="exhaustive", region=3.0, range_deg=30.0, step_deg=3.0)
        return self.model_copy(update={"name": f"{self.name}+exhaustive", "search": search})


class Working(_Part):
    """The picture that is worked on: its pixel where the scale is known, else the mark's longer side in pixels.

    ``window_px`` is the standard deviation of the window in which brightness and contrast are made even.
    """

    pixel_um: Micrometres
    across_px: Annotated[int, Field(ge=64, le=4096)]
    window_px: Annotated[float, Field(ge=2, le=1000)]


class Keypoints(_Part):
    """What finds the keypoints, by its name, and how many of them are kept."""

    extractor: str
    points: Annotated[int, Field(ge=10, le=100_000)]


class Fit(_Part):
    """How keypoints are matched, how far a moved one may lie from its partner, how many a pose needs."""

    ratio: Annotated[float, Field(gt=0, le=1)]
    tolerance_px: Annotated[float, Field(gt=0, le=100)]
    least_support: Annotated[int, Field(ge=3, le=1000)]


class Turns(_Part):
    """The search over all rotations where keypoints find no pose.

    Pictures are reduced until the mark is ``across_px`` pixels across; a place where the correlation stands
    ``least_strength`` standard deviations above all others is checked.
    """

    step_deg: Annotated[float, Field(gt=0, le=30)]
    across_px: Annotated[int, Field(ge=32, le=112)]
    least_strength: Annotated[float, Field(ge=0, le=1000)]


class Dense(_Part):
    """The check of a pose on the pictures: their size, the local window as a share of it, when a place agrees."""

    across_px: Annotated[int, Field(ge=16, le=4096)]
    window: Annotated[float, Field(gt=0, le=1)]
    threshold: Annotated[float, Field(ge=-1, le=1)]
    min_overlap: Share


class PictureSet(_NamedSet):
    """Everything a comparison of photographs, or of scans as pictures, depends on.

    ``relief`` names the set of impressed marks under which a scan is prepared before it becomes a picture; its
    released values never change.

    Examples
    --------
    >>> picture_set("photo-breech-face-2026").keypoints.extractor
    'orb'
    """

    mark: Literal["breech face", "firing pin", "headstamp", "bullet"]
    working: Working
    keypoints: Keypoints
    fit: Fit
    turns: Turns
    dense: Dense
    relief: str


Set = TypeVar("Set", bound=_NamedSet)


@cache
def parameter_sets() -> Mapping[str, ParameterSet]:
    """Return all shipped sets for impressed marks by name; the first of each mark is its default."""
    return _load("parameters.toml", ParameterSet)


@cache
def striated_sets() -> Mapping[str, StriatedSet]:
    """Return all shipped sets for striated marks by name; the first of each mark is its default."""
    return _load("striated.toml", StriatedSet)


@cache
def picture_sets() -> Mapping[str, PictureSet]:
    """Return all shipped sets for photographs by name; the first of each mark is its default."""
    return _load("photographs.toml", PictureSet)


def parameter_set(name: str) -> ParameterSet:
    """Return the shipped set for impressed marks of this name.

    Raises
    ------
    SetError
        If there is none; the message lists those that exist.
    """
    return _named(parameter_sets(), name)


def striated_set(name: str) -> StriatedSet:
    """Return the shipped set for striated marks of this name.

    Raises
    ------
    SetError
        If there is none; the message lists those that exist.
    """
    return _named(striated_sets(), name)


def picture_set(name: str) -> PictureSet:
    """Return the shipped set for photographs of this name.

    Raises
    ------
    SetError
        If there is none; the message lists those that exist.
    """
    return _named(picture_sets(), name)


def default_set(mark: str) -> ParameterSet:
    """Return the set that is used for an impressed mark when none is named."""
    return _default(parameter_sets(), mark)


def default_striated_set(mark: str) -> StriatedSet:
    """Return the set that is used for a striated mark when none is named."""
    return _default(striated_sets(), mark)


def default_picture_set(mark: str) -> PictureSet:
    """Return the set that is used for a mark on photographs when none is named."""
    return _default(picture_sets(), mark)


def _load(file: str, model: type[Set]) -> dict[str, Set]:
    raw = tomllib.loads(files("ballistics").joinpath(file).read_text(encoding="utf-8"))
    complete: dict[str, dict[str, Any]] = {}
    for name, own in raw.items():
        based = complete[own.pop("extends")] if "extends" in own else {}
        complete[name] = {**based, **own}
    return {name: model.model_validate({"name": name, **values}) for name, values in complete.items()}


def _named(sets: Mapping[str, Set], name: str) -> Set:
    if name not in sets:
        raise SetError(f"No parameter set is called {name!r}. There are: {', '.join(sets)}.")
    return sets[name]


def _default(sets: Mapping[str, Set], mark: str) -> Set:
    for candidate in sets.values():
        if candidate.mark == mark:
            return candidate
    marks = dict.fromkeys(each.mark for each in sets.values())
    raise SetError(f"No parameter set for the mark {mark!r}. Marks with sets: {', '.join(marks)}.")
