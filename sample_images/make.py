"""Make the sample scans and photographs anew, or check that the ones in this folder are what this program makes.

::

    python sample_images/make.py                 write the samples and registry.toml into this folder
    python sample_images/make.py --check         make them again and compare; exit code 3 if one is different
    python sample_images/make.py --out FOLDER    write into another folder; with --check, check that one
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from sample import Options, Sample, brief, listed, rounded
from striated import striated_samples

from imaging.errors import FormatError
from imaging.formats.container import pack, read_members
from imaging.formats.x3p_records import CHECKSUM, MAIN, PAYLOAD, VALID, md5
from imaging.formats.x3p_writer import encode_x3p
from imaging.lighting import photograph
from imaging.photo import Light
from imaging.render import encode_png
from imaging.resample import flip
from imaging.surface import Surface
from imaging.synthetic import BreechFace, FiringPin, cartridge_case, pair

HERE = Path(__file__).parent
REGISTRY = "registry.toml"
DIFFERENT = "DIFFERENT"
MOST_ROUNDED = 0.01

GRANULAR: Options = {
    "kind": BreechFace(striae=0.0),
    "correlation": 0.6,
    "angle_deg": 110.0,
    "shift_um": (40.0, -60.0),
}
STRIATED: Options = {
    "kind": BreechFace(striae=0.8),
    "correlation": 0.6,
    "angle_deg": -35.0,
    "shift_um": (-50.0, 20.0),
}
ROUND_PIN: Options = {
    "kind": FiringPin(),
    "correlation": 0.6,
    "angle_deg": -75.0,
    "shift_um": (20.0, -30.0),
    "pixel_um": 4.0,
}
HEAD: Options = {"correlation": 0.6, "shape": (440, 440), "pixel_um": 12.5}
HEAD_CASES = ((31, (0.0, 0.0, 0.0)), (32, (60.0, 50.0, -30.0)))
FINE_HEAD: Options = {**HEAD, "shape": (1100, 1100), "pixel_um": 5.0}
REDUCED, RELIEF = 2, 2.0
RING = Light(kind="ring")
LAMPS = (Light(kind="side", azimuth_deg=40.0), Light(kind="side", azimuth_deg=130.0))
OTHER_CASE = (41, (0.0, 0.0, 0.0))
PATCH = np.s_[25:45, 135:155]
PICTURE = "picture"
VALUES = {PAYLOAD: ("<f4", "heights"), PICTURE: ("u1", "grey levels")}

ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE bomb [<!ENTITY e0 "bomb">{ENTITIES}]>\n<p:ISO5436_2'


def samples() -> Iterator[Sample]:
    """Make every sample."""
    yield from _two_marks("gun-1-case", "Breech face of gun 1, granular", seed=1, options=GRANULAR)
    yield from _two_marks("gun-2-case", "Breech face of gun 2, parallel striae", seed=2, options=STRIATED)
    yield from _two_heads("gun-3-head", "Raw case head of gun 3, with firing-pin hole", seed=30)
    yield from _two_marks("gun-4-pin", "Firing-pin impression of gun 4, cropped", seed=4, options=ROUND_PIN)
    yield from striated_samples()
    yield from _photographs()
    yield from _damaged_scans()
    yield from _useless_files()


def _two_marks(stem: str, shows: str, *, seed: int, options: Options) -> Iterator[Sample]:
    known = pair(np.random.default_rng(seed), **options)
    for number, part in enumerate(("reference", "questioned"), start=1):
        yield Sample(
            name=f"{stem}-{number}.x3p",
            data=encode_x3p(rounded(getattr(known, part), 1e-8)),
            shows=f"{shows}, case {number}",
            made=f"pair(default_rng({seed}), {listed(options)}).{part}, rounded to 10 nm",
            step=1e-8,
        )


def _two_heads(stem: str, shows: str, *, seed: int) -> Iterator[Sample]:
    for number, (case, pose) in enumerate(HEAD_CASES, start=1):
        rng, gun = np.random.default_rng(case), np.random.default_rng(seed)
        scan, _ = cartridge_case(rng, gun=gun, pose=pose, **HEAD)
        yield Sample(
            name=f"{stem}-{number}.x3p",
            data=encode_x3p(rounded(scan, 1e-7)),
            shows=f"{shows}, case {number}",
            made=f"cartridge_case(default_rng({case}), gun=default_rng({seed}), {listed({'pose': pose, **HEAD})})"
            "[0], rounded to 100 nm",
            step=1e-7,
        )


def _photographs() -> Iterator[Sample]:
    """Make photographs of the heads of gun 3, and one of a head of another gun."""
    first, second = HEAD_CASES
    for name, shows, seed, (case, pose), light, mirrored in (
        ("gun-3-head-1-ring", "Case head of gun 3, case 1, ring light", 30, first, RING, False),
        ("gun-3-head-2-ring", "Case head of gun 3, case 2, ring light", 30, second, RING, False),
        ("gun-3-head-2-mirrored", "The mirror image of gun-3-head-2-ring", 30, second, RING, True),
        ("gun-3-head-1-side", "Case head of gun 3, case 1, side light", 30, first, LAMPS[0], False),
        ("gun-3-head-2-side", "Case head of gun 3, case 2, side light, lamp moved", 30, second, LAMPS[1], False),
        ("gun-5-head-1-ring", "Case head of gun 5, case 1, ring light", 40, OTHER_CASE, RING, False),
    ):
        options = {"pose": pose, **FINE_HEAD}
        scan, _ = cartridge_case(np.random.default_rng(case), gun=np.random.default_rng(seed), **options)
        photo = photograph(scan, light, relief=RELIEF).reduce(REDUCED)
        stored = photo.flip("x") if mirrored else photo
        yield Sample(
            name=f"photographs/{name}.png",
            data=encode_png(stored.pixels.astype(np.uint8)),
            shows=shows,
            made=f"photograph(cartridge_case(default_rng({case}), gun=default_rng({seed}), {listed(options)})[0], "
            f"{brief(light)}, relief={RELIEF}).reduce({REDUCED})" + ('.flip("x")' if mirrored else ""),
            step=1.0,
            outcome="note saturated" if light.kind == "side" else "opens",
            says="are at the top" if light.kind == "side" else "",
            pixel_um=photo.pixel_um,
            light=light,
        )


def _damaged_scans() -> Iterator[Sample]:
    """Make files that hold the mark of gun 1, case 2, and have one fault each."""
    fine = rounded(pair(np.random.default_rng(1), **GRANULAR).questioned, 1e-8)
    mark = rounded(pair(np.random.default_rng(1), **GRANULAR, pixel_um=12.5).questioned, 1e-8)
    members = read_members(encode_x3p(mark))
    heights = np.frombuffer(members[PAYLOAD], "<f4")
    infinite = heights.reshape(mark.shape).copy()
    infinite[PATCH] = np.inf
    damaged = bytearray(members[PAYLOAD])
    damaged[4 * np.ravel_multi_index((PATCH[0].start, PATCH[1].start), mark.shape) + 2] ^= 1
    enlarged = {**members, PAYLOAD: (heights * np.float32(1e6)).tobytes()}
    coarse = "gun-1-case-2 made with pixel_um=12.5"
    yield Sample(
        name="faulty/micrometres.x3p",
        data=pack(_edited(enlarged, ("1.25e-05", "12.5"))),
        shows="Spacing and heights in micrometres; the format asks for metres",
        made=f"{coarse}, all lengths times 1e6",
        step=1e-2,
        outcome="doubt units-in-doubt",
        says="Read as um",
    )
    yield Sample(
        name="faulty/failed-checksum.x3p",
        data=pack({**members, PAYLOAD: bytes(damaged)}),
        shows="One bit of the heights changed after the file was written",
        made=f"{coarse}, a bit of {PAYLOAD} turned, checksum kept",
        step=1e-8,
        outcome="doubt checksum-failed",
        says=f"checksum of {PAYLOAD}",
    )
    yield Sample(
        name="faulty/infinite-heights.x3p",
        data=pack(_edited({**members, PAYLOAD: infinite.tobytes()})),
        shows="400 points hold infinity; they are taken as missing",
        made=f"{coarse}, 400 heights made infinite",
        step=1e-8,
        outcome="note non-finite",
        says="400 points hold infinity",
    )
    yield Sample(
        name="faulty/stretched-pixels.x3p",
        data=encode_x3p(replace(fine, heights=fine.heights[::2], spacing=(6.25e-6, 12.5e-6))),
        shows="Pixels of 6.25 x 12.5 um, rightly stated; a comparison resamples them",
        made="gun-1-case-2, every second row left out",
        step=1e-8,
    )
    yield Sample(
        name="faulty/mirrored.x3p",
        data=encode_x3p(replace(mark, heights=flip(mark, "x").heights)),
        shows="The mirror image of gun-1-case-2, as some exports leave it; only a comparison can tell",
        made=f"{coarse}, left and right exchanged",
        step=1e-8,
    )


def _useless_files() -> Iterator[Sample]:
    """Make files that hold no mark; their heights, if any, are exact numbers."""
    y, x = np.mgrid[:48, :64]
    plate = Surface(heights=((7 * x + 11 * y) % 61).astype(np.float32) * np.float32(1e-8), spacing=(1e-5, 1e-5))
    flat = Surface(heights=np.full((290, 290), 1e-6, np.float32), spacing=(1.25e-5, 1.25e-5))
    members = read_members(encode_x3p(plate))
    payload = members[PAYLOAD]
    whole = pack(members, compress=False)
    absent = np.full(plate.shape, np.nan, np.float32).tobytes()
    grid = "(7 x + 11 y) % 61 times 10 nm on 64 x 48 points"
    picture = ((7 * x + 11 * y) % 61 * 4).astype(np.uint8)
    for name, data, shows, made, outcome, says in (
        ("empty", b"", "Nothing at all", "no bytes", "refused", "is empty"),
        (
            "truncated",
            whole[: len(whole) // 2],
            "The first half of a file",
            f"{grid}, cut",
            "refused",
            "damaged zip",
        ),
        ("not-a-zip", b"x;y;z\n0;0;0.1\n1;0;0.3\n", "A text file", "text", "refused", "no known scan format"),
        (
            "photograph",
            encode_png(picture),
            "A PNG picture",
            "a PNG with the name of a scan",
            "refused",
            "PNG file",
        ),
        (
            "half-payload",
            pack(_edited({**members, PAYLOAD: payload[: len(payload) // 2]})),
            "Half the heights that the sizes ask for",
            f"{grid}, the second half of {PAYLOAD} left out",
            "refused",
            "truncated or states wrong sizes",
        ),
        (
            "wrong-size",
            pack(_edited(members, ("<SizeX>64<", "<SizeX>65<"))),
            "States 65 columns and holds 64",
            f"{grid}, SizeX changed",
            "refused",
            "65 x 48 x 1 points",
        ),
        (
            "all-missing",
            pack(_edited({**members, PAYLOAD: absent})),
            "Every height is missing",
            f"{grid}, all heights made NaN",
            "refused",
            "nothing was measured",
        ),
        (
            "constant",
            encode_x3p(flat),
            "Every height is the same",
            "1 um on 290 x 290 points",
            "note constant",
            "no mark to compare",
        ),
        (
            "absurd-pixels",
            pack(_edited(members, ("1e-05", "10.0"))),
            "Pixels of 10 m: spacing in micrometres, heights in metres",
            f"{grid}, increments of 10",
            "refused",
            "no other single unit is certain",
        ),
        (
            "entity-bomb",
            pack(_edited(members, ("<p:ISO5436_2", BOMB))),
            f"{MAIN} defines entities that would unfold to 4 GB",
            f"{grid}, a document type put before the root",
            "refused",
            "safe XML",
        ),
        (
            "path-traversal",
            pack({**members, "../../outside.txt": b"This file must not leave the archive.\n"}),
            "Holds a file whose name leads out of the archive",
            f"{grid}, a file ../../outside.txt added",
            "refused",
            "leads out of it",
        ),
    ):
        yield Sample(name=f"faulty/{name}.x3p", data=data, shows=shows, made=made, outcome=outcome, says=says)


def _edited(members: Mapping[str, bytes], *replacements: tuple[str, str]) -> dict[str, bytes]:
    """Change main.xml, and make the checksums fit as a program would that writes such a file."""
    main = members[MAIN].decode()
    for old, new in replacements:
        main = main.replace(old, new)
    payload = f"<MD5ChecksumPointData>{md5(members[PAYLOAD])}<"
    main = re.sub("<MD5ChecksumPointData>[0-9a-f]{32}<", payload, main)
    return {**members, MAIN: main.encode(), CHECKSUM: f"{md5(main.encode())} *{MAIN}\n".encode()}


def difference(made: bytes, stored: bytes, step: float) -> str:
    """Say in words how a file differs from what was made now; it starts with DIFFERENT if it matters.

    Another processor or library version may turn the rounding of a few heights or grey levels, or pack
    the same content into other bytes.
    """
    if made == stored:
        return "identical"
    now, before = _content(made), _content(stored)
    if now == before:
        return "identical content, packed by another version of zlib or libpng"
    payload = next((name for name in VALUES if name in now), None)
    if step == 0 or now.keys() != before.keys() or payload is None:
        return DIFFERENT
    kind, values = VALUES[payload]
    rest = [
        {name: _without_checksums(text) for name, text in files.items() if name not in (payload, VALID)}
        for files in (now, before)
    ]
    first, second = (np.frombuffer(files[payload], kind).astype(np.float64) for files in (now, before))
    if rest[0] != rest[1] or first.shape != second.shape:
        return f"{DIFFERENT}: in more than its {values}"
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    count = int((~same).sum())
    if count > MOST_ROUNDED * first.size or (np.abs(first[~same] - second[~same]) > 1.5 * step).any():
        return f"{DIFFERENT}: {count} of {first.size} {values}"
    return (
        f"equal up to rounding: {count} of {first.size} {values} differ by one step of {step:g} or are missing in "
        "one; another processor or library version does that"
    )


def _content(data: bytes) -> dict[str, bytes]:
    """Return what a file holds, freed of how it was packed."""
    if data.startswith(b"\x89PNG"):
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        return {} if picture is None else {PICTURE: picture.tobytes(), "shape": repr(picture.shape).encode()}
    try:
        return read_members(data)
    except FormatError:
        return {"": data}


def _without_checksums(content: bytes) -> bytes:
    return re.sub(rb"\b[0-9a-f]{32}\b", b"", content)


def registry(made: Iterable[Sample], contents: Mapping[str, bytes]) -> str:
    """Return registry.toml for the given contents of the files."""
    tables = ["# Written by make.py; changes belong there. comparisons.toml says what comparing the files gives."]
    tables += [sample.table(contents[sample.name]) for sample in made]
    return "\n\n".join(tables) + "\n"


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Make the samples again and compare; write nothing.")
    ] = False,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write, or to check.")] = HERE,
) -> None:
    """Make the samples and their registry anew, or check those of a folder."""
    made = list(samples())
    if check:
        raise typer.Exit(0 if _check(made, out) else 3)
    contents = {sample.name: sample.data for sample in made}
    for name, data in contents.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (out / REGISTRY).write_text(registry(made, contents), encoding="utf-8", newline="\n")
    typer.echo(f"{len(made)} files and {REGISTRY} written to {out}")


def _check(made: list[Sample], folder: Path) -> bool:
    """Report every file and whether all are what was made now."""
    stored = {sample.name: folder / sample.name for sample in made}
    contents = {name: path.read_bytes() for name, path in stored.items() if path.is_file()}
    reports = {
        sample.name: difference(sample.data, contents[sample.name], sample.step)
        if sample.name in contents
        else f"{DIFFERENT}: not there"
        for sample in made
    }
    expected = registry((sample for sample in made if sample.name in contents), contents)
    listed = folder / REGISTRY
    fits = listed.is_file() and listed.read_text(encoding="utf-8") == expected
    reports[REGISTRY] = "describes the files" if fits else f"{DIFFERENT}: does not describe the files"
    for name, report in reports.items():
        typer.echo(f"{name}: {report}")
    return not any(report.startswith(DIFFERENT) for report in reports.values())


if __name__ == "__main__":
    typer.run(main)
