"""The logo on the cover of a report: a PNG, a JPEG, or an SVG that holds nothing but drawing."""

from __future__ import annotations

import io
import re
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from PIL import Image

from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.report.blocks import Logo

LARGEST = 2_000_000
"""Most bytes of a logo."""
MOST_PIXELS = 20_000_000
_DRAWN = frozenset(
    {
        "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs", "title", "desc",
        "linearGradient", "radialGradient", "stop", "clipPath", "mask", "symbol", "use", "text", "tspan",
        "metadata",
    }
)  # fmt: skip
_REACHES_OUT = re.compile(r"url\(\s*[\"']?(?!#)|javascript:|@import|expression\(", re.IGNORECASE)


def read_logo(place: str | Path) -> Logo:
    """Read a logo.

    Parameters
    ----------
    place : str or Path
        A PNG, a JPEG, or an SVG without scripts, styles and anything that is loaded from elsewhere.

    Raises
    ------
    UnknownError
        If the file cannot be read.
    CatalogueError
        If it is no such picture, or too large.
    """
    place = Path(place)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise UnknownError(f"The logo {place} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        raise _refused(place, f"it has {len(content)} bytes; at most {LARGEST} are taken", "Make it smaller")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<svg", b"<!--")):
        return Logo(_checked_svg(content, place), "svg", b"")
    return _picture(content, place)


def _picture(content: bytes, place: Path) -> Logo:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise _refused(place, f"it has {picture.width} x {picture.height} pixels", "Make it smaller")
            form = picture.format
            out = io.BytesIO()
            picture.convert("RGBA" if form == "PNG" else "RGB").save(out, "PNG")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, CatalogueError):
            raise
        raise _refused(place, "it is no sound PNG, JPEG or SVG", "Save it anew as PNG") from error
    return Logo(out.getvalue(), "png", out.getvalue()) if form == "PNG" else Logo(content, "jpeg", out.getvalue())


def _checked_svg(content: bytes, place: Path) -> bytes:
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _refused(place, f"its SVG cannot be read ({error})", "Save it anew, or as PNG") from error
    for each in root.iter():
        name = str(each.tag).rpartition("}")[2]
        if name not in _DRAWN and not str(each.tag).startswith(("{http://www.inkscape", "{http://sodipodi")):
            raise _refused(place, f"its SVG holds <{name}>, which is not drawing", "Save it as plain SVG, or PNG")
        for attribute, value in each.attrib.items():
            bare = attribute.rpartition("}")[2].casefold()
            outside = bare == "href" and not value.startswith("#")
            if bare.startswith("on") or outside or _REACHES_OUT.search(value):
                raise _refused(place, f"its SVG has {bare}={value[:40]!r}", "Save it as plain SVG, or PNG")
    return content


def _refused(place: Path, what: str, fix: str) -> CatalogueError:
    return CatalogueError(f"The logo {place.name} cannot be used", [Problem(place.name, what, fix)])
