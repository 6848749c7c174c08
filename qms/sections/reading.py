"""Read the sections of a file, whatever its format; the format is told by content and never by name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from qms.errors import DocumentError
from qms.sections.section import LIMITS, Limits, Section

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_sections(path: str | os.PathLike[str], *, limits: Limits = LIMITS) -> tuple[Section, ...]:
    """Read the sections of a procedure, manual or policy, in the order of the document.

    Parameters
    ----------
    path : str or path
        A DOCX, PDF, Markdown or plain text file (UTF-8, or UTF-16 with its mark).
    limits : Limits
        How much is read before the file is refused.

    Returns
    -------
    tuple of Section
        What stands before the first heading comes first, without number and heading, if there is anything.

    Raises
    ------
    DocumentError
        If there is no such file, it is none of these formats, is damaged, protected by a password, hostile or over
        a limit, or has no text (a scan).

    Notes
    -----
    A heading is what the author marked as one (style, outline level, ``#``), or a line that begins with a number
    and is set apart from the text: bold, larger or capital letters. Where nothing marks headings, a short line
    whose number continues the numbers before it is one. Numbers of list items are not kept, and tables of contents
    are left out.

    *DOCX.* Tracked changes are read as if accepted. Footnotes, endnotes and text boxes follow the paragraph where
    they are anchored. Headers and footers, comments and pictures are left out, hidden text is not. A file with
    macros is refused, since they can change what a person sees.

    *PDF.* Text is in the order in which the file paints it. What repeats in the margins of the pages is left out.
    A hyphen between small letters at the end of a line is taken away, unless the word stands elsewhere in the
    document with it; a compound that is always broken at its own hyphen loses it. Pages that are only pictures are
    passed over if they are no more than half. The file is read in a process of its own with a limit of time.

    *Markdown.* CommonMark with tables; front matter and HTML comments are left out.
    """
    where = Path(path)
    data = _content(where, limits)
    try:
        sections = _read(data, limits)
    except DocumentError as error:
        raise DocumentError(f"{where.name}: {error}") from error
    except RecursionError as error:
        raise DocumentError(f"{where.name}: its parts are nested too deeply; it is damaged or hostile") from error
    except MemoryError as error:
        raise DocumentError(f"{where.name}: there is not enough memory to read it") from error
    if not sections:
        raise DocumentError(
            f"{where.name}: there is no text in it; add the text, or keep the file without sections"
        )
    return sections


def _content(where: Path, limits: Limits) -> bytes:
    try:
        with where.open("rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise DocumentError(f"{where} is not a file; give a DOCX, PDF, Markdown or text file")
            data = b"" if found.st_size > limits.file_bytes else stream.read(limits.file_bytes + 1)
    except FileNotFoundError as error:
        raise DocumentError(f"there is no file {where}; it may have been moved or renamed") from error
    except IsADirectoryError as error:
        raise DocumentError(f"{where} is a folder; give a DOCX, PDF, Markdown or text file") from error
    except (OSError, ValueError) as error:
        raise DocumentError(f"{where} cannot be read: {error}; check that it is a file you may open") from error
    if found.st_size > limits.file_bytes or len(data) > limits.file_bytes:
        raise DocumentError(
            f"{where.name}: {max(found.st_size, len(data)) / 1e6:.1f} MB, and at most"
            f" {limits.file_bytes / 1e6:.1f} MB are read; make its pictures smaller"
        )
    if not data:
        raise DocumentError(f"{where.name}: the file is empty")
    return data


def _read(data: bytes, limits: Limits) -> tuple[Section, ...]:
    from qms.sections.outline import sections_of

    if data.startswith(b"PK"):
        from qms.sections.word import read_word

        return sections_of(read_word(data, limits))
    if b"%PDF-" in data[:1024]:
        from qms.sections.pdf import read_pdf

        return sections_of(read_pdf(data, limits))
    if data.startswith(OLD_OFFICE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise DocumentError("it is protected by a password; save it without one")
        raise DocumentError("it is a file of an old Office program (.doc); save it as .docx")
    from qms.sections.plain import read_plain

    return sections_of(read_plain(data, limits))
