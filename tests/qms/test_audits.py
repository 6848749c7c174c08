from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from qms.actions.action import Action
from qms.audits.audit import AUDIT, Audit
from qms.audits.auditing import raise_finding, replan
from qms.audits.checklist import AuditedArea, AuditSample, ChecklistLine, PlannedDates
from qms.audits.independence import Declaration, IndependenceException, WorkedIn, conflicts, without_exception
from qms.audits.report_data import AuditReport, report_data
from qms.audits.sampling import draw
from qms.errors import RefusedError, UnknownError
from qms.findings.finding import Finding, Origin, Statement
from qms.findings.grades import Grade
from qms.lifecycle import Circumstances, Refused
from qms.organisation import Person
from qms.record import Requirement, Text, plain
from qms.store import Store

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
TODAY = NOW.date()
ARTA, BESA, CLIRIM = (
    Person(unit="AL-TIR", ref=ref, name=name)
    for ref, name in {"a.h": "Arta Hoxha", "b.k": "Besa Krasniqi", "c.m": "Çlirim Marku"}.items()
)
SEALS = Requirement(source="ISO/IEC 17020:2012", clause="7.2.1")
TRAINING = Requirement(source="ISO/IEC 17020:2012", clause="6.1")
SQLITE = pytest.mark.parametrize("database", ["sqlite"])


def en(words: str) -> Text:
    return Text.of(words, "en")


def line(n: int, **fields: Any) -> ChecklistLine:
    return ChecklistLine(**{"n": n, "requirement": SEALS, "question": en("Is every exhibit sealed?"), **fields})


def audit(auditor: Person = ARTA, auditee: Person = CLIRIM, **fields: Any) -> Audit:
    told = {
        "unit": "AL-TIR",
        "title": en("Exhibits"),
        "criteria": (SEALS,),
        "scope": en("Exhibits of 2025, Tirana"),
        "lead": auditor.id,
        "team": (auditor.id,),
        "areas": (AuditedArea(key="7.2@TIR", title=en("Exhibits in Tirana"), auditees=(auditee.id,)),),
        "declarations": (Declaration(person=auditor.id, on=date(2026, 5, 1)),),
        "planned_from": date(2026, 6, 10),
        "planned_to": date(2026, 6, 12),
        "lines": (line(1, area="7.2@TIR"), line(2)),
    }
    return Audit(**{**told, **fields})


def running(**fields: Any) -> Audit:
    return audit(**{"version": 3, "status": "running", "began": date(2026, 6, 10), **fields})


def reporting(**fields: Any) -> Audit:
    answered = tuple(line(n, answer="conforms", evidence=en("25 of 25 sealed")) for n in (1, 2))
    done = {"status": "reporting", "ended": date(2026, 6, 12), "lines": answered, "conclusion": en("It works")}
    return running(**{**done, **fields})


def step(record: Audit, act: str, *related: Any, actor: Person = ARTA, **recorded: Any) -> Audit | Refused:
    now = Circumstances(
        actor=actor.id, at=NOW, why="asked for", related=(ARTA, BESA, CLIRIM, *related), before=record
    )
    return AUDIT.step(record.revised(**recorded), act, now)


def codes(result: Audit | Refused) -> set[str]:
    assert isinstance(result, Refused)
    return {reason.code for reason in result.reasons}


def test_every_state_is_reached_and_left() -> None:
    reached = {AUDIT.initial} | {row.target for row in AUDIT.transitions}
    assert set(AUDIT.states) == reached
    assert {state for state in reached if not AUDIT.rows_from(state)} == set(AUDIT.final)


