"""Scans of land engraved areas of fired bullets, with grooves, tilt and signature known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Self

import cv2
import numpy as np

from imaging.surface import Provenance, Surface
from imaging.synthetic.canvas import Float32Array, require
from imaging.synthetic.striae import (
    LONGEST_MARK_UM,
    STEEPEST_TILT_DEG,
    Profile,
    StriaeTruth,
    across,
    as_scanned,
    axes,
    fine_texture,
    independent_profiles,
    mixed,
    sampled,
    specks,
    striae,
)

SIZE_UM = (2367.0, 659.0)
NARROWEST_GROOVES_UM = 200.0
GROOVE_STRIAE = 3.0
GROOVE_TEXTURE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngravedLand:
    """What a land engraved area looks like.

    Parameters
    ----------
    width_um : float
        Mean distance between the groove shoulders, 300 to 3500; each scan differs a little.
    radius_um : float
        Radius of the bullet, 2500 to 20000.
    shoulder_um : float
        Mean height of the groove shoulders above the land, 0 to 200; each side differs.
    rms_um : float
        Root mean square of the striae, 0 to 20; real ones lie between 0.5 and 1.4.
    texture_um : float
        Root mean square of the relief that differs from crosscut to crosscut, 0 to 5.
    waviness_um : float
        Root mean square of the land's departure from a cylinder in waves above 300 um, 0 to 20.
    smooth : float
        Depth of the patch at the nose side that the barrel did not engrave, as a share of the scan's length,
        0 (none) to 0.9.
    burr_um : float
        Height of the burr along the base edge, 0 (the scan ends before the edge) to 50.
    pits, scratches : int
        How many pits or grains of dirt, and how many scratches across the striae, 0 to 1000.
    missing : float
        Share of points that are missing in specks, 0 to 0.9, beside those on steep walls.
    steepest_deg : float
        Points on steeper walls are missing, 0 to 90.
    noise_um : float
        Standard deviation of the noise of each point, 0 to 10.
    """

    width_um: float = 2000.0
    radius_um: float = 4000.0
    shoulder_um: float = 45.0
    rms_um: float = 1.2
    texture_um: float = 0.25
    waviness_um: float = 1.0
    smooth: float = 0.35
    burr_um: float = 10.0
    pits: int = 40
    scratches: int = 1
    missing: float = 0.001
    steepest_deg: float = 55.0
    noise_um: float = 0.05

    def __post_init__(self) -> None:
        for name, lowest, highest in (
            ("width_um", 300.0, 3500.0),
            ("radius_um", 2500.0, 20000.0),
            ("shoulder_um", 0.0, 200.0),
            ("rms_um", 0.0, 20.0),
            ("texture_um", 0.0, 5.0),
            ("waviness_um", 0.0, 20.0),
            ("smooth", 0.0, 0.9),
            ("burr_um", 0.0, 50.0),
            ("pits", 0, 1000),
            ("scratches", 0, 1000),
            ("missing", 0.0, 0.9),
            ("steepest_deg", 0.0, 90.0),
            ("noise_um", 0.0, 10.0),
        ):
            require(name, getattr(self, name), lowest, highest)


ENGRAVED_LAND = EngravedLand()
CLEAN_LAND = EngravedLand(
    texture_um=0.0,
    waviness_um=0.0,
    smooth=0.0,
    burr_um=0.0,
    pits=0,
    scratches=0,
    missing=0.0,
    steepest_deg=90.0,
    noise_um=0.0,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandTruth(StriaeTruth):
    """What was planted in the scan of a land; see `StriaeTruth`.

    Parameters
    ----------
    left_um, right_um : float
        Places of the shoulders along the middle crosscut, where the land ends and the wall begins to rise.
    """

    left_um: float
    right_um: float

    def mirror(self) -> Self:
        """Return the truth about the scan with its crosscuts reversed."""
        left_um, right_um = self.length_um - self.right_um, self.length_um - self.left_um
        return replace(super(LandTruth, self).mirror(), left_um=left_um, right_um=right_um)


def land(
    rng: np.random.Generator,
    *,
    barrel: np.random.Generator | None = None,
    correlation: float = 0.8,
    style: EngravedLand = ENGRAVED_LAND,
    tilt_deg: float = 5.0,
    mirrored: bool = False,
    transposed: bool = False,
    shape: tuple[int, int] | None = None,
    pixel_um: float = 1.5625,
) -> tuple[Surface, LandTruth]:
    """Return the scan of a land engraved area, nose upwards, and where its parts lie.

    Parameters
    ----------
    rng : Generator
        Draws what belongs to this scan: its own relief, its place on the grid, shoulders, damage, noise.
    barrel : Generator, optional
        Draws the barrel's land. Scans show one land of one barrel if their ``barrel`` starts in the same
        state. Left out, ``rng`` draws a new one.
    correlation : float
        Share of the barrel in the striae, 0 to 1, and so the expected Pearson correlation of two scans' striae.
    style : EngravedLand
        What the land looks like; `CLEAN_LAND` has form, shoulders and striae alone.
    tilt_deg : float
        Angle of striae and shoulders, -12 to 12, see `StriaeTruth`.
    mirrored, transposed : bool
        Whether the scan comes with its crosscuts reversed, and with rows and columns swapped after that.
    shape : tuple of int, optional
        Rows and columns before the scan is transposed; those of a field of 2367 x 659 um when left out.
    pixel_um : float
        Spacing of the points in micrometres, 0.5 to 50; the relief stays the same. Above 4 um the finest
        waves are sampled too coarsely.

    Returns
    -------
    surface : Surface
        Heights in metres, float32.
    truth : LandTruth

    Raises
    ------
    ParameterError
        If an option is out of its range, or the land is wider than the scan.

    Notes
    -----
    Form, shoulders and striae follow public scans of the Hamby sets 44 and 252. The striae lie within 8 to
    250 um and repeat after 4.1 mm; beyond the shoulders they go on, three times as high, as the groove's.

    Examples
    --------
    >>> import numpy as np
    >>> scan, truth = land(np.random.default_rng(1), barrel=np.random.default_rng(9))
    >>> scan.shape, truth.tilt_deg, bool(truth.left_um < truth.right_um)
    ((422, 1515), 5.0, True)
    """
    require("correlation", correlation, 0.0, 1.0)
    common, own = independent_profiles(
        [striae(rng if barrel is None else barrel), striae(rng)], style.width_um / 2 * 1e-6
    )
    return engraved(
        rng,
        mixed(common, own, correlation),
        style=style,
        tilt_deg=tilt_deg,
        mirrored=mirrored,
        transposed=transposed,
        shape=shape,
        pixel_um=pixel_um,
    )


def engraved(
    rng: np.random.Generator,
    relief: Profile,
    *,
    style: EngravedLand,
    tilt_deg: float,
    mirrored: bool = False,
    transposed: bool = False,
    shape: tuple[int, int] | None = None,
    pixel_um: float = 1.5625,
) -> tuple[Surface, LandTruth]:
    """Return the scan of a land with a given relief of unit variance; the options are those of `land`."""
    require("tilt_deg", tilt_deg, -STEEPEST_TILT_DEG, STEEPEST_TILT_DEG)
    require("pixel_um", pixel_um, 0.5, 50.0)
    ny, nx = shape or (round(SIZE_UM[1] / pixel_um), round(SIZE_UM[0] / pixel_um))
    require("the width of the scan in um", nx * pixel_um, style.width_um + NARROWEST_GROOVES_UM, LONGEST_MARK_UM)
    require("the rows of the scan", ny, 2, 30_000)
    pixel = pixel_um * 1e-6
    x, y = axes((ny, nx), pixel)
    flanks = _Flanks.draw(rng, style)
    texture = fine_texture(rng)
    u = across(x, y, tilt_deg, flanks.middle)

    engraving = relief.at(u)
    contact = _contact(rng, style, engraving, u, y)
    outside = flanks.beyond(u, y)
    beyond = np.maximum(outside, 0)
    grain = sampled(texture, u, y)
    rise = 1 - np.exp(-((beyond / np.float32(25e-6)) ** 2))
    heights = rise * flanks.ridge(u, y, beyond)
    heights += style.rms_um * 1e-6 * engraving * (contact + (GROOVE_STRIAE - 1) * rise)
    heights += style.texture_um * 1e-6 * grain * (1 + (GROOVE_TEXTURE - 1) * rise)
    heights += _form(rng, style, x, y)
    base = _base_edge(rng, style, x, y)
    heights += _burr(style, base)
    _damage(rng, style, heights, x, y)
    lost = specks(rng, x, y, style.missing)
    lost |= base > 70e-6 + 40e-6 * grain
    along, down = (cv2.Sobel(heights, -1, *axis, ksize=1, scale=0.5 / pixel) for axis in ((1, 0), (0, 1)))
    lost |= cv2.magnitude(along, down) > math.tan(math.radians(style.steepest_deg))
    heights += style.noise_um * 1e-6 * rng.standard_normal((ny, nx), dtype=np.float32)
    heights[lost] = np.nan

    left, right = flanks.feet(np.zeros(1, np.float32))
    first = (nx - 1) / 2 * pixel + flanks.middle
    crosscut = x[0] - np.float32(flanks.middle)
    signature = style.rms_um * relief.at(crosscut)
    signature[(crosscut < left) | (crosscut > right)] = np.nan
    truth = LandTruth(
        tilt_deg=tilt_deg,
        signature_um=signature,
        spacing_um=pixel_um,
        origin_um=first * 1e6,
        striated=(contact > 0.5) & (outside < 0) & (base < -30e-6),
        left_um=(first + float(left[0])) * 1e6,
        right_um=(first + float(right[0])) * 1e6,
    )
    options = {**asdict(style), "tilt_deg": tilt_deg, "mirrored": mirrored, "transposed": transposed}
    metadata = {"kind": "land engraved area", **{name: str(value) for name, value in options.items()}}
    origin = Provenance(format="synthetic", reader="imaging.synthetic.lands", metadata=metadata)
    scan = Surface(heights=heights, spacing=(pixel, pixel), provenance=origin)
    return as_scanned(scan, truth, mirrored=mirrored, transposed=transposed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flanks:
    """The groove shoulders at both sides of a land; lengths in metres."""

    middle: float
    half: float
    heights: tuple[float, float]
    width: float
    wander: tuple[Profile, Profile]

    @classmethod
    def draw(cls, rng: np.random.Generator, style: EngravedLand) -> Self:
        """Draw the flanks of one scan."""
        return cls(
            middle=rng.uniform(-40e-6, 40e-6),
            half=(style.width_um / 2 + rng.uniform(-20, 20)) * 1e-6,
            heights=(
                style.shoulder_um * 1e-6 * rng.uniform(0.75, 1.3),
                style.shoulder_um * 1e-6 * rng.uniform(0.75, 1.3),
            ),
            width=rng.uniform(75e-6, 120e-6),
            wander=(_wander(rng), _wander(rng)),
        )

    def feet(self, y: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Places of the left and right shoulder across the striae, from the land's middle."""
        left, right = (np.float32(4e-6) * wander.at(y) for wander in self.wander)
        return left - np.float32(self.half), right + np.float32(self.half)

    def beyond(self, u: Float32Array, y: Float32Array) -> Float32Array:
        """Distance outwards from the nearer shoulder, negative on the land."""
        left, right = self.feet(y)
        return np.asarray(np.maximum(left - u, u - right))

    def ridge(self, u: Float32Array, y: Float32Array, beyond: Float32Array) -> Float32Array:
        """Height of the ridge of pushed-up metal at the given distances outwards from the shoulder."""
        width = np.float32(self.width) * (1 + np.float32(0.25) * self.wander[0].at(-y).clip(-1.2, 2))
        past = np.minimum((beyond - width) / np.float32(12e-6), 20)
        fall = 0.25 + 0.75 / (1 + np.exp(past))
        height = np.where(u < 0, *(np.float32(height) for height in self.heights))
        return np.asarray(height * fall, dtype=np.float32)


