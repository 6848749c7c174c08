"""A report as one HTML page that holds all it needs and may load nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ballistics.document.blocks import Document, Picture, Table
from ballistics.document.outline import Outline, outline
from ballistics.output import Location, write_output

LONG_WORD = 18
LETTERS_ACROSS, LETTERS_BESIDE = 84, 2
HASH = re.compile(r"[0-9a-f]{12,}…?")
PIECE = re.compile(r"[^/\\_.:-]{1,6}[/\\_.:-]?|[/\\_.:-]")


def render_document(document: Document) -> str:
    """Make a page of a report, for screens light and dark, wide and narrow, and for the printer.

    Its policy allows just its own style and pictures within the page. A draft is marked at the top of the screen
    and across every printed page.

    Examples
    --------
    >>> from ballistics.document.blocks import Paragraph, Section
    >>> section = Section(title="Result", blocks=(Paragraph(text="12 < 30 cells agree."),))
    >>> "12 &lt; 30 cells agree." in render_document(Document(title="Comparison", sections=(section,)))
    True
    """
    report = outline(document)
    pages = _environment()
    boxes = pages.get_template("page.css").render(**_page_boxes(report))
    css = pages.get_template("document.css").render() + boxes
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return pages.get_template("document.html").render(
        css=css,
        digest=f"'sha256-{digest}'",
        document=report.document,
        draft=document.status == "draft",
        release=version("forensic-ballistics"),
        report=report,
        words=report.words,
    )


def write_document_page(document: Document, path: Location, *, overwrite: bool = False) -> Path:
    """Write a report as a page.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_output(path, render_document(document).encode(), overwrite=overwrite)


def _page_boxes(report: Outline) -> dict[str, object]:
    return {
        "title": css_text(report.document.title[:90]),
        "status": css_text(report.words["status"].upper()),
        "draft": report.document.status == "draft",
        "mark": css_text(report.document.mark),
        "pages": css_pages(report.words["page"]),
    }


def css_pages(words: tuple[str, ...]) -> Markup:
    """Return the words and numbers at the foot of a printed page for the CSS property ``content``."""
    counters = {"{page}": Markup("counter(page)"), "{pages}": Markup("counter(pages)")}
    return Markup(" ").join(counters.get(each) or css_text(each) for each in words)


def css_text(text: str) -> Markup:
    """Return a text as a CSS string in which every character but letters and digits is written by its code."""
    letters = (each if each.isalnum() and each.isascii() else f"\\{ord(each):06x}" for each in text)
    return Markup('"' + "".join(letters) + '"')


def _flow(text: str) -> Markup:
    """Return a text whose long words may break, whose hashes stand in even letters, and whose lines stay lines."""
    lines = (Markup("").join(map(_word, re.split(r"(\s+)", line))) for line in text.split("\n"))
    return Markup("<br>").join(lines)


def _word(word: str) -> Markup:
    shown = Markup("<wbr>").join(PIECE.findall(word)) if len(word) >= LONG_WORD else escape(word)
    return Markup("<code>{}</code>").format(shown) if HASH.fullmatch(word) else shown


def _crowded(table: Table) -> bool:
    """Say whether a table on paper would be wider than the page if no word but long ones broke."""
    columns = zip(table.head, *table.rows, strict=True)
    longest = (max(len(word[:LONG_WORD]) for text in texts for word in text.split(" ")) for texts in columns)
    return sum(letters + LETTERS_BESIDE for letters in longest) > LETTERS_ACROSS


def _source(picture: Picture) -> str:
    kind, content = ("svg+xml", picture.svg.encode()) if picture.svg else ("png", picture.png)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


@cache
def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("ballistics.document"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["crowded"] = _crowded
    pages.filters["flow"] = _flow
    pages.filters["kind"] = lambda block: type(block).__name__
    pages.filters["source"] = _source
    return pages
