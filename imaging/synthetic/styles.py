"""What synthetic marks look like: the styles to choose from and the tools that make marks of a style."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imaging.surface import BoolArray
from imaging.synthetic.canvas import Canvas, Float32Array, concentric, granular, require, weighted_sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What all impressions of one gun have in common."""

    canvas: Callable[[np.random.Generator], Canvas]
    covers: Callable[[Float32Array, Float32Array], BoolArray]
    form: Callable[[Float32Array, Float32Array], Float32Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreechFace:
    """A breech-face impression: rough relief around an off-centre hole, levelled and cropped.

    Parameters
    ----------
    radius_um, hole_um : float
        Outer radius, up to 2500, and radius of the hole that the firing-pin aperture leaves.
    rms_um : float
        Root mean square of the heights; real ones lie between 1 and 1.8.
    grain_um : float
        The wavelength that carries the most power; waves reach from 20 to some 400 um.
    striae : float
        Share of the variance in parallel machining striae, 0 (granular) to 1.
    direction_deg : float, optional
        Direction along the striae, from +x towards +y; each gun draws its own when left out.
    """

    kind: ClassVar[str] = "breech face"
    usual_pixel_um: ClassVar[float] = 6.25

    radius_um: float = 1700.0
    hole_um: float = 1150.0
    rms_um: float = 1.4
    grain_um: float = 140.0
    striae: float = 0.3
    direction_deg: float | None = None

    def __post_init__(self) -> None:
        require("radius_um", self.radius_um, 10.0, 2500.0)
        require("hole_um", self.hole_um, 1.0, 0.95 * self.radius_um)
        require("rms_um", self.rms_um, 0.0, 100.0)

    def tool(self, rng: np.random.Generator) -> Tool:
        """Return the tool of a new gun."""
        drawn_deg, towards = rng.uniform(0, 180), rng.uniform(0, 2 * math.pi)
        direction_deg = drawn_deg if self.direction_deg is None else self.direction_deg
        radius, hole = self.radius_um * 1e-6, self.hole_um * 1e-6
        offset = rng.uniform(0.2, 0.9) * (radius - hole)
        hole_x, hole_y = offset * math.cos(towards), offset * math.sin(towards)
        edge = _edge(rng, 12e-6)

        def canvas(rng: np.random.Generator) -> Canvas:
            return granular(rng, grain_um=self.grain_um, striae=self.striae, direction_deg=direction_deg)

        def covers(x: Float32Array, y: Float32Array) -> BoolArray:
            wobble = edge.at(x, y)
            inside = np.hypot(x, y) < radius + wobble
            return np.asarray(inside & (np.hypot(x - hole_x, y - hole_y) > hole + wobble))

        return Tool(canvas=canvas, covers=covers, form=lambda x, y: np.zeros_like(x))


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringPin:
    """A firing-pin impression: a crater with fine rings and grains in it, cropped at its rim.

    Parameters
    ----------
    radius_um : float
        Radius of the crater, up to 950.
    depth_um : float
        Depth of the crater, at most the radius.
    flat : bool
        Whether the pin had a flat tip instead of a round one.
    rms_um : float
        Root mean square of the relief on top of the crater's form.
    grain_um : float
        The wavelength that carries the most power; waves reach from 8 to some 150 um.
    rings : float
        Share of the variance in concentric rings, 0 to 1.
    """

    kind: ClassVar[str] = "firing pin"
    usual_pixel_um: ClassVar[float] = 3.0

    radius_um: float = 700.0
    depth_um: float = 300.0
    flat: bool = False
    rms_um: float = 0.8
    grain_um: float = 50.0
    rings: float = 0.3

    def __post_init__(self) -> None:
        require("radius_um", self.radius_um, 10.0, 950.0)
        require("depth_um", self.depth_um, 1.0, self.radius_um)
        require("rms_um", self.rms_um, 0.0, 100.0)
        require("rings", self.rings, 0.0, 1.0)

    def tool(self, rng: np.random.Generator) -> Tool:
        """Return the tool of a new gun."""
        radius, depth = self.radius_um * 1e-6, self.depth_um * 1e-6
        edge = _edge(rng, 4e-6)

        def canvas(rng: np.random.Generator) -> Canvas:
            grains = granular(rng, grain_um=self.grain_um, shortest_um=8.0)
            rings = concentric(rng, grain_um=self.grain_um, shortest_um=8.0)
            weights = math.sqrt(1 - self.rings), math.sqrt(self.rings)
            return Canvas(heights=weighted_sum(weights, (grains.heights, rings.heights)), pitch=grains.pitch)

        def covers(x: Float32Array, y: Float32Array) -> BoolArray:
            return np.asarray(np.hypot(x, y) < radius + edge.at(x, y))

        def form(x: Float32Array, y: Float32Array) -> Float32Array:
            return _crater(np.hypot(x, y), radius, depth, flat=self.flat)

        return Tool(canvas=canvas, covers=covers, form=form)


Style = BreechFace | FiringPin


def _edge(rng: np.random.Generator, rms: float) -> Canvas:
    """Return how far a mark reaches beyond its nominal edge at each point, in metres."""
    wobble = granular(rng, grain_um=600.0, shortest_um=160.0, points=128)
    return Canvas(heights=np.float32(rms) * wobble.heights, pitch=wobble.pitch)


def _crater(distance: Float32Array, radius: float, depth: float, *, flat: bool) -> Float32Array:
    """Return a sphere's cap or a flat bottom with round walls; 0 from the rim outwards."""
    if flat:
        share = ((distance / radius - 0.6) / 0.4).clip(0, 1)
        return np.asarray(-depth * (0.5 + 0.5 * np.cos(math.pi * share)), dtype=distance.dtype)
    sphere = (radius**2 + depth**2) / (2 * depth)
    fallen = np.sqrt(np.maximum(sphere**2 - np.minimum(distance, radius) ** 2, 0))
    return np.asarray((sphere - depth) - fallen, dtype=distance.dtype)
