from __future__ import annotations

from pathlib import Path

import pytest

import accreditation
from accreditation.errors import CatalogueError, UnknownError
from accreditation.overlay import read_overlay
from accreditation.standards import standard
from qms.record import canonical, sha256

INSPECTION = standard("iso17020-2012")
WORDS = "licensed words that nobody may hand on"
TOML = f'standard = "iso17020-2012"\n[text]\n"4.1.1" = "{WORDS}"\n"9.9" = "other words"\n'
CSV = f"clause;text\n4.1.1;{WORDS}\n9.9;other words\n"


def written(folder: Path, content: str | bytes, name: str = "private.toml") -> Path:
    place = folder / name
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


@pytest.mark.parametrize(("name", "content"), [("t.toml", TOML), ("t.csv", CSV), ("t.csv", CSV.replace(";", ","))])
def test_texts_stand_beside_ours(tmp_path: Path, name: str, content: str) -> None:
    overlay = read_overlay(written(tmp_path, content, name), INSPECTION)
    beside = {each.clause.id: each.licensed for each in overlay.beside(INSPECTION)}
    assert beside["4.1.1"] == WORDS
    assert beside["4.1.2"] is None
    assert len(beside) == len(INSPECTION.requirements)
    assert overlay.extra == ("9.9",)
    assert len(overlay.missing) == 115
    assert "4.1.1" not in overlay.missing


def test_the_text_leaves_only_when_asked_for(tmp_path: Path) -> None:
    overlay = read_overlay(written(tmp_path, TOML), INSPECTION)
    assert WORDS not in repr(overlay)
    assert WORDS not in canonical(overlay.exported()).decode()
    assert overlay.exported()["clauses"]["4.1.1"] == sha256(WORDS.encode())
    assert overlay.exported(with_licensed_text=True)["texts"]["4.1.1"] == WORDS
    assert overlay.sha256 == sha256(TOML.encode())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.toml", TOML.replace("2012", "2026"), "not for 'iso17020-2012'"),
        ("t.toml", 'standard = "iso17020-2012"\n[text]\n4.1.1 = "a"\n', "quote numbers"),
        ("t.toml", 'standard = "iso17020-2012"\n', r"no table \[text\]"),
        ("t.toml", "standard = ", "Correct the file"),
        ("t.toml", b"\xff\xff\xff", "Correct the file"),
        ("t.toml", 'standard = "iso17020-2012"\n[text]\n"4" = " "\n', "is empty"),
        ("t.csv", "clause,text\n7.1,a\n7.1,b\n", r"7\.10 into 7\.1"),
        ("t.csv", "number,words\n7.1,a\n", "columns clause and text"),
        ("t.csv", b"clause,text\n4," + b"a" * (5 * 1024 * 1024), "larger than 5 MB"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_overlay(written(tmp_path, content, name), INSPECTION)


def test_nothing_licensed_is_kept_inside_the_package() -> None:
    with pytest.raises(CatalogueError, match="private folder"):
        read_overlay(Path(accreditation.__file__).parent / "data" / "private.toml", INSPECTION)


def test_missing_files_and_other_standards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="cannot be read"):
        read_overlay(tmp_path / "none.toml", INSPECTION)
    overlay = read_overlay(written(tmp_path, TOML), INSPECTION)
    with pytest.raises(CatalogueError, match="iso17020-2012"):
        overlay.beside(standard("iso17020-2026"))
