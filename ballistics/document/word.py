"""A report as a Word file, in the laboratory's own template or in a plain one.

A template is a .docx file in which these placeholders stand where their texts shall come:

===================== ==================================================================================
``{{p content }}``    the report itself; required, once, alone in a paragraph of the body
``{{ title }}``       and ``{{ subtitle }}``: what the report is, and of what
``{{ status }}``      Draft or Final in the language of the report
``{{ mark }}``        the short text that ties the report to its data
``{{ author }}``      who answers for it
``{{ made }}``        when it was made, or nothing
``{{ language }}``    the tag of the language
``{{ fields.case }}`` one value by its key, the same in every language; see below
``cover``             all labels and values: ``{%p for row in cover %}``, ``{{ row.label }}``, ``{{ row.value }}``
===================== ==================================================================================

Keys of ``fields`` are ``laboratory``, ``case``, ``request``, ``examiner``, ``reviewer``, ``reference`` and
``questioned`` (the exhibits), ``remarks``, ``status``, ``date``, ``title``, ``subtitle``, ``mark`` and ``author``.
All of them are there in every report; what is not known is empty.

A draft is marked at the head of every page, whatever the template says. Needs the extra ``word``.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from ballistics.document.blocks import FIELDS, Document
from ballistics.document.outline import Outline, outline
from ballistics.errors import OptionError, OutputError
from ballistics.output import Location, write_output

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
CONTENT = re.compile(r"\s*\{\{p\s+content\s*\}\}\s*")
USE = re.compile(r"\{[{%][^}]*\bcontent\b")
KNOWN = {"title", "subtitle", "status", "mark", "author", "made", "language", "cover", "fields", "content"}
OLDEST = (1980, 1, 1, 0, 0, 0)
BROKEN = (ArithmeticError, LookupError, RecursionError, SyntaxError, TemplateError, TypeError, ValueError)


def render_word(document: Document, *, template: Path | None = None) -> bytes:
    """Write a report as a Word file.

    Without a time in the document the same content gives the same bytes.

    Parameters
    ----------
    document : Document
        The report; its texts are data, whatever signs they hold.
    template : Path, optional
        The laboratory's own template, with the placeholders named at the top of this module. Templates may come
        from anywhere: their expressions reach nothing but the placeholders.

    Raises
    ------
    OptionError
        If the template cannot be read, lacks the content, or holds a placeholder that is unknown or broken.
    OutputError
        If the extra ``word`` is not installed.
    """
    _check_extra()
    import docx

    from ballistics.document.word_blocks import add_draft_mark, add_report, add_styles
    from ballistics.document.word_template import plain_template

    report = outline(document)
    name = _named(template)
    pages = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    word = _opened(_readable(template, name) if template else plain_template(report), pages, name)
    add_styles(word.docx)
    body = word.new_subdoc()
    add_report(body, word.docx, report)
    for text in body.element.body.iter(f"{W}t"):
        text.text = _literal(text.text or "")
    try:
        word.render({**_context(report), "content": body}, pages)
    except BROKEN as error:
        raise OptionError(f"{name} cannot be filled: {error}. Mend the placeholder that it names.") from error
    filled = io.BytesIO()
    word.save(filled)
    finished = docx.Document(filled)
    if document.status == "draft":
        add_draft_mark(finished, report.words["status"])
    _set_properties(finished.core_properties, report.document)
    file = io.BytesIO()
    finished.save(file)
    return _undated(file.getvalue())


def check_template(template: Path) -> None:
    """Refuse a Word template before any work is done; see `render_word`.

    Raises
    ------
    OptionError
        If it cannot be read, lacks the content, or holds a placeholder that is unknown or broken.
    OutputError
        If the extra ``word`` is not installed.
    """
    _check_extra()
    name = _named(template)
    _opened(_readable(template, name), SandboxedEnvironment(autoescape=True, undefined=StrictUndefined), name)


def write_word(
    document: Document, path: Location, *, template: Path | None = None, overwrite: bool = False
) -> Path:
    """Write a report to a Word file; see `render_word`.

    Raises
    ------
    OptionError
        If the template does not fit.
    OutputError
        If the extra ``word`` is not installed, the file exists and ``overwrite`` is false, or cannot be written.
    """
    return write_output(path, render_word(document, template=template), overwrite=overwrite)


def _check_extra() -> None:
    try:
        for name in ("docx", "docxtpl", "docxcompose"):
            import_module(name)
    except ImportError as error:
        raise OutputError(
            "Word files need further libraries; install them with pip install 'forensic-ballistics[word]'."
        ) from error


def _named(template: Path | None) -> str:
    return f"The Word template {template}" if template else "The plain template"


def _opened(source: bytes, pages: SandboxedEnvironment, name: str) -> Any:
    from docxtpl import DocxTemplate

    word = DocxTemplate(io.BytesIO(source))
    word.init_docx()
    _check_placeholders(word, pages, name)
    return word


def _undated(file: bytes) -> bytes:
    """Return a Word file whose parts do not say when they were packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(zipfile.ZipInfo(part.filename, OLDEST), old.read(part), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _readable(template: Path, name: str) -> bytes:
    import docx

    try:
        source = template.read_bytes()
        docx.Document(io.BytesIO(source))
    except OSError as error:
        raise OptionError(f"{name} cannot be opened ({error.strerror or error}); check its name.") from error
    except (KeyError, SyntaxError, ValueError, zipfile.BadZipFile) as error:
        raise OptionError(f"{name} is no .docx file; open it in Word and save it as one.") from error
    return source


def _check_placeholders(word: Any, pages: SandboxedEnvironment, name: str) -> None:
    edges = [
        rel.target_part for rel in word.docx.part.rels.values() if rel.reltype.endswith(("/header", "/footer"))
    ]
    paragraphs = [each for part in (word.docx.part, *edges) for each in part.element.iter(f"{W}p")]
    texts = ["".join(each.text or "" for each in paragraph.iter(f"{W}t")) for paragraph in paragraphs]
    for text in texts:
        if any(text.count(first) != text.count(last) for first, last in (("{{", "}}"), ("{%", "%}"))):
            raise OptionError(f"{name} has an open brace in {text!r}; close the placeholder.")
    places, uses = sum(map(bool, map(CONTENT.fullmatch, texts))), sum(len(USE.findall(text)) for text in texts)
    if places != 1 or uses != 1:
        raise OptionError(
            f"{name} needs the placeholder {{{{p content }}}} exactly once, alone in a paragraph; it stands so "
            f"{places} times and is used {uses} times."
        )
    try:
        unknown = word.get_undeclared_template_variables(pages) - KNOWN
    except TemplateError as error:
        raise OptionError(f"{name} has a broken placeholder: {error}. Mend it.") from error
    if unknown:
        raise OptionError(
            f"{name} has the unknown placeholder {', '.join(sorted(unknown))}; "
            f"known are {', '.join(sorted(KNOWN))}."
        )


def _context(report: Outline) -> dict[str, Any]:
    document = report.document
    texts = {
        "title": document.title,
        "subtitle": document.subtitle,
        "status": report.words["status"],
        "mark": document.mark,
        "author": document.author,
        "made": document.made.strftime("%Y-%m-%d %H:%M %Z") if document.made else "",
        "language": document.language,
    }
    known = {**dict.fromkeys(FIELDS, ""), **document.fields, **texts, "date": texts["made"]}
    cover = [{"label": _literal(label), "value": _literal(value)} for label, value in document.cover]
    return {
        **{key: _literal(text) for key, text in texts.items()},
        "cover": cover,
        "fields": {key: _literal(known[key]) for key in FIELDS},
    }


def _literal(text: str) -> str:
    """Keep apart signs that templates put for braces, such as ``{_{``, so that they come out as they are."""
    return re.sub(r"(\{)(?=_[{%])|(%|\})(?=_\})", lambda sign: sign[0] + "\u2060", text)


def _set_properties(properties: Any, document: Document) -> None:
    properties.title = document.title[:255]
    properties.author = document.author[:255]
    properties.language = document.language
    if document.made:
        moment = document.made.astimezone(UTC).replace(tzinfo=None)
        properties.created = properties.modified = moment
    else:
        properties.created = properties.modified = datetime(1970, 1, 1)
