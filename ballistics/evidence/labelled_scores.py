"""Scores that a batch wrote, joined with the truth about their marks; no pair is lost on the way."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ballistics.delimited import Delimited, read_delimited
from ballistics.errors import EvidenceError
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled import LARGEST_SCORE
from ballistics.evidence.method import ScoreKind
from ballistics.evidence.seal import Part
from ballistics.evidence.truth import Truth, TruthLine, parts_of
from ballistics.output import Location
from ballistics.score_table import Conditions, ScoreRow, record_of

COMPARABLE = {"true": True, "false": False}
MOST_CELLS = 100_000

Unknown = Literal["refuse", "leave out"]
LeftOutKind = Literal["not comparable", "same item", "repeated items", "not in the manifest"]


class LeftOut(Part):
    """A pair that has no score to be judged by, and why.

    Parameters
    ----------
    reference, questioned : str
        Files, as the manifest names them where it does.
    firearms : tuple of str
        Of both marks; empty where the manifest does not have them.
    kind, reason : str
        Why the pair is left out, in a word and in full.
    """

    reference: str
    questioned: str
    firearms: tuple[str, ...]
    kind: LeftOutKind
    reason: str

    @property
    def same(self) -> bool | None:
        """Whether one firearm made both marks; None where that is not known."""
        return len(set(self.firearms)) == 1 if self.firearms else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledScores:
    """Scores of pairs of known origin, and every pair that has none.

    Parameters
    ----------
    pairs : KnownPairs
        Columns of scores, firearms and items of both marks.
    left_out : tuple of LeftOut
        Pairs that could not be compared, compare an item with itself or two items again, or are not in the
        manifest.
    conditions : Conditions, optional
        What the scores were computed with; None where nobody wrote it down.
    truth : Truth, optional
        The manifest.
    files : tuple of str
        Every file of the manifest that is in a pair.
    inputs : mapping of str to str
        SHA-256 of these files, as far as it is known.
    source : tuple of (str, str), optional
        Name and SHA-256 of the file of scores.
    """

    pairs: KnownPairs
    left_out: tuple[LeftOut, ...] = ()
    conditions: Conditions | None = None
    truth: Truth | None = None
    files: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    source: tuple[str, str] | None = None

    @property
    def kind(self) -> ScoreKind:
        """What the columns are: a count with its cells, one score, or several."""
        names = tuple(self.pairs.scores)
        return "one score" if len(names) == 1 else "cell count" if names[1:] == ("cells",) else "several scores"

    @property
    def scans(self) -> dict[str, str]:
        """Items by the SHA-256 of their scans, as far as it is known."""
        items = {line.file: line.item for line in self.truth.lines} if self.truth else {}
        return {digest: items[name] for name, digest in self.inputs.items()}

    @property
    def studies(self) -> dict[str, str]:
        """The study of every item; empty where the manifest has none."""
        lines = self.truth.lines if self.truth else ()
        return {line.item: line.study for line in lines if line.study}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    where: str
    cells: Mapping[str, str]
    one: TruthLine | None
    other: TruthLine | None
    unknown: str = ""
    comma: bool = False

    @property
    def files(self) -> tuple[str, str]:
        """Names of both files, those of the manifest where it has them."""
        named = zip((self.one, self.other), ("reference", "questioned"), strict=True)
        first, second = (line.file if line else self.cells[name] for line, name in named)
        return first, second


def labelled_scores(
    scores: Location | Sequence[ScoreRow],
    truth: Truth,
    *,
    columns: Sequence[str] | None = None,
    conditions: Conditions | None = None,
    unknown: Unknown = "refuse",
) -> LabelledScores:
    """Join the scores that a batch wrote with the truth about their marks.

    Parameters
    ----------
    scores : path-like or sequence of ScoreRow
        A file of scores as `ballistics.batch.compare_all` writes it; its conditions are read from
        ``<file>.json`` if that exists.
    truth : Truth
        From `ballistics.evidence.truth.read_truth`.
    columns : sequence of str, optional
        Columns that make the score, such as ``("score", "cells")`` or ``("score", "accf")``. If not given, the
        score, with the cells where every compared pair has them.
    conditions : Conditions, optional
        Of rows that come from no file.
    unknown : str
        ``"refuse"`` pairs with a file that is not in the manifest, or ``"leave out"``.

    Returns
    -------
    LabelledScores
        The same, but for ``source``, in whatever order the rows come.

    Raises
    ------
    EvidenceError
        If a column is missing, a score is empty, no number or not finite, a count is negative, broken or above its
        cells, or these are more than 100 000, a pair is there twice (in either order), two files fit one line of
        the manifest, a file is not in it, or no pair was compared. The message names the lines.
    FileError
        If the file cannot be read.

    Notes
    -----
    Of several pairs of scans of the same two items the first that was compared is kept, by the names of its files
    in the manifest; the others are left out. Where semicolons or tabs separate cells, numbers may have a decimal
    comma.

    Examples
    --------
    >>> from ballistics.evidence.truth import TruthLine
    >>> lines = [
    ...     TruthLine(line=n, file=f"{n}.x3p", firearm="A", item=f"{n}", study="", classes={}) for n in (2, 3)
    ... ]
    >>> truth = Truth(place=Path("truth.csv"), sha256="", lines=tuple(lines))
    >>> row = ScoreRow(reference="scans/2.x3p", questioned="scans/3.x3p", comparable=True, score=18, cells=24)
    >>> found = labelled_scores([row], truth)
    >>> found.kind, found.pairs.same.tolist(), found.left_out
    ('cell count', [True], ())
    """
    source, comma = None, False
    if isinstance(scores, str | os.PathLike):
        table = read_delimited(Path(scores))
        cells = _cells_of(table)
        conditions = conditions or conditions_beside(table.place)
        comma = table.separator != ","
        source = table.place.name, hashlib.sha256(table.content).hexdigest()
    else:
        cells = [(f"row {number}", _texts(row)) for number, row in enumerate(scores, start=1)]
    known, inputs = _known(cells, truth, conditions, unknown)
    rows = [replace(row, comma=comma) for row in known]
    both = [(row, _left_out(row)) for row in rows]
    left_out = [left for _, left in both if left is not None]
    compared = [row for row, left in both if left is None]
    if not compared:
        reason = left_out[0].reason if left_out else "there is no row"
        raise EvidenceError(f"no pair has a score; of {len(rows)} pairs the first because: {reason}")
    _check_pairs(rows)
    compared, repeated = _each_once(compared)
    left_out += repeated
    return LabelledScores(
        pairs=_pairs(compared, columns),
        left_out=tuple(sorted(left_out, key=lambda left: (left.kind, *sorted((left.reference, left.questioned))))),
        conditions=conditions,
        truth=truth,
        files=tuple(sorted({line.file for row in rows for line in (row.one, row.other) if line})),
        inputs=inputs,
        source=source,
    )


def _texts(row: ScoreRow) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in asdict(row).items()}


def _cells_of(table: Delimited) -> list[tuple[str, dict[str, str]]]:
    for name in ("reference", "questioned", "comparable", "reason"):
        table.column(name)
    return [
        (f"line {number} of {table.place}", dict(zip(table.head, cells, strict=True)))
        for number, cells in table.rows
    ]


def conditions_beside(scores: Location) -> Conditions | None:
    """Return what a file of scores was computed with, as the file beside it says; None if there is none.

    Raises
    ------
    EvidenceError
        If that file is something else.
    """
    place = Path(scores)
    beside = record_of(place)
    if not beside.is_file():
        return None
    try:
        return Conditions.model_validate_json(beside.read_bytes())
    except (OSError, ValidationError) as error:
        raise EvidenceError(
            f"{beside} is not the record of {place.name} ({error}); without it nobody knows what the scores were "
            "computed with: give the one that the batch wrote"
        ) from error


def _known(
    cells: Sequence[tuple[str, dict[str, str]]], truth: Truth, conditions: Conditions | None, unknown: Unknown
) -> tuple[list[_Row], dict[str, str]]:
    """Rows with their lines of the manifest, and the hashes of the files by the names that it gives them."""
    digests = conditions.inputs if conditions else {}
    lines: dict[str, TruthLine | EvidenceError] = {}
    owner: dict[int, str] = {}
    rows = []
    for where, row in cells:
        found: list[TruthLine | None] = []
        missing = ""
        for path in (row["reference"], row["questioned"]):
            line = lines.get(path) or lines.setdefault(path, _line(truth, path))
            if isinstance(line, EvidenceError):
                if unknown == "refuse":
                    raise EvidenceError(f"{where}: {line}") from line
                missing = missing or f"{path} is not in the manifest"
                found.append(None)
                continue
            before = owner.setdefault(line.line, path)
            alike = digests.get(path) is not None and digests.get(path) == digests.get(before)
            if parts_of(before) != parts_of(path) and not alike:
                raise EvidenceError(
                    f"{where}: {path} and {before} both fit line {line.line} of {truth.place} ({line.file}); give "
                    "enough folders there to tell them apart"
                )
            found.append(line)
        rows.append(_Row(where=where, cells=row, one=found[0], other=found[1], unknown=missing))
    named = {line.line: line.file for line in lines.values() if isinstance(line, TruthLine)}
    hashes = {named[number]: digests.get(path) for number, path in owner.items()}
    return rows, {name: digest for name, digest in sorted(hashes.items()) if digest is not None}


def _line(truth: Truth, path: str) -> TruthLine | EvidenceError:
    try:
        return truth.of(path)
    except EvidenceError as error:
        return error


def _left_out(row: _Row) -> LeftOut | None:
    comparable = COMPARABLE.get(row.cells["comparable"].casefold())
    if comparable is None:
        raise EvidenceError(
            f"{row.where}: comparable is {row.cells['comparable']!r}; expected True or False, in English as "
            "compare-all writes them: a spreadsheet may have translated them"
        )
    kind: LeftOutKind
    if row.one is None or row.other is None:
        kind, reason = "not in the manifest", row.unknown
    elif row.one.item == row.other.item:
        kind, reason = "same item", f"both are scans of {row.one.item}, which is no known match"
    elif not comparable:
        kind, reason = "not comparable", _by_names(row)
    else:
        return None
    return _left(row, kind, reason)


def _left(row: _Row, kind: LeftOutKind, reason: str) -> LeftOut:
    firearms = (row.one.firearm, row.other.firearm) if row.one and row.other else ()
    return LeftOut(reference=row.files[0], questioned=row.files[1], firearms=firearms, kind=kind, reason=reason)


def _each_once(compared: Sequence[_Row]) -> tuple[list[_Row], list[LeftOut]]:
    """Keep of the pairs of the same two items the first by the names of its files, and list the others."""
    kept: dict[tuple[str, ...], _Row] = {}
    left_out = []
    for row in sorted(compared, key=lambda row: sorted(row.files)):
        items = tuple(sorted(line.item for line in (row.one, row.other) if line))
        first = kept.setdefault(items, row)
        if first is not row:
            reason = f"{' and '.join(items)} are compared already, by {' and '.join(sorted(first.files))}"
            left_out.append(_left(row, "repeated items", reason))
    return list(kept.values()), left_out


def _by_names(row: _Row) -> str:
    """The reason of a row with files as the manifest names them, so that it does not depend on the folder."""
    reason = row.cells["reason"] or "no reason was written down"
    for path, name in zip((row.cells["reference"], row.cells["questioned"]), row.files, strict=True):
        reason = reason.replace(path, name)
    return reason


def _check_pairs(rows: Sequence[_Row]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        pair = tuple(sorted(row.files))
        if (before := seen.setdefault(pair, row.where)) != row.where:
            raise EvidenceError(
                f"{before} and {row.where} are the same pair ({pair[0]}, {pair[1]}); every pair may be there once"
            )


def _pairs(rows: Sequence[_Row], columns: Sequence[str] | None) -> KnownPairs:
    names = tuple(columns) if columns is not None else _default_columns(rows)
    if "score" in names:
        for row in rows:
            _check_count(row)
    lines = [(row.one, row.other) for row in rows]
    return KnownPairs.from_columns(
        {name: [_number(row, name) for row in rows] for name in names},
        firearms=([one.firearm for one, _ in lines if one], [other.firearm for _, other in lines if other]),
        items=([one.item for one, _ in lines if one], [other.item for _, other in lines if other]),
    )


def _default_columns(rows: Sequence[_Row]) -> tuple[str, ...]:
    return ("score", "cells") if all(row.cells.get("cells") for row in rows) else ("score",)


def _number(row: _Row, name: str) -> float:
    if name not in row.cells:
        raise EvidenceError(f"there is no column {name!r} among the scores; found {', '.join(row.cells)}")
    text = row.cells[name]
    try:
        value = float(text.replace(",", ".") if row.comma else text)
    except ValueError:
        what = "empty" if not text else f"{text!r}"
        hint = "; a decimal comma needs semicolons or tabs between cells" if "," in text else ""
        raise EvidenceError(
            f"{row.where}: {name} is {what}; expected a number for every pair that was compared{hint}"
        ) from None
    if not abs(value) <= LARGEST_SCORE:
        raise EvidenceError(
            f"{row.where}: {name} is {text}; expected a finite number: a pair without a score is not comparable"
        )
    return value


def _check_count(row: _Row) -> None:
    """Refuse a count of cells that none can be; a score without cells is no count."""
    if not row.cells.get("cells"):
        return
    count, cells = _number(row, "score"), _number(row, "cells")
    if not (1 <= cells <= MOST_CELLS and 0 <= count <= cells and count % 1 == cells % 1 == 0):
        raise EvidenceError(
            f"{row.where}: a score of {row.cells['score']} of {row.cells['cells']} cells; expected whole numbers, "
            f"1 to {MOST_CELLS:,} cells and no more congruent cells than these"
        )
