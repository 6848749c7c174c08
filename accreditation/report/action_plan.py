"""The action plan: every action with the gaps that it closes, and every gap that nobody plans to close."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accreditation.assessments.assessment import Judgement
from accreditation.assessments.profile import Item
from accreditation.language import Words
from accreditation.report.blocks import Block, Cell, Column, Note, Paragraph, Section, Table
from accreditation.report.judgements import found_of, recommended
from accreditation.report.material import Material
from accreditation.report.terms import PRIORITIES, action_cell, priority_cell, priority_of
from qms.actions.action import Action
from qms.findings.finding import Finding
from qms.findings.grades import Grade

OF_GRADE = {Grade.MAJOR: "high", Grade.MINOR: "medium"}
"""Priority of an action by the grade of the finding that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An action, or None where nothing is planned, the requirements that it is for, and the finding it answers."""

    action: Action | None
    aims: tuple[tuple[Item, Judgement], ...]
    finding: Finding | None = None
    is_blocking: bool = False
    """Whether something at one of its requirements blocks accreditation."""

    @property
    def priority(self) -> str:
        """High where it blocks accreditation, else that of the most urgent gap or of the grade of the finding."""
        if self.is_blocking:
            return PRIORITIES[0]
        urgent = [priority_of(item, judgement) for item, judgement in self.aims]
        if self.finding is not None:
            urgent.append(OF_GRADE.get(self.finding.grade, "low"))
        return min(urgent, key=PRIORITIES.index)


def plans(material: Material) -> list[Plan]:
    """Return what is planned, the most urgent and earliest first, and every gap without an action."""
    aims: dict[str, list[tuple[Item, Judgement]]] = defaultdict(list)
    known: dict[str, Action] = {}
    findings: dict[str | None, Finding] = {}
    bare = []
    blocked = {each.key for each in material.standing.blockers}
    for item, judgement in material.judged():
        actions = material.actions_of(item, judgement)
        findings |= {each.id: each for each in material.findings_of(item, judgement)}
        for each in actions:
            known[each.id] = each
            aims[each.id].append((item, judgement))
        if judgement.is_gap and not actions:
            bare.append(Plan(action=None, aims=((item, judgement),), is_blocking=item.key in blocked))
    found = [
        Plan(
            action=known[key],
            aims=tuple(mine),
            finding=findings.get(known[key].finding),
            is_blocking=any(item.key in blocked for item, _ in mine),
        )
        for key, mine in aims.items()
    ]
    return sorted([*found, *bare], key=lambda each: (PRIORITIES.index(each.priority), _due(each)))


def action_plan(material: Material) -> Section:
    """Return the action plan as a table, with what it costs and what ends too late."""
    say, found = material.say, plans(material)
    if not found:
        told = say("There is no gap that needs an action, and no action is planned.")
        return Section(title=say("Action plan"), blocks=(Paragraph(text=told),))
    heads = (
        Column(title=say("Id")),
        Column(title=say("Clause")),
        Column(title=say("Gap")),
        Column(title=say("Recommendation")),
        Column(title=say("Priority")),
        Column(title=say("Owner")),
        Column(title=say("Due")),
        Column(title=say("Cost"), align="right"),
        Column(title=say("Evidence expected")),
        Column(title=say("Status")),
        Column(title=say("Verification")),
    )
    rows = tuple(_row(material, each) for each in found)
    blocks: list[Block] = [Table(columns=heads, rows=rows)]
    costs = total_costs([each.action for each in found if each.action], say)
    if costs:
        blocks.append(Paragraph(text=say("Cost of what is planned, as far as it is known: {costs}.", costs=costs)))
    bare = sum(each.action is None for each in found)
    if bare:
        told = say.plural("For {n} gap nothing is planned yet.", "For {n} gaps nothing is planned yet.", bare)
        blocks.append(Note(title=say("Gaps without an action"), text=told))
    blocks += _too_late(material, found)
    return Section(title=say("Action plan"), blocks=tuple(blocks), wide=True)


def total_costs(actions: list[Action], say: Words) -> str:
    """Return what some actions cost together, each currency apart."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for each in actions:
        if each.cost and each.status != "cancelled":
            totals[each.cost.currency] += each.cost.amount
    return ", ".join(say.money(amount, currency) for currency, amount in sorted(totals.items()))


