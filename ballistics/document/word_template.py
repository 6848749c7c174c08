"""The plain Word template, for laboratories that have none of their own."""

from __future__ import annotations

import io
from typing import Any

import docx
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from ballistics.document.outline import Outline
from ballistics.document.word_blocks import ACCENT, SOFT, add_facts, add_field, add_styles

FONT = "Cambria"
FIELDS = {"{page}": "PAGE", "{pages}": "NUMPAGES"}


def plain_template(report: Outline) -> bytes:
    """Return a template on A4 with as many lines on its cover as a report has, and page numbers at the foot."""
    template = docx.Document()
    page = template.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin, page.right_margin, page.top_margin, page.bottom_margin = Mm(27), Mm(23), Mm(30), Mm(27)
    _set_letters(template, report.document.language)
    add_styles(template, anew=True)
    _line(template.add_paragraph(), "{{ title }}", 23, ACCENT, bold=True)
    if report.document.subtitle:
        _line(template.add_paragraph(), "{{ subtitle }}", 13, SOFT)
    places = range(len(report.document.cover))
    rows = tuple((f"{{{{ cover[{place}].label }}}}", f"{{{{ cover[{place}].value }}}}") for place in places)
    add_facts(template, rows, page.page_width - page.left_margin - page.right_margin)
    template.add_paragraph("{{p content }}")
    head = page.header.paragraphs[0]
    template.styles["Header"].paragraph_format.tab_stops.clear_all()
    head.paragraph_format.tab_stops.add_tab_stop(Mm(160), WD_TAB_ALIGNMENT.RIGHT)
    _line(head, "{{ title }}", 8.5, SOFT)
    if report.document.status == "final":
        _line(head, "\t{{ status|upper }}", 8, SOFT, bold=True)
    foot = page.footer.paragraphs[0]
    template.styles["Footer"].paragraph_format.tab_stops.clear_all()
    foot.paragraph_format.tab_stops.add_tab_stop(Mm(160), WD_TAB_ALIGNMENT.RIGHT)
    foot.add_run("{{ mark }}\t")
    for piece in report.words["page"]:
        if piece in FIELDS:
            add_field(foot, FIELDS[piece])
        else:
            foot.add_run(piece)
    for run in foot.runs:
        run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(SOFT)
    file = io.BytesIO()
    template.save(file)
    return file.getvalue()


def _set_letters(template: Any, language: str) -> None:
    normal = template.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(10.5)
    normal.paragraph_format.space_after = Pt(7)
    for name in ("Heading 1", "Heading 2"):
        letters = template.styles[name].element.rPr.rFonts
        for key in list(letters.attrib):
            del letters.attrib[key]
        template.styles[name].font.name = FONT
    for tag in template.styles.element.iter(qn("w:lang")):
        tag.set(qn("w:val"), language)


def _line(paragraph: Any, text: str, size: float, colour: str, *, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, RGBColor.from_string(colour)
