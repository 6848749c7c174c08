"""What every form of a report shares: numbers of sections, tables and figures, the fixed words, clean texts."""

from __future__ import annotations

import re
import unicodedata
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import count
from typing import TypedDict

from ballistics.document.blocks import Block, Document, Facts, Note, Paragraph, Picture, Section, Table
from ballistics.language import gettext as _
from ballistics.language import in_language, languages

LONG = 6


class Words(TypedDict):
    """Fixed words of a report; `page` is cut at its fields ``{page}`` and ``{pages}``, which stay as they are."""

    status: str
    contents: str
    appendix: str
    page: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section with its number, and its blocks with their labels, such as ``"Table 2"``."""

    number: str
    title: str
    blocks: tuple[tuple[Block, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A report whose parts are numbered and whose texts hold nothing that a page cannot show."""

    document: Document
    words: Words
    sections: tuple[Part, ...]
    appendix: tuple[Part, ...]

    @property
    def long(self) -> bool:
        """Whether a reader needs a table of contents."""
        return len(self.sections) + len(self.appendix) >= LONG


def outline(document: Document) -> Outline:
    """Number the parts of a report and clean its texts.

    The fixed words are in the language of the report if there is a translation, else in the active one.

    Examples
    --------
    >>> from ballistics.document.blocks import Section, Table
    >>> table = Table(head=("cell", "shift"), rows=(("1", "25 µm"),))
    >>> report = Document(title="Comparison", sections=(Section(title="Result", blocks=(table,)),))
    >>> part = outline(report).sections[0]
    >>> part.number, part.blocks[0][1]
    ('1', 'Table 1')
    """
    with in_language(document.language) if document.language in languages() else nullcontext():
        words = Words(
            status=_("Draft") if document.status == "draft" else _("Final"),
            contents=_("Contents"),
            appendix=_("Appendix"),
            page=page_words(),
        )
        labels = _Labels()
        sections = tuple(
            _part(section, str(number), labels) for number, section in enumerate(document.sections, start=1)
        )
        appendix = tuple(
            _part(section, f"A.{number}", labels) for number, section in enumerate(document.appendix, start=1)
        )
    clean = replace(
        document,
        title=legible(document.title),
        subtitle=legible(document.subtitle),
        cover=_rows(document.cover),
        fields={key: legible(value) for key, value in document.fields.items()},
        mark=legible(document.mark),
        author=legible(document.author),
    )
    return Outline(document=clean, words=words, sections=sections, appendix=appendix)


def page_words() -> tuple[str, ...]:
    """Return the words round the numbers of a page in the active language; see `Words`."""
    return tuple(filter(None, re.split(r"(\{pages?\})", _("Page {page} of {pages}"))))


def legible(text: str) -> str:
    r"""Return a text without characters that have no picture; line breaks stay.

    Characters that turn the direction of writing go too, since a name or a hash must look as what it is.

    Examples
    --------
    >>> legible("scan\x1b\u202e1\r\nnext")
    'scan??1\nnext'
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("".join(map(_legible_character, line)) for line in lines)


def _legible_character(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return " " if character.isspace() else "?"


class _Labels:
    def __init__(self) -> None:
        self._tables = count(1)
        self._figures = count(1)

    def of(self, block: Block) -> str:
        match block:
            case Table():
                return _("Table {number}", number=next(self._tables))
            case Picture():
                return _("Figure {number}", number=next(self._figures))
            case _:
                return ""


def _part(section: Section, number: str, labels: _Labels) -> Part:
    return Part(
        number=number,
        title=legible(section.title),
        blocks=tuple((_clean(block), labels.of(block)) for block in section.blocks),
    )


def _clean(block: Block) -> Block:
    match block:
        case Paragraph():
            return replace(block, text=legible(block.text))
        case Facts():
            return replace(block, rows=_rows(block.rows))
        case Table():
            rows = tuple(_texts(row) for row in block.rows)
            return replace(block, head=_texts(block.head), rows=rows, caption=legible(block.caption))
        case Picture():
            return replace(block, caption=legible(block.caption), alt=legible(block.alt))
        case Note():
            return replace(block, title=legible(block.title), text=legible(block.text))


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(legible, texts))


def _rows(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((legible(label), legible(value)) for label, value in rows)
