"""The report on procedures: what they cover of a standard, where the gaps are, and what is planned about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from accreditation.errors import UnknownError
from accreditation.language import Words
from accreditation.procedures.coverage import Coverage
from accreditation.procedures.matrix import Matrix, Placed, gaps, matrix
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
from accreditation.report.frame import Marks, framed
from accreditation.report.obstacles import sentence
from accreditation.report.terms import action_cell, level_cell
from qms.actions.action import Action
from qms.organisation import Person, Unit
from qms.store import Store

ACROSS = 6
"""Documents beside each other in one table."""
TONES: Mapping[str, Tone] = {"full": "good", "partial": "fair", "none": "poor", "conflict": "poor"}


def procedures_report(
    store: Store, coverage: Coverage, *, say: Words, on: date, marks: Marks | None = None
) -> Document:
    """Return what the procedures of a unit cover of a standard, and the gaps with what is planned about them.

    Parameters
    ----------
    store : Store
    coverage : Coverage
        What people decided (`accreditation.procedures.deciding.coverage_of`).
    say : Words
    on : date
        Day on which actions are overdue or not.
    marks : Marks, optional
        A draft by whoever decided last if left out.

    Raises
    ------
    UnknownError
        If the day is past: procedures and decisions are compared as they are now.
    """
    today = store.now().date()
    if on < today:
        raise UnknownError(
            f"{on} is past, and this report compares the procedures and decisions of today, {today}. Leave out "
            "the day, or read the report that was made then."
        )
    found = matrix(store, coverage)
    names = {each.id: each.name for each in store.find(Person)}
    maker = last_decider(coverage)
    facts = [
        (say("Compared with"), f"{say(found.standard.source)}: {say(found.standard.title)}"),
        (say("Procedures in force"), ", ".join(each.ref for each in found.documents) or "-"),
        (say("Decisions"), f"{coverage.ref}, {say.number(len(found.placed))}"),
        (say("As of"), say.day(on)),
    ]
    return framed(
        store,
        store.get(Unit, coverage.unit),
        marks or Marks(made_by=names.get(maker, maker) if maker else "-"),
        title=say("Gap analysis of the procedures"),
        subtitle=say(found.standard.title),
        facts=facts,
        sections=(
            _summary(found, say),
            *_changed(found, say),
            _gaps(store, coverage, found, on, say),
            _limits(say),
            _table(found, say),
        ),
        annex=(_decisions(found, names, say),),
        say=say,
    )


def last_decider(coverage: Coverage) -> str | None:
    """Return the id of whoever decided last; None where nothing is decided."""
    last = max(coverage.cells.values(), key=lambda each: each.decided.at, default=None)
    return last.decided.by if last else None


def verdict_words(say: Words) -> Mapping[str, str]:
    """Return the words of every verdict on a requirement and a section."""
    return {
        "full": say("Full"),
        "partial": say("Partial"),
        "none": say("None"),
        "conflict": say("Conflict"),
        "not_applicable": say("Not applicable"),
        "undecided": say("Not decided"),
    }


def _verdict(verdict: str, say: Words) -> Cell:
    return Cell(verdict_words(say)[verdict], TONES.get(verdict, "quiet"))


def _summary(found: Matrix, say: Words) -> Section:
    figures = found.figures()
    share = KeyFigure(value=say.percent(figures.share), label=say("Of what applies, fully covered"))
    blocks: list[Block] = [
        KeyFigures(
            (
                share,
                _counted(figures.partial, say("Covered in part"), "fair", say),
                _counted(figures.conflict, say("In conflict"), "poor", say),
                _counted(figures.none, say("Not covered"), "poor", say),
            )
        ),
        KeyFigures(
            (
                _counted(figures.full, say("Fully covered"), "good", say),
                _counted(figures.undecided, say("Not decided"), "fair", say),
                _counted(figures.suspect, say("Decisions to be confirmed"), "fair", say),
                _counted(figures.removed, say("Sections that are gone"), "fair", say),
            )
        ),
    ]
    if figures.undecided:
        told = say.plural(
            "For {n} requirement nobody has decided yet; it counts as not covered.",
            "For {n} requirements nobody has decided yet; they count as not covered.",
            figures.undecided,
        )
        blocks.append(Note(title=say("Not decided"), text=told))
    return Section(title=say("What the procedures cover"), blocks=tuple(blocks))


def _counted(n: int, label: str, tone: Tone, say: Words) -> KeyFigure:
    return KeyFigure(value=say.number(n), label=label, tone=tone if n else "")


def _gaps(store: Store, coverage: Coverage, found: Matrix, on: date, say: Words) -> Section:
    actions = {each.id: each for each in store.find(Action, unit=coverage.unit)}
    heads = (
        Column(title=say("Requirement")),
        Column(title=say("Level")),
        Column(title=say("Why")),
        Column(title=say("What to do")),
        Column(title=say("Action")),
        Column(title=say("Due")),
        Column(title=say("Status")),
    )
    rows = []
    for issue in gaps(found):
        clause = found.standard.clause(issue.key.partition(":")[2])
        planned = [actions[each] for each in coverage.actions.get(clause.id, ()) if each in actions]
        rows.append(
            (
                Cell(f"{clause.id} {say(clause.title)}", strong=True),
                level_cell(issue.level, say),
                Cell(sentence(say.reason(issue.why))),
                Cell(sentence(say.reason(issue.what_to_do))),
                *_planned(planned, on, say),
            )
        )
    if not rows:
        told = say("Every requirement that applies is fully covered.")
        return Section(title=say("Gaps"), blocks=(Paragraph(text=told),))
    return Section(title=say("Gaps"), blocks=(Table(columns=heads, rows=tuple(rows)),))


def _planned(actions: Sequence[Action], on: date, say: Words) -> tuple[Cell, Cell, Cell]:
    if not actions:
        return Cell("-"), Cell("-"), Cell(say("Not planned"), "poor")
    states = [action_cell(each.status, say, overdue=each.overdue(on)) for each in actions]
    return (
        Cell(", ".join(each.ref for each in actions)),
        Cell(", ".join(dict.fromkeys(say.day(each.due) for each in actions))),
        states[0] if len(states) == 1 else Cell(", ".join(dict.fromkeys(each.text for each in states))),
    )


def _table(found: Matrix, say: Words) -> Section:
    held = found.cells()
    blocks: list[Block] = []
    for first in range(0, max(len(found.documents), 1), ACROSS):
        documents = found.documents[first : first + ACROSS]
        heads = (
            Column(title=say("Requirement")),
            *(Column(title=each.ref) for each in documents),
            Column(title=say("All documents")),
        )
        rows = tuple(
            (
                Cell(f"{clause.id} {say(clause.title)}"),
                *(
                    _verdict(held[clause.id, each.id], say) if (clause.id, each.id) in held else Cell("")
                    for each in documents
                ),
                _verdict(found.standing(clause.id), say),
            )
            for clause in found.elements
        )
        blocks.append(Table(columns=heads, rows=rows))
    titles = tuple(f"{each.ref}: {say.text(each.title)}" for each in found.documents)
    if titles:
        blocks.append(Points(titles))
    return Section(title=say("Coverage matrix"), blocks=tuple(blocks))


def _changed(found: Matrix, say: Words) -> Iterable[Section]:
    """Yield the decisions that no longer hold, and those whose section is gone."""
    for title, placed in (
        (say("Decisions to be confirmed"), found.suspect),
        (say("Sections that are gone"), found.removed),
    ):
        if placed:
            heads = (
                Column(title=say("Requirement")),
                Column(title=say("Section")),
                Column(title=say("Decided")),
                Column(title=say("Why it does not hold")),
            )
            rows = tuple(
                (
                    Cell(each.cell.element, strong=True),
                    Cell(each.where),
                    _verdict(each.cell.verdict, say),
                    Cell(sentence("; ".join(say.reason(reason) for reason in each.reasons))),
                )
                for each in placed
            )
            yield Section(title=title, blocks=(Table(columns=heads, rows=rows),))


def _decisions(found: Matrix, names: Mapping[str, str], say: Words) -> Section:
    title = say("Every decision")
    if not found.placed:
        return Section(title=title, blocks=(Paragraph(text=say("Nothing is decided yet.")),))
    heads = (
        Column(title=say("Requirement")),
        Column(title=say("Section")),
        Column(title=say("Decided")),
        Column(title=say("Comment")),
        Column(title=say("By")),
        Column(title=say("On")),
        Column(title=say("Holds")),
    )
    rows = tuple(_decision(each, names, say) for each in found.placed)
    return Section(title=title, blocks=(Table(columns=heads, rows=rows),))


def _decision(placed: Placed, names: Mapping[str, str], say: Words) -> tuple[Cell, ...]:
    cell = placed.cell
    return (
        Cell(cell.element, strong=True),
        Cell(placed.where),
        _verdict(cell.verdict, say),
        Cell(say.text(cell.comment)),
        Cell(names.get(cell.decided.by, cell.decided.by)),
        Cell(say.day(cell.decided.at.date())),
        Cell(say("yes"), "good") if placed.holds else Cell(say("no"), "fair"),
    )


def _limits(say: Words) -> Section:
    points = (
        say("A person decided each cell; what a machine suggested is where that person looked first, no more."),
        say("It says whether something is written, not whether it is done; the needs assessment asks that."),
        say("A decision holds while section and requirement have the words that were decided on."),
    )
    return Section(title=say("Limits: what this report does not say"), blocks=(Points(points),))
