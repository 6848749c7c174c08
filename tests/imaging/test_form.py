from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import ParameterError, SurfaceError
from imaging.files import open_surface
from imaging.form import Form, fit_form, remove_form
from imaging.surface import Surface

UM = 1e-6
SHAPE = (120, 160)
SPACING = (5 * UM, 4 * UM)


def coordinates(shape=SHAPE, spacing=SPACING):
    """Metres from the middle of the grid."""
    ny, nx = shape
    x = (np.arange(nx) - (nx - 1) / 2) * spacing[0]
    y = (np.arange(ny) - (ny - 1) / 2) * spacing[1]
    return np.meshgrid(x, y)


def surface(heights, dtype=np.float64, spacing=SPACING):
    return Surface(heights=np.asarray(heights, dtype=dtype), spacing=spacing)


def cylinder(angle_deg, tilt_deg, offset, height, radius):
    """Heights from the definition: the distance from the axis is the radius."""
    x, y = coordinates()
    angle, tilt = np.radians(angle_deg), np.radians(tilt_deg)
    s = x * np.cos(angle) + y * np.sin(angle)
    v = y * np.cos(angle) - x * np.sin(angle) - offset
    z = height + s * np.tan(tilt) + np.sign(radius) * np.sqrt(radius**2 - v**2) / np.cos(tilt)
    axis = np.array([np.cos(angle) * np.cos(tilt), np.sin(angle) * np.cos(tilt), np.sin(tilt)])
    point = np.array([-np.sin(angle) * offset, np.cos(angle) * offset, height])
    apart = np.cross(np.stack([x, y, z], axis=-1) - point, axis)
    assert np.allclose(np.linalg.norm(apart, axis=-1), abs(radius), rtol=1e-9)
    return z


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("robust", [True, False])
def test_truth_plane(dtype, robust):
    x, y = coordinates()
    tilted = surface(0.03 * x - 0.07 * y + 20 * UM, dtype)
    found = fit_form(tilted, "plane", robust=robust).parameters
    assert found["slope_x"] == pytest.approx(0.03, rel=1e-5)
    assert found["slope_y"] == pytest.approx(-0.07, rel=1e-5)
    assert found["offset"] == pytest.approx(20 * UM, rel=1e-5)
    level = remove_form(tilted, robust=robust)
    assert level.heights.dtype == dtype
    assert np.abs(level.heights).max() < (1e-5 if dtype is np.float32 else 1e-9) * UM


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    share=st.floats(0, 0.3),
    depth_um=st.sampled_from([-400.0, -60.0, 25.0, 1000.0]),
    place=st.sampled_from(["left", "corner", "middle", "scattered"]),
)
def test_property_gross_outliers_do_not_tilt_a_plane(seed, share, depth_um, place):
    rng = np.random.default_rng(seed)
    x, y = coordinates()
    slopes = rng.uniform(-0.1, 0.1, 2)
    heights = slopes[0] * x + slopes[1] * y + rng.normal(0, 0.5 * UM, SHAPE)
    key = {"left": x, "corner": x + y, "middle": np.hypot(x, y), "scattered": rng.random(SHAPE)}[place]
    heights[key <= np.quantile(key, share)] += depth_um * UM
    heights[rng.random(SHAPE) < 0.4] = np.nan
    found = fit_form(surface(heights), "plane").parameters
    assert abs(found["slope_x"] - slopes[0]) < 2e-4
    assert abs(found["slope_y"] - slopes[1]) < 2e-4
    assert abs(found["offset"]) < 0.1 * UM


def test_truth_without_robustness_outliers_do_tilt_the_plane():
    x, _ = coordinates()
    heights = np.where(x > 2e-4, -100 * UM, 0)
    assert abs(fit_form(surface(heights), "plane", robust=False).parameters["slope_x"]) > 0.05
    assert abs(fit_form(surface(heights), "plane").parameters["slope_x"]) < 1e-9


