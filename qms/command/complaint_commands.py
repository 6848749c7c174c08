"""The commands for complaints and appeals."""

from __future__ import annotations

from typing import Annotated

import typer

from qms.command.desk import Desk, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Settings, Source, add_advance, add_edit

app = typer.Typer(help="Complaints, and appeals against a decision.", no_args_is_help=True)


@app.command(
    epilog="Example: qms complaint add 'Report came three weeks late' --received-on 2026-04-02 "
    "--from-whom 'Prosecutor, Durrës' --owner a.hoxha"
)
@writes
def add(
    desk: Desk,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="What it is about.")],
    received_on: Annotated[
        str, typer.Option("--received-on", metavar="DATE", help="Such as 2026-04-02, or 'today'.")
    ] = "today",
    received_from: Annotated[
        str | None, typer.Option("--from-whom", help="Who brought it; left out when that is not known.")
    ] = None,
    appeal: Annotated[bool, typer.Option("--appeal", help="It is an appeal against a decision.")] = False,
    owner: Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who sees it through.")] = None,
    concerns: Annotated[
        list[str] | None, typer.Option("--concerns", metavar="RECORD", help="Person or record; may be repeated.")
    ] = None,
    cases: Annotated[list[str] | None, typer.Option("--case", help="Case number; may be repeated.")] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="RECORD", help="The decision that an appeal is against.")
    ] = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Keep a complaint or an appeal that came in."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    said = gathered(
        settings,
        source,
        type="appeal" if appeal else "complaint",
        subject=subject,
        received_on=received_on,
        received_from=received_from,
        owner=owner,
        concerns=concerns,
        cases=cases,
        against=against,
    )
    add_record(desk, "complaint", said)


add_list(app, "complaint", ("type", "received_on"))
add_show(app, "complaint", "COM-2026-003")
add_advance(app, "complaint", "COM-2026-003 validate --set validity='It is about our own report'")
add_edit(app, "complaint", "COM-2026-003 --set acknowledged_on=today --why 'letter sent'")
