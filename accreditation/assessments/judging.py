"""What assessors do: judge, review, and make a finding, an action or a request for evidence out of a judgement."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.cycle import at_rest
from accreditation.assessments.profile import Checklist, Item, Profile
from accreditation.errors import CatalogueError, Problem
from accreditation.language import SOURCE, Words, offered, words
from accreditation.standards import Standard
from qms.actions.action import Action, Cost, Purpose
from qms.errors import RecordError, RefusedError, described
from qms.evidence.evidence import Evidence
from qms.findings.finding import ENDS, Finding, Origin, Statement
from qms.findings.grades import Grade
from qms.lifecycle import Signed
from qms.organisation import Unit
from qms.record import Attachment, Text

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store

GRADES = {"major": Grade.MAJOR, "minor": Grade.MINOR}
"""Grade of the finding that a result suggests; any other suggests an observation."""
NEED_WORDS = ("minor", "major", "not_applicable")
"""Results that have to say why."""
SAID = ("result", "documented", "implemented", "justification", "evidence")
"""Fields of a judgement that a person fills in."""


def asked(profile: Profile, own: Mapping[str, Standard] | None = None) -> Checklist:
    """Return what a profile asks, as `Checklist.of` does, and refuse one that asks nothing."""
    checklist = Checklist.of(profile, own)
    if not checklist.items:
        fix = "Name a standard whose clauses are loaded, or exclude less"
        raise CatalogueError(
            f"The profile {profile.name!r} cannot be used", [Problem("profile", "it asks nothing", fix)]
        )
    return checklist


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
        If the profile does not fit the standards, or asks nothing.
    """
    asked(profile, own)
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
    judgements = {key: carried_as_is(before, key) for key in before.judgements if carry and key in keys}
    said = {"follows": before.id, "judgements": judgements, **fields}
    return begin(change, before.unit, profile, title=title, lead=lead, own=known, **said)


def carried_as_is(before: Assessment, key: str) -> Judgement:
    """Return a judgement of an assessment as the next one begins with it: by the same assessor, not reviewed."""
    return before.judgement(key).model_copy(update={"reviewed": None, "carried_from": f"{before.id}/{key}"})


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

    Another result needs words of its own; those of the one before go. A record is cited once, as it was seen last.
    Whoever judges is in the team from then on.

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
    _check_at_work(assessment)
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
    if written == assessment.judgements:
        return assessment
    return change.save(assessment.revised(judgements=written, team=assessment.team_with(change.by)))


def review(change: Change, assessment: Assessment, keys: Iterable[str], *, checklist: Checklist) -> Assessment:
    """Say that somebody else looked at judgements and agrees.

    Raises
    ------
    UnknownError
        If there is no such requirement.
    RefusedError
        If a judgement is the reviewer's own, or not made.
    """
    _check_at_work(assessment)
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
    another: bool = False,
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
        What is missing; the justification of a nonconformity if left out.
    evidence : Text, optional
        What was seen.
    owner : str, optional
        Id of the person who has to answer.
    another : bool
        Whether to raise it although a finding of the judgement is open.

    Raises
    ------
    RecordError
        If nothing says what is missing, or a finding of the judgement is open.
    RefusedError
        If the assessment is not at work.
    """
    item, judgement = _at_work(assessment, checklist, name)
    missing = gap or (judgement.justification if judgement.is_gap else None)
    if missing is None:
        raise RecordError(
            f"Nothing says what is missing at {item}, which is judged {judgement.result}. Give the gap (--title), "
            "or judge it minor or major with a justification first."
        )
    raised = [change.get(Finding, each) for each in judgement.findings]
    held = [each for each in raised if each.status not in ENDS]
    if held and not another:
        raise RecordError(
            f"{held[0].ref} of {item} is open ({held[0].status}). Go on with it, or say --another to raise one "
            "more."
        )
    asked = item.clause.asks or item.clause.title
    finding = change.add(
        Finding(
            unit=assessment.unit,
            grade=grade or GRADES.get(judgement.result, Grade.OBSERVATION),
            requirements=(item.requirement,),
            statement=Statement(
                gap=missing, requirement=_worded(change, assessment, lambda say: say(asked)), evidence=evidence
            ),
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
    hints = item.clause.evidence or (item.clause.title,)
    asked = title or _worded(change, assessment, lambda say: "; ".join(map(say, hints)))
    evidence = change.add(Evidence(unit=assessment.unit, type="record", title=asked, owner=owner, due=due))
    return _tie(change, assessment, item.key, "requests", evidence.id), evidence


def _keep(change: Change, standard: Standard) -> Attachment:
    content = standard.model_dump_json(by_alias=True).encode()
    return change.store.files.keep_stream(io.BytesIO(content), f"{standard.key}.json")


def _made(item: Item, before: Judgement, said: Mapping[str, Any]) -> Judgement:
    fields = {name: getattr(before, name) for name in Judgement.model_fields}
    result = said.get("result", before.result)
    if result != before.result and before.justification and "justification" not in said:
        if result in NEED_WORDS:
            raise RecordError(
                f"{item} was judged {before.result}, and the words for that do not say why it is {result}. "
                "Say why (--because)."
            )
        fields["justification"] = None
    try:
        after = Judgement.model_validate({**fields, **said})
    except ValidationError as error:
        raise RecordError(f"{item}: {described(error)}") from error
    return after.model_copy(update={"evidence": tuple({each.target: each for each in after.evidence}.values())})


def _at_work(assessment: Assessment, checklist: Checklist, name: str) -> tuple[Item, Judgement]:
    _check_at_work(assessment)
    item = checklist.item(name)
    return item, assessment.judgement(item.key)


def _check_at_work(assessment: Assessment) -> None:
    reasons = tuple(at_rest(assessment))
    if reasons:
        raise RefusedError(f"{assessment.ref} cannot be changed like this", reasons)


def _worded(change: Change, assessment: Assessment, said: Callable[[Words], str]) -> Text:
    """Return what is said in English and, where it is offered, in the language of the unit."""
    tags = dict.fromkeys((SOURCE, change.get(Unit, assessment.unit).language))
    return Text.model_validate({tag: said(words(tag)) for tag in tags if tag in offered()})


def _tie(change: Change, assessment: Assessment, key: str, name: str, record: str) -> Assessment:
    judgement = assessment.judgement(key)
    tied = judgement.model_copy(update={name: (*getattr(judgement, name), record)})
    return change.save(assessment.with_judgement(key, tied))
