"""What a reference population can speak of: its marks, its scanner, scores like its own, other firearms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from ballistics.errors import OptionError
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.population import ReferencePopulation
from ballistics.language import Message

LEAST_FIREARMS = 5
LEAST_MATCHES = 20
REACH = 1.0
ONE_CELL = 1.0

Why = Literal["parameters", "mark", "scanner", "score", "case firearm", "too small", "fit"]


def outside(
    population: ReferencePopulation,
    case: FloatArray,
    *,
    parameter_hash: str,
    mark: str,
    scanner: str,
    case_firearms: Iterable[str] = (),
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
        Firearms of the case.

    Raises
    ------
    OptionError
        If ``case_firearms`` is one text.

    Notes
    -----
    A score is supported where a known pair is near: within one standard deviation, of the scores of that pair's
    own kind, of it (root mean square over columns; one cell at least for counts). That is two to five of
    Silverman's bandwidths, where a kernel density has come down to the tail of its last kernel. Beyond it, whether
    above all pairs, below them or in a gap between the two kinds, every calibrator is a formula without data.

    Fewer than 5 firearms or 20 known matches are too few: four firearms can be drawn in 35 ways only, which leaves
    the ends of a 90 % interval to single draws.
    """
    reasons = _mismatches(population, parameter_hash, mark, scanner) | _shortages(population)
    if shared := _shared(population, case_firearms):
        reasons["case firearm"] = shared
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
    if _plain(mark) != _plain(of.mark):
        found["mark"] = Message(
            "The mark is of the kind {given}, those of the population of the kind {known}.",
            given=mark,
            known=of.mark,
        )
    if _plain(scanner) != _plain(of.scanning.scanner):
        found["scanner"] = Message(
            "The class of the scanner is {given}, that of the population {known}.",
            given=scanner,
            known=of.scanning.scanner,
        )
    return found


def _shortages(population: ReferencePopulation) -> dict[Why, Message]:
    known = population.diagnostics
    if known.firearms >= LEAST_FIREARMS and known.known_matches >= LEAST_MATCHES:
        return {}
    return {
        "too small": Message(
            "The population has {firearms} firearms and {matches} known matches; at least {least_firearms} and "
            "{least_matches} are needed for a likelihood ratio with an interval.",
            firearms=known.firearms,
            matches=known.known_matches,
            least_firearms=LEAST_FIREARMS,
            least_matches=LEAST_MATCHES,
        )
    }


def _shared(population: ReferencePopulation, case_firearms: Iterable[str]) -> Message | None:
    if isinstance(case_firearms, str):
        raise OptionError(f"case_firearms is the text {case_firearms!r}; expected a list of names")
    known = {_plain(name) for name in population.pairs.firearm_names}
    shared = sorted(name for name in case_firearms if _plain(name) in known)
    if not shared:
        return None
    return Message(
        "Firearms of the case are in the population: {names}. Build it without them.", names=", ".join(shared)
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _out_of_reach(population: ReferencePopulation, case: FloatArray) -> Message | None:
    """Return why no known pair is near the score, or nothing."""
    table = population.pairs.table.reshape(len(population.pairs), -1)
    nearest: list[str] = []
    away: list[float] = []
    for same in (True, False):
        rows = table[population.pairs.same == same]
        distance = _distances(rows, case, counts=population.description.score == "cell count")
        place = int(distance.argmin())
        if distance[place] <= REACH:
            return None
        nearest.append(_figures(rows[place]))
        away.append(float(distance[place]))
    return Message(
        "The population has no pair like this score ({score}): the nearest known match ({match}) is "
        "{match_away:.2f} standard deviations away, the nearest known non-match ({other}) {other_away:.2f}; up to "
        "{reach:g} is supported.",
        score=_figures(case),
        match=nearest[0],
        match_away=away[0],
        other=nearest[1],
        other_away=away[1],
        reach=REACH,
    )


def _distances(rows: FloatArray, case: FloatArray, *, counts: bool) -> FloatArray:
    """Return how far a score is from every row, in standard deviations of the rows; shape (n,)."""
    spread = rows.std(axis=0)
    if counts:
        spread = np.maximum(spread, ONE_CELL)
    with np.errstate(divide="ignore"):
        away = np.where(rows == case, 0.0, np.abs(rows - case) / spread)
    return np.asarray(np.sqrt((away**2).mean(axis=1)))


def _figures(score: FloatArray) -> str:
    return ", ".join(f"{value:g}" for value in np.atleast_1d(score))
