"""Calibrators, bounds and metrics against results of lir 1.3.1, stored by benchmarks/likelihood_oracle.py."""

from __future__ import annotations

import csv
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ballistics.evidence.bounds import elub, invariance_bounds
from ballistics.evidence.calibration import Fit, fit_isotonic, fit_kernel_density, fit_logistic
from ballistics.evidence.performance import cllr, cllr_cal, cllr_min, devpav
from ballistics.evidence.performance_curves import cross_entropy

Array = NDArray[np.float64]

CASES = sorted((Path(__file__).parent / "likelihood_cases").iterdir())
FITS: dict[str, Fit] = {
    "logistic": fit_logistic,
    "logistic, penalty 1": partial(fit_logistic, penalty=1.0),
    "kernel density": fit_kernel_density,
    "isotonic": fit_isotonic,
    "isotonic, 1 misleading": partial(fit_isotonic, misleading=1),
}
PRIORS = (-2.0, -1.0, -0.3, 0.0, 0.5, 1.0, 2.0)


def load(case: Path, request: pytest.FixtureRequest) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Scores and truth to fit to, and to measure on."""
    source = json.loads((case / "parameters.json").read_text())["source"]
    path = case / source["file"]
    if "sha256" in source:
        path = request.getfixturevalue("data") / source["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == source["sha256"]
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))

    def part(wanted: str | None) -> tuple[Array, Array]:
        taken = [row for row in rows if wanted is None or row[source["split"]] == wanted]
        return np.array([float(r[source["score"]]) for r in taken]), np.array(
            [int(r[source["same"]]) for r in taken]
        )

    return part(source.get("fit")), part(source.get("measure"))


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, np.array(expected, dtype=np.float64), rtol=1e-9, atol=1e-6)


def test_there_are_cases() -> None:
    assert len(CASES) >= 13


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_of_lir(case: Path, request: pytest.FixtureRequest) -> None:
    (scores, known), (measured, same) = load(case, request)
    low, high = scores.min(), scores.max()
    at = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 41)
    results = json.loads((case / "expected.json").read_text())["results"]
    assert len(results) >= 4
    for name, expected in results.items():
        calibrator = FITS[name](scores, known)
        close(calibrator.log10_lr(at), expected["log10_lr"])
        fitted, values = calibrator.log10_lr(scores), calibrator.log10_lr(measured)
        limits = elub(fitted, known)
        close([limits.lower, limits.upper], expected["elub"])
        other = invariance_bounds(fitted, known)
        close([other.lower, other.upper], expected["invariance"])
        close(cllr(values, same), expected["cllr"])
        close(cllr_min(values, same), expected["cllr_min"])
        close(cllr_cal(values, same), expected["cllr_cal"])
        deviation = devpav(values, same)
        close(deviation if isinstance(deviation, float) else np.nan, expected["devpav"])
        close(cross_entropy(values, same, prior_log10_odds=PRIORS).system, expected["cross_entropy"])
        close(cllr(limits.apply(values).log10_lr, same), expected["cllr_elub"])
