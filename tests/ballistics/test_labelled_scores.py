"""Scores joined with truth: every pair is either scored or listed with the reason why not."""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ballistics.errors import EvidenceError
from ballistics.evidence.labelled_scores import LabelledScores, labelled_scores
from ballistics.evidence.named_scores import named_scores
from ballistics.evidence.truth import Truth, read_truth
from ballistics.score_table import COLUMNS, Conditions, ScoreRow, ScoreTable
from imaging.errors import FileError

TRUTH = "file,firearm,study,make\na1.x3p,gun 1,s,Ruger\na2.x3p,gun 1,s,Ruger\nb1.x3p,gun 2,t,Glock\n"


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    place = tmp_path / "truth.csv"
    place.write_text(TRUTH)
    return read_truth(place)


def row(one: str, other: str, score: float | None = 3.0, **more: Any) -> ScoreRow:
    values = {"comparable": score is not None, "score": score, "cells": None if score is None else 20} | more
    return ScoreRow(reference=one, questioned=other, **values)


def written(folder: Path, rows: list[ScoreRow]) -> Path:
    place = folder / "scores.csv"
    inputs = {name: f"{number:064x}" for number, name in enumerate(sorted({r.reference for r in rows}))}
    conditions = Conditions(
        parameters={"name": "made", "hash": "ab" * 32, "values": {"mark": "breech face"}},
        score="consensus",
        accept=(),
        units="auto",
        versions={"python": "3.11"},
        inputs=inputs,
    )
    with ScoreTable(place, conditions, overwrite=True) as table:
        for each in rows:
            table.add(each)
    return place


ROWS = [row("a1.x3p", "a2.x3p", 12), row("a1.x3p", "b1.x3p", 1), row("a2.x3p", "b1.x3p", 0)]


def test_joins_what_a_batch_wrote(tmp_path: Path, truth: Truth) -> None:
    found = labelled_scores(written(tmp_path, ROWS), truth)
    assert found.kind == "cell count"
    assert found.pairs.scores == {"score": (12.0, 1.0, 0.0), "cells": (20.0, 20.0, 20.0)}
    assert found.pairs.same.tolist() == [True, False, False]
    assert found.conditions is not None
    assert found.conditions.parameters["name"] == "made"
    assert found.files == ("a1.x3p", "a2.x3p", "b1.x3p")
    assert dict(found.inputs) == {"a1.x3p": f"{0:064x}", "a2.x3p": f"{1:064x}"}
    assert found.source is not None
    assert found.source[0] == "scores.csv"
    assert found.studies == {"a1": "s", "a2": "s", "b1": "t"}
    assert not found.left_out


def test_order_of_rows_changes_nothing_but_the_hash_of_the_file(tmp_path: Path, truth: Truth) -> None:
    one, other = (labelled_scores(written(tmp_path, rows), truth) for rows in (ROWS, ROWS[::-1]))
    assert one.source != other.source
    assert replace(one, source=None) == replace(other, source=None)


def test_columns_by_name(truth: Truth) -> None:
    rows = [replace(each, accf=0.5, cells=None) for each in ROWS]
    assert labelled_scores(rows, truth).kind == "one score"
    both = labelled_scores(rows, truth, columns=("score", "accf"))
    assert both.kind == "several scores"
    assert list(both.pairs.scores) == ["score", "accf"]
    with pytest.raises(EvidenceError, match="row 1: cells is empty"):
        labelled_scores(rows, truth, columns=("score", "cells"))
    with pytest.raises(EvidenceError, match=r"no column 'ccf' among the scores; found reference, .*accf"):
        labelled_scores(rows, truth, columns=("ccf",))


def test_pairs_without_a_score_are_listed(tmp_path: Path, truth: Truth) -> None:
    rows = [
        *ROWS[:2],
        row("a2.x3p", "b1.x3p", None, reason="/data/a2.x3p: no mark; b1.x3p: dark"),
        row("b1.x3p", "b1.x3p"),
        row("a1.x3p", "zz.x3p"),
    ]
    with pytest.raises(EvidenceError, match=r"row 5: zz.x3p is not in"):
        labelled_scores(rows, truth)
    found = labelled_scores(rows, truth, unknown="leave out")
    assert len(found.pairs) + len(found.left_out) == len(rows)
    assert [(left.kind, left.questioned, left.same) for left in found.left_out] == [
        ("not comparable", "b1.x3p", False),
        ("not in the manifest", "zz.x3p", None),
        ("same item", "b1.x3p", True),
    ]
    assert found.left_out[0].firearms == ("gun 1", "gun 2")
    assert "no mark" in found.left_out[0].reason
    assert "zz.x3p" not in found.files
    with pytest.raises(EvidenceError, match=r"line 6 of .*scores.csv: zz.x3p is not in"):
        labelled_scores(written(tmp_path, rows), truth)


