"""How well photographs come apart by their keypoints, and at what cost: `python -m benchmarks.features`.

Five parts: a sweep of what finds, describes and matches keypoints; light that moves; height maps as pictures;
speed; the two NBIDE photographs. The parameter set is frozen; the sweep shows where it lies among others.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import cv2
from threadpoolctl import threadpool_limits

from ballistics.contract import versions
from ballistics.parameters import PictureSet, default_picture_set
from ballistics.photographs.exhibit import PictureExhibit, prepare_photograph
from ballistics.photographs.pair import PictureComparison, compare_pictures, compare_with_many
from benchmarks.photographs import (
    CORRELATIONS,
    SEED,
    STUDIES,
    Outcome,
    Pairs,
    cpu_ms,
    figures,
    kernel_ms,
    light_tables,
    outcome,
    ring_lit,
    scan_table,
    study,
    synthetic,
)
from benchmarks.scans import folder
from imaging.contrast import even_contrast, to_levels
from imaging.extractors import Orb
from imaging.photo import Photo
from imaging.photo_files import open_photo

OTHER_SEEDS = (1, 2)
SYNTHETIC = 24
WHOLE = 1000.0
COLLECTION = 1000
TICKS = (10, 20, 50, 100, 200, 500)
PARTS = ("sweep", "light", "scans", "speed", "nbide")


class Variant(NamedTuple):
    """One way to describe and match, the default but for what is given; window in working pixels of 12.5 um."""

    about: str
    extractor: str = "orb"
    points: int = 1000
    window_px: float = 14.0
    ratio: float = 1.0
    pixel_um: float = 12.5
    all_rotations: bool = False

    def applied(self, base: PictureSet) -> PictureSet:
        """The set with this variant; window and tolerance keep their size in micrometres."""
        finer = base.working.pixel_um / self.pixel_um
        values = base.model_dump()
        values["name"] = "variant"
        values["working"] |= {"pixel_um": self.pixel_um, "window_px": min(WHOLE, self.window_px * finer)}
        values["keypoints"] = {"extractor": self.extractor, "points": self.points}
        values["fit"] |= {"ratio": self.ratio, "tolerance_px": base.fit.tolerance_px * finer}
        return PictureSet.model_validate(values)

    def is_default(self, base: PictureSet) -> bool:
        """Whether it is the set itself, by keypoints alone."""
        return not self.all_rotations and self.applied(base).values == base.values

    @property
    def contrast(self) -> str:
        """Window of the even contrast in words."""
        return "none" if self.window_px == WHOLE else f"{self.window_px * 12.5:g} um"


def variants() -> Iterator[Variant]:
    """The sweep: one thing at a time about the default, and a few combinations."""
    for name in ("orb", "sift", "rootsift"):
        for points in (250, 500, 1000, 2000):
            yield Variant("detector and points", name, points)
    for name in ("orb", "rootsift"):
        for window_px in (7.0, 28.0, 56.0, WHOLE):
            yield Variant("contrast", name, window_px=window_px)
    for name in ("orb", "sift", "rootsift"):
        for ratio in (0.9, 0.8):
            yield Variant("matcher", name, ratio=ratio)
    for name in ("orb", "rootsift"):
        for pixel_um in (6.25, 25.0):
            yield Variant("working pixel", name, pixel_um=pixel_um)
    yield Variant("all rotations where in doubt", all_rotations=True)
    yield Variant("combination", "orb", 2000, pixel_um=6.25)
    yield Variant("combination", "orb", 500, pixel_um=25.0)
    yield Variant("combination", "orb", 500, window_px=28.0)
    yield Variant("combination", "rootsift", 500, ratio=0.9, pixel_um=25.0)


class Swept(NamedTuple):
    """One variant on one collection of pairs."""

    variant: Variant
    pairs: str
    found: Outcome


def sweep(base: PictureSet, fadul: Pairs, rings: Sequence[Photo]) -> list[Swept]:
    """Every variant on ring-light photographs of Fadul and of synthetic pairs."""
    made = synthetic(SYNTHETIC, SEED)
    lit = {"fadul": (fadul, rings), "synthetic": (made, ring_lit(made.subjects))}
    swept = []
    for name, (pairs, photos) in lit.items():
        for variant in variants():
            found = outcome(pairs, photos, variant.applied(base), all_rotations=variant.all_rotations)
            swept.append(Swept(variant, name, found))
    return swept


def sweep_tables(swept: list[Swept], base: PictureSet) -> list[str]:
    """The sweep as tables, one a collection, and the default under other draws of the angles."""
    lines = [
        "## 1. What finds and matches the keypoints",
        "",
        f"""\
