"""Journeys: the command as a person uses it, with every exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ballistics.cli import app
from ballistics.command.demonstration import make_cases
from ballistics.errors import OutputError
from ballistics.wording import CLOSING
from imaging.files import open_surface, write_x3p
from imaging.resample import flip
from imaging.surface import Finding, Surface
from imaging.synthetic import pair

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng
    known = pair(rng(5), correlation=0.7, angle_deg=25.0, shift_um=(40.0, -60.0), pixel_um=10.0)
    write_x3p(known.reference, folder / "a1.x3p")
    write_x3p(known.questioned, folder / "a2.x3p")
    write_x3p(pair(rng(6), same_source=False, pixel_um=10.0).reference, folder / "b1.x3p")
    doubtful = known.questioned.provenance.model_copy(
        update={"findings": (Finding(code="units-in-doubt", severity="doubt", message="is it?"),)}
    )
    write_x3p(replace(known.questioned, provenance=doubtful), folder / "doubtful.x3p")
    return folder


@pytest.fixture
def run() -> Run:
    def invoke(*args: Any, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in args])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


def _compare_json(run: Run, *args: Any, code: int = 0) -> dict[str, Any]:
    record = json.loads(run("compare", *args, "--json", code=code).stdout)
    assert isinstance(record, dict)
    return record


def test_compare_prints_the_table_and_the_limits(run: Run, scans: Path) -> None:
    result = run("compare", scans / "a1.x3p", scans / "a2.x3p")
    for text in ("Breech face:", "cells congruent", "consensus (score)", "original", "Correlation (ACCF)"):
        assert text in result.stdout
    assert "25.0° clockwise, shift +40, -60 µm" in result.stdout
    assert result.stdout.rstrip().endswith(CLOSING)
    assert not result.stderr


def test_compare_json_holds_the_contract(run: Run, scans: Path) -> None:
    record = _compare_json(run, scans / "a1.x3p", scans / "a2.x3p")
    assert {
        "contract", "comparable", "reason", "mark", "score", "counts", "cells", "accf", "pose", "parameters",
        "inputs", "warnings", "versions",
    } <= set(record)  # fmt: skip
    assert record["comparable"] is True
    assert record["score"] == {"name": "consensus", "value": record["counts"]["consensus"]}
    assert set(record["pose"]) == {"angle_deg", "dx_um", "dy_um"}
    assert record["pose"]["angle_deg"] == pytest.approx(25.0, abs=0.5)
    assert set(record["parameters"]) == {"name", "hash", "values"}
    assert [set(each) for each in record["inputs"]] == [{"path", "sha256", "pixel_um", "findings"}] * 2


def test_swapping_the_scans_changes_no_count(run: Run, scans: Path) -> None:
    one = _compare_json(run, scans / "a1.x3p", scans / "a2.x3p")
    other = _compare_json(run, scans / "a2.x3p", scans / "a1.x3p")
    assert one["counts"] == other["counts"]
    assert one["accf"] == other["accf"]
    assert one["pose"]["angle_deg"] == pytest.approx(-other["pose"]["angle_deg"])


def test_options_reach_the_comparison(run: Run, scans: Path) -> None:
    files = scans / "a1.x3p", scans / "a2.x3p"
    searched = _compare_json(run, *files, "--params", "song2018", "--exhaustive")
    assert searched["parameters"]["name"] == "song2018+exhaustive"
    assert searched["score"]["name"] == "original"
    refused = _compare_json(run, *files, "--mark", "firing pin", code=1)
    assert refused["parameters"]["name"] == "firing-pin-2026"
    run("compare", *files, "--units", "um", code=4)


def test_doubt_stops_the_comparison_until_it_is_accepted(run: Run, scans: Path) -> None:
    files = scans / "a1.x3p", scans / "doubtful.x3p"
    refused = _compare_json(run, *files, code=1)
    assert refused["comparable"] is False
    assert "units-in-doubt" in refused["reason"]
    assert refused["score"] is None
    result = run("compare", *files, code=1)
    assert not result.stdout
    assert "--accept" in result.stderr
    accepted = _compare_json(run, *files, "--accept", "units-in-doubt")
    assert any("units-in-doubt" in warning for warning in accepted["warnings"])


def test_report_is_written_once_and_never_over_an_input(run: Run, scans: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    files = scans / "a1.x3p", scans / "a2.x3p"
    run("compare", *files, "--report", page)
    before = page.read_bytes()
    assert "exists" in run("compare", *files, "--report", page, code=1).stderr
    assert page.read_bytes() == before
    run("compare", *files, "--report", page, "--force")
    scan = files[0].read_bytes()
    assert "input" in run("compare", *files, "--report", files[0], "--force", code=1).stderr
    assert files[0].read_bytes() == scan
    run("compare", *files, "--report", tmp_path / "nowhere" / "page.html", code=1)


def test_refused_comparison_gets_a_page_too(run: Run, scans: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("compare", scans / "a1.x3p", scans / "doubtful.x3p", "--report", page, code=1)
    assert "No comparison was made" in page.read_text(encoding="utf-8")


def test_mask_limits_the_comparison(run: Run, scans: Path, tmp_path: Path) -> None:
    files = scans / "a1.x3p", scans / "a2.x3p"
    mask = tmp_path / "mask.png"
    run("segment", files[0], "--out", mask)
    whole = _compare_json(run, *files)
    assert _compare_json(run, *files, "--mask-a", mask)["counts"] == whole["counts"]
    half = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    assert half is not None
    half[: len(half) // 2] = 0
    cv2.imwrite(str(mask), half)
    assert _compare_json(run, *files, "--mask-a", mask)["compared_cells"] < whole["compared_cells"]
    cv2.imwrite(str(mask), half[:50])
    assert "pixels" in run("compare", *files, "--mask-a", mask, code=1).stderr


def test_parameters_of_another_mark_are_wrong_usage(run: Run, scans: Path) -> None:
    files = scans / "a1.x3p", scans / "a2.x3p"
    run("compare", *files, "--params", "firing-pin-2026", "--mark", "breech face", code=2)
    assert "song2018" in run("compare", *files, "--params", "nonsense", code=2).stderr
    run("compare", *files, "--mark", "ejector", code=2)
    run("compare", files[0], code=2)


def _folder(path: Path) -> None:
    path.mkdir()


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("no scan")


def _missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize("make", [_folder, _empty, _text, _missing])
@pytest.mark.parametrize("command", ["compare", "show", "convert", "segment"])
def test_input_that_cannot_be_read_ends_with_4(
    run: Run, scans: Path, tmp_path: Path, make: Callable[[Path], None], command: str
) -> None:
    bad = tmp_path / "bad.x3p"
    make(bad)
    more: dict[str, list[Any]] = {
        "compare": [scans / "a1.x3p"],
        "show": [],
        "convert": [tmp_path / "out.x3p"],
        "segment": ["--out", tmp_path / "mask.png"],
    }
    result = run(command, bad, *more[command], code=4)
    assert not result.stdout
    assert result.stderr.startswith("Error: ")
    assert str(bad) in result.stderr.replace("\n", "")


def test_flat_scan_is_refused(run: Run, scans: Path, tmp_path: Path) -> None:
    write_x3p(Surface(heights=np.zeros((200, 200)), spacing=(1e-5, 1e-5)), tmp_path / "flat.x3p")
    assert _compare_json(run, scans / "a1.x3p", tmp_path / "flat.x3p", code=1)["comparable"] is False


def test_output_with_an_impossible_name_is_refused(run: Run, scans: Path, tmp_path: Path) -> None:
    long = tmp_path / ("a" * 300)
    run("show", scans / "a1.x3p", "--out", long, code=1)
    run("compare-all", scans, "--out", long, code=1)
    run("compare-all", long, "--out", tmp_path / "s.csv", code=4)


def test_result_is_told_although_the_page_cannot_be_written(
    run: Run, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OutputError("no room")

    monkeypatch.setattr("ballistics.report.write_report", fail)
    result = run("compare", scans / "a1.x3p", scans / "a2.x3p", "--report", tmp_path / "page.html", code=1)
    assert "cells congruent" in result.stdout
    assert "no room" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_told_and_is_no_bug() -> None:
    command = [sys.executable, "-m", "ballistics.cli", "params", "list"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert "no room" in result.stderr


def test_show_tells_facts_and_findings(run: Run, scans: Path, tmp_path: Path) -> None:
    result = run("show", scans / "a1.x3p", "--out", tmp_path / "a1.png")
    assert "10 µm" in result.stdout
    assert cv2.imread(str(tmp_path / "a1.png")) is not None
    facts = json.loads(run("show", scans / "a1.x3p", "--json").stdout)
    assert facts["pixel_um"] == [10.0, 10.0]
    assert facts["sha256"] == open_surface(scans / "a1.x3p").provenance.sha256
    run("show", scans / "a1.x3p", "--out", tmp_path / "a1.png", code=1)


def test_show_of_a_doubtful_file_ends_with_3(run: Run, scans: Path) -> None:
    assert "units-in-doubt" in run("show", scans / "doubtful.x3p", code=3).stdout
    facts = json.loads(run("show", scans / "doubtful.x3p", "--json", code=3).stdout)
    assert facts["findings"][0]["severity"] == "doubt"


def test_show_keeps_control_characters_off_the_terminal(run: Run, tmp_path: Path) -> None:
    scan = Surface(heights=np.eye(40) * 1e-6, spacing=(1e-5, 1e-5))
    evil = tmp_path / "a\x1b[31mb.x3p"
    write_x3p(scan, evil)
    assert "\x1b" not in run("show", evil).stdout


def test_convert_flips_turns_and_keeps_the_source(run: Run, scans: Path, tmp_path: Path) -> None:
    source, out = scans / "a1.x3p", tmp_path / "flipped.x3p"
    run("convert", source, out, "--flip", "y")
    np.testing.assert_array_equal(open_surface(out).heights, flip(open_surface(source), "y").heights)
    run("convert", source, out, code=1)
    run("convert", source, out, "--rotate", "90", "--force")
    assert "rotate 90 deg" in " ".join(open_surface(out).provenance.steps)
    run("convert", out, out, "--force", code=1)
    run("convert", source, tmp_path / "out.csv", code=2)
    run("convert", source, tmp_path / "no" / "out.x3p", code=1)


def test_mirrored_scan_is_turned_back_by_the_advice_that_is_given(run: Run, scans: Path, tmp_path: Path) -> None:
    mirrored, back = tmp_path / "mirrored.x3p", tmp_path / "back.x3p"
    run("convert", scans / "a2.x3p", mirrored, "--flip", "y")
    assert "--flip y" in run("compare", scans / "a1.x3p", mirrored).stdout
    run("convert", mirrored, back, "--flip", "y")
    assert (
        _compare_json(run, scans / "a1.x3p", back)["counts"]
        == _compare_json(run, scans / "a1.x3p", scans / "a2.x3p")["counts"]
    )


def test_segment_writes_a_mask_and_a_picture(run: Run, tmp_path: Path) -> None:
    case = make_cases(tmp_path)[0]
    mask, picture = tmp_path / "mask.png", tmp_path / "picture.png"
    result = run("segment", case, "--out", mask, "--picture", picture)
    assert "Primer" in result.stdout
    found = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    assert found is not None
    assert found.shape == open_surface(case).shape
    assert 0 < (found == 255).mean() < 0.5
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert (drawn[..., 0] != drawn[..., 2]).any()
    facts = json.loads(run("segment", case, "--out", mask, "--json", "--force").stdout)
    assert facts["circles"]["primer"]["radius_um"] > 1500
    run("segment", case, "--out", mask, code=1)
    before = mask.read_bytes()
    run("segment", case, "--out", mask, "--picture", tmp_path / "." / "mask.png", "--force", code=2)
    assert mask.read_bytes() == before
    assert (
        "picture of the scan" in run("compare", case, case, "--mask-a", mask, "--mask-b", picture, code=1).stderr
    )


def test_params_list_and_show(run: Run) -> None:
    assert "song2018" in run("params", "list").stdout
    listed = {each["name"]: each["hash"] for each in json.loads(run("params", "list", "--json").stdout)}
    shown = json.loads(run("params", "show", "song2018", "--json").stdout)
    assert shown["hash"] == listed["song2018"]
    assert "side_um" in run("params", "show", "song2018").stdout
    run("params", "show", "nonsense", code=2)


def test_compare_all_makes_a_row_a_pair(run: Run, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    result = run("compare-all", scans, "--out", out, "--jobs", "2")
    assert "6 pairs: 6 compared now, 0 were in the file; 3 of" in result.stderr
    assert not result.stdout
    assert "6 were in the file" in run("compare-all", scans, "--out", out).stderr
    assert "--force" in run("compare-all", scans, "--out", out, "--params", "song2018", code=1).stderr
    run("compare-all", tmp_path / "missing.txt", "--out", out, code=4)
    run("compare-all", scans, "--out", out, "--jobs", "0", code=2)


def test_demo_shows_two_comparisons_of_cases_and_two_of_bullets(run: Run, tmp_path: Path) -> None:
    result = run("demo", tmp_path / "demo")
    assert result.stdout.count("cells congruent") == 2
    assert result.stdout.count("Bullets: sequence average") == 2
    assert len(list((tmp_path / "demo").glob("*.x3p"))) == 3
    assert len(list((tmp_path / "demo").glob("*/*.x3p"))) == 18
    for page in ("same_gun.html", "other_gun.html", "same_barrel.html", "other_barrel.html"):
        assert (tmp_path / "demo" / page).stat().st_size > 1e5
    run("demo", tmp_path / "demo", code=1)


def test_bug_is_one_line_and_a_traceback_only_on_demand(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    def fail(path: object, **options: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("ballistics.command.source_file.open_surface", fail)
    result = run("show", "any.x3p", code=70)
    assert "Please report it" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    shown = CliRunner().invoke(app, ["--debug", "show", "any.x3p"])
    assert isinstance(shown.exception, ZeroDivisionError)


def test_stopping_a_batch_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, run: Run, scans: Path) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ballistics.batch.compare_all", stop)
    assert "goes on from there" in run("compare-all", scans, "--out", scans / "s.csv", code=130).stderr


def test_help_needs_no_heavy_library() -> None:
    check = (
        "import sys, ballistics.cli; heavy = {'numpy', 'cv2', 'scipy', 'pydantic', 'jinja2'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert CliRunner().invoke(app, ["--version"]).stdout.strip()


def test_installed_command_ends_with_the_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ballistics.cli", "show", str(tmp_path / "missing.x3p")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 4
    assert result.stderr.startswith("Error: ")