def test_every_conflict_is_named() -> None:
    action = Action(unit="AL-TIR", ref="ACT-1", purpose="correction", title=en("Seal"), owner=ARTA.id)
    handed = Action(
        unit="AL-TIR",
        ref="ACT-2",
        purpose="correction",
        title=en("Label"),
        owner=CLIRIM.id,
        previous_owners=(BESA.id,),
    )
    record = audit(
        team=(ARTA.id, BESA.id),
        areas=(
            AuditedArea(
                key="7.2", title=en("Exhibits"), auditees=(ARTA.id, CLIRIM.id), records=(action.id, handed.id)
            ),
            AuditedArea(key="6.1", auditees=(CLIRIM.id,)),
        ),
        lines=(),
        declarations=(
            Declaration(person=ARTA.id, on=TODAY, worked_in=(WorkedIn(area="6.1", until=date(2025, 6, 11)),)),
        ),
    )
    said = [str(reason) for reason in without_exception(record, (ARTA, BESA, CLIRIM, action, handed))]
    assert said == [
        "Besa Krasniqi did not declare whether they worked in what is audited",
        "Arta Hoxha audits Exhibits and is responsible for it",
        "Arta Hoxha audits Exhibits and owns or owned action ACT-1, which is looked at there",
        "Arta Hoxha audits 6.1 and worked there until 2025-06-11, less than 12 months before",
        "Besa Krasniqi audits Exhibits and owns or owned action ACT-2, which is looked at there",
    ]


@pytest.mark.parametrize(
    ("until", "apart", "independent"),
    [
        (date(2025, 6, 10), 12, True),
        (date(2025, 6, 11), 12, False),
        (date(2025, 6, 11), 11, True),
        (date(2026, 6, 10), 0, True),
    ],
)
def test_work_in_an_area_counts_for_the_stated_time(until: date, apart: int, *, independent: bool) -> None:
    said = Declaration(person=ARTA.id, on=TODAY, worked_in=(WorkedIn(area="7.2@TIR", until=until),))
    record = audit(status="prepared", version=2, declarations=(said,), apart_months=apart)
    assert bool(step(record, "start", began=date(2026, 6, 10))) is independent


def test_an_exception_is_allowed_from_outside_the_team_by_oneself() -> None:
    record = audit(auditee=ARTA, status="prepared", version=2)
    assert codes(step(record, "start", began=TODAY)) == {"responsible"}

    def allow(person: Person, by: Person, actor: Person, area: str = "7.2@TIR") -> Audit | Refused:
        allowed = IndependenceException(
            person=person.id,
            area=area,
            reason=en("Nobody else knows the method"),
            safeguard=en("Besa reads every answer"),
            allowed_by=by.id,
            on=TODAY,
        )
        return step(record, "allow_exception", actor=actor, exceptions=(allowed,))

    assert codes(allow(ARTA, BESA, CLIRIM)) == {"allowed-by-another"}
    assert codes(allow(ARTA, ARTA, ARTA)) == {"allowed-by-team"}
    assert codes(allow(CLIRIM, BESA, BESA)) == {"exception-of-nothing"}
    assert codes(allow(ARTA, BESA, BESA, area="6.1")) == {"exception-of-nothing"}
    assert codes(step(record, "allow_exception", actor=BESA)) == {"no-new-exception"}
    allowed = allow(ARTA, BESA, BESA)
    assert isinstance(allowed, Audit)
    assert allowed.status == "prepared"
    assert codes(step(allowed, "allow_exception", actor=BESA, exceptions=())) == {"no-new-exception"}
    assert step(allowed, "start", began=TODAY)
    assert len(conflicts(allowed, (ARTA,))) == 1


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"criteria": ()}, "not-prepared"),
        ({"scope": None}, "not-prepared"),
        ({"areas": (), "lines": (line(1),)}, "not-prepared"),
        ({"lines": ()}, "not-prepared"),
        ({"planned_from": None, "planned_to": None}, "not-prepared"),
        ({"lead": BESA.id}, "lead-outside-team"),
    ],
)
def test_what_is_not_prepared_is_told(lacking: dict[str, Any], code: str) -> None:
    record = audit(status="planned", version=1)
    assert step(record, "prepare")
    assert code in codes(step(record.revised(**lacking), "prepare"))


