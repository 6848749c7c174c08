"""X3P writer: what is written comes back bit for bit, and other readers agree under full checks."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import verity_x3p
import x3pio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imaging.errors import ParameterError, SurfaceError
from imaging.files import open_surface, read_bytes
from imaging.formats.container import read_members
from imaging.formats.x3p_writer import encode_x3p, is_date_time
from imaging.surface import Finding, Provenance, Surface

FULL = {
    "date": "2024-02-29T12:00:00Z",
    "creator": "A. Examiner & Ž. Petrović",
    "instrument.manufacturer": "Sensofar",
    "instrument.model": "S neox",
    "instrument.serial": "7",
    "instrument.version": "6.2",
    "calibration_date": "2024-01-01T00:00:00+01:00",
    "probing_system.type": "NonContacting",
    "probing_system.identification": "20x",
    "comment": "right-hand <twist>",
    "vendor_specific_id": "http://www.example.org/a.xml",
    "note of the lab": "kept beside the standard's own",
}


def _mark(dtype: str = "float64") -> Surface:
    heights = np.random.default_rng(3).normal(scale=1e-6, size=(7, 9)).astype(dtype)
    heights[2, 3:5] = np.nan
    return Surface(heights=heights, spacing=(1.5625e-6, 3.125e-6))


def _told(metadata: dict[str, str], surface: Surface | None = None) -> Surface:
    base = surface or _mark()
    return Surface(heights=base.heights, spacing=base.spacing, provenance=Provenance(metadata=metadata))


@st.composite
def _surfaces(draw: st.DrawFn) -> Surface:
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12))
    width = 32 if dtype == np.float32 else 64
    values = st.one_of(
        st.floats(-4e-3, 4e-3, width=width, allow_nan=False)
        if width == 64
        else st.floats(-0.00390625, 0.00390625, width=32),
        st.just(float("nan")),
        st.just(-0.0),
    )
    heights = draw(hnp.arrays(dtype, shape, elements=values))
    heights[0, 0] = 0.0
    step = st.floats(5e-8, 1e-4)
    text = st.text(
        st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn", "Cc", "Z"]),
        min_size=1,
        max_size=8,
    )
    keys = st.sampled_from([*FULL, "other"])
    known = st.dictionaries(keys, text, max_size=4)
    return Surface(
        heights=heights,
        spacing=(draw(step), draw(step)),
        provenance=Provenance(metadata=draw(known), steps=("levelled",)),
        attachments=draw(st.dictionaries(st.sampled_from(["a.xml", "bindata/mask.png"]), st.binary(max_size=9))),
    )


@settings(max_examples=60, deadline=None)
@given(surface=_surfaces())
def test_what_is_written_is_what_is_read(surface: Surface) -> None:
    data = encode_x3p(surface)
    again = read_bytes(data)
    assert again.heights.dtype == surface.heights.dtype
    np.testing.assert_array_equal(again.valid, surface.valid)
    kept = surface.valid
    assert again.heights[kept].tobytes() == surface.heights[kept].tobytes()
    assert again.spacing == surface.spacing
    assert again.provenance.metadata == surface.provenance.metadata
    assert again.provenance.steps == surface.provenance.steps
    assert dict(again.attachments) == dict(surface.attachments)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("metadata", [{}, FULL, {"date": "N/A", "creator": "x"}])
def test_other_readers_agree_under_full_checks(tmp_path: Path, dtype: str, metadata: dict[str, str]) -> None:
    surface = _told(metadata, _mark(dtype))
    data = encode_x3p(surface)
    (tmp_path / "a.x3p").write_bytes(data)
    first = x3pio.read(io.BytesIO(data), verify=True)
    second = verity_x3p.read_x3p(str(tmp_path / "a.x3p"))
    for heights in (first.layers[0].z, second.data):
        np.testing.assert_array_equal(heights, surface.heights)
    assert (first.header.x.increment, first.header.y.increment) == surface.spacing
    assert (second.increment_x, second.increment_y) == surface.spacing
    assert first.header.z.increment == 1.0
    if metadata is FULL:
        assert first.metadata is not None
        assert first.metadata.creator == FULL["creator"]
        assert first.metadata.comment == FULL["comment"]
        assert first.metadata.instrument.serial == "7"
        assert first.metadata.probing_system.type is x3pio.ProbingType.NON_CONTACTING
        assert first.extensions.vendor_ids == [FULL["vendor_specific_id"]]
    else:
        assert first.metadata is None


def test_the_mask_marks_missing_points_and_is_left_out_when_none_are() -> None:
    surface = _mark()
    members = read_members(encode_x3p(surface))
    bits = np.unpackbits(np.frombuffer(members["bindata/valid.bin"], np.uint8), bitorder="little")[:63]
    np.testing.assert_array_equal(bits.reshape(7, 9), surface.valid)
    full = Surface(heights=np.nan_to_num(surface.heights), spacing=surface.spacing)
    assert "bindata/valid.bin" not in read_members(encode_x3p(full))


ORDER = """
    Record1 Revision FeatureType Axes CX AxisType DataType Increment Offset CY CZ
    Record2 Date Creator Instrument Manufacturer Model Serial Version CalibrationDate ProbingSystem Type
    Identification Comment
    Record3 MatrixDimension SizeX SizeY SizeZ DataLink PointDataLink MD5ChecksumPointData ValidPointsLink
    MD5ChecksumValidPoints
    Record4 ChecksumFile VendorSpecificID
