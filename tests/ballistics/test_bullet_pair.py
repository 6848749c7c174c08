"""Two bullets as read: how many lands, names, the same scan twice, reasons for none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ballistics.parameters import default_striated_set
from ballistics.striated.bullet_pair import BulletPair, compare_land_sets
from ballistics.striated.bullets import BulletComparison, NoBulletComparison
from ballistics.striated.contract import bullet_record
from ballistics.striated.landset import open_bullet
from ballistics.striated.summary import bullet_measures
from imaging.files import open_surface, write_x3p

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


def test_bullets_of_different_instruments_are_warned_of(bullets: Path, tmp_path: Path) -> None:
    assert not any("instrument" in warning for warning in compared(bullets / "one", bullets / "two").warnings)
    for number in (1, 2, 3):
        scan = open_surface(bullets / "two" / f"two_Land{number}.x3p")
        metadata = {**scan.provenance.metadata, "instrument.manufacturer": "Acme"}
        other = replace(scan, provenance=scan.provenance.model_copy(update={"metadata": metadata}))
        (tmp_path / "two").mkdir(exist_ok=True)
        write_x3p(other, tmp_path / "two" / f"two_Land{number}.x3p")
    warnings = compared(bullets / "one", tmp_path / "two").warnings
    assert any("different instruments" in warning and "Acme" in warning for warning in warnings)


def test_the_record_tells_how_many_pairs_stand_behind_the_figures(bullets: Path, tmp_path: Path) -> None:
    for number in (1, 2, 6):
        (tmp_path / "few").mkdir(exist_ok=True)
        shutil.copy(bullets / "one" / f"one_Land{number}.x3p", tmp_path / "few")
    pair = paired(tmp_path / "few", bullets / "two", lands=(6, 6))
    result = pair.result
    assert isinstance(result, BulletComparison)
    assert any("the mean of only 2 land pairs" in warning for warning in result.warnings)
    record, measures = bullet_record(pair), bullet_measures(pair, result)
    assert (len(record.pairs), record.other_phases_pairs) == (2, result.other_pairs)
    assert record.smallest_p_value == pytest.approx(result.smallest_p_value)
    assert result.smallest_p_value > 12 / 720
    assert f"{result.other_pairs} land pairs" in measures["Highest other phase"]
    assert f"{result.smallest_p_value:.2g} is the smallest possible" in measures["p-value of the phase"]
