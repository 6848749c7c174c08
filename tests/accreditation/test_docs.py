"""What the documentation says of ``accreditation``: its transcripts, command lines and steps, tried."""

from __future__ import annotations

import doctest
import importlib.util
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from accreditation.assessments.cycle import ASSESSMENT
from accreditation.assessments.profile import Checklist, Profile
from accreditation.cli import app
from accreditation.command.report_command import KINDS
from accreditation.crosswalk import Crosswalk
from accreditation.overlay import read_overlay
from accreditation.standards import standard
from qms.cli import app as records
from qms.store import open_store

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "accreditation.md"


def transcripts() -> ModuleType:
    """Return the test of the other page, which knows how transcripts are read and compared."""
    place = ROOT / "tests" / "qms" / "test_docs.py"
    spec = importlib.util.spec_from_file_location("transcripts_of_qms", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


QMS = transcripts()


class Desk:
    """Runs what the page types, one line after the other, in the current folder and on the days that it names."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 9, tzinfo=UTC)
        self.said = {"COLUMNS": "200"}

    def clock(self) -> datetime:
        return self.now

    def run(self, words: str) -> str:
        if day := QMS.DAY.fullmatch(words):
            self.now = datetime.strptime(f"{day[1]} 09:00 +0000", "%d %B %Y %H:%M %z")
            return ""
        name, *line = shlex.split(words.removeprefix("$ "))
        if name == "export":
            self.said |= dict(each.split("=", 1) for each in line)
            return ""
        result = CliRunner().invoke({"accreditation": app, "qms": records}[name], line, env=self.said)
        assert result.exit_code in (0, 1), f"{words}\n{result.output}"
        return str(QMS.PROGRESS.sub("", result.output))


@pytest.mark.skipif(sys.platform == "win32", reason="the page types a few lines for a Unix shell")
def test_transcripts_are_what_the_command_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, wrong = Desk(), []
    monkeypatch.chdir(tmp_path)
    assert open_store.__kwdefaults__
    monkeypatch.setitem(open_store.__kwdefaults__, "clock", desk.clock)
    for name in ("QMS_STORE", "QMS_FILES", "QMS_PERSON"):
        monkeypatch.delenv(name, raising=False)
    for block in QMS.blocks(PAGE, "console"):
        for words, shown in (each for each in QMS.typed(block) if each.words):
            given = desk.run(words)
            if not QMS.fits(shown, given):
                wrong.append(f"{words}\n{given}")
    assert not wrong, "\n\n".join(wrong)


def command_lines() -> list[str]:
    """Return every whole line that calls ``accreditation``, on its page and in the README."""
    found = []
    for page in (PAGE, ROOT / "README.md"):
        text = page.read_text(encoding="utf-8")
        blocks = [body.replace("\\\n", " ") for name, body in QMS.FENCE.findall(text) if name in ("", "console")]
        found += [line.removeprefix("$ ") for body in blocks for line in body.splitlines()]
        found += QMS.re.findall(r"`(accreditation [^`]+)`", QMS.FENCE.sub("", text))
    return [line.split("  #")[0] for line in dict.fromkeys(found) if line.startswith("accreditation ")]


@pytest.mark.parametrize("line", command_lines())
def test_command_lines_parse(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = get_command(app)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"there is no command {words[0]!r} in {line!r}"
        command = command.commands[words.pop(0)]
    if words:
        with_needed = [*words, *_needed(command, words)]
        command.make_context("accreditation", with_needed)


def _needed(command: Any, words: list[str]) -> list[str]:
    """Return what prose leaves out of a line because it stands for any: arguments that must be given."""
    given = [each for each in words if not each.startswith("-")]
    arguments = [each for each in command.params if each.param_type_name == "argument" and each.required]
    return ["x"] * max(len(arguments) - len(given), 0)


def test_the_table_has_every_step() -> None:
    _, mark, after = PAGE.read_text(encoding="utf-8").partition("<!-- states: assessment -->\n")
    assert mark
    assert after.startswith(wanted := QMS.table(ASSESSMENT)), f"the table should be\n{wanted}"


def test_the_crosswalk_of_the_page_can_be_used() -> None:
    import tomllib

    _, _, block = QMS.blocks(PAGE, "toml")
    assert Crosswalk.model_validate(tomllib.loads(block)).links[0].change == "renumbered"


def test_the_licensed_text_of_the_page_can_be_used(tmp_path: Path) -> None:
    _, block, _ = QMS.blocks(PAGE, "toml")
    (tmp_path / "mine.toml").write_text(block, encoding="utf-8")
    assert dict(read_overlay(tmp_path / "mine.toml", standard("iso17020-2012")).texts) == {"4.1.1": "..."}


def test_the_profile_of_the_page_can_be_used() -> None:
    import tomllib

    block, *_ = QMS.blocks(PAGE, "toml")
    checklist = Checklist.of(Profile.model_validate(tomllib.loads(block)))
    assert len(checklist.items) == 116 + 35 + 1 - 4


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = "\n".join(QMS.blocks(PAGE, "python"))
    found = doctest.DocTestParser().get_doctest(examples, {}, PAGE.name, PAGE.name, 0)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(found, out=said.append)
    assert found.examples
    assert not said, "".join(said)


def test_words_to_choose_from_are_all_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert not [each for each in KINDS if f"`{each}`" not in text]
