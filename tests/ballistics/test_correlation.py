"""Correlation of signatures made from synthetic lands: symmetry, lags, missing points, mirrors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ballistics.correlation import correlate_signatures
from ballistics.parameters import default_striated_set
from ballistics.striated import Signature, make_signature, mirrored_signature
from imaging.surface import Surface
from imaging.synthetic import land

LAND = default_striated_set("bullet land")


def signed(scan: Surface) -> Signature:
    made = make_signature(scan, LAND)
    assert isinstance(made, Signature), made.reason
    return made


def test_a_mirrored_scan_gives_the_mirrored_signature() -> None:
    plain, _ = land(np.random.default_rng(4), barrel=np.random.default_rng(1), tilt_deg=4.0)
    other, _ = land(np.random.default_rng(4), barrel=np.random.default_rng(1), tilt_deg=4.0, mirrored=True)
    one, two = signed(plain), signed(other)
    pairs = correlate_signatures([one], [two, mirrored_signature(two)], LAND.lags)
    assert pairs.ccf[0, 1] > 0.95
    assert pairs.ccf[0, 0] < 0.6
    np.testing.assert_array_equal(mirrored_signature(mirrored_signature(one)).heights_um, one.heights_um)


def test_missing_points_hardly_move_the_correlation() -> None:
    rng = np.random.default_rng(6)
    one, two = (signed(land(rng, barrel=np.random.default_rng(1), tilt_deg=2.0)[0]) for _ in range(2))
    whole = correlate_signatures([one], [two], LAND.lags).ccf[0, 0]
    moved = []
    for seed in range(10):
        points = np.random.default_rng(seed)
        for run in (1, 10):
            holes = np.repeat(points.random(two.heights_um.size // run + 1) < 0.2, run)[: two.heights_um.size]
            torn = replace(two, heights_um=np.where(holes, np.nan, two.heights_um))
            moved.append(abs(correlate_signatures([one], [torn], LAND.lags).ccf[0, 0] - whole))
    assert max(moved) < 0.05


def test_correlation_is_symmetric_and_takes_the_lag_turned_round() -> None:
    rng = np.random.default_rng(7)
    one, two = (signed(land(rng, barrel=np.random.default_rng(2))[0]) for _ in range(2))
    ahead, back = (correlate_signatures([a], [b], LAND.lags) for a, b in ((one, two), (two, one)))
    assert ahead.ccf[0, 0] == pytest.approx(back.ccf[0, 0], abs=1e-6)
    assert ahead.lag_um[0, 0] == pytest.approx(-back.lag_um[0, 0], abs=0.01)
    assert ahead.overlap[0, 0] == pytest.approx(back.overlap[0, 0], abs=1e-6)
    none = correlate_signatures([one, None], [None, two], LAND.lags)
    assert np.isnan(none.ccf[0, 0])
    assert np.isnan(none.ccf[1]).all()
    assert none.ccf[0, 1] == pytest.approx(ahead.ccf[0, 0], abs=1e-6)


def test_a_planted_lag_is_found_to_a_fraction_of_a_step() -> None:
    made = signed(land(np.random.default_rng(8))[0])
    later = replace(made, heights_um=made.heights_um[40:])
    pairs = correlate_signatures([made], [later], LAND.lags)
    assert pairs.ccf[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert abs(pairs.lag_um[0, 0]) == pytest.approx(40 * made.spacing_um, abs=0.05 * made.spacing_um)


def test_masked_correlation_equals_a_plain_one_at_its_lag() -> None:
    rng = np.random.default_rng(9)
    made = signed(land(rng)[0])
    other = replace(made, heights_um=rng.standard_normal(made.heights_um.size))
    pairs = correlate_signatures([made], [other], LAND.lags)
    shift = round(pairs.lag_um[0, 0] / made.spacing_um)
    a, b = made.heights_um, other.heights_um
    best = max(
        np.corrcoef(a[max(0, -k) : a.size - max(0, k)], b[max(0, k) : b.size - max(0, -k)])[0, 1]
        for k in (shift, -shift)
    )
    assert pairs.ccf[0, 0] == pytest.approx(best, abs=2e-3)
