"""Open photographs by their content: PNG, TIFF, JPEG and BMP."""

from __future__ import annotations

import hashlib
import math
import mmap
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from imaging.errors import FileError, FormatError, ImagingError, ParameterError
from imaging.formats.al3d import MAGIC as AL3D
from imaging.formats.content import NOT_SCANS, SDF, ZIP, load_file
from imaging.formats.decoded import note
from imaging.formats.picture import decode_picture
from imaging.formats.vendor import find_vendor_format
from imaging.photo import Light, Photo
from imaging.photo_quality import pixel_findings
from imaging.surface import Finding, Provenance

MOST_MEGAPIXELS = 300

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_READ = ("PNG", "JPEG", "TIFF", "BMP")
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_LONGEST_TEXT = 100
_UPRIGHT: Mapping[object, tuple[Literal["x", "y"] | None, int]] = {
    2: ("x", 0),
    3: (None, 2),
    4: ("y", 0),
    5: ("x", 3),
    6: (None, 1),
    7: ("x", 1),
    8: (None, 3),
}
_TEXTS = {"Make": "instrument.manufacturer", "Model": "instrument.model", "LensModel": "instrument.lens"}
_NUMBERS = {
    "ExposureTime": "exposure.time_s",
    "FNumber": "exposure.f_number",
    "ISOSpeedRatings": "exposure.iso",
    "PhotographicSensitivity": "exposure.iso",
    "FocalLength": "exposure.focal_length_mm",
}


