"""Striated comparisons in a few rows, the same in the terminal and on the page."""

from __future__ import annotations

import math

import numpy as np

from ballistics.parameters import StriatedSet
from ballistics.striated.bullet_pair import BulletPair
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison, lands_at_best_phase
from ballistics.striated.signature import Signature
from ballistics.striated.striae import NotMeasured

MISSING = "-"


def signature_rows(signature: Signature) -> list[tuple[str, str]]:
    """What was found on one mark, as names and texts with units."""
    cut, found = signature.cut, signature.shoulders
    first, last = (edge * 1e6 for edge in cut.rows)
    rows = [
        (
            "Crosscut",
            f"{first:.0f} to {last:.0f} µm along the striae, stability {cut.stability:.2f}",
        ),
        (
            "Striae",
            f"along the {'rows' if cut.transposed else 'columns'} of the scan, tilted by {cut.tilt_deg:+.1f}°",
        ),
    ]
    if found:
        rows.append(
            ("Shoulders", f"{found.left_um:.0f} and {found.right_um:.0f} µm, confidence {found.confidence:.2f}")
        )
    measured = float(np.isfinite(signature.heights_um).mean())
    return [
        *rows,
        (
            "Signature",
            f"{signature.length_um:.0f} µm in steps of {signature.spacing_um:g} µm from "
            f"{signature.start_um:.0f} µm, {measured:.1%} used, {signature.damaged:.1%} left out as damaged",
        ),
        ("Roughness (Rq)", f"{signature.roughness_um:.2f} µm"),
        ("Parameter set", set_text(signature.parameters)),
    ]


def segment_text(comparison: LandComparison) -> tuple[str, str]:
    """Congruent segments of all, for the segments of the reference and for those of the questioned signature."""
    found = comparison.segments()
    if isinstance(found, NotMeasured):
        return MISSING, MISSING
    forward, backward = (f"{each.count} of {len(each)}" for each in found)
    return forward, backward


def striae_rows(comparison: LandComparison) -> dict[str, str]:
    """What the striae of two marks have in common, as text."""
    found = comparison.striae()
    if isinstance(found, NotMeasured):
        return {"Striae": f"not matched: {found.reason}"}
    return {
        "Matching striae": f"{found.matches} of {found.matches + found.mismatches}, "
        f"{found.matches_per_mm:.1f} match per mm and {found.mismatches_per_mm:.1f} do not",
        "Longest run (CMS)": f"{found.cms} ridges and furrows, {max(found.ridge_runs, default=0)} ridges alone",
        "Difference (D)": f"{found.distance_um:.2f} µm RMS, rough correlation {found.rough_correlation:.2f}",
    }


def land_measures(comparison: LandComparison) -> dict[str, str]:
    """The figures of two marks beside their correlation, as text with units."""
    chumbley, lags = comparison.chumbley(), comparison.parameters.lags
    lengths = (each.length_um for each in (comparison.reference, comparison.questioned))
    return {
        "Correlation (CCF)": f"{comparison.ccf:.3f}",
        "Lag of the questioned": f"{comparison.lag_um:+.1f} µm",
        "Overlap": f"{comparison.overlap:.0%} of the shorter signature",
        **({"Stretch": f"{comparison.stretch - 1:+.1%} of the questioned"} if lags.stretch_percent else {}),
        "Congruent segments (CMPS)": "{} of the reference, {} of the questioned".format(*segment_text(comparison)),
        **striae_rows(comparison),
        "Chumbley score": f"not computed: {chumbley.reason}"
        if isinstance(chumbley, NotMeasured)
        else f"z {chumbley.z:+.1f}, p {chumbley.p_value:.2g}; {len(chumbley.same_shift)} windows at lag "
        f"{chumbley.lag_samples * chumbley.spacing_um:+.0f} µm",
        "Lengths": " and ".join(f"{length:.0f} µm" for length in lengths),
        "Questioned mark": "mirrored before it was compared" if comparison.mirrored else "as scanned",
        "Parameter set": set_text(comparison.parameters),
    }


def bullet_measures(pair: BulletPair, result: BulletComparison) -> dict[str, str]:
    """The figures of two bullets, as text."""
    n = result.reference.lands
    compared = len(lands_at_best_phase(result))
    others = result.other_phases
    return {
        "Best phase": f"reference land 1 faces questioned land {result.phase + 1}, {compared} land pairs",
        "Direction": f"lands in the {result.direction} order",
        "Highest other phase": f"{others:.3f} in the {result.direction} order, {result.other_pairs} land pairs"
        if math.isfinite(others)
        else "none to compare with",
        "p-value of the phase": f"{result.p_value:.3g}, {result.smallest_p_value:.2g} is the smallest possible "
        f"for {n} lands and {compared} land pairs",
        "Lands": f"{n}, {'as stated' if pair.stated else 'the highest land number found, not stated'}",
        "Questioned bullet": "mirrored before it was compared" if result.mirrored else "as scanned",
        "Parameter set": set_text(pair.parameters),
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


def set_text(parameters: StriatedSet) -> str:
    """A parameter set by its name and the beginning of its hash."""
    return f"{parameters.name}, hash {parameters.hash[:8]}"


def pair_rows(result: BulletComparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the land pairs at the best phase."""
    head = (
        *("Reference", "Questioned", "Correlation", "Lag µm", "Overlap", "CMPS", "CMPS back"),
        *("CMS", "Match/mm", "Other/mm", "D µm", "Chumbley z"),
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
        rows.append((f"land {first}", f"land {second}", *agreement, *segment_text(each), *rest, score))
    return head, rows


def signature_csv(signature: Signature) -> str:
    """Places along the crosscut and heights, a row each; the height is empty where it is missing."""
    rows = ["place_um,height_um"]
    for index, height in enumerate(signature.heights_um.tolist()):
        place = signature.start_um + index * signature.spacing_um
        rows.append(f"{place:.4f},{height:.6f}" if math.isfinite(height) else f"{place:.4f},")
    return "\n".join(rows) + "\n"
