"""The report of a validation, from its record: for a laboratory, its assessor, and whoever repeats it."""

from __future__ import annotations

from ballistics.case import Case
from ballistics.document.blocks import Document, Facts, Paragraph, Section, Status
from ballistics.language import gettext as _
from ballistics.language import language
from ballistics.output import printable
from ballistics.validation.contract import ValidationRecord
from ballistics.validation.findings import (
    brief_section,
    firearms_section,
    limits_section,
    misleading_section,
    results_section,
    studies_section,
)
from ballistics.validation.plan import (
    criteria_section,
    material_section,
    method_section,
    purpose_section,
    split_section,
)
from ballistics.validation.repeat import repeat_sections

NO_CASE = Case()
TO_SIGN = "\n\n"
TO_WRITE = 6 * "\n"


def validation_document(
    found: ValidationRecord, *, case: Case = NO_CASE, status: Status = "draft", dated: bool = True
) -> Document:
    """Write the report of a validation in the active language.

    Parameters
    ----------
    found : ValidationRecord
        From `ballistics.validation.recording.record` or `ballistics.validation.contract.read_validation`.
    case : Case
        Laboratory, examiner (who performed it), reviewer, request (the intended use) and remarks; what it says
        goes before what the record says.
    status : {"draft", "final"}
        A draft is marked as one on every page.
    dated : bool
        Whether the report says when the trial was run and with which file of scores. Left out, trials of the same
        inputs give the same bytes.

    Returns
    -------
    Document
        For `ballistics.statement.writing.write_statement`. It reports figures and decides nothing.
    """
    tried = found.tried
    studies = ", ".join(sorted(found.tested.classes.get("study", {})))
    named = _("parameter set {name}", name=tried.parameters) if tried.parameters else ""
    title = _("Validation of a comparison method")
    return Document(
        title=title,
        subtitle=", ".join(printable(each) for each in (tried.mark, named, studies) if each),
        cover=tuple(_cover(found, case, status, dated=dated)),
        fields=case.fields
        | {"laboratory": case.laboratory or found.run.laboratory, "examiner": case.examiner or found.run.by},
        status=status,
        sections=(
            brief_section(found),
            purpose_section(purpose_of(found, case)),
            method_section(found),
            material_section(found),
            split_section(found),
            criteria_section(found),
            results_section(found),
            misleading_section(found),
            firearms_section(found),
            studies_section(found),
            limits_section(found),
            _signing(case, case.examiner or found.run.by),
        ),
        appendix=tuple(repeat_sections(found, dated=dated)),
        mark=_("record {hash}", hash=found.sha256),
        language=language(),
        author=case.examiner or found.run.by,
        made=found.run.when if dated else None,
    )


def purpose_of(found: ValidationRecord, case: Case) -> str:
    """Return what the method is to be used for, as the criteria or else the case file says; it may be empty."""
    return (found.criteria.purpose if found.criteria else "") or case.request


def _cover(found: ValidationRecord, case: Case, status: Status, *, dated: bool) -> list[tuple[str, str]]:
    rows = (
        (_("Laboratory"), case.laboratory or found.run.laboratory),
        (_("Number"), case.case),
        (_("Performed by"), case.examiner or found.run.by),
        (_("Reviewed by"), case.reviewer),
        (_("Run"), f"{found.run.when:%Y-%m-%d %H:%M %Z}" if dated else ""),
        (_("Status"), _("Draft") if status == "draft" else _("Final")),
        (_("SHA-256 of the record"), found.sha256),
        (_("Remarks"), case.remarks),
    )
    return [(label, printable(text)) for label, text in rows if text.strip()]


def _signing(case: Case, by: str) -> Section:
    statement = _(
        "The laboratory states here whether the method is fit for the intended use, within which limits, and why. "
        "The program does not fill this in."
    )
    signed = _("Date and signature")
    rows = (
        (_("Statement of the laboratory"), TO_WRITE),
        (_("Performed by"), printable(by)),
        (signed, TO_SIGN),
        (_("Reviewed by"), printable(case.reviewer)),
        (signed, TO_SIGN),
        (_("Released by"), ""),
        (signed, TO_SIGN),
    )
    return Section(
        title=_("Statement of the laboratory and signatures"),
        blocks=(Paragraph(text=statement), Facts(rows=rows)),
    )
