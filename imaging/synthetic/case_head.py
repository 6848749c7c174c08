"""A cartridge case head as a microscope delivers it, with the places of its marks known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from imaging.surface import BoolArray, Provenance, Surface
from imaging.synthetic.canvas import (
    Canvas,
    Float32Array,
    Placement,
    granular,
    grid,
    independent,
    require,
    weighted_sum,
)

FACE_RADIUS = 1.55e-3
PRIMER_RADIUS = 2.18e-3

# Height in um by distance in mm from the middle: flat primer, groove, flat head.
HEAD_PROFILE = (
    (0.0, -15), (1.0, -20), (1.5, -30), (1.65, -50), (1.8, -95), (1.95, -165), (2.1, -228), (2.18, -240),
    (2.26, -230), (2.4, -160), (2.5, -80), (2.62, -20), (2.75, -3), (3.0, 0),
)  # fmt: skip
# Depth by distance from the middle, as shares of the crater's depth and radius.
PIT_PROFILE = ((0.0, -1.0), (0.35, -0.97), (0.6, -0.82), (0.82, -0.25), (0.95, -0.04), (1.05, 0))
HEADSTAMP = "9 mm LUGER  S T D  26  "
HEADSTAMP_BAND = (2.95e-3, 3.85e-3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A circle on a scan: its middle from the first point of the grid, and its radius, in metres."""

    x: float
    y: float
    radius: float

    def distance(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.floating]:
        """Distance of points from the middle in metres."""
        return np.asarray(np.hypot(x - self.x, y - self.y))

    def mask(self, surface: Surface) -> BoolArray:
        """Boolean mask, shape (ny, nx): the points of the surface inside the circle."""
        (ny, nx), (dx, dy) = surface.shape, surface.spacing
        columns, rows = np.arange(nx) * dx, np.arange(ny) * dy
        return np.asarray(self.distance(columns[None, :], rows[:, None]) <= self.radius)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadTruth:
    """Where the parts of a case head lie on its scan.

    Parameters
    ----------
    primer : Circle
        The bottom of the groove around the primer.
    face : Circle
        The flat of the primer, which touched the breech face.
    aperture : Circle
        The edge of the firing-pin aperture, inside which the primer flowed back.
    firing_pin : Circle
        The rim of the firing-pin crater.
    """

    primer: Circle
    face: Circle
    aperture: Circle
    firing_pin: Circle

    def breech_face(self, surface: Surface) -> BoolArray:
        """Boolean mask, shape (ny, nx): the flat of the primer outside the aperture."""
        return self.face.mask(surface) & ~self.aperture.mask(surface)


