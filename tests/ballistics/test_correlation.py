"""Correlation of signatures made from synthetic lands: symmetry, lags, stretch, missing points, mirrors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from ballistics.parameters import Lags, default_striated_set
from ballistics.striated.correlation import correlate_signatures, stretched
from ballistics.striated.signature import Signature, make_signature, mirrored_signature
from imaging.surface import Surface
from imaging.synthetic import land

Array = NDArray[np.float64]

LAND = default_striated_set("bullet land")
MADE = make_signature(land(np.random.default_rng(8))[0], LAND)
STRETCH = Lags(min_overlap=0.75, stretch_percent=2.0, stretch_steps=8)


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


@pytest.mark.parametrize("heights_um", [np.full(300, np.nan), np.full(300, 0.1)], ids=["missing", "constant"])
def test_a_signature_without_relief_correlates_with_nothing(heights_um: Array) -> None:
    assert isinstance(MADE, Signature)
    none = signature(heights_um)
    for lags in (LAND.lags, STRETCH):
        found = correlate_signatures([none, MADE], [MADE, none], lags)
        np.testing.assert_array_equal(np.isfinite(found.ccf), [[False, False], [True, False]])
        assert found.ccf[1, 0] == pytest.approx(1.0, abs=1e-4)


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


def signature(heights_um: Array) -> Signature:
    assert isinstance(MADE, Signature)
    return replace(MADE, heights_um=heights_um)


def noise(rng: np.random.Generator, size: int, missing: float = 0.0) -> Array:
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / 3.0) ** 2)
    heights = np.convolve(rng.standard_normal(size + 24), kernel, mode="valid")
    return np.where(rng.random(size) < missing, np.nan, heights)


def at_every_lag(a: Array, b: Array, min_overlap: float) -> dict[int, tuple[float, int]]:
    """Correlation and number of common points at each lag that has enough of them, by definition."""
    found = {}
    need = max(2.0, min_overlap * min(np.isfinite(a).sum(), np.isfinite(b).sum()))
    for lag in range(1 - a.size, b.size):
        low, high = max(0, -lag), min(a.size, b.size - lag)
        x, y = a[low:high], b[low + lag : high + lag]
        both = np.isfinite(x) & np.isfinite(y)
        if both.sum() >= need:
            found[lag] = float(np.corrcoef(x[both], y[both])[0, 1]), int(both.sum())
    return found


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(40, 160), min_size=4, max_size=4),
    missing=st.floats(0.0, 0.3),
    min_overlap=st.floats(0.3, 1.0),
)
def test_the_best_of_all_lags_is_found(seed: int, sizes: list[int], missing: float, min_overlap: float) -> None:
    rng = np.random.default_rng(seed)
    heights = [noise(rng, size, missing) for size in sizes]
    first, second = heights[:2], heights[2:]
    pairs = correlate_signatures(
        [None, *map(signature, first)], [*map(signature, second), None], Lags(min_overlap=min_overlap)
    )
    for i, a in enumerate(first, start=1):
        for j, b in enumerate(second):
            every = at_every_lag(a, b, min_overlap)
            best = max((value for value, _ in every.values()), default=np.nan)
            assert pairs.ccf[i, j] == pytest.approx(best, abs=2e-5, nan_ok=True)
            if every:
                value, common = every[round(pairs.lag_um[i, j] / signature(a).spacing_um)]
                assert value == pytest.approx(best, abs=2e-5)
                shorter = min(np.isfinite(a).sum(), np.isfinite(b).sum())
                assert pairs.overlap[i, j] == pytest.approx(common / shorter, abs=1e-4)
    assert np.isnan(pairs.ccf[0]).all()
    assert np.isnan(pairs.ccf[:, 2]).all()


@pytest.mark.parametrize("factor", [1.015, 1 / 1.015])
@pytest.mark.parametrize("seed", [20, 21])
def test_a_planted_stretch_is_found_and_the_correlation_restored(seed: int, factor: float) -> None:
    """The scan itself is stretched, by its spacing."""
    rng = np.random.default_rng(seed)
    scans = [land(rng, barrel=np.random.default_rng(2))[0] for _ in range(2)]
    longer = replace(scans[1], spacing=(scans[1].spacing[0] * factor, scans[1].spacing[1]))
    one, two, other = (signed(scan) for scan in (*scans, longer))
    plain = correlate_signatures([one], [two, other], LAND.lags)
    found = correlate_signatures([one], [two, other], STRETCH)
    assert plain.ccf[0, 1] < plain.ccf[0, 0] - 0.1
    assert found.stretch[0] == pytest.approx([1.0, factor], abs=0.002)
    assert found.ccf[0] == pytest.approx(plain.ccf[0, 0], abs=0.01)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    percent=st.floats(0.1, 5.0),
    steps=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.01]),
)
def test_swapping_turns_lag_and_stretch_round(seed: int, percent: float, steps: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    first, second = ([signature(noise(rng, int(rng.integers(150, 300)), missing)) for _ in range(2)] for _ in "ab")
    lags = Lags(min_overlap=0.75, stretch_percent=percent, stretch_steps=steps)
    there, back = correlate_signatures(first, second, lags), correlate_signatures(second, first, lags)
    np.testing.assert_allclose(there.ccf, back.ccf.T, atol=1e-6)
    np.testing.assert_allclose(there.lag_um, -back.lag_um.T, atol=0.05)
    one_step = 1.01 * percent / 100 / steps  # neighbours on the grid can tie to the last bit of a float32
    np.testing.assert_allclose(there.stretch * back.stretch.T, 1.0, atol=one_step)
    np.testing.assert_allclose(there.overlap, back.overlap.T, atol=0.01)
    assert np.all(there.ccf >= correlate_signatures(first, second, LAND.lags).ccf - 1e-6)


@pytest.mark.parametrize("missing", [0.0, 0.02])
def test_stretched_halfway_both_lie_at_the_lag(missing: float) -> None:
    rng = np.random.default_rng(12)
    a = noise(rng, 500)
    b = stretched(a, 1.02)[30:-10] + 0.2 * noise(rng, 460)
    a, b = (np.where(rng.random(each.size) < missing, np.nan, each) for each in (a, b))
    found = correlate_signatures([signature(a)], [signature(b)], STRETCH)
    root = np.sqrt(found.stretch[0, 0])
    assert root**2 == pytest.approx(1.02)
    every = at_every_lag(stretched(a, root), stretched(b, 1 / root), 0.75)
    value, common = every[round(found.lag_um[0, 0] / signature(a).spacing_um)]
    assert found.ccf[0, 0] == pytest.approx(value, abs=1e-5)
    assert value > 0.95
    halves = (np.isfinite(stretched(each, factor)).sum() for each, factor in ((a, root), (b, 1 / root)))
    assert found.overlap[0, 0] == pytest.approx(common / min(halves), abs=1e-4)


def test_without_a_stretch_none_is_tried() -> None:
    assert set(LAND.values["lags"]) == {"min_overlap"}
    one = signature(noise(np.random.default_rng(1), 300))
    found = correlate_signatures([one, None], [one], LAND.lags)
    np.testing.assert_array_equal(found.stretch, [[1.0], [np.nan]])
    for half in ({"stretch_percent": 1.0}, {"stretch_steps": 2}):
        with pytest.raises(ValidationError, match="go together"):
            Lags.model_validate({"min_overlap": 0.75, **half})


@pytest.mark.parametrize("factor", [0.97, 1.0, 1.03])
def test_stretching_is_about_the_middle_and_keeps_gaps(factor: float) -> None:
    index = np.arange(401)
    wave = np.sin((index - 200) / 7.0)
    heights = wave.copy()
    heights[[90, 91, 92, 300]] = np.nan
    made = stretched(heights, factor)
    place = 200 + (index - 200) / factor
    inside = (place >= 0) & (place <= 400)
    gap = ((place > 89) & (place < 93)) | ((place > 299) & (place < 301))
    np.testing.assert_array_equal(np.isfinite(made), inside & ~gap)
    np.testing.assert_allclose(stretched(wave, factor)[inside], np.sin((place - 200) / 7.0)[inside], atol=2e-3)
    np.testing.assert_allclose(stretched(heights[::-1], factor), made[::-1], atol=1e-9)
    np.testing.assert_array_equal(stretched(heights, [1.01, factor])[1], made)
