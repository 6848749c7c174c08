"""Levelled marks and pairs of marks with known pose and correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from imaging.errors import ParameterError
from imaging.surface import Provenance, Surface
from imaging.synthetic.canvas import Placement, grid, independent, require, weighted_sum
from imaging.synthetic.styles import BreechFace, FiringPin, Style

MARGIN_UM = 50.0
UNMOVED: Placement = (0.0, 0.0, 0.0)
BREECH_FACE = BreechFace()
FIRING_PIN = FiringPin()
STYLES: dict[str, Style] = {BREECH_FACE.kind: BREECH_FACE, FIRING_PIN.kind: FIRING_PIN}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Two marks and the truth about them.

    A point ``p`` of the reference lies in the questioned mark at ``R(angle) (p - c_r) + c_q + (dx, dy)``:
    ``c`` is the middle of each grid, y grows downwards and a positive angle turns +x towards +y.

    Parameters
    ----------
    reference, questioned : Surface
        Marks on grids of equal size.
    same_source : bool
        Whether one gun made both.
    correlation : float
        Pearson correlation of the two reliefs over the mark, by construction; a form that both share, such
        as a crater, does not count.
    angle_deg, dx_um, dy_um : float
        Pose of the questioned mark.
    """

    reference: Surface
    questioned: Surface
    same_source: bool
    correlation: float
    angle_deg: float
    dx_um: float
    dy_um: float


def breech_face(
    rng: np.random.Generator,
    *,
    style: BreechFace = BREECH_FACE,
    shape: tuple[int, int] | None = None,
    pixel_um: float = 6.25,
) -> Surface:
    """Return the breech-face impression of a new gun.

    Parameters
    ----------
    rng : Generator
        A generator in the same state gives the same gun, whatever the pixel and the shape.
    style : BreechFace
        What the mark looks like.
    shape : tuple of int, optional
        Rows and columns; just enough for the mark when left out.
    pixel_um : float
        Spacing of the points in micrometres. Above 10 um the finest waves are sampled too coarsely.

    Returns
    -------
    Surface
        Heights in metres, float32, missing outside the mark.

    Raises
    ------
    ParameterError
        If the pixel is out of its range, 0.5 to 50 um.

    Examples
    --------
    >>> import numpy as np
    >>> mark = breech_face(np.random.default_rng(1))
    >>> mark.shape, mark.pixel_um, round(float(np.nanstd(mark.heights)) * 1e6, 1)
    ((560, 560), 6.25, 1.4)
    """
    return impressions(rng, 1, style=style, shape=shape, pixel_um=pixel_um)[0]


def firing_pin(
    rng: np.random.Generator,
    *,
    style: FiringPin = FIRING_PIN,
    shape: tuple[int, int] | None = None,
    pixel_um: float = 3.0,
) -> Surface:
    """Return the firing-pin impression of a new gun; the options are those of ``breech_face``.

    Heights are metres below the primer around the crater. Above a pixel of 4 um the finest waves are
    sampled too coarsely.

    Raises
    ------
    ParameterError
        If the pixel is out of its range, 0.5 to 50 um.

    Examples
    --------
    >>> import numpy as np
    >>> mark = firing_pin(np.random.default_rng(1), style=FiringPin(flat=True))
    >>> mark.shape, round(float(np.nanmin(mark.heights)) * 1e6, -1)
    ((500, 500), -300.0)
    """
    return impressions(rng, 1, style=style, shape=shape, pixel_um=pixel_um)[0]


