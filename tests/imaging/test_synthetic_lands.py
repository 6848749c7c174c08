from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from imaging import synthetic
from imaging.errors import ParameterError
from imaging.files import open_surface
from imaging.synthetic import CLEAN_LAND, EngravedLand, Scanning

COARSE = 3.125
ROUGH_LAND = EngravedLand(noise_um=0.0, missing=0.0, steepest_deg=90.0)


def upright(scan, truth):
    """Heights in micrometres with crosscuts as rows."""
    heights = scan.heights.astype(float) * 1e6
    return heights.T if truth.transposed else heights


def straightened(scan, truth, tilt_deg=None):
    """Shift every crosscut so that the striae stand upright."""
    heights = upright(scan, truth)
    tilt_deg = truth.tilt_deg if tilt_deg is None else tilt_deg
    lags = (np.arange(len(heights)) - (len(heights) - 1) / 2) * np.tan(np.radians(tilt_deg))
    columns = np.arange(heights.shape[1])
    return np.stack([np.interp(columns + lag, columns, row) for row, lag in zip(heights, lags, strict=True)])


def between_shoulders(truth, inset_um=60.0):
    places = np.arange(len(truth.signature_um)) * truth.spacing_um
    return (places > truth.left_um + inset_um) & (places < truth.right_um - inset_um)


def without_form(profile, order=4):
    """Take a polynomial and the waves above 250 um away."""
    places = np.linspace(-1, 1, len(profile))
    return profile - np.polynomial.Polynomial.fit(places, profile, order)(places)


def measured(scan, truth, inset_um=60.0):
    """Mean signature along the striae, and the planted one at the same places."""
    inside = between_shoulders(truth, inset_um)
    return without_form(np.nanmean(straightened(scan, truth), axis=0)[inside]), truth.signature_um[inside]


def correlation(first, second):
    both = np.isfinite(first) & np.isfinite(second)
    assert both.sum() > 100
    return np.corrcoef(first[both], second[both])[0, 1]


def on_common_places(truth, half_um=900.0):
    """The planted signature at places counted from the tool's origin, in the tool's direction."""
    if truth.mirrored:
        truth = truth.mirror()
    places = np.arange(len(truth.signature_um)) * truth.spacing_um - truth.origin_um
    return np.interp(np.arange(-half_um, half_um), places, truth.signature_um)


@pytest.mark.parametrize("tilt_deg", [-12.0, -5.0, 0.0, 3.0, 12.0])
def test_the_planted_signature_is_the_mean_along_the_striae(tilt_deg):
    scan, truth = synthetic.land(np.random.default_rng(3), style=CLEAN_LAND, tilt_deg=tilt_deg)
    found, planted = measured(scan, truth)
    assert correlation(found, planted) > 0.99
    assert np.std(found) == pytest.approx(np.std(planted), rel=0.1)
    assert np.nanstd(truth.signature_um) == pytest.approx(1.2, rel=0.05)


def test_the_crosscuts_with_striae_show_the_signature_on_a_damaged_land():
    scan, truth = synthetic.land(np.random.default_rng(4))
    inside = between_shoulders(truth)
    whole = np.where(truth.striated_share > 0.95)[0]
    assert len(whole) > 60
    rows = straightened(scan, truth)[whole.min() : whole.max() + 1, inside]
    found = without_form(np.nanmedian(rows, axis=0), 9)
    assert correlation(found, truth.signature_um[inside]) > 0.9


@pytest.mark.parametrize("tilt_deg", [-10.0, -2.5, 0.0, 6.0, 10.0])
def test_the_tilt_is_the_one_that_stacks_the_striae(tilt_deg):
    scan, truth = synthetic.land(np.random.default_rng(5), style=CLEAN_LAND, tilt_deg=tilt_deg, pixel_um=COARSE)
    assert truth.tilt_deg == tilt_deg
    inside = between_shoulders(truth, 120.0)
    trials = np.arange(tilt_deg - 1.0, tilt_deg + 1.01, 0.1)
    spread = [without_form(straightened(scan, truth, trial).mean(axis=0)[inside]).std() for trial in trials]
    assert trials[np.argmax(spread)] == pytest.approx(tilt_deg, abs=0.15)


