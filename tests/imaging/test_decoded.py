"""Units, plausibility and the order of sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imaging.errors import FormatError, ParameterError
from imaging.files import open_surface
from imaging.formats.decoded import Decoded, check_grid, looks_swapped, to_surface
from imaging.surface import Surface


def _mark(scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.normal(size=(20, 30)) * scale


def _surface(heights: np.ndarray, step: float | tuple[float, float], **options: str) -> Surface:
    spacing = step if isinstance(step, tuple) else (step, step)
    decoded = Decoded(heights=heights, spacing=spacing, format="test", reader="test")
    return to_surface(
        decoded, data=b"", units=options.get("units", "auto"), height_units=options.get("height_units")
    )


def _codes(surface: Surface) -> set[tuple[str, str]]:
    return {(finding.severity, finding.code) for finding in surface.provenance.findings}


@pytest.mark.parametrize(
    ("step", "scale", "options", "pixel", "factor", "codes"),
    [
        (3e-6, 1e-6, {}, 3e-6, 1.0, set()),
        (3e-6, 1e-6, {"units": "m"}, 3e-6, 1.0, set()),
        (7.3774, 2.0, {}, 7.3774e-6, 1e-6, {("doubt", "units-in-doubt")}),
        (7.3774, 2.0, {"units": "um"}, 7.3774e-6, 1e-6, {("note", "units-stated")}),
        (0.0275, 0.01, {}, 27.5e-6, 1e-3, {("doubt", "units-in-doubt")}),
        (0.0016, 0.01, {}, 1.6e-6, 1e-3, {("doubt", "units-in-doubt")}),
        (3e-6, 2.0, {"height_units": "um"}, 3e-6, 1e-6, {("note", "units-stated")}),
        (3e-6, 2.0, {"units": "m", "height_units": "um"}, 3e-6, 1e-6, {("note", "units-stated")}),
        (3.0, 2e-6, {"units": "um", "height_units": "m"}, 3e-6, 1.0, {("note", "units-stated")}),
        (1e-8, 1e-8, {}, 1e-8, 1.0, {("doubt", "scale-in-doubt")}),
        (1e-3, 1e-3, {}, 1e-3, 1.0, {("doubt", "scale-in-doubt")}),
        (3e-6, 1e-13, {}, 3e-6, 1.0, {("doubt", "scale-in-doubt")}),
        (1e-3, 1e-3, {"units": "m"}, 1e-3, 1.0, {("note", "units-stated")}),
    ],
)
def test_units_are_taken_assumed_or_doubted(
    step: float, scale: float, options: dict[str, str], pixel: float, factor: float, codes: set[tuple[str, str]]
) -> None:
    surface = _surface(_mark(scale), step, **options)
    assert surface.pixel == pytest.approx(pixel, rel=1e-15)
    np.testing.assert_allclose(surface.heights, _mark(scale) * factor, rtol=1e-15)
    assert _codes(surface) == codes


@pytest.mark.parametrize(
    ("step", "scale", "options", "message"),
    [
        (3e-6, 100.0, {}, "heights do not"),
        (0.07, 0.07, {}, "no other single unit"),
        (5e4, 1.0, {}, "no other single unit"),
        (1e-12, 1e-9, {}, "no other single unit"),
        (6.25e-6, 1e-6, {"units": "um"}, "spacing of 6.25e-12 m"),
        (7.3774, 2.0, {"units": "m"}, "spacing of 7.3774 m"),
        (0.0, 1e-6, {}, "positive"),
        (-3e-6, 1e-6, {}, "mirror"),
        (float("nan"), 1e-6, {}, "positive"),
        (3e-6, 1e308, {}, "heights do not"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(
    step: float, scale: float, options: dict[str, str], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        _surface(np.clip(_mark(), -1, 1) * scale, step, **options)


@pytest.mark.parametrize(
    "options", [{"units": "nm"}, {"height_units": "auto"}, {"units": "um", "height_units": "x"}]
)
def test_unknown_units_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match="is possible"):
        _surface(_mark(1e-6), 3e-6, **options)


def test_different_steps_along_x_and_y_are_kept() -> None:
    assert _surface(_mark(1e-6), (2e-6, 5e-6)).spacing == (2e-6, 5e-6)


def test_infinite_heights_become_missing_and_are_counted() -> None:
    heights = _mark(1e-6)
    heights[3, 4], heights[5, 6] = np.inf, -np.inf
    surface = _surface(heights, 3e-6)
    assert np.isnan(surface.heights[3, 4])
    assert surface.valid.sum() == heights.size - 2
    assert "2 points" in next(f.message for f in surface.provenance.findings if f.code == "non-finite")


def test_all_missing_is_refused_and_constant_is_noted() -> None:
    with pytest.raises(FormatError, match="Every point"):
        _surface(np.full((9, 9), np.nan), 3e-6)
    assert _codes(_surface(np.full((9, 9), 1e-3), 3e-6)) == {("note", "constant")}


def test_wild_points_are_doubted() -> None:
    heights = _mark(1e-6)
    heights[0, 0] = 1e10
    assert _codes(_surface(heights, 3e-6)) == {("doubt", "height-range")}


@pytest.mark.parametrize(("nx", "ny"), [(0, 5), (5, 0), (1, 5), (5, 1), (2**31, 2**31), (2**14, 2**14 + 1)])
def test_grids_that_are_no_surface_are_refused(nx: int, ny: int) -> None:
    with pytest.raises(FormatError):
        check_grid(nx, ny)


def test_noise_and_missing_points_alone_do_not_look_swapped() -> None:
    rng = np.random.default_rng(1)
    assert not looks_swapped(rng.normal(size=(40, 90)))
    assert not looks_swapped(np.full((40, 90), np.nan))


@pytest.mark.parametrize("rows", [(40, 90), (90, 40)])
def test_striations_in_either_direction_do_not_look_swapped(rows: tuple[int, int]) -> None:
    profile = np.random.default_rng(2).normal(size=max(rows))
    along_x = np.broadcast_to(profile[: rows[0], None], rows).copy()
    along_y = np.broadcast_to(profile[None, : rows[1]], rows).copy()
    assert not looks_swapped(along_x)
    assert not looks_swapped(along_y)


@pytest.mark.parametrize(
    "name",
    [
        "land/hamby44/H44_Barrel1_Bullet1_Land1.x3p",
        "land/hamby252/H252_Barrel1_Bullet1_Land1.x3p",
        "breech_face/weller/TW01-08.x3p",
        "breech_face/baldwin_cadre/K013sA1_raw.x3p",
    ],
)
def test_exchanged_sizes_are_noticed_on_real_marks(data: Path, name: str) -> None:
    heights = open_surface(data / name).heights
    for stored in (heights, np.ascontiguousarray(heights.T)):
        assert not looks_swapped(stored)
        assert looks_swapped(stored.reshape(stored.shape[::-1]))
