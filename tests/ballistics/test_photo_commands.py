"""Journeys with photographs: compare, view, show, segment, compare-all, and every way in which they refuse."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ballistics import batch_pictures
from ballistics.batch import compare_all
from ballistics.cli import app
from ballistics.errors import OptionError
from ballistics.pair_list import list_pairs
from ballistics.parameters import default_picture_set, default_set
from ballistics.photographs.exhibit import prepare_photograph
from ballistics.photographs.wording import CLOSING
from imaging.files import write_x3p
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.render import encode_png
from imaging.synthetic import pair

Run = Callable[..., Result]
SCALE = ("--pixel-um", "10")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scans and ring-light photographs of two marks of one gun, and of a mark of another."""
    folder = tmp_path_factory.mktemp("photographs")
    known = pair(np.random.default_rng(5), correlation=0.95, angle_deg=25.0, shift_um=(40.0, -60.0), pixel_um=10.0)
    other = pair(np.random.default_rng(6), same_source=False, pixel_um=10.0).reference
    for name, scan in (("a1", known.reference), ("a2", known.questioned), ("b1", other)):
        write_x3p(scan, folder / f"{name}.x3p")
        (folder / f"{name}.png").write_bytes(encode_png(photograph(scan, Light(kind="ring")).pixels))
    return folder


@pytest.fixture
def run() -> Run:
    def invoke(*args: Any, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in args])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


def record(run: Run, *args: Any, code: int = 0) -> dict[str, Any]:
    found = json.loads(run("compare", *args, "--json", code=code).stdout)
    assert isinstance(found, dict)
    return found


def flat(text: str) -> str:
    """A message without the frame and the line breaks that the terminal put in."""
    return " ".join(text.replace("│", " ").split())


def test_two_photographs_are_compared_by_keypoints(run: Run, files: Path) -> None:
    result = run("compare", files / "a1.png", files / "a2.png", *SCALE, "--light", "ring")
    assert result.stdout.startswith("Breech face: correlation 0.")
    for text in ("25.0° clockwise, shift", "ring light", "agree with the pose", "photo-breech-face-2026"):
        assert text in result.stdout
    assert result.stdout.rstrip().endswith(CLOSING)
    assert not result.stderr
    found = record(run, files / "a1.png", files / "a2.png", *SCALE)
    assert found["method"] == "keypoints"
    assert (found["pose"]["dx_um"], found["pose"]["dy_um"]) == pytest.approx((40.0, -60.0), abs=2.0)
    other = record(run, files / "a1.png", files / "b1.png", *SCALE)
    assert other["score"]["value"] < 0.5 * found["score"]["value"]


def test_scale_may_differ_or_be_unknown(run: Run, files: Path) -> None:
    unknown = record(run, files / "a1.png", files / "a2.png")
    assert unknown["pose"] is None
    assert unknown["inputs"][0]["pixel_um"] is None
    assert unknown["similarity"]["angle_deg"] == pytest.approx(25.0, abs=0.5)
    own = record(run, files / "a1.png", files / "a2.png", *SCALE, "--pixel-um-b", "10.0001")
    assert own["inputs"][0]["pixel_um"] == [10.0, 10.0]
    assert own["inputs"][1]["pixel_um"] == [10.0001, 10.0001]


def test_lamps_that_stood_apart_are_told(run: Run, files: Path) -> None:
    lamps = ("--lamp-a", "10", "--lamp-b", "95")
    found = record(run, files / "a1.png", files / "a2.png", *SCALE, *lamps)
    assert found["inputs"][1]["light"] == {"kind": "side", "azimuth_deg": 95.0}
    assert any("lamp stood 60 degrees apart" in each for each in found["warnings"])


def test_scans_are_compared_by_cells_unless_keypoints_are_asked_for(run: Run, files: Path) -> None:
    scans = files / "a1.x3p", files / "a2.x3p"
    assert "cells congruent" in run("compare", *scans).stdout
    found = record(run, *scans, "--method", "keypoints")
    assert found["method"] == "keypoints"
    assert not found["experimental"]
    assert found["pose"]["angle_deg"] == pytest.approx(25.0, abs=0.3)
    assert record(run, *scans, "--params", "photo-breech-face-2026")["score"] == found["score"]
    assert "method" not in record(run, *scans, "--method", "cells")


