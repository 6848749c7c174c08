"""Compare two pictures of marks: keypoints, the pose they agree on, and how well the pictures agree there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ballistics.language import Message
from ballistics.parameters import PictureSet
from ballistics.photographs.exhibit import NoPicture, PictureExhibit, mirrored_exhibit, source_name
from ballistics.photographs.rotations import standing_out
from imaging.agreement import Agreement, Thumbnail, dense_agreement
from imaging.matching import Matches, match
from imaging.photo import Photo
from imaging.similarity import Similarity, find_similarity, least_support, similarity_of
from imaging.surface import Surface

Points = NDArray[np.float64]
PoseFrom = Literal["keypoints", "all rotations"]

ROLES = (Message("the reference"), Message("the questioned"))
MIRROR_ADVANTAGE = 1.4
MIRROR_LEAST, MIRROR_DOUBT = 0.25, 0.4
SURE = 0.25
LAMP_TURNED_DEG = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureComparison:
    """What the comparison of two pictures found. It is a measurement, not a verdict.

    Parameters
    ----------
    reference, questioned : PictureExhibit
        The two marks.
    matches : Matches
        Keypoints that are each other's nearest.
    pose : Similarity or None
        From pixels of the reference's picture to those of the questioned one; None where no three matches agree.
    agreement : Agreement or None
        How the pictures agree at that pose; None where too little is common there.
    pose_from : {"keypoints", "all rotations"}
        Which search gave the pose.
    """

    reference: PictureExhibit
    questioned: PictureExhibit
    matches: Matches
    pose: Similarity | None
    agreement: Agreement | None
    pose_from: PoseFrom = "keypoints"
    warnings: tuple[str, ...] = ()

    @property
    def parameters(self) -> PictureSet:
        """What everything was computed with."""
        return self.reference.parameters

    @property
    def score(self) -> float:
        """Correlation of the two pictures at the pose, 0 to 1; 0 where no pose was found."""
        return max(0.0, self.agreement.correlation) if self.agreement else 0.0

    @property
    def inliers(self) -> int:
        """Matches that the pose explains."""
        return int(self.pose.inliers.sum()) if self.pose else 0

    @property
    def support(self) -> int:
        """Separate places that those cover."""
        return self.pose.support if self.pose else 0

    @property
    def chance_support(self) -> int:
        """Support from which matches that fall evenly by chance would reach it in less than one case in 1000."""
        return least_support(
            len(self.matches),
            tolerance_px=self.parameters.fit.tolerance_px,
            area_px=float(min(self.reference.mask.sum(), self.questioned.mask.sum())),
            scale_known=self.scale_known,
        )

    @property
    def scale_known(self) -> bool:
        """Whether both pictures have a scale, so that the magnification was not fitted."""
        return self.reference.pixel_um is not None and self.questioned.pixel_um is not None

    @property
    def matrix(self) -> NDArray[np.float64] | None:
        """The refined pose, shape (2, 3), from pixels of the reference's source to those of the questioned one."""
        if self.agreement is None:
            return None
        whole = np.vstack([self.agreement.matrix, (0.0, 0.0, 1.0)])
        first = np.vstack([self.reference.to_source, (0.0, 0.0, 1.0)])
        moved: NDArray[np.float64] = self.questioned.to_source @ whole @ np.linalg.inv(first)
        return moved

    @property
    def angle_deg(self) -> float | None:
        """Rotation of the questioned mark in degrees, in (-180, 180]; positive turns +x towards +y."""
        if self.agreement is None:
            return None
        matrix = self.agreement.matrix
        return math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))

    @property
    def magnification(self) -> float | None:
        """Size of the mark in the questioned source, in its pixels, over that in the reference's."""
        return None if self.matrix is None else math.sqrt(abs(float(np.linalg.det(self.matrix[:, :2]))))

    def points(self) -> tuple[Points, Points]:
        """Matched keypoints that the pose explains, ``(x, y)`` in pixels of the two sources, each (n, 2)."""
        if self.pose is None:
            return np.zeros((0, 2)), np.zeros((0, 2))
        kept = self.matches[self.pose.inliers]
        pairs = (self.reference, kept.reference), (self.questioned, kept.questioned)
        first, second = (
            each.features.points[index] @ each.to_source[:, :2].T + each.to_source[:, 2] for each, index in pairs
        )
        return first, second


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPictureComparison:
    """The pictures were not compared; falsy, with the reason."""

    reason: str
    parameters: PictureSet
    sources: tuple[Photo | Surface, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Report that there is no comparison."""
        return False


def compare_pictures(
    reference: PictureExhibit | NoPicture, questioned: PictureExhibit | NoPicture
) -> PictureComparison | NoPictureComparison:
    """Compare two pictures of marks by their keypoints and, at the pose these agree on, all over.

    Parameters
    ----------
    reference, questioned : PictureExhibit or NoPicture
        From `ballistics.photographs.exhibit`.

    Returns
    -------
    PictureComparison or NoPictureComparison
        Falsy with the reason where one is missing or they were prepared differently. Swapping the two changes
        nothing but the point of view.

    Examples
    --------
    >>> from ballistics.parameters import default_picture_set
    >>> from ballistics.photographs.exhibit import prepare_photograph
    >>> from imaging.lighting import photograph
    >>> from imaging.photo import Light
    >>> from imaging.synthetic import pair
    >>> marks = pair(np.random.default_rng(7), correlation=0.95, angle_deg=70.0)
    >>> chosen, ring = default_picture_set("breech face"), Light(kind="ring")
    >>> both = (prepare_photograph(photograph(each, ring), chosen) for each in (marks.reference, marks.questioned))
    >>> result = compare_pictures(*both)
    >>> round(result.angle_deg), result.score > 0.5
    (70, True)
    """
    return next(compare_with_many(questioned, [reference]))


def compare_with_many(
    questioned: PictureExhibit | NoPicture,
    references: Iterable[PictureExhibit | NoPicture],
    *,
    all_rotations: bool = True,
    look_for_mirror: bool = True,
) -> Iterator[PictureComparison | NoPictureComparison]:
    """Compare one questioned picture with many references, one after the other; see `compare_pictures`.

    Without ``all_rotations`` a pose that keypoints miss is not looked for otherwise, which loses faint pairs;
    without ``look_for_mirror`` a picture that was stored mirrored is not noticed. Without both, references of
    other origin take a third of the time: enough for a first look at a large collection.
    """
    flipped = _Flipped(questioned) if look_for_mirror and isinstance(questioned, PictureExhibit) else None
    for reference in references:
        yield _compared(reference, questioned, flipped, all_rotations=all_rotations)


class _Flipped:
    """The mirror image of an exhibit, made when it is first asked for."""

    def __init__(self, exhibit: PictureExhibit) -> None:
        self.original = exhibit

    @cached_property
    def exhibit(self) -> PictureExhibit | NoPicture:
        return mirrored_exhibit(self.original)


def _compared(
    reference: PictureExhibit | NoPicture,
    questioned: PictureExhibit | NoPicture,
    flipped: _Flipped | None,
    *,
    all_rotations: bool,
) -> PictureComparison | NoPictureComparison:
    sources = reference.source, questioned.source
    exhibits = []
    for role, each in zip(ROLES, (reference, questioned), strict=True):
        if isinstance(each, NoPicture):
            name = source_name(each.source, role)
            return NoPictureComparison(
                reason=Message("{name}: {reason}", name=name, reason=each.reason),
                parameters=each.parameters,
                sources=sources,
            )
        exhibits.append(each)
    first, second = exhibits
    if first.parameters.hash != second.parameters.hash:
        return NoPictureComparison(
            reason=Message(
                "the marks were prepared differently: {first} and {second}. Prepare both alike.",
                first=first.parameters.name,
                second=second.parameters.name,
            ),
            parameters=first.parameters,
            sources=sources,
        )
    matches, pose, agreement, pose_from = _posed(first, second, all_rotations=all_rotations)
    result = PictureComparison(
        reference=first,
        questioned=second,
        matches=matches,
        pose=pose,
        agreement=agreement,
        pose_from=pose_from,
    )
    return replace(result, warnings=tuple(_warnings(result, flipped)))


def _posed(
    reference: PictureExhibit, questioned: PictureExhibit, *, all_rotations: bool
) -> tuple[Matches, Similarity | None, Agreement | None, PoseFrom]:
    """Match, fit and check, always in the order of the two hashes, and turn the result round if need be.

    A pose that too few places support is not checked: it is as good as none. Where keypoints leave a doubt, all
    rotations are tried, and the pose at which the pictures agree better is taken.
    """
    swap = _order(questioned) < _order(reference)
    first, second = (questioned, reference) if swap else (reference, questioned)
    fit = reference.parameters.fit
    matches = match(first.features, second.features, ratio=fit.ratio)
    scale = first.pixel_um / second.pixel_um if first.pixel_um and second.pixel_um else None
    found = find_similarity(
        matches, first.features, second.features, tolerance_px=fit.tolerance_px, fixed_scale=scale
    )
    pose = found if isinstance(found, Similarity) else None
    agreement: Agreement | None = None
    pose_from: PoseFrom = "keypoints"
    if pose and pose.support >= fit.least_support:
        agreement = _checked(first, second, pose)
    if all_rotations and (agreement is None or agreement.correlation < SURE):
        other = _best_turn(first, second, matches)
        better = other and _checked(first, second, other)
        if better and (agreement is None or better.correlation > agreement.correlation):
            pose, agreement, pose_from = other, better, "all rotations"
    if not swap:
        return matches, pose, agreement, pose_from
    turned = Matches(reference=matches.questioned, questioned=matches.reference, distance=matches.distance)
    return (
        turned,
        pose and pose.inverse(),
        agreement and _turned(agreement, first.small, second.small),
        pose_from,
    )


def _order(exhibit: PictureExhibit) -> tuple[str, float]:
    return exhibit.digest, exhibit.pixel_um or 0.0


def _best_turn(first: PictureExhibit, second: PictureExhibit, matches: Matches) -> Similarity | None:
    """The pose of the best of all rotations; None where it does not stand out."""
    found = standing_out(first, second)
    if found is None:
        return None
    return similarity_of(
        found.matrix,
        first.features.points[matches.reference],
        second.features.points[matches.questioned],
        tolerance_px=first.parameters.fit.tolerance_px,
    )


def _checked(first: PictureExhibit, second: PictureExhibit, pose: Similarity) -> Agreement | None:
    dense = first.parameters.dense
    found = dense_agreement(
        first.small,
        second.small,
        pose,
        window=dense.window,
        threshold=dense.threshold,
        min_overlap=dense.min_overlap,
    )
    return found if isinstance(found, Agreement) else None


def _turned(agreement: Agreement, first: Thumbnail, second: Thumbnail) -> Agreement:
    """The same agreement seen from the second picture, its local map laid on the second thumbnail."""
    matrix = np.vstack([agreement.matrix, (0.0, 0.0, 1.0)])
    onto_first = np.linalg.inv(first.to_picture) @ np.linalg.inv(matrix) @ second.to_picture
    local = cv2.warpAffine(
        agreement.local,
        onto_first[:2],
        second.mask.shape[::-1],
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=math.nan,
    )
    return replace(agreement, matrix=np.linalg.inv(matrix)[:2], local=np.asarray(local, np.float32))


def _warnings(result: PictureComparison, flipped: _Flipped | None) -> Iterator[str]:
    reference, questioned = result.reference, result.questioned
    for role, each in zip(ROLES, (reference, questioned), strict=True):
        name = source_name(each.source, role)
        for finding in each.provenance.doubts:
            accepted = Message(
                "accepted in spite of {code}: {finding}", code=finding.code, finding=finding.message
            )
            yield Message("{name}: {note}", name=name, note=accepted)
        yield from (Message("{name}: {note}", name=name, note=note) for note in each.region.notes)
    if isinstance(reference.source, Photo) != isinstance(questioned.source, Photo):
        yield Message("a scan meets a photograph: experimental, no figures are known for it")
    if reference.digest == questioned.digest:
        yield Message("both pictures hold the same pixels: this compares a picture with itself")
    if flipped and result.score < MIRROR_DOUBT and _mirror_is_likely(result, flipped):
        yield Message(
            "the mirror image of one picture fits the other: one of them was probably stored mirrored. Flip it "
            "and compare again"
        )
    elif result.score > 0.0 and result.pose_from == "keypoints" and result.support < result.chance_support:
        yield Message(
            "the pose rests on {places} separate places; matches made by chance reach {chance}",
            places=result.support,
            chance=result.chance_support - 1,
        )
    turned = _lamp_turned(result)
    if turned is not None and turned > LAMP_TURNED_DEG:
        yield Message(
            "the lamp stood {degrees:.0f} degrees apart as seen from the mark: relief that is lit from another "
            "side looks different, and a low figure says little",
            degrees=turned,
        )


def _mirror_is_likely(result: PictureComparison, flipped: _Flipped) -> bool:
    """Whether the mirror image agrees much better; it is made only where it stands out at some rotation."""
    first, second = sorted((result.reference, result.questioned), key=_order)
    if not standing_out(first, second, mirrored=True) or not isinstance(flipped.exhibit, PictureExhibit):
        return False
    _, _, agreement, _ = _posed(result.reference, flipped.exhibit, all_rotations=True)
    return agreement is not None and agreement.correlation > max(MIRROR_LEAST, MIRROR_ADVANTAGE * result.score)


def _lamp_turned(result: PictureComparison) -> float | None:
    """Degrees between the two side lights once the marks lie on each other; None where that is not known."""
    lights = [
        each.source.light if isinstance(each.source, Photo) else None
        for each in (result.reference, result.questioned)
    ]
    if result.angle_deg is None or not all(light and light.azimuth_deg is not None for light in lights):
        return None
    first, second = (light.azimuth_deg for light in lights if light)
    return abs(math.remainder((second or 0.0) - (first or 0.0) - result.angle_deg, 360.0))
