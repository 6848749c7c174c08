"""Reports as HTML, Word and PDF: the same content in each, nothing clipped, nothing from elsewhere."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from accreditation.assessments.scoring import Score, SectionScore
from accreditation.errors import AccreditationError, UnknownError
from accreditation.jurisdictions import footnote
from accreditation.language import Words
from accreditation.report.blocks import (
    Cell,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    KeyFigure,
    KeyFigures,
    Labels,
    Logo,
    Note,
    Paragraph,
    Points,
    Section,
    Table,
    rewritten,
)
from accreditation.report.charts import OpenActions, burn_down_chart, maturity_chart, readiness_chart
from accreditation.report.frame import with_footnotes
from accreditation.report.output import RENDERERS, write_report
from accreditation.report.page import ROOM, render_page
from accreditation.report.pdf import render_pdf
from accreditation.report.word import render_word
from accreditation.standards import standard
from qms.errors import StoreError

EN = Words(("en",))
LETTERS = "ë ç š đ č ć ž Ë Ç Š Đ Č Ć Ž ѓ ќ љ њ ж ш џ Ѓ Ќ Љ Њ"
LONG = "Nezavisnostispitivačkogtijelasaobrazloženjem" * 2
SPARE = 20.0
"""Points from the edge of the paper within which no letter may stand."""


def score(**results: int) -> Score:
    return Score(results=results, value=0.5, documented=3.4, implemented=1.2, backed=1, oldest=date(2026, 1, 1))


def sections() -> tuple[SectionScore, ...]:
    known = standard("iso17020-2012")
    return tuple(
        SectionScore(standard=known, clause=each, score=score(conforms=4, minor=2, major=1, not_assessed=3))
        for each in known.children()[:4]
    )


def a_document(**changes: object) -> Document:
    wide = tuple(Column(title=f"{LETTERS[2 * n]}olumn {n}") for n in range(13))
    rows = tuple(
        tuple(Cell(f"{LONG if (n + row) % 7 == 0 else 'words of cell'} {row}-{n}", "fair") for n in range(13))
        for row in range(30)
    )
    chart = maturity_chart(sections(), say=EN)
    assert chart is not None
    document = Document(
        title="Report <b>on</b> & of a unit",
        subtitle=LETTERS,
        cover=(("Unit", "Kosovo Police"), ("Head", "12:" + "a4" * 32)),
        labels=Labels(
            status="Draft",
            confidentiality="Internal",
            contents="Contents",
            annex="Annex",
            page="Page {page} of {pages}",
        ),
        status="draft",
        confidentiality="internal",
        sections=(
            Section(
                title="First",
                blocks=(
                    KeyFigures(
                        (KeyFigure(value="70%", label="Score", tone="poor"), KeyFigure(value="1", label="x"))
                    ),
                    Paragraph(text="Not ready", strong=True),
                    Heading("Heading inside"),
                    Points(("one point", "another point")),
                    Facts((("label", "value"),)),
                    Note(title="Note title", text="note text"),
                    readiness_chart(sections(), say=EN),
                    chart,
                ),
            ),
            Section(title="Wide one", wide=True, blocks=(Table(columns=wide, rows=rows, caption="A wide table"),)),
            Section(title="Last", blocks=(Paragraph(text="the end of Kosovo and Косово"),)),
        ),
        annex=(Section(title="Annex part", wide=True, blocks=(Paragraph(text="annex text"),)),),
        mark="AL-TIR · 12:a4a4a4a4a4a4a4a4",
        languages=("en",),
        author="Arta Hoxha",
        made=datetime(2026, 11, 23, 9, tzinfo=UTC),
    )
    return replace(with_footnotes(document, say=EN), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def document() -> Document:
    return a_document()


@pytest.fixture(scope="module")
def pdf(document: Document) -> Iterator[pypdfium2.PdfDocument]:
    opened = pypdfium2.PdfDocument(render_pdf(document))
    yield opened
    opened.close()


class Reader(HTMLParser):
    """Collects texts and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data: str) -> None:
        if not self.tags or self.tags[-1] != "style":
            self.words.append(data)


