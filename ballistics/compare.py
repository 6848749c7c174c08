"""Compare two marks: pose, cells in both directions, counts under every rule, correlation."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ballistics.congruence import Congruence, judge
from ballistics.errors import MarkError, OptionError
from ballistics.impressed import CellMatches, match_cells
from ballistics.language import Message, told
from ballistics.mark_names import NAMES
from ballistics.parameters import Exhaustive, ParameterSet, default_set
from ballistics.preparation import Mark, prepare
from ballistics.segment import BoolArray, Segmentation, segment
from imaging.errors import ImagingError
from imaging.register import Alignment, NoAlignment, Pose, mirrored, refine, search_rotations
from imaging.surface import Surface

FILE_IN_DOUBT = Message("the file is in doubt ({findings}). Accept it by its code if you have checked it.")
MIRROR_ADVANTAGE = 1.8
FEW_CELLS = 10
SMALL_OVERLAP = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exhibit:
    """A scan with the mark found in it, prepared for comparison.

    Parameters
    ----------
    segmentation : Segmentation
        Where the mark is, how it was found, and the scan itself.
    mark : Mark
        The prepared heights.
    """

    segmentation: Segmentation
    mark: Mark

    @property
    def scan(self) -> Surface:
        """The scan as read."""
        return self.segmentation.scan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What the comparison of two marks found. It is a measurement, not a verdict.

    Parameters
    ----------
    reference, questioned : Exhibit
        The two marks.
    parameters : ParameterSet
        What everything was computed with.
    alignment : Alignment
        Pose of the questioned mark in the coordinates of the two scans, and the areal correlation (ACCF)
        over the common area at that pose.
    forward, backward : CellMatches
        Cells of the reference found in the questioned mark, and the other way round.
    verdicts : mapping of str to (Congruence, Congruence)
        For each rule what it says of the forward and of the backward cells.
    warnings : tuple of str
        What a person should know before using the figures.
    """

    reference: Exhibit
    questioned: Exhibit
    parameters: ParameterSet
    alignment: Alignment
    forward: CellMatches
    backward: CellMatches
    verdicts: Mapping[str, tuple[Congruence, Congruence]]
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Congruent cells under each rule: the smaller count of the two directions."""
        return {rule: min(ahead.count, back.count) for rule, (ahead, back) in self.verdicts.items()}

    @property
    def score(self) -> int:
        """The count under the rule that the parameter set scores by."""
        return self.counts[self.parameters.score]

    @property
    def cells(self) -> int:
        """Number of cells that could be compared: the smaller of the two directions."""
        return int(min(self.forward.compared.sum(), self.backward.compared.sum()))

    @property
    def accf(self) -> float:
        """Areal correlation of the two marks at their pose, -1 to 1."""
        return self.alignment.correlation


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComparable:
    """No comparison was made; falsy, with the reason."""

    reason: str
    parameters: ParameterSet
    scans: tuple[Surface, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Report that there is no comparison."""
        return False


def compare(
    reference: Surface,
    questioned: Surface,
    parameters: ParameterSet | None = None,
    *,
    mask_reference: BoolArray | None = None,
    mask_questioned: BoolArray | None = None,
    accept: Collection[str] = (),
) -> Comparison | NotComparable:
    """Compare the same kind of impressed mark on two scans.

    Parameters
    ----------
    reference, questioned : Surface
        Scans as read, raw or already cropped to the mark.
    parameters : ParameterSet, optional
        The breech-face default when left out.
    mask_reference, mask_questioned : ndarray of bool, optional
        Area of the mark; found automatically when left out.
    accept : collection of str
        Codes of doubtful findings that a person has looked at and accepts.

    Returns
    -------
    Comparison or NotComparable
        Falsy with the reason when there is nothing to compare. Swapping the two scans changes nothing but
        the point of view.

    Examples
    --------
    >>> from imaging.synthetic import pair
    >>> marks = pair(np.random.default_rng(7), correlation=0.9, angle_deg=170.0, shift_um=(60.0, -40.0))
    >>> result = compare(marks.reference, marks.questioned)
    >>> bool(result), round(result.alignment.pose.angle_deg)
    (True, 170)
    """
    chosen = parameters or default_set("breech face")
    exhibits: list[Exhibit] = []
    for otherwise, scan, mask in (
        (Message("the reference scan"), reference, mask_reference),
        (Message("the questioned scan"), questioned, mask_questioned),
    ):
        exhibit = prepare_exhibit(scan, chosen, mask=mask, accept=accept)
        if isinstance(exhibit, NotComparable):
            name = Path(scan.provenance.path).name if scan.provenance.path else otherwise
            return NotComparable(
                reason=Message("{name}: {reason}", name=name, reason=exhibit.reason),
                parameters=chosen,
                scans=(reference, questioned),
            )
        exhibits.append(exhibit)
    return compare_exhibits(*exhibits)


def prepare_exhibit(
    scan: Surface,
    parameters: ParameterSet,
    *,
    mask: BoolArray | None = None,
    accept: Collection[str] = (),
) -> Exhibit | NotComparable:
    """Find the mark in a scan and prepare it; do this once for an exhibit that meets many others.

    Returns
    -------
    Exhibit or NotComparable
        Falsy with the reason when the file is in doubt or holds no such mark.
    """
    doubts = [finding for finding in scan.provenance.doubts if finding.code not in accept]
    if doubts:
        listed = "; ".join(f"{finding.code}: {finding.message}" for finding in doubts)
        return NotComparable(
            reason=FILE_IN_DOUBT.filled(findings=listed),
            parameters=parameters,
            scans=(scan,),
        )
    try:
        found = segment(scan, parameters.mark, mask=mask)
        mark = prepare(scan, found.mask, parameters)
    except (MarkError, OptionError, ImagingError) as error:
        return NotComparable(reason=told(error), parameters=parameters, scans=(scan,))
    return Exhibit(segmentation=found, mark=mark)


