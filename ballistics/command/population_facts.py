"""A reference population in a few rows, and what may be wrong with it."""

from __future__ import annotations

import numpy as np

from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.weight import SAME_FIT
from ballistics.parameters import parameter_sets, picture_sets, striated_sets


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
    """Return what keeps a population from being used; empty if nothing does."""
    of, found = population.description, []
    sets = [*parameter_sets().values(), *striated_sets().values(), *picture_sets().values()]
    sets += [each.exhaustive() for each in parameter_sets().values()]
    hashes = {each.name: each.hash for each in sets}
    if of.parameters not in hashes:
        found.append(f"no parameter set is called {of.parameters}; there are: {', '.join(hashes)}")
    elif hashes[of.parameters] != of.parameter_hash:
        found.append(
            f"the parameter set {of.parameters} has the hash {hashes[of.parameters][:12]} now, the population was "
            f"made under {of.parameter_hash[:12]}: build it anew"
        )
    anew = population.fit(population.pairs.table, population.pairs.same)
    table = population.pairs.table
    away = float(np.abs(anew.log10_lr(table) - population.calibrator.log10_lr(table)).max())
    if away > SAME_FIT:
        found.append(
            f"a new fit to the pairs differs by up to {away:.3f} in log10 LR; it was made by "
            f"{population.library}: build it anew"
        )
    return found
