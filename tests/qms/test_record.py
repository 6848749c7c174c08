"""Records: what they refuse, what they say, and what is found in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qms import Person, Text, Unit
from qms.errors import described
from qms.record import (
    LANGUAGES,
    Attachment,
    Requirement,
    attachments_in,
    is_id,
    mentioned,
    new_id,
    plain,
    texts_in,
)


def person(**fields: object) -> Person:
    return Person.model_validate({"unit": "AL-TIR", "name": "Arta", **fields})


def test_ids_sort_by_time_and_are_told_from_other_words() -> None:
    ids = [new_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(map(is_id, ids))
    for other in ("", "x" * 26, ids[0].lower(), ids[0] + "0", "8" + ids[0][1:], ids[0][:-1] + "U", None, 7):
        assert not is_id(other)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"created": datetime(2026, 3, 1)}, "needs its time zone"),
        ({"created": "2026-03-01T09:00"}, "needs its time zone"),
        ({"ref": "a b"}, "ref"),
        ({"ref": "a/b"}, "ref"),
        ({"ref": "a\nb"}, "ref"),
        ({"ref": "x" * 61}, "at most 60"),
        ({"unit": ""}, "at least 2"),
        ({"unit": "../x"}, "unit"),
        ({"version": -1}, "greater than or equal to 0"),
        ({"status": "x" * 61}, "at most 60"),
        ({"id": "1"}, "id"),
        ({"name": "  "}, "at least 1"),
        ({"colour": "red"}, "there is no such field"),
    ],
)
def test_what_a_record_refuses(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        person(**fields)
    assert said in described(caught.value)


def test_times_are_kept_in_utc_to_the_millisecond() -> None:
    there = timezone(timedelta(hours=2))
    kept = person(created=datetime(2026, 3, 1, 1, 0, 0, 123_999, tzinfo=there))
    assert kept.created == datetime(2026, 2, 28, 23, 0, 0, 123_000, tzinfo=UTC)
    assert kept.created.tzinfo == UTC


def test_a_revision_is_checked_and_the_original_stays() -> None:
    first = person()
    assert first.revised(duty="examiner").duty == "examiner"
    assert first.duty == ""
    with pytest.raises(ValidationError):
        first.revised(name="")
    with pytest.raises(ValidationError):
        first.duty = "other"  # type: ignore[misc]


def test_what_a_record_says_does_not_depend_on_how_it_is_kept() -> None:
    first = person()
    later = first.revised(version=4, status="x", labels=("a",), updated=datetime(2026, 3, 1, tzinfo=UTC), ref="b")
    assert later.content_sha256() == first.content_sha256()
    assert first.revised(name="Besa").content_sha256() != first.content_sha256()


@pytest.mark.parametrize("language", ["de", "", "SQ", "sr", "sr-latn"])
def test_an_unknown_language_is_refused_with_those_that_are_known(language: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Text.of("words", language)
    assert all(tag in described(caught.value) for tag in LANGUAGES)


def test_the_best_language_there_is() -> None:
    text = Text.of("English", "en").also("Shqip", "sq").also("Српски", "sr-Cyrl").also("Bosanski", "bs")
    assert [text.best(*asked) for asked in (["sq"], ["cnr"], ["sr-Latn"], ["mk"], ["mk", "sq"], [])] == [
        "Shqip",
        "Bosanski",
        "Bosanski",
        "English",
        "Shqip",
        "English",
    ]
    assert Text.of("Само", "mk").best("sq") == "Само"
    with pytest.raises(ValidationError, match="at least one language"):
        Text({})


def test_a_clause_is_a_text() -> None:
    assert str(Requirement(source="ISO/IEC 17020:2012", clause="7.10")) == "ISO/IEC 17020:2012 7.10"
    with pytest.raises(ValidationError):
        Requirement.model_validate({"source": "ISO/IEC 17020:2012", "clause": 7.10})


@settings(max_examples=60)
@given(depth=st.integers(0, 6), words=st.text(max_size=10))
def test_what_stands_anywhere_is_found(depth: int, words: str) -> None:
    one, file = new_id(), plain(Attachment(name="a", sha256="0" * 64, size=1))
    value: object = {"id": one, "file": file, "words": words, one: 1}
    for level in range(depth):
        value = {"in": value, "x": 1} if level % 2 else [None, value]
    assert list(mentioned(value)) == [one]
    assert list(attachments_in(value)) == [file]
    assert set(texts_in(value)) == {one, "a", "0" * 64, words}


def test_what_records_are_called() -> None:
    unit = Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Njësia", "sq"))
    assert unit.headline().best("en") == "Njësia"
    assert (person().series(2026), person(name="Arta").headline().best("sq")) == ("PERSON-2026-", "Arta")
