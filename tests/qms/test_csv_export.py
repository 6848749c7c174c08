"""Lists for a spreadsheet: all fields, all letters, and nothing that is computed when it is opened."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms.actions.action import Action, Cost
from qms.errors import RecordError
from qms.exchange.csv_export import neutral, records_csv
from qms.findings.finding import Finding, Statement
from qms.organisation import Person, Unit
from qms.record import LANGUAGES, Requirement, Text


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


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", "\u00a0=1", '"=1', "'=1", "\u201c =1")
WIDE = ("\uff1d1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\ufeff=1", "\u200b=1", "\x00=1", "\ufe661", "' \" @x")


@pytest.mark.parametrize("words", [*FORMULAS, *WIDE])
def test_formulas_are_neutralised(words: str) -> None:
    assert neutral(words) == f"'{words}"


@pytest.mark.parametrize(
    ("words", "separator", "safe"),
    [
        ("x;=HYPERLINK(1)", ",", "x;'=HYPERLINK(1)"),
        ("x;=HYPERLINK(1)", ";", "x;=HYPERLINK(1)"),
        ("x,=1", ";", "x,'=1"),
        ("4 C, -5 C", ",", "4 C, -5 C"),
        ("seen:\n- bags\n\n- seals", ",", "seen:\n'- bags\n\n'- seals"),
        ('x; "@SUM(A1)', ",", "x;' \"@SUM(A1)"),
        ("x\t=1;y;;+2", ",", "x\t'=1;y;;'+2"),
        ("\n=1", ",", "'\n'=1"),
    ],
)
def test_formulas_inside_a_cell_are_neutralised(words: str, separator: Any, safe: str) -> None:
    assert neutral(words, separator) == safe


@pytest.mark.parametrize("words", ["", "5 > 3", "a=b", "Më së miri", "7.10", "'quoted'", "(=1)", "Арта", " "])
def test_plain_words_stay_as_they_are(words: str) -> None:
    assert neutral(words) == words


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
PASSED_OVER = " '\"\u00a0\u200b\n\t\r"
pieces = st.sampled_from([*SIGNS, *PASSED_OVER, ";", ",", "x", "=1", ";=1", ",@x", '";=1', "\n-1", "Ш"])
hostile = st.lists(pieces, max_size=8).map("".join)


def cells(content: bytes, separator: str) -> list[str]:
    """Return all cells as a program finds them that minds quotes and parts columns at one sign."""
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator)
    return [cell for line in lines for cell in line]


def broken_cells(content: bytes, separator: str) -> list[str]:
    """Return all cells as a program finds them that expects the other sign: there and at every line it parts."""
    text = content.decode("utf-8-sig")
    return re.split(r"[\r\n\t" + {",": ";", ";": ","}[separator] + "]", text)


@given(
    title=st.dictionaries(st.sampled_from(sorted(LANGUAGES)), hostile.map("x".__add__), min_size=1),
    labels=st.lists(hostile, max_size=3),
    separator=st.sampled_from([",", ";"]),
)
def test_no_cell_begins_like_a_formula_wherever_columns_are_parted(
    title: dict[str, str], labels: list[str], separator: Any
) -> None:
    action = Action(
        unit="AL-TIR", purpose="correction", title=Text.model_validate(title), labels=tuple(labels), progress=5
    )
    found = records_csv([action], separator=separator)
    for each in (",", ";", "\t"):
        for cell in cells(found, each):
            assert not cell.lstrip(' \u00a0\u200b\n\t\r"').startswith(tuple(SIGNS)), (each, cell)
    for cell in broken_cells(found, separator):
        assert not cell.strip(PASSED_OVER.replace("'", "")).startswith(tuple(SIGNS)), cell


@given(words=hostile, separator=st.sampled_from([",", ";"]))
def test_only_apostrophes_are_put_in(words: str, separator: Any) -> None:
    assert neutral(words, separator).replace("'", "") == words.replace("'", "")
