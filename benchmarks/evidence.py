"""How good likelihood ratios are on firearms that no calibrator knew: `python -m benchmarks.evidence`.

Breech faces with the project's own scores, the published score tables of the NFI, and bullet lands. Where lir is
installed (dependency group ``lir``), its calibrators are run on the same splits; without it those rows are left
out.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from ballistics.evidence.bounds import elub
from ballistics.evidence.calibration import (
    Calibrator,
    Fit,
    fit_binomial,
    fit_combination,
    fit_isotonic,
    fit_kernel_density,
)
from ballistics.evidence.held_out import held_out
from ballistics.evidence.method import Method
from ballistics.evidence.performance import cllr, cllr_min, misleading
from ballistics.parameters import default_set, default_striated_set
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.signature import mirrored_signature
from benchmarks.accuracy import score
from benchmarks.bullets import Land, lands
from benchmarks.scans import breech_faces, folder

Array = NDArray[np.float64]

COUNT = Method.default("cell count").fit
ONE = Method.default("one score").fit
SEVERAL = Method.default("several scores").fit

PROTOCOL = """\
Every log10 LR comes from a fit that knows neither firearm of the pair, and is bounded (ELUB) by pairs judged in
the same way. "Held out" leaves out both firearms of a pair (with more than 20 firearms, the groups of both, 20
groups); "untouched" is a fit to all pairs of one study, with its bound, applied to another study as it is.
Cllr_min is what the best rising curve would leave of the bounded values. A bound alone keeps Cllr above zero: so
many pairs carry no more. Misleading: known matches with an LR below 1, known non-matches with an LR above 1."""

HEAD = [
    "| fitted to, applied to | score, calibrator | matches, non-matches | Cllr | Cllr_min | Cllr_cal | "
    "Cllr unbounded | misleading | bounds (log10) |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
]


class Known(NamedTuple):
    """Pairs of known origin: columns of scores by name, and the firearms of both marks."""

    scores: dict[str, Array]
    first: list[str]
    second: list[str]

    @property
    def same(self) -> NDArray[np.bool_]:
        """True for known matches."""
        return np.array(self.first) == np.array(self.second)

    def table(self, *names: str) -> Array:
        """Columns as calibrators take them."""
        columns = [self.scores[name] for name in names]
        return columns[0] if len(columns) == 1 else np.column_stack(columns)


def row(where: str, how: str, values: Array, limits: Any, same: NDArray[np.bool_]) -> str:
    """One line of a table of figures."""
    bounded = limits.apply(values).log10_lr
    cost, least, wrong = cllr(bounded, same), cllr_min(bounded, same), misleading(bounded, same)
    return (
        f"| {where} | {how} | {same.sum()}, {(~same).sum()} | {cost:.4f} | {least:.4f} | {cost - least:.4f} "
        f"| {cllr(values, same):.4f} | {wrong.same}, {wrong.different} | {limits.lower:.2f}, {limits.upper:.2f} |"
    )


def unseen(where: str, how: str, known: Known, fit: Fit, *names: str) -> str:
    """One line for pairs judged by fits that know neither of their firearms."""
    values = held_out(fit, known.table(*names), known.first, known.second).log10_lr
    return row(where, how, values, elub(values, known.same), known.same)


def untouched(where: str, how: str, fitted: Known, other: Known, fit: Fit, *names: str) -> str:
    """One line for a fit to one study, with its bound, applied to another as it is."""
    at_home = held_out(fit, fitted.table(*names), fitted.first, fitted.second).log10_lr
    calibrator = fit(fitted.table(*names), fitted.same)
    return row(where, how, calibrator.log10_lr(other.table(*names)), elub(at_home, fitted.same), other.same)


def breech_face_lines(jobs: int) -> list[str]:
    """Fadul and Weller with the project's own scores, within each study and from each to the other."""
    chosen = default_set("breech face")
    studies = {}
    for study in ("fadul", "weller"):
        scored = score(breech_faces(study), chosen, jobs)
        columns = {
            "count": np.array([each.figures[chosen.score] for each in scored]),
            "cells": np.array([float(each.cells) for each in scored]),
            "accf": np.array([each.figures["accf"] for each in scored]),
        }
        studies[study] = Known(columns, [e.first.source for e in scored], [e.second.source for e in scored])
    fadul, weller = studies["fadul"], studies["weller"]
    lines = [f"Parameter set {chosen.name}, hash {chosen.hash[:12]}; the score is the count of {chosen.score}."]
    lines += ["", *HEAD]
    for how, fit, names in (
        ("count, beta-binomial (default)", COUNT, ("count", "cells")),
        ("count, binomial", fit_binomial, ("count", "cells")),
        ("ACCF, logistic", ONE, ("accf",)),
        ("count and ACCF, logistic", SEVERAL, ("count", "accf")),
    ):
        lines += [
            untouched("Fadul, Weller untouched", how, fadul, weller, fit, *names),
            untouched("Weller, Fadul untouched", how, weller, fadul, fit, *names),
            unseen("Weller held out by slide", how, weller, fit, *names),
            unseen("Fadul held out by slide", how, fadul, fit, *names),
        ]
    peer = "verity on the same Weller pairs, calibrated on Fadul, as the survey of peers gives it: Cllr 0.174."
    return [*lines, "", peer]


