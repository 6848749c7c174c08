"""What a file is by its first bytes, and how it is read: once, whole, and not while it changes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from imaging.errors import FileError

LARGEST_FILE = 2**31

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
SDF = (b"aISO-", b"bISO-", b"aBCR-", b"bBCR-")
PHOTOGRAPH = "a photograph or picture, which holds no heights"
DOCUMENT = "a document; export the scan it shows from the software of the microscope"
MESH = "a mesh of triangles or points; export heights on a grid"
NOT_SCANS = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG", PHOTOGRAPH),
    (0, b"\xff\xd8\xff", "JPEG", PHOTOGRAPH),
    (0, b"II*\x00", "TIFF", PHOTOGRAPH),
    (0, b"MM\x00*", "TIFF", PHOTOGRAPH),
    (0, b"GIF8", "GIF", PHOTOGRAPH),
    (8, b"WEBP", "WebP", PHOTOGRAPH),
    (4, b"ftyp", "HEIC or video", PHOTOGRAPH),
    (0, b"BM", "BMP", PHOTOGRAPH),
    (0, b"%PDF-", "PDF", DOCUMENT),
    (0, b"{\\rtf", "RTF", DOCUMENT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office or MountainsMap", DOCUMENT),
    (0, b"ply\n", "PLY", MESH),
    (0, b"solid ", "STL", MESH),
    (0, b"\x1f\x8b", "gzip", "a compressed file; unpack it first"),
    (0, b"7z\xbc\xaf", "7z", "an archive; unpack it first"),
    (0, b"Rar!", "RAR", "an archive; unpack it first"),
)


def load_file(path: Path) -> bytes:
    """Read a whole file once, and notice if it changes meanwhile."""
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            raise FileError(f"{path} is not a plain file; give the path of one scan.")
        if before.st_size == 0:
            raise FileError(f"{path} is empty; copy it again from its source.")
        if before.st_size > LARGEST_FILE:
            raise FileError(f"{path} has {before.st_size} bytes; at most {LARGEST_FILE} are read.")
        data = path.read_bytes()
        after = path.stat()
    except FileError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({reason_of(error)}); check the path and your rights.") from error
    if len(data) != before.st_size or _identity(before) != _identity(after):
        raise FileError(f"{path} changed while it was read; wait until it is complete and open it again.")
    return data


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def reason_of(error: Exception) -> str:
    """Say why the system refused, without its error number."""
    return str(getattr(error, "strerror", None) or error)
