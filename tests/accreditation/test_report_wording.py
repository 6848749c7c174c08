"""The wording of reports: nothing said twice, numbers that agree, days that a report can speak of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import begin, checklist_of, judge, plan_action
from accreditation.assessments.scoring import scores
from accreditation.errors import UnknownError
from accreditation.issue import issue_of
from accreditation.language import LOCALES, Words
from accreditation.report.blocks import Document, KeyFigure, KeyFigures, Paragraph, Table, rewritten
from accreditation.report.charts import readiness_chart
from accreditation.report.frame import Marks
from accreditation.report.needs import needs_assessment
from accreditation.report.obstacles import issues_table
from accreditation.report.output import RENDERERS
from accreditation.report.progress import progress
from accreditation.report.standing import section_name
from accreditation.wording import cited_clause
from qms.actions.action import Action
from qms.record import Text
from qms.store import Store

EN = Words(("en",))
Somebody = Callable[[str], str]
DAY = date(2026, 11, 3)


@pytest.fixture(autouse=True)
def _any_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a language speak before all of its texts are translated."""
    monkeypatch.setattr("accreditation.language.words", lambda *tags: Words(tags))


@pytest.fixture
def dated(store: Store, assessment: Assessment, somebody: Somebody) -> Assessment:
    """An assessment whose title is its purpose and a day."""
    lead = somebody("a.hoxha")
    title = Text({tag: f"{Words((tag,))('Self-assessment')}, {Words((tag,)).day(DAY)}" for tag in LOCALES})
    with store.change(by=lead, why="begin") as change:
        return begin(change, "AL-TIR", assessment.profile, title=title, lead=lead, begins=DAY)


def report(store: Store, kept: Assessment, *tags: str, **options: Any) -> Document:
    return needs_assessment(store, kept, say=Words(tags or ("en",)), on=options.pop("on", DAY), **options)


def texts(document: Document) -> list[str]:
    found: list[str] = []
    rewritten(document, lambda text: found.append(text) or text)  # type: ignore[func-returns-value]
    return found


def profile_told(document: Document) -> str:
    block = document.sections[1].blocks[0]
    assert isinstance(block, Paragraph)
    return block.text


def tiles(document: Document) -> dict[str, KeyFigure]:
    blocks = [each for each in document.sections[0].blocks if isinstance(each, KeyFigures)]
    return {figure.label: figure for each in blocks for figure in each.figures}


@pytest.mark.parametrize("tag", LOCALES)
def test_no_sentence_ends_in_two_full_stops(store: Store, dated: Assessment, tag: str) -> None:
    document = report(store, dated, tag)
    assert not [each for each in texts(document) if ".." in each]
    day = Words((tag,)).day(DAY)
    assert f"{day} " in profile_told(document) or f"{day}. " in profile_told(document)


@pytest.mark.parametrize("tag", LOCALES)
def test_the_purpose_is_said_once(store: Store, dated: Assessment, tag: str) -> None:
    assert profile_told(report(store, dated, tag)).count(Words((tag,))("Self-assessment")) == 1


def test_each_half_of_two_languages_holds_its_own_words(store: Store, dated: Assessment) -> None:
    told = profile_told(report(store, dated, "mk", "sq"))
    assert told == " / ".join(profile_told(report(store, dated, tag)) for tag in ("mk", "sq"))


def test_shares_are_written_as_each_language_does() -> None:
    assert EN("below {limit}", limit=0.6) == "below 60%"
    assert Words(("mk",))("below {limit}", limit=0.6) == "below 60\u00a0%"
    assert Words(("en", "sq"))("{x}", x=lambda say: say.tag) == "en / sq"


def test_what_goes_on_has_no_last_day(store: Store, dated: Assessment) -> None:
    assert dict(report(store, dated).cover)["Carried out"] == "since 3 Nov 2026"


def test_letters_by_rule_name_the_language_in_that_of_the_report(store: Store, dated: Assessment) -> None:
    told = [value for _, value in report(store, dated, "sr-Cyrl").cover if "српски" in value]
    assert any("српски (латиница)" in each for each in told)
    assert not any("srpski" in each for each in told)


def test_an_annex_is_named_once(store: Store, assessment: Assessment) -> None:
    checklist = checklist_of(store, assessment)
    found = scores(assessment, checklist, (), on=DAY).sections
    names = [section_name(each, EN) for each in found]
    assert "ISO/IEC 17020:2012 Annex A: independence" in names
    assert "; Annex A: independence: " in readiness_chart(found, say=EN).alt


def test_documents_that_are_no_standard_are_named_in_the_language() -> None:
    class Own(Words):
        def __call__(self, source: str, /, **values: Any) -> str:
            return {"SOP elements": "Elementet"}.get(source, source)

    assert cited_clause("SOP elements SOP-01", Own(("sq",))) == "Elementet SOP-01"
    assert cited_clause("", EN) == ""


