"""The reference populations that come with the library, and how a person names one: by name, or by file."""

from __future__ import annotations

import zipfile
from importlib.resources import files
from pathlib import Path

from ballistics.errors import EvidenceError
from ballistics.evidence.population import ReferencePopulation, read_population
from ballistics.output import printable
from imaging.errors import FileError

FOLDER = "populations"
SUFFIX = ".json"


def shipped_populations() -> tuple[str, ...]:
    """Return the names of the populations that come with the library.

    Examples
    --------
    >>> "synthetic-breech-face" in shipped_populations()
    True
    """
    here = files("ballistics").joinpath(FOLDER)
    return tuple(sorted(each.name.removesuffix(SUFFIX) for each in here.iterdir() if each.name.endswith(SUFFIX)))


def open_population(name: str) -> ReferencePopulation:
    """Open a population by the name of a shipped one, or by its file.

    Parameters
    ----------
    name : str
        A name of `shipped_populations`; anything else is taken for a path.

    Raises
    ------
    EvidenceError
        If the file is no population, such as a scan or a list of scores, or was changed after it was built.
    FileError
        If it is neither a shipped population nor a file that can be read.

    Examples
    --------
    >>> open_population("synthetic-breech-face").description.mark
    'breech face'
    """
    shipped = shipped_populations()
    if name in shipped:
        return read_population(str(files("ballistics").joinpath(FOLDER, name + SUFFIX)))
    place, known = Path(name), f"The library brings: {', '.join(shipped)}."
    try:
        exists, folder = place.exists(), place.is_dir()
        start = place.read_bytes()[:64] if exists and not folder else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"The population {printable(name)} cannot be read ({reason}). {known}") from error
    if folder or not exists:
        what = "is a folder" if folder else "is neither a shipped population nor a file"
        raise FileError(f"{printable(name)} {what}; name a shipped population or a JSON file. {known}")
    if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        if _holds_scores(start):
            raise EvidenceError(
                f"{printable(name)} is a list of scores; 'ballistics population build {printable(name)} --truth "
                f"TRUTH.csv --about ABOUT.toml --out POP.json' makes a population of it. {known}"
            )
        what = "a scan or another archive" if zipfile.is_zipfile(place) else "something else"
        raise EvidenceError(
            f"{printable(name)} is {what}; a population is a JSON file that 'ballistics population build' wrote. "
            f"{known}"
        )
    return read_population(place)


def _holds_scores(start: bytes) -> bool:
    """Whether a file begins with the head of a table of scores, in whatever encoding."""
    head = start.replace(b"\0", b"").lower()
    return b"reference" in head and b"questioned" in head
