"""Roll-up: how the units of a programme stand, from their signed summaries; distributions, never a mean alone.

A unit whose assessment covers too little is told as "insufficient" and takes no part in the distribution. Small
counts can be masked, for what is made public.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accreditation.assessments.scoring import ENOUGH
from accreditation.errors import CatalogueError, Problem
from accreditation.jurisdictions import normalised
from accreditation.summary import Figures, Summary

FEWEST = 5
"""Units below which nothing but their number is told of a distribution in public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How a share is distributed over units; None where too few tell it.

    Attributes
    ----------
    units : int
        That tell enough.
    insufficient : int
        That tell too little.
    least, lower, median, upper, most : float or None
    """

    units: int
    insufficient: int
    least: float | None = None
    lower: float | None = None
    median: float | None = None
    upper: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """One unit at one time; `score` is None where the coverage is too low to tell it."""

    unit: str
    jurisdiction: str
    on: date
    coverage: float | None
    evidence: float | None
    score: float | None
    blockers: int
    overdue: int
    is_sufficient: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The units of a programme as they stood in one year, each by its last summary against the same standards.

    Attributes
    ----------
    year : int
    standards : tuple of str
        Keys of what they were assessed against; units that were assessed against something else are apart.
    lines : tuple of UnitLine
        By unit; empty where small counts are masked.
    score : Distribution
    sections : mapping of str to Distribution
        By standard and top clause.
    blockers, overdue : int or None
        Of all units together; None where masked.
    """

    year: int
    standards: tuple[str, ...]
    lines: tuple[UnitLine, ...]
    score: Distribution
    sections: Mapping[str, Distribution]
    blockers: int | None
    overdue: int | None


def roll_up(summaries: Iterable[Summary], *, enough: float = ENOUGH, public: bool = False) -> tuple[Period, ...]:
    """Return how the units of a programme stood, year by year.

    Parameters
    ----------
    summaries : iterable of Summary
        Any number of each unit; of one unit the last of a year counts.
    enough : float
        Coverage, 0 to 1, below which a unit or a section is insufficient.
    public : bool
        Leave out single units, the least and the most, and whatever fewer than `FEWEST` units tell.

    Raises
    ------
    CatalogueError
        If a unit signed with two keys, or two units with the same one: somebody speaks for another.

    Examples
    --------
    >>> roll_up(())
    ()
    """
    told = list(summaries)
    problems = list(_impostors(told))
    if problems:
        raise CatalogueError("These summaries cannot be rolled up", problems)
    last: dict[tuple[int, tuple[str, str]], Summary] = {}
    for each in sorted(told, key=_age):
        last[each.on.year, _unit(each)] = each
    periods: dict[tuple[int, tuple[str, ...]], list[Summary]] = defaultdict(list)
    for (year, _), each in sorted(last.items()):
        periods[year, tuple(sorted(each.standards))].append(each)
    return tuple(_period(*which, held, enough, public) for which, held in sorted(periods.items()))


def _unit(summary: Summary) -> tuple[str, str]:
    return normalised(summary.jurisdiction), summary.unit.casefold()


def _age(summary: Summary) -> tuple[date, int]:
    """Return what tells the later of two summaries: the day, then how long the ledger was."""
    return summary.on, int(summary.head.partition(":")[0])


def _impostors(told: Sequence[Summary]) -> Iterator[Problem]:
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    units: dict[str, set[str]] = defaultdict(set)
    for each in told:
        keys[_unit(each)].add(each.key)
        units[each.key].add(f"{_unit(each)[0]} {each.unit}")
    for (_, unit), several in sorted(keys.items()):
        if len(several) > 1:
            shown = " and ".join(sorted(f"{key[:16]}..." for key in several))
            what = f"its summaries are signed with different keys: {shown}"
            yield Problem(unit.upper(), what, "Ask the unit which key is its own, and name it with --trust")
    for key, several in sorted(units.items()):
        if key and len(several) > 1:
            what = f"one key signs for {' and '.join(sorted(several))}"
            yield Problem(f"key {key[:16]}...", what, "Ask each unit for a summary signed with its own key")


def _period(year: int, standards: tuple[str, ...], held: Sequence[Summary], enough: float, public: bool) -> Period:
    masked = public and sum(_tells(each.whole, enough) for each in held) < FEWEST
    names = sorted({name for each in held for name in each.sections})
    return Period(
        year=year,
        standards=standards,
        lines=() if public else tuple(_line(each, enough) for each in held),
        score=_distribution([each.whole for each in held], enough, public),
        sections={
            name: _distribution([each.sections[name] for each in held if name in each.sections], enough, public)
            for name in names
        },
        blockers=None if masked else sum(each.issues.get("blocker", 0) for each in held),
        overdue=None if masked else sum(each.actions.get("overdue", 0) for each in held),
    )


def _line(summary: Summary, enough: float) -> UnitLine:
    sufficient = _tells(summary.whole, enough)
    return UnitLine(
        unit=summary.unit,
        jurisdiction=summary.jurisdiction,
        on=summary.on,
        coverage=summary.whole.coverage,
        evidence=summary.whole.evidence,
        score=summary.whole.score if sufficient else None,
        blockers=summary.issues.get("blocker", 0),
        overdue=summary.actions.get("overdue", 0),
        is_sufficient=sufficient,
    )


def _tells(figures: Figures, enough: float) -> bool:
    return figures.score is not None and (figures.coverage or 0.0) >= enough


def _distribution(figures: Sequence[Figures], enough: float, public: bool) -> Distribution:
    values = sorted(each.score for each in figures if _tells(each, enough) and each.score is not None)
    counts = {"units": len(values), "insufficient": len(figures) - len(values)}
    if not values or (public and len(values) < FEWEST):
        return Distribution(**counts)
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    least, most = (None, None) if public else (values[0], values[-1])
    return Distribution(**counts, least=least, lower=lower, median=median, upper=upper, most=most)
