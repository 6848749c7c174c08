"""A check of report sentences: the conditional must not be turned round.

A likelihood ratio of 1,000 says that the findings are 1,000 times more probable if the same firearm made both
marks than if two did. It does not say that the same firearm is 1,000 times more likely to have made them. The
patterns that tell one from the other are data (`wording_lint.toml`), language by language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ballistics.errors import SetError

SENTENCE = re.compile(r"\S.*?(?:[.!?][\"')\]]*(?=\s+[^a-z\s])|(?=\n\s*\n)|\Z)", re.DOTALL)
TAKEN_OUT = "\N{MIDDLE DOT}"
ROUNDS = 10


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Allowed(_Part):
    """Words that are taken out of a sentence before it is searched."""

    name: str
    pattern: str


class Refused(_Part):
    """Words that may not be left, why, and what to write instead."""

    name: str
    pattern: str
    why: str
    instead: str


class Language(_Part):
    """The patterns of one language; ``<NAME>`` in a pattern stands for a fragment."""

    fragments: Mapping[str, str]
    allowed: tuple[Allowed, ...]
    refused: Annotated[tuple[Refused, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transposition:
    """A place where a text says how probable a proposition is.

    Parameters
    ----------
    name : str
        Of the pattern.
    start : int
        Where in the text it begins, counted in characters from 0.
    words, sentence : str
        What was found, and the sentence that holds it.
    why, instead : str
        What is wrong with it, and what to write.
    """

    name: str
    start: int
    words: str
    sentence: str
    why: str
    instead: str


def transposed_conditionals(text: str, *, language: str = "en") -> tuple[Transposition, ...]:
    """Find sentences that say how probable a proposition is, where they should speak of the findings.

    Parameters
    ----------
    text : str
        Sentences of a report; an empty line ends a sentence as a full stop does.
    language : str
        Which patterns.

    Returns
    -------
    tuple of Transposition
        At most one for each pattern and sentence, in the order of the text; empty if there is none.

    Raises
    ------
    SetError
        If there are no patterns for the language.

    Notes
    -----
    Thompson & Schumann, Law Hum. Behav. 11 (1987), doi:10.1007/BF01044641 (the prosecutor's fallacy); ENFSI
    Guideline for Evaluative Reporting in Forensic Science (2015). It knows words, not meanings: a text that it
    passes can still be wrong.

    Examples
    --------
    >>> transposed_conditionals("The score is 90 times more probable if the same firearm made both marks.")
    ()
    >>> transposed_conditionals("It is 90 times more probable that the same firearm made both.")[0].name
    'likely that'
    """
    if language not in _languages():
        raise SetError(f"No wording patterns for the language {language!r}. There are: {', '.join(_languages())}.")
    allowed, refused = _languages()[language]
    return tuple(
        Transposition(
            name=rule.name,
            start=start + hit.start(),
            words=sentence[hit.start() : hit.end()],
            sentence=sentence,
            why=rule.why,
            instead=rule.instead,
        )
        for start, sentence in _sentences(text)
        for left in [_without(sentence, allowed)]
        for rule, pattern in refused
        if (hit := pattern.search(left))
    )


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    for found in SENTENCE.finditer(text):
        yield found.start(), found.group()


def _without(sentence: str, allowed: tuple[re.Pattern[str], ...]) -> str:
    for pattern in allowed:
        sentence = pattern.sub(lambda found: TAKEN_OUT * len(found.group()), sentence)
    return sentence


Compiled = tuple[tuple[re.Pattern[str], ...], tuple[tuple[Refused, re.Pattern[str]], ...]]


@cache
def _languages() -> Mapping[str, Compiled]:
    raw = tomllib.loads(files("ballistics.evidence").joinpath("wording_lint.toml").read_text(encoding="utf-8"))
    read = {name: Language.model_validate(values) for name, values in raw.items()}
    return {
        name: (
            tuple(_compiled(each.pattern, language.fragments) for each in language.allowed),
            tuple((each, _compiled(each.pattern, language.fragments)) for each in language.refused),
        )
        for name, language in read.items()
    }


def _compiled(pattern: str, fragments: Mapping[str, str]) -> re.Pattern[str]:
    for _ in range(ROUNDS):
        pattern = re.sub(r"<([A-Z]+)>", lambda found: fragments[found.group(1)], pattern)
    return re.compile(pattern.replace(" ", r"\s"), re.IGNORECASE)