def test_days_are_in_order_and_not_to_come() -> None:
    prepared = audit(status="prepared", version=2)
    assert codes(step(prepared, "start")) == {"without-day"}
    assert codes(step(prepared, "start", began=date(2026, 6, 17))) == {"future-day"}
    assert codes(step(running(), "finish", ended=date(2026, 6, 9))) == {"out-of-order"}
    assert codes(step(reporting(), "report", reported_on=date(2026, 6, 11))) == {"out-of-order"}
    assert step(reporting(), "report", reported_on=date(2026, 6, 12))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"answer": "not_looked_at"}, "unanswered"),
        ({"answer": "not_applicable"}, "unjustified"),
        ({"answer": "conforms"}, "without-evidence"),
        ({"answer": "nonconforms", "evidence": en("3 of 25 not sealed")}, "untied"),
    ],
)
def test_a_line_that_is_not_answered_holds_the_report_back(fields: dict[str, Any], code: str) -> None:
    held = reporting().with_line(line(2, **fields))
    assert codes(step(held, "report", reported_on=TODAY)) == {code}
    assert codes(step(held.revised(status="reported", reported_on=TODAY), "close")) == {code}
    skipped = reporting().with_line(line(2, answer="not_looked_at", note="The room was locked"))
    assert step(skipped, "report", reported_on=TODAY)


@pytest.mark.parametrize(
    ("status", "grade", "reported"),
    [
        ("issued", "major", True),
        ("issued", "observation", False),
        ("withdrawn", "minor", False),
    ],
)
def test_a_nonconforming_line_needs_a_nonconformity_that_stands(
    status: str, grade: str, *, reported: bool
) -> None:
    record = reporting()
    finding = Finding.model_validate(
        {"unit": "AL-TIR", "grade": grade, "status": status, "statement": {"gap": {"en": "Not sealed"}}}
        | {"origin": {"kind": "audit", "record": record.id, "line": "2"}}
    )
    tied = line(2, answer="nonconforms", evidence=en("3 of 25 not sealed"), findings=(finding.id,))
    result = step(record.with_line(tied), "report", finding, reported_on=TODAY)
    assert bool(result) is reported
    assert reported or codes(result) == {"no-nonconformity"}
    if status == "issued":
        assert codes(step(record, "report", finding, reported_on=TODAY)) == {"stray-finding"}


def test_former_days_are_not_lost() -> None:
    record = audit(status="postponed", version=2)
    moved = {"planned_from": date(2026, 7, 1), "planned_to": date(2026, 7, 2)}
    assert codes(step(record, "replan", **moved)) == {"dates-lost"}
    old = PlannedDates(planned_from=date(2026, 6, 10), planned_to=date(2026, 6, 12))
    assert step(record, "replan", **moved, former_dates=(old,))
    nowhere = {"planned_from": None, "planned_to": None, "former_dates": (old,)}
    assert codes(step(record, "replan", **nowhere)) == {"without-dates"}


def test_what_contradicts_itself_is_refused() -> None:
    for fields, said in (
        ({"lines": (line(1), line(1))}, "line 1: more than once"),
        ({"lines": (line(1, area="6.1"),)}, "no area '6.1'"),
        ({"lines": (line(1, sample="S1"),)}, "no sample 'S1'"),
        ({"team": (ARTA.id, ARTA.id)}, "more than once"),
        ({"planned_to": date(2026, 6, 9)}, "before planned_from"),
    ):
        with pytest.raises(ValidationError, match=said):
            audit(**fields)
    with pytest.raises(UnknownError, match="no line 7; it has 1, 2"):
        audit().line(7)


def test_deadlines_follow_the_state() -> None:
    told = {
        each.status: [(due.what, due.on, due.owner) for due in each.deadlines()]
        for each in (audit(status="planned"), running(), reporting(), audit(status="postponed"))
    }
    assert told == {
        "planned": [("audit", date(2026, 6, 10), ARTA.id)],
        "running": [("end of audit", date(2026, 6, 12), ARTA.id)],
        "reporting": [("audit report", date(2026, 7, 12), ARTA.id)],
        "postponed": [("new dates", date(2026, 6, 10), ARTA.id)],
    }
    assert reporting(report_due=date(2026, 6, 20)).deadlines()[0].on == date(2026, 6, 20)


