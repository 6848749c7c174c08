"""Which pairs a batch compares: all of a folder, or those of a list."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from ballistics.delimited import SEPARATORS, decoded
from ballistics.errors import OptionError
from ballistics.folders import PHOTOGRAPHS, SUFFIXES, bullets_in, photographs_in, scans_in
from ballistics.output import Location
from imaging.errors import FileError

PairOfPaths = tuple[str, str]
Kind = Literal["scans", "bullets", "photographs"]


def list_pairs(source: Location, *, kind: Kind = "scans") -> list[PairOfPaths]:
    """Return the pairs of a folder or a list, each once.

    Parameters
    ----------
    source : path-like
        A folder: every pair of the files of this kind in it and below it, known by their suffix. A text or CSV
        file in UTF-8 or UTF-16, columns separated by commas, semicolons or tabs: one path a line stands for every
        pair of these; two columns are the pairs themselves. A head of ``reference,questioned`` picks these
        columns. Paths are relative to the list. Empty lines and lines that start with ``#`` are left out.
    kind : {"scans", "bullets", "photographs"}
        What a folder holds. Bullets are the folders with scans and the TOML lists of lands that lie in it.

    Raises
    ------
    OptionError
        If there are no pairs, or a line of the list cannot be understood.
    FileError
        If the list cannot be read.
    """
    place = Path(source)
    if _is(place.is_dir):
        if kind == "photographs":
            found_here = photographs_in(place)
        else:
            found_here = bullets_in(place) if kind == "bullets" else scans_in(place, below=True)
        paths = sorted(str(path) for path in found_here)
        pairs = list(itertools.combinations(paths, 2))
        if not pairs:
            found = f"{'one' if paths else 'no'} {kind.removesuffix('s')}"
            raise OptionError(f"{place} holds {found}; two or more are needed to make a pair.")
        return pairs
    if place.suffix.lower() in SUFFIXES | PHOTOGRAPHS and _is(place.is_file):
        one = "scan" if place.suffix.lower() in SUFFIXES else "photograph"
        raise FileError(
            f"{place} is a {one} by its name; give a folder of {one}s, or a text or CSV file that lists them."
        )
    try:
        content = place.read_bytes()
        lines = decoded(content).splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise FileError(
            f"The list {place} cannot be read ({reason}); give a folder, a text or a CSV file."
        ) from error
    pairs = list(dict.fromkeys(_listed(place, lines)))
    if not pairs:
        raise OptionError(f"The list {place} names no pairs; give two paths or more.")
    return pairs


def _listed(place: Path, lines: Sequence[str]) -> Iterator[PairOfPaths]:
    rows = _cells(place, lines)
    wanted: tuple[int, ...] = ()
    heads = [cell.lower() for cell in rows[0][1]] if rows else []
    if {"reference", "questioned"} <= set(heads):
        wanted = heads.index("reference"), heads.index("questioned")
        rows = rows[1:]
    singles: dict[str, None] = {}
    columns = 0
    for number, row in rows:
        cells = [row[index] for index in wanted if index < len(row)] if wanted else row
        columns = columns or (2 if wanted else len(cells))
        if not all(cells) or len(cells) not in (1, 2) or len(cells) != columns:
            raise OptionError(
                f"Line {number} of {place} holds {row}; one path, or reference and questioned, is needed, in "
                "every line alike. A path with a comma goes in quotes."
            )
        paths = [str(place.parent / cell) for cell in cells]
        if len(paths) == 2:
            yield paths[0], paths[1]
        else:
            singles[paths[0]] = None
    yield from itertools.combinations(singles, 2)


def _cells(place: Path, lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Number and cells of each line that holds something; a line that names a file is one cell."""
    rows: list[tuple[int, list[str]]] = []
    separator = ""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if _is((place.parent / text).exists):
            rows.append((number, [text]))
            continue
        try:
            separator = separator or next((each for each in SEPARATORS if len(_split(text, each)) > 1), "")
            rows.append((number, _split(text, separator or ",")))
        except csv.Error as error:
            raise OptionError(f"Line {number} of {place} is no line of a list of scans ({error}).") from error
    return rows


def _split(line: str, separator: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def _is(kind: Callable[[], bool]) -> bool:
    """Ask what a path is; one that the system cannot even look up is nothing."""
    try:
        return kind()
    except (OSError, ValueError):
        return False
