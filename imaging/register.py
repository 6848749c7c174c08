"""Find how one relief lies on another: masked correlation, rotation search, refinement.

Everything here works on a `Relief`: heights with zero where nothing was measured, and a mask. Points are
``(x, y)`` from the middle of the grid, x along columns and y along rows, and a positive angle turns +x
towards +y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from imaging.errors import ParameterError, SurfaceError
from imaging.pose import Alignment as Alignment
from imaging.pose import NoAlignment as NoAlignment
from imaging.pose import Pose as Pose
from imaging.surface import Surface
from imaging.threads import one_blas_thread

Float32Array = NDArray[np.float32]

OVERLAP_FLOOR = 0.5
VARIANCE_FLOOR = 1e-4
REFINEMENTS = 12
SMALLEST_GAIN = 0.2
FEWEST_COMMON = 16
RESCORED = 4
STEP_SHARES = (1.0, 0.5, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relief:
    """Heights made ready for correlation: centred, scaled, zero where missing.

    Parameters
    ----------
    values : ndarray, shape (ny, nx), float32
        Heights over their standard deviation, mean zero over the mask, zero outside it.
    mask : ndarray, shape (ny, nx), float32
        One where measured, zero elsewhere.
    pixel : float
        Grid spacing in metres.
    """

    values: Float32Array
    mask: Float32Array
    pixel: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        ny, nx = self.values.shape
        return ny, nx

    @property
    def area(self) -> float:
        """Number of measured points."""
        return float(self.mask.sum())


def relief(surface: Surface) -> Relief:
    """Centre and scale a surface for correlation.

    Float32 correlation is exact to a few parts in a million only when the heights are centred first, so
    this is the one way into the functions of this module.

    Raises
    ------
    SurfaceError
        If nothing was measured, all heights are equal, or pixels are not square.

    Examples
    --------
    >>> tile = relief(Surface(heights=np.array([[1e-6, 3e-6], [np.nan, 2e-6]]), spacing=(1e-6, 1e-6)))
    >>> float(tile.values[1, 0]), tile.area
    (0.0, 3.0)
    """
    valid = surface.valid
    if not valid.any():
        raise SurfaceError("No measured point found; a relief needs heights.")
    heights = np.where(valid, surface.heights, 0.0).astype(np.float64)
    mean = heights[valid].mean()
    deviation = math.sqrt(np.square(heights[valid] - mean).mean())
    if deviation <= 1e-9 * max(abs(mean), 1e-9):
        raise SurfaceError("All heights are equal; there is no relief to compare.")
    values = np.where(valid, (heights - mean) / deviation, 0.0).astype(np.float32)
    return Relief(values=values, mask=valid.astype(np.float32), pixel=surface.pixel)


def reduce(fine: Relief, factor: float) -> Relief:
    """Sample a relief ``factor`` times coarser, smoothed first so that little folds back.

    The middle of the grid stays where it is. Missing points take no part in the smoothing, a Gaussian of half
    a new pixel: a wave of two new pixels keeps 29 % of its height, one of a single new pixel, which would fold
    back to a constant, below 1 %.

    Raises
    ------
    ParameterError
        If the factor is below one or not finite.
    SurfaceError
        If no new pixel is half covered by measured points.
    """
    if not 1.0 <= factor < math.inf:
        raise ParameterError(f"A reduction by {factor:g} found; it must be a finite number of 1 or more.")
    sigma = 0.5 * factor
    values, weight = (
        np.asarray(cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)
        for part in (fine.values, fine.mask)
    )
    shape = (max(1, round(fine.shape[0] / factor)), max(1, round(fine.shape[1] / factor)))
    matrix = _affine(0.0, 0.0, 0.0, fine.shape, shape, scale=factor)
    return _centred(_sample(values, matrix, shape), _sample(weight, matrix, shape), fine.pixel * factor)


def mirrored(original: Relief) -> Relief:
    """Return the mirror image, columns reversed."""
    return replace(original, values=original.values[:, ::-1].copy(), mask=original.mask[:, ::-1].copy())


def lay(questioned: Relief, pose: Pose, shape: tuple[int, int]) -> tuple[Float32Array, Float32Array]:
    """Lay a questioned relief onto a reference grid of the same pixel size.

    Returns
    -------
    values, mask : ndarray, each of the given shape, float32
        The questioned relief as it would look in the reference's frame; zero where it has no data.
    """
    matrix = _affine(pose.angle, pose.dx / questioned.pixel, pose.dy / questioned.pixel, questioned.shape, shape)
    values = _sample(questioned.values, matrix, shape)
    weight = _sample(questioned.mask, matrix, shape)
    mask = (weight > 0.5).astype(np.float32)
    return values * mask, mask


def masked_ncc(
    template: Float32Array, template_mask: Float32Array, image: Float32Array, image_mask: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Correlate stacks of templates with stacks of images, each over its true overlap.

    The template is moved over every position that lies wholly inside the image grid ("valid"). At each one
    mean and variance are taken over just those points that both masks keep.

    Parameters
    ----------
    template, template_mask : ndarray, shape (..., h, w), float32
        Values (zero outside the mask, about zero mean and unit variance) and mask.
    image, image_mask : ndarray, shape (..., H, W), float32
        The same for the images, with H >= h and W >= w; leading axes broadcast.

    Returns
    -------
    correlation : ndarray, shape (..., H - h + 1, W - w + 1), float32
        In [-1, 1]; zero where either side is constant over the overlap.
    overlap : ndarray of the same shape, float32
        Number of points that both masks keep.

    Raises
    ------
    ParameterError
        If a template is larger than the images.

    Notes
    -----
    Single precision: within 1e-5 of the exact value where ten or more points are kept and their variance is
    not small against that of the whole image.

    References
    ----------
    Padfield, Masked object registration in the Fourier domain, IEEE Trans. Image Process. 21 (2012),
    doi:10.1109/TIP.2011.2181402.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> image = rng.standard_normal((20, 24)).astype(np.float32)
    >>> whole = np.ones_like(image)
    >>> correlation, overlap = masked_ncc(image[3:13, 5:17], whole[3:13, 5:17], image, whole)
    >>> tuple(int(i) for i in np.unravel_index(correlation.argmax(), correlation.shape))
    (3, 5)
    >>> round(float(correlation.max()), 4), float(overlap.min())
    (1.0, 120.0)
    """
    (h, w), (ny, nx) = template.shape[-2:], image.shape[-2:]
    if h > ny or w > nx:
        raise ParameterError(f"A template of {h} x {w} points found for images of {ny} x {nx}; it must fit in.")
    shape = (scipy.fft.next_fast_len(ny, real=True), scipy.fft.next_fast_len(nx, real=True))
    t, tm, tt = (np.conj(scipy.fft.rfft2(x, shape)) for x in (template, template_mask, template * template))
    q, qm, qq = (scipy.fft.rfft2(x, shape) for x in (image, image_mask, image * image))

    def sums(product: NDArray[np.complex64]) -> Float32Array:
        return _first_shifts(product, (ny - h + 1, nx - w + 1), shape[1])

    overlap = np.maximum(sums(tm * qm), OVERLAP_FLOOR)
    first, second = sums(t * qm), sums(tm * q)
    covariance = sums(t * q) - first * second / overlap
    spread_first = sums(tt * qm) - first * first / overlap
    spread_second = sums(tm * qq) - second * second / overlap
    floor = VARIANCE_FLOOR * overlap
    enough = (spread_first > floor) & (spread_second > floor)
    scale = np.sqrt(np.where(enough, spread_first * spread_second, 1.0))
    correlation = np.where(enough, np.clip(covariance / scale, -1.0, 1.0), 0.0)
    return correlation.astype(np.float32), np.rint(overlap).astype(np.float32)


