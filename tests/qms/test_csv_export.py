"""Lists for a spreadsheet: all fields, all letters, and nothing that is computed when it is opened."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms.actions.action import Action, Cost
from qms.errors import RecordError
from qms.exchange.csv_export import neutral, records_csv
from qms.findings.finding import Finding, Statement
from qms.organisation import Person, Unit
from qms.record import LANGUAGES, Requirement, Text

SIGNS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


def rows(content: bytes, separator: str = ",") -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def test_every_field_has_a_column_in_plain_words() -> None:
    action = Action(
        unit="AL-TIR",
        ref="ACT-2026-001",
        purpose="correction",
        title=Text.of("Seal", "en").also("Запечатити", "sr-Cyrl"),
        due=date(2026, 5, 1),
        effort_hours=Decimal("1.50"),
        cost=Cost(amount=Decimal("10.00"), currency="EUR"),
        labels=("one", "two"),
    )
    (row,) = rows(records_csv([action]))
    assert row["Kind"] == "action"
    assert (row["Title (English)"], row["Title (српски)"]) == ("Seal", "Запечатити")
    assert (row["Due"], row["Effort hours"], row["Labels"]) == ("2026-05-01", "1.50", "one\ntwo")
    assert (row["Cost: amount"], row["Cost: currency"], row["Progress"]) == ("10.00", "EUR", "0")
    words = " ".join(row).lower().replace(": ", " ")
    for field in Action.model_fields:
        assert ("reference" if field == "ref" else field.replace("_", " ")) in words


def test_numbers_stay_numbers_and_ids_become_names() -> None:
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
    finding = Finding(
        unit="AL-TIR",
        ref="NC-2026-001",
        grade="major",
        owner=arta.id,
        requirements=(Requirement(source="ISO/IEC 17020:2012", clause="7.10"),),
        statement=Statement(gap=Text.of("@Not sealed", "en").also("Pa vulosur", "sq")),
    )
    (row,) = rows(records_csv([finding], language="sq", names={arta.id: "Arta Hoxha"}, separator=";"), ";")
    assert (row["Owner"], row["Grade"], row["Version"]) == ("Arta Hoxha", "major", "0")
    assert (row["Statement: gap"], row["Requirements"]) == ("Pa vulosur", "ISO/IEC 17020:2012 7.10")


def test_several_kinds_stand_in_one_list() -> None:
    unit = Unit(unit="MK-SK", ref="MK-SK", jurisdiction="MK", name=Text.of("Скопје", "mk"))
    person = Person(unit="MK-SK", ref="a.a", name="Ана")
    first, second = rows(records_csv([unit, person]))
    assert (first["Name (македонски)"], first["Name"]) == ("Скопје", "")
    assert (second["Name"], second["Duty"], first["Duty"]) == ("Ана", "", "")


def test_nothing_is_not_exported() -> None:
    with pytest.raises(RecordError, match="no record to export"):
        records_csv([])


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", '"=1', "'=1", "\u201c =1")
WIDE = ("\uff1d1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\ufeff=1", "\u200b=1", "\x00=1", "\ufe661", "' \" @x")


@pytest.mark.parametrize("words", [*FORMULAS, *WIDE])
def test_formulas_are_neutralised(words: str) -> None:
    assert neutral(words) == f"'{words}"


@pytest.mark.parametrize("words", ["", "5 > 3", "a=b", "Më së miri", "7.10", "'quoted'", "(=1)", "Арта", " "])
def test_plain_words_stay_as_they_are(words: str) -> None:
    assert neutral(words) == words


hostile = st.builds(
    str.__add__, st.text(st.sampled_from(SIGNS + " '\"\u00a0\u200b\n"), max_size=4), st.text(max_size=5)
)
valid = hostile.filter(lambda words: words.strip() and not any(0xD800 <= ord(sign) < 0xE000 for sign in words))


@given(
    title=st.dictionaries(st.sampled_from(sorted(LANGUAGES)), valid, min_size=1),
    labels=st.lists(hostile, max_size=3),
)
def test_no_cell_begins_like_a_formula(title: dict[str, str], labels: list[str]) -> None:
    labels = [each for each in labels if not any(0xD800 <= ord(sign) < 0xE000 for sign in each)]
    action = Action(
        unit="AL-TIR",
        purpose="correction",
        title=Text.model_validate(title),
        labels=tuple(labels),
        depends_on=(),
    )
    for language in (None, "sq"):
        (row,) = rows(records_csv([action], language=language))
        for cell in (*row, *row.values()):
            bare = cell.lstrip(" \u00a0\u200b\n")
            assert not bare.startswith(tuple(SIGNS)), repr(cell)
            assert not bare.lstrip("'\" \u00a0\u200b\n").startswith(tuple(SIGNS)) or cell.startswith("'")
    cells = set(rows(records_csv([action]))[0].values())
    for words in action.title.root.values():
        assert words in cells or f"'{words}" in cells
