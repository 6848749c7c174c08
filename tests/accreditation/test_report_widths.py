"""Columns of tables: none narrower than its longest word, in any language and any form."""

from __future__ import annotations

import re

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import checklist_of, judge
from accreditation.language import Words
from accreditation.report.blocks import Cell, Column, Document, Table
from accreditation.report.needs import needs_assessment
from accreditation.report.pdf import ACROSS, WIDE, render_pdf
from accreditation.report.widths import LONGEST, size_of, width_of, widths
from qms.organisation import Person
from qms.record import Text
from qms.store import Store

WORDS = st.text("abcdef ж", max_size=60)


def table_of(columns: list[list[str]]) -> Table:
    heads = tuple(Column(title=each[0]) for each in columns)
    return Table(
        columns=heads,
        rows=tuple(tuple(map(Cell, row)) for row in zip(*(each[1:] for each in columns), strict=True)),
    )


@given(st.lists(st.lists(WORDS, min_size=4, max_size=4), min_size=1, max_size=6))
def test_a_column_has_room_for_its_longest_word(columns: list[list[str]]) -> None:
    found = widths(table_of(columns), room=100)
    assert sum(found) == pytest.approx(1)
    for share, texts in zip(found, columns, strict=True):
        longest = max((width_of(word) for text in texts for word in text.split()), default=0)
        assert share * 100 >= min(longest, LONGEST) - 1e-6


def test_most_room_goes_where_most_is_said() -> None:
    few, some, much = widths(table_of([["No", "1"], ["Title", "word " * 9], ["Text", "word " * 200]]), room=50)
    assert few < some < much
    assert few * 50 < 6


def test_short_texts_stay_on_one_line() -> None:
    due, _ = widths(table_of([["Due", "23 nën 2026"], ["Text", "word " * 300]]), room=60)
    assert due * 60 > width_of("23 nën 2026")


def test_too_many_long_words_share_what_there_is() -> None:
    found = widths(table_of([["m" * 30, "m" * 30]] * 12), room=60)
    assert found == pytest.approx([1 / 12] * 12)


@pytest.fixture
def reported(store: Store, assessment: Assessment) -> tuple[Store, Assessment]:
    arta = store.get(Person, "a.hoxha").id
    checklist = checklist_of(store, assessment)
    found = {"result": "minor", "documented": 4, "implemented": 1, "justification": Text.of("No number", "en")}
    with store.change(by=arta) as change:
        made = judge(change, assessment, {each.key: found for each in checklist.items[::4]}, checklist=checklist)
    return store, made


@pytest.mark.parametrize("tags", [("sq",), ("sr-Cyrl",), ("mk",), ("mk", "sq")])
def test_no_word_of_a_table_is_cut(
    reported: tuple[Store, Assessment], tags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accreditation.language.words", lambda *one: Words(one))
    store, made = reported
    document = needs_assessment(store, made, say=Words(tags), on=store.now().date())
    opened = pypdfium2.PdfDocument(render_pdf(document))
    told = "\n".join(page.get_textpage().get_text_range() for page in opened).replace("\ufffe", "-")
    opened.close()
    shown = set(re.findall(r"\w+", told))
    assert not [word for word in words_of(document) if word not in shown]


def words_of(document: Document) -> set[str]:
    tables = [block for each in document.sections for block in each.blocks if isinstance(block, Table)]
    texts = [each.title for table in tables for each in table.columns]
    texts += [cell.text for table in tables for row in table.rows for cell in row]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def test_the_pages_are_as_wide_as_the_widths_are_worked_out_for() -> None:
    assert pytest.approx((210 - 2 * 22) / 25.4 * 72, abs=1) == ACROSS
    assert pytest.approx((297 - 2 * 18) / 25.4 * 72, abs=1) == WIDE
    assert size_of(table_of([["a"]] * 13)) < size_of(table_of([["a"]]))