@pytest.mark.parametrize("folder", ["", "data/", "/somewhere/"])
def test_reasons_do_not_depend_on_the_folder(truth: Truth, folder: str) -> None:
    a1, a2, b1 = (f"{folder}{name}.x3p" for name in ("a1", "a2", "b1"))
    found = labelled_scores([row(a1, a2), row(a1, b1, None, reason=f"{b1}: dark")], truth)
    assert found.left_out[0].reason == "b1.x3p: dark"


def test_two_spellings_of_one_file_need_one_hash(tmp_path: Path, truth: Truth) -> None:
    rows = [ROWS[0], row("copy/a1.x3p", "b1.x3p")]
    with pytest.raises(EvidenceError, match=r"row 2: copy/a1.x3p and a1.x3p both fit line 2"):
        labelled_scores(rows, truth)
    given = labelled_scores(written(tmp_path, ROWS), truth).conditions
    assert given is not None
    alike = given.model_copy(update={"inputs": {"a1.x3p": "0" * 64, "copy/a1.x3p": "0" * 64}})
    assert len(labelled_scores(rows, truth, conditions=alike).pairs) == 2


@pytest.mark.parametrize("again", [ROWS[0], row("a2.x3p", "a1.x3p", 12), row("a2.x3p", "a1.x3p", None)])
def test_a_pair_may_be_there_once(truth: Truth, again: ScoreRow) -> None:
    with pytest.raises(EvidenceError, match=r"row 1 and row 4 are the same pair \(a1.x3p, a2.x3p\)"):
        labelled_scores([*ROWS, again], truth)


@pytest.mark.parametrize("score", ["inf", "-inf", "nan", "1e300", "many", ""])
def test_scores_that_are_no_numbers_name_their_line(tmp_path: Path, truth: Truth, score: str) -> None:
    place = written(tmp_path, ROWS)
    lines = list(csv.reader(place.read_text().splitlines()))
    lines[2][COLUMNS.index("score")] = score
    with place.open("w", newline="") as stream:
        csv.writer(stream).writerows(lines)
    with pytest.raises(EvidenceError, match=r"line 3 of .*: score is"):
        labelled_scores(place, truth)


def test_nothing_compared(truth: Truth) -> None:
    with pytest.raises(EvidenceError, match="no pair has a score; of 1 pairs the first because: dark"):
        labelled_scores([row("a1.x3p", "b1.x3p", None, reason="dark")], truth)
    with pytest.raises(EvidenceError, match="there is no row"):
        labelled_scores([], truth)


def test_files_that_are_no_scores(tmp_path: Path, truth: Truth) -> None:
    other = tmp_path / "other.csv"
    other.write_text("one,two\n1,2\n")
    with pytest.raises(EvidenceError, match=r"no column 'reference'; found one, two"):
        labelled_scores(other, truth)
    with pytest.raises(FileError):
        labelled_scores(tmp_path / "none.csv", truth)
    place = written(tmp_path, ROWS)
    place.write_text(place.read_text().replace("True", "perhaps", 1))
    with pytest.raises(EvidenceError, match=r"line 2 of .*comparable is 'perhaps'"):
        labelled_scores(place, truth)


def test_conditions_beside_the_file(tmp_path: Path, truth: Truth) -> None:
    place = written(tmp_path, ROWS)
    beside = tmp_path / "scores.csv.json"
    beside.write_text(json.dumps({"layout": 2}))
    with pytest.raises(EvidenceError, match=r"is not the record of scores\.csv"):
        labelled_scores(place, truth)
    beside.unlink()
    assert labelled_scores(place, truth).conditions is None


def test_of_an_item_that_was_scanned_twice_every_pair_of_items_counts_once(tmp_path: Path) -> None:
    place = tmp_path / "truth.csv"
    place.write_text("file,firearm,item\na1.x3p,A,a\na1 again.x3p,A,a\na2.x3p,A,a two\nb.x3p,B,b\n")
    names = ["b.x3p", "a2.x3p", "a1.x3p", "a1 again.x3p"]
    rows = [row(one, other, n) for n, (one, other) in enumerate(itertools.combinations(names, 2))]
    truth = read_truth(place)
    found = labelled_scores(rows, truth)
    assert found.pairs.scores["score"] == (4.0, 2.0, 0.0)
    assert [(left.kind, left.reference, left.questioned) for left in found.left_out] == [
        ("repeated items", "a2.x3p", "a1.x3p"),
        ("repeated items", "b.x3p", "a1.x3p"),
        ("same item", "a1.x3p", "a1 again.x3p"),
    ]
    assert found.left_out[0].reason == "a and a two are compared already, by a1 again.x3p and a2.x3p"
    assert labelled_scores(rows[::-1], truth) == found
    failed = [
        replace(each, comparable=False, score=None, cells=None) if each is rows[2] else each for each in rows
    ]
    kept = labelled_scores(failed, truth)
    assert kept.pairs.scores["score"] == (4.0, 1.0, 0.0)
    assert [left.kind for left in kept.left_out] == ["not comparable", "repeated items", "same item"]


