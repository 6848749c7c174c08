"""The cells of a comparison as shapes on a page: squares, turned squares, bars of a histogram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ballistics.congruence import Congruence
from ballistics.impressed import CellMatches
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.page.figures import colour_table

BIN = 0.05
SQUARE = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
DARK_BELOW = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCell:
    """One cell: what was measured and its two squares, in micrometres from the middles of the marks.

    ``square`` and ``found`` are corner points for SVG; ``found`` is empty for a cell that was not compared.
    """

    label: str
    row: int
    column: int
    square: str
    x: float
    y: float
    found: str
    found_x: float
    found_y: float
    fill: float
    compared: bool
    correlation: float
    angle_deg: float
    dx_um: float
    dy_um: float
    colour: str
    dark: bool
    congruent: Mapping[str, bool]
    reason: Mapping[str, str]

    @property
    def rules(self) -> str:
        """The rules under which the cell counts, separated by spaces."""
        return " ".join(rule for rule, yes in self.congruent.items() if yes)

    @property
    def title(self) -> str:
        """All that is known of the cell, for the pointer."""
        share = f"{self.fill:.0%}"
        lines = [_("Cell {cell} (row, column), {share} measured", cell=self.label, share=share)]
        if self.compared:
            lines.append(
                _(
                    "correlation {correlation}, angle {angle}°, {dx}, {dy} µm from the expected place",
                    correlation=f"{self.correlation:.2f}",
                    angle=f"{self.angle_deg:.1f}",
                    dx=f"{self.dx_um:+.0f}",
                    dy=f"{self.dy_um:+.0f}",
                )
            )
        lines += [f"{rule}: {translated(reason)}" for rule, reason in self.reason.items()]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bin: its lower end and how many cells of each sort fall into it."""

    low: float
    congruent: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Cell correlations in bins of 0.05 from 0 to 1; lower ones fall into the first bin."""

    bars: tuple[Bar, ...]
    highest: int
    threshold: float


def draw_cells(cells: CellMatches, verdicts: Mapping[str, Congruence]) -> list[DrawnCell]:
    """Turn the cells of one direction, with what each rule says of them, into shapes."""
    um = 1e6
    table = colour_table()
    centre, place, shift, side = cells.centre * um, cells.place * um, cells.shift * um, cells.side * um
    angle, angle_deg, correlation, compared = cells.angle, cells.angle_deg, cells.correlation, cells.compared
    drawn = []
    for i in range(len(cells)):
        c, s = np.cos(angle[i]), np.sin(angle[i])
        turned = side * SQUARE @ np.array([[c, s], [-s, c]]) + place[i]
        share = float(np.clip(correlation[i], 0, 1))
        drawn.append(
            DrawnCell(
                label=f"{cells.row[i]}·{cells.column[i]}",
                row=int(cells.row[i]),
                column=int(cells.column[i]),
                square=_corners(side * SQUARE + centre[i]),
                x=float(centre[i, 0]),
                y=float(centre[i, 1]),
                found=_corners(turned) if compared[i] else "",
                found_x=float(place[i, 0]),
                found_y=float(place[i, 1]),
                fill=float(cells.fill[i]),
                compared=bool(compared[i]),
                correlation=float(correlation[i]),
                angle_deg=float(angle_deg[i]),
                dx_um=float(shift[i, 0]),
                dy_um=float(shift[i, 1]),
                colour="#{:02x}{:02x}{:02x}".format(*table[round(255 * share)]),
                dark=share < DARK_BELOW,
                congruent={rule: bool(verdict.congruent[i]) for rule, verdict in verdicts.items()},
                reason={rule: verdict.reason[i] for rule, verdict in verdicts.items()},
            )
        )
    return drawn


def draw_histogram(
    correlation: NDArray[np.float64], congruent: NDArray[np.bool_], *, threshold: float
) -> Histogram:
    """Count cells by correlation, those that count and the others apart."""
    edges = np.linspace(0.0, 1.0, round(1 / BIN) + 1)
    share = correlation.clip(0.0, 1.0)
    yes, no = (np.histogram(share[chosen], edges)[0] for chosen in (congruent, ~congruent))
    return Histogram(
        bars=tuple(
            Bar(low=float(low), congruent=int(a), other=int(b)) for low, a, b in zip(edges, yes, no, strict=False)
        ),
        highest=max(1, int((yes + no).max())),
        threshold=threshold,
    )


def _corners(points: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
