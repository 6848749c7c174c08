"""Acceptance criteria: what a laboratory asked of a method before it was tried, and whether that was met."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from ballistics.errors import OptionError
from ballistics.evidence.known_pairs import Name, told
from ballistics.evidence.seal import Hash, Part
from ballistics.language import Message
from ballistics.output import Location
from ballistics.validation.measures import STRENGTHS, Measures
from imaging.errors import FileError

NO_CRITERIA = Message("No criteria were given beforehand; nothing was met or failed.")

TEMPLATE = """\
# What a laboratory asks of a method, set down before the method is tried. The file is part of the validation: its
# hash stands in the record, and a date after the trial is refused. Take the # away from what you ask for.

author = ""             # who sets the criteria
# date = 2026-11-22     # on which day
purpose = ""            # what the method is to be used for: marks, firearms, instruments, who uses it and how

[criteria]
# How good the likelihood ratios are; Cllr is a cost in bits, 0 is perfect and 1 is no better than no evidence.
# cllr = {at_most = 0.1}
# cllr_upper = {at_most = 0.2}              # upper end of its interval over firearms
# cllr_min = {at_most = 0.05}               # what is left when calibration is perfect
# cllr_cal = {at_most = 0.05}               # what is lost by calibration
# devpav = {at_most = 0.5}                  # mean distance from perfect calibration, in log10 LR
# eer = {at_most = 0.05}                    # equal error rate, 0 to 1
# auc = {at_least = 0.95}                   # area under the curve, 0 to 1

# Misleading evidence: known matches with an LR of 1/10 or less, known non-matches with one of 10 or more; for 1
# and 100 too. Shares, 0 to 1.
# misleading_same_10 = {at_most = 0.05}
# misleading_different_10 = {at_most = 0.01}

# Whether enough was tried.
# firearms = {at_least = 10}
# known_matches = {at_least = 100}
# known_non_matches = {at_least = 1000}
# coverage = {at_least = 0.95}              # share of pairs that could be compared, 0 to 1
"""

HEAD: Mapping[str, str] = {
    "author": 'author = "A. N. Examiner"',
    "date": "date = 2026-11-22",
    "purpose": 'purpose = "Breech faces of 9 mm pistols"',
}

Sense = Literal["at_most", "at_least"]
Met = Literal["met", "not met", "could not be judged"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a criterion may ask of a figure: its sense, and the range of the limit."""

    sense: Sense
    highest: float = math.inf
    whole: bool = False


KINDS: Mapping[str, Kind] = {
    "cllr": Kind("at_most"),
    "cllr_upper": Kind("at_most"),
    "cllr_min": Kind("at_most", 1),
    "cllr_cal": Kind("at_most"),
    "devpav": Kind("at_most"),
    "eer": Kind("at_most", 1),
    "auc": Kind("at_least", 1),
    **{f"misleading_same_{lr}": Kind("at_most", 1) for lr in STRENGTHS},
    **{f"misleading_different_{lr}": Kind("at_most", 1) for lr in STRENGTHS},
    "coverage": Kind("at_least", 1),
    "firearms": Kind("at_least", whole=True),
    "known_matches": Kind("at_least", whole=True),
    "known_non_matches": Kind("at_least", whole=True),
}


class Criterion(Part):
    """A limit for one figure.

    Parameters
    ----------
    name : str
        One of `KINDS`. ``misleading_same_10`` is the share of known matches with an LR of 1/10 or less,
        ``misleading_different_10`` that of known non-matches with an LR of 10 or more; ``coverage`` the share of
        pairs that could be compared; ``cllr_upper`` the upper end of the interval of Cllr.
    sense : str
        ``"at_most"`` or ``"at_least"``, as suits the figure.
    limit : float
        Shares as 0 to 1.
    """

    name: str
    sense: Sense
    limit: float

    @model_validator(mode="before")
    @classmethod
    def _suits(cls, given: Any) -> Any:
        name, sense, limit = (given.get(key) for key in ("name", "sense", "limit"))
        if name not in KINDS:
            raise ValueError(f"no criterion is called {name!r}; there are {', '.join(KINDS)}")
        kind = KINDS[name]
        if sense != kind.sense:
            raise ValueError(f"{name} needs {kind.sense}, found {sense}")
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= kind.highest:
            top = f" to {kind.highest:g}" if math.isfinite(kind.highest) else " or more"
            raise ValueError(f"{name} has the limit {limit!r}; expected a number of 0{top}")
        if not math.isfinite(limit) or (kind.whole and limit != int(limit)):
            raise ValueError(
                f"{name} has the limit {limit!r}; expected a {'whole' if kind.whole else 'finite'} number"
            )
        return given