def _wander(rng: np.random.Generator) -> Profile:
    return striae(rng, shortest_um=20.0, longest_um=600.0)


def _contact(
    rng: np.random.Generator, style: EngravedLand, engraving: Float32Array, u: Float32Array, y: Float32Array
) -> Float32Array:
    """Return how fully the barrel engraved each point, 0 in the patch at the nose side to 1."""
    middle, half = rng.normal(0, 0.08) * style.width_um * 1e-6, 0.36 * style.width_um * 1e-6
    jagged = striae(rng, shortest_um=16.0, longest_um=400.0)
    if style.smooth == 0:
        return np.ones_like(u)
    depth = style.smooth * _length(y)
    dome = 1.15 * (1 - np.abs((jagged.points() - middle) / half) ** 4).clip(-1)
    edge = replace(jagged, heights=(depth * (dome + 0.15 * jagged.heights)).astype(np.float32))
    below = y + np.float32(_length(y) / 2) - edge.at(u) + np.float32(20e-6) * engraving
    return np.asarray((below / np.float32(40e-6) + np.float32(0.5)).clip(0, 1))


def _form(rng: np.random.Generator, style: EngravedLand, x: Float32Array, y: Float32Array) -> Float32Array:
    """Return the bullet's cylinder with its crown near the middle, its lean along the striae and waviness."""
    radius, crown, lean = style.radius_um * 1e-6, rng.normal(0, 50e-6), rng.normal(-0.015, 0.015)
    waves = striae(rng, shortest_um=300.0, longest_um=1500.0)
    section = np.sqrt(radius**2 - (x - crown) ** 2) - radius + style.waviness_um * 1e-6 * waves.at(x)
    return np.asarray(section + lean * y, dtype=np.float32)


