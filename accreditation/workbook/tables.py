"""The tables of a workbook: checklist, gaps, actions, evidence and glossary, with their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openpyxl.utils import get_column_letter

from accreditation import wording
from accreditation.assessments.assessment import Judgement
from accreditation.assessments.profile import Item
from accreditation.gaps import Situation
from accreditation.issue import Issue
from accreditation.language import Words
from accreditation.workbook import columns, layout
from accreditation.workbook.cells import BETWEEN, judged_cells
from accreditation.workbook.columns import ACTIONS, CHECKLIST, EVIDENCE, GAPS, Column
from qms.actions.action import Action
from qms.evidence.evidence import Evidence
from qms.evidence.standing import counts_for
from qms.lifecycle import Signed
from qms.organisation import Person, name_of
from qms.record import LANGUAGES

Row = dict[str, Any]
Glossary = Mapping[str, Mapping[str, Sequence[str]]]
"""Words for each term by language."""


def checklist_rows(situation: Situation, say: Words) -> Iterator[Row]:
    """Yield the rows of the checklist, one for each requirement; results by their codes."""
    people, own = situation.related.values(), Words(say.tags[:1])
    for item, judgement in situation.judged():
        clause = item.clause
        yield {
            "key": item.key,
            "standard": say(item.standard.source),
            "clause": clause.id,
            "title": say(clause.title),
            "question": say(clause.question),
            "asks": say(clause.asks),
            "hints": "\n".join(say(each) for each in clause.evidence),
            "gate": say("gate") if clause.gate else "",
            "weight": item.weight,
            **judged_cells(judgement, situation.related, own),
            "assessor": _signature(judgement.judged, people, say),
            "reviewer": _signature(judgement.reviewed, people, say),
            "note": _note(item, judgement, say),
        }


def _signature(signed: Signed | None, people: Any, say: Words) -> str:
    return f"{name_of(signed.by, people)}, {say.day(signed.at.date())}" if signed else ""


def _note(item: Item, judgement: Judgement, say: Words) -> str:
    told = []
    if judgement.stale:
        told.append(say("carried over from an earlier edition, to be confirmed"))
    if judgement.seen and judgement.seen != item.clause.sha256:
        told.append(say("the words of the requirement changed since it was judged"))
    return BETWEEN.join(told)


def put_checklist(sheet: Any, rows: Sequence[Row], offered: Mapping[str, str], say: Words, *, mark: str) -> None:
    """Write the checklist, with drop-downs and colours."""
    names, heads = wording.results(say), columns.headers("checklist", say)
    told = [_as_chosen(row, names) for row in rows]
    last = layout.put_table(sheet, "checklist", CHECKLIST, heads, told)
    span, at = (layout.FIRST, max(last, layout.FIRST)), _letters(CHECKLIST)
    error = say("Choose one of the list.")
    layout.offer(sheet, at["result"], span, offered["results"], title=heads["result"], prompt="", error=error)
    prompt = ", ".join(f"{level} {meaning}" for level, meaning in wording.levels(say).items())
    for axis in ("documented", "implemented"):
        layout.offer(sheet, at[axis], span, '"0,1,2,3,4,5"', title=heads[axis], prompt=prompt, error=error)
        layout.colour_levels(sheet, at[axis], span[1])
    layout.colour(sheet, at["result"], span[1], names, layout.COLOURS)
    layout.finish(sheet, last=last, frozen=f"{at['question']}{layout.FIRST}", mark=mark)


def _as_chosen(row: Row, names: Mapping[str, str]) -> Row:
    levels = {axis: int(row[axis]) if row[axis] else None for axis in ("documented", "implemented")}
    return {**row, "result": names[row["result"]], **levels}


def put_gaps(sheet: Any, situation: Situation, found: Sequence[Issue], say: Words) -> None:
    """Write what stands in the way, or that nothing does."""
    names = wording.issue_levels(say)
    rows = [
        {
            "level": names[each.level],
            "requirement": wording.cited_clause(each.clause, say),
            "title": say(situation.checklist.by_key[each.key].clause.title) if each.key else "",
            "why": say.reason(each.why),
            "to_do": say.reason(each.what_to_do),
            "ref": each.ref,
        }
        for each in found
    ]
    rows = rows or [{"why": say("Nothing stands in the way.")}]
    last = layout.put_table(sheet, "gaps", GAPS, columns.headers("gaps", say), rows)
    layout.colour(sheet, "A", last, names, layout.URGENCY)
    layout.finish(sheet, last=last, frozen=f"C{layout.FIRST}", mark=situation.assessment.ref)


def action_rows(situation: Situation, say: Words) -> Iterator[Row]:
    """Yield the actions that came out of judgements, once for each requirement."""
    purposes, states = wording.action_purposes(say), wording.states(say)
    owners = {each.id: each.ref for each in situation.of(Person)}
    for item, judgement in situation.judged():
        for tied in judgement.actions:
            action = situation.related.get(tied)
            if isinstance(action, Action):
                yield {
                    "ref": action.ref,
                    "requirement": item.key,
                    "title": say.text(action.title),
                    "owner": owners.get(action.owner or "", ""),
                    "start": action.start,
                    "due": action.due,
                    "cost": float(action.cost.amount) if action.cost else None,
                    "currency": action.cost.currency if action.cost else "",
                    "purpose": purposes[action.purpose],
                    "state": states[action.status],
                }


def put_actions(sheet: Any, rows: Sequence[Row], offered: Mapping[str, str], say: Words, *, mark: str) -> None:
    """Write the actions, locked, and empty rows for new ones."""
    heads, at = columns.headers("actions", say), _letters(ACTIONS)
    last = layout.put_table(sheet, "actions", ACTIONS, heads, rows, opened=False)
    span = (last + 1, last + layout.SPARE)
    for row in range(span[0], span[1] + 1):
        layout.put_row(sheet, row, ACTIONS, {}, opened=True)
    error = say("Choose one of the list.")
    for column, source in (("requirement", "keys"), ("owner", "owners"), ("purpose", "purposes")):
        layout.offer(sheet, at[column], span, offered[source], title=heads[column], prompt="", error=error)
    for column in ("start", "due"):
        layout.demand(sheet, at[column], span, "date", "1", error=say("Enter a day."))
    layout.demand(sheet, at["cost"], span, "decimal", "0", error=say("Enter an amount."))
    layout.demand(
        sheet,
        at["currency"],
        span,
        "textLength",
        "3",
        error=say("Enter a currency by three letters, such as EUR."),
    )
    layout.finish(sheet, last=last, frozen=f"{at['owner']}{layout.FIRST}", mark=mark)


def put_evidence(sheet: Any, situation: Situation, say: Words) -> None:
    """Write the unit's evidence, or that there is none."""
    cited: dict[str, list[str]] = {}
    for item, judgement in situation.judged():
        for link in judgement.evidence:
            cited.setdefault(link.target, []).append(wording.cited(item, say))
    states, people = wording.states(say), {each.id: each.name for each in situation.of(Person)}
    rows = []
    for each in situation.of(Evidence):
        standing = counts_for(each, situation.on)
        rows.append(
            {
                "ref": each.ref,
                "title": say.text(each.title),
                "begin": each.effective_from,
                "end": each.effective_to,
                "expires": each.expires,
                "state": states[standing.state],
                "against": BETWEEN.join(say.reason(reason) for reason in standing.reasons),
                "owner": people.get(each.owner or "", ""),
                "cited": BETWEEN.join(cited.get(each.id, ())),
            }
        )
    rows = rows or [{"title": say("There is no evidence yet.")}]
    last = layout.put_table(sheet, "evidence", EVIDENCE, columns.headers("evidence", say), rows)
    layout.colour(sheet, _letters(EVIDENCE)["state"], last, states, layout.STANDING)
    layout.finish(sheet, last=last, frozen=f"C{layout.FIRST}", mark=situation.assessment.ref)


def put_glossary(sheet: Any, glossary: Glossary, say: Words, *, mark: str) -> None:
    """Write the words for each term, a column for each language that says more than the term itself."""
    known = {tag for term, words in glossary.items() for tag, said in words.items() if list(said) != [term]}
    tags = [tag for tag in LANGUAGES if tag in known]
    wanted = [Column("term", 24), *(Column(tag, 36) for tag in tags)]
    heads = {"term": say("Term"), **{tag: LANGUAGES[tag] for tag in tags}}
    rows = [
        {"term": term, **{tag: ", ".join(words.get(tag, ())) for tag in tags}} for term, words in glossary.items()
    ]
    last = layout.put_table(sheet, "glossary", wanted, heads, rows)
    layout.finish(sheet, last=last, frozen=f"B{layout.FIRST}", mark=mark)


def _letters(wanted: Sequence[Column]) -> dict[str, str]:
    return {each.id: get_column_letter(place) for place, each in enumerate(wanted, 1)}
