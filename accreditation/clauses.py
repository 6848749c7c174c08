"""A clause of a standard: its number, our own words for what it asks, and its place in the tree."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from accreditation.errors import Problem
from qms.record import Part, canonical, sha256

Certainty = Literal["C", "G", "U"]
"""How sure a fact is: seen in a named source, general knowledge, or to be checked before anyone relies on it."""
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$", strict=True)]
ClauseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]{0,39}$", strict=True)]
Line = Annotated[str, Field(min_length=1, max_length=300)]
Passage = Annotated[str, Field(max_length=2000)]


class ClauseRef(Part):
    """A clause of some standard, by the standard's key."""

    standard: Key
    clause: ClauseId


class Clause(Part):
    """A heading or a requirement of a standard, in our own words.

    Attributes
    ----------
    id : str
        Number as printed; always a text, since ``"7.10"`` is not 7.1.
    parent : str
        Id of the heading above, or empty.
    order : int
        Place in the standard, from 1.
    title : str
    question : str
        What a person answers by yes or no; empty for a heading.
    asks : str
        What the requirement asks.
    evidence : tuple of str
        Objective evidence that a crime scene unit typically has.
    terms : tuple of str
        Words that a procedure on the subject is likely to use.
    gate : bool
        Whether the unit is not ready while this is not met, whatever the rest scores.
    weight : int
        From 1 to 5.
    verb : str
        ``"shall"``, ``"should"`` or ``"may"``; empty where it is not known.
    certainty : str
    source : str
        Where number and subject are known from.
    related : tuple of ClauseRef
    comes_round : str
        ``"audit"`` or ``"management review"`` on the heading of what has to happen in every cycle; else empty.
    """

    id: ClauseId
    parent: ClauseId | Literal[""] = ""
    order: Annotated[int, Field(ge=1)]
    title: Line
    question: Passage = ""
    asks: Passage = ""
    evidence: tuple[Line, ...] = ()
    terms: tuple[Line, ...] = ()
    gate: bool = False
    weight: Annotated[int, Field(ge=1, le=5)] = 3
    verb: Literal["shall", "should", "may", ""] = ""
    certainty: Certainty = "U"
    source: Passage = ""
    related: tuple[ClauseRef, ...] = ()
    comes_round: Literal["audit", "management review", ""] = ""

    @cached_property
    def sha256(self) -> str:
        """Hash of the words; a link keeps it, to notice when they change."""
        words = (self.title, self.question, self.asks, list(self.evidence), list(self.terms))
        return sha256(canonical(list(words)))


class Place(NamedTuple):
    """A clause and where it stands in a file."""

    where: str
    id: str
    parent: str


def structure_problems(places: Sequence[Place]) -> Iterator[Problem]:
    """Yield what is wrong with the ids and parents of some clauses: twice the same, no such parent, a circle."""
    parents: dict[str, str] = {}
    for where, number, parent in places:
        if number in parents:
            yield Problem(where, f"the clause {number} is there twice", "Give each clause once")
        parents.setdefault(number, parent)
    for where, number, parent in places:
        if parent and parent not in parents:
            yield Problem(where, f"the clause {number} stands under {parent}, which is missing", f"Add {parent}")
        seen = {number}
        while parent in parents:
            if parent in seen:
                yield Problem(where, f"the clause {number} stands under itself", "Correct the parent")
                break
            seen.add(parent)
            parent = parents[parent]


def alike(number: str, known: Iterable[str]) -> list[str]:
    """Return the clause numbers, three at most, that somebody may have meant by one that is not there.

    Those that differ by capitals or leading zeros only come before those that look alike.

    Examples
    --------
    >>> alike("sop-4", ["SOP-04", "SOP-14", "7.1"]), alike("7.22", ["7.2.2", "6.1"])
    (['SOP-04'], ['7.2.2'])
    """
    numbers = list(dict.fromkeys(known))
    same = [each for each in numbers if _unpadded(each) == _unpadded(number)]
    return same or difflib.get_close_matches(number, numbers, n=3, cutoff=0.6)


def _unpadded(number: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", number.upper())


def order_problems(clauses: Sequence[Clause]) -> list[Problem]:
    """Return where the order is not counted up or a clause comes before its heading."""
    found: list[Problem] = []
    before, seen = 0, {""}
    for each in clauses:
        if each.order <= before:
            what = f"its order {each.order} does not come after {before}"
            found.append(Problem(f"clause {each.id}", what, "Number the clauses in the order of the document"))
        if each.parent not in seen:
            what = f"it comes before its heading {each.parent}"
            found.append(Problem(f"clause {each.id}", what, "Put the heading first"))
        before, seen = each.order, seen | {each.id}
    return found
