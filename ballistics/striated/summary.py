"""Striated comparisons in a few rows, the same in the terminal and on the page."""

from __future__ import annotations

import math

import numpy as np

from ballistics.language import gettext as _
from ballistics.striated.bullet_pair import BulletPair
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison, lands_at_best_phase
from ballistics.striated.signature import Signature
from ballistics.striated.striae import NotMeasured
from ballistics.summary import set_text

MISSING = "-"


def signature_rows(signature: Signature) -> list[tuple[str, str]]:
    """What was found on one mark, as names and texts with units."""
    cut, found = signature.cut, signature.shoulders
    first, last = (edge * 1e6 for edge in cut.rows)
    rows = [
        (
            _("Crosscut"),
            _(
                "{first} to {last} µm along the striae, stability {stability}",
                first=f"{first:.0f}",
                last=f"{last:.0f}",
                stability=f"{cut.stability:.2f}",
            ),
        ),
        (
            _("Striae"),
            _("along the rows of the scan, tilted by {tilt}°", tilt=f"{cut.tilt_deg:+.1f}")
            if cut.transposed
            else _("along the columns of the scan, tilted by {tilt}°", tilt=f"{cut.tilt_deg:+.1f}"),
        ),
    ]
    if found:
        rows.append(
            (
                _("Shoulders"),
                _(
                    "{left} and {right} µm, confidence {confidence}",
                    left=f"{found.left_um:.0f}",
                    right=f"{found.right_um:.0f}",
                    confidence=f"{found.confidence:.2f}",
                ),
            )
        )
    measured = float(np.isfinite(signature.heights_um).mean())
    return [
        *rows,
        (
            _("Signature"),
            _(
                "{length} µm in steps of {step} µm from {start} µm, {used} used, {damaged} left out as damaged",
                length=f"{signature.length_um:.0f}",
                step=f"{signature.spacing_um:g}",
                start=f"{signature.start_um:.0f}",
                used=f"{measured:.1%}",
                damaged=f"{signature.damaged:.1%}",
            ),
        ),
        (_("Roughness (Rq)"), f"{signature.roughness_um:.2f} µm"),
        (_("Parameter set"), set_text(signature.parameters)),
    ]


def segment_text(comparison: LandComparison) -> tuple[str, str]:
    """Congruent segments of all, for the segments of the reference and for those of the questioned signature."""
    found = comparison.segments()
    if isinstance(found, NotMeasured):
        return MISSING, MISSING
    forward, backward = (_("{count} of {all}", count=each.count, all=len(each)) for each in found)
    return forward, backward


def striae_rows(comparison: LandComparison) -> dict[str, str]:
    """What the striae of two marks have in common, as text."""
    found = comparison.striae()
    if isinstance(found, NotMeasured):
        return {_("Striae"): _("not matched: {reason}", reason=found.reason)}
    return {
        _("Matching striae"): _(
            "{count} of {all}, {matches} match per mm and {others} do not",
            count=found.matches,
            all=found.matches + found.mismatches,
            matches=f"{found.matches_per_mm:.1f}",
            others=f"{found.mismatches_per_mm:.1f}",
        ),
        _("Longest run (CMS)"): _(
            "{count} ridges and furrows, {ridges} ridges alone",
            count=found.cms,
            ridges=max(found.ridge_runs, default=0),
        ),
        _("Difference (D)"): _(
            "{distance} µm RMS, rough correlation {correlation}",
            distance=f"{found.distance_um:.2f}",
            correlation=f"{found.rough_correlation:.2f}",
        ),
    }


def land_measures(comparison: LandComparison) -> dict[str, str]:
    """The figures of two marks beside their correlation, as text with units."""
    chumbley, lags = comparison.chumbley(), comparison.parameters.lags
    first, second = (f"{each.length_um:.0f}" for each in (comparison.reference, comparison.questioned))
    forward, backward = segment_text(comparison)
    stretch = _("{share} of the questioned", share=f"{comparison.stretch - 1:+.1%}")
    return {
        _("Correlation (CCF)"): f"{comparison.ccf:.3f}",
        _("Lag of the questioned"): f"{comparison.lag_um:+.1f} µm",
        _("Overlap"): _("{share} of the shorter signature", share=f"{comparison.overlap:.0%}"),
        **({_("Stretch"): stretch} if lags.stretch_percent else {}),
        _("Congruent segments (CMPS)"): _(
            "{forward} of the reference, {backward} of the questioned", forward=forward, backward=backward
        ),
        **striae_rows(comparison),
        _("Chumbley score"): _("not computed: {reason}", reason=chumbley.reason)
        if isinstance(chumbley, NotMeasured)
        else _(
            "z {z}, p {p}; {count} windows at lag {lag} µm",
            z=f"{chumbley.z:+.1f}",
            p=f"{chumbley.p_value:.2g}",
            count=len(chumbley.same_shift),
            lag=f"{chumbley.lag_samples * chumbley.spacing_um:+.0f}",
        ),
        _("Lengths"): _("{first} µm and {second} µm", first=first, second=second),
        _("Questioned mark"): _("mirrored before it was compared") if comparison.mirrored else _("as scanned"),
        _("Parameter set"): set_text(comparison.parameters),
    }


