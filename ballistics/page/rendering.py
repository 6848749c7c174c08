"""Turn templates into pages that hold all they need and may load nothing."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ballistics.output import printable
from ballistics.page.figures import colour_table

STYLES = ("report.css",)
SCRIPTS = ("report.js",)


def render(name: str, *, styles: Sequence[str] = STYLES, **content: Any) -> str:
    """Fill a template; its policy allows just the styles and the script that the page itself holds.

    Parameters
    ----------
    name : str
        A template beside this module.
    styles : sequence of str
        Style sheets beside this module, put one after the other.
    **content
        What the template asks for; anything that is missing is an error.
    """
    pages = _environment()
    shared: dict[str, Any] = {}
    for kind, names in (("css", styles), ("js", SCRIPTS)):
        text = "".join(_source(each) for each in names)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
        shared |= {kind: text, f"{kind}_digest": f"'sha256-{digest}'"}
    return pages.get_template(name).render(**shared, **content)


def colour_stops() -> list[str]:
    """Colours of the correlation scale in eleven steps from 0 to 1."""
    table = colour_table()
    return ["#{:02x}{:02x}{:02x}".format(*table[math.floor(share * 25.5)]) for share in range(11)]


def _source(name: str) -> str:
    pages = _environment()
    assert pages.loader is not None
    return pages.loader.get_source(pages, name)[0]


@cache
def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("ballistics.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["printable"] = printable
    pages.globals["release"] = version("forensic-ballistics")
    return pages
