"""Journeys: signature, compare-lands, compare-bullets and compare-all as a person uses them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ballistics.cli import app
from ballistics.segment import Segmentation, mask_png
from ballistics.striated.wording import CLOSING
from imaging.files import open_surface, write_x3p
from imaging.resample import isotropic
from imaging.surface import Surface
from imaging.synthetic import breech_face, toolmark

Run = Callable[..., Result]
CONTRACT = {
    "contract", "comparable", "reason", "mark", "score", "counts", "compared_cells", "cells", "accf", "pose",
    "parameters", "inputs", "warnings", "versions",
}  # fmt: skip


@pytest.fixture
def run() -> Run:
    def invoke(*args: Any, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in args])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def spoilt(bullets: Path, tmp_path: Path) -> Path:
    """A copy of a bullet, to spoil."""
    return shutil.copytree(bullets / "one", tmp_path / "spoilt")


def record(run: Run, *args: Any, code: int = 0) -> dict[str, Any]:
    found = json.loads(run(*args, "--json", code=code).stdout)
    assert isinstance(found, dict)
    return found


def land(bullets: Path, bullet: str, number: int) -> Path:
    return bullets / bullet / f"{bullet}_Land{number}.x3p"


def test_signature_prints_what_was_found_and_writes_the_heights(run: Run, bullets: Path, tmp_path: Path) -> None:
    scan, out = land(bullets, "one", 1), tmp_path / "s.csv"
    result = run("signature", scan, "--out", out)
    for text in ("bullet land", "Crosscut", "Shoulders", "Roughness (Rq)", "bullet-land-2026"):
        assert text in result.stdout
    with out.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    facts = record(run, "signature", scan)
    heights = facts["heights_um"]
    assert facts["made"] is True
    assert facts["signature"]["points"] == len(heights) == len(rows)
    assert float(rows[0]["place_um"]) == pytest.approx(facts["signature"]["start_um"], abs=1e-3)
    assert float(rows[9]["height_um"]) == pytest.approx(heights[9], abs=1e-6)
    assert "exists" in run("signature", scan, "--out", out, code=1).stderr
    run("signature", scan, "--out", out, "--force")


def test_signature_by_hand_and_wrong_places(run: Run, bullets: Path) -> None:
    scan = land(bullets, "one", 1)
    facts = record(run, "signature", scan, "--row", "450", "--shoulders", "500,1500")["signature"]
    assert facts["shoulders_um"] == [500.0, 1500.0]
    assert facts["crosscut_um"][0] <= 450 <= facts["crosscut_um"][1]
    assert "5000 um" in run("signature", scan, "--row", "5000", code=1).stderr
    for wrong in ("500", "a,b", "9,5", "1,2,3", "nan,5"):
        run("signature", scan, "--shoulders", wrong, code=2)
    run("signature", scan, "--params", "song2018", code=2)
    run("signature", scan, "--params", "bullet-land-2026", "--mark", "toolmark", code=2)
    run("signature", scan, "--report", "a.html", "--out", "a.html", code=2)
    assert ".html" in run("signature", scan, "--report", "a.pdf", code=2).stderr


@pytest.fixture
def masks(bullets: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A mask of the middle of land 1 of the first bullet, and one of another size."""
    scan = open_surface(land(bullets, "one", 1))
    keep = np.zeros(scan.shape, np.bool_)
    keep[:, 150:600] = True
    paths = tmp_path / "middle.png", tmp_path / "small.png"
    for path, mask in zip(paths, (keep, keep[:20, 140:160]), strict=True):
        path.write_bytes(mask_png(Segmentation(scan=scan, mask=mask, how="given", circles={})))
    return paths


def test_signature_takes_a_mask(run: Run, bullets: Path, masks: tuple[Path, Path]) -> None:
    scan = land(bullets, "one", 1)
    facts = record(run, "signature", scan, "--mask", masks[0])
    spacing_um = open_surface(scan).pixel_um
    assert facts["signature"]["start_um"] > 150 * spacing_um
    assert facts["signature"]["points"] * facts["signature"]["spacing_um"] < 450 * spacing_um
    assert "20 x 20 pixels" in run("signature", scan, "--mask", masks[1], code=1).stderr
    assert "input" in run("signature", scan, "--mask", masks[0], "--out", masks[0], "--force", code=1).stderr


