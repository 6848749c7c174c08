"""What the tests of closing share: findings and actions in memory, and what a closed finding has to have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from qms.actions.action import Action
from qms.actions.cycle import ACTION
from qms.errors import RefusedError
from qms.findings.cycle import FINDING
from qms.findings.finding import Criterion, Extent, Finding, RootCauseAnalysis, Statement, Why
from qms.findings.grades import Grade
from qms.lifecycle import Circumstances, Reason, Refused
from qms.record import Record, Requirement, Text

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = [f"01J0000000000000000000000{n}" for n in "0123456789AB"]


class Memory:
    """What `Change` does, without a store: the same rules, a thousand times faster."""

    def __init__(self, clock: list[datetime]) -> None:
        self.records: dict[str, Any] = {}
        self.clock = clock
        self.by, self.at, self.why = PEOPLE[0], clock[0], ""

    @contextmanager
    def change(self, *, by: str, why: str) -> Iterator[Memory]:
        self.by, self.at, self.why = by, self.clock[0], why
        yield self

    def add(self, record: Any) -> Any:
        cycle = CYCLE[type(record)]
        fresh = record.revised(status=cycle.initial, ref=record.ref or f"R-{len(self.records)}", version=1)
        return self._keep(fresh, cycle.unmet(fresh, self._circumstances(fresh)))

    def advance(self, record: Any, act: str, **recorded: Any) -> Any:
        after = record.revised(**recorded)
        outcome = CYCLE[type(record)].step(after, act, self._circumstances(after))
        if isinstance(outcome, Refused):
            raise RefusedError(act, outcome.reasons)
        return self._keep(outcome, ())

    def save(self, record: Any) -> Any:
        circumstances = self._circumstances(record)
        return self._keep(record, CYCLE[type(record)].against_edit(circumstances.before, record, circumstances))

    def _keep(self, record: Any, reasons: tuple[Reason, ...]) -> Any:
        if reasons:
            raise RefusedError("kept", reasons)
        self.records[record.id] = record
        return record

    def _circumstances(self, record: Any) -> Circumstances:
        if isinstance(record, Action):
            named = {record.finding, *record.depends_on}
            related = [each for each in self.records.values() if each.id in named or _names(each, record.id)]
        else:
            related = [each for each in self.records.values() if _names(each, record.id)]
        return Circumstances(
            actor=self.by, at=self.at, why=self.why, related=tuple(related), before=self.records.get(record.id)
        )


def _names(each: Record, other: str) -> bool:
    return isinstance(each, Action) and (each.finding == other or other in each.depends_on)


CYCLE = {Finding: FINDING, Action: ACTION}


def text(words: str) -> Text:
    return Text.of(words, "en")


CAUSE = RootCauseAnalysis(
    method="5 whys", whys=(Why(why=text("Why?"), answer=text("No seals")),), root_causes=(text("No order"),)
)
CRITERION = Criterion(measure=text("no open bag"), after_days=10)
STATED = Statement(gap=text("Bags are not sealed"), evidence=text("three bags"))
CLAUSE = Requirement(source="ISO/IEC 17020:2012", clause="7.2.1")
EXTENT = Extent(looked=text("both vans"), found=text("nothing"))


def _hands_on(record: Any) -> set[str | None]:
    return {record.owner, *record.previous_owners, *([record.finished.by] if record.finished else [])}


def wrongly_closed(finding: Finding, actions: list[Action]) -> str:
    """What a closed nonconformity lacks, said without the guards; empty if it lacks nothing."""
    if finding.status != "closed" or not finding.grade.is_nonconformity:
        return ""
    owners = {finding.owner, *finding.previous_owners} - {None}
    workers = {who for each in actions for who in _hands_on(each)} - {None}
    ended = [review.at for past in finding.earlier for review in past.reviews]
    done = [each for each in actions if each.status in ("verified", "effective")]
    last, effect = finding.verifications[-1:], finding.reviews[-1:]
    checks = {
        "requirement": bool(finding.requirements),
        "evidence": finding.statement.evidence is not None or bool(finding.evidence),
        "cause": finding.analysis is not None and bool(finding.analysis.root_causes),
        "criterion": finding.criterion is not None,
        "agreed": finding.agreed is not None and finding.agreed.by not in owners,
        "settled": all(each.status in ("verified", "effective", "cancelled") for each in actions),
        "corrective": any(
            each.purpose == "corrective"
            and (not ended or each.verifications[-1].at > max(ended))
            and (finding.issued is None or each.verifications[-1].at >= finding.issued.at)
            for each in done
        ),
        "own action": all(
            each.verifications and each.verifications[-1].by not in _hands_on(each) for each in done
        ),
        "verified": bool(last) and last[0].result == "passed" and last[0].by not in _hands_on(finding) | workers,
        "effective": bool(effect) and effect[0].by not in owners | workers,
        "never refuted": all(each.result == "effective" for each in finding.reviews),
        "verified last": bool(last) and all(each.verifications[-1].at <= last[0].at for each in done),
        "closer": finding.closure is not None and finding.closure.by not in owners,
        "never lowered": not any(
            each.old.is_nonconformity and not each.new.is_nonconformity for each in finding.regrades
        ),
    }
    if finding.criterion and last and effect:
        wait = timedelta(days=finding.criterion.after_days or 0)
        checks["waited"] = effect[0].at.date() >= last[0].at.date() + wait
    if finding.grade is Grade.MAJOR:
        checks["extent"] = finding.extent is not None
        checks["correction"] = any(each.purpose == "correction" for each in done)
    return ", ".join(name for name, holds in checks.items() if not holds)
