"""How long a store takes for what a region does with it: `python -m benchmarks.records`.

A store is built with the real kinds and their steps (`benchmarks.region`): 20 units over 5 years, about 20,000
records and 200,000 events. Every job is repeated in turn with all others; the median of the wall seconds is given,
and its ratio to a fixed batch of FFTs measured in the same turns. What goes over the whole store has turns of its
own. With ``--faults N``, N times concurrent writers are killed instead, and what they had acknowledged is looked
for.
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
from pathlib import Path
from typing import Any

import numpy as np
import scipy.fft
import sqlalchemy
from threadpoolctl import threadpool_limits

from benchmarks.region import FIRST, MONTH, MONTHS, RARE, build
from qms import Store, Unit, open_store
from qms.actions.action import Action
from qms.exchange.backup import back_up, restore
from qms.exchange.merge import import_folder
from qms.exchange.text_folder import write_folder
from qms.findings.finding import Finding
from qms.organisation import Person
from qms.suspicion import suspects

Job = Callable[[], object]
WRITERS = Path(__file__).parents[1] / "tests" / "qms" / "killed_writers.py"


def jobs(store: Store) -> dict[str, Job]:
    """Every quick job that is timed, by the name under which it is quoted."""
    unit, today = store.find(Unit)[-1].ref, (FIRST + MONTHS * MONTH).date()
    all_of_it = store.find(Finding, unit=unit)
    one = all_of_it[len(all_of_it) // 2]
    last = store.find(Action, unit=unit, status=("in_progress", "approved"))[-1]
    raised = one.raised_by or ""
    batch = np.random.default_rng(0).standard_normal((64, 128, 128), dtype=np.float32)
    return {
        "reference kernel: 64 float32 FFTs of 128 x 128": lambda: scipy.fft.rfft2(batch),
        f"list the findings of a unit ({len(all_of_it)})": lambda: store.find(Finding, unit=unit),
        "list the findings of all units, first 100": lambda: store.find(Finding, limit=100),
        "filter by unit and state": lambda: store.find(Finding, unit=unit, status="closed"),
        "filter by owner": lambda: store.find(Finding, owner=one.owner),
        "filter by label in a unit": lambda: store.find(Finding, unit=unit, label="swab"),
        "filter by a word in a unit": lambda: store.find(Finding, unit=unit, word="Freezer Label"),
        "filter by a word in all units, first 100": lambda: store.find(Finding, word="Freezer Label", limit=100),
        "filter by a word that one finding of all has": lambda: store.find(Finding, word=RARE),
        "overdue in a unit": lambda: store.find(Action, unit=unit, overdue_on=today),
        "deadlines of a unit": lambda: store.due(today, unit=unit),
        "actions that name a finding": lambda: store.find(Action, linked_to=one.id),
        "one record by reference": lambda: store.get(Finding, one.ref, unit=unit),
        "as of a day": lambda: store.as_of(Finding, one.ref, one.updated or FIRST, unit=unit),
        "history of a record": lambda: store.history(one.id),
        "write one change of an action": lambda: report_progress(store, last, raised),
        "write one change of a person named by thousands": lambda: change_duty(store, raised),
    }


def report_progress(store: Store, action: Action, by: str) -> None:
    """Change one action in a change of its own."""
    with store.change(by=by, why="measured") as change:
        now = change.get(Action, action.id)
        change.save(now.revised(progress=(now.progress + 1) % 100))


def change_duty(store: Store, person: str) -> None:
    """Change one person in a change of its own."""
    with store.change(by=person, why="measured") as change:
        now = change.get(Person, person)
        change.save(now.revised(duty="manager" if now.duty != "manager" else "quality manager"))


def whole_jobs(store: Store, place: Path) -> dict[str, Job]:
    """Every job that goes over the whole store; a later one works on what an earlier one wrote."""
    database = store.engine.url.get_backend_name()

    def bring_in() -> None:
        with open_store(place / "imported.qms", create=True) as empty:
            assert import_folder(empty, place / "export").loaded

    return {
        "verify": lambda: sound(store),
        "suspects of all units": lambda: suspects(store),
        "export into a new folder": lambda: write_folder(store, place / "export"),
        "export again, nothing changed": lambda: write_folder(store, place / "export"),
        "import into an empty SQLite store": bring_in,
        f"backup of {database}": lambda: back_up(store, place / "backup.zip"),
        "restore to SQLite": lambda: restore(place / "backup.zip", place / "restored.qms"),
    }


def sound(store: Store) -> None:
    """Verify a store that has to be sound."""
    found = store.verify()
    assert found, found.problems


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


def measure_whole(store: Store, folder: Path, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of every job over the whole store; each turn begins with an empty folder."""
    seconds: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            for name, job in whole_jobs(store, Path(scratch)).items():
                start, worked = time.perf_counter(), time.process_time()
                job()
                pair = time.perf_counter() - start, time.process_time() - worked
                seconds.setdefault(name, []).append(pair)
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
        build(place, files, units=options.units, cases=options.cases, rng=rng)
        built = f"built in {time.perf_counter() - start:.0f} s"
    else:
        built = "built before"
    with open_store(place, files=files) as store:
        found = store.verify()
        whole = measure_whole(store, files.parent, options.whole)
        seconds = measure(jobs(store), max(5, options.repeats))
    kernel = statistics.median(next(iter(seconds.values())))
    yield (
        f"{platform.machine()}, {os.cpu_count()} cores, one thread, Python {platform.python_version()}, "
        f"{'PostgreSQL' if '://' in place else 'SQLite ' + sqlite3.sqlite_version}, "
        f"SQLAlchemy {sqlalchemy.__version__}; {found.records} records, {found.head.seq} events, "
        f"{found.files} files, {built}; load of the machine {', '.join(f'{each:.1f}' for each in os.getloadavg())}"
    )
    yield from ("", "| job | median, ms | min, ms | times the kernel |", "| --- | ---: | ---: | ---: |")
    for name, values in seconds.items():
        middle = statistics.median(values)
        yield f"| {name} | {middle * 1e3:.1f} | {min(values) * 1e3:.1f} | {middle / kernel:.1f} |"
    yield from ("", "| over the whole store | median, s | min, s | CPU, s | events a second |")
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, pairs in whole.items():
        wall, cpu = (statistics.median(each) for each in zip(*pairs, strict=True))
        least = min(each for each, _ in pairs)
        yield f"| {name} | {wall:.2f} | {least:.2f} | {cpu:.2f} | {found.head.seq / wall:,.0f} |"
    yield f"\ndatabase: {size_mb(place):.0f} MB; most memory of the process: {peak_mb():.0f} MB."


def peak_mb() -> float:
    """Return the most memory that the process held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="counted repeats of each job (at least 5)")
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--cases", type=int, default=256, help="cases of a unit, forty events each")
    parser.add_argument("--whole", type=int, default=3, help="repeats of each job over the whole store")
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
