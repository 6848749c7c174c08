"""Statements of every kind: they say what the comparison says, in fit words, and nothing else."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from ballistics.assessment import Assessment, Question, assess
from ballistics.assessment_wording import CHARACTERISTICS, UNWEIGHED, conclusion_rows, rows
from ballistics.case import Case, ChosenConclusion
from ballistics.command.report import given_files
from ballistics.compare import Comparison, compare
from ballistics.document.blocks import Document, Facts, Note, Paragraph, Picture, Section, Table
from ballistics.document.pdf import render_pdf
from ballistics.evidence.conclusions import Basis, choose
from ballistics.evidence.likelihood_ratio import LikelihoodRatio, NoLikelihoodRatio
from ballistics.evidence.scales import figure, verbal_scale
from ballistics.evidence.shipped import open_population
from ballistics.evidence.wording_lint import transposed_conditionals
from ballistics.language import Message
from ballistics.page.plot_style import sheet
from ballistics.parameters import default_picture_set, default_striated_set
from ballistics.photographs import wording as photograph_wording
from ballistics.photographs.exhibit import prepare_photograph
from ballistics.photographs.pair import compare_pictures
from ballistics.photographs.summary import picture_measures
from ballistics.statement.drawing import LETTERS, SPLIT_SHARE, Panel, place_panels, sheet_height
from ballistics.statement.impressed import impressed_statement
from ballistics.statement.parts import GivenFile
from ballistics.statement.photographs import MOST_POINTS, photograph_statement
from ballistics.statement.striated import bullet_statement, land_statement
from ballistics.striated import wording as striated_wording
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.land_pair import compare_lands
from ballistics.striated.landset import open_bullet
from ballistics.striated.reading import signature_of
from ballistics.wording import LIMITS
from imaging.files import open_surface
from imaging.photo_files import open_photo
from imaging.surface import Finding, Surface
from imaging.synthetic import pair

SAMPLES = Path(__file__).parents[2] / "sample_images"
CASE = Case(
    laboratory="Laboratory of the canton",
    case="2026-14",
    request="Did one firearm make both marks?",
    examiner="A. Bee",
    reference="Test fire 1 of pistol K12",
    questioned="Cartridge case Q3",
    conclusion=ChosenConclusion(code="INC-A", reasons="Class characteristics agree; two areas agree, too few."),
)
TOLD = Assessment(question=Question(case=CASE), score={}, weight=None)
ORDER = [
    "Result",
    "What was compared",
    "How they agree",
    "Warnings",
    "Conclusion of the examiner",
    "Limits",
]
COMPARED = ("cells", "cells weighed", "cells refused", "lands", "bullets", "photographs")
KINDS = (*COMPARED, "no cells", "no lands", "no bullets", "no photographs")


def texts(document: Document) -> Iterator[str]:
    yield from (document.title, document.subtitle, document.mark)
    yield from (f"{label}: {value}" for label, value in document.cover)
    for section in (*document.sections, *document.appendix):
        yield section.title
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield block.text
                case Note():
                    yield from (block.title, block.text)
                case Facts():
                    yield from (f"{label}: {value}" for label, value in block.rows)
                case Table():
                    yield block.caption
                    yield from (" | ".join(row) for row in (block.head, *block.rows))
                case Picture():
                    yield from (block.caption, block.alt)


def section_of(document: Document, title: str) -> Section:
    return next(each for each in (*document.sections, *document.appendix) if each.title == title)


def pictures(document: Document) -> list[Picture]:
    found = (block for part in (*document.sections, *document.appendix) for block in part.blocks)
    return [each for each in found if isinstance(each, Picture)]


@pytest.fixture(scope="module")
def marks() -> Comparison:
    made = pair(np.random.default_rng(7), correlation=0.5, angle_deg=30.0)
    found = compare(made.reference, made.questioned)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture(scope="module")
def striated() -> dict[str, object]:
    parameters = default_striated_set("bullet land")
    first, second = (open_bullet(SAMPLES / f"bullets/barrel-1-bullet-{n}", parameters) for n in (1, 2))
    scan = open_surface(SAMPLES / "bullets/barrel-1-bullet-1/land-1.x3p")
    signature = signature_of(scan, parameters)
    flat = signature_of(Surface(heights=np.zeros((100, 400)), spacing=(3e-6, 3e-6)), parameters)
    return {
        "bullets": compare_land_sets(first, second, parameters),
        "no bullets": compare_land_sets(replace(first, stated=5), second, parameters),
        "lands": compare_lands(signature, second.lands[1], parameters),
        "no lands": compare_lands(signature, flat, parameters),
    }


@pytest.fixture(scope="module")
def photographs() -> dict[str, object]:
    parameters = default_picture_set("breech face")
    first, second = (
        prepare_photograph(open_photo(SAMPLES / f"photographs/gun-3-head-{n}-ring.png", pixel_um=5.0), parameters)
        for n in (1, 2)
    )
    blank = replace(second.source, pixels=np.zeros((60, 60), np.uint8))
    none = compare_pictures(first, prepare_photograph(blank, parameters))
    return {"photographs": compare_pictures(first, second), "no photographs": none}


@pytest.fixture(scope="module")
def answers(marks: Comparison) -> dict[str, Assessment]:
    population = open_population("synthetic-breech-face")
    asked = Question(population=population, scanner="simulated", case=CASE, scale=verbal_scale("enfsi-2015"))
    other = Question(population=population, scanner="another microscope", firearms=("pistol K12", "pistol K13"))
    found = {"weighed": assess(marks, asked), "refused": assess(marks, other)}
    assert isinstance(found["refused"].weight, NoLikelihoodRatio)
    return found


@pytest.fixture(scope="module")
def weighed(answers: dict[str, Assessment]) -> LikelihoodRatio:
    found = answers["weighed"].weight
    assert isinstance(found, LikelihoodRatio)
    return found


@pytest.fixture(scope="module")
def documents(
    marks: Comparison,
    striated: dict[str, object],
    photographs: dict[str, object],
    answers: dict[str, Assessment],
) -> dict[str, Document]:
    scan = marks.reference.scan
    odd = Finding(code="odd-scale", severity="doubt", message="the scale of this file is odd")
    doubted = replace(scan, provenance=scan.provenance.model_copy(update={"findings": (odd,)}))
    return {
        "cells": impressed_statement(marks, evidence=TOLD, command="ballistics compare a b"),
        "cells weighed": impressed_statement(marks, evidence=answers["weighed"]),
        "cells refused": impressed_statement(marks, evidence=answers["refused"]),
        "no cells": impressed_statement(compare(doubted, marks.questioned.scan), evidence=TOLD),
        "lands": land_statement(striated["lands"], evidence=TOLD),
        "no lands": land_statement(striated["no lands"], evidence=TOLD),
        "bullets": bullet_statement(striated["bullets"], evidence=TOLD),
        "no bullets": bullet_statement(striated["no bullets"], evidence=TOLD),
        "photographs": photograph_statement(photographs["photographs"], evidence=TOLD),
        "no photographs": photograph_statement(photographs["no photographs"], evidence=TOLD),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_sentence_turns_the_conditional_round(documents: dict[str, Document], kind: str) -> None:
    found = transposed_conditionals("\n\n".join(texts(documents[kind])))
    assert not found, [each.sentence for each in found]


@pytest.mark.parametrize("kind", COMPARED)
def test_sections_stand_in_the_order_of_a_statement(documents: dict[str, Document], kind: str) -> None:
    assert [section.title for section in documents[kind].sections] == ORDER
    assert [section.title for section in documents[kind].appendix][:3] == [
        "Input files",
        "Parameter set",
        "Software",
    ]


@pytest.mark.parametrize("kind", KINDS[len(COMPARED) :])
def test_without_a_comparison_the_reason_stands_first(documents: dict[str, Document], kind: str) -> None:
    document = documents[kind]
    strong, why, *_rest = document.sections[0].blocks
    assert isinstance(strong, Paragraph)
    assert strong.strong
    assert "No comparison was made" in strong.text
    assert isinstance(why, Note)
    assert why.title == "Why not"
    assert len(why.text) > 20
    said = " ".join(texts(document))
    assert "Limits" not in {section.title for section in document.sections}
    assert "score is" not in said
    assert pictures(document)


def test_a_count_without_a_population_stands_with_the_reason_for_no_ratio(
    documents: dict[str, Document], marks: Comparison
) -> None:
    strong, note, *_rest = documents["cells"].sections[0].blocks
    assert isinstance(strong, Paragraph)
    assert (
        strong.text
        == f"The score is {marks.score} of {marks.cells} cells congruent (rule {marks.parameters.score})."
    )
    assert isinstance(note, Note)
    assert "No reference population was used" in note.text
    said = list(texts(documents["cells"]))
    assert any("Command line: ballistics compare a b" in each for each in said)


def test_the_likelihood_ratio_comes_first_with_all_that_belongs_to_it(
    documents: dict[str, Document], answers: dict[str, Assessment], weighed: LikelihoodRatio, marks: Comparison
) -> None:
    section = documents["cells weighed"].sections[0]
    first, words, *_rest = section.blocks
    assert isinstance(first, Paragraph)
    assert first.strong
    assert first.text == weighed.sentence
    assert isinstance(words, Paragraph)
    assert words.text.startswith(f"The likelihood ratio is {figure(weighed.log10_lr)}.")
    facts = dict(next(block for block in section.blocks if isinstance(block, Facts)).rows)
    assert list(facts.items()) == rows(answers["weighed"])
    assert facts["Score"] == f"{marks.score} of {marks.cells} cells congruent"
    assert facts["Population"].startswith(f"{weighed.reference.name}: ")
    assert "secondary source" in section.blocks[2].text
    assert any(isinstance(block, Picture) for block in section.blocks)
    limits = [block.title for block in section_of(documents["cells weighed"], "Limits").blocks]
    assert UNWEIGHED not in limits
    assert "What the likelihood ratio rests on" in limits
    population = dict(section_of(documents["cells weighed"], "Reference population").blocks[0].rows)
    assert population["SHA-256"] == weighed.reference.sha256


def test_a_refused_ratio_says_why_and_draws_no_score_among_others(documents: dict[str, Document]) -> None:
    section = documents["cells refused"].sections[0]
    note = next(block for block in section.blocks if isinstance(block, Note))
    assert "another microscope" in note.text
    assert not any(isinstance(block, Picture) for block in section.blocks)
    assert UNWEIGHED in [block.title for block in section_of(documents["cells refused"], "Limits").blocks]


def test_scanner_and_firearms_of_the_case_are_told_with_a_refusal_and_in_the_appendix(
    documents: dict[str, Document], weighed: LikelihoodRatio
) -> None:
    document = documents["cells refused"]
    result = next(block for block in document.sections[0].blocks if isinstance(block, Facts))
    asked = section_of(document, "Reference population").blocks[-1]
    for block in (result, asked):
        assert ("Scanner", "another microscope") in block.rows
        assert ("Firearms of the case", "pistol K12, pistol K13") in block.rows
    said, draws = section_of(documents["cells weighed"], "Reference population").blocks[-2:]
    assert dict(said.rows)["Firearms of the case"] == "none was named"
    assert f"{weighed.draws} draws of the firearms" in draws.text


def test_files_given_by_a_person_stand_in_the_appendix(photographs: dict[str, object]) -> None:
    mask = GivenFile(role="Mask of the reference", path="by hand.png", sha256="ab" * 32)
    document = photograph_statement(photographs["no photographs"], files=(mask,))
    tables = [block for block in section_of(document, "Input files").blocks if isinstance(block, Table)]
    assert [table.rows for table in tables if table.caption.startswith("What a person gave")] == [
        (("Mask of the reference", "by hand.png", "ab" * 32),)
    ]


def test_masks_and_the_case_of_a_command_are_hashed(tmp_path: Path) -> None:
    mask, case = tmp_path / "mask.png", tmp_path / "case.toml"
    mask.write_bytes(b"white")
    case.write_bytes(b"")
    assert [(each.role, len(each.sha256 or "")) for each in given_files((None, mask), case)] == [
        ("Mask of the questioned mark", 64),
        ("Case", 64),
    ]
    assert given_files((None, None), None) == ()


@pytest.mark.parametrize(
    "limits",
    [LIMITS, striated_wording.LAND_LIMITS, striated_wording.BULLET_LIMITS, photograph_wording.LIMITS],
    ids=["cells", "lands", "bullets", "photographs"],
)
def test_every_kind_has_the_limit_that_a_ratio_replaces(limits: tuple[tuple[str, str], ...]) -> None:
    assert [title for title, _text in limits].count(UNWEIGHED) == 1


def test_every_cell_stands_in_the_appendix(documents: dict[str, Document], marks: Comparison) -> None:
    rule = marks.parameters.score
    for title, cells, verdict in zip(
        ("Every cell of the reference", "Every cell of the questioned mark"),
        (marks.forward, marks.backward),
        marks.verdicts[rule],
        strict=True,
    ):
        table = next(each for each in section_of(documents["cells"], title).blocks if isinstance(each, Table))
        assert [row[0] for row in table.rows] == [
            f"{row}·{column}" for row, column in zip(cells.row, cells.column, strict=True)
        ]
        assert [row[-1] == "congruent" for row in table.rows] == verdict.congruent.tolist()
        compared = cells.compared
        assert [row[4] for row, known in zip(table.rows, compared, strict=True) if known] == [
            f"{each:.3f}" for each in cells.correlation[compared]
        ]


def test_the_numbers_of_bullets_are_those_of_the_comparison(
    documents: dict[str, Document], striated: dict[str, object]
) -> None:
    found = striated["bullets"].result
    strong = documents["bullets"].sections[0].blocks[0]
    assert f"{found.sequence_average:.3f}" in strong.text
    table = section_of(documents["bullets"], "Every land with every land").blocks[0]
    shown = np.array([[math.nan if cell == "-" else float(cell) for cell in row[1:]] for row in table.rows])
    np.testing.assert_allclose(shown, np.round(found.correlations.ccf, 3), atol=1e-9)
    assert len(section_of(documents["bullets"], "The land pairs of the best phase").blocks) == 6


def test_the_numbers_of_lands_are_those_of_the_comparison(
    documents: dict[str, Document], striated: dict[str, object]
) -> None:
    found = striated["lands"]
    assert f"The score is {found.ccf:.3f}," in documents["lands"].sections[0].blocks[0].text
    ahead, back = found.segments()
    tables = section_of(documents["lands"], "Every segment").blocks
    for table, segments in zip(tables, (ahead, back), strict=True):
        assert len(table.rows) == len(segments)
        assert f"{segments.count} of {len(segments)} congruent" in table.caption


def test_the_points_of_photographs_are_those_that_the_pose_explains(
    documents: dict[str, Document], photographs: dict[str, object]
) -> None:
    found = photographs["photographs"]
    assert f"The score is {found.score:.3f}," in documents["photographs"].sections[0].blocks[0].text
    matrix, points = section_of(documents["photographs"], "Every point").blocks
    assert len(points.rows) == min(found.inliers, MOST_POINTS)
    first, second = found.points()
    known = {tuple(round(value, 1) for value in (*a, *b)) for a, b in zip(first, second, strict=True)}
    assert {tuple(float(cell) for cell in row[1:]) for row in points.rows} <= known
    if found.inliers > MOST_POINTS:
        assert f"the other {found.inliers - MOST_POINTS} again" in points.caption
        assert points.rows[-1][0] == str(found.inliers)
    np.testing.assert_allclose(np.array([row[1:] for row in matrix.rows], float), found.matrix, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_parameters_can_be_found_again(documents: dict[str, Document], kind: str) -> None:
    document = documents[kind]
    table = section_of(document, "Input files").blocks[0]
    assert isinstance(table, Table)
    assert all(len(row[-1]) == 64 or row[-1] == "no file" for row in table.rows)
    facts = dict(section_of(document, "Parameter set").blocks[0].rows)
    assert len(facts["Hash of its values"]) == 64
    assert facts["Hash of its values"][:12] in document.mark


@pytest.mark.parametrize("kind", KINDS)
def test_the_conclusion_is_a_persons_or_there_is_none(documents: dict[str, Document], kind: str) -> None:
    section = section_of(documents[kind], "Conclusion of the examiner")
    said = " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))
    if kind == "cells refused":
        assert "records no conclusion" in said
    else:
        assert "opinion of A. Bee" in said
        assert "does not follow from the score" in said
        assert dict(section.blocks[2].rows)["Conclusion"] == "Inconclusive A (INC-A)"


def test_pictures_have_the_points_that_print_needs(documents: dict[str, Document]) -> None:
    drawn = pictures(documents["cells"])
    assert len(drawn) == 5
    for each in drawn:
        with Image.open(io.BytesIO(each.png)) as image:
            assert abs(image.width - 16.0 / 2.54 * 300) < 2
            assert len(each.png) < 2_000_000
        assert "<image" in each.svg


def test_the_same_comparison_gives_the_same_bytes(documents: dict[str, Document], marks: Comparison) -> None:
    again = impressed_statement(marks, evidence=TOLD, command="ballistics compare a b")
    assert again == documents["cells"]
    assert render_pdf(again) == render_pdf(documents["cells"])


def test_a_time_stands_on_the_cover(photographs: dict[str, object]) -> None:
    made = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)
    document = photograph_statement(photographs["no photographs"], evidence=TOLD, made=made)
    assert ("Date", "2026-11-22 20:15 UTC") in document.cover
    assert document.made == made


def test_matches_without_a_pose_are_not_said_to_agree_with_one(photographs: dict[str, object]) -> None:
    found = replace(photographs["photographs"], agreement=None)
    rows_of = picture_measures(found)
    assert rows_of["Pose"] == "none found"
    assert "agree with the pose" not in rows_of["Matched keypoints"]
    assert not any("The page says" in text for _title, text in photograph_wording.LIMITS)


def test_the_length_below_a_split_view_stands_clear_of_the_line() -> None:
    panel = Panel(pixels=np.full((90, 90), 200, np.uint8), left=0, top=0, width=3000, height=3000, title="")
    letters = LETTERS / SPLIT_SHARE
    with sheet(sheet_height([panel], columns=1, letters=letters)) as figure:
        (axes,) = place_panels(figure, [panel], columns=1, letters=letters)
        FigureCanvasAgg(figure).draw()
        (label,) = axes.texts
        extent = label.get_window_extent()
        assert extent.y1 < axes.get_window_extent().y0
        assert extent.y0 > 0


def test_what_a_conclusion_rests_on_is_a_whole_phrase_for_every_basis() -> None:
    assert set(CHARACTERISTICS) == set(get_args(Basis))
    chosen = choose("ELIM", range_of="afte-1992", examiner="A. Bee", reasons="Calibre differs.", basis="class")
    assert ("Rests on", CHARACTERISTICS["class"]) in conclusion_rows(chosen)
    assert all(isinstance(each, Message) and not each.values for each in CHARACTERISTICS.values())
