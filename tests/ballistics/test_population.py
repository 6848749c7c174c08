"""Reference populations: what they hold, what they refuse, and that an edited file is found out."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballistics.errors import EvidenceError, OutputError
from ballistics.evidence.calibration import fit_combination, fit_logistic
from ballistics.evidence.held_out import held_out
from ballistics.evidence.method import Method, ScoreKind
from ballistics.evidence.population import (
    Description,
    Origin,
    ReferencePopulation,
    Scanning,
    build_population,
    read_population,
    write_population,
)
from imaging.errors import FileError

Columns = dict[str, Any]


def description(score: ScoreKind = "one score", **changes: Any) -> Description:
    values: dict[str, Any] = {
        "name": "made pistols",
        "mark": "breech face",
        "parameters": "breech-face-2026",
        "parameter_hash": "ab" * 32,
        "score": score,
        "firearms": "made pistols, one model",
        "scanning": Scanning(
            scanner="confocal microscope", instrument="made", maker="none", pixel_um=3.125, scanned="2026-11-22"
        ),
        "origin": Origin(source="made here", licence="CC0", credit="nobody", made_by="the tests"),
    }
    return Description(**(values | changes))


def columns(seed: int = 1, firearms: int = 12, apart: float = 2.0) -> Columns:
    """Scores of every two firearms and a known match of each, as arguments of `build_population`."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(firearms)
    guns = [f"gun {i}" for i in range(firearms)]
    return {
        "scores": {"ccf": rng.normal(np.where(first == second, apart, 0.0), 1.0)},
        "firearms": ([guns[i] for i in first], [guns[i] for i in second]),
        "items": ([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    }


def built(of: Columns | None = None, **options: Any) -> ReferencePopulation:
    used = of or columns()
    return build_population(
        description(options.pop("score", "one score")),
        used["scores"],
        firearms=used["firearms"],
        items=used["items"],
        **options,
    )


def test_holds_what_went_in() -> None:
    found = built()
    assert len(found.pairs) == 78
    known = found.diagnostics
    assert (known.firearms, known.matched_firearms, known.firearm_pairs) == (12, 12, 66)
    assert (known.known_matches, known.known_non_matches, known.ties) == (12, 66, 0)
    assert known.fits == 78
    assert known.cllr_min <= known.cllr
    assert known.cllr_in_sample < known.cllr
    assert found.bounds.lower < 0 < found.bounds.upper
    assert sorted(found.pairs.scores["ccf"]) == sorted(columns()["scores"]["ccf"].tolist())


def test_writes_and_reads_the_same_population(tmp_path: Path) -> None:
    found = built()
    path = write_population(found, tmp_path / "made.json")
    assert read_population(path) == found
    json.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(OutputError, match="exists"):
        write_population(found, path)
    assert write_population(found, path, overwrite=True) == path


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_pairs_and_of_the_marks_in_them_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    given_ = columns()
    order = rng.permutation(78)
    swap = rng.random(78) < 0.5

    def mixed(both: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
        pairs = [(both[swap[i]][i], both[1 - swap[i]][i]) for i in order.tolist()]
        return [one for one, _ in pairs], [other for _, other in pairs]

    swap = swap.astype(int)
    other = {
        "scores": {"ccf": given_["scores"]["ccf"][order]},
        "firearms": mixed(given_["firearms"]),
        "items": mixed(given_["items"]),
    }
    assert built(other) == built(given_)


def edited(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "pairs": lambda content: content["pairs"]["scores"]["ccf"].__setitem__(0, 9.0),
    "description": lambda content: content["description"].update(parameter_hash="cd" * 32),
    "calibrator": lambda content: content["calibrator"].update(intercept=3.0),
    "bounds": lambda content: content["bounds"].update(upper=9.0),
    "diagnostics": lambda content: content["diagnostics"].update(cllr=0.0),
    "method": lambda content: content["method"].update(penalty=0.5),
    "library": lambda content: content.update(library="9.9"),
}


@pytest.mark.parametrize("part", list(CHANGES))
def test_an_edited_file_is_refused_by_the_part_that_differs(tmp_path: Path, part: str) -> None:
    path = write_population(built(), tmp_path / "made.json")
    with pytest.raises(EvidenceError, match=f"the hash of {part} does not fit"):
        read_population(edited(path, CHANGES[part]))


def test_edited_hashes_are_refused_too(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["sha256"] = "0" * 64

    path = write_population(built(), tmp_path / "made.json")
    with pytest.raises(EvidenceError, match="the hash itself was changed"):
        read_population(edited(path, change))

    def less(content: dict[str, Any]) -> None:
        del content["seal"]["pairs"]

    path = write_population(built(), path, overwrite=True)
    with pytest.raises(EvidenceError, match="hash of pairs does not fit"):
        read_population(edited(path, less))


def test_white_space_and_the_order_of_parts_are_no_edit(tmp_path: Path) -> None:
    found = built()
    path = write_population(found, tmp_path / "made.json")
    turned = dict(reversed(json.loads(path.read_text(encoding="utf-8")).items()))
    path.write_text(json.dumps(turned, indent=3), encoding="utf-8")
    assert read_population(path) == found


def test_two_spellings_of_a_firearm_are_one() -> None:
    of = columns()
    letters = "g\u00fcn", "gu\u0308n"
    other = [[name.replace("gun", letters[i % 2]) for i, name in enumerate(side)] for side in of["firearms"]]
    found = built(of | {"firearms": tuple(other)})
    assert len(found.pairs.firearm_names) == 12
    assert found.diagnostics == built(of).diagnostics


def test_scans_of_items_are_kept_by_their_hashes(tmp_path: Path) -> None:
    found = built(scans={"bb" * 32: "gun 3 b", "aa" * 32: "gun 0 a", "cc" * 32: "elsewhere"})
    assert dict(found.scans) == {"aa" * 32: "gun 0 a", "bb" * 32: "gun 3 b"}
    assert read_population(write_population(found, tmp_path / "made.json")) == found


def test_a_byte_order_mark_is_no_edit_and_other_layouts_say_what_they_are(tmp_path: Path) -> None:
    found = built()
    path = write_population(found, tmp_path / "made.json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_population(path) == found
    for layout, said in ((9, "made by a newer version"), (1, "made by an older version")):
        (tmp_path / "other.json").write_text(json.dumps({"layout": layout, "more": 1}))
        with pytest.raises(EvidenceError, match=said):
            read_population(tmp_path / "other.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"layout": 1}', b"NaN"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match="is not a population"):
        read_population(path)


def test_a_missing_file_and_a_nan_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_population(tmp_path / "none.json")
    path = write_population(built(), tmp_path / "made.json")
    with pytest.raises(EvidenceError, match="is not a population"):
        read_population(edited(path, lambda content: content["bounds"].update(upper=math.nan)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e200])
def test_scores_that_are_no_finite_numbers_are_refused(value: float) -> None:
    of = columns()
    of["scores"]["ccf"][5] = value
    with pytest.raises(EvidenceError, match="ccf of pair 5 is"):
        built(of)


def test_a_pair_twice_is_refused_in_either_order() -> None:
    of = columns()
    for both in (of["firearms"], of["items"]):
        both[0].append(both[1][3])
        both[1].append(both[0][3])
    of["scores"] = {"ccf": np.append(of["scores"]["ccf"], 0.1)}
    with pytest.raises(EvidenceError, match=r"pairs 3 and 78 both compare 'gun 3 b' with 'gun 0 a'.*keep one"):
        built(of)


def test_an_item_with_itself_is_refused() -> None:
    of = columns()
    of["items"][1][0] = of["items"][0][0]
    with pytest.raises(EvidenceError, match=r"pair 0 compares 'gun 0 a' with itself.*; keep one scan of each"):
        built(of)


def test_an_item_of_two_firearms_is_refused() -> None:
    of = columns()
    of["items"][0][20] = "gun 0 a"
    with pytest.raises(EvidenceError, match="one item has one firearm"):
        built(of)


@pytest.mark.parametrize("name", ["", " gun", "gun ", " "])
def test_names_that_look_alike_but_are_not_are_refused(name: str) -> None:
    of = columns()
    of["firearms"][0][4] = name
    with pytest.raises(EvidenceError, match="first_firearm"):
        built(of)


def chosen(of: Columns, keep: Callable[[str, str], bool]) -> Columns:
    kept = [i for i, pair in enumerate(zip(*of["firearms"], strict=True)) if keep(*pair)]
    pick = lambda both: tuple([side[i] for i in kept] for side in both)  # noqa: E731
    return {
        "scores": {"ccf": of["scores"]["ccf"][kept]},
        "firearms": pick(of["firearms"]),
        "items": pick(of["items"]),
    }


def test_too_few_pairs_are_refused_with_their_number() -> None:
    of = columns()
    with pytest.raises(EvidenceError, match="0 known matches and 66 known non-matches"):
        built(chosen(of, lambda one, two: one != two))
    with pytest.raises(EvidenceError, match="12 known matches and 0 known non-matches"):
        built(chosen(of, lambda one, two: one == two))
    with pytest.raises(EvidenceError, match=r"found 1 firearm \(gun 0\)"):
        built(chosen(of, lambda one, two: one == two == "gun 0"))
    five = {f"gun {i}" for i in range(5)}
    with pytest.raises(EvidenceError, match="found 5 known matches; expected 10"):
        built(chosen(of, lambda one, two: one != two or one in five))
    with pytest.raises(EvidenceError, match="columns differ in length"):
        built(of | {"scores": {"ccf": of["scores"]["ccf"][:-1]}})


def test_known_matches_of_two_firearms_are_refused() -> None:
    of = columns(firearms=6)
    of = chosen(of, lambda one, two: one != two)
    for gun in ("gun 0", "gun 1"):
        for i in range(6):
            of["firearms"][0].append(gun)
            of["firearms"][1].append(gun)
            of["items"][0].append(f"{gun} c{i}")
            of["items"][1].append(f"{gun} d{i}")
    of["scores"] = {"ccf": np.append(of["scores"]["ccf"], np.linspace(1, 3, 12))}
    with pytest.raises(EvidenceError, match="known matches come from 2 firearms"):
        built(of)


def test_columns_must_suit_the_kind_of_score() -> None:
    of = columns()
    with pytest.raises(EvidenceError, match="cell count needs two columns"):
        built(of, score="cell count")
    with pytest.raises(EvidenceError, match="one score needs one column"):
        built(of | {"scores": {"a": of["scores"]["ccf"], "b": of["scores"]["ccf"]}})
    with pytest.raises(EvidenceError, match="the method is for cell count"):
        built(of, method=Method.default("cell count"))


def test_perfectly_separated_scores_make_a_bounded_population() -> None:
    found = built(columns(apart=50.0))
    assert found.diagnostics.separated
    assert math.isclose(found.bounds.upper, math.log10(67), abs_tol=0.05)
    assert math.isclose(found.bounds.lower, -math.log10(13), abs_tol=0.05)
    assert 0 < found.diagnostics.cllr < 0.1


def test_ties_are_counted_on_both_sides() -> None:
    of = columns()
    of["scores"] = {"count": np.round(of["scores"]["ccf"])}
    same = np.array([one == two for one, two in zip(*of["firearms"], strict=True)])
    values = of["scores"]["count"]
    shared = np.intersect1d(values[same], values[~same])
    assert built(of).diagnostics.ties == int(np.isin(values, shared).sum()) > 0


def test_judged_pairs_share_no_firearm_with_their_fit() -> None:
    """The hand-made way, pair by pair, gives the same values."""
    of = columns()
    first, second = (np.array(side) for side in of["firearms"])
    scores = of["scores"]["ccf"]
    found = held_out(fit_logistic, scores, first, second)
    for i in range(len(scores)):
        pair = [first[i], second[i]]
        kept = ~(np.isin(first, pair) | np.isin(second, pair))
        fitted = fit_logistic(scores[kept], (first == second)[kept])
        assert found.log10_lr[i] == pytest.approx(fitted.log10_lr(scores[i]), abs=1e-12)


def test_groups_of_firearms_leave_out_both_sides() -> None:
    seen: list[int] = []

    def fit(scores: Any, same: Any, /, *, weights: Any = None) -> Any:
        seen.append(len(scores))
        return fit_combination(scores, same)

    of = columns(firearms=12)
    found = held_out(fit, of["scores"]["ccf"], *of["firearms"], groups=4)
    assert (found.groups, found.fits) == (4, 10)
    assert set(seen) == {9 * 10 // 2, 6 * 7 // 2}


NFI = {
    "aperture_shear": {"one score": (("ccf",), 0.039, 0.024)},
    "breech_face_impression": {
        "cell count": (("cmc", "n"), 0.267, 0.243),
        "one score": (("accf",), 0.467, 0.405),
        "several scores": (("accf", "cmc"), 0.248, 0.220),
    },
    "firing_pin_impression": {
        "cell count": (("cmc", "n"), 0.045, 0.033),
        "one score": (("accf",), 0.141, 0.115),
        "several scores": (("accf", "cmc"), 0.062, 0.037),
    },
}
CASES = [(table, kind) for table, kinds in NFI.items() for kind in kinds]


@pytest.mark.parametrize(("table", "kind"), CASES)
def test_default_methods_on_real_scores(data: Path, table: str, kind: ScoreKind) -> None:
    """Cllr by the default method, bounded, every pair judged without its firearms; see `evidence.method`."""
    names, most, least = NFI[table][kind]
    with (data / "scores" / f"nfi_{table}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    guns = [row["weapon1"] for row in rows], [row["weapon2"] for row in rows]
    found = build_population(
        description(kind),
        {name: [float(row[name]) for row in rows] for name in names},
        firearms=guns,
        items=([f"{name} a" for name in guns[0]], [f"{name} b" for name in guns[1]]),
    )
    assert found.diagnostics.cllr <= most + 0.003
    assert found.diagnostics.cllr_min == pytest.approx(least, abs=0.01)
    if kind == "several scores":
        assert found.diagnostics.cllr < NFI[table]["one score"][1]
