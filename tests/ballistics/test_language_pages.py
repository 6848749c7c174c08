"""Nothing that a page says bypasses the catalogue: every page is read in an invented language of brackets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from ballistics.catalogue import TEMPLATE
from ballistics.command.demonstration import make_cases
from ballistics.command.picture_pair import compare_sources
from ballistics.compare import NotComparable, compare
from ballistics.contract import versions
from ballistics.language import in_language
from ballistics.microscope import HeightSide, PictureSide, comparison_view, microscope_page, scan_side
from ballistics.page.microscope_words import microscope_words
from ballistics.page.picture_drawings import shown_pixels
from ballistics.parameters import default_picture_set, default_set, default_striated_set
from ballistics.photographs.exhibit import prepare_photograph, prepare_scan
from ballistics.photographs.pair import PictureComparison, compare_pictures
from ballistics.photographs.report import render_picture_report
from ballistics.photographs.view import photo_side, picture_view
from ballistics.report import render_report
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.land_pair import compare_lands
from ballistics.striated.landset import LandSet, open_bullet
from ballistics.striated.reading import signature_of
from ballistics.striated.report import render_bullet_report, render_land_report, render_signature_report
from ballistics.summary import parameter_rows
from imaging.files import open_surface
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.surface import Finding, Provenance, Surface
from imaging.synthetic import pair, toolmark

TAG = "qaa"
SPOKEN = {"aria-label", "title", "alt", "aria-valuetext", "placeholder"}
UNITS = {"mm", "µm", "um", "nm", "px"}
SIGNS = {"SHA", "CMPS", "CMS", "RMS", "Chumbley", "dx", "dy", "forensic", "ballistics", "PNG"}
FINDING = Finding(code="odd-scale", severity="doubt", message="the scale of this file is odd")
RNG = np.random.default_rng


def _cells(folder: Path) -> dict[str, tuple[Any, Callable[[], str]]]:
    first, second, _ = make_cases(folder)
    raw = compare(_found(open_surface(first)), open_surface(second), accept=(FINDING.code,))
    marks = pair(RNG(3), correlation=0.7, angle_deg=30.0, kind="firing pin")
    few = compare(marks.reference, marks.reference, default_set("firing pin"))
    other = pair(RNG(4), same_source=False)
    far = compare(other.reference, other.questioned)
    doubted = compare(_found(marks.reference), marks.questioned)
    blank = Surface(heights=np.full((60, 60), np.nan), spacing=(5e-6, 5e-6))
    empty = compare(marks.reference, blank)
    assert isinstance(doubted, NotComparable)
    assert isinstance(empty, NotComparable)
    return {
        "comparison": (raw, lambda: render_report(raw)),
        "comparison of firing pins": (few, lambda: render_report(few)),
        "comparison of other guns": (far, lambda: render_report(far)),
        "no comparison": (doubted, lambda: render_report(doubted)),
        "empty scan": (empty, lambda: render_report(empty)),
        "microscope with cells": (raw, lambda: comparison_view(raw)),
    }


def _striated(bullets: Path) -> dict[str, tuple[Any, Callable[[], str]]]:
    land, tool = default_striated_set("bullet land"), default_striated_set("toolmark")
    sets = {name: open_bullet(bullets / name, land) for name in ("one", "two", "mirrored")}
    pairs = {
        "bullets": compare_land_sets(sets["one"], sets["two"], land),
        "mirrored bullets": compare_land_sets(sets["one"], sets["mirrored"], land, mirror=True),
        "no bullets": compare_land_sets(replace(sets["one"], stated=5), sets["two"], land),
    }
    doubtful = _found(open_surface(bullets / "two/two_Land1.x3p"))
    lands = (
        signature_of(open_surface(bullets / "one/one_Land3.x3p"), land),
        signature_of(doubtful, land, accept=(FINDING.code,)),
    )
    none = signature_of(doubtful, land)
    smooth = signature_of(Surface(heights=np.zeros((100, 400)), spacing=(3e-6, 3e-6)), land)
    marks = [
        signature_of(toolmark(RNG(n), tool=RNG(9), pixel_um=3.125, shape=(160, 480))[0], tool) for n in (1, 2)
    ]
    pages: dict[str, tuple[Any, Callable[[], str]]] = {
        name: (made, lambda made=made: render_bullet_report(made)) for name, made in pairs.items()
    }
    return pages | {
        "lands": (lands, lambda: render_land_report(compare_lands(*lands, land), lands)),
        "mirrored lands": (lands, lambda: render_land_report(compare_lands(*lands, land, mirror=True), lands)),
        "toolmarks": (
            marks,
            lambda: render_land_report(compare_lands(marks[0], marks[1], tool), (marks[0], marks[1])),
        ),
        "no lands": (
            (lands, none),
            lambda: render_land_report(compare_lands(lands[0], none, land), (lands[0], none)),
        ),
        "signature": (lands, lambda: render_signature_report(lands[1], land)),
        "no signature": ((smooth, land), lambda: render_signature_report(smooth, land)),
    }


def _pictures() -> dict[str, tuple[Any, Callable[[], str]]]:
    chosen = default_picture_set("breech face")
    marks = pair(RNG(5), correlation=0.95, angle_deg=25.0, shift_um=(40.0, -60.0), pixel_um=10.0)
    first, second = (
        photograph(each, Light(kind="side", azimuth_deg=angle))
        for each, angle in ((marks.reference, 0.0), (marks.questioned, 120.0))
    )
    first = replace(first, provenance=_with_data(first.provenance))
    without_scale = replace(second, pixel_um=None, light=Light())
    blank = Photo(pixels=np.full((300, 300), 90, np.uint8))

    def compared(*photos: Photo) -> Any:
        return compare_pictures(*(prepare_photograph(each, chosen, accept=(FINDING.code,)) for each in photos))

    found, free, none = compared(first, second), compared(first, without_scale), compared(first, blank)
    mixed = compare_sources(marks.reference, without_scale, chosen)
    scans = compare_pictures(*(prepare_scan(each, chosen) for each in (marks.reference, marks.questioned)))
    assert isinstance(found, PictureComparison)
    unlaid = replace(found, pose=None, agreement=None)
    return {
        "photographs": (found, lambda: render_picture_report(found)),
        "photographs without scale": (free, lambda: render_picture_report(free)),
        "photographs without a pose": (unlaid, lambda: render_picture_report(unlaid)),
        "scan and photograph": (mixed, lambda: render_picture_report(mixed)),
        "scans as pictures": (scans, lambda: render_picture_report(scans)),
        "no photographs": (none, lambda: render_picture_report(none)),
        "microscope with points": (found, lambda: picture_view(found)),
        "microscope without a pose": (unlaid, lambda: picture_view(unlaid)),
        "microscope of a scan and a photograph": (
            (marks.reference, without_scale),
            lambda: microscope_page(scan_side(marks.reference), photo_side(without_scale), largest=100),
        ),
        "microscope of made sides": (
            (),
            lambda: microscope_page(
                HeightSide(heights_um=RNG(1).normal(size=(80, 90)), spacing_um=(2.0, 2.0), title="x.x3p"),
                PictureSide(picture=shown_pixels(first), title="y.png"),
            ),
        ),
    }


def _found(scan: Surface) -> Surface:
    return replace(scan, provenance=_with_data(scan.provenance))


def _with_data(origin: Provenance) -> Provenance:
    return origin.model_copy(
        update={
            "findings": (*origin.findings, FINDING),
            "steps": (*origin.steps, "a step that the reader took"),
            "metadata": {**origin.metadata, "a key of the file": "a value of the file"},
        }
    )


class Page(HTMLParser):
    """Collects what a page says: texts, and attributes that are shown or read out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.data: dict[str, Any] = {}
        self.language: str | None = None
        self.within = ("", "")
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.within = (tag, values.get("id") or "")
        if tag == "html":
            self.language = values["lang"]
        self.said += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.within = ("", "")

    def handle_data(self, data: str) -> None:
        tag, name = self.within
        if tag == "code":
            return
        if tag == "script" and name:
            self.data[name] = json.loads(data)
        elif tag not in ("script", "style"):
            self.said.append(data)


