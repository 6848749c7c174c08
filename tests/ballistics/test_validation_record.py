"""The record of a validation: the same inputs give the same hash, and an edit is found and named."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ballistics.errors import EvidenceError, OptionError, OutputError
from ballistics.evidence.held_out import held_out
from ballistics.evidence.labelled_scores import LabelledScores, labelled_scores
from ballistics.evidence.method import Method
from ballistics.evidence.truth import read_truth
from ballistics.score_table import Conditions, ScoreRow, ScoreTable
from ballistics.validation.contract import ValidationRecord, read_validation, write_validation
from ballistics.validation.criteria import read_criteria
from ballistics.validation.recording import record
from ballistics.validation.trial import Validation, validate
from imaging.errors import FileError

FIREARMS = 10
QUICK = Method(score="cell count", name="binomial")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def laboratory(folder: Path, *, named: str = "") -> Path:
    """Scores, their conditions, truth and criteria, as a laboratory has them in a folder."""
    folder.mkdir(exist_ok=True)
    marks = [f"g{i // 2}-{i % 2}.x3p" for i in range(2 * FIREARMS)]
    lines = [f"{mark},gun {mark[1]},{'Glock' if i < 8 else 'Ruger'}" for i, mark in enumerate(marks)]
    (folder / "truth.csv").write_text("\n".join(["file,firearm,make", *lines, "spare.x3p,gun 0,Glock"]))
    (folder / "asked.toml").write_text('author = "A"\ndate = 2026-11-01\n[criteria]\ncllr = {at_most = 0.2}\n')
    values = Conditions(
        parameters={"name": "made", "hash": "ab" * 32, "values": {"mark": "breech face", "pixel_um": 12.5}},
        score="consensus",
        accept=(),
        units="auto",
        versions={"python": "3.11"},
        inputs={f"{named}{mark}": f"{i:064x}" for i, mark in enumerate(marks)},
    )
    rng = np.random.default_rng(6)
    with ScoreTable(folder / "scores.csv", values) as table:
        for i, one in enumerate(marks):
            for other in marks[i + 1 :]:
                score = int(rng.binomial(20, 0.6 if one[1] == other[1] else 0.1))
                if (i, other) == (0, "g5-1.x3p"):
                    reason = f"{named}{other}: no mark"
                    row = ScoreRow(
                        reference=f"{named}{one}", questioned=f"{named}{other}", comparable=False, reason=reason
                    )
                else:
                    row = ScoreRow(
                        reference=f"{named}{one}",
                        questioned=f"{named}{other}",
                        comparable=True,
                        score=score,
                        cells=20,
                        seconds=0.1,
                    )
                table.add(row)
    return folder


def read(folder: Path) -> LabelledScores:
    return labelled_scores(folder / "scores.csv", read_truth(folder / "truth.csv"))


def tried(folder: Path) -> Validation:
    return validate(read(folder), method=QUICK, criteria=read_criteria(folder / "asked.toml"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ValidationRecord:
    return record(tried(laboratory(tmp_path_factory.mktemp("lab"))), when=NOON, by="A. N. Examiner")


def test_says_what_was_tried_on_what_and_how(made: ValidationRecord) -> None:
    assert (made.tried.mark, made.tried.parameters, made.tried.score) == ("breech face", "made", "consensus")
    assert made.tried.columns == ("score", "cells")
    assert made.tried.parameter_values["pixel_um"] == 12.5
    assert made.tested.truth is not None
    assert made.tested.truth.name == "truth.csv"
    assert (made.tested.firearms, made.tested.items, len(made.tested.inputs)) == (10, 20, 20)
    assert made.tested.unused == ("spare.x3p",)
    assert made.tested.classes == {"make": {"Glock": 8, "Ruger": 12}}
    assert made.tested.left_out_counts == {"not comparable": 1}
    assert made.tested.left_out[0].reason == "g5-1.x3p: no mark"
    assert made.how.method == QUICK
    assert [each.met for each in made.outcomes] == ["met"]
    assert made.criteria is not None
    assert made.criteria.author == "A"
    assert len(made.pairs) == len(made.log10_lr) == 189
    assert made.run.by == "A. N. Examiner"


def test_another_laboratory_can_compute_it_anew(made: ValidationRecord) -> None:
    again = held_out(made.how.method.fit, made.pairs.table, *made.pairs.firearms, groups=made.how.groups).log10_lr
    np.testing.assert_allclose(again, np.array(made.unbounded, dtype=float), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(np.clip(again, made.lower, made.upper), made.log10_lr, rtol=1e-8, atol=1e-8)


def test_shuffled_rows_another_folder_another_day_give_the_same_hash(
    tmp_path: Path, made: ValidationRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = laboratory(tmp_path / "elsewhere", named="/somewhere/else/")
    place = folder / "scores.csv"
    head, *rows = list(csv.reader(place.read_text().splitlines()))
    random.Random(3).shuffle(rows)
    for row in rows:
        row[head.index("seconds")] = "9.9"
    place.write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n")
    monkeypatch.chdir(folder)
    other = record(tried(Path()), seconds=3.0, laboratory="another")
    assert other.sha256 == made.sha256
    assert other.seal == made.seal
    assert other.run != made.run
    assert other.run.scores != made.run.scores


@pytest.mark.parametrize("what", ["score", "truth", "conditions", "criteria", "seed"])
def test_other_inputs_give_another_hash(tmp_path: Path, made: ValidationRecord, what: str) -> None:
    folder = laboratory(tmp_path / "lab")
    changes = {
        "score": ("scores.csv", "True,1,20", "True,2,20"),
        "truth": ("truth.csv", "spare", "other"),
        "conditions": ("scores.csv.json", "3.11", "3.12"),
        "criteria": ("asked.toml", "0.2", "0.25"),
    }
    if what in changes:
        name, before, after = changes[what]
        text = (folder / name).read_text()
        assert before in text
        (folder / name).write_text(text.replace(before, after, 1))
        other = record(tried(folder), when=NOON)
    else:
        other = record(
            validate(read(folder), method=QUICK, criteria=read_criteria(folder / "asked.toml"), seed=2), when=NOON
        )
    assert other.sha256 != made.sha256


def test_writes_and_reads_the_same(tmp_path: Path, made: ValidationRecord) -> None:
    path = write_validation(made, tmp_path / "made.json")
    assert read_validation(path) == made
    with pytest.raises(OutputError, match="exists"):
        write_validation(made, path)
    turned = dict(reversed(json.loads(path.read_text()).items()))
    path.write_text(json.dumps(turned, indent=2))
    assert read_validation(path) == made


def test_when_and_where_may_be_amended(tmp_path: Path, made: ValidationRecord) -> None:
    path = write_validation(made, tmp_path / "made.json")
    assert read_validation(edited(path, lambda content: content["run"].update(by="B"))).sha256 == made.sha256


def edited(path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "measures": lambda content: content["measures"].update(cllr=0.001),
    "log10_lr": lambda content: content["log10_lr"].__setitem__(0, 3.0),
    "pairs": lambda content: content["pairs"]["scores"]["score"].__setitem__(0, 19.0),
    "tested": lambda content: content["tested"].update(left_out=[]),
    "tried": lambda content: content["tried"].update(parameter_hash="cd" * 32),
    "how": lambda content: content["how"].update(seed=7),
    "outcomes": lambda content: content["outcomes"][0].update(met="not met"),
    "criteria": lambda content: content["criteria"].update(date="2026-10-01"),
    "firearms": lambda content: content["firearms"].pop(),
    "limits": lambda content: content["limits"].pop(),
    "repeats": lambda content: content.update(repeats=[0.0]),
}


@pytest.mark.parametrize("part", CHANGES)
def test_an_edited_record_is_refused_by_the_part_that_differs(
    tmp_path: Path, made: ValidationRecord, part: str
) -> None:
    path = edited(write_validation(made, tmp_path / "made.json"), CHANGES[part])
    with pytest.raises(EvidenceError, match=f"the hash of {part} does not fit: .* after the validation was run"):
        read_validation(path)


def test_edited_hashes_and_other_files_are_refused(tmp_path: Path, made: ValidationRecord) -> None:
    path = write_validation(made, tmp_path / "made.json")
    with pytest.raises(EvidenceError, match="the hash itself was changed"):
        read_validation(edited(path, lambda content: content.update(sha256="0" * 64)))
    for content in (b"", b"{}", b"[]", b"\xff", b'{"contract": 2}'):
        path.write_bytes(content)
        with pytest.raises(EvidenceError, match="is not the record of a validation"):
            read_validation(path)
    with pytest.raises(FileError, match="cannot be read"):
        read_validation(tmp_path / "none.json")


def test_criteria_are_given_beforehand(tmp_path: Path) -> None:
    found = tried(laboratory(tmp_path / "lab"))
    assert record(found, when=datetime(2026, 11, 1, 23, tzinfo=UTC)).outcomes
    with pytest.raises(
        OptionError, match=r"the criteria are of 2026-11-01, the trial of 2026-10-31; .* beforehand"
    ):
        record(found, when=datetime(2026, 10, 31, tzinfo=UTC))
    with pytest.raises(OptionError, match="without a time zone"):
        record(found, when=datetime(2026, 11, 2))


def test_conditions_that_were_edited_by_hand_are_refused(tmp_path: Path) -> None:
    folder = laboratory(tmp_path / "lab")
    edited(folder / "scores.csv.json", lambda content: content["inputs"].update({"g0-0.x3p": "no hash"}))
    with pytest.raises(EvidenceError, match=r"no record can be made .*inputs\.g0-0\.x3p"):
        record(tried(folder))


def test_scores_alone_make_a_record_that_says_what_is_not_known(made: ValidationRecord) -> None:
    found = record(validate(LabelledScores(pairs=made.pairs), method=QUICK))
    assert (found.tried.mark, found.tested.truth, found.run.scores) == (None, None, None)
    assert any("was not recorded" in note.said for note in found.limits)
    assert found.criteria is None