@pytest.mark.parametrize(
    "style", [CLEAN_LAND, EngravedLand(steepest_deg=90.0, burr_um=0.0)], ids=["clean", "rough"]
)
def test_the_walls_begin_at_the_planted_grooves(style):
    for seed in range(12):
        tilt_deg = np.random.default_rng(seed).uniform(-12, 12)
        scan, truth = synthetic.land(np.random.default_rng(seed), style=style, tilt_deg=tilt_deg)
        crosscut = np.nanmean(upright(scan, truth)[206:216], axis=0)
        places = np.arange(len(crosscut)) * truth.spacing_um
        inside = (places > truth.left_um) & (places < truth.right_um) & np.isfinite(crosscut)
        form = np.polynomial.Polynomial.fit(places[inside], crosscut[inside], 2)
        raised = crosscut - form(places) > 15.0
        assert not raised[inside].any()
        assert truth.left_um - places[raised & (places < 1000)].max() < 30.0
        assert places[raised & (places > 1000)].min() - truth.right_um < 30.0
        assert 1900 < truth.right_um - truth.left_um < 2100


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-12, 12), st.booleans(), st.booleans())
def test_mirrored_and_transposed_scans_are_the_plain_one_turned_over(seed, tilt_deg, mirrored, transposed):
    options = {"tilt_deg": tilt_deg, "pixel_um": 12.5}
    plain, known = synthetic.land(np.random.default_rng(seed), **options)
    scan, truth = synthetic.land(np.random.default_rng(seed), mirrored=mirrored, transposed=transposed, **options)
    assert (truth.mirrored, truth.transposed) == (mirrored, transposed)
    heights, striated = (array.T if transposed else array for array in (scan.heights, truth.striated))
    step = -1 if mirrored else 1
    np.testing.assert_array_equal(heights[:, ::step], plain.heights)
    np.testing.assert_array_equal(striated[:, ::step], known.striated)
    back = truth.mirror() if mirrored else truth
    assert back.tilt_deg == known.tilt_deg
    for name in ("left_um", "right_um", "origin_um"):
        assert getattr(back, name) == pytest.approx(getattr(known, name), abs=1e-6)
    np.testing.assert_array_equal(back.signature_um, known.signature_um)


@pytest.mark.parametrize("transposed", [False, True])
def test_the_truth_holds_on_a_mirrored_scan_as_it_is(transposed):
    scan, truth = synthetic.land(
        np.random.default_rng(6), style=CLEAN_LAND, tilt_deg=8.0, mirrored=True, transposed=transposed
    )
    assert scan.shape == ((1515, 422) if transposed else (422, 1515))
    assert truth.tilt_deg == -8.0
    found, planted = measured(scan, truth)
    assert correlation(found, planted) > 0.99
    assert abs(correlation(found[::-1], planted)) < 0.5


def test_the_striated_points_are_those_that_the_barrel_engraved():
    style = EngravedLand(texture_um=0.0, waviness_um=0.0, noise_um=0.0, missing=0.0, pits=0, scratches=0)
    scan, truth = synthetic.land(np.random.default_rng(7), style=style, tilt_deg=0.0)
    share = truth.striated_share
    assert share[:20].max() < 0.5
    assert share[230:330].min() > 0.95
    inside = between_shoulders(truth, 150.0)
    heights = scan.heights[:300, inside] * 1e6
    patch, engraved = (
        ndimage.binary_erosion(mask, iterations=25)[:300, inside] for mask in (~truth.striated, truth.striated)
    )
    assert min(patch.sum(), engraved.sum()) > 20_000
    relief = np.stack([without_form(row) for row in heights])
    planted = np.broadcast_to(without_form(truth.signature_um[inside]), heights.shape)
    assert correlation(relief[engraved], planted[engraved]) > 0.95
    assert np.std(relief[patch]) < 0.35 * np.std(planted[patch])
    assert not truth.striated[-5:, 600:900].any()
    plain = synthetic.land(np.random.default_rng(7), style=CLEAN_LAND, pixel_um=COARSE)[1]
    assert plain.striated_share.min() > 0.98


def test_another_pixel_shows_the_same_relief():
    usual, known = synthetic.land(np.random.default_rng(8), style=ROUGH_LAND)
    other, truth = synthetic.land(np.random.default_rng(8), style=ROUGH_LAND, pixel_um=COARSE)
    assert (truth.left_um, truth.right_um) == pytest.approx((known.left_um, known.right_um), abs=2.0)
    rows, columns = (
        (np.arange(n) - (n - 1) / 2) * 2 + (m - 1) / 2 for n, m in zip(other.shape, usual.shape, strict=True)
    )
    rows, columns = np.meshgrid(rows[3:-3], columns[3:-3], indexing="ij")
    sampled = ndimage.map_coordinates(np.nan_to_num(usual.heights).astype(float), [rows, columns], order=1)
    apart = sampled - other.heights[3:-3, 3:-3]
    inside = between_shoulders(truth)[3:-3]
    assert np.nanpercentile(np.abs(apart[:160, inside]), 99) < 0.15e-6