def test_scans_of_lands_are_compared_as_lands(run: Run, bullets: Path) -> None:
    lands = bullets / "one" / "one_Land1.x3p", bullets / "two" / "two_Land3.x3p"
    result = run("compare", *lands)
    assert result.stdout == run("compare-lands", *lands).stdout
    assert result.stderr.startswith("Both scans show lands;")
    assert result.stderr.count("\n") == 1
    assert record(run, *lands)["score"]["name"] == "ccf"
    run("compare", *lands, "--method", "cells", code=1)


def test_scan_meets_photograph_only_on_request_and_says_so(run: Run, files: Path, tmp_path: Path) -> None:
    mixed = files / "a1.x3p", files / "a2.png"
    result = run("compare", *mixed, code=1)
    assert not result.stdout
    assert "--method keypoints" in flat(result.stderr)
    run("compare", *mixed, "--params", "photo-breech-face-2026", code=1)
    found = record(run, *mixed, "--method", "keypoints", *SCALE)
    assert found["experimental"]
    assert [each["kind"] for each in found["inputs"]] == ["photographed scan", "photograph"]
    assert "experimental" in found["warnings"][0]
    assert found["pose"]["angle_deg"] == pytest.approx(25.0, abs=0.5)
    back = record(run, *mixed[::-1], "--method", "keypoints", *SCALE, "--light", "ring")
    assert back["pose"]["angle_deg"] == pytest.approx(-25.0, abs=0.5)
    page = tmp_path / "page.html"
    run("compare", *mixed, "--method", "keypoints", "--report", page)
    assert "no figures are known" in page.read_text(encoding="utf-8")


def test_mask_limits_the_picture_and_must_fit(run: Run, files: Path, tmp_path: Path) -> None:
    both, mask = (files / "a1.png", files / "a2.png"), tmp_path / "mask.png"
    run("segment", both[0], "--out", mask)
    whole = record(run, *both, *SCALE)
    masked = record(run, *both, *SCALE, "--mask-a", mask)
    assert masked["regions"][0]["how"] == "given"
    assert masked["score"]["value"] == pytest.approx(whole["score"]["value"], abs=0.05)
    half = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    assert half is not None
    half[: len(half) // 2] = 0
    cv2.imwrite(str(mask), half)
    assert record(run, *both, *SCALE, "--mask-a", mask)["regions"][0]["share"] < whole["regions"][0]["share"]
    cv2.imwrite(str(mask), half[:50])
    assert "the photograph" in flat(run("compare", *both, "--mask-a", mask, code=1).stderr)


@pytest.fixture(scope="module")
def spoilt(files: Path) -> Path:
    """Files that are not to be compared: blank, saturated, cut short, and saved with heavy loss."""
    folder = files / "spoilt"
    folder.mkdir()
    good = cv2.imread(str(files / "a2.png"))
    assert good is not None
    cv2.imwrite(str(folder / "blank.png"), np.full((300, 300), 90, np.uint8))
    cv2.imwrite(str(folder / "saturated.png"), np.full((300, 300), 255, np.uint8))
    cv2.imwrite(str(folder / "lossy.jpg"), good, [cv2.IMWRITE_JPEG_QUALITY, 30])
    cv2.imwrite(str(folder / "mirrored.png"), good[:, ::-1])
    (folder / "short.png").write_bytes((files / "a2.png").read_bytes()[:9000])
    (folder / "text.png").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("blank.png", 1, "blank"),
        ("saturated.png", 1, "saturated"),
        ("lossy.jpg", 1, "--accept"),
        ("short.png", 4, "incomplete"),
        ("text.png", 4, "text.png"),
        ("missing.png", 4, "missing.png"),
        ("", 4, "not a plain file"),
    ],
)
def test_photograph_that_cannot_be_used(
    run: Run, files: Path, spoilt: Path, name: str, code: int, message: str
) -> None:
    for order in (1, -1):
        result = run("compare", *(files / "a1.png", spoilt / name)[::order], code=code)
        assert not result.stdout
        assert message in flat(result.stderr)


