"""What a sample is, and the steps that all of them share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from imaging.photo import Light
from imaging.surface import Surface

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file: its bytes, what it shows, how it was made and what the reader says of it.

    ``outcome`` is ``opens``, ``note CODE``, ``doubt CODE`` or ``refused``, and ``says`` a few words of the
    reader's message. ``step`` is what the heights were rounded to, in the unit of the file, or a grey level; 0
    where they are exact and come out alike everywhere. A photograph has the side of its pixel and its light.
    """

    name: str
    data: bytes
    shows: str
    made: str
    step: float = 0.0
    outcome: str = "opens"
    says: str = ""
    pixel_um: float | None = None
    light: Light | None = None

    def table(self, data: bytes) -> str:
        """Write what registry.toml says of the file, with the hash of the given bytes."""
        values: dict[str, object] = {
            "name": self.name,
            "sha256": sha256(data).hexdigest(),
            "bytes": len(data),
            "shows": self.shows,
            "made": self.made,
            "pixel_um": self.pixel_um,
            "light": self.light and self.light.kind,
            "azimuth_deg": self.light and self.light.azimuth_deg,
            "outcome": self.outcome,
            "says": self.says,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value not in ("", None)]
        return "\n".join(["[[file]]", *lines])


def rounded(surface: Surface, step: float) -> Surface:
    """Round heights to multiples of a step in metres."""
    heights = np.rint(surface.heights.astype(np.float64) / step) * step
    return surface.derive(heights.astype(np.float32), step=f"round to {step:g} m")


def listed(options: Options) -> str:
    """Write options as they stand in a call."""
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def brief(value: object) -> str:
    """Write an instance of a dataclass with nothing but what differs from its defaults."""
    if not is_dataclass(value):
        return repr(value)
    changed = {
        each.name: getattr(value, each.name)
        for each in fields(value)
        if each.default is MISSING or getattr(value, each.name) != each.default
    }
    return f"{type(value).__name__}({listed(changed)})"
