"""Bringing a text folder or a backup into a store: the same store where it is empty, a merge by id elsewhere.

Record by record, what both sides had last in common (`qms.exchange.merge_base`) is the base of a three-way merge
(`qms.exchange.three_way`). All is written in one change. The part of the other ledger that is not in this one is
kept as an attached file, gzipped; the reason of the change names its hash, so that nothing of the history is
lost.

Limits
------
A record that was edited by hand in the folder counts as changed there by nobody and at no time. Where neither
ledger shows what was common, whatever differs is a conflict.
"""

from __future__ import annotations

import gzip
import io
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError
from sqlalchemy import Connection, select

from qms import schema
from qms.attachments import AttachedFiles
from qms.change import Change, Unmet
from qms.database import writing
from qms.errors import ExchangeError, RecordError, RefusedError, described
from qms.exchange.checkpoint import hash_at
from qms.exchange.copy_index import CopyIndex
from qms.exchange.loading import keep_files, load
from qms.exchange.merge_base import common_base, merged_head, naming
from qms.exchange.merge_report import Conflict, MergeReport, Outcome, Result
from qms.exchange.merge_voices import Voices, place_words
from qms.exchange.store_copy import FolderSource, StoreCopy
from qms.exchange.three_way import Side, three_way
from qms.keeping import next_in, read_head
from qms.ledger import Event, read_event, rebuilt
from qms.record import Record, mentioned, plain, sha256
from qms.store import Store

BOOKKEEPING = ("version", "created", "updated")
"""Fields that every store sets itself."""
FIRST_KINDS = ("unit", "person")
"""Kinds that all others rely on."""


def import_folder(
    store: Store,
    folder: str | Path,
    *,
    by: str = "",
    why: str = "",
    take: Side | None = None,
    dry_run: bool = False,
) -> MergeReport:
    """Bring a text folder into a store.

    Parameters
    ----------
    store : Store
        An empty one becomes the same as the one that was exported.
    folder : str or Path
    by : str
        Id of the person who imports; not needed where nothing but the exported ledger is written.
    why : str
        Stands in the ledger, before what was merged.
    take : str, optional
        ``"ours"`` or ``"theirs"`` decides every conflict; left out, a record with one is not written.
    dry_run : bool
        Report the same and write nothing.

    Returns
    -------
    MergeReport

    Raises
    ------
    ExchangeError
        If the folder is not sound, with file, line and what to do; nothing is written then.
    UnknownError
        If the person is not known.
    """
    return merge_copy(store, StoreCopy(FolderSource(Path(folder))), by=by, why=why, take=take, dry_run=dry_run)


def merge_copy(
    store: Store, copy: StoreCopy, *, by: str = "", why: str = "", take: Side | None = None, dry_run: bool = False
) -> MergeReport:
    """Bring a copy into a store, as `import_folder` does."""
    index = CopyIndex(store.kinds, copy)
    refused: dict[str, tuple[str, ...]] = {}
    while True:
        try:
            with writing(store.engine) as connection:
                merging = _Merging(store, connection, index, take, refused)
                report = merging.run(by, why)
                if dry_run:
                    raise _TrialError
                keep_files(store.files, copy)
                if report.history:
                    merging.keep_history()
            return report
        except _TrialError:
            return report.model_copy(update={"written": False, "history": ""})
        except RefusedError as error:
            found: dict[str, list[str]] = defaultdict(list)
            for each in error.reasons:
                if not isinstance(each, Unmet):
                    raise
                found[each.record.id].append(str(each.reason))
            refused |= {record: tuple(reasons) for record, reasons in found.items()}


class _TrialError(Exception):
    """Rolls a trial back."""


class _Coming(AttachedFiles):
    """Attached files of a store and those that come with a copy once all else is written."""

    def __init__(self, files: AttachedFiles, coming: frozenset[str]) -> None:
        super().__init__(files.folder)
        self.coming = coming

    def has(self, digest: str) -> bool:
        return digest in self.coming or super().has(digest)


