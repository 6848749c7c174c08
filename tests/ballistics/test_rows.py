"""The rows of a band: moved onto each other, levelled, and where they disagree, on made lands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.parameters import StriatedSet, default_striated_set
from ballistics.striated.rows import middle_of, rows_along
from ballistics.striated.signature import Signature, make_signature
from imaging.surface import Surface
from imaging.synthetic import land, toolmark

LAND = default_striated_set("bullet land")
DAMAGE = LAND.crosscut.damage
STEP = 1.5625e-6


def middle(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    found = middle_of(rows, STEP, cutoff=150e-6, damage=DAMAGE)
    return found.heights, found.damaged


@pytest.fixture
def rows() -> NDArray[np.float64]:
    """Eight rows of one profile, each with its own fine relief."""
    rng = np.random.default_rng(4)
    profile = np.convolve(rng.standard_normal(1500), np.ones(8) / 3, "same")
    return 1e-6 * (profile + 0.1 * rng.standard_normal((8, 1500)))


@pytest.mark.parametrize("rows", [7, 12, 40])
def test_tilted_rows_come_to_lie_on_each_other(rows: int) -> None:
    y, x = np.indices((40, 300), dtype=np.float64)
    slope = 0.2
    heights = 1e-6 * np.sin((x - slope * (y - 19.5)) / 9.0)
    edges = (0.0, rows * STEP)
    moved = rows_along(heights, (STEP, STEP), edges=edges, slope=slope, row=5 * STEP)
    assert moved.shape == (-(-rows // 5), 300)
    np.testing.assert_allclose(
        moved[:, 20:-20], np.tile(heights[19:21].mean(0), (len(moved), 1))[:, 20:-20], atol=2e-8
    )


def test_a_row_of_which_half_is_missing_is_kept_and_less_is_not() -> None:
    heights = np.full((8, 50), 3.0)
    heights[:2, 10], heights[:3, 20] = np.nan, np.nan
    moved = rows_along(heights, (STEP, STEP), edges=(0.0, 8 * STEP), slope=0.0, row=4 * STEP)
    assert np.isfinite(moved[0, 10])
    assert np.isnan(moved[0, 20])
    assert np.isfinite(moved[1]).sum() == 49


def test_lean_and_waviness_of_the_band_do_not_reach_the_median(rows: NDArray[np.float64]) -> None:
    plain, _ = middle(rows)
    lean = np.linspace(-3e-6, 3e-6, 8)[:, None] * np.linspace(-1.0, 1.0, 1500)
    rows = rows + lean
    rows[5, 400:500] = np.nan
    leaning, damaged = middle(rows)
    assert not damaged.any()
    unlevelled = np.nanmedian(rows, axis=0)
    assert np.std((leaning - plain)[100:-100]) < 0.06e-6 < np.std((unlevelled - plain)[400:500])


def test_ordinary_noise_is_not_damage(rows: NDArray[np.float64]) -> None:
    assert not middle(rows)[1].any()


@pytest.mark.parametrize("hit", [3, 4, 5])
def test_a_dent_across_half_of_the_rows_is_damage_where_it_lies(rows: NDArray[np.float64], hit: int) -> None:
    rows[:hit, 600:660] -= 8e-6
    damaged = middle(rows)[1]
    assert damaged[605:655].all()
    assert not damaged[:580].any()
    assert not damaged[680:].any()


def test_what_one_row_shows_alone_is_left_to_the_median(rows: NDArray[np.float64]) -> None:
    rows[2, 600:660] += 8e-6
    heights, damaged = middle(rows)
    assert not damaged.any()
    assert np.abs(heights[600:660]).max() < 5e-6


def test_runs_that_are_narrower_than_the_least_width_are_kept(rows: NDArray[np.float64]) -> None:
    rows[:4, 600:602] -= 4e-6
    assert not middle(rows)[1].any()


def test_missing_rows_stay_missing(rows: NDArray[np.float64]) -> None:
    rows[:5, 100:120], rows[:, 200:210] = np.nan, np.nan
    heights, damaged = middle(rows)
    assert np.isnan(heights[100:120]).all()
    assert np.isnan(heights[200:210]).all()
    assert np.isfinite(heights[300:]).all()
    assert not damaged.any()
    assert np.isnan(middle(np.full((8, 60), np.nan))[0]).all()


def dented(scan: Surface, clean: Signature, rng: np.random.Generator) -> Surface:
    """Three dents of 50 to 120 um across in the crosscut's band."""
    heights = scan.heights.copy()
    y, x = np.indices(scan.shape) * scan.pixel
    for _ in range(3):
        middle_x, middle_y = rng.uniform(500e-6, 1900e-6), rng.uniform(*clean.cut.rows)
        away = np.hypot(x - middle_x, y - middle_y) / rng.uniform(25e-6, 60e-6)
        heights -= (6e-6 * np.exp(-(away**4))).astype(np.float32)
    return replace(scan, heights=heights)


def without_masking() -> StriatedSet:
    values = LAND.model_dump()
    values["crosscut"]["damage"] |= {"spread": 100.0, "edge": 100.0}
    return StriatedSet.model_validate(values)


def test_masked_dents_bring_a_signature_back() -> None:
    gained, shares = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        scan, _ = land(rng, tilt_deg=rng.uniform(-8, 8))
        clean = make_signature(scan, LAND)
        assert isinstance(clean, Signature)
        assert clean.shoulders is not None
        assert clean.damaged < 0.05
        row_um = 0.5e6 * sum(clean.cut.rows)
        ends = clean.shoulders.left_um + 40, clean.shoulders.right_um - 40
        spoilt = dented(scan, clean, rng)
        agreement = []
        for chosen in (LAND, without_masking()):
            whole, found = (
                make_signature(each, chosen, row_um=row_um, shoulders_um=ends) for each in (scan, spoilt)
            )
            assert isinstance(whole, Signature)
            assert isinstance(found, Signature)
            known = np.isfinite(whole.heights_um) & np.isfinite(found.heights_um)
            agreement.append(np.corrcoef(whole.heights_um[known], found.heights_um[known])[0, 1])
            if chosen is LAND:
                shares.append(found.damaged)
                assert ("damaged" in " ".join(found.notes)) == (found.damaged >= 0.02)
        gained.append(agreement[0] - agreement[1])
    assert min(gained) > -0.02
    assert np.mean(gained) > 0.03
    assert 0.01 < np.mean(shares) < 0.2


def test_undamaged_toolmarks_keep_all_their_columns() -> None:
    for seed in range(6):
        made = make_signature(toolmark(np.random.default_rng(seed))[0], default_striated_set("toolmark"))
        assert isinstance(made, Signature)
        assert made.damaged == 0.0
        assert made.notes == ()
