"""Zip containers: read their members within safe limits, pack members into fixed bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from imaging.errors import FormatError

LARGEST_ENTRIES = 1_000
LARGEST_UNPACKED = 2**31
HARMLESS_UNPACKED = 2**26
LARGEST_RATIO = 200

_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 0x1
OUTSIDE = re.compile(r"^/|^[A-Za-z]:|(^|/)\.\.(/|$)|\x00")
_SYSTEM_FILE = re.compile(r"(^|/)(__MACOSX/|\._|(\.DS_Store|Thumbs\.db|desktop\.ini)$)", re.IGNORECASE)


def read_members(data: bytes) -> dict[str, bytes]:
    """Unpack the files of a zip archive held in memory.

    Nothing is unpacked before the directory of the archive was found harmless. Folders, and the files
    that operating systems add on their own (``__MACOSX/``, ``._name``, ``.DS_Store``, ``Thumbs.db``,
    ``desktop.ini``), are left out. A backslash in a name is read as a slash.

    Parameters
    ----------
    data : bytes
        The whole archive.

    Returns
    -------
    dict of str to bytes
        Content of each file by its name, in the order of the archive.

    Raises
    ------
    FormatError
        If the archive is damaged or encrypted, uses another compression than deflate, holds a name twice
        or one that leads out of the archive, has more than 1000 entries, unpacks to more than 2 GiB, or
        to more than 64 MiB at over 200 times its size.

    Examples
    --------
    >>> read_members(pack({"main.xml": b"<a/>"}))
    {'main.xml': b'<a/>'}
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:
        raise FormatError(
            f"A damaged zip archive found ({error}): the file is incomplete; copy it again from its source."
        ) from error
    with archive:
        entries = archive.infolist()
        _check_directory(entries, len(data))
        members: dict[str, bytes] = {}
        for entry in entries:
            name = entry.filename.replace("\\", "/")
            if name.endswith("/") or _SYSTEM_FILE.search(name):
                continue
            try:
                members[name] = archive.read(entry)
            except Exception as error:
                raise FormatError(
                    f"{name!r} in the zip archive cannot be unpacked ({error}): the file is damaged; "
                    "copy it again from its source."
                ) from error
    return members


def _check_directory(entries: list[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > LARGEST_ENTRIES:
        raise FormatError(f"A zip archive of {len(entries)} entries found; a scan has at most {LARGEST_ENTRIES}.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED or unpacked > max(HARMLESS_UNPACKED, LARGEST_RATIO * packed):
        raise FormatError(
            f"A zip archive of {packed} bytes that unpacks to {unpacked} bytes found; at most "
            f"{LARGEST_UNPACKED} bytes and {LARGEST_RATIO} times the packed size are unpacked. "
            "It may be made to exhaust the memory (a zip bomb)."
        )
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if OUTSIDE.search(name):
            raise FormatError(f"The name {name!r} in the zip archive leads out of it; it is not safe to open.")
        if name in seen:
            raise FormatError(
                f"The name {name!r} stands twice in the zip archive, so readers would disagree on its content."
            )
        if entry.flag_bits & _ENCRYPTED:
            raise FormatError(f"{name!r} in the zip archive is encrypted; save the scan without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(
                f"{name!r} in the zip archive is compressed by method {entry.compress_type}; "
                "only deflate is read. Pack the container again."
            )
        seen.add(name)


def pack(members: Mapping[str, bytes], *, compress: bool = True) -> bytes:
    """Pack files into a zip archive whose bytes depend on nothing but the files.

    Parameters
    ----------
    members : mapping of str to bytes
        Content of each file by its name; the archive keeps their order.
    compress : bool
        Deflate the files; otherwise they are stored as they are.

    Returns
    -------
    bytes
        The archive; every time stamp is 1 January 1980.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            archive.writestr(entry, content)
    return buffer.getvalue()
