"""Made bullets and marks of tools that several tests share."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from imaging import synthetic
from imaging.files import write_x3p
from imaging.synthetic import Scanning

BULLETS = {
    "one": Scanning(),
    "two": Scanning(phase=2, missing=(4,)),
    "mirrored": Scanning(phase=1, mirrored=True),
}

TOOL_MARKS = tuple(itertools.product(range(5), range(4)))


@pytest.fixture(scope="session")
def bullets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of the lands of made bullets: three of one barrel, ``other`` of another one."""
    folder = tmp_path_factory.mktemp("bullets")
    made = synthetic.bullets(
        np.random.default_rng(1), len(BULLETS), scanning=list(BULLETS.values()), pixel_um=3.125
    )
    other = synthetic.bullets(np.random.default_rng(2), 1, pixel_um=3.125)
    for name, bullet in zip([*BULLETS, "other"], [*made, *other], strict=True):
        (folder / name).mkdir()
        for number, scan in enumerate(bullet.lands, start=1):
            if scan is not None:
                write_x3p(scan, folder / name / f"{name}_Land{number}.x3p")
    return folder


@pytest.fixture(scope="session")
def tool_scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four marks of each of five made tools, ``t<tool>m<mark>.x3p``; copy it before adding to it."""
    folder = tmp_path_factory.mktemp("tool scans")
    for tool, mark in TOOL_MARKS:
        rng, own = np.random.default_rng([7, tool, mark]), np.random.default_rng(100 + tool)
        scan, _ = synthetic.toolmark(rng, tool=own, correlation=0.6 + 0.05 * tool, pixel_um=6.25, shape=(80, 240))
        write_x3p(scan, folder / f"t{tool}m{mark}.x3p")
    return folder
