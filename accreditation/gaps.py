"""Gaps: what stands between a unit and its accreditation, each with its level, its clause, why and what to do.

Every check is a function that yields issues (`accreditation.issue`); `issues` runs them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.judging import checklist_of
from accreditation.assessments.profile import Checklist, Item
from accreditation.assessments.scoring import speaks_on
from accreditation.issue import LEVELS, Issue, Sources, issue_of
from accreditation.language import SOURCE, words
from accreditation.standards import Standard
from accreditation.wording import results, states
from qms.actions.action import Action
from qms.audits.audit import Audit
from qms.documents.document import Document
from qms.documents.receipts import unread
from qms.documents.revision import Revision
from qms.errors import UnknownError
from qms.evidence.evidence import Evidence
from qms.evidence.standing import counts_for
from qms.findings.finding import ENDS, Finding
from qms.findings.grades import Grade
from qms.lifecycle import Reason
from qms.record import Record, mentioned, plain
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
    as_of : datetime, optional
        Read all as it was then; `assessment` has to be as it was then, too. As it is now if left out.
    """

    def __init__(self, store: Store, assessment: Assessment, *, on: date, as_of: datetime | None = None) -> None:
        self.store = store
        self.assessment = assessment
        self.on = on
        self.as_of = as_of
        self.checklist: Checklist = checklist_of(store, assessment)
        self._read: dict[type[Record], list[Any]] = {}

    def of(self, kind: type[R]) -> list[R]:
        """Return the unit's records of a kind."""
        if kind not in self._read:
            self._read[kind] = self.store.find(kind, unit=self.assessment.unit, as_of=self.as_of)
        return self._read[kind]

    @cached_property
    def related(self) -> Mapping[str, Record]:
        """The records that the assessment names, by id; a document only while something of it is in force."""
        found = self.store.related(self.assessment) if self.as_of is None else self._related_then(self.as_of)
        forced = {each.document for each in self.of(Revision) if each.status == "effective"}
        return {each.id: each for each in found if not isinstance(each, Document) or each.id in forced}

    def _related_then(self, moment: datetime) -> Iterator[Record]:
        """Yield what the assessment named at a time, as it was then; by now it may name something else."""
        for key in mentioned(plain(self.assessment)):
            kind = self.store.kinds.get(self.store.history(key)[0].kind)
            then = as_it_was(self.store, kind.model, key, moment) if kind else None
            if then is not None:
                yield then

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
    def majors(self) -> Sequence[Finding]:
        """The unit's major nonconformities that were issued and are open."""
        found = [each for each in self.of(Finding) if each.grade is Grade.MAJOR]
        return [each for each in found if each.status not in ("draft", *ENDS)]

    @cached_property
    def actions(self) -> Sequence[Action]:
        """The unit's actions that were not cancelled."""
        return [each for each in self.of(Action) if each.status != "cancelled"]

    def findings_at(self, item: Item, judgement: Judgement) -> dict[str, Finding]:
        """Return by id the open nonconformities at a requirement and the findings that its judgement names."""
        tied = [self.related.get(each) for each in judgement.findings]
        here = [*self.findings.get((item.standard.source, item.clause.id), ()), *tied]
        return {each.id: each for each in here if isinstance(each, Finding)}

    def actions_at(self, item: Item, judgement: Judgement) -> list[Action]:
        """Return the actions for a requirement: those that its judgement names, and those of its findings."""
        findings = self.findings_at(item, judgement)
        return [each for each in self.actions if each.id in judgement.actions or each.finding in findings]

    def judged(self) -> Iterator[tuple[Item, Judgement]]:
        """Yield every requirement with its judgement, in order."""
        for item in self.checklist.items:
            yield item, self.assessment.judgement(item.key)


def as_it_was(store: Store, model: type[R], key: str, moment: datetime) -> R | None:
    """Return a record as it was at a time, or None if there was none yet."""
    try:
        return store.as_of(model, key, moment)
    except UnknownError:
        return None


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
    if not any(judgement.counts for _, judgement in situation.judged()):
        yield issue_of("nothing-judged")
    for item, judgement in situation.judged():
        if item.clause.gate and not judgement.is_assessed:
            yield issue_of("gate-not-assessed", item=item)
        elif item.clause.gate and judgement.result == "not_applicable":
            yield issue_of("gate-not-applicable", item=item)
        elif item.clause.gate and judgement.is_gap:
            yield issue_of("gate-not-met", item=item, result=Sources((results(words(SOURCE))[judgement.result],)))
        elif judgement.result == "major":
            yield issue_of("major-open", item=item)
    for standard in situation.checklist.standards:
        gates = [leaf.id for leaf in standard.leaves() if leaf.gate]
        left = [each for each in gates if f"{standard.key}:{each}" not in situation.checklist.by_key]
        if left:
            yield issue_of("gate-excluded", clauses=", ".join(left), source=standard.source)


