"""Compare the lands of two bullets as they were read from folders or lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ballistics.language import Message
from ballistics.parameters import StriatedSet
from ballistics.striated.bullets import BulletComparison, NoBulletComparison, compare_bullets
from ballistics.striated.landset import LandSet, NoLandSet, instrument
from ballistics.striated.reading import scan_digest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BulletPair:
    """Two bullets, and what their comparison found or why there was none.

    Parameters
    ----------
    reference, questioned : LandSet or NoLandSet
        The two bullets as read.
    parameters : StriatedSet
        What everything was computed with.
    result : BulletComparison or NoBulletComparison
        The comparison.
    stated : bool
        Whether a person stated the number of lands; if not, it is the highest land number found.
    """

    reference: LandSet | NoLandSet
    questioned: LandSet | NoLandSet
    parameters: StriatedSet
    result: BulletComparison | NoBulletComparison
    stated: bool

    def __bool__(self) -> bool:
        """Report whether the bullets were compared."""
        return bool(self.result)


def compare_land_sets(
    reference: LandSet | NoLandSet,
    questioned: LandSet | NoLandSet,
    parameters: StriatedSet,
    *,
    mirror: bool = False,
) -> BulletPair:
    """Compare two bullets that were read by `ballistics.striated.landset.open_bullet`.

    Parameters
    ----------
    reference, questioned : LandSet or NoLandSet
        Where nobody stated the number of lands, both bullets are taken to have as many as the highest land
        number found on either. Stated numbers that differ are a difference of class.
    parameters : StriatedSet
        What the signatures were made with.
    mirror : bool
        Mirror the questioned lands.
    """
    stated = any(isinstance(each, LandSet) and each.stated for each in (reference, questioned))
    for side in (reference, questioned):
        if isinstance(side, NoLandSet):
            none = NoBulletComparison(reason=Message("{name}: {reason}", name=side.name, reason=side.reason))
            return BulletPair(
                reference=reference, questioned=questioned, parameters=parameters, result=none, stated=stated
            )
    assert isinstance(reference, LandSet)
    assert isinstance(questioned, LandSet)
    if reference.name == questioned.name:
        reference, questioned = (
            replace(each, name=f"{Path(each.source).resolve().parent.name}/{each.name}")
            for each in (reference, questioned)
        )
    if reference.name == questioned.name:
        reference, questioned = (
            replace(each, name=f"{each.name} ({role})")
            for each, role in ((reference, "reference"), (questioned, "questioned"))
        )
    count = max(reference.count, questioned.count)
    first, second = (each.bullet(each.stated or count) for each in (reference, questioned))
    result = compare_bullets(first, second, parameters, mirror=mirror)
    extra = (*_same_scans(reference, questioned), *_other_instruments(reference, questioned))
    return BulletPair(
        reference=reference,
        questioned=questioned,
        parameters=parameters,
        result=replace(result, warnings=(*result.warnings, *extra)),
        stated=stated,
    )


def _same_scans(reference: LandSet, questioned: LandSet) -> Iterator[str]:
    """Warn of one scan in both bullets."""
    known = {scan_digest(made.scan): number for number, made in reference.lands.items()}
    for number, made in questioned.lands.items():
        if (other := known.get(scan_digest(made.scan))) is not None:
            yield Message(
                "land {first_number} of {first} and land {second_number} of {second} are the same scan: that pair "
                "compares a scan with itself",
                first_number=other,
                first=reference.name,
                second_number=number,
                second=questioned.name,
            )


def _other_instruments(reference: LandSet, questioned: LandSet) -> Iterator[str]:
    """Warn of bullets that were not measured by the same instrument."""
    makers = [
        dict.fromkeys(instrument(made.scan) for made in each.lands.values()) for each in (reference, questioned)
    ]
    if makers[0].keys() != makers[1].keys():
        shown = "; ".join(
            f"{', '.join(own)} ({each.name})" for own, each in zip(makers, (reference, questioned), strict=True)
        )
        yield Message(
            "the bullets were measured by different instruments, which can lower the agreement: {instruments}",
            instruments=shown,
        )
