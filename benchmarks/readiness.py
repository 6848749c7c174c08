"""How long it takes to assess and to tell of it: `python -m benchmarks.readiness`.

A unit with an assessment of 300 requirements, all judged, with evidence; the demonstration unit for the reports;
and the signed summaries of 20 units over 5 years. Every job is repeated in turn with all others; the median of the
wall seconds is given with its ratio to a fixed batch of FFTs measured in the same turns.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import scipy.fft
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from threadpoolctl import threadpool_limits

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import begin, checklist_of, judge
from accreditation.assessments.profile import Profile
from accreditation.clauses import Clause
from accreditation.demonstration import assessment_steps
from accreditation.gaps import Situation
from accreditation.kinds import KINDS
from accreditation.language import words
from accreditation.readiness import latest, readiness
from accreditation.report.needs import needs_assessment
from accreditation.report.output import write_report
from accreditation.rollup import roll_up
from accreditation.standards import Standard
from accreditation.summary import read_summary, summary_of
from accreditation.workbook.comparing import compare
from accreditation.workbook.export import export_workbook
from accreditation.workbook.reading import read_workbook
from qms.demonstration import UNIT, StoryClock, make_demonstration
from qms.evidence.evidence import Evidence, collect
from qms.organisation import Person, Unit
from qms.record import Text
from qms.store import Store, open_store

REQUIREMENTS, UNITS, YEARS = 300, 20, 5
TODAY = date(2026, 11, 20)
Job = Callable[[], object]


def large(place: Path) -> Store:
    """Return a store with one assessment of 300 requirements, all judged and half of them with evidence."""
    store = open_store(place, create=True, kinds=KINDS)
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
    own = Standard(
        key="own",
        source="Own catalogue",
        title="Own catalogue",
        requirements=tuple(
            Clause(id=f"R{n}", order=n, title=f"Requirement {n}", question=f"Is requirement {n} met by the unit?")
            for n in range(1, REQUIREMENTS + 1)
        ),
    )
    profile = Profile(name="Large", standards=("own",))
    with store.change(by=arta.id, why="set up") as change:
        change.add(Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Unit", "en")))
        change.add(arta)
        kept = begin(change, "AL-TIR", profile, title=Text.of("Large", "en"), lead=arta.id, own={"own": own})
        log = collect(
            change,
            Evidence(unit="AL-TIR", type="record", title=Text.of("Log", "en"), effective_from=TODAY),
            url="https://unit.example/log",
        )
        link = change.link(log)
        said = {
            f"R{n}": {
                "result": "minor" if n % 5 == 0 else "conforms",
                "documented": n % 6,
                "implemented": n % 5,
                "justification": Text.of(f"What was seen of requirement {n}", "en"),
                "evidence": (link,) if n % 2 else (),
            }
            for n in range(1, REQUIREMENTS + 1)
        }
        judge(change, kept, said, checklist=checklist_of(store, kept))
    return store


def summaries(store: Store, folder: Path) -> list[Path]:
    """Write the signed summaries of 20 units over 5 years."""
    here = Situation(store, _assessment(store), on=TODAY)
    told = summary_of(here, readiness(here))
    places = []
    for number in range(UNITS):
        key = Ed25519PrivateKey.generate()
        for year in range(YEARS):
            one = told.model_copy(update={"unit": f"U-{number:02d}", "on": date(2022 + year, 6, 1)})
            place = folder / f"{one.unit}-{one.on.year}.json"
            place.write_text(one.signed(key).model_dump_json(), encoding="utf-8")
            places.append(place)
    return places


def jobs(folder: Path) -> dict[str, Job]:
    """Every job that is timed, by the name under which it is quoted."""
    store = large(folder / "large.qms")
    kept = _assessment(store)
    say = words("en")
    book, copy = folder / "large.xlsx", folder / "copy.xlsx"
    export_workbook(store, kept, book, say=say, on=TODAY)
    demo = open_store(folder / "demo.qms", create=True, kinds=KINDS, clock=StoryClock())
    make_demonstration(demo, today=TODAY, also=assessment_steps)
    story = latest(demo, UNIT)
    assert story is not None
    told = summaries(store, folder)
    batch = np.random.default_rng(0).standard_normal((64, 128, 128), dtype=np.float32)

    def report(ending: str) -> object:
        document = needs_assessment(demo, story, say=say, on=TODAY)
        return write_report(document, folder / f"report{ending}", overwrite=True)

    return {
        "reference kernel: 64 float32 FFTs of 128 x 128": lambda: scipy.fft.rfft2(batch),
        f"export a workbook of {REQUIREMENTS} requirements": lambda: export_workbook(
            store, kept, copy, say=say, on=TODAY, overwrite=True
        ),
        f"read and compare a workbook of {REQUIREMENTS} requirements": lambda: compare(store, read_workbook(book)),
        f"readiness of {REQUIREMENTS} requirements": lambda: readiness(Situation(store, kept, on=TODAY)),
        f"roll up {UNITS} units over {YEARS} years": lambda: roll_up(read_summary(each) for each in told),
        "needs assessment report of the demonstration as a page": lambda: report(".html"),
        "needs assessment report of the demonstration as Word": lambda: report(".docx"),
        "needs assessment report of the demonstration as PDF": lambda: report(".pdf"),
        "accreditation --help": lambda: subprocess.run(
            [sys.executable, "-m", "accreditation.cli", "--help"], check=True, capture_output=True
        ),
    }


def _assessment(store: Store) -> Assessment:
    found = latest(store, "AL-TIR")
    assert found is not None
    return found


def main() -> None:
    """Print a table of median times and the peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        wanted = jobs(Path(name))
        times: dict[str, list[float]] = {each: [] for each in wanted}
        for _ in range(asked.turns):
            for each, job in wanted.items():
                begun = time.perf_counter()
                job()
                times[each].append(time.perf_counter() - begun)
    medians = {each: statistics.median(spent) for each, spent in times.items()}
    kernel = next(iter(medians.values()))
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {asked.turns} turns, one thread")
    print("| job | median s | least to most s | in kernels |\n| --- | --- | --- | --- |")
    for each, spent in times.items():
        span = f"{min(spent):.3f} to {max(spent):.3f}"
        print(f"| {each} | {medians[each]:.3f} | {span} | {medians[each] / kernel:,.0f} |")
    print(f"Peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
