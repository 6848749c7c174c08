"""The weight of a comparison: its score taken to a reference population, beside what the examiner concludes.

A `Question` says which population, which scanner, whose firearms; `assess` asks it about a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard, TypeVar

from ballistics.assessment_contract import (
    BoundsRecord,
    EvidenceRecord,
    LikelihoodRatioRecord,
    PopulationRecord,
    PropositionsRecord,
    WordsRecord,
)
from ballistics.case import Case
from ballistics.contract import ComparisonRecord, plain_text
from ballistics.errors import EvidenceError
from ballistics.evidence.conclusions import ExaminersConclusion
from ballistics.evidence.likelihood_ratio import LikelihoodRatio, NoLikelihoodRatio
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scales import VerbalScale, Wording, words
from ballistics.evidence.weight import weigh

if TYPE_CHECKING:
    from ballistics.compare import Comparison, NotComparable
    from ballistics.photographs.pair import NoPictureComparison, PictureComparison
    from ballistics.striated.bullets import BulletComparison, NoBulletComparison
    from ballistics.striated.land_pair import LandComparison, NoLandComparison
    from imaging.photo import Photo
    from imaging.surface import Surface

    Compared = Comparison | LandComparison | BulletComparison | PictureComparison
    NotCompared = NotComparable | NoLandComparison | NoBulletComparison | NoPictureComparison

DIGITS = 6

Record = TypeVar("Record", bound=ComparisonRecord)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked beside a comparison.

    Parameters
    ----------
    population : ReferencePopulation, optional
        Without one nothing is weighed.
    scanner : str
        Class of the instrument that scanned both marks; needed with a population.
    firearms : tuple of str
        Firearms of the case by the names that they would have in a population.
    scale : VerbalScale, optional
        Words to stand beside the number.
    case : Case, optional
        What the report says of its case, with the examiner's conclusion.
    """

    population: ReferencePopulation | None = None
    scanner: str = ""
    firearms: tuple[str, ...] = ()
    scale: VerbalScale | None = None
    case: Case | None = None

    @property
    def conclusion(self) -> ExaminersConclusion | None:
        """What the examiner concluded, if the case says so."""
        return self.case.examiners_conclusion() if self.case else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessment:
    """The answer to a question about one comparison.

    Parameters
    ----------
    question : Question
        What was asked.
    score : mapping of str to float
        By the names of the population; empty where nothing was weighed.
    weight : LikelihoodRatio or NoLikelihoodRatio, optional
        None where there is no population, or no comparison.
    """

    question: Question
    score: Mapping[str, float]
    weight: LikelihoodRatio | NoLikelihoodRatio | None

    @property
    def wording(self) -> Wording | None:
        """The words of the scale, if one was asked for and there is a likelihood ratio."""
        if not isinstance(self.weight, LikelihoodRatio) or self.question.scale is None:
            return None
        sides = self.weight.propositions
        return words(self.weight.log10_lr, self.question.scale, same=sides.same, different=sides.different)


def assess(result: Compared | NotCompared, question: Question) -> Assessment:
    """Weigh the score of a comparison under the population that a question names.

    Returns
    -------
    Assessment
        Without a weight where there is no population or nothing was compared. A likelihood ratio is refused where
        a scan was compared with itself, by its file or its heights, or is in the population, by its file. Lands of
        bullets are not found in a population of bullets, which has one hash for all files of a bullet.

    Raises
    ------
    EvidenceError
        If the population has another kind of score than the comparison.
    OptionError
        If a firearm of the question has a blank name.

    Examples
    --------
    >>> import numpy as np
    >>> from ballistics.compare import compare
    >>> from ballistics.evidence.shipped import open_population
    >>> from imaging.synthetic import pair
    >>> marks = pair(np.random.default_rng(7), correlation=0.5)
    >>> asked = Question(population=open_population("synthetic-breech-face"), scanner="simulated")
    >>> found = assess(compare(marks.reference, marks.questioned), asked)
    >>> bool(found.weight), found.weight.log10_lr > 1
    (True, True)
    """
    population = question.population
    if population is None or not was_made(result):
        return Assessment(question=question, score={}, weight=None)
    score = scores_of(result, population)
    weight = weigh(
        population,
        list(score.values()),
        parameter_hash=result.parameters.hash,
        mark=result.parameters.mark,
        scanner=question.scanner,
        case_firearms=question.firearms,
        inputs=_files(result),
        one_scan=_is_one_scan(result),
    )
    return Assessment(question=question, score=score, weight=weight)


def scores_of(result: Compared | NotCompared, population: ReferencePopulation) -> dict[str, float]:
    """Return the scores of a comparison that a population has, in its order.

    Raises
    ------
    EvidenceError
        If the population has a score that such a comparison does not give, or nothing was compared.
    """
    given = _scores(result)
    wanted = tuple(population.pairs.scores)
    if not set(wanted) <= set(given):
        raise EvidenceError(
            f"the population {population.description.name} is of {population.description.mark} scores "
            f"({', '.join(wanted)}), this comparison gives {', '.join(given) or 'none'}; use a population of such "
            "scores, or the command that compares such marks"
        )
    return {name: given[name] for name in wanted}


