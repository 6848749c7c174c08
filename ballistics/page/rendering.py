"""Turn templates into pages that hold all they need and may load nothing."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from ballistics.contract import versions
from ballistics.document.outline import page_words
from ballistics.document.page import css_pages, css_text
from ballistics.language import Message, gettext, language, translated
from ballistics.mark_names import COMPARED, NAMES, SIGNED
from ballistics.output import Location, printable, write_output
from ballistics.page.figures import colour_table
from ballistics.parameters import ParameterSet, PictureSet, StriatedSet
from ballistics.summary import parameter_rows

STYLES = ("report.css",)
SCRIPTS = ("report.js",)
SEVERITIES = {"note": Message("note"), "doubt": Message("doubt")}


def render(name: str, *, styles: Sequence[str] = STYLES, **content: Any) -> str:
    """Fill a template in the active language; its policy allows just the styles and the script that it holds.

    Parameters
    ----------
    name : str
        A template beside this module.
    styles : sequence of str
        Style sheets beside this module, put one after the other.
    **content
        What the template asks for; anything that is missing is an error. A page whose ``draft`` is true is
        marked as one on the screen and on every printed page.
    """
    pages = _environment()
    template = pages.get_template(name)
    content = {"draft": False, **content}
    shared: dict[str, Any] = {}
    for kind, names in (("css", styles), ("js", SCRIPTS)):
        text = "".join(_source(each) for each in names)
        if kind == "css" and STYLES[0] in names:
            text += _page_boxes(template, content)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
        shared |= {kind: text, f"{kind}_digest": f"'sha256-{digest}'"}
    return template.render(**shared, **content)


def page_facts(
    parameters: ParameterSet | StriatedSet | PictureSet, warnings: Sequence[str], made: datetime | None
) -> dict[str, Any]:
    """Return what every page of a comparison shows beside the comparison itself.

    Parameters
    ----------
    parameters : ParameterSet, StriatedSet or PictureSet
        What everything was computed with.
    warnings : sequence of str
        What a person should know before using the figures.
    made : datetime, optional
        When the page was made, with a time zone. Left out, the page holds no date.
    """
    return {
        "made": f"{made:%Y-%m-%d %H:%M %Z}".strip() if made else None,
        "mark": NAMES[parameters.mark],
        "compared_marks": COMPARED.get(parameters.mark),
        "signed_mark": SIGNED.get(parameters.mark),
        "parameters": parameters,
        "values": parameter_rows(parameters),
        "versions": versions(),
        "warnings": [printable(translated(warning)) for warning in warnings],
    }


def write_page(page: str, path: Location, *, overwrite: bool = False) -> Path:
    """Write a page to a file.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_output(path, page.encode("utf-8", "replace"), overwrite=overwrite)


def colour_stops() -> list[str]:
    """Colours of the correlation scale in eleven steps from 0 to 1."""
    table = colour_table()
    return ["#{:02x}{:02x}{:02x}".format(*table[math.floor(share * 25.5)]) for share in range(11)]


def _page_boxes(template: Template, content: dict[str, Any]) -> str:
    """Return what stands at the head and the foot of every printed page."""
    title = template.blocks.get("title")
    said = Markup("".join(title(template.new_context(content)))).unescape() if title else ""
    return (
        _environment()
        .get_template("print.css")
        .render(
            title=css_text(said[:90]),
            draft=css_text(gettext("Draft").upper()) if content["draft"] else None,
            pages=css_pages(page_words()),
        )
    )


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
        finalize=_spoken,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"printable": _printable, "code": _code, "lines": _lines}
    pages.globals |= {
        "_": _text,
        "language": language,
        "release": version("forensic-ballistics"),
        "severities": SEVERITIES,
    }
    return pages


def _text(text: str, /, **values: object) -> Markup:
    """A text of the catalogue, filled; markup in it or in a value is shown as text unless a filter made it."""
    return Markup(escape(gettext(text))).format(**{name: _spoken(value) for name, value in values.items()})


def _spoken(value: object) -> object:
    return translated(value) if isinstance(value, Message) else value


def _printable(text: object) -> str:
    return printable(_spoken(text))


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)


def _lines(text: str) -> Markup:
    return Markup("<br>").join(text.split("\n"))
