"""From a scan to its signature: what a person sets by hand, what is in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ballistics.errors import OptionError
from ballistics.parameters import default_striated_set
from ballistics.reading import ByHand, signature_of
from ballistics.striated import NoSignature, Signature
from imaging.resample import flip
from imaging.surface import Finding, Surface
from imaging.synthetic import land, toolmark

LAND = default_striated_set("bullet land")


@pytest.fixture(scope="module")
def scan() -> Surface:
    return land(np.random.default_rng(3), pixel_um=3.125)[0]


def made(scan: Surface, by_hand: ByHand) -> Signature:
    found = signature_of(scan, LAND, by_hand=by_hand)
    assert isinstance(found, Signature), found.reason
    return found


@pytest.mark.parametrize("transposed", [False, True])
def test_mirroring_by_hand_undoes_a_mirrored_scan(transposed: bool) -> None:
    scan = land(np.random.default_rng(3), pixel_um=3.125, transposed=transposed)[0]
    mirrored = flip(scan, "y" if transposed else "x")
    plain, back = made(scan, ByHand()), made(mirrored, ByHand(mirror=True))
    np.testing.assert_array_equal(plain.heights_um, back.heights_um)
    np.testing.assert_array_equal(plain.scan.heights, back.scan.heights)
    assert plain.start_um == back.start_um


def test_what_is_set_by_hand_is_used(scan: Surface) -> None:
    found = made(scan, ByHand(row_um=450.0, shoulders_um=(500.0, 1500.0)))
    first, last = found.cut.rows
    assert first <= 450e-6 <= last
    assert found.start_um == pytest.approx(500.0, abs=3.2)
    assert found.length_um == pytest.approx(1000.0, abs=7.0)
    assert found.shoulders is not None
    assert found.shoulders.confidence == 1.0


@pytest.mark.parametrize(
    "by_hand",
    [
        ByHand(row_um=700.0),
        ByHand(row_um=-1.0),
        ByHand(shoulders_um=(100.0, 3000.0)),
        ByHand(shoulders_um=(9.0, 5.0)),
    ],
)
def test_places_off_the_scan_are_refused(scan: Surface, by_hand: ByHand) -> None:
    with pytest.raises(OptionError, match="found"):
        signature_of(scan, LAND, by_hand=by_hand)


def test_doubt_stops_a_signature_until_it_is_accepted(scan: Surface) -> None:
    finding = Finding(code="scale-in-doubt", severity="doubt", message="is it?")
    doubtful = replace(scan, provenance=scan.provenance.model_copy(update={"findings": (finding,)}))
    refused = signature_of(doubtful, LAND)
    assert isinstance(refused, NoSignature)
    assert "scale-in-doubt" in refused.reason
    assert signature_of(doubtful, LAND, accept=["scale-in-doubt"])


@pytest.mark.parametrize(
    "heights",
    [
        np.zeros((200, 700)),
        np.full((200, 700), np.nan),
        np.random.default_rng(0).normal(0, 1e-6, (200, 700)),
        np.zeros((5, 5)),
    ],
    ids=["flat", "missing", "noise", "tiny"],
)
def test_what_holds_no_striae_gives_a_reason(heights: np.ndarray) -> None:
    refused = signature_of(Surface(heights=heights, spacing=(3e-6, 3e-6)), LAND)
    assert isinstance(refused, NoSignature)
    assert refused.reason


def test_pixels_that_are_too_coarse_give_a_reason() -> None:
    scan = land(np.random.default_rng(3), pixel_um=10.0)[0]
    refused = signature_of(scan, LAND)
    assert isinstance(refused, NoSignature)
    assert "12.5 um" in refused.reason


def test_a_toolmark_has_no_shoulders() -> None:
    scan = toolmark(np.random.default_rng(1), pixel_um=3.125, shape=(160, 480))[0]
    found = signature_of(scan, default_striated_set("toolmark"))
    assert isinstance(found, Signature)
    assert found.shoulders is None
