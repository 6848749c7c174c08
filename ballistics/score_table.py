"""The file of scores that a batch fills: a row a pair, and beside it what the rows were computed with."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ballistics.errors import ConditionsError, OutputError
from ballistics.output import check_output, printable, write_output

LAYOUT = 2
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
    """What every row of a file was computed with; rows under other conditions do not belong there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: int = LAYOUT
    parameters: Mapping[str, Any]
    score: str
    accept: tuple[str, ...]
    units: str
    versions: Mapping[str, str]
    inputs: Mapping[str, str | None]


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
        If the files cannot be written, are no file of scores, or were made under other conditions.

    Notes
    -----
    A row is written in one piece and handed to the system at once. A run that is killed can leave a torn
    last line; it is dropped when the file is opened again.
    """

    def __init__(self, path: Path, conditions: Conditions, *, overwrite: bool = False) -> None:
        self.path = check_output(path, overwrite=True)
        self.beside = check_output(record_of(path), overwrite=True)
        self.finished: set[tuple[str, str]] = set()
        exists = os.path.lexists(self.path)
        if exists and not overwrite:
            conditions = self._resume(conditions)
        elif os.path.lexists(self.beside) and not overwrite:
            self._recorded()
        try:
            if overwrite or not exists:
                self.path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8", newline="\n")
            content = json.dumps(conditions.model_dump(), indent=1).encode()
            write_output(self.beside, content, overwrite=True)
            self._stream = self.path.open("ab", buffering=0)
        except OutputError:
            raise
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def has(self, reference: str, questioned: str) -> bool:
        """Whether the file holds the pair already."""
        return (path_cell(reference), path_cell(questioned)) in self.finished

    def add(self, row: ScoreRow) -> None:
        """Append a row."""
        text = io.StringIO()
        pair = path_cell(row.reference), path_cell(row.questioned)
        rest = (_cell(getattr(row, name)) for name in COLUMNS[len(pair) :])
        csv.writer(text, lineterminator="\n").writerow((*pair, *rest))
        line = text.getvalue().encode("utf-8")
        try:
            if self._stream.write(line) != len(line):
                raise OSError(errno.ENOSPC, "the row could only be written in part")
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.finished.add(pair)

    def _resume(self, conditions: Conditions) -> Conditions:
        """Read what is there, drop a torn last line, and return the conditions with all inputs."""
        if not self.beside.is_file():
            raise OutputError(
                f"{self.path} exists without {self.beside.name}, so it cannot be gone on with. {START_ANEW}"
            )
        before = self._recorded()
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        _refuse_others(self.path, before, conditions)
        whole = content[: content.rfind(b"\n") + 1]
        self._read(whole)
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        return conditions.model_copy(update={"inputs": {**before.inputs, **conditions.inputs}})

    def _recorded(self) -> Conditions:
        """Return the conditions that stand beside the file."""
        try:
            return Conditions.model_validate_json(self.beside.read_bytes())
        except ValidationError as error:
            raise OutputError(f"{self.beside} is not the record of a batch. {START_ANEW}") from error
        except OSError as error:
            raise _unreadable(self.beside, error) from error

    def _read(self, content: bytes) -> None:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8", "replace"))))
        if not rows or tuple(rows[0]) != COLUMNS:
            raise OutputError(f"{self.path} does not start with the columns {','.join(COLUMNS)}. {START_ANEW}")
        for number, row in enumerate(rows[1:], start=2):
            if len(row) != len(COLUMNS):
                raise OutputError(
                    f"Line {number} of {self.path} has {len(row)} cells and not {len(COLUMNS)}. {START_ANEW}"
                )
            self.finished.add((row[0], row[1]))


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
