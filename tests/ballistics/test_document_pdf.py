"""The PDF of a report, looked at as pictures and read back as text."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ballistics.document.blocks import Block, Document, Facts, Note, Paragraph, Picture, Section, Table
from ballistics.document.pdf import render_pdf, write_pdf
from ballistics.errors import OptionError, OutputError

pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

MM = 72 / 25.4
LEFT, RIGHT, WIDTH = 27.0, 187.0, 160.0
LETTERS = {
    "Albanian": "ëçËÇ",
    "Bosnian and Serbian": "šđčćžŠĐČĆŽ",
    "Serbian Cyrillic": "љњђћџјЉЊЂЋЏЈ",
    "Macedonian": "ѓќѕџљњЃЌЅ",
    "signs": "µσΓ⁰¹²³⁻⁴\N{MINUS SIGN}\N{MULTIPLICATION SIGN}≥≤°±·\N{EN DASH}…“„”½√",
}
PLOT = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200">'
    + "".join(
        f'<rect x="{20 * n}" y="{100 - 4 * n}" width="18" height="100" fill="rgb({12 * n},90,{255 - 12 * n})"/>'
        for n in range(20)
    )
    + "</svg>"
)


def png(width: int = 300, height: int = 200) -> bytes:
    y, x = np.mgrid[:height, :width]
    shades = np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], axis=-1).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(shades).save(file, "PNG")
    return file.getvalue()


def report(*blocks: Block, **options: Any) -> Document:
    return Document(title="Comparison of marks", sections=(Section(title="Result", blocks=blocks),), **options)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hostile() -> tuple[Block, ...]:
    """Blocks with all that runs over edges: long words, hashes, paths, many columns, a tall picture."""
    path = "/evidence/" + "breech_face_" * 30 + ".x3p"
    many = tuple(f"correlation {n}" for n in range(18))
    return (
        Paragraph(text=f"{'W' * 200} {path} {sha256('a')}"),
        Paragraph(text="Ж" * 180, strong=True),
        Facts(rows=((path, path), ("sha256", sha256("b")), ("Ж" * 90, "words and words " * 30))),
        Note(title="T" * 150, text=path),
        Table(
            head=many, rows=(tuple("-1234.5678" for _ in many),) * 3, numbers=tuple(range(18)), caption="C" * 200
        ),
        Table(head=("file", "sha256", "file again"), rows=((path, sha256("c") * 2, "long words " * 90),)),
        Picture(png=png(100, 900), caption="tall", alt="tall"),
        Picture(png=png(900, 100), caption=path, alt="wide"),
        Picture(png=png(), svg=PLOT, caption="plot", alt="plot"),
    )


def texts(pdf: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pdfium.PdfDocument(pdf)]


def joined(pdf: bytes) -> str:
    """All text without spaces and breaks of lines, which fall anywhere in a long word."""
    return "".join("".join(texts(pdf)).split())


def shown(page: Any, scale: float = 2.0) -> Any:
    return np.asarray(page.render(scale=scale).to_pil().convert("RGB"))


@pytest.mark.parametrize("status", ["draft", "final"])
def test_truth_nothing_reaches_into_the_margins(status: str) -> None:
    document = report(*hostile(), status=status, mark="m" * 200, cover=(("Case", "c" * 300),))
    pages = pdfium.PdfDocument(render_pdf(replace(document, title="Title" * 40, subtitle="s" * 120)))
    scale = 2.0 * MM
    for page in pages:
        ink = (shown(page) < 250).any(axis=-1)
        assert ink.any()
        assert not ink[:, : int((LEFT - 0.6) * scale)].any()
        assert not ink[:, int((RIGHT + 0.6) * scale) :].any()
        assert not ink[: int(12 * scale)].any()
        assert not ink[-int(10 * scale) :].any()


def test_truth_long_words_stay_in_their_columns() -> None:
    rows = (("Q" * 150, "Y" * 400, "Z" * 70),) * 2
    page = pdfium.PdfDocument(render_pdf(report(Table(head=("1", "2", "3"), rows=rows))))[0]
    text = page.get_textpage()
    edges: dict[str, list[tuple[float, float]]] = {letter: [] for letter in "QYZ"}
    for place, letter in enumerate(text.get_text_range()):
        if letter in edges:
            left, _, right, _ = text.get_charbox(place)
            edges[letter].append((left, right))
    first, second, third = (np.asarray(each) for each in edges.values())
    assert (len(first), len(second), len(third)) == (300, 800, 140)
    assert first[:, 1].max() < second[:, 0].min()
    assert second[:, 1].max() < third[:, 0].min()
    assert third[:, 1].max() < RIGHT * MM


@pytest.mark.parametrize("language", LETTERS)
def test_truth_letters_of_all_languages_are_there(language: str) -> None:
    letters = LETTERS[language]
    everywhere = (
        Paragraph(text=letters),
        Paragraph(text=letters, strong=True),
        Table(head=("head", letters), rows=((letters, "x"),)),
        Note(title=letters, text=letters),
    )
    read = joined(render_pdf(report(*everywhere, mark=letters)))
    assert read.count(letters) >= 6
    assert "\ufffd" not in read
    assert "U+" not in read


def test_truth_no_word_is_lost_where_rows_are_longer_than_a_page() -> None:
    words = " ".join(f"word{n}" for n in range(1500))
    narrow = Table(head=tuple("abcdefghijkl"), rows=((" ".join(f"cell{n}" for n in range(300)), *["x"] * 11),))
    read = joined(render_pdf(report(Facts(rows=(("label", words),)), narrow, Note(title="n", text=words))))
    assert all(read.count(f"word{n}") >= 2 for n in range(1500))
    assert all(f"cell{n}" in read for n in range(300))


def test_truth_every_letter_is_drawn_unlike_the_others() -> None:
    pictures = set()
    alphabet = sorted(set("".join(LETTERS.values())) - set("·…“„”°"))
    for letter in alphabet:
        page = pdfium.PdfDocument(render_pdf(report(Paragraph(text=letter * 3), status="final")))[0]
        text = page.get_textpage()
        place = text.get_text_range().index(letter * 3)
        left, bottom, right, top = text.get_charbox(place)
        height = page.get_height()
        crop = page.render(scale=6, crop=(left, bottom, page.get_width() - right, height - top))
        pictures.add(np.asarray(crop.to_pil().convert("L")).tobytes())
    assert len(pictures) == len(alphabet)


def test_truth_hashes_and_paths_are_copied_whole() -> None:
    path = "C:\\cases\\KT-114\\" + "scan_" * 40 + ".x3p"
    table = Table(head=("a", "b", "c", "d"), rows=((sha256("1"), sha256("2"), path, "x"),))
    read = joined(render_pdf(report(Facts(rows=(("sha256", sha256("3")), ("path", path))), table)))
    assert all(sha256(each) in read for each in "123")
    assert read.count(path) == 2


def test_truth_pictures_keep_their_shape_and_are_legible() -> None:
    blocks = (
        Picture(png=png(), caption="half", alt="a", share=0.5),
        Picture(png=png(100, 900), caption="tall", alt="b"),
        Picture(png=png(), svg=PLOT, caption="plot", alt="c"),
    )
    pages = pdfium.PdfDocument(render_pdf(report(*blocks, status="final")))
    shapes = []
    for page in pages:
        for each in page.get_objects():
            if each.type == pdfium.raw.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = each.get_bounds()
                shapes.append(((right - left) / MM, (top - bottom) / MM))
                crop = page.render(scale=2, crop=(left, bottom, page.get_width() - right, page.get_height() - top))
                assert len(set(crop.to_pil().convert("RGB").getcolors(1 << 20))) > 100
    (half, tall) = shapes
    assert half == pytest.approx((80, 80 * 2 / 3), rel=0.01)
    assert tall[0] / tall[1] == pytest.approx(1 / 9, rel=0.01)
    assert tall[1] < 200
    drawn = np.concatenate([shown(page, 1.0).reshape(-1, 3) for page in pages])
    bars = [(drawn == (12 * n, 90, 255 - 12 * n)).all(axis=-1).sum() for n in range(20)]
    assert min(bars) > 100


def test_journey_a_draft_is_marked_on_every_page_and_a_final_report_on_none() -> None:
    document = report(*hostile(), mark="data 3fa91c")
    draft, final = texts(render_pdf(document)), texts(render_pdf(replace(document, status="final")))
    assert len(draft) == len(final) > 2
    for number, (text, other) in enumerate(zip(draft, final, strict=True), start=1):
        assert text.count("DRAFT") == 2
        assert "DRAFT" not in other
        assert "FINAL" in other
        for each in (text, other):
            assert f"Page {number} of {len(draft)}" in each
            assert "data 3fa91c" in each
            assert "Comparison of marks" in each


def test_journey_the_mark_of_a_draft_is_seen_on_a_page() -> None:
    pages = (
        pdfium.PdfDocument(render_pdf(report(Paragraph(text="x")))),
        pdfium.PdfDocument(render_pdf(report(Paragraph(text="x"), status="final"))),
    )
    draft, final = (shown(page[0], 1.0)[150:700] for page in pages)
    assert (draft < 250).any(axis=-1).mean() > 0.03 > 0.01 > (final < 250).any(axis=-1).mean()


def test_journey_a_long_table_repeats_its_head() -> None:
    rows = tuple((f"row {n}", f"{n}") for n in range(150))
    pages = texts(render_pdf(report(Table(head=("specimen", "score"), rows=rows, caption="All", numbers=(1,)))))
    assert len(pages) >= 3
    assert all("specimen" in page for page in pages)
    read = "\n".join(pages)
    assert all(f"row {n}" in read for n in range(150))


def test_journey_parts_are_numbered_and_long_reports_have_contents() -> None:
    sections = tuple(Section(title=f"Part {n}", blocks=(Paragraph(text="x"),)) for n in range(6))
    table = Table(head=("a",), rows=(("b",),))
    document = Document(title="T", sections=sections, appendix=(Section(title="Files", blocks=(table, table)),))
    read = texts(render_pdf(document))
    assert "Contents" in read[0]
    assert "Part 5" in read[0]
    assert "Contents" not in "".join(texts(render_pdf(report(table))))
    assert "Appendix" in read[-1]
    assert all(each in read[-1] for each in ("A.1", "Table 1", "Table 2"))
    assert [mark.get_title().split()[0] for mark in pdfium.PdfDocument(render_pdf(document)).get_toc()][
        -1
    ] == "A.1"


def test_truth_facts_stay_with_the_paragraph_that_leads_to_them() -> None:
    rows = tuple((f"name {number}", f"value {number}") for number in range(6))
    parted = False
    for lines in range(26, 48):
        blocks = (Paragraph(text="\n".join(["x"] * lines)), Paragraph(text="The following is"), Facts(rows=rows))
        first, *rest = texts(render_pdf(report(*blocks)))
        assert ("The following is" in first) == ("name 0" in first)
        parted |= bool(rest) and "The following is" in rest[0]
    assert parted


def test_truth_it_says_that_it_is_an_archive_file_and_whose() -> None:
    made = datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    pdf = render_pdf(report(Paragraph(text="x"), author="A. Çela", language="sr-Cyrl-RS", made=made))
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert b"2026-11-22T08:30:00+00:00" in pdf
    assert b"/Lang(sr-RS)" in pdf
    known = pdfium.PdfDocument(pdf).get_metadata_dict()
    assert known["Title"] == "Comparison of marks"
    assert known["Author"] == "A. Çela"
    assert known["CreationDate"].startswith("D:20261122083000")


def test_property_the_same_report_gives_the_same_bytes() -> None:
    document = report(*hostile())
    first = render_pdf(document)
    assert render_pdf(document) == first
    assert render_pdf(replace(document, mark="another")) != first


@settings(max_examples=12)
@given(st.text(max_size=60), st.text(min_size=1, max_size=20))
def test_property_any_text_can_be_set(text: str, word: str) -> None:
    blocks = (Paragraph(text=text), Facts(rows=((word, text),)), Table(head=(word, text), rows=((text, word),)))
    assert render_pdf(replace(report(*blocks), title=word, mark=text)).startswith(b"%PDF")


def test_truth_texts_are_never_read_as_markup() -> None:
    text = '#strong[x] $x^2$ *b* _i_ @ref <tag> = // /* \\ "q" #read("/etc/hosts") {{ y }} `r` ~ -- '
    read = joined(render_pdf(replace(report(Paragraph(text=text), Note(title=text, text=text)), title=text)))
    assert read.count("".join(text.split())) >= 3


def test_truth_letters_without_a_picture_are_named() -> None:
    read = joined(render_pdf(report(Paragraph(text="scan_漢字😀.x3p"))))
    assert "scan_U+6F22U+5B57U+1F600.x3p" in read


def test_journey_what_cannot_be_set_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"'Comparison of marks' cannot be set as PDF .*check its pictures"):
        render_pdf(report(Picture(png=png(), svg="<svg <<", caption="c", alt="a")))
    with pytest.raises(OptionError, match="'c' is no sound PNG"):
        Picture(png=png()[:400], caption="c", alt="a")
    with pytest.raises(OptionError, match="share"):
        Picture(png=png(), caption="c", alt="a", share=1.5)
    with pytest.raises(OptionError, match="Row 2 of the table 't' has 1 texts where its head has 2"):
        Table(head=("a", "b"), rows=(("1", "2"), ("3",)), caption="t")
    with pytest.raises(OptionError, match="'english' is no tag"):
        report(language="english")
    with pytest.raises(OptionError, match="has no zone"):
        report(made=datetime(2026, 1, 1))
    place = write_pdf(report(Paragraph(text="x")), tmp_path / "report.pdf")
    assert place.read_bytes().startswith(b"%PDF")
    with pytest.raises(OutputError, match="exists"):
        write_pdf(report(Paragraph(text="x")), place)
    write_pdf(report(), place, overwrite=True)