def _bracketed(text: str) -> str:
    """A text with brackets round all that is no field, so that what fills a field stands outside."""
    parts = re.split(r"(\{[^}]*\}|\n)", text)
    return "".join(part if part.startswith(("{", "\n")) or not part.strip() else f"⟦{part}⟧" for part in parts)


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for each in found.values():
            yield from _strings(each)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _strings(each)


def _quoted(found: Any, seen: set[int]) -> Iterator[str]:
    """What files, readers and parameter sets say, which pages quote as it is."""
    if id(found) in seen:
        return
    seen.add(id(found))
    if isinstance(found, Provenance):
        yield from (found.path or "", Path(found.path or "").name, found.format or "", found.reader or "")
        yield from (found.sha256 or "", *found.steps)
        for finding in found.findings:
            yield from (finding.code, finding.message)
        for key, value in found.metadata.items():
            yield from (key, value)
    elif hasattr(found, "hash") and hasattr(found, "source"):
        yield from (found.name, found.source, *found.values)
        for row in parameter_rows(found):
            yield from row
    elif is_dataclass(found):
        if isinstance(found, LandSet):
            yield from (found.name, found.source)
        for field in fields(found):
            yield from _quoted(getattr(found, field.name), seen)
    elif isinstance(found, dict):
        for each in found.values():
            yield from _quoted(each, seen)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _quoted(each, seen)


