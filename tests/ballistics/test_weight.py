"""Weighing a score: the value, its bound, its interval, the reasons for none."""

from __future__ import annotations

import csv
import gzip
import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence import weight
from ballistics.evidence.interval import bootstrap_interval
from ballistics.evidence.likelihood_ratio import LikelihoodRatio, NoLikelihoodRatio
from ballistics.evidence.method import Method, ScoreKind
from ballistics.evidence.population import (
    Description,
    Diagnostics,
    Origin,
    ReferencePopulation,
    Scanning,
    build_population,
)
from ballistics.evidence.scope import outside
from ballistics.evidence.weight import UNCHECKED, weigh
from ballistics.evidence.wording_lint import transposed_conditionals

HASH = "ab" * 32
MADE_WITH = {"parameter_hash": HASH, "mark": "breech face", "scanner": "confocal microscope"}


def population(
    scores: dict[str, Any], first: list[str], second: list[str], kind: ScoreKind, method: Method | None = None
) -> ReferencePopulation:
    return build_population(
        Description(
            name="made pistols",
            mark="breech face",
            parameters="made",
            parameter_hash=HASH,
            score=kind,
            firearms="made pistols",
            scanning=Scanning(scanner="confocal microscope", instrument="made", maker="none", pixel_um=3.125),
            origin=Origin(source="made here", licence="CC0", credit="nobody", made_by="the tests"),
            notes=("Two pairs could not be compared.",),
        ),
        scores,
        firearms=(first, second),
        items=([f"{name} a" for name in first], [f"{name} b" for name in second]),
        scans={"e1" * 32: f"{first[0]} a", "e2" * 32: "an item in no pair"},
        method=method,
    )


def every_two(firearms: int) -> tuple[Any, Any, list[str], list[str]]:
    first, second = np.triu_indices(firearms)
    return first, second, [f"gun {i}" for i in first], [f"gun {i}" for i in second]


@cache
def numbers(firearms: int = 24, apart: float = 2.0, name: str = "logistic") -> ReferencePopulation:
    first, second, *names = every_two(firearms)
    scores = np.random.default_rng(1).normal(np.where(first == second, apart, 0.0), 1.0)
    penalty = 0.01 if name == "logistic" else None
    method = Method(score="one score", name=cast(Any, name), penalty=penalty)
    return population({"ccf": scores}, *names, "one score", method)


@cache
def counts(firearms: int = 24) -> ReferencePopulation:
    first, second, *names = every_two(firearms)
    rng = np.random.default_rng(2)
    cells = rng.integers(20, 31, len(first))
    share = np.where(first == second, rng.beta(6, 4, len(first)), rng.beta(1, 14, len(first)))
    return population({"consensus": rng.binomial(cells, share), "cells": cells}, *names, "cell count")


def weighed(of: ReferencePopulation, score: Any, **options: Any) -> LikelihoodRatio:
    found = weigh(of, score, **(MADE_WITH | {"draws": 60} | options))
    assert isinstance(found, LikelihoodRatio), found
    return found


def refused(of: ReferencePopulation, score: Any, **options: Any) -> NoLikelihoodRatio:
    found = weigh(of, score, **(MADE_WITH | {"draws": 60} | options))
    assert isinstance(found, NoLikelihoodRatio)
    assert not found
    return found


def test_the_value_is_the_calibrators_within_the_bounds() -> None:
    of = numbers()
    found = weighed(of, 1.2)
    assert found.unbounded == found.log10_lr == of.calibrator.log10_lr(1.2).item()
    assert found.bound is None
    assert found.lower < found.log10_lr < found.upper
    assert found.reference.sha256 == of.sha256
    assert found.score == {"ccf": 1.2}
    assert "made pistols" in found.propositions.different
    assert found.notes == (UNCHECKED, "Two pairs could not be compared.")
    assert UNCHECKED not in weighed(of, 1.2, case_firearms=["K12"]).notes


def test_the_value_is_near_the_true_likelihood_ratio() -> None:
    """Two normal distributions, two apart: the true log10 LR is (2 x - 2) / ln 10."""
    found = weighed(numbers(firearms=40), 1.5, draws=200)
    assert found.lower <= 1 / math.log(10) <= found.upper


