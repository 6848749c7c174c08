"""The needs assessment report: how a unit stands, its gaps, and the plan that closes them."""

from __future__ import annotations

from datetime import date

from accreditation.assessments.assessment import Assessment
from accreditation.language import Words
from accreditation.report.action_plan import action_plan
from accreditation.report.blocks import Document, Points, Section
from accreditation.report.frame import Marks, framed, unfrozen_note
from accreditation.report.judgements import every_judgement, gaps_section, not_assessed, strengths
from accreditation.report.material import Material, material
from accreditation.report.standing import (
    how_to_read,
    maturity_section,
    readiness_section,
    scores_section,
    summary,
    unit_and_profile,
)
from accreditation.wording import states
from qms.store import Store


def needs_assessment(
    store: Store, assessment: Assessment, *, say: Words, on: date, marks: Marks | None = None
) -> Document:
    """Return the needs assessment report of a unit with its action plan.

    Parameters
    ----------
    store : Store
    assessment : Assessment
    say : Words
        One language, or two beside each other.
    on : date
        Day for which evidence, actions and readiness are asked.
    marks : Marks, optional
        Draft or final, who may read it, the logo and who made it; a draft by the lead if left out.

    Raises
    ------
    UnknownError
        If the assessment had not begun on that day.

    Examples
    --------
    ::

        report = needs_assessment(store, assessment, say=words("sq"), on=date.today())
        write_report(report, "needs-assessment.pdf")
    """
    gathered = material(store, assessment, say=say, on=on)
    assessment = gathered.assessment
    return framed(
        store,
        gathered.unit,
        marks or Marks(made_by=gathered.name(assessment.lead)),
        title=say("Needs assessment report and action plan"),
        subtitle=say.text(assessment.title),
        facts=assessment_facts(gathered),
        sections=(
            summary(gathered),
            unit_and_profile(gathered),
            how_to_read(say),
            readiness_section(gathered),
            scores_section(gathered),
            maturity_section(gathered),
            strengths(gathered),
            not_assessed(gathered),
            limits(say),
            gaps_section(gathered),
            action_plan(gathered),
        ),
        annex=(every_judgement(gathered),),
        notes=unfrozen_note(assessment, gathered.situation.checklist, marks, say),
        say=say,
    )


def assessment_facts(gathered: Material) -> tuple[tuple[str, str], ...]:
    """Return what the cover says of an assessment."""
    say, assessment = gathered.say, gathered.assessment
    sources = ", ".join(say(each.source) for each in gathered.situation.checklist.standards)
    facts = [
        (say("Assessed against"), sources),
        (say("Assessment"), f"{assessment.ref}, {states(say)[assessment.status]}"),
        (say("As of"), say.day(gathered.on)),
        (say("Lead assessor"), gathered.name(assessment.lead)),
    ]
    if assessment.team:
        facts.append((say("Team"), ", ".join(gathered.name(each) for each in assessment.team)))
    if assessment.begins:
        span = f"{say.day(assessment.begins)} \u2013 {say.day(assessment.ends)}"
        facts.append((say("Carried out"), span if assessment.ends else say("since {day}", day=assessment.begins)))
    if assessment.baseline:
        frozen = say(
            "{hash}, frozen by {name}", hash=assessment.baseline.sha256, name=gathered.name(assessment.baseline.by)
        )
        facts.append((say("Hash of the baseline"), frozen))
    return tuple(facts)


def limits(say: Words) -> Section:
    """Return what a report on an assessment does not say."""
    points = (
        say("It says what assessors judged on the evidence cited; it is no decision of an accreditation body."),
        say(
            "It says nothing of requirements that were not assessed, nor of what happened after the day that it "
            "is for."
        ),
        say("A score is a help to compare the same unit over time; it ranks no units and no jurisdictions."),
        say(
            "Questions and explanations are no replacement for the text of a standard, which the unit has to hold."
        ),
        say(
            "The head of the ledger ties this report to the records as they were; it proves later changes, not "
            "that what was entered was true."
        ),
        say("Costs and dates are those that people entered in the plan; nobody has approved them by this report."),
    )
    return Section(title=say("Limits: what this report does not say"), blocks=(Points(points),))