def bullet_measures(pair: BulletPair, result: BulletComparison) -> dict[str, str]:
    """The figures of two bullets, as text."""
    n = result.reference.lands
    compared = len(lands_at_best_phase(result))
    others = result.other_phases
    rival = f"{others:.3f}"
    same = result.direction == "same"
    return {
        _("Best phase"): _(
            "reference land 1 faces questioned land {land}, {count} land pairs",
            land=result.phase + 1,
            count=compared,
        ),
        _("Direction"): _("lands in the same order") if same else _("lands in the reversed order"),
        _("Highest other phase"): _("none to compare with")
        if not math.isfinite(others)
        else _("{average} in the same order, {count} land pairs", average=rival, count=result.other_pairs)
        if same
        else _("{average} in the reversed order, {count} land pairs", average=rival, count=result.other_pairs),
        _("p-value of the phase"): _(
            "{p}, {smallest} is the smallest possible for {lands} lands and {pairs} land pairs",
            p=f"{result.p_value:.3g}",
            smallest=f"{result.smallest_p_value:.2g}",
            lands=n,
            pairs=compared,
        ),
        _("Lands"): _("{count}, as stated", count=n)
        if pair.stated
        else _("{count}, the highest land number found, not stated", count=n),
        _("Questioned bullet"): _("mirrored before it was compared") if result.mirrored else _("as scanned"),
        _("Parameter set"): set_text(pair.parameters),
    }


def matrix_rows(result: BulletComparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the land matrix; the pairs of the best phase stand in brackets."""
    n = result.reference.lands
    at_best = set(result.pairs)
    rows = []
    for i in range(n):
        cells = []
        for j in range(n):
            ccf = float(result.correlations.ccf[i, j])
            text = f"{ccf:.2f}" if math.isfinite(ccf) else MISSING
            cells.append(f"[{text}]" if (i, j) in at_best else f"{text} ")
        rows.append((f"reference {i + 1}", *cells))
    return ("questioned", *(f"{j + 1} " for j in range(n))), rows


def pair_rows(result: BulletComparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the land pairs at the best phase."""
    head = (
        *(_("Reference"), _("Questioned"), _("Correlation"), _("Lag µm"), _("Overlap"), "CMPS", _("CMPS back")),
        *("CMS", _("Match/mm"), _("Other/mm"), "D µm", "Chumbley z"),
    )
    rows = []
    for (first, second), each in lands_at_best_phase(result).items():
        found = each.striae()
        rest: tuple[str, ...] = (MISSING,) * 4
        if not isinstance(found, NotMeasured):
            per_mm = (f"{found.matches_per_mm:.1f}", f"{found.mismatches_per_mm:.1f}")
            rest = (str(found.cms), *per_mm, f"{found.distance_um:.2f}")
        chumbley = each.chumbley()
        score = MISSING if isinstance(chumbley, NotMeasured) else f"{chumbley.z:+.1f}"
        agreement = (f"{each.ccf:.3f}", f"{each.lag_um:+.1f}", f"{each.overlap:.0%}")
        lands = (_("land {number}", number=first), _("land {number}", number=second))
        rows.append((*lands, *agreement, *segment_text(each), *rest, score))
    return head, rows


def signature_csv(signature: Signature) -> str:
    """Places along the crosscut and heights, a row each; the height is empty where it is missing."""
    rows = ["place_um,height_um"]
    for index, height in enumerate(signature.heights_um.tolist()):
        place = signature.start_um + index * signature.spacing_um
        rows.append(f"{place:.4f},{height:.6f}" if math.isfinite(height) else f"{place:.4f},")
    return "\n".join(rows) + "\n"
