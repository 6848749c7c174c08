"""Keypoints of a picture: where they are, how they are turned, what surrounds them.

A picture is a uint8 array ``(ny, nx)``. Points are ``(x, y)`` in pixels, the first pixel's centre at
``(0, 0)``, and a positive angle turns +x towards +y. What finds them is an `Extractor`; those at hand are in
`imaging.extractors`.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imaging.errors import FormatError, ParameterError
from imaging.surface import BoolArray

Picture = NDArray[np.uint8]
Float32Array = NDArray[np.float32]
Metric = Literal["hamming", "euclidean"]

FORMAT = "features 1"
ARRAYS = ("points", "size", "angle_deg", "response", "descriptors")

DAMAGE = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """The keypoints of one picture; its arrays are read-only.

    Parameters
    ----------
    points : ndarray, shape (n, 2), float32
        ``(x, y)`` in pixels of the picture.
    size : ndarray, shape (n,), float32
        Diameter of the patch that was described, in pixels.
    angle_deg : ndarray, shape (n,), float32
        Direction of the patch in degrees, 0 to 360.
    response : ndarray, shape (n,), float32
        Strength; comparable within one extractor only.
    descriptors : ndarray, shape (n, d), uint8 or float32
        Packed bits where the metric is ``"hamming"``, numbers where it is ``"euclidean"``.
    metric : {"hamming", "euclidean"}
        How two descriptors are compared.
    extractor : str
        Name of the extractor; features of different extractors are not comparable.
    pixel_um : float or None
        Pixel size of the picture in micrometres, None where it is not known.

    Raises
    ------
    ParameterError
        If the arrays are of unequal length or of other shapes, or the pixel size is not positive.
    """

    points: Float32Array
    size: Float32Array
    angle_deg: Float32Array
    response: Float32Array
    descriptors: NDArray[Any]
    metric: Metric
    extractor: str
    pixel_um: float | None = None

    def __post_init__(self) -> None:
        n = len(self.points)
        found = [getattr(self, name).shape for name in ARRAYS]
        if found[:4] != [(n, 2), (n,), (n,), (n,)] or len(found[4]) != 2 or found[4][0] != n:
            raise ParameterError(
                f"Arrays of shapes {found} found; (n, 2), three of (n,) and (n, d) belong together."
            )
        kinds = {getattr(self, name).dtype.name for name in ARRAYS[:4]}
        if kinds != {"float32"} or self.descriptors.dtype not in (np.uint8, np.float32):
            raise ParameterError(
                f"Arrays of {', '.join(sorted(kinds))} and {self.descriptors.dtype} found; float32 is needed, "
                "and uint8 or float32 for descriptors."
            )
        if self.metric not in ("hamming", "euclidean"):
            raise ParameterError(f"The metric {self.metric!r} found; hamming and euclidean are known.")
        if self.metric == "hamming" and self.descriptors.dtype != np.uint8:
            raise ParameterError(f"Descriptors of {self.descriptors.dtype} found; the bits are packed in uint8.")
        if self.pixel_um is not None and not 0.0 < self.pixel_um < math.inf:
            raise ParameterError(f"A pixel of {self.pixel_um:g} um found; it must be positive, or None.")
        for name in ARRAYS:
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return len(self.points)

    def to_bytes(self) -> bytes:
        """Write for a cache: an npz archive of plain arrays, about 55 bytes a point for ORB."""
        buffer = BytesIO()
        facts = np.array([FORMAT, self.metric, self.extractor, repr(self.pixel_um)])
        np.savez(buffer, facts=facts, **{name: getattr(self, name) for name in ARRAYS})
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Features:
        """Read what `to_bytes` wrote.

        Raises
        ------
        FormatError
            If the bytes are something else, damaged or of another version.
        """
        try:
            with np.load(BytesIO(data), allow_pickle=False) as archive:
                version, metric, name, pixel = (str(fact) for fact in archive["facts"])
                if version != FORMAT:
                    raise FormatError(f"{version!r} found, {FORMAT!r} expected; extract the features again.")
                arrays = {each: archive[each] for each in ARRAYS}
            pixel_um = None if pixel == "None" else float(pixel)
            return cls(metric=cast(Metric, metric), extractor=name, pixel_um=pixel_um, **arrays)
        except FormatError:
            raise
        except DAMAGE as error:
            raise FormatError(
                f"{len(data)} bytes found that are no cached features ({error}); extract the features again."
            ) from error


@runtime_checkable
class Extractor(Protocol):
    """What finds and describes keypoints."""

    @property
    def name(self) -> str:
        """Short name, the same for the same way of describing."""
        ...

    def extract(
        self, picture: Picture, mask: BoolArray | None = None, *, pixel_um: float | None = None
    ) -> Features:
        """Describe the keypoints of a uint8 picture that lie inside the mask, both of shape (ny, nx)."""
        ...


def marked(picture: Picture, mask: BoolArray | None) -> BoolArray:
    """Return the mask of a grey picture, the whole of it where there is none.

    Raises
    ------
    ParameterError
        If the picture is not grey uint8, or the mask is not boolean or has another shape.
    """
    if picture.dtype != np.uint8 or picture.ndim != 2 or picture.size == 0:
        raise ParameterError(
            f"An array of {picture.dtype} and shape {picture.shape} found; a grey picture is uint8 and (ny, nx)."
        )
    inside = np.ones(picture.shape, np.bool_) if mask is None else mask
    if inside.shape != picture.shape or inside.dtype != np.bool_:
        raise ParameterError(
            f"A mask of {inside.dtype} and shape {inside.shape} found; the picture needs bool and {picture.shape}."
        )
    return inside
