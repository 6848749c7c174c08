"""The page of a report: what it holds, what it may not do, how it looks in a browser and on paper."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ballistics.document.blocks import Document, Facts, Note, Paragraph, Picture, Section, Table
from ballistics.document.outline import legible, outline
from ballistics.document.page import render_document, write_document_page
from ballistics.errors import OutputError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HASH = hashlib.sha256(b"reference").hexdigest()
PATH = "/evidence/" + "breech_face_" * 25 + "impression.x3p"
NASTY = '<script>alert(1)</script> & "quoted" {{ title }} \\ \'; } </style>'


def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint32).astype(np.uint8).reshape(64, 64, 3)).save(file, "PNG")
    return file.getvalue()


def sample(status: Any = "draft", **options: Any) -> Document:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 6 2"><rect width="6" height="2" fill="red"/></svg>'
    columns = tuple(f"correlation {n}" for n in range(14))
    sections = (
        Section(
            title="Result",
            blocks=(Paragraph(text=f"{HASH} {PATH}", strong=True), Note(title="Limit", text="Ж" * 90)),
        ),
        Section(title="Случај", blocks=(Facts(rows=((PATH, HASH), ("Ђорђе", "first\nsecond"))),)),
        Section(
            title="Many columns", blocks=(Table(head=columns, rows=(("-0.1234",) * 14,) * 3, numbers=(1, 2)),)
        ),
        Section(title="Long", blocks=(Table(head=("n", "sha256"), rows=((PATH, HASH),) * 90, caption="Files"),)),
        Section(title="Pictures", blocks=(Picture(png=png(), svg=svg, caption="plot", alt="a plot"),)),
    )
    appendix = (Section(title=NASTY, blocks=(Picture(png=png(), caption=NASTY, alt=NASTY, share=0.4),)),)
    return Document(
        title="Comparison", cover=(("Case", NASTY),), status=status, sections=sections, appendix=appendix,
        mark="data 3fa91c", **options,
    )  # fmt: skip


class Reading(HTMLParser):
    """What a page holds: tags with their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_truth_the_policy_allows_just_the_style_and_nothing_is_loaded() -> None:
    page = render_document(sample())
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = unescape(next(each["content"] or "" for each in Reading(page).all("meta") if "http-equiv" in each))
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    reading = Reading(page)
    assert not reading.all("script")
    assert not any("style" in attributes or "onload" in attributes for _, attributes in reading.tags)
    assert all((each["src"] or "").startswith("data:image/") for each in reading.all("img"))
    assert not re.search(r"url\(|@import|https?://", style)


def test_truth_texts_are_data() -> None:
    reading = Reading(render_document(sample()))
    assert reading.text.count(NASTY) >= 4
    assert [each["alt"] for each in reading.all("img")] == ["a plot", NASTY]


def test_truth_pictures_come_as_svg_where_there_is_one() -> None:
    first, second = Reading(render_document(sample())).all("img")
    assert (first["src"] or "").startswith("data:image/svg+xml;base64,")
    assert base64.b64decode((second["src"] or "").partition(",")[2]) == png()
    assert (first["width"], second["width"]) == ("100%", "40%")


def test_journey_tables_have_captions_and_scopes_and_long_reports_contents() -> None:
    page = render_document(sample(language="sr-Latn", made=datetime(2026, 11, 22, 8, tzinfo=UTC)))
    reading = Reading(page)
    assert reading.all("html") == [{"lang": "sr-Latn"}]
    assert all(each.get("scope") == "col" for each in reading.all("th"))
    assert len(reading.all("caption")) == len(reading.all("table")) == 2
    links = [each["href"] for each in reading.all("a")]
    places = {attributes["id"] for _, attributes in reading.tags if attributes.get("id")}
    assert len(links) == 7
    assert {(link or "").removeprefix("#") for link in links} <= places
    assert "2026-11-22T08:00:00+00:00" in page
    short = Document(title="T", sections=sample().sections[:1])
    assert not Reading(render_document(short)).all("nav")


def test_property_the_same_report_gives_the_same_page() -> None:
    assert render_document(sample()) == render_document(sample()) != render_document(sample("final"))


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_property_any_text_comes_out_as_it_is(text: str) -> None:
    document = Document(title=text, mark=text, sections=(Section(title=text, blocks=(Paragraph(text=text),)),))
    read = Reading(render_document(document)).text
    for line in legible(text).split("\n"):
        assert read.count(line) >= 3


def test_truth_parts_tables_and_figures_are_numbered_through() -> None:
    report = outline(sample())
    assert [part.number for part in (*report.sections, *report.appendix)] == ["1", "2", "3", "4", "5", "A.1"]
    labels = [label for part in (*report.sections, *report.appendix) for _, label in part.blocks if label]
    assert labels == ["Table 1", "Table 2", "Figure 1", "Figure 2"]
    assert report.words["page"] == ("Page ", "{page}", " of ", "{pages}")
    assert report.long


def test_journey_a_page_is_written_once(tmp_path: Path) -> None:
    place = write_document_page(sample(), tmp_path / "report.html")
    assert place.read_text(encoding="utf-8") == render_document(sample())
    with pytest.raises(OutputError, match="exists"):
        write_document_page(sample(), place)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_journey_the_page_fits_every_screen(browser: Any, tmp_path: Path, scheme: str, width: int) -> None:
    place = write_document_page(sample(), tmp_path / "report.html")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(place.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("[...document.images].every(each => each.naturalWidth > 0 && each.width > 100)")
    cut = "e => e.scrollWidth > e.clientWidth + 1"
    assert not tab.evaluate(
        f"[...document.querySelectorAll('p, dd, dt, h1, h2, h3, td, th, figcaption')].some({cut})"
    )
    paper, ink = tab.evaluate(
        "['backgroundColor', 'color'].map(key => getComputedStyle(document.querySelector('main'))[key])"
    )
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) / 765 for colour in (paper, ink)]
    assert abs(light[0] - light[1]) > 0.7
    assert (light[0] > light[1]) == (scheme == "light")
    assert tab.inner_text(".draft") == "DRAFT"
    assert tab.is_visible(".draft")
    tab.mouse.wheel(0, 5000)
    assert tab.locator(".draft").bounding_box()["y"] >= 0
    assert not said
    assert all(url.startswith(("data:", "file:")) for url in asked)
    assert len([url for url in asked if url.startswith("file:")]) == 1
    context.close()


@pytest.mark.parametrize("status", ["draft", "final"])
def test_journey_printed_pages_are_numbered_and_marked(browser: Any, tmp_path: Path, status: str) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
    tab = browser.new_page()
    tab.goto(write_document_page(sample(status), tmp_path / "report.html").as_uri())
    pages = pdfium.PdfDocument(tab.pdf(prefer_css_page_size=True))
    tab.close()
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        text = page.get_textpage().get_text_bounded()
        assert f"Page {number} of {len(pages)}" in text
        assert "data 3fa91c" in text
        assert ("DRAFT" in text) == (status == "draft")
        ink = (np.asarray(page.render(scale=72 / 25.4).to_pil().convert("L")) < 250).any(axis=0)
        scale = len(ink) / 210
        assert not ink[: int(26 * scale)].any()
        assert not ink[int(188 * scale) :].any()
