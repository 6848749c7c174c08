"""What statements of every kind have in common: cover, warnings, the examiner's conclusion, limits, the whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ballistics import assessment_wording as wording
from ballistics.assessment import Assessment, Question
from ballistics.case import Case
from ballistics.document.blocks import Document, Facts, Note, Paragraph, Section
from ballistics.evidence.conclusions import vocabulary
from ballistics.language import gettext as _
from ballistics.language import language, translated
from ballistics.output import printable
from ballistics.parameters import ParameterSet, PictureSet, StriatedSet
from ballistics.photographs.summary import source_path
from imaging.photo import Photo
from imaging.surface import Surface

SHORT_HASH = 12
MOST_NAMED = 2

Parameters = ParameterSet | StriatedSet | PictureSet
Limits = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file that a person gave beside the marks.

    Parameters
    ----------
    role : str
        What it is, in the language of the reader.
    path : str
        As it was named.
    sha256 : str, optional
        None where it cannot be read any more.
    """

    role: str
    path: str
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a statement is made for and with, beside the comparison.

    Parameters
    ----------
    evidence : Assessment, optional
        What `ballistics.assessment.assess` answered, with the case that the question names.
    made : datetime, optional
        When, with a time zone. Left out, the same content gives the same bytes.
    command : str
        The command line.
    files : sequence of GivenFile
        What was given beside the marks, such as masks.
    """

    evidence: Assessment | None = None
    made: datetime | None = None
    command: str = ""
    files: Sequence[GivenFile] = ()

    @property
    def question(self) -> Question:
        """What was asked beside the comparison; empty where nothing was."""
        return self.evidence.question if self.evidence else Question()

    @property
    def case(self) -> Case:
        """Laboratory, examiner, exhibits, conclusion."""
        return self.question.case or Case()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file of a comparison.

    Parameters
    ----------
    role : str
        What it was in the comparison, in the language of the reader.
    source : Photo or Surface
        As read.
    questioned : bool
        Whether it belongs to the questioned exhibit.
    """

    role: str
    source: Photo | Surface
    questioned: bool

    @property
    def name(self) -> str:
        """The file's name without its folder, safe to print."""
        return Path(source_path(self.source)).name


def both_inputs(sources: Sequence[Photo | Surface]) -> tuple[Input, ...]:
    """Return the inputs of a comparison of two files, reference first."""
    roles = ((_("Reference"), False), (_("Questioned"), True))
    return tuple(
        Input(role=role, source=source, questioned=questioned)
        for (role, questioned), source in zip(roles, sources, strict=False)
    )


def assemble(
    setting: Setting,
    *,
    title: str,
    inputs: Sequence[Input],
    parameters: Parameters,
    sections: Sequence[Section],
    warnings: Sequence[str] | None,
    limits: Limits,
    appendix: Sequence[Section],
) -> Document:
    """Put a statement together: its own sections, then warnings, the examiner's conclusion, limits and appendix.

    Warnings are None where nothing was compared.
    """
    case = setting.case
    return Document(
        title=title,
        subtitle=_("Case {case}", case=case.case) if case.case else _files(inputs),
        cover=tuple(_cover(setting, inputs)),
        fields=case.fields,
        status=case.status,
        sections=(*sections, *_warnings(warnings), _conclusion(case), *_limits(setting, limits)),
        appendix=tuple(appendix),
        mark=_mark(inputs, parameters),
        language=language(),
        author=case.examiner,
        made=setting.made,
    )


def said(rows: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return names and texts in the language of the reader, safe to print."""
    return tuple((translated(name), _lines(translated(text))) for name, text in rows)


def _cover(setting: Setting, inputs: Sequence[Input]) -> Iterable[tuple[str, str]]:
    case = setting.case
    rows = (
        (_("Laboratory"), case.laboratory),
        (_("Case"), case.case),
        (_("Request"), case.request),
        (_("Examiner"), case.examiner),
        (_("Reviewer"), case.reviewer),
        (_("Exhibit of known origin"), case.reference),
        (_("Exhibit in question"), case.questioned),
        (_("Reference"), _files(each for each in inputs if not each.questioned)),
        (_("Questioned"), _files(each for each in inputs if each.questioned)),
        (_("Status"), _("Draft") if case.status == "draft" else _("Final")),
        (_("Date"), f"{setting.made:%Y-%m-%d %H:%M %Z}".strip() if setting.made else ""),
        (_("Remarks"), case.remarks),
    )
    return (row for row in rows if row[1].strip())


def _files(inputs: Iterable[Input]) -> str:
    names = [each.name for each in inputs]
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    return _("{files} files, {first} to {last}", files=len(names), first=names[0], last=names[-1])


def _warnings(warnings: Sequence[str] | None) -> Iterator[Section]:
    """The warnings, or that there are none; nothing where nothing was compared."""
    if warnings is None:
        return
    none = Paragraph(text=_("The program found nothing in the files or in the comparison to warn of."))
    notes = (
        Note(title=_("Warning {number}", number=number), text=as_sentence(printable(translated(warning))))
        for number, warning in enumerate(warnings, start=1)
    )
    yield Section(title=_("Warnings"), blocks=tuple(notes) or (none,))


def _conclusion(case: Case) -> Section:
    found = case.examiners_conclusion()
    title = _("Conclusion of the examiner")
    doubts = (Note(title=_("Wording to mend"), text=translated(each)) for each in case.doubtful)
    if found is None:
        text = _("This statement records no conclusion of an examiner. The figures above are measurements only.")
        return Section(title=title, blocks=(Paragraph(text=text), *doubts))
    of = vocabulary(found.vocabulary)
    rows = [
        *wording.conclusion_rows(found),
        (_("What the range means by it"), _(of.conclusion(found.code).meaning)),
        (_("Source of the range"), of.source),
    ]
    text = _(
        "The following is the opinion of {examiner}, formed by looking at the marks and chosen from a range of "
        "conclusions. The program did not propose it.",
        examiner=found.examiner,
    )
    own = Paragraph(text=translated(wording.EXAMINERS_OWN))
    return Section(title=title, blocks=(Paragraph(text=printable(text)), own, Facts(rows=said(rows)), *doubts))


def _limits(setting: Setting, limits: Limits) -> Iterator[Section]:
    """The limits of the method; what they say of likelihood ratios is said anew where one was given."""
    notes = (
        Note(title=translated(title), text=translated(text))
        for title, text in wording.limits(setting.evidence, tuple(limits))
    )
    if found := tuple(notes):
        yield Section(title=_("Limits"), blocks=found)


def _mark(inputs: Sequence[Input], parameters: Parameters) -> str:
    """The short text on every page that ties it to the files and the parameter set."""
    hashes = [each.source.provenance.sha256 or _("no file") for each in inputs]
    if len(hashes) > MOST_NAMED:
        hashes = [hashlib.sha256("\n".join(hashes).encode()).hexdigest()]
    shown = " ".join(each[:SHORT_HASH] for each in hashes)
    return _("SHA-256 {hashes} · parameters {hash}", hashes=shown, hash=parameters.hash[:SHORT_HASH])


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.splitlines()))


def as_sentence(text: str) -> str:
    """Return a text that begins and ends as a sentence, unless it begins with a name."""
    ended = text if text.endswith((".", "!", "?", ")")) else f"{text}."
    first = ended.split(" ", 1)[0]
    return ended if "." in first or ":" in first else ended[:1].upper() + ended[1:]