NFI = {
    "nfi_aperture_shear.csv": "aperture shear",
    "nfi_breech_face_impression.csv": "breech face",
    "nfi_firing_pin_impression.csv": "firing pin",
}


def nfi(file: str) -> Known:
    """One table of the NFI; the ACCF is a share of 1 there as here."""
    with (folder() / "scores" / file).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    names = {"cmc": "count", "n": "cells", "accf": "accf", "ccf": "ccf"}
    columns = {
        ours: np.array([float(r[theirs]) for r in rows]) for theirs, ours in names.items() if theirs in rows[0]
    }
    if "accf" in columns:
        columns["accf"] = columns["accf"] / 100
    return Known(columns, [r["weapon1"] for r in rows], [r["weapon2"] for r in rows])


def lir_fits() -> dict[str, Fit]:
    """Calibrators of lir as fits of this project; none where lir is not installed."""
    if find_spec("lir") is None:
        return {}
    from lir.algorithms.isotonic_regression import IsotonicCalibrator
    from lir.algorithms.kde import KDECalibrator
    from lir.algorithms.logistic_regression import LogitCalibrator

    class Fitted:
        def __init__(self, calibrator: Any, *, column: bool) -> None:
            self.calibrator, self.column = calibrator, column

        def log10_lr(self, scores: ArrayLike) -> Array:
            return np.ravel(self.calibrator.transform(_shaped(scores, self.column)))

    def fit(
        make: Callable[[], Any],
        scores: ArrayLike,
        same: ArrayLike,
        *,
        column: bool,
        weights: ArrayLike | None = None,
    ) -> Calibrator:
        assert weights is None, "lir is run on pairs as they are"
        calibrator = make()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calibrator.fit(_shaped(scores, column), np.asarray(same, dtype=int))
        return cast(Calibrator, Fitted(calibrator, column=column))

    return {
        "lir kernel density": partial(fit, partial(KDECalibrator, "silverman"), column=True),
        "lir logistic": partial(fit, LogitCalibrator, column=True),
        "lir isotonic, 1 misleading": partial(fit, partial(IsotonicCalibrator, add_misleading=1), column=False),
    }


def _shaped(scores: ArrayLike, column: bool) -> Array:
    values = np.asarray(scores, dtype=np.float64)
    return values.reshape(len(values), -1) if column else values


def nfi_lines() -> list[str]:
    """Every table and score of the NFI, weapon-disjoint, with the calibrators of this project and of lir."""
    lines = [*HEAD]
    theirs = lir_fits()
    for file, mark in NFI.items():
        known = nfi(file)
        where = f"{mark}, held out by weapon"
        if "ccf" in known.scores:
            singles: tuple[str, ...] = ("ccf",)
        else:
            singles = ("count", "accf")
            lines += [
                unseen(where, "count, beta-binomial (default)", known, COUNT, "count", "cells"),
                unseen(where, "count and ACCF, logistic (default)", known, SEVERAL, "count", "accf"),
                unseen(
                    where,
                    "count and ACCF, logistic, penalty 1",
                    known,
                    partial(fit_combination, penalty=1.0),
                    "count",
                    "accf",
                ),
            ]
        for name in singles:
            own: dict[str, Fit] = {
                "logistic (default)": ONE,
                "kernel density": fit_kernel_density,
                "isotonic, 1 misleading": partial(fit_isotonic, misleading=1),
            }
            lines += [
                line
                for how, fit in {**own, **theirs}.items()
                for line in _if_fitted(where, f"{name}, {how}", known, fit, name)
            ]
    return lines


def _if_fitted(where: str, how: str, known: Known, fit: Fit, *names: str) -> Iterator[str]:
    """The line, or one that says why there is none."""
    try:
        yield unseen(where, how, known, fit, *names)
    except ValueError as error:
        yield f"| {where} | {how} | no fit: {str(error)[:90]} |  |  |  |  |  |  |"


def land_pairs(found: list[Land], ccf: Array) -> Known:
    """All pairs of lands of different bullets; a land of a barrel is a source, named barrel/land."""
    pairs = [(i, j) for i, j in combinations(range(len(found)), 2) if found[i].bullet != found[j].bullet]
    names = [f"{land.barrel}/{land.key}" for land in found]
    return Known(
        {"ccf": np.array([ccf[i, j] for i, j in pairs])},
        [names[i] for i, _ in pairs],
        [names[j] for _, j in pairs],
    )


