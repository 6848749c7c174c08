"""How long each stage takes on one thread, and how much memory: `python -m benchmarks.speed`.

Every job is repeated in turn with all others, so that a machine that slows down slows all of them; the median
of the CPU seconds is given, and its ratio to a fixed batch of FFTs measured in the same turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from ballistics.compare import Exhibit, align, compare_exhibits, prepare_exhibit
from ballistics.contract import versions
from ballistics.impressed import match_cells
from ballistics.parameters import ParameterSet, StriatedSet, default_set, default_striated_set
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.bullets import Bullet, compare_bullets
from ballistics.striated.chumbley import chumbley_score
from ballistics.striated.cmps import congruent_segments
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.landset import open_bullet
from ballistics.striated.report import render_bullet_report
from ballistics.striated.screening import screen
from ballistics.striated.signature import Signature, make_signature
from ballistics.striated.signature_index import SignatureIndex, index_signatures
from ballistics.striated.striae import striae_features
from benchmarks.scans import folder
from imaging.files import open_surface
from imaging.register import Pose
from imaging.surface import Surface
from imaging.synthetic import cartridge_case

Job = Callable[[], object]
NOWHERE = Pose(angle=0.0, dx=0.0, dy=0.0)
COLLECTION, ASKED, SAMPLES = 10_000, 12, 288
SCREENING = f"screen {COLLECTION} x {ASKED} signatures of {SAMPLES} samples"


def jobs(scratch: Path) -> dict[str, Job]:
    """Every job that is timed, by the name under which it is quoted; ``scratch`` is an empty folder to use."""
    place = folder() / "breech_face" / "fadul"
    files = {name: place / f"Fadul_{name}.x3p" for name in ("1-1", "1-2", "2-1")}
    chosen, slow = default_set("breech face"), default_set("breech face").exhaustive()
    scans = {name: open_surface(path) for name, path in files.items()}
    fast = {name: prepared(scan, chosen) for name, scan in scans.items()}
    full = {name: prepared(scan, slow) for name, scan in scans.items()}
    raw, _ = cartridge_case(np.random.default_rng(1), shape=(2000, 2000), pixel_um=2.9)
    first, mate = fast["1-1"].mark, fast["1-2"].mark
    found = align(first, mate)
    batch = np.random.default_rng(0).standard_normal((64, 128, 128), dtype=np.float32)
    lands = default_striated_set("bullet land")
    barrel = folder() / "land" / "nist_cmps_pair"
    bullets = [
        [open_surface(barrel / f"NIST_BarrelQ_Bullet{k}_Land{land}.x3p") for land in range(1, 7)] for k in (1, 2)
    ]
    ours, theirs = (
        Bullet(name=str(k), signatures=tuple(make_signature(scan, lands) or None for scan in scans))
        for k, scans in enumerate(bullets)
    )
    whole = [folder_of_lands(barrel, k, scratch) for k in (1, 2)]
    one, two = ours.signatures[0], theirs.signatures[1]
    assert one is not None
    assert two is not None
    index, asked = screened_signatures(one)
    return {
        "reference kernel: 64 float32 FFTs of 128 x 128": lambda: scipy.fft.rfft2(batch),
        "open a scan, 545 x 545": lambda: open_surface(files["1-1"]),
        "prepare a scan, 545 x 545": lambda: prepared(scans["1-1"], chosen),
        "prepare a raw scan, 2000 x 2000": lambda: prepared(raw, chosen),
        "pose over 360 degrees": lambda: align(first, mate),
        "cells, one direction": lambda: match_cells(
            first.relief, mate.relief, found.pose, cells=chosen.cells, search=chosen.search
        ),
        "same-source pair, both directions": lambda: compare_exhibits(fast["1-1"], fast["1-2"]),
        "different-source pair, both directions": lambda: compare_exhibits(fast["1-1"], fast["2-1"]),
        "exhaustive cells, -30 to 30 by 3, one direction": lambda: match_cells(
            full["1-1"].mark.relief, full["1-2"].mark.relief, NOWHERE, cells=slow.cells, search=slow.search
        ),
        "land scan to signature, 1573 x 501": lambda: make_signature(bullets[0][0], lands),
        "two signatures, all lags": lambda: correlate_signatures(
            ours.signatures[:1], theirs.signatures[:1], lands.lags
        ),
        "signature pair, all features": lambda: all_features(one, two, lands),
        SCREENING: lambda: screen(index, asked),
        "two bullets, 36 land pairs, plain and mirrored": lambda: compare_bullets(ours, theirs, lands),
        "two raw bullets (12 lands) to the page": lambda: render_bullet_report(
            compare_land_sets(open_bullet(whole[0], lands), open_bullet(whole[1], lands), lands)
        ),
    }


def prepared(scan: Surface, chosen: ParameterSet) -> Exhibit:
    """Prepare a scan that is known to be good."""
    exhibit = prepare_exhibit(scan, chosen)
    assert isinstance(exhibit, Exhibit), exhibit.reason
    return exhibit


def folder_of_lands(place: Path, bullet: int, scratch: Path) -> Path:
    """Copy the lands of one bullet into a folder of their own, as a person keeps them."""
    own = scratch / f"bullet {bullet}"
    own.mkdir()
    for path in sorted(place.glob(f"*_Bullet{bullet}_Land*.x3p")):
        shutil.copy(path, own)
    return own


def all_features(reference: Signature, questioned: Signature, chosen: StriatedSet) -> None:
    """Correlation, striae at its lag, congruent segments in both directions and the Chumbley score."""
    both, spacing_um = (reference.heights_um, questioned.heights_um), reference.spacing_um
    found = correlate_signatures([reference], [questioned], chosen.lags)
    striae_features(*both, spacing_um=spacing_um, lag_samples=round(found.lag_um[0, 0] / spacing_um))
    congruent_segments(*both, spacing_um=spacing_um)
    congruent_segments(*both[::-1], spacing_um=spacing_um)
    chumbley_score(*both, spacing_um=spacing_um)


def screened_signatures(like: Signature) -> tuple[SignatureIndex, list[Signature]]:
    """Make an index of random signatures and the questioned ones, all of ``SAMPLES`` points on the coarse grid."""
    rng = np.random.default_rng(2)
    points = round(SAMPLES * 6.25 / like.spacing_um)
    made = [replace(like, heights_um=rng.standard_normal(points)) for _ in range(COLLECTION)]
    index = index_signatures(made)
    assert isinstance(index, SignatureIndex), index.reason
    assert index.heights.shape == (COLLECTION, SAMPLES)
    return index, made[:ASKED]


def measure(timed: dict[str, Job], repeats: int) -> dict[str, list[float]]:
    """CPU seconds of every job, its repeats taken in turn with the others."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for turn in range(repeats + 1):
        for name, job in timed.items():
            start = time.process_time()
            job()
            if turn:
                seconds[name].append(time.process_time() - start)
    return seconds


