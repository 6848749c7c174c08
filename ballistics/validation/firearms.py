"""The table of firearms: which of them a method does well on, and which not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.seal import Part


class FirearmRow(Part):
    """What the likelihood ratios of one firearm are.

    Parameters
    ----------
    firearm : str
        Its name in the manifest.
    known_matches, known_non_matches : int
        Pairs of two of its marks, and of one of its marks with one of another firearm.
    lowest, median : float, optional
        log10 LR of its known matches; None where it has none.
    highest : float, optional
        log10 LR of its known non-matches.
    misleading_same, misleading_different : int
        Known matches with an LR below 1, known non-matches with an LR above 1.
    not_compared : int
        Pairs with a mark of it that could not be compared.
    """

    firearm: str
    known_matches: int
    lowest: float | None
    median: float | None
    known_non_matches: int
    highest: float | None
    misleading_same: int
    misleading_different: int
    not_compared: int


def by_firearm(
    pairs: KnownPairs, log10_lr: ArrayLike, *, not_compared: Mapping[str, int]
) -> tuple[FirearmRow, ...]:
    """Return a row for every firearm, in the order of their names.

    Parameters
    ----------
    pairs : KnownPairs
        Whose truth is known.
    log10_lr : array_like, shape (n,)
        Of these pairs.
    not_compared : mapping of str to int
        Pairs that could not be compared, by firearm; it may name firearms of which no pair could.

    Examples
    --------
    >>> pairs = KnownPairs.from_columns(
    ...     {"ccf": [0.9, 0.1]}, firearms=(["a", "a"], ["a", "b"]), items=(["a1", "a1"], ["a2", "b1"])
    ... )
    >>> rows = by_firearm(pairs, [1.0, -2.0], not_compared={"b": 1})
    >>> [(row.firearm, row.lowest, row.highest, row.not_compared) for row in rows]
    [('a', 1.0, -2.0, 0), ('b', None, -2.0, 1)]
    """
    values, same = np.asarray(log10_lr, dtype=np.float64), pairs.same
    first, second = pairs.firearms
    rows = []
    for name in sorted(pairs.firearm_names | set(not_compared)):
        its = (first == name) | (second == name)
        matches, others = values[its & same], values[its & ~same]
        rows.append(
            FirearmRow(
                firearm=name,
                known_matches=len(matches),
                lowest=float(matches.min()) if len(matches) else None,
                median=float(np.median(matches)) if len(matches) else None,
                known_non_matches=len(others),
                highest=float(others.max()) if len(others) else None,
                misleading_same=int((matches < 0).sum()),
                misleading_different=int((others > 0).sum()),
                not_compared=not_compared.get(name, 0),
            )
        )
    return tuple(rows)
