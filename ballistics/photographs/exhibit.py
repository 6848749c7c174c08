"""A photograph, or a scan taken as a picture, made ready for comparison: done once for an exhibit."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.errors import MarkError, OptionError
from ballistics.language import Message, told
from ballistics.mark_names import NAMES
from ballistics.parameters import PictureSet, parameter_set
from ballistics.photographs.region import PhotoRegion, find_region
from ballistics.preparation import prepare
from ballistics.segment import Segmentation, segment
from imaging.agreement import Thumbnail, thumbnail
from imaging.contrast import even_contrast, to_levels
from imaging.errors import ImagingError
from imaging.extractors import Orb, Sift, extractor
from imaging.features import Extractor, Features
from imaging.photo import Photo
from imaging.surface import Finding, Provenance, Surface

BoolArray = NDArray[np.bool_]
Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]

FILE_IN_DOUBT = Message("the file is in doubt ({findings}). Accept it by its code if you have checked it.")
FEWEST_POINTS = 20
SPREAD = 3.0
POSSIBLE_MM = 0.3, 40.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureExhibit:
    """A mark as a picture, with everything that a comparison needs of it.

    Parameters
    ----------
    source : Photo or Surface
        As read.
    region : PhotoRegion or Segmentation
        Where the mark is in it.
    picture : ndarray, shape (ny, nx), uint8
        The mark cut out at the working pixel, with even contrast.
    mask : ndarray of bool, shape (ny, nx)
    pixel_um : float or None
        Side of a pixel of ``picture`` in micrometres.
    to_source : ndarray, shape (2, 3)
        From pixels of ``picture`` to pixels of the source.
    features : Features
    small : Thumbnail
        For the dense check.
    parameters : PictureSet
        What it was prepared with.
    digest : str
        Hash of the prepared picture; it fixes the order in which a pair is computed.
    """

    source: Photo | Surface
    region: PhotoRegion | Segmentation
    picture: Picture
    mask: BoolArray
    pixel_um: float | None
    to_source: Matrix
    features: Features
    small: Thumbnail
    parameters: PictureSet
    digest: str

    @property
    def provenance(self) -> Provenance:
        """Where the source came from."""
        return self.source.provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPicture:
    """No exhibit could be made; falsy, with the reason."""

    reason: str
    source: Photo | Surface = field(repr=False)
    parameters: PictureSet

    def __bool__(self) -> bool:
        """Report that there is no exhibit."""
        return False


def prepare_photograph(
    photo: Photo, parameters: PictureSet, *, mask: BoolArray | None = None, accept: Collection[str] = ()
) -> PictureExhibit | NoPicture:
    """Find the mark in a photograph, make its contrast even and describe its keypoints.

    Parameters
    ----------
    photo : Photo
        As read.
    parameters : PictureSet
        What to compute with.
    mask : ndarray of bool, shape of the photograph, optional
        Area of the mark; found automatically when left out.
    accept : collection of str
        Codes of doubtful findings that a person has looked at and accepts.

    Returns
    -------
    PictureExhibit or NoPicture
        Falsy with the reason when the file is in doubt, or it shows too little.

    Examples
    --------
    >>> from ballistics.parameters import default_picture_set
    >>> noise = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 250, (400, 400), np.uint8), (0, 0), 2)
    >>> made = prepare_photograph(Photo(pixels=noise), default_picture_set("breech face"))
    >>> made.picture.shape, len(made.features) > 100
    ((300, 300), True)
    """
    if reason := _doubts(photo.provenance.findings, accept):
        return NoPicture(reason=reason, source=photo, parameters=parameters)
    try:
        region = find_region(photo, parameters.mark, mask=mask)
        return _photographed(photo, region, parameters)
    except (MarkError, OptionError, ImagingError) as error:
        return NoPicture(reason=told(error), source=photo, parameters=parameters)


def prepare_scan(
    scan: Surface, parameters: PictureSet, *, mask: BoolArray | None = None, accept: Collection[str] = ()
) -> PictureExhibit | NoPicture:
    """Find the mark in a scan, prepare its relief and take that as the picture, bright where it is high.

    Parameters and result are those of `prepare_photograph`. The relief is prepared under the set that
    ``parameters.relief`` names, so its scale is known.
    """
    if reason := _doubts(scan.provenance.findings, accept):
        return NoPicture(reason=reason, source=scan, parameters=parameters)
    chosen = parameter_set(parameters.relief)
    if chosen.mark != parameters.mark:
        return NoPicture(
            reason=Message(
                "no way to prepare this mark on a scan is known ({mark}); compare photographs of it",
                mark=NAMES[parameters.mark],
            ),
            source=scan,
            parameters=parameters,
        )
    try:
        found = segment(scan, parameters.mark, mask=mask)
        mark = prepare(scan, found.mask, chosen)
    except (MarkError, OptionError, ImagingError) as error:
        return NoPicture(reason=told(error), source=scan, parameters=parameters)
    heights, valid = mark.surface.heights, mark.surface.valid
    level = heights / (float(np.nanstd(heights)) or 1.0) * (127.0 / SPREAD) + 128.0
    picture = np.where(valid, np.clip(level, 0.0, 255.0), 128.0).astype(np.uint8)
    step = np.array([mark.surface.pixel / each for each in scan.spacing])
    middle = (np.array(scan.shape[::-1]) - 1) / 2 + np.array(mark.centre) / np.array(scan.spacing)
    corner = middle - step * (np.array(picture.shape[::-1]) - 1) / 2
    to_source = np.column_stack([np.diag(step), corner])
    return _described(scan, found, picture, valid, mark.surface.pixel_um, to_source, parameters)


def mirrored_exhibit(exhibit: PictureExhibit) -> PictureExhibit | NoPicture:
    """Return the exhibit as if its source had been stored left to right, to look for a mirrored file."""
    width = exhibit.picture.shape[1]
    flip = np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return _described(
        exhibit.source,
        exhibit.region,
        exhibit.picture[:, ::-1].copy(),
        exhibit.mask[:, ::-1].copy(),
        exhibit.pixel_um,
        exhibit.to_source @ flip,
        exhibit.parameters,
    )


def source_name(source: Photo | Surface, otherwise: str) -> str:
    """Return the name of a source's file without its folder."""
    return Path(source.provenance.path).name if source.provenance.path else otherwise


