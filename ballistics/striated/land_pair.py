"""Compare two lands, or two other striated marks: how well, where and over what length they agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ballistics.language import Message
from ballistics.output import printable
from ballistics.parameters import StriatedSet
from ballistics.striated.bullets import MIRROR_ADVANTAGE, BulletComparison
from ballistics.striated.chumbley import ChumbleyScore, chumbley_score
from ballistics.striated.cmps import CongruentSegments, congruent_both_ways
from ballistics.striated.correlation import correlate_signatures, stretched
from ballistics.striated.reading import accepted_in, scan_digest
from ballistics.striated.signature import NoSignature, Signature, mirrored_signature
from ballistics.striated.striae import NotMeasured, StriaeFeatures, striae_features
from imaging.surface import Surface

Array = NDArray[np.float64]

ROLES = (Message("the reference"), Message("the questioned scan"))
MIRROR_LEAST = 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandComparison:
    """How two signatures agree where they agree best. It is a measurement, not a verdict.

    Parameters
    ----------
    reference, questioned : Signature
        The two signatures; the questioned one reversed if ``mirrored``.
    ccf : float
        Correlation at the best lag, -1 to 1.
    lag_um : float
        A feature lies this much further along the questioned signature than along the reference.
    overlap : float
        Points in common there as a share of the shorter signature.
    stretch : float
        How many times as long the questioned signature is, among the factors that the parameters try.
    mirrored : bool
        Whether the questioned signature was reversed for this comparison.
    """

    reference: Signature
    questioned: Signature
    ccf: float
    lag_um: float
    overlap: float
    stretch: float
    mirrored: bool
    warnings: tuple[str, ...] = ()

    @property
    def parameters(self) -> StriatedSet:
        """What everything was computed with."""
        return self.reference.parameters

    def heights_um(self) -> tuple[Array, Array]:
        """Return the heights of both on one scale: where a stretch was found, each has taken half of it."""
        heights = self.reference.heights_um, self.questioned.heights_um
        if self.stretch == 1.0:
            return heights
        root = math.sqrt(self.stretch)
        return stretched(heights[0], root), stretched(heights[1], 1.0 / root)

    def striae(self) -> StriaeFeatures | NotMeasured:
        """Match the striae of the two signatures at this lag."""
        spacing_um = self.reference.spacing_um
        lag_samples = round(self.lag_um / spacing_um)
        return striae_features(*self.heights_um(), spacing_um=spacing_um, lag_samples=lag_samples)

    def segments(self) -> tuple[CongruentSegments, CongruentSegments] | NotMeasured:
        """Look for the segments of the reference in the questioned signature, and the other way round."""
        return congruent_both_ways(*self.heights_um(), spacing_um=self.reference.spacing_um)

    def chumbley(self) -> ChumbleyScore | NotMeasured:
        """Rank windows of both signatures at one shift against windows at others."""
        return chumbley_score(*self.heights_um(), spacing_um=self.reference.spacing_um)

    def aligned(self) -> tuple[Array, Array, Array]:
        """Return places on the reference's crosscut in um and the heights of both there, NaN outside.

        The questioned heights are interpolated between their points.
        """
        step = self.reference.spacing_um
        a, b = self.heights_um()
        lag = self.lag_um / step
        first, last = min(0, int(np.floor(-lag))), max(a.size, int(np.ceil(b.size - lag)))
        index = np.arange(first, last, dtype=np.float64)
        return (
            self.reference.start_um + index * step,
            _between(a, index),
            _between(b, index + lag),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLandComparison:
    """The marks were not compared; falsy, with the reason."""

    reason: str
    parameters: StriatedSet
    scans: tuple[Surface, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Report that there is no comparison."""
        return False


