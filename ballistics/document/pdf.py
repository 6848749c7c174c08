"""A report as PDF/A-2b, the same on every machine: only fonts that typst itself carries, no date but its own."""

from __future__ import annotations

import json
import re
from datetime import datetime
from importlib.resources import files
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from ballistics.document.blocks import Block, Document, Facts, Note, Paragraph, Picture, Table
from ballistics.document.outline import Outline, Part, outline
from ballistics.errors import OutputError
from ballistics.output import Location, write_output

LONGEST_WORD = 16
CANDIDATES = 4
FEW_ROWS, FEW_LETTERS = 9, 1500
UNSHOWN = re.compile(r'the text `"(.*?)"` could not be displayed')


def render_pdf(document: Document) -> bytes:
    """Set a report as PDF/A-2b on A4.

    Texts are data and never markup. Letters that no font of typst has, such as Chinese ones, are written by
    their code, as ``U+6F22``.

    Returns
    -------
    bytes
        The file; without a time in the document the same content gives the same bytes, dated 1 January 1970
        because PDF/A asks for a date.

    Raises
    ------
    OutputError
        If the report cannot be set, such as for a picture that cannot be decoded.

    Examples
    --------
    >>> from ballistics.document.blocks import Paragraph, Section
    >>> section = Section(title="Result", blocks=(Paragraph(text="12 of 30 cells agree."),))
    >>> render_pdf(Document(title="Comparison", sections=(section,)))[:5]
    b'%PDF-'
    """
    content, drawings = _content(outline(document))
    data = json.dumps(content, ensure_ascii=False)
    try:
        try:
            return _compiled(data, drawings, document.made)
        except typst.TypstError as error:
            unshown = _unshown(error)
            if not unshown:
                raise
            data = "".join(f"U+{ord(each):04X}" if each in unshown else each for each in data)
            return _compiled(data, drawings, document.made)
    except RuntimeError as error:
        raise OutputError(
            f"The report {document.title!r} cannot be set as PDF ({error}); check its pictures, or write it as a "
            "page instead."
        ) from error


def write_pdf(document: Document, path: Location, *, overwrite: bool = False) -> Path:
    """Write a report as a PDF file.

    Raises
    ------
    OutputError
        If the report cannot be set, the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_output(path, render_pdf(document), overwrite=overwrite)


def _compiled(data: str, drawings: dict[str, bytes], made: datetime | None) -> bytes:
    template = files("ballistics.document").joinpath("templates", "report.typ").read_bytes()
    with TemporaryDirectory(prefix="report-") as folder:
        for name, content in {"main.typ": template, "report.json": data.encode(), **drawings}.items():
            Path(folder, name).write_bytes(content)
        compiled = typst.compile(
            Path(folder, "main.typ"),
            root=Path(folder),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int(made.timestamp()) if made else 0,
        )
    assert isinstance(compiled, bytes)
    return compiled


def _unshown(error: typst.TypstError) -> set[str]:
    texts = "".join(UNSHOWN.findall(error.diagnostic))
    return set(re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), texts))


def _content(report: Outline) -> tuple[dict[str, Any], dict[str, bytes]]:
    document = report.document
    language, *rest = document.language.lower().split("-")
    drawings: dict[str, bytes] = {}
    content = {
        "title": document.title,
        "subtitle": document.subtitle,
        "author": document.author,
        "cover": _rows(document.cover),
        "mark": document.mark,
        "draft": document.status == "draft",
        "lang": language,
        "region": next((each for each in rest if len(each) == 2), None),
        "long": report.long,
        "words": report.words,
        "sections": [_part(each, drawings) for each in report.sections],
        "appendix": [_part(each, drawings) for each in report.appendix],
    }
    return content, drawings


def _part(part: Part, drawings: dict[str, bytes]) -> dict[str, Any]:
    blocks = [_block(block, drawings) | {"label": label} for block, label in part.blocks]
    return {"number": part.number, "title": part.title, "blocks": blocks}


def _block(block: Block, drawings: dict[str, bytes]) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": block.text, "strong": block.strong}
        case Facts():
            return {"kind": "facts", **_rows(block.rows)}
        case Note():
            return {"kind": "note", "title": block.title, "text": block.text}
        case Table():
            return {
                "kind": "table",
                "head": block.head,
                **_rows(block.rows),
                "caption": block.caption,
                "numbers": block.numbers,
                "columns": [_longest(texts) for texts in zip(block.head, *block.rows, strict=True)],
            }
        case Picture():
            name = f"picture-{len(drawings) + 1}.{'svg' if block.svg else 'png'}"
            drawings[name] = block.svg.encode() if block.svg else block.png
            shown = {"caption": block.caption, "alt": block.alt, "share": block.share}
            return {"kind": "picture", "file": name, **shown}


def _rows(rows: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """Return rows, and whether they are so few that no page should part them."""
    return {"rows": rows, "whole": len(rows) <= FEW_ROWS and sum(map(len, chain(*rows))) <= FEW_LETTERS}


def _longest(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """Return what can be the widest line and the widest word of a column; words beyond a length may break."""
    lines = {line for text in texts for line in text.split("\n")}
    words = {word[:LONGEST_WORD] for line in lines for word in line.split(" ")}
    head = texts[0].split("\n")
    return {
        "lines": [*sorted(lines, key=lambda line: (-len(line), line))[:CANDIDATES], *head],
        "words": [
            *sorted(words, key=lambda word: (-len(word), word))[:CANDIDATES],
            *(word[:LONGEST_WORD] for line in head for word in line.split(" ")),
        ],
    }
