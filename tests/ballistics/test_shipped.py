"""The populations that come with the library: usable as they are, credited, small, and what the data give."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ballistics.command.population_facts import problems_of
from ballistics.compare import Comparison, compare
from ballistics.errors import EvidenceError
from ballistics.evidence.shipped import open_population, shipped_populations
from ballistics.evidence.wording_lint import transposed_conditionals
from ballistics.parameters import default_set
from imaging.errors import FileError
from imaging.files import open_surface

REAL = {"fadul-breech-face": (6, 34, 219), "weller-breech-face": (5, 180, 810)}
LARGEST = 300_000


def test_the_shipped_ones_are_these() -> None:
    assert set(shipped_populations()) == {*REAL, "synthetic-breech-face"}


@pytest.mark.parametrize("name", shipped_populations())
def test_every_shipped_population_can_be_used(name: str) -> None:
    population = open_population(name)
    of, known = population.description, population.diagnostics
    assert of.name == name
    assert of.parameter_hash == default_set(of.mark).hash
    assert not problems_of(population)
    assert known.firearms >= 5
    assert known.known_matches >= 20
    assert tuple(population.pairs.scores) == ("count", "cells")
    for text in (of.origin.credit, of.origin.licence, of.origin.source, of.origin.made_by, *of.notes):
        assert text.strip()
        assert not transposed_conditionals(text)
    assert set(population.scans.values()) == {*population.pairs.first_item, *population.pairs.second_item}
    assert (Path(str(files("ballistics"))) / "populations" / f"{name}.json").stat().st_size < LARGEST


@pytest.mark.parametrize("name", REAL)
def test_real_ones_credit_their_makers(name: str) -> None:
    origin = open_population(name).description.origin
    assert origin.licence == "CC BY 4.0"
    for who in (name.split("-")[0].capitalize(), "Zemmels", "VanderPlas", "Hofmann", "CSAFE"):
        assert who in origin.credit
    assert "CSAFE-ISU/cartridgeCaseScans" in origin.source


@pytest.mark.parametrize("name", sorted(set(shipped_populations()) - set(REAL)))
def test_invented_ones_say_so(name: str) -> None:
    of = open_population(name).description
    assert name.startswith("synthetic-")
    assert any("INVENTED" in note for note in of.notes)
    assert "invented" in of.firearms
    assert of.scanning.scanner == "simulated"


@pytest.mark.parametrize("name", REAL)
def test_real_ones_hold_every_pair_of_the_manifest_and_its_score(name: str, data: Path) -> None:
    population = open_population(name)
    known, pairs = population.diagnostics, population.pairs
    assert (known.firearms, known.known_matches, known.known_non_matches) == REAL[name]
    with (data / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        rows = [
            row for row in csv.DictReader(stream) if row["file"].startswith(f"breech_face/{name.split('-')[0]}/")
        ]
    assert set(pairs.first_item) | set(pairs.second_item) == {row["item_id"] for row in rows}
    place = {row["item_id"]: data / row["file"] for row in rows}
    source = {row["item_id"]: row["source_id"] for row in rows}
    for at in (int(np.flatnonzero(pairs.same)[3]), int(np.flatnonzero(~pairs.same)[7])):
        first, second = pairs.first_item[at], pairs.second_item[at]
        assert (pairs.first_firearm[at], pairs.second_firearm[at]) == (source[first], source[second])
        result = compare(open_surface(place[first]), open_surface(place[second]))
        assert isinstance(result, Comparison)
        assert (result.score, result.cells) == (pairs.scores["count"][at], pairs.scores["cells"][at])


def test_what_is_no_population_is_refused_with_what_it_is(tmp_path: Path) -> None:
    samples = Path(__file__).parents[2] / "sample_images"
    with pytest.raises(FileError, match=r"neither a shipped population nor a file.*synthetic-breech-face"):
        open_population("glock")
    with pytest.raises(FileError, match="is a folder"):
        open_population(str(tmp_path))
    with pytest.raises(EvidenceError, match="is a scan or another archive"):
        open_population(str(samples / "gun-1-case-1.x3p"))
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "scores.csv").write_text("reference,questioned,comparable\n", encoding=encoding)
        with pytest.raises(EvidenceError, match=r"is a list of scores; 'ballistics population build"):
            open_population(str(tmp_path / "scores.csv"))
    (tmp_path / "empty.json").write_text("")
    with pytest.raises(EvidenceError, match="something else"):
        open_population(str(tmp_path / "empty.json"))
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(EvidenceError, match="not a population that can be used"):
        open_population(str(tmp_path / "other.json"))


def test_an_edited_copy_names_what_was_changed(tmp_path: Path) -> None:
    content = json.loads((Path(str(files("ballistics"))) / "populations" / "fadul-breech-face.json").read_text())
    content["bounds"]["upper"] = 9.0
    (tmp_path / "p.json").write_text(json.dumps(content))
    with pytest.raises(EvidenceError, match="hash of bounds does not fit"):
        open_population(str(tmp_path / "p.json"))
