"""Reference populations: scores of pairs of known origin, what they were made with, and the calibrator they give.

A population is one JSON file. Every part of it has a hash, and the hash of those hashes names the population in a
report: an edited file is refused, with the parts that were changed.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, ValidationError, model_validator

from ballistics.errors import EvidenceError
from ballistics.evidence.bounds import Bounds, elub, invariance_bounds
from ballistics.evidence.calibration import Calibrator, Fit
from ballistics.evidence.held_out import held_out
from ballistics.evidence.known_pairs import KnownPairs, Name, told
from ballistics.evidence.method import Method, ScoreKind
from ballistics.evidence.performance import cllr, cllr_min
from ballistics.evidence.seal import Hash, Part, as_lines, check_seal, seal_of, sha256_of
from ballistics.output import write_output
from imaging.errors import FileError

Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]

LAYOUT: Final = 2

COLUMNS = {"cell count": "two columns, the count and the cells", "one score": "one column"}


class Scanning(Part):
    """How and when the marks were scanned.

    Parameters
    ----------
    scanner : str
        Class of the instrument, such as ``"confocal microscope"``; a case scanned with another class is refused.
    instrument, maker : str
        Model and who builds it.
    pixel_um : float
        Pixel of the scans as they were compared, in micrometres.
    scanned : date, optional
        Last day of scanning; left out where nobody knows.
    """

    scanner: Name
    instrument: Text
    maker: Text
    pixel_um: Annotated[float, Field(gt=0, le=1000)]
    scanned: date | None = None


class Origin(Part):
    """Where the scores come from and who may use them.

    Parameters
    ----------
    source : str
        Study or laboratory, with DOI or address where there is one.
    licence, credit : str
        What allows the use of the data, and whom to name.
    made_by : str
        Who computed the scores and built the population.
    """

    source: Text
    licence: Text
    credit: Text
    made_by: Text


class Description(Part):
    """What a population is of.

    Parameters
    ----------
    name : str
        As it stands in reports.
    mark : str
        Kind of mark, such as ``"breech face"``.
    parameters, parameter_hash : str
        Name and hash of the parameter set that gave the scores.
    score : str
        ``"cell count"``, ``"one score"`` or ``"several scores"``.
    firearms : str
        The kind of firearms and ammunition, as it ends "another firearm of this kind: ...".
    scanning, origin : Scanning, Origin
        How the marks were scanned; where the scores come from.
    notes : tuple of str
        What a reader must know, such as pairs that could not be compared.
    """

    name: Name
    mark: Name
    parameters: Name
    parameter_hash: Hash
    score: ScoreKind
    firearms: Text
    scanning: Scanning
    origin: Origin
    notes: tuple[Text, ...] = ()


class Diagnostics(Part):
    """What the known pairs are and how well their calibrator does on firearms that it does not know.

    Parameters
    ----------
    firearms, matched_firearms, firearm_pairs : int
        Distinct firearms, those with a known match, distinct pairs of different firearms.
    known_matches, known_non_matches : int
        Pairs of either kind.
    ties : int
        Pairs whose score also occurs among pairs of the other kind.
    separated : bool
        No known match scores (log10 LR) at or below a known non-match: the population shows no overlap, and how
        strong the evidence is between the two kinds is the model's word alone.
    cllr, cllr_min : float
        Of the bounded log10 LRs and of the best rising curve through them, every pair judged by a fit that knows
        neither of its firearms.
    cllr_unbounded : float
        As ``cllr``, before the bound.
    cllr_in_sample : float
        Of the calibrator on the pairs that it was fitted to, bounded: too good, here to be set beside ``cllr``.
    groups, fits : int
        Groups of firearms left out together, and fits that it took.
    """

    firearms: int
    matched_firearms: int
    firearm_pairs: int
    known_matches: int
    known_non_matches: int
    ties: int
    separated: bool
    cllr: float
    cllr_min: float
    cllr_unbounded: float
    cllr_in_sample: float
    groups: int
    fits: int


class ReferencePopulation(Part):
    """Known pairs with their description, the calibrator fitted to them, its bounds and how well it does.

    It is made by `build_population`, written by `write_population` and read by `read_population`. ``seal`` has the
    hash of every part, ``sha256`` the hash of the seal; where they do not fit the content there is no population.
    ``scans`` has the items by the SHA-256 of their scans, as far as it is known, so that a case is not weighed by
    itself. A seal finds edits and accidents; it is no signature, and who builds a population can write anything.
    """

    layout: Literal[2] = LAYOUT
    description: Description
    pairs: KnownPairs
    scans: Mapping[Hash, Name]
    method: Method
    calibrator: Calibrator
    bounds: Bounds
    diagnostics: Diagnostics
    library: str
    seal: Mapping[str, Hash]
    sha256: Hash

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        check_seal(
            _sealed(self),
            self.seal,
            self.sha256,
            made="the population was built",
            remedy="Use the original file, or build the population anew from its scores",
        )
        return self

    @property
    def fit(self) -> Fit:
        """The function that fitted the calibrator, with its options."""
        return self.method.fit


def _sealed(population: ReferencePopulation) -> dict[str, Any]:
    return population.model_dump(mode="json", exclude={"seal", "sha256"})


def build_population(
    description: Description,
    scores: Mapping[str, ArrayLike],
    *,
    firearms: tuple[Sequence[str], Sequence[str]],
    items: tuple[Sequence[str], Sequence[str]],
    scans: Mapping[str, str] | None = None,
    method: Method | None = None,
    bound: Literal["elub", "invariance"] = "elub",
) -> ReferencePopulation:
    """Make a reference population from scores of pairs of known origin.

    Parameters
    ----------
    description : Description
        What the pairs are of.
    scores : mapping of str to array_like, shape (n,)
        Columns by name, finite. A cell count has two: the count, then the number of cells.
    firearms : pair of sequences of str, length n
        The firearm of the first and of the second mark of every pair; equal names make a known match.
    items : pair of sequences of str, length n
        The cartridge case, bullet or test tool of either mark.
    scans : mapping of str to str, optional
        Items by the SHA-256 of their scans; those that are in no pair are left out.
    method : Method, optional
        How the calibrator is fitted; the default for the kind of score if not given, see
        `ballistics.evidence.method`.
    bound : str
        ``"elub"`` or ``"invariance"``: how far the known pairs carry. It is found from the log10 LRs of pairs that
        the fit did not know.

    Returns
    -------
    ReferencePopulation
        The same, hash included, in whatever order pairs and the two marks of a pair come.

    Raises
    ------
    EvidenceError
        If a pair cannot be used (see `KnownPairs.from_columns`), there are too few (`KnownPairs.check_size`),
        columns do not suit the kind of score, or no calibrator can be fitted with two firearms left out.

    Notes
    -----
    The bound takes pairs as independent. Where few firearms give many pairs they are not, and the bound is wider
    than it should be; ``diagnostics.firearm_pairs`` shows how many independent ones there can be at most.

    Examples
    --------
    >>> from ballistics.evidence.population import Description, Origin, Scanning
    >>> rng = np.random.default_rng(7)
    >>> guns = [f"gun {i}" for i in range(12)]
    >>> first, second = np.triu_indices(12)
    >>> score = rng.normal(np.where(first == second, 0.8, 0.3), 0.1)
    >>> made = build_population(
    ...     Description(
    ...         name="made", mark="aperture shear", parameters="made", parameter_hash="0" * 64, score="one score",
    ...         firearms="made pistols",
    ...         scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.5),
    ...         origin=Origin(source="made", licence="CC0", credit="none", made_by="this example"),
    ...     ),
    ...     {"ccf": score},
    ...     firearms=([guns[i] for i in first], [guns[i] for i in second]),
    ...     items=([f"{guns[i]} a" for i in first], [f"{guns[i]} b" for i in second]),
    ... )
    >>> made.method.name, made.diagnostics.known_matches, made.diagnostics.known_non_matches
    ('logistic', 12, 66)
    """
    pairs = KnownPairs.from_columns(scores, firearms=firearms, items=items)
    _check_columns(description.score, tuple(pairs.scores))
    pairs.check_size()
    chosen = method or Method.default(description.score)
    if chosen.score != description.score:
        raise EvidenceError(f"the method is for {chosen.score}, the description says {description.score}")
    table, same = pairs.table, pairs.same
    unseen = held_out(chosen.fit, table, *pairs.firearms)
    bounds = (elub if bound == "elub" else invariance_bounds)(unseen.log10_lr, same)
    calibrator = chosen.fit(table, same)
    bounded = bounds.apply(unseen.log10_lr).log10_lr
    known = calibrator.log10_lr(table)
    guns = np.sort(pairs.firearms, axis=0)
    content: dict[str, Any] = {
        "description": description,
        "pairs": pairs,
        "scans": _scans_of(pairs, scans or {}),
        "method": chosen,
        "calibrator": calibrator,
        "bounds": bounds,
        "diagnostics": Diagnostics(
            firearms=len(pairs.firearm_names),
            matched_firearms=len(set(guns[0][same])),
            firearm_pairs=len(np.unique(guns[:, ~same], axis=1).T),
            known_matches=pairs.known_matches,
            known_non_matches=pairs.known_non_matches,
            ties=_ties(table, pairs),
            separated=bool(known[same].min() > known[~same].max()),
            cllr=cllr(bounded, same),
            cllr_min=cllr_min(bounded, same),
            cllr_unbounded=cllr(unseen.log10_lr, same),
            cllr_in_sample=cllr(bounds.apply(known).log10_lr, same),
            groups=unseen.groups,
            fits=unseen.fits,
        ),
        "library": version("forensic-ballistics"),
    }
    seal = seal_of(_sealed(ReferencePopulation.model_construct(**content, seal={}, sha256="")))
    return ReferencePopulation(**content, seal=seal, sha256=sha256_of(seal))


def _check_columns(kind: ScoreKind, names: tuple[str, ...]) -> None:
    wanted = {"cell count": len(names) == 2, "one score": len(names) == 1, "several scores": len(names) > 1}
    if not wanted[kind]:
        raise EvidenceError(
            f"found {len(names)} columns of scores ({', '.join(names)}); {kind} needs "
            f"{COLUMNS.get(kind, 'two columns or more')}"
        )


def _scans_of(pairs: KnownPairs, scans: Mapping[str, str]) -> dict[str, str]:
    items = {*pairs.first_item, *pairs.second_item}
    return {digest: scans[digest] for digest in sorted(scans) if scans[digest] in items}


def _ties(table: np.ndarray[Any, np.dtype[np.float64]], pairs: KnownPairs) -> int:
    place = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
    counts = np.array([np.bincount(place, pairs.same == kind) for kind in (True, False)])
    return int(counts[:, (counts > 0).all(axis=0)].sum())


def write_population(
    population: ReferencePopulation, path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write a population as JSON, one part a line.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_output(Path(path), as_lines(population.model_dump(mode="json")), overwrite=overwrite)


def read_population(path: str | os.PathLike[str]) -> ReferencePopulation:
    """Read a population and check it against its hashes.

    Raises
    ------
    EvidenceError
        If the file is no population, or was changed after it was built; the message names the parts.
    FileError
        If it cannot be opened.
    """
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise FileError(
            f"{os.fspath(path)} cannot be read ({getattr(error, 'strerror', None) or error})"
        ) from error
    try:
        return ReferencePopulation.model_validate_json(raw.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        reason = _other_layout(raw) or told(error)
        raise EvidenceError(f"{os.fspath(path)} is not a population that can be used: {reason}") from error


def _other_layout(raw: bytes) -> str | None:
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except ValueError:
        return None
    found = content.get("layout") if isinstance(content, dict) else None
    if type(found) is not int or found == LAYOUT:
        return None
    if found > LAYOUT:
        return (
            f"it was made by a newer version of this program (layout {found}, this version reads {LAYOUT}); "
            "install that version, or build the population anew from its scores"
        )
    return (
        f"it was made by an older version of this program (layout {found}, this version reads {LAYOUT}); build "
        "the population anew from its scores"
    )
