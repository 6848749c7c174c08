"""Files in folders: which are scans or photographs, which folders hold a bullet, which land a file name means."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ballistics.errors import LandsError
from ballistics.output import printable

# fmt: off
SUFFIXES = frozenset((
    ".x3p", ".sdf", ".al3d", ".sur", ".plu", ".plux", ".vk3", ".vk4", ".vk6", ".vk7", ".zon", ".opd", ".opdx",
    ".dat", ".datx", ".gwy", ".tmd", ".lext",
))
# fmt: on
PHOTOGRAPHS = frozenset((".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp"))
LAND = re.compile(r"(?<![a-z])(?:land|lea|l)[\s_.#-]*(\d+)(?!\d)", re.IGNORECASE)
DIGITS = re.compile(r"(\d+)")
LIST_SUFFIX = ".toml"


def scans_in(folder: Path, *, below: bool = False) -> list[Path]:
    """Return the scans of a folder in their natural order, known by their suffix; hidden files are left out.

    Parameters
    ----------
    folder : Path
        A folder that can be read.
    below : bool
        Look into the folders below it too.

    Examples
    --------
    >>> scans_in(Path(__file__).parent)
    []
    """
    return _files(folder.rglob("*") if below else folder.iterdir(), SUFFIXES)


def photographs_in(folder: Path) -> list[Path]:
    """Return the photographs in a folder and below it in their natural order, known by their suffix."""
    return _files(folder.rglob("*"), PHOTOGRAPHS)


def _files(found: Iterable[Path], suffixes: Collection[str]) -> list[Path]:
    files = (
        path
        for path in found
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )
    return sorted(files, key=_natural)


def bullets_in(folder: Path) -> list[Path]:
    """Return what stands for a bullet in a folder: its folders that hold scans, and its TOML lists of lands."""
    folders = [
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".") and scans_in(path)
    ]
    lists = [path for path in folder.glob(f"*{LIST_SUFFIX}") if path.is_file()]
    return sorted((*folders, *lists), key=_natural)


def land_number(name: str) -> int | None:
    """Return the land that a file name means: the last number after ``land``, ``lea`` or ``L``.

    Examples
    --------
    >>> land_number("H252_Barrel1_Bullet2_Land4.x3p"), land_number("br1-L06.x3p"), land_number("scan 3.x3p")
    (4, 6, None)
    """
    numbers = LAND.findall(Path(name).stem)
    return int(numbers[-1]) if numbers else None


def lands_by_number(scans: Sequence[Path]) -> tuple[Mapping[int, Path], tuple[str, ...]]:
    """Say which scan of a folder shows which land, by the file names.

    Parameters
    ----------
    scans : sequence of Path
        In their natural order.

    Returns
    -------
    lands : mapping of int to Path
        By land number, from 1.
    notes : tuple of str
        What a person should check: names without land numbers, names that differ in more than the number.

    Raises
    ------
    LandsError
        If two scans have the same number, a number is 0, or only some of the names have one.

    Examples
    --------
    >>> lands, notes = lands_by_number([Path("a_L2.x3p"), Path("a_L4.x3p")])
    >>> list(lands), notes
    ([2, 4], ())
    """
    numbers = {path: land_number(path.name) for path in scans}
    unnumbered = [path for path, number in numbers.items() if number is None]
    if len(unnumbered) == len(scans):
        note = "the file names hold no land numbers; the lands are taken in the order of the names"
        return dict(enumerate(scans, start=1)), (note,)
    if unnumbered:
        raise LandsError(
            f"No land number found in {_listed(unnumbered)}, while others have one as in "
            f"{_listed([path for path in scans if path not in unnumbered][:1])}. Take out what is no land, rename "
            "it, or list the lands in a TOML file."
        )
    lands: dict[int, Path] = {}
    for path, number in numbers.items():
        assert number is not None
        if number == 0:
            raise LandsError(f"Land 0 found in {_listed([path])}; lands are counted from 1. Rename the files.")
        if number in lands:
            raise LandsError(
                f"Two scans of land {number} found: {_listed([lands[number], path])}. Keep one of them in the "
                "folder, or list the lands in a TOML file."
            )
        lands[number] = path
    starts = dict.fromkeys(_before_number(path) for path in scans)
    notes: tuple[str, ...] = ()
    if len(starts) > 1:
        shown = " and ".join(repr(printable(start)) for start in list(starts)[:2])
        notes = (f"the file names differ in more than the land number ({shown}): do all scans show one bullet?",)
    return dict(sorted(lands.items())), notes


def _before_number(path: Path) -> str:
    return path.stem[: [found.start() for found in LAND.finditer(path.stem)][-1]]


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts 2 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part.casefold()) for part in DIGITS.split(str(path))]


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(printable(path.name) for path in paths)
