"""Journeys: a method is tried on marks of known origin, stopped, gone on with, checked and reported again."""

from __future__ import annotations

import csv
import json
import shutil
import time
import tomllib
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import ballistics.batch
import ballistics.command.validate_command
import ballistics.validation.recording
from ballistics.cli import app
from ballistics.command.batch_scores import holds_scores
from ballistics.evidence.shipped import open_population
from ballistics.parameters import parameter_set
from ballistics.score_table import COLUMNS, Conditions
from ballistics.validation.contract import read_validation
from ballistics.validation.criteria import KINDS, TEMPLATE, read_criteria

TOOLS, MARKS = 5, 4
ASKED = 'author = "A. Quality"\ndate = 2026-01-02\npurpose = "Made tools"\n[criteria]\n'


def run(*args: Any, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(each) for each in args])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tool_scans: Path) -> Path:
    """Marks of five tools, the truth about them, and a validation."""
    place = tmp_path_factory.mktemp("tools")
    shutil.copytree(tool_scans, place / "scans")
    lines = ["file,firearm,item,study"]
    for tool in range(TOOLS):
        for mark in range(MARKS):
            lines.append(f"t{tool}m{mark}.x3p,tool {tool},tool {tool} mark {mark},bench {tool % 2}")
    (place / "truth.csv").write_text("\n".join(lines) + "\n")
    (place / "asked.toml").write_text(f"{ASKED}cllr = {{at_most = 0.9}}\n")
    run(*validate(place), "--criteria", place / "asked.toml", "--mark", "toolmark")
    return place


