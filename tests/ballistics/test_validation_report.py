"""The report of a validation: it says everything that a record holds, in sound words, and the same each time."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ballistics.case import Case
from ballistics.document.blocks import Document, Facts, Note, Paragraph, Picture, Section, Table
from ballistics.document.page import render_document
from ballistics.document.pdf import render_pdf
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.labelled_scores import LabelledScores, LeftOut
from ballistics.evidence.population import Description, Origin, ReferencePopulation, Scanning, build_population
from ballistics.evidence.wording_lint import transposed_conditionals
from ballistics.score_table import Conditions
from ballistics.validation.checking import differences
from ballistics.validation.contract import ValidationRecord
from ballistics.validation.criteria import Criteria, Criterion
from ballistics.validation.findings import bound_share, brief_section, unbounded_of
from ballistics.validation.plan import bits, criterion_name, limit_text, method_section
from ballistics.validation.recording import record
from ballistics.validation.repeat import command_of
from ballistics.validation.report import validation_document
from ballistics.validation.splits import Split
from ballistics.validation.trial import validate

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CRITERIA = Criteria(
    author="A. Quality",
    date=date(2026, 11, 1),
    criteria=(
        Criterion(name="cllr", sense="at_most", limit=0.9),
        Criterion(name="misleading_same_10", sense="at_most", limit=0.0),
        Criterion(name="firearms", sense="at_least", limit=500),
        Criterion(name="devpav", sense="at_most", limit=0.5),
    ),
    purpose="Weighing marks of made pistols.",
    file="asked.toml",
    sha256="cd" * 32,
)


def pairs(guns: int = 12, *, seed: int = 5, apart: float = 0.5, named: str = "gun") -> KnownPairs:
    first, second = np.triu_indices(guns)
    rng = np.random.default_rng(seed)
    names = [f"{named} {i:02}" for i in range(guns)]
    return KnownPairs.from_columns(
        {"ccf": rng.normal(np.where(first == second, 0.3 + apart, 0.3), 0.1)},
        firearms=([names[i] for i in first], [names[i] for i in second]),
        items=([f"{names[i]} a" for i in first], [f"{names[i]} b" for i in second]),
    )


def population() -> ReferencePopulation:
    of = pairs(seed=9, apart=0.3, named="other")
    return build_population(
        Description(
            name="made-elsewhere",
            mark="aperture shear",
            parameters="made",
            parameter_hash="0" * 64,
            score="one score",
            firearms="made pistols",
            scanning=Scanning(scanner="simulated", instrument="none", maker="none", pixel_um=3.5),
            origin=Origin(source="made", licence="CC0", credit="none", made_by="the tests"),
        ),
        of.scores,
        firearms=(of.first_firearm, of.second_firearm),
        items=(of.first_item, of.second_item),
    )


LEFT = LeftOut(
    reference="gun 00 a.x3p", questioned="gun 01 b.x3p", firearms=("gun 00", "gun 01"), kind="not comparable",
    reason="no mark was found",
)  # fmt: skip


@pytest.fixture(scope="module")
def made() -> ValidationRecord:
    scores = LabelledScores(pairs=pairs(apart=0.2), left_out=(LEFT,))
    return record(validate(scores, criteria=CRITERIA), when=NOON, by="A. N. Examiner", laboratory="The lab")


@pytest.fixture(scope="module")
def separated() -> ValidationRecord:
    return record(validate(LabelledScores(pairs=pairs(apart=9.0))), when=NOON)


@pytest.fixture(scope="module")
def untouched() -> ValidationRecord:
    conditions = Conditions(
        parameters={"name": "made", "hash": "0" * 64, "values": {"mark": "aperture shear"}},
        score="ccf",
        accept=(),
        units="auto",
        versions={},
        inputs={},
    )
    scores = LabelledScores(pairs=pairs(apart=0.2), conditions=conditions)
    found = validate(scores, split=Split.untouched(), population=population())
    return record(found, when=NOON)


@pytest.fixture(scope="module")
def folded() -> ValidationRecord:
    found = validate(LabelledScores(pairs=pairs()), split=Split.repeated_folds(folds=4, repeats=2, seed=3))
    return record(found, when=NOON)


@functools.cache
def _drawn(sha256: str) -> list[Document]:
    return []


def report_of(found: ValidationRecord) -> Document:
    """The report as it is without options, written once for all tests."""
    kept = _drawn(found.sha256)
    if not kept:
        kept.append(validation_document(found))
    return kept[0]


def texts(document: Document) -> Iterator[str]:
    yield from (document.title, document.subtitle)
    yield from (text for row in document.cover for text in row)
    for section in (*document.sections, *document.appendix):
        yield section.title
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield block.text
                case Note():
                    yield from (block.title, block.text)
                case Facts():
                    yield from (text for row in block.rows for text in row)
                case Table():
                    yield block.caption
                    yield from (text for row in (block.head, *block.rows) for text in row)
                case Picture():
                    yield from (block.caption, block.alt)


def section(document: Document, title: str) -> Section:
    return next(each for each in (*document.sections, *document.appendix) if each.title == title)


def said(document: Document) -> str:
    return "\n\n".join(texts(document))


@pytest.mark.parametrize("which", ["made", "separated", "untouched", "folded"])
def test_every_sentence_keeps_the_conditional_and_no_word_decides(
    which: str, request: pytest.FixtureRequest
) -> None:
    whole = said(report_of(request.getfixturevalue(which)))
    assert not transposed_conditionals(whole)
    assert "{" not in whole
    assert not re.search(r"\b(is valid\b|validated|passed|failed the|accepted for|identif)", whole)
    for each in ("ISO/IEC 17025:2017, 7.2.2", "ANSI/ASB 062"):
        assert each in whole


def test_a_record_is_told_in_full(made: ValidationRecord) -> None:
    document = report_of(made)
    whole = said(document)
    for text in (
        made.sha256,
        "The lab",
        "A. N. Examiner",
        "Weighing marks of made pistols.",
        "no mark was found",
        f"{made.measures.cllr:.4f}",
        "12 firearms were dealt into 12 groups",
        *made.seal.values(),
        *(row.firearm for row in made.firearms),
        *(note.said for note in made.limits),
    ):
        assert text in whole, text
    pictures = [each for part in document.sections for each in part.blocks if isinstance(each, Picture)]
    assert len(pictures) == 6


def test_criteria_stand_with_limit_value_and_outcome(made: ValidationRecord) -> None:
    table = section(report_of(made), "Acceptance criteria").blocks[1]
    assert isinstance(table, Table)
    outcomes = {row[0]: row[1:] for row in table.rows}
    assert outcomes["Cllr, bits"][0] == "at most 0.9"
    assert outcomes["Cllr, bits"][2] == "met"
    assert outcomes["Firearms"] == ("at least 500", "12", "not met")
    assert outcomes["Known matches with an LR of 1/10 or less"][0] == "at most 0%"
    whole = said(report_of(made))
    assert "Acceptance criteria that were given beforehand: 4. Met: " in whole


def test_what_cannot_be_judged_says_why() -> None:
    given = CRITERIA.model_copy(update={"criteria": CRITERIA.criteria[3:]})
    found = record(validate(LabelledScores(pairs=pairs(apart=9.0)), criteria=given), when=NOON)
    table = section(report_of(found), "Acceptance criteria").blocks[1]
    assert isinstance(table, Table)
    assert table.rows[0][2] == "-"
    assert table.rows[0][3].startswith("could not be judged: ")


def test_without_criteria_purpose_or_names_blanks_are_left(separated: ValidationRecord) -> None:
    document = report_of(separated)
    whole = said(document)
    assert "No criteria were given beforehand; nothing was met or failed." in whole
    assert "Intended use: to be stated by the laboratory" in whole
    signing = document.sections[-1].blocks[-1]
    assert isinstance(signing, Facts)
    assert not any(value.strip() for _label, value in signing.rows)


def test_a_case_fills_in_who_and_why(separated: ValidationRecord) -> None:
    case = Case(laboratory="L", examiner="E. One", reviewer="R. Two", request="For pistols", remarks="none")
    document = validation_document(separated, case=case, status="final")
    assert {"L", "E. One", "R. Two"} <= {value for _label, value in document.cover}
    signing = document.sections[-1].blocks[-1]
    assert isinstance(signing, Facts)
    assert {value for label, value in signing.rows if label.endswith("ed by")} == {"E. One", "R. Two", ""}
    assert ("Intended use", "For pistols") in section(document, "Purpose and intended use").blocks[1].rows  # type: ignore[union-attr]
    assert document.status == "final"


def test_pairs_to_look_at_are_those_that_lie_farthest_the_wrong_way(made: ValidationRecord) -> None:
    tables = [
        each
        for each in section(report_of(made), "Misleading evidence and pairs to look at").blocks
        if isinstance(each, Table)
    ]
    _rates, matches, others = tables
    before = unbounded_of(made)
    for table, same in ((matches, True), (others, False)):
        rows = np.flatnonzero(made.pairs.same == same)
        order = sorted(before[rows], reverse=not same)[:10]
        assert [row[6] for row in table.rows] == [f"{value:.2f}" for value in order]
        assert all((row[1] == row[3]) == same for row in table.rows)
        assert table.rows[0][0] == made.pairs.first_item[rows[np.argmin(before[rows] if same else -before[rows])]]


def test_a_bound_that_makes_cllr_is_told(separated: ValidationRecord, made: ValidationRecord) -> None:
    """Truth: where every pair stands at its own bound, the bounds are all of Cllr."""
    assert separated.measures.at_lower + separated.measures.at_upper == len(separated.pairs)
    assert bound_share(separated) == pytest.approx(1.0)
    assert "100% of Cllr is what the bounds alone would cost" in said(report_of(separated))
    assert bound_share(made) < 0.5
    assert "of Cllr is what the bounds alone" not in said(report_of(made))


def test_untouched_names_the_population_and_folds_their_seed(
    untouched: ValidationRecord, folded: ValidationRecord
) -> None:
    whole = said(report_of(untouched))
    assert "the reference population made-elsewhere as they are" in whole
    assert untouched.how.population is not None
    assert untouched.how.population.sha256 in whole
    assert "into 4 folds, 2 times over, starting from seed 3" in said(report_of(folded))
    assert "Cllr over repeats" in said(report_of(folded))


def test_the_command_repeats_what_was_tried(untouched: ValidationRecord, folded: ValidationRecord) -> None:
    words = command_of(folded).replace("\\\n", " ").split()
    for option, value in (("--split", "folds"), ("--folds", "4"), ("--repeats", "2"), ("--score", "ccf")):
        assert words[words.index(option) + 1] == value
    words = command_of(untouched).replace("\\\n", " ").split()
    assert words[words.index("--reference") + 1] == "made-elsewhere"
    assert "--method" not in words


def test_without_a_date_another_run_gives_the_same_bytes(made: ValidationRecord) -> None:
    scores = LabelledScores(pairs=pairs(apart=0.2), left_out=(LEFT,), source=("other.csv", "ef" * 32))
    found = validate(scores, criteria=CRITERIA)
    again = record(found, when=NOON + timedelta(days=3), seconds=9, by="A. N. Examiner", laboratory="The lab")
    assert again.sha256 == made.sha256
    one, other = (validation_document(each, dated=False) for each in (made, again))
    assert render_document(one) == render_document(other)
    assert render_pdf(one) == render_pdf(other)
    assert "other.csv" in said(validation_document(again))


def test_the_pdf_holds_every_page_and_the_hash(separated: ValidationRecord) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    file = pdfium.PdfDocument(render_pdf(report_of(separated)))
    pages = [page.get_textpage().get_text_range() for page in file]
    assert all(separated.sha256 in page.replace("\r\n", "") for page in pages)
    assert all("DRAFT" in page for page in pages)
    assert "Released by" in "".join(pages)


@pytest.mark.parametrize("which", ["made", "separated", "untouched", "folded"])
def test_measures_follow_from_the_likelihood_ratios_of_the_record(
    which: str, request: pytest.FixtureRequest
) -> None:
    assert differences(request.getfixturevalue(which)) == ()


def test_measures_follow_where_likelihood_ratios_tie_but_for_rounding() -> None:
    """Truth: the mean of two values of a tied score differs in its last bits, which no measure may notice."""
    of = pairs(20, apart=0.15)
    coarse = {"ccf": tuple(round(value, 1) for value in of.scores["ccf"])}
    scores = LabelledScores(pairs=of.model_copy(update={"scores": coarse}))
    found = validate(scores, split=Split.repeated_folds(folds=4, repeats=2, seed=3))
    assert differences(record(found, when=NOON)) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda of: {"measures": of.measures.model_copy(update={"cllr": 0.5})}, "measures.cllr is 0.5"),
        (lambda of: {"measures": of.measures.model_copy(update={"at_upper": 999})}, "measures.at_upper"),
        (lambda of: {"firearms": of.firearms[1:]}, "firearms"),
        (lambda of: {"outcomes": of.outcomes[:1]}, "outcomes"),
        (lambda of: {"log10_lr": (0.25, *of.log10_lr[1:])}, "measures.cllr "),
    ],
)
def test_figures_that_do_not_follow_are_named(
    made: ValidationRecord, change: Callable[[ValidationRecord], dict[str, object]], named: str
) -> None:
    problems = differences(made.model_copy(update=change(made)))
    assert any(each.startswith(named) for each in problems), problems


def test_infinite_values_lie_beyond_the_bound_in_their_place(made: ValidationRecord) -> None:
    values = list(made.unbounded)
    high, low = made.log10_lr.index(max(made.log10_lr)), made.log10_lr.index(min(made.log10_lr))
    values[high] = values[low] = None
    bounded = list(made.log10_lr)
    bounded[high], bounded[low] = made.upper[high], made.lower[low]
    found = unbounded_of(made.model_copy(update={"unbounded": tuple(values), "log10_lr": tuple(bounded)}))
    assert (found[high], found[low]) == (np.inf, -np.inf)
    assert np.isfinite(np.delete(found, [high, low])).all()


def test_every_criterion_has_words() -> None:
    from ballistics.validation.criteria import KINDS

    names = {criterion_name(name) for name in KINDS}
    assert len(names) == len(KINDS)
    assert limit_text(Criterion(name="coverage", sense="at_least", limit=0.95)) == "at least 95%"


def test_texts_of_a_manifest_are_data(tmp_path: Path) -> None:
    odd = pairs(named="<b>#strong[x]\\")
    page = render_document(validation_document(record(validate(LabelledScores(pairs=odd)), when=NOON)))
    assert "<b>" not in page.replace("&lt;b&gt;", "")


@pytest.mark.parametrize(
    ("units", "options", "said"),
    [
        ("auto, photographs of 10 um a pixel", ["--pixel-um 10"], [("Pixel of the photographs", "10 µm")]),
        ("mm, photographs of 2.5 um a pixel", ["--units mm", "--pixel-um 2.5"], [("Unit of the scans", "mm")]),
        ("auto", [], [("Unit of the scans", "as each file says")]),
    ],
)
def test_the_scale_of_what_was_compared_is_told(
    made: ValidationRecord, units: str, options: list[str], said: list[tuple[str, str]]
) -> None:
    found = made.model_copy(update={"tried": made.tried.model_copy(update={"units": units})})
    command = command_of(found)
    assert all(each in command for each in options)
    assert ("--pixel-um" in command) == (len(options) > 0)
    facts = method_section(found).blocks[1]
    assert isinstance(facts, Facts)
    assert set(said) <= set(facts.rows)


def test_what_the_bounds_cost_is_not_laid_on_calibration(
    separated: ValidationRecord, made: ValidationRecord
) -> None:
    for found in (separated, made):
        headline = brief_section(found).blocks[0]
        assert isinstance(headline, Paragraph)
        before = found.measures.cllr_unbounded
        shown = "infinite" if before is None else bits(before)
        assert headline.text.startswith(f"Cllr {bits(found.measures.cllr)} bits ({shown} before the bounds), ")
        assert "lost by calibration and bounds" in headline.text
