"""The land matrix of two bullets as a heat map, and the average of every phase as bars."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ballistics.language import gettext as _
from ballistics.page.cell_drawings import DARK_BELOW
from ballistics.page.curves import Scale
from ballistics.page.figures import colour_table
from ballistics.striated.bullets import BulletComparison

CELL = 64
HEAD = 58
BAR_TOP, BAR_BOTTOM, BAR_LEFT = 22, 150, 46
BAR_STEP, GROUP_GAP = 40, 44


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """One land pair: where it stands, what was found, its colour; ``text`` is empty where a land is missing."""

    x: int
    y: int
    text: str
    colour: str
    dark: bool
    at_best_phase: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """The land matrix; questioned lands run to the right, reference lands down."""

    cells: tuple[HeatCell, ...]
    heads: tuple[tuple[int, str], ...]
    size: int
    cell: int = CELL
    head: int = HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseBar:
    """The average of one phase."""

    x: float
    y: float
    height: float
    text: str
    label: str
    best: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChart:
    """The averages of all phases: same order of the lands, then reversed order."""

    bars: tuple[PhaseBar, ...]
    groups: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[str, float], ...]
    width: float
    base: float


def draw_matrix(comparison: BulletComparison) -> HeatMap:
    """Turn the land matrix into cells with colours."""
    n = comparison.reference.lands
    table, found = colour_table(), comparison.correlations
    at_best = set(comparison.pairs)
    cells = []
    for i in range(n):
        for j in range(n):
            ccf = float(found.ccf[i, j])
            known = math.isfinite(ccf)
            share = min(max(ccf, 0.0), 1.0) if known else 0.0
            figures = (
                _(
                    "correlation {correlation}, lag {lag} µm, overlap {overlap}",
                    correlation=f"{ccf:.3f}",
                    lag=f"{found.lag_um[i, j]:+.0f}",
                    overlap=f"{found.overlap[i, j]:.0%}",
                )
                if known
                else _("not compared, a land is missing or too short")
            )
            cells.append(
                HeatCell(
                    x=HEAD + j * CELL,
                    y=HEAD + i * CELL,
                    text=f"{ccf:.2f}" if known else "",
                    colour="#{:02x}{:02x}{:02x}".format(*table[round(255 * share)]) if known else "",
                    dark=share < DARK_BELOW,
                    at_best_phase=(i, j) in at_best,
                    title=_(
                        "reference land {first}, questioned land {second}: {figures}",
                        first=i + 1,
                        second=j + 1,
                        figures=figures,
                    ),
                )
            )
    heads = tuple((HEAD + k * CELL + CELL // 2, str(k + 1)) for k in range(n))
    return HeatMap(cells=tuple(cells), heads=heads, size=HEAD + n * CELL + 3)


def draw_phases(comparison: BulletComparison) -> PhaseChart:
    """Turn the averages of all phases into bars from 0 to 1; a negative average has no height."""
    n = comparison.reference.lands
    up = Scale(low=0.0, high=1.0, start=BAR_BOTTOM, end=BAR_TOP)
    counts = comparison.counts
    bars, groups = [], []
    orders = {
        "same": (_("lands in the same order"), _("same order")),
        "reversed": (_("lands in the reversed order"), _("reversed order")),
    }
    for row, (name, (group, order)) in enumerate(orders.items()):
        left = BAR_LEFT + 14 + row * (n * BAR_STEP + GROUP_GAP)
        groups.append((left + n * BAR_STEP / 2, group))
        for phase in range(n):
            value = float(comparison.averages[row, phase])
            known = math.isfinite(value)
            top = up.at(min(max(value, 0.0), 1.0)) if known else BAR_BOTTOM
            shown = f"{value:.2f}" if known else _("none")
            mean = (
                _("mean of {count} land pairs {mean}", count=counts[row, phase], mean=shown)
                if known
                else _("fewer than two land pairs")
            )
            bars.append(
                PhaseBar(
                    x=left + phase * BAR_STEP + 4,
                    y=round(top, 1),
                    height=round(BAR_BOTTOM - top, 1),
                    text=shown,
                    label=str(phase + 1),
                    best=name == comparison.direction and phase == comparison.phase,
                    title=_(
                        "reference land 1 faces questioned land {land}, {order}: {mean}",
                        land=phase + 1,
                        order=order,
                        mean=mean,
                    ),
                )
            )
    return PhaseChart(
        bars=tuple(bars),
        groups=tuple(groups),
        ticks=tuple(up.ticks(4)),
        width=BAR_LEFT + 14 + 2 * n * BAR_STEP + GROUP_GAP + 8,
        base=BAR_BOTTOM,
    )
