"""Files of instrument makers, through SurfaceTopography."""

from __future__ import annotations

import io
import struct
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import FormatError, ImagingError
from imaging.files import read_bytes
from imaging.formats.vendor import find_vendor_format

HEIGHTS = np.random.default_rng(6).normal(scale=1e-6, size=(7, 9)).astype("<f4")


@pytest.fixture
def library() -> None:
    pytest.importorskip("SurfaceTopography", reason="the extra 'vendor' is not installed", exc_type=ImportError)


def _tmd() -> bytes:
    ny, nx = HEIGHTS.shape
    head = b"Binary TrueMap Data File v2.0\r\n\x00" + b"Created by TrueMap v6\r\n\x00"
    return head + struct.pack("<2I4f", nx, ny, nx * 2.5e-3, ny * 5e-3, 0, 0) + (HEIGHTS * 1e3).tobytes()


def _plu() -> bytes:
    ny, nx = HEIGHTS.shape
    micrometres = HEIGHTS * 1e6
    micrometres[1, 2] = 1000001
    return b"".join(
        (
            b"Wed Sep 12 10:20:30 2018".ljust(128, b"\x00"),
            struct.pack("<I", 0) + b"by the lab".ljust(256, b"\x00"),
            struct.pack("<3I7f", ny, nx, ny, 1, 2.5, 5.0, 0, 0, 1, 0),
            struct.pack("<5I", 3, 0, 0, 0, 1),
            struct.pack("<5IdfII", ny, nx, ny, nx, 1, 0, 0, 1, 0)[:40].ljust(40, b"\x00"),
            struct.pack("<5B3xI", 0, 1, 0, 0, 0, 0),
            struct.pack("<2I", ny, nx) + micrometres.astype("<f4").tobytes() + struct.pack("<2f", 0, 1),
        )
    )


def _plux() -> bytes:
    ny, nx = HEIGHTS.shape
    index = f"""<xml><GENERAL><IMAGE_SIZE_X>{nx}</IMAGE_SIZE_X><IMAGE_SIZE_Y>{ny}</IMAGE_SIZE_Y><FOV_X>2.5</FOV_X>
        <FOV_Y>5.0</FOV_Y><DATE>2018-09-12 10:20:30</DATE></GENERAL>
        <INFO><ITEM_0><NAME>Device</NAME><VALUE>S neox</VALUE></ITEM_0></INFO>
        <LAYER_0><FILENAME_Z>LAYER_0.raw</FILENAME_Z></LAYER_0></xml>"""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.xml", index)
        archive.writestr("LAYER_0.raw", (HEIGHTS * 1e6).astype("<f4").tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name"), [(_tmd(), "TrueMap TMD"), (_plu(), "Sensofar PLU"), (_plux(), "Sensofar PLUX")]
)
@pytest.mark.usefixtures("library")
def test_heights_are_rows_by_columns_in_metres(data: bytes, name: str) -> None:
    surface = read_bytes(data)
    assert surface.provenance.format == name
    assert surface.provenance.reader.startswith("SurfaceTopography ")
    assert surface.shape == HEIGHTS.shape
    np.testing.assert_allclose(surface.spacing, (2.5e-6, 5e-6), rtol=1e-6)
    kept = surface.valid
    assert (~kept).sum() == (name == "Sensofar PLU")
    np.testing.assert_allclose(surface.heights[kept], HEIGHTS[kept], rtol=1e-6)
    assert surface.provenance.doubts == ()


@pytest.mark.usefixtures("library")
def test_metadata_are_text_under_common_names() -> None:
    metadata = read_bytes(_plu()).provenance.metadata
    assert metadata["instrument.manufacturer"] == "Sensofar"
    assert metadata["date"].startswith("2018-09-12T10:20:30")


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SurfaceTopography.IO", None)
    with pytest.raises(FormatError, match=r'TrueMap TMD file.*pip install "forensic-ballistics\[vendor\]"'):
        read_bytes(_tmd())


@pytest.mark.parametrize(
    ("start", "identifier"),
    [
        (b"DIGITAL SURF", "sur"),
        (b"VK4_", "vk"),
        (b"VK6", "vk"),
        (b"GWYP", "gwy"),
        (b"\x01\x00Directory", "opd"),
        (b"VCA DATA\x01", "opdx"),
        (b"\x88\x1b\x03\x70", "metropro"),
        (b"\x89HDF\r\n\x1a\n", "datx"),
        (b"II*\x00 ... <TiffTagDescData", "lext"),
    ],
)
def test_formats_are_told_by_their_content_and_damaged_ones_refused(start: bytes, identifier: str) -> None:
    found = find_vendor_format(start + bytes(600))
    assert found is not None
    assert found[0] == identifier
    with pytest.raises(FormatError, match=found[1]):
        read_bytes(start + bytes(600))


@settings(max_examples=100, deadline=None)
@given(
    seed=st.sampled_from([_tmd(), _plu(), _plux()]),
    place=st.floats(0, 1, exclude_max=True),
    content=st.binary(min_size=1, max_size=6),
    cut=st.integers(0, 60),
)
@pytest.mark.usefixtures("library")
def test_changed_bytes_give_a_surface_or_our_error(seed: bytes, place: float, content: bytes, cut: int) -> None:
    data = bytearray(seed)
    at = int(place * len(data))
    data[at : at + len(content)] = content
    try:
        surface = read_bytes(bytes(data[: len(data) - cut]))
    except ImagingError:
        return
    assert surface.valid.any()