def test_doubt_is_accepted_by_its_code_and_stays_a_warning(
    run: Run, files: Path, spoilt: Path, tmp_path: Path
) -> None:
    both, page = (files / "a1.png", spoilt / "lossy.jpg"), tmp_path / "page.html"
    refused = record(run, *both, "--report", page, code=1)
    assert refused["comparable"] is False
    assert "lossy" in refused["reason"]
    assert "No comparison was made" in page.read_text(encoding="utf-8")
    assert any("lossy" in each for each in record(run, *both, "--accept", "lossy")["warnings"])


def test_mirrored_photograph_is_noticed(run: Run, files: Path, spoilt: Path) -> None:
    assert "mirror" in run("compare", files / "a1.png", spoilt / "mirrored.png", *SCALE).stdout


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("a1.png", "a2.png"), ("--method", "cells"), "no heights"),
        (("a1.png", "a2.png"), ("--params", "song2018"), "photo-breech-face-2026"),
        (("a1.png", "a2.png"), ("--params", "photo-firing-pin-2026", "--mark", "breech face"), "firing pin"),
        (("a1.png", "a2.png"), ("--light", "ring", "--lamp-a", "3"), "side light"),
        (("a1.x3p", "a2.x3p"), ("--pixel-um", "3"), "scans"),
        (("a1.x3p", "a2.x3p"), ("--light", "ring"), "scans"),
        (("a1.x3p", "a2.png"), ("--pixel-um-a", "3", "--method", "keypoints"), "a scan"),
        (("a1.x3p", "a2.x3p"), ("--mark", "headstamp"), "photographs only"),
        (("a1.x3p", "a2.x3p"), ("--params", "bullet-land-2026"), "no cells"),
        (("a1.x3p", "a2.x3p"), ("--params", "photo-breech-face-2026", "--method", "cells"), "no cells"),
    ],
)
@pytest.mark.parametrize("command", ["compare", "view"])
def test_options_that_do_not_fit_are_wrong_usage(
    run: Run,
    files: Path,
    tmp_path: Path,
    command: str,
    names: tuple[str, str],
    options: tuple[str, ...],
    message: str,
) -> None:
    if command == "view":
        options = (*options, "--out", str(tmp_path / "view.html"))
    assert message in flat(run(command, *(files / name for name in names), *options, code=2).stderr)


def test_outputs_never_replace_a_photograph(run: Run, files: Path, tmp_path: Path) -> None:
    photo, other = files / "a1.png", files / "a2.png"
    before = photo.read_bytes()
    for command in (
        ("compare", photo, other, "--report", photo),
        ("view", photo, other, "--out", photo),
        ("segment", photo, "--out", photo),
        ("show", photo, "--out", photo),
    ):
        assert "input" in run(*command, "--force", code=1).stderr
    assert photo.read_bytes() == before
    run("compare", photo, other, "--report", tmp_path / "page.html", "--pixel-um", "0", code=1)
    assert "cell by cell" in flat(run("compare", photo, other, "--exhaustive", code=2).stderr)


def content(page: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.read_text("utf-8").split('id="exhibits">')[1].split("</script>")[0])
    return found


def test_view_aligns_photographs_and_scans_alike(run: Run, files: Path, tmp_path: Path) -> None:
    page = tmp_path / "view.html"
    for suffix, options in (("png", ()), ("png", SCALE), ("x3p", ()), ("x3p", ("--method", "keypoints"))):
        result = run("view", files / f"a1.{suffix}", files / f"a2.{suffix}", *options, "--out", page, "--force")
        assert result.stdout.strip() == str(page)
        found = content(page)
        assert found["placement"]["angle"] == pytest.approx(-25.0, abs=0.5)
        assert not found["notes"]
        drawn = found["cells"] if suffix == "x3p" and not options else found["points"]
        assert len(drawn) == 1
    assert "exists" in run("view", files / "a1.png", files / "a2.png", "--out", page, code=1).stderr


