"""From the paragraphs of a document to its sections: which of them are headings, and what their numbers are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from qms.sections.section import Section, clean

LONGEST_HEADING = 300
LONGEST_TYPED = 120
LARGEST_GAP = 3
FIRST_LETTER = 1000
_NUMBER = r"(?:0|[1-9]\d?|[^\W\d_](?=\.\d))(?:\.0[1-9](?![.\d])|(?:\.(?:0|[1-9]\d{0,2})){0,8})"
_TYPED = re.compile(rf"({_NUMBER})(?:[.)]?\s+|[.)](?=[^\W\d_]))(?:[-\u2013\u2014:]\s+)?([\w\"'(„“«].*)", re.DOTALL)
_ROMAN = re.compile(r"(X?(?:IX|IV|VI{0,3}|I{1,3})|XX?)[.)]\s+([\w\"'(„“«].*)", re.DOTALL)
_BARE = re.compile(rf"({_NUMBER})[.)]?")
_ARTICLE = re.compile(
    r"((?:(?:article|section|chapter|neni|kreu|član|članak|poglavlje|члан|член|чланак|глава|поглавље|поглавје)\s+|§\s*)"
    r"(?:[1-9]\d{0,2}|[IVX]{1,5}))(?:\s*[.:)]|(?=\s)|$)\s*(?:[-\u2013\u2014]\s+)?(.*)",
    re.IGNORECASE | re.DOTALL,
)
_ANNEX = re.compile(
    r"(?:annex|appendix|aneks|shtojca|shtojcë|prilog|dodatak|анекс|прилог|додатак|додаток)\b",
    re.IGNORECASE,
)

Sign = Literal["text", "line", "apart"]
"""What a paragraph without a heading style looks like: running text, one line, or set apart (bold, capitals)."""


class Paragraph(NamedTuple):
    """A paragraph or table row of a document.

    Attributes
    ----------
    text : str
    level : int or None
        Level of a heading that the author marked as one.
    number : str
        Number that the word processor gave it.
    sign : str
        Whether it may be a heading though nobody marked it; see `Sign`.
    """

    text: str
    level: int | None = None
    number: str = ""
    sign: Sign = "text"


class _Heading(NamedTuple):
    level: int
    number: str
    words: str
    key: tuple[int, ...]


def typed_number(text: str) -> tuple[str, str]:
    """Split a typed number from the words after it.

    Examples
    --------
    >>> typed_number("5.10. Transport"), typed_number("IV. Përgjegjësitë"), typed_number("2 mm")
    (('5.10', 'Transport'), ('IV', 'Përgjegjësitë'), ('2', 'mm'))
    >>> typed_number("12.05.2026 was the date")
    ('', '12.05.2026 was the date')
    """
    found = _TYPED.match(text) or _ROMAN.match(text)
    return (found[1], found[2]) if found else ("", text)


def like_title(words: str) -> bool:
    """Tell whether words could be a heading: short, beginning with a capital, not ending as a sentence does."""
    first = next((each for each in words if each.isalpha()), "")
    return bool(first) and not first.islower() and len(words) <= LONGEST_TYPED and words[-1] not in ".;,!?"


def sections_of(paragraphs: Iterable[Paragraph]) -> tuple[Section, ...]:
    """Return the sections that paragraphs make up.

    Numbered headings with nothing under them are left out where the numbers begin anew after them: that is a table
    of contents.
    """
    cleaned = [each._replace(text=words) for each in paragraphs if (words := clean(each.text))]
    marked = any(each.level for each in cleaned)
    sections: list[Section] = []
    listed: int | None = None
    settled = False
    heading = _Heading(1, "", "", ())
    body: list[str] = []
    for each in cleaned:
        first = "" if settled or body or listed is None else sections[listed].number
        found = _heading_of(each, heading.key, marked=marked, first=first)
        if found is None:
            body.append(each.text)
            settled = settled or bool(heading.number) or listed is not None
            continue
        if first and found.number == first:
            del sections[listed:]
            listed = None
        elif heading.number or heading.words or body:
            listed = len(sections) if listed is None and heading.number else listed
            sections.append(_section(heading, body))
        heading, body = found, []
    return (*sections, _section(heading, body)) if heading.number or heading.words or body else tuple(sections)


def _section(heading: _Heading, body: list[str]) -> Section:
    if len(heading.words) > LONGEST_HEADING:
        heading, body = heading._replace(words=""), [heading.words, *body]
    return Section(number=heading.number, heading=heading.words, text="\n".join(body), level=heading.level)


def _heading_of(each: Paragraph, last: tuple[int, ...], *, marked: bool, first: str) -> _Heading | None:
    number, words = _numbered(each, last)
    key = _key(number)
    if each.level:
        return _Heading(each.level, number, words, key)
    if each.sign == "text":
        return None
    if each.sign == "apart" and _ANNEX.match(each.text) and len(each.text) <= LONGEST_TYPED:
        return _Heading(1, "", each.text, ())
    if not number or not (like_title(words.rstrip(".:?!")) or (not words and each.sign == "apart")):
        return None
    if first and number == first:
        accepted = True
    elif each.sign == "apart":
        near = not last or not key or key[0] <= last[0] + LARGEST_GAP or key[0] > FIRST_LETTER
        accepted = not key or (key > last and near)
    else:
        accepted = like_title(words) and (len(key) > 1 or not marked) and _follows(last, key)
    return _Heading(max(1, len(key)), number, words.rstrip(":"), key) if accepted else None


def _numbered(each: Paragraph, last: tuple[int, ...]) -> tuple[str, str]:
    """Split the number from a possible heading; "9 mm ammunition" and "5 Whys" have none."""
    if each.number:
        return each.number, each.text
    found = _ARTICLE.fullmatch(each.text) if each.level or each.sign == "apart" else None
    if found and (not found[2] or like_title(found[2])):
        return found[1], found[2]
    if each.level and (found := _BARE.fullmatch(each.text)) and _follows(last, _key(found[1])):
        return found[1], ""
    number, words = typed_number(each.text)
    if each.level and number.isdecimal() and each.text[len(number)].isspace():
        key = (int(number),)
        if not like_title(words.rstrip(".:?!,;")) or (last and key != (1,) and not _follows(last, key)):
            return "", each.text
    return number, words


def _key(number: str) -> tuple[int, ...]:
    parts = number.split(".")
    if len(parts[0]) == 1 and parts[0].isalpha() and len(parts) > 1:
        parts[0] = str(FIRST_LETTER + ord(parts[0]))
    return tuple(map(int, parts)) if all(each.isdecimal() for each in parts) else ()


def _follows(last: tuple[int, ...], key: tuple[int, ...]) -> bool:
    if not last:
        return set(key) <= {0, 1}
    successors = [(*last[:depth], last[depth] + 1) for depth in range(len(last))]
    return key in ((*last, 1), *successors)
