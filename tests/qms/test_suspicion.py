"""Suspect links: whatever a target says changes, and nothing else, makes one look again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from qms.documents.citation import cite
from qms.documents.control import draft, release
from qms.documents.document import Document
from qms.documents.revision import Revision, SectionMark
from qms.errors import RecordError
from qms.evidence.evidence import Evidence, amend, collect, supply
from qms.findings.finding import Finding
from qms.kinds import KINDS
from qms.organisation import Person, Unit
from qms.record import Link, Record, Text, canonical, plain
from qms.store import Store, open_store
from qms.suspicion import SILENT, _bookkeeping, _content_sha256, links_in, reconfirm, suspect_links, suspects

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
ONE = pytest.mark.parametrize("database", ["sqlite"])


class Desk:
    """A store with a log (evidence) that an interview (evidence) relies on."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.arta, self.besa = (store.get(Person, each).id for each in ("a.hoxha", "b.krasniqi"))
        with store.change(by=self.arta, why="set up") as change:
            self.log = collect(change, self.evidence("Swab log"), source=self.file("log-1.txt"))
            self.talk = change.add(
                self.evidence("Interview", owner=self.arta, due=NOW.date(), links=(change.link(self.log),))
            )

    def file(self, name: str) -> Path:
        path = self.folder / name
        path.write_text(f"words of {name}", encoding="utf-8")
        return path

    def evidence(self, title: str, **fields: object) -> Evidence:
        return Evidence(unit="AL-TIR", type="record", title=Text.of(title, "en"), **fields)  # type: ignore[arg-type]

    def issue(self, sections: tuple[SectionMark, ...] = ()) -> tuple[Document, Revision]:
        with self.store.change(by=self.arta) as change:
            sop = Document(unit="AL-TIR", type="SOP", title=Text.of("Swabs", "en"), owner=self.arta)
            document = change.add(sop)
        return document, self.revise(document, sections)

    def revise(self, document: Document, sections: tuple[SectionMark, ...] = ()) -> Revision:
        with self.store.change(by=self.arta) as change:
            revision = draft(
                change,
                document,
                self.file(f"sop-{self.store.head().seq}.txt"),
                change_summary=Text.of("New", "en"),
                reviewer=self.besa,
                approver=self.besa,
                sections=sections,
            )
            revision = change.advance(revision, "submit")
        with self.store.change(by=self.besa, why="the audit of May asked for it") as change:
            return release(change, change.advance(change.advance(revision, "review"), "approve"))

    def relying_on(self, target: Record) -> Evidence:
        with self.store.change(by=self.arta) as change:
            links = (change.link(target, note="as practised"),)
            return change.add(self.evidence("Observation", owner=self.arta, due=NOW.date(), links=links))


@pytest.fixture
def desk(make_store: Callable[..., Store], tmp_path: Path) -> Desk:
    return Desk(make_store(clock=lambda: NOW), tmp_path)


def test_new_file_of_evidence_is_told_with_who_when_and_why(desk: Desk) -> None:
    assert suspect_links(desk.store, desk.talk) == suspects(desk.store) == []
    with desk.store.change(by=desk.besa, why="the old one lacked March") as change:
        supply(change, desk.log, source=desk.file("log-2.txt"))
    (found,) = suspects(desk.store)
    assert (found.source, found.target.id, found.link) == (desk.talk, desk.log.id, desk.talk.links[0])
    assert str(found) == (
        "EV-2026-001 changed since: revisions: 1 added by Besa Krasniqi on 2026-11-03 (the old one lacked March)"
    )
    assert suspects(desk.store, unit="AL-TIR") == [found]
    assert suspects(desk.store, unit="MK-SKP") == []


@ONE
def test_several_changes_are_each_told_and_undone_ones_are_not(desk: Desk) -> None:
    def save(why: str, **fields: object) -> None:
        with desk.store.change(by=desk.besa, why=why) as change:
            amend(change, change.get(Evidence, desk.log.id).revised(**fields))

    save("wrong", type="photo", title=Text.of("Swab book", "en"))
    save("retyped", title=Text.of("Swab log of 2026", "en"))
    save("", type="record", expires=date(2027, 1, 1))
    (found,) = suspect_links(desk.store, desk.talk)
    assert [str(each) for each in found.reasons] == [
        "expires: nothing -> 2027-01-01 by Besa Krasniqi on 2026-11-03",
        "title: Swab log -> Swab log of 2026 by Besa Krasniqi on 2026-11-03 (retyped)",
    ]
    save("as it was", title=Text.of("Swab log", "en"), expires=None)
    assert suspects(desk.store) == []


