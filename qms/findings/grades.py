"""Grades of findings, and the words that accreditation bodies use for them.

Five core grades are all that the rest of the package knows. A `GradeScheme` maps the words of one accreditation
body, in several languages, to them; the words of this package are in ``grades.toml`` and a user's own scheme
is a file of the same form.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from qms.errors import RecordError, UnknownError, described
from qms.record import Language, Part, Text, Words


class Grade(StrEnum):
    """How grave a finding is, the gravest first."""

    MAJOR = "major"
    MINOR = "minor"
    OBSERVATION = "observation"
    OPPORTUNITY = "opportunity"
    GOOD_PRACTICE = "good_practice"

    @property
    def is_nonconformity(self) -> bool:
        """Whether a requirement is not fulfilled: a major or a minor nonconformity."""
        return self in (Grade.MAJOR, Grade.MINOR)

    def graver_than(self, other: Grade) -> bool:
        """Return whether this grade stands above another.

        Examples
        --------
        >>> Grade.MINOR.graver_than(Grade.OBSERVATION)
        True
        """
        order = list(Grade)
        return order.index(self) < order.index(other)


class GradeScheme(Part):
    """The words of one accreditation body for the core grades.

    Attributes
    ----------
    name : str
        Short name of the scheme, such as that of the body.
    words : mapping of Grade to mapping of language to tuple of str
        All words for a grade in a language; the first is the one to print. Where a body does not part major from
        minor, its word stands under one of them.

    Raises
    ------
    pydantic.ValidationError
        If one word stands for two grades, since nobody could tell which is meant.

    Examples
    --------
    >>> scheme = GradeScheme(name="body", words={"minor": {"en": ["Finding"]}, "opportunity": {"en": ["Advice"]}})
    >>> scheme.grade("  finding "), scheme.word(Grade.OPPORTUNITY, "sq")
    (<Grade.MINOR: 'minor'>, 'Advice')
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    words: dict[Grade, dict[Language, Annotated[tuple[Words, ...], Field(min_length=1)]]]

    @model_validator(mode="after")
    def _one_grade_a_word(self) -> Self:
        seen: dict[str, Grade] = {}
        for grade, word in self._pairs():
            other = seen.setdefault(_folded(word), grade)
            if other is not grade:
                raise ValueError(f"the word {word!r} stands for {other} and for {grade}; it can mean only one")
        return self

    def grade(self, word: str) -> Grade:
        """Return the core grade that a word of the body means, in whatever language; capitals do not matter.

        Raises
        ------
        UnknownError
            If the scheme has no such word; those that look alike are named.
        """
        known = {_folded(each): (each, grade) for grade, each in self._pairs()}
        folded = _folded(word)
        if folded in known:
            return known[folded][1]
        alike = difflib.get_close_matches(folded, known, n=3, cutoff=0.6) or sorted(known)
        names = ", ".join(known[each][0] for each in alike)
        raise UnknownError(f"The grade scheme {self.name!r} has no word {word!r}. It has {names}.")

    def word(self, grade: Grade, *languages: str) -> str:
        """Return the word to print for a grade, in the first of the languages that the scheme has.

        Falls back to English, then to any language, then to the core word.
        """
        if grade not in self.words:
            return core_grades().word(grade, *languages)
        return Text({tag: words[0] for tag, words in self.words[grade].items()}).best(*languages)

    def _pairs(self) -> Iterator[tuple[Grade, str]]:
        for grade, languages in self.words.items():
            for words in languages.values():
                yield from ((grade, word) for word in words)


def read_grades(place: str | Path) -> GradeScheme:
    """Read a scheme from a TOML file: its ``name``, and a table a grade such as ``[minor]``, ``en = ["Finding"]``.

    Parameters
    ----------
    place : str or Path

    Raises
    ------
    UnknownError
        If there is no such file.
    RecordError
        If the file is not TOML or not a scheme.
    """
    try:
        content = Path(place).read_bytes()
    except OSError as error:
        raise UnknownError(f"The grade scheme {place} cannot be read: {error.strerror}.") from error
    return _scheme(content, str(place))


@cache
def core_grades() -> GradeScheme:
    """Return the words of this package for its grades; the core names themselves are among them.

    Examples
    --------
    >>> core_grades().grade("major"), core_grades().word(Grade.OBSERVATION, "sq")
    (<Grade.MAJOR: 'major'>, 'Vëzhgim')
    """
    return _scheme((files("qms") / "findings" / "grades.toml").read_bytes(), "grades.toml")


def _scheme(text: bytes, where: str) -> GradeScheme:
    try:
        content = tomllib.loads(text.decode())
    except ValueError as error:
        raise RecordError(f"{where} is not TOML: {error}.") from error
    name = content.pop("name", "")
    try:
        return GradeScheme.model_validate({"name": name, "words": content})
    except ValidationError as error:
        raise RecordError(f"{where}: {described(error)}. See 'qms/findings/grades.toml' for the form.") from error


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())
