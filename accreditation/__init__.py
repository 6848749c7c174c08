"""Standards as data, assessments against them, and how ready a unit is; on top of the records of `qms`.

`Profile` says what is assessed, `begin` opens an `Assessment` in a store that keeps `KINDS`, `judge` fills it,
`issues` says what stands in the way; `needs_assessment` and `write_report` tell of it in
the `words` of a language.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accreditation.assessments.assessment import Assessment, Judgement
    from accreditation.assessments.judging import begin, checklist_of, judge
    from accreditation.assessments.profile import Checklist, Profile
    from accreditation.gaps import Situation, issues
    from accreditation.kinds import KINDS
    from accreditation.language import words
    from accreditation.report.needs import needs_assessment
    from accreditation.report.output import write_report
    from accreditation.standards import standard

__all__ = [
    "KINDS",
    "Assessment",
    "Checklist",
    "Judgement",
    "Profile",
    "Situation",
    "begin",
    "checklist_of",
    "issues",
    "judge",
    "needs_assessment",
    "standard",
    "words",
    "write_report",
]

_HOMES = {
    "accreditation.assessments.assessment": ("Assessment", "Judgement"),
    "accreditation.assessments.judging": ("begin", "checklist_of", "judge"),
    "accreditation.assessments.profile": ("Checklist", "Profile"),
    "accreditation.gaps": ("Situation", "issues"),
    "accreditation.kinds": ("KINDS",),
    "accreditation.language": ("words",),
    "accreditation.report.needs": ("needs_assessment",),
    "accreditation.report.output": ("write_report",),
    "accreditation.standards": ("standard",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'accreditation' has no attribute {name!r}")
