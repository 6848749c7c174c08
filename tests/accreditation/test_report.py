"""Reports on a unit whose judgements, evidence and actions are known: what they say, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import (
    begin,
    checklist_of,
    judge,
    plan_action,
    raise_finding,
    request_evidence,
)
from accreditation.assessments.profile import Profile
from accreditation.assessments.scoring import ENOUGH
from accreditation.crosswalk import Crosswalk, CrosswalkLink
from accreditation.errors import UnknownError
from accreditation.language import LOCALES, Words
from accreditation.procedures.coverage import Coverage
from accreditation.procedures.deciding import Decision, decide, draft_action, open_coverage
from accreditation.procedures.matrix import gaps, matrix
from accreditation.report.blocks import Chart, Document, Facts, KeyFigures, Note, Section, Table, rewritten
from accreditation.report.charts import OpenActions
from accreditation.report.edition_change import transition_report
from accreditation.report.frame import Marks
from accreditation.report.needs import needs_assessment
from accreditation.report.page import render_page
from accreditation.report.past import open_actions, standing_at
from accreditation.report.pdf import render_pdf
from accreditation.report.procedures_report import procedures_report
from accreditation.report.progress import progress
from accreditation.standards import Standard, standard
from accreditation.transition import Transition, transition
from qms.actions.action import Action, Cost, move_due
from qms.documents.control import draft, release
from qms.documents.document import Document as Procedure
from qms.lifecycle import Reason
from qms.organisation import Person, Unit
from qms.record import Text
from qms.store import Store

FIRST, LATER = date(2026, 11, 3), date(2026, 12, 20)
OLD = standard("iso17020-2012")
Somebody = Callable[[str], str]
EN = Words(("en",))


class Clock:
    """Tells a time that the story moves on."""

    now = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass(frozen=True)
class Told:
    """A store and the assessment in it."""

    store: Store
    assessment: Assessment


def xx(text: str) -> Text:
    return Text.of(text, "en")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A unit with 2 gaps on 3 November; one is closed and another is found by 20 December."""
    from accreditation.kinds import KINDS
    from qms.evidence.evidence import Evidence, collect
    from qms.store import open_store

    clock = Clock()
    place = tmp_path_factory.mktemp("story") / "records.qms"
    with open_store(place, create=True, kinds=KINDS, clock=clock) as store:
        people = {ref: Person(unit="XK-1", ref=ref, name=name) for ref, name in (("aa", "Åå"), ("bb", "Ææ"))}
        arta, besa = people["aa"].id, people["bb"].id
        with store.change(by=arta, why="set up") as change:
            change.add(Unit(unit="XK-1", ref="XK-1", jurisdiction="XK", name=xx("Øø Kosovo Øø")))
            for each in people.values():
                change.add(each)
            profile = Profile.model_validate(
                {
                    "name": "Þþ",
                    "standards": (OLD.key,),
                    "excluded": [
                        {"standard": OLD.key, "clause": each, "why": "Ðð"} for each in ("7", "8", "A", "B")
                    ],
                    "weights": {"iso17020-2012:4.1.1": 5},
                    "independence": [{"activity": "Ðð", "type": "C"}],
                }
            )
            made = begin(
                change, "XK-1", profile, title=xx("Øø"), lead=arta, team=(besa,), begins=FIRST, ends=LATER
            )
        checklist = checklist_of(store, made)
        with store.change(by=besa) as change:
            log = Evidence(unit="XK-1", type="record", title=xx("Øø"), effective_from=date(2026, 5, 1))
            log = collect(change, log, url="https://example.org/log")
        with store.change(by=arta) as change:
            log = change.advance(log, "accept")
            good = {"result": "conforms", "documented": 4, "implemented": 4, "evidence": (change.link(log),)}
            said: dict[str, dict[str, Any]] = {each.key: good for each in checklist.items[:-8]}
            said["4.1.1"] = {"result": "major", "justification": xx("Øø major"), "documented": 4, "implemented": 1}
            said["4.1.2"] = {"result": "minor", "justification": xx("Øø minor"), "documented": 1, "implemented": 1}
            made = judge(change, made, said, checklist=checklist)
            made, _ = raise_finding(change, made, "4.1.1", checklist=checklist, owner=besa)
            first = {"title": xx("Øø one"), "owner": besa, "start": FIRST, "due": date(2026, 12, 1)}
            cost = Cost(amount=Decimal(1200), currency="EUR")
            made, one = plan_action(change, made, "4.1.1", checklist=checklist, cost=cost, **first)
            second = {"title": xx("Øø two"), "owner": arta, "due": date(2029, 6, 1), "depends_on": (one.id,)}
            made, _ = plan_action(change, made, "4.1.1", checklist=checklist, **second)
            made, _ = request_evidence(change, made, "4.1.1", checklist=checklist, owner=besa, due=LATER)
        clock.now = datetime(2026, 11, 25, 9, tzinfo=UTC)
        with store.change(by=besa, why="Øø") as change:
            one = change.advance(change.advance(one, "approve"), "start")
            one = move_due(change, one, date(2026, 12, 10))
        with store.change(by=arta) as change:
            fixed = {"4.1.2": good, "4.1.3": {"result": "minor", "justification": xx("Øø new")}}
            made = judge(change, store.get(Assessment, made.id), fixed, checklist=checklist)
        clock.now = datetime.combine(LATER, time(18), UTC)
        yield Told(store, made)


