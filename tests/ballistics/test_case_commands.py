"""Journeys: an empty case file, the ranges of conclusions, the verbal scales."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from ballistics.case import TEMPLATE, Case, read_case
from ballistics.cli import app
from ballistics.evidence.conclusions import vocabularies
from ballistics.evidence.scales import verbal_scales


def run(*args: Any, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(each) for each in args])
    assert result.exit_code == code, result.output
    return result


def test_a_new_case_file_is_the_template_and_is_never_overwritten(tmp_path: Path) -> None:
    place = tmp_path / "case.toml"
    run("case", "new", place)
    assert place.read_text(encoding="utf-8") == TEMPLATE
    assert read_case(place) == Case()
    place.write_text('case = "2026-14"')
    run("case", "new", place, code=1)
    assert read_case(place).case == "2026-14"
    run("case", "new", place, "--force")
    assert read_case(place) == Case()


def test_conclusions_are_listed_as_the_examiners_own() -> None:
    table = run("conclusions").stdout
    assert "no score and no likelihood ratio leads to one" in table
    for name, each in vocabularies().items():
        assert name in table
        for one in each.conclusions:
            assert one.label in table
    listed = json.loads(run("conclusions", "--json").stdout)
    assert [each["name"] for each in listed] == list(vocabularies())
    assert listed[0]["conclusions"][0].keys() >= {"code", "label", "meaning", "bases"}


def test_scales_are_listed_with_certainty_and_bands() -> None:
    table = run("scales").stdout
    for name, each in verbal_scales().items():
        assert f"{name}: {each.title} ({each.certainty})" in table
        assert each.bands[-1].words in table
    assert "LR from" in table
    assert "LR above" in table
    listed = json.loads(run("scales", "--json").stdout)
    assert {each["name"]: len(each["bands"]) for each in listed} == {
        name: len(each.bands) for name, each in verbal_scales().items()
    }
