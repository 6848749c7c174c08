"""What came of bringing two stores together, as data and in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from qms.record import Id, Moment, Part

Result = Literal["added", "taken", "merged", "decided", "conflict", "refused"]
MEANINGS: dict[Result, str] = {
    "added": "new here",
    "taken": "taken over, changed there only",
    "merged": "brought together, changed on both sides",
    "decided": "brought together, with conflicts decided as asked",
    "conflict": "not written, because both sides changed the same thing",
    "refused": "not written, because it may not be",
}


class Said(Part):
    """What one side says, and who said so when.

    Attributes
    ----------
    value : object
        JSON value, or None if nothing stands there.
    words : str
    by : str
        Name of the person, or empty if it was edited by hand in the folder.
    at : datetime, optional
    """

    value: Any = None
    words: str
    by: str = ""
    at: Moment | None = None

    def sentence(self, where: str) -> str:
        """Return the words with where, when and by whom."""
        if self.at is None:
            return f"{self.words} {where} (edited by hand in the folder)"
        return f"{self.words} {where} (changed {self.at.day} {self.at:%B %Y} by {self.by})"


class Conflict(Part):
    """One place that was changed here and there, each differently.

    Attributes
    ----------
    at : str
        JSON pointer into the record.
    words : str
        The whole of it in a sentence.
    """

    at: str
    ours: Said
    theirs: Said
    words: str


class Outcome(Part):
    """What became of one record.

    Attributes
    ----------
    id, kind, ref : str
        The reference is the one that it has here.
    result : str
        A key of `MEANINGS`.
    words : tuple of str
        Sentences about it.
    conflicts : tuple of Conflict
    """

    id: Id
    kind: str
    ref: str
    result: Result
    words: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class MergeReport(Part):
    """What came of an import; false if a record was not written because of a conflict or a refusal.

    Attributes
    ----------
    head : str
        Of the ledger that came.
    loaded : bool
        Whether the store was empty and now is the same as the one that was exported.
    written : bool
        False for a trial, and where nothing was left to write.
    same, kept : int
        Records that both sides have alike, and those that changed only here.
    outcomes : tuple of Outcome
        All other records, in the order in which they were last changed there.
    history : str
        SHA-256 of the attached file that keeps the part of the other ledger that is not in this one, or empty.
    """

    head: str
    loaded: bool
    written: bool
    same: int
    kept: int
    outcomes: tuple[Outcome, ...] = ()
    history: str = ""

    def __bool__(self) -> bool:
        return not any(each.result in ("conflict", "refused") for each in self.outcomes)

    def lines(self) -> Iterator[str]:
        """Yield the report in plain words, what was not written last."""
        if self.loaded:
            yield f"The store was empty; it now holds what was exported at {self.head}."
        yield f"{self.same} records are alike on both sides, {self.kept} changed only here."
        for result, meaning in MEANINGS.items():
            found = [each for each in self.outcomes if each.result == result]
            if found:
                yield f"{len(found)} {meaning}:"
            for each in found:
                said = [*(conflict.words for conflict in each.conflicts), *each.words]
                yield from (f"  {line}" for line in said or [f"{each.kind} {each.ref}"])
        if not self.written:
            yield "Nothing was written."