def test_an_audit_from_plan_to_close(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: NOW)
    arta, clirim = store.get(Person, "a.hoxha"), store.get(Person, "c.marku")
    sample = draw([f"25-{n:03d}" for n in range(1, 101)], 25, seed="AUD-2026-001", must_include=["25-007"])
    with store.change(by=arta.id) as change:
        record = change.add(audit(arta, clirim, samples=(AuditSample(name="S1", of=en("Cases"), sample=sample),)))
        assert record.ref == "AUD-2026-001"
    with store.change(by=arta.id, why="Çlirim is in court") as change:
        record = change.advance(record, "postpone")
        record = replan(change, record, planned_from=date(2026, 6, 13), planned_to=date(2026, 6, 14))
    assert record.former_dates == (PlannedDates(planned_from=date(2026, 6, 10), planned_to=date(2026, 6, 12)),)
    with pytest.raises(RefusedError, match="already"), store.change(by=arta.id, why="again") as change:
        replan(change, record, planned_from=date(2026, 6, 13), planned_to=date(2026, 6, 14))
    with pytest.raises(RefusedError, match="recorded by a step"), store.change(by=arta.id) as change:
        change.save(record.revised(planned_from=date(2026, 6, 1)))
    with pytest.raises(RefusedError, match="no finding can be raised"), store.change(by=arta.id) as change:
        raise_finding(change, record, 1, grade="minor", gap=en("Not sealed"), evidence=en("3 of 25"))
    with store.change(by=arta.id) as change:
        record = change.advance(record, "prepare")
        record = change.advance(record, "start", began=date(2026, 6, 13))
    with pytest.raises(RefusedError, match="no audit evidence"), store.change(by=arta.id) as change:
        raise_finding(change, record, 1, grade="minor", gap=en("Not sealed"))
    with store.change(by=arta.id) as change:
        record = change.save(record.with_line(line(1, area="7.2@TIR", sample="S1", evidence=en("3 of 25 open"))))
        record, finding = raise_finding(change, record, 1, grade="minor", gap=en("Not sealed"), owner=clirim.id)
        record, praise = raise_finding(
            change, record, 2, grade=Grade.GOOD_PRACTICE, gap=en("Photographed"), evidence=en("All of them")
        )
    assert (record.line(1).answer, record.line(2).answer) == ("nonconforms", "conforms")
    with store.change(by=arta.id) as change:
        record, minded = raise_finding(change, record, 1, grade="observation", gap=en("Old labels"))
    assert record.line(1).answer == "nonconforms"
    assert record.line(1).findings == (finding.id, minded.id)
    assert record.line(2).evidence == en("All of them")
    assert (finding.ref, finding.origin.record, finding.origin.line) == ("NC-2026-001", record.id, "1")
    assert (finding.requirements, finding.statement.evidence) == ((SEALS,), en("3 of 25 open"))
    assert finding.raised_by == arta.id
    assert store.get(Finding, finding.id).version == 1
    draft = report_data(store, record)
    assert not draft.final
    assert "draft" in {each.code for each in draft.limits}
    with store.change(by=arta.id) as change:
        record = change.advance(record, "finish", ended=date(2026, 6, 14))
        record = change.advance(record, "report", reported_on=TODAY, conclusion=en("It works but for the seals"))
    with pytest.raises(RefusedError, match="amend the report"), store.change(by=arta.id) as change:
        change.save(record.revised(conclusion=en("All is well")))
    with pytest.raises(RefusedError, match="close does not change"), store.change(by=arta.id) as change:
        change.advance(record, "close", conclusion=en("All is well"))
    with store.change(by=arta.id, why="a typing error") as change:
        record = change.advance(record, "amend")
        record = change.save(record.revised(conclusion=en("It works, but for the seals")))
        record = change.advance(record, "report", reported_on=TODAY)
    with pytest.raises(RefusedError, match="NC-2026-001 is a draft still"), store.change(by=arta.id) as change:
        change.advance(record, "close")
    with store.change(by=arta.id) as change:
        change.advance(finding, "issue")
        record = change.advance(record, "close")
    report = report_data(store, record)
    assert report.final
    assert report.lead is not None
    assert report.lead.name == en("Arta Hoxha")
    assert {grade: [each.ref for each in found] for grade, found in report.findings.items()} == {
        Grade.MINOR: ["NC-2026-001"],
        Grade.OBSERVATION: [minded.ref],
        Grade.GOOD_PRACTICE: [praise.ref],
    }
    assert report.answers == {"conforms": 1, "nonconforms": 1}
    assert [each.findings for each in report.lines] == [("NC-2026-001", minded.ref), (praise.ref,)]
    assert [each.code for each in report.independence] == ["independent"]
    assert "'AUD-2026-001'" in report.sampling[0].words
    assert {"samples", "chosen", "own-audit", "ledger"} == {each.code for each in report.limits}
    assert (report.ledger_seq, report.ledger_head) == store.head()
    assert AuditReport.model_validate(plain(report)) == report
    assert store.verify().problems == ()


