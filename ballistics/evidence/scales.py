"""Verbal scales: words that may stand beside a likelihood ratio, never instead of it.

The scales are data (`scales.toml`), each with its source, how certain its bands are, and which end of a band
belongs to it. Scales contradict each other: a report names the one that it uses.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ballistics.errors import EvidenceError, SetError
from ballistics.language import Message

SAME = Message("the same firearm made both marks")
DIFFERENT = Message("two different firearms made the marks")
DIGITS = 2


class Band(BaseModel):
    """Words for likelihood ratios from this one up to the next band."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lr: Annotated[float, Field(ge=1)]
    words: str


class VerbalScale(BaseModel):
    """A verbal scale, mirrored for likelihood ratios below 1.

    Parameters
    ----------
    name, title, source : str
        What it is called and where it stands.
    certainty : str
        ``"certain"``: seen in the named source. ``"secondary source"``: seen in a text about it.
        ``"general knowledge"``: not seen in a source. All but the first are to be checked against the document
        before a report relies on them.
    includes : str
        Which end of a band belongs to it: ``"lower"`` (100 begins the band 100 to 1000) or ``"upper"`` (100 ends
        the band 10 to 100).
    boundary : str
        Where that convention comes from.
    sentence, neutral : str
        How the words are used; ``{words}``, ``{favoured}`` and ``{other}`` are filled in.
    bands : tuple of Band
        Rising from 1. The first one has the words of the neutral sentence; where the second begins at 1 too, the
        first is for an LR of 1 alone.

    Examples
    --------
    >>> verbal_scale("enfsi-2015").bands[-1].words
    'extremely strong support'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    source: str
    certainty: Literal["certain", "secondary source", "general knowledge", "uncertain"]
    includes: Literal["lower", "upper"]
    boundary: str
    sentence: str
    neutral: str
    bands: Annotated[tuple[Band, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        starts = [band.lr for band in self.bands]
        rising = all(low < high for low, high in pairwise(starts[1:]))
        if starts[0] != 1 or not rising or starts[1] < 1 or (starts[1] == 1 and self.includes == "lower"):
            raise ValueError(f"bands of {self.name} start at {starts}; expected rising numbers from 1")
        return self

    def band(self, log10_lr: float) -> int:
        """Return the place of the band that the size of a log10 LR falls into."""
        size = abs(log10_lr)
        starts = [math.log10(band.lr) for band in self.bands[1:]]
        reached = (size >= start if self.includes == "lower" else size > start for start in starts)
        return sum(reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A likelihood ratio with the words of a scale.

    Parameters
    ----------
    log10_lr : float
        As it was given.
    number : str
        The likelihood ratio, always to stand first.
    words : str
        Of the band.
    favours : str
        ``"same"``, ``"different"`` or ``"neither"`` proposition.
    sentence : str
        Number, words and both propositions.
    scale, certainty : str
        The name of the scale and how certain its bands are.
    """

    log10_lr: float
    number: str
    words: str
    favours: Literal["same", "different", "neither"]
    sentence: str
    scale: str
    certainty: str


@cache
def verbal_scales() -> Mapping[str, VerbalScale]:
    """Return all scales by name."""
    raw = tomllib.loads(files("ballistics.evidence").joinpath("scales.toml").read_text(encoding="utf-8"))
    return {name: VerbalScale.model_validate({"name": name, **values}) for name, values in raw.items()}


def verbal_scale(name: str) -> VerbalScale:
    """Return the scale of this name.

    Raises
    ------
    SetError
        If there is none; the message lists those that exist.
    """
    if name not in verbal_scales():
        raise SetError(f"No verbal scale is called {name!r}. There are: {', '.join(verbal_scales())}.")
    return verbal_scales()[name]


def words(log10_lr: float, scale: str | VerbalScale, *, same: str = SAME, different: str = DIFFERENT) -> Wording:
    """Put the words of a scale beside a likelihood ratio.

    Parameters
    ----------
    log10_lr : float
        Finite; bound it first.
    scale : str or VerbalScale
        Which words.
    same, different : str
        The two propositions, as clauses.

    Raises
    ------
    EvidenceError
        If ``log10_lr`` is missing or infinite.
    SetError
        If no scale has that name.

    Notes
    -----
    Number first, words optional, and words speak of the findings given the propositions: ENFSI Guideline for
    Evaluative Reporting in Forensic Science (2015); Marquis et al., Sci. Justice 56 (2016),
    doi:10.1016/j.scijus.2016.05.009. The number is rounded towards 1, so that it never leaves its band upwards.

    Examples
    --------
    >>> words(2.51, "enfsi-2015").words, words(-2.51, "enfsi-2015").favours
    ('moderately strong support', 'different')
    """
    chosen = verbal_scale(scale) if isinstance(scale, str) else scale
    place = chosen.band(checked(log10_lr))
    favours: Literal["same", "different", "neither"] = (
        "neither" if place == 0 else "same" if log10_lr > 0 else "different"
    )
    favoured, other = (different, same) if favours == "different" else (same, different)
    template = chosen.neutral if favours == "neither" else chosen.sentence
    number = figure(log10_lr)
    said = Message(
        "The likelihood ratio is {number}. {said}",
        number=number,
        said=Message(template, words=Message(chosen.bands[place].words), favoured=favoured, other=other),
    )
    return Wording(
        log10_lr=log10_lr,
        number=number,
        words=Message(chosen.bands[place].words),
        favours=favours,
        sentence=said,
        scale=chosen.name,
        certainty=chosen.certainty,
    )


def checked(log10_lr: float) -> float:
    """Return a log10 LR that is a finite number.

    Raises
    ------
    EvidenceError
        If it is missing or infinite.
    """
    if not math.isfinite(log10_lr):
        raise EvidenceError(f"log10 LR is {log10_lr}; expected a finite number: no pairs carry an infinite one")
    return log10_lr


def figure(log10_lr: float) -> str:
    """Return a likelihood ratio as a person reads it, with two digits, rounded towards 1.

    Raises
    ------
    EvidenceError
        If it is missing or infinite.

    Examples
    --------
    >>> figure(2.51), figure(-3.2), figure(0.0), figure(1.9999), figure(7.1)
    ('320', '1/1,500', '1', '99', '12,000,000')
    """
    size = abs(checked(log10_lr))
    exponent = math.floor(size + 1e-12)
    digits = math.floor(10 ** (size - exponent + DIGITS - 1) + 1e-9)
    value = digits * 10 ** (exponent - DIGITS + 1) if exponent >= DIGITS - 1 else digits / 10 ** (DIGITS - 1)
    text = f"{value:,.1f}".removesuffix(".0") if value < 10 else f"{value:,.0f}"
    return f"1/{text}" if log10_lr < 0 and text != "1" else text
