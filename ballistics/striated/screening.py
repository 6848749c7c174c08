"""Screen a collection of signatures for those worth a full comparison with a questioned one.

Signatures are reduced to one coarse grid and laid out as the rows of one array. All rows are then correlated with
a questioned signature at every lag within reach by one matrix product; sums over the overlap come from running
sums. On the coarse grid nothing is approximated: mean and norm are those of the common points of each lag.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ballistics.striated.signature import Signature
from ballistics.striated.signature_index import CHUNK, FEWEST_POINTS, CoarseLine, SignatureIndex, coarse_line
from ballistics.striated.striae import check_positive, sealed
from imaging.threads import one_blas_thread

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BLOCK = 512
COLUMN_POINTS = 2_000_000
SPREAD_FLOOR = 1e-4
REFUSED = np.float32(-2.0)
RUNNING = np.triu(np.ones((CHUNK, CHUNK), np.float32))

NOTHING_SHARED = "no signature of the index shares enough with it within reach"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screening:
    """Coarse correlation of every signature of an index with every questioned one.

    Parameters
    ----------
    ccf : ndarray, shape (n, m), float32
        Largest correlation within reach, index in rows; NaN where the two share too little or one is missing.
    lag_um : ndarray, shape (n, m), float32
        Shift at which it is reached, as in `ballistics.striated.correlation.Correlations`.
    mirrored : ndarray of bool, shape (n, m)
        Whether the mirrored questioned signature gave it; its lag is then that of the mirrored one.
    """

    ccf: Float32Array
    lag_um: Float32Array
    mirrored: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """The signatures of an index that correlate best with one questioned signature, best first.

    Parameters
    ----------
    position : ndarray of int, shape (k,)
        Their places among the indexed signatures.
    ccf, lag_um, mirrored : ndarray, shape (k,)
        As in `Screening`.
    """

    position: IntArray
    ccf: Float32Array
    lag_um: Float32Array
    mirrored: BoolArray

    def __len__(self) -> int:
        return self.position.size


@dataclass(frozen=True, slots=True, kw_only=True)
class NoScreening:
    """Nothing could be screened; falsy, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        """Report that nothing was screened."""
        return False


@one_blas_thread()
def screen(
    index: SignatureIndex,
    questioned: Sequence[Signature | None],
    *,
    reach_um: float = 150.0,
    least_overlap_um: float = 900.0,
    mirrored: bool = False,
) -> Screening | NoScreening:
    """Correlate every questioned signature with every one of an index on its coarse grid.

    Parameters
    ----------
    index : SignatureIndex
        The collection.
    questioned : sequence of Signature or None
        The questioned signatures.
    reach_um : float
        Lags are tried at which the middles of the two signatures lie at most this far apart. Lands that were cut
        at their shoulders agree well within the default; give more for fragments and for marks without
        shoulders. Time grows with it.
    least_overlap_um : float
        Least length of measured points in common. Shorter pieces agree by chance: below 900 um, half of a 9 mm
        land, they would crowd out true candidates. A shorter signature cannot be screened; give less for it.
    mirrored : bool
        Try the mirrored questioned signatures too, at twice the time, and take the better of both.

    Returns
    -------
    Screening or NoScreening
        Falsy with the reason where no pair at all could be correlated. It takes 9 bytes a pair; for the best
        candidates among very many, see `best_candidates`.

    Raises
    ------
    OptionError
        If an option is out of range.

    Notes
    -----
    This chooses what to compare; `ballistics.striated.correlation.correlate_signatures` then measures it. Apart
    from the coarse grid, which lifts the correlation of matching lands by about 0.01, there are fewer lags here,
    none of them stretched, so that marks of different origin correlate less. The peak between two lags is a
    parabola's.

    Examples
    --------
    >>> from ballistics.parameters import default_striated_set
    >>> from ballistics.striated.signature_index import index_signatures
    >>> from ballistics.striated.signature import make_signature
    >>> from imaging.synthetic import land
    >>> chosen, rng = default_striated_set("bullet land"), np.random.default_rng
    >>> known = [make_signature(land(rng(n), barrel=rng(20 + n))[0], chosen) for n in range(4)]
    >>> asked = make_signature(land(rng(9), barrel=rng(22))[0], chosen)
    >>> found = screen(index_signatures(known), [asked])
    >>> found.ccf.shape, int(found.ccf.argmax())
    ((4, 1), 2)
    """
    reach, least = _limits(index, reach_um, least_overlap_um)
    lines = [_asked(each, index, least, mirrored=mirrored) for each in questioned]
    shape = (len(index), len(lines))
    ccf, lag_um = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    turned = np.zeros(shape, np.bool_)
    for found in _found(index, lines, reach, least):
        for whole, part in zip((ccf, lag_um, turned), found[2:], strict=True):
            whole[found.position[:, None], found.asked] = part.T
    if not np.isfinite(ccf).any():
        reasons = [each for each in lines if isinstance(each, str)] or [NOTHING_SHARED]
        return NoScreening(reason="; ".join(dict.fromkeys(reasons)))
    return Screening(ccf=sealed(ccf), lag_um=sealed(lag_um), mirrored=sealed(turned))


