"""Pair the keypoints of two pictures: nearest in both directions, then of one rotation and one scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.features import Features
from imaging.threads import one_blas_thread

IndexArray = NDArray[np.intp]

ROWS_AT_ONCE = 64
ROTATION_BIN_DEG = 10.0
SCALE_BIN = 0.25
LARGEST_LOG_SCALE = 2.0
ROTATION_REACH_DEG = 30.0
SCALE_REACH = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Keypoints that were paired.

    Parameters
    ----------
    reference, questioned : ndarray, shape (m,), intp
        Indices into the two `Features`; each occurs once at most.
    distance : ndarray, shape (m,), float32
        Differing bits, or Euclidean distance.
    """

    reference: IndexArray
    questioned: IndexArray
    distance: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.reference)

    def __getitem__(self, keep: NDArray[Any]) -> Matches:
        """Return some of the matches, by a mask or by indices."""
        return Matches(
            reference=self.reference[keep], questioned=self.questioned[keep], distance=self.distance[keep]
        )


def match(reference: Features, questioned: Features, *, ratio: float = 1.0) -> Matches:
    """Pair each keypoint with its nearest where that is mutual.

    Parameters
    ----------
    reference, questioned : Features
        Of one extractor.
    ratio : float
        A match must be nearer than this share of the second nearest on either side, above 0 to 1. At 1 only
        the mutual choice counts, which keeps more true matches where marks are faint; what is false among them
        is for `consistent` and the robust fit to find.

    Returns
    -------
    Matches
        In the order of the reference's keypoints. A keypoint with two nearest ones at equal distance has no
        match. Swapping the pictures pairs the same keypoints.

    Raises
    ------
    ParameterError
        If the features are of different extractors or the ratio is out of range.

    Examples
    --------
    >>> from imaging.extractors import Orb
    >>> found = Orb(points=50).extract(np.random.default_rng(1).integers(0, 255, (99, 99), np.uint8))
    >>> len(match(found, found))
    50
    """
    return next(match_many(questioned, [reference], ratio=ratio))


def match_many(questioned: Features, references: Iterable[Features], *, ratio: float = 1.0) -> Iterator[Matches]:
    """Pair the keypoints of one picture with those of many, one after the other; see `match`.

    Notes
    -----
    Distances of bits are counted on 64 bits at a time in blocks that stay in the cache; distances of numbers
    are one matrix product.
    """
    if not 0.0 < ratio <= 1.0:
        raise ParameterError(f"A ratio of {ratio:g} found; above 0 to 1 is possible.")
    words = _words(questioned)
    for reference in references:
        if (reference.extractor, reference.metric) != (questioned.extractor, questioned.metric):
            raise ParameterError(
                f"Features of {reference.extractor!r} and {questioned.extractor!r} found; extract both alike."
            )
        if reference.descriptors.shape[1] != questioned.descriptors.shape[1]:
            raise ParameterError(
                f"Descriptors of {reference.descriptors.shape[1]} and {questioned.descriptors.shape[1]} columns "
                "found; extract both alike."
            )
        if not len(reference) or not len(questioned):
            none = np.zeros(0, np.intp)
            yield Matches(reference=none, questioned=none, distance=np.zeros(0, np.float32))
        elif questioned.metric == "hamming":
            yield _mutual(_bit_distances(_words(reference), words), ratio, squared=False)
        else:
            yield _mutual(_squared_distances(_words(reference), words), ratio, squared=True)