def test_a_seed_gives_the_same_bits():
    for make in (synthetic.land, synthetic.toolmark):
        first, again, other = (make(np.random.default_rng(seed))[0].digest() for seed in (9, 9, 10))
        assert first == again != other
    sets = [synthetic.bullets(np.random.default_rng(9), pixel_um=12.5) for _ in range(2)]
    digests = [[scan.digest() for bullet in made for scan in bullet.lands] for made in sets]
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 12


def test_missing_points_noise_and_walls_follow_their_options():
    plain, _ = synthetic.land(np.random.default_rng(9), style=CLEAN_LAND)
    assert plain.coverage == 1.0
    assert plain.heights.dtype == np.float32
    holed, _ = synthetic.land(np.random.default_rng(9), style=replace(CLEAN_LAND, missing=0.2))
    assert holed.coverage == pytest.approx(0.8, abs=0.02)
    noisy, _ = synthetic.land(np.random.default_rng(9), style=replace(CLEAN_LAND, noise_um=0.5))
    assert np.std(noisy.heights - plain.heights) == pytest.approx(0.5e-6, rel=0.01)
    steep, truth = synthetic.land(np.random.default_rng(9), style=replace(CLEAN_LAND, steepest_deg=45.0))
    assert 0.8 < steep.coverage < 0.99
    assert steep.valid[:, between_shoulders(truth, 120.0)].mean() > 0.999
    assert plain.provenance.metadata["kind"] == "land engraved area"
    assert plain.provenance.metadata["tilt_deg"] == "5.0"


def test_damage_stays_small_and_changes_the_rest_nowhere():
    plain, _ = synthetic.land(np.random.default_rng(9), style=CLEAN_LAND)
    scratched, _ = synthetic.land(np.random.default_rng(9), style=replace(CLEAN_LAND, scratches=3))
    depth = (scratched.heights - plain.heights) * 1e6
    assert -15 < depth.min() < -1
    assert 0 < (depth < -0.5).mean() < 0.02
    assert depth.max() < 0.01


def best_over_lags(first, second, share=0.75):
    length = len(first)
    widest = int(length * (1 - share))
    return max(
        correlation(first[max(0, lag) : length + min(0, lag)], second[max(0, -lag) : length - max(0, lag)])
        for lag in range(-widest, widest + 1, 5)
    )


def test_lands_of_one_barrel_correlate_as_planted():
    made = synthetic.bullets(np.random.default_rng(10), 3, correlation=0.7, style=CLEAN_LAND, pixel_um=COARSE)
    assert [bullet.barrel for bullet in made] == [0, 0, 0]
    by_source = [dict(zip(bullet.sources, bullet.truths, strict=True)) for bullet in made]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for land in range(6):
            lines = [on_common_places(by_source[bullet][land], 985.0) for bullet in (first, second)]
            assert correlation(*lines) == pytest.approx(0.7, abs=0.03)


def test_measured_lands_of_one_barrel_find_their_mates():
    first, second = synthetic.bullets(
        np.random.default_rng(11), correlation=0.9, scanning=[Scanning(), Scanning(phase=2)]
    )
    signatures = []
    for bullet in (first, second):
        for scan, truth in zip(bullet.lands, bullet.truths, strict=True):
            places = np.arange(len(truth.signature_um)) * truth.spacing_um - truth.origin_um
            inside = np.abs(places) < 910.0
            crosscut = np.nanmedian(straightened(scan, truth)[230:320, inside], axis=0)
            signatures.append(without_form(np.interp(np.arange(-900.0, 900.0, 3.0), places[inside], crosscut), 9))
    matrix = np.corrcoef(signatures)[:6, 6:]
    np.testing.assert_array_equal(matrix.argmax(axis=1), [(land - 2) % 6 for land in range(6)])
    assert matrix.max(axis=1).min() > 0.6


def test_other_lands_and_other_barrels_do_not_correlate():
    apart = synthetic.bullets(
        np.random.default_rng(12), same_barrel=False, scanning=[Scanning()] * 2, style=CLEAN_LAND, pixel_um=COARSE
    )
    assert [bullet.barrel for bullet in apart] == [0, 1]
    lines = [[on_common_places(truth)[::3] for truth in bullet.truths] for bullet in apart]
    for first in lines[0]:
        for second in lines[1]:
            assert abs(correlation(first, second)) < 0.5
            assert best_over_lags(first, second) < 0.5
    for first, second in zip(*lines, strict=True):
        assert abs(correlation(first, second)) < 0.12


