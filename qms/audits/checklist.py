"""Parts of an audit: the areas it looks at, its samples and the lines of its checklist."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qms.audits.sampling import Sample
from qms.record import Day, Id, Part, Requirement, Text

Key = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s/]+$")]
"""Short name of an area, such as ``7.1@AL-TIR``; the programme and its audits share it."""
Answer = Literal["conforms", "nonconforms", "observation", "not_applicable", "not_looked_at"]


class AuditedArea(Part):
    """An area as one audit looks at it.

    Attributes
    ----------
    key : str
        That of the programme's area, if there is one.
    title : Text
    site : str
    auditees : tuple of str
        Ids of the people who are responsible for the area.
    records : tuple of str
        Ids of the area's documents, actions and other records that the audit looks at; who owns one of them does
        not audit the area.
    """

    key: Key
    title: Text | None = None
    site: Annotated[str, Field(max_length=60)] = ""
    auditees: tuple[Id, ...] = ()
    records: tuple[Id, ...] = ()


class AuditSample(Part):
    """A sample that lines of the checklist refer to by its name, such as ``S1``."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    of: Text
    sample: Sample


class ChecklistLine(Part):
    """One question of an audit, its answer and what the answer rests on.

    Attributes
    ----------
    n : int
        Number, from 1.
    requirement : Requirement
    question : Text
    area : str
        Key of the area, or empty when the line is about all of them.
    answer : str
        ``not_looked_at`` until somebody answers; a line may stay so with a note that says why.
    evidence : Text or None
        What was seen, heard or read.
    sample : str
        Name of a sample of the audit, or empty.
    findings : tuple of str
        Ids of the findings that came out of the line.
    note : str
    """

    n: Annotated[int, Field(ge=1)]
    requirement: Requirement
    question: Text
    area: Annotated[str, Field(max_length=60)] = ""
    answer: Answer = "not_looked_at"
    evidence: Text | None = None
    sample: Annotated[str, Field(max_length=20)] = ""
    findings: tuple[Id, ...] = ()
    note: Annotated[str, Field(max_length=4000)] = ""


class PlannedDates(Part):
    """Days that an audit was planned for once; kept when it moves."""

    planned_from: Day
    planned_to: Day
