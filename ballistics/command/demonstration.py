"""Cartridge cases of two invented guns and bullets of two invented barrels, to see comparisons without scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ballistics.errors import OutputError
from ballistics.output import Location, check_output
from imaging.files import write_x3p
from imaging.surface import Surface
from imaging.synthetic import EngravedLand, Scanning, bullets, cartridge_case

CASES = {
    "gun_1_case_1.x3p": (1, 11, (0.0, 0.0, 0.0)),
    "gun_1_case_2.x3p": (2, 11, (40.0, 60.0, -30.0)),
    "gun_2_case_1.x3p": (3, 12, (-15.0, 0.0, 20.0)),
}
BARRELS = {
    21: {"barrel_1_bullet_1": Scanning(), "barrel_1_bullet_2": Scanning(phase=2)},
    22: {"barrel_2_bullet_1": Scanning()},
}
LAND = EngravedLand(width_um=1500.0, radius_um=4500.0, burr_um=0.0)
SHAPE, PIXEL_UM = (96, 544), 3.125


def make_cases(folder: Location, *, overwrite: bool = False) -> list[Path]:
    """Write raw-looking scans of three case heads: two of one gun and one of another.

    The heights are invented and the same every time. The second case is turned by 40 degrees.

    Raises
    ------
    OutputError
        If one of the files exists and ``overwrite`` is false.
    """
    paths = [check_output(Path(folder) / name, overwrite=overwrite) for name in CASES]
    return [
        write_x3p(_case(*numbers), path, overwrite=overwrite)
        for path, numbers in zip(paths, CASES.values(), strict=True)
    ]


def make_bullets(folder: Location, *, overwrite: bool = False) -> list[Path]:
    """Write the lands of three bullets of six lands, a folder for each: two of one barrel and one of another.

    The heights are invented and the same every time. Land 5 of the second bullet faces land 1 of the first.

    Returns
    -------
    list of Path
        The folders.

    Raises
    ------
    OutputError
        If a folder cannot be made, or one of the files exists and ``overwrite`` is false.
    """
    scans = _fired(Path(folder))
    places = list(dict.fromkeys(path.parent for path in scans))
    for place in places:
        try:
            place.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {place} cannot be made ({error.strerror or error}).") from error
    for path in scans:
        check_output(path, overwrite=overwrite)
    for path, scan in scans.items():
        write_x3p(scan, path, overwrite=overwrite)
    return places


def _case(case: int, gun: int, pose: tuple[float, float, float]) -> Surface:
    scan, _ = cartridge_case(np.random.default_rng(case), gun=np.random.default_rng(gun), pose=pose)
    return scan


def _fired(folder: Path) -> dict[Path, Surface]:
    """The scans of all lands by the files that they go to."""
    scans = {}
    for seed, scannings in BARRELS.items():
        made = bullets(
            np.random.default_rng(seed),
            len(scannings),
            scanning=list(scannings.values()),
            style=LAND,
            shape=SHAPE,
            pixel_um=PIXEL_UM,
        )
        for name, bullet in zip(scannings, made, strict=True):
            for number, scan in enumerate(bullet.lands, start=1):
                if scan is not None:
                    scans[folder / name / f"land_{number}.x3p"] = scan
    return scans
