"""Records that a crime scene unit keeps, with the memory of every change.

`open_store` opens a store; `Store.change` writes to it; the kinds of records have a package or a module each.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qms.actions.action import Action
    from qms.audits.audit import Audit
    from qms.audits.programme import Programme
    from qms.complaints import Complaint
    from qms.documents.document import Document
    from qms.documents.revision import Revision
    from qms.evidence.evidence import Evidence
    from qms.findings.finding import Finding
    from qms.organisation import Person, Unit
    from qms.record import Record, Text
    from qms.store import Store, open_store

__all__ = [
    "Action",
    "Audit",
    "Complaint",
    "Document",
    "Evidence",
    "Finding",
    "Person",
    "Programme",
    "Record",
    "Revision",
    "Store",
    "Text",
    "Unit",
    "open_store",
]

_HOMES = {
    "qms.actions.action": ("Action",),
    "qms.audits.audit": ("Audit",),
    "qms.audits.programme": ("Programme",),
    "qms.complaints": ("Complaint",),
    "qms.documents.document": ("Document",),
    "qms.documents.revision": ("Revision",),
    "qms.evidence.evidence": ("Evidence",),
    "qms.findings.finding": ("Finding",),
    "qms.organisation": ("Person", "Unit"),
    "qms.record": ("Record", "Text"),
    "qms.store": ("Store", "open_store"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'qms' has no attribute {name!r}")
