"""Lists of records of one kind: the same filters, table, JSON and CSV for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from qms.command.desk import CALLED, Desk, reads

if TYPE_CHECKING:
    from datetime import datetime

    from qms.record import Deadline, Record

Status = Annotated[list[str] | None, typer.Option("--status", help="Only in this state; may be repeated.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Only what this person owns.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FIELD=WORDS",
        help="Only where a field says this, or nothing (FIELD=); may be repeated.",
    ),
]
Word = Annotated[str | None, typer.Option("--word", help="Only where this stands anywhere in the record.")]
LinkedTo = Annotated[
    str | None, typer.Option("--linked-to", metavar="RECORD", help="Only what names this record.")
]
Label = Annotated[str | None, typer.Option("--label", help="Only with this label.")]
Overdue = Annotated[bool, typer.Option("--overdue", help="Only with a deadline that is past.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="As all was at the end of that day, or at a time.")
]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE.csv", help="Write the list for a spreadsheet.")]
Semicolon = Annotated[
    bool, typer.Option("--semicolon", help="Part columns by ';', as most Excel in Europe expects.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed down to, as `Store.find` has it, and the time at which all is looked at."""

    status: list[str] | None = None
    owner: str | None = None
    word: str | None = None
    linked_to: str | None = None
    label: str | None = None
    overdue: bool = False
    where: list[str] | None = None
    limit: int | None = None
    as_of: datetime | None = None


More = Callable[[Desk, Sequence["Record"], Filters], list[dict[str, Any]]]
"""Gives for each record of a list what follows from other records, by the name of a column."""


def find_records(desk: Desk, kind: str, filters: Filters) -> list[Record]:
    """Return the records of a kind that fit, by unit and reference."""
    _check_states(desk, kind, filters.status)
    model = desk.model(kind)
    fits = [_field_and_words(model, each) for each in filters.where or ()]
    found = desk.store.find(
        model,
        unit=desk.unit,
        status=filters.status or None,
        owner=desk.somebody(filters.owner).id if filters.owner else None,
        word=filters.word,
        linked_to=desk.record(filters.linked_to).id if filters.linked_to else None,
        label=filters.label,
        overdue_on=(filters.as_of or desk.store.now()).date() if filters.overdue else None,
        limit=None if fits else filters.limit,
        as_of=filters.as_of,
    )
    return _saying(desk, found, fits)[: filters.limit] if fits else found


def add_list(
    app: typer.Typer,
    kind: str,
    columns: tuple[str, ...] = (),
    *,
    name: str = "list",
    command: str = "",
    find: Callable[[Desk, str, Filters], list[Record]] = find_records,
    more: More | None = None,
) -> None:
    """Add a command that lists a kind of record.

    Parameters
    ----------
    app : Typer
        Of the noun.
    kind : str
    columns : tuple of str
        Fields that stand in the table beside reference, title, status, owner and next deadline.
    name : str
        Of the command.
    command : str
        What is typed before the name; the kind if left out.
    find : callable
        Returns the records that fit.
    more : callable, optional
        Gives columns that are no fields.
    """

    @app.command(
        name,
        help=f"List every {CALLED.get(kind, kind)} that fits all that is asked for.",
        epilog=f"Example: qms {command or kind} {name} --csv list.csv",
    )
    @reads
    def list_records(
        desk: Desk,
        status: Status = None,
        owner: Owner = None,
        word: Word = None,
        linked_to: LinkedTo = None,
        label: Label = None,
        overdue: Overdue = False,
        where: Where = None,
        limit: Limit = None,
        as_of: AsOf = None,
        csv: Csv = None,
        semicolon: Semicolon = False,
        force: Force = False,
    ) -> None:
        from qms.command.showing import read_moment

        filters = Filters(
            status=status,
            owner=owner,
            word=word,
            linked_to=linked_to,
            label=label,
            overdue=overdue,
            where=where,
            limit=limit,
            as_of=read_moment(as_of) if as_of else None,
        )
        found = find(desk, kind, filters)
        if csv is not None:
            write_csv(desk, found, csv, separator=";" if semicolon else ",", force=force)
        else:
            beside = more(desk, found, filters) if more else [{} for _ in found]
            show_list(desk, kind, found, columns, beside, today=(filters.as_of or desk.store.now()).date())


