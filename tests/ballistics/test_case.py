from __future__ import annotations

import pytest

from ballistics.case import TEMPLATE, Case, read_case
from ballistics.errors import CaseError, OptionError, SetError
from imaging.errors import FileError

FULL = """
status = "final"
laboratory = "Laboratori Kriminalistik, Tiranë"
case = "2026-14"
examiner = "Љиљана Ђурић"
reference = "test fire 1"
questioned = "Q3"
firearms = ["K12"]
[conclusion]
code = "INC-A"
reasons = "class agrees, few striae"
"""


def written(folder, text, encoding="utf-8"):
    path = folder / "case.toml"
    path.write_text(text, encoding=encoding)
    return path


def test_journey_the_template_is_an_empty_draft(tmp_path):
    assert read_case(written(tmp_path, TEMPLATE)) == Case()
    uncommented = TEMPLATE.replace('examiner = ""', 'examiner = "A. Bee"').replace(
        "# [conclusion]", "[conclusion]"
    )
    for name in ("range", "code", "reasons"):
        uncommented = uncommented.replace(f"# {name} =", f"{name} =")
    chosen = read_case(written(tmp_path, uncommented)).examiners_conclusion()
    assert chosen is not None
    assert (chosen.label, chosen.examiner) == ("Inconclusive A", "A. Bee")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_truth_a_full_case_in_the_languages_of_its_users(tmp_path, encoding):
    case = read_case(written(tmp_path, FULL, encoding))
    assert (case.status, case.examiner, case.firearms) == ("final", "Љиљана Ђурић", ("K12",))
    assert case.laboratory.endswith("Tiranë")


@pytest.mark.parametrize("missing", ["laboratory", "case", "examiner", "reference", "questioned"])
def test_a_final_report_lacks_nothing(tmp_path, missing):
    text = "\n".join(line for line in FULL.splitlines() if not line.startswith(missing))
    with pytest.raises(CaseError, match=f"final report needs {missing}"):
        read_case(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "error", "named"),
    [
        ("examinr = 'A'", CaseError, "line examinr, which a case does not have; the lines are status, laboratory"),
        ("[conclusion]\ncde = 'ID'\ncode = 'ID'\nreasons = 'x'", CaseError, "the lines are range, code"),
        ("status = 'done'", CaseError, "status: expected 'draft' or 'final'"),
        ("case = 5", CaseError, "case: expected a text in quotes"),
        ("case = 'a\\nb'".replace("'", '"'), CaseError, "case: expected one line"),
        (f"case = '{301 * 'x'}'", CaseError, "case: expected 300 letters at most"),
        ("firearms = ['K1', '']", CaseError, "firearms, place 2: expected a text that is not empty"),
        ("firearms = 'K1'", CaseError, "firearms: expected a list in square brackets"),
        ("conclusion = 'ID'", CaseError, r"conclusion: expected a part .* \[conclusion\]"),
        ("[conclusion]\ncode = 'ID'", CaseError, "conclusion.reasons: this line is missing"),
        (FULL.replace("2026-14", chr(0x200B)), CaseError, "final report needs case"),
        (FULL.replace("2026-14", " "), CaseError, "final report needs case"),
        ("examiner = 'A'\n[conclusion]\ncode = 'YES'\nreasons = 'x'", OptionError, "YES"),
        ("[conclusion]\ncode = 'ID'\nreasons = 'x'", OptionError, "examiner"),
        ("examiner = 'A'\n[conclusion]\nrange = 'mine'\ncode = 'ID'\nreasons = 'x'", SetError, "mine"),
        ("examiner = 'A'\n[conclusion]\ncode = 'ELIM'\nreasons = 'x'", OptionError, "basis"),
        ("case = ", FileError, "TOML"),
        ("#" * 200_000, FileError, "200000"),
    ],
)
def test_what_is_no_case_is_told(tmp_path, text, error, named):
    with pytest.raises(error, match=named):
        read_case(written(tmp_path, text))


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_case(tmp_path / "absent.toml")
    with pytest.raises(FileError, match="cannot be read"):
        read_case(written(tmp_path, "case = 'ä'", "latin-1"))


@pytest.mark.parametrize("line", ["reasons", "remarks"])
def test_the_examiners_words_must_not_say_how_probable_a_proposition_is(tmp_path, line):
    wrong = "It is 90 times more probable that the same firearm made both."
    if line == "reasons":
        text = FULL.replace("class agrees, few striae", f"Class agrees. {wrong}")
    else:
        text = FULL.replace("[conclusion]", f"remarks = '{wrong}'\n[conclusion]")
    with pytest.raises(CaseError, match=rf"(?s)The {line} .*{wrong}.*Write instead: The findings are"):
        read_case(written(tmp_path, text))
    (said,) = read_case(written(tmp_path, text.replace('"final"', '"draft"'))).doubtful
    assert wrong in said
    assert read_case(written(tmp_path, FULL)).doubtful == ()
