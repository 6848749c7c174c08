"""X3P (ISO 25178-72): strict writer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from imaging.errors import ParameterError, SurfaceError
from imaging.formats.container import OUTSIDE, pack
from imaging.formats.x3p_records import (
    CHECKSUM,
    HISTORY,
    ITEM_TYPES,
    MAIN,
    NAMESPACE,
    PAYLOAD,
    RECORD2,
    REVISION,
    REVISION_AMD1,
    VALID,
    md5,
)
from imaging.surface import Surface

PROBING_TYPES = ("Contacting", "NonContacting", "Software")

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encode_x3p(
    surface: Surface,
    *,
    dtype: Literal["float32", "float64"] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Return a surface as the bytes of an X3P file; `imaging.files.write_x3p` says what is in it.

    Parameters
    ----------
    surface : Surface
        What to write.
    dtype : {"float32", "float64"}, optional
        How heights are stored; as the surface holds them when left out.
    metadata : mapping of str to str, optional
        Additions and corrections to the metadata of the surface.

    Raises
    ------
    SurfaceError
        If the surface has less than two rows or columns, no measured point, or heights beyond float32
        where that was asked for.
    ParameterError
        If a name of an attachment belongs to the format or leads out of the container, if metadata hold
        characters that XML cannot hold, or if ``dtype`` is unknown.

    Examples
    --------
    >>> surface = Surface(heights=np.eye(3), spacing=(1e-6, 1e-6))
    >>> encode_x3p(surface) == encode_x3p(surface)
    True
    """
    name = dtype or str(surface.heights.dtype)
    if name not in ("float32", "float64"):
        raise ParameterError(f"dtype={dtype!r} found; 'float32' or 'float64' is possible.")
    if min(surface.shape) < 2 or not surface.valid.any():
        raise SurfaceError(
            f"A surface of shape {surface.shape} with {surface.coverage:.0%} measured found; an X3P surface needs "
            "two rows, two columns and a measured point."
        )
    for attachment in surface.attachments:
        if OUTSIDE.search(attachment) or attachment in (MAIN, CHECKSUM, PAYLOAD, VALID, HISTORY):
            raise ParameterError(
                f"An attachment named {attachment!r} found; the name is the format's own or leads out of it."
            )
    item_type = "F" if name == "float32" else "D"
    valid = surface.valid
    with np.errstate(over="ignore"):
        heights = np.where(valid, surface.heights, np.nan).astype(ITEM_TYPES[item_type])
    if np.isinf(heights).any():
        raise SurfaceError("Heights too large for float32 found; write them as float64.")
    payload = heights.tobytes()
    mask = None if valid.all() else np.packbits(valid, axis=None, bitorder="little").tobytes()

    told = {**surface.provenance.metadata, **(metadata or {})}
    main = build_records(
        shape=surface.shape,
        spacing=surface.spacing,
        item_type=item_type,
        payload=payload,
        valid=mask,
        metadata=told,
    )
    history = surface.provenance.model_copy(update={"metadata": told})
    members = {MAIN: main, CHECKSUM: f"{md5(main)} *{MAIN}\n".encode(), PAYLOAD: payload}
    if mask is not None:
        members[VALID] = mask
    members[HISTORY] = history.model_dump_json(exclude={"path"}, indent=1).encode()
    return pack(members | dict(surface.attachments))


def build_records(
    *,
    shape: tuple[int, int],
    spacing: tuple[float, float],
    item_type: str,
    payload: bytes,
    valid: bytes | None,
    metadata: Mapping[str, str],
) -> bytes:
    """Write main.xml as ISO 25178-72 asks for it.

    Parameters
    ----------
    shape, spacing : tuple
        ``(ny, nx)``, and ``(dx, dy)`` in metres.
    item_type : {"F", "D"}
        float32 or float64 heights.
    payload, valid : bytes
        The binary files that the records link to.
    metadata : mapping of str to str
        Keys as in the values of `RECORD2`; others are passed over. Record 2 needs a date and a probing
        type and is left out without them.

    Raises
    ------
    ParameterError
        If a text holds characters that XML cannot hold.
    """
    text = {key: _checked(key, metadata.get(key, "")) for key in (*RECORD2.values(), "vendor_specific_id")}
    vendors = [vendor for vendor in text["vendor_specific_id"].split("; ") if vendor]
    described = is_date_time(text["date"]) and text["probing_system.type"] in PROBING_TYPES
    calibrated = is_date_time(text["calibration_date"])
    first_edition = (calibrated or not described) and len(vendors) <= 1

    root = Element("p:ISO5436_2", {"xmlns:p": NAMESPACE})
    record1 = SubElement(root, "Record1")
    _add(record1, "Revision", REVISION if first_edition else REVISION_AMD1)
    _add(record1, "FeatureType", "SUR")
    axes = SubElement(record1, "Axes")
    for name, kind, data_type, increment in (
        ("CX", "I", "D", spacing[0]),
        ("CY", "I", "D", spacing[1]),
        ("CZ", "A", item_type, 1.0),
    ):
        axis = SubElement(axes, name)
        _add_all(axis, AxisType=kind, DataType=data_type, Increment=repr(float(increment)), Offset="0.0")
    if described:
        _add_record2(root, text, calibrated=calibrated)
    record3 = SubElement(root, "Record3")
    size = SubElement(record3, "MatrixDimension")
    _add_all(size, SizeX=str(shape[1]), SizeY=str(shape[0]), SizeZ="1")
    link = SubElement(record3, "DataLink")
    _add_all(link, PointDataLink=PAYLOAD, MD5ChecksumPointData=md5(payload))
    if valid is not None:
        _add_all(link, ValidPointsLink=VALID, MD5ChecksumValidPoints=md5(valid))
    _add(SubElement(root, "Record4"), "ChecksumFile", CHECKSUM)
    for vendor in vendors:
        _add(root, "VendorSpecificID", vendor)
    indent(root)
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _add_record2(root: Element, text: Mapping[str, str], *, calibrated: bool) -> None:
    record2 = SubElement(root, "Record2")
    _add(record2, "Date", text["date"])
    if text["creator"]:
        _add(record2, "Creator", text["creator"])
    instrument = SubElement(record2, "Instrument")
    for name in ("Manufacturer", "Model", "Serial", "Version"):
        _add(instrument, name, text[f"instrument.{name.lower()}"])
    if calibrated:
        _add(record2, "CalibrationDate", text["calibration_date"])
    probing = SubElement(record2, "ProbingSystem")
    _add_all(probing, Type=text["probing_system.type"], Identification=text["probing_system.identification"])
    if text["comment"]:
        _add(record2, "Comment", text["comment"])


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _add_all(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        _add(parent, name, text)


def _checked(key: str, text: str) -> str:
    bad = _NOT_XML.search(text)
    if bad:
        raise ParameterError(f"The metadata {key!r} hold {bad[0]!r}, which XML cannot hold; remove it.")
    return text.strip()


def is_date_time(text: str) -> bool:
    """Whether a text is a date with a time as XML Schema defines it.

    Examples
    --------
    >>> is_date_time("2017-06-06T09:21:52"), is_date_time("2017-06-06"), is_date_time("N/A")
    (True, False, False)
    """
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
