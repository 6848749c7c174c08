"""Which cells are congruent: the rules of the literature, and the one used here by default.

Every rule takes the places where the cells were found and says, cell by cell, whether the cell counts and
if not, why. A group below the rule's ``min_cells`` counts as none: two cells agree by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ballistics.impressed import CellMatches
from ballistics.language import Message
from ballistics.parameters import Rule
from imaging.register import Pose

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

CONGRUENT = Message("congruent")
NOT_COMPARED = Message("too little common area")
LOW_CORRELATION = Message("correlation too low")
WRONG_ANGLE = Message("angle differs")
WRONG_PLACE = Message("place differs")
TOO_FEW = Message("too few cells agree")
REASONS = (NOT_COMPARED, LOW_CORRELATION, WRONG_ANGLE, WRONG_PLACE, TOO_FEW, CONGRUENT)
ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Congruence:
    """What one rule says of every cell.

    Parameters
    ----------
    congruent : ndarray of bool, shape (n,)
        The cells that count.
    reason : tuple of str, length n
        Why each cell counts or does not.
    """

    congruent: BoolArray
    reason: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of congruent cells."""
        return int(self.congruent.sum())


def judge(cells: CellMatches, rule: Rule) -> Congruence:
    """Apply a rule to the cells of one direction."""
    if len(cells) == 0:
        return Congruence(congruent=np.zeros(0, np.bool_), reason=())
    return _RULES[rule.kind](cells, rule)


def _original(cells: CellMatches, rule: Rule) -> Congruence:
    """Song's rule: shifts and angles near the medians over all compared cells, correlation high enough."""
    compared = cells.compared
    if not compared.any():
        return _verdict(cells.compared, *(compared,) * 3, rule=rule)
    shift, angle = cells.shift, cells.angle
    middle = np.median(shift[compared], axis=0)
    placed = np.all(np.abs(shift - middle) <= rule.shift_um * 1e-6, axis=1)
    turned = np.abs(_wrap(angle - _circular_median(angle[compared]))) <= math.radians(rule.angle_deg)
    return _verdict(compared, cells.correlation >= rule.correlation, turned, placed, rule=rule)


def _high(cells: CellMatches, rule: Rule) -> Congruence:
    """Tong's High CMC: the union over rotations that come within ``tau`` of the best one.

    At each rotation the cells near the median shift and above the threshold are counted. If the rotations
    whose count is within ``tau`` of the highest span at most ``angle_deg``, every cell congruent at one of
    them counts; else the original rule stands.
    """
    usable = cells.correlations > -1.0
    shifts = np.where(usable[..., None], cells.shifts, np.nan)
    middle = np.full((len(cells.angles), 2), np.nan)
    some = usable.any(axis=0)
    middle[some] = np.nanmedian(shifts[:, some], axis=0)
    with np.errstate(invalid="ignore"):
        placed = (np.abs(shifts - middle) <= rule.shift_um * 1e-6).all(axis=2)
    correlated = cells.correlations >= rule.correlation
    counts = (placed & correlated & usable).sum(axis=0)
    high = counts >= max(1, counts.max() - (rule.tau or 0))
    span = cells.angles[high].max() - cells.angles[high].min() if high.any() else math.inf
    if span > math.radians(rule.angle_deg) + 1e-9:
        return _original(cells, rule)
    anywhere = np.any(correlated[:, high], axis=1)
    agreeing = np.any((placed & correlated & usable)[:, high], axis=1)
    return _verdict(cells.compared, anywhere, anywhere, agreeing, rule=rule)


def _convergence(cells: CellMatches, rule: Rule) -> Congruence:
    """Chen's convergence: the largest group of cells about one cell's shift and angle."""
    correlated = cells.compared & (cells.correlation >= rule.correlation)
    shift, angle = cells.shift, cells.angle
    gap = np.abs(shift[:, None] - shift[None]).max(axis=2) <= rule.shift_um * 1e-6
    turn = np.abs(_wrap(angle[:, None] - angle[None])) <= math.radians(rule.angle_deg)
    leader = _largest(gap & turn, correlated, cells.correlation)
    return _verdict(cells.compared, correlated, turn[leader], gap[leader], rule=rule)


def _consensus(cells: CellMatches, rule: Rule) -> Congruence:
    """One rigid motion that explains the places and angles of as many cells as possible.

    Every cell proposes the motion that its own place and angle imply; the proposal that most cells follow is
    fitted again to those cells by least squares until they no longer change.
    """
    correlated = cells.compared & (cells.correlation >= rule.correlation)
    shift, limit = rule.shift_um * 1e-6, math.radians(rule.angle_deg)
    centre, place, angle = cells.centre, cells.place, cells.angle
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    away = centre[None] - centre[:, None]
    predicted = np.stack([c * away[..., 0] - s * away[..., 1], s * away[..., 0] + c * away[..., 1]], axis=2)
    error = np.linalg.norm(predicted + place[:, None] - place[None], axis=2)
    turn = np.abs(_wrap(angle[:, None] - angle[None])) <= limit
    leader = _largest((error <= 1.5 * shift) & turn, correlated, cells.correlation)
    placed, turned = error[leader] <= 1.5 * shift, turn[leader]
    for _ in range(ROUNDS):
        chosen = placed & turned & correlated
        if chosen.sum() < 2:
            break
        motion = _fit(centre[chosen], place[chosen])
        near = np.linalg.norm(motion.apply(centre) - place, axis=1) <= shift
        alike = np.abs(_wrap(angle - motion.angle)) <= limit
        settled = bool(((near & alike & correlated) == chosen).all())
        placed, turned = near, alike
        if settled:
            break
    return _verdict(cells.compared, correlated, turned, placed, rule=rule)


_RULES: dict[str, Callable[[CellMatches, Rule], Congruence]] = {
    "original": _original,
    "high": _high,
    "convergence": _convergence,
    "consensus": _consensus,
}


def _verdict(
    compared: BoolArray, correlated: BoolArray, turned: BoolArray, placed: BoolArray, *, rule: Rule
) -> Congruence:
    congruent = compared & correlated & turned & placed
    kept = congruent if congruent.sum() >= rule.min_cells else np.zeros_like(congruent)
    reason = np.select([~compared, ~correlated, ~turned, ~placed, ~kept], range(5), 5)
    return Congruence(congruent=kept, reason=tuple(REASONS[each] for each in reason.tolist()))


def _largest(follows: BoolArray, allowed: BoolArray, correlation: FloatArray) -> int:
    """Index of the cell that most allowed cells follow; the higher correlation breaks ties."""
    followers = np.where(allowed, (follows & allowed[None]).sum(axis=1), -1)
    return int(np.lexsort((correlation, followers))[-1])


def _fit(centre: FloatArray, place: FloatArray) -> Pose:
    """Rotation and shift by least squares (two-dimensional Procrustes)."""
    from_middle, to_middle = centre.mean(axis=0), place.mean(axis=0)
    a, b = centre - from_middle, place - to_middle
    angle = math.atan2(float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()), float((a * b).sum()))
    turned = Pose(angle=angle, dx=0.0, dy=0.0).apply(from_middle[None])[0]
    return Pose(angle=angle, dx=float(to_middle[0] - turned[0]), dy=float(to_middle[1] - turned[1]))


def _wrap(angle: FloatArray) -> FloatArray:
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def _circular_median(angle: FloatArray) -> float:
    """Median about the mean direction, so that -179 and 179 degrees are neighbours."""
    middle = math.atan2(float(np.sin(angle).mean()), float(np.cos(angle).mean()))
    return middle + float(np.median(_wrap(angle - middle)))