def test_compare_lands_by_hand(run: Run, bullets: Path, masks: tuple[Path, Path]) -> None:
    files = land(bullets, "one", 1), land(bullets, "one", 1)
    hand = "--row-a", "450", "--shoulders-a", "500,1500", "--row-b", "300", "--shoulders-b", "400,1600"
    first, second = (each["signature"] for each in record(run, "compare-lands", *files, *hand)["inputs"])
    assert (first["shoulders_um"], second["shoulders_um"]) == ([500.0, 1500.0], [400.0, 1600.0])
    assert first["crosscut_um"][0] <= 450 <= first["crosscut_um"][1]
    assert second["crosscut_um"][0] <= 300 <= second["crosscut_um"][1]
    for side in (0, 1):
        found = record(run, "compare-lands", *files, f"--mask-{'ab'[side]}", masks[0])["inputs"]
        assert [("masked by hand" in each["steps"]) for each in found] == [side == 0, side == 1]
        assert found[side]["signature"]["points"] < found[1 - side]["signature"]["points"]
    assert "--shoulders-b" in run("compare-lands", *files, "--shoulders-b", "9,5", code=2).stderr
    assert "5000 um" in run("compare-lands", *files, "--row-a", "5000", code=1).stderr
    assert "20 x 20 pixels" in run("compare-lands", *files, "--mask-b", masks[1], code=1).stderr


def test_every_kind_of_striated_mark_has_its_set(run: Run, tmp_path: Path) -> None:
    small = toolmark(np.random.default_rng(1), shape=(96, 300))[0]
    write_x3p(small, tmp_path / "small.x3p")
    for kind, name in (
        ("aperture shear", "aperture-shear-2026"),
        ("firing pin drag", "firing-pin-drag-2026"),
        ("ejector mark", "ejector-mark-2026"),
    ):
        facts = record(run, "signature", tmp_path / "small.x3p", "--mark", kind)
        assert (facts["mark"], facts["parameters"]["name"]) == (kind, name)
    write_x3p(toolmark(np.random.default_rng(1))[0], tmp_path / "large.x3p")
    facts = record(run, "signature", tmp_path / "large.x3p", "--mark", "extractor mark")
    assert (facts["mark"], facts["parameters"]["name"]) == ("extractor mark", "extractor-mark-2026")
    pair = record(run, "compare-lands", *[tmp_path / "small.x3p"] * 2, "--mark", "aperture shear")
    assert pair["mark"] == "aperture shear"


def test_signature_of_a_toolmark_and_of_nothing(run: Run, tmp_path: Path) -> None:
    write_x3p(toolmark(np.random.default_rng(1), pixel_um=3.125, shape=(160, 480))[0], tmp_path / "tool.x3p")
    facts = record(run, "signature", tmp_path / "tool.x3p", "--mark", "toolmark")
    assert facts["mark"] == "toolmark"
    assert facts["signature"]["shoulders_um"] is None
    write_x3p(Surface(heights=np.zeros((200, 700)), spacing=(3e-6, 3e-6)), tmp_path / "flat.x3p")
    refused = record(run, "signature", tmp_path / "flat.x3p", code=1)
    assert (refused["made"], refused["signature"], refused["heights_um"]) == (False, None, [])
    page, out = tmp_path / "page.html", tmp_path / "flat.csv"
    result = run("signature", tmp_path / "flat.x3p", "--report", page, "--out", out, code=1)
    assert result.stderr.splitlines()[-1].startswith("No signature: ")
    assert "No signature was made" in page.read_text(encoding="utf-8")
    assert not out.exists()


def test_compare_lands_prints_the_table_and_the_limits(run: Run, bullets: Path) -> None:
    result = run("compare-lands", land(bullets, "one", 1), land(bullets, "two", 5 + 1))
    for text in ("Bullet land: correlation", "Lag of the questioned", "Longest run (CMS)", "Matching striae"):
        assert text in result.stdout
    assert result.stdout.rstrip().endswith(CLOSING)


def test_compare_lands_json_keeps_the_contract(run: Run, bullets: Path) -> None:
    files = land(bullets, "one", 3), land(bullets, "two", 1)
    found = record(run, "compare-lands", *files)
    assert set(found) >= CONTRACT | {"lag_um", "overlap", "mirrored", "striae"}
    assert found["score"]["name"] == "ccf"
    assert found["score"]["value"] > 0.6
    assert (found["pose"], found["accf"], found["cells"]) == (None, None, [])
    assert found["counts"]["cms"] == found["striae"]["cms"] == max(found["striae"]["runs"])
    assert [each["role"] for each in found["inputs"]] == ["reference", "questioned"]
    assert found["inputs"][0]["sha256"] == open_surface(files[0]).provenance.sha256
    assert found["inputs"][0]["signature"]["shoulder_confidence"] > 0
    other = record(run, "compare-lands", *files[::-1])
    assert other["score"]["value"] == pytest.approx(found["score"]["value"], abs=2e-6)
    assert other["lag_um"] == pytest.approx(-found["lag_um"], abs=0.01)


