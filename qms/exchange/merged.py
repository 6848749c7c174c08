"""What a ledger remembers of the copies that were merged into it."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select

from qms import schema
from qms.exchange.text_folder import LARGEST_LINE, LINE
from qms.ledger import Event, Head, read_event

TOLD = re.compile(
    r"(?:.*, )?merged a copy with the head ([0-9]{1,15}):([0-9a-f]{64})"
    r"(?:, whose events that are not in this ledger are the file ([0-9a-f]{64}))?",
    re.DOTALL,
)
ACT = '"act":"merge"'
"""Stands in the text of every event of a merge."""
LARGEST_HISTORY = 2 * 1024**3
"""Bytes of a kept history that are looked through; a file that somebody else made may unpack to any size."""


class Merged(NamedTuple):
    """A copy that was merged; its text ends the reason of the events that wrote what came from it.

    Attributes
    ----------
    head : Head
        Of the ledger of the copy.
    file : str
        SHA-256 of the attached file that keeps the part of that ledger which is not in this one, or empty.

    Examples
    --------
    >>> Merged(Head(7, "b" * 64)).after("from Skopje")[:48]
    'from Skopje, merged a copy with the head 7:bbbbb'
    """

    head: Head
    file: str = ""

    def after(self, why: str) -> str:
        """Return the reason of a change that merges the copy: what a person says, and then this."""
        kept = f"whose events that are not in this ledger are the file {self.file}" if self.file else ""
        return ", ".join(filter(None, (why.strip(), f"merged a copy with the head {self.head}", kept)))


def merged_from(event: Event) -> Merged | None:
    """Return the copy that an event took a record over from, if it did.

    Notes
    -----
    Only the very end of the reason counts: what a person said stands before it.
    """
    found = TOLD.fullmatch(event.why) if event.act == "merge" else None
    return Merged(Head(int(found[1]), found[2]), found[3] or "") if found else None


def merges(connection: Connection) -> Iterator[tuple[int, Merged | None]]:
    """Yield every copy that was merged into a store; see `merges_in`."""
    body = schema.event.c.body
    query = select(body).where(body.contains(ACT, autoescape=True)).order_by(schema.event.c.seq)
    return merges_in(connection.execute(query).scalars())


def merges_in(bodies: Iterable[str]) -> Iterator[tuple[int, Merged | None]]:
    """Yield every copy that events tell of, once for each change, with the number of its last event.

    Parameters
    ----------
    bodies : iterable of str
        Events as they are kept, in their order; those without `ACT` in them tell of none.

    Notes
    -----
    A change that names no copy was made by a program that called `qms.change.Change.merge_all` itself: None. An
    event that cannot be read is left out; `qms.verification` says what is wrong with it.
    """
    found: dict[str, tuple[int, Merged | None]] = {}
    for each in bodies:
        with suppress(ValueError, TypeError):
            event = read_event(each)
            if event.act == "merge":
                found[event.change] = event.seq, merged_from(event)
    yield from found.values()


def told_in(history: Path) -> Iterator[Merged]:
    """Yield every copy that was merged into the ledger of which a file keeps a part.

    Parameters
    ----------
    history : Path
        As a merge keeps it: gzipped lines of events. Whatever else a file holds tells of no copy.
    """
    left = LARGEST_HISTORY
    with suppress(OSError, EOFError, zlib.error), gzip.open(history) as lines:
        while left > 0 and (line := lines.readline(LARGEST_LINE)):
            left -= len(line)
            found = LINE.fullmatch(line) if ACT.encode() in line else None
            if found:
                with suppress(ValueError, TypeError):
                    merged = merged_from(read_event(found[1]))
                    if merged is not None:
                        yield merged
