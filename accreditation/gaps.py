"""Gaps: what stands between a unit and its accreditation, each with its level, its clause, why and what to do.

Every check is a function that yields issues (`accreditation.issue`); `issues` runs them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import TypeVar

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.judging import checklist_of
from accreditation.assessments.profile import Checklist, Item
from accreditation.assessments.scoring import speaks_on
from accreditation.issue import LEVELS, Issue, issue_of
from qms.actions.action import Action
from qms.audits.audit import Audit
from qms.documents.document import Document
from qms.documents.receipts import unread
from qms.evidence import Evidence, counts_for
from qms.findings.finding import ENDS, Finding
from qms.record import Record
from qms.store import Store
from qms.suspicion import suspect_links

CYCLE = timedelta(days=365)
"""Within which every internal audit and management review comes round (ISO/IEC 17020:2012, 8.5 and 8.6)."""
APART = 2
"""Levels of maturity between what is written and what is done that make paper without practice."""
R = TypeVar("R", bound=Record)


class Situation:
    """A unit on a day: its assessment, and the records that bear on it; each is read once.

    Parameters
    ----------
    store : Store
    assessment : Assessment
    on : date
    """

    def __init__(self, store: Store, assessment: Assessment, *, on: date) -> None:
        self.store = store
        self.assessment = assessment
        self.on = on
        self.checklist: Checklist = checklist_of(store, assessment)

    def of(self, kind: type[R]) -> list[R]:
        """Return the unit's records of a kind."""
        return self.store.find(kind, unit=self.assessment.unit)

    @cached_property
    def related(self) -> Mapping[str, Record]:
        """The records that the assessment names, by id."""
        return {each.id: each for each in self.store.related(self.assessment)}

    @cached_property
    def findings(self) -> Mapping[tuple[str, str], list[Finding]]:
        """The unit's open nonconformities by source and clause."""
        found: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        for each in self.of(Finding):
            if each.status not in ENDS and each.grade.is_nonconformity:
                for requirement in each.requirements:
                    found[requirement.source, requirement.clause].append(each)
        return found

    @cached_property
    def acted_on(self) -> frozenset[str]:
        """Ids of the findings that actions of the unit answer."""
        return frozenset(each.finding for each in self.of(Action) if each.finding)

    def judged(self) -> Iterator[tuple[Item, Judgement]]:
        """Yield every requirement with its judgement, in order."""
        for item in self.checklist.items:
            yield item, self.assessment.judgement(item.key)


def issues(situation: Situation) -> list[Issue]:
    """Return everything that stands in the way, blockers first, in the order of the checklist.

    Examples
    --------
    ::

        for issue in issues(Situation(store, assessment, on=date.today())):
            print(issue)
    """
    found = [issue for check in CHECKS for issue in check(situation)]
    place = {item.key: n for n, item in enumerate(situation.checklist.items)}
    return sorted(found, key=lambda each: (LEVELS.index(each.level), place.get(each.key, -1)))


Check = Callable[[Situation], Iterable[Issue]]


