"""One section of a document, the hash of its words, and how much of a file is read at most."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_INVISIBLE = re.compile("[\u0000-\u0008\u000e-\u001b\u007f\u00ad\u200b\u2060\ufeff]")
MIB = 1 << 20


def clean(words: str) -> str:
    r"""Return words in Unicode form NFC with single spaces and without soft hyphens and invisible characters.

    Examples
    --------
    >>> clean("Transport\u00a0 of \n ex\u00adhibits")
    'Transport of exhibits'
    """
    whole = words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", whole)).split())


class Section(BaseModel):
    r"""A heading of a document with everything up to the next heading.

    Attributes
    ----------
    number : str
        As it is printed, without a full stop or bracket at its end, such as ``"5.2"`` or ``"A.1"``; empty if there
        is none. Never a number: 5.1 and 5.10 are two sections.
    heading : str
        Without its number; empty for what stands before the first heading, and for a clause that is numbered as a
        whole and has no title.
    text : str
        Paragraphs and table rows, a line each; cells of a row are separated by ``" | "``.
    level : int
        1 for the highest headings, up to 9.

    Examples
    --------
    >>> wrapped = Section(number="5.2", heading="Transport", text="Seal each\nexhibit.", level=2)
    >>> wrapped.sha256 == Section(number="5.3", heading="Transport", text="Seal each exhibit.", level=2).sha256
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[str, Field(max_length=60)] = ""
    heading: Annotated[str, Field(max_length=2000)] = ""
    text: str = ""
    level: Annotated[int, Field(ge=1, le=9)] = 1

    @cached_property
    def sha256(self) -> str:
        """Hash of heading and text that no white space, line break or canonical Unicode form changes.

        Every other change of a letter, digit or sign does, also 10² to 102 and a hyphen added; the number is not
        part of it, so that a section that was only renumbered is still recognised.
        """
        return hashlib.sha256(f"{clean(self.heading)}\n{clean(self.text)}".encode()).hexdigest()


class Limits(BaseModel):
    """How much of a document is read before it is refused.

    Attributes
    ----------
    file_bytes : int
        Size of the file.
    members, expanded_bytes, ratio : int
        Files in a DOCX, their size when unpacked, and how many times larger than packed an XML file of more than
        1 MiB among them may be.
    part_bytes : int
        Size when unpacked of one part of a DOCX that is read.
    elements : int
        Elements of XML in the parts of a DOCX that are read.
    characters : int
        Characters of text.
    pages : int
        Pages of a PDF.
    seconds : float
        Time to read a PDF.
    memory_bytes : int
        Memory to read a PDF, where the operating system can hold a process to it (not on Windows).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_bytes: Annotated[int, Field(gt=0)] = 100 * MIB
    members: Annotated[int, Field(gt=0)] = 5_000
    expanded_bytes: Annotated[int, Field(gt=0)] = 1024 * MIB
    ratio: Annotated[int, Field(gt=0)] = 250
    part_bytes: Annotated[int, Field(gt=0)] = 32 * MIB
    elements: Annotated[int, Field(gt=0)] = 1_000_000
    characters: Annotated[int, Field(gt=0)] = 3_000_000
    pages: Annotated[int, Field(gt=0)] = 2_000
    seconds: Annotated[float, Field(gt=0)] = 60.0
    memory_bytes: Annotated[int, Field(gt=0)] = 1024 * MIB


LIMITS = Limits()
"""Wide enough for a manual of a thousand pages with its photographs."""
