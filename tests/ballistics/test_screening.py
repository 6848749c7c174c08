"""Screening: masked correlation on the coarse grid, agreement with the full comparison, recall, memory."""

from __future__ import annotations

import csv
import math
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ballistics.errors import OptionError
from ballistics.parameters import default_striated_set
from ballistics.striated import screening
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.screening import Candidates, NoScreening, Screening, best_candidates, screen
from ballistics.striated.signature import Signature, make_signature, mirrored_signature
from ballistics.striated.signature_index import CoarseLine, NoIndex, SignatureIndex, coarse_line, index_signatures
from imaging.files import open_surface
from imaging.surface import Surface
from imaging.synthetic import land
from imaging.synthetic.striae import striae

Array = NDArray[np.float64]

LAND = default_striated_set("bullet land")
SPACING = 6.25


def signed(scan: Surface) -> Signature:
    made = make_signature(scan, LAND)
    assert isinstance(made, Signature), made.reason
    return made


@pytest.fixture(scope="module")
def template() -> Signature:
    return signed(land(np.random.default_rng(1))[0])


def drawn(template: Signature, rng: np.random.Generator, *, length_um: float = 1800.0) -> Signature:
    """A signature of striae that nothing else shares."""
    step = template.spacing_um
    places = (np.arange(round(length_um / step)) * step - length_um / 2) * 1e-6
    heights = striae(rng).at(places.astype(np.float32)).astype(np.float64)
    return replace(template, heights_um=heights)


