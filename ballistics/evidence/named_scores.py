"""Scores of a batch with columns named by what they are, as reference populations name them."""

from __future__ import annotations

from dataclasses import replace

from ballistics.errors import EvidenceError
from ballistics.evidence.labelled_scores import LabelledScores, Unknown, conditions_beside, labelled_scores
from ballistics.evidence.method import SLIGHT_PENALTY, SUITS, Method, MethodName, ScoreKind
from ballistics.evidence.truth import Truth
from ballistics.output import Location
from ballistics.score_table import COLUMNS, Conditions

COUNT, ACCF, CELLS = "count", "accf", "cells"
NO_SCORES = frozenset(COLUMNS) - {"score", ACCF}


def named_scores(
    scores: Location, truth: Truth, *, score: str | None = None, unknown: Unknown = "refuse"
) -> LabelledScores:
    """Join a file of scores with the truth about its marks.

    Parameters
    ----------
    scores : path-like
        As `ballistics.batch.compare_all` writes it, with or without its record beside it.
    truth : Truth
        Which firearm made which mark.
    score : str, optional
        ``"count"`` (with the cells), ``"accf"``, several joined by ``+``, or the score that the file has, such as
        ``"ccf"``; the count where there is one, else the score of the file. Where no record says what the scores
        are, ``"score"``, or a column of the file that a batch does not write.
    unknown : str
        As in `ballistics.evidence.labelled_scores.labelled_scores`.

    Returns
    -------
    LabelledScores
        With columns named ``count`` and ``cells``, ``accf``, ``ccf``, ``sequence_average`` or ``correlation``.

    Raises
    ------
    EvidenceError
        If there is no such score, one is named twice, or as
        `ballistics.evidence.labelled_scores.labelled_scores` says.
    FileError
        If the file cannot be read.
    """
    conditions = conditions_beside(scores)
    columns = _columns(conditions, score)
    found = labelled_scores(
        scores,
        truth,
        columns=tuple(columns.values()) if columns else None,
        conditions=conditions,
        unknown=unknown,
    )
    given = found.pairs.scores
    if columns is None:
        columns = {COUNT: "score", CELLS: CELLS} if CELLS in given else {name: name for name in given}
    renamed = {name: given[column] for name, column in columns.items()}
    return replace(found, pairs=found.pairs.model_copy(update={"scores": renamed}))


def method_named(kind: ScoreKind, name: MethodName | None) -> Method | None:
    """Return the method of this name for a kind of score, or None if none is named.

    Raises
    ------
    EvidenceError
        If it does not suit the kind of score.

    Examples
    --------
    >>> method_named("one score", "kernel density")
    Method(score='one score', name='kernel density', penalty=None)
    """
    if name is None:
        return None
    if name not in SUITS[kind]:
        raise EvidenceError(f"the method {name} does not suit {kind}; expected {' or '.join(SUITS[kind])}")
    return Method(score=kind, name=name, penalty=SLIGHT_PENALTY if name == "logistic" else None)


def _columns(conditions: Conditions | None, score: str | None) -> dict[str, str] | None:
    """Columns of the file by the names that they get; None leaves the choice to the columns that are filled."""
    if conditions is None and score is None:
        return None
    if conditions is None:
        names = _names(score or "")
        if others := [name for name in names if name in NO_SCORES]:
            raise EvidenceError(
                f"{others[0]} is no score; expected {COUNT}, {ACCF}, score, or a score in a column of your own"
            )
        chosen = {name: "score" if name == COUNT else name for name in names}
    else:
        counts = CELLS in conditions.parameters.get("values", {})
        own = COUNT if counts else conditions.score
        known = {own: "score", **({ACCF: ACCF} if counts else {})}
        names = _names(score or own)
        if unknown := [name for name in names if name not in known]:
            raise EvidenceError(
                f"these scores have no {unknown[0]!r}; expected one of {', '.join(known)}"
                + (f", or {'+'.join(known)}" if len(known) > 1 else "")
            )
        chosen = {name: known[name] for name in names}
    return {**chosen, CELLS: CELLS} if list(chosen) == [COUNT] else chosen


def _names(score: str) -> list[str]:
    names = [name.strip() for name in score.split("+")]
    columns = ["score" if name == COUNT else name for name in names]
    if twice := [name for name, column in zip(names, columns, strict=True) if columns.count(column) > 1]:
        raise EvidenceError(f"the score {score!r} names {twice[0]} twice; name every score once")
    return names
