"""The commands for controlled documents, their revisions and who has read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qms.command.desk import Desk, reads, writes
from qms.command.listing import Filters, add_list, find_records
from qms.command.showing import AsOf, show_past, show_record
from qms.command.steps import Reference, Settings, Source, add_advance, add_edit

if TYPE_CHECKING:
    from qms.change import Change
    from qms.documents.document import Document
    from qms.documents.revision import Revision, SectionMark
    from qms.record import Record

app = typer.Typer(help="Controlled documents, their revisions and who has read them.", no_args_is_help=True)

BOTH = "document or revision"
READABLE = (".docx", ".pdf", ".md", ".markdown")

File = Annotated[Path, typer.Argument(metavar="FILE", help="DOCX, PDF or Markdown.")]
Unread = Annotated[bool, typer.Option("--no-sections", help="Do not read sections, as of a scan.")]


@app.command(epilog="Example: qms document add 'Sealing of exhibits' --type SOP --owner b.leka --tell a.hoxha")
@writes
def add(
    desk: Desk,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Title on the master list.")],
    type_: Annotated[
        str, typer.Option("--type", help="policy, manual, SOP, 'work instruction', form or external.")
    ],
    owner: Annotated[str, typer.Option("--owner", metavar="PERSON", help="Who keeps it current.")],
    ref: Annotated[
        str | None, typer.Option("--ref", help="Such as SOP-012; the next free one if left out.")
    ] = None,
    review: Annotated[int | None, typer.Option("--review-months", help="How often it is reviewed.")] = None,
    tell: Annotated[
        list[str] | None, typer.Option("--tell", metavar="PERSON", help="Has to read it; may be repeated.")
    ] = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Put a document on the master list; 'revise' gives it its words."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    said = gathered(
        settings,
        source,
        ref=ref,
        type=type_,
        title=title,
        owner=owner,
        review_every_months=review,
        distribution=tell,
    )
    add_record(desk, "document", {"language": desk.tongue(), **said})


@app.command(
    epilog="Example: qms document revise SOP-012 sealing.docx --summary 'Numbered seals' --reviewer a.hoxha "
    "--approver c.marku --effective 2026-07-01"
)
@writes
def revise(
    desk: Desk,
    document: Reference,
    file: File,
    summary: Annotated[str, typer.Option("--summary", help="What is new and why.")],
    reviewer: Annotated[str, typer.Option("--reviewer", metavar="PERSON", help="Who reviews it.")],
    approver: Annotated[str, typer.Option("--approver", metavar="PERSON", help="Who approves it.")],
    change_class: Annotated[str, typer.Option("--class", help="editorial, minor or major.")] = "major",
    effective: Annotated[
        str | None, typer.Option("--effective", metavar="DATE", help="From when it shall hold.")
    ] = None,
    translates: Annotated[
        str | None, typer.Option("--translates", metavar="REVISION", help="The master; say --language too.")
    ] = None,
    no_sections: Unread = False,
) -> None:
    """Draft the next revision of a document from a file."""
    from qms.command.output import check_input
    from qms.command.showing import read_day
    from qms.command.terminal import put
    from qms.documents.control import draft, section_marks
    from qms.documents.document import Document
    from qms.record import Text

    held = desk.store.get(Document, document, unit=desk.unit)
    language = (desk.language or held.language) if translates else held.language
    marks = section_marks(check_input(file)) if not no_sections else ()
    with desk.change() as change:
        revision = draft(
            change,
            held,
            file,
            change_summary=Text.of(summary, desk.tongue(held.unit)),
            reviewer=desk.somebody(reviewer).id,
            approver=desk.somebody(approver).id,
            language=language,
            master=desk.record(translates, "revision").id if translates else None,
            change_class=change_class,  # type: ignore[arg-type]
            effective=read_day(effective, desk.store.now().date()) if effective else None,
            sections=marks,
        )
    put(revision.ref)


@app.command(epilog="Example: qms document redraft SOP-012.sq.r3 sealing.docx --why 'as the reviewer asked'")
@writes
def redraft(
    desk: Desk,
    record: Annotated[str, typer.Argument(metavar="REVISION", help="A draft, such as SOP-012.sq.r3.")],
    file: File,
    no_sections: Unread = False,
) -> None:
    """Put another file in the place of that of a draft."""
    from qms.command.output import check_input
    from qms.command.terminal import put
    from qms.documents.control import redraft as replace
    from qms.documents.control import section_marks
    from qms.documents.revision import Revision

    revision = desk.store.get(Revision, record, unit=desk.unit)
    marks = section_marks(check_input(file)) if not no_sections else ()
    with desk.change() as change:
        kept = replace(change, revision, file, sections=marks)
    put(f"{kept.ref} is at version {kept.version}.")


@app.command(epilog="Example: qms document show SOP-012, or one revision: qms document show SOP-012.sq.r3")
@reads
def show(desk: Desk, record: Reference, as_of: AsOf = None) -> None:
    """Show a document with its revisions, how translations lag and who has not read it; or one revision."""
    from qms.documents.document import Document

    found = _found(desk, record)
    if as_of is not None:
        show_past(desk, found, as_of)
        return
    show_record(desk, found)
    if isinstance(found, Document) and not desk.as_json:
        _put_control(desk, found)


@app.command(epilog="Example: qms document receipt SOP-012.sq.r3 --by b.leka --file sealing.pdf")
@writes
def receipt(
    desk: Desk,
    record: Annotated[str, typer.Argument(metavar="REVISION", help="Such as SOP-012.sq.r3.")],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="What you read, to be compared with what is kept."),
    ] = None,
) -> None:
    """Sign that you, who say --by, have read and understood a revision."""
    from qms.command.terminal import put
    from qms.documents.receipts import sign
    from qms.documents.revision import Revision

    revision = desk.store.get(Revision, record, unit=desk.unit)
    digest = _digest(file) if file else revision.attachment.sha256
    with desk.change() as change:
        kept = sign(change, revision, sha256=digest)
    put(kept.ref)


@app.command(epilog="Example: qms document sections sealing.docx")
@reads
def sections(
    desk: Desk,
    what: Annotated[str, typer.Argument(metavar="REVISION|FILE", help="A revision, or a file before it is kept.")],
) -> None:
    """List the sections of a revision or of a file, with the hash of the words of each."""
    from qms.command.terminal import put_json, put_table, say
    from qms.record import plain

    marks = _marks(desk, what)
    if desk.as_json:
        put_json([plain(each) for each in marks])
    elif not marks:
        say(f"{what} has no sections.")
    else:
        rows = [(each.number, each.heading, each.level, each.sha256[:12]) for each in marks]
        put_table(("Number", "Heading", "Level", "SHA-256"), rows)


@app.command(epilog="Example: qms document compare SOP-012.sq.r2 SOP-012.sq.r3")
@reads
def compare(
    desk: Desk,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A revision or a file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A revision or a file.")],
    every: Annotated[bool, typer.Option("--all", help="List sections that are the same, too.")] = False,
) -> None:
    """Say what became of every section between two revisions or files."""
    from qms.command.terminal import put, put_json, say
    from qms.documents.redline import section_changes
    from qms.record import plain

    changes = [
        each
        for each in section_changes(_marks(desk, old), _marks(desk, new))
        if every or desk.as_json or each.outcome != "same"
    ]
    if desk.as_json:
        put_json(
            [
                {
                    "outcome": each.outcome,
                    "old": plain(each.old) if each.old else None,
                    "new": plain(each.new) if each.new else None,
                }
                for each in changes
            ]
        )
    elif not changes:
        say("All sections are the same.")
    else:
        for each in changes:
            put(str(each))


def _found(desk: Desk, key: str) -> Document | Revision:
    """Return the document, or the revision where the key is like that of one."""
    from qms.documents.document import Document
    from qms.documents.revision import Revision
    from qms.errors import UnknownError
    from qms.record import is_id

    try:
        return desk.store.get(Document, key, unit=desk.unit)
    except UnknownError:
        if ".r" not in key and not is_id(key):
            raise
        return desk.store.get(Revision, key, unit=desk.unit)


def _marks(desk: Desk, what: str) -> tuple[SectionMark, ...]:
    """Return the sections of a file, if there is one of that name, or else of a revision."""
    from qms.command.output import check_input
    from qms.documents.control import section_marks
    from qms.documents.revision import Revision

    if Path(what).is_file() or Path(what).suffix.lower() in READABLE:
        return section_marks(check_input(Path(what)))
    return desk.store.get(Revision, what, unit=desk.unit).sections


def _put_control(desk: Desk, document: Document) -> None:
    from qms.command.terminal import put, put_table
    from qms.documents.control import revisions_of, translation_lag
    from qms.documents.receipts import unread

    revisions = revisions_of(desk.store, document)
    put()
    if revisions:
        tongue = desk.tongue(document.unit)
        rows = [
            (each.ref, each.status, each.effective or "", each.change_class, each.change_summary.best(tongue))
            for each in revisions
        ]
        put_table(("Revision", "Status", "Effective", "Class", "What is new"), rows)
    else:
        put("It has no revision yet.")
    for lag in translation_lag(desk.store, document):
        put(str(lag))
    missing = unread(desk.store, document)
    if missing:
        put(f"Not read by: {', '.join(each.name for each in missing)}")


def _take(change: Change, revision: Any, act: str, fields: dict[str, Any]) -> Record:
    from qms.documents.control import release
    from qms.documents.revision import Revision

    if isinstance(revision, Revision) and act == "release" and not fields.keys() - {"effective"}:
        return release(change, revision, on=fields.get("effective"))
    kept: Record = change.advance(revision, act, **fields)
    return kept


def _save(change: Change, record: Any) -> Record:
    from qms.documents.control import save_document
    from qms.documents.document import Document

    return save_document(change, record) if isinstance(record, Document) else change.save(record)


def _digest(file: Path) -> str:
    import hashlib

    from qms.errors import AttachmentError

    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise AttachmentError(f"{file} cannot be read ({error.strerror or error}). Check its name.") from error


def _in_force(desk: Desk, documents: Sequence[Any], filters: Filters) -> list[dict[str, Any]]:
    """Return what is in force of each document, when that is reviewed, and how far its translations are behind."""
    from qms.documents.control import lag_among
    from qms.documents.revision import Revision

    of: dict[str, list[Revision]] = {each.id: [] for each in documents}
    for each in find_records(desk, "revision", Filters(as_of=filters.as_of)):
        if isinstance(each, Revision) and each.document in of:
            of[each.document].append(each)
    today = (filters.as_of or desk.store.now()).date()
    told = []
    for each in documents:
        forced = (one for one in of[each.id] if (one.status, one.language) == ("effective", each.language))
        held = next(forced, None)
        review = held.review_due() if held else None
        late = " OVERDUE" if review and review < today else ""
        told.append(
            {
                "in_force": held.ref if held else "",
                "review_due": f"{review}{late}" if review else "",
                "translations_behind": {lag.language: lag.behind for lag in lag_among(each, of[each.id])},
            }
        )
    return told


def _with_late_revisions(desk: Desk, kind: str, filters: Filters) -> list[Record]:
    """Return the documents that fit; the deadlines of one are those of its revisions."""
    from qms.documents.revision import Revision

    if not filters.overdue:
        return find_records(desk, kind, filters)
    revisions = find_records(desk, "revision", Filters(overdue=True, as_of=filters.as_of))
    late = {each.document for each in revisions if isinstance(each, Revision)}
    every = find_records(desk, kind, replace(filters, overdue=False, limit=None))
    return [each for each in every if each.id in late][: filters.limit]


add_list(app, "document", ("type", "language"), find=_with_late_revisions, more=_in_force)
add_list(app, "revision", ("effective", "change_class"), name="revisions", command="document")
add_list(app, "receipt", ("person", "revision", "read_at"), name="receipts", command="document")
add_advance(app, "document", "SOP-012.sq.r3 approve --by c.marku", called=BOTH, find=_found, take=_take)
add_edit(app, "document", "SOP-012 --set owner=b.leka --why 'new duties'", called=BOTH, find=_found, keep=_save)
