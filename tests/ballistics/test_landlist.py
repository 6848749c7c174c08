"""The list of lands: what it may hold, and messages that show the way out of a typo."""

from __future__ import annotations

from pathlib import Path

import pytest

from ballistics.errors import LandsError
from ballistics.striated.landlist import read_list
from imaging.errors import FileError

LAND = '[[land]]\nfile = "a.x3p"\nnumber = 1\n'


def _write(folder: Path, text: str) -> Path:
    path = folder / "bullet.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_full_list_is_read(tmp_path: Path) -> None:
    text = f'name = "exhibit 3"\nlands = 6\n{LAND}mirror = true\nrow_um = 200\nshoulders_um = [200, 2200.5]\n'
    text += 'mask = "a.png"\n'
    found = read_list(_write(tmp_path, text))
    assert (found.name, found.lands) == ("exhibit 3", 6)
    assert found.land[0].mirror is True
    assert found.land[0].row_um == 200.0
    assert found.land[0].shoulders_um == (200.0, 2200.5)
    assert found.land[0].mask == "a.png"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAND + "mirrored = true\n", r"line 4, \[\[land\]\] entry 1: unknown key 'mirrored'; .*mirror, row_um"),
        ("land_count = 6\n" + LAND, r"line 1, the list: unknown key 'land_count'; the keys are name, lands, land"),
        (LAND + '[[land]]\nfile = "b"\n', r"entry 2: 'number' field required"),
        (LAND + LAND, "land 1 is listed 2 times"),
        ("lands = 3\n" + LAND.replace("1", "4"), "land 4 is listed for a bullet of 3 lands"),
        (LAND.replace("1", '"1"'), r"line 3, .*'number'.*integer"),
        (LAND + "shoulders_um = [300, 200]\n", "must rise"),
        (LAND + "shoulders_um = [300]\n", "shoulders_um"),
        (LAND + "row_um = nan\n", r"line 4, .*'row_um'.*finite"),
        (LAND + 'mask = ""\n', r"line 4, .*'mask'"),
        ("lands = 2\n" + LAND, r"line 1, .*'lands'.*greater than or equal to 3"),
        ("lands = 6\n", r"the list: no 'land' found; give one \[\[land\]\]"),
        ("", r"the list: no 'land' found; give one \[\[land\]\]"),
        ("land = []\n", r"line 1, the list: no 'land' found"),
        ('[land]\nfile = "a"\n', r"the list: 'land' is no list of entries; give one \[\[land\]\]"),
        ("nam = 3\n", "unknown key 'nam'"),
        (LAND + "mirror = yes\n", "is not TOML: .*line 4"),
        ("[[land]\n", "is not TOML"),
    ],
)
def test_a_typo_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(LandsError, match=message) as caught:
        read_list(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scan.toml").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(LandsError, match="not text"):
        read_list(tmp_path / "scan.toml")
    with pytest.raises(FileError, match="cannot be read"):
        read_list(tmp_path / "none.toml")
    with pytest.raises(FileError, match="short TOML"):
        read_list(_write(tmp_path, "#" * 200_000))


@pytest.mark.parametrize("entry", ["number = 1", 'file = "a"', 'fiel = "a"', 'file = "a"\nnumber = 99'])
def test_a_fault_in_an_entry_is_told_alone(tmp_path: Path, entry: str) -> None:
    with pytest.raises(LandsError) as caught:
        read_list(_write(tmp_path, f"[[land]]\n{entry}\n"))
    faults = str(caught.value).split("; ")
    assert all("entry 1: " in fault or fault.startswith("the keys are") for fault in faults)
