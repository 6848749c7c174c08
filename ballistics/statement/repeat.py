"""The appendix by which another laboratory repeats a comparison: files, parameters, software, population."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ballistics.contract import versions
from ballistics.document.blocks import Block, Facts, Paragraph, Section, Table
from ballistics.evidence.likelihood_ratio import LikelihoodRatio
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.output import printable
from ballistics.photographs.summary import light_text, size_text, source_path
from ballistics.statement.likelihood import population_facts
from ballistics.statement.parts import MOST_NAMED, Input, Parameters, Setting
from ballistics.summary import parameter_rows
from imaging.photo import Photo


def repeat_sections(
    setting: Setting, inputs: Sequence[Input], parameters: Parameters, steps: Iterable[tuple[str, Sequence[str]]]
) -> Iterator[Section]:
    """Return the sections; ``steps`` are what was done to each mark, by its role."""
    blocks: list[Block] = [_files(inputs)]
    if any(isinstance(each.source, Photo) for each in inputs):
        rows = tuple((each.role, printable(translated(light_text(each.source)))) for each in inputs)
        blocks.append(Table(head=(_("Mark"), _("Light")), rows=rows, caption=_("How the pictures were lit.")))
    blocks += [_findings(inputs), *_given(setting), *_steps(steps)]
    if len(inputs) > MOST_NAMED:
        text = _("The hash at the foot of every page is the SHA-256 of the hashes of these files, line by line.")
        blocks.insert(1, Paragraph(text=text))
    yield Section(title=_("Input files"), blocks=tuple(blocks))
    yield Section(title=_("Parameter set"), blocks=(_named(parameters), _values(parameters)))
    yield Section(title=_("Software"), blocks=tuple(_software(setting)))
    if (population := setting.question.population) is not None:
        rows = tuple((label, printable(value)) for label, value in population_facts(population))
        blocks = [Facts(rows=rows)]
        blocks += [Paragraph(text=translated(note)) for note in population.description.notes]
        blocks += [
            Paragraph(text=_("What was stated of the case when the population was asked:")),
            _asked(setting),
        ]
        blocks += _draws(setting)
        yield Section(title=_("Reference population"), blocks=tuple(blocks))


def bare_steps(inputs: Sequence[Input]) -> list[tuple[str, tuple[str, ...]]]:
    """Return what was done to files before any mark was looked for."""
    return [(each.role, each.source.provenance.steps) for each in inputs]


def _files(inputs: Sequence[Input]) -> Table:
    return Table(
        head=(_("Mark"), _("File"), _("Size"), "SHA-256"),
        rows=tuple(
            (
                each.role,
                source_path(each.source),
                translated(size_text(each.source)),
                printable(each.source.provenance.sha256 or _("no file")),
            )
            for each in inputs
        ),
        caption=_("The files as they were read. A file with another hash is another file."),
    )


def _given(setting: Setting) -> Iterator[Table]:
    rows = tuple((each.role, printable(each.path), each.sha256 or _("cannot be read")) for each in setting.files)
    if rows:
        yield Table(
            head=(_("What it is"), _("File"), "SHA-256"),
            rows=rows,
            caption=_("What a person gave beside the marks."),
        )


def _asked(setting: Setting) -> Facts:
    firearms = ", ".join(setting.question.firearms) or _("none was named")
    rows = ((_("Scanner"), setting.question.scanner), (_("Firearms of the case"), firearms))
    return Facts(rows=tuple((label, printable(text)) for label, text in rows))


def _draws(setting: Setting) -> Iterator[Paragraph]:
    weight = setting.evidence.weight if setting.evidence else None
    if isinstance(weight, LikelihoodRatio):
        text = _(
            "The interval comes from {draws} draws of the firearms in the population; {failed} of them gave no "
            "calibrator.",
            draws=weight.draws,
            failed=weight.failed,
        )
        yield Paragraph(text=text)


def _findings(inputs: Sequence[Input]) -> Table:
    rows = []
    for each in inputs:
        origin = each.source.provenance
        reader = f"{origin.format}, {origin.reader}" if origin.reader else origin.format
        found = [
            _("{severity} {code}: {message}", severity=severity, code=one.code, message=printable(one.message))
            for one in origin.findings
            for severity in [_("Doubt") if one.severity == "doubt" else _("Note")]
        ]
        rows.append((each.role, (printable(reader), "\n".join(found) or _("nothing"))))
    return Table(
        head=(_("Mark"), _("Format and reader"), _("Found by the reader")),
        rows=tuple((", ".join(roles), *row) for row, roles in _alike(rows).items()),
        caption=_(
            "What the reader noticed about the files. A doubt stops a comparison until a person accepts it."
        ),
    )


def _steps(steps: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Table]:
    rows = [
        (", ".join(roles), str(number), printable(translated(step)))
        for done, roles in _alike((role, tuple(each)) for role, each in steps).items()
        for number, step in enumerate(done, start=1)
    ]
    if rows:
        yield Table(
            head=(_("Mark"), _("Step"), _("What was done")),
            rows=tuple(rows),
            caption=_("From the file to the mark as it was compared, in this order."),
            numbers=(1,),
        )


def _alike(rows: Iterable[tuple[str, tuple[str, ...]]]) -> dict[tuple[str, ...], list[str]]:
    """The roles of which the same is said, by what that is."""
    found: dict[tuple[str, ...], list[str]] = {}
    for role, row in rows:
        found.setdefault(row, []).append(role)
    return found


def _named(parameters: Parameters) -> Facts:
    return Facts(
        rows=(
            (_("Parameter set"), parameters.name),
            (_("Hash of its values"), parameters.hash),
            (_("Mark"), translated(parameters.mark)),
        )
    )


def _values(parameters: Parameters) -> Table:
    return Table(
        head=(_("Part"), _("Parameter"), _("Value")),
        rows=tuple((part, name, printable(value)) for part, name, value in parameter_rows(parameters)),
        caption=_("Every parameter of the set. Endings of names are units: _um micrometres, _deg degrees."),
    )


def _software(setting: Setting) -> Iterator[Block]:
    yield Table(
        head=(_("Software"), _("Version")),
        rows=tuple(versions().items()),
        caption=_("What the figures were computed with."),
    )
    if setting.command:
        yield Facts(rows=((_("Command line"), printable(setting.command)),))
