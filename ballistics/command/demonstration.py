"""Three cartridge cases of two invented guns, to see a comparison without any scan at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ballistics.output import Location, check_output
from imaging.files import write_x3p
from imaging.surface import Surface
from imaging.synthetic import cartridge_case

CASES = {
    "gun_1_case_1.x3p": (1, 11, (0.0, 0.0, 0.0)),
    "gun_1_case_2.x3p": (2, 11, (40.0, 60.0, -30.0)),
    "gun_2_case_1.x3p": (3, 12, (-15.0, 0.0, 20.0)),
}


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


def _case(case: int, gun: int, pose: tuple[float, float, float]) -> Surface:
    scan, _ = cartridge_case(np.random.default_rng(case), gun=np.random.default_rng(gun), pose=pose)
    return scan