@SQLITE
def test_an_exception_is_printed_in_the_report(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: NOW)
    arta, besa = store.get(Person, "a.hoxha"), store.get(Person, "b.krasniqi")
    allowed = IndependenceException(
        person=arta.id,
        area="7.2@TIR",
        reason=en("Five people work here"),
        safeguard=en("Besa reads every answer"),
        allowed_by=besa.id,
        on=TODAY,
    )
    with pytest.raises(RefusedError, match="exceptions is recorded by a step"), store.change(by=besa.id) as change:
        change.add(audit(arta, arta, exceptions=(allowed,)))
    with store.change(by=arta.id) as change:
        record = change.advance(change.add(audit(arta, arta)), "prepare")
    with (
        pytest.raises(RefusedError, match="Arta Hoxha audits Exhibits in Tirana and is responsible for it"),
        store.change(by=arta.id) as change,
    ):
        change.advance(record, "start", began=TODAY)
    with store.change(by=besa.id) as change:
        record = change.advance(record, "allow_exception", exceptions=(allowed,))
    with store.change(by=arta.id) as change:
        record = change.advance(record, "start", began=TODAY)
    with pytest.raises(RefusedError, match="Besa Krasniqi did not declare"), store.change(by=arta.id) as change:
        change.save(record.revised(team=(arta.id, besa.id)))
    stray = Finding(
        unit="AL-TIR",
        grade=Grade.MINOR,
        statement=Statement(gap=en("Not sealed")),
        origin=Origin(kind="audit", record=record.id),
    )
    with store.change(by=arta.id) as change:
        stray = change.add(stray)
    report = report_data(store, record)
    assert [each.ref for each in report.findings[Grade.MINOR]] == [stray.ref]
    (printed,) = report.exceptions
    assert (printed.person.ref, printed.allowed_by.ref) == ("a.hoxha", "b.krasniqi")
    assert printed.safeguard == en("Besa reads every answer")
    assert [each.code for each in printed.conflicts] == ["responsible"]
    assert [each.code for each in report.independence] == ["independent-but-for"]


@SQLITE
def test_what_independence_rests_on_is_not_edited_away(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: NOW)
    arta, besa = store.get(Person, "a.hoxha").id, store.get(Person, "b.krasniqi").id
    worked = WorkedIn(area="7.2@TIR", until=TODAY)
    told = (Declaration(person=arta, on=TODAY, worked_in=(worked,)),)
    sample = AuditSample(name="S1", of=en("Cases"), sample=draw(["a", "b", "c"], 2, seed="x"))
    first = audit(store.get(Person, arta), store.get(Person, arta), declarations=told, samples=(sample,))
    with store.change(by=besa) as change:
        record = change.advance(change.add(first), "prepare")
    narrow = (AuditedArea(key="7.2@TIR", title=en("Exhibits in Tirana")),)
    silent = (Declaration(person=arta, on=TODAY),)
    for by, field, value, said in (
        (arta, "areas", narrow, "auditees of 7.2@TIR only grow"),
        (arta, "apart_months", 0, "apart_months only grows"),
        (arta, "samples", (), "the sample S1 stays"),
        (arta, "declarations", silent, "declared stays"),
        (besa, "declarations", silent, "changes their own declaration"),
    ):
        with pytest.raises(RefusedError, match=said), store.change(by=by, why="so") as change:
            change.save(record.revised(**{field: value}))


@SQLITE
def test_who_joins_the_team_no_longer_allows_exceptions(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: NOW)
    arta, besa = store.get(Person, "a.hoxha"), store.get(Person, "b.krasniqi")
    who = {"person": arta.id, "area": "7.2@TIR", "allowed_by": besa.id}
    allowed = IndependenceException(**who, reason=en("Five people"), safeguard=en("Besa reads"), on=TODAY)
    both = tuple(Declaration(person=each.id, on=TODAY) for each in (arta, besa))
    with store.change(by=arta.id) as change:
        record = change.advance(change.add(audit(arta, arta, declarations=both)), "prepare")
    old = allowed.model_copy(update={"on": date(2019, 1, 1)})
    with pytest.raises(RefusedError, match="one allows it on the day"), store.change(by=besa.id) as change:
        change.advance(record, "allow_exception", exceptions=(old,))
    with store.change(by=besa.id) as change:
        record = change.advance(record, "allow_exception", exceptions=(allowed,))
        record = change.save(record.revised(team=(arta.id, besa.id)))
    with pytest.raises(RefusedError, match="is responsible for it"), store.change(by=arta.id) as change:
        change.advance(record, "start", began=TODAY)


