"""The words and colours of results, states, priorities and marks in reports."""

from __future__ import annotations

from collections.abc import Mapping

from accreditation.assessments.assessment import Judgement
from accreditation.assessments.profile import Item
from accreditation.language import Words
from accreditation.report.blocks import Cell, Tone
from accreditation.wording import issue_levels, results, states

RESULT_TONES: Mapping[str, Tone] = {
    "conforms": "good",
    "minor": "fair",
    "major": "poor",
    "not_applicable": "quiet",
    "not_assessed": "quiet",
}
LEVEL_TONES: Mapping[str, Tone] = {"blocker": "poor", "warning": "fair", "note": "info"}
PRIORITIES = ("high", "medium", "low")
PRIORITY_TONES: Mapping[str, Tone] = {"high": "poor", "medium": "fair", "low": "quiet"}
ACTION_TONES: Mapping[str, Tone] = {
    "in_progress": "info",
    "blocked": "poor",
    "done": "info",
    "verified": "good",
    "effective": "good",
    "not_effective": "poor",
    "reopened": "fair",
    "cancelled": "quiet",
}
HEAVY = 3
"""Weight from which a minor nonconformity has medium priority."""


def result_cell(result: str, say: Words) -> Cell:
    """Return a result in words and colour."""
    return Cell(results(say)[result], RESULT_TONES[result])


def level_cell(level: str, say: Words) -> Cell:
    """Return how grave an issue is, in words and colour."""
    return Cell(issue_levels(say)[level], LEVEL_TONES[level])


def priority_of(item: Item, judgement: Judgement) -> str:
    """Return how urgent a gap is: high for gates and major ones, else by the weight of the requirement."""
    if judgement.result == "major" or (item.clause.gate and judgement.is_gap):
        return "high"
    return "medium" if judgement.is_gap and item.weight >= HEAVY else "low"


def priority_cell(priority: str, say: Words) -> Cell:
    """Return a priority in words and colour."""
    told = {"high": say("High"), "medium": say("Medium"), "low": say("Low")}
    return Cell(told[priority], PRIORITY_TONES[priority])


def action_cell(status: str, say: Words, *, overdue: bool = False) -> Cell:
    """Return the state of an action in words and colour."""
    told = states(say)[status]
    told = told[:1].upper() + told[1:]
    late = say("overdue")
    return Cell(f"{told}; {late}", "poor") if overdue else Cell(told, ACTION_TONES.get(status, ""))


def status_word(status: str, say: Words) -> str:
    """Return the mark of a draft or a final report."""
    return {"draft": say("Draft"), "final": say("Final")}[status]


def confidentiality_word(mark: str, say: Words) -> str:
    """Return the mark that says who may read a report."""
    return {
        "public": say("Public"),
        "internal": say("Internal"),
        "confidential": say("Confidential"),
        "restricted": say("Restricted"),
    }[mark]


def fate_word(fate: str, say: Words) -> str:
    """Return what becomes of a judgement under another edition."""
    return {
        "carried": say("Carried over"),
        "to confirm": say("To be confirmed"),
        "to assess": say("To be assessed"),
        "withdrawn": say("No longer asked for"),
    }[fate]
