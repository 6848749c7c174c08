"""Pixels of PNG, JPEG, BMP and TIFF files, checked before they are unpacked."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags
from PIL.BmpImagePlugin import BmpImageFile
from PIL.Image import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from imaging.errors import FormatError
from imaging.formats.decoded import note, reader_name
from imaging.formats.tiff import decode_page, first_page
from imaging.photo import Pixels
from imaging.photo_quality import lossy_finding
from imaging.surface import Finding

HARMLESS_UNPACKED = 2**26
LARGEST_RATIO = 200
BAND = 2**22

_KINDS: dict[str, Callable[..., ImageFile]] = {"PNG": PngImageFile, "JPEG": JpegImageFile, "BMP": BmpImageFile}
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_EXIF = 0x8769
_CENTIMETRE = 3
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Pixels as stored, and what the file says of them.

    Parameters
    ----------
    pixels : ndarray, shape (ny, nx) or (ny, nx, 3), uint8 or uint16
        Grey or red, green, blue; not yet turned upright.
    reader : str
        Library that decoded them, with its version.
    tags : mapping of str to object
        EXIF by name; places and persons are still in it.
    per_inch : tuple of float, optional
        Pixels per inch along x and y, where the file states a finite, positive number.
    findings : tuple of Finding
        What was noticed on the way.
    """

    pixels: Pixels
    reader: str
    tags: Mapping[str, Any] = field(default_factory=dict)
    per_inch: tuple[float, float] | None = None
    findings: tuple[Finding, ...] = ()


def decode_picture(data: bytes, kind: str, *, most_pixels: float) -> Picture:
    """Decode the first picture of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    kind : {"PNG", "JPEG", "BMP", "TIFF"}
        What its first bytes say.
    most_pixels : float
        A header that promises more is refused.

    Raises
    ------
    FormatError
        If the picture is too large, unpacks to more than 64 MiB and 200 times the file, is not grey or RGB of 8 or
        16 bits, or is damaged in a way that is recognised here. Other errors of the decoders pass through.
    """
    return _decode_tiff(data, most_pixels) if kind == "TIFF" else _decode_other(data, kind, most_pixels)


def _check_size(nx: int, ny: int, pixel_bytes: int, packed: int, most_pixels: float) -> None:
    if nx < 1 or ny < 1:
        raise FormatError(f"A picture of {nx} x {ny} pixels found; its header is damaged.")
    if nx * ny > most_pixels:
        raise FormatError(
            f"A picture of {nx} x {ny} pixels found, {nx * ny / 1e6:.0f} megapixels; at most "
            f"{most_pixels / 1e6:g} are read. Reduce it, or allow more with most_megapixels."
        )
    unpacked = nx * ny * pixel_bytes
    if unpacked > max(HARMLESS_UNPACKED, LARGEST_RATIO * packed):
        raise FormatError(
            f"A picture of {packed} bytes that unpacks to {unpacked} found; at most {LARGEST_RATIO} times the "
            "size of the file is unpacked. It is incomplete, or made to exhaust the memory."
        )


def _decode_other(data: bytes, kind: str, most_pixels: float) -> Picture:
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = _KINDS[kind](io.BytesIO(data))
    pixel_bytes = 1 if picture.mode in ("L", "P", "1") else 2 if picture.mode in _DEEP_GREY else 4
    _check_size(*picture.size, pixel_bytes, len(data), most_pixels)
    findings = []
    if isinstance(picture, JpegImageFile):
        findings.append(lossy_finding([table for _, table in sorted(picture.quantization.items())]))
    if kind == "PNG" and data[24] == 16 and data[25] != 0:
        pixels, reader = _deep_colour(data), reader_name("opencv-python")
    else:
        pixels, reader = _unpack(picture), reader_name("pillow")
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        findings.append(note("pages", f"The file holds {frames} pictures; the first was read."))
    try:
        tags = _tags(picture)
    except Exception:
        tags = {}
        findings.append(note("tags", "EXIF is damaged and was left out; the picture may lie on its side."))
    is_stated = kind != "JPEG" or picture.info.get("jfif_unit") in (1, 2) or "XResolution" in tags
    return _picture(pixels, reader, tags, picture.info.get("dpi") if is_stated else None, findings)


