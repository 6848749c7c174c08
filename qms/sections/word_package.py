"""Open a DOCX within limits: the file names, sizes and XML of a ZIP that may be hostile."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from qms.errors import DocumentError
from qms.sections.section import MIB, Limits

DOCUMENT = "word/document.xml"
_SPACES = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}",
)
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError)


class Package:
    """The parts of a DOCX that may be read.

    Parameters
    ----------
    data : bytes
    limits : Limits

    Raises
    ------
    DocumentError
        If it is not a DOCX, is damaged, has macros or a password, or looks like an attack.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits = limits
        self._elements = 0
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (*_DAMAGED, OverflowError, RuntimeError) as error:
            raise DocumentError(f"it is a damaged ZIP or DOCX file ({error}); take the original again") from error
        self._members = self._checked(len(data))

    def _checked(self, size: int) -> dict[str, zipfile.ZipInfo]:
        found = self._archive.infolist()
        limits = self._limits
        if len(found) > limits.members:
            raise DocumentError(f"it holds {len(found)} files, and at most {limits.members} are allowed")
        members = {each.filename: each for each in found}
        if len(members) < len(found):
            raise DocumentError("two files in it have the same name; it is damaged or hostile")
        for name in members:
            if name.startswith(("/", "\\")) or ":" in name or ".." in name.replace("\\", "/").split("/"):
                raise DocumentError(f"it holds a file named {name[:100]!r} that points outside; it is hostile")
        expanded = sum(each.file_size for each in found)
        if expanded > limits.expanded_bytes or any(_swollen(each, limits.ratio) for each in found):
            raise DocumentError(
                f"it would unpack from {size / 1e6:.1f} MB to {expanded / 1e6:.1f} MB, which looks like a ZIP bomb"
            )
        if DOCUMENT not in members:
            raise DocumentError("it is a ZIP file but not a DOCX; give a DOCX, PDF, Markdown or text file")
        if any(name.lower().endswith("vbaproject.bin") for name in members):
            raise DocumentError("it holds macros, which can change what a person sees; save it as .docx")
        return members

    def part(self, name: str) -> Element | None:
        """Return the root of an XML part, with names such as ``p`` for ``w:p``; None if there is no such part."""
        member = self._members.get(name)
        if member is None:
            return None
        if member.flag_bits & 1:
            raise DocumentError(f"{name} in it is protected by a password; save it without one")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DocumentError(f"{name} in it is packed in a way that no word processor uses; it is hostile")
        try:
            with self._archive.open(member) as stream:
                content = stream.read(self._limits.part_bytes + 1)
        except (*_DAMAGED, OverflowError, RuntimeError) as error:
            raise DocumentError(f"{name} in it is damaged ({error}); take the original again") from error
        if len(content) > self._limits.part_bytes:
            raise DocumentError(f"{name} in it is over {self._limits.part_bytes / 1e6:.1f} MB when unpacked")
        self._elements += content.count(b"<") - content.count(b"</")
        if self._elements > self._limits.elements:
            raise DocumentError(f"it has over {self._limits.elements} elements of XML; split it")
        try:
            root: Element = fromstring(content, forbid_dtd=True)
        except DefusedXmlException as error:
            raise DocumentError(f"{name} in it defines XML entities, as attacks do; it is hostile") from error
        except (ParseError, LookupError, ValueError) as error:
            raise DocumentError(f"{name} in it is not sound XML ({error}); take the original again") from error
        for element in root.iter():
            element.tag = _short(element.tag)
            if any(key.startswith("{") for key in element.attrib):
                element.attrib = {_short(key): value for key, value in element.attrib.items()}
        return root


def _swollen(member: zipfile.ZipInfo, ratio: int) -> bool:
    text = member.filename.lower().endswith((".xml", ".rels"))
    return text and member.file_size > MIB and member.file_size > ratio * max(1, member.compress_size)


def _short(name: str) -> str:
    return next((name[len(space) :] for space in _SPACES if name.startswith(space)), name)


def value(element: Element | None, child: str, default: str = "") -> str:
    """Return the ``w:val`` of a child element, or the default if there is no such child."""
    found = element.find(child) if element is not None else None
    return default if found is None else found.get("val", default)


def number(text: str | None, default: int = 0) -> int:
    """Return a whole number of at most seven digits, or the default for anything else."""
    return int(text) if text and len(text) <= 7 and text.isascii() and text.isdecimal() else default


def switched_on(element: Element | None, child: str) -> bool | None:
    """Return whether a yes-or-no property is on, off, or not said."""
    found = element.find(child) if element is not None else None
    return None if found is None else found.get("val", "1") not in ("0", "false", "off")
