"""Errors of the imaging package.

::

    ImagingError
    ├── FormatError      (ValueError)     the bytes are not a scan that can be read safely
    ├── SurfaceError     (ValueError)     the heights cannot be used for what was asked
    ├── ParameterError   (ValueError)     an option is out of its range
    └── FileError        (OSError)        the file cannot be opened, read or written

A message says what was found, what was expected, where, and what to do about it.
"""


class ImagingError(Exception):
    """Base of every error that the imaging package raises on purpose."""


class FormatError(ImagingError, ValueError):
    """A file's content is not a scan that can be read safely."""


class SurfaceError(ImagingError, ValueError):
    """A surface cannot be used for what was asked of it."""


class ParameterError(ImagingError, ValueError):
    """An option is out of its range."""


class FileError(ImagingError, OSError):
    """A file cannot be opened, read or written."""
