"""What the commands for striated marks print with ``--json``: the contract of `ballistics.contract`, with more.

Later versions add fields and take none away. Lengths are micrometres and angles degrees; a figure that does
not exist is null. ``phase`` counts from 0 as in `ballistics.striated.bullets`; lands are named by their number
from 1.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ballistics.contract import (
    CONTRACT,
    ComparisonRecord,
    InputRecord,
    ParametersRecord,
    Score,
    input_record,
    plain_text,
    versions,
)
from ballistics.parameters import StriatedSet
from ballistics.striated.bullet_pair import BulletPair
from ballistics.striated.bullets import BulletComparison, NoBulletComparison
from ballistics.striated.land_pair import LandComparison, NoLandComparison, lands_at_best_phase
from ballistics.striated.landset import LandSet, NoLandSet
from ballistics.striated.signature import NoSignature, Signature
from ballistics.striated.striae import NotMeasured

Role = Literal["reference", "questioned"]
Row = tuple[float | None, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SignatureFacts(_Part):
    """Where a signature comes from on its scan; places along the crosscut count from its first point."""

    crosscut_um: tuple[float, float]
    stability: float
    tilt_deg: float
    transposed: bool
    shoulders_um: tuple[float, float] | None
    shoulder_confidence: float | None
    start_um: float
    spacing_um: float
    points: int
    measured: float
    damaged: float
    roughness_um: float
    notes: tuple[str, ...]


class MarkRecord(InputRecord):
    """One scan, which land it is, and what was found on it."""

    role: Role
    land: int | None = None
    steps: tuple[str, ...]
    signature: SignatureFacts | None = None
    reason: str | None = None


class SignatureRecord(_Part):
    """One signature; without one ``reason`` says why."""

    contract: int = CONTRACT
    made: bool
    reason: str | None = None
    mark: str
    signature: SignatureFacts | None = None
    heights_um: Row = ()
    parameters: ParametersRecord
    inputs: tuple[InputRecord, ...]
    versions: dict[str, str]


class StriaeRecord(_Part):
    """Matching striae of two aligned signatures, and the features built on them.

    ``runs`` and ``ridge_runs`` are the lengths of all runs of consecutively matching lines, ridges and furrows
    or ridges alone; ``cms`` is the longest of the first.
    """

    matches: int
    mismatches: int
    cms: int
    non_cms: int
    runs: tuple[int, ...]
    ridge_runs: tuple[int, ...]
    sum_peaks_um: float
    distance_um: float
    distance_sd_um: float
    rough_correlation: float | None
    overlap_mm: float
    matches_per_mm: float
    mismatches_per_mm: float
    cms_per_mm: float
    non_cms_per_mm: float


class SegmentsRecord(_Part):
    """Segments of one signature that lie at one shift in the other: the CMPS count, of how many, and the shift."""

    count: int
    segments: int
    lag_um: float | None


class DirectedSegments(_Part):
    """Segments of the reference searched in the questioned signature, and the other way round."""

    forward: SegmentsRecord
    backward: SegmentsRecord


class ChumbleyRecord(_Part):
    """Windows at the shift of the best long window, ranked against windows at other shifts."""

    u: float
    z: float
    p_value: float
    windows: int
    windows_at_other_shifts: int
    lag_um: float


class LandPairRecord(ComparisonRecord):
    """Two lands or other striated marks; ``score`` is the correlation."""

    inputs: tuple[MarkRecord, ...]
    lag_um: float | None = None
    overlap: float | None = None
    stretch: float | None = None
    striae: StriaeRecord | None = None
    cmps: DirectedSegments | None = None
    chumbley: ChumbleyRecord | None = None
    mirrored: bool = False


class LandMatrix(_Part):
    """Every reference land (rows) with every questioned land (columns); null where one is missing."""

    ccf: tuple[Row, ...]
    lag_um: tuple[Row, ...]
    overlap: tuple[Row, ...]


class PhasePair(_Part):
    """Two lands that face each other at the best phase, by their numbers from 1."""

    reference_land: int
    questioned_land: int
    ccf: float
    lag_um: float
    overlap: float
    stretch: float
    striae: StriaeRecord | None
    cmps: DirectedSegments | None
    chumbley: ChumbleyRecord | None


class Averages(_Part):
    """Mean correlation of every phase, for lands in the same and in the reversed order."""

    same: Row
    reversed: Row


class BulletRecord(ComparisonRecord):
    """Two bullets; ``score`` is the sequence average, ``other_phases`` as in `ballistics.striated.bullets`."""

    inputs: tuple[MarkRecord, ...]
    phase: int | None = None
    direction: Literal["same", "reversed"] | None = None
    sequence_average: float | None = None
    other_phases: float | None = None
    other_phases_pairs: int | None = None
    averages: Averages | None = None
    p_value: float | None = None
    smallest_p_value: float | None = None
    lands: LandMatrix | None = None
    pairs: tuple[PhasePair, ...] = ()
    mirrored: bool = False
    number_of_lands: int | None = None
    lands_stated: bool = False


def signature_record(made: Signature | NoSignature, parameters: StriatedSet) -> SignatureRecord:
    """Turn a signature, or the reason for none, into the contract's form."""
    found = isinstance(made, Signature)
    return SignatureRecord(
        made=found,
        reason=None if isinstance(made, Signature) else plain_text(made.reason),
        mark=parameters.mark,
        signature=_facts(made) if isinstance(made, Signature) else None,
        heights_um=_row(made.heights_um) if isinstance(made, Signature) else (),
        parameters=_parameters(parameters),
        inputs=(input_record(made.scan),),
        versions=versions(),
    )


