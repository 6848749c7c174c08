"""The command ``qms``: a thin shell over the library; exit codes stand in `qms.command.exits`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from qms.command import (
    action_commands,
    audit_commands,
    complaint_commands,
    demo_command,
    document_commands,
    due_command,
    evidence_commands,
    exchange_commands,
    finding_commands,
    ledger_commands,
    organisation_commands,
)
from qms.command.exits import GuardedGroup

app = typer.Typer(
    cls=GuardedGroup,
    help="Keep the quality records of a crime scene unit: findings, actions, documents, evidence, audits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
organisation_commands.add_commands(app)
app.command(epilog=due_command.EXAMPLE)(due_command.due)
app.add_typer(finding_commands.app, name="finding")
app.add_typer(action_commands.app, name="action")
app.add_typer(document_commands.app, name="document")
app.add_typer(evidence_commands.app, name="evidence")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(complaint_commands.app, name="complaint")
app.add_typer(ledger_commands.app, name="ledger")
exchange_commands.add_commands(app)
app.command(epilog=demo_command.EXAMPLE)(demo_command.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("forensic-ballistics"))
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    release: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options that stand before every command."""


def main() -> None:
    """Run the command; what a stream cannot show is replaced instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="qms")


if __name__ == "__main__":
    main()
