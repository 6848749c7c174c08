"""Fuzz the readers by hand; no test collects this file.

With atheris installed: ``python tests/fuzz_x3p.py CORPUS_FOLDER``, with its usual options.
Without: ``python tests/fuzz_x3p.py --runs 20000 [--seed 1] [SCAN ...]`` changes bytes of a small
X3P file (and of the scans given): in the archive, in main.xml and in the heights, the last two with
checksums that fit. Either way bytes must give a surface that holds together or an ImagingError.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

import numpy as np

from imaging.errors import ImagingError
from imaging.files import read_bytes
from imaging.formats.container import pack, read_members
from imaging.formats.x3p_records import CHECKSUM, MAIN, PAYLOAD, md5
from imaging.formats.x3p_writer import encode_x3p
from imaging.surface import Surface

TOKENS = (
    b"< > /> <!-- <![CDATA[ &lt; &#0; -1 0 999999999999999999 1e999 nan inf I L D PRF PCL SUR ../ <SizeX> <Datum> "
    b"<ListDimension> <ValidPointsLink> \x00 \xff\xfe"
).split()


def check(data: bytes) -> bool:
    """Open the bytes; return whether they were a surface."""
    try:
        surface = read_bytes(data)
    except ImagingError:
        return False
    if not surface.valid.any() or np.isinf(surface.heights).any() or min(surface.shape) < 2:
        raise AssertionError(f"a surface that does not hold together: {surface.shape}, {surface.coverage}")
    return True


def seed_scans() -> list[bytes]:
    """Return small X3P files in several shapes."""
    heights = np.random.default_rng(0).normal(scale=1e-6, size=(6, 5)).astype(np.float32)
    heights[2, 3] = np.nan
    plain = encode_x3p(Surface(heights=heights, spacing=(2e-6, 3e-6)), metadata={"date": "2024-01-01T00:00:00"})
    members = read_members(plain)
    odd = members[MAIN].replace(b"p:ISO5436_2", b"ISO5436").replace(b"xmlns:p=", b"about=")
    return [
        plain,
        pack(members | {MAIN: odd}),
        pack({f"top/{name}": content for name, content in members.items()}),
    ]


def changed(data: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one to four random changes."""
    content = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, len(content) + 1))
        kind = rng.integers(0, 5)
        if kind == 0:
            content[at : at + 1] = rng.bytes(1)
        elif kind == 1:
            content[at:at] = TOKENS[rng.integers(0, len(TOKENS))]
        elif kind == 2:
            del content[at : at + int(rng.integers(1, 40))]
        elif kind == 3:
            content[at : at + 4] = TOKENS[rng.integers(0, len(TOKENS))]
        else:
            start = int(rng.integers(0, len(content) + 1))
            content[at:at] = content[start : start + int(rng.integers(1, 60))]
    return bytes(content)


def mutant(scan: bytes, rng: np.random.Generator) -> bytes:
    """Return a scan changed in its archive, or in a member with checksums that fit."""
    where = rng.integers(0, 4)
    if where == 0:
        return changed(scan, rng)
    members = read_members(scan)
    folder = next(name for name in members if name.endswith(MAIN)).removesuffix(MAIN)
    main, payload = folder + MAIN, folder + PAYLOAD
    if where == 1 and payload in members:
        before = md5(members[payload]).encode()
        length = len(members[payload])
        members[payload] = changed(members[payload], rng)[:length].ljust(length, b"\x00")
        members[main] = members[main].replace(before, md5(members[payload]).encode())
    else:
        members[main] = changed(members[main], rng)
    members[folder + CHECKSUM] = md5(members[main]).encode()
    return pack(members, compress=False)


def run(scans: list[bytes], runs: int, seed: int) -> int:
    """Open ``runs`` mutants and return how many did neither of the two allowed things."""
    rng = np.random.default_rng(seed)
    opened = failures = 0
    for number in range(runs):
        data = mutant(scans[rng.integers(0, len(scans))], rng)
        try:
            opened += check(data)
        except BaseException:
            failures += 1
            path = Path(f"crash-{seed}-{number}.x3p")
            path.write_bytes(data)
            sys.stderr.write(f"{path}\n{traceback.format_exc()}\n")
    sys.stdout.write(f"{runs} mutants: {opened} opened, {runs - opened - failures} refused, {failures} failed\n")
    return failures


def main() -> int:
    """Fuzz with atheris where it is installed and no number of runs is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("scans", nargs="*", type=Path)
    options, _ = parser.parse_known_args()
    if options.runs:
        return int(
            run(seed_scans() + [path.read_bytes() for path in options.scans], options.runs, options.seed) > 0
        )
    import atheris

    def target(data: bytes) -> None:
        check(data)

    atheris.instrument_all()
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
