"""Which firearm made which mark: the manifest that a laboratory keeps of its known samples."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ballistics.delimited import read_delimited
from ballistics.errors import EvidenceError
from ballistics.evidence.names import one_spelling
from ballistics.output import Location
from ballistics.score_table import FORMULA, path_cell

NAMES = ("file", "firearm", "item", "study")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthLine:
    """One mark of a manifest.

    Parameters
    ----------
    line : int
        Where it stands in the manifest.
    file, firearm, item : str
        The file as written; what made the mark; the cartridge case, bullet or test tool it is on.
    study : str
        Empty where the manifest has no column ``study`` or ``group``.
    classes : mapping of str to str
        Further columns, such as make or ammunition.
    """

    line: int
    file: str
    firearm: str
    item: str
    study: str
    classes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A manifest of known samples; made by `read_truth`.

    Parameters
    ----------
    place : Path
        The manifest.
    sha256 : str
        Of its bytes.
    lines : tuple of TruthLine
        Every mark once.
    """

    place: Path
    sha256: str
    lines: tuple[TruthLine, ...]
    _by_name: dict[str, list[TruthLine]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named: dict[str, list[TruthLine]] = {}
        for line in self.lines:
            named.setdefault("".join(parts_of(line.file)[-1:]), []).append(line)
        object.__setattr__(self, "_by_name", named)

    def of(self, path: str) -> TruthLine:
        """Return the line of a file, however its path is written.

        Parameters
        ----------
        path : str
            Absolute, or relative to anywhere, as a score table has it.

        Raises
        ------
        EvidenceError
            If no line or more than one fits; the message names them.

        Notes
        -----
        A line fits if the path and the file of the line end alike over the whole length of the shorter one:
        ``scans/a.x3p`` fits ``/data/scans/a.x3p`` and ``a.x3p``, but never ``other/a.x3p``. Of several the one
        that agrees over most folders is taken. Where the program runs has no influence.
        """
        parts = parts_of(path)
        named = self._by_name.get("".join(parts[-1:]), [])
        fitting = [line for line in named if _fits(parts_of(line.file), parts)]
        if _is_absolute(path):
            whole = [line for line in fitting if self._whole(line) == parts]
            fitting = whole or fitting
        if not fitting:
            raise EvidenceError(
                f"{path} is not in {self.place} ({len(self.lines)} files, such as {self.lines[0].file}); add a "
                "line for it, or leave its pairs out"
            )
        longest = max(min(len(parts_of(line.file)), len(parts)) for line in fitting)
        best = [line for line in fitting if min(len(parts_of(line.file)), len(parts)) == longest]
        exact = [line for line in best if parts_of(line.file) == parts] or best
        if len(exact) > 1:
            which = " and ".join(f"line {line.line} ({line.file}, {line.firearm})" for line in exact[:2])
            raise EvidenceError(
                f"{path} fits {which} of {self.place}; give enough folders there to tell them apart"
            )
        return exact[0]

    def _whole(self, line: TruthLine) -> tuple[str, ...]:
        return parts_of(line.file if _is_absolute(line.file) else os.fspath(self.place.parent / line.file))


def read_truth(path: Location) -> Truth:
    r"""Read a manifest: CSV or TSV with a line for every mark of known origin.

    Parameters
    ----------
    path : path-like
        Columns ``file`` (relative to the manifest, absolute, or a bare name where that is enough) and ``firearm``;
        optionally ``item`` (the name of the file without its ending where not given) and ``study`` or ``group``.
        Every further column is kept as a class of the mark.

    Raises
    ------
    EvidenceError
        If it is a JSON file, a column is missing, a cell of these columns is empty, a file is there twice, or one
        item has two firearms or two studies. The message names the lines.
    FileError
        If it cannot be read.

    Notes
    -----
    Names of firearms that differ in capitals, spaces or the way that Unicode writes a letter only
    (`ballistics.evidence.names.plain_name`) are one firearm, called as in the first line that has it.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "truth.csv"
    >>> _ = place.write_text("file;firearm;make\nscans/a 1.x3p;pistol A;Ruger\n")
    >>> found = read_truth(place).of("/data/scans/a 1.x3p")
    >>> found.firearm, found.item, found.classes
    ('pistol A', 'a 1', {'make': 'Ruger'})
    """
    place = Path(path).absolute()
    if place.suffix.lower() == ".json":
        raise EvidenceError(f"{place} is a JSON file; a manifest is CSV or TSV with a line for every mark")
    table = read_delimited(place)
    head = list(table.head)
    if "study" not in head and "group" in head:
        head[head.index("group")] = "study"
    needed = {name: table.column(name) for name in NAMES[:2]}
    needed |= {name: head.index(name) for name in NAMES[2:] if name in head}
    if not table.rows:
        raise EvidenceError(f"{table.place} has a head and no lines; expected one for every mark")
    others = {name: at for at, name in enumerate(head) if name and name not in NAMES}
    lines = []
    for number, cells in table.rows:
        given = {name: cells[at] for name, at in needed.items()}
        if empty := [name for name, cell in given.items() if not cell]:
            raise EvidenceError(f"line {number} of {table.place} has an empty {empty[0]}: {list(cells)}")
        if not parts_of(given["file"]):
            raise EvidenceError(f"line {number} of {table.place} names no file: {given['file']!r}")
        classes = {name: cells[at] for name, at in others.items()}
        lines.append(TruthLine(line=number, classes=classes, **{"study": "", "item": "", **given}))
    spelling = one_spelling(line.firearm for line in lines)
    lines = [replace(line, firearm=spelling[line.firearm]) for line in _with_items(lines)]
    _check(table.place, lines)
    return Truth(place=table.place, sha256=hashlib.sha256(table.content).hexdigest(), lines=tuple(lines))


def _with_items(lines: Sequence[TruthLine]) -> list[TruthLine]:
    """Name items that have no name after their files: without ending, and without folder where that is enough."""
    stems = [re.sub(r"(?<=[^/\\])\.[^./\\]+$", "", line.file) for line in lines]
    short = [parts_of(stem)[-1] for stem in stems]
    often = Counter(short)
    return [
        line if line.item else replace(line, item=name if often[name] == 1 else stem)
        for line, stem, name in zip(lines, stems, short, strict=True)
    ]


def _check(place: Path, lines: Sequence[TruthLine]) -> None:
    files: dict[tuple[str, ...], TruthLine] = {}
    items: dict[str, TruthLine] = {}
    for line in lines:
        before = files.setdefault(parts_of(line.file), line)
        if before is not line:
            raise EvidenceError(
                f"lines {before.line} and {line.line} of {place} both have {line.file}, of {before.firearm} and "
                f"of {line.firearm}; every file may be there once"
            )
        before = items.setdefault(line.item, line)
        for what in ("firearm", "study"):
            if (one := getattr(before, what)) != (other := getattr(line, what)):
                raise EvidenceError(
                    f"lines {before.line} and {line.line} of {place} say that the item {line.item} is of the "
                    f"{what} {one} and of {other}; one item has one {what}: give every item a name of its own"
                )


def parts_of(path: str) -> tuple[str, ...]:
    """Folders and name of a path, without dots at its start, the same for both kinds of slashes."""
    text = unicodedata.normalize("NFC", path_cell(path))
    if text.startswith("'") and text[1:].lstrip().startswith(FORMULA):
        text = text[1:]
    flat = os.path.normpath(text.replace("\\", "/"))
    return tuple(part for part in flat.split("/") if part not in ("", ".", ".."))


def _fits(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shared = min(len(one), len(other))
    return shared > 0 and one[-shared:] == other[-shared:]


def _is_absolute(path: str) -> bool:
    return re.match(r"[/\\]|[A-Za-z]:[/\\]", path) is not None
