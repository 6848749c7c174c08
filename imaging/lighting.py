"""What a camera would see of a surface: a photograph made from heights, under a ring light or a side light.

It makes photographs with known truth, and lets a scan meet a photograph. It is a model: no shadow is cast, nothing
is reflected twice, the metal is the same everywhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.photo import Light, Photo
from imaging.render import slopes
from imaging.resample import isotropic
from imaging.surface import Surface

Float32Array = NDArray[np.float32]

RING_LAMPS = 24
SHINE = 0.8
GLOSS = 30.0
BRIGHT, BRIGHT_SHARE = 0.55, 90.0


def photograph(
    surface: Surface, light: Light, *, elevation_deg: float = 30.0, relief: float | None = None
) -> Photo:
    """Return the photograph that a camera straight above takes of a surface.

    Parameters
    ----------
    surface : Surface
        Any heights, levelled if they are to be lit evenly. Missing points are black.
    light : Light
        A ring, or a side light with its azimuth.
    elevation_deg : float
        Height of the lamps above the surface, above 0 to below 90.
    relief : float, optional
        Factor on the heights, above 0. Left out, it is chosen so that the slope exceeded by one point in ten
        becomes 0.5, since the relief of a filtered scan is far weaker than what a lens sees of a fresh mark.

    Returns
    -------
    Photo
        Of the surface's larger pixel, 8 bits; nine points in ten are darker than 55 % of white.

    Raises
    ------
    ParameterError
        If the light is unknown or has no azimuth, or an option is out of range.

    Notes
    -----
    Lambert's cosine law and the highlight of Blinn, "Models of light reflection for computer synthesized
    pictures", SIGGRAPH 1977, doi:10.1145/563858.563893, one to four; a ring is the mean of 24 lamps.

    Examples
    --------
    >>> ramp = np.arange(50.0) * np.ones((40, 1)) * 1e-6
    >>> rough = ramp + np.random.default_rng(1).normal(scale=2e-7, size=ramp.shape)
    >>> photograph(Surface(heights=rough, spacing=(1e-6, 1e-6)), Light(kind="ring")).shape
    (40, 50)
    """
    if light.kind == "unknown" or (light.kind == "side" and light.azimuth_deg is None):
        raise ParameterError("A ring light or a side light with its azimuth is needed to light a surface.")
    if not 0.0 < elevation_deg < 90.0:
        raise ParameterError(f"An elevation of {elevation_deg:g} degrees found; above 0 to below 90 is possible.")
    if relief is not None and not 0.0 < relief < math.inf:
        raise ParameterError(f"A relief of {relief:g} found; it must be positive and finite.")
    square = surface if surface.is_isotropic else isotropic(surface)
    valid = square.valid
    slope_x, slope_y = slopes(square)
    if relief is None:
        steep = float(np.percentile(np.hypot(slope_x, slope_y)[valid], 90)) if valid.any() else 0.0
        relief = 0.5 / steep if steep > 0 else 1.0
    azimuths = np.arange(RING_LAMPS) * (360.0 / RING_LAMPS) if light.kind == "ring" else [light.azimuth_deg or 0.0]
    seen = np.zeros(square.shape, np.float32)
    for azimuth_deg in azimuths:
        seen += _lit(relief * slope_x, relief * slope_y, math.radians(azimuth_deg), math.radians(elevation_deg))
    top = float(np.percentile(seen[valid], BRIGHT_SHARE)) if valid.any() else 1.0
    levels = np.clip(seen * (255.0 * BRIGHT / max(top, 1e-9)), 1.0, 255.0)
    pixels = np.where(valid, np.rint(levels), 0.0).astype(np.uint8)
    step = f"photographed under a {light.kind} light" + (
        f" from {light.azimuth_deg:g} deg" if light.azimuth_deg is not None else ""
    )
    provenance = square.provenance.model_copy(update={"steps": (*square.provenance.steps, step)})
    return Photo(pixels=pixels, pixel_um=square.pixel_um, light=light, provenance=provenance)


def _lit(slope_x: Float32Array, slope_y: Float32Array, azimuth: float, elevation: float) -> Float32Array:
    """Brightness under one lamp: matt and shining parts."""
    to_lamp = (
        math.sin(azimuth) * math.cos(elevation),
        -math.cos(azimuth) * math.cos(elevation),
        math.sin(elevation),
    )
    halfway = np.array([to_lamp[0], to_lamp[1], to_lamp[2] + 1.0])
    halfway /= np.linalg.norm(halfway)
    length = np.sqrt(1.0 + slope_x**2 + slope_y**2)
    matt, shining = (
        np.clip((to[2] - to[0] * slope_x - to[1] * slope_y) / length, 0.0, 1.0) for to in (to_lamp, halfway)
    )
    brightness: Float32Array = ((1.0 - SHINE) * matt + SHINE * shining**GLOSS).astype(np.float32)
    return brightness
