"""The numbered sections of a written procedure, manual or policy, from a DOCX, PDF, Markdown or plain text file.

`read_sections` reads them offline and within `Limits`; a `Section` carries the hash of its words, so that the same
section can be recognised, or seen to have changed, in the next revision.
"""

from __future__ import annotations

from qms.sections.reading import read_sections
from qms.sections.section import LIMITS, Limits, Section

__all__ = ["LIMITS", "Limits", "Section", "read_sections"]
