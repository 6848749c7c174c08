"""Scores of pairs of known origin, as columns, checked so that none counts twice and none is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, ValidationError, model_validator

from ballistics.errors import EvidenceError
from ballistics.evidence.labelled import LARGEST_SCORE, BoolArray, FloatArray, check_both_kinds
from ballistics.evidence.names import one_spelling
from ballistics.evidence.seal import Part

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]

FEWEST_OF_A_KIND = 10
FEWEST_FIREARMS = 4
FEWEST_MATCHED = 3


class KnownPairs(Part):
    """Pairs of marks whose origin is known.

    Parameters
    ----------
    scores : mapping of str to tuple of float
        Columns by name, all of the same length.
    first_firearm, second_firearm : tuple of str
        The firearms that made the two marks; equal names make a known match.
    first_item, second_item : tuple of str
        The cartridge cases, bullets or test tools. A name stands for one item everywhere.

    Examples
    --------
    >>> len(KnownPairs.from_columns({"ccf": [0.9]}, firearms=(["a"], ["a"]), items=(["a1"], ["a2"])))
    1
    """

    scores: Annotated[Mapping[Name, tuple[float, ...]], Field(min_length=1)]
    first_firearm: tuple[Name, ...]
    second_firearm: tuple[Name, ...]
    first_item: tuple[Name, ...]
    second_item: tuple[Name, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lengths = {name: len(column) for name, column in self.scores.items()}
        lengths |= {name: len(getattr(self, name)) for name in ("first_firearm", "second_firearm")}
        lengths |= {name: len(getattr(self, name)) for name in ("first_item", "second_item")}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns differ in length: {lengths}; expected one value for every pair")
        self._check_items()
        return self

    def _check_items(self) -> None:
        owner: dict[str, str] = {}
        seen: dict[frozenset[str], int] = {}
        for row, (gun, other_gun, item, other) in enumerate(
            zip(self.first_firearm, self.second_firearm, self.first_item, self.second_item, strict=True)
        ):
            if item == other:
                raise ValueError(
                    f"pair {row} compares {item!r} with itself, which is no known match; keep one scan of each "
                    "item"
                )
            for name, made_by in ((item, gun), (other, other_gun)):
                if owner.setdefault(name, made_by) != made_by:
                    raise ValueError(
                        f"pair {row}: {name!r} is said to be of {made_by!r} and, before, of {owner[name]!r}; "
                        "one item has one firearm: give every item a name of its own"
                    )
            if (before := seen.setdefault(frozenset((item, other)), row)) != row:
                raise ValueError(
                    f"pairs {before} and {row} both compare {item!r} with {other!r}; two items may be compared "
                    "once: keep one scan of each item"
                )

    @classmethod
    def from_columns(
        cls,
        scores: Mapping[str, ArrayLike],
        *,
        firearms: tuple[Sequence[str], Sequence[str]],
        items: tuple[Sequence[str], Sequence[str]],
    ) -> Self:
        """Check columns and put them into an order that does not depend on how they came.

        Parameters
        ----------
        scores : mapping of str to array_like, shape (n,)
            Finite.
        firearms, items : pair of sequences of str, length n
            Of the first and of the second mark. Of several spellings of one firearm
            (`ballistics.evidence.names.plain_name`) the first in the order of letters is kept.

        Raises
        ------
        EvidenceError
            If a score is missing, infinite or above 1e100, columns differ in length, a name is empty or begins or
            ends with a space, a pair is there twice (in either order), an item is compared with itself, or an item
            is said to be of two firearms.
        """
        for name, column in scores.items():
            values = np.asarray(column, dtype=np.float64)
            bad = np.flatnonzero(~(np.abs(values) <= LARGEST_SCORE))
            if bad.size:
                raise EvidenceError(
                    f"{name} of pair {bad[0]} is {values.flat[bad[0]]}; expected finite numbers: leave out pairs "
                    "that could not be compared, and say so in the notes of the population"
                )
        spelling = one_spelling(sorted({*firearms[0], *firearms[1]}))
        try:
            given = cls.model_validate(
                {
                    "scores": {name: np.asarray(column, np.float64).tolist() for name, column in scores.items()},
                    "first_firearm": [spelling[name] for name in firearms[0]],
                    "second_firearm": [spelling[name] for name in firearms[1]],
                    "first_item": list(items[0]),
                    "second_item": list(items[1]),
                }
            )
        except ValidationError as error:
            raise EvidenceError(f"the known pairs do not fit: {told(error)}") from error
        return given._in_order()

    def _in_order(self) -> Self:
        marks = [
            list(zip(guns, items, strict=True))
            for guns, items in ((self.first_firearm, self.first_item), (self.second_firearm, self.second_item))
        ]
        rows = [sorted(pair) for pair in zip(*marks, strict=True)]
        order = sorted(range(len(rows)), key=rows.__getitem__)
        return self.model_copy(
            update={
                "scores": {name: tuple(column[i] for i in order) for name, column in self.scores.items()},
                "first_firearm": tuple(rows[i][0][0] for i in order),
                "second_firearm": tuple(rows[i][1][0] for i in order),
                "first_item": tuple(rows[i][0][1] for i in order),
                "second_item": tuple(rows[i][1][1] for i in order),
            }
        )

    def __len__(self) -> int:
        return len(self.first_firearm)

    @property
    def table(self) -> FloatArray:
        """Scores as calibrators take them: shape (n,) for one column, (n, k) for several."""
        columns = [np.array(column) for column in self.scores.values()]
        return columns[0] if len(columns) == 1 else np.column_stack(columns)

    @property
    def same(self) -> BoolArray:
        """True for known matches, shape (n,)."""
        first, second = self.firearms
        return np.asarray(first == second)

    @property
    def firearms(self) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        """Firearms of the first and of the second marks."""
        return np.array(self.first_firearm, dtype=np.str_), np.array(self.second_firearm, dtype=np.str_)

    @property
    def firearm_names(self) -> frozenset[str]:
        """Every firearm once."""
        return frozenset(self.first_firearm) | frozenset(self.second_firearm)

    @property
    def known_matches(self) -> int:
        """Number of pairs of one firearm."""
        return int(self.same.sum())

    @property
    def known_non_matches(self) -> int:
        """Number of pairs of two firearms."""
        return len(self) - self.known_matches

    def check_size(self) -> None:
        """Refuse pairs that are too few for a calibrator that can be tried on firearms it does not know.

        Raises
        ------
        EvidenceError
            If one kind of pairs is missing, there are fewer than 10 of a kind, fewer than 4 firearms, or known
            matches of fewer than 3 firearms.
        """
        names = self.firearm_names
        if len(names) < FEWEST_FIREARMS:
            which = f" ({', '.join(sorted(names))})" if names else ""
            raise EvidenceError(
                f"found {len(names)} firearm{'s' * (len(names) != 1)}{which}; expected {FEWEST_FIREARMS} or more, "
                "so that two can be left out and two remain"
            )
        same = self.same
        check_both_kinds(same)
        for kind, count in (("matches", self.known_matches), ("non-matches", self.known_non_matches)):
            if count < FEWEST_OF_A_KIND:
                raise EvidenceError(f"found {count} known {kind}; expected {FEWEST_OF_A_KIND} or more: add pairs")
        if (matched := len(set(self.firearms[0][same]))) < FEWEST_MATCHED:
            raise EvidenceError(
                f"the known matches come from {matched} firearms; expected {FEWEST_MATCHED} or more, so that two "
                "can be left out"
            )


def told(error: ValidationError) -> str:
    """Return the first thing that a record got wrong, in one line."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if where and first["type"] == "missing":
        return f"{where} is missing"
    if where and isinstance(first["input"], str) and not first["input"].strip():
        return f"{where} is empty; write something there"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
