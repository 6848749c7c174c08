"""What the words of a workbook stand for, in its own language or in any other that is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from accreditation.language import LOCALES, Words, offered

Vocabulary = Callable[[Words], Mapping[str, str]]
"""Gives the words of a language by what they stand for."""


def meant(word: str, vocabulary: Vocabulary, tags: tuple[str, ...]) -> str | None:
    """Return what a word stands for in the language of a workbook, or else in any other that is offered.

    Examples
    --------
    >>> from accreditation.wording import results
    >>> meant(" minor  Nonconformity", results, ("en",)), meant("small", results, ("en",))
    ('minor', None)
    """
    asked = _folded(word)
    return next((known[asked] for known in _known(vocabulary, tags) if asked in known), None)


@cache
def tongues(tags: tuple[str, ...]) -> tuple[Words, ...]:
    """Return the words of some languages beside each other, of each alone, and of every other that is offered."""
    alone = dict.fromkeys((*tags, *offered()))
    known = [Words(tags), *(Words((tag,)) for tag in alone if (tag,) != tags)]
    return tuple(known)


def are_known(tags: tuple[str, ...]) -> bool:
    """Return whether all of some tags, and at least one, are languages of workbooks."""
    return bool(tags) and set(tags) <= LOCALES.keys()


@cache
def _known(vocabulary: Vocabulary, tags: tuple[str, ...]) -> tuple[Mapping[str, str], ...]:
    return tuple({_folded(word): code for code, word in vocabulary(say).items()} for say in tongues(tags))


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())
