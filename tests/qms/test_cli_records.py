"""Findings, actions, documents, evidence, audits and complaints by the command, from first to last."""

from __future__ import annotations

import csv
import itertools
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import qms
from qms.cli import app
from qms.command.showing import ASKED_FOR
from qms.kinds import KINDS
from qms.store import open_store

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def small_unit(tmp_path_factory: pytest.TempPathFactory, invoke: Run) -> Path:
    """A folder with a store of one unit and three people."""
    folder = tmp_path_factory.mktemp("unit")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        invoke("init --unit AL-TIR --jurisdiction AL --person a.hoxha --name Unit --person-name", "Arta Hoxha")
        invoke("person add b.leka --name", "Besa Leka")
        invoke("person add c.marku --name", "Çlirim Marku")
    return folder


@pytest.fixture
def run(small_unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Run) -> Run:
    """The command, in a folder with a copy of that store."""
    shutil.copytree(small_unit, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name in ("QMS_STORE", "QMS_FILES"):
        monkeypatch.delenv(name, raising=False)
    return invoke


@pytest.fixture
def log(tmp_path: Path) -> str:
    (tmp_path / "log.txt").write_text("10 bags, 3 open")
    return "log.txt"


def ref(result: Result) -> str:
    return result.stdout.split()[0]


def facts(run: Run, words: str) -> dict[str, object]:
    found = json.loads(run(f"{words} --json").stdout)
    assert isinstance(found, dict)
    return found


def test_a_nonconformity_from_draft_to_closed(run: Run, log: str) -> None:
    seen = ref(run("evidence add", "Swab log", log, "--from-day", "2026-01-01"))
    nc = ref(
        run(
            f"finding add --grade minor --owner b.leka --due-close 2199-01-01 --evidence {seen}",
            "--requirement",
            "ISO/IEC 17020:2012 7.2.1",
            "--seen",
            "3 of 10 bags open",
            "Bags are open",
        )
    )
    listed = run(f"finding advance {nc}").stdout
    assert "issue -> issued" in listed
    for act in ("issue", "accept"):
        run(f"finding advance {nc} {act}")
    refused = run(f"finding advance {nc} close", code=1)
    assert '"close" is for what is effectiveness_pending, implementing' in refused.stderr
    run(f"finding advance {nc} contain --set", "containment.what=All bags sealed", by="b.leka")
    run(f"finding advance {nc} analyse --set", "extent.looked=All stores", "--set", "extent.found=None more")
    run(f"finding cause {nc} --ask", "Why open? => No seals", "--root-cause", "Nobody orders seals", "--why", "x")
    shown = facts(run, f"finding show {nc}")
    assert shown["analysis"]["whys"] == [{"why": {"en": "Why open?"}, "answer": {"en": "No seals"}}]  # type: ignore[index]
    run(f"finding advance {nc} plan")
    one = ref(run(f"action add --purpose correction --finding {nc} --owner b.leka --due 2199-01-01", "Seal bags"))
    two = ref(
        run(
            f"action add --purpose corrective --finding {nc} --owner b.leka --due 2199-01-01 --depends-on {one}",
            "Name who orders",
            "--cost",
            "120 EUR",
        )
    )
    run(f"finding advance {nc} agree --set criterion.after_cases=5 --set", "criterion.measure=5 sealed bags")
    run(f"finding advance {nc} start")
    for action in (one, two):
        for act in ("approve", "start", "finish"):
            run(f"action advance {action} {act}", by="b.leka" if act != "approve" else "a.hoxha")
        said = ("verifications.how=Looked at bags", "--set", "verifications.result=passed")
        refused = run(f"action advance {action} verify --set", *said, by="b.leka", code=1)
        assert "somebody else has to" in refused.stderr
        run(f"action advance {action} verify --set", *said, by="c.marku")
    assert facts(run, f"action show {two}")["cost"] == {"amount": "120", "currency": "EUR"}
    run(f"finding advance {nc} complete", by="b.leka")
    run(
        f"finding advance {nc} verify --set verifications.how=looked --set verifications.result=passed",
        by="c.marku",
    )
    waiting = run(f"finding show {nc}").stdout
    assert "not yet:" in waiting
    review = "--set reviews.method=looked --set reviews.result=effective --set reviews.cases=5"
    run(f"finding advance {nc} review {review}", by="c.marku")
    owner = run(f"finding advance {nc} close", by="b.leka", code=1)
    assert nc in owner.stderr
    run(f"finding advance {nc} close", by="c.marku")
    final = facts(run, f"finding show {nc}")
    assert final["status"] == "closed"
    assert final["next"] == []
    assert "That is final" in run(f"finding advance {nc}").stdout
    assert run("ledger verify").stdout.startswith("Sound")


def test_names_stand_for_ids(run: Run) -> None:
    nc = ref(run("finding add Gap --grade observation --owner b.leka"))
    assert nc.startswith("OBS-")
    assert "Besa Leka (b.leka)" in run(f"finding show {nc}").stdout
    row = run("finding list").stdout.splitlines()[1]
    assert row.split()[:4] == [nc, "Gap", "draft", "observation"]
    assert "b.leka" in row


def test_list_filters(run: Run) -> None:
    first = ref(run("finding add Swabs --grade minor --owner b.leka --set labels=lab --set labels=urgent"))
    second = ref(run("finding add Gloves --grade observation --owner c.marku"))
    for words, expected in {
        "--owner b.leka": [first],
        "--word GLOVE": [second],
        "--label urgent": [first],
        "--status draft": [first, second],
        "--status issued": [],
        "--limit 1": [first],
        "--linked-to c.marku": [second],
        "--overdue": [],
    }.items():
        found = json.loads(run(f"finding list {words} --json").stdout)
        assert [each["ref"] for each in found] == expected, words
    assert "no finding that fits" in run("finding list --status issued").stderr


def test_a_list_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ref(run("action add Seals --purpose improvement --owner b.leka --due 2199-01-01"))
    times = (datetime(2199, 2, 1, tzinfo=UTC) + timedelta(seconds=n) for n in itertools.count())
    monkeypatch.setitem(open_store.__kwdefaults__, "clock", lambda: next(times))
    run(f"action edit {first} --set labels=old")
    before = json.loads(run("ledger log --limit 1 --json").stdout)[0]["at"]
    second = ref(run(f"action add Bags --purpose improvement --owner b.leka --depends-on {first}"))
    run(f"action advance {first} approve")
    run(f"action edit {first} --why better --set labels=new --set", "title=Numbered tape")
    run(f"action advance {first} hand_over --set owner=c.marku --why leave")
    now = json.loads(run("ledger log --limit 1 --json").stdout)[0]["at"]
    for words, then, later in (
        ("", [first], [first, second]),
        ("--status proposed", [first], [second]),
        ("--owner b.leka", [first], [second]),
        ("--label old", [first], []),
        ("--word SEAL", [first], []),
        ("--overdue", [first], [first]),
        (f"--linked-to {first}", [], [second]),
        ("--limit 1", [first], [first]),
    ):
        past, present = (
            json.loads(run(f"action list --json {words} --as-of {time}").stdout) for time in (before, now)
        )
        assert [each["ref"] for each in past] == then, words
        assert [each["ref"] for each in present] == later, words
        assert present == json.loads(run(f"action list --json {words}").stdout), words
    assert "Seals" in run(f"action list --as-of {before}").stdout
    assert "no action that fits" in run("action list --as-of 2020-01-01").stderr


def test_an_act_says_what_it_asks_for(run: Run) -> None:
    nc = ref(run("finding add Gap --grade minor --owner b.leka --seen x --requirement", "X 1"))
    run(f"finding advance {nc} issue")
    regrade = run(f"finding advance {nc}").stdout.partition("  regrade -> ")[2].splitlines()
    assert regrade[1].startswith("    asks for: --set grade=major|minor")
    assert not regrade[2].startswith("    not yet")
    acts = {each["act"]: each for each in facts(run, f"finding show {nc}")["next"]}  # type: ignore[attr-defined]
    assert acts["regrade"]["asks"]
    assert acts["regrade"]["against"] == []
    assert acts["note"]["against"][0] == "this step is for good_practice; it is graded minor"


def test_every_reason_that_an_act_meets_itself_is_known() -> None:
    source = "".join(each.read_text(encoding="utf-8") for each in Path(qms.__file__).parent.rglob("*.py"))
    assert not [code for code in ASKED_FOR if source.count(f'"{code}"') < 2]


def test_an_exception_is_one_sentence(run: Run) -> None:
    audit = ref(run("audit add Handling --lead c.marku --from-day 2199-01-10 --to-day 2199-01-11 --area K"))
    reason = ("reason=Nobody else is there.", "safeguard=Besa reads all.")
    said = ("person=c.marku", "area=K", *reason, "allowed_by=a.hoxha", "on=today")
    words = [word for each in said for word in ("--set", f"exceptions.{each}")]
    run(f"audit advance {audit} allow_exception", *words)
    for shown in (run(f"audit show {audit}").stdout, run(f"audit report {audit}").stdout):
        assert "Nobody else is there; safeguard" in shown
        assert ".;" not in shown
        assert "1 exceptions" not in shown


def test_a_list_for_a_spreadsheet(run: Run, tmp_path: Path) -> None:
    nc = ref(run("finding add =1+1 --grade minor --owner b.leka"))
    run("finding list --csv list.csv --semicolon")
    content = (tmp_path / "list.csv").read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"Kind";"Id";')
    (row,) = csv.DictReader(content.decode("utf-8-sig").splitlines(), delimiter=";")
    assert row["Id"] == facts(run, f"finding show {nc}")["id"]
    assert (row["Reference"], row["Owner"], row["Statement: gap (English)"]) == (nc, "b.leka", "'=1+1")
    assert "--force" in run("finding list --csv list.csv", code=1).stderr
    assert "no record to export" in run("finding list --status closed --csv none.csv", code=1).stderr
    assert not (tmp_path / "none.csv").exists()


def test_an_owner_is_handed_over_and_a_grade_moves(run: Run) -> None:
    nc = ref(run("finding add Gap --grade minor --owner b.leka --requirement", "X 1"))
    seen = ref(run("evidence request Log --owner b.leka --due 2199-01-01"))
    run(f"finding edit {nc} --set evidence={seen}")
    run(f"finding advance {nc} issue")
    run(f"finding advance {nc} hand_over --set owner=c.marku --why leave")
    run(f"finding advance {nc} regrade --set grade=major --why", "it was worse")
    shown = run(f"finding show {nc}").stdout
    assert "major" in shown
    assert "Çlirim Marku (c.marku)" in shown
    assert "previous owners" in shown
    assert "it was worse" in shown


def test_a_due_date_moves_and_the_old_one_stays(run: Run) -> None:
    action = ref(run("action add Seals --purpose improvement --owner b.leka --due 2199-01-01"))
    for words, said in {
        "2199-06-01": "say with --why why it moves",
        "2199-01-01 --why late": "it is due on that day already",
        "2199-13-01 --why late": "is not a day",
    }.items():
        assert said in run(f"action move-due {action} {words}", code=1).stderr
    assert "it was planned on" in run(f"action move-due {action} 2020-01-01 --why late", code=1).stderr
    run(f"action move-due {action} 2199-06-01 --why late")
    found = facts(run, f"action show {action}")
    assert found["due"] == "2199-06-01"
    assert found["previous_dues"][0]["due"] == "2199-01-01"  # type: ignore[index]
    assert "soon" in run(f"action move-due {action} soon --why late", code=1).stderr


def test_a_circle_of_dependencies_is_refused(run: Run) -> None:
    one = ref(run("action add One --purpose milestone --owner b.leka"))
    two = ref(run(f"action add Two --purpose milestone --owner b.leka --depends-on {one}"))
    three = ref(run(f"action add Three --purpose milestone --owner b.leka --depends-on {two}"))
    refused = run(f"action edit {one} --set depends_on={three}", code=1)
    assert "circle" in refused.stderr
    assert facts(run, f"action show {one}")["version"] == 1


def test_evidence_and_suspect_links(run: Run, log: str, tmp_path: Path) -> None:
    nc = ref(run("finding add Gap --grade minor --owner b.leka"))
    asked = ref(run("evidence request Log --owner b.leka --due 2199-01-01"))
    assert "No link is suspect" in run("evidence suspect").stderr
    run(f"evidence link {asked} {nc} --note shows")
    run(f"evidence attach {asked} {log}", by="b.leka")
    run(f"evidence attach {asked} https://example.org/log", by="b.leka")
    found = facts(run, f"evidence show {asked}")
    assert [each["n"] for each in found["revisions"]] == [1, 2]  # type: ignore[attr-defined]
    run(f"evidence edit {asked} --set effective_from=2026-01-01", by="b.leka")
    assert "somebody else" in run(f"evidence advance {asked} accept", by="b.leka", code=1).stderr
    run(f"evidence edit {asked} --set expires=2199-01-01", by="a.hoxha")
    assert "changed what it says" in run(f"evidence advance {asked} accept", by="a.hoxha", code=1).stderr
    run(f"evidence advance {asked} accept", by="c.marku")
    run(f"finding edit {nc} --set", "statement.gap=Another gap")
    suspect = run("evidence suspect").stdout
    assert suspect.startswith(f"{asked} -> {nc}")
    assert "statement: Gap -> Another gap by Arta Hoxha" in suspect
    assert "suspect" in run(f"evidence show {asked}").stdout
    assert json.loads(run("evidence suspect --json").stdout)[0]["target"] == nc
    assert "reason" in run(f"evidence confirm {asked} {nc}", code=1).stderr
    run(f"evidence confirm {asked} {nc} --why", "still true")
    assert "No link is suspect" in run("evidence suspect").stderr
    assert "has no link" in run(f"evidence confirm {asked} a.hoxha --why x", code=1).stderr


def test_a_document_from_draft_to_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# 1 Purpose\n\nSeal all.\n\n# 2 Seals\n\nRed seals.\n")
    (tmp_path / "two.md").write_text("# 1 Purpose\n\nSeal all.\n\n# 2 Seals\n\nBlue seals.\n")
    sop = ref(run("document add Sealing --type SOP --owner b.leka --tell a.hoxha --tell c.marku"))
    roles = "--reviewer a.hoxha --approver c.marku --summary New"
    first = ref(run(f"document revise {sop} one.md {roles}", by="b.leka"))
    run(f"document edit {first} --set", "change_summary=Seals with numbers", by="b.leka")
    assert "Seals with numbers" in run(f"document show {first}").stdout
    run(f"document advance {first} submit", by="b.leka")
    assert "only Arta Hoxha reviews it" in run(f"document advance {first} review", by="b.leka", code=1).stderr
    early = run(f"document advance {first} approve", by="c.marku", code=1)
    assert '"approve" is for what is reviewed' in early.stderr
    for act, who in (("review", "a.hoxha"), ("approve", "c.marku"), ("release", "a.hoxha")):
        run(f"document advance {first} {act}", by=who)
    shown = run(f"document show {sop}").stdout
    assert "Not read by: Arta Hoxha, Çlirim Marku" in shown
    assert "effective" in shown
    wrong = run(f"document receipt {first} --file two.md", code=1)
    assert "Read that one" in wrong.stderr
    run(f"document receipt {first} --file one.md")
    assert "signed on" in run(f"document receipt {first}", code=1).stderr
    assert "cannot discontinue" in run(f"document advance {sop} discontinue --why old", code=1).stderr
    assert "Not read by: Çlirim Marku" in run(f"document show {sop}").stdout
    second = ref(run(f"document revise {sop} two.md {roles}", by="b.leka"))
    assert "changed: 2 Seals" in run(f"document compare {first} {second}").stdout
    assert "All sections are the same" in run(f"document compare {second} two.md").stderr
    sections = json.loads(run(f"document sections {second} --json").stdout)
    assert [each["heading"] for each in sections] == ["Purpose", "Seals"]
    assert f"{sop} Sealing current SOP en {first}" in " ".join(run("document list").stdout.split())
    assert first in run("document revisions --status effective").stdout
    assert first in run("document receipts --where person=hoxha").stdout
    assert "no receipt that fits" in run("document receipts --where person=marku").stderr
    run(f"document edit {sop} --set distribution+=b.leka")
    assert len(facts(run, f"document show {sop}")["distribution"]) == 3  # type: ignore[arg-type]
    assert facts(run, f"document show {second}")["status"] == "draft"
    assert "There is no document" in run("document show SOP-999", code=1).stderr


def test_a_translation_names_its_master(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# Purpose\n\nSeal all.\n")
    sop = ref(run("document add Sealing --type SOP --owner b.leka"))
    roles = "--reviewer b.leka --approver c.marku --summary New"
    path = (("submit", "a.hoxha"), ("review", "b.leka"), ("approve", "c.marku"), ("release", "a.hoxha"))
    master = ref(run(f"document revise {sop} one.md {roles}"))
    translation = ref(run(f"document revise {sop} one.md {roles} --translates {master} --language sq"))
    assert translation == f"{sop}.sq.r1"
    for revision in (master, translation):
        for act, who in path:
            run(f"document advance {revision} {act}", by=who)
    before = run("ledger log --limit 1 --json").stdout
    assert "sq 0" in run("document list").stdout
    (tmp_path / "one.md").write_text("# Purpose\n\nSeal all bags.\n")
    second = ref(run(f"document revise {sop} one.md {roles}"))
    for act, who in path:
        run(f"document advance {second} {act}", by=who)
    assert "sq 1" in run("document list").stdout
    (row,) = json.loads(run("document list --json").stdout)
    assert (row["in_force"], row["translations_behind"]) == (second, {"sq": 1})
    (row,) = json.loads(run(f"document list --json --as-of {json.loads(before)[0]['at']}").stdout)
    assert (row["in_force"], row["translations_behind"]) == (master, {"sq": 0})
    assert facts(run, f"document show {translation}")["change_summary"] == {"sq": "New"}


def test_an_audit_from_programme_to_report(run: Run, tmp_path: Path) -> None:
    programme = ref(
        run(
            "audit programme add --from-day 2026-01-01 --to-day 2099-12-31 Audits --area",
            "7.2@AL-TIR = Handling",
        )
    )
    assert "Neither audited nor planned: 7.2@AL-TIR" in run(f"audit plan {programme}").stdout
    assert json.loads(run(f"audit plan {programme} --json").stdout)["missing"] == ["7.2@AL-TIR"]
    assert programme in run("audit programme list").stdout
    audit = ref(
        run(
            f"audit add --programme {programme} --lead c.marku --area 7.2@AL-TIR --scope All Handling "
            "--from-day 2026-01-10 --to-day 2026-01-11 --criteria",
            "ISO/IEC 17020:2012 7.2",
        )
    )
    assert "lacks lines" in run(f"audit advance {audit} prepare", code=1).stderr
    run(f"audit line {audit} --area 7.2@AL-TIR --requirement", "ISO/IEC 17020:2012 7.2.1", "--question", "Sealed?")
    run(f"audit line {audit} --area 7.2@AL-TIR --requirement", "ISO/IEC 17020:2012 7.2.2", "--question", "Marked?")
    (tmp_path / "cases.csv").write_text("item,stratum\n" + "".join(f"26-{n:03d},{n % 2}\n" for n in range(20)))
    drawn = run(f"audit sample {audit} S1 cases.csv --of Cases --size 4 --seed x --include 26-007")
    again = run(f"audit sample {audit} S2 cases.csv --of Cases --size 4 --seed x --include 26-007")
    assert drawn.stdout == again.stdout
    assert len(drawn.stdout.split()) == 4
    assert "seed 'x'" in drawn.stderr
    run(f"audit advance {audit} prepare")
    assert "did not declare" in run(f"audit advance {audit} start --set began=today", code=1).stderr
    run(f"audit edit {audit} --set declarations.person=c.marku --set declarations.on=today")
    run(f"audit advance {audit} start --set began=today", by="c.marku")
    nc = ref(run(f"audit raise {audit} 1 --grade minor --owner b.leka Open --seen", "3 of 10", by="c.marku"))
    run(f"audit line {audit} 2 --answer conforms --sample S1 --seen", "10 of 10", by="c.marku")
    run(f"audit advance {audit} finish --set ended=today", by="c.marku")
    assert "(DRAFT)" in run(f"audit report {audit}").stdout
    run(f"audit edit {audit} --set", "conclusion=Sound but for one", by="c.marku")
    run(f"audit advance {audit} report --set reported_on=today", by="c.marku")
    report = run(f"audit report {audit}").stdout
    assert nc in report
    assert "1 conforms, 1 nonconforms" in report
    assert f"Ledger {run('ledger head').stdout.strip()}" in report
    assert json.loads(run(f"audit report {audit} --json").stdout)["final"] is True
    assert f"{nc} is a draft still" in run(f"audit advance {audit} close", code=1).stderr
    run(f"finding advance {nc} issue")
    run(f"audit advance {audit} close")


def test_an_audit_moves(run: Run) -> None:
    audit = ref(run("audit add Handling --from-day 2199-01-10 --to-day 2199-01-11"))
    days = "--set planned_from=2199-02-10 --set planned_to=2199-02-11"
    run(f"audit advance {audit} replan {days} --why ill")
    assert facts(run, f"audit show {audit}")["former_dates"] == [
        {"planned_from": "2199-01-10", "planned_to": "2199-01-11"}
    ]


def test_a_complaint_is_decided_by_somebody_outside(run: Run) -> None:
    complaint = ref(
        run("complaint add --concerns b.leka --owner a.hoxha --case 26-017 Late --from-whom Prosecutor")
    )
    run(f"complaint advance {complaint} validate --set", "validity=It is about our report")
    refused = run(f"complaint advance {complaint} investigate --set investigators=b.leka", code=1)
    assert "Besa Leka investigates it but is involved" in refused.stderr
    run(f"complaint advance {complaint} investigate --set investigators=a.hoxha")
    decided = "--set decided_by=c.marku --set decided_on=today --set outcome=upheld --set investigation=Late"
    run(f"complaint advance {complaint} decide {decided} --by c.marku --set decision=True")
    run(f"complaint advance {complaint} communicate --set communicated_on=today")
    run(f"complaint advance {complaint} close")
    assert "closed" in run("complaint list").stdout


def test_a_field_is_added_to_and_emptied(run: Run) -> None:
    nc = ref(run("finding add Gap --grade minor --owner b.leka --due-close 2199-01-01 --set labels=one"))
    run(f"finding edit {nc} --set labels+=two --set due_close=")
    found = facts(run, f"finding show {nc}")
    assert found["labels"] == ["one", "two"]
    assert found["due_close"] is None
    run(f"finding edit {nc} --set labels=")
    assert facts(run, f"finding show {nc}")["labels"] == []
    assert "Only to a list" in run(f"finding edit {nc} --set owner+=c.marku", code=1).stderr
    assert "ref cannot be set" in run(f"finding edit {nc} --set ref=NC-1", code=1).stderr


def test_a_list_is_narrowed_by_what_a_field_says(run: Run) -> None:
    for grade, owner in (("minor", "b.leka"), ("major", "b.leka"), ("minor", "c.marku")):
        run(f"finding add Gap --grade {grade} --owner {owner}")

    def grades(*asked: str, limit: str = "") -> list[str]:
        wheres = " ".join(f"--where {each}" for each in asked)
        return [each["grade"] for each in json.loads(run(f"finding list --json {limit} {wheres}").stdout)]

    assert grades("grade=minor") == ["minor", "minor"]
    assert grades("grade=MINOR", "owner=leka") == ["minor"]
    assert grades("grade=major", limit="--limit 1") == ["major"]
    assert grades("owner=nobody") == []
    for wrong in ("grade", "colour=red"):
        assert "Write FIELD=WORDS" in run(f"finding list --where {wrong}", code=1).stderr


def test_a_unit_says_where_it_is_and_a_handle_how_it_is_written(run: Run) -> None:
    assert "AL" in [each.split()[-1] for each in run("unit show AL-TIR").stdout.splitlines() if "jurisd" in each]
    assert "may hold letters" in run("person add", "D E", "--name", "Dea E", code=1).stderr


def test_a_toml_file_says_it_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "finding.toml").write_text(
        """
        labels = ["lab"]
        owner = "Besa Leka"
        [statement]
        requirement = "Bags are sealed"
        [containment]
        what = { en = "Sealed", sq = "U vulos" }
        [criterion]
        measure = "5 sealed bags"
        after_days = 30
        """
    )
    nc = ref(run("finding add Open --grade minor --from finding.toml"))
    found = facts(run, f"finding show {nc}")
    assert found["statement"] == {
        "gap": {"en": "Open"},
        "requirement": {"en": "Bags are sealed"},
        "evidence": None,
    }
    assert found["containment"]["what"] == {"en": "Sealed", "sq": "U vulos"}  # type: ignore[index]
    assert found["labels"] == ["lab"]


SAID = """
|x|=|[]|{}|[1]|{a=1}|[[1]]|{en='x'}|{xx='y'}|b.leka|NC-2026-001|today|2026-01-01|2026-01-01T00:00:00|-1|1e999|nan
|true|X 1| |[{}]|{target='b.leka'}|{target=1}|log.txt
|nofile|{name='x',sha256='y',size=1}|[true]|{by='x'}|{en=['a']}
""".replace("\n", "").split("|")
PARTS = ("", "", "", ".en", ".by", ".how", ".result", ".what", ".gap", ".target", ".key", "+")


def test_no_words_are_a_bug(run: Run, log: str) -> None:
    refs = {
        "finding": ref(run("finding add Gap --grade minor --owner b.leka")),
        "action": ref(run("action add Seals --purpose improvement")),
        "evidence": ref(run(f"evidence add Log {log}")),
        "audit": ref(run("audit add Handling")),
        "complaint": ref(run("complaint add Late")),
        "person": "b.leka",
    }
    cycles = {kind.name: kind for kind in KINDS}
    chance = random.Random(20260301)
    for _ in range(150):
        kind = cycles[chance.choice(sorted(refs))]
        name = chance.choice(sorted(kind.model.model_fields)) + chance.choice(PARTS)
        acts = [row.act for row in kind.cycle.transitions] if kind.cycle and chance.random() < 0.5 else []
        verb = f"advance {refs[kind.name]} {chance.choice(acts)}" if acts else f"edit {refs[kind.name]}"
        words = [*f"{kind.name} {verb} --why x --set".split(), f"{name}={chance.choice(SAID)}"]
        result = CliRunner().invoke(app, words, env={"QMS_PERSON": "a.hoxha"})
        assert result.exit_code in (0, 1, 4), (words, result.output)
    assert run("ledger verify").stdout.startswith("Sound")


def test_files_of_one_name_are_all_fetched(run: Run, log: str, tmp_path: Path) -> None:
    seen = ref(run("evidence add", "Swab log", log, "--from-day", "2026-01-01"))
    (tmp_path / log).write_text("10 bags, 2 open")
    run(f"evidence attach {seen} {log}")
    fetched = run(f"evidence fetch {seen} new/out").stdout.splitlines()
    assert [Path(each).read_text() for each in fetched] == ["10 bags, 3 open", "10 bags, 2 open"]
    assert all(each.endswith(f" {log}") for each in fetched)


def test_today_is_a_day_in_every_option(run: Run, log: str) -> None:
    sop = ref(run("document add Sealing --type SOP --owner b.leka"))
    words = "--summary First --reviewer c.marku --approver c.marku --effective today"
    revision = ref(run(f"document revise {sop} {log} {words}"))
    today = facts(run, f"document show {revision}")["created"]
    assert str(facts(run, f"document show {revision}")["effective"]) == str(today)[:10]
    assert "up to 20" in run("due --until today").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--due 31.12.2026", "due: is not a day; write it as 2026-03-01; found '31.12.2026'"),
        ("--cost 5,50&EUR", "cost.amount: is not a number; write it as 120.50; found '5,50'"),
        ("--cost 5.50&KM", "a currency is three capital letters, such as EUR; found 'KM'"),
        ("--set detail.en=", "detail.en: needs at least 1 character"),
    ],
)
def test_what_excel_writes_is_refused_in_plain_words(run: Run, words: str, said: str) -> None:
    option, value = words.split()
    begin = "action add Seals --purpose improvement --owner b.leka"
    assert said in run(begin, option, value.replace("&", " "), code=1).stderr


def test_the_step_that_begins_a_new_round_asks_for_nothing() -> None:
    from qms.command.fields import ways_to_say
    from qms.findings.cycle import FINDING
    from qms.findings.finding import Finding

    asking = {
        row.act for row in FINDING.rows_from("effectiveness_pending") if ways_to_say(Finding, row.records or ())
    }
    assert asking == {"verify", "review", "regrade", "move", "hand_over"}
