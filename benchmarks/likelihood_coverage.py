"""How often the interval over firearms holds the true log10 LR: `python -m benchmarks.likelihood_coverage`.

Scores are simulated with a known likelihood ratio. Every firearm has an effect of its own, which all its pairs
share: known matches are normal around ``SHIFT``, known non-matches around 0, with the same variance, so the true
log10 LR is a straight line in the score. Counts are beta-binomial.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln
from scipy.stats import beta, norm

from ballistics.evidence.calibration import Fit, fit_beta_binomial, fit_kernel_density, fit_logistic
from ballistics.evidence.interval import bootstrap_interval

Array = NDArray[np.float64]

SHIFT = 2.0
NOISE = 1.0
SCORES = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
CELLS = 24
COUNTS = np.array([[2.0, CELLS], [5.0, CELLS], [8.0, CELLS], [12.0, CELLS], [16.0, CELLS]])
SAME = (6.0, 4.0)
DIFFERENT = (2.0, 14.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Scores with the firearms of both marks."""

    scores: Array
    first: NDArray[np.str_]
    second: NDArray[np.str_]


def every_pair(firearms: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """One known match of every firearm, and one known non-match of every two."""
    first, second = np.triu_indices(firearms)
    return first, second


def normal_pairs(rng: np.random.Generator, firearms: int, effect: float) -> Pairs:
    """Simulate normal scores; ``effect`` is the standard deviation of the firearms' effects."""
    first, second = every_pair(firearms)
    own = rng.normal(0.0, effect, firearms)
    shared = np.where(first == second, SHIFT + math.sqrt(2) * own[first], own[first] + own[second])
    names = np.array([f"firearm {i}" for i in range(firearms)])
    return Pairs(scores=shared + rng.normal(0.0, NOISE, len(first)), first=names[first], second=names[second])


def normal_truth(effect: float) -> Array:
    """True log10 LR at `SCORES`."""
    return (SHIFT * SCORES - SHIFT**2 / 2) / (2 * effect**2 + NOISE**2) / math.log(10)


def count_pairs(rng: np.random.Generator, firearms: int, effect: float) -> Pairs:
    """Simulate counts; ``effect``, 0 to 1, is how strongly a firearm sets the probability of its cells."""
    first, second = every_pair(firearms)
    same = first == second
    own = rng.normal(0.0, 1.0, firearms)
    shared = np.where(same, own[first], (own[first] + own[second]) / math.sqrt(2))
    level = norm.cdf(effect * shared + math.sqrt(1 - effect**2) * rng.normal(0.0, 1.0, len(first)))
    share = np.where(same, beta.ppf(level, *SAME), beta.ppf(level, *DIFFERENT))
    counts = rng.binomial(CELLS, share).astype(np.float64)
    names = np.array([f"firearm {i}" for i in range(firearms)])
    scores = np.column_stack([counts, np.full(len(counts), float(CELLS))])
    return Pairs(scores=scores, first=names[first], second=names[second])


def count_truth(effect: float) -> Array:
    """True log10 LR at `COUNTS`; the effect moves pairs together and leaves the distribution of one pair."""
    counts = COUNTS[:, 0]
    ratio = [betaln(counts + a, CELLS - counts + b) - betaln(a, b) for a, b in (SAME, DIFFERENT)]
    return np.asarray((ratio[0] - ratio[1]) / math.log(10))


def coverage(
    fit: Fit,
    simulate: Callable[[np.random.Generator, int, float], Pairs],
    truth: Array,
    at: Array,
    *,
    firearms: int,
    effect: float,
    repetitions: int,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return the share of intervals that hold the truth, and their mean width, at each score."""
    held, width = np.zeros(len(at)), np.zeros(len(at))
    for _ in range(repetitions):
        pairs = simulate(rng, firearms, effect)
        found = bootstrap_interval(fit, pairs.scores, pairs.first, pairs.second, at, rng=rng, draws=draws)
        held += (found.lower <= truth) & (truth <= found.upper)
        width += found.upper - found.lower
    return held / repetitions, width / repetitions


def main() -> None:
    """Print a table, one line for each calibrator, number of firearms and effect."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"90 % intervals, {asked.repetitions} repetitions of {asked.draws} draws, seed {asked.seed}")
    print(f"coverage at the scores {SCORES.tolist()} or the counts {COUNTS[:, 0].tolist()} of {CELLS} cells")
    for firearms in (20, 40):
        for name, fit, simulate, truth, at, effect in (
            ("logistic", fit_logistic, normal_pairs, normal_truth, SCORES, 0.0),
            ("logistic", fit_logistic, normal_pairs, normal_truth, SCORES, 0.5),
            ("kernel density", fit_kernel_density, normal_pairs, normal_truth, SCORES, 0.5),
            ("beta-binomial", fit_beta_binomial, count_pairs, count_truth, COUNTS, 0.6),
        ):
            began = time.process_time()
            held, width = coverage(
                fit,
                simulate,
                truth(effect),
                at,
                firearms=firearms,
                effect=effect,
                repetitions=asked.repetitions,
                draws=asked.draws,
                rng=np.random.default_rng(asked.seed),
            )
            took = time.process_time() - began
            print(
                f"{name:15} {firearms} firearms, effect {effect:.1f}: {held.round(3).tolist()}, "
                f"mean {held.mean():.3f}; width {width.round(2).tolist()}; {took:.0f} s CPU",
                flush=True,
            )


if __name__ == "__main__":
    main()
