"""How a batch prepares and compares one kind of exhibit: lands and other striated marks, or whole bullets."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from ballistics.errors import BallisticsError
from ballistics.parameters import ParameterSet, PictureSet, StriatedSet
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.land_pair import LandComparison, compare_lands
from ballistics.striated.landset import LandSet, files_of, open_bullet
from ballistics.striated.reading import signature_of
from ballistics.striated.signature import NoSignature, Signature
from imaging.errors import ImagingError
from imaging.files import open_surface
from imaging.surface import Surface

Unit = Literal["auto", "m", "mm", "um"]
SIGNATURES_KEPT = 2000
BULLETS_KEPT = 300
CHANGED = "changed since the run began; start anew when it is complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What the comparison of one pair gave; figures that the method does not know are None."""

    score: float
    cells: int | None = None
    accf: float | None = None
    angle_deg: float | None = None
    dx_um: float | None = None
    dy_um: float | None = None
    warnings: tuple[str, ...] = ()


class Method(Protocol):
    """One way to compare the exhibits that stand at two paths.

    ``score`` names the figure, ``lengths`` says what lengths in files are taken for, ``kept`` how many prepared
    exhibits are held in memory. What a method
    cannot prepare or compare it answers with the reason as text.
    """

    @property
    def parameters(self) -> ParameterSet | StriatedSet | PictureSet: ...  # noqa: D102
    @property
    def score(self) -> str: ...  # noqa: D102
    @property
    def lengths(self) -> str: ...  # noqa: D102
    @property
    def kept(self) -> int: ...  # noqa: D102
    def files(self, path: str) -> list[Path]: ...  # noqa: D102
    def digest(self, path: str) -> str | None: ...  # noqa: D102
    def prepare(self, path: str, digest: str | None) -> object | str: ...  # noqa: D102
    def compare(self, reference: Any, questioned: Any) -> Scored | str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class LandMethod:
    """Every scan is one land or other striated mark; the score is the correlation, ``dx_um`` the lag."""

    parameters: StriatedSet
    accept: Collection[str] = ()
    units: Unit = "auto"
    score: str = "ccf"
    kept: int = SIGNATURES_KEPT

    @property
    def lengths(self) -> str:
        """Unit that the files are written in."""
        return self.units

    def files(self, path: str) -> list[Path]:
        """The scan itself."""
        return [Path(path)]

    def digest(self, path: str) -> str | None:
        """Hash of the file."""
        return file_digest(Path(path))

    def prepare(self, path: str, digest: str | None) -> Signature | str:
        """Make the signature, or say why there is none."""
        try:
            scan = open_surface(path, units=self.units)
            if scan.provenance.sha256 != digest:
                return f"{path}: {CHANGED}"
            made = signature_of(scan, self.parameters, accept=self.accept)
        except (ImagingError, BallisticsError) as error:
            return str(error)
        return f"{path}: {made.reason}" if isinstance(made, NoSignature) else _slim(made)

    def compare(self, reference: Signature, questioned: Signature) -> Scored | str:
        """Correlate two signatures."""
        result = compare_lands(reference, questioned, self.parameters)
        if not isinstance(result, LandComparison):
            return result.reason
        return Scored(score=round(result.ccf, 6), dx_um=round(result.lag_um, 3), warnings=result.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletMethod:
    """Every folder or list is a bullet; the score is the sequence average."""

    parameters: StriatedSet
    accept: Collection[str] = ()
    units: Unit = "auto"
    score: str = "sequence_average"
    kept: int = BULLETS_KEPT

    @property
    def lengths(self) -> str:
        """Unit that the files are written in."""
        return self.units

    def files(self, path: str) -> list[Path]:
        """The scans of the lands, and the list if there is one."""
        try:
            return files_of(path)
        except (ImagingError, BallisticsError):
            return []

    def digest(self, path: str) -> str | None:
        """Hash of the names and contents of all files."""
        files = self.files(path)
        if not files:
            return None
        lines = (f"{file.name} {file_digest(file)}" for file in files)
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def prepare(self, path: str, digest: str | None) -> LandSet | str:
        """Make the signatures of all lands, or say why the bullet cannot be used."""
        try:
            made = open_bullet(path, self.parameters, units=self.units, accept=self.accept)
        except (ImagingError, BallisticsError) as error:
            return str(error)
        if self.digest(path) != digest:
            return f"{path}: {CHANGED}"
        if not isinstance(made, LandSet):
            return f"{path}: {made.reason}"
        return replace(made, lands={number: _slim(land) for number, land in made.lands.items()})

    def compare(self, reference: LandSet, questioned: LandSet) -> Scored | str:
        """Compare two bullets over all phases."""
        result = compare_land_sets(reference, questioned, self.parameters).result
        if not isinstance(result, BulletComparison):
            return result.reason
        return Scored(score=round(result.sequence_average, 6), warnings=result.warnings)


def file_digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, or None if it cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _slim(made: Any) -> Any:
    """A signature, or the reason for none, without the heights of the scan, which only pictures need."""
    scan: Surface = replace(made.scan, heights=np.full((1, 1), np.nan), attachments={})
    return replace(made, scan=scan)
