"""Summaries: what a unit tells a regional programme, signed, and without names, cases or texts.

A unit signs its summary with a key of its own; the programme needs nothing else of its records. What may be told
is what the model has room for: codes, days, counts and shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError

from accreditation.assessments.scoring import Score
from accreditation.clauses import Key
from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.gaps import Situation
from accreditation.readiness import Readiness, counted
from qms.actions.action import DONE, Action
from qms.errors import described
from qms.exchange.checkpoint import public_key
from qms.findings.finding import ENDS, Finding
from qms.organisation import Unit
from qms.record import Day, Part, Sha256, canonical, plain

PURPOSE = "accreditation summary 1"
"""Signed with the rest, so that a signature for something else never passes for one of a summary."""
LARGEST = 1_000_000
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class Figures(Part):
    """Score, coverage and evidence of some requirements; None where there is nothing to tell."""

    score: Share | None
    coverage: Share | None
    evidence: Share | None
    documented: Annotated[float, Field(ge=0, le=5)] | None
    implemented: Annotated[float, Field(ge=0, le=5)] | None
    oldest: Day | None
    results: dict[Literal["conforms", "minor", "major", "not_applicable", "not_assessed"], Count]

    @classmethod
    def of(cls, score: Score) -> Self:
        """Return the figures of a score, shares to a tenth of a percent."""
        return cls(
            score=_rounded(score.value),
            coverage=_rounded(score.coverage),
            evidence=_rounded(score.evidence_share),
            documented=_rounded(score.documented),
            implemented=_rounded(score.implemented),
            oldest=score.oldest,
            results=dict(score.results),
        )


class Summary(Part):
    """How one unit stood on one day.

    Attributes
    ----------
    unit, jurisdiction : str
    on : date
    standards : tuple of str
        Keys of the standards that it was assessed against.
    state : str
        State of the assessment.
    whole : Figures
    sections : mapping of str to Figures
        By standard and top clause, such as ``"iso17020-2012:6"``.
    issues : mapping of str to int
        How many of each level.
    findings : mapping of str to int
        Open findings by grade.
    actions : mapping of str to int
        ``open``, ``overdue`` and ``done``.
    head : str
        Head of the unit's ledger.
    key, signature : str
        Public Ed25519 key, and the signature over all the rest; empty while it is not signed.
    """

    unit: Annotated[str, Field(min_length=2, max_length=30, pattern=r"^[\w.-]+$")]
    jurisdiction: Annotated[str, Field(max_length=30)]
    on: Day
    standards: tuple[Key, ...]
    state: Literal["planned", "running", "in_review", "frozen", "superseded"]
    whole: Figures
    sections: dict[Annotated[str, Field(pattern=r"^[a-z0-9.-]+:[\w.-]*$")], Figures]
    issues: dict[Literal["blocker", "warning", "note"], Count]
    findings: dict[Literal["major", "minor", "observation", "opportunity", "good_practice"], Count]
    actions: dict[Literal["open", "overdue", "done"], Count]
    head: Annotated[str, Field(pattern=r"^\d{1,15}:[0-9a-f]{64}$")]
    key: Sha256 | Literal[""] = ""
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")] = ""

    def signed_bytes(self) -> bytes:
        """Return what is signed."""
        return canonical({**plain(self), "signature": None, "purpose": PURPOSE})

    def signed(self, key: Ed25519PrivateKey) -> Self:
        """Return the summary signed with a key (`qms.exchange.checkpoint.read_key`)."""
        unsigned = self.model_copy(update={"key": public_key(key)})
        return unsigned.model_copy(update={"signature": key.sign(unsigned.signed_bytes()).hex()})

    def is_genuine(self) -> bool:
        """Return whether it is signed and says what was signed."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self.signed_bytes())
        except (InvalidSignature, ValueError):
            return False
        return True


def summary_of(situation: Situation, standing: Readiness) -> Summary:
    """Return what a unit tells of how it stands; unsigned.

    Raises
    ------
    UnknownError
        If the assessment was cancelled.

    Examples
    --------
    ::

        situation = Situation(store, assessment, on=date.today())
        summary = summary_of(situation, readiness(situation)).signed(read_key("unit.pem"))
    """
    unit = situation.assessment.unit
    on = situation.on
    if situation.assessment.status == "cancelled":
        raise UnknownError(
            f"{situation.assessment.ref} was cancelled and tells nothing. Choose another assessment."
        )
    held = situation.of(Action)
    return Summary(
        unit=unit,
        jurisdiction=situation.store.get(Unit, unit).jurisdiction,
        on=on,
        standards=tuple(each.key for each in situation.checklist.standards),
        state=situation.assessment.status,
        whole=Figures.of(standing.scores.whole),
        sections={
            f"{each.standard.key}:{each.clause.id if each.clause else ''}": Figures.of(each.score)
            for each in standing.scores.sections
        },
        issues=counted(standing.issues),
        findings=Counter(
            each.grade.name.lower() for each in situation.of(Finding) if each.status not in ("draft", *ENDS)
        ),
        actions={
            "open": sum(each.status not in DONE for each in held),
            "overdue": sum(each.overdue(on) for each in held),
            "done": sum(each.status in DONE and each.status != "cancelled" for each in held),
        },
        head=str(situation.store.head()),
    )


def read_summary(place: str | Path, *, trusted: Mapping[str, str] | None = None) -> Summary:
    """Read the summary of a unit.

    Parameters
    ----------
    place : str or Path
    trusted : mapping of str to str, optional
        Public keys by unit; with it, the summary has to be signed with the key of its unit.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        If it is no summary, says something else than was signed, or was signed with another key.
    """
    place = Path(place)
    refused = f"{place.name} cannot be used as a summary"
    try:
        with place.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UnknownError(f"The summary {place} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        raise CatalogueError(refused, [Problem(place.name, "it is larger than 1 MB", "Ask the unit for it again")])
    try:
        summary = Summary.model_validate_json(content)
    except ValidationError as error:
        raise CatalogueError(
            refused, [Problem(place.name, described(error), "Ask the unit for it again")]
        ) from error
    if not summary.is_genuine():
        what = "it is not signed, or it was changed after it was signed"
        raise CatalogueError(refused, [Problem(place.name, what, "Ask the unit for it again, by another way")])
    if trusted is not None and trusted.get(summary.unit) != summary.key:
        what = f"it is not signed with the key that is known of {summary.unit}"
        raise CatalogueError(refused, [Problem(place.name, what, "Ask the unit which key is its own")])
    return summary


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
