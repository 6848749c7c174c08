"""Coverage: people decide, decisions follow the words, gaps say what to do, actions are tied back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accreditation.errors import UnknownError
from accreditation.language import words
from accreditation.procedures.candidates import suggestions
from accreditation.procedures.coverage import NEEDS_COMMENT, Coverage
from accreditation.procedures.deciding import Decision, confirm, coverage_of, decide, draft_action, open_coverage
from accreditation.procedures.matrix import BEST, gaps, matrix
from accreditation.procedures.procedure import Procedure, Unreadable, mark_of, procedures_of
from accreditation.standards import Standard, standard
from qms.documents.control import draft, release
from qms.documents.document import Document
from qms.documents.revision import Revision, SectionMark
from qms.errors import RecordError, RefusedError
from qms.organisation import Person
from qms.record import Text
from qms.store import Store

SEALING = "Each bag is closed with tape and signed across the seal."
STORING = "Exhibits are kept in a locked store at a recorded temperature."
WAY = "Every handover is signed for, from the scene to the court."


def note(said: str) -> Text:
    return Text.of(said, "en")


class Desk:
    """A unit with one procedure, and two people who write and approve it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.arta, self.besa = (store.get(Person, each).id for each in ("a.hoxha", "b.krasniqi"))
        self.sop = self.document("Exhibits")
        with store.change(by=self.arta) as change:
            self.coverage = open_coverage(change, "AL-TIR")

    def document(self, title: str) -> Document:
        with self.store.change(by=self.arta) as change:
            return change.add(Document(unit="AL-TIR", type="SOP", title=note(title), owner=self.arta))

    def issue(self, **sections: str) -> Revision:
        """Put a revision in force whose sections have these headings and texts."""
        place = self.folder / "sop.md"
        parts = enumerate(sections.items(), start=1)
        place.write_text("\n".join(f"# {n} {head}\n\n{text}\n" for n, (head, text) in parts), "utf-8")
        return self.force(place)

    def force(self, place: Path, *, sections: tuple[SectionMark, ...] | None = None) -> Revision:
        with self.store.change(by=self.arta) as change:
            people = {"reviewer": self.besa, "approver": self.besa}
            revision = draft(change, self.sop, place, change_summary=note("new"), sections=sections, **people)
            revision = change.advance(revision, "submit")
        with self.store.change(by=self.besa) as change:
            revision = change.advance(change.advance(revision, "review"), "approve")
        with self.store.change(by=self.arta, why="new revision") as change:
            return release(change, revision)

    def decide(self, *decisions: Decision, by: str = "") -> Coverage:
        with self.store.change(by=by or self.arta) as change:
            self.coverage = decide(change, self.coverage, decisions)
        return self.coverage

    def one(self, revision: Revision, element: str, heading: str, verdict: str, said: str = "") -> Decision:
        mark = next(each for each in revision.sections if each.heading == heading)
        return Decision(element, revision, mark, verdict, note(said) if said else None)  # type: ignore[arg-type]


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {each.code for each in error.value.reasons}


def test_from_suggestion_to_decision_to_action(desk: Desk) -> None:
    desk.issue(Sealing=SEALING, Storing=STORING)
    (procedure,) = procedures_of(desk.store, "AL-TIR")
    assert isinstance(procedure, Procedure)
    first = suggestions([procedure], standard("sop-elements"))[0]
    assert (first.section.heading, first.element.clause.id) == ("Sealing", "SOP-14")
    assert procedure.revision is not None
    taken = Decision(
        "SOP-14", procedure.revision, mark_of(first.section), "partial", note("No numbers"), first.score
    )
    coverage = desk.decide(taken)
    (cell,) = coverage.cells.values()
    assert (cell.decided.by, cell.suggested, cell.verdict) == (desk.arta, first.score, "partial")

    now = matrix(desk.store, coverage)
    assert now.cells() == {("SOP-14", desk.sop.id): "partial"}
    assert [each.ref for each in now.documents] == [desk.sop.ref]
    gap = next(each for each in gaps(now) if each.key == "sop-elements:SOP-14")
    say = words("en")
    assert (gap.code, gap.ref, gap.clause) == ("coverage-partial", desk.sop.ref, "SOP elements SOP-14")
    assert say.reason(gap.why) == f"it is covered in part only: {desk.sop.ref} 1 Sealing"
    with desk.store.change(by=desk.arta) as change:
        coverage, action = draft_action(change, coverage, gap, say=say, owner=desk.besa, due=date(2027, 3, 1))
    assert (action.status, coverage.actions) == ("proposed", {"SOP-14": (action.id,)})
    assert action.title.best("en") == "Exhibit identity, label and seal: Write what is missing: No numbers"
    assert coverage_of(desk.store, "AL-TIR") == coverage
    assert coverage_of(desk.store, "XK-PRI") is None


