"""Numbers with what they count, in words."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts, in the singular or the plural.

    Examples
    --------
    >>> counted(1, "attached file"), counted(0, "day"), counted(2, "piece of evidence")
    ('1 attached file', '0 days', '2 pieces of evidence')
    """
    counts, of, rest = noun.partition(" of ")
    return f"{number} {counts}{'' if number == 1 else 's'}{of}{rest}"
