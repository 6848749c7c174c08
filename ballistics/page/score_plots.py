"""The plot of a population's scores with that of the case among them, and of the LR of each score."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray

from ballistics.document.blocks import Picture
from ballistics.errors import EvidenceError
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.likelihood_ratio import LikelihoodRatio
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scales import figure as lr_figure
from ballistics.language import gettext as _
from ballistics.page.plot_style import (
    BLACK,
    GREY,
    MATCHES,
    NON_MATCHES,
    LrAxis,
    bars,
    both_kinds,
    legend,
    line,
    picture,
    plain,
    sheet,
)

BINS = 40
CURVE_POINTS = 400
ROOM = 0.02
HEADROOM = 1.35
SHARE = 0.72


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scores:
    """What is drawn along the axis of scores: of all pairs, and of the case."""

    values: FloatArray
    edges: FloatArray
    name: str
    case: float | None
    told: str


def score_plot(population: ReferencePopulation, case: LikelihoodRatio | ArrayLike | None = None) -> Picture:
    """Draw the scores of a population's known pairs, the case among them, and the LR that each score has.

    Parameters
    ----------
    population : ReferencePopulation
        Known pairs with their calibrator and bounds.
    case : LikelihoodRatio or array_like, shape () or (k,), optional
        What `ballistics.evidence.weight.weigh` returned for the case: its score is marked, and its LR with the
        interval. Of a plain score no LR is marked: that is for scores that were refused one.

    Raises
    ------
    EvidenceError
        If the case has not as many numbers as the population has columns, or one is not finite.

    Notes
    -----
    Several scores are drawn as the log10 LR that the calibrator makes of them, before the bounds. The LR of a cell
    count depends on the number of cells: it is drawn for that of the case, or else for the median of the known
    pairs.

    Examples
    --------
    >>> from ballistics.evidence.population import Description, Origin, Scanning, build_population
    >>> first, second = np.triu_indices(12)
    >>> guns = [f"gun {i}" for i in range(12)]
    >>> population = build_population(
    ...     Description(
    ...         name="made", mark="aperture shear", parameters="made", parameter_hash="0" * 64, score="one score",
    ...         firearms="made pistols",
    ...         scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.5),
    ...         origin=Origin(source="made", licence="CC0", credit="none", made_by="this example"),
    ...     ),
    ...     {"ccf": np.random.default_rng(7).normal(np.where(first == second, 0.7, 0.3), 0.1)},
    ...     firearms=([guns[i] for i in first], [guns[i] for i in second]),
    ...     items=([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    ... )
    >>> score_plot(population, 0.56).alt[-28:]
    'line at this case: ccf 0.56.'
    """
    same = population.pairs.same
    weight = case if isinstance(case, LikelihoodRatio) else None
    given = _case_score(population, case)
    if population.description.score == "several scores":
        return _combined_plot(population, given, weight)
    scores = _along(population, given)
    cells = _cells(population, given)
    curve_x, curve = _curve(population, scores, cells)
    limits = population.bounds
    with sheet(8.4) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 0.95))
        for kind, look in ((True, MATCHES), (False, NON_MATCHES)):
            bars(above, scores.edges, scores.values[same == kind], look)
        room = ROOM * (scores.edges[-1] - scores.edges[0])
        above.set_xlim(scores.edges[0] - room, scores.edges[-1] + room)
        above.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        above.set_ylabel(_("Share of its kind"))
        shown = LrAxis.of([limits.lower * 1.25, limits.upper * 1.25])
        below.plot(curve_x, curve, color=GREY, linewidth=1.0, linestyle=":")
        below.plot(curve_x, limits.apply(curve).log10_lr, color=BLACK)
        below.axhline(0, color=GREY, linewidth=0.8)
        _draw_bounds(below, population, "y")
        shown.along(below, "y", named=(_("log₁₀ LR"), _("LR")))
        below.set_xlabel(scores.name)
        _mark_case(above, scores)
        if scores.case is not None:
            below.axvline(scores.case, color=BLACK, linewidth=0.9)
        if weight is not None and scores.case is not None:
            error = [[weight.log10_lr - weight.lower], [weight.upper - weight.log10_lr]]
            below.errorbar(
                [scores.case], [weight.log10_lr], yerr=error, fmt="D", color=BLACK, markersize=5, capsize=4
            )
        entries = both_kinds(int(same.sum()), int((~same).sum()), lines=False)
        entries += [
            line(BLACK, _("LR of a score, within the bounds")),
            line(GREY, _("before the bounds"), dashes=":"),
            _bounds_entry(),
        ]
        legend(figure, entries)
        said = [
            _shares_said(population),
            _overlap_said(scores.values, same),
            _("The black upright line is this case: {told}.", told=scores.told) if scores.told else "",
            _("Below: the likelihood ratio that the population gives each score.")
            if cells is None
            else _(
                "Below: the likelihood ratio that the population gives each count of {cells:g} cells.", cells=cells
            ),
            _bounds_said(population),
            _weight_said(weight),
        ]
        drawn = picture(figure, caption=" ".join(filter(None, said)), alt=_score_alt(population, scores.told))
        return replace(drawn, share=SHARE)


def _combined_plot(
    population: ReferencePopulation, given: FloatArray | None, weight: LikelihoodRatio | None
) -> Picture:
    same = population.pairs.same
    values = population.calibrator.log10_lr(population.pairs.table)
    case = None if given is None else float(population.calibrator.log10_lr(given[None])[0])
    axis = LrAxis.of(values, [] if case is None else [case])
    told = "" if given is None else _told(population, given)
    name = _("Combined score: log₁₀ LR before the bounds")
    scores = _Scores(values=axis.places(values), edges=axis.edges(BINS), name=name, case=case, told=told)
    with sheet(8.8) as figure:
        axes = figure.add_subplot()
        for kind, look in ((True, MATCHES), (False, NON_MATCHES)):
            bars(axes, scores.edges, scores.values[same == kind], look)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylabel(_("Share of its kind"))
        axis.along(axes, "x", named=(name, _("LR before the bounds")))
        _draw_bounds(axes, population, "x")
        _mark_case(axes, scores)
        legend(figure, [*both_kinds(int(same.sum()), int((~same).sum()), lines=False), _bounds_entry()])
        said = [
            _shares_said(population),
            _("The scores ({names}) are combined into one.", names=", ".join(population.pairs.scores)),
            _("The black upright line is this case: {told}.", told=told) if told else "",
            _bounds_said(population),
            _weight_said(weight),
        ]
        drawn = picture(figure, caption=" ".join(filter(None, said)), alt=_score_alt(population, told))
        return replace(drawn, share=SHARE)


def _case_score(population: ReferencePopulation, case: LikelihoodRatio | ArrayLike | None) -> FloatArray | None:
    if case is None:
        return None
    names = tuple(population.pairs.scores)
    given = list(case.score.values()) if isinstance(case, LikelihoodRatio) else case
    values = np.atleast_1d(np.asarray(given, dtype=np.float64))
    if values.shape != (len(names),) or not np.isfinite(values).all():
        raise EvidenceError(
            f"the score of the case is {values.tolist()}; expected {len(names)} finite numbers: {', '.join(names)}"
        )
    return values


def _told(population: ReferencePopulation, given: FloatArray) -> str:
    if population.description.score == "cell count":
        return _("{count:g} of {cells:g} cells", count=given[0], cells=given[1])
    return ", ".join(
        f"{plain(name)} {value:.4g}" for name, value in zip(population.pairs.scores, given, strict=True)
    )


def _along(population: ReferencePopulation, given: FloatArray | None) -> _Scores:
    values = population.pairs.table.reshape(len(population.pairs), -1)[:, 0]
    case = None if given is None else float(given[0])
    seen = values if case is None else np.append(values, case)
    low, high = float(seen.min()), float(seen.max())
    if population.description.score == "cell count":
        width = max(1, math.ceil((high - low + 1) / (1.5 * BINS)))
        edges = np.arange(low - 0.5, high + 0.5 + width, width)
        name = _("Congruent cells ({name})", name=plain(next(iter(population.pairs.scores))))
    else:
        edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
        name = _("Score ({name})", name=plain(next(iter(population.pairs.scores))))
    told = "" if given is None else _told(population, given)
    return _Scores(values=values, edges=edges, name=name, case=case, told=told)


def _cells(population: ReferencePopulation, given: FloatArray | None) -> float | None:
    if population.description.score != "cell count":
        return None
    return float(np.round(np.median(population.pairs.table[:, 1]))) if given is None else float(given[1])


def _curve(population: ReferencePopulation, scores: _Scores, cells: float | None) -> tuple[FloatArray, FloatArray]:
    """Return scores over the range of the known pairs and the log10 LR, not bounded, of each."""
    low, high = float(scores.values.min()), float(scores.values.max())
    if cells is None:
        x = np.linspace(low, high, CURVE_POINTS)
        return x, population.calibrator.log10_lr(x)
    x = np.arange(low, min(high, cells) + 1)
    return x, population.calibrator.log10_lr(np.column_stack([x, np.full(len(x), cells)]))


def _draw_bounds(axes: Axes, population: ReferencePopulation, side: str) -> None:
    draw = axes.axhline if side == "y" else axes.axvline
    for bound in (population.bounds.lower, population.bounds.upper):
        draw(bound, color=GREY, linewidth=1.0, linestyle="--")


def _bounds_entry() -> Line2D:
    return line(GREY, _("bounds of the population"), dashes="--", width=1.0)


def _mark_case(axes: Axes, scores: _Scores) -> None:
    """Draw the line of the case, with its words above all bars."""
    if scores.case is None:
        return
    axes.set_ylim(0, HEADROOM * axes.dataLim.y1)
    axes.axvline(scores.case, color=BLACK, linewidth=1.4)
    left = scores.case > (scores.edges[0] + scores.edges[-1]) / 2
    axes.annotate(
        _("this case: {told}", told=scores.told),
        (scores.case, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if left else 5, -5),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def _shares_said(population: ReferencePopulation) -> str:
    known = population.diagnostics
    return _(
        "Scores of {matches:,} known matches and {others:,} known non-matches of the reference population "
        "{name}, each bar as a share of its kind.",
        matches=known.known_matches,
        others=known.known_non_matches,
        name=population.description.name,
    )


def _overlap_said(values: FloatArray, same: NDArray[np.bool_]) -> str:
    matches, others = values[same], values[~same]
    return _(
        "Known matches lie from {low:.4g} to {high:.4g} (median {middle:.4g}), known non-matches from "
        "{other_low:.4g} to {other_high:.4g} (median {other_middle:.4g}).",
        low=matches.min(),
        high=matches.max(),
        middle=np.median(matches),
        other_low=others.min(),
        other_high=others.max(),
        other_middle=np.median(others),
    )


def _bounds_said(population: ReferencePopulation) -> str:
    limits = population.bounds
    return _(
        "The dashed grey lines are the bounds: the known pairs carry no LR below {lower} or above {upper}.",
        lower=lr_figure(limits.lower),
        upper=lr_figure(limits.upper),
    )


def _weight_said(weight: LikelihoodRatio | None) -> str:
    if weight is None:
        return ""
    held = _("The bound stands in the place of a value beyond it.") if weight.bound else ""
    said = _(
        "The likelihood ratio of the case is {ratio} ({level:.0%} interval {lower} to {upper}).",
        ratio=lr_figure(weight.log10_lr),
        level=weight.level,
        lower=lr_figure(weight.lower),
        upper=lr_figure(weight.upper),
    )
    return f"{said} {held}".strip()


def _score_alt(population: ReferencePopulation, told: str) -> str:
    known = population.diagnostics
    counts = {"matches": known.known_matches, "others": known.known_non_matches}
    if not told:
        return _(
            "Histograms of the scores of {matches:,} known matches and {others:,} known non-matches.", **counts
        )
    return _(
        "Histograms of the scores of {matches:,} known matches and {others:,} known non-matches, with a line at "
        "this case: {told}.",
        told=told,
        **counts,
    )
