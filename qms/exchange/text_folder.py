"""A store as a folder of text that git can follow: the same store always gives the same bytes.

::

    manifest.json                    what the folder is, the head of the ledger, how many of what
    ledger/000001.jsonl              a thousand events each: canonical JSON, one event with its hash a line
    records/finding/01J....json      a record as it is now: sorted keys, one field a line, real letters
    files/3f/3fa4...                 attached files under their SHA-256
    checkpoints.jsonl                signed heads, if there are any
    .gitattributes                   tells git to leave line endings alone; one that is there stays as it is

Anything else at the top, such as ``.git`` or a readme, is left alone and not read. While the folder is written
its manifest says so; what was broken off there is refused by an import and completed by the next export.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field
from sqlalchemy import Connection, Row, select

from qms import schema
from qms.database import reading
from qms.errors import ExchangeError, StoreError
from qms.exchange.checkpoint import hash_at, kept_checkpoints
from qms.keeping import read_head
from qms.ledger import Chain, kept_bytes, read_event
from qms.record import ID_PATTERN, Part, Sha256, attachments_in, canonical, sha256

if TYPE_CHECKING:
    from qms.store import Store

EVENTS_PER_FILE = 1000
ROWS_AT_ONCE = 5000
BLOCK = 1024**2
MANIFEST = "manifest.json"
CHECKPOINTS = "checkpoints.jsonl"
ATTRIBUTES = ".gitattributes"
NO_CONVERSION = b"* -text\n"
RECORD_NAME = re.compile(rf"records/([a-z][a-z0-9_-]{{0,39}})/({ID_PATTERN})\.json")
LEDGER_NAME = re.compile(r"ledger/([0-9]{6})\.jsonl")
FILE_NAME = re.compile(r"files/([0-9a-f]{2})/(\1[0-9a-f]{62})")
LINE = re.compile(rb'\{"event":(\{.*\}),"hash":"([0-9a-f]{64})"\}\n')
LARGEST_LINE = 32 * 1024**2
PART_NAME = re.compile(r"\.[0-9a-f]{16}\.part")
OWN = ("records", "ledger", "files", MANIFEST, CHECKPOINTS)
"""What of a folder is the export; the rest is somebody else's."""


class HeadMark(Part):
    """The head of a ledger as the manifest says it."""

    seq: Annotated[int, Field(ge=0, lt=2**53)]
    hash: Sha256


class Manifest(Part):
    """What a text folder or a backup is.

    Attributes
    ----------
    format, version
        Of the folder, not of the release that wrote it.
    complete : bool
        False while it is being written.
    head : HeadMark
    events, files, checkpoints : int
    records : dict of str to int
        By kind.
    """

    format: Literal["qms text folder"] = "qms text folder"
    version: Literal[1] = 1
    complete: bool
    head: HeadMark
    events: Annotated[int, Field(ge=0)] = 0
    records: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    files: Annotated[int, Field(ge=0)] = 0
    checkpoints: Annotated[int, Field(ge=0)] = 0


class Member(NamedTuple):
    """One file of the folder: its name and what is in it, or where that can be copied from."""

    name: str
    content: bytes | Path


class Written(NamedTuple):
    """What an export wrote.

    Attributes
    ----------
    manifest : Manifest
    changed, removed : int
        Files that were written because they were not there or different, and that were removed.
    """

    manifest: Manifest
    changed: int
    removed: int


def write_folder(store: Store, folder: str | Path, *, force: bool = False) -> Written:
    """Write a store into a folder, or bring an earlier export of the same store up to date.

    Parameters
    ----------
    store : Store
    folder : str or Path
        Made if it is not there.
    force : bool
        Write even over the export of another store, over records edited by hand, or beside files of somebody else.

    Returns
    -------
    Written

    Raises
    ------
    StoreError
        If the folder holds something else or edits that were not imported, or cannot be written.
    ExchangeError
        If the store is not sound; run `Store.verify` then.

    Notes
    -----
    Only files whose content changed are written, each under another name first. Only files that have the names of
    an export are ever replaced or removed.
    """
    folder = Path(folder)
    with reading(store.engine) as connection, _explained(folder):
        _check_target(connection, folder, force)
        folder.mkdir(exist_ok=True)
        begun = Manifest(complete=False, head=HeadMark(**read_head(connection)._asdict()))
        writer = _Writer(folder, manifest_text(begun))
        if not os.path.lexists(folder / ATTRIBUTES):
            writer.put(Member(ATTRIBUTES, NO_CONVERSION))
        with closing(members(store, connection)) as found:
            for member in found:
                if member.name == MANIFEST:
                    writer.remove_others()
                writer.put(member)
    assert isinstance(member.content, bytes)
    return Written(Manifest.model_validate_json(member.content), writer.changed, writer.removed)