def _decode_tiff(data: bytes, most_pixels: float) -> Picture:
    page, pages = first_page(data)
    pixel_bytes = page.samplesperpixel * -(-page.bitspersample // 8)
    _check_size(page.imagewidth, page.imagelength, pixel_bytes, len(data), most_pixels)
    pixels, reader = decode_page(page, data), reader_name("tifffile")
    if pixels is None:
        if page.bitspersample > 8 and (page.samplesperpixel > 1 or page.photometric == 0):
            raise FormatError(
                f"A TIFF file of {page.samplesperpixel} x {page.bitspersample} bits in compression "
                f"{int(page.compression)} found; save it without compression or with deflate (zip)."
            )
        with _LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = TiffImageFile(io.BytesIO(_as_stored(page, data)))
        pixels, reader = _unpack(picture), reader_name("pillow")
    findings = [lossy_finding([])] if int(page.compression) in (6, 7) else []
    if pages > 1:
        findings.append(note("pages", f"The file holds {pages} pages; the first was read."))
    tags = {tag.name: tag.value for tag in page.tags}
    exif = tags.get("ExifTag")
    tags |= exif if isinstance(exif, dict) else {}
    return _picture(pixels, reader, tags, _tiff_resolution(tags), findings)


def _as_stored(page: Any, data: bytes) -> bytes | bytearray:
    """Take the orientation out of the header, which Pillow would apply unseen."""
    tag = page.tags.get("Orientation")
    if tag is None or tag.value == 1:
        return data
    changed = bytearray(data)
    struct.pack_into(f"{page.parent.byteorder}H", changed, tag.valueoffset, 1)
    return changed


def _picture(
    pixels: Pixels, reader: str, tags: Mapping[str, Any], per_inch: object, findings: list[Finding]
) -> Picture:
    """Leave out transparency and a resolution that cannot be."""
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        pixels = pixels[:, :, 0] if pixels.shape[2] == 2 else pixels[:, :, :3]
        pixels = np.ascontiguousarray(pixels)
        findings.append(note("alpha", "Transparency was left out; colours are as stored."))
    try:
        x, y = (float(number) for number in per_inch)  # type: ignore[attr-defined]
        resolution = (x, y) if 0 < x < np.inf and 0 < y < np.inf else None
    except (TypeError, ValueError, ZeroDivisionError):
        resolution = None
    return Picture(pixels=pixels, reader=reader, tags=tags, per_inch=resolution, findings=tuple(findings))


def _unpack(picture: Image) -> Pixels:
    """Copy the pixels in bands, since a copy of the whole would need twice the memory."""
    if picture.mode not in ("L", "LA", "P", "RGB", "RGBA", *_DEEP_GREY):
        raise FormatError(
            f"A picture of kind {picture.mode} found (1 is black and white, CMYK for print, F and I 32 bits); a "
            "photograph is grey or RGB of 8 or 16 bits. Save it as one of them."
        )
    nx, ny = picture.size
    layers = len(picture.getbands())
    pixels = np.empty((ny, nx, layers), np.uint16 if picture.mode in _DEEP_GREY else np.uint8)
    rows = max(1, BAND // nx)
    picture.load()
    for top in range(0, ny, rows):
        band = picture.crop((0, top, nx, min(top + rows, ny)))
        pixels[top : top + rows] = np.asarray(band).reshape(-1, nx, layers)
    if picture.mode == "P":
        return _apply_palette(picture, pixels[:, :, 0])
    return pixels[:, :, 0] if layers == 1 else pixels


def _apply_palette(picture: Image, levels: Pixels) -> Pixels:
    colours = np.zeros((256, 3), np.uint8)
    known = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)[:256]
    colours[: len(known)] = known
    is_grey = bool((known == known[:, :1]).all())
    found: Pixels = colours[:, 0][levels] if is_grey else colours[levels]
    return found


def _deep_colour(data: bytes) -> Pixels:
    """PNG of 16 bits a colour, which Pillow would cut to 8; Pillow checks that the file is complete."""
    PngImageFile(io.BytesIO(data)).verify()
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.ndim != 3:
        raise FormatError("A damaged PNG of 16 bits a colour found; copy it again from its source.")
    order = cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(found, order), dtype=np.uint16)


def _tags(picture: Image) -> dict[str, Any]:
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("error")
        exif = Image.getexif(picture)
        both = {**exif, **exif.get_ifd(_EXIF)}
    return {ExifTags.TAGS.get(code, str(code)): value for code, value in both.items()}


def _tiff_resolution(tags: Mapping[str, Any]) -> tuple[float, float] | None:
    unit = tags.get("ResolutionUnit", 2)
    inches = {2: 1.0, _CENTIMETRE: 2.54}.get(unit)
    try:
        (x, per_x), (y, per_y) = tags["XResolution"], tags["YResolution"]
        return None if inches is None else (x / per_x * inches, y / per_y * inches)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
