"""Reading a bullet: numbers, missing lands, and sets that must not be taken without a look."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ballistics.errors import LandsError, OptionError
from ballistics.parameters import default_striated_set
from ballistics.segment import Segmentation, mask_png
from ballistics.striated.landset import LandSet, NoLandSet, files_of, open_bullet, shows_land
from ballistics.striated.signature import NoSignature, Signature
from imaging.errors import FileError, FormatError
from imaging.files import open_surface, write_x3p
from imaging.resample import flip, isotropic
from imaging.surface import Finding, Surface
from imaging.synthetic import breech_face, cartridge_case

LAND = default_striated_set("bullet land")


@pytest.fixture
def folder(bullets: Path, tmp_path: Path) -> Path:
    """A copy of a bullet, to spoil."""
    return shutil.copytree(bullets / "one", tmp_path / "one")


def opened(path: Path, **options: object) -> LandSet:
    found = open_bullet(path, LAND, **options)  # type: ignore[arg-type]
    assert isinstance(found, LandSet), found.reason
    return found


def refused(path: Path) -> str:
    found = open_bullet(path, LAND)
    assert isinstance(found, NoLandSet)
    assert not found
    return found.reason


def rewritten(path: Path, change: Callable[[Surface], Surface]) -> Path:
    return write_x3p(change(open_surface(path)), path, overwrite=True)


def test_a_folder_gives_its_lands_by_number(bullets: Path) -> None:
    found = opened(bullets / "two")
    assert found.name == "two"
    assert list(found.lands) == [1, 2, 3, 4, 6]
    assert all(isinstance(made, Signature) for made in found.lands.values())
    assert found.count == 6
    assert found.stated is None
    bullet = found.bullet(6)
    assert [each is None for each in bullet.signatures] == [False] * 4 + [True, False]
    assert "no scan of land 5" in bullet.notes
    assert opened(bullets / "two", lands=8).count == 8


def test_a_list_says_what_the_names_do_not(bullets: Path, tmp_path: Path) -> None:
    lands = "".join(
        f'[[land]]\nfile = "{bullets / "one" / f"one_Land{number}.x3p"}"\nnumber = {number + 1}\n'
        for number in (1, 2)
    )
    (tmp_path / "b.toml").write_text(f'name = "exhibit 3"\nlands = 5\n{lands}')
    found = opened(tmp_path / "b.toml")
    assert (found.name, found.count, found.stated, list(found.lands)) == ("exhibit 3", 5, 5, [2, 3])
    assert len(files_of(tmp_path / "b.toml")) == 3
    with pytest.raises(LandsError, match=r"6 lands stated for .* which itself states 5"):
        open_bullet(tmp_path / "b.toml", LAND, lands=6)


def test_a_mirrored_scan_is_turned_back_by_its_list(bullets: Path, tmp_path: Path) -> None:
    source = bullets / "one" / "one_Land1.x3p"
    scan = open_surface(source)
    write_x3p(flip(scan, "x"), tmp_path / "m.x3p")
    last = scan.size_um[0] - scan.pixel_um
    ends = f"shoulders_um = [{last - 2200.0}, {last - 250.0}]"
    (tmp_path / "b.toml").write_text(
        f'[[land]]\nfile = "m.x3p"\nnumber = 1\nmirror = true\n{ends}\nrow_um = 500\n'
        f'[[land]]\nfile = "{source}"\nnumber = 2\nshoulders_um = [250.0, 2200.0]\nrow_um = 500\n'
    )
    turned, plain = opened(tmp_path / "b.toml").lands.values()
    assert isinstance(turned, Signature)
    assert isinstance(plain, Signature)
    np.testing.assert_allclose(turned.heights_um, plain.heights_um, atol=1e-6)
    assert turned.start_um == plain.start_um
    assert "flip x" in " ".join(turned.scan.provenance.steps)


def test_places_that_are_not_on_the_scan_are_refused(bullets: Path, tmp_path: Path) -> None:
    for line in ("row_um = 5000", "shoulders_um = [100, 9000]"):
        (tmp_path / "b.toml").write_text(
            "".join(
                f'[[land]]\nfile = "{bullets / "one" / f"one_Land{n}.x3p"}"\nnumber = {n}\n{line}\n'
                for n in (1, 2)
            )
        )
        with pytest.raises(OptionError, match="found;"):
            open_bullet(tmp_path / "b.toml", LAND)


def test_a_mask_of_the_list_is_used_and_counts_as_a_file(bullets: Path, tmp_path: Path) -> None:
    source = bullets / "one" / "one_Land1.x3p"
    scan = open_surface(source)
    keep = np.zeros(scan.shape, np.bool_)
    keep[:, 150:600] = True
    (tmp_path / "m.png").write_bytes(mask_png(Segmentation(scan=scan, mask=keep, how="given", circles={})))
    (tmp_path / "small.png").write_bytes(
        mask_png(Segmentation(scan=scan, mask=keep[:9, :9], how="given", circles={}))
    )
    lands = "".join(f'[[land]]\nfile = "{bullets / "one" / f"one_Land{n}.x3p"}"\nnumber = {n}\n' for n in (2, 1))
    path = tmp_path / "b.toml"
    path.write_text(lands + 'mask = "m.png"\n')
    masked, whole = opened(path).lands.values()
    assert isinstance(masked, Signature)
    assert isinstance(whole, Signature)
    assert masked.start_um > 150 * scan.pixel_um
    assert masked.start_um + masked.length_um < 600 * scan.pixel_um < whole.start_um + whole.length_um
    assert files_of(path)[:2] == [path, tmp_path / "m.png"]
    assert [each.suffix for each in files_of(path)[2:]] == [".x3p"] * 2
    path.write_text(lands + 'mask = "small.png"\n')
    with pytest.raises(OptionError, match=r"small.png has 9 x 9 pixels"):
        open_bullet(path, LAND)
    path.write_text(lands + 'mask = "none.png"\n')
    with pytest.raises(OptionError, match=r"none.png cannot be read"):
        open_bullet(path, LAND)


def test_one_land_or_none_is_no_bullet(bullets: Path, tmp_path: Path) -> None:
    (tmp_path / "single").mkdir()
    with pytest.raises(LandsError, match="holds no scans"):
        open_bullet(tmp_path / "single", LAND)
    shutil.copy(bullets / "one" / "one_Land1.x3p", tmp_path / "single")
    with pytest.raises(LandsError, match="one land; two or more"):
        open_bullet(tmp_path / "single", LAND)
    with pytest.raises(LandsError, match="is one file"):
        open_bullet(bullets / "one" / "one_Land1.x3p", LAND)
    with pytest.raises(FileError, match=r"no folder or list .*missing; a bullet is a folder"):
        open_bullet(tmp_path / "missing", LAND)


def test_numbers_beyond_the_stated_lands_are_refused(bullets: Path, folder: Path) -> None:
    with pytest.raises(LandsError, match=r"Land 6 found .* 5 lands are stated"):
        open_bullet(folder, LAND, lands=5)
    with pytest.raises(LandsError, match="3 to 12"):
        open_bullet(folder, LAND, lands=2)
    (folder / "one_Land6.x3p").rename(folder / "one_Land60.x3p")
    with pytest.raises(LandsError, match=r"Land 60 found .* at most 12"):
        open_bullet(folder, LAND)


def test_duplicate_numbers_are_refused(folder: Path) -> None:
    shutil.copy(folder / "one_Land1.x3p", folder / "one_Land1 (2).x3p")
    with pytest.raises(LandsError, match="Two scans of land 1"):
        open_bullet(folder, LAND)


def test_a_file_that_is_no_scan_stops_the_set(folder: Path) -> None:
    (folder / "one_Land3.x3p").write_text("no scan")
    with pytest.raises(FormatError, match="one_Land3"):
        open_bullet(folder, LAND)


def test_other_pixels_are_a_doubt(folder: Path) -> None:
    rewritten(folder / "one_Land2.x3p", lambda scan: isotropic(scan, pixel_um=4.0))
    assert "mixed-pixels: the lands differ in pixel size" in refused(folder)
    assert "4 um (land 2)" in refused(folder)
    accepted = opened(folder, accept=["mixed-pixels"])
    assert any("in spite of mixed-pixels" in note for note in accepted.bullet(6).notes)


def test_other_instruments_are_a_doubt(folder: Path) -> None:
    def by_other(scan: Surface) -> Surface:
        metadata = {**scan.provenance.metadata, "instrument.manufacturer": "Acme"}
        return replace(scan, provenance=scan.provenance.model_copy(update={"metadata": metadata}))

    rewritten(folder / "one_Land2.x3p", by_other)
    assert "mixed-instruments" in refused(folder)
    assert "Acme" in refused(folder)
    assert opened(folder, accept=["mixed-instruments"])


def test_one_scan_under_two_numbers_is_a_doubt(folder: Path) -> None:
    shutil.copy(folder / "one_Land2.x3p", folder / "one_Land5.x3p")
    assert "same-scan: land 2 and 5 are the same scan" in refused(folder)
    accepted = opened(folder, accept=["same-scan"])
    assert any("in spite of same-scan" in note for note in accepted.bullet(6).notes)


@pytest.mark.parametrize("kind", ["breech face", "raw head"])
def test_a_cartridge_case_among_lands_is_a_doubt(folder: Path, kind: str) -> None:
    rng = np.random.default_rng(4)
    case = breech_face(rng, pixel_um=3.125) if kind == "breech face" else cartridge_case(rng, gun=rng)[0]
    write_x3p(case, folder / "one_Land4.x3p", overwrite=True)
    assert "not-a-land" in (reason := refused(folder))
    assert "one_Land4.x3p" in reason
    assert "cartridge case" in reason
    notes = opened(folder, accept=["not-a-land", "mixed-pixels"]).bullet(6).notes
    assert sum(note.startswith("land 4: accepted in spite of not-a-land") for note in notes) == 1


def test_doubtful_files_stop_the_set_until_they_are_accepted(folder: Path) -> None:
    def doubtful(scan: Surface) -> Surface:
        finding = Finding(code="units-in-doubt", severity="doubt", message="is it?")
        return replace(scan, provenance=scan.provenance.model_copy(update={"findings": (finding,)}))

    rewritten(folder / "one_Land5.x3p", doubtful)
    assert "land 5: units-in-doubt" in refused(folder)
    notes = opened(folder, accept=["units-in-doubt"]).bullet(6).notes
    assert any(note.startswith("land 5: accepted in spite of units-in-doubt") for note in notes)


def test_a_land_without_striae_is_left_out_with_its_reason(folder: Path) -> None:
    rewritten(folder / "one_Land2.x3p", lambda scan: scan.derive(np.zeros(scan.shape), step="flat"))
    found = opened(folder)
    assert isinstance(found.lands[2], NoSignature)
    assert found.bullet(6).signatures[1] is None
    assert any(note.startswith("land 2 is left out: ") for note in found.bullet(6).notes)


def test_a_scan_stored_the_other_way_round_is_noted(folder: Path) -> None:
    rewritten(
        folder / "one_Land2.x3p", lambda scan: scan.derive(np.ascontiguousarray(scan.heights.T), step="transposed")
    )
    assert any("land 2 is stored the other way round" in note for note in opened(folder).bullet(6).notes)


def test_lands_are_told_from_other_marks(bullets: Path) -> None:
    assert shows_land(open_surface(bullets / "one" / "one_Land1.x3p"))
    assert not shows_land(breech_face(np.random.default_rng(1), pixel_um=6.25))


def test_real_lands_are_read_without_doubt(data: Path, tmp_path: Path) -> None:
    for number in (1, 2, 4):
        name = f"H252_Barrel1_Bullet2_Land{number}.x3p"
        (tmp_path / name).symlink_to(data / "land" / "hamby252" / name)
    found = opened(tmp_path)
    assert list(found.lands) == [1, 2, 4]
    assert all(isinstance(made, Signature) for made in found.lands.values())
    shutil.copy(data / "land" / "hamby44" / "H44_Barrel1_Bullet1_Land3.x3p", tmp_path)
    assert "mixed-instruments" in refused(tmp_path)
    assert "Sensofar (land 3)" in refused(tmp_path)