def _base_edge(rng: np.random.Generator, style: EngravedLand, x: Float32Array, y: Float32Array) -> Float32Array:
    """Return the distance of each point beyond the bullet's base edge, negative on the land."""
    inset, slope, jagged = rng.uniform(20e-6, 60e-6), rng.uniform(-0.1, 0.1), _wander(rng)
    if style.burr_um == 0:
        return np.full((len(y), x.size), -np.inf, dtype=np.float32)
    edge = _length(y) / 2 - inset + slope * x + 7e-6 * jagged.at(x)
    return np.asarray(y - edge, dtype=np.float32)


def _burr(style: EngravedLand, base: Float32Array) -> Float32Array:
    """Return the burr along the base edge and the fall behind it."""
    burr = style.burr_um * 1e-6 * np.exp(-((base / 18e-6) ** 2))
    return np.asarray(burr - 45e-6 * (1 - np.exp(-np.maximum(base, 0) / 35e-6)), dtype=np.float32)


def _damage(
    rng: np.random.Generator, style: EngravedLand, heights: Float32Array, x: Float32Array, y: Float32Array
) -> None:
    """Put pits, grains of dirt and scratches across the striae into the heights."""
    farthest = np.array([_length(x.T), _length(y)]) / 2
    for _ in range(style.pits):
        length, width, height = rng.uniform(0, 15e-6), rng.lognormal(math.log(6e-6), 0.4), rng.normal(0.5e-6, 2e-6)
        line = (*rng.uniform(-farthest, farthest), rng.uniform(0, math.pi), length)
        _add_ridge(heights, x, y, line, width=width, height=height)
    for _ in range(style.scratches):
        length, width, height = rng.uniform(150e-6, 600e-6), rng.uniform(3e-6, 8e-6), -rng.uniform(1e-6, 4e-6)
        line = (*rng.uniform(-farthest, farthest), rng.uniform(-1, 1), length)
        _add_ridge(heights, x, y, line, width=width, height=height)


def _add_ridge(
    heights: Float32Array,
    x: Float32Array,
    y: Float32Array,
    line: tuple[float, float, float, float],
    *,
    width: float,
    height: float,
) -> None:
    """Add a ridge of Gaussian section along a line ``(x, y, angle, length)`` given by its middle."""
    middle_x, middle_y, angle, length = line
    reach = length / 2 + 2 * width
    columns = slice(*np.searchsorted(x[0], (middle_x - reach, middle_x + reach)))
    rows = slice(*np.searchsorted(y[:, 0], (middle_y - reach, middle_y + reach)))
    along, down = x[:, columns] - middle_x, y[rows] - middle_y
    past = np.maximum(np.abs(math.cos(angle) * along + math.sin(angle) * down) - length / 2, 0)
    aside = math.cos(angle) * down - math.sin(angle) * along
    heights[rows, columns] += height * np.exp(-2 * (past**2 + aside**2) / width**2)


def _length(places: Float32Array) -> float:
    """Length that a column of evenly spaced places stands for, half a spacing at each end included."""
    return float(places[-1, 0] - places[0, 0]) * len(places) / (len(places) - 1)
