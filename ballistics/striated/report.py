"""The reports of striated marks: two bullets, two lands, one signature; self-contained pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ballistics.language import Message, translated
from ballistics.language import gettext as _
from ballistics.output import printable
from ballistics.page import figures
from ballistics.page.evidence_block import evidence_facts
from ballistics.page.land_drawings import MarkDrawing, PairDrawing, draw_mark, draw_pair, draw_signature
from ballistics.page.land_pictures import Relief, relief_of
from ballistics.page.matrix_drawings import draw_matrix, draw_phases
from ballistics.page.rendering import STYLES, colour_stops, page_facts, render
from ballistics.parameters import StriatedSet
from ballistics.striated.bullet_pair import BulletPair
from ballistics.striated.bullets import BulletComparison, NoBulletComparison
from ballistics.striated.land_pair import LandComparison, NoLandComparison, lands_at_best_phase
from ballistics.striated.landset import LandSet, NoLandSet
from ballistics.striated.signature import NoSignature, Signature
from ballistics.striated.summary import bullet_measures, land_measures, pair_rows, signature_rows
from ballistics.striated.wording import BULLET_LIMITS, CLOSING, LAND_LIMITS
from ballistics.summary import grid_text, scan_name
from imaging.surface import Surface

if TYPE_CHECKING:
    from ballistics.assessment import Assessment

ROLES = (Message("Reference"), Message("Questioned"))
LANDS = (Message("Reference land {number}"), Message("Questioned land {number}"))


Reliefs = dict[tuple[int, int], Relief]
"""By 0 for the reference or 1 for the questioned, and the number of the land."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSide:
    """What a page shows of one scan; the drawing is missing where no signature was made."""

    role: str
    scan: Surface
    drawing: MarkDrawing | None = None
    picture: figures.Image | None = None
    facts: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    mask: str = ""

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

    @property
    def steps(self) -> tuple[str, ...]:
        """What was done to the scan, and what was found on it."""
        return (
            *self.scan.provenance.steps,
            *(_("{name}: {text}", name=name, text=text) for name, text in self.facts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletSide:
    """What a page shows of one bullet."""

    role: str
    name: str
    source: str
    found: str
    lands: tuple[ScanSide, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSide:
    """Two lands that face each other: their numbers, and the drawing of both."""

    reference: int
    questioned: int
    comparison: LandComparison | None
    drawing: PairDrawing | None


def render_bullet_report(
    pair: BulletPair, *, made: datetime | None = None, evidence: Assessment | None = None
) -> str:
    """Return the page for two bullets, or for the reason why they were not compared.

    Parameters
    ----------
    pair : BulletPair
        From `ballistics.striated.bullet_pair.compare_land_sets`.
    made : datetime, optional
        When the page was made, with a time zone. Left out, the page holds no date, and the same comparison
        gives the same bytes.
    evidence : Assessment, optional
        Its score weighed under a reference population, or the examiner's conclusion, to stand on the page.
    """
    result = pair.result
    common = page_facts(pair.parameters, result.warnings, made)
    common |= evidence_facts(evidence, closing=CLOSING, limits=BULLET_LIMITS)
    reliefs: Reliefs = {}
    mirrored = isinstance(result, BulletComparison) and result.mirrored
    bullets = [
        _bullet_side(index, side, reliefs, mirrored=mirrored and index == 1)
        for index, side in enumerate((pair.reference, pair.questioned))
    ]
    scans = [land for bullet in bullets for land in bullet.lands]
    if isinstance(result, NoBulletComparison):
        return _render(
            "no_bullets.html", reason=printable(translated(result.reason)), bullets=bullets, sides=scans, **common
        )
    at_best = lands_at_best_phase(result)
    pairs = []
    for i, j in result.pairs:
        comparison = at_best.get((i + 1, j + 1))
        drawing = draw_pair(comparison, (reliefs[0, i + 1], reliefs[1, j + 1])) if comparison else None
        pairs.append(PairSide(reference=i + 1, questioned=j + 1, comparison=comparison, drawing=drawing))
    return _render(
        "bullets.html",
        result=result,
        bullets=bullets,
        sides=scans,
        pairs=pairs,
        compared=len(at_best),
        measures=bullet_measures(pair, result),
        table=pair_rows(result),
        matrix=draw_matrix(result),
        phases=draw_phases(result),
        stops=colour_stops(),
        **common,
    )


def render_land_report(
    result: LandComparison | NoLandComparison,
    made_from: tuple[Signature | NoSignature, Signature | NoSignature],
    *,
    made: datetime | None = None,
    evidence: Assessment | None = None,
) -> str:
    """Return the page for two lands or other striated marks, or for the reason for no comparison.

    Parameters
    ----------
    result : LandComparison or NoLandComparison
        From `ballistics.striated.land_pair.compare_lands`.
    made_from : tuple
        What that was given: the signatures, or the reasons why there are none.
    made, evidence : datetime, Assessment, optional
        As for `render_bullet_report`.
    """
    common = page_facts(result.parameters, result.warnings, made)
    common |= evidence_facts(evidence, closing=CLOSING, limits=LAND_LIMITS)
    reliefs: Reliefs = {}
    mirrored = isinstance(result, LandComparison) and result.mirrored
    sides = [
        _scan_side(role, signature, reliefs, (index, 1), mirrored=mirrored and index == 1)
        for index, (role, signature) in enumerate(zip(ROLES, made_from, strict=True))
    ]
    if isinstance(result, NoLandComparison):
        return _render("no_lands.html", reason=printable(translated(result.reason)), sides=sides, **common)
    drawing = draw_pair(result, (reliefs[0, 1], reliefs[1, 1]))
    return _render(
        "lands.html", result=result, sides=sides, drawing=drawing, measures=land_measures(result), **common
    )


def render_signature_report(
    signature: Signature | NoSignature, parameters: StriatedSet, *, made: datetime | None = None
) -> str:
    """Return the page for one signature, or for the reason why there is none."""
    common = page_facts(parameters, (), made) | evidence_facts(None, closing=CLOSING, limits=LAND_LIMITS)
    side = _scan_side(_("Scan"), signature, {}, (0, 1))
    if isinstance(signature, NoSignature):
        return _render("no_lands.html", reason=printable(translated(signature.reason)), sides=[side], **common)
    return _render("signature.html", side=side, plot=draw_signature(signature), sides=[side], **common)


def _bullet_side(index: int, side: LandSet | NoLandSet, reliefs: Reliefs, *, mirrored: bool) -> BulletSide:
    lands = tuple(
        _scan_side(LANDS[index].filled(number=number), made, reliefs, (index, number), mirrored=mirrored)
        for number, made in _made(side)
    )
    usable = sum(land.drawing is not None for land in lands)
    return BulletSide(
        role=ROLES[index],
        name=printable(side.name),
        source=printable(side.source) if isinstance(side, LandSet) else "",
        found=_("{scans} scans, {signatures} signatures", scans=len(lands), signatures=usable),
        lands=lands,
    )


def _made(side: LandSet | NoLandSet) -> Iterator[tuple[int, Signature | NoSignature]]:
    if isinstance(side, LandSet):
        yield from side.lands.items()
        return
    for number, scan in side.scans.items():
        yield number, NoSignature(reason=Message("not used: the set is in doubt"), scan=scan)


def _scan_side(
    role: str,
    made: Signature | NoSignature,
    reliefs: Reliefs,
    key: tuple[int, int],
    *,
    mirrored: bool = False,
) -> ScanSide:
    if isinstance(made, NoSignature):
        return ScanSide(
            role=role,
            scan=made.scan,
            picture=figures.scan_image(made.scan),
            reason=printable(translated(made.reason)),
        )
    relief = reliefs[key] = relief_of(made)
    return ScanSide(
        role=role,
        scan=made.scan,
        drawing=draw_mark(made, relief, mirrored=mirrored),
        facts=tuple(signature_rows(made)),
        notes=made.notes,
    )


def _render(name: str, **content: Any) -> str:
    return render(name, styles=(*STYLES, "striated.css"), **content)
