"""A report as one HTML page that holds all it needs and may load nothing; on paper it has numbers and marks."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from accreditation.report.blocks import Chart, Document, Logo
from accreditation.report.widths import widths

ROOM, CROWDED, MANY = 53.0, 92.0, 8
"""Least width of a table in em, that of one of many columns, and how many are many; `report.css` sets both."""
_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}


def render_page(document: Document) -> bytes:
    """Return a report as an HTML page; its policy allows just its own style and the pictures in it."""
    pages = _environment()
    css = pages.get_template("report.css").render(
        title=_css_text(document.title[:80]),
        tag=_css_text(f"{document.labels.confidentiality} · {document.labels.status}"),
        mark=_css_text(document.mark),
        pages=Markup(" ").join(map(_css_counter, re.split(r"(\{pages?\})", document.labels.page))),
    )
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    page = pages.get_template("report.html").render(
        css=css, digest=f"'sha256-{digest}'", document=document, labels=document.labels
    )
    return page.encode()


def _css_counter(piece: str) -> Markup:
    known = {"{page}": Markup("counter(page)"), "{pages}": Markup("counter(pages)")}
    return known.get(piece) or _css_text(piece)


def _css_text(text: str) -> Markup:
    """Return a text as a CSS string in which every sign but plain letters and digits is written by its code."""
    letters = (each if each.isalnum() and each.isascii() else f"\\{ord(each):06x}" for each in text)
    return Markup('"' + "".join(letters) + '"')


def _flow(text: str) -> Markup:
    """Return a text whose lines stay lines."""
    return Markup("<br>").join(text.split("\n"))


def _source(picture: Chart | Logo) -> str:
    if isinstance(picture, Chart):
        return _data("image/svg+xml", picture.svg.encode())
    return _data(_TYPES[picture.format], picture.content)


def _data(form: str, content: bytes) -> str:
    return f"data:{form};base64,{base64.b64encode(content).decode('ascii')}"


@cache
def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("accreditation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known: dict[str, Any] = {
        "flow": _flow,
        "source": _source,
        "kind": lambda block: type(block).__name__,
        "widths": lambda table: widths(table, room=CROWDED if len(table.columns) >= MANY else ROOM),
    }
    pages.filters.update(known)
    return pages
