"""Calibration across studies: how likelihood ratios do on marks of another study than their calibrator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from ballistics.errors import EvidenceError
from ballistics.evidence.held_out import held_out
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled import BoolArray, FloatArray
from ballistics.evidence.method import Method
from ballistics.evidence.performance import cllr, cllr_min, misleading
from ballistics.evidence.seal import Part
from ballistics.validation.splits import BOUNDS, BoundMethod, Judged, Split, judge

JudgedBy = Literal["itself", "other studies", "population"]


class StudyRow(Part):
    """One study judged by one calibrator.

    Parameters
    ----------
    study : str
        Its name in the manifest; empty for all pairs.
    judged_by : str
        ``"itself"``: within the study, by the split of the trial. ``"other studies"``: by a calibrator and a bound
        from pairs of the other studies that share no firearm with it. ``"population"``: by the reference
        population as it is.
    firearms, known_matches, known_non_matches : int
        Pairs whose two marks are both of the study.
    cllr, cllr_min, cllr_unbounded : float, optional
        None where it could not be judged.
    misleading_same, misleading_different : int, optional
        Known matches with an LR below 1, known non-matches with an LR above 1.
    reason : str
        Why it could not be judged; else empty.
    """

    study: str
    judged_by: JudgedBy
    firearms: int
    known_matches: int
    known_non_matches: int
    cllr: float | None = None
    cllr_min: float | None = None
    cllr_unbounded: float | None = None
    misleading_same: int | None = None
    misleading_different: int | None = None
    reason: str = ""

    @property
    def cllr_cal(self) -> float | None:
        """Cllr less Cllr_min: what is lost by calibration."""
        return None if self.cllr is None or self.cllr_min is None else self.cllr - self.cllr_min


def across_studies(
    pairs: KnownPairs,
    studies: Mapping[str, str],
    method: Method,
    split: Split,
    *,
    bound: BoundMethod = "elub",
    by_population: Judged | None = None,
) -> tuple[StudyRow, ...]:
    """Judge every study by itself, by the other studies, and by a population.

    Parameters
    ----------
    pairs : KnownPairs
        All of them.
    studies : mapping of str to str
        The study of every item; may be empty.
    method : Method
        How calibrators are fitted.
    split : Split
        Within a study; with the untouched split no study is judged by itself.
    bound : str
        As in `ballistics.validation.splits.judge`.
    by_population : Judged, optional
        Likelihood ratios of all pairs from a population, for a row of every study, or one of all pairs if there
        are no studies.

    Returns
    -------
    tuple of StudyRow
        Empty with fewer than two studies and no population. Pairs across two studies are in no row.
    """
    names = sorted({studies[item] for item in (*pairs.first_item, *pairs.second_item) if item in studies})
    first, second = (
        np.array([studies.get(item, "") for item in items]) for items in (pairs.first_item, pairs.second_item)
    )
    rows = []
    for name in names if len(names) > 1 else ():
        within = (first == name) & (second == name)
        if split.groups is not None:
            rows.append(_by_itself(name, _only(pairs, within), method, split, bound))
        rows.append(_by_others(name, pairs, within, (first != name) & (second != name), method, bound))
        if by_population is not None:
            rows.append(_by_population(name, pairs, within, by_population))
    if by_population is not None and len(names) < 2:
        rows.append(_by_population(names[0] if names else "", pairs, np.full(len(pairs), True), by_population))
    return tuple(rows)


def _by_itself(name: str, pairs: KnownPairs, method: Method, split: Split, bound: BoundMethod) -> StudyRow:
    try:
        pairs.check_size()
        judged = judge(pairs, method, split, bound=bound)
        return _row(name, "itself", pairs, judged.log10_lr, judged.unbounded)
    except EvidenceError as error:
        return _row(name, "itself", pairs, reason=str(error))


def _by_others(
    name: str, pairs: KnownPairs, within: BoolArray, without: BoolArray, method: Method, bound: BoundMethod
) -> StudyRow:
    judged = _only(pairs, within)
    first, second = pairs.firearms
    its = np.array(sorted(judged.firearm_names))
    others = _only(pairs, without & ~np.isin(first, its) & ~np.isin(second, its))
    try:
        others.check_size()
        unseen = held_out(method.fit, others.table, *others.firearms)
        limits = BOUNDS[bound](unseen.log10_lr, others.same)
        unbounded = method.fit(others.table, others.same).log10_lr(judged.table)
        return _row(name, "other studies", judged, limits.apply(unbounded).log10_lr, unbounded)
    except EvidenceError as error:
        return _row(name, "other studies", judged, reason=str(error))


def _by_population(name: str, pairs: KnownPairs, within: BoolArray, judged: Judged) -> StudyRow:
    its = _only(pairs, within)
    try:
        return _row(name, "population", its, judged.log10_lr[within], judged.unbounded[within])
    except EvidenceError as error:
        return _row(name, "population", its, reason=str(error))


def _row(
    name: str,
    judged_by: JudgedBy,
    pairs: KnownPairs,
    log10_lr: FloatArray | None = None,
    unbounded: FloatArray | None = None,
    *,
    reason: str = "",
) -> StudyRow:
    same = pairs.same
    row = StudyRow(
        study=name,
        judged_by=judged_by,
        firearms=len(pairs.firearm_names),
        known_matches=int(same.sum()),
        known_non_matches=int((~same).sum()),
        reason=reason,
    )
    if log10_lr is None or unbounded is None:
        return row
    wrong = misleading(log10_lr, same)
    before = cllr(unbounded, same)
    return row.model_copy(
        update={
            "cllr": cllr(log10_lr, same),
            "cllr_min": cllr_min(log10_lr, same),
            "cllr_unbounded": before if np.isfinite(before) else None,
            "misleading_same": wrong.same,
            "misleading_different": wrong.different,
        }
    )


def _only(pairs: KnownPairs, rows: BoolArray) -> KnownPairs:
    chosen = np.flatnonzero(rows).tolist()

    def of(column: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column[row] for row in chosen)

    return pairs.model_copy(
        update={
            "scores": {name: tuple(column[row] for row in chosen) for name, column in pairs.scores.items()},
            "first_firearm": of(pairs.first_firearm),
            "second_firearm": of(pairs.second_firearm),
            "first_item": of(pairs.first_item),
            "second_item": of(pairs.second_item),
        }
    )
