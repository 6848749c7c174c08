"""What a score weighs under a reference population: a likelihood ratio with its sentence, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from ballistics.evidence.bounds import Bounds
from ballistics.evidence.scales import figure
from ballistics.evidence.scope import Why
from ballistics.evidence.seal import Part
from ballistics.language import Message, joined

ABOUT_EQUAL = Message(
    "The likelihood ratio is {number} ({level:.0%} interval {lower} to {upper}). The score is about as probable "
    "if {favoured} as if {other}."
)
MORE_PROBABLE = Message(
    "The likelihood ratio is {number} ({level:.0%} interval {lower} to {upper}). The score is about {times} times "
    "more probable if {favoured} than if {other}."
)
BOUND_NAMES = {"elub": Message("empirical bounds (ELUB)"), "invariance": Message("invariance bounds")}


def _as_said(value: object, text: ValidatorFunctionWrapHandler) -> object:
    return value if isinstance(value, Message) else text(value)


Said = Annotated[str, WrapValidator(_as_said)]
"""Text that stays a message, so that a page can say it in its own language; plain text in JSON."""


class Propositions(Part):
    """The two propositions that a likelihood ratio speaks between, as clauses."""

    same: Said
    different: Said


class Reference(Part):
    """The population that a weight rests on: enough to find it again, and to see how large it is."""

    name: str
    sha256: str
    firearms: int
    known_matches: int
    known_non_matches: int


class LikelihoodRatio(Part):
    """How much more probable a score is if one firearm made both marks than if two did.

    Parameters
    ----------
    log10_lr : float
        Within the bounds of the population.
    lower, upper : float
        Interval over the choice of firearms in the population, bounded too.
    level : float
        How often such an interval is meant to hold the true value.
    draws, failed : int
        Draws of firearms, and those without a calibrator.
    unbounded : float
        What the calibrator gave before the bound.
    bounds : Bounds
        The lowest and highest log10 LR that the known pairs support.
    bound : str, optional
        ``"lower"`` or ``"upper"`` where a bound replaced the value.
    score : mapping of str to float
        By the names that the population gives.
    propositions : Propositions
        What is set against what.
    reference : Reference
        The population.
    mark, parameter_hash, scanner : str
        What the score was made from and with.
    notes : tuple of str
        What a reader must know beside the number.
    """

    log10_lr: float
    lower: float
    upper: float
    level: float
    draws: int
    failed: int
    unbounded: float
    bounds: Bounds
    bound: Literal["lower", "upper"] | None
    score: Mapping[str, float]
    propositions: Propositions
    reference: Reference
    mark: str
    parameter_hash: str
    scanner: str
    notes: tuple[Said, ...]

    @property
    def sentence(self) -> Message:
        """The likelihood ratio in a sentence, with its interval and both propositions; number first."""
        same, different = self.propositions.same, self.propositions.different
        times = figure(abs(self.log10_lr))
        equal = times == "1"
        favoured, other = (same, different) if equal or self.log10_lr > 0 else (different, same)
        return (ABOUT_EQUAL if equal else MORE_PROBABLE).filled(
            number=figure(self.log10_lr),
            level=self.level,
            lower=figure(self.lower),
            upper=figure(self.upper),
            times=times,
            favoured=favoured,
            other=other,
        )


class NoLikelihoodRatio(Part):
    """Why a score has no weight under a population; falsy.

    Parameters
    ----------
    reasons : mapping of str to str
        Every reason by its kind: ``parameters``, ``mark``, ``scanner``, ``score``, ``case firearm``,
        ``same scan``, ``too small`` or ``fit``.
    reference : Reference
        The population that was asked.
    """

    reasons: Mapping[Why, Said]
    reference: Reference

    def __bool__(self) -> bool:
        """Report that there is no likelihood ratio."""
        return False

    @property
    def reason(self) -> Message:
        """All reasons in one text."""
        return joined(self.reasons.values(), " ")
