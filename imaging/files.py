"""Open any scan by its content, and write X3P files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import sdfio

from imaging.errors import FileError, FormatError, ImagingError
from imaging.formats.al3d import MAGIC as AL3D
from imaging.formats.al3d import read_al3d
from imaging.formats.container import read_members
from imaging.formats.content import DOCUMENT, NOT_SCANS, SDF, ZIP, load_file, reason_of
from imaging.formats.decoded import Decoded, Unit, check_grid, reader_name, to_surface
from imaging.formats.vendor import find_vendor_format, read_vendor
from imaging.formats.x3p import has_x3p, read_x3p
from imaging.formats.x3p_writer import encode_x3p
from imaging.surface import Surface


def open_surface(
    path: str | os.PathLike[str],
    *,
    units: Unit | Literal["auto"] = "auto",
    height_units: Unit | None = None,
) -> Surface:
    """Open a scan, whatever its format and its name.

    Parameters
    ----------
    path : path-like
        An X3P, SDF or AL3D file, or with the extra ``vendor`` a file of an instrument maker: SUR, PLU, PLUX,
        VK3 to VK7, ZON, OPD, OPDX, DAT, DATX, GWY, TMD, LEXT and others.
    units : {"auto", "m", "mm", "um"}
        Unit in which the file gives its spacing and heights; see `read_bytes`.
    height_units : {"m", "mm", "um"}, optional
        Unit of the heights where it is another one.

    Returns
    -------
    Surface
        Heights in metres, oriented as stored. Its provenance holds the path, the hash of the bytes that
        were decoded, the reader with its version, all findings and the metadata of the file.

    Raises
    ------
    FileError
        If the file is missing, empty, not a plain file, not readable, larger than 2 GiB, or changes while
        it is read.
    FormatError
        If the content is not a scan that can be read safely; the message says what was found.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> surface = Surface(heights=np.eye(8, dtype=np.float32) * 1e-6, spacing=(1e-6, 1e-6))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_x3p(surface, f"{folder}/scan.x3p")
    ...     again = open_surface(path)
    >>> again.shape, again.pixel_um, again.provenance.format
    ((8, 8), 1.0, 'X3P')
    """
    place = Path(path)
    data = load_file(place)
    try:
        surface = read_bytes(data, units=units, height_units=height_units)
    except FormatError as error:
        raise FormatError(f"{place}: {error}") from error
    provenance = surface.provenance.model_copy(update={"path": str(place)})
    return replace(surface, provenance=provenance)


def read_bytes(
    data: bytes, *, units: Unit | Literal["auto"] = "auto", height_units: Unit | None = None
) -> Surface:
    """Decode a scan that is held in memory; `open_surface` does the same for a file.

    Parameters
    ----------
    data : bytes
        Content of a scan file.
    units : {"auto", "m", "mm", "um"}
        Unit in which the file gives its spacing and heights. With ``"auto"`` a scan that can be in metres, as
        the formats ask, is in metres. One that cannot (pixels above 10 mm or heights over more than 10 mm)
        is converted only if exactly one of the other units gives pixels of 0.05 to 100 um and heights over
        1 nm to 10 mm, and carries the doubt ``units-in-doubt``; otherwise it is refused. One that is possible
        but unusual stays as it is with the doubt ``scale-in-doubt``. A stated unit is taken and noted.
    height_units : {"m", "mm", "um"}, optional
        Unit of the heights where it is not that of the spacing.

    Raises
    ------
    FormatError
        If the content is not a scan that can be read safely.
    ParameterError
        If a unit is unknown.

    Notes
    -----
    What is tolerated and what is refused in X3P files is listed at `imaging.formats.x3p.read_x3p`, limits on zip
    archives at `imaging.formats.container.read_members`.

    Examples
    --------
    >>> read_bytes(b"%PDF-1.7 ...")
    Traceback (most recent call last):
    imaging.errors.FormatError: A PDF file found: a document; export the scan it shows from the software of the \
