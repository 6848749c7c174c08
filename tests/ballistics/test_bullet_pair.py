"""Two bullets as read: how many lands, names, the same scan twice, reasons for none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ballistics.bullet_pair import BulletPair, compare_land_sets
from ballistics.bullets import BulletComparison, NoBulletComparison
from ballistics.landset import open_bullet
from ballistics.parameters import default_striated_set

LAND = default_striated_set("bullet land")


def paired(
    first: Path, second: Path, *, lands: tuple[int | None, int | None] = (None, None), **options: bool
) -> BulletPair:
    sets = [open_bullet(path, LAND, lands=count) for path, count in zip((first, second), lands, strict=True)]
    return compare_land_sets(sets[0], sets[1], LAND, **options)


def compared(*paths: Path, **options: bool) -> BulletComparison:
    result = paired(*paths, **options).result
    assert isinstance(result, BulletComparison), result.reason
    return result


def test_the_phase_is_found_in_spite_of_missing_lands(bullets: Path) -> None:
    pair = paired(bullets / "one", bullets / "two")
    result = pair.result
    assert isinstance(result, BulletComparison)
    assert (result.phase, result.direction) == (4, "same")
    assert result.sequence_average > result.other_phases + 0.2
    assert not pair.stated
    assert "two: no scan of land 5" in result.warnings


def test_the_larger_number_of_lands_counts_unless_it_is_stated(bullets: Path, tmp_path: Path) -> None:
    few = shutil.copytree(bullets / "one", tmp_path / "few")
    (few / "one_Land6.x3p").unlink()
    assert compared(few, bullets / "two").reference.lands == 6
    stated = paired(few, bullets / "two", lands=(5, None)).result
    assert isinstance(stated, NoBulletComparison)
    assert "class difference: 5 lands on few, 6 on two" in stated.reason
    assert paired(few, bullets / "two", lands=(6, 6)).stated


def test_swapping_changes_no_average(bullets: Path) -> None:
    one, other = (compared(*(bullets / name for name in names)) for names in (("one", "two"), ("two", "one")))
    assert one.sequence_average == pytest.approx(other.sequence_average, abs=1e-6)
    assert one.p_value == other.p_value
    assert {(j, i) for i, j in one.pairs} == set(other.pairs)


def test_a_mirrored_set_is_proposed_and_compared_on_request(bullets: Path) -> None:
    plain = compared(bullets / "one", bullets / "mirrored")
    assert any("--mirror" in warning for warning in plain.warnings)
    turned = compared(bullets / "one", bullets / "mirrored", mirror=True)
    assert turned.sequence_average > plain.sequence_average + 0.2
    assert turned.mirrored


def test_folders_of_one_name_are_told_apart(bullets: Path, tmp_path: Path) -> None:
    for case in ("a", "b"):
        shutil.copytree(bullets / "one", tmp_path / case / "lands")
    pair = paired(tmp_path / "a" / "lands", tmp_path / "b" / "lands")
    assert (pair.reference.name, pair.questioned.name) == ("a/lands", "b/lands")
    assert sum("the same scan" in warning for warning in pair.result.warnings) == 6
    same = paired(bullets / "one", bullets / "one")
    assert same.reference.name != same.questioned.name


def test_a_set_in_doubt_is_not_compared(bullets: Path, tmp_path: Path) -> None:
    mixed = shutil.copytree(bullets / "one", tmp_path / "mixed")
    shutil.copy(Path(__file__).parents[2] / "sample_images" / "gun-1-case-1.x3p", mixed / "one_Land3.x3p")
    pair = paired(mixed, bullets / "two")
    assert not pair
    assert isinstance(pair.result, NoBulletComparison)
    assert pair.result.reason.startswith("mixed: in doubt")
