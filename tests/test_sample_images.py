"""The sample scans and photographs: registered, made again, read, compared with the outcome beside them."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import typer

from ballistics.compare import compare
from ballistics.parameters import default_picture_set, default_set, default_striated_set
from ballistics.photographs.exhibit import PictureExhibit, prepare_photograph
from ballistics.photographs.pair import PictureComparison, compare_pictures
from ballistics.segment import segment
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison, compare_lands, lands_at_best_phase
from ballistics.striated.landset import open_bullet
from ballistics.striated.reading import signature_of
from imaging.errors import ImagingError
from imaging.files import open_surface
from imaging.formats.container import pack, read_members
from imaging.formats.x3p_records import PAYLOAD
from imaging.photo import Light
from imaging.photo_files import open_photo
from imaging.render import encode_png
from imaging.synthetic import cartridge_case

FOLDER = Path(__file__).parents[1] / "sample_images"
WRITTEN_BY_HAND = {
    ".gitattributes",
    "README.md",
    "bullets/barrel-1-bullet-4/lands.toml",
    "comparisons.toml",
    "make.py",
    "registry.toml",
    "sample.py",
    "striated.py",
}


def tables(name: str) -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


FILES = tables("registry.toml")["file"]
COMPARISONS = tables("comparisons.toml")["comparison"]
BULLETS, MARKS, PHOTOGRAPHS = (tables("comparisons.toml")[kind] for kind in ("bullets", "marks", "photographs"))


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The program as a module; it makes the samples once for all tests."""
    spec = importlib.util.spec_from_file_location("sample_images_make", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        spec.loader.exec_module(module)
    made = list(module.samples())
    module.samples = lambda: iter(made)
    return module


def test_every_file_is_registered_with_its_hash() -> None:
    found = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    found = {name for name in found if "__pycache__" not in name} - WRITTEN_BY_HAND
    assert found == {file["name"] for file in FILES}
    for file in FILES:
        data = (FOLDER / file["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"]), file["name"]
    photographs, scans = ([file for file in FILES if ("pixel_um" in file) is kind] for kind in (True, False))
    assert sum(file["bytes"] for file in scans) < 6_000_000
    assert sum(file["bytes"] for file in photographs) < 1_500_000
    assert {file["name"] for file in photographs} == {name for name in found if name.endswith(".png")}


def test_the_program_makes_these_files(make: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as done:
        make.main(check=True, out=FOLDER)
    assert done.value.exit_code == 0, capsys.readouterr().out


def test_the_check_tells_what_is_different(
    make: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make.main(out=tmp_path)
    (tmp_path / "gun-1-case-1.x3p").unlink()
    (tmp_path / "faulty" / "empty.x3p").write_bytes(b"no longer")
    with pytest.raises(typer.Exit) as done:
        make.main(check=True, out=tmp_path)
    assert done.value.exit_code == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "DIFFERENT" in line] == [
        "gun-1-case-1.x3p: DIFFERENT: not there",
        "faulty/empty.x3p: DIFFERENT",
        "registry.toml: DIFFERENT: does not describe the files",
    ]
    assert "gun-1-case-2.x3p: identical" in lines


def changed(make: ModuleType, data: bytes, steps: float, points: int) -> bytes:
    """Return a scan with some heights some steps of 10 nm higher and checksums that fit."""
    members = read_members(data)
    heights = np.frombuffer(members[PAYLOAD], "<f4").copy()
    heights[np.flatnonzero(np.isfinite(heights))[:points]] += np.float32(steps * 1e-8)
    edited: bytes = pack(make._edited({**members, PAYLOAD: heights.tobytes()}))
    return edited


def test_a_turned_rounding_is_told_from_other_heights(make: ModuleType) -> None:
    made = next(sample for sample in make.samples() if sample.name == "faulty/mirrored.x3p").data
    assert make.difference(made, pack(read_members(made), compress=False), 1e-8).startswith("identical content")
    assert make.difference(made, changed(make, made, 1, 3), 1e-8).startswith("equal up to rounding: 3 of 84100")
    for steps, points in ((2, 3), (1, 2000)):
        assert make.difference(made, changed(make, made, steps, points), 1e-8).startswith("DIFFERENT")
    members = read_members(made)
    other = pack(make._edited(members, ("1.25e-05", "1.26e-05")))
    assert make.difference(made, other, 1e-8) == "DIFFERENT: in more than its heights"
    assert make.difference(made, changed(make, made, 1, 3), 0.0) == "DIFFERENT"


def test_a_turned_grey_level_is_told_from_another_picture(make: ModuleType) -> None:
    made = next(sample for sample in make.samples() if sample.name.endswith("gun-3-head-1-ring.png")).data
    pixels = np.asarray(cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)
    _, loose = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    assert make.difference(made, loose.tobytes(), 1.0).startswith("identical content")

    def brighter(levels: int, count: int) -> bytes:
        other = pixels.copy()
        other.flat[np.flatnonzero(other < 200)[:count]] += np.uint8(levels)
        return encode_png(other)

    assert make.difference(made, brighter(1, 3), 1.0).startswith("equal up to rounding: 3 of 302500 grey levels")
    assert make.difference(made, brighter(2, 3), 1.0).startswith("DIFFERENT: 3 of 302500 grey levels")
    assert make.difference(made, brighter(1, 5000), 1.0).startswith("DIFFERENT")
    assert make.difference(made, encode_png(pixels[1:]), 1.0) == "DIFFERENT: in more than its grey levels"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_the_reader_says_what_is_registered(file: dict[str, Any]) -> None:
    path = FOLDER / file["name"]
    opened = open_photo if path.suffix == ".png" else open_surface
    if file["outcome"] == "refused":
        with pytest.raises(ImagingError, match=file["says"]) as caught:
            open_surface(path)
        assert str(path) in str(caught.value)
        return
    findings = opened(path).provenance.findings
    outcomes = [f"{finding.severity} {finding.code}" for finding in findings]
    assert (outcomes or ["opens"]) == [file["outcome"]]
    assert all(file["says"] in finding.message for finding in findings)


def told(case: dict[str, Any]) -> str:
    return f"{case['reference']} {case['questioned']} {case.get('accept', case.get('mirror', ''))}"


@pytest.mark.parametrize("case", COMPARISONS, ids=told)
def test_a_comparison_gives_what_is_registered(case: dict[str, Any]) -> None:
    scans = [open_surface(FOLDER / case[role]) for role in ("reference", "questioned")]
    result = compare(*scans, default_set(case.get("mark", "breech face")), accept=case.get("accept", ()))
    says = case.get("says", "")
    if "lowest" not in case and "highest" not in case:
        assert not result
        assert says in result.reason
        return
    assert result
    assert case.get("lowest", 0) <= result.score <= case.get("highest", result.cells)
    assert says in " ".join(result.warnings)
    assert bool(says) == any("mirror" in warning or "accepted" in warning for warning in result.warnings)
    if "angle_deg" in case:
        pose, pixel_um = result.alignment.pose, max(scans[1].spacing) * 1e6
        assert pose.angle_deg == pytest.approx(case["angle_deg"], abs=0.5)
        assert [pose.dx * 1e6, pose.dy * 1e6] == pytest.approx(case["shift_um"], abs=pixel_um)
        assert result.accf == pytest.approx(0.6, abs=0.08)


@pytest.mark.parametrize("case", BULLETS, ids=told)
def test_two_bullets_give_what_is_registered(case: dict[str, Any]) -> None:
    chosen = default_striated_set("bullet land")
    first, second = (open_bullet(FOLDER / case[role], chosen) for role in ("reference", "questioned"))
    result = compare_land_sets(first, second, chosen, mirror=case.get("mirror", False)).result
    assert isinstance(result, BulletComparison)
    assert case.get("lowest", 0.0) <= result.sequence_average <= case.get("highest", 1.0)
    check_warnings(result.warnings, case)
    if "lowest" in case:
        assert (result.phase + 1, result.direction) == (case["phase"], case["direction"])
        lands = lands_at_best_phase(result)
        assert len(lands) == case["pairs"]
        assert min(each.ccf for each in lands.values()) > 0.6
        assert result.other_phases < 0.5


@pytest.mark.parametrize("case", MARKS, ids=told)
def test_two_striated_marks_give_what_is_registered(case: dict[str, Any]) -> None:
    chosen = default_striated_set(case["mark"])
    scans = (open_surface(FOLDER / case[role]) for role in ("reference", "questioned"))
    first, second = (signature_of(scan, chosen) for scan in scans)
    result = compare_lands(first, second, chosen)
    if "lowest" not in case and "highest" not in case:
        assert not isinstance(result, LandComparison)
        check_warnings([result.reason], case)
        return
    assert isinstance(result, LandComparison)
    assert case.get("lowest", 0.0) <= result.ccf <= case.get("highest", 1.0)
    check_warnings(result.warnings, case)


def picture(name: str) -> PictureExhibit:
    """Prepare a photograph with the scale and the light that are registered."""
    file = next(file for file in FILES if file["name"] == name)
    light = Light(kind=file["light"], azimuth_deg=file.get("azimuth_deg"))
    photo = open_photo(FOLDER / name, pixel_um=file["pixel_um"], light=light)
    exhibit = prepare_photograph(photo, default_picture_set("breech face"))
    assert isinstance(exhibit, PictureExhibit)
    return exhibit


@pytest.mark.parametrize("case", PHOTOGRAPHS, ids=told)
def test_two_photographs_give_what_is_registered(case: dict[str, Any]) -> None:
    result = compare_pictures(picture(case["reference"]), picture(case["questioned"]))
    assert isinstance(result, PictureComparison)
    assert case.get("lowest", 0.0) <= result.score <= case.get("highest", 1.0)
    if "angle_deg" in case:
        assert result.angle_deg == pytest.approx(case["angle_deg"], abs=0.5)
        assert result.magnification == pytest.approx(1.0, abs=0.01)
    check_warnings(result.warnings, case)


def test_the_mirrored_photograph_is_the_mirror_image_of_its_neighbour() -> None:
    upright, mirrored = (
        open_photo(FOLDER / "photographs" / f"gun-3-head-2-{name}.png") for name in ("ring", "mirrored")
    )
    np.testing.assert_array_equal(mirrored.flip("x").pixels, upright.pixels)


def check_warnings(found: Sequence[str], case: dict[str, Any]) -> None:
    """Hold that the warnings are those that are registered, one for each."""
    says = case.get("says", [])
    assert len(found) == len(says), found
    for words, warning in zip(says, found, strict=True):
        assert words in warning


def test_the_breech_faces_of_the_raw_heads_are_found_where_they_are(make: ModuleType) -> None:
    for number, (seed, pose) in enumerate(make.HEAD_CASES, start=1):
        rng, gun = np.random.default_rng(seed), np.random.default_rng(30)
        _, truth = cartridge_case(rng, gun=gun, pose=pose, **make.HEAD)
        scan = open_surface(FOLDER / f"gun-3-head-{number}.x3p")
        found = segment(scan)
        face = truth.breech_face(scan)
        assert found.how == "found"
        assert (found.mask & face).sum() > 0.99 * found.mask.sum()
        assert (found.mask & face).sum() > 0.7 * face.sum()
        primer = found.circles["primer"]
        assert np.hypot(primer.x - truth.primer.x, primer.y - truth.primer.y) < 30e-6
