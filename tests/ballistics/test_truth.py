"""The manifest of known samples: how files are found in it, and what is refused with the line named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ballistics.errors import EvidenceError
from ballistics.evidence.truth import Truth, read_truth
from imaging.errors import FileError

PLAIN = "file,firearm\nscans/a1.x3p,gun 1\nscans/a2.x3p,gun 1\nscans/b1.x3p,gun 2\n"


def manifest(folder: Path, text: str | bytes, name: str = "truth.csv") -> Path:
    place = folder / name
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def read(folder: Path, text: str | bytes) -> Truth:
    return read_truth(manifest(folder, text))


def test_reads_files_firearms_and_names_items_after_files(tmp_path: Path) -> None:
    truth = read(tmp_path, PLAIN)
    assert [(line.line, line.file, line.firearm, line.item) for line in truth.lines] == [
        (2, "scans/a1.x3p", "gun 1", "a1"),
        (3, "scans/a2.x3p", "gun 1", "a2"),
        (4, "scans/b1.x3p", "gun 2", "b1"),
    ]
    assert len(truth.sha256) == 64


def test_files_of_equal_name_give_items_with_their_folders(tmp_path: Path) -> None:
    truth = read(tmp_path, "file,firearm\nglock/1.x3p,g\nberetta/1.x3p,b\nberetta/.x3p,b\n")
    assert [line.item for line in truth.lines] == ["glock/1", "beretta/1", ".x3p"]


def test_further_columns_are_kept(tmp_path: Path) -> None:
    truth = read(
        tmp_path,
        "File,Firearm,Item,Group,Make,Ammunition\na.x3p,g,case 1,Fadul,Ruger,Federal\nb.x3p,h,case 2,Fadul,,\n",
    )
    assert truth.lines[0].study == "Fadul"
    assert dict(truth.lines[0].classes) == {"make": "Ruger", "ammunition": "Federal"}
    assert dict(truth.lines[1].classes) == {"make": "", "ammunition": ""}


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        ("sep=;\r\n" + PLAIN.replace(",", ";")).encode("utf-8-sig"),
        PLAIN.replace("file,firearm", "file,firearm,,").replace("gun 1", '"gun 1",,').encode(),
        ("\n" + PLAIN + ",\n\n").lstrip("\n").encode(),
    ],
    ids=["bom", "utf-16", "semicolon", "tab", "crlf", "sep=", "empty columns", "empty lines"],
)
def test_every_way_that_a_spreadsheet_writes_gives_the_same(tmp_path: Path, content: bytes) -> None:
    found, plain = read(tmp_path, content), read(tmp_path, PLAIN)
    assert [(line.file, line.firearm, line.item) for line in found.lines] == [
        (line.file, line.firearm, line.item) for line in plain.lines
    ]


def test_lines_are_counted_over_quoted_line_breaks(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"line 4 of .* has an empty firearm"):
        read(tmp_path, 'file,firearm,remark\na.x3p,g,"two\nlines"\nb.x3p,,\n')


@pytest.mark.parametrize(
    "path",
    [
        "scans/a1.x3p",
        "a1.x3p",
        "./scans/a1.x3p",
        "../data/scans/a1.x3p",
        "/home/lab/scans/a1.x3p",
        "scans\\a1.x3p",
    ],
)
def test_finds_a_file_however_its_path_is_written(tmp_path: Path, path: str) -> None:
    assert read(tmp_path, PLAIN).of(path).line == 2


def test_where_the_program_runs_has_no_influence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = read(tmp_path, PLAIN)
    monkeypatch.chdir("/")
    assert truth.of(os.fspath(tmp_path / "scans" / "a1.x3p")).line == 2
    assert truth.of("scans/a1.x3p").line == 2


def test_the_same_name_in_another_folder_is_another_file(tmp_path: Path) -> None:
    truth = read(tmp_path, "file,firearm\nglock/1.x3p,g\n")
    with pytest.raises(EvidenceError, match=r"beretta/1.x3p is not in .*truth.csv"):
        truth.of("beretta/1.x3p")


def test_two_lines_that_fit_are_both_named(tmp_path: Path) -> None:
    truth = read(tmp_path, "file,firearm\nglock/1.x3p,g\nberetta/1.x3p,b\n")
    with pytest.raises(EvidenceError, match=r"line 2 \(glock/1.x3p, g\) and line 3 \(beretta/1.x3p, b\)"):
        truth.of("1.x3p")
    assert truth.of("/data/beretta/1.x3p").firearm == "b"


def test_an_absolute_path_settles_what_names_do_not(tmp_path: Path) -> None:
    truth = read(tmp_path, "file,firearm\n1.x3p,g\ndeep/1.x3p,h\n")
    assert truth.of(os.fspath(tmp_path / "1.x3p")).firearm == "g"
    assert truth.of(os.fspath(tmp_path / "deep" / "1.x3p")).firearm == "h"
    assert truth.of("1.x3p").firearm == "g"
    assert truth.of("elsewhere/deep/1.x3p").firearm == "h"


def test_names_that_a_score_table_guards_are_found(tmp_path: Path) -> None:
    truth = read(tmp_path, "file,firearm\n=a.x3p,g\n+1/b.x3p,g\ncafé.x3p,g\n")
    assert truth.of("'=a.x3p").line == 2
    assert truth.of("'+1/b.x3p").line == 3
    assert truth.of("cafe\u0301.x3p").line == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("file,firearm\n", "a head and no lines"),
        ("path,gun\na.x3p,g\n", "no column 'file'; found path, gun"),
        ("file,weapon\na.x3p,g\n", "no column 'firearm'; found file, weapon"),
        ("file,firearm,file\na.x3p,g,b\n", "two columns 'file'"),
        ("file,firearm\na.x3p,\n", "line 2 of .* empty firearm"),
        ("file,firearm\n,g\n", "line 2 of .* empty file"),
        ("file,firearm,item\na.x3p,g,\n", "line 2 of .* empty item"),
        ("file,firearm,study\na.x3p,g,\n", "line 2 of .* empty study"),
        ("file,firearm\n..,g\n", "line 2 of .* names no file"),
        ("file,firearm\na,b.x3p,g\n", "line 2 of .* more cells than the head"),
        ("file,firearm\na.x3p,g\nb.x3p,g\n./a.x3p,h\n", r"lines 2 and 4 of .* both have ./a.x3p, of g and of h"),
        ("file,firearm,item\na.x3p,g,c\nb.x3p,h,c\n", r"lines 2 and 3 of .* item c is of the firearm g and of h"),
        ("file,firearm,item,study\na.x3p,g,c,s\nb.x3p,g,c,t\n", "item c is of the study s and of t"),
        (b"file,firearm\n\xe9.x3p,g\n", "not a table of text"),
        ('file,firearm\n"a.x3p,g\n', "not a table of text"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        read(tmp_path, text)


def test_two_spellings_of_a_firearm_are_one_firearm_by_its_first_spelling(tmp_path: Path) -> None:
    lines = ("M\u00fcller 1", "Mu\u0308ller 1", "m\u00fcller  1", "\uff2d\u00fcller 1", "M\u00fcller 2")
    text = "".join(f"{at}.x3p,{name}\n" for at, name in enumerate(lines))
    named = [line.firearm for line in read(tmp_path, "file,firearm\n" + text).lines]
    assert named == ["M\u00fcller 1"] * 4 + ["M\u00fcller 2"]


def test_a_json_file_is_told_to_be_a_table(tmp_path: Path) -> None:
    place = tmp_path / "truth.json"
    place.write_text('[{"file": "a.x3p", "firearm": "A"}]')
    with pytest.raises(EvidenceError, match=r"truth.json is a JSON file; a manifest is CSV"):
        read_truth(place)


def test_a_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_truth(tmp_path / "none.csv")
