"""Compare calibrators, bounds and metrics with lir 1.3.1: `python -m benchmarks.likelihood_oracle`.

Every folder of tests/ballistics/likelihood_cases holds parameters.json (which scores, which calibrators) and
expected.json (what lir made of them), so that the ordinary tests need no lir. This script needs it. It recomputes
the expected values with lir, compares them with the stored ones and with this project, and writes them with
`--write`. Scores that are not in the case folder come from the data folder.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ballistics.evidence import performance
from ballistics.evidence.bounds import elub, invariance_bounds
from ballistics.evidence.calibration import Fit, fit_isotonic, fit_kernel_density, fit_logistic
from ballistics.evidence.performance_curves import cross_entropy
from benchmarks.scans import folder

Array = NDArray[np.float64]

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "ballistics" / "likelihood_cases"
PRIORS = (-2.0, -1.0, -0.3, 0.0, 0.5, 1.0, 2.0)
TOLERANCE = 1e-6
OURS: dict[str, Fit] = {
    "logistic": fit_logistic,
    "logistic, penalty 1": partial(fit_logistic, penalty=1.0),
    "kernel density": fit_kernel_density,
    "isotonic": fit_isotonic,
    "isotonic, 1 misleading": partial(fit_isotonic, misleading=1),
}


def case_scores(case: Path, data: Path | None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return scores and truth of the pairs to fit to and of the pairs to measure on."""
    source = json.loads((case / "parameters.json").read_text())["source"]
    if "sha256" in source:
        if data is None:
            raise FileNotFoundError(f"{case.name} needs {source['file']}; name its folder in BALLISTICS_DATA")
        path = data / source["file"]
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != source["sha256"]:
            raise ValueError(f"{path} has the sha256 {found}; the case was made with {source['sha256']}")
    else:
        path = case / source["file"]
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))

    def chosen(part: str | None) -> tuple[Array, Array]:
        taken = [row for row in rows if part is None or row[source["split"]] == part]
        return (
            np.array([float(row[source["score"]]) for row in taken]),
            np.array([int(row[source["same"]]) for row in taken]),
        )

    return chosen(source.get("fit")), chosen(source.get("measure"))


def probes(scores: Array) -> Array:
    """Scores at which log10 LRs are stored: evenly spaced, a tenth of the range beyond either end."""
    low, high = float(scores.min()), float(scores.max())
    return np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 41)


def ours(name: str, fitted_to: tuple[Array, Array], measured: tuple[Array, Array]) -> dict[str, Any]:
    """Compute a case with this project."""
    calibrator = OURS[name](*fitted_to)
    known = calibrator.log10_lr(fitted_to[0])
    values, same = calibrator.log10_lr(measured[0]), measured[1]
    limits = {"elub": elub(known, fitted_to[1]), "invariance": invariance_bounds(known, fitted_to[1])}
    deviation = performance.devpav(values, same)
    return {
        "log10_lr": calibrator.log10_lr(probes(fitted_to[0])).tolist(),
        **{method: [found.lower, found.upper] for method, found in limits.items()},
        "cllr": performance.cllr(values, same),
        "cllr_min": performance.cllr_min(values, same),
        "cllr_cal": performance.cllr_cal(values, same),
        "devpav": deviation if isinstance(deviation, float) else float("nan"),
        "cross_entropy": cross_entropy(values, same, prior_log10_odds=PRIORS).system.tolist(),
        "cllr_elub": performance.cllr(limits["elub"].apply(values).log10_lr, same),
    }


