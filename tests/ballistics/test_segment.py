"""Finding the mark: on made case heads with known circles, on real raw scans, and by hand."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ballistics.errors import MarkError, OptionError
from ballistics.segment import mask_png, read_mask, segment
from imaging.files import open_surface
from imaging.surface import Surface
from imaging.synthetic import breech_face, cartridge_case


def share(part: np.ndarray, whole: np.ndarray) -> float:
    return float((part & whole).sum() / max(part.sum(), 1))


@pytest.mark.parametrize("seed", range(8))
def test_the_breech_face_of_a_made_case_head_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pose = (rng.uniform(-180, 180), *rng.uniform(-200, 200, 2))
    scan, truth = cartridge_case(rng, pose=pose, tilt_deg=rng.uniform(0, 2))
    found = segment(scan)
    face = truth.breech_face(scan) & scan.valid
    assert found.how == "found"
    assert share(found.mask, face) > 0.9
    assert share(face, found.mask) > 0.4
    pin = found.circles["firing pin"]
    apart = np.hypot(pin.x - truth.firing_pin.x, pin.y - truth.firing_pin.y)
    assert apart < 150e-6
    assert found.circles["primer"].radius == pytest.approx(truth.primer.radius, rel=0.2)


def test_the_firing_pin_impression_lies_in_its_hole() -> None:
    scan, truth = cartridge_case(np.random.default_rng(1))
    found = segment(scan, "firing pin")
    assert share(found.mask, truth.firing_pin.mask(scan)) > 0.95
    assert found.area_mm2 > 0.1


@pytest.mark.parametrize("name", ["K013sA1_raw", "K013sA2_raw"])
def test_real_raw_scans_agree_with_the_masks_made_by_hand(data: Path, name: str) -> None:
    scan = open_surface(data / f"breech_face/baldwin_cadre/{name}.x3p")
    found = segment(scan)
    assert found.how == "found"
    assert 2.0 < found.area_mm2 < 4.5
    primer, pin = found.circles["primer"], found.circles["firing pin"]
    assert 1.6e-3 < primer.radius < 2.3e-3
    assert 0.35e-3 < pin.radius < 0.75e-3
    y, x = np.nonzero(found.mask)
    pixel = scan.pixel
    assert np.hypot(x * pixel - primer.x, y * pixel - primer.y).max() < primer.radius
    assert np.hypot(x * pixel - pin.x, y * pixel - pin.y).min() > pin.radius


def test_a_scan_cropped_to_its_mark_is_taken_whole() -> None:
    scan = breech_face(np.random.default_rng(0))
    found = segment(scan)
    assert found.how == "whole scan"
    np.testing.assert_array_equal(found.mask, scan.valid)


def test_bullets_and_bumpy_ground_hold_no_breech_face(data: Path) -> None:
    land = open_surface(data / "land/hamby252/H252_Barrel1_Bullet1_Land1.x3p")
    with pytest.raises(MarkError, match="bullet"):
        segment(land)
    y, x = np.indices((400, 400)) * 8e-6
    hills = Surface(heights=2e-4 * np.sin(x / 8e-5) * np.sin(y / 8e-5), spacing=(8e-6, 8e-6))
    with pytest.raises(MarkError, match="No breech face found"):
        segment(hills)
    with pytest.raises(MarkError, match="No firing pin found"):
        segment(breech_face(np.random.default_rng(0)), "firing pin")


def test_a_mask_goes_out_as_a_picture_and_comes_back(tmp_path: Path) -> None:
    scan, _ = cartridge_case(np.random.default_rng(3))
    found = segment(scan)
    path = tmp_path / "mask.png"
    path.write_bytes(mask_png(found))
    again = segment(scan, mask=read_mask(path, scan))
    assert again.how == "given"
    np.testing.assert_array_equal(again.mask, found.mask)


def test_a_mask_saved_as_jpeg_or_with_soft_edges_is_taken(tmp_path: Path) -> None:
    scan, _ = cartridge_case(np.random.default_rng(3))
    found = segment(scan)
    path = tmp_path / "mask.jpg"
    cv2.imwrite(str(path), cv2.GaussianBlur(found.mask.astype(np.uint8) * 255, (0, 0), 1.0))
    assert (read_mask(path, scan) == found.mask).mean() > 0.99


def test_a_mask_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    scan = breech_face(np.random.default_rng(0))
    path = tmp_path / "mask.png"
    with pytest.raises(OptionError, match="cannot be read"):
        read_mask(path, scan)
    path.write_bytes(b"no picture")
    with pytest.raises(OptionError, match="not a picture"):
        read_mask(path, scan)
    path.write_bytes(b"")
    with pytest.raises(OptionError, match="not a picture"):
        read_mask(path, scan)
    cv2.imwrite(str(path), np.full((10, 20), 255, np.uint8))
    with pytest.raises(OptionError, match="20 x 10"):
        read_mask(path, scan)
    cv2.imwrite(str(path), np.resize(np.arange(256, dtype=np.uint8), scan.shape))
    with pytest.raises(OptionError, match="picture of the scan"):
        read_mask(path, scan)
    path.write_bytes(b"P5 100000 100000 255\n")
    with pytest.raises(OptionError, match="not a picture"):
        read_mask(path, scan)
    with pytest.raises(OptionError, match="not a plain file"):
        read_mask(tmp_path, scan)
    with pytest.raises(OptionError, match="no measured point"):
        segment(scan, mask=np.zeros(scan.shape, np.bool_))
    with pytest.raises(OptionError, match="must agree"):
        segment(scan, mask=np.ones((3, 3), np.bool_))
    with pytest.raises(OptionError, match="headstamp"):
        segment(scan, "headstamp")


def test_a_turned_or_mirrored_scan_gives_the_turned_or_mirrored_mask() -> None:
    scan, _ = cartridge_case(np.random.default_rng(5))
    found = segment(scan)
    for change in (np.rot90, np.flipud, np.fliplr):
        turned = segment(replace(scan, heights=np.ascontiguousarray(change(scan.heights))))
        agree = change(found.mask) == turned.mask
        assert agree.mean() > 0.98


def test_a_scan_too_small_for_the_mark_is_refused() -> None:
    scan = breech_face(np.random.default_rng(0))
    with pytest.raises(MarkError, match="Is its unit right"):
        segment(replace(scan, spacing=(scan.spacing[0] / 1e3, scan.spacing[1] / 1e3)))
    first = np.cumsum(scan.valid).reshape(scan.shape) * scan.pixel**2 < 0.3e-6
    sparse = np.where(first, scan.heights, np.nan)
    with pytest.raises(MarkError, match="what was measured"):
        segment(replace(scan, heights=sparse))


def test_a_large_scan_without_a_primer_needs_little_memory() -> None:
    y, x = (np.indices((700, 700)) - 350) * 1e-5
    dome = -(x**2 + y**2) / 0.1 + np.random.default_rng(0).normal(size=x.shape) * 3e-7
    tracemalloc.start()
    found = segment(Surface(heights=dome, spacing=(1e-5, 1e-5)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.notes
    assert peak < 1e8
