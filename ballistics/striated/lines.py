"""Lines of a profile: its ridges and furrows, which of them two profiles share, and runs of shared ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCriterion:
    """A rule of the field on runs of consecutively matching striae.

    Parameters
    ----------
    single : int
        Matching lines that one run must have by itself.
    pair : int
        Matching lines that each of two runs must have.
    certainty : str
        ``C`` seen in a named source, ``G`` general knowledge, ``U`` to be checked.
    source : str
        Where the numbers come from.
    """

    single: int
    pair: int
    certainty: Literal["C", "G", "U"]
    source: str

    def met_by(self, runs: Iterable[int]) -> bool:
        """Whether runs of these lengths reach the criterion.

        Examples
        --------
        >>> BIASOTTI_MURDOCK["3D"].met_by([4, 2, 3]), BIASOTTI_MURDOCK["3D"].met_by([5, 2])
        (True, False)
        """
        longest, second, *_ = [*sorted(runs, reverse=True), 0, 0]
        return longest >= self.single or second >= self.pair


_BIASOTTI_MURDOCK = "Biasotti and Murdock, conservative criterion for striated toolmarks (1997)"
BIASOTTI_MURDOCK: Mapping[str, RunCriterion] = MappingProxyType(
    {
        "3D": RunCriterion(single=6, pair=3, certainty="G", source=_BIASOTTI_MURDOCK),
        "2D": RunCriterion(single=8, pair=5, certainty="G", source=_BIASOTTI_MURDOCK),
    }
)
"""Conservative criterion by kind of mark: one run of at least ``single`` or two of at least ``pair`` lines.

It was made for lines that an examiner counts on the marks. Applied to `StriaeFeatures.ridge_runs` it is a number
to look at beside the examiner's, never a verdict.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """Ridges and furrows along a profile.

    Parameters
    ----------
    place : ndarray of int, shape (n,)
        Sample on the reference signature, ascending; the first sample is 0.
    kind : ndarray of int, shape (n,)
        1 for a ridge, -1 for a furrow.
    height_um : ndarray, shape (n,)
        Smoothed height about the mean of the common part in micrometres.
    """

    place: IntArray
    kind: IntArray
    height_um: FloatArray

    def __len__(self) -> int:
        return self.place.size


def find_lines(values: FloatArray, measured: BoolArray, limit: float) -> Lines:
    """Ridges and furrows of at least this prominence that have measured points on both sides."""
    place, kind = _prominent(values, max(limit, math.ulp(0.0)))
    keep = measured[place - 1] & measured[place] & measured[place + 1]
    place = place[keep]
    return Lines(place=place, kind=kind[keep], height_um=values[place])


def match_lines(average: Lines, a: Lines, b: Lines, values: FloatArray, zone: float) -> tuple[Lines, BoolArray]:
    """Judge the lines of the average, and add the lines that one signature has alone, which match nothing."""
    matched = np.ones(len(average), np.bool_)
    alone = []
    middles = 0.5 * (average.place[1:] + average.place[:-1])
    for own in (a, b):
        if len(average):
            nearest = np.searchsorted(middles, own.place)
            inside = np.abs(own.place - average.place[nearest]) <= zone
            nearest = nearest[inside]
            same = own.kind[inside] == average.kind[nearest]
            count = np.bincount(nearest, minlength=len(average))
            matched &= (count == 1) & (np.bincount(nearest, weights=same, minlength=len(average)) == 1)
        else:
            inside = np.zeros(len(own), np.bool_)
        alone.append((own.place[~inside], own.kind[~inside]))
    place, kind = (np.concatenate(part) for part in zip((average.place, average.kind), *alone, strict=True))
    matched = np.concatenate([matched, np.zeros(place.size - len(average), np.bool_)])
    order = np.lexsort((kind, place))
    place = place[order]
    return Lines(place=place, kind=kind[order], height_um=values[place]), matched[order]


def stretches(measured: BoolArray, zone: float) -> IntArray:
    """Number the stretches between gaps wider than a zone, point by point."""
    index = np.flatnonzero(measured)
    number = np.zeros(measured.size, np.int64)
    number[index[1:]] = np.cumsum(np.diff(index) > zone + 1)
    return number


def run_lengths(wanted: BoolArray, stretch: IntArray) -> tuple[int, ...]:
    """Lengths of the runs of wanted lines inside one stretch."""
    if not wanted.size:
        return ()
    change = (wanted[1:] != wanted[:-1]) | (stretch[1:] != stretch[:-1])
    starts = np.concatenate([[0], np.flatnonzero(change) + 1])
    lengths = np.diff(starts, append=wanted.size)
    return tuple(int(length) for length in lengths[wanted[starts]])


def _prominent(values: FloatArray, limit: float) -> tuple[IntArray, IntArray]:
    """Places and kinds of all ridges and furrows of at least this prominence, which is above 0.

    After a furrow, the highest point so far is a ridge once the profile has fallen below it by the limit, and the
    other way round. Of a level ridge the middle counts.
    """
    step = values[1:] - values[:-1]
    moved = np.flatnonzero(step)
    rising = step[moved] > 0.0
    turn = np.flatnonzero(rising[1:] != rising[:-1])
    place = np.concatenate([[0], (moved[turn] + moved[turn + 1] + 1) // 2, [values.size - 1]])
    heights = values[place]
    spread = np.maximum.accumulate(heights) - np.minimum.accumulate(heights)
    start = int(spread.searchsorted(limit))
    if start == place.size:
        return place[:0], place[:0]
    level = heights.tolist()
    best, top, kind = [start], level[start], 1 if level[start] > level[0] else -1
    found: list[int] = []
    kinds: list[int] = []
    for k in range(start + 1, len(level)):
        beyond = kind * (level[k] - top)
        if beyond > 0.0:
            best, top = [k], level[k]
        elif beyond == 0.0:
            best.append(k)
        elif beyond <= -limit:
            found += best
            kinds += [kind] * len(best)
            best, top, kind = [k], level[k], -kind
    return place[found], np.array(kinds, np.int64)
