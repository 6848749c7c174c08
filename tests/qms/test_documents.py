"""Documents: approval, one revision in force, translations, receipts, sections."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qms.documents.approval import REVISION
from qms.documents.control import (
    draft,
    effective_revisions,
    redraft,
    release,
    revisions_of,
    save_document,
    translation_lag,
)
from qms.documents.document import SERIES, Document
from qms.documents.receipts import Receipt, sign, unread
from qms.documents.redline import section_changes
from qms.documents.revision import Revision, SectionMark
from qms.errors import AttachmentError, DocumentError, RecordError, RefusedError, UnknownError
from qms.months import months_after
from qms.organisation import Person
from qms.record import Text
from qms.store import Store

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def to(self, day: date) -> None:
        self.now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


class Desk:
    """A store with one SOP and three people who act."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self.store, self.clock, self.folder = store, clock, folder
        self.arta, self.besa, self.marku = (
            store.get(Person, each).id for each in ("a.hoxha", "b.krasniqi", "c.marku")
        )
        with store.change(by=self.arta, why="set up") as change:
            self.sop = change.add(
                Document(
                    unit="AL-TIR",
                    type="SOP",
                    title=Text.of("Taking swabs", "en"),
                    owner=self.arta,
                    review_every_months=12,
                    distribution=(self.arta, self.besa, self.marku),
                )
            )

    def file(self, words: str) -> Path:
        path = self.folder / f"sop-{len(list(self.folder.glob('sop-*')))}.txt"
        path.write_text(words, encoding="utf-8")
        return path

    def draft(self, **options: object) -> Revision:
        given = {
            "change_summary": Text.of("First issue", "en"),
            "reviewer": self.besa,
            "approver": self.besa,
            "sections": (),
            **options,
        }
        source = given.pop("source", None) or self.file(f"words {self.store.head().seq}")
        with self.store.change(by=self.arta) as change:
            return draft(change, self.sop, source, **given)

    def advance(self, revision: Revision, *acts: str, by: str = "", why: str = "because") -> Revision:
        for act in acts:
            with self.store.change(
                by=by or (self.besa if act in ("review", "approve", "return") else self.arta), why=why
            ) as change:
                current = change.get(Revision, revision.id)
                revision = release(change, current) if act == "release" else change.advance(current, act)
        return revision

    def issue(self, **options: object) -> Revision:
        return self.advance(self.draft(**options), "submit", "review", "approve", "release")

    def again(self, revision: Revision) -> Revision:
        return self.store.get(Revision, revision.id)


@pytest.fixture
def desk(make_store: Callable[..., Store], tmp_path: Path) -> Desk:
    clock = Clock()
    folder = tmp_path / "sources"
    folder.mkdir()
    return Desk(make_store(clock=clock), clock, folder)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {each.code for each in error.value.reasons}


def test_reference_follows_the_type(desk: Desk) -> None:
    assert desk.sop.ref == "SOP-001"
    with desk.store.change(by=desk.arta) as change:
        refs = [
            change.add(Document(unit="AL-TIR", type=each, title=Text.of("T", "en"), owner=desk.arta)).ref
            for each in SERIES
        ]
    assert refs == ["POL-001", "MAN-001", "SOP-002", "WI-001", "FRM-001", "EXT-001"]


def test_from_draft_to_force(desk: Desk) -> None:
    revision = desk.draft()
    assert (revision.ref, revision.status, revision.owner) == ("SOP-001.en.r1", "draft", desk.arta)
    returned = desk.advance(revision, "submit", "return")
    assert returned.status == "changes_requested"
    approved = desk.advance(returned, "submit", "review", "approve")
    assert approved.approved is not None
    assert approved.approved.by == desk.besa
    desk.clock.now += timedelta(days=3)
    effective = desk.advance(approved, "release")
    assert effective.effective == date(2026, 3, 5)
    assert desk.store.verify()


