"""Files that a command reads and writes: those that are not there, and those that are written complete or not."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from qms.errors import StoreError, UnknownError


def check_input(place: Path) -> Path:
    """Return a file or folder that is there.

    Raises
    ------
    UnknownError
        If it is not.
    """
    if not place.exists():
        raise UnknownError(f"There is no {place}. Check its name and folder.")
    return place


def check_output(place: Path, *, overwrite: bool) -> None:
    """Refuse a place for a file before any work is done.

    Raises
    ------
    StoreError
        If it is a folder, its folder does not exist, or it exists and ``overwrite`` is false.
    """
    if place.is_dir():
        raise StoreError(f"{place} is a folder; give the name of a file.")
    if not place.parent.is_dir():
        raise StoreError(f"{place} cannot be written: the folder {place.parent} does not exist. Make it first.")
    if not overwrite and os.path.lexists(place):
        raise StoreError(f"{place} exists; choose another name or allow it with --force.")


def write_output(place: Path, content: bytes, *, overwrite: bool = False) -> None:
    """Write a file that appears complete or not at all.

    Raises
    ------
    StoreError
        As `check_output`, or if it cannot be written.
    """
    check_output(place, overwrite=overwrite)
    part = place.with_name(f".{secrets.token_hex(6)}.part")
    try:
        part.write_bytes(content)
        part.replace(place)
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"{place} cannot be written ({reason}); check the folder and the room left.") from error
    finally:
        with suppress(OSError):
            part.unlink()
