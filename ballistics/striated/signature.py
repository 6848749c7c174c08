"""From the scan of a striated mark to its signature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ballistics.language import Message
from ballistics.mark_names import NAMES
from ballistics.parameters import StriatedSet
from ballistics.striated.crosscut import Cut, NoCut, cut_across
from ballistics.striated.grooves import Shoulders, find_shoulders
from imaging.filters import high_pass, low_pass
from imaging.surface import Surface

Array = NDArray[np.float64]

LEAST_MEASURED = 0.5
LEAST_ROUGHNESS_UM = 1e-3
NOTED_DAMAGE = 0.02
PIXELS_PER_WAVE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signature:
    """What the striae of a mark look like across: heights without form and noise.

    Parameters
    ----------
    heights_um : ndarray, shape (n,)
        Heights in micrometres; NaN where missing or damaged.
    spacing_um : float
        Distance of neighbouring heights in micrometres.
    start_um : float
        Place of the first height along the crosscut in micrometres.
    scan : Surface
        The scan that was cut: as read, or mirrored or masked by a person.
    cut : Cut
        The crosscut.
    shoulders : Shoulders or None
        Ends of the land; None for a mark without grooves.
    damaged : float
        Share of the crosscut between the shoulders that is missing because its rows disagree, 0 to 1.
    parameters : StriatedSet
        What it was computed with.
    """

    heights_um: Array
    spacing_um: float
    start_um: float
    scan: Surface
    cut: Cut
    shoulders: Shoulders | None
    damaged: float
    parameters: StriatedSet

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should look at."""
        own = (Message("{share:.0%} of the signature is damaged and left out", share=self.damaged),)
        return (*(self.shoulders.notes if self.shoulders else ()), *own[: self.damaged >= NOTED_DAMAGE])

    @property
    def roughness_um(self) -> float:
        """Root mean square height in micrometres."""
        return float(np.sqrt(np.nanmean(np.square(self.heights_um))))

    @property
    def length_um(self) -> float:
        """Length in micrometres."""
        return self.heights_um.size * self.spacing_um


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSignature:
    """No signature could be made; falsy, with the reason."""

    reason: str
    scan: Surface

    def __bool__(self) -> bool:
        """Report that there is no signature."""
        return False


def make_signature(
    scan: Surface,
    parameters: StriatedSet,
    *,
    row_um: float | None = None,
    shoulders_um: tuple[float, float] | None = None,
) -> Signature | NoSignature:
    """Turn the scan of a striated mark into its signature.

    Parameters
    ----------
    scan : Surface
        A land engraved area or another striated mark.
    parameters : StriatedSet
        Its ``grooves`` decide whether shoulders are looked for.
    row_um : float, optional
        Where to cut across, in micrometres along the striae, set by hand.
    shoulders_um : tuple of float, optional
        Ends of the land along the crosscut, set by hand.

    Returns
    -------
    Signature or NoSignature
        Falsy with a reason where there are no striae, too little of them was measured, or the pixels are too
        coarse for the parameter set.
    """
    cut = cut_across(scan, parameters.crosscut, row_um=row_um)
    if isinstance(cut, NoCut):
        return NoSignature(reason=cut.reason, scan=scan)
    return sign(cut, scan, parameters, shoulders_um=shoulders_um)