def test_view_without_a_pose_says_why(run: Run, files: Path, spoilt: Path, bullets: Path, tmp_path: Path) -> None:
    page = tmp_path / "view.html"
    lands = bullets / "one" / "one_Land1.x3p", bullets / "two" / "two_Land3.x3p"
    for both, reason in (
        ((files / "a1.png", spoilt / "blank.png"), "blank"),
        ((files / "a1.x3p", files / "a2.png"), "--method keypoints"),
        (lands, "compare-lands"),
    ):
        result = run("view", *both, "--out", page, "--force")
        assert reason in flat(result.stderr)
        found = content(page)
        assert found["placement"] is None
        assert reason in found["notes"][0]
    result = run("view", files / "a1.png", files / "a2.png", "--no-align", "--out", page, "--force")
    assert not result.stderr
    assert content(page)["placement"] is None


def test_view_of_scan_and_photograph_keeps_the_lamp_for_the_scan(run: Run, files: Path, tmp_path: Path) -> None:
    page = tmp_path / "view.html"
    run("view", files / "a1.x3p", files / "a2.png", "--method", "keypoints", *SCALE, "--out", page)
    found = content(page)
    assert [side["kind"] for side in found["sides"]] == ["heights", "picture"]
    assert found["placement"]["angle"] == pytest.approx(-25.0, abs=0.5)
    assert "experimental" in found["notes"][0]


