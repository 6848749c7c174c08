"""Many pairs: in parallel, resumable, one bad file never stopping the rest."""

from __future__ import annotations

import csv
import hashlib
import itertools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
from threadpoolctl import threadpool_limits

from ballistics.compare import Exhibit, NotComparable, compare_exhibits, prepare_exhibit
from ballistics.contract import versions
from ballistics.errors import BallisticsError, OptionError
from ballistics.output import Location
from ballistics.parameters import ParameterSet, default_set
from ballistics.score_table import Conditions, ScoreRow, ScoreTable
from imaging.errors import FileError, ImagingError
from imaging.files import open_surface

KEPT = 32
QUEUED = 3
# fmt: off
SUFFIXES = frozenset((
    ".x3p", ".sdf", ".al3d", ".sur", ".plu", ".plux", ".vk3", ".vk4", ".vk6", ".vk7", ".zon", ".opd", ".opdx",
    ".dat", ".datx", ".gwy", ".tmd", ".lext",
))
# fmt: on

PairOfPaths = tuple[str, str]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """What a batch did: pairs asked for, found in the file, computed now, and refused among these."""

    pairs: int
    kept: int
    computed: int
    not_comparable: int


def list_pairs(source: Location) -> list[PairOfPaths]:
    """Return the pairs of a folder or a list, each once.

    Parameters
    ----------
    source : path-like
        A folder: every pair of the scans in it and below it, known by their suffix. A text or CSV file:
        one path a line stands for every pair of these; two columns are the pairs themselves. A head of
        ``reference,questioned`` picks these columns. Paths are relative to the list. Empty lines and lines
        that start with ``#`` are left out.

    Raises
    ------
    OptionError
        If there are no pairs, or a line of the list cannot be understood.
    FileError
        If the list cannot be read.
    """
    place = Path(source)
    if place.is_dir():
        scans = sorted(
            str(path)
            for path in place.rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
        pairs = list(itertools.combinations(scans, 2))
        if not pairs:
            raise OptionError(f"{place} holds {len(scans)} scans; two or more are needed to make a pair.")
        return pairs
    try:
        lines = place.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise FileError(
            f"The list {place} cannot be read ({reason}); give a folder, a text or a CSV file."
        ) from error
    pairs = list(dict.fromkeys(_listed(place, lines)))
    if not pairs:
        raise OptionError(f"The list {place} names no pairs; give two paths or more.")
    return pairs


def compare_all(
    pairs: Sequence[PairOfPaths],
    out: Location,
    parameters: ParameterSet | None = None,
    *,
    jobs: int | None = None,
    accept: Collection[str] = (),
    units: Literal["auto", "m", "mm", "um"] = "auto",
    overwrite: bool = False,
    kept: int = KEPT,
    progress: Progress | None = None,
) -> BatchSummary:
    """Compare pairs of files and write a row for each to a CSV file as it comes.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Paths of reference and questioned.
    out : path-like
        The CSV file. Beside it ``<out>.json`` records the parameters, the software and the hash of every
        input. If both exist from the same conditions, pairs that they hold are not computed again.
    parameters : ParameterSet, optional
        The breech-face default when left out.
    jobs : int, optional
        Threads, 1 or more; as many as there are processors when left out. It changes no value.
    accept : collection of str
        Codes of doubtful findings that a person has looked at and accepts.
    units : {"auto", "m", "mm", "um"}
        As in `imaging.files.open_surface`.
    overwrite : bool
        Start anew even if ``out`` exists.
    kept : int
        How many prepared exhibits are held in memory at once.
    progress : callable, optional
        Called with the number of pairs done and of all pairs.

    Returns
    -------
    BatchSummary

    Raises
    ------
    OutputError
        If ``out`` cannot be written, or was begun under other conditions.
    OptionError
        If ``jobs`` or ``kept`` is out of range.

    Notes
    -----
    A file that cannot be read and a mark that cannot be compared are rows with their reason. Anything that is
    no error of ours stops the run; the rows so far stay. Libraries below run on one thread each meanwhile.
    """
    if (jobs is not None and jobs < 1) or kept < 2:
        raise OptionError(f"{jobs} jobs and {kept} exhibits found; at least 1 job and 2 exhibits are needed.")
    chosen = parameters or default_set("breech face")
    pairs = list(dict.fromkeys(pairs))
    names = sorted(set(itertools.chain.from_iterable(pairs)))
    inputs = {name: _digest(name) for name in names}
    conditions = Conditions(
        parameters={"name": chosen.name, "hash": chosen.hash, "values": chosen.values},
        score=chosen.score,
        accept=tuple(sorted(accept)),
        units=units,
        versions=versions(),
        inputs=inputs,
    )
    count = jobs or os.cpu_count() or 1
    exhibits = _Exhibits(chosen, inputs, accept=accept, units=units, kept=kept)
    refused = computed = 0
    with ScoreTable(Path(out), conditions, overwrite=overwrite) as table:
        todo = [pair for pair in _in_blocks(pairs, kept // 2) if not table.has(*pair)]
        done = len(pairs) - len(todo)
        tell = progress or (lambda done, total: None)
        tell(done, len(pairs))
        with _one_thread_each():
            for row in _in_parallel(lambda pair: _row(pair, exhibits), todo, count):
                table.add(row)
                computed += 1
                refused += not row.comparable
                tell(done + computed, len(pairs))
    return BatchSummary(pairs=len(pairs), kept=done, computed=computed, not_comparable=refused)


class _Exhibits:
    """Prepared exhibits by path, each made once as long as it is among the last ones used."""

    def __init__(
        self,
        parameters: ParameterSet,
        digests: dict[str, str | None],
        *,
        accept: Collection[str],
        units: Literal["auto", "m", "mm", "um"],
        kept: int,
    ) -> None:
        self._parameters, self._digests = parameters, digests
        self._accept, self._units, self._kept = accept, units, kept
        self._held: OrderedDict[str, Future[Exhibit | str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: str) -> Exhibit | str:
        """Return the exhibit, or the reason why there is none; wait if another thread prepares it."""
        with self._lock:
            held = self._held.get(path)
            mine = held is None
            if held is None:
                held = self._held[path] = Future()
                while len(self._held) > self._kept:
                    self._held.popitem(last=False)
            self._held.move_to_end(path)
        if mine:
            try:
                held.set_result(self._make(path))
            except BaseException as error:
                held.set_exception(error)
                raise
        return held.result()

    def _make(self, path: str) -> Exhibit | str:
        try:
            scan = open_surface(path, units=self._units)
            if scan.provenance.sha256 != self._digests[path]:
                return f"{path}: changed since the run began; run again when it is complete"
            exhibit = prepare_exhibit(scan, self._parameters, accept=self._accept)
        except (ImagingError, BallisticsError) as error:
            return str(error)
        return f"{path}: {exhibit.reason}" if isinstance(exhibit, NotComparable) else exhibit


def _row(pair: PairOfPaths, exhibits: _Exhibits) -> ScoreRow:
    reference, questioned = pair
    both = exhibits.get(reference), exhibits.get(questioned)
    reasons = dict.fromkeys(each for each in both if isinstance(each, str))
    if reasons:
        return ScoreRow(reference=reference, questioned=questioned, comparable=False, reason="; ".join(reasons))
    start = time.perf_counter()
    result = compare_exhibits(*(each for each in both if isinstance(each, Exhibit)))
    seconds = round(time.perf_counter() - start, 4)
    if isinstance(result, NotComparable):
        return ScoreRow(
            reference=reference, questioned=questioned, comparable=False, seconds=seconds, reason=result.reason
        )
    pose = result.alignment.pose
    return ScoreRow(
        reference=reference,
        questioned=questioned,
        comparable=True,
        score=result.score,
        accf=round(result.accf, 6),
        angle_deg=round(pose.angle_deg, 4),
        dx_um=round(pose.dx_um, 3),
        dy_um=round(pose.dy_um, 3),
        seconds=seconds,
        reason="; ".join(f"warning: {warning}" for warning in result.warnings),
    )


def _in_parallel(
    work: Callable[[PairOfPaths], ScoreRow], pairs: Sequence[PairOfPaths], jobs: int
) -> Iterator[ScoreRow]:
    """Rows as they come; only a few pairs wait at a time, so a long list needs no memory."""
    waiting: set[Future[ScoreRow]] = set()
    rest = iter(pairs)
    with ThreadPoolExecutor(jobs, thread_name_prefix="compare") as pool:
        try:
            while True:
                waiting.update(
                    pool.submit(work, pair) for pair in itertools.islice(rest, QUEUED * jobs - len(waiting))
                )
                if not waiting:
                    return
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_blocks(pairs: Sequence[PairOfPaths], size: int) -> list[PairOfPaths]:
    """Order pairs so that few exhibits are needed at a time: by blocks of references and of questioned."""
    block = {name: number // size for number, name in enumerate(sorted(set(itertools.chain.from_iterable(pairs))))}
    return sorted(pairs, key=lambda pair: (block[pair[0]], block[pair[1]], pair))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep the libraries below from starting threads of their own, which would fight with ours."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        cv2.setNumThreads(before)


def _digest(path: str) -> str | None:
    try:
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _listed(place: Path, lines: Sequence[str]) -> Iterator[PairOfPaths]:
    rows = [
        (number, [cell.strip() for cell in next(csv.reader([line]))])
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    wanted: tuple[int, ...] = ()
    if rows and {"reference", "questioned"} <= set(rows[0][1]):
        wanted = rows[0][1].index("reference"), rows[0][1].index("questioned")
        rows = rows[1:]
    singles: dict[str, None] = {}
    for number, row in rows:
        cells = [row[index] for index in wanted if index < len(row)] if wanted else row
        if not all(cells) or len(cells) not in (1, 2) or (wanted and len(cells) != 2):
            raise OptionError(
                f"Line {number} of {place} has {len(row)} cells; one path, or reference and questioned, is needed."
            )
        paths = [str(place.parent / cell) for cell in cells]
        if len(paths) == 2:
            yield paths[0], paths[1]
        else:
            singles[paths[0]] = None
    yield from itertools.combinations(singles, 2)