def theirs(name: str, fitted_to: tuple[Array, Array], measured: tuple[Array, Array]) -> dict[str, Any]:
    """Compute a case with lir."""
    from lir.algorithms.bayeserror import elub as lir_elub
    from lir.algorithms.invariance_bounds import IVBounder
    from lir.algorithms.isotonic_regression import IsotonicCalibrator
    from lir.algorithms.kde import KDECalibrator
    from lir.algorithms.logistic_regression import LogitCalibrator
    from lir.data.models import LLRData
    from lir.metrics import cllr, cllr_cal, cllr_min
    from lir.metrics.devpav import devpav
    from lir.plotting.expected_calibration_error import calculate_ece
    from lir.util import logodds_to_odds, odds_to_probability

    exact = {"solver": "newton-cholesky", "tol": 1e-12, "max_iter": 10_000}
    made: dict[str, Callable[[], Any]] = {
        "logistic": lambda: LogitCalibrator(C=np.inf, **exact),
        "logistic, penalty 1": lambda: LogitCalibrator(**exact),
        "kernel density": lambda: KDECalibrator("silverman"),
        "isotonic": IsotonicCalibrator,
        "isotonic, 1 misleading": lambda: IsotonicCalibrator(add_misleading=1),
    }
    calibrator = made[name]()
    column = name.startswith("logistic")

    def log10_lr(scores: Array) -> Array:
        return np.ravel(calibrator.transform(scores[:, None] if column else scores))

    calibrator.fit(fitted_to[0][:, None] if column else fitted_to[0], fitted_to[1])
    known, values, same = log10_lr(fitted_to[0]), log10_lr(measured[0]), measured[1]
    lower, upper = lir_elub(known.copy(), fitted_to[1])
    data = LLRData(features=values[:, None], labels=same)
    bounded = LLRData(features=np.clip(values, lower, upper)[:, None], labels=same)
    priors = odds_to_probability(10 ** np.array(PRIORS))
    return {
        "log10_lr": log10_lr(probes(fitted_to[0])).tolist(),
        "elub": [float(lower), float(upper)],
        "invariance": [float(one) for one in IVBounder().calculate_bounds(known.copy(), fitted_to[1])],
        "cllr": cllr(data),
        "cllr_min": cllr_min(data),
        "cllr_cal": cllr_cal(data),
        "devpav": float(np.squeeze(devpav(values.copy(), same))),
        "cross_entropy": calculate_ece(logodds_to_odds(values), same, priors).tolist(),
        "cllr_elub": cllr(bounded),
    }


def written(value: Any) -> Any:
    """Return a value with infinite and missing numbers as text, since JSON has none."""
    if isinstance(value, dict):
        return {key: written(one) for key, one in value.items()}
    if isinstance(value, list):
        return [written(one) for one in value]
    return value if np.isfinite(value) else str(value)


def difference(found: Any, expected: Any) -> float:
    """Return the largest absolute difference of numbers; equal infinities do not differ."""
    left = np.array([float(one) for one in np.ravel(found)])
    right = np.array([float(one) for one in np.ravel(expected)])
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(invalid="ignore"):
        return float(np.where(same, 0.0, np.abs(left - right)).max())


def main() -> int:
    """Compare every case; return 3 if one is off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the folder of real scans; BALLISTICS_DATA or ../shared/data")
    parser.add_argument("--write", action="store_true", help="write expected.json of every case")
    asked = parser.parse_args()
    try:
        lir_version = version("lir")
    except PackageNotFoundError:
        print("lir is not installed here: pip install lir==1.3.1", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    off = 0
    for case in sorted(path.parent for path in CASES.glob("*/parameters.json")):
        fitted_to, measured = case_scores(case, asked.data or folder())
        calibrators = json.loads((case / "parameters.json").read_text())["calibrators"]
        began = time.process_time()
        oracle = {name: written(theirs(name, fitted_to, measured)) for name in calibrators}
        took = time.process_time() - began
        stored = case / "expected.json"
        if asked.write:
            text = json.dumps({"lir": lir_version, "results": oracle}, indent=1)
            stored.write_text(text + "\n")
        expected = json.loads(stored.read_text())["results"]
        for name in calibrators:
            began = time.process_time()
            own = ours(name, fitted_to, measured)
            own_took = time.process_time() - began
            apart = {key: difference(own[key], oracle[name][key]) for key in own}
            moved = max(difference(expected[name][key], oracle[name][key]) for key in own)
            worst = max(apart, key=lambda key: apart[key])
            good = apart[worst] <= TOLERANCE and moved <= TOLERANCE
            off += not good
            print(
                f"{case.name:28} {name:24} Cllr {own['cllr']:7.4f} ({own['cllr_min']:.4f}), with ELUB "
                f"{own['cllr_elub']:.4f}; off by {apart[worst]:.1e} ({worst}), stored {moved:.1e}; "
                f"{own_took:.3f} s{'' if good else '  <-- differs'}"
            )
        print(f"{case.name:28} lir took {took:.2f} s")
    return 3 if off else 0


if __name__ == "__main__":
    sys.exit(main())
