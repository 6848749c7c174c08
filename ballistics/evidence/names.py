"""Names of firearms, marks and scanners, compared the way people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def plain_name(name: str) -> str:
    r"""Return what of a name counts when two are compared: no capitals, single spaces, one way to write a letter.

    Empty for a name of nothing but spaces.

    Notes
    -----
    Unicode NFKC, case folded. An ü in one piece and one made of u and dots look alike and are alike here;
    names that differ in more than that are different names.

    Examples
    --------
    >>> plain_name("  GLOCK  Mu\u0308ller "), plain_name("Glock M\u00fcller") == plain_name("Glock Mu\u0308ller")
    ('glock müller', True)
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Return for every name the first spelling of it.

    Examples
    --------
    >>> one_spelling(["Gun 1", "gun  1", "Gun 2"])
    {'Gun 1': 'Gun 1', 'gun  1': 'Gun 1', 'Gun 2': 'Gun 2'}
    """
    first: dict[str, str] = {}
    return {name: first.setdefault(plain_name(name), name) for name in names}
