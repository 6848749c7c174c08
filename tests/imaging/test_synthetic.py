from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from imaging import synthetic
from imaging.errors import ParameterError
from imaging.synthetic import BreechFace, FiringPin
from imaging.synthetic.canvas import grid

KINDS = {"breech face": BreechFace(), "firing pin": FiringPin()}


def unturned(heights, valid, shape, pixel_um, angle_deg, dx_um, dy_um):
    """Bring a questioned mark back on the reference's grid, by the project's pose convention alone."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    x, y = columns - (shape[1] - 1) / 2, rows - (shape[0] - 1) / 2
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    at_x = cosine * x - sine * y + (heights.shape[1] - 1) / 2 + dx_um / pixel_um
    at_y = sine * x + cosine * y + (heights.shape[0] - 1) / 2 + dy_um / pixel_um
    inner = ndimage.binary_erosion(valid, iterations=2).astype(float)
    known = ndimage.map_coordinates(inner, [at_y, at_x], order=1) > 0.999
    back = ndimage.map_coordinates(np.where(valid, heights, 0.0), [at_y, at_x], order=3)
    return np.where(known, back, np.nan)


def correlation(first, second):
    both = np.isfinite(first) & np.isfinite(second)
    assert both.sum() > 1000
    return np.corrcoef(first[both], second[both])[0, 1]


def relief(mark, style, pose=(0.0, 0.0, 0.0)):
    x, y = grid(mark.shape, mark.pixel, pose)
    return mark.heights - style.tool(np.random.default_rng()).form(x, y)


def planted_pose_correlation(known, style, angle_deg=None):
    pose = (known.angle_deg if angle_deg is None else angle_deg, known.dx_um, known.dy_um)
    questioned = relief(known.questioned, style, (known.angle_deg, known.dx_um, known.dy_um))
    pixel_um = known.reference.pixel_um
    back = unturned(questioned, known.questioned.valid, known.reference.shape, pixel_um, *pose)
    return correlation(relief(known.reference, style), back)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("angle_deg", "planted"), [(0, 0.5), (3.3, 0.7), (90, 0.3), (-131, 0.9), (180, 0.5)])
def test_undoing_the_pose_gives_the_planted_correlation(kind, angle_deg, planted):
    shift_um = (47.0, -83.0)
    known = synthetic.pair(
        np.random.default_rng(3), kind=kind, correlation=planted, angle_deg=angle_deg, shift_um=shift_um
    )
    assert (known.same_source, known.correlation, known.angle_deg) == (True, planted, angle_deg)
    assert (known.dx_um, known.dy_um) == shift_um
    assert planted_pose_correlation(known, KINDS[kind]) == pytest.approx(planted, abs=0.02)


def test_rotation_costs_no_blur():
    known = synthetic.pair(np.random.default_rng(3), correlation=1.0, angle_deg=33.0, shift_um=(3.1, 1.7))
    assert planted_pose_correlation(known, BreechFace()) > 0.9999


def test_the_pose_holds_on_a_grid_that_is_not_square():
    known = synthetic.pair(np.random.default_rng(3), angle_deg=60.0, shift_um=(200.0, 10.0), shape=(570, 640))
    assert known.questioned.shape == (570, 640)
    assert planted_pose_correlation(known, BreechFace()) == pytest.approx(0.5, abs=0.03)
    assert abs(planted_pose_correlation(known, BreechFace(), angle_deg=-60.0)) < 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_two_guns_are_uncorrelated(kind):
    known = synthetic.pair(np.random.default_rng(3), kind=kind, same_source=False, angle_deg=20.0)
    assert (known.same_source, known.correlation) == (False, 0.0)
    assert abs(planted_pose_correlation(known, KINDS[kind])) < 0.02


def test_every_two_impressions_of_a_gun_correlate_alike():
    marks = synthetic.impressions(np.random.default_rng(3), 4, correlation=0.35)
    stacked = np.stack([mark.heights[marks[0].valid] for mark in marks])
    found = np.corrcoef(stacked)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(found, 0.35, atol=0.01)


def test_a_single_impression_is_the_guns_own_relief():
    alone = synthetic.breech_face(np.random.default_rng(3))
    again = synthetic.impressions(np.random.default_rng(3), 2, correlation=1.0)
    assert alone.digest() == again[0].digest() == again[1].digest()


def test_a_seed_gives_the_same_bits():
    for make in (synthetic.breech_face, synthetic.firing_pin):
        assert make(np.random.default_rng(5)).digest() == make(np.random.default_rng(5)).digest()
        assert make(np.random.default_rng(5)).digest() != make(np.random.default_rng(6)).digest()
    cases = [synthetic.cartridge_case(np.random.default_rng(5)) for _ in range(2)]
    assert cases[0][0].digest() == cases[1][0].digest()
    assert cases[0][1] == cases[1][1]


@pytest.mark.parametrize(
    ("kind", "pixels_um", "alike"),
    [
        ("breech face", (1.5, 3.125), 0.9999),
        ("breech face", (10.0, 12.5), 0.99),
        ("firing pin", (1.5, 4.0), 0.9999),
    ],
)
def test_another_pixel_shows_the_same_relief(kind, pixels_um, alike):
    style = KINDS[kind]
    usual = synthetic.impressions(np.random.default_rng(3), 1, style=style)[0]
    for pixel_um in pixels_um:
        other = synthetic.impressions(np.random.default_rng(3), 1, style=style, pixel_um=pixel_um)[0]
        assert other.pixel_um == pytest.approx(pixel_um)
        assert other.coverage == pytest.approx(usual.coverage, abs=0.005)
        ratio = usual.pixel_um / pixel_um
        places = [
            (np.arange(n) - (n - 1) / 2) * ratio + (m - 1) / 2
            for n, m in zip(usual.shape, other.shape, strict=True)
        ]
        rows, columns = np.meshgrid(*places, indexing="ij")
        sampled = ndimage.map_coordinates(np.nan_to_num(other.heights).astype(float), [rows, columns], order=3)
        inner = ndimage.binary_erosion(usual.valid, iterations=6)
        assert np.corrcoef(sampled[inner], usual.heights[inner])[0, 1] > alike


def band_shares(heights, pixel, edges_um):
    filled = np.where(np.isfinite(heights), heights - np.nanmean(heights), 0.0)
    power = np.abs(np.fft.fft2(filled)) ** 2
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, pixel * 1e6) for n in heights.shape), indexing="ij"))
    limits = [1 / edge for edge in edges_um]
    inside = [power[(frequency >= low) & (frequency < high)].sum() for low, high in pairwise(limits)]
    return np.array(inside) / power[frequency > 0].sum()


def kurtosis(heights):
    values = heights[np.isfinite(heights)].astype(float)
    return (((values - values.mean()) / values.std()) ** 4).mean()


def steepness(mark_heights, pixel):
    return np.nanpercentile(np.hypot(*np.gradient(mark_heights.astype(float), pixel)), [50, 90, 99])


def test_a_breech_face_looks_like_real_ones(data):
    x3pio = pytest.importorskip("x3pio")
    real = [x3pio.read(data / f"breech_face/weller/TW0{n}-01.x3p").layers[0] for n in (1, 3, 5)]
    pixel = real[0].spacing[0]
    made = [synthetic.breech_face(np.random.default_rng(seed)) for seed in range(3)]
    edges_um = (500, 200, 100, 50, 20)
    shares = np.mean([band_shares(np.asarray(layer.z), pixel, edges_um) for layer in real], axis=0)
    ours = np.mean([band_shares(mark.heights, mark.pixel, edges_um) for mark in made], axis=0)
    np.testing.assert_allclose(ours, shares, rtol=0.25)
    steep = np.mean([steepness(np.asarray(layer.z), pixel) for layer in real], axis=0)
    np.testing.assert_allclose(np.mean([steepness(m.heights, m.pixel) for m in made], axis=0), steep, rtol=0.25)
    for mark in made:
        assert 3.4 < kurtosis(mark.heights) < 8
        assert 0.25 < mark.coverage < 0.45


def test_no_power_below_the_shortest_wave():
    mark = synthetic.breech_face(np.random.default_rng(3), pixel_um=3.125)
    middle = mark.heights[80:240, 400:700]
    assert np.isfinite(middle).all()
    windowed = middle * np.hanning(160)[:, None] * np.hanning(300)
    assert band_shares(windowed, mark.pixel, (1e4, 20, 3.125)) == pytest.approx([1, 0], abs=1e-3)


@settings(max_examples=5, deadline=None)
@given(st.floats(0, 180), st.integers(0, 2**32 - 1))
def test_striae_run_in_the_given_direction(direction_deg, seed):
    style = BreechFace(striae=0.9, direction_deg=direction_deg)
    mark = synthetic.breech_face(np.random.default_rng(seed), style=style)
    down, across = np.gradient(mark.heights.astype(float))
    seen = np.isfinite(across + down)
    across, down = across[seen], down[seen]
    steepest = 0.5 * np.arctan2(2 * (across * down).mean(), (across**2).mean() - (down**2).mean())
    off = (np.degrees(steepest) + 90 - direction_deg + 90) % 180 - 90
    assert abs(off) < 3


def test_a_firing_pin_has_its_form():
    for flat in (False, True):
        style = FiringPin(depth_um=250.0, radius_um=600.0, flat=flat)
        mark = synthetic.firing_pin(np.random.default_rng(3), style=style)
        x, y = grid(mark.shape, mark.pixel, (0.0, 0.0, 0.0))
        distance = np.hypot(x, y)
        heights = ndimage.gaussian_filter(np.nan_to_num(mark.heights), 3)
        assert heights[distance < 20e-6].mean() == pytest.approx(-250e-6, abs=2e-6)
        halfway = heights[np.abs(distance - 300e-6) < 5e-6].mean()
        sphere = (0.6**2 + 0.25**2) / 0.5
        depth = 250.0 if flat else 1e3 * (np.sqrt(sphere**2 - 0.3**2) - sphere + 0.25)
        assert halfway == pytest.approx(-depth * 1e-6, abs=2e-6)
        assert not mark.valid[distance > 630e-6].any()
        assert mark.valid[distance < 570e-6].all()


def test_rings_depend_on_the_distance_alone():
    mark = synthetic.firing_pin(np.random.default_rng(3), style=FiringPin(rings=1.0))
    heights = relief(mark, FiringPin(rings=1.0))
    assert correlation(heights, np.rot90(heights)) > 0.98


def test_the_origin_is_recorded():
    known = synthetic.pair(np.random.default_rng(3), angle_deg=12.0, pixel_um=12.5)
    origin = known.questioned.provenance
    assert origin.format == "synthetic"
    assert (origin.metadata["kind"], origin.metadata["angle_deg"]) == ("breech face", "12.0")
    assert known.questioned.heights.dtype == np.float32


def level(scan, mask):
    """Take the waves longer than 300 um out of the heights inside a mask."""
    inside = mask & scan.valid
    weight = ndimage.gaussian_filter(inside.astype(float), 60 / scan.pixel_um)
    smooth = ndimage.gaussian_filter(np.where(inside, scan.heights, 0.0), 60 / scan.pixel_um)
    return np.where(inside, scan.heights - smooth / np.maximum(weight, 1e-9), np.nan)


def test_a_case_head_has_its_parts_where_the_truth_says():
    scan, truth = synthetic.cartridge_case(np.random.default_rng(3), tilt_deg=0.0, pose=(40.0, 120.0, -60.0))
    face = truth.breech_face(scan)
    level_of_face = np.nanmedian(scan.heights[face])
    rows, columns = np.mgrid[: scan.shape[0], : scan.shape[1]] * scan.pixel

    def height_at(circle, share):
        near = np.abs(circle.distance(columns, rows) - share * circle.radius) < 15e-6
        return np.nanmedian(scan.heights[near]) - level_of_face

    profile = [height_at(truth.primer, share) for share in np.linspace(0.85, 1.15, 31)]
    assert np.linspace(0.85, 1.15, 31)[np.argmin(profile)] == pytest.approx(1.0, abs=0.02)
    assert min(profile) < -180e-6
    assert height_at(truth.aperture, 0.96) - height_at(truth.aperture, 1.04) > 25e-6
    assert height_at(truth.firing_pin, 0.1) < -90e-6
    assert height_at(truth.firing_pin, 1.1) > 20e-6
    assert np.nanstd(level(scan, face)) == pytest.approx(1.4e-6, rel=0.3)
    assert 0.98 < scan.coverage < 0.9999
    assert np.hypot(truth.firing_pin.x - truth.primer.x, truth.firing_pin.y - truth.primer.y) > 20e-6


def test_the_tilt_is_the_asked_one():
    flat, _ = synthetic.cartridge_case(np.random.default_rng(3), tilt_deg=0.0)
    tilted, _ = synthetic.cartridge_case(np.random.default_rng(3), tilt_deg=2.0)
    plane = tilted.heights - flat.heights
    down, across = (np.nanmedian(slope) for slope in np.gradient(plane, flat.pixel))
    assert np.degrees(np.arctan(np.hypot(across, down))) == pytest.approx(2.0, abs=0.01)


def test_cases_of_one_gun_correlate_as_asked_and_those_of_two_do_not():
    def levelled(case, gun, pose):
        scan, truth = synthetic.cartridge_case(
            np.random.default_rng(case), gun=np.random.default_rng(gun), correlation=0.7, pose=pose
        )
        return level(scan, truth.breech_face(scan)), scan

    reference, scan = levelled(1, 9, (0.0, 0.0, 0.0))
    found = {}
    for gun in (9, 10):
        questioned, _ = levelled(2, gun, (75.0, 60.0, -30.0))
        valid = np.isfinite(questioned)
        back = unturned(questioned, valid, scan.shape, scan.pixel_um, 75.0, 60.0, -30.0)
        found[gun] = correlation(reference, back)
    assert found[9] == pytest.approx(0.7, abs=0.06)
    assert abs(found[10]) < 0.1


def test_a_case_head_spans_the_heights_of_a_real_one(data):
    x3pio = pytest.importorskip("x3pio")
    real = np.asarray(x3pio.read(data / "breech_face/baldwin_cadre/K013sA1_raw.x3p").layers[0].z)
    scan, _ = synthetic.cartridge_case(np.random.default_rng(3))
    assert scan.shape == real.shape
    span = np.diff(np.nanpercentile(scan.heights, [1, 99]))[0]
    assert span == pytest.approx(np.diff(np.nanpercentile(real, [1, 99]))[0], rel=0.25)


def test_walls_noise_and_spikes_follow_their_options():
    options = {"tilt_deg": 0.0, "steepest_deg": 90.0}
    quiet, _ = synthetic.cartridge_case(np.random.default_rng(3), noise_um=0.0, **options)
    noisy, _ = synthetic.cartridge_case(np.random.default_rng(3), noise_um=0.5, **options)
    assert np.nanstd(noisy.heights - quiet.heights) == pytest.approx(0.5e-6, rel=0.02)
    steep, _ = synthetic.cartridge_case(np.random.default_rng(3), tilt_deg=0.0, steepest_deg=35.0)
    assert steep.coverage < quiet.coverage - 0.005


WRONG = [
    (lambda rng: synthetic.pair(rng, correlation=1.2), "correlation"),
    (lambda rng: synthetic.pair(rng, correlation=float("nan")), "correlation"),
    (lambda rng: synthetic.pair(rng, correlation=1.2, same_source=False), "correlation"),
    (lambda rng: synthetic.pair(rng, kind="bullet"), "breech face or firing pin"),
    (lambda rng: synthetic.breech_face(rng, pixel_um=0.0), "pixel_um"),
    (lambda rng: synthetic.breech_face(rng, style=BreechFace(striae=-0.1)), "striae"),
    (lambda rng: synthetic.breech_face(rng, style=BreechFace(grain_um=5.0)), "grain_um"),
    (lambda _: BreechFace(hole_um=1700.0), "hole_um"),
    (lambda _: BreechFace(radius_um=3000.0), "radius_um"),
    (lambda _: FiringPin(depth_um=800.0), "depth_um"),
    (lambda _: FiringPin(rings=2.0), "rings"),
    (lambda rng: synthetic.impressions(rng, 0), "poses"),
    (lambda rng: synthetic.impressions(rng, 2, poses=[(0.0, 0.0, 0.0)]), "poses"),
    (lambda rng: synthetic.cartridge_case(rng, tilt_deg=-1.0), "tilt_deg"),
]


@pytest.mark.parametrize(("call", "named"), WRONG)
def test_wrong_options_are_refused_by_name(call, named):
    with pytest.raises(ParameterError, match=named):
        call(np.random.default_rng(0))
