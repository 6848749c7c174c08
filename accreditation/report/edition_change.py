"""The transition report: what an assessment is worth under another edition, and what is left to do by when."""

from __future__ import annotations

from collections.abc import Sequence

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import checklist_of
from accreditation.language import Words
from accreditation.report.blocks import (
    Block,
    Cell,
    Column,
    Document,
    KeyFigure,
    KeyFigures,
    Note,
    Paragraph,
    Points,
    Section,
    Table,
    Tone,
)
from accreditation.report.frame import Marks, framed, unfrozen_note
from accreditation.report.terms import fate_word, result_cell
from accreditation.transition import Fate, Transition, TransitionRow
from accreditation.wording import states
from qms.organisation import Person, Unit
from qms.store import Store

FATES: tuple[tuple[Fate, Tone], ...] = (
    ("to assess", "poor"),
    ("to confirm", "fair"),
    ("carried", "good"),
    ("withdrawn", "quiet"),
)
SOON = 365
"""Days left from which the time is marked as short."""


def transition_report(
    store: Store, assessment: Assessment, moved: Transition, *, say: Words, marks: Marks | None = None
) -> Document:
    """Return what is carried over, to be confirmed and to be assessed under another edition, and the days left.

    Parameters
    ----------
    store : Store
    assessment : Assessment
        Of the old edition.
    moved : Transition
        Of that assessment (`accreditation.transition.transition`).
    say : Words
    marks : Marks, optional

    Examples
    --------
    ::

        moved = transition(assessment, crosswalk, old, new, on=today)
        write_report(transition_report(store, assessment, moved, say=words("en")), "transition.docx")
    """
    names = {each.id: each.name for each in store.find(Person)}
    lead = assessment.lead or ""
    sections = [
        _summary(moved, say),
        *_themes(moved, say),
        *_rows(moved, say),
        *_to_fill(moved, say),
        _limits(say),
    ]
    facts = [
        (say("From"), say(moved.old.source)),
        (say("To"), say(moved.new.source)),
        (
            say("Assessment"),
            f"{assessment.ref}, {say.text(assessment.title)}, {states(say)[assessment.status]}",
        ),
        (say("As of"), say.day(moved.on)),
        (say("Old edition recognised until"), say.day(moved.old.recognised_until)),
    ]
    return framed(
        store,
        store.get(Unit, assessment.unit),
        marks or Marks(made_by=names.get(lead, lead or "-")),
        title=say("Transition report"),
        subtitle=f"{say(moved.old.source)} → {say(moved.new.source)}",
        facts=facts,
        sections=sections,
        notes=unfrozen_note(assessment, checklist_of(store, assessment), marks, say),
        say=say,
    )


def _summary(moved: Transition, say: Words) -> Section:
    figures = []
    if moved.days_left is not None:
        tone: Tone = "poor" if moved.days_left < 0 else "fair" if moved.days_left < SOON else ""
        figures.append(KeyFigure(value=say.number(moved.days_left), label=say("Days left"), tone=tone))
    if moved.rows:
        figures += [
            KeyFigure(value=say.number(len(moved.of(fate))), label=fate_word(fate, say), tone=tone)
            for fate, tone in FATES
        ]
    blocks: list[Block] = [KeyFigures(tuple(figures))] if figures else []
    if moved.days_left is not None and moved.days_left < 0:
        told = say(
            "Accreditations to {source} are no longer recognised since {day}.",
            source=moved.old.source,
            day=moved.old.recognised_until,
        )
        blocks.append(Note(title=say("The time is over"), text=told, tone="poor"))
    if moved.to_fill.clauses_missing:
        told = say(
            "The clauses of {source} are not loaded here, so nothing can be carried over yet. Load them as a "
            "catalogue of your own from the text that you hold, fill the crosswalk, and have somebody review it.",
            source=moved.new.source,
        )
        blocks.append(Note(title=say("Clauses not loaded"), text=told))
    return Section(title=say("Where the unit stands"), blocks=tuple(blocks))


def _themes(moved: Transition, say: Words) -> list[Section]:
    if not moved.themes:
        return []
    sure = {"C": say("seen in a named source"), "G": say("general knowledge"), "U": say("to be checked")}
    heads = (
        Column(title=say("Theme")),
        Column(title=say("What changes")),
        Column(title=say("How sure")),
    )
    rows = tuple(
        (Cell(say(each.title), strong=True), Cell(say(each.text)), Cell(sure[each.certainty]))
        for each in moved.themes
    )
    told = say("In these subjects {new} differs from {old}.", new=moved.new.source, old=moved.old.source)
    blocks = (Paragraph(text=told), Table(columns=heads, rows=rows))
    return [Section(title=say("Themes of change"), blocks=blocks)]


def _rows(moved: Transition, say: Words) -> list[Section]:
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Title")),
        Column(title=say("Why")),
        Column(title=say("Comes from")),
        Column(title=say("Result carried over")),
    )
    return [
        Section(title=fate_word(fate, say), blocks=(Table(columns=heads, rows=_cells(rows, say)),))
        for fate, _ in FATES
        if (rows := moved.of(fate))
    ]


def _cells(rows: Sequence[TransitionRow], say: Words) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            Cell(each.clause.id, strong=True),
            Cell(say(each.clause.title)),
            Cell(say.reason(each.why)),
            Cell(", ".join(link.a for link in each.links if link.a) or "-"),
            result_cell(each.judgement.result, say) if each.judgement else Cell("-"),
        )
        for each in rows
    )


def _to_fill(moved: Transition, say: Words) -> list[Section]:
    left = [(moved.old.source, moved.to_fill.a), (moved.new.source, moved.to_fill.b)]
    rows = tuple(
        (Cell(say(source), strong=True), Cell(say.number(len(clauses))), Cell(", ".join(clauses)))
        for source, clauses in left
        if clauses
    )
    if not rows:
        return []
    heads = (
        Column(title=say("Edition")),
        Column(title=say("How many"), align="right"),
        Column(title=say("Clauses")),
    )
    told = say(
        "No reviewed link speaks of these requirements. Somebody has to propose one, and somebody else "
        "to review it."
    )
    blocks = (Paragraph(text=told), Table(columns=heads, rows=rows))
    return [Section(title=say("Crosswalk to be filled"), blocks=blocks)]


def _limits(say: Words) -> Section:
    points = (
        say("A judgement is carried over only along links that a person proposed and another reviewed."),
        say("What is carried over still rests on the evidence of the old assessment; its age does not change."),
        say("The accreditation body may set earlier days than those of this report; ask it."),
    )
    return Section(title=say("Limits: what this report does not say"), blocks=(Points(points),))