def test_decisions_follow_the_words_and_only_changed_ones_turn_suspect(desk: Desk) -> None:
    first = desk.issue(Sealing=SEALING, Storing=STORING, Custody=WAY, Waste="Sharps go in a tube.")
    desk.decide(
        desk.one(first, "SOP-14", "Sealing", "full"),
        desk.one(first, "SOP-16", "Storing", "full"),
        desk.one(first, "SOP-15", "Custody", "full"),
        desk.one(first, "SOP-03", "Waste", "partial", "only sharps"),
    )
    assert all(each.holds for each in matrix(desk.store, desk.coverage).placed)
    desk.issue(
        Photographs="Use a scale.", Custody=WAY, Sealing=SEALING, Storing="Exhibits are kept in a cupboard."
    )
    now = matrix(desk.store, desk.coverage)
    assert [each.cell.element for each in now.placed if each.holds] == ["SOP-14", "SOP-15"]
    (suspect,), (removed,) = now.suspect, now.removed
    assert (suspect.cell.element, suspect.where) == ("SOP-16", f"{desk.sop.ref} 4 Storing")
    assert [each.code for each in suspect.reasons] == ["section-changed"]
    assert (removed.cell.element, removed.where) == ("SOP-03", f"{desk.sop.ref} 4 Waste")
    figures = now.figures()
    assert (figures.full, figures.partial, figures.suspect, figures.removed) == (2, 0, 1, 1)
    assert figures.share == 2 / 35
    found = {each.key.partition(":")[2]: each.code for each in gaps(now)}
    assert (found["SOP-16"], found["SOP-03"]) == ("coverage-suspect", "coverage-none")
    assert "SOP-14" not in found

    with desk.store.change(by=desk.besa) as change:
        desk.coverage = confirm(change, desk.coverage, now.suspect)
    later = matrix(desk.store, desk.coverage)
    assert (later.suspect, later.standing("SOP-16")) == ((), "full")
    assert later.figures().full == 3
    assert len(desk.coverage.cells) == 5


def test_of_several_decisions_on_a_section_the_last_is_suspect(desk: Desk) -> None:
    for text, verdict in ((SEALING, "none"), (STORING, "full")):
        revision = desk.issue(Sealing=text)
        desk.decide(desk.one(revision, "SOP-14", "Sealing", verdict))
    desk.issue(Sealing=WAY)
    now = matrix(desk.store, desk.coverage)
    assert [each.cell.verdict for each in now.suspect] == ["full"]


def test_changed_words_of_an_element_make_its_decisions_suspect(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = desk.issue(Sealing=SEALING)
    desk.decide(desk.one(revision, "SOP-14", "Sealing", "full"), desk.one(revision, "SOP-15", "Sealing", "none"))
    edition = standard("sop-elements")
    said = edition.model_dump()
    next(each for each in said["requirements"] if each["id"] == "SOP-14")["asks"] = "Something else."
    other = Standard.model_validate(said)
    monkeypatch.setattr("accreditation.procedures.matrix.standard", lambda _: other)
    (suspect,) = matrix(desk.store, desk.coverage).suspect
    assert (suspect.cell.element, suspect.reasons[0].code) == ("SOP-14", "element-changed")


def test_withdrawn_procedure_covers_nothing(desk: Desk) -> None:
    revision = desk.issue(Sealing=SEALING)
    desk.decide(desk.one(revision, "SOP-14", "Sealing", "full"))
    with desk.store.change(by=desk.arta, why="not used") as change:
        change.advance(change.get(Revision, revision.id), "withdraw")
    now = matrix(desk.store, desk.coverage)
    assert (now.documents, [each.reasons[0].code for each in now.removed]) == ((), ["not-in-force"])
    assert now.standing("SOP-14") == "undecided"


def test_conflict_goes_first_and_not_applicable_leaves_the_count(desk: Desk) -> None:
    revision = desk.issue(Sealing=SEALING, Storing=STORING)
    desk.decide(
        desk.one(revision, "SOP-14", "Sealing", "full"),
        desk.one(revision, "SOP-14", "Storing", "conflict", "It says that no seal is needed"),
        desk.one(revision, "SOP-17", "Storing", "not_applicable", "The unit handles no firearms"),
        desk.one(revision, "SOP-16", "Storing", "full"),
    )
    now = matrix(desk.store, desk.coverage)
    figures = now.figures()
    assert (figures.conflict, figures.not_applicable, figures.full, figures.undecided) == (1, 1, 1, 32)
    assert figures.share == 1 / 34
    conflict = next(each for each in gaps(now) if each.code == "coverage-conflict")
    assert words("en").reason(conflict.what_to_do) == "Correct the procedure: It says that no seal is needed"
    assert not any(each.key.endswith("SOP-17") for each in gaps(now))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([*BEST, "conflict"])), min_size=1, max_size=6))