def test_a_bound_that_bites_is_said() -> None:
    of = numbers()
    found = weighed(of, 4.0)
    assert found.bound == "upper"
    assert found.log10_lr == found.upper == of.bounds.upper < found.unbounded
    assert "(ELUB)" in found.notes[0]
    assert f"{found.unbounded:.2f}" in found.notes[0]
    low = weighed(of, -2.0)
    assert low.bound == "lower"
    assert low.log10_lr == low.lower == of.bounds.lower > low.unbounded


@settings(max_examples=15, deadline=None)
@given(score=st.floats(-2, 4), name=st.sampled_from(["logistic", "kernel density", "isotonic"]))
def test_a_result_never_says_more_than_the_calibrator_or_the_bounds(score: float, name: str) -> None:
    of = numbers(name=name)
    found = weigh(of, score, **MADE_WITH, draws=20)
    if isinstance(found, LikelihoodRatio):
        assert abs(found.log10_lr) <= abs(found.unbounded)
        assert found.log10_lr * found.unbounded >= 0
        assert of.bounds.lower <= found.lower <= found.log10_lr <= found.upper <= of.bounds.upper


def test_monotone_in_the_score_with_its_interval() -> None:
    of = numbers()
    found = [weighed(of, score) for score in np.linspace(-2, 4, 13)]
    for low, high in pairwise(found):
        assert low.log10_lr <= high.log10_lr
    of = counts()
    ratios = [weighed(of, [count, 25]).log10_lr for count in range(0, 24, 3)]
    assert ratios == sorted(ratios)


def test_the_same_interval_whenever_it_is_weighed_and_another_one_by_other_draws() -> None:
    one, two = weighed(numbers(), 1.0), weighed(numbers(), 1.0)
    assert one == two
    other = weighed(numbers(), 1.0, rng=np.random.default_rng(5))
    assert (other.lower, other.upper) != (one.lower, one.upper)
    assert other.log10_lr == one.log10_lr
    wider = weighed(numbers(), 1.0, level=0.99)
    assert wider.upper - wider.lower > one.upper - one.lower


def test_pooling_equal_scores_changes_no_interval() -> None:
    of = counts()
    found = weighed(of, [8, 25], rng=np.random.default_rng(3))
    with threadpool_limits(limits=1):
        plain = bootstrap_interval(
            of.fit, of.pairs.table, *of.pairs.firearms, [[8, 25]], rng=np.random.default_rng(3), draws=60
        )
    assert found.lower == pytest.approx(plain.lower[0], abs=1e-4)
    assert found.upper == pytest.approx(plain.upper[0], abs=1e-4)


@pytest.mark.parametrize(
    ("change", "why", "said"),
    [
        ({"parameter_hash": "cd" * 32}, "parameters", "cdcdcdcdcdcd, the population with made"),
        ({"mark": "firing pin"}, "mark", "of the kind firing pin"),
        ({"scanner": "photometric stereo"}, "scanner", "that of the population confocal"),
        ({"case_firearms": ["other", "GUN  3 "]}, "case firearm", "GUN  3"),
        ({"case_firearms": ["\uff47un 3"]}, "case firearm", "un 3. Build it without"),
        ({"inputs": ["E1" * 32, "e2" * 32]}, "case firearm", "gun 0 a (gun 0)"),
        ({"inputs": ["f0" * 32, "f0" * 32]}, "same scan", "compared with itself"),
        ({"one_scan": True}, "same scan", "compared with itself"),
    ],
)
def test_refuses_what_the_population_does_not_speak_of(change: dict[str, Any], why: str, said: str) -> None:
    found = refused(numbers(), 1.0, **change)
    assert list(found.reasons) == [why]
    assert said in found.reason
    assert found.reference.name == "made pistols"


def test_all_reasons_are_given_at_once() -> None:
    made_otherwise = {"parameter_hash": "cd" * 32, "mark": "x", "scanner": "y"}
    found = refused(numbers(), 99.0, **made_otherwise, case_firearms=["gun 1"], inputs=["e1" * 32] * 2)
    assert list(found.reasons) == ["parameters", "mark", "scanner", "case firearm", "same scan", "score"]
    assert "gun 1. Build it" in found.reason
    assert "gun 0 a (gun 0)" in found.reason


