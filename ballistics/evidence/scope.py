"""What a reference population can speak of: its marks, its scanner, scores like its own, other firearms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from ballistics.errors import OptionError
from ballistics.evidence.labelled import FloatArray
from ballistics.evidence.population import ReferencePopulation

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
) -> dict[Why, str]:
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


def _mismatches(population: ReferencePopulation, parameter_hash: str, mark: str, scanner: str) -> dict[Why, str]:
    of = population.description
    found: dict[Why, str] = {}
    if parameter_hash != of.parameter_hash:
        found["parameters"] = (
            f"The score was made with the parameter set {parameter_hash[:12]}, the population with "
            f"{of.parameters} ({of.parameter_hash[:12]}). Compare under that set, or use another population."
        )
    if _plain(mark) != _plain(of.mark):
        found["mark"] = f"The mark is a {mark}, those of the population are of the kind {of.mark}."
    if _plain(scanner) != _plain(of.scanning.scanner):
        found["scanner"] = (
            f"The mark was scanned with a {scanner}, those of the population with a {of.scanning.scanner}."
        )
    return found


def _shortages(population: ReferencePopulation) -> dict[Why, str]:
    known = population.diagnostics
    if known.firearms >= LEAST_FIREARMS and known.known_matches >= LEAST_MATCHES:
        return {}
    return {
        "too small": f"The population has {known.firearms} firearms and {known.known_matches} known matches; "
        f"at least {LEAST_FIREARMS} and {LEAST_MATCHES} are needed for a likelihood ratio with an interval."
    }


def _shared(population: ReferencePopulation, case_firearms: Iterable[str]) -> str:
    if isinstance(case_firearms, str):
        raise OptionError(f"case_firearms is the text {case_firearms!r}; expected a list of names")
    known = {_plain(name) for name in population.pairs.firearm_names}
    shared = sorted(name for name in case_firearms if _plain(name) in known)
    if not shared:
        return ""
    return f"Firearms of the case are in the population: {', '.join(shared)}. Build it without them."


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _out_of_reach(population: ReferencePopulation, case: FloatArray) -> str:
    """Return why no known pair is near the score, or nothing."""
    table = population.pairs.table.reshape(len(population.pairs), -1)
    far = []
    for kind, name in ((True, "known match"), (False, "known non-match")):
        rows = table[population.pairs.same == kind]
        spread = rows.std(axis=0)
        if population.description.score == "cell count":
            spread = np.maximum(spread, ONE_CELL)
        with np.errstate(divide="ignore"):
            away = np.where(rows == case, 0.0, np.abs(rows - case) / spread)
        distance = np.sqrt((away**2).mean(axis=1))
        nearest = int(distance.argmin())
        if distance[nearest] <= REACH:
            return ""
        where = ", ".join(f"{value:g}" for value in rows[nearest])
        far.append(f"the nearest {name} ({where}) is {distance[nearest]:.1f} standard deviations away")
    given = ", ".join(f"{value:g}" for value in np.atleast_1d(case))
    return (
        f"The population has no pair like this score ({given}): {far[0]}, {far[1]}; up to {REACH:g} is supported."
    )
