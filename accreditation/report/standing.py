"""Sections on how a unit stands: the summary for its head, the profile, how to read it, readiness and scores."""

from __future__ import annotations

from collections.abc import Iterator

from accreditation.assessments.scoring import ENOUGH, Score, SectionScore
from accreditation.gaps import APART
from accreditation.language import Words
from accreditation.readiness import counted
from accreditation.report.blocks import (
    Block,
    Cell,
    Column,
    Heading,
    KeyFigure,
    KeyFigures,
    Note,
    Paragraph,
    Points,
    Section,
    Table,
    Tone,
)
from accreditation.report.charts import maturity_chart, readiness_chart
from accreditation.report.material import Material
from accreditation.report.obstacles import issues_table, sentence
from accreditation.report.terms import result_cell
from accreditation.standards import Standard, days_left
from accreditation.wording import assessment_purposes, cited, titled


def summary(material: Material) -> Section:
    """Return the page for the head of the unit: whether it is ready, the figures, and what to do first."""
    say, standing = material.say, material.standing
    whole, counts = standing.scores.whole, counted(standing.issues)
    blocks: list[Block] = [Paragraph(text=_verdict(material), strong=True), score_figures(whole, say)]
    gaps = material.gaps()
    late = sum(each.overdue(material.on) for each in material.actions)
    judged = whole.assessed
    majors = sum(judgement.result == "major" for _, judgement in gaps)
    minors = len(gaps) - majors
    planned = sum(bool(material.actions_of(*aim)) for aim in gaps)
    blocks.append(
        KeyFigures(
            (
                KeyFigure(
                    value=say.number(majors), label=say("Major nonconformities"), tone=_bad(majors, of=judged)
                ),
                KeyFigure(
                    value=say.number(minors),
                    label=say("Minor nonconformities"),
                    tone=_bad(minors, "fair", of=judged),
                ),
                KeyFigure(
                    value=say("{n} of {all}", n=say.number(planned), all=say.number(len(gaps))),
                    label=say("Gaps with an action planned"),
                    tone=_bad(len(gaps) - planned, "fair", of=len(gaps)),
                ),
                KeyFigure(
                    value=say.number(late), label=say("Actions overdue"), tone=_bad(late, of=len(material.actions))
                ),
            )
        )
    )
    blocks += coverage_warning(whole, say)
    if material.assessment.summary is not None:
        blocks += [Heading(say("What the assessors say")), Paragraph(text=say.text(material.assessment.summary))]
    if standing.blockers:
        blocks.append(issues_table(standing.blockers, say, caption=say("What to do first")))
    if counts["warning"]:
        told = say.plural(
            "{n} more point is one that an assessor will ask about; the section on readiness counts them.",
            "{n} more points are ones that an assessor will ask about; the section on readiness counts them.",
            counts["warning"],
        )
        blocks.append(Paragraph(text=told))
    return Section(title=say("Summary for the head of the unit"), blocks=tuple(blocks))


def unit_and_profile(material: Material) -> Section:
    """Return what the unit was assessed against, and what was left out."""
    say, checklist = material.say, material.situation.checklist
    profile = checklist.profile
    purpose, title = material.assessment.purpose, material.assessment.title
    counts = {each.key: sum(item.standard is each for item in checklist.items) for each in checklist.standards}
    rows = tuple(
        (
            Cell(say(each.source), strong=True),
            Cell(say(each.title)),
            Cell(say.number(counts[each.key])),
            Cell(say.day(each.recognised_until)),
            _days_left(each, material),
        )
        for each in checklist.standards
    )
    heads = (
        Column(title=say("Document")),
        Column(title=say("Title")),
        Column(title=say("Requirements"), align="right"),
        Column(title=say("Recognised until")),
        Column(title=say("Days left"), align="right"),
    )
    blocks: list[Block] = [
        Paragraph(
            text=say(
                "{purpose}: {title}. Profile: {profile}. {n} requirements were to be judged.",
                purpose=lambda one: assessment_purposes(one)[purpose],
                title=lambda one: one.text(title).removeprefix(f"{assessment_purposes(one)[purpose]}, "),
                profile=profile.name,
                n=say.number(len(checklist.items)),
            )
        ),
        Table(columns=heads, rows=rows, caption=say("What the unit was assessed against")),
    ]
    if profile.independence:
        claims = tuple((Cell(each.activity), Cell(each.type)) for each in profile.independence)
        columns = (Column(title=say("Activity")), Column(title=say("Type claimed")))
        blocks.append(Table(columns=columns, rows=claims, caption=say("Independence by activity")))
    if profile.excluded:
        sources = {each.key: each.source for each in checklist.standards}
        left_out = tuple((Cell(f"{say(sources[e.standard])} {e.clause}"), Cell(e.why)) for e in profile.excluded)
        columns = (Column(title=say("Clause")), Column(title=say("Why it is left out")))
        blocks.append(Table(columns=columns, rows=left_out, caption=say("Clauses that were left out")))
    if profile.weights:
        n = len(profile.weights)
        told = say.plural(
            "The unit weighs {n} requirement in its own way.",
            "The unit weighs {n} requirements in its own way.",
            n,
        )
        blocks.append(Paragraph(text=told))
    return Section(title=say("Unit and profile"), blocks=tuple(blocks))