def test_capitals_and_spaces_make_no_other_mark_or_scanner() -> None:
    assert weighed(numbers(), 1.0, mark="Breech  Face", scanner="CONFOCAL microscope")


@pytest.mark.parametrize("score", [-9.0, 9.0])
def test_refuses_scores_beyond_all_known_pairs(score: float) -> None:
    found = refused(numbers(), score)
    assert "no pair like this score" in found.reasons["score"]
    assert f"(ccf {score:g})" in found.reasons["score"]
    assert "Use a population that has such pairs" in found.reasons["score"]


@settings(max_examples=25, deadline=None)
@given(score=st.floats(-6, 56))
def test_a_score_is_supported_within_a_standard_deviation_of_the_range_of_a_kind(score: float) -> None:
    of = numbers(apart=50.0)
    table, same = of.pairs.table, of.pairs.same
    ranges = [(rows.min() - rows.std(), rows.max() + rows.std()) for rows in (table[same], table[~same])]
    near = any(low <= score <= high for low, high in ranges)
    assert ("score" in outside(of, np.array(score), **MADE_WITH)) != near


def test_low_counts_are_supported_on_marks_a_little_larger_or_smaller() -> None:
    """What speaks for two firearms is not withheld because no pair has that very number of cells."""
    for cells in (14, 25, 31, 45):
        assert weighed(counts(), [0, cells]).log10_lr < 0
    for cells, said in ((13, "smaller"), (46, "larger")):
        reason = refused(counts(), [0, cells]).reasons["score"]
        assert f"The mark is {said} than any in the population: {cells} cells, there 20 to 30." in reason


@cache
def two_kinds() -> ReferencePopulation:
    """Known matches with 18 to 23 of 24 cells, known non-matches with 0 or 1."""
    first, second, *names = every_two(24)
    count = np.where(first == second, 18 + first % 6, (first + second) % 2)
    return population({"count": count, "cells": np.full(len(first), 24)}, *names, "cell count")


def test_a_count_in_the_gap_is_told_as_a_person_says_it() -> None:
    reason = refused(two_kinds(), [9, 24]).reasons["score"]
    for part in ("9 of 24 cells (38%)", "75% to 96%", "0% to 4%", "without a likelihood ratio"):
        assert part in reason
    assert [n for n in range(25) if "score" not in outside(two_kinds(), np.array([n, 24.0]), **MADE_WITH)] == [
        *range(3),
        *range(17, 25),
    ]


def test_of_several_scores_all_lie_within_the_range_of_one_kind() -> None:
    first, second, *names = every_two(24)
    same, rng = first == second, np.random.default_rng(4)
    columns = {
        "count": np.where(same, 15 + first % 6, first % 2),
        "accf": np.where(same, rng.uniform(0.5, 0.8, len(first)), rng.uniform(0.0, 0.2, len(first))),
    }
    of = population(columns, *names, "several scores")
    supported = [(0.0, 0.1), (18.0, 0.6), (2.0, 0.1)]
    for case in (*supported, (0.0, 0.6), (18.0, 0.1), (8.0, 0.35)):
        assert ("score" not in outside(of, np.array(case), **MADE_WITH)) == (case in supported), case


def test_refuses_scores_in_a_gap_but_not_at_its_edges() -> None:
    of = numbers(apart=50.0)
    assert "score" in refused(of, 25.0).reasons
    table, same = of.pairs.table, of.pairs.same
    for edge in (table[~same].max(), table[same].min()):
        found = weighed(of, edge)
        assert any("the model's word" in note for note in found.notes)
    assert weighed(of, 50.0).log10_lr == of.bounds.upper


def test_refuses_marks_of_another_size() -> None:
    """Twelve of 14 cells are nothing like 20 to 30 cells."""
    assert weighed(counts(), [15, 25])
    assert "score" in refused(counts(), [7, 9]).reasons


def test_refuses_small_populations() -> None:
    found = refused(numbers(firearms=15), 1.0)
    assert "15 known matches" in found.reasons["too small"]


