"""Striated marks as a page shows them: a mark with its crosscut, and two marks over each other.

Drawings count in points of their own view box. Everything in one drawing shares the axis across the striae,
so that a stria lies at the same place in the picture and on the curve below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ballistics.language import gettext as _
from ballistics.page.curves import Scale, height_scale, path
from ballistics.page.land_pictures import Relief, Window, picture_of, uri
from ballistics.striated.land_pair import LandComparison
from ballistics.striated.signature import Signature
from ballistics.striated.striae import NotMeasured, StriaeFeatures

WIDTH, LEFT, RIGHT = 1160, 62, 10
STRIP_UM = 340.0
BEYOND_UM = 170.0
GAP = 6
CURVE = 190
STRIP = 18
MARK_WIDTH = 564
CROSSCUT = 96
PIXELS = 1.0
CROSSCUT_POINTS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A picture in a drawing, and on it the band of the crosscut and the shoulders."""

    uri: str
    x: float
    y: float
    width: float
    height: float
    band: str
    shoulders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves over a common axis."""

    top: float
    bottom: float
    left: float
    right: float
    curves: tuple[str, ...]
    zero: float | None
    x_ticks: tuple[tuple[str, float], ...]
    y_ticks: tuple[tuple[str, float], ...]
    outside: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDrawing:
    """One mark: its picture as scanned, and below it the crosscut and what of it was used."""

    width: float
    height: float
    panel: Panel
    plot: Plot


@dataclass(frozen=True, slots=True, kw_only=True)
class StriaeStrip:
    """Where striae match and where not, as ticks; ``longest`` spans the longest run of matching ones."""

    top: float
    matching: str
    other: str
    longest: tuple[float, float] | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSegment:
    """One segment of the reference: where it lies, whether it is congruent, and what was found."""

    x: float
    width: float
    congruent: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStrip:
    """The segments of the reference that were searched in the questioned signature."""

    top: float
    segments: tuple[DrawnSegment, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDrawing:
    """Two marks as under a comparison microscope, and below them their signatures over each other."""

    width: float
    height: float
    panels: tuple[Panel, Panel]
    plot: Plot
    striae: StriaeStrip | None
    segments: SegmentStrip | None


def draw_mark(signature: Signature, relief: Relief, *, mirrored: bool = False) -> MarkDrawing:
    """Draw one mark as scanned, the striae running down, with its crosscut.

    Parameters
    ----------
    signature : Signature
        Of the mark as stored.
    relief : Relief
        From `ballistics.page.land_pictures.relief_of`.
    mirrored : bool
        Draw it reversed, as it was compared.
    """
    width_um, height_um = relief.size_um
    left, right = LEFT, MARK_WIDTH - RIGHT
    ends = relief.ends_um[::-1] if mirrored else relief.ends_um
    across = Scale(low=ends[0], high=ends[1], start=left, end=right)
    window = Window(left=relief.ends_um[0], right=relief.ends_um[1], top=0.0, bottom=height_um)
    columns = right - left
    picture = picture_of(relief, window, round(columns * PIXELS), straight=False, mirrored=mirrored)
    height = columns * height_um / width_um
    down = Scale(low=0.0, high=height_um, start=0.0, end=height)

    def point(place_um: float, along_um: float) -> str:
        x = min(max(across.at(relief.straight(place_um, along_um)), left), right)
        return f"{x:.1f},{down.at(along_um):.1f}"

    rows = [edge * 1e6 for edge in signature.cut.rows]
    first_um, last_um = _used(signature)
    band = " ".join(
        [point(first_um, rows[0]), point(last_um, rows[0]), point(last_um, rows[1]), point(first_um, rows[1])]
    )
    panel = Panel(
        uri=uri(picture),
        x=left,
        y=0.0,
        width=columns,
        height=height,
        band=band,
        shoulders=tuple(f"M{point(end, 0.0)}L{point(end, height_um)}" for end in _shoulders(signature)),
    )
    top = height + GAP
    every = max(1, signature.cut.heights.size // CROSSCUT_POINTS)
    heights_um = signature.cut.heights[::every] * 1e6
    heights_um = heights_um - np.nanmin(heights_um)
    places = np.arange(heights_um.size) * (width_um / signature.cut.heights.size * every)
    up = height_scale([heights_um], start=top + CROSSCUT, end=top)
    used = sorted((across.at(first_um), across.at(last_um)))
    plot = Plot(
        top=top,
        bottom=top + CROSSCUT,
        left=left,
        right=right,
        curves=(path(places, heights_um, across, up),),
        zero=None,
        x_ticks=tuple(_rising(across).ticks(6)),
        y_ticks=tuple(up.ticks(3)),
        outside=((left, round(used[0] - left, 1)), (round(used[1], 1), round(right - used[1], 1))),
    )
    return MarkDrawing(width=MARK_WIDTH, height=top + CROSSCUT + 18, panel=panel, plot=plot)


def draw_pair(comparison: LandComparison, reliefs: tuple[Relief, Relief]) -> PairDrawing:
    """Draw two marks with their striae upright, laid on each other at the lag that was found."""
    places, reference_um, questioned_um = comparison.aligned()
    low, high = float(places[0]) - BEYOND_UM, float(places[-1]) + BEYOND_UM
    across = Scale(low=low, high=high, start=LEFT, end=WIDTH - RIGHT)
    panels, top = [], 0.0
    for signature, relief, mirrored, to_own in (
        (comparison.reference, reliefs[0], False, 0.0),
        (comparison.questioned, reliefs[1], comparison.mirrored, _to_questioned(comparison)),
    ):
        panel = _strip(signature, relief, across, top, mirrored=mirrored, to_own=to_own)
        panels.append(panel)
        top = panel.y + panel.height + 2
    segments = _segments(comparison, across, top + GAP)
    top += STRIP if segments else 0
    striae = _striae(comparison, across, top + GAP)
    top += 2 * GAP + (STRIP if striae else 0)
    up = height_scale([reference_um, questioned_um], start=top + CURVE, end=top)
    plot = Plot(
        top=top,
        bottom=top + CURVE,
        left=LEFT,
        right=WIDTH - RIGHT,
        curves=tuple(path(places, heights, across, up) for heights in (reference_um, questioned_um)),
        zero=round(up.at(0.0), 1),
        x_ticks=tuple(across.ticks(12)),
        y_ticks=tuple(up.ticks(4)),
    )
    return PairDrawing(
        width=WIDTH,
        height=top + CURVE + 34,
        panels=(panels[0], panels[1]),
        plot=plot,
        striae=striae,
        segments=segments,
    )


def draw_signature(signature: Signature) -> Plot:
    """Draw a signature alone."""
    places = signature.start_um + np.arange(signature.heights_um.size) * signature.spacing_um
    across = Scale(low=float(places[0]), high=float(places[-1]), start=LEFT, end=WIDTH - RIGHT)
    up = height_scale([signature.heights_um], start=CURVE, end=4.0)
    return Plot(
        top=4.0,
        bottom=CURVE,
        left=LEFT,
        right=WIDTH - RIGHT,
        curves=(path(places, signature.heights_um, across, up),),
        zero=round(up.at(0.0), 1),
        x_ticks=tuple(across.ticks(12)),
        y_ticks=tuple(up.ticks(4)),
    )


def _segments(comparison: LandComparison, across: Scale, top: float) -> SegmentStrip | None:
    """The segments of the reference on the common axis."""
    both = comparison.segments()
    if isinstance(both, NotMeasured):
        return None
    found = both[0]
    first = comparison.reference
    width = found.length * found.spacing_um * across.factor
    drawn = [
        DrawnSegment(
            x=round(across.at(first.start_um + start * first.spacing_um), 1),
            width=round(width, 1),
            congruent=congruent,
            title=_(
                "segment {number}: {reason}, correlation {correlation}",
                number=number,
                reason=reason,
                correlation=f"{correlation:.2f}",
            )
            if math.isfinite(correlation)
            else _("segment {number}: {reason}", number=number, reason=reason),
        )
        for number, (start, congruent, reason, correlation) in enumerate(
            zip(
                found.start.tolist(),
                found.congruent.tolist(),
                found.reason,
                found.correlation.tolist(),
                strict=True,
            ),
            start=1,
        )
    ]
    return SegmentStrip(top=top, segments=tuple(drawn), text=f"CMPS {found.count}")


def _striae(comparison: LandComparison, across: Scale, top: float) -> StriaeStrip | None:
    """Ticks for the striae, ridges and furrows, on the common axis."""
    found = comparison.striae()
    if isinstance(found, NotMeasured):
        return None
    first = comparison.reference
    x = [round(across.at(first.start_um + place * first.spacing_um), 1) for place in found.lines.place.tolist()]
    ticks = {True: "", False: ""}
    for place, matched in zip(x, found.matched.tolist(), strict=True):
        ticks[matched] += f"M{place:g},{top if matched else top + STRIP / 2:g}V{top + STRIP:g}"
    run = _longest_run(found)
    return StriaeStrip(
        top=top,
        matching=ticks[True],
        other=ticks[False],
        longest=(x[run[0]], x[run[1]]) if run else None,
        text=f"CMS {found.cms}",
    )


def _longest_run(found: StriaeFeatures) -> tuple[int, int] | None:
    """First and last line of the first run that is as long as the longest."""
    run: list[int] = []
    longest: list[int] = []
    for index, (matched, stretch) in enumerate(zip(found.matched.tolist(), found.stretch.tolist(), strict=True)):
        goes_on = matched and run and stretch == found.stretch[run[-1]]
        run = [*run, index] if goes_on else [index] if matched else []
        longest = max(longest, run, key=len)
    return (longest[0], longest[-1]) if longest else None


def _to_questioned(comparison: LandComparison) -> float:
    """Where place 0 of the reference's crosscut lies on that of the questioned mark, which may be reversed."""
    first, second = comparison.reference, comparison.questioned
    into_signature = comparison.lag_um - first.start_um
    if comparison.mirrored:
        return second.start_um + second.length_um - second.spacing_um - into_signature
    return second.start_um + into_signature