def test_lands_come_in_the_order_of_their_scanning():
    scannings = [
        Scanning(phase=1),
        Scanning(phase=1, mirrored=True),
        Scanning(phase=4, backwards=True, missing=(0, 3)),
        Scanning(transposed=True),
    ]
    made = synthetic.bullets(
        np.random.default_rng(13), 4, lands=5, twist="left", scanning=scannings, pixel_um=12.5
    )
    assert [bullet.sources for bullet in made] == [
        (1, 2, 3, 4, 0),
        (1, 2, 3, 4, 0),
        (4, 3, 2, 1, 0),
        (0, 1, 2, 3, 4),
    ]
    assert [scan is None for scan in made[2].lands] == [True, False, False, True, False]
    assert [truth is None for truth in made[2].truths] == [True, False, False, True, False]
    tilts = [np.array([truth.tilt_deg for truth in bullet.truths if truth]) for bullet in made]
    assert all(np.all((np.abs(tilt) >= 4) & (np.abs(tilt) <= 6)) for tilt in tilts)
    assert [float(np.sign(tilt).mean()) for tilt in tilts] == [1, -1, 1, 1]
    assert made[3].lands[0].shape == made[0].lands[0].shape[::-1]
    right = synthetic.bullets(np.random.default_rng(13), 1, lands=5, pixel_um=12.5)[0]
    assert all(truth.tilt_deg < 0 for truth in right.truths)


def test_scanning_changes_no_land():
    def scans(**options):
        how = [Scanning(**options), Scanning(phase=3)]
        bullet = synthetic.bullets(np.random.default_rng(14), scanning=how, pixel_um=12.5)[0]
        return dict(zip(bullet.sources, bullet.lands, strict=True))

    plain, later, flipped = scans(), scans(phase=2, backwards=True, missing=(1,)), scans(mirrored=True)
    assert later[1] is None
    assert all(later[land].digest() == plain[land].digest() for land in range(6) if land != 1)
    np.testing.assert_array_equal(flipped[4].heights[:, ::-1], plain[4].heights)


def test_a_drawn_phase_is_another_than_the_first():
    for seed in range(5):
        made = synthetic.bullets(np.random.default_rng(seed), 3, lands=3, pixel_um=25.0)
        assert made[0].scanning.phase == 0
        assert all(bullet.scanning.phase in (1, 2) for bullet in made[1:])


@pytest.mark.parametrize(("tilt_deg", "mirrored"), [(-9.0, False), (4.0, True)])
def test_a_toolmark_is_a_tilted_plane_with_its_striae(tilt_deg, mirrored):
    scan, truth = synthetic.toolmark(
        np.random.default_rng(15), tilt_deg=tilt_deg, slope_deg=2.0, mirrored=mirrored, transposed=True
    )
    assert scan.shape == (960, 320)
    assert truth.tilt_deg == (-tilt_deg if mirrored else tilt_deg)
    assert truth.striated.all()
    found = np.nanmean(straightened(scan, truth), axis=0)
    inner = slice(40, -40)
    assert correlation(without_form(found[inner], 1), truth.signature_um[inner]) > 0.97
    rows, columns = np.nonzero(scan.valid)
    design = np.column_stack([rows, columns, np.ones(len(rows))])
    slopes = np.linalg.lstsq(design, scan.heights[scan.valid] / scan.pixel, rcond=None)[0][:2]
    assert np.degrees(np.arctan(np.hypot(*slopes))) == pytest.approx(2.0, abs=0.2)


def test_toolmarks_of_one_tool_correlate_and_of_two_do_not():
    lines = {}
    for mark, tool in ((1, 7), (2, 7), (3, 8)):
        truth = synthetic.toolmark(np.random.default_rng(mark), tool=np.random.default_rng(tool), correlation=0.8)[
            1
        ]
        lines[mark] = on_common_places(truth, 650.0)
    assert correlation(lines[1], lines[2]) == pytest.approx(0.8, abs=0.12)
    assert abs(correlation(lines[1], lines[3])) < 0.4


def test_scans_of_one_barrel_land_correlate_and_of_two_do_not():
    lines = {}
    for scan, barrel in ((1, 7), (2, 7), (3, 8)):
        truth = synthetic.land(
            np.random.default_rng(scan), barrel=np.random.default_rng(barrel), correlation=0.9, pixel_um=COARSE
        )[1]
        lines[scan] = on_common_places(truth)
    assert correlation(lines[1], lines[2]) == pytest.approx(0.9, abs=0.08)
    assert abs(correlation(lines[1], lines[3])) < 0.4


