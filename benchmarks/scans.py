"""Where the benchmarks find real scans and what is known about them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple


class Scan(NamedTuple):
    """One row of the manifest: name, file, firearm or slide."""

    name: str
    path: Path
    source: str


def folder() -> Path:
    """The folder of real scans; ends the program with a reason where there is none."""
    named = os.environ.get("BALLISTICS_DATA")
    place = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not (place / "MANIFEST.csv").is_file():
        raise SystemExit(f"No real scans at {place}; name their folder in BALLISTICS_DATA.")
    return place


def breech_faces(study: str) -> list[Scan]:
    """All breech-face scans under ``breech_face/<study>``."""
    place = folder()
    with (place / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        return [
            Scan(Path(row["file"]).stem, place / row["file"], row["source_id"])
            for row in csv.DictReader(stream)
            if row["file"].startswith(f"breech_face/{study}/")
        ]


def pairs(scans: list[Scan]) -> Iterator[tuple[Scan, Scan, bool]]:
    """Every pair once, with whether both come from one source."""
    for first, second in combinations(scans, 2):
        yield first, second, first.source == second.source
