"""Even contrast: exposure, gamma, uneven light, masks, noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.contrast import CLIP, Grey, even_contrast, to_levels
from imaging.errors import ParameterError
from imaging.photo_files import open_photo
from imaging.surface import BoolArray

SIZE = 400
WINDOW = 20.0


def texture(seed: int, sigma: float = 2.5) -> Grey:
    """Grains of a few pixels, mean 0, standard deviation 1."""
    noise = np.random.default_rng(seed).normal(size=(SIZE, SIZE))
    grains = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.asarray(grains / grains.std(), dtype=np.float32)


def radius() -> Grey:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return np.hypot(x, y).astype(np.float32)


def metal(seed: int = 1, contrast: float = 0.25) -> Grey:
    return np.clip(0.3 * (1 + contrast * texture(seed)), 0, 1).astype(np.float32)


def agreement(first: Grey, second: Grey, where: BoolArray | None = None) -> float:
    keep = np.ones(first.shape, bool) if where is None else where
    return float(np.corrcoef(first[keep], second[keep])[0, 1])


def test_the_result_has_mean_0_and_variance_1() -> None:
    even = even_contrast(metal(), window_px=WINDOW)
    assert even.dtype == np.float32
    assert float(even.mean()) == pytest.approx(0, abs=0.02)
    assert float(even.std()) == pytest.approx(1, abs=0.05)
    assert np.abs(even).max() <= CLIP


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 500))
def test_exposure_cancels(gain: float) -> None:
    grey = metal()
    exposed = (grey * gain).astype(np.float32)
    np.testing.assert_allclose(
        even_contrast(exposed, window_px=WINDOW), even_contrast(grey, window_px=WINDOW), atol=2e-4
    )


@pytest.mark.parametrize("gamma", [1 / 2.2, 0.7, 1.5, 2.2])
def test_gamma_nearly_cancels(gamma: float) -> None:
    even = even_contrast(metal(), window_px=WINDOW)
    assert agreement(even, even_contrast(metal() ** np.float32(gamma), window_px=WINDOW)) > 0.985


def test_exposure_and_gamma_of_real_photographs_nearly_cancel(data: Path) -> None:
    grey = open_photo(data / "images_2d" / "NBIDE_R_BF_118.png").grey[400:1500, 500:1800]
    even = even_contrast(grey, window_px=25)
    half = np.rint(grey * 127) / np.float32(255)
    assert agreement(even, even_contrast(half.astype(np.float32), window_px=25)) > 0.99
    assert agreement(even, even_contrast(grey ** np.float32(1 / 2.2), window_px=25)) > 0.99
    assert agreement(even, even_contrast(grey**2, window_px=25)) > 0.97
    brighter = np.minimum(grey * np.float32(1.5), 1)
    assert agreement(even, even_contrast(brighter, window_px=25)) > 0.97


def test_a_ring_light_gives_rim_and_middle_the_same_contrast() -> None:
    """Light that grows sixfold from the middle to a bright ring changes next to nothing."""
    ring = 0.15 + 0.75 * np.exp(-(((radius() - 150) / 40) ** 2))
    flat, lit = metal(), np.asarray(metal() * ring, dtype=np.float32)
    even, even_lit = even_contrast(flat, window_px=10), even_contrast(lit, window_px=10)
    assert agreement(even, even_lit) > 0.99
    middle, rim = radius() < 50, np.abs(radius() - 150) < 25
    assert float(even_lit[rim].std()) == pytest.approx(float(even_lit[middle].std()), rel=0.1)
    assert lit[rim].std() > 3 * lit[middle].std()


def test_noise_is_not_raised_to_the_contrast_of_texture() -> None:
    noise = 0.004 * np.random.default_rng(2).normal(size=(SIZE, SIZE)).astype(np.float32)
    left = np.arange(SIZE) < SIZE // 2
    grey = np.where(left, metal(), np.float32(0.3)) + noise
    even = even_contrast(grey, window_px=WINDOW)
    assert even[:, : SIZE // 2 - 60].std() > 0.9
    assert even[:, SIZE // 2 + 60 :].std() < 0.4


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_blank_picture_stays_blank(level: float) -> None:
    blank = np.full((SIZE, SIZE), level, np.float32)
    np.testing.assert_allclose(even_contrast(blank, window_px=WINDOW), 0, atol=0.01)
    np.testing.assert_array_equal(to_levels(even_contrast(blank, window_px=WINDOW)), 128)


def test_a_saturated_region_is_flat_and_harms_no_other() -> None:
    grey = metal()
    grey[radius() < 60] = 1
    even = even_contrast(grey, window_px=WINDOW)
    assert np.ptp(even[radius() < 20]) < 0.3
    far = radius() > 60 + 4 * WINDOW
    assert agreement(even, even_contrast(metal(), window_px=WINDOW), far) > 0.99


def test_a_mask_that_keeps_everything_is_no_mask() -> None:
    plain = even_contrast(metal(), window_px=WINDOW)
    np.testing.assert_array_equal(
        even_contrast(metal(), window_px=WINDOW, mask=np.ones((SIZE, SIZE), bool)), plain
    )


@pytest.mark.parametrize("as_nan", [True, False])
def test_what_is_masked_out_has_no_influence(as_nan: bool) -> None:
    keep = radius() < 120
    values = []
    for outside in (0.0, 1.0):
        grey = np.where(keep, metal(), np.float32(outside))
        if as_nan:
            grey[~keep] = np.nan
        values.append(even_contrast(grey, window_px=WINDOW, mask=None if as_nan else keep))
        assert np.isnan(values[-1][~keep]).all()
        assert np.isfinite(values[-1][keep]).all()
    np.testing.assert_array_equal(*values)
    rim = keep & (radius() > 110)
    assert float(values[0][rim].std()) == pytest.approx(1, abs=0.15), "no halo along the mask"


@pytest.mark.parametrize("window", [2.0, 3.7, 20.0, 33.3, 150.0, 3000.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (37, 23), (97, 150)])
def test_any_size_and_window_works(shape: tuple[int, int], window: float) -> None:
    grey = np.random.default_rng(3).random(shape, dtype=np.float32)
    even = even_contrast(grey, window_px=window)
    assert even.shape == shape
    assert np.isfinite(even).all()
    lone = np.zeros(shape, bool)
    lone[-1, -1] = True
    masked = even_contrast(grey, window_px=window, mask=lone)
    assert masked[-1, -1] == pytest.approx(0, abs=0.02)
    assert np.isnan(even_contrast(grey, window_px=window, mask=~(lone | True))).all()


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.transpose, np.rot90])
def test_mirrors_and_turns_commute_with_it(turn: Callable[[Grey], Grey]) -> None:
    grey = metal()[:373, :391]
    turned = even_contrast(np.ascontiguousarray(turn(grey)), window_px=WINDOW)
    assert agreement(turned, turn(even_contrast(grey, window_px=WINDOW))) > 0.999


def test_the_window_agrees_with_a_gaussian_on_the_full_grid() -> None:
    root = np.sqrt(metal())

    def blur(values: Grey) -> Grey:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), WINDOW, borderType=cv2.BORDER_REFLECT))

    rest = root - blur(root)
    rest -= blur(rest)
    strength = np.sqrt(blur(rest**2))
    expected = (rest / strength).clip(-CLIP, CLIP)
    assert agreement(even_contrast(metal(), window_px=WINDOW), expected) > 0.999


def test_what_cannot_be_evened_is_refused() -> None:
    for grey in (np.zeros((3, 3)), np.zeros(3, np.float32), np.zeros((0, 3), np.float32)):
        with pytest.raises(ParameterError, match="float32"):
            even_contrast(grey, window_px=WINDOW)  # type: ignore[arg-type]
    for window in (1.0, float("nan"), float("inf")):
        with pytest.raises(ParameterError, match="A window of"):
            even_contrast(metal(), window_px=window)
    with pytest.raises(ParameterError, match="A mask of shape"):
        even_contrast(metal(), window_px=WINDOW, mask=np.ones((2, 2), bool))


def test_levels_keep_the_order() -> None:
    even = np.linspace(-CLIP, CLIP, 500, dtype=np.float32)[None]
    levels = to_levels(even)
    assert levels.dtype == np.uint8
    assert (np.diff(levels.astype(int)) >= 0).all()
    assert (levels.min(), levels.max()) == (0, 255)