def text_of_page(content: bytes) -> str:
    reader = Reader()
    reader.feed(content.decode())
    return "".join(reader.words)


def text_of_word(content: bytes) -> str:
    opened = docx.Document(io.BytesIO(content))
    edges = [each for part in opened.sections for each in (part.header, part.footer)]
    bodies = [opened.element.body, *(each._element for each in edges)]
    return "\n".join("".join(each.text or "" for each in body.iter("{*}t")) for body in bodies)


def text_of_pdf(content: bytes) -> str:
    opened = pypdfium2.PdfDocument(content)
    told = "\n".join(page.get_textpage().get_text_range() for page in opened)
    opened.close()
    return told


READ: dict[str, Callable[[bytes], str]] = {".html": text_of_page, ".docx": text_of_word, ".pdf": text_of_pdf}


def bare(text: str) -> str:
    """A text without spaces, breaks and line ends, which every form sets in its own way."""
    return re.sub(r"[\s\ufffe\u00ad\u200b]", "", text)


@pytest.mark.parametrize("form", RENDERERS)
def test_every_text_is_in_every_form(document: Document, form: str) -> None:
    shown = bare(READ[form](RENDERERS[form](document)))
    for text in seen(document):
        assert bare(text) in shown, text
    assert bare("INTERNAL·DRAFT") in shown.upper()


def seen(document: Document) -> list[str]:
    """Texts that a reader sees; captions and texts for the blind are no text of the page in every form."""
    found: list[str] = []
    no_chart = [
        replace(each, blocks=tuple(block for block in each.blocks if not isinstance(block, Chart)))
        for each in document.sections
    ]
    rewritten((document.title, document.subtitle, document.cover, tuple(no_chart), document.annex), _into(found))
    return [*found, *document.footnotes, document.mark]


def _into(found: list[str]) -> Callable[[str], str]:
    def keep(text: str) -> str:
        found.append(text)
        return text

    return keep


@pytest.mark.parametrize("form", RENDERERS)
def test_an_asterisk_never_stands_without_its_footnote(form: str) -> None:
    told = bare(footnote(say=EN))
    for text, expected in (("Kosovo", True), ("Косово и Албанија", True), ("Albania", False)):
        plain = a_document(cover=(("Unit", text),), sections=(), annex=(), footnotes=())
        shown = bare(READ[form](RENDERERS[form](with_footnotes(plain, say=EN))))
        assert ("*" in shown, told in shown) == (expected, expected)


@pytest.mark.parametrize("form", RENDERERS)
def test_the_same_report_gives_the_same_bytes(document: Document, form: str) -> None:
    assert RENDERERS[form](document) == RENDERERS[form](a_document())


