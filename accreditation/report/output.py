"""Writes a report as HTML, Word or PDF, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from accreditation.errors import UnknownError
from accreditation.report.blocks import Document
from accreditation.report.page import render_page
from accreditation.report.pdf import render_pdf
from accreditation.report.word import render_word
from qms.command.output import check_output, write_output

RENDERERS: Mapping[str, Callable[[Document], bytes]] = {
    ".html": render_page,
    ".docx": render_word,
    ".pdf": render_pdf,
}


def check_place(place: str | Path, *, overwrite: bool = False) -> Path:
    """Refuse a place for a report before any work is done.

    Raises
    ------
    UnknownError
        If its ending is none of .html, .docx and .pdf.
    StoreError
        If its folder does not exist, or the file exists and `overwrite` is false.
    """
    place = Path(place)
    if place.suffix.casefold() not in RENDERERS:
        raise UnknownError(
            f"A report is written as {', '.join(RENDERERS)}, not as {place.name!r}. Give the file one of these "
            "endings."
        )
    check_output(place, overwrite=overwrite)
    return place


def write_report(document: Document, place: str | Path, *, overwrite: bool = False) -> Path:
    """Write a report as HTML, Word or PDF, by the ending of its name, and return where.

    Raises
    ------
    UnknownError
        If its ending is none of .html, .docx and .pdf.
    AccreditationError
        If it cannot be written in that form.
    StoreError
        If the file exists and `overwrite` is false, or it cannot be written.

    Examples
    --------
    ::

        write_report(needs_assessment(store, assessment, say=words("mk"), on=today), "report.pdf")
    """
    place = check_place(place, overwrite=overwrite)
    write_output(place, RENDERERS[place.suffix.casefold()](document), overwrite=overwrite)
    return place