class Criteria(Part):
    """What was asked beforehand, by whom and when.

    Parameters
    ----------
    author : str
        Who set the criteria.
    date : date
        When.
    criteria : tuple of Criterion
        At least one.
    purpose : str
        What the method is to be used for, if that was said.
    file, sha256 : str
        Name and hash of the file that they were read from.
    """

    author: Name
    date: date
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    purpose: str = Field(default="", max_length=5000)
    file: str
    sha256: Hash

    @field_validator("date", mode="before")
    @classmethod
    def _is_a_day(cls, given: object) -> object:
        if isinstance(given, datetime) or not isinstance(given, date | str):
            raise ValueError(f"found {given!r}; expected a day such as 2026-11-22")
        return given


class Outcome(Part):
    """Whether one criterion was met.

    Parameters
    ----------
    criterion : Criterion
        What was asked.
    met : str
        ``"met"``, ``"not met"`` or ``"could not be judged"``.
    value : float, optional
        What was found; None where it could not be judged.
    reason : str
        Why it could not be judged; else empty.
    """

    criterion: Criterion
    met: Met
    value: float | None
    reason: str


def read_criteria(path: Location) -> Criteria:
    r"""Read acceptance criteria from a TOML file.

    Parameters
    ----------
    path : path-like
        ``author``, ``date`` and, if you like, ``purpose``, then a table ``[criteria]`` with lines such as
        ``cllr = {at_most = 0.1}``; `TEMPLATE` is one to fill in.

    Raises
    ------
    OptionError
        If it is not TOML, author, date or criteria are missing, a criterion is unknown, has no limit, two limits,
        the wrong sense for its figure or a limit out of range, or something is there that does not belong there.
    FileError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "asked.toml"
    >>> _ = place.write_text('author = "A. N. Examiner"\ndate = 2026-11-22\n[criteria]\ncllr = {at_most = 0.1}\n')
    >>> read_criteria(place).criteria
    (Criterion(name='cllr', sense='at_most', limit=0.1),)
    """
    place = Path(path)
    try:
        content = place.read_bytes()
        raw = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise FileError(f"{place} cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise OptionError(f"{place} is not TOML in UTF-8 ({error})") from error
    given = raw.pop("criteria", None)
    if not isinstance(given, dict) or not given:
        raise OptionError(
            f"{place} has no criteria; give a table [criteria] with lines such as cllr = {{at_most = 0.1}}, "
            "without a # before them"
        )
    if unknown := sorted(raw.keys() - HEAD.keys()):
        raise OptionError(f"{place} has a line {unknown[0]!r}; expected {', '.join(HEAD)} and [criteria]")
    try:
        return Criteria(
            criteria=tuple(_criterion(place, name, limits) for name, limits in given.items()),
            file=place.name,
            sha256=hashlib.sha256(content).hexdigest(),
            **raw,
        )
    except ValidationError as error:
        example = HEAD.get(".".join(str(part) for part in error.errors()[0]["loc"]))
        remedy = f" (as in: {example})" if example else ""
        raise OptionError(f"{place} does not give criteria: {told(error)}{remedy}") from error


def _criterion(place: Path, name: str, limits: object) -> Criterion:
    if not isinstance(limits, dict) or len(limits) != 1:
        raise OptionError(f"{place}: {name} is {limits!r}; expected one limit, such as {{at_most = 0.1}}")
    ((sense, limit),) = limits.items()
    return Criterion(name=name, sense=sense, limit=limit)


def judge_criteria(criteria: Criteria | None, measures: Measures, *, coverage: float) -> tuple[Outcome, ...]:
    """Return whether each criterion was met; nothing where none were given beforehand.

    Parameters
    ----------
    criteria : Criteria, optional
        From `read_criteria`.
    measures : Measures
        What was found.
    coverage : float, 0 to 1
        Share of pairs that could be compared.

    Notes
    -----
    A figure that lies on its limit meets it.
    """
    figures: dict[str, float | None] = {
        name: getattr(measures, name) for name in KINDS if name in Measures.model_fields and name != "misleading"
    }
    for rates in measures.misleading:
        figures |= {
            f"misleading_same_{rates.lr}": rates.same.share,
            f"misleading_different_{rates.lr}": rates.different.share,
        }
    figures["coverage"] = coverage
    return tuple(_outcome(each, figures[each.name], measures) for each in (criteria.criteria if criteria else ()))


def _outcome(criterion: Criterion, value: float | None, measures: Measures) -> Outcome:
    if value is None:
        reason = measures.why[criterion.name]
        return Outcome(criterion=criterion, met="could not be judged", value=None, reason=reason)
    met = value <= criterion.limit if criterion.sense == "at_most" else value >= criterion.limit
    return Outcome(criterion=criterion, met="met" if met else "not met", value=value, reason="")
