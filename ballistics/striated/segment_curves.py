"""Masked correlation of the segments of one signature with another, at several sizes.

Segments lie end to end; at each further size a segment is twice as long about the same middle and ends where
the signature ends. Signatures are centred, scaled, and zero where missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Number = TypeVar("Number", np.float32, np.float64)

SEGMENT_SHARE = 0.9
QUESTIONED_SHARE = 0.1
VARIANCE_FLOOR = np.float32(1e-5)
ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """How one signature is cut, and how much of a piece must be common to correlate it.

    Parameters
    ----------
    half : int
        Points in half a segment.
    begin, end : ndarray of int, shape (sizes, segments)
        First point of each piece and the point after its last.
    start : ndarray of int, shape (segments,)
        First point of each segment at its own size.
    need : ndarray, shape (sizes, segments)
        Least number of common points.
    first, columns : int
        First place on the other signature where a segment may begin, and number of such places.
    """

    half: int
    begin: IntArray
    end: IntArray
    start: IntArray
    need: FloatArray
    first: int
    columns: int

    @property
    def reach(self) -> int:
        """Points by which the largest size exceeds a segment on either side."""
        return int(self.half * (2 ** (len(self.need) - 1) - 1))


def cut(measured: BoolArray, other: BoolArray, half: int, usable: BoolArray, sizes: int) -> Pieces:
    """Cut a signature into segments of twice ``half`` points; the ``usable`` ones will be looked for."""
    start = 2 * half * np.arange(usable.size)
    grown = half * (2 ** np.arange(sizes)[:, None] - 1)
    begin, end = np.maximum(start - grown, 0), np.minimum(start + 2 * half + grown, measured.size)
    known = np.zeros(measured.size + 1)
    np.cumsum(measured, out=known[1:])
    need = np.minimum(SEGMENT_SHARE * (known[end] - known[begin]), QUESTIONED_SHARE * np.count_nonzero(other))
    need = np.where(usable, np.maximum(need, half), measured.size + 1.0)
    first = min(0, math.floor((need - (end - start)).min()))
    last = max(0, math.ceil((other.size - need - (begin - start)).max()))
    return Pieces(half=half, begin=begin, end=end, start=start, need=need, first=first, columns=last - first + 1)


def segment_curves(
    a: FloatArray, in_a: BoolArray, b: FloatArray, in_b: BoolArray, pieces: Pieces
) -> list[Float32Array]:
    """Correlation of every piece of ``a`` with ``b``, one array of shape (segments, columns) for each size.

    A column means the same place at every size: that where the segment at its own size begins, counted from
    `Pieces.first`. It is -inf where too few points are common or one side is constant.
    """
    first, columns = pieces.first, pieces.columns
    reach, half, count = pieces.reach, pieces.half, pieces.start.size
    own = np.zeros((3, 2 * half * count + 2 * reach), np.float32)
    inside = min(a.size, own.shape[1] - reach)
    own[:, reach : reach + inside] = a[:inside], a[:inside] ** 2, in_a[:inside]
    other = np.zeros((3, columns - 1 + 2 * reach + 2 * half), np.float32)
    seen = min(b.size, other.shape[1] - reach + first)
    other[:, reach - first : reach - first + seen] = b[:seen], b[:seen] ** 2, in_b[:seen]
    places = windows(other, columns + 2 * reach + half)
    blocks = own.reshape(3, -1, half)
    if in_a.all() and in_b.all() and b.size >= 2 * (reach + half):
        products = blocks[:1] @ places[:1]
        return _whole(_grown(products, pieces), _running_sums(own), _running_sums(other), pieces, b.size)
    products = np.empty((6, blocks.shape[1], places.shape[2]), np.float32)
    np.matmul(blocks[0], places[0], out=products[0])
    np.matmul(blocks[:2], places[2], out=products[1:3])
    np.matmul(blocks[2], places, out=products[3:])
    return [
        _correlation(total[0], total[1], total[2], _moments(total[3:], pieces.need[size]))
        for size, total in enumerate(_grown(products, pieces))
    ]


def windows(series: NDArray[Number], width: int) -> NDArray[Number]:
    """Every stretch of this width of contiguous rows, shape (..., places, width), as a view."""
    shape = (*series.shape[:-1], series.shape[-1] - width + 1, width)
    return np.ndarray(shape, series.dtype, series, strides=(*series.strides, series.itemsize))


def _grown(products: Float32Array, pieces: Pieces) -> Iterator[Float32Array]:
    """Add up half segments to segments, and to each doubling of them about their middle.

    ``products`` holds a sum for each half segment at every place on the other signature, shape (quantities,
    half segments, places). The array yielded is written over by the next size.
    """
    count, half, outside = pieces.start.size, pieces.half, pieces.reach // pieces.half

    def block(j: int) -> Float32Array:
        place = half * (outside + j)
        return products[:, outside + j :, place : place + pieces.columns][:, : 2 * count : 2]

    total = block(0) + block(1)
    yield total
    for size in range(1, len(pieces.need)):
        inner = 2 ** (size - 1)
        for j in (*range(1 - 2 * inner, 1 - inner), *range(inner + 1, 2 * inner + 1)):
            total += block(j)
        yield total


def _moments(sums: Float32Array, need: FloatArray) -> list[Float32Array]:
    """Number of points, mean, and one over the root of the power; the last is 0 where no correlation exists."""
    values, squares, counted = sums
    number = np.maximum(counted, ONE)
    mean = values / number
    power = squares - values * mean
    power[(counted < need.astype(np.float32)[:, None]) | (power <= VARIANCE_FLOOR * number)] = np.inf
    return [number, mean, ONE / np.sqrt(power)]


def _correlation(
    cross: Float32Array, own: Float32Array, own_square: Float32Array, moments: list[Float32Array]
) -> Float32Array:
    number, mean, root = moments
    power = own_square - own * own / number
    enough = (power > VARIANCE_FLOOR * number) & (root > 0.0)
    found: Float32Array = (cross - own * mean) * root
    found /= np.sqrt(np.where(enough, power, ONE))
    np.copyto(found, -np.inf, where=~enough)
    return found


def _whole(
    totals: Iterator[Float32Array], own: FloatArray, other: FloatArray, pieces: Pieces, other_size: int
) -> list[Float32Array]:
    """Correlate pieces without gaps with a signature without gaps, from running sums of both.

    Away from the ends of the other signature all points of a piece are common, so that the piece's own sums do
    not change with the place, and pieces of one length share the other signature's moments.
    """
    columns = pieces.columns
    low, high = (edge - pieces.start + pieces.reach for edge in (pieces.begin, pieces.end))
    spans = list(zip(low.ravel().tolist(), high.ravel().tolist(), pieces.need.ravel().tolist(), strict=True))
    different = {span: n for n, span in enumerate(dict.fromkeys(spans))}
    row = np.array([different[span] for span in spans]).reshape(low.shape)
    sums = np.empty((3, len(different), columns), np.float32)
    for (first, last, _), n in different.items():
        np.subtract(other[:, last : last + columns], other[:, first : first + columns], out=sums[:, n])
    moments = _moments(sums, np.array([need for *_, need in different]))
    _, mean, root = moments
    mean_root = mean * root

    grown = pieces.half * (2 ** np.arange(len(low)) - 1)[:, None, None]
    length = 2 * (pieces.half + grown)
    begin = pieces.start[:, None] + pieces.reach - grown
    from_begin, to_end = np.take(own, begin, axis=1), np.take(own, begin + length, axis=1)
    values, squares, number = to_end - from_begin
    power = squares - values * values / number
    flat = power <= VARIANCE_FLOOR * number
    deviation = np.sqrt(np.where(flat, 1.0, power)).astype(np.float32)
    values = values.astype(np.float32)

    inner = slice(pieces.reach - pieces.first, other_size - pieces.first - 2 * pieces.half - pieces.reach + 1)
    edges = np.concatenate([np.arange(inner.start), np.arange(inner.stop, columns)])
    shut = bool(flat.any()) or not root[:, inner].all()
    curves, at_edges = [], []
    for size, (total,) in enumerate(totals):
        found: Float32Array = total * root[row[size]]
        found -= values[size] * mean_root[row[size]]
        found /= deviation[size]
        if shut:
            np.copyto(found, -np.inf, where=flat[size] | (root == 0.0)[row[size]])
        curves.append(found)
        at_edges.append(np.take(total, edges, axis=1))

    place, entering = edges + pieces.first - grown, edges < inner.start
    bound = np.clip(np.where(entering, 0, other_size) - place, 0, length)
    there = np.take(own[:2], begin + bound, axis=1)
    values, squares = np.where(entering, to_end[:2] - there, there - from_begin[:2]).astype(np.float32)
    moments = [np.take(np.take(each, edges, axis=1), row, axis=0) for each in moments]
    for curve, edge in zip(curves, _correlation(np.stack(at_edges), values, squares, moments), strict=True):
        curve[:, inner.stop :] = edge[:, inner.start :]
        curve[:, : inner.start] = edge[:, : inner.start]
    return curves


def _running_sums(series: Float32Array) -> FloatArray:
    summed = np.zeros((len(series), series.shape[1] + 1))
    np.cumsum(series, axis=1, out=summed[:, 1:])
    return summed
