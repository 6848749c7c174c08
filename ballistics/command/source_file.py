"""A photograph or a scan, read from its file by what it holds."""

from __future__ import annotations

from pathlib import Path

from ballistics.command.options import LengthUnit
from ballistics.command.photo_options import Told
from imaging.errors import FileError, FormatError
from imaging.files import open_surface
from imaging.formats.content import PHOTOGRAPH
from imaging.photo import Photo
from imaging.photo_files import is_photo, open_photo
from imaging.surface import Surface


def is_photograph(path: Path) -> bool:
    """Whether a file holds a photograph; one that cannot be read does not, and opening it says why."""
    try:
        return is_photo(path)
    except FileError:
        return False


def read_source(path: Path, told: Told, units: LengthUnit) -> Photo | Surface:
    """Open a photograph or a scan, whichever the file holds."""
    if is_photograph(path):
        return open_photo(path, pixel_um=told.pixel_um, light=told.light)
    try:
        return open_surface(path, units=units.value)
    except FormatError as error:
        if PHOTOGRAPH in str(error):
            raise FormatError(
                f"{path}: a picture of a kind that is not read; photographs are read from PNG, TIFF, JPEG and "
                "BMP. Save it as PNG."
            ) from error
        raise
