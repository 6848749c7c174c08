"""The type of independence that a unit claims for each of its activities, said while the assessment is running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import own_standards
from accreditation.assessments.profile import Checklist, IndependenceClaim, activity_key
from qms.errors import RecordError, described

if TYPE_CHECKING:
    from qms.change import Change


def claim(change: Change, assessment: Assessment, types: Mapping[str, str]) -> Assessment:
    """Claim a type of independence for activities; nothing else of a profile changes once the assessment began.

    Parameters
    ----------
    change : Change
        Its ``why`` may not be empty.
    assessment : Assessment
        While it is running.
    types : mapping of str to str
        By activity, such as ``{"Scene examination": "C"}``; an empty type takes the claim away.

    Raises
    ------
    CatalogueError
        If the editions that are assessed do not know a type.
    RecordError
        If an activity or a type cannot be kept like this, or no reason is given.

    Notes
    -----
    ISO/IEC 17020:2012, 4.1.6.
    """
    claims = {activity_key(each.activity): each for each in assessment.profile.independence}
    for activity, name in types.items():
        claims.pop(activity_key(activity), None)
        if name:
            claims[activity_key(activity)] = _claim(activity, name)
    profile = assessment.profile.model_copy(update={"independence": tuple(claims.values())})
    Checklist.of(profile, own_standards(change.store, assessment))
    return change.save(assessment.revised(profile=profile))


def _claim(activity: str, name: str) -> IndependenceClaim:
    try:
        return IndependenceClaim(activity=activity, type=name)
    except ValidationError as error:
        raise RecordError(described(error)) from error
