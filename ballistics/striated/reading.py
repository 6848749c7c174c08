"""From the scan of a striated mark to its signature, with what a person set by hand and what is in doubt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ballistics.errors import OptionError
from ballistics.language import Message
from ballistics.output import printable
from ballistics.parameters import StriatedSet
from ballistics.segment import segment
from ballistics.striated.signature import NoSignature, Signature, make_signature
from imaging.resample import flip
from imaging.surface import Finding, Surface

NOT_A_LAND = "not-a-land"
SQUARE = 1.5
LARGE_UM = 1000.0
PLAIN, LIKELY = 0.75, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByHand:
    """What a person set for one mark; it counts on the scan as stored.

    Parameters
    ----------
    mirror : bool
        Reverse the crosscut.
    row_um : float, optional
        Middle of the crosscut's band along the striae, in micrometres.
    shoulders_um : tuple of float, optional
        Ends of the land along the crosscut, in micrometres.
    mask : ndarray of bool, shape of the scan, optional
        True on what to use; everything else counts as missing. `ballistics.segment.read_mask` reads one.
    """

    mirror: bool = False
    row_um: float | None = None
    shoulders_um: tuple[float, float] | None = None
    mask: NDArray[np.bool_] | None = None


AS_FOUND = ByHand()


def signature_of(
    scan: Surface, parameters: StriatedSet, *, by_hand: ByHand = AS_FOUND, accept: Collection[str] = ()
) -> Signature | NoSignature:
    """Return the signature of a scan, or why there is none.

    Where the parameters look for grooves, a large and square scan on which none are plain, as on a cartridge case,
    is in doubt (``not-a-land``).

    Parameters
    ----------
    scan : Surface
        A striated mark as read.
    parameters : StriatedSet
        What to compute with.
    by_hand : ByHand
        What a person set. A masked or mirrored scan is masked or turned round before anything is measured.
    accept : collection of str
        Codes of doubtful findings that a person has looked at and accepts.

    Raises
    ------
    OptionError
        If a place set by hand lies outside the scan or its measured part, or the mask has another size than the
        scan or keeps nothing of it.

    Examples
    --------
    >>> import numpy as np
    >>> from ballistics.parameters import default_striated_set
    >>> from imaging.synthetic import land
    >>> scan, _ = land(np.random.default_rng(1))
    >>> bool(signature_of(scan, default_striated_set("bullet land")))
    True
    """
    if reason := doubt_in(scan.provenance.findings, accept):
        return NoSignature(reason=FILE_IN_DOUBT.filled(findings=reason), scan=scan)
    if by_hand.mask is not None:
        scan = scan.masked(segment(scan, mask=by_hand.mask).mask, step="masked by hand")
    made = _made(scan, parameters, by_hand)
    if by_hand.mirror and isinstance(made, Signature):
        last_um = (made.cut.heights.size - 1) * made.cut.spacing * 1e6
        ends = by_hand.shoulders_um
        turned = ByHand(
            row_um=by_hand.row_um, shoulders_um=(last_um - ends[1], last_um - ends[0]) if ends else None
        )
        made = _made(flip(scan, "y" if made.cut.transposed else "x"), parameters, turned)
    if parameters.grooves is None or not _is_square(made.scan) or is_land(made):
        return made
    return _doubted(made, accept)


def is_land(made: Signature | NoSignature) -> bool:
    """Report whether its grooves are plain, or at least likely on a scan of the shape of a land."""
    shoulders = made.shoulders if isinstance(made, Signature) else None
    return shoulders is not None and shoulders.confidence >= (PLAIN if _is_square(made.scan) else LIKELY)


def scan_digest(scan: Surface) -> str:
    """Return the hash of a scan's file, or of its heights if it was never in one."""
    return scan.provenance.sha256 or scan.digest()


FILE_IN_DOUBT = Message("the file is in doubt ({findings}). Accept it by its code if you have checked it.")
DOUBTED = Message("in doubt ({findings}). Accept it by its code if you have checked it.")


def doubt_in(findings: Sequence[Finding], accept: Collection[str]) -> str:
    """Return the doubtful findings that nobody has accepted, as text; empty if there are none."""
    return "; ".join(
        f"{each.code}: {each.message}" for each in findings if each.severity == "doubt" and each.code not in accept
    )


def accepted_in(findings: Sequence[Finding]) -> list[str]:
    """Return a sentence for every doubtful finding, for use once all of them are accepted."""
    return [
        Message("accepted in spite of {code}: {finding}", code=each.code, finding=each.message)
        for each in findings
        if each.severity == "doubt"
    ]


def _is_square(scan: Surface) -> bool:
    width, height = sorted(scan.size_um)
    return width > LARGE_UM and height < SQUARE * width


def _doubted(made: Signature | NoSignature, accept: Collection[str]) -> Signature | NoSignature:
    """Note on the scan that it may be no land, and give no signature until somebody accepts that."""
    width, height = made.scan.size_um
    name = printable(Path(made.scan.provenance.path).name) if made.scan.provenance.path else "the scan"
    finding = Finding(
        code=NOT_A_LAND,
        severity="doubt",
        message=f"{name} shows no land between two grooves on {width / 1e3:.1f} x {height / 1e3:.1f} mm: is it a "
        "cartridge case?",
    )
    noted = {"findings": (*made.scan.provenance.findings, finding)}
    scan = replace(made.scan, provenance=made.scan.provenance.model_copy(update=noted))
    if NOT_A_LAND in accept:
        return replace(made, scan=scan)
    return NoSignature(reason=DOUBTED.filled(findings=f"{finding.code}: {finding.message}"), scan=scan)


def _made(scan: Surface, parameters: StriatedSet, by_hand: ByHand) -> Signature | NoSignature:
    made = make_signature(scan, parameters, row_um=by_hand.row_um, shoulders_um=by_hand.shoulders_um)
    _check(scan, by_hand, made)
    return made


def _check(scan: Surface, by_hand: ByHand, made: Signature | NoSignature) -> None:
    """Refuse a place that is not on the scan, as far as the direction of the striae is known."""
    across_um, along_um = (max(scan.size_um),) * 2
    if isinstance(made, Signature):
        across_um, along_um = scan.size_um[::-1] if made.cut.transposed else scan.size_um
    if by_hand.row_um is not None and not 0 <= by_hand.row_um <= along_um:
        raise OptionError(
            f"A crosscut at {by_hand.row_um:g} um found; the scan is {along_um:.0f} um long along the striae."
        )
    if by_hand.row_um is not None and isinstance(made, Signature):
        slack_um = 2 * made.parameters.crosscut.row_um
        first, last = (edge * 1e6 for edge in made.cut.rows)
        if not first - slack_um <= by_hand.row_um <= last + slack_um:
            raise OptionError(
                f"A crosscut at {by_hand.row_um:g} um found, where the scan was not measured or is masked; the "
                f"nearest band that can be cut is {first:.0f} to {last:.0f} um along the striae."
            )
    if by_hand.shoulders_um:
        left, right = by_hand.shoulders_um
        if not 0 <= left < right <= across_um:
            raise OptionError(
                f"Shoulders at {left:g} and {right:g} um found; they must rise within 0 to {across_um:.0f} um, "
                "the width of the scan across the striae."
            )
