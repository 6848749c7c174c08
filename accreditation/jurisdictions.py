"""Names of jurisdictions, with the asterisk and the footnote that some of them carry.

The word is jurisdiction, whatever the status. A name whose status is disputed is written with an asterisk at its
first mention in every paragraph and table, and the footnote that goes with it stands in the same report.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from babel import Locale

from accreditation.cyrillic import in_cyrillic
from accreditation.language import BETWEEN, LOCALES, SOURCE, WRITTEN_FROM, Words
from qms.record import Part

Style = Literal["un", "eu", "both"]
ASTERISK = "*"


class Jurisdiction(Part):
    """A jurisdiction by its code of two letters.

    Attributes
    ----------
    names : mapping of str to str
        By tag of a language.
    also : tuple of str
        Other codes and earlier names in records.
    mention : str
        Pattern of its name in texts, in all languages and cases, if it carries an asterisk; else empty.
    """

    names: Mapping[str, str]
    also: tuple[str, ...] = ()
    mention: str = ""


class Rendered(NamedTuple):
    """A name as it is printed, and the footnotes that have to stand in the same report."""

    text: str
    footnotes: tuple[str, ...]


@cache
def jurisdictions() -> Mapping[str, Jurisdiction]:
    """Return the jurisdictions whose names this package knows, by code."""
    content = files("accreditation") / "data" / "jurisdictions.toml"
    table = tomllib.loads(content.read_text(encoding="utf-8"))
    return {code: Jurisdiction.model_validate(each) for code, each in table.items()}


def normalised(code: str) -> str:
    """Return the code of a jurisdiction that a record names by another code or an earlier name.

    Examples
    --------
    >>> normalised("FYROM"), normalised("Kosovo*"), normalised("al"), normalised("Utopia")
    ('MK', 'XK', 'AL', 'Utopia')
    """
    wanted = code.strip().rstrip(ASTERISK).strip().casefold()
    for known, each in jurisdictions().items():
        if wanted in (name.casefold() for name in (known, *each.also, *each.names.values())):
            return known
    return code.strip()


def render_name(code: str, *, say: Words, style: Style = "un") -> Rendered:
    """Return the name of a jurisdiction as a report prints it at its first mention.

    Parameters
    ----------
    code : str
        Such as ``"XK"``, which users of ISO 3166 assigned; other codes and earlier names are understood.
    say : Words
    style : {"un", "eu", "both"}
        Whose footnote goes with the asterisk.

    Examples
    --------
    >>> from accreditation.language import words
    >>> say = words("en")
    >>> render_name("MK", say=say), render_name("XK", say=say).text
    (Rendered(text='North Macedonia', footnotes=()), 'Kosovo*')
    """
    code = normalised(code)
    known = jurisdictions().get(code)
    mark = ASTERISK if known and known.mention else ""
    names = dict.fromkeys(_named(code, tag) + mark for tag in say.tags)
    return Rendered(BETWEEN.join(names), (footnote(say=say, style=style),) if mark else ())


def footnote(*, say: Words, style: Style = "un") -> str:
    """Return the footnote that belongs to the asterisk.

    Examples
    --------
    >>> from accreditation.language import words
    >>> footnote(say=words("en"))[:25]
    '* References to Kosovo sh'
    """
    un = say(
        "References to Kosovo shall be understood to be in the context of Security Council resolution 1244 (1999)."
    )
    eu = say(
        "This designation is without prejudice to positions on status, and is in line with UNSCR 1244/1999 and "
        "the ICJ Opinion on the Kosovo declaration of independence."
    )
    return f"{ASTERISK} " + {"un": un, "eu": eu, "both": f"{un} {eu}"}[style]


def mark_first(text: str) -> tuple[str, bool]:
    """Return a text with an asterisk at the first name that carries one, and whether there is such a name.

    Examples
    --------
    >>> mark_first("Units of Kosovo, and those of Kosovo Polje")
    ('Units of Kosovo*, and those of Kosovo Polje', True)
    >>> mark_first("Kosovo* and Albania"), mark_first("Albania")
    (('Kosovo* and Albania', True), ('Albania', False))
    """
    found = _mentions().search(text)
    if found is None:
        return text, False
    end = found.end()
    return (text if text.startswith(ASTERISK, end) else f"{text[:end]}{ASTERISK}{text[end:]}"), True


@cache
def _mentions() -> re.Pattern[str]:
    return re.compile("|".join(each.mention for each in jurisdictions().values() if each.mention))


def _named(code: str, tag: str) -> str:
    known = jurisdictions().get(code)
    if known is None:
        return str(Locale.parse(LOCALES[tag]).territories.get(code, code))
    if tag in WRITTEN_FROM:
        return in_cyrillic(known.names[WRITTEN_FROM[tag]])
    return known.names.get(tag, known.names[SOURCE])
