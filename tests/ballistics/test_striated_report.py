"""The pages of bullets, lands and signatures: self-contained, complete, safe, and right where they draw."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ballistics.errors import OutputError
from ballistics.page.rendering import write_page
from ballistics.parameters import default_striated_set
from ballistics.striated.bullet_pair import BulletPair, compare_land_sets
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison, compare_lands
from ballistics.striated.landset import open_bullet
from ballistics.striated.reading import signature_of
from ballistics.striated.report import (
    render_bullet_report,
    render_land_report,
    render_signature_report,
)
from ballistics.striated.signature import NoSignature, Signature
from ballistics.striated.summary import bullet_measures, land_measures, signature_rows
from ballistics.striated.wording import BULLET_LIMITS, CLOSING
from imaging.files import open_surface
from imaging.surface import Finding, Provenance, Surface
from imaging.synthetic import land, toolmark

LAND = default_striated_set("bullet land")
TOOLMARK = default_striated_set("toolmark")
VOID = {"meta", "img", "input", "br", "path", "rect", "polygon", "circle", "image"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href", "formaction"}


class Page(HTMLParser):
    """Collects what a page would load and checks that its elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pair(bullets: Path) -> BulletPair:
    sets = [open_bullet(bullets / name, LAND) for name in ("one", "two")]
    return compare_land_sets(sets[0], sets[1], LAND)


@pytest.fixture(scope="module")
def page(pair: BulletPair) -> str:
    return render_bullet_report(pair)


@pytest.fixture(scope="module")
def signatures(bullets: Path) -> tuple[Signature, Signature]:
    made = [
        signature_of(open_surface(bullets / name), LAND) for name in ("one/one_Land3.x3p", "two/two_Land1.x3p")
    ]
    assert isinstance(made[0], Signature)
    assert isinstance(made[1], Signature)
    return made[0], made[1]


@pytest.fixture(scope="module")
def comparison(signatures: tuple[Signature, Signature]) -> LandComparison:
    result = compare_lands(*signatures, LAND)
    assert isinstance(result, LandComparison)
    return result


@pytest.fixture(scope="module")
def pages(
    page: str, signatures: tuple[Signature, Signature], comparison: LandComparison, pair: BulletPair
) -> dict[str, str]:
    none = NoSignature(reason="no striae", scan=signatures[1].scan)
    refused = compare_lands(signatures[0], none, LAND)
    no_pair = compare_land_sets(replace(pair.reference, stated=5), pair.questioned, LAND)
    assert not no_pair
    return {
        "bullets": page,
        "no bullets": render_bullet_report(no_pair),
        "lands": render_land_report(comparison, signatures),
        "no lands": render_land_report(refused, (signatures[0], none)),
        "signature": render_signature_report(signatures[0], LAND),
        "no signature": render_signature_report(none, LAND),
    }


@pytest.mark.parametrize("name", ["bullets", "no bullets", "lands", "no lands", "signature", "no signature"])
def test_pages_load_nothing_and_allow_just_their_own_style_and_script(pages: dict[str, str], name: str) -> None:
    text = pages[name]
    parsed = Page(text)
    assert parsed.loads
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in parsed.loads)
    assert not parsed.handlers
    assert len(parsed.ids) == len(set(parsed.ids))
    assert not re.search(r"https?:|url\(|@import", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"sha256-{digest}" in policy[1].replace("&#43;", "+")


def test_bullet_page_tells_everything(page: str, pair: BulletPair) -> None:
    result = pair.result
    assert isinstance(result, BulletComparison)
    assert f'<span class="big">{result.sequence_average:.2f}</span>' in page
    for name, text in bullet_measures(pair, result).items():
        assert f"<dt>{name}</dt><dd>{text}</dd>" in page
    for text in (CLOSING, LAND.hash, "numpy", "no scan of land 5", "bullet-land-2026"):
        assert text in page
    for name, text in BULLET_LIMITS:
        assert name in page
        assert text.replace("'", "&#39;") in page
    for side in (pair.reference, pair.questioned):
        for made in side.lands.values():  # type: ignore[union-attr]
            assert made.scan.provenance.sha256 in page
    assert page.count('class="phase"') == 6
    assert page.count('<g class="heat-cell') == 36
    assert page.count("heat-cell none") == 6
    assert page.count('class="best"') == 1
    assert page.count('class="other"') == 11
    assert page.count('<article class="land-pair"') == 6
    assert page.count('<figure class="pair">') == 5
    assert page.count('<figure class="mark">') == 11
    assert page.count('class="curve questioned"') == 5
    assert "CMPS" in page
    assert page.count('class="stria"') == 5


def test_same_bullets_give_the_same_page(page: str, pair: BulletPair) -> None:
    assert render_bullet_report(pair) == page
    made = render_bullet_report(pair, made=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))
    assert "made 2026-03-04 05:06 UTC" in made


