"""A reference population in a few rows, and what may be wrong with it."""

from __future__ import annotations

import numpy as np

from ballistics.errors import EvidenceError
from ballistics.evidence.bounds import ELUB_STEP
from ballistics.evidence.population import Diagnostics, ReferencePopulation, build_population
from ballistics.evidence.weight import SAME_FIT
from ballistics.parameters import parameter_sets, picture_sets, striated_sets

SAME_BOUND = 2 * ELUB_STEP


def population_rows(population: ReferencePopulation) -> list[tuple[str, str]]:
    """Return names and texts of what a population is of, how well it does, and where it comes from."""
    of, known, limits = population.description, population.diagnostics, population.bounds
    scanned = f", scanned until {of.scanning.scanned}" if of.scanning.scanned else ""
    how = f"{population.method.name} on {of.score} ({', '.join(population.pairs.scores)})"
    return [
        ("Population", of.name),
        ("SHA-256", population.sha256),
        ("Mark", of.mark),
        ("Firearms", of.firearms),
        ("Names", ", ".join(sorted(population.pairs.firearm_names))),
        (
            "Known pairs",
            f"{known.known_matches} matches of {known.matched_firearms} firearms, "
            f"{known.known_non_matches} non-matches of {known.firearm_pairs} pairs of firearms",
        ),
        (
            "Scanner",
            f"{of.scanning.scanner}: {of.scanning.instrument}, {of.scanning.maker}, pixel "
            f"{of.scanning.pixel_um:g} µm{scanned}",
        ),
        ("Parameter set", f"{of.parameters}, hash {of.parameter_hash[:12]}"),
        ("Calibrator", how),
        ("Bounds", f"{limits.method}: log10 LR {limits.lower:.2f} to {limits.upper:.2f}"),
        (
            "Cllr",
            f"{known.cllr:.3f} on firearms that the fit did not know (least possible {known.cllr_min:.3f}, "
            f"unbounded {known.cllr_unbounded:.3f}, in-sample {known.cllr_in_sample:.3f})",
        ),
        (
            "Overlap",
            "none: no known match scores as low as a known non-match"
            if known.separated
            else f"{known.ties} pairs share a score with a pair of the other kind",
        ),
        ("Source", of.origin.source),
        ("Licence", of.origin.licence),
        ("Credit", of.origin.credit),
        ("Built", f"{of.origin.made_by}; library {population.library}"),
    ]


def problems_of(population: ReferencePopulation) -> list[str]:
    """Return what keeps a population from being used; empty if nothing does.

    Calibrator, bounds and diagnostics must follow from the pairs, which are taken as they are: a population is
    built anew of them and compared, so that it does not help to seal an edited file again.
    """
    of, hashes, found = population.description, hashes_of_sets(), []
    if of.parameters not in hashes:
        found.append(f"no parameter set is called {of.parameters}; there are: {', '.join(hashes)}")
    elif hashes[of.parameters] != of.parameter_hash:
        found.append(
            f"the parameter set {of.parameters} has the hash {hashes[of.parameters][:12]} now, the population was "
            f"made under {of.parameter_hash[:12]}: build it anew"
        )
    try:
        anew = _built_anew(population)
    except EvidenceError as error:
        return [*found, f"no population can be built of its pairs: {error}"]
    return [*found, *_differences(population, anew)]


def hashes_of_sets() -> dict[str, str]:
    """Return the hashes of all parameter sets of this version by their names, those of exhaustive ones too."""
    sets = [*parameter_sets().values(), *striated_sets().values(), *picture_sets().values()]
    sets += [each.exhaustive() for each in parameter_sets().values()]
    return {each.name: each.hash for each in sets}


def _built_anew(population: ReferencePopulation) -> ReferencePopulation:
    pairs, method = population.pairs, population.bounds.method
    if method == "given":
        raise EvidenceError("its bounds were given by hand")
    return build_population(
        population.description,
        pairs.scores,
        firearms=(pairs.first_firearm, pairs.second_firearm),
        items=(pairs.first_item, pairs.second_item),
        scans=population.scans,
        method=population.method,
        bound=method,
    )


def _differences(population: ReferencePopulation, anew: ReferencePopulation) -> list[str]:
    found, table = [], population.pairs.table
    made = f"it was made by another version ({population.library}) or by hand: build it anew"
    away = float(np.abs(anew.calibrator.log10_lr(table) - population.calibrator.log10_lr(table)).max())
    if away > SAME_FIT:
        found.append(f"a new fit to the pairs differs by up to {away:.3f} in log10 LR; {made}")
    own, new = population.bounds, anew.bounds
    if max(abs(own.lower - new.lower), abs(own.upper - new.upper)) > SAME_BOUND:
        found.append(
            f"its bounds are {own.lower:.2f} and {own.upper:.2f}, those that follow from the pairs "
            f"{new.lower:.2f} and {new.upper:.2f}; {made}"
        )
    for name in Diagnostics.model_fields:
        said, counted = getattr(population.diagnostics, name), getattr(anew.diagnostics, name)
        if abs(said - counted) > (SAME_FIT if isinstance(said, float) else 0):
            found.append(f"its {name.replace('_', ' ')} is {said:.4g}, from the pairs it is {counted:.4g}; {made}")
    if population.scans != anew.scans:
        found.append(f"it has scans of items that are in no pair; {made}")
    return found
