"""A copy of a store, as a text folder or a backup holds it, checked while it is read.

Whoever made it is not trusted: every name must be one of an export, every text has a limit, the chain of events
must hold, and what every record and attached file says must be what the ledger and its name say.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, BinaryIO, NamedTuple

from pydantic import ValidationError

from qms.attachments import LARGEST_BYTES
from qms.errors import ExchangeError, QmsError, described
from qms.exchange.checkpoint import Checkpoint, read_checkpoint
from qms.exchange.source import Source
from qms.exchange.text_folder import (
    BLOCK,
    CHECKPOINTS,
    EVENTS_PER_FILE,
    FILE_NAME,
    LARGEST_LINE,
    LEDGER_NAME,
    LINE,
    MANIFEST,
    RECORD_NAME,
    Manifest,
    file_name,
)
from qms.ledger import FIELDS, Chain, Head
from qms.record import attachments_in, canonical, is_id, sha256

LARGEST_MANIFEST = 1024**2
LARGEST_RECORD = 16 * 1024**2
MOST_MEMBERS = 2_000_000
AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
HASH = re.compile(r"[0-9a-f]{64}")
NAMES = (RECORD_NAME, LEDGER_NAME, FILE_NAME)
UPDATE = "Update forensic-ballistics."
DO = "Have it exported again, or take the copy from a backup."
ENDINGS = "a program, such as git or an editor, changed its line endings (to CRLF or CR)"
UNDO = (
    "Export it again and keep the .gitattributes that is written with it; in a clone that git changed, "
    "'git config core.autocrlf false' and a new checkout put it right."
)


class Entry(NamedTuple):
    """One event of the ledger of a copy: its columns, its canonical JSON and its fields."""

    seq: int
    record: str
    at: str
    body: str
    hash: str
    fields: Mapping[str, Any]


class State(NamedTuple):
    """One record of a copy: what its file says, and what the ledger says of it."""

    id: str
    kind: str
    name: str
    value: dict[str, Any]
    body: str
    version: int
    edited: bool


class StoreCopy:
    """A copy of a store whose layout is that of an export; what its files say is checked as they are read.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    manifest : Manifest
    records : dict of str to str
        Id of every record to the name of its file.
    files : frozenset of str
        SHA-256 of every attached file.

    Raises
    ------
    ExchangeError
        If a file is not one of an export, there are too many, or the manifest does not fit them.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        names = self._names()
        if MANIFEST not in names:
            raise self.error("", f"there is no {MANIFEST}", "Is this a text folder or a backup?")
        self.manifest = self._read_manifest()
        self.records: dict[str, str] = {}
        self._cited: dict[tuple[str, str], str] = {}
        kinds: Counter[str] = Counter()
        for name in names:
            found = RECORD_NAME.fullmatch(name)
            if found:
                if found[2] in self.records:
                    raise self.error(name, f"the same record stands in {self.records[found[2]]}")
                self.records[found[2]] = name
                kinds[found[1]] += 1
        self.files = frozenset(found[2] for name in names if (found := FILE_NAME.fullmatch(name)))
        self.ledger = tuple(name for name in names if LEDGER_NAME.fullmatch(name))
        self.has_checkpoints = CHECKPOINTS in names
        self._check_counts(kinds)

    @property
    def head(self) -> Head:
        """The head of the ledger."""
        return Head(self.manifest.head.seq, self.manifest.head.hash)

    def check_files(self) -> None:
        """Read all attached files and checkpoints.

        Raises
        ------
        ExchangeError
            At the first one that is not what it should be, or has another size than a record says that was read.
        """
        sizes = {}
        for digest in sorted(self.files):
            name = file_name(digest)
            found, sizes[digest] = self.hash_and_size(name, LARGEST_BYTES)
            if found != digest:
                if self._has_other_endings(name, digest):
                    raise self.error(name, ENDINGS, UNDO)
                raise self.error(name, "its bytes are not those that were kept")
        for (digest, size), name in self._cited.items():
            if digest in sizes and str(sizes[digest]) != size:
                what = f"it says that the attached file {digest[:16]} has {size} bytes; it has {sizes[digest]}"
                raise self.error(name, what)
        for _ in self.checkpoints():
            pass

    def entries(self, chain: Chain) -> Iterator[Entry]:
        """Yield all events in order, each after it was checked and followed by the chain."""
        for name in self.ledger:
            for where, text in self._lines(name):
                yield self._entry(chain, where, text)
        if chain.head != self.head:
            raise self.error(
                self.ledger[-1] if self.ledger else MANIFEST,
                f"the ledger ends with {chain.head.seq}:{chain.head.hash[:12]}, the manifest says "
                f"{self.head.seq}:{self.head.hash[:12]}",
            )

    def states(self, chain: Chain) -> Iterator[State]:
        """Yield every record, by kind and id; the chain has followed all events before."""
        missing = next(iter(chain.states.keys() - self.records.keys()), None)
        if missing is not None:
            what = f"the file of {chain.states[missing][0]} {missing} is not there; no record is ever deleted"
            raise self.error("records", what)
        for record, name in self.records.items():
            known = chain.states.get(record)
            kind = name.split("/")[1]
            if known is None or known[0] != kind:
                raise self.error(name, "the ledger knows no such record", "Add new records with the command qms.")
            value = self.value(name)
            body = self._canonical(name, value, known[2])
            self._cited |= {(str(each["sha256"]), str(each["size"])): name for each in attachments_in(value)}
            if value.get("id") != record:
                raise self.error(name, f"the record in it has the id {value.get('id')!r}", "Put back its id.")
            yield State(record, kind, name, value, body, known[1], sha256(body.encode()) != known[2])

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file; whatever goes wrong with it becomes an error that names it."""
        with self._explained(name), self.source.open(name) as stream:
            yield stream

    def hash_and_size(self, name: str, largest: int) -> tuple[str, int]:
        """Return the SHA-256 of a file that may have so many bytes, and how many it has."""
        digest, size = hashlib.sha256(), 0
        with self.opened(name) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                size += len(block)
                if size > largest:
                    raise self.error(name, f"it is larger than {largest} bytes")
        return digest.hexdigest(), size

    def text(self, name: str, largest: int) -> bytes:
        """Return the content of a file that may have so many bytes."""
        with self.opened(name) as stream:
            content = stream.read(largest + 1)
        if len(content) > largest:
            raise self.error(name, f"it is larger than {largest} bytes")
        return content

    def checkpoints(self) -> Iterator[tuple[Checkpoint, str]]:
        """Yield every checkpoint with its text."""
        if not self.has_checkpoints:
            return
        seen = set()
        for where, text in self._lines(CHECKPOINTS):
            try:
                found = read_checkpoint(text)
                if (found.seq, found.key) in seen:
                    raise ExchangeError("It stands there twice.")
            except ExchangeError as error:
                raise self.error(where, str(error).rstrip(".")) from error
            seen.add((found.seq, found.key))
            yield found, text.decode().rstrip("\n")

    def value(self, name: str) -> dict[str, Any]:
        """Return what the file of a record says, as JSON values."""
        return self._value(name, self.text(name, LARGEST_RECORD))

    def error(self, name: str, what: str, do: str = DO) -> ExchangeError:
        """Return the error that says what is wrong with one of the files, and what to do."""
        return ExchangeError(f"{self.source.place}: {name}: {what}. {do} Nothing was changed.")

    def _has_other_endings(self, name: str, digest: str) -> bool:
        with self.opened(name) as stream:
            lines = stream.read(LARGEST_RECORD).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return digest in (sha256(lines), sha256(lines.replace(b"\n", b"\r\n")))

    def _names(self) -> list[str]:
        names: dict[str, None] = {}
        for name in self.source.names():
            if name in names:
                raise self.error(name, "it is there twice")
            if name not in (MANIFEST, CHECKPOINTS) and not any(each.fullmatch(name) for each in NAMES):
                raise self.error(ascii(name)[:200], "this is not a file of an export", "Move it elsewhere.")
            names[name] = None
            if len(names) > MOST_MEMBERS:
                raise self.error(name, f"there are more than {MOST_MEMBERS} files")
        return sorted(names)

    def _check_counts(self, kinds: Counter[str]) -> None:
        if not self.manifest.complete:
            raise self.error(MANIFEST, "the export was broken off", "Export again; that completes it.")
        expected = range(1, -(-self.manifest.events // EVENTS_PER_FILE) + 1)
        if list(self.ledger) != [f"ledger/{number:06}.jsonl" for number in expected]:
            raise self.error("ledger", f"there are {len(self.ledger)} files and should be {len(expected)}")
        found = {"files": len(self.files), "records": dict(kinds), "events": self.manifest.head.seq}
        for name, number in found.items():
            if getattr(self.manifest, name) != number:
                raise self.error(MANIFEST, f"it says {name}: {getattr(self.manifest, name)}; there are {number}")
        if self.has_checkpoints != bool(self.manifest.checkpoints):
            raise self.error(MANIFEST, f"it says that there are {self.manifest.checkpoints} checkpoints")

    def _read_manifest(self) -> Manifest:
        value = self._value(MANIFEST, self.text(MANIFEST, LARGEST_MANIFEST))
        if value.get("format") == "qms text folder" and value.get("version") != 1:
            raise self.error(MANIFEST, f"it has the form {value.get('version')!r}, of a newer release", UPDATE)
        try:
            return Manifest.model_validate(value)
        except ValidationError as error:
            raise self.error(MANIFEST, described(error)) from error

    def _entry(self, chain: Chain, where: str, text: bytes) -> Entry:
        parts = LINE.fullmatch(text)
        if parts is None:
            raise self.error(where, "this is not an event with its hash")
        body, digest = parts[1].decode(), parts[2].decode()
        fields = self._value(where, parts[1])
        if not _is_event(fields):
            raise self.error(where, "this is not an event")
        if self._canonical(where, fields, sha256(parts[1])) != body:
            raise self.error(where, "the event is not written in the one way that is hashed (RFC 8785)")
        entry = Entry(fields["seq"], fields["record"], fields["at"], body, digest, fields)
        if not chain.follow(entry.seq, entry.record, entry.at, body, digest):
            raise self.error(where, str(chain.problem))
        return entry

    def _lines(self, name: str) -> Iterator[tuple[str, bytes]]:
        with self.opened(name) as stream:
            for number in count(1):
                line = stream.readline(LARGEST_LINE)
                if not line:
                    return
                where = f"{name}, line {number}"
                if b"\r" in line:
                    raise self.error(name, ENDINGS, UNDO)
                if not line.endswith(b"\n"):
                    raise self.error(where, f"the line is broken off, or longer than {LARGEST_LINE} bytes")
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    raise self.error(where, "this is not UTF-8") from error
                yield where, line

    def _value(self, where: str, text: bytes) -> dict[str, Any]:
        try:
            value = READER.decode(text.decode())
        except UnicodeDecodeError as error:
            raise self.error(where, "this is not UTF-8", "Save it as UTF-8.") from error
        except json.JSONDecodeError as error:
            place = f"{where}, line {error.lineno}" if "line" not in where else where
            raise self.error(place, f"this is not JSON ({error.msg})", "Correct it there.") from error
        except (ValueError, RecursionError) as error:
            raise self.error(where, f"this is not JSON ({error})", "Correct it.") from error
        if not isinstance(value, dict):
            raise self.error(where, "this is not a JSON object")
        return value

    def _canonical(self, where: str, value: dict[str, Any], digest: str) -> str:
        """Return the canonical JSON; that it has the expected hash shows that the quick way gave it."""
        try:
            body = QUICK_WRITER.encode(value)
            with suppress(UnicodeEncodeError):
                if sha256(body.encode()) == digest:
                    return body
            return canonical(value).decode()
        except (ValueError, RecursionError) as error:
            raise self.error(where, f"it holds a sign or a number that cannot be kept ({error})") from error

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except QmsError:
            raise
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            said = getattr(error, "strerror", None) or error
            raise self.error(name, f"it cannot be read ({said})") from error


def _is_event(fields: Mapping[str, Any]) -> bool:
    if fields.keys() != FIELDS or type(fields["seq"]) is not int or type(fields["version"]) is not int:
        return False
    if not isinstance(fields["patch"], list) or not all(map(_is_step, fields["patch"])):
        return False
    if not all(isinstance(fields[name], str) for name in FIELDS - {"seq", "version", "patch"}):
        return False
    known = AT.fullmatch(fields["at"]) and HASH.fullmatch(fields["state"]) and is_id(fields["record"])
    return bool(known) and fields["version"] < 2**31


def _is_step(step: object) -> bool:
    return isinstance(step, dict) and isinstance(step.get("at"), str) and step.keys() <= {"at", "old", "new"}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} stands there twice")
    return value


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


READER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_number)
QUICK_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
"""Writes canonical JSON, but for odd numbers and odd names of fields."""
