from __future__ import annotations

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import FormatError, ParameterError
from imaging.features import Features, marked


def features(n=5, *, metric="hamming", pixel_um=12.5, dtype=np.uint8, seed=1):
    rng = np.random.default_rng(seed)
    return Features(
        points=rng.uniform(0, 500, (n, 2)).astype(np.float32),
        size=rng.uniform(20, 90, n).astype(np.float32),
        angle_deg=rng.uniform(0, 360, n).astype(np.float32),
        response=rng.random(n).astype(np.float32),
        descriptors=rng.integers(0, 256, (n, 32)).astype(dtype),
        metric=metric,
        extractor="made",
        pixel_um=pixel_um,
    )


def same(first, second):
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        and getattr(first, name).dtype == getattr(second, name).dtype
        for name in ("points", "size", "angle_deg", "response", "descriptors")
    ) and (first.metric, first.extractor, first.pixel_um) == (second.metric, second.extractor, second.pixel_um)


@given(
    n=st.integers(0, 40),
    pixel_um=st.none() | st.floats(1e-3, 1e3),
    kind=st.sampled_from([("hamming", np.uint8), ("euclidean", np.uint8), ("euclidean", np.float32)]),
)
@settings(max_examples=25, deadline=None)
def test_property_writing_and_reading_give_the_same_features(n, pixel_um, kind):
    before = features(n, metric=kind[0], dtype=kind[1], pixel_um=pixel_um)
    assert same(Features.from_bytes(before.to_bytes()), before)


def test_truth_the_bytes_are_compact_and_hold_no_pickle():
    data = features(1000).to_bytes()
    assert len(data) < 1000 * 52 + 3000
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(b"O" not in archive.read(name)[10:60] for name in archive.namelist())


def test_truth_another_version_is_refused_by_its_name():
    buffer = io.BytesIO()
    with np.load(io.BytesIO(features().to_bytes())) as archive:
        arrays = dict(archive)
    arrays["facts"][0] = "features 0"
    np.savez(buffer, **arrays)
    with pytest.raises(FormatError, match="'features 0' found, 'features 1' expected"):
        Features.from_bytes(buffer.getvalue())


@pytest.mark.parametrize("data", [b"", b"nothing of the kind", b"\x93NUMPY", b"PK\x03\x04 and no more"])
def test_truth_other_bytes_are_refused(data):
    with pytest.raises(FormatError, match="extract the features again"):
        Features.from_bytes(data)


def test_truth_an_archive_that_lacks_an_array_or_needs_a_pickle_is_refused():
    for arrays in ({"facts": np.array(["x"])}, {"facts": np.array([None, {}], dtype=object)}):
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        with pytest.raises(FormatError):
            Features.from_bytes(buffer.getvalue())


@given(place=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_property_damaged_bytes_are_read_or_refused_but_nothing_else(place, value, cut):
    data = bytearray(features(3).to_bytes())
    data[place % len(data)] = value
    for damaged in (bytes(data), bytes(data[: cut % len(data)])):
        with contextlib.suppress(FormatError):
            assert isinstance(Features.from_bytes(damaged), Features)


def test_truth_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        features().points[0, 0] = 1.0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"points": np.zeros((4, 2), np.float32)}, "belong together"),
        ({"size": np.zeros((5, 1), np.float32)}, "belong together"),
        ({"descriptors": np.zeros(5, np.uint8)}, "belong together"),
        ({"points": np.zeros((5, 2))}, "float32 is needed"),
        ({"descriptors": np.zeros((5, 2), np.int64)}, "uint8 or float32"),
        ({"descriptors": np.zeros((5, 2), np.float32)}, "packed in uint8"),
        ({"metric": "cosine"}, "hamming and euclidean"),
        ({"pixel_um": 0.0}, "positive"),
        ({"pixel_um": float("nan")}, "positive"),
    ],
)
def test_truth_what_does_not_belong_together_is_refused(changed, message):
    good = features()
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
    with pytest.raises(ParameterError, match=message):
        Features(**{**fields, **changed})


def test_truth_the_mask_is_the_whole_picture_where_there_is_none():
    picture = np.zeros((3, 4), np.uint8)
    assert marked(picture, None).all()
    mask = np.eye(3, 4, dtype=bool)
    assert marked(picture, mask) is mask


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        (np.zeros((3, 4)), None),
        (np.zeros((3, 4, 3), np.uint8), None),
        (np.zeros((0, 4), np.uint8), None),
        (np.zeros((3, 4), np.uint8), np.ones((4, 3), bool)),
        (np.zeros((3, 4), np.uint8), np.ones((3, 4), np.uint8)),
    ],
)
def test_truth_a_picture_that_is_not_grey_or_a_mask_of_another_shape_is_refused(picture, mask):
    with pytest.raises(ParameterError, match="found"):
        marked(picture, mask)
