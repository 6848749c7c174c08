"""Two photographs, two scans, or one of each, compared as pictures."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ballistics.parameters import PictureSet
from ballistics.photographs.exhibit import NoPicture, PictureExhibit, prepare_photograph, prepare_scan
from ballistics.photographs.pair import NoPictureComparison, PictureComparison, compare_pictures
from ballistics.photographs.wording import EXPERIMENTAL
from ballistics.segment import read_mask
from imaging.errors import SurfaceError
from imaging.form import remove_form
from imaging.lighting import photograph
from imaging.photo import Light, Photo
from imaging.surface import BoolArray, Surface


def compare_sources(
    reference: Photo | Surface,
    questioned: Photo | Surface,
    parameters: PictureSet,
    *,
    masks: tuple[Path | None, Path | None] = (None, None),
    accept: Collection[str] = (),
) -> PictureComparison | NoPictureComparison:
    """Compare two photographs, two scans as pictures, or a scan that is lit with a photograph.

    Parameters
    ----------
    reference, questioned : Photo or Surface
        As read. Where one is a scan and the other a photograph, the scan is lit like the photograph, or by a ring
        where nobody knows how that was lit.
    parameters : PictureSet
        What to compute with.
    masks : tuple of Path or None
        Masks of the two, white on the mark.
    accept : collection of str
        Codes of doubtful findings that a person has looked at and accepts.
    """
    kept = [
        read_mask(mask, source) if mask else None
        for source, mask in zip((reference, questioned), masks, strict=True)
    ]
    sources, warnings = _alike(reference, questioned)
    first, second = (
        _exhibit(source, parameters, mask, accept) for source, mask in zip(sources, kept, strict=True)
    )
    result = compare_pictures(first, second)
    return replace(result, warnings=(*warnings, *result.warnings))


def _alike(
    reference: Photo | Surface, questioned: Photo | Surface
) -> tuple[tuple[Photo | Surface, Photo | Surface], tuple[str, ...]]:
    """Two sources of one kind, and the warning if one of them had to be lit for that."""
    if isinstance(reference, Surface) and isinstance(questioned, Photo):
        light = _light_for(questioned)
        return (_lit(reference, light), questioned), (EXPERIMENTAL[light.kind],)
    if isinstance(reference, Photo) and isinstance(questioned, Surface):
        light = _light_for(reference)
        return (reference, _lit(questioned, light)), (EXPERIMENTAL[light.kind],)
    return (reference, questioned), ()


def _light_for(photo: Photo) -> Light:
    light = photo.light
    return light if light.kind == "ring" or light.azimuth_deg is not None else Light(kind="ring")


def _lit(scan: Surface, light: Light) -> Photo:
    with suppress(SurfaceError):
        scan = remove_form(scan, "plane")
    return photograph(scan, light)


def _exhibit(
    source: Photo | Surface, parameters: PictureSet, mask: BoolArray | None, accept: Collection[str]
) -> PictureExhibit | NoPicture:
    if isinstance(source, Surface):
        return prepare_scan(source, parameters, mask=mask, accept=accept)
    if mask is not None and mask.shape != source.shape:
        # A scan of oblong pixels became a photograph of square ones.
        laid = cv2.resize(mask.view(np.uint8), source.shape[::-1], interpolation=cv2.INTER_NEAREST)
        mask = np.asarray(laid, np.uint8).view(np.bool_)
    return prepare_photograph(source, parameters, mask=mask, accept=accept)