def test_charts_are_the_same_each_time_and_in_the_language() -> None:
    points = [OpenActions(on=date(2026, n, 1), open=9 - n, overdue=n // 3) for n in range(1, 9)]
    first = burn_down_chart(points, say=EN)
    assert first == burn_down_chart(points, say=EN)
    assert "8 (0)" in first.alt
    assert "1 (2)" in first.alt
    assert "Conforms 4" in readiness_chart(sections(), say=EN).alt
    assert "Општи барања" in readiness_chart(sections(), say=Words(("mk",))).alt
    with Image.open(io.BytesIO(first.png)) as picture:
        assert picture.width == 1400


def test_letters_of_all_languages_are_in_the_text_of_the_pdf(pdf: pypdfium2.PdfDocument) -> None:
    assert LETTERS in pdf[0].get_textpage().get_text_range()


def test_nothing_is_clipped_in_the_pdf(pdf: pypdfium2.PdfDocument) -> None:
    turned = set()
    for page in pdf:
        width, height = page.get_size()
        turned.add(width > height)
        words = page.get_textpage()
        for place in range(words.count_chars()):
            left, bottom, right, top = words.get_charbox(place)
            assert left >= SPARE <= bottom, words.get_text_range(place, 1)
            assert right <= width - SPARE, words.get_text_range(place, 1)
            assert top <= height - SPARE, words.get_text_range(place, 1)
    assert turned == {True, False}


def test_a_text_without_blanks_stays_on_the_page() -> None:
    text = "x" * 300
    blocks = (
        Heading(text), Paragraph(text=text), Paragraph(text=text, strong=True), Points((text,)),
        Note(title=text, text=text), Table(columns=(Column(title="a"),), rows=(), caption=text),
    )  # fmt: skip
    long = a_document(title=text, subtitle=text, sections=(Section(title=text, blocks=blocks),), annex=())
    for page in pypdfium2.PdfDocument(render_pdf(long)):
        words = page.get_textpage()
        boxes = [words.get_charbox(place) for place in range(words.count_chars())]
        assert max(right for _, _, right, _ in boxes) <= page.get_width() - SPARE
        assert max(top for *_, top in boxes) <= page.get_height() - SPARE / 2


def test_columns_are_measured_for_the_paper_of_a_page() -> None:
    css = files("accreditation.report").joinpath("templates", "report.css").read_text("utf-8")
    margin, size = (
        re.search(r"@page\{size:A4;margin:26mm (\d+)mm", css),
        re.search(r"table\{min-width:0;font-size:(\d+)pt", css),
    )
    assert margin is not None
    assert size is not None
    assert (210 - 2 * int(margin[1])) / 25.4 * 72 / int(size[1]) >= ROOM


def test_words_of_a_page_break_only_where_they_have_to(document: Document) -> None:
    word = "nepristrasnosti" * 2
    page = render_page(replace(document, sections=(Section(title="a", blocks=(Paragraph(text=word),)),)))
    assert f"<p>{word}</p>".encode() in page
    assert b"overflow-wrap:anywhere" in page


def test_words_of_a_narrow_column_stay_in_it(pdf: pypdfium2.PdfDocument) -> None:
    """No two letters of a table stand on each other, which they would if a long word left its column."""
    words = pdf[3].get_textpage()
    boxes = [words.get_charbox(n) for n in range(words.count_chars()) if words.get_text_range(n, 1).strip()]
    small = sorted((box for box in boxes if box[3] - box[1] < 9), key=lambda box: (round(box[1]), box[0]))
    for one, other in pairwise(small):
        if round(one[1]) == round(other[1]):
            assert one[2] <= other[0] + 1.2


def test_no_page_of_the_pdf_is_empty(pdf: pypdfium2.PdfDocument) -> None:
    for page in pdf:
        grey = page.render(scale=1).to_pil().convert("L")
        inner = grey.crop((20, 60, grey.width - 20, grey.height - 60))
        assert sum(inner.histogram()[:128]) > 40


def test_pages_are_numbered_and_marked(pdf: pypdfium2.PdfDocument) -> None:
    many = len(pdf)
    for n, page in enumerate(pdf, 1):
        told = page.get_textpage().get_text_range()
        assert f"Page {n} of {many}" in told
        assert "INTERNAL · DRAFT" in told
        assert "12:a4a4a4a4a4a4a4a4" in told


def test_a_final_report_has_no_draft_on_it(document: Document) -> None:
    labels = replace(document.labels, status="Final")
    final = replace(document, status="final", labels=labels)
    for form, render in RENDERERS.items():
        assert "DRAFT" not in READ[form](render(final)).upper()


def test_the_page_loads_nothing_and_runs_nothing(document: Document) -> None:
    content = render_page(document)
    reader = Reader()
    reader.feed(content.decode())
    assert all(each.startswith(("data:image/", "#")) for each in reader.addresses)
    assert "script" not in reader.tags
    assert b"default-src 'none'" in content
    assert "Report &lt;b&gt;on&lt;/b&gt; &amp; of" in content.decode()
    assert reader.tags.count("table") == 1


def test_the_word_file_turns_its_pages_and_repeats_heads(document: Document) -> None:
    opened = docx.Document(io.BytesIO(render_word(document)))
    turned = [each.orientation for each in opened.sections]
    assert turned == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE]
    headings = [each.text for each in opened.paragraphs if each.style.name == "Heading 1"]
    assert headings == ["1\u2002First", "2\u2002Wide one", "3\u2002Last", "A1\u2002Annex part"]
    wide = max(opened.tables, key=lambda each: len(each.columns))
    assert wide.rows[0]._tr.trPr.findall("{*}tblHeader")
    assert [each._inline.docPr.get("descr") for each in opened.inline_shapes] == [
        block.alt for block in document.sections[0].blocks if isinstance(block, Chart)
    ]
    assert opened.core_properties.author == "Arta Hoxha"
    strong = next(each for each in opened.paragraphs if each.text == "Not ready")
    assert strong.paragraph_format.keep_with_next
    assert [(each.style.name, each.text) for each in opened.paragraphs[:2]] == [
        ("Title", document.title),
        ("Subtitle", document.subtitle),
    ]


def test_the_contents_of_the_word_file_lead_to_its_parts(document: Document) -> None:
    body = docx.Document(io.BytesIO(render_word(document))).element.body

    def told(element: Any) -> str:
        return "".join(each.text for each in element.iter(qn("w:t")))

    links = {each.get(qn("w:anchor")): told(each) for each in body.iter(qn("w:hyperlink"))}
    marks = {each.get(qn("w:name")): told(each.getparent()) for each in body.iter(qn("w:bookmarkStart"))}
    assert links == marks
    assert list(links.values()) == ["1\u2002First", "2\u2002Wide one", "3\u2002Last", "A1\u2002Annex part"]


HOSTILE = st.text(st.sampled_from("<>&\"'#$*_`\\{}[]%=@~/ aë\n漢"), min_size=1, max_size=30)


@settings(max_examples=6)
@given(HOSTILE)
def test_texts_are_never_markup(text: str) -> None:
    block = Table(columns=(Column(title=text),), rows=((Cell(text),),), caption=text)
    plain = a_document(
        title=text, subtitle=text, cover=((text, text),), annex=(),
        sections=(Section(title=text, blocks=(Paragraph(text=text), Points((text,)), block)),),
    )  # fmt: skip
    shown = {form: bare(READ[form](render(plain))) for form, render in RENDERERS.items()}
    assert bare(text) in shown[".html"]
    assert bare(text) in shown[".docx"]
    assert bare(text.replace("漢", "U+6F22")) in shown[".pdf"]


def test_a_logo_is_on_the_cover_of_each_form() -> None:
    out = io.BytesIO()
    Image.new("RGB", (80, 40), "#123456").save(out, "PNG")
    with_logo = a_document(logo=Logo(out.getvalue(), "png", out.getvalue()))
    assert b'class="logo"' in render_page(with_logo)
    opened = docx.Document(io.BytesIO(render_word(with_logo)))
    assert len(opened.inline_shapes) == 3
    page = pypdfium2.PdfDocument(render_pdf(with_logo))[0]
    colours = page.render(scale=1).to_pil().getcolors(1 << 20)
    assert max(n for n, colour in colours if colour == (0x12, 0x34, 0x56)) > 1000


@pytest.mark.parametrize("form", RENDERERS)
def test_the_ending_says_the_form(document: Document, tmp_path: Path, form: str) -> None:
    small = replace(document, sections=document.sections[-1:], annex=())
    place = write_report(small, tmp_path / f"report{form.upper()}")
    starts = {".html": b"<!doctype html>", ".docx": b"PK", ".pdf": b"%PDF-"}
    assert place.read_bytes().startswith(starts[form])
    with pytest.raises(StoreError, match="exists"):
        write_report(small, place)
    assert write_report(small, place, overwrite=True) == place


def test_another_ending_is_refused(document: Document, tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match=r"\.html, \.docx, \.pdf"):
        write_report(document, tmp_path / "report.odt")
    assert not list(tmp_path.iterdir())


def test_word_without_its_library_says_what_to_install(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(AccreditationError, match=r"pip install 'forensic-ballistics\[word\]'"):
        write_report(document, tmp_path / "report.docx")


def test_a_drawing_that_cannot_be_set_is_said() -> None:
    with pytest.raises(AccreditationError, match="cannot be set as PDF"):
        render_pdf(a_document(logo=Logo(b"<svg", "svg", b"")))