def test_figures_count_every_element_once(desk: Desk, verdicts: list[tuple[int, str]]) -> None:
    revision = desk.issue(Sealing=SEALING, Storing=STORING, Custody=WAY)
    headings = ("Sealing", "Storing", "Custody")
    last = dict(verdicts)
    desk.decide(*(desk.one(revision, "SOP-14", headings[place], each, "why") for place, each in last.items()))
    now = matrix(desk.store, desk.coverage)
    figures = now.figures()
    counted = (figures.full, figures.partial, figures.conflict, figures.none, figures.undecided)
    assert sum(counted) + figures.not_applicable == len(now.elements)
    said = {each.cell.verdict for each in now.of("SOP-14")}
    assert now.standing("SOP-14") in said
    assert now.standing("SOP-14") == "conflict" or "conflict" not in said


@pytest.mark.parametrize("verdict", NEEDS_COMMENT)
def test_verdict_without_its_comment_is_refused(desk: Desk, verdict: str) -> None:
    revision = desk.issue(Sealing=SEALING)
    with pytest.raises(RecordError, match="needs a comment"):
        desk.decide(desk.one(revision, "SOP-14", "Sealing", verdict))


def test_nobody_decides_in_the_name_of_another_or_takes_a_decision_away(desk: Desk) -> None:
    revision = desk.issue(Sealing=SEALING)
    coverage = desk.decide(desk.one(revision, "SOP-14", "Sealing", "full"))
    (key, cell), *_ = coverage.cells.items()
    forged = {key: cell.model_copy(update={"verdict": "none"})}
    for cells, code in ((forged, "decided-by-another"), ({}, "decision-taken-away")):
        with pytest.raises(RefusedError) as error, desk.store.change(by=desk.besa) as change:
            change.save(coverage.revised(cells=cells))
        assert codes(error) == {code}
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.besa) as change:
        change.add(Coverage(unit="AL-TIR", cells=forged))
    assert "decided-by-another" in codes(error)


def test_decision_names_a_section_and_an_element_that_there_are(desk: Desk) -> None:
    revision = desk.issue(Sealing=SEALING)
    with pytest.raises(UnknownError, match="no clause 'SOP-99'"):
        desk.decide(desk.one(revision, "SOP-99", "Sealing", "full"))
    invented = Decision("SOP-14", revision, SectionMark(heading="Sealing", sha256="0" * 64), "full")
    with pytest.raises(RefusedError) as error:
        desk.decide(invented)
    assert codes(error) == {"no-such-section"}
    with pytest.raises(UnknownError), desk.store.change(by=desk.arta) as change:
        open_coverage(change, "AL-TIR", key="no-such-standard")


def test_saying_the_same_again_keeps_who_said_it_first(desk: Desk) -> None:
    revision = desk.issue(Sealing=SEALING)
    same = desk.one(revision, "SOP-14", "Sealing", "full")
    before = desk.decide(same)
    after = desk.decide(same, by=desk.besa)
    assert after.cells == before.cells


def test_closed_coverage_and_its_standard_stay(desk: Desk) -> None:
    revision = desk.issue(Sealing=SEALING)
    with pytest.raises(RefusedError) as error, desk.store.change(by=desk.arta) as change:
        change.save(desk.coverage.revised(standard="enfsi-scene-1.0"))
    assert codes(error) == {"standard-changed"}
    with desk.store.change(by=desk.arta, why="the unit is dissolved") as change:
        desk.coverage = change.advance(desk.coverage, "close")
    with pytest.raises(RefusedError):
        desk.decide(desk.one(revision, "SOP-14", "Sealing", "full"))
    assert coverage_of(desk.store, "AL-TIR") is None


def test_procedure_that_cannot_be_read_is_told_and_the_others_follow(
    desk: Desk, tmp_path: Path, somebody: Callable[[str], str]
) -> None:
    desk.issue(Sealing=SEALING)
    broken, desk.sop = desk.sop, desk.document("Scans")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7\n%%EOF\n")
    desk.force(scan, sections=())
    read, unread = procedures_of(desk.store, "AL-TIR")
    assert isinstance(read, Procedure)
    assert read.title == broken.title.best("en")
    assert isinstance(unread, Unreadable)
    assert not unread
    assert unread.document.ref == desk.sop.ref
    assert unread.why
