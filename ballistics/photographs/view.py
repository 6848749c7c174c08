"""Two pictures on the comparison microscope: photographs as they are, scans under the page's lamp."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ballistics.language import Message
from ballistics.microscope import MatchPoints, PictureSide, Side, Similarity, microscope_page, scan_side
from ballistics.page.microscope_sides import finding_lines, origin_lines
from ballistics.page.picture_drawings import shown_pixels
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import PictureComparison
from ballistics.photographs.summary import light_text, size_text
from imaging.photo import Photo
from imaging.pose import Pose
from imaging.surface import Surface

BoolArray = NDArray[np.bool_]


def photo_side(photo: Photo) -> PictureSide:
    """Return a photograph as a side of the page, with its file, reader, light, findings and steps."""
    origin = photo.provenance
    lines = (
        *origin_lines(origin, Message("none, pixels in memory")),
        Message("size: {size}", size=size_text(photo)),
        Message("light: {light}", light=light_text(photo)),
        *finding_lines(origin, origin.steps),
        *(f"{key}: {text}" for key, text in origin.metadata.items()),
    )
    return PictureSide(
        picture=shown_pixels(photo),
        title=Path(origin.path).name if origin.path else Message("photograph in memory"),
        pixel_um=photo.pixel_um,
        sha256=origin.sha256 or "",
        provenance=lines,
    )


def source_side(source: Photo | Surface, *, area: BoolArray | None = None) -> Side:
    """Return a photograph or a scan as a side of the page; ``area`` is where the mark is on a scan."""
    return photo_side(source) if isinstance(source, Photo) else scan_side(source, area=area)


def picture_view(result: PictureComparison, *, shown: Sequence[Photo | Surface] = ()) -> str:
    """Return the page for two pictures, laid on each other at the pose that was found, with the matched points.

    Parameters
    ----------
    result : PictureComparison
        From `ballistics.photographs.pair`. Without a pose, middle lies on middle and a note says so.
    shown : sequence of Photo or Surface, optional
        What to show of the two instead, such as a scan for the photograph that was made of it. One of other pixels
        is not shown.
    """
    pose = view_pose(result)
    first, second = result.points()
    told = result.warnings if pose else (Message("not aligned: no pose was found"), *result.warnings)
    exhibits = (result.reference, result.questioned)
    left, right = (
        _side(exhibit, source)
        for exhibit, source in zip(exhibits, shown or [each.source for each in exhibits], strict=True)
    )
    return microscope_page(
        left,
        right,
        pose=pose,
        marks=[MatchPoints(left=first, right=second)] if pose is not None and len(first) else (),
        notes=told,
    )


def _side(exhibit: PictureExhibit, shown: Photo | Surface) -> Side:
    source = shown if shown.shape == exhibit.source.shape else exhibit.source
    return source_side(source, area=exhibit.region.mask if isinstance(source, Surface) else None)


def view_pose(result: PictureComparison) -> Pose | Similarity | None:
    """Turn the pose of a comparison into what the page takes, which counts from the middles of the two sources.

    Returns
    -------
    Pose, Similarity or None
        In metres where both scales are known, else in pixels; None without a pose.

    Notes
    -----
    Working pictures are whole pixels wide, so the matrix may differ from a similarity by some hundredths of a per
    cent. The middle of the reference's mark goes where the matrix takes it, exactly; the rest as near as a
    similarity can.
    """
    matrix = result.matrix
    if matrix is None:
        return None
    first, second = (
        _metric(each.source, known=result.scale_known) for each in (result.reference, result.questioned)
    )
    moved = second @ np.vstack([matrix, (0.0, 0.0, 1.0)]) @ np.linalg.inv(first)
    turn = complex(moved[0, 0] + moved[1, 1], moved[1, 0] - moved[0, 1]) / 2
    rows, columns = result.reference.picture.shape
    middle = first @ np.append(result.reference.to_source @ ((columns - 1) / 2, (rows - 1) / 2, 1.0), 1.0)
    found = moved @ middle
    scale = 1.0 if result.scale_known else abs(turn)
    angle = math.atan2(turn.imag, turn.real)
    kept = scale * complex(math.cos(angle), math.sin(angle)) * complex(middle[0], middle[1])
    dx, dy = float(found[0] - kept.real), float(found[1] - kept.imag)
    if result.scale_known:
        return Pose(angle=angle, dx=dx, dy=dy)
    return Similarity(angle=angle, scale=scale, dx=dx, dy=dy)


def _metric(source: Photo | Surface, *, known: bool) -> NDArray[np.float64]:
    """From pixels of a source to lengths from its middle: metres where the scales are known, else pixels."""
    ny, nx = source.shape
    step_x, step_y = 1.0, 1.0
    if isinstance(source, Surface):
        step_x, step_y = source.spacing if known else (1.0, source.spacing[1] / source.spacing[0])
    elif known and source.pixel_um is not None:
        step_x = step_y = source.pixel_um * 1e-6
    return np.array(
        [[step_x, 0.0, -step_x * (nx - 1) / 2], [0.0, step_y, -step_y * (ny - 1) / 2], [0.0, 0.0, 1.0]]
    )
