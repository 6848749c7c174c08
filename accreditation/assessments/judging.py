"""What assessors do: judge, review, and make a finding, an action or a request for evidence out of a judgement."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.cycle import AT_WORK
from accreditation.assessments.profile import Checklist, Item, Profile
from accreditation.standards import Standard
from qms.actions.action import Action, Cost, Purpose
from qms.errors import RecordError, RefusedError, described
from qms.evidence import Evidence
from qms.findings.finding import Finding, Origin, Statement
from qms.findings.grades import Grade
from qms.lifecycle import Reason, Signed
from qms.record import Attachment, Text

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store

GRADES = {"major": Grade.MAJOR, "minor": Grade.MINOR}
"""Grade of the finding that a result suggests; any other suggests an observation."""
SAID = ("result", "documented", "implemented", "justification", "evidence")
"""Fields of a judgement that a person fills in."""


def begin(
    change: Change,
    unit: str,
    profile: Profile,
    *,
    title: Text,
    lead: str,
    own: Mapping[str, Standard] | None = None,
    **fields: Any,
) -> Assessment:
    """Open an assessment and start it.

    Parameters
    ----------
    change : Change
    unit : str
        Code of the unit.
    profile : Profile
    title : Text
    lead : str
        Id of the person who answers for it.
    own : mapping of str to Standard, optional
        The user's own standards that the profile names; they are kept with the records.
    **fields
        Further fields of `Assessment`.

    Raises
    ------
    UnknownError, CatalogueError
        If the profile does not fit the standards.
    """
    Checklist.of(profile, own)
    kept = {key: _keep(change, each) for key, each in (own or {}).items() if key in profile.standards}
    profile = profile.model_copy(update={"catalogues": {**profile.catalogues, **kept}})
    assessment = change.add(Assessment(unit=unit, profile=profile, title=title, lead=lead, **fields))
    return change.advance(assessment, "start")


def begin_after(
    change: Change,
    before: Assessment,
    *,
    title: Text,
    lead: str,
    profile: Profile | None = None,
    carry: bool = False,
    own: Mapping[str, Standard] | None = None,
    **fields: Any,
) -> Assessment:
    """Open the assessment that follows another one of the unit, so that the two can be compared.

    Parameters
    ----------
    change : Change
    before : Assessment
    title : Text
    lead : str
        Id of the person who answers for it.
    profile : Profile, optional
        That of the assessment before if left out.
    carry : bool
        Begin with what was judged there, where the same is asked still. Each judgement keeps its assessor and what
        came out of it; nobody has reviewed it yet.
    own : mapping of str to Standard, optional
        The user's own standards that another profile names.
    **fields
        Further fields of `Assessment`.

    Raises
    ------
    UnknownError, CatalogueError
        If the profile does not fit the standards.
    """
    known = {**own_standards(change.store, before), **(own or {})}
    profile = profile or before.profile
    keys = Checklist.of(profile, known).by_key.keys()
    judgements = {
        key: each.model_copy(update={"reviewed": None, "carried_from": f"{before.id}/{key}"})
        for key, each in before.judgements.items()
        if carry and key in keys
    }
    said = {"follows": before.id, "judgements": judgements, **fields}
    return begin(change, before.unit, profile, title=title, lead=lead, own=known, **said)


def own_standards(store: Store, assessment: Assessment) -> dict[str, Standard]:
    """Return the user's own standards by key, as they were kept with an assessment."""
    return {
        key: Standard.model_validate_json(store.files.path(each).read_bytes())
        for key, each in assessment.profile.catalogues.items()
    }


def checklist_of(store: Store, assessment: Assessment) -> Checklist:
    """Return the checklist of an assessment, with the user's own standards as they were kept with it."""
    return Checklist.of(assessment.profile, own_standards(store, assessment))


def judge(
    change: Change, assessment: Assessment, judgements: Mapping[str, Mapping[str, Any]], *, checklist: Checklist
) -> Assessment:
    """Judge requirements: what is given of each takes the place of what was said before.

    Parameters
    ----------
    change : Change
    assessment : Assessment
        While it is running or in review.
    judgements : mapping of str to mapping
        By key or clause, any of the fields ``result``, ``documented``, ``implemented``, ``justification`` and
        ``evidence`` (`qms.record.Link`, made by ``change.link``).
    checklist : Checklist
        That of the assessment (`checklist_of`).

    Raises
    ------
    UnknownError
        If there is no such requirement in the checklist.
    RecordError, RefusedError
        If a judgement cannot be kept like this.

    Examples
    --------
    ::

        judge(change, assessment, {"7.2.1": {"result": "conforms", "documented": 4}}, checklist=checklist)
    """
    written = dict(assessment.judgements)
    signed = Signed(by=change.by, at=change.at)
    for name, said in judgements.items():
        item = checklist.item(name)
        odd = sorted(said.keys() - set(SAID))
        if odd:
            raise RecordError(f"{item}: a judgement has no {', '.join(odd)}; it has {', '.join(SAID)}.")
        before = assessment.judgement(item.key)
        after = _made(item, before, said)
        if after != before or before.stale:
            kept = {"judged": signed, "reviewed": None, "seen": item.clause.sha256, "stale": False}
            written[item.key] = after.model_copy(update=kept)
    return change.save(assessment.revised(judgements=written))


