"""The command ``accreditation``: a thin shell over the library; exit codes stand in `qms.command.exits`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from accreditation.command import (
    assess_commands,
    catalogue_command,
    exchange_commands,
    init_command,
    procedure_commands,
    programme_commands,
    report_command,
    status_commands,
    transition_command,
)
from qms.command.exits import GuardedGroup

app = typer.Typer(
    cls=GuardedGroup,
    help="Assess a crime scene unit against ISO/IEC 17020, see the gaps and report them in the local language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
init_command.add_commands(app)
assess_commands.add_commands(app)
status_commands.add_commands(app)
app.add_typer(procedure_commands.app, name="sop-gap")
exchange_commands.add_commands(app)
app.command(epilog=report_command.EXAMPLE)(report_command.report)
app.command(epilog=catalogue_command.EXAMPLE)(catalogue_command.catalogue)
app.command(epilog=transition_command.EXAMPLE)(transition_command.transition)
programme_commands.add_commands(app)


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
    app(prog_name="accreditation")


if __name__ == "__main__":
    main()