def _majors(situation: Situation) -> Iterator[Issue]:
    for finding in situation.majors:
        items = [item for item in situation.checklist.items if _concerns(finding, item)]
        if not any(situation.assessment.judgement(item.key).result == "major" for item in items):
            yield issue_of("major-finding-open", item=items[0] if items else None, ref=finding.ref)


def _concerns(finding: Finding, item: Item) -> bool:
    """Return whether a finding is raised against a requirement, or against a heading above it."""
    return any(
        each.source == item.standard.source and f"{item.clause.id}.".startswith(f"{each.clause}.")
        for each in finding.requirements
    )


def _without_evidence(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        cited = [situation.related.get(link.target) for link in judgement.evidence]
        if judgement.result == "conforms" and not any(speaks_on(each, situation.on) for each in cited):
            hints = Sources(item.clause.evidence or (item.clause.title,))
            yield issue_of("conforms-without-evidence", item=item, hints=hints)


def _evidence(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        for link in judgement.evidence:
            each = situation.related.get(link.target)
            if not isinstance(each, Evidence):
                continue
            if each.unit != situation.assessment.unit:
                yield issue_of(
                    "evidence-of-another-unit", item=item, ref=each.ref, title=each.title, unit=each.unit
                )
            standing = counts_for(each, situation.on)
            if "calibration" in each.labels and standing.state == "expired":
                yield issue_of("calibration-expired", item=item, ref=each.ref, title=each.title, day=each.expires)
            elif not standing:
                why = _in_words(standing.reasons[0])
                yield issue_of("evidence-not-counting", item=item, ref=each.ref, title=each.title, why=why)
            elif standing.state == "expiring":
                yield issue_of("evidence-expiring", item=item, ref=each.ref, title=each.title, day=each.expires)


def _in_words(reason: Reason) -> Reason:
    """Return a reason whose state is said as people say it."""
    state = states(words(SOURCE)).get(str(reason.values.get("state")))
    return replace(reason, values={**reason.values, "state": Sources((state,))}) if state else reason


def _changed(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        if judgement.seen and judgement.seen != item.clause.sha256:
            yield issue_of("words-changed", item=item)
        if judgement.stale:
            yield issue_of("stale", item=item)
    if situation.as_of is not None:
        return
    suspect = {each.link: each.target.ref for each in suspect_links(situation.store, situation.assessment)}
    for item, judgement in situation.judged():
        for link in judgement.evidence:
            if link in suspect:
                yield issue_of("evidence-changed", item=item, ref=suspect[link])


def _nonconformities(situation: Situation) -> Iterator[Issue]:
    for item, judgement in situation.judged():
        if judgement.is_gap and not situation.findings_at(item, judgement):
            yield issue_of("gap-without-finding", item=item)
        if judgement.is_gap and not situation.actions_at(item, judgement):
            yield issue_of("gap-without-action", item=item)
        for finding in situation.findings.get((item.standard.source, item.clause.id), ()):
            if judgement.result == "conforms":
                yield issue_of("conforms-with-finding", item=item, ref=finding.ref)
            if finding.status not in ("draft", "issued", "disputed") and not _has_cause(finding):
                yield issue_of("finding-without-cause", item=item, ref=finding.ref)


def _actions(situation: Situation) -> Iterator[Issue]:
    ends = [each for each in situation.checklist.standards if each.recognised_until]
    for item, judgement in situation.judged():
        for action in situation.actions_at(item, judgement):
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
    for document in situation.of(Document) if situation.as_of is None else ():
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
    for standard in situation.checklist.standards:
        for heading in standard.requirements:
            if not heading.comes_round:
                continue
            below = [f"{standard.key}:{leaf.id}" for leaf in standard.leaves(heading.id)]
            items = [situation.checklist.by_key[key] for key in below if key in situation.checklist.by_key]
            first = items[0] if items else None
            if heading.comes_round == "audit" and not _audited(situation, standard, since):
                yield issue_of("audit-missing", item=first)
            if heading.comes_round == "management review" and not _reviewed(situation, items, since):
                yield issue_of("review-missing", item=first)


def _audited(situation: Situation, standard: Standard, since: date) -> bool:
    """Return whether an audit was reported since a day that says no other criteria than this standard."""
    return any(
        speaks_on(each, situation.on)
        and each.reported_on is not None
        and since <= each.reported_on <= situation.on
        and (not each.criteria or any(one.source == standard.source for one in each.criteria))
        for each in situation.of(Audit)
    )


def _reviewed(situation: Situation, items: Iterable[Item], since: date) -> bool:
    """Return whether evidence that is cited speaks of something that took place since a day."""
    links = [link for item in items for link in situation.assessment.judgement(item.key).evidence]
    cited = [situation.related.get(link.target) for link in links]
    return any(
        isinstance(each, Evidence)
        and counts_for(each, situation.on)
        and each.effective_from is not None
        and since <= (each.effective_to or each.effective_from) <= situation.on
        for each in cited
    )


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
    _majors,
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
