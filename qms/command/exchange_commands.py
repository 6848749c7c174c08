"""The commands that take a store somewhere else and back: backup, text folder, merging."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qms.command.desk import CALLED, AsJson, By, Desk, Files, Place, Why, open_desk, reads
from qms.command.exits import ExitCode
from qms.command.listing import Force

if TYPE_CHECKING:
    from qms.exchange.text_folder import Manifest


ATTACHED = "attached file"


class Take(Enum):
    """Whose word counts in a conflict."""

    OURS = "ours"
    THEIRS = "theirs"


@reads
def backup(
    desk: Desk,
    place: Annotated[
        Path | None, typer.Argument(metavar="[FILE.zip]", help="Named after store and day if left out.")
    ] = None,
    force: Force = False,
) -> None:
    """Write everything, attached files too, into one ZIP, and check it before it gets its name."""
    from qms.command.terminal import put, put_json, say
    from qms.exchange.backup import back_up
    from qms.record import plain

    target = place or Path(f"records-{desk.store.now():%Y-%m-%d}.zip")
    manifest = back_up(desk.store, target, force=force)
    if desk.as_json:
        put_json({"file": str(target), **plain(manifest)})
        return
    put(str(target))
    say(f"{_counted(manifest)}. Keep it elsewhere; 'qms restore {target}' makes a store of it.")


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE.zip", help="As 'qms backup' wrote it.")],
    store: Place = "records.qms",
    files: Files = None,
) -> None:
    """Make a store from a backup, with the same records, events and hashes; no store is overwritten."""
    from qms.command.output import check_input
    from qms.command.terminal import say
    from qms.counting import counted
    from qms.exchange.backup import restore as make_anew

    found = make_anew(check_input(source), store, files=files)
    counts = (counted(found.records, "record"), counted(found.head.seq, "event"), counted(found.files, ATTACHED))
    say(f"{store}: {', '.join(counts)}; all sound.")


@reads
def export(
    desk: Desk,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Such as a clone that git keeps.")],
    force: Force = False,
) -> None:
    """Write the store as a folder of text, a file a record, or bring an earlier export up to date."""
    from qms.command.terminal import put_json, say
    from qms.counting import counted
    from qms.exchange.text_folder import write_folder
    from qms.record import plain

    written = write_folder(desk.store, folder, force=force)
    if desk.as_json:
        put_json({**plain(written.manifest), "changed": written.changed, "removed": written.removed})
        return
    say(f"{folder}: {_counted(written.manifest)}.")
    were = "was" if written.changed == 1 else "were"
    say(f"{counted(written.changed, 'file')} {were} written and {written.removed} removed.")


def import_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="As 'qms export' wrote it, here or elsewhere.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")] = False,
    take: Annotated[
        Take | None, typer.Option("--take", help="Whose word counts where both changed the same thing.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Make the store if it is not there.")] = False,
    store: Place = "records.qms",
    files: Files = None,
    by: By = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Bring a text folder into the store, record by record; exit code 3 if a conflict left something out."""
    from qms.command.output import check_input
    from qms.command.terminal import put, put_json
    from qms.exchange.merge import import_folder
    from qms.record import plain

    if dry_run and new:
        raise typer.BadParameter("a trial makes no store", param_hint="--new")
    with open_desk(store=store, files=files, by=by, why=why, create=new) as desk:
        report = import_folder(
            desk.store,
            check_input(folder),
            by=desk.person() if by and desk.store.head().seq else "",
            why=why,
            take=take.value if take else None,
            dry_run=dry_run,
        )
    if as_json:
        put_json(plain(report))
    else:
        for line in report.lines():
            put(line)
    if not report:
        raise typer.Exit(ExitCode.PROBLEMS)


def _counted(manifest: Manifest) -> str:
    from qms.counting import counted

    counts = ", ".join(counted(count, CALLED.get(kind, kind)) for kind, count in manifest.records.items())
    return f"{counts}; {counted(manifest.events, 'event')}, {counted(manifest.files, ATTACHED)}"


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(epilog="Example: qms backup records.zip")(backup)
    root.command(epilog="Example: qms restore records.zip --store restored.qms")(restore)
    root.command(epilog="Example: qms export records-text")(export)
    root.command("import", epilog="Example: qms import records-text --dry-run")(import_)