def sign(
    cut: Cut, scan: Surface, parameters: StriatedSet, *, shoulders_um: tuple[float, float] | None = None
) -> Signature | NoSignature:
    """Turn a crosscut into a signature: find its shoulders, take off form and noise.

    This is the second half of `make_signature`, for crosscuts that come from elsewhere. Shoulders are looked for
    with the damage in place, since a groove wall that is not quite straight looks damaged too.
    """
    if not np.isfinite(cut.heights).any():
        return NoSignature(reason=Message("the crosscut has no measured point"), scan=scan)
    spacing_um, coarsest_um = cut.spacing * 1e6, parameters.band.short_um / PIXELS_PER_WAVE
    if spacing_um > coarsest_um:
        return NoSignature(
            reason=Message(
                "pixels of {pixel:.4g} um across the striae found; at most {coarsest:g} um can show waves of "
                "{shortest:g} um, the shortest of {set}",
                pixel=spacing_um,
                coarsest=coarsest_um,
                shortest=parameters.band.short_um,
                set=parameters.name,
            ),
            scan=scan,
        )
    shoulders, margin_um = None, 0.0
    if shoulders_um is not None:
        shoulders = Shoulders(left_um=shoulders_um[0], right_um=shoulders_um[1], confidence=1.0)
    elif parameters.grooves is not None:
        shoulders = find_shoulders(cut, step_um=parameters.grooves.step_um)
        margin_um = parameters.grooves.margin_um
    first, last = 0, cut.heights.size
    if shoulders is not None:
        first = max(0, math.ceil((shoulders.left_um + margin_um) / spacing_um))
        last = min(last, math.floor((shoulders.right_um - margin_um) / spacing_um) + 1)
    if (last - first) * spacing_um < parameters.band.shortest_um:
        return NoSignature(
            reason=_too_short(max(0, last - first) * spacing_um, parameters, between=shoulders is not None),
            scan=scan,
        )
    measured = np.isfinite(cut.heights[first:last])
    damaged = np.zeros_like(measured) if cut.damaged is None else measured & cut.damaged[first:last]
    profile = np.where(damaged, np.nan, cut.heights[first:last])
    missing = 1.0 - float(np.isfinite(profile).mean())
    if missing > 1.0 - LEAST_MEASURED:
        return NoSignature(
            reason=Message(
                "{missing:.0%} of the crosscut is missing, {damaged:.0%} for its damage; at most {most:.0%} "
                "may be",
                missing=missing,
                damaged=damaged.mean(),
                most=1 - LEAST_MEASURED,
            ),
            scan=scan,
        )
    heights_um = _filtered(profile, cut.spacing, parameters)
    if not np.nanstd(heights_um) > LEAST_ROUGHNESS_UM:
        return NoSignature(reason=Message("the crosscut holds no relief"), scan=scan)
    return Signature(
        heights_um=heights_um,
        spacing_um=parameters.band.step_um,
        start_um=first * spacing_um,
        scan=scan,
        cut=cut,
        shoulders=shoulders,
        damaged=float(damaged.mean()),
        parameters=parameters,
    )


def _too_short(length_um: float, parameters: StriatedSet, *, between: bool) -> Message:
    figures = {"length": length_um, "mark": NAMES[parameters.mark], "least": parameters.band.shortest_um}
    if between:
        return Message(
            "only {length:.0f} um of {mark} between its shoulders; at least {least:g} um are needed", **figures
        )
    return Message("only {length:.0f} um of {mark}; at least {least:g} um are needed", **figures)


def mirrored_signature(original: Signature) -> Signature:
    """Return the signature of the mirrored mark: the same heights from the other end."""
    return replace(original, heights_um=original.heights_um[::-1].copy())


def _filtered(profile: Array, spacing: float, parameters: StriatedSet) -> Array:
    band = parameters.band
    line = Surface(heights=profile[None], spacing=(spacing, spacing))
    smooth = low_pass(line, band.short_um).heights[0]
    step = band.step_um * 1e-6
    place = np.arange(0.0, (profile.size - 1) * spacing, step) / spacing
    left = np.minimum(place.astype(np.int64), profile.size - 2)
    share = place - left
    sampled = smooth[left] * (1 - share) + smooth[left + 1] * share
    texture = high_pass(Surface(heights=sampled[None], spacing=(step, step)), band.long_um, order=band.order)
    heights_um = texture.heights[0].astype(np.float64) * 1e6
    limit = band.clip * 1.4826 * float(np.nanmedian(np.abs(heights_um)))
    clipped: Array = np.clip(heights_um, -limit, limit)
    return clipped
