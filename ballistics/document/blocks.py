"""What a report is made of: sections of paragraphs, tables, pictures and notes, with a cover and a status.

A report is written once in these blocks; `ballistics.document.page`, `ballistics.document.pdf` and
`ballistics.document.word` put it out. Texts are plain and already in the language of the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Literal

from PIL import Image

from ballistics.errors import OptionError
from ballistics.language import TAG

Status = Literal["draft", "final"]

FIELDS = (
    "title",
    "subtitle",
    "status",
    "date",
    "mark",
    "author",
    "laboratory",
    "case",
    "request",
    "examiner",
    "reviewer",
    "reference",
    "questioned",
    "remarks",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of plain text; a strong one carries the result."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labels and values, such as who examined what."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a head.

    Parameters
    ----------
    head : tuple of str
        One text a column.
    rows : tuple of tuple of str
        Every row as long as the head.
    caption : str
        What the table shows; it stands above it.
    numbers : tuple of int
        Columns of numbers, which are set to the right.

    Raises
    ------
    OptionError
        If there is no column, or a row is not as long as the head.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.head:
            raise OptionError(f"The table {self.caption!r} has no column; give it a head.")
        for place, row in enumerate(self.rows, start=1):
            if len(row) != len(self.head):
                raise OptionError(
                    f"Row {place} of the table {self.caption!r} has {len(row)} texts where its head has "
                    f"{len(self.head)}; give one text a column."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture with what it shows in words.

    Parameters
    ----------
    png : bytes
        The picture as PNG, for Word and wherever there is no SVG.
    svg : str
        The same picture as SVG, if there is one; pages and PDF use it.
    caption : str
        What the reader should see in it.
    alt : str
        What stands in its place for who cannot see it.
    share : float
        Width as a share of the text's width, above 0 and up to 1.

    Raises
    ------
    OptionError
        If the PNG or the SVG is something else, or the share is out of range.
    """

    png: bytes
    svg: str = ""
    caption: str
    alt: str
    share: float = 1.0

    def __post_init__(self) -> None:
        try:
            with Image.open(BytesIO(self.png), formats=("PNG",)) as picture:
                picture.verify()
        except (OSError, SyntaxError, ValueError) as error:
            raise OptionError(
                f"The picture {self.caption!r} is no sound PNG ({error}); encode it anew."
            ) from error
        if self.svg and "<svg" not in self.svg:
            raise OptionError(f"The drawing {self.caption!r} is no SVG; leave it out or give its <svg> element.")
        if not 0.0 < self.share <= 1.0:
            raise OptionError(
                f"The picture {self.caption!r} has the share {self.share}; give one above 0, up to 1."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the reader must know before using a figure: a warning or a limit, with a title of its own."""

    title: str
    text: str


Block = Paragraph | Facts | Table | Picture | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part of a report."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report.

    Parameters
    ----------
    title, subtitle : str
        What it is, and of what.
    cover : tuple of (str, str)
        Labels and values under the title: case, exhibits, examiner, laboratory.
    fields : mapping of str to str
        What a Word template may ask for, by a key of `FIELDS` in every language; one that is left out is empty.
    status : {"draft", "final"}
        A draft is marked as one on every page.
    sections : tuple of Section
        The report.
    appendix : tuple of Section
        What another laboratory needs to repeat it.
    mark : str
        Short text at the foot of every page that ties it to its data, such as the start of a hash.
    language : str
        Tag of the language of all texts, such as ``"en"`` or ``"sr-Cyrl"``.
    author : str
        Who answers for it; kept with the file and not shown on its pages.
    made : datetime, optional
        When it was made, with a time zone; kept with the file. Left out, the same content gives the same bytes.

    Raises
    ------
    OptionError
        If the language is no tag, the time has no zone, or there is no such field.
    """

    title: str
    subtitle: str = ""
    cover: tuple[tuple[str, str], ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    status: Status = "draft"
    sections: tuple[Section, ...]
    appendix: tuple[Section, ...] = ()
    mark: str = ""
    language: str = "en"
    author: str = ""
    made: datetime | None = None

    def __post_init__(self) -> None:
        if unknown := self.fields.keys() - set(FIELDS):
            raise OptionError(
                f"A report has no field {', '.join(sorted(unknown))}; there are {', '.join(FIELDS)}."
            )
        if not TAG.fullmatch(self.language):
            raise OptionError(f"{self.language!r} is no tag of a language; give one such as en or sr-Cyrl.")
        if self.made is not None and self.made.utcoffset() is None:
            raise OptionError(f"The time {self.made} of the report has no zone; give it one.")