def test_releasing_supersedes_in_the_same_change(desk: Desk) -> None:
    first, second = desk.issue(), desk.issue()
    assert (desk.again(first).status, desk.again(second).status) == ("superseded", "effective")
    changes = {desk.store.history(each.id)[-1].change for each in (first, second)}
    assert len(changes) == 1
    assert effective_revisions(desk.store, desk.sop) == {"en": second}
    retired = desk.advance(first, "retire")
    assert (retired.status, retired.mark) == ("obsolete", "OBSOLETE")
    assert desk.store.files.path(retired.attachment).read_text().startswith("words")


def test_two_revisions_are_never_in_force(desk: Desk) -> None:
    first = desk.issue()
    second = desk.advance(desk.draft(), "submit", "review", "approve")
    third = desk.advance(desk.draft(), "submit", "review", "approve")
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
        change.advance(third, "release", effective=desk.clock.now.date())
    assert codes(error) == {"two-effective"}
    assert first.ref in str(error.value)
    desk.advance(third, "release")
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
        release(change, second)
    assert codes(error) == {"without-successor"}
    with (
        pytest.raises(RefusedError, match="superseded in the same change"),
        desk.store.change(by=desk.arta) as change,
    ):
        change.merge(first)
    assert [each.status for each in revisions_of(desk.store, desk.sop)] == ["superseded", "approved", "effective"]


def test_what_comes_in_force_has_its_day(desk: Desk) -> None:
    approved = desk.advance(desk.draft(), "submit", "review", "approve")
    for effective, code in ((None, "without-effective-day"), (date(2199, 1, 1), "not-yet")):
        forged = approved.revised(status="effective", effective=effective)
        with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
            change.merge(forged)
        assert codes(error) == {code}


@pytest.mark.parametrize("seed", range(3))
def test_at_most_one_is_in_force_whatever_is_tried(desk: Desk, seed: int) -> None:
    chance = Random(seed)
    acts = [row.act for row in REVISION.transitions]
    today = desk.clock.now.date()
    seen = set()
    for _ in range(500):
        people = (desk.arta, desk.besa)
        revisions = revisions_of(desk.store, desk.sop)
        if sum(each.status not in REVISION.final for each in revisions) < 3:
            desk.draft(effective=chance.choice([None, today]))
            continue
        revision = chance.choice(revisions)
        fitting = [row.act for row in REVISION.rows_from(revision.status) if row.act != "withdraw"]
        act = chance.choice(fitting if fitting and chance.random() < 0.9 else acts)
        try:
            with desk.store.change(by=chance.choice(people), why="tried") as change:
                if chance.random() < 0.1:
                    change.merge(revision.revised(status=chance.choice(REVISION.states)))
                elif act == "release":
                    change.advance(revision, act, effective=chance.choice([None, today]))
                else:
                    change.advance(revision, act)
        except RefusedError:
            continue
        now = revisions_of(desk.store, desk.sop)
        seen |= {each.status for each in now}
        assert sum(each.status == "effective" for each in now) <= 1
        assert all(each.approved and each.effective for each in now if each.status == "effective")
    assert seen > {"effective", "superseded"}


def test_nobody_approves_their_own(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="Arta Hoxha wrote it and cannot approve it"):
        desk.draft(approver=desk.arta)
    revision = desk.advance(desk.draft(reviewer=desk.marku), "submit")
    with pytest.raises(RefusedError, match='"approve" is for what is reviewed'):
        desk.advance(revision, "approve")
    with pytest.raises(RefusedError, match="only Çlirim Marku reviews it"):
        desk.advance(revision, "review")
    revision = desk.advance(revision, "review", by=desk.marku)
    assert revision.reviewed is not None
    assert revision.reviewed.by == desk.marku
    with pytest.raises(RefusedError, match="only Besa Krasniqi approves it"):
        desk.advance(revision, "approve", by=desk.arta)
    with pytest.raises(RefusedError, match="only Çlirim Marku or Besa Krasniqi returns it"):
        desk.advance(revision, "return", by=desk.arta)
    for role, other in (("author", desk.marku), ("reviewer", desk.besa), ("approver", desk.marku)):
        with pytest.raises(RefusedError, match=f"its {role} is fixed"), desk.store.change(by=desk.arta) as change:
            change.save(revision.revised(**{role: other}))


