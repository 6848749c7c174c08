"""The Chumbley score, against SciPy's rank test, an exhaustive search, planted shifts and real marks."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from ballistics.errors import OptionError
from ballistics.striated import chumbley
from ballistics.striated.chumbley import ChumbleyScore, chumbley_score
from ballistics.striated.striae import NotMeasured

Array = NDArray[np.float64]

STEP = 1.5625


def scored(a: Array, b: Array, **options: object) -> ChumbleyScore:
    found = chumbley_score(a, b, **{"spacing_um": STEP, **options})  # type: ignore[arg-type]
    assert isinstance(found, ChumbleyScore)
    return found


def noise(rng: np.random.Generator, size: int, width: float = 4.0) -> Array:
    reach = int(4 * width)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    heights = np.convolve(rng.standard_normal(size + 2 * reach), kernel, mode="valid")
    return np.asarray(heights / heights.std())


def area_under_curve(true: list[float], false: list[float]) -> float:
    high, low = np.array(true)[:, None], np.array(false)
    return float(((high > low) + 0.5 * (high == low)).mean())


@pytest.mark.parametrize("shift", [-160, -33, 0, 75])
def test_a_planted_shift_is_found(shift: int) -> None:
    rng = np.random.default_rng(1)
    heights = noise(rng, 1500)
    a, b = heights[200:1300], heights[200 - shift : 1300 - shift] + 0.1 * noise(rng, 1100)
    found = scored(a, b)
    assert found.lag_samples == shift
    assert found.search_correlation > 0.9
    assert np.array_equal(
        found.questioned_windows - found.reference_windows, np.full(found.same_shift.size, shift)
    )
    assert np.median(found.same_shift) > 0.95 > np.max(found.different_shift)
    assert found.z > 4.0
    assert found.p_value < 1e-4


def test_windows_lie_beside_the_long_one_and_do_not_overlap() -> None:
    heights = noise(np.random.default_rng(2), 1100)
    found = scored(heights, heights[30:])
    for windows, search in (
        (found.reference_windows, found.reference_search),
        (found.questioned_windows, found.questioned_search),
    ):
        assert np.all((windows + found.window <= search) | (windows >= search + found.search))
        assert np.diff(windows).min() >= found.window
        assert windows.min() >= 0
    n = found.same_shift.size
    assert found.different_shift.size == n - n % 2
    assert (found.search, found.window) == (120, 30)


def test_correlations_are_those_of_the_windows() -> None:
    """Without a trend to take off, the numbers follow from the signatures alone."""
    rng = np.random.default_rng(3)
    a = noise(rng, 900)
    b = np.roll(a, 17) + 0.5 * noise(rng, 900)
    found = scored(a, b, coarse=1.0, trim=0.0)
    rest_a, rest_b = (chumbley._residual(each, 1.0)[0] for each in (a, b))

    def correlation(i: int, j: int) -> float:
        return float(np.corrcoef(rest_a[i : i + 30], rest_b[j : j + 30])[0, 1])

    same = [correlation(*pair) for pair in zip(found.reference_windows, found.questioned_windows, strict=True)]
    crossed = list(zip(found.reference_windows, found.questioned_windows[::-1], strict=True))
    n = len(crossed)
    other = [correlation(*pair) for k, pair in enumerate(crossed) if k != n - 1 - k]
    np.testing.assert_allclose(found.same_shift, same, atol=1e-9)
    np.testing.assert_allclose(found.different_shift, other, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_test_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = noise(rng, 1100)
    found = scored(a, a + rng.uniform(0.5, 3.0) * noise(rng, 1100))
    expected = mannwhitneyu(
        found.same_shift, found.different_shift, alternative="greater", method="asymptotic", use_continuity=False
    )
    assert found.u == expected.statistic
    assert found.p_value == pytest.approx(float(expected.pvalue), rel=1e-9)


def exhaustive(a: Array, b: Array, search: int) -> tuple[float, int]:
    def scaled(series: Array) -> Array:
        windows = sliding_window_view(series, search)
        windows = windows - windows.mean(axis=1, keepdims=True)
        return np.asarray(windows / np.sqrt((windows**2).sum(axis=1, keepdims=True)))

    table = scaled(a) @ scaled(b).T
    i, j = np.unravel_index(table.argmax(), table.shape)
    return float(table.max()), int(j - i)


@pytest.mark.parametrize("related", [True, False])
def test_the_search_comes_close_to_an_exhaustive_one(related: bool) -> None:
    equal = tried = 0
    for rng in map(np.random.default_rng, range(12)):
        a = noise(rng, 700)
        b = noise(rng, 650) + (1.5 * a[40:690] if related else 0.0)
        found = chumbley_score(a, b, spacing_um=STEP, trim=0.0)
        if not isinstance(found, ChumbleyScore):
            continue
        tried += 1
        rest_a, rest_b = (chumbley._residual(each, 0.25)[0] for each in (a, b))
        highest, lag = exhaustive(rest_a, rest_b, 120)
        assert highest - 0.02 <= found.search_correlation <= highest + 1e-6
        at_a, at_b = found.reference_search, found.questioned_search
        own = np.corrcoef(rest_a[at_a : at_a + 120], rest_b[at_b : at_b + 120])[0, 1]
        assert found.search_correlation == pytest.approx(float(own), abs=1e-9)
        equal += abs(found.lag_samples - lag) <= 1
    assert tried >= 9
    assert equal == tried if related else equal >= tried // 2


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    sizes=st.tuples(st.integers(250, 600), st.integers(250, 600)),
    share=st.floats(0, 0.3),
)
def test_swapping_changes_only_the_sign_of_the_shift(seed: int, sizes: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = (np.where(rng.random(size) < share, np.nan, noise(rng, size)) for size in sizes)
    there, back = (chumbley_score(*pair, spacing_um=STEP) for pair in ((a, b), (b, a)))
    if isinstance(there, NotMeasured) or isinstance(back, NotMeasured):
        assert not there
        assert not back
        return
    assert (there.u, there.z, there.p_value) == (back.u, back.z, back.p_value)
    assert there.lag_samples == -back.lag_samples
    assert there.search_correlation == back.search_correlation
    assert np.array_equal(there.same_shift, back.same_shift)
    assert np.array_equal(there.different_shift, back.different_shift[::-1])
    assert np.array_equal(there.reference_windows, back.questioned_windows)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100.0), offset=st.floats(-50.0, 50.0))
def test_units_and_datum_do_not_matter(seed: int, factor: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    a = noise(rng, 500)
    b = a + 0.7 * noise(rng, 500)
    plain, scaled = (
        chumbley_score(*pair, spacing_um=STEP) for pair in ((a, b), (factor * a + offset, factor * b - offset))
    )
    if isinstance(plain, NotMeasured) or isinstance(scaled, NotMeasured):
        assert plain == scaled
        return
    assert scaled.lag_samples == plain.lag_samples
    np.testing.assert_allclose(scaled.same_shift, plain.same_shift, atol=1e-6)
    assert scaled.u == plain.u


def test_a_smooth_form_does_not_move_the_shift() -> None:
    rng = np.random.default_rng(4)
    a = noise(rng, 1100)
    b = a[50:] + 0.3 * noise(rng, 1050)
    x = np.linspace(-1.0, 1.0, 1100)
    found = scored(a + 20.0 * x**2 + 5.0 * x, b - 8.0 * x[50:])
    assert found.lag_samples == -50
    assert found.z > 4.0


def test_a_straight_line_is_taken_off_whole_and_outliers_pull_little() -> None:
    rng = np.random.default_rng(5)
    x = np.linspace(-1.0, 1.0, 800)
    line = 3.0 + 7.0 * x
    rest, measured = chumbley._residual(line + 1e-3 * noise(rng, 800), 0.25)
    assert measured.all()
    assert np.abs(rest).max() < 0.01
    heights = line + 0.1 * noise(rng, 800)
    spoilt = heights.copy()
    spoilt[395:405] += 50.0
    away = np.abs(np.arange(800) - 400) > 10
    clean, dirty = (chumbley._residual(each, 0.25)[0] for each in (heights, spoilt))
    assert np.abs(dirty - clean)[away].max() < 0.2


def test_marks_of_different_origin_are_not_told_to_agree() -> None:
    p = []
    for rng in map(np.random.default_rng, range(60)):
        found = chumbley_score(noise(rng, 1100), noise(rng, 1100), spacing_um=STEP)
        if found:
            p.append(found.p_value)
    assert len(p) >= 55
    assert np.mean(np.array(p) < 0.05) < 0.15
    assert 0.3 < np.median(p) < 0.7


def test_gaps_leave_out_only_the_windows_they_cover() -> None:
    rng = np.random.default_rng(6)
    a = noise(rng, 1100)
    b = a + 0.3 * noise(rng, 1100)
    plain = scored(a, b)
    holed = a.copy()
    holed[20:60] = np.nan
    holed[rng.random(1100) < 0.05] = np.nan
    found = scored(holed, b)
    assert found.lag_samples == plain.lag_samples == 0
    assert plain.same_shift.size - 3 <= found.same_shift.size < plain.same_shift.size + 1
    assert found.z > 3.5
    covered = np.isnan(holed)[found.reference_windows[:, None] + np.arange(found.window)].mean(axis=1)
    assert covered.max() <= 0.5


def test_missing_ends_change_only_the_places() -> None:
    rng = np.random.default_rng(7)
    a = noise(rng, 600)
    b = a + 0.5 * noise(rng, 600)
    plain = scored(a, b)
    padded = scored(np.pad(a, (9, 4), constant_values=np.nan), np.pad(b, (2, 30), constant_values=np.nan))
    assert padded.lag_samples == plain.lag_samples - 7
    assert np.array_equal(padded.reference_windows, plain.reference_windows + 9)
    assert padded.u == plain.u


def test_every_option_changes_the_outcome() -> None:
    rng = np.random.default_rng(8)
    a = noise(rng, 1100)
    b = a + 1.2 * noise(rng, 1100)
    usual = scored(a, b)
    assert scored(a, b, search_um=300.0).search == 192
    assert scored(a, b, window_um=90.0).same_shift.size < usual.same_shift.size
    assert scored(a, b, coarse=0.05).search_correlation != usual.search_correlation
    assert scored(a, b, trim=0.2).same_shift.size < usual.same_shift.size


def read(path: Path, names: tuple[str, ...], value: str) -> dict[tuple[str, ...], Array]:
    heights: dict[tuple[str, ...], list[float]] = {}
    with gzip.open(path, "rt") as stream:
        for row in csv.DictReader(stream):
            heights.setdefault(tuple(row[name] for name in names), []).append(float(row[value]))
    return {key: np.array(values) for key, values in heights.items()}


def test_screwdriver_marks_of_one_tool_score_higher(data: Path) -> None:
    """Marks of one tool and side at nearby angles separate; one tool 10 degrees apart looks different."""
    marks = read(
        data / "signatures" / "toolmaRk_ameslab_screwdriver.csv.gz", ("tool", "side", "angle", "item"), "z"
    )
    near, any_angle, different = [], [], []
    keys = list(marks)
    for i, a in enumerate(keys):
        for b in keys[:i]:
            z = scored(marks[a], marks[b], spacing_um=1.0, search_um=500.0, window_um=50.0).z
            if a[:2] != b[:2]:
                different.append(z)
                continue
            any_angle.append(z)
            if abs(int(a[2]) - int(b[2])) <= 5:
                near.append(z)
    assert (len(any_angle), len(different), len(near)) == (9, 111, 5)
    assert area_under_curve(near, different) == 1.0
    assert area_under_curve(any_angle, different) > 0.75


def test_lands_of_one_barrel_score_higher(data: Path) -> None:
    lands = read(data / "signatures" / "cmps_bullets.csv.gz", ("bulletland",), "sig_um")
    true, false = [], []
    for k in range(1, 7):
        for j in range(1, 7):
            z = scored(lands[f"1-{k}",], lands[f"2-{j}",]).z
            (true if j == k % 6 + 1 else false).append(z)
    assert area_under_curve(true, false) > 0.97


EMPTY, MISSING, FLAT = np.zeros(0), np.full(300, np.nan), np.full(300, 3.5)


@pytest.mark.parametrize(
    ("heights", "reason"),
    [
        (EMPTY, "empty"),
        (MISSING, "no measured point"),
        (FLAT, "constant"),
        (np.sin(np.arange(100.0)), "98 points less its ends"),
    ],
)
def test_nothing_to_measure_is_a_falsy_value_with_its_reason(heights: Array, reason: str) -> None:
    good = noise(np.random.default_rng(1), 600)
    for pair, role in (((heights, good), "reference"), ((good, heights), "questioned")):
        found = chumbley_score(*pair, spacing_um=STEP)
        assert not found
        assert isinstance(found, NotMeasured)
        assert reason in found.reason
        assert role in found.reason


def test_no_room_beside_the_long_window_is_a_falsy_value() -> None:
    heights = noise(np.random.default_rng(1), 200)
    found = chumbley_score(heights, heights, spacing_um=STEP)
    assert isinstance(found, NotMeasured)
    assert "short windows fit" in found.reason


@settings(max_examples=30, deadline=None)
@example(seed=333, size=44, share=0.9375, flat=False)
@example(seed=0, size=78, share=0.984375, flat=False)
@given(seed=st.integers(0, 10_000), size=st.integers(0, 300), share=st.floats(0.0, 1.0), flat=st.booleans())
def test_anything_gives_a_result_or_a_reason(seed: int, size: int, share: float, flat: bool) -> None:
    rng = np.random.default_rng(seed)
    a = np.where(rng.random(size) < share, np.nan, rng.standard_normal(size))
    if flat:
        a[size // 3 :] = 1.0
    found = chumbley_score(a, noise(rng, 300), spacing_um=STEP, search_um=40 * STEP, window_um=10 * STEP)
    if isinstance(found, ChumbleyScore):
        assert 0.0 <= found.p_value <= 1.0
        assert np.all(np.abs(found.same_shift) <= 1.0)
    else:
        assert found.reason


@pytest.mark.parametrize(
    "options",
    [
        {"spacing_um": 0.0},
        {"search_um": -1.0},
        {"search_um": 40.0},
        {"window_um": 5.0},
        {"window_um": math.nan},
        {"coarse": 0.0},
        {"coarse": 1.1},
        {"trim": -0.1},
        {"trim": 0.3},
        {"trim": math.nan},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    heights = noise(np.random.default_rng(1), 600)
    with pytest.raises(OptionError):
        chumbley_score(heights, heights, **{"spacing_um": STEP, **options})  # type: ignore[arg-type]


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(OptionError):
        chumbley_score(np.zeros((3, 4)), np.arange(300.0), spacing_um=STEP)


def test_results_cannot_be_written_over() -> None:
    heights = noise(np.random.default_rng(1), 600)
    found = scored(heights, heights[5:])
    for array in (found.same_shift, found.different_shift, found.reference_windows):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
