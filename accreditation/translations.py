"""The texts that are to be translated, gathered from standards and code; run it to renew the PO files.

``python -m accreditation.translations`` writes ``locale/en.po``, the list of all texts, and brings each other file
in line with it: what was translated stays, what is new is empty and what nothing says any more goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from accreditation.issue import issue_kinds
from accreditation.language import LOCALES, SOURCE, WRITTEN_FROM
from accreditation.standards import Standard, standards
from qms.record import LANGUAGES

PACKAGE = Path(__file__).parent
LOCALE = PACKAGE / "locale"
SAID_BY = {"say": None, "plural": (1, 2), "Reason": (2,)}
"""Calls in the code whose texts are shown to people, with the places of the texts among what they are given."""
BEGAN = datetime(2026, 11, 23, tzinfo=UTC)
"""Stands in every file, so that only texts make a difference."""
QMS = ("evidence/standing.py", "evidence/cycle.py")
"""Modules of `qms` whose reasons reports show."""


class Source(NamedTuple):
    """A text and where it stands; a pair of forms where it counts something."""

    text: Any
    where: str


def gathered() -> Catalog:
    """Return all texts that are to be translated, each once, in the order of standards and code."""
    catalog = Catalog(locale=LOCALES[SOURCE], project="forensic-ballistics", fuzzy=False)
    for source in (*_standards(), *_issues(), *_code()):
        catalog.add(source.text, locations=[(source.where, 0)])
    return catalog


def renew() -> None:
    """Write the list of all texts and bring every language in line with it."""
    template = gathered()
    _write(template, SOURCE)
    for tag in LOCALES:
        place = LOCALE / f"{tag}.po"
        if tag != SOURCE and tag not in WRITTEN_FROM:
            with place.open("rb") as stream:
                catalog = read_po(stream, locale=LOCALES[tag])
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            _write(catalog, tag)


def _write(catalog: Catalog, tag: str) -> None:
    catalog.header_comment = f"# {tag}: texts of checklists, drop-downs, reports and messages; see reviews.toml."
    catalog.project, catalog.version, catalog.language_team = "forensic-ballistics", "1", LANGUAGES[tag]
    catalog.creation_date = catalog.revision_date = BEGAN
    catalog.last_translator = catalog.msgid_bugs_address = "the project's issues"
    with (LOCALE / f"{tag}.po").open("wb") as stream:
        write_po(stream, catalog, width=115, include_lineno=False, omit_header=False)


def _standards() -> Iterator[Source]:
    for key, standard in standards().items():
        for text in _texts(standard):
            if text:
                yield Source(text, f"standards/{key}")


def _texts(standard: Standard) -> Iterator[str]:
    yield standard.title
    if standard.kind == "scheme":
        yield standard.source
    for clause in standard.requirements:
        yield from (clause.title, clause.question, clause.asks, *clause.evidence, *clause.terms)
    for theme in standard.themes:
        yield from (theme.title, theme.text)
    yield from (each.title for each in standard.milestones)


def _issues() -> Iterator[Source]:
    for each in issue_kinds().values():
        yield Source(each.why, "issues")
        yield Source(each.what_to_do, "issues")


def _code() -> Iterator[Source]:
    places = [*sorted(PACKAGE.rglob("*.py")), *(PACKAGE.parent / "qms" / name for name in QMS)]
    for place in places:
        with place.open("rb") as stream:
            for _, text, _, _ in extract("python", stream, keywords=SAID_BY):
                yield Source(text, place.relative_to(PACKAGE.parent).as_posix())


if __name__ == "__main__":
    renew()
