"""What one cell holds, as the plain text by which workbook and records are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from accreditation.assessments.assessment import Judgement
from accreditation.language import WRITTEN_FROM, Words
from qms.record import Record, Text

_NO_XML = re.compile(r"_x000D_|x005F_|[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What workbooks cannot hold or write in a way of their own: returns, signs for control, the mark of an escape."""
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
BETWEEN = "; "
"""What stands between references in a cell."""


class Cell(NamedTuple):
    """A cell as it was read.

    Attributes
    ----------
    at : str
        Such as ``"Checklist!K12"``.
    value : object
        Text, number, day or None.
    odd : str
        ``"a formula"`` or the error that it shows; empty for a plain cell.
    """

    at: str
    value: Any
    odd: str = ""

    @property
    def text(self) -> str:
        """What it holds as plain text."""
        return plain_text(self.value)


def plain_text(value: Any) -> str:
    r"""Return what a cell holds as text: whole numbers without a point, days as ISO dates.

    Examples
    --------
    >>> plain_text(3.0), plain_text(7.1), plain_text(datetime(2027, 3, 1)), plain_text(" a\r\nb ")
    ('3', '7.1', '2027-03-01', 'a\nb')
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return _NO_XML.sub("", str(value)).replace("\r\n", "\n").replace("\r", "\n").strip()


def written(text: str) -> str:
    """Return a plain text as it is put in a file, where ``_x0041_`` would be read as a letter."""
    return _LOOKS_ESCAPED.sub("_x005F_", text)


def shown_language(text: Text, say: Words) -> str:
    """Return the language in which a text that people wrote is shown."""
    if say.tag in text.root:
        return say.tag
    source = WRITTEN_FROM.get(say.tag)
    if source in text.root:
        return str(source)
    return next(tag for tag, words in text.root.items() if words == text.best(say.tag))


def reworded(text: Text | None, words: str, say: Words) -> Text | None:
    """Return a text whose words in the language of a workbook are others; those in other languages are kept.

    Without words, those that were shown are taken away.

    Examples
    --------
    >>> from accreditation.language import words
    >>> both = Text.of("No numbers", "en").also("Pa numra", "sq")
    >>> reworded(both, "No number on two bags", words("en")).root
    {'en': 'No number on two bags', 'sq': 'Pa numra'}
    >>> reworded(both, "", words("en")).root
    {'sq': 'Pa numra'}
    """
    if words:
        return text.also(words, say.tag) if text else Text.of(words, say.tag)
    if text is None:
        return None
    left = {tag: each for tag, each in text.root.items() if tag != shown_language(text, say)}
    return Text.model_validate(left) if left else None


def judged_cells(judgement: Judgement, related: Mapping[str, Record], say: Words) -> dict[str, str]:
    """Return what the cells hold that a person may edit.

    Parameters
    ----------
    judgement : Judgement
    related : mapping of str to Record
        What the assessment names, by id.
    say : Words
        Of one language.
    """
    cited = [related[link.target].ref for link in judgement.evidence if link.target in related]
    return {
        "result": judgement.result,
        "documented": plain_text(judgement.documented),
        "implemented": plain_text(judgement.implemented),
        "justification": plain_text(say.text(judgement.justification)),
        "evidence": BETWEEN.join(cited),
    }
