"""The blocks of a report in a Word file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Pt, RGBColor

from accreditation.report.blocks import (
    Block,
    Chart,
    Facts,
    Heading,
    KeyFigures,
    Note,
    Paragraph,
    Points,
    Table,
    Tone,
)
from accreditation.report.widths import size_of, widths

INK, SOFT, ACCENT, HAIR, PLAIN = "1A1D21", "5D6670", "23415F", "C9CED4", "F3F5F7"
TONES: dict[Tone, tuple[str, str]] = {
    "good": ("E1F0E5", "1B5A2D"),
    "fair": ("FDF0CF", "754E00"),
    "poor": ("FADFDB", "8A1B10"),
    "quiet": ("EEF0F2", "565F69"),
    "info": ("E1EBF6", "1E4876"),
}
ALIGNED = {"right": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER}
LETTERS = (
    ("Title", 22, ACCENT, 0),
    ("Subtitle", 13, SOFT, 0),
    ("Heading 1", 15, ACCENT, 20),
    ("Heading 2", 12, ACCENT, 14),
)
"""Size, colour and room above of each style of a heading."""
MARGIN = 4.0
"""Points left free on each side of a cell."""


def set_styles(word: Any, font: str, language: str) -> None:
    """Set the letters, headings and language of a new file."""
    normal = word.styles["Normal"]
    normal.font.name, normal.font.size = font, Pt(10.5)
    normal.paragraph_format.space_after = Pt(7)
    for name, size, colour, above in LETTERS:
        style = word.styles[name]
        letters = style.element.rPr.rFonts
        for key in list(letters.attrib):
            del letters.attrib[key]
        style.font.name, style.font.size, style.font.italic = font, Pt(size), False
        style.font.color.rgb = RGBColor.from_string(colour)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(above), Pt(6)
    title = word.styles["Title"].element.pPr
    title.remove(title.find(qn("w:pBdr")))
    for tag in word.styles.element.iter(qn("w:lang")):
        tag.set(qn("w:val"), language)


def add_line(word: Any, text: str, *, size: float, colour: str, bold: bool = False) -> Any:
    """Put a line in letters of its own."""
    paragraph = word.add_paragraph()
    run = paragraph.add_run(text)
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, RGBColor.from_string(colour)
    return paragraph


def add_contents(word: Any, title: str, parts: Sequence[str]) -> None:
    """Put a list of the parts that leads to each; `mark_part` says where they are."""
    add_line(word, title, size=12, colour=ACCENT, bold=True)
    for n, text in enumerate(parts, 1):
        paragraph = word.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        link = _element("w:hyperlink", anchor=f"part-{n}", history="1")
        link.append(paragraph.add_run(text)._r)
        paragraph._p.append(link)


def mark_part(heading: Any, n: int) -> None:
    """Mark the heading of a part as the place that the contents lead to."""
    heading._p.insert_element_before(_element("w:bookmarkStart", id=str(n), name=f"part-{n}"), "w:r")
    heading._p.append(_element("w:bookmarkEnd", id=str(n)))


def add_facts(word: Any, rows: Sequence[tuple[str, str]]) -> None:
    """Put labels and values into two columns."""
    if not rows:
        return
    grid = _grid(word, len(rows), (0.28, 0.72))
    for line, (label, value) in zip(_lines(grid), rows, strict=True):
        _fill(line[0], label, size=9.5, colour=SOFT)
        _fill(line[1], value, size=10)
        for cell in line:
            _border(cell, "bottom", HAIR)
    _space(word)


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


def add_block(word: Any, block: Block) -> None:
    """Put one block at the end of a file."""
    match block:
        case Heading():
            word.add_heading(block.text, 2)
        case Paragraph():
            paragraph = word.add_paragraph()
            run = paragraph.add_run(block.text)
            if block.strong:
                run.bold, run.font.size = True, Pt(12.5)
                paragraph.paragraph_format.keep_with_next = True
        case Points():
            for text in block.texts:
                word.add_paragraph(text, "List Bullet").paragraph_format.space_after = Pt(3)
        case Facts():
            add_facts(word, block.rows)
        case KeyFigures():
            _add_figures(word, block)
        case Note():
            cell = _lines(_grid(word, 1, (1.0,)))[0][0]
            _shade(cell, block.tone)
            _fill(cell, block.title, size=10, bold=True)
            cell.add_paragraph(block.text)
            _space(word)
        case Table():
            _add_table(word, block)
        case Chart():
            _add_caption(word, block.caption)
            shape = word.add_picture(io.BytesIO(block.png), width=Emu(round(_width(word))))
            shape._inline.docPr.set("descr", block.alt)


def _add_figures(word: Any, block: KeyFigures) -> None:
    grid = _grid(word, 1, (1.0,) * len(block.figures))
    for cell, each in zip(_lines(grid)[0], block.figures, strict=True):
        colour = TONES[each.tone][1] if each.tone else INK
        _shade(cell, each.tone or "quiet")
        _fill(cell, each.value, size=16, bold=True, colour=colour)
        run = cell.add_paragraph().add_run(each.label)
        run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(colour if each.tone else SOFT)
    _space(word)


def _add_table(word: Any, table: Table) -> None:
    if table.caption:
        _add_caption(word, table.caption)
    size = size_of(table)
    room = _width(word) / Pt(1) / size
    grid = _grid(word, 1 + len(table.rows), widths(table, room=room, padding=2 * MARGIN / size))
    head, *lines = _lines(grid)
    for cell, column in zip(head, table.columns, strict=True):
        _fill(cell, column.title, size=size, bold=True, align=column.align)
        _border(cell, "top", INK)
        _border(cell, "bottom", INK)
    for line, row in zip(lines, table.rows, strict=True):
        for cell, each, column in zip(line, row, table.columns, strict=True):
            colour = TONES[each.tone][1] if each.tone else INK
            _fill(cell, each.text, size=size, bold=each.strong, colour=colour, align=column.align)
            _border(cell, "bottom", HAIR)
            if each.tone:
                _shade(cell, each.tone)
    grid.rows[0]._tr.get_or_add_trPr().append(_element("w:tblHeader"))
    _space(word)


def _add_caption(word: Any, text: str) -> None:
    paragraph = add_line(word, text, size=9, colour=INK, bold=True)
    paragraph.paragraph_format.keep_with_next = True
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(8), Pt(3)


def _grid(word: Any, rows: int, shares: Sequence[float]) -> Any:
    """Return a table as wide as the text, its columns by their shares."""
    grid = word.add_table(rows, len(shares))
    grid.autofit = False
    margins = OxmlElement("w:tblCellMar")
    margins.extend(_element(f"w:{side}", w=str(round(20 * MARGIN)), type="dxa") for side in ("left", "right"))
    grid._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)
    across = [Emu(round(_width(word) * share / sum(shares))) for share in shares]
    for column, width in zip(grid.columns, across, strict=True):
        column.width = width
    for row, line in zip(grid.rows, _lines(grid), strict=True):
        row._tr.get_or_add_trPr().append(_element("w:cantSplit"))
        for cell, width in zip(line, across, strict=True):
            cell.width = width
    return grid


def _lines(grid: Any) -> list[Any]:
    """Return the cells of a table row by row; asking each row for its own takes far longer."""
    cells, across = grid._cells, len(grid.columns)
    return [cells[place : place + across] for place in range(0, len(cells), across)]


def _width(word: Any) -> int:
    page = word.sections[-1]
    return int(page.page_width - page.left_margin - page.right_margin)


def _fill(
    cell: Any, text: str, *, size: float, bold: bool = False, colour: str = INK, align: str = "left"
) -> None:
    paragraph = cell.paragraphs[0]
    spacing = paragraph.paragraph_format
    spacing.space_before = spacing.space_after = Pt(2)
    if align in ALIGNED:
        paragraph.alignment = ALIGNED[align]
    run = paragraph.add_run(text)
    run.bold, run.font.size, run.font.color.rgb = bold, Pt(size), RGBColor.from_string(colour)


def _shade(cell: Any, tone: Tone) -> None:
    fill = TONES[tone][0] if tone else PLAIN
    cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=fill))


def _border(cell: Any, side: str, colour: str) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        properties.append(borders)
    borders.append(_element(f"w:{side}", val="single", sz="8" if colour == INK else "4", space="0", color=colour))


def _space(word: Any) -> None:
    spacing = word.add_paragraph().paragraph_format
    spacing.space_before = spacing.space_after = Pt(0)


def _element(name: str, /, **attributes: str) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element