def how_to_read(say: Words) -> Section:
    """Return how results, scores, maturity and priorities are to be read."""
    levels = (
        (0, say("Nothing")),
        (1, say("Informal: people do it in their own way")),
        (2, say("Written down, or begun")),
        (3, say("In use")),
        (4, say("Evidenced and monitored")),
        (5, say("Improved from data")),
    )
    points = (
        say(
            "A score is the weighted mean over what applies and was assessed: conforming counts 1, a minor "
            "nonconformity one half, a major one 0."
        ),
        say(
            "Coverage is the share of the applicable requirements that were assessed. A score below {limit} "
            "coverage says little and carries a warning.",
            limit=ENOUGH,
        ),
        say(
            "With evidence is the share of what was assessed that cites evidence which is accepted, not expired "
            "and speaks for the time in question; the oldest of it is shown."
        ),
        say(
            "A gate is a requirement without which no unit is accredited. An open gate or a major nonconformity "
            "means not ready, whatever the score."
        ),
        say(
            "The priority of a gap is high for gates, major nonconformities and whatever else blocks "
            "accreditation, medium for minor ones of weighty requirements, and low for the rest."
        ),
        say(
            "Questions and explanations are in the words of this tool; the words of a standard stand in the "
            "standard."
        ),
    )
    table = Table(
        columns=(Column(title=say("Level"), align="right"), Column(title=say("Meaning"))),
        rows=tuple((Cell(say.number(n), strong=True), Cell(words)) for n, words in levels),
        caption=say("Maturity, on two axes: what is written (documented) and what is done (implemented)"),
    )
    return Section(title=say("How to read this report"), blocks=(Points(points), table))


def readiness_section(material: Material) -> Section:
    """Return whether the unit is ready, gate by gate, and everything that stands in the way."""
    say, standing = material.say, material.standing
    blocks: list[Block] = [Paragraph(text=_verdict(material), strong=True)]
    gates = [(item, judgement) for item, judgement in material.judged() if item.clause.gate]
    if gates:
        rows = tuple(
            (Cell(cited(item, say), strong=True), Cell(say(item.clause.title)), result_cell(judgement.result, say))
            for item, judgement in gates
        )
        heads = (
            Column(title=say("Clause")),
            Column(title=say("Title")),
            Column(title=say("Result")),
        )
        blocks.append(
            Table(columns=heads, rows=rows, caption=say("Gates: requirements without which nothing goes"))
        )
    if material.judged():
        blocks.append(readiness_chart(standing.scores.sections, say=say))
    if standing.issues:
        caption = say("What stands in the way, the gravest first")
        blocks.append(issues_table(standing.issues, say, caption=caption))
    return Section(title=say("Readiness and gates"), blocks=tuple(blocks))


def scores_section(material: Material) -> Section:
    """Return score, coverage, evidence and its age for each clause."""
    say, scores = material.say, material.standing.scores
    rows = [_score_row(each, say) for each in scores.sections]
    rows.append((Cell(say("All requirements"), strong=True), *_figures(scores.whole, say, strong=True)))
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Score"), align="right"),
        Column(title=say("Coverage"), align="right"),
        Column(title=say("With evidence"), align="right"),
        Column(title=say("Oldest evidence")),
        Column(title=say("Assessed"), align="right"),
    )
    blocks: list[Block] = [
        Table(columns=heads, rows=tuple(rows), caption=say("Score · coverage · evidence by clause")),
        *coverage_warning(scores.whole, say),
    ]
    low = [each for each in scores.sections if each.score.warning is not None]
    if low and scores.whole.warning is None:
        told = say(
            "Read these with care, since less than {limit} of them is assessed: {clauses}.",
            limit=ENOUGH,
            clauses=lambda one: ", ".join(section_name(each, one) for each in low),
        )
        blocks.append(Note(title=say("Low coverage"), text=told))
    return Section(title=say("Score by clause"), blocks=tuple(blocks))


