"""Statements as files: as a person asks for them on the command line, and as the pages look."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from ballistics.cli import app
from ballistics.command.report import check_template
from ballistics.document.blocks import Document, Paragraph, Section
from ballistics.errors import OptionError, OutputError
from ballistics.statement.writing import write_statement

pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

SAMPLES = Path(__file__).parents[2] / "sample_images"
GUNS = (SAMPLES / "gun-1-case-1.x3p", SAMPLES / "gun-1-case-2.x3p")
BULLETS = tuple(SAMPLES / f"bullets/barrel-1-bullet-{n}" for n in (1, 2))
PHOTOGRAPHS = tuple(SAMPLES / f"photographs/gun-3-head-{n}-ring.png" for n in (1, 2))
SHORT = Document(title="Comparison", sections=(Section(title="Result", blocks=(Paragraph(text="12 of 30."),)),))
MARGIN_MM = 20.0


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(each) for each in args])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def _text(path: Path) -> str:
    found = pdfium.PdfDocument(path)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in found)
    finally:
        found.close()


def _check_pages(path: Path) -> int:
    """Nothing stands in the outer margins, and some page shows a picture; return the number of pages."""
    found = pdfium.PdfDocument(path)
    dark = []
    try:
        for page in found:
            grey = np.asarray(page.render(scale=1.0).to_pil().convert("L"))
            edge = round(MARGIN_MM * 72 / 25.4)
            assert (grey[:, :edge] > 230).all()
            assert (grey[:, -edge:] > 230).all()
            dark.append(float((grey < 200).mean()))
        count = len(found)
    finally:
        found.close()
    assert max(dark) > 0.1
    return count


@pytest.mark.parametrize(
    ("command", "inputs", "said"),
    [
        ("compare", GUNS, "cells congruent"),
        ("compare", PHOTOGRAPHS, "correlation of the two pictures"),
        ("compare-bullets", BULLETS, "sequence average"),
        ("compare-lands", tuple(each / "land-1.x3p" for each in BULLETS), "correlation of the two signatures"),
    ],
    ids=["scans", "photographs", "bullets", "lands"],
)
def test_a_comparison_becomes_a_pdf(tmp_path: Path, command: str, inputs: tuple[Path, ...], said: str) -> None:
    place = tmp_path / "statement.pdf"
    run(command, *inputs, "--report", place)
    text = " ".join(_text(place).split())
    assert said in text
    assert "No likelihood ratio is given" in text
    assert "Input files" in text
    assert _check_pages(place) >= 5
    assert place.stat().st_size < 8_000_000


def test_a_population_and_a_case_reach_the_statement(tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text('status = "draft"\ncase = "2026-14"\nexaminer = "A. Bee"\n', encoding="utf-8")
    place = tmp_path / "statement.pdf"
    run(
        "compare", *GUNS, "--report", place, "--reference", "synthetic-breech-face", "--scanner", "simulated",
        "--scale", "enfsi-2015", "--case", case,
    )  # fmt: skip
    text = " ".join(_text(place).split())
    assert "The likelihood ratio is" in text
    assert "synthetic-breech-face" in text
    assert "A. Bee" in text
    assert "2026-14" in text


def test_a_refused_comparison_becomes_a_statement_too(tmp_path: Path) -> None:
    place = tmp_path / "statement.pdf"
    run("compare", SAMPLES / "gun-1-case-1.x3p", SAMPLES / "faulty/constant.x3p", "--report", place, code=1)
    assert "No comparison was made" in " ".join(_text(place).split())


def test_word_and_page_are_chosen_by_the_name(tmp_path: Path) -> None:
    pytest.importorskip("docxtpl", reason="the extra word is not installed")
    write_statement(SHORT, tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert "12 of 30." in archive.read("word/document.xml").decode()
    write_statement(SHORT, tmp_path / "a.html")
    assert "12 of 30." in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"ends in '\.doc'"):
        write_statement(SHORT, tmp_path / "a.doc")


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    place = tmp_path / "a.pdf"
    place.write_bytes(b"evidence")
    with pytest.raises(OutputError):
        write_statement(SHORT, place)
    assert place.read_bytes() == b"evidence"
    write_statement(SHORT, place, overwrite=True)
    assert place.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("report", [None, Path("a.pdf"), Path("a.html")])
def test_a_template_that_no_report_uses_is_refused(tmp_path: Path, report: Path | None) -> None:
    template = tmp_path / "lab.docx"
    template.write_bytes(b"")
    with pytest.raises(typer.BadParameter, match="for Word"):
        check_template(report and [report], template)


def test_a_template_that_is_missing_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="is no file"):
        check_template([Path("a.docx")], tmp_path / "none.docx")
    with pytest.raises(OptionError, match="for Word"):
        write_statement(SHORT, tmp_path / "a.pdf", template=tmp_path / "none.docx")
