"""The file of scores: gone on with however paths are spelled, by one run at a time, never with a pair twice."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ballistics.errors import ConditionsError, OutputError
from ballistics.score_table import Conditions, ScoreRow, ScoreTable, record_of

HOLD = """
import sys, time
from pathlib import Path
from ballistics.score_table import Conditions, ScoreTable
table = ScoreTable(Path(sys.argv[1]), Conditions.model_validate_json(sys.argv[2]))
print("open", flush=True)
time.sleep(60)
"""


def conditions(**inputs: str) -> Conditions:
    return Conditions(
        parameters={"name": "made", "hash": "ab" * 32}, score="ccf", accept=(), units="auto", versions={},
        inputs={name.replace("__", "/"): digest for name, digest in inputs.items()},
    )  # fmt: skip


def row(reference: str, questioned: str, reason: str = "") -> ScoreRow:
    return ScoreRow(reference=reference, questioned=questioned, comparable=False, reason=reason)


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))[1:]


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in a folder of its own, begun in the folder above with relative names."""
    (tmp_path / "out").mkdir()
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path)
    with ScoreTable(Path("out/s.csv"), conditions(scans__a="1", scans__b="2", scans__c="3")) as table:
        table.add(row("scans/a", "scans/b"))
    return tmp_path / "out" / "s.csv"


@pytest.mark.parametrize("spelling", ["{root}/scans/", "../scans/", "../else/../scans/"])
def test_other_spelling_from_another_folder_goes_on_under_the_first_names(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.chdir(tmp_path / "else")
    before = spelling.format(root=tmp_path)
    a, b, c = (f"{before}{name}" for name in "abc")
    now = conditions(**{a: "1", b: "2", c: "3"})
    with ScoreTable(Path("../out/s.csv"), now) as table:
        assert table.has(a, b)
        assert not table.has(a, c)
        table.refuse_others([(a, b), (a, c)])
        table.add(row(a, c, f"{c}: no mark"))
    assert [each[:2] for each in lines(begun)] == [["scans/a", "scans/b"], ["scans/a", "scans/c"]]
    assert lines(begun)[1][-1] == "scans/c: no mark"
    assert set(json.loads(record_of(begun).read_text())["inputs"]) == {"scans/a", "scans/b", "scans/c"}
    changed = conditions(**{a: "1", b: "9"})
    with pytest.raises(ConditionsError, match="other content of scans/b"):
        ScoreTable(begun, changed)


def test_tree_that_is_moved_as_a_whole_goes_on(begun: Path, tmp_path: Path) -> None:
    there = tmp_path / "else" / "there"
    (there / "out").mkdir(parents=True)
    for each in (begun, record_of(begun)):
        each.rename(there / "out" / each.name)
    with ScoreTable(
        there / "out" / "s.csv", conditions(**{f"{there}/scans/a": "1", f"{there}/scans/b": "2"})
    ) as it:
        assert it.has(f"{there}/scans/a", f"{there}/scans/b")


def test_scans_that_were_moved_are_refused_before_a_pair_stands_there_twice(begun: Path, tmp_path: Path) -> None:
    moved = conditions(**{f"{tmp_path}/moved/{name}": digest for name, digest in zip("abc", "123", strict=True)})
    before = begun.read_bytes()
    with pytest.raises(ConditionsError, match=r"begun with scans/a, and .*/moved/a has the same content.*--force"):
        ScoreTable(begun, moved)
    assert begun.read_bytes() == before
    ScoreTable(begun, moved, overwrite=True).__exit__(None, None, None)
    assert lines(begun) == []


def test_equal_files_under_two_names_stay_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ScoreTable(Path("s.csv"), conditions(one__a="1", two__a="1", one__b="2")) as table:
        table.add(row("one/a", "one/b"))
    one, two, other = (f"{tmp_path}/{name}" for name in ("one/a", "two/a", "one/b"))
    with ScoreTable(
        Path("s.csv"), conditions(**{one: "1", two: "1", other: "2", f"{tmp_path}/new/a": "1"})
    ) as table:
        assert table.has(one, other)
        assert not table.has(two, other)
        assert not table.has(f"{tmp_path}/new/a", other)


def test_pairs_that_are_not_asked_for_are_refused_where_only_these_may_be_there(begun: Path) -> None:
    same = conditions(scans__a="1", scans__b="2", scans__c="3")
    with ScoreTable(begun, same) as table, pytest.raises(ConditionsError, match=r"1 pairs .* scans/a and scans/b"):
        table.refuse_others([("scans/a", "scans/c")])


def test_pair_that_is_there_twice_is_refused_and_force_starts_anew(begun: Path) -> None:
    head, first = begun.read_text().splitlines()
    begun.write_text(f"{head}\n{first}\n{first}\n")
    with pytest.raises(ConditionsError, match=r"Line 3 .* second time.*--force"):
        ScoreTable(begun, conditions())
    with ScoreTable(begun, conditions(), overwrite=True) as table:
        assert not table.finished


def test_one_run_at_a_time_and_a_killed_one_leaves_no_lock(begun: Path) -> None:
    same = conditions(scans__a="1", scans__b="2", scans__c="3")
    before = begun.read_bytes()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(begun), same.model_dump_json()],
        stdout=subprocess.PIPE, cwd=begun.parents[1], text=True,
    )  # fmt: skip
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        for overwrite in (False, True):
            with pytest.raises(OutputError, match="Another run is writing") as found:
                ScoreTable(begun, same, overwrite=overwrite)
            assert not isinstance(found.value, ConditionsError)
        assert begun.read_bytes() == before
    finally:
        other.kill()
        other.communicate()
    with ScoreTable(begun, same) as table:
        assert table.has("scans/a", "scans/b")


def test_run_that_was_killed_before_the_head_is_begun_anew(begun: Path) -> None:
    begun.write_bytes(b"")
    with ScoreTable(begun, conditions()) as table:
        assert not table.finished
    assert begun.read_text().startswith("reference,questioned,")
