"""The command that says what is overdue and what is coming."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qms.command.desk import Desk, reads
from qms.command.listing import Force

if TYPE_CHECKING:
    from qms.store import Due

MOST_DAYS = 36_500
EXAMPLE = "Example: qms due --days 60 --ics due.ics"


@reads
def due(
    desk: Desk,
    days: Annotated[int, typer.Option("--days", min=0, help="What comes within so many days.")] = 30,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="A last day instead.")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="PERSON", help="Only what this person has to see to.")
    ] = None,
    ics: Annotated[
        Path | None, typer.Option("--ics", metavar="FILE.ics", help="Write a calendar that other programs read.")
    ] = None,
    force: Force = False,
) -> None:
    """List what is overdue and what is coming, overdue first and marked."""
    from qms.command.showing import read_day
    from qms.command.terminal import put_json, put_table, say

    today = desk.store.now().date()
    last = read_day(until, today) if until else _day_within(days, today)
    person = desk.somebody(owner).id if owner else None
    found = desk.store.due(last, unit=desk.unit, owner=person)
    if ics is not None:
        _write_calendar(desk, found, ics, force=force)
    if desk.as_json:
        put_json(_facts(desk, found, today))
    elif not found:
        say(f"Nothing is overdue and nothing comes up to {last}.")
    elif ics is None:
        tongues = desk.tongues()
        owners = {key: each.ref for key, each in desk.records(each.owner for each in found if each.owner).items()}
        rows = [
            (
                each.on,
                when(each.on, today),
                each.ref,
                each.what,
                owners.get(each.owner, ""),
                each.unit,
                each.headline.best(tongues.get(each.unit, "en")),
            )
            for each in found
        ]
        late = [number for number, each in enumerate(found) if each.on < today]
        put_table(("Day", "", "Record", "What", "Owner", "Unit", "Title"), rows, marked=late)


def _day_within(days: int, today: date) -> date:
    from qms.errors import RecordError

    if days > MOST_DAYS:
        raise RecordError(f"--days is 0 to {MOST_DAYS:,}, which is a hundred years; found {days}.")
    return today + timedelta(days=days)


def when(day: date, today: date) -> str:
    """Return how far a day is away, in words.

    Examples
    --------
    >>> when(date(2026, 3, 1), date(2026, 3, 3)), when(date(2026, 3, 4), date(2026, 3, 3))
    ('OVERDUE 2 days', 'in 1 day')
    """
    from qms.counting import counted

    distance = (day - today).days
    if distance == 0:
        return "today"
    days = counted(abs(distance), "day")
    return f"OVERDUE {days}" if distance < 0 else f"in {days}"


def _facts(desk: Desk, found: list[Due], today: date) -> list[dict[str, Any]]:
    tongues = desk.tongues()
    return [
        {
            "on": each.on.isoformat(),
            "overdue": each.on < today,
            "what": each.what,
            "kind": each.kind,
            "id": each.id,
            "ref": each.ref,
            "unit": each.unit,
            "status": each.status,
            "owner": each.owner,
            "headline": each.headline.best(tongues.get(each.unit, "en")),
        }
        for each in found
    ]


def _write_calendar(desk: Desk, found: list[Due], place: Path, *, force: bool) -> None:
    from qms.calendar import calendar
    from qms.command.output import write_output
    from qms.command.terminal import say
    from qms.counting import counted

    records = desk.records(each.id for each in found)
    updated = {key: each.updated for key, each in records.items() if each.updated is not None}
    write_output(place, calendar(found, updated, tongues=desk.tongues()), overwrite=force)
    say(f"{counted(len(found), 'day')} in {place}.")
