"""A year of one invented crime scene unit, to try things on: invented people, records and texts.

What happens stands in TOML files: who takes which step on which day, counted from the last day of the year. It is
told through the same functions that people use, so that nothing in the store is faked but the clock.

Words in languages other than English are a draft that no native speaker has reviewed yet.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random

from qms.demonstration.clock import StoryClock
from qms.demonstration.papers import document_steps
from qms.demonstration.steps import all_steps
from qms.demonstration.story import Step, Story, read
from qms.errors import RecordError
from qms.organisation import Person, Unit
from qms.store import Store

__all__ = ["UNIT", "StoryClock", "make_demonstration"]

UNIT = "XX-BEL"
"""Code of the unit that is invented."""
YEAR = 365
BEGIN, END = time(6), time(15, 30)
"""When the first day begins and the last one ends, UTC."""


def make_demonstration(
    store: Store,
    *,
    seed: int = 2026,
    today: date = date(2026, 11, 20),
    also: Callable[[Story], Iterable[Step]] = lambda story: (),
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fill an empty store with a year of invented records.

    Parameters
    ----------
    store : Store
        Opened with a `StoryClock`, which stands at the end of the last day afterwards.
    seed : int
        Another seed gives other hours of the day and other days on which people read what is new.
    today : date
        The last day of the year.
    also : callable, optional
        Gives further steps, for records of a package on top of this one.
    progress : callable, optional
        Is told how many of all steps are done.

    Raises
    ------
    RecordError
        If the store has another clock or holds records already.

    Notes
    -----
    The same seed and day give the same references, times, words and files. Ids are new every time, and with them
    the hashes of the ledger; nothing else differs.

    Examples
    --------
    ::

        with open_store("demo/records.qms", create=True, clock=StoryClock()) as store:
            make_demonstration(store)
    """
    clock = store.clock
    if not isinstance(clock, StoryClock):
        raise RecordError("The store goes by another clock. Open it with open_store(..., clock=StoryClock()).")
    if store.head().seq:
        raise RecordError("The store holds records already. Make the demonstration in a new one.")
    with tempfile.TemporaryDirectory() as folder:
        story = Story(UNIT, today, Random(seed), Path(folder))
        clock.move(datetime.combine(story.day(-YEAR), BEGIN, UTC))
        _settle(store, story)
        steps = list(story.times([*document_steps(story), *all_steps(), *also(story)]))
        for done, (step, at) in enumerate(steps, start=1):
            clock.move(at)
            with store.change(by=story.id(step.by), why=step.why) as change:
                step.take(story, change, step)
            if progress is not None:
                progress(done, len(steps))
    clock.move(datetime.combine(today, END, UTC))


def _settle(store: Store, story: Story) -> None:
    said = read("people.toml")
    unit = Unit(unit=UNIT, ref=UNIT, jurisdiction=said["jurisdiction"], name=said["name"])
    people = {key: Person(unit=UNIT, **fields) for key, fields in said["people"].items()}
    with store.change(by=next(iter(people.values())).id, why="the unit begins to keep its records here") as change:
        change.add(unit)
        for key, person in people.items():
            story.know(key, change.add(person))
