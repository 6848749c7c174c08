"""The comparison microscope: one self-contained page that shows two exhibits side by side, split or overlaid.

The page needs no network. Heights travel as whole numbers and are lit in the page, so that its lamp can move;
photographs travel as they are. Points of a side are ``(x, y)`` in its pixels, the first pixel's centre at
``(0, 0)``, y downwards.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ballistics.compare import Comparison, Exhibit
from ballistics.errors import OptionError
from ballistics.language import Message, translated
from ballistics.output import printable
from ballistics.page.microscope_sides import (
    HeightSide,
    PictureSide,
    Side,
    check_scale,
    packed_side,
    scan_side,
    steps_of,
)
from ballistics.page.microscope_words import microscope_words
from ballistics.page.rendering import render
from imaging.pose import Pose

LARGEST = 1200
"""Most columns or rows of a side on the page; what is larger is reduced."""

LARGEST_POSSIBLE = 2400
LARGEST_PAGE = 25_000_000

__all__ = [
    "Cells",
    "HeightSide",
    "MatchPoints",
    "PictureSide",
    "Side",
    "Similarity",
    "comparison_view",
    "microscope_page",
    "scan_side",
]

CLOSING = Message(
    "A view, not a finding: what it shows depends on the lamp, the relief and how the exhibits were laid."
)
STYLES = ("microscope.css",)
SCRIPTS = tuple(
    f"microscope_{part}.js"
    for part in ("exhibits", "view", "webgl", "canvas", "drawing", "saving", "controls", "start")
)
STEEP_SLOPE = 0.9
CONGRUENT, OTHER = "#2d9cff", "#ff8a1f"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
CORNERS = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])

Points = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """How pictures of unknown scale lie on each other: turn, enlarge, shift.

    It takes a left point ``p`` to the right point ``scale R(angle) p + (dx, dy)``, both in their own pixels from
    the middle of their picture. ``angle`` is in radians, ``scale`` above 0.
    """

    angle: float
    scale: float
    dx: float
    dy: float

    def __post_init__(self) -> None:
        check_scale(self.scale)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatchPoints:
    """Points of both sides that belong together, each array of shape (n, 2), in the side's pixels."""

    left: Points
    right: Points

    def __post_init__(self) -> None:
        if self.left.shape != self.right.shape or self.left.ndim != 2 or self.left.shape[1] != 2:
            raise OptionError(
                f"Points of shape {self.left.shape} and {self.right.shape} found; both (n, 2) are needed."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Outlines on both sides, with a colour and a label each.

    Parameters
    ----------
    left, right : ndarray, shape (n, corners, 2)
        Corners in the side's pixels; NaN where the cell has no place on that side.
    colours : tuple of str
        ``#rrggbb``.
    labels : tuple of str
    legend : mapping of str to str
        What a colour means.
    """

    left: Points
    right: Points
    colours: tuple[str, ...]
    labels: tuple[str, ...]
    legend: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = {len(self.left), len(self.right), len(self.colours), len(self.labels)}
        if len(counts) != 1 or any(each.ndim != 3 or each.shape[2] != 2 for each in (self.left, self.right)):
            raise OptionError(
                f"Outlines of shape {self.left.shape} and {self.right.shape}, {len(self.colours)} colours and "
                f"{len(self.labels)} labels found; (n, corners, 2) twice and n of the others are needed."
            )
        wrong = [colour for colour in (*self.colours, *self.legend) if not COLOUR.fullmatch(colour)]
        if wrong:
            raise OptionError(f"The colour {wrong[0]!r} found; #rrggbb is needed.")


def microscope_page(
    left: Side,
    right: Side,
    *,
    pose: Pose | Similarity | None = None,
    marks: Sequence[MatchPoints | Cells] = (),
    notes: Sequence[str] = (),
    largest: int = LARGEST,
) -> str:
    """Return the page that shows two exhibits as a comparison microscope does.

    Parameters
    ----------
    left, right : HeightSide or PictureSide
        The reference and the questioned exhibit; a scan may stand beside a photograph.
    pose : Pose or Similarity, optional
        How the right side lies on the left one: a `Pose` in metres between the middles of two sides of known
        scale, as `ballistics.compare` gives it, or a `Similarity` in pixels. Without one, middle lies on middle.
    marks : sequence of MatchPoints or Cells
        What the page can draw on both sides.
    notes : sequence of str
        What a person should know before relying on the view; shown as warnings and saved with every picture.
    largest : int
        Most columns or rows of a side, 64 to 2400; a larger one is reduced by averaging areas.

    Returns
    -------
    str
        HTML with all data, styles and scripts inside; its policy forbids it to load anything.

    Raises
    ------
    OptionError
        If ``largest`` is out of range or makes a page of more than 25 MB, or a `Pose` comes with a side of unknown
        scale.

    Notes
    -----
    Heights are rounded to a step of 1/128 of what the steep slope (exceeded by one point in ten) rises from one
    column to the next, and coarser where 65534 steps do not span the middle 99.8 % of them three times over. The
    page states the step. Missing points take no part in averages; a point is missing where less than half of its
    area was measured.

    Examples
    --------
    >>> waves = np.sin(np.arange(200) / 5) * np.ones((100, 1))
    >>> sides = [HeightSide(heights_um=waves, spacing_um=(2.0, 2.0), title=name) for name in ("one", "two")]
    >>> page = microscope_page(*sides, pose=Pose(angle=0.1, dx=5e-6, dy=0.0))
    >>> page.startswith("<!doctype html>"), len(page) < 200_000
    (True, True)
    """
    if not 64 <= largest <= LARGEST_POSSIBLE:
        raise OptionError(f"A largest side of {largest} pixels found; 64 to {LARGEST_POSSIBLE} is possible.")
    first = left.pixel_um or 1.0
    second = right.pixel_um if left.pixel_um and right.pixel_um else first
    units = (first, second)
    sides = [packed_side(side, unit, largest) for side, unit in zip((left, right), units, strict=True)]
    exhibits = {
        "program": f"forensic-ballistics {version('forensic-ballistics')}",
        "closing": translated(CLOSING),
        "notes": [printable(translated(note)) for note in notes],
        "sides": sides,
        "placement": _placement(left, right, pose, units),
        "relief": _common_relief([side["steep_slope"] for side in sides if side["kind"] == "heights"]),
        "points": [_points(each, left, right, units) for each in marks if isinstance(each, MatchPoints)],
        "cells": [_cells(each, left, right, units) for each in marks if isinstance(each, Cells)],
    }
    script = "".join(files("ballistics.page").joinpath("templates", name).read_text("utf-8") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    page = render(
        "microscope.html",
        styles=STYLES,
        exhibits=exhibits,
        words=microscope_words(),
        script=script,
        script_digest=f"'sha256-{digest}'",
    )
    if len(page) > LARGEST_PAGE:
        raise OptionError(
            f"A page of {len(page) / 1e6:.0f} MB found with sides of up to {largest} pixels; "
            f"{LARGEST_PAGE / 1e6:.0f} MB is possible. Choose a smaller largest side."
        )
    return page


def comparison_view(comparison: Comparison) -> str:
    """Return the page for a comparison: both scans at the pose that was found, with the cells of the reference.

    Cells that count under the rule that the parameter set scores by are blue, the others orange.
    """
    reference, questioned = comparison.reference, comparison.questioned
    cells, verdict = comparison.forward, comparison.verdicts[comparison.parameters.score][0]
    side = cells.side * CORNERS
    cosine, sine = np.cos(cells.angle), np.sin(cells.angle)
    turns = np.stack([np.stack([cosine, sine], axis=1), np.stack([-sine, cosine], axis=1)], axis=1)
    found = side @ turns + cells.place[:, None, :]
    found[~cells.compared] = np.nan
    drawn = Cells(
        left=_on_scan(side + cells.centre[:, None, :], reference),
        right=_on_scan(found, questioned),
        colours=tuple(CONGRUENT if congruent else OTHER for congruent in verdict.congruent),
        labels=tuple(f"{row}·{column}" for row, column in zip(cells.row, cells.column, strict=True)),
        legend={
            CONGRUENT: Message("congruent ({rule})", rule=comparison.parameters.score),
            OTHER: Message("not congruent"),
        },
    )
    sides = [scan_side(each.scan, area=each.segmentation.mask) for each in (reference, questioned)]
    return microscope_page(*sides, pose=comparison.alignment.pose, marks=(drawn,), notes=comparison.warnings)


def _on_scan(points: Points, exhibit: Exhibit) -> Points:
    """Turn metres from the middle of a prepared mark into pixels of its scan."""
    middle = (np.array(exhibit.scan.shape[::-1]) - 1) / 2
    on_scan: Points = (points + exhibit.mark.centre) / exhibit.scan.spacing + middle
    return on_scan


def _common_relief(steep_slopes: Sequence[float]) -> float:
    """One factor on the heights of all sides, so that their roughness can be compared by eye."""
    known = [slope for slope in steep_slopes if slope > 0]
    return STEEP_SLOPE / math.exp(float(np.mean(np.log(known)))) if known else 1.0


def _placement(
    left: Side, right: Side, pose: Pose | Similarity | None, units: tuple[float, float]
) -> dict[str, float] | None:
    """Where the right side lies on the left one: turned, enlarged, then its middle moved to (x, y)."""
    if pose is None:
        return None
    scale, step = units[1] / units[0], units[1]
    if isinstance(pose, Pose):
        if not (left.pixel_um and right.pixel_um):
            raise OptionError(
                "A pose in metres and a side of unknown scale found; give its pixel_um, or a Similarity in pixels."
            )
        scale, step = 1.0, 1e6
    else:
        scale *= pose.scale
    back = Pose(angle=pose.angle, dx=pose.dx * step / scale, dy=pose.dy * step / scale).inverse()
    return {"x": back.dx, "y": back.dy, "angle": back.angle_deg, "size": 1 / scale}


def _local(points: Points, side: Side, unit: float) -> list[Any]:
    """Points as the page wants them: from the middle of the side, in the page's units, None where not finite."""
    middle = (np.array(side.shape[::-1]) - 1) / 2
    local = np.round((np.asarray(points, float) - middle) * steps_of(side, unit), 4)
    return [None if not np.isfinite(each).all() else each.tolist() for each in local]


def _points(points: MatchPoints, left: Side, right: Side, units: tuple[float, float]) -> dict[str, Any]:
    return {"outlines": [_local(points.left, left, units[0]), _local(points.right, right, units[1])]}


def _cells(cells: Cells, left: Side, right: Side, units: tuple[float, float]) -> dict[str, Any]:
    return {
        "outlines": [_local(cells.left, left, units[0]), _local(cells.right, right, units[1])],
        "colours": cells.colours,
        "labels": [printable(translated(label)) for label in cells.labels],
        "legend": {colour: printable(translated(meaning)) for colour, meaning in cells.legend.items()},
    }