def octave_shares(signature, spacing_um):
    power = np.abs(np.fft.rfft(signature * np.hanning(len(signature)))) ** 2
    frequency = np.fft.rfftfreq(len(signature), spacing_um)
    edges = [250.0, 125.0, 62.5, 31.25, 15.6, 8.0]
    octaves = [power[(frequency >= 1 / long) & (frequency < 1 / short)].sum() for long, short in pairwise(edges)]
    return np.array(octaves) / sum(octaves)


def crosscut_figures(heights_um, spacing_um, columns):
    """Octave shares and rms of the striae, radius of the form, and how much crosscuts differ."""
    rows = heights_um[240:330]
    rows = rows[:, columns] - np.nanmedian(rows[:, columns], axis=1, keepdims=True)
    middle = np.nanmedian(rows, axis=0)
    places = np.arange(len(middle)) * spacing_um
    curve = np.polyfit(places, middle, 2)
    flat = middle - np.polyval(curve, places)
    flat = flat - ndimage.gaussian_filter1d(flat, 47 / spacing_um)
    spread = np.nanmedian(np.abs(rows - middle)) * 1.4826
    return octave_shares(flat, spacing_um), flat.std(), -1 / (2 * curve[0]), spread


def test_lands_look_like_real_ones(data):
    names = ("Bullet1_Land1", "Bullet1_Land2", "Bullet2_Land5", "Bullet2_Land6")
    columns = slice(220, 1220)
    real = []
    for name in names:
        scan = open_surface(data / f"land/hamby44/H44_Barrel1_{name}.x3p")
        real.append(crosscut_figures(scan.heights * 1e6, scan.pixel_um, columns))
    made = []
    for seed in range(4):
        scan, _ = synthetic.land(np.random.default_rng(seed), style=EngravedLand(rms_um=0.95), tilt_deg=0.5)
        made.append(crosscut_figures(scan.heights * 1e6, scan.pixel_um, columns))
    ours, theirs = ([np.mean(figure, axis=0) for figure in zip(*rows, strict=True)] for rows in (made, real))
    np.testing.assert_allclose(ours[0][:4], theirs[0][:4], atol=0.12)
    assert ours[1] == pytest.approx(theirs[1], rel=0.3)
    assert ours[2] == pytest.approx(theirs[2], rel=0.1)
    assert ours[3] == pytest.approx(theirs[3], rel=0.5)


WRONG = [
    (lambda rng: synthetic.land(rng, tilt_deg=13.0), "tilt_deg"),
    (lambda rng: synthetic.land(rng, correlation=-0.1), "correlation"),
    (lambda rng: synthetic.land(rng, pixel_um=0.1), "pixel_um"),
    (lambda rng: synthetic.land(rng, shape=(300, 1200)), "width of the scan"),
    (lambda rng: synthetic.land(rng, shape=(300, 3000)), "width of the scan"),
    (lambda rng: synthetic.land(rng, shape=(1, 1500)), "rows of the scan"),
    (lambda _: EngravedLand(smooth=1.0), "smooth"),
    (lambda _: EngravedLand(noise_um=float("nan")), "noise_um"),
    (lambda rng: synthetic.bullets(rng, 2, scanning=[Scanning()]), "1 scannings found for 2"),
    (lambda rng: synthetic.bullets(rng, 0), "0 bullets"),
    (lambda rng: synthetic.bullets(rng, 1, scanning=[Scanning(phase=6)]), "Phase 6"),
    (lambda rng: synthetic.bullets(rng, 1, scanning=[Scanning(missing=(7,))]), "bullet 0"),
    (lambda rng: synthetic.bullets(rng, twist="up"), "right or left"),
    (lambda rng: synthetic.bullets(rng, tilt_deg=12.0), "tilt_deg"),
    (lambda rng: synthetic.bullets(rng, lands=0), "lands"),
    (lambda rng: synthetic.toolmark(rng, slope_deg=-1.0), "slope_deg"),
    (lambda rng: synthetic.toolmark(rng, shape=(320, 4000)), "width"),
]


@pytest.mark.parametrize(("call", "named"), WRONG)
def test_wrong_options_are_refused_by_name(call, named):
    with pytest.raises(ParameterError, match=named):
        call(np.random.default_rng(0))
