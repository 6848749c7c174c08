"""Parallel striae as a sliding tool leaves them: random profiles, and a flat toolmark with known truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from imaging.surface import BoolArray, Provenance, Surface
from imaging.synthetic.canvas import Canvas, Float32Array, granular, require, weighted_sum

POINTS = 16384
POINTS_PER_STRIA = 32
RIDGES_PER_UM = 0.1
STEEPEST_TILT_DEG = 12.0
LONGEST_MARK_UM = 3900.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Heights along a line that repeats without a seam; its middle is the origin.

    Parameters
    ----------
    heights : ndarray, shape (n,), float32
        Heights; the unit is the caller's.
    pitch : float
        Distance between neighbouring points in metres, at most a thirty-second of the shortest wave.
    """

    heights: Float32Array
    pitch: float

    def points(self) -> Float32Array:
        """Coordinates of the heights in metres, shape (n,)."""
        n = len(self.heights)
        return ((np.arange(n) - (n - 1) / 2) * self.pitch).astype(np.float32)

    def at(self, u: Float32Array) -> Float32Array:
        """Heights at places in metres, an array of one or two dimensions, by linear interpolation."""
        columns = np.atleast_2d(u) * np.float32(1 / self.pitch) + np.float32((len(self.heights) - 1) / 2)
        return _interpolated(self.heights[None], columns, np.zeros_like(columns)).reshape(u.shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StriaeTruth:
    """What was planted in a scan of striae, as it lies on the scan.

    A crosscut is a line of the scan across the striae: a row, or a column if the scan is transposed. Places
    are measured along the crosscut from its first point; those of the striae hold on the middle crosscut.

    Parameters
    ----------
    tilt_deg : float
        Angle of the striae: a stria lies ``tan(tilt)`` further along the crosscut for each unit of length
        from one crosscut to the next.
    signature_um : ndarray, shape (n,), float32
        Heights of the striae on the middle crosscut in micrometres; missing where the tool left none.
    spacing_um : float
        Distance between neighbouring points of the signature.
    origin_um : float
        Place of the tool's own origin: marks of one tool coincide where their origins do.
    striated : ndarray of bool, shape (ny, nx)
        The points of the scan that hold striae; pits, scratches and missing points are not taken out.
    mirrored : bool
        Whether the scan runs against the tool's direction: its crosscuts are reversed.
    transposed : bool
        Whether rows and columns are swapped, so that the striae run along the rows.
    """

    tilt_deg: float
    signature_um: Float32Array
    spacing_um: float
    origin_um: float
    striated: BoolArray
    mirrored: bool = False
    transposed: bool = False

    def __post_init__(self) -> None:
        for name in ("signature_um", "striated"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def length_um(self) -> float:
        """Distance from the first to the last point of a crosscut."""
        return (len(self.signature_um) - 1) * self.spacing_um

    @property
    def striated_share(self) -> NDArray[np.float64]:
        """Share of the signature's extent that holds striae, for each crosscut, shape (crosscuts,), 0 to 1."""
        crosscuts = self.striated.T if self.transposed else self.striated
        return np.asarray(crosscuts.sum(axis=1) / np.isfinite(self.signature_um).sum()).clip(0, 1)

    def mirror(self) -> Self:
        """Return the truth about the scan with its crosscuts reversed."""
        return replace(
            self,
            tilt_deg=-self.tilt_deg,
            signature_um=self.signature_um[::-1],
            origin_um=self.length_um - self.origin_um,
            striated=self.striated[::-1] if self.transposed else self.striated[:, ::-1],
            mirrored=not self.mirrored,
        )

    def transpose(self) -> Self:
        """Return the truth about the scan with rows and columns swapped."""
        return replace(self, striated=self.striated.T, transposed=not self.transposed)


Truth = TypeVar("Truth", bound=StriaeTruth)


def toolmark(
    rng: np.random.Generator,
    *,
    tool: np.random.Generator | None = None,
    correlation: float = 0.8,
    rms_um: float = 1.2,
    tilt_deg: float = 3.0,
    slope_deg: float = 1.0,
    texture_um: float = 0.25,
    noise_um: float = 0.04,
    missing: float = 0.002,
    mirrored: bool = False,
    transposed: bool = False,
    shape: tuple[int, int] = (320, 960),
    pixel_um: float = 1.5625,
) -> tuple[Surface, StriaeTruth]:
    """Return a flat toolmark with striae over its whole width, such as an aperture shear or a screwdriver leaves.

    Parameters
    ----------
    rng : Generator
        Draws what belongs to this mark: its own relief, its place under the tool, noise.
    tool : Generator, optional
        Draws the tool's edge. Marks come from one tool if their ``tool`` starts in the same state. Left out,
        ``rng`` draws a new tool.
    correlation : float
        Share of the tool in the relief, 0 to 1, and so the expected Pearson correlation of two marks of it.
    rms_um : float
        Root mean square of the striae, 0 to 100.
    tilt_deg : float
        Angle of the striae, -12 to 12, see `StriaeTruth`.
    slope_deg : float
        Angle between the plane of the mark and the scan, 0 to 10; the direction is drawn.
    texture_um, noise_um : float
        Root mean square of the relief that differs from crosscut to crosscut, and of each point's noise, 0 to 10.
    missing : float
        Share of points that are missing in specks, 0 to 0.9.
    mirrored, transposed : bool
        Whether the scan comes with its crosscuts reversed, and with rows and columns swapped after that.
    shape : tuple of int
        Rows and columns before the scan is transposed; the columns span at most 3900 um.
    pixel_um : float
        Spacing of the points in micrometres, 0.5 to 50. Above 4 um the finest waves are sampled too coarsely.

    Returns
    -------
    surface : Surface
        Heights in metres, float32.
    truth : StriaeTruth

    Raises
    ------
    ParameterError
        If an option is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> scan, truth = toolmark(np.random.default_rng(1), tilt_deg=-4.0)
    >>> scan.shape, truth.tilt_deg, round(float(truth.signature_um.std()), 1)
    ((320, 960), -4.0, 1.2)
    """
    for name, value, highest in (
        ("correlation", correlation, 1.0),
        ("rms_um", rms_um, 100.0),
        ("slope_deg", slope_deg, 10.0),
        ("texture_um", texture_um, 10.0),
        ("noise_um", noise_um, 10.0),
        ("missing", missing, 0.9),
    ):
        require(name, value, 0.0, highest)
    require("tilt_deg", tilt_deg, -STEEPEST_TILT_DEG, STEEPEST_TILT_DEG)
    require("pixel_um", pixel_um, 0.5, 50.0)
    require("the width in um", shape[1] * pixel_um, 2 * pixel_um, LONGEST_MARK_UM)
    pixel, half = pixel_um * 1e-6, shape[1] / 2 * pixel_um * 1e-6
    edge, own = independent_profiles([striae(rng if tool is None else tool), striae(rng)], half)
    relief = mixed(edge, own, correlation)
    middle, towards = rng.normal(0, 40e-6), rng.uniform(0, 2 * math.pi)
    texture = fine_texture(rng)

    x, y = axes(shape, pixel)
    u = across(x, y, tilt_deg, middle)
    heights = weighted_sum((rms_um * 1e-6, texture_um * 1e-6), (relief.at(u), sampled(texture, u, y)))
    heights += math.tan(math.radians(slope_deg)) * (math.cos(towards) * x + math.sin(towards) * y)
    heights[specks(rng, x, y, missing)] = np.nan
    heights += noise_um * 1e-6 * rng.standard_normal(shape, dtype=np.float32)
    truth = StriaeTruth(
        tilt_deg=tilt_deg,
        signature_um=rms_um * relief.at(x[0] - np.float32(middle)),
        spacing_um=pixel_um,
        origin_um=(shape[1] - 1) / 2 * pixel_um + middle * 1e6,
        striated=np.ones(shape, dtype=bool),
    )
    options = {"correlation": correlation, "tilt_deg": tilt_deg, "mirrored": mirrored, "transposed": transposed}
    origin = Provenance(
        format="synthetic",
        reader="imaging.synthetic.striae",
        metadata={"kind": "toolmark", **{name: str(value) for name, value in options.items()}},
    )
    scan = Surface(heights=heights, spacing=(pixel, pixel), provenance=origin)
    return as_scanned(scan, truth, mirrored=mirrored, transposed=transposed)


def striae(rng: np.random.Generator, *, shortest_um: float = 8.0, longest_um: float = 250.0) -> Profile:
    """Return random ridges and furrows with zero mean and unit variance.

    Parameters
    ----------
    rng : Generator
    shortest_um, longest_um : float
        No power lies at shorter and longer waves; the length of the profile is 512 times the shortest.

    Returns
    -------
    Profile

    Notes
    -----
    Rare strong and many weak ridges at random places, filtered so that the power for each octave falls with
    the square of the frequency below waves of 100 um. Octave shares, skewness (0.8) and kurtosis
    (5) follow the signatures of public bullet lands of the Hamby sets.

    Examples
    --------
    >>> profile = striae(np.random.default_rng(1))
    >>> profile.heights.shape, round(float(profile.heights.std()), 3), profile.pitch
    ((16384,), 1.0, 2.5e-07)
    """
    pitch_um = shortest_um / POINTS_PER_STRIA
    frequency = fft.rfftfreq(POINTS, pitch_um)
    gain = 1 / np.sqrt(1 + (0.4 * longest_um * frequency) ** 3)
    gain[(frequency < 1 / longest_um) | (frequency > 1 / shortest_um)] = 0
    ridges = rng.standard_gamma(RIDGES_PER_UM * pitch_um, POINTS)
    heights = fft.irfft(fft.rfft(ridges) * gain, POINTS)
    return Profile(heights=(heights / heights.std()).astype(np.float32), pitch=pitch_um * 1e-6)


def independent_profiles(profiles: Sequence[Profile], half: float) -> list[Profile]:
    """Return profiles of one pitch with zero mean, unit variance and no correlation within ``half`` of the origin.

    The first keeps its shape; every later one loses what it shares with those before it.
    """
    where = np.abs(profiles[0].points()) <= half
    stacked = np.stack([profile.heights for profile in profiles]).astype(np.float64)
    stacked -= stacked[:, where].mean(axis=1, keepdims=True)
    covariance = np.atleast_2d(np.cov(stacked[:, where], bias=True))
    apart = np.linalg.solve(np.linalg.cholesky(covariance), stacked).astype(np.float32)
    return [replace(profile, heights=heights) for profile, heights in zip(profiles, apart, strict=True)]


def mixed(common: Profile, own: Profile, correlation: float) -> Profile:
    """Return ``sqrt(correlation) common + sqrt(1 - correlation) own``."""
    weights = math.sqrt(correlation), math.sqrt(1 - correlation)
    return replace(common, heights=weighted_sum(weights, (common.heights, own.heights)))


def fine_texture(rng: np.random.Generator) -> Canvas:
    """Return short striae and grains that differ from place to place, with unit variance; striae run along y."""
    return granular(rng, grain_um=28.0, shortest_um=9.0, striae=0.5, direction_deg=90.0, points=384)


def sampled(texture: Canvas, x: Float32Array, y: Float32Array) -> Float32Array:
    """Heights of a canvas at points in metres by linear interpolation, ten times faster than `Canvas.at`."""
    middle, per_metre = np.float32((len(texture.heights) - 1) / 2), np.float32(1 / texture.pitch)
    columns, rows = np.broadcast_arrays(x * per_metre + middle, y * per_metre + middle)
    return _interpolated(texture.heights, np.ascontiguousarray(columns), np.ascontiguousarray(rows))


def axes(shape: tuple[int, int], pixel: float) -> tuple[Float32Array, Float32Array]:
    """Coordinates of the columns, shape (1, nx), and rows, shape (ny, 1), from the middle of a grid in metres."""
    along, down = (((np.arange(n) - (n - 1) / 2) * pixel).astype(np.float32) for n in shape[::-1])
    return along[None, :], down[:, None]


def across(x: Float32Array, y: Float32Array, tilt_deg: float, middle: float) -> Float32Array:
    """Distance of points across the striae's line through ``(middle, 0)``, measured along x."""
    return np.asarray(x - np.float32(math.tan(math.radians(tilt_deg))) * y - np.float32(middle))


def specks(rng: np.random.Generator, x: Float32Array, y: Float32Array, share: float) -> BoolArray:
    """Choose a share of the points of a grid, in specks of some micrometres."""
    if share == 0:
        return np.zeros((len(y), x.size), dtype=bool)
    clouds = cv2.GaussianBlur(rng.standard_normal((512, 512), dtype=np.float32), (0, 0), 1.2)
    dense = clouds > np.quantile(clouds[::2, ::2], 1 - share)
    columns, rows = ((places / np.float32(4e-6)).astype(np.int32) % 512 for places in (x[0], y[:, 0]))
    return np.asarray(dense[rows[:, None], columns])


def as_scanned(scan: Surface, truth: Truth, *, mirrored: bool, transposed: bool) -> tuple[Surface, Truth]:
    """Return the scan and its truth, mirrored and then transposed if asked."""
    heights = scan.heights
    if mirrored:
        heights, truth = heights[:, ::-1], truth.mirror()
    if transposed:
        heights, truth = heights.T, truth.transpose()
    return replace(scan, heights=np.ascontiguousarray(heights)), truth


def _interpolated(heights: Float32Array, columns: Float32Array, rows: Float32Array) -> Float32Array:
    taken = cv2.remap(heights, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(taken, dtype=np.float32)
