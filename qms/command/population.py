"""Lists that samples are drawn from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from qms.errors import ExchangeError, RecordError

COLUMNS = {"stratum", "weight"}
"""Beside ``item``; no item is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Items with their strata and weights, where the list gives any."""

    items: tuple[str, ...]
    strata: dict[str, str] | None = None
    weights: dict[str, int] | None = None


def read_population(source: Path) -> Population:
    """Read a population: an item a line, or CSV whose head names ``item`` and perhaps ``stratum`` and ``weight``.

    Columns are parted by commas, semicolons or tabs.

    Raises
    ------
    RecordError
        If the file is not there.
    ExchangeError
        If it is not text in UTF-8, no CSV, its first line is half a head, or a weight is no whole number.
    """
    try:
        lines = [each for each in source.read_text(encoding="utf-8-sig").splitlines() if each.strip()]
    except OSError as error:
        raise RecordError(f"{source} cannot be read ({error.strerror or error}). Check its name.") from error
    except ValueError as error:
        raise ExchangeError(f"{source} is not text in UTF-8: {error}. Save it so.") from error
    try:
        sign = next((each for each in ";\t," if lines and each in lines[0]), ",")
        names = [each.strip().casefold() for each in next(csv.reader(lines[:1], delimiter=sign), [])]
        if "item" not in names:
            if COLUMNS & set(names):
                raise ExchangeError(
                    f"{source}: its first line is {lines[0][:60]!r}. Name the columns item, stratum and weight, "
                    "or write an item a line."
                )
            return Population(items=tuple(each.strip() for each in lines))
        rows = [
            {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
            for row in csv.DictReader(lines[1:], names, delimiter=sign)
        ]
        head = rows[0] if rows else {}
        return Population(
            items=tuple(row["item"] for row in rows),
            strata={row["item"]: row["stratum"] for row in rows} if "stratum" in head else None,
            weights={row["item"]: int(row["weight"]) for row in rows} if "weight" in head else None,
        )
    except csv.Error as error:
        raise ExchangeError(f"{source} cannot be read as CSV ({error}). Correct it.") from error
    except (TypeError, ValueError) as error:
        raise ExchangeError(f"{source}: a weight is not a whole number ({error}). Correct it.") from error