def cartridge_case(
    rng: np.random.Generator,
    *,
    gun: np.random.Generator | None = None,
    correlation: float = 0.5,
    pose: Placement = (0.0, 0.0, 0.0),
    tilt_deg: float = 1.0,
    noise_um: float = 0.1,
    steepest_deg: float = 50.0,
    shape: tuple[int, int] = (749, 769),
    pixel_um: float = 7.37,
) -> tuple[Surface, HeadTruth]:
    """Return a raw scan of a case head and where its parts lie.

    On the tilted head stand a domed primer with the breech face's relief (1.4 um), a deep groove around it,
    the primer's flow back into the firing-pin aperture with shear lines, an off-centre firing-pin crater
    with a drag mark, and letters. Steep walls and a few single points are missing; a few others are spikes.

    Parameters
    ----------
    rng : Generator
        Draws what belongs to this case: its own relief, letters, direction of the tilt, noise.
    gun : Generator, optional
        Draws what the gun leaves: relief, aperture and firing pin. Cases come from one gun if their ``gun``
        starts in the same state. Left out, ``rng`` draws a new gun.
    correlation : float
        Share of the gun in the breech-face relief, 0 to 1, and so the expected Pearson correlation of two
        cases of one gun.
    pose : tuple of float
        ``(angle_deg, dx_um, dy_um)`` of the gun's marks on the grid, see ``imaging.synthetic.canvas.grid``.
    tilt_deg : float
        Angle between the case head and the plane of the scan, 0 to 10.
    noise_um : float
        Standard deviation of the noise of each point, 0 to 100.
    steepest_deg : float
        Points on steeper walls are missing, 0 to 90.
    shape : tuple of int
        Rows and columns; the primer with its groove needs a field of 5.5 mm.
    pixel_um : float
        Spacing of the points in micrometres.

    Returns
    -------
    surface : Surface
        Heights in metres, float32.
    truth : HeadTruth

    Raises
    ------
    ParameterError
        If an option is out of its range.

    Notes
    -----
    The form follows a public scan of a fired 9 mm Luger case.

    Examples
    --------
    >>> import numpy as np
    >>> scan, truth = cartridge_case(np.random.default_rng(1), gun=np.random.default_rng(9))
    >>> scan.shape, round(truth.primer.radius * 1e6), bool(truth.breech_face(scan).any())
    ((749, 769), 2180, True)
    """
    for name, value, highest in (
        ("correlation", correlation, 1.0),
        ("tilt_deg", tilt_deg, 10.0),
        ("noise_um", noise_um, 100.0),
        ("steepest_deg", steepest_deg, 90.0),
    ):
        require(name, value, 0.0, highest)
    pixel = pixel_um / 1e6
    x, y = grid(shape, pixel, pose)
    marks = _draw_gun_marks(rng if gun is None else gun)
    primer = Circle(x=rng.normal(0, 40e-6), y=rng.normal(0, 40e-6), radius=PRIMER_RADIUS)
    heights = _unfired(rng, primer, x, y) + _impressed(rng, marks, primer, correlation, x, y)
    towards = rng.uniform(0, 2 * math.pi)
    heights += math.tan(math.radians(tilt_deg)) * (math.cos(towards) * x + math.sin(towards) * y)
    heights = _measured(rng, heights, pixel, noise=noise_um * 1e-6, steepest_deg=steepest_deg)
    options = {"correlation": correlation, "pose": pose, "tilt_deg": tilt_deg, "noise_um": noise_um}
    metadata = {"kind": "cartridge case", **{name: str(value) for name, value in options.items()}}
    origin = Provenance(format="synthetic", reader="imaging.synthetic.case_head", metadata=metadata)
    truth = HeadTruth(
        primer=_on_scan(primer, shape, pixel, pose),
        face=_on_scan(replace(primer, radius=FACE_RADIUS), shape, pixel, pose),
        aperture=_on_scan(marks.aperture, shape, pixel, pose),
        firing_pin=_on_scan(marks.firing_pin, shape, pixel, pose),
    )
    return Surface(heights=heights, spacing=(pixel, pixel), provenance=origin), truth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _GunMarks:
    """What a gun leaves on every case; circles are placed from the middle of its breech face."""

    face: Canvas
    shear: Canvas
    striae_deg: float
    aperture: Circle
    firing_pin: Circle
    drag: Circle
    flow_back: float
    depth: float


def _draw_gun_marks(rng: np.random.Generator) -> _GunMarks:
    striae_deg, shear_deg = rng.uniform(0, 360, 2)
    aperture = Circle(x=rng.normal(0, 50e-6), y=rng.normal(0, 50e-6), radius=rng.uniform(1.0e-3, 1.1e-3))
    firing_pin = _beside(aperture, rng, rng.uniform(0.08e-3, 0.2e-3), rng.uniform(0.48e-3, 0.58e-3))
    return _GunMarks(
        face=granular(rng, grain_um=140.0, striae=0.3, direction_deg=striae_deg),
        shear=granular(rng, grain_um=140.0, striae=1.0, direction_deg=shear_deg),
        striae_deg=striae_deg,
        aperture=aperture,
        firing_pin=firing_pin,
        drag=_beside(firing_pin, rng, 0.8 * firing_pin.radius, 0.6 * firing_pin.radius),
        flow_back=rng.uniform(35e-6, 55e-6),
        depth=rng.uniform(170e-6, 230e-6),
    )


def _beside(circle: Circle, rng: np.random.Generator, distance: float, radius: float) -> Circle:
    towards = rng.uniform(0, 2 * math.pi)
    x, y = circle.x + distance * math.cos(towards), circle.y + distance * math.sin(towards)
    return Circle(x=x, y=y, radius=radius)


def _unfired(rng: np.random.Generator, primer: Circle, x: Float32Array, y: Float32Array) -> Float32Array:
    """Return the head of a cartridge: primer, groove, rough flat and letters."""
    distance = primer.distance(x, y)
    heights = 1e-6 * _profile(HEAD_PROFILE, distance * 1e3)
    heights += 1.5e-6 * granular(rng, grain_um=100.0).at(x, y) * _rise(distance - 2.6e-3, 0.1e-3)
    strip, (inner, outer) = _headstamp(), HEADSTAMP_BAND
    turns = (np.arctan2(y - primer.y, x - primer.x) / (2 * math.pi) + rng.uniform()) % 1
    columns = (turns * strip.shape[1]).astype(np.float32)
    rows = ((outer - distance) / (outer - inner) * strip.shape[0]).astype(np.float32)
    return np.asarray(heights - 60e-6 * cv2.remap(strip, columns, rows, cv2.INTER_LINEAR), dtype=np.float32)


