"""Many pairs: resumable, indifferent to the number of jobs and to bad files."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from ballistics import batch
from ballistics.batch import compare_all
from ballistics.compare import Comparison, Exhibit, compare
from ballistics.errors import OptionError, OutputError
from ballistics.pair_list import list_pairs
from ballistics.parameters import parameter_set
from ballistics.score_table import COLUMNS
from imaging.errors import FileError
from imaging.files import open_surface, write_x3p
from imaging.surface import Surface
from imaging.synthetic import impressions


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    for gun in (1, 2):
        marks = impressions(np.random.default_rng(gun), 2, correlation=0.7, pixel_um=10.0)
        for number, mark in enumerate(marks):
            write_x3p(mark, folder / f"gun{gun}_{number}.x3p")
    (folder / "notes.txt").write_text("no scan")
    return folder


def _rows(out: Path) -> list[dict[str, str]]:
    with out.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _values(out: Path) -> dict[tuple[str, str], dict[str, str]]:
    rows = _rows(out)
    for row in rows:
        del row["seconds"]
    found = {(row["reference"], row["questioned"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_rows_hold_what_compare_finds(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    seen: list[tuple[int, int]] = []
    pairs = list_pairs(folder)
    summary = compare_all(pairs, out, jobs=1, progress=lambda done, total: seen.append((done, total)))
    assert (summary.pairs, summary.kept, summary.computed, summary.not_comparable) == (6, 0, 6, 0)
    assert seen[-1] == (6, 6)
    assert tuple(_rows(out)[0]) == COLUMNS
    for (reference, questioned), row in _values(out).items():
        expected = compare(open_surface(reference), open_surface(questioned))
        assert isinstance(expected, Comparison)
        assert row["comparable"] == "True"
        assert int(row["score"]) == expected.score
        assert float(row["accf"]) == pytest.approx(expected.accf, abs=1e-5)
        assert float(row["angle_deg"]) == pytest.approx(expected.alignment.pose.angle_deg, abs=1e-2)


def test_number_of_jobs_and_of_kept_exhibits_changes_no_value(folder: Path, tmp_path: Path) -> None:
    pairs = list_pairs(folder)
    compare_all(pairs, tmp_path / "one.csv", jobs=1)
    compare_all(pairs, tmp_path / "two.csv", jobs=2, kept=2)
    assert _values(tmp_path / "one.csv") == _values(tmp_path / "two.csv")


def test_torn_last_line_is_computed_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    pairs = list_pairs(folder)
    compare_all(pairs, out, jobs=1)
    whole, lines = _values(out), out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:-2]) + lines[-2][:-20])
    summary = compare_all(pairs, out, jobs=1)
    assert (summary.kept, summary.computed) == (4, 2)
    assert _values(out) == whole


def test_new_files_are_added_to_a_finished_batch(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    pairs = list_pairs(folder)
    compare_all(pairs[:2], out, jobs=1)
    summary = compare_all(pairs, out, jobs=1)
    assert (summary.kept, summary.computed) == (2, 4)
    inputs = json.loads((tmp_path / "scores.csv.json").read_text(encoding="utf-8"))["inputs"]
    assert set(inputs) == {name for each in pairs for name in each}


def test_other_conditions_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.x3p"
    copy.write_bytes((folder / "gun1_0.x3p").read_bytes())
    out, pairs = tmp_path / "scores.csv", [(str(copy), str(folder / "gun2_0.x3p"))]
    compare_all(pairs, out, jobs=1)
    before = out.read_bytes()
    with pytest.raises(OutputError, match="parameter set"):
        compare_all(pairs, out, parameter_set("song2018"), jobs=1)
    with pytest.raises(OutputError, match="units"):
        compare_all(pairs, out, jobs=1, units="m")
    with pytest.raises(OutputError, match="accepted"):
        compare_all(pairs, out, jobs=1, accept=["checksum"])
    copy.write_bytes((folder / "gun1_1.x3p").read_bytes())
    with pytest.raises(OutputError, match=r"other content of .*copy\.x3p"):
        compare_all(pairs, out, jobs=1)
    assert out.read_bytes() == before
    assert compare_all(pairs, out, jobs=1, overwrite=True).computed == 1
    assert out.read_bytes() != before


@pytest.mark.parametrize("damage", ["no record", "no head", "short row", "broken record"])
def test_file_that_is_no_batch_is_left_alone(folder: Path, tmp_path: Path, damage: str) -> None:
    out, beside = tmp_path / "scores.csv", tmp_path / "scores.csv.json"
    pairs = list_pairs(folder)[:1]
    compare_all(pairs, out, jobs=1)
    if damage == "no record":
        beside.unlink()
    elif damage == "no head":
        out.write_text("my,own,table\n", encoding="utf-8")
    elif damage == "short row":
        out.write_text(",".join(COLUMNS) + "\na,b\n", encoding="utf-8")
    else:
        beside.write_text("{}", encoding="utf-8")
    before = out.read_bytes()
    with pytest.raises(OutputError, match="--force"):
        compare_all(pairs, out, jobs=1)
    assert out.read_bytes() == before


def test_bad_file_is_a_row_with_its_reason(folder: Path, tmp_path: Path) -> None:
    bad, flat, missing = tmp_path / "bad.x3p", tmp_path / "flat.x3p", tmp_path / "missing.x3p"
    bad.write_bytes(b"PK\x03\x04 broken")
    write_x3p(Surface(heights=np.zeros((300, 300)), spacing=(1e-5, 1e-5)), flat)
    good = str(folder / "gun1_0.x3p")
    pairs = [(good, str(bad)), (str(flat), good), (str(missing), str(bad)), (good, str(folder / "gun1_1.x3p"))]
    summary = compare_all(pairs, tmp_path / "scores.csv", jobs=2)
    assert (summary.computed, summary.not_comparable) == (4, 3)
    rows = _values(tmp_path / "scores.csv")
    assert str(bad) in rows[pairs[0]]["reason"]
    assert str(flat) in rows[pairs[1]]["reason"]
    assert str(missing) in rows[pairs[2]]["reason"]
    assert str(bad) in rows[pairs[2]]["reason"]
    for pair in pairs[:3]:
        assert rows[pair]["comparable"] == "False"
        assert rows[pair]["score"] == rows[pair]["accf"] == ""
    assert rows[pairs[3]]["comparable"] == "True"


def test_input_that_changes_meanwhile_gives_no_number(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "file_digest", lambda path: "0" * 64)
    compare_all(list_pairs(folder)[:1], tmp_path / "scores.csv", jobs=1)
    assert "changed since the run began" in _rows(tmp_path / "scores.csv")[0]["reason"]


def test_bug_stops_the_run_and_leaves_it_resumable(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, pairs, original = tmp_path / "scores.csv", list_pairs(folder), batch.compare_exhibits
    calls: list[int] = []

    def fail(*exhibits: object) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise ZeroDivisionError
        return original(*exhibits)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "compare_exhibits", fail)
    with pytest.raises(ZeroDivisionError):
        compare_all(pairs, out, jobs=1)
    monkeypatch.undo()
    assert len(_rows(out)) >= 1
    summary = compare_all(pairs, out, jobs=1)
    assert summary.kept + summary.computed == 6
    assert len(_values(out)) == 6


def test_interrupt_keeps_the_rows_so_far(folder: Path, tmp_path: Path) -> None:
    out, pairs = tmp_path / "scores.csv", list_pairs(folder)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_all(pairs, out, jobs=2, progress=stop)
    assert len(_rows(out)) == 2
    assert compare_all(pairs, out, jobs=2).kept == 2


def test_each_exhibit_is_prepared_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def count(path: str, **options: object) -> Surface:
        opened.append(path)
        return open_surface(path)

    monkeypatch.setattr(batch, "open_surface", count)
    compare_all(list_pairs(folder), tmp_path / "scores.csv", jobs=2)
    assert sorted(opened) == sorted(str(path) for path in folder.glob("*.x3p"))


def test_inner_threads_are_pinned_and_restored(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, seen = batch.prepare_exhibit, []

    def look(*args: object, **options: object) -> object:
        seen.append((cv2.getNumThreads(), {each["num_threads"] for each in threadpool_info()}))
        return original(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "prepare_exhibit", look)
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        compare_all(list_pairs(folder)[:1], tmp_path / "scores.csv", jobs=1)
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
    assert seen
    assert all(own == 1 and below <= {1} for own, below in seen)


def test_cells_cannot_be_formulas(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "=cmd, A1!\n.x3p"
    Path(name).write_bytes(b"no scan")
    pairs = [(name, str(folder / "gun1_0.x3p"))]
    compare_all(pairs, "scores.csv", jobs=1)
    row = _rows(tmp_path / "scores.csv")[0]
    assert row["reference"] == r"'=cmd, A1!\n.x3p"
    assert not row["reason"].startswith(("=", "+", "-", "@"))
    assert compare_all(pairs, "scores.csv", jobs=1).kept == 1


def test_names_that_are_no_text_stay_apart_and_can_be_gone_on_with(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a\udcff.x3p", "a\udcfe.x3p", "a?.x3p", "a .x3p")]
    pairs = list(itertools.combinations(names, 2))
    out = tmp_path / "scores.csv"
    compare_all(pairs[:4], out, jobs=1)
    assert compare_all(pairs, out, jobs=1).kept == 4
    assert len(_values(out)) == 6


def test_scans_are_never_written_over(folder: Path, tmp_path: Path) -> None:
    scan, named_like_a_record = tmp_path / "a.x3p", tmp_path / "scores.csv.json"
    for copy in (scan, named_like_a_record):
        copy.write_bytes((folder / "gun1_0.x3p").read_bytes())
    pairs = [(str(scan), str(named_like_a_record))]
    for out in (scan, tmp_path / "scores.csv"):
        with pytest.raises(OutputError, match="is itself an input"):
            compare_all(pairs, out, jobs=1, overwrite=True)
    assert scan.read_bytes() == named_like_a_record.read_bytes() == (folder / "gun1_0.x3p").read_bytes()


def test_file_beside_that_is_no_record_is_left_alone(folder: Path, tmp_path: Path) -> None:
    out, beside = tmp_path / "scores.csv", tmp_path / "scores.csv.json"
    beside.write_text('{"my": "notes"}', encoding="utf-8")
    with pytest.raises(OutputError, match="--force"):
        compare_all(list_pairs(folder)[:1], out, jobs=1)
    assert beside.read_text(encoding="utf-8") == '{"my": "notes"}'
    assert not out.exists()
    compare_all(list_pairs(folder)[:1], out, jobs=1, overwrite=True)
    out.unlink()
    assert compare_all(list_pairs(folder)[:1], out, jobs=1).computed == 1


def test_scan_that_memory_cannot_hold_is_a_row(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = list_pairs(folder)

    def fail(path: str, **options: object) -> Surface:
        if path == pairs[0][0]:
            raise MemoryError
        return open_surface(path)

    monkeypatch.setattr(batch, "open_surface", fail)
    summary = compare_all(pairs, tmp_path / "scores.csv", jobs=1)
    assert (summary.computed, summary.not_comparable) == (6, 3)
    assert "not enough memory" in _values(tmp_path / "scores.csv")[pairs[0]]["reason"]


def test_kept_exhibits_do_not_hold_whole_scans(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, sizes = batch.compare_exhibits, []

    def look(*exhibits: Exhibit) -> object:
        sizes.extend((each.scan.heights.size, each.mark.scan.heights.size) for each in exhibits)
        sizes.extend((each.segmentation.mask.size, 1) for each in exhibits)
        return original(*exhibits)

    monkeypatch.setattr(batch, "compare_exhibits", look)
    compare_all(list_pairs(folder)[:1], tmp_path / "scores.csv", jobs=1)
    assert sizes == [(1, 1)] * 4


def test_list_of_paths_and_list_of_pairs(folder: Path, tmp_path: Path) -> None:
    a, b, c = (str(tmp_path / name) for name in ("a.x3p", "b.x3p", "c d.x3p"))
    listed = tmp_path / "list.txt"
    listed.write_text("\ufeff# scans\na.x3p\n\nb.x3p\nc d.x3p\na.x3p\n", encoding="utf-8")
    assert list_pairs(listed) == [(a, b), (a, c), (b, c)]
    listed.write_text("a.x3p,b.x3p\nb.x3p,c d.x3p\na.x3p,b.x3p\n", encoding="utf-8")
    assert list_pairs(listed) == [(a, b), (b, c)]
    listed.write_text("score,questioned,reference\n1,a.x3p,b.x3p\n", encoding="utf-8")
    assert list_pairs(listed) == [(b, a)]
    absolute = str(folder / "gun1_0.x3p")
    listed.write_text(f"{absolute}\na.x3p\n", encoding="utf-8")
    assert list_pairs(listed) == [(absolute, a)]
    assert len(list_pairs(folder)) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a.x3p\n", "no pairs"),
        ("a,b,c\n", "Line 1"),
        ("a,\n", "Line 1"),
        ("reference,questioned\na\n", "Line 2"),
        ("a.x3p\nb.x3p,c.x3p\n", "Line 2"),
        ("a.x3p\n" + "x" * 200_000 + "\n", "Line 2"),
    ],
)
def test_list_that_makes_no_sense_is_refused(tmp_path: Path, content: str, message: str) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(content, encoding="utf-8")
    with pytest.raises(OptionError, match=message):
        list_pairs(listed)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_list_as_spreadsheets_and_shells_save_it(tmp_path: Path, separator: str, encoding: str) -> None:
    a, b = str(tmp_path / "Hülse 1.x3p"), str(tmp_path / "b.x3p")
    listed = tmp_path / "list.csv"
    rows = [["Reference", "Note", "Questioned"], ["Hülse 1.x3p", "", "b.x3p"]]
    listed.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert list_pairs(listed) == [(a, b)]


def test_line_that_names_a_file_is_one_path(tmp_path: Path) -> None:
    for name in ("a, 1.x3p", "b; 2.x3p"):
        (tmp_path / name).touch()
    listed = tmp_path / "list.txt"
    listed.write_text("a, 1.x3p\nb; 2.x3p\n", encoding="utf-8")
    assert list_pairs(listed) == [(str(tmp_path / "a, 1.x3p"), str(tmp_path / "b; 2.x3p"))]
    listed.write_text('"a, 1.x3p",b.x3p\n', encoding="utf-8")
    assert list_pairs(listed) == [(str(tmp_path / "a, 1.x3p"), str(tmp_path / "b.x3p"))]


def test_list_that_cannot_be_read_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a scan by its name"):
        list_pairs(folder / "gun1_0.x3p")
    (tmp_path / "list.csv").write_bytes("Hülse.x3p\n".encode("latin-1"))
    with pytest.raises(FileError, match="not text in UTF-8"):
        list_pairs(tmp_path / "list.csv")
    with pytest.raises(FileError, match="too long"):
        list_pairs("a" * 5000)
    with pytest.raises(FileError, match="No such file"):
        list_pairs(tmp_path / "missing.csv")
    with pytest.raises(OptionError, match="holds no scan;"):
        list_pairs(tmp_path)


def test_options_out_of_range(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="jobs"):
        compare_all(list_pairs(folder), tmp_path / "s.csv", jobs=0)
    with pytest.raises(OutputError, match="does not exist"):
        compare_all(list_pairs(folder), tmp_path / "no" / "s.csv")
