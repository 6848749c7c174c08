"""The rotation, scale and shift that most matched points agree on."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.features import Features
from imaging.matching import Matches, consistent
from imaging.surface import BoolArray

ComplexArray = NDArray[np.complex64]

FEWEST = 3
HYPOTHESES = 3000
SHORTEST = 8.0
LARGEST_SCALE = 4.0
REFITS = 8
CHANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Similarity:
    """A motion that takes a reference point ``p`` to the questioned point ``scale R(angle) p + (dx, dy)``.

    It never mirrors. Points are in pixels of their pictures, the first pixel's centre at ``(0, 0)``.

    Parameters
    ----------
    angle : float
        Rotation in radians; positive turns +x towards +y.
    scale : float
        Questioned pixels for one reference pixel.
    dx, dy : float
        Shift in questioned pixels.
    inliers : ndarray, shape (n,), bool
        Which of the matches it explains.
    support : int
        Number of places that the inliers cover: those nearer to one another than twice the tolerance count
        once, since keypoints of several sizes often sit on one spot.

    Examples
    --------
    >>> half = Similarity(angle=math.pi / 2, scale=0.5, dx=3.0, dy=0.0, inliers=np.zeros(0, bool), support=0)
    >>> half.apply(np.array([[2.0, 0.0]])).round(6).tolist()
    [[3.0, 1.0]]
    >>> half.inverse().apply(np.array([[3.0, 1.0]])).round(6).tolist()
    [[2.0, 0.0]]
    """

    angle: float
    scale: float
    dx: float
    dy: float
    inliers: BoolArray
    support: int

    @property
    def angle_deg(self) -> float:
        """Rotation in degrees, in (-180, 180]."""
        turn = math.remainder(math.degrees(self.angle), 360.0)
        return 180.0 if turn == -180.0 else turn

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The motion as a (2, 3) matrix."""
        c, s = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        return np.array([[c, -s, self.dx], [s, c, self.dy]])

    def apply(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Move reference points of shape (n, 2) onto the questioned picture."""
        matrix = self.matrix
        moved: NDArray[np.float64] = points @ matrix[:, :2].T + matrix[:, 2]
        return moved

    def inverse(self) -> Similarity:
        """Return the motion from the questioned picture to the reference."""
        back = -complex(self.dx, self.dy) / cmath.rect(self.scale, self.angle)
        return Similarity(
            angle=-self.angle,
            scale=1.0 / self.scale,
            dx=back.real,
            dy=back.imag,
            inliers=self.inliers,
            support=self.support,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSimilarity:
    """No motion could be found; falsy, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        """Report that there is no similarity."""
        return False


def find_similarity(
    matches: Matches,
    reference: Features,
    questioned: Features,
    *,
    tolerance_px: float,
    fixed_scale: float | None = None,
) -> Similarity | NoSimilarity:
    """Find the motion between two pictures from their matched keypoints.

    The matches are first grouped by the rotation and scale that each one votes for, which takes most chance
    matches out; the motion of the group with the most support is returned.

    Parameters
    ----------
    matches : Matches
    reference, questioned : Features
        What the matches index.
    tolerance_px, fixed_scale
        As in `fit_similarity`.

    Returns
    -------
    Similarity, or NoSimilarity
        Its inliers are among all the matches given.

    Examples
    --------
    >>> from imaging.extractors import Orb
    >>> from imaging.matching import match
    >>> picture = np.random.default_rng(1).integers(0, 255, (150, 150), np.uint8)
    >>> first, second = (Orb(points=200).extract(part.copy()) for part in (picture, np.rot90(picture)))
    >>> found = find_similarity(match(first, second), first, second, tolerance_px=3.0, fixed_scale=1.0)
    >>> round(found.angle_deg)
    -90
    """
    best: Similarity | NoSimilarity = NoSimilarity(reason=f"{len(matches)} matches vote for no possible scale")
    most = (0, 0)
    for group in consistent(matches, reference, questioned, fixed_scale=fixed_scale):
        found = fit_similarity(
            reference.points[group.reference],
            questioned.points[group.questioned],
            tolerance_px=tolerance_px,
            fixed_scale=fixed_scale,
        )
        if isinstance(found, NoSimilarity):
            best = best or found
            continue
        strength = (found.support, int(found.inliers.sum()))
        if strength > most:
            most = strength
            best = replace(found, inliers=np.isin(matches.reference, group.reference[found.inliers]))
    return best


def fit_similarity(
    reference_points: NDArray[np.floating[Any]],
    questioned_points: NDArray[np.floating[Any]],
    *,
    tolerance_px: float,
    fixed_scale: float | None = None,
) -> Similarity | NoSimilarity:
    """Find the motion that most matched points agree on.

    Parameters
    ----------
    reference_points, questioned_points : ndarray, each of shape (n, 2)
        Matched points in pixels; many may be wrong.
    tolerance_px : float
        How far a moved point may lie from its partner, above 0, in pixels of the geometric mean of the two
        pixel sizes, so that both pictures count alike.
    fixed_scale : float, optional
        Questioned pixels for one reference pixel (the reference's pixel size over the questioned one's), where
        both are known. Otherwise a scale of 1/4 to 4 is fitted.

    Returns
    -------
    Similarity, or NoSimilarity
        Falsy with a reason where fewer than three points agree. Chance reaches that easily: compare the
        support with `least_support`.

    Raises
    ------
    ParameterError
        If the arrays are not alike, hold numbers that are not finite, or an option is out of range.

    Notes
    -----
    Two matches make a hypothesis; those are left out whose distances do not agree with the scale. Every
    hypothesis, at most 3000 evenly drawn ones, is judged by the sum over all matches of ``1 - (r / t)^2`` with
    ``r`` the residual and ``t`` the tolerance, which is what the marginalisation over noise levels of MAGSAC
    comes to for noise of unknown strength up to ``t``. The best is refitted in closed form with those weights
    until nothing changes. Nothing is random: the same points give the same bits.

    OpenCV's ``estimateAffinePartial2D`` knows RANSAC only and ``estimateAffine2D`` with MAGSAC fits six
    parameters, mirror and shear among them; on faint pairs both kept fewer matches than this.

    References
    ----------
    Barath et al., MAGSAC++, CVPR 2020, doi:10.1109/CVPR42600.2020.00138; Umeyama, IEEE Trans. PAMI 13 (1991),
    doi:10.1109/34.88573.

    Examples
    --------
    >>> points = np.random.default_rng(1).uniform(0, 500, (20, 2))
    >>> moved = 2.0 * points @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + (30.0, -10.0)
    >>> found = fit_similarity(points, moved, tolerance_px=3.0)
    >>> round(found.angle_deg, 3), round(found.scale, 3), found.support
    (90.0, 2.0, 20)
    """
    p, q = (_complex(points) for points in (reference_points, questioned_points))
    if p.shape != q.shape:
        raise ParameterError(f"{len(p)} and {len(q)} points found; matched points come in pairs.")
    if not 0.0 < tolerance_px < math.inf:
        raise ParameterError(f"A tolerance of {tolerance_px:g} px found; it must be positive and finite.")
    if fixed_scale is not None and not 0.0 < fixed_scale < math.inf:
        raise ParameterError(f"A scale of {fixed_scale:g} found; it must be positive and finite.")
    if len(p) < FEWEST:
        return NoSimilarity(reason=f"{len(p)} matches are too few for a pose")
    turn, shift = _hypotheses(p, q, tolerance_px, fixed_scale)
    if not len(turn):
        return NoSimilarity(reason="no two matches that lie far enough apart agree on a possible scale")
    best = int(_weights(turn[:, None], shift[:, None], p, q, tolerance_px).sum(axis=1).argmax())
    motion = complex(turn[best]), complex(shift[best])
    for _ in range(REFITS):
        weights = _weights(*motion, p, q, tolerance_px)
        if np.count_nonzero(weights) < FEWEST:
            return NoSimilarity(reason="fewer than three matches agree on one pose")
        motion = _refit(p, q, weights, fixed_scale)
    fitted = _similarity(*motion, p, q, tolerance_px)
    if np.count_nonzero(fitted.inliers) < FEWEST:
        return NoSimilarity(reason="fewer than three matches agree on one pose")
    return fitted


def similarity_of(
    matrix: NDArray[np.float64],
    reference_points: NDArray[np.floating[Any]],
    questioned_points: NDArray[np.floating[Any]],
    *,
    tolerance_px: float,
) -> Similarity:
    """Return a motion that was found otherwise, with the matched points that agree with it.

    Parameters
    ----------
    matrix : ndarray, shape (2, 3)
        From reference to questioned pixels, a rotation with one scale and a shift.
    reference_points, questioned_points, tolerance_px
        As in `fit_similarity`; there may be no points.

    Examples
    --------
    >>> moved = similarity_of(np.array([[0.0, -1.0, 5.0], [1.0, 0.0, 0.0]]), np.ones((1, 2)), np.ones((1, 2)),
    ...     tolerance_px=3.0)
    >>> round(moved.angle_deg, 3), moved.inliers.tolist(), moved.support
    (90.0, [False], 0)
    """
    turn, shift = complex(matrix[0, 0], matrix[1, 0]), complex(matrix[0, 2], matrix[1, 2])
    return _similarity(turn, shift, _complex(reference_points), _complex(questioned_points), tolerance_px)


def least_support(matches: int, *, tolerance_px: float, area_px: float, scale_known: bool) -> int:
    """Return the support that matches made by chance reach in fewer than one comparison in a thousand.

    Parameters
    ----------
    matches : int
        Number of matches that went into the fit.
    tolerance_px : float
        Tolerance of the fit.
    area_px : float
        Area over which the matched points could lie, that of the smaller mask, in square pixels like those of
        the tolerance.
    scale_known : bool
        Whether the scale was fixed.

    Returns
    -------
    int
        4 or more; ``matches + 1`` where no support would be enough.

    Notes
    -----
    A contrario bound: with ``m`` pairs of matches as hypotheses and each other match landing by chance within
    the tolerance with probability ``p = pi t^2 / area``, the expected number of false alarms at ``k`` points is
    at most ``m P(Binomial(n - 2, p) >= k - 2)``. It assumes chance matches that are independent and spread
    evenly. Marks of one shape (an edge, a crescent) break this assumption: with real marks take it as a floor,
    and go by a calibration and the dense check.

    References
    ----------
    Moisan and Stival, IJCV 57 (2004), doi:10.1023/B:VISI.0000013094.38752.58.

    Examples
    --------
    >>> least_support(40, tolerance_px=6.0, area_px=100_000.0, scale_known=True)
    6
    """
    if matches < 0 or not tolerance_px > 0 or not area_px > 0:
        raise ParameterError(
            f"{matches} matches, a tolerance of {tolerance_px:g} px and an area of {area_px:g} px found; "
            "none may be negative, the last two not zero."
        )
    chance = min(1.0, math.pi * tolerance_px**2 / area_px)
    pairs = matches * (matches - 1) / 2
    if scale_known:
        pairs *= min(1.0, 8.0 * tolerance_px / math.sqrt(area_px))
    sizes = np.arange(4, matches + 1)
    others = max(matches - 2, 0)
    alarms = pairs * scipy.special.bdtrc(np.minimum(sizes - 3.0, others), others, chance)
    enough = sizes[alarms <= CHANCE]
    return int(enough[0]) if len(enough) else max(matches + 1, 4)


def _hypotheses(
    p: ComplexArray, q: ComplexArray, tolerance: float, fixed_scale: float | None
) -> tuple[ComplexArray, ComplexArray]:
    """Motions through two matches each."""
    i, j = np.triu_indices(len(p), 1)
    before, after = p[j] - p[i], q[j] - q[i]
    length, moved = np.abs(before), np.abs(after)
    known = 1.0 if fixed_scale is None else fixed_scale
    long = np.minimum(length * math.sqrt(known), moved / math.sqrt(known)) >= SHORTEST * tolerance
    if fixed_scale is None:
        possible = (moved <= LARGEST_SCALE * length) & (length <= LARGEST_SCALE * moved)
    else:
        possible = np.abs(moved / math.sqrt(known) - length * math.sqrt(known)) <= 2.0 * tolerance
    kept = np.flatnonzero(long & possible)
    if len(kept) > HYPOTHESES:
        kept = kept[np.linspace(0, len(kept) - 1, HYPOTHESES).astype(np.intp)]
    i, j, turn = i[kept], j[kept], after[kept] / before[kept]
    if fixed_scale is not None:
        turn = turn / np.abs(turn) * np.float32(fixed_scale)
    return turn, (q[i] + q[j] - turn * (p[i] + p[j])) / 2


def _similarity(turn: complex, shift: complex, p: ComplexArray, q: ComplexArray, tolerance: float) -> Similarity:
    inliers = _weights(turn, shift, p, q, tolerance) > 0
    root = math.sqrt(abs(turn))
    support = min(_places(p[inliers], 2.0 * tolerance / root), _places(q[inliers], 2.0 * tolerance * root))
    return Similarity(
        angle=cmath.phase(turn), scale=abs(turn), dx=shift.real, dy=shift.imag, inliers=inliers, support=support
    )


def _weights(turn: Any, shift: Any, p: ComplexArray, q: ComplexArray, tolerance: float) -> NDArray[np.float32]:
    residual = turn * p + shift - q
    squared = (residual.real**2 + residual.imag**2) / (np.abs(turn) * tolerance**2)
    return np.asarray(np.maximum(1.0 - squared, 0.0), np.float32)


def _refit(
    p: ComplexArray, q: ComplexArray, weights: NDArray[np.float32], fixed_scale: float | None
) -> tuple[complex, complex]:
    total = weights.sum()
    first, second = (complex((weights * points).sum() / total) for points in (p, q))
    product = complex((weights * np.conj(p - first) * (q - second)).sum())
    if fixed_scale is None:
        spread, moved = (float((weights * np.abs(a - b) ** 2).sum()) for a, b in ((p, first), (q, second)))
        scale = math.sqrt(moved / spread) if spread > 0 and moved > 0 else 1.0
    else:
        scale = fixed_scale
    turn = cmath.rect(scale, cmath.phase(product))
    return turn, second - turn * first


def _places(points: ComplexArray, apart: float) -> int:
    """Number of points that stay when each takes out the later ones near it."""
    near = np.abs(points[:, None] - points) < apart
    left = np.ones(len(points), np.bool_)
    count = 0
    for k, around in enumerate(near):
        if left[k]:
            count += 1
            left &= ~around
    return count


def _complex(points: NDArray[np.floating[Any]]) -> ComplexArray:
    if points.ndim != 2 or points.shape[1] != 2:
        raise ParameterError(f"Points of shape {points.shape} found; (n, 2) is needed.")
    if not np.isfinite(points).all():
        raise ParameterError("Points that are not finite found; leave them out before the fit.")
    return (points[:, 0] + 1j * points[:, 1]).astype(np.complex64)
