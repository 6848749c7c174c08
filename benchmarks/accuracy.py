"""How well same-source and different-source pairs come apart: `python -m benchmarks.accuracy`.

All pairs of the Fadul and Weller sets (and the few of Baldwin, under both readings of its labels) with one
frozen parameter set.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from ballistics.compare import Comparison, Exhibit, compare_exhibits, prepare_exhibit
from ballistics.parameters import ParameterSet, parameter_set
from benchmarks.scans import Scan, breech_faces, pairs
from imaging.files import open_surface

STUDIES = ("fadul", "weller", "baldwin_cadre")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One pair with all its figures."""

    first: Scan
    second: Scan
    same: bool
    figures: dict[str, float]
    cells: int


def score(scans: list[Scan], chosen: ParameterSet, jobs: int) -> list[Scored]:
    """Compare every pair; a pair that cannot be compared counts as zero and keeps its place."""
    with threadpool_limits(1):
        cv2.setNumThreads(1)
        exhibits = {scan.name: prepare_exhibit(open_surface(scan.path), chosen) for scan in scans}

        def one(pair: tuple[Scan, Scan, bool]) -> Scored:
            first, second, same = pair
            a, b = exhibits[first.name], exhibits[second.name]
            result = compare_exhibits(a, b) if isinstance(a, Exhibit) and isinstance(b, Exhibit) else None
            if not isinstance(result, Comparison):
                figures = dict.fromkeys((*chosen.rules, "accf"), 0.0)
                return Scored(first=first, second=second, same=same, figures=figures, cells=0)
            figures = {**{rule: float(n) for rule, n in result.counts.items()}, "accf": result.accf}
            return Scored(first=first, second=second, same=same, figures=figures, cells=result.cells)

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, pairs(scans)))


def auc(scored: list[Scored], figure: str) -> float:
    """Area under the ROC curve: how often a same-source pair outranks a different-source one."""
    values = np.array([each.figures[figure] for each in scored])
    same = np.array([each.same for each in scored])
    n, m = int(same.sum()), int((~same).sum())
    return float((rankdata(values)[same].sum() - n * (n + 1) / 2) / (n * m))


def by_letter(scored: list[Scored]) -> list[Scored]:
    """The Baldwin pairs relabelled: one firearm a letter, whatever the number of the test set."""

    def letter(scan: Scan) -> str:
        return scan.source[-1]

    return [
        Scored(
            first=each.first,
            second=each.second,
            same=letter(each.first) == letter(each.second),
            figures=each.figures,
            cells=each.cells,
        )
        for each in scored
    ]


def table(scored: list[Scored]) -> list[str]:
    """AUC and the edge of both distributions for every figure."""
    lines = [
        "| figure | AUC | same source: lowest, 5 %, median | different source: median, 99 %, highest |",
        "| --- | ---: | ---: | ---: |",
    ]
    for figure in scored[0].figures:
        values = {
            same: np.array([each.figures[figure] for each in scored if each.same == same])
            for same in (True, False)
        }
        low = np.percentile(values[True], [0, 5, 50])
        high = np.percentile(values[False], [50, 99, 100])
        digits = 3 if figure == "accf" else 0
        lines.append(
            f"| {figure} | {auc(scored, figure):.4f} | {', '.join(f'{v:.{digits}f}' for v in low)} "
            f"| {', '.join(f'{v:.{digits}f}' for v in high)} |"
        )
    return lines


def worst(scored: list[Scored], figure: str, count: int = 5) -> list[str]:
    """The same-source pairs that score lowest and the different-source pairs that score highest, by name."""
    lines = ["| pair | sources | score | cells compared | ACCF |", "| --- | --- | ---: | ---: | ---: |"]
    same = sorted((e for e in scored if e.same), key=lambda e: (e.figures[figure], e.figures["accf"]))[:count]
    other = sorted((e for e in scored if not e.same), key=lambda e: (-e.figures[figure], -e.figures["accf"]))
    for each in [*same, *other[:count]]:
        lines.append(
            f"| {each.first.name}, {each.second.name} | {'same' if each.same else 'different'} "
            f"| {each.figures[figure]:.0f} | {each.cells} | {each.figures['accf']:.2f} |"
        )
    return lines


def per_source(scored: list[Scored], figure: str) -> list[str]:
    """For every slide: its lowest same-source and its highest different-source score."""
    same: dict[str, list[float]] = defaultdict(list)
    other: dict[str, list[float]] = defaultdict(list)
    for each in scored:
        for scan in {each.first.source: each.first, each.second.source: each.second}.values():
            (same if each.same else other)[scan.source].append(each.figures[figure])
    lines = [
        "| source | same-source pairs | lowest, median | different-source pairs | highest |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {len(same[name])} | {min(same[name]):.0f}, {np.median(same[name]):.0f} "
        f"| {len(other[name])} | {max(other[name]):.0f} |"
        for name in sorted(same)
    ]
    return lines


def draw(studies: dict[str, list[Scored]], figure: str, path: Path) -> None:
    """Histogram of the score, one panel a study."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(9, 2.6 * len(studies)), layout="constrained")
    for axes, (study, scored) in zip(np.atleast_1d(canvas.subplots(len(studies))), studies.items(), strict=True):
        top = max(each.figures[figure] for each in scored)
        edges = np.arange(-0.5, top + 1.5)
        for same, colour, label in ((True, "#0072b2", "same source"), (False, "#d55e00", "different source")):
            values = [each.figures[figure] for each in scored if each.same == same]
            axes.hist(values, bins=edges, color=colour, alpha=0.75, label=f"{label} ({len(values)})", log=True)
        axes.set(title=study, xlabel=f"congruent cells ({figure})", ylabel="pairs")
        axes.legend()
    canvas.savefig(path, dpi=110)


def main() -> None:
    """Score all studies and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", default="breech-face-2026", help="parameter set")
    parser.add_argument("--studies", nargs="+", default=STUDIES, choices=STUDIES)
    parser.add_argument("--jobs", type=int, default=2, help="pairs at a time")
    parser.add_argument("--out", type=Path, help="write the tables here instead of printing them")
    parser.add_argument("--picture", type=Path, help="draw the distributions into this PNG (needs matplotlib)")
    options = parser.parse_args()
    chosen = parameter_set(options.params)
    studies = {name: score(breech_faces(name), chosen, options.jobs) for name in options.studies}
    lines = [f"Parameter set {chosen.name}, hash {chosen.hash[:12]}, score: {chosen.score}."]
    for name, scored in studies.items():
        n = sum(each.same for each in scored)
        lines += ["", f"### {name}: {n} same-source and {len(scored) - n} different-source pairs", ""]
        lines += [*table(scored), "", *worst(scored, chosen.score), "", *per_source(scored, chosen.score)]
        if name == "baldwin_cadre":
            lines += ["", "The same pairs if the letter alone names the firearm:", "", *table(by_letter(scored))]
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    if options.picture:
        draw(studies, chosen.score, options.picture)


if __name__ == "__main__":
    main()
