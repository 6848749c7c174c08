"""X3P reader: known answers, every tolerated and refused deviation, and bytes that nobody meant."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import verity_x3p
import x3pio
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import FormatError, ImagingError
from imaging.files import open_surface, read_bytes
from imaging.formats.container import pack, read_members
from imaging.formats.x3p_records import flatten, parse_xml
from imaging.formats.x3p_writer import encode_x3p
from imaging.surface import Surface

NY, NX = 6, 5
HEIGHTS = (np.arange(NY * NX, dtype=np.float32).reshape(NY, NX) % 7 - 3) * np.float32(1e-6)
SOURCE = Surface(heights=HEIGHTS, spacing=(2e-6, 3e-6))

Members = dict[str, bytes]
Edit = Callable[[Members], None]


def _sealed(members: Members) -> bytes:
    """Pack members with checksums that fit, as a program would that writes such a file."""
    main = members["main.xml"]
    for link, name in ((b"PointData", "bindata/data.bin"), (b"ValidPoints", "bindata/valid.bin")):
        start = main.find(b"<MD5Checksum" + link + b">") + len(link) + 13
        if start > len(link) + 13 and name in members:
            digest = hashlib.md5(members[name]).hexdigest().encode()
            main = main[:start] + digest + main[start + 32 :]
    members["main.xml"] = main
    members["md5checksum.hex"] = hashlib.md5(main).hexdigest().encode() + b" *main.xml\n"
    return pack(members)


def _replaced(*pairs: tuple[str, str]) -> Edit:
    def edit(members: Members) -> None:
        main = members["main.xml"].decode()
        for old, new in pairs:
            assert old in main
            main = main.replace(old, new)
        members["main.xml"] = main.encode()

    return edit


def _stored(array: np.ndarray, data_type: str, increment: float = 1.0) -> Edit:
    def edit(members: Members) -> None:
        members["bindata/data.bin"] = array.tobytes()
        axis = (
            f"<AxisType>A</AxisType>\n        <DataType>{data_type}</DataType>\n        <Increment>{increment!r}<"
        )
        _replaced(("<AxisType>A</AxisType>\n        <DataType>F</DataType>\n        <Increment>1.0<", axis))(
            members
        )

    return edit


def _scan(*edits: Edit, source: Surface = SOURCE) -> bytes:
    members = read_members(encode_x3p(source))
    del members["forensic-ballistics/provenance.json"]
    for edit in edits:
        edit(members)
    return _sealed(members)


def _codes(surface: Surface) -> list[tuple[str, str]]:
    return sorted((finding.severity, finding.code) for finding in surface.provenance.findings)


ROOT = _replaced(("p:ISO5436_2", "ISO5436"), ("xmlns:p=", "about="))
NOTE = ("note", "deviation")


def test_a_plain_file_gives_heights_spacing_hash_and_no_findings() -> None:
    data = _scan()
    surface = read_bytes(data)
    np.testing.assert_array_equal(surface.heights, HEIGHTS)
    assert surface.heights.dtype == np.float32
    assert surface.spacing == (2e-6, 3e-6)
    assert surface.provenance.sha256 == hashlib.sha256(data).hexdigest()
    assert surface.provenance.reader == f"x3pio {x3pio.__version__}"
    assert surface.provenance.format == "X3P"
    assert _codes(surface) == []


@pytest.mark.parametrize("root", [None, ROOT])
@pytest.mark.parametrize(("data_type", "dtype"), [("I", "<i2"), ("L", "<i4")])
def test_integer_heights_are_multiplied_by_the_increment(root: Edit | None, data_type: str, dtype: str) -> None:
    counts = np.round(HEIGHTS.astype(float) / 1e-6).astype(dtype)
    surface = read_bytes(_scan(_stored(counts, data_type, 2e-6), *([root] if root else [])))
    np.testing.assert_allclose(surface.heights, counts * 2e-6, rtol=1e-15)


@pytest.mark.parametrize("root", [None, ROOT])
def test_the_mask_is_honoured_by_both_readers(root: Edit | None) -> None:
    heights = HEIGHTS.copy()
    heights[2, 3] = np.nan
    kept = np.ones((NY, NX), dtype=bool)
    kept[2, 3] = kept[5, 0] = False

    def mask(members: Members) -> None:
        members["bindata/valid.bin"] = np.packbits(kept, axis=None, bitorder="little").tobytes()
        members["bindata/data.bin"] = HEIGHTS.tobytes()

    source = Surface(heights=heights, spacing=SOURCE.spacing)
    surface = read_bytes(_scan(mask, *([root] if root else []), source=source))
    np.testing.assert_array_equal(surface.valid, kept)
    np.testing.assert_array_equal(surface.heights[kept], HEIGHTS[kept])


@pytest.mark.parametrize("root", [None, ROOT])
def test_infinite_and_signalling_points_are_missing(root: Edit | None) -> None:
    stored = HEIGHTS.copy()
    stored[0, 0], stored[1, 1] = np.inf, -np.inf
    stored.view("<u4")[3, 3] = 0x7F8007A2
    surface = read_bytes(_scan(_stored(stored, "F"), *([root] if root else [])))
    assert (~surface.valid).sum() == 3
    found = [finding for finding in surface.provenance.findings if finding.code == "non-finite"]
    assert [finding.message.split()[0] for finding in found] == ["2"]


def _move(members: Members) -> None:
    moved = {f"top/sub/{name}": content for name, content in members.items()}
    members.clear()
    members.update(moved)


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        (_replaced(("ISO5436 - 2000", "ISO5436 \u2013 2000")), [NOTE]),
        (_replaced(("ISO5436 - 2000", "ISO5436 -2000")), [NOTE, ("note", "second-reader")]),
        (_replaced(("ISO5436 - 2000", "")), [NOTE]),
        (_replaced(("ISO5436 - 2000", "ISO25178-72:2017/DAM1")), []),
        (ROOT, [NOTE, ("note", "second-reader")]),
        (_replaced(("p:ISO5436_2", "ISO5436_2"), ("xmlns:p=", "about=")), [NOTE]),
        (_replaced(("<Increment>1.0</Increment>", "")), [NOTE]),
        (_replaced(("<Offset>0.0</Offset>", "<Offset/>")), []),
        (_replaced(("2e-06", "2.0000e-006")), []),
        (_replaced(("<Offset>0.0</Offset>", "<Offset>0.5</Offset>")), [("note", "placement")]),
        (_replaced(("<SizeZ>1</SizeZ>", "<SizeZ>1</SizeZ><Odd/>")), []),
        (_replaced(("UTF-8", "utf-16")), []),
    ],
)
def test_deviations_in_wording_are_tolerated_and_noted(edit: Edit, codes: list[tuple[str, str]]) -> None:
    def encoded(members: Members) -> None:
        if b"utf-16" in members["main.xml"]:
            members["main.xml"] = members["main.xml"].decode().encode("utf-16")

    surface = read_bytes(_scan(edit, encoded))
    np.testing.assert_array_equal(surface.heights, HEIGHTS)
    assert surface.spacing == (2e-6, 3e-6)
    assert [code for code in _codes(surface) if code[1] != "checksum-missing"] == codes


def test_a_folder_in_the_zip_is_tolerated() -> None:
    members = read_members(_scan())
    _move(members)
    members["readme.txt"] = b"by hand"
    surface = read_bytes(pack(members))
    np.testing.assert_array_equal(surface.heights, HEIGHTS)
    assert _codes(surface) == [NOTE]
    assert surface.attachments == {"outside/readme.txt": b"by hand"}


@pytest.mark.parametrize("name", ["main.xml", "bindata/data.bin", "bindata/valid.bin"])
@pytest.mark.parametrize("root", [None, ROOT])
def test_a_checksum_that_fails_is_a_doubt(name: str, root: Edit | None) -> None:
    heights = HEIGHTS.copy()
    heights[0, 0] = np.nan
    members = read_members(
        _scan(*([root] if root else []), source=Surface(heights=heights, spacing=SOURCE.spacing))
    )
    if name == "main.xml":
        members[name] += b"\n"
    else:
        changed = bytearray(members[name])
        changed[5 if name.endswith("data.bin") else 0] ^= 4
        members[name] = bytes(changed)
    doubts = read_bytes(pack(members)).provenance.doubts
    assert [finding.code for finding in doubts] == ["checksum-failed"]
    assert name in doubts[0].message


def test_checksums_in_upper_case_and_without_a_name_fit_and_missing_ones_are_noted() -> None:
    members = read_members(_scan())
    digest = members["md5checksum.hex"][:32]
    members["md5checksum.hex"] = digest.upper()
    assert _codes(read_bytes(pack(members))) == []
    members["md5checksum.hex"] = b"none"
    assert _codes(read_bytes(pack(members))) == [("note", "checksum-missing")]
    del members["md5checksum.hex"]
    assert _codes(read_bytes(pack(members))) == [("note", "checksum-missing")]


@pytest.mark.parametrize(
    ("increment", "stored", "expected", "code"),
    [
        (1e-6, HEIGHTS * 1e6, HEIGHTS, ("note", "z-increment")),
        (1e-6, HEIGHTS, HEIGHTS, ("doubt", "z-increment")),
        (2.0, HEIGHTS, HEIGHTS * 2, ("doubt", "z-increment")),
    ],
)
@pytest.mark.parametrize("root", [None, ROOT])
def test_an_increment_on_floating_heights_applies_where_it_makes_sense(
    increment: float, stored: np.ndarray, expected: np.ndarray, code: tuple[str, str], root: Edit | None
) -> None:
    surface = read_bytes(_scan(_stored(stored.astype("<f8"), "D", increment), *([root] if root else [])))
    np.testing.assert_allclose(surface.heights, expected, rtol=1e-6)
    assert code in _codes(surface)


def test_the_first_of_several_layers_is_taken_in_doubt() -> None:
    def layers(members: Members) -> None:
        members["bindata/data.bin"] = HEIGHTS.tobytes() + (2 * HEIGHTS).tobytes()
        _replaced(("<SizeZ>1<", "<SizeZ>2<"))(members)

    surface = read_bytes(_scan(layers))
    np.testing.assert_array_equal(surface.heights, HEIGHTS)
    assert _codes(surface) == [("doubt", "layers")]


def _as_text(members: Members) -> None:
    main = members["main.xml"].decode()
    start, end = main.index("<DataLink>"), main.index("</DataLink>") + 11
    datums = [f"<Datum>{value!r}</Datum>" for value in HEIGHTS.astype(float).ravel().tolist()]
    datums[4] = "<Datum/>"
    members["main.xml"] = (main[:start] + f"<DataList>{''.join(datums)}</DataList>" + main[end:]).encode()
    del members["bindata/data.bin"]


def test_heights_as_text_are_read_and_too_few_are_refused() -> None:
    surface = read_bytes(_scan(_as_text))
    assert np.isnan(surface.heights[0, 4])
    np.testing.assert_array_equal(surface.heights[1:], HEIGHTS[1:])
    with pytest.raises(FormatError, match="No reader takes"):
        read_bytes(_scan(_as_text, _replaced(("<Datum/>", ""))))


def test_vendor_masks_and_foreign_elements_are_kept_and_reported() -> None:
    def vendor(members: Members) -> None:
        members["bindata/mask.png"] = b"png"
        members["mask.bin"] = b"bin"
        mask = "<Mask><Background>#cd7f32</Background><Annotation color='#1f376c'>break-off</Annotation></Mask>"
        _replaced(("</Record3>", f"{mask}</Record3>"))(members)

    surface = read_bytes(_scan(vendor))
    assert surface.attachments == {"bindata/mask.png": b"png", "mask.bin": b"bin"}
    assert _codes(surface) == [("note", "vendor-mask")] * 2
    assert surface.provenance.metadata == {
        "x3p.Record3.Mask.Background": "#cd7f32",
        "x3p.Record3.Mask.Annotation": "break-off",
        "x3p.Record3.Mask.Annotation@color": "#1f376c",
    }


def test_record_2_and_open_fmc_become_metadata() -> None:
    record = b"""<f:Open-FMC xmlns:f="http://www.open-fmc.org/open-fmc-revision-1.xsd"><Revision>1.0</Revision>
        <Admin><LabID>Lab 7</LabID><AgencyID/></Admin><CartridgeCase><Brand>Fiocchi</Brand>
        <BreechFaceClass>Granular</BreechFaceClass><BreechFaceClass>Parallel</BreechFaceClass></CartridgeCase></f:Open-FMC>"""
    text = (
        "<Record2><Date>N/A</Date><Creator>A. Examiner</Creator><Instrument><Manufacturer>Sensofar</Manufacturer>"
        "<Model/><Serial>7</Serial><Version> 1 </Version></Instrument>"
        "<CalibrationDate>2021-05-20</CalibrationDate><ProbingSystem><Type>Type</Type><Identification>20x</Identification></ProbingSystem></Record2>"
    )

    def describe(members: Members) -> None:
        members["www.open-fmc.org/record.xml"] = record
        members["broken.xml"] = b"<Open-FMC>"
        _replaced(
            ("</Record1>", f"</Record1>{text}"), ("</Record4>", "</Record4><VendorSpecificID>a</VendorSpecificID>")
        )(members)

    surface = read_bytes(_scan(describe))
    assert surface.provenance.metadata == {
        "date": "N/A",
        "creator": "A. Examiner",
        "instrument.manufacturer": "Sensofar",
        "instrument.serial": "7",
        "instrument.version": "1",
        "calibration_date": "2021-05-20",
        "probing_system.type": "Type",
        "probing_system.identification": "20x",
        "vendor_specific_id": "a",
        "open-fmc.Revision": "1.0",
        "open-fmc.Admin.LabID": "Lab 7",
        "open-fmc.CartridgeCase.Brand": "Fiocchi",
        "open-fmc.CartridgeCase.BreechFaceClass": "Granular; Parallel",
    }
    assert surface.attachments["www.open-fmc.org/record.xml"] == record


def _cut(members: Members) -> None:
    members["bindata/data.bin"] = members["bindata/data.bin"][: NY * NX * 2]


def _long(members: Members) -> None:
    members["bindata/data.bin"] += b"\x00"


def _short_mask(members: Members) -> None:
    links = "<ValidPointsLink>v</ValidPointsLink></DataLink>"
    _replaced(("</DataLink>", links))(members)
    members["v"] = b"\xff"


def _all_missing(members: Members) -> None:
    members["bindata/data.bin"] = np.full(NY * NX, np.nan, "<f4").tobytes()


def _large_xml(members: Members) -> None:
    members["main.xml"] += b" " * 2**24


SIZES = f"<SizeX>{NX}</SizeX>\n      <SizeY>{NY}</SizeY>"
BOMB = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]>\n<p:ISO5436_2'
DTD = '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">\n<p:ISO5436_2'


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_replaced(("SUR", "PRF")), "a profile"),
        (_replaced(("SUR", "PCL")), "a point cloud"),
        (_replaced(("SUR", "XYZ")), "type 'XYZ'"),
        (_replaced(("<MatrixDimension>", "<ListDimension>30</ListDimension><MatrixDimension>")), "list of points"),
        (_replaced(("<CX>\n        <AxisType>I", "<CX>\n        <AxisType>A")), "Axis CX of type 'A'"),
        (_replaced(("<AxisType>A", "<AxisType>I")), "Axis CZ of type 'I'"),
        (_replaced(("<DataType>F", "<DataType>X")), "data type 'X'"),
        (_replaced(("ISO5436 - 2000", "ISO 9999")), "Revision 'ISO 9999'"),
        (_replaced(("2e-06", "2,5e-06")), "increment of '2,5e-06' on axis CX"),
        (_replaced(("2e-06", "-2e-06")), "mirror"),
        (_replaced(("2e-06", "0")), "positive"),
        (_replaced(("2e-06", "nan")), "positive"),
        (_replaced(("<Increment>1.0<", "<Increment>-1.0<")), "increment of '-1.0' on axis CZ"),
        (_replaced(("2e-06", "1e-12")), "no other single unit"),
        (_replaced(("<Increment>2e-06</Increment>", "")), "increment of ''"),
        (_replaced((f"<SizeX>{NX}<", "<SizeX>0<")), "no heights"),
        (_replaced(("<SizeZ>1<", "<SizeZ>0<")), "no heights"),
        (_replaced((f"<SizeX>{NX}<", "<SizeX>-5<")), "whole number"),
        (_replaced((f"<SizeX>{NX}<", "<SizeX>5.5<")), "whole number"),
        (_replaced((SIZES, f"<SizeX>1</SizeX><SizeY>{NX * NY}</SizeY>")), "a profile"),
        (_replaced((SIZES, f"<SizeX>{2**31}</SizeX><SizeY>{2**31}</SizeY>")), "at most"),
        (_replaced((SIZES, f"<SizeX>{10**18 - 1}</SizeX><SizeY>{10**18 - 1}</SizeY>")), "at most"),
        (_replaced((f"<SizeX>{NX}<", f"<SizeX>{NX + 1}<")), "need 144"),
        (_replaced((f"<SizeX>{NX}</SizeX>", f"<SizeX>{NX}</SizeX><SizeX>{NY}</SizeX>")), "whole number"),
        (_replaced(("bindata/data.bin<", "bindata/other.bin<")), "not in the container"),
        (_replaced(("bindata/data.bin<", "../data.bin<")), "not in the container"),
        (_replaced(("bindata/data.bin<", "/etc/passwd<")), "not in the container"),
        (_replaced(("<p:ISO5436_2", BOMB)), "safe XML"),
        (_replaced(("<p:ISO5436_2", DTD)), "safe XML"),
        (_replaced(("</Record1>", "")), "safe XML"),
        (_replaced(("p:ISO5436_2", "p:Other")), "starts with <Other>"),
        (_replaced(("Record1>", "Record9>")), "a feature of type ''"),
        (_large_xml, "at most 16777216 bytes"),
        (_replaced(("</Record4>", "</Record4>" + "<a/>" * 20_000)), "tags and attributes"),
        (_replaced(("<DataLink>", "<DataList><Datum>1</Datum></DataList><DataLink>")), "readers would disagree"),
        (_cut, "truncated"),
        (_long, "holds 121 bytes"),
        (_short_mask, "'v' holds 1 bytes"),
        (_all_missing, "Every point"),
    ],
)
def test_what_is_no_surface_is_refused_with_the_reason(edit: Edit, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_bytes(_scan(edit))


def test_several_scans_in_one_archive_are_refused() -> None:
    members = read_members(_scan())
    both = {f"{folder}/{name}": content for folder in "ab" for name, content in members.items()}
    with pytest.raises(FormatError, match="2 folders"):
        read_bytes(pack(both))


def test_refusal_by_both_readers_gives_both_reasons_and_the_cause() -> None:
    def odd(members: Members) -> None:
        _as_text(members)
        ROOT(members)

    with pytest.raises(FormatError, match=r"x3pio: .*; verity-x3p: ") as caught:
        read_bytes(_scan(odd))
    assert isinstance(caught.value.__cause__, x3pio.X3pFormatError)


def test_sizes_in_the_wrong_order_are_doubted() -> None:
    x, y = np.meshgrid(np.arange(60.0), np.arange(40.0))
    source = Surface(heights=1e-8 * ((x - 30) ** 2 + (y - 20) ** 2), spacing=(1e-6, 1e-6))
    assert _codes(read_bytes(_scan(source=source))) == []
    swapped = _replaced(("<SizeX>60<", "<SizeX>40<"), ("<SizeY>40<", "<SizeY>60<"))
    assert _codes(read_bytes(_scan(swapped, source=source))) == [("doubt", "sizes-swapped")]


def test_a_damaged_record_of_earlier_steps_is_a_doubt() -> None:
    members = read_members(encode_x3p(SOURCE))
    members["forensic-ballistics/provenance.json"] = b'{"steps": 7}'
    assert _codes(read_bytes(pack(members))) == [("doubt", "history-lost")]


def test_flattening_joins_what_repeats_and_leaves_out_what_is_empty() -> None:
    root = parse_xml(b"<r><a><b>1</b><b/><b>3</b></a><c/><d x='y'/></r>", "r")
    assert flatten(root) == {"a.b": "1; ; 3", "d@x": "y"}
    assert flatten(root, skip="a") == {"d@x": "y"}


def test_both_libraries_agree_with_us_on_real_scans(data: Path) -> None:
    for name in ("land/hamby44/H44_Barrel1_Bullet1_Land1.x3p", "breech_face/fadul/Fadul_1-1.x3p"):
        ours = open_surface(data / name)
        first = x3pio.read(data / name)
        second = verity_x3p.read_x3p(str(data / name))
        np.testing.assert_array_equal(ours.heights, first.layers[0].z)
        np.testing.assert_array_equal(ours.heights, second.data)
        assert ours.spacing == (first.header.x.increment, second.increment_y)


def _checked(data: bytes) -> None:
    """Open bytes that may be anything: a surface that holds together comes out, or our own error."""
    try:
        surface = read_bytes(data)
    except ImagingError:
        return
    assert surface.valid.any()
    assert not np.isinf(surface.heights).any()
    assert min(surface.shape) >= 2


SEEDS = [_scan(), _scan(ROOT), _scan(_as_text), encode_x3p(SOURCE)]


@settings(max_examples=250, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), min_size=1, max_size=4),
    cut=st.integers(0, 40),
)
def test_changed_bytes_give_a_surface_or_our_error(
    seed: bytes, changes: list[tuple[float, bytes]], cut: int
) -> None:
    data = bytearray(seed)
    for place, content in changes:
        at = int(place * len(data))
        data[at : at + len(content)] = content
    _checked(bytes(data[: len(data) - cut] if cut > 30 else data))


@settings(max_examples=250, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    place=st.floats(0, 1, exclude_max=True),
    content=st.one_of(
        st.binary(max_size=3), st.sampled_from([b"<", b"/>", b"9" * 9, b"-", b"e99", b"&a;", b"\xff"])
    ),
    erase=st.integers(0, 30),
)
def test_changed_descriptions_with_fitting_checksums_give_a_surface_or_our_error(
    seed: bytes, place: float, content: bytes, erase: int
) -> None:
    members: Mapping[str, bytes] = read_members(seed)
    main = members["main.xml"]
    at = int(place * len(main))
    _checked(_sealed({**members, "main.xml": main[:at] + content + main[at + erase :]}))


def test_a_zip_in_a_zip_is_no_scan() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("scan.x3p", _scan())
    with pytest.raises(FormatError, match=r"it holds scan\.x3p"):
        read_bytes(buffer.getvalue())
