"""A statement says nothing that bypasses the catalogue: it is read in an invented language of brackets."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from ballistics.assessment import Question, assess
from ballistics.case import Case, ChosenConclusion
from ballistics.catalogue import extract_messages
from ballistics.compare import compare
from ballistics.document.blocks import Document, Facts, Note, Paragraph, Picture, Table
from ballistics.language import in_language
from ballistics.parameters import default_picture_set, default_striated_set
from ballistics.photographs.exhibit import prepare_photograph
from ballistics.photographs.pair import compare_pictures
from ballistics.statement.impressed import impressed_statement
from ballistics.statement.photographs import photograph_statement
from ballistics.statement.striated import bullet_statement, land_statement
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.land_pair import compare_lands
from ballistics.striated.landset import open_bullet
from imaging.lighting import photograph
from imaging.photo import Light
from imaging.synthetic import pair

TAG = "zz"
KEPT = {"SHA", "sha", "µm", "mm", "um", "Chumbley", "CMPS", "CMS", "LR", "consensus"}


def _bracketed(text: str) -> str:
    """A text with brackets round all that is no field, so that what fills a field stands outside."""
    parts = re.split(r"(\{[^}]*\}|\n)", text)
    return "".join(part if part.startswith(("{", "\n")) or not part.strip() else f"⟦{part}⟧" for part in parts)


def _said(document: Document) -> Iterator[str]:
    """Everything but values, which are figures and quotations."""
    yield document.title
    yield from (label for label, _value in document.cover)
    for part in (*document.sections, *document.appendix):
        yield part.title
        for block in part.blocks:
            match block:
                case Paragraph():
                    yield block.text
                case Note():
                    yield from (block.title, block.text)
                case Facts():
                    yield from (label for label, _value in block.rows)
                case Table():
                    yield from (block.caption, *block.head)
                case Picture():
                    yield from (block.caption, block.alt)


@pytest.fixture(scope="module")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("languages")
    made = Catalog()
    for message in read_po(io.BytesIO(extract_messages())):
        if message.id:
            made.add(message.id, _bracketed(str(message.id)))
    with (folder / f"{TAG}.po").open("wb") as stream:
        write_po(stream, made)
    return folder


def test_every_word_of_a_statement_comes_from_the_catalogue(
    brackets: Path, bullets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = pair(np.random.default_rng(3), correlation=0.6, angle_deg=30.0)
    cells = compare(marks.reference, marks.questioned)
    land, seen = default_striated_set("bullet land"), default_picture_set("breech face")
    one, two = (open_bullet(bullets / name, land) for name in ("one", "two"))
    lit = [
        prepare_photograph(photograph(each, Light(kind="ring")), seen)
        for each in (marks.reference, marks.questioned)
    ]
    case = Case(examiner="Bee", conclusion=ChosenConclusion(code="INC-A", reasons="Bee"))
    monkeypatch.setenv("BALLISTICS_LANGUAGES", str(brackets))
    with in_language(TAG):
        documents = [
            impressed_statement(cells, evidence=assess(cells, Question(case=case))),
            land_statement(compare_lands(one.lands[3], two.lands[1], land)),
            bullet_statement(compare_land_sets(one, two, land)),
            photograph_statement(compare_pictures(*lit)),
        ]
    for document in documents:
        assert document.language == TAG
        for text in _said(document):
            left = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
            words = [word for word in re.findall(r"[^\W\d_]{2,}", left) if word not in KEPT]
            assert not {*words} - {"Bee", "one", "two", "INC"}, text
