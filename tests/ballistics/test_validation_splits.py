"""Splits by firearm: nothing known to a calibrator or its bound is judged by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballistics.errors import EvidenceError
from ballistics.evidence.bounds import elub
from ballistics.evidence.held_out import held_out
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.method import Method
from ballistics.evidence.population import Description, Origin, ReferencePopulation, Scanning, build_population
from ballistics.validation.splits import NOT_NESTED, Split, apply_population, judge

ONE = Method.default("one score")
SPLITS = [Split.leave_one_out(), Split.leave_one_out(groups=5), Split.repeated_folds(folds=5, repeats=3, seed=4)]


def columns(firearms: int = 12, seed: int = 1, apart: float = 2.0, prefix: str = "gun") -> dict[str, Any]:
    """Two items of each firearm, every two of them compared."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(2 * firearms, 1)
    guns = [f"{prefix} {i:02d}" for i in range(firearms)]
    score = rng.normal(np.where(first // 2 == second // 2, apart, 0.0), 1.0)
    return {
        "scores": {"ccf": score},
        "firearms": ([guns[i // 2] for i in first], [guns[i // 2] for i in second]),
        "items": ([f"{guns[i // 2]} {i % 2}" for i in first], [f"{guns[i // 2]} {i % 2}" for i in second]),
    }


def made(firearms: int = 12, seed: int = 1, apart: float = 2.0, prefix: str = "gun") -> KnownPairs:
    of = columns(firearms, seed, apart, prefix)
    return KnownPairs.from_columns(of["scores"], firearms=of["firearms"], items=of["items"])


def population(prefix: str = "other", parameter_hash: str = "ab" * 32) -> ReferencePopulation:
    of = columns(seed=9, prefix=prefix)
    return build_population(
        Description(
            name="made pistols",
            mark="breech face",
            parameters="made",
            parameter_hash=parameter_hash,
            score="one score",
            firearms="made pistols",
            scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.5),
            origin=Origin(source="made", licence="CC0", credit="none", made_by="the tests"),
        ),
        of["scores"],
        firearms=of["firearms"],
        items=of["items"],
    )


def changed(pairs: KnownPairs, rows: np.ndarray[Any, Any], by: np.ndarray[Any, Any]) -> KnownPairs:
    scores = pairs.table.copy()
    scores[rows] = by[rows]
    return pairs.model_copy(update={"scores": {"ccf": tuple(scores.tolist())}})


@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), split=st.sampled_from(SPLITS), bound=st.sampled_from(["elub", "invariance"])
)
def test_no_pair_with_a_firearm_of_the_judged_one_has_any_influence(seed: int, split: Split, bound: Any) -> None:
    """Calibrator and bound: garbage in all other pairs of its two firearms leaves a pair as it was to the bit."""
    rng = np.random.default_rng(seed)
    pairs = made(firearms=9)
    before = judge(pairs, ONE, split, bound=bound)
    assert before.derivation == "nested"
    first, second = pairs.firearms
    garbage = rng.normal(0, 50, len(pairs))
    for row in rng.choice(len(pairs), 2, replace=False).tolist():
        its = np.isin(first, [first[row], second[row]]) | np.isin(second, [first[row], second[row]])
        its[row] = False
        after = judge(changed(pairs, its, garbage), ONE, split, bound=bound)
        for name in ("log10_lr", "unbounded", "lower", "upper"):
            assert getattr(after, name)[row] == getattr(before, name)[row], name
        assert (after.repeated[:, row] == before.repeated[:, row]).all()
        strangers = ~its
        strangers[row] = False
        other = judge(changed(pairs, strangers, garbage), ONE, split, bound=bound)
        assert other.unbounded[row] != before.unbounded[row]


def test_the_calibrators_are_those_of_held_out_and_bounds_hold() -> None:
    pairs = made()
    found = judge(pairs, ONE, Split.leave_one_out())
    unseen = held_out(ONE.fit, pairs.table, *pairs.firearms).log10_lr
    np.testing.assert_allclose(found.unbounded, unseen, rtol=1e-8)
    np.testing.assert_array_equal(found.log10_lr, np.clip(found.unbounded, found.lower, found.upper))
    assert (found.lower < 0).all()
    assert (found.upper > 0).all()
    assert found.groups == 12
    assert found.fits == 78


def test_the_bound_is_that_of_the_pairs_that_share_no_firearm() -> None:
    pairs = made(firearms=6)
    found = judge(pairs, ONE, Split.leave_one_out())
    assert found.derivation == "nested"
    first, second = pairs.firearms
    rest = ~(np.isin(first, ["gun 00", "gun 01"]) | np.isin(second, ["gun 00", "gun 01"]))
    unseen = held_out(ONE.fit, pairs.table[rest], first[rest], second[rest])
    expected = elub(unseen.log10_lr, pairs.same[rest])
    judged = (first == "gun 00") & (second == "gun 01")
    assert judged.sum() == 4
    np.testing.assert_allclose(found.upper[judged], expected.upper, rtol=1e-8)
    np.testing.assert_allclose(found.lower[judged], expected.lower, rtol=1e-8)


def test_few_firearms_say_that_the_bound_is_not_nested() -> None:
    pairs = made(firearms=5, apart=5.0)
    found = judge(pairs, ONE, Split.leave_one_out())
    assert found.derivation == "not nested"
    assert found.derivation_reason == NOT_NESTED
    first, second = pairs.firearms
    rest = (first != "gun 00") & (second != "gun 00")
    expected = elub(found.unbounded[rest], pairs.same[rest])
    assert set(found.upper[(first == "gun 00") & (second == "gun 00")]) == {expected.upper}


def test_too_few_firearms_are_named() -> None:
    for split in (Split.leave_one_out(), Split.repeated_folds(folds=2)):
        with pytest.raises(EvidenceError, match=r"without the pairs of gun 0\d, gun 0\d"):
            judge(made(firearms=3), ONE, split)


def test_folds_have_a_seed_and_repeats() -> None:
    pairs = made()
    one, again, other = (judge(pairs, ONE, Split.repeated_folds(repeats=3, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.repeated, again.repeated)
    assert (one.repeated != other.repeated).any()
    assert one.repeated.shape == (3, len(pairs))
    np.testing.assert_array_equal(one.log10_lr, np.median(one.repeated, axis=0))
    assert (one.unbounded != judge(pairs, ONE, Split.leave_one_out(groups=5)).unbounded).any()


def test_untouched_is_the_calibrator_and_the_bound_of_the_population() -> None:
    pairs, reference = made(), population()
    found = apply_population(pairs, reference)
    np.testing.assert_allclose(found.unbounded, reference.calibrator.log10_lr(pairs.table), rtol=1e-8)
    np.testing.assert_allclose(found.log10_lr, reference.bounds.apply(found.unbounded).log10_lr, rtol=1e-8)
    assert found.derivation == "population"
    with pytest.raises(EvidenceError, match="use apply_population"):
        judge(pairs, ONE, Split.untouched())


def test_a_population_with_a_firearm_of_the_pairs_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"12 firearms are in the pairs and in the population .*: GUN 00, "):
        apply_population(made(prefix="GUN"), population(prefix="gun"))
    with pytest.raises(
        EvidenceError, match="the pairs have the scores score, the population made pistols has ccf"
    ):
        apply_population(made().model_copy(update={"scores": {"score": made().scores["ccf"]}}), population())


@pytest.mark.parametrize(
    "values",
    [
        {"name": "untouched", "groups": 5},
        {"name": "leave one firearm out"},
        {"name": "leave one firearm out", "groups": 5, "seed": 1},
        {"name": "repeated folds", "groups": 5, "repeats": 5},
        {"name": "repeated folds", "groups": 1, "repeats": 5, "seed": 1},
        {"name": "by rows", "groups": 5},
    ],
)
def test_splits_that_make_no_sense(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"groups|repeats|name"):
        Split(**values)
