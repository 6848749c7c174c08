"""The size of a pixel, from a scale bar or a ruler in the photograph.

Points are ``(x, y)`` in pixels, the first pixel's centre at ``(0, 0)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, rfft

from imaging.errors import ParameterError
from imaging.photo import Grey, Photo

Point = tuple[float, float]
Array = NDArray[np.float64]

LEAST_LENGTH = 0.05
LEAST_ASPECT = 5.0
SOLID = 0.06
FILLED = 0.9
FREE = 0.6
LEAST_EDGE = 0.2

LEAST_PERIODS = 6
LEAST_SPACING = 3.0
LEAST_REPEAT = 0.35
LARGEST_JITTER = 0.1
RULER_WIDTH = 9
_STEPS_PER_PIXEL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Size of a pixel in micrometres, with its standard uncertainty and what it was taken from."""

    pixel_um: float
    uncertainty_um: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBar:
    """A bar burned into a picture: the middle of its two ends, and its length and thickness in pixels."""

    ends: tuple[Point, Point]
    length_px: float
    thickness_px: float


@dataclass(frozen=True, slots=True)
class NoScale:
    """No bar or ruler could be measured; false in a condition."""

    reason: str

    def __bool__(self) -> bool:
        return False


def scale_from_bar(ends: ArrayLike, length_um: float, *, uncertainty_px: float = 1.0) -> Scale:
    """Return the size of a pixel from two points a known length apart.

    Parameters
    ----------
    ends : array_like, shape (2, 2)
        The points ``(x, y)`` in pixels, as a person clicked them or as `find_scale_bar` found them.
    length_um : float
        Distance of the points on the object in micrometres, as the label of the bar says.
    uncertainty_px : float
        Standard uncertainty of each point along the line, 0 or more; about 1 for a click, 0.1 for a bar that was
        found.

    Raises
    ------
    ParameterError
        If the points are not two finite ones at least 2 pixels apart, or a length is out of range.

    Examples
    --------
    >>> scale = scale_from_bar([(100, 900), (500, 900)], 1000)
    >>> scale.pixel_um, round(scale.uncertainty_um, 4)
    (2.5, 0.0088)
    """
    points = np.asarray(ends, dtype=np.float64)
    if points.shape != (2, 2) or not np.isfinite(points).all():
        raise ParameterError(f"Ends {ends!r} found; two finite points (x, y) are needed.")
    if not 0 < length_um < math.inf or not 0 <= uncertainty_px < math.inf:
        raise ParameterError(
            f"A length of {length_um:g} um with ends known to {uncertainty_px:g} pixels found; the length must be "
            "positive, the other 0 or more."
        )
    length_px = math.dist(*points)
    if length_px < 2:
        raise ParameterError(f"Ends {length_px:g} pixels apart found; at least 2 are needed.")
    pixel_um = length_um / length_px
    uncertainty_um = pixel_um * math.sqrt(2) * uncertainty_px / length_px
    return Scale(pixel_um=pixel_um, uncertainty_um=uncertainty_um, source=f"bar of {length_um:g} um")


def find_scale_bar(photo: Photo) -> ScaleBar | NoScale:
    """Find the longest solid straight bar that software burned into a picture.

    Parameters
    ----------
    photo : Photo
        Of any size; the bar is horizontal or vertical and white or black or nearly so.

    Returns
    -------
    ScaleBar or NoScale
        The ends are the outer edges of the bar; a bar drawn from column 10 to 109 is 100 pixels long, from x =
        9.5 to 109.5. A person must read its label.

    Notes
    -----
    A bar is at least 5 % of the longer side of the picture, five times as long as thick, filled, within 6 % of the
    range of the picture from black or white, clear of the margin and of other black or white parts, and differs
    from both sides and at both ends by a fifth of the range. A bar with ticks at its ends is measured to the
    outside of the ticks. Coloured bars count by their brightness. Where light or dark parts of the object meet
    all this, they are found too: look at the result.

    Examples
    --------
    >>> import numpy as np
    >>> pixels = np.full((300, 400), 90, np.uint8)
    >>> pixels[280:284, 50:150] = 255
    >>> find_scale_bar(Photo(pixels=pixels)).length_px
    100.0
    """
    grey = photo.grey
    low, high = float(grey.min()), float(grey.max())
    if high - low < SOLID:
        return NoScale("The picture has too little contrast for a bar.")
    grey = (grey - np.float32(low)) / np.float32(high - low)
    least = max(10, math.ceil(LEAST_LENGTH * max(photo.shape)))
    bars = []
    for upright in (False, True):
        picture = np.ascontiguousarray(grey.T) if upright else grey
        for bright in (picture, 1 - picture):
            for bar in _bars(bright, least):
                ends = tuple((y, x) if upright else (x, y) for x, y in bar.ends)
                bars.append(
                    ScaleBar(ends=(ends[0], ends[1]), length_px=bar.length_px, thickness_px=bar.thickness_px)
                )
    if not bars:
        return NoScale("No solid, straight, free-standing bar was found; click its ends instead.")
    return max(bars, key=lambda bar: bar.length_px)


