"""Names of jurisdictions with asterisk and footnote, and the logo on a cover."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accreditation.errors import CatalogueError, UnknownError
from accreditation.jurisdictions import (
    Style,
    footnote,
    jurisdictions,
    mark_first,
    normalised,
    render_name,
)
from accreditation.language import LOCALES, Words
from accreditation.report.logo import LARGEST, read_logo

EN = Words(("en",))


@pytest.mark.parametrize("tag", LOCALES)
@pytest.mark.parametrize("code", [*jurisdictions(), "HR", "Utopia"])
def test_an_asterisk_goes_with_its_footnote(code: str, tag: str) -> None:
    shown = render_name(code, say=Words((tag,)))
    assert ("*" in shown.text) == bool(shown.footnotes) == (code == "XK")
    assert all(each.startswith("* ") for each in shown.footnotes)


@pytest.mark.parametrize(
    ("code", "tag", "name"),
    [
        ("MK", "en", "North Macedonia"),
        ("FYROM", "en", "North Macedonia"),
        ("the former Yugoslav Republic of Macedonia", "sq", "Maqedonia e Veriut"),
        ("MK", "sr-Cyrl", "Северна Македонија"),
        ("BA", "bs", "Bosna i Hercegovina"),
        ("ME", "sq", "Mali i Zi"),
        ("RS", "sr-Cyrl", "Србија"),
        ("XK", "mk", "Косово*"),
        ("XK", "sq", "Kosova*"),
        ("Kosovo*", "en", "Kosovo*"),
        ("HR", "en", "Croatia"),
    ],
)
def test_names_are_those_of_the_language(code: str, tag: str, name: str) -> None:
    assert render_name(code, say=Words((tag,))).text == name


def test_both_languages_carry_the_asterisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accreditation.language.words", lambda *tags: Words(tags))
    assert render_name("XK", say=Words(("en", "sq"))).text == "Kosovo* / Kosova*"


@pytest.mark.parametrize(("style", "un", "eu"), [("un", True, False), ("eu", False, True), ("both", True, True)])
def test_the_footnote_is_that_of_the_style(style: Style, un: bool, eu: bool) -> None:
    told = footnote(say=EN, style=style)
    assert ("1244 (1999)" in told, "ICJ" in told) == (un, eu)
    assert told.count("*") == 1


def test_codes_that_nobody_knows_stay() -> None:
    assert normalised(" Utopia ") == "Utopia"


@given(st.lists(st.sampled_from(["Kosovo", "Косово", "Kosovës", "Kosovo*", "Albania", "Kosovska Mitrovica", "*"])))
def test_marking_adds_one_asterisk_and_is_done_once(words: list[str]) -> None:
    text = " ".join(words)
    marked, found = mark_first(text)
    assert marked.replace("*", "") == text.replace("*", "")
    assert found == any(each.rstrip("*") in ("Kosovo", "Косово", "Kosovës") for each in words)
    assert mark_first(marked) == (marked, found)


def picture(form: str, size: tuple[int, int] = (40, 20)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, form)
    return out.getvalue()


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


@pytest.mark.parametrize(
    ("content", "form", "for_word"),
    [
        (picture("PNG"), "png", True),
        (picture("JPEG"), "jpeg", True),
        (SVG.format('<rect width="4" height="4" fill="url(#a)"/>').encode(), "svg", False),
    ],
)
def test_a_logo_is_read_by_its_content(tmp_path: Path, content: bytes, form: str, for_word: bool) -> None:
    place = tmp_path / "logo.bin"
    place.write_bytes(content)
    logo = read_logo(place)
    assert (logo.format, logo.png.startswith(b"\x89PNG")) == (form, for_word)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"GIF89a", "no sound PNG"),
        (picture("PNG")[:60], "no sound PNG"),
        (b"\0" * (LARGEST + 1), "bytes"),
        (picture("PNG", (5000, 5000)), "pixels"),
        (SVG.format("<script>alert(1)</script>").encode(), "script"),
        (SVG.format('<rect onload="x()"/>').encode(), "onload"),
        (SVG.format('<use href="https://example.org/a.svg#b"/>').encode(), "href"),
        (SVG.format('<rect fill="url(https://example.org/a)"/>').encode(), "fill"),
        (SVG.format("<style>@import 'x'</style>").encode(), "style"),
        (SVG.format('<image href="a.png"/>').encode(), "image"),
        (SVG.format("<foreignObject/>").encode(), "foreignObject"),
        (b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "cannot be read"),
        (b"<svg", "cannot be read"),
    ],
)
def test_what_is_no_plain_picture_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    place = tmp_path / "logo.svg"
    place.write_bytes(content)
    with pytest.raises(CatalogueError, match=told):
        read_logo(place)


def test_a_logo_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="cannot be read"):
        read_logo(tmp_path / "none.png")