def test_nobody_reviews_their_own(desk: Desk) -> None:
    own = desk.draft(reviewer=desk.arta)
    with pytest.raises(RefusedError, match="Arta Hoxha wrote it and cannot review it"):
        desk.advance(own, "submit")
    with desk.store.change(by=desk.arta) as change:
        own = change.save(own.revised(reviewer=desk.marku))
    with pytest.raises(RefusedError, match="only Arta Hoxha submits it"):
        desk.advance(own, "submit", by=desk.marku)


def test_what_is_returned_is_reviewed_anew(desk: Desk) -> None:
    returned = desk.advance(desk.draft(), "submit", "review", "return")
    with desk.store.change(by=desk.arta) as change:
        returned = redraft(change, returned, desk.file("words after the review"), sections=())
    with pytest.raises(RefusedError, match='"approve" is for what is reviewed'):
        desk.advance(returned, "submit", "approve")


def test_a_draft_is_given_up_by_who_wrote_it_and_what_holds_by_who_answers_for_it(desk: Desk) -> None:
    with desk.store.change(by=desk.arta) as change:
        desk.sop = save_document(change, desk.sop.revised(owner=desk.marku))
        gashi = change.add(Person(unit="AL-TIR", ref="d.gashi", name="Drita Gashi")).id
    first = desk.draft()
    with pytest.raises(RefusedError, match="only Arta Hoxha or Çlirim Marku or Besa Krasniqi withdraws it"):
        desk.advance(first, "withdraw", by=gashi)
    assert desk.advance(first, "withdraw", by=desk.arta).status == "withdrawn"
    held = desk.issue()
    for act in ("withdraw", "confirm"):
        with pytest.raises(RefusedError, match=f"only .* {act}s it"):
            desk.advance(held, act, by=desk.arta)
    assert desk.advance(held, "confirm", by=desk.marku).confirmed
    assert desk.advance(held, "withdraw", by=desk.marku).status == "withdrawn"


def test_whoever_put_in_the_words_does_not_approve_them(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="Arta Hoxha wrote it"):
        desk.draft(author=desk.marku, approver=desk.arta)
    first = desk.draft()
    with pytest.raises(RefusedError, match="Besa Krasniqi wrote it"), desk.store.change(by=desk.besa) as change:
        redraft(change, first, desk.file("words of the approver"), sections=())
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.besa) as change:
        change.save(first.revised(attachment=change.attach(desk.file("words of nobody"))))
    assert codes(error) == {"unnamed-writer"}
    with desk.store.change(by=desk.marku) as change:
        first = redraft(change, first, desk.file("words of another"), sections=())
    assert (first.author, first.writers) == (desk.arta, (desk.arta, desk.marku))
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.marku) as change:
        change.save(first.revised(writers=(desk.arta,)))
    assert codes(error) == {"writers-changed"}
    with pytest.raises(RefusedError, match="wrote it"), desk.store.change(by=desk.arta) as change:
        change.save(first.revised(approver=desk.marku))


def test_effective_before_approved_is_refused(desk: Desk) -> None:
    approved = desk.advance(desk.draft(), "submit", "review", "approve")
    for day, code in ((date(2026, 3, 1), "effective-before-approved"), (date(2026, 3, 3), "not-yet")):
        with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
            release(change, approved, on=day)
        assert codes(error) == {code}
    early = desk.advance(desk.draft(effective=date(2026, 2, 1)), "submit", "review")
    with pytest.raises(RefusedError, match="before it was approved on 2026-03-02"):
        desk.advance(early, "approve")