def is_photo(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a photograph that `open_photo` may open, by its first bytes and never by its name.

    A TIFF file that holds heights of a laser microscope (Olympus LEXT) is none.

    Raises
    ------
    FileError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
    ...     _ = file.write(b"PK not a picture"), file.flush()
    ...     is_photo(file.name)
    False
    """
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(32)
            name = _photo_format(start)
            if name != "TIFF":
                return name is not None
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return content.find(b"TiffTagDescData") < 0
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); check the path and your rights.") from error


def open_photo(
    path: str | os.PathLike[str],
    *,
    pixel_um: float | None = None,
    light: Light | None = None,
    most_megapixels: float = MOST_MEGAPIXELS,
) -> Photo:
    """Open a photograph, whatever its format and its name.

    Parameters
    ----------
    path : path-like
        A PNG, TIFF, JPEG or BMP file, grey or in colour, of 8 or 16 bits.
    pixel_um : float, optional
        Side of a pixel on the object in micrometres, if it is known.
    light : Light, optional
        How the object was lit; unknown when left out.
    most_megapixels : float
        A picture of more pixels is refused before it is decoded.

    Returns
    -------
    Photo
        Upright as EXIF asks; 16 bits stay 16 bits. Its provenance holds path, hash, reader, steps, camera and
        exposure, and these findings:

        ========== ==================== ============================================================
        code       severity             meaning
        ========== ==================== ============================================================
        resolution note                 the file states pixels per length; it is never used as scale
        pages      note                 only the first of several pages or frames was read
        alpha      note                 transparency was left out, colours are as stored
        tags       note                 EXIF is damaged; the picture may lie on its side
        lossy      note; doubt < 75     JPEG, with its quality as far as its tables tell
        saturated  note > 1 %; > 10 %   share of pixels at the top, where no mark can show
        dark       note                 99 of 100 pixels lie below 32 levels
        blank      doubt                98 of 100 pixels lie within 8 levels
        small      note                 shorter side below 300 pixels
        ========== ==================== ============================================================

    Raises
    ------
    FileError
        If the file is missing, empty, not a plain file, not readable, or larger than 2 GiB.
    FormatError
        If it is no photograph, is damaged or incomplete, is larger than allowed, or is of a kind that is not
        read: 1 bit, 32 bits, CMYK, raw camera files. The message says what was found.
    ParameterError
        If ``pixel_um`` or ``most_megapixels`` is out of range.

    Notes
    -----
    Pixels per inch in a file mean the object only if the software of a microscope wrote them; cameras write 72,
    96 or 300 whatever they see. The value stands in the note ``resolution``, for a person to judge.

    A picture is also refused if its pixels need more than 64 MiB and 200 times the size of the file. The peak of
    memory is the file, twice the pixels (three times for colour) and some megabytes.

    A JPEG that was damaged in the middle decodes to a picture with wrong blocks, and no reader can tell.

    Place and persons (GPS, artist, owner, serial numbers, comments) are not taken over from EXIF.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from imaging.render import encode_png
    >>> noise = np.random.default_rng(1).integers(0, 200, (400, 500), dtype=np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "photo.dat"
    ...     _ = path.write_bytes(encode_png(noise))
    ...     photo = open_photo(path, pixel_um=2.5, light=Light(kind="ring"))
    >>> photo.shape, photo.provenance.format, photo.provenance.findings
    ((400, 500), 'PNG', ())
    """
    if not most_megapixels > 0:
        raise ParameterError(f"A limit of {most_megapixels:g} megapixels found; it must be positive.")
    place = Path(path)
    data = load_file(place)
    try:
        kind = _photo_format(data)
        if kind is None or find_vendor_format(data):
            raise FormatError(_name_content(data))
        picture = decode_picture(data, kind, most_pixels=most_megapixels * 1e6)
    except FormatError as error:
        raise FormatError(f"{place}: {error}") from error
    except (ImagingError, MemoryError):
        raise
    except Exception as error:
        raise FormatError(
            f"{place}: the picture cannot be decoded ({type(error).__name__}: {error}); it is damaged or "
            "incomplete. Copy it again from its source."
        ) from error
    provenance = Provenance(
        path=str(place),
        sha256=hashlib.sha256(data).hexdigest(),
        format=kind,
        reader=picture.reader,
        findings=(*picture.findings, *_resolution(picture.per_inch), *pixel_findings(picture.pixels)),
        metadata=_metadata(picture.tags),
    )
    photo = _upright(Photo(pixels=picture.pixels, provenance=provenance), picture.tags.get("Orientation"))
    photo = replace(photo, light=light or Light())
    return photo if pixel_um is None else photo.scaled(pixel_um)


def _photo_format(start: bytes) -> str | None:
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start[:4] in _TIFF:
        return "TIFF"
    if start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None


def _name_content(data: bytes) -> str:
    """Say what a file is that is no photograph."""
    vendor = find_vendor_format(data)
    if vendor:
        return f"A {vendor[1]} file found, which holds heights; open it as a scan."
    if data.startswith(ZIP) and b"main.xml" in data:
        return "An X3P file found, which holds heights; open it as a scan."
    if data.removeprefix(b"\xef\xbb\xbf")[:5] in SDF or data.startswith(AL3D):
        return "A scan found, which holds heights; open it as a scan."
    for at, signature, name, _ in NOT_SCANS:
        if data.startswith(signature, at) and name not in _READ:
            return f"A {name} file found; photographs are read from PNG, TIFF, JPEG and BMP. Save it as PNG."
    return (
        f"Content that is no photograph found (it starts with {data[:16]!r}); give a PNG, TIFF, JPEG or BMP file."
    )


def _upright(photo: Photo, orientation: object) -> Photo:
    """Undo how the camera was held (EXIF 2.32, tag 274)."""
    axis, quarters = _UPRIGHT.get(orientation, (None, 0)) if isinstance(orientation, int) else (None, 0)
    if axis:
        photo = photo.flip(axis)
    return photo.turn(quarters) if quarters else photo


def _resolution(per_inch: tuple[float, float] | None) -> list[Finding]:
    if per_inch is None:
        return []
    x, y = per_inch
    return [
        note(
            "resolution",
            f"The file states {x:.6g} x {y:.6g} pixels per inch, {25400 / x:.6g} x {25400 / y:.6g} um a pixel. It "
            "was not used as scale: cameras write a fixed number. Give the size of a pixel if this is it.",
        )
    ]


def _metadata(tags: Mapping[str, Any]) -> dict[str, str]:
    """Camera and exposure; nothing about places and persons."""
    found = {}
    for tag, key in _TEXTS.items():
        found[key] = _text(tags.get(tag))
    for tag, key in _NUMBERS.items():
        found[key] = _number(tags.get(tag)) or found.get(key, "")
    date, _, time = _text(tags.get("DateTimeOriginal") or tags.get("DateTime")).partition(" ")
    found["date"] = f"{date.replace(':', '-')}T{time}" if time else ""
    return {key: value for key, value in found.items() if value}


def _text(value: object) -> str:
    plain = "".join(sign for sign in value if sign.isprintable()) if isinstance(value, str) else ""
    return plain.strip()[:_LONGEST_TEXT]


def _number(value: Any) -> str:
    """Write a number, a fraction of two, or the first of several."""
    try:
        if isinstance(value, tuple):
            number = value[0] / value[1] if len(value) == 2 else float(value[0])
        else:
            number = float(value)
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return ""
    return f"{number:g}" if math.isfinite(number) else ""
