"""Bullets: phase, direction, missing lands, mirrored sets, on made bullets and on real ones."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ballistics.bullets import Bullet, BulletComparison, NoBulletComparison, compare_bullets, mirrored_bullet
from ballistics.parameters import default_striated_set
from ballistics.striated import make_signature
from imaging import synthetic
from imaging.files import open_surface
from imaging.synthetic import Scanning

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