def search_rotations(
    reference: Relief,
    questioned: Relief,
    *,
    angles_deg: NDArray[np.floating[Any]],
    min_overlap: float = 0.25,
    candidates: int = 3,
    separation_deg: float = 10.0,
) -> tuple[Alignment, ...] | NoAlignment:
    """Try every rotation and every shift, and keep the strongest well-separated poses.

    For each angle the questioned relief is turned about its middle and correlated at all shifts up to a third
    of the longest side (up to half of it where one relief is small), weighed by the root of the overlap.
    Reliefs are centred and of even strength, so local means and variances are left out at first; the best few
    poses are then scored exactly by `correlate`. Corners that a turn takes out of a square of the longest side
    are left out at first too. Angles half a turn apart share their work.

    Parameters
    ----------
    reference, questioned : Relief
        Of one pixel size; use `reduce` first, about 40 um a pixel is right for breech faces.
    angles_deg : ndarray, shape (n,)
        Rotations to try in degrees.
    min_overlap : float
        Smallest common area, as a share of the smaller relief, 0 to 1.
    candidates : int
        How many poses to keep, 1 or more, strongest first.
    separation_deg : float
        Least angle between two kept poses.

    Returns
    -------
    tuple of Alignment, or NoAlignment
        Falsy with a reason when no shift leaves enough overlap.

    Raises
    ------
    ParameterError
        If the pixel sizes differ or an option is out of its range.
    """
    _require_one_pixel(reference, questioned)
    if candidates < 1 or not 0.0 <= min_overlap <= 1.0:
        raise ParameterError(
            f"{candidates} candidates of an overlap of {min_overlap:g} found; 1 or more, of 0 to 1, are possible."
        )
    side = max(*reference.shape, *questioned.shape)
    extent = max(reference.shape) + min(side, math.hypot(*questioned.shape))
    reach = min(side // 2, side + side // 3 - math.ceil(extent / 2))
    field = (side + (side - reference.shape[0]) % 2, side + (side - reference.shape[1]) % 2)
    size = scipy.fft.next_fast_len(max(field) + side // 3, real=True)
    still = np.stack(lay(reference, Pose(angle=0.0, dx=0.0, dy=0.0), field))
    upright, half_turned = (_anchor(grids, reach, size) for grids in (still, still[:, ::-1, ::-1]))
    needed = max(2.0, min_overlap * min(reference.area, questioned.area))
    angles = np.asarray(angles_deg, dtype=np.float64)
    rests = angles % 180.0
    count = 2 * reach + 1
    found: list[tuple[float, Pose]] = []
    for rest in np.unique(rests):
        turned = lay(questioned, Pose(angle=math.radians(rest), dx=0.0, dy=0.0), field)
        spectra = scipy.fft.rfft2(np.stack(turned), (size, size))
        for angle in angles[rests == rest]:
            anchor, sign = (half_turned, -1) if round((angle - rest) / 180.0) % 2 else (upright, 1)
            product, overlap = _first_shifts(anchor * spectra, (count, count), size)
            strength = np.where(overlap >= needed, product / np.sqrt(np.maximum(overlap, 1.0)), -np.inf)
            row, column = divmod(int(strength.argmax()), count)
            if np.isfinite(strength[row, column]):
                dx, dy = (sign * (k - reach) * reference.pixel for k in (column, row))
                pose = Pose(angle=math.radians(angle), dx=0.0, dy=0.0).after(Pose(angle=0.0, dx=dx, dy=dy))
                found.append((float(strength[row, column]), pose))
    if not found:
        return NoAlignment(reason=f"no pose leaves {min_overlap:.0%} of the smaller mark in common")
    kept: list[Alignment] = []
    found.sort(key=lambda each: -each[0])
    exact = (correlate(reference, questioned, pose) for _, pose in found[: RESCORED * candidates])
    for alignment in sorted(exact, key=lambda each: -each.strength):
        apart = (abs(alignment.pose.angle_deg - other.pose.angle_deg) for other in kept)
        if all(min(gap, 360.0 - gap) >= separation_deg for gap in apart):
            kept.append(alignment)
        if len(kept) == candidates:
            break
    return tuple(kept)


@one_blas_thread()
def correlate(reference: Relief, questioned: Relief, pose: Pose) -> Alignment:
    """Return the exact masked correlation of two reliefs at one pose.

    An overlap without relief, or none at all, has correlation zero.

    Raises
    ------
    ParameterError
        If the pixel sizes differ.
    """
    _require_one_pixel(reference, questioned)
    return _score(reference, pose, *lay(questioned, pose, reference.shape))


def _score(reference: Relief, pose: Pose, values: Float32Array, mask: Float32Array) -> Alignment:
    common = reference.mask * mask
    overlap = float(common.sum())
    if overlap < 2.0:
        return Alignment(pose=pose, correlation=0.0, overlap=overlap)
    first = _standardised(reference.values, common, overlap)
    second = _standardised(values, common, overlap)
    correlation = float(np.vdot(first, second)) / overlap
    return Alignment(pose=pose, correlation=max(-1.0, min(1.0, correlation)), overlap=overlap)


@one_blas_thread()
def refine(reference: Relief, questioned: Relief, pose: Pose) -> Alignment:
    """Move a rough pose to the nearest maximum of the correlation.

    Gauss-Newton on rotation and shift over the overlap. It climbs from about half the finest wavelength
    away. A step that would lower the correlation is shortened, so the result is never worse than the start.

    Returns
    -------
    Alignment
        The refined pose with its exact correlation; the pose as given where fewer than 16 points, or a single
        line of them, are common.

    Raises
    ------
    ParameterError
        If the pixel sizes differ.
    """
    _require_one_pixel(reference, questioned)
    pixel = reference.pixel
    ny, nx = reference.shape
    x = (np.arange(nx, dtype=np.float32) - (nx - 1) / 2)[None, :]
    y = (np.arange(ny, dtype=np.float32) - (ny - 1) / 2)[:, None]
    values, mask = lay(questioned, pose, reference.shape)
    best = _score(reference, pose, values, mask)
    for _ in range(REFINEMENTS):
        common = reference.mask * cv2.erode(mask, np.ones((3, 3), np.uint8))
        overlap = float(common.sum())
        if overlap < FEWEST_COMMON or min(ny, nx) < 2:
            break
        first = _standardised(reference.values, common, overlap)
        second = _standardised(values, common, overlap)
        gain = max(float(np.vdot(first, second)) / overlap, SMALLEST_GAIN)
        slope_y, slope_x = np.gradient(second)
        slope_x, slope_y = slope_x * common, slope_y * common
        slopes = np.stack([slope_x, slope_y, x * slope_y - y * slope_x]).reshape(3, -1)
        normal = (slopes @ slopes.T).astype(np.float64)
        wanted = slopes @ (first / gain - second).ravel()
        if np.linalg.cond(normal) > 1e12:
            break
        step_x, step_y, turn = np.linalg.solve(normal, wanted.astype(np.float64)).tolist()
        for share in STEP_SHARES:
            step = Pose(angle=share * turn, dx=share * step_x * pixel, dy=share * step_y * pixel)
            moved = best.pose.after(step)
            values, mask = lay(questioned, moved, reference.shape)
            tried = _score(reference, moved, values, mask)
            if tried.correlation > best.correlation:
                break
        else:
            break
        best = tried
        if max(abs(step_x), abs(step_y), abs(turn) * max(nx, ny) / 2) < 0.02:
            break
    return best


def _anchor(grids: Float32Array, reach: int, size: int) -> NDArray[np.complex64]:
    """Conjugate spectra to correlate with, such that the shift by minus ``reach`` comes first."""
    room = [(0, 0), *((0, size - n) for n in grids.shape[1:])]
    rolled = np.roll(np.pad(grids, room), -reach, axis=(1, 2))
    return np.conj(scipy.fft.rfft2(rolled))  # type: ignore[no-any-return]


def _first_shifts(product: NDArray[np.complex64], kept: tuple[int, int], nx: int) -> Float32Array:
    """First rows and columns of the inverse of a real transform of ``nx`` columns, without the rest."""
    rows = scipy.fft.ifft(product, axis=-2, overwrite_x=True)[..., : kept[0], :]
    return scipy.fft.irfft(rows, nx)[..., : kept[1]]  # type: ignore[no-any-return]


def _standardised(values: Float32Array, mask: Float32Array, count: float) -> Float32Array:
    centred = (values - float(np.vdot(values, mask)) / count) * mask
    variance = float(np.vdot(centred, centred)) / count
    return centred / np.float32(math.sqrt(variance)) if variance > VARIANCE_FLOOR else np.zeros_like(centred)


def _affine(
    angle: float,
    dx: float,
    dy: float,
    source: tuple[int, int],
    target: tuple[int, int],
    *,
    scale: float = 1.0,
) -> NDArray[np.float64]:
    """Matrix from target pixels to source pixels; shift in source pixels, grids centred on each other."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    x, y = (target[1] - 1) / 2, (target[0] - 1) / 2
    return np.array(
        [
            [c, -s, (source[1] - 1) / 2 + dx - c * x + s * y],
            [s, c, (source[0] - 1) / 2 + dy - s * x - c * y],
        ]
    )


def _sample(array: Float32Array, matrix: NDArray[np.float64], shape: tuple[int, int]) -> Float32Array:
    return cv2.warpAffine(  # type: ignore[return-value]
        array, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )


def _centred(values: Float32Array, weight: Float32Array, pixel: float) -> Relief:
    inside = weight > 0.5
    if not inside.any():
        raise SurfaceError("Nothing measured is left at this pixel size; the mark is too small or too broken.")
    mask = inside.astype(np.float32)
    level = np.where(inside, values / np.maximum(weight, 0.5), 0.0).astype(np.float32)
    return Relief(values=_standardised(level, mask, float(mask.sum())), mask=mask, pixel=pixel)


def _require_one_pixel(reference: Relief, questioned: Relief) -> None:
    if abs(reference.pixel - questioned.pixel) > 1e-6 * reference.pixel:
        raise ParameterError(
            f"Pixels of {reference.pixel * 1e6:g} and {questioned.pixel * 1e6:g} um found; "
            "resample both reliefs to one size first."
        )
