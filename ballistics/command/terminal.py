"""How the commands speak: data on stdout, talk on stderr, tables for people and plain text for pipes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ballistics.output import printable

TENTHS = 10


def say(message: str, *, error: bool = False) -> None:
    """Talk to the person, on stderr."""
    _console(stderr=True).print(printable(message), style="bold red" if error else None, soft_wrap=True)


def put(text: str) -> None:
    """Put a line of data on stdout."""
    _console().print(printable(text), soft_wrap=True)


def put_json(text: str) -> None:
    """Put a JSON text on stdout, untouched."""
    _console().out(text, highlight=False)


def put_table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Put a table on stdout: drawn for a terminal, aligned plain text for a pipe.

    Parameters
    ----------
    headers : sequence of str
        Empty for a table without a head.
    rows : sequence of sequences
        As many cells each as there are columns.
    right : sequence of int
        Columns that are aligned to the right.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    console = _console()
    if console.is_terminal:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=bool(headers), pad_edge=False)
        for index in range(len(headers) or len(cells[0])):
            table.add_column(headers[index] if headers else "", justify="right" if index in right else "left")
        for row in cells:
            table.add_row(*row)
        console.print(table)
        return
    lines = [list(headers), *cells] if headers else cells
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        console.out("  ".join(padded).rstrip(), highlight=False)


@contextmanager
def working(message: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr that work goes on; the function given back changes the message."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with _progress(*columns) as progress:
        task = progress.add_task(printable(message))
        yield lambda text: progress.update(task, description=printable(text))


@contextmanager
def counting(message: str) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how many of many are done and how long the rest will take.

    The function given back takes the number done and the number of all. Where stderr is no terminal, each
    tenth is a line.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left", markup=False),
        TimeRemainingColumn(),
    )
    told = 0
    with _progress(*columns) as progress:
        task = progress.add_task(printable(message), total=None)

        def show(done: int, total: int) -> None:
            nonlocal told
            progress.update(task, completed=done, total=total)
            tenth = TENTHS * done // max(total, 1)
            if progress.disable and tenth > told:
                told = tenth
                say(f"{message}: {done} of {total}")

        yield show


def _progress(*columns: ProgressColumn) -> Progress:
    console = _console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)
