"""How a batch prepares and compares photographs, or scans as pictures: by keypoints."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ballistics.batch_methods import CHANGED, Scored, Unit, file_digest
from ballistics.contract import rounded_turn
from ballistics.errors import BallisticsError
from ballistics.parameters import PictureSet
from ballistics.photographs.exhibit import NoPicture, PictureExhibit, prepare_photograph, prepare_scan
from ballistics.photographs.pair import NoPictureComparison, compare_pictures
from ballistics.photographs.region import PhotoRegion
from ballistics.photographs.summary import middle_shift, spacing_um
from imaging.errors import ImagingError
from imaging.files import open_surface
from imaging.photo import Photo
from imaging.photo_files import is_photo, open_photo

PICTURES_KEPT = 500
MIXED = (
    "a scan and a photograph are not compared in a batch; ballistics compare --method keypoints does, one by one"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMethod:
    """Every file is a photograph or a scan of one mark; the score is the correlation at the pose, 0 without one.

    A shift in micrometres is given where both scales are known; ``pixel_um`` is that of every photograph.
    """

    parameters: PictureSet
    accept: Collection[str] = ()
    units: Unit = "auto"
    pixel_um: float | None = None
    score: str = "correlation"
    kept: int = PICTURES_KEPT

    @property
    def lengths(self) -> str:
        """What is known of lengths: the unit of scans, and the pixel of photographs."""
        return (
            self.units if self.pixel_um is None else f"{self.units}, photographs of {self.pixel_um:g} um a pixel"
        )

    def files(self, path: str) -> list[Path]:
        """The file itself."""
        return [Path(path)]

    def digest(self, path: str) -> str | None:
        """Hash of the file."""
        return file_digest(Path(path))

    def prepare(self, path: str, digest: str | None) -> PictureExhibit | str:
        """Find the mark and describe its keypoints, or say why that cannot be."""
        try:
            source = (
                open_photo(path, pixel_um=self.pixel_um)
                if is_photo(path)
                else open_surface(path, units=self.units)
            )
            if source.provenance.sha256 != digest:
                return f"{path}: {CHANGED}"
            if isinstance(source, Photo):
                made = prepare_photograph(source, self.parameters, accept=self.accept)
            else:
                made = prepare_scan(source, self.parameters, accept=self.accept)
        except (ImagingError, BallisticsError) as error:
            return str(error)
        return f"{path}: {made.reason}" if isinstance(made, NoPicture) else _slim(made)

    def compare(self, reference: PictureExhibit, questioned: PictureExhibit) -> Scored | str:
        """Compare two pictures."""
        if isinstance(reference.source, Photo) != isinstance(questioned.source, Photo):
            return MIXED
        result = compare_pictures(reference, questioned)
        if isinstance(result, NoPictureComparison):
            return result.reason
        angle_deg, shift, spacing = result.angle_deg, middle_shift(result), spacing_um(questioned.source)
        known = shift is not None and spacing is not None and result.scale_known
        return Scored(
            score=round(result.score, 6),
            angle_deg=None if angle_deg is None else rounded_turn(angle_deg, 4),
            dx_um=round(shift[0] * spacing[0], 3) if known and shift and spacing else None,
            dy_um=round(shift[1] * spacing[1], 3) if known and shift and spacing else None,
            warnings=result.warnings,
        )


def _slim(exhibit: PictureExhibit) -> PictureExhibit:
    """The exhibit without the pixels or heights of its source, which only pages need; its size stays."""
    source, region = exhibit.source, exhibit.region
    if isinstance(source, Photo):
        nothing = np.broadcast_to(np.uint8(0), source.shape)
        source = replace(source, pixels=nothing)
    else:
        source = replace(source, heights=np.broadcast_to(np.float32(np.nan), source.shape), attachments={})
    mask = np.broadcast_to(np.bool_(False), source.shape)
    if isinstance(region, PhotoRegion):
        assert isinstance(source, Photo)
        return replace(exhibit, source=source, region=replace(region, photo=source, mask=mask))
    assert not isinstance(source, Photo)
    return replace(exhibit, source=source, region=replace(region, scan=source, mask=mask))