def review(change: Change, assessment: Assessment, keys: Iterable[str], *, checklist: Checklist) -> Assessment:
    """Say that somebody else looked at judgements and agrees.

    Raises
    ------
    UnknownError
        If there is no such requirement.
    RefusedError
        If a judgement is the reviewer's own, or not made.
    """
    written = dict(assessment.judgements)
    for name in keys:
        key = checklist.item(name).key
        signed = Signed(by=change.by, at=change.at)
        written[key] = assessment.judgement(key).model_copy(update={"reviewed": signed})
    return change.save(assessment.revised(judgements=written))


def raise_finding(
    change: Change,
    assessment: Assessment,
    name: str,
    *,
    checklist: Checklist,
    grade: Grade | None = None,
    gap: Text | None = None,
    evidence: Text | None = None,
    owner: str | None = None,
) -> tuple[Assessment, Finding]:
    """Make a finding out of a judgement, and tie the two in one change.

    Parameters
    ----------
    change : Change
    assessment : Assessment
    name : str
        Key or clause of the requirement.
    checklist : Checklist
    grade : Grade, optional
        That of the result if left out; an observation where it is none.
    gap : Text, optional
        The justification of the judgement if left out.
    evidence : Text, optional
        What was seen.
    owner : str, optional
        Id of the person who has to answer.

    Raises
    ------
    RecordError
        If nothing says what is missing.
    RefusedError
        If the assessment is not at work.
    """
    item, judgement = _at_work(assessment, checklist, name)
    missing, asked = gap or judgement.justification, item.clause.asks or item.clause.title
    if missing is None:
        raise RecordError(f"Nothing says what is missing at {item}. Give the gap, or justify the judgement first.")
    finding = change.add(
        Finding(
            unit=assessment.unit,
            grade=grade or GRADES.get(judgement.result, Grade.OBSERVATION),
            requirements=(item.requirement,),
            statement=Statement(gap=missing, requirement=Text.of(asked, "en"), evidence=evidence),
            evidence=judgement.evidence,
            origin=Origin(kind="assessment", record=assessment.id, line=item.clause.id),
            raised_by=change.by,
            raised_on=change.at.date(),
            owner=owner,
        )
    )
    return _tie(change, assessment, item.key, "findings", finding.id), finding


def plan_action(
    change: Change,
    assessment: Assessment,
    name: str,
    *,
    checklist: Checklist,
    title: Text,
    owner: str,
    due: date,
    purpose: Purpose = "improvement",
    detail: Text | None = None,
    start: date | None = None,
    cost: Cost | None = None,
    depends_on: Iterable[str] = (),
) -> tuple[Assessment, Action]:
    """Plan an action for a judgement, and tie the two in one change; see `qms.actions.action.Action`."""
    item, _ = _at_work(assessment, checklist, name)
    action = change.add(
        Action(
            unit=assessment.unit,
            purpose=purpose,
            title=title,
            detail=detail,
            owner=owner,
            start=start,
            due=due,
            cost=cost,
            depends_on=tuple(depends_on),
        )
    )
    return _tie(change, assessment, item.key, "actions", action.id), action


def request_evidence(
    change: Change,
    assessment: Assessment,
    name: str,
    *,
    checklist: Checklist,
    owner: str,
    due: date,
    title: Text | None = None,
) -> tuple[Assessment, Evidence]:
    """Ask somebody for evidence for a judgement, and tie the two in one change.

    Parameters
    ----------
    title : Text, optional
        What is asked for; the evidence that is typical for the requirement if left out.
    """
    item, _ = _at_work(assessment, checklist, name)
    asked = title or Text.of("; ".join(item.clause.evidence) or item.clause.title, "en")
    evidence = change.add(Evidence(unit=assessment.unit, type="record", title=asked, owner=owner, due=due))
    return _tie(change, assessment, item.key, "requests", evidence.id), evidence


def _keep(change: Change, standard: Standard) -> Attachment:
    content = standard.model_dump_json(by_alias=True).encode()
    return change.store.files.keep_stream(io.BytesIO(content), f"{standard.key}.json")


def _made(item: Item, before: Judgement, said: Mapping[str, Any]) -> Judgement:
    fields = {name: getattr(before, name) for name in Judgement.model_fields}
    try:
        return Judgement.model_validate({**fields, **said})
    except ValidationError as error:
        raise RecordError(f"{item}: {described(error)}") from error


def _at_work(assessment: Assessment, checklist: Checklist, name: str) -> tuple[Item, Judgement]:
    item = checklist.item(name)
    if assessment.status not in AT_WORK:
        values = {"state": assessment.status, "states": " or ".join(AT_WORK)}
        why = Reason("not-at-work", "the assessment is {state}; it has to be {states}", values)
        raise RefusedError(f"{assessment.ref}: nothing can be tied to {item}", [why])
    return item, assessment.judgement(item.key)


def _tie(change: Change, assessment: Assessment, key: str, name: str, record: str) -> Assessment:
    judgement = assessment.judgement(key)
    tied = judgement.model_copy(update={name: (*getattr(judgement, name), record)})
    return change.save(assessment.with_judgement(key, tied))
