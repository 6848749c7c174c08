"""The columns of the sheets: which there are, how wide, which a person fills in, and what their headers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from accreditation.language import Words


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet.

    Attributes
    ----------
    id : str
        Its name in the hidden row by which it is found again.
    width : int
        In letters.
    is_edited : bool
        Whether a person fills it in.
    holds : str
        ``"text"``, ``"number"``, ``"day"`` or ``"amount"``.
    """

    id: str
    width: int
    is_edited: bool = False
    holds: Literal["text", "number", "day", "amount"] = "text"


CHECKLIST = (
    Column("key", 22),
    Column("standard", 19),
    Column("clause", 8),
    Column("title", 26),
    Column("question", 38),
    Column("asks", 38),
    Column("hints", 32),
    Column("gate", 7),
    Column("weight", 8, holds="number"),
    Column("result", 18, is_edited=True),
    Column("documented", 12, is_edited=True, holds="number"),
    Column("implemented", 12, is_edited=True, holds="number"),
    Column("justification", 42, is_edited=True),
    Column("evidence", 20, is_edited=True),
    Column("assessor", 16),
    Column("reviewer", 16),
    Column("note", 26),
)
ACTIONS = (
    Column("ref", 15),
    Column("requirement", 24, is_edited=True),
    Column("title", 44, is_edited=True),
    Column("owner", 16, is_edited=True),
    Column("start", 12, is_edited=True, holds="day"),
    Column("due", 12, is_edited=True, holds="day"),
    Column("cost", 12, is_edited=True, holds="amount"),
    Column("currency", 10, is_edited=True),
    Column("purpose", 20, is_edited=True),
    Column("state", 14),
)
GAPS = (
    Column("level", 12),
    Column("requirement", 26),
    Column("title", 32),
    Column("why", 56),
    Column("to_do", 56),
    Column("ref", 15),
)
EVIDENCE = (
    Column("ref", 15),
    Column("title", 44),
    Column("begin", 12, holds="day"),
    Column("end", 12, holds="day"),
    Column("expires", 12, holds="day"),
    Column("state", 14),
    Column("against", 44),
    Column("owner", 18),
    Column("cited", 30),
)
READ: Mapping[str, tuple[Column, ...]] = {"checklist": CHECKLIST, "actions": ACTIONS}
"""The sheets that are read back."""
NEW = tuple(each.id for each in ACTIONS if each.is_edited)
"""What a person fills in to plan an action."""
JUDGED = tuple(each.id for each in CHECKLIST if each.is_edited)
"""What a person fills in to judge a requirement."""


def titles(say: Words) -> Mapping[str, str]:
    """Return the titles of the sheets."""
    return {
        "overview": say("Overview"),
        "checklist": say("Checklist"),
        "gaps": say("Gaps"),
        "actions": say("Actions"),
        "evidence": say("Evidence"),
        "glossary": say("Glossary"),
    }


def headers(sheet: str, say: Words) -> Mapping[str, str]:
    """Return the headers of a sheet by the id of the column."""
    return {"checklist": _checklist, "actions": _actions, "gaps": _gaps, "evidence": _evidence}[sheet](say)


def _checklist(say: Words) -> Mapping[str, str]:
    return {
        "key": say("Id"),
        "standard": say("Standard"),
        "clause": say("Clause"),
        "title": say("Subject"),
        "question": say("Question"),
        "asks": say("What it asks"),
        "hints": say("Typical evidence"),
        "gate": say("Gate"),
        "weight": say("Weight"),
        "result": say("Result"),
        "documented": say("Documented (0-5)"),
        "implemented": say("Implemented (0-5)"),
        "justification": say("Justification"),
        "evidence": say("References of the evidence"),
        "assessor": say("Assessor"),
        "reviewer": say("Reviewer"),
        "note": say("To be looked at"),
    }


def _actions(say: Words) -> Mapping[str, str]:
    return {
        "ref": say("Reference"),
        "requirement": say("Id of the requirement"),
        "title": say("What is to be done"),
        "owner": say("Owner"),
        "start": say("Start"),
        "due": say("Due"),
        "cost": say("Cost"),
        "currency": say("Currency"),
        "purpose": say("Purpose"),
        "state": say("State"),
    }


def _gaps(say: Words) -> Mapping[str, str]:
    return {
        "level": say("Level"),
        "requirement": say("Clause"),
        "title": say("Subject"),
        "why": say("Why"),
        "to_do": say("What to do"),
        "ref": say("Reference"),
    }


def _evidence(say: Words) -> Mapping[str, str]:
    return {
        "ref": say("Reference"),
        "title": say("Title"),
        "begin": say("Speaks for, from"),
        "end": say("Speaks for, to"),
        "expires": say("Expires"),
        "state": say("State"),
        "against": say("Why it does not count"),
        "owner": say("Owner"),
        "cited": say("Cited for"),
    }
