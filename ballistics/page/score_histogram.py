"""Histograms of the scores of known pairs, one below the other where a pair has several scores."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ballistics.assessment_wording import NAMES
from ballistics.document.blocks import Picture
from ballistics.evidence.bounds import split
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled import FloatArray
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.page.plot_style import MATCHES, NON_MATCHES, bars, both_kinds, legend, picture, plain, sheet

BINS = 40
CELLS = "cells"


def score_histogram(pairs: KnownPairs) -> Picture:
    """Draw how often each score occurs among known matches and among known non-matches.

    Parameters
    ----------
    pairs : KnownPairs
        Both kinds. The number of cells that a count is out of is not drawn.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing.

    Examples
    --------
    >>> pairs = KnownPairs.from_columns(
    ...     {"ccf": [0.9, 0.1]}, firearms=(["a", "a"], ["a", "b"]), items=(["a1", "a1"], ["a2", "b1"])
    ... )
    >>> "from 0.9 to 0.9" in score_histogram(pairs).caption
    True
    """
    columns = {name: np.array(column) for name, column in pairs.scores.items() if name != CELLS}
    same = pairs.same
    said = [
        _(
            "Scores of {matches:,} known matches and {others:,} known non-matches, each bar as a share of its "
            "kind.",
            matches=int(same.sum()),
            others=int((~same).sum()),
        )
    ]
    with sheet(2.6 + 4.2 * len(columns)) as figure:
        panels = figure.subplots(len(columns), 1, squeeze=False)[:, 0]
        for axes, (name, values) in zip(panels, columns.items(), strict=True):
            matches, others = split(values, same)
            edges = _edges(values)
            bars(axes, edges, others, NON_MATCHES)
            bars(axes, edges, matches, MATCHES)
            axes.set_xlim(edges[0], edges[-1])
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.set_ylabel(_("Share of its kind"))
            axes.set_xlabel(plain(translated(NAMES.get(name, name)), longest=70))
            said.append(
                _(
                    "Known matches lie from {low:.4g} to {high:.4g}, known non-matches from {other_low:.4g} to "
                    "{other_high:.4g} ({score}).",
                    score=NAMES.get(name, name),
                    low=matches.min(),
                    high=matches.max(),
                    other_low=others.min(),
                    other_high=others.max(),
                )
            )
        legend(figure, both_kinds(int(same.sum()), int((~same).sum()), lines=False))
        alt = _("Histograms of the scores of known matches and known non-matches.")
        return picture(figure, caption=" ".join(said), alt=alt)


def _edges(values: FloatArray) -> FloatArray:
    low, high = float(values.min()), float(values.max())
    if (values == np.round(values)).all():
        width = max(1, math.ceil((high - low + 1) / (1.5 * BINS)))
        return np.arange(low - 0.5, high + 0.5 + width, width)
    return np.linspace(low, high, BINS + 1)