Fadul (253 pairs, 34 of one source; the tuning set) and {2 * SYNTHETIC} synthetic pairs (half of one gun, relief
correlated by {", ".join(map(str, CORRELATIONS))} in turn; half of two guns of one model). Every case is turned by
a random angle of 0 to 360 degrees, then lit by a ring and photographed at 6.25 um a pixel; scale known; the mirror
image is not looked for. Keypoints alone: no search over all rotations, but in the row that says so. Window of
the contrast and tolerance of the fit keep their size on the mark when the pixel changes. Contrast "none": one
brightness and contrast for the whole picture. Points: the most that are kept, and the median of those found.
Features: from a photograph in memory to its exhibit (region, reduction, contrast, keypoints, thumbnail), CPU
median; pair: from two exhibits to the score, CPU mean over all pairs.""",
    ]
    for name in dict.fromkeys(each.pairs for each in swept):
        lines += [
            "",
            f"### {name}",
            "",
            "| varied | extractor | points: most, found | contrast | matcher | pixel, um | AUC | AUC of inliers "
            "| lowest same | highest different | separation | same above all different | features, ms | pair, ms "
            "| kernel, ms |",
            "| --- | --- | ---: | --- | --- | ---: | " + " | ".join(["---:"] * 9) + " |",
        ]
        for variant, _, found in (each for each in swept if each.pairs == name):
            about = f"**{variant.about}**" if variant.is_default(base) else variant.about
            lines.append(
                f"| {about} | {variant.extractor} | {variant.points}, {found.points:.0f} | {variant.contrast} "
                f"| {'mutual' if variant.ratio == 1.0 else f'ratio {variant.ratio:g}'} | {variant.pixel_um:g} "
                f"| {figures(found)} | {found.features_ms:.1f} | {found.pair_ms:.1f} | {found.kernel_ms:.1f} |"
            )
    lines += [
        "",
        "The default (bold), keypoints alone, on Fadul with every case turned by other angles:",
        "",
        "| seed | AUC | AUC of inliers | lowest same | highest different | separation | same above |",
        "| ---: " * 7 + "|",
    ]
    for seed in OTHER_SEEDS:
        again = study("fadul", seed)
        found = outcome(again, ring_lit(again.subjects), base, all_rotations=False)
        lines.append(f"| {seed} | {figures(found)} |")
    return lines


def speed_table(base: PictureSet) -> list[str]:
    """CPU time of the steps against what was aimed at."""
    photos = [each for name in STUDIES for each in ring_lit(study(name, SEED).subjects)]
    exhibits = [prepared(photo, base) for photo in photos]
    first, mate, other = exhibits[0], exhibits[1], exhibits[3]
    collection = list(islice(cycle(exhibits[1:]), COLLECTION))
    files = nbide()
    filed = prepared(open_photo(files[0]), base)
    detector = Orb(points=base.keypoints.points)

    def at_full_size() -> None:
        detector.extract(to_levels(even_contrast(photos[0].grey, window_px=2 * base.working.window_px)))

    def from_files() -> None:
        compare_pictures(*(prepare_photograph(open_photo(path), base) for path in files))

    def against(references: Sequence[PictureExhibit], all_rotations: bool, look_for_mirror: bool) -> None:
        options = {"all_rotations": all_rotations, "look_for_mirror": look_for_mirror}
        deque(compare_with_many(first, references, **options), maxlen=0)

    def from_a_file() -> None:
        compare_pictures(filed, prepare_photograph(open_photo(files[1]), base))

    many = f"one against {COLLECTION} exhibits"
    jobs: list[tuple[str, float, int, Callable[[], object]]] = [
        ("features: 545 x 545 at 6.25 um to its exhibit at 12.5 um", 20, 9, lambda: prepared(photos[0], base)),
        ("features: contrast and keypoints of all 545 x 545 pixels", 20, 9, at_full_size),
        ("pair, one source, by default", 25, 9, lambda: compare_pictures(mate, first)),
        ("pair, two sources, by default", 25, 9, lambda: compare_pictures(other, first)),
        ("pair, two sources, no mirror", 25, 9, lambda: against([other], True, False)),
        ("pair, two sources, no mirror, keypoints alone", 25, 9, lambda: against([other], False, False)),
        (f"{many}, no mirror, keypoints alone", 10_000, 1, lambda: against(collection, False, False)),
        (f"{many}, no mirror", 10_000, 1, lambda: against(collection, True, False)),
        (f"{many}, by default", 10_000, 1, lambda: against(collection, True, True)),
        ("two files of 2592 x 1944 to a score", 600, 5, from_files),
        ("one file of 2592 x 1944 against an exhibit to a score", 600, 5, from_a_file),
    ]
    lines = [
        "## 4. Speed",
        "",
        f"""\
