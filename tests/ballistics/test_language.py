"""Texts in the reader's language: the catalogue as files, what is refused, and the commands that speak it."""

from __future__ import annotations

import ast
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup
from typer.testing import CliRunner

import ballistics
from ballistics.catalogue import KEYWORDS, TEMPLATE, extract_messages, fields, read_translation
from ballistics.cli import app
from ballistics.errors import OptionError
from ballistics.language import Message, gettext, in_language, joined, language, languages, told, translated
from ballistics.page.rendering import render
from imaging.files import write_x3p
from imaging.synthetic import land, pair

PACKAGE = Path(ballistics.__file__).parent
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
CELLS = 'msgid "{count} of {all}"\nmsgstr "{all} davon {count}"\n'


def written(folder: Path, text: str, tag: str = "de") -> Path:
    path = folder / f"{tag}.po"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A translation of a few texts, in a folder of a laboratory."""
    texts = {
        "{count} of {all}": "{count} von {all}",
        "Limits": "Grenzen <b>&</b>",
        "How it was computed": "Wie gerechnet wurde",
        "Comparison microscope": "Vergleichsmikroskop",
        "correlation too low": "Korrelation zu klein",
        "{name}: {note}": "{name} ({note})",
        "no scan of land {numbers}": "kein Scan von Feld {numbers}",
    }
    monkeypatch.setenv("BALLISTICS_LANGUAGES", str(tmp_path))
    written(tmp_path, "\n".join(f'msgid "{text}"\nmsgstr "{said}"\n' for text, said in texts.items()))
    return tmp_path


def test_text_is_said_in_the_active_language_and_english_again_after_it(german: Path) -> None:
    with in_language("de"):
        assert language() == "de"
        assert gettext("{count} of {all}", count=3, all=5) == "3 von 5"
        assert gettext("{share} used", share="40%") == "40% used", "a text without translation stays English"
    assert (language(), gettext("{count} of {all}", count=3, all=5)) == ("en", "3 of 5")


def test_message_is_english_until_it_is_put_on_a_page(german: Path) -> None:
    note = Message("no scan of land {numbers}", numbers="2")
    whole = joined([Message("{name}: {note}", name="bullet", note=note), "as it is {x}"])
    with in_language("de"):
        assert whole == "bullet: no scan of land 2; as it is {x}"
        assert translated(whole) == "bullet (kein Scan von Feld 2); as it is {x}"
        assert translated(pickle.loads(pickle.dumps(whole))) == translated(whole)
        assert translated("no scan of land {numbers}") == "no scan of land {numbers}"
    assert json.loads(json.dumps(whole)) == str(whole)


def test_error_keeps_its_message_and_other_errors_their_text() -> None:
    assert isinstance(told(OptionError(Message("too {what}", what="wide"))), Message)
    assert told(ValueError("a", 1)) == str(ValueError("a", 1))
    assert told(ValueError()) == ""


def test_translation_cannot_bring_markup_onto_a_page(german: Path) -> None:
    with in_language("de"):
        page = render("no_lands.html", **_nothing(reason="<i>why</i>"))
    assert "Wie gerechnet wurde" in page
    assert '<html lang="de">' in page
    assert "<i>why" not in page


def _nothing(reason: str) -> dict[str, object]:
    from ballistics.page.rendering import page_facts
    from ballistics.parameters import default_striated_set
    from ballistics.striated.report import ScanSide

    scan, _ = land(np.random.default_rng(1), pixel_um=25.0)
    side = ScanSide(role="Scan", scan=scan, reason=reason)
    facts = page_facts(default_striated_set("bullet land"), (), None)
    return facts | {"closing": "", "limits": (), "reason": reason, "sides": [side]}


def test_text_of_a_template_escapes_translation_and_values(german: Path) -> None:
    from ballistics.page.rendering import _text

    with in_language("de"):
        assert _text("Limits") == Markup("Grenzen &lt;b&gt;&amp;&lt;/b&gt;")
        assert _text("{count} of {all}", count="<b>", all=Markup("<i>5</i>")) == "&lt;b&gt; von <i>5</i>"


def test_languages_are_those_of_the_project_and_of_the_laboratory(german: Path) -> None:
    assert languages()[0] == "en"
    assert "de" in languages()
    with (
        pytest.raises(OptionError, match=r"no translation for 'xx'.*en, de.*BALLISTICS_LANGUAGES"),
        in_language("xx"),
    ):
        pass
    with pytest.raises(OptionError, match="no tag of a language"), in_language("../de"):
        pass


def test_a_file_that_is_not_named_by_a_language_is_none(german: Path) -> None:
    written(german, CELLS, "my notes")
    written(german, CELLS, "sr-Cyrl")
    assert {"de", "sr-Cyrl"} <= set(languages())
    assert "my notes" not in languages()
    with (
        pytest.raises(OptionError, match=r"'my notes' is no tag.*sr-Cyrl\.po"),
        in_language("my notes"),
    ):
        pass


def test_folder_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALLISTICS_LANGUAGES", str(tmp_path / "none"))
    with pytest.raises(OptionError, match="none, which cannot be read"):
        languages()


def test_a_translation_may_turn_its_fields_round_and_leave_texts_out(tmp_path: Path) -> None:
    path = written(tmp_path, CELLS + '\n#, fuzzy\nmsgid "Limits"\nmsgstr "Schranken"\n\nmsgid "Pose"\nmsgstr ""\n')
    assert read_translation(path) == {"{count} of {all}": "{all} davon {count}"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('msgid "{count} of {all}"\nmsgstr "{count} von"\n', r"line 4: .*'{count} von' lacks {all}"),
        ('msgid "{count} of {all}"\nmsgstr "{count} von {all} {x}"\n', r"line 4: .* has {x}, which the English"),
        ('msgid "{share:.0%} used"\nmsgstr "{share} benutzt"\n', r"lacks {share:\.0%}"),
        ('msgid "{count} of {all}"\nmsgstr "{count} von {all"\n', r"line 4: .*cannot be filled in"),
        ('msgid "{count} of {all}"\nmsgstr "{count.real} von {all}"\n', r"line 4: .*cannot be filled in"),
        ('msgid "{count} of {all}"\nmsgstr "{} von {}"\n', r"line 4: .*cannot be filled in"),
        ('msgid "Pose"\nmsgid_plural "Poses"\nmsgstr[0] "Lage"\nmsgstr[1] "Lagen"\n', r"line 4: .*plural"),
        ('msgid "Pose"\nmsgstr "Lage"\nsome words\n', r"line 6: 'some words' is no line"),
        ('msgid "Pose\nmsgstr "Lage"\n', r"line 4: .* is no line"),
        ('msgid "Pose"\nmsgstr Lage\n', r"line 5: .* is no line"),
    ],
)
def test_broken_translation_names_line_and_text(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_translation(written(tmp_path, text))


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    path.write_bytes(HEAD.encode() + 'msgid "Pose"\nmsgstr "Größe"\n'.encode("latin-1"))
    with pytest.raises(OptionError, match="UTF-8"):
        read_translation(path)
    with pytest.raises(OptionError, match="cannot be read"):
        read_translation(tmp_path)


def test_shipped_translations_are_sound() -> None:
    for path in TEMPLATE.parent.glob("*.po"):
        assert read_translation(path)


def test_catalogue_is_up_to_date() -> None:
    assert TEMPLATE.read_bytes() == extract_messages(), "run: python -m ballistics.catalogue"


def _calls() -> Iterator[tuple[str, str | None, set[str | None]]]:
    """Where a text is said, the text unless it is put together there, and the names of its values.

    A text without values is filled later, and one under a name was collected where it got the name.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
                said, values = node.args[0], {each.arg for each in node.keywords}
                if not isinstance(said, ast.Name | ast.Attribute | ast.Subscript) and path.name != "language.py":
                    text = said.value if isinstance(said, ast.Constant) else None
                    yield f"{path.name}:{node.lineno}", text, set() if None in values else values
    for path in sorted(PACKAGE.rglob("*.html")):
        for call in Environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                text = call.args[0].value if isinstance(call.args[0], nodes.Const) else None
                yield f"{path.name}:{call.lineno}", text, {each.key for each in call.kwargs}


