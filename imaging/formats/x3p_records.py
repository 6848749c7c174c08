"""The description of an X3P file: main.xml with its four records, and Open-FMC records."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from imaging.errors import FormatError
from imaging.formats.decoded import check_grid, note
from imaging.surface import Finding

NAMESPACE = "http://www.opengps.eu/2008/ISO5436_2"
REVISION = "ISO5436 - 2000"
REVISION_AMD1 = "ISO25178-72:2017/DAM1"
LARGEST_XML = 2**24
MOST_MARKUP = 20_000

MAIN = "main.xml"
CHECKSUM = "md5checksum.hex"
PAYLOAD = "bindata/data.bin"
VALID = "bindata/valid.bin"
HISTORY = "forensic-ballistics/provenance.json"

ITEM_TYPES = {"I": "<i2", "L": "<i4", "F": "<f4", "D": "<f8"}

RECORD2 = {
    "Date": "date",
    "Creator": "creator",
    "Instrument.Manufacturer": "instrument.manufacturer",
    "Instrument.Model": "instrument.model",
    "Instrument.Serial": "instrument.serial",
    "Instrument.Version": "instrument.version",
    "CalibrationDate": "calibration_date",
    "ProbingSystem.Type": "probing_system.type",
    "ProbingSystem.Identification": "probing_system.identification",
    "Comment": "comment",
}

_DATUM = re.compile(rb"</?Datum ?/?>")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32}")
_STRUCTURE = re.compile(
    r"Record1\.(Revision|FeatureType|Axes\.C[XYZ]\.(AxisType|DataType|Increment))"
    r"|Record3\.(MatrixDimension|ListDimension|DataLink|DataList)(\..*)?|Record4(\..*)?|VendorSpecificID"
)
_PLACEMENT = re.compile(r"Record1\.Axes\.(C[XYZ]\.Offset|Rotation\.r(\d)(\d))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What main.xml says about one surface; lengths are as written, links are names in the container."""

    layers: int
    shape: tuple[int, int]
    spacing: tuple[float, float]
    item_type: str
    increment: float
    payload: str | None
    payload_md5: str | None
    valid: str | None
    valid_md5: str | None
    checksum_file: str
    metadata: Mapping[str, str]
    findings: tuple[Finding, ...]