def test_planned_day_is_a_deadline_and_then_the_review(desk: Desk) -> None:
    revision = desk.advance(desk.draft(effective=date(2026, 4, 1)), "submit", "review", "approve")
    assert [(each.what, each.on) for each in desk.store.due(date(2028, 1, 1))] == [("release", date(2026, 4, 1))]
    desk.clock.to(date(2026, 4, 7))
    desk.advance(revision, "release")
    due = desk.store.due(date(2028, 1, 1), owner=desk.arta)
    assert [(each.what, each.on, each.ref) for each in due] == [("review", date(2027, 4, 1), "SOP-001.en.r1")]
    desk.clock.to(date(2027, 3, 20))
    with pytest.raises(RefusedError, match="say why"):
        desk.advance(revision, "confirm", why="")
    assert desk.advance(revision, "confirm").review_due() == date(2028, 3, 20)
    with desk.store.change(by=desk.arta) as change:
        save_document(change, desk.sop.revised(owner=desk.marku, review_every_months=6))
    due = desk.store.due(date(2028, 1, 1))
    assert [(each.on, each.owner) for each in due] == [(date(2027, 9, 20), desk.marku)]


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 120))
def test_months_after_is_in_the_right_month(database: str, day: date, months: int) -> None:
    found = months_after(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


def test_words_are_fixed_once_in_review(desk: Desk) -> None:
    revision = desk.draft()
    with desk.store.change(by=desk.arta) as change:
        revision = redraft(change, revision, desk.file("better"), sections=())
    for acts in (("submit",), ("review",), ("approve",), ("release",)):
        revision = desk.advance(revision, *acts)
        with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
            redraft(change, revision, desk.file(f"other {acts}"), sections=())
        assert "words-changed" in codes(error)
    for fields in ({"reviewer": desk.marku}, {"effective": date(2026, 3, 9)}, {"approved": None}):
        with pytest.raises(RefusedError), desk.store.change(by=desk.arta) as change:
            change.save(revision.revised(**fields))


def test_translation_names_its_master(desk: Desk) -> None:
    first = desk.issue()
    with pytest.raises(RefusedError, match="say which revision this one in sq translates"):
        desk.draft(language="sq")
    with pytest.raises(RefusedError, match="translates none"):
        desk.draft(master=first.id)
    with desk.store.change(by=desk.arta) as change:
        other = change.add(Document(**_bare(desk)))
    sop, desk.sop = desk.sop, other
    with pytest.raises(RefusedError) as error:
        desk.draft(language="sq", master=first.id)
    assert codes(error) == {"translates-another"}
    assert "it translates SOP-001.en.r1; expected a revision of SOP-002 in en" in str(error.value)
    desk.sop = sop
    second = desk.draft()
    early = desk.advance(desk.draft(language="sq", master=second.id), "submit", "review", "approve")
    with pytest.raises(RefusedError, match=r"it translates SOP-001\.en\.r2, which is draft"):
        desk.advance(early, "release")


def _bare(desk: Desk) -> dict[str, object]:
    return {"unit": "AL-TIR", "type": "SOP", "title": Text.of("Other", "en"), "owner": desk.arta}


def test_translation_lag_counts_what_came_into_force(desk: Desk) -> None:
    assert translation_lag(desk.store, desk.sop) == ()
    first = desk.issue()
    sq = desk.issue(language="sq", master=first.id)
    desk.draft(language="mk", master=first.id)
    assert [str(each) for each in translation_lag(desk.store, desk.sop)] == [
        "mk: translation behind by 1 revision (in force: none; master: SOP-001.en.r1)",
        "sq: translation of SOP-001.en.r1, up to date",
    ]
    desk.issue()
    desk.advance(desk.draft(), "withdraw")
    fourth = desk.issue()
    lag = {each.language: each for each in translation_lag(desk.store, desk.sop)}
    assert {language: each.behind for language, each in lag.items()} == {"mk": 3, "sq": 2}
    assert "behind by 2 revisions (in force: SOP-001.sq.r1; master: SOP-001.en.r4)" in str(lag["sq"])
    desk.issue(language="sq", master=fourth.id)
    assert desk.again(sq).status == "superseded"
    assert not {each.language: each for each in translation_lag(desk.store, desk.sop)}["sq"]


def test_receipts_are_for_exactly_what_was_read(desk: Desk) -> None:
    revision = desk.draft()
    digest = revision.attachment.sha256
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.marku) as change:
        sign(change, revision, sha256=digest)
    assert codes(error) == {"not-to-be-read"}
    revision = desk.advance(revision, "submit", "review", "approve")
    with pytest.raises(RefusedError, match="Read that one"), desk.store.change(by=desk.marku) as change:
        sign(change, revision, sha256="0" * 64)
    with desk.store.change(by=desk.marku) as change:
        receipt = sign(change, revision, sha256=digest)
    assert (receipt.ref, receipt.read_at) == ("SOP-001.en.r1.c.marku", desk.clock.now)
    with pytest.raises(RecordError, match="already"), desk.store.change(by=desk.marku) as change:
        sign(change, revision, sha256=digest)
    with pytest.raises(RefusedError, match="somebody else"), desk.store.change(by=desk.arta) as change:
        change.add(receipt.revised(id=Document(**_bare(desk)).id, ref="x", version=0))
    with pytest.raises(RefusedError, match="final"), desk.store.change(by=desk.marku) as change:
        change.save(receipt.revised(sha256="0" * 64))


