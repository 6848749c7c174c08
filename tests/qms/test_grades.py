"""Grades and the words that accreditation bodies use for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms.errors import RecordError, UnknownError
from qms.findings.grades import Grade, GradeScheme, core_grades, read_grades
from qms.record import LANGUAGES

OWN = """
name = "Akreditimi"

[minor]
en = ["Finding"]
sq = ["Gjetje", "konstatim"]

[opportunity]
en = ["Recommendation"]
sq = ["Rekomandim"]
"""


@pytest.fixture
def own(tmp_path: Path) -> GradeScheme:
    place = tmp_path / "own.toml"
    place.write_text(OWN, encoding="utf-8")
    return read_grades(place)


def test_the_order_is_of_gravity() -> None:
    assert [each for each in Grade if each.is_nonconformity] == [Grade.MAJOR, Grade.MINOR]
    assert Grade.MAJOR.graver_than(Grade.MINOR)
    assert not Grade.MINOR.graver_than(Grade.MINOR)
    assert not Grade.GOOD_PRACTICE.graver_than(Grade.OPPORTUNITY)


@pytest.mark.parametrize("grade", Grade)
def test_the_core_has_a_word_in_every_language_that_leads_back(grade: Grade) -> None:
    words = core_grades()
    assert words.words[grade].keys() == LANGUAGES.keys()
    assert {words.grade(words.word(grade, tag)) for tag in LANGUAGES} == {grade}
    assert words.grade(grade) is grade


def test_a_body_has_its_own_words(own: GradeScheme) -> None:
    assert own.grade("  KONSTATIM ") is Grade.MINOR
    assert own.word(Grade.MINOR, "sq") == "Gjetje"
    assert own.word(Grade.OPPORTUNITY, "mk") == "Recommendation"
    assert own.word(Grade.MAJOR, "sq") == core_grades().word(Grade.MAJOR, "sq")


def test_an_unknown_word_names_those_alike(own: GradeScheme) -> None:
    with pytest.raises(UnknownError, match="It has Recommendation, Rekomandim"):
        own.grade("recomendation")
    with pytest.raises(UnknownError, match=r"Finding.*Gjetje"):
        own.grade("zzz")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (OWN.replace("Rekomandim", "gjetje"), "can mean only one"),
        (OWN.replace("sq", "xx", 1), "there is no language 'xx'"),
        (OWN.replace("[minor]", "[grave]"), "grave"),
        (OWN.replace('["Finding"]', "[]"), "minor"),
        (OWN.replace('name = "Akreditimi"', ""), "name"),
        (OWN.replace("[minor]", "[minor"), "is not TOML"),
    ],
)
def test_a_wrong_scheme_says_what_is_wrong(tmp_path: Path, text: str, found: str) -> None:
    place = tmp_path / "own.toml"
    place.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=found):
        read_grades(place)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="cannot be read"):
        read_grades(tmp_path / "gone.toml")
    (tmp_path / "old.toml").write_bytes('name = "žuto"'.encode("cp1250"))
    with pytest.raises(RecordError, match="is not TOML"):
        read_grades(tmp_path / "old.toml")
