"""How the plots of a report look: sheet, colours, fonts, and the axis of likelihood ratios.

Known matches are dark blue and solid, known non-matches orange, dashed and hatched, so that they can be told apart
by any eye and on a grey print. Letters are drawn as outlines: every language shows everywhere.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from ballistics.document.blocks import Picture
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.scales import figure as lr_figure
from ballistics.language import gettext as _

WIDTH_CM = 16.0
INCH_CM = 2.54
DPI = 200
LARGEST_MARKED = 3
MOST_TICKS = 10
LONGEST_IN_COLUMN = 38
GREY = "#6B6B6B"
PALE = "#EDEDED"
BLACK = "#000000"
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "forensic-ballistics",
    "figure.facecolor": "white",
    "figure.dpi": DPI,
}
MINUS = "\N{MINUS SIGN}"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_one_at_a_time = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one kind of pairs is drawn.

    Parameters
    ----------
    colour, hatch, marker : str
        As matplotlib knows them.
    fill : str
        Colour of areas.
    line : str or (float, (float, ...))
        Line style.
    """

    colour: str
    fill: str
    hatch: str
    line: Any
    marker: str


MATCHES = Look(colour="#004488", fill="#7FA1C8", hatch="", line="-", marker="o")
NON_MATCHES = Look(colour="#C94F00", fill="none", hatch="/////", line=(0, (4, 1.4)), marker="|")


@contextmanager
def sheet(height_cm: float) -> Iterator[Figure]:
    """Draw on a white sheet of 16 cm width; what is set for other plots neither changes it nor is changed.

    Letters that the font lacks are left as boxes without a warning.
    """
    with _one_at_a_time, style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield Figure(figsize=(WIDTH_CM / INCH_CM, height_cm / INCH_CM), layout="constrained")


def picture(figure: Figure, *, caption: str, alt: str) -> Picture:
    """Return a drawn sheet as SVG and PNG, the same bytes whenever the same is drawn; call it within `sheet`."""
    png, svg = io.BytesIO(), io.StringIO()
    points: Any = FigureCanvasAgg(figure)
    points.print_png(png, metadata={"Software": None})
    figure.set_layout_engine("none")
    outlines: Any = FigureCanvasSVG(figure)
    outlines.print_svg(svg, metadata={"Date": None, "Creator": None})
    text = svg.getvalue()
    return Picture(png=png.getvalue(), svg=text[text.index("<svg") :], caption=caption, alt=alt)


def legend(figure: Figure, handles: Sequence[Line2D | Patch]) -> None:
    """Set a legend below everything else, in two columns where the words leave room for them."""
    columns = 2 if max(len(str(each.get_label())) for each in handles) <= LONGEST_IN_COLUMN else 1
    figure.legend(handles=list(handles), loc="outside lower center", ncols=columns, columnspacing=1.8)


def area(look: Look, label: str) -> Patch:
    """Return the entry of a legend for bars of one kind of pairs."""
    return Patch(facecolor=look.fill, edgecolor=look.colour, hatch=look.hatch, label=label)


def line(colour: str, label: str, *, dashes: Any = "-", width: float = 1.6) -> Line2D:
    """Return the entry of a legend for a line."""
    return Line2D([], [], color=colour, linestyle=dashes, linewidth=width, label=label)