@pytest.fixture(scope="module")
def needs(told: Told) -> Document:
    return needs_assessment(told.store, told.assessment, say=EN, on=LATER)


@pytest.fixture(scope="module")
def covered(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    """Three decisions of another unit on a procedure; the second section changed, the third went away."""
    store = told.store
    arta, besa = (store.get(Person, each).id for each in ("aa", "bb"))
    place = tmp_path_factory.mktemp("sop") / "sop.md"
    with store.change(by=arta) as change:
        change.add(Unit(unit="XK-2", ref="XK-2", jurisdiction="AL", name=xx("Øø")))
        sop = change.add(Procedure(unit="XK-2", type="SOP", title=xx("Øø"), owner=arta))
        coverage = open_coverage(change, "XK-2")

    def issued(text: str) -> Any:
        place.write_text(text, "utf-8")
        with store.change(by=arta) as change:
            people = {"reviewer": besa, "approver": besa}
            revision = change.advance(draft(change, sop, place, change_summary=xx("Øø"), **people), "submit")
        with store.change(by=besa) as change:
            revision = change.advance(change.advance(revision, "review"), "approve")
        with store.change(by=arta, why="Øø") as change:
            return release(change, revision)

    revision = issued("# 1 Åå\n\nØø ææ\n\n# 2 Ææ\n\nÞþ ðð\n\n# 3 Ðð\n\nÅå ææ þþ\n")
    one, two, three = revision.sections
    with store.change(by=besa) as change:
        said = [
            Decision("SOP-01", revision, one, "partial", xx("Øø")),
            Decision("SOP-02", revision, two, "full"),
            Decision("SOP-03", revision, three, "conflict", xx("Þþ")),
        ]
        coverage = decide(change, coverage, said)
        gap = gaps(matrix(store, coverage))[0]
        coverage, _ = draft_action(change, coverage, gap, say=EN, owner=arta, due=LATER, title=xx("Øø"))
    issued("# 1 Åå\n\nØø ææ\n\n# 2 Ææ\n\nÞþ ðð and more\n")
    return coverage


def section(document: Document, title: str) -> Section:
    return next(each for each in (*document.sections, *document.annex) if each.title == title)


def rows(document: Document, title: str) -> list[list[str]]:
    """The rows of all tables of a section."""
    tables = [each for each in section(document, title).blocks if isinstance(each, Table)]
    return [[cell.text for cell in row] for table in tables for row in table.rows]


def notes(document: Document) -> list[str]:
    return [block.text for each in document.sections for block in each.blocks if isinstance(block, Note)]


def test_the_action_plan_has_every_action_and_every_gap(needs: Document) -> None:
    plan = rows(needs, "Action plan")
    assert [row[0] for row in plan] == ["ACT-2026-001", "ACT-2026-002", "-"]
    first, second, bare = plan
    assert first[1] == "ISO/IEC 17020:2012 4.1.1"
    assert first[2] == "Øø major (NC-2026-001)"
    assert first[4:7] == ["High", "Ææ", "3 Nov 2026 \u2013 10 Dec 2026"]
    assert first[7] == "€1,200.00"
    assert "EV-2026-002" in first[8]
    assert first[9:] == ["In progress; overdue", "not yet"]
    assert second[3] == "Øø two (Depends on: ACT-2026-001)"
    assert (bare[1], bare[9]) == ("ISO/IEC 17020:2012 4.1.3", "Not planned")
    assert any("ACT-2026-002" in each and "27 Mar 2029" in each for each in notes(needs))


def test_gaps_say_what_is_asked_found_and_expected(needs: Document) -> None:
    gaps = rows(needs, "Gaps by clause")
    assert [row[0].split()[0] for row in gaps] == ["4.1.1", "4.1.3"]
    assert gaps[0][1:2] + gaps[0][3:5] == [
        "Major nonconformity",
        "Øø major (NC-2026-001)",
        "Øø one (ACT-2026-001); Øø two (ACT-2026-002)",
    ]
    assert all(gaps[0][2:])
    assert gaps[0][5].startswith(OLD.clause("4.1.1").evidence[0])


def test_the_annex_has_every_judgement_and_the_rest_is_listed(needs: Document, told: Told) -> None:
    checklist = checklist_of(told.store, told.assessment)
    annex = rows(needs, "Every judgement")
    assert [row[0] for row in annex] == [each.clause.id for each in checklist.items]
    left = [clause for row in rows(needs, "Requirements not assessed") for clause in row[2].split(", ")]
    assert left == [row[0] for row in annex if row[2] == "Not assessed"] != []
    assert len(rows(needs, "Strengths")) == len([row for row in annex if row[2] == "Conforms"])


def test_the_verdict_names_blockers_and_gates(needs: Document) -> None:
    assert needs.sections[0].blocks[0].text.startswith("Not ready: ")  # type: ignore[union-attr]
    gates = rows(needs, "Readiness and gates")
    assert ["ISO/IEC 17020:2012 4.1.3", "Finding risks to impartiality", "Minor nonconformity"] in gates
    assert rows(needs, "Maturity") == [["ISO/IEC 17020:2012 4.1.1", "Impartial inspections", "4", "1"]]


def test_a_score_is_never_shown_alone(needs: Document, told: Told) -> None:
    moved = progress(told.store, told.assessment, since=FIRST, on=LATER, say=EN)
    for document in (needs, moved):
        for each in (*document.sections, *document.annex):
            for block in each.blocks:
                if isinstance(block, Table):
                    titles = {column.title for column in block.columns}
                    firsts = {row[0].text for row in block.rows}
                    scored = any(re.match("Score($| on)", title) for title in titles)
                    assert not scored or {"Coverage", "With evidence", "Oldest evidence"} <= titles
                    assert "Score" not in firsts or {"Coverage", "With evidence", "Oldest evidence"} <= firsts
                if isinstance(block, KeyFigures):
                    labels = {figure.label for figure in block.figures}
                    assert "Score" not in labels or {"Coverage", "With evidence", "Oldest evidence"} <= labels


def test_low_coverage_is_warned_of(
    needs: Document, store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    with store.change(by=somebody("a.hoxha")) as change:
        few = judge(
            change, assessment, {"4.1.1": {"result": "conforms"}}, checklist=checklist_of(store, assessment)
        )
    document = needs_assessment(store, few, say=EN, on=FIRST)
    warned = [each for each in notes(document) if f"{ENOUGH:.0%}".rstrip("%") in each]
    assert len(warned) == 2
    assert not any("says little" in each for each in notes(needs))


def test_nothing_judged_yet_is_a_report_too(store: Store, assessment: Assessment) -> None:
    document = needs_assessment(store, assessment, say=EN, on=FIRST)
    assert "*" not in "".join(texts(document))
    assert not document.footnotes
    assert rows(document, "Gaps by clause") == []


def test_every_cover_names_its_marks_and_the_ledger(told: Told) -> None:
    marks = Marks(made_by="Ææ", status="final", confidentiality="restricted", footnotes="both")
    document = needs_assessment(told.store, told.assessment, say=Words(("sq",)), on=LATER, marks=marks)
    cover = [value for _, value in document.cover]
    head = told.store.head()
    assert str(head) in cover
    assert document.mark == f"XK-1 · {head.seq}:{head.hash[:16]}"
    assert (document.status, document.confidentiality) == ("final", "restricted")
    assert document.languages == ("sq",)
    assert any(value.startswith("shqip: ") for value in cover)
    assert "Kosova*" in cover
    assert len(document.footnotes) == 1


class Pseudo(Words):
    """A language in which every text that is translated stands between brackets."""

    def __call__(self, source: str, /, **values: Any) -> str:
        return f"⟦{super().__call__(source, **values)}⟧" if source else ""

    def plural(self, one: str, many: str, n: int, **values: Any) -> str:
        return f"⟦{super().plural(one, many, n, **values)}⟧"

    def reason(self, reason: Reason) -> str:
        return f"⟦{super().reason(reason)}⟧"

    def day(self, day: date | None) -> str:
        return "⟦day⟧"


def texts(value: Any) -> Iterator[str]:
    """Every text of a document that a reader sees."""
    found: list[str] = []
    rewritten(value, lambda text: found.append(text) or text)  # type: ignore[func-returns-value]
    yield from found


def moved_to_own(told: Told) -> Transition:
    new = Standard.model_validate(
        {
            "key": "own",
            "source": "Øø 2026",
            "title": "Title",
            "requirements": [
                {"id": f"N{n}", "order": n, "title": "Title", "question": "Is it so?"} for n in (1, 2, 3)
            ],
        }
    )
    link = {"relation": "equal", "coverage": 1.0, "author": "Å", "reviewer": "Ø", "status": "reviewed"}
    links = [
        CrosswalkLink.model_validate({**link, "a": a, "b": b, "change": change})
        for a, b, change in (("4.1.1", "N1", "none"), ("4.1.2", "N2", "minor"), ("6.3.1", "", "withdrawn"))
    ]
    walk = Crosswalk(a=OLD.key, b="own", links=tuple(links))
    return transition(told.assessment, walk, OLD, new, on=LATER)


def test_nothing_is_english_by_accident(told: Told, covered: Coverage) -> None:
    say = Pseudo(("en",))
    documents = (
        needs_assessment(told.store, told.assessment, say=say, on=LATER),
        progress(told.store, told.assessment, since=FIRST, on=LATER, say=say),
        transition_report(told.store, told.assessment, moved_to_own(told), say=say),
        transition_report(told.store, told.assessment, no_clauses(told), say=say),
        procedures_report(told.store, covered, say=say, on=LATER),
    )
    written = {"Albania", "Kosovo", "major", "minor", "new", "one", "two"}
    for document in documents:
        for text in texts(document):
            left, before = text, ""
            while left != before:
                left, before = re.sub(r"⟦[^⟦⟧]*⟧", "", left), left
            left = re.sub(r"ISO/IEC|(NC|ACT|EV|AS|COV)-2026|XK-[12]|[0-9a-f]{64}|SOP", "", left)
            assert set(re.findall(r"[A-Za-z]{3,}", left)) <= written, text


def no_clauses(told: Told) -> Transition:
    new = standard("iso17020-2026")
    return transition(told.assessment, Crosswalk(a=OLD.key, b=new.key), OLD, new, on=LATER)


def test_progress_compares_the_two_days(told: Told) -> None:
    document = progress(told.store, told.assessment, since=FIRST, on=LATER, say=EN)
    closed, new = (each for each in section(document, "Gaps closed and new").blocks if isinstance(each, Table))
    assert [[cell.text for cell in row] for row in closed.rows] == [
        [
            "ISO/IEC 17020:2012 4.1.2",
            "Responsibility for impartiality and pressure",
            "Minor nonconformity",
            "Conforms",
        ]
    ]
    assert [row[0].text for row in new.rows] == ["ISO/IEC 17020:2012 4.1.3"]
    first = rows(document, "Actions")[0]
    assert first[3:] == ["10 Dec 2026", "1 Dec 2026", "Proposed", "In progress; overdue"]
    assert any(isinstance(each, Chart) for each in section(document, "Burn-down of actions").blocks)
    figures = section(document, "What changed").blocks[0]
    assert isinstance(figures, KeyFigures)
    assert [each.value for each in figures.figures] == ["1", "1", "0", "1"]


def test_the_past_is_that_of_the_day(told: Told) -> None:
    then = standing_at(told.store, told.assessment, FIRST)
    assert then.assessment.judgement("iso17020-2012:4.1.2").result == "minor"
    assert [each.due for each in then.actions] == [date(2026, 12, 1), date(2029, 6, 1)]
    now = standing_at(told.store, told.assessment, LATER)
    assert now.assessment == told.assessment
    assert now.scores.whole.backed == then.scores.whole.backed + 1


def test_the_burn_down_counts_open_and_late_actions(told: Told) -> None:
    points = open_actions(told.store, "XK-1", since=date(2026, 11, 1), until=date(2026, 12, 12))
    by_day = {each.on: (each.open, each.overdue) for each in points}
    assert by_day[date(2026, 11, 1)] == (0, 0)
    assert by_day[date(2026, 11, 2)] == (2, 0)
    assert by_day[date(2026, 12, 5)] == (2, 0), "it was moved to 10 December in time"
    assert points[-1] == OpenActions(on=date(2026, 12, 12), open=2, overdue=1)
    long = open_actions(told.store, "XK-1", since=date(2021, 1, 1), until=date(2026, 12, 12))
    assert len(long) <= 61


@pytest.mark.parametrize(
    ("since", "on", "why"),
    [(LATER, FIRST, "earlier day first"), (FIRST, FIRST, "earlier"), (date(2020, 1, 1), FIRST, "was begun on")],
)
def test_progress_refuses_days_without_a_past(told: Told, since: date, on: date, why: str) -> None:
    with pytest.raises(UnknownError, match=why):
        progress(told.store, told.assessment, since=since, on=on, say=EN)


def test_progress_looks_into_the_assessment_before(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    store.clock.skip(30)  # type: ignore[attr-defined]
    lead = somebody("a.hoxha")
    with store.change(by=lead) as change:
        after = begin(change, "AL-TIR", assessment.profile, title=xx("Next"), lead=lead, follows=assessment.id)
    store.clock.skip(20)  # type: ignore[attr-defined]
    document = progress(store, after, since=FIRST, on=date(2026, 12, 20), say=EN)
    cover = dict(document.cover)
    assert cover["Assessment at the beginning"].startswith(assessment.ref)
    assert cover["Assessment at the end"].startswith(after.ref)


def test_transition_shows_each_fate_and_the_days_left(told: Told) -> None:
    document = transition_report(told.store, told.assessment, moved_to_own(told), say=EN)
    assert [row[0] for row in rows(document, "To be assessed")] == ["N3"]
    assert [row[0] for row in rows(document, "To be confirmed")] == ["N2"]
    carried = rows(document, "Carried over")
    assert [(row[0], row[3], row[4]) for row in carried] == [("N1", "4.1.1", "Major nonconformity")]
    assert [row[0] for row in rows(document, "No longer asked for")] == ["6.3.1"]
    figures = section(document, "Where the unit stands").blocks[0]
    assert isinstance(figures, KeyFigures)
    assert figures.figures[0].value == "828"


def test_transition_without_clauses_says_what_to_load(told: Told) -> None:
    document = transition_report(told.store, told.assessment, no_clauses(told), say=EN)
    assert "not loaded" in notes(document)[0]
    assert len(rows(document, "Themes of change")) == 7
    assert rows(document, "Crosswalk to be filled")[0][1] == "116"


def test_procedures_show_gaps_actions_and_what_no_longer_holds(told: Told, covered: Coverage) -> None:
    document = procedures_report(told.store, covered, say=EN, on=LATER)
    by_element = {row[0].split()[0]: row for row in rows(document, "Gaps")}
    assert by_element["SOP-01"][2].startswith("It is covered in part only: ")
    assert by_element["SOP-01"][4:] == ["ACT-2026-001", "20 Dec 2026", "Proposed"]
    assert by_element["SOP-04"][4:] == ["-", "-", "Not planned"]
    table = {row[0].split()[0]: row[1:] for row in rows(document, "Coverage matrix")}
    assert len(table) == 35
    assert table["SOP-01"] == ["Partial", "Partial"]
    assert table["SOP-02"] == ["", "Not decided"]
    assert [row[0] for row in rows(document, "Decisions to be confirmed")] == ["SOP-02"]
    assert [row[0] for row in rows(document, "Sections that are gone")] == ["SOP-03"]
    assert [(row[0], row[6]) for row in rows(document, "Every decision")] == [
        ("SOP-01", "yes"),
        ("SOP-02", "no"),
        ("SOP-03", "no"),
    ]


@pytest.mark.parametrize("tag", LOCALES)
def test_the_needs_assessment_is_set_in_every_language(told: Told, tag: str) -> None:
    say = Words((tag,))
    document = needs_assessment(told.store, told.assessment, say=say, on=LATER)
    opened = pypdfium2.PdfDocument(render_pdf(document))
    shown = re.sub(r"[\s\ufffe]", "", "".join(page.get_textpage().get_text_range() for page in opened))
    opened.close()
    assert "U+" not in shown
    for clause in ("4.1.1", "4.1.3", "6.2.1"):
        title = say(OLD.clause(clause).title)
        assert re.sub(r"\s", "", title) in shown
        assert (title != OLD.clause(clause).title) == (tag != "en")


def test_two_languages_stand_beside_each_other(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accreditation.language.words", lambda *tags: Words(tags))
    say = Words(("en", "sr-Cyrl"))
    page = render_page(needs_assessment(told.store, told.assessment, say=say, on=LATER)).decode()
    title = OLD.clause("4.1.3").title
    assert f"{title} / {Words(('sr-Cyrl',))(title)}" in page
    assert "Kosovo* / Косово*" in page


def test_names_with_an_asterisk_have_their_footnote(told: Told, needs: Document) -> None:
    moved = transition_report(told.store, told.assessment, moved_to_own(told), say=EN)
    for document in (needs, moved):
        assert len(document.footnotes) == 1
        for text in texts(document):
            assert not re.search(r"Kosovo(?!\*)", text), text
    assert told.store.get(Action, "ACT-2026-001", unit="XK-1").title == xx("Øø one"), "records stay as they are"


def test_every_block_has_something_in_it(needs: Document) -> None:
    for each in (*needs.sections, *needs.annex):
        assert each.blocks, each.title
        for block in each.blocks:
            assert is_dataclass(block)
            first = getattr(block, fields(block)[0].name)
            assert first or isinstance(block, Facts)
