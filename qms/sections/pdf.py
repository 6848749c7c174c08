"""Read the paragraphs of a PDF: what is set apart, what only repeats in margins, words broken at line ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qms.errors import DocumentError
from qms.sections.outline import Paragraph, Sign, like_title, typed_number
from qms.sections.section import Limits, clean

READER = Path(__file__).with_name("pdf_lines.py")
MARGIN = 0.15
REPEATED = 0.4
APART = 1.08
LARGE = 1.15
LEADING = 1.8
_DOTS = re.compile(r"(?:[.\u2026\u00b7_]\s?){4}$")
_COUNT = re.compile(r"\d+|^\W*[ivxlc]+\W*$", re.IGNORECASE)
_COMPOUND = re.compile(r"\w+(?:-\w+)+")
_HYPHENS = ("\u00ad", "\u2010", "-")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


class Line(NamedTuple):
    """A line of a page as `qms.sections.pdf_lines` reads it."""

    page: int
    page_height: float
    text: str
    size: float
    bold: bool
    left: float
    height: float


def read_pdf(data: bytes, limits: Limits) -> list[Paragraph]:
    """Read the paragraphs of a PDF in order; see `qms.sections.reading.read_sections`."""
    answer = _extracted(data, limits)
    lines = [Line(*each) for each in answer["lines"]]
    if not lines or answer["pictures"] * 2 > answer["pages"]:
        raise DocumentError(
            f"{answer['pictures'] or 'all'} of its {answer['pages']} pages have no text, as in a scan; run OCR"
            " (text recognition) over it first, or keep the file without sections"
        )
    lines = [line._replace(text=line.text.translate(_LIGATURES)) for line in lines]
    return list(_paragraphs(_without_contents(_without_running(lines, answer["pages"]))))


def _extracted(data: bytes, limits: Limits) -> dict[str, Any]:
    command = [sys.executable, "-P", "-X", "utf8", str(READER)]
    command += [str(each) for each in (limits.memory_bytes, limits.pages, limits.characters)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=limits.seconds, check=False)
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    except subprocess.TimeoutExpired as error:
        raise DocumentError(f"it was not read within {limits.seconds:g} s; it is damaged or hostile") from error
    except (OSError, ValueError) as error:
        raise DocumentError(f"the process that reads PDF files could not be run ({error})") from error
    if "error" in answer:
        raise DocumentError(answer["error"])
    if "lines" not in answer:
        if b"ModuleNotFoundError" in done.stderr:
            raise DocumentError("reading PDF files needs pypdfium2; install it beside this package")
        raise DocumentError(
            "the process that reads it ended before it was done; it is damaged or hostile, or needs more than"
            f" {limits.memory_bytes / 1e6:.0f} MB of memory"
        )
    return answer


def _without_running(lines: list[Line], pages: int) -> list[Line]:
    """Leave out headers, footers and page numbers: lines in the margins that repeat but for their numbers."""
    seen: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for line in lines:
        if key := _running(line):
            seen[key].add(line.page)
    least = max(2, REPEATED * pages)
    repeated = {key for key, found in seen.items() if len(found) >= least}
    near = repeated | {(words, height + by) for words, height in repeated for by in (-1, 1)}
    return [line for line in lines if _running(line) not in near]


def _running(line: Line) -> tuple[str, int] | None:
    if MARGIN * line.page_height < line.height < (1 - MARGIN) * line.page_height:
        return None
    return _COUNT.sub("#", clean(line.text)), round(line.height / 4)


def _without_contents(lines: list[Line]) -> list[Line]:
    """Leave out the entries of a table of contents: dots lead from them to a page number."""
    kept: list[Line] = []
    for line in lines:
        words = line.text.rstrip()
        before = words.rstrip("0123456789ivxlcIVXLC")
        if before == words or not _DOTS.search(before.rstrip()[-8:]):
            kept.append(line)
        elif kept and not typed_number(line.text)[0] and typed_number(kept[-1].text)[0] and _close(kept[-1], line):
            kept.pop()
    return kept


def _paragraphs(lines: list[Line]) -> Iterator[Paragraph]:
    sizes: Counter[float] = Counter()
    weights: Counter[bool] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
        weights[line.bold] += len(line.text)
    body = max(sizes, key=lambda size: (sizes[size], -size), default=0.0)
    mostly_bold = weights[True] > weights[False]
    apart = [line.size > body * APART or (line.bold and not mostly_bold) for line in lines]
    numbered = any(on and typed_number(line.text)[0] for line, on in zip(lines, apart, strict=True))
    ranks = sorted({line.size for line in lines if line.size > body * LARGE}, reverse=True)
    compounds = {word for line in lines for word in _COMPOUND.findall(line.text)}
    for sign, block in _blocks(lines, apart, alone=not numbered):
        words = _joined(block, compounds)
        level = None
        if (
            sign == "apart"
            and block[0].size in ranks
            and not typed_number(words)[0]
            and any(map(str.isalpha, words))
        ):
            level = min(9, ranks.index(block[0].size) + 1)
        yield Paragraph(words, level, "", sign)


def _blocks(lines: list[Line], apart: list[bool], *, alone: bool) -> Iterator[tuple[Sign, list[Line]]]:
    """Group lines to paragraphs; where nothing is set apart, a line that could be a heading is one by itself."""
    block: list[Line] = []
    sign: Sign = "text"
    for line, on in zip(lines, apart, strict=True):
        number, words = typed_number(line.text.strip())
        own: Sign = "apart" if on else "line" if alone and number and like_title(words) else "text"
        joins = bool(block) and own == sign != "line" and not (number and on)
        if not (joins and (_close(block[-1], line) or (not on and _runs_over(block[-1], line)))):
            if block:
                yield sign, block
            block, sign = [], own
        block.append(line)
    if block:
        yield sign, block


def _close(above: Line, below: Line) -> bool:
    gap = above.height - below.height
    return above.page == below.page and abs(above.size - below.size) < 0.6 and 0 <= gap <= LEADING * below.size


def _runs_over(above: Line, below: Line) -> bool:
    """Tell whether a paragraph goes on over the end of a page or column."""
    turns = above.page < below.page or above.height < below.height
    return turns and not above.text.rstrip().endswith((".", ":", ";", "!", "?"))


def _joined(block: list[Line], compounds: set[str]) -> str:
    """Join the lines of a paragraph, and the words broken between them."""
    text = [block[0].text.strip()]
    for line in block[1:]:
        after = line.text.strip()
        before = text[-1]
        if after[:1].isalnum() and before.endswith(_HYPHENS) and before[-2:-1].isalnum():
            compound = f"{before.split()[-1][:-1]}-{after.split()[0].rstrip('.,;:!?)')}"
            keeps = not after[0].islower() or before[-2].isdigit() or compound in compounds
            text[-1] = f"{before[:-1]}{'-' if keeps else ''}"
            text.append(after)
        else:
            text += [" ", after]
    return clean("".join(text))
