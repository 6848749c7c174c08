"""A rigid motion on the plane of a surface, and the outcome of a search for one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A rigid motion that takes a reference point ``p`` to the questioned point ``R(angle) p + (dx, dy)``.

    Parameters
    ----------
    angle : float
        Rotation in radians.
    dx, dy : float
        Shift in metres.

    Examples
    --------
    >>> pose = Pose(angle=math.pi / 2, dx=1e-3, dy=0.0)
    >>> pose.apply(np.array([[1e-3, 0.0]])).round(6).tolist()
    [[0.001, 0.001]]
    >>> pose.inverse().apply(pose.apply(np.array([[2e-3, 5e-3]]))).round(6).tolist()
    [[0.002, 0.005]]
    """

    angle: float
    dx: float
    dy: float

    @property
    def angle_deg(self) -> float:
        """Rotation in degrees, in (-180, 180]."""
        turn = math.remainder(math.degrees(self.angle), 360.0)
        return 180.0 if turn == -180.0 else turn

    @property
    def dx_um(self) -> float:
        """Shift along the columns in micrometres."""
        return self.dx * 1e6

    @property
    def dy_um(self) -> float:
        """Shift along the rows in micrometres."""
        return self.dy * 1e6

    def apply(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Move points of shape (n, 2) in metres."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        moved: NDArray[np.float64] = points @ np.array([[c, s], [-s, c]]) + (self.dx, self.dy)
        return moved

    def after(self, first: Pose) -> Pose:
        """Return the motion that does ``first`` and then this one."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return Pose(
            angle=self.angle + first.angle,
            dx=c * first.dx - s * first.dy + self.dx,
            dy=s * first.dx + c * first.dy + self.dy,
        )

    def inverse(self) -> Pose:
        """Return the motion that undoes this one."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return Pose(angle=-self.angle, dx=-(c * self.dx + s * self.dy), dy=s * self.dx - c * self.dy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """One way to lay the questioned relief on the reference.

    ``correlation`` is the masked normalised cross-correlation over the ``overlap``, a number of points.
    """

    pose: Pose
    correlation: float
    overlap: float

    @property
    def strength(self) -> float:
        """Correlation times the root of the overlap: how far the correlation stands above chance."""
        return self.correlation * math.sqrt(self.overlap)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAlignment:
    """No pose could be found; falsy, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        """Report that there is no alignment."""
        return False
