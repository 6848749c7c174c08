"""Heights and pixels: read, level, filter, align and show them.

This package knows no firearm and no laboratory.
"""

from imaging.errors import FileError, FormatError, ImagingError, ParameterError, SurfaceError
from imaging.surface import Finding, Provenance, Surface

__all__ = [
    "FileError",
    "Finding",
    "FormatError",
    "ImagingError",
    "ParameterError",
    "Provenance",
    "Surface",
    "SurfaceError",
]
