"""Zip containers: what is unpacked, what is refused, and that packing is fixed."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import FormatError
from imaging.formats.container import pack, read_members


def _zip(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def _flagged_as_encrypted(data: bytes) -> bytes:
    changed = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[data.index(signature) + at] |= 1
    return bytes(changed)


@settings(max_examples=20, deadline=None)
@given(
    members=st.dictionaries(
        st.text("abc/", min_size=1, max_size=6).map(lambda s: f"x{s}y"), st.binary(max_size=50)
    ),
    compress=st.booleans(),
)
def test_packed_members_come_back_in_order(members: dict[str, bytes], compress: bool) -> None:
    packed = pack(members, compress=compress)
    assert list(read_members(packed).items()) == list(members.items())
    assert packed == pack(members, compress=compress)


def test_folders_and_system_files_are_left_out_and_backslashes_read_as_slashes() -> None:
    data = _zip(
        ("scan/", b""),
        ("scan\\main.xml", b"m"),
        ("__MACOSX/scan/._main.xml", b"j"),
        ("scan/.DS_Store", b"j"),
        ("scan/bindata/Thumbs.db", b"j"),
        ("scan/._data.bin", b"j"),
    )
    assert read_members(data) == {"scan/main.xml": b"m"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_zip(("../main.xml", b"")), "leads out"),
        (_zip(("a/../../main.xml", b"")), "leads out"),
        (_zip(("..\\main.xml", b"")), "leads out"),
        (_zip(("/etc/passwd", b"")), "leads out"),
        (_zip(("C:\\main.xml", b"")), "leads out"),
        (_zip(*((f"{i}", b"") for i in range(1001))), "1001 entries"),
        (_zip(("zeros", bytes(2**26 + 1))), "zip bomb"),
        (_zip(("a", b"1"), method=zipfile.ZIP_BZIP2), "method 12"),
        (_flagged_as_encrypted(_zip(("a", b"1"))), "encrypted"),
        (_zip(("a", b"1"))[:-10], "damaged"),
        (b"PK\x03\x04", "damaged"),
        (_zip(("a", b"12345"), method=zipfile.ZIP_STORED).replace(b"12345", b"12346"), "cannot be unpacked"),
    ],
)
def test_unsafe_and_damaged_archives_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_members(data)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(FormatError, match="twice"):
        read_members(_zip(("main.xml", b"1"), ("main.xml", b"2")))


def test_many_entries_over_the_same_bytes_are_refused_by_their_sum() -> None:
    data = _zip(*((f"zeros{i}", bytes(2**23)) for i in range(9)))
    with pytest.raises(FormatError, match="zip bomb"):
        read_members(data)
