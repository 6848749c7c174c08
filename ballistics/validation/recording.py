"""From a trial to its sealed record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import ValidationError

from ballistics.contract import versions
from ballistics.errors import EvidenceError, OptionError
from ballistics.evidence.known_pairs import told
from ballistics.evidence.labelled_scores import LabelledScores
from ballistics.evidence.likelihood_ratio import Reference
from ballistics.evidence.seal import Part, seal_of, sha256_of
from ballistics.validation.contract import How, NamedHash, Run, Tested, Tried, ValidationRecord, sealed
from ballistics.validation.criteria import Criteria
from ballistics.validation.splits import DIGITS
from ballistics.validation.trial import Validation

P = TypeVar("P", bound=Part)


def record(
    found: Validation,
    *,
    when: datetime | None = None,
    seconds: float | None = None,
    by: str = "",
    laboratory: str = "",
) -> ValidationRecord:
    """Make the sealed record of a trial.

    Parameters
    ----------
    found : Validation
        From `ballistics.validation.trial.validate`.
    when : datetime, optional
        With a time zone; now if not given.
    seconds : float, optional
        What the trial took.
    by, laboratory : str
        Who ran it, and where.

    Returns
    -------
    ValidationRecord
        With the same hash whenever and wherever the same scores are tried in the same way by the same version.

    Raises
    ------
    EvidenceError
        If the conditions of the scores do not fit a record, such as a hash that is none.
    OptionError
        If the criteria bear a later day than the trial, or ``when`` has no time zone.

    Examples
    --------
    >>> import numpy as np
    >>> from ballistics.evidence.known_pairs import KnownPairs
    >>> from ballistics.validation.trial import validate
    >>> guns = [f"gun {i}" for i in range(12)]
    >>> first, second = np.triu_indices(12)
    >>> rng = np.random.default_rng(5)
    >>> pairs = KnownPairs.from_columns(
    ...     {"ccf": rng.normal(np.where(first == second, 0.8, 0.3), 0.1)},
    ...     firearms=([guns[i] for i in first], [guns[i] for i in second]),
    ...     items=([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    ... )
    >>> found = validate(LabelledScores(pairs=pairs))
    >>> record(found, by="one").sha256 == record(found, by="another").sha256
    True
    """
    now = when or datetime.now(UTC)
    if now.tzinfo is None:
        raise OptionError(f"when is {now} without a time zone; give one")
    check_day(found.criteria, when or now.astimezone())
    try:
        return _record(found, now, seconds, by, laboratory)
    except ValidationError as error:
        raise EvidenceError(
            f"no record can be made of these scores and their conditions: {told(error)}"
        ) from error


def _record(found: Validation, now: datetime, seconds: float | None, by: str, laboratory: str) -> ValidationRecord:
    scores, judged = found.scores, found.judged
    content: dict[str, Any] = {
        "tried": _tried(scores),
        "tested": _tested(scores, _rounded(found.coverage)),
        "how": _how(found),
        "measures": _rounded_part(found.measures),
        "repeats": _rounded(found.repeats),
        "firearms": tuple(_rounded_part(row) for row in found.firearms),
        "studies": tuple(_rounded_part(row) for row in found.studies),
        "criteria": found.criteria,
        "outcomes": tuple(_rounded_part(outcome) for outcome in found.outcomes),
        "limits": found.limits,
        "pairs": scores.pairs,
        "log10_lr": _rounded(tuple(judged.log10_lr.tolist())),
        "unbounded": _rounded(tuple(judged.unbounded.tolist())),
        "lower": _rounded(tuple(judged.lower.tolist())),
        "upper": _rounded(tuple(judged.upper.tolist())),
        "run": Run(
            when=now,
            seconds=seconds,
            by=by,
            laboratory=laboratory,
            scores=NamedHash(name=scores.source[0], sha256=scores.source[1]) if scores.source else None,
            versions=versions(),
        ),
    }
    seal = seal_of(sealed(ValidationRecord.model_construct(**content, seal={}, sha256="")))
    return ValidationRecord(**content, seal=seal, sha256=sha256_of(seal))


def check_day(criteria: Criteria | None, now: datetime) -> None:
    """Refuse criteria that bear a later day than the trial.

    Parameters
    ----------
    criteria : Criteria, optional
        What is asked.
    now : datetime
        When the trial is, in the time zone that says which day it is there.

    Raises
    ------
    OptionError
        If they do.
    """
    if criteria is not None and criteria.date > now.date():
        raise OptionError(
            f"the criteria are of {criteria.date}, the trial of {now.date()}; criteria are given beforehand"
        )


def _tried(scores: LabelledScores) -> Tried:
    of = scores.conditions
    parameters: Mapping[str, Any] = of.parameters if of else {}
    values = parameters.get("values")
    values = values if isinstance(values, Mapping) else {}
    return Tried(
        mark=values.get("mark"),
        parameters=parameters.get("name"),
        parameter_hash=parameters.get("hash"),
        parameter_values=values,
        score=of.score if of else None,
        kind=scores.kind,
        columns=tuple(scores.pairs.scores),
        accept=of.accept if of else (),
        units=of.units if of else None,
        versions=of.versions if of else {},
        library=version("forensic-ballistics"),
    )


def _tested(scores: LabelledScores, coverage: float) -> Tested:
    truth, pairs = scores.truth, scores.pairs
    lines = truth.lines if truth else ()
    compared = set(scores.files)
    used = [line for line in lines if line.file in compared]
    items = {line.item: {"study": line.study, **line.classes} for line in used}
    names = sorted({name for its in items.values() for name, value in its.items() if value})
    return Tested(
        truth=NamedHash(name=truth.place.name, sha256=truth.sha256) if truth else None,
        inputs=scores.inputs,
        unused=tuple(sorted(line.file for line in lines if line.file not in compared)),
        firearms=len(pairs.firearm_names),
        items=len({*pairs.first_item, *pairs.second_item}),
        classes={name: dict(sorted(Counter(its[name] for its in items.values()).items())) for name in names},
        coverage=coverage,
        left_out=scores.left_out,
    )


def _how(found: Validation) -> How:
    population = found.population
    known = population.diagnostics if population else None
    return How(
        split=found.split,
        method=found.method,
        bound=found.bound,
        derivation=found.judged.derivation,
        derivation_reason=found.judged.derivation_reason,
        groups=found.judged.groups,
        fits=found.judged.fits,
        population=Reference(
            name=population.description.name,
            sha256=population.sha256,
            firearms=known.firearms,
            known_matches=known.known_matches,
            known_non_matches=known.known_non_matches,
        )
        if population and known
        else None,
        beyond=found.beyond,
        seed=found.seed,
        draws=found.measures.draws,
        level=found.measures.level,
    )


def _rounded(value: Any) -> Any:
    """Round every float within to 9 significant digits; one that is not finite becomes None."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_rounded(each) for each in value)
    return value


def _rounded_part(part: P) -> P:
    return type(part).model_validate(_rounded(part.model_dump()))
