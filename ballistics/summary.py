"""A comparison in a few rows, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ballistics.compare import Comparison
from ballistics.language import Message
from ballistics.language import gettext as _
from ballistics.output import printable
from ballistics.parameters import ParameterSet, PictureSet, StriatedSet
from ballistics.wording import RULES
from imaging.surface import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """What one rule counts: the smaller of both directions, and each of them."""

    name: str
    what: str
    count: int
    forward: int
    backward: int
    scored: bool


def rule_counts(comparison: Comparison) -> list[RuleCount]:
    """Counts under every rule, the one that the parameter set scores by first."""
    parameters = comparison.parameters
    counts = [
        RuleCount(
            name=name,
            what=RULES[parameters.rules[name].kind],
            count=comparison.counts[name],
            forward=ahead.count,
            backward=back.count,
            scored=name == parameters.score,
        )
        for name, (ahead, back) in comparison.verdicts.items()
    ]
    return sorted(counts, key=lambda count: not count.scored)


def measures(comparison: Comparison) -> dict[str, str]:
    """The other figures of a comparison by their names, as text with units."""
    pose, parameters = comparison.alignment.pose, comparison.parameters
    common = comparison.alignment.overlap
    reference, questioned = comparison.reference.mark, comparison.questioned.mark
    area_mm2 = common * (reference.surface.pixel * 1e3) ** 2
    share = common / min(reference.relief.area, questioned.relief.area)
    return {
        _("Correlation (ACCF)"): f"{comparison.accf:.3f}",
        _("Pose of the questioned"): _(
            "{turn}, shift {dx}, {dy} µm",
            turn=turn(pose.angle_deg),
            dx=f"{round(pose.dx_um):+d}",
            dy=f"{round(pose.dy_um):+d}",
        ),
        _("Area in common"): _(
            "{area} mm², {share} of the smaller mark", area=f"{area_mm2:.2f}", share=f"{share:.0%}"
        ),
        _("Parameter set"): set_text(parameters),
    }


def set_text(parameters: ParameterSet | StriatedSet | PictureSet) -> str:
    """A parameter set by its name and the beginning of its hash."""
    return _("{name}, hash {hash}", name=parameters.name, hash=parameters.hash[:8])


def turn(angle_deg: float) -> str:
    """Describe a rotation as it looks on a picture, where y grows downwards.

    Examples
    --------
    >>> turn(23.04), turn(-90.0), turn(0.01)
    ('23.0° clockwise', '90.0° anticlockwise', 'not turned')
    """
    if abs(angle_deg) < 0.05:
        return _("not turned")
    angle = f"{abs(angle_deg):.1f}"
    return _("{angle}° clockwise", angle=angle) if angle_deg > 0 else _("{angle}° anticlockwise", angle=angle)


def grid_text(scan: Surface) -> Message:
    """Points, pixel and extent of a scan.

    Examples
    --------
    >>> import numpy as np
    >>> grid_text(Surface(heights=np.zeros((300, 400)), spacing=(5e-6, 5e-6)))
    '400 x 300 points of 5 µm, 2 x 1.5 mm'
    """
    (ny, nx), (dx, dy) = scan.shape, scan.spacing
    pixel = f"{dx * 1e6:.4g}" if scan.is_isotropic else f"{dx * 1e6:.4g} x {dy * 1e6:.4g}"
    return Message(
        "{columns} x {rows} points of {pixel} µm, {width} x {height} mm",
        columns=nx,
        rows=ny,
        pixel=pixel,
        width=f"{nx * dx * 1e3:.3g}",
        height=f"{ny * dy * 1e3:.3g}",
    )


def parameter_rows(parameters: ParameterSet | StriatedSet | PictureSet) -> list[tuple[str, str, str]]:
    """Part, name and value of everything in a parameter set, in its order."""
    return value_rows(parameters.values)


def value_rows(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Part, name and value of the values of a parameter set, as a record holds them."""
    rows = []
    for part, content in values.items():
        if not isinstance(content, Mapping):
            rows.append(("", part, str(content)))
            continue
        for name, value in content.items():
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
            rows.append((part, name, text))
    return rows


def scan_name(scan: Surface) -> str:
    """The file of a scan as it was named, safe to print."""
    return printable(scan.provenance.path or _("scan in memory"))