Median CPU time after one run that is not counted, one against {COLLECTION} once. The exhibits are the other
{len(exhibits) - 1} ring photographs of Fadul and Weller, over and over. The scale is known but for the files. By
default, where the score stays low all rotations are searched, and the mirrored picture is described and compared
as well.""",
        "",
        "| job | CPU, ms | times the kernel | aimed at, ms | reached |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, target, repeats, job in jobs:
        before = kernel_ms()
        spent = cpu_ms(job, repeats)
        kernel = (before + kernel_ms()) / 2
        lines.append(
            f"| {name} | {spent:.1f} | {spent / kernel:.1f} | {target:g} | {'yes' if spent <= target else 'no'} |"
        )
    return lines


def prepared(photo: Photo, base: PictureSet) -> PictureExhibit:
    """Prepare a photograph that is known to be good."""
    exhibit = prepare_photograph(photo, base)
    assert isinstance(exhibit, PictureExhibit), exhibit.reason
    return exhibit


def nbide() -> list[Path]:
    """The two photographs of the NBIDE study, of one firearm."""
    return sorted((folder() / "images_2d").glob("NBIDE_R_BF_*.png"))


def nbide_lines(base: PictureSet) -> list[str]:
    """The only real photographs at hand."""
    first, second = (prepared(open_photo(path), base) for path in nbide())
    found = compare_pictures(first, second)
    assert isinstance(found, PictureComparison), found.reason
    angle, size = found.angle_deg, found.magnification
    circles = ", ".join(sorted({*first.region.circles, *second.region.circles}))
    return [
        "## 5. Two real photographs",
        "",
        "NBIDE R BF 118 and 129, 2592 x 1944, one firearm, about 15 degrees apart; no scale, mask found.",
        "",
        "| mask | score | rotation, deg | magnification | inliers of matches | support (chance) | warnings |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        f"| {circles} {first.region.how} | {found.score:.3f} "
        f"| {'none' if angle is None else f'{angle:.1f}'} | {'none' if size is None else f'{size:.3f}'} "
        f"| {found.inliers} of {len(found.matches)} | {found.support} ({found.chance_support}) "
        f"| {'; '.join(found.warnings) or 'none'} |",
    ]


def write_csv(swept: list[Swept], path: Path) -> None:
    """The sweep with one row a variant and collection."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        own = ("auc", "auc_of_inliers", "lowest", "median", "highest", "separation", "above")
        costs = ("points", "features_ms", "pair_ms", "kernel_ms")
        rows.writerow(["pairs", *(f"set_{name}" for name in Variant._fields), *own, *costs])
        for variant, name, found in swept:
            rows.writerow([name, *variant, *(round(getattr(found, each), 4) for each in (*own, *costs))])


