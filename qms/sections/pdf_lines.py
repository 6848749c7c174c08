"""Take the lines of text out of a PDF; run as a process of its own, so that a hostile file can harm nothing else.

Reads the PDF from standard input and the limits from the command line (memory, pages, characters), and writes
JSON: ``{"lines": [...], "pages": n, "pictures": n}``, each line as the fields of `qms.sections.pdf.Line`, or
``{"error": "..."}``. It imports nothing of the package, so that it starts fast and from any folder.
"""

from __future__ import annotations

import ctypes
import json
import re
import sys
from contextlib import closing
from typing import Any, NamedTuple

BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
FORCED_BOLD = 1 << 18
UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd-\uffff\u0000]")
HYPHEN = "\u00ad"
SAMPLES = 3


class PageLine(NamedTuple):
    """A line of a page: size, left edge and height of its base line above the foot of the page in points."""

    text: str
    size: float
    bold: bool
    left: float
    height: float


def main() -> None:
    """Read standard input, write standard output."""
    memory, pages, characters = map(int, sys.argv[1:4])
    hold_to(memory)
    try:
        answer = read(sys.stdin.buffer.read(), pages, characters)
    except MemoryError:
        answer = {"error": "it needs more memory than is allowed"}
    sys.stdout.write(json.dumps(answer))


def hold_to(memory: int) -> None:
    """Limit the memory of this process, where the operating system can."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (ImportError, OSError, ValueError):
        return


def read(data: bytes, pages: int, characters: int) -> dict[str, Any]:
    """Return the lines of a PDF, or what is wrong with it."""
    import pypdfium2

    lines: list[tuple[int, float, str, float, bool, float, float]] = []
    pictures = total = unreadable = 0
    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            count = len(document)
            if count > pages:
                return {"error": f"it has {count} pages, and at most {pages} are read"}
            for index in range(count):
                page = document[index]
                found = page_lines(page)
                total += sum(len(line.text) for line in found)
                unreadable += sum(len(UNREADABLE.findall(line.text)) for line in found)
                if total > characters:
                    return {"error": f"it has over {characters} characters of text; split it"}
                pictures += not found and has_picture(page)
                height = page.get_height()
                lines.extend((index, height, *line) for line in found)
                page.close()
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            return {"error": "it is protected by a password; save it without one"}
        return {"error": f"it is a damaged PDF file ({error}); take the original again"}
    if unreadable * 5 > total:
        return {"error": "its fonts do not say which letters they print; make the PDF again, or run OCR over it"}
    return {"lines": lines, "pages": count, "pictures": pictures}


def has_picture(page: Any) -> bool:
    """Tell whether there is an image on a page."""
    import pypdfium2.raw as pdfium

    return any(True for _ in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def page_lines(page: Any) -> list[PageLine]:
    """Return the lines of a page that have text; the reader marks a hyphen at the end of a line as U+0002."""
    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    codes = [pdfium.FPDFText_GetUnicode(text, index) for index in range(text.count_chars())]
    lines: list[PageLine] = []
    for match in re.finditer(r"[^\r\n\x02]+\x02?", "".join(map(chr, codes))):
        printed = [at for at in range(*match.span()) if codes[at] > 32]
        if not printed:
            continue
        size, bold = looks(text, [printed[len(printed) * part // SAMPLES] for part in range(SAMPLES)])
        left, height = origin(text, printed[0])
        words = match[0].replace("\x02", HYPHEN)
        if lines and abs(lines[-1].height - height) < size / 4 and left > lines[-1].left:
            before = lines.pop()
            lines.append(before._replace(text=f"{before.text} {words}", bold=before.bold and bold))
        else:
            lines.append(PageLine(words, size, bold, left, height))
    text.close()
    return lines


def looks(text: Any, samples: list[int]) -> tuple[float, bool]:
    """Return the size of the first of some characters, and whether they are all bold."""
    import pypdfium2.raw as pdfium

    matrix, name, flags = pdfium.FS_MATRIX(), ctypes.create_string_buffer(256), ctypes.c_int()
    scale = 1.0
    if pdfium.FPDFText_GetMatrix(text, samples[0], matrix):
        scale = (matrix.c**2 + matrix.d**2) ** 0.5
    bold = True
    for at in samples:
        pdfium.FPDFText_GetFontInfo(text, at, name, len(name), flags)
        bold = bold and bool(BOLD_NAME.search(name.value) or (flags.value > 0 and flags.value & FORCED_BOLD))
    return round(pdfium.FPDFText_GetFontSize(text, samples[0]) * scale, 1), bold


def origin(text: Any, at: int) -> tuple[float, float]:
    """Return where the base line of a character begins."""
    import pypdfium2.raw as pdfium

    left, height = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text, at, left, height)
    return round(left.value, 1), round(height.value, 1)


if __name__ == "__main__":
    main()
