"""The appendix by which another laboratory repeats a validation: command, files, parameters, the seal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from ballistics.document.blocks import Block, Facts, Paragraph, Section, Table
from ballistics.language import gettext as _
from ballistics.output import printable
from ballistics.summary import value_rows
from ballistics.validation.contract import ValidationRecord
from ballistics.validation.plan import lengths_of
from ballistics.validation.wording import LEFT_OUT

MOST_FILES = 400
MOST_PAIRS = 200
EXHAUSTIVE = "+exhaustive"
UNITS = {"m", "mm", "um"}
SPLIT_OPTIONS = {
    "leave one firearm out": "leave-one-out",
    "repeated folds": "folds",
    "untouched": "untouched",
}


def repeat_sections(found: ValidationRecord, *, dated: bool) -> Iterator[Section]:
    """Return the sections; without ``dated`` nothing in them says when the trial was run."""
    yield _repeating(found, dated=dated)
    yield _sealing(found)
    yield _files(found)
    if found.tested.left_out:
        yield _left_out(found)
    if found.tried.parameter_values:
        rows = tuple(value_rows(found.tried.parameter_values))
        table = Table(
            head=(_("Part"), _("Name"), _("Value")),
            rows=tuple((part, name, printable(value)) for part, name, value in rows),
            caption=_("Every value of the parameter set."),
        )
        yield Section(title=_("Parameter set"), blocks=(table,))


def command_of(found: ValidationRecord) -> str:
    """Return the command that repeats a validation, as a shell takes it.

    What it is run on stands as ``FOLDER`` where scans are compared first, as ``SCORES.csv`` where nobody knows
    what the scores were computed with.
    """
    tried, how = found.tried, found.how
    lines = [["ballistics", "validate", "FOLDER" if tried.parameters else "SCORES.csv"]]
    lines += [["--truth", found.tested.truth.name]] if found.tested.truth else []
    lines += [["--criteria", found.criteria.file]] if found.criteria else []
    if tried.parameters:
        lines.append(["--params", tried.parameters.removesuffix(EXHAUSTIVE)])
        lines += [["--exhaustive"]] if tried.parameters.endswith(EXHAUSTIVE) else []
        lines += [["--mark", "bullet"]] if tried.score == "sequence_average" else []
    unit, pixel_um = lengths_of(found)
    lines += [["--units", unit]] if unit in UNITS else []
    lines += [["--pixel-um", pixel_um]] if pixel_um else []
    lines += [["--accept", code] for code in tried.accept]
    lines.append(["--score", "+".join(name for name in tried.columns if name != "cells")])
    lines.append(["--split", SPLIT_OPTIONS[how.split.name]])
    if how.split.repeats is not None:
        lines.append(["--folds", f"{how.split.groups}", "--repeats", f"{how.split.repeats}"])
    if how.split.groups is not None:
        lines.append(["--method", how.method.name, "--bound", how.bound])
    lines += [["--reference", how.population.name]] if how.population else []
    lines.append(["--seed", f"{how.seed}"])
    return " \\\n".join(shlex.join(line) for line in lines)


def _repeating(found: ValidationRecord, *, dated: bool) -> Section:
    run = found.run
    text = _(
        "The same files, the same manifest and the same version of the library give the same record, whose hash "
        "is at the foot of every page, in whatever order the files come and whenever it is run. FOLDER holds the "
        "files that are listed below; SCORES.csv is the file of scores."
    )
    rows = [(_("Command"), command_of(found)), (_("Library"), f"forensic-ballistics {found.tried.library}")]
    rows += [(_("Software of the scores"), _versions(found.tried.versions))] if found.tried.versions else []
    if dated:
        rows.append((_("Run"), f"{run.when:%Y-%m-%d %H:%M %Z}"))
        rows.append((_("Software of this run"), _versions(run.versions)))
        if run.scores is not None:
            rows.append((_("File of scores"), f"{run.scores.name}\n{run.scores.sha256}"))
    return Section(title=_("How to repeat it"), blocks=(Paragraph(text=text), Facts(rows=tuple(rows))))


def _sealing(found: ValidationRecord) -> Section:
    text = _(
        "The record of this validation is a JSON file that holds every pair with its score and its likelihood "
        "ratio. Each part has a SHA-256, and the SHA-256 of these names the record. 'ballistics validation check "
        "FILE.json' says whether the file is as it was made, and computes every measure anew from the likelihood "
        "ratios in it. To do it by hand: a part is written as JSON with sorted names, without spaces, in ASCII, "
        "and hashed; then the table below as a JSON object in the same way."
    )
    table = Table(
        head=(_("Part"), "SHA-256"),
        rows=tuple((name, digest) for name, digest in found.seal.items()),
        caption=_("The seal. When and where the trial was run stands outside of it."),
    )
    whole = Facts(rows=((_("SHA-256 of the record"), found.sha256),))
    return Section(title=_("The record and how to check it"), blocks=(Paragraph(text=text), whole, table))


def _files(found: ValidationRecord) -> Section:
    inputs = list(found.tested.inputs.items())
    if not inputs:
        text = _("The hashes of the files that were compared were not recorded beside the scores.")
        return Section(title=_("Input files"), blocks=(Paragraph(text=text),))
    blocks: list[Block] = [
        Table(
            head=(_("File"), "SHA-256"),
            rows=tuple((printable(name), digest) for name, digest in inputs[:MOST_FILES]),
            caption=_("The files that were compared, as the manifest names them."),
        )
    ]
    return Section(title=_("Input files"), blocks=(*blocks, *_rest(len(inputs) - MOST_FILES)))


def _left_out(found: ValidationRecord) -> Section:
    left = found.tested.left_out
    table = Table(
        head=(_("Reference"), _("Questioned"), _("Left out because"), _("In full")),
        rows=tuple(
            (printable(each.reference), printable(each.questioned), _(LEFT_OUT[each.kind]), printable(each.reason))
            for each in left[:MOST_PAIRS]
        ),
        caption=_("Pairs that count in no measure but the coverage."),
    )
    return Section(title=_("Pairs left out"), blocks=(table, *_rest(len(left) - MOST_PAIRS)))


def _rest(more: int) -> Iterator[Paragraph]:
    if more > 0:
        yield Paragraph(text=_("{more:,} more are listed in the record.", more=more))


def _versions(given: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {of}" for name, of in given.items())
