"""The weight of evidence of one score under a reference population."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ballistics.errors import EvidenceError
from ballistics.evidence.calibration import Calibrator, Fit
from ballistics.evidence.interval import Interval, bootstrap_interval
from ballistics.evidence.labelled import BoolArray, FloatArray, check_scores
from ballistics.evidence.likelihood_ratio import (
    BOUND_NAMES,
    LikelihoodRatio,
    NoLikelihoodRatio,
    Propositions,
    Reference,
)
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scales import DIFFERENT, SAME, figure
from ballistics.evidence.scope import outside
from ballistics.language import Message

FEW_FIREARMS = 20
SAME_FIT = 0.005

UNCHECKED = Message("No firearm of the case was named, so it was not checked against the population's.")
TOO_HIGH = Message(
    "The calibrator gave log₁₀ LR {value:.2f}; {matches} known matches and {non_matches} known non-matches carry "
    "no LR above {limit} ({method}), which stands in its place."
)
TOO_LOW = Message(
    "The calibrator gave log₁₀ LR {value:.2f}; {matches} known matches and {non_matches} known non-matches carry "
    "no LR below {limit} ({method}), which stands in its place."
)


def weigh(
    population: ReferencePopulation,
    score: ArrayLike,
    *,
    parameter_hash: str,
    mark: str,
    scanner: str,
    case_firearms: Iterable[str] = (),
    inputs: Iterable[str] = (),
    one_scan: bool = False,
    level: float = 0.90,
    draws: int = 400,
    rng: np.random.Generator | None = None,
) -> LikelihoodRatio | NoLikelihoodRatio:
    """Return the likelihood ratio of a score under a reference population, bounded and with its interval.

    Parameters
    ----------
    population : ReferencePopulation
        Pairs of known origin like those of the case.
    score : array_like, shape () or (k,)
        One number, or as many as the population has columns; of a cell count the count, then the cells. The count
        is that of the comparison as a whole, which is the same whichever mark comes first.
    parameter_hash, mark, scanner : str
        Hash of the parameter set, kind of mark and class of the instrument that gave the score.
    case_firearms : iterable of str
        Names of firearms of the case, as the laboratory would name them in a population. Without one the result
        has a note that they were not checked.
    inputs : iterable of str
        SHA-256 of every scan that was compared; one that is itself in the population is refused.
    one_scan : bool
        Both marks are known to be one scan, such as by equal heights.
    level : float
        How often the interval is meant to hold the true value, above 0 and below 1.
    draws : int
        Draws of firearms, at least 20.
    rng : numpy.random.Generator, optional
        Where draws come from. Without it they follow from the hash of the population, so that a score has the same
        interval whenever and wherever it is weighed.

    Returns
    -------
    LikelihoodRatio or NoLikelihoodRatio
        The latter, falsy, with every reason: the parameter set, the mark or the scanner is another one, the score
        is not like any known pair's, a firearm or a scan of the case is in the population, a scan was compared
        with itself, or the population is too small.

    Raises
    ------
    EvidenceError
        If the score is missing, infinite, or has not as many numbers as the population has columns.
    OptionError
        If ``draws`` or ``level`` is out of range, or a name or a hash is blank.

    Notes
    -----
    What a population supports is judged by `ballistics.evidence.scope`. Below 20 firearms the result has a note.
    Firearms and pairs are counted anew, and the calibrator is fitted anew and compared at this score. The bounds
    are taken as the population has them: finding them anew takes hundreds of fits. ``population check`` does it.
    The bound only ever weakens; the interval is that of `bootstrap_interval` within the bounds. Fits are small,
    so inner threads are held to one: on busy machines several cost ten times as much.

    Examples
    --------
    >>> from ballistics.evidence.population import Description, Origin, Scanning, build_population
    >>> rng = np.random.default_rng(7)
    >>> first, second = np.triu_indices(24)
    >>> guns = [f"gun {i}" for i in range(24)]
    >>> population = build_population(
    ...     Description(
    ...         name="made", mark="aperture shear", parameters="made", parameter_hash="0" * 64, score="one score",
    ...         firearms="made pistols",
    ...         scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.5),
    ...         origin=Origin(source="made", licence="CC0", credit="none", made_by="this example"),
    ...     ),
    ...     {"ccf": rng.normal(np.where(first == second, 0.7, 0.3), 0.1)},
    ...     firearms=([guns[i] for i in first], [guns[i] for i in second]),
    ...     items=([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    ... )
    >>> made_with = {"parameter_hash": "0" * 64, "mark": "aperture shear", "scanner": "simulated"}
    >>> found = weigh(population, 0.56, **made_with)
    >>> found.lower < found.log10_lr < found.upper
    True
    >>> print(found.sentence)  # doctest: +ELLIPSIS
    The likelihood ratio is ... (90% interval ... to ...). The score is about ... more probable if the same ...
    >>> weigh(population, 0.56, **made_with, case_firearms=["gun 3"]).reason
    'Firearms of the case are in the population: gun 3. Build it without them.'
    """
    named = tuple(case_firearms) if not isinstance(case_firearms, str) else case_firearms
    at = _as_case(population, score)
    value = float(population.calibrator.log10_lr(at)[0])
    reasons = outside(
        population,
        at[0],
        parameter_hash=parameter_hash,
        mark=mark,
        scanner=scanner,
        case_firearms=named,
        inputs=inputs,
        one_scan=one_scan,
    )
    if reasons:
        return NoLikelihoodRatio(reasons=reasons, reference=_reference(population))
    seeded = np.random.default_rng(int(population.sha256, 16)) if rng is None else rng
    table, same = population.pairs.table, population.pairs.same
    fit = _pooled(population.fit, table, same)
    firearms = population.pairs.firearms
    try:
        spread = bootstrap_interval(fit, table, *firearms, at, rng=seeded, draws=draws, level=level)
    except EvidenceError as error:
        reason = Message("The population is too small for an interval: {error}.", error=str(error))
        return NoLikelihoodRatio(reasons={"too small": reason}, reference=_reference(population))
    if abs(float(spread.log10_lr[0]) - value) > SAME_FIT:
        reason = Message(
            "The calibrator of the population gives log10 LR {value:.3f}, a new fit to its pairs {again:.3f}: it "
            "was made by another version ({library}) or by hand. Build the population anew.",
            value=value,
            again=float(spread.log10_lr[0]),
            library=population.library,
        )
        return NoLikelihoodRatio(reasons={"fit": reason}, reference=_reference(population))
    return _weighed(population, at[0], value, spread, scanner, bool(named))


def _weighed(
    population: ReferencePopulation, case: FloatArray, value: float, spread: Interval, scanner: str, checked: bool
) -> LikelihoodRatio:
    ends = [min(float(spread.lower[0]), value), value, max(float(spread.upper[0]), value)]
    limits = population.bounds
    bounded = limits.apply(ends)
    lower, log10_lr, upper = bounded.log10_lr.tolist()
    bound: Literal["lower", "upper"] | None = (
        "upper" if bounded.at_upper[1] else "lower" if bounded.at_lower[1] else None
    )
    description = population.description
    unchecked = () if checked else (UNCHECKED,)
    return LikelihoodRatio(
        log10_lr=log10_lr,
        lower=lower,
        upper=upper,
        level=spread.level,
        draws=spread.draws,
        failed=spread.failed,
        unbounded=value,
        bounds=limits,
        bound=bound,
        score=dict(zip(population.pairs.scores, np.atleast_1d(case).tolist(), strict=True)),
        propositions=Propositions(
            same=SAME,
            different=Message(
                "{different}, both of the kind in the population ({firearms})",
                different=DIFFERENT,
                firearms=description.firearms,
            ),
        ),
        reference=_reference(population),
        mark=description.mark,
        parameter_hash=description.parameter_hash,
        scanner=scanner,
        notes=(*_notes(population, bound, value, bounded.bit), *unchecked, *description.notes),
    )


def _notes(
    population: ReferencePopulation, bound: Literal["lower", "upper"] | None, value: float, bit: BoolArray
) -> list[Message]:
    pairs, limits = population.pairs, population.bounds
    firearms = len(pairs.firearm_names)
    notes = []
    if bound is not None:
        limit, template = (limits.upper, TOO_HIGH) if bound == "upper" else (limits.lower, TOO_LOW)
        notes.append(
            template.filled(
                value=value,
                matches=pairs.known_matches,
                non_matches=pairs.known_non_matches,
                limit=figure(limit),
                method=BOUND_NAMES.get(limits.method, limits.method),
            )
        )
    elif bit.any():
        notes.append(
            Message(
                "The interval ends at a bound (LR {lower} to {upper}, {method}).",
                lower=figure(limits.lower),
                upper=figure(limits.upper),
                method=BOUND_NAMES.get(limits.method, limits.method),
            )
        )
    if firearms < FEW_FIREARMS:
        notes.append(
            Message(
                "The population has {firearms} firearms only: the interval itself is uncertain, and may be too "
                "narrow.",
                firearms=firearms,
            )
        )
    ratios = population.calibrator.log10_lr(pairs.table)
    if ratios[pairs.same].min() > ratios[~pairs.same].max():
        notes.append(
            Message(
                "No known match of the population scores as low as a known non-match, so how the likelihood ratio "
                "rises between them is the model's word."
            )
        )
    return notes


def _reference(population: ReferencePopulation) -> Reference:
    pairs = population.pairs
    return Reference(
        name=population.description.name,
        sha256=population.sha256,
        firearms=len(pairs.firearm_names),
        known_matches=pairs.known_matches,
        known_non_matches=pairs.known_non_matches,
    )


def _as_case(population: ReferencePopulation, score: ArrayLike) -> FloatArray:
    names = tuple(population.pairs.scores)
    values = np.atleast_1d(np.asarray(score, dtype=np.float64))
    if values.shape != (len(names),):
        raise EvidenceError(
            f"the score has the shape {np.shape(score)}; expected {len(names)} numbers: {', '.join(names)}"
        )
    check_scores(values)
    return values if len(names) == 1 else values[None]


def _pooled(fit: Fit, scores: FloatArray, same: BoolArray) -> Fit:
    """Return the same fit to pairs of equal score and kind taken together, which is faster where scores repeat."""
    rows = np.column_stack([scores, same])
    distinct, place = np.unique(rows, axis=0, return_inverse=True)
    values = distinct[:, 0] if scores.ndim == 1 else distinct[:, :-1]
    truth = distinct[:, -1] > 0

    def pooled(_scores: ArrayLike, _same: ArrayLike, /, *, weights: ArrayLike | None = None) -> Calibrator:
        counted = None if weights is None else np.asarray(weights, dtype=np.float64)
        return fit(values, truth, weights=np.bincount(place.reshape(-1), counted, minlength=len(truth)))

    return pooled
