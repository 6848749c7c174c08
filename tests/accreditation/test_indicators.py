"""Indicators: no wording is made up, and the user's own is taken as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from accreditation.errors import CatalogueError, UnknownError
from accreditation.indicators import frameworks, with_texts

OLD = frameworks()["wb-salw-roadmap-2018-2024"]
NEW = frameworks()["wb-salw-roadmap-2025-2030"]


def test_no_wording_ships() -> None:
    assert len(OLD.indicators) == 14
    for framework in frameworks().values():
        assert not framework.texts
        for number in framework.indicators:
            with pytest.raises(UnknownError, match="is not loaded, and nothing is printed in its place"):
                framework.text(number)


def test_wording_of_the_user_is_printed(tmp_path: Path) -> None:
    place = tmp_path / "texts.toml"
    place.write_text('[text]\n"3" = "Own wording"\n', encoding="utf-8")
    assert with_texts(OLD, place).text("3") == "Own wording"
    with pytest.raises(UnknownError, match="indicator 4"):
        with_texts(OLD, place).text("4")
    assert with_texts(NEW, place).indicators == ("3",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[text]\n"15" = "x"', "has no indicator 15"),
        ("[words]\n", "has no table"),
        ("[text]\n3 = 7", "3"),
        ("text = [", "not TOML"),
    ],
)
def test_what_is_no_wording_is_refused(tmp_path: Path, content: str, words: str) -> None:
    place = tmp_path / "texts.toml"
    place.write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError, match=words):
        with_texts(OLD, place)


def test_unknown_indicator_and_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match=r"has no indicator '15'; it has 1, 2"):
        OLD.text("15")
    with pytest.raises(UnknownError, match="cannot be read"):
        with_texts(OLD, tmp_path / "none.toml")
