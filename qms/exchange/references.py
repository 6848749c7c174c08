"""What the records of a copy are to be called here, where another record may have the reference already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from qms.errors import RecordError
from qms.exchange.loading import Mark
from qms.keeping import next_in
from qms.record import Record, mentioned

R = TypeVar("R", bound=Record)

ONLY_ONE = {
    "revision": "draft the next one here with its file ('qms document revise {parent}') if it says more",
    "receipt": "nothing has to be done, since it says the same",
}
"""Kind of a record that is called after another one to what to do where each copy made one of the same name."""


class References:
    """The references of a store and those that a copy uses for the same records.

    Parameters
    ----------
    held : iterable of tuple of str
        Id, kind, unit and reference of every record here.
    marks : mapping of str to Mark
        Records of the copy by id.
    """

    def __init__(self, held: Iterable[tuple[str, str, str, str]], marks: Mapping[str, Mark]) -> None:
        self.marks = marks
        self.called: dict[str, str] = {}
        self.holders: dict[tuple[str, str, str], str] = {}
        for record, kind, unit, ref in held:
            self.called[record] = ref
            self.holders[kind, unit, ref] = record

    def following(self, value: Mapping[str, Any], kind: str) -> str:
        """Return what a record that is new here is called, given as JSON values.

        Notes
        -----
        A record that is called after another one which it names, such as ``SOP-001.en.r2``, follows what that one
        is called here.

        Raises
        ------
        RecordError
            If another record is called so, and it cannot be called otherwise.
        """
        ref = str(value["ref"])
        parent = next((each for each in mentioned(value) if self._named_after(ref, each)), None)
        if parent is None:
            return ref
        ref = self.called[parent] + ref.removeprefix(self.marks[parent].ref)
        if (kind, value["unit"], ref) in self.holders:
            do = ONLY_ONE.get(kind, "bring over by hand what the one here lacks").format(
                parent=self.called[parent]
            )
            raise RecordError(
                f"both copies made a {kind} {ref}, each its own, and only one can be called so. "
                f"The one that is here stays; {do}"
            )
        return ref

    def given(self, record: R) -> R:
        """Return a record with a reference that is its own from now on: its own one, or else the next free one.

        Raises
        ------
        RecordError
            If another record has its reference and no free one follows from it.
        """
        if self.holders.get((record.kind, record.unit, record.ref), record.id) != record.id:
            record = self._renamed(record)
        self.holders.pop((record.kind, record.unit, self.called.get(record.id, record.ref)), None)
        self.holders[record.kind, record.unit, record.ref] = record.id
        self.called[record.id] = record.ref
        return record

    def _named_after(self, ref: str, parent: str) -> bool:
        mark = self.marks.get(parent)
        return mark is not None and parent in self.called and ref.startswith(f"{mark.ref}.")

    def _renamed(self, record: R) -> R:
        assert record.created is not None
        series = record.series(record.created.year)
        if record.kind == "unit" or not series.endswith("-"):
            raise RecordError(
                f"there is another {record.kind} {record.ref} here, under another id, and no free one follows "
                "from it. Give one of the two another reference."
            )
        taken = [ref for kind, unit, ref in self.holders if (kind, unit) == (record.kind, record.unit)]
        labels = tuple(dict.fromkeys((*record.labels, f"was {record.ref}")))
        return record.revised(ref=next_in(series, taken), labels=labels)
