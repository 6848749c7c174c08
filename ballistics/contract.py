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

from ballistics.assessment_contract import EvidenceRecord
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
    value: int | float


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
    """One scan or photograph: its file, its hash, and what the reader noticed; a photograph may have no scale."""

    path: str | None
    sha256: str | None
    pixel_um: tuple[float, float] | None
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
    evidence: EvidenceRecord | None = None


def record(result: Comparison | NotComparable) -> ComparisonRecord:
    """Turn a comparison, or the reason for none, into the contract's form.

    Characters of file names that are no text are written as escapes, so that the JSON can be read everywhere.
    """
    parameters = result.parameters
    common: dict[str, Any] = {
        "mark": parameters.mark,
        "parameters": ParametersRecord(name=parameters.name, hash=parameters.hash, values=parameters.values),
        "versions": versions(),
        "warnings": tuple(plain_text(warning) for warning in result.warnings),
    }
    if isinstance(result, NotComparable):
        return ComparisonRecord(
            comparable=False,
            reason=plain_text(result.reason),
            inputs=tuple(input_record(scan) for scan in result.scans),
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
            angle_deg=rounded_turn(pose.angle_deg, 4), dx_um=round(pose.dx_um, 3), dy_um=round(pose.dy_um, 3)
        ),
        inputs=(input_record(result.reference.scan), input_record(result.questioned.scan)),
        **common,
    )


def versions() -> dict[str, str]:
    """Versions of this library and of those that its figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def rounded_turn(angle_deg: float, digits: int) -> float:
    """Round a rotation in (-180, 180] without leaving that range.

    Examples
    --------
    >>> rounded_turn(-179.99996, 3), rounded_turn(12.3456, 3)
    (180.0, 12.346)
    """
    rounded = round(angle_deg, digits)
    return 180.0 if rounded == -180.0 else rounded


def plain_text(text: str) -> str:
    """Return a text with characters that are no text, as file names can hold, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def input_record(scan: Surface) -> InputRecord:
    """Turn a scan as it was read into the contract's form."""
    dx, dy = scan.spacing
    return InputRecord(
        path=None if scan.provenance.path is None else plain_text(scan.provenance.path),
        sha256=scan.provenance.sha256,
        pixel_um=(round(dx * 1e6, 6), round(dy * 1e6, 6)),
        findings=scan.provenance.findings,
    )


def _cells(result: Comparison, direction: Literal["forward", "backward"]) -> list[CellRecord]:
    cells: CellMatches = getattr(result, direction)
    verdicts = {rule: both[direction == "backward"] for rule, both in result.verdicts.items()}
    um = 1e6
    centre, place, shift = (np.round(points * um, 3) for points in (cells.centre, cells.place, cells.shift))
    angle_deg = cells.angle_deg
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
            angle_deg=rounded_turn(float(angle_deg[i]), 3),
            score=round(float(cells.correlation[i]), 6),
            congruent={rule: bool(verdict.congruent[i]) for rule, verdict in verdicts.items()},
            reason={rule: verdict.reason[i] for rule, verdict in verdicts.items()},
        )
        for i in range(len(cells))
    ]