def members(store: Store, connection: Connection) -> Generator[Member, None, None]:
    """Yield all files of an export in order, the manifest last; the chain and every record are checked on the way.

    Raises
    ------
    ExchangeError
        If the store is not sound.
    """
    chain = Chain()
    lines = _ledger_lines(connection, chain)
    for number in count(1):
        part = b"".join(islice(lines, EVENTS_PER_FILE))
        if not part:
            break
        yield Member(f"ledger/{number:06}.jsonl", part)
    files = list(store.files.digests())
    kinds: Counter[str] = Counter()
    for row in _record_rows(connection):
        name = f"records/{row.kind}/{row.id}.json"
        known = chain.states.pop(row.id, None)
        if known is None or known[2] != sha256(kept_bytes(row.body)) or RECORD_NAME.fullmatch(name) is None:
            raise unsound(f"{row.kind} {row.ref} is not what the ledger says it is")
        kinds[row.kind] += 1
        value = json.loads(row.body)
        for each in attachments_in(value):
            size = store.files.size(each["sha256"])
            if size != each["size"]:
                what = "is not there" if size is None else f"has {size} bytes and not {each['size']}"
                raise unsound(f"the attached file {each['name']} of {row.kind} {row.ref} {what}")
        yield Member(name, record_text(value))
    if chain.states:
        raise unsound(f"the record {next(iter(chain.states))} of the ledger is not there")
    for digest in files:
        yield Member(file_name(digest), store.files.place(digest))
    signed = kept_checkpoints(connection)
    if signed:
        yield Member(CHECKPOINTS, "".join(f"{each}\n" for each in signed).encode())
    manifest = Manifest(
        complete=True,
        head=HeadMark(**chain.head._asdict()),
        events=chain.head.seq,
        records=dict(kinds),
        files=len(files),
        checkpoints=len(signed),
    )
    yield Member(MANIFEST, manifest_text(manifest))


def file_name(digest: str) -> str:
    """Return the name of an attached file in the folder."""
    return f"files/{digest[:2]}/{digest}"


def record_text(value: object) -> bytes:
    """Return a record, as JSON values, as its file says it."""
    return f"{json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)}\n".encode()


def manifest_text(manifest: Manifest) -> bytes:
    """Return a manifest as its file says it."""
    return record_text(manifest.model_dump(mode="json"))


def _ledger_lines(connection: Connection, chain: Chain) -> Iterator[bytes]:
    event = schema.event
    query = select(event.c.seq, event.c.record, event.c.at, event.c.body, event.c.hash).order_by(event.c.seq)
    with connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query) as rows:
        for seq, record, at, body, digest in rows:
            if not chain.follow(seq, record, at, body, digest):
                raise unsound(str(chain.problem))
            yield b'{"event":%b,"hash":"%b"}\n' % (body.encode(), digest.encode())


def _record_rows(connection: Connection) -> Iterator[Row[str, str, str, str]]:
    held = schema.record
    query = select(held.c.id, held.c.kind, held.c.ref, held.c.body).order_by(held.c.kind, held.c.id)
    with connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query) as rows:
        yield from rows


def unsound(what: str) -> ExchangeError:
    """Return the error that says what is wrong with a store that should be exported."""
    return ExchangeError(
        f"The store is not sound: {what}. Nothing complete was exported. Run 'qms ledger verify' and restore the "
        "last backup."
    )


