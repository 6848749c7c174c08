"""The commands for the memory of a store: check it, read it, go back in it, sign it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qms.command.desk import Desk, reads
from qms.command.exits import ExitCode
from qms.command.listing import Force

if TYPE_CHECKING:
    from qms.ledger import Event

app = typer.Typer(help="The memory of every change: check it, read it, go back in it.", no_args_is_help=True)

Ask = Annotated[
    bool, typer.Option("--passphrase", help="Ask for the passphrase of the key; or set QMS_PASSPHRASE.")
]

LATEST = 50
NOTHING = ("null", '""', "[]", "{}")
"""JSON of fields that say nothing."""


@app.command(epilog="Example: qms ledger verify --head 412:a4f19c03b7de --checkpoint signed.json")
@reads
def verify(
    desk: Desk,
    heads: Annotated[
        list[str] | None, typer.Option("--head", metavar="N:HASH", help="As a report printed it; may be repeated.")
    ] = None,
    checkpoints: Annotated[
        list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="Kept elsewhere; may be repeated.")
    ] = None,
    trusted: Annotated[
        list[str] | None,
        typer.Option("--trust", metavar="KEY", help="Public key; a checkpoint by it has to be there; repeat."),
    ] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Repeat every change too, as of a store from elsewhere.")
    ] = False,
) -> None:
    """Check every event, record, attached file and checkpoint; exit code 3 names the first broken event."""
    from qms.command.terminal import counting, put, put_json
    from qms.counting import counted
    from qms.exchange.checkpoint import check_checkpoints, contains_head, read_checkpoint
    from qms.ledger import Problem

    given = [read_checkpoint(_content(each)) for each in checkpoints or ()]
    with counting("Events") as show_progress:
        found = desk.store.verify(progress=show_progress, thorough=thorough)
    signed = check_checkpoints(desk.store, given, trusted=trusted or ())
    strange = [each for each in heads or () if not contains_head(desk.store, each)]
    problems = [*found.problems, *signed.problems]
    problems += [Problem(f"head {each}", "the ledger does not contain it and never did") for each in strange]
    notes = [*found.notes, *(signed.notes if signed.checked else ())]
    if desk.as_json:
        put_json(
            {
                "sound": not problems,
                "head": str(found.head),
                "records": found.records,
                "files": found.files,
                "checkpoints": signed.checked,
                "problems": [{"where": each.where, "what": each.what} for each in problems],
                "notes": notes,
            }
        )
    else:
        for problem in problems:
            put(f"Problem: {problem}")
        for note in notes:
            put(f"Note: {note}")
        counts = {
            "event": found.head.seq,
            "record": found.records,
            "attached file": found.files,
            "checkpoint": signed.checked,
        }
        said = ", ".join(counted(number, noun) for noun, number in counts.items())
        put(f"{'Not sound' if problems else 'Sound'}: {said}.")
        put(f"Head {found.head}")
    if problems:
        raise typer.Exit(ExitCode.PROBLEMS)


@app.command(epilog="Example: qms ledger key signer.pem --passphrase")
def key(
    place: Annotated[Path, typer.Argument(metavar="KEY.pem", help="Keep it away from the store.")],
    ask: Ask = False,
) -> None:
    """Make a key to sign checkpoints with, and print its public half."""
    from qms.command.terminal import put, say
    from qms.exchange.checkpoint import new_key

    put(new_key(place, passphrase=_passphrase(ask, new=True)))
    say("Publish this public half, so that others can check; never the file.")


@app.command(epilog="Example: qms ledger checkpoint signer.pem signed.json")
@reads
def checkpoint(
    desk: Desk,
    signer: Annotated[Path, typer.Argument(metavar="KEY.pem", help="As 'qms ledger key' made it.")],
    out: Annotated[
        Path | None, typer.Argument(metavar="[OUT.json]", help="Where to write it; printed if left out.")
    ] = None,
    ask: Ask = False,
    force: Force = False,
) -> None:
    """Sign the head of the ledger; kept elsewhere, it shows that nothing before was changed or cut off."""
    from qms.command.output import check_input, check_output, write_output
    from qms.command.terminal import put_json, say
    from qms.exchange.checkpoint import read_key, sign_checkpoint
    from qms.record import canonical, plain

    if out is not None:
        check_output(out, overwrite=force)
    signed = sign_checkpoint(desk.store, read_key(check_input(signer), passphrase=_passphrase(ask)))
    if out is None:
        put_json(plain(signed))
    else:
        write_output(out, canonical(plain(signed)), overwrite=force)
        say(f"Event {signed.seq} is signed in {out}. Keep it elsewhere.")


@app.command(epilog="Example: qms ledger head")
@reads
def head(desk: Desk) -> None:
    """Print number and hash of the last event; written down elsewhere, it shows that nothing before changed."""
    from qms.command.terminal import put, put_json

    last = desk.store.head()
    if desk.as_json:
        put_json({"seq": last.seq, "hash": last.hash})
    else:
        put(str(last))


@app.command(epilog="Example: qms ledger log NC-2026-014 --changes")
@reads
def log(
    desk: Desk,
    record: Annotated[str | None, typer.Argument(metavar="[REFERENCE]", help="One record only.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="A day or a time.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="A day or a time.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The last so many.")] = LATEST,
    changes: Annotated[bool, typer.Option("--changes", help="Print what each field was and became.")] = False,
) -> None:
    """Print who changed what, when and why, oldest first."""
    from qms.command.terminal import put, put_json, put_table, say

    events = _events(desk, record, since, until, limit)
    if desk.as_json:
        put_json([{name: getattr(each, name) for name in each.__slots__} for each in events])
        return
    if not events:
        say("Nothing was changed then.")
        return
    held = desk.records([each.record for each in events] + [each.by for each in events])
    named = {key: each.ref for key, each in held.items()}
    who = [named.get(each.by, each.by) for each in events]
    what = [f"{each.kind} {named.get(each.record, each.record)}" for each in events]
    if not changes:
        rows = [
            (each.seq, each.at[:16].replace("T", " "), by, each.act, of, each.why)
            for each, by, of in zip(events, who, what, strict=True)
        ]
        put_table(("Event", "UTC", "Who", "Act", "Record", "Why"), rows, right=(0,))
        return
    for each, by, of in zip(events, who, what, strict=True):
        put(f"{each.seq}  {each.at}  {by}  {each.act} {of}{'  ' if each.why else ''}{each.why}")
        for line in _patch(each):
            put(f"    {line}")


@app.command("as-of", epilog="Example: qms ledger as-of NC-2026-014 2026-03-01")
@reads
def as_of(
    desk: Desk,
    record: Annotated[str, typer.Argument(metavar="REFERENCE", help="Reference or id.")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="The end of that day, or a time with its zone.")],
) -> None:
    """Show any record as it was on a day, rebuilt from the ledger."""
    from qms.command.showing import show_past

    show_past(desk, desk.record(record), day)


def _passphrase(ask: bool, *, new: bool = False) -> str:
    given = os.environ.get("QMS_PASSPHRASE", "")
    if given or not ask:
        return given
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True))


def _content(source: Path) -> bytes:
    from qms.errors import UnknownError

    try:
        return source.read_bytes()
    except OSError as error:
        raise UnknownError(f"{source} cannot be read ({error.strerror or error}). Check its name.") from error


def _events(desk: Desk, record: str | None, since: str | None, until: str | None, limit: int) -> list[Event]:
    from qms.command.showing import read_moment
    from qms.search import check_limit

    check_limit(limit)
    begin = read_moment(since, begin=True) if since else None
    end = read_moment(until) if until else None
    if record is None:
        return desk.store.log(since=begin, until=end, limit=limit)
    events = desk.store.history(desk.record(record).id)
    fitting = [each for each in events if (not begin or each.moment >= begin) and (not end or each.moment <= end)]
    return fitting[-limit:]


def _patch(event: Event) -> list[str]:
    lines = []
    for each in event.patch:
        old, new = (json.dumps(each.get(name), ensure_ascii=False) for name in ("old", "new"))
        if each["at"] in ("/version", "/updated") or ("old" not in each and new in NOTHING):
            continue
        lines.append(
            f"{each['at'][1:]}: {f'{old} -> ' if 'old' in each else ''}{new if 'new' in each else 'gone'}"
        )
    return lines
