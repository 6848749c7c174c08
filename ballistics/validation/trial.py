"""The trial of a method on pairs of known origin: likelihood ratios, measures, and what was asked beforehand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled_scores import LabelledScores
from ballistics.evidence.method import Method
from ballistics.evidence.names import plain_name
from ballistics.evidence.performance import cllr
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scope import outside
from ballistics.validation.criteria import Criteria, Outcome, judge_criteria
from ballistics.validation.firearms import FirearmRow, by_firearm
from ballistics.validation.limits import Note, limits_of
from ballistics.validation.measures import DRAWS, LEVEL, Measures, measure
from ballistics.validation.splits import BoundMethod, Judged, Split, apply_population, judge
from ballistics.validation.studies import StudyRow, across_studies

LEAVE_ONE_OUT = Split.leave_one_out()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """What a trial was and what it found; `ballistics.validation.recording.record` makes it a sealed record.

    Parameters
    ----------
    scores : LabelledScores
        What was judged, and what was left out.
    method, split, bound : Method, Split, str
        How.
    population : ReferencePopulation, optional
        The calibrator of the untouched split, or one that was tried beside.
    judged : Judged
        Likelihood ratios of ``scores.pairs``, in their order.
    measures : Measures
        Over all pairs.
    repeats : tuple of float
        Cllr of every repeat of the split.
    firearms : tuple of FirearmRow
        Firearm by firearm.
    studies : tuple of StudyRow
        Across studies, and by the population.
    beyond : int, optional
        Pairs whose score the population does not support; None without one.
    criteria : Criteria, optional
        What was asked beforehand.
    outcomes : tuple of Outcome
        Whether each criterion was met; empty without criteria.
    limits : tuple of Note
        What a reader must know beside the figures.
    seed : int
        Where the draws of firearms for the interval of Cllr start from.
    """

    scores: LabelledScores
    method: Method
    split: Split
    bound: Literal["elub", "invariance", "given"]
    population: ReferencePopulation | None
    judged: Judged
    measures: Measures
    repeats: tuple[float, ...]
    firearms: tuple[FirearmRow, ...]
    studies: tuple[StudyRow, ...]
    beyond: int | None
    criteria: Criteria | None
    outcomes: tuple[Outcome, ...]
    limits: tuple[Note, ...]
    seed: int

    @property
    def coverage(self) -> float:
        """Share of pairs that could be compared, of those that a comparison was asked for."""
        return coverage_of(self.scores)


def validate(
    scores: LabelledScores,
    *,
    method: Method | None = None,
    split: Split = LEAVE_ONE_OUT,
    bound: BoundMethod = "elub",
    population: ReferencePopulation | None = None,
    criteria: Criteria | None = None,
    seed: int = 1,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Validation:
    """Try a method on pairs of known origin.

    Parameters
    ----------
    scores : LabelledScores
        From `ballistics.evidence.labelled_scores.labelled_scores`.
    method : Method, optional
        How calibrators are fitted; if not given, the default for the kind of score, and with the untouched split
        that of the population.
    split : Split
        Which calibrator may judge which pair.
    bound : str
        ``"elub"`` or ``"invariance"``; with the untouched split it is that of the population.
    population : ReferencePopulation, optional
        With the untouched split its calibrator is what is tried; with the others it is tried beside.
    criteria : Criteria, optional
        What was asked beforehand.
    seed, draws, level : int, int, float
        Of the interval of Cllr over firearms.

    Raises
    ------
    EvidenceError
        If pairs are too few (`ballistics.evidence.known_pairs.KnownPairs.check_size`), a kind is missing, no
        calibrator can be fitted with two firearms left out, or the population has a firearm of the pairs or was
        made under another parameter set, from another kind of mark or other columns, or nobody knows whether it
        was.
    OptionError
        If the untouched split has no population or is given a method, or the method does not suit the scores.

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
    >>> found = validate(LabelledScores(pairs=pairs))
    >>> 0 < found.measures.cllr < 0.3, found.measures.known_matches, len(found.firearms)
    (True, 12, 12)
    """
    pairs = scores.pairs
    pairs.check_size()
    chosen = _method(scores, method, split, population)
    by_population = None if population is None else _by_population(scores, population)
    if split.groups is None and by_population is not None:
        judged = by_population
    else:
        judged = judge(pairs, chosen, split, bound=bound)
    measures = measure(pairs, judged, rng=np.random.default_rng(seed), draws=draws, level=level)
    beyond = None if population is None else _beyond(pairs, population)
    return Validation(
        scores=scores,
        method=chosen,
        split=split,
        bound=population.bounds.method if population is not None and split.groups is None else bound,
        population=population,
        judged=judged,
        measures=measures,
        repeats=tuple(cllr(values, pairs.same) for values in judged.repeated),
        firearms=by_firearm(pairs, judged.log10_lr, not_compared=_not_compared(scores)),
        studies=across_studies(pairs, scores.studies, chosen, split, bound=bound, by_population=by_population),
        beyond=beyond,
        criteria=criteria,
        outcomes=judge_criteria(criteria, measures, coverage=coverage_of(scores)),
        limits=limits_of(scores, judged, measures, beyond=beyond),
        seed=seed,
    )


def coverage_of(scores: LabelledScores) -> float:
    """Return the share of pairs that could be compared, of pairs of two items of known origin, without repeats."""
    refused = sum(left.kind == "not comparable" for left in scores.left_out)
    return len(scores.pairs) / (len(scores.pairs) + refused)


def _method(
    scores: LabelledScores, method: Method | None, split: Split, population: ReferencePopulation | None
) -> Method:
    if split.groups is None:
        if population is None:
            raise OptionError("the untouched split judges by a population; give one")
        if method is not None:
            raise OptionError(f"the untouched split uses the method of the population; leave out {method.name}")
        return population.method
    chosen = method or Method.default(scores.kind)
    if chosen.score != scores.kind:
        columns = ", ".join(scores.pairs.scores)
        raise OptionError(f"the method is for {chosen.score}, the pairs have {scores.kind} ({columns})")
    return chosen


def _by_population(scores: LabelledScores, population: ReferencePopulation) -> Judged:
    """Judge by a population that is made for such scores."""
    judged = apply_population(scores.pairs, population)
    of = population.description
    if scores.conditions is None:
        name = f"{scores.source[0]}.json" if scores.source else "record"
        raise EvidenceError(
            f"there is no {name}, so nobody knows what the scores were computed with, and whether the population "
            f"{of.name} ({of.parameters}) can judge them; keep the file that compare-all writes beside its scores"
        )
    given = scores.conditions.parameters
    if given.get("hash") != of.parameter_hash:
        raise EvidenceError(
            f"the scores were computed with {given.get('name')} ({str(given.get('hash'))[:12]}), the population "
            f"{of.name} with {of.parameters} ({of.parameter_hash[:12]}); compare under that set, or use another "
            "population"
        )
    mark = str(given.get("values", {}).get("mark"))
    if plain_name(mark) != plain_name(of.mark):
        raise EvidenceError(
            f"the scores are of the mark {mark}, the population {of.name} is of the mark {of.mark}; use one of "
            f"the mark {mark}"
        )
    return judged


def _not_compared(scores: LabelledScores) -> Counter[str]:
    return Counter(
        name for left in scores.left_out if left.kind == "not comparable" for name in set(left.firearms)
    )


def _beyond(pairs: KnownPairs, population: ReferencePopulation) -> int:
    of = population.description
    rows, often = np.unique(pairs.table, axis=0, return_counts=True)
    refused = [
        "score"
        in outside(population, row, parameter_hash=of.parameter_hash, mark=of.mark, scanner=of.scanning.scanner)
        for row in rows
    ]
    return int(often[refused].sum())