class _Merging:
    """One attempt, inside a transaction; what was refused in earlier ones is left out."""

    def __init__(
        self,
        store: Store,
        connection: Connection,
        index: CopyIndex,
        take: Side | None,
        refused: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.store = store
        self.connection = connection
        self.index = index
        self.take = take
        self.refused = refused
        self.outcomes: dict[str, Outcome] = {}
        self.writes: dict[str, Record] = {}
        self.same = self.kept = 0
        self.history: BinaryIO | None = None

    def run(self, by: str, why: str) -> MergeReport:
        """Work out what is to be written, write it and return the report."""
        empty = read_head(self.connection).seq == 0
        if empty:
            load(self.store, self.connection, self.index.copy)
        held = schema.record
        rows = self.connection.execute(select(held.c.id, held.c.kind, held.c.unit, held.c.ref, held.c.state)).all()
        states = {row.id: row.state for row in rows}
        self.refs = {(row.kind, row.unit, row.ref): row.id for row in rows}
        apart = [record for record, mark in self.index.marks.items() if states.get(record) != mark.state]
        self.same = len(self.index.marks) - len(apart)
        theirs = self.index.events_of(set(apart))
        self.voices = Voices(self.connection, self.index)
        for record in sorted(apart, key=self._turn):
            if record in self.refused:
                self._report(record, "refused", self.refused[record])
            elif record in states:
                self._meet(record, theirs[record])
            else:
                self._welcome(record, theirs[record])
        self._leave_out_orphans()
        digest = self._write(by, why) if self.writes else ""
        return MergeReport(
            head=str(self.index.copy.head),
            loaded=empty,
            written=empty or bool(self.writes),
            same=self.same,
            kept=self.kept,
            outcomes=tuple(self.outcomes.values()),
            history=digest,
        )

    def keep_history(self) -> None:
        """Keep the part of the other ledger that is not in this one."""
        assert self.history is not None
        self.history.seek(0)
        self.store.files.keep_stream(self.history, "ledger.jsonl.gz")

    def _turn(self, record: str) -> tuple[bool, bool, int]:
        mark = self.index.marks[record]
        return (*(mark.kind != kind for kind in FIRST_KINDS), mark.last)  # type: ignore[return-value]

    def _meet(self, record: str, theirs: list[Event]) -> None:
        """Bring together a record that both sides have."""
        mark = self.index.marks[record]
        held, event = schema.record, schema.event
        row = self.connection.execute(
            select(held.c.kind, held.c.ref, held.c.body).where(held.c.id == record)
        ).one()
        if row.kind != mark.kind:
            raise self.index.copy.error(self.index.copy.records[record], f"here that is the id of a {row.kind}")
        bodies = self.connection.execute(
            select(event.c.body).where(event.c.record == record).order_by(event.c.seq)
        )
        ours = [read_event(each) for each in bodies.scalars()]
        model = self.store.kinds[mark.kind].model
        here = plain(self.store.read(model, row.body))
        there = plain(model.model_validate(self.index.value(record)))
        by_hand = self._edited_fields(record, theirs)
        if self._refuses_edit(record, by_hand):
            return
        base = self._base(record, ours, theirs)
        sides = (_said(each) for each in (base, here, there))
        value, clashes = three_way(*sides, take=self.take)
        if clashes and self.take is None:
            said = [
                self.voices.conflict(row.ref, each, ours, theirs, edited=each.at.split("/")[1] in by_hand)
                for each in clashes
            ]
            self._report(record, "conflict", (), tuple(said))
            return
        if any(each.at == "/status" for each in clashes):
            chosen = there if self.take == "theirs" else here
            value |= {name: chosen[name] for name in model.STEP_FIELDS}
        changed = sorted(name for name in value if value[name] != here[name])
        if not changed and not clashes:
            self.kept += 1
            return
        words = [f"{row.ref}: from there comes {' and '.join(place_words(f'/{each}') for each in changed)}"]
        words += [f"{row.ref}: of {place_words(each.at)}, {self.take} was taken" for each in clashes]
        alone = not any(base.get(name) != here[name] for name in value)
        result: Result = "decided" if clashes else "taken" if alone else "merged"
        self._put(record, {**here, **value}, result, words if changed else words[1:])

    def _welcome(self, record: str, theirs: list[Event]) -> None:
        """Take over a record that is not here yet."""
        mark = self.index.marks[record]
        if self._refuses_edit(record, self._edited_fields(record, theirs)):
            return
        self._put(record, self.index.value(record), "added", [f"{mark.kind} {mark.ref}"])

    def _put(self, record: str, value: dict[str, Any], result: Result, words: list[str]) -> None:
        model = self.store.kinds[self.index.marks[record].kind].model
        try:
            made = model.model_validate(value)
            holder = self.refs.get((made.kind, made.unit, made.ref), record)
            if holder != record:
                renamed = self._renamed(made)
                words = [*words, f"{made.ref} is another record here; this one is now {renamed.ref}"]
                made = renamed
        except ValidationError as error:
            self._report(record, "refused", (f"what came together is no {model.kind}: {described(error)}",))
            return
        except RecordError as error:
            self._report(record, "refused", (str(error),))
            return
        self.refs[made.kind, made.unit, made.ref] = record
        self.writes[record] = made
        self._report(record, result, tuple(words))

    def _renamed(self, record: Record) -> Record:
        assert record.created is not None
        series = record.series(record.created.year)
        if record.kind == "unit" or not series.endswith("-"):
            raise RecordError(
                f"there is another {record.kind} {record.ref} here, under another id, and no free one follows "
                "from it. Give one of the two another reference."
            )
        taken = [ref for kind, unit, ref in self.refs if (kind, unit) == (record.kind, record.unit)]
        labels = tuple(dict.fromkeys((*record.labels, f"was {record.ref}")))
        return record.revised(ref=next_in(series, taken), labels=labels)

    def _edited_fields(self, record: str, theirs: list[Event]) -> set[str]:
        """Return the fields of a record that were edited by hand in the folder."""
        if not self.index.marks[record].edited:
            return set()
        now, before = self.index.value(record), self._rebuilt(record, theirs)
        return {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}

    def _refuses_edit(self, record: str, by_hand: set[str]) -> bool:
        mark = self.index.marks[record]
        kept = self.store.kinds[mark.kind].model.STEP_FIELDS | {"status", *BOOKKEEPING}
        reasons = [
            f"{place_words(f'/{name}')} was edited by hand in the folder; only a step of the life cycle changes it"
            for name in sorted(by_hand & kept)
        ]
        if reasons:
            self._report(record, "refused", tuple(reasons))
        return bool(reasons)

    def _base(self, record: str, ours: list[Event], theirs: list[Event]) -> dict[str, Any]:
        """Return what both sides had last in common, with all fields of its kind; empty if nothing is known."""
        model = self.store.kinds[self.index.marks[record].kind].model
        try:
            found = common_base(
                ours,
                theirs,
                our_hash=lambda seq: hash_at(self.connection, seq),
                their_hash=self.index.hash_at,
            )
        except ValueError as error:
            raise self._not_given(record, error) from error
        try:
            return plain(model.model_validate(found)) if found else {}
        except ValidationError:
            return found or {}

    def _rebuilt(self, record: str, theirs: list[Event]) -> dict[str, Any]:
        try:
            return rebuilt(theirs) or {}
        except ValueError as error:
            raise self._not_given(record, error) from error

    def _not_given(self, record: str, error: ValueError) -> ExchangeError:
        return self.index.copy.error(self.index.copy.records[record], f"the ledger does not give it ({error})")

    def _leave_out_orphans(self) -> None:
        """Leave out records that name one which is neither here nor taken over."""
        here = set(self.connection.execute(select(schema.record.c.id)).scalars())
        while True:
            there = here | self.writes.keys()
            orphans = {
                record: missing
                for record, made in self.writes.items()
                if (missing := sorted(set(mentioned(plain(made))) - there))
            }
            if not orphans:
                return
            for record, missing in orphans.items():
                del self.writes[record]
                names = ", ".join(self.voices.name(each) for each in missing)
                self._report(record, "refused", (f"it names {names}, which is not here and was not taken over",))

    def _write(self, by: str, why: str) -> str:
        """Write what was worked out, in one change; return the hash of the history that has to be kept."""
        history = self._gather_history()
        digest = sha256(history) if history else ""
        said = [why.strip(), naming(self.index.copy.head)]
        said += [f"whose events that are not in this ledger are the file {digest}"] if digest else []
        coming = _Coming(self.store.files, self.index.copy.files)
        store = Store(self.store.engine, coming, self.store.kinds.values(), self.store.clock)
        change = Change(store, self.connection, by=by, why=", ".join(filter(None, said)))
        try:
            change.merge_all(tuple(self.writes.values()))
            change.finish()
        finally:
            change.end()
        self.history = io.BytesIO(history)
        return digest

    def _gather_history(self) -> bytes:
        event = schema.event
        known = [self.index.shared_with(self.connection)]
        merges = select(event.c.body).where(event.c.body.contains('"act":"merge"', autoescape=True))
        for body in self.connection.execute(merges).scalars():
            head = merged_head(read_event(body))
            if head is not None and self.index.hash_at(head.seq) == head.hash:
                known.append(head.seq)
        if max(known) >= self.index.copy.head.seq:
            return b""
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as out:
            out.writelines(self.index.lines_after(max(known)))
        return packed.getvalue()

    def _report(
        self, record: str, result: Result, words: tuple[str, ...], conflicts: tuple[Conflict, ...] = ()
    ) -> None:
        mark = self.index.marks[record]
        ref = self.writes[record].ref if record in self.writes else mark.ref
        if result == "refused":
            words = tuple(f"{mark.kind} {ref}: {each}" for each in words)
        self.outcomes[record] = Outcome(
            id=record, kind=mark.kind, ref=ref, result=result, words=words, conflicts=conflicts
        )


def _said(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in BOOKKEEPING}
