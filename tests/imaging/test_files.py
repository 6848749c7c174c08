"""Opening any file by its content, files that are no scans, and writing to disk."""

from __future__ import annotations

import csv
import hashlib
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import sdfio

from imaging.errors import FileError, FormatError, ParameterError
from imaging.files import open_surface, read_bytes, write_x3p
from imaging.formats.x3p_writer import encode_x3p
from imaging.surface import Surface

HEIGHTS = np.random.default_rng(4).normal(scale=1e-6, size=(7, 9))
SURFACE = Surface(heights=HEIGHTS, spacing=(2e-6, 3e-6))

X3PIO, VERITY = "x3pio", "verity-x3p"
WILD = [
    # name, (ny, nx), pixel in um, smallest and largest height in um, missing points, doubts, reader
    ("Barrel_1-Bullet_1-Land_1", (85, 303), 7.8125, -84.65427526971325, 74.6012301533483, 1384, [], X3PIO),
    ("Fadul_1-1", (545, 545), 6.25, -8.91717207307249, 9.664306228576818, 214483, [], X3PIO),
    ("Klein_replica_mode_X3P_Alicona", (924, 924), 0.87478882, -7010.936737, -6612.623110, 9227, [], X3PIO),
    ("K227iG3_original", (428, 426), 7.3774, -7.95467074, 11.83629222, 118251, ["units-in-doubt"], VERITY),
    ("csafe-logo", (419, 741), 0.645, 0.2078431, 0.8274510, 0, ["checksum-failed", "z-increment"], X3PIO),
    ("hamby44_mum_Land_1", (85, 303), 7.8125, -84.6542752697, 74.601230153, 1384, ["units-in-doubt"], X3PIO),
    ("pyramid", (5, 5), 1.0, 2.0, 10.0, 0, ["units-in-doubt"], X3PIO),
    ("sample-land", (256, 918), 2.58, -79.47348058, 52.49858077, 25292, [], VERITY),
    ("testing", (20, 30), 27.4999996, -23.818902671, 8.962339721620, 0, ["units-in-doubt"], X3PIO),
]


@pytest.mark.parametrize(("name", "shape", "pixel_um", "low", "high", "missing", "doubts", "reader"), WILD)
def test_files_from_the_wild_open_with_the_right_heights(
    data: Path,
    name: str,
    shape: tuple[int, int],
    pixel_um: float,
    low: float,
    high: float,
    missing: int,
    doubts: list[str],
    reader: str,
) -> None:
    surface = open_surface(data / "x3p_in_the_wild" / f"{name}.x3p")
    assert surface.shape == shape
    assert surface.pixel_um == pytest.approx(pixel_um, rel=1e-8)
    assert np.nanmin(surface.heights) * 1e6 == pytest.approx(low, rel=1e-6)
    assert np.nanmax(surface.heights) * 1e6 == pytest.approx(high, rel=1e-6)
    assert (~surface.valid).sum() == missing
    assert [finding.code for finding in surface.provenance.doubts] == doubts
    assert surface.provenance.reader.startswith(reader)


def test_heights_that_are_grey_values_are_refused_and_open_with_a_stated_unit(data: Path) -> None:
    path = data / "x3p_in_the_wild" / "circle.x3p"
    with pytest.raises(FormatError, match="pixels make sense in metres, the heights do not"):
        open_surface(path)
    surface = open_surface(path, height_units="um")
    assert surface.pixel_um == pytest.approx(0.87654321, rel=1e-9)
    assert np.nanmax(surface.heights) == pytest.approx(247e-6)
    assert surface.provenance.doubts == ()


def test_the_same_land_in_metres_and_micrometres_is_the_same_surface(data: Path) -> None:
    metres = open_surface(data / "x3p_in_the_wild" / "Barrel_1-Bullet_1-Land_1.x3p")
    micrometres = open_surface(data / "x3p_in_the_wild" / "hamby44_mum_Land_1.x3p", units="um")
    np.testing.assert_allclose(micrometres.heights, metres.heights, rtol=1e-6)
    assert micrometres.spacing == metres.spacing
    assert micrometres.provenance.doubts == ()


def test_real_scans_open_without_doubts_as_the_manifest_says(data: Path) -> None:
    with (data / "MANIFEST.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] in ("breech-face", "land")]
    for row in rows[::11]:
        surface = open_surface(data / row["file"])
        assert surface.provenance.doubts == (), row["file"]
        assert surface.provenance.sha256 == row["sha256"]
        assert surface.pixel_um == pytest.approx(float(row["pixel_um"]), rel=1e-5)


def test_the_name_does_not_matter_and_the_provenance_holds_path_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encode_x3p(SURFACE))
    surface = open_surface(path)
    np.testing.assert_array_equal(surface.heights, HEIGHTS)
    assert surface.provenance.path == str(path)
    assert surface.provenance.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_surface(str(path)).digest() == surface.digest()