def test_receipts_are_neither_dated_back_nor_signed_for_others(desk: Desk) -> None:
    revision = desk.issue()
    signed = {
        "unit": "AL-TIR",
        "ref": f"{revision.ref}.c.marku",
        "person": desk.marku,
        "revision": revision.id,
        "sha256": revision.attachment.sha256,
    }
    for by, days, expected in (
        (desk.arta, 400, {"signed-for-another", "read-otherwise", "read-before-approval"}),
        (desk.marku, 400, {"read-otherwise", "read-before-approval"}),
        (desk.arta, 0, {"signed-for-another"}),
    ):
        with pytest.raises(RefusedError) as error, desk.store.change(by=by) as change:
            change.add(Receipt(**signed, read_at=desk.clock.now - timedelta(days=days)))
        assert codes(error) == expected


def test_two_people_sign_at_the_same_time(desk: Desk) -> None:
    revision = desk.issue()

    def signs(person: str) -> str:
        with desk.store.change(by=person) as change:
            return sign(change, revision, sha256=revision.attachment.sha256).person

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(signs, (desk.besa, desk.marku))) == [desk.besa, desk.marku]
    assert len(desk.store.find(Receipt, linked_to=revision.id)) == 2
    assert desk.again(revision).version == revision.version


def test_document_keeps_its_series_and_goes_off_the_list_empty(desk: Desk) -> None:
    revision = desk.issue()
    for fields, code in (({"language": "sq"}, "series-changed"), ({"ref": "SOP-900"}, "identity")):
        with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
            change.save(desk.sop.revised(**fields))
        assert codes(error) == {code}
    with (
        pytest.raises(RefusedError, match=r"SOP-001\.en\.r1 is effective"),
        desk.store.change(by=desk.arta, why="x") as change,
    ):
        change.advance(desk.sop, "discontinue")
    desk.advance(revision, "withdraw")
    with desk.store.change(by=desk.arta, why="replaced by SOP-007") as change:
        assert change.advance(desk.sop, "discontinue").status == "discontinued"
    with pytest.raises(RefusedError, match="SOP-001 is discontinued"):
        desk.draft()
    assert desk.store.verify()


def test_unread_looks_at_every_language_of_what_is_in_force(desk: Desk) -> None:
    def signs(person: str, revision: Revision) -> None:
        with desk.store.change(by=person) as change:
            sign(change, revision, sha256=revision.attachment.sha256)

    def names() -> list[str]:
        return [each.ref for each in unread(desk.store, desk.sop)]

    assert names() == []
    first = desk.issue()
    sq = desk.issue(language="sq", master=first.id)
    assert names() == ["a.hoxha", "b.krasniqi", "c.marku"]
    signs(desk.arta, first)
    signs(desk.marku, sq)
    assert names() == ["b.krasniqi"]
    second = desk.issue()
    assert names() == ["a.hoxha", "b.krasniqi", "c.marku"]
    signs(desk.besa, sq)
    assert "b.krasniqi" in names(), "the translation of an earlier master says something else"
    signs(desk.besa, second)
    assert names() == ["a.hoxha", "c.marku"]


