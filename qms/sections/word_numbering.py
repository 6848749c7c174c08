"""Automatic numbers of a DOCX: what a word processor prints before a numbered paragraph."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from xml.etree.ElementTree import Element

from qms.sections.section import clean
from qms.sections.word_package import number, value

LEVELS = 9
LONGEST = 60
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщэюя"
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


class Level(NamedTuple):
    """How one level of a list is numbered, as ``w:lvl`` says it."""

    start: int = 1
    form: str = "decimal"
    pattern: str = ""
    legal: bool = False
    restart: int | None = None
    style: str = ""

    @classmethod
    def read(cls, element: Element) -> Level:
        """Read a ``w:lvl``."""
        restart = element.find("lvlRestart")
        return cls(
            start=number(value(element, "start"), 1),
            form=value(element, "numFmt", "decimal"),
            pattern=value(element, "lvlText")[:LONGEST],
            legal=element.find("isLgl") is not None,
            restart=None if restart is None else number(restart.get("val")),
            style=value(element, "pStyle"),
        )


class _List(NamedTuple):
    abstract: str
    levels: dict[int, Level]
    starts: dict[int, int]


class Numbering:
    """The lists of a document with their counters.

    Parameters
    ----------
    root : Element or None
        Root of ``word/numbering.xml``.
    list_of_style : callable
        From the id of a numbering style to the id of its list.
    """

    def __init__(self, root: Element | None, list_of_style: Callable[[str], str]) -> None:
        abstracts: dict[str, Element] = {}
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()
        if root is None:
            return
        for element in root.findall("abstractNum"):
            abstracts[element.get("abstractNumId", "")] = element
        instances = {element.get("numId", ""): element for element in root.findall("num")}
        for id_, element in instances.items():
            abstract = value(element, "abstractNumId")
            link = value(abstracts.get(abstract), "numStyleLink")
            if link and (other := instances.get(list_of_style(link))) is not None:
                abstract = value(other, "abstractNumId")
            self._lists[id_] = _list(abstract, abstracts.get(abstract), element)

    def level_of_style(self, list_id: str, style: str) -> int:
        """Return the level of a list that is tied to a paragraph style, 0 if none is."""
        found = self._lists.get(list_id)
        return next((depth for depth, level in found.levels.items() if level.style == style), 0) if found else 0

    def advance(self, list_id: str, depth: int) -> tuple[str, bool]:
        """Count one more paragraph of a list.

        Returns
        -------
        number : str
            What is printed, without a full stop or bracket at its end; empty for a bullet.
        counted : bool
            Whether the level counts in figures.
        """
        found = self._lists.get(list_id)
        if found is None or not 0 <= depth < LEVELS:
            return "", False
        counts = self._counts.setdefault(found.abstract, {})
        if depth in found.starts and (list_id, depth) not in self._begun:
            counts[depth] = found.starts[depth]
        else:
            counts[depth] = counts.get(depth, _level(found, depth).start - 1) + 1
        self._begun.add((list_id, depth))
        for above in range(depth):
            counts.setdefault(above, found.starts.get(above, _level(found, above).start))
        for deeper in [each for each in counts if each > depth]:
            restart = _level(found, deeper).restart
            if restart is None or (restart and depth < restart):
                del counts[deeper]
        level = _level(found, depth)
        return _printed(found, level, counts), level.form == "decimal" or level.legal


def _list(abstract: str, base: Element | None, instance: Element) -> _List:
    levels: dict[int, Level] = {}
    starts: dict[int, int] = {}
    for element in base.findall("lvl") if base is not None else ():
        levels[number(element.get("ilvl"))] = Level.read(element)
    for override in instance.findall("lvlOverride"):
        depth = number(override.get("ilvl"))
        if (own := override.find("lvl")) is not None:
            levels[depth] = Level.read(own)
        if (start := override.find("startOverride")) is not None:
            starts[depth] = number(start.get("val"), 1)
    return _List(abstract, levels, starts)


def _level(found: _List, depth: int) -> Level:
    return found.levels.get(depth, Level())


def _printed(found: _List, level: Level, counts: dict[int, int]) -> str:
    if level.form == "bullet":
        return ""
    text = level.pattern
    for depth in range(LEVELS):
        if f"%{depth + 1}" in text:
            form = "decimal" if level.legal else _level(found, depth).form
            text = text.replace(f"%{depth + 1}", counted(counts.get(depth, 0), form))
    text = clean(text).strip(" .:")
    return (text if 0 < text.find("(") < text.find(")") else text.strip("() "))[:LONGEST]


def counted(count: int, form: str) -> str:
    """Write a count in a form of Word's.

    Examples
    --------
    >>> [counted(4, form) for form in ("decimal", "decimalZero", "upperRoman", "lowerLetter", "russianUpper")]
    ['4', '04', 'IV', 'd', 'Г']
    >>> counted(28, "upperLetter")
    'BB'
    """
    lower = form.replace("upper", "lower").replace("Upper", "Lower")
    if form in ("none", "bullet"):
        return ""
    if lower == "lowerRoman" and 0 < count < 4000:
        text = _roman(count)
    elif lower in ("lowerLetter", "russianLower") and 0 < count <= 780:
        letters = _CYRILLIC if lower == "russianLower" else "abcdefghijklmnopqrstuvwxyz"
        text = letters[(count - 1) % len(letters)] * ((count - 1) // len(letters) + 1)
    else:
        return f"{count:02}" if form == "decimalZero" else str(count)
    return text if lower == form else text.upper()


def _roman(count: int) -> str:
    text = ""
    for worth, letters in _ROMAN:
        while count >= worth:
            text, count = text + letters, count - worth
    return text
