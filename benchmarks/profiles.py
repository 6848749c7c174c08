"""Marks that come as profiles, not as scans: the CSAFE variability crosscuts and the Ames screwdriver marks.

Their tables are part of `python -m benchmarks.bullets`.
"""

from __future__ import annotations

import csv
import gzip
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ballistics.parameters import StriatedSet, default_striated_set
from ballistics.striated.chumbley import ChumbleyScore, chumbley_score
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.crosscut import Cut
from ballistics.striated.signature import Signature, sign
from benchmarks.scans import folder
from imaging.surface import Surface

Array = NDArray[np.float64]

LANDS = 6
CROSSCUT_UM = 0.645
MOVED_BULLETS, MOVED_REPEAT, MOVED_BY = ("Blue-bullet2", "Blue-bullet3"), 2, 2
SCREWDRIVER_UM = 1.0
SEARCH_UM, WINDOW_UM = 500.0, 50.0

VARIABILITY = """\
CSAFE bullet scan variability, round 6: raw crosscuts of three bullets of a blue and three of a green barrel,
each scanned twice. Keys are known for the blue barrel only; pairs within the green one are left out.

The rows AS GIVEN are with the keys of the manifest. In the other rows the keys of the second repeats of blue
bullets 2 and 3 are moved by two lands. That move was found with the same correlations: the second figure shows
how lands come apart once the keys agree with the marks, and is no independent test of the keys."""

SHIFTS = """\
Why the given keys cannot be right: at a shift of k, land i of the second column faces land i + k of the first.
Two scans of one bullet show the same metal, and by the given keys they face each other at a shift of 0. Blue
bullets 2 and 3 do so at 2, land by land, and at 0 they agree no better than strange lands. The rows against
bullet 1 tell which of the two repeats is off: the first ones agree with their keys, the second ones do not."""

SCREWDRIVER = """\
Ames Laboratory screwdriver marks (toolmaRk), 16 profiles. Same source: same tool and same side. All rows have
the same different-source pairs, at any angles. The source gives no distance of points; 1 um is taken. ccf:
signatures by the default toolmark set, which was tried on synthetic marks only. Chumbley score: raw profiles,
windows of 500 and 50 points as in the literature."""


class Crosscut(NamedTuple):
    """One crosscut: barrel, bullet, repeat, number of the land, the land of the barrel that made it if known."""

    barrel: str
    bullet: str
    repeat: int
    number: int
    key: str
    signature: Signature


class Toolmark(NamedTuple):
    """One screwdriver mark: tool and side, angle, raw heights in micrometres, signature."""

    edge: tuple[str, str]
    angle_deg: int
    heights_um: Array
    signature: Signature


def area(same: ArrayLike, other: ArrayLike) -> float:
    """Area under the ROC curve: how often a same-source pair scores higher, a tie counting one half."""
    high, low = np.asarray(same)[:, None], np.asarray(other)[None]
    return float((high > low).mean() + 0.5 * (high == low).mean())


