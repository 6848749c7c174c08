"""A story as steps on days that are counted from its last day, and what the words in its files stand for."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

from qms.change import Change
from qms.record import Link, Record

SOURCE = "ISO/IEC 17020:2012"
# fmt: off
DAYS = frozenset((
    "on", "until", "not_before", "due", "due_response", "due_close", "expires", "retention_until",
    "effective", "effective_from", "effective_to", "planned_from", "planned_to", "began", "ended",
    "reported_on", "period_from", "period_to", "received_on", "acknowledged_on", "decided_on",
    "communicated_on",
))
# fmt: on
"""Fields whose whole numbers are days from the last day of the story."""
LINKS = frozenset({"evidence", "links"})
REQUIREMENTS = frozenset({"requirement", "requirements", "criteria"})
MINUTES = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one person does on one day.

    Attributes
    ----------
    on : int
        Days from the last day of the story; negative before it.
    by : str
        Key of the person.
    act : str
    key : str
        Key of the record.
    take : callable
        Does it.
    fields : mapping
        What the files say about the step.
    entry : mapping
        What they say about the record.
    why : str
    """

    on: int
    by: str
    act: str
    key: str
    take: Callable[[Story, Change, Step], None]
    fields: Mapping[str, Any]
    entry: Mapping[str, Any]
    why: str = ""


class Story:
    """What is known while a story is told: its days, its records by their keys and its samples.

    Parameters
    ----------
    unit : str
        Its code.
    today : date
        The last day.
    rng : Random
    folder : Path
        For files until they are attached.
    """

    def __init__(self, unit: str, today: date, rng: Random, folder: Path) -> None:
        self.unit = unit
        self.today = today
        self.rng = rng
        self.folder = folder
        self.samples: dict[str, tuple[str, ...]] = {}
        self._ids: dict[str, tuple[type[Record], str]] = {}

    def day(self, offset: int) -> date:
        """Return the day so many days from the last one, or the Friday before if it is at a weekend."""
        day = self.today + timedelta(days=offset)
        return day - timedelta(days=max(0, day.weekday() - 4))

    def times(self, steps: Iterable[Step]) -> Iterator[tuple[Step, datetime]]:
        """Yield steps in the order of their days, each at a time of its own in office hours (UTC)."""
        days: dict[date, list[Step]] = {}
        for step in sorted(steps, key=lambda each: each.on):
            days.setdefault(self.day(step.on), []).append(step)
        for day, busy in days.items():
            eight = datetime.combine(day, time(7), UTC)
            minutes = sorted(self.rng.sample(range(MINUTES), len(busy)))
            yield from (
                (step, eight + timedelta(minutes=minute)) for step, minute in zip(busy, minutes, strict=True)
            )

    def know(self, key: str, record: Record) -> None:
        """Remember a record by its key."""
        self._ids[key] = (type(record), record.id)

    def id(self, key: str) -> str:
        """Return the id of a record by its key."""
        return self._ids[key][1]

    def get(self, change: Change, key: str) -> Any:
        """Return a record by its key as it is now."""
        return change.get(*self._ids[key])

    def said(self, fields: Mapping[str, Any], change: Change) -> dict[str, Any]:
        """Return fields with the days, records, requirements and samples that their words stand for."""
        return {name: self._said(name, value, change) for name, value in fields.items()}

    def written(self, name: str, content: str) -> Path:
        """Write a file, to be attached."""
        place = self.folder / name
        place.write_text(content.format(**self.samples) + "\n", encoding="utf-8", newline="\n")
        return place

    def _said(self, name: str, value: Any, change: Change) -> Any:
        if isinstance(value, dict):
            return self.said(value, change)
        if isinstance(value, list):
            return [self._said(name, each, change) for each in value]
        if isinstance(value, int):
            if name == "collected_at":
                return datetime.combine(self.day(value), time(8), UTC)
            return self.day(value) if name in DAYS else value
        if isinstance(value, str):
            return self._named(name, value, change)
        return value

    def _named(self, name: str, value: str, change: Change) -> str | Link | dict[str, str]:
        if value.startswith("@"):
            return change.link(self.get(change, value[1:])) if name in LINKS else self.id(value[1:])
        if name in REQUIREMENTS:
            return {"source": SOURCE, "clause": value}
        return value.format(**self.samples)


def read(name: str) -> dict[str, Any]:
    """Return what stands in one of the files of the story."""
    return tomllib.loads((files("qms") / "demonstration" / "data" / name).read_text(encoding="utf-8"))
