"""The kinds of records that a store of this package keeps."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from qms.actions.action import Action, depends_in_circle
from qms.actions.cycle import ACTION
from qms.audits.audit import AUDIT, Audit
from qms.audits.programme import PROGRAMME, Programme
from qms.complaints import COMPLAINT, Complaint
from qms.documents.approval import REVISION
from qms.documents.document import DOCUMENT, Document
from qms.documents.receipts import RECEIPT, Receipt
from qms.documents.revision import Revision
from qms.evidence.cycle import EVIDENCE
from qms.evidence.evidence import Evidence
from qms.findings.cycle import FINDING
from qms.findings.finding import Finding
from qms.lifecycle import Kind
from qms.organisation import Person, Unit

KINDS = (
    Kind(Unit),
    Kind(Person),
    Kind(Finding, FINDING),
    Kind(Action, ACTION, depends_in_circle),
    Kind(Document, DOCUMENT),
    Kind(Revision, REVISION),
    Kind(Receipt, RECEIPT),
    Kind(Evidence, EVIDENCE),
    Kind(Programme, PROGRAMME),
    Kind(Audit, AUDIT),
    Kind(Complaint, COMPLAINT),
)
LISTED_BY = {kind.name: f"qms {kind.name} list" for kind in KINDS} | {
    "programme": "qms audit programme list",
    "revision": "qms document show",
    "receipt": "qms document show",
}
"""Kind of record to the command that shows what there is of it."""


@cache
def known_kinds() -> tuple[Kind, ...]:
    """Return the kinds that a store of the command keeps: those here, and what packages on top of this one add.

    Notes
    -----
    A package adds kinds by an entry point of the group ``qms.kinds`` that names a sequence of `Kind`.
    """
    kinds = {kind.name: kind for kind in KINDS}
    for point in entry_points(group="qms.kinds"):
        kinds |= {kind.name: kind for kind in point.load()}
    return tuple(kinds.values())
