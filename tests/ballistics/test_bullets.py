"""Bullets: phase, direction, missing lands, mirrored sets, on made bullets and on real ones."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.parameters import default_striated_set
from ballistics.striated.bullets import (
    Bullet,
    BulletComparison,
    NoBulletComparison,
    compare_bullets,
    mirrored_bullet,
)
from ballistics.striated.correlation import Correlations
from ballistics.striated.signature import make_signature
from imaging import synthetic
from imaging.files import open_surface
from imaging.synthetic import Scanning

Array = NDArray[np.float64]
OfMatrix = Callable[[Array], BulletComparison]

LAND = default_striated_set("bullet land")


def signed(made: synthetic.Bullet, name: str) -> Bullet:
    return Bullet(
        name=name,
        signatures=tuple(None if scan is None else make_signature(scan, LAND) or None for scan in made.lands),
    )


def two(seed: int, *scannings: Scanning, **options: Any) -> tuple[Bullet, Bullet]:
    made = synthetic.bullets(np.random.default_rng(seed), scanning=scannings or None, **options)
    return signed(made[0], "A"), signed(made[1], "B")


def compared(*bullets: Bullet, **options: Any) -> BulletComparison:
    result = compare_bullets(*bullets, LAND, **options)
    assert isinstance(result, BulletComparison), result.reason
    return result


@pytest.mark.parametrize(("lands", "phase"), [(6, 0), (6, 4), (5, 2), (3, 1), (8, 5)])
def test_the_planted_phase_is_found(lands: int, phase: int) -> None:
    style = synthetic.EngravedLand(width_um=1200.0)
    bullets = two(lands, Scanning(), Scanning(phase=phase), lands=lands, style=style)
    result = compared(*bullets)
    assert result.direction == "same"
    assert result.phase == (-phase) % lands
    assert result.sequence_average > 0.6
    assert result.sequence_average > result.other_phases + 0.2


def test_missing_lands_stay_missing() -> None:
    reference, questioned = two(1, Scanning(missing=(2,)), Scanning(phase=3, missing=(0, 4)))
    assert reference.signatures[2] is None
    result = compared(reference, questioned)
    assert result.phase == 3
    assert np.isnan(result.correlations.ccf[2]).all()
    assert result.sequence_average > 0.6


def test_a_bullet_turned_the_other_way_is_found_in_reversed_order() -> None:
    result = compared(*two(2, Scanning(), Scanning(phase=1, backwards=True)))
    assert result.direction == "reversed"
    assert result.sequence_average > 0.6


def test_a_mirrored_set_is_proposed_and_never_taken_silently() -> None:
    reference, questioned = two(3, Scanning(), Scanning(phase=2, mirrored=True))
    plain = compared(reference, questioned)
    assert not plain.mirrored
    assert plain.sequence_average < 0.6
    assert any("--mirror" in warning for warning in plain.warnings)
    flipped = compared(reference, questioned, mirror=True)
    assert flipped.mirrored
    assert flipped.sequence_average > 0.6
    assert not any("mirror" in warning for warning in flipped.warnings)
    twice = compared(reference, mirrored_bullet(mirrored_bullet(questioned)))
    np.testing.assert_array_equal(twice.correlations.ccf, plain.correlations.ccf)


def test_different_barrels_do_not_agree() -> None:
    result = compared(*two(4, same_barrel=False))
    assert result.sequence_average < 0.5


def test_swapping_the_bullets_changes_nothing_but_the_point_of_view() -> None:
    reference, questioned = two(5, Scanning(), Scanning(phase=2, missing=(1,)))
    one, other = compared(reference, questioned), compared(questioned, reference)
    assert one.sequence_average == pytest.approx(other.sequence_average, abs=1e-6)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-12)
    assert (one.phase + other.phase) % 6 == 0
    np.testing.assert_allclose(one.correlations.ccf, other.correlations.ccf.T, atol=1e-6)


def test_the_p_value_is_that_of_all_ways_to_pair() -> None:
    result = compared(*two(6, Scanning(), Scanning(phase=1)))
    assert result.p_value == pytest.approx(12 / 720)
    shuffled = compared(*two(7, same_barrel=False))
    assert 12 / 720 <= shuffled.p_value <= 1.0


def test_what_cannot_be_compared_has_a_reason() -> None:
    six, five = two(8)[0], two(8, lands=5, style=synthetic.EngravedLand(width_um=1200.0))[0]
    for pair, word in (
        ((six, five), "class difference"),
        (
            (Bullet(name="A", signatures=six.signatures[:2]), Bullet(name="B", signatures=six.signatures[:2])),
            "2 lands",
        ),
        ((six, Bullet(name="E", signatures=(None,) * 6)), "fewer than 2 usable lands"),
    ):
        result = compare_bullets(*pair, LAND)
        assert isinstance(result, NoBulletComparison)
        assert not result
        assert word in result.reason


@pytest.fixture(scope="module")
def signature() -> Any:
    return make_signature(synthetic.land(np.random.default_rng(1), pixel_um=3.125)[0], LAND)


@pytest.fixture
def of_matrix(monkeypatch: pytest.MonkeyPatch, signature: Any) -> OfMatrix:
    """Compare two bullets whose lands correlate as in a matrix; a row or column of NaN is a missing land."""

    def comparison(ccf: Array) -> BulletComparison:
        found = Correlations(ccf=ccf, lag_um=ccf, overlap=ccf, stretch=np.ones_like(ccf))
        monkeypatch.setattr("ballistics.striated.bullets.correlate_signatures", lambda *_: found)
        return compared(*(Bullet(name=name, signatures=(signature,) * len(ccf)) for name in "AB"))

    return comparison


def unrelated(n: int, seed: int, *, rows: tuple[int, ...] = (), columns: tuple[int, ...] = ()) -> Array:
    ccf = np.random.default_rng(seed).uniform(0.2, 0.5, (n, n))
    ccf[list(rows)], ccf[:, list(columns)] = np.nan, np.nan
    return ccf


def with_gaps(n: int, seed: int) -> Array:
    """Made so that at least three lands are left on each side."""
    rng = np.random.default_rng(seed)
    rows, columns = (tuple(rng.permutation(n)[: rng.integers(0, n - 2)].tolist()) for _ in range(2))
    return unrelated(n, seed, rows=rows, columns=columns)


def agreeing(result: BulletComparison) -> set[tuple[int, int]]:
    return {pair for pair in result.pairs if np.isfinite(result.correlations.ccf[pair])}


def test_two_pairs_that_agree_better_do_not_outweigh_four(of_matrix: OfMatrix) -> None:
    ccf = unrelated(6, 1, rows=(0, 3), columns=(1, 4))
    true = {(1, 5): 0.95, (2, 0): 0.97, (4, 2): 0.93, (5, 3): 0.74}
    for pair, value in true.items():
        ccf[pair] = value
    result = of_matrix(ccf)
    assert np.nanmax(result.averages[1]) > result.sequence_average
    assert (result.phase, result.direction, agreeing(result)) == (4, "same", set(true))
    assert result.sequence_average == pytest.approx(np.mean(list(true.values())))
    assert result.p_value == pytest.approx(result.smallest_p_value)
    turned = of_matrix(np.ascontiguousarray(ccf.T))
    assert agreeing(turned) == {(j, i) for i, j in true}


@pytest.mark.parametrize("n", [3, 4, 6, 7])
def test_complete_bullets_are_compared_at_the_phase_of_the_highest_mean(of_matrix: OfMatrix, n: int) -> None:
    for seed in range(20):
        result = of_matrix(unrelated(n, seed))
        assert result.sequence_average == result.averages.max()
        row = result.averages[int(result.direction == "reversed")]
        assert result.other_phases == np.delete(row, result.phase).max()
        assert result.other_pairs == n


@pytest.mark.parametrize("n", [4, 5, 6, 8, 9])
def test_the_p_value_does_not_depend_on_which_bullet_is_the_questioned_one(of_matrix: OfMatrix, n: int) -> None:
    for seed in range(12 if n < 9 else 3):
        for ccf in (unrelated(n, seed), with_gaps(n, seed)):
            one, other = of_matrix(ccf), of_matrix(np.ascontiguousarray(ccf.T))
            assert one.p_value == other.p_value
            assert one.smallest_p_value == other.smallest_p_value
            assert one.sequence_average == pytest.approx(other.sequence_average)


@pytest.mark.parametrize("seed", range(4))
def test_the_p_value_is_counted_over_every_order_of_either_bullet(of_matrix: OfMatrix, seed: int) -> None:
    ccf = with_gaps(5, seed)
    chance = np.nanmedian(ccf)

    def best(matrix: Array) -> float:
        reached = []
        for step in (1, -1):
            for phase in range(5):
                values = [matrix[land, (phase + step * land) % 5] for land in range(5)]
                known = [value - chance for value in values if math.isfinite(value)]
                if len(known) > 1:
                    reached.append(sum(known) / math.sqrt(len(known)))
        return max(reached)

    shares = [
        np.mean([best(each[:, order]) >= best(ccf) - 1e-9 for order in permutations(range(5))])
        for each in (ccf, ccf.T)
    ]
    assert of_matrix(ccf).p_value == pytest.approx(max(shares))


@pytest.mark.parametrize(
    ("n", "rows", "columns", "smallest"),
    [
        (3, (), (), 1.0),
        (6, (), (), 12 / 720),
        (8, (), (), 16 / 40320),
        (10, (), (), 1 / 5001),
        (6, (), (5,), 12 / 720),
        (6, (0, 1), (), 24 / 720),
        (6, (0, 1), (0, 1), 24 / 720),
        (6, (0, 1), (2, 3), 12 * 4 / 720),
        (8, (0, 1, 2), (5,), 16 * 6 / 40320),
    ],
)
def test_the_smallest_p_value_is_reached_where_only_the_phase_agrees(
    of_matrix: OfMatrix, n: int, rows: tuple[int, ...], columns: tuple[int, ...], smallest: float
) -> None:
    ccf = unrelated(n, 3, rows=rows, columns=columns)
    ccf[np.eye(n, dtype=bool)] += 0.45
    result = of_matrix(ccf)
    assert (result.phase, result.direction) == (0, "same")
    assert result.smallest_p_value == pytest.approx(smallest)
    assert result.p_value == pytest.approx(smallest)


@pytest.mark.parametrize("n", [4, 6, 8, 9])
def test_no_p_value_is_below_the_smallest(of_matrix: OfMatrix, n: int) -> None:
    for seed in range(20 if n < 8 else 3):
        result = of_matrix(with_gaps(n, seed))
        assert 0 < result.smallest_p_value <= result.p_value <= 1


def test_the_other_phase_has_as_many_pairs_or_the_most(of_matrix: OfMatrix) -> None:
    ccf = np.full((6, 6), 0.3)
    ccf[np.eye(6, dtype=bool)] = 0.9
    ccf[:2], ccf[:, :2] = np.nan, np.nan
    result = of_matrix(ccf)
    assert result.counts[0].tolist() == [4, 3, 2, 2, 2, 3]
    ccf[2, 4], ccf[3, 5], ccf[2, 3] = 0.95, 0.95, 0.6
    result = of_matrix(ccf)
    assert (result.phase, result.direction) == (0, "same")
    assert (result.other_phase, result.other_pairs) == (1, 3)
    assert result.other_phases == pytest.approx(0.4)


@pytest.mark.parametrize(("missing", "told"), [((0, 1), False), ((0, 1, 2), True)])
def test_few_land_pairs_are_warned_of(of_matrix: OfMatrix, missing: tuple[int, ...], told: bool) -> None:
    result = of_matrix(unrelated(6, 1, rows=missing))
    assert any(f"only {6 - len(missing)} land pairs" in warning for warning in result.warnings) == told


@pytest.fixture(scope="module")
def real(data: Path) -> dict[str, Bullet]:
    scans: dict[str, dict[int, Any]] = {}
    with (data / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["file"].startswith("land/") and "Unknown" not in row["file"]:
                signature = make_signature(open_surface(data / row["file"]), LAND)
                assert signature, row["file"]
                scans.setdefault(row["item_id"], {})[int(row["land"])] = signature
    return {
        name: Bullet(name=name, signatures=tuple(lands.get(k) for k in range(1, 7)))
        for name, lands in scans.items()
    }


@pytest.mark.parametrize(
    ("first", "second", "phase", "mean"),
    [
        ("H252-B1-bullet1", "H252-B1-bullet2", 2, 0.80),
        ("H44-B1-bullet1", "H44-B1-bullet2", 4, 0.80),
        ("NISTQ-bullet1", "NISTQ-bullet2", 1, 0.80),
    ],
)
def test_real_bullets_of_one_barrel_agree(
    real: dict[str, Bullet], first: str, second: str, phase: int, mean: float
) -> None:
    result = compared(real[first], real[second])
    assert (result.phase, result.direction) == (phase, "same")
    assert result.sequence_average >= mean
    ccf = result.correlations.ccf
    on_diagonal = np.zeros(ccf.shape, np.bool_)
    for row, column in result.pairs:
        on_diagonal[row, column] = True
        if np.isfinite(ccf[row, column]):
            assert np.nanargmax(ccf[row]) == column
    assert np.nanmax(ccf[~on_diagonal]) < 0.6


def test_real_bullets_of_two_barrels_come_apart(real: dict[str, Bullet]) -> None:
    same, other = [], []
    names = list(real)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            both = [
                compared(real[first], real[second], mirror=mirror).sequence_average for mirror in (False, True)
            ]
            (same if ("NIST" in first) == ("NIST" in second) else other).append(max(both))
    assert len(same) == 7
    assert len(other) == 8
    assert min(same) > max(other) + 0.2


def test_the_mirror_between_two_laboratories_is_noticed(real: dict[str, Bullet]) -> None:
    result = compared(real["H44-B1-bullet1"], real["H252-B1-bullet1"])
    assert any("--mirror" in warning for warning in result.warnings)


def without(bullet: Bullet, *lands: int) -> Bullet:
    """The bullet without these lands, counted from 1."""
    kept = (None if number in lands else each for number, each in enumerate(bullet.signatures, start=1))
    return replace(bullet, signatures=tuple(kept))


def test_a_real_phase_of_four_pairs_is_found_where_four_lands_are_left(real: dict[str, Bullet]) -> None:
    bullets = without(real["H44-B1-bullet1"], 1, 4), without(real["H44-B1-bullet2"], 2, 5)
    result, turned = compared(*bullets), compared(*bullets[::-1])
    assert (result.phase, result.direction, len(agreeing(result))) == (4, "same", 4)
    assert (turned.phase, turned.direction) == (2, "same")
    assert result.p_value == turned.p_value < 0.05


@pytest.mark.parametrize("name", ["H252-B1", "H44-B1", "NISTQ"])
def test_real_phases_are_found_whatever_lands_are_missing(
    real: dict[str, Bullet], of_matrix: OfMatrix, name: str
) -> None:
    whole = compared(real[f"{name}-bullet1"], real[f"{name}-bullet2"])
    tried = 0
    for lost in (2, 3):
        for rows in combinations(range(6), lost):
            for columns in combinations(range(6), lost):
                ccf = whole.correlations.ccf.copy()
                ccf[list(rows)], ccf[:, list(columns)] = np.nan, np.nan
                true = {pair for pair in whole.pairs if np.isfinite(ccf[pair])}
                if len(true) > 1:
                    tried += 1
                    assert agreeing(of_matrix(ccf)) == true
    assert tried > 200
