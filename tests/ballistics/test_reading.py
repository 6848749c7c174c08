"""From a scan to its signature: what a person sets by hand, what is in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.errors import OptionError
from ballistics.parameters import default_striated_set
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.reading import ByHand, signature_of
from ballistics.striated.signature import NoSignature, Signature
from imaging.resample import flip
from imaging.surface import Finding, Surface
from imaging.synthetic import LandTruth, breech_face, land, toolmark

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


@pytest.mark.parametrize("transposed", [False, True])
def test_shoulders_set_on_a_mirrored_scan_are_those_of_the_stored_points(transposed: bool) -> None:
    scan = land(np.random.default_rng(3), pixel_um=3.125, transposed=transposed)[0]
    points = scan.shape[0 if transposed else 1]
    first, last = 159.6, 480.4
    plain = made(scan, ByHand(shoulders_um=(first * 3.125, last * 3.125)))
    ends = (points - 1 - last) * 3.125, (points - 1 - first) * 3.125
    back = made(flip(scan, "y" if transposed else "x"), ByHand(mirror=True, shoulders_um=ends))
    assert back.shoulders is not None
    assert (back.shoulders.left_um, back.shoulders.right_um) == pytest.approx((first * 3.125, last * 3.125))
    assert back.start_um == plain.start_um
    np.testing.assert_allclose(back.heights_um, plain.heights_um, atol=1e-6)


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


def between_shoulders(scan: Surface, truth: LandTruth, transposed: bool) -> NDArray[np.bool_]:
    """White between the shoulders, black beyond."""
    keep = np.zeros(scan.shape, np.bool_)
    first, last = (round(each / scan.pixel_um) for each in (truth.left_um + 60, truth.right_um - 60))
    (keep.T if transposed else keep)[:, first:last] = True
    return keep


@pytest.mark.parametrize("transposed", [False, True])
def test_a_mask_leaves_out_the_rest_of_the_scan(transposed: bool) -> None:
    scan, truth = land(np.random.default_rng(3), pixel_um=3.125, tilt_deg=2.0, transposed=transposed)
    spoilt = scan.heights.copy()
    keep = between_shoulders(scan, truth, transposed)
    spoilt[~keep] = 1e-3
    found = made(replace(scan, heights=spoilt), ByHand(mask=keep))
    plain = made(scan, ByHand())
    assert found.cut.tilt_deg == pytest.approx(plain.cut.tilt_deg, abs=0.3)
    assert "masked by hand" in found.scan.provenance.steps
    ccf = correlate_signatures([found], [plain], LAND.lags)
    assert ccf.ccf[0, 0] > 0.9
    assert ccf.lag_um[0, 0] == pytest.approx(found.start_um - plain.start_um, abs=2.0)


def test_a_mask_that_keeps_everything_changes_nothing(scan: Surface) -> None:
    plain, masked = made(scan, ByHand()), made(scan, ByHand(mask=np.ones(scan.shape, np.bool_)))
    np.testing.assert_array_equal(plain.heights_um, masked.heights_um)


def test_a_corner_of_the_scan_is_enough(scan: Surface) -> None:
    keep = np.zeros(scan.shape, np.bool_)
    keep[-100:, 100:340] = True
    found = made(scan, ByHand(mask=keep))
    assert found.cut.rows[0] * 1e6 > scan.size_um[1] - 330
    assert found.start_um > 300
    assert found.start_um + found.length_um < 1070
    whole = made(scan, ByHand(row_um=0.5e6 * sum(found.cut.rows)))
    assert found.cut.tilt_deg == pytest.approx(whole.cut.tilt_deg, abs=0.5)


def test_a_mask_counts_on_the_scan_as_stored(scan: Surface) -> None:
    keep = np.zeros(scan.shape, np.bool_)
    keep[:, 80:500] = True
    plain = made(scan, ByHand(mask=keep))
    turned = made(flip(scan, "x"), ByHand(mirror=True, mask=keep[:, ::-1]))
    np.testing.assert_array_equal(plain.heights_um, turned.heights_um)


def test_masks_that_do_not_fit_are_refused(scan: Surface) -> None:
    with pytest.raises(OptionError, match="shape"):
        signature_of(scan, LAND, by_hand=ByHand(mask=np.ones((5, 7), np.bool_)))
    with pytest.raises(OptionError, match="no measured point"):
        signature_of(scan, LAND, by_hand=ByHand(mask=np.zeros(scan.shape, np.bool_)))
    upper = np.zeros(scan.shape, np.bool_)
    upper[:120] = True
    with pytest.raises(OptionError, match=r"A crosscut at 600 um found, where .* masked"):
        signature_of(scan, LAND, by_hand=ByHand(mask=upper, row_um=600.0))


def test_a_case_head_gives_no_signature_of_a_land_until_it_is_accepted() -> None:
    scan = breech_face(np.random.default_rng(4), pixel_um=3.125)
    refused = signature_of(scan, LAND)
    assert isinstance(refused, NoSignature)
    assert "not-a-land: the scan shows no land between two grooves" in refused.reason
    assert [each.code for each in refused.scan.provenance.doubts] == ["not-a-land"]
    assert not scan.provenance.doubts
    accepted = signature_of(scan, LAND, accept=["not-a-land"])
    assert isinstance(accepted, Signature)
    assert [each.code for each in accepted.scan.provenance.doubts] == ["not-a-land"]
    assert signature_of(scan, LAND, by_hand=ByHand(shoulders_um=(500.0, 2000.0)))
    other = signature_of(scan, default_striated_set("toolmark"))
    assert not other.scan.provenance.doubts


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


def test_a_scan_of_which_every_fourth_row_was_measured_gives_a_reason(scan: Surface) -> None:
    heights = np.full((4 * scan.shape[0], scan.shape[1]), np.nan)
    heights[::4] = scan.heights
    refused = signature_of(Surface(heights=heights, spacing=(scan.spacing[0], scan.spacing[1] / 4)), LAND)
    assert isinstance(refused, NoSignature)
    assert refused.reason == "the crosscut has no measured point"


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