@one_blas_thread()
def best_candidates(
    index: SignatureIndex,
    questioned: Sequence[Signature | None],
    count: int,
    *,
    reach_um: float = 150.0,
    least_overlap_um: float = 900.0,
    mirrored: bool = False,
) -> tuple[Candidates | NoScreening, ...]:
    """Return the signatures of an index that correlate best with each questioned one.

    Parameters
    ----------
    index, questioned, reach_um, least_overlap_um, mirrored
        As for `screen`.
    count : int
        How many candidates to keep for each questioned signature, 1 or more; fewer where fewer exist.

    Returns
    -------
    tuple of Candidates or NoScreening
        One for each questioned signature; falsy with the reason where it could not be screened. Equal
        correlations keep the order of the index. No array of all pairs is held.

    Raises
    ------
    OptionError
        If an option is out of range.
    """
    check_positive(count=count)
    reach, least = _limits(index, reach_um, least_overlap_um)
    lines = [_asked(each, index, least, mirrored=mirrored) for each in questioned]
    kept: dict[int, tuple[NDArray[Any], ...]] = {}
    for found in _found(index, lines, reach, least):
        for number, *parts in zip(found.asked, found.ccf, found.lag_um, found.mirrored, strict=True):
            before = kept.get(number)
            least_ccf = before[1][-1] if before and before[1].size == count else -1.0
            better = parts[0] >= least_ccf
            best = tuple(each[better] for each in (found.position, *parts))
            if before:
                best = tuple(np.concatenate(each) for each in zip(before, best, strict=True))
            order = np.lexsort((best[0], -best[1]))[:count]
            kept[number] = tuple(each[order] for each in best)
    results: list[Candidates | NoScreening] = []
    for column, line in enumerate(lines):
        if isinstance(line, str) or not kept[column][0].size:
            results.append(NoScreening(reason=line if isinstance(line, str) else NOTHING_SHARED))
        else:
            position, ccf, lag_um, turned = (sealed(each) for each in kept[column])
            results.append(Candidates(position=position, ccf=ccf, lag_um=lag_um, mirrored=turned))
    return tuple(results)


class _Shifted(NamedTuple):
    """A questioned signature under every lag.

    ``columns[i, c]`` faces column ``i`` of a row at lag number ``c``, and ``sums[:, i, c]`` are the measured
    points, heights and squares before it. Its measured runs start and end at ``edges``, by turns.
    """

    columns: Float32Array
    sums: Array
    edges: list[int]
    start: int


def _limits(index: SignatureIndex, reach_um: float, least_overlap_um: float) -> tuple[int, int]:
    """Farthest lag and least common points, both in columns."""
    check_positive(reach_um=reach_um, least_overlap_um=least_overlap_um)
    reach = round(min(reach_um / index.spacing_um, index.heights.shape[1]))
    return reach, max(FEWEST_POINTS, math.ceil(least_overlap_um / index.spacing_um))


