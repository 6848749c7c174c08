"""What a report says of its case: who asked, who examined, which exhibits, which conclusion the examiner chose.

A case is a small TOML file that the examiner fills in; `TEMPLATE` is an empty one with its explanations.
"""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ballistics.errors import CaseError
from ballistics.evidence.conclusions import Basis, ExaminersConclusion, choose
from ballistics.evidence.wording_lint import transposed_conditionals
from ballistics.language import Message
from ballistics.output import Location
from imaging.errors import FileError

LARGEST_CASE = 100_000
NEEDED_WHEN_FINAL = ("laboratory", "case", "examiner", "reference", "questioned")
EXPECTED = {
    "missing": "this line is missing",
    "string_type": "expected a text in quotes",
    "string_too_short": "expected a text that is not empty",
    "string_pattern_mismatch": "expected one line without control characters",
    "tuple_type": 'expected a list in square brackets, such as ["K12"]',
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "model_type": "expected a part of its own with its lines below, such as [conclusion]",
}

Line = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Text = Annotated[str, Field(max_length=5000)]

TEMPLATE = """\
# The case that a report belongs to. Lines that you leave empty stay out of the report.

status = "draft"        # "draft" is printed on every page; "final" needs laboratory, case, examiner and exhibits
laboratory = ""
case = ""               # number of the case
request = ""            # who asked what
examiner = ""
reviewer = ""
reference = ""          # the exhibit of known origin, such as "test fire 1 of pistol K12"
questioned = ""         # the exhibit in question, such as "cartridge case Q3"
remarks = ""

# For a likelihood ratio: the class of the instrument that scanned both marks, and the firearms of the case by the
# names they would have in a reference population, which must not know them.
scanner = ""            # such as "confocal microscope"
firearms = []

# The conclusion, if you draw one: yours, not the program's. See 'ballistics conclusions'.
# [conclusion]
# range = "afte-1992"
# code = "INC-A"
# reasons = "what you saw"
# basis = "class"       # for an elimination: "class", "individual" or "class and individual"
"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ChosenConclusion(_Part):
    """The conclusion as it stands in a case file; see `ballistics.evidence.conclusions.choose`."""

    range: Line = "afte-1992"
    code: Line
    reasons: Annotated[Text, Field(min_length=1)]
    basis: Basis | None = None
    individual_eliminates: bool = False


class Case(_Part):
    """A case.

    Parameters
    ----------
    status : {"draft", "final"}
        A final report needs the laboratory, the case, the examiner and both exhibits.
    laboratory, case, request, examiner, reviewer, remarks : str
        As they stand in the report; empty ones stay out of it.
    reference, questioned : str
        The exhibits.
    scanner : str
        Class of the instrument, as populations name it.
    firearms : tuple of str
        Firearms of the case.
    conclusion : ChosenConclusion, optional
        What the examiner concluded.

    Examples
    --------
    >>> Case(case="2026-14", examiner="A. Bee").status
    'draft'
    """

    status: Literal["draft", "final"] = "draft"
    laboratory: Line = ""
    case: Line = ""
    request: Text = ""
    examiner: Line = ""
    reviewer: Line = ""
    reference: Line = ""
    questioned: Line = ""
    remarks: Text = ""
    scanner: Line = ""
    firearms: tuple[Annotated[Line, Field(min_length=1)], ...] = ()
    conclusion: ChosenConclusion | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        missing = [name for name in NEEDED_WHEN_FINAL if not _shows(getattr(self, name))]
        if self.status == "final" and missing:
            raise ValueError(f"a final report needs {', '.join(missing)}; fill them in, or leave it a draft")
        return self

    @property
    def fields(self) -> dict[str, str]:
        """What a Word template may ask for, by its key; see `ballistics.document.blocks.FIELDS`."""
        named = (*NEEDED_WHEN_FINAL, "request", "reviewer", "remarks")
        return {name: getattr(self, name) for name in named}

    @property
    def doubtful(self) -> tuple[Message, ...]:
        """Sentences of the examiner that say how probable a proposition is, each with what to write instead."""
        own = {"remarks": self.remarks, "reasons": self.conclusion.reasons if self.conclusion else ""}
        return tuple(
            Message(
                'The {line} of the case say: "{sentence}" {why} Write instead: {instead}',
                line=line,
                sentence=" ".join(found.sentence.split()),
                why=found.why,
                instead=found.instead,
            )
            for line, text in own.items()
            for found in transposed_conditionals(text)
        )

    def examiners_conclusion(self) -> ExaminersConclusion | None:
        """Return the conclusion in the words of its range, or None if none was drawn.

        Raises
        ------
        OptionError
            If it is not of the range, or the examiner has no name.
        SetError
            If there is no such range.
        """
        chosen = self.conclusion
        if chosen is None:
            return None
        return choose(
            chosen.code,
            range_of=chosen.range,
            examiner=self.examiner,
            reasons=chosen.reasons,
            basis=chosen.basis,
            individual_eliminates=chosen.individual_eliminates,
        )


def read_case(path: Location) -> Case:
    """Read a case from its TOML file.

    Raises
    ------
    FileError
        If it cannot be read or is no TOML.
    CaseError
        If a line is not one that a case has, its value does not suit, or a final report lacks something or says
        how probable a proposition is.
    OptionError, SetError
        If the conclusion is not of its range.
    """
    place = Path(path)
    try:
        content = place.read_bytes()
        if len(content) > LARGEST_CASE:
            raise FileError(f"{place} has {len(content)} bytes; a case file has a page of text at most.")
        case = Case.model_validate(tomllib.loads(content.decode("utf-8-sig")))
    except FileError:
        raise
    except ValidationError as error:
        raise CaseError(f"{place} is not a case: {_said(error)}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"The case {place} cannot be read ({reason}); it is a TOML file in UTF-8.") from error
    case.examiners_conclusion()
    if case.status == "final" and case.doubtful:
        raise CaseError(f"{place} is no final case. {' '.join(case.doubtful)}")
    return case


def _shows(text: str) -> bool:
    """Whether a text has a sign that is seen: a letter, a digit, a mark or a symbol."""
    return any(unicodedata.category(each)[0] in "LNPS" for each in text)


def _said(refused: ValidationError) -> str:
    """Say what is wrong with the first line of a case file that does not suit."""
    error = refused.errors()[0]
    *above, last = error["loc"] or ("",)
    place = f"{above[-1]}, place {last + 1}" if isinstance(last, int) else ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        part, lines = ("the conclusion", ChosenConclusion) if above else ("a case", Case)
        known = ", ".join(lines.model_fields)
        return f"it has the line {place}, which {part} does not have; the lines are {known}"
    limits = error.get("ctx", {})
    if error["type"] == "string_too_long":
        said = f"expected {limits['max_length']} letters at most"
    elif error["type"] == "literal_error":
        said = f"expected {limits['expected']}"
    else:
        said = EXPECTED.get(error["type"], error["msg"].removeprefix("Value error, "))
    return f"{place}: {said}" if place else said
