"""The report of a comparison, of whatever was compared: a page, or a statement as PDF or for Word."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ballistics.assessment import Assessment
    from ballistics.compare import Comparison, NotComparable
    from ballistics.document.blocks import Document
    from ballistics.photographs.pair import NoPictureComparison, PictureComparison
    from ballistics.striated.bullet_pair import BulletPair
    from ballistics.striated.land_pair import LandComparison, NoLandComparison
    from ballistics.striated.signature import NoSignature, Signature

    Compared = Comparison | NotComparable | PictureComparison | NoPictureComparison
    Result = Compared | LandComparison | NoLandComparison | BulletPair
    Signatures = tuple[Signature | NoSignature, Signature | NoSignature]

STATEMENTS = (".pdf", ".docx")


def check_template(report: Path | None, template: Path | None) -> None:
    """Refuse a Word template that no report would use, before any work is done.

    Raises
    ------
    OptionError
        If the report is not written for Word, or the template is no file.
    """
    from ballistics.errors import OptionError

    if template is None:
        return
    if report is None or report.suffix.lower() != ".docx":
        raise OptionError("--template is for Word; give --report a name that ends in .docx.")
    if not template.is_file():
        raise OptionError(f"The template {template} is no file; check its name.")


def write_result(
    result: Result,
    path: Path,
    *,
    made: datetime,
    overwrite: bool,
    evidence: Assessment | None = None,
    signatures: Signatures | None = None,
    template: Path | None = None,
) -> None:
    """Write a report: a statement where the name ends in .pdf or .docx, else a page.

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

    Raises
    ------
    OptionError
        If the template does not fit.
    OutputError
        If the file cannot be made or written.
    """
    if path.suffix.lower() in STATEMENTS:
        from ballistics.statement.writing import write_statement

        document = _statement(result, evidence, made=made)
        write_statement(document, path, template=template, overwrite=overwrite)
        return
    _write_page(result, path, evidence, signatures, made=made, overwrite=overwrite)


def command_line() -> str:
    """Return the command that is being run, as a shell would take it."""
    return shlex.join(["ballistics", *sys.argv[1:]])


def _statement(result: Result, evidence: Assessment | None, *, made: datetime) -> Document:
    from ballistics.case import Case
    from ballistics.compare import Comparison, NotComparable
    from ballistics.statement.impressed import impressed_statement
    from ballistics.statement.photographs import photograph_statement
    from ballistics.statement.striated import bullet_statement, land_statement
    from ballistics.striated.bullet_pair import BulletPair
    from ballistics.striated.land_pair import LandComparison, NoLandComparison

    question = evidence.question if evidence else None
    given: dict[str, Any] = {
        "case": (question and question.case) or Case(),
        "weight": evidence and evidence.weight,
        "population": question and question.population,
        "scale": question and question.scale,
        "made": made,
        "command": command_line(),
    }
    if isinstance(result, Comparison | NotComparable):
        return impressed_statement(result, **given)
    if isinstance(result, LandComparison | NoLandComparison):
        return land_statement(result, **given)
    if isinstance(result, BulletPair):
        return bullet_statement(result, **given)
    return photograph_statement(result, **given)


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