"""


def test_elements_stand_in_the_order_of_the_schema() -> None:
    main = read_members(encode_x3p(_told(FULL)))["main.xml"].decode()
    order = re.findall(r"\w+", ORDER)
    places = [main.index(f"<{name}>") for name in order]
    assert places == sorted(places)
    assert main.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<p:ISO5436_2 xmlns:p=\"http://www.opengps.eu")


@pytest.mark.parametrize(
    ("changes", "revision", "record2"),
    [
        ({}, "ISO5436 - 2000", True),
        ({"calibration_date": ""}, "ISO25178-72:2017/DAM1", True),
        ({"calibration_date": "2024-01-01"}, "ISO25178-72:2017/DAM1", True),
        ({"vendor_specific_id": "http://a.b/c; http://a.b/d"}, "ISO25178-72:2017/DAM1", True),
        ({"date": "2023-02-29T12:00:00"}, "ISO5436 - 2000", False),
        ({"probing_system.type": "N/A"}, "ISO5436 - 2000", False),
    ],
)
def test_the_edition_is_the_first_that_allows_the_record(
    changes: dict[str, str], revision: str, record2: bool
) -> None:
    main = read_members(encode_x3p(_told(FULL), metadata=changes))["main.xml"].decode()
    assert f"<Revision>{revision}</Revision>" in main
    assert ("<Record2>" in main) is record2


def test_the_same_surface_gives_the_same_bytes_whatever_bits_mark_missing_points() -> None:
    surface = _mark()
    other = surface.heights.copy()
    other.view(np.uint64)[2, 3] = 0xFFF8_0000_0000_07A2
    assert np.isnan(other[2, 3])
    assert encode_x3p(surface) == encode_x3p(Surface(heights=other, spacing=surface.spacing))


def test_float32_is_written_when_asked_for() -> None:
    surface = _mark()
    again = read_bytes(encode_x3p(surface, dtype="float32"))
    np.testing.assert_array_equal(again.heights, surface.heights.astype(np.float32))


def test_doubts_steps_and_the_hash_of_the_source_outlive_writing(data: Path) -> None:
    source = open_surface(data / "x3p_in_the_wild" / "K227iG3_original.x3p")
    prepared = source.derive(source.heights, step="levelled")
    again = read_bytes(encode_x3p(prepared))
    assert [finding.code for finding in again.provenance.doubts] == ["units-in-doubt"]
    assert again.provenance.steps == ("levelled",)
    assert again.provenance.metadata["origin.sha256"] == source.provenance.sha256
    assert again.attachments["bindata/mask.png"] == source.attachments["bindata/mask.png"]
    np.testing.assert_array_equal(again.heights, source.heights)
    third = read_bytes(encode_x3p(again))
    assert third.provenance.metadata == again.provenance.metadata
    assert third.provenance.findings == again.provenance.findings


def test_the_path_of_the_source_is_not_written() -> None:
    surface = _mark()
    provenance = Provenance(path="/secret/case 7.x3p", findings=(Finding(code="a", severity="note", message="b"),))
    data = encode_x3p(Surface(heights=surface.heights, spacing=surface.spacing, provenance=provenance))
    assert all(b"secret" not in content for content in read_members(data).values())


@pytest.mark.parametrize("name", ["main.xml", "md5checksum.hex", "bindata/data.bin", "../a", "/a", "C:/a"])
def test_attachments_cannot_take_the_names_of_the_format_or_leave_it(name: str) -> None:
    surface = _mark()
    with pytest.raises(ParameterError, match="attachment"):
        encode_x3p(Surface(heights=surface.heights, spacing=surface.spacing, attachments={name: b""}))


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(ParameterError, match="dtype='int16'"):
        encode_x3p(_mark(), dtype="int16")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="'creator' hold"):
        encode_x3p(_mark(), metadata={"creator": "a\x01b"})
    with pytest.raises(SurfaceError, match="measured"):
        encode_x3p(Surface(heights=np.full((3, 3), np.nan), spacing=(1e-6, 1e-6)))
    with pytest.raises(SurfaceError, match="two rows"):
        encode_x3p(Surface(heights=np.zeros((1, 3)), spacing=(1e-6, 1e-6)))
    with pytest.raises(SurfaceError, match="float32"):
        encode_x3p(Surface(heights=np.full((3, 3), 1e300), spacing=(1e-6, 1e-6)), dtype="float32")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2024-02-29T12:00:00", True),
        ("2024-02-29T12:00:00.5Z", True),
        ("2024-02-29T12:00:00-05:00", True),
        ("2023-02-29T12:00:00", False),
        ("2024-02-29", False),
        ("2024-02-29 12:00:00", False),
        ("Date of Calibration", False),
        ("", False),
    ],
)
def test_dates_with_time_are_told_from_other_texts(text: str, is_one: bool) -> None:
    assert is_date_time(text) is is_one
