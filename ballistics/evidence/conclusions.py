"""Conclusions that an examiner chooses from: vocabularies, not results.

A conclusion is a person's opinion after looking at the marks, with reasons. Nothing here knows of scores or
likelihood ratios, and nothing turns one into the other: a likelihood ratio says how much more probable findings
are under one proposition than under another, a conclusion of these ranges says what the examiner holds to be so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ballistics.errors import OptionError, SetError

Basis = Literal["class", "individual", "class and individual"]


class Conclusion(BaseModel):
    """One conclusion of a vocabulary.

    Parameters
    ----------
    code, label : str
        Short and full name.
    meaning : str
        In this project's own words; the document named as source decides.
    bases : tuple of str
        Characteristics that it may rest on, where the examiner has to say which; empty where not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    label: str
    meaning: str
    bases: tuple[Basis, ...] = ()


class Vocabulary(BaseModel):
    """A range of conclusions with its source.

    Examples
    --------
    >>> [each.code for each in vocabulary("afte-1992").conclusions]
    ['ID', 'INC-A', 'INC-B', 'INC-C', 'ELIM', 'UNS']
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    source: str
    certainty: Literal["certain", "general knowledge", "uncertain"]
    conclusions: Annotated[tuple[Conclusion, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _codes_differ(self) -> Self:
        codes = [each.code for each in self.conclusions]
        if len(set(codes)) < len(codes):
            raise ValueError(f"codes of {self.name} repeat: {codes}")
        return self

    def conclusion(self, code: str) -> Conclusion:
        """Return the conclusion with this code.

        Raises
        ------
        OptionError
            If there is none; the message lists those that exist.
        """
        for each in self.conclusions:
            if each.code == code:
                return each
        codes = ", ".join(each.code for each in self.conclusions)
        raise OptionError(f"{self.title} has no conclusion {code!r}; it has {codes}")


class ExaminersConclusion(BaseModel):
    """What an examiner concluded, in the words of a vocabulary, and why.

    Parameters
    ----------
    vocabulary, code, label : str
        Which range, which conclusion of it.
    examiner : str
        Who holds it.
    reasons : str
        What was seen, in the examiner's words.
    basis : str, optional
        Characteristics that an elimination rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: str
    code: str
    label: str
    examiner: str
    reasons: str
    basis: Basis | None = None


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Return all vocabularies by name."""
    raw = tomllib.loads(files("ballistics.evidence").joinpath("conclusions.toml").read_text(encoding="utf-8"))
    return {name: Vocabulary.model_validate({"name": name, **values}) for name, values in raw.items()}


def vocabulary(name: str) -> Vocabulary:
    """Return the vocabulary of this name.

    Raises
    ------
    SetError
        If there is none; the message lists those that exist.
    """
    if name not in vocabularies():
        raise SetError(f"No range of conclusions is called {name!r}. There are: {', '.join(vocabularies())}.")
    return vocabularies()[name]


def choose(
    code: str,
    *,
    range_of: str = "afte-1992",
    examiner: str,
    reasons: str,
    basis: Basis | None = None,
    individual_eliminates: bool = False,
) -> ExaminersConclusion:
    """Record the conclusion that an examiner chose.

    Parameters
    ----------
    code : str
        Of a conclusion in the vocabulary.
    range_of : str
        Name of the vocabulary.
    examiner, reasons : str
        Who concludes, and from what; neither may be empty.
    basis : str, optional
        Needed for an elimination: ``"class"``, ``"individual"`` or ``"class and individual"`` characteristics.
    individual_eliminates : bool
        The laboratory's policy: whether individual characteristics alone may eliminate. Many laboratories forbid
        it, since it needs the history of the firearm between the two shots.

    Raises
    ------
    OptionError
        If the code is not of the vocabulary, the examiner or the reasons are missing, or the basis is missing,
        does not belong there, or is against the policy.
    SetError
        If there is no such vocabulary.

    Examples
    --------
    >>> choose("INC-A", examiner="A. Bee", reasons="Class agrees; two areas of striae agree, too few.").label
    'Inconclusive A'
    """
    chosen = vocabulary(range_of).conclusion(code)
    for name, value in (("examiner", examiner), ("reasons", reasons)):
        if not value.strip():
            raise OptionError(f"{name} is empty; a conclusion is a person's, with what it rests on")
    if basis is None and chosen.bases:
        raise OptionError(f"{chosen.label} needs a basis: {', '.join(chosen.bases)} characteristics")
    if basis is not None and basis not in chosen.bases:
        raise OptionError(f"{chosen.label} takes no basis {basis!r}; expected {chosen.bases or 'none'}")
    if basis == "individual" and not individual_eliminates:
        raise OptionError(
            "the policy allows no elimination on individual characteristics alone; choose an inconclusive, or set "
            "individual_eliminates where the laboratory's procedure allows it"
        )
    return ExaminersConclusion(
        vocabulary=range_of, code=code, label=chosen.label, examiner=examiner, reasons=reasons, basis=basis
    )