def test_issues_of_a_kind_agree_in_number_and_name_each_clause_once(store: Store, assessment: Assessment) -> None:
    one, other = (checklist_of(store, assessment).item(each) for each in ("7.1.1", "6.2.6"))

    def row(*found: Any) -> list[str]:
        return [each.text for each in issues_table(found, EN, caption="").rows[0]][1:3]

    for code, said, result in (("gate-not-met", "met", " (major)"), ("gate-not-assessed", "assessed", "")):
        single = issue_of(code, item=one, result="major")
        assert row(single)[0] == f"A requirement without which no unit is accredited is not {said}{result}."
        both = row(single, issue_of(code, item=other, result="minor"))
        assert both == [
            f"Requirements without which no unit is accredited are not {said}.",
            "ISO/IEC 17020:2012 7.1.1, 6.2.6",
        ]
    late = [issue_of("action-overdue", item=one, ref=f"ACT-{n}", day=DAY) for n in (1, 2, 3)]
    assert row(*late)[1] == "ISO/IEC 17020:2012 7.1.1 (ACT-1, ACT-2, ACT-3)"


def test_none_found_is_no_good_news_where_nothing_is_assessed(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    names = ("Major nonconformities", "Minor nonconformities", "Gaps with an action planned", "Actions overdue")
    assert [tiles(report(store, assessment))[each].tone for each in names] == ["", "", "", ""]
    with store.change(by=somebody("a.hoxha")) as change:
        said = {"4.1.1": {"result": "conforms"}}
        judged = judge(change, assessment, said, checklist=checklist_of(store, assessment))
    assert [tiles(report(store, judged))[each].tone for each in names[:2]] == ["good", "good"]


def test_every_overdue_action_of_the_unit_is_counted(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    lead = somebody("a.hoxha")
    with store.change(by=lead) as change:
        title = Text.of("Elsewhere", "en")
        change.add(Action(unit="AL-TIR", title=title, purpose="improvement", owner=lead, due=DAY))
    late = tiles(report(store, assessment, on=date(2026, 11, 20)))["Actions overdue"]
    assert (late.value, late.tone) == ("1", "poor")
    store.clock.skip(20)  # type: ignore[attr-defined]
    moved = progress(store, assessment, since=DAY, on=date(2026, 11, 20), say=EN)
    assert tiles(moved)["Actions overdue"].value == late.value


@pytest.mark.parametrize("form", RENDERERS)
def test_a_final_report_says_that_the_assessment_is_not_frozen(
    store: Store, assessment: Assessment, form: str
) -> None:
    final = report(store, assessment, marks=Marks(made_by="Arta", status="final"))
    assert [each.title for each in final.notes] == ["The assessment is not frozen"]
    assert "0 of 151 requirements are assessed and 0 reviewed" in final.notes[0].text
    assert not report(store, assessment, marks=Marks(made_by="Arta")).notes
    assert len(RENDERERS[form](final)) > 1000


def test_a_final_progress_report_says_that_the_assessment_is_not_frozen(
    store: Store, assessment: Assessment
) -> None:
    store.clock.skip(20)  # type: ignore[attr-defined]
    for status, titles in (("draft", []), ("final", ["The assessment is not frozen"])):
        marks = Marks(made_by="Arta", status=status)  # type: ignore[arg-type]
        made = progress(store, assessment, since=DAY, on=date(2026, 11, 20), say=EN, marks=marks)
        assert [each.title for each in made.notes] == titles


@pytest.mark.parametrize("form", RENDERERS)
def test_signs_that_no_page_can_show_leave_a_readable_text(
    store: Store, assessment: Assessment, form: str
) -> None:
    made = report(
        store, assessment, marks=Marks(made_by="cer\u00adti\u200bfied\ufffeby\U0001ffff \u202eAr\u202cta\x07")
    )
    assert "certified by  Arta ," in dict(made.cover)["Made by"]
    assert len(RENDERERS[form](made)) > 1000


def test_a_day_before_the_assessment_is_refused(store: Store, assessment: Assessment) -> None:
    with pytest.raises(UnknownError, match=f"{assessment.ref} was begun on 2026-11-02; of 2026-10-01"):
        report(store, assessment, on=date(2026, 10, 1))


def test_a_day_to_come_cannot_be_rebuilt(store: Store, assessment: Assessment) -> None:
    today = store.now().date()
    with pytest.raises(UnknownError, match=f"still to come.*{today}"):
        progress(store, assessment, since=today - timedelta(days=9), on=today + timedelta(days=1), say=EN)


def test_what_blocks_accreditation_has_high_priority(
    store: Store, assessment: Assessment, somebody: Somebody
) -> None:
    checklist, lead = checklist_of(store, assessment), somebody("a.hoxha")
    item = next(each for each in checklist.items if each.clause.id == "8.6.1")
    with store.change(by=lead) as change:
        made = judge(change, assessment, {item.key: {"result": "conforms"}}, checklist=checklist)
        due = date(2027, 1, 1)
        title = Text.of("Plan the audit", "en")
        made, _ = plan_action(change, made, item.key, checklist=checklist, title=title, owner=lead, due=due)
    document = report(store, made)
    plan = next(each for each in document.sections if each.title == "Action plan").blocks[0]
    assert isinstance(plan, Table)
    assert [(row[0].text, row[4].text) for row in plan.rows] == [("ACT-2026-001", "High")]
