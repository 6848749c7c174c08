"""What JSON says of a weight of evidence: part of every contract for comparisons, empty where none was asked for.

Later versions add fields and take none away. Likelihood ratios are given as log10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ballistics.case import Case
from ballistics.evidence.conclusions import ExaminersConclusion
from ballistics.evidence.seal import Part


class PopulationRecord(Part):
    """The population that was asked: enough to find it again and to see how large it is."""

    name: str
    sha256: str
    mark: str
    parameters: str
    parameter_hash: str
    scanner: str
    firearms: int
    known_matches: int
    known_non_matches: int


class PropositionsRecord(Part):
    """What is set against what."""

    same: str
    different: str


class BoundsRecord(Part):
    """The lowest and the highest log10 LR that the known pairs carry, and how they were found."""

    method: str
    lower: float
    upper: float


class LikelihoodRatioRecord(Part):
    """A likelihood ratio as log10, within the bounds, with its interval.

    ``unbounded`` is what the calibrator gave; ``bound`` names the bound that took its place.
    """

    log10_lr: float
    lower: float
    upper: float
    level: float
    draws: int
    failed: int
    unbounded: float
    bounds: BoundsRecord
    bound: Literal["lower", "upper"] | None
    sentence: str


class WordsRecord(Part):
    """Words of a verbal scale beside the likelihood ratio, with the certainty of the bands."""

    scale: str
    words: str
    sentence: str
    certainty: str


class EvidenceRecord(Part):
    """The weight of a score under a reference population, or why there is none, and what the examiner says.

    Without a likelihood ratio ``reasons`` has every reason by its kind. ``conclusion`` is the examiner's own and
    follows from no figure here.
    """

    population: PopulationRecord | None = None
    scanner: str | None = None
    case_firearms: tuple[str, ...] = ()
    score: Mapping[str, float] = {}
    likelihood_ratio: LikelihoodRatioRecord | None = None
    propositions: PropositionsRecord | None = None
    reasons: Mapping[str, str] = {}
    words: WordsRecord | None = None
    notes: tuple[str, ...] = ()
    case: Case | None = None
    conclusion: ExaminersConclusion | None = None
