"""Bringing a text folder or a backup into a store: the same store where it is empty, a merge by id elsewhere.

Record by record, what both sides had last in common is the base of a three-way merge (`qms.exchange.three_way`).
All is written in one change. The part of the other ledger that is not in this one is kept as an attached file,
gzipped; the reason of the change names its hash (`qms.exchange.merged`), so that nothing of the history is lost.

What only steps add to, such as verifications and earlier due dates, is united, and so are the lists that a kind
of record names as `UNITED`. Where both sides set another due date or owner, the one that a decision leaves aside
is kept among the earlier ones.

Limits
------
A record that was edited by hand in the folder counts as changed there by nobody and at no time. Where neither
ledger shows what was common, whatever differs is a conflict.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError
from sqlalchemy import Connection, select

from qms import schema
from qms.attachments import AttachedFiles
from qms.change import Change
from qms.database import writing
from qms.errors import ExchangeError, RecordError, RefusedError, described
from qms.exchange.checkpoint import hash_at
from qms.exchange.loading import CopyIndex, keep_files, load
from qms.exchange.merge_report import Conflict, MergeReport, Outcome, Result, Voices, place_words
from qms.exchange.merged import Merged
from qms.exchange.references import References
from qms.exchange.source import FolderSource
from qms.exchange.store_copy import StoreCopy
from qms.exchange.three_way import Clash, Side, common_base, only_grew, three_way
from qms.keeping import read_head
from qms.ledger import Event, read_event, rebuilt, stamp
from qms.lifecycle import Unmet
from qms.record import Record, mentioned, plain, sha256
from qms.store import Store

BOOKKEEPING = ("version", "created", "updated")
"""Fields that every store sets itself."""
FIRST_KINDS = ("unit", "person", "document", "revision")
"""Kinds that others rely on, be it for their references."""

MOVED: Mapping[str, Mapping[str, str]] = {
    "/due": {},
    "/due_response": {"of": "due_response"},
    "/due_close": {"of": "due_close"},
}
"""Days that a step moves and keeps, and what else is kept with the old one."""


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
        self.kept = 0
        self.history: BinaryIO | None = None

    def run(self, by: str, why: str) -> MergeReport:
        """Work out what is to be written, write it and return the report."""
        empty = read_head(self.connection).seq == 0
        if empty:
            load(self.store, self.connection, self.index.copy)
        held = schema.record
        rows = self.connection.execute(select(held.c.id, held.c.kind, held.c.unit, held.c.ref, held.c.state)).all()
        self.states = {row.id: row.state for row in rows}
        self.references = References(((row.id, row.kind, row.unit, row.ref) for row in rows), self.index.marks)
        apart = {record for record, mark in self.index.marks.items() if self.states.get(record) != mark.state}
        self.alike = self.index.marks.keys() - apart
        same = len(self.alike)
        theirs = self.index.events_of(apart)
        self.voices = Voices(self.connection, self.index)
        self.by, self.why = by, why.strip()
        for record in sorted(apart, key=self._turn):
            if record in self.refused:
                self._report(record, "refused", self.refused[record])
            elif record in self.states:
                self._meet(record, theirs[record])
            else:
                self._welcome(record, theirs[record])
        self._leave_out_orphans()
        digest = self._write() if self.writes else ""
        return MergeReport(
            head=str(self.index.copy.head),
            loaded=empty,
            written=empty or bool(self.writes),
            same=same,
            kept=self.kept,
            outcomes=tuple(self.outcomes.values()),
            history=digest,
        )

    def keep_history(self) -> None:
        """Keep the part of the other ledger that is not in this one."""
        assert self.history is not None
        self.history.seek(0)
        self.store.files.keep_stream(self.history, "ledger.jsonl.gz")

    def _turn(self, record: str) -> tuple[int, bool, int]:
        """Return when it is the turn of a record; those here give way before others need the reference."""
        mark = self.index.marks[record]
        first = FIRST_KINDS.index(mark.kind) if mark.kind in FIRST_KINDS else len(FIRST_KINDS)
        return first, record not in self.states, mark.last

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
        lists = {name for name in model.STEP_FIELDS | model.UNITED if isinstance(here[name], list)}
        grow = (
            lists
            if all(only_grew(base.get(each), side[each]) for each in lists for side in (here, there))
            else set()
        )
        sides = (_said(each) for each in (base, here, there))
        value, clashes = three_way(*sides, take=self.take, grow=grow)
        if clashes and self.take is None:
            said = [
                self.voices.conflict(row.ref, each, ours, theirs, edited=each.at.split("/")[1] in by_hand)
                for each in clashes
            ]
            self._report(record, "conflict", (), tuple(said))
            return
        if any(each.at == "/status" for each in clashes):
            chosen = there if self.take == "theirs" else here
            value |= {name: chosen[name] for name in model.STEP_FIELDS - grow}
        self._keep_replaced(value, clashes, proposed=here["status"] == "proposed")
        changed = sorted(name for name in value if value[name] != here[name])
        if not changed and not clashes:
            self.kept += 1
            if _said(here) == _said(there):
                self.alike.add(record)
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
        value = self.index.value(record)
        try:
            value["ref"] = self.references.following(value, mark.kind)
        except RecordError as error:
            self._report(record, "refused", (str(error),))
            return
        self._put(record, value, "added", [f"{mark.kind} {value['ref']}"])

    def _keep_replaced(self, value: dict[str, Any], clashes: list[Clash], *, proposed: bool) -> None:
        """Keep the due date and the owner that were left aside, where a record keeps earlier ones."""
        for each in clashes:
            left = each.ours if self.take == "theirs" else each.theirs
            if left is None:
                continue
            if each.at in MOVED and "previous_dues" in value:
                why = self.why or f"both copies moved it; {self.take} was taken"
                kept = {"by": self.by, "at": stamp(self.store.now()), "due": left, "why": why, **MOVED[each.at]}
                value["previous_dues"] = [*value["previous_dues"], kept]
            elif each.at == "/owner" and "previous_owners" in value and not proposed:
                value["previous_owners"] = list(dict.fromkeys((*value["previous_owners"], left)))

    def _put(self, record: str, value: dict[str, Any], result: Result, words: list[str]) -> None:
        model = self.store.kinds[self.index.marks[record].kind].model
        try:
            asked = model.model_validate(value)
            made = self.references.given(asked)
        except ValidationError as error:
            self._report(record, "refused", (f"what came together is no {model.kind}: {described(error)}",))
            return
        except RecordError as error:
            self._report(record, "refused", (str(error),))
            return
        if made.ref != asked.ref:
            words = [*words, f"{asked.ref} is another record here; this one is now {made.ref}"]
        self.writes[record] = made
        self._report(record, result, tuple(words))

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

    def _write(self) -> str:
        """Write what was worked out, in one change; return the hash of the history that has to be kept."""
        history = self.index.history(self.connection)
        merged = Merged(self.index.copy.head, sha256(history) if history else "")
        coming = _Coming(self.store.files, self.index.copy.files)
        store = Store(self.store.engine, coming, self.store.kinds.values(), self.store.clock)
        change = Change(store, self.connection, by=self.by, why=merged.after(self.why))
        decided = {record for record, outcome in self.outcomes.items() if outcome.result == "decided"}
        try:
            change.merge_all(tuple(self.writes.values()), alike=self.alike, decided=decided)
            change.finish()
        finally:
            change.end()
        self.history = io.BytesIO(history)
        return merged.file

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
