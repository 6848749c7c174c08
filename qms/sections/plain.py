"""Read the paragraphs of a text file: Markdown if it has headings of Markdown, else lines with typed numbers."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qms.errors import DocumentError
from qms.sections.outline import Paragraph, Sign, like_title, typed_number
from qms.sections.section import Limits, clean

if TYPE_CHECKING:
    from markdown_it.token import Token

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile("[\u0000-\u0008\u000e-\u001a\u001c-\u001f]")
_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(?=[\w-]+\s*[:=])(?:.*\n)*?(?:\1|\.\.\.)[ \t]*(?:\n|\Z)")
_TAG = re.compile(r"<[^<>]*>")


def read_plain(data: bytes, limits: Limits) -> list[Paragraph]:
    """Read the paragraphs of a text file in order; see `qms.sections.reading.read_sections`."""
    text = _decoded(data)
    if len(text) > limits.characters:
        raise DocumentError(f"it has over {limits.characters} characters of text; split it")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    paragraphs = list(_markdown(_FRONT_MATTER.sub("", text, count=1)))
    return paragraphs if any(each.level for each in paragraphs) else list(_lines(text))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            "it is no DOCX, PDF or text in UTF-8; if it is a text file, save it with the encoding UTF-8"
        ) from error
    if _CONTROL.search(text):
        raise DocumentError("it is no DOCX, PDF or text file; it may be damaged")
    return text


def _markdown(text: str) -> Iterator[Paragraph]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    level: int | None = None
    row: list[str] | None = None
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "heading_close":
            level = None
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield Paragraph(" | ".join(row))
            row = None
        elif token.type == "inline":
            words = "".join(_words(token.children or []))
            if row is not None:
                row.append(clean(words))
            else:
                yield Paragraph(words, level, "", _sign(token))
        elif token.type in ("fence", "code_block"):
            yield from (Paragraph(line) for line in token.content.split("\n"))
        elif token.type == "html_block":
            shown, *rest = token.content.split("<!--")
            shown = " ".join([shown, *(each.partition("-->")[2] for each in rest)])
            yield Paragraph(_TAG.sub(" ", shown))


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "image":
            yield from _words(token.children or [])
        elif token.type != "html_inline":
            yield token.content


def _sign(token: Token) -> Sign:
    printed = [each for each in token.children or [] if each.content or each.nesting]
    kinds = [each.type for each in printed]
    bold = kinds[:1] == ["strong_open"] and kinds[-1:] == ["strong_close"] and kinds.count("strong_open") == 1
    return "apart" if bold else "line" if "\n" not in token.content else "text"


def _lines(text: str) -> Iterator[Paragraph]:
    """Read paragraphs that empty lines separate; a possible heading stands after an empty line or another one."""
    block: list[str] = []
    fresh = True
    lines = text.split("\n")
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        line = line.strip()
        number, words = typed_number(line)
        alone = "." in number or not after.strip() or line.isupper()
        if fresh and number and alone and like_title(words):
            yield Paragraph("\n".join(block))
            yield Paragraph(line, None, "", "apart" if line.isupper() else "line")
            block = []
        elif line:
            block.append(line)
            fresh = False
        else:
            yield Paragraph("\n".join(block))
            block, fresh = [], True
    yield Paragraph("\n".join(block))