class _Writer:
    """Writes what changed; the first time it does, the manifest says that the folder is not complete."""

    def __init__(self, folder: Path, begun: bytes) -> None:
        self.folder = folder
        self.begun = begun
        self.names: set[str] = set()
        self.checked = {folder}
        self.changed = 0
        self.removed = 0

    def put(self, member: Member) -> None:
        place = self.folder / member.name
        self.names.add(member.name)
        self._check_way(place)
        if not _is_there(place, member.content):
            self._mark()
            self._write(place, member.content)
            self.changed += member.name != MANIFEST

    def remove_others(self) -> None:
        """Remove files of an earlier export, or of one that was broken off, that are not of this one."""
        for name in _own_files(self.folder):
            known = RECORD_NAME.fullmatch(name) or LEDGER_NAME.fullmatch(name) or FILE_NAME.fullmatch(name)
            if name not in self.names and (known or name == CHECKPOINTS or PART_NAME.fullmatch(Path(name).name)):
                self._mark()
                (self.folder / name).unlink()
                self.removed += 1

    def _check_way(self, place: Path) -> None:
        while place not in self.checked:
            if place.is_symlink():
                raise StoreError(
                    f"{place} is a link to somewhere else; nothing is written there. Remove the link."
                )
            if place.is_dir():
                self.checked.add(place)
            place = place.parent

    def _mark(self) -> None:
        if self.begun:
            self._write(self.folder / MANIFEST, self.begun)
            self.begun = b""

    def _write(self, place: Path, content: bytes | Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as out:
                if isinstance(content, bytes):
                    out.write(content)
                else:
                    copy_file(content, out)
                if place.name == MANIFEST:
                    out.flush()
                    os.fsync(out.fileno())
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)


def _is_there(place: Path, content: bytes | Path) -> bool:
    if not place.is_file():
        return False
    if isinstance(content, bytes):
        return place.stat().st_size == len(content) and place.read_bytes() == content
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == place.name


def copy_file(source: Path, out: IO[bytes]) -> None:
    """Copy an attached file after its bytes are checked against its name.

    Raises
    ------
    ExchangeError
        If it is damaged or cannot be read.
    """
    digest = hashlib.sha256()
    with source.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != source.name or source.is_symlink():
        raise unsound(f"the attached file {source.name[:16]} is damaged")


def _own_files(folder: Path) -> Iterator[str]:
    for top in OWN:
        place = folder / top
        if place.is_symlink() or not place.exists():
            continue
        if place.is_file():
            yield top
            continue
        for root, folders, names in os.walk(place):
            folders.sort()
            for name in sorted(names):
                yield (Path(root) / name).relative_to(folder).as_posix()


def _check_target(connection: Connection, folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file. Name a folder for the export.")
    if not folder.parent.is_dir():
        raise StoreError(f"There is no folder {folder.parent}. Make it, or choose another place.")
    if force or not folder.exists() or all(each.name.startswith(".") for each in folder.iterdir()):
        return
    try:
        head = Manifest.model_validate_json((folder / MANIFEST).read_bytes()).head
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{folder} holds something else than an export of a store. Name an empty folder, or allow it with "
            "--force."
        ) from error
    if hash_at(connection, head.seq) != head.hash:
        raise StoreError(
            f"{folder} holds the export of another store, or of a newer copy of this one (head {head.seq}:"
            f"{head.hash[:12]}). Import it first, name another folder, or allow it with --force."
        )
    for name in _own_files(folder):
        found = RECORD_NAME.fullmatch(name)
        if found and not _is_known(connection, folder / name, found[2]):
            raise StoreError(
                f"{folder / name} was edited by hand and not imported; it would be lost. Import the folder first, "
                "or allow it with --force."
            )


def _is_known(connection: Connection, place: Path, record: str) -> bool:
    """Return whether a file says what its record says, or said once."""
    text = place.read_bytes()
    held, event = schema.record, schema.event
    body = connection.execute(select(held.c.body).where(held.c.id == record)).scalar()
    if body is not None and record_text(json.loads(body)) == text:
        return True
    try:
        state = sha256(canonical(json.loads(text)))
    except (ValueError, RecursionError):
        return False
    bodies = connection.execute(select(event.c.body).where(event.c.record == record)).scalars()
    return any(read_event(each).state == state for each in bodies)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"{folder} cannot be written ({error.strerror or error}). What is there is not complete; export again."
        ) from error
