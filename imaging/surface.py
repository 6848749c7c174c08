"""A measured surface: heights on a grid, their spacing and where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from imaging.errors import SurfaceError

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]

SMALLEST_SPACING = 1e-9
LARGEST_SPACING = 1e-2


class Finding(BaseModel):
    """One thing a reader noticed about a file.

    A ``note`` is worth knowing. A ``doubt`` puts the heights or their scale in question: it stops a
    comparison until a person accepts it by its code.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Literal["note", "doubt"]
    message: str


class Provenance(BaseModel):
    """Where a surface came from and what was done to it since."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    sha256: str | None = None
    format: str = "array"
    reader: str = ""
    findings: tuple[Finding, ...] = ()
    metadata: Mapping[str, str] = {}
    steps: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """The findings that put the data in question."""
        return tuple(finding for finding in self.findings if finding.severity == "doubt")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Heights on a regular grid.

    Parameters
    ----------
    heights : ndarray, shape (ny, nx), float32 or float64
        Heights in metres; a missing point is NaN. Infinite heights are refused. The array is made
        read-only; pass a copy if you need to go on writing to yours.
    spacing : tuple of float
        Distance ``(dx, dy)`` between neighbouring columns and rows in metres, 1 nm to 10 mm.
    provenance : Provenance
        Where the heights came from.
    attachments : mapping of str to bytes
        Files that travelled with the heights, by their name in the container, for example an Open-FMC
        record; kept so that writing a surface loses nothing.

    Raises
    ------
    SurfaceError
        If the array is not two-dimensional and floating, is empty, holds infinities, or if the spacing is
        out of range.

    Examples
    --------
    >>> import numpy as np
    >>> surface = Surface(heights=np.zeros((3, 4)), spacing=(1e-6, 1e-6))
    >>> surface.shape, surface.pixel_um, surface.coverage
    ((3, 4), 1.0, 1.0)
    """

    heights: FloatArray
    spacing: tuple[float, float]
    provenance: Provenance = field(default_factory=Provenance)
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        heights = self.heights
        if heights.ndim != 2 or heights.size == 0:
            raise SurfaceError(f"Heights of shape {heights.shape} found; a non-empty (ny, nx) array is needed.")
        if heights.dtype not in (np.float32, np.float64):
            raise SurfaceError(f"Heights of type {heights.dtype} found; float32 or float64 metres are needed.")
        if np.isinf(heights).any():
            raise SurfaceError("Infinite heights found; mark missing points as NaN.")
        for name, step in zip(("x", "y"), self.spacing, strict=True):
            if not SMALLEST_SPACING <= step <= LARGEST_SPACING:
                raise SurfaceError(
                    f"A spacing of {step:g} m along {name} found; 1 nm to 10 mm is possible. "
                    "Was the scale given in another unit than metres?"
                )
        view = heights.view()
        view.flags.writeable = False
        object.__setattr__(self, "heights", view)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns ``(ny, nx)``."""
        ny, nx = self.heights.shape
        return ny, nx

    @property
    def valid(self) -> BoolArray:
        """Boolean mask, shape (ny, nx): True where a height was measured."""
        return np.isfinite(self.heights)

    @property
    def coverage(self) -> float:
        """Share of points that were measured, 0 to 1."""
        return float(self.valid.mean())

    @property
    def is_isotropic(self) -> bool:
        """Whether rows and columns are equally spaced, to one part in a thousand."""
        dx, dy = self.spacing
        return abs(dx - dy) <= 1e-3 * max(dx, dy)

    @property
    def pixel(self) -> float:
        """The common spacing in metres of an isotropic surface.

        Raises
        ------
        SurfaceError
            If the rows and columns are spaced differently; resample the surface first.
        """
        dx, dy = self.spacing
        if not self.is_isotropic:
            raise SurfaceError(
                f"Pixels of {dx * 1e6:g} x {dy * 1e6:g} um found; resample to square pixels first "
                "(imaging.resample.isotropic)."
            )
        return dx

    @property
    def pixel_um(self) -> float:
        """The common spacing in micrometres of an isotropic surface."""
        return self.pixel * 1e6

    @property
    def size_um(self) -> tuple[float, float]:
        """Width and height of the grid in micrometres."""
        ny, nx = self.shape
        return nx * self.spacing[0] * 1e6, ny * self.spacing[1] * 1e6

    def derive(self, heights: FloatArray, *, step: str, spacing: tuple[float, float] | None = None) -> Surface:
        """Return a surface with new heights that remembers this one's origin.

        Parameters
        ----------
        heights : ndarray, shape (ny, nx)
            New heights in metres.
        step : str
            What was done, in a few words and with its parameters; it is appended to the provenance.
        spacing : tuple of float, optional
            New ``(dx, dy)`` in metres; unchanged when left out.
        """
        provenance = self.provenance.model_copy(update={"steps": (*self.provenance.steps, step)})
        return replace(self, heights=heights, spacing=spacing or self.spacing, provenance=provenance)

    def masked(self, keep: BoolArray, *, step: str = "mask") -> Surface:
        """Return the surface with every point outside ``keep`` missing.

        Raises
        ------
        SurfaceError
            If the mask has another shape than the heights.
        """
        if keep.shape != self.heights.shape:
            raise SurfaceError(
                f"A mask of shape {keep.shape} found for heights of shape {self.heights.shape}; they must agree."
            )
        return self.derive(np.where(keep, self.heights, self.heights.dtype.type(np.nan)), step=step)

    def digest(self) -> str:
        """Hash of the heights and spacing (SHA-256, hexadecimal), for caches and canonical order."""
        sha = hashlib.sha256(repr((self.shape, str(self.heights.dtype), self.spacing)).encode())
        sha.update(np.ascontiguousarray(self.heights).tobytes())
        return sha.hexdigest()
