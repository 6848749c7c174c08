"""Read the paragraphs of a DOCX: headings by style, their automatic numbers, tables, tracked changes, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from qms.errors import DocumentError
from qms.sections.outline import Paragraph, Sign, typed_number
from qms.sections.section import Limits, clean
from qms.sections.word_numbering import Numbering
from qms.sections.word_package import DOCUMENT, Package, number, switched_on, value

_HEADING = re.compile(r"(?:heading|naslov|titulli|titull|kreu|наслов|заглавие)\s*([1-9])", re.IGNORECASE)
_CONTENTS = re.compile(r"toc(?:\s*\d|\s+heading)|table of (?:contents|figures)", re.IGNORECASE)
_LEFT_OUT = {
    "pPr", "rPr", "tblPr", "trPr", "tcPr", "sdtPr", "del", "moveFrom", "instrText", "rt",
    "Fallback",
}  # fmt: skip
_SPACES = {"tab", "ptab", "br", "cr"}
_DELETED = ("del", "moveFrom")
_BODY_TEXT = 9
_LONGEST_CHAIN = 20
_DEEPEST = 10


def read_word(data: bytes, limits: Limits) -> list[Paragraph]:
    """Read the paragraphs of a DOCX in order; see `qms.sections.reading.read_sections`."""
    package = Package(data, limits)
    root = package.part(DOCUMENT)
    body = root.find("body") if root is not None else None
    if body is None:
        raise DocumentError("its word/document.xml has no body; it is damaged or no DOCX")
    paragraphs = []
    characters = 0
    for paragraph in _Reader(package).paragraphs(body):
        characters += len(paragraph.text)
        if characters > limits.characters:
            raise DocumentError(f"it has over {limits.characters} characters of text; split it")
        paragraphs.append(paragraph)
    return paragraphs


class _Style(NamedTuple):
    id: str
    name: str
    element: Element | None


class _Reader:
    def __init__(self, package: Package) -> None:
        styles = package.part("word/styles.xml")
        found = styles.findall("style") if styles is not None else []
        self._styles = {each.get("styleId", ""): each for each in found}
        self._default = next(
            (
                each.get("styleId", "")
                for each in found
                if each.get("type") == "paragraph" and each.get("default") in ("1", "true", "on")
            ),
            "",
        )
        self._numbering = Numbering(package.part("word/numbering.xml"), self._list_of_style)
        self._notes = {
            kind: {note.get("id", ""): note for note in root.findall(f"{kind}")}
            for kind in ("footnote", "endnote")
            if (root := package.part(f"word/{kind}s.xml")) is not None
        }
        self._unfinished: list[str] = []
        self._chains: dict[str, list[_Style]] = {}
        self._deep = 0

    def _list_of_style(self, style: str) -> str:
        return value(self._styles.get(style), "pPr/numPr/numId")

    def _chain(self, style: str) -> list[_Style]:
        if style not in self._chains:
            self._chains[style] = list(self._based_on(style))
        return self._chains[style]

    def _based_on(self, style: str) -> Iterator[_Style]:
        for _ in range(_LONGEST_CHAIN):
            if not style:
                return
            element = self._styles.get(style)
            yield _Style(style, value(element, "name", style), element)
            style = value(element, "basedOn")

    def paragraphs(self, body: Element) -> Iterator[Paragraph]:
        yield from self.blocks(body)
        yield Paragraph("".join(self._unfinished))

    def blocks(self, container: Element) -> Iterator[Paragraph]:
        for element in container:
            if element.tag == "p":
                yield from self._paragraph(element)
            elif element.tag == "tbl":
                for row in _within(element, "tr"):
                    if not any(row.find(f"trPr/{mark}") is not None for mark in _DELETED):
                        yield from self._row(row)
            elif element.tag == "sdt":
                if not _CONTENTS.match(value(element, "sdtPr/docPartObj/docPartGallery")):
                    for content in element.findall("sdtContent"):
                        yield from self.blocks(content)
            elif element.tag not in _LEFT_OUT:
                yield from self.blocks(element)

    def _row(self, row: Element) -> Iterator[Paragraph]:
        cells = [list(self.blocks(cell)) for cell in _within(row, "tc")]
        if any(paragraph.level for cell in cells for paragraph in cell):
            yield from (paragraph for cell in cells for paragraph in cell)
            return
        filled = [printed for cell in cells if (printed := [each for each in cell if clean(each.text)])]
        if len(filled) == 1:
            yield from filled[0]
        elif title := _title_in_cells(filled):
            yield title
        elif cells:
            words = (" ".join(each.text for each in cell) for cell in cells)
            yield Paragraph(" | ".join(words).strip(" |"))

    def _paragraph(self, element: Element) -> Iterator[Paragraph]:
        properties = element.find("pPr")
        chain = self._chain(value(properties, "pStyle", self._default))
        if chain and _CONTENTS.match(chain[0].name):
            return
        words, self._unfinished = self._unfinished, []
        beside: list[Paragraph] = []
        self._inline(element, words, beside)
        if properties is not None and any(properties.find(f"rPr/{mark}") is not None for mark in _DELETED):
            self._unfinished = words
            yield from beside
            return
        text = "".join(words)
        printed, counts = self._number(properties, chain)
        level = _outline_level(properties, chain)
        sign = self._sign(element, text, chain)
        if level is None and not (sign == "apart" and counts):
            sign = "text" if printed else sign
            printed = ""
        yield Paragraph(text, level, printed, sign)
        yield from beside

    def _number(self, properties: Element | None, chain: list[_Style]) -> tuple[str, bool]:
        sources = [properties, *(style.element.find("pPr") for style in chain if style.element is not None)]
        names = ["", *(style.id for style in chain if style.element is not None)]
        depth = ""
        for source, style in zip(sources, names, strict=True):
            depth = depth or value(source, "numPr/ilvl")
            if list_id := value(source, "numPr/numId"):
                own = self._numbering.level_of_style(list_id, style) if style and not depth else number(depth)
                return self._numbering.advance(list_id, own)
        return "", False

    def _inline(self, element: Element, words: list[str], beside: list[Paragraph]) -> None:
        for child in element:
            tag = child.tag
            if tag in _LEFT_OUT:
                continue
            if tag in _SPACES:
                words.append(" ")
            elif tag == "noBreakHyphen":
                words.append("-")
            elif tag == "sym":
                words.append(_symbol(child.get("char", "")))
            elif tag in ("footnoteReference", "endnoteReference"):
                note = self._notes.get(tag.removesuffix("Reference"), {}).pop(child.get("id", ""), None)
                if note is not None:
                    beside.extend(self.blocks(note))
            elif tag == "txbxContent":
                self._deep += 1
                if self._deep > _DEEPEST:
                    raise DocumentError(
                        f"it has text boxes inside each other, more than {_DEEPEST}; it is hostile"
                    )
                beside.extend(self.blocks(child))
                self._deep -= 1
            elif tag == "t" or tag.endswith("}t"):
                words.append(child.text or "")
            else:
                self._inline(child, words, beside)

    def _sign(self, element: Element, text: str, chain: list[_Style]) -> Sign:
        if text.isupper():
            return "apart"
        inherited = _bold(chain)
        runs = [run for run in _own(element, "r") if any((words.text or "").strip() for words in _own(run, "t"))]
        for run in runs:
            own = switched_on(run, "rPr/b")
            if own is None:
                own = _bold(self._chain(value(run, "rPr/rStyle")))
            if not (inherited if own is None else own):
                return "line"
        return "apart" if runs else "line"


def _bold(chain: list[_Style]) -> bool | None:
    said = (switched_on(style.element, "rPr/b") for style in chain)
    return next((on for on in said if on is not None), None)


def _title_in_cells(cells: list[list[Paragraph]]) -> Paragraph | None:
    """Return the heading that a row lays out as its number beside its bold words."""
    if [len(cell) for cell in cells] != [1, 1]:
        return None
    (number,), (words,) = cells
    joined = f"{clean(number.text)} {clean(words.text)}"
    split = typed_number(joined) == (clean(number.text).rstrip(".)"), clean(words.text))
    return Paragraph(joined, None, "", "apart") if split and words.sign == "apart" else None


def _own(element: Element, tag: str) -> Iterator[Element]:
    """Yield the elements of a name in a paragraph; not those in another one, and not those in text boxes."""
    left = list(reversed(element))
    while left:
        child = left.pop()
        if child.tag == tag:
            yield child
        elif child.tag not in _LEFT_OUT and child.tag != "txbxContent":
            left += reversed(child)


def _within(element: Element, tag: str) -> Iterator[Element]:
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
            yield from _within(child, tag)


def _outline_level(properties: Element | None, chain: list[_Style]) -> int | None:
    if outline := value(properties, "outlineLvl"):
        level = number(outline, _BODY_TEXT)
        return level + 1 if level < _BODY_TEXT else None
    for style in chain:
        if found := _HEADING.fullmatch(style.name) or _HEADING.fullmatch(style.id):
            return int(found[1])
        if style.element is not None and (outline := value(style.element, "pPr/outlineLvl")):
            level = number(outline, _BODY_TEXT)
            return level + 1 if level < _BODY_TEXT else None
    return None


def _symbol(code: str) -> str:
    try:
        return chr(int(code[:8], 16))
    except (ValueError, OverflowError):
        return ""
