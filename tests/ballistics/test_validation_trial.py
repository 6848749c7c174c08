"""Whole trials: on made scores with a known answer, on real ones, and on everything that must be refused."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.held_out import held_out
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled_scores import LabelledScores, LeftOut, LeftOutKind
from ballistics.evidence.method import Method
from ballistics.evidence.performance import cllr
from ballistics.evidence.population import Description, Origin, ReferencePopulation, Scanning, build_population
from ballistics.evidence.truth import Truth, TruthLine
from ballistics.score_table import Conditions
from ballistics.validation import limits, wording
from ballistics.validation.criteria import Criteria, Criterion
from ballistics.validation.splits import Split, judge
from ballistics.validation.trial import validate

HASH = "ab" * 32


def columns(
    firearms: int = 12, seed: int = 1, apart: float = 2.0, prefix: str = "gun", items: int = 2
) -> dict[str, Any]:
    """Every two items of so many firearms, as arguments of `KnownPairs.from_columns`."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(items * firearms, 1)
    guns = [f"{prefix} {i // items:02d}" for i in range(items * firearms)]
    marks = [f"{gun} {i % items}" for i, gun in enumerate(guns)]
    return {
        "scores": {"ccf": rng.normal(np.where(first // items == second // items, apart, 0.0), 1.0)},
        "firearms": ([guns[i] for i in first], [guns[i] for i in second]),
        "items": ([marks[i] for i in first], [marks[i] for i in second]),
    }


def known(of: dict[str, Any]) -> KnownPairs:
    return KnownPairs.from_columns(of["scores"], firearms=of["firearms"], items=of["items"])


def scored(firearms: int = 12, seed: int = 1, apart: float = 2.0, prefix: str = "gun") -> LabelledScores:
    return LabelledScores(pairs=known(columns(firearms, seed, apart, prefix)))


def conditions(parameter_hash: str = HASH) -> Conditions:
    return Conditions(
        parameters={"name": "made", "hash": parameter_hash, "values": {"mark": "breech face"}},
        score="ccf",
        accept=(),
        units="auto",
        versions={"python": "3.11"},
        inputs={},
    )


def population(prefix: str = "other") -> ReferencePopulation:
    of = columns(seed=9, prefix=prefix)
    description = Description(
        name="made pistols",
        mark="breech face",
        parameters="made",
        parameter_hash=HASH,
        score="one score",
        firearms="made pistols",
        scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.5),
        origin=Origin(source="made", licence="CC0", credit="none", made_by="the tests"),
    )
    return build_population(description, of["scores"], firearms=of["firearms"], items=of["items"])


def test_true_likelihood_ratios_are_nearly_found() -> None:
    """Two normal densities one standard deviation wide, 3 apart: the true log LR is 3 x - 4.5."""
    scores = scored(firearms=40, seed=5, apart=3.0)
    found = validate(scores)
    true = (3 * scores.pairs.table - 4.5) / math.log(10)
    assert found.measures.cllr == pytest.approx(cllr(true, scores.pairs.same), abs=0.06)
    assert found.measures.cllr_cal < 0.12
    assert found.judged.derivation == "nested"
    assert found.coverage == 1.0
    assert found.repeats == (found.measures.cllr,)


def test_nothing_is_met_or_failed_without_criteria_and_all_is_judged_with_them() -> None:
    assert validate(scored()).outcomes == ()
    criteria = Criteria(
        author="A",
        date="2026-11-01",  # type: ignore[arg-type]
        criteria=(
            Criterion(name="cllr", sense="at_most", limit=0.01),
            Criterion(name="coverage", sense="at_least", limit=0.9),
        ),
        file="asked.toml",
        sha256=HASH,
    )
    assert [each.met for each in validate(scored(), criteria=criteria).outcomes] == ["not met", "met"]


def test_pairs_that_could_not_be_compared_count() -> None:
    left = tuple(
        LeftOut(reference=f"{kind}.x3p", questioned="b.x3p", firearms=guns, kind=kind, reason="dark")
        for kind, guns in (
            ("not comparable", ("gun 00", "gun 01")),
            ("same item", ("gun 00", "gun 00")),
            ("repeated items", ("gun 00", "gun 01")),
        )
    )
    found = validate(replace(scored(), left_out=left))
    assert found.coverage == 276 / 277
    assert [row.not_compared for row in found.firearms[:3]] == [1, 1, 0]
    said = [note.said for note in found.limits]
    assert any(text.startswith("1 pairs could not be compared") for text in said)
    assert any("one and the same item" in text for text in said)
    assert any("another pair of scans compares already" in text for text in said)


def test_every_kind_of_pair_left_out_has_its_words() -> None:
    assert set(limits.LEFT_OUT) == set(wording.LEFT_OUT) == set(get_args(LeftOutKind))


def test_repeated_folds_tell_every_repeat() -> None:
    found = validate(scored(), split=Split.repeated_folds(repeats=3))
    assert len(found.repeats) == 3
    assert len(set(found.repeats)) == 3
    assert min(found.repeats) < found.measures.cllr + 0.02


def test_a_population_untouched_and_beside() -> None:
    reference, scores = population(), replace(scored(), conditions=conditions())
    untouched = validate(scores, split=Split.untouched(), population=reference)
    assert (untouched.method, untouched.bound) == (reference.method, reference.bounds.method)
    assert untouched.judged.derivation == "population"
    beside = validate(scores, population=reference)
    (row,) = beside.studies
    assert (row.study, row.judged_by, row.cllr) == ("", "population", untouched.measures.cllr)
    assert beside.measures.cllr != row.cllr


@pytest.mark.parametrize("split", [Split.untouched(), Split.leave_one_out()], ids=lambda split: split.name)
def test_a_population_judges_only_what_is_known_to_be_its_own(split: Split) -> None:
    unknown = replace(scored(), source=("scores.csv", HASH))
    with pytest.raises(EvidenceError, match=r"there is no scores\.csv\.json.*the population made pistols"):
        validate(unknown, split=split, population=population())
    given = conditions()
    other = given.model_copy(update={"parameters": {**given.parameters, "values": {"mark": "firing pin"}}})
    with pytest.raises(EvidenceError, match=r"of the mark firing pin, the population .* mark breech face"):
        validate(replace(scored(), conditions=other), split=split, population=population())


def test_a_population_judges_every_pair_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    logistic = type(population().calibrator)
    whole = logistic.log10_lr

    def counted(self: Any, scores: Any) -> Any:
        asked.append(len(scores))
        return whole(self, scores)

    reference, scores = population(), replace(scored(), conditions=conditions())
    monkeypatch.setattr(logistic, "log10_lr", counted)
    validate(scores, split=Split.untouched(), population=reference)
    assert asked == [len(scores.pairs)]


def test_a_study_without_pairs_has_no_list_of_firearms() -> None:
    with pytest.raises(EvidenceError, match="found 0 firearms; expected 4"):
        KnownPairs.from_columns({"ccf": []}, firearms=([], []), items=([], [])).check_size()


def test_a_fit_that_fails_for_another_reason_asks_for_no_firearms() -> None:
    of = columns()
    of["scores"] = {"count": np.where(of["scores"]["ccf"] > 1, -1.0, 5.0), "cells": np.full(276, 20.0)}
    with pytest.raises(EvidenceError, match="a count of -1 of 20 cells") as refused:
        validate(LabelledScores(pairs=known(of)))
    assert "add known pairs" not in str(refused.value)
    with pytest.raises(EvidenceError, match=r"without the pairs of a nothing .*add known pairs of more firearms"):
        held_out(Method.default("one score").fit, [3.0, 2.0, 0.0], ["a", "b", "a"], ["a", "b", "b"])


def test_scores_that_a_population_does_not_support_are_counted() -> None:
    of = columns()
    of["scores"]["ccf"][:2] = [40.0, -40.0]
    scores = LabelledScores(pairs=known(of), conditions=conditions())
    found = validate(scores, split=Split.untouched(), population=population())
    assert found.beyond == 2
    assert any("2 pairs have a score beyond" in note.said for note in found.limits)


def test_studies_judge_each_other() -> None:
    one, other = columns(prefix="a", seed=1), columns(prefix="b", seed=2, apart=3.0)
    both = {
        "scores": {"ccf": np.concatenate([one["scores"]["ccf"], other["scores"]["ccf"]])},
        "firearms": tuple([*x, *y] for x, y in zip(one["firearms"], other["firearms"], strict=True)),
        "items": tuple([*x, *y] for x, y in zip(one["items"], other["items"], strict=True)),
    }
    pairs = known(both)
    lines = tuple(
        TruthLine(line=n, file=f"{item}.x3p", firearm=item[:-2], item=item, study=item[0], classes={})
        for n, item in enumerate(sorted({*pairs.first_item, *pairs.second_item}))
    )
    truth = Truth(place=Path("truth.csv"), sha256=HASH, lines=lines)
    rows = {(row.study, row.judged_by): row for row in validate(LabelledScores(pairs=pairs, truth=truth)).studies}
    assert list(rows) == [("a", "itself"), ("a", "other studies"), ("b", "itself"), ("b", "other studies")]
    alone = known(one)
    assert rows["a", "itself"].cllr == cllr(
        judge(alone, Method.default("one score"), Split.leave_one_out()).log10_lr, alone.same
    )
    of = build_population(
        population().description, other["scores"], firearms=other["firearms"], items=other["items"]
    )
    crossed = rows["a", "other studies"]
    assert crossed.cllr == cllr(of.bounds.apply(of.calibrator.log10_lr(alone.table)).log10_lr, alone.same)
    assert crossed.cllr_cal == pytest.approx(crossed.cllr - (crossed.cllr_min or 0))
    assert (crossed.firearms, crossed.known_matches) == (12, 12)


def test_a_study_that_cannot_be_judged_says_why() -> None:
    pairs = scored().pairs
    lines = tuple(
        TruthLine(
            line=1, file=item, firearm=item[:-2], item=item, study="s" if item < "gun 02" else "t", classes={}
        )
        for item in sorted({*pairs.first_item, *pairs.second_item})
    )
    truth = Truth(place=Path("truth.csv"), sha256=HASH, lines=lines)
    rows = {(row.study, row.judged_by): row for row in validate(LabelledScores(pairs=pairs, truth=truth)).studies}
    assert rows["s", "itself"].cllr is None
    assert "found 2 firearms" in rows["s", "itself"].reason
    assert rows["s", "other studies"].cllr is not None
    assert "found 2 firearms" in rows["t", "other studies"].reason


def bad(change: str) -> dict[str, Any]:
    of = columns()
    same = np.array(of["firearms"][0]) == np.array(of["firearms"][1])
    keep = np.arange(len(same))
    if change in ("no matches", "no non-matches"):
        keep = np.flatnonzero(same == (change == "no non-matches"))
    elif change == "five matches":
        keep = np.concatenate([np.flatnonzero(same)[:5], np.flatnonzero(~same)])
    elif change == "one firearm":
        of["firearms"] = (["gun"] * len(same), ["gun"] * len(same))
    elif change == "duplicated":
        keep = np.append(keep, 3)
    elif change == "infinite":
        of["scores"]["ccf"][4] = math.inf
    elif change == "missing":
        of["scores"]["ccf"][4] = math.nan
    elif change == "constant":
        of["scores"]["ccf"][:] = 3.0
    of["scores"] = {name: column[keep] for name, column in of["scores"].items()}
    for name in ("firearms", "items"):
        of[name] = tuple([column[i] for i in keep] for column in of[name])
    return of


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("no matches", "found 0 known matches and 264 known non-matches"),
        ("no non-matches", "found 12 known matches and 0 known non-matches"),
        ("five matches", "found 5 known matches; expected 10 or more"),
        ("one firearm", r"found 1 firearm \(gun\)"),
        ("duplicated", "pairs 3 and 276 both compare 'gun 00 0' with 'gun 02 0'"),
        ("infinite", "ccf of pair 4 is inf"),
        ("missing", "ccf of pair 4 is nan"),
        ("constant", "is the same for all pairs"),
    ],
)
def test_what_cannot_be_tried_is_refused(change: str, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        validate(LabelledScores(pairs=known(bad(change))))


@pytest.mark.parametrize("name", ["logistic", "kernel density", "isotonic"])
def test_perfectly_separated_scores_and_ties_stay_finite(name: Any) -> None:
    method = Method(score="one score", name=name, penalty=0.01 if name == "logistic" else None)
    of = columns(apart=40.0)
    of["scores"]["ccf"] = np.round(of["scores"]["ccf"])
    found = validate(LabelledScores(pairs=known(of)), method=method)
    assert np.isfinite(found.judged.log10_lr).all()
    assert found.measures.separated
    assert found.measures.devpav is None
    assert any("came out as low" in note.said for note in found.limits)


def test_pairs_that_share_a_firearm_with_the_population_are_refused() -> None:
    for split in (Split.untouched(), Split.leave_one_out()):
        with pytest.raises(EvidenceError, match="12 firearms are in the pairs and in the population"):
            validate(scored(), split=split, population=population(prefix="gun"))


def test_options_that_make_no_sense() -> None:
    with pytest.raises(EvidenceError, match=r"the scores were computed with made \(cdcd.*Compare|cdcd"):
        validate(replace(scored(), conditions=conditions("cd" * 32)), population=population())
    with pytest.raises(OptionError, match="give one"):
        validate(scored(), split=Split.untouched())
    with pytest.raises(OptionError, match="uses the method of the population"):
        validate(scored(), split=Split.untouched(), population=population(), method=Method.default("one score"))
    with pytest.raises(OptionError, match="the method is for cell count, the pairs have one score"):
        validate(scored(), method=Method.default("cell count"))


def test_seven_thousand_pairs_of_forty_firearms_are_quick() -> None:
    scores = LabelledScores(pairs=known(columns(firearms=40, items=3)))
    assert len(scores.pairs) == 7140
    began = time.process_time()
    found = validate(scores)
    assert time.process_time() - began < 10
    assert found.judged.groups == 20


NFI = {"breech_face_impression": 0.30, "firing_pin_impression": 0.06}


@pytest.mark.parametrize("table", NFI)
def test_real_tables_by_weapon(data: Path, table: str) -> None:
    with (data / "scores" / f"nfi_{table}.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    numbers = range(len(rows))
    pairs = KnownPairs.from_columns(
        {"score": [float(row["cmc"]) for row in rows], "cells": [float(row["n"]) for row in rows]},
        firearms=([row["weapon1"] for row in rows], [row["weapon2"] for row in rows]),
        items=([f"{n} a" for n in numbers], [f"{n} b" for n in numbers]),
    )
    found = validate(LabelledScores(pairs=pairs), split=Split.leave_one_out(groups=6))
    assert found.measures.cllr < NFI[table]
    assert found.measures.cllr_cal < 0.05
    assert found.judged.derivation == "nested"
