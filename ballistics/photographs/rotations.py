"""The best of all rotations of one picture on another, for where keypoints leave a doubt."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ballistics.photographs.exhibit import PictureExhibit
from imaging.errors import ParameterError
from imaging.turning import Turn, Turns, centred, longest_side

UNLIKE = 4.0
TURNS_KEPT = 16

_KEPT: OrderedDict[tuple[str, float, float], Turns] = OrderedDict()
_LOCK = Lock()


def standing_out(first: PictureExhibit, second: PictureExhibit, *, mirrored: bool = False) -> Turn | None:
    """The best of all rotations, of the mirror image if asked; None if it does not stand out or sizes are unlike.

    Without a scale the two marks are taken to be of one size.
    """
    chosen = first.parameters.turns
    sides = [longest_side(each.mask) for each in (first, second)]
    factors = [max(1.0, side / chosen.across_px) for side in sides]
    if first.pixel_um and second.pixel_um:
        pixel_um = max(factors[0] * first.pixel_um, factors[1] * second.pixel_um)
        factors = [pixel_um / first.pixel_um, pixel_um / second.pixel_um]
        lengths = sides[0] * first.pixel_um, sides[1] * second.pixel_um
        if max(lengths) > UNLIKE * min(lengths):
            return None
    try:
        still = centred(first.picture, first.mask, factor=factors[0])
        found = _turns(second, factors[1]).best(still.mirrored() if mirrored else still)
    except ParameterError:
        return None
    return found if found.strength >= chosen.least_strength else None


def _turns(exhibit: PictureExhibit, factor: float) -> Turns:
    """An exhibit at every rotation; the last few are kept, since one usually meets several others in a row."""
    step_deg = exhibit.parameters.turns.step_deg
    key = exhibit.digest, factor, step_deg
    with _LOCK:
        found = _KEPT.pop(key, None)
    if found is None:
        found = Turns(centred(exhibit.picture, exhibit.mask, factor=factor), step_deg=step_deg)
    with _LOCK:
        _KEPT[key] = found
        while len(_KEPT) > TURNS_KEPT:
            _KEPT.popitem(last=False)
    return found
