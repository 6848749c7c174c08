"""Documents that go with the standards: what they are about, their dates and where that is known from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from accreditation.clauses import Certainty, Key, Line, Passage
from qms.record import Part


class Companion(Part):
    """A document that is read together with a standard.

    Attributes
    ----------
    id : str
        As printed, such as ``"ILAC-P15:05/2020"``.
    about, dates : str
        Subject and dates in our own words; many dates are known to the month or year only.
    certainty, source : str
    standard : str or None
        Key of the standard in `accreditation.standards` that holds its contents.
    """

    id: Annotated[str, Field(min_length=1, max_length=120)]
    about: Line
    dates: Line
    certainty: Certainty
    source: Passage
    standard: Key | None = None


@cache
def companions() -> tuple[Companion, ...]:
    """Return the register of companion documents.

    Examples
    --------
    >>> next(each.dates for each in companions() if each.id == "ILAC-G19:06/2022")
    'Published 29 June 2022.'
    """
    content = (files("accreditation") / "data" / "companions.toml").read_text(encoding="utf-8")
    return tuple(Companion.model_validate(each) for each in tomllib.loads(content)["companion"])