def torn(signature: Signature, rng: np.random.Generator, share: float) -> Signature:
    heights = signature.heights_um.copy()
    runs = np.repeat(rng.random(heights.size // 12 + 1) < share, 12)[: heights.size]
    return replace(signature, heights_um=np.where(runs, np.nan, heights))


def index_of(signatures: list[Signature | None]) -> SignatureIndex:
    made = index_signatures(signatures)
    assert isinstance(made, SignatureIndex), made.reason
    return made


def screened(signatures: list[Signature | None], asked: list[Signature | None], **options: object) -> Screening:
    found = screen(index_of(signatures), asked, **options)  # type: ignore[arg-type]
    assert isinstance(found, Screening), found.reason
    return found


def slow_best(reference: Signature, questioned: Signature, reach: int, least: int) -> tuple[float, float]:
    """Best masked correlation of two coarse lines and its lag from their middles, lag by lag."""
    first, second = coarse_line(reference, SPACING), coarse_line(questioned, SPACING)
    assert isinstance(first, CoarseLine)
    assert isinstance(second, CoarseLine)
    a, b = (np.where(line.known, line.heights, np.nan).astype(np.float64) for line in (first, second))
    curve = {}
    for lag in range(-a.size, b.size + 1):
        i = np.arange(max(0, -lag), min(a.size, b.size - lag))
        common = i[np.isfinite(a[i]) & np.isfinite(b[i + lag])]
        if abs(lag - (b.size - a.size) / 2) < reach + 1 and common.size >= least:
            curve[lag] = float(np.corrcoef(a[common], b[common + lag])[0, 1])
    best = max(curve, key=lambda lag: curve[lag])
    bend, slope, height = np.polyfit([-1, 0, 1], [curve.get(best + k, math.nan) for k in (-1, 0, 1)], 2)
    if not bend < 0:
        return curve[best], best * SPACING
    return min(1.0, height - slope**2 / (4 * bend)), (best - slope / (2 * bend)) * SPACING


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.sampled_from([0.0, 0.1, 0.3]))
def test_equals_masked_correlation_lag_by_lag(template: Signature, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (drawn(template, rng, length_um=float(rng.uniform(1300, 2100))) for _ in range(2))
    planted = replace(one, heights_um=one.heights_um[8:] + 0.3 * rng.standard_normal(one.heights_um.size - 8))
    known: list[Signature | None] = [torn(each, rng, share) for each in (one, other, one)]
    asked = torn(planted, rng, share)
    found = screened(known, [asked], reach_um=150.0, least_overlap_um=500.0)
    for row in (0, 2):
        ccf, lag_um = slow_best(known[row], asked, 24, 80)  # type: ignore[arg-type]
        assert found.ccf[row, 0] == pytest.approx(ccf, abs=2e-5)
        assert found.lag_um[row, 0] == pytest.approx(lag_um, abs=0.02)
        if share < 0.3:
            assert found.lag_um[row, 0] == pytest.approx(-8 * one.spacing_um, abs=3.0)


def test_agrees_with_the_full_comparison_of_lands() -> None:
    rng = np.random.default_rng
    ours, theirs = ([signed(land(rng(10 * k + part), barrel=rng(50 + k))[0]) for k in range(6)] for part in (1, 2))
    full = correlate_signatures(ours, theirs, LAND.lags)
    found = screened([*ours], [*theirs])
    np.testing.assert_allclose(found.ccf.diagonal(), full.ccf.diagonal(), atol=0.03)
    np.testing.assert_allclose(found.lag_um.diagonal(), full.lag_um.diagonal(), atol=2.0)
    assert (found.ccf < full.ccf + 0.04).all()


def test_swapping_the_sides_turns_the_lags_round(template: Signature) -> None:
    rng = np.random.default_rng(4)
    some = [torn(drawn(template, rng, length_um=1500.0 + 100 * k), rng, 0.05) for k in range(4)]
    ahead, back = screened([*some[:2]], [*some[2:]]), screened([*some[2:]], [*some[:2]])
    inside = np.abs(ahead.lag_um) < 100
    assert inside.any()
    np.testing.assert_allclose(ahead.ccf[inside], back.ccf.T[inside], atol=1e-5)
    np.testing.assert_allclose(ahead.lag_um[inside], -back.lag_um.T[inside], atol=0.05)


def test_scale_and_offset_of_heights_do_not_matter(template: Signature) -> None:
    rng = np.random.default_rng(5)
    one, other = torn(drawn(template, rng), rng, 0.1), drawn(template, rng)
    raised = replace(one, heights_um=3 * one.heights_um + 7)
    plain, changed = screened([one], [other]), screened([raised], [other])
    np.testing.assert_allclose(plain.ccf, changed.ccf, atol=1e-5)


def test_sampling_of_the_signature_hardly_matters(template: Signature) -> None:
    rng = np.random.default_rng(6)
    fine = drawn(replace(template, spacing_um=1.25), rng)
    coarse = replace(fine, heights_um=fine.heights_um.reshape(-1, 3).mean(axis=1), spacing_um=3.75)
    found = screened([fine], [coarse])
    assert found.ccf[0, 0] > 0.99
    assert abs(found.lag_um[0, 0]) < 1.0


def test_a_mirrored_signature_is_found_only_when_asked_for(template: Signature) -> None:
    rng = np.random.default_rng(7)
    some: list[Signature | None] = [drawn(template, rng, length_um=1700 + 31 * k) for k in range(5)]
    turned: list[Signature | None] = [mirrored_signature(each) for each in some if each]
    assert screened(some, turned).ccf.max() < 0.8
    both = screened(some, turned, mirrored=True)
    np.testing.assert_allclose(both.ccf.diagonal(), 1.0, atol=1e-4)
    assert both.mirrored.diagonal().all()
    np.testing.assert_allclose(both.lag_um.diagonal(), 0.0, atol=0.1)
    same = screened(some, some, mirrored=True)
    assert not same.mirrored.diagonal().any()


@pytest.mark.parametrize("block", [1, 7, 512])
def test_candidates_are_the_best_of_all_pairs(
    template: Signature, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(8)
    known: list[Signature | None] = [
        torn(drawn(template, rng, length_um=float(rng.uniform(1600, 1900))), rng, 0.02) for _ in range(40)
    ]
    known[3], known[20] = None, known[11]
    asked: list[Signature | None] = [known[11], drawn(template, rng), None]
    whole = screened(known, asked, mirrored=True)
    monkeypatch.setattr(screening, "BLOCK", block)
    monkeypatch.setattr(screening, "COLUMN_POINTS", 1)
    kept = best_candidates(index_of(known), asked, 6, mirrored=True)
    for column in (0, 1):
        found = kept[column]
        assert isinstance(found, Candidates)
        assert len(found) == 6
        order = np.argsort(-np.nan_to_num(whole.ccf[:, column], nan=-2), kind="stable")[:6]
        np.testing.assert_allclose(found.ccf, whole.ccf[order, column], atol=1e-5)
        np.testing.assert_allclose(found.lag_um, whole.lag_um[found.position, column], atol=1e-2)
        np.testing.assert_array_equal(found.mirrored, whole.mirrored[found.position, column])
    assert set(kept[0].position[:2]) == {11, 20}  # type: ignore[union-attr]
    assert not kept[2]
    assert "no signature" in kept[2].reason  # type: ignore[union-attr]
    everything = best_candidates(index_of(known), asked[:1], 100)[0]
    assert isinstance(everything, Candidates)
    assert len(everything) == 39
    assert 3 not in everything.position


def test_what_cannot_be_screened_says_why(template: Signature) -> None:
    rng = np.random.default_rng(9)
    whole, piece = drawn(template, rng), drawn(template, rng, length_um=600.0)
    flat = replace(template, heights_um=np.full(600, 2.0))
    empty = replace(template, heights_um=np.full(600, np.nan))
    index = index_of([whole, None, flat, empty])
    assert len(index) == 4
    assert set(index.unusable) == {1, 2, 3}
    found = screen(index, [whole, piece, None])
    assert isinstance(found, Screening)
    np.testing.assert_array_equal(np.isfinite(found.ccf), [[True, False, False]] + [[False, False, False]] * 3)
    none = screen(index, [piece, None])
    assert isinstance(none, NoScreening)
    assert not none
    assert "600 um were measured" in none.reason
    assert "there is no signature" in none.reason
    unshared = screen(index_of([piece]), [whole])
    assert isinstance(unshared, NoScreening)
    assert "shares enough" in unshared.reason
    assert not best_candidates(index_of([piece]), [whole], 5)[0]
    nothing = index_signatures([None, flat])
    assert isinstance(nothing, NoIndex)
    assert not nothing
    assert "no relief" in nothing.reason
    assert not index_signatures([])


def test_a_fragment_is_found_within_a_longer_reach(template: Signature) -> None:
    rng = np.random.default_rng(10)
    known: list[Signature | None] = [drawn(template, rng) for _ in range(30)]
    assert known[17] is not None
    piece = replace(known[17], heights_um=known[17].heights_um[250:])
    near = screen(index_of(known), [piece], least_overlap_um=700.0)
    far = screened(known, [piece], least_overlap_um=700.0, reach_um=500.0)
    assert isinstance(near, Screening)
    assert near.ccf[17, 0] < 0.9
    assert int(far.ccf.argmax()) == 17
    assert far.ccf[17, 0] > 0.97
    assert far.lag_um[17, 0] == pytest.approx(-250 * piece.spacing_um, abs=2.0)


def test_options_out_of_range_are_refused(template: Signature) -> None:
    index = index_of([template])
    with pytest.raises(OptionError, match="spacing_um"):
        index_signatures([template], spacing_um=0.0)
    with pytest.raises(OptionError, match="reach_um"):
        screen(index, [template], reach_um=-1.0)
    with pytest.raises(OptionError, match="least_overlap_um"):
        screen(index, [template], least_overlap_um=math.nan)
    with pytest.raises(OptionError, match="count"):
        best_candidates(index, [template], 0)


def test_memory_does_not_grow_with_the_collection(template: Signature) -> None:
    rng = np.random.default_rng(11)
    asked: list[Signature | None] = [drawn(template, rng) for _ in range(12)]
    small = index_of([drawn(template, rng) for _ in range(100)])
    peaks = []
    for copies in (20, 200):
        many = replace(
            small,
            heights=np.tile(small.heights, (copies, 1)),
            position=np.arange(100 * copies),
            first=np.tile(small.first, copies),
            pattern=np.zeros(100 * copies, np.int64),
            size=100 * copies,
        )
        tracemalloc.start()
        best_candidates(many, asked, 50)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 5
    assert peaks[1] < 50


def test_true_pairs_of_real_lands_lead_the_candidates(data: Path, template: Signature) -> None:
    keys, lands = [], []
    with (data / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["file"].startswith(("land/hamby252/", "land/hamby44/H44_Barrel1_Bullet1")):
                keys.append(row["land_key"])
                lands.append(signed(open_surface(data / row["file"])))
    rng = np.random.default_rng(12)
    strangers = [drawn(template, rng, length_um=float(rng.uniform(1750, 1960))) for _ in range(2000)]
    kept = best_candidates(index_of([*strangers, *lands]), [*lands], 12, mirrored=True)
    met, pairs = 0, 0
    for own, (key, found) in enumerate(zip(keys, kept, strict=True)):
        assert isinstance(found, Candidates)
        assert found.position[0] == len(strangers) + own
        mates = {len(strangers) + k for k, other in enumerate(keys) if other == key and k != own}
        met += len(mates & set(found.position[1:11].tolist()))
        pairs += len(mates)
    assert pairs >= 28
    assert met >= 0.95 * pairs