def test_compare_lands_mirrors_on_request(run: Run, bullets: Path) -> None:
    files = land(bullets, "one", 2), land(bullets, "mirrored", 1)
    plain = record(run, "compare-lands", *files)
    turned = record(run, "compare-lands", *files, "--mirror")
    assert any("--mirror" in warning for warning in plain["warnings"])
    assert (plain["mirrored"], turned["mirrored"]) == (False, True)
    assert turned["score"]["value"] > plain["score"]["value"] + 0.2


def test_compare_lands_refuses_what_holds_no_striae(run: Run, bullets: Path, tmp_path: Path) -> None:
    write_x3p(Surface(heights=np.zeros((200, 700)), spacing=(3e-6, 3e-6)), tmp_path / "flat.x3p")
    files = land(bullets, "one", 1), tmp_path / "flat.x3p"
    found = record(run, "compare-lands", *files, code=1)
    assert found["comparable"] is False
    assert "flat.x3p" in found["reason"]
    assert found["inputs"][1]["reason"]
    page = tmp_path / "page.html"
    assert "Not comparable" in run("compare-lands", *files, "--report", page, code=1).stderr
    assert "No comparison was made" in page.read_text(encoding="utf-8")
    (tmp_path / "text.x3p").write_text("no scan")
    run("compare-lands", files[0], tmp_path / "text.x3p", code=4)


def test_compare_bullets_prints_matrix_phase_and_limits(run: Run, bullets: Path) -> None:
    result = run("compare-bullets", bullets / "one", bullets / "two")
    for text in (
        "Bullets: sequence average 0.",
        "reference land 1 faces questioned land 5, 5 land pairs",
        "0.017 is the smallest possible for 6 lands",
        "the highest land number found, not stated",
        "In brackets: the land pairs of the best phase",
        "Warning: two: no scan of land 5",
        "CMS",
    ):
        assert text in result.stdout
    assert result.stdout.count("[") == 6
    assert result.stdout.rstrip().endswith(CLOSING)


def test_compare_bullets_json_keeps_the_contract_and_adds_the_bullet(run: Run, bullets: Path) -> None:
    found = record(run, "compare-bullets", bullets / "one", bullets / "two")
    added = {
        "phase", "direction", "sequence_average", "other_phases", "p_value", "lands", "mirrored", "pairs",
        "averages", "smallest_p_value", "number_of_lands", "lands_stated",
    }  # fmt: skip
    assert set(found) >= CONTRACT | added
    assert found["score"] == {"name": "sequence_average", "value": found["sequence_average"]}
    assert (found["phase"], found["direction"], found["mirrored"]) == (4, "same", False)
    assert (found["number_of_lands"], found["lands_stated"]) == (6, False)
    assert found["p_value"] >= found["smallest_p_value"] == pytest.approx(12 / 720)
    for name in ("ccf", "lag_um", "overlap"):
        matrix = found["lands"][name]
        assert [len(row) for row in matrix] == [6] * 6
        assert [row[4] for row in matrix] == [None] * 6
        assert sum(value is None for row in matrix for value in row) == 6
    assert found["averages"]["same"][4] == found["sequence_average"]
    assert len(found["pairs"]) == 5
    keys = {"reference_land", "questioned_land", "ccf", "lag_um", "overlap", "stretch", "striae"}
    assert keys | {"cmps", "chumbley"} == set(found["pairs"][0])
    assert all(each["cmps"]["forward"]["count"] > 3 for each in found["pairs"])
    lands = [(each["role"], each["land"]) for each in found["inputs"]]
    assert lands == [("reference", n) for n in range(1, 7)] + [("questioned", n) for n in (1, 2, 3, 4, 6)]
    assert all(each["sha256"] for each in found["inputs"])


def test_swapping_bullets_changes_no_average(run: Run, bullets: Path) -> None:
    one = record(run, "compare-bullets", bullets / "one", bullets / "two")
    other = record(run, "compare-bullets", bullets / "two", bullets / "one")
    assert one["sequence_average"] == pytest.approx(other["sequence_average"], abs=2e-6)
    assert one["p_value"] == other["p_value"]


def test_compare_bullets_mirrors_on_request(run: Run, bullets: Path) -> None:
    folders = bullets / "one", bullets / "mirrored"
    plain = record(run, "compare-bullets", *folders)
    turned = record(run, "compare-bullets", *folders, "--mirror")
    assert any("--mirror" in warning for warning in plain["warnings"])
    assert turned["mirrored"] is True
    assert turned["sequence_average"] > plain["sequence_average"] + 0.2


