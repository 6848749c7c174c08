"""Charts of a report: readiness by clause, maturity on two axes, open actions over time."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import matplotlib
from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from accreditation.assessments.scoring import SectionScore
from accreditation.language import Words
from accreditation.report.blocks import Chart
from accreditation.wording import results, titled

COLOURS: Mapping[str, str] = {
    "conforms": "#3c8d5a",
    "minor": "#e0a526",
    "major": "#c2402f",
    "not_assessed": "#b4bdc6",
    "not_applicable": "#e6e9ec",
}
HATCHES: Mapping[str, str] = {"minor": "///", "major": "xxx", "not_applicable": "..."}
"""Tell the results apart where there is no colour."""
INK, SOFT, HAIR, ACCENT, AMBER = "#1a1d21", "#5d6670", "#d5dadf", "#23415f", "#d08a1b"
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "accreditation",
    "hatch.linewidth": 0.4,
    "axes.edgecolor": HAIR,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": INK,
}
WIDTH = 7.0
"""Inches; the width of the text on a page in portrait."""
MAXIMUM = 5
"""The highest level of maturity."""
LETTERS = 34
"""Letters in a line of a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenActions:
    """How many actions were open on a day, and how many of them were late."""

    on: date
    open: int
    overdue: int


def readiness_chart(sections: Sequence[SectionScore], *, say: Words) -> Chart:
    """Return bars of how many requirements of each section have which result."""
    told = results(say)
    labels = [_label(each, say) for each in sections]
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(_height(labels))
        places = range(len(sections))
        left = [0] * len(sections)
        for result, words in told.items():
            counts = [each.score.results.get(result, 0) for each in sections]
            bars = axes.barh(
                places, counts, left=left, height=0.66, label=words, color=COLOURS[result],
                hatch=HATCHES.get(result), edgecolor="white", linewidth=0.6,
            )  # fmt: skip
            shown = [say.number(n) if n else "" for n in counts]
            axes.bar_label(bars, shown, label_type="center", fontsize=7.5, color=INK, bbox=_BADGE)
            left = [sum(pair) for pair in zip(left, counts, strict=True)]
        _rows(axes, labels)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(say("Number of requirements"))
        _legend(figure, axes, say)
        parts = [_counted(each, label, told, say) for each, label in zip(sections, labels, strict=True)]
        return _chart(figure, say("Readiness by clause: results of the requirements"), "; ".join(parts))


def maturity_chart(sections: Sequence[SectionScore], *, say: Words) -> Chart | None:
    """Return what is written against what is done for each section, 0 to 5; None where nothing is known."""
    known = [e for e in sections if e.score.documented is not None or e.score.implemented is not None]
    if not known:
        return None
    labels = [_label(each, say) for each in known]
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(_height(labels))
        written = [each.score.documented for each in known]
        done = [each.score.implemented for each in known]
        for place, (one, other) in enumerate(zip(written, done, strict=True)):
            if one is not None and other is not None:
                axes.plot([one, other], [place, place], color=HAIR, linewidth=3, zorder=1)
        for values, words, marker, colour in (
            (written, say("Documented"), "s", ACCENT),
            (done, say("Implemented"), "o", AMBER),
        ):
            points = [(value, place) for place, value in enumerate(values) if value is not None]
            axes.scatter(
                [x for x, _ in points], [y for _, y in points], label=words, marker=marker, color=colour, s=42,
                zorder=2, edgecolor="white", linewidth=0.8,
            )  # fmt: skip
        _rows(axes, labels)
        axes.set_xlim(-0.15, MAXIMUM + 0.15)
        axes.set_xticks(range(MAXIMUM + 1))
        axes.set_xlabel(say("Maturity, 0 to 5"))
        _legend(figure, axes, say)
        axis = (say("Documented"), say("Implemented"))
        parts = [
            f"{label}: {axis[0]} {say.number(a, digits=1)}, {axis[1]} {say.number(b, digits=1)}"
            for label, a, b in zip(labels, written, done, strict=True)
        ]
        return _chart(figure, say("Maturity by clause: what is written against what is done"), "; ".join(parts))


def burn_down_chart(points: Sequence[OpenActions], *, say: Words) -> Chart:
    """Return how many actions were open, and how many of them late, over time."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(2.9)
        calendar: Any = dates
        days = [calendar.date2num(each.on) for each in points]
        opened, late = [each.open for each in points], [each.overdue for each in points]
        axes.step(days, opened, where="post", color=ACCENT, linewidth=2, label=say("Open actions"))
        axes.fill_between(
            days, late, step="post", color=COLOURS["major"], alpha=0.55, label=say("of these overdue")
        )
        axes.xaxis.set_major_locator(calendar.AutoDateLocator(minticks=3, maxticks=6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: say.day(calendar.num2date(x).date())))
        axes.set_xlim(days[0], max(days[-1], days[0] + 1))
        axes.set_ylim(0, max(opened, default=0) * 1.15 + 1)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color=HAIR, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=0)
        _legend(figure, axes, say)
        told = say(
            "Open actions and, in brackets, those overdue: {points}",
            points=lambda one: "; ".join(
                f"{one.day(e.on)}: {one.number(e.open)} ({one.number(e.overdue)})" for e in (points[0], points[-1])
            ),
        )
        return _chart(figure, say("Burn-down of actions"), told)


_BADGE = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.82}


def _figure(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def _rows(axes: Any, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="x", color=HAIR, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)


def _legend(figure: Figure, axes: Any, say: Words) -> None:
    handles, words = axes.get_legend_handles_labels()
    across = 2 if len(say.tags) > 1 else 5
    figure.legend(
        handles, words, loc="outside lower center", ncols=min(across, len(words)), frameon=False, fontsize=8,
        handlelength=1.4, columnspacing=1.4,
    )  # fmt: skip


def _label(section: SectionScore, say: Words) -> str:
    clause = section.clause
    text = titled(clause, say) if clause else say(section.standard.title)
    return "\n".join(textwrap.wrap(text, LETTERS, max_lines=3, placeholder="…"))


def _height(labels: Sequence[str]) -> float:
    """Return how high a chart has to be for its longest label to have room, in inches."""
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return len(labels) * max(2, lines) * 0.145 + 1.0


def _counted(section: SectionScore, label: str, told: Mapping[str, str], say: Words) -> str:
    counts = (
        f"{words} {say.number(n)}" for result, words in told.items() if (n := section.score.results.get(result))
    )
    return f"{label}: {', '.join(counts)}"


def _chart(figure: Figure, caption: str, alt: str) -> Chart:
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return Chart(svg=svg.getvalue(), png=png.getvalue(), caption=caption, alt=alt.replace("\n", " "))
