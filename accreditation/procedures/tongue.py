"""In which language a procedure is written, told by its small words and letters."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from accreditation.procedures.spelling import spelled, words_in
from qms.lifecycle import Reason

FEWEST = 5
"""Small words that have to be there before anything is said."""
CLEARLY = 1.2
"""How many times more small words of one language than of any other; neighbours share many."""
APART = 2.0
"""How many times more words of one kind where Serbian and Bosnian differ."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language of a text.

    Attributes
    ----------
    language : str
        BCP 47 tag, such as ``"sr-Cyrl"``.
    share : float
        Share of the words by which it was told.
    """

    language: str
    share: float


@dataclass(frozen=True, slots=True)
class Undecided:
    """That the language could not be told, with the reasons; false where a truth value is asked for."""

    reasons: tuple[Reason, ...]

    def __bool__(self) -> bool:
        return False


def tongue_of(text: str) -> Tongue | Undecided:
    """Tell the language of a text: English, Albanian, Serbian, Bosnian or Macedonian.

    Returns
    -------
    Tongue or Undecided
        Undecided where there are too few words, none of these languages stands out, or nothing tells Serbian from
        Bosnian.

    Notes
    -----
    Macedonian is told in Cyrillic letters only. Montenegrin usage comes out as Bosnian or Serbian: give the
    language by hand.

    Examples
    --------
    >>> tongue_of("The exhibit is sealed at the scene by the examiner and signed for by the officer.").language
    'en'
    >>> tongue_of("Tehničar beleži vreme i mesto nalaza i pečati predmet pre nego što se vrati u vozilo.").language
    'sr-Latn'
    >>> bool(tongue_of("4.2.1"))
    False
    """
    said = [spelled(each) for each in words_in(text)]
    cyrillic = _is_cyrillic(text)
    counts = {
        tag: sum(each in known for each in said)
        for tag, known in _small_words().items()
        if not cyrillic or tag in ("sr-Latn", "mk")
    }
    if not cyrillic:
        counts.pop("mk")
    best = max(counts, key=lambda tag: counts[tag])
    others = max(count for tag, count in counts.items() if tag != best)
    if counts[best] < FEWEST:
        values = {"n": counts[best], "fewest": FEWEST}
        reason = Reason(
            "few-words", "it has {n} of the words by which languages are told; {fewest} are needed", values
        )
        return Undecided((reason,))
    if counts[best] < CLEARLY * others:
        return Undecided((Reason("two-languages", "two languages are about as likely", {}),))
    share = counts[best] / len(said)
    if best != "sr-Latn":
        return Tongue(best, share)
    return _serbian_or_bosnian(said, share, cyrillic)


def _serbian_or_bosnian(said: Sequence[str], share: float, cyrillic: bool) -> Tongue | Undecided:
    known = _marks()["beginnings"]
    serbian, bosnian = (sum(each.startswith(tuple(known[tag])) for each in said) for tag in ("sr-Latn", "bs"))
    if max(serbian, bosnian) == 0 or max(serbian, bosnian) < APART * min(serbian, bosnian):
        return Undecided((Reason("serbian-or-bosnian", "nothing tells whether it is Serbian or Bosnian", {}),))
    if bosnian > serbian:
        return Tongue("bs", share)
    return Tongue("sr-Cyrl" if cyrillic else "sr-Latn", share)


def _is_cyrillic(text: str) -> bool:
    letters = [each for each in text if each.isalpha()]
    return 2 * sum("CYRILLIC" in unicodedata.name(each, "") for each in letters) > len(letters)


@cache
def _marks() -> Mapping[str, Mapping[str, list[str]]]:
    content = files("accreditation") / "data" / "language_marks.toml"
    return tomllib.loads(content.read_text(encoding="utf-8"))


@cache
def _small_words() -> Mapping[str, frozenset[str]]:
    return {tag: frozenset(each) for tag, each in _marks()["words"].items()}
