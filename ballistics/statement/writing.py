"""A statement as a file: PDF, Word or a page, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from ballistics.document.blocks import Document
from ballistics.errors import OptionError
from ballistics.output import Location

PDF, WORD, PAGE = ".pdf", ".docx", ".html"


def write_statement(
    document: Document, path: Location, *, template: Path | None = None, overwrite: bool = False
) -> Path:
    """Write a statement as PDF, as a Word file or as a page, as the ending of its name says.

    Parameters
    ----------
    document : Document
        The statement.
    path : path-like
        Ends in ``.pdf``, ``.docx`` or ``.html``.
    template : Path, optional
        The laboratory's own Word template; for ``.docx`` only.
    overwrite : bool
        Whether a file that exists may be replaced.

    Raises
    ------
    OptionError
        If the ending is another one, or the template does not fit.
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be made or written.
    """
    ending = check_ending(path, template=template)
    if ending == PDF:
        from ballistics.document.pdf import write_pdf

        return write_pdf(document, path, overwrite=overwrite)
    if ending == WORD:
        from ballistics.document.word import write_word

        return write_word(document, path, template=template, overwrite=overwrite)
    from ballistics.document.page import write_document_page

    return write_document_page(document, path, overwrite=overwrite)


def check_ending(path: Location, *, template: Path | None = None) -> str:
    """Return the ending of a statement's file in small letters.

    Raises
    ------
    OptionError
        If no statement ends so, or a template is given for something else than Word.

    Examples
    --------
    >>> check_ending("case 14/Statement.PDF")
    '.pdf'
    """
    ending = Path(path).suffix.lower()
    if ending not in (PDF, WORD, PAGE):
        found = f"ends in {ending!r}" if ending else "has no name before an ending"
        raise OptionError(f"{Path(path).name} {found}; name a report that ends in {PDF}, {WORD} or {PAGE}.")
    if template is not None and ending != WORD:
        raise OptionError(f"A template is for Word; {Path(path).name} is none. Name a file that ends in {WORD}.")
    return ending
