"""A report as PDF/A-2b, the same on every machine: only fonts that typst carries, and no time but its own."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from accreditation.errors import AccreditationError
from accreditation.report.blocks import (
    Block,
    Chart,
    Document,
    Facts,
    Heading,
    KeyFigures,
    Note,
    Paragraph,
    Points,
    Section,
    Table,
)
from accreditation.report.widths import size_of, widths

ACROSS, WIDE = 470.0, 739.0
"""Points between the edges of a page, in portrait and in landscape."""
_UNSHOWN = re.compile(r'the text `"(.*?)"` could not be displayed')


def render_pdf(document: Document) -> bytes:
    """Set a report as PDF/A-2b on A4, wide sections in landscape.

    Texts are data and never markup. Letters that no font of typst has, such as Chinese ones, are written by their
    code, as ``U+6F22``. The same report gives the same bytes.

    Raises
    ------
    AccreditationError
        If it cannot be set.
    """
    drawings: dict[str, bytes] = {}
    data = json.dumps(_content(document, drawings), ensure_ascii=False)
    try:
        try:
            return _compiled(document, data, drawings)
        except typst.TypstError as error:
            unshown = _unshown(error)
            if not unshown:
                raise
            data = "".join(f"U+{ord(each):04X}" if each in unshown else each for each in data)
            return _compiled(document, data, drawings)
    except RuntimeError as error:
        raise AccreditationError(
            f"The report {document.title!r} cannot be set as PDF ({error}). Leave out its logo, or write it "
            "as .html."
        ) from error


def _compiled(document: Document, data: str, drawings: dict[str, bytes]) -> bytes:
    template = files("accreditation.report").joinpath("templates", "report.typ").read_bytes()
    with TemporaryDirectory(prefix="report-") as folder:
        for name, content in {"main.typ": template, "report.json": data.encode(), **drawings}.items():
            Path(folder, name).write_bytes(content)
        compiled = typst.compile(
            Path(folder, "main.typ"),
            root=Path(folder),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int(document.made.timestamp()),
        )
    assert isinstance(compiled, bytes)
    return compiled


def _unshown(error: typst.TypstError) -> set[str]:
    texts = "".join(_UNSHOWN.findall(error.diagnostic))
    return set(re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), texts))


def _content(document: Document, drawings: dict[str, bytes]) -> dict[str, Any]:
    logo = None
    if document.logo is not None:
        logo = f"logo.{document.logo.format}"
        drawings[logo] = document.logo.content
    runs = [
        {"wide": wide, "parts": [_part(number, each, drawings) for number, each in parts]}
        for wide, parts in groupby(document.parts(), lambda part: part[1].wide)
    ]
    labels = document.labels
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "author": document.author,
        "cover": document.cover,
        "notes": [{"title": e.title, "text": e.text, "tone": e.tone} for e in document.notes],
        "footnotes": document.footnotes,
        "mark": document.mark,
        "draft": document.status == "draft",
        "status": labels.status,
        "confidentiality": labels.confidentiality,
        "contents": labels.contents,
        "annex": labels.annex,
        "page": re.split(r"(\{pages?\})", labels.page),
        "lang": document.languages[0].partition("-")[0],
        "logo": logo,
        "runs": runs,
    }


def _part(number: str, section: Section, drawings: dict[str, bytes]) -> dict[str, Any]:
    return {
        "number": number,
        "title": section.title,
        "blocks": [_block(each, drawings, room=WIDE if section.wide else ACROSS) for each in section.blocks],
    }


def _block(block: Block, drawings: dict[str, bytes], *, room: float) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "text": block.text}
        case Paragraph():
            return {"kind": "paragraph", "text": block.text, "strong": block.strong}
        case Points():
            return {"kind": "points", "texts": block.texts}
        case Facts():
            return {"kind": "facts", "rows": block.rows}
        case KeyFigures():
            figures = [{"value": e.value, "label": e.label, "tone": e.tone} for e in block.figures]
            return {"kind": "figures", "figures": figures}
        case Note():
            return {"kind": "note", "title": block.title, "text": block.text, "tone": block.tone}
        case Table():
            return {
                "kind": "table",
                "caption": block.caption,
                "size": size_of(block),
                "widths": widths(block, room=room / size_of(block)),
                "columns": [{"title": e.title, "align": e.align} for e in block.columns],
                "rows": [
                    [{"text": e.text, "tone": e.tone, "strong": e.strong} for e in row] for row in block.rows
                ],
            }
        case Chart():
            name = f"chart-{len(drawings) + 1}.svg"
            drawings[name] = block.svg.encode()
            return {"kind": "chart", "file": name, "caption": block.caption, "alt": block.alt}
