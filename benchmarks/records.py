"""How long a store takes for what a region does with it: `python -m benchmarks.records`.

A store is built with 20 units over 5 years: 20,000 records that are changed ten times each, 200,000 events. Every
job is repeated in turn with all others; the median of the wall seconds is given, and its ratio to a fixed batch of
FFTs measured in the same turns. With ``--faults N``, N times concurrent writers are killed instead, and what they
had acknowledged is looked for.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import scipy.fft
import sqlalchemy
from pydantic import Field
from threadpoolctl import threadpool_limits

from qms import Person, Record, Store, Text, Unit, open_store
from qms.kinds import KINDS
from qms.lifecycle import Kind
from qms.record import Deadline, Id, Link, Requirement

Job = Callable[[], object]
FIRST = datetime(2021, 1, 4, 8, 0, tzinfo=UTC)
DAYS = 5 * 365
WRITERS = Path(__file__).parents[1] / "tests" / "qms" / "killed_writers.py"


class Matter(Record):
    """About what a finding with its action is: texts in two languages, a requirement, links, an owner, a day."""

    kind: ClassVar[str] = "matter"

    title: Text
    statement: Text
    requirement: Requirement
    owner: Id
    due: date
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    seen: tuple[Link, ...] = ()

    def series(self, year: int) -> str:
        """Return the beginning of a reference."""
        return f"NC-{year}-"

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return the day by which it has to be closed."""
        return () if self.status == "closed" else (Deadline("close", self.due, self.owner),)

    def headline(self) -> Text:
        """Return its title."""
        return self.title


STATES = ("draft", "issued", "cause analysis", "implementing", "verification", "closed")
WORDS = (
    "swab",
    "seal",
    "exhibit",
    "chain",
    "custody",
    "scene",
    "log",
    "camera",
    "scale",
    "powder",
    "lift",
    "cast",
    "glove",
    "tent",
    "photograph",
    "sketch",
    "key",
    "store",
    "freezer",
    "label",
    "bag",
    "method",
    "procedure",
    "revision",
    "training",
    "officer",
    "report",
    "review",
    "calibration",
    "torch",
    "tape",
    "light",
)


class Calendar:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = FIRST

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


def build(place: str, files: Path, *, units: int, each: int, writes: int, rng: np.random.Generator) -> None:
    """Make the store; every unit's records of one month are written in one change."""
    clock = Calendar()
    with open_store(place, files=files, create=True, kinds=(*KINDS, Kind(Matter)), clock=clock) as store:
        people = settle(store, units)
        months = DAYS // 30
        for month in range(months):
            clock.now = FIRST + timedelta(days=30 * month)
            for unit, owners in people.items():
                first, last = each * month // months, each * (month + 1) // months
                grow(store, unit, owners, range(first, last), writes, rng)


def settle(store: Store, units: int) -> dict[str, list[str]]:
    """Add units and people; return the people's ids of each unit."""
    codes = [f"U-{n:02d}" for n in range(1, units + 1)]
    people = [
        [Person(unit=code, ref=f"p{n}.{code.lower()}", name=f"Person {n} of {code}") for n in range(8)]
        for code in codes
    ]
    with store.change(by=people[0][0].id, why="set up") as change:
        for code, own in zip(codes, people, strict=True):
            change.add(Unit(unit=code, ref=code, jurisdiction=code[:3], name=Text.of(f"Unit {code}", "en")))
            for person in own:
                change.add(person)
    return {code: [person.id for person in own] for code, own in zip(codes, people, strict=True)}


