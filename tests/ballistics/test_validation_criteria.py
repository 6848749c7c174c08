"""Acceptance criteria: read as given beforehand, judged without favour, refused where they make no sense."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ballistics.errors import OptionError
from ballistics.validation.criteria import KINDS, TEMPLATE, Criteria, judge_criteria, read_criteria
from ballistics.validation.measures import Measures, MisleadingRates, exact_rate
from imaging.errors import FileError

HEAD = 'author = "A. N. Examiner"\ndate = 2026-11-01\n'


def written(folder: Path, text: str) -> Path:
    place = folder / "asked.toml"
    place.write_text(text)
    return place


def asked(folder: Path, lines: str) -> Criteria:
    return read_criteria(written(folder, f"{HEAD}[criteria]\n{lines}\n"))


def measures(**changes: Any) -> Measures:
    values: dict[str, Any] = {
        "firearms": 20,
        "known_matches": 100,
        "known_non_matches": 200,
        "cllr": 0.1,
        "cllr_lower": 0.05,
        "cllr_upper": 0.2,
        "cllr_min": 0.04,
        "cllr_cal": 0.06,
        "cllr_unbounded": 0.09,
        "devpav": None,
        "eer": 0.02,
        "auc": 0.99,
        "misleading": tuple(
            MisleadingRates(lr=lr, same=exact_rate(5 // lr, 100), different=exact_rate(10 // lr, 200))
            for lr in (1, 10, 100)
        ),
        "at_lower": 3,
        "at_upper": 4,
        "separated": False,
        "level": 0.95,
        "draws": 1000,
        "why": {"devpav": "the pairs are perfectly separated"},
    }
    return Measures(**values | changes)


def test_reads_author_day_and_hash(tmp_path: Path) -> None:
    found = asked(tmp_path, "cllr = {at_most = 0.1}\nfirearms = {at_least = 10}")
    assert (found.author, found.date, found.file) == ("A. N. Examiner", date(2026, 11, 1), "asked.toml")
    assert found.sha256 == hashlib.sha256((tmp_path / "asked.toml").read_bytes()).hexdigest()
    assert [(each.name, each.sense, each.limit) for each in found.criteria] == [
        ("cllr", "at_most", 0.1),
        ("firearms", "at_least", 10),
    ]


@pytest.mark.parametrize(
    ("line", "met", "value"),
    [
        ("cllr = {at_most = 0.1}", "met", 0.1),
        ("cllr = {at_most = 0.0999}", "not met", 0.1),
        ("cllr_upper = {at_most = 0.15}", "not met", 0.2),
        ("cllr_cal = {at_most = 0.06}", "met", 0.06),
        ("auc = {at_least = 0.995}", "not met", 0.99),
        ("eer = {at_most = 0.05}", "met", 0.02),
        ("misleading_same_1 = {at_most = 0.04}", "not met", 0.05),
        ("misleading_same_10 = {at_most = 0}", "met", 0.0),
        ("misleading_different_10 = {at_most = 0.01}", "met", 0.005),
        ("misleading_different_100 = {at_most = 0}", "met", 0.0),
        ("coverage = {at_least = 0.95}", "not met", 0.9),
        ("firearms = {at_least = 20}", "met", 20),
        ("known_non_matches = {at_least = 201}", "not met", 200),
    ],
)
def test_every_figure_is_held_against_its_own_limit(tmp_path: Path, line: str, met: str, value: float) -> None:
    (outcome,) = judge_criteria(asked(tmp_path, line), measures(), coverage=0.9)
    assert (outcome.met, outcome.value, outcome.reason) == (met, value, "")


def test_what_has_no_value_is_not_judged(tmp_path: Path) -> None:
    (outcome,) = judge_criteria(asked(tmp_path, "devpav = {at_most = 0.2}"), measures(), coverage=1.0)
    assert (outcome.met, outcome.value) == ("could not be judged", None)
    assert outcome.reason == "the pairs are perfectly separated"


def test_every_kind_can_be_judged(tmp_path: Path) -> None:
    lines = "\n".join(f"{name} = {{{kind.sense} = 1}}" for name, kind in KINDS.items())
    found = judge_criteria(asked(tmp_path, lines), measures(devpav=0.1), coverage=1.0)
    assert [each.met for each in found if each.met == "could not be judged"] == []
    assert len(found) == len(KINDS)


def test_without_criteria_nothing_is_judged() -> None:
    assert judge_criteria(None, measures(), coverage=1.0) == ()


def test_a_template_that_nobody_filled_in_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"has no criteria; .* without a # before them"):
        read_criteria(written(tmp_path, TEMPLATE))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[criteria", "is not TOML"),
        (HEAD, "has no criteria"),
        (HEAD + "[criteria]\n", "has no criteria"),
        ("date = 2026-11-01\n[criteria]\ncllr = {at_most = 0.1}\n", "author"),
        ('author = "A"\n[criteria]\ncllr = {at_most = 0.1}\n', "date is missing.*date = 2026-11-22"),
        ('author = "A"\ndate = 2026-11-01T10:00:00\n[criteria]\ncllr = {at_most = 0.1}\n', "expected a day"),
        ('author = "A"\ndate = 2026\n[criteria]\ncllr = {at_most = 0.1}\n', "expected a day"),
        ('author = " "\ndate = 2026-11-01\n[criteria]\ncllr = {at_most = 0.1}\n', "author"),
        (HEAD + 'file = "x"\n[criteria]\ncllr = {at_most = 0.1}\n', "line 'file'; expected author, date, purpose"),
        ('author = ""\ndate = 2026-11-01\n[criteria]\ncllr = {at_most = 0.1}\n', 'author is empty.*author = "A'),
        (HEAD + "limit = 3\n[criteria]\ncllr = {at_most = 0.1}\n", "limit"),
        (HEAD + "[criteria]\naccuracy = {at_least = 0.9}\n", "no criterion is called 'accuracy'; there are cllr,"),
        (HEAD + "[criteria]\ncllr = {at_least = 0.1}\n", "cllr needs at_most, found at_least"),
        (HEAD + "[criteria]\ncllr = {}\n", "expected one limit"),
        (HEAD + "[criteria]\ncllr = 0.1\n", "expected one limit"),
        (HEAD + "[criteria]\ncllr = {at_most = 0.1, at_least = 0}\n", "expected one limit"),
        (HEAD + "[criteria]\ncllr = {at_most = -1}\n", "number of 0 or more"),
        (HEAD + "[criteria]\ncllr = {at_most = nan}\n", "number of 0 or more"),
        (HEAD + "[criteria]\ncllr = {at_most = inf}\n", "finite"),
        (HEAD + "[criteria]\ncllr = {at_most = true}\n", "number of 0 or more"),
        (HEAD + '[criteria]\ncllr = {at_most = "0.1"}\n', "number of 0 or more"),
        (HEAD + "[criteria]\ncoverage = {at_least = 95}\n", "number of 0 to 1"),
        (HEAD + "[criteria]\nfirearms = {at_least = 9.5}\n", "whole"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_criteria(written(tmp_path, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_criteria(tmp_path / "none.toml")
