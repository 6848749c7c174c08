"""One record as a person wants to read it: what it says, what may happen next, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qms.command.desk import CALLED, Desk, reads

if TYPE_CHECKING:
    from qms.record import Record

YEARS = range(1900, 2200)
ASKED_FOR = frozenset(
    {
        "dates-lost",
        "due-not-kept",
        "grade-not-kept",
        "no-new-exception",
        "nobody",
        "not-agreed",
        "not-communicated",
        "not-decided",
        "not-judged",
        "not-moved",
        "not-reviewed",
        "not-verified",
        "nothing-supplied",
        "round-not-kept",
        "same-dates",
        "same-grade",
        "same-owner",
        "two-effective",
        "without-cause",
        "without-conclusion",
        "without-containment",
        "without-criterion",
        "without-day",
        "without-extent",
    }
)
"""Codes of reasons that an act meets itself, by what is said with it or by what the command does with it."""
NOBODY = "0" * 26
"""An id that no person has, to ask what may happen next without saying who asks."""
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="As it was at the end of that day, or at a time.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAct:
    """One act that leads on from the state of a record.

    Attributes
    ----------
    act, target, meaning : str
    needs_why : bool
    says : tuple of str
        How the fields that the act may record are typed after ``--set``.
    asks : tuple of str
        Reasons that it would be refused for if none of these fields were said.
    against : tuple of str
        Every other reason that it would be refused for if it were done now.
    """

    act: str
    target: str
    meaning: str
    needs_why: bool
    says: tuple[str, ...]
    asks: tuple[str, ...]
    against: tuple[str, ...]


def add_show(app: typer.Typer, kind: str, example: str, *, command: str = "") -> None:
    """Add the command ``show`` for a kind of record."""

    @app.command(
        "show",
        help=f"Show all that one {CALLED.get(kind, kind)} says, what may happen next and what stands in the way.",
        epilog=f"Example: qms {command or kind} show {example}",
    )
    @reads
    def show(
        desk: Desk,
        record: Annotated[str, typer.Argument(metavar="REFERENCE", help="Reference or id.")],
        as_of: AsOf = None,
    ) -> None:
        found = desk.record(record, kind)
        if as_of is None:
            show_record(desk, found)
        else:
            show_past(desk, found, as_of)


def show_record(desk: Desk, record: Record) -> None:
    """Put a record on stdout with what may happen next."""
    from qms.command.terminal import put, put_json
    from qms.command.wording import facts

    acts = next_acts(desk, record)
    if desk.as_json:
        next_ones = [{name: getattr(each, name) for name in NextAct.__slots__} for each in acts]
        put_json({**facts(record, desk.tongues(), desk.store.now().date()), "next": next_ones})
        return
    _put_words(desk, record)
    if desk.cycle(record.kind):
        put()
        put_acts(acts)


def show_past(desk: Desk, record: Record, day: str) -> None:
    """Put a record on stdout as it was at a day or time."""
    from qms.command.terminal import put_json, say
    from qms.command.wording import facts

    moment = read_moment(day)
    past = desk.store.as_of(type(record), record.id, moment)
    if desk.as_json:
        put_json(facts(past, desk.tongues(), moment.date()))
        return
    say(f"As it was at {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; version {past.version}.")
    _put_words(desk, past)


def next_acts(desk: Desk, record: Record) -> list[NextAct]:
    """Return every act that leads on from the state of a record, with what stands in its way now."""
    from qms.command.fields import ways_to_say
    from qms.lifecycle import Circumstances, Refused

    cycle = desk.cycle(record.kind)
    if cycle is None:
        return []
    circumstances = Circumstances(
        actor=desk.person() if desk.by else NOBODY,
        at=desk.store.now(),
        why=desk.why or "asked for",
        related=desk.store.related(record),
        before=record,
    )
    acts = []
    for row in cycle.rows_from(record.status):
        outcome = cycle.step(record, row.act, circumstances)
        reasons = outcome.reasons if isinstance(outcome, Refused) else ()
        asks = [each for each in reasons if row.records and each.code in ASKED_FOR]
        says = tuple(ways_to_say(type(record), row.records or ()))
        acts.append(
            NextAct(
                act=row.act,
                target=row.target,
                meaning=row.meaning,
                needs_why=row.needs_why,
                says=says,
                asks=tuple(map(str, asks)) if says else (),
                against=tuple(str(each) for each in reasons if each not in asks),
            )
        )
    return acts


def put_acts(acts: list[NextAct]) -> None:
    """Put on stdout what may happen next and what stands in the way."""
    from qms.command.terminal import put

    put("Next:" if acts else "That is final; nothing leads on from it.")
    for each in acts:
        why = " (say --why)" if each.needs_why else ""
        put(f"  {each.act} -> {each.target}{': ' if each.meaning else ''}{each.meaning}{why}")
        if each.says:
            put(f"    {'asks for' if each.asks else 'may say'}: --set {' --set '.join(each.says)}")
        for reason in each.against:
            put(f"    not yet: {reason}")


def read_moment(words: str, *, begin: bool = False) -> datetime:
    """Return the end of a day in UTC, or its beginning, or a time with its zone.

    Raises
    ------
    RecordError
        If it is neither, a time has no zone, or it is not between the years 1900 and 2199.

    Examples
    --------
    >>> read_moment("2026-03-01").isoformat(), read_moment("2026-03-01", begin=True).isoformat()
    ('2026-03-01T23:59:59.999000+00:00', '2026-03-01T00:00:00+00:00')
    """
    from qms.errors import RecordError

    try:
        if len(words) == len("2026-03-01"):
            hour = time.min if begin else time(23, 59, 59, 999_000)
            moment = datetime.combine(date.fromisoformat(words), hour, UTC)
        else:
            moment = datetime.fromisoformat(words)
    except ValueError as error:
        raise RecordError(
            f"{words!r} is neither a day nor a time. Write 2026-03-01 or 2026-03-01T09:00+01:00."
        ) from error
    if moment.tzinfo is None:
        raise RecordError(f"The time {words} has no time zone. Give one, such as 2026-03-01T09:00+01:00.")
    check_year(moment)
    return moment.astimezone(UTC)


def read_day(words: str, today: date | None = None) -> date:
    """Return a day; the word ``today`` is one where it is said which day that is.

    Raises
    ------
    RecordError
        If it is none.
    """
    from qms.command.entry import TODAY
    from qms.errors import RecordError

    if words == TODAY and today is not None:
        return today
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise RecordError(f"{words!r} is not a day. Write it as 2026-03-01.") from error


def check_year(day: date) -> None:
    """Refuse a day that nobody can mean, as `qms.record.Day` does.

    Raises
    ------
    RecordError
        If it is not between the years 1900 and 2199.
    """
    from qms.errors import RecordError

    if day.year not in YEARS:
        raise RecordError(f"A day here is between the years {YEARS[0]} and {YEARS[-1]}; found {day}.")


def _put_words(desk: Desk, record: Record) -> None:
    from qms.command.terminal import put, put_table
    from qms.command.wording import Wording

    words = Wording(desk, record)
    today = desk.store.now().date()
    put(f"{record.ref}: {words.title(record)}")
    state = f", {record.status}" if record.status else ""
    put(f"{record.kind} of {record.unit}{state}; version {record.version} of {words.word(record.updated)}")
    put()
    rows: list[tuple[Any, ...]] = [(label, said) for label, said in words.lines(record) if said]
    for each in sorted(record.deadlines(), key=lambda each: each.on):
        late = " OVERDUE" if each.on < today else ""
        rows.append((f"deadline: {each.what}", f"{each.on}{late}"))
    if rows:
        put_table((), rows)
    put(f"id {record.id}")
