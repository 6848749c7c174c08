"""The catalogue as files: collect what reports say from the source, and read translations with care.

``python -m ballistics.catalogue`` writes ``ballistics/languages/messages.pot`` anew.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import BinaryIO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import PoFileError, read_po, write_po

from ballistics.errors import OptionError

PACKAGE = Path(__file__).parent
TEMPLATE = PACKAGE / "languages" / "messages.pot"
TABLES = ("scales.toml", "conclusions.toml")
IN_TABLES = {"title", "label", "meaning", "sentence", "neutral", "words"}
OPTIONS = {"page/templates/**.html": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "gettext": None, "Message": None}
COMMENT = "Translators:"
HEADER = """\
# What the reports of forensic-ballistics say. How to translate it: docs/translating.md
msgid ""
msgstr ""
"Project-Id-Version: forensic-ballistics\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

LINE = re.compile(r'((msgctxt|msgid|msgid_plural|msgstr(\[\d+\])?)\s+)?"([^"\\]|\\.)*"|#.*|')

Field = tuple[str, str]


def extract_messages(package: Path = PACKAGE) -> bytes:
    """Return the content of ``messages.pot``: every text that goes through the catalogue, by the file it is in.

    Lines are not numbered, so that a change elsewhere in a file leaves the catalogue as it is.
    """
    sources = [
        ("**.py", "python"),
        ("page/templates/**.html", "jinja2.ext:babel_extract"),
        *((f"evidence/{name}", "ballistics.catalogue:texts_of_table") for name in TABLES),
    ]
    catalog = Catalog()
    found = extract_from_dir(
        package, sources, OPTIONS, keywords=KEYWORDS, comment_tags=(COMMENT,), strip_comment_tags=True
    )
    for name, _, text, comments, _ in sorted(found, key=lambda each: (each[0], each[1])):
        catalog.add(text, locations=[(f"{package.name}/{Path(name).as_posix()}", 1)], auto_comments=comments)
    stream = BytesIO()
    write_po(stream, catalog, omit_header=True, sort_by_file=True, include_lineno=False)
    return HEADER.encode() + stream.getvalue()


def texts_of_table(
    table: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield what a table of scales or conclusions says in a report, as Babel wants it from an extractor."""
    waiting: list[object] = [tomllib.load(table)]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            yield from ((1, "_", str(text), []) for name, text in part.items() if name in IN_TABLES)


def read_translation(path: Path | Traversable) -> dict[str, str]:
    """Return the translated texts of a ``.po`` file by their English wording.

    Texts that are empty or marked as fuzzy are left out, so they stay English.

    Raises
    ------
    OptionError
        If the file cannot be read, is no such file, or a translation lacks a field of the English text such as
        ``{count}``, or has one that the English text does not have.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise OptionError(f"The translation {path} cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"{path} is not written in UTF-8 ({error}); save it so.") from error
    for number, line in enumerate(lines, start=1):
        if not LINE.fullmatch(line.strip()):
            raise OptionError(
                f"{path}, line {number}: {line.strip()!r} is no line of a gettext file; a text stands between "
                'quotation marks, and one within it is written \\".'
            )
    try:
        catalog = read_po(lines, abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        raise OptionError(f"{path} is no gettext file ({error}).") from error
    return {
        str(message.id): str(message.string)
        for message in catalog
        if message.id and message.string and not message.fuzzy and _is_sound(message, path)
    }


def fields(text: str) -> set[Field]:
    """Return the fields of a text, each with its format.

    Raises
    ------
    ValueError
        If a brace is open or empty, or a field asks for more than a name and a format.

    Examples
    --------
    >>> sorted(fields("{count} of {share:.0%}"))
    [('count', ''), ('share', '.0%')]
    """
    found: set[Field] = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or conversion or "{" in (form or ""):
            raise ValueError(f"{{{name}}} is no name of a field")
        found.add((name, form or ""))
    return found


def _is_sound(message: Message, path: Path | Traversable) -> bool:
    """Refuse a translation that could not be filled as the English text is."""
    where = f"{path}, line {message.lineno}: the translation {message.string!r}"
    if not isinstance(message.id, str) or not isinstance(message.string, str):
        raise OptionError(f"{where} has plural forms, which reports do not use; give one text.")
    try:
        needed, given = fields(message.id), fields(message.string)
    except ValueError as error:
        raise OptionError(
            f"{where} cannot be filled in ({error}); write every field as in {message.id!r}."
        ) from None
    for problem, these in (("lacks", needed - given), ("has", given - needed)):
        if these:
            listed = ", ".join(f"{{{name}:{form}}}" if form else f"{{{name}}}" for name, form in sorted(these))
            raise OptionError(
                f"{where} {problem} {listed}{'' if problem == 'lacks' else ', which the English text has not'}; "
                f"the fields must be those of {message.id!r}."
            )
    return True


if __name__ == "__main__":
    TEMPLATE.write_bytes(extract_messages())