def test_another_barrel_agrees_less(run: Run, bullets: Path) -> None:
    known = record(run, "compare-bullets", bullets / "one", bullets / "two")
    other = record(run, "compare-bullets", bullets / "one", bullets / "other")
    assert known["sequence_average"] > other["sequence_average"] + 0.2


def test_stated_lands_that_differ_are_a_class_difference(run: Run, bullets: Path, tmp_path: Path) -> None:
    text = "".join(f'[[land]]\nfile = "{land(bullets, "two", n)}"\nnumber = {n}\n' for n in (1, 2, 3))
    (tmp_path / "five.toml").write_text(f"lands = 5\n{text}")
    found = record(run, "compare-bullets", bullets / "one", tmp_path / "five.toml", code=1)
    assert found["comparable"] is False
    assert found["reason"] == "class difference: 6 lands on one, 5 on five"
    assert found["lands"] is None
    assert len(found["inputs"]) == 9
    assert record(run, "compare-bullets", bullets / "one", bullets / "two", "--lands", "7")["lands_stated"] is True


def test_doubt_about_a_set_stops_until_it_is_accepted(
    run: Run, bullets: Path, spoilt: Path, tmp_path: Path
) -> None:
    path = spoilt / "one_Land2.x3p"
    write_x3p(isotropic(open_surface(path), pixel_um=4.0), path, overwrite=True)
    folders = spoilt, bullets / "two"
    found = record(run, "compare-bullets", *folders, code=1)
    assert "mixed-pixels" in found["reason"]
    assert len(found["inputs"]) == 11
    page = tmp_path / "page.html"
    result = run("compare-bullets", *folders, "--report", page, code=1)
    assert "--accept" in result.stderr
    assert not result.stdout
    assert "mixed-pixels" in page.read_text(encoding="utf-8")
    accepted = record(run, "compare-bullets", *folders, "--accept", "mixed-pixels")
    assert any("in spite of mixed-pixels" in warning for warning in accepted["warnings"])


def _no_groove(folder: Path) -> None:
    path = folder / "one_Land2.x3p"
    scan = open_surface(path)
    inner = scan.heights[:, 120:-120]
    write_x3p(scan.derive(np.ascontiguousarray(inner), step="cut"), path, overwrite=True)


def _flat_land(folder: Path) -> None:
    path = folder / "one_Land2.x3p"
    scan = open_surface(path)
    write_x3p(scan.derive(np.zeros(scan.shape), step="flat"), path, overwrite=True)


def _other_study(folder: Path) -> None:
    (folder / "one_Land2.x3p").rename(folder / "H44_Land2.x3p")


@pytest.mark.parametrize(
    ("spoil", "text"),
    [(_no_groove, "land 2: no groove on"), (_flat_land, "land 2 is left out"), (_other_study, "'H44_'")],
)
def test_findings_are_told_and_do_not_stop(
    run: Run, bullets: Path, spoilt: Path, spoil: Callable[[Path], None], text: str
) -> None:
    spoil(spoilt)
    assert text in run("compare-bullets", spoilt, bullets / "two").stdout


def _single(folder: Path) -> None:
    for number in range(2, 7):
        (folder / f"one_Land{number}.x3p").unlink()


def _twice(folder: Path) -> None:
    shutil.copy(folder / "one_Land1.x3p", folder / "copy_Land1.x3p")


def _case(folder: Path) -> None:
    write_x3p(breech_face(np.random.default_rng(4), pixel_um=3.125), folder / "one_Land4.x3p", overwrite=True)


def _unnumbered(folder: Path) -> None:
    (folder / "one_Land6.x3p").rename(folder / "case.x3p")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (_single, "one land; two or more"),
        (_twice, "Two scans of land 1"),
        (_case, "not-a-land"),
        (_unnumbered, "No land number found in case.x3p"),
        (_empty, "holds no scans"),
    ],
)
def test_bad_folders_end_with_1_and_say_why(
    run: Run, bullets: Path, spoilt: Path, spoil: Callable[[Path], None], text: str
) -> None:
    spoil(spoilt)
    result = run("compare-bullets", spoilt, bullets / "two", code=1)
    assert not result.stdout
    assert text in result.stderr


