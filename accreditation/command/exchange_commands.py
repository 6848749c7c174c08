"""The commands for the workbook: out to Excel, back with a look at every change, and undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accreditation.command.choice import On, Which, chosen, day, spoken
from qms.command.desk import Desk, reads, writes
from qms.command.listing import Force

if TYPE_CHECKING:
    from datetime import date

    from accreditation.assessments.assessment import Assessment
    from accreditation.language import Words

TAKE = ("workbook", "store")


@reads
def export(
    desk: Desk,
    place: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="Where the workbook goes.")],
    also: Annotated[
        str | None, typer.Option("--also", metavar="TAG", help="A second language beside the first.")
    ] = None,
    assessment: Which = None,
    on: On = None,
    force: Force = False,
) -> None:
    """Write an assessment as an Excel workbook, to be filled in and imported again."""
    kept = chosen(desk, assessment)
    say = spoken(desk, *([also] if also else []))
    write_workbook(desk, kept, place, say=say, on=day(desk, on), force=force)


def write_workbook(
    desk: Desk, kept: Assessment, place: Path, *, say: Words, on: date, force: bool = False
) -> None:
    """Write the workbook of an assessment and say so."""
    from accreditation.vocabulary import vocabulary
    from accreditation.workbook.export import export_workbook
    from qms.command.terminal import say as tell

    export_workbook(desk.store, kept, place, say=say, on=on, glossary=vocabulary(), overwrite=force)
    tell(f"{place}: {kept.ref}, version {kept.version}. Fill in the open cells and import it again.")


@writes
def import_workbook(
    desk: Desk,
    place: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="A workbook of 'accreditation export'.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    take: Annotated[
        str | None, typer.Option("--take", metavar="SIDE", help="Decides conflicts: workbook or store.")
    ] = None,
    assessment: Which = None,
) -> None:
    """Take over what was edited in a workbook: all of it in one change, or nothing; every cell is shown."""
    from accreditation.errors import UnknownError
    from accreditation.workbook.comparing import compare
    from accreditation.workbook.reading import read_workbook
    from accreditation.workbook.taking_over import apply
    from qms.command.exits import ExitCode
    from qms.command.terminal import put
    from qms.command.terminal import say as tell

    if take is not None and take not in TAKE:
        raise UnknownError(f"--take is {' or '.join(TAKE)}, not {take!r}.")
    expected = chosen(desk, assessment) if assessment else None
    diff = compare(desk.store, read_workbook(place), expected=expected)
    for line in diff.lines(spoken(desk)):
        put(line)
    if diff.problems or (diff.conflicts and take is None):
        tell(f"Nothing was changed: {len(diff.problems)} problems, {len(diff.conflicts)} conflicts.")
        if diff.conflicts and not diff.problems:
            tell("Say --take workbook or --take store to decide the conflicts.")
        raise typer.Exit(ExitCode.PROBLEMS)
    if not diff.cells and not diff.actions:
        tell(f"{place} holds nothing that is not in the records already.")
        return
    if dry_run:
        tell(f"Nothing was changed. {len(diff.cells)} cells and {len(diff.actions)} actions would be.")
        return
    with desk.change() as change:
        kept = apply(change, diff, take=take)  # type: ignore[arg-type]
        done = change.id
    tell(f"{kept.ref}: {len(diff.cells)} cells and {len(diff.actions)} actions were taken over.")
    tell(f"To take it back: accreditation undo {done}")


@writes
def undo(
    desk: Desk,
    change_id: Annotated[str, typer.Argument(metavar="CHANGE", help="As 'import' printed it.")],
) -> None:
    """Take back what an import changed; the ledger keeps both."""
    from accreditation.workbook.taking_over import undo as take_back
    from qms.command.terminal import say as tell

    with desk.change() as change:
        kept = take_back(change, desk.store, change_id)
    tell(f"{kept.ref}: what {change_id} changed is as it was before.")


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(epilog="Example: accreditation export checklist.xlsx --language sq")(export)
    root.command("import", epilog="Example: accreditation import checklist.xlsx --dry-run")(import_workbook)
    root.command(epilog="Example: accreditation undo 01M835XKREG4VSSEY97WSQBX42 --why 'wrong file'")(undo)
