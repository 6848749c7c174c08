"""Units and the people in them: whom every other record names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from qms.record import Language, Record, Text


class Unit(Record):
    """A crime scene unit, a laboratory or the programme over several of them; its reference is its code."""

    kind: ClassVar[str] = "unit"

    name: Text
    jurisdiction: Annotated[str, Field(min_length=2, max_length=30)]
    language: Language = "en"
    active: bool = True

    @model_validator(mode="after")
    def _its_own_code(self) -> Self:
        if self.ref and self.ref != self.unit:
            raise ValueError(f"the reference of a unit is its code: {self.unit}, not {self.ref}")
        return self

    def series(self, year: int) -> str:
        """Return the code of the unit."""
        return self.unit

    def headline(self) -> Text:
        """Return the unit's name."""
        return self.name


class Person(Record):
    """Somebody who works for a unit or audits it; the reference is a short handle such as ``a.krasniqi``."""

    kind: ClassVar[str] = "person"

    name: Annotated[str, Field(min_length=1, max_length=200)]
    duty: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=200)] = ""
    active: bool = True

    def headline(self) -> Text:
        """Return the person's name."""
        return Text.of(self.name, "en")


def name_of(person: str, related: Iterable[Record]) -> str:
    """Return the name of a person among some records, or the id if they are not there."""
    return next((each.name for each in related if isinstance(each, Person) and each.id == person), person)
