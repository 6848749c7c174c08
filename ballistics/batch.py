"""Many pairs: in parallel, resumable, one bad file never stopping the rest."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from ballistics.batch_methods import (
    CHANGED,
    BulletMethod,
    LandMethod,
    Method,
    Scored,
    Unit,
    file_digest,
)
from ballistics.batch_pictures import PictureMethod
from ballistics.compare import Exhibit, NotComparable, compare_exhibits, prepare_exhibit
from ballistics.contract import rounded_turn, versions
from ballistics.errors import BallisticsError, OptionError
from ballistics.output import Location, check_output
from ballistics.pair_list import PairOfPaths
from ballistics.parameters import ParameterSet, PictureSet, StriatedSet, default_set
from ballistics.score_table import Conditions, ScoreRow, ScoreTable, path_cell, record_of
from imaging.errors import ImagingError
from imaging.files import open_surface

KEPT = 32
QUEUED = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """What a batch did: pairs asked for, found in the file, computed now, and refused among these."""

    pairs: int
    kept: int
    computed: int
    not_comparable: int


def compare_all(
    pairs: Sequence[PairOfPaths],
    out: Location,
    parameters: ParameterSet | StriatedSet | PictureSet | None = None,
    *,
    bullets: bool = False,
    jobs: int | None = None,
    accept: Collection[str] = (),
    units: Unit = "auto",
    pixel_um: float | None = None,
    overwrite: bool = False,
    only: bool = False,
    kept: int | None = None,
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
    parameters : ParameterSet, StriatedSet or PictureSet, optional
        The breech-face default when left out. Under a set for striated marks the score is the correlation and
        ``dx_um`` the lag of the questioned mark; the other columns of a pose stay empty. Under a set for
        photographs the score is the correlation at the pose, and a shift is given where the scales are known.
    bullets : bool
        Whether each path is a whole bullet, a folder or a list of its lands. The score is then the sequence
        average, and the set must be one for bullet lands.
    jobs : int, optional
        Threads, 1 or more; as many as there are processors when left out. It changes no value.
    accept : collection of str
        Codes of doubtful findings that a person has looked at and accepts.
    units : {"auto", "m", "mm", "um"}
        As in `imaging.files.open_surface`.
    pixel_um : float, optional
        Side of a pixel of every photograph in micrometres.
    overwrite : bool
        Start anew even if ``out`` exists.
    only : bool
        Refuse to go on with a file that holds other pairs as well.
    kept : int
        How many prepared exhibits are held in memory at once; as the kind of mark suggests when left out.
    progress : callable, optional
        Called with the number of pairs done and of all pairs.

    Returns
    -------
    BatchSummary

    Raises
    ------
    OutputError
        If ``out`` cannot be written, is one of the scans, was begun under other conditions, or is being written by
        another run.
    OptionError
        If ``jobs`` or ``kept`` is out of range, the set is not for bullets, or a pixel is given for scans.

    Notes
    -----
    A file that cannot be read and a mark that cannot be compared are rows with their reason. Anything that is
    no error of ours stops the run; the rows so far stay. Libraries below run on one thread each meanwhile.
    """
    chosen = parameters or default_set("breech face")
    method = _method(chosen, bullets=bullets, accept=accept, units=units, pixel_um=pixel_um)
    kept = method.kept if kept is None else kept
    if (jobs is not None and jobs < 1) or kept < 2:
        raise OptionError(f"{jobs} jobs and {kept} exhibits found; at least 1 job and 2 exhibits are needed.")
    pairs = list(dict.fromkeys(pairs))
    names = sorted(set(itertools.chain.from_iterable(pairs)))
    place = Path(out)
    for each in (place, record_of(place)):
        check_output(each, overwrite=True, inputs=tuple(file for name in names for file in method.files(name)))
    inputs = {name: method.digest(name) for name in names}
    conditions = Conditions(
        parameters={"name": chosen.name, "hash": chosen.hash, "values": chosen.values},
        score=method.score,
        accept=tuple(sorted(accept)),
        units=method.lengths,
        versions=versions(),
        inputs={path_cell(name): digest for name, digest in inputs.items()},
    )
    count = jobs or os.cpu_count() or 1
    exhibits = _Exhibits(method, inputs, kept=kept)
    refused = computed = 0
    with ScoreTable(place, conditions, overwrite=overwrite) as table:
        if only:
            table.refuse_others(pairs)
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

    def __init__(self, method: Method, digests: dict[str, str | None], *, kept: int) -> None:
        self.method = method
        self._digests, self._kept = digests, kept
        self._held: OrderedDict[str, Future[object | str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: str) -> object | str:
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

    def _make(self, path: str) -> object | str:
        try:
            return self.method.prepare(path, self._digests[path])
        except MemoryError:
            return f"{path}: there is not enough memory to prepare this scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellMethod:
    """Every scan is one impressed mark; the score is a count of cells."""

    parameters: ParameterSet
    accept: Collection[str]
    units: Unit
    kept: int = KEPT

    @property
    def lengths(self) -> str:
        return self.units

    @property
    def score(self) -> str:
        return self.parameters.score

    def files(self, path: str) -> list[Path]:
        return [Path(path)]

    def digest(self, path: str) -> str | None:
        return file_digest(Path(path))

    def prepare(self, path: str, digest: str | None) -> Exhibit | str:
        try:
            scan = open_surface(path, units=self.units)
            if scan.provenance.sha256 != digest:
                return f"{path}: {CHANGED}"
            exhibit = prepare_exhibit(scan, self.parameters, accept=self.accept)
        except (ImagingError, BallisticsError) as error:
            return str(error)
        return f"{path}: {exhibit.reason}" if isinstance(exhibit, NotComparable) else _slim(exhibit)

    def compare(self, reference: Exhibit, questioned: Exhibit) -> Scored | str:
        result = compare_exhibits(reference, questioned)
        if isinstance(result, NotComparable):
            return result.reason
        pose = result.alignment.pose
        return Scored(
            score=result.score,
            cells=result.cells,
            accf=round(result.accf, 6),
            angle_deg=rounded_turn(pose.angle_deg, 4),
            dx_um=round(pose.dx_um, 3),
            dy_um=round(pose.dy_um, 3),
            warnings=result.warnings,
        )


def _method(
    chosen: ParameterSet | StriatedSet | PictureSet,
    *,
    bullets: bool,
    accept: Collection[str],
    units: Unit,
    pixel_um: float | None,
) -> Method:
    if bullets and chosen.mark != "bullet land":
        raise OptionError(f"{chosen.name} is a set for the {chosen.mark}; bullets need one for the bullet land.")
    if isinstance(chosen, PictureSet):
        return PictureMethod(parameters=chosen, accept=accept, units=units, pixel_um=pixel_um)
    if pixel_um is not None:
        raise OptionError(
            f"A pixel of {pixel_um:g} um and the set {chosen.name} found; scans have their own scale."
        )
    if isinstance(chosen, ParameterSet):
        return _CellMethod(parameters=chosen, accept=accept, units=units)
    return (BulletMethod if bullets else LandMethod)(parameters=chosen, accept=accept, units=units)


def _slim(exhibit: Exhibit) -> Exhibit:
    """The exhibit without the heights and the mask of the scan, which only pictures need; raw scans are large."""
    scan = replace(exhibit.scan, heights=np.full((1, 1), np.nan), attachments={})
    segmentation = replace(exhibit.segmentation, scan=scan, mask=np.zeros((1, 1), np.bool_))
    return Exhibit(segmentation=segmentation, mark=replace(exhibit.mark, scan=scan))


def _row(pair: PairOfPaths, exhibits: _Exhibits) -> ScoreRow:
    reference, questioned = pair
    both = exhibits.get(reference), exhibits.get(questioned)
    reasons = dict.fromkeys(each for each in both if isinstance(each, str))
    if reasons:
        return ScoreRow(reference=reference, questioned=questioned, comparable=False, reason="; ".join(reasons))
    start = time.perf_counter()
    result = exhibits.method.compare(*both)
    seconds = round(time.perf_counter() - start, 4)
    if isinstance(result, str):
        return ScoreRow(
            reference=reference, questioned=questioned, comparable=False, seconds=seconds, reason=result
        )
    return ScoreRow(
        reference=reference,
        questioned=questioned,
        comparable=True,
        score=result.score,
        cells=result.cells,
        accf=result.accf,
        angle_deg=result.angle_deg,
        dx_um=result.dx_um,
        dy_um=result.dy_um,
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