def test_every_text_can_be_collected_and_gets_its_values() -> None:
    wrong = []
    for place, text, values in _calls():
        if text is None:
            wrong.append(f"{place}: the text is put together, so it cannot be collected")
            continue
        needed = {name for name, _ in fields(text)}
        if values and needed != values:
            wrong.append(f"{place}: fields {needed}, values {values}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("command", ["compare", "compare-lands", "compare-bullets", "signature", "view"])
def test_page_speaks_the_language_and_the_terminal_english(
    command: str, german: Path, tmp_path: Path, bullets: Path
) -> None:
    rng, page = np.random.default_rng, tmp_path / "page.html"
    if command in ("compare", "view"):
        marks = pair(rng(5), correlation=0.9, pixel_um=10.0)
        scans = [marks.reference, marks.questioned]
    else:
        scans = [land(rng(n), barrel=rng(9), pixel_um=3.125)[0] for n in (1, 2)]
    files = [write_x3p(scan, tmp_path / f"{n}.x3p") for n, scan in enumerate(scans)]
    used = files[:1] if command == "signature" else files
    if command == "compare-bullets":
        used = [bullets / "one", bullets / "two"]
    wanted = ["--out", page] if command == "view" else ["--report", page, "--json"]
    given = [command, *used, *wanted, "--language"]
    run = CliRunner().invoke(app, [str(each) for each in [*given, "de"]])
    assert run.exit_code == 0, run.output
    text = page.read_text(encoding="utf-8")
    assert '<html lang="de">' in text
    assert ("Vergleichsmikroskop" if command == "view" else "Wie gerechnet wurde") in text
    assert "Korrelation zu klein" not in run.stdout
    assert " von " not in run.stdout
    refused = CliRunner().invoke(app, [str(each) for each in [*given, "xx", "--force"]])
    assert refused.exit_code == 2
    assert "There is no translation for 'xx'" in " ".join(refused.output.replace("│", "").split())


def test_broken_translation_is_told_before_any_work(german: Path) -> None:
    written(german, 'msgid "{count} of {all}"\nmsgstr "{count}"\n')
    run = CliRunner().invoke(app, ["compare", "none.x3p", "none.x3p", "--language", "de"])
    assert run.exit_code == 2
    assert "lacks" in run.output
    assert "Traceback" not in run.output
