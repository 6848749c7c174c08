"""The progress report: what changed in a unit between two days, in scores, gaps and actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.profile import Item
from accreditation.assessments.scoring import Score
from accreditation.errors import UnknownError
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
from accreditation.report.charts import burn_down_chart
from accreditation.report.frame import Marks, framed, unfrozen_note
from accreditation.report.past import Past, open_actions, standing_at
from accreditation.report.standing import coverage_warning, section_name
from accreditation.report.terms import action_cell, result_cell
from accreditation.wording import cited, states
from qms.actions.action import DONE, Action
from qms.organisation import Person, Unit
from qms.store import Store


def progress(
    store: Store, assessment: Assessment, *, since: date, on: date, say: Words, marks: Marks | None = None
) -> Document:
    """Return what changed in a unit from the end of one day to the end of another, both rebuilt from the ledger.

    Parameters
    ----------
    store : Store
    assessment : Assessment
        The present one; where it had not begun on the first day, the one that it follows speaks for that.
    since, on : date
    say : Words
    marks : Marks, optional

    Raises
    ------
    UnknownError
        If the days are in the wrong order, one is still to come, or there was no assessment on the first one.
    """
    if on <= since:
        raise UnknownError(
            f"Nothing can change from {since} to {on}. Give an earlier day first, then a later one."
        )
    today = store.now().date()
    if on > today:
        raise UnknownError(
            f"{on} is still to come, and a progress report rebuilds both days from the ledger. Choose today, "
            f"{today}, or an earlier day."
        )
    then, now = standing_at(store, assessment, since), standing_at(store, assessment, on)
    names = {each.id: each.name for each in store.find(Person)}
    lead = assessment.lead or ""
    facts = [
        (say("Period"), f"{say.day(since)} \u2013 {say.day(on)}"),
        (say("Assessment at the beginning"), _told(then, say)),
        (say("Assessment at the end"), _told(now, say)),
    ]
    sections = (
        _summary(then, now, say),
        _scores(then, now, say),
        _gaps(then, now, say),
        _burn_down(store, then, now, say),
        _actions(then, now, names, say),
        _limits(say),
    )
    return framed(
        store,
        store.get(Unit, assessment.unit),
        marks or Marks(made_by=names.get(lead, lead or "-")),
        title=say("Progress report"),
        subtitle=f"{say.text(assessment.title)}, {say.day(since)} \u2013 {say.day(on)}",
        facts=facts,
        sections=sections,
        notes=unfrozen_note(now.assessment, now.checklist, marks, say),
        say=say,
    )


def _told(past: Past, say: Words) -> str:
    return f"{past.assessment.ref}, {states(say)[past.assessment.status]}"


def _summary(then: Past, now: Past, say: Words) -> Section:
    closed, new = len(_closed(then, now)), len(_new(then, now))
    finished = [each for each in now.actions if each.status in DONE and _status(then, each) not in DONE]
    late = sum(each.overdue(now.on) for each in now.actions)
    figures = KeyFigures(
        (
            KeyFigure(value=say.number(closed), label=say("Gaps closed"), tone="good" if closed else ""),
            KeyFigure(value=say.number(new), label=say("New gaps"), tone="fair" if new else ""),
            KeyFigure(value=say.number(len(finished)), label=say("Actions done"), tone="good" if finished else ""),
            KeyFigure(value=say.number(late), label=say("Actions overdue"), tone="poor" if late else "good"),
        )
    )
    a, b = then.scores.whole, now.scores.whole
    rows = [
        _compared(say("Score"), say.percent(a.value), say.percent(b.value), _points(a.value, b.value, say)),
        _compared(
            say("Coverage"), say.percent(a.coverage), say.percent(b.coverage), _points(a.coverage, b.coverage, say)
        ),
        _compared(
            say("With evidence"),
            say.percent(a.evidence_share),
            say.percent(b.evidence_share),
            _points(a.evidence_share, b.evidence_share, say),
        ),
        _compared(say("Oldest evidence"), say.day(a.oldest), say.day(b.oldest), ""),
    ]
    for name, words in (("major", say("Major nonconformities")), ("minor", say("Minor nonconformities"))):
        before, after = a.results.get(name, 0), b.results.get(name, 0)
        rows.append(_compared(words, say.number(before), say.number(after), _signed(after - before, say)))
    for words, one, other in (
        (say("Documented, 0 to 5"), a.documented, b.documented),
        (say("Implemented, 0 to 5"), a.implemented, b.implemented),
    ):
        rows.append(_compared(words, say.number(one, digits=1), say.number(other, digits=1), ""))
    table = Table(columns=_then_now(say("Figure"), then, now, say), rows=tuple(rows))
    blocks: list[Block] = [figures, table, *coverage_warning(b, say)]
    apart = {each.key for each in now.checklist.items} ^ {each.key for each in then.checklist.items}
    if apart:
        told = say.plural(
            "{n} requirement is in only one of the two assessments; scores are not quite alike.",
            "{n} requirements are in only one of the two assessments; scores are not quite alike.",
            len(apart),
        )
        blocks.append(Note(title=say("Profile changed"), text=told))
    return Section(title=say("What changed"), blocks=tuple(blocks))


def _scores(then: Past, now: Past, say: Words) -> Section:
    before = {section_name(each, say): each.score for each in then.scores.sections}
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Score on {day}", day=then.on), align="right"),
        Column(title=say("Coverage"), align="right"),
        Column(title=say("Score on {day}", day=now.on), align="right"),
        Column(title=say("Coverage"), align="right"),
        Column(title=say("With evidence"), align="right"),
        Column(title=say("Oldest evidence")),
    )
    rows = []
    for each in now.scores.sections:
        name = section_name(each, say)
        rows.append(
            (Cell(name), *_pair(before.get(name), say), *_pair(each.score, say), *_evidence(each.score, say))
        )
    whole = now.scores.whole
    pairs = (*_pair(then.scores.whole, say), *_pair(whole, say), *_evidence(whole, say))
    rows.append((Cell(say("All requirements"), strong=True), *pairs))
    table = Table(columns=heads, rows=tuple(rows), caption=say("Score · coverage · evidence by clause"))
    return Section(title=say("Score then and now"), blocks=(table,))


def _gaps(then: Past, now: Past, say: Words) -> Section:
    assessed = [
        item
        for item in now.checklist.items
        if now.assessment.judgement(item.key).is_assessed and not then.assessment.judgement(item.key).is_assessed
    ]
    blocks: list[Block] = []
    for title, items in ((say("Gaps closed"), _closed(then, now)), (say("New gaps"), _new(then, now))):
        if items:
            blocks.append(_changes(items, then, now, say, caption=title))
    if not blocks:
        blocks.append(Paragraph(text=say("No gap was closed and none is new.")))
    left = [each for each in now.checklist.items if now.assessment.judgement(each.key).is_gap]
    gone = [
        each
        for each in now.checklist.items
        if then.assessment.judgement(each.key).is_gap and not now.assessment.judgement(each.key).is_assessed
    ]
    told = [
        say.plural("{n} gap is open.", "{n} gaps are open.", len(left)),
        say.plural("{n} requirement was newly assessed.", "{n} requirements were newly assessed.", len(assessed)),
    ]
    if gone:
        told.append(
            say.plural(
                "{n} earlier gap is not assessed anew yet.",
                "{n} earlier gaps are not assessed anew yet.",
                len(gone),
            )
        )
    return Section(title=say("Gaps closed and new"), blocks=(Paragraph(text=" ".join(told)), *blocks))


def _burn_down(store: Store, then: Past, now: Past, say: Words) -> Section:
    points = open_actions(store, now.assessment.unit, since=then.on, until=now.on)
    if not now.actions:
        told = say("No action was planned in this time.")
        return Section(title=say("Burn-down of actions"), blocks=(Paragraph(text=told),))
    return Section(title=say("Burn-down of actions"), blocks=(burn_down_chart(points, say=say),))


def _actions(then: Past, now: Past, names: dict[str, str], say: Words) -> Section:
    if not now.actions:
        return Section(title=say("Actions"), blocks=(Paragraph(text=say("There is no action.")),))
    heads = (
        Column(title=say("Id")),
        Column(title=say("Action")),
        Column(title=say("Owner")),
        Column(title=say("Due")),
        Column(title=say("Due before")),
        Column(title=say("Status on {day}", day=then.on)),
        Column(title=say("Status on {day}", day=now.on)),
    )
    order = sorted(now.actions, key=lambda each: (not each.overdue(now.on), each.due or date.max, each.ref))
    rows = tuple(
        (
            Cell(each.ref, strong=True),
            Cell(say.text(each.title)),
            Cell(names.get(each.owner or "", "-")),
            Cell(say.day(each.due)),
            Cell(", ".join(say.day(moved.due) for moved in each.previous_dues) or "-"),
            _then_cell(then, each, say),
            action_cell(each.status, say, overdue=each.overdue(now.on)),
        )
        for each in order
    )
    return Section(title=say("Actions"), blocks=(Table(columns=heads, rows=rows),))


def _limits(say: Words) -> Section:
    points = (
        say(
            "Both days are rebuilt from the ledger as the records were then; nothing was entered for this report."
        ),
        say("A gap is closed when an assessor judged it so; whether that lasts, an effectiveness review says."),
        say("A score is a help to compare the same unit over time; it ranks no units and no jurisdictions."),
    )
    return Section(title=say("Limits: what this report does not say"), blocks=(Points(points),))


def _closed(then: Past, now: Past) -> list[Item]:
    """Return what was a gap then, and conforms or does not apply now."""
    return [
        item
        for item in now.checklist.items
        if then.assessment.judgement(item.key).is_gap
        if now.assessment.judgement(item.key).result in ("conforms", "not_applicable")
    ]


def _new(then: Past, now: Past) -> list[Item]:
    return [
        item
        for item in now.checklist.items
        if now.assessment.judgement(item.key).is_gap and not then.assessment.judgement(item.key).is_gap
    ]


def _changes(items: Sequence[Item], then: Past, now: Past, say: Words, *, caption: str) -> Table:
    heads = (
        Column(title=say("Clause")),
        Column(title=say("Title")),
        Column(title=say.day(then.on)),
        Column(title=say.day(now.on)),
    )
    rows = tuple(
        (
            Cell(cited(item, say), strong=True),
            Cell(say(item.clause.title)),
            result_cell(then.assessment.judgement(item.key).result, say),
            result_cell(now.assessment.judgement(item.key).result, say),
        )
        for item in items
    )
    return Table(columns=heads, rows=rows, caption=caption)


def _then_now(first: str, then: Past, now: Past, say: Words) -> tuple[Column, ...]:
    return (
        Column(title=first),
        Column(title=say.day(then.on), align="right"),
        Column(title=say.day(now.on), align="right"),
        Column(title=say("Change"), align="right"),
    )


def _compared(words: str, before: str, after: str, change: str) -> tuple[Cell, ...]:
    return (Cell(words), Cell(before), Cell(after), Cell(change))


def _points(before: float | None, after: float | None, say: Words) -> str:
    """Return by how many points of a hundred a share changed."""
    if before is None or after is None:
        return ""
    return _signed(round(100 * after) - round(100 * before), say)


def _signed(change: int, say: Words) -> str:
    return f"+{say.number(change)}" if change > 0 else say.number(change)


def _pair(score: Score | None, say: Words) -> tuple[Cell, Cell]:
    if score is None:
        return Cell("-"), Cell("-")
    low: Tone = "fair" if score.warning is not None else ""
    return Cell(say.percent(score.value), low), Cell(say.percent(score.coverage), low)


def _evidence(score: Score, say: Words) -> tuple[Cell, Cell]:
    return Cell(say.percent(score.evidence_share)), Cell(say.day(score.oldest))


def _status(past: Past, action: Action) -> str:
    """Return the state that an action was in, or nothing if there was none yet."""
    return next((each.status for each in past.actions if each.id == action.id), "")


def _then_cell(past: Past, action: Action, say: Words) -> Cell:
    earlier = next((each for each in past.actions if each.id == action.id), None)
    if earlier is None:
        return Cell(say("New since"), "info")
    return action_cell(earlier.status, say, overdue=earlier.overdue(past.on))
