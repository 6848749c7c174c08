"""AL3D reader, on files built here after the published layout."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import FormatError, ImagingError
from imaging.files import read_bytes

DEPTH_AT = 4_000


def _al3d(
    heights: np.ndarray,
    *,
    row_points: int | None = None,
    tags: dict[str, str] | None = None,
    texture: bytes = b"",
    comment: bytes = b"by the lab",
) -> bytes:
    ny, nx = heights.shape
    stored = np.zeros((ny, row_points or nx + nx % 2), dtype="<f4")
    stored[:, :nx] = heights
    depth = stored.tobytes()
    fields = {
        "Cols": str(nx),
        "Rows": str(ny),
        "DepthImageOffset": str(DEPTH_AT),
        "TextureImageOffset": str(DEPTH_AT + len(depth)) if texture else "0",
        "PixelSizeXMeter": "2.5e-06",
        "PixelSizeYMeter": "3.5e-06",
        "InvalidPixelValue": "1e10",
    } | (tags or {})
    fields = {key: value for key, value in fields.items() if value != "-"}
    lines = {"Version": "1", "TagCount": str(len(fields))} | fields
    header = b"AliconaImaging\x00\r\n"
    header += b"".join(struct.pack("20s30s2s", k.encode(), v.encode(), b"\r\n") for k, v in lines.items())
    header += comment.ljust(254, b"\x00") + b"\r\n"
    return header.ljust(DEPTH_AT, b"\x00") + depth + texture


def _heights(ny: int, nx: int) -> np.ndarray:
    heights = np.random.default_rng(5).normal(scale=1e-6, size=(ny, nx)).astype(np.float32)
    return heights - np.float32(0.007)


@pytest.mark.parametrize("nx", [2, 3, 8, 9, 15])
@pytest.mark.parametrize("padding", ["8 bytes", "8 points", "none"])
@pytest.mark.parametrize("texture", [b"", b"t" * 999])
def test_heights_are_read_whatever_the_width_and_padding(nx: int, padding: str, texture: bytes) -> None:
    heights = _heights(7, nx)
    row = {"8 bytes": nx + nx % 2, "8 points": -(-nx // 8) * 8, "none": nx}[padding]
    surface = read_bytes(_al3d(heights, row_points=row, texture=texture))
    np.testing.assert_array_equal(surface.heights, heights)
    assert surface.heights.dtype == np.float32
    assert surface.spacing == (2.5e-6, 3.5e-6)
    assert surface.provenance.format == "AL3D"
    assert [finding.code for finding in surface.provenance.findings] == ["texture"] * bool(texture)


@pytest.mark.parametrize("invalid", ["1e10", "NaN", ""])
def test_invalid_points_are_missing(invalid: str) -> None:
    heights = _heights(7, 9)
    heights[1, 2] = np.float32("nan") if invalid != "1e10" else np.float32(1e10)
    surface = read_bytes(_al3d(heights, tags={"InvalidPixelValue": invalid}))
    assert np.argwhere(~surface.valid).tolist() == [[1, 2]]


def test_tags_and_comment_become_metadata() -> None:
    metadata = read_bytes(_al3d(_heights(5, 5), tags={"CreatingApplication": "IF 5"})).provenance.metadata
    assert metadata["al3d.CreatingApplication"] == "IF 5"
    assert metadata["instrument.manufacturer"] == "Alicona"
    assert metadata["comment"] == "by the lab"


@pytest.mark.parametrize("nx", [8, 9])
def test_another_reader_agrees(nx: int) -> None:
    io_module = pytest.importorskip("SurfaceTopography.IO", exc_type=ImportError)
    heights = _heights(7, nx)
    data = _al3d(heights)
    other = io_module.open_topography(io.BytesIO(data), format="al3d").topography()
    np.testing.assert_array_equal(read_bytes(data).heights, other.heights().T)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"Cols": "-"}, "tag Cols is ''"),
        ({"Rows": "x"}, "tag Rows is 'x'"),
        ({"PixelSizeXMeter": "-"}, "PixelSizeXMeter is None"),
        ({"PixelSizeYMeter": "2,5"}, "PixelSizeYMeter is '2,5'"),
        ({"PixelSizeYMeter": "-1e-6"}, "mirror"),
        ({"Cols": "2147483648", "Rows": "2147483648"}, "at most"),
        ({"Cols": "0"}, "no heights"),
        ({"Rows": "8"}, "room for"),
        ({"DepthImageOffset": "0"}, "room for|no other single unit|heights do not"),
        ({"DepthImageOffset": "99999999"}, "room for"),
        ({"TagCount": "900"}, "cut off or damaged"),
        ({"TagCount": "99999"}, "at most 1000"),
    ],
)
def test_headers_that_make_no_sense_are_refused(tags: dict[str, str], message: str) -> None:
    data = _al3d(_heights(7, 9), tags={k: v for k, v in tags.items() if k != "TagCount"})
    if "TagCount" in tags:
        at = data.index(b"TagCount") + 20
        data = data[:at] + tags["TagCount"].encode().ljust(30, b"\x00") + data[at + 30 :]
    with pytest.raises(FormatError, match=message):
        read_bytes(data)


def test_truncated_files_are_refused() -> None:
    data = _al3d(_heights(7, 9))
    for length in (20, 300, 800, DEPTH_AT, len(data) // 2, len(data) - 5):
        with pytest.raises(FormatError):
            read_bytes(data[:length])


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 800), content=st.binary(min_size=1, max_size=6))
def test_changed_headers_give_a_surface_or_our_error(place: int, content: bytes) -> None:
    data = bytearray(_al3d(_heights(7, 9)))
    data[place : place + len(content)] = content
    try:
        surface = read_bytes(bytes(data))
    except ImagingError:
        return
    assert surface.valid.any()