def _asked(each: Signature | None, index: SignatureIndex, least: int, *, mirrored: bool) -> list[CoarseLine] | str:
    """Reduce a questioned signature, and its mirror image if asked, or say why it cannot be screened."""
    lines = []
    for step in (1, -1) if mirrored else (1,):
        line = coarse_line(each, index.spacing_um, step=step)
        if isinstance(line, str):
            return line
        if line.known.sum() < least:
            measured_um = line.known.sum() * index.spacing_um
            return f"{measured_um:.0f} um were measured; {least * index.spacing_um:.0f} um in common are needed"
        lines.append(line)
    return lines


def _shifted(line: CoarseLine, length: int, reach: int) -> _Shifted:
    """Lay a questioned signature about the middle of a row and shift it to both sides."""
    start = reach + (length - line.heights.size) // 2
    row = np.zeros((3, length + 2 * reach))
    first, last = max(0, -start), min(line.heights.size, row.shape[1] - start)
    row[:2, start + first : start + last] = np.stack(line)[::-1, first:last]
    row[2] = np.square(row[1])
    sums = np.zeros((3, row.shape[1] + 1))
    np.cumsum(row, axis=1, out=sums[:, 1:])
    lags = 2 * reach + 1
    return _Shifted(
        columns=np.ascontiguousarray(sliding_window_view(row[1].astype(np.float32), lags)[:, ::-1]),
        sums=sliding_window_view(sums, lags, axis=1)[..., ::-1],
        edges=np.flatnonzero(np.diff(row[0], prepend=0.0, append=0.0)).tolist() or [0, 0],
        start=start,
    )


class _Found(NamedTuple):
    """Results for some questioned signatures (rows) and a block of the index (columns); NaN where none."""

    asked: list[int]
    position: IntArray
    ccf: Float32Array
    lag_um: Float32Array
    mirrored: BoolArray


