"""What `ballistics compare --json` prints for photographs: the contract of `ballistics.contract`, with additions.

Pixels are those of the files as they are seen upright, the middle of the first one at ``(0, 0)``, x along columns
and y along rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ballistics.contract import (
    ComparisonRecord,
    InputRecord,
    ParametersRecord,
    PoseRecord,
    Score,
    plain_text,
    rounded_turn,
    versions,
)
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import NoPictureComparison, PictureComparison
from ballistics.photographs.region import PhotoRegion
from ballistics.photographs.summary import is_experimental, middle_shift, source_kind, spacing_um
from imaging.photo import Photo
from imaging.surface import Surface

Row = tuple[float, float, float]
Role = Literal["reference", "questioned"]
ROLES: tuple[Role, Role] = ("reference", "questioned")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LightRecord(_Part):
    """How a photograph was lit; the azimuth of a side light counts clockwise from the top of the picture."""

    kind: Literal["ring", "side", "unknown"]
    azimuth_deg: float | None


class PictureInput(InputRecord):
    """One photograph, or one scan taken as a picture; ``pixel_um`` is None where nobody knows it."""

    role: Role
    kind: Literal["photograph", "scan", "photographed scan"]
    columns: int
    rows: int
    light: LightRecord | None
    steps: tuple[str, ...]


class PixelCircleRecord(_Part):
    """A circle that was found in a picture."""

    x_px: float
    y_px: float
    radius_px: float


class RegionRecord(_Part):
    """Where the mark was taken to be in one picture."""

    role: Role
    how: str
    share: float
    circles: Mapping[str, PixelCircleRecord]
    notes: tuple[str, ...]


class SimilarityRecord(_Part):
    """How the questioned picture lies on the reference.

    ``matrix`` takes a pixel ``(x, y, 1)`` of the reference to the questioned one; ``dx_px`` and ``dy_px`` say
    where it takes the middle of the reference, counted from the middle of the questioned one.
    """

    angle_deg: float
    magnification: float
    dx_px: float
    dy_px: float
    matrix: tuple[Row, Row]


class PictureRecord(ComparisonRecord):
    """Two pictures compared by keypoints; ``score`` is the correlation at the pose, 0 where none was found.

    ``pose`` is given where both scales are known. ``chance_support`` is the number of separate places from which
    chance would reach ``support`` in less than one case in 1000.
    """

    method: Literal["keypoints"] = "keypoints"
    inputs: tuple[PictureInput, ...]
    similarity: SimilarityRecord | None = None
    pose_from: Literal["keypoints", "all rotations"] | None = None
    agreeing: float | None = None
    overlap: float | None = None
    regions: tuple[RegionRecord, ...] = ()
    experimental: bool = False


def picture_record(result: PictureComparison | NoPictureComparison) -> PictureRecord:
    """Turn the comparison of two pictures, or the reason for none, into the contract's form."""
    parameters = result.parameters
    common: dict[str, Any] = {
        "mark": parameters.mark,
        "parameters": ParametersRecord(name=parameters.name, hash=parameters.hash, values=parameters.values),
        "versions": versions(),
        "warnings": tuple(plain_text(warning) for warning in result.warnings),
    }
    if isinstance(result, NoPictureComparison):
        return PictureRecord(
            comparable=False,
            reason=plain_text(result.reason),
            inputs=tuple(_input(source, role) for source, role in zip(result.sources, ROLES, strict=False)),
            **common,
        )
    exhibits = dict(zip(ROLES, (result.reference, result.questioned), strict=True))
    found = result.agreement
    return PictureRecord(
        comparable=True,
        score=Score(name="correlation", value=round(result.score, 6)),
        counts={
            "matches": len(result.matches),
            "inliers": result.inliers,
            "support": result.support,
            "chance_support": result.chance_support,
        },
        similarity=_similarity(result),
        pose_from=None if found is None else result.pose_from,
        pose=_pose(result),
        agreeing=None if found is None else round(found.agreeing, 6),
        overlap=None if found is None else round(found.overlap, 6),
        regions=tuple(_region(exhibit, role) for role, exhibit in exhibits.items()),
        experimental=is_experimental(result),
        inputs=tuple(_input(exhibit.source, role) for role, exhibit in exhibits.items()),
        **common,
    )


def _similarity(result: PictureComparison) -> SimilarityRecord | None:
    matrix, shift = result.matrix, middle_shift(result)
    if matrix is None or shift is None or result.angle_deg is None or result.magnification is None:
        return None
    first, second = ((round(float(a), 9), round(float(b), 9), round(float(c), 6)) for a, b, c in matrix)
    return SimilarityRecord(
        angle_deg=rounded_turn(result.angle_deg, 4),
        magnification=round(result.magnification, 6),
        dx_px=round(shift[0], 3),
        dy_px=round(shift[1], 3),
        matrix=(first, second),
    )


def _pose(result: PictureComparison) -> PoseRecord | None:
    shift, spacing = middle_shift(result), spacing_um(result.questioned.source)
    if not result.scale_known or shift is None or spacing is None or result.angle_deg is None:
        return None
    return PoseRecord(
        angle_deg=rounded_turn(result.angle_deg, 4),
        dx_um=round(shift[0] * spacing[0], 3),
        dy_um=round(shift[1] * spacing[1], 3),
    )


def _input(source: Photo | Surface, role: Role) -> PictureInput:
    origin, spacing = source.provenance, spacing_um(source)
    rows, columns = source.shape
    light = source.light if isinstance(source, Photo) else None
    return PictureInput(
        path=None if origin.path is None else plain_text(origin.path),
        sha256=origin.sha256,
        pixel_um=None if spacing is None else (round(spacing[0], 6), round(spacing[1], 6)),
        findings=origin.findings,
        role=role,
        kind=source_kind(source),
        columns=columns,
        rows=rows,
        light=None if light is None else LightRecord(kind=light.kind, azimuth_deg=light.azimuth_deg),
        steps=origin.steps,
    )


def _region(exhibit: PictureExhibit, role: Role) -> RegionRecord:
    region = exhibit.region
    step_x, step_y = (1.0, 1.0) if isinstance(region, PhotoRegion) else region.scan.spacing
    return RegionRecord(
        role=role,
        how=region.how,
        share=round(float(region.mask.mean()), 6),
        circles={
            name: PixelCircleRecord(
                x_px=round(circle.x / step_x, 2),
                y_px=round(circle.y / step_y, 2),
                radius_px=round(circle.radius / step_x, 2),
            )
            for name, circle in region.circles.items()
        },
        notes=region.notes,
    )
