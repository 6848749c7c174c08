from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qms.audits.audit import Audit
from qms.audits.checklist import AuditedArea, ChecklistLine
from qms.audits.programme import (
    PROGRAMME,
    EarlierAudit,
    PlanLine,
    Programme,
    ProgrammeArea,
    coverage,
    propose_plan,
)
from qms.findings.finding import Finding, Origin, Statement
from qms.findings.grades import Grade
from qms.lifecycle import Circumstances
from qms.organisation import Person
from qms.record import Requirement, Text

SOURCE = "ISO/IEC 17020:2012"
START, END = date(2026, 1, 1), date(2026, 12, 31)
TODAY = date(2026, 3, 15)


def area(key: str, importance: int = 1, clause: str = "", **fields: Any) -> ProgrammeArea:
    cited = (Requirement(source=SOURCE, clause=clause),) if clause else ()
    return ProgrammeArea(key=key, title=Text.of(key, "en"), importance=importance, requirements=cited, **fields)


def programme(*areas: ProgrammeArea, **fields: Any) -> Programme:
    told = {"unit": "AL-TIR", "title": Text.of("2026", "en"), "period_from": START, "period_to": END}
    return Programme(**{**told, "areas": areas, **fields})


def audit(*keys: str, ended: date | None = None, status: str = "closed", **fields: Any) -> Audit:
    areas = tuple(AuditedArea(key=key) for key in keys)
    return Audit(unit="AL-TIR", title=Text.of("Audit", "en"), areas=areas, ended=ended, status=status, **fields)


def finding(grade: str, clause: str = "", raised_on: date = date(2025, 11, 2), **fields: Any) -> Finding:
    cited = (Requirement(source=SOURCE, clause=clause),) if clause else ()
    return Finding(
        unit="AL-TIR",
        grade=Grade(grade),
        statement=Statement(gap=Text.of("Not sealed", "en")),
        requirements=cited,
        raised_on=raised_on,
        **fields,
    )


def only(areas: ProgrammeArea, *records: Audit | Finding, today: date = TODAY, **fields: Any) -> PlanLine:
    audits = [each for each in records if isinstance(each, Audit)]
    findings = [each for each in records if isinstance(each, Finding)]
    (line,) = propose_plan(programme(areas, **fields), audits, findings, today=today)
    return line


@pytest.mark.parametrize(("importance", "months"), [(1, 12), (2, 10), (3, 9), (4, 7), (5, 6)])
def test_the_interval_follows_from_importance(importance: int, months: int) -> None:
    assert only(area("7.1", importance)).interval_months == months


def test_findings_shorten_the_interval() -> None:
    assert only(area("a", 1, "7.1"), finding("major", "7.1.2")).interval_months == 6
    assert only(area("a", 1, "7.1"), finding("minor", "7.1")).interval_months == 9
    both = only(area("a", 1, "7.1"), finding("minor", "7.1"), finding("major", "7.1"))
    assert both.interval_months == 6
    assert "1 major and 1 minor nonconformities since 2024-03-15: sooner" in [str(each) for each in both.reasons]
    for silent in (
        finding("observation", "7.1"),
        finding("major", "7.10"),
        finding("major", "7.1", status="withdrawn"),
        finding("major", "7.1", raised_on=date(2024, 3, 14)),
        finding("major"),
    ):
        assert only(area("a", 1, "7.1"), silent).interval_months == 12
    before_the_store = area("a", earlier=(EarlierAudit(on=date(2025, 12, 1), minor=2),))
    line = only(before_the_store)
    assert (line.interval_months, line.last, line.due) == (9, date(2025, 12, 1), (date(2026, 9, 1),))


def test_a_finding_of_an_audit_counts_for_the_area_of_its_line() -> None:
    cited = Requirement(source=SOURCE, clause="7.1")
    line = ChecklistLine(n=3, requirement=cited, question=Text.of("Sealed?", "en"), area="tirana")
    done = audit("tirana", "vlora", ended=date(2025, 12, 1), lines=(line,))
    found = finding("major", "7.1", origin=Origin(kind="audit", record=done.id, line="3"))
    plan = propose_plan(programme(area("tirana", 1, "7.1"), area("vlora", 1, "7.1")), [done], [found], today=TODAY)
    assert [(each.area.key, each.interval_months) for each in plan] == [("tirana", 6), ("vlora", 12)]


def test_days_count_from_the_last_audit() -> None:
    done = audit("a", ended=date(2025, 11, 30))
    line = only(area("a", 5), done, audit("a", ended=date(2025, 5, 1)), audit("b", ended=date(2026, 3, 1)))
    assert (line.last, line.due, line.overdue_since) == (
        date(2025, 11, 30),
        (date(2026, 5, 30), date(2026, 11, 30)),
        None,
    )
    assert only(area("a"), audit("a", ended=date(2026, 2, 1), status="cancelled")).last is None
    fresh = only(area("a", 5))
    assert (fresh.last, fresh.due) == (None, (date(2026, 7, 1),))
    assert [each.code for each in fresh.reasons] == ["importance", "never-audited"]
    late = only(area("a", 1), audit("a", ended=date(2026, 3, 1)))
    assert late.due == ()
    assert "next due on 2027-03-01, after the period" in [str(each) for each in late.reasons]


