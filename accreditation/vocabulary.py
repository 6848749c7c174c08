"""The vocabulary of the checklists: what a term of the field is called in every language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from accreditation.cyrillic import in_cyrillic
from accreditation.language import WRITTEN_FROM


@cache
def vocabulary() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return the words for each English term by language.

    Examples
    --------
    >>> vocabulary()["root cause"]["sr-Cyrl"]
    ('основни узрок',)
    """
    content = (files("accreditation") / "data" / "vocabulary.toml").read_text(encoding="utf-8")
    return {said["en"]: _in_all(said) for said in tomllib.loads(content)["term"]}


def _in_all(said: Mapping[str, str]) -> dict[str, Sequence[str]]:
    by_rule = {tag: in_cyrillic(said[latin]) for tag, latin in WRITTEN_FROM.items()}
    return {tag: (words,) for tag, words in {**said, **by_rule}.items()}
