"""The striated samples: lands of bullets of two barrels, and toolmarks of two tools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sample import Options, Sample, brief, listed, rounded

from imaging.formats.x3p_writer import encode_x3p
from imaging.surface import Surface
from imaging.synthetic import Bullet, EngravedLand, Scanning, bullets, toolmark

STEP = 2.0**-24
STEP_TEXT = "rounded to 2**-24 m"

LAND = EngravedLand(width_um=1500.0, radius_um=4500.0, smooth=0.3, pits=12, burr_um=0.0)
DAMAGED = replace(LAND, rms_um=0.5, smooth=0.9, scratches=60)
SCANNED: Options = {"correlation": 0.75, "shape": (96, 544), "pixel_um": 3.125}
BARREL_1 = (
    Scanning(),
    Scanning(phase=2),
    Scanning(phase=4, backwards=True, missing=(1,)),
    Scanning(phase=1, mirrored=True),
)
BARREL_2 = (Scanning(),)
DAMAGED_LAND = (2, 3)

MARKED: Options = {"correlation": 0.8, "shape": (96, 448), "pixel_um": 3.125}
MARKS = ((1, 1, 11, 3.0), (1, 2, 12, -2.0), (2, 1, 21, 4.0))
TOOL_SEEDS = {1: 10, 2: 20}


def striated_samples() -> Iterator[Sample]:
    """Make the lands and the toolmarks."""
    yield from _barrel(1, BARREL_1, seed=7)
    yield from _barrel(2, BARREL_2, seed=8)
    yield from _toolmarks()


def _barrel(number: int, scannings: tuple[Scanning, ...], *, seed: int) -> Iterator[Sample]:
    sound, damaged = (_fired(scannings, style, seed) for style in (LAND, DAMAGED))
    for index, scanning in enumerate(scannings):
        name = f"barrel-{number}-bullet-{index + 1}"
        for place in range(len(sound[index].lands)):
            spoilt = number == 1 and (index, place) == DAMAGED_LAND
            scan = (damaged if spoilt else sound)[index].lands[place]
            if scan is None:
                continue
            options = {"style": DAMAGED if spoilt else LAND, "scanning": scanning, **SCANNED}
            told = ", ".join(f"{key}={brief(value)}" for key, value in options.items())
            yield _sample(
                f"bullets/{name}/land-{place + 1}.x3p",
                scan,
                shows=f"Barrel {number}, bullet {index + 1}, land {place + 1}" + (", damaged" if spoilt else ""),
                made=f"bullets(default_rng({seed}), {len(scannings)}, {told})[{index}].lands[{place}]",
            )


def _fired(scannings: tuple[Scanning, ...], style: EngravedLand, seed: int) -> list[Bullet]:
    rng = np.random.default_rng(seed)
    return bullets(rng, len(scannings), scanning=scannings, style=style, **SCANNED)


def _toolmarks() -> Iterator[Sample]:
    for tool, mark, seed, tilt_deg in MARKS:
        rng, edge = np.random.default_rng(seed), np.random.default_rng(TOOL_SEEDS[tool])
        options = {"tilt_deg": tilt_deg, **MARKED}
        scan, _ = toolmark(rng, tool=edge, **options)
        yield _sample(
            f"toolmarks/tool-{tool}-mark-{mark}.x3p",
            scan,
            shows=f"Striated mark {mark} of tool {tool}, such as an aperture shear",
            made=f"toolmark(default_rng({seed}), tool=default_rng({TOOL_SEEDS[tool]}), {listed(options)})[0]",
        )


def _sample(name: str, scan: Surface, *, shows: str, made: str) -> Sample:
    return Sample(
        name=name,
        data=encode_x3p(rounded(scan, STEP)),
        shows=shows,
        made=f"{made}, {STEP_TEXT}",
        step=STEP,
    )