def grow(
    store: Store, unit: str, owners: list[str], numbers: range, writes: int, rng: np.random.Generator
) -> None:
    """Add records of one unit and change each until it was written so many times."""
    last: Matter | None = None
    with store.change(by=owners[0], why="monthly work") as change:
        for n in numbers:
            owner = owners[int(rng.integers(len(owners)))]
            matter = change.add(
                Matter(
                    unit=unit,
                    status="draft",
                    title=Text.of(words(rng, 6), "en").also(words(rng, 6), "sq"),
                    statement=Text.of(words(rng, 40), "en").also(words(rng, 40), "sq"),
                    requirement=Requirement(source="ISO/IEC 17020:2012", clause=f"7.{rng.integers(1, 7)}"),
                    owner=owner,
                    due=store.now().date() + timedelta(days=int(rng.integers(14, 180))),
                    seen=(change.link(last),) if last else (),
                    labels=(WORDS[n % len(WORDS)],),
                )
            )
            final = int(rng.integers(3, len(STATES)))
            for turn in range(1, writes):
                status = STATES[min(final, turn * len(STATES) // writes)]
                matter = change.save(
                    matter.revised(
                        status=status, progress=turn * 100 // writes, title=matter.title.also(words(rng, 6), "en")
                    )
                )
            last = matter


def words(rng: np.random.Generator, count: int) -> str:
    """Return random words of the trade."""
    return " ".join(WORDS[n] for n in rng.integers(len(WORDS), size=count))


def jobs(store: Store) -> dict[str, Job]:
    """Every job that is timed, by the name under which it is quoted."""
    unit, today = store.find(Unit)[-1].ref, FIRST.date() + timedelta(days=DAYS)
    all_of_it = store.find(Matter, unit=unit)
    one = all_of_it[len(all_of_it) // 2]
    batch = np.random.default_rng(0).standard_normal((64, 128, 128), dtype=np.float32)
    return {
        "reference kernel: 64 float32 FFTs of 128 x 128": lambda: scipy.fft.rfft2(batch),
        f"list a unit ({len(all_of_it)} records)": lambda: store.find(Matter, unit=unit),
        "list all units, first 100": lambda: store.find(Matter, limit=100),
        "filter by unit and state": lambda: store.find(Matter, unit=unit, status=STATES[3]),
        "filter by owner": lambda: store.find(Matter, owner=one.owner),
        "filter by label in a unit": lambda: store.find(Matter, unit=unit, label="swab"),
        "filter by a word in a unit": lambda: store.find(Matter, unit=unit, word="Freezer Label"),
        "filter by a word in all units, first 100": lambda: store.find(Matter, word="Freezer Label", limit=100),
        "overdue in a unit": lambda: store.find(Matter, unit=unit, overdue_on=today),
        "deadlines of a unit": lambda: store.due(today, unit=unit),
        "who names a record": lambda: store.find(Matter, linked_to=one.id),
        "one record by reference": lambda: store.get(Matter, one.ref, unit=unit),
        "as of a day": lambda: store.as_of(Matter, one.ref, one.updated, unit=unit),
        "history of a record": lambda: store.history(one.id),
        "write one change": lambda: write(store, one),
    }


def write(store: Store, one: Matter) -> None:
    """Change one record in a change of its own."""
    with store.change(by=one.owner, why="measured") as change:
        now = change.get(Matter, one.id)
        change.save(now.revised(progress=(now.progress + 1) % 100))


def measure(timed: dict[str, Job], repeats: int) -> dict[str, list[float]]:
    """Wall seconds of every job, its repeats taken in turn with the others."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for turn in range(repeats + 1):
        for name, job in timed.items():
            start = time.perf_counter()
            job()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def size_mb(place: str) -> float:
    """Return how large the database is."""
    if "://" not in place:
        with closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(place).stat().st_size / 1e6
    engine = sqlalchemy.create_engine(place.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        size = connection.execute(sqlalchemy.text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return float(size) / 1e6


def report(place: str, files: Path, options: argparse.Namespace) -> Iterator[str]:
    """Build the store if it is not there, measure and yield the lines of a Markdown table."""
    start = time.perf_counter()
    if "://" in place or not Path(place).exists():
        rng = np.random.default_rng(1)
        build(place, files, units=options.units, each=options.each, writes=options.writes, rng=rng)
        built = f"built in {time.perf_counter() - start:.0f} s"
    else:
        built = "built before"
    with open_store(place, files=files, kinds=(*KINDS, Kind(Matter))) as store:
        seconds = measure(jobs(store), max(5, options.repeats))
        events, checked = store.head().seq, []
        for _ in range(3):
            start = time.perf_counter()
            found = store.verify()
            checked.append(time.perf_counter() - start)
            assert found, found.problems
    kernel = statistics.median(next(iter(seconds.values())))
    yield (
        f"{platform.machine()}, {os.cpu_count()} cores, one thread, Python {platform.python_version()}, "
        f"{'PostgreSQL' if '://' in place else 'SQLite ' + sqlite3.sqlite_version}, "
        f"SQLAlchemy {sqlalchemy.__version__}; {found.records} records, {events} events, {built}"
    )
    yield from ("", "| job | median, ms | min, ms | times the kernel |", "| --- | ---: | ---: | ---: |")
    for name, values in seconds.items():
        middle = statistics.median(values)
        yield f"| {name} | {middle * 1e3:.1f} | {min(values) * 1e3:.1f} | {middle / kernel:.1f} |"
    rate = events / statistics.median(checked)
    yield f"\nverify: {statistics.median(checked):.2f} s, {rate:,.0f} events a second, records included."
    yield f"database: {size_mb(place):.0f} MB; most memory of the process: {peak_mb():.0f} MB."


def peak_mb() -> float:
    """Return the most memory that the process held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="counted repeats of each job (at least 5)")
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--each", type=int, default=1000, help="records of a unit")
    parser.add_argument("--writes", type=int, default=10, help="how often each record is written")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database to use instead of a file")
    parser.add_argument("--keep", type=Path, help="folder to keep the built SQLite store in and to find it again")
    parser.add_argument("--faults", type=int, metavar="N", help="kill concurrent writers N times instead")
    parser.add_argument("--out", type=Path, help="write the table here instead of printing it")
    options: Any = parser.parse_args()
    if options.faults:
        sys.exit(subprocess.run([sys.executable, WRITERS, str(options.faults)], check=False).returncode)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        place = options.database or str(folder / "records.qms")
        lines = "\n".join(report(place, folder / "files", options)) + "\n"
    if options.out:
        options.out.write_text(lines, encoding="utf-8")
    else:
        print(lines, end="")


if __name__ == "__main__":
    main()