def test_what_is_overdue_is_due_at_once_and_comes_first() -> None:
    old, fresh = audit("old", ended=date(2024, 12, 1)), audit("fresh", ended=date(2026, 3, 1))
    plan = propose_plan(programme(area("fresh", 5), area("old", 1)), [old, fresh], [], today=TODAY)
    assert [each.area.key for each in plan] == ["old", "fresh"]
    assert (plan[0].overdue_since, plan[0].due) == (date(2025, 12, 1), (TODAY,))
    on_the_day = only(area("a"), audit("a", ended=date(2025, 3, 15)))
    assert (on_the_day.overdue_since, on_the_day.due) == (None, (TODAY,))
    assert "overdue since 2025-12-01" in [str(each) for each in plan[0].reasons]


def test_what_is_planned_already_is_named() -> None:
    ahead = audit("a", status="planned", ref="AUD-2026-004", planned_from=date(2026, 5, 4))
    line = only(area("a", 5), ahead)
    assert line.planned == ("AUD-2026-004",)
    assert str(line.reasons[-1]) == "AUD-2026-004 covers it, planned for 2026-05-04"


DAYS = st.dates(date(2023, 1, 1), date(2026, 6, 1))
HISTORIES = st.lists(
    st.tuples(st.sampled_from("abc"), DAYS, st.sampled_from([None, "minor", "major"])), max_size=8
)


@given(HISTORIES, st.lists(st.integers(1, 5), min_size=3, max_size=3), DAYS, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_plan_is_the_same_whatever_the_order(
    history: list[tuple[str, date, str | None]], importance: list[int], today: date, mix: Any
) -> None:
    plan = programme(
        *(area(key, each, f"7.{n}") for n, (key, each) in enumerate(zip("abc", importance, strict=True)))
    )
    audits = [audit(key, ended=day) for key, day, _ in history]
    clauses = dict(zip("abc", ("7.0", "7.1", "7.2"), strict=True))
    findings = [finding(grade, clauses[key], day) for key, day, grade in history if grade]
    proposed = propose_plan(plan, audits, findings, today=today)
    assert sorted(line.area.key for line in proposed) == ["a", "b", "c"]
    for line in proposed:
        assert line.reasons
        assert all(max(today, START) <= day <= END for day in line.due)
        assert list(line.due) == sorted(set(line.due))
        assert 1 <= line.interval_months <= 12
    mix.shuffle(audits)
    mix.shuffle(findings)
    assert propose_plan(plan, audits, findings, today=today) == proposed


@given(st.integers(1, 4), st.integers(1, 36), st.sampled_from([None, "minor"]), st.dates(date(2024, 6, 1), TODAY))
@settings(max_examples=60)
def test_more_important_or_graver_is_never_later(
    importance: int, cycle: int, grade: str | None, last: date
) -> None:
    def line(importance: int, grade: str | None) -> PlanLine:
        found = [finding(grade, "7.1", TODAY)] if grade else []
        return only(area("a", importance, "7.1"), audit("a", ended=last), *found, cycle_months=cycle)

    def first(line: PlanLine) -> tuple[date, date]:
        return line.overdue_since or date.max, line.due[0] if line.due else date.max

    usual = line(importance, grade)
    for sooner in (line(importance + 1, grade), line(importance, "minor" if grade is None else "major")):
        assert sooner.interval_months <= usual.interval_months
        assert first(sooner) <= first(usual)


def test_coverage_is_of_the_cycle_that_the_day_falls_into() -> None:
    two_years = programme(area("a"), area("b"), area("c"), period_to=date(2027, 12, 31))
    audits = [
        audit("a", ended=date(2026, 2, 1)),
        audit("a", "b", ended=date(2027, 4, 1)),
        audit("c", status="prepared", ref="AUD-2027-002", planned_from=date(2027, 9, 1)),
        audit("b", status="cancelled", ref="AUD-2026-009", planned_from=date(2026, 9, 1)),
    ]
    first = coverage(two_years, audits, today=date(2026, 12, 31))
    assert (first.begins, first.ends) == (START, END)
    assert (first.audited, first.planned, first.missing) == ({"a": date(2026, 2, 1)}, {}, ("b", "c"))
    assert first.share == pytest.approx(1 / 3)
    second = coverage(two_years, audits, today=date(2027, 1, 1))
    assert (second.begins, second.ends) == (date(2027, 1, 1), date(2027, 12, 31))
    assert second.audited == {"a": date(2027, 4, 1), "b": date(2027, 4, 1)}
    assert (second.planned, second.missing) == ({"c": ("AUD-2027-002",)}, ())
    assert coverage(programme(), [], today=TODAY).share == 1
    from_mid_month = programme(area("a"), period_from=date(2026, 1, 15), period_to=date(2028, 1, 14))
    assert coverage(from_mid_month, [], today=date(2027, 1, 14)).begins == date(2026, 1, 15)
    assert coverage(from_mid_month, [], today=date(2027, 1, 15)).begins == date(2027, 1, 15)
    assert coverage(two_years, audits, today=date(2025, 6, 1)).begins == START


def test_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValidationError, match="before it begins"):
        programme(period_to=date(2025, 12, 31))
    with pytest.raises(ValidationError, match="area a: more than once"):
        programme(area("a"), area("a"))
    assert programme().series(2026) == "PROG-2026-"
    (due,) = programme().deadlines()
    assert (due.what, due.on) == ("next audit programme", END)


def test_a_closed_programme_is_due_no_more() -> None:
    now = Circumstances(actor=Person(unit="AL-TIR", name="Arta Hoxha").id, at=datetime(2027, 1, 4, tzinfo=UTC))
    current = programme(status=PROGRAMME.initial)
    assert [each.on for each in current.deadlines()] == [END]
    closed = PROGRAMME.step(current, "close", now)
    assert isinstance(closed, Programme)
    assert closed.deadlines() == ()
    assert PROGRAMME.rows_from(closed.status) == ()
