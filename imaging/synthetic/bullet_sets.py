"""Sets of lands of fired bullets, with the sequence of the barrel's lands known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imaging.errors import ParameterError
from imaging.surface import Surface
from imaging.synthetic.canvas import require
from imaging.synthetic.lands import ENGRAVED_LAND, EngravedLand, LandTruth, engraved
from imaging.synthetic.striae import STEEPEST_TILT_DEG, independent_profiles, mixed, striae

UNEVEN_DEG = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """How the lands of a bullet were scanned.

    Parameters
    ----------
    phase : int
        The barrel's land that is scanned first, counted from 0.
    backwards : bool
        Whether the bullet was turned the other way, so that the barrel's lands come in falling order.
    mirrored, transposed : bool
        What was done to each scan, see `StriaeTruth`.
    missing : tuple of int
        Places in the scanning order, from 0, without a scan.
    """

    phase: int = 0
    backwards: bool = False
    mirrored: bool = False
    transposed: bool = False
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bullet:
    """The lands of a bullet and the truth about them.

    Parameters
    ----------
    lands : tuple of Surface or None
        Scans in scanning order; None where one is missing.
    truths : tuple of LandTruth or None
        The truth about each scan.
    sources : tuple of int
        The land of the barrel that made each land, from 0, of missing ones too.
    barrel : int
        Number of the barrel: 0 for all bullets of one barrel.
    scanning : Scanning
        How the lands were scanned.
    """

    lands: tuple[Surface | None, ...]
    truths: tuple[LandTruth | None, ...]
    sources: tuple[int, ...]
    barrel: int
    scanning: Scanning


def bullets(
    rng: np.random.Generator,
    count: int = 2,
    *,
    lands: int = 6,
    correlation: float = 0.8,
    same_barrel: bool = True,
    twist: Literal["right", "left"] = "right",
    tilt_deg: float = 5.0,
    scanning: Sequence[Scanning] | None = None,
    style: EngravedLand = ENGRAVED_LAND,
    shape: tuple[int, int] | None = None,
    pixel_um: float = 1.5625,
) -> list[Bullet]:
    """Return the scanned lands of several bullets of one barrel, or of as many barrels of one model.

    Parameters
    ----------
    rng : Generator
    count : int
        How many bullets, 1 or more.
    lands : int
        Lands of a barrel, 1 to 24.
    correlation : float
        Pearson correlation of the striae of every two bullets' lands that one land of the barrel made, 0 to 1.
    same_barrel : bool
        Whether one barrel fired all. Lands of different barrels are uncorrelated where their middles coincide.
    twist : {"right", "left"}
        Turn of the rifling. With the nose upwards, the striae of a right twist lean to the right: their tilt
        is negative on a scan that is not mirrored.
    tilt_deg : float
        Mean angle of the striae, 0 to 11; each scan lies up to a degree off.
    scanning : sequence of Scanning, optional
        How each bullet was scanned. Left out, the first starts at the barrel's land 0 and every other one at
        another land that is drawn.
    style : EngravedLand
        What the lands look like.
    shape, pixel_um
        As for `land`.

    Returns
    -------
    list of Bullet

    Raises
    ------
    ParameterError
        If the scannings are not as many as the bullets or name lands that the barrel lacks, or an option is
        out of its range.

    Notes
    -----
    The striae are ``sqrt(rho) common + sqrt(1 - rho) own``, the parts made uncorrelated within the width of the
    land as for `pair`. Texture, damage and patches without striae come on top, so that measured signatures
    correlate a little less. How a bullet is scanned changes none of its lands.

    Examples
    --------
    >>> import numpy as np
    >>> whole = Scanning()
    >>> later = Scanning(phase=2, missing=(4,))
    >>> first, second = bullets(np.random.default_rng(1), scanning=[whole, later], pixel_um=6.25)
    >>> first.sources, second.sources, second.lands[4]
    ((0, 1, 2, 3, 4, 5), (2, 3, 4, 5, 0, 1), None)
    """
    require("lands", lands, 1, 24)
    require("correlation", correlation, 0.0, 1.0)
    require("tilt_deg", tilt_deg, 0.0, STEEPEST_TILT_DEG - UNEVEN_DEG)
    if twist not in ("right", "left"):
        raise ParameterError(f"A twist {twist!r} found; right or left is possible.")
    scannings = _drawn(rng, count, lands) if scanning is None else list(scanning)
    _check(scannings, count, lands)
    planted = correlation if same_barrel else 0.0
    reliefs = []
    for _ in range(lands):
        profiles = [striae(rng) for _ in range(count + 1)]
        common, *own = independent_profiles(profiles, style.width_um / 2 * 1e-6)
        reliefs.append([mixed(common, profile, planted) for profile in own])

    seeds = rng.integers(2**63, size=(count, lands))
    made = []
    for number, how in enumerate(scannings):
        sources = tuple((how.phase + (-place if how.backwards else place)) % lands for place in range(lands))
        scans: list[tuple[Surface, LandTruth] | tuple[None, None]] = []
        for place, source in enumerate(sources):
            if place in how.missing:
                scans.append((None, None))
                continue
            own_rng = np.random.default_rng(seeds[number, source])
            lean_deg = tilt_deg + own_rng.uniform(-UNEVEN_DEG, UNEVEN_DEG)
            scan = engraved(
                own_rng,
                reliefs[source][number],
                style=style,
                tilt_deg=-lean_deg if twist == "right" else lean_deg,
                mirrored=how.mirrored,
                transposed=how.transposed,
                shape=shape,
                pixel_um=pixel_um,
            )
            scans.append(scan)
        surfaces, truths = zip(*scans, strict=True)
        barrel = 0 if same_barrel else number
        made.append(Bullet(lands=surfaces, truths=truths, sources=sources, barrel=barrel, scanning=how))
    return made


def _drawn(rng: np.random.Generator, count: int, lands: int) -> list[Scanning]:
    """Draw a first land for each bullet, another than that of the first bullet."""
    later = rng.integers(1, max(lands, 2), max(count - 1, 0)) % lands
    return [Scanning(), *(Scanning(phase=int(phase)) for phase in later)][:count]


def _check(scannings: list[Scanning], count: int, lands: int) -> None:
    if count < 1 or len(scannings) != count:
        raise ParameterError(
            f"{len(scannings)} scannings found for {count} bullets; give a scanning for each of 1 or more bullets."
        )
    for number, how in enumerate(scannings):
        named = (how.phase, *how.missing)
        if not all(0 <= place < lands for place in named):
            raise ParameterError(
                f"Phase {how.phase} and missing lands {how.missing} found for bullet {number}; "
                f"a barrel of {lands} lands has 0 to {lands - 1}."
            )
