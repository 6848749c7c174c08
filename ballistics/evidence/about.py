"""What a person says of a population before it is built: a small TOML file, and the population made with it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ballistics.errors import EvidenceError
from ballistics.evidence.known_pairs import Name, told
from ballistics.evidence.labelled_scores import LabelledScores
from ballistics.evidence.method import MethodName
from ballistics.evidence.named_scores import method_named, named_scores
from ballistics.evidence.population import (
    Description,
    Origin,
    ReferencePopulation,
    Scanning,
    Text,
    build_population,
)
from ballistics.evidence.truth import Truth
from ballistics.output import Location
from ballistics.score_table import Conditions
from imaging.errors import FileError

LARGEST_ABOUT = 100_000

TEMPLATE = """\
# What a reference population is of. Fill in every line; reports that rest on the population quote it.

name = ""               # as it stands in reports, such as "glock-19-fiocchi-2026"
firearms = ""           # make, model, calibre, ammunition, how many and how they were chosen
notes = []              # what a reader must know, such as "fired by one person on one day"

[scanning]
scanner = ""            # class of the instrument, such as "confocal microscope"; cases of another one are refused
instrument = ""         # model
maker = ""              # who builds it
pixel_um = 0            # pixel of the scans, in micrometres
# scanned = 2026-11-01  # last day of scanning; leave it out where nobody knows

[origin]
source = ""             # study or laboratory, with DOI or address where there is one
licence = ""            # what allows the use of the data
credit = ""             # whom to name
made_by = ""            # who computed the scores and builds the population
"""


class About(BaseModel):
    """A population in the words of who builds it; the rest of its description comes from the scores.

    Parameters
    ----------
    name, firearms, notes, scanning, origin
        As in `ballistics.evidence.population.Description`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)

    name: Name
    firearms: Text
    notes: tuple[Text, ...] = ()
    scanning: Scanning
    origin: Origin


def read_about(path: Location) -> About:
    """Read the description of a population from its TOML file.

    Raises
    ------
    EvidenceError
        If a line is missing or empty, or is none that a description has; the message names it.
    FileError
        If it cannot be read, or is no TOML.
    """
    place = Path(path)
    try:
        content = place.read_bytes()
        if len(content) > LARGEST_ABOUT:
            raise FileError(f"{place} has {len(content)} bytes; a description has a page of text at most.")
        return About.model_validate(tomllib.loads(content.decode("utf-8-sig")))
    except ValidationError as error:
        raise EvidenceError(
            f"{place} does not describe a population: {told(error)}. 'ballistics population about' writes an "
            "empty one with explanations."
        ) from error
    except FileError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(
            f"The description {place} cannot be read ({reason}); it is a TOML file in UTF-8."
        ) from error


def population_of(
    scores: Location,
    truth: Truth,
    about: About,
    *,
    score: str | None = None,
    method: MethodName | None = None,
    bound: Literal["elub", "invariance"] = "elub",
) -> ReferencePopulation:
    """Build a population from a file of scores.

    Parameters
    ----------
    scores : path-like
        As `ballistics.batch.compare_all` writes it, with its record beside it.
    truth : Truth
        Which firearm made which mark.
    about : About
        What the marks are of.
    score : str, optional
        ``"count"`` (with the cells), ``"accf"``, several joined by ``+``, or the score that the file has, such as
        ``"ccf"``; the count where there is one, else the score of the file.
    method : str, optional
        As in `ballistics.evidence.method.Method`; the default of the kind of score when not given.
    bound : str
        As for `ballistics.evidence.population.build_population`.

    Raises
    ------
    EvidenceError
        If nothing is recorded beside the scores, there is no such score, a file is not in the manifest, the method
        does not suit the score, or the pairs are too few.
    FileError
        If the scores cannot be read.

    Notes
    -----
    Columns are named by what they are (``count`` and ``cells``, ``accf``, ``ccf``, ``sequence_average``,
    ``correlation``). Pairs that could not be compared, or compare an item with itself or two items again, become
    a note.
    """
    labelled = named_scores(scores, truth, score=score)
    conditions, pairs = labelled.conditions, labelled.pairs
    if conditions is None:
        raise EvidenceError(
            f"there is no {scores}.json, so nobody knows what the scores of {scores} were computed with; keep the "
            "file that compare-all writes beside its scores"
        )
    description = Description(
        name=about.name,
        mark=str(conditions.parameters["values"]["mark"]),
        parameters=str(conditions.parameters["name"]),
        parameter_hash=str(conditions.parameters["hash"]),
        score=labelled.kind,
        firearms=about.firearms,
        scanning=about.scanning,
        origin=about.origin,
        notes=(*about.notes, *_left_out_notes(labelled), *_accepted_note(conditions)),
    )
    return build_population(
        description,
        pairs.scores,
        firearms=(pairs.first_firearm, pairs.second_firearm),
        items=(pairs.first_item, pairs.second_item),
        scans=labelled.scans,
        method=method_named(labelled.kind, method),
        bound=bound,
    )


def _left_out_notes(labelled: LabelledScores) -> Iterator[str]:
    kinds = {
        "not comparable": "could not be compared",
        "same item": "compare an item with itself",
        "repeated items": "compare two items again",
    }
    for kind, text in kinds.items():
        left = [each for each in labelled.left_out if each.kind == kind]
        if not left:
            continue
        of = Counter(each.same for each in left)
        yield (
            f"{len(left)} pairs {text} and are left out ({of[True]} of one firearm, {of[False]} of two); the "
            f"first: {left[0].reference} and {left[0].questioned}, {left[0].reason}"
        )[:4000]


def _accepted_note(conditions: Conditions) -> Iterator[str]:
    if conditions.accept:
        yield f"Scans were compared in spite of these findings of the reader: {', '.join(conditions.accept)}"


def kept_beside(out: Path) -> Path:
    """Where the scores of a population that is built from scans are kept, so that building goes on from there.

    Examples
    --------
    >>> kept_beside(Path("a/glock.json")).as_posix()
    'a/glock.scores.csv'
    """
    return out.with_name(f"{out.stem}.scores.csv")


def facts_of(population: ReferencePopulation) -> dict[str, Any]:
    """Return what JSON says of a population: everything but the pairs, of which it has the items and firearms.

    Examples
    --------
    >>> from ballistics.evidence.shipped import open_population
    >>> facts_of(open_population("synthetic-breech-face"))["diagnostics"]["firearms"]
    24
    """
    content = population.model_dump(mode="json", exclude={"pairs", "seal"})
    return {
        **content,
        "firearm_names": sorted(population.pairs.firearm_names),
        "scores": list(population.pairs.scores),
    }
