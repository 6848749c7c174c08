"""Scans in folders: land numbers in names, natural order, what stands for a bullet."""

from __future__ import annotations

from pathlib import Path

import pytest

from ballistics.errors import LandsError
from ballistics.folders import bullets_in, land_number, lands_by_number, scans_in


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("H252_Barrel1_Bullet2_Land4.x3p", 4),
        ("Br1 B2 land-06.x3p", 6),
        ("exhibit 7 LEA_3.x3p", 3),
        ("b2l5.x3p", 5),
        ("L1_rescan_L2.x3p", 2),
        ("Land3 20240102.x3p", 3),
        ("Barrel1_Bullet2.x3p", None),
        ("scan 4.x3p", None),
        ("Island9.x3p", None),
    ],
)
def test_the_last_number_after_land_counts(name: str, number: int | None) -> None:
    assert land_number(name) == number


def test_names_without_numbers_keep_their_natural_order() -> None:
    lands, notes = lands_by_number([Path("scan 2.x3p"), Path("scan 10.x3p")])
    assert [path.name for path in lands.values()] == ["scan 2.x3p", "scan 10.x3p"]
    assert "order of the names" in notes[0]


def test_names_of_two_studies_are_noted() -> None:
    _, notes = lands_by_number([Path("H252_Land1.x3p"), Path("H44_Land2.x3p")])
    assert "'H252_' and 'H44_'" in notes[0]
    assert lands_by_number([Path("a_L2.x3p"), Path("a_L4.x3p")])[1] == ()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a_L1.x3p", "b_L1.x3p"], r"Two scans of land 1 found: a_L1\.x3p, b_L1\.x3p"),
        (["a_L0.x3p", "a_L1.x3p"], "counted from 1"),
        (["a_L1.x3p", "case.x3p"], r"No land number found in case\.x3p"),
    ],
)
def test_names_that_do_not_say_which_land_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(LandsError, match=message):
        lands_by_number([Path(name) for name in names])


def test_scans_and_bullets_of_a_folder_are_listed(tmp_path: Path) -> None:
    for name in ("b/L10.x3p", "b/L2.x3p", "b/.hidden.x3p", "b/notes.txt", "c/readme.md", "list.toml", "L1.sdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in scans_in(tmp_path / "b")] == ["L2.x3p", "L10.x3p"]
    assert len(scans_in(tmp_path, below=True)) == 3
    assert [path.name for path in bullets_in(tmp_path)] == ["b", "list.toml"]