def draw(swept: list[Swept], base: PictureSet, path: Path) -> None:
    """Accuracy against the time of two photographs and their pair, one column a collection."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(11, 7.5), layout="constrained")
    names = list(dict.fromkeys(each.pairs for each in swept))
    panels = canvas.subplots(2, len(names), squeeze=False, sharex="col")
    colours = {"orb": "#0072b2", "sift": "#009e73", "rootsift": "#d55e00"}
    marks = {
        "contrast": "s",
        "matcher": "^",
        "working pixel": "D",
        "combination": "P",
        "all rotations where in doubt": "*",
    }
    for column, name in enumerate(names):
        for row, figure in enumerate(("above", "auc")):
            axes = panels[row][column]
            own = [
                (each.variant, 2 * each.found.features_ms + each.found.pair_ms, getattr(each.found, figure))
                for each in swept
                if each.pairs == name
            ]
            for extractor, colour in colours.items():
                curve = [each for each in own if each[0][:2] == ("detector and points", extractor)]
                axes.plot([x for _, x, _ in curve], [y for *_, y in curve], "o-", color=colour, label=extractor)
                for variant, x, y in curve if extractor == "orb" and not row else ():
                    axes.annotate(
                        str(variant.points), (x, y), fontsize=7, xytext=(3, 4), textcoords="offset points"
                    )
            for about, mark in marks.items():
                chosen = [each for each in own if each[0].about == about]
                axes.scatter(
                    [x for _, x, _ in chosen],
                    [y for *_, y in chosen],
                    color=[colours[variant.extractor] for variant, *_ in chosen],
                    marker=mark,
                    s=28,
                    alpha=0.55,
                    label=about,
                )
            for variant, x, y in own:
                if variant.is_default(base):
                    axes.plot(x, y, "o", ms=15, mfc="none", mec="black", label="default")
            axes.set(
                ylabel={"above": "same-source pairs above all others", "auc": "AUC"}[figure],
                xscale="log",
                xticks=TICKS,
                xticklabels=map(str, TICKS),
            )
            axes.minorticks_off()
            axes.grid(alpha=0.3)
        panels[0][column].set_title(name)
        panels[1][column].set_xlabel("CPU ms for two photographs and their pair")
    panels[0][0].legend(fontsize=7)
    canvas.savefig(path, dpi=110)


def main() -> None:
    """Run the parts asked for and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts to run, of {','.join(PARTS)}")
    parser.add_argument("--out", type=Path, help="write the tables here instead of printing them")
    parser.add_argument("--csv", type=Path, help="write the sweep here")
    parser.add_argument("--plot", type=Path, help="draw the sweep into this PNG (needs matplotlib)")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    cv2.setNumThreads(1)
    base = default_picture_set("breech face")
    with threadpool_limits(1):
        text = "\n".join(report(parts, base, options.csv, options.plot)) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


def report(parts: Sequence[str], base: PictureSet, table: Path | None, picture: Path | None) -> Iterator[str]:
    """Lines of the parts asked for, in their order."""
    start, kernel = time.process_time(), kernel_ms()
    yield f"{platform.machine()}, {os.cpu_count()} cores, one thread; " + ", ".join(
        f"{name} {version}" for name, version in versions().items()
    )
    yield ""
    yield f"Parameter set {base.name}, hash {base.hash[:12]}; reference kernel {kernel:.1f} ms at the start."
    if "sweep" in parts:
        fadul = study("fadul", SEED)
        swept = sweep(base, fadul, ring_lit(fadul.subjects))
        yield from ("", *sweep_tables(swept, base))
        if table:
            write_csv(swept, table)
        if picture:
            draw(swept, base, picture)
    for name, part in (
        ("light", light_tables),
        ("scans", scan_table),
        ("speed", speed_table),
        ("nbide", nbide_lines),
    ):
        if name in parts:
            yield from ("", *part(base))
    yield ""
    yield f"{time.process_time() - start:.0f} s of CPU in all; reference kernel {kernel_ms():.1f} ms at the end."


if __name__ == "__main__":
    main()
