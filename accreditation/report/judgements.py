"""Sections on single requirements: strengths, gaps, what is not assessed, and every judgement."""

from __future__ import annotations

from collections.abc import Iterable

from accreditation.assessments.assessment import Judgement
from accreditation.assessments.profile import Item
from accreditation.assessments.scoring import speaks_on
from accreditation.language import Words
from accreditation.report.blocks import Block, Cell, Column, Heading, Paragraph, Section, Table
from accreditation.report.material import Material
from accreditation.report.terms import result_cell
from accreditation.wording import cited, titled

STRONG = 3
"""Level of maturity from which something that conforms is a strength: it is in use."""


def strengths(material: Material) -> Section:
    """Return what conforms, is in use and has evidence that counts."""
    say, related = material.say, material.situation.related
    found = [
        (item, judgement)
        for item, judgement in material.judged()
        if judgement.result == "conforms"
        and (judgement.implemented or 0) >= STRONG
        and any(speaks_on(related.get(link.target), material.on) for link in judgement.evidence)
    ]
    if not found:
        told = say("Nothing conforms, is in use and has evidence that counts yet.")
        return Section(title=say("Strengths"), blocks=(Paragraph(text=told),))
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Title")),
        Column(title=say("Documented"), align="right"),
        Column(title=say("Implemented"), align="right"),
        Column(title=say("Evidence")),
    )
    rows = tuple(
        (
            Cell(cited(item, say), strong=True),
            Cell(say(item.clause.title)),
            Cell(say.number(judgement.documented)),
            Cell(say.number(judgement.implemented)),
            Cell(material.cited(judgement.evidence)),
        )
        for item, judgement in found
    )
    told = say("These requirements conform, are in use and have evidence that counts.")
    return Section(title=say("Strengths"), blocks=(Paragraph(text=told), Table(columns=heads, rows=rows)))


def gaps_section(material: Material) -> Section:
    """Return each gap with what is asked, what was found, what is recommended and the evidence expected."""
    say, gaps = material.say, material.gaps()
    if not gaps:
        told = say("No nonconformity was found in what was assessed.")
        return Section(title=say("Gaps by clause"), blocks=(Paragraph(text=told),))
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Result")),
        Column(title=say("What is asked")),
        Column(title=say("What was found")),
        Column(title=say("Recommendation")),
        Column(title=say("Evidence expected")),
    )
    blocks: list[Block] = []
    for source, mine in _by_source(gaps).items():
        rows = tuple(
            (
                Cell(f"{item.clause.id} {say(item.clause.title)}", strong=True),
                result_cell(judgement.result, say),
                Cell(say(item.clause.asks) or say(item.clause.question)),
                Cell(found_of(material, item, judgement)),
                Cell(recommended(material, item, judgement)),
                Cell(material.expected(item) or "-"),
            )
            for item, judgement in mine
        )
        blocks += [Heading(say(source)), Table(columns=heads, rows=rows)]
    return Section(title=say("Gaps by clause"), blocks=tuple(blocks), wide=True)


def not_assessed(material: Material) -> Section:
    """Return the requirements that nobody has judged, by heading."""
    say = material.say
    rows = []
    for standard, clause, items in material.situation.checklist.sections():
        left = [each for each in items if not material.assessment.judgement(each.key).is_assessed]
        if left:
            title = f"{say(standard.source)} {titled(clause, say)}" if clause else say(standard.title)
            rows.append((Cell(title), Cell(say.number(len(left))), Cell(", ".join(e.clause.id for e in left))))
    if not rows:
        told = say("Every requirement of the profile was assessed.")
        return Section(title=say("Requirements not assessed"), blocks=(Paragraph(text=told),))
    heads = (
        Column(title=say("Heading")),
        Column(title=say("How many"), align="right"),
        Column(title=say("Clauses")),
    )
    told = say("Nothing in this report says whether the unit meets these requirements.")
    return Section(
        title=say("Requirements not assessed"),
        blocks=(Paragraph(text=told), Table(columns=heads, rows=tuple(rows))),
    )


def every_judgement(material: Material) -> Section:
    """Return every requirement with its judgement, evidence, assessor and reviewer."""
    say = material.say
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Title")),
        Column(title=say("Result")),
        Column(title=say("Documented"), align="right"),
        Column(title=say("Implemented"), align="right"),
        Column(title=say("What it rests on")),
        Column(title=say("Evidence")),
        Column(title=say("Evidence typical for it")),
        Column(title=say("Assessor")),
        Column(title=say("Reviewer")),
    )
    blocks: list[Block] = []
    for source, mine in _by_source(material.judged()).items():
        rows = tuple(
            (
                Cell(item.clause.id, strong=True),
                Cell(say(item.clause.title)),
                result_cell(judgement.result, say),
                Cell(say.number(judgement.documented)),
                Cell(say.number(judgement.implemented)),
                Cell(_rests_on(judgement, say)),
                Cell(material.cited(judgement.evidence)),
                Cell(material.expected(item) or "-"),
                Cell(material.name(judgement.judged.by if judgement.judged else None)),
                Cell(material.name(judgement.reviewed.by if judgement.reviewed else None)),
            )
            for item, judgement in mine
        )
        blocks += [Heading(say(source)), Table(columns=heads, rows=rows)]
    return Section(title=say("Every judgement"), blocks=tuple(blocks), wide=True)


def found_of(material: Material, item: Item, judgement: Judgement) -> str:
    """Return what an assessor found: the words of the judgement, or those of its findings."""
    say = material.say
    told = say.text(judgement.justification) if judgement.is_gap else ""
    told = told or "; ".join(say.text(each.statement.gap) for each in material.findings_of(item, judgement))
    refs = ", ".join(each.ref for each in material.findings_of(item, judgement))
    return f"{told} ({refs})" if told and refs else told or refs or "-"


def recommended(material: Material, item: Item, judgement: Judgement) -> str:
    """Return what is to be done about a gap: its actions, or that one has to be planned."""
    actions = material.actions_of(item, judgement)
    if actions:
        return "; ".join(f"{material.say.text(each.title)} ({each.ref})" for each in actions)
    if judgement.result == "major":
        return material.say("Find the cause, and plan a corrective action with an owner and a date.")
    return material.say("Plan an action with an owner and a date.")


def _rests_on(judgement: Judgement, say: Words) -> str:
    told = say.text(judgement.justification)
    if judgement.stale:
        carried = say("carried over, to be confirmed")
    elif judgement.carried_from:
        carried = say("carried over")
    else:
        return told
    return f"{told} ({carried})".strip()


def _by_source(judged: Iterable[tuple[Item, Judgement]]) -> dict[str, list[tuple[Item, Judgement]]]:
    found: dict[str, list[tuple[Item, Judgement]]] = {}
    for item, judgement in judged:
        found.setdefault(item.standard.source, []).append((item, judgement))
    return found