def _gates(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        if item.clause.gate and not judgement.is_assessed:
            yield issue_of("gate-not-assessed", item=item)
        elif item.clause.gate and judgement.is_gap:
            yield issue_of("gate-not-met", item=item, result=judgement.result)
        elif judgement.result == "major":
            yield issue_of("major-open", item=item)


def _without_evidence(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        cited = [situation.related.get(link.target) for link in judgement.evidence]
        if judgement.result == "conforms" and not any(speaks_on(each, situation.on) for each in cited):
            hints = "; ".join(item.clause.evidence) or item.clause.title
            yield issue_of("conforms-without-evidence", item=item, hints=hints)


def _evidence(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        for link in judgement.evidence:
            each = situation.related.get(link.target)
            if not isinstance(each, Evidence):
                continue
            standing = counts_for(each, situation.on)
            if "calibration" in each.labels and standing.state == "expired":
                yield issue_of("calibration-expired", item=item, ref=each.ref, title=each.title, day=each.expires)
            elif not standing:
                yield issue_of(
                    "evidence-not-counting", item=item, ref=each.ref, title=each.title, why=standing.reasons[0]
                )
            elif standing.state == "expiring":
                yield issue_of("evidence-expiring", item=item, ref=each.ref, title=each.title, day=each.expires)


def _changed(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        if judgement.seen and judgement.seen != item.clause.sha256:
            yield issue_of("words-changed", item=item)
        if judgement.stale:
            yield issue_of("stale", item=item)
    suspect = {each.link: each.target.ref for each in suspect_links(situation.store, situation.assessment)}
    for item, judgement in situation.judged():
        for link in judgement.evidence:
            if link in suspect:
                yield issue_of("evidence-changed", item=item, ref=suspect[link])


def _nonconformities(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        open_here = situation.findings.get((item.standard.source, item.clause.id), ())
        tied = [situation.related.get(each) for each in judgement.findings]
        answered = {each.id for each in (*open_here, *tied) if each is not None}
        if judgement.is_gap and not answered:
            yield issue_of("gap-without-finding", item=item)
        if judgement.is_gap and not judgement.actions and not answered & situation.acted_on:
            yield issue_of("gap-without-action", item=item)
        for finding in open_here:
            if judgement.result == "conforms":
                yield issue_of("conforms-with-finding", item=item, ref=finding.ref)
            if finding.status not in ("draft", "issued", "disputed") and not _has_cause(finding):
                yield issue_of("finding-without-cause", item=item, ref=finding.ref)


def _actions(situation: Situation) -> Iterator[Issue]:
    ends = [each for each in situation.checklist.standards if each.recognised_until]
    for item, judgement in situation.judged():
        for record in judgement.actions:
            action = situation.related.get(record)
            if not isinstance(action, Action):
                continue
            if action.overdue(situation.on):
                yield issue_of("action-overdue", item=item, ref=action.ref, day=action.due)
            for standard in ends:
                until = standard.recognised_until
                if action.due and until and action.due > until and not action.is_settled:
                    values = {"day": action.due, "source": standard.source, "until": until}
                    yield issue_of("action-after-transition", item=item, ref=action.ref, **values)


def _practice(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        written, done = judgement.documented, judgement.implemented
        if judgement.counts and written is not None and done is not None and written - done >= APART:
            yield issue_of("paper-without-practice", item=item, documented=written, implemented=done)


def _unread(situation: Situation) -> Iterator[Issue]:
    for document in situation.of(Document):
        missing = unread(situation.store, document) if document.status == "current" else ()
        if missing:
            names = ", ".join(each.name for each in missing)
            yield issue_of(
                "document-unread",
                ref=document.ref,
                names=names,
                unread=len(missing),
                readers=len(document.distribution),
            )


def _cycle(situation: Situation) -> Iterator[Issue]:
    since = situation.on - CYCLE
    reported = [each.reported_on for each in situation.of(Audit) if each.reported_on]
    for standard in situation.checklist.standards:
        for heading in standard.requirements:
            below = (
                [f"{standard.key}:{leaf.id}" for leaf in standard.leaves(heading.id)]
                if heading.comes_round
                else []
            )
            items = [situation.checklist.by_key[key] for key in below if key in situation.checklist.by_key]
            if not items:
                continue
            if heading.comes_round == "audit" and not any(since <= day <= situation.on for day in reported):
                yield issue_of("audit-missing", item=items[0])
            if heading.comes_round == "management review" and not _reviewed(situation, items, since):
                yield issue_of("review-missing", item=items[0])


def _reviewed(situation: Situation, items: Iterable[Item], since: date) -> bool:
    links = [link for item in items for link in situation.assessment.judgement(item.key).evidence]
    cited = [situation.related.get(link.target) for link in links]
    return any(isinstance(each, Evidence) and counts_for(each, situation.on, since=since) for each in cited)


def _profile(situation: Situation) -> Iterator[Issue]:
    for reason in situation.checklist.warnings(on=situation.on):
        yield issue_of("warning-of-edition", what=reason)
    typed = any(each.independence_types for each in situation.checklist.standards)
    if typed and not situation.checklist.profile.independence:
        yield issue_of("independence-not-claimed")
    left = sum(1 for _, judgement in situation.judged() if not judgement.is_assessed)
    if left:
        yield issue_of("not-assessed", n=left, all=len(situation.checklist.items))


CHECKS: tuple[Check, ...] = (
    _profile,
    _gates,
    _cycle,
    _evidence,
    _without_evidence,
    _changed,
    _nonconformities,
    _actions,
    _practice,
    _unread,
)


def _has_cause(finding: Finding) -> bool:
    return finding.analysis is not None and bool(finding.analysis.root_causes)
