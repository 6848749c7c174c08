"""A list of the lands of a bullet, as a small TOML file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ballistics.errors import LandsError
from ballistics.output import printable
from ballistics.striated.bullets import FEWEST_LANDS, MOST_LANDS
from imaging.errors import FileError

LARGEST_LIST = 100_000
LandNumber = Annotated[int, Field(ge=1, le=MOST_LANDS, strict=True)]
LandCount = Annotated[int, Field(ge=FEWEST_LANDS, le=MOST_LANDS, strict=True)]
Place = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


class ListedLand(BaseModel):
    """One land: its scan, its number, and what a person set by hand.

    ``mirror`` reverses its crosscut; ``row_um`` and ``shoulders_um`` count on the scan as stored, see
    `ballistics.striated.signature.make_signature`. ``mask`` is a picture of the scan's size, white on what to use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, Field(min_length=1)]
    number: LandNumber
    mirror: Annotated[bool, Field(strict=True)] = False
    row_um: Place | None = None
    shoulders_um: tuple[Place, Place] | None = None
    mask: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.shoulders_um and self.shoulders_um[0] >= self.shoulders_um[1]:
            raise ValueError("shoulders_um must rise from left to right")
        return self


class LandList(BaseModel):
    """The lands of one bullet; ``lands`` states how many it has, missing ones included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)] | None = None
    lands: LandCount | None = None
    land: Annotated[tuple[ListedLand, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        numbers = [each.number for each in self.land]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"land {twice[0]} is listed {numbers.count(twice[0])} times")
        if self.lands and max(numbers) > self.lands:
            raise ValueError(f"land {max(numbers)} is listed for a bullet of {self.lands} lands")
        return self


def read_list(path: Path) -> LandList:
    r"""Read the list of the lands of a bullet.

    Parameters
    ----------
    path : Path
        A TOML file with an optional ``name``, an optional number of ``lands`` and one ``[[land]]`` for each
        scan: ``file`` (relative to the list), ``number`` and, if needed, ``mirror``, ``row_um``,
        ``shoulders_um`` and ``mask`` (relative to the list too).

    Raises
    ------
    FileError
        If the file cannot be read.
    LandsError
        If it is no such list; the message names the line, the key and the keys that exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "bullet.toml")
    ...     _ = file.write_text('lands = 6\n[[land]]\nfile = "one.x3p"\nnumber = 1\n')
    ...     read_list(file).land[0].file
    'one.x3p'
    """
    try:
        if path.stat().st_size > LARGEST_LIST:
            raise FileError(f"{path} has more than {LARGEST_LIST} bytes; a list of lands is a short TOML file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileError(f"The list {path} cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise LandsError(f"{path} is not text; a list of lands is a TOML file in UTF-8.") from error
    try:
        return LandList.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LandsError(f"{path} is not TOML: {printable(error)}.") from error
    except ValidationError as error:
        faults = error.errors()
        if any(len(each["loc"]) > 1 for each in faults):  # pydantic counts faulty entries as missing
            faults = [each for each in faults if each["type"] != "too_short"]
        found = "; ".join(_explained(each, text) for each in faults[:3])
        raise LandsError(f"{path}: {found}.") from error


def _explained(error: object, text: str) -> str:
    """One fault in words: where, what, and for an unknown key which ones exist."""
    assert isinstance(error, dict)
    place = [part for part in error["loc"] if isinstance(part, str | int)]
    entry = place[1] if len(place) > 1 and isinstance(place[1], int) else None
    keys = [part for part in place[0 if entry is None else 2 :] if isinstance(part, str)]
    key = keys[-1] if keys else ""
    where = f"[[land]] entry {entry + 1}" if entry is not None else "the list"
    if line := _line(text, key, entry):
        where = f"line {line}, {where}"
    if error["type"] == "extra_forbidden":
        allowed = ", ".join((LandList if entry is None else ListedLand).model_fields)
        return f"{where}: unknown key {printable(key)!r}; the keys are {allowed}"
    if place == ["land"]:
        found = "no 'land' found" if error["type"] in ("missing", "too_short") else "'land' is no list of entries"
        return f"{where}: {found}; give one [[land]] with file and number for each scan"
    message = str(error["msg"]).removeprefix("Value error, ")
    named = f" {printable(key)!r}" if key else ""
    return f"{where}:{named} {message[:1].lower()}{message[1:]}"


def _line(text: str, key: str, entry: int | None) -> int | None:
    """Line on which a key stands in the list itself or in one of its entries."""
    seen = -1
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"\s*\[\[\s*land\s*\]\]", line):
            seen += 1
        elif seen == (-1 if entry is None else entry) and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None
