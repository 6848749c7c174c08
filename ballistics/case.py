"""What a report says of its case: who asked, who examined, which exhibits, which conclusion the examiner chose.

A case is a small TOML file that the examiner fills in; `TEMPLATE` is an empty one with its explanations.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ballistics.errors import CaseError
from ballistics.evidence.conclusions import Basis, ExaminersConclusion, choose
from ballistics.output import Location
from imaging.errors import FileError

LARGEST_CASE = 100_000
NEEDED_WHEN_FINAL = ("laboratory", "case", "examiner", "reference", "questioned")

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
        missing = [name for name in NEEDED_WHEN_FINAL if not getattr(self, name)]
        if self.status == "final" and missing:
            raise ValueError(f"a final report needs {', '.join(missing)}; fill them in, or leave it a draft")
        return self

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
        If a line is not one that a case has, its value does not suit, or a final report lacks something.
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
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise CaseError(f"{place} is not a case: {where + ': ' if where else ''}{message}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"The case {place} cannot be read ({reason}); it is a TOML file in UTF-8.") from error
    case.examiners_conclusion()
    return case