def _photographed(photo: Photo, region: PhotoRegion, parameters: PictureSet) -> PictureExhibit | NoPicture:
    rows, columns = (np.flatnonzero(region.mask.any(axis=axis)) for axis in (1, 0))
    window = (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)
    cut = photo.crop(*window)
    if photo.pixel_um is not None:
        across_mm = max(cut.shape) * photo.pixel_um / 1e3
        if not POSSIBLE_MM[0] <= across_mm <= POSSIBLE_MM[1]:
            note = Message(
                "the mark is {across:.3g} mm across at {pixel:g} um a pixel: is the scale right?",
                across=across_mm,
                pixel=photo.pixel_um,
            )
            region = replace(region, notes=(*region.notes, note))
    inside = region.mask[window[0][0] : window[0][1], window[1][0] : window[1][1]]
    working = parameters.working
    factor = max(cut.shape) / working.across_px
    if photo.pixel_um is not None:
        factor = working.pixel_um / photo.pixel_um
    factor = max(1.0, min(factor, min(cut.shape)))
    small = cut.reduce(factor)
    mask = (
        cv2.resize(inside.astype(np.uint8), None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA) > 0
        if factor > 1.0
        else inside
    )
    even = to_levels(even_contrast(small.grey, window_px=working.window_px, mask=mask))
    corner = np.array([window[1][0], window[0][0]]) + (factor - 1) / 2
    to_source = np.column_stack([factor * np.eye(2), corner])
    return _described(photo, region, even, mask, small.pixel_um, to_source, parameters)


def _described(
    source: Photo | Surface,
    region: PhotoRegion | Segmentation,
    picture: Picture,
    mask: BoolArray,
    pixel_um: float | None,
    to_source: Matrix,
    parameters: PictureSet,
) -> PictureExhibit | NoPicture:
    features = _extractor(parameters).extract(picture, mask, pixel_um=pixel_um)
    if len(features) < FEWEST_POINTS:
        return NoPicture(
            reason=Message(
                "{count} keypoints found on the mark ({mark}), prepared as {columns} x {rows} pixels; {least} are "
                "needed: there is next to nothing to see, the mask leaves too little, or the scale is wrong",
                count=len(features),
                mark=NAMES[parameters.mark],
                columns=picture.shape[1],
                rows=picture.shape[0],
                least=FEWEST_POINTS,
            ),
            source=source,
            parameters=parameters,
        )
    return PictureExhibit(
        source=source,
        region=region,
        picture=picture,
        mask=mask,
        pixel_um=pixel_um,
        to_source=to_source,
        features=features,
        small=thumbnail(picture, mask, across=parameters.dense.across_px),
        parameters=parameters,
        digest=hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest(),
    )


def _extractor(parameters: PictureSet) -> Extractor:
    found, points = extractor(parameters.keypoints.extractor), parameters.keypoints.points
    return replace(found, points=points) if isinstance(found, Orb | Sift) else found


def _doubts(findings: Collection[Finding], accept: Collection[str]) -> str:
    doubts = [each for each in findings if each.severity == "doubt" and each.code not in accept]
    listed = "; ".join(f"{each.code}: {each.message}" for each in doubts)
    return FILE_IN_DOUBT.filled(findings=listed) if doubts else ""