def _bars(grey: Grey, least: int) -> list[ScaleBar]:
    """Horizontal bars that are bright on dark."""
    solid = (grey >= 1 - SOLID).astype(np.uint8)
    runs = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
    if not runs.any():
        return []
    _, _, boxes, _ = cv2.connectedComponentsWithStats(runs, connectivity=4)
    _, parts, wholes, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    ny, nx = grey.shape
    bars = []
    for left, top, wide, high, area in boxes[1:].tolist():
        right, below = left + wide, top + high
        is_bar = wide >= LEAST_ASPECT * high and area >= FILLED * wide * high
        is_clear = left >= 3 and top >= 3 and right <= nx - 3 and below <= ny - 3
        if not (is_bar and is_clear):
            continue
        row, column = np.argwhere(runs[top:below, left:right])[0]
        whole = int(wholes[parts[top + row, left + column], cv2.CC_STAT_AREA])
        beside = grey[[top - 3, below + 2], left:right].mean(axis=1)
        if area < FREE * whole or beside.max() > 1 - LEAST_EDGE:
            continue
        profile = np.median(grey[top:below, left - 3 : right + 3], axis=0).astype(np.float64)
        if max(profile[0], profile[-1]) > 1 - LEAST_EDGE:
            continue
        first, last = left - 3 + _edge(profile), right + 2 - _edge(profile[::-1])
        middle = (top + below - 1) / 2
        bars.append(
            ScaleBar(ends=((first, middle), (last, middle)), length_px=last - first, thickness_px=float(high))
        )
    return bars


