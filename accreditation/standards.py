"""Standards, guidance and manuals as data: editions with their dates and their tree of clauses.

Each is a file in ``data/standards``, named by its key and read when first asked for. Questions and explanations
are English source texts in our own words; the words of a standard itself come only from a user's private overlay.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from accreditation.clauses import (
    Certainty,
    Clause,
    Key,
    Line,
    Passage,
    Place,
    alike,
    order_problems,
    structure_problems,
)
from accreditation.errors import CatalogueError, Problem, UnknownError
from qms.errors import described
from qms.record import Part, Requirement

Kind = Literal["standard", "guidance", "manual", "regulatory code", "scheme"]
Detail = Literal["questions", "headings", "themes", "milestones"]
"""What is known of a document: its clauses with questions, headings only, or no clauses at all."""
MilestoneStatus = Literal["open", "met", "missed", "suspended", "waived"]


class ChangeTheme(Part):
    """A subject in which an edition differs from the one before."""

    key: Key
    title: Line
    text: Passage
    certainty: Certainty
    source: Passage = ""


class Milestone(Part):
    """A dated step of an obligation, which may be suspended.

    Attributes
    ----------
    key, title : str
    due : date or None
        None where the day is not known.
    status : str
    since : date or None
        Day from which the status holds.
    certainty, source, note : str
    """

    key: Key
    title: Line
    due: date | None = None
    status: MilestoneStatus = "open"
    since: date | None = None
    certainty: Certainty = "U"
    source: Passage = ""
    note: Passage = ""

    def moved(self, status: MilestoneStatus, *, since: date, source: str, due: date | None = None) -> Milestone:
        """Return the milestone in another status, with the day and the source of that; `due` only if it changed.

        Examples
        --------
        >>> step = standard("uk-fsa-inc-100").milestones[0]
        >>> step.status, step.moved("open", since=date(2027, 1, 1), source="notification").due
        ('suspended', datetime.date(2027, 4, 6))
        """
        changes = {"status": status, "since": since, "source": source, "due": due or self.due}
        return Milestone.model_validate({**self.model_dump(), **changes})

    def days_left(self, *, on: date) -> int | None:
        """Return the days until it is due, negative when late; None if it has no day or is not open."""
        return (self.due - on).days if self.due and self.status == "open" else None


class Standard(Part):
    """One edition of a standard, guidance, manual, code or scheme.

    Attributes
    ----------
    key : str
        Such as ``"iso17020-2012"``.
    source : str
        As printed, such as ``"ISO/IEC 17020:2012"``; what `qms.record.Requirement` cites.
    title, edition, kind, detail : str
    published, valid_from, valid_to : date or None
    recognised_until : date or None
        Last day on which accreditations to it are recognised.
    supersedes : str
        Key or name of the edition before.
    independence_types : tuple of str
        Those that a unit may claim, one for each activity.
    certainty, note : str
    requirements : tuple of Clause
        Headings and requirements in the order of the document.
    themes : tuple of ChangeTheme
    milestones : tuple of Milestone

    Raises
    ------
    pydantic.ValidationError
        If an id comes twice, a parent is missing or the order is not that of the tree.

    Examples
    --------
    >>> inspection = standard("iso17020-2012")
    >>> inspection.clause("6.1.5").title
    'Selection, training, authorisation and monitoring'
    >>> [each.id for each in inspection.children("8.5")]
    ['8.5.1', '8.5.2', '8.5.3']
    """

    model_config = ConfigDict(populate_by_name=True)

    key: Key
    source: Annotated[str, Field(min_length=1, max_length=120)]
    title: Line
    edition: Annotated[str, Field(max_length=60)] = ""
    kind: Kind = "scheme"
    detail: Detail = "questions"
    published: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    recognised_until: date | None = None
    supersedes: Annotated[str, Field(max_length=120)] = ""
    independence_types: tuple[Line, ...] = ()
    certainty: Certainty = "U"
    note: Passage = ""
    requirements: tuple[Clause, ...] = Field(default=(), alias="clause")
    themes: tuple[ChangeTheme, ...] = Field(default=(), alias="theme")
    milestones: tuple[Milestone, ...] = Field(default=(), alias="milestone")

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        problems = [*structure_problems([Place(f"clause {c.id}", c.id, c.parent) for c in self.requirements])]
        problems += order_problems(self.requirements)
        if problems:
            raise ValueError(" ".join(map(str, problems)))
        return self

    @cached_property
    def _by_id(self) -> dict[str, Clause]:
        return {each.id: each for each in self.requirements}

    @cached_property
    def _below(self) -> dict[str, tuple[Clause, ...]]:
        below: dict[str, tuple[Clause, ...]] = {}
        for each in self.requirements:
            below[each.parent] = (*below.get(each.parent, ()), each)
        return below

    def clause(self, number: str) -> Clause:
        """Return a clause by its number.

        Raises
        ------
        UnknownError
            If there is none; those that look alike are named. Also if the number is not a text.
        """
        if not isinstance(number, str):
            raise UnknownError(
                f"Clause {number!r} was given as a number; clause numbers are texts, since '7.10' is not 7.1. "
                f"Write it in quotes."
            )
        if number in self._by_id:
            return self._by_id[number]
        meant = alike(number, self._by_id)
        hint = f"Did you mean {', '.join(meant)}?" if meant else f"It has {len(self._by_id)} clauses."
        raise UnknownError(f"{self.source} has no clause {number!r} here. {hint}")

    def children(self, number: str = "") -> tuple[Clause, ...]:
        """Return the clauses directly under one, or the top ones, in order."""
        if number:
            self.clause(number)
        return self._below.get(number, ())

    def leaves(self, under: str = "") -> tuple[Clause, ...]:
        """Return the clauses that have none below, which are those to be judged; all, or those under one."""
        if under and not self.children(under):
            return (self.clause(under),)
        return tuple(each for _, each in self.tree(under) if each.id not in self._below)

    def tree(self, under: str = "") -> Iterator[tuple[int, Clause]]:
        """Yield every clause below one, or all, in order with its depth, from 0."""
        left = [(0, each) for each in reversed(self.children(under))]
        while left:
            depth, each = left.pop()
            yield depth, each
            left += [(depth + 1, child) for child in reversed(self._below.get(each.id, ()))]

    def cite(self, number: str) -> Requirement:
        """Return a clause as records cite it, with the hash of its present words.

        Examples
        --------
        >>> str(standard("iso17020-2012").cite("7.2.1"))
        'ISO/IEC 17020:2012 7.2.1'
        """
        return Requirement(source=self.source, clause=number, seen=self.clause(number).sha256)


class _Shelf(Mapping[str, Standard]):
    """The standards of this package by key, each read when first asked for."""

    def __init__(self) -> None:
        folder = files("accreditation") / "data" / "standards"
        self._files = {each.name.removesuffix(".toml"): each for each in folder.iterdir()}
        self._read: dict[str, Standard] = {}

    def __getitem__(self, key: str) -> Standard:
        if key not in self._read:
            self._read[key] = parsed_standard(self._files[key].read_bytes(), f"data/standards/{key}.toml")
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return key in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __len__(self) -> int:
        return len(self._files)


@cache
def standards() -> Mapping[str, Standard]:
    """Return the standards of this package by key; each is read when first looked up."""
    return _Shelf()


def standard(key: str) -> Standard:
    """Return a standard by its key or by its name as printed.

    Raises
    ------
    UnknownError
        If there is none; those that look alike are named.

    Examples
    --------
    >>> standard("ISO/IEC 17020:2026").independence_types
    ('A', 'non-A')
    """
    known = standards()
    if key in known:
        return known[key]
    for each in known.values():
        if each.source == key:
            return each
    near = difflib.get_close_matches(key.casefold(), known, n=3, cutoff=0.4) or list(known)
    raise UnknownError(f"There is no standard {key!r}. There is {', '.join(near)}.")


def parsed_standard(content: bytes, where: str) -> Standard:
    """Return the standard that a TOML text holds.

    Raises
    ------
    CatalogueError
        If it is not TOML or not a standard.
    """
    try:
        return Standard.model_validate(tomllib.loads(content.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(where, f"it is not TOML: {error}", _FORM)
        raise CatalogueError(f"{where} cannot be read", [problem]) from error
    except ValidationError as error:
        raise CatalogueError(f"{where} is not a standard", [Problem(where, described(error), _FORM)]) from error


_FORM = "See accreditation/data/standards for the form"


def is_recognised(edition: Standard, *, on: date) -> bool:
    """Return whether an edition is valid, and accreditations to it are recognised, on a day.

    Examples
    --------
    >>> is_recognised(standard("iso17020-2012"), on=date(2029, 3, 27))
    True
    >>> is_recognised(standard("iso17020-2012"), on=date(2029, 3, 28))
    False
    """
    first = edition.valid_from or date.min
    return first <= on <= min(edition.valid_to or date.max, edition.recognised_until or date.max)


def days_left(edition: Standard, *, on: date) -> int | None:
    """Return the days until accreditations to an edition stop being recognised, negative after; None if no end.

    Examples
    --------
    >>> days_left(standard("iso17020-2012"), on=date(2029, 3, 1))
    26
    """
    return (edition.recognised_until - on).days if edition.recognised_until else None
