"""The Word file of a report: opened again, in the plain template and in a laboratory's own."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ballistics.document.blocks import FIELDS, Document, Facts, Note, Paragraph, Picture, Section, Table
from ballistics.document.outline import legible
from ballistics.document.word import render_word, write_word
from ballistics.errors import OptionError, OutputError

docx = pytest.importorskip("docx", reason="python-docx is not installed")
pytest.importorskip("docxtpl", reason="docxtpl is not installed")

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NASTY = "{{ title }} {% if %} {_{ x }_} {# <w:p> & \" ' </w:t> ]]> #} \u202e"
LETTERS = "ëç šđčćž љњђћџј ѓќѕ µ ≥"


def png(width: int = 120, height: int = 80) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), (30, 90, 160), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def sample(status: Any = "draft", **options: Any) -> Document:
    table = Table(head=("specimen", "score"), rows=(("S1", "12"), ("S2", "7")), caption="Scores", numbers=(1,))
    blocks = (
        Paragraph(text=LETTERS, strong=True),
        Facts(rows=(("sha256", "3fa91c" * 10),)),
        Note(title="Limit", text="Two\nlines"),
        Picture(png=png(), caption="wide", alt="a wide one", share=0.5),
        Picture(png=png(40, 400), caption="tall", alt="a tall one"),
        table,
    )
    return Document(
        title="Comparison of marks",
        subtitle="Q1 and K3",
        cover=(("Case", "KT-114"), ("Examiner", "Ђорђе Çela")),
        fields={"case": "KT-114"},
        status=status,
        sections=(Section(title="Result", blocks=blocks),),
        appendix=(Section(title="Files", blocks=(table,)),),
        mark="data 3fa91c",
        **options,
    )


def opened(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


def read(element: Any) -> str:
    """All text with breaks of lines and paragraphs."""
    names = {f"{W}t": None, f"{W}br": "\n", f"{W}tab": "\t", f"{W}p": "\n"}
    return "".join(
        (each.text or "") if each.tag == f"{W}t" else names.get(each.tag) or "" for each in element.iter()
    )


def template(place: Path, *lines: str, header: str = "") -> Path:
    made = docx.Document()
    for line in lines:
        made.add_paragraph(line)
    if header:
        made.sections[0].header.paragraphs[0].text = header
    made.save(place)
    return place


def test_journey_everything_is_in_the_plain_file() -> None:
    made = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    word = opened(render_word(sample(language="sr-Cyrl", author="A. Çela", made=made)))
    text = read(word.element.body)
    expected = ("Comparison of marks", "Q1 and K3", "Examiner", "Ђорђе Çela", LETTERS, "3fa91c" * 10, "Two\nlines")
    labels = ("Figure 1. wide", "Figure 2. tall", "Table 1. Scores", "Table 2. Scores", "Appendix", "S2", "Limit")
    assert all(each in text for each in expected + labels)
    headings = [each.text for each in word.paragraphs if each.style.name.startswith("Heading")]
    assert headings == ["1\u2002Result", "Appendix", "A.1\u2002Files"]
    foot = word.sections[0].footer
    assert foot.paragraphs[0].text == "data 3fa91c\tPage 1 of 1"
    assert [each.text for each in foot._element.iter(f"{W}instrText")] == ["PAGE", "NUMPAGES"]
    known = word.core_properties
    assert (known.title, known.author, known.language) == ("Comparison of marks", "A. Çela", "sr-Cyrl")
    assert known.created == made
    assert (word.sections[0].page_width.mm, word.sections[0].page_height.mm) == pytest.approx((210, 297), abs=0.1)


def test_truth_pictures_keep_their_shape_and_their_words() -> None:
    wide, tall = opened(render_word(sample())).inline_shapes
    assert wide.width.mm == pytest.approx(80, abs=0.2)
    assert wide.width / wide.height == pytest.approx(120 / 80, rel=0.01)
    assert tall.width / tall.height == pytest.approx(40 / 400, rel=0.01)
    assert tall.height.mm < 240
    assert [each._inline.docPr.get("descr") for each in (wide, tall)] == ["a wide one", "a tall one"]


def test_truth_tables_repeat_their_heads_and_fit_the_page() -> None:
    many = tuple(f"correlation {n}" for n in range(15))
    table = Table(head=many, rows=(("x" * 90,) * 15,) * 4)
    word = opened(render_word(Document(title="T", sections=(Section(title="S", blocks=(table,)),))))
    (grid,) = word.tables
    assert grid.rows[0]._tr.trPr.find(f"{W}tblHeader") is not None
    assert sum(column.width for column in grid.columns) / 36000 == pytest.approx(160, abs=0.5)
    assert grid._tbl.tblPr.find(f"{W}tblLayout").get(f"{W}type") == "fixed"


def test_journey_a_draft_is_marked_whatever_the_template_says(tmp_path: Path) -> None:
    own = docx.Document()
    own.add_paragraph("{{p content }}")
    own.sections[0].different_first_page_header_footer = True
    own.sections[0].header.paragraphs[0].text = "Our laboratory"
    own.add_section()
    own.save(tmp_path / "own.docx")
    for place in (None, tmp_path / "own.docx"):
        draft, final = (opened(render_word(sample(status), template=place)) for status in ("draft", "final"))
        first = draft.sections[0]
        heads = [first.header, first.first_page_header] if place else [first.header]
        assert [each.paragraphs[0].text for each in heads] == ["DRAFT"] * len(heads)
        assert all(section.header.is_linked_to_previous for section in list(draft.sections)[1:])
        assert not any("DRAFT" in read(section.header._element) for section in final.sections)
    assert "Our laboratory" in read(draft.sections[0].header._element)


def test_journey_the_own_template_is_filled(tmp_path: Path) -> None:
    lines = (
        "Laboratory of X: {{ title }} / {{ subtitle }} / {{ status }} / {{ mark }}",
        'Case {{ fields["case"] }} ({{ fields.reviewer }}) by {{ author }} in {{ language }} made {{ made }}.',
        "{%p for row in cover %}",
        "{{ row.label }} = {{ row.value }}",
        "{%p endfor %}",
        "{{p content }}",
        "Signature",
    )
    place = template(tmp_path / "own.docx", *lines, header="Head {{ mark }}")
    word = opened(render_word(sample("final", author="A"), template=place))
    text = read(word.element.body)
    assert "Laboratory of X: Comparison of marks / Q1 and K3 / Final / data 3fa91c" in text
    assert "Case KT-114 () by A in en made ." in text
    assert "Examiner = Ђорђе Çela" in text
    assert text.index("Scores") < text.index("Signature")
    assert "{" not in text
    assert word.sections[0].header.paragraphs[0].text == "Head data 3fa91c"
    assert len(word.inline_shapes) == 2


def test_journey_every_field_is_there_in_every_language(tmp_path: Path) -> None:
    lines = [f"{key}={{{{ fields['{key}'] }}}}." for key in FIELDS]
    place = template(tmp_path / "own.docx", *lines, "{{p content }}")
    made = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    text = read(opened(render_word(sample("final", language="sr", made=made), template=place)).element.body)
    for said in ("title=Comparison of marks.", "case=KT-114.", "reviewer=.", "date=2026-11-22 08:30 UTC."):
        assert said in text
    with pytest.raises(OptionError, match="no field reviewr; there are title"):
        replace(sample(), fields={"reviewr": "B"})


def test_journey_a_final_file_says_so_where_a_draft_does() -> None:
    head = opened(render_word(sample("final"))).sections[0].header
    assert [each.text for each in head.paragraphs] == ["Comparison of marks\tFINAL"]


def test_property_the_same_report_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = render_word(sample())
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert {part.date_time for part in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    later = time.localtime(time.time() + 86400)
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    assert render_word(sample()) == first


def test_journey_a_template_without_styles_gets_them(tmp_path: Path) -> None:
    own = docx.Document()
    for name in ("Heading 1", "Heading 2", "Caption"):
        own.styles[name].delete()
    own.add_paragraph("{{p content }}")
    own.save(tmp_path / "bare.docx")
    word = opened(render_word(sample(), template=tmp_path / "bare.docx"))
    (heading,) = [each for each in word.paragraphs if each.text == "1\u2002Result"]
    assert heading.style.name == "Heading 1"
    assert heading.style.font.bold
    assert heading.style.element.pPr.find(f"{W}outlineLvl").get(f"{W}val") == "0"


def test_truth_texts_are_data(tmp_path: Path) -> None:
    blocks = (
        Paragraph(text=NASTY),
        Table(head=(NASTY,), rows=((NASTY,),), caption=NASTY),
        Note(title=NASTY, text=NASTY),
    )
    document = Document(title=NASTY, cover=((NASTY, NASTY),), sections=(Section(title=NASTY, blocks=blocks),))
    place = template(tmp_path / "own.docx", "{{ title }}", "{{ cover[0].value }}", "{{p content }}")
    for content in (render_word(document), render_word(document, template=place)):
        text = read(opened(content).element.body).replace("\u2060", "")
        assert text.count(legible(NASTY)) >= 9


@settings(max_examples=15)
@given(st.text(max_size=50), st.text(max_size=10))
def test_property_any_text_gives_a_sound_file(text: str, label: str) -> None:
    blocks = (Paragraph(text=text), Facts(rows=((label, text),)))
    document = Document(
        title=text, cover=((label, text),), sections=(Section(title=text, blocks=blocks),), mark=text
    )
    found = read(opened(render_word(document)).element.body).replace("\u2060", "")
    for line in legible(text).split("\n"):
        assert found.count(line.replace("\u2060", "")) >= 5


BAD = {
    "no content": (("{{ title }}",), r"\{\{p content \}\} exactly once.* 0 times and is used 0 times"),
    "content within a text": (("Report: {{ content }}",), "alone in a paragraph"),
    "content twice": (("{{p content }}", "{{p content }}"), "2 times"),
    "unknown name": (("{{ caseno }}", "{{p content }}"), "unknown placeholder caseno; known are author"),
    "unknown field": (('{{ fields["Lab"] }}', "{{p content }}"), "cannot be filled.*Lab"),
    "broken sign": (("{{ title", "{{p content }}"), r"has an open brace in '\{\{ title'"),
    "broken loop": (("{%p for row in cover %}", "{{p content }}"), "broken placeholder"),
    "wrong sum": (("{{ title / 0 }}", "{{p content }}"), "cannot be filled"),
    "escape": (("{{ title.__class__.__mro__ }}", "{{p content }}"), "cannot be filled.*unsafe"),
    "escape of a function": (("{{ title.format.__globals__ }}", "{{p content }}"), "cannot be filled.*unsafe"),
}


@pytest.mark.parametrize("name", BAD)
def test_journey_a_bad_template_says_what_to_mend(tmp_path: Path, name: str) -> None:
    lines, message = BAD[name]
    with pytest.raises(OptionError, match=message):
        render_word(sample(), template=template(tmp_path / "bad.docx", *lines))


def test_journey_a_file_that_is_no_template_says_so(tmp_path: Path) -> None:
    (tmp_path / "text.docx").write_text("not a zip")
    with zipfile.ZipFile(tmp_path / "zip.docx", "w") as file:
        file.writestr("a.txt", "b")
    (tmp_path / "cut.docx").write_bytes(template(tmp_path / "own.docx", "{{p content }}").read_bytes()[:3000])
    for name in ("text.docx", "zip.docx", "cut.docx"):
        with pytest.raises(OptionError, match=rf"{name} is no .docx file; open it in Word"):
            render_word(sample(), template=tmp_path / name)
    with pytest.raises(OptionError, match=r"none\.docx cannot be opened"):
        render_word(sample(), template=tmp_path / "none.docx")


def test_journey_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docxtpl", None)
    with pytest.raises(OutputError, match=r"pip install 'forensic-ballistics\[word\]'"):
        render_word(sample())


def test_journey_a_file_is_written_once(tmp_path: Path) -> None:
    place = write_word(sample(), tmp_path / "report.docx")
    assert len(opened(place.read_bytes()).inline_shapes) == 2
    with pytest.raises(OutputError, match="exists"):
        write_word(sample(), place)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_journey_an_office_program_opens_it(tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
    place = write_word(sample(), tmp_path / "report.docx")
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(place)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pages = pdfium.PdfDocument(tmp_path / "report.pdf")
    assert all("DRAFT" in page.get_textpage().get_text_bounded() for page in pages)
    assert f"Page 1 of {len(pages)}" in pages[0].get_textpage().get_text_bounded()
