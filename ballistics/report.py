"""The report of a comparison: one self-contained page that needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ballistics.compare import Comparison, Exhibit, NotComparable
from ballistics.language import Message, translated
from ballistics.language import gettext as _
from ballistics.mark_names import PARTS
from ballistics.output import Location, printable
from ballistics.page import figures
from ballistics.page.cell_drawings import DrawnCell, Histogram, draw_cells, draw_histogram
from ballistics.page.evidence_block import evidence_facts
from ballistics.page.rendering import colour_stops, page_facts, render, write_page
from ballistics.summary import grid_text, measures, rule_counts, scan_name
from ballistics.wording import CLOSING, LIMITS
from imaging.surface import Surface

if TYPE_CHECKING:
    from ballistics.assessment import Assessment

ROLES = (Message("Reference"), Message("Questioned"))
HOW = {
    "given": Message("mask given, {area} mm²"),
    "whole scan": Message("whole scan is the mark, {area} mm²"),
    "found": Message("mark found, {area} mm²"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A circle on the picture of a scan, in micrometres from its middle."""

    name: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What the page shows of one scan; the mark's fields are empty where no comparison was made."""

    role: str
    scan: Surface
    picture: figures.Image
    outline: str = ""
    circles: tuple[Circle, ...] = ()
    mask: str = ""
    steps: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The file as it was named, safe to print."""
        return scan_name(self.scan)

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.path).name

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return printable(self.scan.provenance.sha256 or _("no file"))

    @property
    def size(self) -> str:
        """Points and extent of the scan."""
        return grid_text(self.scan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """The cells of one mark in the other: pictures of both, and the drawings on them."""

    key: str
    label: str
    home: str
    away: str
    cells: list[DrawnCell]


def render_report(
    result: Comparison | NotComparable, *, made: datetime | None = None, evidence: Assessment | None = None
) -> str:
    """Return the page for a comparison, or for the reason why there is none.

    Parameters
    ----------
    result : Comparison or NotComparable
        From `ballistics.compare.compare`.
    made : datetime, optional
        When the page was made, with a time zone. Left out, the page holds no date, and the same comparison
        gives the same bytes.
    evidence : Assessment, optional
        Its score weighed under a reference population, or the examiner's conclusion, to stand on the page.

    Returns
    -------
    str
        HTML with all pictures, styles and scripts inside; its policy forbids it to load anything.

    Examples
    --------
    >>> from ballistics.compare import compare
    >>> from imaging.synthetic import pair
    >>> marks = pair(np.random.default_rng(7), correlation=0.9)
    >>> page = render_report(compare(marks.reference, marks.questioned))
    >>> page.startswith("<!doctype html>"), "data:image/png" in page
    (True, True)
    """
    common = page_facts(result.parameters, result.warnings, made)
    common |= evidence_facts(evidence, closing=CLOSING, limits=LIMITS)
    if isinstance(result, NotComparable):
        sides = [_bare_side(role, scan) for role, scan in zip(ROLES, result.scans, strict=False)]
        return render("no_comparison.html", reason=printable(translated(result.reason)), sides=sides, **common)
    return render("comparison.html", **_comparison_page(result), **common)


def write_report(
    result: Comparison | NotComparable,
    path: Location,
    *,
    made: datetime | None = None,
    overwrite: bool = False,
    evidence: Assessment | None = None,
) -> Path:
    """Write the page of `render_report` to a file.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_page(render_report(result, made=made, evidence=evidence), path, overwrite=overwrite)


def _comparison_page(comparison: Comparison) -> dict[str, Any]:
    reference, questioned = comparison.reference, comparison.questioned
    return {
        "sides": [_side(role, each) for role, each in zip(ROLES, (reference, questioned), strict=True)],
        "comparison": comparison,
        "rules": rule_counts(comparison),
        "measures": measures(comparison),
        "halves": [f"{percent:.1f}" for percent in figures.halves(comparison)],
        "aligned": figures.aligned_images(comparison),
        "marks": {
            "reference": figures.mark_image(reference.mark),
            "questioned": figures.mark_image(questioned.mark),
        },
        "agreement": figures.agreement_image(comparison),
        "stops": colour_stops(),
        "directions": _directions(comparison),
        "histogram": _histogram(comparison),
    }


def _directions(comparison: Comparison) -> list[Direction]:
    rules = comparison.verdicts
    return [
        Direction(
            key="forward",
            label=_("cells of the reference, searched in the questioned mark"),
            home="reference",
            away="questioned",
            cells=draw_cells(comparison.forward, {name: ahead for name, (ahead, _) in rules.items()}),
        ),
        Direction(
            key="backward",
            label=_("cells of the questioned mark, searched in the reference"),
            home="questioned",
            away="reference",
            cells=draw_cells(comparison.backward, {name: back for name, (_, back) in rules.items()}),
        ),
    ]


def _histogram(comparison: Comparison) -> Histogram:
    scored = comparison.parameters.score
    both = zip((comparison.forward, comparison.backward), comparison.verdicts[scored], strict=True)
    compared = [(cells.correlation[cells.compared], verdict.congruent[cells.compared]) for cells, verdict in both]
    correlation, congruent = (np.concatenate(each) for each in zip(*compared, strict=True))
    return draw_histogram(correlation, congruent, threshold=comparison.parameters.rules[scored].correlation)


def _side(role: str, exhibit: Exhibit) -> Side:
    found, scan = exhibit.segmentation, exhibit.scan
    middle = (np.array(scan.shape[::-1]) - 1) / 2 * scan.spacing
    return Side(
        role=role,
        scan=scan,
        picture=figures.scan_image(scan),
        outline=figures.mask_outline(found),
        circles=tuple(
            Circle(
                name=PARTS[name],
                x=(circle.x - middle[0]) * 1e6,
                y=(circle.y - middle[1]) * 1e6,
                radius=circle.radius * 1e6,
            )
            for name, circle in found.circles.items()
        ),
        mask=HOW[found.how].filled(area=f"{found.area_mm2:.2f}"),
        steps=exhibit.mark.surface.provenance.steps,
    )


def _bare_side(role: str, scan: Surface) -> Side:
    return Side(role=role, scan=scan, picture=figures.scan_image(scan), steps=scan.provenance.steps)
