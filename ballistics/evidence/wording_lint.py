"""A check of report sentences: the conditional must not be turned round.

A likelihood ratio of 1,000 says that the findings are 1,000 times more probable if the same firearm made both
marks than if two did. It does not say that the same firearm is 1,000 times more likely to have made them. The
patterns that tell one from the other are data (`wording_lint.toml`), language by language.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
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
    """Words that are taken out of a sentence before it is searched.

    They begin with ``pattern``. If there is a ``then``, they go on to the first place where that is found, with
    nothing of ``without`` in between, and ``rest`` follows.
    """

    name: str
    pattern: str
    then: str = ""
    without: str = "(?!)"
    rest: str = ""


class Refused(Allowed):
    """Words that may not be left, why, and what to write instead."""

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
            start=start + hit[0],
            words=sentence[slice(*hit)],
            sentence=sentence,
            why=rule.why,
            instead=rule.instead,
        )
        for start, sentence in _sentences(text)
        for left in [_without(sentence, allowed)]
        for rule, finder in refused
        if (hit := next(finder.spans(left), None))
    )


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    for found in SENTENCE.finditer(text):
        yield found.start(), found.group()


def _without(sentence: str, allowed: tuple[_Finder, ...]) -> str:
    for finder in allowed:
        for start, end in finder.spans(sentence):
            sentence = sentence[:start] + TAKEN_OUT * (end - start) + sentence[end:]
    return sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finder:
    """The compiled patterns of a rule.

    The beginning, the end and what may not lie between them are each looked for once, at every place of the text,
    so that the time grows with the length of the text and not with its square.
    """

    whole: re.Pattern[str] | None
    begin: re.Pattern[str]
    bar: re.Pattern[str]
    then: re.Pattern[str]
    rest: re.Pattern[str]

    @classmethod
    def of(cls, rule: Allowed, fragments: Mapping[str, str]) -> _Finder:
        everywhere = [f"(?=({part}))" for part in (rule.pattern, rule.without, rule.then)]
        begin, bar, then = (_compiled(part, fragments) for part in everywhere)
        whole = None if rule.then else _compiled(rule.pattern, fragments)
        return cls(whole=whole, begin=begin, bar=bar, then=then, rest=_compiled(rule.rest, fragments))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Return where the rule holds, from place to place, none of them overlapping."""
        if self.whole:
            yield from (found.span() for found in self.whole.finditer(text))
            return
        begins = [found.span(1) for found in self.begin.finditer(text)]
        ends = [found.span(1) for found in self.then.finditer(text)] if begins else []
        bars = [found.start() for found in self.bar.finditer(text)] if ends else []
        done = 0
        for start, after in begins:
            place = bisect_left(ends, (after, 0))
            if start < done or place == len(ends):
                continue
            first, last = ends[place]
            if bisect_left(bars, after) == bisect_left(bars, first):
                rest = self.rest.match(text, last)
                done = rest.end() if rest else last
                yield start, done


Compiled = tuple[tuple[_Finder, ...], tuple[tuple[Refused, _Finder], ...]]


@cache
def _languages() -> Mapping[str, Compiled]:
    raw = tomllib.loads(files("ballistics.evidence").joinpath("wording_lint.toml").read_text(encoding="utf-8"))
    read = {name: Language.model_validate(values) for name, values in raw.items()}
    return {
        name: (
            tuple(_Finder.of(each, language.fragments) for each in language.allowed),
            tuple((each, _Finder.of(each, language.fragments)) for each in language.refused),
        )
        for name, language in read.items()
    }


def _compiled(pattern: str, fragments: Mapping[str, str]) -> re.Pattern[str]:
    for _ in range(ROUNDS):
        pattern = re.sub(r"<([A-Z]+)>", lambda found: fragments[found.group(1)], pattern)
    return re.compile(pattern.replace(" ", r"\s"), re.IGNORECASE)
