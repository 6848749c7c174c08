"""The command as people use it: from nothing to a report, step by step and in every language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from accreditation.cli import app
from accreditation.language import languages
from qms.cli import app as records
from qms.command.exits import ExitCode

NEW = "--unit AL-TIR --name Tirana --jurisdiction AL --by a.hoxha --person-name"
Typed = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Type a line in a folder of its own: words parted by spaces, and more that are taken as they are."""
    monkeypatch.chdir(tmp_path)
    for name in ("QMS_STORE", "QMS_FILES", "QMS_PERSON"):
        monkeypatch.delenv(name, raising=False)

    def run(
        words: str, *more: str, by: str = "a.hoxha", code: int = 0, command: object = app, given: str = ""
    ) -> Result:
        line, env = [*words.split(), *more], {"QMS_PERSON": by, "COLUMNS": "200"}
        result = CliRunner().invoke(command, line, env=env, input=given)  # type: ignore[arg-type]
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def begun(typed: Typed) -> Typed:
    """An assessment of a new unit, with a second person."""
    typed(f"init {NEW}", "Arta Hoxha")
    typed("person add b.leka --name", "Besa Leka", command=records)
    return typed


def filled(place: Path, **answers: tuple[str, str]) -> None:
    """Fill in results and justifications in a workbook by clause."""
    book = openpyxl.load_workbook(place)
    sheet = book["Checklist"]
    head = [cell.value for cell in sheet[1]]
    clause, result, why = (head.index(f"checklist.{name}") for name in ("clause", "result", "justification"))
    for row in sheet.iter_rows(min_row=3):
        answer = answers.get(str(row[clause].value).replace(".", "_"))
        if answer:
            row[result].value, row[why].value = answer
    book.save(place)


