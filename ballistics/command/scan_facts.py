"""What a scan file holds, as ``ballistics show --json`` prints it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict

from ballistics.output import printable
from imaging.surface import Finding, Surface


class ScanFacts(BaseModel):
    """Facts of one scan; lengths are micrometres."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str | None
    format: str
    reader: str
    columns: int
    rows: int
    pixel_um: tuple[float, float]
    coverage: float
    height_range_um: float
    findings: tuple[Finding, ...]
    metadata: Mapping[str, str]
    steps: tuple[str, ...]
    attachments: tuple[str, ...]


def scan_facts(scan: Surface) -> ScanFacts:
    """Collect the facts of a scan."""
    origin = scan.provenance
    (ny, nx), (dx, dy) = scan.shape, scan.spacing
    return ScanFacts(
        path=printable(origin.path or ""),
        sha256=origin.sha256,
        format=origin.format,
        reader=origin.reader,
        columns=nx,
        rows=ny,
        pixel_um=(round(dx * 1e6, 6), round(dy * 1e6, 6)),
        coverage=round(scan.coverage, 6),
        height_range_um=round(float(np.nanmax(scan.heights) - np.nanmin(scan.heights)) * 1e6, 6),
        findings=origin.findings,
        metadata=origin.metadata,
        steps=origin.steps,
        attachments=tuple(sorted(scan.attachments)),
    )