def write_csv(desk: Desk, found: list[Record], place: Path, *, separator: Literal[",", ";"], force: bool) -> None:
    """Write records to a CSV file, references in place of ids; every language of a text has its own column."""
    from qms.command.output import write_output
    from qms.command.terminal import say
    from qms.command.wording import Wording
    from qms.exchange.csv_export import records_csv

    named = {key: each.ref for key, each in Wording(desk, *found).named.items()}
    content = records_csv(found, language=desk.language, names=named, separator=separator)
    write_output(place, content, overwrite=force)
    say(f"{len(found)} in {place}.")


def show_list(
    desk: Desk,
    kind: str,
    found: list[Record],
    columns: tuple[str, ...],
    beside: list[dict[str, Any]],
    *,
    today: date,
) -> None:
    """Put records on stdout, a line each, with what stands beside the fields of each."""
    from qms.command.terminal import put_json, put_table, say
    from qms.command.wording import Wording, facts, spaced
    from qms.record import Record

    if desk.as_json:
        tongues = desk.tongues()
        put_json([{**facts(each, tongues, today), **extra} for each, extra in zip(found, beside, strict=True)])
        return
    if not found:
        say(f"There is no {CALLED.get(kind, kind)} that fits.")
        return
    words = Wording(desk, *found)
    cells: dict[str, list[object]] = {}
    if len({each.unit for each in found}) > 1:
        cells["Unit"] = [each.unit for each in found]
    cells["Reference"] = [each.ref for each in found]
    if desk.model(kind).headline is not Record.headline:
        cells["Title"] = [words.title(each) for each in found]
    if desk.cycle(kind):
        cells["Status"] = [each.status for each in found]
    for name in columns:
        cells[spaced(name).capitalize()] = [words.word(getattr(each, name), each.unit) for each in found]
    for name in beside[0]:
        cells[spaced(name).capitalize()] = [words.word(each[name]) for each in beside]
    if "owner" in desk.model(kind).model_fields:
        cells["Owner"] = [words.name(getattr(each, "owner", None) or "") for each in found]
    if desk.model(kind).deadlines is not Record.deadlines:
        cells["Next deadline"] = [next_deadline(each.deadlines(), today) for each in found]
    late = [number for number, each in enumerate(found) if any(one.on < today for one in each.deadlines())]
    put_table(list(cells), list(zip(*cells.values(), strict=True)), marked=late)


def next_deadline(deadlines: tuple[Deadline, ...], today: date) -> str:
    """Return the earliest deadline in words, marked if it is past."""
    if not deadlines:
        return ""
    first = min(deadlines, key=lambda each: each.on)
    return f"{first.what} {first.on}{' OVERDUE' if first.on < today else ''}"


def _field_and_words(model: type[Record], said: str) -> tuple[str, str]:
    from qms.command.wording import with_article
    from qms.errors import RecordError

    name, given, words = said.partition("=")
    if not given or name not in model.model_fields:
        known = ", ".join(model.model_fields)
        raise RecordError(
            f"--where {said!r} does not name a field of {with_article(model.kind)}. Write FIELD=WORDS; "
            f"fields are: {known}."
        )
    return name, words.casefold()


def _saying(desk: Desk, records: list[Record], fits: list[tuple[str, str]]) -> list[Record]:
    """Return the records that have, as a person reads them, certain words in certain fields; no words: nothing."""
    from qms.command.wording import Wording

    words = Wording(desk, *records)

    def fit(each: Record, name: str, said: str) -> bool:
        word = words.word(getattr(each, name), each.unit).casefold()
        return said in word if said else not word

    return [each for each in records if all(fit(each, name, said) for name, said in fits)]


def _check_states(desk: Desk, kind: str, states: list[str] | None) -> None:
    from qms.command.wording import with_article
    from qms.errors import RecordError

    cycle = desk.cycle(kind)
    unknown = sorted(set(states or ()) - set(cycle.states if cycle else ()))
    if unknown:
        known = ", ".join(cycle.states) if cycle else "none"
        raise RecordError(
            f"{with_article(kind).capitalize()} is never {' or '.join(unknown)}. Its states are: {known}."
        )