def test_bad_lists_and_paths(run: Run, bullets: Path, spoilt: Path, tmp_path: Path) -> None:
    (tmp_path / "typo.toml").write_text('[[land]]\nfiel = "a.x3p"\nnumber = 1\n')
    said = run("compare-bullets", tmp_path / "typo.toml", bullets / "two", code=1).stderr
    assert "line 2" in said
    assert "unknown key 'fiel'; the keys are file, number, mirror, row_um, shoulders_um, mask" in said.replace(
        "\n", " "
    )
    run("compare-bullets", tmp_path / "none", bullets / "two", code=4)
    run("compare-bullets", land(bullets, "one", 1), bullets / "two", code=1)
    run("compare-bullets", bullets / "one", bullets / "two", "--lands", "2", code=1)
    run("compare-bullets", bullets / "one", bullets / "two", "--params", "toolmark-2026", code=2)
    run("compare-bullets", bullets / "one", code=2)
    (spoilt / "one_Land1.x3p").write_text("no scan")
    run("compare-bullets", spoilt, bullets / "two", code=4)


def test_reports_never_replace_a_scan(run: Run, bullets: Path, spoilt: Path, tmp_path: Path) -> None:
    scan = spoilt / "one_Land1.x3p"
    before = scan.read_bytes()
    assert "input" in run("compare-bullets", spoilt, bullets / "two", "--report", scan, "--force", code=1).stderr
    assert "input" in run("signature", scan, "--report", scan, "--force", code=1).stderr
    assert scan.read_bytes() == before
    page = tmp_path / "page.html"
    run("compare-bullets", spoilt, bullets / "two", "--report", page)
    assert "exists" in run("compare-bullets", spoilt, bullets / "two", "--report", page, code=1).stderr


def test_params_hold_the_striated_sets(run: Run) -> None:
    assert "bullet-land-2026" in run("params", "list").stdout
    listed = {each["name"]: each for each in json.loads(run("params", "list", "--json").stdout)}
    assert listed["toolmark-2026"]["mark"] == "toolmark"
    assert "long_um" in run("params", "show", "bullet-land-2026").stdout
    shown = json.loads(run("params", "show", "bullet-land-2026", "--json").stdout)
    assert shown["hash"] == listed["bullet-land-2026"]["hash"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_compare_all_finds_bullets_and_lands_by_what_the_scans_show(
    run: Run, bullets: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bullets.csv"
    assert "every bullet" in run("compare-all", bullets, "--out", out, "--jobs", "1").stderr
    rows = _rows(out)
    assert len(rows) == 6
    pair = next(row for row in rows if {Path(row[k]).name for k in ("reference", "questioned")} == {"one", "two"})
    found = record(run, "compare-bullets", pair["reference"], pair["questioned"])
    assert float(pair["score"]) == found["sequence_average"]
    assert (pair["angle_deg"], pair["dx_um"], pair["accf"]) == ("", "", "")
    assert "no scan of land 5" in pair["reason"]
    assert "score" in run("compare-all", bullets, "--mark", "bullet land", "--out", out, code=1).stderr
    lands = tmp_path / "lands.csv"
    assert "every land" in run("compare-all", bullets / "one", "--out", lands).stderr
    rows = _rows(lands)
    assert len(rows) == 15
    found = record(run, "compare-lands", rows[0]["reference"], rows[0]["questioned"])
    assert float(rows[0]["score"]) == pytest.approx(found["score"]["value"], abs=1e-6)
    assert float(rows[0]["dx_um"]) == pytest.approx(found["lag_um"], abs=1e-3)


def test_compare_all_takes_bullets_of_a_list_and_records_what_cannot_be_read(
    run: Run, bullets: Path, spoilt: Path, tmp_path: Path
) -> None:
    _twice(spoilt)
    listed = tmp_path / "list.txt"
    listed.write_text(f"{bullets / 'one'}\n{bullets / 'two'}\n{spoilt}\n")
    out = tmp_path / "scores.csv"
    run("compare-all", listed, "--mark", "bullet", "--out", out)
    rows = _rows(out)
    assert [row["comparable"] for row in rows].count("True") == 1
    assert sum("Two scans of land 1" in row["reason"] for row in rows) == 2
    run("compare-all", listed, "--mark", "bullet", "--params", "song2018", "--out", out, code=2)
    run("compare-all", listed, "--mark", "bullet", "--exhaustive", "--out", out, code=2)
    scan = land(bullets, "one", 1)
    assert "input" in run("compare-all", listed, "--mark", "bullet", "--out", scan, "--force", code=1).stderr


def test_compare_all_leaves_cartridge_cases_to_the_breech_face(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    for seed in (1, 2):
        write_x3p(breech_face(np.random.default_rng(seed), pixel_um=12.5), tmp_path / "cases" / f"L{seed}.x3p")
    run("compare-all", tmp_path / "cases", "--out", tmp_path / "s.csv")
    record_file = json.loads((tmp_path / "s.csv.json").read_text())
    assert record_file["parameters"]["name"] == "breech-face-2026"
