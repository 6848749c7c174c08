"""From a masked scan to a mark that is ready to be compared, done once per exhibit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ballistics.errors import MarkError
from ballistics.language import Message
from ballistics.mark_names import NAMES
from ballistics.parameters import ParameterSet
from imaging.errors import SurfaceError
from imaging.filters import high_pass, low_pass
from imaging.form import remove_form
from imaging.register import Relief, reduce, relief
from imaging.resample import isotropic, trim
from imaging.surface import Surface

FEWEST_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mark:
    """A mark prepared under one parameter set.

    Parameters
    ----------
    scan : Surface
        The scan as read, nothing masked.
    surface : Surface
        The prepared heights at the working pixel, trimmed to the mark.
    centre : tuple of float
        Where the middle of the prepared grid lies, ``(x, y)`` in metres from the middle of the scan.
    relief, fine, coarse : Relief
        The mark at the working pixel and at the two pixel sizes of the pose search.
    parameters : ParameterSet
        What it was prepared with.
    """

    scan: Surface
    surface: Surface
    centre: tuple[float, float]
    relief: Relief
    fine: Relief
    coarse: Relief
    parameters: ParameterSet

    @property
    def digest(self) -> str:
        """Hash of the prepared heights; it fixes the order in which a pair is computed."""
        return self.surface.digest()


def prepare(scan: Surface, mask: np.ndarray | None, parameters: ParameterSet) -> Mark:
    """Turn a scan into a mark: mask, level, band-pass, resample, clip.

    Parameters
    ----------
    scan : Surface
        Heights as read.
    mask : ndarray of bool, shape of the scan, or None
        The mark's area; None keeps every measured point.
    parameters : ParameterSet
        Its ``preparation`` and pixel sizes are used.

    Raises
    ------
    MarkError
        If the scan is too coarse for the set, or too little of the mark was measured.

    Notes
    -----
    The short cut-off works at the scan's own pixel and keeps the resampling from folding fine texture
    back; the long cut-off then works at the working pixel, where it is cheap. Both leave missing points
    out (ISO 16610-61 with weights of measured points alone). Heights are clipped at ``clip`` robust
    standard deviations so that a dent or a torn edge does not outweigh the texture.
    """
    chosen = parameters.preparation
    coarsest = chosen.short_um / 2
    if max(scan.spacing) * 1e6 > coarsest * (1 + 1e-6):
        raise MarkError(
            Message(
                "Pixels of {pixel:.4g} um found; {set} needs {coarsest:g} um or finer. Scan at a higher "
                "magnification or choose a set for coarser scans.",
                pixel=max(scan.spacing) * 1e6,
                set=parameters.name,
                coarsest=coarsest,
            )
        )
    area = scan if mask is None else scan.masked(mask, step="mask of the mark")
    try:
        cut, (column, row) = trim(area)
        if chosen.steepest_deg is not None:
            cut = _without_walls(cut, chosen.short_um, chosen.steepest_deg)
        level = remove_form(cut, chosen.form, degree=chosen.degree if chosen.degree is not None else 2)
        smooth = isotropic(low_pass(level, chosen.short_um, order=chosen.order), pixel_um=chosen.pixel_um)
        texture = _clipped(high_pass(smooth, chosen.long_um, order=chosen.order), chosen.clip)
        whole = relief(texture)
        fine = reduce(whole, parameters.pose.fine_um / chosen.pixel_um)
        coarse = reduce(whole, parameters.pose.coarse_um / chosen.pixel_um)
    except SurfaceError as error:
        raise MarkError(
            Message("The {mark} cannot be prepared: {reason}", mark=NAMES[parameters.mark], reason=error)
        ) from error
    if whole.area < FEWEST_POINTS:
        raise MarkError(
            Message(
                "Only {area:.3g} mm2 of {mark} measured; at least {least:.3g} mm2 are needed. Check the mask.",
                area=whole.area * (chosen.pixel_um / 1e3) ** 2,
                mark=NAMES[parameters.mark],
                least=FEWEST_POINTS * (chosen.pixel_um / 1e3) ** 2,
            )
        )
    dx, dy = scan.spacing
    centre = (
        (column + (cut.shape[1] - 1) / 2 - (scan.shape[1] - 1) / 2) * dx,
        (row + (cut.shape[0] - 1) / 2 - (scan.shape[0] - 1) / 2) * dy,
    )
    return Mark(
        scan=scan, surface=texture, centre=centre, relief=whole, fine=fine, coarse=coarse, parameters=parameters
    )


def _without_walls(surface: Surface, cutoff_um: float, steepest_deg: float) -> Surface:
    """Leave out what rises more steeply than the limit: the walls of a crater hold no mark and outweigh it."""
    smooth = low_pass(remove_form(surface, "plane"), cutoff_um).heights
    dx, dy = surface.spacing
    slope_y, slope_x = np.gradient(smooth, dy, dx)
    with np.errstate(invalid="ignore"):
        gentle = np.hypot(slope_x, slope_y) <= np.tan(np.radians(steepest_deg))
    return surface.masked(gentle, step=f"slopes above {steepest_deg:g} degrees left out")


def _clipped(surface: Surface, clip: float) -> Surface:
    heights = surface.heights
    measured = heights[surface.valid]
    if measured.size == 0:
        raise SurfaceError("nothing measured is left inside the mask")
    middle = float(np.median(measured))
    spread = 1.4826 * float(np.median(np.abs(measured - middle)))
    return surface.derive(
        np.clip(heights, middle - clip * spread, middle + clip * spread), step=f"clip at {clip:g} sigma"
    )
