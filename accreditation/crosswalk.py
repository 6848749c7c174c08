"""How the clauses of one document correspond to those of another: links that people propose and review."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from accreditation.clauses import Certainty, ClauseId, Key, Passage
from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.standards import Standard
from qms.errors import described
from qms.record import Part

Relation = Literal["equal", "subset", "superset", "intersects", "none"]
Change = Literal["none", "renumbered", "minor", "major", "new", "withdrawn"]
LinkStatus = Literal["proposed", "reviewed", "approved"]


class CrosswalkLink(Part):
    """That a clause of one document corresponds to a clause of another.

    Attributes
    ----------
    a, b : str
        Clause of the first and of the second document; `a` is empty for a new one, `b` for a withdrawn one.
    relation : str
        What `a` is to `b`.
    coverage : float
        Share of `b` that fulfilling `a` fulfils, 0 to 1.
    change : str
        How grave the change is for a unit that fulfils `a`.
    rationale, author, reviewer : str
    confidence : str
    status : str
        Only a link with a reviewer who is not the author may be reviewed or approved.
    """

    a: ClauseId | Literal[""] = ""
    b: ClauseId | Literal[""] = ""
    relation: Relation
    coverage: Annotated[float, Field(ge=0, le=1)]
    change: Change
    rationale: Passage = ""
    confidence: Certainty = "U"
    author: Annotated[str, Field(min_length=1, max_length=120)]
    reviewer: Annotated[str, Field(max_length=120)] = ""
    status: LinkStatus = "proposed"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (not self.a) != (self.change == "new") or (not self.b) != (self.change == "withdrawn"):
            raise ValueError("only a new clause has no a, and only a withdrawn one has no b")
        if (self.relation == "none") != (self.coverage == 0):
            raise ValueError(
                "relation none and coverage 0 go together: the two have nothing to do with each other"
            )
        if self.relation == "none" and self.change not in ("new", "withdrawn", "major"):
            raise ValueError(f"relation none and change {self.change} contradict each other")
        names = [" ".join(each.split()).casefold() for each in (self.author, self.reviewer)]
        if self.status != "proposed" and (not names[1] or names[0] == names[1]):
            raise ValueError(f"a link that is {self.status} needs a reviewer who is not its author")
        return self


class ToFill(NamedTuple):
    """Clauses of two documents that no reviewed link speaks of.

    Attributes
    ----------
    a, b : tuple of str
        Requirements of the first and of the second document; `b` is empty while its clauses are not loaded.
    clauses_missing : bool
        Whether the clause list of the second document has to be loaded first.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    clauses_missing: bool

    def __bool__(self) -> bool:
        return bool(self.a or self.b or self.clauses_missing)


class Crosswalk(Part):
    """The links from one document to another; empty until people fill it.

    Examples
    --------
    >>> from accreditation.standards import standard
    >>> old, new = standard("iso17020-2012"), standard("iso17020-2026")
    >>> left = Crosswalk(a=old.key, b=new.key).to_fill(old, new)
    >>> len(left.a), left.b, left.clauses_missing
    (116, (), True)
    """

    model_config = ConfigDict(populate_by_name=True)

    a: Key
    b: Key
    links: Annotated[tuple[CrosswalkLink, ...], Field(alias="link")] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        pairs = Counter((each.a, each.b) for each in self.links)
        twice = [f"{a or '-'} to {b or '-'}" for (a, b), count in pairs.items() if count > 1]
        if twice:
            raise ValueError(f"the link {twice[0]} is there twice; give each once")
        for name, change in (("a", "withdrawn"), ("b", "new")):
            alone = {getattr(each, name) for each in self.links if each.change == change}
            both = alone & {getattr(each, name) for each in self.links if each.change != change}
            if both:
                raise ValueError(f"{min(both)} is {change} by one link and corresponds to a clause by another")
        return self

    def to_fill(self, a: Standard, b: Standard) -> ToFill:
        """Return what is still to be filled before the crosswalk can carry an assessment over."""
        sure = [each for each in self.links if each.status != "proposed"]
        from_a, to_b = {each.a for each in sure}, {each.b for each in sure}
        return ToFill(
            tuple(each.id for each in a.leaves() if each.id not in from_a),
            tuple(each.id for each in b.leaves() if each.id not in to_b),
            not b.requirements,
        )


def read_crosswalk(place: str | Path, a: Standard, b: Standard) -> Crosswalk:
    """Read a crosswalk from a TOML file: ``a`` and ``b`` as keys, then a table ``[[link]]`` a link.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        If it is no crosswalk between the two, or a link names a clause that does not exist.
    """
    place = Path(place)
    refused = f"{place.name} cannot be used as a crosswalk"
    try:
        crosswalk = Crosswalk.model_validate(tomllib.loads(place.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UnknownError(f"The crosswalk {place} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        problem = Problem(place.name, described(error), "Quote clause numbers and correct the link")
        raise CatalogueError(refused, [problem]) from error
    except (ValueError, RecursionError) as error:
        raise CatalogueError(refused, [Problem(place.name, f"it is not TOML: {error}", "Correct it")]) from error
    problems = []
    if (crosswalk.a, crosswalk.b) != (a.key, b.key):
        what = f"it leads from {crosswalk.a} to {crosswalk.b}, not from {a.key} to {b.key}"
        problems.append(Problem(place.name, what, "Take the file of these two"))
    for n, link in enumerate(crosswalk.links, 1):
        for standard, number in ((a, link.a), (b, link.b)):
            if number and number not in {each.id for each in standard.requirements}:
                what = f"{standard.source} has no clause {number} here"
                problems.append(Problem(f"link {n}", what, "Correct it, or load the clauses of the edition first"))
    if problems:
        raise CatalogueError(refused, problems)
    return crosswalk
