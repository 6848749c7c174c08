"""A photograph: pixels, what is known of their size and of the light, and where they came from."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.errors import ParameterError
from imaging.surface import LARGEST_SPACING, SMALLEST_SPACING, Provenance

Pixels = NDArray[np.unsignedinteger[Any]]
Grey = NDArray[np.float32]

LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How the object was lit.

    Parameters
    ----------
    kind : {"ring", "side", "unknown"}
        A ring round the lens lights from all sides; a side light from one.
    azimuth_deg : float, optional
        For a side light, where it comes from: clockwise from the top of the picture, 45 is the upper right, as
        in `imaging.render.shaded`. It is kept within 0 to 360. None if the direction is not known.

    Raises
    ------
    ParameterError
        If the kind is unknown, the azimuth is not finite, or an azimuth is given for other than a side light.

    Examples
    --------
    >>> Light(kind="side", azimuth_deg=-90)
    Light(kind='side', azimuth_deg=270.0)
    """

    kind: Literal["ring", "side", "unknown"] = "unknown"
    azimuth_deg: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("ring", "side", "unknown"):
            raise ParameterError(f"A light of kind {self.kind!r} found; 'ring', 'side' and 'unknown' exist.")
        if self.azimuth_deg is None:
            return
        if self.kind != "side":
            raise ParameterError(f"An azimuth found for a light of kind {self.kind!r}; only 'side' has one.")
        if not math.isfinite(self.azimuth_deg):
            raise ParameterError(f"An azimuth of {self.azimuth_deg} degrees found; it must be finite.")
        object.__setattr__(self, "azimuth_deg", float(self.azimuth_deg) % 360)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """A photograph, upright as it is to be seen: first row at the top.

    Parameters
    ----------
    pixels : ndarray, shape (ny, nx) or (ny, nx, 3), uint8 or uint16
        Grey, or colour in the order red, green, blue. Black is 0, white the highest value of the type. The
        array is made read-only; pass a copy if you need to go on writing to yours.
    pixel_um : float, optional
        Side of a pixel on the object in micrometres, 0.001 to 10 000; None if nobody knows it.
    light : Light
        How the object was lit.
    provenance : Provenance
        Where the pixels came from.

    Raises
    ------
    ParameterError
        If the array is not a picture or the size of a pixel is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> photo = Photo(pixels=np.full((30, 40), 255, np.uint8), pixel_um=2.5)
    >>> photo.shape, photo.size_um, float(photo.grey[0, 0])
    ((30, 40), (100.0, 75.0), 1.0)
    """

    pixels: Pixels
    pixel_um: float | None = None
    light: Light = field(default_factory=Light)
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        pixels = self.pixels
        if (
            pixels.dtype not in (np.uint8, np.uint16)
            or pixels.ndim not in (2, 3)
            or pixels.shape[2:] not in ((), (3,))
            or pixels.size == 0
        ):
            raise ParameterError(
                f"An array of {pixels.dtype} and shape {pixels.shape} found; a photograph is uint8 or uint16, "
                "not empty and of shape (ny, nx) or (ny, nx, 3)."
            )
        if self.pixel_um is not None and not SMALLEST_SPACING <= self.pixel_um * 1e-6 <= LARGEST_SPACING:
            raise ParameterError(
                f"A pixel of {self.pixel_um:g} um found; 0.001 to 10000 um are possible. Was the scale given in "
                "another unit than micrometres?"
            )
        view = pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns ``(ny, nx)``, whether grey or in colour."""
        ny, nx = self.pixels.shape[:2]
        return ny, nx

    @property
    def is_colour(self) -> bool:
        """Whether the pixels have three colours."""
        return self.pixels.ndim == 3

    @property
    def size_um(self) -> tuple[float, float] | None:
        """Width and height of the field of view in micrometres; None without a scale."""
        ny, nx = self.shape
        return None if self.pixel_um is None else (nx * self.pixel_um, ny * self.pixel_um)

    @property
    def grey(self) -> Grey:
        """Brightness, shape (ny, nx), float32 from 0 to 1; a new array of four bytes a pixel at each call.

        Colour is combined as 0.299 red + 0.587 green + 0.114 blue (luma of ITU-R BT.601-7, clause 2.5.1), of the
        values as stored; no gamma is undone, since the file rarely says which.
        """
        top = float(np.iinfo(self.pixels.dtype).max)
        layers = np.moveaxis(self.pixels, 2, 0) if self.is_colour else self.pixels[None]
        weights = LUMA if self.is_colour else (1.0,)
        grey: Grey = np.multiply(layers[0], np.float32(weights[0] / top), dtype=np.float32, order="C")
        for layer, weight in zip(layers[1:], weights[1:], strict=True):
            grey += np.multiply(layer, np.float32(weight / top), dtype=np.float32)
        np.minimum(grey, 1, out=grey)
        return grey

    def scaled(self, pixel_um: float, *, step: str = "given") -> Photo:
        """Return the photograph with a known size of pixel.

        Parameters
        ----------
        pixel_um : float
            Side of a pixel in micrometres, 0.001 to 10 000.
        step : str
            Where the scale comes from, for the provenance.

        Raises
        ------
        ParameterError
            If the size is out of range.

        Examples
        --------
        >>> import numpy as np
        >>> Photo(pixels=np.zeros((3, 4), np.uint8)).scaled(2.53).provenance.steps
        ('scale 2.53 um a pixel, given',)
        """
        return self._derive(self.pixels, f"scale {pixel_um:g} um a pixel, {step}", pixel_um=pixel_um)

    def crop(self, rows: tuple[int, int], columns: tuple[int, int]) -> Photo:
        """Cut a rectangle out.

        Parameters
        ----------
        rows, columns : tuple of int
            First index kept and first one no longer kept, counted from 0.

        Returns
        -------
        Photo
            A view of the same pixels; it keeps the whole picture in memory.

        Raises
        ------
        ParameterError
            If the rectangle is empty or leaves the picture.

        Examples
        --------
        >>> import numpy as np
        >>> Photo(pixels=np.zeros((5, 6), np.uint8)).crop((1, 3), (0, 4)).shape
        (2, 4)
        """
        for name, (first, stop), n in zip(("Rows", "Columns"), (rows, columns), self.shape, strict=True):
            if not 0 <= first < stop <= n:
                raise ParameterError(
                    f"{name} {first} to {stop} found; a crop needs 0 <= first < stop <= {n} on this picture."
                )
        return self._derive(
            self.pixels[slice(*rows), slice(*columns)],
            f"crop rows {rows[0]}:{rows[1]}, columns {columns[0]}:{columns[1]}",
        )

    def flip(self, axis: Literal["x", "y"]) -> Photo:
        """Mirror the picture and its light: ``"x"`` swaps left and right, ``"y"`` top and bottom.

        Raises
        ------
        ParameterError
            If the axis is neither.

        Examples
        --------
        >>> import numpy as np
        >>> photo = Photo(pixels=np.array([[1, 2]], np.uint8), light=Light(kind="side", azimuth_deg=30))
        >>> photo.flip("x").pixels.tolist(), photo.flip("x").light.azimuth_deg
        ([[2, 1]], 330.0)
        """
        if axis not in ("x", "y"):
            raise ParameterError(f"An axis {axis!r} found; 'x' and 'y' exist.")
        azimuth = self.light.azimuth_deg
        if azimuth is not None:
            azimuth = -azimuth if axis == "x" else 180 - azimuth
        light = replace(self.light, azimuth_deg=azimuth)
        return self._derive(np.flip(self.pixels, axis=1 if axis == "x" else 0), f"flip {axis}", light=light)

    def turn(self, quarters: int) -> Photo:
        """Turn the picture and its light clockwise by quarter turns; negative is anticlockwise.

        Examples
        --------
        >>> import numpy as np
        >>> Photo(pixels=np.array([[1, 2]], np.uint8)).turn(1).pixels.tolist()
        [[1], [2]]
        """
        azimuth = self.light.azimuth_deg
        light = replace(self.light, azimuth_deg=None if azimuth is None else azimuth + 90 * quarters)
        return self._derive(np.rot90(self.pixels, -quarters), f"turn {90 * (quarters % 4)} deg", light=light)

    def reduce(self, factor: float) -> Photo:
        """Return a smaller picture for work that needs no finer one.

        Parameters
        ----------
        factor : float
            How many old pixels a new one is wide, 1 or more; whole numbers are several times as fast.

        Returns
        -------
        Photo
            Of ``round(n / factor)`` pixels each way; its pixel is exactly ``factor`` times as large. The old
            point ``x`` lies at ``(x + 0.5) / factor - 0.5``.

        Raises
        ------
        ParameterError
            If the factor is below 1, or above the shorter side in pixels.

        Notes
        -----
        Each new pixel is the mean of the area that it covers, which keeps finer texture from folding back.

        Examples
        --------
        >>> import numpy as np
        >>> photo = Photo(pixels=np.zeros((1944, 2592), np.uint8), pixel_um=2.5)
        >>> small = photo.reduce(4)
        >>> small.shape, small.pixel_um
        ((486, 648), 10.0)
        """
        if not 1 <= factor <= min(self.shape):
            raise ParameterError(f"A factor of {factor:g} found; 1 to {min(self.shape)} is possible here.")
        if factor == 1:
            return self
        found = cv2.resize(self.pixels, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        small: Pixels = np.asarray(found, dtype=self.pixels.dtype)
        pixel_um = None if self.pixel_um is None else self.pixel_um * factor
        return self._derive(small, f"reduce by {factor:g}", pixel_um=pixel_um)

    def digest(self) -> str:
        """Hash of the pixels and their size (SHA-256, hexadecimal), for caches and canonical order."""
        sha = hashlib.sha256(repr((self.pixels.shape, str(self.pixels.dtype), self.pixel_um)).encode())
        for row in self.pixels:
            sha.update(row.tobytes())
        return sha.hexdigest()

    def _derive(
        self, pixels: Pixels, step: str, *, pixel_um: float | None = None, light: Light | None = None
    ) -> Photo:
        provenance = self.provenance.model_copy(update={"steps": (*self.provenance.steps, step)})
        return replace(
            self,
            pixels=pixels,
            provenance=provenance,
            pixel_um=self.pixel_um if pixel_um is None else pixel_um,
            light=light or self.light,
        )