def test_firearms_and_pairs_are_counted_in_the_pairs_and_not_as_the_file_says() -> None:
    of = numbers(firearms=15)
    said = dict.fromkeys(("firearms", "matched_firearms", "firearm_pairs", "known_matches"), 400)
    many = Diagnostics.model_validate(of.diagnostics.model_dump() | said)
    found = refused(of.model_copy(update={"diagnostics": many}), 1.0)
    assert "15 firearms and 15 known matches" in found.reasons["too small"]
    assert (found.reference.firearms, found.reference.known_matches) == (15, 15)


def test_says_that_few_firearms_are_few() -> None:
    first, second, names, others = every_two(6)
    rng = np.random.default_rng(1)
    scores = list(rng.normal(np.where(first == second, 3.0, 0.0), 1.0))
    more = [f"gun {i % 6}" for i in range(24)]
    of = build_population(
        numbers().description,
        {"ccf": [*scores, *rng.normal(3.0, 1.0, 24)]},
        firearms=([*names, *more], [*others, *more]),
        items=(
            [*(f"{name} a" for name in names), *(f"{name} c{i}" for i, name in enumerate(more))],
            [*(f"{name} b" for name in others), *(f"{name} d{i}" for i, name in enumerate(more))],
        ),
    )
    assert any("6 firearms only" in note for note in weighed(of, 2.0).notes)


@pytest.mark.parametrize("score", [math.nan, math.inf, [1.0, 2.0], []])
def test_scores_that_are_none_are_errors(score: Any) -> None:
    with pytest.raises(EvidenceError):
        weigh(numbers(), score, **MADE_WITH)


def test_options_out_of_range_are_errors() -> None:
    with pytest.raises(EvidenceError, match="a count of 26 of 25"):
        weigh(counts(), [26, 25], **MADE_WITH)
    with pytest.raises(OptionError, match="expected a list"):
        weigh(numbers(), 1.0, **MADE_WITH, case_firearms="gun 1")
    with pytest.raises(OptionError, match="has an empty entry"):
        weigh(numbers(), 1.0, **MADE_WITH, case_firearms=["K12", " "])
    with pytest.raises(OptionError, match="level"):
        weigh(numbers(), 1.0, **MADE_WITH, level=1.5)


def test_a_calibrator_that_does_not_follow_from_the_pairs_is_refused() -> None:
    of = numbers()
    other = of.model_copy(update={"calibrator": of.calibrator.model_copy(update={"intercept": 2.0})})
    assert "Build the population anew" in refused(other, 1.0).reasons["fit"]


def test_an_interval_that_cannot_be_had_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_args: Any, **_options: Any) -> None:
        raise EvidenceError("40 of 60 draws gave no calibrator")

    monkeypatch.setattr(weight, "bootstrap_interval", none)
    assert "40 of 60 draws" in refused(numbers(), 1.0).reasons["too small"]


@pytest.mark.parametrize("score", [-2.0, -0.5, 1.0, 1.5, 3.9])
def test_the_sentence_puts_the_number_first_and_does_not_turn_the_conditional(score: float) -> None:
    found = weighed(numbers(), score)
    assert found.sentence.startswith("The likelihood ratio is ")
    assert found.propositions.same in found.sentence
    assert found.propositions.different in found.sentence
    assert transposed_conditionals(" ".join([found.sentence, *found.notes])) == ()


def test_results_are_json() -> None:
    for found in (weighed(numbers(), 1.0), refused(numbers(), 99.0)):
        assert type(found).model_validate_json(found.model_dump_json()) == found


def test_breech_faces_of_five_slides(data: Path) -> None:
    """A peer's scores of the Weller pairs: many matches of few firearms, weighed with their note."""
    with gzip.open(data / "scores" / "verity_weller_pairs.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    slides = [row["source_a"] for row in rows], [row["source_b"] for row in rows]
    of = build_population(
        numbers().description,
        {"count": [float(row["score"]) for row in rows]},
        firearms=slides,
        items=([row["hash_a"] for row in rows], [row["hash_b"] for row in rows]),
    )
    known = of.diagnostics
    assert (known.firearms, known.firearm_pairs) == (5, 10)
    assert (known.known_matches, known.known_non_matches) == (180, 810)
    assert known.cllr_min < known.cllr < 0.08
    high, low = weighed(of, 21.0, draws=400), weighed(of, 2.0, draws=400)
    assert high.log10_lr == of.bounds.upper
    assert low.upper < 0 < high.lower
    assert any("5 firearms only" in note for note in high.notes)
