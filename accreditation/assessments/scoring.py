"""Scores: how well requirements are met, never without how many were looked at and how much of it has evidence.

Conforming counts 1, a minor nonconformity 1/2, a major one 0, each with the weight of its requirement; what does
not apply or is not assessed takes no part. Maturity is shown on two axes, since paper without practice is a result
of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.profile import Checklist, Item
from accreditation.clauses import Clause
from accreditation.standards import Standard
from qms.evidence.evidence import Evidence
from qms.evidence.standing import counts_for
from qms.lifecycle import Reason
from qms.record import Record

WORTH = {"conforms": 1.0, "minor": 0.5, "major": 0.0}
ENOUGH = 0.6
"""Share of the requirements that has to be assessed for a score to be read without a warning."""


SPEAKING: Mapping[str, tuple[str, ...]] = {
    "action": ("verified", "effective"),
    "assessment": ("frozen",),
    "audit": ("reported", "closed"),
    "complaint": ("communicated", "closed"),
    "document": ("current",),
    "finding": ("closed",),
    "receipt": ("signed",),
    "revision": ("effective",),
}
"""States in which records other than evidence speak for how a requirement is met."""


class Share(float):
    """A share of 1 that is said in percent; `accreditation.language.Words` says it as a language does."""

    def __str__(self) -> str:
        return f"{100 * self:.0f}%"

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well some requirements are met.

    Attributes
    ----------
    results : mapping of str to int
        How many judgements there are of each result, those that are not assessed included.
    value : float or None
        Weighted mean, 0 to 1, over what applies and was assessed; None if nothing was.
    documented, implemented : float or None
        Weighted mean maturity, 0 to 5.
    backed : int
        Judgements that count and have evidence that counts.
    oldest : date or None
        The last day for which the oldest of that evidence speaks.
    """

    results: Mapping[str, int]
    value: float | None
    documented: float | None
    implemented: float | None
    backed: int
    oldest: date | None

    @property
    def assessed(self) -> int:
        """How many requirements apply and were assessed."""
        return sum(self.results.get(name, 0) for name in WORTH)

    @property
    def applicable(self) -> int:
        """How many requirements apply, as far as is known."""
        return self.assessed + self.results.get("not_assessed", 0)

    @property
    def coverage(self) -> float | None:
        """Share of what applies that was assessed, 0 to 1; None if nothing applies."""
        return self.assessed / self.applicable if self.applicable else None

    @property
    def evidence_share(self) -> float | None:
        """Share of what was assessed that has evidence that counts; None if nothing was assessed."""
        return self.backed / self.assessed if self.assessed else None

    @property
    def warning(self) -> Reason | None:
        """Why the score says little, if it does."""
        if self.coverage is None or self.coverage >= ENOUGH:
            return None
        shares = {"coverage": Share(math.floor(100 * self.coverage) / 100), "limit": Share(ENOUGH)}
        return Reason("low-coverage", "only {coverage} is assessed; a score below {limit} says little", shares)

    def __str__(self) -> str:
        names = ("score", "coverage", "with evidence")
        shares = (self.value, self.coverage, self.evidence_share)
        told = [f"{name} {_percent(share)}" for name, share in zip(names, shares, strict=True)]
        told.append(f"oldest evidence {self.oldest or '-'}")
        return " · ".join([*told, *([str(self.warning)] if self.warning else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionScore:
    """The score of the requirements under one top clause; of those under none where `clause` is None."""

    standard: Standard
    clause: Clause | None
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The score of an assessment and of its parts.

    Attributes
    ----------
    on : date
        Day for which evidence is asked.
    whole : Score
    standards : mapping of str to Score
        By key of the standard.
    sections : tuple of SectionScore
    """

    on: date
    whole: Score
    standards: Mapping[str, Score]
    sections: tuple[SectionScore, ...]


def scores(assessment: Assessment, checklist: Checklist, related: Iterable[Record], *, on: date) -> Scores:
    """Return the scores of an assessment on a day.

    Parameters
    ----------
    assessment : Assessment
    checklist : Checklist
    related : iterable of Record
        What the assessment names, as ``store.related(assessment)`` gives it.
    on : date

    Examples
    --------
    >>> from accreditation.assessments.profile import Profile
    >>> from qms.record import Text
    >>> profile = Profile(name="Baseline", standards=("iso17020-2012",))
    >>> made = Assessment(unit="AL-TIR", title=Text.of("Baseline", "en"), profile=profile,
    ...     judgements={"iso17020-2012:4.1.1": Judgement(result="minor", documented=2, implemented=1)})
    >>> print(scores(made, Checklist.of(profile), (), on=date(2026, 3, 1)).whole)  # doctest: +ELLIPSIS
    score 50% · coverage 1% · with evidence 0% · oldest evidence - · only 0% is assessed; ...
    """
    known = {each.id: each for each in related}

    def of(items: Sequence[Item]) -> Score:
        return _score([(item.weight, assessment.judgement(item.key)) for item in items], known, on)

    return Scores(
        on=on,
        whole=of(checklist.items),
        standards={
            each.key: of([item for item in checklist.items if item.standard is each])
            for each in checklist.standards
        },
        sections=tuple(
            SectionScore(standard=standard, clause=clause, score=of(items))
            for standard, clause, items in checklist.sections()
        ),
    )


def speaks_on(record: Record | None, on: date) -> bool:
    """Return whether a record that a judgement cites counts as evidence on a day."""
    if isinstance(record, Evidence):
        return bool(counts_for(record, on))
    return record is not None and record.status in SPEAKING.get(record.kind, ())


def _score(judged: Sequence[tuple[int, Judgement]], known: Mapping[str, Record], on: date) -> Score:
    counting = [(weight, each) for weight, each in judged if each.counts]
    cited = [[known.get(link.target) for link in each.evidence] for _, each in counting]
    speaking = [[record for record in records if speaks_on(record, on)] for records in cited]
    days = [
        day
        for records in speaking
        for each in records
        if isinstance(each, Evidence) and (day := each.effective_to or each.effective_from)
    ]
    return Score(
        results=Counter(each.result for _, each in judged),
        value=_mean([(weight, WORTH[each.result]) for weight, each in counting]),
        documented=_mean([(weight, each.documented) for weight, each in counting]),
        implemented=_mean([(weight, each.implemented) for weight, each in counting]),
        backed=sum(1 for records in speaking if records),
        oldest=min((*days, on)) if days else None,
    )


def _mean(values: Iterable[tuple[int, float | None]]) -> float | None:
    known = [(weight, value) for weight, value in values if value is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if total else None


def _percent(share: float | None) -> str:
    return "-" if share is None else str(Share(share))
