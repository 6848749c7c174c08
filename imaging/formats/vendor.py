"""Scan formats of instrument makers, through the optional SurfaceTopography."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from imaging.errors import FormatError
from imaging.formats.decoded import Decoded, check_grid, note, reader_name

SIGNATURES = (
    (0, b"DIGITAL SURF", "sur", "Digital Surf SUR"),
    (0, b"VK3_", "vk", "Keyence VK3"),
    (0, b"VK4_", "vk", "Keyence VK4"),
    (0, b"VK6", "vk", "Keyence VK6"),
    (0, b"VK7", "vk", "Keyence VK7"),
    (0, b"KPK0", "zon", "Keyence ZON"),
    (0, b"KPK1", "zon", "Keyence ZON"),
    (0, b"GWYP", "gwy", "Gwyddion GWY"),
    (2, b"Directory", "opd", "Wyko OPD"),
    (0, b"VCA DATA", "opdx", "Bruker OPDX"),
    (0, b"\x88\x1b\x03\x6f", "metropro", "Zygo DAT"),
    (0, b"\x88\x1b\x03\x70", "metropro", "Zygo DAT"),
    (0, b"\x88\x1b\x03\x71", "metropro", "Zygo DAT"),
    (0, b"\x89HDF\r\n\x1a\n", "datx", "Zygo DATX"),
    (0, b"Binary TrueMap Data File v2.0", "tmd", "TrueMap TMD"),
    (0, b"Zeta-Instruments", "zmg", "Zeta ZMG"),
    (0, b"OmniSurf3D", "os3d", "OmniSurf3D"),
    (0, b"FRTM_GLIDERV", "frt", "FRT MicroProf"),
    (0, b"fileformat = bcr", "bcr", "BCR-STM"),
)

_PLU_HEADER = struct.Struct("<2I 32x I")
_PLU_AT, _PLU_DATE, _PLU_TYPES = 388, 128, (1, 3)
_LONGEST_TEXT = 1_000
_LOCK = threading.Lock()


def find_vendor_format(data: bytes) -> tuple[str, str] | None:
    """Return the identifier and the name of a maker's format by its first bytes, or None.

    Examples
    --------
    >>> find_vendor_format(b"VK4_...")
    ('vk', 'Keyence VK4')
    """
    for at, signature, identifier, name in SIGNATURES:
        if data.startswith(signature, at):
            return identifier, name
    if data[:4] in (b"II*\x00", b"MM\x00*") and b"TiffTagDescData" in data:
        return "lext", "Olympus LEXT"
    return ("plu", "Sensofar PLU") if _is_plu(data) else None


def _is_plu(data: bytes) -> bool:
    """Whether the fixed header of a PLU file, which has no signature, makes sense."""
    if len(data) < _PLU_AT + _PLU_HEADER.size:
        return False
    rows, columns, kind = _PLU_HEADER.unpack_from(data, _PLU_AT)
    date = data[:_PLU_DATE].split(b"\x00")[0]
    printable = date.decode("latin-1").isprintable() and b":" in date
    return printable and kind in _PLU_TYPES and 0 < rows < 2**16 and 0 < columns < 2**16


def read_vendor(data: bytes, identifier: str, name: str) -> Decoded:
    """Decode a file of an instrument maker.

    Parameters
    ----------
    data : bytes
        The whole file.
    identifier, name : str
        The format, as `find_vendor_format` returns it.

    Returns
    -------
    Decoded
        float64 heights of the first height channel, in metres where the file states its unit.

    Raises
    ------
    FormatError
        If SurfaceTopography is not installed or refuses the file, or if it holds no height map.

    Notes
    -----
    SurfaceTopography indexes heights as [x, y]; they are transposed to rows and columns. Its warnings
    become notes. Reading is done by one thread at a time, because Python records warnings for all threads.
    """
    with _LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            from SurfaceTopography.IO import open_topography
        except ImportError as error:
            raise FormatError(
                f"A {name} file found; reading it needs SurfaceTopography. "
                'Install it with: pip install "forensic-ballistics[vendor]"'
            ) from error
        caught.clear()
        try:
            decoded = _decode(open_topography(io.BytesIO(data), format=identifier), name)
        except (FormatError, MemoryError):
            raise
        except Exception as error:
            raise FormatError(f"The {name} file cannot be read ({type(error).__name__}: {error}).") from error
    notes = tuple(note("library-warning", str(warning.message)) for warning in caught)
    return replace(decoded, findings=decoded.findings + notes)


def _decode(reader: Any, name: str) -> Decoded:
    from SurfaceTopography.IO.Reader import DataKind
    from SurfaceTopography.Support.UnitConversion import get_unit_conversion_factor

    channels = [found for found in reader.channels if found.dim == 2 and found.data_kind is DataKind.HEIGHT]
    if not channels:
        raise FormatError(f"The {name} file holds no height map.")
    default = reader.default_channel
    channel = default if any(default is found for found in channels) else channels[0]
    findings = []
    if len(channels) > 1:
        findings.append(note("layers", f"The file holds {len(channels)} height maps; {channel.name!r} was taken."))
    check_grid(*channel.nb_grid_pts)
    topography = channel.topography()
    if not topography.is_uniform:
        raise FormatError(f"The {name} file holds single points, not heights on a grid.")
    factor = 1.0 if topography.unit is None else float(get_unit_conversion_factor(topography.unit, "m"))
    heights = np.ma.filled(np.ma.asarray(topography.heights(), dtype=np.float64), np.nan).T * factor
    dx, dy = (float(step) * factor for step in topography.pixel_size)
    return Decoded(
        heights=np.ascontiguousarray(heights),
        spacing=(dx, dy),
        format=name,
        reader=reader_name("SurfaceTopography"),
        findings=tuple(findings),
        metadata=_metadata(channel.info),
    )


def _metadata(info: Any) -> dict[str, str]:
    fields = info if isinstance(info, Mapping) else info.model_dump()
    flat: dict[str, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}")
        elif isinstance(value, str | int | float) or hasattr(value, "isoformat"):
            text = value.isoformat() if hasattr(value, "isoformat") else str(value).strip("\x00 ")
            if 0 < len(text) <= _LONGEST_TEXT:
                flat[path] = text

    walk(fields, "vendor")
    known = {
        "vendor.acquisition_time": "date",
        "vendor.comment": "comment",
        "vendor.instrument.vendor": "instrument.manufacturer",
        "vendor.instrument.name": "instrument.model",
        "vendor.instrument.serial": "instrument.serial",
    }
    return {known.get(path, path): text for path, text in flat.items()}