@pytest.mark.parametrize(("score", "cells"), [(-3, 20), (3.5, 20), (21, 20), (3, 19.5), (10**15, 10**15), (0, 0)])
def test_counts_that_none_can_be_name_their_line(tmp_path: Path, truth: Truth, score: float, cells: float) -> None:
    rows: list[ScoreRow] = [ROWS[0], replace(ROWS[1], score=score, cells=cells, accf=0.5)]  # type: ignore[arg-type]
    place = written(tmp_path, rows)
    for columns in (None, ("score", "cells"), ("score", "accf")):
        with pytest.raises(
            EvidenceError, match=r"line 3 of .*scores\.csv: a score of .* of .* cells; expected whole"
        ):
            labelled_scores(place, truth, columns=columns)
    assert len(labelled_scores([replace(ROWS[0], score=100_000, cells=100_000)], truth).pairs) == 1


@pytest.mark.parametrize("separator", [";", "\t"])
def test_numbers_may_have_a_decimal_comma_where_no_comma_separates(
    tmp_path: Path, truth: Truth, separator: str
) -> None:
    rows = [replace(each, accf=n / 4) for n, each in enumerate(ROWS)]
    place = written(tmp_path, rows)
    plain = labelled_scores(place, truth, columns=("score", "accf"))
    lines = [line.replace(".x3p", "#").replace(".", "+") for line in place.read_text().splitlines()]
    lines = [line.replace(",", separator).replace("+", ",").replace("#", ".x3p") for line in lines]
    place.write_text("\n".join(lines))
    assert "0,25" in place.read_text()
    assert labelled_scores(place, truth, columns=("score", "accf")).pairs == plain.pairs


def test_what_a_spreadsheet_translated_is_told(tmp_path: Path, truth: Truth) -> None:
    place = written(tmp_path, ROWS)
    text = place.read_text()
    place.write_text(text.replace("True", "WAHR", 1))
    with pytest.raises(EvidenceError, match="comparable is 'WAHR'; expected True or False, in English"):
        labelled_scores(place, truth)
    place.write_text(text.replace(",12,", ',"12,0",', 1))
    with pytest.raises(EvidenceError, match=r"score is '12,0'; .*a decimal comma needs semicolons or tabs"):
        labelled_scores(place, truth)


@pytest.mark.parametrize(
    ("score", "recorded", "message"),
    [
        ("seconds", False, "seconds is no score; expected count, accf, score"),
        ("score+cells", False, "cells is no score"),
        ("count+count", False, "names count twice"),
        ("count+score", False, "names count twice"),
        ("seconds", True, "these scores have no 'seconds'; expected one of count, accf"),
        ("count+accf+count", True, "names count twice"),
    ],
)
def test_columns_that_are_no_scores_are_refused(
    tmp_path: Path, truth: Truth, score: str, recorded: bool, message: str
) -> None:
    place = written(tmp_path, ROWS)
    beside = tmp_path / "scores.csv.json"
    if recorded:
        beside.write_text(beside.read_text().replace('"mark"', '"cells": 8, "mark"'))
    else:
        beside.unlink()
    with pytest.raises(EvidenceError, match=message):
        named_scores(place, truth, score=score)


def test_a_laboratory_may_have_a_score_of_its_own(tmp_path: Path, truth: Truth) -> None:
    place = tmp_path / "own.csv"
    place.write_text("reference,questioned,comparable,reason,our score\na1.x3p,b1.x3p,True,,0.25\n")
    assert named_scores(place, truth, score="our score").pairs.scores == {"our score": (0.25,)}


def test_a_spreadsheet_may_have_saved_the_scores(tmp_path: Path, truth: Truth) -> None:
    place = written(tmp_path, ROWS)
    plain: LabelledScores = labelled_scores(place, truth)
    text = place.read_text().replace(",", ";").replace("True", "TRUE").replace("\n", "\r\n")
    place.write_bytes(text.encode("utf-8-sig"))
    assert labelled_scores(place, truth).pairs == plain.pairs
