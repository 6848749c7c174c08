"""Build the reference populations that come with the library: `python -m benchmarks.populations`.

Breech faces of Fadul et al. and Weller et al. from the folder of real scans, and invented ones. Scores are kept in
a work folder, so that a run that was stopped goes on; `--check` says whether the shipped files are what it builds.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import numpy as np

import ballistics
from ballistics.batch import compare_all
from ballistics.evidence.about import About, population_of
from ballistics.evidence.population import Origin, Scanning, read_population, write_population
from ballistics.evidence.truth import read_truth
from benchmarks.scans import breech_faces, folder
from imaging.files import write_x3p
from imaging.synthetic import BreechFace, impressions

SHIPPED = Path(ballistics.__file__).parent / "populations"
GUNS, CASES, SEED = 24, 3, 2026
PROCESSED = (
    "github.com/CSAFE-ISU/cartridgeCaseScans, scans processed there (primer ring and firing-pin hole cropped, "
    "levelled, band-passed, halved)"
)
MADE_BY = f"The forensic-ballistics authors, with forensic-ballistics {version('forensic-ballistics')}"
ONE_MODEL = (
    "All pistols are of one model with consecutively made slides, scanned on one type of microscope: the "
    "likelihood ratio does not carry over to other makes or models."
)
AS_PUBLISHED = (
    "The scans are used as published, already cropped, levelled and band-passed; raw scans were not at hand."
)
STATED = (
    "What is said of the scanning stands in the scan files: NanoFocus, non-contacting, NA 0.30, no model, dated "
    "{date}. The set is part of the study: {slides} slides and {items} cartridge cases."
)
REAL = {"scanner": "NanoFocus microscope", "instrument": "model not stated, NA 0.30", "maker": "NanoFocus"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A mark of known origin."""

    file: Path
    firearm: str
    item: str


def main() -> int:
    """Build every population, or compare the shipped ones with what is built."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, help="where scores are kept; a new folder if not given")
    options.add_argument("--jobs", type=int)
    options.add_argument("--check", action="store_true", help="write nothing; 3 if a shipped file is different")
    given = options.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="populations-"))
    work.mkdir(parents=True, exist_ok=True)
    different = 0
    for about, marks in (*_real(), (_invented(), _made(work))):
        place = SHIPPED / f"{about.name}.json"
        built = population_of(
            _scores(about.name, marks, work, given.jobs), read_truth(_manifest(about.name, marks, work)), about
        )
        known = built.diagnostics
        print(
            f"{about.name}: {known.firearms} firearms, {known.known_matches} + {known.known_non_matches} pairs, "
            f"Cllr {known.cllr:.3f} (least {known.cllr_min:.3f}), bounds {built.bounds.lower:.2f} to "
            f"{built.bounds.upper:.2f}, {built.sha256[:12]}"
        )
        if not given.check:
            write_population(built, place, overwrite=True)
        elif not place.is_file() or read_population(place).sha256 != built.sha256:
            print(f"{place} is different")
            different += 1
    return 3 if different else 0


def _real() -> Iterator[tuple[About, list[Known]]]:
    with (folder() / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        items = {folder() / row["file"]: row["item_id"] for row in csv.DictReader(stream)}
    for study, credit, date, firearms in (
        (
            "fadul",
            "Fadul et al. (2011)",
            "2011-01-24",
            "Ruger pistols of one model, from 10 consecutively made slides (Fadul et al. 2011)",
        ),
        (
            "weller",
            "Weller et al. (2012)",
            "2009-09-23",
            "Ruger pistols of one model, with consecutively made slides (Weller et al. 2012)",
        ),
    ):
        marks = [Known(file=scan.path, firearm=scan.source, item=items[scan.path]) for scan in breech_faces(study)]
        slides = len({mark.firearm for mark in marks})
        about = About(
            name=f"{study}-breech-face",
            firearms=firearms,
            notes=(ONE_MODEL, AS_PUBLISHED, STATED.format(date=date, slides=slides, items=len(marks))),
            scanning=Scanning(**REAL, pixel_um=6.25),
            origin=Origin(
                source=f"{credit}; {PROCESSED}",
                licence="CC BY 4.0",
                credit=f"{credit}; Zemmels, VanderPlas and Hofmann (CSAFE)",
                made_by=MADE_BY,
            ),
        )
        yield about, marks


def _invented() -> About:
    return About(
        name="synthetic-breech-face",
        firearms="invented pistols that exist in this library's generator of marks only",
        notes=(
            "INVENTED MARKS: made by imaging.synthetic to try the program with. It says nothing about any real "
            "firearm and must not be used in casework.",
        ),
        scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=6.25),
        origin=Origin(
            source="imaging.synthetic.impressions; see benchmarks/populations.py for the seeds",
            licence="Apache-2.0",
            credit="The forensic-ballistics authors",
            made_by=MADE_BY,
        ),
    )


def _made(work: Path) -> list[Known]:
    """Write the marks of invented guns that leave them more or less alike: half granular, half with striae."""
    marks = []
    for gun in range(1, GUNS + 1):
        rng = np.random.default_rng([SEED, gun])
        correlation = float(rng.uniform(0.2, 0.7))
        poses = [
            (float(rng.uniform(-180, 180)), float(rng.uniform(-80, 80)), float(rng.uniform(-80, 80)))
            for _ in range(CASES)
        ]
        style = BreechFace(striae=0.8 * (gun % 2))
        for case, mark in enumerate(impressions(rng, CASES, style=style, correlation=correlation, poses=poses), 1):
            path = work / f"gun-{gun:02d}-case-{case}.x3p"
            write_x3p(mark, path, overwrite=True)
            marks.append(Known(file=path, firearm=f"invented {gun:02d}", item=f"invented {gun:02d} case {case}"))
    return marks


def _scores(name: str, marks: list[Known], work: Path, jobs: int | None) -> Path:
    out = work / f"{name}.csv"
    pairs = [(str(first), str(second)) for first, second in combinations(sorted(mark.file for mark in marks), 2)]
    done = compare_all(pairs, out, jobs=jobs, progress=lambda done, total: _show(name, done, total))
    if done.not_comparable:
        print(f"{name}: {done.not_comparable} pairs are not comparable", file=sys.stderr)
    return out


def _show(name: str, done: int, total: int) -> None:
    if done % 250 == 0:
        print(f"{name}: {done} of {total}", file=sys.stderr)


def _manifest(name: str, marks: list[Known], work: Path) -> Path:
    out = work / f"{name}-truth.csv"
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "firearm", "item"))
        writer.writerows((str(mark.file), mark.firearm, mark.item) for mark in marks)
    return out


if __name__ == "__main__":
    sys.exit(main())
