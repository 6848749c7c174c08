"""The comparison microscope in a real browser: what moves, what stays, what is saved; nothing is loaded."""

from __future__ import annotations

import base64
import io
import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ballistics.compare import Comparison, compare
from ballistics.microscope import (
    HeightSide,
    MatchPoints,
    PictureSide,
    Similarity,
    comparison_view,
    microscope_page,
)
from imaging.render import shaded
from imaging.surface import Surface
from imaging.synthetic import pair

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

SIZE = {"width": 1280, "height": 720}
RENDERERS = ("#canvas", "#webgl")
ANGLE_DEG = 30.0
PIXEL_UM = 2.0

PIXELS = """() => {
  microscope.draw();
  const sheet = document.createElement("canvas");
  Object.assign(sheet, { width: microscope.canvas.width, height: microscope.canvas.height });
  const pen = sheet.getContext("2d");
  pen.drawImage(microscope.canvas, 0, 0);
  const { data } = pen.getImageData(0, 0, sheet.width, sheet.height);
  const bytes = data.filter((_, i) => i % 4 === 0);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return [sheet.width, sheet.height, btoa(text)];
}"""


class Tab:
    """A page in the browser that keeps what it said and what it asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, address: str = "") -> None:
        self.page.goto(path.as_uri() + address)
        self.page.wait_for_selector("html[data-ready]", timeout=20_000)

    def ask(self, script: str) -> Any:
        return self.page.evaluate(script)

    def view(self, name: str) -> Any:
        return self.ask(f"microscope.view.{name}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def grey(self) -> np.ndarray:
        """What the panes show without names and lines: red of every pixel, shape (ny, nx)."""
        nx, ny, text = self.page.evaluate(PIXELS)
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(ny, nx).astype(int)

    def stage(self) -> dict[str, float]:
        box: dict[str, float] = self.page.locator("#stage").bounding_box()
        return box

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """Drag on the stage from a point of it."""
        box, mouse = self.stage(), self.page.mouse
        mouse.move(box["x"] + start[0], box["y"] + start[1])
        mouse.down()
        mouse.move(box["x"] + start[0] + by[0], box["y"] + start[1] + by[1], steps=4)
        mouse.up()

    def slide(self, name: str, value: float) -> None:
        """Put a slider where a person would drag it."""
        self.page.locator(f"#{name}").evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", value
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


Opener = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Opener]:
    """Open a page; at the end of the test it must have been silent and asked for nothing but itself."""
    tabs: list[tuple[Any, Tab, Path]] = []

    def opened(path: Path, address: str = "", *, script: str = "", **options: Any) -> Tab:
        context = browser.new_context(viewport=SIZE, accept_downloads=True, **options)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        tab = Tab(page)
        tabs.append((context, tab, path))
        tab.open(path, address)
        return tab

    yield opened
    for context, tab, path in tabs:
        context.close()
        assert not tab.errors
        loaded = [url for url in tab.requests if not url.startswith(("data:", "blob:"))]
        assert {url.partition("#")[0] for url in loaded} == {path.as_uri()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    marks = pair(np.random.default_rng(3), correlation=0.8, angle_deg=ANGLE_DEG, shift_um=(80.0, 40.0))
    found = compare(marks.reference, marks.questioned)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture(scope="module")
def scans(pages: Path, comparison: Comparison) -> Path:
    path = pages / "scans.html"
    path.write_text(comparison_view(comparison), encoding="utf-8")
    return path


def relief(seed: int) -> np.ndarray:
    """Heights in micrometres with a hole of its own, an even number of columns and an odd number of rows."""
    noise = np.random.default_rng(seed).normal(0, 5.0, (301, 400)).astype(np.float32)
    heights = cv2.GaussianBlur(noise, (0, 0), 2.5)
    heights[100:140, 150 * seed : 150 * seed + 70] = np.nan
    return heights


@pytest.fixture(scope="module")
def plain(pages: Path) -> Path:
    """Two scans laid middle on middle, and their heights as in `relief`."""
    sides = [
        HeightSide(
            heights_um=relief(seed), spacing_um=(PIXEL_UM, PIXEL_UM), title=f"scan {seed}", sha256="ab" * 32
        )
        for seed in (1, 2)
    ]
    path = pages / "plain.html"
    path.write_text(microscope_page(*sides), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def photographs(pages: Path) -> Path:
    grey = cv2.normalize(cv2.GaussianBlur(relief(2)[:90], (0, 0), 1), None, 0, 255, cv2.NORM_MINMAX)
    picture = grey.astype(np.uint8)
    turned = np.ascontiguousarray(np.rot90(picture, -1))
    points = np.array([(20.0, 30.0), (380.0, 10.0), (200.0, 80.0)])
    ny = picture.shape[0]
    partners = np.stack([ny - 1 - points[:, 1], points[:, 0]], axis=1)
    sides = [PictureSide(picture=each, title=name) for each, name in ((picture, "one.png"), (turned, "two.png"))]
    pose = Similarity(angle=math.pi / 2, scale=1.0, dx=0.0, dy=0.0)
    path = pages / "photographs.html"
    marks = [MatchPoints(left=points, right=partners)]
    path.write_text(microscope_page(*sides, pose=pose, marks=marks), encoding="utf-8")
    return path


def one_to_one(tab: Tab) -> None:
    """Show a data point on each pixel of the stage, centre on centre, with the reference all over it."""
    tab.ask("microscope.controls.choose('split')")
    box = tab.stage()
    odd = [round(box[name]) % 2 != count % 2 for name, count in (("width", 400), ("height", 301))]
    x, y = (-PIXEL_UM / 2 if each else 0.0 for each in odd)
    tab.ask(f"microscope.view.update({{line: 1, zoom: {1 / PIXEL_UM}, centre: {{x: {x}, y: {y}}}}})")


def middle(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    top, left = (picture.shape[0] - shape[0] + 1) // 2, (picture.shape[1] - shape[1] + 1) // 2
    return picture[top : top + shape[0], left : left + shape[1]]


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize(("azimuth", "elevation"), [(45, 45), (200, 20)])
def test_lamp_lights_as_the_library_does(
    open_tab: Opener, plain: Path, renderer: str, azimuth: int, elevation: int
) -> None:
    tab = open_tab(plain, renderer)
    one_to_one(tab)
    tab.slide("azimuth", azimuth)
    tab.slide("elevation", elevation)
    surface = Surface(heights=relief(1) * np.float32(1e-6), spacing=(PIXEL_UM * 1e-6, PIXEL_UM * 1e-6))
    expected = shaded(
        surface, azimuth_deg=azimuth, elevation_deg=elevation, exaggeration=tab.view("exaggeration")
    ).astype(int)
    seen = middle(tab.grey(), expected.shape)
    away = np.abs(seen - expected)
    assert np.percentile(away, 99) <= 2
    assert np.ptp(seen) > 100
    assert (seen[110:130, 160:210] == 128).all()
    assert tab.ask("microscope.record().drawn_with") == {"#canvas": "canvas", "#webgl": "WebGL"}[renderer]


def test_lamp_stays_while_the_case_turns_unless_told_otherwise(open_tab: Opener, plain: Path) -> None:
    tab = open_tab(plain)
    tab.ask("microscope.controls.choose('split')")
    tab.ask("microscope.view.update({line: 0})")
    upright = tab.grey()
    tab.slide("angle", 180)
    fixed = tab.grey()[::-1, ::-1]
    tab.page.get_by_label("Lamp turns with the case").check()
    glued = tab.grey()[::-1, ::-1]
    inner = np.s_[100:-100, 300:-300]
    assert np.abs(glued - upright)[inner].mean() < 4
    assert np.corrcoef(fixed[inner].ravel(), upright[inner].ravel())[0, 1] < -0.2
    tab.slide("angle", 0)
    assert np.abs(tab.grey() - upright)[inner].mean() < 1


@pytest.mark.parametrize("renderer", RENDERERS)
def test_panes_stay_in_step(open_tab: Opener, scans: Path, renderer: str) -> None:
    tab = open_tab(scans, renderer)
    before = tab.grey()
    half = before.shape[1] // 2
    tab.drag((200, 300), (40, -25))
    after = tab.grey()
    inner = np.s_[60:-60, 60 : half - 60]
    for pane in (np.s_[:, :half], np.s_[:, -half:]):
        moved = np.roll(before[pane], (-25, 40), axis=(0, 1))
        assert np.ptp(before[pane][inner]) > 100
        assert np.percentile(np.abs(after[pane] - moved)[inner], 98) <= 3
    tab.page.mouse.wheel(0, -200)
    tab.slide("turn", 25)
    both = "microscope.view.layers().map(({index, box, matrix}) => {"
    both += "const at = matrix.inverse().transformPoint({x: box.x + box.w / 2, y: box.h / 2});"
    both += "const on = microscope.view.placement(index).transformPoint(at); return [on.x, on.y]; })"
    first, second = np.array(tab.ask(both))
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_found_pose_lays_one_mark_on_the_other(
    open_tab: Opener, scans: Path, renderer: str, tmp_path: Path
) -> None:
    tab = open_tab(scans, renderer)
    assert tab.view("placedAngle") == pytest.approx(-ANGLE_DEG, abs=0.3)
    half = tab.grey().shape[1] // 2

    def likeness() -> float:
        grey = tab.grey()
        left, right = grey[200:500, 100 : half - 100], grey[200:500, -half + 100 : -100]
        return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])

    laid = likeness()
    assert laid > 0.5
    assert tab.page.locator("#laid").inner_text() == "as found by the comparison"
    tab.page.get_by_label("Move alone").check()
    tab.drag((700, 300), (30, 18))
    assert likeness() < 0.6 * laid
    assert tab.page.locator("#laid").inner_text() == "moved by hand"
    tab.page.screenshot(path=tmp_path / "moved.png")
    tab.page.get_by_role("button", name="Align").click()
    assert likeness() == pytest.approx(laid, abs=0.01)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_split_line_moves_pixels(open_tab: Opener, plain: Path, renderer: str, tmp_path: Path) -> None:
    tab = open_tab(plain, renderer)
    tab.press("2")
    width, height = (round(tab.stage()[name]) for name in ("width", "height"))
    shown: dict[float, np.ndarray] = {}
    for line in (0.0, 0.5, 1.0):
        tab.slide("line", line)
        shown[line] = tab.grey()
    np.testing.assert_array_equal(shown[0.5][:, : width // 2 - 1], shown[1.0][:, : width // 2 - 1])
    np.testing.assert_array_equal(shown[0.5][:, width // 2 + 1 :], shown[0.0][:, width // 2 + 1 :])
    assert np.abs(shown[0.0] - shown[1.0]).mean() > 5
    tab.slide("line", 0.5)
    tab.drag((width / 2 + 2, 200), (-120, 0))
    assert tab.view("line") == pytest.approx((width / 2 - 118) / width, abs=0.005)
    tab.press("h")
    tab.slide("line", 0.25)
    level = tab.grey()
    np.testing.assert_array_equal(level[: height // 4 - 2], shown[1.0][: height // 4 - 2])
    np.testing.assert_array_equal(level[height // 4 + 2 :], shown[0.0][height // 4 + 2 :])
    tab.page.screenshot(path=tmp_path / "split.png")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_overlay_mixes_and_flicker_alternates(open_tab: Opener, plain: Path, renderer: str) -> None:
    tab = open_tab(plain, renderer)
    tab.ask("microscope.controls.choose('flicker'); microscope.controls.flicker(0)")
    first = tab.grey()
    tab.press(" ")
    assert tab.view("shown") == 1
    second = tab.grey()
    assert np.abs(first - second).mean() > 5
    tab.press("3")
    tab.slide("opacity", 0.3)
    mixed = tab.grey()
    known = (first != 128) & (second != 128)
    known[:, :2] = known[:, -2:] = False
    assert np.percentile(np.abs(mixed - (0.7 * first + 0.3 * second))[known], 99) < 3
    hole = cv2.erode((second == 128).astype(np.uint8), np.ones((9, 9))).astype(bool) & (first != 128)
    assert hole.sum() > 1000
    assert np.abs(mixed - first)[hole].max() <= 1
    tab.slide("opacity", 0)
    assert np.abs(tab.grey() - first)[known].max() <= 1


def test_flicker_runs_at_its_rate_and_rests_where_motion_is_unwelcome(open_tab: Opener, plain: Path) -> None:
    count = (
        "new Promise((done) => { let n = 0; let last = microscope.view.shown; microscope.view.onChange((view) => {"
    )
    count += " n += view.shown !== last; last = view.shown; }); setTimeout(() => done(n), 1500); })"
    moving = open_tab(plain)
    moving.press("4")
    moving.slide("rate", 3)
    assert 2 <= moving.ask(count) <= 6
    still = open_tab(plain, reduced_motion="reduce")
    still.press("4")
    assert still.ask(count) == 0


def test_wheel_keeps_the_point_below_the_pointer(open_tab: Opener, scans: Path) -> None:
    tab = open_tab(scans)
    box = tab.stage()
    for left, pane in ((130, 0), (900, 1)):
        at = f"{left - box['x']}, y: {250 - box['y']}"
        below = f"(({{matrix}}) => {{ const at = matrix.inverse().transformPoint({{x: {at}}});"
        below += f" return [at.x, at.y]; }})(microscope.view.layers()[{pane}])"
        before, zoom = tab.ask(below), tab.view("zoom")
        tab.page.mouse.move(left, 250)
        tab.page.mouse.wheel(0, -100)
        tab.page.wait_for_function(f"microscope.view.zoom > {zoom} * 1.1")
        np.testing.assert_allclose(tab.ask(below), before, atol=1e-3)


def test_everything_can_be_done_with_keys(open_tab: Opener, scans: Path) -> None:
    tab = open_tab(scans)
    for key, mode in (("1", "beside"), ("2", "split"), ("3", "overlay"), ("4", "flicker"), ("2", "split")):
        tab.press(key)
        assert tab.view("mode") == mode
        assert tab.page.locator("[data-mode][aria-pressed=true]").get_attribute("data-mode") == mode
    start = {name: tab.view(name) for name in ("zoom", "placedAngle", "azimuth", "elevation", "relief", "line")}
    tab.press("+", "]", "]", "l", "k", "x", ".", "c", "m", "r")
    assert tab.view("zoom") == pytest.approx(start["zoom"] * 1.25)
    assert tab.view("placedAngle") == pytest.approx(start["placedAngle"] + 1)
    assert tab.view("azimuth") == start["azimuth"] + 10
    assert tab.view("elevation") == start["elevation"] + 5
    assert tab.view("relief") == start["relief"] + 0.25
    assert tab.view("line") == pytest.approx(start["line"] + 0.02)
    assert tab.view("cells")
    assert tab.view("mirrored")
    assert tab.view("turn") == 5
    centre = tab.view("centre.x")
    tab.press("ArrowRight")
    assert tab.view("centre.x") != centre
    tab.press("a", "0")
    assert tab.view("placedAngle") == pytest.approx(start["placedAngle"])
    tab.press("?")
    assert tab.page.locator("#help").is_visible()
    assert tab.page.locator("#keys dt").count() > 15
    tab.press("1")
    assert tab.view("mode") == "split"
    tab.press("Escape")
    assert not tab.page.locator("#help").is_visible()


def test_sliders_have_names_and_answer_to_arrow_keys(open_tab: Opener, scans: Path) -> None:
    tab = open_tab(scans)
    slider = tab.page.get_by_role("slider", name="Direction")
    slider.focus()
    centre = tab.view("centre.x")
    tab.press("ArrowRight")
    assert tab.view("azimuth") == 46
    assert tab.view("centre.x") == centre
    assert slider.get_attribute("aria-valuetext") == "46°"
    named = tab.page.get_by_role("slider")
    assert all(named.nth(i).evaluate("(each) => each.labels.length") for i in range(named.count()))
    reached = set()
    for _ in range(40):
        tab.press("Tab")
        reached.add(
            tab.ask("(({ id, dataset, textContent }) => id || dataset.key || textContent)(document.activeElement)")
        )
        if tab.ask("document.activeElement !== document.body"):
            assert tab.ask("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert {"stage", "save", "angle", "alone", "azimuth", "Overlay"} <= reached


def test_shift_and_drag_turns_the_questioned_about_the_middle(open_tab: Opener, plain: Path) -> None:
    tab = open_tab(plain)
    tab.press("2")
    width, height = tab.stage()["width"], tab.stage()["height"]
    tab.page.keyboard.down("Shift")
    tab.drag((width / 2 + 200, height / 2), (-200, 200))
    tab.page.keyboard.up("Shift")
    assert tab.view("placedAngle") == pytest.approx(90, abs=1)
    assert tab.view("turn") == 0


def test_match_points_and_cells_appear_on_demand(
    open_tab: Opener, photographs: Path, scans: Path, tmp_path: Path
) -> None:
    over = "(() => { microscope.draw(); const { width, height } = microscope.over; let n = 0;"
    over += "const { data } = microscope.over.getContext('2d').getImageData(0, 0, width, height);"
    over += "for (let i = 0; i < data.length; i += 4) n += data[i + 3] > 0; return n; })()"
    for path, label in ((photographs, "Match points"), (scans, "Cells")):
        tab = open_tab(path)
        without = tab.ask(over)
        tab.page.get_by_label(label).check()
        assert tab.ask(over) > without + 1000
        tab.page.screenshot(path=tmp_path / f"{path.stem}.png")


def test_photographs_lie_on_each_other_and_have_no_scale(open_tab: Opener, photographs: Path) -> None:
    tab = open_tab(photographs)
    tab.ask("microscope.controls.choose('flicker'); microscope.controls.flicker(0)")
    first = tab.grey()
    tab.press(" ")
    second = tab.grey()
    assert np.ptp(first) > 200
    assert np.abs(first - second).mean() < 1
    assert tab.ask("microscope.record().um_per_pixel") == [None, None]
    assert tab.ask("microscope.record().lamp") is None
    assert tab.page.get_by_role("slider", name="Enlarge").count() == 1


def test_mirror_shows_the_mirror_image(open_tab: Opener, photographs: Path) -> None:
    tab = open_tab(photographs)
    tab.press("a", "4")
    tab.ask("microscope.controls.flicker(0); microscope.view.update({shown: 1, angle: 0}); microscope.view.fit()")
    tab.ask("microscope.view.update({centre: {x: 0, y: 0}, x: 0, y: 0})")
    before = tab.grey()
    tab.page.get_by_label("Mirrored").check()
    assert np.abs(tab.grey()[:, ::-1] - before).mean() < 2


@pytest.mark.parametrize("renderer", RENDERERS)
def test_saved_picture_holds_the_view_and_its_provenance(
    open_tab: Opener, scans: Path, comparison: Comparison, renderer: str, tmp_path: Path
) -> None:
    tab = open_tab(scans, renderer)
    tab.press("2", "c")
    tab.slide("azimuth", 300)
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("button", name="Save PNG").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name.startswith("view_")
    assert path.suffix == ".png"
    with Image.open(io.BytesIO(path.read_bytes())) as saved:
        saved.load()
        record = json.loads(saved.text["forensic-ballistics view"])
        picture = np.asarray(saved.convert("RGB")).astype(int)
    ny, nx = tab.grey().shape
    assert picture.shape[1] == nx
    assert ny + 40 < picture.shape[0] < ny + 160
    footer = picture[ny:]
    assert (footer.min(axis=2) < 80).mean() > 0.01
    assert (footer[:4] == 255).all()
    assert record["program"].startswith("forensic-ballistics ")
    assert record["opened"].endswith("Z")
    assert record["mode"] == "split"
    assert record["lamp"]["azimuth_deg"] == 300
    assert record["drawn"] == {"match_points": False, "cells": True}
    assert record["questioned"]["laid"] == "as found by the comparison"
    assert record["questioned"]["turned_deg"] == pytest.approx(-comparison.alignment.pose.angle_deg, abs=1e-3)
    assert record["um_per_pixel"][0] == pytest.approx(1 / tab.view("zoom"), rel=1e-3)
    assert [side["role"] for side in record["sides"]] == ["reference", "questioned"]


def test_saved_pixels_are_those_on_the_stage(open_tab: Opener, plain: Path, tmp_path: Path) -> None:
    tab = open_tab(plain)
    with tab.page.expect_download() as waiting:
        tab.press("s")
    path = tmp_path / "view.png"
    waiting.value.save_as(path)
    with Image.open(path) as saved:
        picture = np.asarray(saved.convert("L")).astype(int)
    seen = tab.grey()
    inner = np.s_[200:500, 60:400]
    np.testing.assert_array_equal(picture[inner], seen[inner])


def test_without_webgl_the_page_draws_all_the_same(open_tab: Opener, plain: Path) -> None:
    refuse = "const get = HTMLCanvasElement.prototype.getContext; HTMLCanvasElement.prototype.getContext ="
    refuse += " function (kind, ...rest) { return kind === '2d' ? get.call(this, kind, ...rest) : null; };"
    tab = open_tab(plain, "#webgl", script=refuse)
    assert tab.ask("microscope.record().drawn_with") == "canvas"
    assert np.ptp(tab.grey()) > 100


def test_a_lost_graphics_card_is_survived(open_tab: Opener, plain: Path) -> None:
    tab = open_tab(plain, "#webgl")
    before = tab.grey()
    tab.ask("microscope.panes.gl.getExtension('WEBGL_lose_context').loseContext()")
    tab.page.wait_for_function("microscope.record().drawn_with === 'canvas'")
    assert np.abs(tab.grey() - before).mean() < 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_the_screen_in_light_and_dark(
    open_tab: Opener, scans: Path, scheme: str, tmp_path: Path
) -> None:
    tab = open_tab(scans, color_scheme=scheme)
    assert tab.ask(
        "(({ scrollHeight, scrollWidth }) => scrollHeight <= innerHeight && scrollWidth <= innerWidth)"
        "(document.documentElement)"
    )
    box = tab.stage()
    assert box["width"] >= 960
    assert box["height"] >= 640
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert (tab.ask(paper) < 60) == (scheme == "dark")
    tab.page.screenshot(path=tmp_path / f"{scheme}.png")
    tab.press("t")
    assert (tab.ask(paper) < 60) == (scheme == "light")


def test_damaged_data_are_reported_on_the_page(browser: Any, plain: Path, pages: Path) -> None:
    text = plain.read_text(encoding="utf-8")
    at = text.index('"data": "') + 2000
    damaged = pages / "damaged.html"
    damaged.write_text(text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1 :], encoding="utf-8")
    page = browser.new_page()
    page.goto(damaged.as_uri())
    page.wait_for_selector("#failed:not([hidden])", timeout=20_000)
    page.close()