def maturity_section(material: Material) -> Section:
    """Return maturity on two axes, and where there is paper without practice."""
    say, scores = material.say, material.standing.scores
    chart = maturity_chart(scores.sections, say=say)
    if chart is None:
        told = say("Nobody has said yet how far anything is documented or implemented.")
        return Section(title=say("Maturity"), blocks=(Paragraph(text=told),))
    apart = [
        (item, judgement.documented, judgement.implemented)
        for item, judgement in material.judged()
        if judgement.counts and judgement.documented is not None and judgement.implemented is not None
        if judgement.documented - judgement.implemented >= APART
    ]
    headline = say.plural(
        "{n} requirement is documented at least {apart} levels above what is done: paper without practice.",
        "{n} requirements are documented at least {apart} levels above what is done: paper without practice.",
        len(apart),
        apart=APART,
    )
    blocks: list[Block] = [Paragraph(text=headline, strong=True), chart]
    if apart:
        heads = (
            Column(title=say("Clause")),
            Column(title=say("Title")),
            Column(title=say("Documented"), align="right"),
            Column(title=say("Implemented"), align="right"),
        )
        rows = tuple(
            (
                Cell(cited(item, say), strong=True),
                Cell(say(item.clause.title)),
                Cell(say.number(a)),
                Cell(say.number(b)),
            )
            for item, a, b in apart
        )
        blocks.append(Table(columns=heads, rows=rows, caption=say("Paper without practice")))
    return Section(title=say("Maturity"), blocks=tuple(blocks))


def score_figures(score: Score, say: Words) -> KeyFigures:
    """Return a score with its coverage, its evidence and the age of that; it never stands alone."""
    low: Tone = "fair" if score.warning is not None else ""
    return KeyFigures(
        (
            KeyFigure(value=say.percent(score.value), label=say("Score"), tone=low),
            KeyFigure(value=say.percent(score.coverage), label=say("Coverage"), tone=low),
            KeyFigure(value=say.percent(score.evidence_share), label=say("With evidence")),
            KeyFigure(value=say.day(score.oldest), label=say("Oldest evidence")),
        )
    )


def coverage_warning(score: Score, say: Words) -> Iterator[Note]:
    """Yield a warning where too little is assessed for the score to be read."""
    if score.warning is not None:
        yield Note(title=say("Low coverage"), text=sentence(say.reason(score.warning)), tone="poor")


def section_name(section: SectionScore, say: Words) -> str:
    """Return how a section of a checklist is called."""
    clause = section.clause
    return f"{say(section.standard.source)} {titled(clause, say)}" if clause else say(section.standard.title)


def _verdict(material: Material) -> str:
    say, standing = material.say, material.standing
    if standing:
        return say("Ready to be looked at: nothing blocks it.")
    if standing.blockers:
        return say.plural(
            "Not ready: {n} point stands in the way of accreditation.",
            "Not ready: {n} points stand in the way of accreditation.",
            len(standing.blockers),
        )
    return say("Not ready: too little is assessed to say more.")


def _bad(n: int, tone: Tone = "poor", *, of: int) -> Tone:
    """Return the colour of what should be none; where nothing could be found, none is no good news."""
    return tone if n else "good" if of else ""


def _days_left(standard: Standard, material: Material) -> Cell:
    left = days_left(standard, on=material.on)
    return Cell(material.say.number(left), "poor" if left is not None and left < 0 else "")


def _score_row(section: SectionScore, say: Words) -> tuple[Cell, ...]:
    return (Cell(section_name(section, say)), *_figures(section.score, say))


def _figures(score: Score, say: Words, *, strong: bool = False) -> tuple[Cell, ...]:
    low: Tone = "fair" if score.warning is not None else ""
    assessed = say("{n} of {all}", n=say.number(score.assessed), all=say.number(score.applicable))
    return (
        Cell(say.percent(score.value), low, strong),
        Cell(say.percent(score.coverage), low, strong),
        Cell(say.percent(score.evidence_share), strong=strong),
        Cell(say.day(score.oldest), strong=strong),
        Cell(assessed, strong=strong),
    )
