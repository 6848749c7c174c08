"""Changing one record: the acts of its life cycle and edits that are no act, alike for all kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qms.command.desk import CALLED, Desk, writes

if TYPE_CHECKING:
    from qms.change import Change
    from qms.record import Record

Find = Callable[[Desk, str], "Record"]
"""Finds the record that a person means, where a command is for more kinds than one."""
Keep = Callable[["Change", Any], "Record"]
"""Keeps a new or an edited record in a change, where the kind has a way of its own for that."""
Take = Callable[["Change", Any, str, dict[str, Any]], "Record"]
"""Takes a step with the fields that it records, where the kind has a way of its own for some."""

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="Reference or id.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field of the record; may be repeated, PART.FIELD too."),
]
Source = Annotated[Path | None, typer.Option("--from", metavar="FILE.toml", help="Fields from a TOML file.")]


def add_advance(
    app: typer.Typer,
    kind: str,
    example: str,
    *,
    command: str = "",
    called: str = "",
    find: Find | None = None,
    take: Take | None = None,
) -> None:
    """Add the command ``advance`` for a kind of record; the example names a record and an act."""
    noun = called or CALLED.get(kind, kind)

    @app.command(
        "advance",
        help=f"Take a step in the life of one {noun}; without an act, list what is possible.",
        epilog=f"Example: qms {command or kind} advance {example}",
    )
    @writes
    def advance(
        desk: Desk,
        record: Reference,
        act: Annotated[str | None, typer.Argument(metavar="[ACT]", help="All are listed if left out.")] = None,
        settings: Settings = None,
        source: Source = None,
    ) -> None:
        from qms.command.entry import gathered

        found = find(desk, record) if find else desk.record(record, kind)
        step(desk, found, act, gathered(settings, source), take=take)


def add_edit(
    app: typer.Typer,
    kind: str,
    example: str,
    *,
    command: str = "",
    called: str = "",
    find: Find | None = None,
    keep: Keep | None = None,
) -> None:
    """Add the command ``edit`` for a kind of record; the example names a record and what is set."""
    noun = called or CALLED.get(kind, kind)

    @app.command(
        "edit",
        help=f"Change what one {noun} says, as far as its state allows; texts keep languages.",
        epilog=f"Example: qms {command or kind} edit {example}",
    )
    @writes
    def edit(desk: Desk, record: Reference, settings: Settings = None, source: Source = None) -> None:
        from qms.command.entry import gathered

        found = find(desk, record) if find else desk.record(record, kind)
        edit_record(desk, found, gathered(settings, source), keep=keep)


def add_record(desk: Desk, kind: str, said: Mapping[str, Any], *, keep: Keep | None = None) -> Record:
    """Keep a new record of what a person said of it, and say its reference.

    Parameters
    ----------
    desk : Desk
    kind : str
    said : mapping
        Field to what was said, as `qms.command.entry.gathered` gives it.
    keep : callable, optional
        Keeps the record in the change; `Change.add` if left out.
    """
    from qms.command.entry import Entry
    from qms.command.fields import check_fields
    from qms.command.terminal import put

    model = desk.model(kind)
    check_fields(model, said, new=True)
    unit = said.get("unit") or desk.home().ref
    with desk.change() as change:
        entry = Entry(desk, change, desk.tongue() if kind == "unit" else desk.tongue(unit))
        record = model.model_validate({"unit": unit, **entry.fields(model, said)})
        kept = keep(change, record) if keep else change.add(record)
    put(kept.ref)
    return kept


def step(
    desk: Desk, record: Record, act: str | None, said: Mapping[str, Any], *, take: Take | None = None
) -> None:
    """Take a step of a record's life cycle with what a person said of it; without an act, list what there is."""
    from qms.command.entry import Entry
    from qms.command.fields import check_fields
    from qms.command.showing import next_acts, put_acts
    from qms.command.terminal import put

    if act is None:
        put(f"{record.ref} is {record.status}.")
        put_acts(next_acts(desk, record))
        return
    check_fields(type(record), said)
    with desk.change() as change:
        entry = Entry(desk, change, desk.tongue(record.unit))
        fields = entry.fields(type(record), said, record)
        moved = take(change, record, act, fields) if take else change.advance(record, act, **fields)
    put(f"{moved.ref} is {moved.status}.")


def edit_record(desk: Desk, record: Record, said: Mapping[str, Any], *, keep: Keep | None = None) -> Record:
    """Change a record to what a person said of it; see `add_record`."""
    from qms.command.entry import Entry
    from qms.command.fields import check_fields
    from qms.command.terminal import put
    from qms.errors import RecordError

    if not said:
        raise RecordError("There is nothing to change. Say what with --set FIELD=VALUE or --from FILE.toml.")
    check_fields(type(record), said)
    with desk.change() as change:
        entry = Entry(desk, change, desk.tongue(record.unit))
        edited = record.revised(**entry.fields(type(record), said, record))
        kept = keep(change, edited) if keep else change.save(edited)
    put(f"{kept.ref} is at version {kept.version}.")
    return kept
