"""The file of scores that a batch fills: a row a pair, and beside it what the rows were computed with."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ballistics.errors import ConditionsError, OutputError
from ballistics.output import check_output, printable, write_output

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LAYOUT = 3
LOCKED_BYTE = 2**40
START_ANEW = "Choose another name, or start anew with --force."
FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One pair; without a comparison the figures are None and ``reason`` says why, else it holds the warnings.

    ``cells`` is how many cells were compared, of which ``score`` are congruent; empty where the score is no count.
    ``seconds`` is the time that the comparison itself took, preparation left out.
    """

    reference: str
    questioned: str
    comparable: bool
    score: int | float | None = None
    cells: int | None = None
    accf: float | None = None
    angle_deg: float | None = None
    dx_um: float | None = None
    dy_um: float | None = None
    seconds: float = 0.0
    reason: str = ""


COLUMNS = tuple(each.name for each in fields(ScoreRow))


class Conditions(BaseModel):
    """What every row of a file was computed with; rows under other conditions do not belong there.

    ``folder`` is where relative names of inputs start, seen from the folder of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: int = LAYOUT
    parameters: Mapping[str, Any]
    score: str
    accept: tuple[str, ...]
    units: str
    versions: Mapping[str, str]
    inputs: Mapping[str, str | None]
    folder: str = ""


class ScoreTable:
    """A CSV file of scores with its conditions in ``<file>.json``, written row by row.

    Parameters
    ----------
    path : Path
        The CSV file.
    conditions : Conditions
        What the rows are computed with. A file made under other conditions is refused.
    overwrite : bool
        Throw away what is there and start anew.

    Raises
    ------
    OutputError
        If the files cannot be written, or another run is writing them.
    ConditionsError
        If they are no file of scores, hold a pair twice, or were made under other conditions.

    Notes
    -----
    A row is written in one piece and handed to the system at once. A run that is killed can leave a torn
    last line; it is dropped when the file is opened again.

    A file keeps the names that its inputs were first given: an input that is named by another path later, from
    another folder say, goes on under its first name. One that was moved is refused.
    """

    def __init__(self, path: Path, conditions: Conditions, *, overwrite: bool = False) -> None:
        self.path = check_output(path, overwrite=True)
        self.beside = check_output(record_of(path), overwrite=True)
        self.finished: set[tuple[str, str]] = set()
        self._first_names: dict[str, str] = {}
        if os.path.lexists(self.beside) and not os.path.lexists(self.path) and not overwrite:
            self._recorded()
        try:
            self._stream = self.path.open("ab", buffering=0)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        try:
            self._begin(conditions, overwrite=overwrite)
        except BaseException as error:
            self._stream.close()
            if isinstance(error, OSError) and not isinstance(error, OutputError):
                raise _unwritable(self.path, error) from error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def has(self, reference: str, questioned: str) -> bool:
        """Whether the file holds the pair already."""
        return (self._first_name(reference), self._first_name(questioned)) in self.finished

    def refuse_others(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Refuse a file that holds pairs beside these.

        Raises
        ------
        ConditionsError
            If it does; the message names one.
        """
        asked = {(self._first_name(reference), self._first_name(questioned)) for reference, questioned in pairs}
        if others := sorted(self.finished - asked):
            one, other = others[0]
            raise ConditionsError(
                f"{self.path} holds {len(others)} pairs that are not asked for now, such as {one} and {other}. "
                f"{START_ANEW}"
            )

    def add(self, row: ScoreRow) -> None:
        """Append a row."""
        pair = self._first_name(row.reference), self._first_name(row.questioned)
        reason = row.reason
        for given, first in zip((row.reference, row.questioned), pair, strict=True):
            if path_cell(given) != first:
                reason = reason.replace(given, first)
        row = replace(row, reason=reason)
        try:
            self._write((*pair, *(_cell(getattr(row, name)) for name in COLUMNS[len(pair) :])))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.finished.add(pair)

    def _write(self, cells: Iterable[str]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        line = text.getvalue().encode("utf-8")
        if self._stream.write(line) != len(line):
            raise OSError(errno.ENOSPC, "the row could only be written in part")

    def _first_name(self, path: str) -> str:
        cell = path_cell(path)
        return self._first_names.get(cell, cell)

    def _begin(self, conditions: Conditions, *, overwrite: bool) -> None:
        """Lock the file, and read what is there or write its head; an empty file is a new one."""
        _lock(self._stream, self.path)
        going_on = not overwrite and os.fstat(self._stream.fileno()).st_size > 0
        if going_on:
            conditions = self._resume(conditions)
        else:
            self._stream.truncate(0)
            conditions = conditions.model_copy(update={"folder": _seen_from(self.path)})
        write_output(self.beside, json.dumps(conditions.model_dump(), indent=1).encode(), overwrite=True)
        if not going_on:
            self._write(COLUMNS)

    def _resume(self, conditions: Conditions) -> Conditions:
        """Read what is there, drop a torn last line, and return the conditions with all inputs."""
        if not self.beside.is_file():
            raise ConditionsError(
                f"{self.path} exists without {self.beside.name}, so it cannot be gone on with. {START_ANEW}"
            )
        before = self._recorded()
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        self._first_names = _first_names(self.path, before, conditions)
        inputs = {self._first_names[name]: digest for name, digest in conditions.inputs.items()}
        conditions = conditions.model_copy(update={"inputs": inputs, "folder": before.folder})
        _refuse_others(self.path, before, conditions)
        whole = content[: content.rfind(b"\n") + 1]
        self._read(whole)
        if len(whole) < len(content):
            self._stream.truncate(len(whole))
        return conditions.model_copy(update={"inputs": {**before.inputs, **inputs}})

    def _recorded(self) -> Conditions:
        """Return the conditions that stand beside the file."""
        try:
            return Conditions.model_validate_json(self.beside.read_bytes())
        except ValidationError as error:
            raise ConditionsError(f"{self.beside} is not the record of a batch. {START_ANEW}") from error
        except OSError as error:
            raise _unreadable(self.beside, error) from error

    def _read(self, content: bytes) -> None:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8", "replace"))))
        if not rows or tuple(rows[0]) != COLUMNS:
            raise ConditionsError(f"{self.path} does not start with the columns {','.join(COLUMNS)}. {START_ANEW}")
        for number, row in enumerate(rows[1:], start=2):
            if len(row) != len(COLUMNS):
                raise ConditionsError(
                    f"Line {number} of {self.path} has {len(row)} cells and not {len(COLUMNS)}. {START_ANEW}"
                )
            pair = row[0], row[1]
            if pair in self.finished:
                raise ConditionsError(
                    f"Line {number} of {self.path} holds {pair[0]} and {pair[1]} a second time. {START_ANEW}"
                )
            self.finished.add(pair)


def _refuse_others(path: Path, before: Conditions, now: Conditions) -> None:
    for name, old, new in (
        ("layout", before.layout, now.layout),
        ("parameter set", _named(before.parameters), _named(now.parameters)),
        ("score", before.score, now.score),
        ("units", before.units, now.units),
        ("accepted findings", sorted(before.accept), sorted(now.accept)),
        ("software", before.versions, now.versions),
    ):
        if old != new:
            raise ConditionsError(
                f"{path} was begun with other conditions ({name}: {old}, now {new}). {START_ANEW}"
            )
    changed = [name for name, digest in now.inputs.items() if before.inputs.get(name, digest) != digest]
    if changed:
        raise ConditionsError(
            f"{path} was begun with other content of {', '.join(sorted(changed)[:5])}. {START_ANEW}"
        )


def _first_names(path: Path, before: Conditions, now: Conditions) -> dict[str, str]:
    """What the file calls every input: as it is spelled now, or what it called the same place, or a new name."""
    start = Path(os.path.realpath(path.parent)) / before.folder
    gone = [name for name in before.inputs if name not in now.inputs]
    known = {_place(name, start): name for name in gone}
    found = {
        name: name if name in before.inputs else known.pop(_place(name, Path.cwd()), name) for name in now.inputs
    }
    moved = {(Path(name).name, before.inputs[name]): name for name in known.values()}
    for name, digest in now.inputs.items():
        first = moved.get((Path(name).name, digest)) if digest and found[name] not in before.inputs else None
        if first is not None:
            raise ConditionsError(
                f"{path} was begun with {first}, and {name} has the same content; two names would make every pair "
                f"a second time. Name the files as they were named first, or put them back. {START_ANEW}"
            )
    return found


def _place(name: str, start: Path) -> str:
    """Where an input lies: its folder without links, and its own name."""
    plain = name[1:] if name.startswith("'") and _no_formula(name[1:]) == name else name
    place = start / plain
    return os.path.normcase(Path(os.path.realpath(place.parent)) / place.name)


def _seen_from(path: Path) -> str:
    """The folder that the program runs in, seen from the folder of a file."""
    try:
        return os.path.relpath(os.path.realpath(Path.cwd()), os.path.realpath(path.parent))
    except ValueError:
        return str(Path.cwd())


def _lock(stream: FileIO, path: Path) -> None:
    """Keep other runs from a file until it is closed or the program ends; some file systems cannot."""
    try:
        if sys.platform == "win32":
            stream.seek(LOCKED_BYTE)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        raise OutputError(
            f"Another run is writing {path}; wait until it has finished, or choose another name."
        ) from error
    except OSError:
        return


def _named(parameters: Mapping[str, Any]) -> str:
    return f"{parameters.get('name')} with the hash {str(parameters.get('hash'))[:12]}"


def record_of(path: Path) -> Path:
    """Where the conditions of a file of scores stand."""
    return path.with_name(path.name + ".json")


def path_cell(path: str) -> str:
    r"""Return the path of a scan as it stands in the file; paths that differ stay different.

    What cannot be printed is written as an escape.

    Examples
    --------
    >>> print(path_cell("scans/a 1.x3p"), path_cell("=a.x3p"), path_cell("a\x1b.x3p"))
    scans/a 1.x3p '=a.x3p a\x1b.x3p
    """
    return _no_formula("".join(each if each.isprintable() else ascii(each)[1:-1] for each in path))


def _cell(value: object) -> str:
    """A value as text for a cell."""
    if isinstance(value, str):
        return _no_formula(printable(value))
    return "" if value is None else str(value)


def _no_formula(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe."""
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def _unreadable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} cannot be read ({error.strerror or error}); check your rights.")


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written ({error.strerror or error}); check the folder and the room left."
    )