def _headstamp() -> Float32Array:
    """Letters as depths from 0 to 1; rows run inwards, columns once around the head."""
    strip = np.zeros((180, 4200), np.uint8)
    for place, letter in enumerate(HEADSTAMP):
        left = round(place * strip.shape[1] / len(HEADSTAMP))
        cv2.putText(strip, letter, (left, 165), cv2.FONT_HERSHEY_SIMPLEX, 6.0, 255, 9, cv2.LINE_8)
    return np.asarray(cv2.GaussianBlur(strip, (0, 0), 7.0) / 255, dtype=np.float32)


def _impressed(
    rng: np.random.Generator,
    marks: _GunMarks,
    primer: Circle,
    correlation: float,
    x: Float32Array,
    y: Float32Array,
) -> Float32Array:
    """Return what firing adds: breech face, flow back into the aperture, firing-pin crater."""

    def covers(x: Float32Array, y: Float32Array) -> BoolArray:
        outside = marks.aperture.distance(x, y) > marks.aperture.radius
        return np.asarray(outside & (np.hypot(x, y) < FACE_RADIUS))

    own = granular(rng, grain_um=140.0, striae=0.3, direction_deg=marks.striae_deg)
    reliefs = [relief.at(x, y) for relief in independent([marks.face, own], covers)]
    face = 1.4e-6 * weighted_sum((math.sqrt(correlation), math.sqrt(1 - correlation)), reliefs)
    face *= _rise(1.75e-3 - primer.distance(x, y), 0.12e-3)
    from_pin, from_drag = (circle.distance(x, y) / circle.radius for circle in (marks.firing_pin, marks.drag))
    pit = np.minimum(_profile(PIT_PROFILE, from_pin), 0.6 * _profile(PIT_PROFILE, from_drag))
    bulge = 0.4 * np.exp(-(((from_pin - 1.2) / 0.2) ** 2))
    flow = marks.flow_back * (1 + bulge) + 3e-6 * marks.shear.at(x, y) * (1 + pit)
    inside = _rise(marks.aperture.radius - marks.aperture.distance(x, y), 8e-6)
    return np.asarray(face * (1 - inside) + flow * inside + marks.depth * pit, dtype=np.float32)


def _measured(
    rng: np.random.Generator, heights: Float32Array, pixel: float, *, noise: float, steepest_deg: float
) -> Float32Array:
    """Return the heights with noise, spikes and missing points."""
    along_y, along_x = np.gradient(heights, pixel)
    steep = np.hypot(along_x, along_y) > math.tan(math.radians(steepest_deg))
    noisy = heights + noise * rng.standard_normal(heights.shape, dtype=np.float32)
    spikes = rng.random(heights.shape) < 3e-5
    noisy[spikes] += rng.normal(0, 40e-6, np.count_nonzero(spikes))
    noisy[steep | (rng.random(heights.shape) < 3e-4)] = np.nan
    return np.asarray(noisy, dtype=np.float32)


def _profile(knots: tuple[tuple[float, float], ...], at: NDArray[np.floating]) -> Float32Array:
    """Return the heights of a smooth curve through the knots, the last one beyond them."""
    places, values = np.array(knots).T
    table = np.linspace(0, places[-1], 4096)
    return np.asarray(np.interp(at, table, PchipInterpolator(places, values)(table)), dtype=np.float32)


def _rise(distance: NDArray[np.floating], width: float) -> Float32Array:
    """Return a smooth step from 0 far below to 1 far above a distance of 0."""
    return np.asarray(0.5 + 0.5 * np.tanh(distance / width), dtype=np.float32)


def _on_scan(circle: Circle, shape: tuple[int, int], pixel: float, pose: Placement) -> Circle:
    angle_deg, dx_um, dy_um = pose
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    x = cosine * circle.x - sine * circle.y + (shape[1] - 1) / 2 * pixel + dx_um * 1e-6
    y = sine * circle.x + cosine * circle.y + (shape[0] - 1) / 2 * pixel + dy_um * 1e-6
    return replace(circle, x=x, y=y)