def test_a_stated_unit_is_noted_and_an_unknown_one_refused(tmp_path: Path) -> None:
    path = write_x3p(Surface(heights=HEIGHTS, spacing=(5e-3, 5e-3)), tmp_path / "a.x3p")
    assert [f.code for f in open_surface(path).provenance.findings] == ["scale-in-doubt"]
    assert [f.code for f in open_surface(path, units="m").provenance.findings] == ["units-stated"]
    assert open_surface(path, units="mm", height_units="m").pixel_um == pytest.approx(5.0)
    with pytest.raises(ParameterError):
        open_surface(path, units="inch")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(600), "PNG file found: a photograph"),
        (b"\xff\xd8\xff\xe0" + bytes(600), "JPEG file found: a photograph"),
        (b"II*\x00" + bytes(600), "TIFF file found: a photograph"),
        (b"MM\x00*" + bytes(600), "TIFF file found: a photograph"),
        (b"BM\x36\x00\x00\x00" + bytes(600), "BMP file found: a photograph"),
        (b"GIF89a" + bytes(600), "GIF file found"),
        (b"RIFF\x00\x00\x00\x00WEBP" + bytes(600), "WebP file found: a photograph"),
        (b"%PDF-1.7\n", "PDF file found: a document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a document"),
        (b"solid mark\n", "STL file found: a mesh"),
        (b"\x1f\x8b\x08" + bytes(60), "unpack it first"),
        (b"x,y,z\n1,2,3\n", "no known scan format"),
        (b"\x00", "no known scan format"),
        (b"", "no known scan format"),
        (b"PK\x05\x06" + bytes(18), "it holds nothing"),
        (b"PK\x03\x04" + bytes(60), "damaged zip"),
    ],
)
def test_what_is_no_scan_is_called_by_its_name(content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_bytes(content)


def test_office_files_are_called_documents(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    openpyxl.Workbook().save(tmp_path / "scan.x3p")
    with pytest.raises(FormatError, match=r"scan\.x3p: An Office file"):
        open_surface(tmp_path / "scan.x3p")


def test_real_photographs_are_refused(data: Path) -> None:
    with pytest.raises(FormatError, match="photograph"):
        open_surface(data / "images_2d" / "NBIDE_R_BF_118.png")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.x3p").touch()
    for name, message in (
        ("missing.x3p", "No such file"),
        ("empty.x3p", "empty"),
        (".", "not a plain file"),
        ("a\x00b", "null"),
    ):
        with pytest.raises(FileError, match=message):
            open_surface(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not a plain file"):
        open_surface(tmp_path / "pipe")


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_x3p(SURFACE, tmp_path / "a.x3p")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FileError, match="Permission denied"):
        open_surface(path)


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.x3p"
    with path.open("wb") as stream:
        stream.truncate(2**31 + 1)
    with pytest.raises(FileError, match="2147483649 bytes"):
        open_surface(path)


@pytest.mark.parametrize("grow", [b"", b"more"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grow: bytes
) -> None:
    path = write_x3p(SURFACE, tmp_path / "a.x3p")
    read = Path.read_bytes

    def read_and_change(place: Path) -> bytes:
        content = read(place)
        place.write_bytes(content + grow)
        os.utime(place, ns=(1, 1))
        return content

    monkeypatch.setattr(Path, "read_bytes", read_and_change)
    with pytest.raises(FileError, match="changed while it was read"):
        open_surface(path)


@pytest.mark.parametrize("file_format", list(sdfio.FileFormat))
@pytest.mark.parametrize("data_type", [sdfio.DataType.BINARY64, sdfio.DataType.INT32])
def test_sdf_files_are_read(file_format: sdfio.FileFormat, data_type: sdfio.DataType) -> None:
    heights = HEIGHTS.copy()
    heights[1, 2] = np.nan
    file = sdfio.SdfFile.from_array(
        heights,
        x_scale=2e-6,
        y_scale=3e-6,
        format=file_format,
        metadata=sdfio.Metadata(manufacturer_id="acme", data_type=data_type),
    )
    file.trailer_fields = {"OperatorName": "A. Examiner"}
    surface = read_bytes(file.dumps())
    np.testing.assert_allclose(surface.heights, heights, rtol=0, atol=1e-14)
    assert surface.spacing == (2e-6, 3e-6)
    assert surface.provenance.format == "SDF ISO-2.0"
    assert surface.provenance.metadata["instrument.manufacturer"] == "acme"
    assert surface.provenance.metadata["sdf.OperatorName"] == "A. Examiner"
    assert b"OperatorName" in surface.attachments["trailer.txt"]
    with pytest.raises(FormatError):
        read_bytes(file.dumps()[:-400])


def test_sdf_profiles_and_huge_sdf_sizes_are_refused() -> None:
    profile = sdfio.SdfFile.from_array(HEIGHTS[:1], x_scale=2e-6, y_scale=3e-6)
    with pytest.raises(FormatError, match="a profile"):
        read_bytes(profile.dumps())
    data = bytearray(sdfio.SdfFile.from_array(HEIGHTS, x_scale=2e-6, y_scale=3e-6).dumps())
    data[42:50] = b"\xff" * 8
    with pytest.raises(FormatError, match="end of file"):
        read_bytes(bytes(data))


def test_a_fault_of_a_library_becomes_our_error_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("imaging.files.read_x3p", fail)
    with pytest.raises(FormatError, match="ZeroDivisionError: inside") as caught:
        read_bytes(encode_x3p(SURFACE))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_written_files_are_complete_and_never_replaced_by_accident(tmp_path: Path) -> None:
    path = write_x3p(SURFACE, tmp_path / "a.x3p", metadata={"creator": "A. Examiner"})
    first = path.read_bytes()
    assert open_surface(path).provenance.metadata == {"creator": "A. Examiner"}
    with pytest.raises(FileError, match="exists"):
        write_x3p(SURFACE, path, dtype="float32")
    assert path.read_bytes() == first
    assert write_x3p(SURFACE, path, dtype="float32", overwrite=True) == path
    assert open_surface(path).heights.dtype == np.float32
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.x3p"]


def test_places_that_cannot_be_written_are_named_and_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for name in ("missing/a.x3p", "file/a.x3p", "folder"):
        with pytest.raises(FileError, match="cannot be written"):
            write_x3p(SURFACE, tmp_path / name, overwrite=True)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left"):
        write_x3p(SURFACE, tmp_path / "a.x3p")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_no_warning_leaves_the_reader(data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_surface(data / "x3p_in_the_wild" / "Fadul_1-1.x3p")