def compare_exhibits(reference: Exhibit, questioned: Exhibit) -> Comparison | NotComparable:
    """Compare two prepared exhibits.

    The work is always done in one order, fixed by the hash of the heights, and turned round at the end if
    need be, so that swapping the exhibits gives the very same numbers.
    """
    parameters = reference.mark.parameters
    if questioned.mark.parameters.hash != parameters.hash:
        return NotComparable(
            reason=Message(
                "the marks were prepared differently: {first} ({first_mark}) and {second} ({second_mark}). "
                "Prepare both alike.",
                first=parameters.name,
                first_mark=NAMES[parameters.mark],
                second=questioned.mark.parameters.name,
                second_mark=NAMES[questioned.mark.parameters.mark],
            ),
            parameters=parameters,
            scans=(reference.scan, questioned.scan),
        )
    swap = questioned.mark.digest < reference.mark.digest
    first, second = (questioned.mark, reference.mark) if swap else (reference.mark, questioned.mark)
    alignment = align(first, second)
    if isinstance(alignment, NoAlignment):
        return NotComparable(
            reason=Message("no common area: {reason}", reason=alignment.reason),
            parameters=parameters,
            scans=(reference.scan, questioned.scan),
        )
    start = Pose(angle=0.0, dx=0.0, dy=0.0) if isinstance(parameters.search, Exhaustive) else alignment.pose
    options: dict[str, Any] = {"cells": parameters.cells, "search": parameters.search}
    ahead = match_cells(first.relief, second.relief, start, **options)
    back = match_cells(second.relief, first.relief, start.inverse(), **options)
    pose = alignment.pose
    if swap:
        ahead, back, pose = back, ahead, pose.inverse()
    verdicts = {name: (judge(ahead, rule), judge(back, rule)) for name, rule in parameters.rules.items()}
    comparison = Comparison(
        reference=reference,
        questioned=questioned,
        parameters=parameters,
        alignment=Alignment(
            pose=_between_scans(pose, reference.mark, questioned.mark),
            correlation=alignment.correlation,
            overlap=alignment.overlap,
        ),
        forward=ahead,
        backward=back,
        verdicts=verdicts,
    )
    return replace(comparison, warnings=tuple(_warnings(comparison, first, second, alignment)))


def align(reference: Mark, questioned: Mark) -> Alignment | NoAlignment:
    """Lay one prepared mark on the other: all rotations coarsely, the best few refined, the best one kept.

    The pose is between the middles of the prepared grids; the correlation is taken at the working pixel.
    """
    chosen = reference.parameters.pose
    count = math.floor(chosen.range_deg / chosen.step_deg + 1e-9)
    angles = np.arange(-count, count + 1) * chosen.step_deg
    if chosen.range_deg == 180.0:
        angles = angles[1:]
    found = search_rotations(
        reference.coarse,
        questioned.coarse,
        angles_deg=angles,
        min_overlap=chosen.min_overlap,
        candidates=chosen.candidates,
    )
    if isinstance(found, NoAlignment):
        return found
    refined = [refine(reference.fine, questioned.fine, each.pose) for each in found]
    needed = chosen.min_overlap * min(reference.fine.area, questioned.fine.area)
    best = max((each for each in refined if each.overlap >= needed), key=lambda a: a.strength, default=found[0])
    return refine(reference.relief, questioned.relief, best.pose)


def _warnings(comparison: Comparison, first: Mark, second: Mark, alignment: Alignment) -> Iterator[str]:
    for exhibit in (comparison.reference, comparison.questioned):
        name = Path(exhibit.scan.provenance.path).name if exhibit.scan.provenance.path else Message("a scan")
        for finding in exhibit.scan.provenance.doubts:
            accepted = Message(
                "accepted in spite of {code}: {finding}", code=finding.code, finding=finding.message
            )
            yield Message("{name}: {note}", name=name, note=accepted)
        yield from (Message("{name}: {note}", name=name, note=note) for note in exhibit.segmentation.notes)
    if first.digest == second.digest:
        yield Message("both scans hold the same heights: this compares a scan with itself")
    if comparison.cells < FEW_CELLS:
        yield Message(
            "cells that could be compared: {cells}; a count of so few says little", cells=comparison.cells
        )
    common = alignment.overlap / min(first.relief.area, second.relief.area)
    if common < SMALL_OVERLAP:
        yield Message("the marks have only {share:.0%} of the smaller one in common at this pose", share=common)
    if comparison.score == 0 and _mirror_is_likely(first, second, alignment):
        yield Message(
            "the mirror image of one scan fits the other: one of them was probably exported upside down. "
            "Flip it (ballistics convert --flip y) and compare again"
        )


def _mirror_is_likely(first: Mark, second: Mark, alignment: Alignment) -> bool:
    flipped = replace(
        second, fine=mirrored(second.fine), coarse=mirrored(second.coarse), relief=mirrored(second.relief)
    )
    other = align(first, flipped)
    return isinstance(other, Alignment) and other.strength > MIRROR_ADVANTAGE * alignment.strength


def _between_scans(pose: Pose, reference: Mark, questioned: Mark) -> Pose:
    """Turn a pose between prepared grids into one between the middles of the scans."""
    into = Pose(angle=0.0, dx=-reference.centre[0], dy=-reference.centre[1])
    out = Pose(angle=0.0, dx=questioned.centre[0], dy=questioned.centre[1])
    return out.after(pose).after(into)