def land_pair_record(
    result: LandComparison | NoLandComparison, made: tuple[Signature | NoSignature, Signature | NoSignature]
) -> LandPairRecord:
    """Turn the comparison of two marks, or the reason for none, into the contract's form.

    Parameters
    ----------
    result : LandComparison or NoLandComparison
        From `ballistics.striated.land_pair.compare_lands`.
    made : tuple
        What that was given: the signatures, or the reasons why there are none.
    """
    common = _common(result.parameters, result.warnings)
    common["inputs"] = (_mark(made[0], "reference"), _mark(made[1], "questioned"))
    if isinstance(result, NoLandComparison):
        return LandPairRecord(comparable=False, reason=plain_text(result.reason), **common)
    striae, cmps = _striae(result), _segments(result)
    counts = {} if striae is None else {"cms": striae.cms, "matches": striae.matches}
    if cmps:
        counts["cmps"] = min(cmps.forward.count, cmps.backward.count)
    return LandPairRecord(
        comparable=True,
        score=Score(name="ccf", value=round(result.ccf, 6)),
        counts=counts,
        striae=striae,
        cmps=cmps,
        chumbley=_chumbley(result),
        lag_um=round(result.lag_um, 3),
        overlap=round(result.overlap, 6),
        stretch=round(result.stretch, 6),
        mirrored=result.mirrored,
        **common,
    )


def bullet_record(pair: BulletPair) -> BulletRecord:
    """Turn the comparison of two bullets, or the reason for none, into the contract's form."""
    result = pair.result
    common = _common(pair.parameters, result.warnings)
    common["inputs"] = (*_marks(pair.reference, "reference"), *_marks(pair.questioned, "questioned"))
    common["lands_stated"] = pair.stated
    if isinstance(result, NoBulletComparison):
        return BulletRecord(comparable=False, reason=plain_text(result.reason), **common)
    table = result.correlations
    return BulletRecord(
        comparable=True,
        score=Score(name="sequence_average", value=round(result.sequence_average, 6)),
        phase=result.phase,
        direction=result.direction,
        sequence_average=round(result.sequence_average, 6),
        other_phases=_number(result.other_phases),
        other_phases_pairs=result.other_pairs or None,
        averages=Averages(same=_row(result.averages[0]), reversed=_row(result.averages[1])),
        p_value=round(result.p_value, 9),
        smallest_p_value=round(result.smallest_p_value, 9),
        lands=LandMatrix(ccf=_rows(table.ccf), lag_um=_rows(table.lag_um), overlap=_rows(table.overlap)),
        pairs=_pairs(result),
        mirrored=result.mirrored,
        number_of_lands=result.reference.lands,
        **common,
    )


def _common(parameters: StriatedSet, warnings: tuple[str, ...]) -> dict[str, Any]:
    return {
        "mark": parameters.mark,
        "parameters": _parameters(parameters),
        "versions": versions(),
        "warnings": tuple(plain_text(warning) for warning in warnings),
    }


