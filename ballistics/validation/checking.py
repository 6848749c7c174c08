"""The check of a record of a validation: every measure computed anew from the likelihood ratios in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ballistics.evidence.labelled import FloatArray
from ballistics.validation.contract import ValidationRecord
from ballistics.validation.criteria import judge_criteria
from ballistics.validation.firearms import by_firearm
from ballistics.validation.measures import measure
from ballistics.validation.splits import Judged

AGREE = 1e-6


def differences(found: ValidationRecord) -> tuple[str, ...]:
    """Return which figures of a record do not follow from its likelihood ratios; empty if all do.

    Parameters
    ----------
    found : ValidationRecord
        From `ballistics.validation.contract.read_validation`, which checks its hashes.

    Notes
    -----
    Figures in a record have 9 significant digits, so they are held to agree within 1e-6. Likelihood ratios
    themselves are taken as they are: `ballistics.validation.trial.validate` makes them anew from the scores.
    """
    values = np.array(found.log10_lr)
    judged = Judged(
        log10_lr=values,
        unbounded=unbounded_of(found),
        lower=np.array(found.lower),
        upper=np.array(found.upper),
        repeated=values[None],
        derivation=found.how.derivation,
        groups=found.how.groups,
        fits=found.how.fits,
    )
    how = found.how
    measures = measure(found.pairs, judged, rng=np.random.default_rng(how.seed), draws=how.draws, level=how.level)
    refused = Counter(
        name for left in found.tested.left_out if left.kind == "not comparable" for name in set(left.firearms)
    )
    firearms = by_firearm(found.pairs, values, not_compared=refused)
    outcomes = judge_criteria(found.criteria, measures, coverage=found.tested.coverage)
    return (
        *_unlike("measures", found.measures.model_dump(), measures.model_dump()),
        *_unlike("firearms", _dumped(found.firearms), _dumped(firearms)),
        *_unlike("outcomes", _dumped(found.outcomes), _dumped(outcomes)),
    )


def unbounded_of(found: ValidationRecord) -> FloatArray:
    """Return log10 LRs before the bounds, shape (n,); an infinite one lies beyond the bound in its place."""
    bounded, upper = np.array(found.log10_lr), np.array(found.upper)
    known = np.array([math.nan if each is None else each for each in found.unbounded])
    return np.where(np.isnan(known), np.where(bounded >= upper, np.inf, -np.inf), known)


def _dumped(parts: tuple[Any, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(part.model_dump() for part in parts)


def _unlike(where: str, kept: Any, anew: Any) -> Iterator[str]:
    if isinstance(kept, Mapping) and isinstance(anew, Mapping) and set(kept) == set(anew):
        for name in kept:
            yield from _unlike(f"{where}.{name}", kept[name], anew[name])
    elif isinstance(kept, tuple | list) and isinstance(anew, tuple | list) and len(kept) == len(anew):
        for place, (one, other) in enumerate(zip(kept, anew, strict=True), start=1):
            yield from _unlike(f"{where}[{place}]", one, other)
    elif isinstance(kept, float) and isinstance(anew, float):
        if not math.isclose(kept, anew, rel_tol=AGREE, abs_tol=AGREE):
            yield f"{where} is {kept:g} in the record, {anew:g} when computed anew"
    elif kept != anew:
        yield f"{where} is {kept!r} in the record, {anew!r} when computed anew"
