"""The report of a comparison, of whatever was compared: a page, or a statement as PDF or for Word."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballistics.assessment import Assessment
    from ballistics.compare import Comparison, NotComparable
    from ballistics.document.blocks import Document
    from ballistics.photographs.pair import NoPictureComparison, PictureComparison
    from ballistics.statement.parts import GivenFile
    from ballistics.striated.bullet_pair import BulletPair
    from ballistics.striated.land_pair import LandComparison, NoLandComparison
    from ballistics.striated.signature import NoSignature, Signature

    Compared = Comparison | NotComparable | PictureComparison | NoPictureComparison
    Result = Compared | LandComparison | NoLandComparison | BulletPair
    Signatures = tuple[Signature | NoSignature, Signature | NoSignature]
    Masks = tuple[Path | None, Path | None]


def check_report(
    report: Path | None, template: Path | None = None, *, force: bool, inputs: Sequence[Path | None]
) -> None:
    """Refuse a report or its template before any work is done.

    Raises
    ------
    typer.BadParameter
        If no report would use the template, or it is no file.
    OptionError
        If no report ends so, or the template does not fit.
    OutputError
        If the report exists, is an input or cannot be written.
    """
    from ballistics.output import check_output
    from ballistics.statement.writing import check_ending

    if report is not None:
        given = (*inputs, template)
        check_output(report, overwrite=force, inputs=tuple(each for each in given if each))
        check_ending(report)
    check_template([report] if report else None, template)


def check_template(reports: Sequence[Path] | None, template: Path | None) -> None:
    """Refuse a Word template that no report would use, or that cannot be filled.

    Raises
    ------
    typer.BadParameter
        If no report is for Word, or the template is no file.
    OptionError
        If it is no Word file, lacks the content, or holds a placeholder that is unknown or broken.
    OutputError
        If the extra ``word`` is not installed.
    """
    if template is None:
        return
    if not any(each.suffix.lower() == ".docx" for each in reports or ()):
        raise typer.BadParameter("it is for Word: give a --report that ends in .docx", param_hint="--template")
    if not template.is_file():
        raise typer.BadParameter(f"{template} is no file", param_hint="--template")
    from ballistics.document.word import check_template as check_placeholders

    check_placeholders(template)


def write_result(
    result: Result,
    path: Path,
    *,
    made: datetime,
    overwrite: bool,
    evidence: Assessment | None = None,
    signatures: Signatures | None = None,
    template: Path | None = None,
    masks: Masks = (None, None),
    case: Path | None = None,
) -> None:
    """Write a report: a statement where the name ends in .pdf or .docx, a page where it ends in .html.

    Parameters
    ----------
    result : Comparison, LandComparison, BulletPair, PictureComparison or what says that there is none
        What was compared.
    path : Path
        The file.
    made : datetime
        When, with a time zone.
    overwrite : bool
        Whether a file that exists may be replaced.
    evidence : Assessment, optional
        The weight of the score, and the case with the examiner's conclusion.
    signatures : tuple, optional
        Of two lands, what they were compared by.
    template : Path, optional
        The laboratory's own Word template.
    masks : pair of Path, optional
        Masks of the reference and of the questioned mark that a person gave.
    case : Path, optional
        The file of the case.

    Raises
    ------
    OptionError
        If the ending is another one, or the template does not fit.
    OutputError
        If the file cannot be made or written.
    """
    from ballistics.statement.writing import PAGE, check_ending, write_statement

    if check_ending(path, template=template) != PAGE:
        document = _statement(result, evidence, given_files(masks, case), made=made)
        write_statement(document, path, template=template, overwrite=overwrite)
        return
    _write_page(result, path, evidence, signatures, made=made, overwrite=overwrite)


def command_line() -> str:
    """Return the command that is being run, as a shell would take it."""
    return shlex.join(["ballistics", *sys.argv[1:]])


def given_files(masks: Masks, case: Path | None) -> tuple[GivenFile, ...]:
    """Return the masks of both marks and the case file, as far as a person gave them, with their hashes."""
    from ballistics.batch_methods import file_digest
    from ballistics.language import gettext as _
    from ballistics.statement.parts import GivenFile

    named = (
        (_("Mask of the reference"), masks[0]),
        (_("Mask of the questioned mark"), masks[1]),
        (_("Case"), case),
    )
    return tuple(
        GivenFile(role=role, path=str(path), sha256=file_digest(path)) for role, path in named if path is not None
    )


def _statement(
    result: Result, evidence: Assessment | None, files: tuple[GivenFile, ...], *, made: datetime
) -> Document:
    from ballistics.compare import Comparison, NotComparable
    from ballistics.statement.impressed import impressed_statement
    from ballistics.statement.photographs import photograph_statement
    from ballistics.statement.striated import bullet_statement, land_statement
    from ballistics.striated.bullet_pair import BulletPair
    from ballistics.striated.land_pair import LandComparison, NoLandComparison

    command = command_line()
    if isinstance(result, Comparison | NotComparable):
        return impressed_statement(result, evidence=evidence, made=made, command=command, files=files)
    if isinstance(result, LandComparison | NoLandComparison):
        return land_statement(result, evidence=evidence, made=made, command=command, files=files)
    if isinstance(result, BulletPair):
        return bullet_statement(result, evidence=evidence, made=made, command=command, files=files)
    return photograph_statement(result, evidence=evidence, made=made, command=command, files=files)


def _write_page(
    result: Result,
    path: Path,
    evidence: Assessment | None,
    signatures: Signatures | None,
    *,
    made: datetime,
    overwrite: bool,
) -> None:
    from ballistics import report
    from ballistics.compare import Comparison, NotComparable
    from ballistics.page.rendering import write_page
    from ballistics.photographs.report import write_picture_report
    from ballistics.striated.bullet_pair import BulletPair
    from ballistics.striated.land_pair import LandComparison, NoLandComparison
    from ballistics.striated.report import render_bullet_report, render_land_report

    if isinstance(result, Comparison | NotComparable):
        report.write_report(result, path, made=made, overwrite=overwrite, evidence=evidence)
    elif isinstance(result, BulletPair):
        write_page(render_bullet_report(result, made=made, evidence=evidence), path, overwrite=overwrite)
    elif isinstance(result, LandComparison | NoLandComparison):
        assert signatures is not None
        write_page(render_land_report(result, signatures, made=made, evidence=evidence), path, overwrite=overwrite)
    else:
        write_picture_report(result, path, made=made, overwrite=overwrite, evidence=evidence)
