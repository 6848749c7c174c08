"""The blocks of a report in a Word file, in the styles of its template where it has them."""

from __future__ import annotations

import io
import re
from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Pt, RGBColor

from ballistics.document.blocks import Block, Facts, Note, Paragraph, Picture, Table
from ballistics.document.outline import Outline, Part

SOFT, ACCENT, HAIR, INK, DRAFT = "5D6670", "23415F", "C9CED4", "1A1D21", "A33A00"
HEADINGS = {"Heading 1": (15.0, 20.0, 7.0), "Heading 2": (12.5, 16.0, 6.0)}
CAPTION = "Caption"
TALLEST = 0.65
LETTERS = (5, 34)
HASH = re.compile(r"[0-9a-f]{12,}…?")


def add_styles(docx: Any, *, anew: bool = False) -> None:
    """Add the styles of headings and captions that a template lacks; `anew` sets them in any case."""
    known = {style.name for style in docx.styles}
    for name in (*HEADINGS, CAPTION):
        if name in known and not anew:
            continue
        style = docx.styles[name] if name in known else docx.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, True)
        if name not in known:
            style.base_style = docx.styles.default(WD_STYLE_TYPE.PARAGRAPH)
        size, above, below = HEADINGS.get(name, (9.0, 4.0, 6.0))
        style.font.size, style.font.bold = Pt(size), name in HEADINGS
        style.font.color.rgb = RGBColor.from_string(ACCENT if name in HEADINGS else SOFT)
        spacing = style.paragraph_format
        spacing.space_before, spacing.space_after = Pt(above), Pt(below)
        spacing.keep_with_next = name in HEADINGS
        if name in HEADINGS and name not in known:
            style.element.get_or_add_pPr().append(_element("w:outlineLvl", val=str(list(HEADINGS).index(name))))


def add_report(body: Any, docx: Any, report: Outline) -> None:
    """Put the sections and the appendix of a report into a body that is part of a file."""
    width = min(each.page_width - each.left_margin - each.right_margin for each in docx.sections)
    height = min(each.page_height - each.top_margin - each.bottom_margin for each in docx.sections)
    for part in report.sections:
        _add_part(body, part, "Heading 1", (width, height))
    if report.appendix:
        body.add_paragraph(report.words["appendix"], "Heading 1").paragraph_format.page_break_before = True
    for part in report.appendix:
        _add_part(body, part, "Heading 2", (width, height))


def add_facts(body: Any, rows: tuple[tuple[str, str], ...], width: int) -> None:
    """Put labels and values into two columns."""
    if not rows:
        return
    table = _table(body, len(rows), (0.3 * width, 0.7 * width))
    for row, (label, value) in zip(table.rows, rows, strict=True):
        _fill(row.cells[0], label, colour=SOFT)
        _fill(row.cells[1], value)
        _keep_whole(row)
        for cell in row.cells:
            _borders(cell, bottom=(4, HAIR))
    _add_space(body)


def add_draft_mark(docx: Any, word: str) -> None:
    """Put the word for a draft at the head of every page, whatever else stands there."""
    for place, section in enumerate(docx.sections):
        headers = [section.header]
        headers += [section.first_page_header] if section.different_first_page_header_footer else []
        headers += [section.even_page_header] if docx.settings.odd_and_even_pages_header_footer else []
        for header in headers:
            if place and header.is_linked_to_previous:
                continue
            first = header.paragraphs[0] if header.paragraphs else header.add_paragraph()
            mark = first.insert_paragraph_before()
            mark.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            run = mark.add_run(word.upper())
            run.font.bold, run.font.size, run.font.color.rgb = True, Pt(11), RGBColor.from_string(DRAFT)


def add_field(paragraph: Any, code: str) -> None:
    """Put a field, such as the number of the page, at the end of a paragraph."""
    for kind in ("begin", None, "separate", "text", "end"):
        run = paragraph.add_run("1" if kind == "text" else "")
        if kind is None:
            instruction = OxmlElement("w:instrText")
            instruction.text = code
            run._r.append(instruction)
        elif kind != "text":
            run._r.append(_element("w:fldChar", fldCharType=kind))


