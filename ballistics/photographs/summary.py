"""A comparison of pictures in a few rows, the same in the terminal and on the page."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ballistics.language import Message, translated
from ballistics.language import gettext as _
from ballistics.output import printable
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import PictureComparison
from ballistics.photographs.region import PhotoRegion
from ballistics.summary import grid_text, set_text, turn
from imaging.photo import Photo
from imaging.surface import Surface

PHOTOGRAPHED = "photographed under"
POSE_FROM = {
    "keypoints": Message("keypoints"),
    "all rotations": Message("a search over all rotations, as keypoints left a doubt"),
}
HOW = {
    "given": Message("mask given"),
    "whole picture": Message("whole picture is the mark"),
    "whole scan": Message("whole scan is the mark"),
    "cut out": Message("mark was cut out before"),
    "found": Message("mark found"),
}
LIGHTS = {"ring": Message("ring light"), "side": Message("side light")}


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
    rows = {_("Matched keypoints"): _matched(result)}
    if result.agreement is None:
        rows[_("Pose")] = _("none found")
    else:
        assert result.angle_deg is not None
        rows[_("Separate places")] = _(
            "{count}; matches by chance reach {chance}", count=result.support, chance=result.chance_support - 1
        )
        rows[_("Pose found by")] = translated(POSE_FROM[result.pose_from])
        rows[_("Pose of the questioned")] = _pose_text(result, result.angle_deg)
        rows[_("Correlation")] = f"{result.agreement.correlation:.3f}"
        rows[_("Area in common")] = _("{share} of the smaller mark", share=f"{result.agreement.overlap:.0%}")
        rows[_("Of that, in agreement")] = _(
            "{share} (local correlation {threshold} or more)",
            share=f"{result.agreement.agreeing:.0%}",
            threshold=f"{result.parameters.dense.threshold:g}",
        )
    rows[_("Light")] = _both(light_text(result.reference.source), light_text(result.questioned.source))
    rows[_("Parameter set")] = set_text(result.parameters)
    return rows


def _matched(result: PictureComparison) -> str:
    count, agreeing = len(result.matches), result.inliers
    if result.agreement is None:
        return _("{count}; at most {agreeing} of them agree on one pose, too few", count=count, agreeing=agreeing)
    return _("{count}, of which {agreeing} agree with the pose", count=count, agreeing=agreeing)


def _pose_text(result: PictureComparison, angle_deg: float) -> str:
    shift, spacing = middle_shift(result), spacing_um(result.questioned.source)
    assert shift is not None
    if result.scale_known and spacing is not None:
        dx, dy = (each * step for each, step in zip(shift, spacing, strict=True))
        return _(
            "{turn}, shift {dx}, {dy} µm",
            turn=turn(angle_deg),
            dx=f"{round(dx):+d}",
            dy=f"{round(dy):+d}",
        )
    dx, dy = shift
    return _(
        "{turn}, {times} times as large, shift {dx}, {dy} pixels (scale not known for both)",
        turn=turn(angle_deg),
        times=f"{result.magnification:.3f}",
        dx=f"{round(dx):+d}",
        dy=f"{round(dy):+d}",
    )


def _both(first: Message, second: Message) -> str:
    if first == second:
        return translated(first)
    return _("reference {first}; questioned {second}", first=first, second=second)


def light_text(source: Photo | Surface) -> Message:
    """How a source was lit, in words; the azimuth of a side light counts clockwise from the top."""
    if isinstance(source, Surface):
        return Message("none, brightness is height")
    light = source.light
    if light.kind == "unknown":
        return Message("not stated")
    shone = LIGHTS[light.kind]
    if light.azimuth_deg is not None:
        shone = Message("{light} from {degrees}°", light=shone, degrees=f"{light.azimuth_deg:g}")
    return Message("{light} on the scan", light=shone) if source_kind(source) == "photographed scan" else shone


def size_text(source: Photo | Surface) -> Message:
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
        return Message("{columns} x {rows} pixels, scale unknown", columns=nx, rows=ny)
    width, height = nx * source.pixel_um / 1e3, ny * source.pixel_um / 1e3
    return Message(
        "{columns} x {rows} pixels of {pixel} µm, {width} x {height} mm",
        columns=nx,
        rows=ny,
        pixel=f"{source.pixel_um:.4g}",
        width=f"{width:.3g}",
        height=f"{height:.3g}",
    )


def region_text(region: PhotoRegion) -> str:
    """How the mark was found in a photograph and how much of it that is."""
    how, share, pixel_um = HOW[region.how], f"{region.mask.mean():.0%}", region.photo.pixel_um
    if pixel_um is None:
        return _("{how}, {share} of the picture", how=how, share=share)
    area = f"{region.mask.sum() * (pixel_um / 1e3) ** 2:.2f}"
    return _("{how}, {share} of the picture, {area} mm²", how=how, share=share, area=area)


def mark_text(exhibit: PictureExhibit) -> str:
    """How the mark of an exhibit was found and how large it is."""
    region = exhibit.region
    if isinstance(region, PhotoRegion):
        return region_text(region)
    return _("{how}, {area} mm²", how=HOW[region.how], area=f"{region.area_mm2:.2f}")


def source_path(source: Photo | Surface) -> str:
    """The file of a source as it was named, safe to print."""
    path = source.provenance.path
    return printable(path or (_("scan in memory") if isinstance(source, Surface) else _("photograph in memory")))