def test_old_receipt_can_be_taken_over_from_another_copy(desk: Desk) -> None:
    first = desk.issue()
    with desk.store.change(by=desk.marku) as change:
        receipt = sign(change, first, sha256=first.attachment.sha256)
    desk.issue()
    desk.clock.now += timedelta(days=1)
    with desk.store.change(by=desk.arta) as change:
        assert change.merge(receipt).version == receipt.version + 1


def test_sections_are_read_from_the_file(desk: Desk) -> None:
    path = desk.folder / "sop.md"
    path.write_text("# 1 Scope\n\nScenes.\n\n# 2 Sealing\n\nSeal each bag.\n", encoding="utf-8")
    first = desk.advance(desk.draft(source=path, sections=None), "submit", "review", "approve", "release")
    assert [each.heading for each in first.sections] == ["Scope", "Sealing"]
    path.write_text(
        "# 1 Scope\n\nScenes.\n\n# 2 Sealing\n\nSeal and sign.\n\n# 3 Storing\n\nCold.\n", encoding="utf-8"
    )
    second = desk.draft(source=path, sections=None)
    outcomes = [each.outcome for each in section_changes(first.sections, second.sections)]
    assert outcomes == ["same", "changed", "added"]


def test_bad_files_are_refused_and_nothing_is_kept(desk: Desk) -> None:
    head = desk.store.head()
    broken = desk.folder / "broken.docx"
    broken.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DocumentError):
        desk.draft(source=broken, sections=None)
    with pytest.raises(AttachmentError, match="cannot be read"):
        desk.draft(source=desk.folder / "gone.pdf")
    assert desk.store.head() == head
    revision = desk.draft()
    for each in (desk.store.files.folder).rglob(revision.attachment.sha256):
        each.unlink()
    with pytest.raises(UnknownError, match="vanished"):
        desk.store.files.path(revision.attachment)
    with pytest.raises(ValidationError, match="there is no language 'xx'"):
        desk.draft(language="xx", master=revision.id)


def mark(number: str, heading: str, words: str) -> SectionMark:
    from qms.record import sha256

    return SectionMark(number=number, heading=heading, sha256=sha256(f"{heading}\n{words}".encode()))


def test_section_changes_tell_moved_from_changed(database: str) -> None:
    old = [
        mark("1", "Scope", ""),
        mark("2", "Sealing", "seal"),
        mark("3", "Storing", "cold"),
        mark("4", "End", "x"),
    ]
    new = [
        mark("1", "Scope", ""),
        mark("2", "Storing", "cold"),
        mark("3", "Sealing", "sign"),
        mark("4", "Forms", ""),
    ]
    assert [str(each) for each in section_changes(old, new)] == [
        "same: 1 Scope",
        "moved: 2 Storing (was 3)",
        "changed: 3 Sealing (was 2)",
        "changed: 4 Forms",
    ]


MARKS = st.builds(
    mark, st.sampled_from(["", "1", "2", "3"]), st.sampled_from(["", "A", "B"]), st.sampled_from("xyz")
)


@given(st.lists(MARKS, max_size=8), st.lists(MARKS, max_size=8))
def test_every_section_is_told_of_once(database: str, old: list[SectionMark], new: list[SectionMark]) -> None:
    found = section_changes(old, new)
    assert [each.new for each in found if each.new] == new
    assert sorted(map(repr, (each.old for each in found if each.old))) == sorted(map(repr, old))
    assert all((each.outcome == "same") <= (each.old == each.new) for each in found)
    assert {each.outcome for each in section_changes(new, new)} <= {"same"}
