"""Journeys: a population is built from marks of known origin, looked at, checked and used."""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ballistics.cli import app
from ballistics.evidence.about import TEMPLATE
from ballistics.evidence.population import read_population
from ballistics.evidence.seal import as_lines, seal_of, sha256_of
from ballistics.parameters import default_striated_set
from ballistics.score_table import COLUMNS
from imaging.files import write_x3p
from imaging.surface import Surface
from imaging.synthetic import toolmark

TOOLS, MARKS = 5, 4
ABOUT = """
name = "made-tools"
firearms = "invented screwdrivers"
notes = ["made for a test"]
[scanning]
scanner = "simulated"
instrument = "none"
maker = "none"
pixel_um = 6.25
[origin]
source = "made here"
licence = "CC0"
credit = "nobody"
made_by = "the tests"
"""


def run(*args: Any, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(each) for each in args])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tool_scans: Path) -> Path:
    """Marks of five tools, one scan that shows nothing, the truth about all, a description, and the population."""
    place = tmp_path_factory.mktemp("tools")
    shutil.copytree(tool_scans, place / "scans")
    lines = ["file,firearm,item"]
    for tool in range(TOOLS):
        for mark in range(MARKS):
            lines.append(f"t{tool}m{mark}.x3p,tool {tool},tool {tool} mark {mark}")
    write_x3p(Surface(heights=np.zeros((60, 60)), spacing=(5e-6, 5e-6)), place / "scans" / "blank.x3p")
    (place / "truth.csv").write_text("\n".join([*lines, "blank.x3p,tool 0,blank"]) + "\n")
    (place / "about.toml").write_text(ABOUT)
    build = run(
        "population", "build", place / "scans", *given(place), "--out", place / "pop.json", "--mark", "toolmark"
    )
    assert "20 pairs could not be compared" in build.stderr.replace("\n", "")
    return place


def given(place: Path) -> tuple[object, ...]:
    return "--truth", place / "truth.csv", "--about", place / "about.toml"


def test_a_folder_becomes_a_population_and_nothing_is_dropped_silently(folder: Path) -> None:
    made = read_population(folder / "pop.json")
    of, known = made.description, made.diagnostics
    chosen = default_striated_set("toolmark")
    assert (of.mark, of.parameters, of.parameter_hash) == ("toolmark", chosen.name, chosen.hash)
    assert tuple(made.pairs.scores) == ("ccf",)
    pairs = TOOLS * MARKS * (TOOLS * MARKS - 1) // 2
    assert known.known_matches == TOOLS * MARKS * (MARKS - 1) // 2
    assert known.known_matches + known.known_non_matches == pairs
    assert of.notes[0] == "made for a test"
    assert "20 pairs could not be compared and are left out (4 of one firearm, 16 of two)" in of.notes[1]


def test_building_again_goes_on_with_the_scores_that_are_kept(folder: Path) -> None:
    kept = folder / "pop.scores.csv"
    before = kept.stat().st_mtime_ns, read_population(folder / "pop.json").sha256
    common = ("population", "build", folder / "scans", *given(folder), "--out", folder / "pop.json")
    run(*common, code=1)
    run(*common, "--mark", "toolmark", "--force")
    assert (kept.stat().st_mtime_ns, read_population(folder / "pop.json").sha256) == before


def test_scores_that_exist_give_the_same_population(folder: Path, tmp_path: Path) -> None:
    scores = folder / "pop.scores.csv"
    run("population", "build", scores, *given(folder), "--out", tmp_path / "p.json", "--score", "ccf")
    assert read_population(tmp_path / "p.json").sha256 == read_population(folder / "pop.json").sha256
    run(
        *("population", "build", scores, *given(folder), "--out", tmp_path / "q.json"),
        *("--method", "kernel density", "--bound", "invariance"),
    )
    other = read_population(tmp_path / "q.json")
    assert (other.method.name, other.bounds.method) == ("kernel density", "invariance")