def crosscuts(chosen: StriatedSet) -> list[Crosscut]:
    """All variability crosscuts; points that the source leaves out are put back as missing."""
    place = folder()
    with (place / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"].startswith("profiles/")]
    points = {name: own for file in {row["file"] for row in rows} for name, own in by_item(place / file).items()}
    found = []
    for row in rows:
        along, heights_um = np.array([(p["x_um"], p["z_um"]) for p in points[row["item_id"]]], np.float64).T
        index = np.rint((along - along[0]) / CROSSCUT_UM).astype(int)
        whole = np.full(index[-1] + 1, np.nan)
        whole[index] = heights_um
        colour, bullet, _, repeat = row["item_id"].split("-")
        found.append(
            Crosscut(
                row["source_id"],
                f"{colour}-{bullet}",
                int(repeat.removeprefix("rep")),
                int(row["land"]),
                row["land_key"],
                signed(whole, CROSSCUT_UM, chosen),
            )
        )
    return found


def variability(chosen: StriatedSet) -> list[str]:
    """AUC of the variability crosscuts, and the correlations by which their keys can be checked."""
    found = crosscuts(chosen)
    signatures = [each.signature for each in found]
    ccf = correlate_signatures(signatures, signatures, chosen.lags).ccf
    return [VARIABILITY, "", *key_table(found, ccf), "", SHIFTS, "", *shift_table(found, ccf)]


def key_table(found: list[Crosscut], ccf: Array) -> list[str]:
    """AUC with the keys as given, and with twelve of them moved."""
    lines = [
        "| keys | different-source pairs | pairs: same, different | AUC | same: lowest | different: highest |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name, keyed in (("AS GIVEN", found), ("twelve moved by two lands", [moved(each) for each in found])):
        for kind in ("lands of the blue barrel", "the same and blue against green"):
            same: list[float] = []
            other: list[float] = []
            for i, j in combinations(range(len(found)), 2):
                a, b = keyed[i], keyed[j]
                if a.barrel != b.barrel:
                    if kind.endswith("green"):
                        other.append(ccf[i, j])
                elif a.key and b.key:
                    (same if a.key == b.key else other).append(ccf[i, j])
            lines.append(
                f"| {name} | {kind} | {len(same)}, {len(other)} | {area(same, other):.4f} | {min(same):.2f} "
                f"| {max(other):.2f} |"
            )
    return lines


def shift_table(found: list[Crosscut], ccf: Array) -> list[str]:
    """Every repeat against a first one: mean correlation at the shift of the given keys and at the best shift."""
    place = {(each.bullet, each.repeat, each.number): index for index, each in enumerate(found)}
    bullets = list(dict.fromkeys(each.bullet for each in found))
    repeats = [(bullet, 1, bullet, 2) for bullet in bullets]
    blue = [("Blue-bullet1", 1, bullet, repeat) for bullet in MOVED_BULLETS for repeat in (1, 2)]
    lines = [
        "| bullet, repeat | against | shift by the given keys: mean | best shift: mean, lowest land "
        "| lands whose best partner lies there | next best shift: mean |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for reference, first, questioned, second in [*repeats, *blue]:
        rows = [place[reference, first, land] for land in range(1, LANDS + 1)]
        columns = [place[questioned, second, land] for land in range(1, LANDS + 1)]
        table = ccf[np.ix_(rows, columns)]
        facing = (np.arange(LANDS) + np.arange(LANDS)[:, None]) % LANDS
        along = table[np.arange(LANDS), facing]
        means = along.mean(axis=1)
        best = int(means.argmax())
        keys = [[found[index].key for index in side] for side in (rows, columns)]
        given = next((k for k in range(LANDS) if keys[0] == [*keys[1][k:], *keys[1][:k]] and all(keys[0])), None)
        lines.append(
            f"| {questioned}, {second} | {reference}, {first} "
            f"| {'not known' if given is None else f'{given}: {means[given]:.2f}'} "
            f"| {best}: {means[best]:.2f}, {along[best].min():.2f} "
            f"| {int((table.argmax(axis=1) == facing[best]).sum())} of {LANDS} | {np.sort(means)[-2]:.2f} |"
        )
    return lines


def moved(each: Crosscut) -> Crosscut:
    """The crosscut with its key moved by two lands if it is one of the twelve whose keys cannot be right."""
    if each.bullet not in MOVED_BULLETS or each.repeat != MOVED_REPEAT:
        return each
    barrel, land = each.key.split("-L")
    return each._replace(key=f"{barrel}-L{(int(land) - 1 - MOVED_BY) % LANDS + 1}")


def screwdrivers() -> list[str]:
    """AUC of the correlation and of the Chumbley score, by how far apart the angles of the tool may be."""
    chosen = default_striated_set("toolmark")
    marks = []
    for rows in by_item(folder() / "signatures" / "toolmaRk_ameslab_screwdriver.csv.gz").values():
        heights_um = np.array([float(row["z"]) for row in rows])
        signature = signed(heights_um, SCREWDRIVER_UM, chosen)
        marks.append(Toolmark((rows[0]["tool"], rows[0]["side"]), int(rows[0]["angle"]), heights_um, signature))
    signatures = [mark.signature for mark in marks]
    ccf = correlate_signatures(signatures, signatures, chosen.lags).ccf
    scored = []
    for i, j in combinations(range(len(marks)), 2):
        a, b = marks[i], marks[j]
        options = {"spacing_um": SCREWDRIVER_UM, "search_um": SEARCH_UM, "window_um": WINDOW_UM}
        result = chumbley_score(a.heights_um, b.heights_um, **options)
        apart = abs(a.angle_deg - b.angle_deg) if a.edge == b.edge else None
        scored.append(
            (apart, np.nan_to_num(ccf[i, j], nan=-1.0), result.z if isinstance(result, ChumbleyScore) else -np.inf)
        )
    other = np.array([values for apart, *values in scored if apart is None])
    lines = [
        SCREWDRIVER,
        "",
        "| same-source pairs: tool and side the same and | pairs: same, different "
        "| ccf: AUC, lowest same, highest different | Chumbley score: AUC, lowest same, highest different |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, widest in (("the same angle", 0), ("at most 5 degrees apart", 5), ("any angle", 90)):
        same = np.array([values for apart, *values in scored if apart is not None and apart <= widest])
        cells = " | ".join(
            f"{area(high, low):.3f}, {high.min():.2f}, {low.max():.2f}"
            for high, low in zip(same.T, other.T, strict=True)
        )
        lines.append(f"| {name} | {len(same)}, {len(other)} | {cells} |")
    return lines


def signed(heights_um: Array, spacing_um: float, chosen: StriatedSet) -> Signature:
    """The signature of a profile."""
    heights, spacing = heights_um * 1e-6, spacing_um * 1e-6
    cut = Cut(heights=heights, spacing=spacing, rows=(0.0, 0.0), tilt=0.0, stability=1.0, transposed=False)
    signature = sign(cut, Surface(heights=heights[None], spacing=(spacing, spacing)), chosen)
    assert isinstance(signature, Signature), signature.reason
    return signature


def by_item(file: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each item of a compressed table, in order."""
    items: dict[str, list[dict[str, str]]] = {}
    with gzip.open(file, "rt", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            items.setdefault(row["item"], []).append(row)
    return items