def test_from_nothing_to_a_report_in_three_commands(typed: Typed, tmp_path: Path) -> None:
    typed(f"init {NEW}", "Arta Hoxha", "--export", "checklist.xlsx")
    answers = {
        "7_2_1": ("Minor nonconformity", "No numbers on 3 bags"),
        "4_1_1": ("Conforms", "Declarations seen"),
    }
    filled(tmp_path / "checklist.xlsx", **answers)  # type: ignore[arg-type]
    said = typed("import checklist.xlsx").output
    assert "4 cells and 0 actions were taken over" in said
    typed("report needs-assessment report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No numbers on 3 bags" in page
    assert "Draft" in page


def test_the_next_assessment_follows_and_carries_what_was_judged(begun: Typed) -> None:
    begun("assess 7.2.1 minor --because", "No numbers")
    begun("follow-up 7.2.1 finding --owner b.leka")
    first = json.loads(begun("status --json").stdout)["assessment"]
    assert f"say --follows {first}" in begun("init", code=1).stderr
    assert "Say --follows" in begun("init --carry", code=1).stderr
    second = begun(f"init --follows {first} --carry").stdout.split()[0]
    carried = json.loads(begun("show 7.2.1 --json").stdout)["judgement"]
    assert (carried["result"], len(carried["findings"]), carried["reviewed"]) == ("minor", 1, None)
    assert carried["carried_from"].endswith("/iso17020-2012:7.2.1")
    begun("assess 7.2.1 conforms --because", "Numbered now")
    begun(f"init --follows {second}")
    assert json.loads(begun("show 7.2.1 --json").stdout)["judgement"]["result"] == "not_assessed"


def test_what_ended_is_named(begun: Typed) -> None:
    begun("advance cancel --why", "begun by mistake")
    assert "-001 is cancelled" in begun("status", code=1).stderr


def test_import_is_shown_first_and_taken_back(begun: Typed, tmp_path: Path) -> None:
    begun("export book.xlsx")
    filled(tmp_path / "book.xlsx", **{"7_2_1": ("Major nonconformity", "Nothing is numbered")})
    shown = begun("import book.xlsx --dry-run").output
    assert "Not assessed becomes Major nonconformity" in shown
    assert "Not assessed" in begun("show 7.2.1").output
    undo = begun("import book.xlsx").output.rpartition("accreditation undo ")[2].strip()
    assert "Major nonconformity" in begun("show 7.2.1").output
    begun(f"undo {undo} --why", "wrong file")
    assert "Not assessed" in begun("show 7.2.1").output
    assert "Sound" in begun("ledger verify", command=records).output


def test_conflict_is_decided_by_a_person(begun: Typed, tmp_path: Path) -> None:
    begun("export book.xlsx")
    begun("assess 7.2.1 conforms --documented 3")
    filled(tmp_path / "book.xlsx", **{"7_2_1": ("Minor nonconformity", "Not all")})
    refused = begun("import book.xlsx", code=ExitCode.PROBLEMS).output
    assert "Say --take workbook or --take store" in refused
    begun("import book.xlsx --take workbook")
    assert "Minor nonconformity" in begun("show 7.2.1").output


def test_life_of_an_assessment(begun: Typed) -> None:
    begun("assess 7.2.1 minor --because", "no numbers", "--documented", "3", "--implemented", "1")
    assert begun("follow-up 7.2.1 finding --owner b.leka").output.startswith("NC-")
    assert begun("follow-up 7.2.1 action --owner b.leka --due 2099-01-01 --title", "Number").output.startswith(
        "ACT-"
    )
    assert begun("follow-up 7.2.1 request --owner b.leka --due 2099-01-01").output.startswith("EV-")
    assert "nobody reviews" in begun("review 7.2.1", code=ExitCode.OUR_ERROR).output
    begun("review 7.2.1", by="b.leka")
    begun("advance submit")
    assert "cannot freeze it" in begun("advance freeze", code=ExitCode.OUR_ERROR).output
    assert "baseline " in begun("advance freeze", by="b.leka").output
    begun("assess 7.2.1 conforms", code=ExitCode.OUR_ERROR)
    shown = json.loads(begun("status --json").output)
    assert (shown["status"], shown["ready"], shown["whole"]["score"]) == ("frozen", False, 0.5)
    assert {each["code"] for each in json.loads(begun("gaps --json --clause 7.2.1").output)} >= {"gate-not-met"}


def test_judging_is_guided(begun: Typed) -> None:
    assert "Nothing is said of ISO/IEC 17020:2012 4.1.2" in begun("assess 4.1.2", code=1).stderr
    begun("assess 4.1.2 conforms --because", "All calls are recorded")
    assert "Nothing says what is missing" in begun("follow-up 4.1.2 finding", code=1).stderr
    assert "has to say what is missing" in begun("assess 7.2.1 minor").stderr
    assert begun("assess 7.2.1 minor --because", "Three bags").stderr == ""
    begun("assess 7.2.1 --because", "Tri qese", "--language", "sq")
    assert "--because" in begun("assess 7.2.1 not_applicable", code=1).stderr
    begun("assess 7.2.1 major --because", "No bag")
    judgement = json.loads(begun("show 7.2.1 --json").stdout)["judgement"]
    assert judgement["justification"] == {"en": "No bag"}, "words for another result are gone in every language"
    begun("follow-up 7.2.1 finding")
    assert "say --another" in begun("follow-up 7.2.1 finding", code=1).stderr
    assert begun("follow-up 7.2.1 finding --another").stdout.startswith("NC-")
    for what in ("action", "request"):
        late = begun(f"follow-up 7.2.1 {what} --owner b.leka --due 2020-01-01 --title x", code=1)
        assert "2020-01-01 is past" in late.stderr


def test_review_of_a_heading_and_of_all(begun: Typed) -> None:
    for clause in ("4.1.1", "4.1.2", "4.2.1", "7.2.1"):
        begun(f"assess {clause} conforms")
    begun("assess 4.1.3 conforms", by="b.leka")
    begun("review", code=1)
    assert "nobody has judged it yet" in begun("review 5.1.1", by="b.leka", code=1).stderr
    assert begun("review 4.1", by="b.leka").stdout == "2 judgements of AS-2026-001 reviewed\n"
    assert "waits for a review" in begun("review 4.1", by="b.leka", code=1).stderr
    assert begun("review --all", by="b.leka").stdout.startswith("2 judgements")
    assert begun("review --all").stdout.startswith("1 judgement ")
    shown = begun("show 4.1.1").stdout
    assert "Assessor: Arta Hoxha, " in shown
    assert "Reviewer: Besa Leka, " in shown
    assert "Reviewer: -" in begun("show 5.1.1").stdout
    begun("assess 5.1.1 conforms")
    begun("advance submit")
    begun("person add c.marku --name", "Çlirim Marku", command=records)
    assert "Reviewed judgements: 5 of 6" in begun("advance freeze", by="c.marku").stderr


def test_evidence_is_linked_once_and_confirmed(begun: Typed) -> None:
    begun("evidence add Log https://unit.example/1 --from-day 2026-01-01", command=records)
    begun("assess 7.2.1 conforms --evidence EV-2026-001 --evidence EV-2026-001")
    begun("evidence attach EV-2026-001 https://unit.example/2", command=records)
    assert "changed since" in begun("gaps --clause 7.2.1").stdout
    begun("evidence confirm AS-2026-001 EV-2026-001 --why", "the same log", command=records)
    assert "changed since" not in begun("gaps --clause 7.2.1").stdout
    begun("evidence attach EV-2026-001 https://unit.example/3", command=records)
    begun("assess 7.2.1 --evidence EV-2026-001")
    assert "changed since" not in begun("gaps --clause 7.2.1").stdout
    assert len(json.loads(begun("show 7.2.1 --json").stdout)["judgement"]["evidence"]) == 1


def test_independence_is_claimed_for_an_activity(begun: Typed) -> None:
    claims = ("--activity", "Scene examination=C")
    assert "say why" in begun("profile", *claims, code=1).stderr
    assert "NAME=TYPE" in begun("profile --activity Scenes", code=1).stderr
    assert begun("profile --why decided", *claims).stdout == "Scene examination: C\n"
    assert "independence-not-claimed" not in begun("gaps --json").stdout


@pytest.mark.parametrize(
    ("typed_words", "clause", "expected"),
    [
        (["c", "", "3", "", "q"], "4.1.1", ("conforms", None, 3, None)),
        (["conforms", "Seen", "9", "5", "0", "q"], "4.1.1", ("conforms", "Seen", 5, 0)),
        (["Në përputhje", "", "", "", "q"], "4.1.1", ("conforms", None, None, None)),
        (["9", "maybe", "major", "", " ", "Keq", "", "", "q"], "4.1.1", ("major", "Keq", None, None)),
        (["m", "", "Pak", "", "", "q"], "4.1.1", ("minor", "Pak", None, None)),
        (["M", "Keq", "", "", "q"], "4.1.1", ("major", "Keq", None, None)),
        (["n", "", "Nuk ka", "q"], "4.1.1", ("not_applicable", "Nuk ka", None, None)),
        (["", "s", "c", "", "", "", "Q"], "4.1.3", ("conforms", None, None, None)),
    ],
)
def test_questions_are_asked_until_they_are_answered(
    typed: Typed,
    monkeypatch: pytest.MonkeyPatch,
    typed_words: list[str],
    clause: str,
    expected: tuple[str, str | None, int | None, int | None],
) -> None:
    typed(f"init {NEW}", "Arta Hoxha", "--language", "sq")
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("accreditation.command.asking.sys", terminal)
    typed("assess", given="".join(f"{each}\n" for each in typed_words))
    kept = json.loads(typed(f"show {clause} --json").stdout)["judgement"]
    words = kept["justification"] and kept["justification"]["sq"]
    assert (kept["result"], words, kept["documented"], kept["implemented"]) == expected
    assert json.loads(typed("status --json").stdout)["whole"]["results"]["not_assessed"] == 150


def test_transition_and_roll_up(begun: Typed, tmp_path: Path) -> None:
    begun("assess 7.2.1 conforms")
    assert "days are left" in begun("transition").output
    begun("transition --carry", code=ExitCode.OUR_ERROR)
    moved = json.loads(begun("transition --json").stdout)
    assert (moved["from"], moved["to"], moved["rows"]) == ("iso17020-2012", "iso17020-2026", [])
    assert "7.2.1" in moved["to_fill"]["from"]
    assert all(each["title"] and each["text"] for each in moved["themes"])
    assert "--json shows what" in begun("transition --json --carry", code=ExitCode.OUR_ERROR).output
    known = json.loads(begun("indicators --json").stdout)
    assert len(known[0]["indicators"]) == 14
    begun("ledger key unit.pem", command=records)
    begun("summary AL-TIR.json --key unit.pem")
    told = json.loads(begun("rollup AL-TIR.json --json").stdout)
    assert told[0]["score"]["insufficient"] == 1
    (tmp_path / "AL-TIR.json").write_text("{}", encoding="utf-8")
    assert "cannot be used as a summary" in begun("rollup AL-TIR.json", code=ExitCode.OUR_ERROR).output


def test_a_catalogue_is_checked_and_standards_are_listed(typed: Typed, tmp_path: Path) -> None:
    listed = {each["key"]: each for each in json.loads(typed("catalogue --json").stdout)}
    held = listed["iso17020-2012"]
    assert (held["requirements"], held["gates"], held["comes_round"]) == (116, 14, "audit, management review")
    law = 'key = "law"\nsource = "Law"\ntitle = "Law"\n[[clause]]\nid = "1"\norder = 1\ntitle = "Register"\n'
    place = tmp_path / "law.toml"
    place.write_text(f'{law}question = "There shall be a register"\nasks = "A register."\n', encoding="utf-8")
    refused = typed("catalogue law.toml", code=ExitCode.OUR_ERROR).output
    assert "clause 1: its question does not end with a question mark" in refused
    place.write_text(f'{law}question = "Is there a register?"\nasks = "A register."\n', encoding="utf-8")
    told = typed("catalogue law.toml").output
    assert "Nothing is wrong with it" in told
    assert "no requirement is a gate" in told
    assert "no clause comes round" in told


def test_what_asks_nothing_leaves_no_store_behind(typed: Typed, tmp_path: Path) -> None:
    refused = typed(f"init {NEW}", "Arta Hoxha", "--standard", "iso17020-2026", code=ExitCode.OUR_ERROR)
    assert "it asks nothing" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_licensed_text_is_shown_and_never_kept(begun: Typed, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('standard = "iso17020-2012"\n[text]\n"4.1.1" = "Words held"\n"99.9" = "x"\n', encoding="utf-8")
    assert "Words held" in begun("show 4.1.1 --licensed mine.toml").output
    assert "Words held" not in begun("show 4.1.2 --licensed mine.toml").output
    assert "of which standard" in begun("catalogue --licensed mine.toml", code=ExitCode.OUR_ERROR).output
    told = begun("catalogue iso17020-2012 --licensed mine.toml").output
    assert "Without licensed text: 115" in told
    assert "In the licensed text only: 1, such as 99.9" in told
    assert "Words held" not in begun("catalogue iso17020-2012 --licensed mine.toml --json").output
    copied = "Does the unit examine every scene without favour to any side"
    mine.write_text(f'standard = "iso17020-2012"\n[text]\n"4.1.1" = "{copied}"\n', encoding="utf-8")
    refused = begun("catalogue iso17020-2012 --licensed mine.toml", code=ExitCode.OUR_ERROR).output
    assert "which is in the licensed text" in refused


def test_history_tells_each_day_as_it_was(typed: Typed) -> None:
    typed("demo here --today 2026-11-22")
    told = json.loads(typed("history --every 6 --on 2026-11-22 --json --store here/records.qms").stdout)
    assert [(each["on"], each["assessment"]) for each in told] == [
        ("2026-05-22", "AS-2025-001"),
        ("2026-11-22", "AS-2026-001"),
    ]
    today = json.loads(typed("status --on 2026-11-22 --json --store here/records.qms").stdout)
    assert told[-1] == today
    assert told[0]["whole"]["score"] < today["whole"]["score"]


def test_procedures_are_compared_and_decided(typed: Typed) -> None:
    typed("demo here --today 2026-11-20")
    store = "--store here/records.qms"
    assert "SOP-15" in typed(f"sop-gap suggest --top 1 {store}").output
    assert "Nothing is decided" in typed(f"sop-gap gaps {store}", code=ExitCode.OUR_ERROR).output
    typed(f"sop-gap decide SOP-15 SOP-005 2 full {store}", by="m.stojkova")
    typed(f"sop-gap decide SOP-16 SOP-005 2 partial {store}", by="m.stojkova", code=ExitCode.OUR_ERROR)
    assert "Full" in typed(f"sop-gap matrix {store}").output
    assert "SOP-15" not in typed(f"sop-gap gaps {store}").output
    drafted = typed(f"sop-gap action SOP-16 --owner n.obradin --due 2027-02-01 {store}", by="m.stojkova")
    assert drafted.output.startswith("ACT-")
    typed(f"report sop-gap gaps.html {store}", by="m.stojkova")
    refused = typed(f"report sop-gap old.html --on 2026-06-01 {store}", code=ExitCode.OUR_ERROR, by="m.stojkova")
    assert "2026-06-01 is past" in refused.output


def test_procedures_need_no_assessment_for_their_report(typed: Typed, tmp_path: Path) -> None:
    typed("demo here --today 2026-11-20", command=records)
    store = "--store here/records.qms"
    typed(f"sop-gap decide SOP-15 SOP-005 2 full {store}", by="m.stojkova")
    said = typed(f"report sop-gap gaps.html {store}", by="m.stojkova").output
    assert "gaps.html: sop-gap of XX-BEL, COV-" in said
    assert "Marija Stojkova" in (tmp_path / "gaps.html").read_text(encoding="utf-8")


def test_a_transition_report_on_a_past_day_is_about_the_assessment_of_then(typed: Typed, tmp_path: Path) -> None:
    typed("demo here --today 2026-11-20")
    typed("report transition then.html --on 2026-06-01 --store here/records.qms --language en", by="m.stojkova")
    page = (tmp_path / "then.html").read_text(encoding="utf-8")
    assert "AS-2025-001" in page
    assert "AS-2026-001" not in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("status", "There is no store"),
        ("init --by a.hoxha", "To make it, say --unit, --name, --jurisdiction, --person-name too"),
        (f"init {NEW} Arta --standard iso-9999", "There is no standard 'iso-9999'"),
        (f"init {NEW} Arta --purpose fun", "There is no purpose 'fun'"),
        (f"init {NEW} Arta --profile none.toml", "cannot be read"),
        (f"init {NEW} Arta --standard none.xlsx", "cannot be read"),
    ],
)
def test_beginning_wrongly_is_explained(typed: Typed, words: str, said: str) -> None:
    assert said in typed(words, code=ExitCode.OUR_ERROR).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("assess 9.9 conforms", "no requirement '9.9'"),
        ("assess 7.2 conforms", "It is a heading"),
        ("assess 7.2.1 maybe", "result"),
        ("assess 7.2.1 not_applicable", "say why the requirement does not apply"),
        ("assess 7.2.1 conforms --evidence EV-2026-999", "EV-2026-999"),
        ("assess", "asked in a terminal only"),
        ("follow-up 7.2.1 party", "There is no follow-up 'party'"),
        ("follow-up 7.2.1 action --title x", "say --owner PERSON --due DATE"),
        ("follow-up 7.2.1 action --owner b.leka --due 2099-01-01", "has no title"),
        ("gaps --level grave", "There is no level 'grave'"),
        ("status --assessment AS-1999-001", "AS-1999-001"),
        ("status --language de", "language"),
        ("report needs-assessment report.odt", "report"),
        ("report poem report.pdf", "There is no report 'poem'"),
        ("report progress report.pdf", "Say --since DATE"),
        ("report needs-assessment nowhere/report.pdf", "nowhere"),
        ("report needs-assessment report.pdf --confidentiality secret", "--confidentiality is public"),
        ("import nothing.xlsx", "cannot be read"),
        ("import nothing.xlsx --take both", "--take is workbook or store"),
        ("undo 01M835XKREG4VSSEY97WSQBX42", "01M835XKREG4VSSEY97WSQBX42"),
        ("transition --to iso-9999", "iso-9999"),
        ("rollup nothing.json", "There is no nothing.json"),
        ("sop-gap decide SOP-01 SOP-999 1 full", "SOP-999"),
        ("sop-gap decide SOP-01 SOP-999 1 maybe", "There is no verdict 'maybe'"),
        ("indicators nothing", "There is no framework 'nothing'"),
    ],
)
def test_bad_input_is_explained(begun: Typed, words: str, said: str) -> None:
    output = begun(words, code=ExitCode.OUR_ERROR).output
    assert said in output
    assert "Traceback" not in output


@pytest.mark.parametrize("tag", [each.tag for each in languages() if each.is_offered])
def test_a_unit_works_in_its_own_language(typed: Typed, tmp_path: Path, tag: str) -> None:
    typed(f"init {NEW}", "Arta Hoxha", "--language", tag, "--export", "book.xlsx")
    typed("import book.xlsx")
    typed("assess 7.2.1 major --because", "x")
    assert typed("status").output.count("\n") > 10
    typed("gaps")
    typed("report needs-assessment report.html")
    assert f'lang="{tag}"' in (tmp_path / "report.html").read_text(encoding="utf-8")