def _parameters(parameters: StriatedSet) -> ParametersRecord:
    return ParametersRecord(name=parameters.name, hash=parameters.hash, values=parameters.values)


def _pairs(result: BulletComparison) -> tuple[PhasePair, ...]:
    return tuple(
        PhasePair(
            reference_land=first,
            questioned_land=second,
            ccf=round(each.ccf, 6),
            lag_um=round(each.lag_um, 3),
            overlap=round(each.overlap, 6),
            stretch=round(each.stretch, 6),
            striae=_striae(each),
            cmps=_segments(each),
            chumbley=_chumbley(each),
        )
        for (first, second), each in lands_at_best_phase(result).items()
    )


def _striae(comparison: LandComparison) -> StriaeRecord | None:
    found = comparison.striae()
    if isinstance(found, NotMeasured):
        return None
    return StriaeRecord(
        matches=found.matches,
        mismatches=found.mismatches,
        cms=found.cms,
        non_cms=found.non_cms,
        runs=found.runs,
        ridge_runs=found.ridge_runs,
        sum_peaks_um=round(found.sum_peaks_um, 6),
        distance_um=round(found.distance_um, 6),
        distance_sd_um=round(found.distance_sd_um, 6),
        rough_correlation=_number(found.rough_correlation),
        overlap_mm=round(found.overlap_mm, 6),
        matches_per_mm=round(found.matches_per_mm, 6),
        mismatches_per_mm=round(found.mismatches_per_mm, 6),
        cms_per_mm=round(found.cms_per_mm, 6),
        non_cms_per_mm=round(found.non_cms_per_mm, 6),
    )


def _segments(comparison: LandComparison) -> DirectedSegments | None:
    found = comparison.segments()
    if isinstance(found, NotMeasured):
        return None
    forward, backward = (
        SegmentsRecord(count=each.count, segments=len(each), lag_um=_number(each.lag_samples * each.spacing_um))
        for each in found
    )
    return DirectedSegments(forward=forward, backward=backward)


def _chumbley(comparison: LandComparison) -> ChumbleyRecord | None:
    found = comparison.chumbley()
    if isinstance(found, NotMeasured):
        return None
    return ChumbleyRecord(
        u=found.u,
        z=round(found.z, 6),
        p_value=float(f"{found.p_value:.6g}"),
        windows=found.same_shift.size,
        windows_at_other_shifts=found.different_shift.size,
        lag_um=round(found.lag_samples * found.spacing_um, 3),
    )


def _marks(side: LandSet | NoLandSet, role: Role) -> list[MarkRecord]:
    if isinstance(side, LandSet):
        return [_mark(made, role, land) for land, made in side.lands.items()]
    return [
        MarkRecord(**input_record(scan).model_dump(), role=role, land=land, steps=scan.provenance.steps)
        for land, scan in side.scans.items()
    ]


def _mark(made: Signature | NoSignature, role: Role, land: int | None = None) -> MarkRecord:
    return MarkRecord(
        **input_record(made.scan).model_dump(),
        role=role,
        land=land,
        steps=made.scan.provenance.steps,
        signature=_facts(made) if isinstance(made, Signature) else None,
        reason=plain_text(made.reason) if isinstance(made, NoSignature) else None,
    )


def _facts(made: Signature) -> SignatureFacts:
    cut, found = made.cut, made.shoulders
    return SignatureFacts(
        crosscut_um=(round(cut.rows[0] * 1e6, 3), round(cut.rows[1] * 1e6, 3)),
        stability=round(cut.stability, 6),
        tilt_deg=round(cut.tilt_deg, 4),
        transposed=cut.transposed,
        shoulders_um=(round(found.left_um, 3), round(found.right_um, 3)) if found else None,
        shoulder_confidence=found.confidence if found else None,
        start_um=round(made.start_um, 3),
        spacing_um=made.spacing_um,
        points=made.heights_um.size,
        measured=round(float(np.isfinite(made.heights_um).mean()), 6),
        roughness_um=round(made.roughness_um, 6),
        damaged=round(made.damaged, 6),
        notes=made.notes,
    )


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _row(values: NDArray[np.float64]) -> Row:
    return tuple(_number(value) for value in values.tolist())


def _rows(values: NDArray[np.float64]) -> tuple[Row, ...]:
    return tuple(_row(row) for row in values)
