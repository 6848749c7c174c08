"""How well lands and bullets come apart: `python -m benchmarks.bullets`.

Raw scans in, nothing set by hand. Hamby 44 was scanned mirrored to the others; across the sets the better of the
plain and the mirrored comparison is taken, as the tool proposes it. Marks that come as profiles are in
`benchmarks.profiles`.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from ballistics.parameters import StriatedSet, default_striated_set
from ballistics.striated.bullets import Bullet, BulletComparison, compare_bullets
from ballistics.striated.chumbley import ChumbleyScore, chumbley_score
from ballistics.striated.cmps import CongruentSegments, congruent_segments
from ballistics.striated.correlation import correlate_signatures
from ballistics.striated.signature import Signature, make_signature, mirrored_signature
from ballistics.striated.striae import StriaeFeatures, striae_features
from benchmarks.profiles import area, screwdrivers, variability
from benchmarks.scans import folder
from imaging.files import open_surface

LANDS_OF_HAMBY = 6
NOT_MEASURED = -np.inf

FEATURES = {
    "ccf": "ccf",
    "matches per mm": "striae",
    "cms": "striae",
    "sum of peaks": "striae",
    "D (lower is more alike)": "striae",
    "rough correlation": "striae",
    "CMPS, first land cut": "cmps",
    "CMPS, smaller of both directions": "cmps both",
    "Chumbley score": "chumbley",
}
"""Every feature and the call that gives it, which is what is timed."""

PROTOCOL = """\
The cut-offs of the signatures were chosen on Hamby 252, whose figures are therefore in-sample; none was chosen on
Hamby 44 or the NIST pair. Hamby 44 and Hamby 252 were fired from the same barrels, so no figure over several
studies is disjoint by source. No land and no pair of lands is left out."""

SPEED = """\
AUC of each feature over the pairs of lands of one study (same, different source), and the CPU time of the call
that gives it: median over the pairs of the last AUC column, one thread, signatures made before. Features of the
same call share its time. A pair on which a feature could not be taken ranks below all others. The rules of the
line features (matches, cms, sum of peaks, D, rough correlation) were chosen on the 36 pairs between the bullets
of the NIST pair (signatures of the CMPS package), so there they are in-sample."""

PEERS = """\
Peers' figures as the project's survey of peers gives them ("Comparing marks: what is known, what was
measured"); none was measured again here. "These files" where the survey says that it measured on them;
elsewhere other pairs or other files may be behind a figure, and it is no comparison with the tables above."""

PEER_TABLE = """\
| what | peer | figure | source |
| --- | --- | --- | --- |
| Hamby 252 lands, 45 pairs | NFI scratch, striation as shipped | AUC 0.44 to 0.49; 1.0 after \
flipping the sign of its tilt correction and using the middle rows | section 3, these files |
| lands: Hamby 252, Hamby 44, NIST pair | verity, land correlation | AUC 0.957, 0.911, 0.992 \
| section 3, these files |
| bullets of these files | verity | same barrel 0.086 and up, different 0.082 at most | section 3, these files |
| Hamby 252, barrel-disjoint | random forest; verity | Cllr 0.064; 0.113 | section 3, files not named |
| Hamby 44 lands | random forest | AUC 0.922 | section 3, files not named |
| Hamby 252 and 44, bullets | CMPS, random forest | AUC 1.0 | section 3, files not named |
| CMPS, one profile pair | CMPS (R) | 21 ms | section 2 |
| profile pair with 13 to 15 scale factors | NFI scratch | 8 ms (0.54 ms a scale) | section 2 |
| striation preprocessing, 1588 x 501 land | NFI scratch | 1.3 to 1.8 s | section 2 |
| two raw lands through to a score | bulletxtrctr | 3.6 s | section 2 |"""

T = TypeVar("T")


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
        same: list[float] = []
        other: list[float] = []
        for i, j in combinations(range(len(found)), 2):
            whole = study.startswith("all")
            if whole or found[i].study == found[j].study == study:
                value = (either if whole else ccf)[i, j]
                (same if found[i].key == found[j].key else other).append(value)
        high, low = np.sort(same), np.sort(other)
        lines.append(
            f"| {study} | {len(same)}, {len(other)} | {area(high, low):.4f} | {high[0]:.2f}, {high.mean():.3f} "
            f"| {np.percentile(low, 95):.2f}, {low[-1]:.2f} |"
        )
    return lines


def feature_table(found: list[Land], chosen: StriatedSet) -> list[str]:
    """AUC of every feature over the pairs of lands of one study, and how long its call takes."""
    kernel = np.random.default_rng(0).standard_normal((64, 128, 128), dtype=np.float32)
    pairs = [pair for pair in combinations(found, 2) if pair[0].study == pair[1].study]
    same = np.array([a.key == b.key for a, b in pairs])
    study = np.array([a.study for a, _ in pairs])
    taken = [features(a.signature, b.signature, chosen) for a, b in pairs]
    values = {name: np.array([each[name] for each, _ in taken]) for name in FEATURES}
    spent = {call: 1e3 * float(np.median([each[call] for _, each in taken])) for call in taken[0][1]}
    quiet = 1e3 * float(np.median([timed(lambda: scipy.fft.rfft2(kernel))[1] for _ in pairs]))
    groups = {name: study == name for name in ("hamby252", "hamby44", "nist_cmps_pair")}
    groups["all within one study"] = np.ones(len(pairs), np.bool_)
    heads = [f"{name} ({(same & mask).sum()}, {(~same & mask).sum()})" for name, mask in groups.items()]
    lines = [f"| feature | {' | '.join(heads)} | not taken | CPU ms a pair |", "| --- |" + " ---: |" * 6]
    for name, own in values.items():
        areas = [f"{area(own[same & mask], own[~same & mask]):.4f}" for mask in groups.values()]
        lines.append(
            f"| {name} | {' | '.join(areas)} | {(own == NOT_MEASURED).sum()} | {spent[FEATURES[name]]:.2f} |"
        )
    return [
        *lines,
        "",
        f"64 float32 rfft2 of 128 x 128 in the same run: {quiet:.1f} ms.",
    ]


def features(
    first: Signature, second: Signature, chosen: StriatedSet
) -> tuple[dict[str, float], dict[str, float]]:
    """Every feature of a pair of lands, higher for more alike, and the CPU seconds of every call."""
    spacing_um = first.spacing_um
    both = first.heights_um, second.heights_um
    found, ccf_time = timed(lambda: correlate_signatures([first], [second], chosen.lags))
    lag = round(float(found.lag_um[0, 0]) / spacing_um)
    lines, lines_time = timed(lambda: striae_features(*both, spacing_um=spacing_um, lag_samples=lag))
    there, there_time = timed(lambda: congruent_segments(*both, spacing_um=spacing_um))
    back, back_time = timed(lambda: congruent_segments(*both[::-1], spacing_um=spacing_um))
    windows, windows_time = timed(lambda: chumbley_score(*both, spacing_um=spacing_um))
    values = dict.fromkeys(FEATURES, NOT_MEASURED) | {"ccf": float(found.ccf[0, 0])}
    if isinstance(lines, StriaeFeatures):
        values["matches per mm"] = lines.matches_per_mm
        values["cms"] = lines.cms
        values["sum of peaks"] = lines.sum_peaks_um
        values["D (lower is more alike)"] = -lines.distance_um
        values["rough correlation"] = float(np.nan_to_num(lines.rough_correlation, nan=NOT_MEASURED))
    if isinstance(there, CongruentSegments) and isinstance(back, CongruentSegments):
        values["CMPS, first land cut"] = there.count
        values["CMPS, smaller of both directions"] = min(there.count, back.count)
    if isinstance(windows, ChumbleyScore):
        values["Chumbley score"] = windows.z
    times = {
        "ccf": ccf_time,
        "striae": lines_time,
        "cmps": there_time,
        "cmps both": there_time + back_time,
        "chumbley": windows_time,
    }
    return values, times


def timed(job: Callable[[], T]) -> tuple[T, float]:
    """What a job returns and the CPU seconds that it took."""
    start = time.process_time()
    result = job()
    return result, time.process_time() - start


def bullet_tables(found: list[Land], chosen: StriatedSet) -> list[str]:
    """Every pair of bullets: phase, sequence average, the best other phase, p-value, mirrored; then a summary."""
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
    reached: dict[str, list[float]] = {"same": [], "different": []}
    for first, second in combinations(whole, 2):
        tried = [compare_bullets(first, second, chosen, mirror=mirror) for mirror in (False, True)]
        results = [each for each in tried if isinstance(each, BulletComparison)]
        best = max(results, key=lambda each: each.sequence_average)
        source = "same" if barrel[first.name] == barrel[second.name] else "different"
        reached[source].append(best.sequence_average)
        lines.append(
            f"| {first.name}, {second.name} | {source} | {best.phase} | {best.direction} "
            f"| {'yes' if best.mirrored else 'no'} | {best.sequence_average:.3f} | {best.other_phases:.3f} "
            f"| {best.p_value:.3f} |"
        )
    same, other = reached["same"], reached["different"]
    return [
        *lines,
        "",
        f"{len(whole)} bullets of {len({barrel[each.name] for each in whole})} barrels, {len(same) + len(other)} "
        f"pairs: lowest sequence average of {len(same)} same-barrel pairs {min(same):.3f}, "
        f"highest of {len(other)} different-barrel pairs {max(other):.3f}.",
    ]


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the tables here instead of printing them")
    options = parser.parse_args()
    chosen = default_striated_set("bullet land")
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        found = lands(chosen)
        sections = {
            "Lands": land_table(found, chosen),
            "Features": [SPEED, "", *feature_table(found, chosen)],
            "Bullets": bullet_tables(found, chosen),
            "Variability profiles": variability(chosen),
            "Screwdriver marks": screwdrivers(),
            "Peers": [PEERS, "", PEER_TABLE],
        }
    parts = [f"Parameter set {chosen.name}, hash {chosen.hash[:12]}.", PROTOCOL]
    parts += ["\n".join([f"### {title}", "", *lines]) for title, lines in sections.items()]
    text = "\n\n".join(parts) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
