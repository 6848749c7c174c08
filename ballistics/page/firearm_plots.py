"""Plots of likelihood ratios of known pairs, for reports: firearm by firearm, and study by study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

from ballistics.document.blocks import Picture
from ballistics.errors import EvidenceError
from ballistics.evidence.bounds import split
from ballistics.language import gettext as _
from ballistics.page.plot_style import (
    GREY,
    MATCHES,
    NON_MATCHES,
    LrAxis,
    bars,
    both_kinds,
    infinite_note,
    legend,
    picture,
    plain,
    sheet,
    spots,
)

BINS = 40
MOST_ROWS = 40
ROW_CM = 0.38
MOST_MARKS = 1500
SPOTS = 400
OFFSET = 0.18


def firearm_plot(
    log10_lr: ArrayLike, first: Sequence[str] | NDArray[np.str_], second: Sequence[str] | NDArray[np.str_]
) -> Picture:
    """Draw the LRs of known pairs firearm by firearm, the one with the most misleading pair on top.

    Parameters
    ----------
    log10_lr : array_like, shape (n,)
        Likelihood ratios.
    first, second : sequence of str, length n
        Firearms of the two marks; equal names make a known match. A known non-match stands in the rows of both.

    Returns
    -------
    Picture
        At most 40 rows; the caption says how many firearms are left out. Of more than 1,500 pairs of a kind, those
        of a row that would fall on the same 0.4 mm are drawn once.

    Raises
    ------
    EvidenceError
        If lengths differ, a value is missing, or one kind of pairs is.

    Examples
    --------
    >>> drawn = firearm_plot([2.0, -0.5, -1.0, 0.3], ["a", "b", "a", "b"], ["a", "b", "b", "c"])
    >>> "2 of 3 firearms have a pair" in drawn.caption
    True
    """
    guns = [np.asarray(list(side), dtype=np.str_) for side in (first, second)]
    if len(guns[0]) != len(guns[1]):
        raise EvidenceError(f"{len(guns[0])} first firearms but {len(guns[1])} second ones; expected as many")
    same = guns[0] == guns[1]
    matches, others = split(log10_lr, same)
    values = np.asarray(log10_lr, dtype=np.float64)
    names, rows = np.unique(np.concatenate(guns), return_inverse=True)
    wrong = np.full(len(names), -np.inf)
    for side in rows.reshape(2, -1):
        np.maximum.at(wrong, side, np.where(same, -values, values))
    order = np.lexsort((names, -wrong))[:MOST_ROWS]
    row_of = np.full(len(names), -1)
    row_of[order] = np.arange(len(order))
    axis = LrAxis.of(values)
    width = axis.ends[1] - axis.ends[0]
    with sheet(3.6 + ROW_CM * len(order)) as figure:
        axes = figure.add_subplot()
        axes.axvline(0, color=GREY, linewidth=0.8)
        for kind, look, sides, size in ((False, NON_MATCHES, (0, 1), 4.5), (True, MATCHES, (0,), 3.8)):
            places = np.concatenate([axis.places(values[same == kind])] * len(sides))
            at = row_of[np.concatenate([rows.reshape(2, -1)[side][same == kind] for side in sides])]
            places, at = places[at >= 0], at[at >= 0]
            many = len(at) > MOST_MARKS
            if many:
                kept = spots(places + 2 * width * at, width / SPOTS)
                places, at = places[kept], at[kept]
            axes.plot(
                places,
                at + (-OFFSET if kind else OFFSET),
                look.marker,
                color=look.colour,
                markersize=size,
                markeredgewidth=0.8,
                markerfacecolor=look.colour if many else "none",
                rasterized=many,
                antialiased=not many,
            )
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_yticks(range(len(order)), labels=[plain(str(names[gun])) for gun in order])
        axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.5)
        axis.along(axes, "x")
        entries = both_kinds(len(matches), len(others), lines=True)
        for entry, look in zip(entries, (MATCHES, NON_MATCHES), strict=True):
            entry.set(linestyle="none", marker=look.marker, markerfacecolor="none")
        legend(figure, entries)
        said = [
            _(
                "Likelihood ratios of the known pairs of {firearms:,} firearms, one row each; the firearm with "
                "the pair that misleads most is on top. Circles (known matches) should lie to the right of "
                "LR = 1, ticks (known non-matches, in the rows of both firearms) to the left.",
                firearms=len(names),
            ),
            _(
                "Only the first {rows:,} are shown; none of the other {rest:,} has a more misleading pair.",
                rows=len(order),
                rest=len(names) - len(order),
            )
            if len(names) > len(order)
            else "",
            _(
                "{wrong:,} of {firearms:,} firearms have a pair whose LR points the wrong way.",
                wrong=int((wrong > 0).sum()),
                firearms=len(names),
            ),
            infinite_note(matches, others),
        ]
        alt = _(
            "Likelihood ratios of {pairs:,} known pairs in rows, one for each of {rows:,} firearms.",
            pairs=len(values),
            rows=len(order),
        )
        return picture(figure, caption=" ".join(filter(None, said)), alt=alt)


def study_plot(studies: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Picture:
    """Draw the LRs of several studies below each other, such as the one calibrated on and the one applied to.

    Parameters
    ----------
    studies : mapping of str to (log10_lr, same)
        Log10 LRs, shape (n,), and truth by the name of the study.

    Raises
    ------
    EvidenceError
        If there is no study, shapes do not fit, a value is missing, or one kind of pairs is.

    Examples
    --------
    >>> drawn = study_plot({"one": ([2.0, -1.0], [1, 0]), "two": ([1.0, 0.5], [1, 0])})
    >>> "two: 0 of 1 known matches" in drawn.caption
    True
    """
    if not studies:
        raise EvidenceError("there is no study to draw; expected one or more")
    parts = {name: split(*pairs) for name, pairs in studies.items()}
    axis = LrAxis.of(*(values for pairs in parts.values() for values in pairs))
    edges = axis.edges(BINS)
    with sheet(2.8 + 3.9 * len(parts)) as figure:
        panels = figure.subplots(len(parts), 1, squeeze=False)[:, 0]
        for place, (axes, (name, (matches, others))) in enumerate(zip(panels, parts.items(), strict=True)):
            bars(axes, edges, axis.places(matches), MATCHES)
            bars(axes, edges, axis.places(others), NON_MATCHES)
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.set_ylabel(_("Share of its kind"))
            axes.set_title(plain(name, longest=70))
            axis.along(axes, "x", near=place == len(parts) - 1, far=place == 0)
        matches, others = (np.concatenate(side) for side in zip(*parts.values(), strict=True))
        legend(figure, both_kinds(len(matches), len(others), lines=False))
        said = [
            _(
                "Likelihood ratios study by study, each bar as a share of its kind. Where the bars of a kind "
                "stand at other places in one study than in another, a calibration does not carry over as it is."
            ),
            *(
                _(
                    "{name}: {wrong_matches:,} of {matches:,} known matches below LR = 1, {wrong_others:,} of "
                    "{others:,} known non-matches above.",
                    name=name,
                    wrong_matches=int((one < 0).sum()),
                    matches=len(one),
                    wrong_others=int((other > 0).sum()),
                    others=len(other),
                )
                for name, (one, other) in parts.items()
            ),
            infinite_note(matches, others),
        ]
        alt = _(
            "Histograms of likelihood ratios of known matches and known non-matches, study by study: {names}.",
            names=", ".join(parts),
        )
        return picture(figure, caption=" ".join(filter(None, said)), alt=alt)