def test_page_of_real_bullets_is_small(data: Path, tmp_path: Path) -> None:
    for scan in (data / "land" / "nist_cmps_pair").glob("*.x3p"):
        folder = tmp_path / scan.name.split("_")[2]
        folder.mkdir(exist_ok=True)
        (folder / scan.name).symlink_to(scan)
    sets = [open_bullet(folder, LAND) for folder in sorted(tmp_path.iterdir())]
    pair = compare_land_sets(sets[0], sets[1], LAND)
    assert isinstance(pair.result, BulletComparison)
    assert pair.result.phase == 1
    assert len(render_bullet_report(pair)) < 6e6


def test_land_page_and_signature_page_tell_their_figures(
    pages: dict[str, str], comparison: LandComparison, signatures: tuple[Signature, Signature]
) -> None:
    for name, text in land_measures(comparison).items():
        assert f"<dt>{name}</dt><dd>{text}</dd>" in pages["lands"]
    for name, text in signature_rows(signatures[0]):
        assert f"<dt>{name}</dt><dd>{text}</dd>" in pages["signature"]
    assert "No comparison was made" in pages["no lands"]
    assert "no striae" in pages["no lands"]
    assert "No signature was made" in pages["no signature"]
    assert "class difference: 5 lands on one, 6 on two" in pages["no bullets"]


def test_texts_from_files_cannot_become_markup(comparison: LandComparison, pair: BulletPair) -> None:
    evil = "<script>alert(1)</script>\x1b\udcff"
    origin = Provenance(
        path=f"/{evil}.x3p",
        sha256=evil,
        format=evil,
        reader=evil,
        findings=(Finding(code=evil, severity="note", message=evil),),
        metadata={evil: evil},
        steps=(evil,),
    )
    first = comparison.reference
    spoilt = replace(first, scan=replace(first.scan, provenance=origin))
    none = NoSignature(reason=evil, scan=spoilt.scan)
    bullet = replace(pair.reference, name=evil, source=evil, lands={**pair.reference.lands, 1: spoilt})
    texts = [
        render_land_report(
            replace(comparison, reference=spoilt, warnings=(evil,)), (spoilt, comparison.questioned)
        ),
        render_land_report(compare_lands(spoilt, none, LAND), (spoilt, none)),
        render_signature_report(none, LAND),
        render_bullet_report(replace(pair, reference=bullet, result=replace(pair.result, warnings=(evil,)))),
        render_bullet_report(
            compare_land_sets(replace(bullet, stated=5, lands={1: spoilt, 2: none}), pair.questioned, LAND)
        ),
    ]
    for text in texts:
        assert text.count("<script>") == 1
        assert "\x1b" not in text
        Page(text)


def test_mirrored_marks_are_drawn_reversed(bullets: Path) -> None:
    sets = [open_bullet(bullets / name, LAND) for name in ("one", "mirrored")]
    text = render_bullet_report(compare_land_sets(sets[0], sets[1], LAND, mirror=True))
    assert text.count("Questioned, mirrored") == 6
    assert "the questioned lands are mirrored" in text


def test_toolmark_page_has_no_shoulders() -> None:
    rng = np.random.default_rng
    scans = [toolmark(rng(n), tool=rng(9), pixel_um=3.125, shape=(160, 480))[0] for n in (1, 2)]
    made = [signature_of(scan, TOOLMARK) for scan in scans]
    text = render_land_report(compare_lands(made[0], made[1], TOOLMARK), (made[0], made[1]))
    Page(text)
    assert "Comparison of toolmarks" in text
    assert '<path class="shoulder"' not in text


def test_page_is_written_once(page: str, tmp_path: Path) -> None:
    path = write_page(page, tmp_path / "page.html")
    with pytest.raises(OutputError, match="exists"):
        write_page(page, path)
    assert path.read_text(encoding="utf-8") == page


def test_surfaces_in_memory_have_pages_too() -> None:
    scan, _ = land(np.random.default_rng(1), pixel_um=6.25)
    assert isinstance(scan, Surface)
    assert "scan in memory" in render_signature_report(signature_of(scan, LAND), LAND)
