"""Serbian in Cyrillic letters, from Serbian in Latin ones.

The rule is one letter for one sound. What stays Latin: names of standards and other words in capitals such as
ISO/IEC, words with letters that Serbian does not have, a single capital that names something, as in "tip A",
what is typed (in quotation marks, or names of fields), addresses, Roman numbers and fields in braces.
"""

from __future__ import annotations

import re

_PAIRS = {"lj": "љ", "nj": "њ", "dž": "џ"}
_LETTERS = dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True))
APART = ("injekc", "konjug", "konjunk", "vanjezič", "tanjug", "nadživ", "nadžnj", "podžanr", "odžal")
"""Beginnings and middles of words in which two letters that look like one sound are two."""
KEPT = re.compile(
    r"\{[^{}]*\}|\S+@\S+|https?://\S+|\b[A-ZČĆŠŽĐ]{2,}(?:[-/][A-Z0-9]+)*\d*\b|\b\w*[qwxyQWXY]\w*\b|\b[IVX]+\b(?=\.)"
    r"|(?<=[\w,] )[A-Z]\b|(?<=[A-Z]/)[A-Z]\b|(?<=-)[A-Z]\b|\b\dD\b"
    r"|'[^']+'|\b[a-z]+_[a-z_]+\b|\((?:owner|due)\)"
)
"""What is left as it is."""
SERBIAN_ABBREVIATIONS = {"DNK": "ДНК", "MUP": "МУП", "LZO": "ЛЗО"}


def in_cyrillic(latin: str) -> str:
    """Return a Serbian text in Cyrillic letters.

    Examples
    --------
    >>> in_cyrillic("Džak s uzorcima nađen je na licu mesta; vidi ISO/IEC 17020:2012 i {ref}.")
    'Џак с узорцима нађен је на лицу места; види ISO/IEC 17020:2012 и {ref}.'
    >>> in_cyrillic("korak 'freeze' (effective_from)")
    "корак 'freeze' (effective_from)"
    >>> in_cyrillic("Tip A, B i C; 3D")
    'Тип A, B и C; 3D'
    >>> in_cyrillic("Injekcija, nadživeti, Njegoš, DNK")
    'Инјекција, надживети, Његош, ДНК'
    """
    parts, end = [], 0
    for kept in KEPT.finditer(latin):
        parts += [_letters(latin[end : kept.start()]), SERBIAN_ABBREVIATIONS.get(kept[0], kept[0])]
        end = kept.end()
    return "".join([*parts, _letters(latin[end:])])


def in_latin(cyrillic: str) -> str:
    """Return a Serbian text in Latin letters.

    Examples
    --------
    >>> in_latin("Џак с узорцима, Његош, НАЛАЗ")
    'Džak s uzorcima, Njegoš, NALAZ'
    """
    back = {letter: sign for sign, letter in (*_LETTERS.items(), *_PAIRS.items())}
    return "".join(_like(each, back.get(each.lower(), each)) for each in cyrillic)


def _letters(latin: str) -> str:
    return re.sub(r"\w+", lambda found: _word(found[0]), latin)


def _word(word: str) -> str:
    small = word.lower()
    apart = {small.find(each) + k for each in APART if each in small for k in range(len(each))}
    written, at = [], 0
    while at < len(word):
        pair = small[at : at + 2]
        if pair in _PAIRS and at not in apart:
            written.append(_like(word[at], _PAIRS[pair]))
            at += 2
        else:
            written.append(_like(word[at], _LETTERS.get(small[at], word[at])))
            at += 1
    return "".join(written)


def _like(sign: str, letters: str) -> str:
    return letters.capitalize() if sign.isupper() else letters
