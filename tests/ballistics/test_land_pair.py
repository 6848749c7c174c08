"""Two lands: agreement, lag, alignment, mirror images, reasons for none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ballistics.parameters import default_striated_set
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison, NoLandComparison, compare_lands, lands_at_best_phase
from ballistics.striated.landset import open_bullet
from ballistics.striated.reading import signature_of
from ballistics.striated.signature import NoSignature, Signature
from ballistics.striated.striae import StriaeFeatures
from imaging.synthetic import breech_face, land

LAND = default_striated_set("bullet land")


def signature(own: int, barrel: int, **options: bool) -> Signature:
    scan = land(np.random.default_rng(own), barrel=np.random.default_rng(barrel), pixel_um=3.125, **options)[0]
    made = signature_of(scan, LAND)
    assert isinstance(made, Signature)
    return made


@pytest.fixture(scope="module")
def signatures() -> dict[str, Signature]:
    return {
        "a": signature(1, 9),
        "b": signature(2, 9),
        "mirrored": signature(3, 9, mirrored=True),
        "other": signature(4, 8),
    }


def compared(first: Signature, second: Signature, **options: bool) -> LandComparison:
    result = compare_lands(first, second, LAND, **options)
    assert isinstance(result, LandComparison), result.reason
    return result


def test_lands_of_one_barrel_agree_and_others_do_not(signatures: dict[str, Signature]) -> None:
    assert compared(signatures["a"], signatures["b"]).ccf > 0.7
    assert compared(signatures["a"], signatures["other"]).ccf < 0.6


def test_swapping_turns_only_the_point_of_view(signatures: dict[str, Signature]) -> None:
    one = compared(signatures["a"], signatures["b"])
    other = compared(signatures["b"], signatures["a"])
    assert one.ccf == pytest.approx(other.ccf, abs=1e-6)
    assert one.lag_um == pytest.approx(-other.lag_um, abs=1e-2)
    assert one.overlap == pytest.approx(other.overlap, abs=1e-6)
    first, second = one.striae(), other.striae()
    assert isinstance(first, StriaeFeatures)
    assert isinstance(second, StriaeFeatures)
    assert first.cms == second.cms


def test_the_aligned_heights_correlate_as_reported(signatures: dict[str, Signature]) -> None:
    result = compared(signatures["a"], signatures["b"])
    places, reference_um, questioned_um = result.aligned()
    both = np.isfinite(reference_um) & np.isfinite(questioned_um)
    assert np.corrcoef(reference_um[both], questioned_um[both])[0, 1] == pytest.approx(result.ccf, abs=0.01)
    known = np.flatnonzero(np.isfinite(reference_um))
    assert places[known[0]] == pytest.approx(result.reference.start_um)
    assert np.isfinite(questioned_um).sum() >= signatures["b"].heights_um.size - 1


def test_a_mirror_image_is_proposed_and_never_applied_unasked(signatures: dict[str, Signature]) -> None:
    plain = compared(signatures["a"], signatures["mirrored"])
    assert plain.ccf < 0.6
    assert not plain.mirrored
    assert any("with --mirror" in warning for warning in plain.warnings)
    turned = compared(signatures["a"], signatures["mirrored"], mirror=True)
    assert turned.ccf > 0.7
    assert not turned.warnings
    assert any(
        "without --mirror" in each for each in compared(signatures["a"], signatures["b"], mirror=True).warnings
    )


def test_a_scan_against_itself_is_warned_of(signatures: dict[str, Signature]) -> None:
    result = compared(signatures["a"], signatures["a"])
    assert result.ccf == pytest.approx(1.0, abs=1e-4)
    assert any("with itself" in warning for warning in result.warnings)


def test_a_missing_signature_gives_the_reason(signatures: dict[str, Signature]) -> None:
    none = NoSignature(reason="no striae", scan=signatures["b"].scan)
    result = compare_lands(signatures["a"], none, LAND)
    assert isinstance(result, NoLandComparison)
    assert not result
    assert "no striae" in result.reason
    assert len(result.scans) == 2


@pytest.mark.parametrize("value", [0.5, np.nan])
@pytest.mark.parametrize("turned", [False, True])
def test_a_signature_without_relief_gives_that_as_the_reason(
    signatures: dict[str, Signature], value: float, turned: bool
) -> None:
    empty = replace(signatures["b"], heights_um=np.full(600, value))
    pair = (signatures["a"], empty)
    result = compare_lands(*(pair[::-1] if turned else pair), LAND)
    assert isinstance(result, NoLandComparison)
    assert "constant or nothing of it was measured" in result.reason
    assert "share less" not in result.reason


def test_a_case_is_not_compared_with_a_land_until_it_is_accepted(signatures: dict[str, Signature]) -> None:
    case = breech_face(np.random.default_rng(4), pixel_um=3.125)
    result = compare_lands(signature_of(case, LAND), signatures["a"], LAND)
    assert isinstance(result, NoLandComparison)
    assert "not-a-land" in result.reason
    accepted = compare_lands(signature_of(case, LAND, accept=["not-a-land"]), signatures["a"], LAND)
    assert isinstance(accepted, LandComparison)
    assert any("in spite of not-a-land" in warning for warning in accepted.warnings)


def test_lands_at_the_best_phase_are_those_of_the_matrix(bullets: Path) -> None:
    sets = [open_bullet(bullets / name, LAND) for name in ("one", "two")]
    result = compare_land_sets(sets[0], sets[1], LAND).result
    assert isinstance(result, BulletComparison)
    pairs = lands_at_best_phase(result)
    assert len(pairs) == 5
    mean = np.mean([each.ccf for each in pairs.values()])
    assert mean == pytest.approx(result.sequence_average)
    assert (1, result.phase + 1) in pairs or result.questioned.signatures[result.phase] is None
