"""How wide the columns of a table are: none narrower than its longest word, and most room where most is said.

Widths are in em, the size of the letters. Letters are measured by their kind, a little wider than those of the
fonts in use, so that the same widths hold on a page, in Word and in a PDF.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from math import sqrt

from accreditation.report.blocks import Table

KINDS = (
    (0.35, " '\".,:;!|()[]/-ijlјtfrIJ"),  # noqa: RUF001
    (0.49, "aceszаесзтгѓѕëçćčšž0123456789?"),  # noqa: RUF001
    (0.76, "ADGHKNOQRUVXYČĆÇĐwАДЖЏИНОЂУФХЦЧПКмжфњљћw%&+="),  # noqa: RUF001
    (0.98, "MWШЩМЉЊЖmш@…—"),  # noqa: RUF001
)
"""Widths of letters; any other is `PLAIN` wide."""
PLAIN = 0.58
SIZES = ((11, 6.6), (8, 7.2), (6, 8.2), (0, 9.2))
"""From how many columns a table on paper has letters of which size, in points."""
BOLD = 1.1
"""How much wider strong letters are."""
SHORT = 6.5
"""A text up to this wide stays on one line,"""
SPARING = 0.8
"""as long as that takes no more than this share of the room."""
LONGEST = 12.0
"""A word wider than this may be broken anywhere."""
_BREAKS = re.compile(r" +|(?<=[/\\_.,:;=&+-])")
_STEPS = 40


def widths(table: Table, *, room: float, padding: float = 1.3) -> tuple[float, ...]:
    """Return the share of the width that each column of a table gets.

    Parameters
    ----------
    table : Table
    room : float
        Width of the page between its edges, in em of the letters of the table.
    padding : float, optional
        Left free beside the text of a cell, both sides together, in em.

    Returns
    -------
    tuple of float
        They sum to 1. A column gets at least the room of its longest word and at most that of its longest line,
        and between them by the root of how much it says; so a table is about as low as it can be.

    Examples
    --------
    >>> from accreditation.report.blocks import Cell, Column
    >>> heads = (Column(title="Clause"), Column(title="Question"))
    >>> few, many = widths(Table(columns=heads, rows=((Cell("4.1"), Cell("Is it so? " * 40)),)), room=50)
    >>> few < 0.15 < many
    True
    """
    columns = [_texts(table, place) for place in range(len(table.columns))]
    most = [max(width for width, _ in texts) + padding for texts in columns]
    if sum(most) <= room:
        return _shares(most)
    said = [sqrt(sqrt(sum(width**2 for width, _ in texts) / len(texts))) for texts in columns]
    for short, breaks, most_of in ((SHORT, None, SPARING), (0.0, None, 1.0), (0.0, _BREAKS, 1.0)):
        least = [max(_longest(width, text, short, breaks) for width, text in texts) + padding for texts in columns]
        if sum(least) <= room * most_of:
            break
    else:
        return _shares(least)
    low, high = 0.0, room
    for _ in range(_STEPS):
        middle = (low + high) / 2
        filled = sum(min(max(a, middle * weight), b) for a, weight, b in zip(least, said, most, strict=True))
        low, high = (middle, high) if filled < room else (low, middle)
    return _shares([min(max(a, low * weight), b) for a, weight, b in zip(least, said, most, strict=True)])


def size_of(table: Table) -> float:
    """Return how large the letters of a table are on paper, in points."""
    return next(points for many, points in SIZES if len(table.columns) >= many)


def width_of(text: str, *, strong: bool = False) -> float:
    """Return how wide a text is on one line, in em."""
    return sum(map(_width, text)) * (BOLD if strong else 1.0)


def _texts(table: Table, place: int) -> list[tuple[float, str]]:
    """Return the lines of a column with how wide they are, that of its head first."""
    cells = [(table.columns[place].title, True), *((row[place].text, row[place].strong) for row in table.rows)]
    lines = [(line, strong) for text, strong in cells for line in text.split("\n")]
    return [(width_of(line, strong=strong), line) for line, strong in lines]


def _longest(width: float, text: str, short: float, breaks: re.Pattern[str] | None) -> float:
    """Return how much room a line needs for none of its words to be broken."""
    if width <= short or not text:
        return width
    words = breaks.split(text) if breaks else text.split(" ")
    return min(max(map(width_of, words), default=0.0) * width / width_of(text), LONGEST)


def _shares(found: Sequence[float]) -> tuple[float, ...]:
    whole = sum(found)
    return tuple(each / whole for each in found)


@cache
def _width(letter: str) -> float:
    return next((width for width, letters in KINDS if letter in letters), PLAIN)
