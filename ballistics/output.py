"""Where results go: files that appear complete or not at all, and text that is safe to print."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ballistics.errors import OutputError

Location = str | os.PathLike[str]


def check_output(path: Location, *, overwrite: bool, inputs: tuple[Location, ...] = ()) -> Path:
    """Refuse a place for a result before any work is done.

    Parameters
    ----------
    path : path-like
        The file to be written.
    overwrite : bool
        Whether a file that exists may be replaced.
    inputs : tuple of path-like
        Files that the result comes from; these are never replaced.

    Raises
    ------
    OutputError
        If the file exists, is an input, has an impossible name, or its folder does not exist or cannot be
        written to.
    """
    place = Path(path)
    try:
        if any(_is_same(place, each) for each in inputs):
            raise OutputError(f"{place} is itself an input; evidence is never overwritten. Choose another name.")
        if place.is_dir():
            raise OutputError(f"{place} is a folder; give the name of a file.")
        if not place.parent.is_dir():
            raise OutputError(f"The folder {place.parent} does not exist; make it first.")
        if not os.access(place.parent, os.W_OK):
            raise OutputError(f"The folder {place.parent} cannot be written to; check your rights.")
        if not overwrite and os.path.lexists(place):
            raise OutputError(f"{place} exists; choose another name or allow it with --force.")
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{place} cannot be written ({reason}); choose another name.") from error
    return place


def write_output(path: Location, content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file that appears complete or not at all.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    place = check_output(path, overwrite=overwrite)
    part = place.with_name(f".{secrets.token_hex(6)}.part")
    try:
        part.write_bytes(content)
        part.replace(place)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{place} cannot be written ({reason}); check the folder and the room left.") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return place


def _is_same(place: Path, other: Location) -> bool:
    try:
        return place.samefile(other)
    except OSError:
        return False


def printable(text: object) -> str:
    r"""Return a text with control characters and broken characters replaced, safe for terminals and pages.

    Examples
    --------
    >>> printable("scan\x1b[31m\n1.x3p")
    'scan?[31m 1.x3p'
    """
    return "".join(each if each.isprintable() else " " if each.isspace() else "?" for each in str(text))
