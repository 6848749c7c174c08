"""How the commands speak: data on stdout, talk on stderr, tables for people and plain text for pipes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

TENTHS = 10


def printable(text: object) -> str:
    r"""Return a text on one line, with what a terminal would obey replaced.

    Examples
    --------
    >>> printable("NC\x1b[31m\nsecond [bold]line")
    'NC?[31m second [bold]line'
    """
    return "".join(each if each.isprintable() else " " if each.isspace() else "?" for each in str(text))


def say(message: str, *, error: bool = False) -> None:
    """Talk to the person, on stderr."""
    for line in message.splitlines():
        typer.secho(printable(line), err=True, fg="red" if error else None)


def put(text: str = "") -> None:
    """Put lines of data on stdout."""
    for line in text.split("\n"):
        typer.echo(printable(line))


def put_json(value: Any) -> None:
    """Put a JSON value on stdout; what a terminal would obey is written as an escape."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    typer.echo("".join(each if each.isprintable() or each == "\n" else _escape(each) for each in text))


def put_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[int] = (),
    marked: Collection[int] = (),
) -> None:
    """Put a table on stdout: drawn for a terminal, aligned plain text for a pipe.

    Parameters
    ----------
    headers : sequence of str
        Empty for a table without a head.
    rows : sequence of sequences
        As many cells each as there are columns.
    right : sequence of int
        Columns that are aligned to the right.
    marked : collection of int
        Rows that a terminal shows in red.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(headers, cells, right, marked)
        return
    lines = [list(headers), *cells] if headers else cells
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        typer.echo("  ".join(padded).rstrip())


@contextmanager
def counting(message: str) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how many of many are done; the function given back takes the number done and of all.

    Where stderr is no terminal, each tenth is a line.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    told = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(printable(message), total=None)

        def show(done: int, total: int) -> None:
            nonlocal told
            progress.update(task, completed=done, total=total)
            tenth = TENTHS * done // max(total, 1)
            if progress.disable and tenth > told:
                told = tenth
                say(f"{message}: {done} of {total}")

        yield show


def _draw(headers: Sequence[str], cells: list[list[str]], right: Sequence[int], marked: Collection[int]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=bool(headers), pad_edge=False)
    for index in range(len(headers) or len(cells[0])):
        title = headers[index] if headers else ""
        table.add_column(title, justify="right" if index in right else "left", overflow="fold")
    for number, row in enumerate(cells):
        table.add_row(*row, style="red" if number in marked else None)
    Console(markup=False, highlight=False, emoji=False).print(table)


def _escape(letter: str) -> str:
    return json.dumps(letter)[1:-1]
