"""A report as a Word file; needs the extra ``word``."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from accreditation.errors import AccreditationError
from accreditation.report.blocks import Document, Section

_OLDEST = (1980, 1, 1, 0, 0, 0)
_FIELDS = {"{page}": "PAGE", "{pages}": "NUMPAGES"}
_FONT = "Cambria"


def render_word(document: Document) -> bytes:
    """Return a report as a Word file; the same report gives the same bytes.

    Raises
    ------
    AccreditationError
        If the extra ``word`` is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise AccreditationError(
            "Word files need a further library; install it with pip install 'forensic-ballistics[word]', or write "
            "the report as .html or .pdf."
        ) from error
    from accreditation.report.word_blocks import (
        SOFT,
        add_block,
        add_contents,
        add_facts,
        add_line,
        mark_part,
        set_styles,
    )

    word = docx.Document()
    set_styles(word, _FONT, document.languages[0])
    _lay_out(word.sections[0], wide=False)
    _add_edges(word.sections[0], document)
    if document.logo is not None and document.logo.png:
        from docx.shared import Mm

        word.add_picture(io.BytesIO(document.logo.png), height=Mm(18))
    word.add_paragraph(document.title, "Title")
    word.add_paragraph(document.subtitle, "Subtitle")
    add_facts(word, document.cover)
    for note in document.notes:
        add_block(word, note)
    for each in document.footnotes:
        add_line(word, each, size=8.5, colour=SOFT)
    titles = [f"{number}\u2002{section.title}" for number, section in document.parts()]
    add_contents(word, document.labels.contents, titles)
    wide = False
    for n, (title, (_, section)) in enumerate(zip(titles, document.parts(), strict=True), 1):
        wide = _turn(word, section, wide)
        heading = word.add_heading(title, 1)
        heading.paragraph_format.page_break_before = n == 1
        mark_part(heading, n)
        for block in section.blocks:
            add_block(word, block)
    _set_properties(word.core_properties, document)
    file = io.BytesIO()
    word.save(file)
    return _undated(file.getvalue())


def _turn(word: Any, section: Section, wide: bool) -> bool:
    """Begin a new page where the paper turns, and return how it lies now."""
    if section.wide != wide:
        from docx.enum.section import WD_SECTION

        _lay_out(word.add_section(WD_SECTION.NEW_PAGE), wide=section.wide)
    return section.wide


def _lay_out(page: Any, *, wide: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    page.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    page.page_width, page.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    page.left_margin = page.right_margin = Mm(18 if wide else 22)
    page.top_margin, page.bottom_margin = Mm(26), Mm(22)


def _add_edges(page: Any, document: Document) -> None:
    """Put title and marks at the head, the ledger and the number at the foot of every page."""
    labels = document.labels
    tag = f"{labels.confidentiality} · {labels.status}".upper()
    _edge(page.header.paragraphs[0], [document.title, "  ·  ", tag], bold=tag)
    numbered = re.split(r"(\{pages?\})", labels.page)
    _edge(page.footer.paragraphs[0], [document.mark, "  ·  ", *numbered])


def _edge(paragraph: Any, pieces: Sequence[str], *, bold: str = "") -> None:
    from docx.shared import Pt, RGBColor

    from accreditation.report.word_blocks import SOFT, add_field

    for each in pieces:
        if each in _FIELDS:
            add_field(paragraph, _FIELDS[each])
        else:
            paragraph.add_run(each).bold = bool(bold) and each == bold
    for run in paragraph.runs:
        run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(SOFT)


def _set_properties(properties: Any, document: Document) -> None:
    made = document.made.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.title, properties.author = document.title[:255], document.author[:255]
    properties.language = document.languages[0]
    properties.comments = document.mark
    properties.created = properties.modified = made


def _undated(file: bytes) -> bytes:
    """Return a Word file whose parts do not say when they were packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(zipfile.ZipInfo(part.filename, _OLDEST), old.read(part), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
