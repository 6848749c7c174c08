"""The commands round validations: check, show and report a record, and start a file of criteria."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ballistics.command.evidence_options import CaseFile
from ballistics.command.exits import ExitCode
from ballistics.command.options import AsJson, Force, Language
from ballistics.command.report import check_template
from ballistics.command.validate_command import validate
from ballistics.command.validation_report import (
    Final,
    Reports,
    Template,
    check_reports,
    put_record,
    write_reports,
)

app = typer.Typer(help="Records of validations: check, show, report again.", no_args_is_help=True)
criteria_app = typer.Typer(help="What is asked of a method before it is tried.", no_args_is_help=True)

RecordFile = Annotated[Path, typer.Argument(metavar="FILE.json", help="The record that 'validate' wrote.")]


@app.command()
def check(record: RecordFile, as_json: AsJson = False) -> None:
    """Check that a record is as it was made and that its figures follow; exit code 3 if there are problems."""
    from ballistics.command.terminal import put, put_json, working
    from ballistics.errors import EvidenceError
    from ballistics.validation.checking import differences
    from ballistics.validation.contract import read_validation

    try:
        found = read_validation(record)
        with working("Computing the measures anew"):
            problems = list(differences(found))
    except EvidenceError as error:
        problems = [str(error)]
    if as_json:
        put_json(json.dumps({"record": str(record), "problems": problems}, indent=1))
    else:
        for problem in problems:
            put(f"Problem: {problem}")
        if not problems:
            put(f"{record}: the hashes fit, and the likelihood ratios give the same measures.")
            put(f"SHA-256 {found.sha256}")
    if problems:
        raise typer.Exit(ExitCode.PROBLEMS)


@app.command()
def show(record: RecordFile, as_json: AsJson = False) -> None:
    """Show what a validation found."""
    from ballistics.validation.contract import read_validation

    put_record(read_validation(record), as_json=as_json)


@app.command("report")
def write_again(
    record: RecordFile,
    report: Reports = None,
    case: CaseFile = None,
    final: Final = False,
    template: Template = None,
    language: Language = "en",
    force: Force = False,
) -> None:
    """Write the report of a validation from its record, in another form or language, or for signing."""
    from ballistics.case import Case, read_case
    from ballistics.validation.contract import read_validation

    check_template(report, template)
    found = read_validation(record)
    told = read_case(case) if case else Case()
    purpose = found.criteria.purpose if found.criteria else ""
    inputs = tuple(each for each in (record, case, template) if each)
    reports = check_reports(report, record, case=told, purpose=purpose, final=final, force=force, inputs=inputs)
    write_reports(found, reports, case=told, final=final, template=template, language=language, force=force)


@criteria_app.command()
def new(
    out: Annotated[Path, typer.Argument(metavar="CRITERIA.toml", help="The file to fill in.")],
    force: Force = False,
) -> None:
    """Write an empty file of acceptance criteria, with explanations."""
    from ballistics.command.terminal import say
    from ballistics.output import write_output
    from ballistics.validation.criteria import TEMPLATE

    write_output(out, TEMPLATE.encode(), overwrite=force)
    say(f"Fill in {out} before the trial, then: ballistics validate FOLDER --truth TRUTH.csv --criteria {out}")


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command()(validate)
    root.add_typer(app, name="validation")
    root.add_typer(criteria_app, name="criteria")
