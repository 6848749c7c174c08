"""The commands for actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qms.command.desk import Desk, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Reference, Settings, Source, add_advance, add_edit

if TYPE_CHECKING:
    from qms.change import Change
    from qms.record import Record

app = typer.Typer(
    help="What somebody does by a day: corrections, corrective actions, improvements.", no_args_is_help=True
)

KEPT = "due-not-kept"
"""Code of the reason that only follows from others when `move_due` keeps the old day."""


def _take(change: Change, action: Any, act: str, fields: dict[str, Any]) -> Record:
    from qms.actions.action import move_due
    from qms.actions.ownership import hand_over

    if act == "move" and fields.keys() == {"due"}:
        return move_due(change, action, fields["due"])
    if act == "hand_over" and fields.keys() == {"owner"}:
        return cast("Record", hand_over(change, action, fields["owner"]))
    kept: Record = change.advance(action, act, **fields)
    return kept


@app.command(
    epilog="Example: qms action add 'Buy seals' --purpose corrective --finding NC-2026-001 --owner b.leka "
    "--due 2026-09-01"
)
@writes
def add(
    desk: Desk,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is to be done.")],
    purpose: Annotated[
        str, typer.Option("--purpose", help="correction, corrective, improvement, risk_treatment or milestone.")
    ],
    finding: Annotated[str | None, typer.Option("--finding", metavar="NC", help="That it answers.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who sees to it.")] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="DATE", help="Such as 2026-05-01.")] = None,
    due: Annotated[str | None, typer.Option("--due", metavar="DATE", help="By when it is done.")] = None,
    depends_on: Annotated[
        list[str] | None, typer.Option("--depends-on", metavar="ACTION", help="Done before; may be repeated.")
    ] = None,
    cost: Annotated[str | None, typer.Option("--cost", metavar="'AMOUNT CUR'", help="Such as '120 EUR'.")] = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Add an action, for a finding or for itself."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    said = gathered(
        settings,
        source,
        title=title,
        purpose=purpose,
        finding=finding,
        owner=owner,
        start=start,
        due=due,
        depends_on=depends_on,
        cost=dict(zip(("amount", "currency"), cost.split(), strict=False)) if cost else None,
    )
    add_record(desk, "action", said)


@app.command("move-due", epilog="Example: qms action move-due ACT-2026-004 2026-10-01 --why 'seals came late'")
@writes
def move_due(
    desk: Desk,
    record: Reference,
    day: Annotated[str, typer.Argument(metavar="DATE", help="The new day, such as 2026-10-01.")],
) -> None:
    """Move the day by which an action is due; the old day and the reason are kept."""
    from qms.command.showing import read_day
    from qms.command.steps import step
    from qms.errors import RefusedError

    due = read_day(day, desk.store.now().date())
    action = desk.record(record, "action")
    try:
        step(desk, action, "move", {"due": due}, take=_take)
    except RefusedError as error:
        said = {
            "no-such-act": f"it is {action.status}, and its day does not matter any more",
            "without-why": "say with --why why it moves",
            "not-moved": "it is due on that day already",
        }
        coded = [(getattr(each, "code", ""), each) for each in error.reasons]
        reasons = [said.get(code, each) for code, each in coded if code != KEPT]
        raise RefusedError(f"The day of {action.ref} cannot be moved", reasons or error.reasons) from error


add_list(app, "action", ("purpose", "due", "progress"))
add_show(app, "action", "ACT-2026-004")
add_advance(app, "action", "ACT-2026-004 start --set progress=10", take=_take)
add_edit(app, "action", "ACT-2026-004 --set detail='Seals with numbers' --why 'said more exactly'")
