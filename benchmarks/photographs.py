"""Photographs made from surfaces under a known light, and how well their pairs come apart."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.stats import rankdata

from ballistics.parameters import PictureSet
from ballistics.photographs.exhibit import NoPicture, PictureExhibit, prepare_photograph, prepare_scan
from ballistics.photographs.pair import PictureComparison, compare_with_many
from benchmarks.scans import breech_faces
from imaging.files import open_surface
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.resample import rotate
from imaging.surface import Surface
from imaging.synthetic import pair

SEED = 2026
STUDIES = {"fadul": "tuning set", "weller": "validation, everything frozen"}
MOVES_DEG = (15, 30, 45, 77, 90, 180)
RING_LIGHT, SAME_LAMP = "ring", "side, same in the case's frame"
WHOLE_STUDY = (RING_LIGHT, SAME_LAMP)
UNSCALED = (*WHOLE_STUDY, "side, moved by 30 deg", "side, moved by 90 deg")
THINNED = 6
LAMP_DEG = 45.0
RING = Light(kind="ring")
CORRELATIONS = (0.6, 0.7, 0.8)
SPEED_REPEATS = 9


class Subject(NamedTuple):
    """A mark as it lies under the camera: its name, what made it, how far the case was turned, its surface."""

    name: str
    source: str
    angle_deg: float
    surface: Surface


class Pairs(NamedTuple):
    """Marks and the pairs of them that are compared, by their places, with whether one source made both."""

    subjects: list[Subject]
    places: list[tuple[int, int, bool]]


def study(name: str, seed: int) -> Pairs:
    """All pairs of the breech faces of a study, each case turned by an angle of its own, 0 to 360 degrees."""
    scans = breech_faces(name)
    angles = np.random.default_rng(seed).uniform(0.0, 360.0, len(scans))
    subjects = [
        Subject(scan.name, scan.source, angle, rotate(open_surface(scan.path), angle, expand=True))
        for scan, angle in zip(scans, angles.tolist(), strict=True)
    ]
    places = [(i, j, subjects[i].source == subjects[j].source) for i, j in combinations(range(len(subjects)), 2)]
    return Pairs(subjects, places)


def synthetic(count: int, seed: int) -> Pairs:
    """Pairs with known truth: as many of one gun as of two guns of one model, the second mark turned at random."""
    rng = np.random.default_rng(seed)
    subjects: list[Subject] = []
    places = []
    for k in range(count):
        for same in (True, False):
            angle = float(rng.uniform(0.0, 360.0))
            shift = float(rng.uniform(-150.0, 150.0)), float(rng.uniform(-150.0, 150.0))
            correlation = CORRELATIONS[k % len(CORRELATIONS)]
            marks = pair(rng, same_source=same, correlation=correlation, angle_deg=angle, shift_um=shift)
            places.append((len(subjects), len(subjects) + 1, same))
            subjects.append(Subject(f"pair {k}, first", "", 0.0, marks.reference))
            subjects.append(Subject(f"pair {k}, second", "", angle, marks.questioned))
    return Pairs(subjects, places)


def thinned(pairs: Pairs, keep: int) -> Pairs:
    """The same marks with every same-source pair and every ``keep``-th different-source pair."""
    other = [place for place in pairs.places if not place[2]]
    return Pairs(pairs.subjects, [place for place in pairs.places if place[2]] + other[::keep])


def ring_lit(subjects: Sequence[Subject]) -> list[Photo]:
    """Photograph every mark under a ring light."""
    return [photograph(each.surface, RING) for each in subjects]


def side_lit(subjects: Sequence[Subject], moved_deg: float = 0.0) -> list[Photo]:
    """Photograph every mark under a lamp that stands alike to each case, but for a move that all share."""
    return [
        photograph(each.surface, Light(kind="side", azimuth_deg=LAMP_DEG + each.angle_deg + moved_deg))
        for each in subjects
    ]


def room_lit(subjects: Sequence[Subject]) -> list[Photo]:
    """Photograph every mark under a lamp that is fixed in the room, however the case was turned."""
    return [photograph(each.surface, Light(kind="side", azimuth_deg=LAMP_DEG)) for each in subjects]


def without_scale(photos: Sequence[Photo]) -> list[Photo]:
    """The same photographs as if nobody knew the size of their pixels."""
    return [replace(photo, pixel_um=None) for photo in photos]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """The scores of many pairs and what they cost.

    Parameters
    ----------
    same : ndarray of bool, shape (n,)
        Whether one source made both.
    score, inliers : ndarray, shape (n,)
        0 where nothing was found or could be compared.
    points : float
        Keypoints of an exhibit, median.
    features_ms : float
        CPU time from a photograph in memory to its exhibit, median.
    pair_ms : float
        CPU time of a pair of exhibits, mean over all pairs.
    kernel_ms : float
        What the reference kernel cost meanwhile.
    """

    same: NDArray[np.bool_]
    score: NDArray[np.float64]
    inliers: NDArray[np.float64]
    points: float
    features_ms: float
    pair_ms: float
    kernel_ms: float

    @property
    def auc(self) -> float:
        """How often a same-source pair has the higher score; half for a tie."""
        return area(self.score, self.same)

    @property
    def lowest(self) -> float:
        """Lowest score of a same-source pair."""
        return float(self.score[self.same].min())

    @property
    def median(self) -> float:
        """Median score of the same-source pairs."""
        return float(np.median(self.score[self.same]))

    @property
    def highest(self) -> float:
        """Highest score of a different-source pair."""
        return float(self.score[~self.same].max())

    @property
    def separation(self) -> float:
        """Lowest same-source score less the highest different-source score."""
        return self.lowest - self.highest

    @property
    def auc_of_inliers(self) -> float:
        """The same for the number of matches that the pose explains."""
        return area(self.inliers, self.same)

    @property
    def above(self) -> float:
        """Share of the same-source pairs that score above every different-source pair."""
        return float((self.score[self.same] > self.highest).mean())


def area(values: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """Area under the ROC curve."""
    n, m = int(same.sum()), int((~same).sum())
    return float((rankdata(values)[same].sum() - n * (n + 1) / 2) / (n * m))


def outcome(
    pairs: Pairs,
    references: Sequence[Photo | Surface],
    chosen: PictureSet,
    *,
    questioned: Sequence[Photo | Surface] | None = None,
    all_rotations: bool = True,
    prepare: Callable[..., PictureExhibit | NoPicture] = prepare_photograph,
) -> Outcome:
    """Compare the first of each pair as ``references`` shows it with the second as ``questioned`` does.

    Without ``questioned``, both are as ``references`` shows them.
    """
    kernels = [kernel_ms()]
    firsts, costs = _prepared(references, chosen, prepare)
    seconds = firsts if questioned is None else _prepared(questioned, chosen, prepare)[0]
    rows = []
    start = time.process_time()
    for i, j, same in pairs.places:
        found = next(
            compare_with_many(seconds[j], [firsts[i]], all_rotations=all_rotations, look_for_mirror=False)
        )
        score, inliers = (found.score, found.inliers) if isinstance(found, PictureComparison) else (0.0, 0)
        rows.append((same, score, inliers))
    spent = (time.process_time() - start) * 1e3 / len(rows)
    kernels.append(kernel_ms())
    same_source, scores, counts = (np.array(column) for column in zip(*rows, strict=True))
    return Outcome(
        same=same_source,
        score=scores,
        inliers=counts.astype(np.float64),
        points=statistics.median(len(each.features) for each in firsts if isinstance(each, PictureExhibit)),
        features_ms=statistics.median(costs),
        pair_ms=spent,
        kernel_ms=statistics.mean(kernels),
    )


def _prepared(
    sources: Sequence[Photo | Surface],
    chosen: PictureSet,
    prepare: Callable[..., PictureExhibit | NoPicture],
) -> tuple[list[PictureExhibit | NoPicture], list[float]]:
    made, costs = [], []
    for source in sources:
        start = time.process_time()
        made.append(prepare(source, chosen))
        costs.append((time.process_time() - start) * 1e3)
    return made, costs


def figures(found: Outcome) -> str:
    """Accuracy as cells of a table."""
    return (
        f"{found.auc:.4f} | {found.auc_of_inliers:.4f} | {found.lowest:.3f} | {found.highest:.3f} "
        f"| {found.separation:+.3f} | {found.above:.0%}"
    )


def light_tables(base: PictureSet) -> list[str]:
    """How photographs come apart when the lamp moves."""
    lines = [
        "## 2. Light",
        "",
        f"""\
