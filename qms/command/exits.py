"""Exit codes of the command, and the guard that turns errors into one clear message."""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup


class ExitCode(IntEnum):
    """How a command ended; 0 is done.

    1 an error that is explained, 2 wrong usage, 3 a check found problems, 4 an input whose content cannot be read,
    70 a bug, 130 stopped by the person.
    """

    OUR_ERROR = 1
    USAGE = 2
    PROBLEMS = 3
    UNREADABLE = 4
    BUG = 70
    STOPPED = 130


class GuardedGroup(TyperGroup):
    """Commands whose errors become a message on stderr and an exit code; ``--debug`` lets them through."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        from qms.command.terminal import say

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("Stopped. What was finished is kept; a change that was not finished left nothing.")
            raise typer.Exit(ExitCode.STOPPED) from None
        except Exception as error:
            by_typer = isinstance(error, typer.Abort) or getattr(error, "exit_code", None) is not None
            if by_typer or ctx.params.get("debug") or isinstance(error, BrokenPipeError):
                raise
            raise typer.Exit(explain(error)) from None


def explain(error: Exception) -> ExitCode:
    """Say what went wrong and return the exit code."""
    from pydantic import ValidationError

    from qms.command.terminal import say
    from qms.errors import DocumentError, ExchangeError, QmsError, described

    if isinstance(error, QmsError):
        say(f"Error: {error}", error=True)
        return ExitCode.UNREADABLE if isinstance(error, DocumentError | ExchangeError) else ExitCode.OUR_ERROR
    if isinstance(error, ValidationError):
        say(f"Error: {described(error)}. Nothing was changed.", error=True)
        return ExitCode.OUR_ERROR
    if isinstance(error, MemoryError):
        say("Error: there is not enough memory for this; close other programs.", error=True)
        return ExitCode.OUR_ERROR
    if isinstance(error, RecursionError):
        say("Error: what was given is nested too deeply to be read; make it flatter.", error=True)
        return ExitCode.OUR_ERROR
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        say("Error: the output cannot be written in full; there is no room left where it goes.", error=True)
        return ExitCode.OUR_ERROR
    if isinstance(error, OSError) and error.filename is not None:
        say(
            f"Error: {str(error.filename)[:200]} cannot be used ({error.strerror}). Check its name and folder.",
            error=True,
        )
        return ExitCode.OUR_ERROR
    say(
        f"This is a bug in qms ({type(error).__name__}: {error}). Please report it with what 'qms --debug' and "
        "the rest of your command print.",
        error=True,
    )
    return ExitCode.BUG
