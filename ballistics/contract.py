"""What `ballistics compare --json` prints: a contract with a version.

Later versions add fields and take none away. Lengths are micrometres and angles degrees, as the names say.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from ballistics.compare import Comparison, NotComparable
from ballistics.impressed import CellMatches
from imaging.surface import Finding, Surface

CONTRACT = 1
LIBRARIES = ("forensic-ballistics", "numpy", "scipy", "opencv-python", "x3pio")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(_Part):
    """The figure that the parameter set scores by."""

    name: str
    value: int


class PoseRecord(_Part):
    """Where the questioned mark lies, in the coordinates of the two scans' middles."""

    angle_deg: float
    dx_um: float
    dy_um: float


class CellRecord(_Part):
    """One cell of one mark and where it was found in the other.

    ``found_um`` and ``x_um``, ``y_um`` count from the middle of the prepared marks; ``dx_um`` and ``dy_um``
    are the shift away from the place where the searched pose puts the cell.
    """

    direction: Literal["forward", "backward"]
    row: int
    column: int
    x_um: float
    y_um: float
    fill: float
    found_x_um: float
    found_y_um: float
    dx_um: float
    dy_um: float
    angle_deg: float
    score: float
    congruent: Mapping[str, bool]
    reason: Mapping[str, str]


class ParametersRecord(_Part):
    """The parameter set: name, hash of the values, values."""

    name: str
    hash: str
    values: Mapping[str, Any]


class InputRecord(_Part):
    """One scan: its file, its hash, and what the reader noticed."""

    path: str | None
    sha256: str | None
    pixel_um: tuple[float, float]
    findings: tuple[Finding, ...]


class ComparisonRecord(_Part):
    """The whole result; without a comparison the measured fields are empty and ``reason`` says why."""

    contract: int = CONTRACT
    comparable: bool
    reason: str | None = None
    mark: str
    score: Score | None = None
    counts: Mapping[str, int] = {}
    compared_cells: int = 0
    cells: tuple[CellRecord, ...] = ()
    accf: float | None = None
    pose: PoseRecord | None = None
    parameters: ParametersRecord
    inputs: tuple[InputRecord, ...]
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str]


def record(result: Comparison | NotComparable) -> ComparisonRecord:
    """Turn a comparison, or the reason for none, into the contract's form."""
    parameters = result.parameters
    common: dict[str, Any] = {
        "mark": parameters.mark,
        "parameters": ParametersRecord(name=parameters.name, hash=parameters.hash, values=parameters.values),
        "versions": versions(),
        "warnings": result.warnings,
    }
    if isinstance(result, NotComparable):
        return ComparisonRecord(
            comparable=False,
            reason=result.reason,
            inputs=tuple(_input(scan) for scan in result.scans),
            **common,
        )
    pose = result.alignment.pose
    return ComparisonRecord(
        comparable=True,
        score=Score(name=parameters.score, value=result.score),
        counts=result.counts,
        compared_cells=result.cells,
        cells=(*_cells(result, "forward"), *_cells(result, "backward")),
        accf=round(result.accf, 6),
        pose=PoseRecord(
            angle_deg=round(pose.angle_deg, 4), dx_um=round(pose.dx_um, 3), dy_um=round(pose.dy_um, 3)
        ),
        inputs=(_input(result.reference.scan), _input(result.questioned.scan)),
        **common,
    )


def versions() -> dict[str, str]:
    """Versions of this library and of those that its figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _input(scan: Surface) -> InputRecord:
    dx, dy = scan.spacing
    return InputRecord(
        path=scan.provenance.path,
        sha256=scan.provenance.sha256,
        pixel_um=(round(dx * 1e6, 6), round(dy * 1e6, 6)),
        findings=scan.provenance.findings,
    )


def _cells(result: Comparison, direction: Literal["forward", "backward"]) -> list[CellRecord]:
    cells: CellMatches = getattr(result, direction)
    verdicts = {rule: both[direction == "backward"] for rule, both in result.verdicts.items()}
    um = 1e6
    centre, place, shift = (np.round(points * um, 3) for points in (cells.centre, cells.place, cells.shift))
    angle = np.round(np.degrees(cells.angle), 3)
    return [
        CellRecord(
            direction=direction,
            row=int(cells.row[i]),
            column=int(cells.column[i]),
            x_um=centre[i, 0],
            y_um=centre[i, 1],
            fill=round(float(cells.fill[i]), 4),
            found_x_um=place[i, 0],
            found_y_um=place[i, 1],
            dx_um=shift[i, 0],
            dy_um=shift[i, 1],
            angle_deg=angle[i],
            score=round(float(cells.correlation[i]), 6),
            congruent={rule: bool(verdict.congruent[i]) for rule, verdict in verdicts.items()},
            reason={rule: verdict.reason[i] for rule, verdict in verdicts.items()},
        )
        for i in range(len(cells))
    ]