def _row(material: Material, plan: Plan) -> tuple[Cell, ...]:
    say, action = material.say, plan.action
    clauses = Cell(_clauses(plan, say))
    gap = Cell(_gap(material, plan))
    evidence = Cell(
        "; ".join(dict.fromkeys(filter(None, (_expected(material, *aim) for aim in plan.aims)))) or "-"
    )
    urgent = priority_cell(plan.priority, say)
    if action is None:
        nothing = (Cell("-"),) * 3
        advice = Cell(recommended(material, *plan.aims[0]))
        return (
            Cell("-"),
            clauses,
            gap,
            advice,
            urgent,
            *nothing,
            evidence,
            Cell(say("Not planned"), "poor"),
            Cell("-"),
        )
    return (
        Cell(action.ref, strong=True),
        clauses,
        gap,
        Cell(_recommendation(material, action)),
        urgent,
        Cell(material.name(action.owner)),
        Cell(f"{say.day(action.start)} \u2013 {say.day(action.due)}" if action.start else say.day(action.due)),
        Cell(say.money(action.cost.amount, action.cost.currency) if action.cost else "-"),
        evidence,
        action_cell(action.status, say, overdue=action.overdue(material.on)),
        Cell(_verification(material, action)),
    )


def _recommendation(material: Material, action: Action) -> str:
    say = material.say
    told = ": ".join(filter(None, (say.text(action.title), say.text(action.detail))))
    refs = {each.id: each.ref for each in material.actions}
    before = ", ".join(refs.get(each, each) for each in action.depends_on)
    waits = say("Depends on")
    return f"{told} ({waits}: {before})" if before else told


def _gap(material: Material, plan: Plan) -> str:
    """Return what the finding says that an action answers, or else what was found at the requirements."""
    if plan.finding is not None:
        return f"{material.say.text(plan.finding.statement.gap)} ({plan.finding.ref})"
    return "; ".join(dict.fromkeys(found_of(material, *aim) for aim in plan.aims))


def _clauses(plan: Plan, say: Words) -> str:
    by_source: dict[str, list[str]] = {}
    for item, _ in plan.aims:
        by_source.setdefault(say(item.standard.source), []).append(item.clause.id)
    return "; ".join(f"{source} {', '.join(clauses)}" for source, clauses in by_source.items())


def _expected(material: Material, item: Item, judgement: Judgement) -> str:
    asked = material.requested(judgement)
    return f"{material.expected(item)} ({asked})" if asked else material.expected(item)


def _verification(material: Material, action: Action) -> str:
    say, last = material.say, action.verification
    if last is None:
        return say("not yet")
    told = say("passed") if last.result == "passed" else say("failed")
    return f"{told}, {material.name(last.by)}, {say.day(last.at.date())}"


def _too_late(material: Material, found: list[Plan]) -> list[Block]:
    """Return a warning for each edition that stops being recognised before an action ends."""
    say = material.say
    blocks: list[Block] = []
    for standard in material.situation.checklist.standards:
        until = standard.recognised_until
        late = [
            each.action.ref
            for each in found
            if until and each.action and each.action.due and each.action.due > until and not each.action.is_settled
        ]
        if late:
            told = say(
                "{actions} end after {day}, when {source} stops being recognised.",
                actions=", ".join(late),
                day=until,
                source=standard.source,
            )
            blocks.append(Note(title=say("After the transition"), text=told, tone="poor"))
    return blocks


def _due(plan: Plan) -> date:
    return plan.action.due if plan.action and plan.action.due else date.max