@pytest.mark.parametrize("degree", range(7))
@pytest.mark.parametrize("robust", [True, False])
@pytest.mark.parametrize("holes", [True, False])
def test_truth_polynomial(degree, robust, holes):
    x, y = coordinates()
    half = 400 * UM
    rng = np.random.default_rng(degree)
    factors = {(i, j): rng.normal(0, 20 * UM) for i in range(degree + 1) for j in range(degree + 1 - i)}
    heights = sum(c * (x / half) ** i * (y / half) ** j for (i, j), c in factors.items())
    if holes:
        heights[np.hypot(x, y) < 150 * UM] = np.nan
    given_surface = surface(heights)
    level = remove_form(given_surface, "polynomial", degree=degree, robust=robust)
    assert np.nanmax(np.abs(level.heights)) < 1e-6 * UM
    found = fit_form(given_surface, "polynomial", degree=degree, robust=robust).parameters
    for (i, j), c in factors.items():
        assert found[f"c{i}{j}"] * half ** (i + j) == pytest.approx(c, abs=1e-4 * UM)


@pytest.mark.parametrize("degree", [2, 3, 4])
def test_truth_crater_does_not_bend_a_polynomial(degree):
    x, y = coordinates()
    rng = np.random.default_rng(0)
    form = 30 * UM * ((x / 4e-4) ** 2 + 0.5 * (y / 4e-4) * (x / 4e-4))
    heights = form + rng.normal(0, 0.3 * UM, SHAPE)
    heights[np.hypot(x + 60 * UM, y) < 130 * UM] -= 80 * UM
    found = fit_form(surface(heights), "polynomial", degree=degree).heights(surface(heights))
    assert np.abs(found - form).max() < 0.5 * UM


def test_truth_profile_loses_its_line_though_its_other_axis_is_unknown():
    x = np.arange(200) * UM
    for heights, spacing in ((0.1 * x[None], (UM, UM)), (0.1 * x[:, None], (UM, UM))):
        level = remove_form(Surface(heights=heights, spacing=spacing), "plane")
        assert np.abs(level.heights).max() < 1e-15


@pytest.mark.parametrize("radius", [0.35e-3, 2e-3, -1e-3, 0.5, -40.0])
@pytest.mark.parametrize("robust", [True, False])
def test_truth_sphere(radius, robust):
    x, y = coordinates()
    sign = np.sign(radius)
    centre = (60 * UM, -30 * UM) if abs(radius) < 0.1 else (0.02, 0.01)
    across = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    heights = 1e-3 - radius + sign * np.sqrt(np.maximum(radius**2 - across, 0))
    heights[across > 0.9 * radius**2] = np.nan
    form = fit_form(surface(heights), "sphere", robust=robust)
    found = form.parameters
    assert found["radius"] == pytest.approx(radius, rel=1e-4)
    assert found["centre_x"] == pytest.approx(centre[0], rel=1e-3)
    assert found["centre_y"] == pytest.approx(centre[1], rel=1e-3)
    assert found["centre_z"] == pytest.approx(1e-3 - radius, rel=1e-4)
    assert np.nanmax(np.abs(heights - form.heights(surface(heights)))) < 1e-4 * UM


@pytest.mark.parametrize("angle_deg", [0, 33, 90, -61])
@pytest.mark.parametrize(("tilt_deg", "radius"), [(0, 4.5e-3), (4, -6e-3), (-8, 0.7e-3)])
@pytest.mark.parametrize("robust", [True, False])
def test_truth_cylinder(angle_deg, tilt_deg, radius, robust):
    heights = cylinder(angle_deg, tilt_deg, 70 * UM, 2e-3 - radius, radius)
    given_surface = surface(heights)
    form = fit_form(given_surface, "cylinder", robust=robust)
    found = form.parameters
    assert found["radius"] == pytest.approx(radius, rel=1e-5)
    assert np.degrees(found["axis_angle"]) == pytest.approx(angle_deg, abs=1e-4)
    assert np.degrees(found["axis_tilt"]) == pytest.approx(tilt_deg, abs=1e-4)
    assert found["axis_offset"] == pytest.approx(70 * UM, rel=1e-3)
    assert found["axis_height"] == pytest.approx(2e-3 - radius, rel=1e-4)
    assert np.abs(heights - form.heights(given_surface)).max() < 1e-4 * UM


@pytest.mark.parametrize("model", ["sphere", "cylinder"])
def test_truth_noise_and_outliers_do_not_spoil_a_radius(model):
    rng = np.random.default_rng(0)
    x, y = coordinates()
    radius = 4.5e-3
    heights = cylinder(25, 2, 0, 0, radius) if model == "cylinder" else np.sqrt(radius**2 - x**2 - y**2)
    heights = heights + rng.normal(0, 0.3 * UM, SHAPE)
    heights[x + y > 1.5e-4] += 60 * UM
    heights[rng.random(SHAPE) < 0.3] = np.nan
    assert fit_form(surface(heights), model).parameters["radius"] == pytest.approx(radius, rel=0.02)


