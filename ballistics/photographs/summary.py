"""A comparison of pictures in a few rows, the same in the terminal and on the page."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ballistics.output import printable
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import PictureComparison
from ballistics.photographs.region import PhotoRegion
from ballistics.summary import grid_text, turn
from imaging.photo import Photo
from imaging.surface import Surface

PHOTOGRAPHED = "photographed under"
POSE_FROM = {"keypoints": "keypoints", "all rotations": "a search over all rotations, as keypoints left a doubt"}
HOW = {
    "given": "mask given",
    "whole picture": "whole picture is the mark",
    "whole scan": "whole scan is the mark",
    "cut out": "mark was cut out before",
    "found": "mark found",
}


def source_kind(source: Photo | Surface) -> Literal["scan", "photographed scan", "photograph"]:
    """Say what a picture was made from; a scan that `imaging.lighting.photograph` lit counts as photographed."""
    if isinstance(source, Surface):
        return "scan"
    lit = any(step.startswith(PHOTOGRAPHED) for step in source.provenance.steps)
    return "photographed scan" if lit else "photograph"


def is_experimental(result: PictureComparison) -> bool:
    """Whether a scan meets a photograph, for which no figures are known."""
    return source_kind(result.reference.source) != source_kind(result.questioned.source)


def middle_shift(result: PictureComparison) -> tuple[float, float] | None:
    """Where the middle of the reference's source lies in the questioned one: from its middle, in its pixels."""
    matrix = result.matrix
    if matrix is None:
        return None
    first, second = ((np.array(each.source.shape[::-1]) - 1) / 2 for each in (result.reference, result.questioned))
    dx, dy = matrix[:, :2] @ first + matrix[:, 2] - second
    return float(dx), float(dy)


def spacing_um(source: Photo | Surface) -> tuple[float, float] | None:
    """Distance of columns and of rows in micrometres; None where nobody knows it."""
    if isinstance(source, Surface):
        return source.spacing[0] * 1e6, source.spacing[1] * 1e6
    return None if source.pixel_um is None else (source.pixel_um, source.pixel_um)


def headline(result: PictureComparison) -> str:
    """The number first, in one line."""
    mark = result.parameters.mark.capitalize()
    if result.agreement is None:
        return f"{mark}: correlation {result.score:.2f}, no pose found"
    return f"{mark}: correlation {result.score:.2f} at the pose found"


def picture_measures(result: PictureComparison) -> dict[str, str]:
    """The figures of a comparison by their names, as text with units."""
    count = len(result.matches)
    rows = {"Matched keypoints": f"{count}, of which {result.inliers} agree with the pose"}
    if result.agreement is None:
        rows["Pose"] = "none found"
    else:
        assert result.angle_deg is not None
        rows["Separate places"] = f"{result.support}; matches by chance reach {result.chance_support - 1}"
        rows["Pose found by"] = POSE_FROM[result.pose_from]
        rows["Pose of the questioned"] = _pose_text(result, result.angle_deg)
        rows["Correlation"] = f"{result.agreement.correlation:.3f}"
        rows["Area in common"] = f"{result.agreement.overlap:.0%} of the smaller mark"
        rows["Of that, in agreement"] = (
            f"{result.agreement.agreeing:.0%} (local correlation {result.parameters.dense.threshold:g} or more)"
        )
    rows["Light"] = _both(light_text(result.reference.source), light_text(result.questioned.source))
    rows["Parameter set"] = f"{result.parameters.name}, hash {result.parameters.hash[:8]}"
    return rows


def _pose_text(result: PictureComparison, angle_deg: float) -> str:
    shift, spacing = middle_shift(result), spacing_um(result.questioned.source)
    assert shift is not None
    if result.scale_known and spacing is not None:
        dx, dy = (each * step for each, step in zip(shift, spacing, strict=True))
        return f"{turn(angle_deg)}, shift {round(dx):+d}, {round(dy):+d} µm"
    dx, dy = shift
    return (
        f"{turn(angle_deg)}, {result.magnification:.3f} times as large, shift {round(dx):+d}, {round(dy):+d} "
        "pixels (scale not known for both)"
    )


def _both(first: str, second: str) -> str:
    return first if first == second else f"reference {first}; questioned {second}"


def light_text(source: Photo | Surface) -> str:
    """How a source was lit, in words; the azimuth of a side light counts clockwise from the top."""
    if isinstance(source, Surface):
        return "none, brightness is height"
    light = source.light
    if light.kind == "unknown":
        return "not stated"
    side = "" if light.azimuth_deg is None else f" from {light.azimuth_deg:g}°"
    on = " on the scan" if source_kind(source) == "photographed scan" else ""
    return f"{light.kind} light{side}{on}"


def size_text(source: Photo | Surface) -> str:
    """Pixels and extent of a source.

    Examples
    --------
    >>> size_text(Photo(pixels=np.zeros((300, 400), np.uint8), pixel_um=5.0))
    '400 x 300 pixels of 5 µm, 2 x 1.5 mm'
    >>> size_text(Photo(pixels=np.zeros((300, 400), np.uint8)))
    '400 x 300 pixels, scale unknown'
    """
    if isinstance(source, Surface):
        return grid_text(source)
    ny, nx = source.shape
    if source.pixel_um is None:
        return f"{nx} x {ny} pixels, scale unknown"
    width, height = nx * source.pixel_um / 1e3, ny * source.pixel_um / 1e3
    return f"{nx} x {ny} pixels of {source.pixel_um:.4g} µm, {width:.3g} x {height:.3g} mm"


def region_text(region: PhotoRegion) -> str:
    """How the mark was found in a photograph and how much of it that is."""
    share, pixel_um = float(region.mask.mean()), region.photo.pixel_um
    area = "" if pixel_um is None else f", {region.mask.sum() * (pixel_um / 1e3) ** 2:.2f} mm²"
    return f"{HOW[region.how]}, {share:.0%} of the picture{area}"


def mark_text(exhibit: PictureExhibit) -> str:
    """How the mark of an exhibit was found and how large it is."""
    region = exhibit.region
    if isinstance(region, PhotoRegion):
        return region_text(region)
    return f"{HOW[region.how]}, {region.area_mm2:.2f} mm²"


def source_path(source: Photo | Surface) -> str:
    """The file of a source as it was named, safe to print."""
    path = source.provenance.path
    return printable(path or ("scan in memory" if isinstance(source, Surface) else "photograph in memory"))
