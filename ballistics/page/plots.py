"""Plots of how good likelihood ratios are, for reports: Tippett, error trade-off, cross-entropy, reliability.

Every plot takes log10 LRs, shape (n,), and ``same``, shape (n,), which is true for known matches, and returns a
`Picture` with a caption that says in words and numbers what is to be seen. LRs of 0 and of infinity are drawn in
grey strips at the ends. The curves are those of `ballistics.evidence.performance_curves`. Plots of scores are in
`ballistics.page.score_plots`, those of firearms and of studies in `ballistics.page.firearm_plots`.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike
from scipy.special import ndtri

from ballistics.document.blocks import Picture
from ballistics.evidence.bounds import split
from ballistics.evidence.performance import devpav, misleading, pav
from ballistics.evidence.performance_curves import cross_entropy, error_tradeoff, tippett
from ballistics.language import gettext as _
from ballistics.page.plot_style import (
    BLACK,
    GREY,
    MATCHES,
    NON_MATCHES,
    PALE,
    LrAxis,
    both_kinds,
    corners,
    infinite_note,
    legend,
    line,
    picture,
    sheet,
    spots,
)

MOST_STEPS = 1000
PRIORS = np.arange(-60, 61) / 20
RATES = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
LEAST_RATE_ROOM = 0.6
HIGHEST_RATE = 0.6
STRIP = 0.25
BEYOND = 10.0


def tippett_plot(log10_lr: ArrayLike, same: ArrayLike) -> Picture:
    """Draw the shares of known matches and of known non-matches whose LR is at least so large.

    Parameters
    ----------
    log10_lr, same : array_like, shape (n,)
        Likelihood ratios and truth.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    With more than 1,000 different LRs the shares are taken at 1,000 evenly spaced ones, closer than a printed line
    is wide. See `ballistics.evidence.performance_curves.tippett`.

    Examples
    --------
    >>> drawn = tippett_plot([2.0, 1.0, -0.5, -3.0], [True, True, False, False])
    >>> drawn.svg.startswith("<svg"), drawn.png[1:4]
    (True, b'PNG')
    """
    matches, others = split(log10_lr, same)
    axis = LrAxis.of(matches, others)
    values = np.unique(np.concatenate([matches, others]))
    few = len(values) <= MOST_STEPS
    inner = np.linspace(axis.low, axis.high, MOST_STEPS)
    ends = [-np.inf] * axis.zero, [np.inf] * axis.infinite
    curves = tippett(log10_lr, same, at=None if few else np.concatenate([ends[0], inner, ends[1]]))
    wrong = misleading(log10_lr, same)
    with sheet(8.8) as figure:
        axes = figure.add_subplot()
        axes.axvline(0, color=GREY, linewidth=0.8)
        for look, shares in ((MATCHES, curves.same), (NON_MATCHES, curves.different)):
            x = np.concatenate([[axis.ends[0]], axis.places(curves.log10_lr), [axis.ends[1]]])
            y = np.concatenate([[1.0], shares, [0.0]])
            axes.step(*corners(x, y), where="pre", color=look.colour, linestyle=look.line)
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(_per_cent))
        axes.set_ylabel(_("Pairs with this LR or a larger one"))
        axis.along(axes, "x")
        legend(figure, both_kinds(len(matches), len(others), lines=True))
        return picture(
            figure,
            caption=" ".join(
                [
                    _(
                        "Tippett plot. Each curve shows the share of pairs whose likelihood ratio is as large as "
                        "the value on the axis or larger. The blue curve should fall far to the right of LR = 1, "
                        "the dashed orange one far to the left."
                    ),
                    _(
                        "The LR points the wrong way for {same:,} of {matches:,} known matches (below 1, "
                        "{same_rate:.1%}) and {different:,} of {others:,} known non-matches (above 1, "
                        "{different_rate:.1%}).",
                        same=wrong.same,
                        matches=wrong.same_pairs,
                        same_rate=wrong.same_rate,
                        different=wrong.different,
                        others=wrong.different_pairs,
                        different_rate=wrong.different_rate,
                    ),
                    infinite_note(matches, others),
                ]
            ),
            alt=_(
                "Two falling curves over the likelihood ratio: one of {matches:,} known matches, one of "
                "{others:,} known non-matches.",
                matches=len(matches),
                others=len(others),
            ),
        )


def error_tradeoff_plot(values: ArrayLike, same: ArrayLike) -> Picture:
    """Draw both error rates against each other as a threshold rises (DET), on axes of normal deviates.

    Parameters
    ----------
    values, same : array_like, shape (n,)
        Log10 LRs or scores, and truth.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    A rate of 0 has no place on such axes: it is drawn in a grey strip.

    Examples
    --------
    >>> drawn = error_tradeoff_plot([0.9, 0.8, 0.3, 0.7, 0.2, 0.1], [1, 1, 1, 0, 0, 0])
    >>> "equal error rate is 33.3%" in drawn.caption
    True
    """
    matches, others = split(values, same)
    curve = error_tradeoff(values, same)
    equal = curve.equal_error_rate
    low = float(ndtri(min(LEAST_RATE_ROOM / max(len(matches), len(others)), 0.05)))
    high = float(ndtri(HIGHEST_RATE if equal < HIGHEST_RATE / 1.2 else RATES[-1]))
    nothing, start = low - STRIP / 2, low - STRIP
    with sheet(11.0) as figure:
        axes = figure.add_subplot(aspect="equal")
        axes.axvspan(start, low, color=PALE, zorder=0)
        axes.axhspan(start, low, color=PALE, zorder=0)
        axes.plot([low, high], [low, high], color=GREY, linewidth=0.8, linestyle=":")
        x, y = (np.where(each < low, nothing, np.minimum(each, BEYOND)) for each in curve.deviates)
        axes.plot(*corners(x, y), color=MATCHES.colour)
        if equal > 0:
            axes.plot([ndtri(equal)], [ndtri(equal)], "o", color=BLACK, markersize=5)
            text, place = _("equal error rate {rate:.1%}", rate=equal), float(ndtri(equal))
        else:
            text, place = _("no error at the best threshold:\nthe curve stays in the strips"), low
        axes.annotate(text, (place, place), xytext=(8, 6), textcoords="offset points")
        ticks = [rate for rate in RATES if low + STRIP / 2 <= ndtri(rate) <= high]
        labels = ["0%", *(f"{100 * rate:g}%" for rate in ticks)]
        for side, name in (
            (axes.xaxis, _("Known non-matches at or above the threshold")),
            (axes.yaxis, _("Known matches below the threshold")),
        ):
            side.set_ticks([nothing, *ndtri(ticks)], labels=labels)
            side.set_label_text(name)
            side.grid(color=GREY, alpha=0.25, linewidth=0.5)
        axes.set(xlim=(start, high), ylim=(start, high))
        return picture(
            figure,
            caption=_(
                "Error trade-off (DET). If pairs above a threshold were called matches, this share of {others:,} "
                "known non-matches and of {matches:,} known matches would be called wrongly, threshold by "
                "threshold; the nearer to the lower left corner, the better. The equal error rate is {rate:.1%}. "
                "Rates of 0 are in the grey strips. A likelihood ratio makes no such call; the plot shows how far "
                "the two kinds of pairs overlap.",
                matches=len(matches),
                others=len(others),
                rate=equal,
            ),
            alt=_(
                "Curve of the rate of missed known matches over the rate of wrongly accepted known non-matches; "
                "equal error rate {rate:.1%}.",
                rate=equal,
            ),
        )


def cross_entropy_plot(log10_lr: ArrayLike, same: ArrayLike) -> Picture:
    """Draw the empirical cross-entropy (ECE) over prior odds: of the LRs, after PAV, and of LR = 1 for every pair.

    Parameters
    ----------
    log10_lr, same : array_like, shape (n,)
        Likelihood ratios and truth.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    See `ballistics.evidence.performance_curves.cross_entropy`. An infinitely misleading LR makes the cost of the
    LRs infinite; the plot then says so in place of the curve.

    Examples
    --------
    >>> drawn = cross_entropy_plot([1.0, -1.0], [True, False])
    >>> "0.138 bits" in drawn.caption
    True
    """
    matches, others = split(log10_lr, same)
    curves = cross_entropy(log10_lr, same, prior_log10_odds=PRIORS)
    even = int(np.flatnonzero(PRIORS == 0)[0])
    cost, least = float(curves.system[even]), float(curves.calibrated[even])
    looks = (
        (curves.neutral, GREY, ":", _("no evidence (LR = 1 for every pair)")),
        (curves.calibrated, NON_MATCHES.colour, NON_MATCHES.line, _("after the best rising curve (PAV)")),
        (curves.system, MATCHES.colour, "-", _("the likelihood ratios")),
    )
    known = [one[np.isfinite(one)] for one, *_rest in looks]
    harm = curves.system > curves.neutral + 1e-9
    with sheet(8.8) as figure:
        axes = figure.add_subplot()
        axes.axvline(0, color=GREY, linewidth=0.8)
        for values, colour, dashes, _name in looks:
            axes.plot(PRIORS, values, color=colour, linestyle=dashes)
        if not math.isfinite(cost):
            text = _("infinite cost: an LR of 0 or infinity is misleading")
            axes.text(0.5, 0.55, text, transform=axes.transAxes, ha="center", color=MATCHES.colour)
        axes.set_ylabel(_("Cost (bits per pair)"))
        axes.set_ylim(0, 1.05 * float(np.concatenate(known).max()))
        LrAxis(low=PRIORS[0], high=PRIORS[-1]).along(
            axes, "x", named=(_("log₁₀ of the prior odds"), _("Prior odds"))
        )
        legend(figure, [line(c, name, dashes=d) for _v, c, d, name in reversed(looks)])
        return picture(
            figure,
            caption=" ".join(
                [
                    _(
                        "Empirical cross-entropy: what the likelihood ratios of {matches:,} known matches and "
                        "{others:,} known non-matches cost a reader with given prior odds; lower is better. The "
                        "gap between the solid and the dashed line is the cost of calibration.",
                        matches=len(matches),
                        others=len(others),
                    ),
                    _(
                        "At even prior odds the cost (Cllr) is {cost:.3g} bits, {least:.3g} bits after the best "
                        "rising curve; without evidence it is 1.",
                        cost=cost,
                        least=least,
                    ),
                    _("The likelihood ratios do harm, above the dotted line, at some of these prior odds.")
                    if harm.any()
                    else _("The likelihood ratios lie below the dotted line at all of these prior odds."),
                ]
            ),
            alt=_(
                "Three curves of cost over prior odds; at even odds the likelihood ratios cost {cost:.3g} bits.",
                cost=cost,
            ),
        )


def reliability_plot(log10_lr: ArrayLike, same: ArrayLike) -> Picture:
    """Draw the LRs against those that the best rising curve (PAV) would give the same pairs.

    Parameters
    ----------
    log10_lr, same : array_like, shape (n,)
        Likelihood ratios and truth.

    Raises
    ------
    EvidenceError
        If shapes do not fit, a value is missing, or one kind of pairs is.

    Notes
    -----
    PAV is infinite where one kind of pairs alone lies beyond: those pairs are drawn as ticks in the strips at top
    and bottom. See `ballistics.evidence.performance.pav`.

    Examples
    --------
    >>> drawn = reliability_plot([-1.0, 0.5, 0.2, 3.0], [False, False, True, True])
    >>> "0.35" in drawn.caption
    True
    """
    matches, others = split(log10_lr, same)
    values, curve = np.asarray(log10_lr, dtype=np.float64), pav(log10_lr, same)
    x, first = np.unique(values, return_index=True)
    y = curve[first]
    inner = np.isfinite(y)
    away = devpav(log10_lr, same)
    across, up = LrAxis.of(values), LrAxis.of(y)
    with sheet(11.0) as figure:
        axes = figure.add_subplot()
        axes.axline((0, 0), slope=1, color=GREY, linewidth=0.8, linestyle=":")
        axes.plot(*corners(across.places(x[inner]), y[inner]), color=MATCHES.colour)
        for end, look in ((-np.inf, NON_MATCHES), (np.inf, MATCHES)):
            ticks = across.places(x[y == end])
            ticks = ticks[spots(ticks, (across.ends[1] - across.ends[0]) / MOST_STEPS)]
            axes.plot(ticks, np.full(len(ticks), up.places(end)), "|", color=look.colour, markersize=7)
        across.along(axes, "x", named=(_("log₁₀ LR as given"), _("LR as given")))
        up.along(axes, "y", named=(_("log₁₀ LR after PAV"), _("LR after PAV")))
        said = [
            _(
                "Reliability of the likelihood ratios of {matches:,} known matches and {others:,} known "
                "non-matches. The line shows what the best rising curve (PAV) would say in place of each LR. On "
                "the dotted diagonal both agree. Where the line is farther from LR = 1 than the diagonal, the "
                "given LRs understate; where it is nearer, they overstate.",
                matches=len(matches),
                others=len(others),
            ),
            _(
                "{matches:,} known matches score above every known non-match and {others:,} known non-matches "
                "below every known match: there PAV is infinite (ticks in the grey strips).",
                matches=int(np.sum(curve == np.inf)),
                others=int(np.sum(curve == -np.inf)),
            ),
        ]
        if isinstance(away, float):
            said.append(_("The mean distance from the diagonal (devPAV) is {away:.2g} in log₁₀ LR.", away=away))
        else:
            said.append(_("The pairs are perfectly separated, so that any calibration fits them."))
        alt = _("Rising line of LRs after PAV over LRs as given, beside the diagonal on which both agree.")
        return picture(figure, caption=" ".join(said), alt=alt)


def _per_cent(share: float, _place: int | None) -> str:
    return f"{share:.0%}"