def pair(
    rng: np.random.Generator,
    *,
    same_source: bool = True,
    correlation: float = 0.5,
    angle_deg: float = 0.0,
    shift_um: tuple[float, float] = (0.0, 0.0),
    kind: Literal["breech face", "firing pin"] | Style = "breech face",
    shape: tuple[int, int] | None = None,
    pixel_um: float | None = None,
) -> Pair:
    """Return two marks of one gun, or of two guns of one model.

    Parameters
    ----------
    rng : Generator
    same_source : bool
        Whether one gun made both. Two guns share the outline and the direction of the striae, as guns of
        one model do, and nothing else: their reliefs are uncorrelated in the planted pose.
    correlation : float
        Pearson correlation of two marks of one gun, 0 to 1.
    angle_deg : float
        Turn of the questioned mark, from +x towards +y.
    shift_um : tuple of float
        Shift ``(dx, dy)`` of the questioned mark after the turn, in micrometres.
    kind : {"breech face", "firing pin"} or BreechFace or FiringPin
        Which mark; give a style to change what it looks like.
    shape : tuple of int, optional
        Rows and columns of both; enough for the turned and shifted mark when left out.
    pixel_um : float, optional
        Spacing of the points; 6.25 for a breech face and 3 for a firing pin when left out.

    Returns
    -------
    Pair

    Raises
    ------
    ParameterError
        If the correlation or the pixel is out of its range, or the kind is unknown.

    Notes
    -----
    Each relief is ``sqrt(rho) common + sqrt(1 - rho) own``; the three are made uncorrelated over the mark,
    so that the correlation is the planted one and not only its expectation.

    Examples
    --------
    >>> import numpy as np
    >>> known = pair(np.random.default_rng(1), correlation=0.6, angle_deg=180.0)
    >>> turned = known.questioned.heights[::-1, ::-1]
    >>> common = known.reference.valid & np.isfinite(turned)
    >>> round(float(np.corrcoef(known.reference.heights[common], turned[common])[0, 1]), 2)
    0.6
    """
    require("correlation", correlation, 0.0, 1.0)
    if isinstance(kind, str) and kind not in STYLES:
        raise ParameterError(f"A kind {kind!r} found; {' or '.join(STYLES)}, or a style, is possible.")
    style = STYLES[kind] if isinstance(kind, str) else kind
    planted = correlation if same_source else 0.0
    reference, questioned = impressions(
        rng,
        2,
        style=style,
        correlation=planted,
        poses=[UNMOVED, (angle_deg, *shift_um)],
        shape=shape,
        pixel_um=pixel_um,
    )
    return Pair(
        reference=reference,
        questioned=questioned,
        same_source=same_source,
        correlation=planted,
        angle_deg=angle_deg,
        dx_um=shift_um[0],
        dy_um=shift_um[1],
    )


def impressions(
    rng: np.random.Generator,
    count: int,
    *,
    style: Style = BREECH_FACE,
    correlation: float = 0.5,
    poses: Sequence[Placement] | None = None,
    shape: tuple[int, int] | None = None,
    pixel_um: float | None = None,
) -> list[Surface]:
    """Return several impressions of one gun, every two of them with the same correlation.

    Parameters
    ----------
    rng : Generator
    count : int
        How many, 1 or more; a single one shows the gun's own relief alone.
    style : BreechFace or FiringPin
        What the marks look like.
    correlation : float
        Pearson correlation of every two reliefs, 0 to 1.
    poses : sequence of tuple of float, optional
        ``(angle_deg, dx_um, dy_um)`` of each mark on its grid; all unmoved when left out.
    shape, pixel_um
        As for ``pair``.

    Returns
    -------
    list of Surface

    Raises
    ------
    ParameterError
        If the poses are not as many as the marks, or the correlation or the pixel is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> marks = impressions(np.random.default_rng(1), 3, pixel_um=12.5)
    >>> len(marks), marks[0].shape
    (3, (280, 280))
    """
    placed = [UNMOVED] * count if poses is None else list(poses)
    if count < 1 or len(placed) != count:
        raise ParameterError(
            f"{len(placed)} poses found for {count} marks; give a pose for each of 1 or more marks."
        )
    spacing_um = style.usual_pixel_um if pixel_um is None else pixel_um
    require("correlation", correlation, 0.0, 1.0)
    require("pixel_um", spacing_um, 0.5, 50.0)
    pixel = spacing_um / 1e6
    if shape is None:
        farthest = max(max(abs(dx_um), abs(dy_um)) for _, dx_um, dy_um in placed)
        side = math.ceil(2 * (style.radius_um + MARGIN_UM + farthest) / spacing_um)
        shape = (side, side)
    tool = style.tool(rng)
    common = tool.canvas(rng)
    own = [tool.canvas(rng) for _ in placed] if count > 1 and correlation < 1 else []
    common, *own = independent([common, *own], tool.covers)
    marks = []
    for number, pose in enumerate(placed):
        x, y = grid(shape, pixel, pose)
        heights = common.at(x, y)
        if own:
            weights = math.sqrt(correlation), math.sqrt(1 - correlation)
            heights = weighted_sum(weights, (heights, own[number].at(x, y)))
        heights *= style.rms_um * 1e-6
        heights += tool.form(x, y)
        heights[~tool.covers(x, y)] = np.nan
        origin = _origin(style, correlation if own else 1.0, pose)
        marks.append(Surface(heights=heights, spacing=(pixel, pixel), provenance=origin))
    return marks


def _origin(style: Style, correlation: float, pose: Placement) -> Provenance:
    angle_deg, dx_um, dy_um = pose
    values = {**asdict(style), "correlation": correlation, "angle_deg": angle_deg, "dx_um": dx_um, "dy_um": dy_um}
    metadata = {"kind": style.kind, **{name: str(value) for name, value in values.items()}}
    return Provenance(format="synthetic", reader="imaging.synthetic", metadata=metadata)
