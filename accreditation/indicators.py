"""Indicators of the frameworks that a programme reports to; none is printed without its official wording.

The package knows which indicators there are. What they say comes from a file of the user's, who holds the
document.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from accreditation.clauses import Key, Line, Passage
from accreditation.errors import CatalogueError, Problem, UnknownError
from qms.errors import described
from qms.record import Part

LARGEST = 1_000_000
Number = Annotated[str, Field(pattern=r"^\w[\w.-]{0,19}$", strict=True)]


class Framework(Part):
    """A framework and its indicators.

    Attributes
    ----------
    key, title : str
    reported : str
        How often, where that is known.
    indicators : tuple of str
        Their numbers; always texts.
    source : str
    texts : mapping of str to str
        Official wording by number, as far as the user loaded it.
    """

    key: Key
    title: Line
    reported: Annotated[str, Field(max_length=120)] = ""
    indicators: tuple[Number, ...] = ()
    source: Passage = ""
    texts: dict[Number, Passage] = Field(default_factory=dict)

    def text(self, number: str) -> str:
        """Return the official wording of an indicator.

        Raises
        ------
        UnknownError
            If there is no such indicator, or its wording was not loaded.

        Examples
        --------
        >>> frameworks()["wb-salw-roadmap-2018-2024"].text("3")
        Traceback (most recent call last):
            ...
        accreditation.errors.UnknownError: The official wording of indicator 3 of wb-salw-roadmap-2018-2024...
        """
        if number not in self.indicators:
            known = ", ".join(self.indicators) or "none that is known here"
            raise UnknownError(f"{self.key} has no indicator {number!r}; it has {known}.")
        if not self.texts.get(number):
            raise UnknownError(
                f"The official wording of indicator {number} of {self.key} is not loaded, and nothing is printed "
                "in its place. Load it from the document that you hold (with_texts, or --texts FILE)."
            )
        return self.texts[number]


@cache
def frameworks() -> Mapping[str, Framework]:
    """Return the frameworks by key."""
    content = (files("accreditation") / "data" / "indicators.toml").read_text(encoding="utf-8")
    found = (Framework.model_validate(each) for each in tomllib.loads(content)["framework"])
    return {each.key: each for each in found}


def with_texts(framework: Framework, place: str | Path) -> Framework:
    """Return a framework with the official wording of its indicators.

    Parameters
    ----------
    framework : Framework
    place : str or Path
        TOML with a table ``[text]`` of quoted numbers, such as ``"3" = "..."``.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        If it is no such file, or has an indicator that the framework does not have.
    """
    place = Path(place)
    refused = f"{place.name} cannot be used for the wording of {framework.key}"
    try:
        with place.open("rb") as stream:
            said = tomllib.loads(stream.read(LARGEST).decode("utf-8-sig"))
        texts = Framework.model_validate({**framework.model_dump(), "texts": said["text"]}).texts
    except OSError as error:
        raise UnknownError(f"{place} cannot be read: {error.strerror}.") from error
    except KeyError as error:
        problem = Problem(place.name, "it has no table [text]", 'Write lines such as "3" = "wording" below [text]')
        raise CatalogueError(refused, [problem]) from error
    except ValidationError as error:
        raise CatalogueError(refused, [Problem(place.name, described(error), "Quote the numbers")]) from error
    except (ValueError, RecursionError) as error:
        raise CatalogueError(refused, [Problem(place.name, f"it is not TOML: {error}", "Correct it")]) from error
    odd = [number for number in texts if number not in framework.indicators]
    if odd and framework.indicators:
        what = f"{framework.key} has no indicator {', '.join(odd)}"
        raise CatalogueError(refused, [Problem(place.name, what, "Take the file of the framework")])
    return framework.model_copy(update={"texts": texts, "indicators": framework.indicators or tuple(texts)})
