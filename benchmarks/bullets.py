"""How well lands and bullets come apart: `python -m benchmarks.bullets`.

Raw scans in, nothing set by hand. Hamby 44 was scanned mirrored to the others; across the sets the better of the
plain and the mirrored comparison is taken, as the tool proposes it.
"""

from __future__ import annotations

import argparse
import csv
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from ballistics.bullets import Bullet, BulletComparison, compare_bullets
from ballistics.correlation import correlate_signatures
from ballistics.parameters import StriatedSet, default_striated_set
from ballistics.striated import Signature, make_signature, mirrored_signature
from benchmarks.scans import folder
from imaging.files import open_surface

LANDS_OF_HAMBY = 6


class Land(NamedTuple):
    """One scanned land: its set, barrel, bullet, number, the land of the barrel that made it, its signature."""

    study: str
    barrel: str
    bullet: str
    number: int
    key: str
    signature: Signature


def lands(chosen: StriatedSet) -> list[Land]:
    """All land scans whose place in the barrel is known."""
    place = folder()
    found = []
    with (place / "MANIFEST.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["file"].startswith("land/"):
                signature = make_signature(open_surface(place / row["file"]), chosen)
                assert isinstance(signature, Signature), f"{row['file']}: {signature.reason}"
                study = row["file"].split("/")[1]
                found.append(
                    Land(study, row["source_id"], row["item_id"], int(row["land"]), row["land_key"], signature)
                )
    return found


def land_table(found: list[Land], chosen: StriatedSet) -> list[str]:
    """AUC and the edges of both distributions, set by set and over all lands."""
    plain = [land.signature for land in found]
    flipped = [mirrored_signature(each) for each in plain]
    ccf = correlate_signatures(plain, plain, chosen.lags).ccf
    either = np.fmax(ccf, correlate_signatures(plain, flipped, chosen.lags).ccf)
    lines = [
        "| lands | pairs: same, different | AUC | same: lowest, mean | different: 95 %, highest |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for study in (*dict.fromkeys(land.study for land in found), "all, mirrored or not"):
        same, other = [], []
        for i, j in combinations(range(len(found)), 2):
            whole = study.startswith("all")
            if whole or found[i].study == found[j].study == study:
                value = (either if whole else ccf)[i, j]
                (same if found[i].key == found[j].key else other).append(value)
        high, low = np.sort(same), np.sort(other)
        area = float((high[:, None] > low[None]).mean())
        lines.append(
            f"| {study} | {len(same)}, {len(other)} | {area:.4f} | {high[0]:.2f}, {high.mean():.3f} "
            f"| {np.percentile(low, 95):.2f}, {low[-1]:.2f} |"
        )
    return lines


def bullet_table(found: list[Land], chosen: StriatedSet) -> list[str]:
    """Every pair of bullets: phase, sequence average, the best other phase, p-value, whether mirrored."""
    bullets: dict[str, dict[int, Signature]] = {}
    barrel = {land.bullet: land.barrel for land in found}
    for land in found:
        bullets.setdefault(land.bullet, {})[land.number] = land.signature
    whole = [
        Bullet(name=name, signatures=tuple(own.get(k) for k in range(1, LANDS_OF_HAMBY + 1)))
        for name, own in bullets.items()
        if len(own) > 1
    ]
    lines = [
        "| bullets | barrel | phase | order | mirrored | sequence average | best other phase | p |",
        "| --- | --- | ---: | --- | --- | ---: | ---: | ---: |",
    ]
    for first, second in combinations(whole, 2):
        tried = [compare_bullets(first, second, chosen, mirror=mirror) for mirror in (False, True)]
        results = [each for each in tried if isinstance(each, BulletComparison)]
        best = max(results, key=lambda each: each.sequence_average)
        source = "same" if barrel[first.name] == barrel[second.name] else "different"
        lines.append(
            f"| {first.name}, {second.name} | {source} | {best.phase} | {best.direction} "
            f"| {'yes' if best.mirrored else 'no'} | {best.sequence_average:.3f} | {best.other_phases:.3f} "
            f"| {best.p_value:.3f} |"
        )
    return lines


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the tables here instead of printing them")
    options = parser.parse_args()
    chosen = default_striated_set("bullet land")
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        found = lands(chosen)
        tables = [*land_table(found, chosen), "", *bullet_table(found, chosen)]
    text = "\n".join([f"Parameter set {chosen.name}, hash {chosen.hash[:12]}.", "", *tables]) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
