"""Writing: a record and its event together or not at all, whoever comes second is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from qms import Person, Record, Store, Text, Unit
from qms.change import Change
from qms.errors import AttachmentError, ConflictError, RecordError, RefusedError, StoreError, UnknownError
from qms.kinds import KINDS
from qms.lifecycle import Kind, LifeCycle, Transition
from qms.record import Attachment, Id, Link


class Note(Record):
    """Something that is written, then closed."""

    kind: ClassVar[str] = "note"
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset({"closed_by"})
    closed_by: Id | None = None
    words: str = ""
    number: float = 0
    about: tuple[Id, ...] = ()
    seen: Link | None = None
    file: Attachment | None = None


class Slip(Record):
    """Something without a life cycle whose reference is not counted."""

    kind: ClassVar[str] = "slip"

    def series(self, year: int) -> str:
        return f"slip.{year}"


CYCLE = LifeCycle(
    name="note",
    initial="open",
    final=("closed",),
    transitions=(Transition(act="close", sources=("open",), target="closed"),),
)
KEPT = (*KINDS, Kind(Note, CYCLE), Kind(Slip))


@pytest.fixture
def notes(make_store: Callable[..., Store]) -> Store:
    return make_store(kinds=KEPT)


def note(**fields: object) -> Note:
    return Note.model_validate({"unit": "AL-TIR", **fields})


def test_a_record_and_its_event_are_one(notes: Store) -> None:
    arta, before = notes.person("a.hoxha"), notes.head()
    with notes.change(by=arta.id, why="  told so ") as change:
        kept = change.add(note(words="first"))
        assert change.get(Note, kept.ref) == kept
        again = change.save(kept.revised(words="second"))
        closed = change.advance(again, "close")
    assert (kept.version, again.version, closed.version, closed.status) == (1, 2, 3, "closed")
    assert (kept.jurisdiction, kept.ref) == ("AL", f"NOTE-{kept.created.year}-001")
    assert closed.created == kept.created
    events = notes.history(kept.id)
    assert [(each.act, each.version, each.why, each.by) for each in events] == [
        ("add", 1, "told so", arta.id),
        ("edit", 2, "told so", arta.id),
        ("close", 3, "told so", arta.id),
    ]
    assert len({each.change for each in events}) == 1
    assert {"at": "/words", "old": "first", "new": "second"} in [dict(each) for each in events[1].patch]
    assert notes.head().seq == before.seq + 3
    with notes.change(by=arta.id) as change:
        assert change.save(closed) == closed
    assert notes.head().seq == before.seq + 3


def change_with(notes: Store, by: str, act: Callable[[Change], object]) -> None:
    """Do something in a change after a note was added in it."""
    with notes.change(by=by) as change:
        change.add(note(ref="before"))
        act(change)


def refused(notes: Store, error: type[Exception], message: str, act: Callable[[Change], object]) -> None:
    """Check that something is refused in words and that nothing is left of the change."""
    arta, head = notes.person("a.hoxha"), notes.head()
    with pytest.raises(error, match=message):
        change_with(notes, arta.id, act)
    assert notes.head() == head
    assert notes.find(Note, word="before") == []


def test_what_is_refused_leaves_nothing(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    missing = "0" * 26
    file = Attachment(name="a.pdf", sha256="0" * 64, size=1)
    refused(notes, RecordError, "was kept before; save it", lambda change: change.add(arta))
    refused(
        notes,
        RecordError,
        "There is a person a.hoxha in unit AL-TIR already",
        lambda change: change.add(Person(unit="AL-TIR", ref="a.hoxha", name="Other")),
    )
    refused(notes, UnknownError, "There is no unit 'XX-YYY'", lambda change: change.add(note(unit="XX-YYY")))
    refused(
        notes,
        UnknownError,
        f"names records that are not in this store: {missing}",
        lambda change: change.add(note(about=(missing,))),
    )
    refused(notes, UnknownError, "was never kept here; add it first", lambda change: change.save(note(ref="x")))
    refused(
        notes, RefusedError, "it begins as open, not as closed", lambda change: change.add(note(status="closed"))
    )
    refused(notes, RecordError, "there is nothing to advance", lambda change: change.advance(arta, "close"))
    refused(notes, RefusedError, "cannot open", lambda change: change.advance(change.add(note()), "open"))
    refused(
        notes,
        UnknownError,
        "cites the file a.pdf, which is not in the store. Attach it first",
        lambda change: change.add(note(file=file)),
    )
    refused(
        notes,
        AttachmentError,
        "not a plain file name",
        lambda change: change.add(note(file=file.model_copy(update={"name": "../a.pdf"}))),
    )
    refused(notes, RecordError, "cannot be kept", lambda change: change.add(note(number=float("nan"))))
    refused(notes, RecordError, "was never kept", lambda change: change.link(note()))
    assert notes.verify()


def test_who_changes_must_be_known(notes: Store) -> None:
    head, slip = notes.head(), Slip(unit="AL-TIR")
    for by in ("nobody", "", notes.get(Unit, "AL-TIR").id):
        with pytest.raises(UnknownError, match="There is no person"), notes.change(by=by) as change:
            change.add(slip)
    assert notes.head() == head
    assert notes.find(Slip) == []


def test_the_second_of_two_writers_is_told(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    with notes.change(by=arta.id) as change:
        read = change.add(note(words="as both read it"))
    with notes.change(by=arta.id) as change:
        first = change.save(read.revised(words="first"))
    for act in (
        lambda change: change.save(read.revised(words="second")),
        lambda change: change.advance(read, "close"),
    ):
        refused(notes, ConflictError, rf"{read.ref} was changed meanwhile: a.hoxha at .*version 2", act)
    assert notes.get(Note, read.ref) == first


def test_a_change_that_has_ended_does_nothing(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    with notes.change(by=arta.id) as change:
        kept = change.add(note())
    head = notes.head()
    acts = (
        lambda: change.add(note()),
        lambda: change.save(kept.revised(words="x")),
        lambda: change.get(Note, kept.ref),
        lambda: change.advance(kept, "close"),
    )
    for act in acts:
        with pytest.raises(StoreError, match="This change has ended; nothing was changed"):
            act()
    assert notes.head() == head


def test_references_are_counted_by_unit_and_year(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    now = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    notes.clock = lambda: now
    with notes.change(by=arta.id) as change:
        assert [change.add(note()).ref for _ in range(2)] == ["NOTE-2026-001", "NOTE-2026-002"]
    now += timedelta(minutes=2)
    with notes.change(by=arta.id) as change:
        assert change.add(note()).ref == "NOTE-2027-001"
        assert change.add(Slip(unit="AL-TIR")).ref == "slip.2027"
    with pytest.raises(RecordError, match="already"), notes.change(by=arta.id) as change:
        change.add(Slip(unit="AL-TIR"))


def test_a_link_remembers_what_was_said(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    with notes.change(by=arta.id) as change:
        seen = change.link(arta, note="as it was")
        kept = change.add(note(seen=seen))
    assert (seen.seen, seen.version) == (arta.content_sha256(), 1)
    assert notes.find(Note, linked_to=arta.id) == [kept]
    with notes.change(by=arta.id) as change:
        changed = change.save(arta.revised(duty="examiner"))
    assert changed.content_sha256() != notes.get(Note, kept.ref).seen.seen


def test_a_record_whose_file_vanished_can_still_be_changed(notes: Store, tmp_path) -> None:
    arta = notes.person("a.hoxha")
    (tmp_path / "photo.png").write_bytes(b"not really")
    with notes.change(by=arta.id) as change:
        kept = change.add(note(file=change.attach(tmp_path / "photo.png")))
    notes.files.path(kept.file).unlink()
    with pytest.raises(UnknownError, match=r"photo.png vanished from .* Restore it from a backup"):
        notes.files.path(kept.file)
    with notes.change(by=arta.id) as change:
        change.save(kept.revised(words="the file is gone"))
    found = notes.verify()
    assert [str(each) for each in found.problems] == [
        f"file {kept.file.sha256[:16]}: it is not there; it is cited by note {kept.ref}"
    ]


def test_texts_in_several_languages_are_kept(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    names = Text.of("Unit", "en").also("Јединица", "sr-Cyrl").also("Njësia", "sq").also("Единица", "mk")
    with notes.change(by=arta.id) as change:
        change.add(Unit(unit="MK-SKP", ref="MK-SKP", jurisdiction="MK", name=names))
    assert notes.get(Unit, "MK-SKP").name == names


def test_what_a_step_records_comes_by_no_other_way(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    with pytest.raises(RefusedError, match="closed_by is recorded by a step"), notes.change(by=arta.id) as change:
        change.add(note(closed_by=arta.id))
    with notes.change(by=arta.id) as change:
        kept = change.add(note())
    with pytest.raises(RefusedError, match="closed_by"), notes.change(by=arta.id) as change:
        change.save(kept.revised(closed_by=arta.id))
    with pytest.raises(RefusedError, match="close does not change closed_by"), notes.change(by=arta.id) as change:
        change.advance(kept, "close", closed_by=arta.id)


def test_what_a_record_is_known_by_is_given_once(notes: Store) -> None:
    arta = notes.person("a.hoxha")
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    with notes.change(by=arta.id) as change:
        kept = change.add(note(created=long_ago, jurisdiction="XK"))
    assert kept.created is not None
    assert (kept.created > long_ago, kept.jurisdiction) == (True, "AL")
    for fields in ({"ref": "NOTE-1999-001"}, {"ref": ""}, {"jurisdiction": "XK"}, {"created": long_ago}):
        with pytest.raises(RefusedError, match="is given once"), notes.change(by=arta.id) as change:
            change.save(kept.revised(**fields))
        with pytest.raises(RefusedError, match="is given once"), notes.change(by=arta.id) as change:
            change.advance(kept, "close", **fields)
    with pytest.raises(ValueError, match="the reference of a unit is its code"):
        Unit(unit="AL-TIR", ref="AL", jurisdiction="AL", name=Text.of("Unit", "en"))


def test_whoever_left_changes_nothing(notes: Store) -> None:
    arta, besa = (notes.get(Person, each) for each in ("a.hoxha", "b.krasniqi"))
    with notes.change(by=arta.id) as change:
        change.save(besa.revised(active=False))
    with pytest.raises(RecordError, match="no longer active"), notes.change(by=besa.id) as change:
        change.add(note())
    assert notes.find(Note) == []


def test_a_part_that_was_never_checked_is_not_kept(notes: Store) -> None:
    arta = notes.get(Person, "a.hoxha")
    link = Link(target=arta.id, seen=arta.content_sha256(), version=1)
    with pytest.raises(RecordError, match="note"), notes.change(by=arta.id) as change:
        change.add(note().model_copy(update={"seen": link.model_copy(update={"note": "x" * 3000})}))


def test_a_field_that_a_later_release_adds_leaves_the_ledger_whole(notes: Store) -> None:
    class Longer(Note):
        more: str = "as it always was"

    arta = notes.person("a.hoxha")
    with notes.change(by=arta.id) as change:
        kept = change.add(note(words="first"))
    notes.kinds["note"] = Kind(Longer, CYCLE)
    with notes.change(by=arta.id) as change:
        later = change.save(change.get(Longer, kept.ref).revised(words="second"))
    assert notes.as_of(Longer, kept.ref, later.updated or datetime.now(UTC)) == later
    assert notes.verify()
