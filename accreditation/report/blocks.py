"""What a report is made of: sections of paragraphs, figures, tables and charts, with a cover and its marks.

A report is built once in these blocks; `accreditation.report.page`, `accreditation.report.word` and
`accreditation.report.pdf` write it out. Texts are plain and already in the language of the reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

Tone = Literal["", "good", "fair", "poor", "quiet", "info"]
"""Colour of a cell or a figure; what it means always stands there in words too."""
Align = Literal["left", "right", "center"]
Confidentiality = Literal["public", "internal", "confidential", "restricted"]
Status = Literal["draft", "final"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of plain text; a strong one carries the result."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short texts."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and values, such as who assessed what."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """A number that the reader should not miss, with what it counts."""

    value: str
    label: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Some key figures beside each other."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of a table."""

    text: str
    tone: Tone = ""
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its title, and how its texts stand; `accreditation.report.widths` says how wide it is."""

    title: str
    align: Align = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a head that is repeated on every page.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of tuple of Cell
        Every row as long as the head.
    caption : str
        What the table shows; it stands above it.

    Raises
    ------
    ValueError
        If a row has more or fewer cells than there are columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        odd = [n for n, row in enumerate(self.rows, 1) if len(row) != len(self.columns)]
        if odd:
            raise ValueError(
                f"Row {odd[0]} of the table {self.caption!r} does not have {len(self.columns)} cells."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart as SVG, and as PNG for Word, with what it shows in words."""

    svg: str
    png: bytes
    caption: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the reader must know before using a figure: a warning or a limit."""

    title: str
    text: str
    tone: Tone = "fair"


Block = Heading | Paragraph | Points | Facts | KeyFigures | Table | Chart | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part of a report; a wide one stands on pages in landscape."""

    title: str
    blocks: tuple[Block, ...]
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The fixed words of a report; `page` holds the fields ``{page}`` and ``{pages}``."""

    status: str
    confidentiality: str
    contents: str
    annex: str
    page: str


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture for the cover, as `accreditation.report.logo.read_logo` checked it."""

    content: bytes
    format: Literal["png", "jpeg", "svg"]
    png: bytes
    """The same picture for Word; empty where it is an SVG, which Word does not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report.

    Attributes
    ----------
    title, subtitle : str
        What it is, and of what.
    cover : tuple of (str, str)
        Labels and values under the title.
    labels : Labels
    status : str
        A draft is marked as one on every page.
    confidentiality : str
    sections, annex : tuple of Section
    notes : tuple of Note
        Stand under the cover: what a reader must know before all else.
    footnotes : tuple of str
        Stand once, under the cover.
    mark : str
        Stands at the foot of every page: the unit and the head of its ledger.
    languages : tuple of str
        Tags of the languages of its texts.
    author : str
        Who made it; kept with the file.
    made : datetime
        When it was made.
    logo : Logo or None
    """

    title: str
    subtitle: str
    cover: tuple[tuple[str, str], ...]
    labels: Labels
    status: Status
    confidentiality: Confidentiality
    sections: tuple[Section, ...]
    annex: tuple[Section, ...] = ()
    notes: tuple[Note, ...] = ()
    footnotes: tuple[str, ...] = ()
    mark: str
    languages: tuple[str, ...]
    author: str
    made: datetime
    logo: Logo | None = None

    def parts(self) -> tuple[tuple[str, Section], ...]:
        """Return every section with its number, those of the annex numbered by letters."""
        numbered = [(str(n), each) for n, each in enumerate(self.sections, 1)]
        return (*numbered, *((f"A{n}", each) for n, each in enumerate(self.annex, 1)))


_NO_TEXT = frozenset(
    {"tone", "align", "status", "confidentiality", "languages", "svg", "png", "footnotes", "logo", "made", "mark"}
)


def rewritten(value: T, write: Callable[[str], str]) -> T:
    """Return a document, or a part of it, with every text that a reader sees written anew.

    Examples
    --------
    >>> rewritten(Table(columns=(Column(title="a"),), rows=((Cell("b"),),)), str.upper).rows
    ((Cell(text='B', tone='', strong=False),),)
    """
    done: Any = value
    if isinstance(value, str):
        done = write(value)
    elif isinstance(value, tuple):
        done = tuple(rewritten(each, write) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value) if each.name not in _NO_TEXT]
        done = replace(value, **{name: rewritten(getattr(value, name), write) for name in names})
    return done  # type: ignore[no-any-return]