def test_truth_points_that_a_sphere_does_not_reach_become_missing():
    x, y = coordinates()
    radius = 150 * UM
    across = x**2 + y**2
    ball = surface(np.where(across < 0.8 * radius**2, np.sqrt(np.maximum(radius**2 - across, 0)), np.nan))
    form = fit_form(ball, "sphere")
    assert np.array_equal(np.isfinite(form.heights(ball)), across <= form.parameters["radius"] ** 2)


@settings(max_examples=15, deadline=None)
@given(
    model=st.sampled_from(["plane", "polynomial", "sphere", "cylinder"]),
    factor=st.sampled_from([1e-2, 3.0, 50.0]),
)
def test_property_lengths_in_another_unit_give_the_same_shape(model, factor):
    heights = cylinder(20, 1, 0, 0, 3e-3) + np.random.default_rng(1).normal(0, 0.2 * UM, SHAPE)
    small = fit_form(surface(heights), model).heights(surface(heights))
    large = surface(heights * factor, spacing=(SPACING[0] * factor, SPACING[1] * factor))
    assert np.allclose(fit_form(large, model).heights(large) / factor, small, rtol=0, atol=1e-4 * UM)


def test_property_level_surface_stays_level_and_is_deterministic():
    heights = np.random.default_rng(1).normal(0, UM, (300, 300))
    once = remove_form(surface(heights))
    twice = remove_form(once)
    assert np.abs(once.heights - twice.heights).max() < 2e-3 * UM
    assert np.array_equal(remove_form(surface(heights)).heights, once.heights)
    assert once.provenance.steps == ("remove plane, robust",)


def test_truth_a_form_evaluates_on_a_finer_grid():
    x, y = coordinates()
    form = fit_form(surface(0.1 * x + 0.2 * y + 3e3 * x * y), "polynomial")
    fine = Surface(heights=np.zeros((239, 319)), spacing=(SPACING[0] / 2, SPACING[1] / 2))
    assert isinstance(form, Form)
    assert np.allclose(form.heights(fine)[::2, ::2], 0.1 * x + 0.2 * y + 3e3 * x * y, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("model", "most"), [("plane", 2), ("polynomial", 5), ("sphere", 3), ("cylinder", 4)])
def test_truth_too_few_points_are_refused(model, most):
    heights = np.full(SHAPE, np.nan)
    heights.flat[np.linspace(0, heights.size - 1, most).astype(int)] = UM * np.arange(most)
    with pytest.raises(SurfaceError, match="do not determine"):
        fit_form(surface(heights), model)


@pytest.mark.parametrize("model", ["plane", "polynomial", "sphere", "cylinder"])
def test_truth_points_on_one_line_are_refused(model):
    heights = np.full(SHAPE, np.nan)
    heights[40] = np.random.default_rng(0).normal(0, UM, SHAPE[1])
    with pytest.raises(SurfaceError, match="do not determine"):
        fit_form(surface(heights), model)


@pytest.mark.parametrize("model", ["sphere", "cylinder"])
def test_truth_a_flat_surface_has_no_radius(model):
    with pytest.raises(SurfaceError, match="flat surface"):
        fit_form(surface(np.full(SHAPE, 2 * UM)), model)


def test_truth_unknown_options_and_empty_surfaces_are_refused():
    flat = surface(np.zeros(SHAPE))
    with pytest.raises(ParameterError, match="'cone'"):
        fit_form(flat, "cone")
    for degree in (-1, 7, 1.5):
        with pytest.raises(ParameterError, match="0 to 6"):
            fit_form(flat, "polynomial", degree=degree)
    with pytest.raises(SurfaceError, match="No measured point"):
        fit_form(surface(np.full(SHAPE, np.nan)), "plane")


def test_journey_level_a_raw_case(data):
    scan = open_surface(data / "breech_face" / "baldwin_cadre" / "K013sA1_raw.x3p")
    level = remove_form(scan)
    assert np.array_equal(level.valid, scan.valid)
    spread = [np.subtract(*np.nanpercentile(s.heights, [75, 25])) for s in (scan, level)]
    assert spread[1] <= 1.05 * spread[0]
