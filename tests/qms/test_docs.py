"""What the documentation says of ``qms``: its transcripts, tables, examples and command lines, tried."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from qms.actions.action import Purpose
from qms.cli import app
from qms.command.exits import ExitCode
from qms.documents.document import DocumentType
from qms.findings.grades import Grade
from qms.kinds import KINDS
from qms.lifecycle import LifeCycle
from qms.record import LANGUAGES
from qms.store import open_store

ROOT = Path(__file__).parents[2]
QUALITY = ROOT / "docs" / "quality.md"
README = ROOT / "README.md"
PAGES = (README, QUALITY)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DAY = re.compile(r"# (\d{1,2} [A-Z][a-z]+ \d{4})")
ODD = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b|(?<![0-9a-f])[0-9a-f]{12,128}(?![0-9a-f])|[\d,]+ bytes")
"""What differs from run to run: ids, hashes, and sizes of what holds them."""
PROGRESS = re.compile(r"^[A-Z][\w ]*: \d+ of \d+\n", re.MULTILINE)
"""Stands in a log; a terminal takes it away when the work is done."""


class Typed(NamedTuple):
    """A line that a person types, and what the page says comes of it."""

    words: str
    shown: str


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(page.read_text(encoding="utf-8")) if name == language]


def typed(block: str) -> Iterator[Typed]:
    """Yield the lines after ``$``, continued ones joined, and days as comments; each with what follows."""
    for part in re.split(r"^(?=\$ |# \d)", block, flags=re.MULTILINE):
        words, _, shown = part.replace("\\\n", " ").partition("\n")
        yield Typed(words, shown)


def command_lines(page: Path) -> list[str]:
    """Return every whole line of a page that calls ``qms``, in a block of commands or between backticks."""
    text = page.read_text(encoding="utf-8")
    found = [body.replace("\\\n", " ") for name, body in FENCE.findall(text) if name in ("", "console")]
    lines = [line.removeprefix("$ ") for body in found for line in body.splitlines()]
    lines += re.findall(r"`(qms [^`]+)`", FENCE.sub("", text))
    return [line.split("  #")[0] for line in lines if line.startswith("qms ")]


class Desk:
    """Runs what a page types, one line after the other, in the current folder and on the days that it names."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 9, tzinfo=UTC)
        self.said = {"COLUMNS": "200"}

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def run(self, words: str) -> str:
        if day := DAY.fullmatch(words):
            self.now = datetime.strptime(f"{day[1]} 09:00 +0000", "%d %B %Y %H:%M %z")
            return ""
        words = words.removeprefix("$ ")
        if words.startswith("export "):
            self.said |= dict(each.split("=", 1) for each in shlex.split(words)[1:])
            return ""
        if words.startswith("qms "):
            result = CliRunner().invoke(app, shlex.split(words)[1:], env=self.said)
            assert result.exit_code in (0, ExitCode.OUR_ERROR, ExitCode.PROBLEMS), f"{words}\n{result.output}"
            return PROGRESS.sub("", result.output)
        done = subprocess.run(words, shell=True, capture_output=True, text=True, check=True, env={**os.environ})
        return done.stdout


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.chdir(tmp_path)
    for name in ("QMS_STORE", "QMS_FILES", "QMS_PERSON", "QMS_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    assert open_store.__kwdefaults__
    monkeypatch.setitem(open_store.__kwdefaults__, "clock", made.clock)
    return made


def fits(shown: str, given: str) -> bool:
    """Return whether a page shows an output; a line of three dots stands for any lines."""
    wanted = ODD.sub("~", "\n".join(line.rstrip() for line in shown.strip().splitlines()))
    found = ODD.sub("~", "\n".join(line.rstrip() for line in given.strip().splitlines()))
    pattern = re.sub(r"(?m)^\\\.\\\.\\\.(\n|$)", r"(.*(\\n|$))*?", re.escape(wanted).replace("\\\n", "\n"))
    return re.fullmatch(pattern, found) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the page types a few lines for a Unix shell")
def test_transcripts_are_what_the_command_prints(desk: Desk) -> None:
    wrong = []
    for block in blocks(QUALITY, "console"):
        for words, shown in typed(block):
            given = desk.run(words)
            if not fits(shown, given):
                wrong.append(f"{words}\n{given}")
    assert not wrong, "\n\n".join(wrong)


def test_the_readme_quotes_the_transcripts() -> None:
    quoted = [body for body in blocks(README, "") if body.startswith("$ qms ")]
    assert quoted
    assert all(body in QUALITY.read_text(encoding="utf-8") for body in quoted)


def test_shortened_output_still_has_to_fit() -> None:
    assert fits("one\n...\nfour", "one\ntwo\nthree\nfour\n")
    assert fits("...\nhead 7:0123456789abcdef\n", "a note\nhead 7:fedcba9876543210\n")
    assert not fits("one\nfour", "one\ntwo\nfour\n")
    assert not fits("one\n...\nfive", "one\ntwo\nthree\nfour\n")
    assert not fits("12 events", "13 events")


def table(cycle: LifeCycle) -> str:
    """Return the steps of a life cycle as the page shows them: those that keep the state in one line."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for each in cycle.transitions:
        act = f"{each.act} *" if each.needs_why else each.act
        target = "the same" if each.sources == (each.target,) else each.target
        rows.setdefault((act, target, each.meaning), []).extend(each.sources)
    lines = [f"| {act} | {', '.join(sources)} | {to} | {says} |" for (act, to, says), sources in rows.items()]
    ends = ", ".join(cycle.final)
    head = f"Begins as {cycle.initial}; ends as {ends}."
    return "\n".join([head, "", "| act | from | to | what it says |", "| --- | --- | --- | --- |", *lines, ""])


@pytest.mark.parametrize("cycle", [kind.cycle for kind in KINDS if kind.cycle], ids=lambda each: each.name)
def test_tables_have_every_act_and_state(cycle: LifeCycle) -> None:
    if not cycle.transitions:
        return
    _, mark, after = QUALITY.read_text(encoding="utf-8").partition(f"<!-- states: {cycle.name} -->\n")
    assert mark, f"docs/quality.md has no table for {cycle.name}"
    assert after.startswith(wanted := table(cycle)), f"the table should be\n{wanted}"


def test_every_state_is_somewhere_in_the_tables() -> None:
    for cycle in (kind.cycle for kind in KINDS if kind.cycle and kind.cycle.transitions):
        words = set(re.findall(r"\w+", table(cycle)))
        assert set(cycle.states) <= words
        assert {row.act for row in cycle.transitions} <= words


COMMAND = get_command(app)
LINES = [(page.name, line) for page in PAGES for line in command_lines(page)]


def test_command_lines_are_found() -> None:
    assert {page for page, _ in LINES} == {"README.md", "quality.md"}
    assert len(LINES) > 100


@pytest.mark.parametrize("line", dict.fromkeys(line for _, line in LINES))
def test_command_lines_parse(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = COMMAND
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if not words or words == ["--debug"]:
        return
    assert not hasattr(command, "commands"), f"there is no command {words[0]!r} in {line!r}"
    command.make_context("qms", words)


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = "\n".join(blocks(QUALITY, "python"))
    found = doctest.DocTestParser().get_doctest(examples, {}, "docs/quality.md", "docs/quality.md", 0)
    assert len(found.examples) > 20
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(found, out=said.append)
    assert not said, "".join(said)


def test_words_to_choose_from_are_all_named() -> None:
    text = QUALITY.read_text(encoding="utf-8")
    for words in (Grade, LANGUAGES, get_args(DocumentType), get_args(Purpose)):
        assert not [each for each in words if f"`{each}`" not in text]


def test_exit_codes_are_all_named() -> None:
    paragraph = QUALITY.read_text(encoding="utf-8").partition("The command ends with ")[2].partition("\n\n")[0]
    assert [int(each) for each in re.findall(r"\b\d+\b", paragraph)] == [0, *ExitCode]