def peak_mb(job: Job) -> float:
    """Most memory that a job held at once beyond what was there before, as numpy and Python see it."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    job()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak / 2**20


def from_the_shell(repeats: int) -> float:
    """Median seconds of `ballistics compare` as a whole process, start to end."""
    place = folder() / "breech_face" / "fadul"
    command = [sys.executable, "-m", "ballistics.cli", "compare"]
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(
            [*command, place / "Fadul_1-1.x3p", place / "Fadul_1-2.x3p"], check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="counted repeats of each job (at least 5)")
    parser.add_argument("--out", type=Path, help="write the table here instead of printing it")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as scratch:
        timed = jobs(Path(scratch))
        seconds = measure(timed, max(5, options.repeats))
        peaks = {name: peak_mb(job) for name, job in timed.items()}
    kernel = statistics.median(next(iter(seconds.values())))
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, one thread; "
        + ", ".join(f"{name} {version}" for name, version in versions().items()),
        "",
        "| job | CPU median, ms | min, ms | times the kernel | peak extra memory, MB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, values in seconds.items():
        middle = statistics.median(values)
        lines.append(
            f"| {name} | {middle * 1e3:.1f} | {min(values) * 1e3:.1f} | {middle / kernel:.1f} "
            f"| {peaks[name]:.0f} |"
        )
    rate = COLLECTION * ASKED / statistics.median(seconds[SCREENING]) / 1e6
    lines += ["", f"screening: {rate:.1f} million pairs a second."]
    lines += ["", f"`ballistics compare` from the shell, whole process: {from_the_shell(5):.2f} s (wall, median)."]
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
