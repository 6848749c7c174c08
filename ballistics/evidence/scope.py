"""What a reference population can speak of: its marks, its scanner, scores like its own, other firearms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from ballistics.errors import OptionError
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.names import plain_name
from ballistics.evidence.population import ReferencePopulation
from ballistics.language import Message, joined

LEAST_FIREARMS = 5
LEAST_MATCHES = 20
COUNTS = ("count", "cells")
ONE_CELL = 1.0
SIZES = 1.5
ROUNDING = 1e-9

LARGER = Message(
    "The mark is larger than any in the population: {cells:g} cells, there {least:g} to {most:g}. Use a "
    "population of marks of such a size, or report the score without a likelihood ratio."
)
SMALLER = Message(
    "The mark is smaller than any in the population: {cells:g} cells, there {least:g} to {most:g}. Use a "
    "population of marks of such a size, or report the score without a likelihood ratio."
)

Why = Literal["parameters", "mark", "scanner", "score", "case firearm", "same scan", "too small", "fit"]


def outside(
    population: ReferencePopulation,
    case: FloatArray,
    *,
    parameter_hash: str,
    mark: str,
    scanner: str,
    case_firearms: Iterable[str] = (),
    inputs: Iterable[str] = (),
    one_scan: bool = False,
) -> dict[Why, Message]:
    """Return every reason why a population cannot speak of a score; empty if it can.

    Parameters
    ----------
    population : ReferencePopulation
        Pairs of known origin.
    case : ndarray, shape () or (k,)
        The score, as many numbers as the population has columns.
    parameter_hash, mark, scanner : str
        What the score was made with and from. Capitals and spaces do not matter in marks, scanners and firearms.
    case_firearms : iterable of str
        Firearms of the case; names compare by `ballistics.evidence.names.plain_name`.
    inputs : iterable of str
        SHA-256 of every scan of the case. One that is in the population is refused like a firearm of it, and one
        that is there twice was compared with itself.
    one_scan : bool
        Both marks are known to be one scan, such as by their heights.

    Raises
    ------
    OptionError
        If ``case_firearms`` or ``inputs`` is one text, or one of them is blank.

    Notes
    -----
    A score is supported if known matches or known non-matches reach as far: every column lies between the lowest
    and the highest score of one of these kinds, or at most one standard deviation of that kind beyond. For a count
    of congruent cells the share of the cells is judged, with one cell of the case to spare at least, and the cells
    of the case must be between the fewest of the population divided by 1.5 and 1.5 times the most: the share
    hardly depends on the size of the mark, a count does. In a column of counts among several scores one count is
    the least to spare.

    Why: a kind of pairs that reaches below and above a score says how probable such scores are, also where no pair
    has that very score; to withhold them would withhold above all what speaks for different firearms. In the gap
    between the kinds and beyond all pairs the calibrator is a formula without data. One standard deviation and 1.5
    are conventions, not results.

    Fewer than 5 firearms or 20 known matches are too few: four firearms can be drawn in 35 ways only, which leaves
    the ends of a 90 % interval to single draws.
    """
    reasons = _mismatches(population, parameter_hash, mark, scanner) | _shortages(population)
    hashes = [digest.casefold() for digest in _listed("inputs", inputs)]
    if shared := [*_shared_firearms(population, case_firearms), *_shared_scans(population, hashes)]:
        reasons["case firearm"] = joined(shared, " ")
    if one_scan or len(set(hashes)) < len(hashes):
        reasons["same scan"] = Message(
            "A scan was compared with itself, which is no evidence about a firearm. Compare scans of two items."
        )
    if far := _out_of_reach(population, case):
        reasons["score"] = far
    return reasons


def _mismatches(
    population: ReferencePopulation, parameter_hash: str, mark: str, scanner: str
) -> dict[Why, Message]:
    of = population.description
    found: dict[Why, Message] = {}
    if parameter_hash != of.parameter_hash:
        found["parameters"] = Message(
            "The score was made with the parameter set {given}, the population with {name} ({hash}). Compare "
            "under that set, or use another population.",
            given=parameter_hash[:12],
            name=of.parameters,
            hash=of.parameter_hash[:12],
        )
    if plain_name(mark) != plain_name(of.mark):
        found["mark"] = Message(
            "The mark is of the kind {given}, those of the population of the kind {known}.",
            given=mark,
            known=of.mark,
        )
    if plain_name(scanner) != plain_name(of.scanning.scanner):
        found["scanner"] = Message(
            "The class of the scanner is {given}, that of the population {known}.",
            given=scanner,
            known=of.scanning.scanner,
        )
    return found


def _shortages(population: ReferencePopulation) -> dict[Why, Message]:
    firearms, matches = len(population.pairs.firearm_names), population.pairs.known_matches
    if firearms >= LEAST_FIREARMS and matches >= LEAST_MATCHES:
        return {}
    return {
        "too small": Message(
            "The population has {firearms} firearms and {matches} known matches; at least {least_firearms} and "
            "{least_matches} are needed for a likelihood ratio with an interval.",
            firearms=firearms,
            matches=matches,
            least_firearms=LEAST_FIREARMS,
            least_matches=LEAST_MATCHES,
        )
    }


def _shared_firearms(population: ReferencePopulation, case_firearms: Iterable[str]) -> Iterator[Message]:
    known = {plain_name(name) for name in population.pairs.firearm_names}
    shared = sorted(name for name in _listed("case_firearms", case_firearms) if plain_name(name) in known)
    if shared:
        yield Message(
            "Firearms of the case are in the population: {names}. Build it without them.", names=", ".join(shared)
        )


def _shared_scans(population: ReferencePopulation, hashes: list[str]) -> Iterator[Message]:
    pairs, known = population.pairs, population.scans
    made_by = dict(
        zip(pairs.first_item + pairs.second_item, pairs.first_firearm + pairs.second_firearm, strict=True)
    )
    items = sorted({known[digest] for digest in hashes if digest in known})
    if items:
        yield Message(
            "Scans of the case are in the population: {items}. Build it without their firearms.",
            items=", ".join(f"{item} ({made_by[item]})" if item in made_by else item for item in items),
        )


def _listed(name: str, given: Iterable[str]) -> list[str]:
    if isinstance(given, str):
        raise OptionError(f"{name} is the text {given!r}; expected a list of them")
    listed = list(given)
    if not all(each.strip() for each in listed):
        raise OptionError(f"{name} has an empty entry: {listed}; leave it out, or write what it is")
    return listed


def _out_of_reach(population: ReferencePopulation, case: FloatArray) -> Message | None:
    """Return why no kind of known pair reaches as far as the score, or nothing."""
    pairs, at = population.pairs, np.atleast_1d(case)
    if population.description.score == "cell count":
        count, cells = at.tolist()
        return _other_size(pairs.table[:, 1], cells) or _other_share(pairs, count, cells)
    names, table = tuple(pairs.scores), pairs.table.reshape(len(pairs), -1)
    least = np.array([ONE_CELL if name in COUNTS else 0.0 for name in names])
    match, other = (_Range.of(table[pairs.same == same], least) for same in (True, False))
    if match.holds(at) or other.holds(at):
        return None
    return Message(
        "The population has no pair like this score ({score}): its known matches have {matches}, its known "
        "non-matches {others}, and up to one standard deviation beyond is supported. Use a population that has "
        "such pairs, or report the score without a likelihood ratio.",
        score=", ".join(f"{name} {value:.4g}" for name, value in zip(names, at, strict=True)),
        matches=match.told(names),
        others=other.told(names),
    )


def _other_size(known: FloatArray, cells: float) -> Message | None:
    least, most = float(known.min()), float(known.max())
    if least / SIZES <= cells <= SIZES * most:
        return None
    return (LARGER if cells > most else SMALLER).filled(cells=cells, least=least, most=most)


def _other_share(pairs: KnownPairs, count: float, cells: float) -> Message | None:
    shares, share = pairs.table[:, :1] / pairs.table[:, 1:], np.array([count / cells])
    match, other = (_Range.of(shares[pairs.same == same], ONE_CELL / cells) for same in (True, False))
    if match.holds(share) or other.holds(share):
        return None
    return Message(
        "The population has no pair like this score, {count:g} of {cells:g} cells ({share:.0%}): its known "
        "matches have {match_low:.0%} to {match_high:.0%} of their cells congruent, its known non-matches "
        "{other_low:.0%} to {other_high:.0%}, and up to one standard deviation beyond is supported "
        "({match_reach:.0%} and {other_reach:.0%}). Use a population that has such pairs, or report the score "
        "without a likelihood ratio.",
        count=count,
        cells=cells,
        share=count / cells,
        match_low=float(match.low[0]),
        match_high=float(match.high[0]),
        match_reach=float(match.reach[0]),
        other_low=float(other.low[0]),
        other_high=float(other.high[0]),
        other_reach=float(other.reach[0]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Range:
    """Lowest and highest scores of one kind of pairs, and how far beyond is supported; each of shape (k,)."""

    low: FloatArray
    high: FloatArray
    reach: FloatArray

    @classmethod
    def of(cls, rows: FloatArray, least: FloatArray | float) -> Self:
        return cls(low=rows.min(axis=0), high=rows.max(axis=0), reach=np.maximum(rows.std(axis=0), least))

    def holds(self, case: FloatArray) -> bool:
        reach = self.reach * (1 + ROUNDING)
        return bool(((self.low - reach <= case) & (case <= self.high + reach)).all())

    def told(self, names: tuple[str, ...]) -> str:
        return ", ".join(
            f"{name} {low:.4g} to {high:.4g}" for name, low, high in zip(names, self.low, self.high, strict=True)
        )
