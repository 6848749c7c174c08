"""The commands for objective evidence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qms.command.desk import TYPED, Desk, reads, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Reference, Settings, Source, add_advance, add_edit

if TYPE_CHECKING:
    from qms.change import Change
    from qms.record import Record

app = typer.Typer(
    help="Objective evidence: asked for, supplied, judged, linked to what it bears on.", no_args_is_help=True
)

Title = Annotated[str, typer.Argument(metavar="TITLE", help="What it is.")]
Type = Annotated[
    str, typer.Option("--type", help="record, document, photo, interview, observation, data or link.")
]
Owner = Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who keeps it current.")]
Links = Annotated[
    list[str] | None, typer.Option("--for", metavar="RECORD", help="A record that it bears on; may be repeated.")
]
Note = Annotated[str, typer.Option("--note", help="Kept with it.")]
Place = Annotated[str, typer.Argument(metavar="FILE|URL", help="A file to keep, or an address.")]
Target = Annotated[str, typer.Argument(metavar="RECORD", help="Reference or id of what it bears on.")]


@app.command(
    epilog="Example: qms evidence add 'Swab log, first quarter' log.pdf --type record --from-day 2026-01-01 "
    "--to-day 2026-03-31 --for NC-2026-014"
)
@writes
def add(
    desk: Desk,
    title: Title,
    place: Place,
    type_: Type = "record",
    begin: Annotated[
        str | None, typer.Option("--from-day", metavar="DATE", help="First day that it speaks for.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to-day", metavar="DATE", help="Last day that it speaks for.")
    ] = None,
    expires: Annotated[str | None, typer.Option("--expires", metavar="DATE", help="Last day it counts.")] = None,
    confidentiality: Annotated[
        str | None, typer.Option("--confidentiality", help="public, internal, confidential or restricted.")
    ] = None,
    owner: Owner = None,
    links: Links = None,
    note: Note = "",
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Keep evidence that is there, with its file or address."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record
    from qms.evidence.evidence import collect

    said = gathered(
        settings,
        source,
        type=type_,
        title=title,
        owner=owner,
        effective_from=begin,
        effective_to=end,
        expires=expires,
        confidentiality=confidentiality,
        links=links,
    )

    def keep(change: Change, record: Any) -> Record:
        return collect(change, record, **_where(place), note=note)

    add_record(desk, "evidence", said, keep=keep)


@app.command(
    epilog="Example: qms evidence request 'Training records' --owner b.leka --due 2026-06-01 --for NC-2026-014"
)
@writes
def request(
    desk: Desk,
    title: Title,
    owner: Annotated[str, typer.Option("--owner", metavar="PERSON", help="Who is asked for it.")],
    due: Annotated[str, typer.Option("--due", metavar="DATE", help="By when, such as 2026-06-01.")],
    type_: Type = "record",
    links: Links = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Ask somebody for evidence."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    said = gathered(settings, source, type=type_, title=title, owner=owner, due=due, links=links)
    add_record(desk, "evidence", said)


@app.command(epilog="Example: qms evidence attach EV-2026-007 records.zip --note 'as exported on Monday'")
@writes
def attach(desk: Desk, record: Reference, place: Place, note: Note = "") -> None:
    """Supply what was asked for, or a newer state of it; it is judged anew then."""
    from qms.command.terminal import put
    from qms.evidence.evidence import Evidence, supply

    evidence = desk.store.get(Evidence, record, unit=desk.unit)
    with desk.change() as change:
        kept = supply(change, evidence, **_where(place), note=note)
    put(f"{kept.ref} is {kept.status}; revision {len(kept.revisions)}.")


@app.command(epilog="Example: qms evidence link EV-2026-007 NC-2026-014 --note 'shows that bags were open'")
@writes
def link(desk: Desk, record: Reference, target: Target, note: Note = "") -> None:
    """Say that evidence bears on a record; the link remembers what that says now."""
    from qms.command.terminal import put
    from qms.counting import counted
    from qms.evidence.evidence import Evidence

    evidence = desk.store.get(Evidence, record, unit=desk.unit)
    with desk.change() as change:
        new = change.link(desk.record(target), note=note)
        others = tuple(each for each in evidence.links if each.target != new.target)
        kept = change.save(evidence.revised(links=(*others, new)))
    put(f"{kept.ref} bears on {counted(len(kept.links), 'record')}.")


@app.command(epilog="Example: qms evidence fetch EV-2026-007 desktop")
@reads
def fetch(
    desk: Desk,
    record: Reference,
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to put them.")] = Path(),
) -> None:
    """Copy the files that any record cites out of the store, after checking that they are what was kept.

    Files of one name, such as two revisions, get the beginning of their SHA-256 in front.
    """
    from qms.command.terminal import put, put_json
    from qms.errors import UnknownError
    from qms.record import Attachment, attachments_in, plain

    found = desk.record(record)
    cited = {each["sha256"]: Attachment.model_validate(each) for each in attachments_in(plain(found))}
    if not cited:
        raise UnknownError(f"{found.ref} cites no file that is kept here.")
    folder.mkdir(parents=True, exist_ok=True)
    often = Counter(each.name.casefold() for each in cited.values())
    for each in cited.values():
        alike = often[each.name.casefold()] > 1
        place = folder / (f"{each.sha256[:12]} {each.name}" if alike else each.name)
        desk.store.files.copy(each, place)
        if not desk.as_json:
            put(str(place))
    if desk.as_json:
        put_json([plain(each) for each in cited.values()])


@app.command(epilog="Example: qms evidence suspect NC-2026-014")
@reads
def suspect(
    desk: Desk,
    record: Annotated[str | None, typer.Argument(metavar="[REFERENCE]", help="Links of one record only.")] = None,
) -> None:
    """List every link whose target changed since somebody last looked, of all kinds of records, and why."""
    from qms.command.terminal import put, put_json, say
    from qms.suspicion import suspect_links, suspects

    found = suspect_links(desk.store, desk.record(record)) if record else suspects(desk.store, unit=desk.unit)
    if desk.as_json:
        put_json(
            [
                {
                    "record": each.source.ref,
                    "target": each.target.ref,
                    "seen": each.link.seen,
                    "reasons": list(map(str, each.reasons)),
                }
                for each in found
            ]
        )
    elif not found:
        say("No link is suspect.")
    else:
        for each in found:
            put(f"{each.source.ref} -> {each.target.ref}")
            for reason in each.reasons:
                put(f"  {reason}")


@app.command(epilog="Example: qms evidence confirm NC-2026-014 EV-2026-007 --why 'the new log shows the same'")
@writes
def confirm(desk: Desk, record: Reference, target: Target) -> None:
    """Say that a suspect link of any record still holds, and why."""
    from qms.command.terminal import put
    from qms.errors import UnknownError
    from qms.suspicion import links_in, reconfirm

    source, wanted = desk.record(record), desk.record(target)
    links = [each for each in links_in(source) if each.target == wanted.id]
    if not links:
        typed = TYPED.get(source.kind, source.kind)
        raise UnknownError(f"{source.ref} has no link to {wanted.ref}. 'qms {typed} show' prints its links.")
    with desk.change() as change:
        for each in dict.fromkeys(links):
            source = reconfirm(change, source, each, desk.why)
    put(f"{source.ref} -> {wanted.ref} holds.")


def _amend(change: Change, evidence: Any) -> Record:
    from qms.evidence.evidence import amend

    return amend(change, evidence)


def _where(place: str) -> dict[str, Any]:
    return {"url": place} if place.startswith(("http://", "https://")) else {"source": Path(place)}


add_list(app, "evidence", ("type", "effective_from", "effective_to", "expires"))
add_show(app, "evidence", "EV-2026-007")
add_advance(app, "evidence", "EV-2026-007 accept --by c.marku")
add_edit(app, "evidence", "EV-2026-007 --set expires=2027-03-31 --why 'kept for a year'", keep=_amend)
