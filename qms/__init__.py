"""Records that a crime scene unit keeps, with the memory of every change.

`open_store` opens a store; `Store.change` writes to it; the kinds of records have a module each.
"""

from __future__ import annotations

from qms.organisation import Person, Unit
from qms.record import Record, Text
from qms.store import Store, open_store

__all__ = ["Person", "Record", "Store", "Text", "Unit", "open_store"]