def plain(text: str, *, longest: int = 28) -> str:
    """Return a name in one line, cut where it is too long to stand at an axis.

    Examples
    --------
    >>> plain("a  name with" + chr(10) + "a line break"), plain("0123456789", longest=6)
    ('a name with a line break', '01234…')
    """
    kept = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def corners(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Leave out points that are repeated or lie between two others on a level or upright line.

    Examples
    --------
    >>> x, y = corners(np.array([0.0, 1.0, 2.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0, 3.0, 4.0]))
    >>> x.tolist(), y.tolist()
    ([0.0, 2.0, 2.0], [1.0, 1.0, 4.0])
    """
    new = np.ones(len(x), dtype=bool)
    new[1:] = (np.diff(x) != 0) | (np.diff(y) != 0)
    x, y = x[new], y[new]
    kept = np.ones(len(x), dtype=bool)
    for one in (x, y):
        kept[1:-1] &= (one[1:-1] != one[:-2]) | (one[1:-1] != one[2:])
    return x[kept], y[kept]


def spots(places: FloatArray, apart: float) -> NDArray[np.intp]:
    """Return which places to draw so that no two of them fall on the same spot of this width.

    Examples
    --------
    >>> spots(np.array([0.5, 0.51, 3.0]), 0.1).tolist()
    [0, 2]
    """
    return np.unique(np.round(places / apart), return_index=True)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LrAxis:
    """A range of log10 LRs on an axis, with strips at its ends for LRs of 0 and of infinity where there are any.

    Parameters
    ----------
    low, high : float
        Ends of the finite part.
    zero, infinite : bool
        Whether there is a strip for LRs of 0, and of infinity.
    """

    low: float
    high: float
    zero: bool = False
    infinite: bool = False

    @classmethod
    def of(cls, *values: ArrayLike) -> LrAxis:
        """Return an axis that holds all values, LR = 1 and a little room.

        Examples
        --------
        >>> LrAxis.of([-2.0, 3.0, np.inf])
        LrAxis(low=-2.2, high=3.2, zero=False, infinite=True)
        """
        given = np.concatenate([np.ravel(np.asarray(each, dtype=np.float64)) for each in values])
        known = np.append(given[np.isfinite(given)], 0.0)
        low, high = min(float(known.min()), -0.5), max(float(known.max()), 0.5)
        room = 0.04 * (high - low)
        infinite = bool((given == np.inf).any())
        return cls(low=low - room, high=high + room, zero=bool((given == -np.inf).any()), infinite=infinite)

    @property
    def strip(self) -> float:
        """Width of the strips."""
        return 0.07 * (self.high - self.low)

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the whole axis."""
        return self.low - self.zero * self.strip, self.high + self.infinite * self.strip

    def places(self, log10_lr: ArrayLike) -> FloatArray:
        """Return where log10 LRs are drawn: infinite ones in the middle of their strip."""
        outer = (self.low - self.strip / 2, self.high + self.strip / 2)
        values = np.asarray(log10_lr, dtype=np.float64)
        return np.where(np.isinf(values), np.where(values < 0, *outer), values)

    def edges(self, bins: int) -> FloatArray:
        """Return the edges of bins of one width over the finite part, and of the strips."""
        inner = np.linspace(self.low, self.high, bins + 1)
        ends = self.ends
        return np.concatenate([[ends[0]] * self.zero, inner, [ends[1]] * self.infinite])

    def along(
        self,
        axes: Axes,
        side: Literal["x", "y"],
        *,
        named: tuple[str, str] | None = None,
        near: bool = True,
        far: bool = True,
    ) -> None:
        """Set range, ticks and labels: log10 LR on the near side of the axes, LR on the far one.

        ``named`` replaces the two labels; without ``near`` or ``far`` nothing is written on that side.
        """
        names = named or (_("log₁₀ of the likelihood ratio (LR)"), _("Likelihood ratio (LR)"))
        axis = axes.xaxis if side == "x" else axes.yaxis
        shade = axes.axvspan if side == "x" else axes.axhspan
        (axes.set_xlim if side == "x" else axes.set_ylim)(*self.ends)
        whole = self._ticks()
        ticks: list[float] = list(whole)
        logs, labels = [f"{tick}".replace("-", MINUS) for tick in whole], [_ratio(tick) for tick in whole]
        for there, end, text in ((self.zero, -np.inf, (f"{MINUS}∞", "0")), (self.infinite, np.inf, ("∞", "∞"))):
            if there:
                ticks.append(float(self.places(end)))
                logs.append(text[0])
                labels.append(text[1])
                shade(*((self.ends[0], self.low) if end < 0 else (self.high, self.ends[1])), color=PALE, zorder=0)
        axis.set_ticks(ticks, labels=logs if near else [""] * len(ticks))
        if near:
            axis.set_label_text(names[0])
        if far:
            other = axes.secondary_xaxis("top") if side == "x" else axes.secondary_yaxis("right")
            opposite = other.xaxis if side == "x" else other.yaxis
            opposite.set_ticks(ticks, labels=labels)
            opposite.set_label_text(names[1])

    def _ticks(self) -> list[int]:
        first, last = int(np.ceil(self.low)), int(np.floor(self.high))
        step = next(s * 10**p for p in range(30) for s in (1, 2, 5) if (last - first) // (s * 10**p) < MOST_TICKS)
        return list(range(-(-first // step) * step, last + 1, step))


def _ratio(exponent: int) -> str:
    return lr_figure(exponent) if abs(exponent) <= LARGEST_MARKED else f"10{str(exponent).translate(SUPERSCRIPT)}"


def bars(axes: Axes, edges: FloatArray, values: ArrayLike, look: Look) -> None:
    """Draw a histogram as shares of its pairs."""
    counts = np.histogram(values, edges)[0]
    axes.stairs(
        counts / counts.sum(), edges, fill=True, facecolor=look.fill, edgecolor=look.colour, hatch=look.hatch,
        linewidth=0.8,
    )  # fmt: skip


def both_kinds(matches: int, others: int, *, lines: bool) -> list[Line2D | Patch]:
    """Return the entries of a legend for known matches and known non-matches with their numbers."""
    names = (
        _("{pairs:,} known matches", pairs=matches),
        _("{pairs:,} known non-matches", pairs=others),
    )
    looks = zip((MATCHES, NON_MATCHES), names, strict=True)
    return [line(look.colour, name, dashes=look.line) if lines else area(look, name) for look, name in looks]


def infinite_note(matches: FloatArray, others: FloatArray) -> str:
    """Return a sentence on LRs of 0 and of infinity among some pairs, or nothing."""
    known = np.concatenate([matches, others])
    zero, infinite = int((known == -np.inf).sum()), int((known == np.inf).sum())
    if not zero + infinite:
        return ""
    return _(
        "The LR of {zero:,} pairs is 0 and that of {infinite:,} pairs is infinite: they are in the grey strips.",
        zero=zero,
        infinite=infinite,
    )