def _found(index: SignatureIndex, lines: list[list[CoarseLine] | str], reach: int, least: int) -> Iterator[_Found]:
    length, lags = index.heights.shape[1], 2 * reach + 1
    usable = [(number, each) for number, each in enumerate(lines) if not isinstance(each, str)]
    group = max(1, COLUMN_POINTS // (length * lags))
    block = _Block(index, reach, least)
    for some in (usable[at : at + group] for at in range(0, len(usable), group)):
        asked = [number for number, _ in some]
        shifted = [[_shifted(line, length, reach) for line in each] for _, each in some]
        starts = np.array([[line.start for line in each] for each in shifted])[..., None]
        for at in range(0, len(index.heights), BLOCK):
            block.load(slice(at, at + BLOCK))
            best = np.empty((*starts.shape[:2], len(block.heights)), np.int64)
            near = np.empty((3, *best.shape), np.float32)
            for row, each in enumerate(shifted):
                for side, line in enumerate(each):
                    best[row, side], near[:, row, side] = block.peaks(line)
            height, offset = _refined(near, (best > 0) & (best < lags - 1))
            lag = 2 * reach - starts - best - offset + block.first
            better = height.argmax(axis=1)[:, None]
            ccf, lag = (np.take_along_axis(each, better, axis=1)[:, 0] for each in (height, lag))
            yield _Found(
                asked,
                block.position,
                np.where(ccf > REFUSED, ccf, np.nan).astype(np.float32),
                np.where(ccf > REFUSED, lag * index.spacing_um, np.nan).astype(np.float32),
                better[:, 0] == 1,
            )


class _Block:
    """Some rows of an index and what every questioned signature needs of them, in memory that is used again."""

    def __init__(self, index: SignatureIndex, reach: int, least: int) -> None:
        self.index, self.reach, self.least = index, reach, least
        n, length = min(BLOCK, len(index.heights)), index.heights.shape[1]
        self.floor = np.float32(SPREAD_FLOOR * length)
        self.powers, self.summed = np.empty((2, 2, n, length), np.float32)
        self.sums = np.zeros((2, n, length + 1 + 4 * reach), np.float32)
        self.curve, self.own, self.total, self.spread = np.empty((4, n, 2 * reach + 1), np.float32)

    def load(self, rows: slice) -> None:
        """Take the sums of heights and squares up to each column, and what the rows' masks look like."""
        index, left = self.index, 2 * self.reach + 1
        self.heights, self.position, self.first = index.heights[rows], index.position[rows], index.first[rows]
        n, length = self.heights.shape
        pattern = index.pattern[rows]
        self.number = pattern - pattern[0]
        edges = np.diff(index.masks[pattern[0] : pattern[-1] + 1].astype(np.int8), prepend=0, append=0)
        owner, self.edge = np.nonzero(edges)
        self.sign = -edges[owner, self.edge, None].astype(np.float64)
        self.begin = np.searchsorted(owner, np.arange(len(edges)))
        for power, (values, summed) in enumerate(zip(self.powers[:, :n], self.summed[:, :n], strict=True)):
            np.multiply(self.heights, self.heights if power else np.float32(1), out=values)
            chunks = values.reshape(-1, CHUNK)
            before = np.cumsum((chunks @ np.ones(CHUNK, np.float32)).reshape(n, -1), axis=1)
            values[:, CHUNK::CHUNK] += before[:, :-1]
            np.matmul(chunks, RUNNING, out=summed.reshape(-1, CHUNK))
            self.sums[power, :n, left : left + length] = summed
            self.sums[power, :n, left + length :] = before[:, -1:]

    def peaks(self, questioned: _Shifted) -> tuple[IntArray, Float32Array]:
        """Lag number of each row's highest masked correlation, and the values before it, there and after it."""
        n = len(self.heights)
        common, sum_q, squares_q = np.add.reduceat(questioned.sums[:, self.edge] * self.sign, self.begin, axis=1)
        per_point = 1.0 / np.maximum(common, 1.0)
        norm = np.sqrt(np.maximum(squares_q - np.square(sum_q) * per_point, self.floor))
        curve, own, total, spread = (each[:n] for each in (self.curve, self.own, self.total, self.spread))
        self._within(0, questioned, total)
        self._within(1, questioned, own)
        np.matmul(self.heights, questioned.columns, out=curve)
        curve -= np.multiply(total, self._by_row(sum_q * per_point), out=spread)
        curve *= self._by_row(1.0 / norm)
        np.square(total, out=total)
        own -= np.multiply(total, self._by_row(per_point), out=spread)
        curve /= np.sqrt(np.maximum(own, self.floor, out=own), out=own)
        allowed = common >= self.least
        if not allowed.all():
            curve[~allowed[self.number]] = REFUSED
        best = curve.argmax(axis=1)
        at = np.arange(0, curve.size, curve.shape[1]) + best
        return best, np.take(curve.ravel(), at + np.array([[-1], [0], [1]]), mode="clip")

    def _by_row(self, table: Array) -> Float32Array:
        narrow = table.astype(np.float32)
        if len(narrow) == 1:
            return narrow
        return np.take(narrow, self.number, axis=0, out=self.spread[: self.number.size], mode="clip")

    def _within(self, power: int, questioned: _Shifted, out: Float32Array) -> None:
        """Sum the heights or squares that face measured points of the questioned signature at each lag."""
        sums, lags = self.sums[power, : len(out)], out.shape[1]
        first, *others = (slice(at, at + lags) for at in questioned.edges)
        np.subtract(sums[:, others[0]], sums[:, first], out=out)
        for start, end in zip(others[1::2], others[2::2], strict=True):
            out += sums[:, end]
            out -= sums[:, start]


def _refined(near: Float32Array, inside: BoolArray) -> tuple[NDArray[Any], NDArray[Any]]:
    """Height and offset of the parabola through three neighbours; the middle one where a neighbour is missing."""
    left, peak, right = near
    inside &= (left > REFUSED) & (right > REFUSED) & (left + right < 2 * peak)
    slope = np.where(inside, left - right, np.float32(0))
    offset = slope / np.where(inside, 2 * (left - 2 * peak + right), np.float32(1))
    return np.minimum(peak - np.float32(0.25) * slope * offset, np.float32(1)), offset
