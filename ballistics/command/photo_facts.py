"""What a photograph holds, as ``ballistics show --json`` prints it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from ballistics.output import printable
from imaging.photo import Photo
from imaging.surface import Finding


class PhotoFacts(BaseModel):
    """Facts of one photograph; ``pixel_um`` is None, since no file is trusted to know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str | None
    format: str
    reader: str
    columns: int
    rows: int
    colour: bool
    bits: int
    pixel_um: float | None
    findings: tuple[Finding, ...]
    metadata: Mapping[str, str]
    steps: tuple[str, ...]


def photo_facts(photo: Photo) -> PhotoFacts:
    """Collect the facts of a photograph."""
    origin = photo.provenance
    rows, columns = photo.shape
    return PhotoFacts(
        path=printable(origin.path or ""),
        sha256=origin.sha256,
        format=origin.format,
        reader=origin.reader,
        columns=columns,
        rows=rows,
        colour=photo.is_colour,
        bits=8 * photo.pixels.itemsize,
        pixel_um=photo.pixel_um,
        findings=origin.findings,
        metadata=origin.metadata,
        steps=origin.steps,
    )
