"""The glossary: words that procedures use for a concept, by language. It leads to candidates, nothing more."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import ConfigDict, Field

from accreditation.clauses import Clause, Line
from qms.record import Part

NEAR = {"sr-Cyrl": ("sr-Latn",), "bs": ("sr-Latn",), "cnr": ("bs", "sr-Latn")}
"""Languages whose words stand in for those of another, the nearest first."""


class Entry(Part):
    """A concept and the words that procedures have for it.

    Attributes
    ----------
    term : str
        The concept in English, as clauses have it among their terms or in their title.
    en, sq, sr_latn, bs, mk : tuple of str
    """

    model_config = ConfigDict(populate_by_name=True)

    term: Line
    en: tuple[Line, ...] = ()
    sq: tuple[Line, ...] = ()
    sr_latn: tuple[Line, ...] = Field(default=(), alias="sr-Latn")
    bs: tuple[Line, ...] = ()
    mk: tuple[Line, ...] = ()

    def words(self, language: str) -> tuple[str, ...]:
        """Return the words in a language, or in the nearest one that has any."""
        known = {"en": self.en, "sq": self.sq, "sr-Latn": self.sr_latn, "bs": self.bs, "mk": self.mk}
        return next((known[tag] for tag in (language, *NEAR.get(language, ())) if known.get(tag)), ())

    def is_of(self, clause: Clause) -> bool:
        """Return whether a clause names the concept."""
        named = (clause.title.casefold(), *(each.casefold() for each in clause.terms))
        return self.term in named[0] or self.term in named[1:]


@cache
def glossary() -> tuple[Entry, ...]:
    """Return the glossary of this package.

    Examples
    --------
    >>> from accreditation.standards import standard
    >>> clause = standard("sop-elements").clause("SOP-04")
    >>> [each.words("sq")[0] for each in glossary() if each.is_of(clause)]
    ['perimetër']
    """
    content = (files("accreditation") / "data" / "glossary.toml").read_text(encoding="utf-8")
    return tuple(Entry.model_validate(each) for each in tomllib.loads(content)["entry"])