Every case is turned by a random angle. The lamp of a side light stands 30 degrees high, {LAMP_DEG:g} degrees from
the top of the case as it was scanned; for the questioned photograph it is moved round the case by the degrees
given. Fixed in the room: the lamp stands still and the cases lie as they were turned. All pairs;
but on Weller, where the lamp moves or the scale is unknown, all of one source and every {THINNED}th of two.
Keypoints alone: no search over all rotations where these find no sure pose. The mirror image is not looked
for.""",
        "",
        "| set | light | scale | search | pairs | AUC | same source: lowest, median | highest different "
        "| same above all different |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, role in STUDIES.items():
        pairs = study(name, SEED)
        fewer = thinned(pairs, THINNED) if name == "weller" else pairs
        lights = photographed(pairs.subjects)
        cases = [(light, True, True) for light in lights] + [(light, False, True) for light in UNSCALED]
        if name == "fadul":
            cases += [(light, True, False) for light in lights]
        for light, scaled, all_rotations in cases:
            first, second = lights[light] if scaled else map(without_scale, lights[light])
            places = pairs if scaled and light in WHOLE_STUDY else fewer
            found = outcome(places, first, base, questioned=second, all_rotations=all_rotations)
            lines.append(
                f"| {name} ({role}) | {light} | {'known' if scaled else 'unknown'} "
                f"| {'default' if all_rotations else 'keypoints alone'} | {len(places.places)} | {found.auc:.4f} "
                f"| {found.lowest:.3f}, {found.median:.3f} | {found.highest:.3f} | {found.above:.0%} |"
            )
    return lines


def photographed(subjects: Sequence[Subject]) -> dict[str, tuple[list[Photo], list[Photo]]]:
    """Reference and questioned photographs of all marks under every light."""
    rings, still, room = ring_lit(subjects), side_lit(subjects), room_lit(subjects)
    lights = {RING_LIGHT: (rings, rings), SAME_LAMP: (still, still)}
    lights |= {f"side, moved by {moved} deg": (still, side_lit(subjects, moved)) for moved in MOVES_DEG}
    return lights | {"side, fixed in the room": (room, room)}


def scan_table(base: PictureSet) -> list[str]:
    """Height maps compared by keypoints."""
    lines = [
        "## 3. Height maps by keypoints",
        "",
        f"All pairs; each scan turned by a random angle, prepared under {base.relief} and taken as a picture.",
        "",
        "| set | pairs | AUC | AUC of inliers | lowest same | highest different | separation | same above "
        "| features, ms | pair, ms |",
        "| --- | " + " | ".join(["---:"] * 9) + " |",
    ]
    for name, role in STUDIES.items():
        pairs = study(name, SEED)
        found = outcome(pairs, [each.surface for each in pairs.subjects], base, prepare=prepare_scan)
        lines.append(
            f"| {name} ({role}) | {len(pairs.places)} | {figures(found)} | {found.features_ms:.1f} "
            f"| {found.pair_ms:.1f} |"
        )
    return lines


def kernel_ms() -> float:
    """CPU time of the reference kernel: 64 float32 FFTs of 128 x 128."""
    batch = np.random.default_rng(0).standard_normal((64, 128, 128), dtype=np.float32)
    return cpu_ms(lambda: scipy.fft.rfft2(batch))


def cpu_ms(job: Callable[[], object], repeats: int = SPEED_REPEATS) -> float:
    """Median CPU time of a job after one run that is not counted; of its only run where there is but one."""
    if repeats > 1:
        job()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds) * 1e3