def consistent(
    matches: Matches,
    reference: Features,
    questioned: Features,
    *,
    fixed_scale: float | None = None,
    candidates: int = 3,
) -> tuple[Matches, ...]:
    """Group the matches that agree on one rotation and one scale.

    Every keypoint has a direction and a size, so each match by itself says how far the mark was turned and
    magnified. Around each of the densest places of these votes, matches within 30 degrees and half an octave
    are kept. Chance matches vote all over and are mostly gone.

    Parameters
    ----------
    matches : Matches
    reference, questioned : Features
        What the matches index.
    fixed_scale : float, optional
        Questioned pixels for one reference pixel, where known: only matches within half an octave of it vote.
    candidates : int
        How many places to look at, 1 or more. A faint mark is not always the densest.

    Returns
    -------
    tuple of Matches
        Densest first, at most as many as candidates, none empty.

    Raises
    ------
    ParameterError
        If the scale is not positive and finite, or there are no candidates.
    """
    if fixed_scale is not None and not 0.0 < fixed_scale < math.inf:
        raise ParameterError(f"A scale of {fixed_scale:g} found; it must be positive and finite.")
    if candidates < 1:
        raise ParameterError(f"{candidates} candidates found; 1 or more are possible.")
    turn = questioned.angle_deg[matches.questioned] - reference.angle_deg[matches.reference]
    octave = np.log2(questioned.size[matches.questioned] / reference.size[matches.reference])
    expected, reach = (0.0, LARGEST_LOG_SCALE) if fixed_scale is None else (math.log2(fixed_scale), SCALE_REACH)
    voting = np.flatnonzero(np.abs(octave - expected) <= reach + 1e-3)
    turn, octave = turn[voting], octave[voting] - expected
    bins = round(360.0 / ROTATION_BIN_DEG), 2 * round(LARGEST_LOG_SCALE / SCALE_BIN) + 1
    row = np.rint(turn / ROTATION_BIN_DEG).astype(np.intp) % bins[0]
    column = np.rint((octave + LARGEST_LOG_SCALE) / SCALE_BIN).astype(np.intp)
    votes = np.bincount(row * bins[1] + column, minlength=bins[0] * bins[1]).reshape(bins).astype(np.float32)
    density = scipy.ndimage.uniform_filter(votes, (5, 3), mode=("wrap", "constant"))
    groups = []
    for _ in range(candidates):
        peak_row, peak_column = np.unravel_index(density.argmax(), bins)
        if not density[peak_row, peak_column] > 1e-6:
            break
        scale = peak_column * SCALE_BIN - LARGEST_LOG_SCALE
        near = np.abs(_apart(turn, peak_row * ROTATION_BIN_DEG)) <= ROTATION_REACH_DEG
        near &= np.abs(octave - scale) <= SCALE_REACH
        groups.append(matches[voting[near]])
        taken = (
            np.abs(_apart(np.arange(bins[0]) * ROTATION_BIN_DEG, peak_row * ROTATION_BIN_DEG))
            <= ROTATION_REACH_DEG
        )
        density[np.ix_(taken, np.abs(np.arange(bins[1]) - peak_column) * SCALE_BIN <= SCALE_REACH)] = 0.0
    return tuple(group for group in groups if len(group))


def _apart(first: NDArray[Any], second: float) -> NDArray[Any]:
    return (first - second + 180.0) % 360.0 - 180.0


def _words(features: Features) -> NDArray[Any]:
    """Descriptors as rows of 64 bits, or as float32."""
    if features.metric == "euclidean":
        return features.descriptors.astype(np.float32)
    spare = -features.descriptors.shape[1] % 8
    return np.ascontiguousarray(np.pad(features.descriptors, ((0, 0), (0, spare)))).view(np.uint64)


def _bit_distances(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint16]:
    columns = np.ascontiguousarray(second.T)
    distances = np.zeros((len(first), len(second)), np.uint16)
    for start in range(0, len(first), ROWS_AT_ONCE):
        rows, block = (part[start : start + ROWS_AT_ONCE] for part in (first, distances))
        for k, words in enumerate(columns):
            block += np.bitwise_count(rows[:, k, None] ^ words)
    return distances


@one_blas_thread()
def _squared_distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    own, other = (np.einsum("ij,ij->i", each, each) for each in (first, second))
    return np.maximum(own[:, None] + other - 2.0 * (first @ second.T), 0.0)  # type: ignore[no-any-return]


def _mutual(distances: NDArray[Any], ratio: float, *, squared: bool) -> Matches:
    nearest = distances.argmin(axis=1)
    row_least = distances[np.arange(len(distances)), nearest]
    column_least = distances.min(axis=0)
    lone_row = np.count_nonzero(distances == row_least[:, None], axis=1) == 1
    lone_column = np.count_nonzero(distances == column_least, axis=0) == 1
    rows = np.flatnonzero((row_least == column_least[nearest]) & lone_row & lone_column[nearest])
    columns, best = nearest[rows], row_least[rows].astype(np.float32)
    if ratio < 1.0:
        seconds = [
            np.partition(part, 1, axis=1)[:, 1] if part.shape[1] > 1 else np.full(len(part), np.inf)
            for part in (distances[rows], distances[:, columns].T)
        ]
        keep = best < (ratio * ratio if squared else ratio) * np.minimum(*seconds)
        rows, columns, best = rows[keep], columns[keep], best[keep]
    return Matches(reference=rows, questioned=columns, distance=np.sqrt(best) if squared else best)
