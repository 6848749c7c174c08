"""The command as people use it: setting up, reading, the ledger, what is due, and everything that goes wrong."""

from __future__ import annotations

import ast
import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import qms
from qms.cli import app
from qms.errors import UnknownError
from qms.kinds import KINDS
from qms.store import open_store

Run = Callable[..., Result]

SETUP = (
    "init --unit AL-TIR --name Njësia --jurisdiction AL --language sq --person a.hoxha --person-name",
    "person add b.leka --duty auditor --name",
    "person add c.marku --name",
)
WITHOUT_EITHER = {"init", "backup", "restore", "export", "demo", "ledger key"}
NAMES = ("Arta Hoxha", "Besa Leka", "Çlirim Marku")


def invoke(*words: object, code: int = 0, by: str = "a.hoxha") -> Result:
    """Run the command in the current folder; there must be neither a traceback nor another exit code."""
    result = CliRunner().invoke(app, list(map(str, words)), env={"QMS_PERSON": by, "COLUMNS": "200"})
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fresh store of one unit and three people."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words, name in zip(SETUP, NAMES, strict=True):
            invoke(*words.split(), name)
    return folder


@pytest.fixture
def run(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, in a folder with a copy of that store."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name in ("QMS_STORE", "QMS_FILES"):
        monkeypatch.delenv(name, raising=False)
    return invoke


def head(run: Run) -> str:
    return run("ledger", "head").stdout.strip()


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with the words that are typed for it."""
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from leaves(each, (*path, name))
        else:
            yield " ".join((*path, name)), each


COMMANDS = dict(leaves(get_command(app)))


@pytest.mark.parametrize("words", COMMANDS)
def test_help_is_complete(words: str) -> None:
    command = COMMANDS[words]
    assert command.epilog.startswith(f"Example: qms {words}")
    assert command.help
    assert all(each.help for each in command.params), [each.name for each in command.params if not each.help]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_reads_as_json_or_says_why(words: str) -> None:
    options = {option for each in COMMANDS[words].params for option in each.opts}
    assert {"--json", "--why"} & options or words in WITHOUT_EITHER


def test_help_is_printed() -> None:
    assert "Example: qms finding add" in invoke("finding", "add", "--help").stdout
    assert "findings, actions, documents" in " ".join(invoke("--help").stdout.split())


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from qms.cli import app; "
        "CliRunner().invoke(app, ['--help']); print({'sqlalchemy', 'pydantic', 'icalendar'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_set_up_and_read(run: Run) -> None:
    listed = run("person", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["Reference", "a.hoxha", "b.leka", "c.marku"]
    shown = run("person", "show", "Besa Leka").stdout
    assert "auditor" in shown
    assert "version 1" in shown
    facts = json.loads(run("unit", "show", "AL-TIR", "--json").stdout)
    assert facts["headline"] == "Njësia"
    assert facts["jurisdiction"] == "AL"
    assert json.loads(run("person", "list", "--word", "MARKU", "--json").stdout)[0]["ref"] == "c.marku"


def test_init_leaves_a_store_alone(run: Run) -> None:
    before = head(run)
    result = run(*SETUP[0].split(), "Somebody else", code=1)
    assert "qms unit add" in result.stderr
    assert head(run) == before


def test_init_with_an_unknown_language_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = SETUP[0].replace("--language sq", "--language xx").split()
    assert "shqip" in invoke(*words, "Arta Hoxha", code=1).stderr
    assert not list(tmp_path.iterdir())


def test_edit_keeps_the_other_languages(run: Run) -> None:
    run("unit", "edit", "AL-TIR", "--set", "name=Scene unit", "--language", "en", "--why", "for visitors")
    facts = json.loads(run("unit", "show", "AL-TIR", "--json").stdout)
    assert facts["name"] == {"en": "Scene unit", "sq": "Njësia"}
    assert facts["headline"] == "Njësia"
    assert run("unit", "show", "AL-TIR", "--language", "en").stdout.startswith("AL-TIR: Scene unit")


def test_several_units_ask_which(run: Run) -> None:
    run("unit", "add", "XK-PRI", "--name", "Njësia Prishtinë", "--jurisdiction", "XK", "--speaks", "sq")
    run("person", "add", "d.gashi", "--name", "Dea Gashi", "--unit", "XK-PRI")
    assert json.loads(run("person", "show", "d.gashi", "--json").stdout)["unit"] == "XK-PRI"
    assert "XK-PRI" in run("person", "list").stdout
    assert "XK-PRI" not in run("person", "list", "--unit", "AL-TIR").stdout
    run("person", "add", "e.lila", "--name", "Era Lila")
    assert json.loads(run("person", "show", "e.lila", "--json").stdout)["unit"] == "AL-TIR"


def test_ledger_verify_names_the_broken_event(run: Run, tmp_path: Path) -> None:
    sound = run("ledger", "verify")
    assert sound.stdout.startswith("Sound: 4 events, 4 records")
    assert json.loads(run("ledger", "verify", "--json").stdout)["sound"] is True
    with sqlite3.connect(tmp_path / "records.qms") as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE event SET body = replace(body, 'Besa', 'Beta') WHERE seq = 3")
    connection.close()
    broken = run("ledger", "verify", code=3)
    assert "Problem: event 3:" in broken.stdout
    facts = json.loads(run("ledger", "verify", "--json", code=3).stdout)
    assert facts["problems"][0]["where"] == "event 3"


def test_a_checkpoint_shows_what_was_cut_off(run: Run, tmp_path: Path) -> None:
    shutil.copy("records.qms", "earlier.qms")
    run("person", "add", "d.gashi", "--name", "Dea Gashi")
    public = run("ledger", "key", "signer.pem").stdout.strip()
    assert "never overwritten" in run("ledger", "key", "signer.pem", code=1).stderr
    run("ledger", "checkpoint", "signer.pem", "signed.json")
    assert "--force" in run("ledger", "checkpoint", "signer.pem", "signed.json", code=1).stderr
    signed = json.loads((tmp_path / "signed.json").read_text())
    assert signed == json.loads(run("ledger", "checkpoint", "signer.pem").stdout)
    printed = f"{signed['seq']}:{signed['hash'][:12]}"
    sound = run("ledger", "verify", "--checkpoint", "signed.json", "--trust", public, "--head", printed)
    assert "1 checkpoint." in sound.stdout
    assert "Note" not in sound.stdout
    assert "not among the trusted" in run("ledger", "verify").stdout
    for store in ("records.qms", "earlier.qms"):
        unsigned = run("ledger", "verify", "--store", store, "--trust", "ab" * 32, code=3).stdout
        assert "Problem: trusted key abababababababab: no checkpoint signed with it" in unsigned
    assert "64 hexadecimal digits" in run("ledger", "verify", "--trust", "signer.pem", code=4).stderr
    cut = run("ledger", "verify", "--store", "earlier.qms", "--checkpoint", "signed.json", code=3)
    assert "cut off" in cut.stdout
    assert "never did" in run("ledger", "verify", "--store", "earlier.qms", "--head", printed, code=3).stdout
    (tmp_path / "signed.json").write_text("{}")
    assert "not a checkpoint" in run("ledger", "verify", "--checkpoint", "signed.json", code=4).stderr


def test_a_key_can_have_a_passphrase(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QMS_PASSPHRASE", "seven seals")
    run("ledger", "key", "signer.pem")
    run("ledger", "checkpoint", "signer.pem")
    monkeypatch.delenv("QMS_PASSPHRASE")
    assert "needs its passphrase" in run("ledger", "checkpoint", "signer.pem", code=4).stderr


def test_ledger_log_and_as_of(run: Run) -> None:
    run("person", "edit", "b.leka", "--set", "duty=quality manager", "--why", "new appointment")
    events = json.loads(run("ledger", "log", "--json").stdout)
    assert [each["seq"] for each in events] == [1, 2, 3, 4, 5]
    log = run("ledger", "log", "b.leka", "--changes").stdout
    assert 'duty: "auditor" -> "quality manager"' in log
    assert "new appointment" in log
    moment = events[-2]["at"]
    assert json.loads(run("ledger", "as-of", "b.leka", moment, "--json").stdout)["duty"] == "auditor"
    assert "auditor" in run("person", "show", "b.leka", "--as-of", moment).stdout
    assert "it begins at" in run("ledger", "as-of", "b.leka", "2020-01-01", code=1).stderr
    assert len(run("ledger", "log", "--limit", "2").stdout.splitlines()) == 3
    assert run("ledger", "log", "--until", "2020-01-01").stdout == ""


def test_text_is_never_obeyed(run: Run) -> None:
    run("person", "edit", "b.leka", "--set", "duty=[bold]red\x1b[31m\u202eeman\nnext")
    for words in (("person", "list"), ("person", "show", "b.leka"), ("ledger", "log", "--changes")):
        out = run(*words).stdout
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "[bold]red" in out
    raw = run("person", "show", "b.leka", "--json").stdout
    assert "\x1b" not in raw
    assert "\u202e" not in raw
    assert json.loads(raw)["duty"] == "[bold]red\x1b[31m\u202eeman\nnext"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("person show b.lekaa", "no record or person"),
        ("unit show AL-TIK", "Did you mean AL-TIR"),
        ("finding show NC-2020-999", "There is no finding"),
        ("person edit b.leka --set size=4", "size cannot be set"),
        ("person edit b.leka --set duty", "--set FIELD=VALUE"),
        ("person edit b.leka", "nothing to change"),
        ("person edit b.leka --from missing.toml", "missing.toml cannot be read"),
        ("person list --unit XX-YY", "There is no unit"),
        ("person list --language klingon", "There is no language 'klingon'"),
        ("person list --status open", "never open"),
        ("person list --store other.qms", "with 'init'"),
        ("person list --store note.txt", "is no store"),
        ("person add d.gashi --name Dea --by nobody", "There is no person"),
        ("ledger as-of b.leka 2026-03-01T09:00", "has no time zone"),
        ("ledger as-of b.leka yesterday", "neither a day nor a time"),
        ("ledger log --since 2026-13-01", "neither a day nor a time"),
        ("ledger log --since 0001-01-01", "between the years 1900 and 2199; found 0001-01-01"),
        ("ledger log --until 9999-12-31T23:59-12:00", "between the years 1900 and 2199"),
        (f"ledger log --limit {10**20}", f"A limit is 0 to 1,000,000,000; found {10**20}"),
        (f"ledger log b.leka --limit {10**20}", "A limit is 0 to 1,000,000,000"),
        (f"finding list --limit {10**20}", "A limit is 0 to 1,000,000,000"),
        (f"finding list --limit {10**20} --as-of 2026-01-01", "A limit is 0 to 1,000,000,000"),
        ("finding list --as-of 9999-12-31", "between the years 1900 and 2199"),
        ("due --days 9999999", "--days is 0 to 36,500"),
        ("demo try-out --today 0001-01-01", "between the years 1900 and 2199"),
        (f"person list --csv {'x' * 300}", "File name too long"),
        ("due --until soon", "is not a day"),
        ("due --owner nobody", "There is no person"),
        ("due --ics nowhere/due.ics", "cannot be written"),
        ("complaint add Late --received-on 2026-99-99", "received_on"),
        ("complaint add Late --set acknowledged_on=2020-01-01", "before it was received"),
        ("action add Seal --purpose corrective --start 2026-05-02 --due 2026-05-01", "before its start"),
        ("action add Seal --purpose corrective --finding NC-2020-001", "no record or person"),
        ("finding add Gap --grade terrible", "has no word 'terrible'"),
        ("finding add Gap --grade minor --requirement 6.1.5", "is not a requirement"),
        ("finding add Gap --grade minor --scheme missing.toml", "missing.toml"),
        ("evidence add Log missing.pdf", "missing.pdf cannot be read"),
        ("evidence add Log note.txt --set collected_at=2026-03-01T09:00", "a time needs its time zone"),
        ("evidence request Log --owner b.leka --due 2020-01-01", "due on 2020-01-01"),
        ("document sections missing.docx", "missing.docx"),
    ],
)
def test_bad_input_is_explained(run: Run, tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "note.txt").write_text("a note, not a store")
    before = head(run)
    result = run(*words.split(), code=1)
    assert said in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert head(run) == before
    assert not (tmp_path / "other.qms").exists()


def test_a_vanished_file_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("10 bags")
    run("evidence", "add", "Log", "log.txt")
    ref = json.loads(run("evidence", "list", "--json").stdout)[0]["ref"]
    (tmp_path / "out").mkdir()
    run("evidence", "fetch", ref, "out")
    assert (tmp_path / "out" / "log.txt").read_text() == "10 bags"
    assert "already" in run("evidence", "fetch", ref, "out", code=1).stderr
    (kept,) = (each for each in (tmp_path / "records.qms.files").rglob("*") if each.is_file())
    kept.unlink()
    assert "vanished" in run("evidence", "fetch", ref, code=1).stderr
    assert "it is not there" in run("ledger", "verify", code=3).stdout


def test_the_same_handle_in_two_units(run: Run) -> None:
    run("unit", "add", "XK-PRI", "--name", "Njësia", "--jurisdiction", "XK")
    run("person", "add", "b.leka", "--name", "Another", "--unit", "XK-PRI")
    assert "Say which with --unit" in run("finding", "list", "--owner", "b.leka", code=1).stderr
    assert run("person", "show", "b.leka", "--unit", "XK-PRI").stdout.startswith("b.leka: Another")
    assert run("person", "show", "b.leka", "--unit", "AL-TIR").stdout.startswith("b.leka: Besa Leka")


def test_nobody_named_is_explained(run: Run) -> None:
    assert "--by HANDLE" in run("person", "add", "d.gashi", "--name", "Dea", by="", code=1).stderr


def test_toml_that_is_none_is_unreadable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "said.toml").write_text("duty = ")
    assert "is not TOML" in run("person", "edit", "b.leka", "--from", "said.toml", code=4).stderr
    assert "is in brackets like TOML" in run("person", "edit", "b.leka", "--set", "labels=[x]", code=4).stderr


@pytest.mark.parametrize(
    "content",
    [
        f"labels = {'[' * 9000}{']' * 9000}",
        f"{'a.' * 5000}b = 1",
        f"labels = {'9' * 5000}",
        "x = 1e400",
        "\x00",
        '"',
    ],
)
def test_a_hostile_file_is_no_bug(run: Run, tmp_path: Path, content: str) -> None:
    (tmp_path / "odd").write_text(content)
    for words in ("person edit b.leka --from odd", "finding add Gap --grade minor --scheme odd"):
        assert CliRunner().invoke(app, words.split(), env={"QMS_PERSON": "a.hoxha"}).exit_code in (1, 4), words
    run("ledger", "verify", "--checkpoint", "odd", code=4)
    run("ledger", "checkpoint", "odd", code=4)
    run("restore", "odd", "--store", "other.qms", code=4)


def test_a_population_that_is_no_csv_is_unreadable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(f"item\n{'x' * 200_000}\n")
    run("audit", "add", "Handling")
    (audit,) = json.loads(run("audit", "list", "--json").stdout)
    sample = ("audit", "sample", audit["ref"], "S1", "cases.csv", "--of", "Cases", "--size", "1")
    assert "cannot be read as CSV" in run(*sample, code=4).stderr


@pytest.mark.parametrize(
    ("content", "size"),
    [("Item,Stratum\na,x\nb,x\nc,y\n", 3), ("item;stratum\na;x\nb;y\n", 2), ("a, first\nb, second\n", 2)],
)
def test_the_head_of_a_population_is_no_case(run: Run, tmp_path: Path, content: str, size: int) -> None:
    (tmp_path / "cases.csv").write_text(content)
    run("audit", "add", "Handling")
    (audit,) = json.loads(run("audit", "list", "--json").stdout)
    sample = ("audit", "sample", audit["ref"], "S1", "cases.csv", "--of", "Cases", "--size", "2", "--seed", "x")
    assert f"of {size} drawn at random" in run(*sample).stderr
    (tmp_path / "cases.csv").write_text("case;stratum\na;x\n")
    assert "Name the columns" in run(*sample, code=4).stderr


def test_wrong_usage(run: Run) -> None:
    run("person", "add", code=2)
    run("persons", code=2)


def test_a_bug_is_called_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("qms.store.Store.head", broken)
    assert "This is a bug in qms (ZeroDivisionError: by nothing)" in run("ledger", "head", code=70).stderr
    shown = CliRunner().invoke(app, ["--debug", "ledger", "head"])
    assert isinstance(shown.exception, ZeroDivisionError)


def test_stopped_by_the_person(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qms.store.Store.head", stopped)
    assert "Stopped" in run("ledger", "head", code=130).stderr


def test_due_marks_what_is_overdue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("action", "add", "Late", "--purpose", "improvement", "--owner", "b.leka", "--due", "2199-01-10")
    run("action", "add", "Far", "--purpose", "improvement", "--owner", "c.marku", "--due", "2199-12-31")
    monkeypatch.setitem(open_store.__kwdefaults__, "clock", lambda: datetime(2199, 2, 1, tzinfo=UTC))
    lines = run("due").stdout.splitlines()
    assert len(lines) == 2
    assert "OVERDUE" in lines[1]
    assert "Late" in lines[1]
    every = json.loads(run("due", "--until", "2199-12-31", "--json").stdout)
    assert [(each["headline"], each["overdue"]) for each in every] == [("Late", True), ("Far", False)]
    owned = json.loads(run("due", "--until", "2199-12-31", "--owner", "c.marku", "--json").stdout)
    assert [each["headline"] for each in owned] == ["Far"]
    assert "Late" in run("action", "list", "--overdue").stdout
    assert "Far" not in run("action", "list", "--overdue").stdout


def test_due_as_a_calendar(run: Run, tmp_path: Path) -> None:
    run("action", "add", "Late", "--purpose", "improvement", "--owner", "b.leka", "--due", "2199-01-10")
    run("due", "--until", "2199-12-31", "--ics", "due.ics")
    first = (tmp_path / "due.ics").read_bytes()
    assert b"DTSTART;VALUE=DATE:21990110\r\n" in first
    assert "--force" in run("due", "--until", "2199-12-31", "--ics", "due.ics", code=1).stderr
    run("due", "--until", "2199-12-31", "--ics", "due.ics", "--force")
    assert (tmp_path / "due.ics").read_bytes() == first


NASTY = (
    *("", " ", "-1", "0", "9" * 30, f"-{'9' * 30}", "1e999", "nan", "0001-01-01", "9999-12-31", "2026-02-30"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-03-01T09:00", "\x00", "a\x00b", "\ud800"),
    *("é" * 3000, "=1", "a=b", "labels=[", "..", "/", ".", "*", "%s%n{}", "b.leka", "1 2 3", "-inf", "1=>2"),
)


@pytest.mark.parametrize("words", sorted(COMMANDS.keys() - {"demo"}))
def test_no_value_is_a_bug(run: Run, words: str) -> None:
    chance = random.Random(words)
    asked = [each for each in COMMANDS[words].params if not getattr(each, "is_flag", False)]
    for nasty in chance.sample(NASTY, 4):
        odd = chance.choice(asked)
        said = words.split()
        for each in asked:
            if each is odd or each.required:
                value = nasty if each is odd else "b.leka"
                said += [value] if each.param_type_name == "argument" else [each.opts[0], value]
        result = CliRunner().invoke(app, said, env={"QMS_PERSON": "a.hoxha"})
        assert result.exit_code in (0, 1, 2, 3, 4), (said, result.output)


def hinted(words: str) -> Iterator[list[str]]:
    """Yield every line that words tell a person to type; what is put in later is ``{}``."""
    for line in re.findall(r"(?:['`(]|Example: |: )qms ([^'`)]*)", words):
        yield line.split()


def texts(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def missing(line: list[str]) -> str:
    """Return the word of a hint that the command does not have, or nothing."""
    command: Any = get_command(app)
    for word in line:
        if word.startswith("--"):
            known = {option for each in command.params for option in each.opts}
            if word.rstrip(".,;") not in known:
                return word
        elif hasattr(command, "commands") and word != "{}":
            if word.rstrip(".,;") not in command.commands:
                return word
            command = command.commands[word.rstrip(".,;")]
        elif hasattr(command, "commands"):
            return ""
    return ""


def test_hints_name_commands_that_there_are() -> None:
    sources = Path(qms.__file__).parent.rglob("*.py")
    lines = [line for source in sources for words in texts(source) for line in hinted(words)]
    assert len(lines) > 80
    assert {" ".join(line): missing(line) for line in lines if missing(line)} == {}
    assert missing(["revision", "list"]) == "revision"
    assert missing(["ledger", "verify", "--thoroughly"]) == "--thoroughly"


@pytest.mark.parametrize("kind", [each.name for each in KINDS])
def test_what_is_not_there_is_hinted_at_by_a_command_that_is(run: Run, kind: str) -> None:
    with open_store("records.qms") as store, pytest.raises(UnknownError) as unknown:
        store.get(store.kinds[kind].model, "nothing like it")
    ((*line,),) = hinted(str(unknown.value))
    assert missing(line) == ""