def md5(data: bytes) -> str:
    """Return the MD5 checksum that X3P files carry; it shows damage, it does not prove origin."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def find_md5(text: str) -> str | None:
    """Return the checksum in a text in lower case, or None where there is none."""
    found = _HEXADECIMAL.search(text)
    return found[0].lower() if found else None


def parse_xml(data: bytes, name: str) -> Element:
    """Parse XML without document type, entities or external references.

    Raises
    ------
    FormatError
        If it is not well-formed XML, declares a document type, is larger than 16 MiB or has more than 20,000
        tags and attributes, those of ``Datum`` not counted.
    """
    markup = data.count(b"<") + data.count(b"=") - len(_DATUM.findall(data))
    if len(data) > LARGEST_XML or markup > MOST_MARKUP:
        raise FormatError(
            f"{name} of {len(data)} bytes with {markup} tags and attributes found; at most {LARGEST_XML} bytes "
            f"with {MOST_MARKUP} tags and attributes are read."
        )
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except Exception as error:
        raise FormatError(f"{name} cannot be read as safe XML ({type(error).__name__}: {error}).") from error
    return root


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def flatten(root: Element, *, skip: str = "") -> dict[str, str]:
    """Return the texts and attributes of a tree by dotted path; what stands several times is joined by ``; ``.

    Parameters
    ----------
    root : Element
        The tree; its own name is not part of the paths.
    skip : str
        Name of an element to leave out with all below it.

    Examples
    --------
    >>> flatten(parse_xml(b'<a><b c="1">x</b><b>y</b></a>', "example"))
    {'b': 'x; y', 'b@c': '1'}
    """
    texts: dict[str, list[str]] = {}

    def walk(element: Element, path: str) -> Iterator[tuple[str, str]]:
        children = [child for child in element if local_name(child)]
        if path and not children:
            yield path, (element.text or "").strip()
        yield from ((f"{path}@{name.rsplit('}', 1)[-1]}", value) for name, value in element.items() if path)
        for child in children:
            if local_name(child) != skip:
                yield from walk(child, f"{path}.{local_name(child)}" if path else local_name(child))

    for path, text in walk(root, ""):
        texts.setdefault(path, []).append(text)
    joined = {path: "; ".join(found).strip() for path, found in texts.items()}
    return {path: text for path, text in joined.items() if text.strip("; ")}


def parse_records(main: bytes) -> Records:
    """Read main.xml and refuse what is not one surface on a regular grid.

    See `imaging.formats.x3p.read_x3p` for what is tolerated and what is refused.

    Raises
    ------
    FormatError
        If a record is missing, contradicts itself or does not describe a surface.
    """
    root = parse_xml(main, MAIN)
    findings: list[Finding] = []
    if local_name(root) not in ("ISO5436_2", "ISO5436"):
        raise FormatError(f"{MAIN} starts with <{local_name(root)}>; an X3P file starts with <p:ISO5436_2>.")
    if root.tag != f"{{{NAMESPACE}}}ISO5436_2":
        findings.append(note("deviation", f"{MAIN} starts with <{root.tag}> instead of <p:ISO5436_2>."))
    fields = flatten(root, skip="Datum")

    revision = fields.get("Record1.Revision", "")
    if revision not in (REVISION, REVISION_AMD1):
        findings.append(note("deviation", f"The revision is written {revision!r}, not {REVISION!r}."))
        plain = _DASHES.sub("-", revision).replace(" ", "")
        if plain and plain not in (REVISION.replace(" ", ""), REVISION_AMD1):
            raise FormatError(f"Revision {revision!r} of X3P found; {REVISION!r} and {REVISION_AMD1!r} are read.")
    feature = fields.get("Record1.FeatureType", "").upper()
    if feature != "SUR":
        kind = {"PRF": "a profile", "PCL": "a point cloud"}.get(feature, f"a feature of type {feature!r}")
        raise FormatError(f"An X3P file with {kind} found; only surfaces (SUR) are read.")
    if "Record3.ListDimension" in fields:
        raise FormatError("An X3P file with a list of points found; only surfaces on a grid are read.")
    has_text = any(local_name(child) == "DataList" for record in root for child in record)
    if has_text and "Record3.DataLink.PointDataLink" in fields:
        raise FormatError("Heights as text and as a binary file found; readers would disagree on which hold.")

    for axis, kind in (("CX", "I"), ("CY", "I"), ("CZ", "A")):
        found = fields.get(f"Record1.Axes.{axis}.AxisType", "")
        if found != kind:
            raise FormatError(
                f"Axis {axis} of type {found!r} found; a surface on a regular grid has incremental (I) x and y "
                "axes and an absolute (A) z axis. Resample the scan to a grid in its own software."
            )
    item_type = fields.get("Record1.Axes.CZ.DataType", "")
    if item_type not in ITEM_TYPES:
        raise FormatError(f"Heights of data type {item_type!r} found; I, L, F and D are defined.")
    nx, ny, layers = (_count(fields, f"Record3.MatrixDimension.Size{axis}") for axis in "XYZ")
    check_grid(nx, ny)
    if layers < 1:
        raise FormatError("SizeZ of 0 found; the file holds no heights.")
    if "Record1.Axes.CZ.Increment" not in fields:
        findings.append(note("deviation", "The z axis has no increment; 1 is assumed."))

    return Records(
        layers=layers,
        shape=(ny, nx),
        spacing=(_increment(fields, "CX"), _increment(fields, "CY")),
        item_type=item_type,
        increment=_increment(fields, "CZ", default="1"),
        payload=_link(fields, "PointDataLink"),
        payload_md5=find_md5(fields.get("Record3.DataLink.MD5ChecksumPointData", "")),
        valid=_link(fields, "ValidPointsLink"),
        valid_md5=find_md5(fields.get("Record3.DataLink.MD5ChecksumValidPoints", "")),
        checksum_file=fields.get("Record4.ChecksumFile", CHECKSUM),
        metadata=_metadata(fields),
        findings=(*findings, *_placement_findings(fields)),
    )


def _count(fields: Mapping[str, str], path: str) -> int:
    text = fields.get(path, "")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise FormatError(f"{path} is {text!r}; a whole number of points is needed.")
    return int(text)


def _increment(fields: Mapping[str, str], axis: str, *, default: str = "") -> float:
    text = fields.get(f"Record1.Axes.{axis}.Increment", default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise FormatError(
            f"An increment of {text!r} on axis {axis} found; a positive number of metres is needed "
            "(a negative one would mirror the mark)."
        )
    return value


def _link(fields: Mapping[str, str], name: str) -> str | None:
    text = fields.get(f"Record3.DataLink.{name}", "").replace("\\", "/").removeprefix("./")
    return text or None


def _metadata(fields: Mapping[str, str]) -> dict[str, str]:
    metadata = {key: fields[f"Record2.{path}"] for path, key in RECORD2.items() if f"Record2.{path}" in fields}
    if "VendorSpecificID" in fields:
        metadata["vendor_specific_id"] = fields["VendorSpecificID"]
    known = {f"Record2.{path}" for path in RECORD2}
    for path, text in fields.items():
        if path not in known and not _STRUCTURE.fullmatch(path) and not _is_neutral_placement(path, text):
            metadata[f"x3p.{path}"] = text
    return metadata


def _is_neutral_placement(path: str, text: str) -> bool:
    found = _PLACEMENT.fullmatch(path)
    if not found:
        return False
    neutral = 1.0 if found[2] and found[2] == found[3] else 0.0
    try:
        return float(text) == neutral
    except ValueError:
        return False


def _placement_findings(fields: Mapping[str, str]) -> list[Finding]:
    places = [path for path in fields if _PLACEMENT.fullmatch(path)]
    moved = ", ".join(path for path in places if not _is_neutral_placement(path, fields[path]))
    return [note("placement", f"{moved} place the surface in space; heights stay as stored.")] if moved else []


def read_open_fmc(attachments: Mapping[str, bytes]) -> dict[str, str]:
    """Return the fields of every Open-FMC record among the files of a container.

    Parameters
    ----------
    attachments : mapping of str to bytes
        Files by name; those that are not an Open-FMC record in XML are passed over.

    Returns
    -------
    dict of str to str
        Texts by path, for example ``open-fmc.CartridgeCase.Brand``; repeated fields joined by ``; ``.

    Examples
    --------
    >>> read_open_fmc({"fmc.xml": b"<Open-FMC><Firearm><Brand>Ruger</Brand></Firearm></Open-FMC>"})
    {'open-fmc.Firearm.Brand': 'Ruger'}
    """
    fields: dict[str, str] = {}
    for name, content in attachments.items():
        if b"Open-FMC" not in content:
            continue
        try:
            root = parse_xml(content, name)
        except FormatError:
            continue
        if local_name(root) == "Open-FMC":
            fields |= {f"open-fmc.{path}": text for path, text in flatten(root).items()}
    return fields