def test_counts_of_cells_can_be_weighed_alone_or_with_the_correlation(folder: Path, tmp_path: Path) -> None:
    """The columns are named by what they are, in the order that was asked for."""
    rng = np.random.default_rng(1)
    scores = tmp_path / "cells.csv"
    with scores.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        names = [f"t{tool}m{mark}.x3p" for tool in range(TOOLS) for mark in range(MARKS)]
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                same = first[:2] == second[:2]
                count = int(rng.integers(8, 25) if same else rng.integers(0, 9))
                writer.writerow([first, second, True, count, 30, round(count / 30, 3), 0, 0, 0, 0, ""])
    record = json.loads((folder / "pop.scores.csv.json").read_text())
    record["parameters"]["values"]["cells"] = {"side_um": 400}
    record["score"] = "consensus"
    common = ("population", "build", scores, *given(folder), "--force")
    refused = run(*common, "--out", tmp_path / "p.json", code=1).stderr
    assert "nobody knows what the scores" in refused
    (tmp_path / "cells.csv.json").write_text(json.dumps(record))
    for score, columns, kind in (
        (None, ("count", "cells"), "cell count"),
        ("accf", ("accf",), "one score"),
        ("count+accf", ("count", "accf"), "several scores"),
    ):
        run(*common, "--out", tmp_path / "p.json", *(("--score", score) if score else ()))
        made = read_population(tmp_path / "p.json")
        assert (tuple(made.pairs.scores), made.description.score) == (columns, kind)
    said = run(*common, "--out", tmp_path / "p.json", "--score", "ccf", code=1).stderr
    assert "expected one of count, accf" in said
    said = run(*common, "--out", tmp_path / "p.json", "--method", "isotonic", code=1).stderr
    assert "beta-binomial or binomial" in said