def land_lines() -> list[str]:
    """Bullet lands, fitted to those of one barrel and applied to those of the other."""
    chosen = default_striated_set("bullet land")
    found = lands(chosen)
    plain = [land.signature for land in found]
    flipped = [mirrored_signature(each) for each in plain]
    ccf = np.fmax(
        correlate_signatures(plain, plain, chosen.lags).ccf, correlate_signatures(plain, flipped, chosen.lags).ccf
    )
    known = land_pairs(found, ccf)
    barrels = sorted({land.barrel for land in found})
    within = {
        barrel: _chosen(
            known, [a.startswith(f"{barrel}/") and b.startswith(f"{barrel}/") for a, b in _both(known)]
        )
        for barrel in barrels
    }
    lines = [
        f"Parameter set {chosen.name}, hash {chosen.hash[:12]}. The source is a land of a barrel, not the barrel; "
        "plain or mirrored, whichever agrees better, since one study was scanned mirrored. There are two barrels: "
        "two figures, each from few lands.",
        "",
        *HEAD,
    ]
    for barrel in barrels:
        (other,) = (each for each in barrels if each != barrel)
        lines.append(
            untouched(f"{barrel}, {other} left out", "CCF, logistic", within[barrel], within[other], ONE, "ccf")
        )
    return lines


def _both(known: Known) -> Iterator[tuple[str, str]]:
    return zip(known.first, known.second, strict=True)


def _chosen(known: Known, kept: list[bool]) -> Known:
    mask = np.array(kept)
    return Known(
        {name: column[mask] for name, column in known.scores.items()},
        [name for name, keep in zip(known.first, kept, strict=True) if keep],
        [name for name, keep in zip(known.second, kept, strict=True) if keep],
    )


def bullet_lines() -> list[str]:
    """Bullets of known barrels by published scores of others (Hamby 252), leave one barrel out."""
    lines = [
        "Scores of whole bullets by others: the 20 bullets of Hamby 252 whose barrel is in their name.",
        "",
        *HEAD,
    ]
    for file, column, name in (
        ("hamby252_npeak_25_5-3-1_50_25.csv", "cmps.diff", "CMPS, difference of phases"),
        ("hamby252_rf_results.csv", "rf.diff", "random forest, difference of phases"),
    ):
        with (folder() / "scores" / file).open(newline="", encoding="utf-8") as stream:
            rows = [r for r in csv.DictReader(stream) if r["bullet1"][:2] == r["bullet2"][:2] == "Br"]
        barrels = [[r[bullet].split()[0] for r in rows] for bullet in ("bullet1", "bullet2")]
        known = Known({"score": np.array([float(r[column]) for r in rows])}, *barrels)
        for how, fit in (("logistic", ONE), ("kernel density", fit_kernel_density)):
            lines += _if_fitted("held out by barrel", f"{name}; {how}", known, fit, "score")
    return lines


def speed_lines() -> list[str]:
    """CPU time of a kernel density with its bound on 9,000 scores, beside a fixed kernel."""
    rng = np.random.default_rng(5)
    same = np.arange(9000) < 450
    scores = np.where(same, rng.normal(3.0, 1.0, 9000), rng.normal(0.0, 1.0, 9000))
    kernel = rng.standard_normal((64, 128, 128), dtype=np.float32)

    def ours() -> None:
        elub(fit_kernel_density(scores, same).log10_lr(scores), same)

    quiet = _median(lambda: scipy.fft.rfft2(kernel))
    lines = [f"64 float32 rfft2 of 128 x 128 in the same run: {quiet:.1f} ms CPU.", ""]
    lines += ["| what | CPU ms, median | in fixed kernels |", "| --- | ---: | ---: |"]
    measured = {"kernel density and ELUB, 9,000 scores": _median(ours)}
    if find_spec("lir") is not None:
        from lir.algorithms.bayeserror import elub as lir_elub

        theirs = lir_fits()["lir kernel density"]
        measured["the same with lir"] = _median(
            lambda: lir_elub(theirs(scores, same).log10_lr(scores), same.astype(int)), runs=3
        )
    return [*lines, *(f"| {name} | {ms:.0f} | {ms / quiet:.0f} |" for name, ms in measured.items())]


def _median(work: Callable[[], object], runs: int = 9) -> float:
    spent = []
    for _ in range(runs):
        start = time.process_time()
        work()
        spent.append(1e3 * (time.process_time() - start))
    return float(np.median(spent))


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="pairs compared at a time")
    parser.add_argument("--out", type=Path, help="write the tables here instead of printing them")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        sections = {
            "Breech faces": breech_face_lines(options.jobs),
            "NFI tables": nfi_lines(),
            "Bullet lands, barrel-disjoint": land_lines(),
            "Bullets": bullet_lines(),
            "Speed": speed_lines(),
        }
    parts = [PROTOCOL, *("\n".join([f"### {title}", "", *lines]) for title, lines in sections.items())]
    text = "\n\n".join(parts) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