@ONE
def test_link_to_a_superseded_revision_is_suspect(desk: Desk) -> None:
    document, first = desk.issue()
    observation = desk.relying_on(first)
    assert suspects(desk.store) == []
    desk.revise(document)
    (found,) = suspects(desk.store)
    assert str(found) == (
        "SOP-001.en.r1 changed since: effective -> superseded by Besa Krasniqi on 2026-11-03 "
        "(the audit of May asked for it)"
    )
    with desk.store.change(by=desk.arta, why="weekly look") as change:
        observation = reconfirm(change, observation, observation.links[0], "seen before the change")
    assert suspects(desk.store) == []
    with desk.store.change(by=desk.arta) as change:
        change.advance(change.get(Revision, first.id), "retire")
    assert suspects(desk.store) == [], "it spoke no more when it was confirmed"
    assert observation.links[0].note == "as practised"


@ONE
def test_a_cited_section_is_suspect_once_the_revision_that_was_read_is_superseded(desk: Desk) -> None:
    document, first = desk.issue((SectionMark(number="4.2", heading="Sealing", sha256="a" * 64),))
    with desk.store.change(by=desk.arta) as change:
        with pytest.raises(RecordError, match=r"en.r1 has no section 4.3; it has 4.2. Cite one"):
            cite(change, first, "4.3")
        section = cite(change, first, "4.2")
        fields = {"unit": "AL-TIR", "grade": "minor", "statement": {"gap": {"en": "Seals"}}}
        finding = change.add(Finding.model_validate({**fields, "sections": (section, cite(change, first))}))
    assert (section.document, section.number) == (document.id, "4.2")
    assert desk.store.find(Finding, linked_to=first.id) == [finding]
    assert suspects(desk.store) == []
    desk.revise(document)
    (found,) = suspects(desk.store)
    assert (found.source, found.link) == (finding, section.revision)
    assert "effective -> superseded by Besa Krasniqi on 2026-11-03" in str(found)
    with desk.store.change(by=desk.arta) as change:
        with pytest.raises(RecordError, match="its sections have no numbers"):
            cite(change, desk.store.get(Revision, "SOP-001.en.r2"), "4.2")
        finding = reconfirm(change, finding, found.link, "4.2 reads as before")
    assert suspects(desk.store) == []
    assert {each.revision.version for each in finding.sections if each.revision} == {first.version + 1}


@ONE
def test_link_to_what_already_was_silent_is_no_suspect_until_it_speaks_otherwise(desk: Desk) -> None:
    with desk.store.change(by=desk.besa, why="unreadable") as change:
        log = change.advance(desk.log, "reject")
    (found,) = suspects(desk.store)
    assert "received -> rejected by Besa Krasniqi on 2026-11-03 (unreadable)" in str(found)
    desk.relying_on(log)
    assert [each.source.id for each in suspects(desk.store)] == [desk.talk.id]


@ONE
def test_confirming_is_remembered_with_its_reason(desk: Desk) -> None:
    with desk.store.change(by=desk.besa) as change:
        log = supply(change, desk.log, source=desk.file("log-2.txt"))
    link = desk.talk.links[0]
    with desk.store.change(by=desk.arta, why="weekly look") as change:
        talk = reconfirm(change, desk.talk, link, "only the cover changed")
        assert change.why == "weekly look"
    assert suspects(desk.store) == suspect_links(desk.store, talk) == []
    assert (talk.links[0].seen, talk.links[0].version) == (log.content_sha256(), log.version)
    event = desk.store.history(talk.id)[-1]
    assert (event.why, event.by) == ("only the cover changed", desk.arta)
    assert {"at": "/links/0/seen", "old": link.seen, "new": log.content_sha256()} in event.patch
    with desk.store.change(by=desk.arta) as change:
        with pytest.raises(RecordError, match="Say why it still holds"):
            reconfirm(change, talk, talk.links[0], "  ")
        with pytest.raises(RecordError, match="does not hold that link"):
            reconfirm(change, talk, link, "again")
    assert desk.store.verify()


@ONE
def test_confirming_casts_no_suspicion_further(desk: Desk) -> None:
    last = desk.relying_on(desk.talk)
    with desk.store.change(by=desk.besa) as change:
        supply(change, desk.log, source=desk.file("log-2.txt"))
    with desk.store.change(by=desk.arta) as change:
        reconfirm(change, desk.talk, desk.talk.links[0], "the same swabs")
    assert suspect_links(desk.store, last) == []


@ONE
def test_link_from_another_copy_that_saw_other_words(desk: Desk) -> None:
    link = Link(target=desk.log.id, seen="0" * 64, version=desk.log.version)
    with desk.store.change(by=desk.arta) as change:
        change.merge(desk.talk.revised(links=(link,)))
    (found,) = suspects(desk.store)
    assert [each.code for each in found.reasons] == ["seen-elsewhere"]


@ONE
def test_history_is_left_out_of_the_list_and_can_be_asked(desk: Desk) -> None:
    with desk.store.change(by=desk.arta, why="no longer needed") as change:
        talk = change.advance(desk.talk, "cancel")
    with desk.store.change(by=desk.besa) as change:
        supply(change, desk.log, source=desk.file("log-2.txt"))
    assert suspects(desk.store) == []
    assert len(suspect_links(desk.store, talk)) == 1


