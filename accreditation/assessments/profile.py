"""Profiles: what a unit is assessed against, from standards, exclusions, weights and questions of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from accreditation.clauses import Clause, ClauseId, Key, Line, alike
from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.standards import Standard, is_recognised, standards
from qms.errors import described
from qms.lifecycle import Reason
from qms.record import Attachment, Part, Requirement

ItemKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}:[A-Za-z0-9][\w.-]{0,39}$", strict=True)]
"""A requirement by the key of its standard and its clause, such as ``"iso17020-2012:6.1.5"``."""
ADDED = "added"
"""Stands for the standard of the questions that a profile adds."""


class Exclusion(Part):
    """A clause, with all below it, that the assessment leaves out, and why."""

    standard: Key
    clause: ClauseId
    why: Line


class IndependenceClaim(Part):
    """The independence type that the unit claims for one of its activities (ISO/IEC 17020:2012, 4.1.6)."""

    activity: Line
    type: Annotated[str, Field(min_length=1, max_length=20)]


def activity_key(activity: str) -> str:
    """Return by what an activity is known, however it is spaced and in whatever letters."""
    return " ".join(activity.casefold().split())


class Profile(Part):
    """What a unit is assessed against.

    Attributes
    ----------
    name : str
    standards : tuple of str
        Keys, in the order in which they are gone through.
    excluded : tuple of Exclusion
    weights : mapping of str to int
        Weights, 1 to 5, of single requirements in the place of those that the standards suggest.
    added : tuple of Clause
        Questions of the unit's own.
    independence : tuple of IndependenceClaim
    catalogues : mapping of str to Attachment
        Standards of the user's own that are kept with the records, by key.

    Raises
    ------
    pydantic.ValidationError
        If an activity claims two independence types, or a standard or a question stands there twice.

    Examples
    --------
    >>> profile = Profile(name="Baseline", standards=("iso17020-2012",))
    >>> len(Checklist.of(profile).items)
    116
    >>> claims = ({"activity": "scene examination", "type": each} for each in ("A", "C"))
    >>> Profile(name="Two types", standards=("iso17020-2012",), independence=tuple(claims))
    Traceback (most recent call last):
        ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Profile
      Value error, scene examination claims type A and type C; an activity has one type of independence...
    """

    name: Line
    standards: Annotated[tuple[Key, ...], Field(min_length=1)]
    excluded: tuple[Exclusion, ...] = ()
    weights: dict[ItemKey, Annotated[int, Field(ge=1, le=5)]] = Field(default_factory=dict)
    added: tuple[Clause, ...] = ()
    independence: tuple[IndependenceClaim, ...] = ()
    catalogues: dict[Key, Attachment] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        claimed: dict[str, str] = {}
        for each in self.independence:
            before = claimed.setdefault(activity_key(each.activity), each.type)
            if before != each.type:
                raise ValueError(
                    f"{each.activity} claims type {before} and type {each.type}; an activity has one type of "
                    "independence. Split the activity, or take one of the claims away"
                )
        for what, names in (("standard", self.standards), ("question", [each.id for each in self.added])):
            twice = {name for name in names if list(names).count(name) > 1}
            if twice:
                raise ValueError(f"the {what} {', '.join(sorted(twice))} is there twice; give each once")
        return self


def read_profile(place: str | Path) -> Profile:
    """Read a profile from a TOML file with its fields, questions of the unit's own as tables ``[[added]]``.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        If it is no profile.
    """
    place = Path(place)
    try:
        said = tomllib.loads(place.read_text(encoding="utf-8-sig"))
        return Profile.model_validate(said)
    except OSError as error:
        raise UnknownError(f"The profile {place} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        problem = Problem(place.name, described(error), "Correct it; clause numbers stand in quotes")
        raise CatalogueError(f"{place.name} cannot be used as a profile", [problem]) from error
    except (ValueError, RecursionError) as error:
        problem = Problem(place.name, f"it is not TOML: {error}", "Correct it")
        raise CatalogueError(f"{place.name} cannot be used as a profile", [problem]) from error


@dataclass(frozen=True, slots=True)
class Item:
    """One requirement of a profile, to be judged.

    Attributes
    ----------
    key : str
    standard : Standard
    clause : Clause
    weight : int
    """

    key: str
    standard: Standard
    clause: Clause
    weight: int

    @property
    def requirement(self) -> Requirement:
        """The requirement as records cite it."""
        return Requirement(source=self.standard.source, clause=self.clause.id, seen=self.clause.sha256)

    def __str__(self) -> str:
        return f"{self.standard.source} {self.clause.id}"


@dataclass(frozen=True)
class Checklist:
    """The requirements of a profile in order; `Checklist.of` makes one.

    Attributes
    ----------
    profile : Profile
    standards : tuple of Standard
        In the order of the profile, the unit's own questions last.
    items : tuple of Item
    """

    profile: Profile
    standards: tuple[Standard, ...]
    items: tuple[Item, ...]

    @classmethod
    def of(cls, profile: Profile, own: Mapping[str, Standard] | None = None) -> Checklist:
        """Return the checklist of a profile.

        Parameters
        ----------
        profile : Profile
        own : mapping of str to Standard, optional
            Standards of the user's own by key.

        Raises
        ------
        UnknownError
            If there is no such standard.
        CatalogueError
            With everything in the profile that does not fit its standards.
        """
        known = {**standards(), **(own or {})}
        missing = [key for key in profile.standards if key not in known]
        if missing:
            raise UnknownError(
                f"There is no standard {missing[0]!r}. There is {', '.join(sorted(known))}; "
                "a catalogue of your own has to be given with the profile."
            )
        chosen = [known[key] for key in profile.standards]
        if profile.added:
            chosen.append(Standard(key=ADDED, source=profile.name, title=profile.name, requirements=profile.added))
        problems = list(_problems(profile, chosen))
        if problems:
            raise CatalogueError(f"The profile {profile.name!r} cannot be used", problems)
        by_key = {each.key: each for each in chosen}
        left_out = {
            (each.standard, leaf.id)
            for each in profile.excluded
            for leaf in by_key[each.standard].leaves(each.clause)
        }
        items = tuple(
            Item(key, each, leaf, profile.weights.get(key, leaf.weight))
            for each in chosen
            for leaf in each.leaves()
            if (each.key, leaf.id) not in left_out
            for key in (f"{each.key}:{leaf.id}",)
        )
        return cls(profile, tuple(chosen), items)

    @cached_property
    def by_key(self) -> Mapping[str, Item]:
        """The items by key."""
        return {each.key: each for each in self.items}

    def item(self, key: str) -> Item:
        """Return one requirement by its key, or by its clause alone where one standard of the profile has it.

        Raises
        ------
        UnknownError
            If there is none, it is excluded, or several standards have the clause.

        Examples
        --------
        >>> checklist = Checklist.of(Profile(name="Baseline", standards=("iso17020-2012", "sop-elements")))
        >>> checklist.item("6.1.5").key
        'iso17020-2012:6.1.5'
        """
        if key in self.by_key:
            return self.by_key[key]
        if not isinstance(key, str):
            raise UnknownError(
                f"Clause {key!r} was given as a number; write it in quotes, since '7.10' is not 7.1."
            )
        found = [each for each in self.items if each.clause.id == key]
        if len(found) == 1:
            return found[0]
        if found:
            which = " or ".join(each.key for each in found)
            raise UnknownError(f"Several standards have a clause {key}. Say which: {which}.")
        meant = alike(key, (each.clause.id for each in self.items))
        below = [each.key for each in self.items if each.clause.id.startswith(f"{key}.")]
        hint = (
            f" It is a heading; judge {below[0]} to {below[-1]}."
            if below
            else f" It may be excluded. Did you mean {', '.join(meant)}?"
            if meant
            else " It may be excluded."
        )
        raise UnknownError(f"The checklist {self.profile.name!r} has no requirement {key!r}.{hint}")

    def sections(self) -> Iterator[tuple[Standard, Clause | None, tuple[Item, ...]]]:
        """Yield each top clause of each standard with its items; None where a standard is a plain list."""
        for each in self.standards:
            mine = [item for item in self.items if item.standard is each]
            if all(not clause.parent for clause in each.requirements):
                if mine:
                    yield each, None, tuple(mine)
                continue
            for top in each.children():
                below = {leaf.id for leaf in each.leaves(top.id)}
                items = tuple(item for item in mine if item.clause.id in below)
                if items:
                    yield each, top, items

    def warnings(self, *, on: date) -> Iterator[Reason]:
        """Yield what a person should know before assessing against this profile on a day."""
        for each in self.standards:
            if not is_recognised(each, on=on):
                yield Reason(
                    "edition-not-recognised",
                    "{source} is not recognised on {day}; accreditations to it end on {until}. "
                    "Take the present edition, or read the result as history",
                    {"source": each.source, "day": str(on), "until": str(each.recognised_until or each.valid_to)},
                )
            if each.detail != "questions" and not each.requirements:
                yield Reason(
                    "edition-without-clauses",
                    "of {source} only the themes of change are known here; load its clauses as a catalogue",
                    {"source": each.source},
                )
            elif each.key in self.profile.catalogues and not any(leaf.gate for leaf in each.leaves()):
                yield Reason(
                    "catalogue-without-gates",
                    "no requirement of {source} is a gate, so that only nonconformities stand in the way; "
                    "mark those without which nobody is accredited",
                    {"source": each.source},
                )


def _problems(profile: Profile, chosen: Iterable[Standard]) -> Iterator[Problem]:
    by_key = {each.key: each for each in chosen}
    for each in profile.excluded:
        standard = by_key.get(each.standard)
        if standard is None or each.clause not in {clause.id for clause in standard.requirements}:
            what = f"it excludes {each.standard} {each.clause}, which is not in the profile"
            yield Problem("excluded", what, "Correct the clause, in quotes, or take the exclusion away")
    keys = {f"{key}:{clause.id}" for key, standard in by_key.items() for clause in standard.leaves()}
    for key in profile.weights:
        if key not in keys:
            what = f"it weighs {key}, which is no requirement of the profile"
            yield Problem("weights", what, "Weigh single requirements, not headings, or remove it")
    types = {name for each in by_key.values() for name in each.independence_types}
    for claim in profile.independence:
        if types and claim.type not in types:
            what = f"{claim.activity} claims type {claim.type}; these editions know {', '.join(sorted(types))}"
            yield Problem("independence", what, "Claim one of those types")