def _bypassing(said: str, quoted: set[str]) -> Iterator[str]:
    """Words outside the brackets that are no figures, units or quotations."""
    outside = re.sub(r"⟦[^⟦⟧]*⟧|\b[0-9a-f]{8,64}\b", "\n", said)
    for part in re.split(r"\n", outside):
        left = part
        for quotation in sorted((each for each in quoted if each and each in left), key=len, reverse=True):
            left = left.replace(quotation, " ")
        words = re.findall(r"[^\W\d_]{2,}", left)
        if [word for word in words if word not in UNITS | SIGNS]:
            yield f"{part.strip()!r} in {said[:200]!r}"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, bullets: Path) -> dict[str, tuple[Any, Callable[[], str]]]:
    """What was compared, and the function that writes its page in the language that is active."""
    return {**_cells(tmp_path_factory.mktemp("cases")), **_striated(bullets), **_pictures()}


@pytest.fixture(scope="module")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the translation of every text into brackets."""
    folder = tmp_path_factory.mktemp("languages")
    with TEMPLATE.open("rb") as stream:
        source = read_po(stream)
    made = Catalog()
    for message in source:
        if message.id:
            made.add(message.id, _bracketed(str(message.id)))
    with (folder / f"{TAG}.po").open("wb") as stream:
        write_po(stream, made)
    return folder


def test_every_word_of_every_page_comes_from_the_catalogue(
    results: dict[str, tuple[Any, Callable[[], str]]], brackets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BALLISTICS_LANGUAGES", str(brackets))
    software = {text for row in versions().items() for text in row}
    wrong: list[str] = []
    for name, (found, write) in results.items():
        with in_language(TAG):
            page = Page(write())
        assert page.language == TAG
        assert sum("⟦" in text for text in page.said) > 20, name
        in_script = [re.sub(r"\{\w+\}", "", text) for text in _strings(page.data.get("words", {}))]
        said = [*page.said, *in_script]
        exhibits = page.data.get("exhibits", {})
        for part in ("notes", "closing"):
            said += _strings(exhibits.get(part, []))
        for group in exhibits.get("cells", []):
            said += _strings(group["legend"])
        quoted = {*_quoted(found, set()), *software, "x.x3p", "y.png"}
        wrong += [f"{name}: {each}" for text in said for each in _bypassing(text, quoted)]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_the_script_of_the_microscope_says_nothing_by_itself() -> None:
    """Phrases in the script are for programs: the record inside a saved picture, and errors for the console."""
    for_programs = {
        "moved by hand", "as found by the comparison", "no pose: middle on middle", "pixel of the reference",
        "above and below", "left and right", "no WebGL 2 on a graphics card",
        "the graphics card has no room for a side", "forensic-ballistics view", "use strict", "Segoe UI",
        "DejaVu Sans", "WebGL refuses the shader: ", "button, summary, input[type=checkbox], dialog",
        ".scope button",
    }  # fmt: skip
    for path in sorted(Path(microscope_words.__code__.co_filename).parent.glob("templates/*.js")):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
        phrases = set(re.findall(r'"([A-Za-z][^"\n]*[a-z] [A-Za-z][^"\n]*)"', code)) - for_programs
        assert {each for each in phrases if not re.search(r"[=(]", each)} == set(), path.name