def test_the_template_is_refused_until_it_is_filled_in(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "about.toml"
    run("population", "about", place)
    assert place.read_text() == TEMPLATE
    assert set(tomllib.loads(TEMPLATE)) == {"name", "firearms", "notes", "scanning", "origin"}
    run("population", "about", place, code=1)
    scores, out = folder / "pop.scores.csv", tmp_path / "p.json"
    common = ("population", "build", scores, "--truth", folder / "truth.csv", "--about", place, "--out", out)
    assert "name" in run(*common, code=1).stderr
    place.write_text(ABOUT.replace('maker = "none"', 'marker = "none"'))
    assert "scanning.maker" in run(*common, code=1).stderr
    place.write_text("name = ")
    assert "cannot be read" in run(*common, code=4).stderr
    assert not out.exists()


def test_wrong_files_are_named(folder: Path, tmp_path: Path) -> None:
    scores, out = folder / "pop.scores.csv", tmp_path / "p.json"
    common = ("--about", folder / "about.toml", "--out", out)
    swapped = run("population", "build", folder / "truth.csv", "--truth", scores, *common, code=1)
    assert "no column 'file'" in swapped.stderr
    short = tmp_path / "short.csv"
    short.write_text("file,firearm\nt0m0.x3p,tool 0\n")
    assert "add a" in run("population", "build", scores, "--truth", short, *common, code=1).stderr
    run("population", "build", folder / "pop.json", "--truth", short, *common, code=2)
    run("population", "build", scores, "--truth", folder / "truth.csv", *common, "--mark", "toolmark", code=2)
    own = run("population", "build", scores, *given(folder), "--out", folder / "truth.csv", "--force", code=1)
    assert "itself an input" in own.stderr


def test_list_show_and_check(folder: Path, tmp_path: Path) -> None:
    assert "synthetic-breech-face" in run("population", "list").stdout
    listed = json.loads(run("population", "list", "--json").stdout)
    assert {each["description"]["name"] for each in listed} >= {"fadul-breech-face", "weller-breech-face"}
    shown = run("population", "show", folder / "pop.json", "--picture", tmp_path / "p.svg").stdout
    for text in (read_population(folder / "pop.json").sha256, "tool 0, tool 1", "invented screwdrivers", "Cllr"):
        assert text in shown
    assert "could not be compared" in shown
    assert (tmp_path / "p.svg").read_text().startswith("<svg")
    run("population", "show", folder / "pop.json", "--picture", tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    run("population", "show", folder / "pop.json", "--picture", tmp_path / "p.jpg", code=2)
    facts = json.loads(run("population", "show", folder / "pop.json", "--json").stdout)
    assert facts["firearm_names"] == [f"tool {tool}" for tool in range(TOOLS)]
    assert "hash fits" in run("population", "check", folder / "pop.json").stdout


def test_check_finds_an_edit_and_a_set_that_is_no_more(folder: Path, tmp_path: Path) -> None:
    content = json.loads((folder / "pop.json").read_text())
    content["diagnostics"]["ties"] = 99
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(content))
    assert "hash of diagnostics" in run("population", "check", edited, code=3).stdout
    record = json.loads((folder / "pop.scores.csv.json").read_text())
    record["parameters"]["hash"] = "0" * 64
    (tmp_path / "old.csv").write_bytes((folder / "pop.scores.csv").read_bytes())
    (tmp_path / "old.csv.json").write_text(json.dumps(record))
    run("population", "build", tmp_path / "old.csv", *given(folder), "--out", tmp_path / "old.json")
    found = json.loads(run("population", "check", tmp_path / "old.json", "--json", code=3).stdout)
    assert "under 000000000000: build it anew" in found["problems"][0]


def test_check_finds_figures_that_do_not_follow_from_the_pairs_though_the_hashes_fit(
    folder: Path, tmp_path: Path
) -> None:
    content = json.loads((folder / "pop.json").read_text())
    content["bounds"]["upper"] = 9.0
    content["diagnostics"] |= {"firearms": 40, "cllr": 0.001}
    parts = {name: part for name, part in content.items() if name not in ("seal", "sha256")}
    seal = seal_of(parts)
    (tmp_path / "forged.json").write_bytes(as_lines({**parts, "seal": seal, "sha256": sha256_of(seal)}))
    found = json.loads(run("population", "check", tmp_path / "forged.json", "--json", code=3).stdout)["problems"]
    assert [text.split(" from the pairs")[0] for text in found] == [
        f"its bounds are {content['bounds']['lower']:.2f} and 9.00, those that follow",
        "its firearms is 40,",
        "its cllr is 0.001,",
    ]


def test_a_population_weighs_a_comparison_of_such_marks(folder: Path, tmp_path: Path) -> None:
    known = folder / "scans" / "t4m0.x3p", folder / "scans" / "t4m1.x3p"
    marks = tmp_path / "new0.x3p", tmp_path / "new1.x3p"
    for number, place in enumerate(marks):
        rng, own = np.random.default_rng([8, number]), np.random.default_rng(104)
        scan, _ = toolmark(rng, tool=own, correlation=0.8, pixel_um=6.25, shape=(80, 240))
        write_x3p(scan, place)
    asked = ("--mark", "toolmark", "--reference", folder / "pop.json", "--scanner", "simulated", "--json")
    found = json.loads(run("compare-lands", *marks, *asked).stdout)["evidence"]
    assert found["likelihood_ratio"]["log10_lr"] > 0.5
    assert found["score"].keys() == {"ccf"}
    taken = json.loads(run("compare-lands", *marks, *asked, "--firearm", "Tool 4").stdout)["evidence"]
    assert taken["likelihood_ratio"] is None
    assert "Tool 4" in taken["reasons"]["case firearm"]
    inside = json.loads(run("compare-lands", *known, *asked, "--firearm", "K12").stdout)["evidence"]
    assert inside["reasons"].keys() == {"case firearm"}
    assert "tool 4 mark 0 (tool 4), tool 4 mark 1 (tool 4)" in inside["reasons"]["case firearm"]