def compare_lands(
    reference: Signature | NoSignature,
    questioned: Signature | NoSignature,
    parameters: StriatedSet,
    *,
    mirror: bool = False,
) -> LandComparison | NoLandComparison:
    """Compare the signatures of two lands or other striated marks.

    Parameters
    ----------
    reference, questioned : Signature or NoSignature
        From `ballistics.striated.reading.signature_of`.
    parameters : StriatedSet
        What both were made with.
    mirror : bool
        Reverse the questioned signature first, for a scan that was exported as a mirror image.

    Returns
    -------
    LandComparison or NoLandComparison
        Falsy with the reason where a signature is missing or constant or the two share too little. When the
        mirror image agrees much better, a warning proposes ``mirror``; it is never applied unasked.

    Examples
    --------
    >>> from ballistics.parameters import default_striated_set
    >>> from ballistics.striated.reading import signature_of
    >>> from imaging.synthetic import land
    >>> chosen, rng = default_striated_set("bullet land"), np.random.default_rng
    >>> first, second = (signature_of(land(rng(n), barrel=rng(9))[0], chosen) for n in (1, 2))
    >>> result = compare_lands(first, second, chosen)
    >>> bool(result), result.ccf > 0.6
    (True, True)
    """
    signatures: list[Signature] = []
    for role, made in zip(ROLES, (reference, questioned), strict=True):
        if isinstance(made, NoSignature):
            reason = Message("{name}: {reason}", name=scan_label(made.scan, role), reason=made.reason)
            return NoLandComparison(reason=reason, parameters=parameters, scans=(reference.scan, questioned.scan))
        if not _varies(made):
            reason = Message(
                "{name}: the signature is constant or nothing of it was measured",
                name=scan_label(made.scan, role),
            )
            return NoLandComparison(reason=reason, parameters=parameters, scans=(reference.scan, questioned.scan))
        signatures.append(made)
    first, second = signatures
    plain, flipped = (
        correlate_signatures([first], [each], parameters.lags) for each in (second, mirrored_signature(second))
    )
    chosen, other = (flipped, plain) if mirror else (plain, flipped)
    ccf, rival = float(chosen.ccf[0, 0]), float(other.ccf[0, 0])
    if not np.isfinite(ccf):
        return NoLandComparison(
            reason=Message(
                "the signatures are {first:.0f} and {second:.0f} um long and share less than {share:.0%} of the "
                "shorter one at every lag",
                first=first.length_um,
                second=second.length_um,
                share=parameters.lags.min_overlap,
            ),
            parameters=parameters,
            scans=(first.scan, second.scan),
        )
    warnings = [*_notes(first, ROLES[0]), *_notes(second, ROLES[1])]
    if scan_digest(first.scan) == scan_digest(second.scan):
        warnings.append(Message("both scans hold the same heights: this compares a scan with itself"))
    if rival >= MIRROR_LEAST and rival > ccf + MIRROR_ADVANTAGE:
        warnings.append(
            Message(
                "the mirror image of one scan agrees far better (correlation {rival:.2f} against {found:.2f}). "
                "Compare again {way} --mirror",
                rival=rival,
                found=ccf,
                way=Message("without") if mirror else Message("with"),
            )
        )
    return LandComparison(
        reference=first,
        questioned=mirrored_signature(second) if mirror else second,
        ccf=ccf,
        lag_um=float(chosen.lag_um[0, 0]),
        overlap=float(chosen.overlap[0, 0]),
        stretch=float(chosen.stretch[0, 0]),
        mirrored=mirror,
        warnings=tuple(warnings),
    )


def lands_at_best_phase(comparison: BulletComparison) -> dict[tuple[int, int], LandComparison]:
    """Return the comparison of each pair of lands at the best phase, by their numbers from 1.

    Pairs of which a land is missing are left out.
    """
    found = {}
    table = comparison.correlations
    for i, j in comparison.pairs:
        first, second = comparison.reference.signatures[i], comparison.questioned.signatures[j]
        if first is not None and second is not None and np.isfinite(table.ccf[i, j]):
            found[i + 1, j + 1] = LandComparison(
                reference=first,
                questioned=second,
                ccf=float(table.ccf[i, j]),
                lag_um=float(table.lag_um[i, j]),
                overlap=float(table.overlap[i, j]),
                stretch=float(table.stretch[i, j]),
                mirrored=comparison.mirrored,
            )
    return found


def scan_label(scan: Surface, otherwise: str) -> str:
    """Return the name of a scan's file without its folder, safe to print."""
    return printable(Path(scan.provenance.path).name) if scan.provenance.path else otherwise


def _varies(signature: Signature) -> bool:
    known = signature.heights_um[np.isfinite(signature.heights_um)]
    return known.size > 0 and float(np.ptp(known)) > 0.0


def _between(heights: Array, places: Array) -> Array:
    found: Array = np.interp(places, np.arange(heights.size), heights, left=np.nan, right=np.nan)
    return found


def _notes(signature: Signature, role: str) -> Iterator[str]:
    name = scan_label(signature.scan, role)
    for note in (*accepted_in(signature.scan.provenance.findings), *signature.notes):
        yield Message("{name}: {note}", name=name, note=note)
