"""Photographs from files: formats, orientation, findings, and what is refused."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from imaging.errors import FileError, FormatError, ParameterError
from imaging.files import write_x3p
from imaging.photo import Light, Photo, Pixels
from imaging.photo_files import is_photo, open_photo
from imaging.surface import Surface

RNG = np.random.default_rng(11)
GREY = RNG.integers(20, 200, (310, 330), dtype=np.uint8)
COLOUR = RNG.integers(20, 200, (310, 330, 3), dtype=np.uint8)
DEEP = GREY.astype(np.uint16) * 250
DEEP_COLOUR = COLOUR.astype(np.uint16) * 250


def pil(pixels: Pixels | Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def tif(pixels: Pixels, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def png48(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", pixels[..., ::-1])[1])


def opened(folder: Path, data: bytes, **options: Any) -> Photo:
    path = folder / "file.bin"
    path.write_bytes(data)
    return open_photo(path, **options)


def codes(photo: Photo) -> list[str]:
    return [finding.code for finding in photo.provenance.findings]


PLANES = np.moveaxis(COLOUR, 2, 0)
LOSSLESS = {
    "PNG grey": (pil(GREY, "PNG"), GREY),
    "PNG colour": (pil(COLOUR, "PNG"), COLOUR),
    "PNG 16": (pil(DEEP, "PNG"), DEEP),
    "PNG 48": (png48(DEEP_COLOUR), DEEP_COLOUR),
    "PNG palette": (pil(Image.fromarray(GREY).convert("P"), "PNG"), GREY),
    "BMP grey": (pil(GREY, "BMP"), GREY),
    "BMP colour": (pil(COLOUR, "BMP"), COLOUR),
    "TIFF grey": (tif(GREY), GREY),
    "TIFF 16": (tif(DEEP), DEEP),
    "TIFF 16 big-endian": (tif(DEEP, byteorder=">"), DEEP),
    "TIFF tiled": (tif(DEEP, tile=(64, 48)), DEEP),
    "TIFF deflate": (tif(DEEP, compression="zlib", predictor=True, rowsperstrip=7), DEEP),
    "TIFF deflate tiled": (tif(COLOUR, compression="zlib", predictor=True, tile=(32, 64)), COLOUR),
    "TIFF 48": (tif(DEEP_COLOUR, photometric="rgb"), DEEP_COLOUR),
    "TIFF planes": (tif(PLANES, photometric="rgb", planarconfig="separate", tile=(64, 64)), COLOUR),
    "TIFF inverted": (tif(255 - GREY, photometric="miniswhite"), GREY),
    "TIFF LZW": (pil(COLOUR, "TIFF", compression="tiff_lzw"), COLOUR),
    "TIFF LZW 16": (pil(DEEP, "TIFF", compression="tiff_lzw"), DEEP),
    "TIFF packbits": (pil(GREY, "TIFF", compression="packbits"), GREY),
    "TIFF palette": (pil(Image.fromarray(GREY).convert("P"), "TIFF"), np.repeat(GREY[..., None], 3, axis=2)),
    "BigTIFF": (tif(GREY, bigtiff=True, tile=(128, 128)), GREY),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_lossless_kind_keeps_its_pixels(tmp_path: Path, name: str) -> None:
    data, pixels = LOSSLESS[name]
    photo = opened(tmp_path, data)
    np.testing.assert_array_equal(photo.pixels, pixels)
    assert photo.pixels.dtype == pixels.dtype
    assert is_photo(tmp_path / "file.bin")
    assert photo.provenance.format == name.split()[0].removeprefix("Big")
    assert photo.provenance.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.provenance.doubts == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "TIFF LZW"])
def test_pictures_are_turned_upright_as_pillow_would(tmp_path: Path, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    options = {"compression": "tiff_lzw"} if kind == "TIFF LZW" else {}
    data = pil(COLOUR[:, :200], kind.split()[0], exif=exif, **options)
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    photo = opened(tmp_path, data, light=Light(kind="side", azimuth_deg=10))
    np.testing.assert_array_equal(photo.pixels, expected)
    assert bool(photo.provenance.steps) == (orientation > 1)
    assert photo.light.azimuth_deg == 10


def test_camera_and_exposure_are_kept_and_places_and_persons_are_not(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272], exif[315], exif[270] = "Maker\x00", "Model", "A. Person", "Case 12"
    exif[0x8769] = {33434: 0.004, 33437: 8.0, 34855: 200, 36867: "2024:11:22 10:11:12", 42033: "serial 7"}
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    photo = opened(tmp_path, pil(COLOUR, "JPEG", exif=exif, quality=95))
    assert photo.provenance.metadata == {
        "instrument.manufacturer": "Maker",
        "instrument.model": "Model",
        "exposure.time_s": "0.004",
        "exposure.f_number": "8",
        "exposure.iso": "200",
        "date": "2024-11-22T10:11:12",
    }
    assert "resolution" not in codes(photo), "a resolution that the file does not state"


@pytest.mark.parametrize(
    "data",
    [
        pil(GREY, "PNG", dpi=(10160, 10160)),
        pil(GREY, "BMP", dpi=(10160, 10160)),
        pil(GREY, "JPEG", dpi=(10160, 10160)),
        tif(GREY, resolution=(4000, 4000), resolutionunit="CENTIMETER"),
        pil(GREY, "TIFF", dpi=(10160, 10160), compression="tiff_lzw"),
    ],
)
def test_a_resolution_is_a_note_and_never_the_scale(tmp_path: Path, data: bytes) -> None:
    photo = opened(tmp_path, data)
    found = next(finding for finding in photo.provenance.findings if finding.code == "resolution")
    assert "2.5 x 2.5 um a pixel" in found.message
    assert found.severity == "note"
    assert photo.pixel_um is None


def test_a_scale_that_is_given_is_used_and_recorded(tmp_path: Path) -> None:
    photo = opened(tmp_path, pil(GREY, "PNG"), pixel_um=2.53)
    assert photo.pixel_um == 2.53
    assert photo.provenance.steps == ("scale 2.53 um a pixel, given",)


@pytest.mark.parametrize(("quality", "severity"), [(40, "doubt"), (74, "doubt"), (75, "note"), (92, "note")])
def test_jpeg_quality_is_read_from_its_tables(tmp_path: Path, quality: int, severity: str) -> None:
    photo = opened(tmp_path, pil(COLOUR, "JPEG", quality=quality))
    lossy = photo.provenance.findings[0]
    assert (lossy.code, lossy.severity) == ("lossy", severity)
    assert f"quality {quality} " in lossy.message


def test_jpeg_in_tiff_is_lossy_too(tmp_path: Path) -> None:
    photo = opened(tmp_path, pil(COLOUR, "TIFF", compression="jpeg"))
    assert "lossy" in codes(photo)
    assert np.abs(photo.pixels.mean(axis=(0, 1)) - COLOUR.mean(axis=(0, 1))).max() < 3


def with_share(level: int, share: float, dtype: type = np.uint8) -> Pixels:
    pixels = GREY.astype(dtype)
    pixels.ravel()[: int(share * pixels.size)] = level
    return pixels


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (GREY, []),
        (with_share(255, 0.005), []),
        (with_share(255, 0.03), ["saturated note"]),
        (with_share(255, 0.2), ["saturated doubt"]),
        (with_share(4095, 0.2, np.uint16), ["saturated doubt"]),
        (with_share(4000, 0.2, np.uint16), []),
        (GREY // 8, ["dark note"]),
        (np.zeros_like(GREY), ["dark note", "blank doubt"]),
        (np.full_like(GREY, 255), ["saturated doubt", "blank doubt"]),
        (GREY // 50 + 100, ["blank doubt"]),
        (GREY[:299], ["small note"]),
        (np.dstack([GREY, GREY, np.full_like(GREY, 255)]), ["saturated doubt", "blank doubt"]),
    ],
)
def test_exposure_and_size_are_judged(tmp_path: Path, pixels: Pixels, expected: list[str]) -> None:
    photo = opened(tmp_path, pil(pixels, "PNG"))
    assert [f"{finding.code} {finding.severity}" for finding in photo.provenance.findings] == expected


def test_transparency_is_left_out_with_a_note(tmp_path: Path) -> None:
    alpha = np.dstack([COLOUR, GREY])
    deep = np.dstack([DEEP_COLOUR[..., ::-1], DEEP])
    for data, pixels in (
        (pil(alpha, "PNG"), COLOUR),
        (bytes(cv2.imencode(".png", deep)[1]), DEEP_COLOUR),
        (tif(alpha, photometric="rgb", extrasamples=["unassalpha"]), COLOUR),
        (pil(alpha, "TIFF", compression="tiff_lzw"), COLOUR),
        (pil(Image.fromarray(np.dstack([GREY, GREY[::-1]]), "LA"), "PNG"), GREY),
    ):
        photo = opened(tmp_path, data)
        np.testing.assert_array_equal(photo.pixels, pixels)
        assert "alpha" in codes(photo)


def test_the_first_of_several_pages_or_frames_is_read(tmp_path: Path) -> None:
    pages = tif(np.stack([GREY, 255 - GREY]), photometric="minisblack")
    frames = pil(
        Image.fromarray(GREY), "PNG", save_all=True, append_images=[Image.fromarray(255 - GREY)], duration=90
    )
    for data in (pages, frames):
        photo = opened(tmp_path, data)
        np.testing.assert_array_equal(photo.pixels, GREY)
        assert "pages" in codes(photo)


def test_a_colour_profile_is_no_obstacle(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert codes(opened(tmp_path, pil(COLOUR, "PNG", icc_profile=profile))) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pil(Image.fromarray(GREY > 99), "PNG"), "kind 1 found"),
        (pil(Image.fromarray(COLOUR).convert("CMYK"), "JPEG"), "kind CMYK found"),
        (tif(GREY.astype(np.float32)), "may hold heights"),
        (tif(GREY.astype(np.int16)), "may hold heights"),
        (tif(np.dstack([COLOUR, GREY]), photometric="separated"), "colours of kind 5"),
        (pil(Image.fromarray(GREY > 99), "TIFF"), "1 bits"),
        (pil(GREY, "GIF"), "A GIF file found"),
        (pil(GREY, "WEBP"), "A WebP file found"),
        (b"%PDF-1.7 ...", "A PDF file found"),
        (b"VK4_" + bytes(99), "Keyence VK4 file found, which holds heights"),
        (tif(GREY) + b"TiffTagDescData", "Olympus LEXT file found, which holds heights"),
        (b"aISO-1.0" + bytes(99), "A scan found, which holds heights"),
        (b"BMW is no picture at all", "no photograph found"),
    ],
)
def test_what_is_no_photograph_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        opened(tmp_path, data)


def test_a_scan_is_no_photo(tmp_path: Path) -> None:
    path = write_x3p(Surface(heights=np.eye(9) * 1e-6, spacing=(1e-6, 1e-6)), tmp_path / "photo.png")
    assert not is_photo(path)
    with pytest.raises(FormatError, match=r"photo.png: An X3P file found"):
        open_photo(path)
    lext = tmp_path / "lext.tif"
    lext.write_bytes(tif(GREY) + b"TiffTagDescData")
    assert not is_photo(lext)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for function in (is_photo, open_photo):
        with pytest.raises(FileError, match=r"gone\.png cannot be read"):
            function(tmp_path / "gone.png")
    with pytest.raises(ParameterError, match="megapixels"):
        opened(tmp_path, pil(GREY, "PNG"), most_megapixels=0)


@pytest.mark.parametrize("name", LOSSLESS)
def test_truncated_files_are_refused(tmp_path: Path, name: str) -> None:
    data, _ = LOSSLESS[name]
    for share in (0.02, 0.5, 0.95):
        with pytest.raises(FormatError):
            opened(tmp_path, data[: int(share * len(data))])


def test_a_truncated_jpeg_is_refused(tmp_path: Path) -> None:
    data = pil(COLOUR, "JPEG")
    with pytest.raises(FormatError, match="incomplete"):
        opened(tmp_path, data[: len(data) // 2])


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(nx: int, ny: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", nx, ny, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def patched(data: bytes, **tags: int) -> bytes:
    """Change tags of a TIFF file that hold one number."""
    changed = bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for name, value in tags.items():
            tag = file.pages.first.tags[name]
            struct.pack_into("<I" if tag.dtype == 4 else "<H", changed, tag.valueoffset, value)
    return bytes(changed)


def deflated(length: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(length >> 20)) + packer.flush()


ZERO_STRIP = tif(np.zeros((64, 64), np.uint8), compression="zlib", rowsperstrip=64)
TEXT_BOMB = deflated(100 << 20)
BOMBS = {
    "PNG of 4 gigapixels": (png(65535, 65535, chunk(b"IDAT", b"")), "4295 megapixels"),
    "PNG of 250 megapixels of nothing": (png(25000, 10000, chunk(b"IDAT", deflated(2**20))), "times the size"),
    "PNG with a text of 100 MB": (png(9, 9, chunk(b"zTXt", b"a\0\0" + TEXT_BOMB)), "too large"),
    "PNG with a profile of 100 MB": (png(9, 9, chunk(b"iCCP", b"a\0\0" + TEXT_BOMB)), "too large"),
    "TIFF of 4 gigapixels": (
        patched(tif(GREY), ImageWidth=65535, ImageLength=65535, RowsPerStrip=65535),
        "megapixels",
    ),
    "TIFF with a strip beyond its end": (patched(tif(GREY), StripByteCounts=2**31), "lies at byte"),
    "BMP of 4 gigapixels": (
        pil(GREY, "BMP")[:18] + struct.pack("<ii", 65535, 65535) + pil(GREY, "BMP")[26:],
        "megapixels",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_without_memory(tmp_path: Path, name: str) -> None:
    data, message = BOMBS[name]
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=message):
            opened(tmp_path, data)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_a_strip_is_unpacked_only_as_far_as_its_pixels_reach(tmp_path: Path) -> None:
    bomb = TEXT_BOMB
    data = patched(ZERO_STRIP, StripOffsets=len(ZERO_STRIP), StripByteCounts=len(bomb)) + bomb
    tracemalloc.start()
    try:
        photo = opened(tmp_path, data)
        assert photo.pixels.max() == 0
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_pillows_own_limit_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    limit = PngImagePlugin.MAX_TEXT_CHUNK
    assert opened(tmp_path, pil(COLOUR[:20, :40], "PNG")).shape == (20, 40)
    assert limit == PngImagePlugin.MAX_TEXT_CHUNK
    with pytest.raises(FormatError, match=r"at most 0\.1 are read"):
        opened(tmp_path, pil(COLOUR, "PNG"), most_megapixels=0.1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_200_megapixels_open_and_shrink_within_1500_megabytes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "large.bin"
    pixels = np.tile(RNG.integers(0, 200, (100, 100), dtype=np.uint8), (134, 150))
    if kind == "TIFF":
        tifffile.imwrite(path, pixels, tile=(512, 512), compression="zlib", compressionargs={"level": 1})
    else:
        rows = np.hstack([np.zeros((len(pixels), 1), np.uint8), pixels])
        path.write_bytes(png(15000, 13400, chunk(b"IDAT", zlib.compress(rows, 1))))
    program = (
        "import sys; from pathlib import Path; from imaging.photo_files import open_photo;"
        "photo = open_photo(sys.argv[1]); small = photo.reduce(4);"
        "own = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0];"
        "print(*photo.shape, *small.shape, small.grey.mean(), own)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    ny, nx, less_ny, less_nx, mean, peak_kb = (float(word) for word in done.stdout.split())
    assert (ny, nx, less_ny, less_nx) == (13400, 15000, 3350, 3750)
    assert mean == pytest.approx(pixels.mean() / 255, abs=0.003)
    assert peak_kb < 1.5e6


def test_the_reader_survives_damage(tmp_path: Path) -> None:
    """Files with wrong bytes open or are refused, and nothing else."""
    small = {name: data for name, (data, _) in LOSSLESS.items() if len(data) < 250_000}
    for k in range(600):
        data = bytearray(list(small.values())[k % len(small)])
        places = RNG.integers(0, 300 if k % 2 else len(data), 4)
        for place in places:
            data[place] = int(RNG.choice([0, 1, 127, 128, 255, RNG.integers(256)]))
        try:
            photo = opened(tmp_path, bytes(data))
        except FormatError:
            continue
        assert photo.pixels.size > 0


def test_real_photographs_open(data: Path) -> None:
    for path in sorted((data / "images_2d").glob("*.png")):
        photo = open_photo(path, light=Light(kind="ring"))
        assert photo.shape == (1944, 2592)
        assert codes(photo) == ["resolution", "saturated"]
        assert photo.provenance.doubts == ()
        assert photo.pixel_um is None
