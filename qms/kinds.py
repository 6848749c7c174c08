"""The kinds of records that a store of this package keeps."""

from __future__ import annotations

from qms.lifecycle import Kind
from qms.organisation import Person, Unit

KINDS = (
    Kind(Unit),
    Kind(Person),
)
