"""Kill concurrent writers again and again and look for what they had acknowledged: `python killed_writers.py 200`.

A process of its own that has imported everything forks the writers, so that none of them begins from nothing.
Each writer changes a record that all share and adds one of its own with an attached file, in one change, and says
so on a pipe once the change is committed. After a random time all are killed (SIGKILL). Every run prints one line
of JSON; the last line sums them up.
"""

from __future__ import annotations

import io
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import ClassVar

from qms.kinds import KINDS
from qms.lifecycle import Kind
from qms.organisation import Person, Unit
from qms.record import Attachment, Record, Text
from qms.store import Store, open_store

WRITERS = 3
LONGEST_SECONDS = 0.06


class Parcel(Record):
    """Something with a file."""

    kind: ClassVar[str] = "parcel"
    file: Attachment | None = None
    count: int = 0


def opened(place: str, files: Path, *, create: bool = False) -> Store:
    return open_store(place, files=files, create=create, kinds=(*KINDS, Kind(Parcel)))


def prepare(place: str, files: Path) -> str:
    """Make the store that every run begins with; return the id of who writes."""
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta Hoxha")
    with opened(place, files, create=True) as store, store.change(by=arta.id) as change:
        change.add(Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Unit", "en")))
        change.add(arta)
        change.add(Parcel(unit="AL-TIR", ref="shared"))
    return arta.id


def write_on(place: str, files: Path, by: str, number: int, pipe: int) -> None:
    """Write changes until killed; acknowledge each after it is committed."""
    turn = 0
    with opened(place, files) as store:
        while True:
            turn += 1
            with store.change(by=by, why=f"writer {number}") as change:
                shared = change.get(Parcel, "shared")
                change.save(shared.revised(count=shared.count + 1))
                content = f"writer {number} turn {turn}".encode()
                file = store.files.keep_stream(io.BytesIO(content), "note.txt")
                added = change.add(Parcel(unit="AL-TIR", file=file))
            said = {"id": added.id, "sha256": file.sha256, "count": shared.count + 1}
            os.write(pipe, json.dumps(said).encode() + b"\n")


def run(place: str, files: Path, by: str, rng: random.Random) -> dict[str, object]:
    """Start writers, kill them and look at what they left."""
    children, pipes = [], []
    for number in range(WRITERS):
        out, into = os.pipe()
        child = os.fork()
        if not child:
            try:
                write_on(place, files, by, number, into)
            finally:
                os._exit(1)
        os.close(into)
        children.append(child)
        pipes.append(out)
    if rng.random() < 0.8:
        select.select(pipes, [], [], 30)
    time.sleep(rng.uniform(0, LONGEST_SECONDS))
    rng.shuffle(children)
    for child in children:
        os.kill(child, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.003))
    died = [os.waitpid(child, 0)[1] for child in children]
    said = [line for pipe in pipes for line in acknowledged(pipe)]
    with opened(place, files) as store:
        found, head = store.verify(), None
        while head != store.head():
            head = store.head()
            kept = {each.id: each for each in store.find(Parcel)}
            shared = store.get(Parcel, "shared")
        lost = [
            each
            for each in said
            if each["id"] not in kept
            or kept[each["id"]].file.sha256 != each["sha256"]
            or shared.count < each["count"]
        ]
        whole = shared.count == len(kept) - 1
    return {
        "acknowledged": len(said),
        "kept": len(kept) - 1,
        "killed": all(os.WIFSIGNALED(status) for status in died),
        "problems": [str(each) for each in found.problems],
        "lost": lost,
        "whole": whole,
    }


def acknowledged(pipe: int) -> list[dict[str, object]]:
    with os.fdopen(pipe, "rb") as stream:
        return [json.loads(line) for line in stream.read().split(b"\n")[:-1]]


def say(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def main() -> int:
    runs, seed = int(sys.argv[1]), 20260301
    place = sys.argv[2] if len(sys.argv) > 2 else ""
    rng, start = random.Random(seed), time.perf_counter()
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        by = prepare(place or str(folder / "first.qms"), folder / "first")
        for number in range(runs):
            if place:
                results.append(run(place, folder / "first", by, rng))
            else:
                own = folder / f"{number}.qms"
                shutil.copy(folder / "first.qms", own)
                results.append(run(str(own), folder / f"{number}", by, rng))
                shutil.rmtree(folder / f"{number}", ignore_errors=True)
            say(results[-1])
    wrong = [
        each for each in results if each["problems"] or each["lost"] or not each["whole"] or not each["killed"]
    ]
    summary = {
        "runs": runs,
        "seed": seed,
        "acknowledged": sum(each["acknowledged"] for each in results),
        "kept": sum(each["kept"] for each in results) if not place else results[-1]["kept"],
        "wrong": len(wrong),
        "seconds": round(time.perf_counter() - start, 1),
    }
    say(summary)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
