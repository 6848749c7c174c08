"""Summaries and their roll-up: what leaves a unit, whether it is genuine, and how many say it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import checklist_of, judge, raise_finding
from accreditation.errors import CatalogueError, UnknownError
from accreditation.gaps import Situation
from accreditation.readiness import readiness
from accreditation.rollup import roll_up
from accreditation.summary import Figures, Summary, read_summary, summary_of
from qms.record import Text, sha256
from qms.store import Store

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TODAY = date(2026, 11, 23)


@pytest.fixture
def summary(store: Store, assessment: Assessment, somebody: Callable[[str], str]) -> Summary:
    secret = Text.of("Bag of case 24-017 of Ilir Doe was open", "en")
    checklist = checklist_of(store, assessment)
    with store.change(by=somebody("a.hoxha"), why="judge") as change:
        kept = judge(
            change,
            assessment,
            {"7.2.1": {"result": "major", "justification": secret}, "4.1.1": {"result": "conforms"}},
            checklist=checklist,
        )
        kept, finding = raise_finding(change, kept, "7.2.1", checklist=checklist, evidence=secret)
    with store.change(by=somebody("a.hoxha"), why="issued") as change:
        change.advance(finding, "issue")
    here = Situation(store, kept, on=TODAY)
    return summary_of(here, readiness(here)).signed(KEY)


def test_summary_tells_counts_and_no_words(summary: Summary, store: Store) -> None:
    text = summary.model_dump_json()
    for secret in ("24-017", "Ilir", "Hoxha", "a.hoxha", "NC-2026", "AS-2026", "Baseline"):
        assert secret not in text
    assert summary.findings == {"major": 1}
    assert summary.whole.results == {"major": 1, "conforms": 1, "not_assessed": 149}
    assert summary.head == str(store.head())


def test_genuine_summary_is_read_and_a_changed_one_refused(summary: Summary, tmp_path: Path) -> None:
    place = tmp_path / "unit.json"
    place.write_text(summary.model_dump_json(), encoding="utf-8")
    assert read_summary(place) == summary
    assert read_summary(place, trusted={"AL-TIR": summary.key}) == summary
    with pytest.raises(CatalogueError, match="not signed with the key that is known of AL-TIR"):
        read_summary(place, trusted={"AL-TIR": "0" * 64})
    place.write_text(summary.model_dump_json().replace('"major":1', '"major":0'), encoding="utf-8")
    with pytest.raises(CatalogueError, match="changed after it was signed"):
        read_summary(place)
    place.write_text("{}", encoding="utf-8")
    with pytest.raises(CatalogueError, match="cannot be used as a summary"):
        read_summary(place)
    place.write_bytes(b" " * 1_000_001)
    with pytest.raises(CatalogueError, match="larger than 1 MB"):
        read_summary(place)
    with pytest.raises(UnknownError, match="cannot be read"):
        read_summary(tmp_path / "nothing.json")


def told(summary: Summary, unit: str, score: float, *, coverage: float = 1.0, year: int = 2026) -> Summary:
    figures = summary.whole.model_copy(update={"score": score, "coverage": coverage})
    key = sha256(unit.encode())
    said = {"unit": unit, "on": date(year, 6, 1), "whole": figures, "sections": {}, "key": key}
    return summary.model_copy(update=said)


def test_distribution_leaves_out_what_is_insufficient(summary: Summary) -> None:
    many = [told(summary, f"U-{n}", n / 10) for n in range(1, 6)] + [told(summary, "U-9", 1.0, coverage=0.59)]
    (period,) = roll_up(many)
    spread = period.score
    assert (spread.units, spread.insufficient) == (5, 1)
    assert (spread.least, spread.lower, spread.median, spread.upper, spread.most) == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert [(each.unit, each.score) for each in period.lines if not each.is_sufficient] == [("U-9", None)]


def test_last_summary_of_a_year_counts(summary: Summary) -> None:
    early = told(summary, "U-1", 0.2).model_copy(update={"on": date(2026, 1, 1)})
    late = told(summary, "U-1", 0.8).model_copy(update={"on": date(2026, 12, 1)})
    before = told(summary, "U-1", 0.1, year=2025)
    periods = roll_up([late, before, early])
    assert [(each.year, each.score.median) for each in periods] == [(2025, 0.1), (2026, 0.8)]


def test_public_roll_up_masks_units_and_small_counts(summary: Summary) -> None:
    (few,) = roll_up([told(summary, "U-1", 0.2), told(summary, "U-2", 0.4)], public=True)
    assert (few.lines, few.score.units, few.score.median, few.blockers) == ((), 2, None, None)
    (four,) = roll_up([told(summary, f"U-{n}", 0.2) for n in range(4)], public=True)
    assert (four.score.median, four.blockers) == (None, None)
    (many,) = roll_up([told(summary, f"U-{n}", 0.2) for n in range(5)], public=True)
    assert (many.lines, many.score.median, many.score.least, many.score.most) == ((), 0.2, None, None)


def test_nobody_speaks_for_another_unit(summary: Summary) -> None:
    one = told(summary, "U-1", 0.2)
    forged = told(summary, "u-1", 1.0, year=2027)
    with pytest.raises(CatalogueError, match="signed with different keys"):
        roll_up([one, forged])
    with pytest.raises(CatalogueError, match="one key signs for"):
        roll_up([one, told(summary, "U-2", 1.0).model_copy(update={"key": one.key})])


def test_units_are_told_apart_by_jurisdiction_and_by_standards(summary: Summary) -> None:
    here = told(summary, "CSU-1", 0.2)
    there = told(summary, "CSU-1", 0.9).model_copy(update={"jurisdiction": "XK", "key": "b" * 64})
    (both,) = roll_up([here, there])
    assert [each.score for each in both.lines] == [0.2, 0.9]
    other = told(summary, "CSU-2", 0.9).model_copy(update={"standards": ("ilac-p15",)})
    assert [each.standards for each in roll_up([here, other])] == [
        ("ilac-p15",),
        ("iso17020-2012", "sop-elements"),
    ]


def test_the_longer_ledger_is_the_later_one_of_a_day(summary: Summary) -> None:
    early = told(summary, "U-1", 0.9).model_copy(update={"head": f"10:{'0' * 64}"})
    late = told(summary, "U-1", 0.5).model_copy(update={"head": f"99:{'0' * 64}"})
    for several in ([early, late], [late, early]):
        assert roll_up(several)[0].score.median == 0.5


FIGURES = Figures(score=0.5, coverage=1, evidence=0, documented=None, implemented=None, oldest=None, results={})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_distribution_is_in_order(values: list[float]) -> None:
    summaries = [
        Summary(
            unit=f"U-{n}",
            jurisdiction="AL",
            on=TODAY,
            standards=(),
            state="running",
            whole=FIGURES.model_copy(update={"score": value}),
            sections={},
            issues={},
            findings={},
            actions={},
            head=f"1:{'0' * 64}",
            key=sha256(str(n).encode()),
        )
        for n, value in enumerate(values)
    ]
    spread = roll_up(summaries)[0].score
    points = [spread.least, spread.lower, spread.median, spread.upper, spread.most]
    assert points == sorted(points, key=lambda each: each or 0.0)
    assert spread.units == len(values)