microscope. Heights need a 3D scan, best as X3P.
    """
    try:
        return to_surface(_decode(data), data=data, units=units, height_units=height_units)
    except (ImagingError, MemoryError):
        raise
    except Exception as error:
        raise FormatError(f"The content cannot be decoded ({type(error).__name__}: {error}).") from error


def _decode(data: bytes) -> Decoded:
    if data.startswith(ZIP):
        return _decode_zip(data)
    if data.removeprefix(b"\xef\xbb\xbf")[:5] in SDF:
        return _read_sdf(data)
    if data.startswith(AL3D):
        return read_al3d(data)
    vendor = find_vendor_format(data)
    if vendor:
        return read_vendor(data, *vendor)
    for at, signature, name, kind in NOT_SCANS:
        if data.startswith(signature, at):
            raise FormatError(f"A {name} file found: {kind}. Heights need a 3D scan, best as X3P.")
    start = data[:16]
    raise FormatError(
        f"Content that is no known scan format found (it starts with {start!r}). Export the scan as X3P."
    )


def _decode_zip(data: bytes) -> Decoded:
    members = read_members(data)
    if has_x3p(members):
        return read_x3p(members)
    if "[Content_Types].xml" in members or "mimetype" in members:
        raise FormatError(f"An Office file found: {DOCUMENT}.")
    if "index.xml" in members and any(name.lower().endswith(".raw") for name in members):
        return read_vendor(data, "plux", "Sensofar PLUX")
    names = ", ".join(sorted(members)[:5]) or "nothing"
    raise FormatError(
        f"A zip archive without main.xml found, so no X3P file; it holds {names}. If these are scans, unpack them."
    )


def _read_sdf(data: bytes) -> Decoded:
    """Decode an SDF file (ISO 25178-71), binary or text."""
    with np.errstate(all="ignore"):
        try:
            file = sdfio.SdfFile.loads(data)
        except sdfio.SdfError as error:
            raise FormatError(f"The SDF file cannot be read ({error}).") from error
    header = file.header
    check_grid(file.data.shape[1], file.data.shape[0])
    if not header.z_scale > 0:
        raise FormatError(f"An SDF file with a z scale of {header.z_scale:g} found; a positive number is needed.")
    metadata = {f"sdf.{key}": value for key, value in file.trailer_fields.items() if value}
    metadata["instrument.manufacturer"] = header.manufacturer_id
    if header.create_date:
        metadata["date"] = header.create_date.isoformat()
    trailer = file.trailer.encode() if isinstance(file.trailer, str) else file.trailer
    return Decoded(
        heights=file.data,
        spacing=(header.x_scale, header.y_scale),
        format=f"SDF {header.revision}",
        reader=reader_name("sdfio"),
        metadata={key: value for key, value in metadata.items() if value},
        attachments={"trailer.txt": trailer} if trailer.strip() else {},
    )


def write_x3p(
    surface: Surface,
    path: str | os.PathLike[str],
    *,
    dtype: Literal["float32", "float64"] | None = None,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a surface as an X3P file that follows ISO 25178-72 to the letter.

    Parameters
    ----------
    surface : Surface
        What to write, with its provenance and attachments.
    path : path-like
        The new file, in a folder that exists.
    dtype : {"float32", "float64"}, optional
        How heights are stored; as the surface holds them when left out.
    overwrite : bool
        Replace a file that exists.
    metadata : mapping of str to str, optional
        Additions and corrections to the metadata of the surface: ``date``, ``creator``,
        ``instrument.manufacturer``, ``instrument.model``, ``instrument.serial``, ``instrument.version``,
        ``calibration_date``, ``probing_system.type``, ``probing_system.identification``, ``comment``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileError
        If the file exists and ``overwrite`` is false, or the folder cannot be written to.
    SurfaceError
        If the surface cannot be stored, for example because nothing was measured.
    ParameterError
        If an attachment, a text or ``dtype`` cannot be written.

    Notes
    -----
    Heights and spacing are in metres and read back bit for bit. Missing points are NaN and have their bit
    cleared in ``bindata/valid.bin``. Attachments keep their names. The record of the measurement (Record 2)
    needs a date with time and a probing type, one of Contacting, NonContacting and Software; without them
    the standard has no place for the other fields. All metadata, the steps, the findings and the hash of
    the source stand in ``forensic-ballistics/provenance.json`` in any case, so a doubt outlives writing.

    The file follows the first edition (``ISO5436 - 2000``) where it can: without a calibration date or with
    several vendor identifiers only Amd 1:2020 allows the record. The same surface gives the same bytes. The
    file appears complete or not at all.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> surface = Surface(heights=np.eye(8) * 1e-6, spacing=(1e-6, 1e-6))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_x3p(surface, f"{folder}/scan.x3p", metadata={"creator": "A. Examiner"})
    ...     again = open_surface(path)
    >>> bool((again.heights == surface.heights).all()), again.provenance.metadata["creator"]
    (True, 'A. Examiner')
    """
    place = Path(path)
    content = encode_x3p(surface, dtype=dtype, metadata=metadata)
    if not overwrite and os.path.lexists(place):
        raise FileError(f"{place} exists; choose another name or allow it with overwrite=True.")
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(place)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise FileError(
            f"{place} cannot be written ({reason_of(error)}); check the folder and your rights."
        ) from error
    return place