def _edge(profile: Array) -> float:
    """Where the middle of a bar begins: its last crossing of the level half way from outside to inside."""
    half = (profile[0] + profile[profile.size // 2]) / 2
    k = int(np.flatnonzero(profile[: profile.size // 2] < half)[-1])
    return k + float((half - profile[k]) / (profile[k + 1] - profile[k]))


def ruler_spacing(
    photo: Photo, *, along: ArrayLike, tick_um: float, width_px: int = RULER_WIDTH
) -> Scale | NoScale:
    """Measure the size of a pixel from the ticks of a ruler along a line.

    Parameters
    ----------
    photo : Photo
        With a ruler in the plane of the object.
    along : array_like, shape (2, 2)
        Start and end ``(x, y)`` of a line across at least six ticks, through the shortest ones too.
    tick_um : float
        Distance of neighbouring ticks in micrometres.
    width_px : int
        Width of the strip along the line that is averaged.

    Returns
    -------
    Scale or NoScale
        The uncertainty covers the scatter of the ticks about equal distances and a drift of their distance along
        the line, as a tilted ruler shows it. It does not cover the ruler itself.

    Raises
    ------
    ParameterError
        If the line leaves the picture or is no line, or a length is not positive.

    Notes
    -----
    The autocorrelation of the evened profile gives the distance to within a sample; then the phase of the ticks
    in windows of two ticks is fitted by a straight line, whose slope corrects it. Ticks closer than three pixels
    are not told apart. A line through the long ticks only finds their distance.

    Examples
    --------
    >>> import numpy as np
    >>> columns = np.arange(400)
    >>> ticks = np.where(columns % 20 < 4, 30, 220).astype(np.uint8)
    >>> photo = Photo(pixels=np.tile(ticks, (50, 1)))
    >>> round(ruler_spacing(photo, along=[(5, 25), (390, 25)], tick_um=100).pixel_um, 2)
    5.0
    """
    if not 0 < tick_um < math.inf or width_px < 1:
        raise ParameterError(
            f"Ticks of {tick_um:g} um and a width of {width_px} pixels found; both must be positive."
        )
    profile = _profile(photo, np.asarray(along, dtype=np.float64), width_px)
    period = _period(profile)
    if isinstance(period, NoScale):
        return period
    measured = _refine(profile, period)
    if isinstance(measured, NoScale):
        return measured
    spacing, uncertainty = (value / _STEPS_PER_PIXEL for value in measured)
    pixel_um = tick_um / spacing
    return Scale(
        pixel_um=pixel_um,
        uncertainty_um=pixel_um * uncertainty / spacing,
        source=f"ruler with ticks of {tick_um:g} um",
    )


def _profile(photo: Photo, along: Array, width: int) -> Array:
    """Mean brightness along a strip, two samples a pixel."""
    ny, nx = photo.shape
    if along.shape != (2, 2) or not (
        np.isfinite(along).all() and (along >= 0).all() and (along <= (nx - 1, ny - 1)).all()
    ):
        raise ParameterError(f"A line {along.tolist()} found; give two points within {nx} x {ny} pixels.")
    length = math.dist(*along)
    if length < 2:
        raise ParameterError(f"A line of {length:g} pixels found; it must cross at least six ticks.")
    step = (along[1] - along[0]) / length
    t = np.arange(int(length * _STEPS_PER_PIXEL) + 1) / _STEPS_PER_PIXEL
    across = np.arange(width) - (width - 1) / 2
    x, y = (
        (along[0][k] + t * step[k] + across[:, None] * normal).astype(np.float32)
        for k, normal in ((0, -step[1]), (1, step[0]))
    )
    left, top = max(0, int(x.min()) - 1), max(0, int(y.min()) - 1)
    part = photo.crop((top, min(ny, int(y.max()) + 3)), (left, min(nx, int(x.max()) + 3))).grey
    rows = max(1, 2**15 // width)
    strips = []
    for k in range(0, t.size, rows):
        at_x, at_y = x[:, k : k + rows] - left, y[:, k : k + rows] - top
        strips.append(cv2.remap(part, at_x, at_y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE).mean(axis=0))
    return np.concatenate(strips).astype(np.float64)


def _period(profile: Array) -> float | NoScale:
    """Distance, in samples, after which a profile first repeats."""
    n = profile.size
    wave = profile - _trend(profile)
    if not float(np.std(wave)) > 1e-4:
        return NoScale("Nothing varies along the line.")
    lags = n // LEAST_PERIODS + 2
    spectrum = np.abs(rfft(wave, 2 * n)) ** 2
    repeat = irfft(spectrum, 2 * n)[: min(lags, n)] / np.arange(n, n - min(lags, n), -1)
    repeat /= repeat[0]
    below = np.flatnonzero(repeat < 0)
    first = max(int(below[0]) if below.size else repeat.size, int(LEAST_SPACING * _STEPS_PER_PIXEL) - 1)
    peaks = [k for k in range(max(first, 1), repeat.size - 1) if repeat[k - 1] < repeat[k] >= repeat[k + 1]]
    best = max((repeat[k] for k in peaks), default=0.0)
    if best < LEAST_REPEAT:
        return NoScale(
            f"No ticks at equal distances: the profile repeats to {max(best, 0):.0%}, "
            f"{LEAST_REPEAT:.0%} is needed."
        )
    k = next(k for k in peaks if repeat[k] >= 0.8 * best)
    before, here, after = repeat[k - 1 : k + 2]
    return float(k + 0.5 * (before - after) / (before - 2 * here + after))


def _refine(profile: Array, period: float) -> tuple[float, float] | NoScale:
    """Distance of the ticks and its standard uncertainty, in samples, from the phase in windows of two ticks."""
    wave = profile - _trend(profile)
    t = np.arange(wave.size)
    for _ in range(2):
        centres = np.arange(period, wave.size - period, period)
        distance = (t - centres[:, None]) / period
        windows = np.where(np.abs(distance) < 1, 1 + np.cos(np.pi * distance), 0)
        phases = np.unwrap(np.angle(windows @ (wave * np.exp(-2j * np.pi * t / period))))
        slope, scatter = _line(centres, phases)
        period = 1 / (1 / period + slope / (2 * math.pi))
    if scatter > 2 * np.pi * LARGEST_JITTER:
        return NoScale(
            f"The ticks scatter by {scatter / (2 * np.pi):.0%} of their distance, at most {LARGEST_JITTER:.0%} "
            "can be measured; choose a line that crosses ticks only."
        )
    half = centres.size // 2
    drift = (_line(centres[:half], phases[:half])[0] - _line(centres[half:], phases[half:])[0]) / 4
    error = scatter / math.sqrt(float(np.sum((centres - centres.mean()) ** 2)))
    return period, period**2 * math.hypot(error, drift) / (2 * np.pi)


def _line(x: Array, y: Array) -> tuple[float, float]:
    """Slope of a line through points, and their scatter about it."""
    away = x - x.mean()
    slope = float(away @ y) / float(away @ away)
    rest = y - y.mean() - slope * away
    return slope, math.sqrt(float(rest @ rest) / max(1, x.size - 2))


def _trend(profile: Array) -> Array:
    """Slow change of brightness: a cubic."""
    t = np.linspace(-1, 1, profile.size)
    trend: Array = np.polynomial.Polynomial.fit(t, profile, 3)(t)
    return trend
