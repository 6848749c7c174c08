"""The kinds of records that a store of this package keeps."""

from __future__ import annotations

from qms.actions.action import Action, depends_in_circle
from qms.actions.cycle import ACTION
from qms.audits.audit import AUDIT, Audit
from qms.audits.programme import PROGRAMME, Programme
from qms.complaints import COMPLAINT, Complaint
from qms.documents.approval import REVISION
from qms.documents.document import DOCUMENT, Document
from qms.documents.receipts import RECEIPT, Receipt
from qms.documents.revision import Revision
from qms.evidence import EVIDENCE, Evidence
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
