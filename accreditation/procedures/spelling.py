"""One spelling for comparing texts: small letters in Latin script, and beside it the same without diacritics.

Serbian and Bosnian come out the same from either script. Nothing that a person reads is written like this.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from accreditation.cyrillic import in_latin

_WORD = re.compile(r"[^\W_]+")


def words_in(text: str) -> list[str]:
    """Return the words of a text as they are written, in Unicode form NFC.

    Examples
    --------
    >>> words_in("Seal (with tape), then sign; 5.10")
    ['Seal', 'with', 'tape', 'then', 'sign', '5', '10']
    """
    return _WORD.findall(unicodedata.normalize("NFC", text))


@lru_cache(maxsize=65536)
def spelled(word: str) -> str:
    """Return a word in small Latin letters.

    Examples
    --------
    >>> spelled("Жртва"), spelled("Žrtva"), spelled("ЊЕГОВ"), spelled("Njegov")
    ('žrtva', 'žrtva', 'njegov', 'njegov')
    """
    return in_latin(unicodedata.normalize("NFC", word).casefold())


@lru_cache(maxsize=65536)
def spellings(word: str) -> tuple[str, ...]:
    """Return a word as `spelled`, and without its diacritics where that is another word.

    Examples
    --------
    >>> spellings("Ruđer"), spellings("këqyrje"), spellings("seal")
    (('ruđer', 'rudjer'), ('këqyrje', 'keqyrje'), ('seal',))
    """
    whole = spelled(word)
    apart = unicodedata.normalize("NFD", whole.replace("đ", "dj"))
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return (whole,) if plain == whole else (whole, plain)
