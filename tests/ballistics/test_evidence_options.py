"""Journeys: a comparison with its weight, as a table, as JSON and as a page; refusals, cases, wrong usage."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ballistics.cli import app
from ballistics.contract import ComparisonRecord
from ballistics.evidence.likelihood_ratio import LikelihoodRatio
from ballistics.evidence.population import (
    Description,
    Origin,
    Scanning,
    build_population,
    write_population,
)
from ballistics.evidence.scales import figure
from ballistics.evidence.shipped import open_population
from ballistics.evidence.weight import UNCHECKED, weigh
from ballistics.evidence.wording_lint import transposed_conditionals
from ballistics.parameters import default_picture_set, default_set, default_striated_set
from imaging.files import open_surface, write_x3p

SAMPLES = Path(__file__).parents[2] / "sample_images"
SAME = (SAMPLES / "gun-1-case-1.x3p", SAMPLES / "gun-1-case-2.x3p")
OTHER = (SAMPLES / "gun-1-case-1.x3p", SAMPLES / "gun-2-case-1.x3p")
ASKED = ("--reference", "synthetic-breech-face", "--scanner", "simulated")
NONE_IMPLIED = "no likelihood ratio is implied"
CASE = """
status = "final"
laboratory = "Laboratory of tests"
case = "2026-14"
examiner = "A. Bee"
reference = "test fire 1 of pistol K12"
questioned = "cartridge case Q3"
scanner = "Simulated"
firearms = ["K12"]
[conclusion]
code = "INC-A"
reasons = "Class agrees; two areas agree, too few."
"""


def run(*args: Any, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(each) for each in args])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def evidence(*args: Any) -> dict[str, Any]:
    record = json.loads(run(*args, "--json").stdout)
    assert ComparisonRecord.model_fields.keys() <= record.keys()
    found = record["evidence"]
    assert isinstance(found, dict)
    return found


def text_of(page: Path) -> str:
    """What a reader of the page sees, blocks apart."""
    content = page.read_text(encoding="utf-8")
    body = re.sub(r"<(style|script)\b.*?</\1>", "", content, flags=re.DOTALL)
    return html.unescape(
        re.sub(r"\s*</?(p|h\d|li|dd|dt|figcaption|td|th|section|div|summary)\b[^>]*>\s*", "\n\n", body)
    )


def seen(page: Path) -> str:
    return re.sub(r"<[^>]+>", "", text_of(page))


def made(place: Path, mark: str, column: str, chosen: Any, middle: float) -> Path:
    """A population of made scores about a value, for marks of any kind."""
    rng = np.random.default_rng(3)
    first, second = np.triu_indices(24)
    guns = [f"made {i}" for i in range(24)]
    scores = rng.normal(np.where(first == second, middle, middle - 0.3), 0.15)
    population = build_population(
        Description(
            name=f"made-{column}",
            mark=mark,
            parameters=chosen.name,
            parameter_hash=chosen.hash,
            score="one score",
            firearms="made ones",
            scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.0),
            origin=Origin(source="made", licence="CC0", credit="nobody", made_by="this test"),
        ),
        {column: scores},
        firearms=([guns[i] for i in first], [guns[i] for i in second]),
        items=([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    )
    return write_population(population, place / f"{column}.json")


@pytest.fixture(scope="module")
def weighed() -> dict[str, Any]:
    return evidence("compare", *SAME, *ASKED)


def test_the_samples_have_a_likelihood_ratio_out_of_the_box(weighed: dict[str, Any]) -> None:
    population = open_population("synthetic-breech-face")
    for found, sign in ((weighed, 1), (evidence("compare", *OTHER, *ASKED), -1)):
        expected = weigh(
            population,
            [found["score"]["count"], found["score"]["cells"]],
            parameter_hash=default_set("breech face").hash,
            mark="breech face",
            scanner="simulated",
        )
        assert isinstance(expected, LikelihoodRatio)
        lr = found["likelihood_ratio"]
        assert lr["log10_lr"] * sign > 0.5
        assert (lr["log10_lr"], lr["lower"], lr["upper"]) == (expected.log10_lr, expected.lower, expected.upper)
        assert lr["bounds"] == {
            "method": "elub",
            "lower": population.bounds.lower,
            "upper": population.bounds.upper,
        }
        assert found["population"]["sha256"] == population.sha256
        assert found["propositions"]["same"] == "the same firearm made both marks"
        assert found["reasons"] == {}
        assert any("INVENTED" in note for note in found["notes"])


def test_swapped_marks_have_the_same_weight() -> None:
    ahead, back = evidence("compare", *OTHER, *ASKED), evidence("compare", *OTHER[::-1], *ASKED)
    assert ahead == back


def test_without_a_population_nothing_is_weighed() -> None:
    record = json.loads(run("compare", *SAME, "--json").stdout)
    assert record["evidence"] is None
    assert NONE_IMPLIED in run("compare", *SAME).stdout


def test_terminal_and_page_say_number_interval_propositions_and_population(
    weighed: dict[str, Any], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    shown = run("compare", *SAME, *ASKED, "--report", page).stdout
    found = weighed
    lr, content = found["likelihood_ratio"], page.read_text(encoding="utf-8")
    number, low, high = (figure(lr[name]) for name in ("log10_lr", "lower", "upper"))
    for text in (shown, seen(page)):
        assert f"Likelihood ratio {number}, 90% interval {low} to {high}" in text
        for part in (*found["propositions"].values(), "synthetic-breech-face", "24 firearms", "INVENTED MARKS"):
            assert part in text
        assert found["population"]["sha256"][:12] in text
        assert "the upper bound stands in place" in text
        assert NONE_IMPLIED not in text
        assert "moderately strong support" not in text
        assert not transposed_conditionals(text)
    assert "No probability follows yet" not in content
    assert "What the likelihood ratio rests on" in content
    assert content.count("data:image/svg+xml") == 1
    assert content.index('id="evidence"') < content.index('id="scans"')


def test_words_come_when_asked_for_and_after_the_number(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    shown = run("compare", *SAME, *ASKED, "--scale", "enfsi-2015", "--report", page).stdout
    for text in (shown, seen(page)):
        assert text.index("The likelihood ratio is 7") < text.index("moderately strong support")
        assert "Words of the scale ENFSI 2015" in text
        assert not transposed_conditionals(text)


def test_a_refusal_has_every_reason_and_leaves_the_comparison_standing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    asked = ("--reference", "weller-breech-face", "--scanner", "confocal", "--firearm", "weller-slide-01")
    result = run("compare", *SAME, *asked, "--params", "song2018", "--report", page)
    found = evidence("compare", *SAME, *asked, "--params", "song2018")
    assert found["likelihood_ratio"] is None
    assert {"scanner", "case firearm", "parameters"} <= found["reasons"].keys()
    assert found["population"]["name"] == "weller-breech-face"
    for text in (result.stdout, seen(page)):
        assert "No likelihood ratio is given" in text
        assert "Zemmels" in text
        for reason in found["reasons"].values():
            assert reason in text
        assert NONE_IMPLIED in text
        assert not transposed_conditionals(text)
    assert "cells congruent" in result.stdout
    assert "--params breech-face-2026" in result.stderr
    assert "data:image/svg+xml" not in page.read_text(encoding="utf-8")


def test_a_scan_with_itself_has_no_likelihood_ratio(tmp_path: Path) -> None:
    copy = tmp_path / "copy.x3p"
    write_x3p(open_surface(SAME[0]), copy)
    for other in (SAME[0], copy):
        found = evidence("compare", SAME[0], other, *ASKED)
        assert found["likelihood_ratio"] is None
        assert "same scan" in found["reasons"]


def test_the_cure_for_an_exhaustive_search_is_to_leave_it_out() -> None:
    said = " ".join(run("compare", *SAME, *ASKED, "--exhaustive").stderr.split())
    assert "The same without --exhaustive compares as the population was made." in said
    assert "--params" not in said


def test_no_firearm_of_the_case_is_said(weighed: dict[str, Any]) -> None:
    assert UNCHECKED in weighed["notes"]


def test_a_score_that_no_pair_is_like_is_refused_and_shown_among_the_pairs(tmp_path: Path) -> None:
    page, population = (
        tmp_path / "page.html",
        made(tmp_path, "breech face", "accf", default_set("breech face"), 0.1),
    )
    asked = ("--reference", population, "--scanner", "simulated")
    found = evidence("compare", *SAME, *asked)
    assert found["reasons"].keys() == {"score"}
    run("compare", *SAME, *asked, "--report", page)
    assert "this case" in seen(page)
    assert page.read_text(encoding="utf-8").count("data:image/svg+xml") == 1


def test_a_case_brings_scanner_firearms_and_the_examiners_conclusion(tmp_path: Path) -> None:
    case, page = tmp_path / "case.toml", tmp_path / "page.html"
    case.write_text(CASE)
    common = ("compare", *SAME, "--reference", "synthetic-breech-face", "--case", case)
    shown = run(*common, "--report", page).stdout
    for text in (shown, seen(page)):
        assert "Inconclusive A (INC-A)" in text
        assert "A. Bee" in text
        assert "does not follow from the score or from the likelihood ratio" in text
        assert not transposed_conditionals(text)
    assert "cartridge case Q3" in seen(page)
    found = evidence(*common)
    assert found["likelihood_ratio"] is not None
    assert found["case_firearms"] == ["K12"]
    assert found["conclusion"]["code"] == "INC-A"
    assert found["case"]["case"] == "2026-14"
    overridden = evidence(*common, "--scanner", "confocal", "--firearm", "invented 03")
    assert overridden["reasons"].keys() == {"scanner", "case firearm"}
    run("compare", *SAME, "--report", case, "--case", case, "--force", code=1)
    assert case.read_text() == CASE


def test_a_case_alone_shows_the_conclusion_and_no_weight(tmp_path: Path) -> None:
    case, page = tmp_path / "case.toml", tmp_path / "page.html"
    case.write_text(CASE)
    shown = run("compare", *SAME, "--case", case, "--report", page).stdout
    found = evidence("compare", *SAME, "--case", case)
    assert (found["population"], found["likelihood_ratio"], found["reasons"]) == (None, None, {})
    for text in (shown, seen(page)):
        assert "Inconclusive A" in text
        assert NONE_IMPLIED in text
        assert "ikelihood ratio is given" not in text


def test_marks_that_cannot_be_compared_keep_the_conclusion(tmp_path: Path) -> None:
    case, page = tmp_path / "case.toml", tmp_path / "page.html"
    case.write_text(CASE)
    faulty = SAMPLES / "faulty" / "failed-checksum.x3p"
    run("compare", SAME[0], faulty, *ASKED, "--case", case, "--report", page, code=1)
    assert "Inconclusive A" in seen(page)
    assert "ikelihood ratio is given" not in seen(page)


def test_lands_bullets_and_photographs_are_weighed_by_their_own_scores(tmp_path: Path, bullets: Path) -> None:
    land, picture = default_striated_set("bullet land"), default_picture_set("breech face")
    lands = [bullets / name / f"{name}_Land{number}.x3p" for name, number in (("one", 1), ("two", 3))]
    heads = [SAMPLES / "photographs" / f"gun-3-head-{number}-ring.png" for number in (1, 2)]
    journeys: list[tuple[str, list[Path], str, Any]] = [
        ("compare-lands", lands, "ccf", land),
        ("compare-bullets", [bullets / "one", bullets / "two"], "sequence_average", land),
        ("compare", heads, "correlation", picture),
    ]
    page = tmp_path / "page.html"
    for command, files, column, chosen in journeys:
        score = json.loads(run(command, *files, "--json").stdout)["score"]
        population = made(tmp_path, chosen.mark, column, chosen, score["value"])
        asked = ("--reference", population, "--scanner", "simulated")
        found = evidence(command, *files, *asked, "--report", page, "--force")
        assert found["score"] == {column: score["value"]}
        assert found["likelihood_ratio"]["log10_lr"] > 0
        shown = run(command, *files, *asked).stdout
        for text in (shown, seen(page)):
            assert f"Likelihood ratio {figure(found['likelihood_ratio']['log10_lr'])}, 90% interval" in text
            assert NONE_IMPLIED not in text
            assert "No probability follows yet" not in text
            assert not transposed_conditionals(text)


def test_a_population_of_another_kind_of_score_is_refused(bullets: Path) -> None:
    lands = [bullets / "one" / f"one_Land{number}.x3p" for number in (1, 2)]
    assert "this comparison gives ccf" in run("compare-lands", *lands, *ASKED, code=1).stderr.replace("\n", " ")


def test_two_scans_of_lands_given_to_compare_keep_the_question(tmp_path: Path, bullets: Path) -> None:
    lands = [bullets / "one" / f"one_Land{number}.x3p" for number in (1, 2)]
    population = made(tmp_path, "bullet land", "ccf", default_striated_set("bullet land"), 0.5)
    found = evidence("compare", *lands, "--reference", population, "--scanner", "simulated")
    assert found["population"]["name"] == "made-ccf"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--reference", "synthetic-breech-face"), "'simulated'"),
        (("--scanner", "simulated"), "--reference POP"),
        (("--firearm", "K12"), "--reference POP"),
        (("--scale", "nfi"), "--reference POP"),
        ((*ASKED, "--scale", "none"), "enfsi-2015"),
        ((*ASKED, "--firearm", " "), "the name is empty"),
    ],
)
def test_wrong_usage_is_explained_before_anything_is_compared(options: tuple[str, ...], says: str) -> None:
    said = run("compare", *SAME, *options, code=2).stderr
    assert says in re.sub(r"[\s│]+", " ", said)


def test_files_in_the_wrong_place_are_named(tmp_path: Path) -> None:
    population = tmp_path / "p.json"
    population.write_text("{}")
    for command in ("compare", "compare-lands", "compare-bullets"):
        said = run(command, population, SAME[0], code=2).stderr
        assert "goes with --reference" in re.sub(r"[\s│]+", " ", said)
    assert "is a scan" in run("compare", *SAME, "--reference", SAME[0], "--scanner", "x", code=1).stderr
    assert "name a shipped" in run("compare", *SAME, "--reference", "glock", "--scanner", "x", code=4).stderr
    run("compare", *SAME, "--case", SAME[0], code=4)


def test_the_command_does_not_load_what_it_does_not_need() -> None:
    heavy = "{'ballistics.evidence.weight', 'ballistics.assessment', 'matplotlib', 'scipy.optimize'}"
    code = f"import sys, ballistics.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


DRAFT_CASE = """
case = "2026-14"
examiner = "A. Bee"
request = '''Were both fired by K12?
Please by Friday.'''
remarks = "It is 90 times more probable that the same firearm made both."
"""


def test_a_draft_is_marked_on_the_page_and_its_wording_is_warned_of(tmp_path: Path) -> None:
    case, page = tmp_path / "case.toml", tmp_path / "page.html"
    case.write_text(DRAFT_CASE)
    result = run("compare", *SAME, "--case", case, "--report", page)
    content = page.read_text(encoding="utf-8")
    assert "Were both fired by K12?\nPlease by Friday." in content
    assert ".measures dd{white-space:pre-line}" in content
    assert "minmax(0,1fr);overflow-wrap:anywhere" in content
    assert '<div class="watermark" aria-hidden="true">Draft</div>' in content
    assert '@top-right{content:"DRAFT"' in content
    assert "counter(page)" in content
    for said in (" ".join(result.stderr.split()), html.unescape(seen(page))):
        assert (
            'The remarks of the case say: "It is 90 times more probable that the same firearm made both."' in said
        )
    case.write_text(CASE)
    run("compare", *SAME, "--case", case, "--report", page, "--force")
    final = page.read_text(encoding="utf-8")
    run("compare", *SAME, "--report", page, "--force")
    for unmarked in (final, page.read_text(encoding="utf-8")):
        assert 'class="watermark"' not in unmarked
        assert "@top-right" not in unmarked
        assert "counter(page)" in unmarked


@pytest.mark.parametrize("command", ["compare", "compare-lands", "compare-bullets"])
def test_what_stands_in_the_way_of_a_report_is_told_before_any_work(
    command: str, tmp_path: Path, bullets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("work was done")

    for name in ("imaging.files.open_surface", "ballistics.striated.landset.open_bullet"):
        monkeypatch.setattr(name, never)
    monkeypatch.setattr("ballistics.command.source_file.read_source", never)
    files = [bullets / "one", bullets / "two"] if command == "compare-bullets" else SAME
    (tmp_path / "there.html").write_text("x")
    (tmp_path / "lab.docx").write_text("no zip")
    for name, more, code, says in [
        ("x.txt", (), 1, "ends in '.txt'; name a report that ends in .pdf, .docx or .html"),
        ("dir", (), 1, "dir has no name before an ending"),
        (".pdf", (), 1, ".pdf has no name before an ending"),
        ("x.doc", (), 1, "ends in '.doc'"),
        ("there.html", (), 1, "there.html exists"),
        ("none/x.html", (), 1, "does not exist; make it first"),
        ("x.docx", ("--template", tmp_path / "lab.docx"), 1, "is no .docx file"),
        ("x.docx", ("--template", tmp_path / "none.docx"), 2, "is no file"),
        ("x.html", ("--template", tmp_path / "lab.docx"), 2, "ends in .docx"),
        ("x.html", ("--language", "no tag"), 2, "is no tag of a language"),
    ]:
        result = run(command, *files, "--report", tmp_path / name, *more, code=code)
        assert says in re.sub(r"[\s│]+", " ", result.stderr), name
        assert not (tmp_path / name).exists() or name == "there.html"
