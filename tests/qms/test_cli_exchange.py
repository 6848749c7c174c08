"""Backup, restore, export and import by the command, in a file and on a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Run) -> Run:
    """The command, in a folder with a store of two people, a finding and evidence with a file."""
    monkeypatch.chdir(tmp_path)
    for name in ("QMS_STORE", "QMS_FILES"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "log.txt").write_text("10 bags, 3 open")
    invoke("init --unit AL-TIR --jurisdiction AL --person a.hoxha --name Unit --person-name", "Arta Hoxha")
    invoke("person add b.leka --name", "Besa Leka")
    invoke("finding add --grade minor --owner b.leka", "Bags are open")
    invoke("evidence add Log log.txt")
    return invoke


def listed(run: Run, kind: str, more: str = "") -> Any:
    return json.loads(run(f"{kind} list --json {more}").stdout)


def test_backup_and_restore(run: Run, tmp_path: Path) -> None:
    head = run("ledger head").stdout
    assert run("backup b.zip").stdout == "b.zip\n"
    assert "--force" in run("backup b.zip", code=1).stderr
    assert json.loads(run("backup b.zip --force --json").stdout)["records"]["finding"] == 1
    assert "all sound" in run("restore b.zip --store again.qms").stderr
    assert run("ledger head --store again.qms").stdout == head
    assert listed(run, "finding", "--store again.qms") == listed(run, "finding")
    assert "already" in run("restore b.zip --store again.qms", code=1).stderr


def test_a_damaged_backup_is_refused(run: Run, tmp_path: Path) -> None:
    run("backup b.zip")
    content = bytearray((tmp_path / "b.zip").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "b.zip").write_bytes(content)
    run("restore b.zip --store again.qms", code=4)


def test_export_is_quiet_where_nothing_changed(run: Run, tmp_path: Path) -> None:
    first = run("export out")
    assert "1 finding" in first.stderr
    assert "0 files were written and 0 removed" in run("export out").stderr
    run("person edit b.leka --set duty=auditor")
    changed = json.loads(run("export out --json").stdout)
    assert changed["changed"] == 2
    assert (tmp_path / "out" / "manifest.json").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("x")
    assert "--force" in run("export other", code=1).stderr


def test_two_copies_come_together(run: Run, tmp_path: Path) -> None:
    run("export out")
    assert "now holds what was exported" in run("import out --new --store other.qms").stdout
    assert run("ledger head --store other.qms").stdout == run("ledger head").stdout
    run("person edit b.leka --set duty=auditor --store other.qms")
    run("person add d.gashi --name Dea --store other.qms")
    run("person edit a.hoxha --set duty=here")
    run("person edit a.hoxha --set duty=there --store other.qms")
    run("export out --store other.qms")
    before = run("ledger head").stdout
    trial = run("import out --dry-run", code=3)
    assert "Nothing was written" in trial.stdout
    assert run("ledger head").stdout == before
    report = json.loads(run("import out --json", code=3).stdout)
    assert {each["ref"]: each["result"] for each in report["outcomes"]} == {
        "b.leka": "taken",
        "d.gashi": "added",
        "a.hoxha": "conflict",
    }
    run("import out --take theirs --why", "agreed by telephone")
    assert {each["ref"]: each["duty"] for each in listed(run, "person")} == {
        "a.hoxha": "there",
        "b.leka": "auditor",
        "d.gashi": "",
    }
    assert "Sound: " in run("ledger verify").stdout


def test_an_import_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    run("export out")
    before = run("ledger head").stdout
    (name,) = (tmp_path / "out" / "records" / "finding").iterdir()
    name.write_text("{")
    assert name.name in run("import out", code=4).stderr
    assert run("ledger head").stdout == before
    run("import nowhere", code=1)
    run("restore nowhere.zip --store other.qms", code=1)
    assert not (tmp_path / "other.qms").exists()
    run("import out --take both", code=2)


def test_a_backup_in_the_place_of_a_folder_and_the_reverse(run: Run, tmp_path: Path) -> None:
    run("backup b.zip")
    run("export out")
    assert "a folder was expected" in run("import b.zip", code=4).stderr
    assert "qms import --new" in run("restore out --store other.qms", code=4).stderr
    assert not (tmp_path / "other.qms").exists()


def test_counts_are_words(run: Run) -> None:
    said = run("export out").stderr
    assert "1 piece of evidence, 1 finding, 2 persons, 1 unit; 6 events, 1 attached file." in said
    assert "8 files were written and 0 removed." in said
    assert "1 attached file. Keep it elsewhere" in run("backup b.zip").stderr
    assert "5 records, 6 events, 1 attached file; all sound" in run("restore b.zip --store again.qms").stderr
    assert run("ledger verify").stdout.startswith("Sound: 6 events, 5 records, 1 attached file, 0 checkpoints.")


def test_on_a_server_and_in_a_file(
    new_place: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    place = new_place()
    monkeypatch.setenv("QMS_STORE", place.database)
    monkeypatch.setenv("QMS_FILES", str(place.files))
    invoke("init --unit AL-TIR --jurisdiction AL --person a.hoxha --name Unit --person-name", "Arta Hoxha")
    invoke("action add Seals --purpose improvement --owner a.hoxha --due 2026-01-01")
    assert "OVERDUE" in invoke("due").stdout
    assert invoke("ledger verify").stdout.startswith("Sound: 3 events")
    assert (
        "already"
        in invoke(
            "init --unit AL-TIR --jurisdiction AL --person a.hoxha --name Unit --person-name Arta", code=1
        ).stderr
    )


def test_a_poor_terminal_shows_question_marks(run: Run) -> None:
    run("person add d.gashi --name", "Деа Gashi")
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "QMS_PERSON": "a.hoxha"}
    command = [sys.executable, "-m", "qms.cli", "person", "list"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"??? Gashi" in done.stdout
    assert not done.stderr


def test_the_demonstration_is_a_sound_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Run) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("demo try-out --seed 3")
    assert "Sound: " in invoke("ledger verify --store try-out/records.qms").stdout
    assert json.loads(invoke("finding list --json --store try-out/records.qms").stdout)
    assert "already" in invoke("demo try-out", code=1).stderr