def was_made(result: Compared | NotCompared) -> TypeGuard[Compared]:
    """Whether there is a comparison to weigh."""
    return bool(result)


def _scores(result: Compared | NotCompared) -> dict[str, float]:
    from ballistics.compare import Comparison
    from ballistics.photographs.pair import PictureComparison
    from ballistics.striated.bullets import BulletComparison
    from ballistics.striated.land_pair import LandComparison

    if isinstance(result, Comparison):
        counted = {"count": float(result.score), "cells": float(result.cells)}
        return {**counted, "accf": round(result.accf, DIGITS)}
    if isinstance(result, LandComparison):
        return {"ccf": round(result.ccf, DIGITS)}
    if isinstance(result, BulletComparison):
        return {"sequence_average": round(result.sequence_average, DIGITS)}
    if isinstance(result, PictureComparison):
        return {"correlation": round(result.score, DIGITS)}
    return {}


def _sides(result: Compared) -> tuple[list[Surface | Photo], list[Surface | Photo]]:
    """Return the scans or photographs of the reference and of the questioned side."""
    from ballistics.photographs.pair import PictureComparison
    from ballistics.striated.bullets import BulletComparison

    if isinstance(result, PictureComparison):
        return [result.reference.source], [result.questioned.source]
    if isinstance(result, BulletComparison):
        return (
            [land.scan for land in result.reference.signatures if land],
            [land.scan for land in result.questioned.signatures if land],
        )
    return [result.reference.scan], [result.questioned.scan]


def _files(result: Compared) -> list[str]:
    """Return the SHA-256 of every file once for each side that it is on."""
    sides = [{each.provenance.sha256 for each in side} for side in _sides(result)]
    return [digest for side in sides for digest in sorted(filter(None, side))]


def _is_one_scan(result: Compared) -> bool:
    """Whether the heights or pixels of something on one side are also on the other."""
    from ballistics.compare import Comparison
    from ballistics.photographs.pair import PictureComparison

    if isinstance(result, PictureComparison) and result.reference.digest == result.questioned.digest:
        return True
    if isinstance(result, Comparison) and result.reference.mark.digest == result.questioned.mark.digest:
        return True
    first, second = ({each.digest() for each in side} for side in _sides(result))
    return bool(first & second)


def with_evidence(record: Record, assessment: Assessment) -> Record:
    """Return the record of a comparison with its field ``evidence`` filled."""
    return record.model_copy(update={"evidence": evidence_record(assessment)})


def evidence_record(assessment: Assessment) -> EvidenceRecord:
    """Turn an assessment into the contract's form."""
    question, weight = assessment.question, assessment.weight
    lr = weight if isinstance(weight, LikelihoodRatio) else None
    refused = weight if isinstance(weight, NoLikelihoodRatio) else None
    return EvidenceRecord(
        population=_population(question.population),
        scanner=plain_text(question.scanner) if question.population else None,
        case_firearms=tuple(plain_text(name) for name in question.firearms),
        score=assessment.score,
        likelihood_ratio=_likelihood_ratio(lr) if lr else None,
        propositions=PropositionsRecord(same=lr.propositions.same, different=lr.propositions.different)
        if lr
        else None,
        reasons={kind: plain_text(reason) for kind, reason in refused.reasons.items()}
        if refused is not None
        else {},
        words=_words(assessment.wording),
        notes=lr.notes if lr else (),
        case=question.case,
        conclusion=question.conclusion,
    )


def _population(population: ReferencePopulation | None) -> PopulationRecord | None:
    if population is None:
        return None
    of, pairs = population.description, population.pairs
    return PopulationRecord(
        name=of.name,
        sha256=population.sha256,
        mark=of.mark,
        parameters=of.parameters,
        parameter_hash=of.parameter_hash,
        scanner=of.scanning.scanner,
        firearms=len(pairs.firearm_names),
        known_matches=pairs.known_matches,
        known_non_matches=pairs.known_non_matches,
    )


def _likelihood_ratio(lr: LikelihoodRatio) -> LikelihoodRatioRecord:
    same = ("log10_lr", "lower", "upper", "level", "draws", "failed", "unbounded", "bound", "sentence")
    limits = BoundsRecord(method=lr.bounds.method, lower=lr.bounds.lower, upper=lr.bounds.upper)
    return LikelihoodRatioRecord(bounds=limits, **{name: getattr(lr, name) for name in same})


def _words(said: Wording | None) -> WordsRecord | None:
    if said is None:
        return None
    return WordsRecord(scale=said.scale, words=said.words, sentence=said.sentence, certainty=said.certainty)