def validate(place: Path, out: str = "out") -> tuple[object, ...]:
    return "validate", place / "scans", "--truth", place / "truth.csv", "--out", place / out


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counts of cells of invented marks, the truth about them, and a validation; no scan is read."""
    tmp_path = tmp_path_factory.mktemp("scores")
    rng = np.random.default_rng(1)
    names = [f"g{gun}s{shot}.x3p" for gun in range(8) for shot in range(3)]
    with (tmp_path / "scores.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                count = int(rng.binomial(30, 0.5 if first[:2] == second[:2] else 0.1))
                writer.writerow([first, second, True, count, 30, round(count / 30, 3), 0, 0, 0, 0, ""])
    lines = [f"{name},gun {name[1]}" for name in names]
    (tmp_path / "truth.csv").write_text("\n".join(["file,firearm", *lines]) + "\n")
    (tmp_path / "said.txt").write_text(run(*given(tmp_path, "out"), *page(tmp_path, "first")).stdout)
    return tmp_path


def given(place: Path, out: str) -> tuple[object, ...]:
    return "validate", place / "scores.csv", "--truth", place / "truth.csv", "--out", place / out


def page(place: Path, name: str) -> tuple[object, ...]:
    return "--report", place / f"{name}.html"


def test_a_folder_becomes_a_record_a_page_and_a_pdf(folder: Path) -> None:
    made = read_validation(folder / "out" / "validation.json")
    assert made.tried.mark == "toolmark"
    assert made.tried.columns == ("ccf",)
    assert len(made.pairs) == TOOLS * MARKS * (TOOLS * MARKS - 1) // 2
    assert len(made.tested.inputs) == TOOLS * MARKS
    assert [each.met for each in made.outcomes] == ["met"]
    page = (folder / "out" / "validation.html").read_text()
    assert made.sha256 in page.replace("<wbr>", "")
    assert "Made tools" in page
    assert (folder / "out" / "validation.pdf").read_bytes().startswith(b"%PDF")
    assert {each.name for each in (folder / "out").iterdir()} == {
        "validation.json", "validation.html", "validation.pdf", "validation.scores.csv",
        "validation.scores.csv.json",
    }  # fmt: skip


def test_again_takes_the_kept_scores_and_gives_the_same_hash(folder: Path) -> None:
    kept, record = folder / "out" / "validation.scores.csv", folder / "out" / "validation.json"
    before = kept.stat().st_mtime_ns, read_validation(record).sha256
    common = (*validate(folder), "--criteria", folder / "asked.toml", "--mark", "toolmark")
    said = run(*common, code=1).stderr
    assert "exists" in said
    said = run(*common, "--force").stdout
    assert (kept.stat().st_mtime_ns, read_validation(record).sha256) == before
    assert before[1] in said


def test_scores_of_other_conditions_are_refused_or_with_force_made_anew(folder: Path) -> None:
    kept = folder / "out" / "validation.scores.csv.json"
    whole = kept.read_text()
    kept.write_text(whole.replace('"toolmark-2026"', '"toolmark-2025"'))
    common = (*validate(folder), "--criteria", folder / "asked.toml", "--mark", "toolmark")
    (folder / "other").mkdir()
    for each in (kept, kept.with_suffix("")):
        (folder / "other" / each.name).write_bytes(each.read_bytes())
    there = (*common, "--out", folder / "other")
    said = run(*there, code=1).stderr
    assert "begun with other conditions" in said
    assert "--force" in said
    said = run(*there, "--force").stderr
    assert "compared anew" in said
    kept.write_text(whole)


def test_stopped_it_goes_on_where_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = ballistics.batch._row, []

    def stops(pair: Any, exhibits: Any) -> Any:
        if len(seen) == 60:
            raise KeyboardInterrupt
        seen.append(pair)
        return real(pair, exhibits)

    monkeypatch.setattr(ballistics.batch, "_row", stops)
    common = (*validate(folder, "stopped"), *page(folder, "stopped"), "--mark", "toolmark", "--jobs", "1")
    said = run(*common, code=130).stderr
    assert "the same command goes on from there" in said.replace("\n", " ")
    assert not (folder / "stopped" / "validation.json").exists()
    finished = len((folder / "stopped" / "validation.scores.csv").read_text().splitlines()) - 1
    assert 0 < finished <= 60
    seen.clear()
    monkeypatch.setattr(
        ballistics.batch, "_row", lambda pair, exhibits: (seen.append(pair), real(pair, exhibits))[1]
    )
    run(*common)
    pairs = TOOLS * MARKS * (TOOLS * MARKS - 1) // 2
    assert len(seen) == pairs - finished
    one, other = (read_validation(folder / name / "validation.json") for name in ("out", "stopped"))
    assert (one.measures, one.log10_lr) == (other.measures, other.log10_lr)


def test_stopped_it_goes_on_from_another_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = ballistics.batch._row, []

    def stops(pair: Any, exhibits: Any) -> Any:
        if len(seen) == 150:
            raise KeyboardInterrupt
        seen.append(pair)
        return real(pair, exhibits)

    monkeypatch.setattr(ballistics.batch, "_row", stops)
    monkeypatch.chdir(folder)
    rest = ("--truth", folder / "truth.csv", "--out", tmp_path / "o", *page(tmp_path, "o"), "--mark", "toolmark")
    run("validate", "scans", *rest, "--jobs", "1", code=130)
    kept = tmp_path / "o" / "validation.scores.csv"
    finished = len(kept.read_text().splitlines()) - 1
    assert finished > 0
    seen.clear()
    monkeypatch.setattr(
        ballistics.batch, "_row", lambda pair, exhibits: (seen.append(pair), real(pair, exhibits))[1]
    )
    monkeypatch.chdir(tmp_path)
    run("validate", folder / "scans", *rest)
    pairs = TOOLS * MARKS * (TOOLS * MARKS - 1) // 2
    assert len(seen) == pairs - finished
    one, other = (read_validation(place / "validation.json") for place in (folder / "out", tmp_path / "o"))
    assert (one.measures, one.log10_lr) == (other.measures, other.log10_lr)
    whole = kept.read_text()
    kept.write_text(whole + whole.splitlines(keepends=True)[-1])
    again = ("validate", folder / "scans", *rest, "--force")
    assert "compared anew" in run(*again).stderr
    assert len(kept.read_text().splitlines()) - 1 == pairs


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["file,firearm", "t0m0.x3p,tool 0"], "is not in"),
        (["path,firearm", "t0m0.x3p,tool 0"], "file"),
        (["file,firearm", *(f"t{t}m{m}.x3p,one tool" for t in range(5) for m in range(4))], "found 1 firearm"),
    ],
)
def test_a_truth_that_does_not_fit_is_told_before_anything_is_compared(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], said: str
) -> None:
    monkeypatch.setattr(ballistics.batch, "compare_all", lambda *_, **__: pytest.fail("compared"))
    (tmp_path / "truth.csv").write_text("\n".join(lines) + "\n")
    common = ("validate", folder / "scans", "--mark", "toolmark", "--out", tmp_path / "out")
    assert said in run(*common, "--truth", tmp_path / "truth.csv", code=1).stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--split", "untouched"), 2, "name one"),
        (("--split", "untouched", "--method", "isotonic", "--reference", "any"), 2, "of the population"),
        (("--split", "untouched", "--bound", "elub", "--reference", "any"), 2, "of the population"),
        (("--split", "untouched", "--folds", "4", "--reference", "any"), 2, "split folds"),
        (("--folds", "4"), 2, "split folds"),
        (("--repeats", "2"), 2, "split folds"),
        (("--report", "missing/x.html"), 1, "does not exist"),
        (("--reference", "fadul-breech-face", "--params", "toolmark-2026"), 2, "was made"),
        (("--reference", "nobody"), 4, "nobody"),
        (("--report", "x.odt"), 1, "ends in"),
        (("--final",), 1, "laboratory, examiner, reviewer"),
        (("--template", "lab.docx"), 2, "docx"),
        (("--criteria", "missing.toml"), 4, "missing.toml"),
        (("--out", "/proc/nowhere"), 1, "nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_before_anything_is_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    options: tuple[str, ...], code: int, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(ballistics.batch, "compare_all", lambda *_, **__: pytest.fail("compared"))
    monkeypatch.chdir(tmp_path)
    found = run(*validate(folder, "refused"), *options, code=code)
    assert said in " ".join(found.output.replace("│", " ").split())
    assert not (folder / "refused").exists()


def test_criteria_of_tomorrow_are_refused_first(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('author = "A"\ndate = 9999-01-01\n[criteria]\ncllr = {at_most = 1}\n')
    said = run(*validate(folder, "late"), "--criteria", tmp_path / "a.toml", code=1).stderr
    assert "beforehand" in said
    assert not (folder / "late" / "validation.scores.csv").exists()


@pytest.mark.parametrize(("zone", "code"), [("Pacific/Kiritimati", 0), ("UTC", 1)])
def test_the_day_of_criteria_is_that_of_the_place(
    scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, code: int
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            moment = datetime(2026, 11, 22, 23, tzinfo=UTC)
            return moment.astimezone(tz) if tz else moment.astimezone().replace(tzinfo=None)

    asked = tmp_path / "asked.toml"
    asked.write_text('author = "A"\ndate = 2026-11-23\n[criteria]\nfirearms = {at_least = 2}\n')
    for module in (ballistics.command.validate_command, ballistics.validation.recording):
        monkeypatch.setattr(module, "datetime", Clock)
    with monkeypatch.context() as here:
        here.setenv("TZ", zone)
        time.tzset()
        found = run(*given(scores, f"day {zone[:3]}"), *page(tmp_path, "day"), "--criteria", asked, code=code)
    time.tzset()
    assert ("beforehand" in found.stderr) == bool(code)


@pytest.mark.parametrize("kind", ["capitals", "utf-16", "separator named", "mark of the order", "a list"])
def test_scores_are_known_as_such_however_a_spreadsheet_wrote_them(
    scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    head, _, rest = (scores / "scores.csv").read_text().partition("\n")
    texts = {
        "capitals": f'"Reference";{";".join(head.title().split(",")[1:])}\n{rest.replace(",", ";")}'.encode(),
        "utf-16": f"{head}\n{rest}".encode("utf-16"),
        "separator named": f"sep=;\n{head.replace(',', ';')}\n{rest.replace(',', ';')}".encode(),
        "mark of the order": f"{head}\n{rest}".encode("utf-8-sig"),
        "a list": b"reference,questioned\na.x3p,b.x3p\n",
    }
    place = tmp_path / "s.csv"
    place.write_bytes(texts[kind])
    assert holds_scores(place) == (kind != "a list")


def test_a_bound_that_makes_cllr_is_told_in_the_terminal(scores: Path, tmp_path: Path) -> None:
    with (scores / "scores.csv").open(newline="") as stream:
        head, *rows = csv.reader(stream)
    with (tmp_path / "scores.csv").open("w", newline="") as stream:
        apart = [[*row[:3], 25 if row[0][:2] == row[1][:2] else 1, *row[4:]] for row in rows]
        csv.writer(stream).writerows([head, *apart])
    (tmp_path / "truth.csv").write_bytes((scores / "truth.csv").read_bytes())
    found = run(*given(tmp_path, "out"), *page(tmp_path, "x")).stdout
    assert "of Cllr is what the bounds alone would cost" in " ".join(found.split())


def test_a_criterion_that_is_not_met_ends_with_3_and_the_report_is_written(scores: Path) -> None:
    (scores / "asked.toml").write_text(f"{ASKED}cllr = {{at_most = 0.0}}\nfirearms = {{at_least = 8}}\n")
    found = run(*given(scores, "asked"), *page(scores, "asked"), "--criteria", scores / "asked.toml", code=3)
    assert "1 of 2 met" in found.stdout
    assert "not met" in (scores / "asked.html").read_text()


def test_scores_that_exist_are_tried_without_a_record_of_how_they_were_made(scores: Path) -> None:
    said = (scores / "said.txt").read_text()
    made = read_validation(scores / "out" / "validation.json")
    assert made.tried.columns == ("count", "cells")
    assert made.how.method.name == "beta-binomial"
    assert made.sha256 in said
    assert "not recorded" in said
    said = run(*given(scores, "out"), "--mark", "toolmark", "--force", code=2).stderr
    assert "compared already" in said.replace("\n", " ")


def test_folds_another_score_and_another_bound(scores: Path) -> None:
    found = run(
        *(*given(scores, "folds"), "--split", "folds", "--folds", "3", "--repeats", "2", "--seed", "4", "--json"),
        *("--score", "accf", "--method", "kernel density", "--bound", "invariance"),
        *page(scores, "folds"),
    )
    facts = json.loads(found.stdout)
    assert facts["how"]["split"] == {"name": "repeated folds", "groups": 3, "repeats": 2, "seed": 4}
    assert (facts["how"]["method"]["name"], facts["how"]["bound"]) == ("kernel density", "invariance")
    assert (facts["tried"]["columns"], facts["how"]["seed"]) == (["accf"], 4)
    assert "pairs" not in facts
    assert {each.name for each in (scores / "folds").iterdir()} == {"validation.json"}
    assert (scores / "folds.html").exists()


def test_a_population_judges_all_or_is_tried_beside(scores: Path, tmp_path: Path) -> None:
    of = open_population("synthetic-breech-face").description
    made_with = parameter_set(of.parameters)
    (tmp_path / "scores.csv.json").write_text(
        Conditions(
            parameters={"name": made_with.name, "hash": made_with.hash, "values": made_with.values},
            score=made_with.score, accept=(), units="auto", versions={}, inputs={},
        ).model_dump_json()
    )  # fmt: skip
    for name in ("scores.csv", "truth.csv"):
        (tmp_path / name).write_bytes((scores / name).read_bytes())
    scores = tmp_path
    common = ("--reference", "synthetic-breech-face", *page(scores, "judged"))
    run(*given(scores, "judged"), *common, "--split", "untouched")
    made = read_validation(scores / "judged" / "validation.json")
    assert made.how.population is not None
    assert (made.how.derivation, made.how.population.name) == ("population", "synthetic-breech-face")
    run(*given(scores, "beside.json"), "--reference", "synthetic-breech-face")
    beside = read_validation(scores / "beside.json")
    assert {each.judged_by for each in beside.studies} == {"population"}
    assert (scores / "beside.pdf").exists()


def test_check_finds_an_edit_and_an_invented_figure(scores: Path) -> None:
    place = scores / "out" / "validation.json"
    assert "the hashes fit" in run("validation", "check", place).stdout
    edited = scores / "edited.json"
    content = json.loads(place.read_text())
    content["measures"]["cllr"] = 0.001
    edited.write_text(json.dumps(content))
    said = run("validation", "check", edited, code=3).stdout
    assert "measures" in said
    found = json.loads(run("validation", "check", edited, "--json", code=3).stdout)
    assert len(found["problems"]) == 1
    run("validation", "check", scores / "missing.json", code=4)


def test_show_and_report_again(scores: Path) -> None:
    place = scores / "out" / "validation.json"
    shown = run("validation", "show", place).stdout
    assert "Cllr_min" in shown
    assert json.loads(run("validation", "show", place, "--json").stdout)["contract"] == 1
    case = scores / "case.toml"
    case.write_text('laboratory = "L"\nexaminer = "E"\nreviewer = "R"\nrequest = "For made pistols"\n')
    again = ("validation", "report", place, "--case", case, "--report", scores / "a.pdf", "--final")
    run(*again)
    first = (scores / "a.pdf").read_bytes()
    run(*again, code=1)
    run(*again, "--force")
    assert (scores / "a.pdf").read_bytes() == first
    run("validation", "report", place, "--report", place, code=1)
    with case.open("a") as more:
        more.write('remarks = "It is 90 times more probable that the same firearm made both."\n')
    assert "Write instead" in run(*again, "--force", code=1).stderr
    assert "Write instead" in run(*again[:-1], "--force").stderr
    pytest.importorskip("docxtpl")
    run("validation", "report", place, "--report", scores / "a.docx")
    assert (scores / "a.docx").read_bytes().startswith(b"PK")


def test_the_template_of_criteria_asks_for_everything_there_is(tmp_path: Path) -> None:
    place = tmp_path / "criteria.toml"
    run("criteria", "new", place)
    run("criteria", "new", place, code=1)
    assert set(tomllib.loads(TEMPLATE)) == {"author", "purpose", "criteria"}
    filled = "\n".join(
        line.removeprefix("# ") if " = {at_" in line or line.startswith("# date") else line
        for line in TEMPLATE.replace('author = ""', 'author = "A"').splitlines()
    )
    place.write_text(filled)
    asked = {each.name for each in read_criteria(place).criteria}
    assert asked <= set(KINDS)
    assert {name for name in KINDS if not name.startswith("misleading")} <= asked
