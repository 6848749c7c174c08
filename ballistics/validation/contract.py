"""The record of a validation: a sealed contract, so that another laboratory can check and repeat what was done.

Later versions add fields and take none away. The hash of a record speaks of what was tried, on what, how and with
what result; when and where that was done stands beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AwareDatetime, ValidationError, model_validator

from ballistics.errors import EvidenceError
from ballistics.evidence.known_pairs import KnownPairs, told
from ballistics.evidence.labelled_scores import LeftOut
from ballistics.evidence.likelihood_ratio import Reference
from ballistics.evidence.method import Method, ScoreKind
from ballistics.evidence.seal import Hash, Part, as_lines, check_seal
from ballistics.output import Location, write_output
from ballistics.validation.criteria import Criteria, Outcome
from ballistics.validation.firearms import FirearmRow
from ballistics.validation.limits import Note
from ballistics.validation.measures import Measures
from ballistics.validation.splits import Derivation, Split
from ballistics.validation.studies import StudyRow
from imaging.errors import FileError

CONTRACT: Literal[1] = 1
UNSEALED = frozenset({"run", "seal", "sha256"})


class NamedHash(Part):
    """A file by its name and SHA-256."""

    name: str
    sha256: Hash


class Tried(Part):
    """What was tried.

    Parameters
    ----------
    mark, parameters, parameter_hash : str, optional
        Kind of mark, name and hash of the parameter set; None where nobody wrote them down.
    parameter_values : mapping of str to Any
        Everything in the set.
    score : str, optional
        What the parameter set calls its score.
    kind : str
        Kind of score.
    columns : tuple of str
        Columns of scores that were judged.
    accept : tuple of str
        Codes of doubtful findings that a person accepted.
    units : str, optional
        What lengths in the files were taken for.
    versions : mapping of str to str
        Software that computed the scores.
    library : str
        Version of this library that computed the validation.
    """

    mark: str | None
    parameters: str | None
    parameter_hash: str | None
    parameter_values: Mapping[str, Any]
    score: str | None
    kind: ScoreKind
    columns: tuple[str, ...]
    accept: tuple[str, ...]
    units: str | None
    versions: Mapping[str, str]
    library: str


class Tested(Part):
    """What it was tried on.

    Parameters
    ----------
    truth : NamedHash, optional
        The manifest.
    inputs : mapping of str to str
        SHA-256 of every file that was compared, by its name in the manifest, as far as it is known.
    unused : tuple of str
        Files of the manifest that are in no pair.
    firearms, items : int
        Distinct ones among the pairs with a score.
    classes : mapping of str to mapping of str to int
        Items by study and by every further column of the manifest.
    coverage : float
        Share of pairs that could be compared.
    left_out : tuple of LeftOut
        Every pair without a score that was judged.
    """

    truth: NamedHash | None
    inputs: Mapping[str, Hash]
    unused: tuple[str, ...]
    firearms: int
    items: int
    classes: Mapping[str, Mapping[str, int]]
    coverage: float
    left_out: tuple[LeftOut, ...]

    @property
    def left_out_counts(self) -> dict[str, int]:
        """Pairs that were left out, by kind."""
        return dict(sorted(Counter(left.kind for left in self.left_out).items()))


class How(Part):
    """How it was tried.

    Parameters
    ----------
    split, method : Split, Method
        Which calibrator judges which pair, and how calibrators are fitted.
    bound : str
        How bounds are found.
    derivation, derivation_reason : str
        What bounds were derived from (`ballistics.validation.splits.Judged`), and why not from less.
    groups, fits : int
        Groups of firearms, and calibrators fitted to judge pairs.
    population : Reference, optional
        The reference population, if one was used.
    beyond : int, optional
        Pairs whose score that population does not support.
    seed, draws : int
        Of the interval of Cllr.
    level : float
        Of all intervals.
    """

    split: Split
    method: Method
    bound: Literal["elub", "invariance", "given"]
    derivation: Derivation
    derivation_reason: str
    groups: int
    fits: int
    population: Reference | None
    beyond: int | None
    seed: int
    draws: int
    level: float


class Run(Part):
    """When and with what a record was made; it is not part of the hash.

    Parameters
    ----------
    when : datetime
        With its time zone.
    seconds : float, optional
        What the trial took, comparisons left out.
    by, laboratory : str
        Who ran it, and where; may be empty.
    scores : NamedHash, optional
        The file of scores. The order of its rows and its timings count here, not in the hash of the record.
    versions : mapping of str to str
        Software that computed the validation.
    """

    when: AwareDatetime
    seconds: float | None
    by: str
    laboratory: str
    scores: NamedHash | None
    versions: Mapping[str, str]


class ValidationRecord(Part):
    """Everything about a validation.

    It is made by `ballistics.validation.recording.record`, written by `write_validation` and read by
    `read_validation`. ``log10_lr`` and ``unbounded`` (None where it is infinite) are in the order of ``pairs``,
    and so are the bounds that each met. Figures have 9 significant digits. ``seal`` has the hash of every part but
    ``run``, ``sha256`` the hash of the seal.
    """

    contract: Literal[1] = CONTRACT
    tried: Tried
    tested: Tested
    how: How
    measures: Measures
    repeats: tuple[float, ...]
    firearms: tuple[FirearmRow, ...]
    studies: tuple[StudyRow, ...]
    criteria: Criteria | None
    outcomes: tuple[Outcome, ...]
    limits: tuple[Note, ...]
    pairs: KnownPairs
    log10_lr: tuple[float, ...]
    unbounded: tuple[float | None, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    run: Run
    seal: Mapping[str, Hash]
    sha256: Hash

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        check_seal(
            sealed(self),
            self.seal,
            self.sha256,
            made="the validation was run",
            remedy="Use the original file, or run the validation again",
        )
        if {len(self.log10_lr), len(self.unbounded), len(self.lower), len(self.upper)} != {len(self.pairs)}:
            raise ValueError(f"{len(self.pairs)} pairs found, but not as many likelihood ratios and bounds")
        return self


def sealed(found: ValidationRecord) -> dict[str, Any]:
    """Return the parts of a record that its hash speaks of, as JSON holds them."""
    return found.model_dump(mode="json", exclude=set(UNSEALED))


def write_validation(found: ValidationRecord, path: Location, *, overwrite: bool = False) -> Path:
    """Write the record of a validation as JSON, one part a line.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_output(Path(path), as_lines(found.model_dump(mode="json")), overwrite=overwrite)


def read_validation(path: Location) -> ValidationRecord:
    """Read the record of a validation and check it against its hashes.

    Raises
    ------
    EvidenceError
        If the file is no such record, or was changed after the validation was run; the message names the parts.
    FileError
        If it cannot be opened.
    """
    place = Path(path)
    try:
        raw = place.read_bytes()
    except (OSError, ValueError) as error:
        raise FileError(f"{place} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    try:
        return ValidationRecord.model_validate_json(raw)
    except ValidationError as error:
        raise EvidenceError(
            f"{place} is not the record of a validation that can be used: {told(error)}"
        ) from error
