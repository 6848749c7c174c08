"""Measures of likelihood ratios of known pairs, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field
from scipy.special import betaincinv
from scipy.stats import rankdata

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.bounds import split
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.performance import NotDefined, cllr, cllr_cal, cllr_min, devpav, misleading
from ballistics.evidence.performance_curves import error_tradeoff
from ballistics.evidence.seal import Part
from ballistics.language import Message
from ballistics.validation.splits import Judged

STRENGTHS = (1, 10, 100)
LEVEL = 0.95
DRAWS = 1000
BLOCK = 100
FEW_DRAWS = Message(
    "Too many draws of firearms have no known match or no known non-match: there are too few firearms."
)
INFINITE = Message("Before the bound a pair has an infinitely misleading likelihood ratio.")

Share = Annotated[float, Field(ge=0, le=1)]


class Rate(Part):
    """A share of pairs with its exact interval.

    Parameters
    ----------
    count, pairs : int
        So many of so many.
    lower, upper : float, 0 to 1
        Clopper-Pearson interval at ``level``. It takes pairs as independent, which those that share a firearm are
        not: the true one is wider.
    """

    count: int
    pairs: int
    lower: Share
    upper: Share
    level: float = LEVEL

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.count / self.pairs


class MisleadingRates(Part):
    """Misleading evidence of a given strength or more, in either direction.

    Parameters
    ----------
    lr : int
        Strength: known matches with an LR of 1 / lr or less, known non-matches with an LR of lr or more; an LR of
        exactly 1 misleads nobody.
    same, different : Rate
        Of known matches, of known non-matches.
    """

    lr: int
    same: Rate
    different: Rate


class Measures(Part):
    """How good likelihood ratios are; all figures but counts weigh both kinds of pairs alike.

    Parameters
    ----------
    firearms, known_matches, known_non_matches : int
        What was judged.
    cllr, cllr_min, cllr_cal : float
        Of the bounded LRs, in bits.
    cllr_lower, cllr_upper : float, optional
        Interval of ``cllr`` at ``level`` over the choice of firearms (`cllr_interval`).
    cllr_unbounded : float, optional
        Before the bounds.
    devpav : float, optional
        Of the bounded LRs, in units of log10 LR.
    eer, auc : float
        Equal error rate and area under the receiver operating curve, before the bounds, which make ties.
    misleading : tuple of MisleadingRates
        At LR 1, 10 and 100.
    at_lower, at_upper : int
        Pairs whose LR a bound replaced.
    separated : bool
        No known match has an unbounded LR as low as that of a known non-match.
    level : float
        Of all intervals.
    draws : int
        Draws of firearms.
    why : mapping of str to str
        Why a figure that is None has no value, by its name.
    """

    firearms: int
    known_matches: int
    known_non_matches: int
    cllr: float
    cllr_lower: float | None
    cllr_upper: float | None
    cllr_min: float
    cllr_cal: float
    cllr_unbounded: float | None
    devpav: float | None
    eer: float
    auc: float
    misleading: tuple[MisleadingRates, ...]
    at_lower: int
    at_upper: int
    separated: bool
    level: float
    draws: int
    why: Mapping[str, str]


def measure(
    pairs: KnownPairs, judged: Judged, *, rng: np.random.Generator, draws: int = DRAWS, level: float = LEVEL
) -> Measures:
    """Return all measures of judged pairs.

    Parameters
    ----------
    pairs : KnownPairs
        Whose truth is known.
    judged : Judged
        Their likelihood ratios.
    rng : numpy.random.Generator
        For the draws of firearms.
    draws : int
        At least 20.
    level : float
        Of all intervals, above 0 and below 1.

    Raises
    ------
    EvidenceError
        If one kind of pairs is missing.
    OptionError
        If ``draws`` or ``level`` is out of range.
    """
    same, values, unbounded = pairs.same, judged.log10_lr, judged.unbounded
    why: dict[str, str] = {}
    ends = cllr_interval(pairs, values, rng=rng, draws=draws, level=level)
    if isinstance(ends, NotDefined):
        why |= dict.fromkeys(("cllr_lower", "cllr_upper"), ends.reason)
    if not math.isfinite(before := cllr(unbounded, same)):
        why["cllr_unbounded"] = INFINITE
    deviation = devpav(values, same)
    if isinstance(deviation, NotDefined):
        why["devpav"] = deviation.reason
    matches, others = split(unbounded, same)
    return Measures(
        firearms=len(pairs.firearm_names),
        known_matches=len(matches),
        known_non_matches=len(others),
        cllr=cllr(values, same),
        cllr_lower=None if isinstance(ends, NotDefined) else ends[0],
        cllr_upper=None if isinstance(ends, NotDefined) else ends[1],
        cllr_min=cllr_min(values, same),
        cllr_cal=cllr_cal(values, same),
        cllr_unbounded=None if "cllr_unbounded" in why else before,
        devpav=None if isinstance(deviation, NotDefined) else deviation,
        eer=error_tradeoff(unbounded, same).equal_error_rate,
        auc=area_under_curve(unbounded, same),
        misleading=tuple(_misleading(values, same, lr, level) for lr in STRENGTHS),
        at_lower=int((unbounded < judged.lower).sum()),
        at_upper=int((unbounded > judged.upper).sum()),
        separated=bool(matches.min() > others.max()),
        level=level,
        draws=draws,
        why=why,
    )


def cllr_interval(
    pairs: KnownPairs,
    log10_lr: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> tuple[float, float] | NotDefined:
    """Return the interval of Cllr over the choice of the firearms that were judged.

    Parameters
    ----------
    pairs : KnownPairs
        Whose truth is known.
    log10_lr : array_like, shape (n,)
        Of these pairs.
    rng : numpy.random.Generator
        For the draws.
    draws : int
        At least 20.
    level : float
        Above 0 and below 1.

    Returns
    -------
    (float, float) or NotDefined
        The latter where a tenth of the draws or more lack one kind of pairs.

    Raises
    ------
    EvidenceError
        If a value is missing or infinite.
    OptionError
        If ``draws`` or ``level`` is out of range.

    Notes
    -----
    Firearms are drawn with replacement, never pairs (`ballistics.evidence.interval` has the weights and their
    source), and the ends are percentiles of Cllr. The LRs stay as they are: the interval says how the figure might
    differ on other firearms judged by the same calibrators, not how calibrators might differ. With few firearms it
    is too narrow.

    Examples
    --------
    >>> pairs = KnownPairs.from_columns(
    ...     {"ccf": [0.9, 0.8, 0.1, 0.2]},
    ...     firearms=(["a", "b", "a", "a"], ["a", "b", "b", "b"]),
    ...     items=(["a1", "b1", "a1", "a2"], ["a2", "b2", "b1", "b2"]),
    ... )
    >>> found = cllr_interval(pairs, [1.0, 1.0, -1.0, -1.0], rng=np.random.default_rng(1))
    >>> found.reason
    'Too many draws of firearms have no known match or no known non-match: there are too few firearms.'
    """
    if draws < 20 or not 0 < level < 1:
        raise OptionError(
            f"{draws} draws and level {level} found; expected 20 or more, and a share between 0 and 1"
        )
    same = pairs.same
    values = np.asarray(log10_lr, dtype=np.float64)
    if not np.isfinite(values).all():
        raise EvidenceError("a log10 LR is missing or infinite; an interval needs likelihood ratios within bounds")
    costs = np.logaddexp(0.0, np.where(same, -values, values) * math.log(10)) / math.log(2)
    names, places = np.unique(np.array(pairs.firearms), return_inverse=True)
    one, other = places.reshape(2, -1)
    found: list[FloatArray] = []
    for start in range(0, draws, BLOCK):
        drawn = rng.integers(len(names), size=(min(BLOCK, draws - start), len(names)))
        times = np.array([np.bincount(row, minlength=len(names)) for row in drawn])
        weights = times[:, one] * np.where(same, 1, times[:, other])
        with np.errstate(invalid="ignore"):
            sides = [weights[:, kind] @ costs[kind] / weights[:, kind].sum(axis=1) for kind in (same, ~same)]
        found.append(np.asarray(0.5 * (sides[0] + sides[1])))
    drawn_cllr = np.concatenate(found)
    failed = int(np.isnan(drawn_cllr).sum())
    if failed >= 0.1 * draws:
        return NotDefined(reason=FEW_DRAWS)
    ends = np.nanquantile(drawn_cllr, [(1 - level) / 2, (1 + level) / 2])
    return float(ends[0]), float(ends[1])


def exact_rate(count: int, pairs: int, *, level: float = LEVEL) -> Rate:
    """Return a share with its Clopper-Pearson interval.

    Raises
    ------
    EvidenceError
        If there are no pairs, or more counted than there are.

    Notes
    -----
    Clopper & Pearson, Biometrika 26 (1934), doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> found = exact_rate(0, 100)
    >>> found.lower, round(found.upper, 4)
    (0.0, 0.0362)
    """
    if not 0 <= count <= pairs or pairs == 0:
        raise EvidenceError(f"{count} of {pairs} pairs found; expected a share of one pair or more")
    tail = (1 - level) / 2
    lower = betaincinv(count, pairs - count + 1, tail) if count else 0.0
    upper = betaincinv(count + 1, pairs - count, 1 - tail) if count < pairs else 1.0
    return Rate(count=count, pairs=pairs, lower=float(lower), upper=float(upper), level=level)


def area_under_curve(values: ArrayLike, same: ArrayLike) -> float:
    """Return the chance that a known match has the higher value of a known match and a known non-match, ties half.

    Raises
    ------
    EvidenceError
        If a value is missing or one kind of pairs is.

    Examples
    --------
    >>> area_under_curve([3.0, 1.0, 1.0, 0.0], [True, True, False, False])
    0.875
    """
    matches, others = split(values, same)
    ranks = rankdata(np.concatenate([matches, others]))[: len(matches)]
    return float((ranks.sum() - len(matches) * (len(matches) + 1) / 2) / (len(matches) * len(others)))


def _misleading(values: FloatArray, same: ArrayLike, lr: int, level: float) -> MisleadingRates:
    found = misleading(values, same, strength=math.log10(lr))
    return MisleadingRates(
        lr=lr,
        same=exact_rate(found.same, found.same_pairs, level=level),
        different=exact_rate(found.different, found.different_pairs, level=level),
    )