def _strip(
    signature: Signature, relief: Relief, across: Scale, top: float, *, mirrored: bool, to_own: float
) -> Panel:
    """A strip of the mark about its crosscut; ``to_own`` is where place 0 of the axis lies on it."""
    way = -1.0 if mirrored else 1.0
    ends = sorted((to_own + way * across.low, to_own + way * across.high))
    rows = [edge * 1e6 for edge in signature.cut.rows]
    tall = min(STRIP_UM, relief.size_um[1])
    first = min(max(sum(rows) / 2 - tall / 2, 0.0), relief.size_um[1] - tall)
    window = Window(left=ends[0], right=ends[1], top=first, bottom=first + tall)
    columns = across.end - across.start
    height = tall * across.factor
    down = Scale(low=first, high=first + tall, start=top, end=top + height)
    upper, lower = (min(max(down.at(row), top), top + height) for row in rows)
    lines = [across.at(way * (end - to_own)) for end in _shoulders(signature)]
    return Panel(
        uri=uri(picture_of(relief, window, round(columns * PIXELS), mirrored=mirrored)),
        x=across.start,
        y=round(top, 1),
        width=columns,
        height=round(height, 1),
        band=f"M{across.start},{upper:.1f}H{across.end}M{across.start},{lower:.1f}H{across.end}",
        shoulders=tuple(f"M{x:.1f},{top:.1f}V{top + height:.1f}" for x in lines if across.start < x < across.end),
    )


def _shoulders(signature: Signature) -> tuple[float, ...]:
    found = signature.shoulders
    return (found.left_um, found.right_um) if found else ()


def _used(signature: Signature) -> tuple[float, float]:
    """First and last place of the crosscut that the signature comes from, on the mark as stored."""
    return signature.start_um, signature.start_um + signature.length_um


def _rising(scale: Scale) -> Scale:
    if scale.low < scale.high:
        return scale
    return Scale(low=scale.high, high=scale.low, start=scale.end, end=scale.start)