def test_an_audit_is_no_record_of_its_own_areas() -> None:
    key = audit().id
    with pytest.raises(ValidationError, match="a record of its own areas"):
        audit(id=key, areas=(AuditedArea(key="7.2@TIR", records=(key,)),))


@SQLITE
def test_giving_an_audit_up_needs_a_reason(make_store: Callable[..., Store]) -> None:
    store = make_store(clock=lambda: NOW)
    arta, clirim = store.get(Person, "a.hoxha"), store.get(Person, "c.marku")
    with store.change(by=arta.id) as change:
        record = change.add(audit(arta, clirim))
    with pytest.raises(RefusedError, match="needs a reason"), store.change(by=arta.id) as change:
        change.advance(record, "cancel")
    with store.change(by=arta.id, why="the site was closed") as change:
        assert change.advance(record, "cancel").status == "cancelled"
    assert store.history(record.id)[-1].why == "the site was closed"


LINES = [
    line(1),
    line(1, answer="conforms"),
    line(1, answer="conforms", evidence=en("All sealed")),
    line(1, answer="nonconforms", evidence=en("3 of 25 open")),
    line(1, answer="not_looked_at", note="The room was locked"),
]
RECORDED: dict[str, tuple[str, list[date]]] = {
    "start": ("began", [date(2026, 6, 10), date(2026, 6, 13)]),
    "finish": ("ended", [date(2026, 6, 11), date(2026, 6, 14)]),
    "report": ("reported_on", [date(2026, 6, 12), TODAY, date(2026, 6, 20)]),
}


def edited(record: Audit, chance: Random) -> Audit:
    """The audit after an edit that may be refused."""
    auditor = chance.choice([ARTA, ARTA, CLIRIM])
    changes: dict[str, Any] = chance.choice(
        [
            {"lines": (chance.choice(LINES),)},
            {"lead": auditor.id, "team": (auditor.id,)},
            {"status": chance.choice(AUDIT.states)},
            {"ended": date(2026, 6, 1)},
        ]
    )
    now = Circumstances(actor=ARTA.id, at=NOW, related=(ARTA, BESA, CLIRIM), before=record)
    after = record.revised(**changes)
    return record if AUDIT.against_edit(record, after, now) else after


def stepped(record: Audit, chance: Random) -> Audit:
    """The audit after an act that may be refused."""
    often = {"prepare": 20, "start": 20, "finish": 20, "report": 40, "close": 1, "postpone": 3, "replan": 3}
    acts = [row.act for row in AUDIT.rows_from(record.status)]
    act = chance.choices([*acts, "close"], [*(often.get(each, 1) for each in acts), 1])[0]
    name, days = RECORDED.get(act, ("", []))
    return step(record, act, **({name: chance.choice(days)} if name else {})) or record


def test_no_order_of_acts_reports_what_is_not_answered() -> None:
    chance, seen = Random(17), Counter[str]()
    for _ in range(60):
        record = audit(status="planned", version=1, lines=(line(1),), conclusion=en("Done"))
        for _ in range(120):
            before, record = record, chance.choice([edited, stepped, stepped])(record, chance)
            if before.status in ("reported", "closed") and record.status in ("reported", "closed"):
                assert record.lines == before.lines
            if record.status in ("running", "reporting", "reported", "closed"):
                assert record.team == (ARTA.id,) == (record.lead,)
            if record.status in ("reported", "closed"):
                assert record.lines[0] in (LINES[2], LINES[4])
                assert record.began <= record.ended <= record.reported_on <= TODAY
            if before != record:
                assert before.status not in AUDIT.final
                seen[record.status] += 1
    assert set(seen) == set(AUDIT.states)
    assert min(seen["reported"], seen["closed"]) > 10