CHANGES: dict[str, st.SearchStrategy[object]] = {
    "title": st.text('abcč🔍\\"', min_size=1, max_size=8).map(lambda words: Text.of("x" + words, "mk")),
    "type": st.sampled_from(["photo", "interview", "data"]),
    "effective_from": st.dates(date(2026, 1, 1), date(2026, 6, 1)),
    "effective_to": st.dates(date(2026, 7, 1), date(2026, 8, 1)),
    "collected_at": st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC)),
    "collected_by": st.just("besa"),
    "expires": st.dates(date(2027, 1, 1), date(2028, 1, 1)),
    "owner": st.just("besa"),
    "due": st.dates(date(2026, 11, 3), date(2027, 1, 1)),
    "confidentiality": st.sampled_from(["public", "restricted"]),
    "retention_until": st.dates(date(2030, 1, 1), date(2040, 1, 1)),
    "labels": st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2).map(tuple),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("suspicion")
    store = open_store(folder / "records.qms", create=True, clock=lambda: NOW)
    people = [Person(unit="AL-TIR", ref=ref, name=ref.title()) for ref in ("a.hoxha", "b.krasniqi")]
    with store.change(by=people[0].id) as change:
        for each in (Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("U", "en")), *people):
            change.add(each)
    return Desk(store, folder)


@settings(max_examples=30, phases=(Phase.generate,))
@given(data=st.data(), names=st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5))
def test_content_always_and_bookkeeping_never_makes_a_link_suspect(
    shared: Desk, data: st.DataObject, names: set[str]
) -> None:
    desk = shared
    wanted = {name: data.draw(CHANGES[name], label=name) for name in sorted(names)}
    wanted = {name: desk.besa if value == "besa" else value for name, value in wanted.items()}
    if "effective_to" in wanted:
        wanted.setdefault("effective_from", date(2026, 1, 1))
    with desk.store.change(by=desk.arta) as change:
        log = collect(change, desk.evidence("Log"), url="https://files.example/log")
        talk = change.add(desk.evidence("Talk", owner=desk.arta, due=NOW.date(), links=(change.link(log),)))
        log = amend(change, log.revised(**wanted))
    said = set(wanted) - Evidence.BOOKKEEPING - {"labels"}
    found = suspect_links(desk.store, talk)
    assert [each.source.id for each in suspects(desk.store) if each.source.id == talk.id] == [talk.id] * bool(said)
    assert {re.split(":| changed", str(each))[0] for one in found for each in one.reasons} == said


@settings(max_examples=40)
@given(words=st.text(min_size=1, max_size=30).filter(str.strip), labels=st.lists(st.text(max_size=5), max_size=3))
def test_hash_from_the_kept_text_is_that_of_the_record(words: str, labels: list[str]) -> None:
    record = Evidence(
        unit="AL-TIR", type="data", title=Text.of(words, "en"), labels=tuple(labels), effective_from=NOW.date()
    )
    text = canonical(plain(record)).decode()
    assert _content_sha256(text, _bookkeeping(Evidence)) == record.content_sha256()


@ONE
def test_words_that_look_like_a_link_are_none(desk: Desk) -> None:
    fake = canonical(plain(desk.talk.links[0].model_copy(update={"seen": "0" * 64}))).decode()
    with desk.store.change(by=desk.arta) as change:
        change.add(desk.evidence(fake, owner=desk.arta, due=NOW.date()))
    assert suspects(desk.store) == []


def test_silent_states_are_states_of_some_kind() -> None:
    states = {state for kind in KINDS if kind.cycle for state in kind.cycle.states}
    assert states >= SILENT


def test_links_are_found_wherever_they_stand() -> None:
    link = Link(target="01ARZ3NDEKTSV4RRFFQ69G5FAV", seen="a" * 64, version=1)
    record = Evidence(unit="AL-TIR", type="data", title=Text.of("x", "en"), links=(link, link))
    assert list(links_in({"deep": (record, [], {"er": link})})) == [link, link, link]


@ONE
def test_confirming_a_link_casts_no_suspicion_on_links_to_its_finding(desk: Desk) -> None:
    with desk.store.change(by=desk.arta) as change:
        link = change.link(desk.log)
        finding = Finding.model_validate(
            {"unit": "AL-TIR", "grade": "minor", "statement": {"gap": {"en": "Seals"}}, "evidence": [plain(link)]}
        )
        finding = change.add(finding)
        talk = change.save(desk.talk.revised(links=(change.link(finding),)))
    with desk.store.change(by=desk.arta) as change:
        desk.log = amend(change, desk.log.revised(title=Text.of("Swab log, corrected", "en")))
    assert [each.target.ref for each in suspects(desk.store)] == [desk.log.ref]
    with desk.store.change(by=desk.arta, why="a slip of the pen") as change:
        finding = reconfirm(change, finding, finding.evidence[0], "read it")
    assert finding.evidence[0].version == desk.log.version
    assert suspects(desk.store) == [], f"{talk.ref} links to the finding"