def _add_part(body: Any, part: Part, style: str, size: tuple[int, int]) -> None:
    body.add_paragraph(f"{part.number}\u2002{part.title}", style)
    for block, label in part.blocks:
        _add_block(body, block, label, size)


def _add_block(body: Any, block: Block, label: str, size: tuple[int, int]) -> None:
    width, height = size
    match block:
        case Paragraph():
            run = body.add_paragraph().add_run(block.text)
            if block.strong:
                run.bold, run.font.size = True, Pt(12)
        case Facts():
            add_facts(body, block.rows, width)
        case Note():
            cell = _table(body, 1, (width,)).rows[0].cells[0]
            _borders(cell, left=(24, "C98A1B"))
            cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill="FBF5E6"))
            cell.paragraphs[0].add_run(block.title).bold = True
            cell.add_paragraph(block.text)
            _add_space(body)
        case Table():
            _add_caption(body, label, block.caption).paragraph_format.keep_with_next = True
            _add_table(body, block, width)
        case Picture():
            _add_picture(body, block, (block.share * width, TALLEST * height))
            _add_caption(body, label, block.caption)


def _add_caption(body: Any, label: str, caption: str) -> Any:
    paragraph = body.add_paragraph(style=CAPTION)
    paragraph.add_run(label).bold = True
    if caption:
        paragraph.add_run(f". {caption}")
    return paragraph


def _add_picture(body: Any, picture: Picture, room: tuple[float, float]) -> None:
    paragraph = body.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(io.BytesIO(picture.png))
    factor = min(side / own for side, own in zip(room, (shape.width, shape.height), strict=True))
    shape.width, shape.height = Emu(round(factor * shape.width)), Emu(round(factor * shape.height))
    shape._inline.docPr.set("descr", picture.alt)


def _add_table(body: Any, table: Table, width: int) -> None:
    columns = tuple(zip(table.head, *table.rows, strict=True))
    wanted = [min(max(max(map(len, texts)), LETTERS[0]), LETTERS[1]) for texts in columns]
    grid = _table(body, 1 + len(table.rows), tuple(width * each / sum(wanted) for each in wanted))
    size = 9.0 if len(columns) <= 8 else 7.0
    for place, (row, texts) in enumerate(zip(grid.rows, (table.head, *table.rows), strict=True)):
        _keep_whole(row)
        for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            paragraph = _fill(cell, text, size=size, bold=place == 0)
            if column in table.numbers:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if place == 0:
                _borders(cell, top=(8, INK), bottom=(8, INK))
            else:
                _borders(cell, bottom=(4, HAIR))
    grid.rows[0]._tr.get_or_add_trPr().append(_element("w:tblHeader"))
    _add_space(body)


def _table(body: Any, rows: int, widths: tuple[float, ...]) -> Any:
    table = body.add_table(rows, len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Emu(round(width))
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Emu(round(width))
    return table


def _fill(cell: Any, text: str, *, size: float = 10.0, bold: bool = False, colour: str = INK) -> Any:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    run = paragraph.add_run(text)
    run.bold, run.font.size, run.font.color.rgb = bold, Pt(size), RGBColor.from_string(colour)
    if HASH.fullmatch(text):
        run.font.name, run.font.size = "Consolas", Pt(size - 1.5)
    return paragraph


def _add_space(body: Any) -> None:
    spacing = body.add_paragraph().paragraph_format
    spacing.space_before = spacing.space_after = Pt(0)


def _keep_whole(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("w:cantSplit"))


def _borders(cell: Any, **sides: tuple[int, str]) -> None:
    borders = OxmlElement("w:tcBorders")
    for side in ("top", "left", "bottom", "right"):
        if side in sides:
            size, colour = sides[side]
            borders.append(_element(f"w:{side}", val="single", sz=str(size), space="0", color=colour))
    cell._tc.get_or_add_tcPr().append(borders)


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element
