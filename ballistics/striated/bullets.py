"""Compare two bullets: every land with every land, and the order in which they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ballistics.language import Message, joined
from ballistics.parameters import StriatedSet
from ballistics.striated.correlation import Correlations, correlate_signatures
from ballistics.striated.signature import Signature, mirrored_signature

Array = NDArray[np.float64]

FEWEST_LANDS, MOST_LANDS = 3, 12
EXACT_LANDS = 8
SHUFFLES = 5000
MIRROR_ADVANTAGE = 0.2
FEWEST_PAIRS, FEW_PAIRS = 2, 4

Direction = Literal["same", "reversed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bullet:
    """The lands of one bullet in the order in which they were scanned.

    Parameters
    ----------
    name : str
        What the bullet is called.
    signatures : tuple of Signature or None
        One entry a land; None for a land that is missing or gave no signature.
    notes : tuple of str
        What happened to missing lands, and what else a person should know.
    """

    name: str
    signatures: tuple[Signature | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def lands(self) -> int:
        """Number of lands, missing ones included."""
        return len(self.signatures)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BulletComparison:
    """How two bullets agree, land by land and as a sequence.

    Parameters
    ----------
    reference, questioned : Bullet
        The two bullets; the questioned one mirrored if ``mirrored``.
    correlations : Correlations
        Land by land, reference in rows.
    averages : ndarray, shape (2, n)
        Mean correlation along each phase, for lands in the same and in the reversed order; NaN where fewer than
        two land pairs exist.
    phase : int
        The questioned land that faces the reference's first one, counted from 0, at the best phase: the one whose
        mean exceeds chance most for its number of pairs, see `compare_bullets`.
    direction : {"same", "reversed"}
        Whether both bullets' lands run in the same order there.
    p_value : float
        Share of all orders of one bullet's lands whose best phase exceeds chance at least as much: of the
        reference's or of the questioned ones, whichever is larger. Exact up to 8 lands.
    mirrored : bool
        Whether the questioned lands were mirrored for this comparison.
    """

    reference: Bullet
    questioned: Bullet
    parameters: StriatedSet
    correlations: Correlations
    averages: Array
    phase: int
    direction: Direction
    p_value: float
    mirrored: bool
    warnings: tuple[str, ...] = ()

    @property
    def sequence_average(self) -> float:
        """Mean correlation of the land pairs at the best phase: the score of the pair of bullets."""
        return float(self.averages[self._row, self.phase])

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of land pairs behind each of the averages, shape (2, n)."""
        found: NDArray[np.int64] = np.isfinite(_along_phases(self.correlations.ccf)).sum(axis=-1)
        return found

    @property
    def other_phase(self) -> int | None:
        """The other phase of the same direction whose mean is highest; None if there is none.

        A mean of few pairs is high by chance, so only phases with as many pairs as the best one are looked at, or,
        where none has so many, those with the most. Phases of the other direction share land pairs with the best
        one and say nothing about chance.
        """
        count, means = self.counts[self._row], self.averages[self._row]
        others = np.arange(count.size) != self.phase
        enough = count >= min(count[self.phase], count[others].max())
        means = np.where(others & enough, means, np.nan)
        return int(np.nanargmax(means)) if np.isfinite(means).any() else None

    @property
    def other_phases(self) -> float:
        """Mean correlation at `other_phase`, for comparison with the sequence average; NaN if there is none."""
        other = self.other_phase
        return math.nan if other is None else float(self.averages[self._row, other])

    @property
    def other_pairs(self) -> int:
        """Number of land pairs at `other_phase`; 0 if there is none."""
        other = self.other_phase
        return 0 if other is None else int(self.counts[self._row, other])

    @property
    def smallest_p_value(self) -> float:
        """The p-value if the pairs of this phase agreed and no others did: with these lands none is smaller."""
        ideal = np.where(np.isfinite(self.correlations.ccf), 0.0, np.nan)
        for pair in self.pairs:
            ideal[pair] += 1.0
        return _p_value(ideal)

    @property
    def _row(self) -> int:
        return int(self.direction == "reversed")

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Reference and questioned land of each pair at the best phase, counted from 0."""
        n = self.reference.lands
        step = 1 if self.direction == "same" else -1
        return tuple((land, (self.phase + step * land) % n) for land in range(n))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBulletComparison:
    """The bullets were not compared; falsy, with the reason."""

    reason: str
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Report that there is no comparison."""
        return False


