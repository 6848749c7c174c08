"""What a workbook held when it was written: a hidden sheet by which later edits are told from what was there.

The sheet is taken for no more than what it is: its hash shows that it was damaged or sorted, not who did it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accreditation.errors import Problem, WorkbookError
from accreditation.workbook.cells import plain_text
from accreditation.workbook.columns import READ
from accreditation.workbook.tongues import are_known
from qms.record import canonical, is_id, sha256

SHEET = "_exported"
FORMAT = "1"
"""Version of the form of workbooks."""
_MARK = "assessment workbook"
_EXPORT_ANEW = "Export the assessment anew and enter your edits there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was exported.

    Attributes
    ----------
    assessment, ref : str
        Id and reference.
    version : int
        Of the assessment.
    head : str
        Last event of the ledger then.
    tags : tuple of str
        Languages that the workbook is in; people's words are edited in the first one.
    rows : mapping of (str, str) to tuple of str
        What the cells of a row held, as plain text in the order of the columns, by sheet and id of the row.
    """

    assessment: str
    ref: str
    version: int
    head: str
    tags: tuple[str, ...]
    rows: Mapping[tuple[str, str], tuple[str, ...]]

    def cells(self, sheet: str, key: str) -> Mapping[str, str]:
        """Return what a row held, by column."""
        return dict(zip((each.id for each in READ[sheet]), self.rows[sheet, key], strict=True))

    def keys(self, sheet: str) -> list[str]:
        """Return the ids of the rows of a sheet."""
        return [key for name, key in self.rows if name == sheet]

    def lines(self) -> Iterator[Sequence[str]]:
        """Yield the rows of the hidden sheet."""
        head = (self.assessment, self.ref, str(self.version), self.head, " ".join(self.tags))
        body = [(sheet, key, *values) for (sheet, key), values in self.rows.items()]
        yield (_MARK, FORMAT, *head, _hash([head, *body]))
        yield from body


def read_snapshot(grid: Sequence[tuple[int, Sequence[Any]]], refused: str) -> Snapshot:
    """Return what the hidden sheet says.

    Parameters
    ----------
    grid : sequence of (int, sequence)
        Its rows with their numbers.
    refused : str
        First line of the error.

    Raises
    ------
    WorkbookError
        If it was altered, or written by another version of this program.
    """
    lines = [[plain_text(each) for each in values] for _, values in grid]
    first = lines[0] if lines else []
    if first[:1] != [_MARK]:
        raise _refused(refused, "the hidden sheet does not begin as it was written", _EXPORT_ANEW)
    if first[1:2] != [FORMAT]:
        what = f"it has the form {''.join(first[1:2]) or '-'}; this program reads the form {FORMAT}"
        raise _refused(refused, what, "Export the assessment anew with this version of the program")
    head, told = first[2:7], first[7:8]
    body = [_filled(each) for each in lines[1:]]
    if told != [_hash([head, *body])] or not _is_sound(head, body):
        raise _refused(refused, "the hidden sheet was altered since it was written", _EXPORT_ANEW)
    assessment, ref, version, ledger, tags = head
    return Snapshot(
        assessment=assessment,
        ref=ref,
        version=int(version),
        head=ledger,
        tags=tuple(tags.split()),
        rows={(each[0], each[1]): tuple(each[2:]) for each in body},
    )


def _filled(line: Sequence[str]) -> list[str]:
    width = 2 + len(READ.get("".join(line[:1]), ()))
    return [*line[:width], *[""] * (width - len(line))]


def _is_sound(head: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    ids = [(each[0], each[1]) for each in body]
    return (
        len(head) == 5
        and is_id(head[0])
        and head[2].isdecimal()
        and are_known(tuple(head[4].split()))
        and all(sheet in READ for sheet, _ in ids)
        and len(ids) == len(set(ids))
    )


def _hash(lines: Sequence[Sequence[str]]) -> str:
    return sha256(canonical([list(each) for each in lines]))


def _refused(refused: str, what: str, fix: str) -> WorkbookError:
    return WorkbookError(refused, [Problem("hidden sheet", what, fix)])