def test_view_goes_to_the_current_folder_and_opens_on_request(
    run: Run, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.chdir(tmp_path)
    assert run("view", files / "a1.png", files / "a2.png", "--open").stdout.strip() == "view.html"
    assert opened == [(tmp_path / "view.html").as_uri()]


def test_show_tells_what_a_photograph_holds(run: Run, files: Path, spoilt: Path, tmp_path: Path) -> None:
    picture = tmp_path / "shown.png"
    result = run("show", files / "a1.png", "--out", picture)
    assert "scale unknown" in result.stdout
    assert "grey, 8 bits" in result.stdout
    assert cv2.imread(str(picture)) is not None
    facts = json.loads(run("show", files / "a1.png", "--json").stdout)
    assert facts["format"] == "PNG"
    assert facts["pixel_um"] is None
    assert "lossy" in run("show", spoilt / "lossy.jpg", code=3).stdout
    run("show", spoilt / "short.png", code=4)


def test_segment_finds_a_mark_in_a_photograph(run: Run, files: Path, spoilt: Path, tmp_path: Path) -> None:
    mask, picture = tmp_path / "mask.png", tmp_path / "picture.png"
    result = run("segment", files / "a1.png", "--out", mask, "--picture", picture)
    assert "of the picture" in result.stdout
    found, photo = (cv2.imread(str(each), cv2.IMREAD_GRAYSCALE) for each in (mask, files / "a1.png"))
    assert found is not None
    assert photo is not None
    assert set(np.unique(found)) == {0, 255}
    assert ((found > 0) == (photo > 0)).mean() > 0.97
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert (drawn[..., 0] != drawn[..., 2]).any()
    facts = json.loads(run("segment", files / "a1.png", "--out", mask, "--json", "--force").stdout)
    assert facts["share"] == pytest.approx((found > 0).mean())
    run("segment", spoilt / "blank.png", "--out", tmp_path / "none.png", code=1)
    run("segment", files / "a1.x3p", "--mark", "headstamp", "--out", tmp_path / "none.png", code=1)


def test_params_hold_the_sets_for_photographs(run: Run) -> None:
    assert "photo-headstamp-2026" in run("params", "list").stdout
    listed = {each["name"]: each["hash"] for each in json.loads(run("params", "list", "--json").stdout)}
    shown = json.loads(run("params", "show", "photo-breech-face-2026", "--json").stdout)
    assert shown["hash"] == listed["photo-breech-face-2026"]
    assert "keypoints" in run("params", "show", "photo-breech-face-2026").stdout


@pytest.fixture
def folder(files: Path, tmp_path: Path) -> Path:
    place = tmp_path / "photographs"
    (place / "more").mkdir(parents=True)
    for name in ("a1", "a2"):
        (place / f"{name}.png").write_bytes((files / f"{name}.png").read_bytes())
    (place / "more" / "b1.png").write_bytes((files / "b1.png").read_bytes())
    return place


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_compare_all_takes_a_folder_of_photographs_and_goes_on(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    result = run("compare-all", folder, "--out", out, *SCALE, "--jobs", "1")
    assert "photographs of the breech face" in result.stderr
    assert "3 pairs: 3 compared now" in result.stderr
    same = next(
        row for row in rows(out) if {Path(row[k]).stem for k in ("reference", "questioned")} == {"a1", "a2"}
    )
    found = record(run, same["reference"], same["questioned"], *SCALE)
    assert float(same["score"]) == found["score"]["value"]
    assert float(same["dx_um"]) == found["pose"]["dx_um"]
    assert float(same["angle_deg"]) == found["pose"]["angle_deg"]
    assert "3 were in the file" in run("compare-all", folder, "--out", out, *SCALE).stderr
    assert "units" in run("compare-all", folder, "--out", out, code=1).stderr
    run("compare-all", folder, "--out", out, "--force")
    assert {row["dx_um"] for row in rows(out)} == {""}


def test_bad_photographs_are_rows_with_their_reason(run: Run, folder: Path, spoilt: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    for name in ("short.png", "blank.png"):
        (folder / name).write_bytes((spoilt / name).read_bytes())
    run("compare-all", folder, "--out", out)
    refused = [row for row in rows(out) if row["comparable"] == "False"]
    assert len(refused) == 7
    assert all("incomplete" in row["reason"] or "blank" in row["reason"] for row in refused)


def test_each_photograph_is_prepared_once_and_its_pixels_are_let_go(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    original = prepare_photograph

    def count(*args: Any, **options: Any) -> Any:
        made.append(1)
        return original(*args, **options)

    monkeypatch.setattr(batch_pictures, "prepare_photograph", count)
    chosen = default_picture_set("breech face")
    pairs = list_pairs(folder, kind="photographs")
    compare_all(pairs, tmp_path / "s.csv", chosen, jobs=2)
    assert len(made) == 3
    method = batch_pictures.PictureMethod(parameters=chosen)
    kept = method.prepare(pairs[0][0], method.digest(pairs[0][0]))
    assert not isinstance(kept, str)
    assert isinstance(kept.source, Photo)
    assert kept.source.pixels.strides == (0, 0)


def test_scans_can_be_a_batch_of_pictures_but_not_mixed_with_photographs(
    run: Run, files: Path, tmp_path: Path
) -> None:
    listed, out = tmp_path / "list.txt", tmp_path / "scores.csv"
    listed.write_text("\n".join(str(files / name) for name in ("a1.x3p", "a2.x3p", "a1.png")))
    run("compare-all", listed, "--params", "photo-breech-face-2026", "--out", out)
    found = {(Path(row["reference"]).name, Path(row["questioned"]).name): row for row in rows(out)}
    expected = record(run, files / "a1.x3p", files / "a2.x3p", "--method", "keypoints")
    assert float(found["a1.x3p", "a2.x3p"]["score"]) == expected["score"]["value"]
    assert "one by one" in found["a1.x3p", "a1.png"]["reason"]


def test_batch_options_that_do_not_fit_photographs(run: Run, files: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    for options in (("--params", "song2018"), ("--exhaustive",), ("--mark", "aperture shear")):
        assert "--" in run("compare-all", folder, "--out", out, *options, code=2).stderr
    run("compare-all", files, "--out", out, *SCALE, code=2)
    run("compare-all", files, "--out", out, "--mark", "headstamp", code=2)
    assert "photograph by its name" in run("compare-all", folder / "a1.png", "--out", out, code=4).stderr
    (folder / "a2.png").unlink()
    (folder / "more" / "b1.png").unlink()
    assert "one photograph" in run("compare-all", folder, "--out", out, code=1).stderr
    with pytest.raises(OptionError, match="own scale"):
        compare_all([("a", "b")], out, default_set("breech face"), pixel_um=3.0)