def compare_bullets(
    reference: Bullet, questioned: Bullet, parameters: StriatedSet, *, mirror: bool = False
) -> BulletComparison | NoBulletComparison:
    """Compare two bullets over every phase and in both orders of their lands.

    Parameters
    ----------
    reference, questioned : Bullet
        Of the same number of lands, 3 to 12, missing ones included.
    parameters : StriatedSet
        Of the signatures; its ``lags`` are used.
    mirror : bool
        Mirror the questioned lands first, for scans that were exported as mirror images.

    Returns
    -------
    BulletComparison or NoBulletComparison
        Falsy with the reason when the numbers of lands differ, which is a difference of class, or when there is
        too little to compare. When the mirror image agrees much better, a warning proposes ``mirror``; it is
        never applied unasked.

    Notes
    -----
    Where lands are missing, phases have different numbers of pairs, and the mean of two pairs is high by chance
    more often than that of four. So the best phase is the one whose mean exceeds the median of all land pairs
    by most standard errors: by the largest excess times the root of its number of pairs. Without missing lands
    it has the highest mean. The phase test compares phases in the same way.
    """
    n = reference.lands
    if n != questioned.lands:
        return NoBulletComparison(
            reason=Message(
                "class difference: {lands} lands on {first}, {others} on {second}",
                lands=n,
                first=reference.name,
                others=questioned.lands,
                second=questioned.name,
            )
        )
    if not FEWEST_LANDS <= n <= MOST_LANDS:
        return NoBulletComparison(
            reason=Message(
                "{lands} lands found; bullets of {fewest} to {most} lands can be compared",
                lands=n,
                fewest=FEWEST_LANDS,
                most=MOST_LANDS,
            )
        )
    for bullet in (reference, questioned):
        if sum(each is not None for each in bullet.signatures) < FEWEST_PAIRS:
            return NoBulletComparison(
                reason=Message(
                    "{name} has fewer than {fewest} usable lands: {notes}",
                    name=bullet.name,
                    fewest=FEWEST_PAIRS,
                    notes=joined(bullet.notes),
                )
            )
    plain, flipped = (
        correlate_signatures(reference.signatures, each.signatures, parameters.lags)
        for each in (questioned, mirrored_bullet(questioned))
    )
    chosen, other = (flipped, plain) if mirror else (plain, flipped)
    averages = _averages(chosen.ccf)
    if not np.isfinite(averages).any():
        return NoBulletComparison(reason=Message("no phase has two lands that both bullets show"))
    row, phase = _best_phase(chosen.ccf)
    best, rival = float(averages[row, phase]), float(_averages(other.ccf)[_best_phase(other.ccf)])
    warnings = [
        Message("{name}: {note}", name=each.name, note=note)
        for each in (reference, questioned)
        for note in each.notes
    ]
    count = int(np.isfinite(_along_phases(chosen.ccf)[row, phase]).sum())
    if count < FEW_PAIRS:
        warnings.append(
            Message(
                "the sequence average is the mean of only {count} land pairs: with fewer than {few}, other phases "
                "and other barrels come near it by chance",
                count=count,
                few=FEW_PAIRS,
            )
        )
    if rival > best + MIRROR_ADVANTAGE:
        warnings.append(
            Message(
                "the mirror image of one bullet agrees far better (sequence average {rival:.2f} against "
                "{found:.2f}): one set of scans is probably mirrored. Compare again {way} --mirror",
                rival=rival,
                found=best,
                way=Message("without") if mirror else Message("with"),
            )
        )
    return BulletComparison(
        reference=reference,
        questioned=mirrored_bullet(questioned) if mirror else questioned,
        parameters=parameters,
        correlations=chosen,
        averages=averages,
        phase=phase,
        direction="same" if row == 0 else "reversed",
        p_value=_p_value(chosen.ccf),
        mirrored=mirror,
        warnings=tuple(warnings),
    )


def mirrored_bullet(bullet: Bullet) -> Bullet:
    """Return the bullet with every land mirrored, in the same order."""
    return Bullet(
        name=bullet.name,
        signatures=tuple(None if each is None else mirrored_signature(each) for each in bullet.signatures),
        notes=bullet.notes,
    )


def _along_phases(ccf: Array) -> Array:
    """The land pairs of every phase, for lands in the same order and in the reversed one; shape (..., 2, n, n)."""
    land = np.arange(ccf.shape[-1])
    places = np.stack([land[:, None] + land, land[:, None] - land]) % land.size
    return ccf[..., land, places]


def _averages(ccf: Array) -> Array:
    """Mean along every phase; NaN where it has fewer than two pairs."""
    total, count = _sums(ccf)
    return np.where(count >= FEWEST_PAIRS, total / np.maximum(count, 1), np.nan)


def _strengths(above: Array) -> Array:
    """Sum along every phase over the root of its number of pairs; -inf where it has fewer than two."""
    total, count = _sums(above)
    return np.where(count >= FEWEST_PAIRS, total / np.sqrt(np.maximum(count, 1)), -np.inf)


def _sums(values: Array) -> tuple[Array, NDArray[np.int64]]:
    pairs = _along_phases(values)
    known = np.isfinite(pairs)
    return np.where(known, pairs, 0.0).sum(axis=-1), known.sum(axis=-1)


def _above_chance(ccf: Array) -> Array:
    """Correlations less their median: most pairs of lands do not belong together, whatever the bullets."""
    known = ccf[np.isfinite(ccf)]
    above: Array = ccf - (np.median(known) if known.size else 0.0)
    return above


def _best_phase(ccf: Array) -> tuple[int, int]:
    """Row of the averages and phase that exceed chance most."""
    strengths = _strengths(_above_chance(ccf))
    row, phase = np.unravel_index(int(strengths.argmax()), strengths.shape)
    return int(row), int(phase)


def _p_value(ccf: Array) -> float:
    """Permutation test: how often the best phase is as good when the lands of one bullet are shuffled.

    Where lands are missing it matters which bullet's; the larger share counts.
    """
    orders = _orders(len(ccf))
    shares = []
    for above in (_above_chance(ccf), _above_chance(ccf).T):
        reached = _strengths(above[:, orders].swapaxes(0, 1)).max(axis=(1, 2))
        shares.append(float(np.mean(reached >= _strengths(above).max() - 1e-12)))
    return max(shares)


def _orders(n: int) -> NDArray[np.int64]:
    """Orders of the lands to try: all up to eight lands, 5000 random ones (fixed seed) beyond.

    The turns and the reversal of an order have the same best phase, so one of these is enough.
    """
    if n <= EXACT_LANDS:
        return np.array([(0, *rest) for rest in permutations(range(1, n)) if rest[0] < rest[-1]])
    rng = np.random.default_rng(0)
    return np.stack([np.arange(n), *(rng.permutation(n) for _ in range(SHUFFLES))])
