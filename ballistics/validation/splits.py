"""Splits by firearm: which calibrator may judge which pair, so that nothing known to it is judged by it.

A known non-match has two firearms, and both are left out. Not only the calibrator, the bound too comes from pairs
that share no firearm with the judged pair.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from ballistics.errors import EvidenceError
from ballistics.evidence.bounds import Bounds, elub, invariance_bounds
from ballistics.evidence.calibration import Fit
from ballistics.evidence.held_out import held_out
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled import BoolArray, FloatArray
from ballistics.evidence.method import Method
from ballistics.evidence.names import plain_name
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.seal import Part
from ballistics.language import Message

BoundMethod = Literal["elub", "invariance"]
Derivation = Literal["nested", "not nested", "population"]
FindBound = Callable[[ArrayLike, ArrayLike], Bounds]

BOUNDS: dict[BoundMethod, FindBound] = {"elub": elub, "invariance": invariance_bounds}
BOUND_GROUPS = 6
RANK_DIGITS = 8
DIGITS = 9
NOT_NESTED = Message(
    "Without the firearms of the judged pair too few are left to leave out more, so likelihood ratios that the "
    "bound comes from are of calibrators that knew the firearms of the judged pair."
)


class Split(Part):
    """How pairs are divided into those that a calibrator knows and those that it judges.

    Parameters
    ----------
    name : str
        ``"leave one firearm out"``, ``"repeated folds"`` or ``"untouched"``.
    groups : int, 2 or more
        Firearms are dealt into so many groups: in the order of their names when one is left out (with fewer
        firearms every group is one of them), at random for folds. Not for ``"untouched"``.
    repeats, seed : int
        Of ``"repeated folds"`` alone: how often firearms are dealt, and where the dealing starts from.

    Examples
    --------
    >>> Split.leave_one_out().groups, Split.repeated_folds(repeats=3).repeats, Split.untouched().groups
    (20, 3, None)
    """

    name: Literal["leave one firearm out", "repeated folds", "untouched"]
    groups: Annotated[int, Field(ge=2, le=1000)] | None = None
    repeats: Annotated[int, Field(ge=1, le=1000)] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.groups is None) != (self.name == "untouched"):
            raise ValueError("groups go with every split but the untouched one")
        if {self.repeats is None, self.seed is None} != {self.name != "repeated folds"}:
            raise ValueError("repeats and seed go with repeated folds, and only with them")
        return self

    @classmethod
    def leave_one_out(cls, *, groups: int = 20) -> Self:
        """Leave out both firearms of a pair; with more firearms than groups, the groups of both."""
        return cls(name="leave one firearm out", groups=groups)

    @classmethod
    def repeated_folds(cls, *, folds: int = 5, repeats: int = 5, seed: int = 1) -> Self:
        """Deal firearms at random into folds, several times over; leave out the folds of both firearms."""
        return cls(name="repeated folds", groups=folds, repeats=repeats, seed=seed)

    @classmethod
    def untouched(cls) -> Self:
        """Judge every pair by the calibrator and the bound of a population that is given."""
        return cls(name="untouched")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """log10 LRs of known pairs, each from a calibrator and a bound that know neither of its firearms.

    Parameters
    ----------
    log10_lr, unbounded : ndarray, shape (n,)
        Within the bounds, and as the calibrator gave them; the median over repeats.
    lower, upper : ndarray, shape (n,)
        The bounds that each pair met; the median over repeats.
    repeated : ndarray, shape (repeats, n)
        Bounded values of every repeat.
    derivation : str
        Where the bounds are from. ``"nested"``: from pairs that share no firearm with the judged one, each judged
        by fits that know neither its own firearms nor those of the judged pair. ``"not nested"``: the same pairs,
        but the fits that judged them may have known the firearms of the judged pair. ``"population"``: those of
        the population.
    derivation_reason : str
        Why they are not nested.
    groups, fits : int
        Groups of firearms, and calibrators that were fitted to judge pairs (those for bounds not counted).
    """

    log10_lr: FloatArray
    unbounded: FloatArray
    lower: FloatArray
    upper: FloatArray
    repeated: FloatArray
    derivation: Derivation
    derivation_reason: str = ""
    groups: int
    fits: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Once:
    unbounded: FloatArray
    lower: FloatArray
    upper: FloatArray
    nested: bool
    groups: int
    fits: int


def judge(pairs: KnownPairs, method: Method, split: Split, *, bound: BoundMethod = "elub") -> Judged:
    """Return the log10 LR of every pair from a fit, and within a bound, that know neither of its firearms.

    Parameters
    ----------
    pairs : KnownPairs
        Both kinds.
    method : Method
        How calibrators are fitted.
    split : Split
        Any but the untouched one.
    bound : str
        ``"elub"`` or ``"invariance"``.

    Raises
    ------
    EvidenceError
        If what is left after leaving out firearms cannot be fitted or bounded, or the split is ``"untouched"``
        (see `apply_population`).

    Notes
    -----
    What is tried is the whole procedure by which a reference population is built, calibrator and bound, on the
    pairs that share no firearm with the judged one. For the bound the groups of firearms are put together into 6
    at most, so that this stays quick: a few firearms more are left out than would have to be. Where so few
    firearms remain that nothing can be fitted, bounds are not nested, and ``derivation`` says so.

    Over repeats a pair has the median of its values, each of which obeys the split.

    Examples
    --------
    >>> guns = [f"gun {i}" for i in range(12)]
    >>> first, second = np.triu_indices(12)
    >>> rng = np.random.default_rng(5)
    >>> pairs = KnownPairs.from_columns(
    ...     {"ccf": rng.normal(np.where(first == second, 0.8, 0.3), 0.1)},
    ...     firearms=([guns[i] for i in first], [guns[i] for i in second]),
    ...     items=([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    ... )
    >>> found = judge(pairs, Method.default("one score"), Split.leave_one_out())
    >>> found.derivation, found.fits, bool((found.log10_lr <= found.upper).all())
    ('nested', 78, True)
    """
    if split.groups is None:
        raise EvidenceError("the untouched split judges by a population that is given; use apply_population")
    table, same = pairs.table, pairs.same
    names, places = np.unique(np.array(pairs.firearms), return_inverse=True)
    places = places.reshape(2, -1)
    orders = [np.arange(len(names))]
    if split.repeats is not None:
        rng = np.random.default_rng(split.seed)
        orders = [rng.permutation(len(names)) for _ in range(split.repeats)]
    runs = [
        _once(method.fit, BOUNDS[bound], table, same, names[places], order[places], split.groups)
        for order in orders
    ]
    unbounded = np.array([run.unbounded for run in runs])
    lower, upper = np.array([run.lower for run in runs]), np.array([run.upper for run in runs])
    repeated = np.clip(unbounded, lower, upper)
    nested = all(run.nested for run in runs)
    return Judged(
        log10_lr=_rounded(np.median(repeated, axis=0)),
        unbounded=_rounded(np.median(unbounded, axis=0)),
        lower=_rounded(np.median(lower, axis=0)),
        upper=_rounded(np.median(upper, axis=0)),
        repeated=_rounded(repeated),
        derivation="nested" if nested else "not nested",
        derivation_reason="" if nested else NOT_NESTED,
        groups=runs[0].groups,
        fits=sum(run.fits for run in runs),
    )


def apply_population(pairs: KnownPairs, population: ReferencePopulation) -> Judged:
    """Return the log10 LR of every pair from the calibrator and the bound of a population, as they are.

    Raises
    ------
    EvidenceError
        If pairs and population share a firearm, or do not have the same columns of scores.

    Notes
    -----
    Every pair gets a value, also those whose score lies beyond what the population supports, for which casework
    would get none: see `ballistics.evidence.scope.outside`.
    """
    if tuple(pairs.scores) != tuple(population.pairs.scores):
        raise EvidenceError(
            f"the pairs have the scores {', '.join(pairs.scores)}, the population {population.description.name} "
            f"has {', '.join(population.pairs.scores)}; both must be the same"
        )
    check_firearms(pairs, population)
    limits, unbounded = population.bounds, population.calibrator.log10_lr(pairs.table)
    found = limits.apply(unbounded)
    return Judged(
        log10_lr=_rounded(found.log10_lr),
        unbounded=_rounded(unbounded),
        lower=_rounded(np.full(len(pairs), limits.lower)),
        upper=_rounded(np.full(len(pairs), limits.upper)),
        repeated=_rounded(found.log10_lr[None]),
        derivation="population",
        groups=1,
        fits=0,
    )


def check_firearms(pairs: KnownPairs, population: ReferencePopulation) -> None:
    """Refuse pairs that share a firearm with a population.

    Raises
    ------
    EvidenceError
        If they do; the message names the firearms.
    """
    known = {plain_name(name) for name in population.pairs.firearm_names}
    if shared := sorted(name for name in pairs.firearm_names if plain_name(name) in known):
        raise EvidenceError(
            f"{len(shared)} firearms are in the pairs and in the population {population.description.name}: "
            f"{', '.join(shared[:5])}; what the calibrator knows cannot be validated on it: leave them out of one"
        )


def _once(
    fit: Fit,
    find: FindBound,
    table: FloatArray,
    same: BoolArray,
    firearms: NDArray[np.str_],
    ranks: NDArray[np.intp],
    groups: int,
) -> _Once:
    """Judge every pair once; ``firearms`` and ``ranks``, in whose order they are dealt, have the shape (2, n)."""
    names = np.char.add(np.char.zfill(ranks.astype(np.str_), RANK_DIGITS), firearms)
    try:
        unseen = held_out(fit, table, *names, groups=groups)
    except EvidenceError as error:
        raise EvidenceError(re.sub(rf"\b\d{{{RANK_DIGITS}}}", "", str(error))) from error
    low, high = np.sort(ranks % unseen.groups % BOUND_GROUPS, axis=0)
    folds = np.unique(np.column_stack([low, high]), axis=0)
    judged = [(low == one) & (high == other) for one, other in folds]
    kept = [~(np.isin(low, fold) | np.isin(high, fold)) for fold in folds]
    nested = True
    try:
        limits = [
            find(held_out(fit, table[rows], *names[:, rows], groups=BOUND_GROUPS).log10_lr, same[rows])
            for rows in kept
        ]
    except EvidenceError:
        nested = False
        limits = [_bounds_of_rest(find, unseen.log10_lr[rows], same[rows]) for rows in kept]
    lower, upper = np.empty((2, len(same)))
    for rows, limit in zip(judged, limits, strict=True):
        lower[rows], upper[rows] = limit.lower, limit.upper
    return _Once(
        unbounded=unseen.log10_lr,
        lower=lower,
        upper=upper,
        nested=nested,
        groups=unseen.groups,
        fits=unseen.fits,
    )


def _bounds_of_rest(find: FindBound, log10_lr: FloatArray, same: BoolArray) -> Bounds:
    try:
        return find(log10_lr, same)
    except EvidenceError as error:
        raise EvidenceError(f"with two groups of firearms left out no bound can be found ({error})") from error


def _rounded(values: FloatArray) -> FloatArray:
    """Round to the digits of a record, so that its measures follow from it: what ties there must tie here."""
    return np.char.mod(f"%.{DIGITS}g", values).astype(np.float64)
