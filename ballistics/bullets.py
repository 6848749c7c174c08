"""Compare two bullets: every land with every land, and the order in which they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ballistics.correlation import Correlations, correlate_signatures
from ballistics.parameters import StriatedSet
from ballistics.striated import Signature, mirrored_signature

Array = NDArray[np.float64]

FEWEST_LANDS, MOST_LANDS = 3, 12
EXACT_LANDS = 7
SHUFFLES = 5000
MIRROR_ADVANTAGE = 0.2
FEWEST_PAIRS = 2

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
        The questioned land that faces the reference's first one, counted from 0, at the best phase.
    direction : {"same", "reversed"}
        Whether both bullets' lands run in the same order there.
    p_value : float
        Share of all ways to pair the lands whose best phase is at least as good (exact up to 7 lands).
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
        return float(self.averages[int(self.direction == "reversed"), self.phase])

    @property
    def other_phases(self) -> float:
        """Highest mean correlation at any other phase of the same direction; NaN if there is none.

        Phases of the other direction share land pairs with the best one and say nothing about chance.
        """
        others = np.delete(self.averages[int(self.direction == "reversed")], self.phase)
        return float(np.nanmax(others)) if np.isfinite(others).any() else math.nan

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
    """
    n = reference.lands
    if n != questioned.lands:
        return NoBulletComparison(
            reason=f"class difference: {n} lands on {reference.name}, {questioned.lands} on {questioned.name}"
        )
    if not FEWEST_LANDS <= n <= MOST_LANDS:
        return NoBulletComparison(
            reason=f"{n} lands found; bullets of {FEWEST_LANDS} to {MOST_LANDS} lands can be compared"
        )
    for bullet in (reference, questioned):
        if sum(each is not None for each in bullet.signatures) < FEWEST_PAIRS:
            return NoBulletComparison(
                reason=f"{bullet.name} has fewer than {FEWEST_PAIRS} usable lands: " + "; ".join(bullet.notes)
            )
    plain, flipped = (
        correlate_signatures(reference.signatures, each.signatures, parameters.lags)
        for each in (questioned, mirrored_bullet(questioned))
    )
    chosen, other = (flipped, plain) if mirror else (plain, flipped)
    averages = _averages(chosen.ccf)
    if not np.isfinite(averages).any():
        return NoBulletComparison(reason="no phase has two lands that both bullets show")
    row, phase = np.unravel_index(int(np.nanargmax(averages)), averages.shape)
    best = float(averages[row, phase])
    warnings = [*(f"{b.name}: {note}" for b in (reference, questioned) for note in b.notes)]
    rival = _averages(other.ccf)
    if np.isfinite(rival).any() and float(np.nanmax(rival)) > best + MIRROR_ADVANTAGE:
        warnings.append(
            f"the mirror image of one bullet agrees far better (sequence average {np.nanmax(rival):.2f} against "
            f"{best:.2f}): one set of scans is probably mirrored. Compare again "
            f"{'without' if mirror else 'with'} --mirror"
        )
    return BulletComparison(
        reference=reference,
        questioned=mirrored_bullet(questioned) if mirror else questioned,
        parameters=parameters,
        correlations=chosen,
        averages=averages,
        phase=int(phase),
        direction="same" if row == 0 else "reversed",
        p_value=_p_value(chosen.ccf, best),
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


def _averages(ccf: Array) -> Array:
    """Mean along every phase, for lands in the same order and in the reversed one; shape (2, n)."""
    n = len(ccf)
    land = np.arange(n)
    places = np.stack([(land[:, None] + land[None]) % n, (land[:, None] - land[None]) % n])
    values = ccf[land[None, None], places]
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count >= FEWEST_PAIRS, total / np.maximum(count, 1), np.nan)


def _p_value(ccf: Array, best: float) -> float:
    """Permutation test: how often the best phase is as good when the questioned lands are shuffled.

    All orders are tried up to seven lands, 5000 random ones (fixed seed) beyond.
    """
    n = len(ccf)
    if n <= EXACT_LANDS:
        orders = np.array(list(permutations(range(n))))
    else:
        rng = np.random.default_rng(0)
        orders = np.stack([np.arange(n), *(rng.permutation(n) for _ in range(SHUFFLES))])
    land = np.arange(n)
    known = np.isfinite(ccf)
    filled = np.where(known, ccf, 0.0)
    reached = np.full(len(orders), -np.inf)
    for step in (1, -1):
        for phase in range(n):
            columns = orders[:, (phase + step * land) % n]
            count = known[land, columns].sum(axis=1)
            mean = filled[land, columns].sum(axis=1) / np.maximum(count, 1)
            reached = np.maximum(reached, np.where(count >= FEWEST_PAIRS, mean, -np.inf))
    return float(np.mean(reached >= best - 1e-12))
