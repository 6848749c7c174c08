"""What is put out of a validation: a table or JSON in the terminal, and reports as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ballistics.case import Case
    from ballistics.validation.contract import ValidationRecord
    from ballistics.validation.criteria import Outcome
    from ballistics.validation.measures import Rate

Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="REPORT.html|.pdf|.docx",
        help="A report; may be repeated. A page and a PDF beside the record if left out.",
    ),
]
Final = Annotated[
    bool,
    typer.Option("--final", help="No draft mark; needs laboratory, examiner, reviewer and the intended use."),
]
Template = Annotated[
    Path | None, typer.Option(metavar="TEMPLATE.docx", help="The laboratory's own Word template.")
]

UNPRINTED = {"pairs", "log10_lr", "unbounded", "lower", "upper", "seal"}


def check_reports(
    reports: Sequence[Path] | None,
    place: Path,
    *,
    case: Case,
    purpose: str,
    final: bool,
    force: bool,
    inputs: tuple[Path, ...] = (),
) -> tuple[Path, ...]:
    """Return where reports go, after everything that would refuse them later was tried.

    Parameters
    ----------
    reports : sequence of Path, optional
        As asked for; a page and a PDF beside ``place`` if not.
    place : Path
        The record.
    case : Case
        Who did what.
    purpose : str
        The intended use that the criteria state.
    final, force : bool
        Whether the reports are final, and whether they may replace files.
    inputs : tuple of Path
        What is never replaced.

    Raises
    ------
    OptionError
        If an ending is another one.
    CaseError
        If a final report lacks something, or the case says how probable a proposition is.
    OutputError
        If a report exists or cannot be written.
    """
    from ballistics.command.report import check_report
    from ballistics.command.terminal import say
    from ballistics.errors import CaseError

    needed = {
        "laboratory": case.laboratory,
        "examiner": case.examiner,
        "reviewer": case.reviewer,
        "purpose in the criteria or request in the case": purpose or case.request,
    }
    if final and (missing := [name for name, text in needed.items() if not text.strip()]):
        raise CaseError(f"a final validation report needs {', '.join(missing)}; give them, or leave it a draft")
    if final and case.doubtful:
        raise CaseError(f"a final validation report cannot be written. {' '.join(case.doubtful)}")
    for sentence in case.doubtful:
        say(f"Warning: {sentence}")
    chosen = tuple(reports) if reports else (place.with_suffix(".html"), place.with_suffix(".pdf"))
    for each in chosen:
        check_report(each, force=force, inputs=inputs)
    return chosen


def write_reports(
    found: ValidationRecord,
    reports: Sequence[Path],
    *,
    case: Case,
    final: bool,
    template: Path | None,
    language: str,
    force: bool,
) -> None:
    """Write the report of a validation to every file, in a language.

    Raises
    ------
    OptionError
        If the template does not fit.
    OutputError
        If a file cannot be written.
    """
    from ballistics.command.terminal import say, working
    from ballistics.language import in_language
    from ballistics.statement.writing import WORD, write_statement
    from ballistics.validation.report import validation_document

    with in_language(language), working("Writing the report"):
        document = validation_document(found, case=case, status="final" if final else "draft")
        for each in reports:
            used = template if each.suffix.lower() == WORD else None
            write_statement(document, each, template=used, overwrite=force)
    for each in reports:
        say(f"Report: {each}")


def put_record(found: ValidationRecord, *, as_json: bool) -> None:
    """Put what a validation found on stdout: a table, or JSON without the pairs."""
    from ballistics.command.terminal import put, put_json, put_table
    from ballistics.language import gettext as _
    from ballistics.validation.findings import DOMINATES, bound_share
    from ballistics.validation.wording import BOUND_DOMINATES

    if as_json:
        put_json(json.dumps(found.model_dump(mode="json", exclude=UNPRINTED), indent=1))
        return
    put_table((), _rows(found))
    if found.outcomes:
        put("")
        rows = [_outcome(each) for each in found.outcomes]
        put_table(("Criterion", "Limit", "Found", "Outcome"), rows)
    put("")
    share = bound_share(found)
    if share > DOMINATES:
        put(f"Note: {_(BOUND_DOMINATES, share=share)}")
    for each in found.limits:
        put(f"Note: {each.said}")


def _rows(found: ValidationRecord) -> list[tuple[str, str]]:
    from ballistics.validation.plan import bits

    measures, tried, how = found.measures, found.tried, found.how
    interval = (
        "no interval"
        if measures.cllr_lower is None or measures.cllr_upper is None
        else f"{measures.level:.0%} interval {bits(measures.cllr_lower)} to {bits(measures.cllr_upper)}"
    )
    before = "infinite" if measures.cllr_unbounded is None else bits(measures.cllr_unbounded)
    by = f" by {how.population.name}" if how.population else ""
    met = [each.met for each in found.outcomes]
    return [
        ("Cllr", f"{bits(measures.cllr)} ({interval}; unbounded {before})"),
        ("Cllr_min", bits(measures.cllr_min)),
        ("Cllr_cal", bits(measures.cllr_cal)),
        ("Equal error rate", f"{measures.eer:.2%}"),
        *((f"Misleading, LR {each.lr}", _misleading(each.same, each.different)) for each in measures.misleading),
        ("Known pairs", f"{measures.known_matches:,} matches, {measures.known_non_matches:,} non-matches"),
        ("Firearms", f"{measures.firearms}"),
        ("Coverage", f"{100 * found.tested.coverage:.4g}%, {len(found.tested.left_out):,} pairs left out"),
        ("Parameter set", f"{tried.parameters or 'not recorded'}, hash {(tried.parameter_hash or '-')[:12]}"),
        ("Method", f"{how.method.name} on {', '.join(tried.columns)}; {how.split.name}{by}; bound {how.bound}"),
        ("Criteria", f"{met.count('met')} of {len(met)} met" if met else "none were given beforehand"),
        ("SHA-256", found.sha256),
    ]


def _misleading(same: Rate, different: Rate) -> str:
    return (
        f"{same.count} of {same.pairs:,} matches ({same.share:.2%}), {different.count} of {different.pairs:,} "
        f"non-matches ({different.share:.2%})"
    )


def _outcome(outcome: Outcome) -> tuple[str, str, str, str]:
    from ballistics.validation.plan import amount, limit_text

    asked = outcome.criterion
    value = "-" if outcome.value is None else amount(asked.name, outcome.value)
    return asked.name, limit_text(asked), value, f"{outcome.met}{': ' * bool(outcome.reason)}{outcome.reason}"
